//! The first line, the status line and the footer: who answers, whether it answers, what it costs, what is wrong, which keys hold.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::look::{Look, Pen};
use crate::action::ledger::Stage;
use crate::app::command::Command;
use crate::app::keymap;
use crate::app::pages::Page;
use crate::app::prompt::{Entry, Purpose};
use crate::app::{App, Overlay};
use crate::model::figure::Figure;
use crate::model::freshness::{self, Polled};
use crate::model::rights::Trust;
use crate::model::section::{Moment, Problem, Section};
use crate::model::snapshot::{Cost, Link, Replaced, Snapshot};
use crate::model::suspension;
use crate::text::{age, count_exact, count_short, plural, safe, truncate, truncate_middle, width, wrap_words};
use crate::theme::Role;

/// One part of the first line: its forms from the longest to the shortest. Where it gets narrow, the form with the highest rank gives way.
struct Part {
    forms: Vec<(u8, String)>,
    role: Role,
    right: bool,
}

impl Part {
    fn left(role: Role, forms: impl IntoIterator<Item = (u8, String)>) -> Self {
        Self { forms: forms.into_iter().collect(), role, right: false }
    }

    fn right(role: Role, forms: impl IntoIterator<Item = (u8, String)>) -> Self {
        Self { right: true, ..Self::left(role, forms) }
    }

    fn words(&self) -> &str {
        self.forms.first().map_or("", |(_, words)| words)
    }

    /// Its cells with the distance to its neighbour.
    fn cells(&self) -> usize {
        match width(self.words()) {
            0 => 0,
            cells => cells + GAP,
        }
    }

    /// The rank of its form, if there is a shorter one.
    fn gives_way(&self) -> Option<u8> {
        (self.forms.len() > 1).then(|| self.forms[0].0)
    }
}

/// Cells between two parts.
const GAP: usize = 2;

/// Draws the first line. What it costs gives way first, badges shorten, and the address of the engine is the last thing to lose.
pub fn draw_header(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    let Some(mut pen) = Pen::new(buffer, area, 0) else { return };
    let mut parts = parts(app, look);
    let room = usize::from(area.width.saturating_sub(1));
    while parts.iter().map(Part::cells).sum::<usize>() > room + 1 {
        let next = parts.iter_mut().filter(|part| part.gives_way().is_some()).max_by_key(|part| part.gives_way());
        let Some(part) = next else { break };
        part.forms.remove(0);
    }
    pen.right(" ", look.style(Role::Text));
    for part in parts.iter().rev().filter(|part| part.right && !part.words().is_empty()) {
        pen.right(part.words(), look.style(part.role));
    }
    pen.skip(1);
    for part in parts.iter().filter(|part| !part.right && !part.words().is_empty()) {
        let words = truncate_middle(part.words(), pen.room());
        pen.write(&words, look.style(part.role)).skip(GAP);
    }
}

/// What this session may do. A wider role than at the start must not be forgotten.
fn role_part(app: &App) -> Part {
    let role = app.settings.role;
    if role > app.settings.first_role {
        let word = role.word().to_uppercase();
        return Part::left(Role::BadgePaused, [(83, format!(" {word}, widened ")), (0, format!(" {word} "))]);
    }
    Part::left(Role::Muted, [(74, role.to_string()), (0, role.short().to_owned())])
}

