//! The page of one process instance: what is known of it part by part, where the cursor is, and which variables are read and revealed.
//! The rows are made in `rows`, what is read of variables is kept in `variables`.

mod rows;
mod variables;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

pub use rows::{Content, Fact, JobRow, Row, RowKey, Suspended, count_words};

use self::variables::Variables;
use super::Contents;
use crate::app::keymap::Context;
use crate::app::list::{ListState, Motion};
use crate::model::definition::ProcessInstance;
use crate::model::failing;
use crate::model::grouping::KnownIncident;
use crate::model::history::HistoricInstance;
use crate::model::ids::{ProcessDefinitionId, ProcessInstanceId};
use crate::model::inquiry::{Finding, Inquiry, InstanceFinding, Tokens};
use crate::model::masking::Mask;
use crate::model::section::{Moment, Problem, Section};
use crate::model::snapshot::Snapshot;
use crate::model::succession::is_same_work;
use crate::poll::command::{Looking, PollCommand};

/// What vanished this long before the end of an instance was noticed, vanished with it.
const WITH_THE_END: Duration = Duration::from_secs(30);

/// Lines at the end of the page that say more about the selected row, the rule above them included.
pub fn preview_lines(height: usize) -> usize {
    match height {
        0..8 => 0,
        8..14 => 3,
        14..24 => 5,
        _ => (height / 4).min(14),
    }
}

/// A part of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Open incidents.
    Incidents,
    /// Where it stands.
    Places,
    /// Jobs but for timers.
    Jobs,
    /// Timers.
    Timers,
    /// External tasks.
    ExternalTasks,
    /// User tasks.
    UserTasks,
    /// Called instances that run.
    Called,
    /// Variables.
    Variables,
    /// Incidents that are not open any more.
    Past,
}

impl Part {
    /// All parts from the top of the page to its end.
    pub const ALL: [Self; 9] =
        [Self::Incidents, Self::Places, Self::Jobs, Self::Timers, Self::ExternalTasks, Self::UserTasks, Self::Called, Self::Variables, Self::Past];

    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Incidents => "Incidents",
            Self::Places => "Stands at",
            Self::Jobs => "Jobs",
            Self::Timers => "Timers",
            Self::ExternalTasks => "External tasks",
            Self::UserTasks => "User tasks",
            Self::Called => "Called instances",
            Self::Variables => "Variables",
            Self::Past => "Incidents before",
        }
    }

    /// What is asked for it; none for variables, which are asked for page by page.
    pub fn inquiry(self, id: &ProcessInstanceId) -> Option<Inquiry> {
        let id = id.clone();
        Some(match self {
            Self::Incidents => Inquiry::Incidents(id),
            Self::Places => Inquiry::Tokens(id),
            Self::Jobs => Inquiry::Jobs(id),
            Self::Timers => Inquiry::Timers(id),
            Self::ExternalTasks => Inquiry::ExternalTasks(id),
            Self::UserTasks => Inquiry::UserTasks(id),
            Self::Called => Inquiry::CalledCount(id),
            Self::Past => Inquiry::PastIncidents(id),
            Self::Variables => return None,
        })
    }

    /// Whether it exists only while the instance runs.
    pub fn is_live(self) -> bool {
        self != Self::Past
    }
}

/// How the instance stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum State {
    /// Not known yet.
    #[default]
    Reading,
    /// It runs.
    Running(ProcessInstance),
    /// It is over; what the history tells of it.
    Over(Box<HistoricInstance>),
    /// The engine does not know it any more, and the history tells nothing; why not, where it could not be read.
    NotFound(Option<Problem>),
}

/// Page of one process instance.
#[derive(Clone, Debug)]
pub struct InstancePage {
    /// The instance.
    pub id: ProcessInstanceId,
    /// How it stands.
    pub state: State,
    /// What was found out about it last; what it was while it ran, once it is over.
    pub finding: Option<InstanceFinding>,
    /// Whether it ran after the page was opened; its end is news then. An older answer that was kept does not tell that.
    pub seen_running: bool,
    /// What was found part by part; as it was last while it ran, once it is over.
    pub holdings: HashMap<Part, Arc<Finding>>,
    /// Its variables.
    pub variables: Variables,
    /// The rows.
    pub rows: Vec<Row>,
    /// Where the cursor is.
    pub list: ListState<RowKey>,
    /// The last look at rows that vanished.
    pub vanished: HashMap<RowKey, Row>,
    /// When it was opened.
    opened: Moment,
    index: HashMap<RowKey, usize>,
    /// What parts held before they became empty, and when that was seen.
    emptied: HashMap<Part, (Arc<Finding>, Moment)>,
    /// Whether it is known how many rows fit; before that, no cursor is put anywhere.
    sized: bool,
    moved: bool,
    placed: bool,
}

