//! The claims that found no volume, so that a volume that becomes free finds the first that would choose it.
//!
//! The mirror image of [`VolumeIndex`](crate::matching::VolumeIndex): claims stand in groups that agree in class, volume
//! mode, attributes class, access modes and selector, each in the order of creation. A free volume is offered to the
//! groups whose claims it could serve; the claims that would choose one of those offered are then visited in the order
//! of their creation, as a walk over all of them would come to them, and no others are.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::IndexMap;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::matching::demand::Demand;
use crate::matching::index::{Sort, SortOf};
use crate::matching::tournament::Tournament;
use crate::model::access_modes::ModeSet;
use crate::model::arena::Arena;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::id::{Id, Sequence};
use crate::model::list::StringMap;
use crate::model::quantity::Size;
use crate::model::selector::{Predicate, Test};
use crate::model::shards::Shards;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;

type VolumeId = Id<PersistentVolume>;
type ClaimId = Id<PersistentVolumeClaim>;

/// Before every claim.
const START: Sequence = Sequence(0);

/// Which of the free volumes of the right sort, access modes and size a claim takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Selection {
    Any,
    Chosen(Arc<Predicate>),
    /// None: it waits for a pod, or asks for an access mode that no volume is known to have.
    None,
    /// None, and its sync fails where a volume has the access modes: its selector cannot be used (`MATCH-12`).
    Invalid,
}

/// Claims that would choose the same volumes but for their size.
#[derive(Clone, Debug)]
struct Group {
    sort: usize,
    modes: ModeSet,
    selection: Selection,
    claims: Tournament,
    /// Free volumes that one of the claims would choose.
    offers: BTreeSet<(Size, VolumeId)>,
    /// The first claim to visit for them.
    next: Option<(Sequence, ClaimId)>,
}

/// The groups of a sort.
#[derive(Clone, Debug, Default)]
struct Groups {
    numbers: FxHashMap<(ModeSet, Selection), u32>,
    all: BTreeSet<u32>,
    /// Those without a selector.
    plain: BTreeSet<u32>,
    /// Those with a selector, by one label and value that a volume must have.
    by_value: FxHashMap<(Text, Text), BTreeSet<u32>>,
    /// Those whose selector asks for a label with any value.
    by_label: FxHashMap<Text, BTreeSet<u32>>,
    /// Those whose selector only says what a volume must not have.
    others: BTreeSet<u32>,
}

/// Claims that wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct WaitingIndex {
    sorts: IndexMap<Sort, Arc<Groups>, FxBuildHasher>,
    classes: BTreeMap<Text, BTreeSet<usize>>,
    groups: Arena<Option<Group>>,
    unused: Vec<u32>,
    /// The group of each claim, and its place in the order of creation.
    claims: Shards<u32, (u32, Sequence)>,
    /// Groups to which something is offered.
    offered: BTreeSet<u32>,
    /// The first claim to visit of each group that has one.
    next: BTreeSet<(Sequence, u32)>,
    /// The last claim that was visited; those before it wait for the next round.
    visited: Sequence,
}

impl WaitingIndex {
    /// Adds a claim that found no volume, or moves it to where it belongs now. `delayed` says whether it waits for a
    /// pod. Cost: logarithmic, and that of compiling its selector.
    pub(crate) fn insert(&mut self, id: ClaimId, created: Sequence, claim: &PersistentVolumeClaim, delayed: bool) {
        self.remove(id);
        let selection = match Demand::of(claim, delayed) {
            Err(_) => Selection::Invalid,
            Ok(demand) if demand.delayed || claim.spec.access_modes.has_strange() => Selection::None,
            Ok(Demand { predicate: Some(predicate), .. }) => Selection::Chosen(Arc::new(predicate)),
            Ok(_) => Selection::Any,
        };
        let number = self.group_of(&SortOf::claim(claim), claim.spec.access_modes.set(), selection);
        if let Some(group) = self.group_mut(number) {
            group.claims.insert(created, id, claim.request().size());
        }
        self.claims.insert(id.number(), (number, created));
        self.refresh(number);
    }

    /// Takes a claim out. Does nothing where it does not wait. Cost: logarithmic.
    pub(crate) fn remove(&mut self, id: ClaimId) {
        if self.claims.is_empty() {
            return;
        }
        let Some((number, created)) = self.claims.remove(&id.number()) else {
            return;
        };
        let Some(group) = self.group_mut(number) else {
            return;
        };
        group.claims.remove(created);
        let is_empty = group.claims.is_empty();
        self.refresh(number);
        if is_empty {
            self.drop_group(number);
        }
    }

    /// Whether a claim waits.
    pub(crate) fn contains(&self, id: ClaimId) -> bool {
        self.claims.get(&id.number()).is_some()
    }

