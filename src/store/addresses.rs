//! Addresses and ports of Services: which are taken, and which one is given out next.
//!
//! The cluster has one range of IPv4 addresses, Kubernetes' default `10.96.0.0/12`. Where Kubernetes draws from the
//! part above the first 256 by chance, addresses are given out here in order, and none twice before the range is
//! used up.
//!
//! Follows `pkg/registry/core/service/storage`.

use core::net::{IpAddr, Ipv4Addr};
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::api::ApiError;
use crate::model::field_error::{FieldError, go_json};
use crate::model::kind::{Kind, Object};
use crate::model::list::List;
use crate::model::service::{Service, ServicePort, ServiceSpec};
use crate::model::text::Text;

const BASE: u32 = u32::from_be_bytes([10, 96, 0, 0]);
/// The last place of the range, which is not given out.
const LAST: u32 = (1 << 20) - 1;
/// The first place that is given out unasked.
const FIRST: u32 = 257;
const NODE_PORTS: std::ops::RangeInclusive<i32> = 30000..=32767;

/// What the Services of a store have.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    /// Places in the range, with the numbers of the Services that have them.
    taken: Arc<BTreeSet<(u32, u32)>>,
    ports: Arc<BTreeSet<(i32, u32)>>,
    /// Places below this one were given out.
    next: u32,
}

impl Addresses {
    /// Follows the change of the Service with a number.
    pub(super) fn change(&mut self, id: u32, before: Option<&Object>, after: Option<&Object>) {
        if let Some(Object::Service(before)) = before {
            for place in places(before) {
                Arc::make_mut(&mut self.taken).remove(&(place, id));
            }
            for port in node_ports(before) {
                Arc::make_mut(&mut self.ports).remove(&(port, id));
            }
        }
        if let Some(Object::Service(after)) = after {
            for place in places(after) {
                Arc::make_mut(&mut self.taken).insert((place, id));
                self.next = self.next.max(place + 1);
            }
            for port in node_ports(after) {
                Arc::make_mut(&mut self.ports).insert((port, id));
            }
        }
    }

    /// Gives a Service that is created, or replaces an old one, what it needs and does not name.
    pub(super) fn assign(&self, service: &mut Service, old: Option<&Service>) -> Result<(), ApiError> {
        let name = service.metadata.name.clone();
        let spec = &mut *service.spec;
        if let Some(old) = old {
            keep_assigned(spec, &old.spec);
        }
        align(spec, old.map(|old| &*old.spec));
        let refuse = |errors| Err(ApiError::Invalid { kind: Kind::Service, name, errors });
        let errors = self.assign_address(spec, old.map(|old| &*old.spec));
        if !errors.is_empty() {
            return refuse(errors);
        }
        let errors = self.assign_ports(spec, old.map(|old| &*old.spec));
        if errors.is_empty() { Ok(()) } else { refuse(errors) }
    }

    fn is_taken(&self, place: u32) -> bool {
        self.taken.range((place, 0)..=(place, u32::MAX)).next().is_some()
    }

    /// The next place; one that became free only where all were given out. Cost: logarithmic until then.
    fn next_place(&self) -> Option<u32> {
        let mut fresh = self.next.max(FIRST)..LAST;
        fresh.find(|place| !self.is_taken(*place)).or_else(|| (1..LAST).find(|place| !self.is_taken(*place)))
    }

    fn assign_address(&self, spec: &mut ServiceSpec, old: Option<&ServiceSpec>) -> Vec<FieldError> {
        if !spec.needs_cluster_ip() {
            return Vec::new();
        }
        let errors = default_families(spec, old);
        if !errors.is_empty() || spec.has_no_address() {
            return errors;
        }
        let held: &[Text] = old.map_or(&[], |old| &old.cluster_ips);
        let refuse = |spec: &ServiceSpec, reason: String| {
            vec![FieldError::invalid_json("spec.clusterIPs", go_json(&spec.cluster_ips), reason)]
        };
        if spec.cluster_ips.is_empty() {
            let Some(place) = self.next_place() else {
                return refuse(spec, "failed to allocate IP: range is full".to_owned());
            };
            let address: Text = Ipv4Addr::from(BASE + place).to_string().into();
            spec.cluster_ips = [address.clone()].into();
            spec.cluster_ip = address;
            return Vec::new();
        }
        for address in spec.cluster_ips.iter().filter(|address| !held.contains(address)) {
            let reason = match (place_of(address), address.parse::<IpAddr>()) {
                // What is no address is found by validation.
                (_, Err(_)) => continue,
                (Some(place), Ok(_)) if !self.is_taken(place) => continue,
                (Some(_), Ok(_)) => "provided IP is already allocated",
                (None, Ok(_)) => "the provided network does not match the current range",
            };
            return refuse(spec, format!("failed to allocate IP {address}: {reason}"));
        }
        Vec::new()
    }

