//! What happened and when, from the journal.

use std::fmt;

use serde::Serialize;

use crate::cluster::{Cluster, JournalEntry, WriteRecord};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::store::Verb;

/// Something that happened to a claim or to its volume.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Happening {
    /// When, in whole seconds of virtual time since the start of the cluster.
    pub seconds: u64,
    /// Who did it.
    pub actor: Text,
    /// By which rule; empty for users.
    pub rule: Text,
    /// To which object.
    pub object: ObjectKey,
    /// What was done.
    pub what: Text,
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {}s: {} {} by {}", self.seconds, self.object.short(), self.what, self.actor)
    }
}

/// What happened to a claim and to the volume that it names, as far as it matters to their binding. Cost: linear in the
/// length of the journal.
pub(super) fn history(cluster: &Cluster, claim: &PersistentVolumeClaim) -> Vec<Happening> {
    let key = claim.key();
    let volume = &claim.spec.volume_name;
    cluster
        .journal()
        .iter()
        .filter_map(JournalEntry::write)
        .filter_map(|write| happening(write, &key, volume))
        .collect()
}

fn happening(write: &WriteRecord, claim: &ClaimKey, volume: &Text) -> Option<Happening> {
    let object = write.object()?;
    let what = match object {
        Object::PersistentVolumeClaim(held) if held.key() == *claim => claim_change(write)?,
        Object::PersistentVolume(held) if held.metadata.name == *volume => volume_change(write)?,
        _ => return None,
    };
    Some(Happening {
        seconds: write.time.as_secs(),
        actor: write.actor.as_str().into(),
        rule: write.rule.into(),
        object: object.reference(),
        what: what.into(),
    })
}

fn claim_change(write: &WriteRecord) -> Option<String> {
    let phase = |object: Option<&Object>| match object {
        Some(Object::PersistentVolumeClaim(claim)) => Some(claim.status.phase.clone()),
        _ => None,
    };
    let (before, after) = (phase(write.before.as_ref()), phase(write.after.as_ref()));
    match (before, after) {
        (None, Some(phase)) if write.verb == Verb::Restore => Some(format!("was found {phase}")),
        (None, Some(_)) => Some("was created".to_owned()),
        (Some(_), None) => Some("was deleted".to_owned()),
        (Some(before), Some(after)) if before != after => Some(format!("became {after}")),
        _ => None,
    }
}

fn volume_change(write: &WriteRecord) -> Option<String> {
    fn of(object: Option<&Object>) -> Option<&PersistentVolume> {
        match object {
            Some(Object::PersistentVolume(volume)) => Some(volume),
            _ => None,
        }
    }
    let named = |volume: &PersistentVolume| {
        let reference = volume.spec.claim_ref.as_ref();
        reference.map(|reference| {
            let (key, uid) = (ClaimKey::new(&reference.namespace, &reference.name), &reference.uid);
            if uid.is_empty() { format!("{key}, without a uid") } else { format!("{key}, uid {uid}") }
        })
    };
    match (of(write.before.as_ref()), of(write.after.as_ref())) {
        (None, Some(_)) if write.verb == Verb::Restore => Some("was found".to_owned()),
        (None, Some(_)) => Some("was created".to_owned()),
        (Some(_), None) => Some("was deleted".to_owned()),
        (Some(before), Some(after)) => match (named(before), named(after)) {
            (old, new) if old == new => {
                (!before.metadata.is_deleting() && after.metadata.is_deleting()).then(|| "was asked to go".to_owned())
            }
            (_, None) => Some("lost its claimRef".to_owned()),
            (_, Some(claim)) => Some(format!("was given to {claim},")),
        },
        (None, None) => None,
    }
}

/// The key of a claim as an object.
pub(super) fn object_of(claim: &ClaimKey) -> ObjectKey {
    ObjectKey { kind: Kind::PersistentVolumeClaim, key: claim.clone() }
}
