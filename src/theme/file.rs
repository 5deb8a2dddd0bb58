//! Theme files: a palette of named colours, and for each role which of them it wears.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ratatui::style::{Color, Modifier, Style};

use super::colour;
use super::role::Role;
use crate::config::SIZE_LIMIT;
use crate::config::document::{Found, Section, parse};
use crate::config::input::read_text;
use crate::config::problem::{ConfigError, Marked, Report, nearest, safe};

/// The themes inside the program.
pub const EMBEDDED: [&str; 4] = ["night", "day", "war-room", "mono"];

/// How many themes may extend one another; more is a circle.
const LONGEST_CHAIN: usize = 8;

const TOP_KEYS: &[&str] = &["extends", "palette", "roles"];
const ROLE_KEYS: &[&str] = &["fg", "bg", "bold", "dim", "italic", "underline", "reverse"];

/// A colour as a role names it: looked up in the palette only when all files of a chain are read, so that a theme may change one
/// colour of the theme it extends and have every role follow.
#[derive(Debug, Clone)]
enum Paint {
    Named(String),
    Direct(Color),
}

#[derive(Debug, Clone, Default)]
struct Look {
    fg: Option<Paint>,
    bg: Option<Paint>,
    modifiers: Modifier,
}

/// What a chain of theme files says so far.
#[derive(Debug, Default)]
struct Layers {
    palette: BTreeMap<String, Color>,
    looks: BTreeMap<Role, Look>,
}

pub(super) fn embedded_text(name: &str) -> Option<&'static str> {
    match name {
        "night" => Some(include_str!("../../themes/night.toml")),
        "day" => Some(include_str!("../../themes/day.toml")),
        "war-room" => Some(include_str!("../../themes/war-room.toml")),
        "mono" => Some(include_str!("../../themes/mono.toml")),
        _ => None,
    }
}

/// The styles of a theme by name or path; `folder` holds the user's own.
pub(super) fn load(name: &str, folder: Option<&Path>) -> Result<[Style; Role::COUNT], ConfigError> {
    let (file, text) = find(name, folder, None)?;
    read(&file, &text, folder)
}

/// The styles of a theme from its text.
pub(super) fn read(file: &str, text: &str, folder: Option<&Path>) -> Result<[Style; Role::COUNT], ConfigError> {
    let mut layers = Layers::default();
    layers.add(file, text, folder, LONGEST_CHAIN)?;
    let missing: Vec<&str> = Role::ALL.iter().filter(|role| !layers.looks.contains_key(role)).map(|role| role.name()).collect();
    if !missing.is_empty() {
        let mut report = Report::new(file, text);
        report.add(
            0..0,
            Marked::Known,
            format!("the theme has no {}; add what is missing under [roles], or begin with extends = \"night\"", missing.join(", ")),
        );
        return report.finish([Style::new(); Role::COUNT]);
    }
    let mut styles = [Style::new(); Role::COUNT];
    for (role, look) in &layers.looks {
        styles[*role as usize] = layers.style(look);
    }
    Ok(styles)
}

/// Name and text of a theme. The user's own wins over an embedded one of the same name, except where that very file extends it.
fn find(name: &str, folder: Option<&Path>, asking: Option<&str>) -> Result<(String, String), ConfigError> {
    let is_path = name.contains(['/', '\\']) || name.ends_with(".toml");
    let path = if is_path { Some(PathBuf::from(name)) } else { folder.map(|folder| folder.join(format!("{name}.toml"))) };
    let own = path.filter(|path| is_path || (path.is_file() && asking != Some(path.display().to_string().as_str())));
    if let Some(path) = own {
        let file = path.display().to_string();
        return match read_text(&path, SIZE_LIMIT) {
            Ok(text) => Ok((file, text)),
            Err(error) => Err(ConfigError::Unreadable { path: safe(&file), reason: error.to_string() }),
        };
    }
    if let Some(text) = embedded_text(name) {
        return Ok((format!("{name}.toml"), text.to_owned()));
    }
    let own = folder.map(own_themes).unwrap_or_default();
    let names: Vec<&str> = EMBEDDED.into_iter().chain(own.iter().map(String::as_str)).collect();
    let near = nearest(name, names.iter().copied()).map_or_else(|| ".".to_owned(), |near| format!("; did you mean \"{}\"?", safe(near)));
    Err(ConfigError::Request(format!("there is no theme \"{}\"{near} Themes are: {}", safe(name), safe(&names.join(", ")))))
}

