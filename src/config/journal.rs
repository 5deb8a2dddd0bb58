//! The `[journal]` section: where actions are recorded.

use std::path::{Path, PathBuf};

use super::document::Section;
use super::problem::Report;
use super::read_login::path;

pub(super) const KEYS: &[&str] = &["folder"];

/// The folder the file names; `folder` anchors a relative one.
pub(super) fn read(root: &Section<'_>, folder: Option<&Path>, report: &mut Report<'_>) -> Option<PathBuf> {
    let section = root.section("journal", "a section [journal]", report)?;
    section.expect_keys(KEYS, |_| None, report);
    path("folder", &section, folder, report)
}

/// Where the platform keeps what a program remembers, such as `~/.local/state/bpmtop/journal`.
pub(super) fn default_folder() -> Option<PathBuf> {
    let folders = directories::ProjectDirs::from("", "", "bpmtop")?;
    Some(folders.state_dir().unwrap_or_else(|| folders.data_dir()).join("journal"))
}
