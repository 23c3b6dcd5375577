//! Volumes, claims and classes as `kubectl describe` prints them.
//!
//! Follows `pkg/describe/describe.go` of `k8s.io/kubectl`: names and values in two columns, lists below each other,
//! events last.

use std::fmt::Write;

use crate::cluster::Cluster;
use crate::model::access_modes::AccessModes;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::StorageClass;
use crate::model::json::Json;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::list::{ResourceList, StringMap};
use crate::model::metadata::ObjectMeta;
use crate::model::names::{LAST_APPLIED, STORAGE};
use crate::model::node_selector::VolumeNodeAffinity;
use crate::model::reference::NamespacedName;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::report::age::age;

/// How far columns stand apart.
const GAP: usize = 2;
const NONE: &str = "<none>";

/// A line of a description: in two columns, or across.
enum Line {
    Pair(String, String),
    Across(String),
}

/// An object as `kubectl describe` prints it; nothing where there is no such object, or where it is none of a volume, a
/// claim and a class.
///
/// ```
/// use bindery::report::describe;
/// use bindery::{AccessMode, Cluster, Kind, PersistentVolumeClaim};
///
/// let mut cluster = Cluster::default();
/// cluster.create(PersistentVolumeClaim::new("default", "data", "8Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
/// cluster.settle()?;
/// let text = describe(&cluster, &Kind::PersistentVolumeClaim.named("default/data")).unwrap();
/// assert!(text.contains("Status:        Pending\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn describe(cluster: &Cluster, key: &ObjectKey) -> Option<String> {
    let object = cluster.get(key)?;
    let lines = match &object {
        Object::PersistentVolume(volume) => volume_lines(cluster, volume),
        Object::PersistentVolumeClaim(claim) => claim_lines(cluster, claim),
        Object::StorageClass(class) => class_lines(class),
        _ => return None,
    };
    let events = events(cluster, &object.reference(), object.metadata());
    let mut text = String::new();
    let mut rest = lines.as_slice();
    // Lines across the columns end a block, and each block has its own width.
    while let Some(first) = rest.first() {
        match first {
            Line::Across(line) => {
                let _ = writeln!(text, "{line}");
                rest = &rest[1..];
            }
            Line::Pair(..) => {
                let end = rest.iter().position(|line| matches!(line, Line::Across(_))).unwrap_or(rest.len());
                let (block, more) = rest.split_at(end);
                let last = more.is_empty() && events.is_empty();
                write_block(&mut text, block, last);
                rest = more;
            }
        }
    }
    text.push_str(&events);
    Some(text)
}

fn write_block(text: &mut String, block: &[Line], with_events: bool) {
    let pairs = || {
        block.iter().filter_map(|line| match line {
            Line::Pair(name, value) => Some((name.as_str(), value.as_str())),
            Line::Across(_) => None,
        })
    };
    let no_events = with_events.then_some(("Events:", NONE));
    let width = pairs().chain(no_events).map(|(name, _)| name.chars().count()).max().unwrap_or_default() + GAP;
    for (name, value) in pairs().chain(no_events) {
        // kubectl leaves the spaces before an empty value.
        let _ = writeln!(text, "{name:width$}{value}");
    }
}

fn pair(name: &str, value: impl Into<String>) -> Line {
    Line::Pair(format!("{name}:"), value.into())
}

/// A map, one entry below the other, sorted by key.
fn map(name: &str, map: &StringMap, skip: &str, separator: &str) -> Vec<Line> {
    let mut entries: Vec<(&Text, &Text)> = map.iter().filter(|(key, _)| *key != skip).collect();
    entries.sort();
    let mut lines: Vec<Line> = entries
        .iter()
        .enumerate()
        .map(|(number, (key, value))| {
            let name = if number == 0 { format!("{name}:") } else { String::new() };
            Line::Pair(name, format!("{key}{separator}{value}"))
        })
        .collect();
    if lines.is_empty() {
        lines.push(pair(name, NONE));
    }
    lines
}

