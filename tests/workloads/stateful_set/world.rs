//! A small cluster without nodes, in which the test itself assigns, starts and stops pods.

use std::collections::BTreeSet;
use std::time::Duration;

use bindery::parts::PodCondition;
use bindery::{
    Actor, Cluster, Config, Controller, Controllers, JournalEntry, Json, Kind, Object, Pod, PodPhase, Resource,
    ResourceVersion, StatefulSet, Verb, WriteRecord,
};

/// A cluster in which pods start as soon as they can, unless they are held.
pub(crate) struct World {
    pub(crate) cluster: Cluster,
    held: BTreeSet<String>,
}

/// A set `web` of so many replicas with a claim template `data`; `more` are further lines of its spec.
pub(crate) fn web(replicas: u32, more: &str) -> String {
    format!(
        "
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: web}}
spec:
  replicas: {replicas}
  serviceName: web
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web, tier: db}}}}
    spec: {{containers: [{{name: c, image: 'nginx:1'}}]}}
  volumeClaimTemplates:
  - metadata: {{name: data, labels: {{disk: fast}}}}
    spec: {{accessModes: [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}
{more}"
    )
}

/// Lines of a spec that delete claims when the set is deleted, or scaled down.
pub(crate) fn retention(when_deleted: &str, when_scaled: &str) -> String {
    format!("  persistentVolumeClaimRetentionPolicy: {{whenDeleted: {when_deleted}, whenScaled: {when_scaled}}}\n")
}

pub(crate) const PARALLEL: &str = "  podManagementPolicy: Parallel\n";

impl World {
    pub(crate) fn new() -> Self {
        let mut config = Config::default();
        config.controllers = Controllers::NONE
            .with(Controller::GarbageCollection)
            .with(Controller::Protection)
            .with(Controller::PersistentVolumes)
            .with(Controller::StatefulSets);
        config.step_budget = 100_000;
        Self { cluster: Cluster::new(config), held: BTreeSet::new() }
    }

    /// A cluster to which a manifest was applied, and in which everything has come to rest.
    pub(crate) fn running(manifest: &str) -> Self {
        let mut world = Self::new();
        world.apply(manifest);
        world.run();
        world
    }

    pub(crate) fn apply(&mut self, manifest: &str) {
        self.cluster.apply_yaml(manifest).unwrap();
    }

    /// Lets controllers act and pods start until nothing changes.
    pub(crate) fn run(&mut self) {
        loop {
            self.cluster.settle().unwrap();
            if !self.start_pods() {
                return;
            }
        }
    }

    /// Starts all pods that can start. Returns whether there was one.
    pub(crate) fn start_pods(&mut self) -> bool {
        let mut started = false;
        for pod in self.cluster.objects(Kind::Pod) {
            let mut pod = Pod::clone(Pod::unwrap(&pod).unwrap());
            let idle =
                pod.status.phase == PodPhase::Pending || pod.status.phase == PodPhase::Running && !pod.is_ready();
            if !idle || pod.metadata.is_deleting() || self.held.contains(pod.metadata.name.as_str()) {
                continue;
            }
            if pod.spec.node_name.is_empty() {
                self.cluster.bind(&Kind::Pod.named(pod.metadata.name.as_str()), "n1").unwrap();
            }
            pod.status.phase = PodPhase::Running;
            self.report(pod, true);
            started = true;
        }
        started
    }

    /// Has pods lose readiness, and not start or become ready until they are released.
    pub(crate) fn hold(&mut self, pods: &[&str]) {
        for name in pods {
            self.held.insert((*name).to_owned());
            if let Some(pod) = self.cluster.pod(name).cloned().filter(Pod::is_ready) {
                self.report(pod, false);
            }
        }
    }

    pub(crate) fn release(&mut self, pods: &[&str]) {
        self.held.retain(|held| !pods.contains(&held.as_str()));
    }

    /// Ends a pod.
    pub(crate) fn end(&mut self, pod: &str, phase: PodPhase) {
        let mut pod = self.cluster.pod(pod).unwrap().clone();
        pod.status.phase = phase;
        self.report(pod, false);
    }

    fn report(&mut self, mut pod: Pod, ready: bool) {
        let mut condition = PodCondition::new("Ready", ready);
        condition.last_transition_time = Some(self.cluster.time());
        pod.status.conditions = [condition].into();
        pod.metadata.resource_version = ResourceVersion::default();
        self.cluster.replace_status(&Kind::Pod.named(pod.metadata.name.as_str()), pod).unwrap();
    }

