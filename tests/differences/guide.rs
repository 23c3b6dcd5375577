//! Reads the guide and all tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The entries of the list of differences, each as one line.
fn entries() -> Vec<String> {
    let lines = include_str!("../../src/lib.rs").lines().map_while(|line| line.strip_prefix("//!"));
    let section = lines.skip_while(|line| *line != " # Differences from Kubernetes").skip(1);
    let mut entries: Vec<String> = Vec::new();
    let mut is_open = false;
    for line in section.take_while(|line| !line.starts_with(" # ")) {
        if let Some(first) = line.strip_prefix(" - ") {
            entries.push(first.to_owned());
            is_open = true;
        } else if let (Some(more), Some(entry), true) = (line.strip_prefix("   "), entries.last_mut(), is_open) {
            entry.push(' ');
            entry.push_str(more);
        } else {
            is_open = false;
        }
    }
    entries
}

/// What stands in back quotes and looks like the name of a test: lower case, and more than one word.
fn named(entry: &str) -> Vec<&str> {
    let quoted = entry.split('`').skip(1).step_by(2);
    let is_name = |text: &str| text.contains('_') && text.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
    quoted.filter(|text| is_name(text)).collect()
}

/// The names of the tests below a folder.
fn tests(folder: &Path, found: &mut BTreeSet<String>) {
    for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("text");
            for after in text.split("#[test]\n").skip(1) {
                // Other attributes may stand between.
                let name = after.split_once("fn ").and_then(|(_, rest)| rest.split_once('('));
                found.extend(name.map(|(name, _)| name.to_owned()));
            }
        }
    }
}

#[test]
fn every_entry_of_the_guide_names_a_test_that_shows_it() {
    let mut known = BTreeSet::new();
    for folder in ["src", "tests"] {
        tests(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut known);
    }
    let entries = entries();
    assert!(entries.len() > 30, "the list is read: {entries:#?}");
    for entry in &entries {
        let named = named(entry);
        assert!(!named.is_empty(), "no test is named by: {entry}");
        for test in named {
            assert!(known.contains(test), "there is no test {test}, which is named by: {entry}");
        }
    }
}

#[test]
fn names_are_told_from_other_words() {
    let entry = "Fields such as `managedFields` (`DET-4`, `a_test_of_mine`; `subPath`, `word`, `!!binary`).";
    assert_eq!(named(entry), ["a_test_of_mine"]);
}
