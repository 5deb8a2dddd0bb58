//! The tree of called instances: which rows are unfolded, where the cursor is, and which cause is followed. The tree itself is made in
//! [`call_tree`](crate::model::call_tree).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Contents, rows_in};
use crate::app::keymap::Context;
use crate::app::list::{ListState, Motion};
use crate::model::call_tree::{Content, Facts, MOST_PAGES, Node, NodeKey, Row, Target, Top, Tree, Unfolded, View, build};
use crate::model::failing;
use crate::model::grouping::KnownIncident;
use crate::model::ids::ProcessDefinitionId;
use crate::model::ids::{IncidentId, ProcessInstanceId};
use crate::model::inquiry::{Finding, Inquiry, Which};
use crate::model::section::{Moment, Problem, Section};
use crate::model::snapshot::{IncidentSet, Snapshot};
use crate::model::succession::Succession;
use crate::model::suspension;
use crate::poll::command::Looking;

/// Rows whose tokens are asked for: more are not on a screen.
const MOST_TOKENS: usize = 80;

/// Page of one tree.
#[derive(Clone, Debug)]
pub struct TreePage {
    /// What the operator chose to see.
    pub view: View,
    /// The rows.
    pub tree: Tree,
    /// Where the cursor is.
    pub list: ListState<NodeKey>,
    /// The last look at rows that vanished, and since when, for saying what they were and what became of them.
    pub vanished: HashMap<NodeKey, (Row, Moment)>,
    /// Whether an incident was open in the tree since it is looked at.
    pub had_causes: bool,
    /// Whether the tree was seen running; what happened to it since is news.
    pub seen_running: bool,
    /// Whether the picture holds all incidents, so that none are asked for.
    knows_all: bool,
    /// What the rows were built from: nothing is built anew while it is the same.
    basis: Option<Basis>,
    /// Whether all that was asked first has been answered: from then on the cursor goes nowhere by itself.
    settled: bool,
    /// Whether the operator chose where the cursor is, which is never overruled.
    moved: bool,
}

impl TreePage {
    /// The tree of this target, as far as it is known already.
    pub fn new(target: Target, snapshot: &Snapshot) -> Self {
        let mut page = Self {
            view: View::of(target),
            tree: Tree::default(),
            list: ListState::default(),
            vanished: HashMap::new(),
            had_causes: false,
            seen_running: false,
            knows_all: false,
            basis: None,
            settled: false,
            moved: false,
        };
        page.refresh(snapshot);
        page
    }

    /// Follows the work behind the incident that the tree was opened for, and behind the cause that was chosen: a retry that failed again
    /// makes new incidents, and the way to the cause goes on leading there.
    fn follow(&mut self, set: &IncidentSet) {
        if let Target::Incident(known) = &self.view.target
            && let Some(Succession::FailedAgain(now)) = set.successor(&known.incident)
        {
            self.view.target = Target::Incident(now);
        }
        let chosen = self.view.cause.as_ref().filter(|cause| !set.incidents.contains_key(cause));
        if let Some(gone) = chosen.and_then(|cause| self.tree.causes.iter().find(|known| known.incident.root() == cause))
            && let Some(Succession::FailedAgain(now)) = set.successor(&gone.incident)
        {
            self.view.cause = Some(now.incident.root().clone());
        }
    }

    fn rebuild(&mut self, snapshot: &Snapshot, mourn: bool) {
        let set = snapshot.incidents.get().filter(|set| set.complete);
        if let Some(set) = set {
            self.follow(set);
        }
        self.knows_all = set.is_some();
        let mut tree = build(&self.view, &Known { snapshot, set });
        if set.is_some() {
            // Where all incidents are known, none are asked for.
            tree.wants.retain(|want| !matches!(want, Inquiry::Incidents(_) | Inquiry::Chain(_)));
        }
        let answered = |want: &Inquiry| snapshot.findings.get(want).is_some_and(|section| section.data.is_some() || section.problem.is_some());
        let settled = tree.top != Top::Searching && tree.wants.iter().all(answered);
        self.seen_running |= tree.top == Top::Found && !tree.rows.is_empty();
        self.view.callers.extend(tree.callers.drain());
        // What was shown because it led to a cause stays open when that cause goes.
        self.view.led.extend(tree.path.iter().map(|id| NodeKey::Instance(id.clone())).filter(|key| !self.view.closed.contains(key)));
        if tree.top == Top::NotFound && !self.tree.rows.is_empty() {
            // What was last known stays readable.
            self.tree.top = Top::NotFound;
            self.tree.wants = tree.wants;
            return;
        }
        self.had_causes |= !tree.causes.is_empty();
        self.take(tree, mourn, snapshot.taken);
        self.settled |= settled;
    }

