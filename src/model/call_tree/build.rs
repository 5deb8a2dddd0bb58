//! Building the rows: up from the target to the topmost instance, then down again along what is unfolded.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::children::{Child, Children};
use super::failure::{Call, calls, causes};
use super::{Content, DEEPEST, Ending, FOLD_FROM, Facts, Fold, Node, NodeKey, Row, Target, Top, Tree, Unfolded, View};
use crate::model::activity_instance::Token;
use crate::model::case::CasesAbove;
use crate::model::grouping::KnownIncident;
use crate::model::history::HistoricInstance;
use crate::model::ids::{ProcessDefinitionId, ProcessInstanceId};
use crate::model::inquiry::{Called, CalledPage, Finding, Inquiry, InstanceFinding, MOST_INCIDENTS, Standing, Tokens, Which};

/// Builds the tree from what is known.
pub fn build(view: &View, facts: &dyn Facts) -> Tree {
    let mut builder = Builder {
        view,
        facts,
        tree: Tree::default(),
        wanted: HashSet::new(),
        calls: HashMap::new(),
        line: Vec::new(),
        at_cause: None,
        emitted: HashSet::new(),
        unknown: HashSet::new(),
        root_over: false,
        above: HashMap::new(),
    };
    builder.build();
    builder.tree
}

pub(super) struct Builder<'a> {
    pub(super) view: &'a View,
    pub(super) facts: &'a dyn Facts,
    pub(super) tree: Tree,
    wanted: HashSet<Inquiry>,
    /// Who called whom, by called instance, as far as incidents and readings told.
    pub(super) calls: HashMap<ProcessInstanceId, Call>,
    /// From the topmost instance to the target.
    pub(super) line: Vec<ProcessInstanceId>,
    pub(super) at_cause: Option<ProcessInstanceId>,
    pub(super) emitted: HashSet<ProcessInstanceId>,
    /// Instances of which nothing is known but that somebody names them.
    unknown: HashSet<ProcessInstanceId>,
    pub(super) root_over: bool,
    /// The cases that called instances of the line, by called instance.
    pub(super) above: HashMap<ProcessInstanceId, &'a CasesAbove>,
}

impl<'a> Builder<'a> {
    fn build(&mut self) {
        let Some(target) = self.view.target.instance().cloned() else {
            self.tree.top = Top::NoInstance;
            return;
        };
        self.choose_cause(&target);
        self.climb(target.clone());
        let root = self.line.first().cloned().unwrap_or(target);
        self.find_causes_of(&root);
        self.choose_cause_below_cases();
        self.tree.path = self.path(&root);
        self.judge_top(&root);
        self.root_over = matches!(self.tree.top, Top::Over(_));
        if self.tree.top != Top::NotFound {
            let called = self.called_of(&root);
            let depth = self.emit_cases_above(&root);
            self.emit(called, None, depth);
            self.draw_lines();
        }
        self.tree.callers = self.calls.iter().map(|(called, call)| (called.clone(), call.caller.clone())).collect();
        self.tree.callers.extend(self.line.windows(2).map(|pair| (pair[1].clone(), pair[0].clone())));
        self.tree.positions = self.tree.rows.iter().enumerate().map(|(at, row)| (row.key.clone(), at)).collect();
    }

    /// Finds the cause whose path is shown, and who called whom on it.
    fn choose_cause(&mut self, target: &ProcessInstanceId) {
        let of_target = self.incidents_of(target);
        let known = match &self.view.target {
            Target::Incident(known) => Some(known.incident.root().clone()),
            Target::Instance(_) => causes(self.facts, of_target).first().map(|known| known.incident.root().clone()),
        };
        // A cause that was chosen and is gone meanwhile leads nowhere.
        let chosen = self.view.cause.clone().filter(|cause| self.facts.caused_by(cause).is_none_or(|chain| !chain.is_empty()));
        self.tree.cause = chosen.or(known);
        let Some(cause) = self.tree.cause.clone() else { return };
        match self.facts.caused_by(&cause) {
            Some(chain) => (self.at_cause, self.calls) = calls(&cause, chain),
            None => self.want(Inquiry::Chain(cause)),
        }
    }

