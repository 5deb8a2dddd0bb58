//! Colours as numbers: reading them, bringing them down to what a terminal can show, and measuring contrast.

use ratatui::style::Color;
use termprofile::{DetectorSettings, EnvVarSource, TermProfile};

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// None; bold, underline and reverse only.
    Colourless,
    /// The sixteen ANSI colours, whose exact shades the terminal chooses.
    Ansi16,
    /// The 256 indexed colours.
    Ansi256,
    /// 24 bits.
    TrueColor,
}

impl Depth {
    /// What the terminal on standard output can show, judged by environment variables alone.
    ///
    /// `NO_COLOR` is left out of the judgement: it chooses the theme, where an argument may overrule it.
    pub fn of_terminal() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok(), &std::io::stdout())
    }

    fn from_lookup(lookup: impl Fn(&str) -> Option<String>, output: &impl termprofile::IsTerminal) -> Self {
        // Asking tmux would start a program; tmux brings down by itself what its outer terminal cannot show.
        let settings = DetectorSettings::new().enable_tmux_info(false);
        let term = lookup("TERM").unwrap_or_default();
        let plain = lookup("COLORTERM").is_none_or(|value| value.is_empty());
        let most = if plain { most_of(&term) } else { Self::TrueColor };
        let variables = termprofile::TermVars::from_source(&WithoutNoColor(lookup), output, settings);
        let detected = match TermProfile::detect_with_vars(variables) {
            TermProfile::NoTty | TermProfile::NoColor => Self::Colourless,
            TermProfile::Ansi16 => Self::Ansi16,
            TermProfile::Ansi256 => Self::Ansi256,
            TermProfile::TrueColor => Self::TrueColor,
        };
        detected.min(most)
    }
}

/// The most that a terminal of this name is known to show, by the name alone: those of sixteen print the codes of 256 colours or blink.
fn most_of(term: &str) -> Depth {
    let family = term.split(['-', '.']).next().unwrap_or_default();
    match family {
        "vt52" | "vt100" | "vt102" | "vt220" | "vt320" | "vt420" => Depth::Colourless,
        _ if term.contains("256") || term.contains("direct") => Depth::TrueColor,
        "xterm" if term != "xterm" => Depth::TrueColor,
        "linux" | "xterm" | "screen" | "ansi" | "rxvt" | "cons25" | "cygwin" | "putty" | "eterm" | "konsole" => Depth::Ansi16,
        _ => Depth::TrueColor,
    }
}

struct WithoutNoColor<F>(F);

impl<F: Fn(&str) -> Option<String>> EnvVarSource for WithoutNoColor<F> {
    fn var(&self, key: &str) -> Option<String> {
        if key == "NO_COLOR" { None } else { (self.0)(key) }
    }
}

/// A colour as theme files write it: `#rrggbb`, a name, `indexed:123`, or `default` for the terminal's own.
pub(super) fn parse(text: &str) -> Option<Color> {
    if let Some(index) = text.strip_prefix("indexed:") {
        return index.parse().ok().map(Color::Indexed);
    }
    if text == "default" {
        return Some(Color::Reset);
    }
    // A bare number would be read as an index too; only the explicit form is, since `fg = "12"` is more likely half a colour.
    text.parse().ok().filter(|_| text.parse::<u8>().is_err())
}

/// The nearest colour the terminal can show.
pub(super) fn at_depth(colour: Color, depth: Depth) -> Color {
    match (depth, colour) {
        (Depth::Colourless, _) => Color::Reset,
        (Depth::Ansi256, Color::Rgb(r, g, b)) => Color::Indexed(nearest_index([r, g, b])),
        (Depth::Ansi16, Color::Rgb(r, g, b)) => nearest_named([r, g, b]),
        (Depth::Ansi16, Color::Indexed(index)) => ANSI.get(usize::from(index)).map_or_else(|| nearest_named(indexed(index)), |(named, _)| *named),
        _ => colour,
    }
}

