//! The files behind volumes, as a user and the engine reach them.

use crate::backend::{Ability, Contents, ContentsChange, ContentsError, Files, Location};
use crate::cluster::operations::Effect;
use crate::cluster::{Cluster, ContentsRecord, JournalEntry};
use crate::model::node::Node;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::model::volume_source::VolumeSource;
use crate::store::Actor;

/// A place with files: a location, or a volume by name.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Place<'p> {
    /// A location.
    Location(&'p Location),
    /// What stands behind a volume.
    Volume(&'p str),
}

impl<'p> From<&'p Location> for Place<'p> {
    fn from(location: &'p Location) -> Self {
        Self::Location(location)
    }
}

impl<'p> From<&'p str> for Place<'p> {
    fn from(volume: &'p str) -> Self {
        Self::Volume(volume)
    }
}

impl<'p> From<&'p Text> for Place<'p> {
    fn from(volume: &'p Text) -> Self {
        Self::Volume(volume)
    }
}

impl Cluster {
    /// The files behind all volumes.
    pub fn contents(&self) -> &Contents {
        &self.contents
    }

    /// The files of a location, or of what stands behind a volume; nothing where there is no such volume.
    ///
    /// ```
    /// use bindery::{AccessMode, Cluster, PersistentVolume};
    ///
    /// let mut cluster = Cluster::default();
    /// cluster.create(PersistentVolume::new("pv-1", "10Gi".parse()?, [AccessMode::ReadWriteMany]))?;
    /// cluster.write_file("pv-1", "index.html", "hello")?;
    /// assert_eq!(cluster.files("pv-1").unwrap().read("index.html").unwrap(), "hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn files<'p>(&self, place: impl Into<Place<'p>>) -> Option<Files<'_>> {
        self.locate(place.into()).map(|location| Files::new(&self.contents, location))
    }

    /// What stands behind a volume. A host path is a directory of the node that the volume's node affinity allows; of
    /// several the first by name is taken, and without any the name of the node is empty.
    pub fn location(&self, volume: &str) -> Option<Location> {
        self.location_of(self.volume(volume)?)
    }

    /// Writes a file as somebody with access to the storage would, and makes the directories that lead to it.
    ///
    /// # Errors
    /// [`ContentsError`] where there is no such place, or something is in the way of the file.
    pub fn write_file<'p>(
        &mut self,
        place: impl Into<Place<'p>>,
        path: &str,
        text: impl Into<Text>,
    ) -> Result<(), ContentsError> {
        let change = ContentsChange::Written { path: path.into(), text: text.into() };
        self.change_as_user(place.into(), change)
    }

    /// Removes a file, or a directory with everything in it, as somebody with access to the storage would.
    ///
    /// # Errors
    /// [`ContentsError`] where there is no such place, or nothing at the path.
    pub fn remove_file<'p>(&mut self, place: impl Into<Place<'p>>, path: &str) -> Result<(), ContentsError> {
        self.change_as_user(place.into(), ContentsChange::Removed { path: path.into() })
    }

    fn change_as_user(&mut self, place: Place<'_>, change: ContentsChange) -> Result<(), ContentsError> {
        let location = self.locate(place).ok_or_else(|| {
            let name = if let Place::Volume(name) = place { name } else { "" };
            ContentsError::NoPlace { name: name.into() }
        })?;
        self.change_contents(Actor::User, "", location, change).map(drop)
    }

    fn locate(&self, place: Place<'_>) -> Option<Location> {
        match place {
            Place::Location(location) => Some(location.clone()),
            Place::Volume(name) => self.location(name),
        }
    }

    /// What stands behind a volume.
    pub(super) fn location_of(&self, volume: &PersistentVolume) -> Option<Location> {
        let source = volume.spec.sources.first()?;
        let node = match source {
            VolumeSource::HostPath(_) | VolumeSource::Local(_) => self.node_of(volume),
            _ => Text::default(),
        };
        Some(Location::of_source(source, &node))
    }

    /// The node on which the directory of a host path or local volume lies.
    fn node_of(&self, volume: &PersistentVolume) -> Text {
        let allowed = |node: &Node| {
            let affinity = volume.spec.node_affinity.as_deref();
            affinity.is_none_or(|affinity| affinity.allows(&node.metadata.labels).unwrap_or(false))
        };
        let nodes = self.store.nodes.in_order().into_iter().map(|(_, node)| node).filter(|node| allowed(node));
        nodes.map(|node| &node.metadata.name).min().cloned().unwrap_or_default()
    }

    /// Changes files, and writes it down if anything is different afterwards.
    pub(super) fn change_contents(
        &mut self,
        actor: Actor,
        rule: &'static str,
        location: Location,
        change: ContentsChange,
    ) -> Result<bool, ContentsError> {
        let changed = self.contents.apply(&location, &change)?;
        if changed && self.config.journal {
            let record = ContentsRecord { time: self.now, actor, rule, location, change };
            self.journal.push(JournalEntry::Contents(Box::new(record)));
        }
        Ok(changed)
    }

    /// Changes files for a plugin or a driver, which has checked that it can be done.
    pub(super) fn change_files(
        &mut self,
        actor: Actor,
        rule: &'static str,
        location: Location,
        change: ContentsChange,
    ) -> bool {
        self.change_contents(actor, rule, location, change).unwrap_or(false)
    }

    /// What reclaiming a volume does to its files (`DELETE-6`, `RECYCLE-8`).
    pub(super) fn reclaiming(&self, ability: Ability, volume: &PersistentVolume) -> Option<Effect> {
        let location = self.location_of(volume)?;
        match ability {
            Ability::Delete => Some(Effect { location, change: ContentsChange::Destroyed, rule: "DELETE-6" }),
            Ability::Recycle => Some(Effect { location, change: ContentsChange::Wiped, rule: "RECYCLE-8" }),
            Ability::Provision => None,
        }
    }
}
