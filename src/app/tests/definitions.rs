//! The definitions pane under keys and snapshots.

use super::*;
use crate::app::definitions::{Deployed, RowId};
use crate::app::geometry::Pane;

/// The rows on the screen: key and version, or the number of versions in brackets.
fn rows(play: &Play) -> Vec<String> {
    let pane = &play.app.definitions;
    let label = |id: &RowId| {
        let (process, version) = pane.find(id).expect("known");
        match id {
            RowId::Process(_) => format!("{} ({})", process.id.key, process.versions.len()),
            RowId::Version(_) => format!("{} v{}", process.id.key, version.definition.version),
        }
    };
    pane.list.visible().map(|(id, _)| label(id)).collect()
}

fn change(play: &mut Play, change: impl FnOnce(&mut Snapshot)) {
    let mut snapshot = example::snapshot(play.now);
    change(&mut snapshot);
    play.send(Message::Snapshot(Arc::new(snapshot)));
}

#[test]
fn versions_of_a_process_are_one_row_until_they_are_folded_out() {
    let mut play = play();
    play.press("3");
    assert_eq!(rows(&play), ["payment (1)", "invoice (2)", "order (1)", "reconciliation (1)"]);
    play.press("<down><down><enter>");
    assert_eq!(rows(&play), ["payment (1)", "invoice (2)", "invoice v3", "invoice v1", "order (1)", "reconciliation (1)"]);
    play.press("<down><down><enter>");
    assert_eq!(rows(&play).len(), 4, "from a version it folds in again");
    let selected = play.app.definitions.selected_id();
    assert_eq!(selected.as_deref(), Some("invoice"), "and the cursor stands on the process");
}

#[test]
fn a_folded_row_adds_its_versions_up() {
    let mut play = play();
    play.press("3<down><down>");
    let pane = &play.app.definitions;
    let (process, newest) = pane.find(pane.list.selected_key().unwrap()).unwrap();
    let figures = process.figures().unwrap();
    assert_eq!((figures.instances, figures.roots, figures.failed_jobs), (17_012, 6, 6));
    assert_eq!((process.suspended(), process.draining(), newest.definition.version), (1, 1, 3));
}

#[test]
fn the_drain_view_shows_only_old_versions_with_instances() {
    let mut play = play();
    play.press("o");
    assert_eq!(play.app.focus, Pane::Definitions);
    assert_eq!(rows(&play), ["invoice v1"]);
    play.press("<down><esc>");
    assert_eq!(rows(&play).len(), 4, "esc shows everything again");
    assert_eq!(play.app.focus, Pane::Definitions);
}

#[test]
fn esc_undoes_the_fold_then_the_filter_then_leaves() {
    let mut play = play();
    play.press("3/invoice<enter><down><enter>");
    assert_eq!(rows(&play), ["invoice (2)", "invoice v3", "invoice v1"]);
    play.press("<esc>");
    assert_eq!(rows(&play), ["invoice (2)"]);
    play.press("<esc>");
    assert_eq!(rows(&play).len(), 4);
    play.press("<esc>");
    assert_eq!(play.app.focus, Pane::Incidents);
}

#[test]
fn a_deployment_is_awaited_then_dated_or_unknown() {
    let mut play = play();
    let deployed = |play: &Play, key: &str| {
        let processes = play.app.definitions.processes();
        processes.iter().find(|process| process.id.key.as_wire() == key).unwrap().newest().deployed
    };
    assert!(matches!(deployed(&play, "order"), Deployed::At(_)));
    assert_eq!(deployed(&play, "reconciliation"), Deployed::Unknown);
    change(&mut play, |snapshot| snapshot.deployments = Default::default());
    assert_eq!(deployed(&play, "order"), Deployed::NotYet);
    let problem = Problem { label: "forbidden", what: "no".into(), remedy: "ask".into() };
    change(&mut play, |snapshot| {
        snapshot.deployments = Default::default();
        snapshot.deployments.fail(problem);
    });
    assert_eq!(deployed(&play, "order"), Deployed::Unknown);
}

#[test]
fn definitions_without_statistics_are_rows_without_figures_and_the_other_way_round() {
    let mut play = play();
    change(&mut play, |snapshot| snapshot.statistics = Default::default());
    let processes = play.app.definitions.processes();
    assert_eq!(processes.len(), 4);
    assert!(processes.iter().all(|process| process.figures().is_none()));
    change(&mut play, |snapshot| snapshot.definitions = Default::default());
    assert_eq!(play.app.definitions.processes().len(), 4);
    assert!(play.app.definitions.processes().iter().all(|process| process.figures().is_some()));
}

#[test]
fn versions_of_one_key_at_two_tenants_are_two_processes_with_a_newest_each() {
    let mut play = play();
    change(&mut play, |snapshot| {
        let mut definitions = snapshot.definitions.get().unwrap().clone();
        definitions.by_id.get_mut(&"invoice:1:uuid".into()).unwrap().tenant = Some("acme".into());
        snapshot.definitions.succeed(definitions, snapshot.taken);
    });
    let invoices: Vec<_> = play.app.definitions.processes().iter().filter(|process| process.id.key.as_wire() == "invoice").collect();
    assert_eq!(invoices.len(), 2);
    assert!(invoices.iter().all(|process| process.newest().newest && process.draining() == 0));
}

#[test]
fn every_column_can_sort_and_the_cursor_stays_on_its_row() {
    let mut play = play();
    play.press("3<down>");
    let selected = play.app.definitions.selected_id();
    let mut orders = std::collections::HashSet::new();
    for _ in 0..9 {
        play.press("s");
        orders.insert(rows(&play));
        play.press("S");
        orders.insert(rows(&play));
        assert_eq!(play.app.definitions.selected_id(), selected);
    }
    assert!(orders.len() > 6, "{orders:?}");
}

#[test]
fn tab_goes_round_three_panes() {
    let mut play = play();
    let mut seen = Vec::new();
    for _ in 0..3 {
        play.press("<tab>");
        seen.push(play.app.focus);
    }
    assert_eq!(seen, [Pane::JobDefinitions, Pane::Definitions, Pane::Incidents]);
}
