//! What one process instance holds, as the engine sends it: user tasks and variables.

use std::collections::BTreeMap;

use super::{Date, Pool, Text};
use crate::model::unreadable::Unreadable;
use crate::model::user_task::UserTask;
use crate::model::variable::{Variable, VariableValue};
use crate::text::EngineText;

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a user task", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct UserTaskRow<'a> {
    id: Text<'a>,
    name: Option<Text<'a>>,
    task_definition_key: Option<Text<'a>>,
    process_instance_id: Option<Text<'a>>,
    process_definition_id: Option<Text<'a>>,
    assignee: Option<Text<'a>>,
    owner: Option<Text<'a>>,
    created: Date,
    due: Option<Date>,
    follow_up: Option<Date>,
    suspended: Option<bool>,
    priority: Option<i64>,
    execution_id: Option<Text<'a>>,
}

impl UserTaskRow<'_> {
    pub(in crate::engine) fn into_user_task(self, pool: &mut Pool) -> UserTask {
        UserTask {
            id: pool.share(&self.id).into(),
            name: pool.id(&self.name),
            activity: pool.id(&self.task_definition_key),
            process_instance: pool.id(&self.process_instance_id),
            process_definition: pool.id(&self.process_definition_id),
            assignee: pool.id(&self.assignee),
            owner: pool.id(&self.owner),
            created: self.created.0,
            due: self.due.map(|date| date.0),
            follow_up: self.follow_up.map(|date| date.0),
            suspended: self.suspended.unwrap_or(false),
            priority: self.priority.unwrap_or(0),
            execution: pool.id(&self.execution_id),
            unreadable: Unreadable::default(),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a variable", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct VariableRow<'a> {
    id: Text<'a>,
    name: Text<'a>,
    // A variable is worth showing without it.
    #[serde(rename = "type")]
    kind: Option<Text<'a>>,
    value: Option<ValueRow<'a>>,
    value_info: Option<ValueInfoRow<'a>>,
    execution_id: Option<Text<'a>>,
    activity_instance_id: Option<Text<'a>>,
    task_id: Option<Text<'a>>,
    error_message: Option<Text<'a>>,
}

// Takes whatever JSON there is, so that no error message can quote a value.
#[derive(serde::Deserialize)]
#[serde(untagged, bound(deserialize = "'de: 'a"))]
enum ValueRow<'a> {
    Text(Text<'a>),
    Other(serde_json::Value),
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "what is known of a value", bound(deserialize = "'de: 'a"))]
struct ValueInfoRow<'a> {
    object_type_name: Option<Text<'a>>,
    serialization_data_format: Option<Text<'a>>,
    filename: Option<Text<'a>>,
    mime_type: Option<Text<'a>>,
    /// Whatever else it says. Of values only the names of marks are kept.
    #[serde(flatten)]
    others: BTreeMap<String, serde_json::Value>,
}

/// What else Camunda 7 and its forks say of a value, and what loses nothing when a value is written without it.
const KNOWN: [&str; 2] = ["encoding", "transient"];

impl ValueInfoRow<'_> {
    /// The marks that this program does not know. One that is null is none, and `restricted` has two values (Fluxnova 3).
    fn marks(&self) -> Vec<EngineText> {
        let unset = |name: &str, value: &serde_json::Value| value.is_null() || name == "restricted" && *value == serde_json::Value::Bool(false);
        let marks = self.others.iter().filter(|(name, value)| !KNOWN.contains(&name.as_str()) && !unset(name, value));
        marks.map(|(name, _)| EngineText::from(name.as_str())).collect()
    }
}

