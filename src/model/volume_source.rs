//! The 22 kinds of storage that may stand behind a volume.
//!
//! Each keeps its fields exactly. Which of them the controller can delete or recycle is a matter of the plugins and
//! drivers in `backend`; what the fields must look like is a matter of validation in `api`.

use std::slice;

use serde::de::MapAccess;
use serde::ser::SerializeMap;

use crate::model::fields::{Field, Fields, Report, Trail, api_struct, read_value};
use crate::model::list::{List, StringMap};
use crate::model::reference::{ObjectReference, SecretReference};
use crate::model::shared::Shared;
use crate::model::text::Text;

api_struct! {
    /// A Google Compute Engine disk.
    pub struct GcePersistentDiskVolumeSource {
        /// Name of the disk.
        pd_name: Text = "pdName" always;
        /// Type of the file system.
        fs_type: Text = "fsType";
        /// Number of the partition; 0 is the whole disk.
        partition: i32 = "partition";
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
    }
}

api_struct! {
    /// An AWS disk.
    pub struct AwsElasticBlockStoreVolumeSource {
        /// Id of the volume.
        volume_id: Text = "volumeID" always;
        /// Type of the file system.
        fs_type: Text = "fsType";
        /// Number of the partition; 0 is the whole disk.
        partition: i32 = "partition";
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
    }
}

api_struct! {
    /// A directory of the node.
    pub struct HostPathVolumeSource {
        /// The path.
        path: Text = "path" always;
        /// What must exist at the path.
        r#type: Option<Text> = "type";
    }
}

api_struct! {
    /// A Glusterfs volume.
    pub struct GlusterfsVolumeSource {
        /// Name of the endpoints that list the servers.
        endpoints: Text = "endpoints" always;
        /// The path.
        path: Text = "path" always;
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
        /// Namespace of the endpoints.
        endpoints_namespace: Option<Text> = "endpointsNamespace";
    }
}

api_struct! {
    /// A directory exported by an NFS server.
    pub struct NfsVolumeSource {
        /// Name or address of the server.
        server: Text = "server" always;
        /// The path.
        path: Text = "path" always;
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
    }
}

api_struct! {
    /// A Ceph block device.
    pub struct RbdVolumeSource {
        /// Addresses of the monitors.
        monitors: List<Text> = "monitors" always;
        /// Name of the image.
        image: Text = "image" always;
        /// Type of the file system.
        fs_type: Text = "fsType";
        /// Name of the pool.
        pool: Text = "pool";
        /// Name of the user.
        user: Text = "user";
        /// Path of the key ring.
        keyring: Text = "keyring";
        /// The secret with the credentials.
        secret_ref: Option<Shared<SecretReference>> = "secretRef";
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
    }
}

api_struct! {
    /// An iSCSI disk.
    pub struct IscsiVolumeSource {
        /// Address of the portal.
        target_portal: Text = "targetPortal" always;
        /// Qualified name of the target.
        iqn: Text = "iqn" always;
        /// Number of the logical unit.
        lun: i32 = "lun" always;
        /// Name of the interface.
        iscsi_interface: Text = "iscsiInterface";
        /// Type of the file system.
        fs_type: Text = "fsType";
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
        /// Further portals.
        portals: List<Text> = "portals";
        /// Whether discovery authenticates.
        chap_auth_discovery: bool = "chapAuthDiscovery";
        /// Whether sessions authenticate.
        chap_auth_session: bool = "chapAuthSession";
        /// The secret with the credentials.
        secret_ref: Option<Shared<SecretReference>> = "secretRef";
        /// Name of the initiator.
        initiator_name: Option<Text> = "initiatorName";
    }
}

api_struct! {
    /// An OpenStack disk.
    pub struct CinderVolumeSource {
        /// Id of the volume.
        volume_id: Text = "volumeID" always;
        /// Type of the file system.
        fs_type: Text = "fsType";
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
        /// The secret with the credentials.
        secret_ref: Option<Shared<SecretReference>> = "secretRef";
    }
}

