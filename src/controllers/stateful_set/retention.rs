//! Which owners the claims of a pod shall have (`STSPVC-20` to `STSPVC-28`).
//!
//! Deleting a set or scaling it down deletes no claim: the garbage collector does, where the references that are
//! kept here have no owner any more. Follows `isClaimOwnerUpToDate` and its neighbours in
//! `pkg/controller/statefulset/stateful_set_utils.go`.

use std::sync::Arc;

use crate::api::ApiError;
use crate::controllers::stateful_set::claims::{claim_name, effective};
use crate::controllers::stateful_set::events::of_conflict;
use crate::controllers::stateful_set::identity::{claim_of, controller_reference, has_storage};
use crate::controllers::stateful_set::work::{Asked, Desk};
use crate::controllers::turn::World;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::kind::{Kind, Object};
use crate::model::metadata::{OwnerReference, Uid};
use crate::model::pod::Pod;
use crate::model::reference::ClaimKey;
use crate::model::stateful_set::{RetentionPolicy, StatefulSet};
use crate::model::text::Text;
use crate::store::Write;

/// When the claims of a set go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) when_deleted: bool,
    pub(super) when_scaled: bool,
}

impl Policy {
    pub(super) fn of(set: &StatefulSet) -> Self {
        let policy = set.spec.persistent_volume_claim_retention_policy.as_ref();
        let deletes = |policy: Option<&RetentionPolicy>| policy == Some(&RetentionPolicy::Delete);
        Self {
            when_deleted: deletes(policy.and_then(|policy| policy.when_deleted.as_ref())),
            when_scaled: deletes(policy.and_then(|policy| policy.when_scaled.as_ref())),
        }
    }

    fn deletes_something(self) -> bool {
        self.when_deleted || self.when_scaled
    }
}

/// Whose claims they are: a set, and a pod of it that is in range or not. A pod that is being created has no uid.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder<'a> {
    pub(super) set: &'a StatefulSet,
    pub(super) pod: &'a Text,
    pub(super) uid: &'a Uid,
    pub(super) condemned: bool,
}

impl Holder<'_> {
    fn names_set(&self, reference: &OwnerReference) -> bool {
        names(reference, Kind::StatefulSet, &self.set.metadata.name)
    }

    fn names_pod(&self, reference: &OwnerReference) -> bool {
        names(reference, Kind::Pod, self.pod)
    }

    /// Whether the first reference that names the set or the pod means an earlier one of that name (`STSPVC-26`).
    fn is_stale(&self, claim: &PersistentVolumeClaim) -> bool {
        let references = &claim.metadata.owner_references;
        let of_set = references.iter().find(|reference| self.names_set(reference));
        let of_pod = references.iter().find(|reference| self.names_pod(reference));
        of_set.is_some_and(|reference| reference.uid != self.set.metadata.uid)
            || of_pod.is_some_and(|reference| reference.uid != *self.uid)
    }

    /// Whether somebody else manages the claim, which only matters where the policy deletes (`STSPVC-27`).
    fn has_rival(&self, claim: &PersistentVolumeClaim) -> bool {
        if !Policy::of(self.set).deletes_something() {
            return false;
        }
        claim.metadata.owner_references.iter().any(|reference| {
            if self.names_set(reference) {
                reference.uid != self.set.metadata.uid
            } else if self.names_pod(reference) {
                reference.uid != *self.uid
            } else {
                reference.controller == Some(true)
            }
        })
    }

    /// Whether the set or the pod owns the claim without managing it (`STSPVC-28`).
    fn is_mere_owner(&self, claim: &PersistentVolumeClaim) -> bool {
        claim.metadata.owner_references.iter().any(|reference| {
            (reference.uid == self.set.metadata.uid || reference.uid == *self.uid) && reference.controller != Some(true)
        })
    }

    /// Whether the set, and whether the pod, shall own the claim (`STSPVC-20`).
    fn wanted(&self) -> (bool, bool) {
        let policy = Policy::of(self.set);
        let pod = policy.when_scaled && self.condemned;
        (policy.when_deleted && !pod, pod)
    }

    /// Whether the claim has the owners that it shall have, or shall be left alone.
    fn accepts(&self, claim: &PersistentVolumeClaim) -> bool {
        if self.is_stale(claim) {
            return true;
        }
        let owns = |uid: &Uid| claim.metadata.owner_references.iter().any(|reference| reference.uid == *uid);
        let owned = (owns(&self.set.metadata.uid), owns(self.uid));
        if self.has_rival(claim) {
            return owned == (false, false);
        }
        !self.is_mere_owner(claim) && owned == self.wanted()
    }

    /// The claim with the owners that it shall have.
    fn corrected(&self, claim: &PersistentVolumeClaim) -> PersistentVolumeClaim {
        let references = claim.metadata.owner_references.iter();
        let others = references.filter(|reference| !self.names_set(reference) && !self.names_pod(reference));
        let mut references: Vec<OwnerReference> = others.cloned().collect();
        let (set, pod) = if self.has_rival(claim) { (false, false) } else { self.wanted() };
        let mut add = |wanted: bool, kind, name: &Text, uid: &Uid| {
            if wanted && !references.iter().any(|reference| reference.uid == *uid) {
                references.push(controller_reference(kind, name, uid));
            }
        };
        add(set, Kind::StatefulSet, &self.set.metadata.name, &self.set.metadata.uid);
        add(pod, Kind::Pod, self.pod, self.uid);
        let mut claim = claim.clone();
        claim.metadata.owner_references = references.into();
        claim
    }
}

