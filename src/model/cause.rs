//! The innermost causes behind errors that do not tell theirs: a few stack traces of a signature are read, and what they name is told for
//! all of it, with how many were read.

use std::collections::BTreeMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use super::grouping::{KnownIncident, SignatureGroup};
use super::ids::{ExternalTaskId, JobId};
use super::incident::Incident;
use super::inquiry::{Finding, Inquiry};
use super::snapshot::Snapshot;
use crate::triage::{Cause, Signature, hides_cause, signature};

/// Stack traces read of one signature at most.
pub const MOST_READ: usize = 5;

/// The failed work whose stack trace tells the cause.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TraceOf {
    /// A job.
    Job(JobId),
    /// An external task: its error details.
    ExternalTask(ExternalTaskId),
}

impl TraceOf {
    /// The work behind an incident; none for a blocked parent or a type of its own.
    pub fn of(incident: &Incident) -> Option<Self> {
        let id = incident.configuration.clone().filter(|_| incident.is_root())?;
        match incident.kind.as_wire() {
            "failedJob" => Some(Self::Job(id.into())),
            "failedExternalTask" => Some(Self::ExternalTask(id.into())),
            _ => None,
        }
    }
}

/// Which incidents of a signature stand for all: the same ones as long as they are open, whatever comes and goes beside them, so that
/// watching a signature does not read its traces again and again.
pub fn samples(incidents: &[Arc<KnownIncident>]) -> Vec<Arc<KnownIncident>> {
    let hides = incidents.first().is_some_and(|known| hides_cause(known.incident.message.as_ref().map(|message| message.as_wire())));
    if !hides {
        return Vec::new();
    }
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    let mut chosen: Vec<(u64, &Arc<KnownIncident>)> = Vec::with_capacity(MOST_READ + 1);
    for known in incidents.iter().filter(|known| TraceOf::of(&known.incident).is_some()) {
        let place = hasher.hash_one(known.incident.id.as_wire());
        if chosen.len() == MOST_READ && chosen.last().is_some_and(|last| last.0 <= place) {
            continue;
        }
        chosen.push((place, known));
        chosen.sort_by_key(|(place, _)| *place);
        chosen.truncate(MOST_READ);
    }
    chosen.into_iter().map(|(_, known)| Arc::clone(known)).collect()
}

/// What to ask for the causes of a row; nothing where its messages tell them.
pub fn inquiries(row: &SignatureGroup) -> impl Iterator<Item = Inquiry> {
    row.samples.iter().filter_map(|known| TraceOf::of(&known.incident)).map(Inquiry::Cause)
}

/// What the traces read of a row name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Causes {
    /// Each cause with how many of the traces name it, most first.
    pub named: Vec<(String, usize)>,
    /// Traces read.
    pub read: usize,
    /// Incidents of the row.
    pub of: usize,
}

impl Causes {
    /// Of a row, once a trace of it was read that names a cause.
    pub fn of(row: &SignatureGroup, snapshot: &Snapshot) -> Option<Self> {
        let mut by_signature: BTreeMap<Signature, (String, usize)> = BTreeMap::new();
        let mut read = 0;
        for known in &row.samples {
            let Some(found) = of_incident(known, snapshot) else { continue };
            read += 1;
            if let Some(cause) = found {
                by_signature.entry(signature(&cause.line())).or_insert_with(|| (cause.line(), 0)).1 += 1;
            }
        }
        let mut named: Vec<_> = by_signature.into_values().collect();
        named.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        (!named.is_empty()).then_some(Self { named, read, of: row.incidents.len() })
    }

    /// The causes, the most frequent first.
    pub fn words(&self) -> String {
        match self.named.as_slice() {
            [(only, _)] => only.clone(),
            many => {
                let told: Vec<String> = many.iter().map(|(cause, count)| format!("{count}: {cause}")).collect();
                format!("{} causes: {}", many.len(), told.join("; "))
            }
        }
    }

    /// How many traces that is from.
    pub fn read_words(&self) -> String {
        format!("cause read for {} of {}", self.read, crate::text::count_exact(self.of as u64))
    }
}

/// The cause of one incident, once its trace was read; inner none where the trace names none.
pub fn of_incident<'a>(known: &KnownIncident, snapshot: &'a Snapshot) -> Option<Option<&'a Cause>> {
    match snapshot.findings.get(&Inquiry::Cause(TraceOf::of(&known.incident)?))?.get()? {
        Finding::Cause(cause) => Some(cause.as_deref()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::model::example;
    use crate::model::grouping::SignatureKey;
    use crate::model::section::Section;

    fn row(numbers: std::ops::Range<usize>, message: &str) -> SignatureGroup {
        let incidents: Vec<_> = numbers
            .map(|number| {
                let trouble = example::Trouble { number, root: None, definition: "order:7", activity: "a", message: Some(message.into()), age: number as i64 };
                example::incident(&trouble, example::noon())
            })
            .collect();
        SignatureGroup { key: SignatureKey::of(&incidents[0]), samples: samples(&incidents), incidents }
    }

    const HIDING: &str = "An exception occurred in the persistence layer.";

    #[test]
    fn five_of_many_are_read_and_stay_the_same_while_others_come() {
        let (few, more) = (row(0..300, HIDING), row(0..301, HIDING));
        assert_eq!(inquiries(&few).count(), MOST_READ);
        let same = more.samples.iter().filter(|known| few.samples.iter().any(|other| other.incident.id == known.incident.id)).count();
        assert!(same >= MOST_READ - 1, "{same}");
        assert_eq!(inquiries(&row(0..300, "Connection refused")).count(), 0, "a message that tells its cause costs nothing");
    }

    #[test]
    fn causes_are_told_apart_and_it_is_said_how_many_were_read() {
        let row = row(0..40, HIDING);
        let mut snapshot = example::snapshot(example::noon());
        assert_eq!(Causes::of(&row, &snapshot), None);
        let cause = |text: &str| Cause { exception: "SQLException".into(), text: text.into(), statement: None };
        let mut findings = HashMap::new();
        for (inquiry, text) in inquiries(&row).zip(["too long 1", "too long 2", "too long 3", "no such table"]) {
            let mut section = Section::default();
            section.succeed(Finding::Cause(Some(Box::new(cause(text)))), example::noon());
            findings.insert(inquiry, section);
        }
        snapshot.findings = Arc::new(findings);
        let causes = Causes::of(&row, &snapshot).expect("causes");
        assert_eq!(causes.read_words(), "cause read for 4 of 40");
        assert_eq!(causes.words(), "2 causes: 3: SQLException: too long 1; 1: SQLException: no such table");
    }
}
