//! What the rest of the program may ask of the background task.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::engine::Client;

use crate::model::description::Description;
use crate::model::freshness::{Polled, Presence};
use crate::model::grouping::{GroupKey, KnownIncident};
use crate::model::ids::{JobDefinitionId, ProcessDefinitionId};
use crate::model::inquiry::Inquiry;
use crate::model::search::{Found, Search};

/// How long an answer counts as fresh at least where it is needed seldom.
pub const SELDOM: Duration = Duration::from_secs(60);

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
    /// The same for what lies beside what is looked at: asked once, and then at most every [`SELDOM`]. None of them is among
    /// [`inquiries`](Self::inquiries).
    pub seldom: Vec<Inquiry>,
}

impl Looking {
    /// All that is asked about single instances, most needed first.
    pub fn all_inquiries(&self) -> impl Iterator<Item = &Inquiry> {
        self.inquiries.iter().chain(&self.seldom)
    }

    /// Under which promise one of them stands; none where it is read once, or never changes.
    pub fn polled(&self, inquiry: &Inquiry) -> Option<Polled> {
        match inquiry {
            Inquiry::SuspendedCount => Some(Polled::Suspended),
            _ if inquiry.is_read_once() => None,
            _ if self.inquiries.contains(inquiry) && inquiry.fresh_for() < SELDOM => Some(Polled::Rows),
            _ => Some(Polled::Beside),
        }
    }

    /// How long an answer to one of them counts as fresh.
    pub fn fresh_for(&self, inquiry: &Inquiry) -> Duration {
        let fresh_for = inquiry.fresh_for();
        if self.inquiries.contains(inquiry) || *inquiry == Inquiry::SuspendedCount { fresh_for } else { fresh_for.max(SELDOM) }
    }
}

/// A wish to the background task.
#[derive(Clone, Debug)]
pub enum PollCommand {
    /// Stop or resume background polling. What the operator asks for is still answered.
    Pause(bool),
    /// Ask everything on the screen again, now.
    Refresh,
    /// Somebody came or went: other promises are in force.
    Presence(Presence),
    /// The rows on the screen have changed.
    Look(Looking),
    /// Read everything about one incident.
    Describe(Arc<KnownIncident>),
    /// Search, once. An older search is given up.
    Find(Search),
    /// Give the search up that is under way.
    GiveUp,
    /// Go on with this client, which another user logged in with. Its login is neither proven nor refused yet.
    Adopt {
        /// Who.
        user: String,
        /// Shared with whatever else asks this engine.
        client: Client,
    },
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
