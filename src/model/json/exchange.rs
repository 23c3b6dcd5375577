//! Values of the model as JSON values and back, without text in between.
//!
//! The result is the same as by way of JSON text: numbers become their text, absent values become `null`, and keys keep
//! the order in which they are written. Pods are completed and compared as JSON, so this runs for each of them.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{self, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde::ser::{self, Serialize, Serializer};

use crate::model::json::Json;
use crate::model::text::Text;

/// Why a value has no JSON form, or not the wanted shape.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Misfit(String);

impl ser::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// Makes a JSON value of what is serialized.
pub(super) struct Writer;

impl Serializer for Writer {
    type Ok = Json;
    type Error = Misfit;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = ser::Impossible<Json, Misfit>;
    type SerializeMap = Entries;
    type SerializeStruct = Entries;
    type SerializeStructVariant = ser::Impossible<Json, Misfit>;

    fn serialize_bool(self, value: bool) -> Result<Json, Misfit> {
        Ok(Json::Bool(value))
    }

    fn serialize_i8(self, value: i8) -> Result<Json, Misfit> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<Json, Misfit> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<Json, Misfit> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<Json, Misfit> {
        Ok(Json::Number(value.to_string().into()))
    }

    fn serialize_u8(self, value: u8) -> Result<Json, Misfit> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<Json, Misfit> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<Json, Misfit> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<Json, Misfit> {
        Ok(Json::Number(value.to_string().into()))
    }

    fn serialize_f32(self, value: f32) -> Result<Json, Misfit> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<Json, Misfit> {
        // JSON has no text for what is not finite.
        Ok(if value.is_finite() { Json::Number(value.to_string().into()) } else { Json::Null })
    }

