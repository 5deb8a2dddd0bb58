//! The tree of what runs in a process instance, as the engine sends it, read without trusting its depth.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Pool, Text};
use crate::model::activity_instance::{ActivityInstance, TransitionInstance};
use crate::text::EngineText;

/// Scopes within scopes that are read; what is deeper is left out, so that no answer can exhaust the stack. A level costs two of the 128
/// that the JSON parser allows.
const MOST_NESTED: usize = 50;

/// Reads the tree of one instance.
pub(in crate::engine) fn tree(json: &[u8]) -> Result<ActivityInstance, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_slice(json);
    let root = Branch { pool: &mut Pool::default(), depth: 0 }.deserialize(&mut parser)?;
    parser.end()?;
    Ok(root)
}

/// One activity instance at its depth.
struct Branch<'p> {
    pool: &'p mut Pool,
    depth: usize,
}

/// A list of them.
struct Branches<'p>(Branch<'p>);

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Field {
    Id,
    ActivityId,
    ActivityName,
    ActivityType,
    ExecutionIds,
    IncidentIds,
    ChildActivityInstances,
    ChildTransitionInstances,
    #[serde(other)]
    Other,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a transition instance", bound(deserialize = "'de: 'a"))]
struct TransitionRow<'a> {
    activity_id: Option<Text<'a>>,
    target_activity_id: Option<Text<'a>>,
    activity_name: Option<Text<'a>>,
    activity_type: Option<Text<'a>>,
    execution_id: Option<Text<'a>>,
    incident_ids: Option<Vec<Text<'a>>>,
}

fn told<T: From<EngineText>>(text: Option<Text<'_>>, pool: &mut Pool) -> T {
    T::from(pool.share(&text.unwrap_or(Text("".into()))))
}

fn all<T: From<EngineText>>(texts: Option<Vec<Text<'_>>>, pool: &mut Pool) -> Vec<T> {
    texts.unwrap_or_default().iter().map(|text| T::from(pool.share(text))).collect()
}

impl TransitionRow<'_> {
    fn into_transition(self, pool: &mut Pool) -> TransitionInstance {
        TransitionInstance {
            activity: told(self.activity_id.or(self.target_activity_id), pool),
            name: pool.id(&self.activity_name),
            kind: told(self.activity_type, pool),
            execution: told(self.execution_id, pool),
            incidents: all(self.incident_ids, pool),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Branch<'_> {
    type Value = ActivityInstance;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ActivityInstance, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Branch<'_> {
    type Value = ActivityInstance;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an activity instance")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ActivityInstance, A::Error> {
        let Self { pool, depth } = self;
        let (mut id, mut activity, mut name, mut kind) = (None, None, None, None);
        let (mut executions, mut incidents) = (None, None);
        let (mut children, mut transitions) = (Vec::new(), Vec::new());
        while let Some(field) = map.next_key()? {
            match field {
                Field::Id => id = map.next_value::<Option<Text<'de>>>()?,
                Field::ActivityId => activity = map.next_value()?,
                Field::ActivityName => name = map.next_value::<Option<Text<'de>>>()?,
                Field::ActivityType => kind = map.next_value()?,
                Field::ExecutionIds => executions = map.next_value()?,
                Field::IncidentIds => incidents = map.next_value()?,
                Field::ChildActivityInstances if depth < MOST_NESTED => {
                    children = map.next_value_seed(Branches(Branch { pool: &mut *pool, depth: depth + 1 }))?;
                }
                Field::ChildTransitionInstances => {
                    let rows: Option<Vec<TransitionRow<'de>>> = map.next_value()?;
                    transitions = rows.unwrap_or_default().into_iter().map(|row| row.into_transition(pool)).collect();
                }
                // What is ignored is skipped without recursion, however deep.
                Field::ChildActivityInstances | Field::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let id = id.ok_or_else(|| serde::de::Error::missing_field("id"))?;
        Ok(ActivityInstance {
            id: pool.share(&id),
            activity: told(activity, pool),
            name: pool.id(&name),
            kind: told(kind, pool),
            executions: all(executions, pool),
            incidents: all(incidents, pool),
            children,
            transitions,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Branches<'_> {
    type Value = Vec<ActivityInstance>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Branches<'_> {
    type Value = Vec<ActivityInstance>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of activity instances")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let Branch { pool, depth } = self.0;
        let mut branches = Vec::new();
        while let Some(branch) = list.next_element_seed(Branch { pool: &mut *pool, depth })? {
            branches.push(branch);
        }
        Ok(branches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fraud check of Camunda 7.24 before its score, and a call within a subprocess.
    const TREE: &str = r#"{"id":"p1","parentActivityInstanceId":null,"activityId":"check:1:d","activityType":"processDefinition","processInstanceId":"p1",
        "childActivityInstances":[{"id":"part:a","activityId":"part","activityType":"subProcess","activityName":null,"name":"old",
            "childActivityInstances":[{"id":"call:a","activityId":"call","activityType":"callActivity","activityName":"Call","executionIds":["e1"],
                "incidentIds":["i1"],"incidents":[{"id":"i1","activityId":"call"}],"childActivityInstances":[],"childTransitionInstances":[]}],
            "childTransitionInstances":[],"executionIds":["e1"],"incidentIds":[]}],
        "childTransitionInstances":[{"id":"e2","activityId":"score","activityName":"Score customer","activityType":"serviceTask","executionId":"e2",
            "incidentIds":["i2"],"targetActivityId":"score"}],
        "executionIds":["p1"],"activityName":"Fraud check","incidentIds":[],"name":"Fraud check"}"#;

    #[test]
    fn a_tree_is_read_with_what_runs_and_what_waits() {
        let root = tree(TREE.as_bytes()).expect("readable");
        assert_eq!((root.id.as_wire(), root.name.as_ref().map(EngineText::as_wire)), ("p1", Some("Fraud check")));
        let call = &root.children[0].children[0];
        assert_eq!((call.kind.as_wire(), call.executions[0].as_wire(), call.incidents[0].as_wire()), ("callActivity", "e1", "i1"));
        assert_eq!(root.children[0].name, None);
        let waiting = &root.transitions[0];
        assert_eq!((waiting.activity.as_wire(), waiting.execution.as_wire(), waiting.incidents.len()), ("score", "e2", 1));
        assert_eq!(root.tokens().len(), 2);
    }

    #[test]
    fn all_but_the_id_may_be_missing_or_null() {
        let json = r#"{"id":"p","childActivityInstances":[{"id":"a","childActivityInstances":null,"childTransitionInstances":null,"executionIds":null}],
            "childTransitionInstances":[{"targetActivityId":"old"},{}]}"#;
        let root = tree(json.as_bytes()).expect("readable");
        assert!(root.kind.is_empty() && root.children[0].executions.is_empty());
        let places: Vec<_> = root.tokens().into_iter().map(|token| (token.activity.to_string(), token.waiting)).collect();
        assert_eq!(places, [(String::new(), false), ("old".to_owned(), true), (String::new(), true)]);
        let refused = tree(br#"{"count":1}"#).expect_err("no tree");
        assert!(refused.to_string().starts_with("missing field `id`"), "{refused}");
    }

    #[test]
    fn nothing_is_too_deep() {
        let depth = 100_000;
        let open = r#"{"id":"p","childTransitionInstances":[{"activityId":"a"}],"childActivityInstances":["#;
        let json = format!("{}{}", open.repeat(depth), "]}".repeat(depth));
        let root = tree(json.as_bytes()).expect("readable");
        assert_eq!(root.tokens()[0].count, MOST_NESTED as u64 + 1);
    }
}
