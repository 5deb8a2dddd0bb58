//! The screen shown when nothing names an engine: the ways to start, and a line to type an address into.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::look::{Look, Pen};
use super::overlays::draw_input;
use crate::app::App;
use crate::theme::Role;

/// Draws the screen.
pub fn draw(app: &App, look: &Look, frame: &mut Frame<'_>) {
    let Some(prompt) = &app.first_run else { return };
    let screen = frame.area();
    let width = screen.width.min(84);
    let area = Rect {
        x: (screen.width - width) / 2,
        y: u16::from(screen.height >= 22) * 2,
        width,
        height: screen.height.saturating_sub(u16::from(screen.height >= 22) * 2),
    };
    let config = app.settings.config_path.clone().unwrap_or_else(|| "config.toml".to_owned());
    let mut lines: Vec<(String, Role)> = vec![
        ("bpmtop".to_owned(), Role::Title),
        ("The terminal operations cockpit for Camunda 7 process engines.".to_owned(), Role::Muted),
        (String::new(), Role::Text),
        ("No engine is named yet. Type the address of its REST API and press enter:".to_owned(), Role::Text),
        (String::new(), Role::Text),
    ];
    let input_line = u16::try_from(lines.len()).unwrap_or(0);
    lines.push((String::new(), Role::Text));
    if let Some((notice, _)) = &app.notice {
        lines.push((notice.clone(), Role::Warning));
    }
    lines.push((String::new(), Role::Text));
    lines.push(("Other ways to start:".to_owned(), Role::Header));
    lines.push(("  bpmtop http://localhost:8080/engine-rest   an address".to_owned(), Role::Text));
    lines.push(("  bpmtop --user demo http://…                asks for the password".to_owned(), Role::Text));
    lines.push(("  BPMTOP_URL, BPMTOP_USER, BPMTOP_PASSWORD   the same from the environment".to_owned(), Role::Text));
    lines.push(("  bpmtop config example                      a configuration, kept in".to_owned(), Role::Text));
    lines.push((format!("    {config}"), Role::Accent));
    if !app.settings.profiles.is_empty() {
        lines.push((String::new(), Role::Text));
        lines.push((format!("Your profiles: {}  (bpmtop NAME opens one)", app.settings.profiles.join(", ")), Role::Info));
    }
    lines.push((String::new(), Role::Text));
    lines.push(("enter connects, esc leaves".to_owned(), Role::Faint));
    for (line, (text, role)) in lines.iter().enumerate() {
        if let Some(mut pen) = Pen::new(frame.buffer_mut(), area, u16::try_from(line).unwrap_or(u16::MAX)) {
            pen.write(text, look.style(*role));
        }
    }
    let place = Rect { y: area.y + input_line, height: 1, ..area };
    if place.y < screen.height {
        draw_input(&prompt.area, place, true, look, frame);
    }
}
