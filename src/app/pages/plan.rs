//! The plan of an action: what would happen, what was found by reading first, and what has to be typed before it does.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Contents;
use crate::action::plan::{Choices, Danger, OtherCause, Plan, Unavailable, Weight};
use crate::action::target::{Subject, Target};
use crate::action::verb::Verb;
use crate::action::wish::{Asked, Wish};
use crate::app::command::Choice;
use crate::app::document::{Document, Line, Tone};
use crate::app::keymap::Context;
use crate::app::list::Motion;
use crate::engine::{Due, NewValue, ShownRequest};
use crate::model::ids::{ProcessDefinitionId, ProcessInstanceId};
use crate::model::section::Moment;
use crate::model::snapshot::Snapshot;
use crate::poll::command::Looking;
use crate::text::{count_exact, plural};

/// A plan that came onto the screen this moment was not read yet: a key meant for something else must not confirm it.
pub const UNREAD: Duration = Duration::from_millis(300);

/// An engine changes. A plan older than this is read anew before it may be confirmed.
pub const STALE: Duration = Duration::from_secs(300);

/// Requests that are written out; the others are counted.
const SHOWN_REQUESTS: usize = 200;

/// Targets that are listed; the others are counted.
const SHOWN_TARGETS: usize = 500;

/// From more targets on the backlog of due jobs is counted while they are retried.
const COUNTED_FROM: usize = 10;

/// Where the plan stands.
#[derive(Clone, Debug)]
pub enum State {
    /// The engine is being read.
    Reading,
    /// It can be confirmed.
    Ready(Arc<Plan>),
    /// There is none.
    Refused(Unavailable),
}

/// Page of one plan.
#[derive(Clone, Debug)]
pub struct PlanPage {
    /// Which asking it waits for.
    pub asking: u64,
    /// What was asked.
    pub wish: Arc<Wish>,
    /// Where it stands.
    pub state: State,
    /// When it was asked for, or when the plan came.
    pub since: Moment,
    /// Everything about it.
    pub text: Document,
    /// Whether the exact requests are shown instead.
    pub requests: bool,
}

impl PlanPage {
    /// A page that waits for its plan.
    pub fn new(asking: u64, wish: Arc<Wish>, now: Moment) -> Self {
        Self { asking, wish, state: State::Reading, since: now, text: Document::default(), requests: false }
    }

    /// The plan, if there is one.
    pub fn plan(&self) -> Option<&Arc<Plan>> {
        match &self.state {
            State::Ready(plan) => Some(plan),
            State::Reading | State::Refused(_) => None,
        }
    }

    /// Takes the plan in, or why there is none.
    pub fn take(&mut self, planned: Result<Arc<Plan>, Unavailable>, now: Moment) {
        self.since = now;
        self.state = match planned {
            Ok(plan) => State::Ready(plan),
            Err(why) => State::Refused(why),
        };
        self.write();
    }

    /// Waits for the plan anew.
    pub fn wait(&mut self, asking: u64, now: Moment) {
        self.asking = asking;
        self.since = now;
        self.state = State::Reading;
        self.write();
    }

    /// Changes what may be chosen. Targets stay what they are.
    pub fn choose(&mut self, change: impl FnOnce(&mut Choices)) {
        if let State::Ready(plan) = &mut self.state {
            let mut choices = plan.choices.clone();
            change(&mut choices);
            Arc::make_mut(plan).choose(choices);
        }
        self.write();
    }

    /// Shows the exact requests, or the plan again.
    pub fn toggle_requests(&mut self) {
        self.requests = !self.requests;
        self.text.go(Motion::Top);
        self.write();
    }

    /// Notes that somebody pressed enter before there was time to read: the time begins anew.
    pub fn pressed_early(&mut self, now: Moment) {
        if matches!(self.state, State::Ready(_)) && now.since(self.since) < UNREAD {
            self.since = now;
        }
    }

