//! Which part of the engine is shown: the whole picture is kept, and what the panes read is what the scope admits of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crossterm::event::KeyEvent;
use tui_textarea::TextArea;

use super::prompt::{begin, edit, insert, line};
use crate::model::figure::Figure;
use crate::model::scope::{Scope, Team, suggestions};
use crate::model::scoped::{SCOPED_FIGURES, scoped};
use crate::model::section::Moment;
use crate::model::series::Series;
use crate::model::snapshot::{FigureState, Snapshot};

/// The scope that is on, the picture beneath it, and what figures were since it is on.
#[derive(Debug, Default)]
pub struct Scoping {
    scope: Scope,
    whole: Option<Arc<Snapshot>>,
    blocked_from_outside: usize,
    histories: BTreeMap<Figure, History>,
}

/// What one figure was within the scope.
#[derive(Debug, Default)]
struct History {
    series: Arc<Series>,
    noted: Option<Moment>,
    failing: bool,
}

impl Scoping {
    /// Shows this part, of which nothing is known yet.
    pub fn new(scope: Scope) -> Self {
        Self { scope, ..Self::default() }
    }

    /// The part that is shown.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The whole picture, whatever the scope; none before the first one arrived.
    pub fn whole(&self) -> Option<&Arc<Snapshot>> {
        self.whole.as_ref()
    }

    /// Parents within the scope that wait for a root incident outside of it.
    pub fn blocked_from_outside(&self) -> usize {
        self.blocked_from_outside
    }

    /// Whether a figure counts the whole engine although a scope is on.
    pub fn counts_whole_engine(&self, figure: Figure) -> bool {
        self.scope.is_on() && !SCOPED_FIGURES.contains(&figure)
    }

    /// Takes a new picture in and returns what to show of it.
    pub fn take(&mut self, whole: Arc<Snapshot>) -> Arc<Snapshot> {
        self.whole = Some(Arc::clone(&whole));
        if !self.scope.is_on() {
            self.blocked_from_outside = 0;
            return whole;
        }
        let mut within = scoped(&whole, &self.scope);
        self.blocked_from_outside = within.blocked_from_outside;
        for figure in SCOPED_FIGURES {
            if let Some(state) = within.snapshot.figures.get_mut(&figure) {
                self.histories.entry(figure).or_default().note(state, whole.taken);
            }
        }
        Arc::new(within.snapshot)
    }

    /// Shows another part from now on, and returns what to show; `shown` is what was shown before any picture arrived.
    pub fn set(&mut self, scope: Scope, shown: &Arc<Snapshot>) -> Arc<Snapshot> {
        self.scope = scope;
        self.histories.clear();
        let whole = self.whole.clone().unwrap_or_else(|| Arc::clone(shown));
        self.take(whole)
    }

    /// Tenants the picture knows of.
    fn tenants(&self) -> BTreeSet<String> {
        let definitions = self.whole.as_ref().and_then(|whole| whole.definitions.get());
        let rows = definitions.into_iter().flat_map(|definitions| definitions.by_id.values());
        rows.filter_map(|row| row.tenant.as_ref()).map(|tenant| tenant.as_wire().to_owned()).collect()
    }
}

impl History {
    /// Notes a new reading, and puts what was noted into the figure.
    fn note(&mut self, state: &mut FigureState, now: Moment) {
        if state.section.problem.is_some() {
            if !std::mem::replace(&mut self.failing, true) {
                Arc::make_mut(&mut self.series).gap(now);
            }
        } else if let (Some(value), Some(taken)) = (state.section.get(), state.section.taken)
            && self.noted != Some(taken)
        {
            Arc::make_mut(&mut self.series).push(taken, *value);
            self.noted = Some(taken);
            self.failing = false;
        }
        state.series = Arc::clone(&self.series);
    }
}

/// A scope being typed.
#[derive(Clone, Debug)]
pub struct ScopeForm {
    /// The editor.
    pub area: TextArea<'static>,
    /// Why what was typed is no scope.
    pub problem: Option<String>,
    /// What could be typed: teams and tenants.
    pub suggestions: Vec<String>,
    /// The suggestion taken last.
    pub taken: Option<usize>,
    /// Whether the first character typed replaces what stands there.
    replaces: bool,
}

impl ScopeForm {
    /// A form that starts with the scope that is on.
    pub fn new(scoping: &Scoping, teams: &[Team]) -> Self {
        // A tenant whose name holds a blank cannot be typed as one word.
        let tenants = scoping.tenants().into_iter().filter(|tenant| !tenant.contains(char::is_whitespace));
        Self {
            area: line(scoping.scope.typed()),
            problem: None,
            suggestions: suggestions(teams, tenants),
            taken: None,
            replaces: !scoping.scope.typed().is_empty(),
        }
    }

    /// What is typed.
    pub fn text(&self) -> &str {
        self.area.lines().first().map_or("", String::as_str)
    }

    /// Takes a key in.
    pub fn key(&mut self, key: KeyEvent) {
        self.problem = None;
        self.taken = None;
        edit(&mut self.area, &mut self.replaces, key);
    }

    /// Takes pasted text in; only its first line.
    pub fn paste(&mut self, text: &str) {
        self.problem = None;
        self.taken = None;
        begin(&mut self.area, &mut self.replaces, true);
        insert(&mut self.area, text);
    }

    /// Takes the next suggestion, or the one before.
    pub fn suggest(&mut self, forward: bool) {
        let count = self.suggestions.len();
        if count == 0 {
            return;
        }
        let next = match self.taken {
            None => {
                if forward {
                    0
                } else {
                    count - 1
                }
            }
            Some(taken) => (taken + if forward { 1 } else { count - 1 }) % count,
        };
        self.taken = Some(next);
        self.problem = None;
        self.area = line(&self.suggestions[next]);
    }
}
