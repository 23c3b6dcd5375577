//! Everything that happened, in order: writes with the states before and after, events, changes of files, lines in logs.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::backend::{ContentsChange, Location};
use crate::cluster::events::Event;
use crate::model::kind::{Object, ObjectKey};
use crate::model::shared::Shared;
use crate::model::text::Text;
use crate::store::{Actor, Verb};

/// What many writes have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cause {
    /// Who wrote.
    pub actor: Actor,
    /// The rule by which it was written, such as `BIND-1`; empty for users.
    pub rule: &'static str,
    /// What kind of write.
    pub verb: Verb,
}

/// A write that was carried out. The fields of its [`Cause`] are reached as if they were its own.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WriteRecord {
    /// Virtual time since the start of the cluster.
    pub time: Duration,
    /// Who wrote, by which rule, and how.
    pub cause: Shared<Cause>,
    /// The object before; absent where it was created.
    pub before: Option<Object>,
    /// The object after; absent where it is gone.
    pub after: Option<Object>,
}

impl Deref for WriteRecord {
    type Target = Cause;

    fn deref(&self) -> &Cause {
        &self.cause
    }
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

/// A change of the files behind a volume.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ContentsRecord {
    /// Virtual time since the start of the cluster.
    pub time: Duration,
    /// Who changed them.
    pub actor: Actor,
    /// The rule by which they were changed, such as `RECYCLE-8`; empty for users.
    pub rule: &'static str,
    /// Where.
    pub location: Location,
    /// What happened.
    pub change: ContentsChange,
}

impl fmt::Display for ContentsRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, actor, rule, location, change } = self;
        write!(f, "{:>10.3}s {:<28} {:<12} {location}: {change}", time.as_secs_f64(), actor.as_str(), "contents")?;
        if rule.is_empty() { Ok(()) } else { write!(f, " ({rule})") }
    }
}

/// A line in the log of a controller, where Kubernetes leaves no other trace.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogRecord {
    /// Virtual time since the start of the cluster.
    pub time: Duration,
    /// In whose log it stands.
    pub actor: Actor,
    /// The object that it is about.
    pub object: ObjectKey,
    /// The line, without the time and the place in the source.
    pub message: Text,
}

impl fmt::Display for LogRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, actor, object, message } = self;
        write!(f, "{:>10.3}s {:<28} {:<12} {object}: {message}", time.as_secs_f64(), actor.as_str(), "log")
    }
}

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum JournalEntry {
    /// A write that was carried out.
    Write(WriteRecord),
    /// An event that was emitted. Repetitions at later resyncs only raise the count of its record.
    Event {
        /// Virtual time since the start of the cluster.
        time: Duration,
        /// The event.
        event: Arc<Event>,
    },
    /// A change of the files behind a volume.
    Contents(Box<ContentsRecord>),
    /// A line in a log.
    Log(Box<LogRecord>),
}

impl JournalEntry {
    /// The write, if this is one.
    pub fn write(&self) -> Option<&WriteRecord> {
        match self {
            Self::Write(record) => Some(record),
            Self::Event { .. } | Self::Contents(_) | Self::Log(_) => None,
        }
    }

    /// The event, if this is one.
    pub fn event(&self) -> Option<&Event> {
        match self {
            Self::Event { event, .. } => Some(event),
            Self::Write(_) | Self::Contents(_) | Self::Log(_) => None,
        }
    }

    /// The change of files, if this is one.
    pub fn contents(&self) -> Option<&ContentsRecord> {
        match self {
            Self::Contents(record) => Some(record),
            Self::Write(_) | Self::Event { .. } | Self::Log(_) => None,
        }
    }

    /// The line in a log, if this is one.
    pub fn log(&self) -> Option<&LogRecord> {
        match self {
            Self::Log(record) => Some(record),
            Self::Write(_) | Self::Event { .. } | Self::Contents(_) => None,
        }
    }
}

impl std::fmt::Display for JournalEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Write(record) => record.fmt(f),
            Self::Event { time, event } => {
                let seconds = time.as_secs_f64();
                write!(f, "{seconds:>10.3}s {:<28} {:<12} {}: {event}", event.source.as_str(), "event", event.object)
            }
            Self::Contents(record) => record.fmt(f),
            Self::Log(record) => record.fmt(f),
        }
    }
}

