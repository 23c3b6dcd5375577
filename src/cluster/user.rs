//! Writing to a cluster as a user does.

use crate::api::{ApiError, Request};
use crate::cluster::Cluster;
use crate::cluster::faults::Fault;
use crate::cluster::perform::without_effect;
use crate::manifest::{self, Strictness};
use crate::model::id::ObjectId;
use crate::model::json::Json;
use crate::model::kind::{Object, ObjectKey};
use crate::store::{Actor, Change, DeleteOptions, Propagation, Verb, Write};

/// What the API server answers when it accepts an object.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Accepted {
    /// The object as it is stored.
    pub object: Object,
    /// What the server warns of, in order.
    pub warnings: Vec<String>,
}

impl Cluster {
    /// Creates an object as the API server does: defaults, admission, validation.
    ///
    /// # Errors
    /// [`ApiError`] as the API server gives it; nothing is stored then.
    pub fn create(&mut self, object: impl Into<Object>) -> Result<Accepted, ApiError> {
        self.write(Verb::Create, |cluster| {
            let context = cluster.context();
            cluster.store.apply(Write::Create(object.into()), None, &context)
        })
    }

    /// Replaces the object of a key as a PUT to its URL does. A status in it is ignored; a uid and a resource version, if
    /// it has them, must be the stored ones.
    ///
    /// # Errors
    /// [`ApiError`] as the API server gives it; nothing is changed then.
    pub fn replace(&mut self, key: &ObjectKey, object: impl Into<Object>) -> Result<Accepted, ApiError> {
        self.update(Request::Put, &self.full_key(key), object.into())
    }

    /// Replaces an object, as a whole or by what a patch has made of it.
    pub(super) fn update(&mut self, request: Request, key: &ObjectKey, object: Object) -> Result<Accepted, ApiError> {
        self.write(Verb::Update, |cluster| {
            let context = cluster.context();
            cluster.store.replace(request, key, object, &context)
        })
    }

    /// Changes an object by a JSON merge patch: maps are merged, `null` removes, everything else replaces.
    ///
    /// # Errors
    /// [`ApiError`] as the API server gives it; nothing is changed then.
    pub fn patch(&mut self, key: &ObjectKey, patch: &Json) -> Result<Accepted, ApiError> {
        let key = self.full_key(key);
        let live = self.get(&key).ok_or_else(|| ApiError::NotFound { kind: key.kind, name: key.key.name.clone() })?;
        let mut json = manifest::to_value(&live);
        merge(&mut json, patch);
        let object = manifest::from_value(key.kind, &json, Strictness::Strict)
            .map_err(|error| ApiError::BadRequest { message: error.to_string() })?;
        self.update(Request::Patch, &key, object)
    }

    /// Replaces the status and the metadata of an object as a PUT to its `status` does, for whoever runs it: a kubelet, a
    /// driver, an operator. All else stays as it is stored; so do the labels of a Deployment and the owner references of a
    /// pod. A uid and a resource version, if it has them, must be the stored ones.
    ///
    /// # Errors
    /// [`ApiError`] as the API server gives it; nothing is changed then.
    pub fn replace_status(&mut self, key: &ObjectKey, object: impl Into<Object>) -> Result<Accepted, ApiError> {
        let key = self.full_key(key);
        self.write(Verb::UpdateStatus, |cluster| {
            let context = cluster.context();
            cluster.store.replace_status(&key, object.into(), &context)
        })
    }

    /// Assigns a pod to a node, as a scheduler does. The node need not exist.
    ///
    /// # Errors
    /// [`ApiError`] where there is no such pod, or where it has a node or is being deleted.
    pub fn bind(&mut self, pod: &ObjectKey, node: &str) -> Result<Accepted, ApiError> {
        let key = self.full_key(pod);
        self.write(Verb::Bind, |cluster| {
            let context = cluster.context();
            cluster.store.apply(Write::bind(key, node.into()), None, &context)
        })
    }

    /// Requests the deletion of an object: what it owns is collected in the background, and a pod on a node gets the
    /// time to stop that it asks for. An object with finalizers stays until they are removed.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] where there is no such object.
    pub fn delete(&mut self, key: &ObjectKey) -> Result<(), ApiError> {
        self.delete_with(key, &DeleteOptions::default().propagation(Propagation::Background))
    }

    /// Requests the deletion of an object with options.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] where there is no such object, [`ApiError::CannotFulfil`] where it is another incarnation
    /// than the one that is meant.
    pub fn delete_with(&mut self, key: &ObjectKey, options: &DeleteOptions) -> Result<(), ApiError> {
        let key = self.full_key(key);
        self.write(Verb::Delete, |cluster| {
            let context = cluster.context();
            cluster.store.apply(Write::delete(key, options.clone()), None, &context)
        })
        .map(|_| ())
    }

    /// Takes an object out at once, whatever its finalizers, as if somebody had stripped them.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] where there is no such object.
    pub fn remove(&mut self, key: &ObjectKey) -> Result<(), ApiError> {
        let key = self.full_key(key);
        self.write(Verb::Delete, |cluster| cluster.store.remove(&key)).map(|_| ())
    }

    /// Puts an object in as it is: status, uid, annotations and unknown fields included, without admission and
    /// validation. It gets no defaults but those that the API applies whenever it reads an object. The controllers
    /// know of it at once, as they do of what they find when they start.
    ///
    /// # Errors
    /// [`ApiError::AlreadyExists`] where there is such an object.
    pub fn restore(&mut self, object: impl Into<Object>) -> Result<Object, ApiError> {
        let (id, object) = self.put_in(object.into())?;
        self.remember(id, &object);
        self.notify(id, None, Some(&object));
        Ok(object)
    }

    /// Like [`Cluster::restore`], but the volume controller has not seen the object yet: its own cache lacks it
    /// until it comes to look at it.
    ///
    /// # Errors
    /// [`ApiError::AlreadyExists`] where there is such an object.
    pub fn restore_unseen(&mut self, object: impl Into<Object>) -> Result<Object, ApiError> {
        let (id, object) = self.put_in(object.into())?;
        self.mark_unseen(id);
        Ok(object)
    }

    fn put_in(&mut self, object: Object) -> Result<(ObjectId, Object), ApiError> {
        let change = self.store.restore(object, &self.context())?;
        self.journalize(Verb::Restore, Actor::User, "", &change);
        self.index_for_scheduler(&change);
        let id = change.id;
        accepted(change).map(|accepted| (id, accepted.object))
    }

    /// Plays a failure once, when a write that it concerns comes.
    pub fn inject(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    fn write(
        &mut self,
        verb: Verb,
        write: impl FnOnce(&mut Self) -> Result<Change, ApiError>,
    ) -> Result<Accepted, ApiError> {
        let change = write(self)?;
        self.record(verb, Actor::User, "", &change);
        self.play_upsets();
        accepted(change)
    }

    /// The name of an object in full: with the default namespace where it has none and needs one.
    #[must_use]
    pub fn full_name(&self, key: &ObjectKey) -> ObjectKey {
        self.full_key(key)
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

fn accepted(change: Change) -> Result<Accepted, ApiError> {
    let Change { before, after, warnings, .. } = change;
    let object = after.or(before).ok_or_else(without_effect)?;
    Ok(Accepted { object, warnings })
}

/// A JSON merge patch (RFC 7396).
pub(crate) fn merge(target: &mut Json, patch: &Json) {
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
