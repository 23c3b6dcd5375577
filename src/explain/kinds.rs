//! Claims and volumes by kind: what the rules of matching read of them, but for their size.
//!
//! The rules are asked once for each pair of kinds, so that ten thousand claims and as many volumes are weighed in the
//! time that a few kinds take. What a claim names, or what is reserved for one, is a pair of its own.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::explain::assignment::{Market, Member};
use crate::explain::contest::{Contender, named};
use crate::explain::weigh::Judge;
use crate::matching::Demand;
use crate::model::access_modes::ModeSet;
use crate::model::list::StringMap;
use crate::model::node_selector::VolumeNodeAffinity;
use crate::model::quantity::Quantity;
use crate::model::selector::LabelSelector;
use crate::model::volume::PersistentVolume;

/// What the rules read of a claim.
#[derive(PartialEq, Eq, Hash)]
struct Asks<'c> {
    class: &'c str,
    attributes_class: &'c str,
    volume_mode: &'c str,
    modes: ModeSet,
    selector: Option<&'c LabelSelector>,
    delayed: bool,
    nodes: Vec<&'c str>,
}

/// What the rules read of a volume that is reserved for nobody. Labels and places count where somebody reads them.
#[derive(PartialEq, Eq, Hash)]
struct Offers<'v> {
    class: &'v str,
    attributes_class: &'v str,
    volume_mode: &'v str,
    modes: ModeSet,
    phase: &'v str,
    deleting: bool,
    labels: Option<&'v StringMap>,
    affinity: Option<&'v VolumeNodeAffinity>,
}

/// Who suits whom. The volumes are as they are before anybody has one of them.
///
/// Cost: that of sorting, and of asking the rules for each pair of kinds within a class.
pub(super) fn market(contenders: &[Contender<'_>], volumes: &[PersistentVolume]) -> Market {
    let mut sizes: Vec<Quantity> = volumes.iter().map(PersistentVolume::capacity).collect();
    sizes.extend(contenders.iter().map(|contender| contender.unbound.request()));
    sizes.sort();
    sizes.dedup();
    let size = |quantity: &Quantity| sizes.partition_point(|known| known < quantity);
    let demands: Vec<Option<Demand<'_>>> =
        contenders.iter().map(|contender| Demand::of(&contender.unbound, false).ok()).collect();

    let (mut claims, mut offers_of) = (Vec::new(), Vec::new());
    let mut asking: FxHashMap<Asks<'_>, usize> = FxHashMap::default();
    // The first claim and the first volume of each kind.
    let (mut first_claims, mut first_volumes) = (Vec::new(), Vec::new());
    for (number, contender) in contenders.iter().enumerate() {
        let is_free = demands[number].is_some() && contender.unbound.spec.volume_name.is_empty();
        let kind = is_free.then(|| {
            *asking.entry(asks(contender)).or_insert_with(|| {
                first_claims.push(number);
                first_claims.len() - 1
            })
        });
        claims.push(Member { kind, size: size(&contender.unbound.request()) });
    }
    let selecting: FxHashSet<&str> = asking_classes(contenders, |contender| contender.unbound.spec.selector.is_some());
    let placing: FxHashSet<&str> = asking_classes(contenders, |contender| !contender.nodes.is_empty());
    let mut offering: FxHashMap<Offers<'_>, usize> = FxHashMap::default();
    let mut offered: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (number, volume) in volumes.iter().enumerate() {
        let kind = volume.spec.claim_ref.is_none().then(|| {
            *offering.entry(offers(volume, &selecting, &placing)).or_insert_with(|| {
                first_volumes.push(number);
                offered.entry(volume.class_name()).or_default().push(first_volumes.len() - 1);
                first_volumes.len() - 1
            })
        });
        offers_of.push(Member { kind, size: size(&volume.capacity()) });
    }
    let suits = first_claims
        .into_iter()
        .map(|number| {
            let Some(demand) = &demands[number] else {
                return Vec::new();
            };
            let suits =
                |kind: &usize| judge(&contenders[number]).allows_but_for_size(&volumes[first_volumes[*kind]], demand);
            let kinds = offered.get(contenders[number].unbound.class_name()).into_iter().flatten();
            kinds.copied().filter(suits).collect()
        })
        .collect();
    Market::new(claims, offers_of, suits, besides(contenders, &demands, volumes))
}

fn judge<'c>(contender: &'c Contender<'_>) -> Judge<'c> {
    if contender.delayed { Judge::Scheduler(&contender.nodes) } else { Judge::Controller }
}

fn asks<'c>(contender: &'c Contender<'_>) -> Asks<'c> {
    let claim = &contender.unbound;
    Asks {
        class: claim.class_name(),
        attributes_class: claim.attributes_class(),
        volume_mode: claim.spec.volume_mode.as_str(),
        modes: claim.spec.access_modes.set(),
        selector: claim.spec.selector.as_deref(),
        delayed: contender.delayed,
        nodes: contender.nodes.iter().map(|node| &*node.metadata.name).collect(),
    }
}

fn offers<'v>(volume: &'v PersistentVolume, selecting: &FxHashSet<&str>, placing: &FxHashSet<&str>) -> Offers<'v> {
    let class = volume.class_name();
    Offers {
        class,
        attributes_class: volume.attributes_class(),
        volume_mode: volume.spec.volume_mode.as_str(),
        modes: volume.spec.access_modes.set(),
        phase: volume.status.phase.as_str(),
        deleting: volume.metadata.is_deleting(),
        labels: selecting.contains(class).then_some(&volume.metadata.labels),
        affinity: volume.spec.node_affinity.as_deref().filter(|_| placing.contains(class)),
    }
}

/// The classes of some claims.
fn asking_classes<'c>(contenders: &'c [Contender<'_>], which: impl Fn(&Contender<'_>) -> bool) -> FxHashSet<&'c str> {
    contenders.iter().filter(|contender| which(contender)).map(|contender| contender.unbound.class_name()).collect()
}

/// The volumes that are reserved for a claim or that it names, where it could be given them.
fn besides(
    contenders: &[Contender<'_>],
    demands: &[Option<Demand<'_>>],
    volumes: &[PersistentVolume],
) -> BTreeMap<usize, Vec<usize>> {
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    let mut reserved: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (number, volume) in volumes.iter().enumerate() {
        by_name.insert(&volume.metadata.name, number);
        if let Some(reference) = &volume.spec.claim_ref {
            reserved.entry((&*reference.namespace, &*reference.name)).or_default().push(number);
        }
    }
    let mut found = BTreeMap::new();
    for (number, (contender, demand)) in contenders.iter().zip(demands).enumerate() {
        let claim = &contender.unbound;
        let volumes: Vec<usize> = match demand {
            None => Vec::new(),
            Some(_) if !claim.spec.volume_name.is_empty() => named(claim, volumes, &by_name),
            Some(demand) => {
                let key = (&*claim.metadata.namespace, &*claim.metadata.name);
                let suits = |place: &usize| judge(contender).objections(&volumes[*place], demand).is_empty();
                reserved.get(&key).into_iter().flatten().copied().filter(suits).collect()
            }
        };
        if !volumes.is_empty() {
            found.insert(number, volumes);
        }
    }
    found
}
