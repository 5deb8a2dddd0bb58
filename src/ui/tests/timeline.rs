//! Screens of the timeline.

use super::*;
use crate::model::history::HistoryLevel;
use crate::model::inquiry::{Finding, Inquiry};
use crate::model::timeline::{PastRows, example as lively};

#[test]
fn the_timeline_tells_who_did_what_between_failures_and_where_nothing_happened() {
    pin("timeline", &[Down, Char('d'), Char('T'), Down, Down], lively::answer_all);
    pin("timeline_trouble", &[Down, Char('d'), Char('T'), Char('o'), Char('s')], lively::answer_all);
}

#[test]
fn a_timeline_without_a_full_history_names_what_is_hidden() {
    pin("timeline_hidden", &[Down, Char('d'), Char('T')], |snapshot, now| {
        lively::answer_all(snapshot, now);
        let hidden = lively::parts(now).into_iter().filter_map(|(part, rows)| {
            let nothing = match rows {
                PastRows::Activities(_) => return None,
                PastRows::Jobs(_) => PastRows::Jobs(Vec::new()),
                PastRows::Operations(_) => PastRows::Operations(Vec::new()),
                PastRows::Variables(_) => PastRows::Variables(Vec::new()),
                PastRows::Incidents(_) => PastRows::Incidents(Vec::new()),
            };
            Some(lively::page(part, 0, nothing, false))
        });
        lively::answer(snapshot, hidden, now);
        snapshot.history = HistoryLevel::BelowFull;
    });
}

#[test]
fn a_timeline_that_is_not_complete_says_from_where_on() {
    pin("timeline_older", &[Down, Char('d'), Char('T'), Char('G')], |snapshot, now| {
        lively::answer_all(snapshot, now);
        let parts = lively::parts(now).into_iter().map(|(part, rows)| lively::page(part, 0, rows, part == crate::model::timeline::Part::Jobs));
        lively::answer(snapshot, parts, now);
    });
}

#[test]
fn the_stack_trace_of_one_failure_is_a_page() {
    pin("timeline_trace", &[Down, Char('d'), Char('T'), Down, Down, Enter], |snapshot, now| {
        lively::answer_all(snapshot, now);
        let trace = "java.lang.IllegalStateException: Read timed out\n\tat com.acme.payment.CardGateway.charge(CardGateway.java:42)\n".repeat(9);
        let found = Finding::FailureTrace(Some((trace.as_str().into(), Some(2 << 20))));
        lively::answer(snapshot, [(Inquiry::FailureTrace("log-5".into()), found)], now);
    });
}

#[test]
fn a_timeline_fits_any_size() {
    for (width, height) in [(1, 1), (3, 2), (10, 5), (20, 8), (40, 10), (300, 100)] {
        let now = example::noon();
        let mut snapshot = example::snapshot(now);
        lively::answer_all(&mut snapshot, now);
        let mut app = app(snapshot, now, (width, height));
        press(&mut app, now, &[Down, Char('d'), Char('T'), Down, Enter]);
        screen(&app, &look(&UNICODE));
    }
}
