//! The background task against an engine in memory: what goes over the wire, what the picture shows, what happens when things go wrong.
//! When what is asked, and what that may cost, is proven without a network in `src/poll/picture/tests.rs`.

mod scripted;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bpmtop::engine::{Client, ClientOptions, Login};
use bpmtop::mirror::PAGE_SIZE;
use bpmtop::model::description::{Description, FailedWork};
use bpmtop::model::figure::Figure;
use bpmtop::model::grouping::KnownIncident;
use bpmtop::model::incident::Incident;
use bpmtop::model::inquiry::{Finding, Inquiry, Which};
use bpmtop::model::search::{Fit, Found, Hit, Needle, Search, Source};
use bpmtop::model::snapshot::{EngineIdentity, Link, Snapshot};
use bpmtop::model::suspension::SuspendedCounts;
use bpmtop::poll::command::{Looking, PollCommand, Told};
use bpmtop::poll::find::MOST_REQUESTS;
use bpmtop::poll::inquire::Counter;
use bpmtop::poll::task::{self, Poller, Setup};
use scripted::engine::{Job, MemoryEngine, World, incident};
use scripted::{Manner, Reply, ScriptedEngine};

/// Generous: a busy machine must not fail a test, and a passing test never waits that long.
const PATIENCE: Duration = Duration::from_secs(20);

struct Watch {
    engine: MemoryEngine,
    poller: Poller,
}

async fn watch(world: World) -> Watch {
    watch_with(world, "secret", PATIENCE).await
}

async fn watch_with(world: World, password: &str, timeout: Duration) -> Watch {
    let engine = MemoryEngine::start(world).await;
    let login = Login::Basic { user: "ann".to_owned(), password: password.into() };
    let options = ClientOptions { login, timeout, ..ClientOptions::new(engine.server.url().parse().expect("an address")) };
    let setup = Setup { client: Client::new(options).expect("a client"), engine: EngineIdentity::default(), budget: 0.5, seed: 7, past: true };
    Watch { engine, poller: task::start(setup) }
}

impl Watch {
    /// Waits for a picture like this.
    async fn until(&mut self, what: &str, like: impl Fn(&Snapshot) -> bool) -> Arc<Snapshot> {
        let mut snapshots = self.poller.snapshots.clone();
        let found = tokio::time::timeout(PATIENCE, snapshots.wait_for(|snapshot| like(snapshot))).await;
        let Ok(found) = found else { panic!("never {what}: {:?}", self.poller.snapshots.borrow()) };
        found.expect("the task lives").clone()
    }

    async fn until_settled(&mut self) -> Arc<Snapshot> {
        self.until("settled", |snapshot| snapshot.settled).await
    }

    fn wish(&self, wish: PollCommand) {
        self.poller.commands.send(wish).expect("the task lives");
    }

    fn requests(&self) -> usize {
        self.engine.server.asked().len()
    }

    /// What was asked about incidents since the `from`-th request.
    fn about_incidents(&self, from: usize) -> Vec<String> {
        let asked = self.engine.server.asked();
        let targets = asked[from..].iter().map(|asked| asked.target.trim_start_matches("/engine-rest").to_owned());
        targets.filter(|target| target.starts_with("/incident")).collect()
    }

    async fn described(&mut self) -> Description {
        match self.told().await {
            Told::Described(description) => *description,
            other => panic!("no description: {other:?}"),
        }
    }

    async fn told(&mut self) -> Told {
        tokio::time::timeout(PATIENCE, self.poller.told.recv()).await.expect("an answer").expect("the task lives")
    }
}

/// Long enough for a shortest interval to pass.
async fn a_while() {
    tokio::time::sleep(Duration::from_millis(2_300)).await;
}

fn known(snapshot: &Snapshot, id: &str) -> Arc<KnownIncident> {
    snapshot.incident(&id.into()).expect("an incident").clone()
}

fn problem(snapshot: &Snapshot, figure: Figure) -> Option<&'static str> {
    snapshot.figures[&figure].section.problem.as_ref().map(|problem| problem.label)
}

