//! The columns and cells of pods, of what makes them, of the nodes that run them and of services.
//!
//! Follows `pkg/printers/internalversion/printers.go` of Kubernetes.

use crate::model::deployment::Deployment;
use crate::model::json::Json;
use crate::model::kind::Kind;
use crate::model::list::StringMap;
use crate::model::node::Node;
use crate::model::pod::{Container, Pod};
use crate::model::replica_set::ReplicaSet;
use crate::model::selector::LabelSelector;
use crate::model::service::{Service, ServiceType};
use crate::model::shared::Shared;
use crate::model::stateful_set::StatefulSet;
use crate::report::tables::{Cells, Columns};

/// What stands in a column where there is nothing.
const NONE: &str = "<none>";

/// The label that gives a node a role.
const ROLE: &str = "node-role.kubernetes.io/";

pub(super) fn columns(kind: Kind) -> Option<Columns> {
    Some(match kind {
        Kind::StatefulSet => (&["NAME", "READY", "AGE"], &["CONTAINERS", "IMAGES"]),
        Kind::Deployment => {
            (&["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"], &["CONTAINERS", "IMAGES", "SELECTOR"])
        }
        Kind::ReplicaSet => (&["NAME", "DESIRED", "CURRENT", "READY", "AGE"], &["CONTAINERS", "IMAGES", "SELECTOR"]),
        Kind::Pod => {
            (&["NAME", "READY", "STATUS", "RESTARTS", "AGE"], &["IP", "NODE", "NOMINATED NODE", "READINESS GATES"])
        }
        Kind::Node => (&["NAME", "STATUS", "ROLES", "AGE", "VERSION"], &[]),
        Kind::Service => (&["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"], &["SELECTOR"]),
        Kind::Secret => (&["NAME", "TYPE", "DATA", "AGE"], &[]),
        Kind::ConfigMap => (&["NAME", "DATA", "AGE"], &[]),
        _ => return None,
    })
}

pub(super) fn stateful_set(name: String, set: &StatefulSet, age: String) -> Cells {
    let ready = format!("{}/{}", set.status.ready_replicas, set.spec.replicas.unwrap_or_default());
    (vec![name, ready, age], images(&set.spec.template.spec.containers))
}

pub(super) fn deployment(name: String, deployment: &Deployment, age: String) -> Cells {
    let status = &deployment.status;
    let ready = format!("{}/{}", status.ready_replicas, deployment.spec.replicas.unwrap_or_default());
    let cells = vec![name, ready, status.updated_replicas.to_string(), status.available_replicas.to_string(), age];
    let mut more = images(&deployment.spec.template.spec.containers);
    more.push(selector(deployment.spec.selector.as_ref()));
    (cells, more)
}

pub(super) fn replica_set(name: String, set: &ReplicaSet, age: String) -> Cells {
    let status = &set.status;
    let numbers = [set.spec.replicas.unwrap_or_default(), status.replicas, status.ready_replicas];
    let cells = std::iter::once(name).chain(numbers.map(|number| number.to_string())).chain([age]).collect();
    let mut more = images(&set.spec.template.spec.containers);
    more.push(selector(set.spec.selector.as_ref()));
    (cells, more)
}

pub(super) fn pod(name: String, pod: &Pod, age: String) -> Cells {
    let containers = statuses(&pod.status.container_statuses);
    let ready = containers.iter().filter(|status| status.get("ready") == Some(&Json::Bool(true))).count();
    let ready = format!("{ready}/{}", pod.spec.containers.len());
    let restarts: i64 = containers.iter().filter_map(|status| status.get("restartCount")?.as_i64()).sum();
    let cells = vec![name, ready, pod_status(pod), restarts.to_string(), age];
    let or_none = |text: &str| if text.is_empty() { NONE.to_owned() } else { text.to_owned() };
    let status = &pod.status;
    let places = [&status.pod_ip, &pod.spec.node_name, &status.nominated_node_name];
    (cells, places.into_iter().map(|text| or_none(text)).chain([NONE.to_owned()]).collect())
}

/// The word that kubectl shows for what a pod is doing.
fn pod_status(pod: &Pod) -> String {
    let status = &pod.status;
    if pod.metadata.is_deleting() && !status.phase.is_final() {
        return if status.reason == "NodeLost" { "Unknown" } else { "Terminating" }.to_owned();
    }
    let waiting = |status: &Json| {
        let state = status.get("state")?;
        let reason = state.get("waiting").or_else(|| state.get("terminated"))?.get("reason")?.as_str()?;
        (!reason.is_empty()).then(|| reason.to_owned())
    };
    let gated = pod.condition("PodScheduled").filter(|condition| condition.reason == "SchedulingGated");
    let reason = if status.reason.is_empty() { status.phase.as_str() } else { status.reason.as_str() };
    let reason = gated.map_or(reason, |condition| condition.reason.as_str());
    statuses(&status.container_statuses).iter().find_map(waiting).unwrap_or_else(|| reason.to_owned())
}

fn statuses(json: &Json) -> &[Json] {
    if let Json::List(statuses) = json { statuses } else { &[] }
}

pub(super) fn node(name: String, node: &Node, age: String) -> Vec<String> {
    let ready = node.status.conditions.iter().find(|condition| condition.r#type == "Ready");
    let mut status = match ready.map(|condition| condition.status.as_str()) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if node.spec.unschedulable {
        status.push_str(",SchedulingDisabled");
    }
    let roles: Vec<&str> = node.metadata.labels.keys().filter_map(|label| label.strip_prefix(ROLE)).collect();
    let roles = if roles.is_empty() { NONE.to_owned() } else { roles.join(",") };
    let version = node.status.node_info.get("kubeletVersion").and_then(Json::as_str).unwrap_or_default();
    vec![name, status, roles, age, version.to_owned()]
}

pub(super) fn service(name: String, service: &Service, age: String) -> Cells {
    let spec = &service.spec;
    let r#type = spec.r#type.clone().unwrap_or_default();
    let address = if spec.cluster_ip.is_empty() { NONE } else { spec.cluster_ip.as_str() };
    let external = match r#type {
        ServiceType::ExternalName => spec.external_name.to_string(),
        ServiceType::LoadBalancer => "<pending>".to_owned(),
        ServiceType::ClusterIp | ServiceType::NodePort | ServiceType::Other(_) => match &*spec.external_ips {
            [] => NONE.to_owned(),
            addresses => addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        },
    };
    let ports = spec.ports.iter().map(|port| {
        let protocol = if port.protocol.is_empty() { "TCP" } else { port.protocol.as_str() };
        match port.node_port {
            0 => format!("{}/{protocol}", port.port),
            node_port => format!("{}:{node_port}/{protocol}", port.port),
        }
    });
    let ports = ports.collect::<Vec<_>>().join(",");
    let ports = if ports.is_empty() { NONE.to_owned() } else { ports };
    (vec![name, r#type.to_string(), address.to_owned(), external, ports, age], vec![labels(&spec.selector)])
}

fn images(containers: &[Container]) -> Vec<String> {
    let joined = |text: fn(&Container) -> &str| containers.iter().map(text).collect::<Vec<_>>().join(",");
    vec![joined(|container| &container.name), joined(|container| &container.image)]
}

fn selector(selector: Option<&Shared<LabelSelector>>) -> String {
    selector.map_or_else(|| NONE.to_owned(), |selector| labels(&selector.match_labels))
}

fn labels(labels: &StringMap) -> String {
    let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if labels.is_empty() { NONE.to_owned() } else { labels.join(",") }
}
