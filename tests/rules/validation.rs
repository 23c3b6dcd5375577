//! What the API refuses, in its own words (`VALID-*`).
//!
//! Each case is a valid object with a JSON merge patch on top, so that a test shows nothing but what it is about.

#![expect(clippy::needless_pass_by_value, reason = "patches are literals; references would only add noise")]

mod claim_updates;
mod claims;
mod classes;
mod metadata;
mod sources;
mod volume_updates;
mod volumes;

use bindery::{Accepted, ApiError, Cluster, Config, Controllers, Kind};
use serde_json::{Value, json};

use crate::world::{json as parsed, object};

/// What every complaint about a name begins with.
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of";

/// A valid object of a kind.
fn valid(kind: Kind) -> Value {
    let mut object = if kind == Kind::PersistentVolume {
        json!({"metadata": {"name": "pv"}, "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
            "nfs": {"server": "nfs.example.com", "path": "/exports"},
        }})
    } else if kind == Kind::PersistentVolumeClaim {
        json!({"metadata": {"name": "data", "namespace": "default"}, "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
        }})
    } else {
        json!({"metadata": {"name": "gold"}, "provisioner": "example.com/disk"})
    };
    let group = if kind == Kind::StorageClass { "storage.k8s.io/v1" } else { "v1" };
    merge(&mut object, json!({"apiVersion": group, "kind": kind.as_str()}));
    object
}

/// A JSON merge patch.
fn merge(target: &mut Value, patch: Value) {
    let (Some(entries), Value::Object(changes)) = (target.as_object_mut(), &patch) else {
        *target = patch;
        return;
    };
    for (key, change) in changes {
        if change.is_null() {
            entries.remove(key);
        } else {
            merge(entries.entry(key).or_insert_with(|| json!({})), change.clone());
        }
    }
}

fn patched(kind: Kind, patch: Value) -> Value {
    let mut object = valid(kind);
    merge(&mut object, patch);
    object
}

/// A cluster in which nothing happens by itself.
fn quiet() -> Cluster {
    let mut config = Config::default();
    config.controllers = Controllers::NONE;
    config.admission = false;
    Cluster::new(config)
}

/// The errors of an answer, one by one; none where the object was taken.
fn errors(answer: Result<Accepted, ApiError>) -> Vec<String> {
    match answer {
        Ok(_) => Vec::new(),
        Err(ApiError::Invalid { errors, .. }) => errors.iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// The errors of the valid object of a kind, created with a change.
fn created(kind: Kind, patch: Value) -> Vec<String> {
    errors(quiet().create(object(&patched(kind, patch).to_string())))
}

/// The errors of a change to an object that differs from the valid one of its kind.
fn updated(kind: Kind, before: Value, change: Value) -> Vec<String> {
    let mut cluster = quiet();
    let before = cluster.restore(object(&patched(kind, before).to_string())).unwrap();
    let mut errors = errors(cluster.patch(&before.reference(), &parsed(&change.to_string())));
    // The spec of a volume is validated twice.
    errors.dedup();
    errors
}

/// Fails unless there is one error, which begins like this.
#[track_caller]
fn assert_only(errors: &[String], beginning: &str) {
    assert!(errors.len() == 1 && errors[0].starts_with(beginning), "{errors:?} are not only {beginning}");
}
