//! The fingerprint of a run: one number for everything that happened.

use crate::cluster::{Cluster, Journal, JournalEntry};
use crate::manifest::to_line;
use crate::model::fnv::Fnv1a64;

impl Cluster {
    /// The fingerprint of the run so far: of its journal with all versions and times, and of how far virtual time has
    /// come. Two runs with one fingerprint wrote the same, in the same order, at the same times.
    ///
    /// It is FNV-1a with 64 bits over the entries of the journal, each as one line of JSON that ends with a line feed,
    /// and over the nanoseconds of virtual time as eight bytes, the lowest first. It is the same on every platform, and a
    /// release that changes it for the same journal says so. Cost: linear in the length of the journal.
    ///
    /// ```
    /// let cluster = bindery::Cluster::default();
    /// assert_eq!(format!("{:016x}", cluster.fingerprint()), "a8c7f832281a39c5");
    /// ```
    pub fn fingerprint(&self) -> u64 {
        let hash = self.journal().iter().fold(Fnv1a64::new(), |hash, entry| hash.with(entry.line().as_bytes()));
        let nanos = u64::try_from(self.elapsed().as_nanos()).unwrap_or(u64::MAX);
        hash.with(&nanos.to_le_bytes()).0
    }
}

impl JournalEntry {
    /// The entry as one line of JSON, with the line feed at its end.
    pub fn line(&self) -> String {
        to_line(self)
    }
}

impl Journal {
    /// All entries, each as one line of JSON.
    pub fn to_lines(&self) -> String {
        self.iter().map(JournalEntry::line).collect()
    }
}
