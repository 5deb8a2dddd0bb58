//! What the rest of the program may ask of the background task.

use std::sync::Arc;

use secrecy::SecretString;

use crate::model::description::Description;
use crate::model::grouping::{GroupKey, KnownIncident};
use crate::model::ids::{JobDefinitionId, ProcessDefinitionId};
use crate::model::inquiry::Inquiry;
use crate::model::search::{Found, Search};

/// The rows on the screen right now; what is known of them is kept fresh.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Looking {
    /// Job definitions whose jobs are counted.
    pub job_definitions: Vec<JobDefinitionId>,
    /// Definitions whose activity names are needed.
    pub definitions: Vec<ProcessDefinitionId>,
    /// Incidents whose instance and job or external task are shown.
    pub incidents: Vec<Arc<KnownIncident>>,
    /// Groups whose first sighting is shown.
    pub groups: Vec<GroupKey>,
    /// What is asked about single instances, most needed first.
    pub inquiries: Vec<Inquiry>,
}

/// A wish to the background task.
#[derive(Clone, Debug)]
pub enum PollCommand {
    /// Stop or resume background polling. What the operator asks for is still answered.
    Pause(bool),
    /// Ask everything on the screen again, now.
    Refresh,
    /// The rows on the screen have changed.
    Look(Looking),
    /// Read everything about one incident.
    Describe(Arc<KnownIncident>),
    /// Search, once. An older search is given up.
    Find(Search),
    /// Give the search up that is under way.
    GiveUp,
    /// Log in again, with these.
    Login {
        /// User name.
        user: String,
        /// Password.
        password: SecretString,
    },
}

/// The answer to a wish that is answered once.
#[derive(Clone, Debug)]
pub enum Told {
    /// To [`PollCommand::Describe`].
    Described(Box<Description>),
    /// To [`PollCommand::Find`].
    Found(Box<Found>),
}
