//! The request that each change is, and how it is shown before it is sent.

use std::fmt::Write as _;

use jiff::Timestamp;
use reqwest::Url;
use serde_json::{Value, json};

use super::{Change, Due, NewValue, ShownRequest, VariableHome};
use crate::engine::catalogue::RequestName;
use crate::engine::request::Request;
use crate::engine::wire;
use crate::text::safe;

/// What stands in a shown request for the value of a variable.
const HIDDEN: &str = "…";

impl Change {
    /// When the engine is to do it, where that is not now: answering it only makes a timer.
    pub fn ordered_for(&self) -> Option<Timestamp> {
        match self {
            Self::JobDefinitionSuspension { at, .. } | Self::ProcessDefinitionSuspension { at, .. } => *at,
            _ => None,
        }
    }

    /// The row of the catalogue it is sent with.
    pub fn name(&self) -> RequestName {
        match self {
            Self::JobRetries { .. } => RequestName::SetJobRetries,
            Self::JobRetriesBatch { .. } => RequestName::SetJobRetriesBatch,
            Self::JobDueDate { .. } => RequestName::SetJobDueDate,
            Self::JobPriority { .. } => RequestName::SetJobPriority,
            Self::JobSuspension { .. } => RequestName::SuspendJob,
            Self::DeleteJob { .. } => RequestName::DeleteJob,
            Self::ExternalTaskRetries { .. } => RequestName::SetExternalTaskRetries,
            Self::UnlockExternalTask { .. } => RequestName::UnlockExternalTask,
            Self::JobDefinitionSuspension { .. } => RequestName::SuspendJobDefinition,
            Self::JobDefinitionPriority { .. } => RequestName::SetJobDefinitionPriority,
            Self::ProcessDefinitionSuspension { .. } => RequestName::SuspendProcessDefinition,
            Self::InstanceSuspension { .. } => RequestName::SuspendInstance,
            Self::DeleteInstance { .. } => RequestName::DeleteInstance,
            Self::DeleteInstances { .. } => RequestName::DeleteInstances,
            Self::SetVariable { home: VariableHome::Instance(_), .. } => RequestName::SetInstanceVariable,
            Self::SetVariable { home: VariableHome::Execution(_), .. } => RequestName::SetLocalVariable,
            Self::IncidentAnnotation { text: Some(_), .. } => RequestName::AnnotateIncident,
            Self::IncidentAnnotation { text: None, .. } => RequestName::ClearIncidentAnnotation,
            Self::OperationAnnotation { .. } => RequestName::AnnotateOperation,
        }
    }

    /// Whether the engine answers with a batch it has made, instead of nothing.
    pub(in crate::engine) fn makes_a_batch(&self) -> bool {
        matches!(self, Self::JobRetriesBatch { .. } | Self::DeleteInstances { .. })
    }

    /// Whether it names nothing to change. What an engine makes of an empty list is its own affair, so it never gets one.
    pub(in crate::engine) fn is_empty(&self) -> bool {
        match self {
            Self::JobRetriesBatch { jobs, .. } => jobs.is_empty(),
            Self::DeleteInstances { instances, .. } => instances.is_empty(),
            _ => false,
        }
    }

