//! The tree of called instances: branches, the way to the cause, and what fails where.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::App;
use crate::app::pages::tree::{TreePage, more_words, unfolded};
use crate::app::pages::{PREVIEW, has_preview};
use crate::model::activity_instance::Token;
use crate::model::call_tree::{CaseRow, Content, Ending, Fold, Node, Place, Row as TreeRow, Top, Unfolded};
use crate::model::freshness::{Freshness, worst};
use crate::model::grouping::Names;
use crate::model::inquiry::{Inquiry, Standing, Tokens};
use crate::model::job::Job;
use crate::model::naming;
use crate::model::section::Moment;
use crate::model::snapshot::Snapshot;
use crate::model::suspension::{HeldJobs, Suspension};
use crate::text::{Align, age, age_short, count_exact, count_short, plural, truncate, wrap_words};
use crate::theme::Role;
use crate::ui::freshness::{fade, read_remark};
use crate::ui::look::{Look, Pen};
use crate::ui::table::{Cell, Column, Row, Table, Title, Width};

const COLUMNS: [Column; 6] = [
    Column { title: "PROCESS", width: Width::Share { least: 24, weight: 4 }, align: Align::Left, rank: 0 },
    Column { title: "BUSINESS KEY", width: Width::Share { least: 14, weight: 2 }, align: Align::Left, rank: 1 },
    Column { title: "STATE", width: Width::Fixed(10), align: Align::Left, rank: 3 },
    Column { title: "AGE", width: Width::Fixed(5), align: Align::Right, rank: 4 },
    Column { title: "STANDS AT", width: Width::Share { least: 16, weight: 3 }, align: Align::Left, rank: 2 },
    Column { title: "INCIDENT", width: Width::Share { least: 18, weight: 4 }, align: Align::Left, rank: 0 },
];

/// Draws the page.
pub fn draw(app: &App, page: &TreePage, look: &Look, area: Rect, buffer: &mut Buffer) {
    let whole = app.whole();
    title(app, page, &whole, look).draw(area, buffer);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let preview = has_preview(body.height.into());
    let lines = if preview { u16::try_from(PREVIEW).unwrap_or(0) } else { 0 };
    let rows = Rect { height: body.height.saturating_sub(lines), ..body };
    if page.tree.rows.is_empty() {
        draw_nothing(page, &whole, look, rows, buffer);
    } else {
        table(app, page, &whole, look).draw(look, rows, buffer);
    }
    if preview {
        let below = Rect { y: rows.y + rows.height, height: lines, ..body };
        draw_preview(app, page, &whole, look, below, buffer);
    }
    if oldest(app, page).1.is_stale() {
        fade(body, look, buffer);
    }
}

fn title<'a>(app: &App, page: &TreePage, whole: &Snapshot, look: &'a Look) -> Title<'a> {
    let names = whole.names();
    let mut own = vec!["Tree".to_owned()];
    own.extend(page.tree.path.iter().filter_map(|id| {
        let definition = page.tree.node(id)?.definition.as_ref()?;
        Some(truncate(&naming::process(&names, definition), 28).into_owned())
    }));
    let path = super::path(app, own);
    let mut summary = Vec::new();
    match &page.tree.top {
        Top::Over(ending) if page.seen_running => summary.push((format!("ENDED: {}", ending.state.words()), Role::BadgeStale)),
        Top::Over(ending) => summary.push((ending.state.words().to_owned(), Role::Muted)),
        Top::NotFound => summary.push(("GONE".to_owned(), Role::BadgeStale)),
        _ => {}
    }
    match page.tree.causes.len() {
        0 => {}
        1 => summary.push(("1 root cause".to_owned(), Role::Root)),
        many => {
            let more = if page.tree.more_causes { " or more" } else { "" };
            let at = page.tree.cause.as_ref().and_then(|cause| page.tree.causes.iter().position(|known| known.incident.root() == cause));
            let which = at.map_or_else(String::new, |at| format!("cause {} of ", at + 1));
            let noun = if at.is_some() { "" } else { " root causes" };
            summary.push((format!("{which}{}{more}{noun}, c: next", count_short(many as u64)), Role::Root));
        }
    }
    if page.view.show_ended {
        summary.push(("with ended".to_owned(), Role::Info));
    }
    Title { path, summary, remark: remark(app, page), focused: true, look }
}

