//! Pages: what takes the screen from the panes when a row is opened. They stand on each other, and esc leads back.
//!
//! | page | what belongs there |
//! |---|---|
//! | [`plan`] | what an action would do |
//! | [`action`] | what became of one |
//! | [`actions`] | all of this run |
//! | [`suspended`] | everything that is suspended |
//! | [`retrying`] | what failed and has retries left |
//! | [`incident`] | everything about one incident |
//! | [`tree`] | the tree of called instances |
//! | [`instance`] | everything about one process instance |
//! | [`timeline`] | what happened to one instance |
//! | [`trace`] | the stack trace of one failure of the past |
//! | [`results`] | what a search found |

pub mod action;
pub mod actions;
pub mod incident;
pub mod instance;
pub mod plan;
pub mod results;
pub mod retrying;
pub mod suspended;
pub mod timeline;
pub mod trace;
pub mod tree;

use std::ops::{Deref, DerefMut};

use super::document::Document;
use super::filter::Filter;
use super::keymap::Context;
use super::list::Motion;
use crate::model::description::Description;
use crate::model::ids::{ProcessDefinitionId, ProcessInstanceId};
use crate::model::section::Moment;
use crate::model::snapshot::Snapshot;
use crate::poll::command::{Looking, PollCommand};

use self::action::ActionPage;
use self::actions::ActionsPage;
use self::incident::IncidentPage;
use self::instance::InstancePage;
use self::plan::PlanPage;
use self::results::ResultsPage;
use self::retrying::RetryingPage;
use self::suspended::SuspendedPage;
use self::timeline::TimelinePage;
use self::trace::TracePage;
use self::tree::TreePage;

/// A page. What every page does is in [`Contents`]; who needs to know which one it is matches here.
#[derive(Clone, Debug)]
pub enum Page {
    /// Everything about one incident.
    Incident(Box<IncidentPage>),
    /// A tree of called instances.
    Tree(Box<TreePage>),
    /// Everything about one process instance.
    Instance(Box<InstancePage>),
    /// What happened to one instance.
    Timeline(Box<TimelinePage>),
    /// The stack trace of one failure of the past.
    Trace(Box<TracePage>),
    /// What a search found.
    Results(Box<ResultsPage>),
    /// What an action would do.
    Plan(Box<PlanPage>),
    /// What became of an action.
    Action(Box<ActionPage>),
    /// All actions of this run.
    Actions(Box<ActionsPage>),
    /// Everything that is suspended.
    Suspended(Box<SuspendedPage>),
    /// What failed and has retries left.
    Retrying(Box<RetryingPage>),
}

/// What every page can be asked to do; many do only a part of it.
pub trait Contents {
    /// Which keys hold on it.
    fn context(&self) -> Context;

    /// What it is called where one comes from.
    fn crumb(&self) -> &'static str;

    /// Tells how many lines fit below the title.
    fn set_height(&mut self, height: usize);

    /// Notes a new picture.
    fn refresh(&mut self, snapshot: &Snapshot);

    /// Moves the cursor or scrolls.
    fn go(&mut self, motion: Motion, now: Moment);

    /// Adds what must be known to show the page.
    fn look(&self, snapshot: &Snapshot, looking: &mut Looking);

    /// What the operator may want to paste elsewhere: the id of what the page or its selected row is about.
    fn id(&self) -> Option<String>;

    /// The process instance that the page or its selected row is about, with its definition where that is known.
    fn instance(&self) -> Option<(ProcessInstanceId, Option<ProcessDefinitionId>)>;

    /// Takes the answers to a describe in, if they belong here.
    fn fill(&mut self, _description: &Description, _snapshot: &Snapshot) {}

    /// The text to search in, where the page is one.
    fn text(&self) -> Option<&Document> {
        None
    }

    /// The same, to be searched or scrolled.
    fn text_mut(&mut self) -> Option<&mut Document> {
        None
    }

    /// Which of its rows are shown, where the page can be filtered.
    fn filter(&self) -> Option<&Filter> {
        None
    }

    /// What the poller must be asked because of what the page learnt; asked once.
    fn wants(&mut self) -> Option<PollCommand> {
        None
    }

    /// Notes that everything is to be asked again, and what the poller must be told besides.
    fn ask_again(&mut self, _now: Moment) -> Option<PollCommand> {
        None
    }
}

impl Deref for Page {
    type Target = dyn Contents;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Incident(page) => &**page,
            Self::Tree(page) => &**page,
            Self::Instance(page) => &**page,
            Self::Timeline(page) => &**page,
            Self::Trace(page) => &**page,
            Self::Results(page) => &**page,
            Self::Plan(page) => &**page,
            Self::Action(page) => &**page,
            Self::Actions(page) => &**page,
            Self::Suspended(page) => &**page,
            Self::Retrying(page) => &**page,
        }
    }
}

impl DerefMut for Page {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Self::Incident(page) => &mut **page,
            Self::Tree(page) => &mut **page,
            Self::Instance(page) => &mut **page,
            Self::Timeline(page) => &mut **page,
            Self::Trace(page) => &mut **page,
            Self::Results(page) => &mut **page,
            Self::Plan(page) => &mut **page,
            Self::Action(page) => &mut **page,
            Self::Actions(page) => &mut **page,
            Self::Suspended(page) => &mut **page,
            Self::Retrying(page) => &mut **page,
        }
    }
}

/// Lines of a page of rows below them that say more about the selected one.
pub const PREVIEW: usize = 4;

/// From this height on there is room for them.
const PREVIEW_FROM: usize = 14;

/// Rows in so many lines below the title: without column heads, and without the preview where there is one.
pub fn rows_in(height: usize) -> usize {
    height.saturating_sub(1).saturating_sub(if has_preview(height) { PREVIEW } else { 0 })
}

/// Whether a page of rows has room for the preview.
pub fn has_preview(height: usize) -> bool {
    height >= PREVIEW_FROM
}
