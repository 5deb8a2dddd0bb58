//! How old each polled thing may become, and whether one has: the promises, and by code why one is broken. Pure: moments come in.
//!
//! Every polled thing has a promise, a longest age. What is older is *stale*: it is never shown in colours of health, and nobody says
//! `live` beside it. The screen, the headless picture and the tests of the poller all ask the same functions here.
//! Words are made from the codes where they are shown.

use std::collections::BTreeMap;
use std::time::Duration;

use super::figure::Figure;
use super::inquiry::Inquiry;
use super::section::Moment;
use super::snapshot::{Link, Snapshot};

/// A picture that old was not followed by another one: the background task itself stands still.
pub const SILENT: Duration = Duration::from_secs(25);

/// What is read once on demand is marked as old from this age on: nobody reads it again by itself.
pub const READ_ONCE: Duration = Duration::from_secs(60);

/// Whether somebody looks: a key within the last minutes, a screen on a wall, an action under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// Somebody does.
    #[default]
    Somebody,
    /// Nobody does.
    Nobody,
}

/// A polled thing with a promise of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Polled {
    /// A key figure.
    Figure(Figure),
    /// Open incidents.
    Incidents,
    /// Process definitions with their suspension.
    Definitions,
    /// Job definitions with their suspension.
    JobDefinitions,
    /// How many instances and jobs are suspended.
    Suspended,
    /// Job counts, jobs, tasks and instances of the rows on the screen, and what an open page asks.
    Rows,
    /// What lies beside the rows that are looked at, and is read less often.
    Beside,
    /// Figures per process definition.
    Statistics,
    /// When definitions were deployed.
    Deployments,
    /// What the login may see and do.
    Rights,
}

impl Polled {
    /// Its longest age: while somebody is present, and else.
    const fn promises(self) -> (u64, u64) {
        match self {
            Polled::Figure(_) => (15, 60),
            Polled::Incidents | Polled::Definitions | Polled::JobDefinitions | Polled::Suspended | Polled::Rows => (60, 120),
            Polled::Beside => (180, 300),
            // Dear for the engine, and nothing an operator acts on alone.
            Polled::Statistics => (300, 900),
            Polled::Deployments | Polled::Rights => (900, 1_800),
        }
    }

    /// What every screen of bpmtop says something of: the key figures, and what the first line counts. No badge is a claim too.
    pub fn on_every_screen() -> impl Iterator<Item = Polled> {
        let others = [Polled::Incidents, Polled::Definitions, Polled::JobDefinitions, Polled::Suspended];
        Figure::ALL.into_iter().map(Polled::Figure).chain(others)
    }

    /// Its longest age.
    pub const fn promise(self, presence: Presence) -> Duration {
        let (somebody, nobody) = self.promises();
        Duration::from_secs(match presence {
            Presence::Somebody => somebody,
            Presence::Nobody => nobody,
        })
    }
}

/// What stands in the way of the next reading of something, as the background task knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// It was asked and is not answered yet.
    Awaited,
    /// The last attempts failed.
    Failing,
    /// This login may not read it, or this engine cannot tell it.
    Withheld,
    /// It is due and the limit of load does not allow it yet.
    HeldBack,
}

/// How polling stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Polling {
    /// Which promises are in force.
    pub presence: Presence,
    /// When polling began: what was never read is missed from then on.
    pub begun: Option<Moment>,
    /// Since when the engine as a whole answers slowly, if it does.
    pub slow_since: Option<Moment>,
    /// What stands in the way of a next reading, where something does.
    pub hindered: BTreeMap<Polled, Hindrance>,
}

/// Why a promise is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// It is being read.
    Reading,
    /// The limit of load holds it back.
    HeldBack,
    /// The engine answers too slowly.
    Slow,
    /// The engine answers with errors, or not at all to this question.
    Failing,
    /// Something before the engine asks to be left alone.
    Gateway,
    /// The engine does not answer.
    NoAnswer,
    /// The operator paused polling.
    Paused,
    /// The engine refused the login.
    LoginRefused,
    /// The background task fell or stands still.
    Poller,
}

