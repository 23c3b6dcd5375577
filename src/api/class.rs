//! Rules of StorageClasses and VolumeAttributesClasses (`FIELD-6`, `FIELD-7`, `VALID-50` to `VALID-56`).

use std::collections::BTreeSet;

use crate::api::metadata;
use crate::api::path::{At, Errors};
use crate::api::warnings::deprecated_node_label;
use crate::model::class::{BindingMode, StorageClass, TopologySelectorTerm, VolumeAttributesClass};
use crate::model::field_error::{FieldError, go_json, go_quote};
use crate::model::list::StringMap;
use crate::model::syntax::{dns_subdomain, label_key};
use crate::model::text::Text;
use crate::model::volume::ReclaimPolicy;

const MAX_PARAMETERS: usize = 512;
const MAX_PARAMETERS_SIZE: usize = 256 * 1024;

/// Fills in what a class leaves out.
pub(super) fn default(class: &mut StorageClass) {
    class.reclaim_policy.get_or_insert(ReclaimPolicy::Delete);
    class.volume_binding_mode.get_or_insert(BindingMode::Immediate);
}

pub(super) fn validate_create(errors: &mut Errors, class: &StorageClass) {
    metadata::validate(errors, &class.metadata, false, dns_subdomain);
    metadata::validate_standard_finalizers(errors, &class.metadata);
    validate_provisioner(errors, &At::new("provisioner"), &class.provisioner);
    validate_parameters(errors, &class.parameters);
    let policy_at = At::new("reclaimPolicy");
    match &class.reclaim_policy {
        Some(policy @ (ReclaimPolicy::Recycle | ReclaimPolicy::Other(_))) if !policy.as_str().is_empty() => {
            errors.push(FieldError::not_supported(policy_at, go_json(policy), &["Delete", "Retain"]));
        }
        None
        | Some(ReclaimPolicy::Retain | ReclaimPolicy::Delete | ReclaimPolicy::Recycle | ReclaimPolicy::Other(_)) => {}
    }
    let mode_at = At::new("volumeBindingMode");
    match &class.volume_binding_mode {
        None => errors.push(FieldError::required(mode_at, "")),
        Some(BindingMode::Other(text)) => {
            errors.push(FieldError::not_supported(mode_at, go_json(text), &["Immediate", "WaitForFirstConsumer"]));
        }
        Some(BindingMode::Immediate | BindingMode::WaitForFirstConsumer) => {}
    }
    validate_topologies(errors, &class.allowed_topologies);
}

pub(super) fn validate_update(errors: &mut Errors, new: &StorageClass, old: &StorageClass) {
    validate_create(errors, new);
    metadata::validate_update(errors, &new.metadata, &old.metadata);
    metadata::validate_standard_finalizers(errors, &new.metadata);
    let mut immutable = |field: &str, same: bool, shown: String| {
        if !same {
            errors.push(FieldError::invalid_json(field, shown, metadata::IMMUTABLE));
        }
    };
    immutable("parameters", new.parameters == old.parameters, go_json(&new.parameters));
    immutable("provisioner", new.provisioner == old.provisioner, go_quote(&new.provisioner));
    immutable("reclaimPolicy", new.reclaim_policy == old.reclaim_policy, go_json(&new.reclaim_policy));
    let same_mode = new.volume_binding_mode == old.volume_binding_mode;
    immutable("volumeBindingMode", same_mode, go_json(&new.volume_binding_mode));
}

fn validate_provisioner(errors: &mut Errors, at: &At, provisioner: &str) {
    if provisioner.is_empty() {
        errors.push(FieldError::required(at, ""));
    } else {
        let lower = provisioner.to_lowercase();
        errors.complain(at, &lower, label_key(&lower));
    }
}

