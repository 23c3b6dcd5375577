//! How a struct of the API reads, writes and audits itself.
//!
//! One declaration, [`api_struct!`], gives a struct its JSON names and from them everything that serde and strict
//! decoding need: `null` is the same as absent, a repeated field is an error, an unknown field is kept (so that a
//! restored object loses nothing) and can be listed afterwards (so that an applied manifest is refused). There is
//! one description of each object and one way to decode it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde::ser::SerializeMap;

use crate::model::inner::fields_inside;
use crate::model::json::Json;
use crate::model::list::{List, Map};
use crate::model::quantity::Quantity;
use crate::model::shared::Shared;
use crate::model::text::Text;

/// Fields of a restored object that the model does not know, kept as they were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UnknownFields(Option<Arc<Vec<(Text, Json)>>>);

impl UnknownFields {
    /// The fields with their values, in the order in which they were written.
    pub fn iter(&self) -> impl Iterator<Item = (&Text, &Json)> {
        self.0.iter().flat_map(|fields| fields.iter()).map(|(key, value)| (key, value))
    }

    fn push(&mut self, key: Text, value: Json) {
        Arc::make_mut(self.0.get_or_insert_default()).push((key, value));
    }

    fn contains(&self, key: &str) -> bool {
        self.iter().any(|(known, _)| known == key)
    }
}

/// Where in an object a field stands; a list on the stack, so that walking an object allocates nothing.
pub(crate) struct Trail<'a> {
    parent: Option<&'a Trail<'a>>,
    segment: Segment<'a>,
}

/// One step of a [`Trail`].
#[derive(Clone, Copy)]
pub(crate) enum Segment<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Trail<'a> {
    pub(crate) fn root() -> Self {
        Self { parent: None, segment: Segment::Key("") }
    }

    pub(crate) fn key(&'a self, key: &'a str) -> Self {
        Self { parent: Some(self), segment: Segment::Key(key) }
    }

    pub(crate) fn index(&'a self, index: usize) -> Self {
        Self { parent: Some(self), segment: Segment::Index(index) }
    }

    /// The steps from the root to here.
    pub(crate) fn segments(&self) -> Vec<Segment<'a>> {
        let mut segments = self.parent.map(Trail::segments).unwrap_or_default();
        segments.extend(self.parent.is_some().then_some(self.segment));
        segments
    }
}

impl fmt::Display for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(parent) = self.parent else {
            return Ok(());
        };
        parent.fmt(f)?;
        match self.segment {
            Segment::Key(key) if parent.parent.is_none() => f.write_str(key),
            Segment::Key(key) => write!(f, ".{key}"),
            Segment::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// What an audit finds in an object that was decoded.
pub(crate) enum Finding<'a> {
    /// A field that the API does not have, beside those that it has there.
    Unknown { known: &'a dyn Fn() -> Vec<&'static str> },
    /// A value of another type than the API has there.
    WrongType { expected: &'static str, found: &'static str },
}

pub(crate) type Report<'r> = &'r mut dyn FnMut(&Trail<'_>, Finding<'_>);

/// A value that may stand in a field.
pub(crate) trait Field {
    /// Whether the API leaves it out when it writes the object.
    fn is_blank(&self) -> bool {
        false
    }

    /// Reports what is inside and should not be.
    fn audit(&self, _at: &Trail<'_>, _report: Report<'_>) {}
}

impl Field for Text {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

impl Field for bool {
    fn is_blank(&self) -> bool {
        !self
    }
}

impl Field for i32 {
    fn is_blank(&self) -> bool {
        *self == 0
    }
}

impl Field for i64 {
    fn is_blank(&self) -> bool {
        *self == 0
    }
}

impl Field for Quantity {}

impl Field for Json {
    fn is_blank(&self) -> bool {
        *self == Self::Null
    }
}

impl<T: Field> Field for Option<T> {
    fn is_blank(&self) -> bool {
        self.is_none()
    }

    fn audit(&self, at: &Trail<'_>, report: Report<'_>) {
        if let Some(value) = self {
            value.audit(at, report);
        }
    }
}

impl<T: Field> Field for Shared<T> {
    fn is_blank(&self) -> bool {
        T::is_blank(self)
    }

    fn audit(&self, at: &Trail<'_>, report: Report<'_>) {
        T::audit(self, at, report);
    }
}

impl<T: Field> Field for List<T> {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }

    fn audit(&self, at: &Trail<'_>, report: Report<'_>) {
        for (index, item) in self.iter().enumerate() {
            item.audit(&at.index(index), report);
        }
    }
}

impl<V> Field for Map<V> {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

/// The fields of a struct, by number; what [`api_struct!`] implements.
pub(crate) trait Fields: Default {
    const COUNT: usize;

    fn index_of(key: &str) -> Option<usize>;

    /// The keys, in the order of their numbers.
    fn names() -> Vec<&'static str>;

    fn read<'de, A: MapAccess<'de>>(&mut self, index: usize, map: &mut A) -> Result<(), A::Error>;

    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;

