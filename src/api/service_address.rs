//! Rules of the addresses of Services.
//!
//! Follows `ValidateServiceClusterIPsRelatedFields` and `validateUpgradeDowngrade*`, of `pkg/apis/core/validation`, and
//! the parsing of `k8s.io/apimachinery/pkg/util/validation/ip.go`.

use core::net::{IpAddr, Ipv4Addr};

use crate::api::path::{At, Errors};
use crate::model::field_error::{FieldError, go_json};
use crate::model::service::{ServiceSpec, ServiceType};
use crate::model::text::Text;

const NOT_CHANGED: &str = "may not change once set";

pub(super) fn validate_addresses(errors: &mut Errors, at: &At, spec: &ServiceSpec, old: Option<&ServiceSpec>) {
    if spec.r#type == Some(ServiceType::ExternalName) {
        return;
    }
    let (ips, ips_at) = (&spec.cluster_ips, at.child("clusterIPs"));
    match (spec.cluster_ip.as_str(), ips.first()) {
        ("", Some(_)) => {
            let rule = "must be empty when `clusterIP` is not specified";
            errors.push(FieldError::invalid_json(ips_at, go_json(ips), rule));
        }
        ("", None) => {}
        (_, None) => errors.push(FieldError::required(ips_at, "")),
        (one, Some(first)) if first != one => {
            errors.push(FieldError::invalid_json(ips_at, go_json(ips), "first value must match `clusterIP`"));
        }
        (_, Some(_)) => {}
    }
    validate_families(errors, at, spec);
    let before = errors.0.len();
    let held: &[Text] = old.map_or(&[], |old| &old.cluster_ips);
    for (index, ip) in ips.iter().enumerate() {
        if index > 0 || ip != "None" {
            validate_ip(errors, &ips_at.index(index), ip, held);
        } else if ips.len() > 1 {
            let rule = "'None' must be the first and only value";
            errors.push(FieldError::invalid_json(ips_at, go_json(ips), rule));
        }
    }
    let sound = errors.0.len() == before;
    if ips.len() > 2 {
        errors.push(FieldError::invalid_json(ips_at, go_json(ips), "may only hold up to 2 values"));
    }
    if !sound {
        return;
    }
    let sixes = ips.iter().filter(|ip| is_ipv6(ip)).count();
    if ips.len() > 1 && (sixes == 0 || sixes == ips.len()) {
        let rule = "may specify no more than one IP for each IP family";
        errors.push(FieldError::invalid_json(ips_at, go_json(ips), rule));
    }
    if !spec.has_no_address() {
        for (index, (ip, family)) in ips.iter().zip(&spec.ip_families).enumerate() {
            if ["IPv4", "IPv6"].contains(&family.as_str()) && is_ipv6(ip) != (*family == "IPv6") {
                let rule = format!("expected an {family} value as indicated by `ipFamilies[{index}]`");
                errors.push(FieldError::invalid(ips_at.index(index), ip, rule));
            }
        }
    }
}

fn validate_families(errors: &mut Errors, at: &At, spec: &ServiceSpec) {
    for (index, family) in spec.ip_families.iter().enumerate() {
        let list = at.child("ipFamilies");
        let at = list.index(index);
        if !["IPv4", "IPv6"].contains(&family.as_str()) {
            errors.push(FieldError::not_supported(at, go_json(family), &["IPv4", "IPv6"]));
        }
        if spec.ip_families[..index].contains(family) {
            errors.push(FieldError::duplicate(at, family));
        }
    }
    let policies = ["PreferDualStack", "RequireDualStack", "SingleStack"];
    if let Some(policy) = spec.ip_family_policy.as_ref().filter(|policy| !policies.contains(&policy.as_str())) {
        errors.push(FieldError::not_supported(at.child("ipFamilyPolicy"), go_json(policy), &policies));
    }
}

/// What of the addresses cannot be changed.
pub(super) fn validate_change(errors: &mut Errors, new: &ServiceSpec, old: &ServiceSpec) {
    let at = At::new("spec");
    let headless = (new.has_no_address(), old.has_no_address());
    if new.needs_cluster_ip() && old.needs_cluster_ip() {
        if headless != (true, true) {
            validate_address_change(errors, &at, new, old);
        }
        if headless == (false, false) {
            validate_family_change(errors, &at, new, old);
        }
    }
    let class_at = at.child("loadBalancerClass");
    if new.is_load_balancer() && old.is_load_balancer() && new.load_balancer_class != old.load_balancer_class {
        errors.push(FieldError::invalid_json(class_at, go_json(&new.load_balancer_class), NOT_CHANGED));
    }
    if new.needs_health_check() && old.needs_health_check() && new.health_check_node_port != old.health_check_node_port
    {
        errors.push(FieldError::forbidden(at.child("healthCheckNodePort"), "field is immutable"));
    }
}

