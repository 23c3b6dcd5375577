//! What an external provisioner asks of a driver, and what a driver may answer.
//!
//! The split is that of a real cluster: the provisioner looks at claims and volumes, writes objects, emits events and
//! tries again; the driver makes, deletes and grows storage. A tool that has storage of its own implements [`Driver`].

use std::fmt;
use std::time::Duration;

use crate::backend::contents::Contents;
use crate::backend::location::Location;
use crate::backend::reply::{Failure, Reply};
use crate::backend::sidecar::Sidecar;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::{StorageClass, VolumeAttributesClass};
use crate::model::csi::CsiNode;
use crate::model::list::StringMap;
use crate::model::names::SELECTED_NODE;
use crate::model::node::Node;
use crate::model::quantity::Quantity;
use crate::model::reference::NamespacedName;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::model::volume_source::VolumeSource;

/// What makes, deletes and grows the storage behind volumes, outside of the controllers of Kubernetes.
///
/// A driver may keep a state of its own, such as what it has handed out. It is copied with the cluster, so it must not
/// share anything that changes; the same calls in the same order must get the same answers.
///
/// ```
/// use bindery::volume_source::NfsVolumeSource;
/// use bindery::{
///     AccessMode, ClaimPhase, Cluster, Config, Driver, Failure, Fate, NewVolume, PersistentVolumeClaim, ProvisionRequest,
///     Reply, DeleteRequest, StorageClass, Text, VolumeSource,
/// };
///
/// /// Hands out directories as long as it has some.
/// #[derive(Clone, Debug)]
/// struct Shelf {
///     free: Vec<&'static str>,
/// }
///
/// impl Driver for Shelf {
///     fn name(&self) -> &str {
///         "example.com/shelf"
///     }
///
///     fn provision(&mut self, request: &ProvisionRequest<'_>) -> Reply<NewVolume> {
///         let Some(path) = self.free.pop() else {
///             return Reply::failed(Failure::retry("the shelf is empty"));
///         };
///         let source = NfsVolumeSource { server: "shelf".into(), path: path.into(), ..Default::default() };
///         Reply::ready(NewVolume::new(source, request.size()))
///     }
///
///     fn delete(&mut self, _: &DeleteRequest<'_>) -> Reply<Fate> {
///         Reply::ready(Fate::Destroyed)
///     }
/// }
///
/// let mut config = Config::default();
/// config.drivers.push(Box::new(Shelf { free: vec!["/a"] }));
/// let mut cluster = Cluster::new(config);
/// cluster.create(StorageClass::new("shelf", "example.com/shelf"))?;
/// for name in ["first", "second"] {
///     let claim = PersistentVolumeClaim::new("default", name, "1Gi".parse()?, [AccessMode::ReadWriteOnce]);
///     cluster.create(claim.with_class("shelf"))?;
/// }
/// cluster.settle()?;
/// assert_eq!(cluster.claim("first").unwrap().status.phase, ClaimPhase::Bound);
/// assert_eq!(cluster.claim("second").unwrap().status.phase, ClaimPhase::Pending);
/// let events = cluster.events();
/// let failed = events.iter().find(|record| record.event.reason == "ProvisioningFailed").unwrap();
/// assert_eq!(failed.event.message, "failed to provision volume with StorageClass \"shelf\": the shelf is empty");
/// assert_eq!(failed.event.source.as_str(), "example.com/shelf");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Driver: CloneDriver + fmt::Debug + Send + Sync {
    /// The name by which classes call it.
    fn name(&self) -> &str;

    /// Makes storage for a claim.
    fn provision(&mut self, request: &ProvisionRequest<'_>) -> Reply<NewVolume>;

    /// Deletes the storage behind a volume. It may be asked again for what it has deleted already.
    fn delete(&mut self, request: &DeleteRequest<'_>) -> Reply<Fate>;

    /// What becomes of a request to grow a volume (`RESIZE-9`).
    fn expand(&mut self, _request: &ExpandRequest<'_>) -> Expansion {
        Expansion::External
    }

    /// How the provisioner in front of it behaves.
    fn sidecar(&self) -> Sidecar {
        Sidecar::LIBRARY
    }

    /// Whether its provisioner cannot refer to a claim that has no self link, as those built before Kubernetes 1.20.
    fn needs_self_link(&self) -> bool {
        false
    }
}

/// Copies a driver; every driver that can be cloned has this.
pub trait CloneDriver {
    /// The copy.
    fn clone_driver(&self) -> Box<dyn Driver>;
}

impl<T: Driver + Clone + 'static> CloneDriver for T {
    fn clone_driver(&self) -> Box<dyn Driver> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Driver> {
    fn clone(&self) -> Self {
        (**self).clone_driver()
    }
}

/// What a driver can see of the cluster.
pub trait Surroundings {
    /// A node by name.
    fn node(&self, name: &str) -> Option<&Node>;
    /// All nodes, in the order of their names.
    fn nodes(&self) -> Vec<&Node>;
    /// The drivers of a node, where they are known.
    fn csi_node(&self, name: &str) -> Option<&CsiNode>;
    /// A claim.
    fn claim(&self, key: &NamespacedName) -> Option<&PersistentVolumeClaim>;
    /// A volume by name.
    fn volume(&self, name: &str) -> Option<&PersistentVolume>;
    /// A storage class by name.
    fn class(&self, name: &str) -> Option<&StorageClass>;
    /// An attributes class by name.
    fn attributes_class(&self, name: &str) -> Option<&VolumeAttributesClass>;
    /// The files behind all volumes.
    fn contents(&self) -> &Contents;
    /// Virtual time since the start of the cluster.
    fn elapsed(&self) -> Duration;
}

/// A request for storage.
pub struct ProvisionRequest<'r> {
    pub(crate) name: &'r Text,
    pub(crate) claim: &'r PersistentVolumeClaim,
    pub(crate) class: &'r StorageClass,
    pub(crate) surroundings: &'r dyn Surroundings,
}