/// Serialized, an entry is complete: the objects of a write as they are printed, time in nanoseconds. Two runs agree
/// when the texts of their entries do.
impl Serialize for JournalEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Virtual time is far from the 584 years that 64 bits of nanoseconds hold.
        let nanos = |time: &Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        match self {
            Self::Write(record) => {
                let mut out = serializer.serialize_struct("Write", 6)?;
                out.serialize_field("time", &nanos(&record.time))?;
                out.serialize_field("actor", record.actor.as_str())?;
                out.serialize_field("verb", record.verb.as_str())?;
                out.serialize_field("rule", record.rule)?;
                out.serialize_field("before", &record.before)?;
                out.serialize_field("after", &record.after)?;
                out.end()
            }
            Self::Event { time, event } => {
                let mut out = serializer.serialize_struct("Event", 7)?;
                out.serialize_field("time", &nanos(time))?;
                out.serialize_field("source", event.source.as_str())?;
                out.serialize_field("object", &event.object.to_string())?;
                out.serialize_field("uid", &event.uid)?;
                out.serialize_field("type", event.event_type.as_str())?;
                out.serialize_field("reason", event.reason)?;
                out.serialize_field("message", &event.message)?;
                out.end()
            }
            Self::Contents(record) => {
                let mut out = serializer.serialize_struct("Contents", 6)?;
                out.serialize_field("time", &nanos(&record.time))?;
                out.serialize_field("actor", record.actor.as_str())?;
                out.serialize_field("rule", record.rule)?;
                out.serialize_field("location", &record.location.to_string())?;
                out.serialize_field("change", &record.change.to_string())?;
                let text = if let ContentsChange::Written { text, .. } = &record.change { Some(text) } else { None };
                out.serialize_field("text", &text)?;
                out.end()
            }
            Self::Log(record) => {
                let mut out = serializer.serialize_struct("Log", 4)?;
                out.serialize_field("time", &nanos(&record.time))?;
                out.serialize_field("actor", record.actor.as_str())?;
                out.serialize_field("object", &record.object.to_string())?;
                out.serialize_field("message", &record.message)?;
                out.end()
            }
        }
    }
}

/// Entries per chunk; a chunk is shared by all copies of the journal.
const CHUNK: usize = 512;

/// A sequence of entries that only grows, in chunks that copies share. Copying takes one reference count for each
/// 512 entries.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    chunks: Vec<Arc<Vec<JournalEntry>>>,
    len: usize,
    /// The causes of writes so far, the latest among the first.
    causes: Vec<Shared<Cause>>,
}

impl Journal {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The entries in order.
    pub fn iter(&self) -> Entries<'_> {
        self.since(0)
    }

    /// The entries from a number on. Cost: constant, whatever the number.
    pub fn since(&self, number: usize) -> Entries<'_> {
        Entries { journal: self, next: number }
    }

    /// Forgets everything, and keeps its memory for what comes.
    #[cfg(feature = "explore")]
    pub(super) fn clear(&mut self) {
        self.chunks.truncate(1);
        self.len = 0;
        match self.chunks.first_mut().map(Arc::get_mut) {
            Some(Some(chunk)) => chunk.clear(),
            Some(None) => self.chunks.clear(),
            None => {}
        }
    }

    /// A cause, shared with the writes before that had it.
    pub(super) fn cause(&mut self, cause: Cause) -> Shared<Cause> {
        let known = self.causes.iter().position(|known| **known == cause);
        let place = known.unwrap_or_else(|| {
            self.causes.push(cause.into());
            self.causes.len() - 1
        });
        self.causes[..=place].rotate_right(1);
        self.causes[0].clone()
    }

    pub(super) fn push(&mut self, entry: JournalEntry) {
        if self.len == self.chunks.len() * CHUNK {
            self.chunks.push(Arc::default());
        }
        if let Some(last) = self.chunks.last_mut() {
            Arc::make_mut(last).push(entry);
            self.len += 1;
        }
    }
}

impl<'j> IntoIterator for &'j Journal {
    type Item = &'j JournalEntry;
    type IntoIter = Entries<'j>;

    fn into_iter(self) -> Entries<'j> {
        self.iter()
    }
}

/// The entries of a [`Journal`], one after the other.
#[derive(Clone, Debug)]
pub struct Entries<'j> {
    journal: &'j Journal,
    next: usize,
}

impl<'j> Iterator for Entries<'j> {
    type Item = &'j JournalEntry;

    fn next(&mut self) -> Option<&'j JournalEntry> {
        let entry = self.journal.chunks.get(self.next / CHUNK)?.get(self.next % CHUNK)?;
        self.next += 1;
        Some(entry)
    }
}
