//! Rules of Services: types, ports, policies.
//!
//! Follows `validateService` and what it calls, of `pkg/apis/core/validation`.

use std::collections::BTreeSet;

use serde_json::json;

use crate::api::container::{port_name, validate_choice};
use crate::api::metadata::validate_labels;
use crate::api::path::{At, Errors};
use crate::api::service_address::{validate_addresses, validate_external_ip};
use crate::model::field_error::{FieldError, FieldErrorKind, go_json};
use crate::model::int_or_string::IntOrString;
use crate::model::json::Json;
use crate::model::service::{Service, ServicePort, ServiceSpec, ServiceType};
use crate::model::syntax::{dns_label, dns_subdomain, label_key};
use crate::model::text::Text;

pub(super) use crate::api::service_address::validate_change;

/// The most seconds that a client can stay with a pod.
const MAX_AFFINITY: i64 = 86400;
const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];

pub(super) fn validate_service(errors: &mut Errors, service: &Service, old: Option<&Service>) {
    let (at, spec) = (At::new("spec"), &*service.spec);
    validate_hints(errors, service);
    let headless = spec.has_no_address();
    if spec.ports.is_empty() && !headless && spec.needs_cluster_ip() {
        errors.push(FieldError::required(at.child("ports"), ""));
    }
    match &spec.r#type {
        Some(kind @ (ServiceType::LoadBalancer | ServiceType::NodePort)) if headless => {
            let rule = format!("may not be set to 'None' for {kind} services");
            errors.push(FieldError::invalid(at.child("clusterIPs").index(0), "None", rule));
        }
        Some(ServiceType::ExternalName) => validate_alias(errors, &at, spec),
        _ => {}
    }
    validate_ports(errors, &at.child("ports"), &spec.ports);
    validate_labels(errors, &at.child("selector"), &spec.selector);
    validate_affinity(errors, &at, spec);
    validate_addresses(errors, &at, spec, old.map(|old| &*old.spec));
    let held: &[Text] = old.map_or(&[], |old| &old.spec.external_ips);
    for (index, address) in spec.external_ips.iter().enumerate() {
        validate_external_ip(errors, &at.child("externalIPs").index(index), address, held);
    }
    if let Some(ServiceType::Other(text)) = &spec.r#type {
        let kinds = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
        errors.push(FieldError::not_supported(at.child("type"), go_json(text), &kinds));
    }
    validate_numbers(errors, &at.child("ports"), spec);
    validate_balancer(errors, &at, spec);
    validate_policies(errors, &at, spec);
}

fn validate_hints(errors: &mut Errors, service: &Service) {
    let annotation = |name: &str| service.metadata.annotations.get(name);
    let (hints, mode) = ("service.kubernetes.io/topology-aware-hints", "service.kubernetes.io/topology-mode");
    if let (Some(hinted), Some(set)) = (annotation(hints), annotation(mode))
        && hinted != set
    {
        let rule = format!("must match annotations[{hints}] when both are specified");
        errors.push(FieldError::invalid(At::new("metadata.annotations").key(mode), set, rule));
    }
}

/// A service that is an alias has no addresses.
fn validate_alias(errors: &mut Errors, at: &At, spec: &ServiceSpec) {
    let set = [
        ("clusterIPs", !spec.cluster_ips.is_empty()),
        ("ipFamilies", !spec.ip_families.is_empty()),
        ("ipFamilyPolicy", spec.ip_family_policy.is_some()),
    ];
    for (field, _) in set.into_iter().filter(|(_, set)| *set) {
        errors.push(FieldError::forbidden(at.child(field), "may not be set for ExternalName services"));
    }
    let at = at.child("externalName");
    match spec.external_name.strip_suffix('.').unwrap_or(&spec.external_name) {
        "" => errors.push(FieldError::required(at, "")),
        name => errors.complain(&at, name, dns_subdomain(name)),
    }
}

fn validate_ports(errors: &mut Errors, at: &At, ports: &[ServicePort]) {
    let mut names: BTreeSet<&Text> = BTreeSet::new();
    for (index, port) in ports.iter().enumerate() {
        let at = at.index(index);
        if !port.name.is_empty() {
            errors.complain(&at.child("name"), &port.name, dns_label(&port.name));
            if !names.insert(&port.name) {
                errors.push(FieldError::duplicate(at.child("name"), &port.name));
            }
        } else if ports.len() > 1 {
            errors.push(FieldError::required(at.child("name"), ""));
        }
        validate_port(errors, at.child("port"), port.port);
        let protocol = Json::String(port.protocol.clone());
        validate_choice(errors, &at.child("protocol"), &protocol, &PROTOCOLS);
        match &port.target_port {
            None => validate_port(errors, at.child("targetPort"), 0),
            Some(IntOrString::Int(number)) => validate_port(errors, at.child("targetPort"), *number),
            Some(IntOrString::String(name)) => errors.complain(&at.child("targetPort"), name, port_name(name)),
        }
        if let Some(protocol) = &port.app_protocol {
            errors.complain(&at.child("appProtocol"), protocol, label_key(protocol));
        }
    }
}

