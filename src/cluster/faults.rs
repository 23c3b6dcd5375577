//! Failures that can be played.

use crate::api::ApiError;
use crate::model::kind::Kind;
use crate::model::text::Text;
use crate::store::{Verb, Write};

/// A failure that the cluster plays once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The next write of a controller, of this verb and kind, is answered with a conflict (`CONFLICT-1`).
    Conflict {
        /// The verb.
        verb: Verb,
        /// The kind of the object.
        kind: Kind,
    },
    /// The next creation of this kind by a controller is answered with "already exists", as when the answer to an
    /// earlier one was lost.
    AlreadyExists {
        /// The kind of the object.
        kind: Kind,
    },
    /// The next write of a controller, of this verb and kind, is answered with an error of the server.
    ServerError {
        /// The verb.
        verb: Verb,
        /// The kind of the object.
        kind: Kind,
        /// What the server says.
        message: Text,
    },
}

/// Takes the first fault that concerns a write, and gives its answer.
pub(super) fn answer(faults: &mut Vec<Fault>, write: &Write) -> Option<ApiError> {
    let concerns = |fault: &Fault| match fault {
        Fault::Conflict { verb, kind } | Fault::ServerError { verb, kind, .. } => {
            *verb == write.verb() && *kind == write.kind()
        }
        Fault::AlreadyExists { kind } => write.verb() == Verb::Create && *kind == write.kind(),
    };
    let fault = faults.remove(faults.iter().position(concerns)?);
    let name = write.name().clone();
    Some(match fault {
        Fault::Conflict { kind, .. } => ApiError::Conflict { kind, name },
        Fault::AlreadyExists { kind } => ApiError::AlreadyExists { kind, name },
        Fault::ServerError { message, .. } => ApiError::Server { message: message.to_string() },
    })
}
