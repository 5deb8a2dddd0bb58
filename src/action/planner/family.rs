//! The instances that end together: callers upwards, called ones downwards, and what else runs in a caller. Each way is bounded.

use std::collections::{HashMap, HashSet, VecDeque};

use futures_util::FutureExt as _;

use super::reading::{Reading, plural};
use crate::action::plan::Unavailable;
use crate::engine::{
    CountQuestion, HistoricActivityFilter, HistoricActivityQuery, HistoricInstanceFilter, HistoricInstanceQuery, InstanceFilter, InstanceOrder, InstanceQuery,
    Order, Page,
};
use crate::model::activity_instance::Token;
use crate::model::definition::ProcessInstance;
use crate::model::history::{HistoricActivity, HistoricInstance, InstanceState};
use crate::model::ids::{ActivityId, ProcessInstanceId};
use crate::model::inquiry::MOST_EXECUTIONS;
use crate::model::naming;
use crate::text::listed;

/// Instances of one tree that are read.
const MOST: usize = 500;

/// Instances of one tree whose called ones are asked for one by one.
const ASKED: usize = 100;

/// Callers upwards: deeper is taken for a circle.
const HIGHEST: usize = 50;

/// Calls of one caller among which the one in question is looked for.
const CALLS: u32 = 200;

/// What else runs in a caller besides some calls.
#[derive(Clone, Debug)]
pub(super) struct Branches {
    /// How many other branches.
    pub(super) others: u64,
    /// Where they stand, in words.
    pub(super) places: String,
    /// Whether they wait at gateways that join branches, which may be waiting for the calls.
    pub(super) joins: Joins,
}

/// How much of what runs in a caller waits at gateways that join branches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Joins {
    /// Nothing, as far as is known.
    Nothing,
    /// Some of it, at these places; the rest goes on until it comes there too, or elsewhere.
    Some(String),
    /// All of it.
    All,
}

/// Some instances of one tree, as far as they were read.
#[derive(Default)]
pub(super) struct Family {
    known: HashMap<ProcessInstanceId, ProcessInstance>,
    called: HashMap<ProcessInstanceId, Vec<ProcessInstanceId>>,
    asked: usize,
}

/// An instance and all below it.
pub(super) struct Subtree {
    /// Each instance with how far it is below the first, callers before those they called.
    pub(super) instances: Vec<(usize, ProcessInstance)>,
    /// How many there are at least.
    pub(super) count: usize,
    /// Whether that is all of them.
    pub(super) complete: bool,
}

/// The instance and its callers, the topmost last; none if it does not run.
pub(super) async fn lineage(reading: &Reading<'_>, asked: &ProcessInstanceId) -> Result<Option<Vec<ProcessInstance>>, Unavailable> {
    let Some(own) = reading.maybe(reading.client.process_instance(asked)).await? else { return Ok(None) };
    let mut lineage = vec![own];
    while lineage.len() < HIGHEST
        && let Some(last) = lineage.last()
        && let Some(caller) = reading.caller(&last.id).await?
    {
        if lineage.iter().any(|known| known.id == caller.id) {
            break;
        }
        lineage.push(caller);
    }
    Ok(Some(lineage))
}

/// What else runs in this caller besides these that it called. The engine ends a caller none of whose branches is left (7.18, 7.24,
/// Operaton 1.0).
pub(super) async fn branches(reading: &Reading<'_>, caller: &ProcessInstanceId, called: &[&ProcessInstanceId]) -> Result<Branches, Unavailable> {
    let executions = reading.must(reading.client.count(&CountQuestion::Executions { process_instance: caller.clone() })).await?;
    if executions > MOST_EXECUTIONS {
        return Ok(Branches { others: executions, places: plural(executions, "execution"), joins: Joins::Nothing });
    }
    let Some(tree) = reading.maybe(reading.client.activity_instances(caller)).await? else {
        return Ok(Branches { others: 0, places: String::new(), joins: Joins::Nothing });
    };
    let tokens = tree.tokens();
    let others = tokens.iter().map(|token| token.count).sum::<u64>().saturating_sub(called.len() as u64);
    if others == 0 {
        return Ok(Branches { others, places: String::new(), joins: Joins::Nothing });
    }
    let visits = calls_in(reading, caller).await;
    let calls: Vec<ActivityId> =
        visits.into_iter().filter(|visit| visit.called.as_ref().is_some_and(|id| called.contains(&id))).map(|visit| visit.activity).collect();
    Ok(Branches { others, places: places(&tokens, &calls), joins: joins(&tokens, &calls) })
}