fn parts(app: &App, look: &Look) -> Vec<Part> {
    let engine = &app.snapshot.engine;
    let mut parts = vec![Part::left(Role::Title, [(40, "bpmtop".to_owned()), (0, String::new())])];
    parts.extend(replaced_badge(app));
    if let Some(badge) = super::scope::badge(app) {
        let short = format!("{} ", truncate(&badge, 15));
        parts.push(Part::left(Role::BadgePaused, [(80, badge), (0, short)]));
        // So narrow that figures have no room for a note.
        if app.size.0 < 72 {
            parts.push(Part::left(Role::Muted, [(86, "* whole engine".to_owned()), (0, "* whole".to_owned())]));
        }
    }
    if let Some(profile) = &app.settings.profile {
        let role = if app.settings.production { Role::BadgeProduction } else { Role::Accent };
        parts.push(Part::left(role, [(35, format!(" {profile} ")), (0, format!(" {} ", truncate_middle(profile, 10)))]));
    }
    if !app.settings.read_only {
        parts.push(role_part(app));
    }
    if app.settings.read_only {
        parts.push(Part::left(Role::BadgeReadonly, [(84, " read-only ".to_owned()), (0, " ro ".to_owned())]));
    }
    if matches!(app.snapshot.trust(Figure::IncidentsRoot), Trust::Partial(_)) {
        parts.push(Part::left(Role::BadgeStale, [(85, " partial view ".to_owned()), (0, " partial ".to_owned())]));
    }
    parts.extend(suspended_badge(app));
    parts.push(match (&engine.product, &engine.version) {
        (Some(product), Some(version)) => Part::left(Role::Text, [(75, format!("{product} {version}")), (50, version.to_string()), (0, String::new())]),
        (_, Some(version)) => Part::left(Role::Text, [(50, version.to_string()), (0, String::new())]),
        _ => Part::left(Role::Text, [(75, "engine".to_owned()), (0, String::new())]),
    });
    let user = engine.user.as_ref().map_or_else(String::new, |user| format!("{user}@"));
    let name = engine.engine_name.as_ref().map_or_else(String::new, |name| format!(" [{name}]"));
    let address = engine.url.trim_start_matches("http://");
    let host = address.split('/').next().unwrap_or(address).to_owned();
    parts.push(Part::left(Role::Muted, [(30, format!("{user}{address}{name}")), (10, format!("{address}{name}")), (0, format!("{host}{name}"))]));
    let cost = &app.snapshot.cost;
    let distance = cost.distance.map_or_else(String::new, |distance| format!("{} ms away  ", distance.as_millis()));
    let requests = format!("{} req/min", cost.requests_per_minute);
    let forms = [
        (96, format!("{distance}{requests}  watching takes {}", load_words(app))),
        (95, format!("{requests}  load {}", load_words(app))),
        (94, format!("load {}", short_load_words(app))),
        (72, format!("load {:.1} %, limit {}", cost.busy_percent, percent(cost.budget_percent))),
        (0, String::new()),
    ];
    parts.push(Part::right(Role::Muted, forms));
    let (role, forms) = link_words(app, look);
    parts.push(Part::right(role, forms));
    parts
}

/// Whose load, of what, which limit, and how far that may be passed.
fn load_words(app: &App) -> String {
    let Cost { busy_percent, budget_percent, ceiling_percent, .. } = app.snapshot.cost;
    let passed = if ceiling_percent > budget_percent { format!(", to stay fresh {}", percent(ceiling_percent)) } else { String::new() };
    format!("{busy_percent:.1} % of an engine thread (limit {}{passed})", percent(budget_percent))
}

fn short_load_words(app: &App) -> String {
    let Cost { busy_percent, budget_percent, .. } = app.snapshot.cost;
    format!("{busy_percent:.1} % of a thread, limit {}", percent(budget_percent))
}

/// A limit as it was given: `2 %`, `0.1 %`.
fn percent(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0} %") } else { format!("{value:.1} %") }
}

/// How long it is until then, rounded up.
fn countdown(app: &App, until: Moment) -> String {
    age(until.since(app.now) + Duration::from_millis(999))
}

/// That another engine answers at the same address, as long as nobody has seen it.
fn replaced_badge(app: &App) -> Option<Part> {
    let replaced = app.replaced()?;
    let since = replaced.since.wall.to_zoned(app.settings.zone.clone()).strftime("%H:%M").to_string();
    let forms = [(45, format!(" ANOTHER ENGINE answers at this address since {since} ")), (0, format!(" ANOTHER ENGINE since {since} "))];
    Some(Part::left(Role::BadgeProduction, forms))
}

