//! Syncs: begun with a key of a queue, gone on with after each write.

use crate::cluster::Cluster;
use crate::cluster::config::Controller;
use crate::cluster::work::{Origin, Sync, SyncTask, Worker};
use crate::controllers::{
    Caching, ClaimSync, DeploymentSync, Effects, EphemeralSync, ExpandSync, KubeletSync, Next, NodeSync, Observed,
    Operation, OrphanSync, ReplicaSetSync, Resumed, SetMemory, SyncError, Turn, VolumeSync, World, collect,
    protect_claim, protect_volume, quota_status,
};
use crate::model::id::{Id, ObjectId};
use crate::model::kind::Object;
use crate::store::Write;

/// How a sync ended; nothing where it goes on.
pub(super) type End = Option<Result<(), SyncError>>;

impl Cluster {
    pub(super) fn world(&self) -> World<'_> {
        World {
            store: &self.store,
            live: &self.store,
            tie: self.tie,
            cache: &self.cache,
            plugins: &self.plugins,
            drivers: &self.drivers,
            settings: &self.settings,
            scheduler: &self.scheduler,
            now: self.now,
            time: self.time(),
        }
    }

    /// Begins the sync of a key (`RUN-6`).
    pub(super) fn begin(&mut self, worker: Worker, key: ObjectId, by_resync: bool) -> End {
        let origin = Origin::new(worker, key, by_resync);
        match worker {
            Worker::Collect => self.begin_collecting(origin),
            Worker::ProtectClaims | Worker::ProtectVolumes | Worker::Quotas => Some(self.write_once(worker, key)),
            Worker::Volumes | Worker::Claims if self.is_foreseen(worker, key) => {
                self.pass_over(origin);
                Some(Ok(()))
            }
            Worker::Volumes => self.begin_volume(origin),
            Worker::Claims => self.begin_claim(origin),
            Worker::Provision => {
                self.begin_provisioning(origin);
                Some(Ok(()))
            }
            Worker::Delete => {
                self.begin_deleting(origin);
                Some(Ok(()))
            }
            Worker::Ephemeral => {
                let world = self.world_of_worker(worker);
                let pod = world.store.pods.get(Id::from_number(key.number));
                let turn = pod.map(|pod| EphemeralSync::start(pod, &world));
                self.follow_start(origin, turn, SyncTask::Ephemeral)
            }
            Worker::Sets => self.begin_set(origin),
            Worker::Expand => {
                let world = self.world_of_worker(worker);
                let claim = world.store.claims.get(Id::from_number(key.number));
                let turn = claim.map(|claim| ExpandSync::start(claim, &world));
                self.follow_start(origin, turn, SyncTask::Expand)
            }
            Worker::Resize => self.begin_resize(origin),
            Worker::Deployments => {
                let world = self.world_of_worker(worker);
                let deployment = world.store.deployments.get(Id::from_number(key.number));
                let turn = deployment.map(|deployment| DeploymentSync::start(deployment, &world));
                self.follow_start(origin, turn, |task| SyncTask::Deployment(Box::new(task)))
            }
            Worker::ReplicaSets => {
                if self.waits_for_itself(worker) {
                    return Some(Ok(()));
                }
                let world = self.world_of_worker(worker);
                let set = world.store.replica_sets.get(Id::from_number(key.number));
                let turn = set.map(|set| ReplicaSetSync::start(set, &world));
                self.follow_start(origin, turn, |task| SyncTask::ReplicaSet(Box::new(task)))
            }
            Worker::Schedule => self.begin_pod(origin),
            Worker::Nodes | Worker::Attach | Worker::Kubelet => self.begin_on_nodes(origin),
        }
    }

    /// The sync of a controller that needs at most one write.
    fn write_once(&mut self, worker: Worker, key: ObjectId) -> Result<(), SyncError> {
        let seen = self.view(worker.controller());
        let needed = match seen.object(key) {
            // Before the protection of a claim is taken off, the pods are asked for again, live.
            Some(Object::PersistentVolumeClaim(claim)) => protect_claim(&claim, seen)
                .filter(|_| self.stale.is_none() || protect_claim(&claim, &self.store).is_some()),
            Some(Object::PersistentVolume(volume)) => protect_volume(&volume),
            Some(Object::ResourceQuota(quota)) => quota_status(&quota, &self.store),
            Some(_) | None => None,
        };
        self.write_needed(worker, key, needed)
    }

    /// The sync of the garbage collector: at most one write, but where dependents are orphaned.
    fn begin_collecting(&mut self, origin: Origin) -> End {
        let object = self.store.object(origin.key);
        match object {
            Some(owner) if OrphanSync::concerns(&owner) => {
                let turn = OrphanSync::start(&owner, &self.world());
                self.follow(origin, turn.map(|task| SyncTask::Orphan(Box::new(task))))
            }
            object => {
                let needed = object.and_then(|object| collect(&object, &self.store));
                Some(self.write_needed(origin.worker, origin.key, needed))
            }
        }
    }

    fn write_needed(
        &mut self,
        worker: Worker,
        key: ObjectId,
        needed: Option<(Write, &'static str)>,
    ) -> Result<(), SyncError> {
        let Some((write, rule)) = needed else {
            return Ok(());
        };
        self.perform(write, worker.actor(), key, rule, Caching::Nothing).map(|_| ()).map_err(SyncError::from)
    }

    fn begin_volume(&mut self, origin: Origin) -> End {
        self.unmark(Worker::Volumes, origin.key);
        let id = Id::from_number(origin.key.number);
        let Some(volume) = self.view(Controller::PersistentVolumes).volumes.get(id).cloned() else {
            let last = self.cache.volume(id).cloned();
            self.see_volume(id, None);
            self.learn(last.is_some());
            self.work.recycling.remove(&origin.key.number);
            self.stand(origin);
            // RUN-9
            if let Some(reference) = last.and_then(|volume| volume.spec.claim_ref.clone()) {
                self.enqueue_claim(&reference.key());
            }
            return Some(Ok(()));
        };
        let observed = self.see_volume(id, Some(&volume));
        if observed == Observed::Outdated {
            return Some(Ok(()));
        }
        self.learn(observed == Observed::New);
        let turn = VolumeSync::start(&volume, &self.world_of_worker(Worker::Volumes));
        self.follow(origin, turn.map(SyncTask::Volume))
    }

    fn begin_claim(&mut self, origin: Origin) -> End {
        self.unmark(Worker::Claims, origin.key);
        let id = Id::from_number(origin.key.number);
        let Some(claim) = self.view(Controller::PersistentVolumes).claims.get(id).cloned() else {
            let last = self.cache.claim(id).cloned();
            self.see_claim(id, None);
            self.learn(last.is_some());
            self.stand(origin);
            // RUN-10
            if let Some(claim) = last.filter(|claim| !claim.spec.volume_name.is_empty()) {
                self.enqueue_volume(&claim.spec.volume_name);
            }
            return Some(Ok(()));
        };
        let observed = self.see_claim(id, Some(&claim));
        if observed == Observed::Outdated {
            return Some(Ok(()));
        }
        self.learn(observed == Observed::New);
        let turn = ClaimSync::start(&claim, &self.world_of_worker(Worker::Claims));
        self.follow(origin, turn.map(SyncTask::Claim))
    }

    /// Asks for another resync where the controller came to know of something: what it looked at before, perhaps in a
    /// resync that has begun already, it saw without that. In a stock run a write has asked for one by then.
    fn learn(&mut self, news: bool) {
        self.work.resync_due |= news;
    }

    /// Goes on with a sync that waits for the result of its write.
    pub(super) fn go_on(&mut self, worker: Worker) -> End {
        let Sync { origin, task, resumed, again } = self.work.take_sync(worker)?;
        let key = origin.key;
        let world = self.world_of_worker(worker);
        let turn = match task {
            SyncTask::Volume(task) => task.resume(resumed, &world).map(SyncTask::Volume),
            SyncTask::Claim(task) => task.resume(resumed, &world).map(SyncTask::Claim),
            SyncTask::Orphan(task) => task.resume(resumed, &world).map(|task| SyncTask::Orphan(Box::new(task))),
            SyncTask::Ephemeral(task) => task.resume(resumed, &world).map(SyncTask::Ephemeral),
            SyncTask::Set(task) => task.resume(resumed, &world).map(SyncTask::Set),
            SyncTask::Expand(_) => ExpandSync::resume(resumed).map(SyncTask::Expand),
            SyncTask::Resize(task) => task.resume(resumed).map(|task| SyncTask::Resize(Box::new(task))),
            SyncTask::Deployment(task) => task.resume(resumed, &world).map(|task| SyncTask::Deployment(Box::new(task))),
            SyncTask::ReplicaSet(task) => task.resume(resumed, &world).map(|task| SyncTask::ReplicaSet(Box::new(task))),
            SyncTask::Schedule(task) => task.resume(resumed, &world).map(SyncTask::Schedule),
            SyncTask::Node(_) => NodeSync::resume(resumed).map(SyncTask::Node),
            SyncTask::Attach(task) => task.resume(resumed).map(SyncTask::Attach),
            SyncTask::Kubelet(_) => KubeletSync::resume(resumed).map(SyncTask::Kubelet),
        };
        let end = self.follow(origin, turn);
        match self.work.sync_mut(worker) {
            Some(sync) => sync.again |= again,
            None if again => self.enqueue(worker, key, false),
            None => {}
        }
        if again && worker == Worker::Claims && matches!(end, Some(Ok(()))) {
            self.foresee(Id::from_number(key.number));
        }
        end
    }

    /// Does what the first turn of a sync asks for; there is none where the object is gone.
    pub(super) fn follow_start<S>(
        &mut self,
        origin: Origin,
        turn: Option<Turn<S>>,
        wrap: impl FnOnce(S) -> SyncTask,
    ) -> End {
        match turn {
            Some(turn) => self.follow(origin, turn.map(wrap)),
            None => Some(Ok(())),
        }
    }

    /// Does what a turn of a sync asks for.
    pub(super) fn follow(&mut self, mut origin: Origin, turn: Turn<SyncTask>) -> End {
        let Turn { effects, next } = turn;
        let worker = origin.worker;
        let (start, memory) = match effects.into_inner() {
            Some(effects) => self.take_effect(effects, &mut origin),
            None => (None, None),
        };
        match next {
            Next::Write { write, rule, caching, then } => {
                // The sync is put in its place before the write, so that its own write puts the key back only when it
                // has ended.
                let (actor, key) = (origin.actor(), origin.key);
                self.work.put_sync(Sync { origin, task: then, resumed: Resumed::Awake, again: false });
                let written = self.perform(write, actor, key, rule, caching);
                if written.is_err() {
                    self.mark_unfinished(worker, key);
                }
                if let Some(sync) = self.work.sync_mut(worker) {
                    sync.resumed = Resumed::Written(written);
                }
                None
            }
            Next::End(end) => {
                if worker == Worker::Volumes && start.is_none() {
                    self.work.recycling.remove(&origin.key.number);
                }
                if worker == Worker::Claims {
                    self.note_waiting(Id::from_number(origin.key.number));
                }
                if worker == Worker::Sets {
                    self.sets.remember(origin.key.number, memory);
                }
                let rest = match start {
                    None => Some(origin),
                    Some(operation) => self.operations.start(*operation, origin, self.now),
                };
                // An operation that was started says the last word about what is emitted.
                if let Some(origin) = rest {
                    self.stand(origin);
                }
                Some(end)
            }
            Next::Ask { .. } => {
                Some(Err(SyncError { message: "a sync asked for what only an operation may ask for".to_owned() }))
            }
        }
    }

    /// Does what a turn does besides its write. Returns what is left to do when the sync has ended: an operation to be
    /// started, and what a set remembers.
    fn take_effect(
        &mut self,
        effects: Effects,
        origin: &mut Origin,
    ) -> (Option<Box<Operation>>, Option<Box<SetMemory>>) {
        let Effects { events, enqueue, start, wake, memory, scheduled, logs: _, remark: _ } = effects;
        for emission in events {
            self.emit(emission, origin);
        }
        for claim in enqueue {
            self.enqueue_claim(&claim);
        }
        if let Some(delay) = wake {
            self.wakes.add(self.now.saturating_add(delay), origin.worker, origin.key);
        }
        if let Some(outcome) = scheduled {
            self.note_scheduled(origin.key, outcome);
        }
        (start, memory)
    }
}
