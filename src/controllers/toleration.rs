//! Which taints of a node a pod bears.

use crate::model::json::Json;
use crate::model::node::Taint;

/// A text of a toleration; empty where it has none.
fn text<'t>(toleration: &'t Json, key: &str) -> &'t str {
    toleration.get(key).and_then(Json::as_str).unwrap_or_default()
}

/// Whether a toleration bears a taint.
pub(super) fn tolerates(toleration: &Json, taint: &Taint) -> bool {
    let any_or = |key: &str, wanted: &str| ["", wanted].contains(&text(toleration, key));
    let value_suits = match text(toleration, "operator") {
        "" | "Equal" => taint.value == text(toleration, "value"),
        "Exists" => true,
        _ => false,
    };
    any_or("effect", &taint.effect) && any_or("key", &taint.key) && value_suits
}

/// Whether a toleration is about a taint of this key that drives pods away.
pub(super) fn is_about_eviction(toleration: &Json, key: &str) -> bool {
    ["", key].contains(&text(toleration, "key")) && ["", "NoExecute"].contains(&text(toleration, "effect"))
}

/// The first taint that keeps a pod with these tolerations from being put on a node.
pub(super) fn untolerated<'t>(tolerations: &[Json], taints: impl IntoIterator<Item = &'t Taint>) -> Option<&'t Taint> {
    let mut taints = taints.into_iter().filter(|taint| taint.effect == "NoSchedule" || taint.effect == "NoExecute");
    taints.find(|taint| !tolerations.iter().any(|toleration| tolerates(toleration, taint)))
}