/// What became of the engine before, and the key that takes the badge away.
fn replaced_words(replaced: &Replaced) -> String {
    let why = safe(&replaced.why);
    format!("{}. Rows, figures, marks and pages of the one before are gone. r: I have seen it.", capitalised(&why))
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// How much is suspended in the whole engine, as far as the picture tells: the classic after-effect of an incident is what nobody resumed.
/// Jobs are told where they are suspended alone, and where they wait: they have no incident. What is older than promised is no warning.
fn suspended_badge(app: &App) -> Option<Part> {
    let whole = app.whole();
    let definitions = whole.job_definitions.get().map_or(0, |rows| rows.iter().filter(|row| row.suspended).count());
    let processes = whole.definitions.get().map_or(0, |rows| rows.by_id.values().filter(|row| row.suspended).count());
    let counts = suspension::counts(&whole.findings).unwrap_or_default();
    let things = definitions as u64 + processes as u64 + counts.instances;
    let (what, short) = match (things, counts.jobs) {
        (0, 0) => return None,
        (0, jobs) => (format!("{} SUSPENDED", plural(jobs, "job")), format!("{} SUSP", count_short(jobs))),
        _ => (format!("{} SUSPENDED", count_exact(things)), format!("{} SUSP", count_short(things))),
    };
    let jobs = if things > 0 { if counts.waiting == 1 { " job" } else { " jobs" } } else { "" };
    let wait = if counts.waiting == 1 { "waits" } else { "wait" };
    // The key is named where it does something.
    let shows = keymap::command(app.place(), &KeyEvent::new(KeyCode::Char('W'), KeyModifiers::NONE)) == Some(Command::ShowSuspended);
    let key = if shows { ": W" } else { "" };
    let mut forms = Vec::new();
    if counts.waiting > 0 {
        let waiting = count_exact(counts.waiting);
        forms.push((90, format!(" {what}, {waiting}{jobs} {wait}{key} ")));
        forms.push((70, format!(" {what}, {waiting} {wait}{key} ")));
    }
    forms.push((60, format!(" {what}{key} ")));
    forms.push((20, format!(" {what} ")));
    forms.push((0, format!(" {short} ")));
    let counted = [Polled::JobDefinitions, Polled::Definitions, Polled::Suspended];
    let stale = counted.into_iter().any(|polled| whole.freshness(polled, app.now).is_stale());
    Some(Part::left(if stale { Role::Faint } else { Role::BadgeSuspended }, forms))
}

/// Whether the picture is what the engine says now. `live` is said only while everything polled on the screen keeps its promise; else since
/// when it does not, why, and which key helps.
fn link_words(app: &App, look: &Look) -> (Role, Vec<(u8, String)>) {
    let symbols = look.symbols;
    let stale = app.stale();
    let for_ = |since: Moment| age(freshness::age(since, app.now));
    let (symbol, state, role) = match &app.snapshot.link {
        Link::Connecting => (symbols.hollow_dot, "connecting".to_owned(), Role::Info),
        Link::Live => (symbols.dot, "live".to_owned(), Role::Ok),
        Link::Paused { since } => (symbols.paused, format!("PAUSED for {}", for_(*since)), Role::BadgePaused),
        Link::Down { since, .. } => (symbols.failed, format!("NO ANSWER for {}", for_(*since)), Role::Critical),
        Link::LoginAgain { at, .. } => (symbols.failed, format!("LOGIN REFUSED, once more in {}", countdown(app, *at)), Role::Warning),
        Link::LoginRefused { .. } if app.snapshot.engine.user.is_none() => (symbols.failed, "LOGIN NEEDED, polling stopped".to_owned(), Role::Critical),
        Link::LoginRefused { .. } => (symbols.failed, "LOGIN REFUSED, polling stopped".to_owned(), Role::Critical),
        Link::PollerFailed { .. } => (symbols.failed, "bpmtop FAULT, restarting".to_owned(), Role::Critical),
    };
    let Some(stale) = stale else {
        let mut forms = vec![(0, format!("{symbol} {state}"))];
        if let (Link::Live, Some(old)) = (&app.snapshot.link, oldest_age(app)) {
            forms.insert(0, (92, format!("{symbol} {state}, {} old", age(old))));
        }
        return (role, forms);
    };
    let lasting = age(super::freshness::lasting(app, stale));
    let why = super::freshness::why(stale.why);
    let way_out = super::freshness::way_out(stale.why);
    let key = way_out.map_or_else(String::new, |(key, does)| format!(", {key} {does}"));
    let short_key = way_out.map_or_else(String::new, |(key, _)| format!(": {key}"));
    let since = stale.since.wall.to_zoned(app.settings.zone.clone()).strftime("%H:%M:%S");
    match &app.snapshot.link {
        // The reason is what the state says already.
        Link::Paused { .. } | Link::Down { .. } | Link::LoginAgain { .. } | Link::LoginRefused { .. } | Link::PollerFailed { .. } => {
            let role = if role == Role::BadgePaused { Role::BadgeStale } else { role };
            let brief = state.split(" for ").next().unwrap_or(&state).split(',').next().unwrap_or(&state).to_owned();
            let forms = [
                (91, format!("{symbol} {state}, STALE since {since}{key}")),
                (65, format!("{symbol} {brief}, STALE for {lasting}{short_key}")),
                (0, format!("{symbol} {brief}, STALE")),
            ];
            (role, forms.into())
        }
        Link::Connecting | Link::Live => {
            let symbol = symbols.warning;
            let forms = [
                (91, format!("{symbol} STALE since {since}, for {lasting}: {why}{key}")),
                (65, format!("{symbol} STALE for {lasting}: {why}{short_key}")),
                (45, format!("{symbol} STALE for {lasting}{short_key}")),
                (0, format!("{symbol} STALE {lasting}")),
            ];
            (Role::BadgeStale, forms.into())
        }
    }
}

/// Age of the oldest figure that is known.
fn oldest_age(app: &App) -> Option<Duration> {
    // Within a scope some figures come from the statistics, which are older by design; their cells tell how old.
    let quick = app.snapshot.figures.iter().filter(|(figure, _)| matches!(app.polled_for(**figure), Polled::Figure(_)));
    quick.filter_map(|(_, state)| Some(freshness::age(state.section.taken?, app.now))).max()
}

/// Draws what happened last or what is wrong.
pub fn draw_status(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    let Some(mut pen) = Pen::new(buffer, area, 0) else { return };
    pen.skip(1);
    if let Some(Overlay::Prompt(_)) = &app.overlay {
        return;
    }
    let (text, role) = status_words(app);
    pen.write(&text, look.style(role));
}

/// A notice that the status line has no room for takes the lines above it too, until the next key: a remedy that is cut is none.
pub fn draw_long_notice(app: &App, look: &Look, status: Rect, buffer: &mut Buffer) {
    if app.overlay.is_some() {
        return;
    }
    let Some((notice, _)) = &app.notice else { return };
    let (told, role) = status_words(app);
    let room = usize::from(status.width.saturating_sub(2));
    if told != *notice || width(notice) <= room {
        return;
    }
    let lines = wrap_words(notice, room);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(status.y);
    let area = Rect { y: status.y + 1 - height, height, ..status };
    ratatui::widgets::Widget::render(ratatui::widgets::Clear, area, buffer);
    buffer.set_style(area, look.style(Role::Text));
    for (line, text) in (0..height).zip(lines) {
        if let Some(mut pen) = Pen::new(buffer, area, line) {
            pen.skip(1).write(&text, look.style(role));
        }
    }
}

fn status_words(app: &App) -> (String, Role) {
    let snapshot = &app.snapshot;
    // The answer to a key comes first: a key that cannot do anything now must not seem to do nothing.
    if let Some((notice, _)) = &app.notice {
        return (notice.clone(), Role::Info);
    }
    if let Some((until, problem)) = &snapshot.waiting {
        return (format!("asked again in {}: {}. {}", countdown(app, *until), problem.what, problem.remedy), Role::Warning);
    }
    match &snapshot.link {
        Link::LoginAgain { at, problem } => {
            return (format!("{}; trying once more in {}. {}", problem.what, countdown(app, *at), problem.remedy), Role::Warning);
        }
        Link::Down { retry, problem, .. } => {
            let wait = retry.since(app.now);
            let next = if wait.is_zero() { "asking again".to_owned() } else { format!("next try in {}", age(wait + Duration::from_millis(999))) };
            return (format!("{next}: {}. {}", problem.what, problem.remedy), Role::Critical);
        }
        Link::LoginRefused { problem } | Link::PollerFailed { problem } => return (format!("{}. {}", problem.what, problem.remedy), Role::Critical),
        _ => {}
    }
    if let Some(replaced) = app.replaced() {
        return (replaced_words(replaced), Role::Critical);
    }
    if let Some(told) = action_words(app) {
        return told;
    }
    if let Some(problem) = first_problem(snapshot) {
        return (format!("{}. {}", problem.what, problem.remedy), Role::Warning);
    }
    match snapshot.warnings.first() {
        Some(warning) => (warning.clone(), Role::Muted),
        None => (String::new(), Role::Muted),
    }
}

/// How the actions under way stand, for whoever works on something else meanwhile.
fn action_words(app: &App) -> Option<(String, Role)> {
    let running: Vec<_> = app.acting.running().collect();
    let newest = running.last()?;
    let others = if running.len() > 1 { format!(" (and {} more)", running.len() - 1) } else { String::new() };
    let role = if matches!(newest.stage, Stage::Paused(_)) { Role::Warning } else { Role::Info };
    Some((format!("{}{others}  A shows it", newest.headline()), role))
}

fn first_problem(snapshot: &Snapshot) -> Option<&Problem> {
    fn of<T>(section: &Section<T>) -> Option<&Problem> {
        section.problem.as_ref()
    }
    of(&snapshot.incidents)
        .or_else(|| of(&snapshot.definitions))
        .or_else(|| of(&snapshot.job_definitions))
        .or_else(|| snapshot.figures.values().find_map(|state| of(&state.section)))
}

/// Draws the keys of the present context, as many as fit.
pub fn draw_footer(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    let Some(mut pen) = Pen::new(buffer, area, 0) else { return };
    pen.skip(1);
    // The way back and the way to all other keys are always shown.
    let kept = |binding: &&keymap::Binding| matches!(binding.command, Command::Back | Command::Help);
    let cells = |(key, label): &(String, String)| width(key) + width(label) + 3;
    let shown = |binding: &keymap::Binding| (binding.keys[0].to_string(), binding.label.to_owned());
    let mut bindings = keymap::footer(app.context());
    bindings.retain(|binding| match app.page() {
        Some(Page::Action(page)) => page.serves(binding.command),
        Some(Page::Actions(page)) => page.serves(binding.command),
        _ => true,
    });
    let mut room = pen.room() - bindings.iter().filter(|binding| kept(binding)).map(|binding| cells(&shown(binding))).sum::<usize>().min(pen.room());
    let keys: Vec<(String, String)> = match &app.overlay {
        Some(Overlay::Prompt(prompt)) if prompt.purpose == Purpose::Find => vec![("enter".into(), "search".into()), ("esc".into(), "back".into())],
        Some(Overlay::Prompt(prompt)) if prompt.purpose == Purpose::Entry(Entry::Confirm) => {
            vec![("enter".into(), "confirm".into()), ("esc".into(), "send nothing".into())]
        }
        Some(Overlay::Prompt(prompt)) if matches!(prompt.purpose, Purpose::Entry(_)) => {
            vec![("enter".into(), "accept".into()), ("esc".into(), "back".into())]
        }
        Some(Overlay::Menu(_)) => vec![("letter".into(), "plan it".into()), ("esc".into(), "close".into())],
        Some(Overlay::Prompt(_)) => vec![("enter".into(), "keep".into()), ("esc".into(), "undo".into())],
        Some(Overlay::Scope(_)) => vec![("enter".into(), "show".into()), ("tab".into(), "suggestions".into()), ("esc".into(), "as before".into())],
        Some(Overlay::Login(_)) => vec![("enter".into(), "log in".into()), ("tab".into(), "other line".into()), ("esc".into(), "not now".into())],
        _ => {
            let mut full = false;
            let fits = |binding: &&&keymap::Binding| {
                let needed = cells(&shown(binding));
                full |= !kept(binding) && needed > room;
                let fits = kept(binding) || !full;
                if fits && !kept(binding) {
                    room -= needed;
                }
                fits
            };
            bindings.iter().filter(fits).map(|binding| shown(binding)).collect()
        }
    };
    for (key, label) in keys {
        if width(&key) + width(&label) + 3 > pen.room() {
            break;
        }
        pen.write(&key, look.style(Role::Key)).skip(1).write(&label, look.style(Role::KeyLabel)).skip(2);
    }
}
