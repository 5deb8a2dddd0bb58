//! The key figures: value, change, history, colour by threshold.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::look::{Look, Pen, put};
use crate::app::App;
use crate::app::geometry::FigureGrid;
use crate::config::Level;
use crate::model::figure::{Figure, Unit};
use crate::model::freshness::{self, Polled};
use crate::model::rights::Trust;
use crate::model::section::Moment;
use crate::model::series::Bucket;
use crate::model::snapshot::FigureState;
use crate::model::suspension;
use crate::text::{Align, age_short, count_exact, count_short, width};
use crate::theme::Role;

/// What stands beside a figure that a scope cannot narrow down: where there is room, where there is little, and where there is none.
const WHOLE_ENGINE: [&str; 3] = ["whole engine", "whole", "*"];

/// What stands beside the jobs that are due: others would be, but for a suspension. Where there is room, and where there is little.
const ASLEEP: [&str; 2] = ["more SUSPENDED", "SUSPENDED"];

/// Draws all figures in a grid.
pub fn draw(app: &App, look: &Look, area: Rect, grid: FigureGrid, buffer: &mut Buffer) {
    for (index, figure) in Figure::ALL.into_iter().enumerate() {
        let index = u16::try_from(index).unwrap_or(0);
        let (column, row) = (index % grid.columns, index / grid.columns);
        let left = area.width * column / grid.columns;
        let right = area.width * (column + 1) / grid.columns;
        let cell = Rect { x: area.x + left, y: area.y + row * grid.lines, width: right - left, height: grid.lines };
        if cell.y + cell.height <= area.y + area.height {
            draw_figure(app, look, figure, inset(cell), grid.lines, buffer);
        }
    }
}

/// A cell between neighbours keeps a distance of two cells on its right.
fn inset(cell: Rect) -> Rect {
    Rect { x: cell.x + 1, width: cell.width.saturating_sub(2), ..cell }
}

/// What a figure says, before it is laid out.
struct Words {
    value: String,
    value_role: Role,
    delta: Option<(String, Role)>,
    note: Option<(String, Role)>,
    span: Duration,
    /// From when on nothing is known, if it is older than promised.
    stale_since: Option<Moment>,
}

fn words(app: &App, look: &Look, figure: Figure, state: &FigureState) -> Words {
    let span = state.series.span(app.now);
    let mut note = None;
    let stale = app.figure_freshness(figure).stale();
    let asleep = asleep(app, figure);
    if let Some(problem) = &state.section.problem {
        note = Some((problem.label.to_owned(), Role::BadgeStale));
    } else if let Some(read) = stale.and_then(|stale| stale.read) {
        note = Some((format!("{} old", age_short(freshness::age(read, app.now))), Role::BadgeStale));
    } else if let Some(waiting) = asleep {
        note = Some((format!("+{} {}", count_short(waiting), ASLEEP[0]), Role::BadgeSuspended));
    } else if app.scoping.counts_whole_engine(figure) {
        note = Some((WHOLE_ENGINE[0].to_owned(), Role::Muted));
    }
    let stale_since = stale.map(|stale| stale.since);
    let Some(value) = state.section.get().copied() else {
        let dash = if look.symbols.border.horizontal_top == "-" { "?" } else { "–" };
        return Words { value: dash.to_owned(), value_role: Role::Unknown, delta: None, note, span, stale_since };
    };
    // A zero that may only mean "you may not look" must not look like all is well.
    let partial = matches!(app.snapshot.trust(figure), Trust::Partial(_));
    if partial && value == 0.0 && note.is_none() {
        note = Some(("none visible".to_owned(), Role::Unknown));
    }
    let value_role = match app.settings.thresholds.level(figure.key(), value) {
        // What is older than promised tells nothing of how things stand.
        _ if stale.is_some() => Role::Faint,
        _ if partial && value == 0.0 => Role::Unknown,
        Level::Critical => Role::Critical,
        Level::Warning => Role::Warning,
        Level::Normal if figure == Figure::JobsSucceededRate && value > 0.0 => Role::Ok,
        Level::Normal => Role::Text,
    };
    let at_least = match (partial, look.symbols.gap.is_ascii()) {
        (false, _) => "",
        (true, false) => "≥",
        (true, true) => ">=",
    };
    let delta = if stale.is_some() { None } else { delta(look, figure, state, app.now, span) };
    Words { value: format!("{at_least}{}", value_text(figure, value)), value_role, delta, note, span, stale_since }
}

/// Jobs that would be due but for a suspension: no other figure counts them.
fn asleep(app: &App, figure: Figure) -> Option<u64> {
    let fresh = !app.whole().freshness(Polled::Suspended, app.now).is_stale();
    let counts = suspension::counts(&app.whole().findings).filter(|_| figure == Figure::JobsDue && fresh)?;
    (counts.waiting > 0).then_some(counts.waiting)
}

fn value_text(figure: Figure, value: f64) -> String {
    match figure.unit() {
        Unit::Count => count_exact(value as u64),
        Unit::PerSecond => per_second(value),
    }
}

