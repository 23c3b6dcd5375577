//! Changes that would make a claim bind, as data that can be applied, to a cluster in memory or with `kubectl`.

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::api::ApiError;
use crate::cluster::{Cluster, merge};
use crate::manifest::{self, Strictness};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::json::Json;
use crate::model::kind::{Kind, Object, ObjectKey, Resource};
use crate::model::metadata::ObjectMeta;
use crate::model::names::{
    BETA_STORAGE_PROVISIONER, BIND_COMPLETED, BOUND_BY_CONTROLLER, LAST_APPLIED, SELECTED_NODE, STORAGE_PROVISIONER,
};
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;

/// One step of an [`Edit`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// An object is changed by a JSON merge patch.
    Patch {
        /// The object.
        object: ObjectKey,
        /// The patch, as for [`Cluster::patch`].
        patch: Json,
    },
    /// A claim or a volume is deleted and created again, because what has to change may not be changed.
    Recreate {
        /// The object.
        object: ObjectKey,
        /// What is different, as a JSON merge patch.
        patch: Json,
        /// The whole new object.
        manifest: Object,
    },
}

impl Step {
    /// The object that is changed.
    pub fn object(&self) -> &ObjectKey {
        match self {
            Self::Patch { object, .. } | Self::Recreate { object, .. } => object,
        }
    }

    /// What changes, as a JSON merge patch.
    pub fn patch(&self) -> &Json {
        match self {
            Self::Patch { patch, .. } | Self::Recreate { patch, .. } => patch,
        }
    }

    /// Carries the step out. The controllers do not run, but for what a deletion needs.
    ///
    /// # Errors
    /// [`ApiError`] as the API server gives it, also where the claim cannot go because a pod uses it.
    pub fn apply(&self, cluster: &mut Cluster) -> Result<(), ApiError> {
        match self {
            Self::Patch { object, patch } => cluster.patch(object, patch).map(drop),
            Self::Recreate { object, manifest, .. } => {
                match cluster.delete(object) {
                    Ok(()) => {}
                    Err(error) if error.is_not_found() => {}
                    Err(error) => return Err(error),
                }
                cluster.settle().map_err(|error| ApiError::Server { message: error.to_string() })?;
                cluster.create(manifest.clone()).map(drop)
            }
        }
    }
}

impl Step {
    /// The step as lines that a shell can run: a patch, or a deletion and the new manifest. Whatever the names and values
    /// are, the shell takes them as they stand.
    pub fn script(&self) -> String {
        let name = self.kubectl_name();
        match self {
            Self::Patch { .. } => self.to_string(),
            Self::Recreate { manifest, .. } => {
                let mut manifest = Json::of(manifest);
                if let Json::Map(fields) = &mut manifest {
                    fields.retain(|(field, _)| *field != "status");
                }
                let manifest = manifest::to_yaml(&manifest);
                format!("kubectl delete {name}\nkubectl apply -f - <<'END'\n{}\nEND", manifest.trim_end())
            }
        }
    }

    /// Kind, name and namespace as arguments of `kubectl`.
    fn kubectl_name(&self) -> String {
        let ObjectKey { kind, key } = self.object();
        let short = kind.short_name().map_or_else(|| kind.as_str().to_lowercase(), ToOwned::to_owned);
        let name = quoted(&key.name);
        if key.namespace.is_empty() {
            format!("{short} {name}")
        } else {
            format!("{short} {name} -n {}", quoted(&key.namespace))
        }
    }
}

/// A word as a shell takes it: as it is where it is made of harmless letters, else between quotes.
fn quoted(word: &str) -> String {
    let harmless = |letter: char| letter.is_ascii_alphanumeric() || "-._/:".contains(letter);
    if !word.is_empty() && word.chars().all(harmless) { word.to_owned() } else { format!("'{}'", unquoted(word)) }
}

/// A text that stands between single quotes.
fn unquoted(text: &str) -> String {
    text.replace('\'', r"'\''")
}

impl fmt::Display for Step {
    /// The command line that does it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.kubectl_name();
        let patch = manifest::to_line(self.patch());
        let patch = patch.trim_end();
        match self {
            Self::Patch { .. } => write!(f, "kubectl patch {name} --type=merge -p '{}'", unquoted(patch)),
            Self::Recreate { .. } => write!(f, "kubectl delete {name}, then create it again with {patch}"),
        }
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("Step", 4)?;
        match self {
            Self::Patch { object, patch } => {
                out.serialize_field("action", "patch")?;
                out.serialize_field("object", object)?;
                out.serialize_field("patch", patch)?;
                out.skip_field("manifest")?;
            }
            Self::Recreate { object, patch, manifest } => {
                out.serialize_field("action", "recreate")?;
                out.serialize_field("object", object)?;
                out.serialize_field("patch", patch)?;
                out.serialize_field("manifest", manifest)?;
            }
        }
        out.end()
    }
}

