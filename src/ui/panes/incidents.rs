//! The incidents pane: groups, signatures or incidents, and a preview of the selected row.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{age_remark, order_words, unless_stale};
use crate::app::App;
use crate::app::geometry::{PREVIEW_LINES, Pane, has_preview};
use crate::app::incidents::{Again, Level, RECENT, Trace, again, failed_at, retries};
use crate::app::list::ListState;
use crate::model::cause::{self, Causes};
use crate::model::engine_job::{self, Work};
use crate::model::figure::Figure;
use crate::model::freshness::Polled;
use crate::model::grouping::{Group, KnownIncident, Names, SignatureGroup, SignatureKey, Stage};
use crate::model::ids::IncidentId;
use crate::model::naming;
use crate::model::rights::Trust;
use crate::model::section::Problem;
use crate::model::snapshot::Link;
use crate::model::suspension::SuspendedDefinitions;
use crate::text::{Align, age, age_short, count_exact, count_short, truncate, wrap_words};
use crate::theme::Role;
use crate::ui::look::{Look, Pen};
use crate::ui::table::{Cell, Column, Row, Table, Title, Width};

const fn fixed(title: &'static str, cells: u16, align: Align, rank: u8) -> Column {
    Column { title, width: Width::Fixed(cells), align, rank }
}

const fn share(title: &'static str, least: u16, weight: u16, rank: u8) -> Column {
    Column { title, width: Width::Share { least, weight }, align: Align::Left, rank }
}

/// In the order of `GroupColumn`.
const GROUPS: &[Column] = &[
    fixed("ROOTS", 6, Align::Right, 0),
    fixed("BLOCKED", 8, Align::Right, 4),
    share("PROCESS", 12, 2, 2),
    share("ACTIVITY", 14, 2, 0),
    fixed("TYPE", 9, Align::Left, 7),
    fixed("LAST 5m", 8, Align::Right, 6),
    fixed("OLDEST", 7, Align::Right, 5),
    fixed("NEWEST", 7, Align::Right, 3),
    share("ERROR", 16, 4, 1),
];

/// In the order of `SignatureColumn`.
const SIGNATURES: &[Column] =
    &[fixed("ROOTS", 6, Align::Right, 0), fixed("OLDEST", 7, Align::Right, 3), fixed("NEWEST", 7, Align::Right, 2), share("ERROR", 20, 1, 0)];

/// In the order of `IncidentColumn`.
const INCIDENTS: &[Column] = &[
    fixed("AGE", 5, Align::Right, 0),
    share("BUSINESS KEY", 16, 2, 0),
    fixed("VERSION", 8, Align::Right, 3),
    fixed("RETRIES", 8, Align::Right, 2),
    share("INSTANCE", 12, 1, 4),
    share("MESSAGE", 16, 4, 1),
];

/// Draws the pane.
pub fn draw(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    title(app, look).draw(area, buffer);
    let preview = has_preview(area);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1 + if preview { PREVIEW_LINES } else { 0 }), ..area };
    let pane = &app.incidents;
    let suspended = SuspendedDefinitions::of(&app.snapshot);
    match pane.level() {
        Level::Groups => {
            let cells = |group| group_cells(group, &suspended, app);
            table(GROUPS, &pane.groups, app, |key| app.snapshot.groups.find(key).map(cells)).draw(look, body, buffer)
        }
        Level::Signatures(_) => table(SIGNATURES, &pane.signatures, app, |signature| signature_cells(signature, app)).draw(look, body, buffer),
        Level::Incidents(..) => {
            let cells = |known: &Arc<KnownIncident>| incident_cells(known, &suspended, app);
            table(INCIDENTS, &pane.incidents, app, |id| app.snapshot.incident(id).map(cells)).draw(look, body, buffer);
        }
    }
    if shown(app) == 0 {
        draw_empty(app, look, body, buffer);
    }
    if preview {
        let lines = Rect { y: area.y + area.height - PREVIEW_LINES, height: PREVIEW_LINES, ..area };
        draw_preview(app, look, lines, buffer);
    }
    super::fade_if_stale(Polled::Incidents, app, look, Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }, buffer);
}

fn shown(app: &App) -> usize {
    let pane = &app.incidents;
    match pane.level() {
        Level::Groups => pane.groups.window().1,
        Level::Signatures(_) => pane.signatures.window().1,
        Level::Incidents(..) => pane.incidents.window().1,
    }
}

