//! The kubelets: they start the pods of their nodes when the volumes are there, and stop those that are deleted
//! (`WL-3` to `WL-5`).
//!
//! A container never fails of itself, and starts and stops in no time. Whoever wants it otherwise holds a pod.

use std::sync::Arc;
use std::time::Duration;

use crate::controllers::attach::{attachable_volumes, bound_volume, unique_name};
use crate::controllers::mount::{missing_source, missing_variable};
use crate::controllers::turn::{Caching, Effects, Emission, EventType, Next, Resumed, Turn};
use crate::model::access_modes::AccessMode;
use crate::model::claim::ClaimPhase;
use crate::model::json::Json;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::names::PVC_PROTECTION_FINALIZER;
use crate::model::pod::{Container, Pod, PodCondition, PodPhase};
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::model::time::Timestamp;
use crate::store::{DeleteOptions, Store, Write};

/// How long a kubelet waits for volumes before it says so, and between two times (`ATTACH-4`).
pub(crate) const MOUNT_TIMEOUT: Duration = Duration::from_secs(123);

/// How a test keeps a kubelet from acting on a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Hold {
    /// The pod does not start, and is not ready if it runs.
    Readiness,
    /// The pod does not stop.
    Termination,
}

/// What a kubelet sees besides the objects.
pub(crate) struct Surroundings<'k> {
    pub(crate) store: &'k Store,
    pub(crate) now: Timestamp,
    /// Whether the pod is kept from becoming ready, and from stopping.
    pub(crate) held: (bool, bool),
    /// The address of the next pod.
    pub(crate) address: Text,
    /// How long the pod has waited for its volumes.
    pub(crate) waited: Duration,
}

/// A look at a pod that waits until its status is written or its object is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KubeletSync;

impl KubeletSync {
    /// Looks at a pod that is assigned to a healthy node.
    pub(crate) fn start(pod: &Arc<Pod>, around: &Surroundings<'_>) -> Turn<Self> {
        let (unready, unstoppable) = around.held;
        if pod.metadata.is_deleting() {
            if unstoppable {
                return Turn::done();
            }
            let options = DeleteOptions::default().grace_period(0).uid(pod.metadata.uid.clone());
            let write = Write::Delete(ObjectKey { kind: Kind::Pod, key: pod.key() }, options);
            return Turn::write(write, "WL-5", Self).caching(Caching::Nothing);
        }
        match pod.status.phase {
            PodPhase::Pending if unready => Turn::done(),
            PodPhase::Pending => match obstacle(pod, around.store) {
                Some(obstacle) => wait(pod, &obstacle, around),
                None => Self::write(running(pod, around)),
            },
            PodPhase::Running if pod.is_ready() == unready => {
                let mut new = (**pod).clone();
                set_ready(&mut new, !unready, around.now);
                Self::write(new)
            }
            PodPhase::Running | PodPhase::Succeeded | PodPhase::Failed | PodPhase::Unknown => Turn::done(),
        }
    }

    /// Ends with the result of the write.
    pub(crate) fn resume(resumed: Resumed) -> Turn<Self> {
        match resumed {
            Resumed::Written(Err(error)) => Turn::failed(error.to_string()),
            _ => Turn::done(),
        }
    }

    fn write(pod: Pod) -> Turn<Self> {
        Turn::write(Write::UpdateStatus(Object::from(pod)), "WL-3", Self).caching(Caching::Nothing)
    }
}

/// Why a pod cannot start yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// A volume whose claim is not as it must be: the volume of the pod, and why.
    Claim { volume: Text, claim: ClaimKey, why: &'static str },
    /// A volume that is not attached to the node.
    Detached { volume: Text },
    /// A mount that fails, with the whole message.
    Mount(String),
    /// A container that cannot be made, with the whole message.
    Container(String),
}

/// The first thing that keeps a pod from starting (`WL-3`).
pub(crate) fn obstacle(pod: &Pod, store: &Store) -> Option<Obstacle> {
    let claims = || pod.claim_volumes().filter_map(|(volume, key)| Some((volume, claim_obstacle(&key, store)?, key)));
    if let Some((volume, why, claim)) = claims().next() {
        return Some(Obstacle::Claim { volume: volume.clone(), claim, why });
    }
    for volume in attachable_volumes(pod, store) {
        let attached =
            unique_name(volume).is_some_and(|name| store.nodes_with(&name).any(|node| *node == pod.spec.node_name));
        if !attached {
            let name = pod_volume_of(pod, volume.metadata.name.as_str(), store);
            return Some(Obstacle::Detached { volume: name });
        }
    }
    let mount = missing_source(pod, store).or_else(|| used_elsewhere(pod, store)).map(Obstacle::Mount);
    mount.or_else(|| missing_variable(pod, store).map(Obstacle::Container))
}

/// What is wrong with a claim from the node's side (`WL-3`).
fn claim_obstacle(key: &ClaimKey, store: &Store) -> Option<&'static str> {
    let Some(claim) = store.claims.find(key) else {
        return Some("PVC is not found");
    };
    if claim.metadata.is_deleting() && !claim.metadata.has_finalizer(PVC_PROTECTION_FINALIZER) {
        return Some("PVC is being deleted");
    }
    let bound = claim.status.phase == ClaimPhase::Bound && bound_volume(key, store).is_some();
    (!bound).then_some("PVC is not bound")
}

