//! `scheduling.jsonl`: pods with volumes, one attempt each.

use bindery::scheduling::{Attempt, AttemptEnd, Rejection, Reservation};
use bindery::{
    AccessMode, Cluster, Config, Controllers, CsiDriver, CsiNode, CsiStorageCapacity, Json, Kind, Node, NodeChoice,
    Object, ObjectKey, PersistentVolume, PersistentVolumeClaim, Pod, ReclaimPolicy, StorageClass,
};
use serde_json::{Map, Value, json};

use crate::recorded::{States, claim_state, done, update, volume_state};
use crate::{Verdict, decode, differ, only_keys};

const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
const ZONE: &str = "topology.kubernetes.io/zone";

pub(crate) fn judge(case: &Value) -> Verdict {
    let known =
        ["name", "nodes", "classes", "csiDrivers", "csiStorageCapacities", "volumes", "claims", "settled", "steps"];
    only_keys(case, &known)?;
    let mut cluster = Cluster::new(config());
    restore_world(&mut cluster, case)?;
    settle(&mut cluster)?;
    only_keys(&case["settled"], &["volumes", "claims"])?;
    let (mut volumes, mut claims) = (States::new(), States::new());
    judge_states(&cluster, &case["settled"], &mut volumes, &mut claims).map_err(|error| format!("settled: {error}"))?;
    for (number, step) in list(&case["steps"]).iter().enumerate() {
        let judged = judge_step(&mut cluster, step)
            .and_then(|()| judge_states(&cluster, &step["expect"], &mut volumes, &mut claims));
        judged.map_err(|error| format!("step {number}: {error}"))?;
    }
    Ok(())
}

/// Nothing is reclaimed, no volume is made in the tree, and nodes are taken by name.
fn config() -> Config {
    let mut config = Config::verbatim();
    config.controllers = Controllers::PERSISTENT_VOLUMES;
    config.plugins = Vec::new();
    config.reclaim = false;
    config.node_choice = NodeChoice::Name;
    config
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn restore_world(cluster: &mut Cluster, case: &Value) -> Verdict {
    restore_all::<Node>(cluster, &case["nodes"])?;
    restore_all::<StorageClass>(cluster, &case["classes"])?;
    restore_all::<CsiDriver>(cluster, &case["csiDrivers"])?;
    restore_all::<CsiNode>(cluster, &case["csiNodes"])?;
    restore_all::<CsiStorageCapacity>(cluster, &case["csiStorageCapacities"])?;
    restore_all::<PersistentVolume>(cluster, &case["volumes"])?;
    restore_all::<PersistentVolumeClaim>(cluster, &case["claims"])
}

fn restore_all<T: serde::de::DeserializeOwned + Into<Object>>(cluster: &mut Cluster, objects: &Value) -> Verdict {
    list(objects).iter().try_for_each(|object| done(cluster.restore(decode::<T>(object)?)))
}

/// The volume controller and the provisioners act in turn until nothing changes.
fn settle(cluster: &mut Cluster) -> Verdict {
    loop {
        cluster.settle().map_err(|error| error.to_string())?;
        let before = cluster.journal().len();
        let claims: Vec<PersistentVolumeClaim> = cluster.claims().cloned().collect();
        claims.iter().try_for_each(|claim| provision(cluster, claim))?;
        if cluster.journal().len() == before {
            return Ok(());
        }
    }
}

/// Lets the provisioner of a claim's class act, if it is to.
fn provision(cluster: &mut Cluster, claim: &PersistentVolumeClaim) -> Verdict {
    let Some(class) = cluster.class(claim.class_name()).cloned() else {
        return Ok(());
    };
    let annotations = &claim.metadata.annotations;
    let asked = annotations.get(PROVISIONER) == Some(&class.provisioner);
    let selected = annotations.get(SELECTED_NODE);
    let delayed = class.volume_binding_mode == Some(bindery::BindingMode::WaitForFirstConsumer);
    if !asked || !claim.spec.volume_name.is_empty() || claim.metadata.is_deleting() || delayed && selected.is_none() {
        return Ok(());
    }
    match class.provisioner.as_str() {
        "csi.example.com" | "cap.example.com" => {
            let zone = selected.and_then(|node| cluster.node(node)?.metadata.labels.get(ZONE).cloned());
            let name = format!("pvc-{}", claim.metadata.uid);
            if cluster.volume(&name).is_some() {
                return Ok(());
            }
            done(cluster.restore(provisioned(claim, &class, &name, zone.as_deref())?))
        }
        "broken.example.com" if selected.is_some() => {
            let patch: Json = decode(&json!({"metadata": {"annotations": {SELECTED_NODE: null}}}))?;
            let key = ObjectKey { kind: Kind::PersistentVolumeClaim, key: claim.key() };
            done(cluster.patch(&key, &patch))
        }
        // Nobody runs it, or it has nothing to say.
        _ => Ok(()),
    }
}

/// The volume that a provisioner makes for a claim.
fn provisioned(
    claim: &PersistentVolumeClaim,
    class: &StorageClass,
    name: &str,
    zone: Option<&str>,
) -> Result<PersistentVolume, String> {
    let modes: Vec<AccessMode> = claim.spec.access_modes.iter().collect();
    let mut volume = PersistentVolume::new(name, claim.request(), modes)
        .with_class(class.metadata.name.clone())
        .with_reclaim_policy(ReclaimPolicy::Delete)
        .reserved_for(claim.metadata.namespace.clone(), claim.metadata.name.clone());
    volume.metadata.annotations =
        volume.metadata.annotations.with("pv.kubernetes.io/provisioned-by", class.provisioner.clone());
    volume.spec.volume_mode = claim.spec.volume_mode.clone();
    if let Some(reference) = &mut volume.spec.claim_ref {
        reference.uid = claim.metadata.uid.clone();
    }
    if let Some(zone) = zone {
        let requirement = json!({"key": ZONE, "operator": "In", "values": [zone]});
        let terms = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [requirement]}]}});
        volume.spec.node_affinity = Some(decode::<bindery::VolumeNodeAffinity>(&terms)?.into());
    }
    Ok(volume)
}