fn table<'a, K: Clone + Eq + std::hash::Hash>(columns: &'a [Column], list: &ListState<K>, app: &App, cells: impl Fn(&K) -> Option<Vec<Cell>>) -> Table<'a> {
    let rows = list
        .visible()
        .map(|(key, selected)| {
            let mut found = if list.is_ghost(key) { None } else { cells(key) };
            if found.is_none() && selected {
                found = fate_words(app).map(|words| vec![Cell::new(words, Role::Warning)]);
            }
            let ghost = found.is_none().then_some("no longer there: resolved, retried or cancelled");
            Row { cells: found.unwrap_or_default(), selected, marked: list.marks().contains(key), ghost }
        })
        .collect();
    Table { columns, sort: (list.sort_column, list.sort_reversed), rows, window: list.window(), focused: app.focus == Pane::Incidents }
}

/// What became of the work behind the row that vanished under the cursor, where something of it failed since.
fn fate_words(app: &App) -> Option<String> {
    let fate = app.incidents.fate(&app.snapshot)?;
    let opens = if matches!(app.incidents.level(), Level::Incidents(..)) { ": enter opens it" } else { "" };
    if let Some(known) = &fate.newest_again {
        let ago = since(app, known.incident.created);
        let how = match app.incidents.level() {
            Level::Groups => format!("at {}", place_words(known, app)),
            _ => "with another message".to_owned(),
        };
        return Some(match fate.again {
            1 => format!("gone from here: failed again {ago} ago {how}{opens}"),
            many => format!("gone from here: {} failed again {how}, the last {ago} ago", count_exact(many as u64)),
        });
    }
    let known = fate.newest_moved_on.as_ref()?;
    let (place, ago) = (place_words(known, app), since(app, known.incident.created));
    Some(match fate.moved_on {
        1 => format!("gone from here: moved on, then failed at {place} {ago} ago{opens}"),
        many => format!("gone from here: {} moved on and failed later, the last at {place} {ago} ago", count_exact(many as u64)),
    })
}

/// The activity at which an incident stands, as it is called on the screen.
fn place_words(known: &KnownIncident, app: &App) -> String {
    let incident = &known.incident;
    let activity = incident.activity.as_ref().map(|activity| naming::activity(&app.snapshot.names(), incident.process_definition.as_ref(), activity));
    activity.unwrap_or_else(|| "work of the engine".to_owned())
}

fn title<'a>(app: &App, look: &'a Look) -> Title<'a> {
    let pane = &app.incidents;
    let mut path = vec!["Incidents by activity".to_owned()];
    let mut summary = Vec::new();
    if let Level::Signatures(key) | Level::Incidents(key, _) = pane.level() {
        let name = pane.open_group(&app.snapshot).map_or_else(
            || key.activity.as_ref().map_or_else(|| naming::ENGINE.to_owned(), naming::activity_id),
            |group| {
                let place = naming::of_group(group, &app.snapshot);
                format!("{} / {}", place.process, place.activity)
            },
        );
        path = vec!["Incidents".to_owned(), truncate(&name, 60).into_owned()];
    }
    if let Level::Incidents(_, signature) = pane.level() {
        let row = pane.signature_group(&app.snapshot, signature);
        let failed = row.and_then(|row| failed_at(row, &app.snapshot)).map_or_else(String::new, |failed| format!("failed at {failed}: "));
        path.push(format!("{}{}", truncate(&failed, 40), truncate(signature.signature.as_str(), 50)));
    }
    let set = app.snapshot.incidents.get();
    let polled = Polled::Incidents;
    if matches!(pane.level(), Level::Groups) {
        let groups = &app.snapshot.groups;
        if set.is_some() || groups.roots > 0 {
            // Before all rows are read, there may be more: incidents that stand on no definition, and those not read yet.
            let least = if groups.stage == Stage::Complete { "" } else { "\u{2265}" };
            summary.push((
                format!("{least}{}", plural(groups.roots, "root", "roots")),
                unless_stale(polled, if groups.roots > 0 { Role::Root } else { Role::Ok }, app),
            ));
            if groups.blocked > 0 {
                summary.push((format!("{} blocked by them", count_exact(groups.blocked as u64)), unless_stale(polled, Role::Blocked, app)));
            }
            let outside = app.scoping.blocked_from_outside();
            if outside > 0 {
                summary.push((format!("{} wait on roots outside", count_exact(outside as u64)), unless_stale(polled, Role::Blocked, app)));
            }
        }
        match groups.stage {
            Stage::Complete => {}
            Stage::Processes => summary.push(("by process; activities are being read".to_owned(), Role::Info)),
            Stage::Sampled { read, of } => summary.push((format!("SAMPLED {} of {}, oldest first", count_exact(read), count_exact(of)), Role::BadgeStale)),
        }
    }
    summary.extend(match pane.level() {
        Level::Groups => order_words(&pane.groups, app),
        Level::Signatures(_) => order_words(&pane.signatures, app),
        Level::Incidents(..) => order_words(&pane.incidents, app),
    });
    if !pane.filter().is_empty() {
        summary.push((format!("filter /{}/", truncate(pane.filter().typed(), 24)), Role::Match));
    }
    if pane.marked() > 0 {
        summary.push((format!("{} marked", pane.marked()), Role::Mark));
    }
    Title { path, summary, remark: checked_remark(app), focused: app.focus == Pane::Incidents, look }
}

