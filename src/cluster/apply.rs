//! `apply`, as `kubectl apply` does it: create, or a three-way merge of what was applied last, what is applied now and
//! what is there.

use std::fmt;
use std::fmt::Write as _;

use crate::api::{ApiError, Request};
use crate::cluster::Cluster;
use crate::cluster::user::{Accepted, merge};
use crate::manifest::{self, Document, Manifest, ManifestError, Problem, Reader, Strictness};
use crate::model::json::Json;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::names::LAST_APPLIED;

/// What applying did to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It was created.
    Created,
    /// It was changed.
    Configured,
    /// It was as it should be.
    Unchanged,
    /// It was restored as it is.
    Restored,
}

impl Outcome {
    /// kubectl's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
            Self::Restored => "restored",
        }
    }
}

/// What applying a manifest did.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Applied {
    /// The objects in the order of the manifest, with what happened to each.
    pub objects: Vec<(ObjectKey, Outcome)>,
    /// Warnings of the API server.
    pub warnings: Vec<String>,
    /// What [`Strictness::Warn`] let pass.
    pub let_pass: Vec<Problem>,
    /// Kinds that the simulator does not hold, with the number of their objects.
    pub passed_over: std::collections::BTreeMap<crate::model::text::Text, usize>,
}

impl Applied {
    /// The kind that was probably meant by one that was passed over. Short names are near to each other anyway.
    pub fn meant(kind: &str) -> Option<Kind> {
        if kind.len() < 8 {
            return None;
        }
        let name = manifest::nearest(kind, Kind::ALL.iter().map(|known| known.as_str()))?;
        Kind::ALL.iter().copied().find(|known| known.as_str() == name)
    }
}

/// Why a manifest was not applied. Nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// It could not be read.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The API server refused objects of it.
    #[error("{}", lines(problems))]
    Refused {
        /// What it says, and about which line.
        problems: Vec<Problem>,
    },
}

fn lines<T: fmt::Display>(problems: &[T]) -> String {
    let mut text = String::new();
    for (index, problem) in problems.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = write!(text, "{}{problem}", if index > 0 { "\n" } else { "" });
    }
    text
}

impl ApplyError {
    /// The problems, in the order of the text.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Manifest(error) => &error.problems,
            Self::Refused { problems } => problems,
        }
    }
}

impl Cluster {
    /// Applies a manifest in YAML or JSON, strictly read. Either all of it is applied or nothing.
    ///
    /// ```
    /// use bindery::Cluster;
    ///
    /// let mut cluster = Cluster::default();
    /// let error = cluster.apply_yaml("{apiVersion: v1, kind: PersistentVolume, metadata: {name: Data}}").unwrap_err();
    /// assert!(error.to_string().contains("line 1: metadata.name: Invalid value: \"Data\""));
    /// ```
    ///
    /// # Errors
    /// [`ApplyError`] names every problem with its document, line, path and rule.
    pub fn apply_yaml(&mut self, text: &str) -> Result<Applied, ApplyError> {
        self.apply(text, &Reader::new())
    }

    /// Applies a manifest as a reader reads it. Either all of it is applied or nothing.
    ///
    /// # Errors
    /// [`ApplyError`] names every problem with its document, line, path and rule.
    pub fn apply(&mut self, text: &str, reader: &Reader) -> Result<Applied, ApplyError> {
        let manifest = reader.clone().keep_written().read(text)?;
        self.apply_manifest(manifest, text, reader, |_| {})
    }

