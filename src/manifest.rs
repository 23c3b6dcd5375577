//! YAML and JSON to objects and back.
//!
//! Reading accepts what `kubectl` accepts: several documents, lists, JSON or YAML. What a user wrote is read
//! strictly, as today's kubectl does: an unknown or a repeated field is an error. What is restored from a dump keeps
//! the fields that the model does not know. Kinds that the simulator does not hold are passed over and reported.
//!
//! Good input is read in one pass. When that gives up, a second pass reads the text into a tree and names every
//! problem with its document, line, path and rule. This is the only module that names `serde_yaml`.

mod decode;
mod fast;
mod guard;
mod json_tree;
mod located;
mod mark;
mod number;
mod plain;
mod problem;
mod suggest;
mod tree;
mod write;
mod yaml_tree;

use std::collections::BTreeMap;

use crate::manifest::decode::{Broken, decode};
use crate::manifest::problem::SyntaxError;
use crate::manifest::tree::{Node, Value};
use crate::model::json::Json;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::text::Text;

pub use crate::manifest::mark::Mark;
pub use crate::manifest::problem::{ManifestError, Problem};
pub use crate::manifest::write::{to_json, to_yaml};

pub(crate) use crate::manifest::located::{Located, documents};
pub(crate) use crate::manifest::suggest::{hint, nearest};
pub(crate) use crate::manifest::tree::Position;
pub(crate) use crate::manifest::write::{json_text, to_line, yaml_text};

/// How deeply values may be nested; the JSON and YAML parsers have the same bound.
const MAX_DEPTH: usize = 127;

/// What happens to fields that the API does not have, and to repeated ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strictness {
    /// They are errors, as with `kubectl --validate=strict`, which is kubectl's default.
    #[default]
    Strict,
    /// They are warnings; unknown fields are dropped, of repeated ones the last counts.
    Warn,
    /// They are kept without a word, as in an object that is restored.
    Keep,
}

/// A manifest that was read.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Manifest {
    /// The documents that hold an object, in the order of the text; an item of a list is one, too.
    pub documents: Vec<Document>,
    /// Kinds that the simulator does not hold, with the number of their objects.
    pub passed_over: BTreeMap<Text, usize>,
    /// What [`Strictness::Warn`] let pass.
    pub warnings: Vec<Problem>,
}

/// One object of a manifest.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Document {
    /// The object.
    pub object: Object,
    /// The number of the document in the text, counted from one.
    pub number: usize,
    /// What was written, where [`Reader::keep_written`] asked for it.
    pub written: Option<Json>,
}

/// Reads manifests.
///
/// ```
/// use bindery::Reader;
///
/// let manifest = Reader::new().read("
/// apiVersion: v1
/// kind: PersistentVolume
/// metadata: {name: pv-1}
/// spec:
///   capacity: {storage: 5Gi}
///   accessModes: [ReadWriteOnce]
///   hostPath: {path: /tmp/data}
/// ")?;
/// assert_eq!(manifest.documents[0].object.to_string(), "PersistentVolume pv-1");
/// # Ok::<(), bindery::ManifestError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Reader {
    strictness: Strictness,
    source: Text,
    keep_written: bool,
}

