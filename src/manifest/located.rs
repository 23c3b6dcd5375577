//! A value of a text that knows where it stands, for files that are no objects of the API.
//!
//! Whoever reads such a file walks from value to value, decodes the small ones through serde and reports what is
//! wrong with its place, so that one run names every problem.

use serde::de::DeserializeOwned;

use crate::manifest::decode::{Broken, Unknown, decode, decode_settings};
use crate::manifest::tree::{Node, Position, Value, child_path};
use crate::manifest::{ManifestError, Part, Problem, Reader, collect_parts, parse};
use crate::model::json::Json;
use crate::model::kind::Kind;
use crate::model::text::Text;

/// A document of a text.
#[derive(Clone, Debug)]
pub(crate) struct LocatedDocument<'t> {
    source: Text,
    text: &'t str,
    number: usize,
    tree: Node,
}

/// A value and where it stands.
#[derive(Clone)]
pub(crate) struct Located<'t> {
    document: &'t LocatedDocument<'t>,
    node: &'t Node,
    /// Where its key stands, or the value itself where it has none.
    at: Position,
    path: String,
}

/// Reads the documents of a text that are not empty. Repeated keys are errors.
pub(crate) fn documents<'t>(text: &'t str, source: &Text) -> Result<Vec<LocatedDocument<'t>>, ManifestError> {
    let problem = |number, at: Position, path: String, rule| Problem::new(source.clone(), number, at, &path, rule);
    let trees = parse(text).map_err(|error| ManifestError {
        problems: vec![problem(error.document, error.at, String::new(), error.message)],
    })?;
    let (mut documents, mut problems) = (Vec::new(), Vec::new());
    for (number, mut tree) in (1..).zip(trees) {
        problems.extend(tree.join_repeated().into_iter().map(|repeated| {
            let rule = format!("duplicate field {:?}", repeated.path);
            problem(number, repeated.at, repeated.path, rule)
        }));
        if !matches!(tree.value, Value::Null) {
            documents.push(LocatedDocument { source: source.clone(), text, number, tree });
        }
    }
    if problems.is_empty() { Ok(documents) } else { Err(ManifestError { problems }) }
}

impl LocatedDocument<'_> {
    /// The whole document.
    pub(crate) fn root(&self) -> Located<'_> {
        Located { document: self, node: &self.tree, at: self.tree.at, path: String::new() }
    }
}

impl<'t> Located<'t> {
    fn child(&self, node: &'t Node, at: Position, path: String) -> Self {
        Self { document: self.document, node, at, path }
    }

    /// The values of a map by their keys; nothing where this is no map.
    pub(crate) fn entries(&self) -> Option<Vec<(&'t str, Self)>> {
        let Value::Map(entries) = &self.node.value else {
            return None;
        };
        let child = |key: &str| child_path(&self.path, key);
        let entries = entries.iter();
        Some(entries.map(|entry| (entry.key.as_str(), self.child(&entry.value, entry.at, child(&entry.key)))).collect())
    }

    /// The value of a key; nothing where this is no map that has it, or where it is null.
    pub(crate) fn get(&self, key: &str) -> Option<Self> {
        let found = self.entries()?.into_iter().find(|(known, _)| *known == key);
        found.map(|(_, value)| value).filter(|value| !matches!(value.node.value, Value::Null))
    }

    /// The items of a list; nothing where this is no list.
    pub(crate) fn items(&self) -> Option<Vec<Self>> {
        let Value::List(items) = &self.node.value else {
            return None;
        };
        let item = |(index, node): (usize, &'t Node)| self.child(node, node.at, format!("{}[{index}]", self.path));
        Some(items.iter().enumerate().map(item).collect())
    }

    /// The text; nothing where this is no string.
    pub(crate) fn text(&self) -> Option<&'t str> {
        self.node.text()
    }

    /// The value without its place.
    pub(crate) fn json(&self) -> Json {
        self.node.to_json()
    }

    /// The line on which it stands, counted from one.
    pub(crate) fn line(&self) -> usize {
        self.at.line
    }

    /// How many lines stand before the first line of this text. A block begins on the line after its mark.
    pub(crate) fn lines_before_text(&self) -> usize {
        let line = self.document.text.lines().nth(self.node.at.line.saturating_sub(1)).unwrap_or_default();
        let is_block = line.trim_end().ends_with(['|', '>', '-', '+']);
        self.node.at.line.saturating_sub(usize::from(!is_block))
    }

    /// Something wrong with this value.
    pub(crate) fn problem(&self, rule: impl Into<String>) -> Problem {
        self.problem_at(self.at, &self.path, rule.into())
    }

    fn problem_at(&self, at: Position, path: &str, rule: String) -> Problem {
        let LocatedDocument { source, number, .. } = self.document;
        Problem::new(source.clone(), *number, at, path, rule)
    }

    /// Something wrong with what stands at a path below this value.
    fn problem_below(&self, below: &str, rule: String) -> Problem {
        let path = match below {
            "" => self.path.clone(),
            below if below.starts_with('[') => format!("{}{below}", self.path),
            below => child_path(&self.path, below),
        };
        let at = if below.is_empty() { self.at } else { self.node.locate(below) };
        self.problem_at(at, &path, rule)
    }

    /// The value as a type that refuses unknown fields.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Result<T, Vec<Problem>> {
        decode_settings(self.node)
            .map_err(|broken| broken.into_iter().map(|Broken { path, rule }| self.problem_below(&path, rule)).collect())
    }

    /// What is wrong with an object of the API, or a list of some, that is written here. Kinds that the simulator does
    /// not hold are passed over.
    pub(crate) fn check_objects(&self) -> Vec<Problem> {
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        collect_parts(self.node, None, &mut found);
        for part in found {
            match part {
                Part::Object(kind, tree) => {
                    let decoded = decode(kind, tree, false);
                    let broken = decoded.broken.into_iter();
                    problems
                        .extend(broken.map(|Broken { path, rule }| self.problem_at(tree.locate(&path), &path, rule)));
                    let LocatedDocument { source, number, .. } = self.document;
                    problems.extend(
                        decoded.unknown.iter().map(|unknown| {
                            Problem::unknown(source.clone(), *number, tree.locate(&unknown.path), unknown)
                        }),
                    );
                }
                Part::PassedOver(_) => {}
                Part::Wrong { at, path, rule } => problems.push(self.problem_at(at, path, rule)),
            }
        }
        problems
    }

    /// The fields of this map that objects of a kind do not have, but for some keys. Where a value has another type than
    /// the API has there, nothing is found.
    pub(crate) fn unknown_fields(&self, kind: Kind, but: &[&str]) -> Vec<Problem> {
        let unknown = decode(kind, self.node, false).unknown.into_iter();
        unknown
            .filter(|unknown| !but.contains(&unknown.path.as_str()))
            .map(|Unknown { path, meant }| {
                let hint = meant.map(|name| format!(", did you mean {name:?}?")).unwrap_or_default();
                self.problem_below(&path, format!("unknown field {path:?}{hint}"))
            })
            .collect()
    }

    /// What is wrong with the objects of a text that is written here.
    pub(crate) fn check_text(&self, text: &str) -> Vec<Problem> {
        let Err(error) = Reader::new().source(self.document.source.clone()).read(text) else {
            return Vec::new();
        };
        let moved = error.problems.into_iter().map(|problem| Problem {
            document: self.document.number,
            line: problem.line + self.lines_before_text(),
            ..problem
        });
        moved.collect()
    }
}
