//! A pod of a name runs once, on a node that answers, with its claims bound (`WL-3`, `STS-33`, `ATTACH-3`).
//!
//! A container runs from the write by which its kubelet says so to the one by which the same kubelet says that it has
//! stopped. Between the two it runs, whatever becomes of the object and of the node. Who takes a pod away from its
//! kubelet by force is told by Kubernetes that the pod may go on; such names are left out from then on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bindery::{AccessMode, Actor, ClaimPhase, Object, Pod, PodPhase, Text, Uid, Verb, VolumeSource, WriteRecord};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::watch::Watcher;

/// What runs.
#[derive(Default)]
pub(crate) struct Containers {
    running: BTreeMap<Uid, Container>,
    /// Pods that their kubelet has stopped, or that never had one.
    stopped: BTreeSet<Uid>,
    /// Names of pods that were taken away from their kubelets.
    forced: BTreeSet<String>,
}

struct Container {
    pod: String,
    node: Text,
    /// The volumes that may be on one node only.
    exclusive: Vec<Text>,
}

fn pod_of(object: Option<&Object>) -> Option<&Arc<Pod>> {
    match object {
        Some(Object::Pod(pod)) => Some(pod),
        _ => None,
    }
}

impl Watcher {
    pub(crate) fn check_pod(&mut self, write: &WriteRecord) -> TestCaseResult {
        let (before, after) = (pod_of(write.before.as_ref()), pod_of(write.after.as_ref()));
        if let Some(pod) = after {
            let ran = before.is_some_and(|before| before.status.phase == PodPhase::Running);
            if pod.status.phase == PodPhase::Running && !ran {
                self.start(pod, write)?;
            }
            if write.verb == Verb::Create {
                self.check_namesakes(pod, write)?;
            }
        }
        if write.verb == Verb::Delete
            && let Some(pod) = before
        {
            self.delete(pod, after, write);
        }
        match (before, after) {
            (Some(pod), None) => self.end(pod, write),
            _ => Ok(()),
        }
    }

    /// No container of another pod of the same name may run.
    fn check_namesakes(&mut self, pod: &Pod, write: &WriteRecord) -> TestCaseResult {
        let name = pod.key().to_string();
        if !self.containers.forced.contains(&name) {
            let twin = self.containers.running.values().find(|container| container.pod == name);
            prop_assert!(twin.is_none(), "{} while another one runs", write);
        }
        self.judge("identity");
        Ok(())
    }

    fn start(&mut self, pod: &Pod, write: &WriteRecord) -> TestCaseResult {
        let node = &pod.spec.node_name;
        prop_assert_eq!(&write.actor, &Actor::Kubelet, "{}", write);
        prop_assert!(!node.is_empty() && !self.silent.contains(node), "{} on {:?}", write, node);
        self.check_namesakes(pod, write)?;
        let mut exclusive = Vec::new();
        for key in pod.claim_keys() {
            let claim = self.claim(key.clone());
            let Some(claim) = claim.filter(|claim| claim.status.phase == ClaimPhase::Bound) else {
                return Err(TestCaseError::fail(format!("{write} and its claim {key} is not bound")));
            };
            let volume = self.volume(&claim.spec.volume_name);
            let bound = |uid: &Uid| *uid == claim.metadata.uid;
            let reference = |volume: &bindery::PersistentVolume| {
                volume.spec.claim_ref.as_ref().is_some_and(|reference| bound(&reference.uid))
            };
            let Some(volume) = volume.filter(|volume| reference(volume)) else {
                return Err(TestCaseError::fail(format!("{write} and claim {key} has no volume")));
            };
            let single = |mode| matches!(mode, AccessMode::ReadWriteOnce | AccessMode::ReadWriteOncePod);
            let csi = matches!(volume.spec.sources.first(), Some(VolumeSource::Csi(_)));
            if csi && volume.spec.access_modes.iter().all(single) {
                exclusive.push(volume.metadata.name.clone());
            }
        }
        if !exclusive.is_empty() {
            self.judge("exclusive volume");
        }
        for (uid, other) in &self.containers.running {
            let shared = exclusive.iter().find(|volume| other.exclusive.contains(volume));
            let elsewhere = other.node != *node && !self.containers.forced.contains(&other.pod);
            prop_assert!(
                shared.is_none() || !elsewhere,
                "{} with {:?} that {} has on {}",
                write,
                shared,
                uid,
                other.node
            );
        }
        let container = Container { pod: pod.key().to_string(), node: node.clone(), exclusive };
        self.containers.running.insert(pod.metadata.uid.clone(), container);
        self.judge("start");
        Ok(())
    }

    fn delete(&mut self, pod: &Pod, after: Option<&Arc<Pod>>, write: &WriteRecord) {
        let uid = &pod.metadata.uid;
        let at_once = after.is_none_or(|pod| pod.metadata.deletion_grace_period_seconds == Some(0));
        if write.actor == Actor::Kubelet {
            self.containers.stopped.insert(uid.clone());
        } else if write.actor == Actor::User && at_once && !pod.spec.node_name.is_empty() {
            self.containers.forced.insert(pod.key().to_string());
            self.containers.stopped.insert(uid.clone());
        }
    }

    /// The object of a pod that has a node goes only when its kubelet has stopped it, and a kubelet that is silent or
    /// kept from it does not.
    fn end(&mut self, pod: &Pod, write: &WriteRecord) -> TestCaseResult {
        let (uid, node) = (&pod.metadata.uid, &pod.spec.node_name);
        let name = pod.key().to_string();
        let stopped = self.containers.stopped.contains(uid);
        prop_assert!(node.is_empty() || stopped, "{} before its kubelet stopped it", write);
        if write.actor == Actor::Kubelet {
            prop_assert!(!self.silent.contains(node), "{} by a kubelet that is silent", write);
            prop_assert!(!self.unstoppable.contains(&name), "{} although it is held", write);
        }
        if self.containers.running.remove(uid).is_some() {
            self.judge("end");
        }
        Ok(())
    }
}
