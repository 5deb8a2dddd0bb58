//! The mask of variables.

use super::super::Config;
use super::{errors, parse};

#[test]
fn without_a_mask_the_built_in_one_holds() {
    for file in ["", "[variables]", Config::example()] {
        let mask = parse(file).unwrap().mask;
        assert!(mask.hides("userPassword") && !mask.hides("amount"), "{file}");
    }
}

#[test]
fn a_mask_replaces_the_built_in_one_and_an_empty_one_hides_nothing() {
    let mask = parse("[variables]\nmask = [\"salary*\"]").unwrap().mask;
    assert!(mask.hides("salary2026") && !mask.hides("password"));
    assert!(!parse("[variables]\nmask = []").unwrap().mask.hides("password"));
}

#[test]
fn mistakes_in_the_mask_are_told_at_their_place() {
    for (file, part) in [
        ("[variables]\nmsak = [\"a\"]", "config.toml:2:1: unknown key \"msak\" in [variables]; did you mean \"mask\"?"),
        ("[variables]\nmask = [\"a\", \"[b\"]", "config.toml:2:14: \"[b\" is no pattern"),
        ("[variables]\nmask = \"a\"", "\"mask\" in [variables] must be a list of strings"),
        ("mask = [\"a\"]", "unknown key \"mask\" at the top level; it belongs in [variables]"),
        ("variables = 1", "\"variables\" at the top level must be a section [variables], but is an integer"),
    ] {
        let shown = errors(file);
        assert!(shown.contains(part), "{part}\nin\n{shown}");
    }
}