    /// Why it cannot be confirmed now; none if it can.
    pub fn obstacle(&self, now: Moment) -> Option<String> {
        match &self.state {
            State::Reading => Some("The plan is still being read: nothing can be confirmed yet.".to_owned()),
            State::Refused(why) => Some(why.words()),
            State::Ready(_) if now.since(self.since) < UNREAD => Some("The plan has just come onto the screen: read it, then press enter again.".to_owned()),
            State::Ready(plan) if now.since(plan.read) > STALE => Some("This plan is more than 5 minutes old: r reads the targets again.".to_owned()),
            State::Ready(plan) => plan.is_performable().err().map(|why| why.words()),
        }
    }

    /// The requests as one line of a shell each.
    pub fn curl(&self) -> Option<String> {
        let plan = self.plan()?;
        let mut lines: Vec<String> = shown(plan).map(|request| request.curl()).collect();
        if plan.verb == Verb::SetVariable {
            lines.insert(0, "# The value is left out: put it in place of the three dots.".to_owned());
        }
        Some(lines.join("\n"))
    }

    fn write(&mut self) {
        let lines = match &self.state {
            State::Reading | State::Refused(_) => Vec::new(),
            State::Ready(plan) if self.requests => request_lines(plan),
            State::Ready(plan) => plan_lines(plan),
        };
        self.text.set_head(lines);
    }
}

fn shown(plan: &Plan) -> impl Iterator<Item = ShownRequest> + '_ {
    plan.steps().into_iter().filter_map(|step| ShownRequest::of(&step.change, &plan.engine.url, plan.engine.engine_name.as_deref()))
}

fn request_lines(plan: &Plan) -> Vec<Line> {
    let count = plan.steps().len();
    let mut lines = vec![
        Line::Heading(format!("The exact requests, in this order: {}", count_exact(count as u64))),
        Line::Remark(
            "Each is sent once at most. y copies them all; credentials are not in them, values of variables are written as \u{2026}".into(),
            Tone::Muted,
        ),
        Line::Blank,
    ];
    lines.extend(shown(plan).take(SHOWN_REQUESTS).map(|request| Line::Text(request.curl())));
    if count > SHOWN_REQUESTS {
        lines.push(Line::Remark(format!("\u{2026} and {} more of the same kind", count_exact((count - SHOWN_REQUESTS) as u64)), Tone::Muted));
    }
    lines
}

fn plan_lines(plan: &Plan) -> Vec<Line> {
    let mut lines = Vec::new();
    values(plan, &mut lines);
    warnings(plan, &mut lines);
    if plan.verb == Verb::PutBack {
        // Each target has dates of its own: they are what is to be read.
        targets(plan, &mut lines);
        lines.push(Line::Blank);
    }
    left_out(plan, &mut lines);
    choices(plan, &mut lines);
    tree(plan, &mut lines);
    if plan.verb != Verb::PutBack {
        targets(plan, &mut lines);
    }
    lines
}

fn warnings(plan: &Plan, lines: &mut Vec<Line>) {
    let own = plan.levels.get(plan.choices.level).map(|level| level.warnings.as_slice()).unwrap_or_default();
    let mut all: Vec<_> = plan.warnings.iter().chain(own).collect();
    all.sort_by_key(|warning| std::cmp::Reverse(warning.weight));
    if all.is_empty() {
        return;
    }
    lines.push(Line::Heading("Checked beforehand".into()));
    for warning in all {
        let (sign, tone) = match warning.weight {
            Weight::Stop => ("STOP", Tone::Critical),
            Weight::Caution => ("mind", Tone::Warning),
            Weight::Note => ("note", Tone::Plain),
        };
        lines.push(Line::Field(sign, warning.text.clone(), tone));
    }
    lines.push(Line::Blank);
}