/// What waits at gateways that join branches, besides the calls themselves.
fn joins(tokens: &[Token], calls: &[ActivityId]) -> Joins {
    let joins = |token: &&Token| matches!(token.kind.as_wire(), "parallelGateway" | "inclusiveGateway");
    let ends = |token: &&Token| {
        let ending = calls.iter().filter(|call| **call == token.activity).count() as u64;
        token.kind.as_wire() == "callActivity" && ending >= token.count
    };
    let waiting: Vec<Token> = tokens.iter().filter(joins).cloned().collect();
    if waiting.is_empty() {
        Joins::Nothing
    } else if !calls.is_empty() && tokens.iter().all(|token| joins(&token) || ends(&token)) {
        Joins::All
    } else {
        Joins::Some(places(&waiting, &[]))
    }
}

/// The call activities of an instance that wait for what they called, where the history tells. Only words depend on it.
pub(super) async fn calls_in(reading: &Reading<'_>, caller: &ProcessInstanceId) -> Vec<HistoricActivity> {
    let kind = Some("callActivity".into());
    let filter = HistoricActivityFilter { process_instance: Some(caller.clone()), kind, running: true, ..HistoricActivityFilter::default() };
    let query = HistoricActivityQuery { filter, by_start: Some(Order::Descending), page: Page::first(CALLS) };
    reading.client.historic_activities(&query).boxed().await.map(|answer| answer.data).unwrap_or_default()
}

/// Where an instance stands but for some calls, in words.
fn places(tokens: &[Token], calls: &[ActivityId]) -> String {
    let mut left_out = vec![false; calls.len()];
    let mut words = Vec::new();
    for token in tokens {
        let mut count = token.count;
        for (call, left_out) in calls.iter().zip(&mut left_out) {
            if count > 0 && !*left_out && *call == token.activity {
                *left_out = true;
                count -= 1;
            }
        }
        let name = token.name.as_ref().map_or_else(|| naming::activity_id(&token.activity), |name| naming::of_body(&token.activity, name).to_string());
        match count {
            0 => {}
            1 => words.push(name),
            _ => words.push(format!("{count} × {name}")),
        }
    }
    listed(words, 3)
}

impl Family {
    /// Reads the whole tree below its topmost instance at once, where the engine can tell it (7.24) and the history knows all of it. Returns
    /// how many instances run in it.
    pub(super) async fn read_whole(&mut self, reading: &Reading<'_>, top: &ProcessInstance) -> Result<Option<u64>, Unavailable> {
        if !reading.tells_acquired() {
            return Ok(None);
        }
        let running = CountQuestion::ProcessInstances(InstanceFilter { root: Some(top.id.clone()), ..InstanceFilter::default() });
        let total = reading.must(reading.client.count(&running)).await?;
        let filter = HistoricInstanceFilter { root: Some(top.id.clone()), running: true, ..HistoricInstanceFilter::default() };
        let page = Page::first(u32::try_from(MOST).unwrap_or(Page::MOST));
        let query = HistoricInstanceQuery { filter, order: Some(InstanceOrder::ById), page };
        // Without a history the callers are asked one by one.
        let rows = reading.client.historic_process_instances(&query).boxed().await.map(|answer| answer.data).unwrap_or_default();
        if rows.len() as u64 == total {
            for row in rows {
                self.called.entry(row.id.clone()).or_default();
                if let Some(caller) = &row.caller {
                    self.called.entry(caller.clone()).or_default().push(row.id.clone());
                }
                self.known.insert(row.id.clone(), runs(row));
            }
        }
        Ok(Some(total))
    }

    /// This instance with all below it.
    pub(super) async fn below(&mut self, reading: &Reading<'_>, from: &ProcessInstance) -> Result<Subtree, Unavailable> {
        self.known.entry(from.id.clone()).or_insert_with(|| from.clone());
        let mut complete = true;
        let mut queue = VecDeque::from([from.id.clone()]);
        let mut seen = HashSet::from([from.id.clone()]);
        while let Some(id) = queue.pop_front() {
            if !self.called.contains_key(&id) {
                if self.asked >= ASKED || seen.len() >= MOST {
                    complete = false;
                    continue;
                }
                complete &= self.ask(reading, &id).await?;
            }
            queue.extend(self.called.get(&id).into_iter().flatten().filter(|called| seen.insert((*called).clone())).cloned());
        }
        let instances = self.in_order(&from.id);
        Ok(Subtree { count: instances.len(), instances, complete })
    }