    fn audit_fields(&self, at: &Trail<'_>, report: Report<'_>);
}

fields_inside!(Shared: Fields, Clone);

/// Reads the value of the field whose key was just read; `null` leaves the default.
pub(crate) fn read_value<'de, T, A>(map: &mut A) -> Result<T, A::Error>
where
    T: Deserialize<'de> + Default,
    A: MapAccess<'de>,
{
    Ok(map.next_value::<Option<T>>()?.unwrap_or_default())
}

/// Reads all fields of a struct that keeps those it does not know.
pub(crate) fn deserialize<'de, T, D>(
    deserializer: D,
    expected: &'static str,
    unknown: fn(&mut T) -> &mut UnknownFields,
) -> Result<T, D::Error>
where
    T: Fields,
    D: Deserializer<'de>,
{
    deserializer.deserialize_map(FieldsVisitor { expected, unknown })
}

struct FieldsVisitor<T> {
    expected: &'static str,
    unknown: fn(&mut T) -> &mut UnknownFields,
}

impl<'de, T: Fields> Visitor<'de> for FieldsVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a map ({})", self.expected)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        read_map(&[], None, map, self.unknown)
    }
}

/// Reads the fields of a struct from a map of which some entries, and perhaps one more key, were read already.
pub(crate) fn read_map<'de, T, A>(
    done: &[&str],
    first: Option<Text>,
    mut map: A,
    unknown: fn(&mut T) -> &mut UnknownFields,
) -> Result<T, A::Error>
where
    T: Fields,
    A: MapAccess<'de>,
{
    const { assert!(T::COUNT <= 128, "the set of fields seen is a 128-bit mask") };
    let mut value = T::default();
    let mut seen = done.iter().filter_map(|key| T::index_of(key)).fold(0u128, |seen, index| seen | 1 << index);
    let mut next = match first {
        Some(name) => Some(Key::of::<T>(&name)),
        None => map.next_key_seed(KeySeed::<T>(PhantomData))?,
    };
    while let Some(key) = next {
        match key {
            Key::Known(index) if seen & (1 << index) == 0 => {
                seen |= 1 << index;
                value.read(index, &mut map)?;
            }
            Key::Known(_) => return Err(A::Error::custom("repeated field")),
            Key::Unknown(name) => {
                let fields = unknown(&mut value);
                if fields.contains(&name) {
                    return Err(A::Error::custom("repeated field"));
                }
                fields.push(name, map.next_value()?);
            }
        }
        next = map.next_key_seed(KeySeed::<T>(PhantomData))?;
    }
    Ok(value)
}

enum Key {
    Known(usize),
    Unknown(Text),
}

impl Key {
    fn of<T: Fields>(name: &str) -> Self {
        match T::index_of(name) {
            Some(index) => Self::Known(index),
            None => Self::Unknown(name.into()),
        }
    }
}

struct KeySeed<T>(PhantomData<T>);

impl<'de, T: Fields> DeserializeSeed<'de> for KeySeed<T> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<T: Fields> Visitor<'_> for KeySeed<T> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        Ok(Key::of::<T>(key))
    }
}

