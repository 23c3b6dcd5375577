//! Label selectors of claims and sets, and the predicates that they compile to (`MATCH-11`, `MATCH-12`).
//!
//! Follows `LabelSelectorAsSelector` and `labels.Requirement` of `k8s.io/apimachinery`.

use std::fmt;

use crate::model::field_error::{FieldError, go_json, go_quote, joined};
use crate::model::fields::{api_enum, api_struct};
use crate::model::list::{List, StringMap};
use crate::model::syntax::{label_key, label_value};
use crate::model::text::Text;

api_enum! {
    /// How an expression of a label selector looks at a label.
    pub enum SelectorOperator {
        /// The label is present with one of the values.
        In = "In",
        /// The label is absent, or has none of the values.
        NotIn = "NotIn",
        /// The label is present.
        Exists = "Exists",
        /// The label is absent.
        DoesNotExist = "DoesNotExist",
    }
    other: /** A text that is no operator. */ Other
}

impl Default for SelectorOperator {
    fn default() -> Self {
        Self::Other(Text::default())
    }
}

api_struct! {
    /// One expression of a label selector.
    pub struct LabelSelectorRequirement {
        /// The label that it looks at.
        key: Text = "key" always;
        /// How it looks at it.
        operator: SelectorOperator = "operator" always;
        /// Values for the operators that have some.
        values: List<Text> = "values";
    }
}

api_struct! {
    /// A choice of objects by their labels: all terms must hold.
    pub struct LabelSelector {
        /// Labels that must be present with exactly this value.
        match_labels: StringMap = "matchLabels";
        /// Further expressions.
        match_expressions: List<LabelSelectorRequirement> = "matchExpressions";
    }
}

impl LabelSelector {
    /// A selector of objects that have all these labels.
    ///
    /// ```
    /// use bindery::LabelSelector;
    ///
    /// let selector = LabelSelector::matching([("type", "nfs")]);
    /// assert_eq!(selector.match_labels.len(), 1);
    /// ```
    pub fn matching(labels: impl Into<StringMap>) -> Self {
        Self { match_labels: labels.into(), ..Self::default() }
    }
}

/// A selector that cannot be turned into a predicate (`MATCH-12`). The message is Kubernetes' own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct SelectorError {
    /// What is wrong.
    pub message: String,
}

/// A compiled label selector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Predicate {
    /// Whether it holds for nothing at all, as that of an absent selector does.
    nothing: bool,
    /// All of these must hold; sorted by key.
    requirements: Vec<Requirement>,
}

/// One test of one label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// The label.
    pub key: Text,
    /// The test.
    pub test: Test,
}

/// What a [`Requirement`] asks of a label.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// It has this value.
    Equals(Text),
    /// It has one of these values.
    In(List<Text>),
    /// It is absent, or has none of these values.
    NotIn(List<Text>),
    /// It is present.
    Exists,
    /// It is absent.
    DoesNotExist,
}

impl Predicate {
    /// Compiles a selector. That of an absent selector holds for nothing, that of an empty one for everything; a
    /// claim without a selector has no predicate at all.
    ///
    /// # Errors
    /// [`SelectorError`] for an operator, a key or a value that Kubernetes refuses (`MATCH-12`).
    pub fn of(selector: Option<&LabelSelector>) -> Result<Self, SelectorError> {
        let Some(selector) = selector else {
            return Ok(Self { nothing: true, requirements: Vec::new() });
        };
        let mut requirements = Vec::new();
        for (key, value) in selector.match_labels.iter() {
            check(key, std::slice::from_ref(value), None)?;
            requirements.push(Requirement { key: key.clone(), test: Test::Equals(value.clone()) });
        }
        for expression in &selector.match_expressions {
            requirements.push(requirement(expression)?);
        }
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Self { nothing: false, requirements })
    }

    /// Whether an object with these labels is chosen.
    pub fn matches(&self, labels: &StringMap) -> bool {
        !self.nothing && self.requirements.iter().all(|requirement| requirement.holds(labels))
    }

    /// Whether it holds for nothing at all, as that of an absent selector does.
    pub(crate) fn is_of_nothing(&self) -> bool {
        self.nothing
    }

    /// The tests that must all hold, sorted by key.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }
}