fn per_second(value: f64) -> String {
    if value == 0.0 {
        "0/s".to_owned()
    } else if value < 10.0 {
        format!("{value:.1}/s")
    } else {
        format!("{}/s", count_short(value as u64))
    }
}

/// A value in at most five cells.
fn narrow(figure: Figure, value: f64) -> String {
    match figure.unit() {
        Unit::Count => count_short(value as u64),
        Unit::PerSecond => format!("{}/s", value.round()),
    }
}

fn delta(look: &Look, figure: Figure, state: &FigureState, now: Moment, span: Duration) -> Option<(String, Role)> {
    let delta = state.series.delta(now, span)?;
    let significant = match figure.unit() {
        Unit::Count => delta.abs() >= 1.0,
        Unit::PerSecond => delta.abs() >= 0.1,
    };
    if !significant {
        return Some(("=".to_owned(), Role::Faint));
    }
    let amount = match figure.unit() {
        Unit::Count => count_short(delta.abs() as u64),
        Unit::PerSecond => per_second(delta.abs()),
    };
    let (arrow, role) = if delta > 0.0 { (look.symbols.up, rise_role(figure, true)) } else { (look.symbols.down, rise_role(figure, false)) };
    Some((format!("{arrow}{amount}"), role))
}

fn rise_role(figure: Figure, rises: bool) -> Role {
    match figure.rise_is_good() {
        None => Role::Muted,
        Some(good) if good == rises => Role::Ok,
        Some(_) => Role::Warning,
    }
}

fn draw_figure(app: &App, look: &Look, figure: Figure, cell: Rect, lines: u16, buffer: &mut Buffer) {
    let Some(state) = app.snapshot.figures.get(&figure) else { return };
    let words = words(app, look, figure, state);
    match lines {
        1 => draw_one_line(app, look, figure, state, &words, cell, buffer),
        _ => draw_tall(app, look, figure, state, &words, cell, lines, buffer),
    }
}

fn draw_one_line(app: &App, look: &Look, figure: Figure, state: &FigureState, words: &Words, cell: Rect, buffer: &mut Buffer) {
    let spacious = cell.width >= 22;
    let Some(mut pen) = Pen::new(buffer, cell, 0) else { return };
    pen.cell(figure.short_label(), 11, Align::Left, look.style(Role::Muted));
    let cells = if spacious { 7 } else { pen.room() };
    let value =
        if width(&words.value) <= cells { words.value.clone() } else { state.section.get().map_or(words.value.clone(), |value| narrow(figure, *value)) };
    let whole = app.scoping.counts_whole_engine(figure);
    let value = if whole && !spacious { format!("{}{value}", WHOLE_ENGINE[2]) } else { value };
    pen.cell(&value, cells, Align::Right, look.style(words.value_role));
    if !spacious {
        return;
    }
    if let Some((note, role)) = &words.note {
        let note = if note == WHOLE_ENGINE[0] { WHOLE_ENGINE[1] } else { note.strip_suffix(" old").unwrap_or(note) };
        pen.skip(1).write(&note.replace(ASLEEP[0], ASLEEP[1]), look.style(*role));
        return;
    }
    pen.skip(1);
    let columns = u16::try_from(pen.room()).unwrap_or(0);
    let spark = Rect { x: cell.x + cell.width - columns, width: columns, height: 1, ..cell };
    draw_sparkline(app, look, figure, state, words, spark, buffer);
}

#[expect(clippy::too_many_arguments, reason = "one cell is drawn from its parts")]
fn draw_tall(app: &App, look: &Look, figure: Figure, state: &FigureState, words: &Words, cell: Rect, lines: u16, buffer: &mut Buffer) {
    if let Some(mut pen) = Pen::new(buffer, cell, 0) {
        // The value stands before its label: behind it, it would read as the value of the next figure.
        let label = if usize::from(cell.width) > figure.label().len() + width(&words.value) { figure.label() } else { figure.short_label() };
        pen.write(&words.value, look.style(words.value_role)).skip(1).write(label, look.style(Role::Muted));
    }
    let span = span_label(words.span);
    let beside = words.note.as_ref().or(words.delta.as_ref());
    if lines < 4 {
        // Change, history and span share the second line.
        let Some(mut pen) = Pen::new(buffer, cell, 1) else { return };
        pen.right(&span, look.style(Role::Faint));
        let (text, role) = beside.map_or((" ", Role::Faint), |(text, role)| (text.as_str(), *role));
        pen.cell(text, width(text).max(5), Align::Left, look.style(role)).skip(1);
        let columns = u16::try_from(pen.room()).unwrap_or(0);
        let taken = cell.width - columns - u16::try_from(width(&span)).unwrap_or(0) - 1;
        draw_sparkline(app, look, figure, state, words, Rect { x: cell.x + taken, y: cell.y + 1, width: columns, height: 1 }, buffer);
        return;
    }
    draw_sparkline(app, look, figure, state, words, Rect { y: cell.y + 1, height: 1, ..cell }, buffer);
    let Some(mut pen) = Pen::new(buffer, cell, 2) else { return };
    pen.right(&format!("in {span}"), look.style(Role::Faint));
    if let Some((text, role)) = beside {
        pen.write(text, look.style(*role));
    }
    if let (None, Some(taken)) = (&words.note, state.section.taken) {
        let age = freshness::age(taken, app.now);
        let partial = matches!(app.snapshot.trust(figure), Trust::Partial(_));
        let (text, role) = if partial { ("visible to you".to_owned(), Role::Warning) } else { (format!("{} ago", age_short(age)), Role::Faint) };
        pen.skip(2).write(&text, look.style(role));
    }
}

