//! What wakes the controllers of Deployments and ReplicaSets.
//!
//! Follows the event handlers of `pkg/controller/deployment/deployment_controller.go` and
//! `pkg/controller/replicaset/replica_set.go`.

use crate::cluster::Cluster;
use crate::cluster::config::Controller;
use crate::cluster::work::Worker;
use crate::model::deployment::{Deployment, DeploymentStrategyType};
use crate::model::id::ObjectId;
use crate::model::kind::{Kind, Object};
use crate::model::metadata::ObjectMeta;
use crate::model::pod::Pod;
use crate::model::replica_set::ReplicaSet;
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
            Some(Object::Pod(pod)) => {
                if after.is_none() {
                    self.wake_recreating(pod);
                }
                self.wake_managers(Controller::ReplicaSets, before, after);
            }
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

    /// The Deployment whose last pod is gone, if it waits for that before it makes new ones (`WL-12`).
    fn wake_recreating(&mut self, pod: &Pod) {
        let store = &self.store;
        let Some(set) = manager(&pod.metadata, Kind::ReplicaSet, store) else {
            return;
        };
        let set = store.object(set);
        let Some(id) = set.and_then(|set| manager(set.metadata(), Kind::Deployment, store)) else {
            return;
        };
        let Some(Object::Deployment(deployment)) = store.object(id) else {
            return;
        };
        if deployment.spec.strategy.r#type == Some(DeploymentStrategyType::Recreate) && !has_pods(&deployment, store) {
            self.enqueue_if(Controller::Deployments, id);
        }
    }
}

/// The controller of an object, if it is of a kind and exists.
fn manager(object: &ObjectMeta, kind: Kind, store: &Store) -> Option<ObjectId> {
    let reference = object.controller().filter(|owner| owner.kind == kind.as_str())?;
    let owner = store.owner(reference, &object.namespace).ok().flatten()?;
    store.object_id(&owner.reference())
}

fn has_pods(deployment: &Deployment, store: &Store) -> bool {
    let sets = store.managed::<ReplicaSet>(&deployment.metadata.uid);
    sets.into_iter().any(|set| !store.managed::<Pod>(&set.metadata.uid).is_empty())
}
