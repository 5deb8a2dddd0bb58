//! Where in a JSON document a byte stands, as a path such as `[3].retries`. For error messages only; it forgives broken JSON.

enum Level<'a> {
    Object(Option<&'a [u8]>),
    List(usize),
}

/// The path of the value at `line` and `column` (both from 1, the column in bytes), as the JSON parser reports them.
pub(super) fn path_at(json: &[u8], line: usize, column: usize) -> String {
    let start = match line {
        0 | 1 => 0,
        _ => json.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(line - 2).map_or(json.len(), |(place, _)| place + 1),
    };
    path_of(&json[..json.len().min(start + column)])
}

fn path_of(before: &[u8]) -> String {
    let mut levels: Vec<Level<'_>> = Vec::new();
    let (mut place, mut awaits_key) = (0, false);
    while place < before.len() {
        match before[place] {
            b'"' => {
                let end = string_end(before, place + 1);
                // A key that is itself broken off names nothing.
                if let (true, true, Some(Level::Object(key))) = (awaits_key, end < before.len(), levels.last_mut()) {
                    *key = Some(&before[place + 1..end]);
                }
                place = end;
            }
            b'{' => {
                levels.push(Level::Object(None));
                awaits_key = true;
            }
            b'[' => levels.push(Level::List(0)),
            b'}' | b']' => drop(levels.pop()),
            b':' => awaits_key = false,
            b',' => match levels.last_mut() {
                Some(Level::List(index)) => *index += 1,
                _ => awaits_key = true,
            },
            _ => {}
        }
        place += 1;
    }
    written(&levels)
}

fn string_end(json: &[u8], mut place: usize) -> usize {
    while place < json.len() && json[place] != b'"' {
        place += if json[place] == b'\\' { 2 } else { 1 };
    }
    place.min(json.len())
}

fn written(levels: &[Level<'_>]) -> String {
    let mut path = String::new();
    for level in levels {
        match level {
            Level::List(index) => path.push_str(&format!("[{index}]")),
            Level::Object(Some(key)) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&String::from_utf8_lossy(key));
            }
            Level::Object(None) => {}
        }
    }
    if path.is_empty() { "(top)".to_owned() } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_the_value_before_the_given_place() {
        for (before, path) in [
            ("", "(top)"),
            ("[", "[0]"),
            (r#"[{"id":"a","retries":"#, "[0].retries"),
            (r#"[{"id":"a"},{"id":"x,{[","retries":"three""#, "[1].retries"),
            (r#"{"product":{"internals":{"a":1}"#, "product.internals"),
            (r#"{"a":{"b":1},"c":[1,2"#, "c[1]"),
            (r#"{"a\"b":"#, r#"a\"b"#),
            (r#"[1,{"id"#, "[1]"),
        ] {
            assert_eq!(path_of(before.as_bytes()), path, "{before}");
        }
    }

    #[test]
    fn lines_and_columns_count_from_one() {
        let json = b"[\n  {\"id\": 1}\n]";
        assert_eq!(path_at(json, 2, 10), "[0].id");
        assert_eq!(path_at(json, 9, 9), path_of(json));
    }
}
