//! Rules of StatefulSets (`STS-1` to `STS-8`).

use std::collections::BTreeMap;

use crate::api::claim::{self, Tolerance};
use crate::api::internal::Internal;
use crate::api::metadata::{self, validate_annotations, validate_labels};
use crate::api::path::{At, Errors};
use crate::api::pod::{self, validate_template};
use crate::api::pod_defaults::complete_spec;
use crate::api::selectors::{Values, validate_label_selector};
use crate::api::share::{number_of, validate_part, validate_share};
use crate::model::field_error::{FieldError, go_json};
use crate::model::pod::{ClaimVolumeSource, PodTemplateSpec, PodVolume, PodVolumeSource};
use crate::model::selector::Predicate;
use crate::model::shared::Shared;
use crate::model::stateful_set::{
    ClaimRetentionPolicy, PodManagementPolicy, RetentionPolicy, RollingUpdate, StatefulSet, StatefulSetSpec,
    StatefulSetStatus, UpdateStrategy, UpdateStrategyType,
};
use crate::model::syntax::dns_label;
use crate::model::text::Text;

/// Fills in what a set leaves out (`STS-1` to `STS-3`).
pub(super) fn default(set: &mut StatefulSet) {
    let spec = &mut *set.spec;
    if spec.pod_management_policy.as_ref().is_none_or(|policy| policy.as_str().is_empty()) {
        spec.pod_management_policy = Some(PodManagementPolicy::OrderedReady);
    }
    let strategy = &mut spec.update_strategy;
    if strategy.r#type.as_ref().is_none_or(|kind| kind.as_str().is_empty()) {
        strategy.r#type = Some(UpdateStrategyType::RollingUpdate);
        strategy.rolling_update.get_or_insert_default();
    }
    if strategy.r#type == Some(UpdateStrategyType::RollingUpdate)
        && let Some(rolling) = &mut strategy.rolling_update
    {
        rolling.partition.get_or_insert(0);
    }
    let retention = spec.persistent_volume_claim_retention_policy.get_or_insert_default();
    for policy in [&mut retention.when_deleted, &mut retention.when_scaled] {
        if policy.as_ref().is_none_or(|policy| policy.as_str().is_empty()) {
            *policy = Some(RetentionPolicy::Retain);
        }
    }
    spec.replicas.get_or_insert(1);
    spec.revision_history_limit.get_or_insert(10);
    complete_spec(&mut spec.template.spec);
    if !spec.volume_claim_templates.is_empty() {
        let mut templates = spec.volume_claim_templates.to_vec();
        for template in &mut templates {
            claim::default(template);
        }
        spec.volume_claim_templates = templates.into();
    }
}

/// A created set has no status, and is of the first generation (`STS-4`).
pub(super) fn prepare_create(set: &mut StatefulSet) {
    set.status = Shared::default();
    set.metadata.generation = 1;
    if let Some(rolling) = &mut set.spec.update_strategy.rolling_update {
        rolling.max_unavailable = None;
    }
}

/// Keeps the status of the stored set (`STS-4`).
pub(super) fn prepare_update(new: &mut StatefulSet, old: &StatefulSet) {
    new.status = old.status.clone();
    let in_use =
        old.spec.update_strategy.rolling_update.as_ref().is_some_and(|rolling| rolling.max_unavailable.is_some());
    if !in_use && let Some(rolling) = &mut new.spec.update_strategy.rolling_update {
        rolling.max_unavailable = None;
    }
}

/// What an update tolerates because it cannot be changed, or was stored before it was refused.
#[derive(Clone, Copy, Default)]
struct Tolerated {
    service_name: bool,
    claim_templates: bool,
    pod_template: bool,
}

pub(super) fn validate_create(errors: &mut Errors, set: &StatefulSet) {
    metadata::validate(errors, &set.metadata, true, dns_label);
    metadata::validate_standard_finalizers(errors, &set.metadata);
    validate_spec(errors, &At::new("spec"), &set.spec, Tolerated::default());
}

pub(super) fn validate_update(errors: &mut Errors, new: &StatefulSet, old: &StatefulSet) {
    metadata::validate_update(errors, &new.metadata, &old.metadata);
    metadata::validate_standard_finalizers(errors, &new.metadata);
    let mut tolerated = Tolerated { service_name: true, claim_templates: true, pod_template: false };
    let mut stored = Errors::default();
    validate_spec(&mut stored, &At::new("spec"), &old.spec, tolerated);
    tolerated.pod_template = !stored.0.is_empty();
    validate_spec(errors, &At::new("spec"), &new.spec, tolerated);
    let mut comparable = new.spec.clone();
    comparable.replicas = old.spec.replicas;
    comparable.template = old.spec.template.clone();
    comparable.update_strategy = old.spec.update_strategy.clone();
    comparable.min_ready_seconds = old.spec.min_ready_seconds;
    comparable.ordinals.clone_from(&old.spec.ordinals);
    comparable.revision_history_limit = old.spec.revision_history_limit;
    comparable.persistent_volume_claim_retention_policy.clone_from(&old.spec.persistent_volume_claim_retention_policy);
    if comparable != old.spec {
        let rule = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', \
                    'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
        errors.push(FieldError::forbidden("spec", rule));
    }
}

