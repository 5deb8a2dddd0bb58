//! Where in a JSON document a byte stands, as a path such as `[3].retries`. For error messages only; it forgives broken JSON.

enum Level<'a> {
    Object(Option<&'a [u8]>),
    List(usize),
}

/// The path of the value at `line` and `column` (both from 1, the column in bytes), as the JSON parser reports them.
pub(super) fn path_at(json: &[u8], line: usize, column: usize) -> String {
    path_of(&json[..end_of(json, line, column)])
}

fn end_of(json: &[u8], line: usize, column: usize) -> usize {
    let start = match line {
        0 | 1 => 0,
        _ => json.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(line - 2).map_or(json.len(), |(place, _)| place + 1),
    };
    json.len().min(start + column)
}

/// The named values that the place stands in or behind, the innermost first: their names, and where they begin.
pub(super) fn values_at(json: &[u8], line: usize, column: usize) -> Vec<(String, usize)> {
    let levels = levels_of(&json[..end_of(json, line, column)]);
    let named = levels.into_iter().rev().filter_map(|(level, start)| match level {
        Level::Object(Some(key)) => Some((String::from_utf8_lossy(key).into_owned(), start?)),
        _ => None,
    });
    named.collect()
}

fn path_of(before: &[u8]) -> String {
    written(&levels_of(before).into_iter().map(|(level, _)| level).collect::<Vec<_>>())
}

/// The levels around the end, each with the place where the value of its key begins.
fn levels_of(before: &[u8]) -> Vec<(Level<'_>, Option<usize>)> {
    let mut levels: Vec<(Level<'_>, Option<usize>)> = Vec::new();
    let (mut place, mut awaits_key) = (0, false);
    while place < before.len() {
        match before[place] {
            b'"' => {
                let end = string_end(before, place + 1);
                // A key that is itself broken off names nothing.
                if let (true, true, Some((Level::Object(key), start))) = (awaits_key, end < before.len(), levels.last_mut()) {
                    (*key, *start) = (Some(&before[place + 1..end]), None);
                }
                place = end;
            }
            b'{' => {
                levels.push((Level::Object(None), None));
                awaits_key = true;
            }
            b'[' => levels.push((Level::List(0), None)),
            b'}' | b']' => drop(levels.pop()),
            b':' => {
                awaits_key = false;
                if let Some((Level::Object(Some(_)), start @ None)) = levels.last_mut() {
                    *start = Some(place + 1 + before[place + 1..].iter().take_while(|byte| byte.is_ascii_whitespace()).count());
                }
            }
            b',' => match levels.last_mut() {
                Some((Level::List(index), _)) => *index += 1,
                _ => awaits_key = true,
            },
            _ => {}
        }
        place += 1;
    }
    levels
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
