//! The request catalogue: one row for every REST call the product can make.
//!
//! Here stand the shape of a row and the questions asked of the table; the rows that read are in `rows.rs`, those that change something
//! in `changes.rs`, their names in `names.rs`, the filters that several rows share in `parameters.rs`. The client builds every request from its row and refuses a parameter the row does not name: an engine
//! silently ignores a filter it does not know and then answers for everything. No sending, no parsing.

mod changes;
mod names;
mod parameters;
mod rows;

use std::fmt;
use std::fmt::Write as _;

pub use names::RequestName;

/// HTTP method of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reading, parameters in the query.
    Get,
    /// Reading with a body, the engine's way to take long lists of ids; or making something new, such as a batch.
    Post,
    /// Changing what is there.
    Put,
    /// Removing what is there.
    Delete,
}

impl Method {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Where a parameter travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// In the query string.
    Query,
    /// As a field of the JSON body.
    Body,
}

/// The feature level from which something exists, in Camunda's numbering.
///
/// Operaton and CIB seven restarted at 1.0 with everything Camunda 7.24 has, so one number gates all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Since {
    /// Camunda's major and minor version.
    pub camunda: (u16, u16),
}

impl Since {
    /// In every engine the product supports.
    pub const ALWAYS: Self = Self { camunda: (7, 0) };

    /// From Camunda 7.`minor` on.
    pub const fn camunda7(minor: u16) -> Self {
        Self { camunda: (7, minor) }
    }
}

impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Camunda {}.{}", self.camunda.0, self.camunda.1)
    }
}

/// One parameter that a row may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, exactly as the engine spells it.
    pub name: &'static str,
    /// Where it travels.
    pub carrier: Carrier,
    /// Where it exists; older engines would ignore it.
    pub since: Since,
}

/// What a caller needs to be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Nothing, not even a login.
    Open,
    /// Any valid login.
    Login,
    /// Any one of these, each written as `PERMISSION on RESOURCE`.
    AnyOf(&'static [&'static str]),
}

/// Which history level the engine must keep for the answer to mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HistoryNeed {
    /// Runtime tables only.
    None,
    /// Level full, the engine's default; below it the answer is empty and no field says why.
    Full,
}

/// Whether a row changes anything in the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Changes nothing, whatever its method.
    Read,
    /// Changes something, and can be proved by this.
    Change(Evidence),
}

/// What proves that a change was made, and what else it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The row that each making of the change leaves in the log of operations: one of these, exactly once. Written for users that are
    /// logged in, at history level full.
    pub entries: &'static [Entry],
    /// Where to read what it is like now.
    pub state: State,
    /// What happens besides, for an operator to know before; may be empty.
    pub side_effects: &'static str,
}

/// A row of the log of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `operationType`.
    pub operation: &'static str,
    /// `entityType`.
    pub entity: &'static str,
    /// `property`; none where the operation names none. Further rows of the same operation name others.
    pub property: Option<&'static str>,
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.operation, self.entity)?;
        self.property.map_or(Ok(()), |property| write!(f, " ({property})"))
    }
}

/// What to read for a change: a field of the answer of a row that reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// The row.
    pub row: RequestName,
    /// The field, as the engine spells it; `id` where the change removes the whole.
    pub field: &'static str,
}

/// What a status means on one row, where it means more than usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Answered, but rows the caller may not read are left out without a word.
    SilentlyFiltered,
    /// The thing asked for does not exist, or not any more.
    Gone,
    /// The caller lacks a permission; the answer lists the alternatives.
    Denied,
}

/// One row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint {
    /// Its name.
    pub name: RequestName,
    /// Its method.
    pub method: Method,
    /// Path below the REST base (or below `/engine/{name}`), with `{…}` for each id.
    pub path: &'static str,
    /// Everything it may send besides the ids in the path.
    pub parameters: &'static [Parameter],
    /// Where the path exists.
    pub since: Since,
    /// What the caller must be allowed.
    pub permission: Permission,
    /// Which history it reads.
    pub history: HistoryNeed,
    /// Whether it changes anything.
    pub kind: Kind,
    /// Statuses that mean more than usual.
    pub statuses: &'static [(u16, Meaning)],
    /// What a reader should know before using it; may be empty.
    pub note: &'static str,
}

impl Endpoint {
    /// The parameter of that name, if this row may send it.
    pub fn parameter(&self, name: &str) -> Option<&'static Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// What proves the change it makes; none for a row that reads.
    pub fn evidence(&self) -> Option<&Evidence> {
        match &self.kind {
            Kind::Read => None,
            Kind::Change(evidence) => Some(evidence),
        }
    }

    /// What `status` means on this row beyond the usual.
    pub fn meaning(&self, status: u16) -> Option<Meaning> {
        self.statuses.iter().find(|(known, _)| *known == status).map(|(_, meaning)| *meaning)
    }
}

/// Every REST call the product can make, one row each, in the order of [`RequestName::ALL`].
pub fn catalogue() -> &'static [Endpoint] {
    &ROWS
}

static ROWS: [Endpoint; rows::READS.len() + changes::CHANGES.len()] = {
    let mut all = [rows::READS[0]; rows::READS.len() + changes::CHANGES.len()];
    let mut place = 0;
    while place < all.len() {
        all[place] = if place < rows::READS.len() { rows::READS[place] } else { changes::CHANGES[place - rows::READS.len()] };
        place += 1;
    }
    all
};

