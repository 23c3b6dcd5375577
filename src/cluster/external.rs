//! External provisioners in the engine: what they are asked to do, when they try again, and what drivers answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::backend::{ContentsChange, Fate, Location, NewVolume, RESYNC, Sidecar};
use crate::cluster::operations::{Effect, OperationName, Waiting};
use crate::cluster::timers::next_tick;
use crate::cluster::work::{Origin, Worker};
use crate::cluster::{Cluster, JournalEntry, LogRecord};
use crate::controllers::{
    ExternalDelete, ExternalProvision, Operation, OperationKind, OperationTask, Remark, Resumed, SyncError,
    needs_provisioner, wants_volume,
};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::id::{Id, ObjectId};
use crate::model::kind::{Kind, ObjectKey};
use crate::model::metadata::Uid;
use crate::model::reference::NamespacedName;
use crate::model::text::Text;
use crate::store::Actor;

/// The bucket that the retries of a provisioner share: ten per second, a hundred at once.
const BURST: u32 = 100;
const REFILL: Duration = Duration::from_millis(100);

/// What provisioners remember.
#[derive(Clone, Debug, Default)]
pub(super) struct External {
    /// How often in a row an object could not be served; of a claim, this incarnation of it.
    failures: BTreeMap<(Worker, ObjectId), (Uid, u32)>,
    /// Objects that were queued while an operation for them was under way.
    again: BTreeSet<(Worker, ObjectId)>,
    /// Claims for which storage is, or may be, on its way, as they were when it was asked for.
    background: BTreeMap<ObjectId, Arc<PersistentVolumeClaim>>,
    /// Claims that asked for something impossible: which incarnation, of which incarnation of a class, and when.
    infeasible: BTreeMap<ObjectId, (Uid, Uid, Duration)>,
    /// When an object that failed is looked at again: once, at the earliest of its times.
    waiting: BTreeMap<(Worker, ObjectId), Duration>,
    /// When the bucket of a provisioner is full again.
    full: BTreeMap<Text, Duration>,
}

impl External {
    fn forget(&mut self, worker: Worker, key: ObjectId) {
        self.failures.remove(&(worker, key));
        if worker == Worker::Provision {
            self.background.remove(&key);
        }
    }

    /// Forgets everything about an object, as a restart does.
    pub(super) fn start_anew(&mut self, worker: Worker, key: ObjectId) {
        self.forget(worker, key);
        self.infeasible.remove(&key);
    }

    /// Notes a failure. Returns the pause after it; nothing where the provisioner gives up.
    fn failed(
        &mut self,
        at: (Worker, ObjectId),
        uid: &Uid,
        driver: &Text,
        sidecar: Sidecar,
        now: Duration,
    ) -> Option<Duration> {
        let held = self.failures.entry(at).or_insert_with(|| (uid.clone(), 0));
        if held.0 != *uid {
            *held = (uid.clone(), 0);
        }
        if sidecar.give_up_after.is_some_and(|most| held.1 >= most) {
            self.background.remove(&at.1);
            return None;
        }
        let pause = sidecar.pause(held.1);
        held.1 += 1;
        if !sidecar.bucket {
            return Some(pause);
        }
        let full = self.full.entry(driver.clone()).or_default();
        *full = (*full).max(now) + REFILL;
        Some(pause.max(full.saturating_sub(now).saturating_sub(REFILL * BURST)))
    }
}

impl Effect {
    /// What new storage is filled with.
    pub(super) fn of_new(made: &NewVolume) -> Option<Self> {
        let from = made.filled_from.clone()?;
        let location = Location::of_source(&made.source, "");
        Some(Self { location, change: ContentsChange::Copied { from }, rule: "NEIGH-6" })
    }

    /// What becomes of files whose storage was deleted.
    pub(super) fn of_fate(location: Location, fate: &Fate) -> Option<Self> {
        let change = match fate {
            Fate::Destroyed => ContentsChange::Destroyed,
            Fate::Kept => return None,
            Fate::Archived(to) => ContentsChange::Archived { to: to.clone() },
        };
        Some(Self { location, change, rule: "NEIGH-7" })
    }
}

impl Cluster {
    /// A provisioner looks at a claim (`NEIGH-6`).
    pub(super) fn begin_provisioning(&mut self, mut origin: Origin) {
        let key = origin.key;
        let stored = self.store.claims.get(Id::from_number(key.number)).cloned();
        let claim = stored.or_else(|| self.external.background.get(&key).cloned());
        let found = claim.and_then(|claim| Some((self.drivers.for_claim(&claim)?.clone(), claim)));
        let Some((driver, claim)) = found else {
            return self.external.forget(Worker::Provision, key);
        };
        let uid = claim.metadata.uid.clone();
        let object = ObjectKey { kind: Kind::PersistentVolumeClaim, key: claim.key() };
        let name = (OperationKind::ExternalProvision, object.clone(), uid.clone());
        if self.operations.is_running(&name) {
            self.external.again.insert((Worker::Provision, key));
            return;
        }
        let sidecar = self.drivers.sidecar(&driver);
        origin.provisioner = Some(driver.clone());
        if self.is_infeasible(key, &claim, sidecar) {
            return self.retry_external(&origin, &uid);
        }
        match wants_volume(&claim, &self.world()) {
            Ok(true) => {
                let task = OperationTask::ExternalProvision(ExternalProvision::new(&driver, sidecar, &claim));
                let operation = Operation { kind: OperationKind::ExternalProvision, object, uid, task };
                self.external.background.insert(key, claim);
                self.operations.start(operation, origin, self.now);
            }
            Ok(false) => self.external.forget(Worker::Provision, key),
            Err(line) => {
                self.log(origin.actor(), object, line);
                self.retry_external(&origin, &uid);
            }
        }
    }

