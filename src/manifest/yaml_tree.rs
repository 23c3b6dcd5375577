//! YAML text to a tree with places.
//!
//! Plain scalars are read as kubectl reads them, which is YAML 1.1: `yes` and `on` are booleans, `010` is eight,
//! `1_000` is a thousand, and an unquoted date is text. Anchors, aliases and merge keys are resolved here, within a
//! budget that an alias bomb exceeds.

use std::collections::{BTreeMap, hash_map};

use rustc_hash::{FxHashMap, FxHashSet};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use crate::manifest::MAX_DEPTH;
use crate::manifest::number;
use crate::manifest::plain::{self, Plain};
use crate::manifest::problem::SyntaxError;
use crate::manifest::tree::{Entry, Node, Position, Value};

/// How many values aliases may add to a document, beyond ten times what is written in it.
const ALIAS_ALLOWANCE: usize = 10_000;

/// Reads the documents of a YAML text. Empty ones are null.
pub(super) fn parse(text: &str) -> Result<Vec<Node>, SyntaxError> {
    // The parser takes blanks at the very end of a block of text for one more line.
    let last = text.rsplit('\n').next().filter(|last| last.bytes().all(|byte| byte == b' '));
    let text = &text[..text.len() - last.map_or(0, str::len)];
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: BTreeMap::new(), written: 0, expanded: 0 };
    let mut documents = Vec::new();
    loop {
        let (event, span) = reader.next().map_err(|error| error.after(&documents))?;
        match event {
            Event::StreamEnd => return Ok(documents),
            Event::DocumentStart(_) => reader.start_document(),
            Event::Nothing | Event::StreamStart | Event::DocumentEnd | Event::SequenceEnd | Event::MappingEnd => {}
            Event::Alias(_) | Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..) => {
                let document = reader.node(event, span, 0).map_err(|error| error.after(&documents))?;
                documents.push(document);
            }
        }
    }
}

/// What the handle `!!` stands for.
const CORE: &str = "tag:yaml.org,2002:";

struct Reader<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    anchors: BTreeMap<usize, Node>,
    /// Values written in the document so far, and values that aliases added.
    written: usize,
    expanded: usize,
}

impl<'t> Reader<'t> {
    fn start_document(&mut self) {
        self.anchors.clear();
        self.written = 0;
        self.expanded = 0;
    }

    fn next(&mut self) -> Result<(Event<'t>, Span), SyntaxError> {
        match self.parser.next_event() {
            Some(Ok(found)) => Ok(found),
            Some(Err(error)) => {
                let marker = error.marker();
                let at = Position { line: marker.line().max(1), column: marker.col() + 1 };
                Err(SyntaxError::new(at, error.info()))
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, SyntaxError> {
        let at = position(span);
        if depth > MAX_DEPTH {
            return Err(SyntaxError::too_deep(at));
        }
        self.written += 1;
        let (anchor, value) = match event {
            Event::Alias(anchor) => return self.alias(anchor, at, depth),
            Event::Scalar(text, style, anchor, tag) => (anchor, scalar(&text, style, tag.as_deref(), at)?),
            Event::SequenceStart(anchor, _) => (anchor, Value::List(self.items(depth)?)),
            Event::MappingStart(anchor, _) => (anchor, Value::Map(self.entries(depth)?)),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(SyntaxError::new(at, "a value is missing")),
        };
        let node = Node::new(at, value);
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, at: Position, depth: usize) -> Result<Node, SyntaxError> {
        let Some(target) = self.anchors.get(&anchor) else {
            return Err(SyntaxError::new(at, "an alias refers to a value that contains it"));
        };
        let extent = target.extent();
        self.expanded += extent.values;
        if self.expanded > ALIAS_ALLOWANCE + 10 * self.written {
            return Err(SyntaxError::new(at, "document contains excessive aliasing"));
        }
        if depth + extent.depth > MAX_DEPTH {
            return Err(SyntaxError::too_deep(at));
        }
        Ok(target.clone())
    }

    fn items(&mut self, depth: usize) -> Result<Vec<Node>, SyntaxError> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(items);
            }
            items.push(self.node(event, span, depth + 1)?);
        }
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<Entry>, SyntaxError> {
        let mut entries: Vec<Written> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                return Ok(valid_entries(entries));
            }
            let is_merge = is_merge(&event);
            let (key, at) = self.key(event, span, depth + 1)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            if is_merge {
                entries.extend(merged_entries(value)?.into_iter().map(|entry| Written { entry, is_merged: true }));
            } else {
                entries.push(Written { entry: Entry { key, at, value }, is_merged: false });
            }
        }
    }

    /// The text of a key, and where it stands.
    fn key(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<(String, Position), SyntaxError> {
        if let Event::Scalar(text, ScalarStyle::Plain, 0, None) = &event
            && let Plain::Float(value) = plain::resolve(text)
        {
            return Ok((number::float_as_key(value), position(span)));
        }
        let key = self.node(event, span, depth)?;
        let text = match key.value {
            Value::Text(text) | Value::Number(text) => text,
            Value::Bool(value) => value.to_string(),
            Value::Null | Value::List(_) | Value::Map(_) => {
                return Err(SyntaxError::new(key.at, "only text, a number or a boolean can be a key"));
            }
        };
        Ok((text, key.at))
    }
}