fn judge_step(cluster: &mut Cluster, step: &Value) -> Verdict {
    let expect = &step["expect"];
    let mut actual = Map::new();
    if let Some(name) = step["deletePod"].as_str() {
        done(cluster.remove(&Kind::Pod.named(name)))?;
    } else if let Some(pod) = step.get("createPod") {
        let pod: Pod = decode(pod)?;
        let assigned = !pod.spec.node_name.is_empty();
        let restored = cluster.restore(pod).map_err(|error| error.to_string())?;
        if !assigned {
            actual = attempt(cluster, &restored.reference())?;
        }
    } else {
        return Err("the step does nothing that is known".to_owned());
    }
    settle(cluster)?;
    let attempted = ["preFilter", "filter", "node", "message", "writes", "error", "assigned"];
    only_keys(expect, &[&attempted[..], &["volumes", "claims"]].concat())?;
    // An absent key and a null one differ here: no node was chosen, or none was looked for.
    attempted.iter().try_for_each(|key| {
        if expect.get(*key).is_some() != actual.contains_key(*key) {
            return Err(format!("{key}: expected {:?}, found {:?}", expect.get(*key), actual.get(*key)));
        }
        differ(key, &expect[*key], &actual.get(*key).cloned().unwrap_or_default())
    })
}

/// Makes the attempt, waits, and takes the pod out again if it was not assigned.
fn attempt(cluster: &mut Cluster, key: &ObjectKey) -> Result<Map<String, Value>, String> {
    let attempt = cluster.schedule(key).map_err(|error| error.to_string())?;
    let mut found = described(&attempt);
    settle(cluster)?;
    cluster.end_bind_wait(key);
    let Some(Object::Pod(pod)) = cluster.get(key) else {
        return Err("the pod is gone".to_owned());
    };
    let assigned = !pod.spec.node_name.is_empty();
    found.insert("assigned".to_owned(), json!(assigned));
    if !assigned {
        if attempt.verdict.node.is_some() {
            let condition = pod.condition("PodScheduled").ok_or("nothing says why the pod has no node")?;
            differ("reason", &json!("SchedulerError"), &json!(condition.reason))?;
            found.insert("error".to_owned(), json!(condition.message));
        }
        done(cluster.remove(key))?;
    }
    Ok(found)
}

/// An attempt as the recordings describe it.
fn described(attempt: &Attempt) -> Map<String, Value> {
    let verdict = &attempt.verdict;
    let mut found = Map::new();
    let mut put = |key: &str, value: Value| found.insert(key.to_owned(), value);
    if let Some(rejection) = &verdict.pre_filter {
        put("preFilter", rejection_of(rejection));
    } else {
        let found = |rejection: &Option<Rejection>| rejection.as_ref().map_or(Value::Null, rejection_of);
        let nodes = verdict.nodes.iter().map(|node| (node.node.to_string(), found(&node.rejection)));
        put("filter", Value::Object(nodes.collect()));
    }
    put("node", json!(verdict.node));
    if verdict.node.is_none() {
        put("message", json!(verdict.to_string()));
    }
    let writes: Vec<Value> = attempt.reservations.iter().map(write_of).collect();
    if !writes.is_empty() {
        put("writes", json!(writes));
    }
    if let AttemptEnd::Failed(message) = &attempt.end {
        put("error", json!(message));
    }
    found
}

fn rejection_of(rejection: &Rejection) -> Value {
    let reasons: Vec<String> = rejection.reasons.iter().map(ToString::to_string).collect();
    json!({"plugin": rejection.plugin.as_str(), "code": rejection.code.as_str(), "reasons": reasons})
}

fn write_of(write: &Reservation) -> Value {
    match write {
        Reservation::Volume { volume, claim } => json!({"volume": volume, "claim": claim.to_string()}),
        Reservation::Claim { claim, node } => json!({"claim": claim.to_string(), "selectedNode": node}),
        _ => Value::Null,
    }
}

/// Compares the whole state with the one before, changed as the recording says.
fn judge_states(cluster: &Cluster, delta: &Value, volumes: &mut States, claims: &mut States) -> Verdict {
    update(volumes, &delta["volumes"]);
    update(claims, &delta["claims"]);
    differ("volumes", &json!(volumes), &json!(cluster.volumes().map(volume_state).collect::<States>()))?;
    differ("claims", &json!(claims), &json!(cluster.claims().map(claim_state).collect::<States>()))
}
