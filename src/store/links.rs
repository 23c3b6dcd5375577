//! Who refers to whom, looked up from the other end: pods by the claims that they name, objects by the uids of their
//! owners, Services by their addresses.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::hash::Hash;
use std::slice;
use std::sync::Arc;

use crate::model::id::ObjectId;
use crate::model::kind::Object;
use crate::model::metadata::Uid;
use crate::model::reference::ClaimKey;
use crate::model::shards::Shards;
use crate::model::text::Text;
use crate::store::addresses::Addresses;
use crate::store::quota::Ledgers;

/// References by their targets. Most objects have none, and cost nothing here.
#[derive(Clone, Debug, Default)]
pub(super) struct Links {
    /// The pods that name a claim (`HELP-12`).
    claims: Reverse<ClaimKey, u32>,
    /// The pods that are assigned to a node.
    nodes: Reverse<Text, u32>,
    /// The nodes to which a volume is attached, by the name that it has there.
    attached: Reverse<Text, Text>,
    /// The objects with an owner of a uid.
    dependents: Reverse<Uid, ObjectId>,
    /// The addresses and ports of Services.
    pub(super) addresses: Addresses,
    /// What is used of quotas.
    pub(super) ledgers: Ledgers,
}

impl Links {
    /// The numbers of the pods that name a claim.
    pub(super) fn pods_of_claim(&self, key: &ClaimKey) -> impl Iterator<Item = u32> {
        self.claims.get(key).copied()
    }

    /// The numbers of the pods that are assigned to a node.
    pub(super) fn pods_on(&self, node: &Text) -> impl ExactSizeIterator<Item = u32> {
        self.nodes.get(node).copied()
    }

    /// The nodes to which a volume is attached.
    pub(super) fn nodes_with(&self, volume: &str) -> impl Iterator<Item = &Text> {
        self.attached.get(volume)
    }

    /// The objects with an owner of this uid.
    pub(super) fn dependents(&self, owner: &Uid) -> impl Iterator<Item = ObjectId> {
        self.dependents.get(owner).copied()
    }

    /// Whether the change of an object may be the change of a reference.
    pub(super) fn concern(&self, before: Option<&Object>, after: Option<&Object>) -> bool {
        let mut states = [before, after].into_iter().flatten();
        states.any(|object| {
            let metadata = object.metadata();
            matches!(object, Object::Pod(_) | Object::Node(_) | Object::Service(_))
                || !metadata.owner_references.is_empty()
                || self.ledgers.count_in(&metadata.namespace)
        })
    }

    /// Follows the change of an object.
    pub(super) fn change(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>) {
        self.dependents.relink(&id, &owners(before), &owners(after));
        match (before, after) {
            (Some(Object::Pod(old)), Some(Object::Pod(new))) if old.spec.same(&new.spec) => {}
            (Some(Object::Pod(_)), _) | (_, Some(Object::Pod(_))) => {
                self.claims.relink(&id.number, &claims(before), &claims(after));
                self.nodes.relink(&id.number, node(before), node(after));
            }
            (Some(Object::Node(node)), _) | (_, Some(Object::Node(node))) => {
                self.attached.relink(&node.metadata.name, &attached(before), &attached(after));
            }
            (Some(Object::Service(_)), _) | (_, Some(Object::Service(_))) => {
                self.addresses.change(id.number, before, after);
            }
            _ => {}
        }
        self.ledgers.change(before, after);
    }
}

fn owners(object: Option<&Object>) -> Vec<&Uid> {
    let references = object.into_iter().flat_map(|object| &object.metadata().owner_references);
    references.map(|owner| &owner.uid).collect()
}

fn claims(object: Option<&Object>) -> Vec<ClaimKey> {
    if let Some(Object::Pod(pod)) = object { pod.claim_keys().collect() } else { Vec::new() }
}

fn node(object: Option<&Object>) -> &[Text] {
    match object {
        Some(Object::Pod(pod)) if !pod.spec.node_name.is_empty() => slice::from_ref(&pod.spec.node_name),
        Some(_) | None => &[],
    }
}

fn attached(object: Option<&Object>) -> Vec<&Text> {
    let Some(Object::Node(node)) = object else {
        return Vec::new();
    };
    node.status.volumes_attached.iter().map(|volume| &volume.name).collect()
}

/// Who refers to a target. Copies share it until one of them changes it.
#[derive(Debug)]
struct Reverse<K, V>(Arc<Shards<K, BTreeSet<V>>>);

impl<K, V> Clone for Reverse<K, V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, V> Default for Reverse<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Clone + Ord + Hash, V: Clone + Ord> Reverse<K, V> {
    fn get<Q: Eq + Hash + ?Sized>(&self, target: &Q) -> impl ExactSizeIterator<Item = &V> + use<'_, K, V, Q>
    where
        K: Borrow<Q>,
    {
        self.0.get(target).map(BTreeSet::iter).unwrap_or_default()
    }

    /// Moves an entry from the targets that it had to those that it has. Cost: that of what is between the first and the
    /// last target that is another one.
    fn relink<T: Borrow<K> + PartialEq>(&mut self, entry: &V, before: &[T], after: &[T]) {
        let (gone, new) = changed(before, after);
        if gone.is_empty() && new.is_empty() {
            return;
        }
        let links = Arc::make_mut(&mut self.0);
        for target in gone.iter().filter(|target| !after.contains(target)).map(Borrow::borrow) {
            let Some(entries) = links.get_mut(target) else {
                continue;
            };
            entries.remove(entry);
            if entries.is_empty() {
                links.remove(target);
            }
        }
        for target in new.iter().map(Borrow::borrow) {
            match links.get_mut(target) {
                Some(entries) => drop(entries.insert(entry.clone())),
                None => links.insert(target.clone(), BTreeSet::from([entry.clone()])),
            }
        }
    }
}

/// What two lists have between what they begin and what they end with alike.
fn changed<'l, T: PartialEq>(one: &'l [T], other: &'l [T]) -> (&'l [T], &'l [T]) {
    let begin = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let (one, other) = (&one[begin..], &other[begin..]);
    let end = one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count();
    (&one[..one.len() - end], &other[..other.len() - end])
}