fn own_themes(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".toml").map(str::to_owned)).collect();
    names.retain(|name| !EMBEDDED.contains(&name.as_str()));
    names.sort();
    names
}

impl Layers {
    /// Adds a file above the one it extends, which is added first.
    fn add(&mut self, file: &str, text: &str, folder: Option<&Path>, chain: usize) -> Result<(), ConfigError> {
        let mut report = Report::new(file, text);
        let Some(document) = parse(text, &mut report) else {
            return report.finish(());
        };
        let root = Section::root(&document);
        root.expect_keys(TOP_KEYS, |key| Role::named(key).map(|_| "[roles]"), &mut report);
        if let Some(parent) = root.text("extends", &mut report) {
            match find(parent.value, folder, Some(file)) {
                _ if chain == 0 => report.add(parent.span, Marked::Known, "themes extend one another in a circle".to_owned()),
                Ok((parent_file, parent_text)) => self.add(&parent_file, &parent_text, folder, chain - 1)?,
                Err(error) => report.add(parent.span, Marked::Known, error.to_string()),
            }
        }
        self.read_palette(&root, &mut report);
        self.read_roles(&root, &mut report);
        report.finish(())
    }

    fn read_palette(&mut self, root: &Section<'_>, report: &mut Report<'_>) {
        let Some(palette) = root.section("palette", "a section", report) else {
            return;
        };
        for key in palette.keys() {
            let Some(found) = palette.text(key.value, report) else {
                continue;
            };
            match colour::parse(found.value) {
                Some(colour) => drop(self.palette.insert(key.value.to_owned(), colour)),
                None => report.add(found.span, Marked::Known, not_a_colour(found.value, "")),
            }
        }
    }

    fn read_roles(&mut self, root: &Section<'_>, report: &mut Report<'_>) {
        let Some(roles) = root.section("roles", "a section", report) else {
            return;
        };
        let names: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
        roles.expect_keys(&names, |_| None, report);
        for role in Role::ALL.iter().copied().filter(|role| roles.has(role.name())) {
            let look = if roles.is_text(role.name()) {
                Look { fg: self.paint(roles.text(role.name(), report), report), ..Look::default() }
            } else {
                let wanted = "a colour or { fg = \"…\", bg = \"…\", bold = true }";
                let Some(table) = roles.section(role.name(), wanted, report) else {
                    continue;
                };
                self.look(&table, report)
            };
            self.looks.insert(role, look);
        }
    }

    fn look(&self, table: &Section<'_>, report: &mut Report<'_>) -> Look {
        table.expect_keys(ROLE_KEYS, |_| None, report);
        let mut modifiers = Modifier::empty();
        for (key, modifier) in [
            ("bold", Modifier::BOLD),
            ("dim", Modifier::DIM),
            ("italic", Modifier::ITALIC),
            ("underline", Modifier::UNDERLINED),
            ("reverse", Modifier::REVERSED),
        ] {
            modifiers.set(modifier, table.flag(key, report).unwrap_or_default());
        }
        Look { fg: self.paint(table.text("fg", report), report), bg: self.paint(table.text("bg", report), report), modifiers }
    }

    fn paint(&self, found: Option<Found<&str>>, report: &mut Report<'_>) -> Option<Paint> {
        let found = found?;
        if self.palette.contains_key(found.value) {
            return Some(Paint::Named(found.value.to_owned()));
        }
        let direct = colour::parse(found.value);
        if direct.is_none() {
            let near = nearest(found.value, self.palette.keys().map(String::as_str)).map(|near| format!("did you mean \"{}\"? ", safe(near)));
            report.add(found.span, Marked::Known, not_a_colour(found.value, &near.unwrap_or_default()));
        }
        direct.map(Paint::Direct)
    }

    fn style(&self, look: &Look) -> Style {
        let colour = |paint: &Paint| match paint {
            Paint::Direct(colour) => Some(*colour),
            Paint::Named(name) => self.palette.get(name).copied(),
        };
        Style { fg: look.fg.as_ref().and_then(colour), bg: look.bg.as_ref().and_then(colour), ..Style::new() }.add_modifier(look.modifiers)
    }
}

fn not_a_colour(text: &str, near: &str) -> String {
    format!(
        "\"{}\" is not a colour; {near}write a name from [palette], a name such as \"red\", \"#rrggbb\", \"indexed:0\" to \"indexed:255\", or \"default\"",
        safe(text)
    )
}
