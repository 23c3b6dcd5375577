//! Rules of CSIDrivers, CSINodes and CSIStorageCapacities.
//!
//! Follows `pkg/apis/storage/v1/defaults.go`, `pkg/apis/storage/validation` and `pkg/registry/storage`.

use std::collections::BTreeSet;

use crate::api::internal::Internal;
use crate::api::metadata::{self, IMMUTABLE, validate_immutable};
use crate::api::path::{At, Errors};
use crate::api::selectors::{Values, validate_label_selector};
use crate::api::strategy::Strategy;
use crate::api::volume_source::validate_driver_name;
use crate::model::csi::{CsiDriver, CsiDriverSpec, CsiNode, CsiNodeDriver, CsiStorageCapacity};
use crate::model::field_error::{FieldError, go_json, go_quote};
use crate::model::json::Json;
use crate::model::syntax::{dns_subdomain, label_key};
use crate::model::text::Text;
use crate::model::time::Timestamp;

const MAX_NODE_ID: usize = 256;

impl Strategy for CsiDriver {
    fn default(&mut self) {
        let spec = &mut self.spec;
        spec.attach_required.get_or_insert(true);
        spec.pod_info_on_mount.get_or_insert(false);
        spec.storage_capacity.get_or_insert(false);
        spec.fs_group_policy.get_or_insert_with(|| "ReadWriteOnceWithFSType".into());
        if spec.volume_lifecycle_modes.is_empty() {
            spec.volume_lifecycle_modes = [Text::from("Persistent")].into();
        }
        spec.requires_republish.get_or_insert(false);
        spec.se_linux_mount.get_or_insert(false);
    }

    /// The gate of the field is off.
    fn prepare_create(&mut self, _: Timestamp) {
        self.spec.prevent_pod_scheduling_if_missing = None;
    }

    fn prepare_update(&mut self, old: &Self) {
        if old.spec.prevent_pod_scheduling_if_missing.is_none() {
            self.spec.prevent_pod_scheduling_if_missing = None;
        }
    }

    fn is_next_generation(&self, old: &Self) -> bool {
        self.spec != old.spec
    }

    fn validate_create(&self, errors: &mut Errors) {
        metadata::validate_object(errors, &self.metadata, false, dns_subdomain);
        validate_driver(errors, &At::new("spec"), &self.spec);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        metadata::validate_object_update(errors, &self.metadata, &old.metadata);
        let at = At::new("spec");
        validate_driver(errors, &at, &self.spec);
        // The name of the field is the original's.
        validate_immutable(
            errors,
            &at.child("attachedRequired"),
            &self.spec.attach_required,
            &old.spec.attach_required,
        );
        let (new, old) = (&self.spec.volume_lifecycle_modes, &old.spec.volume_lifecycle_modes);
        validate_immutable(errors, &at.child("volumeLifecycleModes"), new, old);
    }
}

fn validate_driver(errors: &mut Errors, at: &At, spec: &CsiDriverSpec) {
    if let Some(policy) = &spec.fs_group_policy {
        let policies = ["File", "None", "ReadWriteOnceWithFSType"];
        if !policies.contains(&policy.as_str()) {
            errors.push(FieldError::not_supported(at.child("fsGroupPolicy"), go_json(policy), &policies));
        }
    }
    validate_tokens(errors, &at.child("tokenRequests"), &spec.token_requests);
    let modes = ["Persistent", "Ephemeral"];
    for mode in spec.volume_lifecycle_modes.iter().filter(|mode| !modes.contains(&mode.as_str())) {
        errors.push(FieldError::not_supported(at.child("volumeLifecycleModes"), go_json(mode), &modes));
    }
    if let Some(seconds) = spec.node_allocatable_update_period_seconds.filter(|seconds| *seconds < 10) {
        let rule = "must be greater than or equal to 10 seconds";
        let at = at.child("nodeAllocatableUpdatePeriodSeconds");
        errors.push(FieldError::invalid_json(at, seconds.to_string(), rule));
    }
    if let Some(set) = spec.service_account_token_in_secrets
        && !matches!(&spec.token_requests, Json::List(requests) if !requests.is_empty())
    {
        let rule = "serviceAccountTokenInSecrets is set but no tokenRequests are specified";
        errors.push(FieldError::invalid_json(at.child("serviceAccountTokenInSecrets"), set.to_string(), rule));
    }
}

