//! From names to numbers, in shards that copies share.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

/// Entries per shard at which the number of shards doubles.
const SHARD: usize = 256;

/// A map for look-ups only; nothing iterates it, so its order cannot matter. Copying takes one reference count for
/// each shard, and a change after a copy copies one shard.
#[derive(Debug)]
pub(crate) struct Names<K> {
    shards: Vec<Shard<K>>,
    len: usize,
}

type Shard<K> = Arc<FxHashMap<Arc<K>, u32>>;

impl<K> Clone for Names<K> {
    fn clone(&self) -> Self {
        Self { shards: self.shards.clone(), len: self.len }
    }
}

impl<K> Default for Names<K> {
    fn default() -> Self {
        Self { shards: vec![Arc::default()], len: 0 }
    }
}

impl<K: Eq + Hash> Names<K> {
    pub(crate) fn get(&self, key: &K) -> Option<u32> {
        self.shards[shard_of(key, self.shards.len())].get(key).copied()
    }

    pub(crate) fn insert(&mut self, key: Arc<K>, number: u32) {
        if self.len >= SHARD * self.shards.len() {
            self.split();
        }
        let shard = shard_of(&*key, self.shards.len());
        if Arc::make_mut(&mut self.shards[shard]).insert(key, number).is_none() {
            self.len += 1;
        }
    }

    /// Doubles the number of shards.
    fn split(&mut self) {
        let count = self.shards.len() * 2;
        let mut shards: Vec<FxHashMap<Arc<K>, u32>> = vec![FxHashMap::default(); count];
        for shard in &self.shards {
            #[expect(clippy::iter_over_hash_type, reason = "entries move to other shards; their order does not matter")]
            for (key, number) in &**shard {
                shards[shard_of(&**key, count)].insert(Arc::clone(key), *number);
            }
        }
        self.shards = shards.into_iter().map(Arc::new).collect();
    }
}

/// The shard of a key; the number of shards is a power of two.
fn shard_of<K: Hash>(key: &K, shards: usize) -> usize {
    // The map inside of a shard uses the high and the low bits of the hash; the shard takes some from the middle.
    let hash = FxBuildHasher.hash_one(key) >> 20;
    usize::try_from(hash).unwrap_or(usize::MAX) & (shards - 1)
}
