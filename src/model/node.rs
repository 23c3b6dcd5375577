//! `Node`: a machine, of which storage reads the name, the labels and whether new pods may come.

use crate::model::fields::api_struct;
use crate::model::json::Json;
use crate::model::kind::type_meta;
use crate::model::metadata::ObjectMeta;

type_meta!(
    /// Marks an object as a `Node`.
    NodeType = "v1", "Node"
);

api_struct! {
    /// What a node is set to.
    pub struct NodeSpec {
        /// Whether new pods are kept away.
        unschedulable: bool = "unschedulable";
        /// Carried.
        pod_cidr: Json = "podCIDR" => "s";
        /// Carried.
        pod_cidrs: Json = "podCIDRs" => "[]s";
        /// Carried.
        provider_id: Json = "providerID" => "s";
        /// Carried.
        taints: Json = "taints" => "[]Taint";
        /// Carried.
        config_source: Json = "configSource" => "NodeConfigSource";
        /// Carried.
        external_id: Json = "externalID" => "s";
    }
}

api_struct! {
    /// A machine.
    pub struct Node {
        /// Name and labels.
        metadata: ObjectMeta = "metadata";
        /// What it is set to.
        spec: NodeSpec = "spec";
        /// Carried.
        status: Json = "status" => "NodeStatus";
    }
    group {
        /// Its kind.
        type_meta: NodeType;
    }
}
