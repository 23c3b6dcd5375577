//! What a claim is filled from (`API-7`, `VALID-41`).

use crate::api::path::{At, Errors};
use crate::model::claim::PersistentVolumeClaimSpec;
use crate::model::field_error::FieldError;
use crate::model::reference::{TypedLocalObjectReference, TypedObjectReference};
use crate::model::shared::Shared;
use crate::model::syntax::{dns_label, dns_subdomain};

/// Drops and fills in data sources as creation and update of a claim do.
pub(super) fn prepare(new: &mut PersistentVolumeClaimSpec, old: Option<&PersistentVolumeClaimSpec>) {
    // (a) References into other namespaces need a gate that is off.
    let old_ref = old.is_some_and(|old| old.data_source_ref.is_some());
    let crosses = new.data_source_ref.as_ref().and_then(|reference| reference.namespace.as_ref());
    if !old_ref && crosses.is_some_and(|namespace| !namespace.is_empty()) {
        new.data_source_ref = None;
    }
    // (b) What the oldest releases ignored is ignored still.
    let old_has_any = old.is_some_and(|old| old.data_source.is_some() || old.data_source_ref.is_some());
    if !old_has_any && new.data_source_ref.is_none() && !new.data_source.as_deref().is_some_and(is_claim_or_snapshot) {
        new.data_source = None;
    }
    normalize(new);
}

/// Fills in whichever of the two forms is absent.
pub(super) fn normalize(spec: &mut PersistentVolumeClaimSpec) {
    match (&spec.data_source, &spec.data_source_ref) {
        (Some(source), None) => {
            spec.data_source_ref = Some(Shared::new(TypedObjectReference {
                api_group: source.api_group.clone(),
                kind: source.kind.clone(),
                name: source.name.clone(),
                ..TypedObjectReference::default()
            }));
        }
        (None, Some(reference)) if reference.namespace.as_ref().is_none_or(|namespace| namespace.is_empty()) => {
            spec.data_source = Some(Shared::new(TypedLocalObjectReference {
                api_group: reference.api_group.clone(),
                kind: reference.kind.clone(),
                name: reference.name.clone(),
                ..TypedLocalObjectReference::default()
            }));
        }
        (None | Some(_), None | Some(_)) => {}
    }
}

fn is_claim_or_snapshot(source: &TypedLocalObjectReference) -> bool {
    matches!(
        (source.kind.as_str(), source.api_group.as_deref().unwrap_or_default()),
        ("PersistentVolumeClaim", "") | ("VolumeSnapshot", "snapshot.storage.k8s.io")
    )
}

/// Whether a group that is no DNS name passes, as it does where the stored claim names a group already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Groups {
    Checked,
    Any,
}

pub(super) fn validate(errors: &mut Errors, at: &At, spec: &PersistentVolumeClaimSpec, groups: Groups) {
    if let Some(source) = &spec.data_source {
        let group = source.api_group.as_deref().unwrap_or_default();
        validate_reference(errors, &at.child("dataSource"), &source.name, &source.kind, group, groups);
    }
    if let Some(reference) = &spec.data_source_ref {
        let (at, group) = (at.child("dataSourceRef"), reference.api_group.as_deref().unwrap_or_default());
        validate_reference(errors, &at, &reference.name, &reference.kind, group, groups);
        if let Some(namespace) = reference.namespace.as_ref().filter(|namespace| !namespace.is_empty()) {
            errors.complain(&at.child("namespace"), namespace, dns_label(namespace));
        }
    }
    if let (Some(source), Some(reference)) = (&spec.data_source, &spec.data_source_ref) {
        let crosses = reference.namespace.as_ref().is_some_and(|namespace| !namespace.is_empty());
        let same =
            (&source.api_group, &source.kind, &source.name) == (&reference.api_group, &reference.kind, &reference.name);
        let rule = match (crosses, same) {
            (true, _) => "may not be specified when dataSourceRef.namespace is specified",
            (false, false) => "must match dataSourceRef",
            (false, true) => return,
        };
        // The value is a path of the original, which prints as nothing.
        errors.push(FieldError::invalid_json(at, "{}", rule));
    }
}

fn validate_reference(errors: &mut Errors, at: &At, name: &str, kind: &str, group: &str, groups: Groups) {
    errors.require(&at.child("name"), name);
    errors.require(&at.child("kind"), kind);
    if group.is_empty() && kind != "PersistentVolumeClaim" {
        let rule = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        errors.push(FieldError::invalid(at, kind, rule));
    }
    if !group.is_empty() && groups == Groups::Checked {
        errors.complain(&at.child("apiGroup"), group, dns_subdomain(group));
    }
}
