//! A map for look-ups only, in shards that copies share; nothing iterates it, so its order cannot matter.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// Entries per shard at which the number of shards doubles.
const SHARD: usize = 256;

/// An entry with the hash of its key, which is worked out once: keys may be long, and far away in memory.
#[derive(Clone, Debug)]
struct Entry<K, V> {
    hash: u64,
    key: K,
    value: V,
}

/// Values by key. Copying takes one reference count for each shard, and a change after a copy copies one shard.
#[derive(Debug)]
pub(crate) struct Shards<K, V> {
    shards: Vec<Arc<HashTable<Entry<K, V>>>>,
    len: usize,
}

impl<K, V> Clone for Shards<K, V> {
    fn clone(&self) -> Self {
        Self { shards: self.shards.clone(), len: self.len }
    }
}

impl<K, V> Default for Shards<K, V> {
    fn default() -> Self {
        Self { shards: vec![Arc::default()], len: 0 }
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Shards<K, V> {
    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.find(FxBuildHasher.hash_one(key), |held| held.borrow() == key)
    }

    /// The value of the key that has a hash, as [`FxBuildHasher`] makes it, and that is the right one.
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(&K) -> bool) -> Option<&V> {
        let is_it = |entry: &Entry<K, V>| entry.hash == hash && is_it(&entry.key);
        self.shards[self.shard_of(hash)].find(hash, is_it).map(|entry| &entry.value)
    }

    /// The value of a key, to change it. Copies its shard first if that is shared.
    pub(crate) fn get_mut<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let hash = FxBuildHasher.hash_one(key);
        let is_it = |entry: &Entry<K, V>| entry.hash == hash && entry.key.borrow() == key;
        let shard = self.shard_of(hash);
        Arc::make_mut(&mut self.shards[shard]).find_mut(hash, is_it).map(|entry| &mut entry.value)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        if let Some(held) = self.get_mut(&key) {
            *held = value;
            return;
        }
        if self.len >= SHARD * self.shards.len() {
            self.split();
        }
        let hash = FxBuildHasher.hash_one(&key);
        let shard = self.shard_of(hash);
        let entry = Entry { hash, key, value };
        Arc::make_mut(&mut self.shards[shard]).insert_unique(hash, entry, |entry| entry.hash);
        self.len += 1;
    }

    pub(crate) fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let hash = FxBuildHasher.hash_one(key);
        let is_it = |entry: &Entry<K, V>| entry.hash == hash && entry.key.borrow() == key;
        let shard = self.shard_of(hash);
        let found = Arc::make_mut(&mut self.shards[shard]).find_entry(hash, is_it).ok()?;
        self.len -= 1;
        Some(found.remove().0.value)
    }

    /// Doubles the number of shards.
    fn split(&mut self) {
        let old = std::mem::take(&mut self.shards);
        self.shards = vec![Arc::default(); old.len() * 2];
        for shard in old {
            for entry in Arc::unwrap_or_clone(shard) {
                let place = self.shard_of(entry.hash);
                Arc::make_mut(&mut self.shards[place]).insert_unique(entry.hash, entry, |entry| entry.hash);
            }
        }
    }

    /// The shard of a hash. The number of shards is a power of two; the table inside of a shard uses the high and the low
    /// bits of the hash, so the shard takes some from the middle.
    fn shard_of(&self, hash: u64) -> usize {
        usize::try_from(hash >> 20).unwrap_or(usize::MAX) & (self.shards.len() - 1)
    }
}
