//! What to know or to do about a claim, besides editing objects.

use crate::cluster::Cluster;
use crate::controllers::Reason;
use crate::explain::claim::places;
use crate::explain::consumers::Consumer;
use crate::explain::state::{Hint, NotTaken, State};
use crate::explain::weigh::Judge;
use crate::matching::Demand;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::{BindingMode, StorageClass};
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;

/// The hints for a claim in a state, with the pods that use it.
pub(super) fn hints(cluster: &Cluster, claim: &PersistentVolumeClaim, state: &State, pods: &[Consumer]) -> Vec<Hint> {
    let mut hints = Vec::new();
    let create_volume = || Hint::CreateVolume {
        storage: claim.request(),
        access_modes: claim.spec.access_modes.set().to_string().into(),
        class: claim.class_name().into(),
    };
    match state {
        State::Bound { volume, surplus, .. } => {
            if surplus.is_positive() {
                hints.push(Hint::WholeVolume);
            }
            hints.extend(cluster.volume(volume).and_then(|volume| smaller_volume(cluster, claim, volume)));
            hints.extend(pods.iter().filter_map(|pod| bound_elsewhere(cluster, claim, volume, pod)));
        }
        State::NoVolume => {
            hints.push(Hint::ClassesNeverMix);
            if !claim.has_class() && !cluster.classes().any(StorageClass::is_default) {
                hints.push(Hint::NoDefaultClass);
            }
            hints.push(create_volume());
        }
        State::ClassNotFound { class, .. } => {
            hints.push(Hint::ClassIsOptional { class: class.clone() });
            hints.push(create_volume());
        }
        State::NoProvisioner { .. } | State::ProvisioningOff { .. } => hints.push(create_volume()),
        State::Provisioning { provisioner, runs: false, .. } => {
            hints.push(Hint::StartProvisioner { provisioner: provisioner.clone() });
            hints.push(create_volume());
        }
        State::NoConsumer { .. } => hints.push(Hint::CreatePod),
        State::LostReference | State::LostVolume { .. } => hints.push(Hint::DataIsGone),
        State::Fits { .. }
        | State::Provisioning { .. }
        | State::WaitsForPods { .. }
        | State::VolumeNotFound { .. }
        | State::VolumeMismatch { .. }
        | State::VolumeTaken { .. }
        | State::BadSelector { .. }
        | State::NoBindingMode { .. }
        | State::Misbound { .. } => {}
    }
    if claim.metadata.is_deleting() && pods.iter().any(|pod| !pod.node.is_empty()) {
        hints.push(Hint::DeletePods);
    }
    hints
}

/// A smaller volume that would suit a bound claim as well, and why it did not get that one.
fn smaller_volume(cluster: &Cluster, claim: &PersistentVolumeClaim, bound: &PersistentVolume) -> Option<Hint> {
    let class = cluster.class(claim.class_name());
    let delayed = class.is_some_and(|class| class.volume_binding_mode == Some(BindingMode::WaitForFirstConsumer));
    let demand = Demand::of(claim, false).ok()?;
    let judge = if delayed { Judge::Scheduler(&[]) } else { Judge::Controller };
    let suits = |volume: &&PersistentVolume| {
        volume.capacity() < bound.capacity() && judge.objections(volume, &demand).is_empty()
    };
    let volume = cluster.volumes().filter(suits).min_by_key(|volume| volume.capacity())?;
    let nodes: Vec<_> =
        cluster.pods_of_claim(&claim.key()).into_iter().filter_map(|pod| cluster.node(&pod.spec.node_name)).collect();
    let elsewhere =
        !nodes.is_empty() && nodes.iter().all(|node| !Judge::Scheduler(&[node]).objections(volume, &demand).is_empty());
    let why = if delayed && elsewhere {
        NotTaken::OtherNode
    } else if !delayed && volume.spec.access_modes.set().len() > bound.spec.access_modes.set().len() {
        NotTaken::MoreModes
    } else {
        NotTaken::CameLater
    };
    Some(Hint::SmallerVolume { volume: volume.metadata.name.clone(), capacity: volume.capacity(), why })
}

/// A pod that cannot be where the volume of its claim is.
fn bound_elsewhere(cluster: &Cluster, claim: &PersistentVolumeClaim, volume: &Text, pod: &Consumer) -> Option<Hint> {
    let reasons = pod.nodes.iter().flat_map(|group| &group.reasons);
    let mut misplaced = reasons.filter(|reason| match reason {
        Reason::VolumeNodeAffinity { volume: held, .. } | Reason::VolumeZone { volume: held, .. } => held == volume,
        _ => false,
    });
    misplaced.next()?;
    let affinity = cluster.volume(volume)?.spec.node_affinity.as_deref();
    Some(Hint::BoundElsewhere {
        pod: pod.pod.clone(),
        volume: volume.clone(),
        usable: affinity.map(places).unwrap_or_default().into(),
        class: claim.class_name().into(),
    })
}
