//! What a key and a picture cost while a tree is open whose topmost instance called 10,000 others, as many of them read in as one can, at
//! 100,000 open incidents.

use std::collections::HashMap;
use std::sync::Arc;

use bpmtop::app::pages::Page;
use bpmtop::app::{App, Message, Settings};
use bpmtop::model::call_tree::{NodeKey, Place};
use bpmtop::model::grouping::{KnownIncident, KnownIncident as Known, group};
use bpmtop::model::ids::IncidentId;
use bpmtop::model::incident::Incident;
use bpmtop::model::incident_index::IncidentIndex;
use bpmtop::model::inquiry::{CALLED_PAGE, Called, CalledPage, Finding, Inquiry, Standing, Which};
use bpmtop::model::section::{Moment, Section};
use bpmtop::model::snapshot::{Definitions, EngineIdentity, IncidentSet, KnownNames, Link, Snapshot};
use bpmtop::theme::{Theme, UNICODE};
use bpmtop::ui::look::Look;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use divan::{Bencher, black_box};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const CALLED: usize = 10_000;
/// As many as a tree reads in.
const READ: usize = (bpmtop::model::call_tree::MOST_PAGES * CALLED_PAGE) as usize;
const FAILING: usize = 1_000;
const INCIDENTS: usize = 100_000;

fn main() {
    divan::main();
}

fn uuid(kind: usize, number: usize) -> String {
    format!("{kind:08x}-0000-11f1-b799-{number:012x}")
}

fn incident(id: String, instance: String, root: Option<String>, activity: &str) -> Incident {
    let cause = root.clone().unwrap_or_else(|| id.clone());
    Incident {
        kind: "failedJob".into(),
        process_definition: Some(if root.is_some() { "campaign:1:x".into() } else { "letter:1:x".into() }),
        process_instance: Some(instance.as_str().into()),
        execution: None,
        activity: Some(activity.into()),
        failed_activity: None,
        cause: Some(cause.as_str().into()),
        root_cause: Some(cause.as_str().into()),
        configuration: None,
        message: root.is_none().then(|| "connection refused".into()),
        tenant: None,
        job_definition: None,
        annotation: None,
        created: "2026-03-01T12:00:00Z".parse().expect("a moment"),
        id: id.as_str().into(),
    }
}

/// Incidents of the campaign's failing letters and of the campaign, and so many others that have nothing to do with it.
fn incidents() -> HashMap<IncidentId, Arc<Known>> {
    let signature = bpmtop::triage::signature("connection refused");
    let of_letters = (0..FAILING).map(|number| incident(uuid(0, number), uuid(1, number), None, "print"));
    let of_campaign = (0..FAILING).map(|number| incident(uuid(2, number), "campaign".into(), Some(uuid(0, number)), "send"));
    let others = (CALLED..INCIDENTS - 2 * FAILING + CALLED).map(|number| incident(uuid(0, number), uuid(1, number), None, "other"));
    let known = |incident: Incident| (incident.id.clone(), Arc::new(KnownIncident { signature: signature.clone(), incident }));
    of_letters.chain(of_campaign).chain(others).map(known).collect()
}

fn letter(number: usize) -> Called {
    Called {
        id: uuid(1, number).as_str().into(),
        definition: "letter:1:x".into(),
        process_key: None,
        business_key: Some(format!("C-2026/{number}").as_str().into()),
        tenant: None,
        standing: Standing::Running,
        started: None,
        ended: None,
        called_at: Some("send".into()),
    }
}

fn page_of(numbers: std::ops::Range<usize>, of: usize) -> Section<Finding> {
    let more = numbers.end < of;
    let page = CalledPage { rows: numbers.map(letter).collect(), total: Some(of as u64), more, all_at: None, cases: Vec::new(), history: None, unread: None };
    Section { data: Some(Arc::new(Finding::Called(page))), taken: Some(Moment::now()), problem: None }
}

fn snapshot(incidents: HashMap<IncidentId, Arc<Known>>, now: Moment) -> Snapshot {
    let mut snapshot = Snapshot::empty(EngineIdentity::default(), now);
    snapshot.link = Link::Live;
    snapshot.groups = Arc::new(group(incidents.values(), &KnownNames { definitions: Some(&Definitions::default()), activities: &HashMap::new() }));
    let set = IncidentSet::whole(incidents);
    snapshot.incidents = Section { data: Some(Arc::new(set)), taken: Some(now), problem: None };
    let findings = Arc::make_mut(&mut snapshot.findings);
    for (which, of) in [(Which::Running, CALLED), (Which::Failing, FAILING)] {
        for (page, first) in (0..of).step_by(CALLED_PAGE as usize).enumerate() {
            let inquiry = Inquiry::Called("campaign".into(), which, u32::try_from(page).expect("few pages"));
            findings.insert(inquiry, page_of(first..(first + CALLED_PAGE as usize).min(of), of));
        }
    }
    snapshot
}

