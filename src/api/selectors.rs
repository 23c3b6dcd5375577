//! Rules of selectors in claims, sets and volumes (`VALID-20`, `VALID-33`).

use crate::api::metadata::validate_labels;
use crate::api::path::{At, Errors};
use crate::model::field_error::{FieldError, go_json};
use crate::model::node_selector::{NodeSelector, NodeSelectorOperator, NodeSelectorRequirement, VolumeNodeAffinity};
use crate::model::selector::{LabelSelector, LabelSelectorRequirement, SelectorOperator};
use crate::model::syntax::{dns_subdomain, label_key, label_value};
use crate::model::text::Text;

const VALUES_NEEDED: &str = "must be specified when `operator` is 'In' or 'NotIn'";
const VALUES_FORBIDDEN: &str = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
const NO_OPERATOR: &str = "not a valid selector operator";

/// Whether values that are no label values pass, as they do where the stored object has some already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    Checked,
    Any,
}

pub(super) fn validate_label_selector(errors: &mut Errors, at: &At, selector: &LabelSelector, values: Values) {
    validate_labels(errors, &at.child("matchLabels"), &selector.match_labels);
    for (index, expression) in selector.match_expressions.iter().enumerate() {
        validate_expression(errors, &at.child("matchExpressions").index(index), expression, values);
    }
}

/// Whether a selector breaks no rule.
pub(super) fn is_valid_label_selector(selector: &LabelSelector) -> bool {
    let mut errors = Errors::default();
    validate_label_selector(&mut errors, &At::new(""), selector, Values::Checked);
    errors.0.is_empty()
}

fn validate_expression(errors: &mut Errors, at: &At, expression: &LabelSelectorRequirement, values: Values) {
    let listed = &expression.values;
    match &expression.operator {
        SelectorOperator::In | SelectorOperator::NotIn if listed.is_empty() => {
            errors.push(FieldError::required(at.child("values"), VALUES_NEEDED));
        }
        SelectorOperator::Exists | SelectorOperator::DoesNotExist if !listed.is_empty() => {
            errors.push(FieldError::forbidden(at.child("values"), VALUES_FORBIDDEN));
        }
        SelectorOperator::Other(text) => {
            errors.push(FieldError::invalid_json(at.child("operator"), go_json(text), NO_OPERATOR));
        }
        SelectorOperator::In | SelectorOperator::NotIn | SelectorOperator::Exists | SelectorOperator::DoesNotExist => {}
    }
    errors.complain(&at.child("key"), &expression.key, label_key(&expression.key));
    if values == Values::Checked {
        validate_values(errors, at, listed);
    }
}

fn validate_values(errors: &mut Errors, at: &At, values: &[Text]) {
    for (index, value) in values.iter().enumerate() {
        errors.complain(&at.child("values").index(index), value, label_value(value));
    }
}

pub(super) fn validate_volume_affinity(errors: &mut Errors, at: &At, affinity: &VolumeNodeAffinity, values: Values) {
    match &affinity.required {
        None => errors.push(FieldError::required(at.child("required"), "must specify required node constraints")),
        Some(required) => validate_node_selector(errors, &at.child("required"), required, values),
    }
}

fn validate_node_selector(errors: &mut Errors, at: &At, selector: &NodeSelector, values: Values) {
    let at = at.child("nodeSelectorTerms");
    if selector.node_selector_terms.is_empty() {
        errors.push(FieldError::required(at, "must have at least one node selector term"));
    }
    for (index, term) in selector.node_selector_terms.iter().enumerate() {
        let at = at.index(index);
        for (index, requirement) in term.match_expressions.iter().enumerate() {
            validate_label_requirement(errors, &at.child("matchExpressions").index(index), requirement, values);
        }
        for (index, requirement) in term.match_fields.iter().enumerate() {
            validate_field_requirement(errors, &at.child("matchFields").index(index), requirement);
        }
    }
}

/// Whether a value that a node's label shall have could not be the value of a label.
pub(super) fn has_invalid_values(affinity: &VolumeNodeAffinity) -> bool {
    let terms = affinity.required.iter().flat_map(|required| &required.node_selector_terms);
    let mut values = terms.flat_map(|term| &term.match_expressions).flat_map(|requirement| &requirement.values);
    values.any(|value| !label_value(value).is_empty())
}

fn validate_label_requirement(errors: &mut Errors, at: &At, requirement: &NodeSelectorRequirement, values: Values) {
    let listed = &requirement.values;
    match &requirement.operator {
        NodeSelectorOperator::In | NodeSelectorOperator::NotIn if listed.is_empty() => {
            errors.push(FieldError::required(at.child("values"), VALUES_NEEDED));
        }
        NodeSelectorOperator::Exists | NodeSelectorOperator::DoesNotExist if !listed.is_empty() => {
            errors.push(FieldError::forbidden(at.child("values"), VALUES_FORBIDDEN));
        }
        NodeSelectorOperator::Gt | NodeSelectorOperator::Lt if listed.len() != 1 => {
            let rule = "must be specified single value when `operator` is 'Lt' or 'Gt'";
            errors.push(FieldError::required(at.child("values"), rule));
        }
        NodeSelectorOperator::Other(text) => {
            errors.push(FieldError::invalid_json(at.child("operator"), go_json(text), NO_OPERATOR));
        }
        NodeSelectorOperator::In
        | NodeSelectorOperator::NotIn
        | NodeSelectorOperator::Exists
        | NodeSelectorOperator::DoesNotExist
        | NodeSelectorOperator::Gt
        | NodeSelectorOperator::Lt => {}
    }
    errors.complain(&at.child("key"), &requirement.key, label_key(&requirement.key));
    if values == Values::Checked {
        validate_values(errors, at, listed);
    }
}

fn validate_field_requirement(errors: &mut Errors, at: &At, requirement: &NodeSelectorRequirement) {
    match &requirement.operator {
        NodeSelectorOperator::In | NodeSelectorOperator::NotIn if requirement.values.len() == 1 => {}
        NodeSelectorOperator::In | NodeSelectorOperator::NotIn => {
            let rule = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
            errors.push(FieldError::required(at.child("values"), rule));
        }
        NodeSelectorOperator::Exists
        | NodeSelectorOperator::DoesNotExist
        | NodeSelectorOperator::Gt
        | NodeSelectorOperator::Lt
        | NodeSelectorOperator::Other(_) => {
            let shown = go_json(requirement.operator.as_str());
            errors.push(FieldError::invalid_json(at.child("operator"), shown, NO_OPERATOR));
        }
    }
    if requirement.key != "metadata.name" {
        errors.push(FieldError::invalid(at.child("key"), &requirement.key, "not a valid field selector key"));
        return;
    }
    for (index, value) in requirement.values.iter().enumerate() {
        errors.complain(&at.child("values").index(index), value, dns_subdomain(value));
    }
}