impl VariableRow<'_> {
    pub(in crate::engine) fn into_variable(self, pool: &mut Pool) -> Variable {
        let kind = self.kind.as_ref().map_or("Null", |kind| kind.0.as_ref());
        let value = match &self.value {
            Some(ValueRow::Text(text)) => VariableValue::of_text(&text.0),
            Some(ValueRow::Other(json)) => VariableValue::of_text(&json.to_string()),
            None if matches!(kind, "Bytes" | "File") => VariableValue::NotSent,
            None => VariableValue::Null,
        };
        let info = self.value_info.unwrap_or_default();
        let marks = info.marks();
        // What is marked goes no further: it cannot be shown, copied, exported or logged by whatever comes after.
        let (value, problem) = if marks.is_empty() { (value, pool.id(&self.error_message)) } else { (VariableValue::Withheld, None) };
        Variable {
            marks,
            id: self.id.own(),
            name: pool.share(&self.name),
            kind: pool.share(&Text(kind.into())),
            value,
            execution: pool.id(&self.execution_id),
            scope: pool.id(&self.activity_instance_id),
            task: pool.id(&self.task_id),
            object_type: pool.id(&info.object_type_name),
            format: pool.id(&info.serialization_data_format),
            file_name: pool.id(&info.filename),
            mime_type: pool.id(&info.mime_type),
            problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::wire::rows;

    fn values(json: &str) -> Vec<VariableValue> {
        let mut pool = Pool::default();
        let all = rows(json.as_bytes(), |row: VariableRow<'_>| row.into_variable(&mut pool)).expect("readable");
        all.into_iter().map(|variable| variable.value).collect()
    }

    fn text(text: &str) -> VariableValue {
        VariableValue::of_text(text)
    }

    #[test]
    fn values_of_every_type_are_read_without_their_meaning() {
        let json = r#"[
            {"id":"1","name":"a","type":"String","value":"line\n\u001b"},
            {"id":"2","name":"b","type":"Long","value":9223372036854775807},
            {"id":"3","name":"c","type":"Double","value":1.5E300},
            {"id":"4","name":"d","type":"Boolean","value":false},
            {"id":"5","name":"e","type":"Object","value":{"a": [1, null]}},
            {"id":"6","name":"f","type":"Null","value":null},
            {"id":"7","name":"g","type":"Bytes","value":null},
            {"id":"8","name":"h","type":"File","value":null,"valueInfo":{"filename":"a.pdf"}},
            {"id":"9","name":"i","type":"String","value":null},
            {"id":"10","name":"j","type":null}
        ]"#;
        use VariableValue::{NotSent, Null};
        let wished = [text("line\n\u{1b}"), text("9223372036854775807"), text("1.5e+300"), text("false"), text(r#"{"a":[1,null]}"#)];
        assert_eq!(values(json)[..5], wished);
        assert_eq!(values(json)[5..], [Null, NotSent, NotSent, Null, Null]);
    }

    #[test]
    fn a_variable_with_a_mark_that_is_not_known_keeps_no_value_and_one_with_known_marks_does() {
        let marked = |info: &str| {
            let json = format!(
                r#"[{{"id":"1","name":"a","type":"String","value":"s3cret","errorMessage":"cannot read s3cret","valueInfo":{info}}},
                {{"id":"2","name":"b","type":"Json","value":{{"a":"s3cret"}},"valueInfo":{info}}}]"#
            );
            let all = rows(json.as_bytes(), |row: VariableRow<'_>| row.into_variable(&mut Pool::default())).expect("readable");
            let kept = all.iter().any(|variable| variable.value != VariableValue::Withheld || variable.problem.is_some());
            (all[0].marks_words(), kept)
        };
        for info in [r#"{"restricted":true}"#, r#"{"restricted":"true"}"#, r#"{"restricted":true,"objectTypeName":"T","transient":false}"#] {
            assert_eq!(marked(info), ("restricted".to_owned(), false), "{info}");
        }
        assert_eq!(marked(r#"{"sealed":false,"owner":{"team":"x"}}"#), ("owner, sealed".to_owned(), false), "what a mark means is not guessed");
        let known = r#"{"objectTypeName":"T","serializationDataFormat":"application/json","filename":"a","mimeType":"b","encoding":"UTF-8","transient":true}"#;
        for info in ["{}", "null", known, r#"{"restricted":false}"#, r#"{"sealed":null}"#] {
            assert_eq!(marked(info), (String::new(), true), "{info}");
        }
    }

    #[test]
    fn a_long_value_is_measured_after_its_escapes() {
        let json = format!(r#"[{{"id":"1","name":"a","type":"String","value":"{}"}}]"#, r"\n".repeat(70_000));
        assert_eq!(values(&json), [VariableValue::TooLarge { bytes: 70_000 }]);
    }

    #[test]
    fn a_task_without_a_name_or_a_process_is_read() {
        let json = br#"[{"id":"t","created":"2025-01-01T00:00:00.000+0000","name":null,"due":"2025-01-02T00:00:00.000+0000","priority":50}]"#;
        let task = rows(json, |row: UserTaskRow<'_>| row.into_user_task(&mut Pool::default())).expect("readable").remove(0);
        assert_eq!((task.name, task.process_instance, task.priority, task.suspended), (None, None, 50, false));
        assert_eq!(task.due, Some("2025-01-02T00:00:00Z".parse().expect("a moment")));
    }
}
