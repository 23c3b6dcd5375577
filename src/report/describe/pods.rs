//! Pods and templates of pods, as `kubectl describe` prints them.

use std::fmt::Write;

use crate::cluster::Cluster;
use crate::model::json::Json;
use crate::model::list::List;
use crate::model::pod::{Container, Pod, PodTemplateSpec, PodVolume};
use crate::report::describe::containers::{containers, resources};
use crate::report::describe::sources::{plain, pod_source};
use crate::report::describe::{NONE, Sheet, controlled_by, moment, since};

pub(super) fn pod(sheet: &mut Sheet, cluster: &Cluster, pod: &Pod) {
    let (spec, extras) = (&pod.spec, &pod.spec.extras);
    about(sheet, cluster, pod);
    addresses(sheet, pod);
    controlled_by(sheet, &pod.metadata);
    if !pod.status.nominated_node_name.is_empty() {
        sheet.pair("NominatedNodeName", &pod.status.nominated_node_name);
    }
    if extras.resources != Json::Null {
        sheet.line("Resources:");
        resources(sheet, "  ", &extras.resources);
    }
    if !spec.init_containers.is_empty() {
        containers(sheet, "Init Containers", &spec.init_containers, Some(pod), &pod.status.init_container_statuses);
    }
    containers(sheet, "Containers", &spec.containers, Some(pod), &pod.status.container_statuses);
    conditions(sheet, pod);
    volumes(sheet, "", &spec.volumes);
    sheet.pair("QoS Class", quality(pod));
    sheet.map("Node-Selectors", &spec.node_selector);
    tolerations(sheet, "Tolerations", &extras.tolerations);
}

/// Name, place, labels and phase.
fn about(sheet: &mut Sheet, cluster: &Cluster, pod: &Pod) {
    let (metadata, spec, status) = (&pod.metadata, &pod.spec, &pod.status);
    sheet.pair("Name", &metadata.name);
    sheet.pair("Namespace", &metadata.namespace);
    if let Some(priority) = spec.priority {
        sheet.pair("Priority", priority);
    }
    let extras = [
        ("Priority Class Name", &spec.extras.priority_class_name),
        ("Runtime Class Name", &spec.extras.runtime_class_name),
        ("Service Account", &spec.extras.service_account_name),
    ];
    for (name, value) in extras {
        if let Some(value) = value.as_str().filter(|value| !value.is_empty()) {
            sheet.pair(name, value);
        }
    }
    if spec.node_name.is_empty() {
        sheet.pair("Node", NONE);
    } else {
        sheet.pair("Node", format_args!("{}/{}", spec.node_name, plain(Some(&status.host_ip))));
    }
    if status.start_time.is_some() {
        sheet.pair("Start Time", moment(status.start_time));
    }
    sheet.map("Labels", &metadata.labels);
    sheet.annotations("Annotations", &metadata.annotations);
    match metadata.deletion_timestamp {
        Some(time) if !status.phase.is_final() => {
            sheet.pair("Status", format_args!("Terminating (lasts {})", since(cluster, time)));
            let grace = metadata.deletion_grace_period_seconds.unwrap_or_default();
            sheet.pair("Termination Grace Period", format_args!("{grace}s"));
        }
        Some(_) | None => sheet.pair("Status", status.phase.as_str()),
    }
    for (name, text) in [("Reason", &status.reason), ("Message", &status.message)] {
        if !text.is_empty() {
            sheet.pair(name, text);
        }
    }
}

fn addresses(sheet: &mut Sheet, pod: &Pod) {
    sheet.pair("IP", &pod.status.pod_ip);
    let all = pod.status.pod_ips.items();
    if all.is_empty() {
        return sheet.pair("IPs", NONE);
    }
    sheet.line("IPs:");
    for address in all {
        sheet.pair("  IP", plain(address.get("ip")));
    }
}

