//! A tree of files whose parts are shared by copies until one of them changes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::text::Text;

/// A file or a directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Entry {
    File(Text),
    Directory(Arc<Directory>),
}

/// A directory. One that is empty is not kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Directory(BTreeMap<Text, Entry>);

/// What stands in the way of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// A step of the path is a file.
    File,
    /// The path is a directory.
    Directory,
}

impl Directory {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a path leads to. Without a step it leads to this directory, which is then given as none.
    pub(super) fn find(&self, steps: &[&str]) -> Option<&Entry> {
        let (first, rest) = steps.split_first()?;
        match (self.0.get(*first)?, rest) {
            (entry, []) => Some(entry),
            (Entry::Directory(directory), rest) => directory.find(rest),
            (Entry::File(_), _) => None,
        }
    }

    /// Puts an entry at a path, and makes the directories that lead to it.
    pub(super) fn put(&mut self, steps: &[&str], entry: Entry) -> Result<(), Obstacle> {
        let Some((first, rest)) = steps.split_first() else {
            return Err(Obstacle::Directory);
        };
        if rest.is_empty() {
            return match self.0.get(*first) {
                Some(Entry::Directory(_)) => Err(Obstacle::Directory),
                Some(Entry::File(_)) | None => {
                    self.0.insert(Text::from(*first), entry);
                    Ok(())
                }
            };
        }
        match self.0.get_mut(*first) {
            Some(Entry::File(_)) => Err(Obstacle::File),
            Some(Entry::Directory(directory)) => Arc::make_mut(directory).put(rest, entry),
            None => {
                let mut directory = Self::default();
                directory.put(rest, entry)?;
                self.0.insert(Text::from(*first), Entry::Directory(Arc::new(directory)));
                Ok(())
            }
        }
    }

    /// Takes out what a path leads to, and the directories that are empty then.
    pub(super) fn take(&mut self, steps: &[&str]) -> Option<Entry> {
        self.find(steps)?;
        let (first, rest) = steps.split_first()?;
        if rest.is_empty() {
            return self.0.remove(*first);
        }
        let Some(Entry::Directory(directory)) = self.0.get_mut(*first) else {
            return None;
        };
        let directory = Arc::make_mut(directory);
        let taken = directory.take(rest);
        if directory.is_empty() {
            self.0.remove(*first);
        }
        taken
    }

    /// Adds all files with their paths, in the order of the paths' steps.
    pub(super) fn files<'d>(&'d self, below: &str, found: &mut Vec<(Text, &'d Text)>) {
        for (name, entry) in &self.0 {
            let path = if below.is_empty() { name.clone() } else { Text::from(format!("{below}/{name}")) };
            match entry {
                Entry::File(text) => found.push((path, text)),
                Entry::Directory(directory) => directory.files(&path, found),
            }
        }
    }
}