/// A change that makes a claim bind. That it does was seen in a copy of the cluster.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Edit {
    /// What is done, in one sentence without a full stop.
    pub summary: Text,
    /// What is done, step by step.
    pub steps: Vec<Step>,
    /// How large the change is: 1 for a label, more for what reaches further or throws something away. Of two edits
    /// the cheaper one comes first.
    pub cost: u32,
    /// The volume that the claim is bound to then.
    pub volume: Text,
    /// Whether that volume does not exist yet, and is made for the claim.
    pub made: bool,
    /// Whether the claim still waits for a pod then, of which there is none; it binds when there is one.
    pub waits_for_pod: bool,
    /// Other claims that would be bound without the edit and are not bound with it.
    pub displaced: Vec<ClaimKey>,
    /// What to think of before doing it.
    pub cautions: Vec<Text>,
}

impl Edit {
    /// Carries the edit out, step by step, in a cluster. The controllers do not run afterwards.
    ///
    /// ```
    /// use bindery::{AccessMode, ClaimPhase, Cluster, PersistentVolume, PersistentVolumeClaim};
    ///
    /// let mut cluster = Cluster::default();
    /// let volume = PersistentVolume::new("pv-1", "10Gi".parse()?, [AccessMode::ReadWriteOnce]);
    /// cluster.create(volume.with_class("fast"))?;
    /// let claim = PersistentVolumeClaim::new("default", "data", "5Gi".parse()?, [AccessMode::ReadWriteOnce]);
    /// cluster.create(claim.with_class("fats"))?;
    /// cluster.settle()?;
    /// let explanation = cluster.explain("data")?;
    /// explanation.edits[0].apply(&mut cluster)?;
    /// cluster.settle()?;
    /// assert_eq!(cluster.claim("data").unwrap().status.phase, ClaimPhase::Bound);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ApiError`] as the API server gives it. Steps before the one that failed were carried out.
    pub fn apply(&self, cluster: &mut Cluster) -> Result<(), ApiError> {
        self.steps.iter().try_for_each(|step| step.apply(cluster))
    }
}

/// An edit that was thought of and not tried yet.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) summary: String,
    pub(super) steps: Vec<Step>,
    pub(super) cost: u32,
    pub(super) cautions: Vec<Text>,
}

/// A volume as somebody would write it again, with a patch merged in. Nothing where the result is no volume.
pub(super) fn rewritten_volume(volume: &PersistentVolume, patch: &Json) -> Option<Object> {
    let mut new = volume.clone();
    new.metadata = ObjectMeta::named(volume.metadata.name.clone());
    new.metadata.labels = volume.metadata.labels.clone();
    new.metadata.annotations = volume.metadata.annotations.without(LAST_APPLIED).without(BOUND_BY_CONTROLLER);
    new.status = crate::model::volume::PersistentVolumeStatus::default();
    let mut json = manifest::to_value(&Object::from(new));
    merge(&mut json, patch);
    manifest::from_value(Kind::PersistentVolume, &json, Strictness::Keep).ok()
}

/// A claim as somebody would write it again: what the controllers and the API server added is left out, then the patch
/// is merged in. Nothing where the result is no claim.
pub(super) fn rewritten(claim: &PersistentVolumeClaim, patch: &Json) -> Option<Object> {
    let mut new = claim.clone();
    let mut annotations = new.metadata.annotations.clone();
    let controllers = [
        BIND_COMPLETED,
        STORAGE_PROVISIONER,
        BETA_STORAGE_PROVISIONER,
        SELECTED_NODE,
        LAST_APPLIED,
        BOUND_BY_CONTROLLER,
    ];
    if annotations.contains_key(BOUND_BY_CONTROLLER) {
        new.spec.volume_name = Text::default();
    }
    for key in controllers {
        annotations = annotations.without(key);
    }
    new.metadata = ObjectMeta::named(claim.metadata.name.clone());
    new.metadata.namespace = claim.metadata.namespace.clone();
    new.metadata.labels = claim.metadata.labels.clone();
    new.metadata.owner_references = claim.metadata.owner_references.clone();
    new.metadata.annotations = annotations;
    new.status = crate::model::claim::PersistentVolumeClaimStatus::default();
    let mut json = manifest::to_value(&Object::from(new));
    merge(&mut json, patch);
    manifest::from_value(PersistentVolumeClaim::KIND, &json, Strictness::Keep).ok()
}
