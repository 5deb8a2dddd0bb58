//! Where work failed that stands elsewhere: a job fails at any activity of its transaction, one of a process that was called in it
//! included, and stands at the activity where the transaction began. The engine tells the id of that activity and not its process.

use std::collections::{HashSet, VecDeque};

use super::grouping::Names as _;
use super::ids::{ActivityId, ProcessDefinitionId, ProcessKey};
use super::incident::Incident;
use super::snapshot::KnownNames;

/// Diagrams looked into for one activity: calls lead to calls.
const MOST_DIAGRAMS: usize = 40;

/// Versions of a called process that are looked into, newest first: the one that ran may not be the newest any more.
const MOST_VERSIONS: usize = 3;

/// Which processes have an activity of that id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// One definition for each process that has it, nearest first: the incident's own, then called ones.
    pub definitions: Vec<ProcessDefinitionId>,
    /// Diagrams that must be read before that can be told.
    pub unread: Vec<ProcessDefinitionId>,
}

impl Whereabouts {
    /// Where the activity is, if that is certain. The process in which the work stands is taken for it while others are not read.
    pub fn certain(&self, own: &ProcessDefinitionId) -> Option<&ProcessDefinitionId> {
        match self.definitions.as_slice() {
            [only] if self.unread.is_empty() || only == own => Some(only),
            _ => None,
        }
    }
}

/// Looks for an activity in the process of `definition` and in those it calls, as far as their diagrams were read.
pub fn whereabouts(names: &KnownNames<'_>, definition: &ProcessDefinitionId, activity: &ActivityId) -> Whereabouts {
    let mut found = Whereabouts::default();
    let mut processes: HashSet<ProcessKey> = HashSet::new();
    let mut seen = HashSet::from([definition.clone()]);
    let mut queue = VecDeque::from([definition.clone()]);
    while let Some(next) = queue.pop_front() {
        let Some(diagram) = names.activities.get(&next) else {
            found.unread.push(next);
            continue;
        };
        if let Some(element) = diagram.element(activity) {
            let own = names.process_key(&next);
            // A diagram may hold other processes beside the one that the definition is of.
            let process = element.process.clone().unwrap_or_else(|| own.clone());
            let holder = if process == own { Some(next.clone()) } else { names.sibling(&next, &process) };
            if let Some(holder) = holder
                && processes.insert(process)
            {
                found.definitions.push(holder);
            }
        }
        for called in &diagram.calls {
            for version in names.newest(called, &next).into_iter().take(MOST_VERSIONS) {
                if seen.len() < MOST_DIAGRAMS && seen.insert(version.clone()) {
                    queue.push_back(version);
                }
            }
        }
    }
    found
}

/// Diagrams that tell where work of one definition failed and were not read yet.
pub fn unread_of<'a>(
    names: &KnownNames<'_>,
    definition: Option<&ProcessDefinitionId>,
    failed: impl IntoIterator<Item = &'a ActivityId>,
) -> Vec<ProcessDefinitionId> {
    let Some(definition) = definition else { return Vec::new() };
    failed.into_iter().flat_map(|activity| whereabouts(names, definition, activity).unread).collect()
}

