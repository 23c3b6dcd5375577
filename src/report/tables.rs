//! Tables of `kubectl get`.

use comfy_table::Table;
use comfy_table::presets::NOTHING;

use crate::cluster::{Cluster, EventRecord};
use crate::model::access_modes::AccessModes;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::StorageClass;
use crate::model::kind::{Kind, Object};
use crate::model::list::ResourceList;
use crate::model::metadata::ObjectMeta;
use crate::model::names::STORAGE;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::report::age::age;
use crate::report::infrastructure;

/// What stands in a column where nothing is set.
const UNSET: &str = "<unset>";

/// The tables of some kinds, as `kubectl get pv,pvc,sc` prints them; `wide` adds the columns of `-o wide`. Kinds
/// without objects are left out. A namespace column appears where objects live in more than one namespace.
pub fn print_tables(cluster: &Cluster, kinds: &[Kind], wide: bool) -> String {
    let tables = kinds.iter().filter_map(|kind| table_of(cluster, *kind, wide));
    tables.collect::<Vec<_>>().join("\n")
}

/// The events, as `kubectl get events` prints them; `wide` adds who said so, when first, and how often.
pub fn print_events(cluster: &Cluster, wide: bool) -> String {
    let events = cluster.events();
    if events.is_empty() {
        return String::new();
    }
    let mut header = vec!["LAST SEEN", "TYPE", "REASON", "OBJECT"];
    header.extend(wide.then_some("SOURCE"));
    header.push("MESSAGE");
    header.extend(wide.then_some(["FIRST SEEN", "COUNT"]).into_iter().flatten());
    render(&header, events.iter().map(|record| event_row(cluster, record, wide)))
}

fn event_row(cluster: &Cluster, record: &EventRecord, wide: bool) -> Vec<String> {
    let since = |time: std::time::Duration| age((cluster.elapsed().saturating_sub(time)).as_secs().cast_signed());
    let event = &record.event;
    let object = format!("{}/{}", event.object.kind.as_str().to_lowercase(), event.object.key.name);
    let mut row = vec![since(record.last), event.event_type.as_str().to_owned(), event.reason.to_owned(), object];
    row.extend(wide.then(|| event.source.as_str().to_owned()));
    row.push(event.message.to_string());
    row.extend(wide.then(|| [since(record.first), record.count.to_string()]).into_iter().flatten());
    row
}

fn render(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header);
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 3));
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

fn table_of(cluster: &Cluster, kind: Kind, wide: bool) -> Option<String> {
    let objects = cluster.objects(kind);
    let first = objects.first()?;
    let namespaced = objects.iter().any(|object| object.metadata().namespace != first.metadata().namespace);
    let mut header: Vec<&str> = namespaced.then_some("NAMESPACE").into_iter().collect();
    header.extend(columns(kind, wide));
    let rows = objects.iter().map(|object| {
        let namespace = namespaced.then(|| object.metadata().namespace.to_string());
        namespace.into_iter().chain(row_of(cluster, object, wide)).collect()
    });
    Some(render(&header, rows))
}

fn columns(kind: Kind, wide: bool) -> Vec<&'static str> {
    let (columns, more): (&[&str], &[&str]) = match kind {
        Kind::PersistentVolume => (
            &[
                "NAME",
                "CAPACITY",
                "ACCESS MODES",
                "RECLAIM POLICY",
                "STATUS",
                "CLAIM",
                "STORAGECLASS",
                "VOLUMEATTRIBUTESCLASS",
                "REASON",
                "AGE",
            ],
            &["VOLUMEMODE"],
        ),
        Kind::PersistentVolumeClaim => (
            &["NAME", "STATUS", "VOLUME", "CAPACITY", "ACCESS MODES", "STORAGECLASS", "VOLUMEATTRIBUTESCLASS", "AGE"],
            &["VOLUMEMODE"],
        ),
        Kind::StorageClass => {
            (&["NAME", "PROVISIONER", "RECLAIMPOLICY", "VOLUMEBINDINGMODE", "ALLOWVOLUMEEXPANSION", "AGE"], &[])
        }
        Kind::VolumeAttributesClass => (&["NAME", "DRIVERNAME", "AGE"], &[]),
        Kind::StatefulSet => (&["NAME", "READY", "AGE"], &["CONTAINERS", "IMAGES"]),
        Kind::Pod | Kind::Node => (&["NAME", "STATUS", "AGE"], &[]),
        kind => (infrastructure::columns(kind).unwrap_or(&["NAME", "AGE"]), &[]),
    };
    columns.iter().chain(more.iter().filter(|_| wide)).copied().collect()
}

