//! A growing sequence that is cheap to copy: chunks are shared until one of the copies changes them.

use triomphe::Arc;

/// Items per chunk: small enough that copying one after a fork is cheap, large enough that a copy of the whole
/// sequence touches few counters.
const CHUNK: usize = 64;

/// How many items are kept without chunks: copying these few is quicker than sharing them.
const FEW: usize = 8;

/// Items by number, in shared chunks. Reading and changing an item takes constant time; copying the sequence takes
/// one reference count for each chunk.
#[derive(Debug)]
pub(crate) struct Arena<T> {
    /// All items as long as there are few; later none.
    few: Vec<T>,
    /// Full chunks, their items in place: one step in memory leads to an item.
    chunks: Vec<Arc<[T]>>,
    /// What comes after the full chunks.
    last: Arc<Vec<T>>,
}

impl<T: Clone> Clone for Arena<T> {
    fn clone(&self) -> Self {
        Self { few: self.few.clone(), chunks: self.chunks.clone(), last: self.last.clone() }
    }
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self { few: Vec::new(), chunks: Vec::new(), last: Arc::default() }
    }
}

impl<T: Clone> Arena<T> {
    pub(crate) fn len(&self) -> usize {
        self.few.len() + self.chunks.len() * CHUNK + self.last.len()
    }

    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        if !self.few.is_empty() {
            return self.few.get(index);
        }
        match self.chunks.get(index / CHUNK) {
            Some(chunk) => chunk.get(index % CHUNK),
            None => self.last.get(index - self.chunks.len() * CHUNK),
        }
    }

    /// The item, to change it; copies its chunk first if that is shared.
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        if !self.few.is_empty() {
            return self.few.get_mut(index);
        }
        let full = self.chunks.len() * CHUNK;
        match self.chunks.get_mut(index / CHUNK) {
            Some(chunk) => {
                if !chunk.is_unique() {
                    *chunk = Arc::from(chunk.to_vec());
                }
                Arc::get_mut(chunk)?.get_mut(index % CHUNK)
            }
            None => Arc::make_mut(&mut self.last).get_mut(index - full),
        }
    }

    /// Adds an item and returns its number.
    pub(crate) fn push(&mut self, item: T) -> usize {
        let number = self.len();
        if number < FEW {
            self.few.push(item);
            return number;
        }
        let last = Arc::make_mut(&mut self.last);
        if !self.few.is_empty() {
            last.reserve_exact(CHUNK);
            last.append(&mut self.few);
        }
        last.push(item);
        if last.len() == CHUNK {
            let full = std::mem::replace(last, Vec::with_capacity(CHUNK));
            self.chunks.push(Arc::from(full));
        }
        number
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.few.iter().chain(self.chunks.iter().flat_map(|chunk| chunk.iter())).chain(self.last.iter())
    }
}
