//! `Node`: a machine, its labels, whether new pods may come, how it is and which volumes it has.

use crate::model::fields::api_struct;
use crate::model::json::Json;
use crate::model::kind::type_meta;
use crate::model::list::{List, ResourceList};
use crate::model::metadata::ObjectMeta;
use crate::model::shared::Shared;
use crate::model::text::Text;
use crate::model::time::Timestamp;

type_meta!(
    /// Marks an object as a `Node`.
    NodeType = "v1", "Node"
);

api_struct! {
    /// What keeps pods away that do not tolerate it.
    pub struct Taint {
        /// Its key.
        key: Text = "key" always;
        /// Its value.
        value: Text = "value";
        /// What it does: `NoSchedule`, `PreferNoSchedule`, `NoExecute`.
        effect: Text = "effect" always;
        /// When it was added.
        time_added: Option<Timestamp> = "timeAdded";
    }
}

api_struct! {
    /// What a node is set to.
    pub struct NodeSpec {
        /// Whether new pods are kept away.
        unschedulable: bool = "unschedulable";
        /// What keeps pods away that do not tolerate it.
        taints: List<Taint> = "taints";
        /// Carried.
        pod_cidr: Json = "podCIDR" => "s";
        /// Carried.
        pod_cidrs: Json = "podCIDRs" => "[]s";
        /// Carried.
        provider_id: Json = "providerID" => "s";
        /// Carried.
        config_source: Json = "configSource" => "NodeConfigSource";
        /// Carried.
        external_id: Json = "externalID" => "s";
    }
}

api_struct! {
    /// A condition of a node.
    pub struct NodeCondition {
        /// Which condition, such as `Ready`.
        r#type: Text = "type" always;
        /// `True`, `False` or `Unknown`.
        status: Text = "status" always;
        /// When the node was last heard of.
        last_heartbeat_time: Option<Timestamp> = "lastHeartbeatTime" always;
        /// When it last changed.
        last_transition_time: Option<Timestamp> = "lastTransitionTime" always;
        /// Why, in one word.
        reason: Text = "reason";
        /// Why, in a sentence.
        message: Text = "message";
    }
}

api_struct! {
    /// A volume that is attached to a node.
    pub struct AttachedVolume {
        /// The name that the volume has on nodes.
        name: Text = "name" always;
        /// The device.
        device_path: Text = "devicePath" always;
    }
}

api_struct! {
    /// How a node is.
    pub struct NodeStatus {
        /// What it has.
        capacity: ResourceList = "capacity";
        /// What pods may use of it.
        allocatable: ResourceList = "allocatable";
        /// Conditions.
        conditions: List<NodeCondition> = "conditions";
        /// Volumes that are mounted, or about to be.
        volumes_in_use: List<Text> = "volumesInUse";
        /// Volumes that are attached.
        volumes_attached: List<AttachedVolume> = "volumesAttached";
        /// Carried.
        phase: Json = "phase" => "s";
        /// Carried.
        addresses: Json = "addresses" => "[]NodeAddress";
        /// Carried.
        daemon_endpoints: Json = "daemonEndpoints" => "NodeDaemonEndpoints";
        /// Carried.
        node_info: Json = "nodeInfo" => "NodeSystemInfo";
        /// Carried.
        images: Json = "images" => "[]ContainerImage";
        /// Carried.
        config: Json = "config" => "NodeConfigStatus";
        /// Carried.
        runtime_handlers: Json = "runtimeHandlers" => "[]NodeRuntimeHandler";
        /// Carried.
        features: Json = "features" => "NodeFeatures";
        /// Carried.
        declared_features: Json = "declaredFeatures" => "[]s";
    }
}

api_struct! {
    /// A machine.
    pub struct Node {
        /// Name and labels.
        metadata: ObjectMeta = "metadata";
        /// What it is set to.
        spec: NodeSpec = "spec";
        /// How it is.
        status: Shared<NodeStatus> = "status";
    }
    group {
        /// Its kind.
        type_meta: NodeType;
    }
}

impl Node {
    /// A condition, by its type. Cost: linear in the number of conditions.
    pub fn condition(&self, name: &str) -> Option<&NodeCondition> {
        self.status.conditions.iter().find(|condition| condition.r#type == name)
    }
}