/// From this difference on two ages are told.
const APART: Duration = Duration::from_secs(30);

/// The longest age of the comparison definition by definition; a minute is left for the reading itself.
const CHECKED: Duration = Duration::from_secs(360);

/// How old the incidents are, and how long ago they were compared with the engine definition by definition, where that is longer.
fn checked_remark(app: &App) -> (String, Role) {
    let (read, role) = age_remark(&app.snapshot.incidents, Polled::Incidents, app);
    let age_of_read = app.snapshot.incidents.age(app.now).unwrap_or_default();
    let Some(checked) = app.snapshot.incidents_checked.map(|checked| app.now.since(checked)).filter(|checked| *checked > age_of_read + APART) else {
        return (read, role);
    };
    let by = if app.size.0 >= 110 { "checked by definition" } else { "checked" };
    let role = if checked > CHECKED && role == Role::Muted { Role::Warning } else { role };
    (format!("{read}, {by} {} ago", age(checked)), role)
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", count_exact(count as u64), if count == 1 { one } else { many })
}

fn since(app: &App, time: Timestamp) -> String {
    let now = app.snapshot.engine.engine_time(app.now);
    age_short(Duration::try_from(now.duration_since(time)).unwrap_or_default())
}

/// The badge of a group whose job definitions or process definitions are suspended: all of them, or some. One incident of each signature
/// and version is looked at.
fn suspended_lead(group: &Group, suspended: &SuspendedDefinitions<'_>, app: &App) -> Vec<(String, Role)> {
    let mut seen = HashSet::new();
    let places = group.signatures.iter().flat_map(|signature| signature.incidents.first()).map(|known| &known.incident);
    let states: Vec<bool> = places.filter(|incident| seen.insert(&incident.job_definition)).map(|incident| suspended.include(incident)).collect();
    match states.iter().filter(|suspended| **suspended).count() {
        0 => Vec::new(),
        count if count == states.len() => vec![(badge(app, "SUSPENDED"), Role::BadgeSuspended)],
        _ => vec![(badge(app, "partly SUSPENDED"), Role::BadgeSuspended)],
    }
}

/// The word, where it leaves room for what the row is about; else its beginning.
fn badge(app: &App, word: &str) -> String {
    let short = if word.starts_with("partly") { "part SUSP" } else { "SUSP" };
    format!("{} ", if app.size.0 >= 140 { word } else { short })
}

fn group_cells(group: &Group, suspended: &SuspendedDefinitions<'_>, app: &App) -> Vec<Cell> {
    let now = app.snapshot.engine.engine_time(app.now);
    let recent = group.created_since(now - RECENT);
    if app.snapshot.groups.stage == Stage::Processes {
        return process_cells(group, app);
    }
    let place = naming::of_group(group, &app.snapshot);
    let signature = match group.signatures.as_slice() {
        [] if group.cause_hidden > 0 => "the root cause is not visible to this user".to_owned(),
        [] => String::new(),
        [only] => error_words(only, app),
        [first, rest @ ..] => format!("{} of {}: {}  (+{} more)", first.incidents.len(), group.roots, error_words(first, app), rest.len()),
    };
    let error = match again(group, &app.snapshot) {
        Some(again) => {
            Cell::new(signature, Role::Text).led_by(vec![(format!("{}  ", again.short()), if again.suspended { Role::BadgeSuspended } else { Role::Warning })])
        }
        None => Cell::new(signature, Role::Text),
    };
    vec![
        Cell::new(count_short(group.roots as u64), if group.roots > 0 { Role::Root } else { Role::Muted }),
        Cell::new(if group.blocked == 0 { String::new() } else { count_short(group.blocked as u64) }, Role::Blocked),
        Cell::with_tail(place.process.clone(), versions_and_tenant(group), if group.key.work.is_some() { Role::Muted } else { Role::Text }),
        Cell::new(place.what(), Role::Text).led_by(suspended_lead(group, suspended, app)),
        Cell::new(kind_words(group, app), Role::Muted),
        Cell::new(if recent == 0 { "-".to_owned() } else { format!("+{}", count_short(recent as u64)) }, if recent > 0 { Role::Warning } else { Role::Faint }),
        Cell::new(since(app, group.oldest), Role::Muted),
        Cell::new(since(app, group.newest), Role::Muted),
        error,
    ]
}

