//! The files behind all volumes: what was written, wiped, destroyed and archived.
//!
//! Nothing is kept of a place that is empty, and copies share what neither of them has changed, so that a cluster of a
//! million empty volumes pays nothing and a fork pays a few reference counts.

mod tree;

use std::collections::BTreeMap;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use crate::backend::contents::tree::{Directory, Entry, Obstacle};
use crate::backend::location::{Backing, Location};
use crate::model::text::Text;

/// What happened to the files of a place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentsChange {
    /// A file was written.
    Written {
        /// Its path below the place.
        path: Text,
        /// Its text.
        text: Text,
    },
    /// A file, or a directory with all that was in it, was removed.
    Removed {
        /// Its path below the place.
        path: Text,
    },
    /// Everything was removed so that the place can be used again (`RECYCLE-8`).
    Wiped,
    /// The place is gone with everything in it (`DELETE-6`).
    Destroyed,
    /// Everything was moved away, as the NFS provisioner does for `archiveOnDelete`.
    Archived {
        /// Where it is now.
        to: Location,
    },
    /// Everything was copied from another place, as for a claim with a data source.
    Copied {
        /// From where.
        from: Location,
    },
}

impl ContentsChange {
    /// The change in one word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Written { .. } => "written",
            Self::Removed { .. } => "removed",
            Self::Wiped => "wiped",
            Self::Destroyed => "destroyed",
            Self::Archived { .. } => "archived",
            Self::Copied { .. } => "copied",
        }
    }
}

impl fmt::Display for ContentsChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        match self {
            Self::Written { path, .. } | Self::Removed { path } => write!(f, " {path}"),
            Self::Wiped | Self::Destroyed => Ok(()),
            Self::Archived { to } => write!(f, " to {to}"),
            Self::Copied { from } => write!(f, " from {from}"),
        }
    }
}

/// Why files cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentsError {
    /// No volume of the name has a place of its own.
    #[error("volume {name:?} has no place: it does not exist, or its node is not known")]
    NoPlace {
        /// The name.
        name: Text,
    },
    /// A step of the path is a file.
    #[error("{path}: not a directory")]
    NotADirectory {
        /// The path.
        path: Text,
    },
    /// The path is a directory.
    #[error("{path}: is a directory")]
    IsADirectory {
        /// The path.
        path: Text,
    },
    /// There is nothing at the path.
    #[error("{path}: no such file or directory")]
    Missing {
        /// The path.
        path: Text,
    },
    /// The path leads out of the place.
    #[error("{path}: leads out of the volume")]
    Outside {
        /// The path.
        path: Text,
    },
    /// Files are in the way of those that shall be moved or copied.
    #[error("{location}: file exists")]
    Exists {
        /// Where.
        location: Location,
    },
}

/// How many parts the trees are spread over. A change after a copy copies the list of one part.
const SHARDS: usize = 64;

/// The files behind all volumes, by location.
///
/// ```
/// use bindery::{Cluster, Location};
///
/// let mut cluster = Cluster::default();
/// let export = Location::nfs("10.0.0.1", "/exports");
/// cluster.write_file(&export.join("a"), "index.html", "hello")?;
/// assert_eq!(cluster.files(&export).unwrap().read("a/index.html").unwrap(), "hello");
/// # Ok::<(), bindery::ContentsError>(())
/// ```
#[derive(Clone, Debug, Default, Hash)]
pub struct Contents {
    shards: Vec<Shard>,
}

type Shard = Arc<BTreeMap<Backing, Arc<Directory>>>;

impl Contents {
    /// The text of a file. Cost: logarithmic in the number of files at each step of the path.
    pub fn read(&self, location: &Location, path: &str) -> Option<&Text> {
        match self.tree(location.backing())?.find(&steps(location, path)?)? {
            Entry::File(text) => Some(text),
            Entry::Directory(_) => None,
        }
    }

    /// The files of a place: paths below it in order, and texts. Cost: linear in their number.
    pub fn list(&self, location: &Location) -> Vec<(Text, &Text)> {
        let mut found = Vec::new();
        let (tree, steps) = (self.tree(location.backing()), steps(location, "").unwrap_or_default());
        match tree.map(|tree| (steps.is_empty(), tree, tree.find(&steps))) {
            Some((true, tree, _)) => tree.files("", &mut found),
            Some((false, _, Some(Entry::Directory(directory)))) => directory.files("", &mut found),
            Some((false, _, Some(Entry::File(text)))) => found.push((Text::default(), text)),
            Some((false, _, None)) | None => {}
        }
        found
    }

    /// Whether there is no file at a place or below it.
    pub fn is_empty(&self, location: &Location) -> bool {
        let steps = steps(location, "").unwrap_or_default();
        self.tree(location.backing()).is_none_or(|tree| !steps.is_empty() && tree.find(&steps).is_none())
    }

    /// Writes a file, and makes the directories that lead to it.
    ///
    /// # Errors
    /// [`ContentsError`] where a directory or a file is in the way, or the path leads out of the place.
    pub fn write(&mut self, location: &Location, path: &str, text: impl Into<Text>) -> Result<(), ContentsError> {
        let steps = steps(location, path).ok_or_else(|| ContentsError::Outside { path: path.into() })?;
        self.put(location.backing(), &steps, Entry::File(text.into())).map_err(|obstacle| match obstacle {
            Obstacle::File => ContentsError::NotADirectory { path: path.into() },
            Obstacle::Directory => ContentsError::IsADirectory { path: path.into() },
        })
    }

    /// Removes a file, or a directory with everything in it.
    ///
    /// # Errors
    /// [`ContentsError`] where there is nothing at the path, or it leads out of the place.
    pub fn remove(&mut self, location: &Location, path: &str) -> Result<(), ContentsError> {
        let steps = steps(location, path).ok_or_else(|| ContentsError::Outside { path: path.into() })?;
        self.take(location.backing(), &steps).map(drop).ok_or_else(|| ContentsError::Missing { path: path.into() })
    }

