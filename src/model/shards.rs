//! A map for look-ups only, in shards that copies share; nothing iterates it, so its order cannot matter.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// Entries per shard at which the number of shards doubles.
const SHARD: usize = 256;

/// Entries by a hash that was worked out before: their keys may be long, and far away in memory. Copying takes one
/// reference count for each shard, and a change after a copy copies one shard.
#[derive(Debug)]
pub(crate) struct Hashed<E> {
    shards: Vec<Arc<HashTable<(u64, E)>>>,
    len: usize,
}

impl<E> Clone for Hashed<E> {
    fn clone(&self) -> Self {
        Self { shards: self.shards.clone(), len: self.len }
    }
}

impl<E> Default for Hashed<E> {
    fn default() -> Self {
        Self { shards: vec![Arc::default()], len: 0 }
    }
}

impl<E> Hashed<E> {
    /// The entry that has a hash and is the right one.
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(&E) -> bool) -> Option<&E> {
        let is_it = |(held, entry): &(u64, E)| *held == hash && is_it(entry);
        self.shards[self.shard_of(hash)].find(hash, is_it).map(|(_, entry)| entry)
    }

    /// The shard of a hash. The number of shards is a power of two; the table inside of a shard uses the high and the low
    /// bits of the hash, so the shard takes some from the middle.
    fn shard_of(&self, hash: u64) -> usize {
        usize::try_from(hash >> 20).unwrap_or(usize::MAX) & (self.shards.len() - 1)
    }
}

impl<E: Clone> Hashed<E> {
    /// The entry, to change it. Copies its shard first if that is shared.
    fn find_mut(&mut self, hash: u64, is_it: impl Fn(&E) -> bool) -> Option<&mut E> {
        let shard = self.shard_of(hash);
        let is_it = |(held, entry): &(u64, E)| *held == hash && is_it(entry);
        Arc::make_mut(&mut self.shards[shard]).find_mut(hash, is_it).map(|(_, entry)| entry)
    }

    /// Puts an entry in that is not in it.
    pub(crate) fn insert_new(&mut self, hash: u64, entry: E) {
        if self.len >= SHARD * self.shards.len() {
            self.split();
        }
        let shard = self.shard_of(hash);
        Arc::make_mut(&mut self.shards[shard]).insert_unique(hash, (hash, entry), |(hash, _)| *hash);
        self.len += 1;
    }

    fn take(&mut self, hash: u64, is_it: impl Fn(&E) -> bool) -> Option<E> {
        let shard = self.shard_of(hash);
        let is_it = |(held, entry): &(u64, E)| *held == hash && is_it(entry);
        let found = Arc::make_mut(&mut self.shards[shard]).find_entry(hash, is_it).ok()?;
        self.len -= 1;
        Some(found.remove().0.1)
    }

    /// Doubles the number of shards.
    fn split(&mut self) {
        let old = std::mem::take(&mut self.shards);
        self.shards = vec![Arc::default(); old.len() * 2];
        for shard in old {
            for (hash, entry) in Arc::unwrap_or_clone(shard) {
                let place = self.shard_of(hash);
                Arc::make_mut(&mut self.shards[place]).insert_unique(hash, (hash, entry), |(hash, _)| *hash);
            }
        }
    }
}

/// Values by key.
#[derive(Debug)]
pub(crate) struct Shards<K, V>(Hashed<(K, V)>);

impl<K, V> Clone for Shards<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        Self(Hashed::default())
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Shards<K, V> {
    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.0.find(FxBuildHasher.hash_one(key), |(held, _)| held.borrow() == key).map(|(_, value)| value)
    }

    /// The value of a key, to change it. Copies its shard first if that is shared.
    pub(crate) fn get_mut<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let found = self.0.find_mut(FxBuildHasher.hash_one(key), |(held, _)| held.borrow() == key);
        found.map(|(_, value)| value)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        let hash = FxBuildHasher.hash_one(&key);
        match self.0.find_mut(hash, |(held, _)| *held == key) {
            Some((_, held)) => *held = value,
            None => self.0.insert_new(hash, (key, value)),
        }
    }

    pub(crate) fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.0.take(FxBuildHasher.hash_one(key), |(held, _)| held.borrow() == key).map(|(_, value)| value)
    }
}
