//! The test of the test: expectations of every kind are corrupted, and each corruption must be noticed. A judge that
//! passes everything would not pass this.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::Shape;

/// How many expectations of a kind are corrupted.
const SAMPLES: usize = 3;

/// Corrupts expectations of cases that pass, a few of each kind.
#[derive(Default)]
pub(crate) struct Corrupter {
    /// How many were corrupted of each kind: the shape of the case and the path, without the names in it.
    kinds: BTreeMap<String, usize>,
    unnoticed: Vec<String>,
}

impl Corrupter {
    pub(crate) fn try_case(&mut self, shape: Shape, title: &str, case: &Value, line: &str) {
        let mut paths = Vec::new();
        for root in roots(shape, case) {
            collect(&root, case.pointer(&root).unwrap_or(&Value::Null), &mut paths);
        }
        for path in paths {
            let kind = format!("{shape:?}{}", kind_of(&path));
            let tried = self.kinds.entry(kind).or_default();
            if *tried == SAMPLES {
                continue;
            }
            *tried += 1;
            for corrupted in corruptions(&path, case) {
                if shape.judge(&corrupted, line).is_ok() {
                    let found = corrupted.pointer(&path).unwrap_or(&Value::Null);
                    self.unnoticed.push(format!("{title}: {path} became {found}"));
                }
            }
        }
    }

    /// Prints what was tried. Returns whether everything was noticed.
    pub(crate) fn report(&self) -> bool {
        for unnoticed in &self.unnoticed {
            println!("corruption not noticed: {unnoticed}");
        }
        let tried: usize = self.kinds.values().sum();
        println!(
            "corruption: {tried} expectations of {} kinds, {} not noticed",
            self.kinds.len(),
            self.unnoticed.len()
        );
        self.unnoticed.is_empty() && tried > 0
    }
}

/// The paths below which a case holds expectations.
fn roots(shape: Shape, case: &Value) -> Vec<String> {
    let present = |keys: &[&str]| -> Vec<String> {
        keys.iter().filter(|key| case.get(**key).is_some()).map(|key| format!("/{key}")).collect()
    };
    let each = |list: &str, keys: &[&str]| -> Vec<String> {
        let items = case[list].as_array().into_iter().flatten().enumerate();
        let paths = items.flat_map(|(index, item)| {
            keys.iter().filter(|key| item.get(**key).is_some()).map(move |key| format!("/{list}/{index}/{key}"))
        });
        paths.collect()
    };
    match shape {
        Shape::Quantity => {
            let mut keys = vec!["ok", "error", "canonical", "cmp"];
            // Kubernetes' own number is not judged where it is wrong.
            keys.extend(case.get("inexact").is_none().then_some("value"));
            keys.extend(case.get("milliInexact").is_none().then_some("milli"));
            present(&keys)
        }
        Shape::Selector => {
            let mut roots = present(&["string", "error"]);
            roots.extend(each("sets", &["match"]));
            roots.extend(each("nodes", &["match", "error", "pod"]));
            roots
        }
        Shape::Object => present(&["ok", "errors", "decodeError", "refused", "strict", "warnings", "stored"]),
        Shape::Recorded | Shape::StatefulSet => each("steps", &["expect"]),
        Shape::Table => present(&["wantError", "expect"]),
        Shape::Scheduling => present(&["settled"]).into_iter().chain(each("steps", &["expect"])).collect(),
    }
}

/// All paths at and below a value.
fn collect(path: &str, value: &Value, paths: &mut Vec<String>) {
    paths.push(path.to_owned());
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(&format!("{path}/{index}"), item, paths);
            }
        }
        Value::Object(entries) => {
            for (key, value) in entries {
                collect(&format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")), value, paths);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A path without indices and without the names of objects, labels and annotations.
fn kind_of(path: &str) -> String {
    let mut kind = String::new();
    let mut before = "";
    for step in path.split('/').skip(1) {
        let named = ["volumes", "claims", "pods", "images", "annotations", "labels", "matchLabels", "parameters"]
            .contains(&before);
        let name = if named || step.bytes().all(|byte| byte.is_ascii_digit()) { "*" } else { step };
        kind = format!("{kind}/{name}");
        before = step;
    }
    kind
}

/// The case with the value of a path corrupted in every way that a judge must notice.
fn corruptions(path: &str, case: &Value) -> Vec<Value> {
    let value = case.pointer(path).unwrap_or(&Value::Null);
    let events = path.contains("/expect/events");
    let replacements: Vec<Value> = match value {
        Value::Null => vec![json!({"phase": "Corrupted"})],
        Value::Bool(value) => vec![json!(!value)],
        Value::Number(_) => vec![json!(123_456_789)],
        // The text of a decoding error counts only for quantities.
        Value::String(text) if path == "/decodeError" && !text.starts_with("quantities must") => Vec::new(),
        Value::String(text) => vec![json!(format!("{text} corrupted"))],
        Value::Array(items) => {
            let longer: Vec<Value> = items.iter().cloned().chain([json!("corrupted")]).collect();
            // A periodic event may be listed without being emitted.
            let shorter = items.split_last().filter(|_| !events).map(|(_, rest)| json!(rest));
            shorter.into_iter().chain([json!(longer)]).collect()
        }
        Value::Object(entries) => {
            let mut more = entries.clone();
            more.insert("corrupted".to_owned(), json!({"phase": "Corrupted"}));
            vec![Value::Object(more)]
        }
    };
    let mut corrupted: Vec<Value> = Vec::new();
    for replacement in replacements {
        let mut case = case.clone();
        if let Some(place) = case.pointer_mut(path) {
            *place = replacement;
            corrupted.push(case);
        }
    }
    // A key that is left out is as wrong as one with another value, where the recording has no such default.
    let (parent, key) = path.rsplit_once('/').unwrap_or(("", path));
    let removable = !value.is_null() && *value != json!([]) && *value != json!({}) && *value != json!(false) && !events;
    let mut case = case.clone();
    if removable && let Some(map) = case.pointer_mut(parent).and_then(Value::as_object_mut) {
        let delta = ["volumes", "claims"].iter().any(|part| parent.ends_with(part) || key == *part || key == "expect");
        // In a delta, what is not named is unchanged.
        if !delta && map.remove(&key.replace("~1", "/").replace("~0", "~")).is_some() {
            corrupted.push(case);
        }
    }
    corrupted
}
