//! Volumes whose contents the kubelet makes: from nothing, from other objects, from the pod itself, from a repository.

use crate::model::fields::api_struct;
use crate::model::json::Json;
use crate::model::list::{List, StringMap};
use crate::model::quantity::Quantity;
use crate::model::text::Text;

api_struct! {
    /// A directory that lives as long as the pod.
    pub struct EmptyDirVolumeSource {
        /// Where it is kept: empty for the disk of the node, `Memory`, `HugePages`.
        medium: Text = "medium";
        /// How much it may hold.
        size_limit: Option<Quantity> = "sizeLimit";
    }
}

api_struct! {
    /// A repository that is checked out when the pod starts.
    pub struct GitRepoVolumeSource {
        /// Its address.
        repository: Text = "repository" always;
        /// The commit.
        revision: Text = "revision";
        /// The directory in the volume; `.` for the volume itself, empty for one with the name of the repository.
        directory: Text = "directory";
    }
}

api_struct! {
    /// One key of a ConfigMap or a Secret as a file.
    pub struct KeyToPath {
        /// The key.
        key: Text = "key" always;
        /// The path of the file in the volume.
        path: Text = "path" always;
        /// The permissions of the file.
        mode: Option<i32> = "mode";
    }
}

api_struct! {
    /// The data of a ConfigMap as files.
    pub struct ConfigMapVolumeSource {
        /// Name of the ConfigMap.
        name: Text = "name";
        /// The keys that become files; all where there are none.
        items: List<KeyToPath> = "items";
        /// The permissions of the files.
        default_mode: Option<i32> = "defaultMode";
        /// Whether the ConfigMap and its keys may be missing.
        optional: Option<bool> = "optional";
    }
}

api_struct! {
    /// The data of a Secret as files.
    pub struct SecretVolumeSource {
        /// Name of the Secret.
        secret_name: Text = "secretName";
        /// The keys that become files; all where there are none.
        items: List<KeyToPath> = "items";
        /// The permissions of the files.
        default_mode: Option<i32> = "defaultMode";
        /// Whether the Secret and its keys may be missing.
        optional: Option<bool> = "optional";
    }
}

api_struct! {
    /// A field of a pod, by its path.
    pub struct ObjectFieldSelector {
        /// The version in which the path is meant.
        api_version: Text = "apiVersion";
        /// The path, such as `metadata.labels`.
        field_path: Text = "fieldPath" always;
    }
}

api_struct! {
    /// An amount of a resource of a container.
    pub struct ResourceFieldSelector {
        /// Name of the container.
        container_name: Text = "containerName";
        /// The resource, such as `limits.cpu`.
        resource: Text = "resource" always;
        /// The unit in which it is given.
        divisor: Option<Quantity> = "divisor";
    }
}

api_struct! {
    /// What is known about a pod, as a file.
    pub struct DownwardApiVolumeFile {
        /// The path of the file in the volume.
        path: Text = "path" always;
        /// A field of the pod.
        field_ref: Option<ObjectFieldSelector> = "fieldRef";
        /// A resource of a container.
        resource_field_ref: Option<ResourceFieldSelector> = "resourceFieldRef";
        /// The permissions of the file.
        mode: Option<i32> = "mode";
    }
}

api_struct! {
    /// What is known about a pod, as files.
    pub struct DownwardApiVolumeSource {
        /// The files.
        items: List<DownwardApiVolumeFile> = "items";
        /// The permissions of the files.
        default_mode: Option<i32> = "defaultMode";
    }
}

api_struct! {
    /// A ConfigMap as a part of a projected volume.
    pub struct ConfigMapProjection {
        /// Name of the ConfigMap.
        name: Text = "name";
        /// The keys that become files; all where there are none.
        items: List<KeyToPath> = "items";
        /// Whether the ConfigMap and its keys may be missing.
        optional: Option<bool> = "optional";
    }
}

api_struct! {
    /// A Secret as a part of a projected volume.
    pub struct SecretProjection {
        /// Name of the Secret.
        name: Text = "name";
        /// The keys that become files; all where there are none.
        items: List<KeyToPath> = "items";
        /// Whether the Secret and its keys may be missing.
        optional: Option<bool> = "optional";
    }
}

api_struct! {
    /// What is known about a pod as a part of a projected volume.
    pub struct DownwardApiProjection {
        /// The files.
        items: List<DownwardApiVolumeFile> = "items";
    }
}

api_struct! {
    /// One part of a projected volume: exactly one of its fields is set.
    pub struct VolumeProjection {
        /// A Secret.
        secret: Option<SecretProjection> = "secret";
        /// What is known about the pod.
        downward_api: Option<DownwardApiProjection> = "downwardAPI";
        /// A ConfigMap.
        config_map: Option<ConfigMapProjection> = "configMap";
        /// Carried.
        service_account_token: Json = "serviceAccountToken" => "ServiceAccountTokenProjection";
        /// Carried.
        cluster_trust_bundle: Json = "clusterTrustBundle" => "ClusterTrustBundleProjection";
        /// Carried.
        pod_certificate: Json = "podCertificate" => "PodCertificateProjection";
    }
}

api_struct! {
    /// Several sources in one directory.
    pub struct ProjectedVolumeSource {
        /// The sources.
        sources: List<VolumeProjection> = "sources" always;
        /// The permissions of the files.
        default_mode: Option<i32> = "defaultMode";
    }
}

api_struct! {
    /// The name of an object in the same namespace.
    pub struct LocalObjectReference {
        /// The name.
        name: Text = "name";
    }
}

api_struct! {
    /// Storage that a CSI driver makes for one pod.
    pub struct InlineCsiVolumeSource {
        /// Name of the driver.
        driver: Text = "driver" always;
        /// Whether it is mounted read only.
        read_only: Option<bool> = "readOnly";
        /// Type of the file system.
        fs_type: Option<Text> = "fsType";
        /// Parameters for the driver.
        volume_attributes: StringMap = "volumeAttributes";
        /// The Secret that the driver is given.
        node_publish_secret_ref: Option<LocalObjectReference> = "nodePublishSecretRef";
    }
}
