//! References from one object to another, and the keys by which objects are found.

use std::fmt;
use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;
use serde::ser::{Serialize, Serializer};

use crate::model::fields::api_struct;
use crate::model::metadata::Uid;
use crate::model::names::shared;
use crate::model::text::Text;

api_struct! {
    /// A reference to an object, as `spec.claimRef` of a volume is one.
    pub struct ObjectReference {
        /// Kind of the object.
        kind: Text = "kind";
        /// Its namespace.
        namespace: Text = "namespace";
        /// Its name.
        name: Text = "name";
        /// Its uid; empty where only the name is meant.
        uid: Uid = "uid";
        /// Group and version of its kind.
        api_version: Text = "apiVersion";
        /// Its version when the reference was made.
        resource_version: Text = "resourceVersion";
        /// A part of the object.
        field_path: Text = "fieldPath";
    }
}

impl ObjectReference {
    /// Namespace and name of the object.
    pub(crate) fn key(&self) -> NamespacedName {
        NamespacedName { namespace: self.namespace.clone(), name: self.name.clone() }
    }

    /// A reference to a claim by namespace and name, without a uid.
    pub fn to_claim(namespace: impl Into<Text>, name: impl Into<Text>) -> Self {
        Self {
            kind: shared::CLAIM_KIND.clone(),
            api_version: shared::CORE_VERSION.clone(),
            namespace: namespace.into(),
            name: name.into(),
            ..Self::default()
        }
    }
}

api_struct! {
    /// A reference to a secret.
    pub struct SecretReference {
        /// Its name.
        name: Text = "name";
        /// Its namespace.
        namespace: Text = "namespace";
    }
}

api_struct! {
    /// A reference to an object of the same namespace whose kind is given.
    pub struct TypedLocalObjectReference {
        /// Group of the kind; absent and empty both stand for the core group.
        api_group: Option<Text> = "apiGroup" always;
        /// Kind of the object.
        kind: Text = "kind" always;
        /// Its name.
        name: Text = "name" always;
    }
}

api_struct! {
    /// A reference to an object whose kind is given.
    pub struct TypedObjectReference {
        /// Group of the kind; absent and empty both stand for the core group.
        api_group: Option<Text> = "apiGroup" always;
        /// Kind of the object.
        kind: Text = "kind" always;
        /// Its name.
        name: Text = "name" always;
        /// Its namespace, where it is another one.
        namespace: Option<Text> = "namespace";
    }
}

/// Namespace and name of an object; the key of a claim (`HELP-13`).
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespacedName {
    /// The namespace; empty for kinds that have none.
    pub namespace: Text,
    /// The name.
    pub name: Text,
}

/// Namespace and name of a claim.
pub type ClaimKey = NamespacedName;

/// The hash by which names are found.
pub(crate) fn hash_of(namespace: &str, name: &str) -> u64 {
    FxBuildHasher.hash_one((namespace, name))
}

impl NamespacedName {
    /// A key from its parts.
    pub fn new(namespace: impl Into<Text>, name: impl Into<Text>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The key of an object whose kind has no namespaces.
    pub(crate) fn cluster_wide(name: &Text) -> Self {
        Self { namespace: Text::default(), name: name.clone() }
    }
}

impl From<&str> for NamespacedName {
    /// Reads `namespace/name`; a text without a slash is a name without a namespace.
    fn from(text: &str) -> Self {
        match text.split_once('/') {
            Some((namespace, name)) => Self::new(namespace, name),
            None => Self::new("", text),
        }
    }
}

impl From<String> for NamespacedName {
    /// Reads `namespace/name` as from `&str`.
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl fmt::Display for NamespacedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() { f.pad(&self.name) } else { write!(f, "{}/{}", self.namespace, self.name) }
    }
}

impl Serialize for NamespacedName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Debug for NamespacedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
