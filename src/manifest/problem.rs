//! What is wrong in a manifest.

use std::fmt;

use crate::manifest::MAX_DEPTH;
use crate::manifest::decode::Unknown;
use crate::manifest::tree::{Node, Position};
use crate::model::text::Text;

/// Something wrong in a manifest: where, and which rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The name of the text, such as its path; empty where it has none.
    pub source: Text,
    /// The number of the document in the text, counted from one.
    pub document: usize,
    /// The line in the text, counted from one; 0 where it is not known.
    pub line: usize,
    /// The column in the line, counted from one.
    pub column: usize,
    /// The path of the field, as the API server writes it; empty for the document as a whole.
    pub path: String,
    /// The rule, in Kubernetes' words where it has some.
    pub rule: String,
    /// The name of the field that was probably meant, where the API does not have the one that was written; else empty.
    pub meant: Text,
}

impl Problem {
    pub(crate) fn new(source: Text, document: usize, at: Position, path: &str, rule: String) -> Self {
        let Position { line, column } = at;
        Self { source, document, line, column, path: path.to_owned(), rule, meant: Text::default() }
    }

    /// A field that the API does not have.
    pub(super) fn unknown(source: Text, document: usize, at: Position, unknown: &Unknown) -> Self {
        let Unknown { path, meant } = unknown;
        let problem = Self::new(source, document, at, path, format!("unknown field {path:?}"));
        Self { meant: meant.unwrap_or_default().into(), ..problem }
    }

    /// What is wrong, without the place: the path and the rule.
    pub fn message(&self) -> String {
        let Self { path, rule, .. } = self;
        // The API server's sentences name the path themselves.
        if path.is_empty() || rule.contains(path) { rule.clone() } else { format!("{path}: {rule}") }
    }

    /// Where it stands, for the order of the text.
    pub(super) fn place(&self) -> (usize, usize, usize) {
        (self.document, self.line, self.column)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.source.is_empty() {
            write!(f, "{}: ", self.source)?;
        }
        write!(f, "document {}", self.document)?;
        if self.line > 0 {
            write!(f, ", line {}", self.line)?;
        }
        write!(f, ": {}", self.message())
    }
}

/// Everything that is wrong in a manifest. Nothing of such a manifest is used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManifestError {
    /// The problems, in the order of the text; at least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ManifestError {}

/// Text that is neither JSON nor YAML.
pub(super) struct SyntaxError {
    /// The number of the document, counted from one.
    pub(super) document: usize,
    pub(super) at: Position,
    pub(super) message: String,
}

impl SyntaxError {
    pub(super) fn new(at: Position, message: impl Into<String>) -> Self {
        Self { document: 1, at, message: message.into() }
    }

    pub(super) fn too_deep(at: Position) -> Self {
        Self::new(at, format!("values are nested more than {MAX_DEPTH} deep"))
    }

    /// Says in which document it is: the one that follows those that were read.
    pub(super) fn after(self, documents: &[Node]) -> Self {
        Self { document: documents.len() + 1, ..self }
    }
}
