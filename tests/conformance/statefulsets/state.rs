//! What became of a step, in the words of the recordings.

use bindery::{Actor, Kind, PersistentVolumeClaim, Pod, Verb};
use serde_json::{Value, json};

use super::Play;

impl Play {
    /// What the set controller did to pods.
    pub(super) fn pod_actions(&self) -> Vec<String> {
        let writes = self.writes().filter(|record| record.actor == Actor::StatefulSetController);
        let mut actions: Vec<String> = writes
            .filter(|record| record.object().is_some_and(|object| object.kind() == Kind::Pod))
            .filter_map(|record| {
                let pod = record.object()?.metadata();
                let deleting = record.before.as_ref().is_some_and(|before| before.metadata().is_deleting());
                match record.verb {
                    Verb::Create => Some(format!("createPod {}", pod.name)),
                    Verb::Delete if !deleting => Some(format!("deletePod {}", pod.name)),
                    _ => None,
                }
            })
            .collect();
        if !self.ordered {
            actions.sort();
        }
        actions
    }

    /// Which claims the set controller created, and which vanished.
    pub(super) fn claim_actions(&self) -> Vec<String> {
        let writes = self
            .writes()
            .filter(|record| record.object().is_some_and(|object| object.kind() == Kind::PersistentVolumeClaim));
        let mut actions: Vec<String> = writes
            .filter_map(|record| {
                let name = &record.object()?.metadata().name;
                match (record.verb, &record.after) {
                    (_, None) => Some(format!("deleteClaim {name}")),
                    (Verb::Create, Some(_)) => Some(format!("createClaim {name}")),
                    _ => None,
                }
            })
            .collect();
        actions.sort();
        actions
    }

    /// The status of the set, its revisions as the images in them.
    pub(super) fn status(&self) -> Value {
        let Some(set) = self.set() else {
            return Value::Null;
        };
        let status = &set.status;
        json!({
            "replicas": status.replicas,
            "ready": status.ready_replicas,
            "available": status.available_replicas,
            "current": status.current_replicas,
            "updated": status.updated_replicas,
            "currentRevision": self.image_of(&status.current_revision),
            "updateRevision": self.image_of(&status.update_revision),
        })
    }

    /// The image in the template that a revision records.
    fn image_of(&self, revision: &str) -> String {
        if revision.is_empty() {
            return String::new();
        }
        let found = self.cluster.get(&Kind::ControllerRevision.named(format!("default/{revision}")));
        let image =
            found.map(|revision| json!(revision)["data"]["spec"]["template"]["spec"]["containers"][0]["image"].clone());
        image.as_ref().and_then(Value::as_str).unwrap_or("revision gone").to_owned()
    }
}

/// The phase of a pod, whether it is ready, and whether it is being deleted.
pub(super) fn pod_state(pod: &Pod) -> Value {
    let ready = if pod.is_ready() { "/Ready" } else { "" };
    let terminating = if pod.metadata.is_deleting() { "/Terminating" } else { "" };
    json!(format!("{}{ready}{terminating}", pod.status.phase))
}

/// The owners and labels of a claim, and whether it is being deleted.
pub(super) fn claim_state(claim: &PersistentVolumeClaim) -> Value {
    let mut owners: Vec<String> = claim
        .metadata
        .owner_references
        .iter()
        .map(|owner| {
            let mark = if owner.controller == Some(true) { "" } else { "(not controller)" };
            format!("{}/{}{mark}", owner.kind, owner.name)
        })
        .collect();
    owners.sort();
    let labels: Vec<String> = claim.metadata.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut state = json!({"owners": owners.join(","), "labels": labels.join(",")});
    if claim.metadata.is_deleting() {
        state["phase"] = json!("Terminating");
    }
    state
}

/// The text of an event with the several errors in it sorted.
pub(super) fn with_sorted_errors(text: &str) -> String {
    let Some((head, errors)) = text.strip_suffix(']').and_then(|text| text.split_once("error: [")) else {
        return text.to_owned();
    };
    let mut errors: Vec<&str> = errors.split(", ").collect();
    errors.sort_unstable();
    format!("{head}error: [{}]", errors.join(", "))
}
