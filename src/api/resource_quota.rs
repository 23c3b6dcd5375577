//! Rules of ResourceQuotas.
//!
//! Follows `ValidateResourceQuota*`.

use crate::api::metadata;
use crate::api::path::Errors;
use crate::api::strategy::Strategy;
use crate::api::volume::rounded;
use crate::model::resource_quota::{ResourceQuota, ResourceQuotaStatus};
use crate::model::syntax::dns_subdomain;
use crate::model::time::Timestamp;

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
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        metadata::validate_object_update(errors, &self.metadata, &old.metadata);
    }
}
