//! Rules of PersistentVolumeClaims (`FIELD-4`, `FIELD-5`, `VALID-31` to `VALID-42`).

use crate::api::data_source::{self, Groups};
use crate::api::metadata;
use crate::api::path::{At, Errors};
use crate::api::selectors::{Values, is_valid_label_selector, validate_label_selector};
use crate::api::volume::{rounded, validate_access_modes, validate_positive, validate_volume_mode};
use crate::model::claim::{
    ClaimPhase, ClaimProgress, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimStatus,
};
use crate::model::field_error::{FieldError, go_json, go_quote};
use crate::model::list::{ResourceList, StringMap};
use crate::model::names::{BETA_STORAGE_CLASS, STORAGE};
use crate::model::quantity::Quantity;
use crate::model::syntax::{dns_subdomain, label_key};

/// Fills in what a claim leaves out.
pub(super) fn default(claim: &mut PersistentVolumeClaim) {
    default_spec(&mut claim.spec);
    default_status(&mut claim.status);
}

pub(super) fn default_spec(spec: &mut PersistentVolumeClaimSpec) {
    let (limits, requests) = (rounded(&spec.resources.limits), rounded(&spec.resources.requests));
    if limits != spec.resources.limits || requests != spec.resources.requests {
        let resources = &mut spec.resources;
        (resources.limits, resources.requests) = (limits, requests);
    }
}

pub(super) fn default_status(status: &mut PersistentVolumeClaimStatus) {
    if status.phase.as_str().is_empty() {
        status.phase = ClaimPhase::Pending;
    }
    status.capacity = rounded(&status.capacity);
    if !status.progress.allocated_resources.is_absent() {
        status.progress.allocated_resources = rounded(&status.progress.allocated_resources);
    }
}

/// A created claim has no status but the phase `Pending` (`API-3`).
pub(super) fn prepare_create(claim: &mut PersistentVolumeClaim) {
    claim.status = PersistentVolumeClaimStatus::default();
    data_source::prepare(&mut claim.spec, None);
}

/// Keeps the status of the stored claim (`API-4`).
pub(super) fn prepare_update(new: &mut PersistentVolumeClaim, old: &PersistentVolumeClaim) {
    new.status = old.status.clone();
    data_source::prepare(&mut new.spec, Some(&old.spec));
}

/// What passes because the stored claim has it already.
#[derive(Clone, Copy)]
pub(super) struct Tolerance {
    selector_values: Values,
    groups: Groups,
}

impl Tolerance {
    pub(super) const NONE: Self = Self { selector_values: Values::Checked, groups: Groups::Checked };

    fn of(old: &PersistentVolumeClaimSpec) -> Self {
        let bad_selector = old.selector.as_deref().is_some_and(|selector| !is_valid_label_selector(selector));
        let group = old.data_source.as_ref().is_some_and(|source| source.api_group.is_some())
            || old.data_source_ref.as_ref().is_some_and(|source| source.api_group.is_some());
        Self {
            selector_values: if bad_selector { Values::Any } else { Values::Checked },
            groups: if group { Groups::Any } else { Groups::Checked },
        }
    }
}

pub(super) fn validate_create(errors: &mut Errors, claim: &PersistentVolumeClaim) {
    validate(errors, claim, Tolerance::NONE);
}

fn validate(errors: &mut Errors, claim: &PersistentVolumeClaim, tolerance: Tolerance) {
    metadata::validate(errors, &claim.metadata, true, dns_subdomain);
    metadata::validate_standard_finalizers(errors, &claim.metadata);
    validate_spec(errors, &At::new("spec"), &claim.spec, tolerance);
}