fn row_of(cluster: &Cluster, object: &Object, wide: bool) -> Vec<String> {
    let name = format!("{}/{}", object.kind().qualified_name(), object.metadata().name);
    let age = age_of(cluster, object.metadata());
    match object {
        Object::PersistentVolume(volume) => volume_row(name, volume, age, wide),
        Object::PersistentVolumeClaim(claim) => claim_row(name, claim, age, wide),
        Object::StorageClass(class) => class_row(name, class, age),
        Object::VolumeAttributesClass(class) => vec![name, class.driver_name.to_string(), age],
        Object::StatefulSet(set) => {
            let ready = format!("{}/{}", set.status.ready_replicas, set.spec.replicas.unwrap_or_default());
            let containers = &set.spec.template.spec.containers;
            let joined = |text: fn(&crate::model::pod::Container) -> &str| {
                containers.iter().map(text).collect::<Vec<_>>().join(",")
            };
            let more = [joined(|container| &container.name), joined(|container| &container.image)];
            [name, ready, age].into_iter().chain(more.into_iter().filter(|_| wide)).collect()
        }
        Object::Pod(pod) => vec![name, status(&pod.metadata, pod.status.phase.as_str()), age],
        Object::Node(_) => vec![name, "Ready".to_owned(), age],
        object => infrastructure::cells(object, name.clone(), age.clone()).unwrap_or_else(|| vec![name, age]),
    }
}

fn age_of(cluster: &Cluster, metadata: &ObjectMeta) -> String {
    let created =
        metadata.creation_timestamp.map(|created| age(cluster.time().unix_seconds() - created.unix_seconds()));
    created.unwrap_or_else(|| "<unknown>".to_owned())
}

fn status(metadata: &ObjectMeta, phase: &str) -> String {
    if metadata.is_deleting() { "Terminating".to_owned() } else { phase.to_owned() }
}

fn modes(modes: &AccessModes) -> String {
    modes.set().iter().map(|mode| mode.abbreviation().to_owned()).collect::<Vec<_>>().join(",")
}

fn storage(list: &ResourceList) -> String {
    list.get(STORAGE).map_or_else(|| "0".to_owned(), ToString::to_string)
}

fn or_unset(text: Option<&Text>) -> String {
    text.map_or(UNSET, Text::as_str).to_owned()
}

fn volume_row(name: String, volume: &PersistentVolume, age: String, wide: bool) -> Vec<String> {
    let spec = &volume.spec;
    let claim = spec.claim_ref.as_ref().map(|claim| format!("{}/{}", claim.namespace, claim.name));
    let row = [
        name,
        storage(&spec.capacity),
        modes(&spec.access_modes),
        spec.persistent_volume_reclaim_policy.to_string(),
        status(&volume.metadata, volume.status.phase.as_str()),
        claim.unwrap_or_default(),
        volume.class_name().to_owned(),
        or_unset(spec.volume_attributes_class_name.as_ref()),
        volume.status.reason.to_string(),
        age,
    ];
    row.into_iter().chain(wide.then(|| spec.volume_mode.to_string())).collect()
}

fn claim_row(name: String, claim: &PersistentVolumeClaim, age: String, wide: bool) -> Vec<String> {
    let (spec, status_of) = (&claim.spec, &claim.status);
    let bound = !spec.volume_name.is_empty();
    let row = [
        name,
        status(&claim.metadata, status_of.phase.as_str()),
        spec.volume_name.to_string(),
        if bound { storage(&status_of.capacity) } else { String::new() },
        if bound { modes(&status_of.access_modes) } else { String::new() },
        claim.class_name().to_owned(),
        or_unset(spec.volume_attributes_class_name.as_ref()),
        age,
    ];
    row.into_iter().chain(wide.then(|| spec.volume_mode.to_string())).collect()
}

fn class_row(name: String, class: &StorageClass, age: String) -> Vec<String> {
    vec![
        if class.is_default() { format!("{name} (default)") } else { name },
        class.provisioner.to_string(),
        class.reclaim_policy.as_ref().map_or("Delete", |policy| policy.as_str()).to_owned(),
        class.volume_binding_mode.as_ref().map_or("Immediate", |mode| mode.as_str()).to_owned(),
        class.allow_volume_expansion.unwrap_or_default().to_string(),
        age,
    ]
}
