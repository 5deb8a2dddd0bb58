//! Characters that must meet their neighbours without a seam, as rectangles and paths on whole pixels: blocks, sextants, braille and
//! box drawing. Fonts draw them with gaps, or not at all. Anything else is a letter and none of this file's business.

/// Pixels of a cell. Even halves and eighths of the height are whole; so are halves of the width.
pub const WIDTH: i32 = 20;
/// See [`WIDTH`].
pub const HEIGHT: i32 = 40;

const LIGHT: i32 = 2;
const HEAVY: i32 = 6;
/// Half the distance between the two lines of a double one, measured to their middles.
const DOUBLE: i32 = 4;

/// The SVG of a character in a cell whose corner is at `(x, y)`, or nothing if it is a letter.
pub fn shape(character: char, x: i32, y: i32, color: &str) -> Option<String> {
    let code = character as u32;
    let mut pen = Pen { x, y, color, svg: String::new() };
    match code {
        0x2580..=0x259f => pen.block(code),
        0x2800..=0x28ff => pen.braille(code & 0xff),
        0x1fb00..=0x1fb3b => pen.sextant(code - 0x1fb00),
        0x2500..=0x257f => pen.line(character)?,
        _ => return None,
    }
    Some(pen.svg)
}

struct Pen<'a> {
    x: i32,
    y: i32,
    color: &'a str,
    svg: String,
}