api_struct! {
    /// A Ceph file system.
    pub struct CephFsVolumeSource {
        /// Addresses of the monitors.
        monitors: List<Text> = "monitors" always;
        /// The path.
        path: Text = "path";
        /// Name of the user.
        user: Text = "user";
        /// Path of the key ring of the user.
        secret_file: Text = "secretFile";
        /// The secret with the credentials.
        secret_ref: Option<Shared<SecretReference>> = "secretRef";
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
    }
}

api_struct! {
    /// A Fibre Channel disk.
    pub struct FibreChannelVolumeSource {
        /// World wide names of the targets.
        target_wwns: List<Text> = "targetWWNs";
        /// Number of the logical unit.
        lun: Option<i32> = "lun";
        /// Type of the file system.
        fs_type: Text = "fsType";
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
        /// World wide identifiers.
        wwids: List<Text> = "wwids";
    }
}

api_struct! {
    /// A Flocker dataset.
    pub struct FlockerVolumeSource {
        /// Name of the dataset.
        dataset_name: Text = "datasetName";
        /// Uuid of the dataset.
        dataset_uuid: Text = "datasetUUID";
    }
}

api_struct! {
    /// A volume of an exec-based plugin.
    pub struct FlexVolumeSource {
        /// Name of the driver.
        driver: Text = "driver" always;
        /// Type of the file system.
        fs_type: Text = "fsType";
        /// The secret with the credentials.
        secret_ref: Option<Shared<SecretReference>> = "secretRef";
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
        /// Options for the driver.
        options: StringMap = "options";
    }
}

api_struct! {
    /// An Azure file share.
    pub struct AzureFileVolumeSource {
        /// Name of the secret.
        secret_name: Text = "secretName" always;
        /// Name of the share.
        share_name: Text = "shareName" always;
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
        /// Namespace of the secret.
        secret_namespace: Option<Text> = "secretNamespace" always;
    }
}

api_struct! {
    /// A vSphere disk.
    pub struct VsphereVolumeSource {
        /// Path of the disk.
        volume_path: Text = "volumePath" always;
        /// Type of the file system.
        fs_type: Text = "fsType";
        /// Name of the storage policy.
        storage_policy_name: Text = "storagePolicyName";
        /// Id of the storage policy.
        storage_policy_id: Text = "storagePolicyID";
    }
}

api_struct! {
    /// A Quobyte volume.
    pub struct QuobyteVolumeSource {
        /// Addresses of the registries.
        registry: Text = "registry" always;
        /// Name of the volume.
        volume: Text = "volume" always;
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
        /// Name of the user.
        user: Text = "user";
        /// Name of the group.
        group: Text = "group";
        /// Name of the tenant.
        tenant: Text = "tenant";
    }
}

api_struct! {
    /// An Azure disk.
    pub struct AzureDiskVolumeSource {
        /// Name of the disk.
        disk_name: Text = "diskName" always;
        /// URI of the disk.
        disk_uri: Text = "diskURI" always;
        /// How the host caches.
        caching_mode: Option<Text> = "cachingMode";
        /// Type of the file system.
        fs_type: Option<Text> = "fsType";
        /// Whether it is mounted read only.
        read_only: Option<bool> = "readOnly";
        /// Kind of the disk.
        kind: Option<Text> = "kind";
    }
}

api_struct! {
    /// A Photon disk.
    pub struct PhotonPersistentDiskVolumeSource {
        /// Id of the disk.
        pd_id: Text = "pdID" always;
        /// Type of the file system.
        fs_type: Text = "fsType";
    }
}

api_struct! {
    /// A Portworx volume.
    pub struct PortworxVolumeSource {
        /// Id of the volume.
        volume_id: Text = "volumeID" always;
        /// Type of the file system.
        fs_type: Text = "fsType";
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
    }
}

api_struct! {
    /// A ScaleIO volume.
    pub struct ScaleIoVolumeSource {
        /// Address of the gateway.
        gateway: Text = "gateway" always;
        /// Name of the system.
        system: Text = "system" always;
        /// The secret with the credentials.
        secret_ref: Option<Shared<SecretReference>> = "secretRef" always;
        /// Whether the gateway is reached by TLS.
        ssl_enabled: bool = "sslEnabled";
        /// Name of the protection domain.
        protection_domain: Text = "protectionDomain";
        /// Name of the pool.
        storage_pool: Text = "storagePool";
        /// Thick or thin.
        storage_mode: Text = "storageMode";
        /// Name of the volume.
        volume_name: Text = "volumeName";
        /// Type of the file system.
        fs_type: Text = "fsType";
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
    }
}

