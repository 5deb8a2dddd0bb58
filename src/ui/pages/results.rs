//! The results of a search: what was found, of all kinds in one list; what may be asked besides.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::app::pages::results::{Content, ResultsPage, Row as ResultRow, RowKey, Trouble};
use crate::app::pages::{PREVIEW, has_preview};
use crate::model::engine_job::{self, WorkKey};
use crate::model::history::IncidentState;
use crate::model::ids::{ActivityId, ProcessDefinitionId, ProcessInstanceId};
use crate::model::inquiry::{Finding, Inquiry, Standing};
use crate::model::naming;
use crate::model::search::{ActivityHit, Among, Fit, Hit, InstanceHit, Needle, Place, Source};
use crate::model::snapshot::Snapshot;
use crate::text::{Align, EngineText, age, age_short, count_exact, count_short, truncate, wrap_words};
use crate::theme::Role;
use crate::ui::freshness::read_once_remark;
use crate::ui::look::{Look, Pen};
use crate::ui::table::{Cell, Column, Row, Table, Title, Width};

const COLUMNS: [Column; 7] = [
    Column { title: "KIND", width: Width::Fixed(9), align: Align::Left, rank: 0 },
    Column { title: "MATCHES", width: Width::Share { least: 14, weight: 4 }, align: Align::Left, rank: 0 },
    Column { title: "PROCESS", width: Width::Share { least: 16, weight: 3 }, align: Align::Left, rank: 0 },
    Column { title: "BUSINESS KEY", width: Width::Share { least: 14, weight: 2 }, align: Align::Left, rank: 3 },
    Column { title: "STATE", width: Width::Fixed(10), align: Align::Left, rank: 2 },
    Column { title: "AGE", width: Width::Fixed(5), align: Align::Right, rank: 4 },
    Column { title: "INCIDENTS", width: Width::Fixed(14), align: Align::Left, rank: 1 },
];

/// Draws the page.
pub fn draw(app: &App, page: &ResultsPage, look: &Look, area: Rect, buffer: &mut Buffer) {
    let whole = app.whole();
    title(app, page, look).draw(area, buffer);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let preview = has_preview(body.height.into());
    let lines = if preview { u16::try_from(PREVIEW).unwrap_or(0) } else { 0 };
    let rows = Rect { height: body.height.saturating_sub(lines), ..body };
    table(app, page, &whole, look).draw(look, rows, buffer);
    if preview {
        let below = Rect { y: rows.y + rows.height, height: lines, ..body };
        draw_preview(app, page, &whole, look, below, buffer);
    }
}

fn title<'a>(app: &App, page: &ResultsPage, look: &'a Look) -> Title<'a> {
    let lead = if page.place.is_some() { "Instances" } else { "Find" };
    let path = super::path(app, [lead.to_owned(), truncate(&page.needle.to_string(), 60).into_owned()]);
    let mut summary = Vec::new();
    match &page.running {
        Some(running) => {
            summary.push((format!("{} searching, {}; esc gives up", turning(app, running.since, look), age(app.now.since(running.since))), Role::Info))
        }
        None if !page.failed().is_empty() => summary.push(("not everything was answered".to_owned(), Role::Warning)),
        None => summary.push((
            match page.hits() {
                0 => "nothing found".to_owned(),
                1 => "1 result".to_owned(),
                many => format!("{} results", count_short(many as u64)),
            },
            Role::Muted,
        )),
    }
    if let Some(total) = page.place.as_ref().and_then(|place| page.asked.get(&Source::Of(place.clone(), Among::All))?.total) {
        summary.push((format!("of {} running", count_exact(total)), Role::Muted));
    }
    let remark = page.read.map_or_else(|| (String::new(), Role::Muted), |read| read_once_remark(app, read));
    Title { path, summary, remark, focused: true, look }
}

fn turning<'a>(app: &App, since: crate::model::section::Moment, look: &'a Look) -> &'a str {
    let seconds = usize::try_from(app.now.since(since).as_secs()).unwrap_or(0);
    look.symbols.spinner[seconds % look.symbols.spinner.len()]
}

