//! Reading back things that are to be in another state: definitions, incidents, variables, timed suspensions.

use std::collections::{HashMap, HashSet};

use super::{Eyes, Findings, Item, ONE_BY_ONE, Round, allowed};
use crate::action::judge::{Here, Life, Log};
use crate::action::target::Subject;
use crate::engine::{Change, EngineError, JobDefinitionFilter, JobLogFilter, JobLogQuery, NewValue, Order, Page, VariableHome};
use crate::model::ids::ExecutionId;
use crate::model::variable::VariableValue;

/// Definitions read at once.
const DEFINITIONS: u32 = 2_000;

/// Lists of so many are read after the first; what stands on none of them is not taken for gone.
const PAGES: u32 = 9;

/// Births of timers looked through for the one that was made.
const TIMERS: u32 = 50;

impl Eyes {
    /// Job definitions and process definitions: their suspension and their priority, or the timer that will suspend them.
    pub(super) async fn definitions(&mut self, round: &Round, findings: &mut Findings) -> Result<(), EngineError> {
        let of =
            |wanted: fn(&Subject) -> bool| -> Vec<&Item> { round.items.iter().filter(|item| !item.watched && wanted(&item.target(round).subject)).collect() };
        let (now, timed): (Vec<_>, Vec<_>) =
            of(|subject| matches!(subject, Subject::JobDefinition(_))).into_iter().partition(|item| due(item, round).is_none());
        self.job_definitions(&now, round, findings).await?;
        let (now, later): (Vec<_>, Vec<_>) =
            of(|subject| matches!(subject, Subject::ProcessDefinition(_))).into_iter().partition(|item| due(item, round).is_none());
        self.process_definitions(&now, round, findings).await?;
        self.timed(&timed.into_iter().chain(later).collect::<Vec<_>>(), round, findings).await
    }

    /// Those of a few versions by version, those of many by reading all, now and then.
    async fn job_definitions(&mut self, items: &[&Item], round: &Round, findings: &mut Findings) -> Result<(), EngineError> {
        if items.is_empty() {
            return Ok(());
        }
        let definition = |item: &Item| match &item.target(round).subject {
            Subject::JobDefinition(definition) => Some(definition.clone()),
            _ => None,
        };
        let versions: HashSet<_> = items.iter().filter_map(|item| definition(item)).map(|definition| definition.process_definition.clone()).collect();
        let filters: Vec<JobDefinitionFilter> = if versions.len() <= ONE_BY_ONE && !versions.contains(&None) {
            versions.into_iter().map(|process_definition| JobDefinitionFilter { process_definition, suspended: false }).collect()
        } else {
            self.turn_to_list().await;
            vec![JobDefinitionFilter::default()]
        };
        let mut there = HashMap::new();
        let mut all = true;
        for filter in filters {
            let mut page = Page::first(DEFINITIONS);
            loop {
                let answer = self.turn().await.job_definitions_where(&filter, page).await?;
                let whole = answer.data.len() < DEFINITIONS as usize;
                there.extend(answer.data.into_iter().map(|definition| (definition.id.clone(), definition)));
                if whole || page.first >= PAGES * DEFINITIONS {
                    all &= whole;
                    break;
                }
                page.first += DEFINITIONS;
            }
        }
        for item in items {
            let Some(known) = definition(item) else { continue };
            let facts = findings.of(item);
            facts.here = match (there.get(&known.id), item.change(round)) {
                (Some(now), Change::JobDefinitionSuspension { suspended, .. }) => Here::As(now.suspended == *suspended),
                (Some(now), Change::JobDefinitionPriority { priority, .. }) => Here::As(now.overriding_priority == *priority),
                (Some(_), _) => Here::NotRead,
                (None, _) if all => Here::Gone,
                (None, _) => Here::NotRead,
            };
            (facts.log, facts.life) = (Log::None, Life::NotKnown);
        }
        Ok(())
    }

    /// A few singly, many by reading all, now and then.
    async fn process_definitions(&mut self, items: &[&Item], round: &Round, findings: &mut Findings) -> Result<(), EngineError> {
        if items.is_empty() {
            return Ok(());
        }
        let mut there = HashMap::new();
        let mut all = true;
        if items.len() <= ONE_BY_ONE {
            for item in items {
                let Subject::ProcessDefinition(known) = &item.target(round).subject else { continue };
                let now = self.turn().await.process_definition(&known.id).await?;
                there.extend(now.map(|now| (now.data.id.clone(), now.data.suspended)));
            }
        } else {
            self.turn_to_list().await;
            let mut page = Page::first(DEFINITIONS);
            loop {
                let answer = self.turn().await.process_definitions(page).await?;
                let whole = answer.data.len() < DEFINITIONS as usize;
                there.extend(answer.data.into_iter().map(|definition| (definition.id.clone(), definition.suspended)));
                if whole || page.first >= PAGES * DEFINITIONS {
                    all = whole;
                    break;
                }
                page.first += DEFINITIONS;
            }
        }
        for item in items {
            let Subject::ProcessDefinition(known) = &item.target(round).subject else { continue };
            let facts = findings.of(item);
            facts.here = match (there.get(&known.id), item.change(round)) {
                (Some(now), Change::ProcessDefinitionSuspension { suspended, .. }) => Here::As(now == suspended),
                (Some(_), _) => Here::NotRead,
                (None, _) if all => Here::Gone,
                (None, _) => Here::NotRead,
            };
            (facts.log, facts.life) = (Log::None, Life::NotKnown);
        }
        Ok(())
    }

