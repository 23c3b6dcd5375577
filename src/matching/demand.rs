//! What a claim asks for, worked out once before volumes are looked at.

use crate::model::claim::PersistentVolumeClaim;
use crate::model::quantity::Quantity;
use crate::model::selector::{Predicate, SelectorError};

/// A claim with its selector compiled and its binding mode known.
pub(crate) struct Demand<'c> {
    pub(crate) claim: &'c PersistentVolumeClaim,
    pub(crate) request: Quantity,
    /// The selector; none where the claim has none (`MATCH-11`).
    pub(crate) predicate: Option<Predicate>,
    /// Whether binding waits for a pod (`MATCH-10`).
    pub(crate) delayed: bool,
}

impl<'c> Demand<'c> {
    /// # Errors
    /// [`SelectorError`] where the claim's selector makes no predicate (`MATCH-12`).
    pub(crate) fn of(claim: &'c PersistentVolumeClaim, delayed: bool) -> Result<Self, SelectorError> {
        let selector = claim.spec.selector.as_deref();
        let predicate = selector.map(|selector| Predicate::of(Some(selector))).transpose()?;
        Ok(Self { claim, request: claim.request(), predicate, delayed })
    }
}
