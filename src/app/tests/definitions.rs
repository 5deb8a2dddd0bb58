//! The definitions pane under keys and snapshots.

use super::*;
use crate::app::definitions::{Deployed, RowId};
use crate::app::geometry::Pane;
use crate::model::grouping::KnownIncident;
use crate::model::ids::IncidentId;
use crate::model::search::{Among, Place, Source};
use crate::model::snapshot::IncidentSet;
use crate::poll::command::PollCommand;

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
    play.press("<down><down><esc>");
    assert_eq!(rows(&play).len(), 4, "esc on a version folds its process again");
    let selected = play.app.definitions.selected_id();
    assert_eq!(selected.as_deref(), Some("invoice"), "and the cursor stands on the process");
}

/// The sources of the search that was sent last.
fn asked(play: &Play) -> Vec<Source> {
    let sent = play.effects.iter().rev().find_map(|effect| match effect {
        Effect::Poll(PollCommand::Find(search)) => Some(search.sources.clone()),
        _ => None,
    });
    sent.unwrap_or_default()
}

#[test]
fn enter_on_a_version_lists_its_instances_those_with_an_incident_first() {
    let mut play = play();
    play.press("3<down><down><enter><down><down>");
    assert_eq!(play.app.definitions.selected_id().as_deref(), Some("invoice:1:uuid"));
    play.press("<enter>");
    let place = Place { definition: "invoice:1:uuid".into(), activity: None };
    assert_eq!(asked(&play), [Source::Of(place.clone(), Among::WithIncident), Source::Of(place, Among::All)]);
    let Some(Page::Results(page)) = play.app.page() else { panic!("{:?}", play.app.page()) };
    assert_eq!(page.needle.to_string(), "Rechnungsprüfung v1");
    play.press("<esc><esc>");
    assert!(play.app.page().is_none() && play.app.focus == Pane::Definitions, "esc leads back to the version");
}

#[test]
fn a_process_with_one_version_opens_that_version_and_describe_finds_its_newest_root() {
    let mut play = play();
    play.press("3<down>");
    assert_eq!(play.app.definitions.selected_id().as_deref(), Some("payment"));
    play.press("<enter>");
    assert!(matches!(asked(&play).first(), Some(Source::Of(place, _)) if place.definition.to_string().starts_with("payment")), "{:?}", asked(&play));
    play.press("<esc><esc>d");
    let newest = newest_root(&play, |known| known.incident.process_definition.as_ref().is_some_and(|id| id.to_string().starts_with("payment")));
    assert_eq!(play.incident_page().known.incident.id, newest);
}

fn newest_root(play: &Play, like: impl Fn(&KnownIncident) -> bool) -> IncidentId {
    let set = play.app.snapshot.incidents.get().expect("read");
    let roots = set.incidents.values().filter(|known| known.incident.is_root() && like(known));
    roots.max_by_key(|known| known.incident.created).expect("one").incident.id.clone()
}

#[test]
fn a_job_definition_opens_the_instances_at_its_activity_and_describes_its_newest_root() {
    let mut play = play();
    play.press("2<down>");
    let row = play.app.job_definitions.list.selected_present().and_then(|id| play.app.job_definitions.find(id, &play.app.snapshot)).expect("a row").clone();
    play.press("<enter>");
    let place = Place { definition: row.process_definition.clone().expect("a definition"), activity: row.activity.clone() };
    assert_eq!(asked(&play).last(), Some(&Source::Of(place, Among::All)));
    play.press("<esc><esc>d");
    match play.app.page() {
        Some(Page::Incident(page)) => assert_eq!(page.known.incident.job_definition, Some(row.id)),
        _ => assert!(play.app.notice.as_ref().is_some_and(|(words, _)| words.starts_with("No root incident")), "{:?}", play.app.notice),
    }
}

#[test]
fn keys_of_job_definitions_say_why_they_do_nothing() {
    let mut play = play();
    change(&mut play, |snapshot| {
        let mut rows = snapshot.job_definitions.get().expect("read").clone();
        rows.iter_mut().for_each(|row| (row.activity, row.process_definition) = (None, None));
        snapshot.job_definitions.succeed(rows, snapshot.taken);
        snapshot
            .incidents
            .succeed(IncidentSet { incidents: Arc::default(), complete: true, ..IncidentSet::clone(snapshot.incidents.get().unwrap()) }, snapshot.taken);
    });
    for (key, why) in [("<enter>", "belongs to no activity"), ("d", "No root incident is open in this row")] {
        play.press("2<down>").press(key);
        assert!(play.app.page().is_none());
        assert!(play.app.notice.as_ref().is_some_and(|(words, _)| words.contains(why)), "{key}: {:?}", play.app.notice);
    }
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
