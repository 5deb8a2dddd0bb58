//! Answers in which something cannot be read. A value that cannot costs itself, a row that cannot costs that row, and neither costs the list.
//!
//! The strict reading comes first and is nearly always the only one. Where it fails, the list is taken apart into its rows, and in a row that
//! still fails the value at the place of the error is replaced by one that can be read. What was replaced goes with the row.

use std::ops::Range;

use serde::de::IgnoredAny;

use crate::engine::json_path;
use crate::model::unreadable::{KeepsUnreadable, Unreadable, UnreadableValue};
use crate::text::EngineText;

type Parsed<T> = Result<T, serde_json::Error>;

/// Values of one row that may be unreadable; with more, the row is something else.
const MOST_VALUES: usize = 16;

/// Characters of such a value that are kept.
const KEPT: usize = 60;

/// A date that is never due and never over, in place of one that lies beyond all that can be reckoned with.
const FAR: &str = "\"9999-12-30T21:59:59.999+0000\"";

/// The same in the past.
const LONG_AGO: &str = "\"0001-01-01T00:00:00.000+0000\"";

/// What of a list could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::engine) struct Lost {
    /// Rows.
    pub(in crate::engine) rows: u64,
    /// Values in rows that are there.
    pub(in crate::engine) values: u64,
    /// Rows in all.
    pub(in crate::engine) of: u64,
    /// Where the first of it stands, such as `[3].retries`.
    pub(in crate::engine) first: String,
    /// What is wrong there. Never a value.
    pub(in crate::engine) complaint: String,
}

impl Lost {
    /// What an operator is told of it.
    pub(in crate::engine) fn words(&self, path: &str) -> String {
        let first = crate::text::safe(&self.first);
        match (self.rows, self.values) {
            (0, 1) => format!("1 value in the {} rows of {path} could not be read ({first})", self.of),
            (0, values) => format!("{values} values in the {} rows of {path} could not be read, the first at {first}", self.of),
            (rows, _) => format!("{rows} of {} rows of {path} could not be read and {} not shown: {first}", self.of, if rows == 1 { "is" } else { "are" }),
        }
    }
}

/// Reads a list. It fails where there is no list, or where no row of it can be read: that is the answer of something else.
pub(in crate::engine) fn list<T: KeepsUnreadable>(json: &[u8], parse: impl Fn(&[u8]) -> Parsed<Vec<T>>) -> Parsed<(Vec<T>, Lost)> {
    let refused = match parse(json) {
        Ok(rows) => return Ok((rows, Lost::default())),
        Err(refused) => refused,
    };
    let Some(spans) = elements(json) else { return Err(refused) };
    let mut lost = Lost { of: spans.len() as u64, ..Lost::default() };
    let mut rows = Vec::with_capacity(spans.len());
    for (index, span) in spans.into_iter().enumerate() {
        let row = [b"[", &json[span], b"]"].concat();
        match mended(row, &parse) {
            Ok((mut one, values)) => {
                if let Some(first) = values.first().filter(|_| lost.first.is_empty()) {
                    lost.first = format!("[{index}].{}", first.field);
                }
                lost.values += values.len() as u64;
                one.iter_mut().for_each(|row| row.keep(Unreadable::of(values.clone())));
                rows.append(&mut one);
            }
            Err(error) => {
                if lost.rows == 0 {
                    lost.complaint = complaint(&error);
                    lost.first = format!("[{index}]");
                }
                lost.rows += 1;
            }
        }
    }
    if rows.is_empty() { Err(refused) } else { Ok((rows, lost)) }
}

/// Reads one object.
pub(in crate::engine) fn object<T: KeepsUnreadable>(json: &[u8], parse: impl Fn(&[u8]) -> Parsed<T>) -> Parsed<T> {
    match parse(json) {
        Ok(read) => Ok(read),
        Err(refused) if refused.is_eof() => Err(refused),
        Err(refused) => match mended(json.to_vec(), &parse) {
            Ok((mut read, values)) => {
                read.keep(Unreadable::of(values));
                Ok(read)
            }
            Err(_) => Err(refused),
        },
    }
}