    /// The claims of a class, in no particular order.
    pub(crate) fn of_class(&self, class: &str) -> impl Iterator<Item = ClaimId> {
        let sorts = self.classes.get(class).into_iter().flatten();
        let groups = sorts.flat_map(|sort| &self.sorts[*sort].all);
        groups.filter_map(|number| self.group(*number)).flat_map(|group| group.claims.iter())
    }

    /// The claims whose selectors cannot be used, in no particular order.
    pub(crate) fn invalid(&self) -> impl Iterator<Item = ClaimId> {
        let groups = self.groups.iter().flatten().filter(|group| group.selection == Selection::Invalid);
        groups.flat_map(|group| group.claims.iter())
    }

    /// Offers a volume that has become free. Cost: logarithmic for each group whose claims could choose it; those are
    /// found by the labels of the volume.
    pub(crate) fn offer(&mut self, id: VolumeId, volume: &PersistentVolume) {
        let capacity = volume.capacity().size();
        for number in self.groups_for(volume) {
            let Some(group) = self.group_mut(number).filter(|group| group.claims.first(START, &capacity).is_some())
            else {
                continue;
            };
            group.offers.insert((capacity.clone(), id));
            self.offered.insert(number);
            self.refresh(number);
        }
    }

    /// Takes an offer back, of a volume given as it was when it was offered. Cost: as for offering it.
    pub(crate) fn withdraw(&mut self, id: VolumeId, volume: &PersistentVolume) {
        if self.offered.is_empty() {
            return;
        }
        let offer = (volume.capacity().size(), id);
        for number in self.groups_for(volume) {
            if self.group_mut(number).is_some_and(|group| group.offers.remove(&offer)) {
                self.refresh(number);
            }
        }
    }

    /// The first claim, of those created after the one that was visited last, that would choose an offered volume.
    pub(crate) fn next(&self) -> Option<(Sequence, ClaimId)> {
        let (_, number) = self.next.first()?;
        self.group(*number)?.next
    }

    /// Passes over the claims up to a point in the order of creation.
    pub(crate) fn pass(&mut self, created: Sequence) {
        self.visited = created;
        while let Some((next, number)) = self.next.first().copied().filter(|(next, _)| *next <= created) {
            self.next.remove(&(next, number));
            if let Some(group) = self.group_mut(number) {
                group.next = None;
            }
            self.refresh(number);
        }
    }

    /// Begins anew with the first claim.
    pub(crate) fn rewind(&mut self) {
        self.visited = START;
        for number in self.offered.iter().copied().collect::<Vec<_>>() {
            self.refresh(number);
        }
    }

    /// Works out again which claim of a group is next.
    fn refresh(&mut self, number: u32) {
        let visited = self.visited;
        let Some(group) = self.group_mut(number) else {
            return;
        };
        let first = |group: &Group, after| group.claims.first(after, group.largest()?);
        let next = first(group, visited);
        let before = std::mem::replace(&mut group.next, next);
        // What no claim would choose, were it as large as the largest, need not be offered any more.
        if next.is_none() && first(group, START).is_none() {
            group.offers.clear();
            self.offered.remove(&number);
        }
        if before != next {
            before.map(|(created, _)| self.next.remove(&(created, number)));
            next.map(|(created, _)| self.next.insert((created, number)));
        }
    }

    fn group(&self, number: u32) -> Option<&Group> {
        self.groups.get(number as usize)?.as_ref()
    }

    fn group_mut(&mut self, number: u32) -> Option<&mut Group> {
        self.groups.get_mut(number as usize)?.as_mut()
    }

    /// The groups whose claims could choose a volume, were it large enough.
    fn groups_for(&self, volume: &PersistentVolume) -> Vec<u32> {
        if self.claims.is_empty() {
            return Vec::new();
        }
        let Some(groups) = self.sorts.get(&SortOf::volume(volume)) else {
            return Vec::new();
        };
        let (offered, labels) = (volume.spec.access_modes.set(), &volume.metadata.labels);
        let fits = |number: &u32| {
            self.group(*number).is_some_and(|group| {
                offered.contains_all(group.modes)
                    && match &group.selection {
                        Selection::Any => true,
                        Selection::Chosen(predicate) => predicate.matches(labels),
                        Selection::None | Selection::Invalid => false,
                    }
            })
        };
        groups.candidates(labels).filter(fits).collect()
    }