impl Requirement {
    /// Whether the labels pass the test.
    pub fn holds(&self, labels: &StringMap) -> bool {
        let value = labels.get(&self.key);
        match &self.test {
            Test::Equals(wanted) => value == Some(wanted),
            Test::In(values) => value.is_some_and(|value| values.contains(value)),
            Test::NotIn(values) => !value.is_some_and(|value| values.contains(value)),
            Test::Exists => value.is_some(),
            Test::DoesNotExist => value.is_none(),
        }
    }
}

fn requirement(expression: &LabelSelectorRequirement) -> Result<Requirement, SelectorError> {
    let values = &expression.values;
    let (test, complaint) = match &expression.operator {
        SelectorOperator::In => (Test::In(values.clone()), values.is_empty().then_some(NO_VALUES)),
        SelectorOperator::NotIn => (Test::NotIn(values.clone()), values.is_empty().then_some(NO_VALUES)),
        SelectorOperator::Exists => (Test::Exists, (!values.is_empty()).then_some(NEEDLESS_VALUES)),
        SelectorOperator::DoesNotExist => (Test::DoesNotExist, (!values.is_empty()).then_some(NEEDLESS_VALUES)),
        SelectorOperator::Other(text) => {
            return Err(SelectorError {
                message: format!("{} is not a valid label selector operator", go_quote(text)),
            });
        }
    };
    check(&expression.key, values, complaint)?;
    Ok(Requirement { key: expression.key.clone(), test })
}

pub(crate) const NO_VALUES: &str = "for 'in', 'notin' operators, values set can't be empty";
pub(crate) const NEEDLESS_VALUES: &str = "values set must be empty for exists and does not exist";

fn check(key: &Text, values: &[Text], complaint: Option<&str>) -> Result<(), SelectorError> {
    // An empty list arrives here as an absent one, whatever it was written as.
    let shown = || if values.is_empty() { "null".to_owned() } else { go_json(values) };
    let errors = requirement_errors("", key, values, complaint.map(|complaint| (shown(), complaint)));
    if errors.is_empty() { Ok(()) } else { Err(SelectorError { message: joined(&errors) }) }
}

/// What is wrong with the key and the values of a requirement that stands at a path; `complaint` is the one about
/// the list of values as a whole.
pub(crate) fn requirement_errors(
    path: &str,
    key: &str,
    values: &[Text],
    complaint: Option<(String, &str)>,
) -> Vec<FieldError> {
    let at = |field: &str| if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") };
    let mut errors = Vec::new();
    let key_complaints = label_key(key);
    if !key_complaints.is_empty() {
        errors.push(FieldError::invalid(at("key"), key, key_complaints.join("; ")));
    }
    if let Some((shown, complaint)) = complaint {
        errors.push(FieldError::invalid_json(at("values"), shown, complaint));
    }
    errors.extend(value_errors(&at("values"), key, values));
    errors
}

pub(crate) fn value_errors(path: &str, key: &str, values: &[Text]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let complaints = label_value(value);
        if !complaints.is_empty() {
            errors.push(FieldError::invalid(format!("{path}[{index}][{key}]"), value, complaints.join("; ")));
        }
    }
    errors
}

impl fmt::Display for Predicate {
    /// The predicate as Kubernetes prints it, requirements sorted by key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, requirement) in self.requirements.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            requirement.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sorted = |values: &List<Text>| {
            let mut values: Vec<&str> = values.iter().map(Text::as_str).collect();
            values.sort_unstable();
            values.join(",")
        };
        match &self.test {
            Test::Equals(value) => write!(f, "{}={value}", self.key),
            Test::In(values) => write!(f, "{} in ({})", self.key, sorted(values)),
            Test::NotIn(values) => write!(f, "{} notin ({})", self.key, sorted(values)),
            Test::Exists => f.write_str(&self.key),
            Test::DoesNotExist => write!(f, "!{}", self.key),
        }
    }
}