fn conditions(sheet: &mut Sheet, pod: &Pod) {
    let gates = pod.spec.extras.readiness_gates.items();
    if !gates.is_empty() {
        sheet.line("Readiness Gates:\n  Type\tStatus");
    }
    for kind in gates.iter().map(|gate| plain(gate.get("conditionType"))) {
        let status = pod.condition(&kind).map_or(NONE, |condition| condition.status.as_str());
        sheet.line(format_args!("  {kind} \t{status} "));
    }
    if !pod.status.conditions.is_empty() {
        sheet.line("Conditions:\n  Type\tStatus");
    }
    for condition in &pod.status.conditions {
        sheet.line(format_args!("  {} \t{} ", condition.r#type, condition.status));
    }
}

fn volumes(sheet: &mut Sheet, space: &str, volumes: &List<PodVolume>) {
    if volumes.is_empty() {
        return sheet.pair(&format!("{space}Volumes"), NONE);
    }
    sheet.line(format_args!("{space}Volumes:"));
    let indent = if space.is_empty() { "" } else { " " };
    for volume in volumes {
        sheet.line(format_args!("  {indent}{}:", volume.name));
        match volume.sources.iter().next() {
            Some(source) => pod_source(sheet, source),
            None => sheet.line("  <unknown>"),
        }
    }
}

/// What pods are made from, below a heading.
pub(super) fn template(sheet: &mut Sheet, template: &PodTemplateSpec) {
    let (spec, extras) = (&template.spec, &template.spec.extras);
    sheet.line("Pod Template:");
    sheet.map("  Labels", &template.metadata.labels);
    if !template.metadata.annotations.is_empty() {
        sheet.annotations("  Annotations", &template.metadata.annotations);
    }
    if let Some(account) = extras.service_account_name.as_str().filter(|account| !account.is_empty()) {
        sheet.pair("  Service Account", account);
    }
    if !spec.init_containers.is_empty() {
        containers(sheet, "Init Containers", &spec.init_containers, None, &Json::Null);
    }
    containers(sheet, "Containers", &spec.containers, None, &Json::Null);
    volumes(sheet, "  ", &spec.volumes);
    if let Some(class) = extras.priority_class_name.as_str().filter(|class| !class.is_empty()) {
        sheet.pair("  Priority Class Name", class);
    }
    sheet.map("  Node-Selectors", &spec.node_selector);
    tolerations(sheet, "  Tolerations", &extras.tolerations);
}

fn tolerations(sheet: &mut Sheet, name: &str, tolerations: &Json) {
    let mut sorted: Vec<&Json> = tolerations.items().iter().collect();
    sorted.sort_by_key(|toleration| plain(toleration.get("key")));
    sheet.list(name, sorted.into_iter().map(toleration));
}

fn toleration(toleration: &Json) -> String {
    let of = |key: &str| plain(toleration.get(key));
    let (mut text, value, effect) = (of("key"), of("value"), of("effect"));
    for (sign, part) in [("=", &value), (":", &effect)] {
        if !part.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(text, "{sign}{part}");
        }
    }
    if of("operator") == "Exists" && value.is_empty() {
        text.push_str(if text.is_empty() { "op=Exists" } else { " op=Exists" });
    }
    let seconds = of("tolerationSeconds");
    if seconds.is_empty() { text } else { format!("{text} for {seconds}s") }
}

/// The class of a pod by what its containers ask for and are limited to.
fn quality(pod: &Pod) -> String {
    if let Some(class) = pod.status.qos_class.as_str().filter(|class| !class.is_empty()) {
        return class.to_owned();
    }
    let of = |container: &Container, kind: &str, resource: &str| {
        plain(container.resources.get(kind).and_then(|amounts| amounts.get(resource)))
    };
    let all = || pod.spec.init_containers.iter().chain(&pod.spec.containers);
    let names = ["cpu", "memory"];
    let is_limited = |container: &Container| {
        names.iter().all(|name| {
            let (limit, request) = (of(container, "limits", name), of(container, "requests", name));
            // Who asks for nothing asks for what the limit is.
            !limit.is_empty() && (request.is_empty() || request == limit)
        })
    };
    let asks = |container: &Container| {
        let kinds = ["limits", "requests"].into_iter();
        kinds
            .flat_map(|kind| names.map(|name| of(container, kind, name)))
            .any(|amount| !amount.is_empty() && amount != "0")
    };
    let class = if !all().any(asks) {
        "BestEffort"
    } else if all().all(is_limited) {
        "Guaranteed"
    } else {
        "Burstable"
    };
    class.to_owned()
}