    /// Applies a manifest that was read before, by [`Reader::read`] with [`Reader::keep_written`]. The text and the reader
    /// are those that it was read from and with; problems are located in them. `progress` is told the number of objects
    /// that were looked at so far, for somebody who waits. Either all of it is applied or nothing.
    ///
    /// # Errors
    /// [`ApplyError::Refused`] names every problem with its document, line, path and rule.
    pub fn apply_manifest(
        &mut self,
        manifest: Manifest,
        text: &str,
        reader: &Reader,
        mut progress: impl FnMut(usize),
    ) -> Result<Applied, ApplyError> {
        let Manifest { documents, passed_over, warnings } = manifest;
        let mut trial = self.fork();
        let mut applied = Applied { passed_over, let_pass: warnings, ..Applied::default() };
        let mut refused = Vec::new();
        for (number, document) in documents.into_iter().enumerate() {
            match trial.apply_document(document) {
                Ok((key, outcome, warnings)) => {
                    applied.warnings.extend(warnings);
                    applied.objects.push((key, outcome));
                }
                Err(error) => refused.push((number, places(&error))),
            }
            progress(number + 1);
        }
        if refused.is_empty() {
            *self = trial;
            return Ok(applied);
        }
        Err(ApplyError::Refused { problems: reader.place(text, &refused) })
    }

    /// Restores every object of a dump in YAML or JSON, as `kubectl get -o yaml` prints it. Fields that the model
    /// does not know are kept. Either all of it is restored or nothing.
    ///
    /// # Errors
    /// [`ApplyError`] where the text cannot be read, or an object exists already.
    pub fn restore_yaml(&mut self, text: &str) -> Result<Applied, ApplyError> {
        self.restore_from(text, &Reader::new())
    }

    /// Restores every object of a dump as a reader reads it, whatever that does with unknown fields.
    ///
    /// # Errors
    /// As [`Cluster::restore_yaml`].
    pub fn restore_from(&mut self, text: &str, reader: &Reader) -> Result<Applied, ApplyError> {
        let reader = reader.clone().strictness(Strictness::Keep);
        let Manifest { documents, passed_over, .. } = reader.read(text)?;
        let mut trial = self.fork();
        let mut applied = Applied { passed_over, ..Applied::default() };
        let mut refused = Vec::new();
        for (number, document) in documents.into_iter().enumerate() {
            match trial.restore(document.object) {
                Ok(object) => applied.objects.push((object.reference(), Outcome::Created)),
                Err(error) => refused.push((number, places(&error))),
            }
        }
        if refused.is_empty() {
            *self = trial;
            return Ok(applied);
        }
        Err(ApplyError::Refused { problems: reader.place(text, &refused) })
    }

    /// Takes in what a text holds, whatever that is: objects with a uid come from a cluster and are restored as they are,
    /// the others are applied as manifests. A text of manifests only is read as the reader reads it; one with objects
    /// of a cluster keeps the fields that the model does not know. Either all of it is taken in or nothing.
    ///
    /// ```
    /// use bindery::{Cluster, Outcome, Reader};
    ///
    /// let mut cluster = Cluster::default();
    /// let found = cluster.load("
    /// apiVersion: v1
    /// kind: List
    /// items:
    /// - {apiVersion: v1, kind: Namespace, metadata: {name: shop, uid: 5d1f3b3e-1c5a-4f57-a2c9-8a3a1f6e7d10}, status: {phase: Active}}
    /// ", &Reader::new())?;
    /// assert_eq!(found.objects[0].1, Outcome::Restored);
    /// # Ok::<(), bindery::ApplyError>(())
    /// ```
    ///
    /// # Errors
    /// [`ApplyError`] where the text cannot be read, or an object is refused or exists already.
    pub fn load(&mut self, text: &str, reader: &Reader) -> Result<Applied, ApplyError> {
        let lenient = reader.clone().strictness(Strictness::Keep);
        let Manifest { documents, passed_over, .. } = lenient.read(text)?;
        let is_found = |document: &Document| !document.object.metadata().uid.is_empty();
        if !documents.iter().any(is_found) {
            return self.apply(text, reader);
        }
        let mut trial = self.fork();
        let mut loaded = Applied { passed_over, ..Applied::default() };
        let mut refused = Vec::new();
        let (found, written): (Vec<_>, Vec<_>) =
            documents.into_iter().enumerate().partition(|(_, document)| is_found(document));
        for (number, document) in found {
            match trial.restore(document.object) {
                Ok(object) => loaded.objects.push((object.reference(), Outcome::Restored)),
                Err(error) => refused.push((number, places(&error))),
            }
        }
        for (number, document) in written {
            match trial.apply_document(document) {
                Ok((key, outcome, warnings)) => {
                    loaded.warnings.extend(warnings);
                    loaded.objects.push((key, outcome));
                }
                Err(error) => refused.push((number, places(&error))),
            }
        }
        if refused.is_empty() {
            *self = trial;
            return Ok(loaded);
        }
        refused.sort();
        Err(ApplyError::Refused { problems: reader.place(text, &refused) })
    }

