//! The variables of a page: read once somebody asks and kept by the page alone, so that they go with it; masked until somebody asks again.

use std::collections::HashSet;
use std::sync::Arc;

use crate::model::ids::ProcessInstanceId;
use crate::model::inquiry::{Finding, Inquiry, VariableRow, VariablesAsk};
use crate::model::masking::Mask;
use crate::model::section::{Moment, Problem};
use crate::model::snapshot::Snapshot;
use crate::model::variable::Variable;
use crate::text::EngineText;

/// One page of them that was read.
#[derive(Clone, Debug)]
struct ReadPage {
    reading: u32,
    data: Arc<Finding>,
    taken: Option<Moment>,
}

/// Variables of one instance. Their `Debug` tells no value.
#[derive(Clone, Debug)]
pub struct Variables {
    instance: ProcessInstanceId,
    mask: Mask,
    /// Pages somebody asked for; none until then.
    wanted: u32,
    /// How often somebody asked; what was read before is shown until the answer comes.
    reading: u32,
    pages: Vec<ReadPage>,
    /// Why they could not be read.
    pub problem: Option<Problem>,
    revealed: HashSet<EngineText>,
}

impl Variables {
    /// None are read yet.
    pub fn new(instance: ProcessInstanceId, mask: Mask) -> Self {
        Self { instance, mask, wanted: 0, reading: 0, pages: Vec::new(), problem: None, revealed: HashSet::new() }
    }

    /// Whether somebody asked for them.
    pub fn are_wanted(&self) -> bool {
        self.wanted > 0
    }

    /// Asks for the first page; again, if that failed.
    pub fn want(&mut self) {
        self.wanted = self.wanted.max(1);
        if self.problem.is_some() {
            self.ask_again();
        }
    }

    /// Asks for one more page, once all before are read.
    pub fn want_more(&mut self) {
        if self.problem.is_some() {
            self.ask_again();
        } else if !self.is_reading() {
            self.wanted += 1;
        }
    }

    /// Asks for all pages again.
    pub fn ask_again(&mut self) {
        self.reading += 1;
        self.problem = None;
    }

    /// Whether something is still to come.
    pub fn is_reading(&self) -> bool {
        self.asks().next().is_some()
    }

    /// What is to be asked for.
    pub fn asks(&self) -> impl Iterator<Item = Inquiry> + '_ {
        let open = |page: &u32| self.pages.get(*page as usize).is_none_or(|read| read.reading != self.reading);
        (0..self.wanted).filter(move |page| self.problem.is_none() && open(page)).map(|page| Inquiry::Variables(self.ask(page)))
    }

    fn ask(&self, page: u32) -> VariablesAsk {
        VariablesAsk { instance: self.instance.clone(), page, reading: self.reading }
    }

    /// Takes answers in; tells whether some came.
    pub fn take(&mut self, snapshot: &Snapshot) -> bool {
        let mut arrived = false;
        for inquiry in self.asks().collect::<Vec<_>>() {
            let (Inquiry::Variables(ask), Some(section)) = (&inquiry, snapshot.findings.get(&inquiry)) else { continue };
            if let Some(data) = &section.data {
                let read = ReadPage { reading: ask.reading, data: Arc::clone(data), taken: section.taken };
                let place = ask.page as usize;
                // Pages are kept in their order: a later one waits for those before it.
                if place > self.pages.len() {
                    continue;
                }
                self.pages.splice(place..(place + 1).min(self.pages.len()), [read]);
                arrived = true;
            } else if let Some(problem) = &section.problem {
                self.problem = Some(problem.clone());
            }
        }
        arrived
    }

    /// Whether any were read.
    pub fn are_known(&self) -> bool {
        !self.pages.is_empty()
    }

    /// The rows of all pages, each variable once: it may change places between two of them.
    pub fn rows(&self) -> Vec<&VariableRow> {
        let mut seen = HashSet::new();
        let pages = self.pages.iter().filter_map(|page| if let Finding::Variables(page) = page.data.as_ref() { Some(&page.rows) } else { None });
        pages.flatten().filter(|row| if let VariableRow::Read(variable) = row { seen.insert(&variable.id) } else { true }).collect()
    }

    /// Whether there may be more behind the last page.
    pub fn have_more(&self) -> bool {
        self.pages.last().is_some_and(|page| matches!(page.data.as_ref(), Finding::Variables(page) if page.more))
    }

    /// When the oldest page was read.
    pub fn taken(&self) -> Option<Moment> {
        self.pages.iter().filter_map(|page| page.taken).min_by_key(|taken| taken.instant)
    }

    /// Whether the value of this variable is masked now.
    pub fn masks(&self, variable: &Variable) -> bool {
        variable.is_marked() || self.is_secret(variable) && !self.revealed.contains(&variable.id)
    }

    /// Whether its name is one of those that are masked.
    pub fn is_secret(&self, variable: &Variable) -> bool {
        variable.is_marked() || self.mask.hides(variable.name.as_wire())
    }

    /// Shows the value of a masked variable, or masks it again.
    pub fn toggle(&mut self, id: &EngineText) {
        if !self.revealed.remove(id) {
            self.revealed.insert(id.clone());
        }
    }
}
