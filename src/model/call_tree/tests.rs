//! Trees of a made-up engine: what is asked, in how many rounds, and what is shown.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::model::definition::ProcessInstance;
use crate::model::history::{HistoricInstance, InstanceState};
use crate::model::incident::Incident;
use crate::model::inquiry::{CALLED_PAGE, Called, CalledPage, InstanceFinding};
use crate::triage::signature;

/// Instances that call each other, and where they fail.
#[derive(Default)]
struct Engine {
    callers: BTreeMap<String, (Option<String>, String)>,
    failing: Vec<String>,
    over: HashSet<String>,
    no_history: bool,
    answers: HashMap<Inquiry, Finding>,
    asked: usize,
    rounds: usize,
}

impl Engine {
    fn instance(mut self, id: &str, caller: Option<&str>, at: &str) -> Self {
        self.callers.insert(id.to_owned(), (caller.map(str::to_owned), at.to_owned()));
        self
    }

    fn fails(mut self, id: &str) -> Self {
        self.failing.push(id.to_owned());
        self
    }

    /// From an instance up to the top.
    fn line(&self, id: &str) -> Vec<String> {
        let mut line = vec![id.to_owned()];
        while let Some((Some(caller), _)) = self.callers.get(line.last().unwrap()) {
            line.push(caller.clone());
        }
        line
    }

    fn incidents(&self) -> Vec<Arc<KnownIncident>> {
        let mut all = Vec::new();
        for (number, failing) in self.failing.iter().enumerate() {
            let line = self.line(failing);
            for (level, id) in line.iter().enumerate() {
                let name = |level: usize| IncidentId::new(format!("i-{number}-{level}"));
                let at = if level == 0 { "work".to_owned() } else { self.callers[&line[level - 1]].1.clone() };
                let incident = Incident {
                    id: name(level),
                    kind: "failedJob".into(),
                    process_definition: Some(format!("p{}:1:u", line.len() - level).as_str().into()),
                    process_instance: Some(id.as_str().into()),
                    execution: None,
                    activity: Some(at.as_str().into()),
                    failed_activity: None,
                    cause: Some(name(level.saturating_sub(1))),
                    root_cause: Some(name(0)),
                    configuration: None,
                    message: (level == 0).then(|| "broken".into()),
                    tenant: None,
                    job_definition: None,
                    annotation: None,
                    created: Timestamp::from_second(1_000 + number as i64).unwrap(),
                };
                all.push(Arc::new(KnownIncident { signature: signature("broken"), incident }));
            }
        }
        all
    }

    fn called(&self, id: &str) -> Called {
        Called {
            id: id.into(),
            definition: format!("p{}:1:u", self.line(id).len()).as_str().into(),
            process_key: None,
            business_key: Some("K".into()),
            tenant: None,
            standing: if self.over.contains(id) { Standing::Over(InstanceState::Completed) } else { Standing::Running },
            started: None,
            ended: None,
            called_at: if self.no_history { None } else { Some(self.callers[id].1.as_str().into()) },
        }
    }

    fn historic(&self, id: &str) -> HistoricInstance {
        HistoricInstance {
            id: id.into(),
            definition: self.called(id).definition,
            process_key: None,
            process_name: None,
            version: None,
            business_key: Some("K".into()),
            started: Timestamp::UNIX_EPOCH,
            ended: self.over.contains(id).then_some(Timestamp::UNIX_EPOCH),
            state: if self.over.contains(id) { InstanceState::Completed } else { InstanceState::Active },
            caller: self.callers[id].0.as_deref().map(Into::into),
            calling_case: None,
            root: None,
            tenant: None,
            delete_reason: None,
            start_user: None,
        }
    }