/// The name that a pod has for a volume.
fn pod_volume_of(pod: &Pod, volume: &str, store: &Store) -> Text {
    let mut found = pod.claim_volumes();
    let found = found.find(|(_, key)| bound_volume(key, store).is_some_and(|bound| bound.metadata.name == volume));
    found.map(|(name, _)| name.clone()).unwrap_or_default()
}

/// A volume for a single pod that another pod of the node has mounted (`ATTACH-5`).
fn used_elsewhere(pod: &Pod, store: &Store) -> Option<String> {
    for key in pod.claim_keys() {
        let Some(volume) = bound_volume(&key, store) else {
            continue;
        };
        let single = volume.spec.access_modes.iter().all(|mode| mode == AccessMode::ReadWriteOncePod);
        let mounted = |other: &Arc<Pod>| {
            other.metadata.uid != pod.metadata.uid
                && other.spec.node_name == pod.spec.node_name
                && other.status.phase == PodPhase::Running
        };
        if single && !volume.spec.access_modes.is_empty() && store.pods_of_claim(&key).any(mounted) {
            let name = &volume.metadata.name;
            let why = "volume uses the ReadWriteOncePod access mode and is already in use by another pod";
            return Some(format!("MountVolume.SetUp failed for volume {:?} : {why}", name.as_str()));
        }
    }
    None
}

/// Says that volumes are missing: a failed mount at once, what is merely waited for every two minutes.
fn wait(pod: &Arc<Pod>, obstacle: &Obstacle, around: &Surroundings<'_>) -> Turn<KubeletSync> {
    let timed_out = around.waited >= MOUNT_TIMEOUT;
    let message = match obstacle {
        Obstacle::Mount(message) | Obstacle::Container(message) => Some(message.clone()),
        Obstacle::Claim { volume, claim, why } if timed_out => {
            let volumes =
                format!("unmounted volumes=[{volume}], unattached volumes=[], failed to process volumes=[{volume}]");
            Some(format!("Unable to attach or mount volumes: {volumes}: error processing PVC {claim}: {why}"))
        }
        Obstacle::Detached { volume } if timed_out => {
            let volumes =
                format!("unmounted volumes=[{volume}], unattached volumes=[{volume}], failed to process volumes=[]");
            Some(format!("Unable to attach or mount volumes: {volumes}: timed out waiting for the condition"))
        }
        Obstacle::Claim { .. } | Obstacle::Detached { .. } => None,
    };
    let reason = if matches!(obstacle, Obstacle::Container(_)) { "Failed" } else { "FailedMount" };
    let events = message.map(|message| Emission::on(&**pod, EventType::Warning, reason, message));
    let since = around.waited.as_secs() % MOUNT_TIMEOUT.as_secs();
    let wake = Some(MOUNT_TIMEOUT.saturating_sub(Duration::from_secs(since)));
    let effects = Effects { events: events.into_iter().collect(), wake, ..Effects::default() };
    Turn { effects, next: Next::End(Ok(())) }
}

/// A pod that runs and is ready.
fn running(pod: &Pod, around: &Surroundings<'_>) -> Pod {
    let mut new = pod.clone();
    new.status.phase = PodPhase::Running;
    new.status.pod_ip = around.address.clone();
    new.status.pod_ips = Json::List(vec![Json::object([("ip", Json::String(around.address.clone()))])]);
    new.status.start_time = Some(around.now);
    for condition in ["PodReadyToStartContainers", "Initialized"] {
        new.set_condition(PodCondition::new(condition, true), around.now);
    }
    set_ready(&mut new, true, around.now);
    new
}

/// Makes a pod ready, or not, with its containers.
fn set_ready(pod: &mut Pod, ready: bool, now: Timestamp) {
    for condition in ["Ready", "ContainersReady"] {
        let mut new = PodCondition::new(condition, ready);
        if !ready {
            let names: Vec<&str> = pod.spec.containers.iter().map(|container| container.name.as_str()).collect();
            new.reason = "ContainersNotReady".into();
            new.message = format!("containers with unready status: [{}]", names.join(" ")).into();
        }
        pod.set_condition(new, now);
    }
    let started = pod.status.start_time.unwrap_or(now);
    let statuses = pod.spec.containers.iter().map(|container| container_status(container, ready, started));
    pod.status.container_statuses = Json::List(statuses.collect());
}

fn container_status(container: &Container, ready: bool, started: Timestamp) -> Json {
    let running = Json::object([("startedAt", Json::String(started.to_string().into()))]);
    Json::object([
        ("image", Json::String(container.image.clone())),
        ("imageID", Json::String(Text::default())),
        ("lastState", Json::Map(Vec::new())),
        ("name", Json::String(container.name.clone())),
        ("ready", Json::Bool(ready)),
        ("restartCount", Json::Number("0".into())),
        ("started", Json::Bool(true)),
        ("state", Json::object([("running", running)])),
    ])
}
