//! What becomes of claims in clusters that are too large to be explored whole.
//!
//! A volume and a claim that could never come together do not influence each other. So the cluster falls into parts, each
//! of which is explored by itself; that is exact where every part is small enough. Of a part that is too large only what
//! cannot happen is certain: a claim gets none but the volumes that could suit it.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::Cluster;
use crate::explore::outcomes::{ClaimOutcome, Outcomes};
use crate::explore::search::Explorer;
use crate::matching::{Demand, POSSIBLE, mismatches};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::kind::{Kind, ObjectKey};
use crate::model::names::BIND_COMPLETED;
use crate::model::reference::NamespacedName;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;

/// Says what becomes of each claim, over all orders and all ties, where nothing goes wrong and no user does anything.
/// Exact where each part of the cluster that hangs together has no more than so many states; else a sound answer that
/// says it is not exact. Cost: quadratic in the number of objects, and that of exploring the parts.
///
/// ```
/// use bindery::explore::outcomes;
/// use bindery::{AccessMode, Cluster, PersistentVolume, PersistentVolumeClaim};
///
/// let mut cluster = Cluster::default();
/// for (volume, size) in [("small", "1Gi"), ("large", "10Gi")] {
///     cluster.create(PersistentVolume::new(volume, size.parse()?, [AccessMode::ReadWriteOnce]))?;
/// }
/// for (claim, size) in [("little", "1Gi"), ("much", "10Gi")] {
///     cluster.create(PersistentVolumeClaim::new("default", claim, size.parse()?, [AccessMode::ReadWriteOnce]))?;
/// }
/// // The small claim takes the large volume if that one alone is there when it is looked at.
/// let outcomes = outcomes(&cluster, 100_000);
/// let of = |name: &str| outcomes.of(&bindery::ClaimKey::new("default", name)).unwrap();
/// assert_eq!(of("little").volumes(), ["large", "small"]);
/// assert!(of("little").must_be_bound() && !of("much").must_be_bound());
/// assert!(outcomes.exact);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn outcomes(cluster: &Cluster, max_states: usize) -> Outcomes {
    let parts = parts(cluster);
    let mut all = Outcomes::default();
    all.exact = true;
    for part in &parts {
        let alone = if parts.len() == 1 { cluster.fork() } else { cluster.isolate(|key| stays(key, part)) };
        let found = Explorer::new(&alone).cycles(false).max_states(max_states).run();
        if found.complete {
            all.join(found.outcomes);
        } else {
            all.exact = false;
            all.join(bounds(&alone));
        }
    }
    all
}

/// Volumes and claims that hang together.
type Part = BTreeSet<ObjectKey>;

fn stays(key: &ObjectKey, part: &Part) -> bool {
    !matches!(key.kind, Kind::PersistentVolume | Kind::PersistentVolumeClaim) || part.contains(key)
}

fn volume_key(volume: &PersistentVolume) -> ObjectKey {
    ObjectKey { kind: Kind::PersistentVolume, key: NamespacedName::cluster_wide(&volume.metadata.name) }
}

fn claim_key(claim: &PersistentVolumeClaim) -> ObjectKey {
    ObjectKey { kind: Kind::PersistentVolumeClaim, key: claim.key() }
}

/// The parts that cannot influence each other. Where there is anything else that acts on claims, or where something is in
/// progress, everything is one part.
fn parts(cluster: &Cluster) -> Vec<Part> {
    let volumes: Vec<&PersistentVolume> = cluster.volumes().collect();
    let claims: Vec<&PersistentVolumeClaim> = cluster.claims().collect();
    let everything =
        || volumes.iter().map(|volume| volume_key(volume)).chain(claims.iter().map(|claim| claim_key(claim)));
    let others = [Kind::Pod, Kind::StatefulSet, Kind::Deployment, Kind::ReplicaSet, Kind::ResourceQuota];
    if cluster.is_busy() || others.into_iter().any(|kind| cluster.count(kind) > 0) {
        return vec![everything().collect()];
    }
    // Each volume and claim by the number of its part; parts that meet get the smaller number.
    let mut part_of: Vec<usize> = (0..volumes.len() + claims.len()).collect();
    for (number, claim) in claims.iter().enumerate() {
        for (other, volume) in volumes.iter().enumerate() {
            if may_meet(volume, claim) {
                let (one, two) = (part_of[volumes.len() + number], part_of[other]);
                let (from, to) = (one.max(two), one.min(two));
                part_of.iter_mut().filter(|part| **part == from).for_each(|part| *part = to);
            }
        }
    }
    let mut parts: BTreeMap<usize, Part> = BTreeMap::new();
    for (key, part) in everything().zip(part_of) {
        parts.entry(part).or_default().insert(key);
    }
    parts.into_values().filter(|part| part.iter().any(|key| key.kind == Kind::PersistentVolumeClaim)).collect()
}

/// Whether a volume and a claim may ever come together: one names the other, or nothing that stays as it is speaks against
/// it.
fn may_meet(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let reference = volume.spec.claim_ref.as_deref();
    let named = reference.is_some_and(|reference| {
        reference.name == claim.metadata.name && reference.namespace == claim.metadata.namespace
    });
    named || claim.spec.volume_name == volume.metadata.name || may_suit(volume, claim)
}

/// Whether nothing that stays as it is speaks against giving the volume to the claim.
fn may_suit(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let Ok(demand) = Demand::of(claim, false) else {
        return false;
    };
    // A claim without a class may be given one later (`DEFAULT-6`), so that its class says nothing.
    !claim.has_class() || mismatches(volume, &demand, POSSIBLE).next().is_none()
}

/// What may become of the claims at most: nothing is certain but what cannot happen.
fn bounds(cluster: &Cluster) -> Outcomes {
    let mut outcomes = Outcomes::default();
    for claim in cluster.claims() {
        let name = &claim.spec.volume_name;
        let volumes: BTreeSet<Text> = if !name.is_empty() {
            BTreeSet::from([name.clone()])
        } else if claim.metadata.annotations.contains_key(BIND_COMPLETED) {
            BTreeSet::new()
        } else {
            let may = cluster.volumes().filter(|volume| may_meet(volume, claim));
            let made = Text::from(format!("pvc-{}", claim.metadata.uid));
            let makes = claim.has_class() || cluster.count(Kind::StorageClass) > 0;
            may.map(|volume| volume.metadata.name.clone()).chain(makes.then_some(made)).collect()
        };
        outcomes.add(ClaimOutcome::bounded(claim.key(), volumes, claim.metadata.is_deleting()));
    }
    outcomes
}