    fn find(&self, inquiry: &Inquiry) -> Finding {
        let runs = |id: &String| !self.over.contains(id);
        match inquiry {
            Inquiry::Instance(id) => {
                let known = self.callers.get_key_value(id.as_wire());
                let running = known.filter(|(id, _)| runs(id)).map(|(id, _)| {
                    let called = self.called(id);
                    ProcessInstance {
                        id: called.id,
                        definition: called.definition,
                        business_key: called.business_key,
                        suspended: false,
                        tenant: None,
                        case: None,
                    }
                });
                let caller = known.and_then(|(_, (caller, _))| caller.as_deref().map(Into::into)).filter(|_| running.is_some());
                let past = Ok(known.filter(|_| !self.no_history).map(|(id, _)| self.historic(id)));
                Finding::Instance(Box::new(InstanceFinding { running, past, caller, cases: None }))
            }
            Inquiry::Incidents(id) => Finding::Incidents(
                self.incidents().into_iter().filter(|known| known.incident.process_instance.as_ref() == Some(id) && runs(&id.as_wire().to_owned())).collect(),
            ),
            Inquiry::Chain(root) => Finding::Incidents(self.incidents().into_iter().filter(|known| known.incident.root_cause.as_ref() == Some(root)).collect()),
            Inquiry::Called(caller, which, page) => {
                let failing: HashSet<String> = self.failing.iter().flat_map(|id| self.line(id)).collect();
                let wanted = |id: &String| match which {
                    Which::Running => runs(id),
                    Which::Failing => runs(id) && failing.contains(id),
                    Which::Ended => !runs(id) && !self.no_history,
                };
                let all: Vec<&String> =
                    self.callers.iter().filter(|(id, (of, _))| of.as_deref() == Some(caller.as_wire()) && wanted(id)).map(|(id, _)| id).collect();
                let rows: Vec<Called> = all.iter().skip((page * CALLED_PAGE) as usize).take(CALLED_PAGE as usize).map(|id| self.called(id)).collect();
                Finding::Called(CalledPage {
                    more: rows.len() == CALLED_PAGE as usize,
                    rows,
                    cases: Vec::new(),
                    total: (*page == 0).then_some(all.len() as u64),
                    // Proved by a count, where all were called at one activity.
                    all_at: all
                        .first()
                        .map(|id| self.callers[*id].1.as_str())
                        .filter(|at| *which == Which::Running && !self.no_history && all.iter().all(|id| self.callers[*id].1 == *at))
                        .map(Into::into),
                    history: None,
                    unread: None,
                })
            }
            Inquiry::Tokens(_) => Finding::Tokens(Tokens::At(Vec::new())),
            other => panic!("a tree does not ask for {other:?}"),
        }
    }

    /// Asks until nothing is left to ask.
    fn settle(&mut self, view: &View) -> Tree {
        loop {
            let tree = build(view, self);
            let new: Vec<Inquiry> = tree.wants.iter().filter(|want| !self.answers.contains_key(*want)).cloned().collect();
            if new.is_empty() {
                return tree;
            }
            self.rounds += 1;
            self.asked += new.len();
            for inquiry in new {
                let finding = self.find(&inquiry);
                self.answers.insert(inquiry, finding);
            }
        }
    }
}

impl Facts for Engine {
    fn answer(&self, inquiry: &Inquiry) -> Option<&Finding> {
        self.answers.get(inquiry)
    }

    fn problem(&self, _: &Inquiry) -> Option<&Problem> {
        None
    }
}

/// A chain of so many levels, `a` at the top.
fn chain(levels: usize) -> Engine {
    let names: Vec<String> = (0..levels).map(|level| char::from(b'a' + level as u8).to_string()).collect();
    (0..levels).fold(Engine::default(), |engine, level| {
        engine.instance(&names[level], level.checked_sub(1).map(|above| names[above].as_str()), &format!("call-{}", names[level]))
    })
}

fn of(id: &str) -> View {
    View::of(Target::Instance(id.into()))
}

