//! What happens on nodes: which kubelets are silent, which pods are held, which wait for their volumes.

mod attached;
mod orphans;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::api::ApiError;
use crate::cluster::Cluster;
use crate::cluster::config::Controller;
use crate::cluster::notify::claims_behind;
use crate::cluster::sync::End;
use crate::cluster::work::{Origin, SyncTask, Worker};
use crate::controllers::{Attachments, Evictions, Hold, KubeletSync, Surroundings, next_address, time_left};
use crate::model::id::{Id, ObjectId};
use crate::model::kind::{Kind, Object, Resource};
use crate::model::pod::Pod;
use crate::model::reference::NamespacedName;
use crate::model::text::Text;

/// What the nodes know that no object says.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    /// Since when kubelets are silent, by node.
    silent: BTreeMap<Text, Duration>,
    held: BTreeSet<(NamespacedName, Hold)>,
    /// Nodes that do not exist and have pods, and since when that is known.
    gone: BTreeMap<Text, Duration>,
    /// Pods that wait to start.
    waiting: BTreeMap<ObjectId, Waiting>,
    attachments: Attachments,
    evictions: Evictions,
    /// How many addresses pods have had.
    addresses: u32,
}

/// How a pod waits to start.
#[derive(Clone, Debug)]
struct Waiting {
    since: Duration,
    /// What was said last of why, and when.
    told: Option<(Vec<Text>, Duration)>,
}