/// What a parser complains of, without the place.
fn complaint(error: &serde_json::Error) -> String {
    error.to_string().split(" at line ").next().unwrap_or_default().to_owned()
}

/// The places of the elements of a list; none if it is none, or is broken off.
fn elements(json: &[u8]) -> Option<Vec<Range<usize>>> {
    let mut at = blank(json, 0);
    if json.get(at) != Some(&b'[') {
        return None;
    }
    at = blank(json, at + 1);
    let mut spans = Vec::new();
    if json.get(at) == Some(&b']') {
        return Some(spans);
    }
    loop {
        let end = value_end(json, at)?;
        spans.push(at..end);
        at = blank(json, end);
        match json.get(at)? {
            b',' => at = blank(json, at + 1),
            b']' => return (blank(json, at + 1) == json.len()).then_some(spans),
            _ => return None,
        }
    }
}

fn blank(json: &[u8], from: usize) -> usize {
    from + json[from.min(json.len())..].iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// The end of the value that begins here.
fn value_end(json: &[u8], start: usize) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_slice(json.get(start..)?).into_iter::<IgnoredAny>();
    values.next()?.ok()?;
    Some(start + values.byte_offset())
}

/// Reads after replacing what cannot be read, value by value.
fn mended<T>(mut json: Vec<u8>, parse: &impl Fn(&[u8]) -> Parsed<T>) -> Parsed<(T, Vec<UnreadableValue>)> {
    let mut values = Vec::new();
    let mut error = match parse(&json) {
        Ok(read) => return Ok((read, values)),
        Err(error) => error,
    };
    while values.len() < MOST_VALUES {
        let mut better = None;
        // The value itself, else what it is part of.
        'places: for (field, start) in json_path::values_at(&json, error.line(), error.column()) {
            let Some(end) = value_end(&json, start) else { continue };
            let raw = &json[start..end];
            for replacement in replacements(&field, raw) {
                if replacement.as_bytes() == raw {
                    continue;
                }
                let tried = [&json[..start], replacement.as_bytes(), &json[end..]].concat();
                let value = || UnreadableValue { field: EngineText::from(field.as_str()), raw: shown(raw) };
                match parse(&tried) {
                    Ok(read) => {
                        values.push(value());
                        return Ok((read, values));
                    }
                    Err(next) if json_path::path_at(&tried, next.line(), next.column()) != json_path::path_at(&json, error.line(), error.column()) => {
                        better = Some((tried, next, value()));
                        break 'places;
                    }
                    Err(_) => {}
                }
            }
        }
        let Some((tried, next, value)) = better else { return Err(error) };
        values.push(value);
        (json, error) = (tried, next);
    }
    Err(error)
}

/// What may stand in the place of a value, the closest first.
fn replacements(field: &str, raw: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    let text = String::from_utf8_lossy(raw);
    if let Some(text) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        all.extend(beyond(text).map(str::to_owned));
        all.push(format!("\"{}\"", whole_signs(text)));
    } else if !text.starts_with(['{', '[']) && text != "null" {
        all.push(format!("\"{text}\""));
    }
    if field == "id" {
        // Two rows under one made-up id would be one.
        return all;
    }
    if field == "dueDate" {
        // Without a due date a job would be due at once.
        all.push(FAR.to_owned());
    }
    all.extend(["null", "0", "false", "\"\"", FAR].map(str::to_owned));
    all
}

/// The nearest date that can be reckoned with, of one beyond: year 9999 ends elsewhere on earth, and engines take later ones.
fn beyond(text: &str) -> Option<&'static str> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text.trim_start_matches('+')), |rest| (-1, rest));
    let (year, rest) = digits.split_once('-')?;
    let is_date = rest.len() > 5 && rest.as_bytes()[2] == b'-' && year.len() >= 4 && year.bytes().all(|byte| byte.is_ascii_digit());
    match is_date.then(|| year.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(sign))? {
        9999.. => Some(FAR),
        ..=0 => Some(LONG_AGO),
        _ => None,
    }
}

