//! The path of a field while an object is validated.

use std::fmt;

use crate::model::field_error::FieldError;
use crate::model::quantity::Quantity;

const NOT_NEGATIVE: &str = "must be greater than or equal to 0";

/// A path, as the API server writes it.
#[derive(Clone, Debug)]
pub(super) struct At(String);

impl At {
    pub(super) fn new(path: &str) -> Self {
        Self(path.to_owned())
    }

    pub(super) fn child(&self, name: &str) -> Self {
        Self(if self.0.is_empty() { name.to_owned() } else { format!("{}.{name}", self.0) })
    }

    pub(super) fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    pub(super) fn key(&self, key: &str) -> Self {
        Self(format!("{}[{key}]", self.0))
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&At> for String {
    fn from(at: &At) -> Self {
        at.0.clone()
    }
}

impl From<At> for String {
    fn from(at: At) -> Self {
        at.0
    }
}

/// The rules that are broken, in the order in which Kubernetes finds them.
#[derive(Debug, Default)]
pub(super) struct Errors(pub(super) Vec<FieldError>);

impl Errors {
    pub(super) fn push(&mut self, error: FieldError) {
        self.0.push(error);
    }

    /// One `Invalid value` for each complaint about a text.
    pub(super) fn complain(&mut self, at: &At, text: &str, complaints: Vec<String>) {
        self.0.extend(complaints.into_iter().map(|complaint| FieldError::invalid(at, text, complaint)));
    }

    /// A number that must not be below zero.
    pub(super) fn not_negative(&mut self, at: impl Into<String>, value: impl Into<i64>) {
        let value = value.into();
        if value < 0 {
            self.push(FieldError::invalid_json(at, value.to_string(), NOT_NEGATIVE));
        }
    }

    /// An amount that must not be below zero.
    pub(super) fn not_negative_amount(&mut self, at: impl Into<String>, amount: &Quantity) {
        if amount.is_negative() {
            self.push(FieldError::invalid(at, &amount.to_string(), NOT_NEGATIVE));
        }
    }

    /// A number that must not be above another one.
    pub(super) fn not_above(&mut self, at: impl Into<String>, value: i32, bound: i32, name: &str) {
        if value > bound {
            let rule = format!("cannot be greater than {name}");
            self.push(FieldError::invalid_json(at, value.to_string(), rule));
        }
    }

    /// A count that only grows; an absent one is zero.
    pub(super) fn not_decremented(&mut self, at: impl Into<String>, value: Option<i32>, before: Option<i32>) {
        let value = value.unwrap_or_default();
        if value < before.unwrap_or_default() {
            self.push(FieldError::invalid_json(at, value.to_string(), "cannot be decremented"));
        }
    }

    /// A text that must not be empty.
    pub(super) fn require(&mut self, at: &At, text: &str) {
        if text.is_empty() {
            self.push(FieldError::required(at, ""));
        }
    }
}
