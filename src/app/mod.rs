//! What the operator is looking at: messages in, effects out. Pure: no clock, no I/O, no spawn.
//!
//! [`App::update`] is the only way in. A poll can change what is shown but never which row the cursor is on.

pub mod acting;
pub mod basis;
pub mod command;
pub mod definitions;
pub mod document;
mod earlier;
pub mod filter;
mod finding;
pub mod freshness;
pub mod geometry;
pub mod incidents;
pub mod job_definitions;
pub mod keymap;
pub mod list;
pub mod pages;
mod paging;
pub mod prompt;
mod replaced;
pub mod scope;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use self::tests::retrying_example;
mod typing;
mod update;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::KeyEvent;
use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use self::acting::{Acting, Menu};
use self::definitions::DefinitionsPane;
use self::geometry::{Geometry, Pane};
use self::incidents::IncidentsPane;
use self::job_definitions::JobDefinitionsPane;
use self::keymap::Context;
use self::pages::Page;
use self::prompt::{LoginForm, Prompt};
use self::scope::{ScopeForm, Scoping};
use crate::action::desk::{ActCommand, Acted};
use crate::action::verb::Role;
use crate::config::Thresholds;
use crate::model::description::Description;
use crate::model::freshness::Presence;
use crate::model::masking::Mask;
use crate::model::scope::{Scope, Team};
use crate::model::search::Found;
use crate::model::section::Moment;
use crate::model::snapshot::{EngineIdentity, Link, Snapshot};
use crate::poll::command::{Looking, PollCommand};

/// What happened.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has this size now.
    Resize(u16, u16),
    /// The poller has a new picture.
    Snapshot(Arc<Snapshot>),
    /// Answers to a describe.
    Described(Box<Description>),
    /// Answers to a search.
    Found(Box<Found>),
    /// Something told of actions.
    Acted(Acted),
    /// Something to tell the operator.
    Notice(String),
    /// Time has passed.
    Tick,
}

/// What the runtime must do.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Leave the program.
    Quit,
    /// Give the shell back until `fg`.
    Suspend,
    /// Put this into the clipboard of the operator's terminal.
    Copy(String),
    /// Ask the background task.
    Poll(PollCommand),
    /// Ask the desk where actions are planned and performed.
    Act(ActCommand),
    /// Write a file that does not exist yet.
    Save {
        /// Where to.
        path: String,
        /// What is in it.
        text: String,
    },
    /// Connect to this address, typed on the first-run screen.
    Connect(String),
}

/// What does not change while the program runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// When a figure is worth a look.
    pub thresholds: Thresholds,
    /// Name of the profile, for the header.
    pub profile: Option<String>,
    /// Whether nothing may be changed.
    pub read_only: bool,
    /// Which verbs there are.
    pub role: Role,
    /// The role at the start.
    pub first_role: Role,
    /// How far the role may be widened while the program runs.
    pub max_role: Role,
    /// Whether this is a production engine.
    pub production: bool,
    /// The zone in which times are shown.
    pub zone: TimeZone,
    /// What the configuration has to say at the start.
    pub warnings: Vec<String>,
    /// Where the configuration is, for the first-run screen.
    pub config_path: Option<String>,
    /// What to tell should the address not answer as expected.
    pub hint: Option<String>,
    /// Profiles one could open, for the first-run screen.
    pub profiles: Vec<String>,
    /// The part of the engine that is shown at the start.
    pub scope: Scope,
    /// What belongs to which team.
    pub teams: Vec<Team>,
    /// Which variables are masked until somebody asks for them.
    pub mask: Mask,
    /// Whether this is a screen on a wall: people look at it who press no key.
    pub wall: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            thresholds: Thresholds::default(),
            profile: None,
            read_only: false,
            role: Role::default(),
            first_role: Role::default(),
            max_role: Role::default(),
            production: false,
            zone: TimeZone::system(),
            warnings: Vec::new(),
            config_path: None,
            hint: None,
            profiles: Vec::new(),
            scope: Scope::default(),
            teams: Vec::new(),
            mask: Mask::default(),
            wall: false,
        }
    }
}

/// What lies over the panes.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// All keys, scrolled to this line.
    Help(usize),
    /// A line of input.
    Prompt(Box<Prompt>),
    /// User name and password.
    Login(Box<LoginForm>),
    /// The part of the engine to show.
    Scope(Box<ScopeForm>),
    /// What can be done to the selected row.
    Menu(Box<Menu>),
}

