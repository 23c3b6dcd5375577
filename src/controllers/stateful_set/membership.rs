//! Whose pods and revisions are whose: adoption and release (`STS-14`, `STS-35`).
//!
//! Follows `ClaimObject` of `pkg/controller/controller_ref_manager.go`. Both are patches of the owner references and
//! nothing else, so that each is made from the object as it is at that moment.

use std::sync::Arc;

use crate::api::ApiError;
use crate::controllers::stateful_set::identity::reference_to;
use crate::controllers::stateful_set::settled::Settled;
use crate::controllers::stateful_set::work::Asked;
use crate::controllers::turn::World;
use crate::model::controller_revision::ControllerRevision;
use crate::model::field_error::joined;
use crate::model::kind::{Object, Resource};
use crate::model::metadata::{ObjectMeta, OwnerReference, ResourceVersion};
use crate::model::pod::Pod;
use crate::model::reference::NamespacedName;
use crate::model::selector::Predicate;
use crate::model::stateful_set::{StatefulSet, member_name};
use crate::model::text::Text;
use crate::store::Write;

/// What has to be done to an object.
#[derive(Clone, Debug)]
enum Change {
    AdoptRevision(Arc<ControllerRevision>),
    Adopt(Arc<Pod>),
    Release(Arc<Pod>),
}

/// The changes of owners that a pass begins with, and the pods that are the set's in the end.
#[derive(Clone, Debug)]
pub(super) struct Membership {
    /// What is left to do, the next at the end.
    left: Vec<Change>,
    asked: Option<Change>,
    pub(super) pods: Vec<Arc<Pod>>,
    pub(super) revisions: Vec<Arc<ControllerRevision>>,
    errors: Vec<Text>,
}

impl Membership {
    /// Looks at what the set owns and at orphans with its labels. Pods that are settled are
    /// its own, and left out.
    pub(super) fn new(set: &StatefulSet, predicate: &Predicate, settled: &Settled, world: &World<'_>) -> Self {
        let metadata = &set.metadata;
        let is_member = |pod: &Pod| {
            let parent = member_name(&pod.metadata.name).map(|member| member.parent);
            predicate.matches(&pod.metadata.labels) && parent == Some(metadata.name.as_str())
        };
        let (mut left, mut pods) = (Vec::new(), Vec::new());
        for pod in world.store.pods_of_controller(&metadata.uid, settled.runs().iter().map(|run| run.ordinals.clone()))
        {
            if is_member(pod) {
                pods.push(Arc::clone(pod));
            } else if !metadata.is_deleting() {
                left.push(Change::Release(Arc::clone(pod)));
            }
        }
        let key = NamespacedName::new(&metadata.namespace, &metadata.name);
        for pod in world.store.free_pods_of(&key) {
            if !metadata.is_deleting() && !pod.metadata.is_deleting() && is_member(pod) {
                left.push(Change::Adopt(Arc::clone(pod)));
            }
        }
        let found = world.store.revisions_of(&metadata.uid, &metadata.namespace);
        let (mut revisions, mut free) = (Vec::new(), Vec::new());
        for revision in found.filter(|revision| predicate.matches(&revision.metadata.labels)) {
            if revision.metadata.controller().is_some() {
                revisions.push(Arc::clone(revision));
            } else {
                free.push(Change::AdoptRevision(Arc::clone(revision)));
            }
        }
        left.extend(free);
        left.reverse();
        // Revisions come first.
        left.sort_by_key(|change| matches!(change, Change::AdoptRevision(_)));
        Self { left, asked: None, pods, revisions, errors: Vec::new() }
    }

    /// The next change; none when all were made, or one of a revision failed.
    pub(super) fn next(&mut self, set: &StatefulSet, world: &World<'_>) -> Option<Asked> {
        while let Some(change) = self.left.pop() {
            let object = match prepare(&change, set, world) {
                Ok(Some(object)) => object,
                Ok(None) => continue,
                Err(error) => {
                    self.errors.push(error);
                    if matches!(change, Change::AdoptRevision(_)) {
                        self.left.clear();
                    }
                    continue;
                }
            };
            self.asked = Some(change);
            return Some((Write::Update(object), "STS-14"));
        }
        None
    }