    fn take(&mut self, tree: Tree, mourn: bool, now: Moment) {
        for row in self.tree.rows.drain(..) {
            self.vanished.insert(row.key.clone(), (row, now));
        }
        self.tree = tree;
        let mourn = mourn && !matches!(self.tree.top, Top::Over(_));
        let keys = self.tree.rows.iter().map(|row| row.key.clone()).collect();
        self.list.follow(keys, |key| mourn && matches!(key, NodeKey::Instance(_)));
        let list = &self.list;
        self.vanished.retain(|key, _| list.is_ghost(key) && list.visible().any(|(shown, _)| shown == key));
        self.place_cursor();
    }

    /// Puts the cursor on the cause while the tree is being found, unless the operator moved it.
    fn place_cursor(&mut self) {
        if self.moved || self.settled || self.tree.rows.is_empty() {
            return;
        }
        let target = self.tree.path.last().filter(|_| self.tree.top != Top::Searching);
        let Some(key) = target.map(|id| NodeKey::Instance(id.clone())).filter(|key| self.tree.row(key).is_some()) else { return };
        if self.list.selected_key() != Some(&key) {
            self.list.select(&key);
        }
        self.list.show_top();
    }

    /// Notes that the operator has acted on where the cursor is.
    pub fn touch(&mut self) {
        self.moved = true;
    }

    /// The row under the cursor; one that has vanished is none.
    pub fn selected(&self) -> Option<&Row> {
        self.list.selected_present().and_then(|key| self.tree.row(key))
    }

    /// The instance under the cursor.
    pub fn selected_node(&self) -> Option<&Node> {
        match &self.selected()?.content {
            Content::Instance(node) => Some(node),
            _ => None,
        }
    }

    /// Unfolds the selected row; on one that is unfolded already, goes to the first row below it.
    pub fn unfold(&mut self, snapshot: &Snapshot, now: Moment) {
        self.moved = true;
        let Some(row) = self.selected() else { return };
        let (key, unfolded) = (row.key.clone(), unfolded(row));
        match unfolded {
            Some(Unfolded::Closed | Unfolded::OnlyFailing) => {
                self.view.closed.remove(&key);
                self.view.opened.insert(key);
                self.rebuild(snapshot, false);
            }
            Some(Unfolded::Open) => self.list.go(Motion::Down, now.instant),
            _ => {}
        }
    }

    /// Folds the selected row; on one that is folded or has nothing below, goes to the instance above.
    pub fn fold(&mut self, snapshot: &Snapshot) -> bool {
        self.moved = true;
        let Some(row) = self.selected() else { return false };
        let key = row.key.clone();
        if matches!(unfolded(row), Some(Unfolded::Open | Unfolded::OnlyFailing)) {
            self.view.opened.remove(&key);
            self.view.closed.insert(key);
            self.rebuild(snapshot, false);
            return true;
        }
        self.to_caller()
    }

    /// Puts the cursor on the instance above; false at the top.
    pub fn to_caller(&mut self) -> bool {
        self.moved = true;
        let above = self.list.selected_key().and_then(|key| self.tree.parent(key)).cloned();
        if let Some(above) = &above {
            self.list.select(above);
        }
        above.is_some()
    }

    /// Puts the cursor on the cause that is followed; if it is there already, follows the next one. False where there is none.
    pub fn to_cause(&mut self, snapshot: &Snapshot) -> bool {
        let at_cause = self.tree.path.last().map(|id| NodeKey::Instance(id.clone()));
        let there = at_cause.is_some() && self.list.selected_key() == at_cause.as_ref() && self.tree.cause.is_some();
        let causes: Vec<IncidentId> = self.tree.causes.iter().map(|known| known.incident.root().clone()).collect();
        if causes.is_empty() {
            return false;
        }
        if there || self.tree.cause.is_none() {
            let at = self.tree.cause.as_ref().and_then(|cause| causes.iter().position(|other| other == cause));
            self.view.cause = Some(causes[at.map_or(0, |at| (at + 1) % causes.len())].clone());
        }
        // What was folded by hand must not hide the way.
        self.view.closed.clear();
        (self.moved, self.settled) = (false, false);
        self.rebuild(snapshot, false);
        true
    }

    /// Shows instances that are over too, or no more.
    pub fn toggle_ended(&mut self, snapshot: &Snapshot) {
        self.view.show_ended = !self.view.show_ended;
        self.rebuild(snapshot, false);
    }

