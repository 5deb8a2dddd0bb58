//! Reading TOML tables key by key, with every mistake noted at its place instead of stopping at the first.
//!
//! Knows nothing of what the keys mean; the configuration file and theme files are both read through it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Marked, Report, nearest, safe};

const TOP_LEVEL: &str = "the top level";

/// A value and the bytes of the file it came from.
#[derive(Debug, Clone)]
pub(crate) struct Found<T> {
    pub(crate) value: T,
    pub(crate) span: Range<usize>,
}

/// One table of a document, with the title its errors use.
#[derive(Debug, Clone)]
pub(crate) struct Section<'d> {
    title: String,
    table: &'d DeTable<'d>,
    span: Range<usize>,
}

impl<'d> Section<'d> {
    pub(crate) fn root(document: &'d Spanned<DeTable<'d>>) -> Self {
        Self { title: TOP_LEVEL.to_owned(), table: document.get_ref(), span: 0..0 }
    }

    /// Where the table begins.
    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The table's name as an error says it, such as `[engine.prod]`.
    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// The table's name within a sentence, such as `in [engine.prod]`.
    pub(crate) fn place(&self) -> String {
        if self.title == TOP_LEVEL { format!("at {TOP_LEVEL}") } else { format!("in {}", self.title) }
    }

    /// All keys with their places, in the order of the file.
    pub(crate) fn keys(&self) -> Vec<Found<&'d str>> {
        let mut keys: Vec<_> = self.table.iter().map(|(key, _)| Found { value: key.get_ref().as_ref(), span: key.span() }).collect();
        keys.sort_by_key(|key| key.span.start);
        keys
    }

    /// Notes every key that is not known; `elsewhere` may name the section an unknown key belongs to.
    pub(crate) fn expect_keys(&self, known: &[&str], elsewhere: impl Fn(&str) -> Option<&'static str>, report: &mut Report<'_>) {
        for key in self.keys().into_iter().filter(|key| !known.contains(&key.value)) {
            let way_out = if let Some(section) = elsewhere(key.value) {
                format!("it belongs in {section}")
            } else if let Some(near) = nearest(key.value, known.iter().copied()) {
                format!("did you mean \"{near}\"?")
            } else {
                format!("valid keys are {}", known.join(", "))
            };
            report.add(key.span, Marked::Doubtful, format!("unknown key \"{}\" {}; {way_out}", safe(key.value), self.place()));
        }
    }

    fn get(&self, key: &str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.table.get(key)
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str, report: &mut Report<'_>) {
        let found = value.get_ref().type_str();
        report.add(value.span(), Marked::Known, format!("\"{}\" {} must be {wanted}, but is {}", safe(key), self.place(), with_article(found)));
    }

    /// The string under `key`; another type is noted.
    pub(crate) fn text(&self, key: &str, report: &mut Report<'_>) -> Option<Found<&'d str>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(Found { value: text.as_ref(), span: value.span() }),
            _ => {
                self.wrong_type(key, value, "a string in quotes", report);
                None
            }
        }
    }

    /// The boolean under `key`; another type is noted.
    pub(crate) fn flag(&self, key: &str, report: &mut Report<'_>) -> Option<bool> {
        let value = self.get(key)?;
        if value.get_ref().as_bool().is_none() {
            self.wrong_type(key, value, "true or false", report);
        }
        value.get_ref().as_bool()
    }

    /// The number under `key`, which must lie in the range; anything else is noted.
    pub(crate) fn number_within(&self, key: &str, range: std::ops::RangeInclusive<f64>, report: &mut Report<'_>) -> Option<f64> {
        let value = self.get(key)?;
        let Some(number) = number_text(value.get_ref()).and_then(|text| text.parse::<f64>().ok()) else {
            self.wrong_type(key, value, "a number", report);
            return None;
        };
        if range.contains(&number) {
            return Some(number);
        }
        let message = format!("\"{key}\" {} must lie between {} and {}, but is {number}", self.place(), range.start(), range.end());
        report.add(value.span(), Marked::Known, message);
        None
    }

    /// The array of strings under `key`, which must not be empty; anything else is noted.
    pub(crate) fn texts(&self, key: &str, report: &mut Report<'_>) -> Option<Vec<String>> {
        let value = self.get(key)?;
        let texts: Option<Vec<String>> =
            value.get_ref().as_array().and_then(|items| items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect());
        match texts {
            Some(texts) if !texts.is_empty() => Some(texts),
            _ => {
                self.wrong_type(key, value, "a list of strings such as [\"pass\", \"show\", \"name\"]", report);
                None
            }
        }
    }

    /// The text form of a string or number under `key`, so that `warning = 5` means `warning = "5"`.
    pub(crate) fn text_or_number(&self, key: &str, report: &mut Report<'_>) -> Option<Found<String>> {
        let value = self.get(key)?;
        let text = text_or_number(value);
        if text.is_none() {
            self.wrong_type(key, value, "a string in quotes or a number", report);
        }
        text
    }

    /// The array under `key` as strings or numbers; `None` where it is no such array. Notes nothing.
    pub(crate) fn array(&self, key: &str) -> Option<Vec<Found<String>>> {
        self.get(key)?.get_ref().as_array()?.iter().map(text_or_number).collect()
    }

    /// The table under `key`; another type is noted as not being `wanted`.
    pub(crate) fn section(&self, key: &str, wanted: &str, report: &mut Report<'_>) -> Option<Section<'d>> {
        let (found_key, value) = self.table.get_key_value(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(key, value, wanted, report);
            return None;
        };
        let title = match self.title.strip_prefix('[').and_then(|title| title.strip_suffix(']')) {
            Some(parent) => format!("[{parent}.{}]", safe(key)),
            None => format!("[{}]", safe(key)),
        };
        Some(Section { title, table, span: found_key.span() })
    }

    /// Whether the key is there, of whatever type.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Whether the value under `key` is a string.
    pub(crate) fn is_text(&self, key: &str) -> bool {
        self.get(key).is_some_and(|value| value.get_ref().is_str())
    }
}

/// Parses a document; on a syntax error all of them are noted and there is no document, since a recovered half would be misread.
pub(crate) fn parse<'d>(text: &'d str, report: &mut Report<'_>) -> Option<Spanned<DeTable<'d>>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        report.add_syntax(error);
    }
    report.is_clean().then_some(document)
}

fn text_or_number(value: &Spanned<DeValue<'_>>) -> Option<Found<String>> {
    let text = value.get_ref().as_str().map(str::to_owned).or_else(|| number_text(value.get_ref()))?;
    Some(Found { value: text, span: value.span() })
}

fn number_text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::Integer(integer) if integer.radix() == 10 => Some(integer.as_str().replace('_', "")),
        DeValue::Float(float) => Some(float.as_str().replace('_', "")),
        _ => None,
    }
}

fn with_article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}