/// The contrast of two colours as WCAG 2 defines it, 1 to 21; `None` where the terminal chooses one of them.
pub fn contrast(a: Color, b: Color) -> Option<f64> {
    let (a, b) = (luminance(rgb(a)?), luminance(rgb(b)?));
    Some((a.max(b) + 0.05) / (a.min(b) + 0.05))
}

/// The least contrast that text needs, as WCAG 2 asks of level AA.
pub const READABLE: f64 = 4.5;

/// Black or white, whichever stands out more.
pub(super) fn opposite(ground: Color) -> Color {
    let on = |colour| contrast(colour, ground).unwrap_or_default();
    if on(Color::White) >= on(Color::Black) { Color::White } else { Color::Black }
}

/// The colour itself where it can be read on the ground, else the nearest blend with black or white that can.
pub(super) fn readable_on(ground: Color, colour: Color) -> Color {
    let (Some(from), Some(to)) = (rgb(colour), rgb(opposite(ground))) else {
        return colour;
    };
    let blend = |step: u16| {
        let [r, g, b] = std::array::from_fn(|i| ((u16::from(from[i]) * (20 - step) + u16::from(to[i]) * step) / 20) as u8);
        Color::Rgb(r, g, b)
    };
    let blends = std::iter::once(colour).chain((1..=20).map(blend));
    // A ground the terminal chooses gives no contrast to measure, and the colour stays as it is.
    blends.into_iter().find(|blend| contrast(*blend, ground).is_none_or(|contrast| contrast >= READABLE)).unwrap_or(colour)
}

