//! The picture played against a made-up engine, with moments that pass as fast as the test wants.

mod check;
mod identity;
mod inquiries;
mod past;
mod promises;

use std::collections::HashMap;

use jiff::Timestamp;

use super::super::ask::{Answered, Reply, diagram};
use super::*;
use crate::engine::identity::Verdict;
use crate::engine::{EngineError, Problem as Fault, Telemetry};
use crate::mirror::IncidentStep;
use crate::model::definition::ProcessDefinition;
use crate::model::incident::Incident;
use crate::model::inquiry::VariablesPage;

const MS: fn(u64) -> Duration = Duration::from_millis;
const SECONDS: fn(u64) -> Duration = Duration::from_secs;

/// What goes wrong with a question.
#[derive(Clone, Copy)]
enum Wrong {
    Forbidden,
    TooSlow,
    Refused,
}

impl Wrong {
    fn error(self) -> EngineError {
        let fault = match self {
            Self::Forbidden => Fault::Forbidden { user: None, missing: Vec::new(), note: None },
            Self::TooSlow => Fault::TooSlow { after: SECONDS(10) },
            Self::Refused => Fault::Unreachable(crate::engine::error::Unreachable::Refused),
        };
        EngineError::new(None, "http://engine.example", fault)
    }
}

struct Asked {
    at: Moment,
    question: Question,
    lane: Lane,
    ask: Ask,
    busy: Duration,
}

struct Play {
    picture: Picture,
    now: Moment,
    version: &'static str,
    installation: Option<&'static str>,
    node: Timestamp,
    incidents: Vec<Incident>,
    definitions: Vec<&'static str>,
    busy: fn(&Ask) -> Duration,
    wrong: HashMap<Question, Wrong>,
    wrong_diagrams: Vec<&'static str>,
    asked: Vec<Asked>,
    rights: Rights,
    memory: past::Memory,
    /// Whether statistics tell the truth rather than nothing.
    statistics: bool,
}

fn incident(number: usize, root: usize, definition: &str) -> Incident {
    Incident {
        id: format!("i{number}").as_str().into(),
        kind: "failedJob".into(),
        process_definition: Some(definition.into()),
        process_instance: Some(format!("p{number}").as_str().into()),
        execution: None,
        activity: Some("charge".into()),
        failed_activity: None,
        cause: None,
        root_cause: Some(format!("i{root}").as_str().into()),
        configuration: (number == root).then(|| format!("j{number}").into()),
        message: None,
        tenant: None,
        job_definition: None,
        annotation: None,
        created: Timestamp::from_second(1_700_000_000 + 60 * i64::try_from(number).unwrap()).unwrap(),
    }
}

fn definition(id: &str) -> ProcessDefinition {
    let (key, version) = id.split_once(':').unwrap();
    let version = version.split(':').next().unwrap().parse().unwrap();
    ProcessDefinition {
        id: id.into(),
        key: key.into(),
        name: None,
        version,
        version_tag: None,
        deployment: Some("d1".into()),
        suspended: false,
        tenant: None,
        category: None,
    }
}

fn play() -> Play {
    // A monotonic clock may have started only just now; samples of the past need room before it.
    let now = Moment::now().after(SECONDS(7_200));
    Play {
        picture: Picture::new(EngineIdentity::default(), 0.02, 7, now),
        now,
        version: "7.24.0",
        installation: None,
        node: Timestamp::UNIX_EPOCH,
        incidents: vec![incident(1, 1, "payment:2:x"), incident(2, 1, "order:7:x"), incident(3, 3, "payment:2:x")],
        definitions: vec!["payment:2:x", "order:7:x"],
        busy: |_| MS(1),
        wrong: HashMap::new(),
        wrong_diagrams: Vec::new(),
        asked: Vec::new(),
        rights: Rights::default(),
        memory: past::Memory::default(),
        statistics: false,
    }
}

