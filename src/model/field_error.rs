//! Errors of fields, in the shape in which the API server prints them (`API-11`).
//!
//! The texts are compared to the letter with those of the real API, so values print as Go prints them: strings
//! with Go's quoting, everything else as Go's JSON.

use std::fmt;
use std::fmt::Write;

use serde::ser::Serialize;

/// What kind of rule a field breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldErrorKind {
    /// Something that is referred to does not exist.
    NotFound,
    /// A value is missing.
    Required,
    /// A value occurs more than once.
    Duplicate,
    /// A value is malformed.
    Invalid,
    /// A value is none of those that are known.
    NotSupported,
    /// A value is well formed but not allowed here.
    Forbidden,
    /// A value is too long.
    TooLong,
    /// There are too many items.
    TooMany,
}

impl FieldErrorKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
        }
    }
}

/// One rule that one field breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldError {
    /// The path of the field, as the API server writes it.
    pub field: String,
    /// What kind of rule it breaks.
    pub kind: FieldErrorKind,
    /// The value as it is printed, where this kind of error prints one.
    pub value: Option<String>,
    /// The rule in words; may be empty.
    pub detail: String,
}

impl FieldError {
    fn new(field: impl Into<String>, kind: FieldErrorKind, value: Option<String>, detail: impl Into<String>) -> Self {
        Self { field: field.into(), kind, value, detail: detail.into() }
    }

    pub(crate) fn required(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, FieldErrorKind::Required, None, detail)
    }

    pub(crate) fn forbidden(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, FieldErrorKind::Forbidden, None, detail)
    }

    pub(crate) fn too_long(field: impl Into<String>, limit: usize) -> Self {
        Self::new(field, FieldErrorKind::TooLong, None, format!("may not be more than {limit} bytes"))
    }

    pub(crate) fn invalid(field: impl Into<String>, value: &str, detail: impl Into<String>) -> Self {
        Self::new(field, FieldErrorKind::Invalid, Some(go_quote(value)), detail)
    }

    /// An invalid value that is no string: a number, or a structure printed as JSON.
    pub(crate) fn invalid_json(field: impl Into<String>, value: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(field, FieldErrorKind::Invalid, Some(value.into()), detail)
    }

    pub(crate) fn duplicate(field: impl Into<String>, value: &str) -> Self {
        Self::new(field, FieldErrorKind::Duplicate, Some(go_quote(value)), "")
    }

    pub(crate) fn not_found(field: impl Into<String>, value: &str) -> Self {
        Self::new(field, FieldErrorKind::NotFound, Some(go_quote(value)), "")
    }

    /// A value that is none of the supported ones, which are named in the given order.
    pub(crate) fn not_supported(field: impl Into<String>, value: impl Into<String>, supported: &[&str]) -> Self {
        let names: Vec<String> = supported.iter().map(|name| go_quote(name)).collect();
        let detail = format!("supported values: {}", names.join(", "));
        Self::new(field, FieldErrorKind::NotSupported, Some(value.into()), detail)
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.kind.as_str())?;
        if let Some(value) = &self.value {
            write!(f, ": {value}")?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for FieldError {}

/// Several errors as one text: a single one bare, more in brackets, repetitions left out.
pub(crate) fn joined<T: fmt::Display>(errors: &[T]) -> String {
    let mut texts: Vec<String> = Vec::with_capacity(errors.len());
    for error in errors {
        let text = error.to_string();
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    match texts.as_slice() {
        [one] => one.clone(),
        _ => format!("[{}]", texts.join(", ")),
    }
}

/// A string as Go's `%q` prints it.
pub(crate) fn go_quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            _ if c.is_ascii_control() => push_escape(&mut out, format_args!("\\x{:02x}", u32::from(c))),
            _ if is_printable(c) => out.push(c),
            _ if u32::from(c) < 0x1_0000 => push_escape(&mut out, format_args!("\\u{:04x}", u32::from(c))),
            _ => push_escape(&mut out, format_args!("\\U{:08x}", u32::from(c))),
        }
    }
    out.push('"');
    out
}

fn push_escape(out: &mut String, escape: fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = out.write_fmt(escape);
}

fn is_printable(c: char) -> bool {
    let escaped = c.escape_debug();
    c == '\'' || escaped.len() == 1
}

/// A value as Go's `json.Marshal` prints it: maps sorted, `<`, `>` and `&` escaped.
pub(crate) fn go_json<T: Serialize + ?Sized>(value: &T) -> String {
    // The model serializes into text without failing: all keys are strings and no number is a float.
    let json = serde_json::to_string(value).unwrap_or_default();
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => push_escape(&mut out, format_args!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out
}
