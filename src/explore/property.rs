//! What is asked of all runs.

use std::fmt;
use std::sync::Arc;

use crate::cluster::{Cluster, ContentsRecord, JournalEntry, WriteRecord};
use crate::model::kind::Object;

/// When a property is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Expectation {
    /// It holds after every move of every run.
    Always,
    /// It holds whenever no controller has anything to do.
    AlwaysWhenQuiet,
    /// Every run comes to a point at which it holds.
    Eventually,
    /// Some run comes to a point at which it holds.
    Sometimes,
}

/// What a move did, as far as it decides which properties of moves are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct News(u8);

impl News {
    pub(super) const VOLUMES: Self = Self(1);
    pub(super) const CLAIMS: Self = Self(2);
    pub(super) const PODS: Self = Self(4);
    /// Something is gone.
    pub(super) const GONE: Self = Self(8);
    /// Files have changed.
    pub(super) const CONTENTS: Self = Self(16);
    const ALL: Self = Self(u8::MAX);

    /// What the journal of a move tells.
    pub(super) fn of(cluster: &Cluster) -> Self {
        cluster.journal().iter().fold(Self(32), |news, entry| {
            let new = match entry {
                JournalEntry::Write(WriteRecord { after: None, .. }) => Self::GONE,
                JournalEntry::Write(WriteRecord { after: Some(Object::PersistentVolume(_)), .. }) => Self::VOLUMES,
                JournalEntry::Write(WriteRecord { after: Some(Object::PersistentVolumeClaim(_)), .. }) => Self::CLAIMS,
                JournalEntry::Write(WriteRecord { after: Some(Object::Pod(_)), .. }) => Self::PODS,
                JournalEntry::Contents(_) => Self::CONTENTS,
                JournalEntry::Write(_) | JournalEntry::Event { .. } | JournalEntry::Log(_) => Self(0),
            };
            Self(news.0 | new.0)
        })
    }

    pub(super) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

type Check = dyn Fn(&Moment<'_>) -> Result<(), String> + Send + Sync;

/// Something that is asked of all runs, under a name.
#[derive(Clone)]
pub struct Property {
    pub(super) name: String,
    pub(super) expectation: Expectation,
    pub(super) check: Arc<Check>,
    /// What a move must have done for the property to be violated by it.
    pub(super) concerns: News,
}

impl fmt::Debug for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Property")
            .field("name", &self.name)
            .field("expectation", &self.expectation)
            .finish_non_exhaustive()
    }
}

impl Property {
    /// Something that is so after every move. The check says what is wrong where it is not.
    pub fn always(
        name: impl Into<String>,
        check: impl Fn(&Moment<'_>) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), expectation: Expectation::Always, check: Arc::new(check), concerns: News::ALL }
    }

    /// Something that is so whenever no controller has anything to do.
    pub fn when_quiet(
        name: impl Into<String>,
        check: impl Fn(&Moment<'_>) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            expectation: Expectation::AlwaysWhenQuiet,
            check: Arc::new(check),
            concerns: News::ALL,
        }
    }

    /// Something to which every run comes in which nobody is passed over for ever. It must depend on the state alone.
    pub fn eventually(name: impl Into<String>, holds: impl Fn(&Cluster) -> bool + Send + Sync + 'static) -> Self {
        Self::of_state(name, Expectation::Eventually, holds)
    }

    /// Something to which some run comes. It must depend on the state alone.
    pub fn sometimes(name: impl Into<String>, holds: impl Fn(&Cluster) -> bool + Send + Sync + 'static) -> Self {
        Self::of_state(name, Expectation::Sometimes, holds)
    }

    /// The same, which only moves can violate that did this.
    pub(super) fn concerning(mut self, news: News) -> Self {
        self.concerns = news;
        self
    }

    fn of_state(
        name: impl Into<String>,
        expectation: Expectation,
        holds: impl Fn(&Cluster) -> bool + Send + Sync + 'static,
    ) -> Self {
        let check = move |moment: &Moment<'_>| if holds(moment.cluster) { Ok(()) } else { Err(String::new()) };
        Self { name: name.into(), expectation, check: Arc::new(check), concerns: News::ALL }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it is looked at.
    pub fn expectation(&self) -> Expectation {
        self.expectation
    }
}

/// A point of a run: what is there, and what led to it.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'m> {
    pub(super) before: Option<&'m Cluster>,
    pub(super) cluster: &'m Cluster,
}

impl<'m> Moment<'m> {
    /// The cluster.
    pub fn cluster(&self) -> &'m Cluster {
        self.cluster
    }

    /// The cluster before the move that led here; none at the beginning, and where it is only asked what there is.
    pub fn before(&self) -> Option<&'m Cluster> {
        self.before
    }

    /// The writes of that move.
    pub fn writes(&self) -> impl Iterator<Item = &'m WriteRecord> {
        let entries = self.before.map(|_| self.cluster.journal().iter());
        entries.into_iter().flatten().filter_map(JournalEntry::write)
    }

    /// What that move did to files.
    pub fn contents(&self) -> impl Iterator<Item = &'m ContentsRecord> {
        let entries = self.before.map(|_| self.cluster.journal().iter());
        entries.into_iter().flatten().filter_map(JournalEntry::contents)
    }
}