/// The row of one request.
pub fn endpoint(name: RequestName) -> &'static Endpoint {
    &ROWS[name as usize]
}

/// The catalogue as a Markdown table, for the documentation.
pub fn markdown() -> String {
    let mut table = String::from("| request | since | permission | history | proof of a change | note |\n|---|---|---|---|---|---|\n");
    for row in catalogue() {
        let history = match row.history {
            HistoryNeed::None => "",
            HistoryNeed::Full => "full",
        };
        let permission = match row.permission {
            Permission::Open => "no login".to_owned(),
            Permission::Login => "any login".to_owned(),
            Permission::AnyOf(names) => names.join(" or "),
        };
        let since = if row.since == Since::ALWAYS { String::new() } else { row.since.to_string() };
        let (proof, beside) = row.evidence().map_or_else(Default::default, |evidence| (proof(evidence), evidence.side_effects));
        let note = [beside, row.note].into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(" ");
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| `{} {}` | {since} | {permission} | {history} | {proof} | {note} |", row.method, row.path);
    }
    table
}

fn proof(evidence: &Evidence) -> String {
    let entries = evidence.entries.iter().map(Entry::to_string).collect::<Vec<_>>().join(" or ");
    let read = endpoint(evidence.state.row);
    format!("{entries}; `{}` of `{} {}`", evidence.state.field, read.method, read.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_name_has_exactly_one_row_at_its_place() {
        assert_eq!(catalogue().len(), RequestName::ALL.len());
        for (place, name) in RequestName::ALL.iter().enumerate() {
            assert_eq!(catalogue()[place].name, *name, "row {place}");
            assert_eq!(endpoint(*name).name, *name);
        }
    }

    #[test]
    fn no_two_rows_send_the_same_request() {
        for (place, row) in catalogue().iter().enumerate() {
            assert!(!catalogue()[..place].iter().any(|other| other.method == row.method && other.path == row.path), "{:?}", row.name);
        }
    }

    #[test]
    fn every_list_is_bounded() {
        for row in catalogue() {
            let lists = row.path.split('/').count() <= 3 && row.parameter("firstResult").is_some();
            assert!(!lists || row.parameter("maxResults").is_some(), "{:?} pages without a bound", row.name);
        }
    }

    #[test]
    fn get_rows_send_no_body() {
        for row in catalogue().iter().filter(|row| row.method == Method::Get) {
            assert!(row.parameters.iter().all(|parameter| parameter.carrier == Carrier::Query), "{:?}", row.name);
        }
    }

    #[test]
    fn what_reads_stands_before_what_changes_and_only_a_change_puts_or_deletes() {
        let first_change = catalogue().iter().position(|row| row.evidence().is_some()).expect("a change");
        for (place, row) in catalogue().iter().enumerate() {
            assert_eq!(row.evidence().is_some(), place >= first_change, "{:?}", row.name);
            assert!(row.evidence().is_some() || matches!(row.method, Method::Get | Method::Post), "{:?} reads", row.name);
            assert!(row.evidence().is_none() || row.method != Method::Get, "{:?} changes", row.name);
        }
    }

    #[test]
    fn a_row_that_reads_with_a_body_is_bounded() {
        for row in catalogue().iter().filter(|row| row.method == Method::Post && row.evidence().is_none()) {
            assert!(row.parameter("maxResults").is_some_and(|bound| bound.carrier == Carrier::Query), "{:?}", row.name);
        }
    }

    #[test]
    fn every_change_names_its_rights_its_entry_and_a_row_that_reads_it() {
        for row in catalogue() {
            let Some(evidence) = row.evidence() else { continue };
            assert!(matches!(row.permission, Permission::AnyOf([_, ..])), "{:?}", row.name);
            assert_eq!(row.meaning(403), Some(Meaning::Denied), "{:?}", row.name);
            assert!(!evidence.entries.is_empty(), "{:?}", row.name);
            assert!(endpoint(evidence.state.row).evidence().is_none(), "{:?} is read by a change", row.name);
        }
    }

    #[test]
    fn no_row_names_a_parameter_twice() {
        for row in catalogue() {
            for (place, parameter) in row.parameters.iter().enumerate() {
                assert!(!row.parameters[..place].iter().any(|other| other.name == parameter.name), "{:?}: {}", row.name, parameter.name);
            }
        }
    }

    #[test]
    fn parameters_of_newer_engines_are_gated() {
        assert_eq!(endpoint(RequestName::JobCount).parameter("acquired").map(|parameter| parameter.since), Some(Since::camunda7(24)));
        assert_eq!(endpoint(RequestName::JobCount).parameter("executable").map(|parameter| parameter.since), Some(Since::ALWAYS));
    }

    #[test]
    fn the_documentation_table_has_a_line_for_every_row() {
        let table = markdown();
        assert_eq!(table.lines().count(), catalogue().len() + 2);
        assert!(table.contains("| `GET /job/count` |"), "{table}");
        assert!(table.contains("| SetJobRetries on Job (retries); `retries` of `GET /job/{id}` |"), "{table}");
    }
}
