//! The volumes among which chance decides: all that suit a claim as well as the best one does.
//!
//! Kubernetes walks over maps, so that of equal sets of access modes (`DET-1`), of equal volumes (`DET-2`) and of several
//! volumes that name a claim (`DET-3`) any may come first. The first of those given here is the one that the documented
//! order takes.

use crate::matching::demand::Demand;
use crate::matching::rules::{FREE, RESERVED, mismatches};
use crate::model::access_modes::ModeSet;
use crate::model::id::{Id, Sequence};
use crate::model::quantity::Quantity;
use crate::model::volume::PersistentVolume;

type VolumeId = Id<PersistentVolume>;

/// How well a volume suits: of two of one set of access modes the smaller one is taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    modes: ModeSet,
    /// Nothing for a volume that names the claim, whatever its size; it comes before those that are free.
    capacity: Option<Quantity>,
}

/// The volumes that a claim may get (`MATCH-3` to `MATCH-7`), that of the documented order first. Cost: linear in the
/// number of volumes that are given.
pub(crate) fn equals<'v>(
    demand: &Demand<'_>,
    volumes: impl Iterator<Item = (VolumeId, Sequence, &'v PersistentVolume)>,
) -> Vec<VolumeId> {
    let claim = demand.claim;
    if claim.spec.access_modes.has_strange() {
        return Vec::new();
    }
    let mut found: Vec<(Fit, Sequence, VolumeId)> = Vec::new();
    for (id, created, volume) in volumes {
        let named = volume.spec.claim_ref.as_ref().is_some_and(|reference| claim.is_designated_by(reference));
        let rules = if named { RESERVED } else { FREE };
        if mismatches(volume, demand, rules).next().is_none() {
            let capacity = (!named).then(|| volume.capacity());
            found.push((Fit { modes: volume.spec.access_modes.set(), capacity }, created, id));
        }
    }
    found.sort_unstable_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    let Some(fewest) = found.first().map(|(fit, ..)| fit.modes.len()) else {
        return Vec::new();
    };
    // Of each set of the smallest size, those that are as good as its best.
    let mut best: Option<&Fit> = None;
    let mut equals = Vec::new();
    for (fit, _, id) in found.iter().take_while(|(fit, ..)| fit.modes.len() == fewest) {
        if best.is_none_or(|best| best.modes != fit.modes) {
            best = Some(fit);
        }
        if best == Some(fit) {
            equals.push(*id);
        }
    }
    equals
}
