//! Replays recordings of the real Kubernetes 1.36 and judges every value that they expect.
//!
//! Reads every `*.jsonl` file of a known shape in `fixtures/conformance` and in the folder that the environment
//! variable `CONFORMANCE_DIR` names, and prints `FILE: P passed, F failed` for each. It runs without the test
//! harness so that these lines are always printed. Afterwards it corrupts expectations of every kind and demands
//! that each corruption is noticed: a judge that passes everything would not pass this test.

mod corruption;
mod objects;
mod quantities;
mod recorded;
mod scheduling;
mod selectors;
mod statefulsets;
mod tables;

use crate::corruption::Corrupter;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// What a judge says: nothing, or how the case failed.
type Verdict = Result<(), String>;

/// The shapes of recordings, told apart by the keys of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    Quantity,
    Selector,
    Object,
    Recorded,
    StatefulSet,
    Table,
    Scheduling,
}

impl Shape {
    fn of(case: &Value) -> Option<Self> {
        let has = |key: &str| case.get(key).is_some();
        if has("in") || has("cmp") {
            Some(Self::Quantity)
        } else if has("selector") || has("nodeAffinity") {
            Some(Self::Selector)
        } else if has("ok") && has("kind") {
            Some(Self::Object)
        } else if has("steps") && has("classes") && !has("nodes") {
            Some(Self::Recorded)
        } else if has("steps") && !has("nodes") {
            Some(Self::StatefulSet)
        } else if has("steps") && has("nodes") && has("claims") {
            Some(Self::Scheduling)
        } else if has("table") && has("call") {
            Some(Self::Table)
        } else {
            None
        }
    }

    fn judge(self, case: &Value, line: &str) -> Verdict {
        match self {
            Self::Quantity => quantities::judge(case),
            Self::Selector => selectors::judge(case),
            Self::Object => objects::judge(case, line),
            Self::Recorded => recorded::judge(case),
            Self::StatefulSet => statefulsets::judge(case),
            Self::Table => tables::judge(case),
            Self::Scheduling => scheduling::judge(case),
        }
    }
}

fn main() -> ExitCode {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/conformance");
    let mut folders = vec![own];
    if let Some(folder) = std::env::var_os("CONFORMANCE_DIR") {
        folders.push(PathBuf::from(folder));
    }
    let mut failed = false;
    let mut corrupter = Corrupter::default();
    for folder in folders {
        match replay_folder(&folder, &mut corrupter) {
            Ok(failures) => failed |= failures > 0,
            Err(message) => {
                println!("{}: {message}", folder.display());
                failed = true;
            }
        }
    }
    failed |= !corrupter.report();
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Replays all recordings of a folder. Returns how many cases failed.
fn replay_folder(folder: &Path, corrupter: &mut Corrupter) -> Result<usize, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("cannot be read: {error}"))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let (mut cases, mut failures) = (0, 0);
    for file in &files {
        let (passed, failed) = replay_file(file, corrupter)?;
        cases += passed + failed;
        failures += failed;
    }
    if cases == 0 { Err("holds no recorded case".to_owned()) } else { Ok(failures) }
}

fn replay_file(path: &Path, corrupter: &mut Corrupter) -> Result<(usize, usize), String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name} cannot be read: {error}"))?;
    let (mut passed, mut failed) = (0, 0);
    for (number, line) in text.lines().enumerate() {
        let case: Value =
            serde_json::from_str(line).map_err(|error| format!("{name}, line {}: {error}", number + 1))?;
        let Some(shape) = Shape::of(&case) else {
            println!("{name}: line {} is of no known shape, the file is left out", number + 1);
            return Ok((0, 0));
        };
        match shape.judge(&case, line) {
            Ok(()) => {
                passed += 1;
                corrupter.try_case(shape, &format!("{name}: {}", title(&case, number)), &case, line);
            }
            Err(message) => {
                failed += 1;
                println!("{name}: {}: {message}", title(&case, number));
            }
        }
    }
    println!("{name}: {passed} passed, {failed} failed");
    Ok((passed, failed))
}

fn title(case: &Value, number: usize) -> String {
    let name = case.get("name").and_then(Value::as_str);
    name.map_or_else(|| format!("line {}", number + 1), str::to_owned)
}

/// Says where two values differ, at the first key if they are maps.
fn differ(what: &str, expected: &Value, actual: &Value) -> Verdict {
    if expected == actual {
        return Ok(());
    }
    if let (Some(expected), Some(actual)) = (expected.as_object(), actual.as_object()) {
        let keys: BTreeSet<&String> = expected.keys().chain(actual.keys()).collect();
        for key in keys {
            let value = |map: &Map<String, Value>| map.get(key).cloned().unwrap_or_default();
            differ(&format!("{what}.{key}"), &value(expected), &value(actual))?;
        }
    }
    if let (Some(expected), Some(actual)) = (expected.as_array(), actual.as_array()) {
        let only_in = |one: &[Value], other: &[Value]| {
            Value::Array(one.iter().filter(|item| !other.contains(item)).cloned().collect())
        };
        let (missing, unexpected) = (only_in(expected, actual), only_in(actual, expected));
        return Err(format!("{what}: missing {missing}, unexpected {unexpected}, or in another order or number"));
    }
    Err(format!("{what}: expected {expected}, found {actual}"))
}

/// A part of a case as an object of the library.
fn decode<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|error| error.to_string())
}

/// Refuses expectations of which nobody knows what they mean.
fn only_keys(expect: &Value, known: &[&str]) -> Verdict {
    match expect.as_object().into_iter().flatten().find(|(key, _)| !known.contains(&key.as_str())) {
        Some((key, _)) => Err(format!("{key:?} is expected, which is not judged")),
        None => Ok(()),
    }
}