api_struct! {
    /// A disk or directory that is attached to one node.
    pub struct LocalVolumeSource {
        /// The path.
        path: Text = "path" always;
        /// Type of the file system.
        fs_type: Option<Text> = "fsType";
    }
}

api_struct! {
    /// A StorageOS volume.
    pub struct StorageOsVolumeSource {
        /// Name of the volume.
        volume_name: Text = "volumeName";
        /// Namespace of the volume.
        volume_namespace: Text = "volumeNamespace";
        /// Type of the file system.
        fs_type: Text = "fsType";
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
        /// The secret with the credentials.
        secret_ref: Option<Shared<ObjectReference>> = "secretRef";
    }
}

api_struct! {
    /// A volume of a driver of the Container Storage Interface.
    pub struct CsiVolumeSource {
        /// Name of the driver.
        driver: Text = "driver" always;
        /// What the driver calls the volume; unique in the driver.
        volume_handle: Text = "volumeHandle" always;
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
        /// Type of the file system.
        fs_type: Text = "fsType";
        /// Attributes for the driver.
        volume_attributes: StringMap = "volumeAttributes";
        /// Secret for attaching.
        controller_publish_secret_ref: Option<Shared<SecretReference>> = "controllerPublishSecretRef";
        /// Secret for staging.
        node_stage_secret_ref: Option<Shared<SecretReference>> = "nodeStageSecretRef";
        /// Secret for mounting.
        node_publish_secret_ref: Option<Shared<SecretReference>> = "nodePublishSecretRef";
        /// Secret for expanding.
        controller_expand_secret_ref: Option<Shared<SecretReference>> = "controllerExpandSecretRef";
        /// Secret for expanding on the node.
        node_expand_secret_ref: Option<Shared<SecretReference>> = "nodeExpandSecretRef";
    }
}

