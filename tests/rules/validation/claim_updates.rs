//! What may change of a claim.

use bindery::Kind;
use serde_json::{Value, json};

use crate::validation::{assert_only, errors, patched, quiet, updated};
use crate::world::object;

const BETA: &str = "volume.beta.kubernetes.io/storage-class";
const IMMUTABLE: &str = "spec: Forbidden: spec is immutable after creation except resources.requests and \
                         volumeAttributesClassName for bound claims";

fn pending(before: Value, change: Value) -> Vec<String> {
    updated(Kind::PersistentVolumeClaim, json!({ "spec": before }), json!({ "spec": change }))
}

/// A change of a bound claim of 5Gi.
fn bound(before: Value, change: Value) -> Vec<String> {
    let mut spec = json!({"volumeName": "pv", "resources": {"requests": {"storage": "5Gi"}}});
    spec.as_object_mut().unwrap().extend(before.as_object().cloned().unwrap());
    let status = json!({"phase": "Bound", "capacity": {"storage": "3Gi"}, "accessModes": ["ReadWriteOnce"]});
    updated(Kind::PersistentVolumeClaim, json!({"spec": spec, "status": status}), json!({ "spec": change }))
}

fn request(size: &str) -> Value {
    json!({"resources": {"requests": {"storage": size}}})
}

/// VALID-34: the volume may be named once; nothing else of a pending claim changes.
#[test]
fn a_pending_claim_may_only_name_its_volume() {
    assert!(pending(json!({}), json!({"volumeName": "pv"})).is_empty());
    assert_only(&pending(json!({"volumeName": "pv"}), json!({"volumeName": "other"})), IMMUTABLE);
    assert_only(&pending(json!({"volumeName": "pv"}), json!({"volumeName": null})), IMMUTABLE);
    assert_only(&pending(json!({}), json!({"accessModes": ["ReadWriteMany"]})), IMMUTABLE);
    assert_only(&pending(json!({}), json!({"selector": {"matchLabels": {"a": "b"}}})), IMMUTABLE);
    assert_only(&pending(json!({}), request("2Gi")), IMMUTABLE);
    assert_only(&pending(json!({}), json!({"volumeAttributesClassName": "gold"})), IMMUTABLE);
}

/// VALID-34: of a bound claim the request of storage and the attributes class may change too, and no other resource.
#[test]
fn a_bound_claim_may_ask_for_more_storage() {
    assert!(bound(json!({}), request("9Gi")).is_empty());
    assert!(bound(json!({}), json!({"volumeAttributesClassName": "gold"})).is_empty());
    assert_only(&bound(json!({}), json!({"resources": {"requests": {"cpu": "1"}}})), IMMUTABLE);
    assert_only(&bound(json!({}), json!({"resources": {"limits": {"storage": "9Gi"}}})), IMMUTABLE);
    assert_only(&bound(json!({}), json!({"volumeName": "other"})), IMMUTABLE);
}

/// VALID-35: a request shrinks at most to just above what the claim has.
#[test]
fn a_request_stays_above_the_capacity() {
    assert!(bound(json!({}), request("4Gi")).is_empty());
    let rule = "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity";
    assert_eq!(bound(json!({}), request("3Gi")), [rule], "not even equal");
    assert_eq!(bound(json!({}), request("1Gi")), [rule]);
}

/// VALID-36: an absent class may be set once, in any phase, also to the empty one.
#[test]
fn an_absent_class_may_be_set_once() {
    for class in ["gold", ""] {
        assert!(pending(json!({}), json!({ "storageClassName": class })).is_empty());
        assert!(bound(json!({}), json!({ "storageClassName": class })).is_empty());
    }
    assert_only(&pending(json!({"storageClassName": ""}), json!({"storageClassName": "gold"})), IMMUTABLE);
    assert_only(&pending(json!({"storageClassName": "gold"}), json!({"storageClassName": null})), IMMUTABLE);
    let before = json!({"metadata": {"annotations": {BETA: "gold"}}});
    let change = json!({"spec": {"storageClassName": "silver"}});
    assert_only(&updated(Kind::PersistentVolumeClaim, before, change), IMMUTABLE);
}

