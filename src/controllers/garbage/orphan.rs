//! Orphaning: the dependents of an owner that goes lose their references to it, then the owner its finalizer
//! (`STS-34`, `STSPVC-22`).
//!
//! As in [Kubernetes' garbage collector](https://kubernetes.io/docs/concepts/architecture/garbage-collection/#orphaned-dependents)
//! only the dependents that are known when the work begins count: one that gets its reference back meanwhile keeps it,
//! and is collected when the owner is gone. Otherwise a controller that gives references back and the collector that
//! takes them away would keep each other busy for ever.

use std::collections::VecDeque;

use crate::api::ApiError;
use crate::controllers::garbage::{collection_order, drop_references, release};
use crate::controllers::turn::{Caching, Resumed, Turn, World};
use crate::model::id::ObjectId;
use crate::model::kind::{Object, ObjectKey};
use crate::model::metadata::Uid;
use crate::model::names::ORPHAN_FINALIZER;
use crate::store::{Store, Write};

/// How often the finalizer is tried to be taken away in one sync when somebody else writes to the owner.
const ATTEMPTS: u32 = 4;

/// The work on an owner: one dependent after the other, then the owner. An error at one dependent does not keep the
/// others from being orphaned, but the owner keeps its finalizer then and everything is tried again.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct OrphanSync {
    owner: ObjectKey,
    uid: Uid,
    /// The dependents that are left, each with the uid of the incarnation that is meant. The first one was written to
    /// where the work waits for a result.
    dependents: VecDeque<(ObjectId, Uid)>,
    errors: Vec<String>,
    /// How often the finalizer was to be taken away.
    attempts: u32,
}

impl OrphanSync {
    /// Whether an object is an owner that waits for its dependents to be orphaned.
    pub(crate) fn concerns(owner: &Object) -> bool {
        owner.metadata().is_deleting() && owner.metadata().has_finalizer(ORPHAN_FINALIZER)
    }

    /// Looks at an owner and takes down who depends on it.
    pub(crate) fn start(owner: &Object, world: &World<'_>) -> Turn<Self> {
        let uid = owner.metadata().uid.clone();
        let known = collection_order(world.store, &uid).into_iter();
        let dependents = known.filter_map(|id| Some((id, world.store.object(id)?.metadata().uid.clone()))).collect();
        Self { owner: owner.reference(), uid, dependents, errors: Vec::new(), attempts: 0 }.look(world.store)
    }

    /// Goes on when a reference or the finalizer was taken away, or the write was refused.
    pub(crate) fn resume(mut self, resumed: Resumed, world: &World<'_>) -> Turn<Self> {
        let refused = match resumed {
            Resumed::Written(Err(error)) => Some(error),
            _ => None,
        };
        if self.dependents.pop_front().is_some() {
            // What is gone has no reference any more.
            self.errors.extend(
                refused.filter(|error| !matches!(error, ApiError::NotFound { .. })).map(|error| error.to_string()),
            );
            return self.look(world.store);
        }
        match refused {
            None | Some(ApiError::NotFound { .. }) => Turn::done(),
            Some(error) if error.is_conflict() && self.attempts < ATTEMPTS => self.look(world.store),
            Some(error) => Turn::failed(format!("removeOrphanFinalizer for {} failed with {error}", self.owner)),
        }
    }

    fn look(mut self, store: &Store) -> Turn<Self> {
        while let Some((id, uid)) = self.dependents.front() {
            if let Some(dependent) = store.object(*id) {
                if dependent.metadata().uid != *uid {
                    let name = dependent.metadata().name.clone();
                    self.errors.push(ApiError::Conflict { kind: id.kind, name }.to_string());
                } else if dependent.metadata().owner_references.iter().any(|owner| owner.uid == self.uid) {
                    let (write, rule) = drop_references(&dependent, std::slice::from_ref(&self.uid));
                    return self.write(write, rule);
                }
            }
            self.dependents.pop_front();
        }
        if !self.errors.is_empty() {
            let errors = self.errors.join(", ");
            return Turn::failed(format!("orphanDependents for {} failed with [{errors}]", self.owner));
        }
        match store.find(&self.owner).filter(|owner| owner.metadata().uid == self.uid && Self::concerns(owner)) {
            Some(owner) => {
                self.attempts += 1;
                let (write, rule) = release(&owner, ORPHAN_FINALIZER);
                self.write(write, rule)
            }
            None => Turn::done(),
        }
    }

    fn write(self, write: Write, rule: &'static str) -> Turn<Self> {
        Turn::write(write, rule, self).caching(Caching::Nothing)
    }
}
