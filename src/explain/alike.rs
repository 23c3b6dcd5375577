//! Claims that differ in name and size only: what becomes of a few tells what becomes of all.
//!
//! Tried alone, a claim that asks for less is served wherever one is that asks for more: a volume that is large enough for
//! the one is large enough for the other, and who can make the larger volume can make the smaller one. So of claims that
//! agree in all else the small ones are served, up to some size, and a logarithmic number of trials finds it.

use std::cell::OnceCell;

use rustc_hash::FxHashMap;

use crate::model::claim::{PersistentVolumeClaim, PersistentVolumeClaimSpec, VolumeResourceRequirements};
use crate::model::names::SELECTED_NODE;
use crate::model::quantity::Quantity;
use crate::model::text::Text;

/// What decides about a claim that has no volume of its own, but for its size.
#[derive(PartialEq, Eq, Hash)]
struct Likeness {
    namespace: Text,
    /// Its class, which may stand in an annotation.
    class: Text,
    node: Option<Text>,
    spec: PersistentVolumeClaimSpec,
}

impl Likeness {
    fn of(claim: &PersistentVolumeClaim) -> Self {
        let mut spec = claim.spec.clone();
        spec.resources = VolumeResourceRequirements::default();
        Self {
            namespace: claim.metadata.namespace.clone(),
            class: claim.class_name().into(),
            node: claim.metadata.annotations.get(SELECTED_NODE).cloned(),
            spec,
        }
    }
}

/// Claims that agree in all but their size.
#[derive(Default)]
struct Group<'c> {
    /// One claim of each size, the smallest first.
    claims: Vec<(Quantity, &'c PersistentVolumeClaim)>,
    /// How many of these are served.
    served: OnceCell<usize>,
}

/// Claims by what decides about them.
pub(super) struct Alike<'c>(FxHashMap<Likeness, Group<'c>>);

impl<'c> Alike<'c> {
    /// Claims for which no volume is reserved. Cost: that of sorting.
    pub(super) fn new(claims: impl Iterator<Item = &'c PersistentVolumeClaim>) -> Self {
        let mut groups: FxHashMap<Likeness, Group<'c>> = FxHashMap::default();
        for claim in claims {
            groups.entry(Likeness::of(claim)).or_default().claims.push((claim.request(), claim));
        }
        #[expect(clippy::iter_over_hash_type, reason = "each is sorted by itself")]
        for group in groups.values_mut() {
            group.claims.sort_by(|a, b| a.0.cmp(&b.0));
            group.claims.dedup_by(|a, b| a.0 == b.0);
        }
        Self(groups)
    }

    /// Whether a claim is served, by trials of it or of others that are like it.
    pub(super) fn is_served(
        &self,
        claim: &PersistentVolumeClaim,
        is_served: impl Fn(&PersistentVolumeClaim) -> bool,
    ) -> bool {
        let Some(group) = self.0.get(&Likeness::of(claim)) else {
            return is_served(claim);
        };
        let size = claim.request();
        let largest = group.served(is_served).checked_sub(1).and_then(|last| group.claims.get(last));
        largest.is_some_and(|(largest, _)| size <= *largest)
    }
}

impl Group<'_> {
    fn served(&self, is_served: impl Fn(&PersistentVolumeClaim) -> bool) -> usize {
        *self.served.get_or_init(|| match self.claims.as_slice() {
            // Mostly all are, or none.
            [.., (_, last)] if is_served(last) => self.claims.len(),
            [(_, first), ..] if !is_served(first) => 0,
            claims => claims.partition_point(|(_, claim)| is_served(claim)),
        })
    }
}