impl Reader {
    /// A reader that refuses unknown and repeated fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what happens to unknown and repeated fields.
    #[must_use]
    pub fn strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }

    /// Names the text, as problems then do.
    #[must_use]
    pub fn source(mut self, name: impl Into<Text>) -> Self {
        self.source = name.into();
        self
    }

    /// Keeps what was written beside each object, as `apply` needs it. This is slower.
    #[must_use]
    pub fn keep_written(mut self) -> Self {
        self.keep_written = true;
        self
    }

    /// Reads a text of YAML or JSON. Cost: one pass, linear in the text; more where something is wrong.
    ///
    /// # Errors
    /// [`ManifestError`] names every problem of the text.
    pub fn read(&self, text: &str) -> Result<Manifest, ManifestError> {
        if !self.keep_written {
            let fast = if looks_like_json(text) { fast::read_json(text) } else { fast::read_yaml(text) };
            let keep_unknown = self.strictness == Strictness::Keep;
            if let Ok(contents) = fast
                && contents.objects.iter().all(|(_, object)| fast::is_clean(object, keep_unknown))
            {
                return Ok(Manifest::of(contents));
            }
        }
        self.read_again(text)
    }

    /// The second pass: into a tree, and from there into objects and problems.
    fn read_again(&self, text: &str) -> Result<Manifest, ManifestError> {
        let trees = parse(text).map_err(|error| ManifestError {
            problems: vec![self.problem(error.document, error.at, "", error.message)],
        })?;
        let mut manifest = Manifest::default();
        let mut problems = Vec::new();
        for (number, mut tree) in (1..).zip(trees) {
            let repeated = tree.join_repeated().into_iter().map(|repetition| {
                let rule = format!("duplicate field {:?}", repetition.path);
                self.problem(number, repetition.at, &repetition.path, rule)
            });
            let mut odd: Vec<Problem> = repeated.collect();
            for part in parts(&tree) {
                match part {
                    Part::Object(kind, tree) => {
                        let decoded = decode(kind, tree, self.strictness == Strictness::Keep);
                        let broken = decoded.broken.into_iter();
                        problems.extend(
                            broken.map(|Broken { path, rule }| self.problem(number, tree.locate(&path), &path, rule)),
                        );
                        odd.extend(decoded.unknown.iter().map(|unknown| {
                            Problem::unknown(self.source.clone(), number, tree.locate(&unknown.path), unknown)
                        }));
                        manifest.documents.extend(decoded.object.map(|object| {
                            let written = self.keep_written.then(|| tree.to_json());
                            Document { object, number, written }
                        }));
                    }
                    Part::PassedOver(kind) => *manifest.passed_over.entry(Text::from(kind)).or_default() += 1,
                    Part::Wrong { at, path, rule } => problems.push(self.problem(number, at, path, rule)),
                }
            }
            odd.sort_by_key(|problem| (problem.line, problem.column));
            match self.strictness {
                Strictness::Strict => problems.extend(odd),
                Strictness::Warn => manifest.warnings.extend(odd),
                Strictness::Keep => {}
            }
        }
        problems.sort_by_key(Problem::place);
        if problems.is_empty() { Ok(manifest) } else { Err(ManifestError { problems }) }
    }

    /// The problems that the API server has with objects of a text, with the places at which they stand. Each object
    /// is given by its number among all objects of the text, counted from zero, with the paths and the rules.
    pub(crate) fn place(&self, text: &str, refused: &[(usize, Vec<(String, String)>)]) -> Vec<Problem> {
        let trees = parse(text).unwrap_or_default();
        let objects =
            (1..).zip(&trees).flat_map(|(number, tree)| parts(tree).into_iter().map(move |part| (number, part)));
        let objects: Vec<(usize, &Node)> = objects
            .filter_map(|(number, part)| match part {
                Part::Object(_, tree) => Some((number, tree)),
                Part::PassedOver(_) | Part::Wrong { .. } => None,
            })
            .collect();
        let problems = refused.iter().flat_map(|(object, errors)| errors.iter().map(move |error| (*object, error)));
        let mut problems: Vec<Problem> = problems
            .map(|(object, (path, rule))| {
                let found = objects.get(object);
                let at = found.map(|(_, tree)| tree.locate(path)).unwrap_or_default();
                self.problem(found.map_or(1, |(number, _)| *number), at, path, rule.clone())
            })
            .collect();
        problems.sort_by_key(Problem::place);
        problems
    }

    /// The line at which the name of each object of a text stands, in the order of the text; a line is 0 where it is
    /// not known. Cost: that of the second, slower pass.
    ///
    /// # Errors
    /// [`ManifestError`] where the text cannot be read.
    pub fn lines(&self, text: &str) -> Result<Vec<(ObjectKey, usize)>, ManifestError> {
        let lenient = self.clone().strictness(Strictness::Keep);
        let documents = lenient.read(text)?.documents;
        let trees = parse(text).unwrap_or_default();
        let parts = trees.iter().flat_map(parts).filter_map(|part| match part {
            Part::Object(_, tree) => Some(tree.locate("metadata.name").line),
            Part::PassedOver(_) | Part::Wrong { .. } => None,
        });
        let mut lines = parts.chain(std::iter::repeat(0));
        Ok(documents
            .into_iter()
            .map(|document| (document.object.reference(), lines.next().unwrap_or_default()))
            .collect())
    }

    fn problem(&self, document: usize, at: Position, path: &str, rule: String) -> Problem {
        Problem::new(self.source.clone(), document, at, path, rule)
    }
}