/// When the oldest of what the tree shows was read, and how what is furthest from its promise stands.
fn oldest(app: &App, page: &TreePage) -> (Option<Moment>, Freshness) {
    let whole = app.whole();
    let read = page.tree.wants.iter().filter_map(|want| whole.findings.get(want)?.taken).min_by_key(|taken| taken.instant);
    let stale = worst(page.tree.wants.iter().map(|want| app.inquiry_freshness(want)));
    (read, stale.map_or(Freshness::Fresh, Freshness::Stale))
}

fn remark(app: &App, page: &TreePage) -> (String, Role) {
    match oldest(app, page) {
        (Some(read), standing) => read_remark(app, read, standing),
        (None, _) => ("reading…".to_owned(), Role::Muted),
    }
}

fn draw_nothing(page: &TreePage, whole: &Snapshot, look: &Look, area: Rect, buffer: &mut Buffer) {
    let id = page.view.target.instance().map(ToString::to_string).unwrap_or_default();
    let problem = page.view.target.instance().and_then(|id| whole.findings.get(&Inquiry::Instance(id.clone()))?.problem.as_ref());
    let (text, role) = match (&page.tree.top, problem) {
        (_, Some(problem)) => (format!("{}. {}", problem.what, problem.remedy), Role::Warning),
        (Top::NotFound, _) => (
            format!("The engine knows no process instance {id}: it has ended and is not in the history, or this login may not see it. esc leads back."),
            Role::Warning,
        ),
        (Top::NoInstance, _) => ("This incident stands on no process instance. esc leads back.".to_owned(), Role::Warning),
        _ => (format!("Looking for the topmost instance above {id}…"), Role::Muted),
    };
    for (line, part) in (0..area.height.saturating_sub(1)).zip(wrap_words(&text, usize::from(area.width.saturating_sub(4)))) {
        if let Some(mut pen) = Pen::new(buffer, area, line + 1) {
            pen.skip(2).write(&part, look.style(role));
        }
    }
}

fn table<'a>(app: &App, page: &TreePage, whole: &Snapshot, look: &Look) -> Table<'a> {
    let names = whole.names();
    let now = whole.engine.engine_time(app.now);
    let rows = page.list.visible().map(|(key, selected)| {
        let ghost = page.list.is_ghost(key);
        let row = page.tree.row(key).or_else(|| page.vanished.get(key).map(|(row, _)| row));
        let mut cells = row.map_or_else(Vec::new, |row| cells(row, &names, now, look));
        if ghost {
            faded(&mut cells, page.fate(key, whole));
        }
        Row { cells, selected, marked: false, ghost: if row.is_none() { Some("no longer there") } else { None } }
    });
    Table { columns: &COLUMNS, sort: (usize::MAX, false), rows: rows.collect(), window: page.list.window(), focused: true }
}

/// A row that vanished, as it was, with what became of it.
fn faded(cells: &mut [Cell], fate: &str) {
    for cell in cells.iter_mut() {
        cell.role = Role::Faint;
        cell.lead.iter_mut().for_each(|(_, role)| *role = Role::Faint);
    }
    // How it stood is not how it stands.
    if let Some(state) = cells.get_mut(2) {
        state.text.clear();
    }
    if let Some(last) = cells.last_mut() {
        *last = Cell::new(fate, Role::Warning);
    }
}

fn cells(row: &TreeRow, names: &dyn Names, now: jiff::Timestamp, look: &Look) -> Vec<Cell> {
    let lead = branches(row, look);
    let alone = |text: String, role| vec![Cell::new(text, role).led_by(lead.clone()), blank(), blank(), blank(), blank(), blank()];
    match &row.content {
        Content::Instance(node) => instance_cells(node, lead, names, now, look),
        Content::Case(row) => case_cells(row, lead, now, look),
        Content::Fold(fold) => fold_cells(fold, lead, names, look),
        Content::More { which, left, reading } => alone(more_words(*which, *left, *reading), Role::Info),
        Content::Rest(count) => alone(format!("{} more without an incident: enter shows them", count_exact(*count)), Role::Info),
        Content::Remark(text) => alone(text.clone(), Role::Muted),
    }
}

fn blank() -> Cell {
    Cell::new("", Role::Text)
}