impl InstancePage {
    /// The page of this instance, as far as it is known already.
    pub fn new(id: ProcessInstanceId, mask: Mask, snapshot: &Snapshot, now: Moment) -> Self {
        let mut page = Self {
            variables: Variables::new(id.clone(), mask),
            id,
            state: State::Reading,
            finding: None,
            seen_running: false,
            holdings: HashMap::new(),
            rows: Vec::new(),
            list: ListState::default(),
            vanished: HashMap::new(),
            opened: now,
            index: HashMap::new(),
            emptied: HashMap::new(),
            sized: false,
            moved: false,
            placed: false,
        };
        page.refresh(snapshot);
        page
    }

    fn note_state(&mut self, snapshot: &Snapshot) {
        let Some(section) = snapshot.findings.get(&Inquiry::Instance(self.id.clone())) else { return };
        let Some(Finding::Instance(finding)) = section.get() else { return };
        let was_running = self.seen_running && matches!(self.state, State::Running(_));
        self.state = match (&finding.running, &finding.past) {
            (Some(running), _) => State::Running(running.clone()),
            (None, Ok(Some(past))) => State::Over(Box::new(past.clone())),
            (None, Ok(None)) => State::NotFound(None),
            (None, Err(problem)) => State::NotFound(Some(problem.clone())),
        };
        match self.state {
            State::Running(_) => {
                self.seen_running |= section.taken.is_some_and(|taken| taken.instant >= self.opened.instant);
                self.finding = Some((**finding).clone());
            }
            _ if was_running => self.keep_the_last(snapshot.taken),
            _ if !self.seen_running => {
                self.holdings.retain(|part, _| !part.is_live());
                self.finding = Some((**finding).clone());
            }
            _ => {}
        }
    }

    /// The parts became empty one after the other while it ended: what they held shortly before is what was last known.
    fn keep_the_last(&mut self, now: Moment) {
        for (part, (held, at)) in self.emptied.drain() {
            if now.since(at) <= WITH_THE_END {
                self.holdings.insert(part, held);
            }
        }
    }

    fn hold(&mut self, part: Part, data: Arc<Finding>, now: Moment) {
        let empty = is_empty(&data);
        let before = self.holdings.insert(part, data);
        match before {
            _ if !empty => drop(self.emptied.remove(&part)),
            Some(before) if !is_empty(&before) => drop(self.emptied.insert(part, (before, now))),
            _ => {}
        }
    }

    fn arrange(&mut self, snapshot: &Snapshot) {
        let before = std::mem::take(&mut self.rows);
        self.vanished.extend(before.into_iter().map(|row| (row.key.clone(), row)));
        self.rows = rows::build(self, snapshot);
        self.follow();
        self.index = self.rows.iter().enumerate().map(|(index, row)| (row.key.clone(), index)).collect();
        self.list.follow(self.rows.iter().map(|row| row.key.clone()).collect(), RowKey::is_thing);
        let list = &self.list;
        self.vanished.retain(|key, _| list.is_ghost(key) && list.visible().any(|(shown, _)| shown == key));
        self.place_cursor();
    }

    /// The row of an incident goes over to the new incident of the same work.
    fn follow(&mut self) {
        let open: Vec<&KnownIncident> = self.rows.iter().filter_map(shown_incident).collect();
        let gone = self.vanished.values().filter_map(shown_incident).filter(|gone| open.iter().all(|known| known.incident.id != gone.incident.id));
        for gone in gone {
            let again = open.iter().find(|known| known.incident.created >= gone.incident.created && is_same_work(&known.incident, &gone.incident));
            if let Some(again) = again {
                self.list.rename(&RowKey::Incident(gone.incident.id.clone()), &RowKey::Incident(again.incident.id.clone()));
            }
        }
    }

    /// Puts the cursor on what failed, once that is known, unless the operator moved it.
    fn place_cursor(&mut self) {
        if !self.sized || self.moved || self.placed || ![Part::Incidents, Part::Jobs, Part::ExternalTasks].iter().all(|part| self.holdings.contains_key(part)) {
            return;
        }
        self.placed = true;
        if let Some(row) = self.rows.iter().find(|row| row.is_trouble()) {
            self.list.select(&row.key);
        }
    }

    /// A row.
    pub fn row(&self, key: &RowKey) -> Option<&Row> {
        self.index.get(key).and_then(|index| self.rows.get(*index))
    }

    /// The row under the cursor; one that has vanished is none.
    pub fn selected(&self) -> Option<&Row> {
        self.list.selected_present().and_then(|key| self.row(key))
    }

    /// Id of what the selected row shows; that of the instance where it shows nothing with an id of its own.
    pub fn selected_id(&self) -> String {
        self.selected().and_then(Row::id).unwrap_or_else(|| self.id.to_string())
    }

    /// Reads the variables, or goes to them if they are read already.
    pub fn show_variables(&mut self, snapshot: &Snapshot) {
        self.moved = true;
        self.variables.want();
        self.refresh(snapshot);
        self.list.lead_with(&RowKey::Heading(Part::Variables));
    }

    /// Reads the next variables.
    pub fn more_variables(&mut self, snapshot: &Snapshot) {
        self.variables.want_more();
        self.refresh(snapshot);
    }