fn validate_spec(errors: &mut Errors, at: &At, spec: &StatefulSetSpec, tolerated: Tolerated) {
    if let Some(PodManagementPolicy::Other(text)) = &spec.pod_management_policy {
        let rule = "must be 'OrderedReady' or 'Parallel'";
        errors.push(FieldError::invalid_json(at.child("podManagementPolicy"), go_json(text), rule));
    }
    validate_strategy(errors, &at.child("updateStrategy"), &spec.update_strategy);
    if let Some(policy) = &spec.persistent_volume_claim_retention_policy {
        validate_retention(errors, &at.child("persistentVolumeClaimRetentionPolicy"), policy);
    }
    if !tolerated.claim_templates {
        for (index, template) in spec.volume_claim_templates.iter().enumerate() {
            let list = at.child("volumeClaimTemplates");
            let template_at = list.index(index);
            let at = template_at.child("spec");
            claim::validate_spec(errors, &at, &template.spec, Tolerance::NONE);
        }
    }
    errors.not_negative(at.child("replicas"), spec.replicas.unwrap_or_default());
    errors.not_negative(at.child("minReadySeconds"), spec.min_ready_seconds);
    if let Some(ordinals) = &spec.ordinals {
        errors.not_negative(at.child("ordinals.start"), ordinals.start);
    }
    if !tolerated.service_name && !spec.service_name.is_empty() {
        errors.complain(&at.child("serviceName"), &spec.service_name, dns_label(&spec.service_name));
    }
    let selector_at = at.child("selector");
    match &spec.selector {
        None => errors.push(FieldError::required(selector_at, "")),
        Some(selector) => {
            validate_label_selector(errors, &selector_at, selector, Values::Checked);
            if selector.match_labels.is_empty() && selector.match_expressions.is_empty() {
                let rule = "empty selector is invalid for statefulset";
                errors.push(FieldError::invalid_json(selector_at, go_json(selector), rule));
            }
        }
    }
    match Predicate::of(spec.selector.as_deref()) {
        Err(_) => errors.push(FieldError::invalid_json(selector_at, go_json(&spec.selector), "")),
        Ok(predicate) => validate_set_template(errors, &at.child("template"), spec, &predicate, tolerated),
    }
    let template_spec = at.child("template.spec");
    if spec.template.spec.restart_policy != "Always" {
        let shown = go_json(&spec.template.spec.restart_policy);
        errors.push(FieldError::not_supported(template_spec.child("restartPolicy"), shown, &["Always"]));
    }
    if spec.template.spec.active_deadline_seconds.is_some() {
        let rule = "activeDeadlineSeconds in StatefulSet is not Supported";
        errors.push(FieldError::forbidden(template_spec.child("activeDeadlineSeconds"), rule));
    }
}

fn validate_strategy(errors: &mut Errors, at: &At, strategy: &UpdateStrategy) {
    match (&strategy.r#type, &strategy.rolling_update) {
        (None, _) => errors.push(FieldError::required(at, "")),
        (Some(UpdateStrategyType::OnDelete), Some(rolling)) => {
            let rule = "only allowed for updateStrategy 'RollingUpdate'";
            errors.push(FieldError::invalid_json(at.child("rollingUpdate"), go_json(&Internal(rolling)), rule));
        }
        (Some(UpdateStrategyType::RollingUpdate), Some(rolling)) => {
            validate_rolling(errors, &at.child("rollingUpdate"), rolling);
        }
        (Some(UpdateStrategyType::OnDelete | UpdateStrategyType::RollingUpdate), None) => {}
        (Some(UpdateStrategyType::Other(_)), _) => {
            let rule = "must be 'RollingUpdate' or 'OnDelete'";
            errors.push(FieldError::invalid_json(at, go_json(&Internal(strategy)), rule));
        }
    }
}

fn validate_rolling(errors: &mut Errors, at: &At, rolling: &RollingUpdate) {
    errors.not_negative(at.child("partition"), rolling.partition.unwrap_or_default());
    let Some(unavailable) = &rolling.max_unavailable else {
        return;
    };
    let at = at.child("maxUnavailable");
    validate_share(errors, &at, unavailable);
    if number_of(unavailable) == 0 {
        errors.push(FieldError::invalid_json(at, go_json(unavailable), "cannot be 0"));
    }
    validate_part(errors, &at, unavailable);
}

