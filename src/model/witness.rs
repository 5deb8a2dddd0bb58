//! What tells one engine from another behind the same address: what was known to be there. Values and their order; nobody is asked here.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::ids::{DeploymentId, IncidentId, ProcessDefinitionId, ProcessInstanceId};
use crate::text::EngineText;

/// Of so many things of each kind it is remembered that the engine knew them.
pub const OF_A_KIND: usize = 3;

/// Something that was written into the engine's database and that nothing takes out of it soon.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Written {
    /// A process instance, in the history.
    Instance(ProcessInstanceId),
    /// An incident, in the history.
    Incident(IncidentId),
    /// An operation of a user, in the log of operations.
    Operation(EngineText),
    /// A deployment.
    Deployment(DeploymentId),
}

/// Something the engine knew, among the newest of its kind. A database that was set back to an earlier state keeps the id of its installation, and
/// does not know it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Witness {
    /// What it is.
    pub what: Written,
    /// When it was written, by the engine's clock.
    pub at: Timestamp,
    /// The process instance it belongs to.
    pub instance: Option<ProcessInstanceId>,
    /// The process definition by which it is kept in the history.
    pub definition: Option<ProcessDefinitionId>,
}

impl Witness {
    /// Something of this kind, as [`Witness::kind`] names it; none of a kind that is not known.
    pub fn of(kind: &str, id: EngineText, at: Timestamp) -> Option<Self> {
        let what = match kind {
            "process instance" => Written::Instance(id.into()),
            "incident" => Written::Incident(id.into()),
            "operation" => Written::Operation(id),
            "deployment" => Written::Deployment(id.into()),
            _ => return None,
        };
        Some(Self { what, at, instance: None, definition: None })
    }

    /// What it is, in a word.
    pub fn kind(&self) -> &'static str {
        match self.what {
            Written::Instance(_) => "process instance",
            Written::Incident(_) => "incident",
            Written::Operation(_) => "operation",
            Written::Deployment(_) => "deployment",
        }
    }

    /// Its id.
    pub fn id(&self) -> &EngineText {
        match &self.what {
            Written::Instance(id) => id.text(),
            Written::Incident(id) => id.text(),
            Written::Operation(id) => id,
            Written::Deployment(id) => id.text(),
        }
    }

    /// Whether the engine may have cleaned it up by now, with what its process keeps of the history in days: then it says nothing that it is gone.
    pub fn may_be_cleaned_up(&self, keeps_days: Option<i64>, now: Timestamp) -> bool {
        keeps_days.is_some_and(|days| now.duration_since(self.at) >= SignedDuration::from_hours(24 * days.clamp(0, 100_000)))
    }
}

/// The newest first.
pub fn in_order(mut witnesses: Vec<Witness>) -> Vec<Witness> {
    witnesses.sort_by_key(|witness| std::cmp::Reverse(witness.at));
    witnesses
}

/// Whether it tells of a database that was set back that all of these are gone, and they are newer than anything of which it is known that it is
/// there. One thing that is gone was deleted by somebody: deleting the history of an instance takes its incidents along. What belongs to nothing
/// in common was not.
pub fn tells_of_a_setback<'a>(gone: impl IntoIterator<Item = &'a Witness>) -> bool {
    let mut apart = HashSet::new();
    for witness in gone {
        // Deleting an instance from the history leaves the operations on it.
        apart.insert(match (&witness.what, &witness.instance) {
            (Written::Instance(id), _) | (Written::Incident(_), Some(id)) => id.text().clone(),
            (Written::Incident(id), None) => id.text().clone(),
            (Written::Operation(id), _) => id.clone(),
            (Written::Deployment(id), _) => id.text().clone(),
        });
    }
    apart.len() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn witness(what: Written, instance: Option<&str>) -> Witness {
        Witness { what, at: Timestamp::UNIX_EPOCH, instance: instance.map(Into::into), definition: None }
    }

    #[test]
    fn what_one_deletion_takes_along_tells_of_no_setback() {
        let instance = witness(Written::Instance("a".into()), Some("a"));
        let incident = witness(Written::Incident("i".into()), Some("a"));
        assert!(!tells_of_a_setback([]));
        assert!(!tells_of_a_setback([&instance, &incident]));
        for other in [
            witness(Written::Instance("b".into()), Some("b")),
            witness(Written::Operation("o".into()), Some("a")),
            witness(Written::Deployment("d".into()), None),
        ] {
            assert!(tells_of_a_setback([&instance, &incident, &other]), "{other:?}");
        }
    }

    #[test]
    fn what_the_history_keeps_for_days_is_not_cleaned_up_before() {
        let known = witness(Written::Instance("a".into()), None);
        let after = |hours| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        assert!(!known.may_be_cleaned_up(None, after(10_000)), "nothing is cleaned up");
        assert!(known.may_be_cleaned_up(Some(0), after(0)), "at once");
        assert!(!known.may_be_cleaned_up(Some(2), after(47)) && known.may_be_cleaned_up(Some(2), after(48)));
    }
}
