//! The rows of the results: what was found, what could not be asked, what may be asked besides.

use std::collections::HashSet;

use super::known::by_signature;
use super::{Asked, ResultsPage};
use crate::model::history::HistoryLevel;
use crate::model::search::{Among, Fit, Hit, HitKey, Source};
use crate::text::count_short;

/// What identifies a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RowKey {
    /// Something that was found.
    Hit(HitKey),
    /// What may be asked.
    Offer(Source),
    /// The next page of a source.
    More(Source),
    /// Why some sources told nothing, by the first of them.
    Problem(Source),
    /// A remark, by its place.
    Remark(usize),
}

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    /// What identifies it.
    pub key: RowKey,
    /// What it shows.
    pub content: Content,
}

/// What a row shows.
#[derive(Clone, Debug)]
pub enum Content {
    /// Something that was found, and the source that told it; none for what the picture knew.
    Hit(Hit, Option<Source>),
    /// What may be asked.
    Offer(Source),
    /// The next page of a source.
    More(Source),
    /// Why some sources told nothing: who, and the problem in short and at length.
    Problem(String, String, String),
    /// A remark.
    Remark(String),
}

pub(super) fn rows(page: &ResultsPage) -> Vec<Row> {
    let mut build = Build { page, rows: Vec::new(), seen: HashSet::new() };
    let cheap = page.first_sources();
    for source in &cheap {
        build.found(source);
    }
    for hit in &page.known.hits {
        build.hit(hit.clone(), None);
        if let Hit::Activity(activity) = hit {
            build.below(&activity.source());
        }
    }
    let nothing = build.rows.is_empty();
    build.problems(&cheap);
    // Before anything was asked there is nothing to tell of it.
    if nothing && !page.asked.is_empty() && !page.is_searching() {
        build.remark_nothing(&cheap);
    } else if page.known.left_out > 0 {
        build.remark(format!("{} more signatures and activities: a longer text tells them apart", count_short(page.known.left_out as u64)));
    }
    if page.place.is_some() {
        return build.rows;
    }
    for source in Source::costly(&page.needle, page.known.complete) {
        if page.known.hits.iter().any(|hit| matches!((hit, &source), (Hit::Activity(hit), Source::At(activity, _)) if hit.activity == *activity)) {
            continue;
        }
        build.rows.push(Row { key: RowKey::Offer(source.clone()), content: Content::Offer(source.clone()) });
        build.found(&source);
    }
    build.rows
}

struct Build<'a> {
    page: &'a ResultsPage,
    rows: Vec<Row>,
    seen: HashSet<HitKey>,
}