    /// Whether a claim asked for something impossible not long ago, of a class that is still the same.
    fn is_infeasible(&self, key: ObjectId, claim: &PersistentVolumeClaim, sidecar: Sidecar) -> bool {
        let Some((uid, class_uid, since)) = self.external.infeasible.get(&key) else {
            return false;
        };
        let class = self.store.classes.named(claim.class_name());
        let same = class.is_some_and(|class| class.metadata.uid == *class_uid) && claim.metadata.uid == *uid;
        same && self.now < *since + sidecar.longest_retry
    }

    /// A provisioner looks at a volume (`NEIGH-7`).
    pub(super) fn begin_deleting(&mut self, mut origin: Origin) {
        let key = origin.key;
        let volume = self.store.volumes.get(Id::from_number(key.number)).cloned();
        let found = volume.and_then(|volume| Some((self.drivers.for_volume(&volume)?.clone(), volume)));
        let Some((driver, volume)) = found else {
            return self.external.forget(Worker::Delete, key);
        };
        let uid = volume.metadata.uid.clone();
        let name = NamespacedName::cluster_wide(&volume.metadata.name);
        let object = ObjectKey { kind: Kind::PersistentVolume, key: name };
        if self.operations.is_running(&(OperationKind::ExternalDelete, object.clone(), uid.clone())) {
            self.external.again.insert((Worker::Delete, key));
            return;
        }
        let sidecar = self.drivers.sidecar(&driver);
        if !needs_provisioner(&volume, sidecar) {
            return self.external.forget(Worker::Delete, key);
        }
        let task = OperationTask::ExternalDelete(ExternalDelete::new(&driver, sidecar, &volume));
        origin.provisioner = Some(driver);
        let operation = Operation { kind: OperationKind::ExternalDelete, object, uid, task };
        self.operations.start(operation, origin, self.now);
    }

    /// Notes how an operation of a provisioner ended, and when it looks again.
    pub(super) fn end_external(
        &mut self,
        origin: &Origin,
        name: &OperationName,
        end: Result<(), SyncError>,
        remark: Option<Remark>,
    ) {
        let (worker, key, uid) = (origin.worker, origin.key, &name.2);
        let claim = self.store.claims.find(&name.1.key).filter(|claim| claim.metadata.uid == *uid).cloned();
        match (end, remark) {
            (Ok(()), _) => {
                self.external.forget(worker, key);
                // It may have left the claim alone for a reason that does not last.
                let wanted = claim.is_some_and(|claim| wants_volume(&claim, &self.world()).unwrap_or(false));
                if worker == Worker::Provision && wanted {
                    self.wakes.add(next_tick(self.now, RESYNC), worker, key);
                }
            }
            (Err(_), remark) => {
                if remark != Some(Remark::Background) {
                    self.external.background.remove(&key);
                }
                if let (Some(Remark::Infeasible), Some(claim)) = (remark, claim) {
                    self.note_infeasible(key, &claim);
                }
                self.retry_external(origin, uid);
            }
        }
        if self.external.again.remove(&(worker, key)) {
            self.work.enqueue(worker, key, false);
        }
    }

    fn note_infeasible(&mut self, key: ObjectId, claim: &PersistentVolumeClaim) {
        let class = self.store.classes.named(claim.class_name());
        let class = class.map(|class| class.metadata.uid.clone()).unwrap_or_default();
        self.external.infeasible.insert(key, (claim.metadata.uid.clone(), class, self.now));
    }

    /// Has an object looked at again after a pause, or with everything else where the provisioner gives up.
    fn retry_external(&mut self, origin: &Origin, uid: &Uid) {
        let Some(driver) = &origin.provisioner else {
            return;
        };
        let (at, sidecar) = ((origin.worker, origin.key), self.drivers.sidecar(driver));
        let pause = self.external.failed(at, uid, driver, sidecar, self.now);
        let due = pause.map_or_else(|| next_tick(self.now, RESYNC), |pause| self.now + pause);
        match self.external.waiting.get(&at) {
            Some(earlier) if *earlier > self.now && *earlier <= due => return,
            Some(other) => self.wakes.remove(*other, at.0, at.1),
            None => {}
        }
        self.external.waiting.insert(at, due);
        self.wakes.add(due, at.0, at.1);
    }

    /// What an operation waits for that goes on with an answer after a while.
    pub(super) fn after(&self, delay: Option<Duration>, resumed: Resumed) -> Waiting {
        match delay {
            None => Waiting::Forever,
            Some(Duration::ZERO) => Waiting::Ready(resumed),
            Some(delay) => Waiting::Until(self.now + delay, resumed),
        }
    }

    /// Writes a line into the log of a controller.
    pub(super) fn log(&mut self, actor: Actor, object: ObjectKey, message: Text) {
        if self.config.journal {
            self.journal.push(JournalEntry::Log(Box::new(LogRecord { time: self.now, actor, object, message })));
        }
    }
}
