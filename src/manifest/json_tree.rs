//! JSON text to a tree with places, repeated keys and the text that numbers have for the API server.

use std::cell::Cell;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::manifest::MAX_DEPTH;
use crate::manifest::number;
use crate::manifest::problem::SyntaxError;
use crate::manifest::tree::{Entry, Node, Position, Value};

/// Reads the documents of a JSON text, which may follow one another.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, SyntaxError> {
    let lines = Lines::of(text);
    let mut documents = Vec::new();
    for raw in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let raw = raw.map_err(|error| syntax_error(&error, Position::default()));
        let document = raw.and_then(|raw| lines.node(raw, 0)).map_err(|error| error.after(&documents))?;
        documents.push(document);
    }
    Ok(documents)
}

/// The text, and where its lines begin.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// The last place that was asked for, and its offset.
    last: Cell<(usize, Position)>,
}

impl<'t> Lines<'t> {
    fn of(text: &'t str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(end, _)| end + 1)).collect();
        Self { text, starts, last: Cell::default() }
    }

    /// Where a part of the text stands. Values come in the order of the text, so that in a long line the count of the
    /// columns goes on from the last one.
    fn position(&self, part: &str) -> Position {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize).min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let (from, column) = match self.last.get() {
            (last, at) if at.line == line && last <= offset => (last, at.column),
            _ => (self.starts[line - 1], 1),
        };
        let at = Position { line, column: column + self.text[from..offset].chars().count() };
        self.last.set((offset, at));
        at
    }

    /// The text from the key on that stands before a value.
    fn key_before(&self, value: &str) -> &'t str {
        let offset = (value.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize).min(self.text.len());
        let before = self.text[..offset].trim_end().trim_end_matches(':').trim_end();
        let inside = before.strip_suffix('"').unwrap_or(before);
        let begins = |at: &usize| {
            let escapes = inside[..*at].bytes().rev().take_while(|byte| *byte == b'\\').count();
            escapes % 2 == 0
        };
        let begin = inside.rmatch_indices('"').map(|(at, _)| at).find(begins);
        &self.text[begin.unwrap_or(offset)..]
    }

    fn node(&self, raw: &RawValue, depth: usize) -> Result<Node, SyntaxError> {
        let at = self.position(raw.get());
        if depth > MAX_DEPTH {
            return Err(SyntaxError::too_deep(at));
        }
        let inner = |error: serde_json::Error| syntax_error(&error, at);
        let value = match raw.get().as_bytes().first() {
            Some(b'{') => {
                let Raw::<RawEntries>(entries) = serde_json::from_str(raw.get()).map_err(inner)?;
                let entries = entries.0.into_iter().map(|(key, raw)| {
                    let at = self.position(self.key_before(raw.get()));
                    Ok(Entry { key, at, value: self.node(raw, depth + 1)? })
                });
                Value::Map(entries.collect::<Result<_, _>>()?)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(inner)?;
                Value::List(items.into_iter().map(|item| self.node(item, depth + 1)).collect::<Result<_, _>>()?)
            }
            Some(b'"') => Value::Text(serde_json::from_str(raw.get()).map_err(inner)?),
            Some(b't') => Value::Bool(true),
            Some(b'f') => Value::Bool(false),
            Some(b'n') | None => Value::Null,
            Some(_) => Value::Number(number::in_json(raw.get())),
        };
        Ok(Node::new(at, value))
    }
}

fn syntax_error(error: &serde_json::Error, base: Position) -> SyntaxError {
    let text = error.to_string();
    // The place is given separately.
    let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message).to_owned();
    let line = if base.line == 0 { error.line() } else { base.line + error.line() - 1 };
    SyntaxError::new(Position { line, column: error.column() }, message)
}

struct Raw<T>(T);

struct RawEntries<'t>(Vec<(String, &'t RawValue)>);

impl<'de> Deserialize<'de> for Raw<RawEntries<'de>> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;

        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Raw<RawEntries<'de>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Raw(RawEntries(entries)))
            }
        }

        deserializer.deserialize_map(EntriesVisitor)
    }
}
