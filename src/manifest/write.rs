//! Objects to YAML and JSON, byte for byte as `kubectl get -o yaml` and `-o json` print them.

mod json;
mod order;
mod scalar;
mod yaml;

use serde::ser::Serialize;

use crate::model::json::Json;

/// Writes an object as JSON with sorted keys, indented by four spaces.
pub fn to_json<T: Serialize>(value: &T) -> String {
    json_text(Json::of(value))
}

/// Writes what is JSON already, as [`to_json`] does.
pub(crate) fn json_text(mut json: Json) -> String {
    sort(&mut json);
    let mut text = json::indented(&json);
    text.push('\n');
    text
}

/// Writes a value as one line of JSON with sorted keys, as kubectl notes what was applied.
pub(crate) fn to_line<T: Serialize>(value: &T) -> String {
    let mut line = json::compact(&sorted(value));
    line.push('\n');
    line
}

/// Writes an object as YAML in block style, its keys in kubectl's order.
///
/// Strings that YAML 1.1 would read as something else are quoted, so that `kubectl` reads back what was written. Lines
/// are folded at spaces beyond column 80, and numbers in keys count: `pv-2` stands before `pv-10`.
pub fn to_yaml<T: Serialize>(value: &T) -> String {
    yaml_text(&Json::of(value))
}

/// Writes what is JSON already, as [`to_yaml`] does.
pub(crate) fn yaml_text(json: &Json) -> String {
    yaml::document(json)
}

pub(super) fn sorted<T: Serialize>(value: &T) -> Json {
    let mut json = Json::of(value);
    sort(&mut json);
    json
}

fn sort(json: &mut Json) {
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        Json::List(items) => items.iter_mut().for_each(sort),
        Json::Map(entries) => {
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            for (_, value) in entries {
                sort(value);
            }
        }
    }
}
