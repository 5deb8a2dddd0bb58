//! What lies over the panes: the help screen, prompts, the login.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget as _};

use super::look::{Look, Pen, on_screen};
use crate::app::keymap::{BINDINGS, Binding, Context};
use crate::app::prompt::{LoginForm, LoginLine, Prompt, Purpose};
use crate::app::{App, Overlay};
use crate::model::figure::Figure;
use crate::model::freshness::{Polled, Presence};
use crate::model::snapshot::Cost;
use crate::text::{Align, age, truncate, width, wrap_words};
use crate::theme::Role;

/// Draws what lies over the panes, if anything.
pub fn draw(app: &App, look: &Look, frame: &mut Frame<'_>) {
    match &app.overlay {
        None => {}
        Some(Overlay::Help(top)) => draw_help(app, *top, look, frame),
        Some(Overlay::Prompt(prompt)) => draw_prompt(app, prompt, look, frame),
        Some(Overlay::Login(form)) => draw_login(app, form, look, frame),
        Some(Overlay::Scope(form)) => super::scope::draw(form, look, frame),
        Some(Overlay::Menu(menu)) => super::menu::draw(menu, look, frame),
    }
}

/// A window in the middle of the screen with a frame and a title; returns its inside.
pub(super) fn window(title: &str, width: u16, height: u16, look: &Look, frame: &mut Frame<'_>) -> Rect {
    let screen = frame.area();
    let (width, height) = (width.min(screen.width), height.min(screen.height));
    let area = Rect { x: (screen.width - width) / 2, y: (screen.height - height) / 2, width, height };
    Clear.render(area, frame.buffer_mut());
    frame.buffer_mut().set_style(area, look.style(Role::Overlay));
    let block = ratatui::widgets::Block::bordered()
        .border_set(look.symbols.border_focused)
        .border_style(look.style(Role::BorderFocused))
        .title(ratatui::text::Span::styled(format!(" {title} "), look.style(Role::Title)));
    let inner = block.inner(area);
    block.render(area, frame.buffer_mut());
    Rect { x: inner.x.saturating_add(1), width: inner.width.saturating_sub(2), ..inner }
}

