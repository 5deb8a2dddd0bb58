//! What a poll and a key cost at 5,000 and 100,000 open incidents: reading, mirroring, grouping, publishing, arranging, drawing.

use std::collections::HashMap;
use std::sync::Arc;

use bpmtop::app::{App, Message, Settings};
use bpmtop::engine::{Client, ClientOptions, IncidentFilter, IncidentQuery, Page};
use bpmtop::mirror::{IncidentMirror, IncidentStep, PAGE_SIZE};
use bpmtop::model::grouping::{KnownIncident, group};
use bpmtop::model::incident::Incident;
use bpmtop::model::section::{Moment, Section};
use bpmtop::model::snapshot::{Definitions, EngineIdentity, IncidentSet, KnownNames, Link, Snapshot};
use bpmtop::poll::picture::Picture;
use bpmtop::theme::{Theme, UNICODE};
use bpmtop::ui::look::Look;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use divan::{Bencher, black_box};
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const SIZES: [usize; 2] = [5_000, 100_000];
const SCREEN: (u16, u16) = (200, 60);

fn main() {
    divan::main();
}

/// Two thirds of these block others; the roots stand at forty activities and fail in eight ways, most of them at the first.
fn incident(number: usize) -> Incident {
    let root = number - number % 3;
    let is_root = root == number;
    let place = if number.is_multiple_of(2) { 0 } else { number % 40 };
    Incident {
        id: uuid(0, number).as_str().into(),
        kind: "failedJob".into(),
        process_definition: Some(format!("process-{}:{}:{}", place % 12, 1 + number % 3, uuid(5, place % 12)).as_str().into()),
        process_instance: Some(uuid(1, number).as_str().into()),
        execution: Some(uuid(2, number).as_str().into()),
        activity: Some(format!("activity-{place}").as_str().into()),
        failed_activity: None,
        cause: Some(uuid(0, root).as_str().into()),
        root_cause: Some(uuid(0, root).as_str().into()),
        configuration: is_root.then(|| uuid(3, number).as_str().into()),
        message: is_root.then(|| message(number).into()),
        tenant: None,
        job_definition: is_root.then(|| uuid(4, place).as_str().into()),
        annotation: None,
        created: Timestamp::from_millisecond(1_760_000_000_000 + 700 * i64::try_from(number).expect("small")).expect("a moment"),
    }
}

/// One that fails where and how all of its kind do.
fn alike(number: usize) -> Incident {
    let id = uuid(0, number);
    let incident = incident(0);
    let created = incident.created + jiff::SignedDuration::from_millis(700 * i64::try_from(number).expect("small"));
    Incident {
        process_instance: Some(uuid(1, number).as_str().into()),
        configuration: Some(uuid(3, number).as_str().into()),
        message: Some(message(2 * number).into()),
        root_cause: Some(id.as_str().into()),
        id: id.as_str().into(),
        created,
        ..incident
    }
}

fn message(number: usize) -> String {
    let way = if number.is_multiple_of(2) { 0 } else { number % 8 };
    format!("Kind {way}: POST https://payments.example/v2/charges/ch_{number} for order {} failed: read timed out after 30000 ms", uuid(6, number))
}

fn uuid(kind: usize, number: usize) -> String {
    format!("{kind:08x}-0000-11f1-b799-{number:012x}")
}

fn known(count: usize, incident: fn(usize) -> Incident) -> HashMap<bpmtop::model::ids::IncidentId, Arc<KnownIncident>> {
    let mut signatures = HashMap::new();
    let mut known = HashMap::new();
    for number in 0..count {
        let incident = incident(number);
        let text = incident.message.as_ref().map_or("", |message| message.as_wire()).to_owned();
        let signature = signatures.entry(text.clone()).or_insert_with(|| bpmtop::triage::signature(&text)).clone();
        known.insert(incident.id.clone(), Arc::new(KnownIncident { incident, signature }));
    }
    known
}

fn nothing_named() -> (Definitions, HashMap<bpmtop::model::ids::ProcessDefinitionId, Arc<bpmtop::model::diagram::Diagram>>) {
    (Definitions::default(), HashMap::new())
}

fn snapshot(incidents: &HashMap<bpmtop::model::ids::IncidentId, Arc<KnownIncident>>, now: Moment) -> Snapshot {
    let (definitions, activities) = nothing_named();
    let mut snapshot = Snapshot::empty(EngineIdentity::default(), now);
    snapshot.link = Link::Live;
    snapshot.groups = Arc::new(group(incidents.values(), &KnownNames { definitions: Some(&definitions), activities: &activities }));
    let set = IncidentSet::whole(incidents.clone());
    snapshot.incidents = Section { data: Some(Arc::new(set)), taken: Some(now), problem: None };
    snapshot
}