fn table<'a>(app: &App, page: &ResultsPage, whole: &Snapshot, look: &Look) -> Table<'a> {
    let rows = page.list.visible().map(|(key, selected)| match page.row(key) {
        Some(row) => Row { cells: cells(app, page, row, whole, look), selected, marked: false, ghost: None },
        None => Row { cells: Vec::new(), selected, marked: false, ghost: Some(if matches!(key, RowKey::Problem(_)) { "answered" } else { "no longer there" }) },
    });
    Table { columns: &COLUMNS, sort: (usize::MAX, false), rows: rows.collect(), window: page.list.window(), focused: true }
}

fn cells(app: &App, page: &ResultsPage, row: &ResultRow, whole: &Snapshot, look: &Look) -> Vec<Cell> {
    match &row.content {
        Content::Hit(hit, source) => Shown { app, page, whole, look }.hit(hit, source.as_ref()),
        Content::Offer(source) => vec![offer(app, page, source, look)],
        Content::More(source) => vec![more(app, page, source, look)],
        Content::Problem(who, label, _) => vec![Cell::new(format!("{label}: {who}"), Role::Warning).led_by(vec![(mark(look.symbols.warning), Role::Warning)])],
        Content::Remark(text) => vec![Cell::new(text.clone(), Role::Muted)],
    }
}

fn mark(symbol: &str) -> String {
    format!("{symbol} ")
}

/// What may be asked: what it does, what it costs; and once it was asked, what came of it.
fn offer(app: &App, page: &ResultsPage, source: &Source, look: &Look) -> Cell {
    let (what, cost) = (what(source, &page.needle), cost(source));
    if let Some(since) = page.asking(source, app.now) {
        let running = page.running.as_ref().map_or(" ", |running| turning(app, running.since, look));
        return Cell::new(format!("{what}: asking for {}, esc gives up", age(since)), Role::Info).led_by(vec![(mark(running), Role::Info)]);
    }
    let lead = |symbol: &str, role| vec![(mark(symbol), role)];
    match page.asked.get(source) {
        Some(asked) if asked.problem.is_some() => {
            let label = asked.problem.as_ref().map_or("", |problem| problem.label);
            Cell::new(format!("{what}: {label}; enter asks again"), Role::Warning).led_by(lead(look.symbols.warning, Role::Warning))
        }
        Some(asked) if asked.pages > 0 => {
            let hidden = page.history.hides_instances().filter(|_| matches!(source, Source::Finished(_)) && asked.hits.is_empty());
            if let Some(hidden) = hidden {
                return Cell::new(format!("{what}: {hidden}"), Role::Warning).led_by(lead(look.symbols.warning, Role::Warning));
            }
            let told = match (asked.hits.len() as u64, asked.total) {
                (0, _) => "none".to_owned(),
                (shown, Some(total)) if total > shown => format!("{} of {}", count_exact(shown), count_exact(total)),
                (shown, _) => count_exact(shown),
            };
            Cell::new(format!("{what}: {told}"), Role::Header).led_by(lead(look.symbols.expanded, Role::Muted))
        }
        Some(asked) if asked.given_up => Cell::new(format!("{what}: given up; enter asks again"), Role::Muted).led_by(lead(look.symbols.collapsed, Role::Key)),
        _ => Cell::new(cost, Role::Muted).led_by(vec![(mark(look.symbols.collapsed), Role::Key), (format!("{what}  "), Role::Text)]),
    }
}

fn what(source: &Source, needle: &Needle) -> String {
    let text = needle.to_string();
    let text = truncate(&text, 20);
    match source {
        Source::Running(Fit::Begins) => format!("business keys that begin with {text}"),
        Source::Running(Fit::Contains) => format!("business keys that contain {text}"),
        Source::Finished(Fit::Whole) => format!("finished instances: business key {text}"),
        Source::Finished(Fit::Begins) => format!("finished instances: key begins with {text}"),
        Source::Finished(Fit::Contains) => format!("finished instances: key contains {text}"),
        Source::Messages => format!("messages that contain {text}"),
        Source::At(activity, _) => format!("running instances at activity {}", truncate(&activity.to_string(), 30)),
        Source::Running(Fit::Whole) => "business keys".to_owned(),
        Source::Instance | Source::Incident | Source::Job | Source::ExternalTask | Source::UserTask => "ids".to_owned(),
        Source::Of(..) => "running instances".to_owned(),
    }
}

