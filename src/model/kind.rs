//! The kinds of objects, and an object of any kind.

use std::fmt;
use std::sync::Arc;

use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::{StorageClass, VolumeAttributesClass};
use crate::model::config::{ConfigMap, Secret};
use crate::model::controller_revision::ControllerRevision;
use crate::model::csi::{CsiDriver, CsiNode, CsiStorageCapacity};
use crate::model::deployment::Deployment;
use crate::model::fields::{Field, Report, Trail, read_map};
use crate::model::json::Json;
use crate::model::metadata::ObjectMeta;
use crate::model::namespace::Namespace;
use crate::model::node::Node;
use crate::model::pod::Pod;
use crate::model::reference::NamespacedName;
use crate::model::replica_set::ReplicaSet;
use crate::model::resource_quota::ResourceQuota;
use crate::model::service::Service;
use crate::model::stateful_set::StatefulSet;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;

/// Declares the marker of a kind: two fields, `apiVersion` and `kind`, of which the values are always the same. What
/// is sent was looked at before the object was decoded; inside a template it is ignored, as the API does.
macro_rules! type_meta {
    ($(#[$attribute:meta])* $name:ident = $version:literal, $kind:literal) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name;

        impl $crate::model::fields::Fields for $name {
            const COUNT: usize = 2;

            fn index_of(key: &str) -> Option<usize> {
                ["apiVersion", "kind"].iter().position(|known| *known == key)
            }

            fn names() -> Vec<&'static str> {
                vec!["apiVersion", "kind"]
            }

            fn read<'de, A: serde::de::MapAccess<'de>>(&mut self, _: usize, map: &mut A) -> Result<(), A::Error> {
                $crate::model::fields::read_value::<$crate::model::text::Text, A>(map).map(|_| ())
            }

            fn write<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                map.serialize_entry("apiVersion", $version)?;
                map.serialize_entry("kind", $kind)
            }

            fn audit_fields(&self, _: &$crate::model::fields::Trail<'_>, _: $crate::model::fields::Report<'_>) {}
        }
    };
}

pub(crate) use type_meta;

macro_rules! kinds {
    ($( $(#[$doc:meta])* $kind:ident { name: $name:literal, version: $version:literal, resource: $resource:literal, short: $short:expr, namespaced: $namespaced:literal } )*) => {
        /// A kind of object that the simulator holds.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Kind {
            $( $(#[$doc])* $kind, )*
        }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// Its name, as `kind` in a manifest has it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $( Self::$kind => $name, )*
                }
            }

            /// Group and version, as `apiVersion` in a manifest has it.
            pub fn api_version(self) -> &'static str {
                match self {
                    $( Self::$kind => $version, )*
                }
            }

            /// Its plural name in lower case, as the API has it.
            pub fn resource(self) -> &'static str {
                match self {
                    $( Self::$kind => $resource, )*
                }
            }

            /// The short name that kubectl knows, where it knows one.
            pub fn short_name(self) -> Option<&'static str> {
                match self {
                    $( Self::$kind => $short, )*
                }
            }

            /// Whether its objects live in namespaces.
            pub fn is_namespaced(self) -> bool {
                match self {
                    $( Self::$kind => $namespaced, )*
                }
            }
        }

        /// An object of any kind, shared.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Object {
            $( $(#[$doc])* $kind(Arc<$kind>), )*
        }

        impl Object {
            /// Its kind.
            pub fn kind(&self) -> Kind {
                match self {
                    $( Self::$kind(_) => Kind::$kind, )*
                }
            }

            /// Its metadata.
            pub fn metadata(&self) -> &ObjectMeta {
                match self {
                    $( Self::$kind(object) => &object.metadata, )*
                }
            }

            /// Its metadata, to change it; copies the object first if it is shared.
            pub fn metadata_mut(&mut self) -> &mut ObjectMeta {
                match self {
                    $( Self::$kind(object) => &mut Arc::make_mut(object).metadata, )*
                }
            }

            pub(crate) fn audit(&self, report: Report<'_>) {
                match self {
                    $( Self::$kind(object) => object.audit(&Trail::root(), report), )*
                }
            }

            /// Decodes an object from a map of which version and kind, and perhaps one more key, were read already.
            pub(crate) fn deserialize_rest<'de, A: serde::de::MapAccess<'de>>(kind: Kind, first: Option<Text>, map: A) -> Result<Self, A::Error> {
                match kind {
                    $( Kind::$kind => read_map(&["apiVersion", "kind"], first, map, |object: &mut $kind| &mut object.unknown).map(|object| Self::$kind(Arc::new(object))), )*
                }
            }

            /// Decodes an object of a kind.
            pub(crate) fn deserialize<'de, D: serde::Deserializer<'de>>(kind: Kind, deserializer: D) -> Result<Self, D::Error> {
                match kind {
                    $( Kind::$kind => <$kind as serde::Deserialize>::deserialize(deserializer).map(|object| Self::$kind(Arc::new(object))), )*
                }
            }
        }

        impl serde::Serialize for Object {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $( Self::$kind(object) => object.serialize(serializer), )*
                }
            }
        }

        $(
            impl From<$kind> for Object {
                fn from(object: $kind) -> Self {
                    Self::$kind(Arc::new(object))
                }
            }

            impl Resource for $kind {
                const KIND: Kind = Kind::$kind;

                fn metadata(&self) -> &ObjectMeta {
                    &self.metadata
                }

                fn metadata_mut(&mut self) -> &mut ObjectMeta {
                    &mut self.metadata
                }

                fn wrap(object: Arc<Self>) -> Object {
                    Object::$kind(object)
                }

                fn unwrap(object: &Object) -> Option<&Arc<Self>> {
                    match object {
                        Object::$kind(object) => Some(object),
                        #[allow(unreachable_patterns, reason = "any other kind is not this one")]
                        _ => None,
                    }
                }
            }
        )*
    };
}

