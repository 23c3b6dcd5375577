//! Bugs that tests plant, to see that they are found. No build but that of the unit tests has them.

#![cfg_attr(not(feature = "explore"), expect(dead_code, reason = "tests of exploring plant them"))]

use std::cell::Cell;

/// A mistake that a controller could make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// A binding writes the claim before the volume.
    ClaimFirst,
    /// The uid in a claimRef is not looked at.
    UidIgnored,
    /// A volume loses its protection while it is in use.
    EarlyFinalizer,
    /// A volume is reclaimed at once when it is released, or never.
    ForgottenRelease,
    /// The protection of a volume that is live is taken off and put on again.
    Restless,
}

thread_local! {
    static PLANTED: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// Plants a bug in what this thread does, as long as the result is kept.
pub(crate) fn plant(bug: Bug) -> Planted {
    PLANTED.set(Some(bug));
    Planted
}

/// A bug that is planted until this is dropped.
#[derive(Debug)]
pub(crate) struct Planted;

impl Drop for Planted {
    fn drop(&mut self) {
        PLANTED.set(None);
    }
}

/// Whether a bug is planted.
pub(crate) fn is_planted(bug: Bug) -> bool {
    PLANTED.get() == Some(bug)
}