/// What asking costs the engine, short enough for a row.
fn cost(source: &Source) -> &'static str {
    match source {
        Source::Running(Fit::Begins) => "reads running keys; upper and lower case differ",
        Source::Running(Fit::Contains) => "reads every running key; upper and lower case differ",
        Source::Finished(Fit::Whole) => "asks the history",
        Source::Finished(Fit::Begins) => "reads keys of the history; upper and lower case differ",
        Source::Finished(Fit::Contains) => "reads the whole history; upper and lower case differ",
        Source::Messages => "reads all messages; upper and lower case differ",
        Source::At(..) => "joins all executions",
        _ => "",
    }
}

/// The same at length, with what the operator must know of the answer.
fn cost_words(source: &Source) -> String {
    const CASE: &str = "Upper and lower case differ on most databases.";
    match source {
        Source::Running(Fit::Begins) => format!(
            "enter asks the engine for 50 running instances whose key begins so; where the database cannot use its index it reads every running instance's key. {CASE}"
        ),
        Source::Running(Fit::Contains) => format!("enter asks the engine, which reads every running instance's key for it. {CASE}"),
        Source::Finished(Fit::Whole) => {
            "enter asks the history for 50 finished instances with exactly this business key, the latest first. Cheap where the history is indexed by it."
                .to_owned()
        }
        Source::Finished(Fit::Begins) => {
            format!("enter asks the history, the latest first; where the database cannot use its index it reads the key of every finished instance. {CASE}")
        }
        Source::Finished(Fit::Contains) => {
            format!("enter asks the history, which reads the key of every instance it keeps: on a large history this takes long. {CASE}")
        }
        Source::Messages => format!("enter asks the engine, which reads the message of every open incident; not all of them are read yet. {CASE}"),
        Source::At(..) => "enter asks the engine for 50 running instances that stand there, of any process and version.".to_owned(),
        _ => String::new(),
    }
}

fn more(app: &App, page: &ResultsPage, source: &Source, look: &Look) -> Cell {
    if page.asking(source, app.now).is_some() {
        return Cell::new("reading the next ones", Role::Info).led_by(vec![(mark(look.symbols.down), Role::Info)]);
    }
    let asked = page.asked.get(source);
    let shown = asked.map_or(0, |asked| asked.hits.len() as u64);
    let of = asked.and_then(|asked| asked.total).map_or_else(|| "more".to_owned(), count_exact);
    Cell::new(format!("{} of {of}: enter reads the next 50", count_exact(shown)), Role::Info).led_by(vec![(mark(look.symbols.down), Role::Key)])
}

/// What a row is drawn from.
struct Shown<'a> {
    app: &'a App,
    page: &'a ResultsPage,
    whole: &'a Snapshot,
    look: &'a Look,
}