    pub(super) fn took(&mut self, result: Result<Object, ApiError>) {
        match (result, self.asked.take()) {
            (Ok(Object::Pod(pod)), Some(Change::Adopt(_))) => self.pods.push(pod),
            (Ok(Object::ControllerRevision(revision)), Some(_)) => self.revisions.push(revision),
            (Err(error), Some(change)) => {
                let is_revision = matches!(change, Change::AdoptRevision(_));
                if is_revision {
                    self.left.clear();
                }
                if is_revision || !error.is_not_found() {
                    self.errors.push(error.to_string().into());
                }
            }
            (Ok(_), _) | (Err(_), None) => {}
        }
    }

    /// Why the pass ends here.
    pub(super) fn error(&self) -> Option<String> {
        (!self.errors.is_empty()).then(|| joined(&self.errors))
    }
}

/// The object with its new owners; none where it is gone.
fn prepare(change: &Change, set: &StatefulSet, world: &World<'_>) -> Result<Option<Object>, Text> {
    let adopted = |metadata: &ObjectMeta| {
        let mut references = metadata.owner_references.to_vec();
        references.retain(|reference| reference.uid != set.metadata.uid);
        references.push(reference_to(set));
        references
    };
    let released = |metadata: &ObjectMeta| {
        let references = metadata.owner_references.iter();
        references.filter(|reference| reference.uid != set.metadata.uid).cloned().collect()
    };
    match change {
        Change::AdoptRevision(revision) => {
            may_adopt(set, world).map_err(|error| format!("can't adopt ControllerRevisions: {error}"))?;
            let live = world.store.revisions.find(&key_of(&revision.metadata));
            Ok(patched(live, &revision.metadata, adopted))
        }
        Change::Adopt(pod) => {
            let ObjectMeta { identity, .. } = &pod.metadata;
            let subject = format!("{}/{} ({})", identity.namespace, identity.name, identity.uid);
            may_adopt(set, world).map_err(|error| format!("can't adopt Pod {subject}: {error}"))?;
            Ok(patched(world.store.pods.find(&key_of(&pod.metadata)), &pod.metadata, adopted))
        }
        Change::Release(pod) => Ok(patched(world.store.pods.find(&key_of(&pod.metadata)), &pod.metadata, released)),
    }
}

fn key_of(metadata: &ObjectMeta) -> NamespacedName {
    NamespacedName::new(&metadata.namespace, &metadata.name)
}

/// A patch names no version; it fails only where the object is another one.
fn patched<T: Resource>(
    live: Option<&Arc<T>>,
    meant: &ObjectMeta,
    owners: impl FnOnce(&ObjectMeta) -> Vec<OwnerReference>,
) -> Option<Object> {
    let live = live.filter(|live| live.metadata().uid == meant.uid)?;
    let mut new = (**live).clone();
    let references = owners(live.metadata());
    let metadata = new.metadata_mut();
    metadata.owner_references = references.into();
    metadata.resource_version = ResourceVersion::default();
    Some(T::wrap(Arc::new(new)))
}

/// A set that is being deleted, or is another one by now, adopts nothing.
fn may_adopt(set: &StatefulSet, world: &World<'_>) -> Result<(), String> {
    let key = key_of(&set.metadata);
    let (namespace, name, uid) = (&key.namespace, &key.name, &set.metadata.uid);
    match world.store.sets.find(&key) {
        None => Err(ApiError::NotFound { kind: StatefulSet::KIND, name: name.clone() }.to_string()),
        Some(live) if live.metadata.uid != *uid => {
            let held = &live.metadata.uid;
            Err(format!("original StatefulSet {namespace}/{name} is gone: got uid {held}, wanted {uid}"))
        }
        Some(live) => match live.metadata.deletion_timestamp {
            Some(time) => Err(format!("{namespace}/{name} has just been deleted at {time}")),
            None => Ok(()),
        },
    }
}
