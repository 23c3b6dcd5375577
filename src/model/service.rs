//! `Service`: a name and an address for the pods that a selector chooses.

use crate::model::fields::{api_enum, api_struct};
use crate::model::int_or_string::IntOrString;
use crate::model::json::Json;
use crate::model::kind::type_meta;
use crate::model::list::{List, StringMap};
use crate::model::metadata::ObjectMeta;
use crate::model::shared::Shared;
use crate::model::text::Text;

api_enum! {
    /// From where a service can be reached.
    #[derive(Default)]
    pub enum ServiceType {
        /// From inside of the cluster.
        #[default]
        ClusterIp = "ClusterIP",
        /// On a port of every node, too.
        NodePort = "NodePort",
        /// Through a load balancer outside of the cluster, too.
        LoadBalancer = "LoadBalancer",
        /// It is an alias of another name.
        ExternalName = "ExternalName",
    }
    other: /** A text that is no type. */ Other
}

type_meta!(
    /// Marks an object as a `Service`.
    ServiceKind = "v1", "Service"
);

api_struct! {
    /// A port of a service.
    pub struct ServicePort {
        /// Its name.
        name: Text = "name";
        /// `TCP`, `UDP` or `SCTP`.
        protocol: Text = "protocol";
        /// What is spoken on it.
        app_protocol: Option<Text> = "appProtocol";
        /// Its number.
        port: i32 = "port" always;
        /// The port of the pods, by number or name.
        target_port: Option<IntOrString> = "targetPort";
        /// The port of the nodes.
        node_port: i32 = "nodePort";
    }
}

impl ServicePort {
    /// Whether it says nothing about the port of the pods.
    pub(crate) fn lacks_target(&self) -> bool {
        match &self.target_port {
            None | Some(IntOrString::Int(0)) => true,
            Some(IntOrString::Int(_)) => false,
            Some(IntOrString::String(name)) => name.is_empty(),
        }
    }
}

api_struct! {
    /// What a service wants.
    pub struct ServiceSpec {
        /// Its ports.
        ports: List<ServicePort> = "ports";
        /// The labels of its pods.
        selector: StringMap = "selector";
        /// Its address; `None` for a headless service.
        cluster_ip: Text = "clusterIP";
        /// Its addresses, one for each family.
        cluster_ips: List<Text> = "clusterIPs";
        /// From where it can be reached.
        r#type: Option<ServiceType> = "type";
        /// Further addresses.
        external_ips: List<Text> = "externalIPs";
        /// The name of which it is an alias.
        external_name: Text = "externalName";
        /// Whether pods that are not ready have an address, too.
        publish_not_ready_addresses: bool = "publishNotReadyAddresses";
        /// Whether a client stays with a pod: `None` or `ClientIP`.
        session_affinity: Text = "sessionAffinity";
        /// Carried.
        session_affinity_config: Json = "sessionAffinityConfig" => "SessionAffinityConfig";
        /// Families of addresses: `IPv4`, `IPv6`.
        ip_families: List<Text> = "ipFamilies";
        /// How many families there are.
        ip_family_policy: Option<Text> = "ipFamilyPolicy";
        /// Where traffic from inside goes: `Cluster` or `Local`.
        internal_traffic_policy: Option<Text> = "internalTrafficPolicy";
        /// Where traffic from outside goes: `Cluster` or `Local`.
        external_traffic_policy: Text = "externalTrafficPolicy";
        /// Carried.
        load_balancer_ip: Json = "loadBalancerIP" => "s";
        /// Carried.
        load_balancer_source_ranges: Json = "loadBalancerSourceRanges" => "[]s";
        /// Carried.
        load_balancer_class: Option<Text> = "loadBalancerClass";
        /// Whether a load balancer needs ports of the nodes.
        allocate_load_balancer_node_ports: Option<bool> = "allocateLoadBalancerNodePorts";
        /// The port of the nodes that says whether they have pods.
        health_check_node_port: i32 = "healthCheckNodePort";
        /// Carried.
        traffic_distribution: Json = "trafficDistribution" => "s";
    }
}

impl ServiceSpec {
    /// Whether it has an address in the cluster, or none on purpose.
    pub(crate) fn needs_cluster_ip(&self) -> bool {
        self.r#type != Some(ServiceType::ExternalName)
    }

    /// Whether it has no address on purpose.
    pub(crate) fn has_no_address(&self) -> bool {
        matches!(&*self.cluster_ips, [only] if *only == "None")
    }

    pub(crate) fn is_load_balancer(&self) -> bool {
        self.r#type == Some(ServiceType::LoadBalancer)
    }

    pub(crate) fn needs_node_ports(&self) -> bool {
        matches!(self.r#type, Some(ServiceType::NodePort | ServiceType::LoadBalancer))
    }

    /// Whether nodes are asked if they have pods of it.
    pub(crate) fn needs_health_check(&self) -> bool {
        self.is_load_balancer() && self.external_traffic_policy == "Local"
    }

    /// Whether it can be reached from outside of the cluster.
    pub(crate) fn is_externally_accessible(&self) -> bool {
        let inside = self.r#type == Some(ServiceType::ClusterIp);
        self.needs_node_ports() || inside && !self.external_ips.is_empty()
    }
}

api_struct! {
    /// What became of a service.
    pub struct ServiceStatus {
        /// Carried.
        load_balancer: Json = "loadBalancer" => "LoadBalancerStatus";
        /// Carried.
        conditions: Json = "conditions" => "[]Condition";
    }
}

api_struct! {
    /// A name and an address for pods.
    pub struct Service {
        /// Name, namespace, labels.
        metadata: ObjectMeta = "metadata";
        /// What it wants.
        spec: Shared<ServiceSpec> = "spec";
        /// What became of it.
        status: ServiceStatus = "status";
    }
    group {
        /// Its kind.
        type_meta: ServiceKind;
    }
}

impl Service {
    /// Whether it has no address of its own, so that its name stands for those of its pods.
    pub fn is_headless(&self) -> bool {
        self.spec.cluster_ip == "None"
    }
}
