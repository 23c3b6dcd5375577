//! A scenario from the text of a file.
//!
//! Everything that can be found wrong before anything runs is found here, at once, with its place: unknown fields,
//! manifests that cannot be read, files that are missing.

use std::collections::BTreeMap;

use crate::manifest::{self, Located, ManifestError, Position, Problem};
use crate::model::text::Text;
use crate::scenario::Scenario;
use crate::scenario::setting::Setting;
use crate::scenario::steps;

/// The version that a scenario says it has.
pub(super) const API_VERSION: &str = "bindery.dev/v1";

/// The kind that a scenario says it is.
pub(super) const KIND: &str = "Scenario";

/// Reads a file by its path from the scenario; an error says why it cannot be read.
pub(super) type ReadFile<'f> = &'f mut dyn FnMut(&str) -> Result<String, String>;

/// What reading gathers beside the scenario.
pub(super) struct Gathered<'f> {
    pub(super) problems: Vec<Problem>,
    pub(super) files: BTreeMap<Text, Text>,
    read_file: ReadFile<'f>,
}

impl Gathered<'_> {
    /// Keeps the result of something, or what is wrong.
    pub(super) fn take<T>(&mut self, result: Result<T, Vec<Problem>>) -> Option<T> {
        result.map_err(|problems| self.problems.extend(problems)).ok()
    }

    /// Notes a problem of a value.
    pub(super) fn wrong<T>(&mut self, at: &Located<'_>, rule: impl Into<String>) -> Option<T> {
        self.problems.push(at.problem(rule));
        None
    }

    /// Reads a file of manifests once and checks it.
    pub(super) fn file(&mut self, at: &Located<'_>, path: &Text) {
        if self.files.contains_key(path) {
            return;
        }
        match (self.read_file)(path) {
            Err(why) => self.problems.push(at.problem(format!("{path}: {why}"))),
            Ok(text) => {
                let read = manifest::Reader::new().source(path.clone()).read(&text);
                self.problems.extend(read.err().map(|error| error.problems).unwrap_or_default());
                self.files.insert(path.clone(), text.into());
            }
        }
    }

    /// Checks that a map has no other keys.
    pub(super) fn only(&mut self, map: &Located<'_>, known: &[&str]) {
        for (key, value) in map.entries().unwrap_or_default() {
            if !known.contains(&key) {
                self.problems.push(value.problem(format!("unknown field {key:?}, {}", manifest::hint(key, known))));
            }
        }
    }

    fn string(&mut self, map: &Located<'_>, key: &str) -> Option<Text> {
        let value = map.get(key)?;
        match value.text() {
            Some(text) => Some(text.trim_end().into()),
            None => self.wrong(&value, format!("expected a string, found {}", value.json().kind())),
        }
    }
}

/// Whether a text holds a scenario first of all.
pub(super) fn is_scenario(text: &str) -> bool {
    let first = manifest::documents(text, &Text::default()).ok().and_then(|documents| documents.into_iter().next());
    first.is_some_and(|document| document.root().get("kind").is_some_and(|kind| kind.text() == Some(KIND)))
}

/// Reads every scenario of a text.
pub(super) fn scenarios(name: &str, text: &str, read_file: ReadFile<'_>) -> Result<Vec<Scenario>, ManifestError> {
    let source = Text::from(name);
    let documents = manifest::documents(text, &source)?;
    let mut gathered = Gathered { problems: Vec::new(), files: BTreeMap::new(), read_file };
    let mut scenarios: Vec<Scenario> =
        documents.iter().filter_map(|document| scenario(&document.root(), &mut gathered)).collect();
    if documents.is_empty() {
        let rule = "there is no scenario in it".to_owned();
        let problem = Problem::new(source.clone(), 1, Position::default(), "", rule);
        gathered.problems.push(problem);
    }
    if !gathered.problems.is_empty() {
        return Err(ManifestError { problems: gathered.problems });
    }
    for scenario in &mut scenarios {
        scenario.source = source.clone();
        scenario.files = gathered.files.clone();
    }
    Ok(scenarios)
}

fn scenario(root: &Located<'_>, gathered: &mut Gathered<'_>) -> Option<Scenario> {
    let is = |key: &str, expected: &str| root.get(key).is_some_and(|value| value.text() == Some(expected));
    if !is("kind", KIND) || !is("apiVersion", API_VERSION) {
        let at = root.get("kind").unwrap_or_else(|| root.clone());
        return gathered.wrong(&at, format!("a scenario is expected: apiVersion: {API_VERSION}, kind: {KIND}"));
    }
    gathered.only(root, &["apiVersion", "kind", "metadata", "spec"]);
    let mut scenario = Scenario::default();
    let Some(metadata) = root.get("metadata") else {
        return gathered.wrong(root, "metadata is not set");
    };
    gathered.only(&metadata, &["name", "description"]);
    match gathered.string(&metadata, "name") {
        Some(name) => scenario.name = name,
        None => gathered.problems.push(metadata.problem("the name is not set")),
    }
    scenario.description = gathered.string(&metadata, "description").unwrap_or_default();
    let Some(spec) = root.get("spec") else {
        return gathered.wrong(root, "spec is not set");
    };
    gathered.only(&spec, &["cluster", "steps"]);
    if let Some(cluster) = spec.get("cluster") {
        let setting: Option<Setting> = gathered.take(cluster.decode());
        scenario.cluster = setting.unwrap_or_default();
        if let Err(why) = scenario.cluster.cluster() {
            gathered.problems.push(cluster.problem(why.to_string()));
        }
    }
    match spec.get("steps").map(|steps| (steps.items(), steps)) {
        Some((Some(items), _)) => {
            scenario.steps = items.iter().filter_map(|item| steps::step(item, gathered)).collect();
        }
        Some((None, steps)) => {
            gathered.problems.push(steps.problem(format!("expected a list, found {}", steps.json().kind())));
        }
        None => gathered.problems.push(spec.problem("steps are not set")),
    }
    Some(scenario)
}
