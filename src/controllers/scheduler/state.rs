//! What the scheduler remembers between syncs: the pods that hold a node while their claims are being bound, those
//! that were rejected, and indexes of what it sees. A crash drops all of it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use crate::controllers::scheduler::demand::is_bound;
use crate::controllers::scheduler::nodes::{NodeChoice, NodeIndex};
use crate::controllers::scheduler::wait::Waiting;
use crate::matching::{Candidates, PlaceIndex};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::id::{Id, ObjectId, Sequence};
use crate::model::kind::{Object, Resource};
use crate::model::node::Node;
use crate::model::pod::Pod;
use crate::model::reference::NamespacedName;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::store::Store;

const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

/// How an attempt ended, as far as the scheduler remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheduled {
    /// Its claims are being bound; it holds its node.
    Waits(Box<Waiting>),
    /// The plugins reject it. It is tried again when something changes (`SCHED-63`).
    Rejected,
    /// Something went wrong. It is tried again after a while.
    Failed,
    /// It has a node, or needs none.
    Dropped,
}

/// The place of a pod in the queue (`ND-14`): the highest priority first, then the one created first.
type Turn = (Reverse<i32>, Sequence, Text, u32);

/// What the scheduler remembers. The indexes are made when they are first needed, so that a cluster without pods pays
/// nothing for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scheduler {
    nodes: Option<NodeIndex>,
    volumes: Option<PlaceIndex>,
    waiting: Arc<BTreeMap<u32, Waiting>>,
    rejected: Arc<BTreeSet<u32>>,
    /// How often the attempts for a pod failed in a row.
    failures: BTreeMap<u32, u32>,
    queue: Arc<BTreeSet<Turn>>,
    /// Whether anything changed since rejected pods were last tried.
    changed: bool,
}

/// The node that a pod is on, if it takes up room there.
pub(crate) fn place(pod: &Pod) -> Option<&Text> {
    Some(&pod.spec.node_name).filter(|node| !node.is_empty() && !pod.status.phase.is_final())
}

impl Scheduler {
    /// Makes the indexes that an attempt for a pod needs. Cost: linear in what there is, once.
    pub(crate) fn prepare(&mut self, pod: Id<Pod>, store: &Store) {
        let pod = store.pods.get(pod);
        let mut claims = pod.into_iter().flat_map(|pod| pod.claim_keys()).filter_map(|key| store.claims.find(&key));
        self.index(claims.any(|claim| !is_bound(claim)), store);
    }

    /// Makes the index of nodes, and that of volumes where they are looked for. Cost: linear in what there is, once.
    pub(crate) fn index(&mut self, with_volumes: bool, store: &Store) {
        if self.nodes.is_none() {
            self.nodes = Some(self.index_nodes(store));
        }
        if self.volumes.is_none() && with_volumes {
            let mut volumes = PlaceIndex::default();
            for (id, volume) in store.volumes.in_order() {
                volumes.insert(id, store.volumes.created(id), volume);
            }
            self.volumes = Some(volumes);
        }
    }

    fn index_nodes(&self, store: &Store) -> NodeIndex {
        let mut nodes = NodeIndex::default();
        for (id, node) in store.nodes.in_order() {
            nodes.set_node(&node.metadata.name, Some(id.number()));
        }
        for (id, pod) in store.pods.in_order() {
            if let Some(node) = place(pod) {
                nodes.place(id.number(), node);
            }
        }
        for (pod, waiting) in self.waiting.iter() {
            nodes.place(*pod, &waiting.node);
        }
        nodes
    }

    /// Follows the change of an object.
    pub(crate) fn observe(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>, store: &Store) {
        match before.or(after) {
            Some(Object::Pod(_)) => self.observe_pod(id.number, before, after),
            Some(Object::Node(node)) => {
                if let Some(nodes) = &mut self.nodes {
                    nodes.set_node(&node.metadata.name, after.map(|_| id.number));
                }
            }
            Some(Object::PersistentVolume(_)) => {
                let Some(volumes) = &mut self.volumes else {
                    return;
                };
                let id: Id<PersistentVolume> = Id::from_number(id.number);
                let [before, after] = [before, after].map(|object| object.and_then(PersistentVolume::unwrap));
                if before.zip(after).is_some_and(|(before, after)| is_for_same_claim(before, after)) {
                    // It stands where it stood.
                    return;
                }
                if let Some(before) = before {
                    volumes.remove(id, store.volumes.created(id), before);
                }
                if let Some(after) = after {
                    volumes.insert(id, store.volumes.created(id), after);
                }
            }
            _ => {}
        }
    }

