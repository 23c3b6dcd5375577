//! Writing to a cluster as a user does.

use crate::api::ApiError;
use crate::cluster::Cluster;
use crate::cluster::faults::Fault;
use crate::manifest::{self, Strictness};
use crate::model::json::Json;
use crate::model::kind::{Object, ObjectKey};
use crate::store::{Actor, Change, Verb, Write};

impl Cluster {
    /// Creates an object as the API server does: defaults, admission, validation. Returns it as it is stored.
    ///
    /// # Errors
    /// [`ApiError`] as the API server gives it; nothing is stored then.
    pub fn create(&mut self, object: impl Into<Object>) -> Result<Object, ApiError> {
        self.create_with_warnings(object).map(|(object, _)| object)
    }

    /// Like [`Cluster::create`], with the warnings that the API server adds to its answer.
    ///
    /// # Errors
    /// As [`Cluster::create`].
    pub fn create_with_warnings(&mut self, object: impl Into<Object>) -> Result<(Object, Vec<String>), ApiError> {
        self.user_write(Verb::Create, |cluster| {
            let namespace = cluster.config.namespace.clone();
            let context = cluster.context(&namespace);
            cluster.store.apply(Write::Create(object.into()), &context)
        })
    }

    /// Replaces an object as a PUT does. Its status is ignored; a resource version, if it has one, must be the
    /// stored one. Returns the object as it is stored.
    ///
    /// # Errors
    /// [`ApiError`] as the API server gives it; nothing is changed then.
    pub fn replace(&mut self, object: impl Into<Object>) -> Result<Object, ApiError> {
        self.replace_with_warnings(object).map(|(object, _)| object)
    }

    /// Like [`Cluster::replace`], with the warnings that the API server adds to its answer.
    ///
    /// # Errors
    /// As [`Cluster::replace`].
    pub fn replace_with_warnings(&mut self, object: impl Into<Object>) -> Result<(Object, Vec<String>), ApiError> {
        self.user_write(Verb::Update, |cluster| {
            let namespace = cluster.config.namespace.clone();
            let context = cluster.context(&namespace);
            cluster.store.replace(object.into(), &context)
        })
    }

    /// Replaces an object that is addressed by its key, as the URL of a PUT does.
    ///
    /// # Errors
    /// As [`Cluster::replace`], and HTTP 400 where the object names another key.
    pub fn replace_at(
        &mut self,
        key: &ObjectKey,
        object: impl Into<Object>,
    ) -> Result<(Object, Vec<String>), ApiError> {
        self.user_write(Verb::Update, |cluster| {
            let namespace = cluster.config.namespace.clone();
            let context = cluster.context(&namespace);
            cluster.store.replace_at(key, object.into(), &context)
        })
    }

    /// Changes an object by a JSON merge patch: maps are merged, `null` removes, everything else replaces.
    ///
    /// # Errors
    /// [`ApiError`] as the API server gives it; nothing is changed then.
    pub fn patch(&mut self, key: &ObjectKey, patch: &Json) -> Result<Object, ApiError> {
        let key = self.full_key(key);
        let live =
            self.store.find(&key).ok_or_else(|| ApiError::NotFound { kind: key.kind, name: key.key.name.clone() })?;
        let mut json = manifest::to_value(&live);
        merge(&mut json, patch);
        let object = manifest::from_value(key.kind, &json, Strictness::Strict)
            .map_err(|error| ApiError::BadRequest { message: error.to_string() })?;
        self.replace_at(&key, object).map(|(object, _)| object)
    }

    /// Requests the deletion of an object. One with finalizers stays until they are removed.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] where there is no such object.
    pub fn delete(&mut self, key: &ObjectKey) -> Result<(), ApiError> {
        let key = self.full_key(key);
        let deleted = self.user_write(Verb::Delete, |cluster| {
            let namespace = cluster.config.namespace.clone();
            let context = cluster.context(&namespace);
            cluster.store.apply(Write::Delete(key), &context)
        });
        deleted.map(|_| ())
    }

    /// Takes an object out at once, whatever its finalizers, as if somebody had stripped them.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] where there is no such object.
    pub fn remove(&mut self, key: &ObjectKey) -> Result<(), ApiError> {
        let key = self.full_key(key);
        self.user_write(Verb::Delete, |cluster| cluster.store.remove(&key)).map(|_| ())
    }

    /// Puts an object in as it is: status, uid, annotations and unknown fields included, without admission and
    /// validation. It gets no defaults but those that the API applies whenever it reads an object. The controllers
    /// know of it at once, as they do of what they find when they start.
    ///
    /// # Errors
    /// [`ApiError::AlreadyExists`] where there is such an object.
    pub fn restore(&mut self, object: impl Into<Object>) -> Result<Object, ApiError> {
        let object = self.restore_unseen(object)?;
        self.remember(&object);
        self.notify(&object);
        Ok(object)
    }

    /// Like [`Cluster::restore`], but the volume controller has not seen the object yet: its own cache lacks it
    /// until it comes to look at it.
    ///
    /// # Errors
    /// [`ApiError::AlreadyExists`] where there is such an object.
    pub fn restore_unseen(&mut self, object: impl Into<Object>) -> Result<Object, ApiError> {
        let namespace = self.config.namespace.clone();
        let context = self.context(&namespace);
        let change = self.store.restore(object.into(), &context)?;
        self.record_quietly(Verb::Restore, Actor::User, "", &change);
        change.object().cloned().ok_or(ApiError::Server { message: "nothing was restored".to_owned() })
    }

    /// Plays a failure once, when a write that it concerns comes.
    pub fn inject(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    fn user_write(
        &mut self,
        verb: Verb,
        write: impl FnOnce(&mut Self) -> Result<Change, ApiError>,
    ) -> Result<(Object, Vec<String>), ApiError> {
        let change = write(self)?;
        self.record(verb, Actor::User, "", &change);
        let object =
            change.object().cloned().ok_or(ApiError::Server { message: "a write had no effect".to_owned() })?;
        Ok((object, change.warnings))
    }

    /// The key with the default namespace where it has none and needs one.
    pub(super) fn full_key(&self, key: &ObjectKey) -> ObjectKey {
        let mut key = key.clone();
        if key.kind.is_namespaced() && key.key.namespace.is_empty() {
            key.key.namespace = self.config.namespace.clone();
        }
        key
    }
}

/// A JSON merge patch (RFC 7396).
pub(super) fn merge(target: &mut Json, patch: &Json) {
    let Json::Map(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !matches!(target, Json::Map(_)) {
        *target = Json::Map(Vec::new());
    }
    let Json::Map(entries) = target else {
        return;
    };
    for (key, change) in changes {
        let place = entries.iter().position(|(held, _)| held == key);
        match (change, place) {
            (Json::Null, Some(place)) => {
                entries.remove(place);
            }
            (Json::Null, None) => {}
            (change, Some(place)) => merge(&mut entries[place].1, change),
            (change, None) => {
                let mut value = Json::Null;
                merge(&mut value, change);
                entries.push((key.clone(), value));
            }
        }
    }
}