pub(super) fn validate_spec(errors: &mut Errors, at: &At, spec: &PersistentVolumeClaimSpec, tolerance: Tolerance) {
    if spec.access_modes.is_empty() {
        errors.push(FieldError::required(at.child("accessModes"), "at least 1 access mode is required"));
    }
    if let Some(selector) = &spec.selector {
        validate_label_selector(errors, &at.child("selector"), selector, tolerance.selector_values);
    }
    validate_access_modes(errors, &at.child("accessModes"), &spec.access_modes);
    let resources = at.child("resources");
    let storage = resources.key(STORAGE);
    match spec.resources.requests.get(STORAGE) {
        None => errors.push(FieldError::required(storage, "")),
        Some(request) => validate_positive(errors, &storage, request),
    }
    if let Some(class) = spec.storage_class_name.as_ref().filter(|class| !class.is_empty()) {
        errors.complain(&at.child("storageClassName"), class, dns_subdomain(class));
    }
    validate_volume_mode(errors, &at.child("volumeMode"), &spec.volume_mode);
    data_source::validate(errors, at, spec, tolerance.groups);
    if let Some(class) = spec.volume_attributes_class_name.as_ref().filter(|class| !class.is_empty()) {
        errors.complain(&at.child("volumeAttributesClassName"), class, dns_subdomain(class));
    }
}

pub(super) fn validate_update(errors: &mut Errors, new: &PersistentVolumeClaim, old: &PersistentVolumeClaim) {
    let old_spec = &old.spec;
    metadata::validate_update(errors, &new.metadata, &old.metadata);
    metadata::validate_standard_finalizers(errors, &new.metadata);
    validate(errors, new, Tolerance::of(old_spec));
    let comparable = comparable_spec(errors, new, old);
    let spec = At::new("spec");
    if comparable != *old_spec {
        let rule =
            "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        errors.push(FieldError::forbidden(spec, rule));
    }
    let status_size = old.status.capacity.get(STORAGE).cloned().unwrap_or_default();
    if new.request() < old.request() && new.request() <= status_size {
        let at = spec.child("resources.requests.storage");
        errors.push(FieldError::forbidden(at, "field can not be less than status.capacity"));
    }
    if new.spec.volume_mode != old_spec.volume_mode {
        errors.push(FieldError::invalid_json("volumeMode", go_json(&new.spec.volume_mode), metadata::IMMUTABLE));
    }
    let class = &new.spec.volume_attributes_class_name;
    if *class != old_spec.volume_attributes_class_name && old.status.current_volume_attributes_class_name.is_some() {
        let nothing = match class.as_deref() {
            None => "nil",
            Some("") => "empty string",
            Some(_) => return,
        };
        let rule = format!("update to {nothing} is forbidden when status.currentVolumeAttributesClassName is not nil");
        errors.push(FieldError::forbidden(spec.child("volumeAttributesClassName"), rule));
    }
}

/// The new spec with everything that may change set to what it was (`VALID-34` to `VALID-37`).
fn comparable_spec(
    errors: &mut Errors,
    new: &PersistentVolumeClaim,
    old: &PersistentVolumeClaim,
) -> PersistentVolumeClaimSpec {
    let (mut spec, old_spec) = (new.spec.clone(), &old.spec);
    if old_spec.volume_name.is_empty() {
        spec.volume_name = old_spec.volume_name.clone();
    }
    let annotation = |claim: &PersistentVolumeClaim| claim.metadata.annotations.get(BETA_STORAGE_CLASS).cloned();
    let (old_annotation, new_annotation) = (annotation(old), annotation(new));
    let (old_class, new_class) = (&old_spec.storage_class_name, &new.spec.storage_class_name);
    let moves_to_field = old_class.is_none()
        && old_annotation.is_some()
        && *new_class == old_annotation
        && new_annotation.as_ref().is_none_or(|annotation| Some(annotation) == old_annotation.as_ref());
    if moves_to_field {
        spec.storage_class_name = None;
    } else {
        if old_annotation.clone().unwrap_or_default() != new_annotation.clone().unwrap_or_default() {
            let annotations = At::new("metadata.annotations");
            let at = annotations.child(BETA_STORAGE_CLASS);
            errors.push(FieldError::invalid(at, &new_annotation.unwrap_or_default(), metadata::IMMUTABLE));
        }
        let named_late =
            old_class.is_none() && new_class.is_some() && old_annotation.is_none_or(|old| Some(old) == *new_class);
        if named_late {
            spec.storage_class_name = None;
        }
    }
    if new.status.phase == ClaimPhase::Bound {
        if !spec.resources.requests.is_absent() {
            let size = old_spec.resources.requests.get(STORAGE).cloned().unwrap_or_default();
            spec.resources.requests = spec.resources.requests.with(STORAGE, size);
        }
        spec.volume_attributes_class_name.clone_from(&old_spec.volume_attributes_class_name);
    }
    spec
}

