//! `selectors.jsonl`: label selectors and the node affinity of volumes, as predicates.

use bindery::{LabelSelector, NodeSelector, Predicate, StringMap, VolumeNodeAffinity};
use serde_json::{Value, json};

use crate::{Verdict, differ};

pub(crate) fn judge(case: &Value) -> Verdict {
    if case.get("nodes").is_some() { judge_affinity(case) } else { judge_selector(case) }
}

fn labels(value: &Value) -> StringMap {
    serde_json::from_value::<Option<StringMap>>(value.clone()).ok().flatten().unwrap_or_default()
}

fn judge_selector(case: &Value) -> Verdict {
    let selector: Option<LabelSelector> =
        serde_json::from_value(case["selector"].clone()).map_err(|error| format!("selector: {error}"))?;
    let predicate = match Predicate::of(selector.as_ref()) {
        Err(error) => return differ("error", &case["error"], &json!(error.to_string())),
        Ok(predicate) => predicate,
    };
    differ("error", &case["error"], &Value::Null)?;
    differ("string", &case["string"], &json!(predicate.to_string()))?;
    for set in case["sets"].as_array().into_iter().flatten() {
        let matches = predicate.matches(&labels(&set["labels"]));
        differ(&format!("match of {}", set["labels"]), &set["match"], &json!(matches))?;
    }
    Ok(())
}

fn judge_affinity(case: &Value) -> Verdict {
    let affinity: Option<VolumeNodeAffinity> =
        serde_json::from_value(case["nodeAffinity"].clone()).map_err(|error| format!("nodeAffinity: {error}"))?;
    let affinity = affinity.unwrap_or_default();
    for node in case["nodes"].as_array().into_iter().flatten() {
        let what = |key: &str| format!("{key} of node {} {}", node["name"], node["labels"]);
        let labels = labels(&node["labels"]);
        let (allowed, error) = match affinity.allows(&labels) {
            Ok(allowed) => (allowed, Value::Null),
            Err(error) => (false, json!(error.to_string())),
        };
        differ(&what("match"), &node["match"], &json!(allowed))?;
        differ(&what("error"), &node["error"], &error)?;
        let name = node["name"].as_str();
        let pod = |required: &NodeSelector| required.matches(&labels, name).unwrap_or(false);
        let pod = affinity.required.as_ref().map(|required| pod(required));
        differ(&what("pod"), &node["pod"], &json!(pod))?;
    }
    Ok(())
}
