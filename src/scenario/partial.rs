//! An object that has certain fields.
//!
//! A map fits where each of its keys does, a list where each of its items fits one of the live items, in order. What the
//! API leaves out because it is zero, false or empty fits where nothing is there.

use crate::manifest::to_yaml;
use crate::model::json::Json;
use crate::scenario::comparison::Comparison;
use crate::scenario::pattern;

/// Whether a value is as expected.
pub(super) fn fits(expected: &Json, actual: Option<&Json>) -> bool {
    match (expected, actual) {
        (Json::Null, actual) => matches!(actual, None | Some(Json::Null)),
        (Json::Map(entries), Some(actual @ Json::Map(_))) => {
            entries.iter().all(|(key, value)| fits(value, actual.get(key)))
        }
        (Json::List(items), Some(Json::List(live))) => {
            if items.is_empty() {
                return live.is_empty();
            }
            let mut rest = live.iter();
            items.iter().all(|item| rest.any(|live| fits(item, Some(live))))
        }
        (Json::String(expected), Some(Json::String(actual))) => pattern::matches(expected, actual),
        (Json::Number(expected), Some(Json::Number(actual) | Json::String(actual))) => expected == actual,
        (Json::Bool(expected), Some(Json::Bool(actual))) => expected == actual,
        (expected, None | Some(Json::Null)) => is_zero(expected),
        _ => false,
    }
}

fn is_zero(json: &Json) -> bool {
    match json {
        Json::Null | Json::Bool(false) => true,
        Json::Bool(true) | Json::Map(_) => false,
        Json::Number(text) => text == "0",
        Json::String(text) => text.is_empty(),
        Json::List(items) => items.is_empty(),
    }
}

/// Writes a value that is expected beside the one that there is.
pub(super) fn compare(key: &str, expected: &Json, actual: Option<&Json>, indent: usize, page: &mut Comparison) {
    let label = format!("{:indent$}{key}:", "");
    match (expected, actual) {
        (Json::Map(entries), Some(Json::Map(_))) if !entries.is_empty() => {
            page.row(&*label, &*label, false);
            for (key, value) in entries {
                compare(key, value, actual.and_then(|actual| actual.get(key)), indent + 2, page);
            }
        }
        (Json::List(items), Some(Json::List(live))) if !fits(expected, actual) && !items.is_empty() => {
            page.row(&*label, &*label, true);
            let live = live.iter().map(|live| prune(live, items.first())).collect();
            let (left, right) = (to_yaml(expected), to_yaml(&Json::List(live)));
            page.lines(left.lines(), right.lines(), indent);
        }
        _ if fits(expected, actual) => {
            for line in entry(key, expected).lines() {
                let line = format!("{:indent$}{line}", "");
                page.row(&*line, &*line, false);
            }
        }
        _ => {
            let right = match actual {
                None | Some(Json::Null) => format!("{key}: (not set)"),
                Some(actual) => entry(key, actual),
            };
            page.lines(entry(key, expected).lines(), right.lines(), indent);
        }
    }
}

/// A key and its value as YAML.
fn entry(key: &str, value: &Json) -> String {
    to_yaml(&Json::Map(vec![(key.into(), value.clone())]))
}

/// A value without the keys that nobody asked for.
fn prune(live: &Json, expected: Option<&Json>) -> Json {
    match (live, expected) {
        (Json::Map(entries), Some(Json::Map(asked))) => {
            let asked = |key: &str| asked.iter().find(|(known, _)| known == key).map(|(_, value)| value);
            let kept = entries.iter().filter_map(|(key, value)| Some((key.clone(), prune(value, Some(asked(key)?)))));
            Json::Map(kept.collect())
        }
        (Json::List(items), Some(Json::List(asked))) => {
            Json::List(items.iter().map(|item| prune(item, asked.first())).collect())
        }
        _ => live.clone(),
    }
}
