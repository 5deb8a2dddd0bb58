//! Pages: what takes the screen from the panes when a row is opened. They stand on each other, and esc leads back.
//!
//! | page | what belongs there |
//! |---|---|
//! | [`incident`] | everything about one incident |

pub mod incident;

use super::document::Document;
use super::keymap::Context;
use super::list::Motion;
use crate::model::description::Description;
use crate::model::grouping::key_of;
use crate::model::section::Moment;
use crate::model::snapshot::Snapshot;
use crate::poll::command::{Looking, PollCommand};

use self::incident::IncidentPage;

/// A page.
#[derive(Clone, Debug)]
pub enum Page {
    /// Everything about one incident.
    Incident(Box<IncidentPage>),
}

impl Page {
    /// Which keys hold on it.
    pub fn context(&self) -> Context {
        match self {
            Self::Incident(_) => Context::Text,
        }
    }

    /// Tells how many lines fit below the title.
    pub fn set_height(&mut self, height: usize) {
        match self {
            Self::Incident(page) => page.text.set_height(height),
        }
    }

    /// Notes a new picture.
    pub fn refresh(&mut self, snapshot: &Snapshot) {
        match self {
            Self::Incident(page) => page.refresh(snapshot),
        }
    }

    /// Takes the answers to a describe in, if they belong here.
    pub fn fill(&mut self, description: &Description, snapshot: &Snapshot) {
        match self {
            Self::Incident(page) if page.known.incident.id == description.incident => page.fill(description.clone(), snapshot),
            Self::Incident(_) => {}
        }
    }

    /// Moves the cursor or scrolls.
    pub fn go(&mut self, motion: Motion) {
        match self {
            Self::Incident(page) => page.text.go(motion),
        }
    }

    /// The text to search in, where the page is one.
    pub fn text(&self) -> Option<&Document> {
        match self {
            Self::Incident(page) => Some(&page.text),
        }
    }

    /// The same, to be searched or scrolled.
    pub fn text_mut(&mut self) -> Option<&mut Document> {
        match self {
            Self::Incident(page) => Some(&mut page.text),
        }
    }

    /// Adds what must be known to show the page.
    pub fn look(&self, snapshot: &Snapshot, looking: &mut Looking) {
        match self {
            Self::Incident(page) => {
                looking.definitions.extend(page.known.incident.process_definition.clone());
                looking.groups.push(key_of(&page.known.incident, &snapshot.names()));
            }
        }
    }

    /// What the operator may want to paste elsewhere: the id of what the page or its selected row is about.
    pub fn id(&self) -> Option<String> {
        match self {
            Self::Incident(page) => Some(page.known.incident.id.to_string()),
        }
    }

    /// Asks for everything on it again.
    pub fn ask_again(&mut self, now: Moment) -> Option<PollCommand> {
        match self {
            Self::Incident(page) => {
                page.asked = now;
                Some(PollCommand::Describe(page.known.clone()))
            }
        }
    }
}