/// A broken promise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stale {
    /// Since when the promise is broken.
    pub since: Moment,
    /// When it was last read; none if it never was.
    pub read: Option<Moment>,
    /// Why.
    pub why: Why,
}

/// How something stands against its promise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Freshness {
    /// It keeps its promise.
    Fresh,
    /// It was not read yet, and is not late.
    Unread,
    /// It cannot be known: not permitted, or no such thing on this engine.
    Withheld,
    /// It is older than promised.
    Stale(Stale),
}

impl Freshness {
    /// The broken promise, if it is one.
    pub fn stale(self) -> Option<Stale> {
        if let Self::Stale(stale) = self { Some(stale) } else { None }
    }

    /// Whether the promise is broken.
    pub fn is_stale(self) -> bool {
        matches!(self, Self::Stale(_))
    }
}

/// How old something is that was read at `taken`. By the clock on the wall too: the other one stands still while a computer sleeps.
pub fn age(taken: Moment, now: Moment) -> Duration {
    now.since(taken).max(Duration::try_from(now.wall.duration_since(taken.wall)).unwrap_or_default())
}

impl Snapshot {
    /// How long this may become old now.
    pub fn promise(&self, polled: Polled) -> Duration {
        polled.promise(self.polling.presence)
    }

    /// How something read at `taken` stands against its promise. What was never read is late once polling runs for that long.
    pub fn freshness_of(&self, polled: Polled, taken: Option<Moment>, now: Moment) -> Freshness {
        let promise = self.promise(polled);
        let hindrance = self.polling.hindered.get(&polled);
        match taken {
            Some(read) if age(read, now) > promise => Freshness::Stale(Stale { since: read.after(promise), read: Some(read), why: self.why(polled, now) }),
            Some(_) => Freshness::Fresh,
            None if hindrance == Some(&Hindrance::Withheld) => Freshness::Withheld,
            None => match self.polling.begun.filter(|begun| age(*begun, now) > promise) {
                Some(begun) => Freshness::Stale(Stale { since: begun.after(promise), read: None, why: self.why(polled, now) }),
                None => Freshness::Unread,
            },
        }
    }

    /// How a polled thing of the whole engine stands against its promise. Rows are asked one by one: [`freshness_of`](Self::freshness_of).
    pub fn freshness(&self, polled: Polled, now: Moment) -> Freshness {
        let taken = match polled {
            Polled::Figure(figure) => self.figures.get(&figure).and_then(|state| state.section.taken),
            Polled::Incidents => self.incidents.taken,
            Polled::Definitions => self.definitions.taken,
            Polled::JobDefinitions => self.job_definitions.taken,
            Polled::Suspended => {
                let counted = [Inquiry::Suspended, Inquiry::SuspendedCount].iter().filter_map(|inquiry| self.findings.get(inquiry)?.taken);
                counted.max_by_key(|taken| taken.instant)
            }
            Polled::Statistics => self.statistics.taken,
            Polled::Deployments => self.deployments.taken,
            Polled::Rights => self.rights.taken,
            Polled::Rows | Polled::Beside => return Freshness::Unread,
        };
        self.freshness_of(polled, taken, now)
    }

    /// Why nothing newer is there.
    fn why(&self, polled: Polled, now: Moment) -> Why {
        match &self.link {
            Link::LoginRefused { .. } | Link::LoginAgain { .. } => Why::LoginRefused,
            Link::PollerFailed { .. } => Why::Poller,
            _ if age(self.taken, now) > SILENT => Why::Poller,
            Link::Paused { .. } => Why::Paused,
            _ if self.waiting.is_some() => Why::Gateway,
            Link::Down { .. } | Link::Connecting => Why::NoAnswer,
            Link::Live => match self.polling.hindered.get(&polled) {
                _ if self.polling.slow_since.is_some() => Why::Slow,
                Some(Hindrance::Failing | Hindrance::Withheld) => Why::Failing,
                Some(Hindrance::Awaited) => Why::Slow,
                Some(Hindrance::HeldBack) => Why::HeldBack,
                None => Why::Reading,
            },
        }
    }
}