/// An incident from nowhere, for wishes made before one could be read.
fn an_incident() -> KnownIncident {
    KnownIncident {
        signature: bpmtop::triage::signature("boom"),
        incident: Incident {
            id: "i1".into(),
            kind: "failedJob".into(),
            process_definition: None,
            process_instance: Some("p1".into()),
            execution: None,
            activity: None,
            failed_activity: None,
            cause: None,
            root_cause: None,
            configuration: Some("j1".into()),
            message: None,
            tenant: None,
            job_definition: None,
            annotation: None,
            created: jiff::Timestamp::UNIX_EPOCH,
        },
    }
}

#[tokio::test]
async fn one_wrong_password_is_one_request_and_nothing_follows_until_another_login_is_given() {
    let world = World { login: Some(("ann".to_owned(), "right".to_owned())), ..World::in_trouble() };
    let mut watch = watch_with(world, "wrong", PATIENCE).await;
    let refused = watch.until("refused", |snapshot| matches!(snapshot.link, Link::LoginRefused { .. })).await;
    assert!(Figure::ALL.iter().all(|figure| refused.value(*figure).is_none()));
    let known = Arc::new(an_incident());
    watch.wish(PollCommand::Refresh);
    watch.wish(PollCommand::Look(Looking { incidents: vec![known.clone()], ..Looking::default() }));
    watch.wish(PollCommand::Describe(known));
    a_while().await;
    assert_eq!(watch.requests(), 1);
    watch.wish(PollCommand::Login { user: "ann".to_owned(), password: "right".into() });
    let shown = watch.until("read", |snapshot| snapshot.settled && snapshot.value(Figure::IncidentsRoot).is_some()).await;
    assert_eq!((shown.link.clone(), shown.value(Figure::IncidentsRoot)), (Link::Live, Some(2.0)));
}

#[tokio::test]
async fn the_first_picture_holds_everything_and_groups_add_up_to_the_figures() {
    let mut watch = watch(World::in_trouble()).await;
    let empty = watch.poller.snapshots.borrow().clone();
    assert!(Figure::ALL.iter().all(|figure| empty.value(*figure).is_none()) && empty.link == Link::Connecting);
    let shown = watch.until_settled().await;
    let figures = [Figure::IncidentsRoot, Figure::IncidentsBlocked, Figure::JobsFailed, Figure::JobsRetrying, Figure::JobsAcquired];
    assert_eq!(figures.map(|figure| shown.value(figure)), [Some(2.0), Some(1.0), Some(2.0), Some(1.0), Some(1.0)]);
    let groups = &shown.groups;
    assert_eq!((groups.roots, groups.blocked), (2, 1));
    let in_groups: usize = groups.groups.iter().map(|group| group.roots + group.blocked).sum();
    assert_eq!(in_groups, shown.incidents.get().expect("incidents").incidents.len());
    assert_eq!(groups.groups[0].process_name, Some("The payment".into()));
    assert_eq!((shown.engine.product.as_deref(), shown.engine.version.clone()), (Some("Camunda"), Some("7.24.0".into())));
    // One reading of the counters makes no rate; two do: ten jobs in two seconds or somewhat more.
    assert_eq!(shown.value(Figure::JobsSucceededRate), None);
    let shown = watch.until("a rate", |snapshot| snapshot.value(Figure::JobsSucceededRate).is_some()).await;
    assert!(shown.value(Figure::JobsSucceededRate).is_some_and(|rate| rate > 0.0 && rate < 5.5), "{:?}", shown.value(Figure::JobsSucceededRate));
}

#[tokio::test]
async fn an_engine_before_7_24_is_never_asked_for_acquired_jobs() {
    let mut watch = watch(World { version: "7.18.0".to_owned(), ..World::in_trouble() }).await;
    let shown = watch.until_settled().await;
    assert_eq!((shown.value(Figure::JobsAcquired), problem(&shown, Figure::JobsAcquired)), (None, None));
    assert!(watch.engine.server.asked().iter().all(|asked| !asked.target.contains("acquired")));
    assert!(shown.warnings.iter().any(|warning| warning.contains("acquired")), "{:?}", shown.warnings);
}