struct Desk {
    app: App,
    terminal: Terminal<TestBackend>,
    look: Look,
    now: Moment,
    /// The same incidents, and one incident less.
    readings: [Arc<Snapshot>; 2],
}

impl Desk {
    fn open() -> Self {
        let now = Moment::now();
        let mut all = incidents();
        let first = Arc::new(snapshot(all.clone(), now));
        all.remove(&uuid(0, INCIDENTS - 1).as_str().into());
        all.remove(&uuid(0, CALLED + 1).as_str().into());
        let second = Arc::new(snapshot(all, now));
        let mut app = App::new(Settings::default(), EngineIdentity::default(), now);
        app.update(Message::Resize(200, 60), now);
        app.update(Message::Snapshot(first.clone()), now);
        let known = first.incident(&uuid(2, 7).as_str().into()).expect("an incident of the campaign").clone();
        let target = bpmtop::model::call_tree::Target::Incident(known);
        let mut tree = bpmtop::app::pages::tree::TreePage::new(target, &first);
        for which in [Which::Running, Which::Failing] {
            tree.view.pages.insert(("campaign".into(), which), bpmtop::model::call_tree::MOST_PAGES - 1);
        }
        tree.view.opened.insert(NodeKey::Fold("campaign".into(), Place::Activity("send".into())));
        app.pages.push(Page::Tree(Box::new(tree)));
        // Rows are built anew only from what was read since.
        let read_again = Snapshot { findings: Arc::new(HashMap::clone(&first.findings)), ..Snapshot::clone(&first) };
        app.update(Message::Snapshot(Arc::new(read_again)), now);
        let rows = app.page().map(|page| if let Page::Tree(page) = page { page.tree.rows.len() } else { 0 });
        assert!(rows > Some(READ), "{rows:?} rows");
        let terminal = Terminal::new(TestBackend::new(200, 60)).expect("a terminal");
        Self { app, terminal, look: Look { theme: Theme::default(), symbols: &UNICODE }, now, readings: [first, second] }
    }

    fn draw(&mut self) {
        self.terminal.draw(|frame| bpmtop::ui::draw(&self.app, &self.look, frame)).expect("a frame");
    }

    fn press(&mut self, code: KeyCode) {
        black_box(self.app.update(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)), self.now));
    }
}

/// Down, over rows never seen before.
#[divan::bench]
fn key_to_frame(bencher: Bencher<'_, '_>) {
    let mut desk = Desk::open();
    bencher.bench_local(|| {
        desk.press(KeyCode::Down);
        desk.draw();
    });
}

/// A screenful down: sixty rows never seen before.
#[divan::bench]
fn page_down_to_frame(bencher: Bencher<'_, '_>) {
    let mut desk = Desk::open();
    bencher.bench_local(|| {
        desk.press(KeyCode::PageDown);
        desk.draw();
    });
}

/// A picture arrives in which nothing of the tree has changed, then a key.
#[divan::bench]
fn key_to_frame_while_pictures_arrive(bencher: Bencher<'_, '_>) {
    let mut desk = Desk::open();
    let mut newest = desk.readings[0].clone();
    bencher.bench_local(|| {
        newest = Arc::new(Snapshot { sequence: newest.sequence + 1, ..Snapshot::clone(&newest) });
        desk.app.update(Message::Snapshot(newest.clone()), desk.now);
        desk.press(KeyCode::Down);
        desk.draw();
    });
}

/// A picture arrives with other incidents.
#[divan::bench]
fn snapshot_with_news(bencher: Bencher<'_, '_>) {
    let mut desk = Desk::open();
    let mut turn = 0;
    bencher.bench_local(|| {
        turn += 1;
        desk.app.update(Message::Snapshot(desk.readings[turn % 2].clone()), desk.now);
        desk.draw();
    });
}

/// What the background task does so that the drawing thread need not: the index after one change among 100,000 incidents.
#[divan::bench]
fn index_after_one_change(bencher: Bencher<'_, '_>) {
    let all = incidents();
    let before = IncidentIndex::of(&all, &IncidentIndex::default());
    let mut fewer = all.clone();
    fewer.remove(&uuid(0, CALLED + 1).as_str().into());
    let less = IncidentIndex::of(&fewer, &before);
    let mut turn = 0;
    bencher.bench_local(|| {
        turn += 1;
        black_box(if turn % 2 == 0 { IncidentIndex::of(&fewer, &before) } else { IncidentIndex::of(&all, &less) })
    });
}

/// The same for the first reading.
#[divan::bench]
fn index_of_all(bencher: Bencher<'_, '_>) {
    let all = incidents();
    bencher.bench_local(|| black_box(IncidentIndex::of(&all, &IncidentIndex::default())));
}
