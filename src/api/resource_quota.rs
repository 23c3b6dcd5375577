//! Rules of ResourceQuotas.
//!
//! Follows `ValidateResourceQuota*` and `pkg/apis/core/helper`.

use crate::api::container::{COUNTED, is_standard};
use crate::api::internal::Internal;
use crate::api::metadata;
use crate::api::path::{At, Errors};
use crate::api::strategy::Strategy;
use crate::api::volume::rounded;
use crate::model::field_error::{FieldError, go_json};
use crate::model::list::ResourceList;
use crate::model::resource_quota::{
    ResourceQuota, ResourceQuotaSpec, ResourceQuotaStatus, ScopeSelectorOperator, ScopedResourceSelectorRequirement,
};
use crate::model::syntax::{dns_subdomain, label_key};
use crate::model::text::Text;
use crate::model::time::Timestamp;

/// Scopes that an object is in or not, whatever the values.
const PLAIN_SCOPES: [&str; 5] =
    ["Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "CrossNamespacePodAffinity"];
const SCOPES_WITH_VALUES: [&str; 2] = ["PriorityClass", "VolumeAttributesClass"];

impl Strategy for ResourceQuota {
    fn default(&mut self) {
        for list in [&mut self.spec.hard, &mut self.status.hard, &mut self.status.used] {
            *list = rounded(list);
        }
    }

    fn prepare_create(&mut self, _: Timestamp) {
        self.status = ResourceQuotaStatus::default();
    }

    fn prepare_update(&mut self, old: &Self) {
        self.status = old.status.clone();
    }

    fn validate_create(&self, errors: &mut Errors) {
        metadata::validate_object(errors, &self.metadata, true, dns_subdomain);
        validate_spec(errors, &At::new("spec"), &self.spec);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        metadata::validate_object_update(errors, &self.metadata, &old.metadata);
        validate_spec(errors, &At::new("spec"), &self.spec);
        let sorted = |scopes: &[Text]| {
            let mut scopes = scopes.to_vec();
            scopes.sort();
            scopes.dedup();
            scopes
        };
        if sorted(&self.spec.scopes) != sorted(&old.spec.scopes) {
            let shown = go_json(&self.spec.scopes);
            errors.push(FieldError::invalid_json("spec.scopes", shown, metadata::IMMUTABLE));
        }
    }

    fn validate_status(&self, old: &Self, errors: &mut Errors) {
        metadata::validate_object_update(errors, &self.metadata, &old.metadata);
        validate_amounts(errors, &At::new("status.hard"), &self.status.hard);
        validate_amounts(errors, &At::new("status.used"), &self.status.used);
    }
}

fn validate_spec(errors: &mut Errors, at: &At, spec: &ResourceQuotaSpec) {
    validate_amounts(errors, &at.child("hard"), &spec.hard);
    validate_scopes(errors, &at.child("scopes"), spec);
    if let Some(selector) = &spec.scope_selector {
        let at = at.child("scopeSelector.matchExpressions");
        for expression in &selector.match_expressions {
            validate_expression(errors, &at, spec, expression);
        }
        let scopes = selector.match_expressions.iter().map(|expression| &expression.scope_name);
        validate_pairs(errors, &at, spec, &scopes.collect::<Vec<_>>());
    }
}

fn validate_amounts(errors: &mut Errors, at: &At, amounts: &ResourceList) {
    for (name, amount) in amounts.iter() {
        let at = at.key(name);
        let before = errors.0.len();
        errors.complain(&at, name, label_key(name));
        let plain = !name.contains('/');
        let known = is_quota_resource(name);
        if errors.0.len() == before && plain && !known && name != "storage" {
            errors.push(FieldError::invalid(at, name, "must be a standard resource type or fully qualified"));
        }
        if plain && !known {
            errors.push(FieldError::invalid(at, name, "must be a standard resource for quota"));
        }
        errors.not_negative_amount(at, amount);
        let extended = !plain && !name.contains("kubernetes.io/") && !name.starts_with("requests.");
        if (extended || COUNTED.contains(&name.as_str())) && !amount.is_whole() {
            errors.push(FieldError::invalid(at, &amount.to_string(), "must be an integer"));
        }
    }
}

/// Whether a plain name is one that quotas know.
fn is_quota_resource(name: &str) -> bool {
    let huge_pages = name.starts_with("hugepages-") || name.starts_with("requests.hugepages-");
    ["cpu", "memory", "ephemeral-storage"].contains(&name) || huge_pages || is_standard(name) && name != "storage"
}

/// Whether a scope makes sense for a resource; of resources with a domain nothing is known.
fn suits(scope: &str, resource: &str) -> bool {
    const COMPUTED: [&str; 6] = ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
    match scope {
        _ if !is_quota_resource(resource) => true,
        "Terminating" | "NotTerminating" | "NotBestEffort" | "PriorityClass" | "CrossNamespacePodAffinity" => {
            resource == "pods" || COMPUTED.contains(&resource)
        }
        "BestEffort" => resource == "pods",
        "VolumeAttributesClass" => ["persistentvolumeclaims", "requests.storage"].contains(&resource),
        _ => true,
    }
}

fn is_scope(scope: &str) -> bool {
    PLAIN_SCOPES.contains(&scope) || SCOPES_WITH_VALUES.contains(&scope)
}

fn validate_scopes(errors: &mut Errors, at: &At, spec: &ResourceQuotaSpec) {
    for scope in &spec.scopes {
        if !is_scope(scope) {
            errors.push(FieldError::invalid_json(at, go_json(&spec.scopes), "unsupported scope"));
        }
        for _ in spec.hard.keys().filter(|resource| !suits(scope, resource)) {
            let rule = "unsupported scope applied to resource";
            errors.push(FieldError::invalid_json(at, go_json(&spec.scopes), rule));
        }
    }
    validate_pairs(errors, at, spec, &spec.scopes.iter().collect::<Vec<_>>());
}

/// Scopes that no object is in at once.
fn validate_pairs(errors: &mut Errors, at: &At, spec: &ResourceQuotaSpec, scopes: &[&Text]) {
    for pair in [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]] {
        if pair.iter().all(|one| scopes.iter().any(|scope| scope.as_str() == *one)) {
            errors.push(FieldError::invalid_json(at, go_json(&spec.scopes), "conflicting scopes"));
        }
    }
}

