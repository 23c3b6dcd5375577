//! What exploring needs of a cluster beside its moves: copies in which nothing is kept but the state, and which moves are
//! worth while.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::cluster::config::Controller;
use crate::cluster::engine::Choice;
use crate::cluster::liberty::{Mishap, Move};
use crate::cluster::mixer::Mixer;
use crate::cluster::stale::LAGGARDS;
use crate::cluster::state::StateNumber;
use crate::cluster::work::Worker;
use crate::cluster::{Cluster, Journal};
use crate::controllers::Cache;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::id::Id;
use crate::model::kind::{Kind, ObjectKey};
use crate::model::shared::Shared;
use crate::model::volume::PersistentVolume;

/// How many ways there are to look at a volume or a claim that are worth while, by everything that decides about it.
#[derive(Debug, Default)]
pub(crate) struct Weights(FxHashMap<u64, u8>);

impl Cluster {
    /// As [`Cluster::moves`], in a state of which the number is known. What was worked out before in a state that differs
    /// in nothing that matters is not worked out again.
    pub(crate) fn moves_in(&self, state: &StateNumber, weights: &mut Weights, found: &mut Vec<Move>) {
        if self.stale.is_some() {
            return self.moves(found);
        }
        self.weighed_moves(found, |worker, number| match state.deciding(worker, number) {
            Some(key) => *weights.0.entry(key).or_insert_with(|| self.weigh(worker, number)),
            None => self.weigh(worker, number),
        });
    }

    /// Who acts on what with a move, where a run that never lets it act would be no fair one; the same in all clusters of
    /// the same state. Of several operations none is preferred for ever, either.
    pub(crate) fn fairness(&self, made: Move) -> u64 {
        match made.choice {
            Choice::Look { worker, key, .. } => {
                1 + (worker as u64) + ((key.kind as u64) << 8) + (u64::from(key.number) << 16)
            }
            Choice::Proceed(worker) => 1 << 60 | worker as u64,
            Choice::Conclude(number) => {
                let mut mixer = Mixer::new(number);
                if let Some(running) = self.operations.get(number) {
                    mixer = Mixer::new(0);
                    running.name.hash(&mut mixer);
                }
                1 << 61 | mixer.finish() >> 4
            }
            _ => 1 << 62,
        }
    }

    /// A copy in which volumes and claims are looked at in any order, and in which nothing is kept but the state: no
    /// events, and of the journal only what the next moves write.
    pub(crate) fn loosened(&self) -> Self {
        let mut copy = self.fork();
        copy.journal = Journal::default();
        copy.loose = true;
        copy.work.any_order = true;
        for worker in [Worker::Volumes, Worker::Claims] {
            for key in self.work.waiting(worker) {
                copy.work.remove(worker, key.id);
            }
            for (_, key) in self.retries.waiting().filter(|(failed, _)| *failed == worker) {
                copy.retries.no_longer(worker, key);
            }
        }
        copy.retries.forget(|worker| matches!(worker, Worker::Volumes | Worker::Claims));
        copy.work.resync_due = false;
        copy.work.attention = Shared::default();
        let mut cache = Cache::without_index();
        let (volumes, claims) = self.cache.sizes();
        for id in (0..volumes).filter_map(|number| u32::try_from(number).ok()).map(Id::from_number) {
            if let Some(volume) = self.cache.volume(id) {
                cache.set_volume(id, Some(volume), self.store.volumes.created(id));
            }
        }
        for id in (0..claims).filter_map(|number| u32::try_from(number).ok()).map(Id::from_number) {
            if let Some(claim) = self.cache.claim(id) {
                cache.set_claim(id, Some(claim));
            }
        }
        copy.cache = cache.into();
        copy
    }

    /// A copy with some objects only, as if there had never been others. The controllers begin anew.
    pub(crate) fn isolate(&self, keep: impl Fn(&ObjectKey) -> bool) -> Self {
        let mut copy = self.fork();
        copy.journal = Journal::default();
        for object in Kind::ALL.iter().flat_map(|kind| self.store.list(*kind)) {
            let key = object.reference();
            if !keep(&key) {
                copy.store.install(&key, None);
            }
        }
        copy.restart();
        copy
    }

