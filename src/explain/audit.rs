//! What a change would do, before it is made: it is made in a copy.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::api::ApiError;
use crate::backend::ContentsChange;
use crate::cluster::{Cluster, NotQuiet};
use crate::explain::text::plural;
use crate::model::claim::ClaimPhase;
use crate::model::kind::{Kind, ObjectKey};
use crate::model::names::PROVISIONED_BY;
use crate::model::pod::Pod;
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, ReclaimPolicy, VolumePhase};

/// How much virtual time passes after the change, so that nodes are given up and back-off ends.
const AFTERWARDS: Duration = Duration::from_mins(10);

/// A volume whose files are gone, or out of reach.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VolumeLoss {
    /// The volume.
    pub volume: Text,
    /// The claim that it had.
    pub claim: Option<ClaimKey>,
    /// Why, in a few words.
    pub why: Text,
}

/// A pod that does not run any more, or never will.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct StuckPod {
    /// The pod.
    pub pod: NamespacedName,
    /// What is said about it.
    pub why: Text,
}

/// What a change would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Audit {
    /// Volumes whose files would be destroyed.
    pub destroyed: Vec<VolumeLoss>,
    /// Volumes that would be left behind without a claim: nobody uses them, and nobody deletes them.
    pub leaked: Vec<VolumeLoss>,
    /// Volumes whose claims stay, and no pod uses them any more.
    pub stranded: Vec<VolumeLoss>,
    /// Claims that would lose their volume, or be without one.
    pub unbound: Vec<ClaimKey>,
    /// Pods that could not start.
    pub stuck: Vec<StuckPod>,
    /// Objects that would stay Terminating.
    pub terminating: Vec<ObjectKey>,
}

