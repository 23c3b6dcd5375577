//! Rules of Namespaces.
//!
//! Follows `SetDefaults_Namespace*`, `pkg/registry/core/namespace` and `ValidateNamespace*`.

use crate::api::metadata;
use crate::api::path::Errors;
use crate::api::strategy::Strategy;
use crate::model::field_error::FieldError;
use crate::model::namespace::{Namespace, NamespacePhase, NamespaceStatus};
use crate::model::syntax::{dns_label, label_key};
use crate::model::text::Text;
use crate::model::time::Timestamp;

/// The label with the name of the namespace, for selectors.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";
/// Holds a namespace until it is empty.
const FINALIZER: &str = "kubernetes";

impl Strategy for Namespace {
    fn default(&mut self) {
        if !self.metadata.name.is_empty() {
            let name = self.metadata.name.clone();
            self.metadata.labels = self.metadata.labels.with(NAME_LABEL, name);
        }
        if self.status.phase.as_ref().is_none_or(|phase| phase.as_str().is_empty()) {
            self.status.phase = Some(NamespacePhase::Active);
        }
    }

    fn prepare_create(&mut self, _: Timestamp) {
        self.status = NamespaceStatus { phase: Some(NamespacePhase::Active), ..NamespaceStatus::default() };
        if !self.spec.finalizers.iter().any(|finalizer| *finalizer == FINALIZER) {
            self.spec.finalizers = self.spec.finalizers.with(Text::from(FINALIZER));
        }
    }

    fn prepare_update(&mut self, old: &Self) {
        self.spec.finalizers = old.spec.finalizers.clone();
        self.status = old.status.clone();
    }

    fn validate_create(&self, errors: &mut Errors) {
        metadata::validate_object(errors, &self.metadata, false, dns_label);
        let at = "spec.finalizers";
        for finalizer in &self.spec.finalizers {
            for complaint in label_key(finalizer) {
                errors.push(FieldError::invalid(at, finalizer, complaint));
            }
            if !finalizer.contains('/') && !metadata::is_standard_finalizer(finalizer) {
                let rule = "name is neither a standard finalizer name nor is it fully qualified";
                errors.push(FieldError::invalid(at, finalizer, rule));
            }
        }
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        self.validate_create(errors);
        metadata::validate_object_update(errors, &self.metadata, &old.metadata);
    }

    fn validate_status(&self, old: &Self, errors: &mut Errors) {
        metadata::validate_object_update(errors, &self.metadata, &old.metadata);
        let phase = self.status.phase.as_ref().map_or("", NamespacePhase::as_str);
        let (wanted, deleting) =
            if self.metadata.is_deleting() { ("Terminating", "not empty") } else { ("Active", "empty") };
        if phase != wanted {
            let rule = format!("may only be '{wanted}' if `deletionTimestamp` is {deleting}");
            errors.push(FieldError::invalid("status.Phase", phase, rule));
        }
    }
}
