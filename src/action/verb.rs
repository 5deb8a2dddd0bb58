//! What can be done to an engine, in the operator's words, and which role may do it.

use std::fmt;

use crate::model::rights::Right;

/// What an action does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Gives failed jobs and external tasks attempts again.
    Retry,
    /// Cancels process instances with everything they called.
    Cancel,
    /// Suspends job definitions.
    SuspendJobDefinitions,
    /// Resumes job definitions.
    ResumeJobDefinitions,
    /// Suspends every active job definition and remembers which.
    Freeze,
    /// Resumes what a freeze suspended, and nothing else.
    Thaw,
    /// Suspends process instances with their jobs.
    SuspendInstances,
    /// Resumes process instances with their jobs.
    ResumeInstances,
    /// Suspends process definitions: no new starts, and their instances too.
    SuspendProcesses,
    /// Resumes process definitions.
    ResumeProcesses,
    /// Writes a variable.
    SetVariable,
    /// Writes the note of an incident.
    Annotate,
    /// Takes an external task back from its worker.
    Unlock,
    /// Moves the due date of a job.
    MoveDueDate,
    /// Changes the priority of a job.
    SetJobPriority,
    /// Changes the priority of the jobs of a job definition.
    SetDefinitionPriority,
    /// Calls off a suspension or resumption that is to happen later.
    CallOffTimed,
}

/// Who may use which verbs. Guard rails of this program: the engine has its own permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks only.
    Viewer,
    /// Retries, suspends, resumes, annotates.
    #[default]
    Operator,
    /// Cancels and writes variables too.
    Admin,
}

impl Role {
    /// Every role, the weakest first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// The word for it in a configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 17] = [
        Self::Retry,
        Self::Cancel,
        Self::SuspendJobDefinitions,
        Self::ResumeJobDefinitions,
        Self::Freeze,
        Self::Thaw,
        Self::SuspendInstances,
        Self::ResumeInstances,
        Self::SuspendProcesses,
        Self::ResumeProcesses,
        Self::SetVariable,
        Self::Annotate,
        Self::Unlock,
        Self::MoveDueDate,
        Self::SetJobPriority,
        Self::SetDefinitionPriority,
        Self::CallOffTimed,
    ];

    /// Its word, for titles and the journal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Cancel => "cancel",
            Self::SuspendJobDefinitions => "suspend job definitions",
            Self::ResumeJobDefinitions => "resume job definitions",
            Self::Freeze => "freeze",
            Self::Thaw => "thaw",
            Self::SuspendInstances => "suspend instances",
            Self::ResumeInstances => "resume instances",
            Self::SuspendProcesses => "suspend processes",
            Self::ResumeProcesses => "resume processes",
            Self::SetVariable => "set variable",
            Self::Annotate => "annotate",
            Self::Unlock => "unlock",
            Self::MoveDueDate => "move due date",
            Self::SetJobPriority => "set job priority",
            Self::SetDefinitionPriority => "set job definition priority",
            Self::CallOffTimed => "call off timed",
        }
    }

    /// The weakest role that may do it.
    pub fn role(self) -> Role {
        match self {
            Self::Cancel | Self::SetVariable => Role::Admin,
            _ => Role::Operator,
        }
    }

    /// The right of the engine without which it is refused everywhere. Several rights may do; this is the one asked about.
    pub fn right(self) -> Option<Right> {
        match self {
            Self::Retry | Self::MoveDueDate | Self::SetJobPriority => Some(Right::RetryJobs),
            Self::Cancel => Some(Right::DeleteInstances),
            Self::SuspendJobDefinitions | Self::ResumeJobDefinitions | Self::Freeze | Self::Thaw => Some(Right::UpdateDefinitions),
            Self::SuspendProcesses | Self::ResumeProcesses | Self::SetDefinitionPriority => Some(Right::UpdateDefinitions),
            Self::SuspendInstances | Self::ResumeInstances | Self::SetVariable | Self::Unlock => Some(Right::UpdateInstances),
            Self::Annotate => Some(Right::UpdateInstances),
            Self::CallOffTimed => None,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_cancelling_and_writing_variables_need_an_admin() {
        let admins: Vec<Verb> = Verb::ALL.into_iter().filter(|verb| verb.role() == Role::Admin).collect();
        assert_eq!(admins, [Verb::Cancel, Verb::SetVariable]);
        assert!(Verb::ALL.into_iter().all(|verb| verb.role() > Role::Viewer), "a viewer changes nothing");
    }

    #[test]
    fn roles_are_found_by_their_words_alone() {
        for role in Role::ALL {
            assert_eq!(Role::named(role.word()), Some(role));
        }
        assert_eq!(Role::named("Admin"), None);
    }
}