fn validate_parameters(errors: &mut Errors, parameters: &StringMap) {
    let at = At::new("parameters");
    if parameters.len() > MAX_PARAMETERS {
        return errors.push(FieldError::too_long(at, MAX_PARAMETERS));
    }
    for _ in parameters.keys().filter(|key| key.is_empty()) {
        errors.push(FieldError::invalid(at, "", "field can not be empty."));
    }
    let size: usize = parameters.iter().map(|(key, value)| key.len() + value.len()).sum();
    if size > MAX_PARAMETERS_SIZE {
        errors.push(FieldError::too_long(at, MAX_PARAMETERS_SIZE));
    }
}

/// What a term asks for: keys with sets of values. Two terms that ask for the same are duplicates.
type Demand<'t> = BTreeSet<(&'t Text, BTreeSet<&'t Text>)>;

fn validate_topologies(errors: &mut Errors, terms: &[TopologySelectorTerm]) {
    let mut demands: Vec<Demand<'_>> = Vec::new();
    for (index, term) in terms.iter().enumerate() {
        let list = At::new("allowedTopologies");
        let at = list.index(index);
        let demand = validate_term(errors, &at.child("matchLabelExpressions"), term);
        // One error for each equal term before; the original compares an empty one with as many blanks as there are terms.
        let blanks = if demand.is_empty() { terms.len() } else { 0 };
        for _ in 0..blanks + demands.iter().filter(|earlier| **earlier == demand).count() {
            errors.push(FieldError::duplicate(at.child("matchLabelExpressions"), ""));
        }
        demands.push(demand);
    }
}

fn validate_term<'t>(errors: &mut Errors, at: &At, term: &'t TopologySelectorTerm) -> Demand<'t> {
    let mut demand: Vec<(&Text, BTreeSet<&Text>)> = Vec::new();
    for (index, expression) in term.match_label_expressions.iter().enumerate() {
        let at = at.index(index);
        let mut values = BTreeSet::new();
        if expression.values.is_empty() {
            errors.push(FieldError::required(at.child("values"), ""));
        }
        for (index, value) in expression.values.iter().enumerate() {
            if !values.insert(value) {
                errors.push(FieldError::duplicate(at.child("values").index(index), value));
            }
        }
        errors.complain(&at.child("key"), &expression.key, label_key(&expression.key));
        // Of a repeated key the last counts.
        if let Some(place) = demand.iter().position(|(key, _)| **key == expression.key) {
            errors.push(FieldError::duplicate(at.child("key"), &expression.key));
            demand.remove(place);
        }
        demand.push((&expression.key, values));
    }
    demand.into_iter().collect()
}

/// Warnings on creation and update.
pub(super) fn warnings(class: &StorageClass) -> Vec<String> {
    let terms = class.allowed_topologies.iter().enumerate();
    let expressions = terms.flat_map(|(index, term)| {
        let at = format!("allowedTopologies[{index}].matchLabelExpressions");
        let expressions = term.match_label_expressions.iter().enumerate();
        expressions.filter_map(move |(index, expression)| {
            Some(format!("{at}[{index}].key: {}", deprecated_node_label(&expression.key)?))
        })
    });
    expressions.collect()
}

pub(super) fn validate_attributes_class(errors: &mut Errors, class: &VolumeAttributesClass) {
    metadata::validate(errors, &class.metadata, false, dns_subdomain);
    metadata::validate_standard_finalizers(errors, &class.metadata);
    validate_provisioner(errors, &At::new("driverName"), &class.driver_name);
    validate_parameters(errors, &class.parameters);
    if class.parameters.is_empty() {
        errors.push(FieldError::required("parameters", "must contain at least one key/value pair"));
    }
}

pub(super) fn validate_attributes_class_update(
    errors: &mut Errors,
    new: &VolumeAttributesClass,
    old: &VolumeAttributesClass,
) {
    metadata::validate_update(errors, &new.metadata, &old.metadata);
    metadata::validate_standard_finalizers(errors, &new.metadata);
    if new.driver_name != old.driver_name {
        errors.push(FieldError::forbidden("driverName", "updates to driverName are forbidden."));
    }
    if new.parameters != old.parameters {
        errors.push(FieldError::forbidden("parameters", "updates to parameters are forbidden."));
    }
    validate_attributes_class(errors, new);
}