impl Play {
    fn reply(&self, ask: &Ask) -> Reply {
        let rows = |after: Option<Timestamp>, skip: usize| {
            let rows = self.incidents.iter().filter(|row| after.is_none_or(|after| row.created > after));
            Reply::Incidents(rows.skip(skip).take(crate::mirror::PAGE_SIZE).cloned().collect())
        };
        match ask {
            Ask::Version => Reply::Version(self.version.into()),
            Ask::Identity(known) => Reply::Identity(match (&known.installation, self.installation) {
                (Some(known), Some(now)) if known.as_wire() != now => Verdict::Another(format!("installation {now}")),
                _ => Verdict::Same,
            }),
            Ask::Newest(_) => Reply::Newest(Vec::new()),
            Ask::Telemetry => Reply::Telemetry(Box::new(self.telemetry())),
            Ask::Probe => Reply::Definitions(Vec::new()),
            Ask::Incidents(IncidentStep::Count) => Reply::Count(self.incidents.len() as u64),
            Ask::Incidents(IncidentStep::Newer { after }) => rows(Some(*after), 0),
            Ask::Incidents(IncidentStep::Page { after, skip }) => rows(*after, *skip),
            Ask::Incidents(IncidentStep::OfDefinition { definition }) => {
                Reply::Incidents(self.incidents.iter().filter(|row| row.process_definition.as_ref() == Some(definition)).cloned().collect())
            }
            Ask::Count(..) => Reply::Count(4),
            Ask::Definitions(_) => Reply::Definitions(self.definitions.iter().map(|id| definition(id)).collect()),
            Ask::JobDefinitions(_) => Reply::JobDefinitions(Vec::new()),
            Ask::Rights => Reply::Rights(self.rights.clone()),
            Ask::Statistics if self.statistics => Reply::Statistics(check::statistics(&self.incidents)),
            Ask::Statistics => Reply::Statistics(Vec::new()),
            Ask::Deployments(_) => Reply::Deployments(Vec::new()),
            Ask::JobCounts(_) => Reply::JobCounts(JobCounts { jobs: 3, failed: 1 }),
            Ask::ActivityNames(_) => Reply::ActivityNames(diagram("<definitions/>")),
            Ask::Instances(_) => Reply::Instances(Vec::new()),
            Ask::Jobs(_) => Reply::Jobs(Vec::new()),
            Ask::ExternalTasks(_) => Reply::ExternalTasks(Vec::new()),
            Ask::Inquiries(inquiries) => {
                let of_variables = inquiries.iter().filter(|inquiry| matches!(inquiry, Inquiry::Variables(_)));
                Reply::Findings(of_variables.map(|inquiry| (inquiry.clone(), self.answer_to_variables())).collect(), 0)
            }
            Ask::History(..) | Ask::Backfill(_) | Ask::FirstSeen(_) | Ask::Deployment(_) => past::reply(self, ask),
        }
    }

    fn answer_to_variables(&self) -> Result<Finding, crate::model::section::Problem> {
        Ok(Finding::Variables(VariablesPage { rows: Vec::new(), more: false }))
    }

    fn telemetry(&self) -> Telemetry {
        let done = u64::try_from(self.asked.len()).unwrap();
        Telemetry {
            installation: self.installation.map(Into::into),
            product: Some("Camunda BPM Runtime".into()),
            version: None,
            edition: None,
            database: None,
            application_server: None,
            since: Some(self.node),
            commands: HashMap::from([("SuccessfulJobListener".into(), done)]),
        }
    }

    fn wrong_with(&self, question: Question, ask: &Ask) -> Option<Wrong> {
        match ask {
            Ask::ActivityNames(id) if self.wrong_diagrams.contains(&id.as_wire()) => Some(Wrong::Forbidden),
            _ => self.wrong.get(&question).copied(),
        }
    }

