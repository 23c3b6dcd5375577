//! What a claim must look like.

use bindery::Kind;
use serde_json::{Value, json};

use crate::validation::{SUBDOMAIN, assert_only, created};

fn spec(spec: Value) -> Vec<String> {
    created(Kind::PersistentVolumeClaim, json!({ "spec": spec }))
}

/// VALID-31: modes as on a volume, with another text where there is none.
#[test]
fn a_claim_asks_for_modes_that_go_together() {
    assert_eq!(
        spec(json!({"accessModes": []})),
        ["spec.accessModes: Required value: at least 1 access mode is required"]
    );
    assert_only(&spec(json!({"accessModes": ["Sideways"]})), "spec.accessModes: Unsupported value: \"Sideways\": ");
    let alone = "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes";
    assert_eq!(spec(json!({"accessModes": ["ReadWriteOncePod", "ReadWriteMany"]})), [alone]);
}

/// VALID-32: a claim asks for storage, of more than nothing; what else it asks for does not matter.
#[test]
fn a_claim_asks_for_storage() {
    let requests = |requests: Value| spec(json!({"resources": {"requests": requests}}));
    assert_eq!(requests(json!({"storage": null})), ["spec.resources[storage]: Required value"]);
    for nothing in ["0", "-1"] {
        let rule = format!("spec.resources[storage]: Invalid value: \"{nothing}\": must be greater than zero");
        assert_eq!(requests(json!({ "storage": nothing })), [rule]);
    }
    assert!(requests(json!({"storage": "1500m", "cpu": "-1", "example.com/disks": "3"})).is_empty());
}

/// VALID-33: operators of a selector, their values, and the syntax of labels.
#[test]
fn a_selector_has_operators_with_fitting_values() {
    let expression = |operator: &str, values: Value| {
        spec(json!({"selector": {"matchExpressions": [{"key": "a", "operator": operator, "values": values}]}}))
    };
    let at = "spec.selector.matchExpressions[0].";
    for operator in ["In", "NotIn"] {
        let rule = "values: Required value: must be specified when `operator` is 'In' or 'NotIn'";
        assert_eq!(expression(operator, json!([])), [format!("{at}{rule}")]);
        assert!(expression(operator, json!(["b"])).is_empty());
    }
    for operator in ["Exists", "DoesNotExist"] {
        let rule = "values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
        assert_eq!(expression(operator, json!(["b"])), [format!("{at}{rule}")]);
        assert!(expression(operator, json!([])).is_empty());
    }
    let unknown = format!("{at}operator: Invalid value: \"Near\": not a valid selector operator");
    assert_eq!(expression("Near", json!([])), [unknown]);
    assert_only(
        &spec(json!({"selector": {"matchLabels": {"a b": "c"}}})),
        "spec.selector.matchLabels: Invalid value: ",
    );
    assert_only(
        &spec(json!({"selector": {"matchLabels": {"a": "b c"}}})),
        "spec.selector.matchLabels: Invalid value: ",
    );
    assert_only(&expression("In", json!(["b c"])), &format!("{at}values[0]: Invalid value: \"b c\": "));
}

/// VALID-38: the volume mode is one of two.
#[test]
fn a_volume_mode_is_one_of_two() {
    let mode = "spec.volumeMode: Unsupported value: \"Tape\": supported values: \"Block\", \"Filesystem\"";
    assert_eq!(spec(json!({"volumeMode": "Tape"})), [mode]);
}

/// VALID-39: classes are names, or empty.
#[test]
fn a_class_is_a_name_or_empty() {
    for field in ["storageClassName", "volumeAttributesClassName"] {
        let rule = format!("spec.{field}: Invalid value: \"Gold\": {SUBDOMAIN}");
        assert_only(&spec(json!({ field: "Gold" })), &rule);
        assert!(spec(json!({ field: "" })).is_empty());
        assert!(spec(json!({ field: "gold" })).is_empty());
    }
}

/// VALID-41: a data source has a name and a kind, and without a group it is a claim; both forms agree.
#[test]
fn a_data_source_is_named_and_both_forms_agree() {
    let source = |kind: &str, name: &str| json!({"kind": kind, "name": name});
    let missing = spec(json!({"dataSourceRef": source("PersistentVolumeClaim", "")}));
    assert!(missing.contains(&"spec.dataSource.name: Required value".to_owned()), "{missing:?}");
    let missing = spec(json!({"dataSourceRef": {"apiGroup": "example.com", "kind": "", "name": "a"}}));
    assert!(missing.contains(&"spec.dataSource.kind: Required value".to_owned()), "{missing:?}");
    let core = spec(json!({"dataSourceRef": source("Pod", "a")}));
    let rule = "Invalid value: \"Pod\": must be 'PersistentVolumeClaim' when referencing the default apiGroup";
    assert_eq!(core, [format!("spec.dataSource: {rule}"), format!("spec.dataSourceRef: {rule}")]);
    let claim = || source("PersistentVolumeClaim", "a");
    assert!(spec(json!({"dataSource": claim(), "dataSourceRef": claim()})).is_empty());
    let other = spec(json!({"dataSource": claim(), "dataSourceRef": source("PersistentVolumeClaim", "b")}));
    assert_eq!(other, ["spec: Invalid value: {}: must match dataSourceRef"]);
}
