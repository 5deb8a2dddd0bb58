//! Rows of the history of process instances: the instances, their visits to activities, the changes of their variables.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Date, Pool, Text};
use crate::model::history::{HistoricActivity, HistoricInstance, InstanceState, VariableUpdate};

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a process instance of the history", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct HistoricInstanceRow<'a> {
    id: Text<'a>,
    process_definition_id: Text<'a>,
    process_definition_key: Option<Text<'a>>,
    process_definition_name: Option<Text<'a>>,
    process_definition_version: Option<i64>,
    business_key: Option<Text<'a>>,
    start_time: Date,
    end_time: Option<Date>,
    state: Option<Text<'a>>,
    super_process_instance_id: Option<Text<'a>>,
    super_case_instance_id: Option<Text<'a>>,
    root_process_instance_id: Option<Text<'a>>,
    tenant_id: Option<Text<'a>>,
    delete_reason: Option<Text<'a>>,
    start_user_id: Option<Text<'a>>,
}

impl HistoricInstanceRow<'_> {
    pub(in crate::engine) fn into_instance(self, pool: &mut Pool) -> HistoricInstance {
        HistoricInstance {
            id: pool.share(&self.id).into(),
            definition: pool.share(&self.process_definition_id).into(),
            process_key: pool.id(&self.process_definition_key),
            process_name: pool.id(&self.process_definition_name),
            version: self.process_definition_version,
            business_key: pool.id(&self.business_key),
            started: self.start_time.0,
            ended: self.end_time.map(|date| date.0),
            state: self.state.map_or(InstanceState::Unknown, |word| InstanceState::from_wire(&word.0)),
            caller: pool.id(&self.super_process_instance_id),
            calling_case: pool.id(&self.super_case_instance_id),
            root: pool.id(&self.root_process_instance_id),
            tenant: pool.id(&self.tenant_id),
            delete_reason: pool.id(&self.delete_reason),
            start_user: pool.id(&self.start_user_id),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a visit to an activity", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct HistoricActivityRow<'a> {
    id: Text<'a>,
    activity_id: Text<'a>,
    activity_name: Option<Text<'a>>,
    activity_type: Text<'a>,
    process_instance_id: Text<'a>,
    called_process_instance_id: Option<Text<'a>>,
    called_case_instance_id: Option<Text<'a>>,
    task_id: Option<Text<'a>>,
    assignee: Option<Text<'a>>,
    start_time: Date,
    end_time: Option<Date>,
    canceled: Option<bool>,
}

impl HistoricActivityRow<'_> {
    pub(in crate::engine) fn into_activity(self, pool: &mut Pool) -> HistoricActivity {
        HistoricActivity {
            id: pool.share(&self.id),
            activity: pool.share(&self.activity_id).into(),
            name: pool.id(&self.activity_name),
            kind: pool.share(&self.activity_type),
            instance: pool.share(&self.process_instance_id).into(),
            called: pool.id(&self.called_process_instance_id),
            called_case: pool.id(&self.called_case_instance_id),
            task: pool.id(&self.task_id),
            assignee: pool.id(&self.assignee),
            started: self.start_time.0,
            ended: self.end_time.map(|date| date.0),
            canceled: self.canceled.unwrap_or(false),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a change of a variable", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct VariableUpdateRow<'a> {
    id: Text<'a>,
    time: Date,
    variable_name: Text<'a>,
    variable_type: Option<Text<'a>>,
    revision: Option<i64>,
    initial: Option<bool>,
    user_operation_id: Option<Text<'a>>,
    #[serde(default)]
    value: ValueSize,
}

impl VariableUpdateRow<'_> {
    pub(in crate::engine) fn into_update(self, pool: &mut Pool) -> VariableUpdate {
        VariableUpdate {
            id: pool.share(&self.id),
            at: self.time.0,
            name: pool.share(&self.variable_name),
            kind: pool.id(&self.variable_type),
            revision: self.revision.unwrap_or(0),
            initial: self.initial.unwrap_or(false),
            operation: pool.id(&self.user_operation_id),
            size: self.value.0,
        }
    }
}

/// What is kept of a value: the number of characters of a text, of everything else nothing. The value is passed over where it stands.
#[derive(Clone, Copy, Debug, Default)]
struct ValueSize(Option<usize>);

impl<'de> Deserialize<'de> for ValueSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Measuring;
        impl<'de> Visitor<'de> for Measuring {
            type Value = ValueSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ValueSize, E> {
                Ok(ValueSize(Some(text.chars().count())))
            }

            fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<ValueSize, E> {
                Ok(ValueSize(None))
            }

            fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<ValueSize, E> {
                Ok(ValueSize(None))
            }

            fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<ValueSize, E> {
                Ok(ValueSize(None))
            }

            fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<ValueSize, E> {
                Ok(ValueSize(None))
            }

            fn visit_unit<E: serde::de::Error>(self) -> Result<ValueSize, E> {
                Ok(ValueSize(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ValueSize, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(ValueSize(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ValueSize, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(ValueSize(None))
            }
        }
        deserializer.deserialize_any(Measuring)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(value: &str) -> VariableUpdate {
        let json = format!(
            r#"{{"id":"u","time":"2025-01-01T00:00:00.000+0000","variableName":"token","variableType":"String"{value},"revision":3,"initial":false,
                "userOperationId":"o"}}"#
        );
        serde_json::from_str::<VariableUpdateRow<'_>>(&json).expect("a change").into_update(&mut Pool::default())
    }

    #[test]
    fn of_a_value_nothing_is_kept_but_the_length_of_a_text() {
        for (value, size) in [
            (r#","value":"geh\u00e4im\n""#, Some(7)),
            (r#","value":"ключ""#, Some(4)),
            (r#","value":12.5"#, None),
            (r#","value":-3"#, None),
            (r#","value":3"#, None),
            (r#","value":true"#, None),
            (r#","value":null"#, None),
            (r#","value":{"secret":["s3cret",{"a":"s3cret"}]}"#, None),
            (r#","value":["s3cret",[1,{}]]"#, None),
            ("", None),
        ] {
            let read = update(value);
            assert_eq!(read.size, size, "{value}");
            assert!(!format!("{read:?}").contains("s3cret"), "{read:?}");
            assert_eq!((read.revision, read.operation), (3, Some("o".into())), "what stands behind the value is read: {value}");
        }
    }

    #[test]
    fn an_error_in_a_value_does_not_quote_it() {
        let broken = r#"{"id":"u","time":"2025-01-01T00:00:00.000+0000","variableName":"v","value":{"a":"s3cret" 1}}"#;
        let error = serde_json::from_str::<VariableUpdateRow<'_>>(broken).err().expect("broken");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }

    #[test]
    fn an_instance_of_the_history_needs_little_and_an_unknown_state_stays_unknown() {
        let read = |json: &str| serde_json::from_str::<HistoricInstanceRow<'_>>(json).map(|row| row.into_instance(&mut Pool::default())).expect("an instance");
        let ended = read(
            r#"{"id":"p","processDefinitionId":"d","startTime":"2025-01-01T00:00:00.000+0000","endTime":"2025-01-02T00:00:00.000+0000",
                "state":"DREAMING","superProcessInstanceId":"s","rootProcessInstanceId":"r","processDefinitionVersion":4}"#,
        );
        assert_eq!((ended.state, ended.is_over(), ended.version), (InstanceState::Unknown, true, Some(4)));
        assert_eq!((ended.caller, ended.root), (Some("s".into()), Some("r".into())));
        let bare = read(r#"{"id":"p","processDefinitionId":"d","startTime":"2025-01-01T00:00:00.000+0000"}"#);
        assert_eq!((bare.state, bare.is_over(), bare.business_key), (InstanceState::Unknown, false, None));
    }

    #[test]
    fn a_visit_to_a_call_activity_names_what_it_called() {
        let json = r#"{"id":"a:1","activityId":"call","activityType":"callActivity","processInstanceId":"p","calledProcessInstanceId":"q",
            "startTime":"2025-01-01T00:00:00.000+0000","endTime":null,"canceled":null}"#;
        let visit = serde_json::from_str::<HistoricActivityRow<'_>>(json).expect("a visit").into_activity(&mut Pool::default());
        assert_eq!((visit.called, visit.canceled, visit.ended), (Some("q".into()), false, None));
    }
}
