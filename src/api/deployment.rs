//! Rules of Deployments.
//!
//! Follows `pkg/apis/apps/v1/defaults.go`, `pkg/registry/apps/deployment` and `ValidateDeployment*`.

use crate::api::internal::Internal;
use crate::api::metadata::{self, validate_immutable};
use crate::api::path::{At, Errors};
use crate::api::pod_defaults::complete_spec;
use crate::api::replica_set::{validate_readiness, validate_selected_template, warnings_of_pods};
use crate::api::share::{number_of, validate_part, validate_share};
use crate::api::strategy::Strategy;
use crate::model::deployment::{
    Deployment, DeploymentSpec, DeploymentStrategy, DeploymentStrategyType, RollingUpdateDeployment,
};
use crate::model::field_error::{FieldError, go_json};
use crate::model::int_or_string::IntOrString;
use crate::model::shared::Shared;
use crate::model::syntax::dns_subdomain;
use crate::model::time::Timestamp;

const DEFAULT_SHARE: &str = "25%";

impl Strategy for Deployment {
    fn default(&mut self) {
        let spec = &mut *self.spec;
        spec.replicas.get_or_insert(1);
        let strategy = &mut spec.strategy;
        if strategy.r#type.as_ref().is_none_or(|kind| kind.as_str().is_empty()) {
            strategy.r#type = Some(DeploymentStrategyType::RollingUpdate);
        }
        if strategy.r#type == Some(DeploymentStrategyType::RollingUpdate) {
            let rolling = strategy.rolling_update.get_or_insert_default();
            rolling.max_unavailable.get_or_insert_with(|| DEFAULT_SHARE.into());
            rolling.max_surge.get_or_insert_with(|| DEFAULT_SHARE.into());
        }
        spec.revision_history_limit.get_or_insert(10);
        spec.progress_deadline_seconds.get_or_insert(600);
        complete_spec(&mut spec.template.spec);
    }

    fn prepare_create(&mut self, _: Timestamp) {
        self.status = Shared::default();
        self.metadata.generation = 1;
    }

    fn prepare_update(&mut self, old: &Self) {
        self.status = old.status.clone();
    }

    /// The annotations count, too, because the controller copies them to its ReplicaSets.
    fn is_next_generation(&self, old: &Self) -> bool {
        self.spec != old.spec || self.metadata.annotations != old.metadata.annotations
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
        errors.not_negative(at.child("observedGeneration"), status.observed_generation);
        errors.not_negative(at.child("replicas"), status.replicas);
        errors.not_negative(at.child("updatedReplicas"), status.updated_replicas);
        errors.not_negative(at.child("readyReplicas"), status.ready_replicas);
        errors.not_negative(at.child("availableReplicas"), status.available_replicas);
        errors.not_negative(at.child("unavailableReplicas"), status.unavailable_replicas);
        errors.not_negative(at.child("terminatingReplicas"), status.terminating_replicas.unwrap_or_default());
        errors.not_negative(at.child("collisionCount"), status.collision_count.unwrap_or_default());
        errors.not_above(at.child("updatedReplicas"), status.updated_replicas, status.replicas, "status.replicas");
        validate_readiness(errors, &at, status.replicas, status.ready_replicas, status.available_replicas);
        errors.not_decremented(at.child("collisionCount"), status.collision_count, old.status.collision_count);
    }

    fn warnings(&self, old: Option<&Self>) -> Vec<String> {
        warnings_of_pods(&self.metadata, old.map(|old| &old.metadata), &self.spec.template)
    }
}

fn validate_spec(errors: &mut Errors, at: &At, spec: &DeploymentSpec) {
    errors.not_negative(at.child("replicas"), spec.replicas.unwrap_or_default());
    validate_selected_template(errors, at, spec.selector.as_deref(), &spec.template);
    validate_strategy(errors, &at.child("strategy"), &spec.strategy);
    errors.not_negative(at.child("minReadySeconds"), spec.min_ready_seconds);
    errors.not_negative(at.child("revisionHistoryLimit"), spec.revision_history_limit.unwrap_or_default());
    if let Some(seconds) = spec.progress_deadline_seconds {
        let at = at.child("progressDeadlineSeconds");
        errors.not_negative(at, seconds);
        if seconds <= spec.min_ready_seconds {
            errors.push(FieldError::invalid_json(at, seconds.to_string(), "must be greater than minReadySeconds"));
        }
    }
}

fn validate_strategy(errors: &mut Errors, at: &At, strategy: &DeploymentStrategy) {
    let rolling_at = at.child("rollingUpdate");
    match (&strategy.r#type, &strategy.rolling_update) {
        (Some(DeploymentStrategyType::Recreate), Some(_)) => {
            errors.push(FieldError::forbidden(rolling_at, "may not be specified when strategy `type` is 'Recreate'"));
        }
        (Some(DeploymentStrategyType::Recreate), None) => {}
        (Some(DeploymentStrategyType::RollingUpdate), Some(rolling)) => validate_rolling(errors, &rolling_at, rolling),
        (Some(DeploymentStrategyType::RollingUpdate), None) => {
            errors.push(FieldError::required(rolling_at, "this should be defaulted and never be nil"));
        }
        (Some(DeploymentStrategyType::Other(_)) | None, _) => {
            let shown = go_json(&Internal(strategy));
            errors.push(FieldError::not_supported(at, shown, &["Recreate", "RollingUpdate"]));
        }
    }
}

fn validate_rolling(errors: &mut Errors, at: &At, rolling: &RollingUpdateDeployment) {
    let zero = IntOrString::default();
    let unavailable = rolling.max_unavailable.as_ref().unwrap_or(&zero);
    let surge = rolling.max_surge.as_ref().unwrap_or(&zero);
    validate_share(errors, &at.child("maxUnavailable"), unavailable);
    validate_share(errors, &at.child("maxSurge"), surge);
    let at = at.child("maxUnavailable");
    if number_of(unavailable) == 0 && number_of(surge) == 0 {
        errors.push(FieldError::invalid_json(at, go_json(unavailable), "may not be 0 when `maxSurge` is 0"));
    }
    validate_part(errors, &at, unavailable);
}
