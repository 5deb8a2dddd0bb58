//! Events become rows: long silences are marked, and the place from which on older events may be missing.

use std::time::Duration;

use jiff::Timestamp;

use super::{Event, Key};

/// A silence is marked if it is longer than this many usual distances…
const TIMES_USUAL: u32 = 10;

/// … and no shorter than this.
const LEAST_GAP: Duration = Duration::from_secs(60);

/// What a row is, for as long as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RowKey {
    /// An event.
    Event(Key),
    /// The silence between two events.
    Gap(Key, Key),
    /// Where the line is not complete any more.
    Older,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// An event, and whether everything around it is known.
    Event(Box<Event>, bool),
    /// So long nothing happened.
    Gap(Duration),
    /// What happened before may be missing.
    Older,
}

/// The rows of these events, which come and go oldest first.
pub fn rows(events: Vec<Event>, complete_since: Option<Timestamp>) -> Vec<(RowKey, Row)> {
    let known = |at: Timestamp| complete_since.is_none_or(|since| at >= since);
    let threshold = threshold(&events.iter().map(|event| event.at).filter(|at| known(*at)).collect::<Vec<_>>());
    let mut rows = Vec::with_capacity(events.len() + 8);
    let mut before: Option<(Key, Timestamp)> = None;
    let mut marked = complete_since.is_none();
    for event in events {
        let complete = known(event.at);
        if complete && !marked {
            rows.push((RowKey::Older, Row::Older));
            marked = true;
        }
        if let (Some((key, at)), Some(threshold)) = (&before, threshold) {
            let silence = distance(*at, event.at);
            if known(*at) && silence > threshold && silence >= LEAST_GAP {
                rows.push((RowKey::Gap(key.clone(), event.key.clone()), Row::Gap(silence)));
            }
        }
        before = Some((event.key.clone(), event.at));
        rows.push((RowKey::Event(event.key.clone()), Row::Event(Box::new(event), complete)));
    }
    if !marked {
        rows.push((RowKey::Older, Row::Older));
    }
    rows
}

fn distance(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// Silences longer than this are marked; none where there are no distances to compare.
fn threshold(moments: &[Timestamp]) -> Option<Duration> {
    let mut distances: Vec<Duration> = moments.windows(2).map(|pair| distance(pair[0], pair[1])).collect();
    distances.sort();
    let median = distances.get(distances.len().checked_sub(1)? / 2)?;
    Some(median.saturating_mul(TIMES_USUAL))
}