fn position(span: Span) -> Position {
    Position { line: span.start.line(), column: span.start.col() + 1 }
}

/// An entry of a map in the order of the text.
struct Written {
    entry: Entry,
    /// Whether a merge brought it here.
    is_merged: bool,
}

/// Drops what a merge wrote over, and what was written over a merged entry. A key that is merely repeated stays.
fn valid_entries(entries: Vec<Written>) -> Vec<Entry> {
    if !entries.iter().any(|written| written.is_merged) {
        return entries.into_iter().map(|written| written.entry).collect();
    }
    // The keys that stand further below, and whether a merge brought one of them.
    let mut below: FxHashMap<String, bool> = FxHashMap::default();
    let mut valid: Vec<Entry> = Vec::with_capacity(entries.len());
    for Written { entry, is_merged } in entries.into_iter().rev() {
        match below.entry(entry.key.clone()) {
            hash_map::Entry::Vacant(place) => {
                place.insert(is_merged);
                valid.push(entry);
            }
            hash_map::Entry::Occupied(mut merged_below) => {
                if !is_merged && !*merged_below.get() {
                    valid.push(entry);
                }
                *merged_below.get_mut() |= is_merged;
            }
        }
    }
    valid.reverse();
    valid
}

fn is_merge(key: &Event<'_>) -> bool {
    let Event::Scalar(text, style, _, tag) = key else {
        return false;
    };
    let is_plain = tag.as_ref().map_or(*style == ScalarStyle::Plain, |tag| tag.handle == CORE && tag.suffix == "merge");
    text == "<<" && is_plain
}

/// What a merge puts over the entries that stand before it, which kubectl does whoever wrote them. Of several maps
/// the first one wins.
fn merged_entries(value: Node) -> Result<Vec<Entry>, SyntaxError> {
    match value.value {
        Value::Map(merged) => Ok(merged),
        Value::List(items) if items.iter().all(|item| matches!(item.value, Value::Map(_))) => {
            let mut keys: FxHashSet<String> = FxHashSet::default();
            let mut entries = Vec::new();
            for item in items {
                entries.extend(merged_entries(item)?.into_iter().filter(|entry| keys.insert(entry.key.clone())));
            }
            Ok(entries)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => {
            Err(SyntaxError::new(value.at, "map merge requires map or sequence of maps as the value"))
        }
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Position) -> Result<Value, SyntaxError> {
    let core = tag.map(|tag| if tag.handle == CORE { tag.suffix.as_str() } else { "" });
    match core {
        None if style == ScalarStyle::Plain => resolve(text, at),
        Some(kind @ ("int" | "float" | "bool" | "null")) => match (kind, resolve(text, at)?) {
            ("int" | "float", value @ Value::Number(_))
            | ("bool", value @ Value::Bool(_))
            | ("null", value @ Value::Null) => Ok(value),
            _ => Err(SyntaxError::new(at, format!("{text:?} is no {kind}"))),
        },
        // Any other tag makes text of what might be something else.
        None | Some(_) => Ok(Value::Text(text.to_owned())),
    }
}

/// A plain scalar as a value.
fn resolve(text: &str, at: Position) -> Result<Value, SyntaxError> {
    Ok(match plain::resolve(text) {
        Plain::Null => Value::Null,
        Plain::Bool(value) => Value::Bool(value),
        Plain::Integer(value) => Value::Number(number::integer_in_json(value)),
        Plain::Float(value) if value.is_finite() => Value::Number(number::float_in_json(value)),
        Plain::Float(_) => return Err(SyntaxError::new(at, format!("JSON has no number {text}"))),
        Plain::Time | Plain::Text => Value::Text(text.to_owned()),
    })
}
