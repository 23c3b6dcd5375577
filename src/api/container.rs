//! Rules of containers, as far as charts commonly break them: names, images, ports, environment, resources. Probes,
//! hooks and security contexts are checked for their shape when they are decoded and not further.

use crate::api::path::{At, Errors};
use crate::api::pod_volume::{Volumes, validate_devices, validate_mounts};
use crate::model::field_error::{FieldError, go_json};
use crate::model::json::Json;
use crate::model::list::Map;
use crate::model::pod::{Container, PodSpec};
use crate::model::quantity::Quantity;
use crate::model::syntax::{dns_label, label_key};

/// Resources that a container may ask for by a plain name.
const RESOURCES: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// Resources of which a quota counts the objects, so that there is no half of them.
pub(super) const COUNTED: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

pub(super) fn validate_containers(errors: &mut Errors, at: &At, spec: &PodSpec, volumes: &Volumes<'_>) {
    let containers = at.child("containers");
    if spec.containers.is_empty() {
        errors.push(FieldError::required(containers, ""));
    }
    let mut names: Vec<&str> = Vec::new();
    for (index, container) in spec.containers.iter().enumerate() {
        validate_container(errors, &containers.index(index), container, volumes);
        if names.contains(&container.name.as_str()) {
            errors.push(FieldError::duplicate(containers.index(index).child("name"), &container.name));
        }
        names.push(&container.name);
    }
    let containers = at.child("initContainers");
    for (index, container) in spec.init_containers.iter().enumerate() {
        validate_container(errors, &containers.index(index), container, volumes);
        if names.contains(&container.name.as_str()) {
            errors.push(FieldError::duplicate(containers.index(index).child("name"), &container.name));
        } else if !container.name.is_empty() {
            names.push(&container.name);
        }
    }
}

fn validate_container(errors: &mut Errors, at: &At, container: &Container, volumes: &Volumes<'_>) {
    let name = at.child("name");
    if container.name.is_empty() {
        errors.push(FieldError::required(name, ""));
    } else {
        errors.complain(&name, &container.name, dns_label(&container.name));
    }
    errors.require(&at.child("image"), &container.image);
    let policies = ["File", "FallbackToLogsOnError"];
    validate_choice(errors, &at.child("terminationMessagePolicy"), &container.termination_message_policy, &policies);
    validate_ports(errors, &at.child("ports"), items(&container.ports));
    for (index, variable) in items(&container.env).iter().enumerate() {
        validate_variable(errors, &at.child("env").index(index), variable);
    }
    validate_mounts(errors, &at.child("volumeMounts"), container, volumes);
    validate_devices(errors, &at.child("volumeDevices"), container, volumes);
    let policies = ["Always", "IfNotPresent", "Never"];
    validate_choice(errors, &at.child("imagePullPolicy"), &container.image_pull_policy, &policies);
    validate_resources(errors, &at.child("resources"), &container.resources);
}

fn items(list: &Json) -> &[Json] {
    if let Json::List(items) = list { items } else { &[] }
}

fn text<'v>(value: &'v Json, key: &str) -> &'v str {
    value.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn number(value: &Json, key: &str) -> i64 {
    if let Some(Json::Number(text)) = value.get(key) { text.parse().unwrap_or_default() } else { 0 }
}

/// A carried text that must be one of a few.
pub(super) fn validate_choice(errors: &mut Errors, at: &At, value: &Json, choices: &[&str]) {
    match value.as_str() {
        Some(text) if choices.contains(&text) => {}
        Some(text) if !text.is_empty() => errors.push(FieldError::not_supported(at, go_json(text), choices)),
        Some(_) | None => errors.push(FieldError::required(at, "")),
    }
}