/// The rows as text: depth by indentation, `*` on the path, `!` for an own incident, `^` for one from below.
fn shown(tree: &Tree) -> Vec<String> {
    let mark = |row: &Row| match &row.content {
        Content::Instance(node) => {
            let id = node.id.to_string();
            format!("{id}{}{}", if node.own.is_empty() { "" } else { "!" }, if node.bubbled > 0 { "^" } else { "" })
        }
        Content::Case(row) => format!("case {}{}", row.case.id, if row.failing { "^" } else { "" }),
        Content::Fold(fold) => format!("{:?} x{} ({} failing)", fold.place, fold.count, fold.failing),
        Content::More { which, left, .. } => format!("{left:?} more {which:?}"),
        Content::Rest(count) => format!("{count} more without an incident"),
        Content::Remark(text) => text.clone(),
    };
    tree.rows.iter().map(|row| format!("{}{}{}", "  ".repeat(row.depth), if row.on_path { "*" } else { "" }, mark(row))).collect()
}

#[test]
fn the_way_to_the_cause_is_shown_from_whichever_level_one_comes() {
    for from in ["a", "b", "c"] {
        let mut engine = chain(3).instance("z", Some("b"), "call-z").fails("c");
        let tree = engine.settle(&of(from));
        assert_eq!(shown(&tree), ["*a^", "  *b^", "    *c!", "    z"], "from {from}");
        assert_eq!(tree.path.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a", "b", "c"], "from {from}");
    }
}

#[test]
fn a_tree_takes_no_more_rounds_than_it_has_levels_and_one() {
    for no_history in [false, true] {
        for levels in 1..=5 {
            let last = char::from(b'a' + levels as u8 - 1).to_string();
            for from in ["a".to_owned(), last.clone()] {
                let mut engine = Engine { no_history, ..chain(levels).fails(&last) };
                let tree = engine.settle(&of(&from));
                assert_eq!(tree.path.len(), levels);
                assert!(engine.rounds <= levels + 1, "{levels} levels from {from} took {} rounds", engine.rounds);
            }
        }
    }
}

#[test]
fn a_failure_on_a_middle_level_is_the_end_of_the_path_though_it_calls_others() {
    let mut engine = chain(3).fails("b");
    assert_eq!(shown(&engine.settle(&of("a"))), ["*a^", "  *b!", "    c"]);
    assert_eq!(shown(&engine.settle(&of("c"))), ["a^", "  b!", "    c"], "from below, the instance asked for is shown, and the cause is a key away");
}

#[test]
fn what_runs_beside_a_failure_does_not_hide_that_it_does_not_fail() {
    let mut engine = chain(2).instance("z", Some("a"), "call-z").fails("b");
    let tree = engine.settle(&of("z"));
    assert_eq!((tree.cause.clone(), tree.causes.len()), (None, 1), "another part of the tree fails");
    assert_eq!(tree.path.last().unwrap().to_string(), "z");
    let mut view = of("z");
    view.cause = tree.causes.first().and_then(|known| known.incident.root_cause.clone());
    assert_eq!(shown(&engine.settle(&view)), ["*a^", "  *b!", "  z"]);
}

fn campaign(letters: usize) -> Engine {
    (0..letters).fold(chain(1), |engine, number| engine.instance(&format!("letter-{number:05}"), Some("a"), "send"))
}

#[test]
fn ten_thousand_called_instances_are_one_row_and_the_failing_ones_below_it() {
    let mut engine = campaign(10_000).fails("letter-09999").fails("letter-00500");
    let tree = engine.settle(&View::of(Target::Incident(engine.incidents()[0].clone())));
    let rows = shown(&tree);
    assert_eq!(rows[0], "*a^");
    assert_eq!(rows[1], "  *Activity(ActivityId(send)) x10000 (2 failing)");
    assert_eq!(rows[2..], ["    letter-00500", "    *letter-09999!", "    9998 more without an incident"]);
    assert!(engine.asked < 20, "{} inquiries", engine.asked);
}

#[test]
fn pages_of_called_instances_are_read_when_asked_for_and_none_is_shown_twice() {
    let mut engine = campaign(120).fails("letter-00060");
    let mut view = of("a");
    let fold = NodeKey::Fold("a".into(), Place::Activity("send".into()));
    view.opened.insert(fold);
    let tree = engine.settle(&view);
    assert!(shown(&tree).contains(&"    Some(70) more Running".to_owned()), "{:?}", shown(&tree));
    view.pages.insert(("a".into(), Which::Running), 2);
    let tree = engine.settle(&view);
    let letters = tree.rows.iter().filter(|row| matches!(&row.content, Content::Instance(node) if node.id.as_wire().starts_with("letter"))).count();
    assert_eq!(letters, 120);
    assert!(!tree.rows.iter().any(|row| matches!(row.content, Content::More { .. })));
}

#[test]
fn one_place_among_the_rows_read_so_far_is_not_taken_for_the_only_one() {
    let at = |number: usize| if number < 60 { "first" } else { "second" };
    let mut engine = (0..120).fold(chain(1), |engine, number| engine.instance(&format!("letter-{number:05}"), Some("a"), at(number)));
    let tree = engine.settle(&of("a"));
    let folds: Vec<&Fold> = tree.rows.iter().filter_map(|row| if let Content::Fold(fold) = &row.content { Some(fold) } else { None }).collect();
    assert_eq!((folds.len(), folds[0].count, folds[0].exact), (1, 50, false));
    let mut view = of("a");
    view.pages.insert(("a".into(), Which::Running), 2);
    let tree = engine.settle(&view);
    let folds: Vec<&Fold> = tree.rows.iter().filter_map(|row| if let Content::Fold(fold) = &row.content { Some(fold) } else { None }).collect();
    assert_eq!(folds.iter().map(|fold| (fold.count, fold.exact)).collect::<Vec<_>>(), [(60, true), (60, true)]);
}

#[test]
fn an_instance_whose_caller_was_deleted_alone_is_the_top_of_its_tree() {
    let mut engine = chain(2);
    engine.over.insert("a".to_owned());
    let tree = engine.settle(&of("b"));
    assert_eq!((tree.top.clone(), tree.left_behind), (Top::Found, true));
    assert_eq!(shown(&tree), ["b"]);
}

#[test]
fn what_was_folded_belongs_to_its_caller_and_not_to_what_stands_beside_it() {
    let mut engine = campaign(20).instance("b", Some("a"), "another").fails("letter-00005");
    let tree = engine.settle(&of("a"));
    let letter = NodeKey::Instance("letter-00005".into());
    assert!(tree.row(&letter).is_some_and(|row| row.depth == 2), "{:?}", shown(&tree));
    assert_eq!(tree.parent(&letter), Some(&NodeKey::Instance("a".into())));
}

#[test]
fn following_another_cause_moves_no_row() {
    let mut engine = campaign(20).fails("letter-00005").fails("letter-00011");
    let rows = |tree: &Tree| tree.rows.iter().map(|row| row.key.clone()).collect::<Vec<_>>();
    let mut view = of("a");
    let first = engine.settle(&view);
    view.cause = Some("i-1-0".into());
    let second = engine.settle(&view);
    assert_ne!(first.path, second.path);
    assert_eq!(rows(&first), rows(&second));
}

#[test]
fn instances_that_are_over_are_shown_on_demand_and_where_the_whole_tree_is_over() {
    let mut engine = chain(2).instance("done", Some("a"), "call-done");
    engine.over.insert("done".to_owned());
    assert_eq!(shown(&engine.settle(&of("a"))), ["a", "  b"]);
    let mut view = of("a");
    view.opened.insert(NodeKey::Instance("a".into()));
    view.show_ended = true;
    assert_eq!(shown(&engine.settle(&view)), ["a", "  b", "  done"]);
    let mut engine = chain(2);
    engine.over.extend(["a".to_owned(), "b".to_owned()]);
    let tree = engine.settle(&of("b"));
    assert!(matches!(tree.top, Top::Over(_)));
    assert_eq!(shown(&tree), ["a", "  b"]);
}

#[test]
fn an_instance_nobody_knows_is_told_from_one_that_is_still_looked_for() {
    let mut engine = chain(1);
    assert_eq!(build(&of("x"), &engine).top, Top::Searching);
    assert_eq!(engine.settle(&of("x")).top, Top::NotFound);
    let mut incident = KnownIncident::clone(&chain(1).fails("a").incidents()[0]);
    incident.incident.process_instance = None;
    assert_eq!(build(&View::of(Target::Incident(Arc::new(incident))), &engine).top, Top::NoInstance);
}

#[test]
fn without_a_history_the_incidents_tell_which_activity_called_what_fails() {
    let mut engine = Engine { no_history: true, ..chain(2).instance("z", Some("a"), "call-z").fails("b") };
    let tree = engine.settle(&of("b"));
    assert_eq!(tree.node(&"b".into()).unwrap().called_at.as_ref().unwrap().1.to_string(), "call-b");
    assert_eq!(tree.node(&"z".into()).unwrap().called_at, None);
}

#[test]
fn circles_end() {
    let mut engine = Engine::default().instance("a", Some("b"), "x").instance("b", Some("a"), "y");
    assert!(engine.settle_circle(&of("a")).rows.len() <= 2);
}

impl Engine {
    /// Callers that call each other have no top: nothing may walk up to it.
    fn settle_circle(&mut self, view: &View) -> Tree {
        for (id, caller) in [("a", "b"), ("b", "a")] {
            let finding = InstanceFinding { running: None, past: Ok(None), caller: Some(caller.into()), cases: None };
            self.answers.insert(Inquiry::Instance(id.into()), Finding::Instance(Box::new(finding)));
        }
        build(view, self)
    }
}

proptest! {
    /// Whatever calls whatever: every row appears once, below its caller, and the path is unbroken.
    #[test]
    fn every_tree_is_whole(
        parents in prop::collection::vec(0usize..12, 1..40), failing in prop::collection::vec(0usize..40, 0..4), from in 0usize..40, no_history: bool,
        opened in prop::collection::vec(0usize..40, 0..10), show_ended: bool, over in prop::collection::vec(0usize..40, 0..6),
    ) {
        let name = |number: usize| format!("n{number:02}");
        let mut engine = Engine { no_history, ..Engine::default().instance(&name(0), None, "") };
        for (number, parent) in parents.iter().enumerate() {
            let parent = parent % (number + 1);
            engine = engine.instance(&name(number + 1), Some(&name(parent)), &format!("call-{}", number % 3));
        }
        let count = parents.len() + 1;
        // Only what called nothing can be over while its caller runs.
        let leaves: Vec<usize> = (1..count).filter(|number| !engine.callers.values().any(|(caller, _)| *caller == Some(name(*number)))).collect();
        engine.over = over.iter().filter_map(|at| leaves.get(at % leaves.len().max(1))).map(|leaf| name(*leaf)).collect();
        engine.failing = failing.iter().map(|at| name(at % count)).filter(|id| !engine.over.contains(id)).collect();
        engine.failing.sort();
        engine.failing.dedup();
        let mut view = of(&name(from % count));
        view.opened = opened.iter().map(|at| NodeKey::Instance(name(at % count).as_str().into())).collect();
        view.show_ended = show_ended;
        let tree = engine.settle(&view);
        let keys: HashSet<&NodeKey> = tree.rows.iter().map(|row| &row.key).collect();
        prop_assert_eq!(keys.len(), tree.rows.len());
        for row in &tree.rows {
            prop_assert_eq!(row.lines.len(), row.depth);
            if let (Content::Instance(node), Some(NodeKey::Instance(above))) = (&row.content, tree.parent(&row.key)) {
                prop_assert_eq!(engine.callers[node.id.as_wire()].0.as_deref(), Some(above.as_wire()));
            }
        }
        for pair in tree.path.windows(2) {
            prop_assert_eq!(engine.callers[pair[1].as_wire()].0.as_deref(), Some(pair[0].as_wire()));
        }
        // Without a history nobody tells of an instance that is over.
        let shown_at_all = if tree.top == Top::NotFound { &[][..] } else { &tree.path };
        prop_assert!(tree.top != Top::NotFound || no_history);
        for id in shown_at_all {
            prop_assert!(tree.node(id).is_some(), "{} is on the path and not shown: {:?}", id, shown(&tree));
        }
    }
}