/// A type of objects: what [`Object`] can hold.
pub trait Resource: Clone + PartialEq + fmt::Debug + Send + Sync + 'static {
    /// Its kind.
    const KIND: Kind;

    /// Its metadata.
    fn metadata(&self) -> &ObjectMeta;

    /// Its metadata, to change it.
    fn metadata_mut(&mut self) -> &mut ObjectMeta;

    /// As an object of any kind.
    fn wrap(object: Arc<Self>) -> Object;

    /// The object, if it is of this kind.
    fn unwrap(object: &Object) -> Option<&Arc<Self>>;
}

kinds! {
    /// A piece of storage.
    PersistentVolume { name: "PersistentVolume", version: "v1", resource: "persistentvolumes", short: Some("pv"), namespaced: false }
    /// A request for storage.
    PersistentVolumeClaim { name: "PersistentVolumeClaim", version: "v1", resource: "persistentvolumeclaims", short: Some("pvc"), namespaced: true }
    /// How storage is made.
    StorageClass { name: "StorageClass", version: "storage.k8s.io/v1", resource: "storageclasses", short: Some("sc"), namespaced: false }
    /// How storage is tuned.
    VolumeAttributesClass { name: "VolumeAttributesClass", version: "storage.k8s.io/v1", resource: "volumeattributesclasses", short: Some("vac"), namespaced: false }
    /// Pods with an identity and claims of their own.
    StatefulSet { name: "StatefulSet", version: "apps/v1", resource: "statefulsets", short: Some("sts"), namespaced: true }
    /// Containers that run together and use volumes.
    Pod { name: "Pod", version: "v1", resource: "pods", short: Some("po"), namespaced: true }
    /// A machine that runs pods.
    Node { name: "Node", version: "v1", resource: "nodes", short: Some("no"), namespaced: false }
    /// Pods that are all alike, and how they get a new template.
    Deployment { name: "Deployment", version: "apps/v1", resource: "deployments", short: Some("deploy"), namespaced: true }
    /// A number of pods from one template.
    ReplicaSet { name: "ReplicaSet", version: "apps/v1", resource: "replicasets", short: Some("rs"), namespaced: true }
    /// A state of a set to which it can go back.
    ControllerRevision { name: "ControllerRevision", version: "apps/v1", resource: "controllerrevisions", short: None, namespaced: true }
    /// A name and an address for pods.
    Service { name: "Service", version: "v1", resource: "services", short: Some("svc"), namespaced: true }
    /// Texts for pods.
    ConfigMap { name: "ConfigMap", version: "v1", resource: "configmaps", short: Some("cm"), namespaced: true }
    /// Data for pods that not everybody may see.
    Secret { name: "Secret", version: "v1", resource: "secrets", short: None, namespaced: true }
    /// How much the objects of a namespace may use in all.
    ResourceQuota { name: "ResourceQuota", version: "v1", resource: "resourcequotas", short: Some("quota"), namespaced: true }
    /// Where objects live.
    Namespace { name: "Namespace", version: "v1", resource: "namespaces", short: Some("ns"), namespaced: false }
    /// What a storage driver can do and needs.
    CsiDriver { name: "CSIDriver", version: "storage.k8s.io/v1", resource: "csidrivers", short: None, namespaced: false }
    /// The storage drivers of a node.
    CsiNode { name: "CSINode", version: "storage.k8s.io/v1", resource: "csinodes", short: None, namespaced: false }
    /// How much storage of one class is left in one topology.
    CsiStorageCapacity { name: "CSIStorageCapacity", version: "storage.k8s.io/v1", resource: "csistoragecapacities", short: None, namespaced: true }
}