    /// Sends one question and answers it; false if there is nothing to ask before `end`.
    fn step(&mut self, end: Moment) -> bool {
        let (question, lane, ask) = match self.picture.next(self.now) {
            Ok(next) => next,
            Err(wait) if self.now.after(wait).instant < end.instant => {
                self.now = self.now.after(wait);
                return true;
            }
            Err(_) => return false,
        };
        self.picture.sent(question, lane, &ask, self.now);
        let wrong = self.wrong_with(question, &ask);
        let busy = if let Some(Wrong::TooSlow) = wrong { SECONDS(10) } else { (self.busy)(&ask) };
        self.asked.push(Asked { at: self.now, question, lane, ask: ask.clone(), busy });
        self.now = self.now.after(busy);
        match wrong {
            Some(wrong) => self.picture.fail(question, &ask, &wrong.error(), busy, self.now),
            None => {
                let answered = Answered { reply: self.reply(&ask), elapsed: busy, requests: 1, engine_time: None };
                self.picture.succeed(question, ask, answered, self.now);
            }
        }
        true
    }

    /// Lets this much time pass and returns what was asked meanwhile.
    fn pass(&mut self, time: Duration) -> &[Asked] {
        let (end, from) = (self.now.after(time), self.asked.len());
        while self.now.instant < end.instant && self.step(end) {}
        if self.now.instant < end.instant {
            self.now = end;
        }
        &self.asked[from..]
    }

    /// Answers these inquiries now, whether or not they were asked.
    fn find(&mut self, inquiries: &[Inquiry], answer: impl Fn(&Self, &Inquiry) -> Result<Finding, crate::model::section::Problem>) {
        let findings = inquiries.iter().map(|inquiry| (inquiry.clone(), answer(self, inquiry))).collect();
        let answered = Answered { reply: Reply::Findings(findings, 0), elapsed: MS(1), requests: 1, engine_time: None };
        self.picture.succeed(Question::Inquiries, Ask::Inquiries(inquiries.to_vec()), answered, self.now);
    }

    fn everything_is(&mut self, wrong: Wrong) {
        self.wrong = Question::ALL.into_iter().map(|question| (question, wrong)).collect();
    }

    fn snapshot(&mut self) -> Snapshot {
        self.picture.snapshot(0, self.now)
    }

    fn questions(&mut self, time: Duration) -> HashSet<Question> {
        self.pass(time).iter().map(|asked| asked.question).collect()
    }

    fn look_at_all(&mut self) {
        let shown = self.snapshot();
        let incidents = shown.incidents.get().unwrap().incidents.values().cloned().collect();
        let definitions = self.definitions.iter().map(|id| (*id).into()).collect();
        self.picture.look(Looking { job_definitions: vec!["jd".into()], definitions, incidents, ..Looking::default() });
    }
}

fn steps(asked: &[Asked]) -> Vec<&IncidentStep> {
    let steps = asked.iter().filter_map(|asked| if let Ask::Incidents(step) = &asked.ask { Some(step) } else { None });
    steps.collect()
}

/// Share of the time the engine was busy with what was asked in the background.
fn background_share(asked: &[Asked], time: Duration) -> f64 {
    let busy: Duration = asked.iter().filter(|asked| asked.lane.is_watching()).map(|asked| asked.busy).sum();
    busy.as_secs_f64() / time.as_secs_f64()
}

fn longest_pause(asked: &[Asked], question: Question) -> Duration {
    let times: Vec<Moment> = asked.iter().filter(|asked| asked.question == question).map(|asked| asked.at).collect();
    times.windows(2).map(|pair| pair[1].since(pair[0])).max().unwrap_or(Duration::MAX)
}

#[test]
fn nothing_is_known_before_it_was_read_and_then_roots_and_blocked_are_what_the_groups_add_up_to() {
    let mut play = play();
    let before = play.snapshot();
    assert!(Figure::ALL.iter().all(|figure| before.value(*figure).is_none()));
    play.pass(SECONDS(4));
    let shown = play.snapshot();
    assert_eq!((shown.value(Figure::IncidentsRoot), shown.value(Figure::IncidentsBlocked)), (Some(2.0), Some(1.0)));
    assert_eq!((shown.groups.roots, shown.groups.blocked, shown.groups.groups.len()), (2, 1, 1));
    assert_eq!(shown.value(Figure::JobsFailed), Some(4.0));
    assert!(shown.value(Figure::JobsSucceededRate).is_some_and(|rate| rate > 0.0));
}

