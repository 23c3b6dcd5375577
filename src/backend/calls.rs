//! How the calls to a driver end, as data: at once, after a delay, with failures, or never.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::backend::reply::{Failure, Reply};
use crate::model::duration;
use crate::model::text::Text;

/// How calls of one kind behave, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Calls {
    /// How long a call takes.
    #[serde(with = "duration", skip_serializing_if = "Duration::is_zero")]
    pub delay: Duration,
    /// Whether no call ever ends.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hang: bool,
    /// How calls fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail: Option<Trouble>,
}

impl Calls {
    /// Calls that take that long.
    pub fn after(delay: Duration) -> Self {
        Self { delay, ..Self::default() }
    }

    /// Calls that fail, so many times or always.
    pub fn failing(code: StatusCode, message: impl Into<Text>, times: Option<u32>) -> Self {
        Self { fail: Some(Trouble { code, message: message.into(), times }), ..Self::default() }
    }

    /// Calls that never end.
    pub fn hanging() -> Self {
        Self { hang: true, ..Self::default() }
    }

    /// Whether calls succeed at once.
    pub(crate) fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// The number of the call after so many, as far as numbers matter: once no failure depends on them any more, all
    /// calls have the same one, so that a cluster that is where it was before is seen to be there.
    pub(crate) fn next(&self, calls: u32) -> u32 {
        let last = self.fail.as_ref().and_then(|trouble| trouble.times).map_or(1, |times| times.saturating_add(1));
        calls.saturating_add(1).min(last).max(calls)
    }

    /// How the call of a number fails, counted from one.
    pub(crate) fn trouble(&self, call: u32) -> Option<&Trouble> {
        self.fail.as_ref().filter(|trouble| trouble.times.is_none_or(|times| call <= times))
    }

    /// The answer to the call of a number.
    pub(crate) fn answer<T>(
        &self,
        call: u32,
        failure: impl FnOnce(&Trouble) -> Failure,
        outcome: impl FnOnce() -> Result<T, Failure>,
    ) -> Reply<T> {
        if self.hang {
            return Reply::never();
        }
        let result = match self.trouble(call) {
            Some(trouble) => Err(failure(trouble)),
            None => outcome(),
        };
        Reply::from(result).after(self.delay)
    }
}

/// A failure of calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Trouble {
    /// What kind of failure; only CSI drivers have this.
    pub code: StatusCode,
    /// What the driver says.
    pub message: Text,
    /// How many calls fail; absent for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

/// The codes of gRPC: <https://github.com/grpc/grpc/blob/master/doc/statuscodes.md>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "they are defined by gRPC, and what they lead to by the CSI specification")]
pub enum StatusCode {
    Canceled,
    Unknown,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    #[default]
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
}
