//! What is different between two clusters, or between a cluster before and after.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::cluster::Cluster;
use crate::manifest::to_line;
use crate::model::json::Json;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::text::Text;

/// Fields that change with every write and say nothing.
const PASSED_OVER: [&str; 4] =
    ["metadata.resourceVersion", "metadata.managedFields", "metadata.generation", "status.observedGeneration"];

/// A field that is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FieldChange {
    /// Its path, such as `spec.claimRef.uid`.
    pub path: Text,
    /// Its value before; nothing where it was absent.
    pub before: Option<Json>,
    /// Its value after; nothing where it is absent.
    pub after: Option<Json>,
}

impl FieldChange {
    /// The fields that are different between two states of an object, such as before and after a write. Versions and who
    /// manages which field are passed over.
    pub fn between(before: &Object, after: &Object) -> Vec<Self> {
        let mut fields = Vec::new();
        compare(&Json::of(before), &Json::of(after), "", &mut fields);
        fields
    }
}

/// What became of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum ObjectChange {
    /// It is only in the second cluster.
    Added,
    /// It is only in the first cluster.
    Removed,
    /// There is another object of this name, by its uid.
    Recreated {
        /// The fields that are different.
        fields: Vec<FieldChange>,
    },
    /// It is in both, and different.
    Changed {
        /// The fields that are different.
        fields: Vec<FieldChange>,
    },
}

/// An object that is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ObjectDiff {
    /// The object.
    pub object: ObjectKey,
    /// What became of it.
    #[serde(flatten)]
    pub change: ObjectChange,
}

/// What is different between two clusters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diff {
    /// The objects that are different, by kind and name.
    pub objects: Vec<ObjectDiff>,
}

impl Diff {
    /// Whether nothing is different.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

impl Cluster {
    /// What is different in another cluster, such as this one after something was done to it. Versions and who manages
    /// which field are passed over. Cost: linear in the objects; those that both clusters share are not looked into.
    ///
    /// ```
    /// use bindery::{AccessMode, Cluster, PersistentVolume, PersistentVolumeClaim};
    ///
    /// let mut cluster = Cluster::default();
    /// cluster.create(PersistentVolume::new("pv-1", "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
    /// cluster.settle()?;
    /// let before = cluster.fork();
    /// cluster.create(PersistentVolumeClaim::new("default", "data", "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
    /// cluster.settle()?;
    /// let diff = before.diff(&cluster).to_string();
    /// assert!(diff.starts_with("~ pv/pv-1\n"));
    /// assert!(diff.contains("    status.phase: \"Available\" -> \"Bound\"\n"));
    /// assert!(diff.ends_with("+ pvc/default/data\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn diff(&self, other: &Self) -> Diff {
        let objects = Kind::ALL.iter().flat_map(|kind| diff_kind(*kind, self, other));
        Diff { objects: objects.collect() }
    }
}

fn diff_kind(kind: Kind, before: &Cluster, after: &Cluster) -> Vec<ObjectDiff> {
    let by_name = |cluster: &Cluster| -> BTreeMap<_, Object> {
        cluster.objects(kind).into_iter().map(|object| (object.key(), object)).collect()
    };
    let (before, mut after) = (by_name(before), by_name(after));
    let mut changes = BTreeMap::new();
    for (key, old) in before {
        let change = match after.remove(&key) {
            None => Some(ObjectChange::Removed),
            Some(new) => changed(&old, &new),
        };
        changes.extend(change.map(|change| (key, change)));
    }
    changes.extend(after.into_keys().map(|key| (key, ObjectChange::Added)));
    changes.into_iter().map(|(key, change)| ObjectDiff { object: ObjectKey { kind, key }, change }).collect()
}

fn changed(old: &Object, new: &Object) -> Option<ObjectChange> {
    if old == new {
        return None;
    }
    let mut fields = FieldChange::between(old, new);
    let recreated = old.metadata().uid != new.metadata().uid;
    fields.retain(|field| field.path != "metadata.uid");
    if recreated {
        return Some(ObjectChange::Recreated { fields });
    }
    (!fields.is_empty()).then_some(ObjectChange::Changed { fields })
}

/// Maps are compared key by key, lists and values whole.
fn compare(old: &Json, new: &Json, path: &str, fields: &mut Vec<FieldChange>) {
    if old == new || PASSED_OVER.contains(&path) {
        return;
    }
    let (Json::Map(before), Json::Map(after)) = (old, new) else {
        fields.push(FieldChange { path: path.into(), before: Some(old.clone()), after: Some(new.clone()) });
        return;
    };
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    for (key, value) in before {
        match new.get(key) {
            Some(other) => compare(value, other, &below(key), fields),
            None => one_sided(value, &below(key), true, fields),
        }
    }
    for (key, value) in after.iter().filter(|(key, _)| old.get(key).is_none()) {
        one_sided(value, &below(key), false, fields);
    }
}

/// A value that is on one side only; of a map each entry is told.
fn one_sided(value: &Json, path: &str, before: bool, fields: &mut Vec<FieldChange>) {
    if PASSED_OVER.contains(&path) {
        return;
    }
    if let Json::Map(entries) = value
        && !entries.is_empty()
    {
        for (key, value) in entries {
            one_sided(value, &format!("{path}.{key}"), before, fields);
        }
        return;
    }
    let (old, new) = if before { (Some(value.clone()), None) } else { (None, Some(value.clone())) };
    fields.push(FieldChange { path: path.into(), before: old, after: new });
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.objects.iter().try_for_each(|object| object.fmt(f))
    }
}

impl fmt::Display for ObjectDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = self.object.short();
        match &self.change {
            ObjectChange::Added => writeln!(f, "+ {object}"),
            ObjectChange::Removed => writeln!(f, "- {object}"),
            ObjectChange::Recreated { fields } => {
                writeln!(f, "~ {object} (created again)")?;
                fields.iter().try_for_each(|field| writeln!(f, "    {field}"))
            }
            ObjectChange::Changed { fields } => {
                writeln!(f, "~ {object}")?;
                fields.iter().try_for_each(|field| writeln!(f, "    {field}"))
            }
        }
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: Option<&Json>| {
            value.map_or_else(|| "none".to_owned(), |value| to_line(value).trim_end().to_owned())
        };
        write!(f, "{}: {} -> {}", self.path, shown(self.before.as_ref()), shown(self.after.as_ref()))
    }
}
