//! Crashes of controllers, and their new start with nothing but the store (`RUN-1`).

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::cluster::config::Controller;
use crate::cluster::sets::SetMemories;
use crate::cluster::work::{Work, Worker};
use crate::controllers::{Cache, OperationKind};
use crate::model::id::Id;
use crate::model::kind::Kind;
use crate::model::shared::Shared;

impl Worker {
    /// The controller that a worker belongs to.
    pub(super) fn controller(self) -> Controller {
        match self {
            Self::Collect => Controller::GarbageCollection,
            Self::ProtectClaims | Self::ProtectVolumes => Controller::Protection,
            Self::Volumes | Self::Claims => Controller::PersistentVolumes,
            Self::Ephemeral => Controller::EphemeralVolumes,
            Self::Expand => Controller::Expansion,
            Self::Provision | Self::Delete | Self::Resize => Controller::ExternalProvisioning,
            Self::Sets => Controller::StatefulSets,
            Self::Deployments => Controller::Deployments,
            Self::ReplicaSets => Controller::ReplicaSets,
            Self::Quotas => Controller::Quotas,
            Self::Schedule => Controller::Scheduler,
            Self::Nodes => Controller::Nodes,
            Self::Attach => Controller::Attachments,
            Self::Kubelet => Controller::Kubelets,
        }
    }
}

impl OperationKind {
    /// The controller that runs such operations.
    pub(super) fn controller(self) -> Controller {
        match self {
            Self::Provision | Self::Delete | Self::Recycle => Controller::PersistentVolumes,
            Self::ExternalProvision | Self::ExternalDelete => Controller::ExternalProvisioning,
        }
    }
}

impl Cluster {
    /// Stops a controller wherever it is and starts it again. What it was doing ends between two writes, what it
    /// remembered is gone; it knows what is stored and looks at everything anew. What was asked of a backend and has
    /// not ended is not heard of again, unless an action says that the backend ends it.
    ///
    /// ```
    /// use bindery::{AccessMode, ClaimPhase, Cluster, Controller, PersistentVolume, PersistentVolumeClaim};
    ///
    /// let mut cluster = Cluster::default();
    /// cluster.create(PersistentVolume::new("pv-1", "10Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
    /// cluster.create(PersistentVolumeClaim::new("default", "data", "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
    /// // The first of the four writes that bind; then the power fails.
    /// while cluster.volume("pv-1").is_some_and(|volume| volume.spec.claim_ref.is_none()) {
    ///     cluster.step();
    /// }
    /// cluster.crash(Controller::PersistentVolumes);
    /// cluster.settle()?;
    /// assert_eq!(cluster.claim("data").unwrap().status.phase, ClaimPhase::Bound);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn crash(&mut self, controller: Controller) {
        let is_its = |worker: Worker| worker.controller() == controller;
        self.catch_up(controller);
        self.work.drop_of(is_its);
        // What there is nothing to forget of stays shared with copies.
        if !self.retries.is_empty() {
            self.retries.forget(is_its);
        }
        if !self.wakes.is_empty() {
            self.wakes.forget(is_its);
        }
        if self.operations.know_of(|kind| kind.controller() == controller) {
            // What is not done in the controller itself goes on: a pod that recycles, a driver that was called.
            self.operations.leave(|running| {
                let within = matches!(running.name.0, OperationKind::Provision | OperationKind::Delete);
                running.name.0.controller() == controller && !within
            });
            self.operations.drop_where(|running| running.name.0.controller() == controller);
            self.operations.forget_failures(|kind| kind.controller() == controller);
        }
        match controller {
            Controller::PersistentVolumes => {
                self.work.recycling.clear();
                // Where everything is looked at at any time, nothing is ever marked.
                if !self.loose {
                    self.work.attention = Shared::default();
                }
                self.fill_cache();
            }
            Controller::ExternalProvisioning => self.external = Shared::default(),
            Controller::StatefulSets => self.sets = SetMemories::default(),
            Controller::Scheduler => self.scheduler = Shared::default(),
            Controller::Nodes => self.nodes.forget_evictions(),
            Controller::Attachments => self.nodes.forget_attachments(),
            Controller::Kubelets => self.nodes.forget_waiting(),
            Controller::GarbageCollection
            | Controller::Protection
            | Controller::EphemeralVolumes
            | Controller::Expansion
            | Controller::Deployments
            | Controller::ReplicaSets
            | Controller::Quotas => {}
        }
        self.look_at_everything(Some(controller));
    }

    /// Lets all controllers begin anew.
    pub(super) fn restart(&mut self) {
        self.stale = None;
        self.fill_cache();
        let any_order = self.work.any_order;
        self.work = Work::default();
        self.work.any_order = any_order;
        self.operations = Shared::default();
        self.retries = Shared::default();
        self.wakes = Shared::default();
        self.external = Shared::default();
        self.sets = SetMemories::default();
        self.scheduler = Shared::default();
        self.look_at_everything(None);
    }

    /// The volume controller's cache, from what is stored.
    fn fill_cache(&mut self) {
        if self.loose {
            return self.refill_cache();
        }
        let mut cache = Cache::default();
        for (id, volume) in self.store.volumes.in_order() {
            cache.set_volume(id, Some(volume), self.store.volumes.created(id));
        }
        for (id, claim) in self.store.claims.in_order() {
            cache.set_claim(id, Some(claim));
        }
        self.cache = cache.into();
    }

    /// The same where nothing is found by an index: what is right already stays shared with copies.
    fn refill_cache(&mut self) {
        let numbers = |count: usize| (0..count).filter_map(|number| u32::try_from(number).ok());
        let (volumes, claims) = self.cache.sizes();
        for id in numbers(volumes.max(self.store.volumes.numbers())).map(Id::from_number) {
            let stored = self.store.volumes.get(id);
            if !is_same(stored, self.cache.volume(id)) {
                self.cache.put_volume(id, stored, self.store.volumes.created(id));
            }
        }
        for id in numbers(claims.max(self.store.claims.numbers())).map(Id::from_number) {
            let stored = self.store.claims.get(id);
            if !is_same(stored, self.cache.claim(id)) {
                self.cache.put_claim(id, stored);
            }
        }
    }

    /// Puts every object into the queues: those of one controller, or of all.
    pub(super) fn look_at_everything(&mut self, only: Option<Controller>) {
        let quiet = self.work.any_order && only == Some(Controller::PersistentVolumes);
        if quiet {
            return;
        }
        let before = self.clone();
        for kind in Kind::ALL {
            for object in self.store.list(*kind) {
                if let Some(id) = self.store.object_id(&object.reference()) {
                    self.notify(id, None, Some(&object));
                }
            }
        }
        self.enqueue_left();
        let Some(controller) = only else {
            return;
        };
        self.work.adopt_queues(&before.work, |worker| worker.controller() != controller);
        if controller != Controller::Scheduler {
            self.scheduler = before.scheduler;
        }
        if controller != Controller::StatefulSets {
            self.sets = before.sets;
        }
        self.nodes = before.nodes;
    }
}

fn is_same<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}
