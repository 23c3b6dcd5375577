//! Stale views: a controller that has not yet seen what was written last.
//!
//! A watch may lag behind the API server. What a controller sees then is the store as it was; its own writes it knows
//! (`CACHE-3`), and what it reads live it reads as it is (`CACHE-4`).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::cluster::Cluster;
use crate::cluster::config::Controller;
use crate::cluster::work::Worker;
use crate::controllers::World;
use crate::model::metadata::ResourceVersion;
use crate::store::{Actor, Store};

/// What controllers see that have fallen behind.
#[derive(Clone, Debug)]
pub(super) struct Stale(Arc<BTreeMap<Controller, View>>);

#[derive(Clone, Debug)]
pub(super) struct View {
    store: Store,
    /// After how many writes it catches up by itself.
    writes: Option<u64>,
    /// The store after each write that it has not seen, where it may see one after the other.
    missed: VecDeque<Store>,
    /// Whether it may.
    stepwise: bool,
    /// The version of the last write that it made itself since it fell behind.
    own: ResourceVersion,
}

impl View {
    /// All that it sees now, and will see one after the other.
    pub(super) fn stores(&self) -> impl Iterator<Item = &Store> {
        std::iter::once(&self.store).chain(&self.missed)
    }

    /// Whether it has made a write that it does not see.
    pub(super) fn misses_own(&self) -> bool {
        self.store.version() < self.own
    }
}

/// The controllers that can fall behind. What the others see is their own, or never matters.
#[cfg(feature = "explore")]
pub(super) const LAGGARDS: [Controller; 7] = [
    Controller::PersistentVolumes,
    Controller::StatefulSets,
    Controller::Protection,
    Controller::Deployments,
    Controller::ReplicaSets,
    Controller::Expansion,
    Controller::EphemeralVolumes,
];

impl Stale {
    /// The controllers that have fallen behind.
    pub(super) fn controllers(&self) -> impl Iterator<Item = Controller> {
        self.0.keys().copied()
    }

    /// What a controller sees, and will see.
    pub(super) fn of(&self, controller: Controller) -> Option<&View> {
        self.0.get(&controller)
    }

    /// What a controller sees.
    pub(super) fn view(&self, controller: Controller) -> Option<&Store> {
        self.0.get(&controller).map(|view| &view.store)
    }
}

impl Cluster {
    /// Lets a controller see nothing new from now on, but for its own writes and what it reads live, until it
    /// [catches up](Cluster::catch_up). This concerns the controllers of volumes, of StatefulSets, of Deployments and
    /// ReplicaSets, of protection, of expansion and of ephemeral volumes; others are never behind. Those of StatefulSets and
    /// ReplicaSets wait until they see what they wrote themselves (`STS-20`).
    ///
    /// ```
    /// use bindery::{AccessMode, ClaimPhase, Cluster, Controller, PersistentVolume, PersistentVolumeClaim};
    ///
    /// let mut cluster = Cluster::default();
    /// cluster.create(PersistentVolumeClaim::new("default", "data", "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
    /// cluster.settle()?;
    /// cluster.fall_behind(Controller::PersistentVolumes);
    /// cluster.create(PersistentVolume::new("pv-1", "10Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
    /// cluster.settle()?;
    /// assert_eq!(cluster.claim("data").unwrap().status.phase, ClaimPhase::Pending);
    /// cluster.catch_up(Controller::PersistentVolumes);
    /// cluster.settle()?;
    /// assert_eq!(cluster.claim("data").unwrap().status.phase, ClaimPhase::Bound);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fall_behind(&mut self, controller: Controller) {
        self.lag(controller, None);
    }

    /// Lets a controller see nothing of the next writes, whoever makes them, until there were so many.
    pub(super) fn lag(&mut self, controller: Controller, writes: Option<u64>) {
        let store = self.store.clone();
        let stale = self.stale.get_or_insert_with(|| Stale(Arc::default()));
        Arc::make_mut(&mut stale.0).entry(controller).or_insert(View {
            store,
            writes,
            missed: VecDeque::new(),
            stepwise: false,
            own: ResourceVersion::default(),
        });
    }

    /// Lets a controller that has fallen behind see everything.
    pub fn catch_up(&mut self, controller: Controller) {
        let Some(stale) = self.stale.as_mut().filter(|stale| stale.0.contains_key(&controller)) else {
            return;
        };
        Arc::make_mut(&mut stale.0).remove(&controller);
        if stale.0.is_empty() {
            self.stale = None;
        }
        self.work.resync_due = true;
        self.look_at_everything(Some(controller));
    }

    /// Lets a controller see nothing new, and then perhaps one write after the other.
    pub(super) fn fall_behind_stepwise(&mut self, controller: Controller) {
        self.fall_behind(controller);
        if let Some(stale) = &mut self.stale
            && let Some(view) = Arc::make_mut(&mut stale.0).get_mut(&controller)
        {
            view.stepwise = true;
        }
    }

    /// Lets a controller that has fallen behind see the next write that it has not seen.
    pub(super) fn see_next(&mut self, controller: Controller) {
        let Some(stale) = &mut self.stale else {
            return;
        };
        if let Some(view) = Arc::make_mut(&mut stale.0).get_mut(&controller)
            && let Some(next) = view.missed.pop_front()
        {
            view.store = next;
            self.look_at_everything(Some(controller));
        }
    }

    /// Notes a write for the controllers that do not see it.
    pub(super) fn miss(&mut self, actor: &Actor) {
        let version = self.store.version();
        let Some(stale) = &mut self.stale else {
            return;
        };
        for (controller, view) in Arc::make_mut(&mut stale.0) {
            if controller.actor() == *actor {
                view.own = version;
            }
            if view.stepwise {
                view.missed.push_back(self.store.clone());
            }
        }
    }

    /// Whether a worker waits until it sees what it wrote itself.
    pub(super) fn waits_for_itself(&self, worker: Worker) -> bool {
        let gated = matches!(worker, Worker::Sets | Worker::ReplicaSets);
        let view = || self.stale.as_ref()?.of(worker.controller());
        gated && view().is_some_and(View::misses_own)
    }

    /// Lets controllers catch up that have missed as many writes as they shall miss.
    pub(super) fn catch_up_in_time(&mut self) {
        let Some(stale) = &self.stale else {
            return;
        };
        let version = self.store.version().0;
        let has_missed = |view: &View| view.writes.is_some_and(|writes| version >= view.store.version().0 + writes);
        let due: Vec<Controller> =
            stale.0.iter().filter(|(_, view)| has_missed(view)).map(|(controller, _)| *controller).collect();
        for controller in due {
            self.catch_up(controller);
        }
    }

    /// What a controller sees.
    pub(super) fn view(&self, controller: Controller) -> &Store {
        self.stale.as_ref().and_then(|stale| stale.view(controller)).unwrap_or(&self.store)
    }

    /// What a controller sees of the world.
    pub(super) fn world_of(&self, controller: Controller) -> World<'_> {
        World { store: self.view(controller), ..self.world() }
    }

    /// What a worker sees of the world.
    pub(super) fn world_of_worker(&self, worker: Worker) -> World<'_> {
        if self.stale.is_none() { self.world() } else { self.world_of(worker.controller()) }
    }
}
