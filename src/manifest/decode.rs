//! A tree to an object, with every problem and its place.
//!
//! Objects have one description, which serde drives; here it is driven from a tree. The first wrong value ends a
//! decoding, so it is noted, blanked and the rest decoded again, until nothing more is wrong.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};

use crate::manifest::suggest::{hint, nearest};
use crate::manifest::tree::{Entry, Node, Step, Value, render_path};
use crate::model::fields::{Finding, Segment};
use crate::model::kind::{Kind, Object};
use crate::model::quantity::TEXT_OF_NUMBER;

/// A rule that a value breaks, and the path at which it stands.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) path: String,
    pub(super) rule: String,
}

/// What decoding a tree gives.
pub(super) struct Decoded {
    /// The object, unless a value has a wrong type.
    pub(super) object: Option<Object>,
    /// Values that cannot be decoded.
    pub(super) broken: Vec<Broken>,
    /// Fields that the API does not have.
    pub(super) unknown: Vec<Unknown>,
}

/// A field that the API does not have.
pub(super) struct Unknown {
    pub(super) path: String,
    /// The field beside it that was probably meant.
    pub(super) meant: Option<&'static str>,
}

/// No manifest that a person wrote has more.
const MAX_PROBLEMS: usize = 100;

/// Decodes a tree. Fields that the API does not have stay in the object only if they shall be kept.
pub(super) fn decode(kind: Kind, tree: &Node, keep_unknown: bool) -> Decoded {
    let mut broken = Vec::new();
    let mut tree = tree.clone();
    let object = loop {
        match Object::deserialize(kind, Walk { node: &tree }) {
            Ok(object) => break Some(object),
            Err(failure) => {
                let steps: Vec<Step> = failure.steps.into_iter().rev().collect();
                broken.push(Broken { path: render_path(&steps), rule: failure.rule });
                if steps.is_empty() || broken.len() == MAX_PROBLEMS || !tree.blank(&steps) {
                    break None;
                }
            }
        }
    };
    let mut unknown: Vec<(Vec<Step>, Option<&'static str>)> = Vec::new();
    if let Some(object) = &object {
        object.audit(&mut |at, finding| match finding {
            Finding::Unknown { known } => {
                let segments = at.segments();
                let meant = match segments.last() {
                    // Where the field is kept nobody asks what was meant.
                    Some(Segment::Key(key)) if !keep_unknown => nearest(key, known()),
                    Some(Segment::Key(_) | Segment::Index(_)) | None => None,
                };
                unknown.push((segments.into_iter().map(Step::of).collect(), meant));
            }
            Finding::WrongType { expected, found } => {
                broken.push(Broken { path: at.to_string(), rule: format!("expected {expected}, found {found}") });
            }
        });
    }
    let mut object = object.filter(|_| broken.is_empty());
    if object.is_some() && !unknown.is_empty() && !keep_unknown {
        for (path, _) in &unknown {
            tree.remove(path);
        }
        object = Object::deserialize(kind, Walk { node: &tree }).ok();
    }
    let unknown = unknown.into_iter().map(|(path, meant)| Unknown { path: render_path(&path), meant });
    Decoded { object, broken, unknown: unknown.collect() }
}

/// Decodes a value that is no object of the API. Every unknown field is found, and the first wrong value.
pub(super) fn decode_settings<T: DeserializeOwned>(tree: &Node) -> Result<T, Vec<Broken>> {
    let (mut tree, mut broken) = (tree.clone(), Vec::new());
    loop {
        let failure = match T::deserialize(Walk { node: &tree }) {
            Ok(value) if broken.is_empty() => return Ok(value),
            Ok(_) => return Err(broken),
            Err(failure) => failure,
        };
        let mut steps: Vec<Step> = failure.steps.into_iter().rev().collect();
        let is_unknown = failure.unknown.is_some();
        steps.extend(failure.unknown.map(Step::Key));
        broken.push(Broken { path: render_path(&steps), rule: failure.rule });
        if !is_unknown || broken.len() == MAX_PROBLEMS || !tree.has(&steps) {
            return Err(broken);
        }
        tree.remove(&steps);
    }
}

/// Why a value could not be decoded; the steps lead outwards.
#[derive(Debug)]
struct Failure {
    rule: String,
    steps: Vec<Step>,
    /// The key, where the value has one that is not known.
    unknown: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rule)
    }
}

impl std::error::Error for Failure {}

impl Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { rule: message.to_string(), steps: Vec::new(), unknown: None }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let rule = format!("unknown field {field:?}, {}", hint(field, expected));
        Self { rule, steps: Vec::new(), unknown: Some(field.to_owned()) }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format_args!("unknown value {variant:?}, {}", hint(variant, expected)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format_args!("{field:?} is not set"))
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "a tree holds no values of other types")]
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => "a boolean",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
            Unexpected::Str(_) => "a string",
            Unexpected::Unit | Unexpected::Option => "null",
            Unexpected::Seq => "a list",
            Unexpected::Map => "a map",
            _ => "a value of another type",
        };
        Self::custom(format_args!("expected {expected}, found {found}"))
    }
}