    /// The one request it is.
    pub(in crate::engine) fn request(&self) -> Request {
        let to = Request::to(self.name());
        match self {
            Self::JobRetries { job, retries, due } => with_due(to.id(job.text()).body("retries", json!(retries)), *due),
            Self::JobRetriesBatch { jobs, retries, due } => {
                let ids: Vec<&str> = jobs.iter().map(|job| job.as_wire()).collect();
                with_due(to.body("jobIds", json!(ids)).body("retries", json!(retries)), *due)
            }
            Self::JobDueDate { job, due } => to.id(job.text()).body("duedate", moment(*due)),
            Self::JobPriority { job, priority } => to.id(job.text()).body("priority", json!(priority)),
            Self::JobSuspension { job, suspended } => to.id(job.text()).body("suspended", json!(suspended)),
            Self::DeleteJob { job } => to.id(job.text()),
            Self::ExternalTaskRetries { task, retries } => to.id(task.text()).body("retries", json!(retries)),
            Self::UnlockExternalTask { task } => to.id(task.text()),
            Self::JobDefinitionSuspension { definition, suspended, jobs_too, at } => {
                to.id(definition.text()).body("suspended", json!(suspended)).body("includeJobs", json!(jobs_too)).body("executionDate", moment(*at))
            }
            Self::JobDefinitionPriority { definition, priority, jobs_too } => {
                to.id(definition.text()).body("priority", json!(priority)).body("includeJobs", json!(jobs_too))
            }
            Self::ProcessDefinitionSuspension { definition, suspended, instances_too, at } => to
                .id(definition.text())
                .body("suspended", json!(suspended))
                .body("includeProcessInstances", json!(instances_too))
                .body("executionDate", moment(*at)),
            Self::InstanceSuspension { instance, suspended } => to.id(instance.text()).body("suspended", json!(suspended)),
            Self::DeleteInstance { instance, skip_listeners } => to.id(instance.text()).query("skipCustomListeners", skip_listeners),
            Self::DeleteInstances { instances, reason, skip_listeners } => {
                let ids: Vec<&str> = instances.iter().map(|instance| instance.as_wire()).collect();
                let request = to.body("processInstanceIds", json!(ids)).body("skipCustomListeners", json!(skip_listeners));
                reason.iter().fold(request, |request, reason| request.body("deleteReason", json!(reason)))
            }
            Self::SetVariable { home, name, value } => with_value(with_home(to, home).id(name), value),
            Self::IncidentAnnotation { incident, text } => text.iter().fold(to.id(incident.text()), |request, text| request.body("annotation", json!(text))),
            Self::OperationAnnotation { operation, text } => to.id(operation).body("annotation", json!(text)),
        }
    }

    /// The same change with a sign in place of a value that may be secret.
    fn without_values(&self) -> Self {
        match self {
            Self::SetVariable { home, name, value } => {
                Self::SetVariable { home: home.clone(), name: name.clone(), value: NewValue { value: HIDDEN.into(), ..value.clone() } }
            }
            other => other.clone(),
        }
    }

    /// The request as it would go out to this address.
    pub(in crate::engine) fn shown(&self, base: &Url, engine: Option<&str>, values: bool) -> ShownRequest {
        let request = if values { self.request() } else { self.without_values().request() };
        let body = request.payload().map(|payload| legible(&String::from_utf8_lossy(&payload)));
        ShownRequest { name: self.name(), method: request.row().method.word(), url: request.url(base, engine).into(), body }
    }
}

fn with_due(request: Request, due: Due) -> Request {
    match due {
        Due::Keep => request,
        Due::Now => request.body("dueDate", Value::Null),
        Due::At(time) => request.body("dueDate", moment(Some(time))),
    }
}

fn with_home(request: Request, home: &VariableHome) -> Request {
    match home {
        VariableHome::Instance(instance) => request.id(instance.text()),
        VariableHome::Execution(execution) => request.id(execution.text()),
    }
}

fn with_value(request: Request, value: &NewValue) -> Request {
    let request = request.body("value", value.value.clone()).body("type", json!(value.kind.as_wire()));
    value.info.iter().fold(request, |request, info| request.body("valueInfo", info.clone()))
}

fn moment(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |time| wire::date(time).into())
}

/// The same JSON with every character escaped that a terminal would obey or hide. JSON has such characters within strings only.
fn legible(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for sign in json.chars() {
        let own = sign.to_string();
        if sign.is_ascii() && !sign.is_ascii_control() || safe(&own) == own {
            shown.push(sign);
            continue;
        }
        for unit in sign.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\u{unit:04x}");
        }
    }
    shown
}

impl ShownRequest {
    /// A change of the engine at this address as it would go out, values of variables left out; none if the address is none.
    pub fn of(change: &Change, base: &str, engine: Option<&str>) -> Option<Self> {
        Some(change.shown(&Url::parse(base).ok()?, engine, false))
    }