    fn assign_ports(&self, spec: &mut ServiceSpec, old: Option<&ServiceSpec>) -> Vec<FieldError> {
        if !spec.needs_node_ports() && !spec.needs_health_check() {
            return Vec::new();
        }
        let held = |number: i32| old.is_some_and(|old| old.ports.iter().any(|port| port.node_port == number));
        let is_taken = |number: i32| self.ports.range((number, 0)..=(number, u32::MAX)).next().is_some();
        let mut used: Vec<i32> = spec.ports.iter().map(|port| port.node_port).collect();
        for (index, number) in used.iter().enumerate().filter(|(_, number)| **number != 0 && !held(**number)) {
            let at = format!("spec.ports[{index}].nodePort");
            let reason = if !NODE_PORTS.contains(number) {
                "provided port is not in the valid range. The range of valid ports is 30000-32767"
            } else if is_taken(*number) {
                "provided port is already allocated"
            } else {
                continue;
            };
            return vec![FieldError::invalid_json(at, number.to_string(), reason)];
        }
        let mut fresh = |wanted: bool| {
            let free = NODE_PORTS.filter(|_| wanted).find(|port| !is_taken(*port) && !used.contains(port));
            used.extend(free);
            free.unwrap_or_default()
        };
        if spec.needs_node_ports() && spec.allocate_load_balancer_node_ports != Some(false) {
            let mut ports: Vec<ServicePort> = spec.ports.to_vec();
            for index in 0..ports.len() {
                // A number of a port is the same for all of its protocols.
                let number = ports[index].port;
                let same = ports.iter().find(|other| other.port == number && other.node_port != 0);
                let known = same.map(|same| same.node_port);
                if ports[index].node_port == 0 {
                    ports[index].node_port = known.unwrap_or_else(|| fresh(true));
                }
            }
            spec.ports = ports.into();
        }
        if spec.needs_health_check() && spec.health_check_node_port == 0 {
            spec.health_check_node_port = fresh(true);
        }
        Vec::new()
    }
}

/// The places of a Service in the range.
fn places(service: &Service) -> impl Iterator<Item = u32> {
    service.spec.cluster_ips.iter().filter_map(|address| place_of(address))
}

fn place_of(address: &str) -> Option<u32> {
    let address: Ipv4Addr = address.parse().ok()?;
    u32::from(address).checked_sub(BASE).filter(|place| (1..LAST).contains(place))
}

fn node_ports(service: &Service) -> impl Iterator<Item = i32> {
    let ports = service.spec.ports.iter().map(|port| port.node_port);
    ports.chain([service.spec.health_check_node_port]).filter(|port| *port != 0)
}

/// Fills in what was given out before and the update leaves out, so that repeating a manifest changes nothing.
fn keep_assigned(new: &mut ServiceSpec, old: &ServiceSpec) {
    if new.needs_cluster_ip() && old.needs_cluster_ip() {
        if new.cluster_ip.is_empty() {
            new.cluster_ip = old.cluster_ip.clone();
        }
        if new.cluster_ips.is_empty() {
            new.cluster_ips = old.cluster_ips.clone();
        }
    }
    if new.needs_node_ports() && old.needs_node_ports() {
        let named: Vec<i32> = new.ports.iter().map(|port| port.node_port).collect();
        let kept = |port: &ServicePort| {
            let held = old.ports.iter().rfind(|held| held.name == port.name).map(|held| held.node_port);
            let node_port = held.filter(|number| port.node_port == 0 && !named.contains(number));
            ServicePort { node_port: node_port.unwrap_or(port.node_port), ..port.clone() }
        };
        new.ports = new.ports.iter().map(kept).collect();
    }
    if new.needs_health_check() && old.needs_health_check() && new.health_check_node_port == 0 {
        new.health_check_node_port = old.health_check_node_port;
    }
}

/// Keeps the two fields for addresses in step where only one was written.
fn align(new: &mut ServiceSpec, old: Option<&ServiceSpec>) {
    let Some(old) = old else {
        if !new.cluster_ip.is_empty() && new.cluster_ips.is_empty() {
            new.cluster_ips = [new.cluster_ip.clone()].into();
        }
        return;
    };
    if new.cluster_ip != old.cluster_ip && new.cluster_ips == old.cluster_ips {
        let only = new.cluster_ip.clone();
        new.cluster_ips = if only.is_empty() { List::absent() } else { [only].into() };
    }
}

/// Fills in the families of addresses. The cluster has one family.
fn default_families(spec: &mut ServiceSpec, old: Option<&ServiceSpec>) -> Vec<FieldError> {
    let unselected = spec.has_no_address() && spec.selector.is_empty();
    let policy = match (&spec.ip_family_policy, old.and_then(|old| old.ip_family_policy.clone())) {
        (Some(policy), _) => policy.clone(),
        (None, Some(held)) => held,
        (None, None) => if unselected { "RequireDualStack" } else { "SingleStack" }.into(),
    };
    spec.ip_family_policy = Some(policy.clone());
    if unselected {
        if spec.ip_families.is_empty() {
            spec.ip_families = [Text::from("IPv4")].into();
        }
        if let [only] = &*spec.ip_families
            && policy != "SingleStack"
        {
            let other = if *only == "IPv4" { "IPv6" } else { "IPv4" };
            spec.ip_families = spec.ip_families.with(other.into());
        }
        return Vec::new();
    }
    let mut errors = Vec::new();
    if policy == "RequireDualStack" {
        let rule = "this cluster is not configured for dual-stack services";
        errors.push(FieldError::invalid_json("spec.ipFamilyPolicy", go_json(&policy), rule));
    }
    for (index, family) in spec.ip_families.iter().enumerate().filter(|(_, family)| **family == "IPv6") {
        let at = format!("spec.ipFamilies[{index}]");
        errors.push(FieldError::invalid_json(at, go_json(family), "not configured on this cluster"));
    }
    if spec.ip_families.is_empty() {
        spec.ip_families = [Text::from("IPv4")].into();
    }
    errors
}