    /// Shows all instances of a place, if the cursor is on the row of those that are not shown.
    pub fn show_rest(&mut self, snapshot: &Snapshot) {
        if let Some(Row { key: NodeKey::Rest(caller, place), .. }) = self.selected() {
            let fold = NodeKey::Fold(caller.clone(), place.clone());
            self.view.opened.insert(fold);
            self.list.go_above();
            self.rebuild(snapshot, false);
        }
    }

    /// Reads the next page of called instances, if the cursor is on such a row.
    pub fn read_more(&mut self, snapshot: &Snapshot) -> bool {
        let Some(Row { key: NodeKey::More(caller, which), .. }) = self.selected() else { return false };
        let place = (caller.clone(), *which);
        if self.view.pages.get(&place).copied().unwrap_or(0) + 1 >= MOST_PAGES {
            return false;
        }
        *self.view.pages.entry(place).or_insert(0) += 1;
        // The row gives its place to the first of those that come.
        self.list.go_above();
        self.rebuild(snapshot, false);
        true
    }

    /// Whether an inquiry is about rows beyond the first page none of which is on the screen: what was read of them is kept as it was.
    fn is_out_of_sight(&self, inquiry: &Inquiry, snapshot: &Snapshot, visible: &HashSet<&NodeKey>) -> bool {
        let Inquiry::Called(_, _, 1..) = inquiry else { return false };
        match snapshot.findings.get(inquiry).and_then(|section| section.get()) {
            Some(Finding::Called(page)) => !page.rows.iter().any(|row| visible.contains(&NodeKey::Instance(row.id.clone()))),
            _ => false,
        }
    }

    /// What became of an instance that vanished, in words, as far as it is known.
    pub fn fate(&self, key: &NodeKey, snapshot: &Snapshot) -> &'static str {
        const NOT_LISTED: &str = "no longer listed here";
        let NodeKey::Instance(id) = key else { return NOT_LISTED };
        // What was read before it vanished tells nothing of it.
        let since = self.vanished.get(key).map(|(_, since)| since.instant);
        let section = snapshot.findings.get(&Inquiry::Instance(id.clone()));
        let section = section.filter(|section| section.taken.is_some_and(|taken| since.is_none_or(|since| taken.instant > since)));
        match section.and_then(|section| section.get()) {
            Some(Finding::Instance(finding)) => match (&finding.running, &finding.past) {
                (Some(_), _) => "still runs, not listed here",
                (None, Ok(Some(past))) if past.is_over() => past.state.words(),
                _ => NOT_LISTED,
            },
            _ => NOT_LISTED,
        }
    }
}

impl Contents for TreePage {
    fn context(&self) -> Context {
        Context::Tree
    }

    fn crumb(&self) -> &'static str {
        "Tree"
    }

    fn set_height(&mut self, height: usize) {
        self.list.set_height(rows_in(height));
    }

    /// Builds the rows anew from what is known now. Rows that vanish stay until the next motion.
    fn refresh(&mut self, snapshot: &Snapshot) {
        let basis = Basis::of(snapshot);
        if self.basis.as_ref() != Some(&basis) {
            self.basis = Some(basis);
            self.rebuild(snapshot, true);
        }
    }

    /// Moves the cursor.
    fn go(&mut self, motion: Motion, now: Moment) {
        self.moved = true;
        self.list.go(motion, now.instant);
    }

    /// Adds what the tree needs: its structure first, then where the instances on the screen stand.
    fn look(&self, snapshot: &Snapshot, looking: &mut Looking) {
        let on_screen: HashSet<&NodeKey> = self.list.visible().map(|(key, _)| key).collect();
        let structure = self.tree.wants.iter().filter(|want| !self.is_out_of_sight(want, snapshot, &on_screen));
        looking.inquiries.extend(structure.cloned());
        // Where no job is suspended in the whole engine, none of an instance is.
        let held = suspension::counts(&snapshot.findings).is_some_and(|counts| counts.jobs > 0);
        let (mut tokens, mut asked) = (Vec::new(), 0);
        for row in self.list.visible().filter_map(|(key, _)| self.tree.row(key)) {
            match &row.content {
                Content::Instance(node) => {
                    looking.definitions.extend(node.definition.clone());
                    looking.definitions.extend(failing::unread(&snapshot.names(), node.own.iter().map(|known| &known.incident)));
                    looking.definitions.extend(node.called_at.as_ref().and_then(|(caller, _)| caller.clone()));
                    if node.ended.is_none() && asked < MOST_TOKENS {
                        asked += 1;
                        let followed = self.list.selected_key() == Some(&row.key) || self.tree.path.contains(&node.id);
                        let list = if followed { &mut tokens } else { &mut looking.seldom };
                        list.push(Inquiry::Tokens(node.id.clone()));
                        if held {
                            list.push(Inquiry::HeldJobs(node.id.clone()));
                        }
                    }
                    if (node.failing || !node.own.is_empty() || node.bubbled > 0) && !self.knows_all {
                        tokens.push(Inquiry::Incidents(node.id.clone()));
                    }
                }
                Content::Fold(fold) => looking.definitions.extend(fold.caller.iter().chain(&fold.process).cloned()),
                Content::Case(row) => looking.definitions.extend(row.called_at.as_ref().and_then(|(caller, _)| caller.clone())),
                _ => {}
            }
        }
        // What became of rows that vanished.
        let vanished = self.list.visible().filter(|(key, _)| self.list.is_ghost(key)).filter_map(|(key, _)| match key {
            NodeKey::Instance(id) => Some(Inquiry::Instance(id.clone())),
            _ => None,
        });
        looking.inquiries.extend(vanished);
        looking.inquiries.extend(tokens);
    }

    fn id(&self) -> Option<String> {
        self.selected_node().map(|node| node.id.to_string())
    }

    fn instance(&self) -> Option<(ProcessInstanceId, Option<ProcessDefinitionId>)> {
        self.selected_node().map(|node| (node.id.clone(), node.definition.clone()))
    }
}