impl Kind {
    /// The kind of a manifest, by its `apiVersion` and `kind`; `None` where the simulator does not hold it.
    pub fn find(api_version: &str, kind: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.as_str() == kind && known.api_version() == api_version)
    }

    /// The key of an object of this kind; the name is `namespace/name` for kinds that live in namespaces.
    ///
    /// ```
    /// use bindery::Kind;
    ///
    /// let key = Kind::PersistentVolumeClaim.named("shop/data");
    /// assert_eq!(key.to_string(), "PersistentVolumeClaim shop/data");
    /// ```
    pub fn named(self, name: impl Into<NamespacedName>) -> ObjectKey {
        ObjectKey { kind: self, key: name.into() }
    }

    /// The kind of a name that a user types: `pv`, `persistentvolume`, `persistentvolumes`, `PersistentVolume`.
    pub fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        Self::ALL.iter().copied().find(|kind| {
            kind.short_name() == Some(name.as_str())
                || kind.resource() == name
                || kind.as_str().to_ascii_lowercase() == name
        })
    }

    /// Whether a group and version belongs to Kubernetes itself, so that a kind of ours in another one is a mistake
    /// and not somebody's custom resource.
    pub(crate) fn is_built_in(api_version: &str) -> bool {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        !group.contains('.') || group == "storage.k8s.io"
    }

    /// Group of the kind; empty for the core group.
    pub fn group(self) -> &'static str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    /// Kind and group in lower case, as kubectl writes them before a name: `storageclass.storage.k8s.io`.
    pub fn qualified_name(self) -> String {
        self.qualified().to_lowercase()
    }

    /// Kind and group, as the API server's messages have it: `StatefulSet.apps`.
    pub(crate) fn qualified(self) -> String {
        match self.group() {
            "" => self.as_str().to_owned(),
            group => format!("{}.{group}", self.as_str()),
        }
    }

    /// Resource and group, as the API server's messages have it: `storageclasses.storage.k8s.io`.
    pub(crate) fn qualified_resource(self) -> String {
        match self.group() {
            "" => self.resource().to_owned(),
            group => format!("{}.{group}", self.resource()),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Object {
    /// Namespace and name.
    pub fn key(&self) -> NamespacedName {
        let metadata = self.metadata();
        NamespacedName::new(&metadata.namespace, &metadata.name)
    }

    /// Whether both are written in the same way. Objects that are equal may differ in the text of a quantity.
    pub(crate) fn is_identical(&self, other: &Self) -> bool {
        self == other && Json::of(self) == Json::of(other)
    }

    /// Kind, namespace and name.
    pub fn reference(&self) -> ObjectKey {
        ObjectKey { kind: self.kind(), key: self.key() }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reference().fmt(f)
    }
}

/// Kind, namespace and name of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// The kind.
    pub kind: Kind,
    /// Namespace and name.
    pub key: NamespacedName,
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.key)
    }
}
