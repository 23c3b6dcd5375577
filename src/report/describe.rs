//! Objects as `kubectl describe` prints them: names and values in columns, lists below each other, events last.
//!
//! Follows `pkg/describe/describe.go` of `k8s.io/kubectl`. What the simulator does not model, such as leases, is left out.

mod containers;
mod nodes;
mod pods;
mod sources;
mod storage;
mod tabs;
mod workloads;

use std::fmt::{Display, Write};

use crate::cluster::Cluster;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::list::StringMap;
use crate::model::metadata::ObjectMeta;
use crate::model::names::LAST_APPLIED;
use crate::model::reference::NamespacedName;
use crate::model::text::Text;
use crate::model::time::Timestamp;
use crate::report::age::age;

/// What stands where there is nothing.
const NONE: &str = "<none>";
/// Annotations of more bytes than this stand below their keys, and are cut.
const LONGEST_ANNOTATION: usize = 140;

/// Lines of cells with tabs between them.
#[derive(Default)]
struct Sheet(String);

impl Sheet {
    fn line(&mut self, line: impl Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{line}");
    }

    /// A name, which may be indented, and a value.
    fn pair(&mut self, name: &str, value: impl Display) {
        self.line(format_args!("{name}:\t{value}"));
    }

    /// A name and values below each other.
    fn list<T: Display>(&mut self, name: &str, values: impl IntoIterator<Item = T>) {
        let mut values = values.into_iter();
        match values.next() {
            None => self.pair(name, NONE),
            Some(first) => self.pair(name, first),
        }
        values.for_each(|value| self.line(format_args!("\t{value}")));
    }

    /// A map, one entry below the other, sorted by key.
    fn map(&mut self, name: &str, map: &StringMap) {
        self.list(name, sorted(map).into_iter().map(|(key, value)| format!("{key}={value}")));
    }

    fn annotations(&mut self, name: &str, annotations: &StringMap) {
        let shown = sorted(annotations).into_iter().filter(|(key, _)| *key != LAST_APPLIED);
        let lines = shown.map(|(key, value)| {
            let value = value.strip_suffix('\n').unwrap_or(value);
            if value.len() + key.len() + 2 <= LONGEST_ANNOTATION && !value.contains('\n') {
                return format!("{key}: {value}");
            }
            let below: Vec<String> = value.split('\n').map(|line| format!("\t  {}", shortened(line))).collect();
            format!("{key}:\n{}", below.join("\n"))
        });
        self.list(name, lines);
    }
}

fn sorted(map: &StringMap) -> Vec<(&Text, &Text)> {
    let mut entries: Vec<(&Text, &Text)> = map.iter().collect();
    entries.sort();
    entries
}

fn shortened(line: &str) -> String {
    let most = LONGEST_ANNOTATION - 2;
    if line.len() <= most { line.to_owned() } else { format!("{}...", &line[..line.floor_char_boundary(most)]) }
}

/// How long ago something was.
fn since(cluster: &Cluster, time: Timestamp) -> String {
    age(cluster.time().unix_seconds() - time.unix_seconds())
}

/// A time as kubectl writes it; where there is none the zero of Go.
fn moment(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "Mon, 01 Jan 0001 00:00:00 +0000".to_owned(), Timestamp::rfc1123)
}

fn none_if_empty(text: String) -> String {
    if text.is_empty() { NONE.to_owned() } else { text }
}

/// Whoever manages an object, as `Kind/name`.
fn controlled_by(sheet: &mut Sheet, metadata: &ObjectMeta) {
    if let Some(owner) = metadata.controller() {
        sheet.pair("Controlled By", format_args!("{}/{}", owner.kind, owner.name));
    }
}

/// An object as `kubectl describe` prints it: a volume, a claim, a class, a pod, a StatefulSet, a Deployment, a
/// ReplicaSet or a node. Nothing where there is no such object, or where it is of another kind.
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
    let mut sheet = Sheet::default();
    match &object {
        Object::PersistentVolume(volume) => storage::volume(&mut sheet, cluster, volume),
        Object::PersistentVolumeClaim(claim) => storage::claim(&mut sheet, cluster, claim),
        Object::StorageClass(class) => storage::class(&mut sheet, class),
        Object::Pod(pod) => pods::pod(&mut sheet, cluster, pod),
        Object::StatefulSet(set) => workloads::stateful_set(&mut sheet, cluster, set),
        Object::Deployment(deployment) => workloads::deployment(&mut sheet, cluster, deployment),
        Object::ReplicaSet(set) => workloads::replica_set(&mut sheet, cluster, set),
        Object::Node(node) => nodes::node(&mut sheet, cluster, node),
        _ => return None,
    }
    events(&mut sheet, cluster, &object.reference(), object.metadata());
    Some(tabs::align(&sheet.0))
}

fn events(sheet: &mut Sheet, cluster: &Cluster, object: &ObjectKey, metadata: &ObjectMeta) {
    let records: Vec<_> = cluster
        .events()
        .into_iter()
        .filter(|record| record.event.object == *object && record.event.uid == metadata.uid)
        .collect();
    if records.is_empty() {
        return sheet.pair("Events", NONE);
    }
    let since = |time: std::time::Duration| age(cluster.elapsed().saturating_sub(time).as_secs().cast_signed());
    sheet.line("Events:\n  Type\tReason\tAge\tFrom\tMessage\n  ----\t------\t----\t----\t-------");
    for record in &records {
        let event = &record.event;
        let age = if record.count > 1 {
            format!("{} (x{} over {})", since(record.last), record.count, since(record.first))
        } else {
            since(record.last)
        };
        let (kind, source) = (event.event_type.as_str(), event.source.as_str());
        sheet.line(format_args!("  {kind}\t{}\t{age}\t{source}\t{}", event.reason, event.message.trim()));
    }
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
