//! Rules of ControllerRevisions.
//!
//! Follows `ValidateControllerRevision*`.

use crate::api::metadata::{self, IMMUTABLE};
use crate::api::path::Errors;
use crate::api::strategy::Strategy;
use crate::model::controller_revision::ControllerRevision;
use crate::model::field_error::{FieldError, go_json};
use crate::model::json::Json;
use crate::model::syntax::dns_subdomain;

impl Strategy for ControllerRevision {
    fn validate_create(&self, errors: &mut Errors) {
        validate(errors, self);
        match &self.data {
            Json::Map(_) => {}
            Json::Null => errors.push(FieldError::required("data", "data is mandatory")),
            _ => errors.push(FieldError::required("data", "data must be a valid JSON object")),
        }
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        metadata::validate_object_update(errors, &self.metadata, &old.metadata);
        validate(errors, self);
        if self.data != old.data {
            errors.push(FieldError::invalid_json("data", go_json(&self.data), IMMUTABLE));
        }
    }
}

fn validate(errors: &mut Errors, revision: &ControllerRevision) {
    metadata::validate_object(errors, &revision.metadata, true, dns_subdomain);
    errors.not_negative("revision", revision.revision);
}