fn validate_tokens(errors: &mut Errors, at: &At, requests: &Json) {
    let Json::List(requests) = requests else {
        return;
    };
    let mut audiences = BTreeSet::new();
    for (index, request) in requests.iter().enumerate() {
        let at = at.index(index);
        let audience = request.get("audience").and_then(Json::as_str).unwrap_or_default();
        if !audiences.insert(audience) {
            errors.push(FieldError::duplicate(at.child("audience"), audience));
            continue;
        }
        let Some(seconds) = request.get("expirationSeconds").and_then(Json::as_i64) else {
            continue;
        };
        let rule = match seconds {
            ..600 => "may not specify a duration less than 10 minutes",
            600..=0x1_0000_0000 => continue,
            _ => "may not specify a duration larger than 2^32 seconds",
        };
        errors.push(FieldError::invalid_json(at.child("expirationSeconds"), seconds.to_string(), rule));
    }
}

impl Strategy for CsiNode {
    fn validate_create(&self, errors: &mut Errors) {
        metadata::validate_object(errors, &self.metadata, false, dns_subdomain);
        let mut names = BTreeSet::new();
        for (index, driver) in self.spec.drivers.iter().enumerate() {
            let drivers = At::new("spec.drivers");
            let at = drivers.index(index);
            validate_node_driver(errors, &at, driver, !names.insert(&driver.name));
        }
    }

    /// Of a driver that stays only what the node can have may change.
    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        self.validate_create(errors);
        let without = |driver: &CsiNodeDriver| CsiNodeDriver { allocatable: None, ..driver.clone() };
        for old in &old.spec.drivers {
            for new in self.spec.drivers.iter().filter(|new| new.name == old.name) {
                let new = without(new);
                if new != without(old) {
                    errors.push(FieldError::invalid_json("spec.drivers", go_json(&Internal(&new)), IMMUTABLE));
                }
            }
        }
    }
}

fn validate_node_driver(errors: &mut Errors, at: &At, driver: &CsiNodeDriver, repeated: bool) {
    validate_driver_name(errors, &at.child("name"), &driver.name);
    let id = at.child("nodeID");
    errors.require(&id, &driver.node_id);
    if driver.node_id.len() > MAX_NODE_ID {
        errors.push(FieldError::invalid(id, &driver.node_id, format!("must be {MAX_NODE_ID} characters or less")));
    }
    if let Some(count) = driver.allocatable.as_ref().and_then(|allocatable| allocatable.count) {
        errors.not_negative(at.child("allocatable").child("count"), count);
    }
    if repeated {
        errors.push(FieldError::duplicate(at.child("name"), &driver.name));
    }
    let mut keys = BTreeSet::new();
    for key in &driver.topology_keys {
        errors.require(at, key);
        if !keys.insert(key) {
            errors.push(FieldError::duplicate(at, key));
        }
        errors.complain(at, key, label_key(key));
    }
}

impl Strategy for CsiStorageCapacity {
    fn validate_create(&self, errors: &mut Errors) {
        metadata::validate_object(errors, &self.metadata, true, dns_subdomain);
        if let Some(topology) = &self.node_topology {
            validate_label_selector(errors, &At::new("nodeTopology"), topology, Values::Checked);
        }
        validate_class_and_capacity(errors, self);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        metadata::validate_object_update(errors, &self.metadata, &old.metadata);
        if self.node_topology != old.node_topology {
            errors.push(FieldError::invalid_json("nodeTopology", go_json(&self.node_topology), IMMUTABLE));
        }
        if self.storage_class_name != old.storage_class_name {
            errors.push(FieldError::invalid_json("storageClassName", go_quote(&self.storage_class_name), IMMUTABLE));
        }
    }
}

fn validate_class_and_capacity(errors: &mut Errors, capacity: &CsiStorageCapacity) {
    let class = &capacity.storage_class_name;
    errors.complain(&At::new("storageClassName"), class, dns_subdomain(class));
    if let Some(amount) = &capacity.capacity {
        errors.not_negative_amount("capacity", amount);
    }
}