    /// Has everything that waits to stop be gone.
    pub(crate) fn finish_stopping(&mut self) {
        let stopping: Vec<Object> =
            self.cluster.objects(Kind::Pod).into_iter().filter(|pod| pod.metadata().is_deleting()).collect();
        for pod in stopping {
            self.cluster.remove(&pod.reference()).unwrap();
        }
    }

    /// Runs until nothing changes, pods that stop included.
    pub(crate) fn run_through(&mut self) {
        loop {
            self.run();
            if !self.cluster.objects(Kind::Pod).iter().any(|pod| pod.metadata().is_deleting()) {
                return;
            }
            self.finish_stopping();
        }
    }

    /// Changes the set `web` by a JSON merge patch.
    pub(crate) fn patch(&mut self, patch: &str) {
        let patch: Json = serde_json::from_str(patch).unwrap();
        self.cluster.patch(&Kind::StatefulSet.named("web"), &patch).unwrap();
    }

    /// Gives the template of the set `web` another image.
    pub(crate) fn set_image(&mut self, image: &str) {
        self.patch(&format!(
            r#"{{"spec": {{"template": {{"spec": {{"containers": [{{"name": "c", "image": "{image}"}}]}}}}}}}}"#
        ));
    }

    pub(crate) fn scale(&mut self, replicas: u32) {
        self.patch(&format!(r#"{{"spec": {{"replicas": {replicas}}}}}"#));
    }

    pub(crate) fn delete(&mut self, kind: Kind, name: &str) {
        self.cluster.delete(&kind.named(name)).unwrap();
    }

    pub(crate) fn advance(&mut self, seconds: u64) {
        self.cluster.advance(Duration::from_secs(seconds)).unwrap();
    }

    pub(crate) fn set(&self) -> &StatefulSet {
        self.cluster.stateful_set("web").unwrap()
    }

    /// The names of the objects of a kind, sorted; those that are being deleted with a `-` before them.
    pub(crate) fn names(&self, kind: Kind) -> Vec<String> {
        let objects = self.cluster.objects(kind);
        let name = |object: &Object| {
            let mark = if object.metadata().is_deleting() { "-" } else { "" };
            format!("{mark}{}", object.metadata().name)
        };
        let mut names: Vec<String> = objects.iter().map(name).collect();
        names.sort();
        names
    }

    pub(crate) fn pods(&self) -> Vec<String> {
        self.names(Kind::Pod)
    }

    pub(crate) fn claims(&self) -> Vec<String> {
        self.names(Kind::PersistentVolumeClaim)
    }

    /// The image of each pod, in the order of the pods' names.
    pub(crate) fn images(&self) -> Vec<String> {
        let image = |name: &String| {
            let pod = self.cluster.pod(name.trim_start_matches('-')).unwrap();
            pod.spec.containers[0].image.to_string()
        };
        self.pods().iter().map(image).collect()
    }

    /// What controllers did to pods and claims since an entry of the journal: creations, and requests to delete.
    pub(crate) fn actions(&self, since: usize) -> Vec<String> {
        let writes = self.cluster.journal().since(since).filter_map(JournalEntry::write);
        let action = |record: &WriteRecord| {
            let object = record.object()?;
            let repeated = record.before.as_ref().is_some_and(|before| before.metadata().is_deleting());
            let counts = matches!(object.kind(), Kind::Pod | Kind::PersistentVolumeClaim)
                && matches!(record.verb, Verb::Create | Verb::Delete)
                && record.actor != Actor::User
                && !repeated;
            counts.then(|| format!("{} {}", record.verb.as_str(), object.metadata().name))
        };
        writes.filter_map(action).collect()
    }

    /// One pass over the set `web`; whether it succeeded.
    pub(crate) fn pass(&mut self) -> bool {
        self.cluster.sync(&Kind::StatefulSet.named("default/web")).is_ok()
    }

    pub(crate) fn mark(&self) -> usize {
        self.cluster.journal().len()
    }

    /// The events of the set since an entry of the journal.
    pub(crate) fn events(&self, since: usize) -> Vec<String> {
        let events = self.cluster.journal().since(since).filter_map(JournalEntry::event);
        events.filter(|event| event.object.kind == Kind::StatefulSet).map(ToString::to_string).collect()
    }

    /// The owners of a claim as `Kind/name`.
    pub(crate) fn owners(&self, claim: &str) -> Vec<String> {
        let owners = &self.cluster.claim(claim).unwrap().metadata.owner_references;
        owners.iter().map(|owner| format!("{}/{}", owner.kind, owner.name)).collect()
    }

    /// Puts an object in as it is.
    pub(crate) fn restore(&mut self, manifest: &str) {
        self.cluster.restore_yaml(manifest).unwrap();
    }
}