#[tokio::test]
async fn a_new_incident_is_noticed_with_a_count_and_what_is_newer_and_a_resolved_one_by_reading_all() {
    let mut watch = watch(World::in_trouble()).await;
    watch.until_settled().await;
    let from = watch.requests();
    watch.engine.world().incidents.push(incident(7, "payment:2:x", 90));
    watch.until("three roots", |snapshot| snapshot.value(Figure::IncidentsRoot) == Some(3.0)).await;
    let asked = watch.about_incidents(from);
    assert_eq!(asked.len(), 2, "{asked:?}");
    // Five seconds before the newest known one, because a row may become visible after the time it carries.
    assert!(asked[0] == "/incident/count" && asked[1].contains("incidentTimestampAfter=2025-01-01T00%3A00%3A15.000%2B0000"), "{asked:?}");
    let from = watch.requests();
    watch.engine.world().incidents.remove(0);
    // The parent it blocked is there still, though what blocks it is not.
    watch.until("two roots", |snapshot| snapshot.value(Figure::IncidentsRoot) == Some(2.0)).await;
    let asked = watch.about_incidents(from);
    assert!(asked.len() == 3 && !asked[2].contains("incidentTimestampAfter"), "{asked:?}");
}

#[tokio::test]
async fn the_past_of_a_quiet_hour_costs_four_requests_and_a_group_on_the_screen_two() {
    let mut watch = watch(World::in_trouble()).await;
    let shown = watch.until_settled().await;
    assert!(watch.engine.paths(0).iter().all(|path| !path.starts_with("/history/process-instance")), "not before the picture is complete");
    let past = |snapshot: &Snapshot, figure| snapshot.figures[&figure].series.first_measured().is_none();
    watch.until("the past", |snapshot| past(snapshot, Figure::Instances) && past(snapshot, Figure::IncidentsRoot)).await;
    let groups = vec![shown.groups.groups[0].key.clone()];
    watch.wish(PollCommand::Look(Looking { groups, ..Looking::default() }));
    watch.until("a deployment", |snapshot| !snapshot.deployed.is_empty()).await;
    let mut about: Vec<String> = watch.engine.paths(0).into_iter().filter(|path| path.starts_with("/history") || path.starts_with("/deployment/")).collect();
    about.sort();
    // One count tells the history level.
    let expected = [&["/deployment/d1", "/history/incident"][..], &["/history/incident/count"; 3], &["/history/process-instance/count"; 2]].concat();
    assert_eq!(about, expected);
}

#[tokio::test]
async fn more_than_a_page_of_incidents_is_read_page_by_page_and_an_empty_statistic_is_no_zero_meanwhile() {
    let mut world = World::in_trouble();
    // Pages end among equals: 6,000 share a second, and with it a millisecond.
    world.incidents = (0..11_000).map(|number| incident(number, "payment:2:x", i64::try_from(number).expect("small").min(5_000))).collect();
    // Time enough for a page to be shown before the next one comes.
    let delay = Manner::Late(Duration::from_millis(300));
    world.break_path("/incident", move |asked, reply| if asked.target.contains("incidentTimestampAfter") { reply.travelling(delay.clone()) } else { reply });
    let mut watch = watch(world).await;
    let part = watch.until("a part", |snapshot| snapshot.incidents.get().is_some()).await;
    let set = part.incidents.get().expect("a part");
    assert_eq!((set.complete, set.incidents.len(), set.total), (false, PAGE_SIZE, 11_000));
    assert_eq!(part.value(Figure::IncidentsRoot), None);
    let shown = watch.until_settled().await;
    assert_eq!((shown.value(Figure::IncidentsRoot), shown.groups.roots), (Some(11_000.0), 11_000));
    assert!(shown.incidents.get().expect("all").complete);
}

#[tokio::test]
async fn a_list_that_fails_midway_keeps_the_rows_known_before_and_tells_the_problem() {
    let mut watch = watch(World::in_trouble()).await;
    watch.until_settled().await;
    let failure = r#"{"type":"ProcessEngineException","message":"deadlock","code":10000}"#;
    watch.engine.world().break_path("/incident", move |_, _| Reply::json(failure).with_status(500));
    watch.engine.world().incidents.remove(0);
    let shown = watch.until("a problem", |snapshot| snapshot.incidents.problem.is_some()).await;
    assert_eq!((shown.incidents.get().expect("the old rows").incidents.len(), shown.groups.roots), (3, 2));
    assert_eq!((shown.value(Figure::IncidentsRoot), problem(&shown, Figure::IncidentsRoot).is_some()), (Some(2.0), true));
    assert_eq!(shown.figures[&Figure::IncidentsRoot].series.last(), None);
    watch.engine.world().mend();
    let shown = watch.until("mended", |snapshot| snapshot.incidents.problem.is_none()).await;
    assert_eq!(shown.value(Figure::IncidentsRoot), Some(1.0));
}