/// Declares a struct of the Kubernetes API.
///
/// Each field names its JSON key. A field is left out of the output when it is blank, as Go's `omitempty` does,
/// unless it says `always`. `group` fields are structs whose fields stand in the same JSON object.
macro_rules! api_struct {
    (
        $(#[$attribute:meta])*
        pub struct $name:ident {
            $( $(#[$doc:meta])* $field:ident : $type:ty = $key:literal $($policy:ident)? $(=> $schema:literal)? ; )*
        }
        $( group { $( $(#[$group_doc:meta])* $group:ident : $group_type:ty ; )* } )?
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name {
            $( $(#[$doc])* pub $field: $type, )*
            $( $( $(#[$group_doc])* pub $group: $group_type, )* )?
            /// Fields of a restored object that the model does not know.
            pub unknown: $crate::model::fields::UnknownFields,
        }

        impl $crate::model::fields::Fields for $name {
            const COUNT: usize = 0
                $( + { let _ = $key; 1 } )*
                $( $( + <$group_type as $crate::model::fields::Fields>::COUNT )* )?;

            #[allow(unused_assignments, reason = "the last field counts on for groups that may not follow")]
            fn index_of(key: &str) -> Option<usize> {
                let mut index = 0;
                $(
                    if key == $key {
                        return Some(index);
                    }
                    index += 1;
                )*
                $( $(
                    if let Some(place) = <$group_type as $crate::model::fields::Fields>::index_of(key) {
                        return Some(index + place);
                    }
                    index += <$group_type as $crate::model::fields::Fields>::COUNT;
                )* )?
                None
            }

            fn names() -> Vec<&'static str> {
                let lists: Vec<Vec<&'static str>> = vec![
                    vec![$( $key, )*],
                    $( $( <$group_type as $crate::model::fields::Fields>::names(), )* )?
                ];
                lists.concat()
            }

            #[allow(unused_assignments, reason = "the last field counts on for groups that may not follow")]
            fn read<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                index: usize,
                map: &mut A,
            ) -> Result<(), A::Error> {
                let mut at = 0;
                $(
                    if index == at {
                        self.$field = $crate::model::fields::read_value(map)?;
                        return Ok(());
                    }
                    at += 1;
                )*
                $( $(
                    let count = <$group_type as $crate::model::fields::Fields>::COUNT;
                    if index < at + count {
                        return $crate::model::fields::Fields::read(&mut self.$group, index - at, map);
                    }
                    at += count;
                )* )?
                Ok(())
            }

            fn write<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                $( $crate::model::fields::write_field!(self, map, $field, $key, $($policy)?); )*
                $( $( $crate::model::fields::Fields::write(&self.$group, map)?; )* )?
                for (key, value) in self.unknown.iter() {
                    map.serialize_entry(key, value)?;
                }
                Ok(())
            }

            fn audit_fields(
                &self,
                at: &$crate::model::fields::Trail<'_>,
                report: $crate::model::fields::Report<'_>,
            ) {
                $( $crate::model::fields::audit_field!(self, at, report, $field, $key, $($schema)?); )*
                $( $( $crate::model::fields::Fields::audit_fields(&self.$group, at, report); )* )?
                for (key, _) in self.unknown.iter() {
                    let known = &<Self as $crate::model::fields::Fields>::names;
                    report(&at.key(key), $crate::model::fields::Finding::Unknown { known });
                }
            }
        }

        impl $crate::model::fields::Field for $name {
            fn audit(
                &self,
                at: &$crate::model::fields::Trail<'_>,
                report: $crate::model::fields::Report<'_>,
            ) {
                $crate::model::fields::Fields::audit_fields(self, at, report);
            }
        }

        impl serde::ser::Serialize for $name {
            fn serialize<S: serde::ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                $crate::model::fields::Fields::write(self, &mut map)?;
                serde::ser::SerializeMap::end(map)
            }
        }

        impl<'de> serde::de::Deserialize<'de> for $name {
            fn deserialize<D: serde::de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::model::fields::deserialize(deserializer, stringify!($name), |value: &mut Self| &mut value.unknown)
            }
        }
    };
}

macro_rules! write_field {
    ($self:ident, $map:ident, $field:ident, $key:literal, always) => {
        $map.serialize_entry($key, &$self.$field)?;
    };
    ($self:ident, $map:ident, $field:ident, $key:literal,) => {
        if !$crate::model::fields::Field::is_blank(&$self.$field) {
            $map.serialize_entry($key, &$self.$field)?;
        }
    };
}

macro_rules! audit_field {
    ($self:ident, $at:ident, $report:ident, $field:ident, $key:literal, $schema:literal) => {
        $crate::model::schema::audit(&$self.$field, $schema, &$at.key($key), $report);
    };
    ($self:ident, $at:ident, $report:ident, $field:ident, $key:literal,) => {
        $crate::model::fields::Field::audit(&$self.$field, &$at.key($key), $report);
    };
}

/// Declares an enumeration of the Kubernetes API.
///
/// An enumeration with an `Other` variant keeps a text that the API server would refuse, so that validation can
/// name it and a restored object keeps it; one without refuses such a text when it is decoded.
macro_rules! api_enum {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident {
            $( $(#[$doc:meta])* $variant:ident = $text:literal, )*
        }
        $(other: $(#[$other_doc:meta])* $other:ident)?
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $( $(#[$doc])* $variant, )*
            $( $(#[$other_doc])* $other($crate::model::text::Text), )?
        }

        impl $name {
            /// The text that stands for it in the API.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $text, )*
                    $( Self::$other(text) => text, )?
                }
            }

            fn known(text: &str) -> Option<Self> {
                match text {
                    $( $text => Some(Self::$variant), )*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl $crate::model::fields::Field for $name {}

        impl serde::ser::Serialize for $name {
            fn serialize<S: serde::ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::de::Deserialize<'de> for $name {
            fn deserialize<D: serde::de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct TextVisitor;

                impl serde::de::Visitor<'_> for TextVisitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("a string", $(" (", $text, ")",)*))
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        if let Some(known) = $name::known(text) {
                            return Ok(known);
                        }
                        $crate::model::fields::other_text!($name, text, self, $($other)?)
                    }
                }

                deserializer.deserialize_any(TextVisitor)
            }
        }
    };
}

macro_rules! other_text {
    ($name:ident, $text:ident, $visitor:ident, $other:ident) => {{
        let _ = $visitor;
        Ok($name::$other($text.into()))
    }};
    ($name:ident, $text:ident, $visitor:ident,) => {
        if $text.is_empty() {
            // An empty text is the same as none.
            Ok($name::default())
        } else {
            Err(E::invalid_value(serde::de::Unexpected::Str($text), &$visitor))
        }
    };
}

pub(crate) use {api_enum, api_struct, audit_field, other_text, write_field};
