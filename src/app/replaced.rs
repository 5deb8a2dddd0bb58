//! Another engine at the same address: what goes with the one before, and until when it is told.

use super::pages::Page;
use super::scope::Scoping;
use super::{App, Overlay};
use crate::model::snapshot::Replaced;
use crate::poll::command::Looking;

/// Whose picture it is, and what of a replacement was seen.
#[derive(Debug, Default)]
pub(super) struct Replacements {
    /// How often another engine had taken the place of the one before, by the newest picture.
    times: u64,
    /// Of those, how many the operator has seen.
    seen: u64,
}

/// Begins anew where the picture is one of another engine. Rows, marks, cursors, pages and what is typed for them belong to the one before; what was
/// done to it stays told.
pub(super) fn take(app: &mut App) {
    let times = app.snapshot.replaced.as_ref().map_or(0, |replaced| replaced.times);
    if times == app.replacements.times {
        return;
    }
    app.replacements.times = times;
    app.incidents = Default::default();
    app.job_definitions = Default::default();
    app.definitions = Default::default();
    app.pages.retain(|page| matches!(page, Page::Action(_) | Page::Actions(_)));
    if !matches!(app.overlay, None | Some(Overlay::Help(_) | Overlay::Login(_))) {
        app.overlay = None;
    }
    app.acting.forget_selection();
    app.looking = Looking::default();
    app.notice = None;
    // What figures were within the scope was of the one before.
    let whole = app.whole();
    app.scoping = Scoping::new(app.scoping.scope().clone());
    app.snapshot = app.scoping.take(whole);
}

impl App {
    /// What is to be told of an engine that took the place of another, until somebody has seen it.
    pub fn replaced(&self) -> Option<&Replaced> {
        self.snapshot.replaced.as_ref().filter(|replaced| replaced.times > self.replacements.seen)
    }

    /// Notes that it was seen.
    pub(super) fn has_seen_the_replacement(&mut self) {
        self.replacements.seen = self.replacements.times;
    }
}