/// What the status subresource refuses (`VALID-42`).
pub(super) fn validate_status(errors: &mut Errors, new: &PersistentVolumeClaim, old: &PersistentVolumeClaim) {
    metadata::validate_update(errors, &new.metadata, &old.metadata);
    metadata::validate_standard_finalizers(errors, &new.metadata);
    if new.spec.access_modes.is_empty() {
        errors.push(FieldError::required("Spec.accessModes", ""));
    }
    let status = At::new("status");
    for (resource, quantity) in new.status.capacity.iter() {
        validate_amount(errors, &status.child("capacity").key(resource), quantity);
    }
    let ClaimProgress { allocated_resources, allocated_resource_statuses, .. } = &*new.status.progress;
    validate_resize_states(errors, &status.child("allocatedResourceStatuses"), allocated_resource_statuses);
    validate_allocated(errors, &status.child("allocatedResources"), allocated_resources);
}

fn validate_amount(errors: &mut Errors, at: &At, quantity: &Quantity) {
    let value = quantity.overflowing_value();
    if value < 0 {
        errors.push(FieldError::invalid_json(at, value.to_string(), "must be a valid resource quantity"));
    }
}

fn validate_resize_states(errors: &mut Errors, at: &At, states: &StringMap) {
    const STATES: [&str; 5] = [
        "ControllerResizeInProgress",
        "ControllerResizeInfeasible",
        "NodeResizeInProgress",
        "NodeResizeInfeasible",
        "NodeResizePending",
    ];
    for (resource, state) in states.iter() {
        validate_resource_name(errors, at, resource);
        if !STATES.contains(&state.as_str()) {
            let mut sorted = STATES;
            sorted.sort_unstable();
            errors.push(FieldError::not_supported(at, go_json(resource), &sorted));
        }
    }
}

fn validate_allocated(errors: &mut Errors, at: &At, allocated: &ResourceList) {
    for (resource, quantity) in allocated.iter() {
        if validate_resource_name(errors, at, resource) {
            validate_amount(errors, &at.key(resource), quantity);
        }
    }
}

/// A qualified name, and of those that Kubernetes itself defines only `storage`.
fn validate_resource_name(errors: &mut Errors, at: &At, name: &str) -> bool {
    let complaints = label_key(name);
    let native = !name.contains('/') || name.contains("kubernetes.io/");
    let supported = complaints.is_empty() && (!native || name == STORAGE);
    if complaints.is_empty() && !supported {
        errors.push(FieldError::not_supported(at, go_quote(name), &[STORAGE]));
    }
    errors.complain(at, name, complaints);
    supported
}

/// Warnings on creation and update.
pub(super) fn warnings(claim: &PersistentVolumeClaim) -> Vec<String> {
    let mut warnings = Vec::new();
    if claim.metadata.annotations.contains_key(BETA_STORAGE_CLASS) {
        let text = "deprecated since v1.8; use \"storageClassName\" attribute instead";
        warnings.push(format!("metadata.annotations[{BETA_STORAGE_CLASS}]: {text}"));
    }
    warnings.extend(spec_warnings("spec", &claim.spec));
    warnings
}

pub(super) fn spec_warnings(path: &str, spec: &PersistentVolumeClaimSpec) -> Vec<String> {
    let lists = [("requests", &spec.resources.requests), ("limits", &spec.resources.limits)];
    let fractions = lists.iter().filter_map(|(name, list)| {
        let quantity = list.get(STORAGE).filter(|quantity| quantity.overflowing_milli_value() % 1000 != 0)?;
        let text = format!("fractional byte value \"{quantity}\" is invalid, must be an integer");
        Some(format!("{path}.resources.{name}[{STORAGE}]: {text}"))
    });
    fractions.collect()
}
