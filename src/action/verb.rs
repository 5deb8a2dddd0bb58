//! What can be done to an engine, in the operator's words, and which role may do it.

use std::fmt;

use super::plan::{EngineEffect, Unavailable, Warning, Weight};
use crate::model::rights::{Right, Rights};
pub use crate::model::role::Role;

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
    /// Puts jobs back that a resumption was to keep asleep and left otherwise: suspended again, due as before.
    PutBack,
}

impl Verb {
    /// Every verb.
    pub const ALL: [Self; 18] = [
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
        Self::PutBack,
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
            Self::PutBack => "put back",
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
            Self::Annotate | Self::PutBack => Some(Right::UpdateInstances),
            Self::CallOffTimed => None,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Whether this session may use a verb at all, and what it should be warned of if it may.
///
/// Rights are known for all processes at once: one that is missing there may be granted for the process in question, so it only warns. The
/// plan asks for that very process.
///
/// # Errors
///
/// Why not, and the way out.
pub fn availability(verb: Verb, role: Role, read_only: bool, rights: Option<&Rights>) -> Result<Option<Warning>, Unavailable> {
    if read_only {
        let remedy = "start without --read-only, with a profile that is not read-only".to_owned();
        return Err(Unavailable { why: "this session is read-only: nothing is changed".to_owned(), remedy });
    }
    if role < verb.role() {
        let why = format!("to {verb} takes the role {}; this session has the role {role}", verb.role());
        return Err(Unavailable { why, remedy: role_remedy(verb.role()) });
    }
    let missing = verb.right().filter(|right| rights.and_then(|rights| rights.has(*right)) == Some(false));
    Ok(missing.map(|right| Warning { weight: Weight::Caution, text: format!("{}: the engine may refuse to {verb}", right.not_granted()) }))
}

/// Whether a role may make the engine's own jobs run: what they do takes the same role as when it is asked for directly.
///
/// # Errors
///
/// What they do, which role that takes, and the way out.
pub fn may_run(effect: &EngineEffect, role: Role) -> Result<(), Unavailable> {
    let needed = effect.job.work.role();
    if role >= needed {
        return Ok(());
    }
    let why = format!("running {} {}: that takes the role {needed}; this session has the role {role}", effect.job.words(), effect.words());
    Err(Unavailable { why, remedy: role_remedy(needed) })
}

fn role_remedy(role: Role) -> String {
    format!(
        "M widens the role to {role} where the profile allows it; else set role = \"{role}\" in the profile, or start with --role {role} where no profile names one"
    )
}

/// The way out for a session of this role that would have to have that one: what it can take without a restart, or where that is set.
pub fn wider_role(needed: Role, bound: Role) -> String {
    if needed <= bound {
        return format!("M takes the role {needed} for this session, after it was typed");
    }
    format!("it may have {bound} at most: set max_role = \"{needed}\" in the profile, or start with --role {needed} where none names a role")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_is_not_there_for_a_weaker_role_nor_in_a_read_only_session_and_the_way_out_is_told() {
        let no = availability(Verb::Cancel, Role::Operator, false, None).unwrap_err();
        assert_eq!(no.why, "to cancel takes the role admin; this session has the role operator");
        assert!(no.remedy.contains("role = \"admin\""), "{}", no.remedy);
        assert_eq!(availability(Verb::Cancel, Role::Admin, false, None), Ok(None));
        for verb in Verb::ALL {
            assert!(availability(verb, Role::Admin, true, None).unwrap_err().remedy.contains("read-only"), "{verb}");
            assert!(availability(verb, Role::Viewer, false, None).is_err(), "{verb}");
        }
    }

    #[test]
    fn a_right_that_is_missing_for_every_process_warns_and_one_that_is_not_known_says_nothing() {
        let mut rights = Rights::default();
        assert_eq!(availability(Verb::Retry, Role::Operator, false, Some(&rights)), Ok(None));
        rights.note(Right::RetryJobs, false);
        let warning = availability(Verb::Retry, Role::Operator, false, Some(&rights)).unwrap().unwrap();
        assert_eq!(warning.text, "RETRY_JOB on PROCESS_DEFINITION is not granted for every process: the engine may refuse to retry");
        rights.note(Right::RetryJobs, true);
        assert_eq!(availability(Verb::Retry, Role::Operator, false, Some(&rights)), Ok(None));
    }

    #[test]
    fn only_cancelling_and_writing_variables_need_an_admin() {
        let admins: Vec<Verb> = Verb::ALL.into_iter().filter(|verb| verb.role() == Role::Admin).collect();
        assert_eq!(admins, [Verb::Cancel, Verb::SetVariable]);
        assert!(Verb::ALL.into_iter().all(|verb| verb.role() > Role::Viewer), "a viewer changes nothing");
    }
}