#[tokio::test]
async fn at_most_four_requests_are_in_flight_and_never_two_of_one_question() {
    let mut world = World::in_trouble();
    world.break_all(|_, reply| reply.travelling(Manner::Late(Duration::from_millis(70))));
    let mut watch = watch(world).await;
    watch.until_settled().await;
    watch.wish(PollCommand::Refresh);
    a_while().await;
    let served = watch.engine.server.served();
    let mut most = 0;
    for one in &served {
        let meanwhile: Vec<_> = served.iter().filter(|other| other.from <= one.from && one.from < other.until).collect();
        let targets: HashSet<_> = meanwhile.iter().map(|other| &other.target).collect();
        assert_eq!(targets.len(), meanwhile.len(), "one question twice: {meanwhile:?}");
        most = most.max(meanwhile.len());
    }
    assert_eq!(most, 4);
    // One more may be opened while another is on its way back to the pool.
    assert!(watch.engine.server.connections() <= 6, "{} connections", watch.engine.server.connections());
}

#[tokio::test]
async fn telemetry_that_is_forbidden_leaves_only_the_rates_unknown() {
    let mut world = World::in_trouble();
    let denied = r#"{"type":"AuthorizationException","message":"no","code":null,
        "missingAuthorizations":[{"permissionName":"READ","resourceName":"System","resourceId":null}]}"#;
    world.break_path("/telemetry/data", move |_, _| Reply::json(denied).with_status(403));
    let mut watch = watch(world).await;
    let shown = watch.until_settled().await;
    for figure in Figure::ALL {
        let is_rate = matches!(figure, Figure::JobsSucceededRate | Figure::JobsFailedRate);
        assert_eq!((shown.value(figure).is_none(), problem(&shown, figure)), (is_rate, is_rate.then_some("forbidden")), "{figure:?}");
    }
    assert_eq!(shown.link, Link::Live);
}

#[tokio::test]
async fn an_engine_that_dies_is_only_asked_for_its_version_until_it_comes_back_as_another() {
    let mut watch = watch(World::in_trouble()).await;
    watch.until_settled().await;
    watch.engine.server.die().await;
    let down = watch.until("down", |snapshot| matches!(snapshot.link, Link::Down { .. })).await;
    let Link::Down { since, retry, problem } = &down.link else { unreachable!() };
    assert!(retry.instant > since.instant && problem.label == "refused", "{problem:?}");
    assert_eq!((down.value(Figure::JobsFailed), down.figures[&Figure::JobsFailed].series.last()), (Some(2.0), None));
    // The container is up again before the engine in it.
    watch.engine.world().break_all(|_, _| Reply::html(502, "<html><title>502 Bad Gateway</title></html>"));
    let from = watch.requests();
    watch.engine.server.listen().await;
    watch.until("a page", |snapshot| matches!(&snapshot.link, Link::Down { problem, .. } if problem.what.contains("502"))).await;
    assert!(watch.engine.paths(from).iter().all(|path| path == "/version"), "{:?}", watch.engine.paths(from));
    watch.engine.world().version = "7.18.0".to_owned();
    watch.engine.world().definitions.push("invoice:1:x".to_owned());
    let from = watch.requests();
    watch.engine.world().mend();
    let shown = watch.until("live", |snapshot| snapshot.link == Link::Live && snapshot.settled).await;
    assert_eq!(shown.engine.version, Some("7.18.0".into()));
    assert_eq!(shown.definitions.get().expect("definitions").by_id.len(), 3);
    let paths = watch.engine.paths(from);
    assert!(paths[0] == "/version" && paths.iter().any(|path| path == "/job-definition"), "{paths:?}");
}

#[tokio::test]
async fn answers_that_break_off_or_come_too_late_are_a_problem_of_their_figures_alone() {
    let mut world = World::in_trouble();
    world.break_path("/process-instance/count", |_, reply| reply.travelling(Manner::CutAfter(4)));
    world.break_path("/external-task/count", |_, reply| reply.travelling(Manner::StallAfter(4)));
    let mut watch = watch_with(world, "secret", Duration::from_millis(400)).await;
    let tried = |snapshot: &Snapshot| [Figure::Instances, Figure::ExternalLocked].into_iter().all(|figure| problem(snapshot, figure).is_some());
    let read = |snapshot: &Snapshot| [Figure::IncidentsRoot, Figure::JobsAcquired].into_iter().all(|figure| snapshot.value(figure).is_some());
    let shown = watch.until("tried and read", |snapshot| tried(snapshot) && read(snapshot)).await;
    assert_eq!((problem(&shown, Figure::Instances), problem(&shown, Figure::ExternalLocked)), (Some("cut off"), Some("too slow")));
    assert_eq!((problem(&shown, Figure::JobsFailed), shown.value(Figure::JobsFailed)), (None, Some(2.0)));
    assert_eq!(shown.link, Link::Live);
}