impl Shown<'_> {
    fn hit(&self, hit: &Hit, source: Option<&Source>) -> Vec<Cell> {
        let names = self.whole.names();
        let place = |definition: Option<&ProcessDefinitionId>, activity: Option<&ActivityId>| {
            activity.map_or_else(String::new, |activity| format!("at {}", naming::activity(&names, definition, activity)))
        };
        let kind = Cell::new(kind(hit), Role::Accent);
        let process = self.process(hit);
        match hit {
            Hit::Instance(found) => {
                let over = matches!(found.standing, Standing::Over(_));
                let text = if over { Role::Muted } else { Role::Text };
                let key = found.business_key.as_ref().map_or_else(blank, |key| Cell::new(key.to_string(), text));
                let (state, role) = standing(&found.standing);
                let matched = Cell::new(matched(found, source, &self.page.needle), text);
                vec![kind, matched, process, key, Cell::new(state, role), self.age(found.started), self.trouble(Some(&found.id), over)]
            }
            Hit::Incident(known) => {
                let (role, symbol) = if known.incident.is_root() { (Role::Root, self.look.symbols.dot) } else { (Role::Blocked, self.look.symbols.hollow_dot) };
                let state = Cell::new(if known.incident.is_root() { "open" } else { "blocked" }, role);
                let words = match engine_job::of_incident(known, self.whole).filter(|_| hit.definition().is_none()) {
                    Some(work) => work.job.words(),
                    None => place(hit.definition(), known.incident.activity.as_ref()),
                };
                let matched = Cell::new(words, Role::Text).led_by(id());
                let badge = Cell::new("1 incident", role).led_by(vec![(mark(symbol), role)]);
                vec![kind, matched, process, self.key_of(hit), state, self.age(Some(known.incident.created)), badge]
            }
            Hit::EndedIncident(past) => {
                let state = match past.state {
                    IncidentState::Open => "open",
                    IncidentState::Resolved => "resolved",
                    IncidentState::Deleted => "deleted",
                };
                let matched = Cell::new(place(hit.definition(), past.incident.activity.as_ref()), Role::Faint).led_by(id());
                vec![kind, matched, process, self.key_of(hit), Cell::new(state, Role::Faint), self.age(Some(past.incident.created)), blank()]
            }
            Hit::Job(job) => {
                let words = match WorkKey::of_job(job) {
                    Some(work) => engine_job::known(&work, self.whole).job.words(),
                    None => {
                        let known = self.whole.job_definitions.get();
                        let definition = job.job_definition.as_ref().and_then(|id| known?.iter().find(|row| row.id == *id));
                        place(hit.definition(), definition.and_then(|definition| definition.activity.as_ref()).or(job.failed_activity.as_ref()))
                    }
                };
                let matched = Cell::new(words, Role::Text).led_by(id());
                vec![
                    kind,
                    matched,
                    process,
                    self.key_of(hit),
                    retries(Some(job.retries), job.suspended),
                    self.age(job.created),
                    self.trouble(hit.instance(), false),
                ]
            }
            Hit::ExternalTask(task) => {
                let matched = Cell::new(place(hit.definition(), task.activity.as_ref()), Role::Text).led_by(id());
                let key = task.business_key.as_ref().map_or_else(|| self.key_of(hit), |key| Cell::new(key.to_string(), Role::Text));
                vec![kind, matched, process, key, retries(task.retries, task.suspended), blank(), self.trouble(hit.instance(), false)]
            }
            Hit::UserTask(task) => {
                let name = task.name.as_ref().map_or_else(|| place(hit.definition(), task.activity.as_ref()), ToString::to_string);
                let matched = Cell::new(name, Role::Text).led_by(id());
                let state = match (&task.assignee, task.suspended) {
                    (_, true) => Cell::new("SUSPENDED", Role::BadgeSuspended),
                    (Some(_), _) => Cell::new("assigned", Role::Muted),
                    (None, _) => Cell::new("unassigned", Role::Muted),
                };
                vec![kind, matched, process, self.key_of(hit), state, self.age(Some(task.created)), self.trouble(hit.instance(), false)]
            }
            Hit::Message { sample, count, .. } => {
                let message = sample.incident.message.as_ref().map(EngineText::line).unwrap_or_default();
                let matched = Cell::new(around(&message, &self.page.needle), Role::Text);
                vec![kind, matched, process, blank(), blank(), self.age(Some(sample.incident.created)), self.badge(*count, 0)]
            }
            Hit::Activity(found) => {
                vec![kind, self.activity(found), process, blank(), blank(), self.age(Some(found.newest)), self.badge(found.roots, found.blocked)]
            }
        }
    }

    /// An activity by name and id; and once its instances were asked for, what came of it.
    fn activity(&self, found: &ActivityHit) -> Cell {
        let name = naming::activity(&self.whole.names(), found.definition.as_ref(), &found.activity);
        let id = found.activity.to_string();
        let source = found.source();
        let tail = match (self.page.asking(&source, self.app.now), self.page.asked.get(&source)) {
            (Some(since), _) => format!("  asking for {}", age(since)),
            (None, Some(asked)) if asked.given_up => "  given up".to_owned(),
            (None, Some(asked)) if asked.pages > 0 && asked.hits.is_empty() => "  no instance there".to_owned(),
            _ if name == id => String::new(),
            _ => format!("  {id}"),
        };
        Cell::with_tail(name, tail, Role::Text)
    }

    fn process(&self, hit: &Hit) -> Cell {
        let names = self.whole.names();
        match (hit.definition(), hit) {
            // An activity is of all versions.
            (Some(definition), Hit::Activity(_)) => Cell::new(naming::process(&names, definition), Role::Text),
            (Some(definition), _) => Cell::with_tail(naming::process(&names, definition), naming::version(&names, definition), Role::Text),
            (None, _) => Cell::new(naming::ENGINE, Role::Muted),
        }
    }

    /// The business key of the instance that something stands on, where it is known.
    fn key_of(&self, hit: &Hit) -> Cell {
        let finding = hit.instance().and_then(|id| self.whole.findings.get(&Inquiry::Instance(id.clone()))?.get());
        let Some(Finding::Instance(finding)) = finding else { return blank() };
        let past = finding.past.as_ref().ok().and_then(Option::as_ref);
        let key = finding.running.as_ref().map_or_else(|| past.and_then(|past| past.business_key.as_ref()), |running| running.business_key.as_ref());
        key.map_or_else(blank, |key| Cell::new(key.to_string(), Role::Text))
    }

    fn age(&self, since: Option<Timestamp>) -> Cell {
        let now = self.whole.engine.engine_time(self.app.now);
        let words = since.map(|since| age_short(Duration::try_from(now.duration_since(since)).unwrap_or_default()));
        Cell::new(words.unwrap_or_default(), Role::Muted)
    }

    fn trouble(&self, instance: Option<&ProcessInstanceId>, over: bool) -> Cell {
        match instance.and_then(|id| self.page.trouble(id)) {
            _ if over => blank(),
            Some(Trouble { roots, blocked }) => self.badge(roots, blocked),
            None => Cell::new("?", Role::Unknown),
        }
    }

    fn badge(&self, roots: usize, blocked: usize) -> Cell {
        let of = |count: usize, one: &str, many: &str| if count == 1 { format!("1 {one}") } else { format!("{} {many}", count_short(count as u64)) };
        match (roots, blocked) {
            (0, 0) => blank(),
            (0, blocked) => Cell::new(of(blocked, "blocked", "blocked"), Role::Blocked).led_by(vec![(mark(self.look.symbols.hollow_dot), Role::Blocked)]),
            (roots, _) => Cell::new(of(roots, "incident", "incidents"), Role::Root).led_by(vec![(mark(self.look.symbols.dot), Role::Root)]),
        }
    }
}