    fn observe_pod(&mut self, number: u32, before: Option<&Object>, after: Option<&Object>) {
        let held = self.waiting.get(&number).map(|waiting| &waiting.node);
        let Some(nodes) = &mut self.nodes else {
            return;
        };
        let [before, after] = [before, after].map(|object| object.and_then(Pod::unwrap).and_then(|pod| place(pod)));
        if before == after {
            return;
        }
        if let Some(node) = before.filter(|node| Some(*node) != held) {
            nodes.displace(number, node);
        }
        if let Some(node) = after {
            nodes.place(number, node);
        }
    }

    /// Remembers how an attempt ended. Gives the time after which the pod is tried again, where it failed.
    pub(crate) fn note(&mut self, pod: Id<Pod>, outcome: Scheduled, store: &Store) -> Option<Duration> {
        let number = pod.number();
        self.release(pod, store);
        set(&mut self.rejected, number, outcome == Scheduled::Rejected);
        match outcome {
            Scheduled::Waits(waiting) => {
                if let Some(nodes) = &mut self.nodes {
                    nodes.place(number, &waiting.node);
                }
                Arc::make_mut(&mut self.waiting).insert(number, *waiting);
                None
            }
            Scheduled::Rejected | Scheduled::Dropped => {
                self.failures.remove(&number);
                None
            }
            Scheduled::Failed => {
                let failures = self.failures.entry(number).or_default();
                let backoff = FIRST_BACKOFF.saturating_mul(2u32.saturating_pow(*failures)).min(LONGEST_BACKOFF);
                *failures += 1;
                Some(backoff)
            }
        }
    }

    /// Gives up the node that a pod holds while it waits, unless it is on that node by now.
    fn release(&mut self, pod: Id<Pod>, store: &Store) {
        if !self.waiting.contains_key(&pod.number()) {
            return;
        }
        let Some(waiting) = Arc::make_mut(&mut self.waiting).remove(&pod.number()) else {
            return;
        };
        let stays = store.pods.get(pod).and_then(|pod| place(pod)) == Some(&waiting.node);
        if stays {
            return;
        }
        if let Some(nodes) = &mut self.nodes {
            nodes.displace(pod.number(), &waiting.node);
        }
        self.stir();
    }

    /// The pod's wait for its claims, if it is in one.
    pub(crate) fn waiting(&self, pod: Id<Pod>) -> Option<&Waiting> {
        self.waiting.get(&pod.number())
    }

    /// The numbers of the pods that hold a node while they wait.
    pub(crate) fn waiting_on(&self, node: &Text) -> Vec<u32> {
        self.waiting.iter().filter(|(_, waiting)| waiting.node == *node).map(|(pod, _)| *pod).collect()
    }

    /// Ends a pod's wait at the next look at it. Returns whether it waited.
    pub(crate) fn expire(&mut self, pod: Id<Pod>) -> bool {
        if !self.waiting.contains_key(&pod.number()) {
            return false;
        }
        if let Some(waiting) = Arc::make_mut(&mut self.waiting).get_mut(&pod.number()) {
            waiting.deadline = Duration::ZERO;
        }
        true
    }

    /// Puts a pod into the order in which pods are tried.
    pub(crate) fn push(&mut self, pod: Id<Pod>, store: &Store) {
        Arc::make_mut(&mut self.queue).insert(turn(pod, store));
    }

    /// The pod whose turn it is.
    pub(crate) fn first(&self) -> Option<Id<Pod>> {
        self.queue.first().map(|turn| Id::from_number(turn.3))
    }

