//! Objects as `kubectl get -o yaml` and `-o json` print them: one list.

use crate::cluster::{Cluster, EventRecord};
use crate::manifest::{json_text, yaml_text};
use crate::model::json::Json;
use crate::model::kind::Kind;
use crate::model::text::Text;
use crate::model::time::Timestamp;

/// How objects are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// YAML in block style.
    Yaml,
    /// JSON, indented.
    Json,
}

/// The objects of some kinds and the events, as one list.
pub fn print_objects(cluster: &Cluster, kinds: &[Kind], format: Format) -> String {
    let objects = kinds.iter().flat_map(|kind| cluster.objects(*kind));
    let events = cluster.events();
    let numbered = events.iter().enumerate();
    let events = numbered.map(|(number, record)| event(cluster, record, number));
    let items: Vec<Json> = objects.map(|object| Json::of(&object)).chain(events).collect();
    let list = map([
        ("apiVersion", text("v1")),
        ("items", Json::List(items)),
        ("kind", text("List")),
        ("metadata", map([("resourceVersion", text(""))])),
    ]);
    match format {
        Format::Yaml => yaml_text(&list),
        Format::Json => json_text(list),
    }
}

fn map<const N: usize>(entries: [(&str, Json); N]) -> Json {
    Json::Map(entries.into_iter().map(|(key, value)| (Text::from(key), value)).collect())
}

fn text(text: impl Into<Text>) -> Json {
    Json::String(text.into())
}

/// An event as an object. Its name has the time of its first emission, as in Kubernetes, and a number that keeps
/// events of the same moment apart.
fn event(cluster: &Cluster, record: &EventRecord, number: usize) -> Json {
    let event = &record.event;
    let seconds = |time: std::time::Duration| cluster.config().start.unix_seconds() + time.as_secs().cast_signed();
    let at = |time| text(Timestamp::from_unix_seconds(seconds(time)).to_string());
    let key = &event.object.key;
    let namespace = if key.namespace.is_empty() { Text::from("default") } else { key.namespace.clone() };
    let mut involved = vec![
        ("apiVersion", text(event.object.kind.api_version())),
        ("kind", text(event.object.kind.as_str())),
        ("name", text(key.name.clone())),
        ("uid", text(event.uid.to_text())),
    ];
    if event.object.kind.is_namespaced() {
        involved.push(("namespace", text(namespace.clone())));
    }
    let involved = involved.into_iter().map(|(key, value)| (Text::from(key), value)).collect();
    let name = format!("{}.{:x}{number:04x}", key.name, seconds(record.first));
    map([
        ("apiVersion", text("v1")),
        ("count", Json::Number(record.count.to_string().into())),
        ("firstTimestamp", at(record.first)),
        ("involvedObject", Json::Map(involved)),
        ("kind", text("Event")),
        ("lastTimestamp", at(record.last)),
        ("message", text(event.message.clone())),
        ("metadata", map([("name", text(name)), ("namespace", text(namespace))])),
        ("reason", text(event.reason)),
        ("reportingComponent", text(event.source.as_str())),
        ("reportingInstance", text("")),
        ("source", map([("component", text(event.source.as_str()))])),
        ("type", text(event.event_type.as_str())),
    ])
}
