//! Where the scheduler meets the engine: what wakes it, what it remembers, and single attempts on request.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::cluster::config::Controller;
use crate::cluster::notify::claims_behind;
use crate::cluster::sync::End;
use crate::cluster::work::{Origin, SyncTask, Worker};
use crate::controllers::{
    Extent, Reservation, ScheduleSync, Scheduled, SyncError, Verdict, World, is_schedulable, judge, options, place,
};
use crate::model::id::{Id, ObjectId};
use crate::model::kind::{Kind, Object, ObjectKey, Resource};
use crate::model::pod::Pod;
use crate::model::reference::ClaimKey;
use crate::store::Change;

/// How an attempt to schedule a pod ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptEnd {
    /// The pod is on the node.
    Assigned,
    /// The pod holds the node until its claims are bound, or the wait ends (`SCHED-41`).
    Waiting,
    /// No node will do.
    Rejected,
    /// Something went wrong, in Kubernetes' words (`SCHED-42`).
    Failed(String),
}

/// One attempt to schedule a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// What the plugins say, of every node.
    pub verdict: Verdict,
    /// What was written for the pod's claims, in order. A write that changed nothing is listed as well.
    pub reservations: Vec<Reservation>,
    /// How it ended.
    pub end: AttemptEnd,
}

impl Cluster {
    /// What the scheduler's plugins say of a pod and of every node, now. Nothing is changed.
    ///
    /// ```
    /// use bindery::{Cluster, Kind, Node, Pod};
    ///
    /// let mut cluster = Cluster::default();
    /// cluster.apply_yaml("
    /// apiVersion: v1
    /// kind: Node
    /// metadata: {name: n1}
    /// ---
    /// apiVersion: v1
    /// kind: Pod
    /// metadata: {name: web}
    /// spec:
    ///   containers: [{name: web, image: nginx}]
    ///   volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
    /// ")?;
    /// let verdict = cluster.try_schedule(&Kind::Pod.named("web"))?;
    /// assert_eq!(verdict.to_string(), "0/1 nodes are available: persistentvolumeclaim \"data\" not found.");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SyncError`] where there is no such pod, or where a plugin fails.
    pub fn try_schedule(&self, pod: &ObjectKey) -> Result<Verdict, SyncError> {
        let id = self.pod_id(pod)?;
        let mut scheduler = self.scheduler.clone();
        scheduler.prepare(id, &self.store);
        let world = World { scheduler: &scheduler, ..self.world() };
        let pod = self.store.pods.get(id).ok_or_else(|| missing(pod))?;
        judge(pod, Extent::EveryNode, &world).map(|(verdict, _)| verdict)
    }

    /// Makes what the scheduler needs to look for volumes, so that copies share it instead of each making its own. Cost:
    /// linear in the objects, once.
    pub(crate) fn prepare_scheduling(&mut self) {
        self.scheduler.index(true, &self.store);
    }

    /// Makes one attempt to schedule a pod, whether the scheduler runs or not. Nothing else runs; a pod that has to wait
    /// for its claims goes on by itself when they are bound, and is assigned then. An attempt that ends otherwise is
    /// repeated by the scheduler where that runs, and not where it does not.
    ///
    /// # Errors
    /// [`SyncError`] where there is no such pod, or where it has a node or is not to be scheduled.
    pub fn schedule(&mut self, pod: &ObjectKey) -> Result<Attempt, SyncError> {
        let id = self.pod_id(pod)?;
        let ready = self.store.pods.get(id).is_some_and(|pod| is_schedulable(pod));
        if !ready || self.scheduler.waiting(id).is_some() || self.work.sync(Worker::Schedule).is_some() {
            return Err(SyncError { message: format!("{pod} is not to be scheduled now") });
        }
        let verdict = self.try_schedule(pod);
        let mut reservations = Vec::new();
        self.begin(Worker::Schedule, id.into(), false);
        while let Some(sync) = self.work.sync(Worker::Schedule) {
            if let SyncTask::Schedule(task) = &sync.task {
                reservations.extend(task.reservation());
            }
            self.go_on(Worker::Schedule);
        }
        let end = self.attempt_end(id, &verdict);
        Ok(Attempt { verdict: verdict.unwrap_or_default(), reservations, end })
    }

    fn attempt_end(&self, id: Id<Pod>, verdict: &Result<Verdict, SyncError>) -> AttemptEnd {
        let pod = self.store.pods.get(id);
        if pod.is_some_and(|pod| !pod.spec.node_name.is_empty()) {
            AttemptEnd::Assigned
        } else if self.scheduler.waiting(id).is_some() {
            AttemptEnd::Waiting
        } else if verdict.as_ref().is_ok_and(|verdict| verdict.node.is_none()) {
            AttemptEnd::Rejected
        } else {
            let condition = pod.and_then(|pod| pod.condition("PodScheduled"));
            AttemptEnd::Failed(condition.map(|condition| condition.message.to_string()).unwrap_or_default())
        }
    }

    /// Ends a pod's wait for its claims as if its time were over (`SCHED-42`). Returns whether it waited.
    pub fn end_bind_wait(&mut self, pod: &ObjectKey) -> bool {
        let Ok(id) = self.pod_id(pod) else {
            return false;
        };
        if self.work.sync(Worker::Schedule).is_some() || !self.scheduler.expire(id) {
            return false;
        }
        self.begin(Worker::Schedule, id.into(), false);
        while self.work.sync(Worker::Schedule).is_some() {
            self.go_on(Worker::Schedule);
        }
        true
    }