fn finalizers(metadata: &ObjectMeta) -> String {
    format!("[{}]", metadata.finalizers.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" "))
}

fn status(cluster: &Cluster, metadata: &ObjectMeta, phase: &str) -> String {
    match metadata.deletion_timestamp {
        None => phase.to_owned(),
        Some(time) => {
            let seconds = cluster.time().unix_seconds() - time.unix_seconds();
            format!("Terminating (lasts {})", age(seconds))
        }
    }
}

fn modes(modes: &AccessModes) -> String {
    modes.set().to_string()
}

fn storage(list: &ResourceList) -> String {
    list.get(STORAGE).map_or_else(|| "0".to_owned(), ToString::to_string)
}

fn claim_lines(cluster: &Cluster, claim: &PersistentVolumeClaim) -> Vec<Line> {
    let (metadata, spec) = (&claim.metadata, &claim.spec);
    let bound = !spec.volume_name.is_empty();
    let mut lines = vec![
        pair("Name", metadata.name.as_str()),
        pair("Namespace", metadata.namespace.as_str()),
        pair("StorageClass", claim.class_name()),
        pair("Status", status(cluster, metadata, claim.status.phase.as_str())),
        pair("Volume", spec.volume_name.as_str()),
    ];
    lines.extend(map("Labels", &metadata.labels, "", "="));
    lines.extend(map("Annotations", &metadata.annotations, LAST_APPLIED, ": "));
    lines.push(pair("Finalizers", finalizers(metadata)));
    lines.push(pair("Capacity", if bound { storage(&claim.status.capacity) } else { String::new() }));
    lines.push(pair("Access Modes", if bound { modes(&claim.status.access_modes) } else { String::new() }));
    lines.push(pair("VolumeMode", spec.volume_mode.as_str()));
    if let Some(source) = &spec.data_source {
        lines.push(Line::Across("DataSource:".to_owned()));
        lines.push(pair("  Kind", source.kind.as_str()));
        lines.push(pair("  Name", source.name.as_str()));
    }
    let users: Vec<&str> = cluster.pods_of_claim(&claim.key()).iter().map(|pod| &*pod.metadata.name).collect();
    if users.is_empty() {
        lines.push(pair("Used By", NONE));
    }
    for (number, user) in users.into_iter().enumerate() {
        lines.push(Line::Pair(if number == 0 { "Used By:".to_owned() } else { String::new() }, user.to_owned()));
    }
    lines
}

fn volume_lines(cluster: &Cluster, volume: &PersistentVolume) -> Vec<Line> {
    let (metadata, spec) = (&volume.metadata, &volume.spec);
    let claim = spec.claim_ref.as_ref().map(|claim| format!("{}/{}", claim.namespace, claim.name));
    let mut lines = vec![pair("Name", metadata.name.as_str())];
    lines.extend(map("Labels", &metadata.labels, "", "="));
    lines.extend(map("Annotations", &metadata.annotations, LAST_APPLIED, ": "));
    lines.push(pair("Finalizers", finalizers(metadata)));
    lines.push(pair("StorageClass", volume.class_name()));
    lines.push(pair("Status", status(cluster, metadata, volume.status.phase.as_str())));
    lines.push(pair("Claim", claim.unwrap_or_default()));
    lines.push(pair("Reclaim Policy", spec.persistent_volume_reclaim_policy.as_str()));
    lines.push(pair("Access Modes", modes(&spec.access_modes)));
    lines.push(pair("VolumeMode", spec.volume_mode.as_str()));
    lines.push(pair("Capacity", storage(&spec.capacity)));
    lines.extend(affinity(spec.node_affinity.as_deref()));
    lines.push(pair("Message", volume.status.message.as_str()));
    lines.push(Line::Across("Source:".to_owned()));
    lines.extend(source(volume));
    lines
}

