//! What waits in the queues, and which syncs are in progress.

use std::collections::BTreeSet;

use crate::cluster::queue::{Queue, Queued};
use crate::controllers::{
    AttachSync, ClaimSync, DeploymentSync, EphemeralSync, ExpandSync, KubeletSync, NodeSync, ReplicaSetSync,
    ResizeSync, Resumed, ScheduleSync, SetSync, VolumeSync,
};
use crate::model::id::ObjectId;
use crate::model::shared::Shared;
use crate::model::text::Text;
use crate::store::Actor;

/// Declares the workers, each with whose it is.
macro_rules! workers {
    ($($(#[$doc:meta])* $worker:ident => $actor:expr,)*) => {
        /// A worker: one queue, one sync at a time (`RUN-2`). A write that concerns several is put into their queues
        /// in this order (`ND-15`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(super) enum Worker {
            $($(#[$doc])* $worker,)*
        }

        impl Worker {
            pub(super) const ALL: [Self; [$(Self::$worker),*].len()] = [$(Self::$worker),*];

            pub(super) fn actor(self) -> Actor {
                match self {
                    $(Self::$worker => $actor,)*
                }
            }
        }
    };
}

workers! {
    Collect => Actor::GarbageCollector,
    ProtectClaims => Actor::ProtectionController,
    ProtectVolumes => Actor::ProtectionController,
    Volumes => Actor::PersistentVolumeController,
    Claims => Actor::PersistentVolumeController,
    Ephemeral => Actor::EphemeralVolumeController,
    Expand => Actor::ExpandController,
    /// External provisioners, of claims that wait for them.
    Provision => Actor::Provisioner(Text::from("external-provisioner")),
    /// External provisioners, of volumes that they made.
    Delete => Actor::Provisioner(Text::from("external-provisioner")),
    /// External resizers, of claims that ask for more than they have.
    Resize => Actor::Provisioner(Text::from("external-resizer")),
    Sets => Actor::StatefulSetController,
    Deployments => Actor::DeploymentController,
    ReplicaSets => Actor::ReplicaSetController,
    Quotas => Actor::QuotaController,
    Schedule => Actor::Scheduler,
    Nodes => Actor::NodeController,
    Attach => Actor::AttachController,
    Kubelet => Actor::Kubelet,
}

impl Worker {
    fn index(self) -> usize {
        self as usize
    }
}

/// The sync of a key: whose it is, why it began, and what it, or an operation that it started, has emitted so far.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) worker: Worker,
    pub(super) key: ObjectId,
    pub(super) by_resync: bool,
    pub(super) events: Vec<u32>,
    /// The external provisioner that acts, if one does.
    pub(super) provisioner: Option<Text>,
}

impl Origin {
    pub(super) fn new(worker: Worker, key: ObjectId, by_resync: bool) -> Self {
        Self { worker, key, by_resync, events: Vec::new(), provisioner: None }
    }

    /// Who acts.
    pub(super) fn actor(&self) -> Actor {
        self.provisioner.clone().map_or_else(|| self.worker.actor(), Actor::Provisioner)
    }
}

/// A sync of the volume controller that waits for the result of a write.
#[derive(Clone, Debug)]
pub(super) enum SyncTask {
    Volume(VolumeSync),
    Claim(ClaimSync),
    Ephemeral(EphemeralSync),
    Expand(ExpandSync),
    Resize(ResizeSync),
    Set(Box<SetSync>),
    Deployment(DeploymentSync),
    ReplicaSet(ReplicaSetSync),
    Node(NodeSync),
    Attach(AttachSync),
    Kubelet(KubeletSync),
    Schedule(ScheduleSync),
}

/// A sync that has begun and waits for the engine.
#[derive(Clone, Debug)]
pub(super) struct Sync {
    pub(super) origin: Origin,
    pub(super) task: SyncTask,
    pub(super) resumed: Resumed,
    /// Whether the key was queued again meanwhile (`RUN-3`).
    pub(super) again: bool,
}

/// The queues and what is in progress.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    queues: Shared<[Queue; Worker::ALL.len()]>,
    syncs: [Option<Box<Sync>>; Worker::ALL.len()],
    /// The place of the next key among all queues.
    place: u64,
    /// Whether anything was written since the last resync began.
    pub(super) resync_due: bool,
    /// Volumes that wait to be recycled.
    pub(super) recycling: BTreeSet<u32>,
    /// Whether volumes and claims are taken in any order, so that nothing waits in a queue for that.
    pub(super) any_order: bool,
}

impl Work {
    /// The sync that a worker is in.
    pub(super) fn sync(&self, worker: Worker) -> Option<&Sync> {
        self.syncs[worker.index()].as_deref()
    }

    pub(super) fn sync_mut(&mut self, worker: Worker) -> Option<&mut Sync> {
        self.syncs[worker.index()].as_deref_mut()
    }

    pub(super) fn put_sync(&mut self, sync: Sync) {
        let worker = sync.origin.worker;
        self.syncs[worker.index()] = Some(Box::new(sync));
    }

    pub(super) fn take_sync(&mut self, worker: Worker) -> Option<Sync> {
        self.syncs[worker.index()].take().map(|sync| *sync)
    }

    /// Puts a key into a queue, unless it waits there. A key that is in progress is put back when its sync has ended.
    pub(super) fn enqueue(&mut self, worker: Worker, key: impl Into<ObjectId>, by_resync: bool) {
        let key = key.into();
        if let Some(sync) = self.sync_mut(worker).filter(|sync| sync.origin.key == key) {
            sync.again = true;
            return;
        }
        if self.any_order && matches!(worker, Worker::Volumes | Worker::Claims) {
            return;
        }
        let queued = Queued { place: self.place, id: key, by_resync };
        if self.queues[worker.index()].push(queued) {
            self.place += 1;
        }
    }

    /// The first key of a worker's queue.
    pub(super) fn first(&self, worker: Worker) -> Option<Queued> {
        self.queues[worker.index()].first()
    }

    pub(super) fn pop(&mut self, worker: Worker) -> Option<Queued> {
        self.queues[worker.index()].pop()
    }

    /// The keys that wait for a worker, in order.
    pub(super) fn waiting(&self, worker: Worker) -> impl Iterator<Item = Queued> {
        self.queues[worker.index()].iter()
    }

    /// Takes a key out of a queue, wherever it stands there.
    pub(super) fn remove(&mut self, worker: Worker, key: ObjectId) {
        if self.waiting(worker).any(|queued| queued.id == key) {
            self.queues[worker.index()].remove(key);
        }
    }

    /// Drops what some workers are in and what waits for them.
    pub(super) fn drop_of(&mut self, is_its: impl Fn(Worker) -> bool) {
        for worker in Worker::ALL.into_iter().filter(|worker| is_its(*worker)) {
            self.syncs[worker.index()] = None;
            self.queues[worker.index()] = Queue::default();
        }
    }

    /// Takes over the queues of some workers.
    pub(super) fn adopt_queues(&mut self, other: &Self, is_its: impl Fn(Worker) -> bool) {
        for worker in Worker::ALL.into_iter().filter(|worker| is_its(*worker)) {
            self.queues[worker.index()] = other.queues[worker.index()].clone();
        }
    }

    /// Whether nothing was put into a queue or taken out of one since a copy was made, and nothing is in progress.
    pub(super) fn same_queues(&self, other: &Self) -> bool {
        self.queues.same(&other.queues)
    }

    /// The place of the first key of an idle worker's queue.
    pub(super) fn head(&self, worker: Worker) -> Option<(u64, Worker)> {
        let idle = self.sync(worker).is_none();
        self.first(worker).filter(|_| idle).map(|queued| (queued.place, worker))
    }
}