/// A document, or an item of a list in one.
enum Part<'t> {
    Object(Kind, &'t Node),
    /// Of a kind that the simulator does not hold.
    PassedOver(&'t str),
    Wrong {
        at: Position,
        path: &'static str,
        rule: String,
    },
}

/// The objects of a document: one, or those of a list.
fn parts(tree: &Node) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    if !matches!(tree.value, Value::Null) {
        collect_parts(tree, None, &mut found);
    }
    found
}

/// `of` is the version and the kind that a typed list says its items have.
fn collect_parts<'t>(tree: &'t Node, of: Option<(&'t str, &'t str)>, found: &mut Vec<Part<'t>>) {
    if !matches!(tree.value, Value::Map(_)) {
        let rule = "an object is expected, with apiVersion, kind and metadata".to_owned();
        return found.push(Part::Wrong { at: tree.at, path: "", rule });
    }
    let version = tree.get("apiVersion").and_then(Node::text).or(of.map(|(version, _)| version));
    let kind = tree.get("kind").and_then(Node::text).or(of.map(|(_, kind)| kind));
    let (Some(version), Some(kind)) = (version, kind) else {
        let path = if kind.is_none() { "kind" } else { "apiVersion" };
        return found.push(Part::Wrong { at: tree.at, path, rule: format!("{path} is not set, or is no string") });
    };
    let items = tree.get("items").map(|items| &items.value);
    if let Some(known) = Kind::find(version, kind) {
        found.push(Part::Object(known, tree));
    } else if let (Some(item), Some(Value::List(items))) = (kind.strip_suffix("List"), items) {
        let of = (!item.is_empty()).then_some((version, item));
        for tree in items {
            collect_parts(tree, of, found);
        }
    } else if Kind::is_built_in(version) && Kind::ALL.iter().any(|known| known.as_str() == kind) {
        let rule = format!("no kind {kind:?} is registered for version {version:?}");
        found.push(Part::Wrong { at: tree.locate("apiVersion"), path: "", rule });
    } else {
        found.push(Part::PassedOver(kind));
    }
}

/// Reads a list of settings that are no objects of the API. Every problem is named.
pub(crate) fn settings<T: serde::de::DeserializeOwned>(text: &str) -> Result<Vec<T>, ManifestError> {
    let documents = documents(text, &Text::default())?;
    let (mut settings, mut problems) = (Vec::new(), Vec::new());
    for document in &documents {
        let root = document.root();
        match root.items() {
            None => problems.push(root.problem("a list is expected")),
            Some(items) => items.iter().for_each(|item| match item.decode() {
                Ok(setting) => settings.push(setting),
                Err(found) => problems.extend(found),
            }),
        }
    }
    if problems.is_empty() { Ok(settings) } else { Err(ManifestError { problems }) }
}

fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// The documents of a text as trees.
fn parse(text: &str) -> Result<Vec<Node>, SyntaxError> {
    if !looks_like_json(text) {
        return yaml_tree::parse(text);
    }
    // Flow-style YAML begins like JSON.
    json_tree::parse(text).or_else(|error| yaml_tree::parse(text).map_err(|_| error))
}

/// An object as a JSON value with sorted keys.
pub(crate) fn to_value<T: serde::Serialize>(object: &T) -> Json {
    write::sorted(object)
}

/// A JSON value as an object of a kind.
pub(crate) fn from_value(kind: Kind, value: &Json, strictness: Strictness) -> Result<Object, ManifestError> {
    let tree = Node::from_json(value);
    let decoded = decode(kind, &tree, strictness == Strictness::Keep);
    let nowhere = Position::default();
    let broken = decoded.broken.into_iter();
    let mut problems: Vec<Problem> =
        broken.map(|Broken { path, rule }| Problem::new(Text::default(), 1, nowhere, &path, rule)).collect();
    if strictness == Strictness::Strict {
        let unknown = decoded.unknown.iter();
        problems.extend(unknown.map(|unknown| Problem::unknown(Text::default(), 1, nowhere, unknown)));
    }
    decoded.object.filter(|_| problems.is_empty()).ok_or(ManifestError { problems })
}

impl Manifest {
    fn of(contents: fast::Contents) -> Self {
        let mut manifest = Self::default();
        let documents = contents.objects.into_iter();
        manifest.documents = documents.map(|(number, object)| Document { object, number, written: None }).collect();
        for kind in contents.passed_over {
            *manifest.passed_over.entry(kind).or_default() += 1;
        }
        manifest
    }
}