/// A poll without news: the groups are the same, all else is made anew.
fn next(snapshot: &Arc<Snapshot>) -> Arc<Snapshot> {
    Arc::new(Snapshot { sequence: snapshot.sequence + 1, ..Snapshot::clone(snapshot) })
}

fn press(app: &mut App, code: KeyCode, now: Moment) {
    black_box(app.update(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)), now));
}

struct Desk {
    app: App,
    terminal: Terminal<TestBackend>,
    look: Look,
    now: Moment,
    /// The same incidents, and one incident more.
    readings: [Arc<Snapshot>; 2],
}

impl Desk {
    /// An operator in a list of all these incidents: they have one place and one signature.
    fn open(count: usize) -> Self {
        let now = Moment::now();
        let mut incidents = known(count, alike);
        let first = Arc::new(snapshot(&incidents, now));
        incidents.extend(known(count + 1, alike).into_iter().filter(|(id, _)| !first.incidents.get().is_some_and(|set| set.incidents.contains_key(id))));
        let second = Arc::new(snapshot(&incidents, now));
        let mut app = App::new(Settings::default(), EngineIdentity::default(), now);
        app.update(Message::Resize(SCREEN.0, SCREEN.1), now);
        app.update(Message::Snapshot(first.clone()), now);
        for key in [KeyCode::Down, KeyCode::Enter, KeyCode::Enter] {
            press(&mut app, key, now);
        }
        assert_eq!(app.incidents.incidents.len(), count);
        let terminal = Terminal::new(TestBackend::new(SCREEN.0, SCREEN.1)).expect("a terminal");
        Self { app, terminal, look: Look { theme: Theme::default(), symbols: &UNICODE }, now, readings: [first, second] }
    }

    fn draw(&mut self) {
        self.terminal.draw(|frame| bpmtop::ui::draw(&self.app, &self.look, frame)).expect("a frame");
    }
}

#[divan::bench(args = SIZES)]
fn grouping(bencher: Bencher<'_, '_>, count: usize) {
    let (incidents, (definitions, activities)) = (known(count, incident), nothing_named());
    bencher.bench_local(|| group(black_box(incidents.values()), &KnownNames { definitions: Some(&definitions), activities: &activities }));
}

/// All pages of a first reading: signatures are made here too.
#[divan::bench(args = SIZES, sample_count = 10)]
fn mirror_first_reading(bencher: Bencher<'_, '_>, count: usize) {
    let rows: Vec<Incident> = (0..count).map(incident).collect();
    bencher.with_inputs(|| rows.clone()).bench_local_values(|rows| read_all(&mut IncidentMirror::default(), rows));
}

/// The same once more, where nothing has changed.
#[divan::bench(args = SIZES, sample_count = 10)]
fn mirror_full_reading_again(bencher: Bencher<'_, '_>, count: usize) {
    let rows: Vec<Incident> = (0..count).map(incident).collect();
    let mut mirror = IncidentMirror::default();
    read_all(&mut mirror, rows.clone());
    bencher.with_inputs(|| rows.clone()).bench_local_values(|rows| {
        mirror.distrust();
        read_all(&mut mirror, rows);
    });
}

/// A poll that finds one incident more, while a published picture still holds the old rows.
#[divan::bench(args = SIZES)]
fn mirror_one_more(bencher: Bencher<'_, '_>, count: usize) {
    let mut mirror = IncidentMirror::default();
    read_all(&mut mirror, (0..count).map(incident).collect());
    let mut number = count;
    bencher.bench_local(|| {
        number += 1;
        let published = Arc::clone(mirror.rows());
        mirror.apply_count(published.len() as u64 + 1);
        mirror.apply_newer(vec![incident(number * 3)]);
        published
    });
}

fn read_all(mirror: &mut IncidentMirror, rows: Vec<Incident>) {
    mirror.apply_count(rows.len() as u64);
    let mut rows = rows.into_iter().peekable();
    while let IncidentStep::Page { .. } = mirror.step() {
        mirror.apply_page(rows.by_ref().take(PAGE_SIZE).collect());
    }
    assert!(mirror.complete());
}

#[divan::bench]
fn picture_to_snapshot(bencher: Bencher<'_, '_>) {
    let now = Moment::now();
    let mut picture = Picture::new(EngineIdentity::default(), 0.02, 7, now);
    bencher.bench_local(|| picture.snapshot(0, now));
}

/// A picture arrives in which the incidents are the same.
#[divan::bench(args = SIZES)]
fn snapshot_without_news(bencher: Bencher<'_, '_>, count: usize) {
    let mut desk = Desk::open(count);
    let mut newest = desk.readings[0].clone();
    bencher.bench_local(|| {
        newest = next(&newest);
        desk.app.update(Message::Snapshot(newest.clone()), desk.now);
        desk.draw();
    });
}

