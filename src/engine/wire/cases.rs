//! Rows of cases (CMMN): instances, running or of the history, their definitions, and which task called what.

use super::{Date, Pool, Text};
use crate::model::case::{CaseActivity, CaseDefinition, CaseStanding, HistoricCase, RunningCase};

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a case instance", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct CaseInstanceRow<'a> {
    id: Text<'a>,
    case_definition_id: Text<'a>,
    business_key: Option<Text<'a>>,
    tenant_id: Option<Text<'a>>,
    active: Option<bool>,
    completed: Option<bool>,
    terminated: Option<bool>,
}

impl CaseInstanceRow<'_> {
    pub(in crate::engine) fn into_case(self, pool: &mut Pool) -> RunningCase {
        RunningCase {
            id: pool.share(&self.id).into(),
            definition: pool.share(&self.case_definition_id),
            business_key: pool.id(&self.business_key),
            tenant: pool.id(&self.tenant_id),
            standing: standing(self.active, self.completed, self.terminated, None),
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a case instance of the history", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct HistoricCaseRow<'a> {
    id: Text<'a>,
    case_definition_key: Option<Text<'a>>,
    case_definition_name: Option<Text<'a>>,
    business_key: Option<Text<'a>>,
    tenant_id: Option<Text<'a>>,
    create_time: Option<Date>,
    super_process_instance_id: Option<Text<'a>>,
    super_case_instance_id: Option<Text<'a>>,
    active: Option<bool>,
    completed: Option<bool>,
    terminated: Option<bool>,
    closed: Option<bool>,
}

impl HistoricCaseRow<'_> {
    pub(in crate::engine) fn into_case(self, pool: &mut Pool) -> HistoricCase {
        HistoricCase {
            id: pool.share(&self.id).into(),
            key: pool.id(&self.case_definition_key),
            name: pool.id(&self.case_definition_name),
            business_key: pool.id(&self.business_key),
            tenant: pool.id(&self.tenant_id),
            started: self.create_time.map(|date| date.0),
            standing: standing(self.active, self.completed, self.terminated, self.closed),
            caller: pool.id(&self.super_process_instance_id),
            calling_case: pool.id(&self.super_case_instance_id),
        }
    }
}

fn standing(active: Option<bool>, completed: Option<bool>, terminated: Option<bool>, closed: Option<bool>) -> CaseStanding {
    let is = |mark: Option<bool>| mark.unwrap_or(false);
    match () {
        () if is(closed) => CaseStanding::Closed,
        () if is(terminated) => CaseStanding::Terminated,
        () if is(completed) => CaseStanding::Completed,
        () if is(active) => CaseStanding::Active,
        () => CaseStanding::Unknown,
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a case definition", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct CaseDefinitionRow<'a> {
    key: Text<'a>,
    name: Option<Text<'a>>,
}

impl CaseDefinitionRow<'_> {
    pub(in crate::engine) fn into_definition(self, pool: &mut Pool) -> CaseDefinition {
        CaseDefinition { key: pool.share(&self.key), name: pool.id(&self.name) }
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase", expecting = "a task of a case", bound(deserialize = "'de: 'a"))]
pub(in crate::engine) struct CaseActivityRow<'a> {
    case_activity_id: Text<'a>,
    case_activity_name: Option<Text<'a>>,
    called_process_instance_id: Option<Text<'a>>,
    called_case_instance_id: Option<Text<'a>>,
}

impl CaseActivityRow<'_> {
    pub(in crate::engine) fn into_activity(self, pool: &mut Pool) -> CaseActivity {
        CaseActivity {
            activity: pool.share(&self.case_activity_id).into(),
            name: pool.id(&self.case_activity_name),
            called: pool.id(&self.called_process_instance_id),
            called_case: pool.id(&self.called_case_instance_id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_of_the_history_tells_who_called_it_and_how_it_stands() {
        let json = r#"{"id":"c","businessKey":"CREDIT-7","caseDefinitionId":"creditCase:1:x","caseDefinitionKey":"creditCase","caseDefinitionName":"Credit case",
            "createTime":"2026-11-29T09:13:27.296+0000","closeTime":null,"superCaseInstanceId":null,"superProcessInstanceId":"p","tenantId":null,
            "active":true,"completed":false,"terminated":false,"closed":false}"#;
        let case = serde_json::from_str::<HistoricCaseRow<'_>>(json).expect("a case").into_case(&mut Pool::default());
        assert_eq!((case.caller, case.calling_case, case.standing), (Some("p".into()), None, CaseStanding::Active));
        let bare = serde_json::from_str::<HistoricCaseRow<'_>>(r#"{"id":"c"}"#).expect("a case").into_case(&mut Pool::default());
        assert_eq!((bare.standing, bare.name, bare.started), (CaseStanding::Unknown, None, None));
        assert_eq!(standing(Some(false), Some(true), Some(false), Some(true)), CaseStanding::Closed);
    }

    #[test]
    fn a_task_of_a_case_names_what_it_called() {
        let json = r#"{"id":"a","caseActivityId":"piScore","caseActivityName":"Score applicant","calledProcessInstanceId":"p","calledCaseInstanceId":null}"#;
        let task = serde_json::from_str::<CaseActivityRow<'_>>(json).expect("a task").into_activity(&mut Pool::default());
        assert_eq!((task.activity, task.called), ("piScore".into(), Some("p".into())));
    }
}