impl Audit {
    /// Whether the change costs nothing: no data, no volume, no pod.
    pub fn is_harmless(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a change could not be tried.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The API server refuses it.
    #[error(transparent)]
    Refused(#[from] ApiError),
    /// The controllers do not come to rest.
    #[error(transparent)]
    NotQuiet(#[from] NotQuiet),
}

impl Cluster {
    /// What a change would do to data, volumes, claims and pods. It is made in a copy, which then has ten minutes; what
    /// would happen in these anyway is not counted.
    ///
    /// ```
    /// use bindery::{AccessMode, Cluster, Kind, PersistentVolume, PersistentVolumeClaim};
    ///
    /// let mut cluster = Cluster::default();
    /// cluster.create(PersistentVolume::new("pv-1", "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
    /// cluster.create(PersistentVolumeClaim::new("default", "data", "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
    /// cluster.settle()?;
    /// let audit = cluster.audit(|copy| copy.delete(&Kind::PersistentVolumeClaim.named("data")))?;
    /// assert_eq!(audit.leaked[0].volume, "pv-1");
    /// assert!(audit.destroyed.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`AuditError`] where the change is refused, or the controllers do not come to rest.
    pub fn audit(&self, change: impl FnOnce(&mut Self) -> Result<(), ApiError>) -> Result<Audit, AuditError> {
        let mut before = self.fork();
        before.settle()?;
        let mut after = before.fork();
        let begun = after.journal().len();
        before.advance(AFTERWARDS)?;
        change(&mut after)?;
        after.settle()?;
        after.advance(AFTERWARDS)?;
        let mut audit = Audit::default();
        for volume in before.volumes() {
            audit.look_at_volume(&before, &after, volume);
        }
        audit.look_at_contents(&before, &after, begun);
        for claim in before.claims().filter(|claim| claim.status.phase == ClaimPhase::Bound) {
            let held = after.claim(&claim.key().to_string());
            if held.is_some_and(|held| held.status.phase != ClaimPhase::Bound) {
                audit.unbound.push(claim.key());
            }
        }
        let stuck = after.pods().filter(|pod| !pod.is_ready() && !pod.is_terminated());
        let stuck = stuck.filter(|pod| {
            let held = before.pod(&pod.key().to_string());
            held.is_none_or(|held| held.is_ready() || held.metadata.uid != pod.metadata.uid)
        });
        audit.stuck = stuck.filter_map(|pod| stuck_pod(&before, &after, pod)).collect();
        audit.look_at_deletions(&before, &after);
        Ok(audit)
    }
}

impl Audit {
    fn look_at_volume(&mut self, before: &Cluster, after: &Cluster, volume: &PersistentVolume) {
        let name = &volume.metadata.name;
        let reference = volume.spec.claim_ref.as_ref();
        let claim = reference.map(|reference| ClaimKey::new(&reference.namespace, &reference.name));
        let loss = |why: &str| VolumeLoss { volume: name.clone(), claim: claim.clone(), why: why.into() };
        let Some(now) = after.volume(name) else {
            if volume.status.phase != VolumePhase::Available {
                match volume.spec.persistent_volume_reclaim_policy {
                    ReclaimPolicy::Delete => self.destroyed.push(loss("reclaim policy Delete")),
                    ReclaimPolicy::Retain | ReclaimPolicy::Recycle | ReclaimPolicy::Other(_) => {
                        self.leaked.push(loss("the volume object is gone, the storage behind it is not"));
                    }
                }
            }
            return;
        };
        if volume.status.phase == VolumePhase::Bound && now.status.phase.is_released() {
            let provisioned = now.metadata.annotations.contains_key(PROVISIONED_BY);
            self.leaked.push(loss(match (&now.spec.persistent_volume_reclaim_policy, &now.status.phase) {
                (_, VolumePhase::Failed) => "reclaiming it fails",
                (ReclaimPolicy::Delete, _) if provisioned => "its provisioner does not delete it",
                (ReclaimPolicy::Delete, _) => "it was made by hand, and nobody deletes it",
                _ => "reclaim policy Retain",
            }));
        }
        let used = |cluster: &Cluster| {
            claim.as_ref().is_some_and(|key| cluster.pods_of_claim(key).iter().any(|pod| !pod.is_terminated()))
        };
        let still_bound = volume.status.phase == VolumePhase::Bound && now.status.phase == VolumePhase::Bound;
        if still_bound && used(before) && !used(after) {
            self.stranded.push(loss("its claim stays and no pod uses it"));
        }
    }

    /// Files that were wiped while their volume stayed.
    fn look_at_contents(&mut self, before: &Cluster, after: &Cluster, begun: usize) {
        let told: BTreeSet<Text> = self.destroyed.iter().map(|loss| loss.volume.clone()).collect();
        for record in after.journal().since(begun).filter_map(|entry| entry.contents()) {
            let why = match &record.change {
                ContentsChange::Wiped => "reclaim policy Recycle",
                ContentsChange::Destroyed => "its storage is deleted",
                ContentsChange::Written { .. }
                | ContentsChange::Removed { .. }
                | ContentsChange::Archived { .. }
                | ContentsChange::Copied { .. } => continue,
            };
            let at =
                |volume: &&PersistentVolume| before.location(&volume.metadata.name).as_ref() == Some(&record.location);
            for volume in before.volumes().filter(at).filter(|volume| !told.contains(&volume.metadata.name)) {
                let reference = volume.spec.claim_ref.as_ref();
                let claim = reference.map(|reference| ClaimKey::new(&reference.namespace, &reference.name));
                self.destroyed.push(VolumeLoss { volume: volume.metadata.name.clone(), claim, why: why.into() });
            }
        }
        self.destroyed.sort();
        self.destroyed.dedup();
    }

    fn look_at_deletions(&mut self, before: &Cluster, after: &Cluster) {
        for kind in [Kind::PersistentVolumeClaim, Kind::PersistentVolume, Kind::Pod] {
            for object in after.objects(kind).into_iter().filter(|object| object.metadata().is_deleting()) {
                let was = before.get(&object.reference()).is_some_and(|held| held.metadata().is_deleting());
                if !was {
                    self.terminating.push(object.reference());
                }
            }
        }
    }
}

fn stuck_pod(before: &Cluster, after: &Cluster, pod: &Pod) -> Option<StuckPod> {
    let known = before.events();
    let object = ObjectKey { kind: Kind::Pod, key: pod.key() };
    let new = after.events().into_iter().filter(|record| record.event.object == object);
    let mut warnings: Vec<_> = new
        .filter(|record| record.event.event_type.as_str() == "Warning")
        .filter(|record| !known.iter().any(|old| old.event == record.event))
        .collect();
    // A volume that cannot be attached is why the others are said.
    warnings.sort_by_key(|record| (record.event.reason == "FailedAttachVolume", record.last));
    let why = warnings.pop().map(|record| record.event.message.clone());
    let deleting = pod.metadata.is_deleting();
    (why.is_some() || !deleting).then(|| StuckPod { pod: pod.key(), why: why.unwrap_or_default() })
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_harmless() {
            return writeln!(f, "No data is lost, no volume is left over, and every pod runs.");
        }
        let volumes = |f: &mut fmt::Formatter<'_>, what: &str, losses: &[VolumeLoss]| -> fmt::Result {
            if losses.is_empty() {
                return Ok(());
            }
            writeln!(f, "{} {what}:", plural(losses.len(), "volume"))?;
            losses.iter().try_for_each(|loss| {
                let claim = loss.claim.as_ref().map(|claim| format!(" of {claim}")).unwrap_or_default();
                writeln!(f, "  {}{claim}: {}", loss.volume, loss.why)
            })
        };
        volumes(f, "destroyed, with what is on them", &self.destroyed)?;
        volumes(f, "left over", &self.leaked)?;
        volumes(f, "stranded", &self.stranded)?;
        if !self.unbound.is_empty() {
            writeln!(f, "{} without a volume then:", plural(self.unbound.len(), "claim"))?;
            self.unbound.iter().try_for_each(|claim| writeln!(f, "  {claim}"))?;
        }
        if !self.stuck.is_empty() {
            writeln!(f, "{} that cannot start:", plural(self.stuck.len(), "pod"))?;
            self.stuck.iter().try_for_each(|stuck| writeln!(f, "  {}: {}", stuck.pod, stuck.why))?;
        }
        if !self.terminating.is_empty() {
            writeln!(f, "{} that stays Terminating:", plural(self.terminating.len(), "object"))?;
            self.terminating.iter().try_for_each(|object| writeln!(f, "  {}", object.short()))?;
        }
        Ok(())
    }
}