impl<'r> ProvisionRequest<'r> {
    /// The name that the volume will have: `pvc-` and the uid of the claim.
    pub fn volume_name(&self) -> &'r Text {
        self.name
    }

    /// The claim.
    pub fn claim(&self) -> &'r PersistentVolumeClaim {
        self.claim
    }

    /// Its class.
    pub fn class(&self) -> &'r StorageClass {
        self.class
    }

    /// How much storage the claim asks for.
    pub fn size(&self) -> Quantity {
        self.claim.request()
    }

    /// The node that the scheduler chose, if it did.
    pub fn selected_node(&self) -> Option<&'r str> {
        let node = self.claim.metadata.annotations.get(SELECTED_NODE);
        node.map(Text::as_str).filter(|node| !node.is_empty())
    }

    /// The cluster around it.
    pub fn surroundings(&self) -> &'r dyn Surroundings {
        self.surroundings
    }
}

/// A request to delete the storage behind a volume.
pub struct DeleteRequest<'r> {
    pub(crate) volume: &'r PersistentVolume,
    pub(crate) surroundings: &'r dyn Surroundings,
}

impl<'r> DeleteRequest<'r> {
    /// The volume.
    pub fn volume(&self) -> &'r PersistentVolume {
        self.volume
    }

    /// The cluster around it.
    pub fn surroundings(&self) -> &'r dyn Surroundings {
        self.surroundings
    }
}

/// A request to grow a volume.
pub struct ExpandRequest<'r> {
    /// The volume.
    pub volume: &'r PersistentVolume,
    /// How large it shall be.
    pub size: &'r Quantity,
}

/// Storage that a driver has made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct NewVolume {
    /// How Kubernetes reaches it.
    pub source: VolumeSource,
    /// How large it is.
    pub capacity: Quantity,
    /// The topologies from which it can be reached, as labels of nodes; none for all.
    pub topologies: Vec<StringMap>,
    /// Annotations for the volume.
    pub annotations: StringMap,
    /// From where its first files are copied.
    pub filled_from: Option<Location>,
    /// Whether the volume takes over the volume mode and the attributes class of the claim, as CSI volumes do.
    pub(crate) as_claimed: bool,
}

impl NewVolume {
    /// Empty storage that can be reached from every node.
    pub fn new(source: impl Into<VolumeSource>, capacity: Quantity) -> Self {
        let annotations = StringMap::default();
        Self {
            source: source.into(),
            capacity,
            topologies: Vec::new(),
            annotations,
            filled_from: None,
            as_claimed: false,
        }
    }

    /// The same storage, reached from nodes with these labels only.
    #[must_use]
    pub fn reached_from(mut self, labels: impl Into<StringMap>) -> Self {
        self.topologies.push(labels.into());
        self
    }

    /// The same storage, filled with the files of another place.
    #[must_use]
    pub fn filled_from(mut self, location: Location) -> Self {
        self.filled_from = Some(location);
        self
    }
}

/// What became of the files of a volume whose storage was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fate {
    /// They are gone.
    Destroyed,
    /// They are where they were.
    Kept,
    /// They were moved.
    Archived(Location),
}

/// What becomes of a request to grow a volume.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Expansion {
    /// It is done at once.
    Instant,
    /// Somebody else has to do it.
    External,
    /// It fails.
    Failed(Failure),
}
