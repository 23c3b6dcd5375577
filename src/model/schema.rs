//! The shape of what the model carries without looking at it.
//!
//! A pod template has some 150 types below it, of which storage depends on a handful. The others are kept as
//! [`Json`]. The table in `schema.txt` says what they look like: strict decoding refuses an unknown field or a value
//! of a wrong type in a probe like one in a claim, and an object that is created or replaced is completed as the API
//! server does it: with defaults, and without what it leaves out.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::model::fields::{Finding, Report, Trail};
use crate::model::json::Json;
use crate::model::quantity::Quantity;
use crate::model::text::Text;
use crate::model::time::Timestamp;

#[derive(Clone, Copy)]
enum Shape {
    Text,
    Bool,
    Int32,
    Int64,
    Quantity,
    Time,
    IntOrText,
    Any,
    /// A list of what the text says.
    List(&'static str),
    /// A map from text to what the text says.
    Map(&'static str),
    Struct(&'static str),
}

/// What the API server writes for a field that is not set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unset {
    /// Nothing where it is absent.
    Absent,
    /// Nothing where it is empty, zero or false.
    Zero,
    /// Its empty value.
    Written,
    /// `null`.
    Null,
}

struct Field {
    shape: Shape,
    unset: Unset,
    default: Option<&'static str>,
}

impl Field {
    /// What is written where it is not set; none where nothing is.
    fn unset_value(&self) -> Option<Json> {
        match (self.default, self.unset) {
            (Some(default), _) => Some(literal(default, self.shape)),
            (None, Unset::Written) => Some(empty(self.shape)),
            (None, Unset::Null) => Some(Json::Null),
            (None, Unset::Absent | Unset::Zero) => None,
        }
    }
}

/// The fields of a struct by name, and which of them are written also where they are not set.
#[derive(Default)]
struct Struct {
    fields: FxHashMap<&'static str, Field>,
    written: Vec<&'static str>,
}

/// Reports what a carried value holds that its shape, as the table writes it, has not.
pub(crate) fn audit(value: &Json, shape: &'static str, at: &Trail<'_>, report: Report<'_>) {
    audit_shape(value, parse_shape(shape), at, report);
}

fn audit_shape(value: &Json, shape: Shape, at: &Trail<'_>, report: Report<'_>) {
    let expected = match (shape, value) {
        (Shape::Any, _)
        | (_, Json::Null)
        | (Shape::Text | Shape::IntOrText, Json::String(_))
        | (Shape::Bool, Json::Bool(_)) => return,
        (Shape::Int32 | Shape::IntOrText, Json::Number(text)) if text.parse::<i32>().is_ok() => return,
        (Shape::Int64, Json::Number(text)) if text.parse::<i64>().is_ok() => return,
        (Shape::Quantity, Json::Number(text) | Json::String(text)) if Quantity::parse_in_manifest(text).is_ok() => {
            return;
        }
        (Shape::Time, Json::String(text)) if text.parse::<Timestamp>().is_ok() => return,
        (Shape::List(item), Json::List(items)) => {
            for (index, value) in items.iter().enumerate() {
                audit(value, item, &at.index(index), report);
            }
            return;
        }
        (Shape::Map(item), Json::Map(entries)) => {
            for (key, value) in entries {
                audit(value, item, &at.key(key), report);
            }
            return;
        }
        (Shape::Struct(name), Json::Map(entries)) => {
            for (key, value) in entries {
                let at = at.key(key);
                match find_struct(name).and_then(|found| found.fields.get(key.as_str())) {
                    Some(field) => audit_shape(value, field.shape, &at, report),
                    None => report(&at, Finding::Unknown { known: &|| names_of(name) }),
                }
            }
            return;
        }
        (Shape::Text, _) => "a string",
        (Shape::Bool, _) => "a boolean",
        (Shape::Int32, _) => "a 32-bit integer",
        (Shape::Int64, _) => "a 64-bit integer",
        (Shape::IntOrText, _) => "an integer or a string",
        (Shape::Quantity, _) => "a quantity",
        (Shape::Time, _) => "an RFC 3339 time",
        (Shape::List(_), _) => "a list",
        (Shape::Map(_) | Shape::Struct(_), _) => "a map",
    };
    report(at, Finding::WrongType { expected, found: value.kind() });
}

/// A value as the API server writes it after it was read: with defaults, without what is left out, its keys in
/// order. What the shape does not know stays as it is.
pub(crate) fn complete(value: Json, shape: &'static str) -> Json {
    complete_shape(value, parse_shape(shape))
}

fn complete_shape(value: Json, shape: Shape) -> Json {
    match (shape, value) {
        (Shape::List(item), Json::List(items)) => {
            let shape = parse_shape(item);
            Json::List(items.into_iter().map(|value| complete_item(value, shape)).collect())
        }
        (Shape::Map(item), Json::Map(entries)) => {
            let complete = if item == "q" { complete_amount } else { complete_item };
            let shape = parse_shape(item);
            let entries = entries.into_iter().map(|(key, value)| (key, complete(value, shape)));
            let mut entries: Vec<(Text, Json)> = entries.collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Json::Map(entries)
        }
        (Shape::Struct(name), Json::Map(entries)) => complete_struct(entries, name),
        (Shape::Quantity, value @ (Json::Number(_) | Json::String(_))) => complete_quantity(value),
        (_, value) => value,
    }
}

/// What is no quantity was refused when it was decoded.
fn complete_quantity(value: Json) -> Json {
    match &value {
        Json::Number(text) | Json::String(text) => Quantity::parse_in_manifest(text)
            .map_or_else(|_| value.clone(), |quantity| Json::String(quantity.to_string().into())),
        Json::Null | Json::Bool(_) | Json::List(_) | Json::Map(_) => value,
    }
}

/// An amount of a resource, which is rounded (`FIELD-8`).
fn complete_amount(value: Json, shape: Shape) -> Json {
    let completed = complete_item(value, shape);
    match completed.as_str().map(Quantity::parse) {
        Some(Ok(quantity)) => Json::String(quantity.rounded_to_milli().to_string().into()),
        Some(Err(_)) | None => completed,
    }
}

/// An item of a list or a map, where `null` is the empty value.
fn complete_item(value: Json, shape: Shape) -> Json {
    if value == Json::Null { empty(shape) } else { complete_shape(value, shape) }
}

fn complete_struct(mut entries: Vec<(Text, Json)>, name: &'static str) -> Json {
    let Some(Struct { fields, written }) = find_struct(name) else {
        return Json::Map(entries);
    };
    entries.retain_mut(|(key, value)| {
        let Some(field) = fields.get(key.as_str()) else {
            return true;
        };
        *value = complete_shape(std::mem::take(value), field.shape);
        let unset = *value == Json::Null || field.unset == Unset::Zero && is_zero(value);
        !unset
    });
    let present = entries.len();
    for key in written {
        if !entries[..present].iter().any(|(held, _)| held == key) {
            entries.push(((*key).into(), fields[key].unset_value().unwrap_or_default()));
        }
    }
    entries.sort_by(|(a, _), (b, _)| a.cmp(b));
    Json::Map(entries)
}

fn is_zero(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(value) => !value,
        Json::Number(text) => text == "0",
        Json::String(text) => text.is_empty(),
        Json::List(items) => items.is_empty(),
        Json::Map(entries) => entries.is_empty(),
    }
}

/// The value of a field that is written although it is not set.
fn empty(shape: Shape) -> Json {
    match shape {
        Shape::Text => Json::String(Text::default()),
        Shape::Bool => Json::Bool(false),
        Shape::Int32 | Shape::Int64 | Shape::IntOrText => Json::Number("0".into()),
        Shape::Quantity => Json::String("0".into()),
        Shape::Time | Shape::Any | Shape::List(_) | Shape::Map(_) => Json::Null,
        Shape::Struct(name) => complete_struct(Vec::new(), name),
    }
}

/// A default as the table writes it.
fn literal(text: &'static str, shape: Shape) -> Json {
    match shape {
        Shape::Bool => Json::Bool(text == "true"),
        Shape::Int32 | Shape::Int64 => Json::Number(text.into()),
        Shape::Struct(name) => complete_struct(Vec::new(), name),
        Shape::Text
        | Shape::Quantity
        | Shape::Time
        | Shape::IntOrText
        | Shape::Any
        | Shape::List(_)
        | Shape::Map(_) => Json::String(text.into()),
    }
}

/// The fields of a struct, by name.
fn names_of(name: &str) -> Vec<&'static str> {
    let mut names: Vec<&'static str> =
        find_struct(name).into_iter().flat_map(|found| found.fields.keys().copied()).collect();
    names.sort_unstable();
    names
}