/// The branches before a row, the way to the cause in its own colour, and whether something is hidden below it.
fn branches(row: &TreeRow, look: &Look) -> Vec<(String, Role)> {
    let tree = look.symbols.tree;
    let mut lead = Vec::new();
    for (level, goes_on) in row.lines.iter().enumerate() {
        let own = level + 1 == row.depth;
        let part = tree.part(own, *goes_on);
        lead.push((part.to_owned(), if own && row.on_path { Role::Root } else { Role::Faint }));
    }
    let symbol = match unfolded(row) {
        Some(Unfolded::Open | Unfolded::OnlyFailing) => look.symbols.expanded,
        Some(Unfolded::Closed) => look.symbols.collapsed,
        _ => " ",
    };
    lead.push((format!("{symbol} "), if row.on_path { Role::Root } else { Role::Muted }));
    lead
}

fn instance_cells(node: &Node, lead: Vec<(String, Role)>, names: &dyn Names, now: jiff::Timestamp, look: &Look) -> Vec<Cell> {
    let over = matches!(node.standing, Some(Standing::Over(_)));
    let text = if over { Role::Faint } else { Role::Text };
    let process = node.definition.as_ref().map_or_else(|| node.id.to_string(), |definition| naming::process(names, definition));
    let mut tail = node.definition.as_ref().map_or_else(String::new, |definition| naming::version(names, definition));
    if node.foreign_tenant {
        tail.push_str(&format!(" [{}]", node.tenant.as_ref().map_or_else(|| "no tenant".to_owned(), ToString::to_string)));
    }
    let key = match &node.business_key {
        None => blank(),
        Some(key) if node.inherited_key => key_cell(&format!("= {key}"), Role::Muted),
        Some(key) => key_cell(&key.to_string(), text),
    };
    let (state, role) = match node.standing {
        None => ("?", Role::Unknown),
        Some(Standing::Running) => ("running", Role::Muted),
        Some(Standing::Suspended) => ("SUSPENDED", Role::BadgeSuspended),
        Some(Standing::Over(state)) => (short_state(state), Role::Faint),
    };
    let since = node.started.map(|started| age_short(Duration::try_from(now.duration_since(started)).unwrap_or_default()));
    vec![
        Cell::with_tail(process, tail, text).led_by(lead),
        key,
        Cell::new(state, role),
        Cell::new(since.unwrap_or_default(), Role::Muted),
        stands_at(node, names),
        incident(node, names, now, look),
    ]
}

/// A business key that is told from others by its end even where it must be cut.
fn key_cell(key: &str, role: Role) -> Cell {
    const END: usize = 6;
    match key.char_indices().rev().nth(END - 1) {
        Some((at, _)) if at > END => Cell::with_tail(&key[..at], &key[at..], role),
        _ => Cell::new(key, role),
    }
}

fn short_state(state: crate::model::history::InstanceState) -> &'static str {
    use crate::model::history::InstanceState;
    match state {
        InstanceState::Completed => "completed",
        InstanceState::ExternallyTerminated => "cancelled",
        InstanceState::InternallyTerminated => "ended",
        InstanceState::Active | InstanceState::Suspended | InstanceState::Unknown => "over",
    }
}

fn stands_at(node: &Node, names: &dyn Names) -> Cell {
    let words = |token: &Token| {
        let name = naming::named_activity(names, node.definition.as_ref(), &token.activity, token.name.as_ref());
        let times = if token.count > 1 { format!(" {}×", count_short(token.count)) } else { String::new() };
        let how = if token.waiting { " (job)" } else { "" };
        format!("{name}{how}{times}")
    };
    match &node.tokens {
        _ if node.ended.is_some() => blank(),
        Some(Tokens::At(tokens)) => {
            let mut tokens: Vec<&Token> = tokens.iter().collect();
            // What fails first; a token that waits at a join for the others says least.
            tokens.sort_by_key(|token| (token.incidents == 0, token.kind.as_wire().ends_with("Gateway"), !token.waiting));
            Cell::new(tokens.into_iter().map(words).collect::<Vec<_>>().join(", "), Role::Text)
        }
        Some(Tokens::TooMany(executions)) => Cell::new(format!("{} executions: too many to list", count_short(*executions)), Role::Muted),
        Some(Tokens::Gone) => Cell::new("nowhere any more", Role::Faint),
        None => blank(),
    }
}

