//! Cases (CMMN) between instances: rows of their own above what they called and below who called them. The engine's incidents stop at a case,
//! so what fails below one is looked for by the calls alone.

use std::collections::HashSet;

use super::build::Builder;
use super::children::Child;
use super::failure::calls;
use super::{CaseRow, Content, NodeKey};
use crate::model::case::{CalledCase, CaseNode, CasesAbove};
use crate::model::ids::{ActivityId, IncidentId, ProcessDefinitionId, ProcessInstanceId};
use crate::model::inquiry::{Called, Inquiry, Which};

/// Instances below cases whose incidents are asked for one by one.
const ASKED: usize = 20;

impl<'a> Builder<'a> {
    /// The cases that called an instance.
    pub(super) fn cases_above(&self, id: &ProcessInstanceId) -> Option<&'a CasesAbove> {
        self.instance(id)?.cases.as_ref()
    }

    /// Whether an instance called cases, as far as that was read.
    pub(super) fn calls_cases(&self, id: &ProcessInstanceId) -> bool {
        !self.read_below(id).is_empty() || self.above_of_next(id).is_some()
    }

    fn read_below(&self, id: &ProcessInstanceId) -> &'a [CalledCase] {
        self.page(id, Which::Running, 0).map(|page| page.cases.as_slice()).unwrap_or_default()
    }

    /// The next instance on the way down, where a case stands between.
    fn above_of_next(&self, caller: &ProcessInstanceId) -> Option<(ProcessInstanceId, &'a CasesAbove)> {
        let next = |way: &[ProcessInstanceId]| way.iter().position(|id| id == caller).and_then(|at| way.get(at + 1)).cloned();
        let candidates = [next(&self.tree.path), next(&self.line)].into_iter().flatten();
        candidates.filter_map(|id| Some((id.clone(), self.cases_above(&id)?))).find(|(_, above)| above.caller.as_ref() == Some(caller))
    }

    /// Instances with incidents below cases that instances of the line called: no incident of the line leads to them.
    pub(super) fn failing_below_cases(&mut self) -> Vec<ProcessInstanceId> {
        let mut seen = HashSet::new();
        let cases: Vec<&'a CalledCase> = self.line.iter().flat_map(|id| self.read_below(id)).collect();
        let failing = cases.iter().flat_map(|case| case.all_processes()).filter(|(_, failing)| *failing).map(|(called, _)| called.id.clone());
        failing.filter(|id| seen.insert(id.clone())).take(ASKED).collect()
    }

    /// Where no incident leads to a cause, one below a case is followed.
    pub(super) fn choose_cause_below_cases(&mut self) {
        if self.tree.cause.is_some() {
            return;
        }
        let below = self.failing_below_cases();
        let incidents = below.iter().flat_map(|id| self.facts.incidents_of(id).unwrap_or_default());
        let roots: HashSet<&IncidentId> = incidents.map(|known| known.incident.root()).collect();
        let Some(cause) = self.tree.causes.iter().find(|known| roots.contains(known.incident.root())) else { return };
        let cause = cause.incident.root().clone();
        self.tree.cause = Some(cause.clone());
        match self.facts.caused_by(&cause) {
            Some(chain) => (self.at_cause, self.calls) = calls(&cause, chain),
            None => self.want(Inquiry::Chain(cause)),
        }
    }

    /// The cases above the topmost instance, one below the other; gives the level below them.
    pub(super) fn emit_cases_above(&mut self, root: &ProcessInstanceId) -> usize {
        let Some(above) = self.cases_above(root) else { return 0 };
        let failing = self.fails(root);
        for (depth, case) in above.cases.iter().rev().enumerate() {
            self.push_case(case, None, failing, false, above, depth);
        }
        above.cases.len()
    }

    fn fails(&self, id: &ProcessInstanceId) -> bool {
        self.facts.incidents_of(id).is_some_and(|rows| !rows.is_empty())
    }

    fn push_case(
        &mut self,
        case: &CaseNode,
        called_at: Option<(Option<ProcessDefinitionId>, ActivityId)>,
        failing: bool,
        more: bool,
        above: &CasesAbove,
        depth: usize,
    ) {
        let row = CaseRow { case: case.clone(), called_at, failing, more, problem: above.problem.clone() };
        self.push(NodeKey::Case(case.id.clone()), depth, Content::Case(Box::new(row)));
    }

    /// The cases that an instance called, and what they called.
    pub(super) fn emit_cases_below(&mut self, caller: &Called, depth: usize) {
        let next = self.above_of_next(&caller.id);
        for case in self.read_below(&caller.id) {
            self.emit_case(case, Some(caller), next.as_ref(), depth);
        }
        // What no page tells, the way down does.
        if let Some((id, above)) = next
            && !self.emitted.contains(&id)
        {
            let failing = self.fails(&id);
            for (level, case) in above.cases.iter().rev().enumerate() {
                self.push_case(case, None, failing, false, above, depth + level);
            }
            let called = self.called_of(&id);
            self.emit_failing(Child { called, failing }, Some(caller), depth + above.cases.len());
        }
    }

    fn emit_case(&mut self, case: &CalledCase, caller: Option<&Called>, next: Option<&(ProcessInstanceId, &'a CasesAbove)>, depth: usize) {
        // Which task called the instance on the way, its own reading tells.
        let told = next.and_then(|(_, above)| above.cases.iter().find(|known| known.id == case.case.id));
        let node = told.unwrap_or(&case.case).clone();
        let at = case.called_at.clone().filter(|_| caller.is_some());
        let definition = caller.map(|caller| caller.definition.clone()).filter(|id| !id.as_wire().is_empty());
        let problem = next.and_then(|(_, above)| above.problem.clone());
        let row = CaseRow { case: node, called_at: at.map(|at| (definition, at)), failing: case.fails(), more: case.more, problem };
        self.push(NodeKey::Case(case.case.id.clone()), depth, Content::Case(Box::new(row)));
        for (called, failing) in &case.processes {
            let known = if self.is_on_way(&called.id) { self.called_of(&called.id) } else { called.clone() };
            self.emit_failing(Child { called: known, failing: *failing }, caller, depth + 1);
        }
        // The innermost case of the way holds what is looked at, also where its list ends before.
        if let Some((id, above)) = next
            && above.cases.first().is_some_and(|innermost| innermost.id == case.case.id)
            && !self.emitted.contains(id)
        {
            let (called, failing) = (self.called_of(id), self.fails(id));
            self.emit_failing(Child { called, failing }, caller, depth + 1);
        }
        for below in &case.cases {
            self.emit_case(below, None, next, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::model::call_tree::{Facts, Target, Tree, View, build};
    use crate::model::definition::ProcessInstance;
    use crate::model::inquiry::{CalledPage, Finding, InstanceFinding};
    use crate::model::section::Problem;

    #[derive(Default)]
    struct Told(HashMap<Inquiry, Finding>);

    impl Facts for Told {
        fn answer(&self, inquiry: &Inquiry) -> Option<&Finding> {
            self.0.get(inquiry)
        }

        fn problem(&self, _: &Inquiry) -> Option<&Problem> {
            None
        }
    }

    fn case(id: &str) -> CaseNode {
        CaseNode::unread(id.into())
    }

    impl Told {
        fn instance(mut self, id: &str, cases: Option<CasesAbove>) -> Self {
            let running =
                ProcessInstance { id: id.into(), definition: "d".into(), business_key: None, suspended: false, tenant: None, case: Some("inner".into()) };
            let finding = InstanceFinding { running: Some(running), past: Ok(None), caller: None, cases };
            self.0.insert(Inquiry::Instance(id.into()), Finding::Instance(Box::new(finding)));
            self.0.insert(Inquiry::Incidents(id.into()), Finding::Incidents(Vec::new()));
            self
        }

        fn calls(mut self, id: &str, cases: Vec<CalledCase>) -> Self {
            self.0.insert(Inquiry::Called(id.into(), Which::Running, 0), Finding::Called(CalledPage { total: Some(0), cases, ..CalledPage::default() }));
            self
        }

        fn tree(&self, of: &str) -> Tree {
            build(&View::of(Target::Instance(of.into())), self)
        }
    }

    fn shape(tree: &Tree) -> Vec<String> {
        let word = |content: &Content| match content {
            Content::Instance(node) => node.id.to_string(),
            Content::Case(row) => format!("case {}{}", row.case.id, if row.failing { "!" } else { "" }),
            other => format!("{other:?}"),
        };
        tree.rows.iter().map(|row| format!("{}{}", "-".repeat(row.depth), word(&row.content))).collect()
    }

    fn above(caller: Option<&str>) -> CasesAbove {
        CasesAbove { cases: vec![case("inner"), case("outer")], caller: caller.map(Into::into), problem: None }
    }

    #[test]
    fn cases_stand_between_an_instance_and_the_process_that_called_them_though_no_page_tells_of_them() {
        let told = Told::default().instance("score", Some(above(Some("application")))).instance("application", None);
        let tree = told.tree("score");
        assert_eq!(shape(&tree), ["application", "-case outer", "--case inner", "---score"]);
        assert_eq!(tree.path, ["application".into(), "score".into()]);
        let key = NodeKey::Instance("score".into());
        assert_eq!(tree.parent(&key), Some(&NodeKey::Case("inner".into())), "one level up is the case");
    }

    #[test]
    fn what_a_page_tells_of_a_case_stands_once_with_what_fails_below_it() {
        let called = |id: &str| {
            let standing = crate::model::inquiry::Standing::Running;
            Called {
                id: id.into(),
                definition: "d".into(),
                process_key: None,
                business_key: None,
                tenant: None,
                standing,
                started: None,
                ended: None,
                called_at: None,
            }
        };
        let inner = CalledCase {
            case: case("inner"),
            called_at: None,
            processes: vec![(called("score"), true), (called("other"), false)],
            cases: Vec::new(),
            more: false,
        };
        let outer = CalledCase { case: case("outer"), called_at: Some("handle".into()), processes: Vec::new(), cases: vec![inner], more: false };
        let told = Told::default().instance("score", Some(above(Some("application")))).instance("application", None).calls("application", vec![outer]);
        let expected = ["application", "-case outer!", "--case inner!", "---score", "---other"];
        assert_eq!(shape(&told.tree("score")), expected);
        assert_eq!(shape(&told.tree("application")), expected, "from above as from below");
        assert!(told.tree("application").wants.contains(&Inquiry::Incidents("score".into())), "what fails below is asked for its cause");
    }

    #[test]
    fn a_case_that_nothing_called_is_the_top() {
        let told = Told::default().instance("score", Some(above(None)));
        assert_eq!(shape(&told.tree("score")), ["case outer", "-case inner", "--score"]);
    }
}
