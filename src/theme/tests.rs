//! What every theme promises: all roles, readable text, and no meaning that hangs on colour alone.

use std::path::Path;

use ratatui::style::{Color, Modifier, Style};

use super::*;

const COLOURED: [&str; 3] = ["night", "day", "war-room"];

/// Roles that may recede; everything else carries something an operator has to read.
const RECEDING: [Role; 3] = [Role::Faint, Role::Border, Role::SparklineGap];

fn theme(name: &str) -> Theme {
    Theme::load(name, None).unwrap_or_else(|error| panic!("{error}"))
}

fn contrast_of(theme: &Theme, role: Role, ground: Option<Color>) -> f64 {
    let (screen, style) = (theme.style(Role::Screen), theme.style(role));
    contrast(style.fg.or(screen.fg).unwrap(), style.bg.or(ground).or(screen.bg).unwrap()).unwrap()
}

#[test]
fn every_embedded_theme_fills_every_role() {
    for name in EMBEDDED {
        theme(name);
    }
}

#[test]
fn the_default_theme_is_night() {
    assert_eq!(Theme::default(), theme(crate::config::DEFAULT_THEME));
    assert!(!Theme::default().is_colourless());
}

#[test]
fn what_has_to_be_read_is_readable() {
    for name in COLOURED {
        let theme = theme(name);
        for role in Role::ALL.iter().copied().filter(|role| !RECEDING.contains(role)) {
            let contrast = contrast_of(&theme, role, None);
            assert!(contrast >= READABLE, "{name}: {} has a contrast of {contrast:.2}", role.name());
        }
    }
}

#[test]
fn what_recedes_can_still_be_seen() {
    for name in COLOURED {
        for role in RECEDING {
            let contrast = contrast_of(&theme(name), role, None);
            assert!(contrast >= 1.5, "{name}: {} has a contrast of {contrast:.2}", role.name());
        }
    }
}

#[test]
fn a_row_stays_readable_under_the_cursor_and_in_a_window() {
    for name in COLOURED {
        let theme = theme(name);
        for ground in [Role::Selection, Role::SelectionInactive, Role::Overlay] {
            for role in [Role::Text, Role::Muted, Role::Ok, Role::Warning, Role::Critical, Role::Unknown, Role::Root, Role::Blocked, Role::Mark, Role::Key] {
                let contrast = contrast_of(&theme, role, theme.style(ground).bg);
                assert!(contrast >= READABLE, "{name}: {} on {} has a contrast of {contrast:.2}", role.name(), ground.name());
            }
        }
    }
}

/// Roles that must differ from one another by more than colour when there is none.
const TOLD_APART: &[&[Role]] = &[
    &[Role::Ok, Role::Warning, Role::Critical, Role::Unknown],
    &[Role::Text, Role::Selection, Role::SelectionInactive, Role::Critical, Role::Match],
    &[Role::Border, Role::BorderFocused],
    &[Role::Root, Role::Blocked],
    &[Role::Sparkline, Role::SparklineGap],
    &[Role::Key, Role::KeyLabel],
    &[Role::Text, Role::Mark],
    &[Role::Text, Role::Input],
];

fn assert_told_apart(theme: &Theme, what: &str) {
    for group in TOLD_APART {
        for (index, a) in group.iter().enumerate() {
            for b in &group[index + 1..] {
                assert_ne!(theme.style(*a), theme.style(*b), "{what}: {} looks like {}", a.name(), b.name());
            }
        }
    }
}

#[test]
fn roles_are_told_apart_in_every_theme_at_every_depth() {
    for name in EMBEDDED {
        for depth in [Depth::TrueColor, Depth::Ansi256, Depth::Ansi16, Depth::Colourless] {
            assert_told_apart(&theme(name).at_depth(depth), &format!("{name} at {depth:?}"));
        }
    }
}

#[test]
fn mono_and_every_theme_on_a_colourless_terminal_set_no_colour() {
    assert!(theme("mono").is_colourless());
    for name in EMBEDDED {
        let colourless = theme(name).at_depth(Depth::Colourless);
        assert!(Role::ALL.iter().all(|role| colourless.style(*role).fg.is_none() && colourless.style(*role).bg.is_none()), "{name}");
    }
}

#[test]
fn no_role_vanishes_at_a_lower_depth() {
    for name in COLOURED {
        for depth in [Depth::Ansi256, Depth::Ansi16] {
            let theme = theme(name).at_depth(depth);
            let screen = theme.style(Role::Screen);
            for role in Role::ALL {
                let style = theme.style(*role);
                assert_ne!(style.fg.or(screen.fg), style.bg.or(screen.bg), "{name} at {depth:?}: {}", role.name());
                assert!(![style.fg, style.bg].iter().any(|colour| matches!(colour, Some(Color::Rgb(..)))), "{name} at {depth:?}: {}", role.name());
            }
        }
    }
}

#[test]
fn the_cursor_is_visible_at_every_depth() {
    for name in EMBEDDED {
        for depth in [Depth::TrueColor, Depth::Ansi256, Depth::Ansi16, Depth::Colourless] {
            let theme = theme(name).at_depth(depth);
            for role in [Role::Selection, Role::SelectionInactive] {
                let style = theme.style(role);
                let own_ground = style.bg.is_some() && style.bg != theme.style(Role::Screen).bg;
                let marked = style.add_modifier.intersects(Modifier::REVERSED | Modifier::UNDERLINED);
                assert!(own_ground || marked, "{name} at {depth:?}: {}", role.name());
            }
        }
    }
}

