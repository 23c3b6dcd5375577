//! Node selectors: which nodes a volume can be used on, which nodes a pod may run on.
//!
//! Follows `k8s.io/component-helpers/scheduling/corev1/nodeaffinity`: terms are alternatives, the requirements of a
//! term must all hold, a term without requirements chooses nothing, and a term that cannot be evaluated counts
//! only where no other term holds.

use crate::model::field_error::{FieldError, go_json, joined};
use crate::model::fields::{api_enum, api_struct};
use crate::model::list::{List, StringMap};
use crate::model::selector::{NEEDLESS_VALUES, NO_VALUES, SelectorError, requirement_errors};
use crate::model::shared::Shared;
use crate::model::text::Text;

api_enum! {
    /// How a requirement of a node selector looks at a label.
    pub enum NodeSelectorOperator {
        /// The label is present with one of the values.
        In = "In",
        /// The label is absent, or has none of the values.
        NotIn = "NotIn",
        /// The label is present.
        Exists = "Exists",
        /// The label is absent.
        DoesNotExist = "DoesNotExist",
        /// The label is an integer above the value.
        Gt = "Gt",
        /// The label is an integer below the value.
        Lt = "Lt",
    }
    other: /** A text that is no operator. */ Other
}

impl Default for NodeSelectorOperator {
    fn default() -> Self {
        Self::Other(Text::default())
    }
}

api_struct! {
    /// One requirement of a node selector term.
    pub struct NodeSelectorRequirement {
        /// The label, or the field, that it looks at.
        key: Text = "key" always;
        /// How it looks at it.
        operator: NodeSelectorOperator = "operator" always;
        /// Values for the operators that have some.
        values: List<Text> = "values";
    }
}

api_struct! {
    /// Requirements that must all hold. A term without any chooses no node.
    pub struct NodeSelectorTerm {
        /// Requirements on labels.
        match_expressions: List<NodeSelectorRequirement> = "matchExpressions";
        /// Requirements on fields; the only one is `metadata.name`.
        match_fields: List<NodeSelectorRequirement> = "matchFields";
    }
}

api_struct! {
    /// Alternatives of which one must hold.
    pub struct NodeSelector {
        /// The alternatives.
        node_selector_terms: List<NodeSelectorTerm> = "nodeSelectorTerms" always;
    }
}

api_struct! {
    /// The nodes on which a volume can be used.
    pub struct VolumeNodeAffinity {
        /// The selector that a node must match.
        required: Option<Shared<NodeSelector>> = "required";
    }
}

const LABEL_OPERATORS: [&str; 6] = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"];
const FIELD_OPERATORS: [&str; 2] = ["In", "NotIn"];

impl VolumeNodeAffinity {
    /// Whether the volume can be used on a node with these labels (`SCHED-20`). Only labels are looked at, so a term
    /// with nothing but `matchFields` holds for every node.
    ///
    /// # Errors
    /// [`SelectorError`] where no term holds and at least one cannot be evaluated.
    pub fn allows(&self, labels: &StringMap) -> Result<bool, SelectorError> {
        self.required.as_ref().map_or(Ok(true), |selector| selector.matches(labels, None))
    }
}

impl NodeSelector {
    /// Whether a node with these labels and this name is chosen. Without a name, or with an empty one, requirements on
    /// fields hold.
    ///
    /// # Errors
    /// [`SelectorError`] where no term holds and at least one cannot be evaluated.
    pub fn matches(&self, labels: &StringMap, name: Option<&str>) -> Result<bool, SelectorError> {
        let name = name.filter(|name| !name.is_empty());
        let mut errors = Vec::new();
        for (index, term) in self.node_selector_terms.iter().enumerate() {
            let found = term.errors(&format!("nodeSelectorTerms[{index}]"));
            if !found.is_empty() {
                errors.extend(found);
            } else if term.holds(labels, name) {
                return Ok(true);
            }
        }
        if errors.is_empty() { Ok(false) } else { Err(SelectorError { message: joined(&errors) }) }
    }
}

