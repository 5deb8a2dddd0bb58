//! Pages: what takes the screen from the panes when a row is opened. They stand on each other, and esc leads back.
//!
//! | page | what belongs there |
//! |---|---|
//! | [`incident`] | everything about one incident |
//! | [`instance`] | everything about one process instance |
//! | [`tree`] | the tree of called instances |

pub mod incident;
pub mod instance;
pub mod tree;

use super::document::Document;
use super::keymap::Context;
use super::list::Motion;
use crate::model::description::Description;
use crate::model::grouping::key_of;
use crate::model::section::Moment;
use crate::model::snapshot::Snapshot;
use crate::poll::command::{Looking, PollCommand};

use self::incident::IncidentPage;
use self::instance::InstancePage;
use self::tree::TreePage;

/// A page.
#[derive(Clone, Debug)]
pub enum Page {
    /// Everything about one incident.
    Incident(Box<IncidentPage>),
    /// A tree of called instances.
    Tree(Box<TreePage>),
    /// Everything about one process instance.
    Instance(Box<InstancePage>),
}

impl Page {
    /// Which keys hold on it.
    pub fn context(&self) -> Context {
        match self {
            Self::Incident(_) => Context::Text,
            Self::Tree(_) => Context::Tree,
            Self::Instance(_) => Context::Instance,
        }
    }

    /// Tells how many lines fit below the title.
    pub fn set_height(&mut self, height: usize) {
        match self {
            Self::Incident(page) => page.text.set_height(height),
            Self::Tree(page) => page.list.set_height(tree_rows(height)),
            Self::Instance(page) => page.set_height(height),
        }
    }

    /// Notes a new picture.
    pub fn refresh(&mut self, snapshot: &Snapshot) {
        match self {
            Self::Incident(page) => page.refresh(snapshot),
            Self::Tree(page) => page.refresh(snapshot),
            Self::Instance(page) => page.refresh(snapshot),
        }
    }

    /// Takes the answers to a describe in, if they belong here.
    pub fn fill(&mut self, description: &Description, snapshot: &Snapshot) {
        match self {
            Self::Incident(page) if page.known.incident.id == description.incident => page.fill(description.clone(), snapshot),
            Self::Incident(_) | Self::Tree(_) | Self::Instance(_) => {}
        }
    }

    /// Moves the cursor or scrolls.
    pub fn go(&mut self, motion: Motion, now: Moment) {
        match self {
            Self::Incident(page) => page.text.go(motion),
            Self::Tree(page) => page.go(motion, now),
            Self::Instance(page) => page.go(motion, now),
        }
    }

    /// The text to search in, where the page is one.
    pub fn text(&self) -> Option<&Document> {
        match self {
            Self::Incident(page) => Some(&page.text),
            Self::Tree(_) | Self::Instance(_) => None,
        }
    }

    /// The same, to be searched or scrolled.
    pub fn text_mut(&mut self) -> Option<&mut Document> {
        match self {
            Self::Incident(page) => Some(&mut page.text),
            Self::Tree(_) | Self::Instance(_) => None,
        }
    }

    /// Adds what must be known to show the page.
    pub fn look(&self, snapshot: &Snapshot, looking: &mut Looking) {
        match self {
            Self::Incident(page) => {
                looking.definitions.extend(page.known.incident.process_definition.clone());
                looking.groups.push(key_of(&page.known.incident, &snapshot.names()));
            }
            Self::Tree(page) => page.look(looking),
            Self::Instance(page) => page.look(snapshot, looking),
        }
    }

    /// What the operator may want to paste elsewhere: the id of what the page or its selected row is about.
    pub fn id(&self) -> Option<String> {
        match self {
            Self::Incident(page) => Some(page.known.incident.id.to_string()),
            Self::Tree(page) => page.selected_node().map(|node| node.id.to_string()),
            Self::Instance(page) => Some(page.selected_id()),
        }
    }

    /// Asks for everything on it again.
    pub fn ask_again(&mut self, now: Moment) -> Option<PollCommand> {
        match self {
            Self::Incident(page) => {
                page.asked = now;
                Some(PollCommand::Describe(page.known.clone()))
            }
            Self::Tree(_) => None,
            Self::Instance(page) => {
                page.variables.ask_again();
                None
            }
        }
    }
}

/// Lines of a tree page below the rows that say more about the selected one.
pub const TREE_PREVIEW: usize = 4;

/// From this height on there is room for them.
const TREE_PREVIEW_FROM: usize = 14;

/// Rows of a tree in so many lines below the title: without column heads, and without the preview where there is one.
pub fn tree_rows(height: usize) -> usize {
    height.saturating_sub(1).saturating_sub(if has_tree_preview(height) { TREE_PREVIEW } else { 0 })
}

/// Whether a tree page has room for the preview.
pub fn has_tree_preview(height: usize) -> bool {
    height >= TREE_PREVIEW_FROM
}
