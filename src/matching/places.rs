//! Finds the volume that the scheduler gives to a claim on a node, without looking at those of other nodes.
//!
//! Follows `FindMatchingVolume` of `k8s.io/component-helpers` as the scheduler calls it (`SCHED-23`). Free volumes stand
//! in groups that agree in class, volume mode and attributes class, and within a group under the values of one node
//! label that they are bound to: a volume that needs `kubernetes.io/hostname` to be `n1` is looked at for node `n1` and
//! for no other. A volume that is bound to no label stands under an empty one. Where a volume stands only narrows the
//! search; whether it suits is decided by the rules.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::matching::demand::Demand;
use crate::matching::index::Rank;
use crate::matching::rules::{DESIGNATED, SCHEDULED, mismatches, misplaced};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::id::{Id, Sequence};
use crate::model::node::Node;
use crate::model::node_selector::{NodeSelectorOperator, NodeSelectorRequirement, NodeSelectorTerm};
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumeMode};

type VolumeId = Id<PersistentVolume>;

const HOSTNAME: &str = "kubernetes.io/hostname";

/// What free volumes of a group agree in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    class: Text,
    attributes_class: Text,
    volume_mode: VolumeMode,
}

/// A node label with its value; both are empty for volumes that are bound to none.
type Place = (Text, Text);

/// The free volumes of a group by label and value of the place that they are bound to, the smallest first.
#[derive(Clone, Debug, Default)]
struct Places(BTreeMap<Text, BTreeMap<Text, BTreeSet<Rank>>>);

impl Places {
    fn insert(&mut self, (label, value): Place, rank: Rank) {
        self.0.entry(label).or_default().entry(value).or_default().insert(rank);
    }

    fn remove(&mut self, (label, value): &Place, rank: &Rank) {
        let Some(values) = self.0.get_mut(label) else {
            return;
        };
        if let Some(ranks) = values.get_mut(value) {
            ranks.remove(rank);
            if ranks.is_empty() {
                values.remove(value);
            }
        }
        if values.is_empty() {
            self.0.remove(label);
        }
    }

    /// The volumes that may be used on a node, one list for each label.
    fn on<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = &'a BTreeSet<Rank>> {
        self.0.iter().filter_map(|(label, values)| {
            values.get(if label.is_empty() { label } else { node.metadata.labels.get(label)? })
        })
    }
}

/// The volumes that the scheduler knows of: the free ones by group and place, the others by the claim that they name.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlaceIndex {
    free: Arc<BTreeMap<Group, Arc<Places>>>,
    named: Arc<BTreeMap<ClaimKey, BTreeMap<Sequence, VolumeId>>>,
}

impl PlaceIndex {
    /// Adds a volume. Cost: logarithmic, for each place that it is bound to.
    pub(crate) fn insert(&mut self, id: VolumeId, created: Sequence, volume: &PersistentVolume) {
        if let Some(reference) = &volume.spec.claim_ref {
            let key = ClaimKey::new(&reference.namespace, &reference.name);
            Arc::make_mut(&mut self.named).entry(key).or_default().insert(created, id);
        } else if volume.is_free() {
            let group = group_of(volume.class_name(), volume.attributes_class(), &volume.spec.volume_mode);
            let places = Arc::make_mut(Arc::make_mut(&mut self.free).entry(group).or_default());
            for place in places_of(volume) {
                places.insert(place, Rank::of(id, created, volume));
            }
        }
    }

    /// Takes out a volume, given as it was when it was added. Cost: as for adding it.
    pub(crate) fn remove(&mut self, id: VolumeId, created: Sequence, volume: &PersistentVolume) {
        if let Some(reference) = &volume.spec.claim_ref {
            let key = ClaimKey::new(&reference.namespace, &reference.name);
            let named = Arc::make_mut(&mut self.named);
            if let Some(volumes) = named.get_mut(&key) {
                volumes.remove(&created);
                if volumes.is_empty() {
                    named.remove(&key);
                }
            }
        } else if volume.is_free() {
            let group = group_of(volume.class_name(), volume.attributes_class(), &volume.spec.volume_mode);
            let free = Arc::make_mut(&mut self.free);
            if let Some(places) = free.get_mut(&group).map(Arc::make_mut) {
                for place in places_of(volume) {
                    places.remove(&place, &Rank::of(id, created, volume));
                }
                if places.0.is_empty() {
                    free.remove(&group);
                }
            }
        }
    }

