//! What wakes the controllers of Deployments and ReplicaSets.
//!
//! Follows the event handlers of `pkg/controller/deployment/deployment_controller.go` and
//! `pkg/controller/replicaset/replica_set.go`. One is left out: a Deployment that re-creates its pods is told of the last
//! one that goes by the status of its ReplicaSet, which counts those that are being deleted.

use crate::cluster::Cluster;
use crate::cluster::config::Controller;
use crate::cluster::work::Worker;
use crate::model::id::ObjectId;
use crate::model::kind::{Kind, Object};
use crate::model::metadata::ObjectMeta;
use crate::store::Store;

impl Cluster {
    /// Wakes the Deployments and ReplicaSets that a change concerns (`WL-13`).
    pub(super) fn notify_replicas(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>) {
        match after.or(before) {
            Some(Object::Deployment(_)) => self.enqueue_if(Controller::Deployments, id),
            Some(Object::ReplicaSet(_)) => {
                self.wake_managers(Controller::Deployments, before, after);
                self.enqueue_if(Controller::ReplicaSets, id);
            }
            Some(Object::Pod(_)) => self.wake_managers(Controller::ReplicaSets, before, after),
            _ => {}
        }
    }

    fn enqueue_if(&mut self, controller: Controller, id: ObjectId) {
        let worker = if controller == Controller::Deployments { Worker::Deployments } else { Worker::ReplicaSets };
        if self.runs(controller) {
            self.work.enqueue(worker, id, false);
        }
    }

    /// The one that manages an object, the one that did before, and those that might adopt it.
    fn wake_managers(&mut self, controller: Controller, before: Option<&Object>, after: Option<&Object>) {
        if !self.runs(controller) {
            return;
        }
        let kind = if controller == Controller::Deployments { Kind::Deployment } else { Kind::ReplicaSet };
        let (before, after) = (before.map(Object::metadata), after.map(Object::metadata));
        let managers = [before, after].map(|metadata| metadata.and_then(|held| manager(held, kind, &self.store)));
        for id in managers.into_iter().flatten() {
            self.enqueue_if(controller, id);
        }
        let Some(orphan) = after.filter(|after| after.controller().is_none() && !after.is_deleting()) else {
            return;
        };
        let same = |before: &ObjectMeta| before.labels == orphan.labels && before.controller().is_none();
        if !before.is_some_and(same) {
            for id in self.store.selecting(kind, &orphan.namespace, &orphan.labels) {
                self.enqueue_if(controller, id);
            }
        }
    }
}

/// The controller of an object, if it is of a kind and exists.
fn manager(object: &ObjectMeta, kind: Kind, store: &Store) -> Option<ObjectId> {
    let reference = object.controller().filter(|owner| owner.kind == kind.as_str())?;
    let owner = store.owner(reference, &object.namespace).ok().flatten()?;
    store.object_id(&owner.reference())
}
