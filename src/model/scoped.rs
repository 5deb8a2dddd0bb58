//! The picture as far as a scope admits it: what can be told from the data at hand is counted anew, and the rest stays the whole engine's.

use std::collections::HashMap;
use std::sync::Arc;

use super::figure::Figure;
use super::grouping::{Group, Groups, Names as _};
use super::ids::{ProcessDefinitionId, ProcessKey, TenantId};
use super::incident::Incident;
use super::scope::Scope;
use super::section::Section;
use super::series::Series;
use super::snapshot::{FigureState, Snapshot};
use crate::text::EngineText;

/// Figures that are counted within a scope: from incidents and from statistics. All others are the whole engine's.
pub const SCOPED_FIGURES: [Figure; 4] = [Figure::IncidentsRoot, Figure::IncidentsBlocked, Figure::JobsFailed, Figure::Instances];

/// Whether a figure comes from the statistics while a scope is on: these are read less often than anything else.
pub fn from_statistics(figure: Figure) -> bool {
    matches!(figure, Figure::JobsFailed | Figure::Instances)
}

/// A picture within a scope.
#[derive(Clone, Debug)]
pub struct Scoped {
    /// The picture. Incidents, definitions and names stay complete, because pages of incidents within lead to things without.
    pub snapshot: Snapshot,
    /// Parents within the scope that wait for a root incident outside of it.
    pub blocked_from_outside: usize,
}

/// Puts a scope over a picture. The figures that are counted anew come without their history, which is the whole engine's.
pub fn scoped(whole: &Snapshot, scope: &Scope) -> Scoped {
    let mut snapshot = whole.clone();
    let category = |definition: Option<&ProcessDefinitionId>| category_of(whole, definition);
    let admits_group = |group: &Group| scope.admits(group.key.tenant.as_ref(), group.key.process.as_ref(), category(group.definition.as_ref()));
    let groups: Vec<Group> = whole.groups.groups.iter().filter(|group| admits_group(group)).cloned().collect();
    snapshot.groups = Arc::new(Groups {
        stage: snapshot.groups.stage,
        roots: groups.iter().map(|group| group.roots).sum(),
        blocked: groups.iter().map(|group| group.blocked).sum(),
        groups,
    });
    snapshot.job_definitions = part(&whole.job_definitions, |rows| {
        let admitted = rows.iter().filter(|row| scope.admits(row.tenant.as_ref(), row.process_key.as_ref(), category(row.process_definition.as_ref())));
        admitted.cloned().collect()
    });
    snapshot.statistics = part(&whole.statistics, |rows| {
        let admitted = rows.iter().filter(|row| {
            let definition = &row.definition;
            scope.admits(definition.tenant.as_ref(), Some(&definition.key), definition.category.as_ref())
        });
        admitted.cloned().collect()
    });
    for figure in SCOPED_FIGURES {
        let state = scoped_figure(figure, whole, &snapshot);
        snapshot.figures.insert(figure, state);
    }
    Scoped { blocked_from_outside: blocked_from_outside(whole, scope), snapshot }
}

/// Category of a definition, if it is known.
pub fn category_of<'a>(snapshot: &'a Snapshot, definition: Option<&ProcessDefinitionId>) -> Option<&'a EngineText> {
    snapshot.definitions.get()?.by_id.get(definition?)?.category.as_ref()
}

/// A section of other data with the same age and problem.
fn part<T>(section: &Section<T>, of: impl FnOnce(&T) -> T) -> Section<T> {
    Section { data: section.get().map(|data| Arc::new(of(data))), taken: section.taken, problem: section.problem.clone() }
}

fn scoped_figure(figure: Figure, whole: &Snapshot, within: &Snapshot) -> FigureState {
    let section = if from_statistics(figure) {
        let sum = within.statistics.get().map(|rows| {
            let counts = rows.iter().map(|row| if figure == Figure::Instances { row.instances } else { row.failed_jobs });
            counts.sum::<u64>() as f64
        });
        Section { data: sum.map(Arc::new), taken: within.statistics.taken, problem: within.statistics.problem.clone() }
    } else {
        let state = whole.figures.get(&figure).cloned().unwrap_or_default();
        let count = if figure == Figure::IncidentsRoot { within.groups.roots } else { within.groups.blocked };
        part(&state.section, |_| count as f64)
    };
    FigureState { section, series: Arc::new(Series::default()) }
}

fn blocked_from_outside(whole: &Snapshot, scope: &Scope) -> usize {
    let Some(set) = whole.incidents.get() else { return 0 };
    let mut answers = Answers { whole, scope, known: HashMap::new() };
    let mut count = 0;
    for parent in set.incidents.values().map(|known| &known.incident).filter(|incident| !incident.is_root()) {
        let root = parent.root_cause.as_ref().and_then(|id| set.incidents.get(id));
        let outside = root.is_some_and(|root| !answers.admits(&root.incident));
        count += usize::from(outside && answers.admits(parent));
    }
    count
}