    fn group_of(&mut self, sort: &SortOf<'_>, modes: ModeSet, selection: Selection) -> u32 {
        let at = self.sorts.get_index_of(sort).unwrap_or_else(|| {
            let sort = sort.to_sort();
            self.classes.entry(sort.class.clone()).or_default().insert(self.sorts.len());
            self.sorts.insert_full(sort, Arc::default()).0
        });
        let key = (modes, selection);
        if let Some(number) = self.sorts[at].numbers.get(&key) {
            return *number;
        }
        let (modes, selection) = key.clone();
        let (claims, offers) = (Tournament::default(), BTreeSet::new());
        let group = Some(Group { sort: at, modes, selection, claims, offers, next: None });
        let number = match self.unused.pop() {
            Some(number) => {
                if let Some(place) = self.groups.get_mut(number as usize) {
                    *place = group;
                }
                number
            }
            None => u32::try_from(self.groups.push(group)).unwrap_or(u32::MAX),
        };
        Arc::make_mut(&mut self.sorts[at]).insert(number, key);
        number
    }

    fn drop_group(&mut self, number: u32) {
        let Some(group) = self.groups.get_mut(number as usize).and_then(Option::take) else {
            return;
        };
        Arc::make_mut(&mut self.sorts[group.sort]).remove(number, &(group.modes, group.selection));
        self.unused.push(number);
    }
}

impl Group {
    /// The size of the largest volume that is offered.
    fn largest(&self) -> Option<&Size> {
        self.offers.last().map(|(capacity, _)| capacity)
    }
}

/// Under what a selector stands, so that the volumes that it may choose find it.
enum Standing<'p> {
    Values(Vec<(&'p Text, &'p Text)>),
    Label(&'p Text),
    Other,
}

impl Groups {
    fn insert(&mut self, number: u32, key: (ModeSet, Selection)) {
        self.all.insert(number);
        match &key.1 {
            Selection::Any => drop(self.plain.insert(number)),
            Selection::Chosen(predicate) => match self.standing(predicate) {
                Standing::Values(pairs) => {
                    for (label, value) in pairs {
                        self.by_value.entry((label.clone(), value.clone())).or_default().insert(number);
                    }
                }
                Standing::Label(label) => drop(self.by_label.entry(label.clone()).or_default().insert(number)),
                Standing::Other => drop(self.others.insert(number)),
            },
            Selection::None | Selection::Invalid => {}
        }
        self.numbers.insert(key, number);
    }

    fn remove(&mut self, number: u32, key: &(ModeSet, Selection)) {
        self.numbers.remove(key);
        self.all.remove(&number);
        self.plain.remove(&number);
        self.others.remove(&number);
        let Selection::Chosen(predicate) = &key.1 else {
            return;
        };
        for requirement in predicate.requirements() {
            let label = &requirement.key;
            for value in allowed(&requirement.test) {
                drop_from(&mut self.by_value, &(label.clone(), value.clone()), number);
            }
            drop_from(&mut self.by_label, label, number);
        }
    }

    /// The requirement under which the fewest others stand.
    fn standing<'p>(&self, predicate: &'p Predicate) -> Standing<'p> {
        let crowd = |label: &Text, value: &Text| {
            self.by_value.get(&(label.clone(), value.clone())).map(BTreeSet::len).unwrap_or_default()
        };
        let pairs = predicate.requirements().iter().filter_map(|requirement| {
            let values = allowed(&requirement.test);
            (!values.is_empty()).then(|| values.iter().map(|value| (&requirement.key, value)).collect::<Vec<_>>())
        });
        let quietest = pairs.min_by_key(|pairs| pairs.iter().map(|(label, value)| crowd(label, value)).sum::<usize>());
        if let Some(pairs) = quietest {
            return Standing::Values(pairs);
        }
        let present = predicate.requirements().iter().find(|requirement| matches!(requirement.test, Test::Exists));
        present.map_or(Standing::Other, |requirement| Standing::Label(&requirement.key))
    }

    /// The groups that may choose a volume with these labels, each once.
    fn candidates(&self, labels: &StringMap) -> impl Iterator<Item = u32> {
        let by_value = labels.iter().filter_map(|(label, value)| self.by_value.get(&(label.clone(), value.clone())));
        let by_label = labels.keys().filter_map(|label| self.by_label.get(label));
        [&self.plain, &self.others].into_iter().chain(by_value).chain(by_label).flatten().copied()
    }
}

/// The values of which a test asks for one.
fn allowed(test: &Test) -> &[Text] {
    match test {
        Test::Equals(value) => std::slice::from_ref(value),
        Test::In(values) => values,
        Test::NotIn(_) | Test::Exists | Test::DoesNotExist => &[],
    }
}

fn drop_from<K: std::hash::Hash + Eq>(groups: &mut FxHashMap<K, BTreeSet<u32>>, key: &K, number: u32) {
    if let Some(held) = groups.get_mut(key) {
        held.remove(&number);
        if held.is_empty() {
            groups.remove(key);
        }
    }
}
