//! Volumes, claims and classes as `kubectl describe` prints them.

use crate::cluster::Cluster;
use crate::model::access_modes::AccessModes;
use crate::model::claim::{PersistentVolumeClaim, PersistentVolumeClaimSpec};
use crate::model::class::StorageClass;
use crate::model::json::Json;
use crate::model::list::{ResourceList, StringMap};
use crate::model::metadata::ObjectMeta;
use crate::model::names::STORAGE;
use crate::model::node_selector::VolumeNodeAffinity;
use crate::model::pod::ClaimTemplate;
use crate::model::volume::PersistentVolume;
use crate::model::volume_source::VolumeSource;
use crate::report::describe::sources::source;
use crate::report::describe::{NONE, Sheet, since};

fn finalizers(metadata: &ObjectMeta) -> String {
    format!("[{}]", metadata.finalizers.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" "))
}

fn status(cluster: &Cluster, metadata: &ObjectMeta, phase: &str) -> String {
    match metadata.deletion_timestamp {
        None => phase.to_owned(),
        Some(time) => format!("Terminating (lasts {})", since(cluster, time)),
    }
}

fn modes(modes: &AccessModes) -> String {
    modes.set().to_string()
}

fn storage(list: &ResourceList) -> String {
    list.get(STORAGE).map_or_else(|| "0".to_owned(), ToString::to_string)
}

pub(super) fn claim(sheet: &mut Sheet, cluster: &Cluster, claim: &PersistentVolumeClaim) {
    let (metadata, spec) = (&claim.metadata, &claim.spec);
    let bound = !spec.volume_name.is_empty();
    sheet.pair("Name", &metadata.name);
    sheet.pair("Namespace", &metadata.namespace);
    sheet.pair("StorageClass", claim.class_name());
    sheet.pair("Status", status(cluster, metadata, claim.status.phase.as_str()));
    sheet.pair("Volume", &spec.volume_name);
    sheet.map("Labels", &metadata.labels);
    sheet.annotations("Annotations", &metadata.annotations);
    sheet.pair("Finalizers", finalizers(metadata));
    sheet.pair("Capacity", if bound { storage(&claim.status.capacity) } else { String::new() });
    sheet.pair("Access Modes", if bound { modes(&claim.status.access_modes) } else { String::new() });
    what_it_is(sheet, "", spec);
    let users = cluster.pods_of_claim(&claim.key()).into_iter();
    sheet.list("Used By", users.map(|pod| &pod.metadata.name));
}

/// The mode of a claim's volume, and what the volume is filled from.
fn what_it_is(sheet: &mut Sheet, indent: &str, spec: &PersistentVolumeClaimSpec) {
    sheet.pair(&format!("{indent}VolumeMode"), spec.volume_mode.as_str());
    if let Some(source) = &spec.data_source {
        sheet.line(format_args!("{indent}DataSource:"));
        if let Some(group) = &source.api_group {
            sheet.pair(&format!("{indent}  APIGroup"), group);
        }
        sheet.pair(&format!("{indent}  Kind"), &source.kind);
        sheet.pair(&format!("{indent}  Name"), &source.name);
    }
}

/// The claim that is made for a pod, within its volume.
pub(super) fn ephemeral_claim(sheet: &mut Sheet, template: &ClaimTemplate) {
    let class = template.spec.storage_class_name.as_deref().unwrap_or_default();
    sheet.pair("    StorageClass", class);
    sheet.pair("    Volume", &template.spec.volume_name);
    sheet.map("    Labels", &template.metadata.labels);
    sheet.annotations("    Annotations", &template.metadata.annotations);
    sheet.pair("    Capacity", "");
    sheet.pair("    Access Modes", "");
    what_it_is(sheet, "    ", &template.spec);
}

