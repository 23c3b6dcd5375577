//! YAML text to a tree with places.
//!
//! Plain scalars are read as kubectl reads them, which is YAML 1.1: `yes` and `on` are booleans, `010` is eight,
//! `1_000` is a thousand, and an unquoted date is text. Anchors, aliases and merge keys are resolved here, within a
//! budget that an alias bomb exceeds.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};

use crate::manifest::tree::{Entry, Node, Position, Value};
use crate::manifest::{MAX_DEPTH, SyntaxError};

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
        let at = Position { line: span.start.line(), column: span.start.col() + 1 };
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
        let mut entries: Vec<Entry> = Vec::new();
        let mut merged: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let is_merge = matches!(&event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<");
            let key = self.node(event, span, depth + 1)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            if is_merge {
                merge(value, &mut merged)?;
            } else {
                entries.push(Entry { key: key_text(&key)?, at: key.at, value });
            }
        }
        // What stands in the map itself wins over what is merged into it, earlier merges over later ones.
        if !merged.is_empty() {
            let mut keys: FxHashSet<String> = entries.iter().map(|own| own.key.clone()).collect();
            entries.extend(merged.into_iter().filter(|entry| keys.insert(entry.key.clone())));
        }
        Ok(entries)
    }
}

fn merge(value: Node, merged: &mut Vec<Entry>) -> Result<(), SyntaxError> {
    match value.value {
        Value::Map(entries) => merged.extend(entries),
        Value::List(items) if items.iter().all(|item| matches!(item.value, Value::Map(_))) => {
            for item in items {
                merge(item, merged)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => {
            return Err(SyntaxError::new(value.at, "map merge requires map or sequence of maps as the value"));
        }
    }
    Ok(())
}

fn key_text(key: &Node) -> Result<String, SyntaxError> {
    match &key.value {
        Value::Text(text) | Value::Number(text) => Ok(text.clone()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Null => Ok("null".to_owned()),
        Value::List(_) | Value::Map(_) => Err(SyntaxError::new(key.at, "a list or a map cannot be a key")),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Position) -> Result<Value, SyntaxError> {
    let core = tag.filter(|tag| tag.handle == "tag:yaml.org,2002:").map(|tag| tag.suffix.as_str());
    match core {
        None if style != ScalarStyle::Plain => Ok(Value::Text(text.to_owned())),
        None => Ok(resolve(text)),
        Some(kind @ ("int" | "float" | "bool" | "null")) => match (kind, resolve(text)) {
            ("int" | "float", value @ Value::Number(_))
            | ("bool", value @ Value::Bool(_))
            | ("null", value @ Value::Null) => Ok(value),
            _ => Err(SyntaxError::new(at, format!("{text:?} is no {kind}"))),
        },
        Some(_) => Ok(Value::Text(text.to_owned())),
    }
}

/// A plain scalar by the rules of YAML 1.1 that kubectl's parser follows.
fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Value::Bool(true),
        "false" | "False" | "FALSE" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    let numeric = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'));
    match if numeric { number(text) } else { None } {
        Some(number) => Value::Number(number),
        None => Value::Text(text.to_owned()),
    }
}

/// The JSON text of a number, if the plain text is one.
fn number(text: &str) -> Option<String> {
    let plain = text.replace('_', "");
    let (sign, digits) = match plain.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let radix = |digits: &str, radix| u64::from_str_radix(digits, radix).ok().map(|value| format!("{sign}{value}"));
    if digits.is_empty() || digits.starts_with(['+', '-']) {
        return None;
    }
    if let Some(hex) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return radix(hex, 16);
    }
    if let Some(binary) = digits.strip_prefix("0b").or_else(|| digits.strip_prefix("0B")) {
        return radix(binary, 2);
    }
    if let Some(octal) = digits.strip_prefix("0o").or_else(|| digits.strip_prefix("0O")) {
        return radix(octal, 8);
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let octal = digits.len() > 1 && digits.starts_with('0');
        if octal && digits.bytes().all(|byte| byte < b'8') {
            return radix(digits, 8);
        }
        if !octal && digits.parse::<u64>().is_ok() {
            return Some(format!("{sign}{digits}"));
        }
    }
    let float = digits.bytes().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(&byte));
    let value = if float { plain.parse::<f64>().ok().filter(|value| value.is_finite())? } else { return None };
    Some(float_text(value))
}

/// A float as Go's JSON prints it: plain between 1e-6 and 1e21, with an exponent elsewhere.
fn float_text(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        let text = format!("{value:e}");
        return match text.split_once('e') {
            Some((mantissa, exponent)) if !exponent.starts_with('-') => format!("{mantissa}e+{exponent:0>2}"),
            Some((mantissa, exponent)) => format!("{mantissa}e-{}", exponent.trim_start_matches('-')),
            None => text,
        };
    }
    format!("{value}")
}

/// Whether a plain scalar would be read as something else than text.
pub(super) fn is_not_text(text: &str) -> bool {
    !matches!(resolve(text), Value::Text(_)) || matches!(text, "=" | "<<")
}
