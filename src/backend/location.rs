//! What really stands behind a volume: a place with files.
//!
//! Two volumes share files exactly when their locations lie in one tree and one path is, or contains, the other: two
//! volumes on one NFS export, or one on a directory of the other's. Follows the identifying fields of
//! <https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/persistent-volume-v1/>.

use std::fmt;

use crate::model::metadata::Uid;
use crate::model::text::Text;
use crate::model::volume_source::VolumeSource;

/// What holds a tree of files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Backing {
    /// An NFS server, by name or address as it is written in the volume.
    Nfs {
        /// The server.
        server: Text,
    },
    /// The disks of a node. Host paths and local volumes are directories of it.
    Node {
        /// The node.
        name: Text,
    },
    /// A volume of a CSI driver.
    Csi {
        /// The driver.
        driver: Text,
        /// What the driver calls the volume.
        handle: Text,
    },
    /// A disk or file system that an in-tree plugin reaches.
    Disk {
        /// The key of its source in the spec of a volume, such as `awsElasticBlockStore`.
        source: &'static str,
        /// What tells it from others of its kind.
        id: Text,
    },
    /// A volume that lives and dies with a pod.
    EmptyDir {
        /// The pod.
        pod: Uid,
        /// The name of the volume in the pod.
        volume: Text,
    },
}

impl fmt::Display for Backing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nfs { server } => write!(f, "nfs {server}"),
            Self::Node { name } => write!(f, "node {name}"),
            Self::Csi { driver, handle } => write!(f, "csi {driver} {handle}"),
            Self::Disk { source, id } => write!(f, "{source} {id}"),
            Self::EmptyDir { pod, volume } => write!(f, "emptyDir {pod} {volume}"),
        }
    }
}

/// A place with files: a directory of a [`Backing`].
///
/// ```
/// use bindery::Location;
///
/// let export = Location::nfs("10.24.0.1", "/home/nfs/1/");
/// assert_eq!(export.to_string(), "nfs 10.24.0.1:/home/nfs/1");
/// assert!(export.contains(&Location::nfs("10.24.0.1", "/home/nfs/1/default-data")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    backing: Backing,
    /// Absolute and clean: no empty step, no `.` and no `..`; empty for the root.
    path: Text,
}

impl Location {
    /// A directory of a backing. The path is cleaned, as `path.Clean` in Go does.
    pub fn new(backing: Backing, path: &str) -> Self {
        let mut clean: Vec<&str> = Vec::new();
        for step in path.split('/') {
            match step {
                "" | "." => {}
                ".." => drop(clean.pop()),
                step => clean.push(step),
            }
        }
        let path: String = clean.into_iter().flat_map(|step| ["/", step]).collect();
        Self { backing, path: path.into() }
    }

    /// A directory that an NFS server exports.
    pub fn nfs(server: impl Into<Text>, path: &str) -> Self {
        Self::new(Backing::Nfs { server: server.into() }, path)
    }

    /// A directory of a node.
    pub fn on_node(name: impl Into<Text>, path: &str) -> Self {
        Self::new(Backing::Node { name: name.into() }, path)
    }

    /// A volume of a CSI driver.
    pub fn csi(driver: impl Into<Text>, handle: impl Into<Text>) -> Self {
        Self::new(Backing::Csi { driver: driver.into(), handle: handle.into() }, "")
    }

    /// A volume of a pod that lives and dies with it.
    pub fn empty_dir(pod: impl Into<Uid>, volume: impl Into<Text>) -> Self {
        Self::new(Backing::EmptyDir { pod: pod.into(), volume: volume.into() }, "")
    }

    /// What a source of a volume stands for. A host path and a local volume are a directory of the node.
    pub fn of_source(source: &VolumeSource, node: &str) -> Self {
        match source {
            VolumeSource::Nfs(nfs) => Self::nfs(&nfs.server, &nfs.path),
            VolumeSource::HostPath(host_path) => Self::on_node(node, &host_path.path),
            VolumeSource::Local(local) => Self::on_node(node, &local.path),
            VolumeSource::Csi(csi) => Self::csi(&csi.driver, &csi.volume_handle),
            other => {
                let (id, path) = disk(other);
                Self::new(Backing::Disk { source: other.key(), id: id.into() }, path)
            }
        }
    }

