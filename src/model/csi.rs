//! `CSIDriver`, `CSINode` and `CSIStorageCapacity`: what a driver can do, where it runs, how much it has left.

use crate::model::fields::api_struct;
use crate::model::json::Json;
use crate::model::kind::type_meta;
use crate::model::list::List;
use crate::model::metadata::ObjectMeta;
use crate::model::quantity::Quantity;
use crate::model::selector::LabelSelector;
use crate::model::text::Text;

type_meta!(
    /// Marks an object as a `CSIDriver`.
    CsiDriverType = "storage.k8s.io/v1", "CSIDriver"
);

type_meta!(
    /// Marks an object as a `CSINode`.
    CsiNodeType = "storage.k8s.io/v1", "CSINode"
);

type_meta!(
    /// Marks an object as a `CSIStorageCapacity`.
    CsiStorageCapacityType = "storage.k8s.io/v1", "CSIStorageCapacity"
);

api_struct! {
    /// What a driver can do and needs.
    pub struct CsiDriverSpec {
        /// Whether its volumes are attached to a node before they are mounted.
        attach_required: Option<bool> = "attachRequired";
        /// Whether it is told about the pod when it mounts.
        pod_info_on_mount: Option<bool> = "podInfoOnMount";
        /// `Persistent`, `Ephemeral` or both.
        volume_lifecycle_modes: List<Text> = "volumeLifecycleModes";
        /// Whether the scheduler looks at how much storage is left.
        storage_capacity: Option<bool> = "storageCapacity";
        /// Who gives the files to a group: `ReadWriteOnceWithFSType`, `File` or `None`.
        fs_group_policy: Option<Text> = "fsGroupPolicy";
        /// Carried.
        token_requests: Json = "tokenRequests" => "[]TokenRequest";
        /// Whether mounting is repeated from time to time.
        requires_republish: Option<bool> = "requiresRepublish";
        /// Whether it mounts with a security label.
        se_linux_mount: Option<bool> = "seLinuxMount";
        /// Seconds after which it is asked again how many volumes a node can have.
        node_allocatable_update_period_seconds: Option<i64> = "nodeAllocatableUpdatePeriodSeconds";
        /// Whether it gets tokens as secrets.
        service_account_token_in_secrets: Option<bool> = "serviceAccountTokenInSecrets";
        /// Whether pods stay away from nodes on which it does not run.
        prevent_pod_scheduling_if_missing: Option<bool> = "preventPodSchedulingIfMissing";
    }
}

api_struct! {
    /// What a driver can do and needs.
    pub struct CsiDriver {
        /// Name of the driver, labels.
        metadata: ObjectMeta = "metadata";
        /// What it can do and needs.
        spec: CsiDriverSpec = "spec" always;
    }
    group {
        /// Its kind.
        type_meta: CsiDriverType;
    }
}

api_struct! {
    /// What a node can have of a driver.
    pub struct VolumeNodeResources {
        /// How many volumes.
        count: Option<i32> = "count";
    }
}

api_struct! {
    /// A driver on a node.
    pub struct CsiNodeDriver {
        /// Name of the driver.
        name: Text = "name" always;
        /// The name that the driver has for the node.
        node_id: Text = "nodeID" always;
        /// The labels of the node that say where it stands.
        topology_keys: List<Text> = "topologyKeys" always;
        /// What the node can have of it.
        allocatable: Option<VolumeNodeResources> = "allocatable";
    }
}

api_struct! {
    /// The drivers of a node.
    pub struct CsiNodeSpec {
        /// The drivers.
        drivers: List<CsiNodeDriver> = "drivers" always;
    }
}

api_struct! {
    /// The drivers of a node.
    pub struct CsiNode {
        /// Name of the node, labels.
        metadata: ObjectMeta = "metadata";
        /// The drivers.
        spec: CsiNodeSpec = "spec" always;
    }
    group {
        /// Its kind.
        type_meta: CsiNodeType;
    }
}

impl CsiNode {
    /// A driver of the node, by name. Cost: linear in the number of drivers.
    pub fn driver(&self, name: &str) -> Option<&CsiNodeDriver> {
        self.spec.drivers.iter().find(|driver| driver.name == name)
    }
}

api_struct! {
    /// How much storage of one class is left in one topology.
    pub struct CsiStorageCapacity {
        /// Name, namespace, labels.
        metadata: ObjectMeta = "metadata";
        /// The nodes that can have it.
        node_topology: Option<LabelSelector> = "nodeTopology";
        /// The class.
        storage_class_name: Text = "storageClassName" always;
        /// How much is left.
        capacity: Option<Quantity> = "capacity";
        /// The largest volume that can be made.
        maximum_volume_size: Option<Quantity> = "maximumVolumeSize";
    }
    group {
        /// Its kind.
        type_meta: CsiStorageCapacityType;
    }
}