fn luminance(rgb: [u8; 3]) -> f64 {
    let [r, g, b] = rgb.map(|channel| {
        let channel = f64::from(channel) / 255.0;
        if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// The red, green and blue of a colour, with the shades of xterm for named ones.
pub(super) fn rgb(colour: Color) -> Option<[u8; 3]> {
    match colour {
        Color::Reset => None,
        Color::Rgb(r, g, b) => Some([r, g, b]),
        Color::Indexed(index) => Some(indexed(index)),
        named => ANSI.iter().find(|(ansi, _)| *ansi == named).map(|(_, rgb)| *rgb),
    }
}

/// The sixteen ANSI colours in the order of their indexes, with the shades of xterm.
const ANSI: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// The steps of one channel in the 6×6×6 cube of the 256 colours.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn indexed(index: u8) -> [u8; 3] {
    match index {
        0..16 => ANSI[usize::from(index)].1,
        16..232 => {
            let cube = usize::from(index - 16);
            [CUBE[cube / 36], CUBE[cube / 6 % 6], CUBE[cube % 6]]
        }
        232.. => [8 + (index - 232) * 10; 3],
    }
}

fn nearest_index(rgb: [u8; 3]) -> u8 {
    // The first sixteen are left out, because the terminal's own palette decides how they look.
    (16..=255).min_by_key(|index| distance(indexed(*index), rgb)).unwrap_or(16)
}

/// The squared distance, weighted roughly as the eye weighs the channels.
fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    let square = |index: usize| u32::from(a[index].abs_diff(b[index])).pow(2);
    2 * square(0) + 4 * square(1) + 3 * square(2)
}

/// The ANSI colour of the same hue. Plain distance would turn soft colours into greys, and a soft red must stay red.
fn nearest_named([r, g, b]: [u8; 3]) -> Color {
    let (max, min) = (r.max(g).max(b), r.min(g).min(b));
    let chroma = max - min;
    if chroma < 48 {
        return match (u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114) / 1000 {
            0..48 => Color::Black,
            48..150 => Color::DarkGray,
            150..235 => Color::Gray,
            _ => Color::White,
        };
    }
    let bright = max >= 0xd8;
    let pick = |dark, light| if bright { light } else { dark };
    match hue([r, g, b], max, chroma) {
        20..75 => pick(Color::Yellow, Color::LightYellow),
        75..160 => pick(Color::Green, Color::LightGreen),
        160..200 => pick(Color::Cyan, Color::LightCyan),
        200..262 => pick(Color::Blue, Color::LightBlue),
        262..335 => pick(Color::Magenta, Color::LightMagenta),
        _ => pick(Color::Red, Color::LightRed),
    }
}

/// The hue in degrees, 0 to 359.
fn hue([r, g, b]: [u8; 3], max: u8, chroma: u8) -> i32 {
    let [r, g, b, chroma] = [r, g, b, chroma].map(i32::from);
    let max = i32::from(max);
    let hue = if max == r {
        60 * (g - b) / chroma
    } else if max == g {
        120 + 60 * (b - r) / chroma
    } else {
        240 + 60 * (r - g) / chroma
    };
    hue.rem_euclid(360)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Terminal;

    impl termprofile::IsTerminal for Terminal {
        fn is_terminal(&self) -> bool {
            true
        }
    }

    fn depth(variables: &[(&str, &str)]) -> Depth {
        Depth::from_lookup(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()), &Terminal)
    }

    #[test]
    fn the_terminals_variables_decide_the_depth() {
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::TrueColor);
        assert_eq!(depth(&[("TERM", "xterm-256color")]), Depth::Ansi256);
        assert_eq!(depth(&[("TERM", "linux")]), Depth::Ansi16);
        assert_eq!(depth(&[("TERM", "dumb")]), Depth::Colourless);
        for term in ["xterm", "screen", "screen.linux", "ansi", "rxvt"] {
            assert_eq!(depth(&[("TERM", term)]), Depth::Ansi16, "{term}");
        }
        for term in ["vt100", "vt220"] {
            assert_eq!(depth(&[("TERM", term)]), Depth::Colourless, "{term}");
        }
        assert_eq!(depth(&[("TERM", "screen-256color")]), Depth::Ansi256);
        assert_eq!(depth(&[("TERM", "xterm"), ("COLORTERM", "truecolor")]), Depth::TrueColor);
    }

    #[test]
    fn no_color_is_the_business_of_the_theme_and_not_of_the_depth() {
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("NO_COLOR", "1")]), Depth::Ansi256);
    }

    #[test]
    fn every_spelling_of_a_colour_is_read() {
        assert_eq!(parse("#10fF20"), Some(Color::Rgb(0x10, 0xff, 0x20)));
        assert_eq!(parse("red"), Some(Color::Red));
        assert_eq!(parse("indexed:123"), Some(Color::Indexed(123)));
        assert_eq!(parse("default"), Some(Color::Reset));
        for text in ["", "#fff", "indexed:256", "indexed:", "12", "reddish", "#gggggg"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn soft_colours_keep_their_hue_at_sixteen_colours() {
        for (colour, expected) in [
            ("#ff6b68", Color::LightRed),
            ("#f0c060", Color::LightYellow),
            ("#8fcf8c", Color::Green),
            ("#82aaf0", Color::LightBlue),
            ("#9aa7b8", Color::Gray),
            ("#11151c", Color::Black),
            ("#fafaf7", Color::White),
            ("indexed:9", Color::LightRed),
            ("indexed:196", Color::LightRed),
        ] {
            assert_eq!(at_depth(parse(colour).unwrap(), Depth::Ansi16), expected, "{colour}");
        }
    }

    #[test]
    fn every_indexed_colour_is_its_own_nearest() {
        // 59 and some greys have the same shade at two indexes; the shade is what counts.
        assert!((16..=255).all(|index| indexed(nearest_index(indexed(index))) == indexed(index)));
    }

    #[test]
    fn contrast_is_measured_as_wcag_does() {
        let of = |a: &str, b: &str| contrast(parse(a).unwrap(), parse(b).unwrap()).unwrap();
        assert!((of("#000000", "#ffffff") - 21.0).abs() < 1e-9);
        assert!((of("#777777", "#ffffff") - 4.48).abs() < 0.01);
        assert!((of("#ffffff", "#777777") - of("#777777", "#ffffff")).abs() < 1e-9);
        assert_eq!(contrast(Color::Reset, Color::Red), None);
    }
}