    /// From the target up to the topmost instance that is known.
    fn climb(&mut self, target: ProcessInstanceId) {
        let mut seen = HashSet::from([target.clone()]);
        let mut at = target.clone();
        self.line.push(target);
        while self.line.len() < DEEPEST {
            let Some(caller) = self.caller_of(&at) else { break };
            if !seen.insert(caller.clone()) {
                break;
            }
            if self.is_left_behind(&at, &caller) {
                self.tree.left_behind = true;
                self.want(Inquiry::Instance(caller));
                break;
            }
            if let Some(above) = self.cases_above(&at) {
                self.above.insert(at, above);
            }
            self.line.push(caller.clone());
            at = caller;
        }
        if let Some(above) = self.cases_above(&at) {
            self.above.insert(at.clone(), above);
        }
        // Who called the uppermost one is always asked: incidents of callers may be hidden, and it tells how the tree stands.
        self.want(Inquiry::Instance(at));
        self.line.reverse();
    }

    /// Whether an instance stands without its caller: that one was deleted alone, or may not be seen.
    fn is_left_behind(&mut self, called: &ProcessInstanceId, caller: &ProcessInstanceId) -> bool {
        let Some(InstanceFinding { running: None, past, .. }) = self.instance(caller) else { return false };
        let told = matches!(past, Ok(Some(_)));
        self.want(Inquiry::Instance(called.clone()));
        self.instance(called).is_some_and(|finding| finding.running.is_some() || !told && matches!(finding.past, Ok(Some(_))))
    }

    fn caller_of(&self, id: &ProcessInstanceId) -> Option<ProcessInstanceId> {
        let known = self.calls.get(id).map(|call| &call.caller).or_else(|| self.view.callers.get(id));
        if let Some(caller) = known {
            return Some(caller.clone());
        }
        let finding = self.instance(id)?;
        let by_process = finding.caller.clone().or_else(|| finding.past.as_ref().ok()?.as_ref()?.caller.clone());
        by_process.or_else(|| finding.caller_above_cases().cloned())
    }

