//! Rules of the volumes of pods whose contents the kubelet makes.
//!
//! Follows `validateVolumeSource` and what it calls, of `pkg/apis/core/validation`.

use std::collections::BTreeSet;

use crate::api::path::{At, Errors};
use crate::api::volume_source::{validate_driver_name, validate_no_backsteps};
use crate::model::field_error::{FieldError, go_json};
use crate::model::json::Json;
use crate::model::pod::{
    ConfigMapVolumeSource, DownwardApiVolumeFile, DownwardApiVolumeSource, EmptyDirVolumeSource, GitRepoVolumeSource,
    InlineCsiVolumeSource, KeyToPath, ObjectFieldSelector, ProjectedVolumeSource, ResourceFieldSelector,
    SecretVolumeSource,
};
use crate::model::quantity::Quantity;
use crate::model::syntax::{annotation_key, dns_subdomain, label_key};

/// Fields of a pod that can become a file.
const FIELDS: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];
/// Further fields of a pod, which can become a variable.
const OTHER_FIELDS: [&str; 9] = [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "spec.schedulerName",
    "status.phase",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
/// Amounts of a container that can become a file.
const AMOUNTS: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
const BYTE_UNITS: [&str; 13] = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"];

pub(super) fn validate_empty_dir(errors: &mut Errors, at: &At, source: &EmptyDirVolumeSource) {
    if source.size_limit.as_ref().is_some_and(Quantity::is_negative) {
        let rule = "SizeLimit field must be a valid resource quantity";
        errors.push(FieldError::forbidden(at.child("sizeLimit"), rule));
    }
}

pub(super) fn validate_git_repo(errors: &mut Errors, at: &At, source: &GitRepoVolumeSource) {
    errors.require(&at.child("repository"), &source.repository);
    validate_descending(errors, &at.child("directory"), &source.directory);
}

pub(super) fn validate_config_map(errors: &mut Errors, at: &At, source: &ConfigMapVolumeSource) {
    errors.require(&at.child("name"), &source.name);
    validate_mode(errors, &at.child("defaultMode"), source.default_mode);
    validate_items(errors, at, &source.items);
}

pub(super) fn validate_secret(errors: &mut Errors, at: &At, source: &SecretVolumeSource) {
    errors.require(&at.child("secretName"), &source.secret_name);
    validate_mode(errors, &at.child("defaultMode"), source.default_mode);
    validate_items(errors, at, &source.items);
}

/// The original names the volume and not the file.
pub(super) fn validate_downward_api(errors: &mut Errors, at: &At, source: &DownwardApiVolumeSource) {
    validate_mode(errors, &at.child("defaultMode"), source.default_mode);
    for file in &source.items {
        validate_file(errors, at, file);
    }
}

pub(super) fn validate_csi(errors: &mut Errors, at: &At, source: &InlineCsiVolumeSource) {
    validate_driver_name(errors, &at.child("driver"), &source.driver);
    if let Some(secret) = &source.node_publish_secret_ref {
        if secret.name.is_empty() {
            errors.push(FieldError::required(at.child("nodePublishSecretRef").child("name"), ""));
        } else {
            errors.complain(&at.child("name"), &secret.name, dns_subdomain(&secret.name));
        }
    }
}

fn validate_items(errors: &mut Errors, at: &At, items: &[KeyToPath]) {
    for (index, item) in items.iter().enumerate() {
        let items = at.child("items");
        let at = items.index(index);
        errors.require(&at.child("key"), &item.key);
        errors.require(&at.child("path"), &item.path);
        validate_path(errors, &at.child("path"), &item.path);
        validate_mode(errors, &at.child("mode"), item.mode);
    }
}

fn validate_mode(errors: &mut Errors, at: &At, mode: Option<i32>) {
    if let Some(mode) = mode.filter(|mode| !(0..=0o777).contains(mode)) {
        let rule = "must be a number between 0 and 0777 (octal), both inclusive";
        errors.push(FieldError::invalid_json(at, mode.to_string(), rule));
    }
}

fn validate_descending(errors: &mut Errors, at: &At, path: &str) {
    if path.starts_with('/') {
        errors.push(FieldError::invalid(at, path, "must be a relative path"));
    }
    validate_no_backsteps(errors, at, path);
}

/// A path below the volume. Names that begin with two dots are the kubelet's.
fn validate_path(errors: &mut Errors, at: &At, path: &str) {
    validate_descending(errors, at, path);
    if path.starts_with("..") && !path.starts_with("../") {
        errors.push(FieldError::invalid(at, path, "must not start with '..'"));
    }
}

fn validate_file(errors: &mut Errors, at: &At, file: &DownwardApiVolumeFile) {
    errors.require(&at.child("path"), &file.path);
    validate_path(errors, &at.child("path"), &file.path);
    match (&file.field_ref, &file.resource_field_ref) {
        (Some(field), other) => {
            validate_field(errors, &at.child("fieldRef"), field);
            if other.is_some() {
                let rule = "fieldRef and resourceFieldRef can not be specified simultaneously";
                errors.push(FieldError::invalid(at, "resource", rule));
            }
        }
        (None, Some(resource)) => validate_resource(errors, &at.child("resourceFieldRef"), resource),
        (None, None) => errors.push(FieldError::required(at, "one of fieldRef and resourceFieldRef is required")),
    }
    validate_mode(errors, &at.child("mode"), file.mode);
}

fn validate_field(errors: &mut Errors, at: &At, field: &ObjectFieldSelector) {
    for (name, text) in [("apiVersion", &field.api_version), ("fieldPath", &field.field_path)] {
        if text.is_empty() {
            return errors.push(FieldError::required(at.child(name), ""));
        }
    }
    let path = field.field_path.as_str();
    let subscript = path.strip_suffix("']").and_then(|path| path.split_once("['")).filter(|(map, _)| !map.is_empty());
    let reason = match subscript {
        _ if field.api_version != "v1" => format!("unsupported pod version: {}", field.api_version),
        Some(("metadata.annotations", key)) => return errors.complain(at, key, annotation_key(key)),
        Some(("metadata.labels", key)) => return errors.complain(at, key, label_key(key)),
        Some(_) => format!("field label does not support subscript: {path}"),
        None if FIELDS.contains(&path) => return,
        None if OTHER_FIELDS.contains(&path) || path == "spec.host" => {
            let shown = if path == "spec.host" { "spec.nodeName" } else { path };
            return errors.push(FieldError::not_supported(at.child("fieldPath"), go_json(shown), &FIELDS));
        }
        None => format!("field label not supported: {path}"),
    };
    errors.push(FieldError::invalid(at.child("fieldPath"), path, format!("error converting fieldPath: {reason}")));
}

fn validate_resource(errors: &mut Errors, at: &At, resource: &ResourceFieldSelector) {
    let name = resource.resource.as_str();
    let amount = name.strip_prefix("requests.").or_else(|| name.strip_prefix("limits.")).unwrap_or_default();
    let huge_pages = amount.starts_with("hugepages-");
    if resource.container_name.is_empty() {
        errors.push(FieldError::required(at.child("containerName"), ""));
    } else if name.is_empty() {
        errors.push(FieldError::required(at.child("resource"), ""));
    } else if !AMOUNTS.contains(&name) && !huge_pages {
        errors.push(FieldError::not_supported(at.child("resource"), go_json(name), &AMOUNTS));
    }
    let Some(divisor) = resource.divisor.as_ref().filter(|divisor| !divisor.is_zero()) else {
        return;
    };
    let divisor = divisor.to_string();
    let (units, what): (&[&str], &str) = match amount {
        "cpu" => (&["1m", "1"], "cpu"),
        "memory" => (&BYTE_UNITS, "memory"),
        "ephemeral-storage" => (&BYTE_UNITS, "local ephemeral storage"),
        _ if huge_pages => (&BYTE_UNITS, "hugepages"),
        _ => return,
    };
    if !units.contains(&divisor.as_str()) {
        let listed = if what == "cpu" { "1m and 1".to_owned() } else { units.join(", ") };
        let rule = format!("only divisor's values {listed} are supported with the {what} resource");
        errors.push(FieldError::invalid(at.child("divisor"), name, rule));
    }
}

pub(super) fn validate_projected(errors: &mut Errors, at: &At, source: &ProjectedVolumeSource) {
    validate_mode(errors, &at.child("defaultMode"), source.default_mode);
    let mut paths: BTreeSet<String> = BTreeSet::new();
    // The original names the volume, and beside it the object, or the path where there is none.
    let mut once = |errors: &mut Errors, path: &str, shown: &str| {
        if !path.is_empty() && !paths.insert(path.to_owned()) {
            errors.push(FieldError::invalid(at, shown, "conflicting duplicate paths"));
        }
    };
    for (index, part) in source.sources.iter().enumerate() {
        let sources = at.child("sources");
        let part_at = sources.index(index);
        let objects = [
            ("secret", part.secret.as_ref().map(|secret| (&secret.name, &secret.items))),
            ("configMap", part.config_map.as_ref().map(|map| (&map.name, &map.items))),
        ];
        for (key, object) in objects {
            let Some((name, items)) = object else {
                continue;
            };
            errors.require(&part_at.child(key).child("name"), name);
            validate_items(errors, &part_at.child(key), items);
            for item in items {
                once(errors, &item.path, name);
            }
        }
        if let Some(downward) = &part.downward_api {
            for file in &downward.items {
                validate_file(errors, &part_at.child("downwardAPI"), file);
                once(errors, &file.path, &file.path);
            }
        }
        validate_token(errors, at, &part_at.child("serviceAccountToken"), &part.service_account_token);
        let set = [
            part.secret.is_some(),
            part.config_map.is_some(),
            part.downward_api.is_some(),
            part.service_account_token != Json::Null,
            part.cluster_trust_bundle != Json::Null,
            part.pod_certificate != Json::Null,
        ];
        if set.into_iter().filter(|set| *set).count() > 1 {
            errors.push(FieldError::forbidden(part_at, "may not specify more than 1 volume type per source"));
        }
    }
}

/// The original gives the path of the volume to the errors of the token's path.
fn validate_token(errors: &mut Errors, volume: &At, at: &At, token: &Json) {
    if *token == Json::Null {
        return;
    }
    let seconds = token.get("expirationSeconds").and_then(Json::as_i64).unwrap_or_default();
    let rule = match seconds {
        ..600 => Some("may not specify a duration less than 10 minutes"),
        600..=0x1_0000_0000 => None,
        _ => Some("may not specify a duration larger than 2^32 seconds"),
    };
    if let Some(rule) = rule {
        errors.push(FieldError::invalid_json(at.child("expirationSeconds"), seconds.to_string(), rule));
    }
    let path = token.get("path").and_then(Json::as_str).unwrap_or_default();
    errors.require(&volume.child("path"), path);
    validate_path(errors, &volume.child("path"), path);
}