impl Build<'_> {
    fn hit(&mut self, hit: Hit, source: Option<&Source>) {
        let key = hit.key();
        if self.seen.insert(key.clone()) {
            self.rows.push(Row { key: RowKey::Hit(key), content: Content::Hit(hit, source.cloned()) });
        }
    }

    /// What a source told, and its next page.
    fn found(&mut self, source: &Source) {
        let Some(asked) = self.page.asked.get(source) else {
            // The picture holds the incident of this id: it was not asked for.
            return;
        };
        if *source == Source::Messages {
            let incidents = asked.hits.iter().filter_map(|hit| match hit {
                Hit::Incident(known) => Some(known),
                _ => None,
            });
            for hit in by_signature(incidents, true) {
                self.hit(hit, Some(source));
            }
        } else {
            for hit in &asked.hits {
                self.hit(hit.clone(), Some(source));
            }
        }
        if asked.more {
            self.rows.push(Row { key: RowKey::More(source.clone()), content: Content::More(source.clone()) });
        }
    }

    /// The same for a source that is asked from a row of its own.
    fn below(&mut self, source: &Source) {
        self.found(source);
        if let Some(Asked { problem: Some(problem), .. }) = self.page.asked.get(source) {
            let content = Content::Problem(words(source), problem.label.to_owned(), format!("{}. {}", problem.what, problem.remedy));
            self.rows.push(Row { key: RowKey::Problem(source.clone()), content });
        }
    }

    /// One row for each problem, with all it concerns.
    fn problems(&mut self, sources: &[Source]) {
        let mut told: Vec<(&Source, String, String, String)> = Vec::new();
        for source in sources {
            let Some(asked) = self.page.asked.get(source) else { continue };
            let (label, whole) = match (&asked.problem, asked.given_up) {
                (Some(problem), _) => (problem.label.to_owned(), format!("{}. {}", problem.what, problem.remedy)),
                (None, true) => ("given up".to_owned(), "Given up before it was answered; enter searches again.".to_owned()),
                (None, false) => continue,
            };
            match told.iter_mut().find(|(_, _, other, _)| *other == label) {
                Some((_, who, ..)) => who.push_str(&format!(", {}", words(source))),
                None => told.push((source, words(source), label, whole)),
            }
        }
        for (source, who, label, whole) in told {
            self.rows.push(Row { key: RowKey::Problem(source.clone()), content: Content::Problem(who, label, whole) });
        }
    }

    fn remark(&mut self, text: String) {
        let place = self.rows.iter().filter(|row| matches!(row.key, RowKey::Remark(_))).count();
        self.rows.push(Row { key: RowKey::Remark(place), content: Content::Remark(text) });
    }

    fn remark_nothing(&mut self, cheap: &[Source]) {
        if let Some(place) = &self.page.place {
            if self.page.failed().is_empty() {
                let what = if place.activity.is_some() { "No running instance stands at this activity." } else { "No instance of this version is running." };
                self.remark(what.to_owned());
            }
            return;
        }
        let answered = |source: &&Source| self.page.asked.get(source).is_some_and(|asked| asked.problem.is_none() && !asked.given_up);
        let searched: Vec<&Source> = cheap.iter().filter(answered).collect();
        let all = self.page.failed().is_empty();
        self.remark(if all { "Nothing found. What was searched:" } else { "Nothing found so far: not everything was answered. What was searched:" }.to_owned());
        if searched.contains(&&Source::Running(Fit::Whole)) {
            self.remark("- business keys of running instances: none is exactly this".to_owned());
        }
        let ids: Vec<String> = searched.iter().filter(|source| !matches!(source, Source::Running(_))).map(|source| words(source)).collect();
        match ids.is_empty() {
            false => {
                let ended = match self.page.history {
                    HistoryLevel::Hidden => " of what runs (ended ones not known: history hidden, READ_HISTORY missing)",
                    HistoryLevel::BelowFull => ", ended ones too (but ended incidents: history level below full)",
                    HistoryLevel::Unknown | HistoryLevel::Full => ", ended ones too",
                };
                self.remark(format!("- ids{ended}: {}", ids.join(", ")));
            }
            true if self.page.needle.may_be_id() => {}
            true => self.remark("- no ids: this text cannot be one".to_owned()),
        }
        self.remark(match (self.page.known.searched, self.page.known.complete) {
            (Some(count), true) => format!("- messages and activities of all {} open incidents", count_short(count as u64)),
            (Some(count), false) => format!("- messages and activities of {} open incidents: not all are read yet", count_short(count as u64)),
            (None, _) => "- no messages and activities: open incidents are not read yet".to_owned(),
        });
        self.remark("What else can be searched:".to_owned());
    }
}

/// What a source is called in a list.
fn words(source: &Source) -> String {
    match source {
        Source::Running(_) => "business keys".to_owned(),
        Source::Finished(_) => "finished instances".to_owned(),
        Source::Instance => "instances".to_owned(),
        Source::Incident => "incidents".to_owned(),
        Source::Job => "jobs".to_owned(),
        Source::ExternalTask => "external tasks".to_owned(),
        Source::UserTask => "user tasks".to_owned(),
        Source::Messages => "messages".to_owned(),
        Source::At(activity, _) => format!("instances at {activity}"),
        Source::Of(_, Among::WithIncident) => "instances with an incident".to_owned(),
        Source::Of(_, Among::All) => "running instances".to_owned(),
    }
}
