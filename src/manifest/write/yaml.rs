//! Block-style YAML: where lines begin and how deep they are indented.

use crate::manifest::number;
use crate::manifest::write::order::ordered;
use crate::manifest::write::scalar::{self, Style};
use crate::model::json::Json;
use crate::model::text::Text;

/// Spaces are turned into line breaks beyond this column.
const WIDTH: usize = 80;

/// The longest key, in bytes, that stands before its colon on one line without a question mark.
const LONGEST_SIMPLE_KEY: usize = 128;

/// What YAML 1.1 takes for the end of a line.
const LINE_BREAKS: [char; 5] = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// What one level of nesting adds.
const STEP: usize = 2;

/// Writes a value as a document of its own.
pub(super) fn document(value: &Json) -> String {
    let mut page = Page { text: String::new(), column: 0, only_indicators: true };
    match value {
        Json::Map(entries) if !entries.is_empty() => page.map(entries, 0),
        Json::List(items) if !items.is_empty() => page.list(items, 0),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::List(_) | Json::Map(_) => {
            page.scalar(value, STEP);
        }
    }
    page.end_line();
    page.text
}

/// The text that is being written. The scalars' rules need to know its column.
pub(super) struct Page {
    text: String,
    column: usize,
    /// Whether the line holds nothing but spaces and marks of list items so far, after which a block may begin.
    only_indicators: bool,
}

impl Page {
    fn map(&mut self, entries: &[(Text, Json)], indent: usize) {
        for (key, value) in ordered(entries) {
            self.start_line(indent);
            if key.len() <= LONGEST_SIMPLE_KEY && !key.contains(LINE_BREAKS) {
                scalar::write(self, key, Style::of(key), None);
                self.push(":");
            } else {
                self.indicator('?');
                self.push(" ");
                scalar::write(self, key, Style::of(key), Some(indent + STEP));
                self.start_line(indent);
                self.indicator(':');
            }
            self.value(value, indent, true);
        }
    }

    fn list(&mut self, items: &[Json], indent: usize) {
        for item in items {
            self.start_line(indent);
            self.indicator('-');
            self.value(item, indent, false);
        }
    }

    /// What stands behind a key or the mark of an item.
    fn value(&mut self, value: &Json, indent: usize, in_map: bool) {
        match value {
            Json::Map(entries) if !entries.is_empty() => self.map(entries, indent + STEP),
            // A list stands under its key without a further indent.
            Json::List(items) if !items.is_empty() && in_map && !self.only_indicators => self.list(items, indent),
            Json::List(items) if !items.is_empty() => self.list(items, indent + STEP),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::List(_) | Json::Map(_) => {
                self.push(" ");
                self.scalar(value, indent + STEP);
            }
        }
    }

    /// A value that is no block. `indent` is that of further lines.
    fn scalar(&mut self, value: &Json, indent: usize) {
        match value {
            Json::Null => self.push("null"),
            Json::Bool(value) => self.push(if *value { "true" } else { "false" }),
            Json::Number(text) => self.push(&number::in_yaml(text)),
            Json::String(text) => scalar::write(self, text, Style::of(text), Some(indent)),
            Json::List(_) => self.push("[]"),
            Json::Map(_) => self.push("{}"),
        }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.chars().count();
        self.only_indicators = false;
    }

    pub(super) fn push_char(&mut self, c: char) {
        self.text.push(c);
        self.column += 1;
        self.only_indicators = false;
    }

    /// A mark behind which a block may begin on the same line.
    fn indicator(&mut self, mark: char) {
        self.text.push(mark);
        self.column += 1;
    }

    pub(super) fn is_wide(&self) -> bool {
        self.column > WIDTH
    }

    /// Goes on at a column, on a new line unless this one holds nothing but indicators before it.
    pub(super) fn start_line(&mut self, indent: usize) {
        if !self.only_indicators || self.column > indent {
            self.break_line();
        }
        self.indent(indent);
    }

    pub(super) fn indent(&mut self, indent: usize) {
        self.text.extend(std::iter::repeat_n(' ', indent.saturating_sub(self.column)));
        self.column = self.column.max(indent);
    }

    pub(super) fn break_line(&mut self) {
        self.text.push('\n');
        self.column = 0;
        self.only_indicators = true;
    }

    fn end_line(&mut self) {
        if self.column > 0 {
            self.break_line();
        }
    }
}
