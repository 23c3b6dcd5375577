//! What the API server does at each step to the kinds whose rules stand in modules of functions.

use crate::api::path::Errors;
use crate::api::pod_defaults::LastCompleted;
use crate::api::strategy::Strategy;
use crate::api::{claim, class, data_source, node, pod, pod_defaults, stateful_set, volume};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::{StorageClass, VolumeAttributesClass};
use crate::model::node::Node;
use crate::model::pod::{Pod, PodStatus};
use crate::model::stateful_set::StatefulSet;
use crate::model::time::Timestamp;
use crate::model::volume::PersistentVolume;

impl Strategy for PersistentVolume {
    fn default(&mut self) {
        volume::default(self);
    }

    fn prepare_create(&mut self, now: Timestamp) {
        volume::prepare_create(self, now);
    }

    fn prepare_update(&mut self, old: &Self) {
        volume::prepare_update(self, old);
    }

    fn validate_create(&self, errors: &mut Errors) {
        volume::validate_create(errors, self);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        volume::validate_update(errors, self, old);
    }

    fn validate_status(&self, old: &Self, errors: &mut Errors) {
        volume::validate_status(errors, self, old);
    }

    fn warnings(&self, _: Option<&Self>) -> Vec<String> {
        volume::warnings(self)
    }
}

impl Strategy for PersistentVolumeClaim {
    fn default(&mut self) {
        claim::default(self);
    }

    fn complete(&mut self) {
        claim::default(self);
        data_source::normalize(&mut self.spec);
    }

    fn prepare_create(&mut self, _: Timestamp) {
        claim::prepare_create(self);
    }

    fn prepare_update(&mut self, old: &Self) {
        claim::prepare_update(self, old);
    }

    fn validate_create(&self, errors: &mut Errors) {
        claim::validate_create(errors, self);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        claim::validate_update(errors, self, old);
    }

    fn validate_status(&self, old: &Self, errors: &mut Errors) {
        claim::validate_status(errors, self, old);
    }

    fn warnings(&self, _: Option<&Self>) -> Vec<String> {
        claim::warnings(self)
    }
}

impl Strategy for StorageClass {
    fn default(&mut self) {
        class::default(self);
    }

    fn validate_create(&self, errors: &mut Errors) {
        class::validate_create(errors, self);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        class::validate_update(errors, self, old);
    }

    fn warnings(&self, _: Option<&Self>) -> Vec<String> {
        class::warnings(self)
    }
}

impl Strategy for VolumeAttributesClass {
    fn validate_create(&self, errors: &mut Errors) {
        class::validate_attributes_class(errors, self);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        class::validate_attributes_class_update(errors, self, old);
    }
}

impl Strategy for StatefulSet {
    fn default(&mut self) {
        stateful_set::default(self);
    }

    fn prepare_create(&mut self, _: Timestamp) {
        stateful_set::prepare_create(self);
    }

    fn prepare_update(&mut self, old: &Self) {
        stateful_set::prepare_update(self, old);
    }

    fn is_next_generation(&self, old: &Self) -> bool {
        self.spec != old.spec
    }

    fn validate_create(&self, errors: &mut Errors) {
        stateful_set::validate_create(errors, self);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        stateful_set::validate_update(errors, self, old);
    }

    fn validate_status(&self, old: &Self, errors: &mut Errors) {
        stateful_set::validate_status(errors, self, old);
    }

    fn warnings(&self, old: Option<&Self>) -> Vec<String> {
        stateful_set::warnings(self, old)
    }
}

impl Strategy for Pod {
    fn default(&mut self) {
        pod_defaults::complete_pod(self);
    }

    fn default_like(&mut self, last: &mut LastCompleted) {
        pod_defaults::complete_pod_of_template(self, last);
    }

    fn prepare_create(&mut self, _: Timestamp) {
        self.status = PodStatus::default();
    }

    fn prepare_update(&mut self, old: &Self) {
        self.status = old.status.clone();
    }

    fn validate_create(&self, errors: &mut Errors) {
        pod::validate_create(errors, self);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        pod::validate_update(errors, self, old);
    }

    fn validate_status(&self, old: &Self, errors: &mut Errors) {
        pod::validate_status(errors, self, old);
    }

    fn warnings(&self, _: Option<&Self>) -> Vec<String> {
        pod::warnings("spec", &self.spec)
    }
}

impl Strategy for Node {
    /// What pods may use is all that there is, unless something else is said.
    fn default(&mut self) {
        if self.status.allocatable.is_absent() && !self.status.capacity.is_absent() {
            self.status.allocatable = self.status.capacity.clone();
        }
    }

    fn prepare_update(&mut self, old: &Self) {
        self.status = old.status.clone();
    }

    fn validate_create(&self, errors: &mut Errors) {
        node::validate_create(errors, self);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        node::validate_update(errors, self, old);
    }
}
