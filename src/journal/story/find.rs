//! What is asked of a journal about whole actions: in short or with everything, what was left under way, what is at work, what is frozen.

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use regex::bytes::Regex;

use super::{AtWork, Frozen, Gathered, Standing, Stories, Story, Summary, UnderWay, put_back};
use crate::journal::archive::{Archive, Unread};
use crate::journal::entry::{Engine, Entry, Target};
use crate::journal::exact::{Exact, to_json};
use crate::journal::lock::{fate, living};
use crate::journal::{FREEZE, LOOK, THAW};

/// How far back an action is looked for that was left under way, in days.
const LEFT_DAYS: i32 = 31;

fn month_ago() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date().saturating_sub(LEFT_DAYS.days())
}

impl Archive {
    /// All actions begun since the begin of that day (UTC), in short and in their order.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn summaries(&self, since: Option<Date>) -> Result<Vec<Summary>, Unread> {
        let mut gathered = Gathered::default();
        for record in self.records(since)? {
            gathered.add(record?);
        }
        Ok(gathered.finish(|run| fate(&self.folder, run)))
    }

    /// Everything about one action, by its name.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn action(&self, name: &str) -> Result<Option<Story>, Unread> {
        let name = Exact::from(name);
        let json = to_json(&name).unwrap_or_default();
        let pattern = Regex::new(&regex::escape(&String::from_utf8_lossy(&json))).ok();
        let mut stories = Stories::default();
        for record in self.records_with(None, pattern)? {
            let record = record?;
            if *record.entry.action() == name {
                stories.add(record);
            }
        }
        Ok(stories.finish(|run| fate(&self.folder, run)).pop())
    }

    /// The action of which the engine made this batch; none where no request of this journal was answered with it.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn of_batch(&self, batch: &str) -> Result<Option<Story>, Unread> {
        let batch = Exact::from(batch);
        let json = to_json(&batch).unwrap_or_default();
        let pattern = Regex::new(&regex::escape(&String::from_utf8_lossy(&json))).ok();
        for record in self.records_with(None, pattern)? {
            if let Entry::Answered(answered) = record?.entry
                && answered.batch.as_ref() == Some(&batch)
            {
                return self.action(answered.action.as_wire());
            }
        }
        Ok(None)
    }

    /// All actions begun since the begin of that day (UTC), with everything, in their order.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn stories(&self, since: Option<Date>) -> Result<Vec<Story>, Unread> {
        let mut stories = Stories::default();
        for record in self.records(since)? {
            stories.add(record?);
        }
        Ok(stories.finish(|run| fate(&self.folder, run)))
    }

    /// Actions of the last month whose program ended in the middle of them, or was left before all was known, and that nobody looked at
    /// since; and those that left jobs otherwise than they were to keep them, which nobody put back. At one engine, or at all. What a living
    /// run is at is none. Two passes over that month, however many there are.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn under_way(&self, engine: Option<&Engine>) -> Result<Vec<UnderWay>, Unread> {
        let since = Some(month_ago());
        // Most lines are those between: they are looked at only if something was left.
        let pattern = Regex::new(&format!(r#""kind":"(?:intent|end|read_back)"|"words":"{LOOK}"#)).ok();
        let mut gathered = Gathered::default();
        for record in self.records_with(since, pattern)? {
            gathered.add(record?);
        }
        let mut left = Vec::new();
        let (all, unknown): (Vec<Summary>, Vec<Option<u64>>) = gathered.finish_with_unknown(|run| fate(&self.folder, run)).into_iter().unzip();
        for ((summary, unknown), put_back) in all.iter().zip(unknown).zip(put_back(&all)) {
            let Summary { intent, at, standing, looks, holds, .. } = summary;
            let is_left = matches!(standing, Standing::Left | Standing::Unwritten) || unknown.is_some();
            let held = *holds && !looks.is_empty() && put_back.is_none() && *standing != Standing::UnderWay;
            if (is_left || held) && engine.is_none_or(|engine| intent.engine.is_same(engine)) {
                let (action, sentence, engine) = (intent.action.clone(), intent.sentence.clone(), intent.engine.clone());
                let (looks, origin) = ((!is_left).then_some(looks.len() as u64), summary.origin().clone());
                left.push(UnderWay { action, sentence, engine, at: *at, sent: 0, of: intent.steps, unknown, looks, origin });
            }
        }
        if !left.is_empty() {
            let mut steps: HashMap<Exact, HashSet<u64>> = left.iter().map(|left| (left.action.clone(), HashSet::new())).collect();
            for record in self.records_with(since, Regex::new(r#""kind":"sent""#).ok())? {
                if let Entry::Sent(sent) = record?.entry
                    && let Some(steps) = steps.get_mut(&sent.action)
                {
                    steps.insert(sent.step);
                }
            }
            for left in &mut left {
                left.sent = steps.get(&left.action).map_or(0, |steps| steps.len() as u64);
            }
        }
        Ok(left)
    }

    /// Actions at one engine that living runs of the program are at, this one included. Costs next to nothing where none lives.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn at_work(&self, engine: &Engine) -> Result<Vec<AtWork>, Unread> {
        let runs: Vec<String> = living(&self.folder).iter().map(|run| regex::escape(run)).collect();
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let pattern = Regex::new(&format!("\"session\":\"(?:{})\"", runs.join("|"))).ok();
        let mut at_work: Vec<AtWork> = Vec::new();
        for record in self.records_with(Some(month_ago()), pattern)? {
            let record = record?;
            match record.entry {
                Entry::Intent(intent) if intent.engine.is_same(engine) => at_work.push(AtWork { intent: *intent, at: record.at }),
                Entry::End(end) => at_work.retain(|known| known.intent.action != end.action),
                _ => {}
            }
        }
        Ok(at_work)
    }

    /// The latest freeze of an engine of which something is not thawed yet, however long ago it was.
    ///
    /// # Errors
    ///
    /// A file cannot be read.
    pub fn frozen(&self, engine: &Engine) -> Result<Option<Frozen>, Unread> {
        let pattern = Regex::new(&format!("\"verb\":\"(?:{FREEZE}|{THAW})\"")).ok();
        let mut freezes = Vec::new();
        let mut thaws: HashMap<Exact, Vec<Exact>> = HashMap::new();
        for record in self.records_with(None, pattern)? {
            let Entry::Intent(intent) = record?.entry else { continue };
            if !intent.engine.is_same(engine) {
                continue;
            }
            match (intent.verb.as_wire(), intent.thaw_of) {
                (FREEZE, _) => freezes.push(intent.action),
                (THAW, Some(freeze)) => thaws.entry(freeze).or_default().push(intent.action),
                _ => {}
            }
        }
        for name in freezes.into_iter().rev() {
            let Some(freeze) = self.action(name.as_wire())? else { continue };
            let mut thawed = HashSet::new();
            for thaw in thaws.get(&name).into_iter().flatten() {
                thawed.extend(self.action(thaw.as_wire())?.into_iter().flat_map(|thaw| thaw.resumed()));
            }
            let left: Vec<Target> = freeze.touched().filter(|target| !thawed.contains(&target.id)).cloned().collect();
            if !left.is_empty() {
                return Ok(Some(Frozen { freeze, left }));
            }
        }
        Ok(None)
    }
}
