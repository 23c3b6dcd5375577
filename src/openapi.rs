//! Conversions from and to the types of the crate [`k8s_openapi`], which `kube` uses as well.
//!
//! Both sides follow the same JSON, so that an object goes over as it would to an API server and back. Whoever builds a
//! program chooses the version of the API by a feature of `k8s_openapi`, 1.33 or newer; of the kinds here only
//! `VolumeAttributesClass` is not in all of them.

use serde::de::DeserializeOwned;
use serde::ser::Serialize;

use crate::manifest::{self, ManifestError, Strictness};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::{StorageClass, VolumeAttributesClass};
use crate::model::config::{ConfigMap, Secret};
use crate::model::controller_revision::ControllerRevision;
use crate::model::csi::{CsiDriver, CsiNode, CsiStorageCapacity};
use crate::model::deployment::Deployment;
use crate::model::json::Json;
use crate::model::kind::{Kind, Resource};
use crate::model::namespace::Namespace;
use crate::model::node::Node;
use crate::model::pod::Pod;
use crate::model::replica_set::ReplicaSet;
use crate::model::resource_quota::ResourceQuota;
use crate::model::service::Service;
use crate::model::stateful_set::StatefulSet;
use crate::model::volume::PersistentVolume;

/// Why an object could not be converted.
///
/// With the feature `k8s-openapi` every kind converts from the type of the crate `k8s_openapi` and to it, by value or by
/// reference, so that what comes from `kube` can be put in as it is:
///
/// ```
/// use bindery::{Cluster, Node};
/// use k8s_openapi::api::core::v1;
///
/// let mut node = v1::Node::default();
/// node.metadata.name = Some("node-1".to_owned());
/// let mut cluster = Cluster::default();
/// let stored = cluster.create(Node::try_from(&node)?)?.object;
/// let bindery::Object::Node(stored) = stored else { unreachable!() };
/// assert!(v1::Node::try_from(&*stored)?.metadata.uid.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Fields of the API that the model has no part of its own for go both ways, their keys sorted. Fields that are not in
/// the version of the API that was chosen are lost on the way to `k8s_openapi`. A conversion takes about ten
/// microseconds, as it goes through JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConversionError {
    /// A value of an object of `k8s_openapi` is none of the API, such as a quantity that cannot be read.
    #[error(transparent)]
    Refused(#[from] ManifestError),
    /// The type of `k8s_openapi` cannot hold the object: a field has another shape in that version of the API, or one is
    /// missing that has to be there.
    #[error("a {kind} does not fit the types of k8s-openapi: {message}")]
    Unfit {
        /// Its kind.
        kind: Kind,
        /// What does not fit.
        message: String,
    },
    /// A value cannot be written as JSON.
    #[error("a {kind} cannot be written as JSON: {message}")]
    Unwritable {
        /// Its kind.
        kind: Kind,
        /// Why.
        message: String,
    },
}

fn taken<T: Resource>(theirs: &impl Serialize) -> Result<T, ConversionError> {
    let unwritable = |message| ConversionError::Unwritable { kind: T::KIND, message };
    let value = serde_json::to_value(theirs).map_err(|error| unwritable(error.to_string()))?;
    // What the model does not know is kept, so that it comes back.
    let object = manifest::from_value(T::KIND, &Json::of(&value), Strictness::Keep)?;
    let own = T::unwrap(&object).map(|own| (**own).clone());
    own.ok_or_else(|| unwritable(format!("a {} came of it", object.kind())))
}

fn given<T: Resource + Serialize, K: DeserializeOwned>(own: &T) -> Result<K, ConversionError> {
    let value = serde_json::to_value(own)
        .map_err(|error| ConversionError::Unwritable { kind: T::KIND, message: error.to_string() })?;
    serde_json::from_value(value).map_err(|error| ConversionError::Unfit { kind: T::KIND, message: error.to_string() })
}

macro_rules! converted {
    ($($own:ident: $theirs:path,)*) => {
        $(
            /// Takes an object over, with all its fields; those that the model does not know are kept as they are.
            /// Defaults that the API applies whenever it reads an object are applied. Cost: linear in the object, as for
            /// reading it from JSON.
            impl TryFrom<&$theirs> for $own {
                type Error = ConversionError;

                fn try_from(theirs: &$theirs) -> Result<Self, ConversionError> {
                    taken(theirs)
                }
            }

            /// Takes an object over, as by reference.
            impl TryFrom<$theirs> for $own {
                type Error = ConversionError;

                fn try_from(theirs: $theirs) -> Result<Self, ConversionError> {
                    taken(&theirs)
                }
            }

            /// Gives an object away, with all fields that the chosen version of the API has. Cost: linear in the object, as
            /// for writing it as JSON and reading that.
            impl TryFrom<&$own> for $theirs {
                type Error = ConversionError;

                fn try_from(own: &$own) -> Result<Self, ConversionError> {
                    given(own)
                }
            }
        )*
    };
}

converted! {
    PersistentVolume: k8s_openapi::api::core::v1::PersistentVolume,
    PersistentVolumeClaim: k8s_openapi::api::core::v1::PersistentVolumeClaim,
    StorageClass: k8s_openapi::api::storage::v1::StorageClass,
    StatefulSet: k8s_openapi::api::apps::v1::StatefulSet,
    Pod: k8s_openapi::api::core::v1::Pod,
    Node: k8s_openapi::api::core::v1::Node,
    Deployment: k8s_openapi::api::apps::v1::Deployment,
    ReplicaSet: k8s_openapi::api::apps::v1::ReplicaSet,
    ControllerRevision: k8s_openapi::api::apps::v1::ControllerRevision,
    Service: k8s_openapi::api::core::v1::Service,
    ConfigMap: k8s_openapi::api::core::v1::ConfigMap,
    Secret: k8s_openapi::api::core::v1::Secret,
    ResourceQuota: k8s_openapi::api::core::v1::ResourceQuota,
    Namespace: k8s_openapi::api::core::v1::Namespace,
    CsiDriver: k8s_openapi::api::storage::v1::CSIDriver,
    CsiNode: k8s_openapi::api::storage::v1::CSINode,
    CsiStorageCapacity: k8s_openapi::api::storage::v1::CSIStorageCapacity,
}

k8s_openapi::k8s_if_ge_1_34! {
    converted! {
        VolumeAttributesClass: k8s_openapi::api::storage::v1::VolumeAttributesClass,
    }
}
