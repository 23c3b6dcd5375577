//! What a class must look like, and what may change of it.

use bindery::Kind;
use serde_json::{Map, Value, json};

use crate::validation::{assert_only, created, updated};

fn class(patch: Value) -> Vec<String> {
    created(Kind::StorageClass, patch)
}

/// VALID-50: the provisioner is a qualified name, whatever its case.
#[test]
fn a_provisioner_is_a_qualified_name() {
    assert_eq!(class(json!({"provisioner": ""})), ["provisioner: Required value"]);
    assert_only(&class(json!({"provisioner": "a/b/c"})), "provisioner: Invalid value: \"a/b/c\": ");
    assert_only(&class(json!({"provisioner": "a b"})), "provisioner: Invalid value: \"a b\": ");
    for good in ["disk", "Example.COM/Disk", "kubernetes.io/no-provisioner"] {
        assert!(class(json!({ "provisioner": good })).is_empty(), "{good}");
    }
}

/// VALID-51: at most 512 parameters of 256 KiB together, and no empty key.
#[test]
fn parameters_are_not_too_many_nor_too_long() {
    let many = |count: usize| -> Value {
        let parameters: Map<String, Value> = (0..count).map(|number| (format!("k{number}"), json!("v"))).collect();
        json!({ "parameters": parameters })
    };
    assert!(class(many(512)).is_empty());
    assert_only(&class(many(513)), "parameters: Too long: may not be more than ");
    let long = |length: usize| json!({"parameters": {"k": "v".repeat(length)}});
    assert!(class(long(256 * 1024 - 1)).is_empty());
    assert_eq!(class(long(256 * 1024)), ["parameters: Too long: may not be more than 262144 bytes"]);
    let empty = "parameters: Invalid value: \"\": field can not be empty.";
    assert_eq!(class(json!({"parameters": {"": "v"}})), [empty]);
}

/// VALID-52: a class deletes or retains; an empty policy slips through.
#[test]
fn a_class_does_not_recycle() {
    for bad in ["Recycle", "Burn"] {
        let rule = format!("reclaimPolicy: Unsupported value: \"{bad}\": supported values: \"Delete\", \"Retain\"");
        assert_eq!(class(json!({ "reclaimPolicy": bad })), [rule]);
    }
    for good in ["Delete", "Retain", ""] {
        assert!(class(json!({ "reclaimPolicy": good })).is_empty(), "{good}");
    }
}

/// VALID-53: the binding mode is one of two.
#[test]
fn a_binding_mode_is_one_of_two() {
    let supported = "supported values: \"Immediate\", \"WaitForFirstConsumer\"";
    let rule = format!("volumeBindingMode: Unsupported value: \"Later\": {supported}");
    assert_eq!(class(json!({"volumeBindingMode": "Later"})), [rule]);
    assert!(class(json!({"volumeBindingMode": "WaitForFirstConsumer"})).is_empty());
}

fn topologies(terms: &[Value]) -> Vec<String> {
    let terms: Vec<Value> = terms.iter().map(|term| json!({ "matchLabelExpressions": term })).collect();
    class(json!({ "allowedTopologies": terms }))
}

/// VALID-54: a topology has keys and values, each once.
#[test]
fn a_topology_says_everything_once() {
    let zone = |values: Value| json!({"key": "zone", "values": values});
    let at = "allowedTopologies[0].matchLabelExpressions[0]";
    assert!(topologies(&[json!([zone(json!(["a", "", "b c"]))])]).is_empty(), "values are any text");
    assert_eq!(topologies(&[json!([zone(json!([]))])]), [format!("{at}.values: Required value")]);
    let twice = format!("{at}.values[1]: Duplicate value: \"a\"");
    assert_eq!(topologies(&[json!([zone(json!(["a", "a"]))])]), [twice]);
    let key = "allowedTopologies[0].matchLabelExpressions[1].key: Duplicate value: \"zone\"";
    assert_eq!(topologies(&[json!([zone(json!(["a"])), zone(json!(["b"]))])]), [key]);
    let term = "allowedTopologies[1].matchLabelExpressions: Duplicate value: \"\"";
    assert_eq!(topologies(&[json!([zone(json!(["a"]))]), json!([zone(json!(["a"]))])]), [term]);
    assert_only(
        &topologies(&[json!([{"key": "a b", "values": ["a"]}])]),
        &format!("{at}.key: Invalid value: \"a b\": "),
    );
    assert_eq!(topologies(&[json!([])]), ["allowedTopologies[0].matchLabelExpressions: Duplicate value: \"\""]);
}

/// VALID-55: who makes the volumes, and how, is immutable.
#[test]
fn what_a_class_stands_for_is_immutable() {
    let change = |change: Value| updated(Kind::StorageClass, json!({"parameters": {"type": "ssd"}}), change);
    let immutable = |field: &str, shown: &str| format!("{field}: Invalid value: {shown}: field is immutable");
    assert_eq!(
        change(json!({"provisioner": "example.com/other"})),
        [immutable("provisioner", "\"example.com/other\"")]
    );
    assert_eq!(change(json!({"parameters": {"type": "hdd"}})), [immutable("parameters", "{\"type\":\"hdd\"}")]);
    assert_eq!(change(json!({"reclaimPolicy": "Retain"})), [immutable("reclaimPolicy", "\"Retain\"")]);
    let mode = immutable("volumeBindingMode", "\"WaitForFirstConsumer\"");
    assert_eq!(change(json!({"volumeBindingMode": "WaitForFirstConsumer"})), [mode]);
}

/// VALID-56: the rest may change.
#[test]
fn the_rest_of_a_class_may_change() {
    let change = json!({
        "metadata": {"labels": {"a": "b"}}, "mountOptions": ["no such option"], "allowVolumeExpansion": true,
        "allowedTopologies": [{"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]}],
    });
    assert!(updated(Kind::StorageClass, json!({}), change).is_empty());
}
