//! The folder of the journal.

use std::path::PathBuf;

use super::super::{Config, Environment};
use super::{environment, errors, parse};

#[test]
fn a_variable_beats_the_file_and_the_file_beats_the_platform() {
    let named = parse("[journal]\nfolder = 'audit'").unwrap();
    let silent = parse(Config::example()).unwrap();
    assert_eq!(named.journal_folder(&environment(&[("BPMTOP_JOURNAL", "/env")])), Some(PathBuf::from("/env")));
    assert_eq!(silent.journal_folder(&environment(&[("BPMTOP_JOURNAL", "/env")])), Some(PathBuf::from("/env")));
    assert_eq!(named.journal_folder(&Environment::default()), Some(PathBuf::from("/etc/bpmtop/audit")));
    let platform = silent.journal_folder(&Environment::default());
    assert!(platform.is_none_or(|folder| folder.ends_with("bpmtop/journal")));
}

#[test]
fn mistakes_about_the_journal_are_told_at_their_place() {
    for (file, part) in [
        ("[journal]\nfoldr = 'a'", "config.toml:2:1: unknown key \"foldr\" in [journal]; did you mean \"folder\"?"),
        ("[journal]\nfolder = 1", "\"folder\" in [journal] must be a string in quotes, but is an integer"),
        ("folder = 'a'", "unknown key \"folder\" at the top level; it belongs in [journal]"),
        ("journal = 'a'", "\"journal\" at the top level must be a section [journal], but is a string"),
    ] {
        let shown = errors(file);
        assert!(shown.contains(part), "{part}\nin\n{shown}");
    }
}
