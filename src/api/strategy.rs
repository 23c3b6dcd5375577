//! The order of things on creation and update, for all kinds (`API-1`).

use std::sync::Arc;

use crate::api::error::ApiError;
use crate::api::metadata;
use crate::api::path::Errors;
use crate::api::{claim, class, data_source, node, pod, pod_defaults, stateful_set, volume};
use crate::model::kind::{Kind, Object};
use crate::model::metadata::{ObjectMeta, ResourceVersion};
use crate::model::text::Text;
use crate::model::time::Timestamp;

/// An object that may be stored, and what the API server would say about it.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) object: Object,
    pub(crate) warnings: Vec<String>,
}

/// Fills in defaults; done to everything that is decoded.
fn default(object: &mut Object) {
    match object {
        Object::PersistentVolume(object) => volume::default(Arc::make_mut(object)),
        Object::PersistentVolumeClaim(object) => claim::default(Arc::make_mut(object)),
        Object::StorageClass(object) => class::default(Arc::make_mut(object)),
        Object::StatefulSet(object) => stateful_set::default(Arc::make_mut(object)),
        Object::Pod(object) => pod_defaults::complete_pod(Arc::make_mut(object)),
        Object::VolumeAttributesClass(_) | Object::Node(_) => {}
    }
}

/// Fills in what the API fills in whenever it reads an object: defaults, and both forms of a data source (`API-7`).
pub(crate) fn complete(object: &mut Object) {
    default(object);
    if let Object::PersistentVolumeClaim(claim) = object {
        data_source::normalize(&mut Arc::make_mut(claim).spec);
    }
}

/// Puts the object into a namespace: its own, or else the given one. A kind without namespaces loses the one that
/// it names (`VALID-2`).
fn set_namespace(object: &mut Object, namespace: &Text) {
    let namespaced = object.kind().is_namespaced();
    let metadata = object.metadata();
    if !namespaced && !metadata.namespace.is_empty() {
        object.metadata_mut().namespace = Text::default();
    } else if namespaced && metadata.namespace.is_empty() {
        object.metadata_mut().namespace = namespace.clone();
    }
}

/// Defaults, prepares and validates an object that shall be created.
///
/// `admit` is mutating admission; it runs between defaults and validation.
pub(crate) fn prepare_create(
    mut object: Object,
    namespace: &Text,
    now: Timestamp,
    admit: impl FnOnce(&mut Object),
) -> Result<Prepared, ApiError> {
    default(&mut object);
    let metadata = object.metadata_mut();
    metadata.creation_timestamp = None;
    metadata.deletion_timestamp = None;
    metadata.deletion_grace_period_seconds = None;
    metadata.self_link = Text::default();
    set_namespace(&mut object, namespace);
    admit(&mut object);
    match &mut object {
        Object::PersistentVolume(object) => volume::prepare_create(Arc::make_mut(object), now),
        Object::PersistentVolumeClaim(object) => claim::prepare_create(Arc::make_mut(object)),
        Object::StatefulSet(object) => stateful_set::prepare_create(Arc::make_mut(object)),
        Object::Pod(object) => Arc::make_mut(object).status = crate::model::pod::PodStatus::default(),
        Object::StorageClass(_) | Object::VolumeAttributesClass(_) | Object::Node(_) => {}
    }
    let mut errors = Errors::default();
    let warnings = match &object {
        Object::PersistentVolume(object) => {
            volume::validate_create(&mut errors, object);
            volume::warnings(object)
        }
        Object::PersistentVolumeClaim(object) => {
            claim::validate_create(&mut errors, object);
            claim::warnings(object)
        }
        Object::StorageClass(object) => {
            class::validate_create(&mut errors, object);
            class::warnings(object)
        }
        Object::VolumeAttributesClass(object) => {
            class::validate_attributes_class(&mut errors, object);
            Vec::new()
        }
        Object::StatefulSet(object) => {
            stateful_set::validate_create(&mut errors, object);
            stateful_set::warnings(object, None)
        }
        Object::Pod(object) => {
            pod::validate_create(&mut errors, object);
            pod::warnings("spec", &object.spec)
        }
        Object::Node(object) => {
            node::validate_create(&mut errors, object);
            Vec::new()
        }
    };
    finish(object, errors, warnings)
}

/// An update that names another version than the stored one is a conflict; one that names none is not (`API-6`).
pub(crate) fn check_version(given: ResourceVersion, old: &Object) -> Result<(), ApiError> {
    if given.is_none() || given == old.metadata().resource_version {
        return Ok(());
    }
    Err(ApiError::Conflict { kind: old.kind(), name: old.metadata().name.clone() })
}

