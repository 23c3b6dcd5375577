//! The kinds around pods and storage: what the API does to them when they are created and updated.
//!
//! The texts of refusals are Kubernetes' own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]

mod content;
mod defaults;
mod quotas;
mod refusals;
mod round_trips;
mod services;
mod statuses;
#[cfg(feature = "cli")]
mod tables;
mod updates;

use bindery::{Cluster, Config, Document, Json, Kind, Object, Reader};

/// A cluster in which no controller runs.
fn cluster() -> Cluster {
    let mut config = Config::default();
    config.controllers = bindery::Controllers::NONE;
    Cluster::new(config)
}

/// The only object of a manifest.
fn object(manifest: &str) -> Object {
    let mut documents = Reader::new().read(manifest).unwrap().documents;
    assert_eq!(documents.len(), 1, "{manifest}");
    let Document { object, .. } = documents.remove(0);
    object
}

/// What is stored of the only object of a manifest.
fn created(manifest: &str) -> Object {
    cluster().create(object(manifest)).unwrap().object
}

/// What the API says to the only object of a manifest.
fn refused(manifest: &str) -> String {
    cluster().create(object(manifest)).unwrap_err().to_string()
}

/// A value of an object by its path: keys, and numbers of items.
fn at(object: &Object, path: &str) -> Json {
    let mut json: Json = serde_json::from_str(&bindery::to_json(object)).unwrap();
    for step in path.split('.') {
        json = match (&json, step.parse::<usize>()) {
            (Json::List(items), Ok(index)) => items[index].clone(),
            _ => json.get(step).cloned().unwrap_or_default(),
        };
    }
    json
}

/// All kinds that came with workloads.
const KINDS: [Kind; 11] = [
    Kind::Deployment,
    Kind::ReplicaSet,
    Kind::ControllerRevision,
    Kind::Service,
    Kind::ConfigMap,
    Kind::Secret,
    Kind::ResourceQuota,
    Kind::Namespace,
    Kind::CsiDriver,
    Kind::CsiNode,
    Kind::CsiStorageCapacity,
];
