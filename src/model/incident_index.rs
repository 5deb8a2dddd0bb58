//! Open incidents by instance and by cause: two orders of the same rows, in which each question is one search. Made where incidents change, so
//! that nobody passes over a hundred thousand of them while drawing.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::grouping::KnownIncident;
use super::ids::{IncidentId, ProcessInstanceId};

type Rows = HashMap<IncidentId, Arc<KnownIncident>>;

/// The index of one set of incidents. It shares its rows and costs two pointers each.
#[derive(Clone, Debug, Default)]
pub struct IncidentIndex {
    by_instance: Vec<Arc<KnownIncident>>,
    by_cause: Vec<Arc<KnownIncident>>,
}

impl IncidentIndex {
    /// The index of these incidents. What an earlier index holds of them in order stays so: a few changes cost a pass, no sorting.
    pub fn of(rows: &Rows, before: &Self) -> Self {
        let has = |known: &&Arc<KnownIncident>| rows.get(&known.incident.id).is_some_and(|now| Arc::ptr_eq(now, known));
        let mut by_cause: Vec<Arc<KnownIncident>> = before.by_cause.iter().filter(has).cloned().collect();
        let mut by_instance: Vec<Arc<KnownIncident>> = before.by_instance.iter().filter(has).cloned().collect();
        if by_cause.len() < rows.len() {
            let new: Vec<&Arc<KnownIncident>> = rows.values().filter(|known| !before.has(known)).collect();
            by_instance.extend(new.iter().map(|known| Arc::clone(known)));
            by_cause.extend(new.into_iter().cloned());
            // Stable, and quick on two runs that are in order or nearly so.
            by_instance.sort_by(|a, b| instance(a).cmp(&instance(b)).then_with(|| newest_first(a, b)));
            by_cause.sort_by(|a, b| a.incident.root().cmp(b.incident.root()).then_with(|| newest_first(a, b)));
        }
        Self { by_instance, by_cause }
    }

    /// Whether it holds this very row.
    fn has(&self, known: &Arc<KnownIncident>) -> bool {
        let of_cause = self.caused_by(known.incident.root());
        of_cause.binary_search_by(|row| newest_first(row, known)).is_ok_and(|at| Arc::ptr_eq(&of_cause[at], known))
    }

    /// Those of an instance, newest first.
    pub fn of_instance(&self, id: &ProcessInstanceId) -> &[Arc<KnownIncident>] {
        run(&self.by_instance, |known| instance(known).cmp(&Some(id)))
    }

    /// Those of an instance, or those that stand on none, newest first.
    pub fn of_place(&self, instance: Option<&ProcessInstanceId>) -> &[Arc<KnownIncident>] {
        run(&self.by_instance, |known| self::instance(known).cmp(&instance))
    }

    /// Those with this root cause, newest first.
    pub fn caused_by(&self, root: &IncidentId) -> &[Arc<KnownIncident>] {
        run(&self.by_cause, |known| known.incident.root().cmp(root))
    }
}

fn instance(known: &KnownIncident) -> Option<&ProcessInstanceId> {
    known.incident.process_instance.as_ref()
}

fn newest_first(a: &KnownIncident, b: &KnownIncident) -> Ordering {
    b.incident.created.cmp(&a.incident.created).then_with(|| a.incident.id.cmp(&b.incident.id))
}

/// The rows that are equal, of rows in order.
fn run(rows: &[Arc<KnownIncident>], order: impl Fn(&KnownIncident) -> Ordering) -> &[Arc<KnownIncident>] {
    let from = rows.partition_point(|known| order(known) == Ordering::Less);
    let count = rows[from..].partition_point(|known| order(known) == Ordering::Equal);
    &rows[from..from + count]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::example;

    fn row(number: u64, instance: Option<u64>, root: u64, second: i64) -> Arc<KnownIncident> {
        let known = example::snapshot(example::noon()).incident(&"incident-0000".into()).expect("an incident").clone();
        let mut incident = known.incident.clone();
        incident.id = format!("i{number}").as_str().into();
        incident.process_instance = instance.map(|instance| format!("p{instance}").as_str().into());
        incident.root_cause = Some(format!("i{root}").as_str().into());
        incident.created = jiff::Timestamp::from_second(second).expect("a moment");
        KnownIncident::of(incident)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn an_index_that_follows_changes_finds_what_a_pass_over_all_rows_finds(
            steps in prop::collection::vec(prop::collection::vec((0u64..30, prop::option::of(0u64..5), 0u64..8, 0i64..4, any::<bool>()), 0..12), 1..6)
        ) {
            let (mut rows, mut index) = (Rows::new(), IncidentIndex::default());
            for changes in steps {
                for (number, instance, root, second, gone) in changes {
                    let row = row(number, instance, root, second);
                    if gone { rows.remove(&row.incident.id); } else { rows.insert(row.incident.id.clone(), row); }
                }
                index = IncidentIndex::of(&rows, &index);
                let all = |is: &dyn Fn(&KnownIncident) -> bool| {
                    let mut found: Vec<_> = rows.values().filter(|known| is(known)).cloned().collect();
                    found.sort_by(|a, b| newest_first(a, b));
                    found
                };
                for number in 0..9 {
                    let (id, root) = (ProcessInstanceId::from(format!("p{number}").as_str()), IncidentId::from(format!("i{number}").as_str()));
                    prop_assert_eq!(index.of_instance(&id), all(&|known| instance(known) == Some(&id)));
                    prop_assert_eq!(index.caused_by(&root), all(&|known| *known.incident.root() == root));
                }
                prop_assert_eq!(index.by_cause.len(), rows.len());
            }
        }
    }
}