/// What a scope said of a tenant and a definition: thousands of incidents share a few, and patterns are matched once for each.
struct Answers<'a> {
    whole: &'a Snapshot,
    scope: &'a Scope,
    known: HashMap<(Option<&'a TenantId>, Option<&'a ProcessDefinitionId>), bool>,
}

impl<'a> Answers<'a> {
    fn admits(&mut self, incident: &'a Incident) -> bool {
        let (tenant, definition) = (incident.tenant.as_ref(), incident.process_definition.as_ref());
        *self.known.entry((tenant, definition)).or_insert_with(|| {
            let process: Option<ProcessKey> = definition.map(|id| self.whole.names().process_key(id));
            self.scope.admits(tenant, process.as_ref(), category_of(self.whole, definition))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::example;

    fn within(typed: &str) -> (Snapshot, Scoped) {
        let whole = example::snapshot(example::noon());
        let scoped = scoped(&whole, &Scope::parse(typed, &[]).expect("a scope"));
        (whole, scoped)
    }

    #[test]
    fn figures_of_incidents_are_those_of_the_groups_within() {
        let (whole, within) = within("process:payment");
        assert_eq!((whole.value(Figure::IncidentsRoot), within.snapshot.value(Figure::IncidentsRoot)), (Some(21.0), Some(14.0)));
        assert_eq!(within.snapshot.value(Figure::IncidentsBlocked), Some(14.0));
        assert_eq!(within.snapshot.groups.groups.len(), 1);
    }

    #[test]
    fn instances_and_jobs_out_of_retries_come_from_the_statistics_with_their_age() {
        let (whole, within) = within("process:invoice");
        let rows = whole.statistics.get().unwrap().iter().filter(|row| row.definition.key.as_wire() == "invoice");
        let (instances, failed) = rows.fold((0, 0), |(instances, failed), row| (instances + row.instances, failed + row.failed_jobs));
        assert!(instances > 0 && failed > 0);
        assert_eq!(within.snapshot.value(Figure::Instances), Some(instances as f64));
        assert_eq!(within.snapshot.value(Figure::JobsFailed), Some(failed as f64));
        assert_eq!(within.snapshot.figures[&Figure::Instances].section.taken, whole.statistics.taken);
    }

    #[test]
    fn a_figure_that_cannot_be_told_apart_stays_the_whole_engines_and_brings_its_history() {
        let (whole, within) = within("process:invoice");
        for figure in Figure::ALL {
            let same = Arc::ptr_eq(&whole.figures[&figure].series, &within.snapshot.figures[&figure].series);
            assert_eq!(same, !SCOPED_FIGURES.contains(&figure), "{figure:?}");
        }
        assert_eq!(within.snapshot.value(Figure::JobsDue), whole.value(Figure::JobsDue));
    }

    #[test]
    fn without_statistics_their_figures_are_unknown_rather_than_the_whole_engines() {
        let mut whole = example::snapshot(example::noon());
        whole.statistics = Section::default();
        let within = scoped(&whole, &Scope::parse("process:invoice", &[]).expect("a scope"));
        assert_eq!(within.snapshot.value(Figure::Instances), None);
    }

    #[test]
    fn parents_within_that_wait_for_a_root_without_are_told() {
        assert_eq!(within("process:order").1.blocked_from_outside, 14);
        assert_eq!(within("process:order").1.snapshot.value(Figure::IncidentsBlocked), Some(0.0));
        assert_eq!(within("process:payment").1.blocked_from_outside, 0);
        assert_eq!(within("process:{order,payment}").1.blocked_from_outside, 0);
    }

    #[test]
    fn scopes_that_share_nothing_add_up_to_the_whole() {
        let (whole, payment) = within("process:payment");
        let (_, rest) = within("process:{order,invoice,reconciliation}");
        let sum = |figure| payment.snapshot.value(figure).unwrap() + rest.snapshot.value(figure).unwrap();
        assert_eq!(sum(Figure::IncidentsRoot), whole.value(Figure::IncidentsRoot).unwrap());
        assert_eq!(sum(Figure::IncidentsBlocked), whole.value(Figure::IncidentsBlocked).unwrap());
    }

    #[test]
    fn job_definitions_are_those_of_processes_within() {
        let (_, within) = within("process:payment");
        let rows = within.snapshot.job_definitions.get().unwrap();
        assert_eq!(rows.iter().map(|row| row.id.as_wire()).collect::<Vec<_>>(), ["jd-1", "jd-4"]);
    }
}