/// What is wrong with an instance. A suspension is told here, because the state may have no room, and so are jobs that wait for one: they
/// have no incident.
fn incident(node: &Node, names: &dyn Names, now: jiff::Timestamp, look: &Look) -> Cell {
    let mut cell = own_or_below(node, names, look);
    let jobs = HeldJobs::of(&node.held, now).words();
    if node.standing == Some(Standing::Suspended) || jobs.is_some() {
        let words = jobs.map(|jobs| (format!(" {jobs} "), Role::Warning));
        let lead = [("SUSPENDED".to_owned(), Role::BadgeSuspended), words.unwrap_or((" ".to_owned(), Role::Text))];
        cell.lead.splice(0..0, lead);
    }
    cell
}

/// Own incidents tell their message; what came from below only says so.
fn own_or_below(node: &Node, names: &dyn Names, look: &Look) -> Cell {
    let Some(own) = node.own.first() else {
        return match (node.bubbled, node.failing) {
            (0, false) => blank(),
            (0, true) => Cell::new("has an incident", Role::Blocked).led_by(vec![(format!("{} ", look.symbols.hollow_dot), Role::Blocked)]),
            (1, _) => Cell::new("blocked from below", Role::Blocked).led_by(vec![(format!("{} ", look.symbols.hollow_dot), Role::Blocked)]),
            (many, _) => Cell::new(format!("blocked from below, {} times", count_short(many as u64)), Role::Blocked)
                .led_by(vec![(format!("{} ", look.symbols.hollow_dot), Role::Blocked)]),
        };
    };
    let place = own.incident.activity.as_ref().map(|activity| naming::activity(names, node.definition.as_ref(), activity)).unwrap_or_default();
    let others = match (node.own.len() - 1, node.bubbled) {
        (0, 0) => String::new(),
        (more, 0) => format!(" +{more}"),
        (0, below) => format!(" +{below} below"),
        (more, below) => format!(" +{more}, {below} below"),
    };
    let message = own.incident.message.as_ref().map_or_else(|| "no message".to_owned(), |message| message.line());
    let one_place = matches!(&node.tokens, Some(Tokens::At(tokens)) if tokens.len() == 1);
    let failed = own.incident.failed_elsewhere().map(|failed| format!("failed at {}", naming::failed_at(names, node.definition.as_ref(), failed)));
    let text = match (failed, one_place) {
        (None, true) => message,
        (None, false) => format!("{place}: {message}"),
        (Some(failed), true) => format!("{failed}: {message}"),
        (Some(failed), false) => format!("{place}, {failed}: {message}"),
    };
    Cell::with_tail(text, others, Role::Root).led_by(vec![(format!("{} ", look.symbols.dot), Role::Root)])
}

/// A case tells no incident of what it called: what fails below it is told here.
fn case_cells(row: &CaseRow, lead: Vec<(String, Role)>, now: jiff::Timestamp, look: &Look) -> Vec<Cell> {
    let case = &row.case;
    let since = case.started.map(|started| age_short(Duration::try_from(now.duration_since(started)).unwrap_or_default()));
    let (words, role) = match (row.failing, &row.problem) {
        (true, _) => ("fails below; a case shows no incident", Role::Blocked),
        (false, Some(_)) => ("not all of it could be read", Role::Warning),
        (false, None) => ("", Role::Muted),
    };
    let symbol = if row.failing { vec![(format!("{} ", look.symbols.hollow_dot), Role::Blocked)] } else { Vec::new() };
    vec![
        Cell::new(format!("case {}", case.title()), Role::Accent).led_by(lead),
        case.business_key.as_ref().map_or_else(blank, |key| key_cell(&key.to_string(), Role::Text)),
        Cell::new(case.standing.words(), Role::Muted),
        Cell::new(since.unwrap_or_default(), Role::Muted),
        case.task.as_ref().map_or_else(blank, |task| Cell::new(task.words(), Role::Text)),
        Cell::new(words, role).led_by(symbol),
    ]
}

