//! Rules of pods and pod templates, as far as storage, scheduling and the identity of pods depend on them.
//!
//! The rest of a pod (probes, tolerations, security contexts, ...) is checked for its shape when it is decoded and
//! not further; the crate docs list this under "Differences from Kubernetes".

use crate::api::container::{validate_choice, validate_containers};
use crate::api::metadata::{self, validate_annotations, validate_labels};
use crate::api::path::{At, Errors};
use crate::api::pod_volume::validate_volumes;
use crate::api::warnings::deprecated_node_label;
use crate::model::field_error::{FieldError, go_json};
use crate::model::json::Json;
use crate::model::pod::{Container, Pod, PodSpec, PodTemplateSpec};
use crate::model::syntax::{dns_label, dns_subdomain};

pub(super) fn validate_create(errors: &mut Errors, pod: &Pod) {
    metadata::validate(errors, &pod.metadata, true, dns_subdomain);
    metadata::validate_standard_finalizers(errors, &pod.metadata);
    validate_spec(errors, &At::new("spec"), &pod.spec, &pod.metadata.name);
}

/// Of a pod only a few fields may change; the claims that it uses are not among them.
pub(super) fn validate_update(errors: &mut Errors, new: &Pod, old: &Pod) {
    metadata::validate_update(errors, &new.metadata, &old.metadata);
    metadata::validate_standard_finalizers(errors, &new.metadata);
    let mut comparable = new.spec.clone();
    let images = |new: &[Container], old: &[Container]| {
        let pairs = new.iter().zip(old).map(|(new, old)| Container { image: old.image.clone(), ..new.clone() });
        pairs.collect::<Vec<_>>()
    };
    if new.spec.containers.len() == old.spec.containers.len() {
        comparable.containers = images(&new.spec.containers, &old.spec.containers).into();
    }
    if new.spec.init_containers.len() == old.spec.init_containers.len() {
        comparable.init_containers = images(&new.spec.init_containers, &old.spec.init_containers).into();
    }
    comparable.active_deadline_seconds = old.spec.active_deadline_seconds;
    comparable.extras.tolerations = old.spec.extras.tolerations.clone();
    comparable.extras.termination_grace_period_seconds = old.spec.extras.termination_grace_period_seconds.clone();
    comparable.extras.scheduling_gates = old.spec.extras.scheduling_gates.clone();
    if comparable != old.spec {
        let rule = "pod updates may not change fields other than \
                    `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` \
                    (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it \
                    was previously negative)";
        errors.push(FieldError::forbidden("spec", rule));
    }
}

/// What the status subresource refuses, as far as the status of a pod matters here.
pub(super) fn validate_status(errors: &mut Errors, new: &Pod, old: &Pod) {
    metadata::validate_object_update(errors, &new.metadata, &old.metadata);
    let at = At::new("status.qosClass");
    metadata::validate_immutable(errors, &at, &new.status.qos_class, &old.status.qos_class);
}

pub(super) fn validate_template(errors: &mut Errors, at: &At, template: &PodTemplateSpec) {
    validate_labels(errors, &at.child("labels"), &template.metadata.labels);
    validate_annotations(errors, &at.child("annotations"), &template.metadata.annotations);
    validate_spec(errors, &at.child("spec"), &template.spec, "");
}

fn validate_spec(errors: &mut Errors, at: &At, spec: &PodSpec, pod: &str) {
    let volumes = validate_volumes(errors, &at.child("volumes"), &spec.volumes, pod);
    validate_containers(errors, at, spec, &volumes);
    let restart_at = at.child("restartPolicy");
    if !["", "Always", "OnFailure", "Never"].contains(&spec.restart_policy.as_str()) {
        let supported = ["Always", "OnFailure", "Never"];
        errors.push(FieldError::not_supported(restart_at, go_json(&spec.restart_policy), &supported));
    }
    let policies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    validate_choice(errors, &at.child("dnsPolicy"), &spec.extras.dns_policy, &policies);
    validate_labels(errors, &at.child("nodeSelector"), &spec.node_selector);
    let account = spec.extras.service_account_name.as_str().unwrap_or_default();
    if !account.is_empty() {
        errors.complain(&at.child("serviceAccountName"), account, dns_subdomain(account));
    }
    if !spec.node_name.is_empty() {
        errors.complain(&at.child("nodeName"), &spec.node_name, dns_subdomain(&spec.node_name));
    }
    if let Some(seconds) = spec.active_deadline_seconds.filter(|seconds| !(1..=i64::from(i32::MAX)).contains(seconds)) {
        let rule = "must be between 1 and 2147483647, inclusive";
        errors.push(FieldError::invalid_json(at.child("activeDeadlineSeconds"), seconds.to_string(), rule));
    }
    for (field, text) in [("hostname", &spec.hostname), ("subdomain", &spec.subdomain)] {
        if !text.is_empty() {
            errors.complain(&at.child(field), text, dns_label(text));
        }
    }
    let class = spec.extras.priority_class_name.as_str().unwrap_or_default();
    if !class.is_empty() {
        errors.complain(&at.child("priorityClassName"), class, dns_subdomain(class));
    }
}

/// Warnings about a pod or a template, of what its validation looks at.
pub(super) fn warnings(path: &str, spec: &PodSpec) -> Vec<String> {
    let mut warnings = Vec::new();
    for key in spec.node_selector.keys() {
        if let Some(text) = deprecated_node_label(key) {
            warnings.push(format!("{path}.nodeSelector[{key}]: {text}"));
        }
    }
    if let Json::Number(seconds) = &spec.extras.termination_grace_period_seconds
        && seconds.starts_with('-')
    {
        let text = "must be >= 0; negative values are invalid and will be treated as 1";
        warnings.push(format!("{path}.terminationGracePeriodSeconds: {text}"));
    }
    warnings
}
