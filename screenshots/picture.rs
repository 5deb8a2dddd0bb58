//! A terminal screen as SVG and PNG: a window, its cells on a grid of whole pixels, letters from one font. Runs nothing.

use std::fmt::Write;

use anyhow::{Context, Result, bail};
use resvg::{tiny_skia, usvg};

use super::palette::{BACKGROUND, FOREGROUND, Rgb, blend, hex, rgb};
use super::shapes::{HEIGHT, WIDTH, shape};

const FONT: &str = "DejaVu Sans Mono";
/// The Debian package that holds it.
const FONT_PACKAGE: &str = "fonts-dejavu-core";
/// The size at which a letter of the font is as wide as a cell.
const FONT_SIZE: f32 = WIDTH as f32 / 0.602_05;
const BASELINE: i32 = 31;
const PADDING: i32 = 28;
const TITLE_BAR: i32 = 64;

/// What surrounds the cells.
pub struct Window {
    /// Shown in a title bar; without one there is none.
    pub title: Option<String>,
    /// Of the PNG's pixels.
    pub scale: f32,
}

impl Default for Window {
    fn default() -> Self {
        Self { title: None, scale: 1.0 }
    }
}

/// How a cell is painted.
#[derive(Clone, PartialEq)]
struct Paint {
    ink: Rgb,
    ground: Rgb,
    bold: bool,
    italic: bool,
    underline: bool,
}

impl Paint {
    fn of(cell: &vt100::Cell) -> Self {
        let (mut ink, mut ground) = (rgb(cell.fgcolor(), FOREGROUND), rgb(cell.bgcolor(), BACKGROUND));
        if cell.inverse() {
            std::mem::swap(&mut ink, &mut ground);
        }
        if cell.dim() {
            ink = blend(ink, ground, 58);
        }
        Self { ink, ground, bold: cell.bold(), italic: cell.italic(), underline: cell.underline() }
    }
}

/// The picture as SVG. Shown at half of its pixels, which is a usual letter's size.
pub fn svg(screen: &vt100::Screen, window: &Window) -> String {
    let (rows, cols) = screen.size();
    let (rows, cols) = (i32::from(rows.get()), i32::from(cols.get()));
    let top = if window.title.is_some() { TITLE_BAR } else { PADDING };
    let (width, height) = (cols * WIDTH + 2 * PADDING, rows * HEIGHT + top + PADDING);
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" viewBox="0 0 {width} {height}" font-family="'{FONT}', monospace" font-size="{FONT_SIZE:.3}" xml:space="preserve"><rect x="1" y="1" width="{}" height="{}" rx="20" fill="{}" stroke="#3a4052" stroke-width="2"/>"##,
        width / 2,
        height / 2,
        width - 2,
        height - 2,
        hex(BACKGROUND),
    );
    if let Some(title) = &window.title {
        svg.push_str(&title_bar(title, width));
    }
    for row in 0..rows {
        draw_row(&mut svg, screen, row as u16, top + row * HEIGHT);
    }
    if !screen.hide_cursor() {
        let (row, col) = screen.cursor_position();
        let (x, y) = (PADDING + i32::from(col) * WIDTH, top + i32::from(row) * HEIGHT);
        let _ = write!(svg, r#"<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" fill="{}" fill-opacity="0.55"/>"#, hex(FOREGROUND));
    }
    svg.push_str("</svg>\n");
    svg
}