    pub(super) fn instance(&self, id: &ProcessInstanceId) -> Option<&'a InstanceFinding> {
        match self.facts.answer(&Inquiry::Instance(id.clone()))? {
            Finding::Instance(finding) => Some(finding),
            _ => None,
        }
    }

    pub(super) fn incidents_of(&mut self, id: &ProcessInstanceId) -> &'a [Arc<KnownIncident>] {
        let known = self.facts.incidents_of(id);
        self.want(Inquiry::Incidents(id.clone()));
        known.unwrap_or_default()
    }

    fn find_causes_of(&mut self, root: &ProcessInstanceId) {
        let mut incidents = self.incidents_of(root).to_vec();
        self.tree.more_causes = incidents.len() >= MOST_INCIDENTS as usize && self.facts.are_cut();
        if let Some(target) = self.line.last().cloned() {
            incidents.extend(self.incidents_of(&target).iter().cloned());
        }
        if let Target::Incident(known) = &self.view.target
            && !incidents.iter().any(|other| other.incident.root() == known.incident.root())
            && self.facts.caused_by(known.incident.root()).is_none_or(|chain| !chain.is_empty())
        {
            incidents.push(Arc::clone(known));
        }
        for id in self.failing_below_cases() {
            incidents.extend(self.incidents_of(&id).iter().cloned());
        }
        self.tree.causes = causes(self.facts, &incidents);
        // A target without incidents of its own still belongs to a tree that has some; their paths are a key away.
    }

    /// From the topmost instance to the cause, or to the target where no cause is known.
    fn path(&mut self, root: &ProcessInstanceId) -> Vec<ProcessInstanceId> {
        let Some(cause) = self.at_cause.clone() else { return self.line.clone() };
        let mut path = vec![cause.clone()];
        while let Some(call) = self.calls.get(path.last().unwrap_or(&cause)).filter(|call| !path.contains(&call.caller)) {
            path.push(call.caller.clone());
        }
        path.reverse();
        // No incident leads through a case: who called it does.
        while path.len() < DEEPEST
            && let Some(first) = path.first()
            && !self.line.contains(first)
        {
            let first = first.clone();
            self.want(Inquiry::Instance(first.clone()));
            let Some(caller) = self.caller_of(&first).filter(|caller| !path.contains(caller)) else { break };
            path.insert(0, caller);
        }
        // The incidents of some callers may be hidden: then the way to the target completes the path.
        if let (Some(first), true) = (path.first().cloned(), path.first() != Some(root))
            && let Some(at) = self.line.iter().position(|id| *id == first)
        {
            path.splice(0..1, self.line[..=at].iter().cloned());
        }
        path
    }

    fn judge_top(&mut self, root: &ProcessInstanceId) {
        self.tree.top = match self.instance(root) {
            None if self.facts.problem(&Inquiry::Instance(root.clone())).is_some() => Top::Unknown,
            None if self.at_cause.is_none() => Top::Searching,
            None => Top::Found,
            Some(InstanceFinding { running: Some(_), .. }) => Top::Found,
            Some(InstanceFinding { past: Ok(Some(past)), .. }) if past.ended.is_some() => Top::Over(ending(past)),
            Some(InstanceFinding { past: Ok(Some(_)), .. }) => Top::Found,
            Some(_) => Top::NotFound,
        };
    }

    /// What the row of an instance says that no page of a caller lists: the topmost one, and those on the path beyond the first page.
    pub(super) fn called_of(&mut self, id: &ProcessInstanceId) -> Called {
        self.want(Inquiry::Instance(id.clone()));
        let finding = self.instance(id);
        let running = finding.and_then(|finding| finding.running.as_ref());
        let past = finding.and_then(|finding| finding.past.as_ref().ok()).and_then(Option::as_ref);
        let incident = self.facts.incidents_of(id).and_then(|rows| rows.first()).map(|known| &known.incident);
        let definition = running.map(|row| row.definition.clone()).or_else(|| past.map(|row| row.definition.clone()));
        let definition = definition.or_else(|| incident?.process_definition.clone());
        let standing = match (running, past) {
            (Some(row), _) if row.suspended => Standing::Suspended,
            (Some(_), _) => Standing::Running,
            (None, Some(row)) if row.ended.is_some() => Standing::Over(row.state),
            _ => {
                // An open incident proves that it runs.
                if incident.is_none() {
                    self.unknown.insert(id.clone());
                }
                Standing::Running
            }
        };
        Called {
            id: id.clone(),
            definition: definition.unwrap_or_else(|| ProcessDefinitionId::from("")),
            process_key: past.and_then(|row| row.process_key.clone()),
            business_key: running.and_then(|row| row.business_key.clone()).or_else(|| past?.business_key.clone()),
            tenant: running.and_then(|row| row.tenant.clone()).or_else(|| past?.tenant.clone()),
            standing,
            started: past.map(|row| row.started),
            ended: past.and_then(|row| row.ended),
            called_at: None,
        }
    }

    fn emit(&mut self, called: Called, caller: Option<&Called>, depth: usize) {
        if depth >= DEEPEST || !self.emitted.insert(called.id.clone()) {
            return;
        }
        let key = NodeKey::Instance(called.id.clone());
        let incidents = if depth == 0 || self.is_on_way(&called.id) { self.incidents_of(&called.id) } else { self.visible_incidents_of(&called.id) };
        let open = self.is_open(&called.id, &key);
        let unfolded = self.unfolded(&called, open);
        let node = self.node(&called, caller, incidents, unfolded);
        self.push(key, depth, Content::Instance(Box::new(node)));
        if open {
            // A failure below shows on the caller too, or the chain of the cause tells it.
            let failing = incidents.iter().any(|known| !known.incident.is_root()) || self.calls.values().any(|call| call.caller == called.id);
            self.emit_called(&called, failing, depth + 1);
        }
    }

    /// Incidents of a row off the path are shown as far as they are known; asking for each would be a request a row.
    fn visible_incidents_of(&mut self, id: &ProcessInstanceId) -> &'a [Arc<KnownIncident>] {
        if self.view.opened.contains(&NodeKey::Instance(id.clone())) {
            return self.incidents_of(id);
        }
        self.facts.incidents_of(id).unwrap_or_default()
    }

    pub(super) fn is_on_way(&self, id: &ProcessInstanceId) -> bool {
        self.tree.path.contains(id) || self.line.contains(id)
    }

    /// Whether what an instance called is asked for: on the way to cause and target without being told.
    fn is_open(&self, id: &ProcessInstanceId, key: &NodeKey) -> bool {
        !self.view.closed.contains(key) && (self.view.opened.contains(key) || self.view.led.contains(key) || self.is_on_way(id))
    }

    fn unfolded(&self, called: &Called, open: bool) -> Unfolded {
        let nothing = |which| self.page(&called.id, which, 0).is_some_and(|page| page.rows.is_empty());
        let ended = self.view.show_ended || self.root_over;
        // The way down is shown even while the readings contradict each other.
        let way = self.calls.values().any(|call| call.caller == called.id);
        let empty = nothing(Which::Running) && (!ended || nothing(Which::Ended)) && !way && !self.calls_cases(&called.id);
        let no_call = |places: &[Token]| !places.iter().any(|token| token.kind.as_wire() == "callActivity");
        let calls_nothing = matches!(self.tokens(&called.id), Some(Tokens::At(places)) if no_call(places)) && !ended;
        match (empty, open) {
            (true, _) => Unfolded::Leaf,
            (false, true) => Unfolded::Open,
            (false, false) if calls_nothing => Unfolded::Leaf,
            (false, false) => Unfolded::Closed,
        }
    }

    pub(super) fn page(&self, caller: &ProcessInstanceId, which: Which, page: u32) -> Option<&'a CalledPage> {
        match self.facts.answer(&Inquiry::Called(caller.clone(), which, page))? {
            Finding::Called(page) => Some(page),
            _ => None,
        }
    }

    fn tokens(&self, id: &ProcessInstanceId) -> Option<&'a Tokens> {
        match self.facts.answer(&Inquiry::Tokens(id.clone()))? {
            Finding::Tokens(tokens) => Some(tokens),
            _ => None,
        }
    }

    fn node(&self, called: &Called, caller: Option<&Called>, incidents: &[Arc<KnownIncident>], unfolded: Unfolded) -> Node {
        let at = self.calls.get(&called.id).and_then(|call| call.at.clone()).or_else(|| called.called_at.clone());
        let at = at.filter(|_| !self.above.contains_key(&called.id));
        let definition = |called: &Called| Some(called.definition.clone()).filter(|id| !id.as_wire().is_empty());
        Node {
            id: called.id.clone(),
            definition: definition(called),
            called_at: at.map(|at| (caller.and_then(definition), at)),
            business_key: called.business_key.clone(),
            inherited_key: caller.is_some_and(|caller| called.business_key.is_some() && caller.business_key == called.business_key),
            tenant: called.tenant.clone(),
            foreign_tenant: caller.is_some_and(|caller| caller.tenant != called.tenant && !caller.definition.as_wire().is_empty()),
            standing: Some(called.standing).filter(|_| !self.unknown.contains(&called.id)),
            started: called.started,
            ended: called.ended,
            own: incidents.iter().filter(|known| known.incident.is_root()).cloned().collect(),
            bubbled: incidents.iter().filter(|known| !known.incident.is_root()).count(),
            failing: false,
            unfolded,
            tokens: self.tokens(&called.id).cloned(),
            held: match self.facts.answer(&Inquiry::HeldJobs(called.id.clone())) {
                Some(Finding::Jobs(jobs)) => jobs.rows.clone(),
                _ => Vec::new(),
            },
        }
    }

    pub(super) fn push(&mut self, key: NodeKey, depth: usize, content: Content) {
        let on_path = match &key {
            NodeKey::Instance(id) => self.at_cause.is_some() && self.tree.path.contains(id),
            _ => false,
        };
        self.tree.rows.push(Row { key, depth, lines: Vec::new(), on_path, content });
    }

    /// The children of an unfolded instance.
    fn emit_called(&mut self, caller: &Called, failing: bool, depth: usize) {
        let children = Children::collect(self, caller, failing);
        if let Some(remark) = children.remark {
            self.push(NodeKey::Remark(caller.id.clone()), depth, Content::Remark(remark));
        }
        // One place among the rows read so far is the only one if all were read, or if a count proved it.
        let single = children.places.len() == 1 && children.one_place;
        for (place, group) in children.places {
            let (total, exact) = if single { children.total } else { (group.len() as u64, !children.more_running) };
            let total = total.max(group.len() as u64);
            if total <= FOLD_FROM {
                group.into_iter().for_each(|child| self.emit_child(child, caller, depth));
                continue;
            }
            let rest = NodeKey::Rest(caller.id.clone(), place.clone());
            let key = NodeKey::Fold(caller.id.clone(), place.clone());
            let on_way = group.iter().any(|child| self.is_on_way(&child.called.id));
            let unfolded = match (self.view.opened.contains(&key), self.view.closed.contains(&key)) {
                (true, _) => Unfolded::Open,
                (false, true) => Unfolded::Closed,
                _ if on_way => Unfolded::OnlyFailing,
                _ => Unfolded::Closed,
            };
            let definition =
                group.first().map(|child| child.called.definition.clone()).filter(|first| group.iter().all(|child| child.called.definition == *first));
            let fold = Fold {
                caller: Some(caller.definition.clone()).filter(|id| !id.as_wire().is_empty()),
                place,
                process: definition,
                count: total,
                exact,
                failing: group.iter().filter(|child| child.failing).count() as u64,
                all_failing: if single { children.failing } else { None },
                unfolded,
            };
            let on_path = self.at_cause.is_some() && group.iter().any(|child| self.tree.path.contains(&child.called.id));
            self.push(key, depth, Content::Fold(fold));
            if let Some(row) = self.tree.rows.last_mut() {
                row.on_path = on_path;
            }
            let shown = |child: &Child, builder: &Self| match unfolded {
                Unfolded::Open => true,
                Unfolded::OnlyFailing => child.failing || builder.is_on_way(&child.called.id),
                _ => false,
            };
            let shown: Vec<Child> = group.into_iter().filter(|child| shown(child, self)).collect();
            shown.into_iter().for_each(|child| self.emit_child(child, caller, depth + 1));
            if let (Unfolded::OnlyFailing, Some(failing), true) = (unfolded, children.failing, single)
                && total > failing
            {
                self.push(rest, depth + 1, Content::Rest(total - failing));
            }
            if single {
                self.emit_more(&caller.id, &children.more, unfolded, depth + 1);
            }
        }
        if !single {
            self.emit_more(&caller.id, &children.more, Unfolded::Open, depth);
        }
        self.emit_cases_below(caller, depth);
    }

    fn emit_child(&mut self, child: Child, caller: &Called, depth: usize) {
        self.emit_failing(child, Some(caller), depth);
    }

    pub(super) fn emit_failing(&mut self, child: Child, caller: Option<&Called>, depth: usize) {
        let at = self.tree.rows.len();
        let failing = child.failing;
        self.emit(child.called, caller, depth);
        if let Some(Row { content: Content::Instance(node), .. }) = self.tree.rows.get_mut(at) {
            node.failing = failing;
        }
    }

    fn emit_more(&mut self, caller: &ProcessInstanceId, more: &[(Which, Option<u64>, bool)], unfolded: Unfolded, depth: usize) {
        for (which, left, reading) in more {
            let wanted = match unfolded {
                Unfolded::Open => *which != Which::Failing || !more.iter().any(|(which, ..)| *which == Which::Running),
                Unfolded::OnlyFailing => *which == Which::Failing,
                _ => false,
            };
            if wanted {
                self.push(NodeKey::More(caller.clone(), *which), depth, Content::More { which: *which, left: *left, reading: *reading });
            }
        }
    }

    pub(super) fn want(&mut self, inquiry: Inquiry) {
        if self.wanted.insert(inquiry.clone()) {
            self.tree.wants.push(inquiry);
        }
    }

    /// Marks on each row where the lines of its levels go on.
    fn draw_lines(&mut self) {
        let mut goes_on: Vec<bool> = Vec::new();
        for row in self.tree.rows.iter_mut().rev() {
            goes_on.resize(row.depth.max(1), false);
            let mut lines = goes_on.clone();
            lines.truncate(row.depth);
            row.lines = lines;
            if row.depth > 0 {
                goes_on[row.depth - 1] = true;
            }
        }
    }
}

fn ending(past: &HistoricInstance) -> Ending {
    Ending { state: past.state, at: past.ended, reason: past.delete_reason.clone() }
}
