//! A volume as plain structs: what a parser does at its own speed, without checks, places or a second look.

use std::collections::BTreeMap;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, and never looked at")]
pub(crate) struct Volume {
    api_version: String,
    kind: String,
    metadata: Metadata,
    spec: Spec,
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, and never looked at")]
struct Metadata {
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, and never looked at")]
struct Spec {
    access_modes: Vec<String>,
    capacity: BTreeMap<String, String>,
    csi: Option<Csi>,
    persistent_volume_reclaim_policy: Option<String>,
    storage_class_name: Option<String>,
    volume_mode: Option<String>,
    volume_attributes_class_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read, and never looked at")]
struct Csi {
    driver: String,
    volume_handle: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "read, and never looked at")]
struct Status {
    phase: Option<String>,
}

/// The volumes of a stream of YAML documents.
pub(crate) fn read_yaml(text: &str) -> Vec<Volume> {
    let documents = serde_yaml::Deserializer::from_str(text);
    documents.map(|document| Volume::deserialize(document).expect("a volume")).collect()
}

/// The volumes of a list in JSON.
pub(crate) fn read_json(text: &str) -> Vec<Volume> {
    #[derive(Deserialize)]
    struct List {
        items: Vec<Volume>,
    }
    serde_json::from_str::<List>(text).expect("a list").items
}
