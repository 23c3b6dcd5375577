//! The objects of one kind.

use std::sync::Arc;

use crate::model::arena::Arena;
use crate::model::id::{Id, Sequence};
use crate::model::kind::Resource;
use crate::model::reference::{NamespacedName, hash_of};
use crate::model::shards::Hashed;
use crate::model::shared::Shared;

/// How many objects are looked at more quickly than one is looked up.
const FEW: usize = 8;

#[derive(Debug)]
struct Slot<T> {
    key: NamespacedName,
    object: Option<Arc<T>>,
    created: Sequence,
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self { key: self.key.clone(), object: self.object.clone(), created: self.created }
    }
}

/// Objects of one kind, by name and by number.
#[derive(Debug)]
pub(crate) struct Table<T> {
    slots: Arena<Slot<T>>,
    /// The numbers of slots by the hashes of their names.
    names: Shared<Hashed<u32>>,
    live: usize,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        Self { slots: self.slots.clone(), names: self.names.clone(), live: self.live }
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { slots: Arena::default(), names: Shared::default(), live: 0 }
    }
}

impl<T: Resource> Table<T> {
    /// How many objects there are.
    pub(crate) fn len(&self) -> usize {
        self.live
    }

    /// How many names have, or once had, an object; their numbers are below it.
    pub(crate) fn numbers(&self) -> usize {
        self.slots.len()
    }

    /// The number of a name that has, or once had, an object.
    pub(crate) fn id(&self, key: &NamespacedName) -> Option<Id<T>> {
        self.id_of(&key.namespace, &key.name)
    }

    /// The number of a name in a namespace, which is empty for kinds that have none.
    pub(crate) fn id_of(&self, namespace: &str, name: &str) -> Option<Id<T>> {
        let is_it = |slot: &Slot<T>| slot.key.name == *name && slot.key.namespace == *namespace;
        if self.slots.len() <= FEW {
            let at = self.slots.iter().position(is_it)?;
            return u32::try_from(at).ok().map(Id::from_number);
        }
        let is_its = |number: &u32| self.slots.get(Id::<T>::from_number(*number).index()).is_some_and(is_it);
        self.names.find(hash_of(namespace, name), is_its).copied().map(Id::from_number)
    }

    /// The object of a name, for kinds that have no namespaces.
    pub(crate) fn named(&self, name: &str) -> Option<&Arc<T>> {
        self.get(self.id_of("", name)?)
    }

    /// The object of a number, if it exists.
    pub(crate) fn get(&self, id: Id<T>) -> Option<&Arc<T>> {
        self.slots.get(id.index())?.object.as_ref()
    }

    pub(crate) fn find(&self, key: &NamespacedName) -> Option<&Arc<T>> {
        self.get(self.id(key)?)
    }

    /// Whether an object is the stored one of its name, or the same as that by another measure. Where there are few, all
    /// are looked at, because that costs less than to work out the hash of a name.
    pub(crate) fn is_newest(
        &self,
        object: &Arc<T>,
        key: impl FnOnce() -> NamespacedName,
        is_same: impl FnOnce(&T) -> bool,
    ) -> bool {
        let few = self.slots.len() <= FEW;
        let is_it = |slot: &Slot<T>| slot.object.as_ref().is_some_and(|stored| Arc::ptr_eq(stored, object));
        (few && self.slots.iter().any(is_it)) || self.find(&key()).is_some_and(|stored| is_same(stored))
    }

    /// The name of a number.
    pub(crate) fn key(&self, id: Id<T>) -> Option<&NamespacedName> {
        self.slots.get(id.index()).map(|slot| &slot.key)
    }

    /// The place of an object in the order of creation.
    pub(crate) fn created(&self, id: Id<T>) -> Sequence {
        self.slots.get(id.index()).map(|slot| slot.created).unwrap_or_default()
    }

    /// All objects in the order of their creation. Cost: n log n where names were used again, else linear.
    pub(crate) fn in_order(&self) -> Vec<(Id<T>, &Arc<T>)> {
        let slots = self.slots.iter().zip(0..);
        let mut found: Vec<_> = slots
            .filter_map(|(slot, number)| Some((slot.created, Id::from_number(number), slot.object.as_ref()?)))
            .collect();
        found.sort_by_key(|(created, ..)| *created);
        found.into_iter().map(|(_, id, object)| (id, object)).collect()
    }

    /// The number of a name, which gets one if it has none.
    pub(super) fn number(&mut self, key: NamespacedName) -> Id<T> {
        if let Some(id) = self.id(&key) {
            return id;
        }
        let hash = hash_of(&key.namespace, &key.name);
        let number = self.slots.push(Slot { key, object: None, created: Sequence::default() });
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        self.names.insert_new(hash, number);
        Id::from_number(number)
    }

    /// Puts an object in, or takes it out. A new object gets the given place in the order of creation.
    /// Returns the one that was there.
    pub(super) fn set(&mut self, id: Id<T>, object: Option<Arc<T>>, created: Option<Sequence>) -> Option<Arc<T>> {
        let slot = self.slots.get_mut(id.index())?;
        self.live += usize::from(object.is_some());
        let before = std::mem::replace(&mut slot.object, object);
        if let Some(created) = created {
            slot.created = created;
        }
        self.live -= usize::from(before.is_some());
        before
    }
}
