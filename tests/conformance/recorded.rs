//! `recorded.jsonl` and `recorded-edge.jsonl`: volumes and claims over time.

use std::collections::{BTreeMap, BTreeSet};

use bindery::{
    ApiError, Behaviour, Cluster, Config, Controllers, JournalEntry, Json, Kind, PersistentVolume,
    PersistentVolumeClaim, Plugin, Sources, StorageClass,
};
use serde_json::{Value, json};

use crate::{Verdict, decode, differ, only_keys};

/// States by name, as the recordings describe them.
pub(crate) type States = BTreeMap<String, Value>;

pub(crate) fn judge(case: &Value) -> Verdict {
    let mut cluster = Cluster::new(config());
    for class in case["classes"].as_array().into_iter().flatten() {
        // The API gives a class a mode when it reads one without (`FIELD-7`).
        let mut class: StorageClass = decode(class)?;
        class.volume_binding_mode.get_or_insert_default();
        done(cluster.restore(class))?;
    }
    let (mut volumes, mut claims) = (States::new(), States::new());
    let mut previous = Vec::new();
    for (number, step) in case["steps"].as_array().into_iter().flatten().enumerate() {
        let seen = cluster.journal().len();
        let judged = carry_out(&mut cluster, step).and_then(|()| {
            let expect = &step["expect"];
            only_keys(expect, &["volumes", "claims", "events"])?;
            cluster.settle().map_err(|error| error.to_string())?;
            update(&mut volumes, &expect["volumes"]);
            update(&mut claims, &expect["claims"]);
            differ("volumes", &json!(volumes), &json!(cluster.volumes().map(volume_state).collect::<States>()))?;
            differ("claims", &json!(claims), &json!(cluster.claims().map(claim_state).collect::<States>()))?;
            let listed = texts(&expect["events"]);
            judge_events(&listed, &previous, &emitted(&cluster, seen))?;
            previous = listed;
            Ok(())
        });
        judged.map_err(|error| format!("step {number}: {error}"))?;
    }
    Ok(())
}

/// One plugin for everything, which fails where a label says so.
fn config() -> Config {
    let fail = || Behaviour::FailByLabel("test-fail".into());
    let plugin = Plugin::new("kubernetes.io/mock-volume", Sources::All).deletes(fail()).recycles(fail());
    let mut config = Config::verbatim();
    config.controllers = Controllers::PERSISTENT_VOLUMES;
    config.plugins = vec![plugin];
    config
}

pub(crate) fn done<T>(result: Result<T, ApiError>) -> Verdict {
    match result {
        // What is gone already cannot be deleted again; nothing happens then.
        Ok(_) | Err(ApiError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

fn carry_out(cluster: &mut Cluster, step: &Value) -> Verdict {
    let named = |key: &str, kind: Kind| step[key].as_str().map(|name| kind.named(name));
    if let Some(volume) = step.get("createVolume") {
        done(cluster.restore(decode::<PersistentVolume>(volume)?))
    } else if let Some(claim) = step.get("createClaim") {
        done(cluster.restore(decode::<PersistentVolumeClaim>(claim)?))
    } else if let Some(key) = named("deleteVolume", Kind::PersistentVolume) {
        done(cluster.remove(&key))
    } else if let Some(key) = named("deleteClaim", Kind::PersistentVolumeClaim) {
        done(cluster.remove(&key))
    } else if let Some(key) = named("releaseClaimRef", Kind::PersistentVolume) {
        let patch: Json = decode(&json!({"spec": {"claimRef": null}}))?;
        done(cluster.patch(&key, &patch))
    } else {
        Err("the step does nothing that is known".to_owned())
    }
}

/// Applies a delta: a name gets a new state, or is gone.
pub(crate) fn update(states: &mut States, delta: &Value) {
    for (name, state) in delta.as_object().into_iter().flatten() {
        if state.is_null() {
            states.remove(name);
        } else {
            states.insert(name.clone(), state.clone());
        }
    }
}

/// The keys that are not empty.
fn present(entries: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let empty =
        |value: &Value| *value == json!(null) || *value == json!("") || *value == json!({}) || *value == json!([]);
    entries.into_iter().filter(|(_, value)| !empty(value)).map(|(key, value)| (key.to_owned(), value)).collect()
}

pub(crate) fn volume_state(volume: &PersistentVolume) -> (String, Value) {
    let claim = volume.spec.claim_ref.as_ref();
    let state = present([
        ("phase", json!(volume.status.phase)),
        ("claim", json!(claim.map(|claim| format!("{}/{}", claim.namespace, claim.name)))),
        ("claimUid", json!(claim.map(|claim| !claim.uid.is_empty()))),
        ("message", json!(volume.status.message)),
        ("annotations", json!(volume.metadata.annotations)),
    ]);
    (volume.metadata.name.to_string(), state)
}

pub(crate) fn claim_state(claim: &PersistentVolumeClaim) -> (String, Value) {
    let mut state = present([
        ("phase", json!(claim.status.phase)),
        ("volume", json!(claim.spec.volume_name)),
        ("capacity", json!(claim.status.capacity.get("storage"))),
        ("accessModes", json!(claim.status.access_modes)),
        ("annotations", json!(claim.metadata.annotations)),
    ]);
    // An empty class is not the same as none.
    if let Some(class) = &claim.spec.storage_class_name {
        state["class"] = json!(class);
    }
    (claim.key().to_string(), state)
}

pub(crate) fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The distinct events since an entry of the journal.
fn emitted(cluster: &Cluster, since: usize) -> BTreeSet<String> {
    let events = cluster.journal().since(since).filter_map(JournalEntry::event).map(ToString::to_string);
    events.collect()
}

/// Every event must be listed, and every listed one emitted unless it may be a mere repetition.
pub(crate) fn judge_events(listed: &[String], previous: &[String], emitted: &BTreeSet<String>) -> Verdict {
    if let Some(event) = emitted.iter().find(|event| !listed.contains(event)) {
        return Err(format!("events: {event:?} is not expected"));
    }
    match listed.iter().find(|event| !emitted.contains(*event) && !previous.contains(event)) {
        Some(event) => Err(format!("events: {event:?} is missing")),
        None => Ok(()),
    }
}
