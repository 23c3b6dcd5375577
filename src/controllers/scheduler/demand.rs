//! What a pod asks of nodes, worked out once before nodes are looked at: `PreFilter` (`SCHED-11` to `SCHED-16`).

use std::sync::Arc;

use crate::controllers::claim::is_delayed;
use crate::controllers::scheduler::affinity::NodeDemand;
use crate::controllers::scheduler::limits::{NewVolume, new_volumes};
use crate::controllers::scheduler::reason::{Reason, Rejection};
use crate::controllers::scheduler::restrictions::{Disk, disks, used_by_another};
use crate::controllers::scheduler::zone::{Topology, topologies};
use crate::controllers::turn::{SyncError, World};
use crate::matching::{Candidates, Demand};
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::class::StorageClass;
use crate::model::names::{BIND_COMPLETED, SELECTED_NODE};
use crate::model::pod::{Pod, PodVolumeSource};
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;

/// A claim that waits for a pod to be scheduled (`SCHED-14`).
pub(crate) struct Delayed<'w> {
    pub(crate) claim: &'w Arc<PersistentVolumeClaim>,
    /// The same, with its selector compiled.
    pub(crate) demand: Demand<'w>,
    /// The volumes that it may get on some node.
    pub(crate) candidates: Option<Candidates<'w>>,
    pub(crate) class: &'w StorageClass,
    /// The node that a volume is being made for (`SCHED-21`).
    pub(crate) selected_node: Option<&'w Text>,
}

/// A claim that is bound, with its volume if that exists.
pub(crate) struct BoundClaim<'w> {
    pub(crate) claim: &'w PersistentVolumeClaim,
    pub(crate) volume: Option<&'w PersistentVolume>,
}

/// What a pod asks of a node.
pub(crate) struct PodDemand<'w> {
    pub(crate) nodes: NodeDemand<'w>,
    /// The claim for a single pod that another pod uses (`SCHED-50`).
    pub(crate) used: Option<Text>,
    pub(crate) disks: Vec<Disk<'w>>,
    pub(crate) new_volumes: Vec<NewVolume>,
    pub(crate) bound: Vec<BoundClaim<'w>>,
    /// The smallest request first, of equal ones in the order of the pod's volumes (`SCHED-22`, `ND-3`).
    pub(crate) unmatched: Vec<Delayed<'w>>,
    /// Those that have a node already, in the order of the pod's volumes.
    pub(crate) selected: Vec<Delayed<'w>>,
    pub(crate) topologies: Vec<Topology<'w>>,
}

/// Why a pod was not even tried on nodes.
pub(crate) enum Refused {
    /// A plugin rejects it on all of them.
    Rejected(Rejection),
    /// A plugin failed.
    Failed(SyncError),
}

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Self {
        Self::Rejected(Rejection::of(reason))
    }
}

/// A volume of a pod that is a claim.
#[derive(PartialEq, Eq)]
pub(crate) struct ClaimVolume {
    pub(crate) claim: Text,
    /// Whether the claim is made for the pod.
    pub(crate) ephemeral: bool,
}

/// The claims of a pod in the order of its volumes. A claim that is named twice counts once (`SCHED-46`).
pub(crate) fn claim_volumes(pod: &Pod) -> Vec<ClaimVolume> {
    let volumes = pod.spec.volumes.iter().filter_map(|volume| {
        volume.sources.iter().find_map(|source| match source {
            PodVolumeSource::PersistentVolumeClaim(source) => {
                Some(ClaimVolume { claim: source.claim_name.clone(), ephemeral: false })
            }
            PodVolumeSource::Ephemeral(_) => {
                let claim = Text::from(format!("{}-{}", pod.metadata.name, volume.name));
                Some(ClaimVolume { claim, ephemeral: true })
            }
            _ => None,
        })
    });
    // A pod has few volumes.
    volumes.fold(Vec::new(), |mut distinct, volume| {
        if !distinct.contains(&volume) {
            distinct.push(volume);
        }
        distinct
    })
}

