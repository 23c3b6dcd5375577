//! A manifest as a tree that still knows where everything stands in the text.
//!
//! The fast path never builds one. It serves the second pass over a document in which something is wrong or out of
//! the ordinary: repeated keys, merge keys, numbers whose text matters, values of a wrong type.

use std::collections::hash_map;

use rustc_hash::FxHashMap;

use crate::model::fields::Segment;
use crate::model::json::Json;
use crate::model::text::Text;

/// A place in the text, counted from one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: Position,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// The number as it was written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Where the key stands.
    pub(super) at: Position,
    pub(super) value: Node,
}

/// A key that occurs more than once in its map.
#[derive(Clone, Debug)]
pub(super) struct Repeated {
    pub(super) path: String,
    pub(super) at: Position,
}

/// How much a value holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// The values in it, itself included.
    pub(super) values: usize,
    /// The levels below it.
    pub(super) depth: usize,
}

impl Node {
    pub(super) fn new(at: Position, value: Value) -> Self {
        Self { at, value }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// How much there is in and below it.
    pub(super) fn extent(&self) -> Extent {
        let around = |inner: Extent, value: &Self| {
            let Extent { values, depth } = value.extent();
            Extent { values: inner.values + values, depth: inner.depth.max(depth + 1) }
        };
        let alone = Extent { values: 1, depth: 0 };
        match &self.value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => alone,
            Value::List(items) => items.iter().fold(alone, around),
            Value::Map(entries) => entries.iter().map(|entry| &entry.value).fold(alone, around),
        }
    }

    /// Joins repeated keys as the API server does: of scalars and lists the last counts, maps are merged. Returns
    /// the repetitions in the order of the text.
    pub(super) fn join_repeated(&mut self) -> Vec<Repeated> {
        let mut repeated = Vec::new();
        self.join_below("", &mut repeated);
        repeated.sort_by_key(|repetition| repetition.at);
        repeated
    }

