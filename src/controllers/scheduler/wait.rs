//! The wait of a pod for its claims, between the writes for them and the assignment to its node (`SCHED-41`,
//! `SCHED-42`).

use std::time::Duration;

use crate::controllers::scheduler::demand::is_bound;
use crate::controllers::scheduler::reason::missing;
use crate::controllers::turn::World;
use crate::matching::misplacement;
use crate::model::metadata::{ResourceVersion, Uid};
use crate::model::names::SELECTED_NODE;
use crate::model::node::Node;
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;

/// A pod that waits for its claims to be bound, and holds its node meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Waiting {
    /// The incarnation of the pod.
    pub(crate) uid: Uid,
    pub(crate) node: Text,
    /// Volumes with the claims that they were given to, in the order of the writes.
    pub(crate) matches: Vec<(Text, ResourceVersion, ClaimKey)>,
    /// Claims for which volumes are made.
    pub(crate) provisions: Vec<(ClaimKey, ResourceVersion)>,
    /// When the wait ends (`ND-20`).
    pub(crate) deadline: Duration,
}

/// How a wait goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// All claims are bound.
    Done,
    /// Some are not, yet.
    Waits,
    /// It is over, for this cause (`SCHED-42`).
    Failed(String),
}

impl Waiting {
    /// Looks at the claims one by one, as they were written; the first that is not bound ends the look.
    pub(crate) fn check(&self, pod: &NamespacedName, world: &World<'_>) -> Progress {
        match self.first_obstacle(pod, world) {
            Ok(None) => Progress::Done,
            Ok(Some(())) if world.now < self.deadline => Progress::Waits,
            Ok(Some(())) => Progress::Failed("context deadline exceeded".to_owned()),
            Err(cause) => Progress::Failed(cause),
        }
    }

    /// Something that is not bound yet, or why the wait is in vain.
    fn first_obstacle(&self, pod: &NamespacedName, world: &World<'_>) -> Result<Option<()>, String> {
        let node = world.store.nodes.named(&self.node);
        let node = node
            .ok_or_else(|| format!("failed to get node {:?}: {}", self.node.as_str(), missing("node", &self.node)))?;
        let exists = world.store.pods.find(pod).is_some_and(|pod| pod.metadata.uid == self.uid);
        if !exists {
            return Err(format!("pod does not exist any more: {}", missing("pod", &pod.name)));
        }
        for (volume, version, claim) in &self.matches {
            if !check_match(volume, *version, claim, node, world)? {
                return Ok(Some(()));
            }
        }
        for (claim, version) in &self.provisions {
            if !self.check_provision(claim, *version, node, world)? {
                return Ok(Some(()));
            }
        }
        Ok(None)
    }

    /// Whether a claim has got a volume that was made for it.
    fn check_provision(
        &self,
        key: &ClaimKey,
        version: ResourceVersion,
        node: &Node,
        world: &World<'_>,
    ) -> Result<bool, String> {
        let gone = || missing("persistentvolumeclaims", &key.to_string());
        let claim = world.live_claim(key).ok_or_else(|| format!("failed to check provisioning pvc: {}", gone()))?;
        if claim.metadata.resource_version < version {
            return Ok(false);
        }
        let annotations = &claim.metadata.annotations;
        if annotations.is_empty() {
            return Err(format!("selectedNode annotation reset for PVC {:?}", key.name.as_str()));
        }
        if annotations.get(SELECTED_NODE) != Some(&self.node) {
            return Err(format!("provisioning failed for PVC {:?}", key.name.as_str()));
        }
        let name = &claim.spec.volume_name;
        if !name.is_empty() {
            let Some(volume) = world.live_volume(name) else {
                return Ok(false);
            };
            check_place(volume, node)?;
        }
        Ok(is_bound(claim))
    }
}

/// Whether a claim is bound to the volume that it was given.
fn check_match(
    volume: &Text,
    version: ResourceVersion,
    claim: &ClaimKey,
    node: &Node,
    world: &World<'_>,
) -> Result<bool, String> {
    let gone = |resource: &str, name: &str| format!("failed to check binding: {}", missing(resource, name));
    let found = world.live_volume(volume).ok_or_else(|| gone("persistentvolumes", volume))?;
    let claim = world.live_claim(claim).ok_or_else(|| gone("persistentvolumeclaims", &claim.to_string()))?;
    if found.metadata.resource_version < version {
        return Ok(false);
    }
    check_place(found, node)?;
    if found.spec.claim_ref.as_ref().is_none_or(|reference| reference.uid.is_empty()) {
        return Err(format!("ClaimRef got reset for pv {:?}", volume.as_str()));
    }
    Ok(is_bound(claim))
}

/// Whether the volume can be used on the node, of which the labels may have changed meanwhile.
fn check_place(volume: &PersistentVolume, node: &Node) -> Result<(), String> {
    let Some(cause) = misplacement(volume, node) else {
        return Ok(());
    };
    let (volume, node) = (volume.metadata.name.as_str(), node.metadata.name.as_str());
    Err(format!("pv {volume:?} node affinity doesn't match node {node:?}: {cause}"))
}
