//! The garbage collector: it deletes what has lost all its owners (`STS-34`, `STSPVC-22`).
//!
//! Each look at an object needs at most one write; what a write changes is looked at again. Only orphaning needs more.

mod orphan;

pub(crate) use crate::controllers::garbage::orphan::OrphanSync;
use crate::controllers::status::without_finalizer;
use crate::model::id::ObjectId;
use crate::model::kind::{Kind, Object};
use crate::model::list::List;
use crate::model::metadata::{ObjectMeta, OwnerReference, Uid};
use crate::model::names::{FOREGROUND_DELETION_FINALIZER, ORPHAN_FINALIZER};
use crate::model::text::Text;
use crate::store::{DeleteOptions, Propagation, Store, Write};

/// How the owners of an object are.
#[derive(Default)]
struct Owners {
    /// They exist and stay.
    solid: usize,
    /// They do not exist, or wait for the object to go.
    lost: Vec<Uid>,
    /// Whether one of those that are lost waits for the object to go.
    awaited: bool,
}

/// What an object needs from the collector, unless its dependents are to be orphaned.
pub(crate) fn collect(object: &Object, store: &Store) -> Option<(Write, &'static str)> {
    let metadata = object.metadata();
    if metadata.is_deleting() {
        let waits = metadata.has_finalizer(FOREGROUND_DELETION_FINALIZER);
        return (waits && !is_blocked(object, store)).then(|| release(object, FOREGROUND_DELETION_FINALIZER));
    }
    let owners = owners(object, store);
    if owners.lost.is_empty() {
        return None;
    }
    if owners.solid > 0 {
        return Some(drop_references(object, &owners.lost));
    }
    let has = |name| metadata.has_finalizer(name);
    let waits_in_turn = owners.awaited && store.dependents(&metadata.uid).next().is_some();
    if waits_in_turn && blocks(metadata) && is_awaited_by_a_dependent(metadata, store) {
        return Some(unblock(object));
    }
    let propagation = match () {
        () if waits_in_turn => Propagation::Foreground,
        () if has(ORPHAN_FINALIZER) => Propagation::Orphan,
        () if has(FOREGROUND_DELETION_FINALIZER) => Propagation::Foreground,
        () => Propagation::Background,
    };
    let options = DeleteOptions::default().propagation(propagation).uid(metadata.uid.clone());
    Some((Write::delete(object.reference(), options), "STS-34"))
}

/// Whether an object that is not being deleted has lost an owner. Cost: constant where it has none.
pub(crate) fn is_collectable(object: &Object, store: &Store) -> bool {
    !object.metadata().is_deleting()
        && !object.metadata().owner_references.is_empty()
        && !owners(object, store).lost.is_empty()
}

/// The dependents of an owner in the order in which they are collected: pods from the highest ordinal, then claims by
/// name, then all others (`ND-7`).
pub(crate) fn collection_order(store: &Store, owner: &Uid) -> Vec<ObjectId> {
    if owner.is_empty() {
        return Vec::new();
    }
    let mut dependents: Vec<_> = store
        .dependents(owner)
        .filter_map(|id| {
            let name = store.object_key(id)?.key.name;
            let ordinal = name.rsplit_once('-').and_then(|(_, digits)| digits.parse::<u64>().ok());
            let rank = match id.kind {
                Kind::Pod => 0,
                Kind::PersistentVolumeClaim => 1,
                _ => 2,
            };
            let from_highest = std::cmp::Reverse(if rank == 0 { ordinal } else { None });
            Some(((rank, from_highest, name), id))
        })
        .collect();
    dependents.sort();
    dependents.into_iter().map(|(_, id)| id).collect()
}

fn owners(object: &Object, store: &Store) -> Owners {
    let metadata = object.metadata();
    let mut owners = Owners::default();
    for reference in &metadata.owner_references {
        let kind = Kind::find(&reference.api_version, &reference.kind);
        if metadata.namespace.is_empty() && kind.is_some_and(Kind::is_namespaced) {
            // What has no namespace cannot belong to what has one. Such an object is left alone.
            return Owners::default();
        }
        match store.owner(reference, &metadata.namespace) {
            Ok(None) => owners.lost.push(reference.uid.clone()),
            Ok(Some(owner)) if waits_for_dependents(owner.metadata()) => {
                owners.lost.push(reference.uid.clone());
                owners.awaited = true;
            }
            Ok(Some(_)) | Err(()) => owners.solid += 1,
        }
    }
    owners
}

/// Whether an object is being deleted in the foreground.
fn waits_for_dependents(metadata: &ObjectMeta) -> bool {
    metadata.is_deleting() && metadata.has_finalizer(FOREGROUND_DELETION_FINALIZER)
}

/// Whether an object blocks the deletion of an owner.
fn blocks(metadata: &ObjectMeta) -> bool {
    metadata.owner_references.iter().any(|owner| owner.block_owner_deletion == Some(true))
}

/// Whether one of those that belong to an object is itself being deleted in the foreground: they may wait for each other.
fn is_awaited_by_a_dependent(metadata: &ObjectMeta, store: &Store) -> bool {
    let mut dependents = store.dependents(&metadata.uid).filter_map(|id| store.object(id));
    dependents.any(|dependent| waits_for_dependents(dependent.metadata()))
}

/// Lets an object no longer block the deletion of its owners, so that a circle of owners can go.
fn unblock(object: &Object) -> (Write, &'static str) {
    let mut new = object.clone();
    let mut owners = object.metadata().owner_references.to_vec();
    for owner in owners.iter_mut().filter(|owner| owner.block_owner_deletion == Some(true)) {
        owner.block_owner_deletion = Some(false);
    }
    new.metadata_mut().owner_references = owners.into();
    (Write::Update(new), "STS-34")
}

/// Whether there are dependents that block the deletion of their owner.
fn is_blocked(owner: &Object, store: &Store) -> bool {
    let uid = &owner.metadata().uid;
    store.dependents(uid).filter_map(|id| store.object(id)).any(|dependent| {
        let mut references = dependent.metadata().owner_references.iter();
        references.any(|reference| reference.uid == *uid && reference.block_owner_deletion == Some(true))
    })
}

fn drop_references(object: &Object, owners: &[Uid]) -> (Write, &'static str) {
    let mut new = object.clone();
    let metadata = new.metadata_mut();
    let kept: Vec<OwnerReference> =
        metadata.owner_references.iter().filter(|owner| !owners.contains(&owner.uid)).cloned().collect();
    metadata.owner_references = List::from(kept);
    (Write::Update(new), "STSPVC-22")
}

fn release(object: &Object, finalizer: &str) -> (Write, &'static str) {
    let mut new = object.clone();
    let finalizers: List<Text> = without_finalizer(&object.metadata().finalizers, finalizer);
    new.metadata_mut().finalizers = finalizers;
    (Write::Update(new), "STS-34")
}
