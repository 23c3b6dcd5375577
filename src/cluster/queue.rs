//! Work queues: first in, first out over all of them, and no key twice (`RUN-3`, `DET-4`).

use std::collections::VecDeque;

use crate::model::id::ObjectId;

/// A set of small numbers.
#[derive(Clone, Debug, Default)]
struct Bits(Vec<u64>);

/// A set of numbers of names, for each kind.
#[derive(Clone, Debug, Default)]
struct Present(Vec<Bits>);

impl Present {
    /// Adds a number. Returns whether it was not there.
    fn insert(&mut self, id: ObjectId) -> bool {
        let kind = id.kind as usize;
        if self.0.len() <= kind {
            self.0.resize_with(kind + 1, Bits::default);
        }
        self.0[kind].insert(id.number)
    }

    fn remove(&mut self, id: ObjectId) {
        if let Some(bits) = self.0.get_mut(id.kind as usize) {
            bits.remove(id.number);
        }
    }
}

impl Bits {
    /// Adds a number. Returns whether it was not there.
    fn insert(&mut self, number: u32) -> bool {
        let word = number as usize / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let bit = 1 << (number % 64);
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }

    fn remove(&mut self, number: u32) {
        if let Some(word) = self.0.get_mut(number as usize / 64) {
            *word &= !(1 << (number % 64));
        }
    }
}

/// A key in a queue: its place among all queues, the object, and whether a resync put it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Queued {
    pub(super) place: u64,
    pub(super) id: ObjectId,
    pub(super) by_resync: bool,
}

/// The queue of one worker.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    keys: VecDeque<Queued>,
    present: Present,
}

impl Queue {
    /// Adds a key unless it waits already. Returns whether it was added.
    pub(super) fn push(&mut self, key: Queued) -> bool {
        let new = self.present.insert(key.id);
        if new {
            self.keys.push_back(key);
        }
        new
    }

    pub(super) fn first(&self) -> Option<Queued> {
        self.keys.front().copied()
    }

    pub(super) fn pop(&mut self) -> Option<Queued> {
        let key = self.keys.pop_front()?;
        self.present.remove(key.id);
        Some(key)
    }

    /// Takes a key out, wherever it stands.
    pub(super) fn remove(&mut self, id: ObjectId) {
        self.keys.retain(|queued| queued.id != id);
        self.present.remove(id);
    }

    /// The keys that wait, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Queued> {
        self.keys.iter().copied()
    }
}
