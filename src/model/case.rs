//! Case instances (CMMN) between process instances: a process may call a case, and a case calls processes. What an operator of processes
//! must know of them belongs here: who called whom, and who waits. Nothing of what happens inside a case.

use jiff::Timestamp;

use super::ids::{ActivityId, CaseInstanceId, ProcessInstanceId, TenantId};
use super::inquiry::Called;
use super::section::Problem;
use crate::text::EngineText;

/// Cases above each other that are followed: deeper is taken for a circle.
pub const DEEPEST_CASES: usize = 10;

/// How a case stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CaseStanding {
    /// It could not be read.
    #[default]
    Unknown,
    /// It goes on.
    Active,
    /// All of it was done.
    Completed,
    /// Somebody ended it.
    Terminated,
    /// It is over and closed.
    Closed,
}

impl CaseStanding {
    /// The state in a word for an operator.
    pub fn words(self) -> &'static str {
        match self {
            Self::Unknown => "?",
            Self::Active => "active",
            Self::Completed => "completed",
            Self::Terminated => "terminated",
            Self::Closed => "closed",
        }
    }

    /// Whether nothing of it goes on.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::Terminated | Self::Closed)
    }
}

/// A case instance that runs (`GET /case-instance`).
#[derive(Clone, Debug, PartialEq)]
pub struct RunningCase {
    /// Its id.
    pub id: CaseInstanceId,
    /// Id of its definition.
    pub definition: EngineText,
    /// What the business calls it.
    pub business_key: Option<EngineText>,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// How it stands.
    pub standing: CaseStanding,
}

/// A case instance, running or over (`GET /history/case-instance/{id}`).
#[derive(Clone, Debug, PartialEq)]
pub struct HistoricCase {
    /// Its id.
    pub id: CaseInstanceId,
    /// Key of its definition.
    pub key: Option<EngineText>,
    /// Name of its definition, where it has one.
    pub name: Option<EngineText>,
    /// What the business calls it.
    pub business_key: Option<EngineText>,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// How it stands.
    pub standing: CaseStanding,
    /// The process instance that called it (`superProcessInstanceId`).
    pub caller: Option<ProcessInstanceId>,
    /// The case that called it (`superCaseInstanceId`).
    pub calling_case: Option<CaseInstanceId>,
}

/// A version of a case (`GET /case-definition/{id}`).
#[derive(Clone, Debug, PartialEq)]
pub struct CaseDefinition {
    /// Its key.
    pub key: EngineText,
    /// Its name.
    pub name: Option<EngineText>,
}

/// A task of a case and what it called (`GET /history/case-activity-instance`).
#[derive(Clone, Debug, PartialEq)]
pub struct CaseActivity {
    /// The plan item.
    pub activity: ActivityId,
    /// Its name.
    pub name: Option<EngineText>,
    /// The process instance it called.
    pub called: Option<ProcessInstanceId>,
    /// The case it called.
    pub called_case: Option<CaseInstanceId>,
}

/// The task of a case that called something.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseTask {
    /// The plan item.
    pub activity: ActivityId,
    /// Its name.
    pub name: Option<EngineText>,
}

impl CaseTask {
    /// Its name, else its id.
    pub fn words(&self) -> String {
        self.name.as_ref().map_or_else(|| self.activity.to_string(), ToString::to_string)
    }
}

/// A case that stands between process instances, as far as it could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseNode {
    /// Its id.
    pub id: CaseInstanceId,
    /// Key of its definition.
    pub key: Option<EngineText>,
    /// Name of its definition.
    pub name: Option<EngineText>,
    /// What the business calls it.
    pub business_key: Option<EngineText>,
    /// Its tenant.
    pub tenant: Option<TenantId>,
    /// How it stands.
    pub standing: CaseStanding,
    /// When it began; none without a history.
    pub started: Option<Timestamp>,
    /// The task of it that called what is looked at; none where no history tells.
    pub task: Option<CaseTask>,
}

impl CaseNode {
    /// A case of which only the id is known.
    pub fn unread(id: CaseInstanceId) -> Self {
        Self { id, key: None, name: None, business_key: None, tenant: None, standing: CaseStanding::Unknown, started: None, task: None }
    }

    /// Name of its definition, else the key, else the id of the instance.
    pub fn title(&self) -> String {
        let known = self.name.as_ref().or(self.key.as_ref());
        known.map_or_else(|| self.id.to_string(), ToString::to_string)
    }

    /// How an operator knows it: `CREDIT-7 (Credit case)`.
    pub fn label(&self) -> String {
        match &self.business_key {
            Some(key) => format!("{key} ({})", self.title()),
            None => self.title(),
        }
    }

    /// Where it waits, in words that follow its label: ` at Score applicant`.
    pub fn at_task(&self) -> String {
        self.task.as_ref().map_or_else(String::new, |task| format!(" at {}", task.words()))
    }
}

/// The cases above a process instance, and the process that called the uppermost one.
#[derive(Clone, Debug, PartialEq)]
pub struct CasesAbove {
    /// The case that called the instance first, then the one that called that.
    pub cases: Vec<CaseNode>,
    /// The process instance that called the uppermost case; none where nothing did.
    pub caller: Option<ProcessInstanceId>,
    /// Why not all of it could be read.
    pub problem: Option<Problem>,
}

impl CasesAbove {
    /// The uppermost case.
    pub fn top(&self) -> Option<&CaseNode> {
        self.cases.last()
    }
}

/// A case that a process instance or another case called, with what that called in turn.
#[derive(Clone, Debug, PartialEq)]
pub struct CalledCase {
    /// The case.
    pub case: CaseNode,
    /// The activity or plan item that called it, where that is known.
    pub called_at: Option<ActivityId>,
    /// Process instances that it called and that run, and whether each has an incident.
    pub processes: Vec<(Called, bool)>,
    /// Cases that it called.
    pub cases: Vec<CalledCase>,
    /// Whether it called more than were read.
    pub more: bool,
}

impl CalledCase {
    /// Whether something below it has an incident.
    pub fn fails(&self) -> bool {
        self.processes.iter().any(|(_, failing)| *failing) || self.cases.iter().any(Self::fails)
    }

    /// Every process instance below it, through other cases too, with whether it has an incident.
    pub fn all_processes(&self) -> Vec<&(Called, bool)> {
        self.processes.iter().chain(self.cases.iter().flat_map(Self::all_processes)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_told_by_its_business_key_and_name_and_without_them_by_what_there_is() {
        let bare = CaseNode::unread("case-1".into());
        assert_eq!(bare.label(), "case-1");
        let keyed = CaseNode { key: Some("creditCase".into()), ..bare };
        assert_eq!(keyed.label(), "creditCase");
        let named = CaseNode { name: Some("Credit case".into()), business_key: Some("CREDIT-7".into()), ..keyed };
        assert_eq!(named.label(), "CREDIT-7 (Credit case)");
        assert_eq!(named.at_task(), "");
        let task = CaseTask { activity: "piScore".into(), name: Some("Score applicant".into()) };
        assert_eq!(CaseNode { task: Some(task), ..named }.at_task(), " at Score applicant");
    }
}
