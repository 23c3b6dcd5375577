//! The path of a field while an object is validated.

use std::fmt;

use crate::model::field_error::FieldError;
use crate::model::quantity::Quantity;

const NOT_NEGATIVE: &str = "must be greater than or equal to 0";

/// A path, as the API server writes it. Nearly every object is sound, so it is put into words only where something is
/// wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct At<'a> {
    parent: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Step<'a> {
    /// A field, or several with dots between them; none at the root of a part that is checked alone.
    Field(&'a str),
    Index(usize),
    Key(&'a str),
}

impl<'a> At<'a> {
    pub(super) fn new(path: &'a str) -> Self {
        Self { parent: None, step: Step::Field(path) }
    }

    pub(super) fn child(&'a self, name: &'a str) -> Self {
        self.then(Step::Field(name))
    }

    pub(super) fn index(&'a self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    pub(super) fn key(&'a self, key: &'a str) -> Self {
        self.then(Step::Key(key))
    }

    fn then(&'a self, step: Step<'a>) -> Self {
        Self { parent: Some(self), step }
    }

    fn is_root(&self) -> bool {
        self.parent.is_none() && matches!(self.step, Step::Field(""))
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}")?;
        }
        match self.step {
            Step::Field(name) if self.parent.is_some_and(|parent| !parent.is_root()) => write!(f, ".{name}"),
            Step::Field(name) => f.write_str(name),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) => write!(f, "[{key}]"),
        }
    }
}

impl From<&At<'_>> for String {
    fn from(at: &At<'_>) -> Self {
        at.to_string()
    }
}

impl From<At<'_>> for String {
    fn from(at: At<'_>) -> Self {
        at.to_string()
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
