//! Annotations, finalizers and other names with a fixed meaning (section 1 of the specification).

use std::sync::LazyLock;

use crate::model::list::{List, StringMap};
use crate::model::text::Text;

/// The resource that volumes have and claims ask for.
pub(crate) const STORAGE: &str = "storage";

/// On a claim: binding was completed. Presence alone counts.
pub(crate) const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// On a volume or a claim: the pointer was set by a controller. Presence alone counts.
pub(crate) const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
/// On a volume: which provisioner made it.
pub(crate) const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
/// On a volume or a claim: which CSI driver took over from an in-tree plugin.
pub(crate) const MIGRATED_TO: &str = "pv.kubernetes.io/migrated-to";
/// On a claim: which provisioner shall make a volume for it.
pub(crate) const STORAGE_PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
/// The older twin of [`STORAGE_PROVISIONER`].
pub(crate) const BETA_STORAGE_PROVISIONER: &str = "volume.beta.kubernetes.io/storage-provisioner";
/// On a claim: the node that the scheduler chose. Presence alone counts.
pub(crate) const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// On a volume or a claim: the older form of the class field, which it overrides.
pub(crate) const BETA_STORAGE_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
/// On a volume: the older form of its mount options.
pub(crate) const BETA_MOUNT_OPTIONS: &str = "volume.beta.kubernetes.io/mount-options";
/// On a volume: its capacity before a resize that is not complete.
pub(crate) const PRE_RESIZE_CAPACITY: &str = "volume.alpha.kubernetes.io/pre-resize-capacity";
/// On a claim: who grows its volume.
pub(crate) const STORAGE_RESIZER: &str = "volume.kubernetes.io/storage-resizer";
/// On a class: it is the default, if the value is exactly `true`.
pub(crate) const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";
/// The older twin of [`DEFAULT_CLASS`].
pub(crate) const BETA_DEFAULT_CLASS: &str = "storageclass.beta.kubernetes.io/is-default-class";

/// Holds an in-tree volume with policy `Delete` until its storage is deleted.
pub(crate) const PV_CONTROLLER_FINALIZER: &str = "kubernetes.io/pv-controller";
/// Holds a volume until its external provisioner has deleted its storage.
pub(crate) const EXTERNAL_PROVISIONER_FINALIZER: &str = "external-provisioner.volume.kubernetes.io/finalizer";
/// Holds a volume while it is bound.
pub(crate) const PV_PROTECTION_FINALIZER: &str = "kubernetes.io/pv-protection";
/// Holds a claim while a pod uses it.
pub(crate) const PVC_PROTECTION_FINALIZER: &str = "kubernetes.io/pvc-protection";

/// Holds an object until the objects that it owns are deleted.
pub(crate) const FOREGROUND_DELETION_FINALIZER: &str = "foregroundDeletion";
/// Holds an object until the objects that it owns have lost their reference to it.
pub(crate) const ORPHAN_FINALIZER: &str = "orphan";

/// On a ReplicaSet of a deployment, in its selector and on its pods: the hash of the template.
pub(crate) const POD_TEMPLATE_HASH: &str = "pod-template-hash";
/// On a deployment and its ReplicaSets: the number of the template.
pub(crate) const REVISION: &str = "deployment.kubernetes.io/revision";
/// On a ReplicaSet: the numbers that its template had before.
pub(crate) const REVISION_HISTORY: &str = "deployment.kubernetes.io/revision-history";
/// On a ReplicaSet: how many pods its deployment wanted when it was last scaled.
pub(crate) const DESIRED_REPLICAS: &str = "deployment.kubernetes.io/desired-replicas";
/// On a ReplicaSet: how many pods its deployment might have when it was last scaled.
pub(crate) const MAX_REPLICAS: &str = "deployment.kubernetes.io/max-replicas";
/// On a deployment: obsolete way to ask for an old template.
pub(crate) const ROLLBACK_TO: &str = "deprecated.deployment.rollback.to";
/// On an object that was applied: what was applied.
pub(crate) const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// On a pod: pods with a lower cost are deleted first.
pub(crate) const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
/// On a pod of a set: its own name.
pub(crate) const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
/// On a pod of a set: its ordinal.
pub(crate) const POD_INDEX: &str = "apps.kubernetes.io/pod-index";
/// On a pod of a set: the name of the revision that it was built from.
pub(crate) const REVISION_HASH: &str = "controller-revision-hash";
/// On a revision: its hash.
pub(crate) const REVISION_LABEL: &str = "controller.kubernetes.io/hash";

/// Marks an in-tree provisioner.
pub(crate) const IN_TREE_PREFIX: &str = "kubernetes.io/";

/// In-tree plugins, the CSI drivers that took them over, and the key of their volume source (section 1.4).
const MIGRATED: [(&str, &str, &str); 7] = [
    ("kubernetes.io/aws-ebs", "ebs.csi.aws.com", "awsElasticBlockStore"),
    ("kubernetes.io/gce-pd", "pd.csi.storage.gke.io", "gcePersistentDisk"),
    ("kubernetes.io/cinder", "cinder.csi.openstack.org", "cinder"),
    ("kubernetes.io/azure-disk", "disk.csi.azure.com", "azureDisk"),
    ("kubernetes.io/azure-file", "file.csi.azure.com", "azureFile"),
    ("kubernetes.io/vsphere-volume", "csi.vsphere.vmware.com", "vsphereVolume"),
    ("kubernetes.io/portworx-volume", "pxd.portworx.com", "portworxVolume"),
];

/// The CSI driver that took over from an in-tree provisioner.
pub(crate) fn migrated_driver(provisioner: &str) -> Option<&'static str> {
    MIGRATED.iter().find(|(name, ..)| *name == provisioner).map(|(_, driver, _)| *driver)
}

/// The in-tree plugin of a volume source, and the CSI driver that took over from it.
pub(crate) fn migrated_source(key: &str) -> Option<(&'static str, &'static str)> {
    MIGRATED.iter().find(|(.., source)| *source == key).map(|(plugin, driver, _)| (*plugin, *driver))
}

/// What most bindings write, shared by all objects that have it.
pub(crate) mod shared {
    use super::{
        BIND_COMPLETED as COMPLETED, BOUND_BY_CONTROLLER as BOUND, LazyLock, List, PV_PROTECTION_FINALIZER as PV,
        PVC_PROTECTION_FINALIZER as PVC, StringMap, Text,
    };

    /// The finalizers of a protected volume that has no others.
    pub(crate) static PROTECTED_VOLUME: LazyLock<List<Text>> = LazyLock::new(|| [Text::from(PV)].into());
    /// The finalizers of a protected claim that has no others.
    pub(crate) static PROTECTED_CLAIM: LazyLock<List<Text>> = LazyLock::new(|| [Text::from(PVC)].into());
    /// The mark of a binding that is complete.
    pub(crate) static COMPLETE: LazyLock<StringMap> = LazyLock::new(|| [(COMPLETED, "yes")].into());
    /// The mark of a volume that the controller chose.
    pub(crate) static CHOSEN: LazyLock<StringMap> = LazyLock::new(|| [(BOUND, "yes")].into());
    /// Both marks.
    pub(crate) static CHOSEN_AND_COMPLETE: LazyLock<StringMap> = LazyLock::new(|| CHOSEN.with(COMPLETED, "yes"));
    pub(crate) static CLAIM_KIND: LazyLock<Text> = LazyLock::new(|| Text::from("PersistentVolumeClaim"));
    pub(crate) static CORE_VERSION: LazyLock<Text> = LazyLock::new(|| Text::from("v1"));
}
