//! A cluster without scheduler and kubelet, and somebody who plays them.

use std::time::Duration;

use bindery::parts::{DeploymentCondition, PodCondition, ReplicaSetCondition};
use bindery::{
    Actor, Cluster, Config, Controller, Controllers, Deployment, Json, Kind, List, Object, ObjectKey, Pod, PodPhase,
    ReplicaSet, Resource,
};

/// The Deployment `web` of three pods, which the fields of a merge patch change.
pub(crate) const WEB: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: 'web:1'}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: shared}}]
";

/// A ReplicaSet of its own.
pub(crate) const LONE: &str = "
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: lone}
spec:
  replicas: 3
  selector: {matchLabels: {app: lone}}
  template:
    metadata:
      labels: {app: lone, tier: back}
      annotations: {note: hello}
      finalizers: [example.com/hold]
    spec: {containers: [{name: lone, image: 'lone:1'}]}
";

pub(crate) struct World {
    pub(crate) cluster: Cluster,
}

impl World {
    /// A cluster with these objects, settled: nobody has run a pod yet.
    pub(crate) fn with(manifests: &[&str]) -> Self {
        let mut world = Self::empty();
        for manifest in manifests {
            world.cluster.apply_yaml(manifest).unwrap();
        }
        world.settle();
        world
    }

    pub(crate) fn empty() -> Self {
        let mut config = Config::default();
        config.controllers = Controllers::PERSISTENT_VOLUMES
            .with(Controller::GarbageCollection)
            .with(Controller::Protection)
            .with(Controller::Deployments)
            .with(Controller::ReplicaSets);
        Self { cluster: Cluster::new(config) }
    }

    /// Like `with`, and all pods run.
    pub(crate) fn running(manifests: &[&str]) -> Self {
        let mut world = Self::with(manifests);
        world.run();
        world
    }

    pub(crate) fn settle(&mut self) {
        self.cluster.settle().unwrap();
    }

    pub(crate) fn advance(&mut self, seconds: u64) {
        self.cluster.advance(Duration::from_secs(seconds)).unwrap();
    }

    /// Runs every pod and ends every one that is being deleted, until nothing changes.
    pub(crate) fn run(&mut self) {
        for _ in 0..1000 {
            self.settle();
            let pods = self.pods();
            let next = pods.iter().find(|pod| pod.metadata.is_deleting() || !pod.is_ready());
            match next {
                None => return,
                Some(pod) if pod.metadata.is_deleting() => self.end(pod.metadata.name.as_str()),
                Some(pod) => self.start(pod.metadata.name.as_str()),
            }
        }
        panic!("it never comes to rest");
    }

    /// Puts a pod on a node, if it has none, and has it run and be ready.
    pub(crate) fn start(&mut self, name: &str) {
        let key = Kind::Pod.named(name);
        if self.pod(name).spec.node_name.is_empty() {
            self.cluster.bind(&key, "node").unwrap();
        }
        self.set_ready(name, true);
    }

    /// Has a pod run, ready or not.
    pub(crate) fn set_ready(&mut self, name: &str, ready: bool) {
        let mut pod = self.pod(name);
        let mut condition = PodCondition::new("Ready", ready);
        condition.last_transition_time = Some(self.cluster.time());
        pod.status.phase = PodPhase::Running;
        pod.status.conditions = List::from([condition]);
        self.cluster.replace_status(&Kind::Pod.named(name), pod).unwrap();
    }

    /// The kubelet has stopped a pod that is being deleted, and nobody holds it any more.
    pub(crate) fn end(&mut self, name: &str) {
        self.cluster.remove(&Kind::Pod.named(name)).unwrap();
    }

    /// Starts so many of the pods that are not ready, the oldest first, and settles.
    pub(crate) fn start_some(&mut self, count: usize) {
        let waiting: Vec<Pod> = self.pods().into_iter().filter(|pod| !pod.is_ready()).take(count).collect();
        for pod in waiting {
            self.start(&pod.metadata.name);
        }
        self.settle();
    }