impl Cluster {
    /// Keeps a pod, which need not exist yet, from becoming ready or from stopping, until it is released. The name is
    /// `namespace/name`, or a name in the default namespace.
    ///
    /// ```
    /// use bindery::{Cluster, Hold, PodPhase};
    ///
    /// let mut cluster = Cluster::default();
    /// cluster.hold("web", Hold::Readiness);
    /// cluster.apply_yaml("
    /// {apiVersion: v1, kind: Node, metadata: {name: n1}}
    /// ---
    /// {apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {nodeName: n1, containers: [{name: c, image: nginx}]}}
    /// ")?;
    /// cluster.settle()?;
    /// assert_eq!(cluster.pod("web").unwrap().status.phase, PodPhase::Pending);
    /// cluster.release("web", Hold::Readiness);
    /// cluster.settle()?;
    /// assert!(cluster.pod("web").unwrap().is_ready());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn hold(&mut self, pod: &str, hold: Hold) {
        let key = self.namespaced(pod);
        self.wake_pod(&key);
        self.nodes.held.insert((key, hold));
    }

    /// Lets a pod go that was held.
    pub fn release(&mut self, pod: &str, hold: Hold) {
        let key = self.namespaced(pod);
        self.wake_pod(&key);
        self.nodes.held.remove(&(key, hold));
    }

    /// Lets the kubelet of a node fall silent. After 50 seconds the node is marked and its pods are not ready; after
    /// five minutes more they are deleted, and stay until the node answers again (`STS-33`).
    ///
    /// # Errors
    /// [`ApiError::NotFound`] where there is no such node.
    pub fn fail_node(&mut self, node: &str) -> Result<(), ApiError> {
        let id = self.node_id(node)?;
        self.nodes.silent.entry(node.into()).or_insert(self.now);
        self.enqueue_node(id);
        Ok(())
    }

    /// Lets the kubelet of a node answer again.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] where there is no such node.
    pub fn heal_node(&mut self, node: &str) -> Result<(), ApiError> {
        let id = self.node_id(node)?;
        self.nodes.silent.remove(node);
        self.enqueue_node(id);
        self.enqueue_attach(&node.into());
        self.wake_pods_on(&node.into(), true);
        Ok(())
    }

    fn node_id(&self, node: &str) -> Result<ObjectId, ApiError> {
        let missing = || ApiError::NotFound { kind: Kind::Node, name: node.into() };
        self.store.object_id(&Kind::Node.named(node)).filter(|id| self.store.object(*id).is_some()).ok_or_else(missing)
    }

    fn enqueue_node(&mut self, id: ObjectId) {
        if self.runs(Controller::Nodes) {
            self.work.enqueue(Worker::Nodes, id, false);
        }
    }

    fn wake_pod(&mut self, key: &NamespacedName) {
        if let Some(id) = self.store.pods.id(key) {
            self.enqueue_kubelet(id.into());
        }
    }

    fn enqueue_kubelet(&mut self, pod: ObjectId) {
        if self.runs(Controller::Kubelets) {
            self.work.enqueue(Worker::Kubelet, pod, false);
        }
    }

    /// Has the kubelet of a node look at its pods: at all of them, or at those that wait to start.
    fn wake_pods_on(&mut self, node: &Text, all: bool) {
        if !all && self.nodes.waiting.is_empty() {
            return;
        }
        let mut pods: Vec<NamespacedName> = self.store.pods_on(node).map(|pod| pod.key()).collect();
        pods.sort();
        for pod in pods.iter().filter_map(|pod| self.store.pods.id(pod)).map(ObjectId::from).collect::<Vec<_>>() {
            if all || self.nodes.waiting.contains_key(&pod) {
                self.enqueue_kubelet(pod);
            }
        }
    }

    /// The nodes and pods that a change concerns.
    pub(super) fn notify_nodes(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>) {
        let [old, new] = [before, after].map(|object| object.and_then(Pod::unwrap));
        let stays = old.zip(new).is_some_and(|(old, new)| {
            old.spec.node_name == new.spec.node_name && old.metadata.is_deleting() == new.metadata.is_deleting()
        });
        for pod in old.filter(|_| !stays).into_iter().chain(new) {
            self.enqueue_node_of(id, pod);
        }
        if self.store.pods.len() > 0 {
            for claim in claims_behind(before, after) {
                self.wake_users(&claim);
            }
        }
        match (before, after) {
            (_, Some(Object::Pod(pod))) => {
                self.nodes.see_address(pod);
                self.enqueue_kubelet(id);
                if pod.status.phase.is_final() {
                    self.wake_heirs(pod);
                }
            }
            (Some(Object::Pod(pod)), None) => self.forget_pod(id, pod),
            (Some(Object::Node(node)), None) => {
                self.nodes.silent.remove(&node.metadata.name);
                self.enqueue_node(id);
                if self.runs(Controller::Attachments) {
                    self.nodes.attachments.lose(node);
                    self.enqueue_attach(&node.metadata.name);
                }
                self.enqueue_blocked();
            }
            (_, Some(Object::Node(node))) => {
                let name = node.metadata.name.clone();
                self.nodes.gone.remove(&name);
                if before.is_none() && node.condition("Ready").is_some_and(|condition| condition.status == "Unknown") {
                    // It comes from a cluster in which nothing is heard of it.
                    self.nodes.silent.entry(name.clone()).or_insert(self.now);
                }
                self.enqueue_node(id);
                self.enqueue_attach(&name);
                self.enqueue_blocked();
                self.wake_pods_on(&name, before.is_none());
                if before.is_none() {
                    self.enqueue_orphans();
                }
            }
            (_, Some(Object::ConfigMap(_) | Object::Secret(_))) => self.retry_mounts(),
            (_, Some(Object::CsiDriver(_))) | (Some(Object::CsiDriver(_)), None) => {
                let nodes: Vec<Text> =
                    self.store.nodes.in_order().into_iter().map(|(_, node)| node.metadata.name.clone()).collect();
                for node in nodes {
                    self.enqueue_attach(&node);
                }
                self.retry_mounts();
            }
            _ => {}
        }
    }

    /// The pods of a claim that have a node, and their nodes.
    fn wake_users(&mut self, claim: &NamespacedName) {
        let users = self.store.pods_of_claim(claim).filter(|pod| !pod.spec.node_name.is_empty());
        let mut users: Vec<Arc<Pod>> = users.cloned().collect();
        users.sort_by_cached_key(|pod| pod.key());
        for pod in users {
            self.enqueue_attach(&pod.spec.node_name);
            self.wake_pod(&pod.key());
        }
    }

    fn retry_mounts(&mut self) {
        let waiting: Vec<ObjectId> = self.nodes.waiting.keys().copied().collect();
        for pod in waiting {
            self.enqueue_kubelet(pod);
        }
    }

    /// A pod is gone, and with it what only it had.
    fn forget_pod(&mut self, id: ObjectId, pod: &Pod) {
        self.forget_orphan(&pod.spec.node_name);
        self.nodes.waiting.remove(&id);
        self.nodes.evictions.forget(&pod.metadata.uid);
        self.empty_volumes(pod);
        self.wake_heirs(pod);
    }

    /// The pods that may wait for a claim that a pod has given up (`ATTACH-5`).
    fn wake_heirs(&mut self, pod: &Pod) {
        for claim in pod.claim_keys() {
            self.wake_users(&claim);
        }
    }

    /// Begins a look of one of the controllers of nodes.
    pub(super) fn begin_on_nodes(&mut self, origin: Origin) -> End {
        let key = origin.key;
        match origin.worker {
            Worker::Nodes => {
                let turn = self.look_at_node(key);
                self.follow_start(origin, turn, SyncTask::Node)
            }
            Worker::Attach => {
                let left = self.nodes.attachments.left_count();
                let turn = self.look_at_attached(key);
                if self.nodes.attachments.left_count() < left {
                    self.enqueue_blocked();
                }
                self.follow_start(origin, turn, SyncTask::Attach)
            }
            _ => self.begin_kubelet(origin),
        }
    }

    fn begin_kubelet(&mut self, origin: Origin) -> End {
        let key = origin.key;
        let Some(pod) = self.store.pods.get(Id::from_number(key.number)).cloned() else {
            return Some(Ok(()));
        };
        let node = &pod.spec.node_name;
        if self.nodes.silent.contains_key(node) || self.node(node).is_none() {
            return Some(Ok(()));
        }
        let held = |hold| self.nodes.held.contains(&(pod.key(), hold));
        let held = (held(Hold::Readiness), held(Hold::Termination));
        let waiting = self.nodes.waiting.get(&key);
        let since = waiting.map_or(self.now, |waiting| waiting.since);
        let told = waiting.and_then(|waiting| waiting.told.clone());
        let around = Surroundings {
            store: &self.store,
            now: self.time(),
            held,
            addresses: self.nodes.addresses,
            waited: self.now.saturating_sub(since),
            told: told.as_ref().map(|(messages, time)| (messages.as_slice(), self.now.saturating_sub(*time))),
        };
        let mut turn = KubeletSync::start(&pod, &around);
        let deadline = time_left(&pod, around.now).filter(|left| !left.is_zero());
        if turn.effects.wake.is_some() {
            let said: Vec<Text> = turn.effects.events.iter().map(|event| event.message.clone()).collect();
            let told = if said.is_empty() { told } else { Some((said, self.now)) };
            self.nodes.waiting.insert(key, Waiting { since, told });
        } else {
            self.nodes.waiting.remove(&key);
        }
        turn.effects.wake = turn.effects.wake.into_iter().chain(deadline).min();
        self.follow_start(origin, Some(turn), SyncTask::Kubelet)
    }
}

impl Nodes {
    /// The controller of nodes starts anew.
    pub(super) fn forget_evictions(&mut self) {
        self.evictions = Evictions::default();
    }

    /// The controller that attaches starts anew.
    pub(super) fn forget_attachments(&mut self) {
        self.attachments.forget();
    }

    /// The kubelets start anew.
    pub(super) fn forget_waiting(&mut self) {
        self.waiting.clear();
    }

    /// Notes that the next address was given.
    fn see_address(&mut self, pod: &Pod) {
        if !pod.status.pod_ip.is_empty() && pod.status.pod_ip == next_address(self.addresses) {
            self.addresses += 1;
        }
    }
}
