//! `tables.jsonl`: single synchronisations, as Kubernetes' own controller tests play them.

use std::time::Duration;

use bindery::{
    Behaviour, Cluster, Config, Controllers, Fault, JournalEntry, Kind, Object, ObjectKey, PersistentVolume,
    PersistentVolumeClaim, Plugin, Pod, Sources, StorageClass, StringMap, Verb,
};
use serde_json::{Value, json};

use crate::{Verdict, decode, differ, only_keys};

/// Marks an object that the controller's cache has not seen yet.
const UNSEEN: &str = "pv-testing-skip-local-store";
/// Longer than any back-off.
const LONG_ENOUGH: Duration = Duration::from_mins(10);

pub(crate) fn judge(case: &Value) -> Verdict {
    let mut cluster = Cluster::new(config(case)?);
    restore_all::<StorageClass>(&mut cluster, &case["classes"])?;
    restore_all::<Pod>(&mut cluster, &case["pods"])?;
    let volumes = restore_all::<PersistentVolume>(&mut cluster, &case["volumes"])?;
    let claims = restore_all::<PersistentVolumeClaim>(&mut cluster, &case["claims"])?;
    for error in list(&case["writeErrors"]) {
        cluster.inject(fault(error)?);
    }
    let first = match case["call"].as_str() {
        Some("syncClaim") => claims.first(),
        Some("syncVolume") => volumes.first(),
        _ => None,
    };
    let start = cluster.journal().len();
    let end = cluster.sync(first.ok_or("there is nothing to synchronise")?);
    differ("wantError", &case["wantError"], &json!(end.is_err()))?;
    if case["settle"] == json!(true) {
        cluster.advance(LONG_ENOUGH).map_err(|error| error.to_string())?;
    }
    let expect = &case["expect"];
    only_keys(expect, &["volumes", "claims", "events"])?;
    // Read without a phase, an object is pending (`FIELD-3`, `FIELD-5`).
    let given = list(&case["volumes"]).iter().chain(list(&case["claims"]));
    let unphased: Vec<String> = given.filter(|object| object["status"]["phase"].is_null()).map(name_of).collect();
    let by_name = |objects: &Value| -> Value {
        let objects = list(objects).iter();
        objects.map(|object| (name_of(object), comparable(object.clone(), &unphased))).collect()
    };
    differ("volumes", &by_name(&expect["volumes"]), &by_name(&json!(cluster.objects(Kind::PersistentVolume))))?;
    differ("claims", &by_name(&expect["claims"]), &by_name(&json!(cluster.objects(Kind::PersistentVolumeClaim))))?;
    let emitted = cluster.journal().since(start).filter_map(JournalEntry::event).map(ToString::to_string);
    let emitted: Vec<String> = emitted.take(list(&expect["events"]).len()).collect();
    differ("events", &expect["events"], &json!(emitted))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn config(case: &Value) -> Result<Config, String> {
    let mut config = Config::verbatim();
    config.controllers = Controllers::PERSISTENT_VOLUMES;
    config.plugins = Vec::new();
    let Some(script) = case.get("plugin").filter(|script| !script.is_null()) else {
        return Ok(config);
    };
    let used_up = |operation: &str| format!("Mock plugin error: no {operation}Calls configured").into();
    let answer = |error: &Value| match error.as_str() {
        None | Some("") => Behaviour::Succeed,
        Some(message) => Behaviour::Fail(message.into()),
    };
    let sequence = |operation: &str, last| {
        let answers = list(&script[operation]).iter().map(answer).collect();
        Behaviour::Sequence(answers, Box::new(last))
    };
    let mut provisions = Vec::new();
    for call in list(&script["provision"]) {
        let parameters: StringMap = decode(&call["parameters"])?;
        provisions.push(Behaviour::Expect(parameters, Box::new(answer(&call["error"]))));
    }
    let provisions = Behaviour::Sequence(provisions, Box::new(Behaviour::Refuse(used_up("provision"))));
    let plugin = Plugin::new("kubernetes.io/mock-volume", Sources::All)
        .provisions(provisions, bindery::volume_source::GcePersistentDiskVolumeSource::default())
        .deletes(sequence("delete", Behaviour::Refuse(used_up("delete"))))
        .recycles(sequence("recycle", Behaviour::Fail(used_up("recycle"))));
    config.plugins = vec![plugin];
    Ok(config)
}

/// Restores the objects of a kind. Returns their keys.
fn restore_all<T>(cluster: &mut Cluster, objects: &Value) -> Result<Vec<ObjectKey>, String>
where
    T: serde::de::DeserializeOwned + Into<Object>,
{
    let mut keys = Vec::new();
    for object in list(objects) {
        let unseen = object["metadata"]["annotations"].get(UNSEEN).is_some();
        let object: Object = decode::<T>(object)?.into();
        if unseen && cluster.get(&object.reference()).is_some() {
            // The cache goes on to hold the object that this one took the place of.
            cluster.remove(&object.reference()).map_err(|error| error.to_string())?;
        }
        let restored = if unseen { cluster.restore_unseen(object) } else { cluster.restore(object) };
        keys.push(restored.map_err(|error| error.to_string())?.reference());
    }
    Ok(keys)
}

fn fault(error: &Value) -> Result<Fault, String> {
    let text = |key: &str| error[key].as_str().unwrap_or_default();
    let kind = Kind::parse(text("resource")).ok_or("an error of an unknown resource")?;
    let verb = match text("verb") {
        "create" => Verb::Create,
        "update" => Verb::Update,
        "delete" => Verb::Delete,
        other => return Err(format!("an error of an unknown verb {other}")),
    };
    if text("error").ends_with("already exists") {
        return Ok(Fault::AlreadyExists { kind });
    }
    Ok(Fault::ServerError { verb, kind, message: text("error").into() })
}

fn name_of(object: &Value) -> String {
    let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
    format!("{}/{}", text("namespace"), text("name"))
}

/// An object without what the recordings leave out.
fn comparable(mut object: Value, unphased: &[String]) -> Value {
    let default_phase = unphased.contains(&name_of(&object));
    let left_out = [
        ("", ["kind", "apiVersion"]),
        ("/metadata", ["resourceVersion", "creationTimestamp"]),
        ("/status", ["lastPhaseTransitionTime", ""]),
        ("/spec/claimRef", ["resourceVersion", ""]),
    ];
    for (path, keys) in left_out {
        if let Some(fields) = object.pointer_mut(path).and_then(Value::as_object_mut) {
            fields.retain(|key, _| !keys.contains(&key.as_str()));
        }
    }
    if default_phase && let Some(fields) = object.as_object_mut() {
        let status = fields.entry("status").or_insert_with(|| json!({}));
        if let Some(status) = status.as_object_mut() {
            status.entry("phase").or_insert_with(|| json!("Pending"));
        }
    }
    object
}
