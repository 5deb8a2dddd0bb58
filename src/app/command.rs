//! What the operator can ask for. A command says what is wanted; whether it is possible now is decided where it is carried out.

use super::acting::Deed;
use super::list::Motion;

/// Something the operator asks of the cockpit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Leave the program.
    Quit,
    /// Stop the program and give the shell back until `fg`.
    Suspend,
    /// One step back.
    Back,
    /// Into the selected row.
    Open,
    /// Everything about the selected row's incident.
    Describe,
    /// Move the cursor or scroll.
    Go(Motion),
    /// To the other pane.
    NextPane,
    /// Incidents by activity.
    ShowIncidents,
    /// Job definitions.
    ShowJobDefinitions,
    /// Process definitions.
    ShowDefinitions,
    /// Only old versions that still run, or every definition again.
    OldVersions,
    /// The part of the engine to show.
    Scope,
    /// The pane with the cursor alone on the screen, or both again.
    Zoom,
    /// Type a filter.
    Filter,
    /// Search within a text.
    Search,
    /// Next hit of the search.
    NextHit,
    /// Previous hit of the search.
    PreviousHit,
    /// Sort by the next column.
    SortNext,
    /// Sort the other way round.
    SortReverse,
    /// Mark the selected row.
    Mark,
    /// Mark all rows that pass the filter.
    MarkAll,
    /// Remove all marks.
    ClearMarks,
    /// Stop or resume background polling.
    Pause,
    /// Ask the engine again now.
    Refresh,
    /// Copy the selected row's id.
    Copy,
    /// Give a user name and password.
    Login,
    /// Take another role, as far as the profile allows.
    Role,
    /// All keys and what the figures mean.
    Help,
    /// Wrap long lines, or do not.
    Wrap,
    /// The tree of called instances around the selected row.
    Tree,
    /// Everything about the instance of the selected row.
    Instance,
    /// Read the variables, or go to them.
    Variables,
    /// Show what is below the selected row, or go there.
    Unfold,
    /// Hide what is below the selected row, or go to the row above.
    Fold,
    /// To the instance that called the selected one.
    ToCaller,
    /// To the root cause, or to the next one.
    ToCause,
    /// Show instances that are over too, or no more.
    ToggleEnded,
    /// What happened to the selected row's instance.
    Timeline,
    /// Only failures and what users did, or everything again.
    OnlyTrouble,
    /// Find an instance, an incident or anything else by what is known of it.
    Find,
    /// What can be done to the selected row.
    Menu,
    /// One of these things, by its own key.
    Act(Deed),
    /// The actions of this run, and what an earlier one left under way.
    Actions,
    /// Everything that is suspended.
    ShowSuspended,
    /// What failed and has retries left.
    ShowRetrying,
    /// Change what a plan leaves open.
    Choose(Choice),
    /// The exact requests of a plan, or the plan again.
    ShowRequests,
    /// Send no more for now, or go on.
    HoldAction,
    /// Go on sending, whatever paused it.
    GoOnAction,
    /// Send no more at all.
    StopAction,
    /// Read back once more what is not settled.
    ReadBack,
    /// Write an action into a file.
    Export,
    /// Take an action back.
    Undo,
    /// Put back what an action was to keep asleep and left otherwise.
    PutBack,
}

/// Something that a plan leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Attempts of a retried job.
    Attempts,
    /// When it is due.
    Due,
    /// How fast.
    Pace,
    /// How many go first.
    Canary,
    /// From which share of failures on it pauses.
    StopAt,
    /// By a batch of the engine.
    Batch,
    /// Existing jobs or instances too.
    Existing,
    /// Not now but then.
    At,
    /// What happens to what another cause suspended.
    Others,
    /// At which level a cancellation begins.
    Level,
    /// Whether listeners run.
    Listeners,
    /// Why it is done.
    Reason,
}

impl Choice {
    /// Its key and its name, as the plan lists them.
    pub fn key_words(self) -> &'static str {
        match self {
            Self::Attempts => "n retries",
            Self::Due => "d due",
            Self::Pace => "p pace",
            Self::Canary => "c first",
            Self::StopAt => "s stop at",
            Self::Batch => "b batch",
            Self::Existing => "e existing",
            Self::At => "t time",
            Self::Others => "o others",
            Self::Level => "l level",
            Self::Listeners => "x listeners",
            Self::Reason => "m reason",
        }
    }
}
