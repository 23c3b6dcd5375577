//! What a driver answers, when, and what follows where it fails.

use std::time::Duration;

use crate::model::text::Text;

/// When a driver answers, and what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reply<T> {
    /// After how long; never where there is none.
    pub(crate) delay: Option<Duration>,
    pub(crate) result: Result<T, Failure>,
}

impl<T> Reply<T> {
    /// Success at once.
    pub fn ready(outcome: T) -> Self {
        Self { delay: Some(Duration::ZERO), result: Ok(outcome) }
    }

    /// Failure at once.
    pub fn failed(failure: Failure) -> Self {
        Self { delay: Some(Duration::ZERO), result: Err(failure) }
    }

    /// No answer, ever.
    pub fn never() -> Self {
        Self { delay: None, result: Err(Failure::retry("no answer")) }
    }

    /// The same answer, that much later.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = self.delay.map(|held| held + delay);
        self
    }
}

impl<T> From<Result<T, Failure>> for Reply<T> {
    fn from(result: Result<T, Failure>) -> Self {
        Self { delay: Some(Duration::ZERO), result }
    }
}

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FailureKind {
    /// The request is tried again.
    Retry,
    /// The request is tried again, also when the claim is gone meanwhile: the storage may be on its way.
    Background,
    /// Another node may do: the selected node is taken back, and the pod scheduled anew (`SCHED-45`). Without a
    /// selected node the request is tried again.
    Reschedule,
    /// The request is wrong. It is tried again after a long time.
    Infeasible,
    /// Somebody else is expected to serve the claim.
    Ignored,
}

/// Why a driver could not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Failure {
    /// What follows from it.
    pub kind: FailureKind,
    /// What is said of it. For [`FailureKind::Ignored`] this is announced, if there is anything to say.
    pub message: Text,
}

impl Failure {
    /// A failure.
    pub fn new(kind: FailureKind, message: impl Into<Text>) -> Self {
        Self { kind, message: message.into() }
    }

    /// A failure after which the request is tried again.
    pub fn retry(message: impl Into<Text>) -> Self {
        Self::new(FailureKind::Retry, message)
    }

    /// A failure for good, as far as the selected node is concerned.
    pub fn reschedule(message: impl Into<Text>) -> Self {
        Self::new(FailureKind::Reschedule, message)
    }
}