#[test]
fn telemetry_that_is_forbidden_leaves_rates_unknown_with_a_reason_and_is_not_asked_again_for_minutes() {
    let mut play = play();
    play.wrong.insert(Question::Telemetry, Wrong::Forbidden);
    play.pass(SECONDS(200));
    let shown = play.snapshot();
    for figure in Figure::ALL {
        let is_rate = matches!(figure, Figure::JobsSucceededRate | Figure::JobsFailedRate);
        let section = &shown.figures[&figure].section;
        assert_eq!((section.get().is_none(), section.problem.is_some()), (is_rate, is_rate), "{figure:?}");
    }
    assert_eq!(play.asked.iter().filter(|asked| asked.question == Question::Telemetry).count(), 1);
}

#[test]
fn acquired_jobs_are_counted_only_where_the_engine_can_and_an_older_engine_does_not_inherit_the_figure() {
    let mut play = play();
    play.pass(SECONDS(20));
    assert_eq!(play.snapshot().value(Figure::JobsAcquired), Some(4.0));
    play.version = "7.18.0";
    play.pass(SECONDS(20));
    assert_eq!(play.snapshot().value(Figure::JobsAcquired), None);
    assert!(!play.questions(SECONDS(60)).contains(&Question::Count(Figure::JobsAcquired)));
}

#[test]
fn a_new_incident_costs_two_requests_and_a_resolved_one_a_full_reading() {
    let mut play = play();
    play.pass(SECONDS(1));
    play.incidents.push(incident(9, 9, "payment:2:x"));
    let asked = play.pass(MS(2_100));
    assert!(matches!(steps(asked)[..], [IncidentStep::Count, IncidentStep::Newer { .. }]), "{:?}", steps(asked));
    assert_eq!(play.snapshot().value(Figure::IncidentsRoot), Some(3.0));
    play.incidents.remove(2);
    let asked = play.pass(MS(2_100));
    assert!(matches!(steps(asked)[..], [IncidentStep::Count, IncidentStep::Newer { .. }, IncidentStep::Page { .. }]), "{:?}", steps(asked));
    assert_eq!(play.snapshot().value(Figure::IncidentsRoot), Some(2.0));
}

#[test]
fn an_incident_of_a_definition_that_may_not_be_read_makes_definitions_be_read_ahead_of_time_only_once() {
    let mut play = play();
    play.pass(SECONDS(1));
    let mut hurried = 0;
    for number in 10..30 {
        play.incidents.push(incident(number, number, "hidden:1:x"));
        hurried += play.pass(SECONDS(2)).iter().filter(|asked| asked.question == Question::Definitions && asked.lane == Lane::Foreground).count();
    }
    assert_eq!(hurried, 1);
}

#[test]
fn four_requests_are_in_flight_at_most_and_never_two_of_one_question() {
    let mut play = play();
    let mut sent = Vec::new();
    while let Ok((question, lane, ask)) = play.picture.next(play.now) {
        play.picture.sent(question, lane, &ask, play.now);
        assert!(!sent.contains(&question), "{question:?} twice");
        sent.push(question);
    }
    assert_eq!(sent.len(), 4);
}

#[test]
fn an_idle_engine_gets_a_bounded_number_of_requests() {
    let mut play = play();
    play.pass(SECONDS(10));
    let requests = play.pass(SECONDS(60)).len();
    // 30 readings of two steps, 20 of telemetry, 12 of each of eight counts and of the version, and what is read now and then.
    assert!((150..=210).contains(&requests), "{requests} a minute");
}