/// The row of a process while its activities are not known yet.
fn process_cells(group: &Group, app: &App) -> Vec<Cell> {
    let blank = || Cell::new("", Role::Faint);
    vec![
        Cell::new(count_short(group.roots as u64), Role::Root),
        blank(),
        Cell::with_tail(naming::of_group(group, &app.snapshot).process, versions_and_tenant(group), Role::Text),
        Cell::new("…", Role::Faint),
        Cell::new(kind_label(group.key.kind.as_wire(), &group.key.kind.to_string()), Role::Muted),
        blank(),
        blank(),
        blank(),
        Cell::new("…", Role::Faint),
    ]
}

/// Versions concerned and tenant: ` v3`, ` v1 v3 @acme`, ` v1-9 @acme`.
fn versions_and_tenant(group: &Group) -> String {
    let mut label = String::new();
    let versions: Vec<i64> = group.versions.keys().copied().collect();
    match versions.as_slice() {
        [] => {}
        [one] => label.push_str(&format!(" v{one}")),
        [first, second] => label.push_str(&format!(" v{first} v{second}")),
        [first, .., last] => label.push_str(&format!(" v{first}-{last}")),
    }
    if let Some(tenant) = &group.key.tenant {
        label.push_str(&format!(" @{tenant}"));
    }
    label
}

/// The type of a group: of jobs that no instance stands behind, what starts one.
fn kind_words(group: &Group, app: &App) -> String {
    let newest = group.newest_incident().filter(|_| group.key.work.is_none());
    match newest.and_then(|known| engine_job::of_incident(known, &app.snapshot)).map(|known| known.job.work) {
        Some(Work::StartByTimer) => "timer start".to_owned(),
        _ => kind_label(group.key.kind.as_wire(), &group.key.kind.to_string()),
    }
}

fn kind_label(kind: &str, shown: &str) -> String {
    match kind {
        "failedJob" => "job".to_owned(),
        "failedExternalTask" => "ext. task".to_owned(),
        _ => shown.to_owned(),
    }
}

/// What failed and where, if that is not where the work stands.
fn error_words(row: &SignatureGroup, app: &App) -> String {
    let error = Causes::of(row, &app.snapshot).map_or_else(|| row.key.signature.to_string(), |causes| causes.words());
    match failed_at(row, &app.snapshot) {
        Some(failed) => format!("failed at {failed}: {error}"),
        None => error,
    }
}

fn signature_cells(signature: &SignatureKey, app: &App) -> Option<Vec<Cell>> {
    let group = app.incidents.signature_group(&app.snapshot, signature)?;
    let (oldest, newest) = (group.incidents.last()?, group.incidents.first()?);
    Some(vec![
        Cell::new(count_short(group.incidents.len() as u64), Role::Root),
        Cell::new(since(app, oldest.incident.created), Role::Muted),
        Cell::new(since(app, newest.incident.created), Role::Muted),
        Cell::with_tail(
            error_words(group, app),
            Causes::of(group, &app.snapshot).map_or_else(String::new, |causes| format!("  {}", causes.read_words())),
            Role::Text,
        ),
    ])
}

/// The badge of an incident where nothing runs: its instance, its job definition or its process definition is suspended.
fn suspended_badge(known: &KnownIncident, suspended: &SuspendedDefinitions<'_>, app: &App) -> Vec<(String, Role)> {
    let instance = known.incident.process_instance.as_ref().and_then(|id| app.snapshot.instances.get(id)?.get()?.as_ref());
    let is_suspended = instance.is_some_and(|instance| instance.suspended) || suspended.include(&known.incident);
    is_suspended.then(|| (badge(app, "SUSPENDED"), Role::BadgeSuspended)).into_iter().collect()
}

