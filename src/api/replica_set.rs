//! Rules of ReplicaSets, and those that Deployments share with them.
//!
//! Follows `pkg/apis/apps/v1/defaults.go`, `pkg/registry/apps/replicaset` and `ValidateReplicaSet*`.

use crate::api::metadata::{self, validate_immutable};
use crate::api::path::{At, Errors};
use crate::api::pod::{self, validate_template};
use crate::api::pod_defaults::complete_spec;
use crate::api::selectors::{Values, validate_label_selector};
use crate::api::strategy::Strategy;
use crate::model::field_error::{FieldError, go_json};
use crate::model::metadata::ObjectMeta;
use crate::model::pod::PodTemplateSpec;
use crate::model::replica_set::{ReplicaSet, ReplicaSetSpec};
use crate::model::selector::{LabelSelector, Predicate};
use crate::model::shared::Shared;
use crate::model::syntax::{dns_label, dns_subdomain};
use crate::model::time::Timestamp;

impl Strategy for ReplicaSet {
    fn default(&mut self) {
        self.spec.replicas.get_or_insert(1);
        complete_spec(&mut self.spec.template.spec);
    }

    fn prepare_create(&mut self, _: Timestamp) {
        self.status = Shared::default();
        self.metadata.generation = 1;
    }

    fn prepare_update(&mut self, old: &Self) {
        self.status = old.status.clone();
    }

    fn is_next_generation(&self, old: &Self) -> bool {
        self.spec != old.spec
    }

    fn validate_create(&self, errors: &mut Errors) {
        metadata::validate_object(errors, &self.metadata, true, dns_subdomain);
        validate_spec(errors, &At::new("spec"), &self.spec);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        metadata::validate_object_update(errors, &self.metadata, &old.metadata);
        validate_spec(errors, &At::new("spec"), &self.spec);
        validate_immutable(errors, &At::new("spec.selector"), &self.spec.selector, &old.spec.selector);
    }

    fn validate_status(&self, old: &Self, errors: &mut Errors) {
        metadata::validate_object_update(errors, &self.metadata, &old.metadata);
        let (at, status) = (At::new("status"), &*self.status);
        errors.not_negative(at.child("replicas"), status.replicas);
        errors.not_negative(at.child("fullyLabeledReplicas"), status.fully_labeled_replicas);
        errors.not_negative(at.child("readyReplicas"), status.ready_replicas);
        errors.not_negative(at.child("availableReplicas"), status.available_replicas);
        errors.not_negative(at.child("observedGeneration"), status.observed_generation);
        errors.not_negative(at.child("terminatingReplicas"), status.terminating_replicas.unwrap_or_default());
        errors.not_above(
            at.child("fullyLabeledReplicas"),
            status.fully_labeled_replicas,
            status.replicas,
            "status.replicas",
        );
        validate_readiness(errors, &at, status.replicas, status.ready_replicas, status.available_replicas);
    }

    fn warnings(&self, old: Option<&Self>) -> Vec<String> {
        warnings_of_pods(&self.metadata, old.map(|old| &old.metadata), &self.spec.template)
    }
}

fn validate_spec(errors: &mut Errors, at: &At, spec: &ReplicaSetSpec) {
    errors.not_negative(at.child("replicas"), spec.replicas.unwrap_or_default());
    errors.not_negative(at.child("minReadySeconds"), spec.min_ready_seconds);
    validate_selected_template(errors, at, spec.selector.as_deref(), &spec.template);
}

/// No more pods are ready than there are, and no more are available than are ready.
pub(super) fn validate_readiness(errors: &mut Errors, at: &At, replicas: i32, ready: i32, available: i32) {
    errors.not_above(at.child("readyReplicas"), ready, replicas, "status.replicas");
    errors.not_above(at.child("availableReplicas"), available, replicas, "status.replicas");
    errors.not_above(at.child("availableReplicas"), available, ready, "readyReplicas");
}

/// A selector, and a template whose pods it must choose.
pub(super) fn validate_selected_template(
    errors: &mut Errors,
    at: &At,
    selector: Option<&LabelSelector>,
    template: &PodTemplateSpec,
) {
    let selector_at = at.child("selector");
    match selector {
        None => errors.push(FieldError::required(selector_at, "")),
        Some(selector) => {
            validate_label_selector(errors, &selector_at, selector, Values::Checked);
            if selector.match_labels.is_empty() && selector.match_expressions.is_empty() {
                let rule = "empty selector is invalid for deployment";
                errors.push(FieldError::invalid_json(selector_at, go_json(selector), rule));
            }
        }
    }
    let Ok(predicate) = Predicate::of(selector) else {
        let shown = selector.map(go_json).unwrap_or_default();
        return errors.push(FieldError::invalid_json(selector_at, shown, "invalid label selector"));
    };
    let at = at.child("template");
    let is_empty = selector.is_some() && predicate.requirements().is_empty();
    if !is_empty && !predicate.matches(&template.metadata.labels) {
        let rule = "`selector` does not match template `labels`";
        let shown = go_json(&template.metadata.labels);
        errors.push(FieldError::invalid_json(at.child("metadata").child("labels"), shown, rule));
    }
    validate_template(errors, &at, template);
    if template.spec.restart_policy != "Always" {
        let shown = go_json(&template.spec.restart_policy);
        errors.push(FieldError::not_supported(at.child("spec").child("restartPolicy"), shown, &["Always"]));
    }
    if template.spec.active_deadline_seconds.is_some() {
        let rule = "activeDeadlineSeconds in ReplicaSet is not Supported";
        errors.push(FieldError::forbidden(at.child("spec").child("activeDeadlineSeconds"), rule));
    }
}

/// What the server says of the pods that an object will make: of their names, and of what is in them.
pub(super) fn warnings_of_pods(
    metadata: &ObjectMeta,
    old: Option<&ObjectMeta>,
    template: &PodTemplateSpec,
) -> Vec<String> {
    let mut warnings = Vec::new();
    if old.is_none() {
        warnings.extend(warn_of_name(&metadata.name));
    }
    if old.is_none_or(|old| old.generation != metadata.generation) {
        warnings.extend(pod::warnings("spec.template.spec", &template.spec));
    }
    warnings
}

/// What the server says of a name that the names of pods will begin with.
fn warn_of_name(name: &str) -> Option<String> {
    let complaints = dns_label(name);
    (!complaints.is_empty()).then(|| {
        let complaints = complaints.join(" ");
        format!(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label \
             is recommended: [{complaints}]"
        )
    })
}