impl Pen<'_> {
    /// A filled rectangle from one corner to the other, in pixels of the cell.
    fn fill(&mut self, left: i32, top: i32, right: i32, bottom: i32) {
        self.fill_with(left, top, right, bottom, "");
    }

    fn fill_with(&mut self, left: i32, top: i32, right: i32, bottom: i32, more: &str) {
        let (x, y) = (self.x + left, self.y + top);
        let (width, height) = (right - left, bottom - top);
        self.svg.push_str(&format!(r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{}"{more}/>"#, self.color));
    }

    fn block(&mut self, code: u32) {
        let eighth = |count: u32, whole: i32| (count as i32 * whole + 4) / 8;
        match code {
            0x2580 => self.fill(0, 0, WIDTH, HEIGHT / 2),
            0x2581..=0x2588 => self.fill(0, HEIGHT - eighth(code - 0x2580, HEIGHT), WIDTH, HEIGHT),
            0x2589..=0x258f => self.fill(0, 0, eighth(0x2590 - code, WIDTH), HEIGHT),
            0x2590 => self.fill(WIDTH / 2, 0, WIDTH, HEIGHT),
            0x2591..=0x2593 => {
                let share = format!(r#" fill-opacity="0.{}""#, [22, 45, 70][code as usize - 0x2591]);
                self.fill_with(0, 0, WIDTH, HEIGHT, &share);
            }
            0x2594 => self.fill(0, 0, WIDTH, eighth(1, HEIGHT)),
            0x2595 => self.fill(WIDTH - eighth(1, WIDTH), 0, WIDTH, HEIGHT),
            _ => {
                // Upper left, upper right, lower left, lower right, from the lowest bit.
                let quarters = [0b0100, 0b1000, 0b0001, 0b1101, 0b1001, 0b0111, 0b1011, 0b0010, 0b0110, 0b1110][code as usize - 0x2596];
                self.grid(quarters, 2, 2);
            }
        }
    }

    /// Six parts, two across and three down. The patterns that exist as blocks already are left out of the numbering.
    fn sextant(&mut self, index: u32) {
        let skipped = 1 + u32::from(index >= 20) + u32::from(index >= 40);
        self.grid(index + skipped, 2, 3);
    }

    fn grid(&mut self, bits: u32, columns: i32, rows: i32) {
        let edge = |part: i32, parts: i32, whole: i32| part * whole / parts;
        for part in (0..columns * rows).filter(|part| bits >> part & 1 == 1) {
            let (column, row) = (part % columns, part / columns);
            self.fill(edge(column, columns, WIDTH), edge(row, rows, HEIGHT), edge(column + 1, columns, WIDTH), edge(row + 1, rows, HEIGHT));
        }
    }

    fn braille(&mut self, bits: u32) {
        const PLACES: [(i32, i32); 8] = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)];
        for (bit, (column, row)) in PLACES.into_iter().enumerate() {
            if bits >> bit & 1 == 1 {
                let (x, y) = (self.x + WIDTH / 4 + column * WIDTH / 2, self.y + HEIGHT / 8 + row * HEIGHT / 4);
                self.svg.push_str(&format!(r#"<circle cx="{x}" cy="{y}" r="3.4" fill="{}"/>"#, self.color));
            }
        }
    }

    fn line(&mut self, character: char) -> Option<()> {
        match character {
            '╭' => self.corner(1, 1),
            '╮' => self.corner(-1, 1),
            '╯' => self.corner(-1, -1),
            '╰' => self.corner(1, -1),
            '╱' => self.stroke(&format!("M {} {} l {WIDTH} -{HEIGHT}", self.x, self.y + HEIGHT)),
            '╲' => self.stroke(&format!("M {} {} l {WIDTH} {HEIGHT}", self.x, self.y)),
            '╳' => {
                self.line('╱')?;
                self.line('╲')?;
            }
            '┄' | '┈' | '╌' | '┅' | '┉' | '╍' => self.dashes(dash_count(character), thickness_of_dashes(character), false),
            '┆' | '┊' | '╎' | '┇' | '┋' | '╏' => self.dashes(dash_count(character), thickness_of_dashes(character), true),
            _ => {
                let arms = arms(character)?;
                if arms.contains(&DOUBLED) { self.doubled(arms) } else { self.arms(arms) }
            }
        }
        Some(())
    }

    fn stroke(&mut self, path: &str) {
        self.svg.push_str(&format!(r#"<path d="{path}" fill="none" stroke="{}" stroke-width="{LIGHT}"/>"#, self.color));
    }

    /// A rounded corner whose arms go to the right (1) or left (-1), and down (1) or up (-1).
    fn corner(&mut self, right: i32, down: i32) {
        let (middle_x, middle_y, radius) = (self.x + WIDTH / 2, self.y + HEIGHT / 2, WIDTH / 2);
        let end_y = middle_y + down * HEIGHT / 2;
        let sweep = i32::from(right == down);
        self.stroke(&format!("M {middle_x} {end_y} V {} A {radius} {radius} 0 0 {sweep} {} {middle_y}", middle_y + down * radius, middle_x + right * radius));
    }

    fn dashes(&mut self, count: i32, thickness: i32, vertical: bool) {
        let (length, across) = if vertical { (HEIGHT, WIDTH) } else { (WIDTH, HEIGHT) };
        for dash in 0..count {
            let (from, to) = (dash * length / count + 1, (dash + 1) * length / count - 2);
            let (near, far) = ((across - thickness) / 2, (across + thickness) / 2);
            if vertical { self.fill(near, from, far, to) } else { self.fill(from, near, to, far) }
        }
    }

    /// Straight arms from the middle, each as thick as it is; they overlap in the middle so that corners are full.
    fn arms(&mut self, [left, right, up, down]: [i32; 4]) {
        let (x, y) = (WIDTH / 2, HEIGHT / 2);
        let across = left.max(right) / 2;
        let along = up.max(down) / 2;
        let (along, across) = (along.max(1), across.max(1));
        if left > 0 {
            self.fill(0, y - left / 2, x + along, y + left / 2);
        }
        if right > 0 {
            self.fill(x - along, y - right / 2, WIDTH, y + right / 2);
        }
        if up > 0 {
            self.fill(x - up / 2, 0, x + up / 2, y + across);
        }
        if down > 0 {
            self.fill(x - down / 2, y - across, x + down / 2, HEIGHT);
        }
    }

    /// Two lines an arm. A line stops at the near side where another arm leaves on its side, else it runs on to the far side.
    fn doubled(&mut self, [left, right, up, down]: [i32; 4]) {
        let (x, y, half) = (WIDTH / 2, HEIGHT / 2, LIGHT / 2);
        for (side, meets) in [(-1, up != 0), (1, down != 0)] {
            let (top, bottom) = (y + side * DOUBLE - half, y + side * DOUBLE + half);
            let reach = if meets { -DOUBLE + half } else { DOUBLE + half };
            if left != 0 {
                self.fill(0, top, x + reach, bottom);
            }
            if right != 0 {
                self.fill(x - reach, top, WIDTH, bottom);
            }
        }
        for (side, meets) in [(-1, left != 0), (1, right != 0)] {
            let (near, far) = (x + side * DOUBLE - half, x + side * DOUBLE + half);
            let reach = if meets { -DOUBLE + half } else { DOUBLE + half };
            if up != 0 {
                self.fill(near, 0, far, y + reach);
            }
            if down != 0 {
                self.fill(near, y - reach, far, HEIGHT);
            }
        }
    }
}

/// Marks an arm of two lines.
const DOUBLED: i32 = -1;

/// How thick the arms to the left, right, up and down are. The rarer mixtures are left to the font.
fn arms(character: char) -> Option<[i32; 4]> {
    const JUNCTIONS: [&str; 3] = ["─│┌┐└┘├┤┬┴┼╴╶╵╷", "━┃┏┓┗┛┣┫┳┻╋╸╺╹╻", "═║╔╗╚╝╠╣╦╩╬"];
    const ARMS: [[i32; 4]; 15] = [
        [1, 1, 0, 0],
        [0, 0, 1, 1],
        [0, 1, 0, 1],
        [1, 0, 0, 1],
        [0, 1, 1, 0],
        [1, 0, 1, 0],
        [0, 1, 1, 1],
        [1, 0, 1, 1],
        [1, 1, 0, 1],
        [1, 1, 1, 0],
        [1, 1, 1, 1],
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
    ];
    JUNCTIONS.iter().zip([LIGHT, HEAVY, DOUBLED]).find_map(|(row, thickness)| {
        let place = row.chars().position(|known| known == character)?;
        Some(ARMS[place].map(|present| present * thickness))
    })
}

fn dash_count(character: char) -> i32 {
    match character {
        '╌' | '╍' | '╎' | '╏' => 2,
        '┄' | '┅' | '┆' | '┇' => 3,
        _ => 4,
    }
}

fn thickness_of_dashes(character: char) -> i32 {
    if "┅┉╍┇┋╏".contains(character) { HEAVY } else { LIGHT }
}