#[tokio::test]
async fn an_inquiry_that_is_answered_oddly_or_not_at_all_leaves_the_others_their_answers() {
    let mut world = World::in_trouble();
    world.break_path("/execution/count", |_, reply| reply.travelling(Manner::StallAfter(0)));
    world.break_path("/task", |_, _| Reply::json("{}"));
    world.break_path("/process-instance", |_, reply| reply.travelling(Manner::CutAfter(1)));
    let mut watch = watch_with(world, "secret", Duration::from_millis(400)).await;
    watch.until_settled().await;
    let bad = [Inquiry::Tokens("p1".into()), Inquiry::UserTasks("p1".into()), Inquiry::Called("p1".into(), Which::Running, 0)];
    let good = Inquiry::Incidents("p1".into());
    watch.wish(PollCommand::Look(Looking { inquiries: bad.iter().cloned().chain([good.clone()]).collect(), ..Looking::default() }));
    let shown = watch.until("all tried", |snapshot| bad.iter().chain([&good]).all(|inquiry| snapshot.findings.contains_key(inquiry))).await;
    let labels: Vec<_> = bad.iter().filter_map(|inquiry| Some(shown.findings[inquiry].problem.as_ref()?.label)).collect();
    assert_eq!(labels, ["too slow", "no engine", "cut off"]);
    assert!(matches!(shown.findings[&good].get(), Some(Finding::Incidents(_))), "{:?}", shown.findings[&good]);
}

#[tokio::test]
async fn a_pause_stops_the_background_while_looking_describing_and_refreshing_are_still_answered() {
    let mut watch = watch(World::in_trouble()).await;
    let shown = watch.until_settled().await;
    watch.wish(PollCommand::Pause(true));
    watch.until("paused", |snapshot| matches!(snapshot.link, Link::Paused { .. })).await;
    let from = watch.requests();
    a_while().await;
    assert_eq!(watch.engine.paths(from), Vec::<String>::new());
    watch.wish(PollCommand::Look(Looking { incidents: vec![known(&shown, "i1")], definitions: vec!["payment:2:x".into()], ..Looking::default() }));
    let looked = watch.until("looked", |snapshot| snapshot.instances.len() == 1 && snapshot.jobs.len() == 1 && !snapshot.activity_names.is_empty()).await;
    let instance = looked.instances[&"p1".into()].get().expect("read").clone().expect("running");
    assert_eq!(instance.business_key, Some("A-1".into()));
    assert_eq!(looked.groups.groups[0].activity_name, Some("Charge card".into()));
    watch.wish(PollCommand::Describe(known(&shown, "i3")));
    assert_eq!(watch.described().await.incident, "i3".into());
    watch.engine.world().jobs.clear();
    watch.wish(PollCommand::Refresh);
    let shown = watch.until("refreshed", |snapshot| snapshot.value(Figure::JobsFailed) == Some(0.0)).await;
    assert!(matches!(shown.link, Link::Paused { .. }));
    watch.engine.world().jobs.push(Job { id: "j9".to_owned(), retries: 0, failed: true, acquired: false });
    watch.wish(PollCommand::Pause(false));
    watch.until("polled again", |snapshot| snapshot.link == Link::Live && snapshot.value(Figure::JobsFailed) == Some(1.0)).await;
}

