//! The key of an object as a user writes it: `pvc/data`, `pvc/shop/data`, `pv/pv-1`.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::model::kind::{Kind, ObjectKey};
use crate::model::text::Text;

/// A text that names no object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectKeyError {
    /// It has no slash.
    #[error("{text:?} names no object: a kind and a name are expected, such as pvc/data")]
    NoKind {
        /// The text.
        text: Text,
    },
    /// There is no such kind.
    #[error("the kind {kind:?} is not known")]
    UnknownKind {
        /// The kind.
        kind: Text,
    },
    /// The kind has no such names.
    #[error("{name:?} is no name of a {kind}")]
    BadName {
        /// The name.
        name: Text,
        /// The kind.
        kind: Kind,
    },
}

impl FromStr for ObjectKey {
    type Err = ObjectKeyError;

    /// Reads `kind/name` or `kind/namespace/name`. Without a namespace the one of the cluster is meant.
    ///
    /// ```
    /// use bindery::{Kind, ObjectKey};
    ///
    /// assert_eq!("pvc/shop/data".parse(), Ok(Kind::PersistentVolumeClaim.named("shop/data")));
    /// assert!("disk/a".parse::<ObjectKey>().is_err());
    /// ```
    fn from_str(text: &str) -> Result<Self, ObjectKeyError> {
        let (kind, name) = text.split_once('/').ok_or_else(|| ObjectKeyError::NoKind { text: text.into() })?;
        let found = Kind::parse(kind).ok_or_else(|| ObjectKeyError::UnknownKind { kind: kind.into() })?;
        let in_namespace = name.contains('/');
        if name.is_empty() || in_namespace && !found.is_namespaced() {
            return Err(ObjectKeyError::BadName { name: name.into(), kind: found });
        }
        Ok(found.named(name))
    }
}

impl ObjectKey {
    /// The key as a user writes it, with the short name of the kind where it has one: `pvc/data`.
    pub fn short(&self) -> String {
        let kind = self.kind.short_name().map_or_else(|| self.kind.as_str().to_lowercase(), ToOwned::to_owned);
        format!("{kind}/{}", self.key)
    }
}

impl Serialize for ObjectKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.short())
    }
}

impl<'de> Deserialize<'de> for ObjectKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = ObjectKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a kind and a name such as pvc/data")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ObjectKey, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}
