//! Colours as terminals of sixteen understand them. crossterm writes even the sixteen ANSI colours as indexes of 256.

/// Rewrites the colours of a frame: `38;5;1` becomes `31`, `48;5;9` becomes `101`. Indexes beyond sixteen do not occur, for the theme was
/// brought down before; should one, it is left out.
pub(super) fn sixteen(frame: &[u8]) -> Vec<u8> {
    let mut narrow = Vec::with_capacity(frame.len());
    let mut rest = frame;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"\x1b[") {
        let (before, sequence) = rest.split_at(at);
        narrow.extend_from_slice(before);
        let end = 2 + sequence[2..].iter().take_while(|byte| (0x20..0x40).contains(*byte)).count();
        if sequence.get(end) == Some(&b'm') {
            narrow.extend_from_slice(b"\x1b[");
            narrow.extend_from_slice(attributes(&String::from_utf8_lossy(&sequence[2..end])).as_bytes());
            narrow.push(b'm');
            rest = &sequence[end + 1..];
        } else {
            narrow.extend_from_slice(&sequence[..end.min(sequence.len())]);
            rest = &sequence[end.min(sequence.len())..];
        }
    }
    narrow.extend_from_slice(rest);
    narrow
}

fn attributes(given: &str) -> String {
    let mut parts = given.split(';');
    let mut kept = Vec::new();
    while let Some(part) = parts.next() {
        let ground = match part {
            "38" => 30,
            "48" => 40,
            _ => {
                kept.push(part.to_owned());
                continue;
            }
        };
        match (parts.next(), parts.next().and_then(|index| index.parse::<u16>().ok())) {
            (Some("5"), Some(index @ 0..8)) => kept.push((ground + index).to_string()),
            (Some("5"), Some(index @ 8..16)) => kept.push((ground + 60 + index - 8).to_string()),
            (Some("2"), _) => drop((parts.next(), parts.next())),
            _ => {}
        }
    }
    // Empty would be a reset.
    if kept.is_empty() && !given.is_empty() { "39".to_owned() } else { kept.join(";") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixteen_colours_are_written_as_old_terminals_know_them() {
        let narrow = |frame: &str| String::from_utf8(sixteen(frame.as_bytes())).expect("text");
        assert_eq!(narrow("\x1b[38;5;1ma\x1b[48;5;9mb\x1b[38;5;15;48;5;0mc"), "\x1b[31ma\x1b[101mb\x1b[97;40mc");
        assert_eq!(narrow("\x1b[2;1H\x1b[1m\x1b[0m\x1b[39;49mx\x1b[?25l"), "\x1b[2;1H\x1b[1m\x1b[0m\x1b[39;49mx\x1b[?25l");
        assert_eq!(narrow("\x1b[38;5;200mx\x1b[38;2;1;2;3my"), "\x1b[39mx\x1b[39my");
        assert_eq!(narrow("38;5;1m stays text \x1b["), "38;5;1m stays text \x1b[");
    }
}