/// How far a row is unfolded; none for rows that cannot be.
pub fn unfolded(row: &Row) -> Option<Unfolded> {
    match &row.content {
        Content::Instance(node) => Some(node.unfolded),
        Content::Fold(fold) => Some(fold.unfolded),
        Content::Case(_) | Content::More { .. } | Content::Rest(_) | Content::Remark(_) => None,
    }
}

/// Words for a row that stands for further instances.
pub fn more_words(which: Which, left: Option<u64>, reading: bool) -> String {
    if reading {
        return "reading…".to_owned();
    }
    let many = left.map_or_else(|| "more".to_owned(), |left| format!("{left} more"));
    match which {
        Which::Running => format!("{many} running: enter reads the next ones"),
        Which::Failing => format!("{many} with incidents: enter reads the next ones"),
        Which::Ended => format!("{many} ended: enter reads the next ones"),
    }
}

/// What rows are built from, by identity: a picture whose parts are the same gives the same rows.
#[derive(Clone, Debug)]
struct Basis {
    findings: Arc<HashMap<Inquiry, Section<Finding>>>,
    incidents: Option<IncidentSet>,
}

impl Basis {
    fn of(snapshot: &Snapshot) -> Self {
        Self { findings: Arc::clone(&snapshot.findings), incidents: snapshot.incidents.get().cloned() }
    }
}

impl PartialEq for Basis {
    fn eq(&self, other: &Self) -> bool {
        let same = match (&self.incidents, &other.incidents) {
            (Some(one), Some(two)) => Arc::ptr_eq(&one.incidents, &two.incidents) && one.complete == two.complete,
            (one, two) => one.is_none() && two.is_none(),
        };
        same && Arc::ptr_eq(&self.findings, &other.findings)
    }
}

/// What the picture knows.
struct Known<'a> {
    snapshot: &'a Snapshot,
    /// All incidents, if they are known.
    set: Option<&'a IncidentSet>,
}

impl Facts for Known<'_> {
    fn answer(&self, inquiry: &Inquiry) -> Option<&Finding> {
        self.snapshot.findings.get(inquiry).and_then(|section| section.get())
    }

    fn problem(&self, inquiry: &Inquiry) -> Option<&Problem> {
        self.snapshot.findings.get(inquiry).and_then(|section| section.problem.as_ref())
    }

    fn are_cut(&self) -> bool {
        self.set.is_none()
    }

    fn incidents_of(&self, instance: &ProcessInstanceId) -> Option<&[Arc<KnownIncident>]> {
        match self.set {
            Some(set) => Some(set.index.of_instance(instance)),
            None => self.incidents_read(&Inquiry::Incidents(instance.clone())),
        }
    }

    fn caused_by(&self, root: &IncidentId) -> Option<&[Arc<KnownIncident>]> {
        match self.set {
            Some(set) => Some(set.index.caused_by(root)),
            None => self.incidents_read(&Inquiry::Chain(root.clone())),
        }
    }
}