#[tokio::test]
async fn a_description_gives_instance_job_and_trace_and_a_newer_one_replaces_an_older_one() {
    let mut watch = watch(World::in_trouble()).await;
    let shown = watch.until_settled().await;
    watch.engine.world().break_path("/job/j3", |_, reply| reply.travelling(Manner::Late(Duration::from_millis(300))));
    watch.wish(PollCommand::Describe(known(&shown, "i3")));
    watch.wish(PollCommand::Describe(known(&shown, "i1")));
    let description = watch.described().await;
    assert_eq!(description.incident, "i1".into());
    let Ok(FailedWork::Job(Some(job))) = &description.work else { panic!("{:?}", description.work) };
    assert_eq!((job.id.to_string(), job.retries), ("j1".to_owned(), 0));
    assert_eq!(description.instance.expect("an instance").expect("read").expect("running").business_key, Some("A-1".into()));
    assert_eq!(description.trace.expect("read").expect("a trace").safe_lines().len(), 2);
    let past = description.past.expect("it names a job");
    let parts = (past.incidents.map(|rows| rows.len()), past.log.map(|rows| rows.len()), past.operations.map(|rows| rows.len()));
    assert_eq!(parts, (Ok(1), Ok(1), Ok(1)));
    a_while().await;
    watch.wish(PollCommand::Describe(known(&shown, "i2")));
    let blocked = watch.described().await;
    assert_eq!((blocked.incident, blocked.work, blocked.trace), ("i2".into(), Ok(FailedWork::Unnamed), Ok(None)));
}

#[tokio::test]
async fn what_has_gone_meanwhile_is_told_as_gone() {
    let mut watch = watch(World::in_trouble()).await;
    let shown = watch.until_settled().await;
    watch.engine.world().jobs.clear();
    watch.engine.world().instances.clear();
    watch.wish(PollCommand::Describe(known(&shown, "i1")));
    let description = watch.described().await;
    assert_eq!((description.instance, description.work, description.trace), (Some(Ok(None)), Ok(FailedWork::Job(None)), Ok(None)));
}

#[tokio::test]
async fn text_from_a_hostile_engine_is_never_shown_raw() {
    let mut world = World::in_trouble();
    world.version = "7.24.0\u{1b}[2J".to_owned();
    world.incidents[0].message = "\u{1b}]0;owned\u{7} failed".to_owned();
    world.stacktrace = "at \u{1b}[2J\u{202e}evil".to_owned();
    let complaint = r#"{"type":"\u001b]52;c;cm0=\u0007","message":"\u202espoken","code":null}"#;
    world.break_path("/process-instance/count", move |_, _| Reply::json(complaint).with_status(500));
    let mut watch = watch(world).await;
    let tried = |snapshot: &Snapshot| problem(snapshot, Figure::Instances).is_some() && snapshot.value(Figure::IncidentsRoot).is_some();
    let shown = watch.until("tried", tried).await;
    watch.wish(PollCommand::Describe(known(&shown, "i1")));
    let description = watch.described().await;
    let trace: Vec<String> = description.trace.expect("read").expect("a trace").lines().collect();
    let told = &shown.figures[&Figure::Instances].section.problem.as_ref().expect("a problem").what;
    let message = known(&shown, "i1").incident.message.clone().expect("a message");
    let said = format!("{told} {message} {trace:?} {} {:?}", shown.engine.version.as_ref().expect("a version"), shown.warnings);
    assert!(["spoken", "owned", "evil", "7.24.0"].iter().all(|part| said.contains(part)), "{said}");
    assert!(said.chars().all(|c| !c.is_control() && c != '\u{202e}'), "raw text: {said:?}");
}

#[tokio::test]
async fn a_login_that_cannot_be_sent_stops_polling_with_the_reason() {
    let mut watch = watch(World::in_trouble()).await;
    watch.until_settled().await;
    watch.wish(PollCommand::Login { user: "ann:ey".to_owned(), password: "secret".into() });
    let shown = watch.until("refused", |snapshot| matches!(snapshot.link, Link::LoginRefused { .. })).await;
    let Link::LoginRefused { problem } = &shown.link else { unreachable!() };
    assert!(problem.what.contains("colon"), "{problem:?}");
    let from = watch.requests();
    a_while().await;
    assert_eq!(watch.requests(), from);
    watch.wish(PollCommand::Login { user: "ann".to_owned(), password: "secret".into() });
    watch.until("live", |snapshot| snapshot.link == Link::Live).await;
}

#[tokio::test]
async fn nothing_is_asked_once_nobody_holds_the_poller() {
    let mut watch = watch(World::in_trouble()).await;
    watch.until_settled().await;
    drop(watch.poller);
    // What is under way may still arrive.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let from = watch.engine.server.asked().len();
    a_while().await;
    assert_eq!(watch.engine.paths(from), Vec::<String>::new());
}