impl Failure {
    fn below(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

#[derive(Clone, Copy)]
struct Walk<'t> {
    node: &'t Node,
}

impl<'t> Walk<'t> {
    fn mismatch<'de, V: Visitor<'de>>(self, visitor: &V) -> Failure {
        Failure::custom(format_args!("expected {}, found {}", visitor as &dyn Expected, self.node.to_json().kind()))
    }

    fn list<'de, V: Visitor<'de>>(items: &'t [Node], visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_seq(Items { items: items.iter().enumerate() })
    }

    fn map<'de, V: Visitor<'de>>(entries: &'t [Entry], visitor: V) -> Result<V::Value, Failure> {
        visitor.visit_map(Entries { entries: entries.iter(), value: None })
    }
}

/// Methods that accept one type of value and refuse the others.
macro_rules! only {
    ($method:ident, $pattern:pat => $visit:expr) => {
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
            match &self.node.value {
                $pattern => $visit(visitor),
                _ => Err(self.mismatch(&visitor)),
            }
        }
    };
}

/// Methods that read an integer of a certain width.
macro_rules! integer {
    ($($method:ident, $visit:ident, $type:ty;)*) => {
        $(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
                let Value::Number(text) = &self.node.value else {
                    return Err(self.mismatch(&visitor));
                };
                match text.parse::<$type>() {
                    Ok(value) => visitor.$visit(value),
                    Err(_) => Err(Failure::custom(format_args!("the number {text} is no integer of {} bits", <$type>::BITS))),
                }
            }
        )*
    };
}

impl<'de> Deserializer<'de> for Walk<'_> {
    type Error = Failure;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(text) => match (text.parse::<i64>(), text.parse::<u64>(), text.parse::<f64>()) {
                (Ok(value), _, _) => visitor.visit_i64(value),
                (Err(_), Ok(value), _) => visitor.visit_u64(value),
                (Err(_), Err(_), Ok(value)) => visitor.visit_f64(value),
                (Err(_), Err(_), Err(_)) => Err(self.mismatch(&visitor)),
            },
            Value::Text(text) => visitor.visit_str(text),
            Value::List(items) => Self::list(items, visitor),
            Value::Map(entries) => Self::map(entries, visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Failure> {
        match self.node.value {
            Value::Null => visitor.visit_none(),
            Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                visitor.visit_some(self)
            }
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Failure> {
        match &self.node.value {
            Value::Number(text) if name == TEXT_OF_NUMBER => visitor.visit_str(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
                visitor.visit_newtype_struct(self)
            }
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Failure> {
        let Some(text) = self.node.text() else {
            return Err(Failure::custom(format_args!("expected a string, found {}", self.node.to_json().kind())));
        };
        let text: StrDeserializer<'_, Failure> = text.into_deserializer();
        visitor.visit_enum(text)
    }

    only!(deserialize_bool, Value::Bool(value) => |visitor: V| visitor.visit_bool(*value));
    only!(deserialize_seq, Value::List(items) => |visitor: V| Self::list(items, visitor));
    only!(deserialize_map, Value::Map(entries) => |visitor: V| Self::map(entries, visitor));

    integer! {
        deserialize_i8, visit_i8, i8;
        deserialize_i16, visit_i16, i16;
        deserialize_i32, visit_i32, i32;
        deserialize_i64, visit_i64, i64;
        deserialize_u8, visit_u8, u8;
        deserialize_u16, visit_u16, u16;
        deserialize_u32, visit_u32, u32;
        deserialize_u64, visit_u64, u64;
    }

    serde::forward_to_deserialize_any! {
        f32 f64 char str string bytes byte_buf unit unit_struct tuple tuple_struct struct identifier ignored_any
    }
}

struct Items<'t> {
    items: std::iter::Enumerate<std::slice::Iter<'t, Node>>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Failure;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Failure> {
        let Some((index, node)) = self.items.next() else {
            return Ok(None);
        };
        seed.deserialize(Walk { node }).map(Some).map_err(|failure| failure.below(Step::Index(index)))
    }
}

struct Entries<'t> {
    entries: std::slice::Iter<'t, Entry>,
    value: Option<&'t Entry>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Failure;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Failure> {
        let Some(entry) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some(entry);
        let key: StrDeserializer<'_, Failure> = entry.key.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Failure> {
        let Some(entry) = self.value.take() else {
            return Err(Failure::custom("a value was read before its key"));
        };
        let step = Step::Key(entry.key.clone());
        seed.deserialize(Walk { node: &entry.value }).map_err(|failure| failure.below(step))
    }
}