/// A line of the help screen.
enum HelpLine {
    Heading(&'static str),
    Entry(String, &'static str),
    Told(&'static str, String),
    Blank,
}

/// The promises of freshness, those in force first, and what watching costs.
fn freshness_lines(app: &App) -> Vec<HelpLine> {
    let present = app.snapshot.polling.presence == Presence::Somebody;
    let promises = |polled: Polled| {
        let of = |presence| age(polled.promise(presence));
        let (somebody, nobody) = (of(Presence::Somebody), of(Presence::Nobody));
        if present {
            format!("{somebody} old at most; {nobody} while nobody looks")
        } else {
            format!("{nobody} old at most, for nobody looks; {somebody} from the next key on")
        }
    };
    let (Cost { budget_percent: limit, ceiling_percent: ceiling, .. }, figure) = (app.snapshot.cost, Polled::Figure(Figure::JobsDue));
    vec![
        HelpLine::Heading("How old things may become, and what watching costs"),
        HelpLine::Told("key figures", promises(figure)),
        HelpLine::Told("incidents, suspensions", format!("{}; rows on the screen too", promises(Polled::Incidents))),
        HelpLine::Told("statistics", promises(Polled::Statistics)),
        HelpLine::Told("deployments, rights", promises(Polled::Deployments)),
        HelpLine::Entry("somebody looks".to_owned(), "a key within 5 minutes, an action under way, or bpmtop was started with --wall"),
        HelpLine::Entry("live".to_owned(), "everything polled on the screen keeps its promise"),
        HelpLine::Entry(
            "STALE".to_owned(),
            "something does not: since when, why, and which key helps. What is old has lost its colours: it may be wrong by now",
        ),
        HelpLine::Entry("read once".to_owned(), "search results, describe pages, variables: the time they were read stands on the title; r reads them again"),
        HelpLine::Told(
            "load",
            format!(
                "the engine's work for bpmtop's watching, as a share of one of its threads, estimated from its quick answers: waiting is no work. The limit \
                 is {limit} % (--budget). Where a promise would be broken it may be passed, up to {ceiling} %. What you ask for yourself comes on top."
            ),
        ),
        HelpLine::Blank,
    ]
}

/// All keys by where they hold, beginning with where one is.
fn help_lines(app: &App) -> Vec<HelpLine> {
    let place = app.place();
    let mut lines = Vec::new();
    let mut told: Vec<&Binding> = Vec::new();
    let mut places = [
        ("In the incidents", Context::Incidents),
        ("In the job definitions", Context::JobDefinitions),
        ("In the process definitions", Context::Definitions),
        ("On the describe page", Context::Text),
        ("In a tree", Context::Tree),
        ("On the page of an instance", Context::Instance),
        ("In a timeline", Context::Timeline),
        ("In the results of a search", Context::Results),
        ("On the plan of an action", Context::Plan),
        ("On the page of an action", Context::Action),
        ("In the list of actions", Context::Actions),
        ("In the list of what is suspended", Context::Suspended),
        ("In the list of what will be tried again", Context::Retrying),
    ];
    if let Some(at) = places.iter().position(|(_, context)| *context == place) {
        places[..=at].rotate_right(1);
    }
    for (heading, context) in places {
        lines.push(HelpLine::Heading(heading));
        for binding in BINDINGS.iter().filter(|binding| binding.contexts.contains(&context)) {
            // What holds in the place where one is stands there; everything else stands where it was said first.
            if !told.iter().any(|other| std::ptr::eq(*other, binding)) {
                told.push(binding);
                let keys: Vec<String> = binding.keys.iter().map(ToString::to_string).collect();
                lines.push(HelpLine::Entry(keys.join(" "), binding.help));
            }
        }
        lines.push(HelpLine::Blank);
    }
    lines.extend(freshness_lines(app));
    lines.push(HelpLine::Heading("What the figures mean"));
    for figure in Figure::ALL {
        lines.push(HelpLine::Entry(figure.label().to_owned(), figure.meaning()));
    }
    lines.push(HelpLine::Entry("filled dot".to_owned(), "in a tree: an incident of its own, a root cause"));
    lines.push(HelpLine::Entry("hollow dot".to_owned(), "in a tree: blocked by a failure below; never retry it there"));
    lines.push(HelpLine::Entry("= before a key".to_owned(), "in a tree: the same business key as the caller's"));
    lines.push(HelpLine::Entry("faint bars".to_owned(), "before bpmtop watched: reconstructed from the engine's history"));
    lines.push(HelpLine::Entry("coloured bar".to_owned(), "something was deployed at that moment; shown on the root incidents"));
    lines.push(HelpLine::Entry(
        "SUSP".to_owned(),
        "SUSPENDED, where the screen is narrow: the job definition, process definition or instance; nothing runs there",
    ));
    lines.push(HelpLine::Entry("first seen".to_owned(), "the first such incident in the history; a retry makes a new one, so OLDEST may be younger"));
    lines
}

fn draw_help(app: &App, top: usize, look: &Look, frame: &mut Frame<'_>) {
    let screen = frame.area();
    let inside = window("Keys and figures: esc closes, down scrolls", 118.min(screen.width), screen.height.saturating_sub(2).max(5), look, frame);
    let buffer = frame.buffer_mut();
    let lines = help_lines(app);
    let label: u16 = if inside.width >= 70 { 26 } else { 18 };
    // Entries wrap, so the place of the last line is found by laying out everything once.
    let mut rows: Vec<(String, Role, String)> = Vec::new();
    for line in &lines {
        match line {
            HelpLine::Blank => rows.push((String::new(), Role::Text, String::new())),
            HelpLine::Heading(text) => rows.push(((*text).to_owned(), Role::Header, String::new())),
            HelpLine::Entry(keys, help) => rows.extend(wrapped(keys, help, inside.width.saturating_sub(label))),
            HelpLine::Told(what, help) => rows.extend(wrapped(what, help, inside.width.saturating_sub(label))),
        }
    }
    let top = top.min(rows.len().saturating_sub(inside.height.into()));
    for (line, (left, role, right)) in rows.iter().skip(top).take(inside.height.into()).enumerate() {
        let Some(mut pen) = Pen::new(buffer, inside, u16::try_from(line).unwrap_or(0)) else { return };
        if *role == Role::Header {
            pen.write(left, look.style(Role::Header));
        } else {
            pen.cell(left, usize::from(label) - 1, Align::Left, look.style(*role)).skip(1).write(right, look.style(Role::KeyLabel));
        }
    }
}

/// An entry of the help screen in as many rows as it takes.
fn wrapped(keys: &str, help: &str, room: u16) -> Vec<(String, Role, String)> {
    let parts = wrap_words(help, usize::from(room).max(10)).into_iter().enumerate();
    parts.map(|(index, part)| (if index == 0 { keys.to_owned() } else { String::new() }, Role::Key, part)).collect()
}

fn draw_prompt(app: &App, prompt: &Prompt, look: &Look, frame: &mut Frame<'_>) {
    let area = app.geometry().status;
    let label = match prompt.purpose {
        Purpose::Filter => " filter: ".to_owned(),
        Purpose::Search => " search: ".to_owned(),
        Purpose::Address => " address: ".to_owned(),
        Purpose::Find if area.width < 100 => " find (key, id, activity, message): ".to_owned(),
        Purpose::Find => " find (business key, id, activity or message): ".to_owned(),
        Purpose::Entry(_) => format!(" {}", truncate(&prompt.label, usize::from(area.width * 2 / 3))),
    };
    frame.buffer_mut().set_style(area, look.style(Role::Input));
    if let Some(mut pen) = Pen::new(frame.buffer_mut(), area, 0) {
        pen.write(&label, look.style(Role::Key));
    }
    let indent = u16::try_from(width(&label)).unwrap_or(0).min(area.width);
    draw_input(&prompt.area, Rect { x: area.x + indent, width: area.width - indent, height: 1, ..area }, true, look, frame);
    if prompt.replaces() {
        // It looks selected, for it is replaced as a whole.
        let text = u16::try_from(width(prompt.text())).unwrap_or(u16::MAX);
        let whole = Rect { x: area.x + indent, width: text.min(area.width - indent), height: 1, ..area };
        frame.buffer_mut().set_style(whole, look.style(Role::Selection));
    }
    if let Some(remark) = &prompt.remark {
        // Above the line: what it would do, or what is wrong with it.
        let above = on_screen(Rect { y: area.y.saturating_sub(1), height: area.height.min(1), ..area }, frame);
        Clear.render(above, frame.buffer_mut());
        frame.buffer_mut().set_style(above, look.style(Role::Overlay));
        if let Some(mut pen) = Pen::new(frame.buffer_mut(), above, 0) {
            pen.skip(1).write(remark, look.style(Role::Warning));
        }
    }
}

/// Draws a line of input, with its cursor if it has the focus.
pub(super) fn draw_input(area: &tui_textarea::TextArea<'static>, place: Rect, focused: bool, look: &Look, frame: &mut Frame<'_>) {
    let mut area = area.clone();
    area.set_style(look.style(Role::Input));
    let cursor = look.style(Role::Input).add_modifier(ratatui::style::Modifier::REVERSED);
    area.set_cursor_style(if focused { cursor } else { look.style(Role::Input) });
    frame.render_widget(&area, on_screen(place, frame));
}

fn draw_login(app: &App, form: &LoginForm, look: &Look, frame: &mut Frame<'_>) {
    let inside = window("Log in", 72, 11, look, frame);
    for (line, part) in (0..2).zip(wrap_words(&form.reason, inside.width.into())) {
        if let Some(mut pen) = Pen::new(frame.buffer_mut(), inside, line) {
            pen.write(&part, look.style(Role::Warning));
        }
    }
    let wait = form.wait(app.now);
    let (caution, role) = if !form.awake {
        ("enter to type a password. Until then no key is taken.".to_owned(), Role::Warning)
    } else if wait.is_zero() {
        ("Ten wrong logins lock the account. Nothing is sent before enter.".to_owned(), Role::Muted)
    } else {
        (format!("Engines refuse even the right password for a while now: {} to go.", age(wait + Duration::from_millis(999))), Role::Warning)
    };
    if let Some(mut pen) = Pen::new(frame.buffer_mut(), inside, 3) {
        pen.write(&caution, look.style(role));
    }
    for (index, (label, area, own)) in [("user", &form.user, LoginLine::User), ("password", &form.password, LoginLine::Password)].into_iter().enumerate() {
        let y = 5 + 2 * u16::try_from(index).unwrap_or(0);
        if y >= inside.height {
            return;
        }
        if let Some(mut pen) = Pen::new(frame.buffer_mut(), inside, y) {
            pen.cell(label, 10, Align::Left, look.style(if form.line == own { Role::Key } else { Role::Muted }));
        }
        let place = Rect { x: inside.x + 10.min(inside.width), y: inside.y + y, width: inside.width.saturating_sub(10), height: 1 };
        draw_input(area, place, form.line == own, look, frame);
    }
}
