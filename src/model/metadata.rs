//! What every object has: its name, its versions, its labels, its owners.
//!
//! Follows `ObjectMeta` of `k8s.io/apimachinery`. What protecting and binding change (the version, the annotations and the
//! finalizers) is inline; the rest is shared by all versions of an object.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use crate::model::fields::{Field, api_struct};
use crate::model::inner::reach;
use crate::model::json::Json;
use crate::model::list::{List, StringMap};
use crate::model::rare::{Rare, blank};
use crate::model::shared::Shared;
use crate::model::text::Text;
use crate::model::time::Timestamp;

/// The identity of one incarnation of an object: re-created under the same name it has another.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid(Text);

impl Uid {
    /// The text of the uid.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Into<Text>> From<T> for Uid {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Field for Uid {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

impl Serialize for Uid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Uid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(Self)
    }
}

/// The version of an object in the store; every write raises it. Zero stands for none.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceVersion(pub u64);

impl ResourceVersion {
    /// Whether no version was given.
    pub fn is_none(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for ResourceVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for ResourceVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl Field for ResourceVersion {
    fn is_blank(&self) -> bool {
        self.is_none()
    }
}

impl Serialize for ResourceVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ResourceVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self::default());
        }
        let number =
            text.parse().map_err(|_| D::Error::custom(format_args!("resourceVersion {text:?} is not an integer")))?;
        Ok(Self(number))
    }
}

api_struct! {
    /// An object that this one belongs to; when all owners are gone, the garbage collector deletes it.
    pub struct OwnerReference {
        /// Group and version of the owner's kind.
        api_version: Text = "apiVersion" always;
        /// Kind of the owner.
        kind: Text = "kind" always;
        /// Name of the owner.
        name: Text = "name" always;
        /// Uid of the owner.
        uid: Uid = "uid" always;
        /// Whether this owner manages the object; at most one does.
        controller: Option<bool> = "controller";
        /// If `true`, the owner cannot be deleted in the foreground while this object exists.
        block_owner_deletion: Option<bool> = "blockOwnerDeletion";
    }
}

api_struct! {
    /// The part of the metadata that most volumes and claims do not have.
    pub struct RareMetadata {
        /// Seconds that a graceful deletion may take.
        deletion_grace_period_seconds: Option<i64> = "deletionGracePeriodSeconds";
        /// When deletion was requested; the object stays as long as it has finalizers.
        deletion_timestamp: Option<Timestamp> = "deletionTimestamp";
        /// Prefix from which a name is made when none is given.
        generate_name: Text = "generateName";
        /// Who set which fields; carried, never looked at.
        managed_fields: List<Json> = "managedFields";
        /// The objects that this one belongs to.
        owner_references: List<OwnerReference> = "ownerReferences";
        /// Obsolete; carried, never looked at.
        self_link: Text = "selfLink";
    }
}

blank!(RareMetadata);
reach! {
    Identity => rare: RareMetadata;
    ObjectMeta => identity: Identity;
}

api_struct! {
    /// The part of the metadata that protecting and binding leave alone, shared by the versions of an object. The fields
    /// of [`RareMetadata`] are reached as if they were its own.
    pub struct Identity {
        /// When the object was created.
        creation_timestamp: Option<Timestamp> = "creationTimestamp";
        /// Counts the changes of the spec, for kinds that have this.
        generation: i64 = "generation";
        /// Labels, by which selectors choose objects.
        labels: StringMap = "labels";
        /// The name.
        name: Text = "name";
        /// The namespace, for kinds that have one.
        namespace: Text = "namespace";
        /// The identity of this incarnation.
        uid: Uid = "uid";
    }
    group {
        /// The part that is mostly blank.
        rare: Rare<RareMetadata>;
    }
}

api_struct! {
    /// What every object has. The fields of [`Identity`] and [`RareMetadata`] are reached as if they were its own:
    ///
    /// ```
    /// use bindery::ObjectMeta;
    ///
    /// let mut metadata = ObjectMeta::named("data");
    /// metadata.namespace = "shop".into();
    /// assert_eq!(metadata.name, "data");
    /// ```
    pub struct ObjectMeta {
        /// Annotations, by which controllers leave notes.
        annotations: StringMap = "annotations";
        /// Names that keep a deleted object in existence until their owners remove them.
        finalizers: List<Text> = "finalizers";
        /// The version of the object; see [`ResourceVersion`].
        resource_version: ResourceVersion = "resourceVersion";
    }
    group {
        /// The part that versions share.
        identity: Shared<Identity>;
    }
}

impl ObjectMeta {
    /// Metadata with a name and nothing else.
    pub fn named(name: impl Into<Text>) -> Self {
        Self { identity: Shared::new(Identity { name: name.into(), ..Identity::default() }), ..Self::default() }
    }

    /// Whether these are the metadata of an object of the same name and namespace.
    pub(crate) fn is_namesake(&self, other: &Self) -> bool {
        self.identity.same(&other.identity) || (&self.name, &self.namespace) == (&other.name, &other.namespace)
    }

    /// Whether deletion was requested.
    pub fn is_deleting(&self) -> bool {
        self.deletion_timestamp.is_some()
    }

    /// Whether the finalizer is among the object's finalizers.
    pub fn has_finalizer(&self, finalizer: &str) -> bool {
        self.finalizers.iter().any(|held| held == finalizer)
    }

    /// The owner that manages this object, if there is one.
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|owner| owner.controller == Some(true))
    }
}