/// The gravest of several broken promises: the one broken first, and of those broken together the one with the graver reason.
pub fn worst(stale: impl IntoIterator<Item = Freshness>) -> Option<Stale> {
    stale.into_iter().filter_map(Freshness::stale).min_by_key(|stale| (stale.since.instant, std::cmp::Reverse(stale.why)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example;

    const DUE: Polled = Polled::Figure(Figure::JobsDue);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_figure_is_fresh_for_as_long_as_is_promised_and_not_a_moment_longer() {
        let mut snapshot = example::snapshot(example::noon());
        let now = snapshot.figures[&Figure::JobsDue].section.taken.expect("read");
        for (presence, promise) in [(Presence::Somebody, 15), (Presence::Nobody, 60)] {
            snapshot.polling.presence = presence;
            snapshot.taken = now.after(seconds(promise));
            assert_eq!(snapshot.freshness(DUE, now.after(seconds(promise))), Freshness::Fresh);
            let stale = snapshot.freshness(DUE, now.after(seconds(promise) + Duration::from_millis(1))).stale().expect("stale");
            assert_eq!((stale.since, stale.read, stale.why), (now.after(seconds(promise)), Some(now), Why::Reading));
        }
    }

    #[test]
    fn the_reason_is_that_of_the_connection_before_that_of_the_question() {
        let now = example::noon();
        let later = now.after(seconds(20));
        let mut snapshot = example::snapshot(now);
        snapshot.taken = later;
        snapshot.polling.hindered.insert(DUE, Hindrance::HeldBack);
        let why = |snapshot: &Snapshot| snapshot.freshness(DUE, later).stale().map(|stale| stale.why);
        assert_eq!(why(&snapshot), Some(Why::HeldBack));
        snapshot.polling.slow_since = Some(now);
        assert_eq!(why(&snapshot), Some(Why::Slow));
        snapshot.link = Link::Paused { since: now };
        assert_eq!(why(&snapshot), Some(Why::Paused));
        snapshot.taken = now;
        let much_later = now.after(seconds(30));
        assert_eq!(snapshot.freshness(DUE, much_later).stale().map(|stale| stale.why), Some(Why::Poller), "nobody made a picture since");
    }

    #[test]
    fn what_was_never_read_is_late_once_polling_runs_for_that_long_and_what_may_not_be_read_never() {
        let now = example::noon();
        let mut snapshot = example::snapshot(now);
        snapshot.figures.insert(Figure::JobsDue, Default::default());
        snapshot.polling.begun = Some(now);
        snapshot.taken = now.after(seconds(16));
        assert_eq!(snapshot.freshness(DUE, now.after(seconds(15))), Freshness::Unread);
        assert_eq!(snapshot.freshness(DUE, now.after(seconds(16))).stale().map(|stale| stale.read), Some(None));
        snapshot.polling.hindered.insert(DUE, Hindrance::Withheld);
        assert_eq!(snapshot.freshness(DUE, now.after(seconds(16))), Freshness::Withheld);
    }

    #[test]
    fn a_computer_that_slept_does_not_find_its_figures_fresh() {
        let now = example::noon();
        let slept = Moment { instant: now.instant, wall: now.wall + jiff::SignedDuration::from_hours(3) };
        assert!(example::snapshot(now).freshness(DUE, slept).is_stale());
    }

    #[test]
    fn the_promise_broken_first_is_the_one_that_is_told() {
        let now = example::noon();
        let stale = |since: u64, why| Freshness::Stale(Stale { since: now.after(seconds(since)), read: None, why });
        let told = worst([Freshness::Fresh, stale(9, Why::Paused), stale(3, Why::Reading), stale(3, Why::Slow)]);
        assert_eq!(told, stale(3, Why::Slow).stale());
    }
}