fn validate_ports(errors: &mut Errors, at: &At, ports: &[Json]) {
    let mut names: Vec<&str> = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let at = at.index(index);
        let name = text(port, "name");
        let complaints = port_name(name);
        if !complaints.is_empty() {
            errors.complain(&at.child("name"), name, complaints);
        } else if names.contains(&name) {
            errors.push(FieldError::duplicate(at.child("name"), name));
        } else if !name.is_empty() {
            names.push(name);
        }
        if number(port, "containerPort") == 0 {
            errors.push(FieldError::required(at.child("containerPort"), ""));
        }
        for field in ["containerPort", "hostPort"] {
            let number = number(port, field);
            if number != 0 && !(1..=65535).contains(&number) {
                let rule = "must be between 1 and 65535, inclusive";
                errors.push(FieldError::invalid_json(at.child(field), number.to_string(), rule));
            }
        }
        let protocol = port.get("protocol").unwrap_or(&Json::Null);
        validate_choice(errors, &at.child("protocol"), protocol, &["SCTP", "TCP", "UDP"]);
    }
}

/// Complaints about the name of a port; an empty one is none.
pub(super) fn port_name(name: &str) -> Vec<String> {
    let letter = |c: char| c.is_ascii_lowercase();
    let rules = [
        (name.len() > 15, "must be no more than 15 characters"),
        (
            !name.chars().all(|c| letter(c) || c.is_ascii_digit() || c == '-'),
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (!name.contains(letter), "must contain at least one letter (a-z)"),
        (name.contains("--"), "must not contain consecutive hyphens"),
        (name.starts_with('-') || name.ends_with('-'), "must not begin or end with a hyphen"),
    ];
    let broken = rules.into_iter().filter(|(broken, _)| *broken && !name.is_empty());
    broken.map(|(_, rule)| rule.to_owned()).collect()
}

fn validate_variable(errors: &mut Errors, at: &At, variable: &Json) {
    let name = text(variable, "name");
    errors.require(&at.child("name"), name);
    if !name.chars().all(|c| (' '..='~').contains(&c) && c != '=') {
        let rule = "a valid environment variable name must consist only of printable ASCII characters other than '='";
        errors.push(FieldError::invalid(at.child("name"), name, rule));
    }
    let Some(Json::Map(sources)) = variable.get("valueFrom") else {
        return;
    };
    let sources = sources.iter().filter(|(_, source)| *source != Json::Null).count();
    let rule = match sources {
        0 => "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        _ if !text(variable, "value").is_empty() => "may not be specified when `value` is not empty",
        1 => return,
        _ => "may not have more than one field specified at a time",
    };
    errors.push(FieldError::invalid(at.child("valueFrom"), "", rule));
}

fn validate_resources(errors: &mut Errors, at: &At, resources: &Json) {
    let amounts = |key: &str| resources.get(key).and_then(Json::decode::<Map<Quantity>>).unwrap_or_default();
    let (limits, requests) = (amounts("limits"), amounts("requests"));
    for (resource, quantity) in limits.iter() {
        validate_amount(errors, &at.child("limits").key(resource), resource, quantity);
    }
    for (resource, quantity) in requests.iter() {
        validate_amount(errors, &at.child("requests").key(resource), resource, quantity);
        if let Some(limit) = limits.get(resource).filter(|limit| quantity > limit) {
            let rule = format!("must be less than or equal to {resource} limit of {limit}");
            errors.push(FieldError::invalid(at.child("requests"), &quantity.to_string(), rule));
        }
    }
}

fn validate_amount(errors: &mut Errors, at: &At, resource: &str, quantity: &Quantity) {
    let complaints = label_key(resource);
    let malformed = !complaints.is_empty();
    errors.complain(at, resource, complaints);
    if !resource.contains('/') && !RESOURCES.contains(&resource) && !resource.starts_with("hugepages-") {
        if !malformed && !is_standard(resource) {
            errors.push(FieldError::invalid(at, resource, "must be a standard resource type or fully qualified"));
        }
        errors.push(FieldError::invalid(at, resource, "must be a standard resource for containers"));
    }
    errors.not_negative_amount(at, quantity);
}

/// Whether a plain name is that of a resource of Kubernetes, be it one of volumes or quotas.
pub(super) fn is_standard(resource: &str) -> bool {
    let computed = resource.strip_prefix("requests.").or_else(|| resource.strip_prefix("limits."));
    computed.is_some_and(|computed| RESOURCES.contains(&computed))
        || COUNTED.contains(&resource)
        || ["storage", "requests.storage"].contains(&resource)
        || resource.starts_with("requests.hugepages-")
}
