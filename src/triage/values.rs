//! Places in a message that are known to hold data whatever they contain: key values in database errors, the text a parser choked
//! on, JSON properties with personal or changing values. Pure recognition, no output.

use super::codes::{ends_with_ignoring_case, is_any};

/// What stands directly before a quoted value.
const BEFORE_QUOTED_VALUE: &[&str] =
    &["For input string: ", "from String ", "Unparseable date: ", "Duplicate entry ", "Invalid UUID string: ", "from number ", "Incorrect integer value: "];

/// What stands directly before a value in parentheses.
const BEFORE_BRACKETED_VALUE: &[&str] = &[")=", "key value is "];

/// JSON properties that hold data.
const DATA_PROPERTIES: &[&str] = &[
    "value",
    "rejectedvalue",
    "input",
    "actual",
    "customer",
    "firstname",
    "lastname",
    "fullname",
    "customername",
    "username",
    "company",
    "street",
    "city",
    "zip",
    "email",
    "phone",
    "iban",
    "account",
    "token",
    "amount",
    "timestamp",
    "requestid",
];

/// Endings of the names of such properties.
const DATA_ENDINGS: &[&str] = &["id", "number", "timestamp", "token", "email", "phone", "amount"];

/// Parts of a property's name that make it tell causes apart after all.
const CAUSE_PARTS: &[&str] = &["error", "message", "rule", "code", "activity", "process", "definition", "element", "type", "grid", "valid"];

/// A value to replace: so many bytes before it stay, and it takes so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) lead: usize,
    pub(super) length: usize,
}

/// The value that starts where `rest` starts, after `before`.
pub(super) fn value(before: &str, rest: &str) -> Option<Value> {
    let quote = rest.chars().next()?;
    match quote {
        '(' if BEFORE_BRACKETED_VALUE.iter().any(|lead| before.ends_with(lead)) => until(rest, ')'),
        '"' if before.ends_with("(String)") => Some(source_excerpt(rest)),
        '"' | '\'' if BEFORE_QUOTED_VALUE.iter().any(|lead| before.ends_with(lead)) => until(rest, quote),
        '"' => json_property(rest),
        _ => None,
    }
}

fn until(rest: &str, close: char) -> Option<Value> {
    rest[1..].find(close).map(|length| Value { lead: 1, length })
}

/// The document a JSON parser quotes, which may contain quotes itself.
fn source_excerpt(rest: &str) -> Value {
    let body = &rest[1..];
    let end = body.find("\"; line").unwrap_or(body.len());
    Value { lead: 1, length: end }
}

/// `"customerName": "Anna"`.
fn json_property(rest: &str) -> Option<Value> {
    let key = rest.bytes().skip(1).take(41).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let behind = rest[1 + key..].strip_prefix('"')?.trim_start_matches(' ').strip_prefix(':')?.trim_start_matches(' ').strip_prefix('"')?;
    if !holds_data(&rest[1..=key]) {
        return None;
    }
    let length = end_of_string(behind)?;
    Some(Value { lead: rest.len() - behind.len(), length })
}

fn end_of_string(body: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in body.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(index),
            _ => {}
        }
    }
    None
}

fn holds_data(property: &str) -> bool {
    let lower = property.to_ascii_lowercase();
    !CAUSE_PARTS.iter().any(|part| lower.contains(part))
        && (is_any(property, DATA_PROPERTIES) || DATA_ENDINGS.iter().any(|end| ends_with_ignoring_case(property, end)))
}