    /// Removes everything at a place. Returns whether there was anything.
    pub fn remove_all(&mut self, location: &Location) -> bool {
        let steps = steps(location, "").unwrap_or_default();
        self.take(location.backing(), &steps).is_some()
    }

    /// Moves everything at a place to another one, which must be empty. Returns whether there was anything.
    ///
    /// # Errors
    /// [`ContentsError::Exists`] where the other place is not empty.
    pub fn archive(&mut self, from: &Location, to: &Location) -> Result<bool, ContentsError> {
        self.check_free(to)?;
        let steps = steps(from, "").unwrap_or_default();
        let Some(taken) = self.take(from.backing(), &steps) else {
            return Ok(false);
        };
        self.place(to, taken)?;
        Ok(true)
    }

    /// Copies everything at a place to another one, which must be empty. Returns whether there was anything.
    ///
    /// # Errors
    /// [`ContentsError::Exists`] where the other place is not empty.
    pub fn copy(&mut self, from: &Location, to: &Location) -> Result<bool, ContentsError> {
        self.check_free(to)?;
        let steps = steps(from, "").unwrap_or_default();
        let found = self.tree(from.backing()).and_then(|tree| match *steps {
            [] => Some(Entry::Directory(Arc::clone(tree))),
            _ => tree.find(&steps).cloned(),
        });
        let Some(found) = found else {
            return Ok(false);
        };
        self.place(to, found)?;
        Ok(true)
    }

    /// Lets a change happen. Returns whether anything is different afterwards.
    pub(crate) fn apply(&mut self, location: &Location, change: &ContentsChange) -> Result<bool, ContentsError> {
        match change {
            ContentsChange::Written { path, text } => self.write(location, path, text).map(|()| true),
            ContentsChange::Removed { path } => self.remove(location, path).map(|()| true),
            ContentsChange::Wiped | ContentsChange::Destroyed => Ok(self.remove_all(location)),
            ContentsChange::Archived { to } => self.archive(location, to),
            ContentsChange::Copied { from } => self.copy(from, location),
        }
    }

    fn check_free(&self, location: &Location) -> Result<(), ContentsError> {
        if self.is_empty(location) { Ok(()) } else { Err(ContentsError::Exists { location: location.clone() }) }
    }

    fn place(&mut self, location: &Location, entry: Entry) -> Result<(), ContentsError> {
        let steps = steps(location, "").unwrap_or_default();
        if let ([], Entry::Directory(directory)) = (&*steps, &entry) {
            self.shard_mut(location.backing()).insert(location.backing().clone(), Arc::clone(directory));
            return Ok(());
        }
        let path = location.path().clone();
        self.put(location.backing(), &steps, entry).map_err(|_| ContentsError::NotADirectory { path })
    }

    fn tree(&self, backing: &Backing) -> Option<&Arc<Directory>> {
        self.shards.get(shard_of(backing))?.get(backing)
    }

    fn put(&mut self, backing: &Backing, steps: &[&str], entry: Entry) -> Result<(), Obstacle> {
        let shard = self.shard_mut(backing);
        if let Some(tree) = shard.get_mut(backing) {
            return Arc::make_mut(tree).put(steps, entry);
        }
        let mut tree = Directory::default();
        tree.put(steps, entry)?;
        shard.insert(backing.clone(), Arc::new(tree));
        Ok(())
    }

    /// Takes out what a path leads to, and forgets a tree that is empty then.
    fn take(&mut self, backing: &Backing, steps: &[&str]) -> Option<Entry> {
        self.tree(backing)?;
        let shard = self.shard_mut(backing);
        if steps.is_empty() {
            return shard.remove(backing).map(Entry::Directory);
        }
        let tree = shard.get_mut(backing).filter(|tree| tree.find(steps).is_some())?;
        let tree = Arc::make_mut(tree);
        let taken = tree.take(steps);
        if tree.is_empty() {
            shard.remove(backing);
        }
        taken
    }

    fn shard_mut(&mut self, backing: &Backing) -> &mut BTreeMap<Backing, Arc<Directory>> {
        if self.shards.is_empty() {
            self.shards.resize_with(SHARDS, Shard::default);
        }
        Arc::make_mut(&mut self.shards[shard_of(backing)])
    }
}

/// The files of one place, to be read.
#[derive(Clone, Debug)]
pub struct Files<'c> {
    contents: &'c Contents,
    location: Location,
}

impl<'c> Files<'c> {
    pub(crate) fn new(contents: &'c Contents, location: Location) -> Self {
        Self { contents, location }
    }

    /// The place.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The text of a file.
    pub fn read(&self, path: &str) -> Option<&'c Text> {
        self.contents.read(&self.location, path)
    }

    /// The files: paths in order, and texts. Cost: linear in their number.
    pub fn list(&self) -> Vec<(Text, &'c Text)> {
        self.contents.list(&self.location)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.contents.is_empty(&self.location)
    }
}

/// The steps from the root of the tree to a path below a location; none where the path leads out of it.
fn steps<'p>(location: &'p Location, path: &'p str) -> Option<Vec<&'p str>> {
    let steps = location.path().split('/').chain(path.split('/'));
    let steps: Vec<&str> = steps.filter(|step| !matches!(*step, "" | ".")).collect();
    (!steps.contains(&"..")).then_some(steps)
}

fn shard_of(backing: &Backing) -> usize {
    // Only look-ups go through this; no order follows from it.
    usize::try_from(FxBuildHasher.hash_one(backing) >> 20).unwrap_or_default() % SHARDS
}
