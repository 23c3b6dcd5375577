//! Rules of Services.
//!
//! Follows `SetDefaults_Service`, `pkg/registry/core/service` and `validateService`.

use crate::api::metadata;
use crate::api::path::Errors;
use crate::api::strategy::Strategy;
use crate::model::service::{Service, ServiceStatus};
use crate::model::syntax::dns_label;
use crate::model::time::Timestamp;

impl Strategy for Service {
    fn prepare_create(&mut self, _: Timestamp) {
        self.status = ServiceStatus::default();
    }

    fn prepare_update(&mut self, old: &Self) {
        self.status = old.status.clone();
    }

    fn validate_create(&self, errors: &mut Errors) {
        metadata::validate_object(errors, &self.metadata, true, dns_label);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        metadata::validate_object_update(errors, &self.metadata, &old.metadata);
    }
}
