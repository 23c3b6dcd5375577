//! What every object has: its name, its versions, its labels, its owners.
//!
//! Follows `ObjectMeta` of `k8s.io/apimachinery`. What protecting and binding change (the version, the annotations and the
//! finalizers) is inline; the rest is shared by all versions of an object.

use std::cmp::Ordering;
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
///
/// ```
/// use bindery::Uid;
///
/// let uid = Uid::from("00000000-0000-4000-8000-00000000002a");
/// assert_eq!(uid, "00000000-0000-4000-8000-00000000002a");
/// assert_eq!(uid.to_string().len(), 36);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Uid(Spelling);

/// A uid that the store has given is a number in the form of a UUID (`DET-10`), and is kept as that number. No text that
/// spells such a uid is kept as text, so that uids are the same where their spellings are.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Spelling {
    Counted(u64),
    Text(Text),
}

/// How the uids that are counted begin; the number follows in twelve hexadecimal digits.
const COUNTED: &str = "00000000-0000-4000-8000-";
const DIGITS: usize = 12;

impl Uid {
    /// The uid of a number, of which as many bits count as there is room for.
    pub(crate) fn counted(number: u64) -> Self {
        Self(Spelling::Counted(number & ((1 << (4 * DIGITS)) - 1)))
    }

    /// The number, where it is one that is counted.
    pub(crate) fn number(&self) -> Option<u64> {
        match self.0 {
            Spelling::Counted(number) => Some(number),
            Spelling::Text(_) => None,
        }
    }

    /// The text of the uid.
    pub fn to_text(&self) -> Text {
        match &self.0 {
            Spelling::Counted(_) => self.to_string().into(),
            Spelling::Text(text) => text.clone(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Spelling::Text(text) if text.is_empty())
    }
}

impl Default for Uid {
    fn default() -> Self {
        Self(Spelling::Text(Text::default()))
    }
}

impl<T: Into<Text>> From<T> for Uid {
    fn from(text: T) -> Self {
        let text = text.into();
        let digits = text.strip_prefix(COUNTED).filter(|digits| digits.len() == DIGITS);
        let lower = digits.filter(|digits| digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
        match lower.and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
            Some(number) => Self(Spelling::Counted(number)),
            None => Self(Spelling::Text(text)),
        }
    }
}

/// The order of the texts.
impl Ord for Uid {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Spelling::Counted(one), Spelling::Counted(other)) => one.cmp(other),
            (Spelling::Text(one), Spelling::Text(other)) => one.cmp(other),
            _ => self.to_text().cmp(&other.to_text()),
        }
    }
}

impl PartialOrd for Uid {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq<str> for Uid {
    fn eq(&self, other: &str) -> bool {
        *self.to_text() == *other
    }
}

impl PartialEq<&str> for Uid {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Spelling::Counted(number) => write!(f, "{COUNTED}{number:0DIGITS$x}"),
            Spelling::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_text(), f)
    }
}

impl Field for Uid {
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

impl Serialize for Uid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Uid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(Self::from)
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

#[cfg(test)]
mod tests {
    use crate::model::metadata::Uid;

    #[test]
    fn a_uid_that_is_kept_as_a_number_is_like_one_that_is_kept_as_its_text() {
        let counted = Uid::counted(0x2a);
        assert_eq!(counted, Uid::from(counted.to_string()));
        assert_eq!((counted.number(), &*counted.to_text()), (Some(0x2a), "00000000-0000-4000-8000-00000000002a"));
        assert_eq!(format!("{counted:?}"), "\"00000000-0000-4000-8000-00000000002a\"");
        for other in ["00000000-0000-4000-8000-00000000002A", "00000000-0000-4000-8000-2a", "", "x"] {
            assert_eq!((Uid::from(other).number(), &*Uid::from(other).to_text()), (None, other));
        }
    }

    #[test]
    fn uids_are_in_the_order_of_their_texts() {
        let texts = ["", "00000000-0000-4000-8000-00000000002A", "00000000-0000-4000-8000-2a", "a"];
        let mut uids: Vec<Uid> = texts.into_iter().map(Uid::from).chain([3, 2, 0xa0].map(Uid::counted)).collect();
        let mut spelled: Vec<String> = uids.iter().map(Uid::to_string).collect();
        uids.sort();
        spelled.sort();
        assert_eq!(uids.iter().map(Uid::to_string).collect::<Vec<_>>(), spelled);
    }

    #[test]
    fn a_uid_takes_two_words() {
        assert_eq!(size_of::<Uid>(), 16);
    }
}