fn left_out(plan: &Plan, lines: &mut Vec<Line>) {
    if plan.left_out.is_empty() {
        return;
    }
    lines.push(Line::Heading(format!("Left out: {}", count_exact(plan.left_out.len() as u64))));
    // The same reason is told once, with the first few it holds for.
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for left in &plan.left_out {
        match reasons.iter_mut().find(|(why, _)| *why == left.why) {
            Some((_, labels)) => labels.push(&left.label),
            None => reasons.push((&left.why, vec![&left.label])),
        }
    }
    for (why, labels) in reasons {
        let named = labels.iter().take(3).copied().collect::<Vec<_>>().join(", ");
        let more = if labels.len() > 3 { format!(" and {} more", count_exact((labels.len() - 3) as u64)) } else { String::new() };
        lines.push(Line::Remark(format!("{named}{more}: {why}"), Tone::Warning));
    }
    lines.push(Line::Blank);
}

fn choices(plan: &Plan, lines: &mut Vec<Line>) {
    let offered = offered(plan);
    if offered.is_empty() {
        return;
    }
    lines.push(Line::Heading("Options".into()));
    for choice in offered {
        lines.push(Line::Field(choice.key_words(), choice_words(choice, plan), Tone::Plain));
    }
    for sentence in plan.explanation() {
        lines.push(Line::Remark(sentence, Tone::Muted));
    }
    lines.push(Line::Blank);
}

/// What may be chosen in this plan.
pub fn offered(plan: &Plan) -> Vec<Choice> {
    let many = plan.targets.len() > 1;
    // External tasks have no due date, and no batch of the engine takes them by their ids alone.
    let jobs = plan.targets.iter().any(|target| matches!(target.subject, Subject::Job { .. }));
    let mut choices = match plan.verb {
        Verb::Retry => {
            let mut choices = vec![Choice::Attempts];
            choices.extend(jobs.then_some(Choice::Due));
            choices.extend(many.then_some([Choice::Pace, Choice::Canary, Choice::StopAt]).into_iter().flatten());
            choices.extend((many && jobs).then_some(Choice::Batch));
            choices
        }
        Verb::Cancel if plan.levels.len() > 1 => vec![Choice::Level, Choice::Listeners],
        Verb::Cancel => vec![Choice::Listeners],
        Verb::SuspendJobDefinitions | Verb::ResumeJobDefinitions | Verb::SuspendProcesses | Verb::ResumeProcesses | Verb::Freeze | Verb::Thaw => {
            vec![Choice::Existing, Choice::At]
        }
        Verb::SetDefinitionPriority => vec![Choice::Existing],
        _ => Vec::new(),
    };
    if many && !matches!(plan.verb, Verb::Retry | Verb::Cancel) {
        choices.push(Choice::Pace);
    }
    if plan.verb != Verb::PutBack && (!plan.held.is_empty() || !plan.held_complete) {
        choices.push(Choice::Others);
    }
    choices.push(Choice::Reason);
    choices
}