    /// A suspension that is to happen later is a timer born since. Which of several it is, only the log of operations tells.
    async fn timed(&mut self, items: &[&Item], round: &Round, findings: &mut Findings) -> Result<(), EngineError> {
        let mut kinds: HashMap<&'static str, Vec<&Item>> = HashMap::new();
        for item in items {
            kinds.entry(timer_kind(item.change(round))).or_default().push(item);
        }
        for (kind, items) in kinds {
            let filter = JobLogFilter { kind: Some(kind.into()), created: true, ..JobLogFilter::default() };
            let query = JobLogQuery { filter, by_time: Some(Order::Descending), page: Page::first(TIMERS) };
            let Some(born) = allowed(self.turn().await.job_log(&query).await)? else { continue };
            for item in items {
                let (at, since) = (due(item, round), round.since);
                let found = born.data.iter().any(|timer| timer.due == at && since.is_none_or(|since| timer.at >= since));
                findings.of(item).here = Here::As(found);
            }
        }
        Ok(())
    }

    /// Incidents and variables, one by one.
    pub(super) async fn singles(&mut self, round: &Round, findings: &mut Findings) -> Result<(), EngineError> {
        for item in round.items.iter().filter(|item| !item.watched).take(round.singly) {
            match (&item.target(round).subject, item.change(round)) {
                (Subject::Incident(known), Change::IncidentAnnotation { text, .. }) => {
                    let now = self.turn().await.incident(&known.incident.id).await?;
                    let same = |note: Option<&str>| note.unwrap_or_default() == text.as_deref().unwrap_or_default();
                    findings.of(item).here = now.map_or(Here::Gone, |now| Here::As(same(now.data.annotation.as_ref().map(|note| note.as_wire()))));
                }
                (Subject::Variable { home, name, .. }, Change::SetVariable { value, .. }) => {
                    let execution = match home {
                        VariableHome::Instance(instance) => ExecutionId::from(instance.text().clone()),
                        VariableHome::Execution(execution) => execution.clone(),
                    };
                    let now = self.turn().await.local_variables(&execution, name).await?;
                    let same = now.data.iter().any(|variable| is_value(&variable.value, value));
                    findings.of(item).here = Here::As(same);
                }
                _ => continue,
            }
            let facts = findings.of(item);
            (facts.log, facts.life) = (Log::None, Life::NotKnown);
        }
        Ok(())
    }
}

/// When a suspension is to happen, if later.
fn due(item: &Item, round: &Round) -> Option<jiff::Timestamp> {
    match item.change(round) {
        Change::JobDefinitionSuspension { at, .. } | Change::ProcessDefinitionSuspension { at, .. } => *at,
        _ => None,
    }
}

/// What the engine calls the timer of such a change (`jobDefinitionType` of its log).
fn timer_kind(change: &Change) -> &'static str {
    match change {
        Change::JobDefinitionSuspension { suspended: true, .. } => "suspend-job-definition",
        Change::JobDefinitionSuspension { suspended: false, .. } => "activate-job-definition",
        Change::ProcessDefinitionSuspension { suspended: true, .. } => "suspend-processdefinition",
        _ => "activate-processdefinition",
    }
}

/// Whether a variable is what was written. Neither value is kept.
fn is_value(now: &VariableValue, written: &NewValue) -> bool {
    use serde_json::Value;
    match (now, &written.value) {
        (VariableValue::Null, Value::Null) => true,
        (VariableValue::Text(now), Value::String(text)) if written.kind.as_wire() == "Date" => {
            now.as_wire() == text || moment(now.as_wire()).is_some_and(|time| moment(text) == Some(time))
        }
        (VariableValue::Text(now), Value::String(text)) => now.as_wire() == text,
        (VariableValue::Text(now), other) => serde_json::from_str::<Value>(now.as_wire()).is_ok_and(|now| now == *other),
        _ => false,
    }
}

fn moment(text: &str) -> Option<jiff::Timestamp> {
    jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).ok()?.to_timestamp().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_recognised_in_whatever_form_it_comes_back() {
        let text = |text: &str| VariableValue::Text(text.into());
        let new = |kind: &str, value: serde_json::Value| NewValue { kind: kind.into(), value, info: None };
        assert!(is_value(&text("a"), &new("String", json!("a"))));
        assert!(!is_value(&text("a"), &new("String", json!("b"))));
        assert!(is_value(&text("17"), &new("Long", json!(17))));
        assert!(!is_value(&text("17"), &new("Long", json!(18))));
        assert!(is_value(&text("true"), &new("Boolean", json!(true))));
        assert!(is_value(&VariableValue::Null, &new("Null", json!(null))));
        assert!(is_value(&text("2026-01-02T03:04:05.000+0000"), &new("Date", json!("2026-01-02T04:04:05.000+0100"))));
        assert!(!is_value(&VariableValue::NotSent, &new("Bytes", json!("AA=="))));
    }
}