    /// Reads the instances that one called; true if they are all.
    async fn ask(&mut self, reading: &Reading<'_>, caller: &ProcessInstanceId) -> Result<bool, Unavailable> {
        self.asked += 1;
        let filter = InstanceFilter { called_by: Some(caller.clone()), ..InstanceFilter::default() };
        let page = Page::first(u32::try_from(MOST).unwrap_or(Page::MOST));
        let rows = reading.must(reading.client.process_instances_where(&InstanceQuery { filter, order: None, page })).await?;
        let all = rows.len() < MOST;
        self.called.insert(caller.clone(), rows.iter().map(|row| row.id.clone()).collect());
        self.known.extend(rows.into_iter().map(|row| (row.id.clone(), row)));
        Ok(all)
    }

    fn in_order(&self, from: &ProcessInstanceId) -> Vec<(usize, ProcessInstance)> {
        let (mut ordered, mut left, mut seen) = (Vec::new(), vec![(0, from)], HashSet::new());
        while let Some((depth, id)) = left.pop() {
            if !seen.insert(id) {
                continue;
            }
            left.extend(self.called.get(id).into_iter().flatten().rev().map(|called| (depth + 1, called)));
            ordered.extend(self.known.get(id).map(|instance| (depth, instance.clone())));
        }
        ordered
    }
}

fn runs(row: HistoricInstance) -> ProcessInstance {
    let suspended = row.state == InstanceState::Suspended;
    ProcessInstance { id: row.id, definition: row.definition, business_key: row.business_key, suspended, tenant: row.tenant, case: row.calling_case }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(activity: &str, count: u64) -> Token {
        Token { activity: activity.into(), name: None, kind: "userTask".into(), waiting: false, count, incidents: 0 }
    }

    #[test]
    fn the_call_in_question_is_no_other_branch_but_its_siblings_are() {
        let tokens = [token("call", 3), token("approve", 1)];
        assert_eq!(places(&tokens, &["call".into()]), "2 × call, approve");
        assert_eq!(places(&tokens, &["call".into(), "call".into()]), "call, approve");
        assert_eq!(places(&tokens, &[]), "3 × call, approve");
        assert_eq!(places(&[token("call", 1)], &["call".into()]), "");
        let many: Vec<_> = (0..5).map(|number| token(&format!("a{number}"), 1)).collect();
        assert_eq!(places(&many, &[]), "a0, a1, a2 and 2 more");
    }

    #[test]
    fn a_branch_that_waits_at_a_join_is_told_although_another_still_runs() {
        let join = || Token { kind: "parallelGateway".into(), ..token("join", 1) };
        let call = || Token { kind: "callActivity".into(), ..token("pay", 1) };
        let pay = [ActivityId::from("pay")];
        assert_eq!(joins(&[call(), token("approve", 1)], &pay), Joins::Nothing);
        assert_eq!(joins(&[call(), join()], &pay), Joins::All);
        assert_eq!(joins(&[call(), join()], &[]), Joins::Some("join".to_owned()), "which call it was is not known");
        assert_eq!(joins(&[call(), join(), token("ship", 1)], &pay), Joins::Some("join".to_owned()));
    }

    #[test]
    fn callers_stand_before_those_they_called() {
        let instance = |id: &str| ProcessInstance { id: id.into(), definition: "d".into(), business_key: None, suspended: false, tenant: None, case: None };
        let mut family = Family::default();
        for id in ["top", "a", "b", "a1"] {
            family.known.insert(id.into(), instance(id));
        }
        family.called = HashMap::from([("top".into(), vec!["a".into(), "b".into()]), ("a".into(), vec!["a1".into()])]);
        let told: Vec<_> = family.in_order(&"top".into()).into_iter().map(|(depth, instance)| format!("{depth} {}", instance.id)).collect();
        assert_eq!(told, ["0 top", "1 a", "2 a1", "1 b"]);
    }
}