fn incident_cells(known: &KnownIncident, suspended: &SuspendedDefinitions<'_>, app: &App) -> Vec<Cell> {
    let incident = &known.incident;
    let version = incident.process_definition.as_ref().and_then(|id| app.snapshot.names().version(id));
    let message = match cause::of_incident(known, &app.snapshot) {
        Some(Some(cause)) => cause.line(),
        _ => incident.message.as_ref().map_or_else(|| "(no message)".to_owned(), ToString::to_string),
    };
    let (message, role) = match app.incidents.trace(known, &app.snapshot) {
        None => (message, Role::Text),
        Some(Trace::FailedAgain) => (format!("failed again {} ago: {message}", since(app, incident.created)), Role::Warning),
        Some(Trace::Elsewhere) => (format!("now at {}: {message}", place_words(known, app)), Role::Warning),
    };
    vec![
        Cell::new(since(app, incident.created), Role::Muted),
        business_key_cell(known, app).led_by(suspended_badge(known, suspended, app)),
        Cell::new(version.map_or_else(String::new, |version| format!("v{version}")), Role::Muted),
        retries_cell(known, app),
        Cell::new(incident.process_instance.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string), Role::Muted),
        Cell::new(message, role),
    ]
}

fn business_key_cell(known: &KnownIncident, app: &App) -> Cell {
    let section = known.incident.process_instance.as_ref().map(|id| app.snapshot.instances.get(id));
    match section {
        None => Cell::new("-", Role::Faint),
        Some(section) => match section.and_then(|section| section.get()) {
            Some(Some(instance)) => match &instance.business_key {
                Some(key) => Cell::new(key.to_string(), Role::Text),
                None => Cell::new("(none)", Role::Faint),
            },
            Some(None) => Cell::new("(instance ended)", Role::Muted),
            None if section.is_some_and(|section| section.problem.is_some()) => Cell::new("(not readable)", Role::Unknown),
            None => Cell::new("…", Role::Faint),
        },
    }
}

fn retries_cell(known: &KnownIncident, app: &App) -> Cell {
    match retries(known, &app.snapshot) {
        Some(0) => Cell::new("0", Role::Critical),
        Some(left) => Cell::new(left.to_string(), Role::Warning),
        None => Cell::new("", Role::Faint),
    }
}

fn draw_empty(app: &App, look: &Look, body: Rect, buffer: &mut Buffer) {
    if app.snapshot.incidents.get().is_none()
        && let Link::Down { problem, .. } | Link::LoginRefused { problem } = &app.snapshot.link
    {
        draw_no_answer(problem, app, look, body, buffer);
        return;
    }
    let (text, role) = match app.snapshot.incidents.get() {
        None => match &app.snapshot.incidents.problem {
            Some(problem) => (format!("Incidents are not known: {}", problem.what), Role::Warning),
            None => ("Reading incidents…".to_owned(), Role::Muted),
        },
        Some(_) if !app.incidents.filter().is_empty() => ("No row passes the filter; esc clears it.".to_owned(), Role::Muted),
        Some(set) if set.incidents.is_empty() => match app.snapshot.trust(Figure::IncidentsRoot) {
            Trust::Complete => ("No open incidents.".to_owned(), Role::Ok),
            Trust::Unknown => ("No open incidents that this login may see.".to_owned(), Role::Text),
            Trust::Partial(right) => (format!("No open incidents visible to you; there may be some: {}.", right.not_granted()), Role::Warning),
        },
        Some(_) if app.scoping.scope().is_on() && matches!(app.incidents.level(), Level::Groups) => super::nothing_within("open incidents", app),
        Some(_) => ("Nothing left here; esc goes back.".to_owned(), Role::Muted),
    };
    if let Some(mut pen) = Pen::new(buffer, body, 2.min(body.height.saturating_sub(1))) {
        pen.skip(2).write(&text, look.style(role));
    }
}

/// Why there is nothing to show, and the way out, over as many lines as it takes.
fn draw_no_answer(problem: &Problem, app: &App, look: &Look, body: Rect, buffer: &mut Buffer) {
    let room = usize::from(body.width).saturating_sub(4).max(20);
    let paragraphs = [
        Some((problem.what.as_str(), Role::Critical)),
        Some((problem.remedy.as_str(), Role::Text)),
        app.settings.hint.as_deref().map(|hint| (hint, Role::Info)),
    ];
    let mut line = 2;
    for (text, role) in paragraphs.into_iter().flatten() {
        for part in wrap_words(text, room) {
            if let Some(mut pen) = Pen::new(buffer, body, line) {
                pen.skip(2).write(&part, look.style(role));
            }
            line += 1;
        }
        line += 1;
    }
}