    fn pod_id(&self, pod: &ObjectKey) -> Result<Id<Pod>, SyncError> {
        let found = self.store.pods.id(&self.full_key(pod).key).filter(|_| pod.kind == Kind::Pod);
        found.ok_or_else(|| missing(pod))
    }

    /// Begins the sync of the pod whose turn it is.
    pub(super) fn begin_pod(&mut self, origin: Origin) -> End {
        let id = Id::from_number(origin.key.number);
        self.scheduler.prepare(id, &self.store);
        let turn = ScheduleSync::start(id, &self.world());
        self.follow(origin, turn.map(SyncTask::Schedule))
    }

    /// The pod that is tried next, and how many things may be done for it, where there is a choice.
    pub(super) fn choice_for_next_pod(&self) -> Option<(ObjectId, usize)> {
        let id = self.scheduler.first()?;
        let pod = self.store.pods.get(id).filter(|pod| is_schedulable(pod) && !pod.metadata.is_deleting())?;
        if self.scheduler.waiting(id).is_some() {
            return None;
        }
        let mut scheduler = self.scheduler.clone();
        scheduler.prepare(id, &self.store);
        let world = World { scheduler: &scheduler, ..self.world() };
        let count = options(pod, &world).len();
        (count > 1).then(|| (id.into(), count))
    }

    /// Takes down how an attempt ended.
    pub(super) fn note_scheduled(&mut self, pod: ObjectId, outcome: Scheduled) {
        if let Some(delay) = self.scheduler.note(Id::from_number(pod.number), outcome, &self.store)
            && self.runs(Controller::Scheduler)
        {
            self.wakes.add(self.now.saturating_add(delay), Worker::Schedule, pod);
        }
    }

    /// Puts pods that were rejected back into the queue (`SCHED-63`).
    pub(super) fn retry_rejected(&mut self) {
        for pod in self.scheduler.take_rejected() {
            self.enqueue(Worker::Schedule, pod, false);
        }
    }

    /// Keeps the scheduler's indexes in step with what is stored.
    pub(super) fn index_for_scheduler(&mut self, change: &Change) {
        if self.scheduler.has_indexes() {
            self.scheduler.observe(change.id, change.before.as_ref(), change.after.as_ref(), &self.store);
        }
    }

    /// Tells the scheduler of a change. Pods that wait for their claims go on even where it does not run.
    pub(super) fn notify_scheduler(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>) {
        match before.or(after) {
            Some(Object::Pod(_)) => self.notify_of_pod(id, before, after),
            Some(Object::PersistentVolume(_) | Object::PersistentVolumeClaim(_)) if self.store.pods.len() == 0 => {
                self.stir_scheduler();
            }
            Some(Object::PersistentVolume(_) | Object::PersistentVolumeClaim(_)) => {
                for claim in claims_behind(before, after) {
                    self.wake_waiting(&claim);
                }
                self.stir_scheduler();
            }
            Some(Object::Node(node)) => {
                for pod in self.scheduler.waiting_on(&node.metadata.name) {
                    self.enqueue(Worker::Schedule, Id::<Pod>::from_number(pod), false);
                }
                self.stir_scheduler();
            }
            Some(
                Object::StorageClass(_) | Object::CsiDriver(_) | Object::CsiNode(_) | Object::CsiStorageCapacity(_),
            ) => self.stir_scheduler(),
            _ => {}
        }
    }

    fn notify_of_pod(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>) {
        let (before, after) = (before.and_then(Pod::unwrap), after.and_then(Pod::unwrap));
        let waits = self.scheduler.waiting(Id::from_number(id.number)).is_some();
        let schedulable = |pod: Option<&Arc<Pod>>| pod.is_some_and(|pod| is_schedulable(pod));
        let changed = match (before, after) {
            (Some(before), Some(after)) => {
                before.spec != after.spec || before.metadata.is_deleting() != after.metadata.is_deleting()
            }
            (None, _) | (_, None) => true,
        };
        let runs = self.runs(Controller::Scheduler);
        if changed && (waits || runs && schedulable(after)) {
            self.enqueue(Worker::Schedule, id, false);
        }
        // A pod that comes to a node, ends or goes may make or take room.
        if before.and_then(|pod| place(pod)) != after.and_then(|pod| place(pod)) {
            self.stir_scheduler();
        }
    }

    /// Notes that something changed that rejected pods may have waited for.
    fn stir_scheduler(&mut self) {
        if self.scheduler.has_rejected() && !self.scheduler.is_stirred() {
            self.scheduler.stir();
        }
    }

    /// Looks after the pods that wait for a claim.
    fn wake_waiting(&mut self, claim: &ClaimKey) {
        let pods = self.store.pod_ids_of_claim(claim).filter(|pod| self.scheduler.waiting(*pod).is_some());
        for pod in pods.collect::<Vec<_>>() {
            self.enqueue(Worker::Schedule, pod, false);
        }
    }
}

fn missing(pod: &ObjectKey) -> SyncError {
    SyncError { message: format!("there is no {pod} that can be scheduled") }
}
