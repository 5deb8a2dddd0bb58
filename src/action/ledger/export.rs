//! A ledger as it leaves the program: CSV for a spreadsheet, JSON for a program, Markdown for a ticket. Safe text only.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::{Ending, Ledger, Stage};
use crate::text::{csv_field, safe};

/// How a ledger is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One line a target, for a spreadsheet. Nothing in it is taken for a formula.
    Csv,
    /// One document.
    Json,
    /// A heading, a summary and a table, for a ticket.
    Markdown,
}

impl Format {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Json, Self::Markdown];

    /// The usual end of a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Markdown => "md",
        }
    }
}

/// What one target's line says.
struct Row<'a> {
    kind: &'static str,
    id: String,
    instance: String,
    label: &'a str,
    business_key: String,
    version: String,
    outcome: &'static str,
    words: String,
}

impl Ledger {
    /// The whole ledger in one of the forms. Times carry the offset of `zone`.
    pub fn export(&self, format: Format, zone: &TimeZone, now: Timestamp) -> String {
        match format {
            Format::Csv => self.csv(zone, now),
            Format::Json => self.json(zone, now),
            Format::Markdown => self.markdown(zone, now),
        }
    }

    fn rows<'a>(&'a self, zone: &'a TimeZone, now: Timestamp) -> impl Iterator<Item = Row<'a>> {
        self.plan.targets.iter().zip(&self.outcomes).map(move |(target, outcome)| Row {
            kind: target.kind(),
            id: safe(target.id()).into_owned(),
            instance: target.instance().map(ToString::to_string).unwrap_or_default(),
            label: &target.label,
            business_key: target.business_key.as_ref().map(ToString::to_string).unwrap_or_default(),
            version: target.version.map(|version| version.to_string()).unwrap_or_default(),
            outcome: outcome.name(),
            words: outcome.words(zone, now),
        })
    }

    /// What is the same for all targets, with its name.
    fn facts(&self, zone: &TimeZone) -> Vec<(&'static str, String)> {
        let engine = &self.plan.engine;
        let product = [engine.product.clone(), engine.version.as_ref().map(ToString::to_string)];
        vec![
            ("action", self.plan.action.to_string()),
            ("verb", self.plan.verb.to_string()),
            ("sentence", self.sentence.clone()),
            ("reason", safe(&self.plan.choices.reason).into_owned()),
            ("engine", safe(&engine.url).into_owned()),
            ("engine name", engine.engine_name.as_deref().map(|name| safe(name).into_owned()).unwrap_or_default()),
            ("product", product.into_iter().flatten().collect::<Vec<_>>().join(" ")),
            ("profile", self.plan.profile.as_deref().map(|name| safe(name).into_owned()).unwrap_or_default()),
            ("user", engine.user.as_deref().map(|name| safe(name).into_owned()).unwrap_or_default()),
            ("began", stamp(self.began.wall, zone)),
            ("ended", self.ended.map(|ended| stamp(ended.wall, zone)).unwrap_or_default()),
            ("stage", self.stage.words()),
            ("requests", format!("{} of {} sent", self.sent, self.steps)),
            ("summary", self.summary()),
            ("journal head", self.head.clone().unwrap_or_default()),
        ]
    }

    fn csv(&self, zone: &TimeZone, now: Timestamp) -> String {
        let facts = self.facts(zone);
        let fact = |name: &str| facts.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value.as_str());
        let shared = ["engine", "profile", "action", "sentence", "reason", "began", "ended"].map(|name| (name, fact(name)));
        let mut csv = shared.map(|(name, _)| name).join(",");
        csv.push_str(",kind,id,instance,label,business key,version,outcome,words\r\n");
        for row in self.rows(zone, now) {
            let own = [row.kind, &row.id, &row.instance, row.label, &row.business_key, &row.version, row.outcome, &row.words];
            let cells: Vec<String> = shared.iter().map(|(_, value)| csv_field(value)).chain(own.iter().map(|value| csv_field(value))).collect();
            csv.push_str(&cells.join(","));
            csv.push_str("\r\n");
        }
        csv
    }

    fn json(&self, zone: &TimeZone, now: Timestamp) -> String {
        let mut document: serde_json::Map<_, _> = self.facts(zone).into_iter().map(|(name, value)| (name.replace(' ', "_"), value.into())).collect();
        let targets: Vec<_> = self
            .rows(zone, now)
            .map(|row| {
                json!({
                    "kind": row.kind, "id": row.id, "instance": row.instance, "label": safe(row.label), "business_key": row.business_key,
                    "version": row.version, "outcome": row.outcome, "words": row.words,
                })
            })
            .collect();
        let notes: Vec<_> = self.notes.iter().map(|(at, note)| json!({ "at": stamp(at.wall, zone), "note": safe(note) })).collect();
        let look: Vec<_> = self.look.iter().map(|look| safe(look)).collect();
        document.insert("look".into(), look.into());
        document.insert("notes".into(), notes.into());
        document.insert("targets".into(), targets.into());
        format!("{:#}\n", serde_json::Value::Object(document))
    }

    fn markdown(&self, zone: &TimeZone, now: Timestamp) -> String {
        let mut page = format!("# {}\n\n", inline(&self.sentence));
        // Writing to a String cannot fail.
        for (name, value) in self.facts(zone).into_iter().filter(|(name, value)| *name != "sentence" && !value.is_empty()) {
            let _ = writeln!(page, "- {name}: {}", inline(&value));
        }
        for look in &self.look {
            let _ = writeln!(page, "- **{}**", inline(look));
        }
        for (at, note) in &self.notes {
            let _ = writeln!(page, "- {}: {}", stamp(at.wall, zone), inline(note));
        }
        page.push_str("\n| what | id | business key | outcome |\n|---|---|---|---|\n");
        for row in self.rows(zone, now) {
            let _ = writeln!(page, "| {} {} | {} | {} | {} |", row.kind, inline(row.label), inline(&row.id), inline(&row.business_key), inline(&row.words));
        }
        page
    }
}

