//! What is kept of a process diagram: its elements with their names, whose process each belongs to, and which processes it calls.

use std::collections::{BTreeSet, HashMap};

use super::ids::{ActivityId, ProcessKey};
use super::naming::{as_read, diagram_activity};
use crate::text::EngineText;

/// One element of a diagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its name, where it has one.
    pub name: Option<EngineText>,
    /// The process it stands in; a diagram may hold several. None for what stands in no process.
    pub process: Option<ProcessKey>,
}

/// The diagram of one process definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagram {
    /// All elements but sequence flows, by id.
    pub elements: HashMap<ActivityId, Element>,
    /// Processes that its call activities name; those that an expression chooses are not among them.
    pub calls: BTreeSet<ProcessKey>,
}

impl Diagram {
    /// The element behind an activity id, the scope around its iterations included.
    pub fn element(&self, activity: &ActivityId) -> Option<&Element> {
        self.elements.get(activity).or_else(|| self.elements.get(&ActivityId::from(diagram_activity(activity.as_wire()))))
    }

    /// Whether another element of the same process reads the same: then the name does not tell one from the other.
    pub fn shares_name(&self, activity: &ActivityId) -> bool {
        let own = diagram_activity(activity.as_wire());
        let Some(Element { name: Some(name), process }) = self.element(activity) else { return false };
        let name = as_read(name);
        let same = |element: &Element| element.process == *process && element.name.as_ref().is_some_and(|other| as_read(other) == name);
        self.elements.iter().any(|(id, element)| id.as_wire() != own && same(element))
    }

    /// Name of an activity, where it has one.
    pub fn name(&self, activity: &ActivityId) -> Option<&EngineText> {
        self.element(activity)?.name.as_ref()
    }
}

impl FromIterator<(ActivityId, EngineText)> for Diagram {
    /// Activities with names, of one process that calls no other.
    fn from_iter<I: IntoIterator<Item = (ActivityId, EngineText)>>(named: I) -> Self {
        Self { elements: named.into_iter().map(|(id, name)| (id, Element { name: Some(name), process: None })).collect(), calls: BTreeSet::new() }
    }
}
