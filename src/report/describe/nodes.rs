//! Nodes as `kubectl describe` prints them.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::Cluster;
use crate::model::json::Json;
use crate::model::list::ResourceList;
use crate::model::node::{Node, Taint};
use crate::model::pod::{Container, Pod};
use crate::model::quantity::Quantity;
use crate::report::describe::sources::plain;
use crate::report::describe::{Sheet, moment, none_if_empty, since};

/// The labels that give a node a role.
const ROLE_PREFIX: &str = "node-role.kubernetes.io/";
const ROLE: &str = "kubernetes.io/role";

/// What every node has, whatever it says.
const CPU: &str = "cpu";
const MEMORY: &str = "memory";
const EPHEMERAL_STORAGE: &str = "ephemeral-storage";
const PODS: &str = "pods";
const HUGE_PAGES: &str = "hugepages-";

pub(super) fn node(sheet: &mut Sheet, cluster: &Cluster, node: &Node) {
    let (metadata, status) = (&node.metadata, &node.status);
    sheet.pair("Name", &metadata.name);
    sheet.pair("Roles", roles(node));
    sheet.map("Labels", &metadata.labels);
    sheet.annotations("Annotations", &metadata.annotations);
    sheet.pair("CreationTimestamp", moment(metadata.creation_timestamp));
    let mut taints: Vec<&Taint> = node.spec.taints.iter().collect();
    taints.sort_by_key(|taint| format!("{},{}", taint.effect, taint.key));
    sheet.list("Taints", taints.into_iter().map(taint));
    sheet.pair("Unschedulable", node.spec.unschedulable);
    for (number, condition) in status.conditions.iter().enumerate() {
        if number == 0 {
            sheet.line("Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
            sheet.line("  ----\t------\t-----------------\t------------------\t------\t-------");
        }
        let [heartbeat, transition] = [condition.last_heartbeat_time, condition.last_transition_time].map(moment);
        let (kind, status, reason) = (&condition.r#type, &condition.status, &condition.reason);
        sheet.line(format_args!("  {kind} \t{status} \t{heartbeat} \t{transition} \t{reason} \t{}", condition.message));
    }
    sheet.line("Addresses:");
    for address in status.addresses.items() {
        sheet.pair(&format!("  {}", plain(address.get("type"))), plain(address.get("address")));
    }
    for (title, amounts) in [("Capacity", &status.capacity), ("Allocatable", &status.allocatable)] {
        if !amounts.is_empty() {
            sheet.line(format_args!("{title}:"));
            for (name, amount) in amounts.iter().collect::<BTreeMap<_, _>>() {
                sheet.pair(&format!("  {name}"), amount);
            }
        }
    }
    system(sheet, node);
    pods(sheet, cluster, node);
}

fn roles(node: &Node) -> String {
    let labels = node.metadata.labels.iter();
    let roles = labels.filter_map(|(key, value)| match key.strip_prefix(ROLE_PREFIX) {
        Some(role) => Some(role),
        None => (*key == ROLE).then_some(&**value),
    });
    let roles: BTreeSet<&str> = roles.filter(|role| !role.is_empty()).collect();
    none_if_empty(roles.into_iter().collect::<Vec<_>>().join(","))
}

fn taint(taint: &Taint) -> String {
    let Taint { key, value, effect, .. } = taint;
    match (value.is_empty(), effect.is_empty()) {
        (true, true) => key.to_string(),
        (true, false) => format!("{key}:{effect}"),
        (false, true) => format!("{key}={value}:"),
        (false, false) => format!("{key}={value}:{effect}"),
    }
}

fn system(sheet: &mut Sheet, node: &Node) {
    const FIELDS: [(&str, &str); 9] = [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
    ];
    sheet.line("System Info:");
    for (name, key) in FIELDS {
        sheet.pair(&format!("  {name}"), plain(node.status.node_info.get(key)));
    }
    let ranges: Vec<&str> = node.spec.pod_cidrs.items().iter().filter_map(Json::as_str).collect();
    let fields = [
        ("PodCIDR", plain(Some(&node.spec.pod_cidr))),
        ("PodCIDRs", ranges.join(",")),
        ("ProviderID", plain(Some(&node.spec.provider_id))),
    ];
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        sheet.pair(name, value);
    }
}

/// What pods ask for or are limited to, by resource.
#[derive(Default)]
struct Amounts(BTreeMap<String, Quantity>);

impl Amounts {
    /// What the containers of a pod come to: all that run together, or an earlier one that asks for more.
    fn of(pod: &Pod, kind: &str) -> Self {
        let of = |container: &Container| Self::read(container.resources.get(kind));
        let mut amounts = Self::default();
        pod.spec.containers.iter().for_each(|container| amounts.add(&of(container)));
        for early in pod.spec.init_containers.iter().map(of) {
            for (name, amount) in early.0 {
                let held = amounts.0.entry(name).or_default();
                *held = held.clone().max(amount);
            }
        }
        // What a pod says of itself counts for all of its containers.
        let own = Self::read(pod.spec.extras.resources.get(kind));
        amounts.0.extend(own.0);
        let overhead = Self::read(Some(&pod.spec.extras.overhead));
        let counts = |name: &String| kind == "requests" || amounts.0.contains_key(name);
        let overhead = Self(overhead.0.into_iter().filter(|(name, _)| counts(name)).collect());
        amounts.add(&overhead);
        amounts
    }

    fn read(amounts: Option<&Json>) -> Self {
        let Some(Json::Map(amounts)) = amounts else {
            return Self::default();
        };
        let read = amounts.iter().filter_map(|(name, amount)| Some((name.to_string(), amount.decode::<Quantity>()?)));
        Self(read.collect())
    }

    fn add(&mut self, more: &Self) {
        for (name, amount) in &more.0 {
            let sum = self.0.get(name).map_or_else(|| amount.clone(), |held| held.plus(amount));
            self.0.insert(name.clone(), sum);
        }
    }

    fn get(&self, name: &str) -> Quantity {
        self.0.get(name).cloned().unwrap_or_default()
    }

    /// An amount and how much of a whole it is.
    fn share(&self, name: &str, whole: &ResourceList) -> String {
        let amount = self.get(name);
        let of = |quantity: &Quantity| i128::from(quantity.milli_value().unwrap_or(i64::MAX));
        let whole = whole.get(name).map_or(0, of);
        let percent = if whole == 0 { 0 } else { of(&amount) * 100 / whole };
        format!("{amount} ({percent}%)")
    }
}

/// The pods of a node that are not over, and what they ask for.
fn pods(sheet: &mut Sheet, cluster: &Cluster, node: &Node) {
    let status = &node.status;
    let whole = if status.allocatable.is_empty() { &status.capacity } else { &status.allocatable };
    let mut pods: Vec<&Pod> =
        cluster.pods().filter(|pod| pod.spec.node_name == node.metadata.name && !pod.status.phase.is_final()).collect();
    pods.sort_by_key(|pod| pod.key());
    sheet.pair("Non-terminated Pods", format_args!("({} in total)", pods.len()));
    sheet.line("  Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    sheet.line("  ---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    let (mut requests, mut limits) = (Amounts::default(), Amounts::default());
    for pod in pods {
        let (asked, limit) = (Amounts::of(pod, "requests"), Amounts::of(pod, "limits"));
        let shares = [(&asked, CPU), (&limit, CPU), (&asked, MEMORY), (&limit, MEMORY)];
        let shares = shares.map(|(amounts, name)| amounts.share(name, whole)).join("\t");
        let age = pod.metadata.creation_timestamp.map_or_else(|| "<unknown>".to_owned(), |time| since(cluster, time));
        sheet.line(format_args!("  {}\t{}\t\t{shares}\t{age}", pod.metadata.namespace, pod.metadata.name));
        requests.add(&asked);
        limits.add(&limit);
    }
    sheet.line("Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)");
    sheet.line("  Resource\tRequests\tLimits\n  --------\t--------\t------");
    let known = [CPU, MEMORY, EPHEMERAL_STORAGE];
    let others: BTreeSet<&str> = whole.keys().map(|name| &**name).filter(|name| !known.contains(name)).collect();
    let (pages, others): (Vec<&str>, Vec<&str>) =
        others.into_iter().filter(|name| *name != PODS).partition(|name| name.starts_with(HUGE_PAGES));
    for name in known.into_iter().chain(pages) {
        sheet.line(format_args!("  {name}\t{}\t{}", requests.share(name, whole), limits.share(name, whole)));
    }
    for name in others {
        sheet.line(format_args!("  {name}\t{}\t{}", requests.get(name), limits.get(name)));
    }
}