/// Asks the plugins in their order; the first that rejects the pod ends it (`SCHED-2`).
pub(crate) fn pre_filter<'w>(pod: &'w Pod, world: &World<'w>) -> Result<PodDemand<'w>, Refused> {
    let volumes = claim_volumes(pod);
    let nodes = NodeDemand::of(pod)?;
    // VolumeRestrictions
    let named = volumes.iter().filter(|volume| !volume.ephemeral).map(|volume| {
        let name = &volume.claim;
        find_claim(pod, name, world).ok_or_else(|| Reason::ClaimNotFound { claim: name.clone() })
    });
    let named: Vec<&Arc<PersistentVolumeClaim>> = named.collect::<Result<_, _>>()?;
    let used = used_by_another(pod, &named, world);
    // VolumeBinding
    let claims = usable_claims(pod, &volumes, world)?;
    let (bound, delayed) = classify(&claims, world)?;
    // VolumeZone
    let topologies = topologies(&named, world)?;
    let (selected, mut unmatched): (Vec<_>, Vec<_>) =
        delayed.into_iter().partition(|delayed| delayed.selected_node.is_some());
    unmatched.sort_by(|a, b| a.demand.request.cmp(&b.demand.request));
    let new_volumes = new_volumes(&claims, world);
    Ok(PodDemand { nodes, used, disks: disks(pod), new_volumes, bound, unmatched, selected, topologies })
}

pub(crate) fn find_claim<'w>(pod: &Pod, name: &Text, world: &World<'w>) -> Option<&'w Arc<PersistentVolumeClaim>> {
    world.store.claims.find(&ClaimKey { namespace: pod.metadata.namespace.clone(), name: name.clone() })
}

/// The claims of the pod, unless one is in a state in which no pod can use it (`SCHED-12`, `SCHED-13`).
fn usable_claims<'w>(
    pod: &Pod,
    volumes: &[ClaimVolume],
    world: &World<'w>,
) -> Result<Vec<&'w Arc<PersistentVolumeClaim>>, Reason> {
    let mut claims = Vec::new();
    for ClaimVolume { claim: name, ephemeral } in volumes {
        let Some(claim) = find_claim(pod, name, world) else {
            return Err(Reason::EphemeralClaimMissing { claim: name.clone() });
        };
        if claim.status.phase == ClaimPhase::Lost {
            return Err(Reason::ClaimLost { claim: name.clone(), volume: claim.spec.volume_name.clone() });
        }
        if claim.metadata.is_deleting() {
            return Err(Reason::ClaimDeleting { claim: name.clone() });
        }
        if *ephemeral && !is_controlled_by(claim, pod) {
            let pod = NamespacedName::new(&pod.metadata.namespace, &pod.metadata.name);
            return Err(Reason::NotOwner { claim: claim.key(), pod });
        }
        claims.push(claim);
    }
    Ok(claims)
}

fn is_controlled_by(claim: &PersistentVolumeClaim, pod: &Pod) -> bool {
    claim.metadata.controller().is_some_and(|owner| owner.uid == pod.metadata.uid)
}

/// Whether a claim is bound for good, in the eyes of the scheduler (`SCHED-14`).
pub(crate) fn is_bound(claim: &PersistentVolumeClaim) -> bool {
    !claim.spec.volume_name.is_empty() && claim.metadata.annotations.contains_key(BIND_COMPLETED)
}

/// Tells bound claims from those that wait for the pod. Any other should be bound already (`SCHED-14`, `SCHED-15`).
fn classify<'w>(
    claims: &[&'w Arc<PersistentVolumeClaim>],
    world: &World<'w>,
) -> Result<(Vec<BoundClaim<'w>>, Vec<Delayed<'w>>), Refused> {
    let (mut bound, mut delayed, mut immediate) = (Vec::new(), Vec::new(), Vec::new());
    for claim in claims {
        if is_bound(claim) {
            let volume = world.live_volume(&claim.spec.volume_name).map(Arc::as_ref);
            bound.push(BoundClaim { claim, volume });
            continue;
        }
        let waits = is_delayed(claim, world)
            .map_err(|error| failed(format!("running PreFilter plugin \"VolumeBinding\": {}", error.message)))?;
        match world.class(claim.class_name()).filter(|_| waits && claim.spec.volume_name.is_empty()) {
            None => immediate.push(claim.metadata.name.clone()),
            Some(class) => {
                let demand = Demand::of(claim, true).map_err(|error| {
                    let cause = format!("error creating internal label selector for claim: {}: {error}", claim.key());
                    failed(format!("running \"VolumeBinding\" filter plugin: {cause}"))
                })?;
                let selected_node = claim.metadata.annotations.get(SELECTED_NODE);
                let candidates = world.scheduler.candidates(claim);
                delayed.push(Delayed { claim, demand, candidates, class, selected_node });
            }
        }
    }
    if immediate.is_empty() { Ok((bound, delayed)) } else { Err(Reason::UnboundImmediate { claims: immediate }.into()) }
}

fn failed(message: String) -> Refused {
    Refused::Failed(SyncError { message })
}
