//! What the API server does to Services.
//!
//! Follows `SetDefaults_Service`, `pkg/registry/core/service` and `GetWarningsForService`. Addresses and ports are
//! given out by the store.

use crate::api::metadata;
use crate::api::path::Errors;
use crate::api::service_spec::{validate_change, validate_service};
use crate::api::strategy::Strategy;
use crate::model::json::Json;
use crate::model::list::List;
use crate::model::service::{Service, ServicePort, ServiceSpec, ServiceStatus, ServiceType};
use crate::model::syntax::dns_label;
use crate::model::time::Timestamp;

/// Seconds that a client stays with a pod where nothing else is said.
const AFFINITY_SECONDS: &str = "10800";

impl Strategy for Service {
    fn default(&mut self) {
        let spec = &mut *self.spec;
        default_affinity(spec);
        if spec.r#type.as_ref().is_none_or(|kind| kind.as_str().is_empty()) {
            spec.r#type = Some(ServiceType::ClusterIp);
        }
        if spec.ports.iter().any(|port| port.protocol.is_empty() || port.lacks_target()) {
            spec.ports = spec.ports.iter().map(default_port).collect();
        }
        if spec.is_externally_accessible() && spec.external_traffic_policy.is_empty() {
            spec.external_traffic_policy = "Cluster".into();
        }
        let kind = spec.r#type.clone().unwrap_or_default();
        if matches!(kind, ServiceType::ClusterIp | ServiceType::NodePort | ServiceType::LoadBalancer) {
            spec.internal_traffic_policy.get_or_insert_with(|| "Cluster".into());
        }
        if kind == ServiceType::LoadBalancer {
            spec.allocate_load_balancer_node_ports.get_or_insert(true);
        }
        if self.status.load_balancer == Json::Null {
            self.status.load_balancer = Json::Map(Vec::new());
        }
    }

    fn prepare_create(&mut self, _: Timestamp) {
        self.status = ServiceStatus { load_balancer: Json::Map(Vec::new()), ..ServiceStatus::default() };
    }

    fn prepare_update(&mut self, old: &Self) {
        self.status = old.status.clone();
        drop_unneeded(&mut self.spec, &old.spec);
        if self.spec.r#type != Some(ServiceType::LoadBalancer) {
            self.status.load_balancer = Json::Map(Vec::new());
        }
    }

    fn validate_create(&self, errors: &mut Errors) {
        metadata::validate_object(errors, &self.metadata, true, dns_label);
        validate_service(errors, self, None);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        metadata::validate_object_update(errors, &self.metadata, &old.metadata);
        validate_change(errors, &self.spec, &old.spec);
        validate_service(errors, self, Some(old));
    }

    fn warnings(&self, _: Option<&Self>) -> Vec<String> {
        let spec = &*self.spec;
        let is_alias = spec.r#type == Some(ServiceType::ExternalName);
        let has_addresses = !spec.external_ips.is_empty();
        let mut warnings = Vec::new();
        let mut warn = |applies: bool, text: &str| warnings.extend(applies.then(|| text.to_owned()));
        let hints = "annotation service.kubernetes.io/topology-aware-hints is deprecated, please use \
                     service.kubernetes.io/topology-mode instead";
        warn(self.metadata.annotations.contains_key("service.kubernetes.io/topology-aware-hints"), hints);
        if self.is_headless() {
            let balancer = spec.load_balancer_ip.as_str().is_some_and(|text| !text.is_empty());
            warn(balancer, "spec.loadBalancerIP is ignored for headless services");
            warn(has_addresses, "spec.externalIPs is ignored for headless services");
            warn(spec.session_affinity != "None", "spec.SessionAffinity is ignored for headless services");
        } else if !is_alias {
            let text = "spec.externalIPs is deprecated and may no longer be implemented in some clusters";
            warn(has_addresses, text);
        }
        warn(is_alias && has_addresses, "spec.externalIPs is ignored when spec.type is \"ExternalName\"");
        let text = "spec.externalName is ignored when spec.type is not \"ExternalName\"";
        warn(!is_alias && !spec.external_name.is_empty(), text);
        let text = "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"";
        warn(spec.traffic_distribution.as_str() == Some("PreferClose"), text);
        warnings
    }
}

fn default_affinity(spec: &mut ServiceSpec) {
    if spec.session_affinity.is_empty() {
        spec.session_affinity = "None".into();
    }
    match spec.session_affinity.as_str() {
        "None" => spec.session_affinity_config = Json::Null,
        "ClientIP" => {
            let client = spec.session_affinity_config.get("clientIP");
            let seconds = client.and_then(|client| client.get("timeoutSeconds"));
            if seconds.is_none_or(|seconds| *seconds == Json::Null) {
                let seconds = Json::Map(vec![("timeoutSeconds".into(), Json::Number(AFFINITY_SECONDS.into()))]);
                spec.session_affinity_config = Json::Map(vec![("clientIP".into(), seconds)]);
            }
        }
        _ => {}
    }
}

fn default_port(port: &ServicePort) -> ServicePort {
    let mut port = port.clone();
    if port.protocol.is_empty() {
        port.protocol = "TCP".into();
    }
    if port.lacks_target() {
        port.target_port = Some(port.port.into());
    }
    port
}

/// Takes away what the new type of a service does not need, where the user left it as it was.
fn drop_unneeded(new: &mut ServiceSpec, old: &ServiceSpec) {
    let lost = |needs: fn(&ServiceSpec) -> bool| needs(old) && !needs(new);
    let address = lost(ServiceSpec::needs_cluster_ip);
    let ports = lost(ServiceSpec::needs_node_ports);
    let health = lost(ServiceSpec::needs_health_check);
    let balancer = lost(ServiceSpec::is_load_balancer);
    let outside = lost(ServiceSpec::is_externally_accessible);
    if address {
        if new.cluster_ip == old.cluster_ip && new.cluster_ips == old.cluster_ips {
            new.cluster_ip = "".into();
            new.cluster_ips = List::absent();
        }
        if new.ip_families == old.ip_families {
            new.ip_families = List::absent();
        }
        if new.ip_family_policy == old.ip_family_policy {
            new.ip_family_policy = None;
        }
    }
    let held = |number: i32| number == 0 || old.ports.iter().any(|port| port.node_port == number);
    if ports && new.ports.iter().all(|port| held(port.node_port)) {
        new.ports = new.ports.iter().map(|port| ServicePort { node_port: 0, ..port.clone() }).collect();
    }
    if health && new.health_check_node_port == old.health_check_node_port {
        new.health_check_node_port = 0;
    }
    if balancer {
        if new.allocate_load_balancer_node_ports == old.allocate_load_balancer_node_ports {
            new.allocate_load_balancer_node_ports = None;
        }
        if new.load_balancer_class == old.load_balancer_class {
            new.load_balancer_class = None;
        }
    }
    if outside && new.external_traffic_policy == old.external_traffic_policy {
        new.external_traffic_policy = "".into();
    }
}
