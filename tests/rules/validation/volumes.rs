//! What a volume must look like.

use bindery::Kind;
use serde_json::{Value, json};

use crate::validation::{SUBDOMAIN, assert_only, created};

fn spec(spec: Value) -> Vec<String> {
    created(Kind::PersistentVolume, json!({ "spec": spec }))
}

/// VALID-10, VALID-11, VALID-12: at least one mode, known ones only, and `ReadWriteOncePod` alone.
#[test]
fn a_volume_has_modes_that_go_together() {
    assert_eq!(spec(json!({"accessModes": []})), ["spec.accessModes: Required value"]);
    let supported = "supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\"";
    let unknown = format!("spec.accessModes: Unsupported value: \"Sideways\": {supported}");
    assert_eq!(spec(json!({"accessModes": ["ReadWriteOnce", "Sideways"]})), [unknown]);
    let alone = "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes";
    assert_eq!(spec(json!({"accessModes": ["ReadWriteOncePod", "ReadWriteOnce"]})), [alone]);
    assert!(spec(json!({"accessModes": ["ReadWriteOncePod"]})).is_empty());
    assert!(spec(json!({"accessModes": ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany"]})).is_empty());
}

/// VALID-13, VALID-14: a volume has a capacity, and of storage only.
#[test]
fn a_volume_has_a_capacity_of_storage_only() {
    let of = |shown: &str| format!("spec.capacity: Unsupported value: {shown}: supported values: \"storage\"");
    assert_eq!(spec(json!({"capacity": null})), ["spec.capacity: Required value".to_owned(), of("null")]);
    assert_eq!(spec(json!({"capacity": {"storage": null}})), ["spec.capacity: Required value".to_owned(), of("{}")]);
    assert_eq!(spec(json!({"capacity": {"storage": null, "cpu": "1"}})), [of("{\"cpu\":\"1\"}")]);
    assert_eq!(spec(json!({"capacity": {"cpu": "1"}})), [of("{\"cpu\":\"1\",\"storage\":\"1Gi\"}")]);
}

/// VALID-15: the capacity is above zero; below it there are two errors.
#[test]
fn a_capacity_is_above_zero() {
    let positive =
        |shown: &str| format!("spec.capacity[storage]: Invalid value: \"{shown}\": must be greater than zero");
    assert_eq!(spec(json!({"capacity": {"storage": "0"}})), [positive("0")]);
    let amount = "spec.capacity[storage]: Invalid value: -1: must be a valid resource quantity".to_owned();
    assert_eq!(spec(json!({"capacity": {"storage": "-1"}})), [amount, positive("-1")]);
    assert!(spec(json!({"capacity": {"storage": "1m"}})).is_empty());
}

/// VALID-16: the policy is one of three; an empty one is defaulted first.
#[test]
fn a_policy_is_one_of_three() {
    let policy = |policy: &str| spec(json!({ "persistentVolumeReclaimPolicy": policy }));
    let unknown = "spec.persistentVolumeReclaimPolicy: Unsupported value: \"Burn\": supported values: \"Delete\", \"Recycle\", \"Retain\"";
    assert_eq!(policy("Burn"), [unknown]);
    for good in ["Delete", "Recycle", "Retain", ""] {
        assert!(policy(good).is_empty(), "{good}");
    }
}

/// VALID-18: what would wipe a node is not recycled, however the path is written.
#[test]
fn the_root_of_a_node_is_not_recycled() {
    let recycled =
        |path: &str| spec(json!({"nfs": null, "hostPath": {"path": path}, "persistentVolumeReclaimPolicy": "Recycle"}));
    let rule = "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'";
    for root in ["/", "//", "/."] {
        assert_eq!(recycled(root), [rule], "{root}");
    }
    assert!(recycled("/data").is_empty());
}

/// VALID-19: a local volume says on which node it is.
#[test]
fn a_local_volume_says_where_it_is() {
    let local = json!({"nfs": null, "local": {"path": "/mnt/disk"}});
    assert_eq!(spec(local), ["spec.nodeAffinity: Required value: Local volume requires node affinity"]);
    let affinity = json!({"required": {"nodeSelectorTerms": [{}]}});
    assert!(
        spec(json!({"nfs": null, "local": {"path": "/mnt/disk"}, "nodeAffinity": affinity})).is_empty(),
        "an empty term passes"
    );
}

/// VALID-20: an affinity has required terms.
#[test]
fn an_affinity_has_terms() {
    let none = "spec.nodeAffinity.required: Required value: must specify required node constraints";
    assert_eq!(spec(json!({"nodeAffinity": {}})), [none]);
    let terms =
        "spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term";
    assert_eq!(spec(json!({"nodeAffinity": {"required": {"nodeSelectorTerms": []}}})), [terms]);
}

/// What is wrong with one requirement of an affinity, below its path.
fn requirement(list: &str, requirement: Value) -> Vec<String> {
    let term = json!({ list: [requirement] });
    let errors = spec(json!({"nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}}));
    let path = format!("spec.nodeAffinity.required.nodeSelectorTerms[0].{list}[0].");
    errors.iter().map(|error| error.strip_prefix(&path).unwrap_or(error).to_owned()).collect()
}

/// VALID-20: the operators of an affinity and their values.
#[test]
fn an_operator_of_an_affinity_has_fitting_values() {
    let label = |operator: &str, values: Value| {
        requirement("matchExpressions", json!({"key": "zone", "operator": operator, "values": values}))
    };
    for (operator, values) in [
        ("In", json!(["a"])),
        ("NotIn", json!(["a", "b"])),
        ("Exists", json!([])),
        ("DoesNotExist", json!([])),
        ("Gt", json!(["x"])),
        ("Lt", json!(["1"])),
    ] {
        assert!(label(operator, values).is_empty(), "{operator}");
    }
    let needed = "values: Required value: must be specified when `operator` is 'In' or 'NotIn'";
    assert_eq!(label("In", json!([])), [needed]);
    let refused = "values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
    assert_eq!(label("Exists", json!(["a"])), [refused]);
    assert_only(&label("Gt", json!(["1", "2"])), "values: Required value: ");
    assert_eq!(label("Near", json!(["a"])), ["operator: Invalid value: \"Near\": not a valid selector operator"]);
    assert_only(&label("In", json!(["a b"])), "values[0]: Invalid value: \"a b\": ");
    assert_only(
        &requirement("matchExpressions", json!({"key": "a b", "operator": "Exists"})),
        "key: Invalid value: \"a b\": ",
    );
}

/// VALID-20: of the fields of a node only its name, with exactly one value.
#[test]
fn an_affinity_by_field_names_one_node() {
    let field = |key: &str, operator: &str, values: Value| {
        requirement("matchFields", json!({"key": key, "operator": operator, "values": values}))
    };
    assert!(field("metadata.name", "In", json!(["node-1"])).is_empty());
    assert!(field("metadata.name", "NotIn", json!(["node-1"])).is_empty());
    assert_only(&field("metadata.name", "In", json!(["a", "b"])), "values: Required value: ");
    assert_only(&field("metadata.name", "Exists", json!([])), "operator: Invalid value: \"Exists\": ");
    assert_only(&field("metadata.uid", "In", json!(["a"])), "key: Invalid value: \"metadata.uid\": ");
    assert_only(&field("metadata.name", "In", json!(["Node 1"])), "values[0]: Invalid value: \"Node 1\": ");
}

/// VALID-21, VALID-22: a class is a DNS subdomain if it is there, and a volume mode is one of two.
#[test]
fn a_class_is_a_name_and_a_mode_one_of_two() {
    let class = spec(json!({"storageClassName": "Gold"}));
    assert_only(&class, &format!("spec.storageClassName: Invalid value: \"Gold\": {SUBDOMAIN}"));
    assert!(spec(json!({"storageClassName": ""})).is_empty());
    let mode = "spec.volumeMode: Unsupported value: \"Tape\": supported values: \"Block\", \"Filesystem\"";
    assert_eq!(spec(json!({"volumeMode": "Tape"})), [mode]);
    assert!(spec(json!({"volumeMode": "Block"})).is_empty());
}

/// VALID-24: an attributes class is a name, and for CSI only.
#[test]
fn an_attributes_class_is_for_csi_only() {
    let csi = json!({"driver": "csi.example.com", "volumeHandle": "v1"});
    let with = |class: &str| spec(json!({"nfs": null, "csi": csi, "volumeAttributesClassName": class}));
    assert!(with("gold").is_empty());
    let name = "spec.volumeAttributesClassName";
    assert_eq!(with(""), [format!("{name}: Required value: an empty string is disallowed")]);
    assert_only(&with("Gold"), &format!("{name}: Invalid value: \"Gold\": {SUBDOMAIN}"));
    let only_csi = "spec.csi: Required value: has to be specified when using volumeAttributesClassName";
    assert_eq!(spec(json!({"volumeAttributesClassName": "gold"})), [only_csi]);
}
