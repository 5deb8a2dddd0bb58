//! A bulk under a screen whose every frame panics, and whose every second message does: the action goes on, and the journal is right.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bpmtop::action::desk::Acted;
use bpmtop::action::ledger::{Ending, Ledger, Stage};
use bpmtop::action::outcome::{Outcome, Proof};
use bpmtop::action::plan::Pace;
use bpmtop::journal::{Entry, How};
use bpmtop::runtime::{self, Directive, Finish, Input, Moment, Options, Program, Screen};
use futures_util::stream;
use ratatui::backend::TestBackend;
use ratatui::{Frame, Terminal};
use tokio::sync::mpsc;

use crate::desk::{Desk, folder};
use crate::errand::{FAST, retry};
use crate::plant::{Fate, Plant, World};

/// Draws nothing without a panic, and panics at every second message after it took it in.
struct Broken {
    last: Rc<RefCell<Option<Arc<Ledger>>>>,
    taken: usize,
}

impl Program for Broken {
    type Fact = Acted;
    type Effect = ();

    fn handle(&mut self, _: Moment, input: Input<Acted>) -> Vec<Directive<()>> {
        let Input::Fact(Acted::Ledgers(ledgers)) = input else { return Vec::new() };
        *self.last.borrow_mut() = ledgers.last().cloned();
        if self.last.borrow().as_ref().is_some_and(|ledger| matches!(ledger.stage, Stage::Over(_))) {
            return vec![Directive::Quit(0)];
        }
        self.taken += 1;
        assert!(self.taken.is_multiple_of(2), "a message that cannot be handled");
        Vec::new()
    }

    fn draw(&mut self, frame: &mut Frame<'_>) {
        let beside = frame.area().bottom();
        frame.buffer_mut().set_string(0, beside, "below the screen", ratatui::style::Style::default());
    }
}

struct Tiny(Terminal<TestBackend>);

impl Screen for Tiny {
    fn draw(&mut self, paint: &mut dyn FnMut(&mut Frame<'_>)) -> io::Result<usize> {
        self.0.draw(|frame| paint(frame)).map_err(io::Error::other)?;
        let text: String = self.0.backend().buffer().content().iter().map(|cell| cell.symbol()).collect();
        assert!(text.starts_with("This could not be drawn"), "{text}");
        Ok(0)
    }

    fn copy(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    fn bell(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn leave(&mut self) {}

    fn enter(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn stop_process(&mut self) {}
}

#[tokio::test]
async fn frames_and_messages_that_panic_end_no_action() {
    let plant = Plant::start(World::with_jobs(12, Fate::Succeeds)).await;
    let folder = folder();
    let desk = Desk::open(&plant.server.url(), folder.path());
    desk.perform(&retry(&desk.url, 12, Pace { canary: 2, stop_at: 50, ..FAST }));
    let Desk { mut handle, journal, .. } = desk;
    let (facts, inbox) = runtime::inbox(64);
    tokio::spawn(async move {
        while let Some(told) = handle.told.recv().await {
            if facts.send(told).await.is_err() {
                return;
            }
        }
    });
    let last = Rc::new(RefCell::new(None));
    let mut broken = Broken { last: Rc::clone(&last), taken: 0 };
    let mut screen = Tiny(Terminal::new(TestBackend::new(40, 3)).expect("a test backend"));
    let (_notices, notices) = mpsc::unbounded_channel();
    let options = Options::default();
    let looped = runtime::drive(&mut broken, &mut screen, stream::pending(), inbox, notices, |()| {}, &options);
    let finish = tokio::time::timeout(Duration::from_secs(30), looped).await.expect("in time").expect("a screen");
    assert_eq!(finish, Finish::Quit(0));
    assert!(broken.taken > 1, "{} messages", broken.taken);
    let ledger = last.borrow().clone().expect("a ledger");
    assert_eq!(ledger.stage, Stage::Over(Ending::Done));
    assert!(ledger.outcomes.iter().all(|outcome| *outcome == Outcome::Succeeded(Proof::JobLog)), "{:?}", ledger.outcomes);
    assert_eq!(plant.changes(), 12);
    let records: Vec<Entry> = crate::desk::entries(&journal);
    assert!(matches!(records.last(), Some(Entry::End(end)) if end.how == How::Done && end.unknown.is_empty()), "{:?}", records.last());
    assert!(journal.archive().verify(None).expect("a journal").is_whole());
}