fn validate_port(errors: &mut Errors, at: At, number: i32) {
    if !(1..=65535).contains(&number) {
        let rule = "must be between 1 and 65535, inclusive";
        errors.push(FieldError::invalid_json(at, number.to_string(), rule));
    }
}

fn validate_affinity(errors: &mut Errors, at: &At, spec: &ServiceSpec) {
    let affinity = Json::String(spec.session_affinity.clone());
    validate_choice(errors, &at.child("sessionAffinity"), &affinity, &["ClientIP", "None"]);
    if spec.session_affinity != "ClientIP" {
        return;
    }
    let seconds = spec.session_affinity_config.get("clientIP").and_then(|client| client.get("timeoutSeconds"));
    if let Some(seconds) = seconds.and_then(Json::as_i64).filter(|seconds| !(1..=MAX_AFFINITY).contains(seconds)) {
        let at = at.child("sessionAffinityConfig.clientIP.timeoutSeconds");
        let rule = format!("must be greater than 0 and less than {MAX_AFFINITY}");
        errors.push(FieldError::invalid_json(at, seconds.to_string(), rule));
    }
}

/// Ports of nodes where they belong, and no port twice.
fn validate_numbers(errors: &mut Errors, at: &At, spec: &ServiceSpec) {
    let duplicate = |at: At, value: String| FieldError {
        field: at.into(),
        kind: FieldErrorKind::Duplicate,
        value: Some(value),
        detail: String::new(),
    };
    let ports = || spec.ports.iter().enumerate();
    if spec.r#type == Some(ServiceType::ClusterIp) {
        for (index, _) in ports().filter(|(_, port)| port.node_port != 0) {
            let rule = "may not be used when `type` is 'ClusterIP'";
            errors.push(FieldError::forbidden(at.index(index).child("nodePort"), rule));
        }
    }
    let mut seen = BTreeSet::new();
    for (index, port) in ports().filter(|(_, port)| port.node_port != 0) {
        if !seen.insert((&port.protocol, port.node_port)) {
            errors.push(duplicate(at.index(index).child("nodePort"), port.node_port.to_string()));
        }
    }
    let mut seen = BTreeSet::new();
    for (index, port) in ports() {
        if !seen.insert((&port.protocol, port.port)) {
            // As the internal type prints it, with what was compared and nothing else.
            let shown = format!(
                "{{\"Name\":\"\",\"Protocol\":{},\"AppProtocol\":null,\"Port\":{},\"TargetPort\":0,\"NodePort\":0}}",
                json!(port.protocol.as_str()),
                port.port
            );
            errors.push(duplicate(at.index(index), shown));
        }
    }
}

fn validate_balancer(errors: &mut Errors, at: &At, spec: &ServiceSpec) {
    let only = "may only be used when `type` is 'LoadBalancer'";
    let balancer = spec.is_load_balancer();
    if matches!(&spec.load_balancer_source_ranges, Json::List(ranges) if !ranges.is_empty()) && !balancer {
        errors.push(FieldError::forbidden(at.child("LoadBalancerSourceRanges"), only));
    }
    match spec.allocate_load_balancer_node_ports {
        Some(_) if !balancer => errors.push(FieldError::forbidden(at.child("allocateLoadBalancerNodePorts"), only)),
        None if balancer => errors.push(FieldError::required("allocateLoadBalancerNodePorts", "")),
        _ => {}
    }
    let class_at = at.child("loadBalancerClass");
    match &spec.load_balancer_class {
        Some(class) if balancer => errors.complain(&class_at, class, label_key(class)),
        Some(_) => errors.push(FieldError::forbidden(class_at, only)),
        None => {}
    }
}

fn validate_policies(errors: &mut Errors, at: &At, spec: &ServiceSpec) {
    let policies = ["Cluster", "Local"];
    let (policy, policy_at) = (&spec.external_traffic_policy, at.child("externalTrafficPolicy"));
    if spec.is_externally_accessible() {
        validate_choice(errors, &policy_at, &Json::String(policy.clone()), &policies);
    } else if !policy.is_empty() {
        let rule = "may only be set for externally-accessible services";
        errors.push(FieldError::invalid_json(policy_at, go_json(policy), rule));
    }
    let (port, port_at) = (spec.health_check_node_port, at.child("healthCheckNodePort"));
    match (spec.needs_health_check(), port) {
        (true, 0) => errors.push(FieldError::required(port_at, "")),
        (true, _) => validate_port(errors, port_at, port),
        (false, 0) => {}
        (false, _) => {
            let rule = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
            errors.push(FieldError::invalid_json(port_at, port.to_string(), rule));
        }
    }
    if let Some(policy) = spec.internal_traffic_policy.as_ref().filter(|policy| !policies.contains(&policy.as_str())) {
        errors.push(FieldError::not_supported(at.child("internalTrafficPolicy"), go_json(policy), &policies));
    }
    let distributions = ["PreferClose", "PreferSameZone", "PreferSameNode"];
    if let Some(text) = spec.traffic_distribution.as_str().filter(|text| !distributions.contains(text)) {
        errors.push(FieldError::not_supported(at.child("trafficDistribution"), go_json(text), &distributions));
    }
}