fn span_label(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    if minutes >= 60 { format!("{}h", minutes / 60) } else { format!("{minutes}m") }
}

/// A sparkline from zero to the highest value on it. A gap is a symbol of its own; nothing is drawn before the first sample. What was
/// reconstructed is fainter than what was measured. From where a promise is broken nothing is known, and nothing is in colours of health.
fn draw_sparkline(app: &App, look: &Look, figure: Figure, state: &FigureState, words: &Words, area: Rect, buffer: &mut Buffer) {
    let span = words.span;
    let mut buckets = state.series.buckets(app.now, span, area.width.into());
    if let Some(since) = words.stale_since {
        forget_since(&mut buckets, span, freshness::age(since, app.now));
    }
    let deployed = if figure == Figure::IncidentsRoot { deployment_column(app, span, buckets.len()) } else { None };
    let highest = buckets
        .iter()
        .filter_map(|bucket| if let Bucket::Value(value) | Bucket::Reconstructed(value) = bucket { Some(*value) } else { None })
        .fold(0.0, f64::max);
    for (column, bucket) in buckets.iter().enumerate() {
        let marked = deployed == Some(column);
        let (symbol, role) = match bucket {
            Bucket::Before if marked => (look.symbols.sparkline[1], Role::Accent),
            Bucket::Before => continue,
            Bucket::Value(value) | Bucket::Reconstructed(value) if marked => (look.symbols.sparkline[level(*value, highest)], Role::Accent),
            Bucket::Gap => (look.symbols.gap, Role::SparklineGap),
            Bucket::Reconstructed(value) => (look.symbols.sparkline[level(*value, highest)], Role::Faint),
            Bucket::Value(value) if words.stale_since.is_some() => (look.symbols.sparkline[level(*value, highest)], Role::Faint),
            Bucket::Value(value) => (look.symbols.sparkline[level(*value, highest)], Role::Sparkline),
        };
        put(buffer, area, (column, 0), symbol, look.style(role));
    }
}

/// Makes a gap of the columns that lie whole within the last `ago`.
fn forget_since(buckets: &mut [Bucket], span: Duration, ago: Duration) {
    let columns = (ago.as_secs_f64() / span.as_secs_f64() * buckets.len() as f64) as usize;
    let from = buckets.len().saturating_sub(columns);
    buckets[from..].iter_mut().filter(|bucket| matches!(bucket, Bucket::Value(_))).for_each(|bucket| *bucket = Bucket::Gap);
}

/// The column of the last deployment, if it lies within the span: what changed is the first suspect.
fn deployment_column(app: &App, span: Duration, columns: usize) -> Option<usize> {
    let newest = app.snapshot.deployments.get()?.values().filter_map(|deployment| deployment.time).max()?;
    let age = Duration::try_from(app.snapshot.engine.engine_time(app.now).duration_since(newest)).ok()?;
    (age < span && columns > 0).then(|| columns - 1 - (age.as_secs_f64() / span.as_secs_f64() * columns as f64) as usize)
}

/// Bar height from 1 to 8; zero keeps the lowest bar, so that "measured zero" and "nothing known" differ.
fn level(value: f64, highest: f64) -> usize {
    if highest <= 0.0 { 1 } else { 1 + ((value / highest) * 7.0).round() as usize }.min(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measured_zero_has_a_bar_and_the_highest_value_a_full_one() {
        assert_eq!((level(0.0, 0.0), level(0.0, 9.0), level(9.0, 9.0), level(4.5, 9.0)), (1, 1, 8, 5));
    }

    #[test]
    fn small_rates_are_not_rounded_to_zero() {
        assert_eq!((per_second(0.0), per_second(0.5), per_second(12.7)), ("0/s".into(), "0.5/s".into(), "12/s".into()));
    }

    #[test]
    fn the_last_deployment_has_a_column_while_it_lies_within_the_span() {
        use crate::model::deployment::Deployment;
        use crate::model::example;
        let now = example::noon();
        let mut snapshot = example::snapshot(now);
        let deployed = |age: i64| Deployment { time: Some(now.wall - jiff::SignedDuration::from_secs(age)), ..Deployment::default() };
        snapshot.deployments.succeed([("d1".into(), deployed(30)), ("d2".into(), deployed(9_000))].into(), now);
        let mut app = App::new(crate::app::Settings::default(), snapshot.engine.clone(), now);
        app.update(crate::app::Message::Snapshot(std::sync::Arc::new(snapshot)), now);
        assert_eq!(deployment_column(&app, Duration::from_secs(60), 6), Some(2));
        assert_eq!(deployment_column(&app, Duration::from_secs(60), 0), None);
        assert_eq!(deployment_column(&app, Duration::from_secs(20), 6), None);
    }
}