/// What stands before the place of something that was found by its id.
fn id() -> Vec<(String, Role)> {
    vec![("id ".to_owned(), Role::Muted)]
}

fn blank() -> Cell {
    Cell::new("", Role::Text)
}

fn kind(hit: &Hit) -> &'static str {
    match hit {
        Hit::Instance(_) => "instance",
        Hit::Incident(_) | Hit::EndedIncident(_) => "incident",
        Hit::Job(_) => "job",
        Hit::ExternalTask(_) => "ext. task",
        Hit::UserTask(_) => "user task",
        Hit::Message { .. } => "message",
        Hit::Activity(_) => "activity",
    }
}

/// Why an instance is among the results. Whether it was called tells the one that an operator knows from those below it.
fn matched(found: &InstanceHit, source: Option<&Source>, needle: &Needle) -> String {
    let level = |words: &str| match found.root {
        Some(true) => format!("topmost, {words}"),
        Some(false) => format!("called, {words}"),
        None => words.to_owned(),
    };
    match source {
        _ if found.by_id => level("by id"),
        Some(Source::At(activity, _)) => level(&format!("stands at {activity}")),
        Some(Source::Of(Place { activity: Some(activity), .. }, _)) => level(&format!("stands at {activity}")),
        Some(Source::Of(..)) => level("running"),
        Some(Source::Running(Fit::Whole) | Source::Finished(Fit::Whole)) => level("by business key"),
        // Where the column of the keys has no room, this tells them.
        _ => found.business_key.as_ref().map_or_else(|| needle.to_string(), ToString::to_string),
    }
}

fn standing(standing: &Standing) -> (&'static str, Role) {
    use crate::model::history::InstanceState;
    match standing {
        Standing::Running => ("running", Role::Muted),
        Standing::Suspended => ("SUSPENDED", Role::BadgeSuspended),
        Standing::Over(InstanceState::Completed) => ("completed", Role::Faint),
        Standing::Over(InstanceState::ExternallyTerminated) => ("cancelled", Role::Faint),
        Standing::Over(_) => ("ended", Role::Faint),
    }
}

fn retries(left: Option<i64>, suspended: bool) -> Cell {
    match left {
        _ if suspended => Cell::new("SUSPENDED", Role::BadgeSuspended),
        None => Cell::new("waiting", Role::Muted),
        Some(0) => Cell::new("0 retries", Role::Critical),
        Some(1) => Cell::new("1 retry", Role::Muted),
        Some(left) => Cell::new(format!("{left} retries"), Role::Muted),
    }
}

