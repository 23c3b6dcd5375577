//! Every scenario in `fixtures/` holds, and is written as it was read.

use std::fs;
use std::path::{Path, PathBuf};

use bindery::scenario::Scenario;

/// Every YAML file below a folder, in the order of their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> = entries.collect();
    paths.sort();
    let each = |path: PathBuf| match path.extension().and_then(|extension| extension.to_str()) {
        _ if path.is_dir() => files(&path),
        Some("yaml" | "yml") => vec![path],
        _ => Vec::new(),
    };
    paths.into_iter().flat_map(each).collect()
}

/// Reads the scenarios of a file; a file of manifests has none.
fn scenarios(path: &Path) -> Vec<Scenario> {
    let text = fs::read_to_string(path).expect("text");
    if !Scenario::is_in(&text) {
        return Vec::new();
    }
    read(path, &text)
}

fn read(path: &Path, text: &str) -> Vec<Scenario> {
    let folder = path.parent().expect("a folder");
    let beside = |file: &str| fs::read_to_string(folder.join(file));
    Scenario::read(&path.display().to_string(), text, beside).unwrap_or_else(|error| panic!("{error}"))
}

fn all() -> Vec<(PathBuf, Scenario)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let found = files(&folder).into_iter();
    found.flat_map(|path| scenarios(&path).into_iter().map(move |scenario| (path.clone(), scenario))).collect()
}

#[test]
fn every_scenario_holds() {
    let mut failures = Vec::new();
    for (path, scenario) in all() {
        if let Err(error) = scenario.run() {
            failures.push(format!("{}: {error}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn each_experiment_of_the_article_has_one() {
    let tutorial =
        all().into_iter().filter(|(path, _)| path.parent().is_some_and(|folder| folder.ends_with("tutorial")));
    let names: Vec<String> = tutorial.map(|(_, scenario)| scenario.name.to_string()).collect();
    assert_eq!(
        names,
        [
            "1-mysql-static",
            "2-mysql-deployment",
            "3-dynamic-provisioning",
            "4-two-replicas-one-claim",
            "5-statefulset-provisioned",
            "6-self-link",
            "7-nginx-statefulset",
            "8-mysql-statefulset",
            "9-stateless-and-stateful",
        ]
    );
}

/// Everything that happens in a run.
fn journal(scenario: &Scenario) -> Vec<String> {
    let cluster = scenario.run().unwrap_or_else(|error| panic!("{error}"));
    cluster.journal().iter().map(|entry| serde_json::to_string(entry).expect("JSON")).collect()
}

#[test]
fn two_runs_have_one_journal() {
    for (path, scenario) in all() {
        assert!(journal(&scenario) == journal(&scenario), "{}", path.display());
    }
}

#[test]
fn what_is_written_is_read_back_and_does_the_same() {
    for (path, scenario) in all() {
        let written = scenario.to_yaml();
        let again = read(&path, &written).swap_remove(0);
        assert_eq!(again.to_yaml(), written, "{}", path.display());
        assert_eq!((again.steps.len(), &again.cluster), (scenario.steps.len(), &scenario.cluster));
        assert!(journal(&again) == journal(&scenario), "{}", path.display());
    }
}
