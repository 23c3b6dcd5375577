//! Work queues: first in, first out over all of them, and no key twice (`RUN-3`, `DET-4`).
//!
//! A resync puts every volume and every claim into its queue, in the order of creation (`RUN-8`, `DET-8`). Nobody does
//! that for a million of them: the queue holds a [`Round`] in their place, which knows whom it has come to, and lists
//! only those for which something has changed. The others would be looked at to no effect.

use std::collections::{BTreeSet, VecDeque};
use std::ops::{Index, IndexMut};

use crate::model::id::{ObjectId, Sequence};
use crate::model::kind::Kind;

/// For how many keys a queue keeps room when it becomes shorter.
const ROOM: usize = 1024;

/// A set of small numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits(Vec<u64>);

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

    fn contains(&self, id: ObjectId) -> bool {
        self.0.get(id.kind as usize).is_some_and(|bits| bits.contains(id.number))
    }
}

impl Bits {
    /// Adds a number. Returns whether it was not there.
    pub(super) fn insert(&mut self, number: u32) -> bool {
        let word = number as usize / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        let bit = 1 << (number % 64);
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }

    /// Takes a number out. Returns whether it was there.
    pub(super) fn remove(&mut self, number: u32) -> bool {
        let Some(word) = self.0.get_mut(number as usize / 64) else {
            return false;
        };
        let bit = 1 << (number % 64);
        let held = *word & bit != 0;
        *word &= !bit;
        held
    }

    pub(super) fn contains(&self, number: u32) -> bool {
        self.0.get(number as usize / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }
}

/// A key in a queue: its place among all queues, the object, and whether a resync put it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Queued {
    pub(super) place: u64,
    pub(super) id: ObjectId,
    pub(super) by_resync: bool,
}

/// All objects of a kind that there were when a resync began, in the order of their creation, at one place of a queue.
#[derive(Clone, Debug)]
struct Round {
    place: u64,
    kind: Kind,
    /// The last object that it has come to.
    passed: Sequence,
    /// The last object that there was.
    last: Sequence,
    /// Those that must be looked at.
    due: BTreeSet<(Sequence, u32)>,
}

/// The queue of one worker.
#[derive(Debug, Default)]
pub(super) struct Queue {
    keys: VecDeque<Queued>,
    present: Present,
    round: Option<Box<Round>>,
}

impl Clone for Queue {
    /// Where nothing waits, and that is so in most queues, nothing is taken over.
    fn clone(&self) -> Self {
        if self.is_empty() {
            return Self::default();
        }
        Self { keys: self.keys.clone(), present: self.present.clone(), round: self.round.clone() }
    }
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

    pub(super) fn contains(&self, id: ObjectId) -> bool {
        self.present.contains(id)
    }

    /// Begins a round over all objects that were created so far; there must be none under way.
    pub(super) fn begin_round(&mut self, place: u64, kind: Kind, last: Sequence) {
        self.round = Some(Box::new(Round { place, kind, passed: Sequence(0), last, due: BTreeSet::new() }));
    }

    /// Whether an object is still to come in the round under way.
    pub(super) fn is_to_come(&self, created: Sequence) -> bool {
        self.round.as_ref().is_some_and(|round| created > round.passed && created <= round.last)
    }

    /// Lists an object that is still to come, unless it waits already.
    pub(super) fn list(&mut self, created: Sequence, id: ObjectId) {
        if let Some(round) = &mut self.round
            && self.present.insert(id)
        {
            round.due.insert((created, id.number));
        }
    }

