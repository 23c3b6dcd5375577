//! The volumes of a pod, and what stands behind each of them.
//!
//! Typed are the sources that a claim stands for and those whose contents a kubelet makes. The others are carried as
//! they were written and checked against the table of `schema` only.

use serde::de::MapAccess;
use serde::ser::SerializeMap;

use crate::model::claim::PersistentVolumeClaimSpec;
use crate::model::fields::{Field, Fields, Report, Trail, api_struct, read_value};
use crate::model::json::Json;
use crate::model::metadata::ObjectMeta;
use crate::model::pod::content::{
    ConfigMapVolumeSource, DownwardApiVolumeSource, EmptyDirVolumeSource, GitRepoVolumeSource, InlineCsiVolumeSource,
    ProjectedVolumeSource, SecretVolumeSource,
};
use crate::model::schema;
use crate::model::text::Text;
use crate::model::volume_source::{HostPathVolumeSource, NfsVolumeSource};

api_struct! {
    /// A claim that a pod uses by name.
    pub struct ClaimVolumeSource {
        /// Name of the claim, in the namespace of the pod.
        claim_name: Text = "claimName" always;
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
    }
}

api_struct! {
    /// The claim that a generic ephemeral volume makes.
    pub struct ClaimTemplate {
        /// Labels and annotations of the claim.
        metadata: ObjectMeta = "metadata";
        /// What the claim asks for.
        spec: PersistentVolumeClaimSpec = "spec" always;
    }
}

api_struct! {
    /// A volume whose claim lives as long as the pod.
    pub struct EphemeralVolumeSource {
        /// The claim.
        volume_claim_template: Option<ClaimTemplate> = "volumeClaimTemplate";
    }
}

