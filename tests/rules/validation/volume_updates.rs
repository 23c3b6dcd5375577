//! What may change of a volume.

use bindery::Kind;
use serde_json::{Value, json};

use crate::validation::{assert_only, updated};

fn change(before: Value, change: Value) -> Vec<String> {
    updated(Kind::PersistentVolume, json!({ "spec": before }), json!({ "spec": change }))
}

fn csi(extra: Value) -> Value {
    let mut csi = json!({"driver": "csi.example.com", "volumeHandle": "v1"});
    csi.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap());
    json!({"nfs": null, "csi": csi})
}

/// VALID-26: what stands behind a volume stays, but for one secret that may be added once.
#[test]
fn the_source_of_a_volume_is_immutable() {
    let rule = "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation";
    assert_only(&change(json!({}), json!({"nfs": {"path": "/other"}})), rule);
    assert_only(&change(json!({}), json!({"nfs": null, "hostPath": {"path": "/data"}})), rule);
    let secret = |name: &str| json!({"csi": {"controllerExpandSecretRef": {"name": name, "namespace": "default"}}});
    assert!(change(csi(json!({})), secret("a")).is_empty(), "it is added");
    assert_only(&change(csi(secret("a")["csi"].clone()), secret("b")), rule);
}

/// VALID-27: the volume mode is immutable; the path has no `spec`.
#[test]
fn the_mode_of_a_volume_is_immutable() {
    let errors = change(json!({}), json!({"volumeMode": "Block"}));
    assert_eq!(errors, ["volumeMode: Invalid value: \"Block\": field is immutable"]);
}

fn affinity(key: &str, value: &str) -> Value {
    let expression = json!({"key": key, "operator": "In", "values": [value]});
    json!({"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}})
}

/// VALID-28: an affinity may be added; afterwards only old labels may take their new names.
#[test]
fn an_affinity_is_added_once() {
    let old = "failure-domain.beta.kubernetes.io/zone";
    assert!(change(json!({}), affinity("zone", "a")).is_empty());
    let fixed = |errors: &[String]| {
        assert_only(errors, "nodeAffinity: Invalid value: ");
        assert!(errors[0].ends_with(": field is immutable, except for updating from beta label to GA"), "{errors:?}");
    };
    fixed(&change(affinity("zone", "a"), affinity("zone", "b")));
    fixed(&change(affinity("zone", "a"), json!({"nodeAffinity": null})));
    fixed(&change(affinity(old, "a"), affinity("topology.kubernetes.io/zone", "b")));
    assert!(change(affinity(old, "a"), affinity("topology.kubernetes.io/zone", "a")).is_empty());
}

/// VALID-20, VALID-28: only where a value was no value of a label before may one be so now.
#[test]
fn values_of_an_affinity_are_bad_only_where_they_were() {
    let required = |terms: Value| json!({"nodeAffinity": {"required": {"nodeSelectorTerms": terms}}});
    let bad = |key: &str| required(json!([{"matchExpressions": [{"key": key, "operator": "In", "values": ["a b"]}]}]));
    let complains = |errors: &[String]| errors.iter().any(|error| error.contains("values[0]: Invalid value: \"a b\""));
    let (old, new) = ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone");
    assert!(change(bad(old), bad(new)).is_empty());
    assert!(complains(&change(required(json!([])), bad("zone"))), "no terms are no bad values");
    let unknown = required(json!([{"matchExpressions": [{"key": "zone", "operator": "Like", "values": ["a"]}]}]));
    assert!(complains(&change(unknown, bad("zone"))), "nor is a bad operator one");
}

/// VALID-29: an attributes class is not taken away.
#[test]
fn an_attributes_class_is_not_removed() {
    let before = || csi(json!({})).as_object().cloned().unwrap();
    let mut gold = before();
    gold.insert("volumeAttributesClassName".to_owned(), json!("gold"));
    let errors = change(Value::Object(gold.clone()), json!({"volumeAttributesClassName": null}));
    assert_eq!(errors, ["spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden"]);
    assert!(change(Value::Object(gold), json!({"volumeAttributesClassName": "silver"})).is_empty());
}

/// VALID-30: everything else may change in any phase.
#[test]
fn all_else_of_a_volume_may_change() {
    let all = json!({
        "capacity": {"storage": "1Mi"}, "accessModes": ["ReadOnlyMany"], "storageClassName": "gold",
        "persistentVolumeReclaimPolicy": "Delete", "mountOptions": ["no such option", ""],
        "claimRef": {"kind": "Nonsense", "name": "Not a name"},
    });
    for phase in ["Available", "Bound", "Released", "Failed"] {
        let before = json!({"status": {"phase": phase}, "spec": {"claimRef": {"name": "data"}}});
        assert!(updated(Kind::PersistentVolume, before.clone(), json!({ "spec": all })).is_empty());
        assert!(updated(Kind::PersistentVolume, before, json!({"spec": {"claimRef": null}})).is_empty());
    }
    assert_eq!(change(json!({}), json!({"accessModes": []})), ["spec.accessModes: Required value"]);
}
