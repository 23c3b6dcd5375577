//! Whether what is expected of a cluster holds.

use crate::cluster::{Cluster, EventRecord, JournalEntry};
use crate::manifest;
use crate::model::json::Json;
use crate::model::kind::ObjectKey;
use crate::model::list::Map;
use crate::model::text::Text;
use crate::scenario::comparison::Comparison;
use crate::scenario::expectation::{EventExpectation, Expectation, LogExpectation, Names, ObjectExpectation};
use crate::scenario::query::{full, matching};
use crate::scenario::{partial, pattern, storage, tables};

/// What stands where something is missing.
const NOTHING: &str = "(nothing)";

/// What differs; nothing where the expectation holds.
pub(super) fn check(cluster: &Cluster, expectation: &Expectation) -> Option<Comparison> {
    match expectation {
        Expectation::Object(expected) => object(cluster, expected),
        Expectation::Absent { absent } => missing(cluster, absent),
        Expectation::Event { event: expected } => event(cluster, expected),
        Expectation::Log { log: expected } => log(cluster, expected),
        Expectation::Table(expected) => tables::check(cluster, expected),
        Expectation::Dns { dns } => names(cluster, dns),
        Expectation::File { file: expected } => storage::check(cluster, expected),
    }
}

fn object(cluster: &Cluster, expected: &ObjectExpectation) -> Option<Comparison> {
    let live = cluster.get(&full(cluster, &expected.object)).map(|object| manifest::to_value(&object));
    let get = |key: &str| live.as_ref().and_then(|live| live.get(key));
    if live.is_some() && expected.fields.iter().all(|(key, value)| partial::fits(value, get(key))) {
        return None;
    }
    let mut page = Comparison::new(expected.object.short());
    if live.is_none() {
        let yaml = manifest::to_yaml(&Json::Map(expected.fields.clone()));
        let yaml = if expected.fields.is_empty() { "there is such an object" } else { yaml.as_str() };
        page.lines(yaml.lines(), ["(there is no such object)"], 0);
        return Some(page);
    }
    for (key, value) in &expected.fields {
        // The name is what it was found by.
        partial::compare(key, value, get(key), 0, &mut page);
    }
    Some(page)
}

fn missing(cluster: &Cluster, key: &ObjectKey) -> Option<Comparison> {
    let object = matching(cluster, key).first().and_then(|found| cluster.get(found))?;
    let json = manifest::to_value(&object);
    let mut shown: Vec<(Text, Json)> = Vec::new();
    if let Some(metadata) = json.get("metadata") {
        let keys = ["deletionTimestamp", "finalizers", "ownerReferences"];
        let kept = keys.iter().filter_map(|key| Some((Text::from(*key), metadata.get(key)?.clone())));
        shown.push(("metadata".into(), Json::Map(kept.collect())));
    }
    shown.extend(json.get("status").map(|status| ("status".into(), status.clone())));
    let mut page = Comparison::new(object.reference().short());
    let yaml = manifest::to_yaml(&Json::Map(shown));
    page.lines(["(no such object)"], std::iter::once("there is such an object:").chain(yaml.lines()), 0);
    Some(page)
}

fn event(cluster: &Cluster, expected: &EventExpectation) -> Option<Comparison> {
    let key = full(cluster, &expected.object);
    let records: Vec<EventRecord> = cluster.events().into_iter().filter(|record| record.event.object == key).collect();
    let matching: u64 = records.iter().filter(|record| is_meant(expected, record)).map(|record| record.count).sum();
    let holds = expected.count.map_or(matching > 0, |count| matching == count);
    if holds {
        return None;
    }
    let mut page = Comparison::new(format!("events of {}", expected.object.short()));
    let parts = [
        ("type", &expected.r#type),
        ("reason", &expected.reason),
        ("message", &expected.message),
        ("contains", &expected.contains),
    ];
    let mut left: Vec<String> =
        parts.iter().filter_map(|(key, value)| value.as_ref().map(|value| format!("{key}: {value}"))).collect();
    left.extend(expected.count.map(|count| format!("count: {count}")));
    let mut right: Vec<String> = records.iter().map(|record| shown(record, expected.count.is_some())).collect();
    if right.is_empty() {
        right.push("(no events)".to_owned());
    }
    page.lines(left.iter().map(String::as_str), right.iter().map(String::as_str), 0);
    Some(page)
}

fn shown(record: &EventRecord, counted: bool) -> String {
    let times = if counted { format!("{} times: ", record.count) } else { String::new() };
    format!("{times}{}", record.event)
}

fn is_meant(expected: &EventExpectation, record: &EventRecord) -> bool {
    let event = &record.event;
    let is = |wanted: Option<&Text>, is: &str| wanted.is_none_or(|wanted| wanted.as_str() == is);
    is(expected.r#type.as_ref(), event.event_type.as_str())
        && is(expected.reason.as_ref(), event.reason)
        && expected.message.as_ref().is_none_or(|message| pattern::matches(message, &event.message))
        && expected.contains.as_ref().is_none_or(|part| event.message.contains(part.as_str()))
}

fn log(cluster: &Cluster, expected: &LogExpectation) -> Option<Comparison> {
    let key = full(cluster, &expected.object);
    let records = cluster.journal().iter().filter_map(JournalEntry::log).filter(|record| record.object == key);
    let mut lines: Vec<&str> = records.map(|record| record.message.as_str()).collect();
    if lines.iter().any(|line| pattern::matches(&expected.message, line)) {
        return None;
    }
    lines.dedup();
    let mut page = Comparison::new(format!("log about {}", expected.object.short()));
    page.lines([expected.message.as_str()], if lines.is_empty() { vec!["(no lines)"] } else { lines }, 0);
    Some(page)
}

fn names(cluster: &Cluster, dns: &Map<Names>) -> Option<Comparison> {
    let mut page = Comparison::new("names");
    let mut differs = false;
    for (name, pods) in dns.iter() {
        let found = cluster.resolve(name);
        let addresses: Vec<Text> = pods.iter().map(|pod| address(cluster, pod)).collect();
        let (mut left, mut right) = (addresses.clone(), found.clone());
        left.sort();
        right.sort();
        differs |= left != right;
        let expected = pods.iter().zip(&addresses);
        let expected: Vec<String> =
            expected.map(|(pod, ip)| if pod == ip { pod.to_string() } else { format!("{pod} ({ip})") }).collect();
        let list = |texts: Vec<String>| if texts.is_empty() { NOTHING.to_owned() } else { texts.join(", ") };
        let found = found.iter().map(ToString::to_string).collect();
        page.row(format!("{name}: {}", list(expected)), format!("{name}: {}", list(found)), left != right);
    }
    differs.then_some(page)
}

/// The address of a pod; a text that is no pod is an address itself.
fn address(cluster: &Cluster, pod: &Text) -> Text {
    match cluster.pod(pod) {
        Some(pod) if pod.status.pod_ip.is_empty() => "no address".into(),
        Some(pod) => pod.status.pod_ip.clone(),
        None => pod.clone(),
    }
}
