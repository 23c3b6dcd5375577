//! A map for look-ups only, in shards that copies share; nothing iterates it, so its order cannot matter.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// Entries per shard at which the number of shards doubles.
const SHARD: usize = 256;

/// Entries by a hash that was worked out before: their keys may be long, and far away in memory. Half of the hash is kept
/// with the entry. Copying takes one reference count for each shard, and a change after a copy copies one shard.
#[derive(Debug)]
pub(crate) struct Hashed<E> {
    shards: Vec<Arc<HashTable<(Half, E)>>>,
    len: usize,
}

/// Half of a hash; enough to tell millions of entries apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Half(u32);

impl Half {
    #[expect(clippy::cast_possible_truncation, reason = "both halves are in it")]
    fn of(hash: u64) -> Self {
        Self((hash ^ (hash >> 32)) as u32)
    }

    /// A hash again: a table takes bits from both of its ends, and the shards some between them.
    fn spread(self) -> u64 {
        u64::from(self.0).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    /// The shard of an entry. The number of shards is a power of two.
    fn shard_of(self, shards: usize) -> usize {
        usize::try_from(self.spread() >> 20).unwrap_or(usize::MAX) & (shards - 1)
    }
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
    /// The entry that has a hash, or one that is like it, and is the right one.
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(&E) -> bool) -> Option<&E> {
        let half = Half::of(hash);
        let is_it = |(held, entry): &(Half, E)| *held == half && is_it(entry);
        self.shards[half.shard_of(self.shards.len())].find(half.spread(), is_it).map(|(_, entry)| entry)
    }
}

impl<E: Clone> Hashed<E> {
    fn shard_mut(&mut self, half: Half) -> &mut HashTable<(Half, E)> {
        let shard = half.shard_of(self.shards.len());
        Arc::make_mut(&mut self.shards[shard])
    }

    /// The entry, to change it. Copies its shard first if that is shared.
    pub(crate) fn find_mut(&mut self, hash: u64, is_it: impl Fn(&E) -> bool) -> Option<&mut E> {
        let half = Half::of(hash);
        let is_it = |(held, entry): &(Half, E)| *held == half && is_it(entry);
        self.shard_mut(half).find_mut(half.spread(), is_it).map(|(_, entry)| entry)
    }

    /// Puts an entry in that is not in it.
    pub(crate) fn insert_new(&mut self, hash: u64, entry: E) {
        if self.len >= SHARD * self.shards.len() {
            self.split();
        }
        self.put(Half::of(hash), entry);
        self.len += 1;
    }

    fn put(&mut self, half: Half, entry: E) {
        self.shard_mut(half).insert_unique(half.spread(), (half, entry), |(half, _)| half.spread());
    }

    /// Takes the entry out.
    pub(crate) fn take(&mut self, hash: u64, is_it: impl Fn(&E) -> bool) -> Option<E> {
        let half = Half::of(hash);
        let is_it = |(held, entry): &(Half, E)| *held == half && is_it(entry);
        let found = self.shard_mut(half).find_entry(half.spread(), is_it).ok()?.remove().0.1;
        self.len -= 1;
        Some(found)
    }

    /// Doubles the number of shards.
    fn split(&mut self) {
        let old = std::mem::take(&mut self.shards);
        self.shards = vec![Arc::default(); old.len() * 2];
        for (half, entry) in old.into_iter().flat_map(Arc::unwrap_or_clone) {
            self.put(half, entry);
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
