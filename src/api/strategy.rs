//! The order of things on creation and update, for all kinds (`API-1`).

use std::sync::Arc;

use crate::api::error::ApiError;
use crate::api::metadata;
use crate::api::path::Errors;
use crate::api::pod_defaults::LastCompleted;
use crate::api::status::with_status;
use crate::model::kind::{Kind, Object, ObjectKey, Resource};
use crate::model::metadata::{ObjectMeta, ResourceVersion};
use crate::model::text::Text;
use crate::model::time::Timestamp;

/// How somebody asks for an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// By a whole object. A uid in it says which incarnation it shall replace.
    Put,
    /// By changes to whatever is stored.
    Patch,
}

/// An object that may be stored, and what the API server would say about it.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) object: Object,
    pub(crate) warnings: Vec<String>,
}

/// What the API server does to objects of one kind at each step.
pub(super) trait Strategy: Resource {
    /// Fills in defaults; done to everything that is decoded.
    fn default(&mut self) {}

    /// The same for an object that is perhaps one of many alike, of which `last` remembers the last one.
    fn default_like(&mut self, _last: &mut LastCompleted) {
        Strategy::default(self);
    }

    /// Fills in what belongs to every object that is read from the store.
    fn complete(&mut self) {
        Strategy::default(self);
    }

    /// Takes away what cannot be set on creation.
    fn prepare_create(&mut self, _now: Timestamp) {}

    /// Takes away what cannot be changed by an update of the main resource.
    fn prepare_update(&mut self, _old: &Self) {}

    /// Whether an update changes what the generation counts.
    fn is_next_generation(&self, _old: &Self) -> bool {
        false
    }

    fn validate_create(&self, errors: &mut Errors);

    fn validate_update(&self, old: &Self, errors: &mut Errors);

    /// Validates an update of the status.
    fn validate_status(&self, old: &Self, errors: &mut Errors) {
        metadata::validate_object_update(errors, self.metadata(), old.metadata());
    }

    /// What the server warns of when the object is created, or replaces an old one.
    fn warnings(&self, _old: Option<&Self>) -> Vec<String> {
        Vec::new()
    }
}

/// Takes an object of any kind, or two of the same kind, apart.
macro_rules! for_kind {
    (mut $object:expr, $name:ident => $do:expr) => {
        for_kind!(@ $object, $name => { let $name = Arc::make_mut($name); $do })
    };
    ($object:expr, $name:ident => $do:expr) => {
        for_kind!(@ $object, $name => $do)
    };
    (@ $object:expr, $name:ident => $do:expr) => {
        match $object {
            Object::PersistentVolume($name) => $do,
            Object::PersistentVolumeClaim($name) => $do,
            Object::StorageClass($name) => $do,
            Object::VolumeAttributesClass($name) => $do,
            Object::StatefulSet($name) => $do,
            Object::Pod($name) => $do,
            Object::Node($name) => $do,
            Object::Deployment($name) => $do,
            Object::ReplicaSet($name) => $do,
            Object::ControllerRevision($name) => $do,
            Object::Service($name) => $do,
            Object::ConfigMap($name) => $do,
            Object::Secret($name) => $do,
            Object::ResourceQuota($name) => $do,
            Object::Namespace($name) => $do,
            Object::CsiDriver($name) => $do,
            Object::CsiNode($name) => $do,
            Object::CsiStorageCapacity($name) => $do,
        }
    };
}

fn default(object: &mut Object) {
    for_kind!(mut object, object => Strategy::default(object));
}

