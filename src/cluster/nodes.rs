//! What happens on nodes: which kubelets are silent, which pods are held, which wait for their volumes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::api::ApiError;
use crate::cluster::Cluster;
use crate::cluster::config::Controller;
use crate::cluster::sync::End;
use crate::cluster::work::{Origin, SyncTask, Worker};
use crate::controllers::{AttachSync, Attachments, Hold, KubeletSync, NodeSync, Surroundings};
use crate::model::id::{Id, ObjectId};
use crate::model::kind::{Kind, Object};
use crate::model::pod::{Pod, PodPhase};
use crate::model::reference::NamespacedName;
use crate::model::text::Text;

/// What the nodes know that no object says.
#[derive(Clone, Debug, Default)]
pub(super) struct Nodes {
    /// Since when kubelets are silent, by node.
    silent: BTreeMap<Text, Duration>,
    held: BTreeSet<(NamespacedName, Hold)>,
    /// Since when pods wait for their volumes.
    waiting: BTreeMap<ObjectId, Duration>,
    pub(super) attachments: Attachments,
    /// How many addresses pods have had.
    addresses: u32,
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
        self.wake_pods_on(&node.into());
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

    fn wake_pods_on(&mut self, node: &Text) {
        let mut pods: Vec<NamespacedName> = self.store.pods_on(node).map(|pod| pod.key()).collect();
        pods.sort();
        for pod in pods {
            self.wake_pod(&pod);
        }
    }

    /// The nodes and pods that a change concerns.
    pub(super) fn notify_nodes(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>) {
        for object in [before, after].into_iter().flatten() {
            match object {
                Object::Pod(pod) => self.enqueue_attach(&pod.spec.node_name.clone()),
                Object::PersistentVolumeClaim(claim) => self.wake_users(&claim.key()),
                Object::PersistentVolume(volume) => {
                    if let Some(reference) = &volume.spec.claim_ref {
                        self.wake_users(&NamespacedName::new(&reference.namespace, &reference.name));
                    }
                }
                _ => {}
            }
        }
        match (before, after) {
            (_, Some(Object::Pod(pod))) => {
                self.nodes.see_address(pod);
                self.enqueue_kubelet(id);
            }
            (Some(Object::Pod(pod)), None) => self.forget_pod(id, pod),
            (_, Some(Object::Node(node))) => {
                let name = node.metadata.name.clone();
                self.enqueue_node(id);
                self.enqueue_attach(&name);
                self.enqueue_blocked();
                self.retry_mounts();
            }
            (_, Some(Object::ConfigMap(_) | Object::Secret(_))) => self.retry_mounts(),
            (_, Some(Object::CsiDriver(_))) | (Some(Object::CsiDriver(_)), None) => {
                for (id, _) in
                    self.store.nodes.in_order().into_iter().map(|(id, node)| (id, node.clone())).collect::<Vec<_>>()
                {
                    if self.runs(Controller::Attachments) {
                        self.work.enqueue(Worker::Attach, id, false);
                    }
                }
            }
            _ => {}
        }
    }

    /// The pods of a claim that have a node, and their nodes.
    fn wake_users(&mut self, claim: &NamespacedName) {
        let users = self.store.pods_of_claim(claim).filter(|pod| !pod.spec.node_name.is_empty());
        let mut users: Vec<(NamespacedName, Text)> = users.map(|pod| (pod.key(), pod.spec.node_name.clone())).collect();
        users.sort();
        for (pod, node) in users {
            self.enqueue_attach(&node);
            self.wake_pod(&pod);
        }
    }

    fn enqueue_attach(&mut self, node: &Text) {
        let key = NamespacedName { namespace: Text::default(), name: node.clone() };
        if self.runs(Controller::Attachments)
            && let Some(id) = self.store.nodes.id(&key)
        {
            self.work.enqueue(Worker::Attach, id, false);
        }
    }

    /// The nodes that wait for another one to let a volume go.
    fn enqueue_blocked(&mut self) {
        let blocked: BTreeSet<Text> = self.nodes.attachments.waiting_nodes().cloned().collect();
        for node in blocked {
            self.enqueue_attach(&node);
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
        self.nodes.waiting.remove(&id);
        self.empty_volumes(pod);
    }

    /// Begins a look of one of the controllers of nodes.
    pub(super) fn begin_on_nodes(&mut self, origin: Origin) -> End {
        let key = origin.key;
        match origin.worker {
            Worker::Nodes => {
                let node = self.store.nodes.get(Id::from_number(key.number)).cloned();
                let silent = node.as_ref().and_then(|node| self.nodes.silent.get(&node.metadata.name));
                let silent = silent.map(|since| self.now.saturating_sub(*since));
                let turn = node.map(|node| NodeSync::start(&node, silent, &self.store, self.time()));
                self.follow_start(origin, turn, SyncTask::Node)
            }
            Worker::Attach => {
                let node = self.store.nodes.get(Id::from_number(key.number)).cloned();
                let memory = &mut self.nodes.attachments;
                let turn = node.map(|node| AttachSync::start(&node, &self.store, memory, self.now));
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
        let since = self.nodes.waiting.get(&key).copied().unwrap_or(self.now);
        let around = Surroundings {
            store: &self.store,
            now: self.time(),
            held,
            address: self.nodes.next_address(),
            waited: self.now.saturating_sub(since),
        };
        let turn = KubeletSync::start(&pod, &around);
        if pod.status.phase == PodPhase::Pending && turn.effects.wake.is_some() {
            self.nodes.waiting.insert(key, since);
        } else {
            self.nodes.waiting.remove(&key);
        }
        self.follow_start(origin, Some(turn), SyncTask::Kubelet)
    }
}

impl Nodes {
    /// The address of the next pod: one that no pod has had.
    fn next_address(&self) -> Text {
        let number = self.addresses + 1;
        format!("10.{}.{}.{}", 244 + number / 62_500 % 12, number / 250 % 250, 1 + number % 250).into()
    }

    /// Notes that the next address was given.
    fn see_address(&mut self, pod: &Pod) {
        if pod.status.pod_ip == self.next_address() {
            self.addresses += 1;
        }
    }
}
