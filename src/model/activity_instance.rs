//! Where one process instance stands: the tree of what runs in it, and the places its tokens are at.

use std::collections::HashMap;

use super::ids::{ActivityId, ExecutionId, IncidentId};
use crate::text::EngineText;

/// One activity that runs, with what runs within it (`GET /process-instance/{id}/activity-instances`). The root is the instance itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ActivityInstance {
    /// Its id; that of the root is the process instance's.
    pub id: EngineText,
    /// Activity in the diagram. The root names its process definition here; a body of several instances ends in `#multiInstanceBody`.
    pub activity: ActivityId,
    /// Name of that activity.
    pub name: Option<EngineText>,
    /// `userTask`, `callActivity`, `subProcess`, …; `processDefinition` at the root; empty if the engine names none.
    pub kind: EngineText,
    /// Executions that carry it.
    pub executions: Vec<ExecutionId>,
    /// Open incidents at it; those of what runs within are there.
    pub incidents: Vec<IncidentId>,
    /// Activities that run within it.
    pub children: Vec<ActivityInstance>,
    /// Jobs within it that wait before or after an activity.
    pub transitions: Vec<TransitionInstance>,
}

/// A job that waits before or after an activity: that activity does not run yet, or not any more.
#[derive(Clone, Debug, PartialEq)]
pub struct TransitionInstance {
    /// Activity it waits at.
    pub activity: ActivityId,
    /// Name of that activity.
    pub name: Option<EngineText>,
    /// `serviceTask`, …; empty if the engine names none.
    pub kind: EngineText,
    /// Execution it belongs to.
    pub execution: ExecutionId,
    /// Open incidents of its job.
    pub incidents: Vec<IncidentId>,
}

/// Equal places where an instance stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// Activity in the diagram.
    pub activity: ActivityId,
    /// Name of that activity.
    pub name: Option<EngineText>,
    /// `userTask`, `callActivity`, …; empty if the engine names none.
    pub kind: EngineText,
    /// Whether a job waits before or after the activity, rather than the activity runs.
    pub waiting: bool,
    /// How often the instance stands there.
    pub count: u64,
    /// Open incidents there.
    pub incidents: u64,
}

impl ActivityInstance {
    /// The places the instance stands at: the leaves of the tree, equal ones folded, in the order of their first appearance.
    ///
    /// A process definition is no place: a root with nothing in it gives none. Incidents of what holds something else, such as those of a
    /// timer at the border of a subprocess, belong to no leaf and are not counted.
    pub fn tokens(&self) -> Vec<Token> {
        let mut places = Places::default();
        self.gather(&mut places);
        places.tokens
    }

    fn gather<'t>(&'t self, places: &mut Places<'t>) {
        for child in &self.children {
            if child.children.is_empty() && child.transitions.is_empty() {
                places.stand(Place { activity: &child.activity, kind: &child.kind, waiting: false }, &child.name, &child.incidents);
            } else {
                child.gather(places);
            }
        }
        for transition in &self.transitions {
            let place = Place { activity: &transition.activity, kind: &transition.kind, waiting: true };
            places.stand(place, &transition.name, &transition.incidents);
        }
    }
}

/// What makes two places equal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Place<'t> {
    activity: &'t ActivityId,
    kind: &'t EngineText,
    waiting: bool,
}

/// Tokens while they are folded.
#[derive(Default)]
struct Places<'t> {
    known: HashMap<Place<'t>, usize>,
    tokens: Vec<Token>,
}

impl<'t> Places<'t> {
    fn stand(&mut self, place: Place<'t>, name: &Option<EngineText>, incidents: &[IncidentId]) {
        let index = *self.known.entry(place).or_insert_with(|| {
            let Place { activity, kind, waiting } = place;
            self.tokens.push(Token { activity: activity.clone(), name: name.clone(), kind: kind.clone(), waiting, count: 0, incidents: 0 });
            self.tokens.len() - 1
        });
        let token = &mut self.tokens[index];
        token.count += 1;
        token.incidents += incidents.len() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(activity: &str, kind: &str, incidents: &[&str], children: Vec<ActivityInstance>) -> ActivityInstance {
        ActivityInstance {
            id: EngineText::from(activity),
            activity: activity.into(),
            name: Some(EngineText::from("its name")),
            kind: kind.into(),
            executions: Vec::new(),
            incidents: incidents.iter().map(|id| IncidentId::from(*id)).collect(),
            children,
            transitions: Vec::new(),
        }
    }

    fn before(activity: &str, incidents: &[&str]) -> TransitionInstance {
        TransitionInstance {
            activity: activity.into(),
            name: None,
            kind: "serviceTask".into(),
            execution: "e".into(),
            incidents: incidents.iter().map(|id| IncidentId::from(*id)).collect(),
        }
    }

    fn told(tree: &ActivityInstance) -> Vec<(String, bool, u64, u64)> {
        tree.tokens().into_iter().map(|token| (token.activity.to_string(), token.waiting, token.count, token.incidents)).collect()
    }

    #[test]
    fn tokens_stand_at_the_leaves_and_equal_places_are_one() {
        let approve = |incidents: &[&str]| at("approve", "userTask", incidents, Vec::new());
        let several = at("approve#multiInstanceBody", "multiInstanceBody", &[], vec![approve(&[]), approve(&["i1"]), approve(&["i2", "i3"])]);
        let mut root = at("order:1", "processDefinition", &["of no leaf"], vec![several, at("wait", "receiveTask", &[], Vec::new()), approve(&[])]);
        root.transitions = vec![before("book", &["i4"]), before("book", &[])];
        let all = [("approve", false, 4, 3), ("wait", false, 1, 0), ("book", true, 2, 1)];
        assert_eq!(told(&root), all.map(|(activity, waiting, count, incidents)| (activity.to_owned(), waiting, count, incidents)));
    }

    #[test]
    fn waiting_before_an_activity_is_another_place_than_being_in_it() {
        let mut root = at("order:1", "processDefinition", &[], vec![at("book", "serviceTask", &[], Vec::new())]);
        root.transitions = vec![before("book", &[])];
        assert_eq!(told(&root), [("book".to_owned(), false, 1, 0), ("book".to_owned(), true, 1, 0)]);
    }

    #[test]
    fn what_holds_only_a_waiting_job_is_no_leaf() {
        let mut part = at("part", "subProcess", &["i"], Vec::new());
        part.transitions = vec![before("book", &[])];
        assert_eq!(told(&at("order:1", "processDefinition", &[], vec![part])), [("book".to_owned(), true, 1, 0)]);
    }

    #[test]
    fn an_instance_with_nothing_in_it_stands_nowhere() {
        assert_eq!(told(&at("order:1", "processDefinition", &["i"], Vec::new())), []);
    }
}