/// The message from a little before what was looked for, so that the match is seen.
fn around(message: &str, needle: &Needle) -> String {
    const BEFORE: usize = 12;
    let (lower, word) = (message.to_lowercase(), needle.to_string().to_lowercase());
    match lower.find(&word) {
        // Lower case may be of another length; then the beginning is shown rather than a wrong place.
        Some(at) if lower.len() == message.len() && at > 2 * BEFORE => {
            let from = message.char_indices().map(|(index, _)| index).take_while(|index| *index + BEFORE <= at).last().unwrap_or(0);
            format!("…{}", &message[from..])
        }
        _ => message.to_owned(),
    }
}

/// What the columns have no room for, and what enter does.
fn draw_preview(app: &App, page: &ResultsPage, whole: &Snapshot, look: &Look, area: Rect, buffer: &mut Buffer) {
    let Some(mut pen) = Pen::new(buffer, area, 0) else { return };
    pen.fill(look.symbols.border.horizontal_top, look.style(Role::Border));
    let lines = match page.selected().map(|row| &row.content) {
        Some(Content::Hit(hit, _)) => hit_lines(app, page, hit, whole),
        Some(Content::Offer(source)) => match page.asked.get(source).and_then(|asked| asked.problem.as_ref()) {
            Some(problem) => vec![(format!("{}. {}", problem.what, problem.remedy), Role::Warning)],
            None => vec![(cost_words(source), Role::Muted)],
        },
        Some(Content::Problem(_, _, whole)) => vec![(whole.clone(), Role::Warning)],
        Some(Content::More(_)) => vec![("enter reads the next 50 rows and adds them below; the cursor stays.".to_owned(), Role::Muted)],
        Some(Content::Remark(_)) => Vec::new(),
        None if page.is_searching() => {
            vec![("Business keys and ids are being asked for; messages and activities of open incidents need no question.".to_owned(), Role::Muted)]
        }
        None => Vec::new(),
    };
    let room = usize::from(area.width.saturating_sub(4));
    let wrapped = lines.into_iter().flat_map(|(text, role)| wrap_words(&text, room).into_iter().map(move |part| (part, role)));
    for (line, (text, role)) in (1..area.height).zip(wrapped) {
        if let Some(mut pen) = Pen::new(buffer, area, line) {
            pen.skip(2).write(&text, look.style(role));
        }
    }
}

fn hit_lines(app: &App, page: &ResultsPage, hit: &Hit, whole: &Snapshot) -> Vec<(String, Role)> {
    let enter = match hit {
        Hit::Activity(found) if page.asked.get(&found.source()).is_some_and(|asked| asked.pages > 0) => "enter asks again for the instances that stand there",
        Hit::Activity(_) => "enter lists the running instances that stand there",
        Hit::Message { .. } => "enter opens the tree of the newest, on its root cause; d describes it",
        _ if hit.instance().is_none() => "it belongs to no process instance",
        Hit::Instance(_) => "enter opens the tree, on its root cause if it has one",
        _ => "enter opens the tree of its instance, on the root cause",
    };
    let mut facts = vec![format!("{} {}", kind(hit), hit.id())];
    if let Some(id) = hit.instance().filter(|_| !matches!(hit, Hit::Instance(_))) {
        facts.push(format!("instance {id}"));
    }
    if let Hit::Instance(found) = hit {
        facts.extend(found.tenant.as_ref().map(|tenant| format!("tenant {tenant}")));
        facts.extend(found.ended.map(|ended| {
            let ago = whole.engine.engine_time(app.now).duration_since(ended);
            format!("ended {} ago", age(Duration::try_from(ago).unwrap_or_default()))
        }));
    }
    let mut lines = vec![(facts.join("   "), Role::Muted)];
    let message = match hit {
        Hit::Incident(known) | Hit::Message { sample: known, .. } => known.incident.message.as_ref(),
        Hit::EndedIncident(past) => past.incident.message.as_ref(),
        Hit::Job(job) => job.exception_message.as_ref(),
        Hit::ExternalTask(task) => task.error_message.as_ref(),
        _ => None,
    };
    lines.extend(message.map(|message| (truncate(&message.line(), 300).into_owned(), Role::Root)));
    lines.push((format!("{enter}."), Role::Muted));
    lines
}