fn fold_cells(fold: &Fold, lead: Vec<(String, Role)>, names: &dyn Names, look: &Look) -> Vec<Cell> {
    let place = match &fold.place {
        Place::Activity(activity) => naming::activity(names, fold.caller.as_ref(), activity),
        Place::Process(key) => fold.process.as_ref().map_or_else(|| key.to_string(), |definition| naming::process(names, definition)),
    };
    let count = format!("{}{}", if fold.exact { "" } else { "≥" }, count_exact(fold.count));
    let failing = fold.all_failing.unwrap_or(fold.failing);
    let (words, role) = match failing {
        0 => (String::new(), Role::Muted),
        _ if fold.all_failing.is_some() => (format!("{} with incidents", count_short(failing)), Role::Blocked),
        _ => (format!("≥{} with incidents", count_short(failing)), Role::Blocked),
    };
    let symbol = if failing > 0 { vec![(format!("{} ", look.symbols.hollow_dot), Role::Blocked)] } else { Vec::new() };
    vec![Cell::with_tail(place, format!(" × {count}"), Role::Accent).led_by(lead), blank(), blank(), blank(), blank(), Cell::new(words, role).led_by(symbol)]
}

/// What the columns have no room for.
fn draw_preview(app: &App, page: &TreePage, whole: &Snapshot, look: &Look, area: Rect, buffer: &mut Buffer) {
    let Some(mut pen) = Pen::new(buffer, area, 0) else { return };
    pen.fill(look.symbols.border.horizontal_top, look.style(Role::Border));
    let mut lines: Vec<(String, Role)> = Vec::new();
    if let Some(words) = news(app, page, whole) {
        lines.push((words, Role::Warning));
    }
    match page.selected().map(|row| &row.content) {
        Some(Content::Instance(node)) => lines.extend(node_lines(app, node, whole, look)),
        Some(Content::Case(row)) => lines.extend(case_lines(row, &whole.names(), look)),
        Some(Content::Fold(fold)) => lines.push((
            match fold.unfolded {
                Unfolded::OnlyFailing => "Only those with incidents are shown; enter shows all.".to_owned(),
                _ => "Called in one place: enter shows them, those with incidents first.".to_owned(),
            },
            Role::Muted,
        )),
        Some(_) => {}
        None if page.list.selected_key().is_some() => lines.push(("This row is no longer there; it goes with the next key.".to_owned(), Role::Muted)),
        None => {}
    }
    let room = usize::from(area.width.saturating_sub(4));
    // Facts are cut rather than wrapped: the message below them is what one reads.
    let wrap = |(text, role): (String, Role)| match role {
        Role::Muted => vec![(truncate(&text, room).into_owned(), role)],
        _ => wrap_words(&text, room).into_iter().map(|part| (part, role)).collect(),
    };
    let wrapped = lines.into_iter().flat_map(wrap);
    for (line, (text, role)) in (1..area.height).zip(wrapped) {
        if let Some(mut pen) = Pen::new(buffer, area, line) {
            pen.skip(2).write(&text, look.style(role));
        }
    }
}

/// What happened to the tree since it was opened, or why the cursor is not on a cause.
fn news(app: &App, page: &TreePage, whole: &Snapshot) -> Option<String> {
    match &page.tree.top {
        Top::Over(ending) if page.seen_running => Some(format!("The whole tree has ended: {}. esc leads back.", ending_words(ending, app, whole))),
        Top::NotFound if page.seen_running => {
            Some("The whole tree is gone: ended or deleted, and the history tells no more. Shown is what was last known; esc leads back.".to_owned())
        }
        Top::Found if page.tree.left_behind => {
            Some("Another instance called this one; it does not run any more, or this login may not see it. The tree begins below it.".to_owned())
        }
        Top::Found if page.tree.cause.is_none() && !page.tree.causes.is_empty() => {
            Some("This instance does not fail; another part of its tree does. c leads to the cause.".to_owned())
        }
        Top::Found if page.had_causes && page.tree.causes.is_empty() => {
            let held: Vec<Job> = page
                .tree
                .rows
                .iter()
                .filter_map(|row| if let Content::Instance(node) = &row.content { Some(&node.held) } else { None })
                .flatten()
                .cloned()
                .collect();
            let held = HeldJobs::of(&held, whole.engine.engine_time(app.now));
            Some(match held.words().filter(|_| held.waiting > 0) {
                Some(words) => format!("No incident of this tree is open any more, but {words}: SUSPENDED. Nothing runs there, and nothing else tells of it."),
                None => "No incident of this tree is open any more: retried, resolved, or its instance ended.".to_owned(),
            })
        }
        _ => None,
    }
}

