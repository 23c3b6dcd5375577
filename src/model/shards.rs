//! A map for look-ups only, in shards that copies share; nothing iterates it, so its order cannot matter.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

/// Entries per shard at which the number of shards doubles.
const SHARD: usize = 256;

/// Values by key. Copying takes one reference count for each shard, and a change after a copy copies one shard.
#[derive(Debug)]
pub(crate) struct Shards<K, V> {
    shards: Vec<Arc<FxHashMap<K, V>>>,
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
        self.shards[shard_of(key, self.shards.len())].get(key)
    }

    /// The value of a key, to change it. Copies its shard first if that is shared.
    pub(crate) fn get_mut<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let shard = shard_of(key, self.shards.len());
        Arc::make_mut(&mut self.shards[shard]).get_mut(key)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        if self.len >= SHARD * self.shards.len() {
            self.split();
        }
        let shard = shard_of(&key, self.shards.len());
        if Arc::make_mut(&mut self.shards[shard]).insert(key, value).is_none() {
            self.len += 1;
        }
    }

    pub(crate) fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let shard = shard_of(key, self.shards.len());
        let removed = Arc::make_mut(&mut self.shards[shard]).remove(key);
        self.len -= usize::from(removed.is_some());
        removed
    }

    /// Doubles the number of shards.
    fn split(&mut self) {
        let count = self.shards.len() * 2;
        let mut shards: Vec<FxHashMap<K, V>> = vec![FxHashMap::default(); count];
        for shard in self.shards.drain(..) {
            #[expect(clippy::iter_over_hash_type, reason = "entries move to other shards; their order does not matter")]
            for (key, value) in Arc::unwrap_or_clone(shard) {
                shards[shard_of(&key, count)].insert(key, value);
            }
        }
        self.shards = shards.into_iter().map(Arc::new).collect();
    }
}

/// The shard of a key; the number of shards is a power of two.
fn shard_of<Q: Hash + ?Sized>(key: &Q, shards: usize) -> usize {
    // The map inside of a shard uses the high and the low bits of the hash; the shard takes some from the middle.
    let hash = FxBuildHasher.hash_one(key) >> 20;
    usize::try_from(hash).unwrap_or(usize::MAX) & (shards - 1)
}