/// Defaults, prepares and validates an object that shall replace the stored one. A conflict is told before anything
/// that is wrong with the object (`API-1`).
pub(crate) fn prepare_update(mut new: Object, old: &Object, namespace: &Text) -> Result<Prepared, ApiError> {
    default(&mut new);
    let mut old = old.clone();
    complete(&mut old);
    let old = &old;
    set_namespace(&mut new, namespace);
    if new.metadata().namespace != old.metadata().namespace {
        let message =
            "the namespace of the provided object does not match the namespace sent on the request".to_owned();
        return Err(ApiError::BadRequest { message });
    }
    if new.metadata().name != old.metadata().name {
        let (new, old) = (&new.metadata().name, &old.metadata().name);
        let message = if new.is_empty() {
            format!("the name of the object ({old} based on URL) was undeterminable: name must be provided")
        } else {
            format!("the name of the object ({new}) does not match the name on the URL ({old})")
        };
        return Err(ApiError::BadRequest { message });
    }
    check_version(new.metadata().resource_version, old)?;
    keep_metadata(new.metadata_mut(), old.metadata());
    let mut errors = Errors::default();
    let warnings = match (&mut new, old) {
        (Object::PersistentVolume(new), Object::PersistentVolume(old)) => {
            volume::prepare_update(Arc::make_mut(new), old);
            validate_metadata(&mut errors, &new.metadata, &old.metadata, false);
            volume::validate_update(&mut errors, new, old);
            volume::warnings(new)
        }
        (Object::PersistentVolumeClaim(new), Object::PersistentVolumeClaim(old)) => {
            claim::prepare_update(Arc::make_mut(new), old);
            validate_metadata(&mut errors, &new.metadata, &old.metadata, true);
            claim::validate_update(&mut errors, new, old);
            claim::warnings(new)
        }
        (Object::StorageClass(new), Object::StorageClass(old)) => {
            validate_metadata(&mut errors, &new.metadata, &old.metadata, false);
            class::validate_update(&mut errors, new, old);
            class::warnings(new)
        }
        (Object::VolumeAttributesClass(new), Object::VolumeAttributesClass(old)) => {
            validate_metadata(&mut errors, &new.metadata, &old.metadata, false);
            class::validate_attributes_class_update(&mut errors, new, old);
            Vec::new()
        }
        (Object::StatefulSet(new), Object::StatefulSet(old)) => {
            stateful_set::prepare_update(Arc::make_mut(new), old);
            validate_metadata(&mut errors, &new.metadata, &old.metadata, true);
            stateful_set::validate_update(&mut errors, new, old);
            stateful_set::warnings(new, Some(old))
        }
        (Object::Pod(new), Object::Pod(old)) => {
            Arc::make_mut(new).status = old.status.clone();
            validate_metadata(&mut errors, &new.metadata, &old.metadata, true);
            pod::validate_update(&mut errors, new, old);
            pod::warnings("spec", &new.spec)
        }
        (Object::Node(new), Object::Node(old)) => {
            Arc::make_mut(new).status = old.status.clone();
            validate_metadata(&mut errors, &new.metadata, &old.metadata, false);
            node::validate_update(&mut errors, new, old);
            Vec::new()
        }
        (new, _) => return Err(other_kind(new.kind(), old.kind())),
    };
    finish(new, errors, warnings)
}

/// Validates an update of the status subresource; the spec is the stored one already.
pub(crate) fn validate_status(new: &Object, old: &Object) -> Result<(), ApiError> {
    let mut errors = Errors::default();
    match (new, old) {
        (Object::PersistentVolume(new), Object::PersistentVolume(old)) => {
            volume::validate_status(&mut errors, new, old);
        }
        (Object::PersistentVolumeClaim(new), Object::PersistentVolumeClaim(old)) => {
            claim::validate_status(&mut errors, new, old);
        }
        (Object::StatefulSet(new), Object::StatefulSet(old)) => stateful_set::validate_status(&mut errors, new, old),
        (new, old) if new.kind() != old.kind() => return Err(other_kind(new.kind(), old.kind())),
        (new, old) => metadata::validate_update(&mut errors, new.metadata(), old.metadata()),
    }
    refuse(new, errors)
}

fn other_kind(new: Kind, old: Kind) -> ApiError {
    ApiError::BadRequest { message: format!("a {old} cannot be replaced by a {new}") }
}

/// What an update cannot set, and what it may leave out (`VALID-5`).
fn keep_metadata(new: &mut ObjectMeta, old: &ObjectMeta) {
    new.generation = old.generation;
    if new.uid.is_empty() {
        new.uid = old.uid.clone();
    }
    new.creation_timestamp = old.creation_timestamp;
    if old.deletion_timestamp.is_some() {
        new.deletion_timestamp = old.deletion_timestamp;
    }
    if new.deletion_grace_period_seconds.is_none() {
        new.deletion_grace_period_seconds = old.deletion_grace_period_seconds;
    }
}

/// The rules that the generic server applies to any update before the kind has its say.
fn validate_metadata(errors: &mut Errors, new: &ObjectMeta, old: &ObjectMeta, namespaced: bool) {
    metadata::validate(errors, new, namespaced, metadata::path_segment);
    metadata::validate_update(errors, new, old);
}

fn finish(object: Object, errors: Errors, mut warnings: Vec<String>) -> Result<Prepared, ApiError> {
    refuse(&object, errors)?;
    warnings.sort();
    Ok(Prepared { object, warnings })
}

fn refuse(object: &Object, errors: Errors) -> Result<(), ApiError> {
    if errors.0.is_empty() {
        return Ok(());
    }
    Err(ApiError::Invalid { kind: object.kind(), name: object.metadata().name.clone(), errors: errors.0 })
}
