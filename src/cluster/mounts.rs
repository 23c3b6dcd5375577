//! The files that a container of a pod sees: those of its volumes, and those that live and die with it.

use crate::api::ApiError;
use crate::backend::{ContentsChange, ContentsError, Location};
use crate::cluster::Cluster;
use crate::controllers::{bound_volume, expand, mount_files};
use crate::model::kind::Kind;
use crate::model::pod::{Container, Pod, PodPhase, PodVolume, PodVolumeSource, VolumeMount};
use crate::model::text::Text;
use crate::model::volume_source::VolumeSource;
use crate::store::Actor;

/// Why a file of a pod cannot be reached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MountError {
    /// There is no such pod.
    #[error(transparent)]
    NoPod(#[from] ApiError),
    /// The pod does not run.
    #[error("container not running: pod {pod} is {phase}")]
    NotRunning {
        /// The pod.
        pod: Text,
        /// Its phase.
        phase: PodPhase,
    },
    /// The pod has no such container.
    #[error("container {container:?} is not valid for pod {pod}")]
    NoContainer {
        /// The container.
        container: Text,
        /// The pod.
        pod: Text,
    },
    /// The volume is mounted read only.
    #[error("{path}: read-only file system")]
    ReadOnly {
        /// The path in the container.
        path: Text,
    },
    /// There is no such file, or something is in its way.
    #[error(transparent)]
    Contents(#[from] ContentsError),
}

/// A path of a container, and where it leads.
enum Target {
    /// To a place with files, at a path below it.
    Place { location: Location, path: Text, read_only: bool },
    /// To files that the kubelet made.
    Made { files: Vec<(Text, Text)>, path: Text },
}

impl Cluster {
    /// Reads a file as a container of a running pod sees it. `pod` is `namespace/name`, or a name in the default
    /// namespace; without a container the first one is meant.
    ///
    /// # Errors
    /// [`MountError`] where the pod does not run, or there is no such file.
    pub fn read_in_pod(&self, pod: &str, container: Option<&str>, path: &str) -> Result<Text, MountError> {
        let missing = || MountError::from(ContentsError::Missing { path: path.into() });
        match self.target(pod, container, path)? {
            Target::Place { location, path, .. } => self.contents.read(&location, &path).cloned().ok_or_else(missing),
            Target::Made { files, path } => {
                files.into_iter().find(|(name, _)| *name == path).map(|(_, text)| text).ok_or_else(missing)
            }
        }
    }

    /// Writes a file as a container of a running pod does. What is not in a volume lives and dies with the pod.
    ///
    /// ```
    /// use bindery::Cluster;
    ///
    /// let mut cluster = Cluster::default();
    /// cluster.apply_yaml("
    /// {apiVersion: v1, kind: Node, metadata: {name: n1}}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web}
    /// spec:
    ///   nodeName: n1
    ///   containers: [{name: c, image: nginx, volumeMounts: [{name: html, mountPath: /srv}]}]
    ///   volumes: [{name: html, hostPath: {path: /data}}]
    /// ")?;
    /// cluster.settle()?;
    /// cluster.write_in_pod("web", None, "/srv/index.html", "hello")?;
    /// assert_eq!(cluster.read_in_pod("web", None, "/srv/index.html")?, "hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`MountError`] where the pod does not run, the volume is mounted read only, or something is in the way.
    pub fn write_in_pod(
        &mut self,
        pod: &str,
        container: Option<&str>,
        path: &str,
        text: impl Into<Text>,
    ) -> Result<(), MountError> {
        match self.target(pod, container, path)? {
            Target::Place { location, path, read_only: false } => {
                let change = ContentsChange::Written { path, text: text.into() };
                self.change_contents(Actor::User, "", location, change)?;
                Ok(())
            }
            Target::Place { .. } | Target::Made { .. } => Err(MountError::ReadOnly { path: path.into() }),
        }
    }

    fn target(&self, pod: &str, container: Option<&str>, path: &str) -> Result<Target, MountError> {
        let key = Kind::Pod.named(self.namespaced(pod));
        let missing = || ApiError::NotFound { kind: Kind::Pod, name: key.key.name.clone() };
        let pod = self.store.pods.find(&key.key).ok_or_else(missing)?;
        if pod.status.phase != PodPhase::Running {
            return Err(MountError::NotRunning { pod: key.key.to_string().into(), phase: pod.status.phase.clone() });
        }
        let container = find_container(pod, container)?;
        let mount = container.volume_mounts.iter().filter_map(|mount| Some((mount, below(&mount.mount_path, path)?)));
        let mount = mount.max_by_key(|(mount, _)| mount.mount_path.len());
        let Some((mount, rest)) = mount else {
            let location = Location::empty_dir(pod.metadata.uid.clone(), format!("container {}", container.name));
            return Ok(Target::Place { location, path: path.into(), read_only: false });
        };
        let volume = pod.spec.volumes.iter().find(|volume| volume.name == mount.name);
        let volume = volume.ok_or_else(|| ContentsError::NoPlace { name: mount.name.clone() })?;
        let sub_path = match mount.sub_path_expr.as_str() {
            "" => mount.sub_path.to_string(),
            expression => expand(expression, pod, container, &self.store),
        };
        self.mounted(pod, volume, mount, &format!("{sub_path}/{rest}"))
    }

    fn mounted(&self, pod: &Pod, volume: &PodVolume, mount: &VolumeMount, path: &str) -> Result<Target, MountError> {
        let path: Text = path.trim_matches('/').into();
        if let Some(files) = mount_files(pod, volume, &self.store) {
            let why = |message: String| ContentsError::NoPlace { name: message.into() };
            return Ok(Target::Made { files: files.map_err(why)?, path });
        }
        let no_place = || ContentsError::NoPlace { name: volume.name.clone() };
        let source = volume.sources.iter().next().ok_or_else(no_place)?;
        let (location, read_only) = self.mounted_place(pod, volume, source).ok_or_else(no_place)?;
        Ok(Target::Place { location, path, read_only: read_only || mount.read_only })
    }

    /// What stands behind a volume of a pod, and whether it may only be read.
    fn mounted_place(&self, pod: &Pod, volume: &PodVolume, source: &PodVolumeSource) -> Option<(Location, bool)> {
        let node = &pod.spec.node_name;
        let own = || Location::empty_dir(pod.metadata.uid.clone(), volume.name.clone());
        Some(match source {
            PodVolumeSource::HostPath(source) => (Location::on_node(node, &source.path), false),
            PodVolumeSource::Nfs(source) => (Location::nfs(&source.server, &source.path), source.read_only),
            PodVolumeSource::PersistentVolumeClaim(_) | PodVolumeSource::Ephemeral(_) => {
                let (_, claim) = pod.claim_volumes().find(|(name, _)| **name == volume.name)?;
                let bound = bound_volume(&claim, &self.store)?;
                let by_pod = matches!(source, PodVolumeSource::PersistentVolumeClaim(claim) if claim.read_only);
                let stored = bound.spec.sources.first()?;
                (Location::of_source(stored, node), by_pod || is_read_only(stored))
            }
            _ => (own(), false),
        })
    }

    /// Destroys what lived in a pod that is gone.
    pub(super) fn empty_volumes(&mut self, pod: &Pod) {
        let volumes = pod.spec.volumes.iter().map(|volume| volume.name.clone());
        let containers = pod.spec.containers.iter().map(|container| format!("container {}", container.name).into());
        let places: Vec<Text> = volumes.chain(containers).collect();
        for place in places {
            let location = Location::empty_dir(pod.metadata.uid.clone(), place);
            self.change_files(Actor::Kubelet, "WL-5", location, ContentsChange::Destroyed);
        }
    }
}

fn find_container<'p>(pod: &'p Pod, name: Option<&str>) -> Result<&'p Container, MountError> {
    let mut containers = pod.spec.containers.iter();
    let found = match name {
        None => containers.next(),
        Some(name) => containers.find(|container| container.name == name),
    };
    found.ok_or_else(|| MountError::NoContainer {
        container: name.unwrap_or_default().into(),
        pod: pod.key().to_string().into(),
    })
}

/// Whether a volume says of itself that it may only be read.
fn is_read_only(source: &VolumeSource) -> bool {
    match source {
        VolumeSource::Nfs(source) => source.read_only,
        VolumeSource::Csi(source) => source.read_only,
        VolumeSource::CephFs(source) => source.read_only,
        VolumeSource::Glusterfs(source) => source.read_only,
        VolumeSource::AzureFile(source) => source.read_only,
        _ => false,
    }
}

/// The rest of a path below a directory.
fn below<'p>(directory: &str, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix(directory.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/'))
}
