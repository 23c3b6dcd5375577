//! A growing sequence that is cheap to copy: chunks are shared until one of the copies changes them.

use std::sync::Arc;

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
    chunks: Vec<Arc<Vec<T>>>,
    len: usize,
}

impl<T: Clone> Clone for Arena<T> {
    fn clone(&self) -> Self {
        Self { few: self.few.clone(), chunks: self.chunks.clone(), len: self.len }
    }
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self { few: Vec::new(), chunks: Vec::new(), len: 0 }
    }
}

impl<T: Clone> Arena<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        if !self.few.is_empty() {
            return self.few.get(index);
        }
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)
    }

    /// The item, to change it; copies its chunk first if that is shared.
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        if !self.few.is_empty() {
            return self.few.get_mut(index);
        }
        Arc::make_mut(self.chunks.get_mut(index / CHUNK)?).get_mut(index % CHUNK)
    }

    /// Adds an item and returns its number.
    pub(crate) fn push(&mut self, item: T) -> usize {
        if self.len < FEW {
            self.few.push(item);
            self.len += 1;
            return self.len - 1;
        }
        if !self.few.is_empty() {
            self.chunks.push(Arc::new(std::mem::take(&mut self.few)));
        } else if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(Arc::new(Vec::with_capacity(CHUNK)));
        }
        let last = self.chunks.len() - 1;
        Arc::make_mut(&mut self.chunks[last]).push(item);
        self.len += 1;
        self.len - 1
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.few.iter().chain(self.chunks.iter().flat_map(|chunk| chunk.iter()))
    }
}
