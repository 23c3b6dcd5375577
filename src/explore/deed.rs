//! What users do while the controllers are at work.

use std::fmt;

use crate::api::ApiError;
use crate::cluster::Cluster;
use crate::model::json::Json;
use crate::model::kind::{Object, ObjectKey};

/// Something that a user does, at whatever point in time.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Deed {
    /// An object is created.
    Create(Object),
    /// An object is changed by a JSON merge patch.
    Patch(ObjectKey, Json),
    /// An object is deleted, gracefully.
    Delete(ObjectKey),
    /// The kubelet of a node falls silent.
    FailNode(String),
}

impl Deed {
    /// Does it. What the API server refuses changes nothing.
    ///
    /// # Errors
    /// [`ApiError`] where it is refused.
    pub fn perform(&self, cluster: &mut Cluster) -> Result<(), ApiError> {
        match self {
            Self::Create(object) => cluster.create(object.clone()).map(drop),
            Self::Patch(key, patch) => cluster.patch(key, patch).map(drop),
            Self::Delete(key) => cluster.delete(key),
            Self::FailNode(node) => cluster.fail_node(node),
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create(object) => write!(f, "user creates {}", object.reference()),
            Self::Patch(key, _) => write!(f, "user changes {key}"),
            Self::Delete(key) => write!(f, "user deletes {key}"),
            Self::FailNode(node) => write!(f, "the kubelet of {node} falls silent"),
        }
    }
}