/// Three lines on the selected row: a rule, its message as far as it fits, since when it fails and what it blocks.
fn draw_preview(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    if let Some(mut pen) = Pen::new(buffer, area, 0) {
        pen.fill(look.symbols.border.horizontal_top, look.style(Role::Faint));
    }
    let Some(known) = selected(app).and_then(|id| app.snapshot.incident(&id)) else {
        if let Some(mut pen) = Pen::new(buffer, area, 1) {
            let text = if app.incidents.has_cursor() { "" } else { "Press down to put the cursor on a row; until then the list follows its sorting." };
            pen.skip(2).write(text, look.style(Role::Faint));
        }
        return;
    };
    if let Some(mut pen) = Pen::new(buffer, area, 1) {
        pen.skip(2);
        let message = known.incident.message.as_ref().map_or_else(|| "(the failure carried no message)".to_owned(), ToString::to_string);
        let failed =
            known.incident.failed_elsewhere().map(|failed| naming::failed_at(&app.snapshot.names(), known.incident.process_definition.as_ref(), failed));
        let failed = failed.map_or_else(String::new, |failed| format!(", failed at {failed}"));
        let label = format!("{}{failed}: ", if matches!(app.incidents.level(), Level::Incidents(..)) { "message" } else { "newest" });
        pen.write(&label, look.style(Role::Muted)).write(&message, look.style(Role::Text));
    }
    let Some(mut pen) = Pen::new(buffer, area, 2) else { return };
    pen.skip(2);
    if let Some((what, retry)) = work_words(known, app) {
        pen.write(&what, look.style(Role::Text)).write("; ", look.style(Role::Muted)).write(&retry, look.style(Role::Warning));
        return;
    }
    if let Some(words) = again_words(app) {
        pen.write(&words, look.style(Role::Warning)).write("; ", look.style(Role::Muted));
    }
    if let Some(words) = app.incidents.first_seen(&app.snapshot) {
        pen.write(&words, look.style(Role::Text)).write("; ", look.style(Role::Muted));
    }
    match blocked_words(app) {
        Some(words) => drop(pen.write(&words, look.style(Role::Blocked))),
        None => drop(pen.write("blocks no other instance", look.style(Role::Faint))),
    }
}

/// Which of the engine's own work failed, and what a retry of one job does; none where an instance failed.
fn work_words(known: &KnownIncident, app: &App) -> Option<(String, String)> {
    let work = engine_job::of_incident(known, &app.snapshot)?;
    let per_job = work.progress.map(|progress| progress.batch.per_job);
    Some((work.words(), format!("a retry {} and takes the role {}", work.job.work.does(per_job), work.job.work.role())))
}

/// How many jobs of the selected or open group have attempts again although their incidents are open; none where none has.
fn again_words(app: &App) -> Option<String> {
    let group = match app.incidents.level() {
        Level::Groups => app.snapshot.groups.find(app.incidents.groups.selected_present()?)?,
        _ => app.incidents.open_group(&app.snapshot)?,
    };
    again(group, &app.snapshot).map(Again::words)
}

fn selected(app: &App) -> Option<IncidentId> {
    app.incidents.selected_incident(&app.snapshot)
}

/// Where blocked parents of the selected or open group wait.
fn blocked_words(app: &App) -> Option<String> {
    let group = match app.incidents.level() {
        Level::Groups => app.snapshot.groups.find(app.incidents.groups.selected_present()?)?,
        _ => app.incidents.open_group(&app.snapshot)?,
    };
    if group.blocked == 0 {
        return None;
    }
    let places: Vec<String> = group
        .blocked_at
        .iter()
        .take(4)
        .map(|place| {
            let process = place.process.as_ref().map_or_else(|| naming::ENGINE.to_owned(), ToString::to_string);
            let activity = place.activity.as_ref().map_or_else(String::new, |activity| format!(" at {}", naming::activity_id(activity)));
            format!("{} in {process}{activity}", place.count)
        })
        .collect();
    Some(format!("this group blocks: {}", places.join(", ")))
}