/// Diagrams that tell where these incidents failed and were not read yet.
pub fn unread<'a>(names: &KnownNames<'_>, incidents: impl IntoIterator<Item = &'a Incident>) -> Vec<ProcessDefinitionId> {
    let failures = incidents.into_iter().filter_map(|incident| Some((incident.process_definition.as_ref()?, incident.failed_elsewhere()?)));
    let failures: HashSet<_> = failures.collect();
    failures.into_iter().flat_map(|(definition, activity)| whereabouts(names, definition, activity).unread).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};
    use std::sync::Arc;

    use super::*;
    use crate::model::definition::ProcessDefinition;
    use crate::model::diagram::{Diagram, Element};
    use crate::model::snapshot::Definitions;

    fn definition(id: &str) -> ProcessDefinition {
        let mut parts = id.split(':');
        let key = parts.next().unwrap_or_default();
        let version = parts.next().unwrap_or_default().parse().expect("a version");
        let name = Some(format!("Process {key}").as_str().into());
        let (id, key) = (id.into(), key.into());
        ProcessDefinition { id, key, name, version, version_tag: None, deployment: None, suspended: false, tenant: None, category: None }
    }

    fn diagram(activities: &[&str], calls: &[&str]) -> Arc<Diagram> {
        let elements = activities.iter().map(|id| (ActivityId::from(*id), Element { name: None, process: None })).collect();
        Arc::new(Diagram { elements, calls: calls.iter().map(|key| ProcessKey::from(*key)).collect::<BTreeSet<_>>() })
    }

    struct World {
        definitions: Definitions,
        diagrams: HashMap<ProcessDefinitionId, Arc<Diagram>>,
    }

    impl World {
        fn of(diagrams: &[(&str, Arc<Diagram>)], unread: &[&str]) -> Self {
            let all = diagrams.iter().map(|(id, _)| *id).chain(unread.iter().copied());
            Self {
                definitions: Definitions::whole(all.map(|id| (id.into(), definition(id))).collect()),
                diagrams: diagrams.iter().map(|(id, diagram)| ((*id).into(), Arc::clone(diagram))).collect(),
            }
        }

        fn look(&self, definition: &str, activity: &str) -> (Vec<String>, Vec<String>) {
            let names = KnownNames { definitions: Some(&self.definitions), activities: &self.diagrams };
            let found = whereabouts(&names, &definition.into(), &activity.into());
            let ids = |ids: Vec<ProcessDefinitionId>| ids.into_iter().map(|id| id.as_wire().to_owned()).collect();
            (ids(found.definitions), ids(found.unread))
        }
    }

    #[test]
    fn an_activity_of_the_own_process_is_found_without_reading_another() {
        let world = World::of(&[("claim:1:x", diagram(&["accept", "bank"], &[]))], &["other:1:x"]);
        assert_eq!(world.look("claim:1:x", "bank"), (vec!["claim:1:x".into()], vec![]));
    }

    #[test]
    fn an_activity_of_a_called_process_is_found_through_any_number_of_calls() {
        let calls = [
            ("claim:1:x", diagram(&["accept"], &["pay"])),
            ("pay:2:x", diagram(&["route"], &["bank"])),
            ("pay:1:x", diagram(&["route"], &[])),
            ("bank:1:x", diagram(&["transfer"], &["claim"])),
        ];
        let world = World::of(&calls, &[]);
        assert_eq!(world.look("claim:1:x", "transfer"), (vec!["bank:1:x".into()], vec![]));
        assert_eq!(world.look("claim:1:x", "elsewhere"), (vec![], vec![]));
    }

    #[test]
    fn diagrams_that_were_not_read_are_named_and_nothing_is_certain_before_they_are() {
        let world = World::of(&[("claim:1:x", diagram(&["accept", "transfer"], &["bank"]))], &["bank:1:x", "bank:2:x"]);
        assert_eq!(world.look("claim:1:x", "transfer"), (vec!["claim:1:x".into()], vec!["bank:2:x".into(), "bank:1:x".into()]));
        assert_eq!(world.look("bank:1:x", "transfer"), (vec![], vec!["bank:1:x".into()]));
    }

    #[test]
    fn an_id_that_two_processes_have_tells_neither_for_certain() {
        let world = World::of(&[("claim:1:x", diagram(&["accept", "notify"], &["bank"])), ("bank:1:x", diagram(&["notify"], &[]))], &[]);
        assert_eq!(world.look("claim:1:x", "notify").0, ["claim:1:x", "bank:1:x"]);
    }

    #[test]
    fn an_older_version_of_a_called_process_tells_where_the_newest_has_lost_the_activity() {
        let world = World::of(
            &[("claim:1:x", diagram(&["accept"], &["bank"])), ("bank:2:x", diagram(&["renamed"], &[])), ("bank:1:x", diagram(&["transfer"], &[]))],
            &[],
        );
        assert_eq!(world.look("claim:1:x", "transfer").0, ["bank:1:x"]);
    }

    #[test]
    fn calls_without_end_are_given_up() {
        let chain: Vec<_> = (0..200).map(|number| (format!("p{number}:1:x"), diagram(&[], &[&format!("p{}", number + 1)]))).collect();
        let borrowed: Vec<_> = chain.iter().map(|(id, diagram)| (id.as_str(), Arc::clone(diagram))).collect();
        assert_eq!(World::of(&borrowed, &[]).look("p0:1:x", "nowhere"), (vec![], vec![]));
    }
}