fn validate_address_change(errors: &mut Errors, at: &At, new: &ServiceSpec, old: &ServiceSpec) {
    let (ips, held) = (&new.cluster_ips, &old.cluster_ips);
    let ips_at = at.child("clusterIPs");
    let mut refuse = |index: usize, rule: &str| {
        errors.push(FieldError::invalid_json(ips_at.index(index), go_json(ips), rule));
    };
    if ips.len() == held.len() {
        for index in (0..ips.len()).filter(|index| ips[*index] != held[*index]) {
            refuse(index, NOT_CHANGED);
        }
        return;
    }
    if ips.is_empty() {
        refuse(0, "primary clusterIP can not be unset");
    } else if !held.is_empty() && ips[0] != held[0] {
        refuse(0, NOT_CHANGED);
    }
    if held.len() > ips.len() && ips.len() == 1 && new.ip_family_policy.as_deref() != Some("SingleStack") {
        let rule = "must be set to 'SingleStack' when releasing the secondary clusterIP";
        errors.push(FieldError::invalid_json(at.child("ipFamilyPolicy"), go_json(&new.ip_family_policy), rule));
    }
}

fn validate_family_change(errors: &mut Errors, at: &At, new: &ServiceSpec, old: &ServiceSpec) {
    let (families, held) = (&new.ip_families, &old.ip_families);
    let list = at.child("ipFamilies");
    let first_at = list.index(0);
    if families.len() == held.len() {
        for _ in families.iter().zip(held).filter(|(new, old)| new != old) {
            errors.push(FieldError::invalid_json(first_at, go_json(families), NOT_CHANGED));
        }
        return;
    }
    if held.len() > families.len() && new.cluster_ips.is_empty() {
        let rule = "primary ipFamily can not be unset";
        errors.push(FieldError::invalid_json(first_at, go_json(families), rule));
    }
    if let (Some(new_first), Some(first)) = (families.first(), held.first())
        && new_first != first
    {
        // The original prints the addresses here.
        errors.push(FieldError::invalid_json(first_at, go_json(&new.cluster_ips), NOT_CHANGED));
    }
    if held.len() > families.len() && families.len() == 1 && new.ip_family_policy.as_deref() != Some("SingleStack") {
        let rule = "must be set to 'SingleStack' when releasing the secondary ipFamily";
        errors.push(FieldError::invalid_json(at.child("ipFamilyPolicy"), go_json(&new.ip_family_policy), rule));
    }
}

/// An address that is not among those that were stored already.
fn validate_ip(errors: &mut Errors, at: &At, text: &str, held: &[Text]) -> Option<IpAddr> {
    if held.iter().any(|held| held == text) {
        return text.parse().ok();
    }
    let Some(address) = parse(text) else {
        let rule = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        errors.push(FieldError::invalid(at, text, rule));
        return None;
    };
    if text.parse::<IpAddr>().is_err() {
        errors.push(FieldError::invalid(at, text, "must not have leading 0s"));
        return None;
    }
    if matches!(address, IpAddr::V6(address) if address.to_ipv4_mapped().is_some()) {
        errors.push(FieldError::invalid(at, text, "must not be an IPv4-mapped IPv6 address"));
        return None;
    }
    Some(address)
}

/// An address, of which numbers may begin with zeros.
fn parse(text: &str) -> Option<IpAddr> {
    let octet = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u8>().ok())?;
    text.parse().ok().or_else(|| {
        let octets: Vec<u8> = text.split('.').map(octet).collect::<Option<_>>()?;
        let octets: [u8; 4] = octets.try_into().ok()?;
        Some(IpAddr::V4(Ipv4Addr::from(octets)))
    })
}

fn is_ipv6(text: &str) -> bool {
    matches!(parse(text), Some(IpAddr::V6(_)))
}

pub(super) fn validate_external_ip(errors: &mut Errors, at: &At, text: &str, held: &[Text]) {
    let Some(address) = validate_ip(errors, at, text, held) else {
        return;
    };
    let (link_local, multicast) = match address {
        IpAddr::V4(address) => (address.is_link_local(), address.octets()[..3] == [224, 0, 0]),
        IpAddr::V6(address) => (address.is_unicast_link_local(), address.segments()[0] & 0xff0f == 0xff02),
    };
    let rules = [
        (address.is_unspecified(), format!("may not be unspecified ({text})")),
        (address.is_loopback(), "may not be in the loopback range (127.0.0.0/8, ::1/128)".to_owned()),
        (link_local, "may not be in the link-local range (169.254.0.0/16, fe80::/10)".to_owned()),
        (multicast, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)".to_owned()),
    ];
    for (_, rule) in rules.into_iter().filter(|(broken, _)| *broken) {
        errors.push(FieldError::invalid(at, text, rule));
    }
}