/// Fills in what the API fills in whenever it reads an object: defaults, and both forms of a data source (`API-7`).
pub(crate) fn complete(object: &mut Object) {
    for_kind!(mut object, object => object.complete());
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
/// `last` serves objects of which many are alike; `admit` does what depends on other objects and runs between defaults and
/// validation.
pub(crate) fn prepare_create(
    mut object: Object,
    namespace: &Text,
    now: Timestamp,
    last: &mut LastCompleted,
    admit: impl FnOnce(&mut Object) -> Result<(), ApiError>,
) -> Result<Prepared, ApiError> {
    for_kind!(mut &mut object, object => object.default_like(last));
    let metadata = object.metadata_mut();
    metadata.creation_timestamp = None;
    if let Some(rare) = metadata.rare.set_mut() {
        rare.deletion_timestamp = None;
        rare.deletion_grace_period_seconds = None;
        rare.self_link = Text::default();
    }
    set_namespace(&mut object, namespace);
    admit(&mut object)?;
    let mut errors = Errors::default();
    let warnings = for_kind!(mut &mut object, object => {
        object.prepare_create(now);
        object.validate_create(&mut errors);
        object.warnings(None)
    });
    finish(object, errors, warnings)
}

/// An update that names another version than the stored one is a conflict; one that names none is not (`API-6`).
pub(crate) fn check_version(given: ResourceVersion, old: &Object) -> Result<(), ApiError> {
    if given.is_none() || given == old.metadata().resource_version {
        return Ok(());
    }
    Err(ApiError::Conflict { kind: old.kind(), name: old.metadata().name.clone() })
}

/// Where etcd keeps an object.
fn storage_key(key: &ObjectKey) -> String {
    let resource = match key.kind {
        Kind::Node => "minions",
        Kind::Service => "services/specs",
        kind => kind.resource(),
    };
    if key.kind.is_namespaced() {
        format!("/registry/{resource}/{}/{}", key.key.namespace, key.key.name)
    } else {
        format!("/registry/{resource}/{}", key.key.name)
    }
}

/// A PUT that names another incarnation than the stored one is a conflict, before its version is asked for; one that names
/// none is not.
pub(crate) fn check_current(new: &Object, old: &Object) -> Result<(), ApiError> {
    check_uid(new, old)?;
    check_version(new.metadata().resource_version, old)
}

fn check_uid(new: &Object, old: &Object) -> Result<(), ApiError> {
    if new.metadata().identity.same(&old.metadata().identity) {
        return Ok(());
    }
    let (wanted, held) = (&new.metadata().uid, &old.metadata().uid);
    if wanted.is_empty() || wanted == held {
        return Ok(());
    }
    Err(ApiError::CannotFulfil {
        resource: old.kind().qualified_resource().into(),
        name: old.metadata().name.clone(),
        reason: format!(
            "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: \
             Precondition failed: UID in precondition: {wanted}, UID in object meta: {held}",
            storage_key(&old.reference())
        ),
    })
}

/// Defaults, prepares and validates an object that shall replace the stored one. A conflict is told before anything
/// that is wrong with the object (`API-1`).
///
/// `admit` does what depends on other objects; it runs before validation.
pub(crate) fn prepare_update(
    request: Request,
    mut new: Object,
    old: &Object,
    namespace: &Text,
    admit: impl FnOnce(&mut Object) -> Result<(), ApiError>,
) -> Result<Prepared, ApiError> {
    default(&mut new);
    let mut old = old.clone();
    complete(&mut old);
    let old = &old;
    check_place(&mut new, old, namespace)?;
    match request {
        Request::Put => check_current(&new, old)?,
        Request::Patch => check_version(new.metadata().resource_version, old)?,
    }
    keep_metadata(new.metadata_mut(), old.metadata());
    admit(&mut new)?;
    let mut errors = Errors::default();
    let warnings = for_kind!(mut &mut new, new => update(new, old, &mut errors))?;
    finish(new, errors, warnings)
}

/// An object that replaces another one must have its namespace, or none, and its name.
fn check_place(new: &mut Object, old: &Object, namespace: &Text) -> Result<(), ApiError> {
    set_namespace(new, namespace);
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
    Ok(())
}

/// Prepares and validates an object of which the status and the metadata shall replace those of the stored one
/// (`API-4`).
///
/// `stamp` does what depends on the time; it runs before validation.
pub(crate) fn prepare_status(
    mut sent: Object,
    old: &Object,
    namespace: &Text,
    stamp: impl FnOnce(&mut Object),
) -> Result<Object, ApiError> {
    default(&mut sent);
    check_place(&mut sent, old, namespace)?;
    check_current(&sent, old)?;
    let mut new = with_status(old, &sent, false).ok_or_else(|| ApiError::BadRequest {
        message: format!("a {} has no status that can be written", old.kind()),
    })?;
    stamp(&mut new);
    keep_metadata(new.metadata_mut(), old.metadata());
    let mut errors = Errors::default();
    metadata::validate(&mut errors, new.metadata(), new.kind().is_namespaced(), metadata::path_segment);
    metadata::validate_update(&mut errors, new.metadata(), old.metadata());
    for_kind!(&new, new => status(&**new, old, &mut errors))?;
    refuse(&new, errors)?;
    Ok(new)
}

fn status<T: Strategy>(new: &T, old: &Object, errors: &mut Errors) -> Result<(), ApiError> {
    new.validate_status(same_kind::<T>(old)?, errors);
    Ok(())
}

fn update<T: Strategy>(new: &mut T, old: &Object, errors: &mut Errors) -> Result<Vec<String>, ApiError> {
    let old = same_kind::<T>(old)?;
    new.prepare_update(old);
    if new.is_next_generation(old) {
        new.metadata_mut().generation = old.metadata().generation + 1;
    }
    // The rules that the generic server applies to any update before the kind has its say.
    let namespaced = T::KIND.is_namespaced();
    metadata::validate(errors, new.metadata(), namespaced, metadata::path_segment);
    metadata::validate_update(errors, new.metadata(), old.metadata());
    new.validate_update(old, errors);
    Ok(new.warnings(Some(old)))
}

/// Counts the generation of an object that a controller updates.
pub(crate) fn count_generation(new: &mut Object, old: &Object) {
    fn is_next<T: Strategy>(new: &T, old: &Object) -> bool {
        T::unwrap(old).is_some_and(|old| new.is_next_generation(old))
    }

    let next = for_kind!(&*new, new => is_next(&**new, old));
    if next {
        new.metadata_mut().generation = old.metadata().generation + 1;
    }
}

/// Validates an update of the status subresource; the spec is the stored one already.
pub(crate) fn validate_status(new: &Object, old: &Object) -> Result<(), ApiError> {
    let mut errors = Errors::default();
    for_kind!(new, new => status(&**new, old, &mut errors))?;
    refuse(new, errors)
}

fn same_kind<T: Resource>(old: &Object) -> Result<&T, ApiError> {
    let other = |new: Kind, old| ApiError::BadRequest { message: format!("a {old} cannot be replaced by a {new}") };
    T::unwrap(old).map(AsRef::as_ref).ok_or_else(|| other(T::KIND, old.kind()))
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
    if new.deletion_grace_period_seconds.is_none() && old.deletion_grace_period_seconds.is_some() {
        new.deletion_grace_period_seconds = old.deletion_grace_period_seconds;
    }
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
