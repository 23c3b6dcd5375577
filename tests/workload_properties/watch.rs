//! Follows the journal, and holds each write against what must never happen.
//!
//! The watcher keeps its own copy of all objects, made from nothing but the journal, so that a write is judged by what
//! was there when it was carried out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bindery::{
    Action, Actor, Cluster, JournalEntry, Kind, Location, NamespacedName, Object, ObjectKey, PersistentVolume,
    PersistentVolumeClaim, Pod, StatefulSet, Text, Uid, WriteRecord,
};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::identity::Containers;
use crate::order::Pass;
use crate::seeds::Retention;

/// What is known from the journal and from what users did.
#[derive(Default)]
pub(crate) struct Watcher {
    /// How much of the journal was read.
    read: usize,
    pub(crate) objects: BTreeMap<ObjectKey, Object>,
    /// Nodes of which the kubelet is silent.
    pub(crate) silent: BTreeSet<Text>,
    /// Pods that are kept from stopping.
    pub(crate) unstoppable: BTreeSet<String>,
    pub(crate) containers: Containers,
    /// What a set saw when its last pass began.
    pub(crate) passes: BTreeMap<Uid, Pass>,
    /// What the retention policy of a set ever was: whether it ever let claims go, in either case.
    pub(crate) policies: BTreeMap<Uid, Retention>,
    /// The set that made or adopted a pod.
    pub(crate) sets_of_pods: BTreeMap<Uid, Uid>,
    /// The last state of every volume that ever was.
    pub(crate) volumes: BTreeMap<Uid, Arc<PersistentVolume>>,
    /// The files that must be somewhere.
    pub(crate) files: BTreeMap<(Location, Text), Text>,
    /// The files that pods must see: by the uid of a claim, or of a pod for what lives with it.
    pub(crate) seen: BTreeMap<Uid, BTreeMap<String, String>>,
    /// How often each kind of check had something to judge.
    pub(crate) judged: BTreeMap<&'static str, usize>,
}

impl Watcher {
    /// Reads on in the journal.
    pub(crate) fn follow(&mut self, cluster: &Cluster) -> TestCaseResult {
        let entries = cluster.journal().since(self.read);
        for entry in entries {
            self.read += 1;
            match entry {
                JournalEntry::Write(write) => self.see(write)?,
                JournalEntry::Contents(record) => self.see_files(record)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Notes what a set sees when a pass over it begins.
    pub(crate) fn before(&mut self, action: &Action) {
        if action.actor() != Actor::StatefulSetController || !action.to_string().contains("looks at") {
            return;
        }
        if let Some(Object::StatefulSet(set)) = action.object().and_then(|key| self.objects.get(key)) {
            let pass = self.pass(&set.clone());
            self.passes.insert(pass.set.metadata.uid.clone(), pass);
        }
    }

    /// From now on every pass goes through undisturbed.
    pub(crate) fn forget_passes(&mut self) {
        self.passes.clear();
    }

    pub(crate) fn judge(&mut self, what: &'static str) {
        *self.judged.entry(what).or_default() += 1;
    }

    fn see(&mut self, write: &WriteRecord) -> TestCaseResult {
        let Some(object) = write.object() else {
            return Err(TestCaseError::fail("a write of nothing"));
        };
        match object {
            Object::Pod(_) => {
                self.check_pod(write)?;
                self.check_order(write)?;
            }
            Object::PersistentVolumeClaim(_) => self.check_claim(write)?,
            Object::PersistentVolume(_) => self.check_volume(write)?,
            _ => {}
        }
        let key = object.reference();
        match &write.after {
            Some(after) => {
                self.objects.insert(key, after.clone());
                self.note(after);
            }
            None => drop(self.objects.remove(&key)),
        }
        Ok(())
    }

    fn note(&mut self, object: &Object) {
        match object {
            Object::StatefulSet(set) => {
                let now = retention_of(set);
                let uid = set.metadata.uid.clone();
                let ever = self.policies.entry(uid).or_insert(now);
                ever.delete_when_deleted |= now.delete_when_deleted;
                ever.delete_when_scaled |= now.delete_when_scaled;
            }
            Object::Pod(pod) => {
                if let Some(owner) = pod.metadata.owner_references.iter().find(|owner| owner.kind == "StatefulSet") {
                    self.sets_of_pods.insert(pod.metadata.uid.clone(), owner.uid.clone());
                }
            }
            Object::PersistentVolume(volume) => {
                self.volumes.insert(volume.metadata.uid.clone(), Arc::clone(volume));
            }
            _ => {}
        }
    }

    /// What must hold when all is quiet.
    pub(crate) fn rest(&mut self, cluster: &Cluster) -> TestCaseResult {
        self.judge("rest");
        let steps = cluster.fork().settle().map(|settled| settled.steps);
        prop_assert_eq!(steps, Ok(0));
        self.check_files(cluster)?;
        self.check_retention()
    }

    pub(crate) fn pods(&self) -> impl Iterator<Item = &Arc<Pod>> {
        self.objects.values().filter_map(|object| if let Object::Pod(pod) = object { Some(pod) } else { None })
    }

    pub(crate) fn sets(&self) -> impl Iterator<Item = &Arc<StatefulSet>> {
        self.objects.values().filter_map(|object| if let Object::StatefulSet(set) = object { Some(set) } else { None })
    }

    pub(crate) fn pod(&self, name: impl Into<NamespacedName>) -> Option<&Arc<Pod>> {
        match self.objects.get(&Kind::Pod.named(name)) {
            Some(Object::Pod(pod)) => Some(pod),
            _ => None,
        }
    }

    pub(crate) fn claim(&self, name: impl Into<NamespacedName>) -> Option<&Arc<PersistentVolumeClaim>> {
        match self.objects.get(&Kind::PersistentVolumeClaim.named(name)) {
            Some(Object::PersistentVolumeClaim(claim)) => Some(claim),
            _ => None,
        }
    }

    pub(crate) fn volume(&self, name: &Text) -> Option<&Arc<PersistentVolume>> {
        match self.objects.get(&Kind::PersistentVolume.named(name.as_str())) {
            Some(Object::PersistentVolume(volume)) => Some(volume),
            _ => None,
        }
    }

    /// An object by its uid. Cost: linear.
    pub(crate) fn by_uid(&self, uid: &Uid) -> Option<&Object> {
        self.objects.values().find(|object| object.metadata().uid == *uid)
    }
}

/// What a set does with its claims now.
pub(crate) fn retention_of(set: &StatefulSet) -> Retention {
    let policy = set.spec.persistent_volume_claim_retention_policy.as_ref();
    let deletes = |policy: Option<&bindery::parts::RetentionPolicy>| policy.is_some_and(|it| it.as_str() == "Delete");
    Retention {
        delete_when_deleted: deletes(policy.and_then(|policy| policy.when_deleted.as_ref())),
        delete_when_scaled: deletes(policy.and_then(|policy| policy.when_scaled.as_ref())),
    }
}