    fn apply_document(&mut self, document: Document) -> Result<(ObjectKey, Outcome, Vec<String>), ApiError> {
        let key = self.full_key(&document.object.reference());
        let mut written = document.written.unwrap_or_else(|| manifest::to_value(&document.object));
        // kubectl notes the namespace that it used.
        if key.kind.is_namespaced() {
            let namespace = Json::String(key.key.namespace.clone());
            merge(&mut written, &map("metadata", map("namespace", namespace)));
        }
        let last_applied = note(&written);
        let noted = map("metadata", map("annotations", map(LAST_APPLIED, Json::String(last_applied.into()))));
        let Some(live) = self.store.find(&key) else {
            merge(&mut written, &noted);
            let object = decode(&key, &written)?;
            let accepted = self.create(object)?;
            return Ok((key, Outcome::Created, accepted.warnings));
        };
        let annotation = live.metadata().annotations.get(LAST_APPLIED);
        let before: Json = annotation.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let mut json = manifest::to_value(&live);
        remove_given_up(&mut json, &before, &written);
        merge(&mut json, &written);
        merge(&mut json, &noted);
        let object = decode(&key, &json)?;
        let version = live.metadata().resource_version;
        let Accepted { object, warnings } = self.update(Request::Patch, &key, object)?;
        let changed = object.metadata().resource_version != version;
        Ok((key, if changed { Outcome::Configured } else { Outcome::Unchanged }, warnings))
    }
}

fn decode(key: &ObjectKey, json: &Json) -> Result<Object, ApiError> {
    manifest::from_value(key.kind, json, Strictness::Keep)
        .map_err(|error| ApiError::BadRequest { message: error.to_string() })
}

fn map(key: &str, value: Json) -> Json {
    Json::Map(vec![(key.into(), value)])
}

/// What was written, as kubectl notes it: one line of JSON with sorted keys, and at least empty annotations.
fn note(written: &Json) -> String {
    let mut noted = written.clone();
    let mut annotations = noted.get("metadata").and_then(|metadata| metadata.get("annotations")).cloned();
    if let Some(Json::Map(entries)) = &mut annotations {
        entries.retain(|(key, _)| key != LAST_APPLIED);
    }
    if !matches!(annotations, Some(Json::Map(_))) {
        annotations = Some(Json::Map(Vec::new()));
    }
    if let Json::Map(entries) = &mut noted
        && let Some((_, Json::Map(metadata))) = entries.iter_mut().find(|(key, _)| key == "metadata")
    {
        metadata.retain(|(key, _)| key != "annotations");
        metadata.extend(annotations.map(|annotations| ("annotations".into(), annotations)));
    }
    manifest::to_line(&noted)
}

/// Removes what was applied before and is not applied any more; maps are compared key by key, lists whole.
fn remove_given_up(live: &mut Json, before: &Json, now: &Json) {
    let (Json::Map(live), Json::Map(before)) = (live, before) else {
        return;
    };
    for (key, before) in before {
        match now.get(key) {
            None => live.retain(|(held, _)| held != key),
            Some(now) => {
                if let Some((_, live)) = live.iter_mut().find(|(held, _)| held == key) {
                    remove_given_up(live, before, now);
                }
            }
        }
    }
}

/// The paths and rules of a refusal.
fn places(error: &ApiError) -> Vec<(String, String)> {
    let ApiError::Invalid { errors, .. } = error else {
        return vec![(String::new(), error.to_string())];
    };
    let mut places: Vec<(String, String)> = Vec::new();
    for error in errors {
        let place = (error.field.clone(), error.to_string());
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}
