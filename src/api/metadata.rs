//! Rules of metadata (`VALID-1` to `VALID-5`).
//!
//! Follows `ValidateObjectMeta*` of `k8s.io/apimachinery` and the additions of the core API. The same rules run from
//! several places of an update, so an error may occur several times there.

use serde::ser::Serialize;

use crate::api::path::{At, Errors};
use crate::model::field_error::{FieldError, go_json, go_quote};
use crate::model::json::Json;
use crate::model::list::StringMap;
use crate::model::metadata::{ObjectMeta, OwnerReference};
use crate::model::syntax::{annotation_key, as_prefix, dns_label, label_key, label_value};

const MAX_ANNOTATIONS: usize = 256 * 1024;

/// Which names a kind allows.
pub(super) type NameRule = fn(&str) -> Vec<String>;

/// Names as parts of a path: what the generic server checks whatever the kind.
pub(super) fn path_segment(name: &str) -> Vec<String> {
    match name {
        "." | ".." => vec![format!("may not be '{name}'")],
        _ => ['/', '%'].iter().filter(|c| name.contains(**c)).map(|c| format!("may not contain '{c}'")).collect(),
    }
}

/// Rules of metadata on creation, or of the new metadata of an update.
pub(super) fn validate(errors: &mut Errors, metadata: &ObjectMeta, namespaced: bool, name_rule: NameRule) {
    let at = At::new("metadata");
    if !metadata.generate_name.is_empty() {
        errors.complain(
            &at.child("generateName"),
            &metadata.generate_name,
            name_rule(&as_prefix(&metadata.generate_name)),
        );
    }
    if metadata.name.is_empty() {
        errors.push(FieldError::required(at.child("name"), "name or generateName is required"));
    } else {
        errors.complain(&at.child("name"), &metadata.name, name_rule(&metadata.name));
    }
    let namespace = at.child("namespace");
    match (namespaced, metadata.namespace.is_empty()) {
        (true, true) => errors.push(FieldError::required(namespace, "")),
        (true, false) => errors.complain(&namespace, &metadata.namespace, dns_label(&metadata.namespace)),
        (false, true) => {}
        (false, false) => errors.push(FieldError::forbidden(namespace, "not allowed on this type")),
    }
    errors.not_negative(at.child("generation"), metadata.generation);
    validate_labels(errors, &at.child("labels"), &metadata.labels);
    validate_annotations(errors, &at.child("annotations"), &metadata.annotations);
    validate_owners(errors, &at.child("ownerReferences"), &metadata.owner_references);
    validate_finalizers(errors, &at.child("finalizers"), metadata);
    validate_managed_fields(errors, &at.child("managedFields"), &metadata.managed_fields);
}

/// Rules of metadata on creation, with the additional one of the core API.
pub(super) fn validate_object(errors: &mut Errors, metadata: &ObjectMeta, namespaced: bool, name_rule: NameRule) {
    validate(errors, metadata, namespaced, name_rule);
    validate_standard_finalizers(errors, metadata);
}

/// Rules of a change of metadata, with the additional one of the core API.
pub(super) fn validate_object_update(errors: &mut Errors, new: &ObjectMeta, old: &ObjectMeta) {
    validate_update(errors, new, old);
    validate_standard_finalizers(errors, new);
}

/// A value that an update must leave as it is.
pub(super) fn validate_immutable<T: PartialEq + Serialize>(errors: &mut Errors, at: &At, new: &T, old: &T) {
    if new != old {
        errors.push(FieldError::invalid_json(at, go_json(new), IMMUTABLE));
    }
}

/// Whether a name without a domain may be that of a finalizer.
pub(super) fn is_standard_finalizer(name: &str) -> bool {
    ["kubernetes", "orphan", "foregroundDeletion"].contains(&name)
}

/// The additional rule of the core API: a finalizer without a domain must be one of the standard ones (`VALID-3`).
pub(super) fn validate_standard_finalizers(errors: &mut Errors, metadata: &ObjectMeta) {
    let at = At::new("metadata.finalizers");
    for (index, finalizer) in metadata.finalizers.iter().enumerate() {
        if !finalizer.contains('/') && !is_standard_finalizer(finalizer) {
            let rule = "name is neither a standard finalizer name nor is it fully qualified";
            errors.push(FieldError::invalid(at.index(index), finalizer, rule));
        }
    }
}