#[test]
fn the_steps_of_one_reading_are_paid_for_by_the_budget_even_where_every_reading_is_a_full_one() {
    let mut play = play();
    play.busy = |ask| if *ask == Ask::Version { MS(1) } else { MS(300) };
    play.pass(SECONDS(60));
    let (from, length) = (play.asked.len(), SECONDS(3_600));
    for minute in 0..60 {
        // One is resolved, one is new: only reading all rows tells.
        play.incidents.remove(0);
        play.incidents.push(incident(100 + minute, 100 + minute, "payment:2:x"));
        play.pass(SECONDS(60));
    }
    let asked = &play.asked[from..];
    assert!(asked.iter().all(|asked| asked.lane.is_watching()), "nobody wished for anything");
    let share = background_share(asked, length);
    // The promises take more than the limit, so the ceiling holds. What was saved up, and what goes into debt at the end, comes on top.
    let allowance = (1.0 + 8.0 * 0.3) / length.as_secs_f64();
    assert!(share <= 0.1 + allowance, "the engine was kept busy for {share}");
    assert!(share > 0.085, "the ceiling is not used: {share}");
}

#[test]
fn intervals_shrink_again_when_a_slow_engine_recovers() {
    let mut play = play();
    play.busy = |ask| if *ask == Ask::Version { MS(1) } else { MS(300) };
    play.pass(SECONDS(600));
    let slow = play.pass(SECONDS(120)).len();
    play.busy = |_| MS(1);
    play.pass(SECONDS(60));
    let quick = play.pass(SECONDS(120)).len();
    assert!(slow < 80 && quick > 350, "{slow} requests while slow, {quick} after");
}

#[test]
fn a_count_that_never_answers_does_not_blind_the_operator_to_the_others_and_stays_within_the_budget() {
    let mut play = play();
    play.busy = |ask| if *ask == Ask::Version { MS(0) } else { MS(1) };
    play.pass(SECONDS(10));
    play.wrong.insert(Question::Count(Figure::JobsDue), Wrong::TooSlow);
    let from = play.asked.len();
    play.pass(SECONDS(3_600));
    let asked = &play.asked[from..];
    assert!(longest_pause(asked, Question::Incidents) < SECONDS(20), "{:?}", longest_pause(asked, Question::Incidents));
    // Its promise takes it beyond the limit, not beyond the ceiling.
    assert!(background_share(asked, SECONDS(3_600)) <= 0.1 + (10.0 + 0.2) / 3_600.0, "{}", background_share(asked, SECONDS(3_600)));
    let shown = play.snapshot();
    assert_eq!(shown.link, Link::Live);
    let known = |figure| shown.figures[&figure].section.problem.is_none();
    assert!(!known(Figure::JobsDue) && known(Figure::JobsFailed));
}

#[test]
fn an_engine_that_is_down_is_asked_for_its_version_only_more_rarely_but_within_a_promise_and_shows_a_gap() {
    // 1, 2, 4, … s, give or take a quarter, up to 9 s while somebody looks and to 36 s else.
    for (presence, tries) in [(crate::model::freshness::Presence::Somebody, 55..=75), (crate::model::freshness::Presence::Nobody, 14..=24)] {
        let mut play = play();
        play.pass(SECONDS(10));
        play.picture.set_presence(presence, play.now);
        play.everything_is(Wrong::Refused);
        play.pass(SECONDS(5));
        let Link::Down { since, retry, .. } = play.snapshot().link else { panic!("not down") };
        assert!(since.instant < play.now.instant && retry.instant > play.now.instant);
        let asked = play.pass(SECONDS(600));
        assert!(asked.iter().all(|asked| asked.question == Question::Version));
        assert!(tries.contains(&asked.len()), "{} tries in ten minutes", asked.len());
        let shown = play.snapshot();
        assert_eq!((shown.figures[&Figure::JobsFailed].series.last(), shown.value(Figure::JobsFailed)), (None, Some(4.0)));
    }
}

