//! `objects.jsonl` and `updates.jsonl`: decoding, defaulting, validation and storing of one object.

use std::collections::BTreeMap;

use bindery::{ApiError, Cluster, Config, Controllers, Manifest, Object, Reader, Strictness};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::{Verdict, differ};

/// What came of sending an object.
#[derive(Default)]
struct Outcome {
    decode_error: Option<String>,
    strict: Vec<String>,
    refused: Option<String>,
    errors: Vec<String>,
    warnings: Vec<String>,
    stored: Option<Object>,
}

/// Judges a case; its line is needed because numbers count as they are written.
pub(crate) fn judge(case: &Value, line: &str) -> Verdict {
    let raw: BTreeMap<String, &RawValue> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let text = match (case["text"].as_str(), raw.get("object").or(raw.get("new"))) {
        (Some(text), _) => text,
        (None, Some(object)) => object.get(),
        (None, None) => return Err("there is nothing to send".to_owned()),
    };
    let mut cluster = cluster();
    let old = match raw.get("old") {
        None => None,
        Some(old) => Some(restore(&mut cluster, old.get())?),
    };
    let outcome = send(&mut cluster, text, old.as_ref());
    if case.get("decodeError").is_some() != outcome.decode_error.is_some() {
        return Err(format!("decodeError: expected {}, found {:?}", case["decodeError"], outcome.decode_error));
    }
    if let Some(error) = case["decodeError"].as_str().filter(|error| error.starts_with("quantities must")) {
        let found = outcome.decode_error.unwrap_or_default();
        if !found.contains(error) {
            return Err(format!("decodeError: expected {error}, found {found}"));
        }
    }
    differ("refused", &case["refused"], &json!(outcome.refused))?;
    differ("strict", case.get("strict").unwrap_or(&json!([])), &json!(outcome.strict))?;
    let (mut expected, mut errors) = (case["errors"].clone(), outcome.errors);
    if case["unordered"] == json!(true) {
        errors.sort();
        expected = sorted(&expected);
    }
    differ("errors", &expected, &json!(errors))?;
    differ("ok", &case["ok"], &json!(outcome.stored.is_some()))?;
    differ("warnings", case.get("warnings").unwrap_or(&json!([])), &json!(outcome.warnings))?;
    let stored = outcome.stored.map_or(Value::Null, |object| comparable(json!(object), old.is_some()));
    differ("stored", &case["stored"], &stored)
}

fn cluster() -> Cluster {
    let mut config = Config::default();
    config.controllers = Controllers::NONE;
    config.admission = false;
    config.start = "2026-01-01T00:00:00Z".parse().expect("a time");
    Cluster::new(config)
}

fn restore(cluster: &mut Cluster, text: &str) -> Result<Object, String> {
    let manifest = Reader::new().strictness(Strictness::Keep).read(text).map_err(|error| error.to_string())?;
    let document = manifest.documents.into_iter().next().ok_or("the old object is missing")?;
    cluster.restore(document.object).map_err(|error| error.to_string())
}

fn send(cluster: &mut Cluster, text: &str, old: Option<&Object>) -> Outcome {
    let Manifest { documents, warnings, .. } = match Reader::new().strictness(Strictness::Warn).read(text) {
        Ok(manifest) => manifest,
        Err(error) => return Outcome { decode_error: Some(error.to_string()), ..Outcome::default() },
    };
    let strict = warnings.iter().map(|problem| problem.rule.clone()).collect();
    let Some(document) = documents.into_iter().next() else {
        return Outcome { decode_error: Some("there is no object".to_owned()), ..Outcome::default() };
    };
    let sent = match old {
        None => cluster.create(document.object),
        Some(old) => cluster.replace(&old.reference(), document.object),
    };
    let outcome = Outcome { strict, ..Outcome::default() };
    match sent {
        Ok(accepted) => {
            let mut warnings = accepted.warnings;
            warnings.sort();
            Outcome { stored: Some(accepted.object), warnings, ..outcome }
        }
        Err(ApiError::Invalid { errors, .. }) => {
            let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
            Outcome { errors: errors.iter().map(|error| first_line(error.to_string())).collect(), ..outcome }
        }
        Err(error) => Outcome { refused: Some(error.to_string()), ..outcome },
    }
}

fn sorted(list: &Value) -> Value {
    let mut items: Vec<String> =
        list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    items.sort();
    json!(items)
}

/// An object without what the recordings leave out: its version, and of a new one what differs from run to run.
fn comparable(mut object: Value, replaced: bool) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("resourceVersion");
        if !replaced {
            metadata.remove("uid");
            metadata.remove("creationTimestamp");
        }
    }
    object
}