fn search(number: u64, text: &str, sources: Vec<Source>) -> PollCommand {
    PollCommand::Find(Search { number, needle: Needle::typed(text).expect("a text"), sources, page: 0 })
}

fn cheap(number: u64, text: &str) -> PollCommand {
    search(number, text, Source::cheap(&Needle::typed(text).expect("a text")))
}

impl Watch {
    async fn found(&mut self) -> Found {
        match self.told().await {
            Told::Found(found) => *found,
            other => panic!("nothing found: {other:?}"),
        }
    }

    /// With the background silent, so that every request is one of a search.
    async fn silent(&mut self) -> usize {
        self.until_settled().await;
        self.wish(PollCommand::Pause(true));
        self.until("paused", |snapshot| matches!(snapshot.link, Link::Paused { .. })).await;
        a_while().await;
        self.requests()
    }
}

fn ids(found: &Found) -> Vec<String> {
    found.parts.iter().flat_map(|(_, part)| part.iter().flat_map(|part| part.hits.iter().map(Hit::id))).collect()
}

#[tokio::test]
async fn one_search_finds_by_business_key_and_id_with_few_short_requests() {
    let mut world = World::in_trouble();
    // More instances of one key than fit a page, so that they are counted and looked up in the history too.
    world.instances.extend((100..180).map(|number| (format!("p{number}"), "ORD-9".to_owned())));
    let mut watch = watch(world).await;
    let from = watch.silent().await;
    watch.wish(cheap(1, "ORD-9"));
    let found = watch.found().await;
    assert_eq!((found.search.number, found.parts.len()), (1, 6));
    let Some((Source::Running(Fit::Whole), Ok(part))) = found.parts.first() else { panic!("{:?}", found.parts) };
    assert_eq!((part.total, part.more), (Some(80), true));
    let asked = watch.engine.server.asked();
    let asked: Vec<&str> = asked[from..].iter().map(|asked| asked.target.trim_start_matches("/engine-rest")).collect();
    assert_eq!(asked.len(), usize::try_from(MOST_REQUESTS).expect("small"), "{asked:?}");
    let lists = asked.iter().filter(|target| target.starts_with("/process-instance?"));
    assert!(lists.clone().count() == 2 && lists.clone().all(|target| target.contains("businessKey=ORD-9") && target.contains("maxResults=")), "{asked:?}");
    watch.wish(cheap(2, "j3"));
    let found = watch.found().await;
    assert_eq!((found.search.number, ids(&found)), (2, vec!["j3".to_owned()]));
    // The costs are booked.
    watch.until("booked", |snapshot| snapshot.cost.requests >= 2 * u64::from(MOST_REQUESTS) - 2).await;
}