impl Stage {
    /// Where the action stands, in words.
    pub fn words(&self) -> String {
        match self {
            Self::Canary => "the first few are sent and waited for".to_owned(),
            Self::Sending => "being sent".to_owned(),
            Self::Paused(by) => format!("paused: {}", by.words()),
            Self::Verifying => "all sent, reading back".to_owned(),
            Self::Over(Ending::Done) => "over".to_owned(),
            Self::Over(Ending::Stopped) => "stopped".to_owned(),
            Self::Over(Ending::Failed(why)) => format!("failed: {}", safe(why)),
        }
    }
}

impl super::PausedBy {
    /// Who or what paused it, in words.
    pub fn words(&self) -> String {
        match self {
            Self::Operator => "by the operator".to_owned(),
            Self::Canary(why) | Self::Failures(why) | Self::Engine(why) | Self::Login(why) => safe(why).into_owned(),
        }
    }
}

/// With the offset, so that it can be read anywhere.
fn stamp(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Text within Markdown that is taken for nothing but text.
fn inline(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    for sign in safe(value).chars() {
        if matches!(sign, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '!' | '~' | '&') {
            plain.push('\\');
        }
        plain.push(sign);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::super::tally::tests::ledger;
    use super::*;
    use crate::action::outcome::{Outcome, Proof};

    fn exported(format: Format) -> String {
        let outcomes =
            vec![Outcome::Succeeded(Proof::JobLog), Outcome::FailedAgain { message: Some("=cmd|' /C calc'!A0 \"x\", a|b <img src=x>\n\u{1b}[2J".into()) }];
        ledger(outcomes).export(format, &TimeZone::fixed(jiff::tz::offset(1)), "2026-11-21T02:10:00Z".parse().expect("a moment"))
    }

    #[test]
    fn a_spreadsheet_finds_a_line_for_every_target_and_no_formula() {
        let csv = exported(Format::Csv);
        assert_eq!(csv.lines().count(), 3, "{csv}");
        assert!(csv.contains("\"'=ORDER-payment v2"), "{csv}");
        assert!(csv.contains("\"\"x\"\""), "{csv}");
        assert!(csv.contains(",2026-11-21T03:00:00+01:00,"), "{csv}");
        for field in csv.split(',') {
            assert!(!field.trim_start_matches('"').starts_with(['=', '+', '-', '@']), "{field}");
        }
    }

    #[test]
    fn json_holds_every_target_with_its_outcome_and_who_where_when() {
        let document: serde_json::Value = serde_json::from_str(&exported(Format::Json)).expect("JSON");
        assert_eq!(document["profile"], "test");
        assert_eq!(document["reason"], "card service is back");
        assert_eq!(document["began"], "2026-11-21T03:00:00+01:00");
        assert_eq!(document["targets"][0]["id"], "job-0000");
        assert_eq!(document["targets"][0]["outcome"], "succeeded");
        assert_eq!(document["targets"][1]["business_key"], "=ORDER-payment v3 · Charge card");
    }

    #[test]
    fn markdown_takes_nothing_for_markup() {
        let page = exported(Format::Markdown);
        assert!(page.starts_with("# Retry 3 jobs\n"), "{page}");
        assert!(page.contains("\\<img src=x\\>"), "{page}");
        assert!(page.contains("a\\|b"), "{page}");
        assert!(!page.contains('\u{1b}'), "{page}");
    }
}
