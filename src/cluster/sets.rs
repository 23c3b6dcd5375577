//! The StatefulSet controller in the engine: what wakes it, and what it remembers (`STS-20`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::cluster::Cluster;
use crate::cluster::config::Controller;
use crate::cluster::sync::End;
use crate::cluster::work::{Origin, SyncTask, Worker};
use crate::controllers::{SetMemory, SetSync};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::id::{Id, ObjectId};
use crate::model::kind::{Kind, Object};
use crate::model::pod::Pod;
use crate::model::stateful_set::{MemberName, StatefulSet, member_name};

/// What passes over sets have found out, by the number of the set.
#[derive(Clone, Debug, Default)]
pub(super) struct SetMemories(Arc<BTreeMap<u32, Known>>);

#[derive(Clone, Debug, Default)]
struct Known {
    memory: Option<SetMemory>,
    /// The ordinals that changed since the last pass began.
    changed: BTreeSet<i64>,
}

impl SetMemories {
    /// Becomes a copy of others.
    #[cfg(feature = "explore")]
    pub(super) fn become_copy_of(&mut self, other: &Self) {
        if !self.same(other) {
            *self = other.clone();
        }
    }

    /// Whether both are the same memory; a quick way to see that nothing changed.
    pub(super) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// What is known of a set.
    fn recall(&self, number: u32) -> Option<&SetMemory> {
        self.0.get(&number)?.memory.as_ref()
    }

    /// A pass over a set begins, with all that has changed so far.
    fn begin_pass(&mut self, number: u32) {
        if self.0.contains_key(&number)
            && let Some(known) = Arc::make_mut(&mut self.0).get_mut(&number)
        {
            known.changed.clear();
        }
    }

    /// Takes over what a pass has found out, but for what changed meanwhile.
    pub(super) fn remember(&mut self, number: u32, memory: Option<Box<SetMemory>>) {
        let known = Arc::make_mut(&mut self.0).entry(number).or_default();
        known.memory = memory.map(|memory| *memory);
        if let Some(memory) = &mut known.memory {
            known.changed.iter().for_each(|ordinal| memory.forget(*ordinal));
        }
    }

    /// Notes that a pod or a claim of an ordinal changed.
    fn forget(&mut self, number: u32, ordinal: i64) {
        let known = Arc::make_mut(&mut self.0).entry(number).or_default();
        known.changed.insert(ordinal);
        if let Some(memory) = &mut known.memory {
            memory.forget(ordinal);
        }
    }

    fn drop(&mut self, number: u32) {
        if self.0.contains_key(&number) {
            Arc::make_mut(&mut self.0).remove(&number);
        }
    }
}

impl Cluster {
    /// Begins a pass over a set.
    pub(super) fn begin_set(&mut self, origin: Origin) -> End {
        let number = origin.key.number;
        if self.waits_for_itself(Worker::Sets) {
            // It is looked at again when it sees more.
            return Some(Ok(()));
        }
        let Some(set) = self.view(Controller::StatefulSets).sets.get(Id::from_number(number)).cloned() else {
            self.sets.drop(number);
            return Some(Ok(()));
        };
        self.sets.begin_pass(number);
        let turn = SetSync::start(&set, self.sets.recall(number), &self.world_of_worker(Worker::Sets));
        self.follow(origin, turn.map(SyncTask::Set))
    }

    /// Wakes the sets that a change concerns: the set itself, that of a pod, that of a claim.
    pub(super) fn notify_sets(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>) {
        match (before, after) {
            (Some(Object::StatefulSet(_)), _) | (_, Some(Object::StatefulSet(_))) => {
                self.work.enqueue(Worker::Sets, id, false);
            }
            _ if self.store.sets.len() == 0 => {}
            (Some(Object::Pod(pod)), None) | (None, Some(Object::Pod(pod))) => {
                self.wake_owner(pod);
                self.wake_namesake(pod);
            }
            (Some(Object::Pod(before)), Some(Object::Pod(after))) => {
                self.wake_owner(after);
                let (old, new) = (&before.metadata, &after.metadata);
                if old.owner_references != new.owner_references || old.labels != new.labels {
                    self.wake_owner(before);
                    self.wake_namesake(after);
                }
            }
            (Some(Object::PersistentVolumeClaim(claim)), None) | (None, Some(Object::PersistentVolumeClaim(claim))) => {
                self.wake_sets_of(claim);
            }
            (Some(Object::PersistentVolumeClaim(before)), Some(Object::PersistentVolumeClaim(after))) => {
                let (old, new) = (&before.metadata, &after.metadata);
                if old.owner_references != new.owner_references || old.is_deleting() != new.is_deleting() {
                    self.wake_sets_of(after);
                }
            }
            _ => {}
        }
    }

    /// The set that manages a pod.
    fn wake_owner(&mut self, pod: &Pod) {
        let Some(owner) = pod.metadata.controller().filter(|owner| owner.kind == Kind::StatefulSet.as_str()) else {
            return;
        };
        if let Some((id, set)) = self.find_set(&pod.metadata.namespace, &owner.name)
            && set.metadata.uid == owner.uid
        {
            self.wake_set(id, member_name(&pod.metadata.name));
        }
    }

    /// The set that a pod belongs to by its name: it may adopt the pod, or the pod is in its way.
    fn wake_namesake(&mut self, pod: &Pod) {
        if let Some(member) = member_name(&pod.metadata.name)
            && let Some((id, _)) = self.find_set(&pod.metadata.namespace, member.parent)
        {
            self.wake_set(id, Some(member));
        }
    }

    /// The sets that a claim is for by its name, `<template>-<set>-<ordinal>`. A real set is not woken by its claims;
    /// this one looks at once (`STS-20`, `ND-11`).
    fn wake_sets_of(&mut self, claim: &PersistentVolumeClaim) {
        let Some(member) = member_name(&claim.metadata.name) else {
            return;
        };
        for (at, _) in member.parent.match_indices('-') {
            let (template, set) = (&member.parent[..at], &member.parent[at + 1..]);
            if let Some((id, set)) = self.find_set(&claim.metadata.namespace, set)
                && set.spec.volume_claim_templates.iter().any(|held| held.metadata.name == template)
            {
                self.wake_set(id, Some(member));
            }
        }
    }

    fn find_set(&self, namespace: &str, name: &str) -> Option<(Id<StatefulSet>, &Arc<StatefulSet>)> {
        let id = self.store.sets.id_of(namespace, name)?;
        Some((id, self.store.sets.get(id)?))
    }

    /// Wakes a set because of a pod, or a claim of a pod, that its name says is a member.
    fn wake_set(&mut self, id: Id<StatefulSet>, member: Option<MemberName<'_>>) {
        if let Some(ordinal) = member.and_then(|member| member.ordinal) {
            self.sets.forget(id.number(), i64::from(ordinal));
        }
        self.work.enqueue(Worker::Sets, id, false);
    }
}