/// Declares the sources of which the model knows the fields.
macro_rules! pod_volume_sources {
    ($( $(#[$doc:meta])* $variant:ident($type:ty) = $key:literal; )*) => {
        /// What stands behind a volume of a pod.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum PodVolumeSource {
            $( $(#[$doc])* $variant($type), )*
            /// Any other source, by the key under which it stands.
            Other(Text, Json),
        }

        impl PodVolumeSource {
            /// The key under which it stands in the volume.
            pub fn key(&self) -> &str {
                match self {
                    $( Self::$variant(_) => $key, )*
                    Self::Other(key, _) => key,
                }
            }

            fn read<'de, A: MapAccess<'de>>(key: &'static str, map: &mut A) -> Result<Option<Self>, A::Error> {
                match key {
                    $( $key => Ok(read_value::<Option<_>, A>(map)?.map(Self::$variant)), )*
                    key => Ok(read_value::<Option<Json>, A>(map)?.map(|value| Self::Other(key.into(), value))),
                }
            }

            fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                match self {
                    $( Self::$variant(value) => map.serialize_entry($key, value), )*
                    Self::Other(key, value) => map.serialize_entry(key, value),
                }
            }

            fn audit(&self, at: &Trail<'_>, report: Report<'_>) {
                match self {
                    $( Self::$variant(value) => value.audit(at, report), )*
                    Self::Other(_, value) => {
                        if let Some(place) = self.place() {
                            schema::audit(value, Self::KEYS[place].1, at, report);
                        }
                    }
                }
            }
        }
    };
}

pod_volume_sources! {
    /// A directory that lives as long as the pod.
    EmptyDir(EmptyDirVolumeSource) = "emptyDir";
    /// A directory of the node.
    HostPath(HostPathVolumeSource) = "hostPath";
    /// A checked-out repository.
    GitRepo(GitRepoVolumeSource) = "gitRepo";
    /// The data of a Secret.
    Secret(SecretVolumeSource) = "secret";
    /// A directory exported by an NFS server.
    Nfs(NfsVolumeSource) = "nfs";
    /// A claim.
    PersistentVolumeClaim(ClaimVolumeSource) = "persistentVolumeClaim";
    /// What is known about the pod.
    DownwardApi(DownwardApiVolumeSource) = "downwardAPI";
    /// The data of a ConfigMap.
    ConfigMap(ConfigMapVolumeSource) = "configMap";
    /// Several of these in one directory.
    Projected(ProjectedVolumeSource) = "projected";
    /// Storage that a driver makes for the pod.
    Csi(InlineCsiVolumeSource) = "csi";
    /// A claim that is made for the pod.
    Ephemeral(EphemeralVolumeSource) = "ephemeral";
}

/// The sources of a pod's volume: one, or in an invalid pod none or several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodVolumeSources(Vec<PodVolumeSource>);

impl PodVolumeSources {
    /// The sources.
    pub fn iter(&self) -> impl Iterator<Item = &PodVolumeSource> {
        self.0.iter()
    }
}

impl From<PodVolumeSource> for PodVolumeSources {
    fn from(source: PodVolumeSource) -> Self {
        Self(vec![source])
    }
}

impl PodVolumeSource {
    /// The keys of all sources in the order in which validation meets them, with the shape of each.
    const KEYS: [(&'static str, &'static str); 30] = [
        ("emptyDir", "EmptyDirVolumeSource"),
        ("hostPath", "HostPathVolumeSource"),
        ("gitRepo", "GitRepoVolumeSource"),
        ("gcePersistentDisk", "GCEPersistentDiskVolumeSource"),
        ("awsElasticBlockStore", "AWSElasticBlockStoreVolumeSource"),
        ("secret", "SecretVolumeSource"),
        ("nfs", "NFSVolumeSource"),
        ("iscsi", "ISCSIVolumeSource"),
        ("glusterfs", "GlusterfsVolumeSource"),
        ("flocker", "FlockerVolumeSource"),
        ("persistentVolumeClaim", "PersistentVolumeClaimVolumeSource"),
        ("rbd", "RBDVolumeSource"),
        ("cinder", "CinderVolumeSource"),
        ("cephfs", "CephFSVolumeSource"),
        ("quobyte", "QuobyteVolumeSource"),
        ("downwardAPI", "DownwardAPIVolumeSource"),
        ("fc", "FCVolumeSource"),
        ("flexVolume", "FlexVolumeSource"),
        ("configMap", "ConfigMapVolumeSource"),
        ("azureFile", "AzureFileVolumeSource"),
        ("vsphereVolume", "VsphereVirtualDiskVolumeSource"),
        ("photonPersistentDisk", "PhotonPersistentDiskVolumeSource"),
        ("portworxVolume", "PortworxVolumeSource"),
        ("azureDisk", "AzureDiskVolumeSource"),
        ("storageos", "StorageOSVolumeSource"),
        ("scaleIO", "ScaleIOVolumeSource"),
        ("projected", "ProjectedVolumeSource"),
        ("csi", "CSIVolumeSource"),
        ("ephemeral", "EphemeralVolumeSource"),
        ("image", "ImageVolumeSource"),
    ];

    fn place(&self) -> Option<usize> {
        Self::KEYS.iter().position(|(key, _)| *key == self.key())
    }
}

impl Fields for PodVolumeSources {
    const COUNT: usize = PodVolumeSource::KEYS.len();

    fn index_of(key: &str) -> Option<usize> {
        PodVolumeSource::KEYS.iter().position(|(known, _)| *known == key)
    }

    fn names() -> Vec<&'static str> {
        PodVolumeSource::KEYS.iter().map(|(key, _)| *key).collect()
    }

    fn read<'de, A: MapAccess<'de>>(&mut self, index: usize, map: &mut A) -> Result<(), A::Error> {
        if let Some(source) = PodVolumeSource::read(PodVolumeSource::KEYS[index].0, map)? {
            let at = self.0.partition_point(|present| present.place() < source.place());
            self.0.insert(at, source);
        }
        Ok(())
    }

    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.0.iter().try_for_each(|source| source.write(map))
    }

    fn audit_fields(&self, at: &Trail<'_>, report: Report<'_>) {
        for source in &self.0 {
            source.audit(&at.key(source.key()), report);
        }
    }
}

api_struct! {
    /// A volume of a pod.
    pub struct PodVolume {
        /// Its name in the pod.
        name: Text = "name" always;
    }
    group {
        /// What stands behind it.
        sources: PodVolumeSources;
    }
}
