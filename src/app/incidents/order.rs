//! The columns of the incidents pane, and how rows stand in the order of each.

use std::cmp::{Ordering, Reverse};

use jiff::Timestamp;

use super::{business_key, retries};
use crate::model::grouping::{Group, KnownIncident, SignatureGroup};
use crate::model::ids::ProcessInstanceId;
use crate::model::naming;
use crate::model::snapshot::Snapshot;
use crate::text::EngineText;

/// Columns of the groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupColumn {
    /// Root incidents.
    Roots,
    /// Blocked parents.
    Blocked,
    /// Process and versions.
    Process,
    /// Activity.
    Activity,
    /// Incident type.
    Kind,
    /// Created in the last five minutes.
    Recent,
    /// Age of the oldest.
    Oldest,
    /// Age of the newest.
    Newest,
    /// Dominant error signature.
    Signature,
}

/// Columns of the signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureColumn {
    /// Root incidents.
    Count,
    /// Age of the oldest.
    Oldest,
    /// Age of the newest.
    Newest,
    /// The signature.
    Signature,
}

/// Columns of the incidents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentColumn {
    /// Age.
    Age,
    /// Business key of the instance.
    BusinessKey,
    /// Version of the process.
    Version,
    /// Attempts left.
    Retries,
    /// Process instance.
    Instance,
    /// Message.
    Message,
}

impl GroupColumn {
    /// All columns as shown.
    pub const ALL: [Self; 9] =
        [Self::Roots, Self::Blocked, Self::Process, Self::Activity, Self::Kind, Self::Recent, Self::Oldest, Self::Newest, Self::Signature];
}

impl SignatureColumn {
    /// All columns as shown.
    pub const ALL: [Self; 4] = [Self::Count, Self::Oldest, Self::Newest, Self::Signature];
}

impl IncidentColumn {
    /// All columns as shown.
    pub const ALL: [Self; 6] = [Self::Age, Self::BusinessKey, Self::Version, Self::Retries, Self::Instance, Self::Message];
}

/// Window of the "recent" column.
pub const RECENT: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

/// The natural order, or turned round.
pub(super) fn direct(ordering: Ordering, reversed: bool) -> Ordering {
    if reversed { ordering.reverse() } else { ordering }
}

pub(super) fn compare_groups(column: GroupColumn, a: &Group, b: &Group, since: Timestamp, snapshot: &Snapshot) -> Ordering {
    let place = |group: &Group| naming::of_group(group, snapshot);
    match column {
        GroupColumn::Roots => (b.roots, b.blocked).cmp(&(a.roots, a.blocked)),
        GroupColumn::Blocked => b.blocked.cmp(&a.blocked),
        GroupColumn::Process => place(a).process.cmp(&place(b).process),
        GroupColumn::Activity => place(a).activity.cmp(&place(b).activity),
        GroupColumn::Kind => a.key.kind.cmp(&b.key.kind),
        GroupColumn::Recent => b.created_since(since).cmp(&a.created_since(since)),
        GroupColumn::Oldest => a.oldest.cmp(&b.oldest),
        GroupColumn::Newest => b.newest.cmp(&a.newest),
        GroupColumn::Signature => a.signatures.first().map(|row| &row.key).cmp(&b.signatures.first().map(|row| &row.key)),
    }
}

pub(super) fn compare_signatures(column: SignatureColumn, a: &SignatureGroup, b: &SignatureGroup) -> Ordering {
    let oldest = |row: &SignatureGroup| row.incidents.last().map(|known| known.incident.created);
    let newest = |row: &SignatureGroup| row.incidents.first().map(|known| known.incident.created);
    match column {
        SignatureColumn::Count => b.incidents.len().cmp(&a.incidents.len()),
        SignatureColumn::Oldest => oldest(a).cmp(&oldest(b)),
        SignatureColumn::Newest => newest(b).cmp(&newest(a)),
        SignatureColumn::Signature => a.key.cmp(&b.key),
    }
}

/// Where an incident stands in a sorted list.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum IncidentOrder<'a> {
    Age(Reverse<Timestamp>),
    /// Rows whose key is not known yet stand behind those whose key is.
    BusinessKey(bool, Option<String>),
    Version(Reverse<Option<i64>>),
    Retries(Option<i64>),
    Instance(Option<&'a ProcessInstanceId>),
    Message(Option<&'a EngineText>),
}

impl<'a> IncidentOrder<'a> {
    pub(super) fn of(column: IncidentColumn, known: &'a KnownIncident, snapshot: &Snapshot) -> Self {
        use crate::model::grouping::Names;
        let incident = &known.incident;
        match column {
            IncidentColumn::Age => Self::Age(Reverse(incident.created)),
            IncidentColumn::BusinessKey => {
                let key = business_key(known, snapshot);
                Self::BusinessKey(key.is_none(), key)
            }
            IncidentColumn::Version => Self::Version(Reverse(incident.process_definition.as_ref().and_then(|id| snapshot.names().version(id)))),
            IncidentColumn::Retries => Self::Retries(retries(known, snapshot)),
            IncidentColumn::Instance => Self::Instance(incident.process_instance.as_ref()),
            IncidentColumn::Message => Self::Message(incident.message.as_ref()),
        }
    }
}