#[test]
fn an_engine_that_comes_back_as_another_version_is_read_anew() {
    let mut play = play();
    play.pass(SECONDS(10));
    play.everything_is(Wrong::Refused);
    play.pass(SECONDS(120));
    play.wrong.clear();
    play.version = "7.18.0";
    play.definitions.push("invoice:1:x");
    let asked = play.questions(SECONDS(80));
    assert!(asked.contains(&Question::Definitions) && asked.contains(&Question::JobDefinitions));
    let shown = play.snapshot();
    assert_eq!((shown.link.clone(), shown.engine.version.clone()), (Link::Live, Some("7.18.0".into())));
    assert_eq!(shown.definitions.get().unwrap().by_id.len(), 3);
    assert_eq!(shown.figures[&Figure::JobsFailed].series.last(), Some(4.0));
}

#[test]
fn a_pause_stops_the_background_and_still_answers_what_the_operator_asks() {
    let mut play = play();
    play.pass(SECONDS(10));
    play.picture.pause(true, play.now);
    assert_eq!(play.questions(SECONDS(600)), HashSet::new());
    assert!(matches!(play.snapshot().link, Link::Paused { .. }));
    play.look_at_all();
    let looked = play.questions(SECONDS(600));
    assert_eq!(looked, HashSet::from([Question::JobCounts, Question::ActivityNames, Question::Instances, Question::Jobs]));
    play.picture.refresh();
    assert!(play.questions(SECONDS(600)).is_superset(&HashSet::from([Question::Incidents, Question::Version, Question::JobCounts])));
    play.picture.pause(false, play.now);
    assert!(play.pass(SECONDS(60)).len() > 150);
}

#[test]
fn a_paused_picture_asks_nothing_of_a_dead_engine_either_and_says_what_it_last_saw() {
    let mut play = play();
    play.pass(SECONDS(10));
    play.everything_is(Wrong::Refused);
    play.pass(SECONDS(10));
    play.picture.pause(true, play.now);
    assert_eq!(play.questions(SECONDS(600)), HashSet::new());
    let shown = play.snapshot();
    assert!(matches!(shown.link, Link::Paused { .. }) && shown.warnings[0].starts_with("asked last, the engine did not answer"), "{:?}", shown.warnings);
    play.picture.refresh();
    assert_eq!(play.pass(SECONDS(600)).len(), 1);
    play.picture.pause(false, play.now);
    assert!(matches!(play.snapshot().link, Link::Down { .. }));
}

#[test]
fn one_diagram_that_may_not_be_read_does_not_hide_the_names_of_the_others() {
    let mut play = play();
    play.wrong_diagrams.push("payment:2:x");
    play.pass(SECONDS(1));
    play.look_at_all();
    let asked = play.pass(SECONDS(200));
    assert_eq!(asked.iter().filter(|asked| asked.question == Question::ActivityNames).count(), 2);
    assert_eq!(play.snapshot().activity_names.keys().map(ToString::to_string).collect::<Vec<_>>(), ["order:7:x"]);
}

#[test]
fn rows_that_did_not_come_back_are_known_to_be_gone() {
    let mut play = play();
    play.pass(SECONDS(1));
    play.look_at_all();
    play.pass(SECONDS(1));
    let shown = play.snapshot();
    assert_eq!(shown.jobs[&"j1".into()].get(), Some(&None));
    assert_eq!(shown.instances.len(), 3);
}

#[test]
fn after_a_fault_of_ours_the_history_goes_on_with_a_gap_and_no_value_is_made_up() {
    let mut play = play();
    play.pass(SECONDS(10));
    let last = play.snapshot();
    let mut picture = Picture::new(EngineIdentity::default(), 0.02, 7, play.now);
    picture.carry_on(&last, play.now);
    let shown = picture.snapshot(0, play.now);
    assert!(shown.sequence > last.sequence);
    assert_eq!((shown.value(Figure::JobsFailed), shown.figures[&Figure::JobsFailed].series.last()), (None, None));
    assert!(shown.figures[&Figure::JobsFailed].series.span(play.now) >= SECONDS(60));
    assert!(shown.figures[&Figure::JobsFailed].series.delta(play.now, SECONDS(60)).is_none());
}