    /// Whether a controller is in the middle of something.
    pub(crate) fn is_busy(&self) -> bool {
        let syncing = Worker::ALL.into_iter().any(|worker| self.work.sync(worker).is_some());
        syncing || self.operations.running().next().is_some() || self.stale.is_some()
    }

    /// Becomes a copy of another cluster for the next move, with an empty journal. Cost: next to nothing where it is one
    /// already but for a move or two, so that whoever tries many moves from one cluster does it in one copy.
    pub(crate) fn become_fork_for_move(&mut self, other: &Self) {
        let Self {
            config,
            settings,
            store,
            cache,
            plugins,
            drivers,
            contents,
            external,
            work,
            operations,
            retries,
            wakes,
            sets,
            nodes,
            scheduler,
            recorder,
            journal,
            faults,
            now,
            plan,
            stale,
            mishap,
            tie,
            loose,
        } = self;
        renew(config, &other.config);
        renew(settings, &other.settings);
        store.become_copy_of(&other.store);
        cache.become_copy_of(&other.cache);
        renew(plugins, &other.plugins);
        renew(drivers, &other.drivers);
        contents.become_copy_of(&other.contents);
        external.become_copy_of(&other.external);
        work.become_copy_of(&other.work);
        operations.become_copy_of(&other.operations);
        retries.become_copy_of(&other.retries);
        wakes.become_copy_of(&other.wakes);
        sets.become_copy_of(&other.sets);
        nodes.become_copy_of(&other.nodes);
        scheduler.become_copy_of(&other.scheduler);
        recorder.become_copy_of(&other.recorder);
        journal.clear();
        if !(faults.is_empty() && other.faults.is_empty()) {
            faults.clone_from(&other.faults);
        }
        plan.become_copy_of(&other.plan);
        stale.clone_from(&other.stale);
        (*now, *mishap, *tie, *loose) = (other.now, other.mishap, other.tie, other.loose);
    }

    /// A copy for the next move, with an empty journal.
    pub(crate) fn fork_for_move(&self) -> Self {
        let mut copy = self.clone();
        copy.journal = Journal::default();
        copy
    }

    /// Whether a mishap could make a difference to a move. A sync of the volume controller that fails at its first write
    /// has done nothing, unless it is the first that sees the object as it is.
    pub(crate) fn could_matter(&self, made: Move, mishap: Mishap) -> bool {
        let is_backend = matches!(mishap, Mishap::BackendFailure | Mishap::BackendSilence);
        match made.choice {
            Choice::Look { worker: Worker::Volumes, key, .. } => {
                let id = Id::from_number(key.number);
                let (seen, held) = (self.view(Controller::PersistentVolumes).volumes.get(id), self.cache.volume(id));
                let version = |volume: &Arc<PersistentVolume>| volume.metadata.resource_version;
                !is_backend && seen.map(version) != held.map(version)
            }
            Choice::Look { worker: Worker::Claims, key, .. } => {
                let id = Id::from_number(key.number);
                let (seen, held) = (self.view(Controller::PersistentVolumes).claims.get(id), self.cache.claim(id));
                let version = |claim: &Arc<PersistentVolumeClaim>| claim.metadata.resource_version;
                !is_backend && seen.map(version) != held.map(version)
            }
            Choice::Conclude(_) => true,
            Choice::Retry | Choice::CatchUp(_) | Choice::SeeNext(_) => false,
            _ => !is_backend,
        }
    }

    /// The controllers that could fall behind now, and are not behind yet.
    pub(crate) fn could_fall_behind(&self) -> impl Iterator<Item = Controller> {
        let is_behind = |controller| self.stale.as_ref().is_some_and(|stale| stale.view(controller).is_some());
        LAGGARDS.into_iter().filter(move |controller| self.runs(*controller) && !is_behind(*controller))
    }
}

fn renew<T>(shared: &mut Arc<T>, other: &Arc<T>) {
    if !Arc::ptr_eq(shared, other) {
        shared.clone_from(other);
    }
}
