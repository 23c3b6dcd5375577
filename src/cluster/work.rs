//! What waits in the queues, and which syncs are in progress.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::cluster::attention::Attention;
use crate::cluster::queue::{Queue, Queued, Queues};
use crate::controllers::{
    AttachSync, ClaimSync, DeploymentSync, EphemeralSync, ExpandSync, KubeletSync, NodeSync, OrphanSync,
    ReplicaSetSync, ResizeSync, Resumed, ScheduleSync, SetSync, VolumeSync,
};
use crate::model::id::{ObjectId, Sequence};
use crate::model::kind::Kind;
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

    fn bit(self) -> u32 {
        1 << self.index()
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
    Orphan(Box<OrphanSync>),
    Ephemeral(EphemeralSync),
    Expand(ExpandSync),
    Resize(Box<ResizeSync>),
    Set(Box<SetSync>),
    Deployment(Box<DeploymentSync>),
    ReplicaSet(Box<ReplicaSetSync>),
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

impl Sync {
    /// Whether its write was refused.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.resumed, Resumed::Written(Err(_)))
    }
}

/// The queues and what is in progress.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    queues: Shared<Queues<{ Worker::ALL.len() }>>,
    /// Copies share them: most steps concern one of several.
    syncs: [Option<Arc<Sync>>; Worker::ALL.len()],
    /// The workers that are in a sync, and those for which something may wait: one bit each.
    busy: u32,
    wanted: u32,
    /// The place of the next key among all queues.
    place: u64,
    /// Whether anything was written since the last resync began.
    pub(super) resync_due: bool,
    /// What the next resync must look at.
    pub(super) attention: Shared<Attention>,
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
        self.syncs[worker.index()].as_mut().map(Arc::make_mut)
    }

    pub(super) fn put_sync(&mut self, sync: Sync) {
        let worker = sync.origin.worker;
        self.busy |= worker.bit();
        self.syncs[worker.index()] = Some(Arc::new(sync));
    }

    pub(super) fn take_sync(&mut self, worker: Worker) -> Option<Sync> {
        self.busy &= !worker.bit();
        self.syncs[worker.index()].take().map(Arc::unwrap_or_clone)
    }

    /// Puts a key into a queue, unless it waits there. A key that is in progress is put back when its sync has ended.
    pub(super) fn enqueue(&mut self, worker: Worker, key: impl Into<ObjectId>, by_resync: bool) {
        let key = key.into();
        if self.is_in_progress(worker, key) {
            if let Some(sync) = self.sync_mut(worker) {
                sync.again = true;
            }
            return;
        }
        if self.any_order && matches!(worker, Worker::Volumes | Worker::Claims) {
            return;
        }
        let queued = Queued { place: self.place, id: key, by_resync };
        if self.queues[worker.index()].push(queued) {
            self.wanted |= worker.bit();
            self.place += 1;
        }
    }

    /// Puts a volume or a claim into its queue, unless it waits there: at the place of a round that is still to come to
    /// it, else at the end.
    pub(super) fn enqueue_created(&mut self, worker: Worker, key: ObjectId, created: Sequence) {
        let in_progress = self.is_in_progress(worker, key);
        if self.is_to_come(worker, created) && !in_progress {
            self.list(worker, key, created);
        } else {
            self.enqueue(worker, key, false);
        }
    }

    /// Whether a sync of a key is in progress.
    pub(super) fn is_in_progress(&self, worker: Worker, key: ObjectId) -> bool {
        self.sync(worker).is_some_and(|sync| sync.origin.key == key)
    }

    /// Whether a key waits in a queue.
    pub(super) fn is_queued(&self, worker: Worker, key: ObjectId) -> bool {
        self.queues[worker.index()].contains(key)
    }

    /// Begins a round over the volumes and one over the claims that were created so far, unless they are under way.
    pub(super) fn begin_rounds(&mut self, last: Sequence) {
        for (worker, kind) in ROUNDS {
            let queue = &mut self.queues[worker.index()];
            if !queue.has_round() {
                queue.begin_round(self.place, kind, last);
                self.wanted |= worker.bit();
                self.place += 1;
            }
        }
    }

    /// Whether a round is still to come to an object.
    pub(super) fn is_to_come(&self, worker: Worker, created: Sequence) -> bool {
        self.queues[worker.index()].is_to_come(created)
    }

    /// Has a round look at an object when it comes to it; where it has passed it, the object is put at the end.
    pub(super) fn list(&mut self, worker: Worker, key: ObjectId, created: Sequence) {
        if self.is_to_come(worker, created) {
            self.queues[worker.index()].list(created, key);
        } else {
            self.enqueue(worker, key, true);
        }
    }

    /// Ends the rounds that have nothing left to look at, where no sync is in progress that could change that.
    pub(super) fn end_idle_rounds(&mut self) {
        let is_round_under_way = ROUNDS.iter().any(|(worker, _)| self.queues[worker.index()].has_round());
        if is_round_under_way && self.busy == 0 {
            let offered = self.attention.offered(Worker::Claims);
            let under_way = |worker: Worker, offered| {
                let queue = &self.queues[worker.index()];
                queue.has_round() && !queue.is_round_finished(offered)
            };
            if !under_way(Worker::Volumes, None) && !under_way(Worker::Claims, offered) {
                self.end_rounds(u64::MAX);
            }
        }
    }

    /// Ends the rounds before a place that have nothing left to look at.
    fn end_rounds(&mut self, before: u64) {
        for (worker, _) in ROUNDS {
            if !self.queues[worker.index()].has_round() {
                continue;
            }
            let offered = self.attention.offered(worker);
            if self.queues[worker.index()].end_round(before, offered) && worker == Worker::Claims {
                self.attention.rewind();
            }
        }
    }

    /// The workers that are in a sync.
    pub(super) fn busy(&self) -> impl Iterator<Item = Worker> {
        members(self.busy)
    }

    /// The first keys of the queues of idle workers, in no particular order: where they stand among all, and whose.
    pub(super) fn heads(&self) -> impl Iterator<Item = (u64, Worker)> {
        members(self.wanted & !self.busy).filter_map(|worker| Some((self.first(worker)?.place, worker)))
    }

    /// The first key of a worker's queue.
    pub(super) fn first(&self, worker: Worker) -> Option<Queued> {
        self.queues[worker.index()].first(|| self.attention.offered(worker))
    }

    pub(super) fn pop(&mut self, worker: Worker) -> Option<Queued> {
        let offered = self.attention.offered(worker);
        let queue = &mut self.queues[worker.index()];
        let (queued, passed) = queue.pop(offered)?;
        if queue.is_empty() {
            self.wanted &= !worker.bit();
        }
        if let Some(created) = passed.filter(|_| worker == Worker::Claims) {
            self.attention.pass(created);
        }
        self.end_rounds(queued.place);
        Some(queued)
    }

    /// The workers that may have something to do, in order; all where retries may wait for any of them. Volumes and claims
    /// are looked at at any time.
    pub(super) fn active(&self, retries: bool) -> impl Iterator<Item = Worker> {
        let always = Worker::Volumes.bit() | Worker::Claims.bit();
        members(if retries { u32::MAX } else { self.wanted | self.busy | always })
    }

    /// The workers for which something may wait.
    pub(super) fn wanted(&self) -> impl Iterator<Item = Worker> {
        members(self.wanted)
    }

    /// Becomes a copy of other work, quickly where it is one but for a step or two.
    #[cfg(feature = "explore")]
    pub(super) fn become_copy_of(&mut self, other: &Self) {
        let Self { queues, syncs, busy, wanted, place, resync_due, attention, recycling, any_order } = self;
        for worker in members(*busy | other.busy) {
            let (sync, new) = (&mut syncs[worker.index()], &other.syncs[worker.index()]);
            let same = matches!((&*sync, new), (Some(sync), Some(new)) if Arc::ptr_eq(sync, new));
            if !same {
                sync.clone_from(new);
            }
        }
        queues.become_copy_of(&other.queues);
        attention.become_copy_of(&other.attention);
        if *recycling != other.recycling {
            recycling.clone_from(&other.recycling);
        }
        (*busy, *wanted, *place) = (other.busy, other.wanted, other.place);
        (*resync_due, *any_order) = (other.resync_due, other.any_order);
    }

    /// The keys that wait for a worker, in order.
    pub(super) fn waiting(&self, worker: Worker) -> impl Iterator<Item = Queued> {
        self.queues[worker.index()].iter()
    }

    /// Takes a key out of a queue, wherever it stands there.
    pub(super) fn remove(&mut self, worker: Worker, key: ObjectId) {
        if self.is_queued(worker, key) {
            self.queues[worker.index()].remove(key);
        }
    }

    /// Drops what some workers are in and what waits for them.
    pub(super) fn drop_of(&mut self, is_its: impl Fn(Worker) -> bool) {
        for worker in Worker::ALL.into_iter().filter(|worker| is_its(*worker)) {
            self.syncs[worker.index()] = None;
            self.busy &= !worker.bit();
            if !self.queues[worker.index()].is_empty() {
                self.queues[worker.index()] = Queue::default();
            }
        }
    }

    /// Takes over the queues of some workers.
    pub(super) fn adopt_queues(&mut self, other: &Self, is_its: impl Fn(Worker) -> bool) {
        for worker in Worker::ALL.into_iter().filter(|worker| is_its(*worker)) {
            self.queues[worker.index()] = other.queues[worker.index()].clone();
            self.wanted |= other.wanted & worker.bit();
        }
    }

    /// Whether nothing was put into a queue or taken out of one since a copy was made, and nothing is in progress.
    pub(super) fn same_queues(&self, other: &Self) -> bool {
        self.queues.same(&other.queues)
    }
}

/// The workers of which the bits are set, in order.
fn members(bits: u32) -> impl Iterator<Item = Worker> {
    let mut left = bits;
    std::iter::from_fn(move || {
        let worker = *Worker::ALL.get(left.trailing_zeros() as usize)?;
        left &= left - 1;
        Some(worker)
    })
}

/// Whose objects a resync looks at, in this order.
const ROUNDS: [(Worker, Kind); 2] =
    [(Worker::Volumes, Kind::PersistentVolume), (Worker::Claims, Kind::PersistentVolumeClaim)];