pub(super) fn volume(sheet: &mut Sheet, cluster: &Cluster, volume: &PersistentVolume) {
    let (metadata, spec) = (&volume.metadata, &volume.spec);
    let claim = spec.claim_ref.as_ref().map(|claim| format!("{}/{}", claim.namespace, claim.name));
    sheet.pair("Name", &metadata.name);
    sheet.map("Labels", &metadata.labels);
    sheet.annotations("Annotations", &metadata.annotations);
    sheet.pair("Finalizers", finalizers(metadata));
    sheet.pair("StorageClass", volume.class_name());
    sheet.pair("Status", status(cluster, metadata, volume.status.phase.as_str()));
    sheet.pair("Claim", claim.unwrap_or_default());
    sheet.pair("Reclaim Policy", spec.persistent_volume_reclaim_policy.as_str());
    sheet.pair("Access Modes", modes(&spec.access_modes));
    sheet.pair("VolumeMode", spec.volume_mode.as_str());
    sheet.pair("Capacity", storage(&spec.capacity));
    affinity(sheet, spec.node_affinity.as_deref());
    sheet.pair("Message", &volume.status.message);
    sheet.line("Source:");
    if let Some(key) = spec.sources.first().map(VolumeSource::key) {
        let fields = Json::of(&**spec);
        source(sheet, key, fields.get(key).unwrap_or(&Json::Null));
    }
}

fn affinity(sheet: &mut Sheet, affinity: Option<&VolumeNodeAffinity>) {
    let Some(required) = affinity.and_then(|affinity| affinity.required.as_deref()) else {
        return sheet.pair("Node Affinity", NONE);
    };
    sheet.pair("Node Affinity", "");
    if required.node_selector_terms.is_empty() {
        return sheet.pair("  Required Terms", NONE);
    }
    sheet.pair("  Required Terms", "");
    for (number, term) in required.node_selector_terms.iter().enumerate() {
        let requirements = term.match_expressions.iter().map(|requirement| {
            let operator = requirement.operator.as_str().to_lowercase();
            if requirement.values.is_empty() {
                return format!("{} {operator}", requirement.key);
            }
            let values: Vec<&str> = requirement.values.iter().map(AsRef::as_ref).collect();
            format!("{} {operator} [{}]", requirement.key, values.join(", "))
        });
        sheet.list(&format!("    Term {number}"), requirements);
    }
}

pub(super) fn class(sheet: &mut Sheet, class: &StorageClass) {
    let joined = |map: &StringMap| {
        let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}={value}")).collect();
        if entries.is_empty() { NONE.to_owned() } else { entries.join(",") }
    };
    sheet.pair("Name", &class.metadata.name);
    sheet.pair("IsDefaultClass", if class.is_default() { "Yes" } else { "No" });
    sheet.pair("Annotations", joined(&class.metadata.annotations));
    sheet.pair("Provisioner", &class.provisioner);
    sheet.pair("Parameters", joined(&class.parameters));
    let expansion = class.allow_volume_expansion.map_or("<unset>", |allowed| if allowed { "True" } else { "False" });
    sheet.pair("AllowVolumeExpansion", expansion);
    if class.mount_options.is_empty() {
        sheet.pair("MountOptions", NONE);
    } else {
        sheet.line("MountOptions:");
        class.mount_options.iter().for_each(|option| sheet.line(format_args!("  {option}")));
    }
    sheet.pair("ReclaimPolicy", class.reclaim_policy.as_ref().map_or("Delete", |policy| policy.as_str()));
    let mode = class.volume_binding_mode.as_ref().map_or("Immediate", |mode| mode.as_str());
    sheet.pair("VolumeBindingMode", mode);
    if !class.allowed_topologies.is_empty() {
        sheet.pair("AllowedTopologies", "");
        for (number, term) in class.allowed_topologies.iter().enumerate() {
            let expressions = term.match_label_expressions.iter().map(|expression| {
                let values: Vec<&str> = expression.values.iter().map(AsRef::as_ref).collect();
                format!("{} in [{}]", expression.key, values.join(", "))
            });
            sheet.list(&format!("  Term {number}"), expressions);
        }
    }
}