fn validate_retention(errors: &mut Errors, at: &At, policy: &ClaimRetentionPolicy) {
    for (field, policy) in [("whenDeleted", &policy.when_deleted), ("whenScaled", &policy.when_scaled)] {
        if let Some(RetentionPolicy::Other(text)) = policy {
            errors.push(FieldError::not_supported(at.child(field), go_json(text), &["Retain", "Delete"]));
        }
    }
}

fn validate_set_template(
    errors: &mut Errors,
    at: &At,
    spec: &StatefulSetSpec,
    predicate: &Predicate,
    tolerated: Tolerated,
) {
    let template = &*spec.template;
    let labels = &template.metadata.labels;
    let is_empty = spec.selector.is_some() && predicate.requirements().is_empty();
    if !is_empty && !predicate.matches(labels) {
        let rule = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid_json(at.child("metadata").child("labels"), go_json(labels), rule));
    }
    if !tolerated.pod_template {
        validate_template(errors, at, &with_claim_volumes(spec));
    }
    validate_labels(errors, &at.child("labels"), labels);
    validate_annotations(errors, &at.child("annotations"), &template.metadata.annotations);
}

/// The template as it will be: with the volumes that the claim templates become, and without the names that the
/// controller sets.
fn with_claim_volumes(spec: &StatefulSetSpec) -> PodTemplateSpec {
    let mut template = (*spec.template).clone();
    template.spec.hostname = Text::default();
    template.spec.subdomain = Text::default();
    if spec.volume_claim_templates.is_empty() {
        return template;
    }
    let claims: BTreeMap<&Text, PodVolume> = spec
        .volume_claim_templates
        .iter()
        .map(|claim| {
            let name = &claim.metadata.name;
            let source = ClaimVolumeSource { claim_name: name.clone(), ..ClaimVolumeSource::default() };
            let sources = PodVolumeSource::PersistentVolumeClaim(source).into();
            (name, PodVolume { name: name.clone(), sources, ..PodVolume::default() })
        })
        .collect();
    let others = spec.template.spec.volumes.iter().filter(|volume| !claims.contains_key(&volume.name)).cloned();
    template.spec.volumes = claims.values().cloned().chain(others).collect();
    template
}

/// What the status subresource refuses (`STS-8`).
pub(super) fn validate_status(errors: &mut Errors, new: &StatefulSet, old: &StatefulSet) {
    let (at, status) = (At::new("status"), &*new.status);
    let StatefulSetStatus { replicas, ready_replicas, current_replicas, updated_replicas, available_replicas, .. } =
        *status;
    errors.not_negative(at.child("replicas"), replicas);
    errors.not_negative(at.child("readyReplicas"), ready_replicas);
    errors.not_negative(at.child("currentReplicas"), current_replicas);
    errors.not_negative(at.child("updatedReplicas"), updated_replicas);
    errors.not_negative(at.child("availableReplicas"), available_replicas);
    errors.not_negative(at.child("observedGeneration"), status.observed_generation);
    errors.not_negative(at.child("collisionCount"), status.collision_count.unwrap_or_default());
    errors.not_above(at.child("readyReplicas"), ready_replicas, replicas, "status.replicas");
    errors.not_above(at.child("currentReplicas"), current_replicas, replicas, "status.replicas");
    errors.not_above(at.child("updatedReplicas"), updated_replicas, replicas, "status.replicas");
    errors.not_above(at.child("availableReplicas"), available_replicas, replicas, "status.replicas");
    errors.not_above(at.child("availableReplicas"), available_replicas, ready_replicas, "status.readyReplicas");
    metadata::validate_update(errors, &new.metadata, &old.metadata);
    metadata::validate_standard_finalizers(errors, &new.metadata);
    errors.not_decremented(at.child("collisionCount"), status.collision_count, old.status.collision_count);
}

/// Warnings on creation and update.
pub(super) fn warnings(new: &StatefulSet, old: Option<&StatefulSet>) -> Vec<String> {
    let templates = new.spec.volume_claim_templates.iter().enumerate();
    let mut warnings: Vec<String> = templates
        .flat_map(|(index, template)| {
            // The path has a capital letter on update and lacks the spec on creation, as in the original.
            let path = format!("spec.volumeClaimTemplates[{index}]{}", if old.is_some() { ".Spec" } else { "" });
            claim::spec_warnings(&path, &template.spec)
        })
        .collect();
    if old.is_none_or(|old| old.spec.template != new.spec.template) {
        warnings.extend(pod::warnings("spec.template.spec", &new.spec.template.spec));
    }
    if new.spec.revision_history_limit.is_some_and(|limit| limit < 0) {
        let text = "a negative value retains all historical revisions; a value >= 0 is recommended";
        warnings.push(format!("spec.revisionHistoryLimit: {text}"));
    }
    warnings
}