    /// A command for a shell that sends it, on one line. The user stands in it as a variable, and the password is asked for.
    pub fn curl(&self) -> String {
        let mut command = format!("curl -X {} -u \"$BPMTOP_USER\"", self.method);
        if let Some(body) = &self.body {
            command.push_str(" -H 'Content-Type: application/json' --data-raw ");
            command.push_str(&quoted(body));
        }
        command.push(' ');
        command.push_str(&quoted(&self.url));
        command
    }
}

/// A word that a shell takes as it stands.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::catalogue::catalogue;
    use crate::engine::error::Problem;
    use crate::engine::version::EngineVersion;
    use crate::text::EngineText;

    fn time() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().expect("a moment")
    }

    fn secret() -> NewValue {
        NewValue { kind: "String".into(), value: "hunter2".into(), info: None }
    }

    fn shown(change: &Change) -> String {
        let base = Url::parse("http://engine.example/engine-rest").expect("an address");
        let request = change.shown(&base, None, true);
        format!("{} {} {}", request.method, request.url.trim_start_matches("http://engine.example/engine-rest"), request.body.unwrap_or_default())
    }

    fn every_change() -> Vec<(Change, &'static str)> {
        vec![
            (Change::JobRetries { job: "j".into(), retries: 1, due: Due::Keep }, r#"PUT /job/j/retries {"retries":1}"#),
            (Change::JobRetries { job: "j".into(), retries: 2, due: Due::Now }, r#"PUT /job/j/retries {"dueDate":null,"retries":2}"#),
            (
                Change::JobRetriesBatch { jobs: vec!["j".into(), "k".into()], retries: 1, due: Due::At(time()) },
                r#"POST /job/retries {"dueDate":"2026-01-02T03:04:05.000+0000","jobIds":["j","k"],"retries":1}"#,
            ),
            (Change::JobDueDate { job: "j".into(), due: Some(time()) }, r#"PUT /job/j/duedate {"duedate":"2026-01-02T03:04:05.000+0000"}"#),
            (Change::JobDueDate { job: "j".into(), due: None }, r#"PUT /job/j/duedate {"duedate":null}"#),
            (Change::JobPriority { job: "j".into(), priority: -3 }, r#"PUT /job/j/priority {"priority":-3}"#),
            (Change::JobSuspension { job: "j".into(), suspended: true }, r#"PUT /job/j/suspended {"suspended":true}"#),
            (Change::DeleteJob { job: "j".into() }, "DELETE /job/j "),
            (Change::ExternalTaskRetries { task: "e".into(), retries: 1 }, r#"PUT /external-task/e/retries {"retries":1}"#),
            (Change::UnlockExternalTask { task: "e".into() }, "POST /external-task/e/unlock "),
            (
                Change::JobDefinitionSuspension { definition: "d".into(), suspended: true, jobs_too: false, at: None },
                r#"PUT /job-definition/d/suspended {"executionDate":null,"includeJobs":false,"suspended":true}"#,
            ),
            (
                Change::JobDefinitionPriority { definition: "d".into(), priority: None, jobs_too: false },
                r#"PUT /job-definition/d/jobPriority {"includeJobs":false,"priority":null}"#,
            ),
            (
                Change::ProcessDefinitionSuspension { definition: "p:1:d".into(), suspended: false, instances_too: true, at: Some(time()) },
                r#"PUT /process-definition/p:1:d/suspended {"executionDate":"2026-01-02T03:04:05.000+0000","includeProcessInstances":true,"suspended":false}"#,
            ),
            (Change::InstanceSuspension { instance: "i".into(), suspended: true }, r#"PUT /process-instance/i/suspended {"suspended":true}"#),
            (Change::DeleteInstance { instance: "i".into(), skip_listeners: true }, "DELETE /process-instance/i?skipCustomListeners=true "),
            (
                Change::DeleteInstances { instances: vec!["i".into()], reason: Some("why".to_owned()), skip_listeners: false },
                r#"POST /process-instance/delete {"deleteReason":"why","processInstanceIds":["i"],"skipCustomListeners":false}"#,
            ),
            (
                Change::SetVariable { home: VariableHome::Instance("i".into()), name: "a/b".into(), value: secret() },
                r#"PUT /process-instance/i/variables/a%2Fb {"type":"String","value":"hunter2"}"#,
            ),
            (
                Change::SetVariable {
                    home: VariableHome::Execution("x".into()),
                    name: "v".into(),
                    value: NewValue { info: Some(json!({"a": 1})), ..secret() },
                },
                r#"PUT /execution/x/localVariables/v {"type":"String","value":"hunter2","valueInfo":{"a":1}}"#,
            ),
            (Change::IncidentAnnotation { incident: "i".into(), text: Some("n".to_owned()) }, r#"PUT /incident/i/annotation {"annotation":"n"}"#),
            (Change::IncidentAnnotation { incident: "i".into(), text: None }, "DELETE /incident/i/annotation "),
            (
                Change::OperationAnnotation { operation: "o".into(), text: "why".to_owned() },
                r#"PUT /history/user-operation/o/set-annotation {"annotation":"why"}"#,
            ),
        ]
    }

    #[test]
    fn every_change_is_one_request() {
        for (change, request) in every_change() {
            assert_eq!(shown(&change), request);
            let engine = EngineVersion::detect(EngineText::from("7.24.0"), None);
            assert!(change.request().check(Some(&engine)).is_ok(), "{change:?}: {:?}", change.request());
        }
    }

    #[test]
    fn every_row_that_changes_is_some_change() {
        for row in catalogue().iter().filter(|row| row.evidence().is_some()) {
            assert!(every_change().iter().any(|(change, _)| change.name() == row.name), "{:?}", row.name);
        }
    }

    #[test]
    fn a_due_date_with_a_retry_is_refused_where_the_engine_would_ignore_it() {
        let old = EngineVersion::detect(EngineText::from("7.18.0"), None);
        for due in [Due::Now, Due::At(time())] {
            let refused = Change::JobRetries { job: "j".into(), retries: 1, due }.request().check(Some(&old));
            assert!(matches!(refused, Err(Problem::Unsupported { .. })), "{refused:?}");
        }
        assert!(Change::JobRetries { job: "j".into(), retries: 1, due: Due::Keep }.request().check(Some(&old)).is_ok());
    }

    #[test]
    fn a_request_is_shown_without_the_value_of_a_variable() {
        let base = Url::parse("http://engine.example/").expect("an address");
        let change = Change::SetVariable { home: VariableHome::Instance("i".into()), name: "v".into(), value: secret() };
        let request = change.shown(&base, None, false);
        assert_eq!(request.body.as_deref(), Some(r#"{"type":"String","value":"…"}"#));
        assert!(!format!("{change:?} {request:?} {}", request.curl()).contains("hunter2"));
    }

    #[test]
    fn a_command_is_one_line_that_a_shell_takes_as_it_stands_whatever_the_body_holds() {
        let base = Url::parse("http://engine.example/it's").expect("an address");
        let text = "it's \"$HOME\" `id` \\ 100%\nline\u{1b}[2J \u{202e}x\u{7f} ü".to_owned();
        let command = Change::OperationAnnotation { operation: "o'o".into(), text: text.clone() }.shown(&base, None, true).curl();
        assert!(!command.contains(|sign: char| sign.is_control() || sign == '\u{202e}'), "{command:?}");
        let script = command.replacen("curl", "printf '%s\\n'", 1);
        let output = std::process::Command::new("sh").args(["-c", &script]).env("BPMTOP_USER", "mary").output().expect("a shell");
        let words: Vec<&str> = std::str::from_utf8(&output.stdout).expect("text").lines().collect();
        let body: Value = serde_json::from_str(words[7]).expect("JSON");
        assert_eq!(words[..7], ["-X", "PUT", "-u", "mary", "-H", "Content-Type: application/json", "--data-raw"]);
        assert_eq!((&body["annotation"], words[8]), (&json!(text), "http://engine.example/it's/history/user-operation/o%27o/set-annotation"));
    }
}