    pub(crate) fn patch(&mut self, key: &ObjectKey, patch: &str) {
        let patch: Json = serde_json::from_str(patch).unwrap();
        self.cluster.patch(key, &patch).unwrap();
    }

    /// Changes the Deployment `web`, and no controller acts yet.
    pub(crate) fn patch_web(&mut self, patch: &str) {
        self.patch(&Kind::Deployment.named("web"), patch);
    }

    /// Changes the spec of the Deployment `web`, and settles.
    pub(crate) fn change(&mut self, spec: &str) {
        self.patch(&Kind::Deployment.named("web"), &format!(r#"{{"spec": {spec}}}"#));
        self.settle();
    }

    /// Gives the Deployment `web` another image.
    pub(crate) fn image(&mut self, image: &str) {
        let containers = format!(r#"[{{"name": "web", "image": "{image}"}}]"#);
        self.change(&format!(r#"{{"template": {{"spec": {{"containers": {containers}}}}}}}"#));
    }

    pub(crate) fn web(&self) -> Deployment {
        self.cluster.deployment("web").unwrap().clone()
    }

    /// The condition of `web` of a type, as status and reason.
    pub(crate) fn condition(&self, r#type: &str) -> Option<(String, String)> {
        let found = self.web().status.conditions.iter().find(|held| held.r#type == *r#type).cloned();
        found.map(|DeploymentCondition { status, reason, .. }| (status.to_string(), reason.to_string()))
    }

    pub(crate) fn failure(&self, set: &str) -> Option<ReplicaSetCondition> {
        self.cluster.replica_set(set).unwrap().status.conditions.first().cloned()
    }

    pub(crate) fn pod(&self, name: &str) -> Pod {
        self.cluster.pod(name).unwrap().clone()
    }

    pub(crate) fn pods(&self) -> Vec<Pod> {
        self.all()
    }

    pub(crate) fn pod_names(&self) -> Vec<String> {
        self.pods().iter().map(|pod| pod.metadata.name.to_string()).collect()
    }

    pub(crate) fn sets(&self) -> Vec<ReplicaSet> {
        self.all()
    }

    /// The sizes of all ReplicaSets in the order of their creation.
    pub(crate) fn sizes(&self) -> Vec<i32> {
        self.sets().iter().map(|set| set.spec.replicas.unwrap()).collect()
    }

    fn all<T: Resource>(&self) -> Vec<T> {
        self.cluster.objects(T::KIND).iter().map(|object| (**T::unwrap(object).unwrap()).clone()).collect()
    }

    /// What was said about an object, in order.
    pub(crate) fn said(&self, key: &ObjectKey) -> Vec<String> {
        let records = self.cluster.events().into_iter().map(|record| record.event);
        let about = records.filter(|event| event.object.kind == key.kind && event.object.key.name == key.key.name);
        about.map(|event| event.to_string()).collect()
    }

    /// How `web` was scaled, as set, old and new size; sets by the order of their creation.
    pub(crate) fn scalings(&self) -> Vec<(usize, i32, i32)> {
        let sets = self.sets();
        let texts = self.said(&Kind::Deployment.named("web"));
        let texts = texts.iter().filter_map(|text| text.strip_prefix("Normal ScalingReplicaSet Scaled "));
        texts
            .map(|text| {
                let words: Vec<&str> = text.split(' ').collect();
                let ["up" | "down", "replica", "set", name, "from", from, "to", to] = words[..] else {
                    panic!("not Kubernetes' words: {text}");
                };
                let set = sets.iter().position(|set| set.metadata.name == *name).unwrap_or(usize::MAX);
                (set, from.parse().unwrap(), to.parse().unwrap())
            })
            .collect()
    }

    /// The objects that the controllers wrote, with who did.
    pub(crate) fn writes(&self) -> Vec<(Actor, Object)> {
        let writes = self.cluster.journal().iter().filter_map(|entry| entry.write());
        writes.map(|write| (write.actor.clone(), write.object().unwrap().clone())).collect()
    }
}