    fn join_below(&mut self, path: &str, repeated: &mut Vec<Repeated>) {
        match &mut self.value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
            Value::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    item.join_below(&format!("{path}[{index}]"), repeated);
                }
            }
            Value::Map(entries) => {
                let mut places: FxHashMap<String, usize> = FxHashMap::default();
                let mut joined: Vec<Entry> = Vec::with_capacity(entries.len());
                for mut entry in std::mem::take(entries) {
                    let path = child_path(path, &entry.key);
                    entry.value.join_below(&path, repeated);
                    match places.entry(entry.key.clone()) {
                        hash_map::Entry::Occupied(place) => {
                            repeated.push(Repeated { path, at: entry.at });
                            overlay(&mut joined[*place.get()].value, entry.value);
                        }
                        hash_map::Entry::Vacant(place) => {
                            place.insert(joined.len());
                            joined.push(entry);
                        }
                    }
                }
                *entries = joined;
            }
        }
    }

    /// Where the value of a path stands, or the deepest part of it that exists. Paths are those of the API server,
    /// which leave parts out in places; what cannot be followed ends the walk.
    pub(super) fn locate(&self, path: &str) -> Position {
        let (mut node, mut rest, mut at) = (self, path, self.at);
        loop {
            rest = rest.trim_start_matches('.');
            let step = match &node.value {
                _ if rest.is_empty() => None,
                Value::List(items) => {
                    index_step(rest).and_then(|(index, rest)| Some((items.get(index)?.at, items.get(index)?, rest)))
                }
                Value::Map(entries) => entries
                    .iter()
                    .filter_map(|entry| Some((entry.at, &entry.value, key_step(rest, &entry.key)?)))
                    .min_by_key(|(_, _, rest)| rest.len()),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => None,
            };
            let Some((found, next, remaining)) = step else {
                return at;
            };
            (at, node, rest) = (found, next, remaining);
        }
    }

    /// Whether there is something at a path.
    pub(super) fn has(&self, path: &[Step]) -> bool {
        let Some((step, rest)) = path.split_first() else {
            return true;
        };
        let next = match (&self.value, step) {
            (Value::List(items), Step::Index(index)) => items.get(*index),
            (Value::Map(_), Step::Key(key)) => self.get(key),
            (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Map(_), _) => {
                None
            }
        };
        next.is_some_and(|next| next.has(rest))
    }

    /// Takes a key out of a map.
    pub(super) fn remove(&mut self, path: &[Step]) {
        let Some((last, parents)) = path.split_last() else {
            return;
        };
        if let (Some(Self { value: Value::Map(entries), .. }), Step::Key(key)) = (self.at_mut(parents), last) {
            entries.retain(|entry| entry.key != *key);
        }
    }

    fn at_mut(&mut self, path: &[Step]) -> Option<&mut Self> {
        let Some((step, rest)) = path.split_first() else {
            return Some(self);
        };
        let next = match (&mut self.value, step) {
            (Value::List(items), Step::Index(index)) => items.get_mut(*index),
            (Value::Map(entries), Step::Key(key)) => {
                entries.iter_mut().find(|entry| entry.key == *key).map(|entry| &mut entry.value)
            }
            (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Map(_), _) => {
                None
            }
        };
        next?.at_mut(rest)
    }

    /// Replaces the value of a path by null. Returns whether it was there and not null already.
    pub(super) fn blank(&mut self, path: &[Step]) -> bool {
        match self.at_mut(path) {
            Some(found) => !matches!(std::mem::replace(&mut found.value, Value::Null), Value::Null),
            None => false,
        }
    }

    /// A tree of a value, without places.
    pub(super) fn from_json(json: &Json) -> Self {
        let value = match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(text) => Value::Number(text.to_string()),
            Json::String(text) => Value::Text(text.to_string()),
            Json::List(items) => Value::List(items.iter().map(Self::from_json).collect()),
            Json::Map(entries) => {
                let entry = |(key, value): &(Text, Json)| Entry {
                    key: key.to_string(),
                    at: Position::default(),
                    value: Self::from_json(value),
                };
                Value::Map(entries.iter().map(entry).collect())
            }
        };
        Self::new(Position::default(), value)
    }

    /// The value without its places.
    pub(super) fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(text) => Json::Number(text.as_str().into()),
            Value::Text(text) => Json::String(text.as_str().into()),
            Value::List(items) => Json::List(items.iter().map(Self::to_json).collect()),
            Value::Map(entries) => {
                Json::Map(entries.iter().map(|entry| (Text::from(entry.key.as_str()), entry.value.to_json())).collect())
            }
        }
    }
}

/// Puts a value over the one that stands before it.
fn overlay(known: &mut Node, later: Node) {
    let (Value::Map(entries), Value::Map(more)) = (&mut known.value, &later.value) else {
        *known = later;
        return;
    };
    for later in more {
        match entries.iter_mut().find(|entry| entry.key == later.key) {
            Some(entry) => overlay(&mut entry.value, later.value.clone()),
            None => entries.push(later.clone()),
        }
    }
}

/// One step of a path through a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

impl Step {
    pub(super) fn of(segment: Segment<'_>) -> Self {
        match segment {
            Segment::Key(key) => Self::Key(key.to_owned()),
            Segment::Index(index) => Self::Index(index),
        }
    }
}

/// A path as the API server writes it.
pub(super) fn render_path(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |path, step| match step {
        Step::Key(key) => child_path(&path, key),
        Step::Index(index) => format!("{path}[{index}]"),
    })
}

pub(super) fn child_path(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn index_step(rest: &str) -> Option<(usize, &str)> {
    let (index, rest) = rest.strip_prefix('[')?.split_once(']')?;
    Some((index.parse().ok()?, rest))
}

/// What is left of a path after a key, which may stand plain or in brackets.
fn key_step<'a>(rest: &'a str, key: &str) -> Option<&'a str> {
    let bracketed =
        rest.strip_prefix('[').and_then(|inner| inner.strip_prefix(key)).and_then(|inner| inner.strip_prefix(']'));
    bracketed.or_else(|| rest.strip_prefix(key).filter(|after| after.is_empty() || after.starts_with(['.', '['])))
}
