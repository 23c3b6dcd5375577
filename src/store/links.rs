//! Who refers to whom, looked up from the other end: pods by the claims that they name, objects by the uids of their
//! owners.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::id::ObjectId;
use crate::model::kind::Object;
use crate::model::metadata::Uid;
use crate::model::reference::ClaimKey;

/// References by their targets. Most objects have none, and cost nothing here.
#[derive(Clone, Debug, Default)]
pub(super) struct Links {
    /// The pods that name a claim (`HELP-12`).
    pods: Arc<BTreeMap<ClaimKey, BTreeSet<u32>>>,
    dependents: Arc<BTreeMap<Uid, BTreeSet<ObjectId>>>,
}

impl Links {
    /// The numbers of the pods that name a claim.
    pub(super) fn pods_of_claim(&self, key: &ClaimKey) -> impl Iterator<Item = u32> {
        self.pods.get(key).into_iter().flatten().copied()
    }

    /// The objects with an owner of this uid.
    pub(super) fn dependents(&self, owner: &Uid) -> impl Iterator<Item = ObjectId> {
        self.dependents.get(owner).into_iter().flatten().copied()
    }

    /// Follows the change of an object.
    pub(super) fn change(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>) {
        self.change_owners(id, before, after);
        if let (None | Some(Object::Pod(_)), None | Some(Object::Pod(_))) = (before, after) {
            self.change_claims(id, before, after);
        }
    }

    fn change_owners(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>) {
        let owners = |object: Option<&Object>| -> BTreeSet<Uid> {
            let references = object.map(|object| object.metadata().owner_references.iter());
            references.into_iter().flatten().map(|owner| owner.uid.clone()).collect()
        };
        let same = match (before, after) {
            (Some(before), Some(after)) => before.metadata().owner_references == after.metadata().owner_references,
            (Some(only), None) | (None, Some(only)) => only.metadata().owner_references.is_empty(),
            (None, None) => true,
        };
        if !same {
            relink(Arc::make_mut(&mut self.dependents), id, &owners(before), owners(after));
        }
    }

    fn change_claims(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>) {
        let claims = |object: Option<&Object>| -> BTreeSet<ClaimKey> {
            let Some(Object::Pod(pod)) = object else {
                return BTreeSet::new();
            };
            pod.claim_keys().collect()
        };
        let (before, after) = (claims(before), claims(after));
        if before != after {
            relink(Arc::make_mut(&mut self.pods), id.number, &before, after);
        }
    }
}

/// Moves an entry from the targets that it had to those that it has.
fn relink<K: Ord, V: Copy + Ord>(
    links: &mut BTreeMap<K, BTreeSet<V>>,
    entry: V,
    before: &BTreeSet<K>,
    after: BTreeSet<K>,
) {
    for gone in before.difference(&after) {
        if let Some(entries) = links.get_mut(gone) {
            entries.remove(&entry);
            if entries.is_empty() {
                links.remove(gone);
            }
        }
    }
    for target in after {
        if !before.contains(&target) {
            links.entry(target).or_default().insert(entry);
        }
    }
}