/// VALID-37: the old annotation is immutable, but may give way to the field.
#[test]
fn the_old_annotation_may_only_become_the_field() {
    let annotated = |class: &str| json!({"metadata": {"annotations": {BETA: class}}});
    let change = |before: Value, change: Value| updated(Kind::PersistentVolumeClaim, before, change);
    let rule = |shown: &str| format!("metadata.annotations.{BETA}: Invalid value: \"{shown}\": field is immutable");
    assert_eq!(change(annotated("gold"), annotated("silver")), [rule("silver")]);
    assert_eq!(change(annotated("gold"), json!({"metadata": {"annotations": null}})), [rule("")]);
    assert_eq!(change(json!({}), annotated("gold")), [rule("gold")]);
    assert!(change(json!({}), annotated("")).is_empty(), "absent and empty are the same here");
    let moved = json!({"metadata": {"annotations": {BETA: null}}, "spec": {"storageClassName": "gold"}});
    assert!(change(annotated("gold"), moved).is_empty());
    assert!(change(annotated("gold"), json!({"spec": {"storageClassName": "gold"}})).is_empty(), "both say the same");
}

/// VALID-38: the volume mode is immutable, with an error of its own besides that of the spec.
#[test]
fn the_mode_of_a_claim_is_immutable() {
    let errors = pending(json!({}), json!({"volumeMode": "Block"}));
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].starts_with(IMMUTABLE), "{errors:?}");
    assert_eq!(errors[1], "volumeMode: Invalid value: \"Block\": field is immutable");
}

/// VALID-40: an attributes class that is in effect is not taken away.
#[test]
fn an_attributes_class_in_effect_is_not_removed() {
    let change = |to: Value| {
        let status =
            json!({"phase": "Bound", "capacity": {"storage": "1Gi"}, "currentVolumeAttributesClassName": "gold"});
        let before = json!({"spec": {"volumeName": "pv", "volumeAttributesClassName": "gold"}, "status": status});
        updated(Kind::PersistentVolumeClaim, before, json!({"spec": {"volumeAttributesClassName": to}}))
    };
    let rule = |nothing: &str| {
        let when = "is forbidden when status.currentVolumeAttributesClassName is not nil";
        format!("spec.volumeAttributesClassName: Forbidden: update to {nothing} {when}")
    };
    assert_eq!(change(json!(null)), [rule("nil")]);
    assert_eq!(change(json!("")), [rule("empty string")]);
    assert!(change(json!("silver")).is_empty());
    assert!(
        bound(json!({"volumeAttributesClassName": "gold"}), json!({"volumeAttributesClassName": null})).is_empty(),
        "it was not in effect"
    );
}

/// VALID-42: in a status no capacity is negative, and a resize is in a state that is known.
#[test]
fn a_status_has_no_negative_capacity_and_a_known_state_of_resizing() {
    let status = |status: Value| {
        let mut cluster = quiet();
        let stored = cluster.restore(object(&patched(Kind::PersistentVolumeClaim, json!({})).to_string())).unwrap();
        let sent = patched(Kind::PersistentVolumeClaim, json!({ "status": status }));
        errors(cluster.replace_status(&stored.reference(), object(&sent.to_string())))
    };
    assert!(status(json!({"phase": "Bound", "capacity": {"storage": "1Gi", "example.com/disks": "1"}})).is_empty());
    let negative = "status.capacity[storage]: Invalid value: -1: must be a valid resource quantity";
    assert_eq!(status(json!({"capacity": {"storage": "-1"}})), [negative]);
    assert!(status(json!({"allocatedResourceStatuses": {"storage": "NodeResizePending"}})).is_empty());
    let unknown = status(json!({"allocatedResourceStatuses": {"storage": "Resting"}}));
    assert_only(&unknown, "status.allocatedResourceStatuses: Unsupported value: \"storage\": supported values: ");
}
