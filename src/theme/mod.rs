//! Semantic colour roles and the palettes that fill them. Widgets name a role, never a colour.
//!
//! A [`Theme`] gives each [`Role`] a style; [`Symbols`] gives the characters to draw with. What does not belong here: which theme was
//! asked for (that is configuration), and where on the screen a role is used.

mod colour;
mod file;
mod role;
mod symbols;

#[cfg(test)]
mod tests;

use std::path::Path;

use ratatui::style::{Color, Modifier, Style};

use crate::config::ConfigError;
pub use colour::{Depth, READABLE, contrast};
pub use file::EMBEDDED;
pub use role::Role;
pub use symbols::{ASCII, Symbols, Tree, UNICODE};

/// A style for every role, fit for one terminal.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    styles: [Style; Role::COUNT],
}

impl Theme {
    /// Reads a theme by name or path. A name is looked up in `folder`, where the user's own themes lie, then among [`EMBEDDED`]; what
    /// contains a slash or ends in `.toml` is a path.
    ///
    /// # Errors
    ///
    /// There is no such theme, or its file holds mistakes; all mistakes are reported together, a missing role by name.
    pub fn load(name: &str, folder: Option<&Path>) -> Result<Self, ConfigError> {
        file::load(name, folder).map(|styles| Self { styles })
    }

    /// Reads a theme from its text; `file` is named in errors.
    ///
    /// # Errors
    ///
    /// Every mistake in the text, with its place.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        file::read(file, text, None).map(|styles| Self { styles })
    }

    /// The style of a role. It sets only what the role is about, so that it can be laid over a row or a window; the ground is
    /// [`Role::Screen`].
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// The theme with the colour of one engine as its accent, lightened or darkened as far as the screen needs it to be read. Comes
    /// before [`Theme::at_depth`]; a theme without colours stays so.
    #[must_use]
    pub fn with_accent(mut self, accent: Color) -> Self {
        if !self.is_colourless() {
            let ground = self.style(Role::Screen).bg.unwrap_or(Color::Reset);
            self.styles[Role::Accent as usize].fg = Some(colour::readable_on(ground, accent));
        }
        self
    }

    /// The theme brought down to what a terminal shows, with nothing lost to sight: where two colours fall together, bold, underline
    /// and reverse take over.
    #[must_use]
    pub fn at_depth(&self, depth: Depth) -> Self {
        match depth {
            Depth::TrueColor => self.clone(),
            Depth::Colourless => Self { styles: file::load("mono", None).unwrap_or(self.styles).map(without_colours) },
            Depth::Ansi256 | Depth::Ansi16 => {
                let screen = lowered(self.style(Role::Screen), Style::new(), Style::new(), depth);
                let mut styles = self.styles.map(|style| lowered(style, self.style(Role::Screen), screen, depth));
                styles[Role::Screen as usize] = screen;
                for (role, modifier) in [(Role::Selection, Modifier::REVERSED), (Role::SelectionInactive, Modifier::UNDERLINED)] {
                    let style = &mut styles[role as usize];
                    if style.bg == screen.bg {
                        *style = style.add_modifier(modifier);
                    }
                }
                Self { styles }
            }
        }
    }

    /// Whether no role has a colour.
    pub fn is_colourless(&self) -> bool {
        self.styles.iter().all(|style| is_blank(style.fg) && is_blank(style.bg))
    }
}

impl Default for Theme {
    /// The theme `night`; it stands in wherever a theme of the user's cannot be read.
    fn default() -> Self {
        let text = file::embedded_text("night").unwrap_or_default();
        Self { styles: file::read("night.toml", text, None).unwrap_or([Style::new(); Role::COUNT]) }
    }
}

fn is_blank(colour: Option<Color>) -> bool {
    matches!(colour, None | Some(Color::Reset))
}

fn without_colours(style: Style) -> Style {
    Style { fg: None, bg: None, ..style }
}

/// A style brought down to `depth`. Where its text would fall together with its ground, the text turns black or white.
fn lowered(style: Style, full_screen: Style, screen: Style, depth: Depth) -> Style {
    let fg = style.fg.map(|fg| colour::at_depth(fg, depth));
    let bg = style.bg.map(|bg| colour::at_depth(bg, depth));
    let ground = bg.or(screen.bg);
    let was_visible = style.fg != style.bg.or(full_screen.bg);
    let fg = match fg {
        Some(fg) if Some(fg) == ground && was_visible => Some(colour::opposite(fg)),
        other => other,
    };
    Style { fg, bg, ..style }
}
