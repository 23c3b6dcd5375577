//! Which claims of a small circle bind in every order in which they may be handled.
//!
//! Where all volumes are there and free before the first of the claims comes, and the volume controller alone chooses, a
//! claim is given its volume in one go. So what can happen is one of the orders of the claims, and all of them are run.

use std::collections::BTreeSet;

use crate::cluster::Cluster;
use crate::explain::contest::{Contender, Contest};
use crate::explain::trial::Trial;
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::volume::{PersistentVolume, VolumePhase};

/// The largest circle of claims that is tried: 24 orders.
const MOST: usize = 4;
/// How many circles are tried; the claims of others count as contested.
const CIRCLES: usize = 200;

impl Trial<'_> {
    /// The claims, by number, that have a volume in every order of their circles; not among those that are `safe` anyway.
    pub(super) fn safe_in_orders(
        &self,
        contenders: &[Contender<'_>],
        contest: &Contest,
        volumes: &[PersistentVolume],
        safe: &[bool],
    ) -> BTreeSet<usize> {
        let (mut seen, mut found) = (BTreeSet::new(), BTreeSet::new());
        let mut circles = 0;
        for (number, contender) in contenders.iter().enumerate() {
            let asks = contender.claim.status.phase == ClaimPhase::Bound && !safe[number];
            if !asks || seen.contains(&number) || circles == CIRCLES {
                continue;
            }
            let Some((claims, of_circle)) = contest.circle(number, MOST) else {
                continue;
            };
            seen.extend(claims.iter().copied());
            let written = claims.iter().map(|claim| self.as_written(&contenders[*claim]));
            let free = of_circle.iter().map(|volume| self.was_free(&volumes[*volume]));
            if let (Some(written), Some(free)) = (written.collect::<Option<Vec<_>>>(), free.collect::<Option<Vec<_>>>())
            {
                circles += 1;
                let always = always_bound(&free, &written);
                found.extend(claims.iter().zip(always).filter(|(_, always)| *always).map(|(claim, _)| *claim));
            }
        }
        found
    }

    /// A claim before anything happened to it, where the volume controller alone chooses its volume.
    fn as_written(&self, contender: &Contender<'_>) -> Option<&PersistentVolumeClaim> {
        let claim = self.applied.claim(&contender.claim.key().to_string())?;
        let is_plain = !contender.delayed && claim.spec.volume_name.is_empty() && !claim.metadata.is_deleting();
        (is_plain && claim.status.phase != ClaimPhase::Bound).then_some(claim)
    }

    /// A volume that was free before, and to which nothing happened when the manifests were applied.
    fn was_free(&self, volume: &PersistentVolume) -> Option<&PersistentVolume> {
        let before = self.before.volume(&volume.metadata.name)?;
        let applied = self.applied.volume(&volume.metadata.name)?;
        let is_same = before.metadata.resource_version == applied.metadata.resource_version;
        let is_free = before.status.phase == VolumePhase::Available && before.spec.claim_ref.is_none();
        (is_same && is_free && !before.metadata.is_deleting()).then_some(before)
    }
}

/// Which of the claims are bound in all orders.
fn always_bound(volumes: &[&PersistentVolume], claims: &[&PersistentVolumeClaim]) -> Vec<bool> {
    let mut start = Cluster::default();
    let placed = volumes.iter().try_for_each(|volume| start.restore((*volume).clone()).map(drop));
    let mut always = vec![placed.is_ok() && start.settle().is_ok(); claims.len()];
    for order in orders(claims.len()) {
        let mut cluster = start.fork();
        let ran = order.iter().all(|claim| cluster.restore(claims[*claim].clone()).is_ok() && cluster.settle().is_ok());
        for (claim, always) in claims.iter().zip(&mut always) {
            let bound =
                cluster.claim(&claim.key().to_string()).is_some_and(|claim| claim.status.phase == ClaimPhase::Bound);
            *always &= ran && bound;
        }
    }
    always
}

/// All orders of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else {
        return vec![Vec::new()];
    };
    let shorter = orders(last);
    let with = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, last);
        order
    };
    shorter.iter().flat_map(|order| (0..count).map(move |at| with(order, at))).collect()
}
