//! The fault matrix: every row of the catalogue that changes something, crossed with everything that can go wrong on the way.
//!
//! The same cells are filled offline, against a scripted server, and on real engines through a wire that breaks. Here is what both share: the
//! faults, one change for every row, the cells, and the table that is printed. Who judges a cell is given by whoever fills the table.

#![allow(dead_code, reason = "each test file uses its own part")]

pub mod breaker;

use std::collections::BTreeMap;

use bpmtop::engine::catalogue::Endpoint;
use bpmtop::engine::{Change, Delivered, Due, NewValue, RequestName, Sent, VariableHome, catalogue};
use serde_json::Value;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What goes wrong with one change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault {
            $($(#[$doc])* $name,)*
        }

        impl Fault {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

faults! {
    /// Nothing: the control.
    None,
    /// Nobody listens.
    Refuse,
    /// The engine refuses in its own words (403).
    Denied,
    /// The request is taken, nothing is done, nothing is said.
    AcceptAndSayNothing,
    /// It is done, and the connection is closed without an answer.
    PerformThenDrop,
    /// It is done, and the engine reports an error.
    PerformThen500,
    /// It is not done, and a proxy answers with its page.
    Page502,
    /// It is done, and a proxy answers with its page.
    PerformThenPage502,
    /// The login is refused.
    Unauthorized,
    /// It lost against another change, and is rolled back.
    OptimisticLock,
    /// It is done after the client has given up.
    SlowThenCommitted,
    /// It is done, and the answer breaks off within its JSON.
    TruncatedJson,
    /// A redirect to a login page.
    Redirect,
    /// A login page instead of an answer, with a status of success.
    LoginPage,
}

impl Fault {
    /// What the client must make of it.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::None => Verdict::Accepted,
            Self::Refuse => Verdict::NotSent,
            Self::Denied | Self::Unauthorized | Self::OptimisticLock => Verdict::Rejected,
            Self::AcceptAndSayNothing
            | Self::PerformThenDrop
            | Self::PerformThen500
            | Self::Page502
            | Self::PerformThenPage502
            | Self::SlowThenCommitted
            | Self::TruncatedJson
            | Self::Redirect
            | Self::LoginPage => Verdict::Unknown,
        }
    }

    /// How often the change is made.
    pub fn performs(self) -> usize {
        match self {
            Self::None | Self::PerformThenDrop | Self::PerformThen500 | Self::PerformThenPage502 | Self::SlowThenCommitted | Self::TruncatedJson => 1,
            Self::Refuse
            | Self::Denied
            | Self::AcceptAndSayNothing
            | Self::Page502
            | Self::Unauthorized
            | Self::OptimisticLock
            | Self::Redirect
            | Self::LoginPage => 0,
        }
    }

    /// How many requests arrive.
    pub fn arrives(self) -> usize {
        usize::from(self != Self::Refuse)
    }

    /// Whether the client must give up waiting for it to come about.
    pub fn is_slow(self) -> bool {
        matches!(self, Self::AcceptAndSayNothing | Self::SlowThenCommitted)
    }
}

/// What the client says right after sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    Rejected,
    NotSent,
    Unknown,
}

impl Verdict {
    pub fn of(sent: &Sent) -> Self {
        match sent {
            Sent::Accepted { .. } => Self::Accepted,
            Sent::Rejected(_) => Self::Rejected,
            Sent::NotSent(_) => Self::NotSent,
            Sent::Unknown(_) => Self::Unknown,
        }
    }

    /// Whether it may be said of a change that was made so often.
    pub fn is_true_of(self, performed: usize) -> bool {
        match self {
            Self::Accepted => performed == 1,
            Self::Rejected | Self::NotSent => performed == 0,
            Self::Unknown => performed <= 1,
        }
    }
}

/// What a change was made for, and what became of it.
#[derive(Clone, Debug)]
pub struct Cell {
    pub row: &'static Endpoint,
    pub fault: Fault,
    pub change: Change,
    pub delivered: Delivered,
    /// Requests that arrived at whatever stands in the engine's place.
    pub arrived: usize,
    /// How often the change was made.
    pub performed: usize,
}

impl Cell {
    pub fn verdict(&self) -> Verdict {
        Verdict::of(&self.delivered.sent)
    }

    /// The judge of what is known right after sending: the cell's words, or what is wrong with it.
    pub fn judge_the_sending(&self) -> Result<String, String> {
        let (verdict, expected) = (self.verdict(), self.fault.verdict());
        if verdict != expected {
            return Err(format!("is {verdict:?} instead of {expected:?}: {:?}", self.delivered.sent));
        }
        if !verdict.is_true_of(self.performed) {
            return Err(format!("is {verdict:?} though it was made {} times", self.performed));
        }
        if self.arrived != self.fault.arrives() {
            return Err(format!("arrived {} times instead of {}", self.arrived, self.fault.arrives()));
        }
        Ok(format!("{verdict:?}"))
    }
}

/// The rows of the catalogue that change something.
pub fn rows() -> impl Iterator<Item = &'static Endpoint> {
    catalogue().iter().filter(|row| row.evidence().is_some())
}

