//! What a set looks for: the pods that it manages by their ordinals, and pods and revisions that nobody manages.
//!
//! A controller asks for these on every pass, so that a list of everything in the namespace would cost as much as
//! the namespace has.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::ops::Range;
use std::sync::Arc;

use crate::model::id::ObjectId;
use crate::model::kind::{Kind, Object};
use crate::model::metadata::Uid;
use crate::model::reference::NamespacedName;
use crate::model::stateful_set::member_name;
use crate::model::text::Text;

/// The ordinal of a pod whose name gives none.
const NO_ORDINAL: i64 = -1;

/// Pods and revisions by who manages them.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    /// Pods by the uid of their controller, in the order of their ordinals.
    managed: Arc<BTreeMap<Uid, BTreeSet<(i64, u32)>>>,
    /// Pods without a controller by the set that their name belongs to.
    free: Arc<BTreeMap<NamespacedName, BTreeSet<u32>>>,
    /// Revisions by the uid of their controller; those without one by an empty uid, and all by their namespace.
    revisions: Arc<BTreeMap<(Text, Uid), BTreeSet<u32>>>,
}

/// Where an object is found.
#[derive(PartialEq, Eq)]
enum Place {
    Managed(Uid, i64),
    Free(NamespacedName),
    Revision(Text, Uid),
}

impl Members {
    /// The numbers of the pods that a controller manages, in the order of their ordinals, but for those in some ranges,
    /// which are in order.
    pub(super) fn managed(
        &self,
        controller: &Uid,
        except: impl Iterator<Item = Range<i64>> + Clone,
    ) -> impl Iterator<Item = u32> {
        let gaps = except.chain(iter::once(i64::MAX..i64::MAX)).scan(i64::MIN, |from, range| {
            let begin = std::mem::replace(from, range.end);
            Some((begin, 0)..(range.start, 0))
        });
        let pods = self.managed.get(controller);
        let numbers = pods.into_iter().flat_map(move |pods| gaps.clone().flat_map(|gap| pods.range(gap)));
        numbers.map(|(_, number)| *number)
    }

    /// The numbers of the pods without a controller whose names belong to a set.
    pub(super) fn free(&self, set: &NamespacedName) -> impl Iterator<Item = u32> {
        self.free.get(set).into_iter().flatten().copied()
    }

    /// The numbers of the revisions of a namespace that a controller manages, and of those that nobody does.
    pub(super) fn revisions(&self, namespace: &Text, controller: &Uid) -> impl Iterator<Item = u32> {
        let of = |uid: Uid| self.revisions.get(&(namespace.clone(), uid)).into_iter().flatten().copied();
        of(controller.clone()).chain(of(Uid::default()))
    }

    /// Whether objects of a kind are found here.
    pub(super) fn concern(kind: Kind) -> bool {
        matches!(kind, Kind::Pod | Kind::ControllerRevision)
    }

    /// Follows the change of an object.
    pub(super) fn change(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>) {
        let (before, after) = (before.and_then(place_of), after.and_then(place_of));
        if before == after {
            return;
        }
        if let Some(place) = before {
            self.remove(place, id.number);
        }
        if let Some(place) = after {
            self.insert(place, id.number);
        }
    }

    fn insert(&mut self, place: Place, number: u32) {
        match place {
            Place::Managed(uid, ordinal) => {
                Arc::make_mut(&mut self.managed).entry(uid).or_default().insert((ordinal, number))
            }
            Place::Free(set) => Arc::make_mut(&mut self.free).entry(set).or_default().insert(number),
            Place::Revision(namespace, uid) => {
                Arc::make_mut(&mut self.revisions).entry((namespace, uid)).or_default().insert(number)
            }
        };
    }

    fn remove(&mut self, place: Place, number: u32) {
        match place {
            Place::Managed(uid, ordinal) => remove(Arc::make_mut(&mut self.managed), &uid, &(ordinal, number)),
            Place::Free(set) => remove(Arc::make_mut(&mut self.free), &set, &number),
            Place::Revision(namespace, uid) => {
                remove(Arc::make_mut(&mut self.revisions), &(namespace, uid), &number);
            }
        }
    }
}

fn remove<K: Ord, V: Ord>(places: &mut BTreeMap<K, BTreeSet<V>>, key: &K, value: &V) {
    if let Some(held) = places.get_mut(key) {
        held.remove(value);
        if held.is_empty() {
            places.remove(key);
        }
    }
}

fn place_of(object: &Object) -> Option<Place> {
    let metadata = object.metadata();
    let controller = || metadata.controller().map(|owner| owner.uid.clone());
    match object {
        Object::Pod(_) => {
            let member = member_name(&metadata.name);
            match (controller(), member) {
                (Some(uid), member) => {
                    let ordinal = member.and_then(|member| member.ordinal).map_or(NO_ORDINAL, i64::from);
                    Some(Place::Managed(uid, ordinal))
                }
                (None, Some(member)) => Some(Place::Free(NamespacedName::new(&metadata.namespace, member.parent))),
                (None, None) => None,
            }
        }
        Object::ControllerRevision(_) => {
            Some(Place::Revision(metadata.namespace.clone(), controller().unwrap_or_default()))
        }
        _ => None,
    }
}
