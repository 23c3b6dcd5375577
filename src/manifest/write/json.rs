//! JSON as Go's encoder writes it: what HTML could mistake for markup is escaped, and numbers have one spelling.

use crate::manifest::number;
use crate::model::json::Json;

/// Values on lines of their own, indented by four spaces.
pub(super) fn indented(value: &Json) -> String {
    let mut out = String::new();
    write(&mut out, value, Some(0));
    out
}

/// Everything on one line, without spaces.
pub(super) fn compact(value: &Json) -> String {
    let mut out = String::new();
    write(&mut out, value, None);
    out
}

/// `depth` is that of the value, where lines are broken.
fn write(out: &mut String, value: &Json, depth: Option<usize>) {
    let inner = depth.map(|depth| depth + 1);
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(text) => out.push_str(&number::in_json(text)),
        Json::String(text) => out.push_str(&quoted(text)),
        Json::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                start_value(out, index, inner);
                write(out, item, inner);
            }
            end(out, ']', items.is_empty(), depth);
        }
        Json::Map(entries) => {
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                start_value(out, index, inner);
                out.push_str(&quoted(key));
                out.push_str(if inner.is_some() { ": " } else { ":" });
                write(out, value, inner);
            }
            end(out, '}', entries.is_empty(), depth);
        }
    }
}

fn start_value(out: &mut String, index: usize, depth: Option<usize>) {
    if index > 0 {
        out.push(',');
    }
    break_line(out, depth);
}

fn end(out: &mut String, bracket: char, is_empty: bool, depth: Option<usize>) {
    if !is_empty {
        break_line(out, depth);
    }
    out.push(bracket);
}

fn break_line(out: &mut String, depth: Option<usize>) {
    if let Some(depth) = depth {
        out.push('\n');
        out.extend(std::iter::repeat_n("    ", depth));
    }
}

fn quoted(text: &str) -> String {
    // Writing a string as JSON cannot fail.
    let quoted = serde_json::to_string(text).unwrap_or_default();
    if !quoted.contains(['<', '>', '&', '\u{2028}', '\u{2029}']) {
        return quoted;
    }
    let mut text = String::with_capacity(quoted.len() + 16);
    for c in quoted.chars() {
        match c {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            c => text.push(c),
        }
    }
    text
}