/// The whole table.
#[derive(Debug, Default)]
pub struct Matrix(BTreeMap<(RequestName, Fault), Result<String, String>>);

impl Matrix {
    pub fn note(&mut self, row: RequestName, fault: Fault, judged: Result<String, String>) {
        assert!(self.0.insert((row, fault), judged).is_none(), "{row:?} x {fault:?} is filled twice");
    }

    /// Cells that are missing or wrong, in words.
    pub fn faulty(&self) -> Vec<String> {
        let cells = rows().flat_map(|row| Fault::ALL.iter().map(move |fault| (row.name, *fault)));
        let wrong = |(row, fault)| match self.0.get(&(row, fault)) {
            None => Some(format!("{row:?} x {fault:?} is missing")),
            Some(Err(what)) => Some(format!("{row:?} x {fault:?} {what}")),
            Some(Ok(_)) => None,
        };
        cells.filter_map(wrong).collect()
    }

    /// One line for each row, one column for each fault.
    pub fn markdown(&self) -> String {
        let faults = Fault::ALL.iter().map(|fault| format!("{fault:?}")).collect::<Vec<_>>().join(" | ");
        let mut table = format!("| change | {faults} |\n|---|{}\n", "---|".repeat(Fault::ALL.len()));
        for row in rows() {
            let cell = |fault: &Fault| self.0.get(&(row.name, *fault)).map_or("MISSING", |judged| judged.as_ref().map_or("WRONG", String::as_str));
            let cells = Fault::ALL.iter().map(cell).collect::<Vec<_>>().join(" | ");
            table.push_str(&format!("| {:?} | {cells} |\n", row.name));
        }
        table
    }
}

/// What the changes of a matrix are made to.
#[derive(Clone, Debug)]
pub struct Ids {
    pub job: String,
    pub external_task: String,
    pub job_definition: String,
    pub process_definition: String,
    pub instance: String,
    pub execution: String,
    pub incident: String,
    pub operation: String,
}

impl Ids {
    /// Names that nothing has.
    pub fn invented() -> Self {
        let name = |word: &str| format!("no-such-{word}");
        Self {
            job: name("job"),
            external_task: name("task"),
            job_definition: name("definition"),
            process_definition: name("process"),
            instance: name("instance"),
            execution: name("execution"),
            incident: name("incident"),
            operation: name("operation"),
        }
    }
}

/// One change of a row. A row without one fails.
pub fn change(row: RequestName, ids: &Ids) -> Change {
    let (job, instance) = (ids.job.as_str().into(), ids.instance.as_str().into());
    let (definition, task) = (ids.job_definition.as_str().into(), ids.external_task.as_str().into());
    let value = NewValue { kind: "String".into(), value: Value::from("changed"), info: None };
    match row {
        RequestName::SetJobRetries => Change::JobRetries { job, retries: 2, due: Due::Keep },
        RequestName::SetJobRetriesBatch => Change::JobRetriesBatch { jobs: vec![job], retries: 2, due: Due::Keep },
        RequestName::SetJobDueDate => Change::JobDueDate { job, due: Some("2035-01-01T00:00:00Z".parse().expect("a moment")) },
        RequestName::SetJobPriority => Change::JobPriority { job, priority: 77 },
        RequestName::SuspendJob => Change::JobSuspension { job, suspended: true },
        RequestName::DeleteJob => Change::DeleteJob { job },
        RequestName::SetExternalTaskRetries => Change::ExternalTaskRetries { task, retries: 2 },
        RequestName::UnlockExternalTask => Change::UnlockExternalTask { task },
        RequestName::SuspendJobDefinition => Change::JobDefinitionSuspension { definition, suspended: true, jobs_too: false, at: None },
        RequestName::SetJobDefinitionPriority => Change::JobDefinitionPriority { definition, priority: Some(77), jobs_too: false },
        RequestName::SuspendProcessDefinition => {
            Change::ProcessDefinitionSuspension { definition: ids.process_definition.as_str().into(), suspended: true, instances_too: false, at: None }
        }
        RequestName::SuspendInstance => Change::InstanceSuspension { instance, suspended: true },
        RequestName::DeleteInstance => Change::DeleteInstance { instance, skip_listeners: false },
        RequestName::DeleteInstances => Change::DeleteInstances { instances: vec![instance], reason: Some("fault matrix".to_owned()), skip_listeners: false },
        RequestName::SetInstanceVariable => Change::SetVariable { home: VariableHome::Instance(instance), name: "changed".into(), value },
        RequestName::SetLocalVariable => Change::SetVariable { home: VariableHome::Execution(ids.execution.as_str().into()), name: "changed".into(), value },
        RequestName::AnnotateIncident => Change::IncidentAnnotation { incident: ids.incident.as_str().into(), text: Some("noted".to_owned()) },
        RequestName::ClearIncidentAnnotation => Change::IncidentAnnotation { incident: ids.incident.as_str().into(), text: None },
        RequestName::AnnotateOperation => Change::OperationAnnotation { operation: ids.operation.as_str().into(), text: "noted".to_owned() },
        other => panic!("the fault matrix knows no change of {other:?}"),
    }
}
