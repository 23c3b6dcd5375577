//! The columns and cells of quotas, namespaces, storage drivers and revisions.
//!
//! Follows `pkg/printers/internalversion/printers.go` of Kubernetes.

use crate::model::controller_revision::ControllerRevision;
use crate::model::csi::CsiDriver;
use crate::model::json::Json;
use crate::model::kind::{Kind, Object};
use crate::model::quantity::Quantity;
use crate::model::resource_quota::ResourceQuota;

pub(super) fn columns(kind: Kind) -> Option<&'static [&'static str]> {
    Some(match kind {
        Kind::ResourceQuota => &["NAME", "REQUEST", "LIMIT", "AGE"],
        Kind::Namespace => &["NAME", "STATUS", "AGE"],
        Kind::ControllerRevision => &["NAME", "CONTROLLER", "REVISION", "AGE"],
        Kind::CsiDriver => &[
            "NAME",
            "ATTACHREQUIRED",
            "PODINFOONMOUNT",
            "STORAGECAPACITY",
            "TOKENREQUESTS",
            "REQUIRESREPUBLISH",
            "MODES",
            "AGE",
        ],
        Kind::CsiNode => &["NAME", "DRIVERS", "AGE"],
        Kind::CsiStorageCapacity => &["NAME", "STORAGECLASSNAME", "CAPACITY"],
        _ => return None,
    })
}

pub(super) fn cells(object: &Object, name: String, age: String) -> Option<Vec<String>> {
    Some(match object {
        Object::ResourceQuota(quota) => resource_quota(name, quota, age),
        Object::Namespace(namespace) => {
            let phase = namespace.status.phase.as_ref().map(ToString::to_string);
            vec![name, phase.unwrap_or_default(), age]
        }
        Object::ControllerRevision(revision) => controller_revision(name, revision, age),
        Object::CsiDriver(driver) => csi_driver(name, driver, age),
        Object::CsiNode(node) => vec![name, node.spec.drivers.len().to_string(), age],
        Object::CsiStorageCapacity(capacity) => {
            let left = capacity.capacity.as_ref().map_or_else(|| "<unset>".to_owned(), ToString::to_string);
            vec![name, capacity.storage_class_name.to_string(), left]
        }
        _ => return None,
    })
}

/// What is used and what is allowed, limits apart from the rest.
fn resource_quota(name: String, quota: &ResourceQuota, age: String) -> Vec<String> {
    let column = |limits: bool| {
        let amounts = quota.status.hard.iter().filter(|(resource, _)| resource.starts_with("limits.") == limits);
        let zero = Quantity::default();
        let texts = amounts.map(|(resource, hard)| {
            let used = quota.status.used.get(resource).unwrap_or(&zero);
            format!("{resource}: {used}/{hard}")
        });
        texts.collect::<Vec<_>>().join(", ")
    };
    vec![name, column(false), column(true), age]
}

fn controller_revision(name: String, revision: &ControllerRevision, age: String) -> Vec<String> {
    let controller = revision.metadata.controller().map(|owner| {
        let group = owner.api_version.split_once('/').map(|(group, _)| format!(".{group}")).unwrap_or_default();
        format!("{}/{}", format!("{}{group}", owner.kind).to_lowercase(), owner.name)
    });
    vec![name, controller.unwrap_or_else(|| "<none>".to_owned()), revision.revision.to_string(), age]
}

fn csi_driver(name: String, driver: &CsiDriver, age: String) -> Vec<String> {
    let spec = &driver.spec;
    let modes: Vec<&str> = spec.volume_lifecycle_modes.iter().map(AsRef::as_ref).collect();
    let audience = |request: &Json| request.get("audience").and_then(Json::as_str).unwrap_or_default().to_owned();
    let tokens = match &spec.token_requests {
        Json::List(requests) => requests.iter().map(audience).collect::<Vec<_>>().join(","),
        _ => "<unset>".to_owned(),
    };
    vec![
        name,
        spec.attach_required.unwrap_or(true).to_string(),
        spec.pod_info_on_mount.unwrap_or_default().to_string(),
        spec.storage_capacity.unwrap_or_default().to_string(),
        tokens,
        spec.requires_republish.unwrap_or_default().to_string(),
        if modes.is_empty() { "<none>".to_owned() } else { modes.join(",") },
        age,
    ]
}
