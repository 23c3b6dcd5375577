//! Every rule has a test that cites it, and every id that is cited is one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The ids of all rules, one in a line, sorted.
const IDS: &str = include_str!("ids.txt");

/// Rules that nothing can be seen of through the library, and why.
const EXEMPT: &[(&str, &str)] = &[
    ("EVENT-5", "events are delivered at once and never fail, so that there is nothing to see"),
    ("NEIGH-5", "belongs to the scheduler, which is not simulated yet"),
    ("NEIGH-6", "belongs to external provisioners, which are not simulated yet"),
    ("NEIGH-7", "belongs to external provisioners, which are not simulated yet"),
    ("PLUG-6", "plugins are scripted and ask the controller for nothing"),
    ("RECYCLE-7", "recycling is answered by a script, so that there is no scrub pod whose events could be copied"),
    ("RECYCLE-10", "informative: what the scrub pod of the stock recycler looks like"),
];

/// The words of a text that have the shape of an id.
fn ids_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|word| {
        word.split_once('-').is_some_and(|(prefix, number)| {
            prefix.len() > 1
                && prefix.bytes().all(|byte| byte.is_ascii_uppercase())
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    })
}

/// The ids that the doc comments of tests cite.
fn cited_by_tests(source: &str) -> BTreeSet<String> {
    let (mut cited, mut pending) = (BTreeSet::new(), BTreeSet::new());
    for line in source.lines().map(str::trim) {
        if let Some(doc) = line.strip_prefix("///") {
            pending.extend(ids_in(doc).map(str::to_owned));
        } else if line == "#[test]" {
            cited.append(&mut pending);
        } else if !line.starts_with("#[") {
            pending.clear();
        }
    }
    cited
}

/// The Rust files below a folder of the package.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("the file can be read");
                found.push((path, text));
            }
        }
    }
    found
}

fn cited() -> BTreeSet<String> {
    sources("tests/rules").iter().flat_map(|(_, text)| cited_by_tests(text)).collect()
}

fn exempt() -> BTreeSet<&'static str> {
    EXEMPT.iter().map(|(id, _)| *id).collect()
}

#[test]
fn every_rule_has_a_test_that_cites_it() {
    let (cited, exempt) = (cited(), exempt());
    let missing: Vec<&str> = IDS.lines().filter(|id| !cited.contains(*id) && !exempt.contains(id)).collect();
    assert!(missing.is_empty(), "no test cites {missing:?}");
}

#[test]
fn what_is_exempt_is_a_rule_without_a_test() {
    let cited = cited();
    for id in exempt() {
        assert!(IDS.lines().any(|known| known == id), "{id} is exempt and no rule");
        assert!(!cited.contains(id), "{id} is exempt and has a test");
    }
}

#[test]
fn every_id_that_is_cited_is_that_of_a_rule() {
    let ids: BTreeSet<&str> = IDS.lines().collect();
    let prefixes: BTreeSet<&str> = ids.iter().filter_map(|id| id.split_once('-')).map(|(prefix, _)| prefix).collect();
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        for id in ids_in(&text) {
            let known = id.split_once('-').is_some_and(|(prefix, _)| prefixes.contains(prefix));
            assert!(!known || ids.contains(id), "{} cites {id}, which is no rule", path.display());
        }
    }
}

#[test]
fn the_list_of_rules_is_sorted() {
    assert!(IDS.lines().is_sorted(), "ids.txt is not sorted");
}

#[test]
fn a_citation_counts_only_on_a_test() {
    let source = "/// HELP-1\n#[test]\nfn a() {}\n\n/// HELP-2\nfn b() {}\n// HELP-3\n#[test]\nfn c() {}";
    assert_eq!(cited_by_tests(source).into_iter().collect::<Vec<_>>(), ["HELP-1"]);
}
