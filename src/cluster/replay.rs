//! Bringing a cluster to where a journal ends.

use crate::backend::ContentsError;
use crate::cluster::{Cluster, JournalEntry, WriteRecord};
use crate::model::kind::{Object, ObjectKey};

/// A journal that does not go on from where the cluster is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// An object is not as it was before it was written.
    #[error("entry {entry} of the journal writes {object}, which is in another state here")]
    Object {
        /// The number of the entry, counted from zero.
        entry: usize,
        /// The object that it writes.
        object: ObjectKey,
    },
    /// Files are not as they were before they were changed.
    #[error("entry {entry} of the journal changes files that are in another state here")]
    Files {
        /// The number of the entry, counted from zero.
        entry: usize,
        /// What is in the way.
        #[source]
        source: ContentsError,
    },
}

impl Cluster {
    /// Carries out the writes, events and changes of files of a journal as they were recorded. Over the same start the objects, their
    /// versions and the journal become the same to the byte. The controllers are then as after a restart: they know
    /// what is stored, and look at everything again.
    ///
    /// ```
    /// use bindery::{AccessMode, Cluster, Kind, PersistentVolume};
    ///
    /// let start = Cluster::default();
    /// let mut first = start.fork();
    /// first.create(PersistentVolume::new("pv-1", "10Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
    /// first.settle()?;
    /// let mut second = start.fork();
    /// second.replay(first.journal())?;
    /// assert_eq!(second.objects(Kind::PersistentVolume), first.objects(Kind::PersistentVolume));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ReplayError`] at the first entry that does not fit; those before it have been carried out.
    pub fn replay<'j>(&mut self, journal: impl IntoIterator<Item = &'j JournalEntry>) -> Result<(), ReplayError> {
        for (number, entry) in journal.into_iter().enumerate() {
            match entry {
                JournalEntry::Write(record) => {
                    self.now = self.now.max(record.time);
                    self.replay_write(record).map_err(|object| ReplayError::Object { entry: number, object })?;
                }
                JournalEntry::Event { time, event } => {
                    self.now = self.now.max(*time);
                    self.recorder.replay(event, *time);
                }
                JournalEntry::Contents(record) => {
                    self.now = self.now.max(record.time);
                    self.contents
                        .apply(&record.location, &record.change)
                        .map_err(|source| ReplayError::Files { entry: number, source })?;
                }
                JournalEntry::Log(record) => self.now = self.now.max(record.time),
            }
            if self.config.journal {
                self.journal.push(entry.clone());
            }
        }
        self.restart();
        Ok(())
    }

    fn replay_write(&mut self, record: &WriteRecord) -> Result<(), ObjectKey> {
        let Some(key) = record.object().map(Object::reference) else {
            return Ok(());
        };
        // A deletion is recorded with the object as it was in the end, which may differ from what is stored in its
        // finalizers only.
        let held = self.store.find(&key);
        let fits = match (&record.before, &held) {
            (Some(before), Some(held)) => record.after.is_none() || before.is_identical(held),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !fits {
            return Err(key);
        }
        self.store.install(&key, record.after.as_ref());
        Ok(())
    }
}