fn affinity(affinity: Option<&VolumeNodeAffinity>) -> Vec<Line> {
    let Some(required) = affinity.and_then(|affinity| affinity.required.as_deref()) else {
        return vec![pair("Node Affinity", NONE)];
    };
    let mut lines = vec![Line::Across("Node Affinity:".to_owned())];
    if required.node_selector_terms.is_empty() {
        lines.push(pair("  Required Terms", NONE));
        return lines;
    }
    lines.push(Line::Across("  Required Terms:  ".to_owned()));
    for (number, term) in required.node_selector_terms.iter().enumerate() {
        if term.match_expressions.is_empty() {
            lines.push(pair(&format!("    Term {number}"), NONE));
        }
        for (place, requirement) in term.match_expressions.iter().enumerate() {
            let name = if place == 0 { format!("    Term {number}:") } else { String::new() };
            let operator = requirement.operator.as_str().to_lowercase();
            let text = if requirement.values.is_empty() {
                format!("{} {operator}", requirement.key)
            } else {
                let values: Vec<&str> = requirement.values.iter().map(AsRef::as_ref).collect();
                format!("{} {operator} [{}]", requirement.key, values.join(", "))
            };
            lines.push(Line::Pair(name, text));
        }
    }
    lines
}

/// What stands behind a volume. The names of kubectl are those of the fields with a capital letter, but for a few.
fn source(volume: &PersistentVolume) -> Vec<Line> {
    let Json::Map(fields) = Json::of(&*volume.spec) else {
        return Vec::new();
    };
    let Some(key) = volume.spec.sources.first().map(crate::model::volume_source::VolumeSource::key) else {
        return Vec::new();
    };
    let kind = match key {
        "nfs" => "NFS (an NFS mount that lasts the lifetime of a pod)",
        "hostPath" => "HostPath (bare host directory volume)",
        "local" => "LocalVolume (a persistent volume backed by local storage on a node)",
        "csi" => "CSI (a Container Storage Interface (CSI) volume source)",
        other => other,
    };
    let mut lines = vec![pair("    Type", kind)];
    let fields = fields.into_iter().find(|(name, _)| name == key).map(|(_, fields)| fields);
    let field = |name: &str| match fields.as_ref().and_then(|fields| fields.get(name)) {
        Some(Json::String(text) | Json::Number(text)) => text.to_string(),
        Some(Json::Bool(value)) => value.to_string(),
        Some(Json::Null | Json::List(_) | Json::Map(_)) | None => String::new(),
    };
    let flag = |name: &str| if field(name) == "true" { "true" } else { "false" };
    match key {
        "nfs" => {
            lines.push(pair("    Server", field("server")));
            lines.push(pair("    Path", field("path")));
            lines.push(pair("    ReadOnly", flag("readOnly")));
        }
        "hostPath" => {
            lines.push(pair("    Path", field("path")));
            lines.push(pair("    HostPathType", field("type")));
        }
        "local" => lines.push(pair("    Path", field("path"))),
        "csi" => {
            lines.push(pair("    Driver", field("driver")));
            lines.push(pair("    FSType", field("fsType")));
            lines.push(pair("    VolumeHandle", field("volumeHandle")));
            lines.push(pair("    ReadOnly", flag("readOnly")));
            let attributes = fields.as_ref().and_then(|fields| fields.get("volumeAttributes"));
            let attributes: StringMap = attributes.and_then(Json::decode).unwrap_or_default();
            let indented = map("    VolumeAttributes", &attributes, "", "=");
            lines.extend(indented);
        }
        _ => {
            if let Some(Json::Map(entries)) = &fields {
                for (name, _) in entries {
                    lines.push(pair(&format!("    {name}"), field(name)));
                }
            }
        }
    }
    lines
}

