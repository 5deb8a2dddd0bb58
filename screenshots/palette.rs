//! Which colour a terminal's colour number is in a picture. Knows no cells.

/// Red, green, blue.
pub type Rgb = (u8, u8, u8);

/// The window's ground.
pub const BACKGROUND: Rgb = (0x12, 0x14, 0x1c);
/// Text without a colour of its own.
pub const FOREGROUND: Rgb = (0xd6, 0xda, 0xe6);

/// The sixteen colours, legible on [`BACKGROUND`].
const NAMED: [Rgb; 16] = [
    (0x24, 0x28, 0x35),
    (0xf0, 0x71, 0x78),
    (0x9e, 0xce, 0x6a),
    (0xe6, 0xb4, 0x50),
    (0x6c, 0xa6, 0xf7),
    (0xc3, 0x92, 0xf0),
    (0x5f, 0xc9, 0xd0),
    (0xc4, 0xc9, 0xd6),
    (0x6b, 0x73, 0x8a),
    (0xff, 0x8b, 0x92),
    (0xb9, 0xe6, 0x87),
    (0xff, 0xcb, 0x6b),
    (0x8c, 0xbb, 0xff),
    (0xd7, 0xac, 0xff),
    (0x86, 0xe3, 0xe8),
    (0xff, 0xff, 0xff),
];

/// The colour, or the given one where the terminal's default is meant.
pub fn rgb(color: vt100::Color, default: Rgb) -> Rgb {
    match color {
        vt100::Color::Default => default,
        vt100::Color::Rgb(red, green, blue) => (red, green, blue),
        vt100::Color::Idx(index) => indexed(index),
    }
}

/// xterm's 256 colours: sixteen names, a cube of six levels, 24 greys.
fn indexed(index: u8) -> Rgb {
    let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
    match index {
        0..=15 => NAMED[usize::from(index)],
        16..=231 => {
            let cube = index - 16;
            (level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        232..=255 => {
            let grey = 8 + 10 * (index - 232);
            (grey, grey, grey)
        }
    }
}

/// `share` percent of one colour over another.
pub fn blend(color: Rgb, over: Rgb, share: u16) -> Rgb {
    let mix = |front: u8, back: u8| ((u16::from(front) * share + u16::from(back) * (100 - share)) / 100) as u8;
    (mix(color.0, over.0), mix(color.1, over.1), mix(color.2, over.2))
}

/// As SVG writes it.
pub fn hex((red, green, blue): Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}
