//! How the API server refuses a request.

use crate::model::field_error::{FieldError, joined};
use crate::model::kind::Kind;
use crate::model::text::Text;

/// A refusal, with the text that the API server gives.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The object breaks rules (HTTP 422).
    #[error("{} {name:?} is invalid: {}", kind.qualified(), joined(errors))]
    Invalid {
        /// Its kind.
        kind: Kind,
        /// Its name.
        name: Text,
        /// The rules that it breaks, in order; one may occur more than once.
        errors: Vec<FieldError>,
    },
    /// The request makes no sense (HTTP 400).
    #[error("{message}")]
    BadRequest {
        /// Why.
        message: String,
    },
    /// Admission forbids the request (HTTP 403).
    #[error("{} {name:?} is forbidden: {message}", kind.qualified_resource())]
    Forbidden {
        /// The kind of the object.
        kind: Kind,
        /// Its name.
        name: Text,
        /// Why.
        message: String,
    },
    /// There is no such object (HTTP 404).
    #[error("{} {name:?} not found", kind.qualified_resource())]
    NotFound {
        /// The kind of the object.
        kind: Kind,
        /// Its name.
        name: Text,
    },
    /// There is such an object already (HTTP 409).
    #[error("{} {name:?} already exists", kind.qualified_resource())]
    AlreadyExists {
        /// The kind of the object.
        kind: Kind,
        /// Its name.
        name: Text,
    },
    /// The state of the object does not allow the request (HTTP 409).
    #[error("Operation cannot be fulfilled on {resource} {name:?}: {reason}")]
    CannotFulfil {
        /// The resource, perhaps with a subresource, or the kind.
        resource: Text,
        /// The name of the object.
        name: Text,
        /// Why.
        reason: String,
    },
    /// The object was changed since it was read (HTTP 409, `CONFLICT-1`).
    #[error(
        "Operation cannot be fulfilled on {} {name:?}: the object has been modified; please apply your changes to the latest \
         version and try again",
        kind.qualified_resource()
    )]
    Conflict {
        /// The kind of the object.
        kind: Kind,
        /// Its name.
        name: Text,
    },
    /// The server failed, as a fault plan told it to.
    #[error("{message}")]
    Server {
        /// What it says.
        message: String,
    },
}

impl ApiError {
    /// Whether there is no such object.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether the object is not, or no longer, what the request takes it for (HTTP 409).
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::CannotFulfil { .. })
    }

    /// Whether there is such an object already.
    pub fn is_already_exists(&self) -> bool {
        matches!(self, Self::AlreadyExists { .. })
    }
}
