//! The `[variables]` section: which variables are masked on the screen until somebody asks for them.

use super::document::Section;
use super::problem::{Marked, Report};
use crate::model::masking::Mask;

pub(super) const KEYS: &[&str] = &["mask"];

/// The mask; the built-in one where the file says nothing.
pub(super) fn read(root: &Section<'_>, report: &mut Report<'_>) -> Mask {
    let Some(section) = root.section("variables", "a section [variables]", report) else { return Mask::default() };
    section.expect_keys(KEYS, |_| None, report);
    if !section.has("mask") {
        return Mask::default();
    }
    let Some(found) = section.array("mask") else {
        // Notes what it is instead of a list.
        section.texts("mask", report);
        return Mask::default();
    };
    for pattern in &found {
        if let Err(problem) = Mask::new([pattern.value.as_str()]) {
            report.add(pattern.span.clone(), Marked::Known, problem);
        }
    }
    Mask::new(found.iter().map(|pattern| pattern.value.as_str())).unwrap_or_default()
}