/// The state of the screen.
#[derive(Debug)]
pub struct App {
    /// What does not change.
    pub settings: Settings,
    /// The newest picture, as far as the scope admits it.
    pub snapshot: Arc<Snapshot>,
    /// The moment of the last message.
    pub now: Moment,
    /// Size of the terminal.
    pub size: (u16, u16),
    /// The part of the engine that is shown.
    pub scoping: Scoping,
    /// The pane with the cursor.
    pub focus: Pane,
    /// The pane below the incidents where there is room for two: the one that had the cursor last.
    pub lower: Pane,
    /// Whether it is alone on the screen.
    pub zoomed: bool,
    /// Incidents.
    pub incidents: IncidentsPane,
    /// Job definitions.
    pub job_definitions: JobDefinitionsPane,
    /// Process definitions.
    pub definitions: DefinitionsPane,
    /// Pages that were opened one from another; the last one has the screen.
    pub pages: Vec<Page>,
    /// Actions of this run.
    pub acting: Acting,
    /// What lies above.
    pub overlay: Option<Overlay>,
    /// The last notice and when it came.
    pub notice: Option<(String, Moment)>,
    /// Whether the screen without an engine is shown.
    pub first_run: Option<Prompt>,
    looking: Looking,
    replacements: replaced::Replacements,
    refused: bool,
    refusals: u32,
    login_not_before: Option<Moment>,
    searches: u64,
    /// When a key was pressed last; the start counts as one.
    last_key: Moment,
    presence_told: Presence,
}

/// How long a notice stays.
pub const NOTICE: Duration = Duration::from_secs(8);

impl App {
    /// An app that watches the engine of this identity.
    pub fn new(settings: Settings, engine: EngineIdentity, now: Moment) -> Self {
        let scoping = Scoping::new(settings.scope.clone());
        let notice = settings.warnings.first().map(|warning| (warning.clone(), now));
        Self {
            settings,
            snapshot: Arc::new(Snapshot::empty(engine, now)),
            now,
            size: (80, 24),
            scoping,
            focus: Pane::Incidents,
            lower: Pane::JobDefinitions,
            zoomed: false,
            incidents: IncidentsPane::default(),
            job_definitions: JobDefinitionsPane::default(),
            definitions: DefinitionsPane::default(),
            pages: Vec::new(),
            acting: Acting::default(),
            overlay: None,
            notice,
            first_run: None,
            looking: Looking::default(),
            replacements: replaced::Replacements::default(),
            refused: false,
            refusals: 0,
            login_not_before: None,
            searches: 0,
            last_key: now,
            presence_told: Presence::default(),
        }
    }

    /// An app without an engine: it shows the ways to start.
    pub fn first_run(settings: Settings, now: Moment) -> Self {
        let mut app = Self::new(settings, EngineIdentity::default(), now);
        app.first_run = Some(Prompt::new(prompt::Purpose::Address, "http://localhost:8080/engine-rest"));
        app
    }

    /// Takes a message in and says what must be done.
    pub fn update(&mut self, message: Message, now: Moment) -> Vec<Effect> {
        self.now = now;
        update::update(self, message)
    }

    /// Which keys hold now.
    pub fn context(&self) -> Context {
        match &self.overlay {
            _ if self.first_run.is_some() => Context::FirstRun,
            Some(Overlay::Help(_)) => Context::Help,
            _ => self.place(),
        }
    }

    /// Which keys hold once nothing lies above.
    pub fn place(&self) -> Context {
        let pane = || match self.focus {
            Pane::Incidents => Context::Incidents,
            Pane::JobDefinitions => Context::JobDefinitions,
            Pane::Definitions => Context::Definitions,
        };
        self.page().map_or_else(pane, |page| page.context())
    }

    /// The picture of the whole engine, whatever the scope: a tree of calls does not end at it.
    pub fn whole(&self) -> Arc<Snapshot> {
        Arc::clone(self.scoping.whole().unwrap_or(&self.snapshot))
    }

    /// The page that has the screen, if one is open.
    pub fn page(&self) -> Option<&Page> {
        self.pages.last()
    }

    /// How the screen is divided.
    pub fn geometry(&self) -> Geometry {
        geometry::divide(Rect::new(0, 0, self.size.0, self.size.1), self.focus, self.lower, self.zoomed || !self.pages.is_empty())
    }

    /// Whether background polling is stopped.
    pub fn paused(&self) -> bool {
        matches!(self.snapshot.link, Link::Paused { .. })
    }

    /// After how much time the screen must be drawn again without anything having happened: ages grow, notices end.
    pub fn wake_after(&self) -> Duration {
        let until = |held: Option<Instant>| held.map(|held| held.saturating_duration_since(self.now.instant)).filter(|left| !left.is_zero());
        let holds = [self.incidents.held_until(), self.job_definitions.list.held_until(), self.definitions.list.held_until()];
        // A held order is sorted when the hold ends, whether or not a picture comes.
        holds.into_iter().filter_map(until).fold(Duration::from_secs(1), Duration::min)
    }
}
