//! A JSON value that keeps the text of its numbers and the order of its keys.
//!
//! The model understands what storage depends on. The rest of an object (a probe, an affinity term, a field of
//! a release that we do not know) is carried as a value of this type, so that nothing a user wrote is lost.

mod exchange;

use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::model::json::exchange::{Source, Writer};
use crate::model::text::{Key, Text};

/// Any JSON value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Json {
    /// `null`, and a field that is absent.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as the text that it was written with.
    Number(Text),
    /// A string.
    String(Text),
    /// A list.
    List(Vec<Json>),
    /// A map, its keys in the order in which they were written.
    Map(Vec<(Text, Json)>),
}

impl Json {
    /// A value of the model as JSON, its keys in the order in which they are written.
    pub(crate) fn of<T: Serialize + ?Sized>(value: &T) -> Self {
        // The model serializes without failing: all keys are strings.
        value.serialize(Writer).unwrap_or_default()
    }

    /// The value as one of the model; `None` where it has another shape.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(Source(self)).ok()
    }

    /// Reads the value as whoever asks for it does.
    pub(crate) fn read_with<'de, S: DeserializeSeed<'de>>(&self, seed: S) -> Result<S::Value, impl fmt::Display> {
        seed.deserialize(Source(self))
    }

    /// Sets a key of a map unless it has a value already. Does nothing to a value of another type.
    pub(crate) fn set_default(&mut self, key: &str, value: impl FnOnce() -> Self) {
        let Self::Map(entries) = self else {
            return;
        };
        match entries.iter_mut().find(|(held, _)| held == key) {
            Some((_, held @ Self::Null)) => *held = value(),
            Some(_) => {}
            None => entries.push((key.into(), value())),
        }
    }

    /// The value of a key, to change it, where this is a map that has it.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        match self {
            Self::Map(entries) => entries.iter_mut().find(|(k, _)| k == key).map(|(_, value)| value),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::List(_) => None,
        }
    }

    /// The items below a key, to change them, where this is a map that has a list there.
    pub(crate) fn items_mut(&mut self, key: &str) -> impl Iterator<Item = &mut Self> {
        let items = match self.get_mut(key) {
            Some(Self::List(items)) => items.as_mut_slice(),
            Some(Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Map(_)) | None => &mut [],
        };
        items.iter_mut()
    }

    /// The items, where this is a list.
    pub(crate) fn items(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }

    /// The value of a key, where this is a map that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, value)| value),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::List(_) => None,
        }
    }

    /// The text, where this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// A map with these keys.
    pub(crate) fn object<const N: usize>(entries: [(&str, Self); N]) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// The number, where this is an integer of 64 bits.
    pub(crate) fn as_i64(&self) -> Option<i64> {
        if let Self::Number(text) = self { text.parse().ok() } else { None }
    }

    /// What this is, in the words of an error message.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(text) => serialize_number(text, serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::List(items) => {
                let mut out = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    out.serialize_element(item)?;
                }
                out.end()
            }
            Self::Map(entries) => {
                let mut out = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    out.serialize_entry(key, value)?;
                }
                out.end()
            }
        }
    }
}

fn serialize_number<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if let Ok(value) = text.parse::<i64>() {
        serializer.serialize_i64(value)
    } else if let Ok(value) = text.parse::<u64>() {
        serializer.serialize_u64(value)
    } else {
        serializer.serialize_f64(text.parse().map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct JsonVisitor;

        impl<'de> Visitor<'de> for JsonVisitor {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
                Ok(Json::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
                Ok(Json::Number(value.to_string().into()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
                Ok(Json::Number(value.to_string().into()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
                Ok(Json::Number(value.to_string().into()))
            }

            fn visit_str<E>(self, text: &str) -> Result<Json, E> {
                Ok(Json::String(text.into()))
            }

            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }

            fn visit_none<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
                Json::deserialize(deserializer)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Json::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut entries: Vec<(Text, Json)> = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    entries.push((key, map.next_value()?));
                }
                let mut keys: Vec<&Text> = entries.iter().map(|(key, _)| key).collect();
                keys.sort();
                if let Some([key, _]) = keys.array_windows().find(|[a, b]| a == b) {
                    return Err(A::Error::custom(format_args!("repeated key {:?}", key.as_str())));
                }
                Ok(Json::Map(entries))
            }
        }

        deserializer.deserialize_any(JsonVisitor)
    }
}