    /// What holds the tree.
    pub fn backing(&self) -> &Backing {
        &self.backing
    }

    /// The path in the tree, from its root on; empty for the root itself.
    pub fn path(&self) -> &Text {
        &self.path
    }

    /// A place below this one.
    #[must_use]
    pub fn join(&self, path: &str) -> Self {
        Self::new(self.backing.clone(), &format!("{}/{path}", self.path))
    }

    /// The last step of the path; empty for the root.
    pub fn base(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Whether the other place is this one, or lies in it.
    pub fn contains(&self, other: &Self) -> bool {
        let rest = other.path.strip_prefix(self.path.as_str());
        self.backing == other.backing && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.backing, self.path.is_empty()) {
            (Backing::Nfs { .. } | Backing::Node { .. }, true) => write!(f, "{}:/", self.backing),
            (_, true) => write!(f, "{}", self.backing),
            (_, false) => write!(f, "{}:{}", self.backing, self.path),
        }
    }
}

/// What tells a disk from others of its kind, and the path where the kind has one.
fn disk(source: &VolumeSource) -> (String, &str) {
    let joined = |list: &[Text]| list.iter().map(Text::as_str).collect::<Vec<_>>().join(",");
    let id = match source {
        VolumeSource::GcePersistentDisk(disk) => disk.pd_name.to_string(),
        VolumeSource::AwsElasticBlockStore(disk) => disk.volume_id.to_string(),
        VolumeSource::Glusterfs(volume) => return (volume.endpoints.to_string(), &volume.path),
        VolumeSource::CephFs(volume) => return (joined(&volume.monitors), &volume.path),
        VolumeSource::Rbd(rbd) => format!("{}/{}/{}", joined(&rbd.monitors), rbd.pool, rbd.image),
        VolumeSource::Iscsi(disk) => format!("{}/{}/{}", disk.target_portal, disk.iqn, disk.lun),
        VolumeSource::Cinder(disk) => disk.volume_id.to_string(),
        VolumeSource::FibreChannel(disk) => {
            let lun = disk.lun.map(|lun| lun.to_string()).unwrap_or_default();
            format!("{}/{lun}/{}", joined(&disk.target_wwns), joined(&disk.wwids))
        }
        VolumeSource::Flocker(dataset) => format!("{}/{}", dataset.dataset_name, dataset.dataset_uuid),
        VolumeSource::FlexVolume(volume) => {
            let options = volume.options.iter().map(|(key, value)| format!("{key}={value}"));
            format!("{}/{}", volume.driver, options.collect::<Vec<_>>().join(","))
        }
        VolumeSource::AzureFile(share) => format!("{}/{}", share.secret_name, share.share_name),
        VolumeSource::VsphereVolume(disk) => disk.volume_path.to_string(),
        VolumeSource::Quobyte(volume) => format!("{}/{}", volume.registry, volume.volume),
        VolumeSource::AzureDisk(disk) => disk.disk_uri.to_string(),
        VolumeSource::PhotonPersistentDisk(disk) => disk.pd_id.to_string(),
        VolumeSource::PortworxVolume(volume) => volume.volume_id.to_string(),
        VolumeSource::ScaleIo(volume) => format!("{}/{}/{}", volume.gateway, volume.system, volume.volume_name),
        VolumeSource::StorageOs(volume) => format!("{}/{}", volume.volume_namespace, volume.volume_name),
        // These have locations of their own.
        VolumeSource::HostPath(_) | VolumeSource::Nfs(_) | VolumeSource::Local(_) | VolumeSource::Csi(_) => {
            String::new()
        }
    };
    (id, "")
}