fn title_bar(title: &str, width: i32) -> String {
    let dots: String = [("#f07178", 0), ("#e6b450", 1), ("#9ece6a", 2)]
        .map(|(color, place)| format!(r#"<circle cx="{}" cy="32" r="9" fill="{color}"/>"#, 38 + place * 30))
        .concat();
    format!(r##"{dots}<text x="{}" y="40" font-size="24" fill="#8b93a8" text-anchor="middle">{}</text>"##, width / 2, escaped(title))
}

/// Grounds first, then ink: a letter may reach a little into its neighbour's cell.
fn draw_row(svg: &mut String, screen: &vt100::Screen, row: u16, y: i32) {
    let cols = screen.size().1.get();
    let cells: Vec<(u16, &vt100::Cell, Paint)> = (0..cols).filter_map(|col| screen.cell(row, col).map(|cell| (col, cell, Paint::of(cell)))).collect();
    for run in cells.chunk_by(|a, b| a.2.ground == b.2.ground) {
        if run[0].2.ground != BACKGROUND {
            let (x, width) = (PADDING + i32::from(run[0].0) * WIDTH, run.len() as i32 * WIDTH);
            let ground = hex(run[0].2.ground);
            let _ = write!(svg, r#"<rect x="{x}" y="{y}" width="{width}" height="{HEIGHT}" fill="{ground}"/>"#);
        }
    }
    for run in cells.chunk_by(|a, b| a.2 == b.2) {
        draw_ink(svg, run, y);
    }
}

fn draw_ink(svg: &mut String, run: &[(u16, &vt100::Cell, Paint)], y: i32) {
    let paint = &run[0].2;
    let ink = hex(paint.ink);
    let mut line = Line::default();
    for (col, cell, _) in run {
        let x = PADDING + i32::from(*col) * WIDTH;
        let text = cell.contents();
        match (text.chars().next(), shape(text.chars().next().unwrap_or(' '), x, y, &ink)) {
            (None | Some(' '), _) => {}
            (Some(_), Some(drawn)) => svg.push_str(&drawn),
            (Some(character), None) if text.chars().count() == 1 && !cell.is_wide() => line.add(character, x),
            // Several code points share one place, and a wide letter comes from a font of another width.
            (Some(_), None) => svg.push_str(&letters(text, &format!("{}", x), y, paint)),
        }
    }
    if !line.text.is_empty() {
        svg.push_str(&letters(&line.text, line.places.trim_end(), y, paint));
    }
    if paint.underline {
        let (x, width) = (PADDING + i32::from(run[0].0) * WIDTH, run.len() as i32 * WIDTH);
        let _ = write!(svg, r#"<rect x="{x}" y="{}" width="{width}" height="2" fill="{ink}"/>"#, y + BASELINE + 4);
    }
}

/// Letters of one paint with the place of each, so that the grid holds whatever the font does.
#[derive(Default)]
struct Line {
    text: String,
    places: String,
}

impl Line {
    fn add(&mut self, character: char, x: i32) {
        self.text.push(character);
        let _ = write!(self.places, "{x} ");
    }
}

/// Slanted by hand: the font's own slanted faces are in another package.
fn letters(text: &str, places: &str, y: i32, paint: &Paint) -> String {
    let baseline = y + BASELINE;
    let weight = if paint.bold { r#" font-weight="bold""# } else { "" };
    let slant = if paint.italic { format!(r#" transform="translate({:.2} 0) skewX(-12)""#, f64::from(baseline) * 0.2126) } else { String::new() };
    format!(r#"<text x="{places}" y="{baseline}" fill="{}"{weight}{slant}>{}</text>"#, hex(paint.ink), escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The SVG as a PNG file's bytes, twice as large as the SVG shows itself, times the scale.
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>> {
    let mut options = usvg::Options { font_family: FONT.to_owned(), ..usvg::Options::default() };
    options.fontdb_mut().load_system_fonts();
    let has_font = options.fontdb.faces().any(|face| face.families.iter().any(|(family, _)| family == FONT));
    if !has_font {
        bail!("the font {FONT} is missing; on Debian, install the package {FONT_PACKAGE}");
    }
    let tree = usvg::Tree::from_str(svg, &options)?;
    let factor = 2.0 * scale;
    let size = tree.size().to_int_size().scale_by(factor).context("the scale leaves no pixels")?;
    let mut pixels = tiny_skia::Pixmap::new(size.width(), size.height()).context("the picture is too large")?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(factor, factor), &mut pixels.as_mut());
    Ok(pixels.encode_png()?)
}