fn find_struct(name: &str) -> Option<&'static Struct> {
    static STRUCTS: OnceLock<FxHashMap<&'static str, Struct>> = OnceLock::new();
    let structs = STRUCTS.get_or_init(|| {
        let mut structs: FxHashMap<&'static str, Struct> = FxHashMap::default();
        let mut current = "";
        for line in include_str!("schema.txt").lines().filter(|line| !line.starts_with('#')) {
            if let Some(fields) = line.strip_prefix("  ") {
                let found = structs.entry(current).or_default();
                for (name, field) in fields.split(' ').filter_map(|field| field.split_once(':')) {
                    let field = parse_field(field);
                    if field.default.is_some() || matches!(field.unset, Unset::Written | Unset::Null) {
                        found.written.push(name);
                    }
                    found.fields.insert(name, field);
                }
            } else {
                current = line;
            }
        }
        structs
    });
    structs.get(name)
}

fn parse_field(text: &'static str) -> Field {
    let (text, default) = text.split_once('=').map_or((text, None), |(text, default)| (text, Some(default)));
    let marks = [('?', Unset::Zero), ('!', Unset::Written), ('~', Unset::Null)];
    let marked = marks.iter().find_map(|(mark, unset)| Some((text.strip_suffix(*mark)?, *unset)));
    let (text, unset) = marked.unwrap_or((text, Unset::Absent));
    Field { shape: parse_shape(text), unset, default }
}

fn parse_shape(text: &'static str) -> Shape {
    match text {
        "s" => Shape::Text,
        "b" => Shape::Bool,
        "i" => Shape::Int32,
        "l" => Shape::Int64,
        "q" => Shape::Quantity,
        "t" => Shape::Time,
        "is" => Shape::IntOrText,
        "x" => Shape::Any,
        _ => match (text.strip_prefix("[]"), text.strip_prefix("{}")) {
            (Some(item), _) => Shape::List(item),
            (None, Some(item)) => Shape::Map(item),
            (None, None) => Shape::Struct(text),
        },
    }
}