    /// Takes the pod whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<Id<Pod>> {
        Arc::make_mut(&mut self.queue).pop_first().map(|turn| Id::from_number(turn.3))
    }

    /// What decides about what it does next: the indexes follow from what is stored. Times and versions do not
    /// count.
    pub(crate) fn remembered(&self) -> impl Hash {
        let waiting = self.waiting.iter().map(|(pod, waiting)| {
            let matches: Vec<_> = waiting.matches.iter().map(|(volume, _, claim)| (volume, claim)).collect();
            let provisions: Vec<_> = waiting.provisions.iter().map(|(claim, _)| claim).collect();
            (pod, &waiting.uid, &waiting.node, matches, provisions)
        });
        let queue: Vec<_> = self.queue.iter().map(|(priority, _, name, _)| (priority, name)).collect();
        (waiting.collect::<Vec<_>>(), &self.rejected, queue, self.changed)
    }

    /// Whether any pod was rejected that waits for something to change.
    pub(crate) fn has_rejected(&self) -> bool {
        !self.rejected.is_empty()
    }

    /// Whether there is an index that follows changes.
    pub(crate) fn has_indexes(&self) -> bool {
        self.nodes.is_some() || self.volumes.is_some()
    }

    /// Notes that something changed that rejected pods may have waited for.
    pub(crate) fn stir(&mut self) {
        self.changed |= !self.rejected.is_empty();
    }

    /// Whether rejected pods are to be tried again.
    pub(crate) fn is_stirred(&self) -> bool {
        self.changed
    }

    /// The pods that were rejected, to be tried again.
    pub(crate) fn take_rejected(&mut self) -> Vec<Id<Pod>> {
        self.changed = false;
        std::mem::take(Arc::make_mut(&mut self.rejected)).into_iter().map(Id::from_number).collect()
    }

    /// Whether a pod takes up room on a node: it is there, or holds it while it waits (`SCHED-50`).
    pub(super) fn is_placed(&self, pod: &Pod, store: &Store) -> bool {
        let key = NamespacedName::new(&pod.metadata.namespace, &pod.metadata.name);
        let waiting = store.pods.id(&key).and_then(|id| self.waiting(id));
        place(pod).is_some() || waiting.is_some_and(|waiting| waiting.uid == pod.metadata.uid)
    }

    /// The pods on a node, those included that hold it while they wait.
    pub(super) fn pods_on<'s>(&'s self, node: &Text, store: &'s Store) -> impl Iterator<Item = &'s Arc<Pod>> {
        let numbers = self.nodes.iter().flat_map(|nodes| nodes.pods_on(node));
        numbers.filter_map(|number| store.pods.get(Id::from_number(number))).collect::<Vec<_>>().into_iter()
    }

    pub(super) fn node_count(&self) -> usize {
        self.nodes.as_ref().map_or(0, NodeIndex::len)
    }

    /// The nodes in the order in which they are tried.
    pub(super) fn nodes_in_order(&self, choice: NodeChoice) -> impl Iterator<Item = Id<Node>> {
        self.nodes.iter().flat_map(move |nodes| nodes.in_order(choice)).map(Id::from_number)
    }

    /// The volumes that a claim may get, whatever the node (`SCHED-23`).
    pub(super) fn candidates(&self, claim: &PersistentVolumeClaim) -> Option<Candidates<'_>> {
        self.volumes.as_ref().map(|volumes| volumes.candidates(claim))
    }
}

/// Whether two states of a volume name the same claim.
fn is_for_same_claim(one: &PersistentVolume, other: &PersistentVolume) -> bool {
    let claims = one.spec.claim_ref.as_ref().zip(other.spec.claim_ref.as_ref());
    claims.is_some_and(|(one, other)| one.name == other.name && one.namespace == other.namespace)
}

fn turn(pod: Id<Pod>, store: &Store) -> Turn {
    let found = store.pods.get(pod);
    let priority = found.and_then(|pod| pod.spec.priority).unwrap_or_default();
    let name = found.map(|pod| pod.metadata.name.clone()).unwrap_or_default();
    (Reverse(priority), store.pods.created(pod), name, pod.number())
}

fn set(numbers: &mut Arc<BTreeSet<u32>>, number: u32, present: bool) {
    if numbers.contains(&number) == present {
        return;
    }
    if present {
        Arc::make_mut(numbers).insert(number);
    } else {
        Arc::make_mut(numbers).remove(&number);
    }
}