/// Rules of a change of metadata.
pub(super) fn validate_update(errors: &mut Errors, new: &ObjectMeta, old: &ObjectMeta) {
    let at = At::new("metadata");
    if old.is_deleting() {
        let mut added: Vec<&str> =
            new.finalizers.iter().map(AsRef::as_ref).filter(|name| !old.has_finalizer(name)).collect();
        added.sort_unstable();
        added.dedup();
        if !added.is_empty() {
            let names: Vec<String> = added.into_iter().map(go_quote).collect();
            let rule = format!(
                "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
                names.join(", ")
            );
            errors.push(FieldError::forbidden(at.child("finalizers"), rule));
        }
    }
    if new.generation < old.generation {
        errors.push(FieldError::invalid_json(
            at.child("generation"),
            new.generation.to_string(),
            "must not be decremented",
        ));
    }
    for (field, new, old) in [("name", &new.name, &old.name), ("namespace", &new.namespace, &old.namespace)] {
        if new != old {
            errors.push(FieldError::invalid(at.child(field), new, IMMUTABLE));
        }
    }
    validate_immutable(errors, &at.child("uid"), &new.uid, &old.uid);
    let (created, deleted) = (at.child("creationTimestamp"), at.child("deletionTimestamp"));
    validate_immutable(errors, &created, &new.creation_timestamp, &old.creation_timestamp);
    validate_immutable(errors, &deleted, &new.deletion_timestamp, &old.deletion_timestamp);
    validate_immutable(
        errors,
        &at.child("deletionGracePeriodSeconds"),
        &new.deletion_grace_period_seconds,
        &old.deletion_grace_period_seconds,
    );
    validate_labels(errors, &at.child("labels"), &new.labels);
    validate_annotations(errors, &at.child("annotations"), &new.annotations);
    validate_owners(errors, &at.child("ownerReferences"), &new.owner_references);
    validate_managed_fields(errors, &at.child("managedFields"), &new.managed_fields);
}

pub(super) const IMMUTABLE: &str = "field is immutable";

pub(super) fn validate_labels(errors: &mut Errors, at: &At, labels: &StringMap) {
    for (key, value) in labels.iter() {
        errors.complain(at, key, label_key(key));
        errors.complain(at, value, label_value(value));
    }
}

pub(super) fn validate_annotations(errors: &mut Errors, at: &At, annotations: &StringMap) {
    for key in annotations.keys() {
        errors.complain(at, key, annotation_key(key));
    }
    let size: usize = annotations.iter().map(|(key, value)| key.len() + value.len()).sum();
    if size > MAX_ANNOTATIONS {
        errors.push(FieldError::too_long(at, MAX_ANNOTATIONS));
    }
}

fn validate_owners(errors: &mut Errors, at: &At, owners: &[OwnerReference]) {
    let mut controller: Option<&OwnerReference> = None;
    for owner in owners {
        validate_owner(errors, at, owner);
        if owner.controller != Some(true) {
            continue;
        }
        match controller {
            None => controller = Some(owner),
            Some(first) => {
                let rule = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {}/{} and {}/{}",
                    first.kind, first.name, owner.kind, owner.name
                );
                errors.push(FieldError::invalid_json(at, go_json(owners), rule));
            }
        }
    }
}

fn validate_owner(errors: &mut Errors, at: &At, owner: &OwnerReference) {
    let (group, version) = split_version(&owner.api_version);
    if version.is_empty() {
        errors.push(FieldError::invalid(at.child("apiVersion"), &owner.api_version, "version must not be empty"));
    }
    for (field, text) in [("kind", owner.kind.as_str()), ("name", owner.name.as_str())] {
        if text.is_empty() {
            errors.push(FieldError::invalid(at.child(field), text, "must not be empty"));
        }
    }
    if owner.uid.is_empty() {
        errors.push(FieldError::invalid(at.child("uid"), &owner.uid.to_text(), "must not be empty"));
    }
    if (group, version, owner.kind.as_str()) == ("", "v1", "Event") {
        let rule = format!("{group}/{version}, Kind={} is disallowed from being an owner", owner.kind);
        errors.push(FieldError::invalid_json(at, go_json(owner), rule));
    }
}

/// Group and version of an `apiVersion`; a text with more than one slash has neither.
fn split_version(text: &str) -> (&str, &str) {
    match text.split_once('/') {
        None => ("", text),
        Some((_, version)) if version.contains('/') => ("", ""),
        Some(parts) => parts,
    }
}

fn validate_finalizers(errors: &mut Errors, at: &At, metadata: &ObjectMeta) {
    for finalizer in &metadata.finalizers {
        errors.complain(at, finalizer, label_key(finalizer));
    }
    if metadata.has_finalizer("orphan") && metadata.has_finalizer("foregroundDeletion") {
        let rule = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(FieldError::invalid_json(at, go_json(&metadata.finalizers), rule));
    }
}

fn validate_managed_fields(errors: &mut Errors, at: &At, entries: &[Json]) {
    for (index, entry) in entries.iter().enumerate() {
        let at = at.index(index);
        let text = |key: &str| entry.get(key).and_then(Json::as_str).unwrap_or_default();
        if !["Apply", "Update"].contains(&text("operation")) {
            let rule = "must be `Apply` or `Update`";
            errors.push(FieldError::invalid_json(at.child("operation"), go_json(text("operation")), rule));
        }
        if !["", "FieldsV1"].contains(&text("fieldsType")) {
            errors.push(FieldError::invalid(at.child("fieldsType"), text("fieldsType"), "must be `FieldsV1`"));
        }
        if text("manager").len() > 128 {
            errors.push(FieldError::too_long(at.child("manager"), 128));
        }
        if text("subresource").len() > 256 {
            errors.push(FieldError::too_long(at.child("subresource"), 256));
        }
    }
}