/// Why jobs of an instance stand still, each reason once.
fn held_words(node: &Node, whole: &Snapshot) -> Option<String> {
    let known = whole.job_definitions.get().map(Vec::as_slice).unwrap_or_default();
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for job in &node.held {
        let of = job.job_definition.as_ref().map(|id| known.iter().find(|row| row.id == *id).map(|row| row.suspended));
        let states = Suspension { instance: node.standing == Some(Standing::Suspended), definition: of.unwrap_or(Some(false)), job: job.suspended };
        let Some(words) = states.words() else { continue };
        match reasons.iter_mut().find(|(known, _)| *known == words) {
            Some((_, count)) => *count += 1,
            None => reasons.push((words, 1)),
        }
    }
    (!reasons.is_empty()).then(|| reasons.iter().map(|(words, count)| format!("{}: {words}", plural(*count as u64, "job"))).collect::<Vec<_>>().join("; "))
}

fn ending_words(ending: &Ending, app: &App, whole: &Snapshot) -> String {
    let ago = ending.at.map(|at| Duration::try_from(whole.engine.engine_time(app.now).duration_since(at)).unwrap_or_default());
    let ago = ago.map_or_else(String::new, |ago| format!(" {} ago", age(ago)));
    let reason = ending.reason.as_ref().map_or_else(String::new, |reason| format!(", reason: {reason}"));
    format!("{}{ago}{reason}", ending.state.words())
}

fn case_lines(row: &CaseRow, names: &dyn Names, look: &Look) -> Vec<(String, Role)> {
    let case = &row.case;
    let mut facts = vec![format!("case {}", case.label())];
    if let Some((caller, activity)) = &row.called_at {
        facts.push(format!("called at {}", naming::activity(names, caller.as_ref(), activity)));
    }
    facts.push(format!("case instance {}", case.id));
    facts.extend(case.tenant.as_ref().map(|tenant| format!("tenant {tenant}")));
    let mut lines = vec![(facts.join(&format!(" {} ", look.symbols.separator)), Role::Muted)];
    lines.push(("A case (CMMN) stands between: the engine's incidents stop at it, so its caller waits without one.".to_owned(), Role::Text));
    if row.failing {
        lines.push(("Something it called failed: c leads to the cause.".to_owned(), Role::Blocked));
    }
    if row.more {
        lines.push(("It called more than is shown here: F finds a single instance.".to_owned(), Role::Muted));
    }
    lines.extend(row.problem.as_ref().map(|problem| (format!("Not all of it could be read: {}. {}", problem.what, problem.remedy), Role::Warning)));
    lines
}

fn node_lines(app: &App, node: &Node, whole: &Snapshot, look: &Look) -> Vec<(String, Role)> {
    let names = whole.names();
    let mut facts = Vec::new();
    if let Some(key) = &node.business_key {
        facts.push(format!("business key {key}{}", if node.inherited_key { " (= the caller's)" } else { "" }));
    }
    if let Some((caller, activity)) = &node.called_at {
        facts.push(format!("called at {}", naming::activity(&names, caller.as_ref(), activity)));
    }
    facts.push(format!("instance {}", node.id));
    if let Some(tenant) = &node.tenant {
        facts.push(format!("tenant {tenant}{}", if node.foreign_tenant { " (not the caller's)" } else { "" }));
    }
    if let Some(started) = node.started {
        facts.push(format!("started {}", started.to_zoned(app.settings.zone.clone()).strftime("%Y-%m-%d %H:%M:%S")));
    }
    let mut lines = vec![(facts.join(&format!(" {} ", look.symbols.separator)), Role::Muted)];
    lines.extend(held_words(node, whole).map(|words| (words, Role::Warning)));
    if let Some(own) = node.own.first() {
        let message =
            own.incident.message.as_ref().map_or_else(|| "The failure carried no message; enter shows the stack trace.".to_owned(), |message| message.line());
        lines.push((message, Role::Root));
    } else if node.bubbled > 0 {
        lines.push(("Waits for a called instance that failed. Never retry here: c leads to the cause.".to_owned(), Role::Blocked));
    }
    lines
}
