//! JSON merge patches, and the steps that they are for.

use crate::explain::edit::Step;
use crate::model::json::Json;
use crate::model::kind::Kind;
use crate::model::text::Text;

pub(super) fn patch_volume(volume: &Text, patch: Json) -> Step {
    Step::Patch { object: Kind::PersistentVolume.named(volume.as_str()), patch }
}

pub(super) fn text(text: &str) -> Json {
    Json::String(text.into())
}

pub(super) fn spec<const N: usize>(entries: [(&str, Json); N]) -> Json {
    Json::object([("spec", Json::object(entries))])
}

pub(super) fn metadata<const N: usize>(field: &str, entries: [(&str, Json); N]) -> Json {
    Json::object([("metadata", Json::object([(field, Json::object(entries))]))])
}

/// Two patches as one. Values of the second one count where both have one.
pub(super) fn both(first: Json, second: Json) -> Json {
    match (first, second) {
        (Json::Map(mut entries), Json::Map(more)) => {
            for (key, value) in more {
                match entries.iter().position(|(held, _)| *held == key) {
                    Some(place) => {
                        let (held, old) = entries.remove(place);
                        entries.insert(place, (held, both(old, value)));
                    }
                    None => entries.push((key, value)),
                }
            }
            Json::Map(entries)
        }
        (_, second) => second,
    }
}
