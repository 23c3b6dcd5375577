//! Bringing a cluster to where a journal ends.

use crate::backend::ContentsError;
use crate::cluster::external::External;
use crate::cluster::operations::Operations;
use crate::cluster::sets::SetMemories;
use crate::cluster::timers::{Retries, Wakes};
use crate::cluster::work::Work;
use crate::cluster::{Cluster, JournalEntry, WriteRecord};
use crate::controllers::{Cache, Scheduler};
use crate::model::kind::{Kind, Object, ObjectKey};

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

    /// Lets the controllers begin anew, with nothing but the store (`RUN-1`).
    fn restart(&mut self) {
        self.cache = Cache::default();
        for (id, volume) in self.store.volumes.in_order() {
            self.cache.set_volume(id, Some(volume), self.store.volumes.created(id));
        }
        for (id, claim) in self.store.claims.in_order() {
            self.cache.set_claim(id, Some(claim));
        }
        self.work = Work::default();
        self.operations = Operations::default();
        self.retries = Retries::default();
        self.wakes = Wakes::default();
        self.external = External::default();
        self.sets = SetMemories::default();
        self.scheduler = Scheduler::default();
        for kind in Kind::ALL {
            for object in self.store.list(*kind) {
                if let Some(id) = self.store.object_id(&object.reference()) {
                    self.notify(id, None, Some(&object));
                }
            }
        }
    }
}