macro_rules! volume_sources {
    ($( $(#[$doc:meta])* $variant:ident($type:ident) = $key:literal, )*) => {
        /// What stands behind a volume. Each kind is made into one by `From`:
        ///
        /// ```
        /// use bindery::{VolumeSource, volume_source::NfsVolumeSource};
        ///
        /// let nfs = NfsVolumeSource { server: "nfs".into(), path: "/data".into(), ..NfsVolumeSource::default() };
        /// assert_eq!(VolumeSource::from(nfs).key(), "nfs");
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum VolumeSource {
            $( $(#[$doc])* $variant(Shared<$type>), )*
        }

        $(
            impl From<$type> for VolumeSource {
                fn from(source: $type) -> Self {
                    Self::$variant(source.into())
                }
            }
        )*

        impl VolumeSource {
            /// All keys under which a source may stand in the spec, in the order of the API.
            pub const KEYS: [&'static str; 22] = [$($key),*];

            /// The key under which it stands in the spec.
            pub fn key(&self) -> &'static str {
                match self {
                    $( Self::$variant(_) => $key, )*
                }
            }
        }

        impl Fields for VolumeSources {
            const COUNT: usize = VolumeSource::KEYS.len();

            fn index_of(key: &str) -> Option<usize> {
                VolumeSource::KEYS.iter().position(|known| *known == key)
            }

            fn names() -> Vec<&'static str> {
                VolumeSource::KEYS.to_vec()
            }

            fn read<'de, A: MapAccess<'de>>(&mut self, index: usize, map: &mut A) -> Result<(), A::Error> {
                let source = match VolumeSource::KEYS[index] {
                    $( $key => read_value::<Option<$type>, A>(map)?.map(VolumeSource::from), )*
                    _ => None,
                };
                if let Some(source) = source {
                    self.insert(source);
                }
                Ok(())
            }

            fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                for source in self.iter() {
                    match source {
                        $( VolumeSource::$variant(source) => map.serialize_entry($key, source)?, )*
                    }
                }
                Ok(())
            }

            fn audit_fields(&self, at: &Trail<'_>, report: Report<'_>) {
                for source in self.iter() {
                    match source {
                        $( VolumeSource::$variant(source) => source.audit(&at.key($key), report), )*
                    }
                }
            }
        }
    };
}

volume_sources! {
    /// A Google Compute Engine disk.
    GcePersistentDisk(GcePersistentDiskVolumeSource) = "gcePersistentDisk",
    /// An AWS disk.
    AwsElasticBlockStore(AwsElasticBlockStoreVolumeSource) = "awsElasticBlockStore",
    /// A directory of the node.
    HostPath(HostPathVolumeSource) = "hostPath",
    /// A Glusterfs volume.
    Glusterfs(GlusterfsVolumeSource) = "glusterfs",
    /// A directory exported by an NFS server.
    Nfs(NfsVolumeSource) = "nfs",
    /// A Ceph block device.
    Rbd(RbdVolumeSource) = "rbd",
    /// An iSCSI disk.
    Iscsi(IscsiVolumeSource) = "iscsi",
    /// An OpenStack disk.
    Cinder(CinderVolumeSource) = "cinder",
    /// A Ceph file system.
    CephFs(CephFsVolumeSource) = "cephfs",
    /// A Fibre Channel disk.
    FibreChannel(FibreChannelVolumeSource) = "fc",
    /// A Flocker dataset.
    Flocker(FlockerVolumeSource) = "flocker",
    /// A volume of an exec-based plugin.
    FlexVolume(FlexVolumeSource) = "flexVolume",
    /// An Azure file share.
    AzureFile(AzureFileVolumeSource) = "azureFile",
    /// A vSphere disk.
    VsphereVolume(VsphereVolumeSource) = "vsphereVolume",
    /// A Quobyte volume.
    Quobyte(QuobyteVolumeSource) = "quobyte",
    /// An Azure disk.
    AzureDisk(AzureDiskVolumeSource) = "azureDisk",
    /// A Photon disk.
    PhotonPersistentDisk(PhotonPersistentDiskVolumeSource) = "photonPersistentDisk",
    /// A Portworx volume.
    PortworxVolume(PortworxVolumeSource) = "portworxVolume",
    /// A ScaleIO volume.
    ScaleIo(ScaleIoVolumeSource) = "scaleIO",
    /// A disk or directory that is attached to one node.
    Local(LocalVolumeSource) = "local",
    /// A StorageOS volume.
    StorageOs(StorageOsVolumeSource) = "storageos",
    /// A volume of a driver of the Container Storage Interface.
    Csi(CsiVolumeSource) = "csi",
}

/// The sources of a volume: one, or in an invalid object none or several, in the order of the API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct VolumeSources(Sources);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Sources {
    #[default]
    None,
    One(VolumeSource),
    /// Two at least.
    Several(Shared<Vec<VolumeSource>>),
}

impl VolumeSources {
    /// The sources.
    pub fn iter(&self) -> impl Iterator<Item = &VolumeSource> {
        let sources = match &self.0 {
            Sources::None => &[],
            Sources::One(source) => slice::from_ref(source),
            Sources::Several(sources) => sources,
        };
        sources.iter()
    }

    /// The first source; a valid volume has exactly one.
    pub fn first(&self) -> Option<&VolumeSource> {
        self.iter().next()
    }

    /// Changes all sources in place.
    pub(crate) fn for_each_mut(&mut self, change: impl FnMut(&mut VolumeSource)) {
        let sources = match &mut self.0 {
            Sources::None => &mut [],
            Sources::One(source) => slice::from_mut(source),
            Sources::Several(sources) => sources,
        };
        sources.iter_mut().for_each(change);
    }

    fn insert(&mut self, source: VolumeSource) {
        let place = |source: &VolumeSource| VolumeSource::KEYS.iter().position(|key| *key == source.key());
        let mut sources: Vec<VolumeSource> = self.iter().cloned().collect();
        let at = sources.partition_point(|present| place(present) < place(&source));
        sources.insert(at, source);
        self.0 = match &*sources {
            [only] => Sources::One(only.clone()),
            _ => Sources::Several(sources.into()),
        };
    }
}

impl From<VolumeSource> for VolumeSources {
    fn from(source: VolumeSource) -> Self {
        Self(Sources::One(source))
    }
}