fn choice_words(choice: Choice, plan: &Plan) -> String {
    let chosen = &plan.choices;
    let clock = |at: Timestamp| at.to_zoned(plan.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string();
    match choice {
        Choice::Attempts => format!("{} {} for each", chosen.retries, if chosen.retries == 1 { "attempt" } else { "attempts" }),
        Choice::Due => match chosen.due {
            Due::Now => match plan.kept_dates().as_slice() {
                [] => "due now".to_owned(),
                [one] => format!("due now; 1 timer keeps its date, {}: now makes it run at once", clock(*one)),
                [first, ..] => format!("due now; {} timers keep their dates, the first {}: now makes them run at once", plan.kept_dates().len(), clock(*first)),
            },
            Due::Keep => "keeps its due date, which may lie ahead".to_owned(),
            Due::At(at) => format!("not before {}", clock(at)),
        },
        Choice::Pace if plan.verb == Verb::Retry && plan.targets.len() > COUNTED_FROM => {
            format!("{} a second at most, fewer while due jobs pile up", chosen.pace.per_second)
        }
        Choice::Pace => format!("{} a second at most", chosen.pace.per_second),
        Choice::Canary if chosen.pace.canary == 0 => "none goes first".to_owned(),
        Choice::Canary => format!("{} go first and are waited for; then the others", chosen.pace.canary.min(plan.targets.len())),
        Choice::StopAt => format!("it pauses by itself once more than {} % have failed", chosen.pace.stop_at),
        Choice::Batch if chosen.batch => "by one batch of the engine: it sets its own pace, nothing goes first".to_owned(),
        Choice::Batch => "one request each, paced and watched by bpmtop".to_owned(),
        Choice::Existing => existing_words(plan),
        Choice::At => chosen.at.map_or_else(|| "now".to_owned(), |at| format!("at {}, by a timer of the engine", clock(at))),
        Choice::Others => match chosen.others {
            OtherCause::Keep => format!("{} suspended by another cause stay suspended", held_words(plan)),
            OtherCause::Wake => format!("{} suspended by another cause are WOKEN TOO", held_words(plan)),
        },
        Choice::Level => {
            plan.levels.get(chosen.level).map_or_else(String::new, |level| format!("level {} of {}: {}", chosen.level + 1, plan.levels.len(), level.words()))
        }
        Choice::Listeners if chosen.skip_listeners => "listeners of the diagram are left out".to_owned(),
        Choice::Listeners => "listeners of the diagram run".to_owned(),
        Choice::Reason if chosen.reason.is_empty() => "none given".to_owned(),
        Choice::Reason => crate::text::safe(&chosen.reason).into_owned(),
    }
}

/// How many jobs something else suspended, as far as that was read.
fn held_words(plan: &Plan) -> String {
    format!("{}{}", if plan.held_complete { "" } else { "at least " }, plural(plan.held.len() as u64, "job"))
}

fn existing_words(plan: &Plan) -> String {
    let too = plan.choices.jobs_too;
    match plan.verb {
        Verb::SuspendProcesses | Verb::ResumeProcesses if too => "running instances too",
        Verb::SuspendProcesses => "only new starts: instances that run go on",
        Verb::ResumeProcesses => "only new starts: suspended instances stay suspended",
        Verb::ResumeJobDefinitions if too => "existing jobs too",
        Verb::ResumeJobDefinitions => "only jobs created from now on: existing ones stay suspended",
        _ if too => "existing jobs too",
        _ => "only jobs created from now on: existing ones STILL RUN",
    }
    .to_owned()
}

fn tree(plan: &Plan, lines: &mut Vec<Line>) {
    let level = plan.levels.get(plan.choices.level);
    let rows = level.map_or(plan.tree.as_slice(), |level| level.tree.as_slice());
    if rows.is_empty() {
        return;
    }
    let heading = match level {
        Some(level) => format!("What ends: {}{}", if level.complete { "" } else { "at least " }, plural(level.count as u64, "instance")),
        None => "Where it is in its tree".to_owned(),
    };
    lines.push(Line::Heading(heading));
    for row in rows {
        let mark = if row.asked { "  \u{2190} the selected instance" } else { "" };
        let note = if row.note.is_empty() { String::new() } else { format!(": {}", row.note) };
        lines.push(Line::Text(format!("{}{}{note}{mark}", "  ".repeat(row.depth), row.label)));
    }
    lines.push(Line::Blank);
}

/// What a variable was and what it becomes; neither where its name says that it may be secret.
fn values(plan: &Plan, lines: &mut Vec<Line>) {
    if let Asked::Annotate { text, .. } = &plan.asked {
        let before = plan.targets.iter().find_map(|target| match &target.subject {
            Subject::Incident(known) => known.incident.annotation.as_ref().map(ToString::to_string),
            _ => None,
        });
        lines.push(Line::Field("was", before.unwrap_or_else(|| "no note".to_owned()), Tone::Plain));
        lines.push(Line::Field("becomes", text.as_ref().map_or_else(|| "no note".to_owned(), |text| crate::text::safe(text).into_owned()), Tone::Warning));
        lines.push(Line::Blank);
    }
    let Asked::SetVariable { value, .. } = &plan.asked else { return };
    for target in plan.targets.iter() {
        let Subject::Variable { before, masked, .. } = &target.subject else { continue };
        let shown = |value: &NewValue| match &value.value {
            _ if *masked => "masked: its name says that it may be secret".to_owned(),
            serde_json::Value::String(text) => crate::text::safe(text).into_owned(),
            other => crate::text::safe(&other.to_string()).into_owned(),
        };
        lines.push(Line::Field("was", before.as_ref().map_or_else(|| "not sent by the engine".to_owned(), shown), Tone::Plain));
        lines.push(Line::Field("becomes", shown(value), Tone::Warning));
        lines.push(Line::Blank);
    }
}

fn targets(plan: &Plan, lines: &mut Vec<Line>) {
    if !plan.levels.is_empty() {
        return;
    }
    lines.push(Line::Heading(format!("Targets: {}", count_exact(plan.targets.len() as u64))));
    for (place, target) in plan.targets.iter().enumerate().take(SHOWN_TARGETS) {
        let key = target.business_key.as_ref().map_or_else(String::new, |key| format!("  {key}"));
        lines.push(Line::Text(format!("{}{key}  {} {}", target.label, target.kind(), crate::text::safe(target.id()))));
        if plan.verb == Verb::PutBack {
            lines.extend(restored(plan, place, target));
        }
    }
    if plan.targets.len() > SHOWN_TARGETS {
        lines.push(Line::Remark(format!("\u{2026} and {} more", count_exact((plan.targets.len() - SHOWN_TARGETS) as u64)), Tone::Muted));
    }
}

/// How a job is that is put back, and how it becomes.
fn restored(plan: &Plan, place: usize, target: &Target) -> Vec<Line> {
    let (Subject::Job { job, .. }, Some(held)) = (&target.subject, plan.held.iter().find(|held| held.target == place)) else { return Vec::new() };
    let due = |due: Option<Timestamp>| {
        due.map_or_else(|| "no due date, as before".to_owned(), |due| format!("due {}", due.to_zoned(plan.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z")))
    };
    let is = if job.suspended { "suspended" } else { "AWAKE" };
    let now = if job.due.is_none() { "due at once".to_owned() } else { due(job.due) };
    vec![Line::Text(format!("    now {is}, {now} ({})", held.cause)), Line::Text(format!("    then suspended, {}", due(held.due)))]
}

/// What confirms a plan, in words.
pub fn confirmation(plan: &Plan) -> String {
    match plan.danger() {
        Danger::Plain => format!("press enter to {}", plan.purpose()),
        Danger::Type { what, .. } => format!("press enter, then type {what} to {}", plan.purpose()),
    }
}

impl Contents for PlanPage {
    fn context(&self) -> Context {
        Context::Plan
    }

    fn crumb(&self) -> &'static str {
        "Plan"
    }

    fn set_height(&mut self, height: usize) {
        self.text.set_height(height.saturating_sub(4));
    }

    fn refresh(&mut self, _snapshot: &Snapshot) {}

    fn go(&mut self, motion: Motion, _now: Moment) {
        self.text.go(motion);
    }

    fn look(&self, _snapshot: &Snapshot, _looking: &mut Looking) {}

    fn id(&self) -> Option<String> {
        self.curl()
    }

    fn instance(&self) -> Option<(ProcessInstanceId, Option<ProcessDefinitionId>)> {
        let plan = self.plan()?;
        plan.targets.first().and_then(|target| target.instance()).map(|id| (id.clone(), None))
    }

    fn text(&self) -> Option<&Document> {
        Some(&self.text)
    }

    fn text_mut(&mut self) -> Option<&mut Document> {
        Some(&mut self.text)
    }
}