    /// What there is for a claim on any node. Cost: logarithmic.
    pub(crate) fn candidates(&self, claim: &PersistentVolumeClaim) -> Candidates<'_> {
        let group = group_of(claim.class_name(), claim.attributes_class(), &claim.spec.volume_mode);
        let smallest = Rank::smallest(claim.request().size());
        Candidates { named: self.named.get(&claim.key()), free: self.free.get(&group).map(Arc::as_ref), smallest }
    }
}

/// The volumes that a claim may get, whatever the node.
pub(crate) struct Candidates<'i> {
    named: Option<&'i BTreeMap<Sequence, VolumeId>>,
    free: Option<&'i Places>,
    /// Below all that are large enough.
    smallest: Rank,
}

impl Candidates<'_> {
    /// The volume that the scheduler gives to the claim on a node, if there is one; those in `taken` are for other
    /// claims of the same pod (`SCHED-22`, `SCHED-23`). `volume` gives the volume of a number as it was added.
    ///
    /// Cost: logarithmic in the number of volumes that may be used on the node, and linear in those of them that are
    /// large enough and do not suit.
    pub(crate) fn find<'v>(
        &self,
        demand: &Demand<'_>,
        node: &Node,
        taken: &[VolumeId],
        volume: impl Fn(VolumeId) -> Option<&'v PersistentVolume>,
    ) -> Option<VolumeId> {
        let named = self.named.into_iter().flat_map(BTreeMap::values).copied();
        let designated = named
            .filter(|id| !taken.contains(id))
            .find(|id| volume(*id).is_some_and(|volume| mismatches(volume, demand, DESIGNATED).next().is_none()));
        if let Some(id) = designated {
            // One that names the claim and cannot be used here leaves the claim without any.
            return volume(id).filter(|volume| misplaced(volume, node).is_none()).map(|_| id);
        }
        let suits = |rank: &&Rank| {
            !taken.contains(&rank.volume)
                && volume(rank.volume).is_some_and(|volume| {
                    mismatches(volume, demand, SCHEDULED).next().is_none() && misplaced(volume, node).is_none()
                })
        };
        let firsts = self.free?.on(node).filter_map(|ranks| ranks.range(&self.smallest..).find(suits));
        firsts.min().map(|rank| rank.volume)
    }
}

fn group_of(class: &str, attributes_class: &str, mode: &VolumeMode) -> Group {
    Group { class: Text::from(class), attributes_class: Text::from(attributes_class), volume_mode: mode.clone() }
}

/// Where a volume stands: under every value that its affinity allows for one label, if every term asks for that label;
/// else under none.
fn places_of(volume: &PersistentVolume) -> BTreeSet<Place> {
    let anywhere = || BTreeSet::from([(Text::default(), Text::default())]);
    let Some(selector) = volume.spec.node_affinity.as_ref().and_then(|affinity| affinity.required.as_ref()) else {
        return anywhere();
    };
    let terms = &selector.node_selector_terms;
    let asked = terms.first().into_iter().flat_map(labels_of);
    let common = asked.filter(|label| terms.iter().all(|term| labels_of(term).any(|asked| asked == *label)));
    let Some(label) = common.min_by_key(|label| (label.as_str() != HOSTNAME, *label)) else {
        return anywhere();
    };
    let requirements = terms.iter().flat_map(|term| term.match_expressions.iter());
    let values = requirements.filter(|requirement| requirement.key == *label && is_choice(requirement));
    values.flat_map(|requirement| requirement.values.iter()).map(|value| (label.clone(), value.clone())).collect()
}

/// The labels for which a term lists the values.
fn labels_of(term: &NodeSelectorTerm) -> impl Iterator<Item = &Text> {
    let choices = term.match_expressions.iter().filter(|requirement| is_choice(requirement));
    choices.map(|requirement| &requirement.key)
}

fn is_choice(requirement: &NodeSelectorRequirement) -> bool {
    requirement.operator == NodeSelectorOperator::In
}