    fn serialize_char(self, value: char) -> Result<Json, Misfit> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<Json, Misfit> {
        Ok(Json::String(value.into()))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<Json, Misfit> {
        value.serialize(self)
    }

    fn serialize_none(self) -> Result<Json, Misfit> {
        Ok(Json::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Json, Misfit> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Json, Misfit> {
        Ok(Json::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Json, Misfit> {
        Ok(Json::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Json, Misfit> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Json, Misfit> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Json, Misfit> {
        Ok(Json::object([(variant, value.serialize(self)?)]))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Items, Misfit> {
        Ok(Items(Vec::with_capacity(len.unwrap_or_default())))
    }

    fn serialize_tuple(self, len: usize) -> Result<Items, Misfit> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Items, Misfit> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Misfit> {
        Err(ser::Error::custom(format_args!("{name} has no JSON form of the API")))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Entries, Misfit> {
        Ok(Entries { key: Text::default(), entries: Vec::with_capacity(len.unwrap_or_default()) })
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Entries, Misfit> {
        self.serialize_map(Some(len))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Misfit> {
        Err(ser::Error::custom(format_args!("{name} has no JSON form of the API")))
    }
}

/// A list that is written.
pub(super) struct Items(Vec<Json>);

impl ser::SerializeSeq for Items {
    type Ok = Json;
    type Error = Misfit;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Misfit> {
        self.0.push(value.serialize(Writer)?);
        Ok(())
    }

    fn end(self) -> Result<Json, Misfit> {
        Ok(Json::List(self.0))
    }
}

impl ser::SerializeTuple for Items {
    type Ok = Json;
    type Error = Misfit;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Misfit> {
        ser::SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<Json, Misfit> {
        ser::SerializeSeq::end(self)
    }
}

impl ser::SerializeTupleStruct for Items {
    type Ok = Json;
    type Error = Misfit;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Misfit> {
        ser::SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<Json, Misfit> {
        ser::SerializeSeq::end(self)
    }
}

/// A map that is written.
pub(super) struct Entries {
    key: Text,
    entries: Vec<(Text, Json)>,
}

impl ser::SerializeMap for Entries {
    type Ok = Json;
    type Error = Misfit;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Misfit> {
        match key.serialize(Writer)? {
            Json::String(key) | Json::Number(key) => self.key = key,
            other => return Err(ser::Error::custom(format_args!("{} is no key", other.kind()))),
        }
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Misfit> {
        self.entries.push((std::mem::take(&mut self.key), value.serialize(Writer)?));
        Ok(())
    }

    fn end(self) -> Result<Json, Misfit> {
        Ok(Json::Map(self.entries))
    }
}

impl ser::SerializeStruct for Entries {
    type Ok = Json;
    type Error = Misfit;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Misfit> {
        self.entries.push((key.into(), value.serialize(Writer)?));
        Ok(())
    }

    fn end(self) -> Result<Json, Misfit> {
        ser::SerializeMap::end(self)
    }
}

/// A JSON value that is read.
pub(super) struct Source<'j>(pub(super) &'j Json);

impl IntoDeserializer<'_, Misfit> for Source<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Source<'_> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Json::Null => visitor.visit_unit(),
            Json::Bool(value) => visitor.visit_bool(*value),
            Json::Number(text) => visit_number(text, visitor),
            Json::String(text) => visitor.visit_str(text),
            Json::List(items) => SeqDeserializer::new(items.iter().map(Source)).deserialize_any(visitor),
            Json::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.as_str(), Source(value)));
                MapDeserializer::new(entries).deserialize_any(visitor)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if *self.0 == Json::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.0 {
            Json::String(text) => {
                IntoDeserializer::<Misfit>::into_deserializer(text.as_str()).deserialize_enum(name, variants, visitor)
            }
            other => Err(de::Error::custom(format_args!("{} is no {name}", other.kind()))),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

fn visit_number<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, Misfit> {
    if let Ok(value) = text.parse::<u64>() {
        visitor.visit_u64(value)
    } else if let Ok(value) = text.parse::<i64>() {
        visitor.visit_i64(value)
    } else {
        visitor.visit_f64(text.parse().map_err(de::Error::custom)?)
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use serde::ser::Serialize;

    use crate::model::deployment::Deployment;
    use crate::model::json::Json;
    use crate::model::node::Node;
    use crate::model::pod::Pod;

    fn by_way_of_text<T: Serialize, U: DeserializeOwned>(value: &T) -> U {
        serde_json::from_str(&serde_json::to_string(value).expect("JSON")).expect("a value")
    }

    fn same_both_ways<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(json: &Json) {
        let value: T = by_way_of_text(json);
        assert_eq!(json.decode().as_ref(), Some(&value));
        assert_eq!(Json::of(&value), by_way_of_text(&value));
    }

    #[test]
    fn a_value_is_the_same_as_by_way_of_text() {
        let read = |text: &str| serde_json::from_str::<Json>(text).expect("JSON");
        let container = r#"{"name": "db", "image": "mysql:9", "ports": [{"containerPort": 3306}], "resources": {"limits":
            {"cpu": 0.5, "memory": "1Gi"}}, "livenessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 10}}"#;
        let spec = format!(
            r#"{{"containers": [{container}], "hostNetwork": true, "tomorrow": [null, {{"a": -1}}],
            "volumes": [{{"name": "v", "persistentVolumeClaim": {{"claimName": "data", "readOnly": true}}}}]}}"#
        );
        let metadata = r#"{"name": "o", "labels": {"app": "db"}, "finalizers": ["a/b"], "generation": 7}"#;
        let pod = read(&format!(r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {metadata}, "spec": {spec}}}"#));
        same_both_ways::<Json>(&pod);
        same_both_ways::<Pod>(&pod);
        same_both_ways::<Node>(&read(&format!(
            r#"{{"metadata": {metadata}, "spec": {{"taints": [{{"key": "k", "effect": "NoExecute"}}]}},
            "status": {{"volumesAttached": [{{"name": "v", "devicePath": ""}}], "conditions": [{{"type": "Ready",
            "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}}]}}}}"#
        )));
        same_both_ways::<Deployment>(&read(&format!(
            r#"{{"metadata": {metadata}, "spec": {{"replicas": 2, "selector": {{"matchLabels": {{"app": "db"}}}},
            "strategy": {{"rollingUpdate": {{"maxSurge": "25%", "maxUnavailable": 1}}}},
            "template": {{"metadata": {{}}, "spec": {spec}}}}}}}"#
        )));
    }

    #[test]
    fn numbers_keep_their_value() {
        for text in ["0", "-9223372036854775808", "18446744073709551615", "0.5", "1e300"] {
            let json: Json = serde_json::from_str(text).expect("a number");
            assert_eq!(Json::of(&json), json);
            assert_eq!(json.decode::<Json>(), Some(json));
        }
    }

    #[test]
    fn what_has_another_shape_is_none() {
        assert_eq!(Json::Bool(true).decode::<i64>(), None);
        assert_eq!(Json::Null.decode::<Option<i64>>(), Some(None));
    }
}