    /// Whether there is neither a key nor a round.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.round.is_none()
    }

    pub(super) fn has_round(&self) -> bool {
        self.round.is_some()
    }

    /// Whether the round has nothing left that must be looked at; `offered` is one that was not listed.
    pub(super) fn is_round_finished(&self, offered: Option<(Sequence, u32)>) -> bool {
        self.round.as_ref().is_some_and(|round| round.due.is_empty() && round.next(offered).is_none())
    }

    /// Ends the round if it stands before a place and is finished. Returns whether it did.
    pub(super) fn end_round(&mut self, before: u64, offered: Option<(Sequence, u32)>) -> bool {
        let ends = self.round.as_ref().is_some_and(|round| round.place < before) && self.is_round_finished(offered);
        if ends {
            self.round = None;
        }
        ends
    }

    /// The first key. `offered` is an object of the round that was not listed, and must be looked at.
    pub(super) fn first(&self, offered: impl FnOnce() -> Option<(Sequence, u32)>) -> Option<Queued> {
        let key = self.keys.front().copied();
        let Some(round) = self.round.as_deref() else {
            return key;
        };
        let next = round.next(offered()).map(|(_, number)| {
            let id = ObjectId { kind: round.kind, number };
            Queued { place: round.place, id, by_resync: true }
        });
        match (key, next) {
            (Some(key), Some(next)) => Some(if key.place < next.place { key } else { next }),
            (key, next) => key.or(next),
        }
    }

    /// Takes the first key. Returns it, with its place in the order of creation where the round came to it.
    pub(super) fn pop(&mut self, offered: Option<(Sequence, u32)>) -> Option<(Queued, Option<Sequence>)> {
        let first = self.first(|| offered)?;
        self.present.remove(first.id);
        if let Some(round) = self.round.as_deref_mut().filter(|round| round.place == first.place) {
            let (created, number) = round.next(offered)?;
            round.due.remove(&(created, number));
            round.passed = created;
            return Some((first, Some(created)));
        }
        self.keys.pop_front();
        // One that has become empty begins anew in its first place, which the processor still has at hand; one that was
        // long keeps no memory for that.
        if self.keys.is_empty() {
            self.keys.clear();
        }
        if self.keys.capacity() > ROOM && self.keys.len() * 4 < self.keys.capacity() {
            self.keys.shrink_to(self.keys.len() * 2);
        }
        Some((first, None))
    }

    /// Takes a key out, wherever it stands.
    pub(super) fn remove(&mut self, id: ObjectId) {
        self.present.remove(id);
        self.keys.retain(|queued| queued.id != id);
        if let Some(round) = self.round.as_deref_mut().filter(|round| round.kind == id.kind) {
            round.due.retain(|(_, number)| *number != id.number);
        }
    }

    /// The keys that wait at places of their own, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Queued> {
        self.keys.iter().copied()
    }
}

/// The queues of all workers. Most are empty, and take neither memory nor the time to copy it.
#[derive(Debug)]
pub(super) struct Queues<const N: usize>([Option<Box<Queue>>; N]);

impl<const N: usize> Default for Queues<N> {
    fn default() -> Self {
        Self([const { None }; N])
    }
}

impl<const N: usize> Clone for Queues<N> {
    fn clone(&self) -> Self {
        let mut copy = Self::default();
        for (copy, queue) in copy.0.iter_mut().zip(&self.0) {
            if let Some(queue) = queue.as_ref().filter(|queue| !queue.is_empty()) {
                *copy = Some(queue.clone());
            }
        }
        copy
    }
}

impl<const N: usize> Index<usize> for Queues<N> {
    type Output = Queue;

    fn index(&self, number: usize) -> &Queue {
        static EMPTY: Queue = Queue { keys: VecDeque::new(), present: Present(Vec::new()), round: None };
        self.0[number].as_deref().unwrap_or(&EMPTY)
    }
}

impl<const N: usize> IndexMut<usize> for Queues<N> {
    fn index_mut(&mut self, number: usize) -> &mut Queue {
        self.0[number].get_or_insert_default()
    }
}

impl Round {
    /// The next object that must be looked at.
    fn next(&self, offered: Option<(Sequence, u32)>) -> Option<(Sequence, u32)> {
        let offered = offered.filter(|(created, _)| *created > self.passed && *created <= self.last);
        self.due.first().copied().into_iter().chain(offered).min()
    }
}