#[tokio::test]
async fn a_search_given_up_is_dropped_and_a_newer_one_gives_an_older_one_up() {
    let mut watch = watch(World::in_trouble()).await;
    watch.silent().await;
    let long = Duration::from_secs(5);
    watch.engine.world().break_path("/process-instance", move |_, reply| reply.travelling(Manner::Late(long)));
    let begun = std::time::Instant::now();
    let from = watch.requests();
    watch.wish(search(1, "A", vec![Source::Running(Fit::Contains)]));
    until_asked(&watch, from + 1).await;
    let before = watch.poller.snapshots.borrow().cost.requests;
    watch.wish(PollCommand::GiveUp);
    // Paid for although it was given up, and its connection is closed rather than waited for.
    watch.until("booked", |snapshot| snapshot.cost.requests == before + 1).await;
    watch.wish(search(2, "A", vec![Source::Running(Fit::Contains)]));
    until_asked(&watch, from + 2).await;
    watch.engine.world().mend();
    watch.wish(cheap(3, "j1"));
    let found = watch.found().await;
    assert_eq!((found.search.number, ids(&found)), (3, vec!["j1".to_owned()]));
    assert!(begun.elapsed() < long, "it waited for what was given up");
    let dropped = async {
        while watch.engine.server.abandoned().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(long, dropped).await.expect("the connections are closed");
    let abandoned = watch.engine.server.abandoned();
    assert!(abandoned.len() == 2 && abandoned.iter().all(|target| target.contains("businessKeyLike")), "{abandoned:?}");
    tokio::time::sleep(long.saturating_sub(begun.elapsed()) + Duration::from_millis(500)).await;
    assert!(watch.poller.told.try_recv().is_err(), "an answer to what was given up");
}

async fn until_asked(watch: &Watch, requests: usize) {
    let asked = async {
        while watch.requests() < requests {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("asked");
}

#[tokio::test]
async fn what_concerns_one_kind_is_its_problem_and_the_others_are_found_all_the_same() {
    let mut watch = watch(World::in_trouble()).await;
    watch.silent().await;
    let denied = r#"{"type":"AuthorizationException","message":"no","code":null,"missingAuthorizations":[]}"#;
    watch.engine.world().break_path("/external-task/j1", move |_, _| Reply::json(denied).with_status(403));
    watch.wish(cheap(1, "j1"));
    let found = watch.found().await;
    let problems: Vec<_> = found.parts.iter().filter_map(|(source, part)| Some((source.clone(), part.as_ref().err()?.label))).collect();
    assert_eq!((ids(&found), problems), (vec!["j1".to_owned()], vec![(Source::ExternalTask, "forbidden")]));
}

#[tokio::test]
async fn an_engine_that_is_gone_ends_a_search_at_once_for_all_kinds() {
    let mut watch = watch(World::in_trouble()).await;
    watch.silent().await;
    watch.engine.server.die().await;
    watch.wish(cheap(1, "j1"));
    let found = watch.found().await;
    assert!(found.parts.len() == 6 && found.parts.iter().all(|(_, part)| part.as_ref().is_err_and(|problem| problem.label == "refused")), "{found:?}");
}

#[tokio::test]
async fn searches_of_a_distant_engine_do_not_hold_up_what_is_looked_at_next() {
    let mut world = World::in_trouble();
    world.break_all(|_, reply| reply.travelling(Manner::Late(Duration::from_millis(300))));
    let mut watch = watch(world).await;
    watch.until_settled().await;
    for number in 1..=2 {
        watch.wish(cheap(number, "j1"));
        watch.found().await;
    }
    let (asked, next) = (std::time::Instant::now(), Inquiry::Incidents("p1".into()));
    watch.wish(PollCommand::Look(Looking { inquiries: vec![next.clone()], ..Looking::default() }));
    watch.until("read", |snapshot| snapshot.findings.get(&next).is_some_and(|section| section.get().is_some())).await;
    // Charged with the distance, they would be in debt for eight seconds.
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn another_login_asks_the_search_under_way_again() {
    let world = World { login: Some(("ann".to_owned(), "right".to_owned())), ..World::in_trouble() };
    let mut watch = watch_with(world, "right", PATIENCE).await;
    watch.silent().await;
    watch.engine.world().break_path("/job/j1", |_, reply| reply.travelling(Manner::Late(Duration::from_secs(5))));
    watch.wish(search(1, "j1", vec![Source::Job]));
    tokio::time::sleep(Duration::from_millis(100)).await;
    watch.engine.world().mend();
    watch.wish(PollCommand::Login { user: "ann".to_owned(), password: "right".into() });
    assert_eq!(ids(&watch.found().await), ["j1"]);
}

#[tokio::test]
async fn what_is_suspended_is_counted_before_anything_is_listed() {
    for (jobs, left, later, requests) in [(0, 0, 0, 2), (5, 0, 0, 3), (5, 4, 1, 4)] {
        let server = ScriptedEngine::start(move |asked| {
            let count = match asked.path() {
                "/engine-rest/process-instance/count" => 3,
                _ if asked.target.contains("dueDates=gt_") => later,
                _ if asked.target.contains("withRetriesLeft") => left,
                _ => jobs,
            };
            Reply::json(format!("{{\"count\":{count}}}"))
        })
        .await;
        let client = Client::new(ClientOptions::new(server.url().parse().expect("an address"))).expect("a client");
        let counter = Counter::new(client);
        let answers = counter.answer(vec![Inquiry::SuspendedCount]).await.expect("answers");
        let counts = SuspendedCounts { instances: 3, jobs, waiting: left - later };
        assert_eq!(answers, [(Inquiry::SuspendedCount, Ok(Finding::SuspendedCount(counts)))]);
        let asked: Vec<String> = server.asked().into_iter().map(|asked| asked.target).collect();
        assert!(asked.len() == requests && asked.iter().all(|target| target.contains("/count?") && target.contains("suspended=true")), "{asked:?}");
    }
}