/// A text within quotes with halves of signs replaced: engines cut messages in the middle of one.
fn whole_signs(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        whole.push_str(before);
        let half = |text: &str| text.strip_prefix("\\u").and_then(|hex| hex.get(..4)).and_then(|hex| u16::from_str_radix(hex, 16).ok());
        let taken = match half(escape) {
            Some(0xd800..0xdc00) if matches!(escape.get(6..).and_then(half), Some(0xdc00..0xe000)) => 12,
            Some(0xd800..0xe000) => {
                whole.push('\u{fffd}');
                rest = &escape[6..];
                continue;
            }
            Some(_) => 6,
            None => 1 + escape[1..].chars().next().map_or(0, char::len_utf8),
        };
        whole.push_str(&escape[..taken]);
        rest = &escape[taken..];
    }
    whole.push_str(rest);
    whole.chars().map(|sign| if sign.is_control() { '\u{fffd}' } else { sign }).collect()
}

/// How a value begins, to be shown.
fn shown(raw: &[u8]) -> EngineText {
    let text = String::from_utf8_lossy(&raw[..raw.len().min(4 * KEPT)]);
    let text = text.trim_matches('"');
    match text.char_indices().nth(KEPT) {
        Some((end, _)) => EngineText::from(format!("{}\u{2026}", &text[..end]).as_str()),
        None => EngineText::from(text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::wire::{JobRow, Pool, rows};
    use crate::model::job::Job;

    fn jobs(json: &[u8]) -> Parsed<(Vec<Job>, Lost)> {
        list(json, |json| {
            let mut pool = Pool::default();
            rows(json, |row: JobRow<'_>| row.into_job(&mut pool))
        })
    }

    fn job(id: &str, change: impl FnOnce(&mut Value)) -> Value {
        let mut row = json!({"id": id, "jobDefinitionId": "d", "processInstanceId": "p", "exceptionMessage": "no", "retries": 3,
            "dueDate": "2026-11-29T10:00:00.000+0000", "suspended": false, "priority": 0});
        change(&mut row);
        row
    }

    fn read(rows: &[Value]) -> (Vec<Job>, Lost) {
        jobs(&serde_json::to_vec(rows).expect("JSON")).expect("a list")
    }

    #[test]
    fn a_date_beyond_all_that_can_be_reckoned_with_costs_its_cell_and_is_never_due() {
        for date in ["9999-12-31T00:00:00.000+0000", "9999-12-31T23:59:59.999+0100", "10000-01-01T00:00:00.000+0000", "292278994-08-17T07:12:55.807+0000"] {
            let (rows, lost) = read(&[job("a", |_| {}), job("b", |row| row["dueDate"] = date.into())]);
            assert_eq!((rows.len(), lost.rows, lost.values, lost.of), (2, 0, 1, 2), "{date}");
            assert!(rows[0].unreadable.is_empty());
            assert_eq!(rows[1].unreadable.words("dueDate"), Some(format!("unreadable: {date}")));
            assert!(rows[1].due.is_some_and(|due| due.to_string().starts_with("9999-12-30")), "{:?}", rows[1].due);
            assert_eq!(lost.first, "[1].dueDate");
        }
    }

    #[test]
    fn what_is_no_date_at_all_is_unreadable_and_not_due_at_once() {
        for date in [json!("tomorrow"), json!(253_402_214_400_000_i64), json!({"at": 1}), json!(true)] {
            let (rows, _) = read(&[job("a", |row| row["dueDate"] = date.clone()), job("b", |_| {})]);
            assert!(rows[0].due.is_some() && rows[0].unreadable.obstacle().is_some_and(|why| why.starts_with("its dueDate cannot be read")), "{date}");
        }
    }

    #[test]
    fn a_row_that_cannot_be_read_costs_that_row() {
        let (rows, lost) = read(&[job("a", |_| {}), job("b", |row| row["id"] = Value::Null), json!("no row"), job("c", |_| {})]);
        let ids: Vec<_> = rows.iter().map(|job| job.id.to_string()).collect();
        assert_eq!((ids, lost.rows, lost.of), (vec!["a".to_owned(), "c".to_owned()], 2, 4));
        assert!(lost.complaint.contains("expected a string"), "{lost:?}");
        assert!(jobs(br#"[{"count":1}]"#).is_err(), "where no row is a job there are no jobs");
        assert!(jobs(br#"{"count":1}"#).is_err() && jobs(b"[{\"id\":\"a\",").is_err() && jobs(b"<html>").is_err());
    }

    #[test]
    fn half_of_a_sign_costs_that_sign() {
        let json = br#"[{"id":"a","retries":0,"exceptionMessage":"cut \ud83d"},{"id":"b","retries":0,"exceptionMessage":"bad ?"},{"id":"c","retries":1}]"#;
        let mut json = json.to_vec();
        let bad = json.iter().position(|byte| *byte == b'?').expect("there is one");
        json[bad] = 0xff;
        let (rows, lost) = jobs(&json).expect("a list");
        let messages: Vec<_> = rows.iter().map(|job| job.exception_message.as_ref().map(|text| text.as_wire().to_owned())).collect();
        assert_eq!(messages, [Some("cut \u{fffd}".to_owned()), Some("bad \u{fffd}".to_owned()), None]);
        assert_eq!((lost.rows, lost.values), (0, 2));
    }

    #[test]
    fn several_values_of_a_row_may_be_unreadable() {
        let (rows, lost) = read(&[job("a", |row| {
            row["retries"] = json!("three");
            row["suspended"] = json!([1]);
            row["dueDate"] = json!("9999-12-31T00:00:00.000+0000");
        })]);
        assert_eq!((rows[0].retries, rows[0].suspended, lost.values), (0, false, 3));
        assert!(["retries", "suspended", "dueDate"].iter().all(|field| rows[0].unreadable.words(field).is_some()), "{:?}", rows[0].unreadable);
    }

    fn odd() -> impl Strategy<Value = Value> {
        prop::sample::select(vec![
            json!(null),
            json!("x"),
            json!(""),
            json!(-1),
            json!(1e300),
            json!(true),
            json!([]),
            json!({}),
            json!([[1]]),
            json!("9999-12-31T00:00:00.000+0000"),
            json!("-0001-01-01T00:00:00.000+0000"),
            json!("\u{1b}[31m\u{202e}"),
            json!({"id": "y", "retries": {}}),
        ])
    }

    proptest! {
        #[test]
        fn whatever_happens_to_some_rows_the_others_are_read(changes in prop::collection::vec((0..6_usize, 0..8_usize, odd()), 0..10)) {
            let fields = ["id", "jobDefinitionId", "processInstanceId", "exceptionMessage", "retries", "dueDate", "suspended", "priority"];
            let mut all: Vec<Value> = (0..7).map(|number| job(&format!("job-{number}"), |_| {})).collect();
            let touched: std::collections::BTreeSet<usize> = changes.iter().map(|(row, ..)| *row).collect();
            for (row, field, value) in changes {
                all[row][fields[field]] = value;
            }
            let (rows, lost) = read(&all);
            prop_assert_eq!(rows.len() as u64 + lost.rows, 7);
            for number in (0..7).filter(|number| !touched.contains(number)) {
                let whole = rows.iter().find(|job| job.id.as_wire() == format!("job-{number}"));
                prop_assert!(whole.is_some_and(|job| job.unreadable.is_empty() && job.retries == 3));
            }
        }

        #[test]
        fn no_bytes_are_too_odd(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0..300_usize) {
            let _ = jobs(&bytes);
            let mut json = serde_json::to_vec(&[job("a", |_| {}), job("b", |_| {})]).expect("JSON");
            let at = at % json.len();
            json.splice(at..at, bytes.into_iter().take(4));
            let _ = jobs(&json);
        }
    }
}