fn names(reference: &OwnerReference, kind: Kind, name: &Text) -> bool {
    reference.api_version == kind.api_version() && reference.kind == kind.as_str() && reference.name == *name
}

/// Whether a claim still belongs to an earlier pod of this name, so that the next one has to wait (`STSPVC-25`).
pub(super) fn is_stale_for(claim: &PersistentVolumeClaim, pod: &Text) -> bool {
    let references = &claim.metadata.owner_references;
    references.iter().find(|reference| names(reference, Kind::Pod, pod)).is_some_and(|found| !found.uid.is_empty())
}

/// Whether all claims that exist for a pod have the owners that they shall have.
pub(super) fn matches_policy(set: &StatefulSet, pod: &Pod, ordinal: i64, condemned: bool, world: &World<'_>) -> bool {
    let holder = Holder { set, pod: &pod.metadata.name, uid: &pod.metadata.uid, condemned };
    let accepts = |key: &ClaimKey| world.live_claim(key).is_none_or(|claim| holder.accepts(claim));
    let key = |name: Text| ClaimKey { namespace: set.metadata.namespace.clone(), name };
    if has_storage(set, pod, ordinal) {
        // The names stand in the pod, so that none has to be made.
        let templates = &set.spec.volume_claim_templates;
        let is_claim = |name: &Text| templates.iter().any(|template| template.metadata.name == *name);
        let claims = pod.spec.volumes.iter().filter(|volume| is_claim(&volume.name)).filter_map(claim_of);
        return claims.cloned().all(|name| accepts(&key(name)));
    }
    effective(&set.spec.volume_claim_templates)
        .all(|template| accepts(&key(claim_name(set, &template.metadata.name, ordinal))))
}

/// Gives the claims of one pod the owners that they shall have, one write each.
#[derive(Clone, Debug)]
pub(super) struct Retain {
    pod: Text,
    uid: Uid,
    condemned: bool,
    /// The names of the claims that are left to look at, the next at the end.
    left: Vec<Text>,
    /// The claim that is being written.
    asked: Option<Text>,
    error: Option<(Text, ApiError)>,
}

impl Retain {
    /// Begins with the names of the pod's claims, in the order of their templates.
    pub(super) fn new(pod: &Pod, mut claims: Vec<Text>, condemned: bool) -> Self {
        claims.reverse();
        let (pod, uid) = (pod.metadata.name.clone(), pod.metadata.uid.clone());
        Self { pod, uid, condemned, left: claims, asked: None, error: None }
    }

    /// The next claim that has to be written.
    pub(super) fn next(&mut self, desk: &mut Desk<'_, '_>) -> Option<Asked> {
        let set = &*desk.plan.set;
        while self.error.is_none() {
            let name = self.left.pop()?;
            let key = ClaimKey { namespace: set.metadata.namespace.clone(), name };
            let Some(claim) = desk.world.live_claim(&key) else {
                continue;
            };
            let holder = Holder { set, pod: &self.pod, uid: &self.uid, condemned: self.condemned };
            if holder.has_rival(claim) {
                desk.events.push(of_conflict(set, &key.name));
            }
            if !holder.accepts(claim) {
                self.asked = Some(key.name);
                let claim = Arc::new(holder.corrected(claim));
                return Some((Write::Update(Object::PersistentVolumeClaim(claim)), "STSPVC-20"));
            }
        }
        None
    }

    pub(super) fn took(&mut self, result: Result<Object, ApiError>) {
        self.error = self.asked.take().zip(result.err());
    }

    /// Why it ended early.
    pub(super) fn error(&self) -> Option<Text> {
        let (claim, error) = self.error.as_ref()?;
        Some(format!("could not update claim {claim} for delete policy ownerRefs: {error}").into())
    }

    /// Whether it ended early because a claim was changed meanwhile.
    pub(super) fn is_conflict(&self) -> bool {
        self.error.as_ref().is_some_and(|(_, error)| error.is_conflict())
    }
}