#[test]
fn text_that_would_fall_together_with_its_ground_turns_black_or_white() {
    let text = "extends = 'night'\n[roles]\nmark = { fg = '#0a0a0a', bg = '#141414' }\nroot = '#0a0a0a'";
    let lowered = Theme::parse("own.toml", text).unwrap().at_depth(Depth::Ansi16);
    assert_eq!(lowered.style(Role::Mark).fg, Some(Color::White));
    assert_eq!(lowered.style(Role::Root).fg, Some(Color::White));
}

#[test]
fn the_engines_colour_becomes_the_accent_except_where_there_are_no_colours() {
    let green = Color::Rgb(0x40, 0xd0, 0x60);
    assert_eq!(theme("night").with_accent(green).style(Role::Accent).fg, Some(green));
    assert!(theme("mono").with_accent(Color::Red).is_colourless());
}

#[test]
fn the_engines_colour_is_made_readable_on_every_ground() {
    for name in COLOURED {
        for colour in [Color::Red, Color::Yellow, Color::Blue, Color::Black, Color::White, Color::Rgb(0x80, 0x20, 0x20)] {
            let contrast = contrast_of(&theme(name).with_accent(colour), Role::Accent, None);
            assert!(contrast >= READABLE, "{name}: {colour} has a contrast of {contrast:.2}");
        }
    }
}

#[test]
fn a_theme_that_changes_one_colour_of_another_changes_every_role_that_wears_it() {
    let own = Theme::parse("own.toml", "extends = 'night'\n[palette]\namber = '#010203'").unwrap();
    assert_eq!(own.style(Role::Warning).fg, Some(Color::Rgb(1, 2, 3)));
    assert_eq!(own.style(Role::Match).bg, Some(Color::Rgb(1, 2, 3)));
    assert_eq!(own.style(Role::Ok), theme("night").style(Role::Ok));
}

#[test]
fn every_property_of_a_role_is_read() {
    let text = "extends='mono'\n[roles]\ntext = { fg='red', bg='indexed:7', bold=true, dim=true, italic=true, underline=true, reverse=true }";
    let all = Modifier::BOLD | Modifier::DIM | Modifier::ITALIC | Modifier::UNDERLINED | Modifier::REVERSED;
    let expected = Style::new().fg(Color::Red).bg(Color::Indexed(7)).add_modifier(all);
    assert_eq!(Theme::parse("own.toml", text).unwrap().style(Role::Text), expected);
}

#[test]
fn missing_roles_are_named() {
    let (palette, roles) = file::embedded_text("night").unwrap().split_once("[roles]").unwrap();
    let without = |role: &str| format!("{palette}[roles]{}", roles.lines().filter(|line| !line.starts_with(role)).collect::<Vec<_>>().join("\n"));
    for role in Role::ALL {
        let error = Theme::parse("own.toml", &without(&format!("{} =", role.name()))).unwrap_err().to_string();
        assert!(error.contains(&format!("the theme has no {};", role.name())), "{error}");
    }
}

#[test]
fn mistakes_in_a_theme_are_told_with_their_place_and_way_out() {
    let text = "extends = 'nigth'\n[palette]\nrose = '#ff00'\n[roles]\ntxt = 'red'\ntext = { fg = 'roze', bald = true }\nmark = 5\n";
    insta::assert_snapshot!(Theme::parse("own.toml", text).unwrap_err());
}

#[test]
fn an_own_theme_is_found_by_name_or_path_and_may_extend_the_one_it_replaces() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("night.toml", "extends = 'night'\n[roles]\nmark = '#010203'");
    write("mine.toml", "extends = 'night'\n[roles]\nroot = '#040506'");
    let mine = Theme::load("mine", Some(folder.path())).unwrap();
    assert_eq!((mine.style(Role::Mark).fg, mine.style(Role::Root).fg), (Some(Color::Rgb(1, 2, 3)), Some(Color::Rgb(4, 5, 6))));
    let by_path = Theme::load(folder.path().join("night.toml").to_str().unwrap(), None).unwrap();
    assert_eq!(by_path.style(Role::Mark).fg, Some(Color::Rgb(1, 2, 3)));
}

#[test]
fn an_unknown_theme_names_the_nearest_and_all_others() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.toml"), "").unwrap();
    let error = Theme::load("nite", Some(folder.path())).unwrap_err().to_string();
    assert_eq!(error, "there is no theme \"nite\". Themes are: night, day, war-room, mono, mine");
    assert!(Theme::load("nigth", None).unwrap_err().to_string().contains("did you mean \"night\"?"));
    assert!(Theme::load("no/such.toml", Some(Path::new("/"))).unwrap_err().to_string().contains("cannot read no/such.toml"));
}

#[test]
fn themes_that_extend_one_another_in_a_circle_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.toml"), "extends = 'b'").unwrap();
    std::fs::write(folder.path().join("b.toml"), "extends = 'a'").unwrap();
    assert!(Theme::load("a", Some(folder.path())).unwrap_err().to_string().contains("circle"));
}