impl NodeSelectorTerm {
    fn errors(&self, path: &str) -> Vec<FieldError> {
        let labels = self.match_expressions.iter().enumerate();
        let fields = self.match_fields.iter().enumerate();
        labels
            .flat_map(|(index, requirement)| requirement.label_errors(&format!("{path}.matchExpressions[{index}]")))
            .chain(
                fields
                    .flat_map(|(index, requirement)| requirement.field_errors(&format!("{path}.matchFields[{index}]"))),
            )
            .collect()
    }

    fn holds(&self, labels: &StringMap, name: Option<&str>) -> bool {
        let empty = self.match_expressions.is_empty() && self.match_fields.is_empty();
        !empty
            && self
                .match_expressions
                .iter()
                .all(|requirement| requirement.holds(labels.get(&requirement.key).map(Text::as_str)))
            && name.is_none_or(|name| {
                self.match_fields.iter().all(|requirement| {
                    // A field that does not exist reads as an empty text.
                    let value = if requirement.key == "metadata.name" { name } else { "" };
                    requirement.holds(Some(value))
                })
            })
    }
}

impl NodeSelectorRequirement {
    fn label_errors(&self, path: &str) -> Vec<FieldError> {
        let values = &self.values;
        let complaint = match &self.operator {
            NodeSelectorOperator::In | NodeSelectorOperator::NotIn => values.is_empty().then_some(NO_VALUES),
            NodeSelectorOperator::Exists | NodeSelectorOperator::DoesNotExist => {
                (!values.is_empty()).then_some(NEEDLESS_VALUES)
            }
            NodeSelectorOperator::Gt | NodeSelectorOperator::Lt => {
                (values.len() != 1).then_some("for 'Gt', 'Lt' operators, exactly one value is required")
            }
            NodeSelectorOperator::Other(text) => {
                return vec![FieldError::not_supported(format!("{path}.operator"), go_json(text), &LABEL_OPERATORS)];
            }
        };
        let mut errors =
            requirement_errors(path, &self.key, values, complaint.map(|complaint| (go_json(values), complaint)));
        if matches!(self.operator, NodeSelectorOperator::Gt | NodeSelectorOperator::Lt) {
            let place = errors.iter().position(|error| error.field.ends_with(']')).unwrap_or(errors.len());
            let texts = values.iter().enumerate().filter(|(_, value)| go_integer(value).is_none());
            let integers = texts.map(|(index, value)| {
                let rule = "for 'Gt', 'Lt' operators, the value must be an integer";
                FieldError::invalid(format!("{path}.values[{index}]"), value, rule)
            });
            errors.splice(place..place, integers.collect::<Vec<_>>());
        }
        errors
    }

    fn field_errors(&self, path: &str) -> Vec<FieldError> {
        match &self.operator {
            NodeSelectorOperator::In | NodeSelectorOperator::NotIn if self.values.len() == 1 => Vec::new(),
            NodeSelectorOperator::In | NodeSelectorOperator::NotIn => {
                vec![FieldError::invalid_json(format!("{path}.values"), go_json(&self.values), "must have one element")]
            }
            NodeSelectorOperator::Exists
            | NodeSelectorOperator::DoesNotExist
            | NodeSelectorOperator::Gt
            | NodeSelectorOperator::Lt
            | NodeSelectorOperator::Other(_) => {
                let shown = go_json(self.operator.as_str());
                vec![FieldError::not_supported(format!("{path}.operator"), shown, &FIELD_OPERATORS)]
            }
        }
    }

    fn holds(&self, value: Option<&str>) -> bool {
        let listed = || value.is_some_and(|value| self.values.iter().any(|listed| listed == value));
        let numbers = || Some((go_integer(value?)?, go_integer(self.values.first()?)?));
        match &self.operator {
            NodeSelectorOperator::In => listed(),
            NodeSelectorOperator::NotIn => !listed(),
            NodeSelectorOperator::Exists => value.is_some(),
            NodeSelectorOperator::DoesNotExist => value.is_none(),
            NodeSelectorOperator::Gt => numbers().is_some_and(|(label, bound)| label > bound),
            NodeSelectorOperator::Lt => numbers().is_some_and(|(label, bound)| label < bound),
            NodeSelectorOperator::Other(_) => false,
        }
    }
}

/// An integer as Go's `strconv.ParseInt` reads it: a sign and digits, within 64 bits.
fn go_integer(text: &str) -> Option<i64> {
    text.parse().ok()
}