fn class_lines(class: &StorageClass) -> Vec<Line> {
    let mut lines = vec![
        pair("Name", class.metadata.name.as_str()),
        pair("IsDefaultClass", if class.is_default() { "Yes" } else { "No" }),
    ];
    let joined = |map: &StringMap| {
        let entries: Vec<String> = map.iter().map(|(key, value)| format!("{key}={value}")).collect();
        if entries.is_empty() { NONE.to_owned() } else { entries.join(",") }
    };
    lines.push(pair("Annotations", joined(&class.metadata.annotations)));
    lines.push(pair("Provisioner", class.provisioner.as_str()));
    lines.push(pair("Parameters", joined(&class.parameters)));
    let expansion = class
        .allow_volume_expansion
        .map_or("<unset>".to_owned(), |allowed| if allowed { "True".to_owned() } else { "False".to_owned() });
    lines.push(pair("AllowVolumeExpansion", expansion));
    if class.mount_options.is_empty() {
        lines.push(pair("MountOptions", NONE));
    } else {
        lines.push(Line::Across("MountOptions:".to_owned()));
        lines.extend(class.mount_options.iter().map(|option| Line::Across(format!("  {option}"))));
    }
    lines.push(pair("ReclaimPolicy", class.reclaim_policy.as_ref().map_or("Delete", |policy| policy.as_str())));
    let mode = class.volume_binding_mode.as_ref().map_or("Immediate", |mode| mode.as_str());
    lines.push(pair("VolumeBindingMode", mode));
    if !class.allowed_topologies.is_empty() {
        lines.push(Line::Across("AllowedTopologies:".to_owned()));
        for (number, term) in class.allowed_topologies.iter().enumerate() {
            for (place, expression) in term.match_label_expressions.iter().enumerate() {
                let name = if place == 0 { format!("  Term {number}:") } else { String::new() };
                let values: Vec<&str> = expression.values.iter().map(AsRef::as_ref).collect();
                lines.push(Line::Pair(name, format!("{} in [{}]", expression.key, values.join(", "))));
            }
        }
    }
    lines
}

/// The events of an object, empty where there are none.
fn events(cluster: &Cluster, object: &ObjectKey, metadata: &ObjectMeta) -> String {
    let records: Vec<_> = cluster
        .events()
        .into_iter()
        .filter(|record| record.event.object == *object && record.event.uid == metadata.uid)
        .collect();
    if records.is_empty() {
        return String::new();
    }
    let since = |time: std::time::Duration| age(cluster.elapsed().saturating_sub(time).as_secs().cast_signed());
    let titles = ["Type", "Reason", "Age", "From", "Message"].map(str::to_owned);
    let rules = ["----", "------", "----", "----", "-------"].map(str::to_owned);
    let rows = records.iter().map(|record| {
        let age = if record.count > 1 {
            format!("{} (x{} over {})", since(record.last), record.count, since(record.first))
        } else {
            since(record.last)
        };
        let event = &record.event;
        let kind = event.event_type.as_str().to_owned();
        [kind, event.reason.to_owned(), age, event.source.as_str().to_owned(), event.message.to_string()]
    });
    let rows: Vec<[String; 5]> = [titles, rules].into_iter().chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default() + GAP;
    let widths: Vec<usize> = (0..4).map(width).collect();
    let mut text = "Events:\n".to_owned();
    for row in &rows {
        text.push_str("  ");
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(text, "{cell:width$}");
        }
        let _ = writeln!(text, "{}", row[4]);
    }
    text
}

/// All objects of a kind as `kubectl describe` prints them, in the order of their names, or one of them.
pub fn describe_all(cluster: &Cluster, kind: Kind, name: Option<&NamespacedName>) -> String {
    let mut keys: Vec<NamespacedName> = match name {
        Some(name) => vec![name.clone()],
        None => cluster.objects(kind).iter().map(Object::key).collect(),
    };
    keys.sort();
    let described = keys.into_iter().filter_map(|key| describe(cluster, &ObjectKey { kind, key }));
    described.collect::<Vec<_>>().join("\n\n")
}
