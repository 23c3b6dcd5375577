//! Objects to YAML and JSON, as `kubectl get -o yaml` and `-o json` print them: keys sorted, YAML in block style.

use std::fmt::Write as _;

use serde::ser::Serialize;

use crate::model::json::Json;
use crate::model::text::Text;

/// Writes an object as JSON with sorted keys, indented by four spaces.
pub fn to_json<T: Serialize>(value: &T) -> String {
    let mut out = String::new();
    write_json(&mut out, &sorted(value), 0);
    out.push('\n');
    out
}

/// Writes a value as one line of JSON with sorted keys, as kubectl notes what was applied.
pub(crate) fn to_line<T: Serialize>(value: &T) -> String {
    let mut line = serde_json::to_string(&sorted(value)).unwrap_or_default();
    line.push('\n');
    line
}

/// Writes an object as YAML with sorted keys.
///
/// Strings that YAML 1.1 would read as something else are quoted, so that `kubectl` reads back what was written.
pub fn to_yaml<T: Serialize>(value: &T) -> String {
    let mut out = String::new();
    match sorted(value) {
        Json::Map(entries) if !entries.is_empty() => write_map(&mut out, &entries, 0),
        Json::List(items) if !items.is_empty() => write_list(&mut out, &items, 0),
        scalar @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::List(_) | Json::Map(_)) => {
            write_scalar(&mut out, &scalar, 0);
            out.push('\n');
        }
    }
    out
}

pub(super) fn sorted<T: Serialize>(value: &T) -> Json {
    let mut json = Json::of(value);
    sort(&mut json);
    json
}

fn sort(json: &mut Json) {
    match json {
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
        Json::List(items) => items.iter_mut().for_each(sort),
        Json::Map(entries) => {
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            for (_, value) in entries {
                sort(value);
            }
        }
    }
}

fn indent(out: &mut String, depth: usize, width: usize) {
    out.extend(std::iter::repeat_n(' ', depth * width));
}

fn write_json(out: &mut String, value: &Json, depth: usize) {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => out.push_str(&plain(value)),
        Json::String(text) => out.push_str(&quoted(text)),
        Json::List(items) if items.is_empty() => out.push_str("[]"),
        Json::Map(entries) if entries.is_empty() => out.push_str("{}"),
        Json::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ",\n" } else { "\n" });
                indent(out, depth + 1, 4);
                write_json(out, item, depth + 1);
            }
            out.push('\n');
            indent(out, depth, 4);
            out.push(']');
        }
        Json::Map(entries) => {
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                out.push_str(if index > 0 { ",\n" } else { "\n" });
                indent(out, depth + 1, 4);
                out.push_str(&quoted(key));
                out.push_str(": ");
                write_json(out, value, depth + 1);
            }
            out.push('\n');
            indent(out, depth, 4);
            out.push('}');
        }
    }
}

fn plain(value: &Json) -> String {
    match value {
        Json::Null | Json::List(_) | Json::Map(_) => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(text) | Json::String(text) => text.to_string(),
    }
}

fn quoted(text: &str) -> String {
    // Writing a string as JSON cannot fail.
    serde_json::to_string(text).unwrap_or_default()
}

fn write_map(out: &mut String, entries: &[(Text, Json)], depth: usize) {
    for (index, (key, value)) in entries.iter().enumerate() {
        // The first key of a list's item stands behind its dash.
        if index > 0 || !out.ends_with("- ") {
            indent(out, depth, 2);
        }
        write_key(out, key);
        out.push(':');
        match value {
            Json::Map(entries) if !entries.is_empty() => {
                out.push('\n');
                write_map(out, entries, depth + 1);
            }
            // Lists stand under their key without a further indent.
            Json::List(items) if !items.is_empty() => {
                out.push('\n');
                write_list(out, items, depth);
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::List(_) | Json::Map(_) => {
                out.push(' ');
                write_scalar(out, value, depth + 1);
                out.push('\n');
            }
        }
    }
}

fn write_list(out: &mut String, items: &[Json], depth: usize) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 || !out.ends_with("- ") {
            indent(out, depth, 2);
        }
        out.push_str("- ");
        match item {
            Json::Map(entries) if !entries.is_empty() => write_map(out, entries, depth + 1),
            Json::List(items) if !items.is_empty() => write_list(out, items, depth + 1),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::List(_) | Json::Map(_) => {
                write_scalar(out, item, depth + 1);
                out.push('\n');
            }
        }
    }
}

/// A key stands in one line.
fn write_key(out: &mut String, key: &Text) {
    if key.contains('\n') {
        out.push_str(&escaped(key));
    } else {
        write_scalar(out, &Json::String(key.clone()), 0);
    }
}

fn write_scalar(out: &mut String, value: &Json, depth: usize) {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => out.push_str(&plain(value)),
        Json::List(_) => out.push_str("[]"),
        Json::Map(_) => out.push_str("{}"),
        Json::String(text) if text.contains('\n') && is_block(text) => write_block(out, text, depth),
        Json::String(text) if needs_double_quotes(text) => out.push_str(&escaped(text)),
        Json::String(text) if needs_single_quotes(text) => {
            out.push('\'');
            out.push_str(&text.replace('\'', "''"));
            out.push('\'');
        }
        Json::String(text) => out.push_str(text),
    }
}

/// Text of several lines that can stand as it is, below a `|`.
fn is_block(text: &str) -> bool {
    !text.starts_with([' ', '\n', '\t']) && text.chars().all(|c| c == '\n' || is_printable(c)) && !text.contains(" \n")
}

fn write_block(out: &mut String, text: &str, depth: usize) {
    let body = text.strip_suffix('\n');
    out.push_str(match body {
        None => "|-",
        Some(body) if body.ends_with('\n') => "|+",
        Some(_) => "|",
    });
    for line in body.unwrap_or(text).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            indent(out, depth, 2);
            out.push_str(line);
        }
    }
}

/// Text that would be read as something else than text, or that holds what only escapes can express.
fn needs_double_quotes(text: &str) -> bool {
    text.is_empty() || crate::manifest::yaml_tree::is_not_text(text) || !text.chars().all(is_printable)
}

/// Whether a character may stand as it is. kubectl's writer escapes tabs, and whatever lies beyond 16 bits.
fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}'..)
}

/// Text in double quotes, as kubectl's writer escapes it.
fn escaped(text: &str) -> String {
    let mut out = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0' => out.push_str("\\0"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\u{1b}' => out.push_str("\\e"),
            '\u{85}' => out.push_str("\\N"),
            '\u{2028}' => out.push_str("\\L"),
            '\u{2029}' => out.push_str("\\P"),
            c if is_printable(c) => out.push(c),
            // Writing to a string cannot fail.
            c => drop(match u32::from(c) {
                code @ ..=0xff => write!(out, "\\x{code:02X}"),
                code @ ..=0xffff => write!(out, "\\u{code:04X}"),
                code => write!(out, "\\U{code:08X}"),
            }),
        }
    }
    out.push('"');
    out
}

/// Text that would end early, or begin something.
fn needs_single_quotes(text: &str) -> bool {
    let bytes = text.as_bytes();
    let first = bytes.first().copied().unwrap_or(b' ');
    let begins = matches!(first, b'-' | b'?' | b':') && bytes.get(1).is_none_or(|next| *next == b' ');
    begins
        || b",[]{}#&*!|>'\"%@`".contains(&first)
        || text.starts_with([' ', '\t'])
        || text.ends_with([' ', '\t', ':'])
        || text.contains(": ")
        || text.contains(" #")
        || text.starts_with("---")
        || text.starts_with("...")
}
