//! How what is on the screen stands against its promises, and whether somebody looks. Which things are on the screen is known here; how
//! old each may become, in `model::freshness`.

use std::time::Duration;

use super::{App, Effect};
use crate::model::figure::Figure;
use crate::model::freshness::{Freshness, Polled, Presence, Stale, worst};
use crate::model::ids::{ExternalTaskId, JobId};
use crate::model::inquiry::Inquiry;
use crate::model::scoped::from_statistics;
use crate::model::section::Section;
use crate::poll::command::PollCommand;

/// Somebody who pressed a key looks for so long.
pub const PRESENT: Duration = Duration::from_secs(5 * 60);

impl App {
    /// Whether somebody looks: a key within the last minutes, a screen on a wall, an action under way.
    pub fn presence(&self) -> Presence {
        let looks = self.settings.wall || self.now.since(self.last_key) < PRESENT || self.acting.running().next().is_some();
        if looks { Presence::Somebody } else { Presence::Nobody }
    }

    /// Tells the background task when somebody came or went.
    pub(super) fn tell_presence(&mut self, effects: &mut Vec<Effect>) {
        let presence = self.presence();
        if presence != self.presence_told && self.first_run.is_none() {
            self.presence_told = presence;
            effects.push(Effect::Poll(PollCommand::Presence(presence)));
        }
    }

    /// How a polled thing stands against its promise.
    pub fn freshness(&self, polled: Polled) -> Freshness {
        self.snapshot.freshness(polled, self.now)
    }

    /// What a figure comes from: within a scope some are counted by the statistics, under whose promise they stand.
    pub fn polled_for(&self, figure: Figure) -> Polled {
        if self.scoping.scope().is_on() && from_statistics(figure) { Polled::Statistics } else { Polled::Figure(figure) }
    }

    /// How a figure as it is shown stands against its promise.
    pub fn figure_freshness(&self, figure: Figure) -> Freshness {
        self.freshness(self.polled_for(figure))
    }

    /// How something on the screen stands that was read row by row, such as the answer to an inquiry; what was not read yet is no row.
    pub fn row_freshness<T>(&self, section: &Section<T>, polled: Polled) -> Freshness {
        section.taken.map_or(Freshness::Unread, |taken| self.snapshot.freshness_of(polled, Some(taken), self.now))
    }

    /// How the answer to an inquiry stands; what is read once has no promise.
    pub fn inquiry_freshness(&self, inquiry: &Inquiry) -> Freshness {
        let section = self.whole().findings.get(inquiry).cloned();
        match (section, self.looking.polled(inquiry)) {
            (Some(section), Some(polled)) => self.row_freshness(&section, polled),
            _ => Freshness::Unread,
        }
    }

    /// How the open page stands: as the latest of what it asks and looks at.
    pub fn page_freshness(&self) -> Freshness {
        worst(self.looking.inquiries.iter().map(|inquiry| self.inquiry_freshness(inquiry))).map_or(Freshness::Fresh, Freshness::Stale)
    }

    /// The gravest broken promise among all that is polled and on the screen; none while all keep theirs.
    pub fn stale(&self) -> Option<Stale> {
        let whole = self.whole();
        let figures = Figure::ALL.into_iter().map(|figure| self.figure_freshness(figure));
        let counted = Polled::on_every_screen().filter(|polled| !matches!(polled, Polled::Figure(_))).map(|polled| whole.freshness(polled, self.now));
        let statistics = (self.pages.is_empty() && self.geometry().definitions.is_some()).then(|| self.freshness(Polled::Statistics));
        worst(figures.chain(counted).chain(statistics).chain(self.rows()))
    }

    /// How the rows on the screen stand, and what the open page asks.
    fn rows(&self) -> Vec<Freshness> {
        let (whole, looking) = (self.whole(), &self.looking);
        let mut all = Vec::new();
        all.extend(looking.job_definitions.iter().filter_map(|id| Some(self.row_freshness(whole.job_counts.get(id)?, Polled::Rows))));
        for incident in looking.incidents.iter().map(|known| &known.incident) {
            let instance = incident.process_instance.as_ref().and_then(|id| whole.instances.get(id));
            all.extend(instance.map(|section| self.row_freshness(section, Polled::Rows)));
            if let Some(configuration) = &incident.configuration {
                let job = whole.jobs.get(&JobId::from(configuration.clone()));
                all.extend(job.map(|section| self.row_freshness(section, Polled::Rows)));
                let task = whole.external_tasks.get(&ExternalTaskId::from(configuration.clone()));
                all.extend(task.map(|section| self.row_freshness(section, Polled::Rows)));
            }
        }
        all.extend(looking.all_inquiries().filter(|inquiry| **inquiry != Inquiry::SuspendedCount).map(|inquiry| self.inquiry_freshness(inquiry)));
        all
    }
}
