//! Everything that happened, in order: writes with the states before and after, and events.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::model::kind::Object;
use crate::store::write::{Actor, Verb};

/// A successful write.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WriteRecord {
    /// Virtual time since the start of the cluster.
    pub time: Duration,
    /// Who wrote.
    pub actor: Actor,
    /// The rule by which it was written, such as `BIND-1`; empty for users.
    pub rule: &'static str,
    /// What kind of write.
    pub verb: Verb,
    /// The object before; absent where it was created.
    pub before: Option<Object>,
    /// The object after; absent where it is gone.
    pub after: Option<Object>,
}

impl WriteRecord {
    /// The object that was written, as it is afterwards, or was before it went.
    pub fn object(&self) -> Option<&Object> {
        self.after.as_ref().or(self.before.as_ref())
    }
}

impl fmt::Display for WriteRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10.3}s {:<28} {:<12}", self.time.as_secs_f64(), self.actor.as_str(), self.verb.as_str())?;
        if let Some(object) = self.object() {
            write!(f, " {object}")?;
        }
        if !self.rule.is_empty() {
            write!(f, " ({})", self.rule)?;
        }
        Ok(())
    }
}

/// Entries per chunk; a chunk is shared by all copies of the journal.
const CHUNK: usize = 512;

/// A sequence of entries that only grows, in chunks that copies share.
#[derive(Debug)]
pub struct Journal<T> {
    chunks: Vec<Arc<Vec<T>>>,
    len: usize,
}

impl<T> Clone for Journal<T> {
    fn clone(&self) -> Self {
        Self { chunks: self.chunks.clone(), len: self.len }
    }
}

impl<T> Default for Journal<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), len: 0 }
    }
}

impl<T: Clone> Journal<T> {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }

    /// The entries from a number on.
    pub fn since(&self, number: usize) -> impl Iterator<Item = &T> {
        let chunk = (number / CHUNK).min(self.chunks.len());
        self.chunks[chunk..].iter().flat_map(|chunk| chunk.iter()).skip(number - chunk * CHUNK)
    }

    pub(crate) fn push(&mut self, entry: T) {
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(Arc::default());
        }
        if let Some(last) = self.chunks.last_mut() {
            Arc::make_mut(last).push(entry);
            self.len += 1;
        }
    }
}