fn validate_expression(
    errors: &mut Errors,
    at: &At,
    spec: &ResourceQuotaSpec,
    expression: &ScopedResourceSelectorRequirement,
) {
    let ScopedResourceSelectorRequirement { scope_name: scope, operator, values, .. } = expression;
    if !is_scope(scope) {
        errors.push(FieldError::invalid_json(at.child("scopeName"), go_json(scope), "unsupported scope"));
    }
    for _ in spec.hard.keys().filter(|resource| !suits(scope, resource)) {
        let shown = go_json(&spec.scope_selector.as_ref().map(Internal));
        errors.push(FieldError::invalid_json(at, shown, "unsupported scope applied to resource"));
    }
    if PLAIN_SCOPES.contains(&scope.as_str()) && *operator != ScopeSelectorOperator::Exists {
        let rule = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, \
                    ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or \
                    ResourceQuotaScopeCrossNamespacePodAffinity";
        errors.push(FieldError::invalid_json(at.child("operator"), go_json(operator), rule));
    }
    match operator {
        ScopeSelectorOperator::In | ScopeSelectorOperator::NotIn if values.is_empty() => {
            let rule = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
            errors.push(FieldError::required(at.child("values"), rule));
        }
        ScopeSelectorOperator::Exists | ScopeSelectorOperator::DoesNotExist if !values.is_empty() => {
            let rule = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
            errors.push(FieldError::invalid_json(at.child("values"), go_json(values), rule));
        }
        ScopeSelectorOperator::Other(text) => {
            let rule = "not a valid selector operator";
            errors.push(FieldError::invalid_json(at.child("operator"), go_json(text), rule));
        }
        _ => {}
    }
}