/// A picture arrives with one incident more or less in the list on the screen.
#[divan::bench(args = SIZES)]
fn snapshot_with_news(bencher: Bencher<'_, '_>, count: usize) {
    let mut desk = Desk::open(count);
    let mut turn = 0;
    bencher.bench_local(|| {
        turn += 1;
        // Past the time the order holds after a key, so that rows are arranged anew.
        let later = desk.now.after(std::time::Duration::from_secs(60));
        desk.app.update(Message::Snapshot(desk.readings[turn % 2].clone()), later);
        desk.draw();
    });
}

/// A key, the frame it causes, and a picture without news before it.
#[divan::bench(args = SIZES)]
fn key_to_frame_while_pictures_arrive(bencher: Bencher<'_, '_>, count: usize) {
    let mut desk = Desk::open(count);
    let mut newest = desk.readings[0].clone();
    bencher.bench_local(|| {
        newest = next(&newest);
        desk.app.update(Message::Snapshot(newest.clone()), desk.now);
        press(&mut desk.app, KeyCode::Down, desk.now);
        desk.draw();
    });
}

#[divan::bench(args = SIZES)]
fn key_to_frame(bencher: Bencher<'_, '_>, count: usize) {
    let mut desk = Desk::open(count);
    bencher.bench_local(|| {
        press(&mut desk.app, KeyCode::Down, desk.now);
        desk.draw();
    });
}

/// A letter typed into the filter of the list.
#[divan::bench(args = SIZES)]
fn filter_key_to_frame(bencher: Bencher<'_, '_>, count: usize) {
    let mut desk = Desk::open(count);
    press(&mut desk.app, KeyCode::Char('/'), desk.now);
    press(&mut desk.app, KeyCode::Char('7'), desk.now);
    let mut turn = 0;
    bencher.bench_local(|| {
        turn += 1;
        press(&mut desk.app, if turn % 2 == 0 { KeyCode::Backspace } else { KeyCode::Char('1') }, desk.now);
        desk.draw();
    });
}

/// One page off the wire: transfer over the loopback, parsing, conversion.
#[divan::bench(sample_count = 10)]
fn page_of_5000_off_the_wire(bencher: Bencher<'_, '_>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let body: Vec<String> = (0..5_000).map(|number| wire_row(&incident(number))).collect();
    let body = format!("[{}]", body.join(","));
    let address = serve(body);
    let client = Client::new(ClientOptions::new(address.parse().expect("an address"))).expect("a client");
    let query = IncidentQuery { filter: IncidentFilter::default(), sort: None, page: Page::first(5_000) };
    bencher.bench_local(|| runtime.block_on(client.incidents(&query)).expect("a page").data.len());
}

fn wire_row(row: &Incident) -> String {
    let text = |text: Option<&str>| text.map_or_else(|| "null".to_owned(), |text| format!("\"{text}\""));
    let created = row.created.strftime("%Y-%m-%dT%H:%M:%S%.3f%z");
    format!(
        r#"{{"id":"{}","processDefinitionId":{},"processInstanceId":{},"executionId":{},"incidentTimestamp":"{created}","incidentType":"failedJob",
        "activityId":{},"failedActivityId":null,"causeIncidentId":{},"rootCauseIncidentId":{},"configuration":{},"incidentMessage":{},"tenantId":null,
        "jobDefinitionId":{},"annotation":null}}"#,
        row.id.as_wire(),
        text(row.process_definition.as_ref().map(|id| id.as_wire())),
        text(row.process_instance.as_ref().map(|id| id.as_wire())),
        text(row.execution.as_ref().map(|id| id.as_wire())),
        text(row.activity.as_ref().map(|id| id.as_wire())),
        text(row.cause.as_ref().map(|id| id.as_wire())),
        text(row.root_cause.as_ref().map(|id| id.as_wire())),
        text(row.configuration.as_ref().map(|text| text.as_wire())),
        text(row.message.as_ref().map(|text| text.as_wire())),
        text(row.job_definition.as_ref().map(|id| id.as_wire())),
    )
}

/// Serves one answer over and over on a thread of its own; returns its address.
fn serve(body: String) -> String {
    use std::io::{BufRead as _, BufReader, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}/engine-rest", listener.local_addr().expect("an address"));
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let mut lines = BufReader::new(&socket).lines();
            while let Some(Ok(line)) = lines.next() {
                if line.is_empty() && (&socket).write_all(answer.as_bytes()).is_err() {
                    break;
                }
            }
        }
    });
    address
}