    /// Masks a variable or shows its value.
    pub fn toggle_mask(&mut self, id: &crate::text::EngineText, snapshot: &Snapshot) {
        self.variables.toggle(id);
        self.arrange(snapshot);
    }

    /// Whether what the page shows is what was last known, and not what is.
    pub fn is_frozen(&self) -> bool {
        self.seen_running && matches!(self.state, State::Over(_) | State::NotFound(_))
    }

    /// What is known of a part and how old it is.
    pub fn section<'s>(&self, part: Part, snapshot: &'s Snapshot) -> Option<&'s Section<Finding>> {
        snapshot.findings.get(&part.inquiry(&self.id)?)
    }

    /// The instance that called it.
    pub fn caller(&self) -> Option<&ProcessInstanceId> {
        self.finding.as_ref()?.caller_above_cases()
    }

    /// The version of the process it runs or ran on.
    pub fn definition(&self) -> Option<crate::model::ids::ProcessDefinitionId> {
        let finding = self.finding.as_ref()?;
        let past = finding.past.as_ref().ok().and_then(Option::as_ref);
        finding.running.as_ref().map(|running| running.definition.clone()).or_else(|| past.map(|past| past.definition.clone()))
    }
}

fn shown_incident(row: &Row) -> Option<&KnownIncident> {
    match &row.content {
        Content::Incident(known) => Some(known),
        _ => None,
    }
}

fn is_empty(finding: &Finding) -> bool {
    match finding {
        Finding::Incidents(rows) => rows.is_empty(),
        Finding::Jobs(list) => list.rows.is_empty(),
        Finding::ExternalTasks(list) => list.rows.is_empty(),
        Finding::UserTasks(list) => list.rows.is_empty(),
        Finding::PastIncidents(list) => list.rows.is_empty(),
        Finding::CalledCount(count) => count.running == 0 && count.cases == 0,
        Finding::Tokens(tokens) => match tokens {
            Tokens::At(tokens) => tokens.is_empty(),
            Tokens::TooMany(_) => false,
            Tokens::Gone => true,
        },
        Finding::Instance(_)
        | Finding::Called(_)
        | Finding::Variables(_)
        | Finding::Past(_)
        | Finding::FailureTrace(_)
        | Finding::Suspended(_)
        | Finding::SuspendedCount(_)
        | Finding::Retrying(_)
        | Finding::Batch(_)
        | Finding::Cause(_)
        | Finding::JobHandler(_) => false,
    }
}

impl Contents for InstancePage {
    fn context(&self) -> Context {
        Context::Instance
    }

    fn crumb(&self) -> &'static str {
        "Instance"
    }

    /// Tells how many lines fit below the title.
    fn set_height(&mut self, height: usize) {
        self.list.set_height(height.saturating_sub(preview_lines(height)));
        self.sized = true;
        self.place_cursor();
    }

    /// Notes a new picture.
    fn refresh(&mut self, snapshot: &Snapshot) {
        self.note_state(snapshot);
        for part in Part::ALL {
            let Some(data) = self.section(part, snapshot).and_then(|section| section.data.clone()) else { continue };
            if !part.is_live() || matches!(self.state, State::Running(_) | State::Reading) {
                self.hold(part, data, snapshot.taken);
            }
        }
        let arrived = self.variables.take(snapshot);
        self.arrange(snapshot);
        if arrived && self.list.selected_key() == Some(&RowKey::Heading(Part::Variables)) {
            self.list.lead_with(&RowKey::Heading(Part::Variables));
        }
    }

    /// Moves the cursor.
    fn go(&mut self, motion: Motion, now: Moment) {
        self.moved = true;
        self.list.go(motion, now.instant);
    }

    /// Adds what the page needs, most needed first.
    fn look(&self, snapshot: &Snapshot, looking: &mut Looking) {
        looking.inquiries.push(Inquiry::Instance(self.id.clone()));
        let runs = matches!(self.state, State::Running(_) | State::Reading);
        // What the operator asked for just now is waited for most.
        looking.inquiries.extend(self.variables.asks().filter(|_| runs));
        looking.inquiries.extend(Part::ALL.into_iter().filter(|part| runs || !part.is_live()).filter_map(|part| part.inquiry(&self.id)));
        // The caller is asked for once, for the name of its process.
        let caller = self.caller().map(|caller| Inquiry::Instance(caller.clone()));
        looking.inquiries.extend(caller.filter(|inquiry| !snapshot.findings.contains_key(inquiry)));
        looking.definitions.extend(self.definition());
        let failed = self.rows.iter().filter_map(Row::failed_elsewhere);
        looking.definitions.extend(failing::unread_of(&snapshot.names(), self.definition().as_ref(), failed));
    }

    fn id(&self) -> Option<String> {
        Some(self.selected_id())
    }

    fn instance(&self) -> Option<(ProcessInstanceId, Option<ProcessDefinitionId>)> {
        Some((self.id.clone(), self.definition()))
    }

    fn ask_again(&mut self, _now: Moment) -> Option<PollCommand> {
        self.variables.ask_again();
        None
    }
}
