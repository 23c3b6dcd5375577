//! A pod made up in a copy of the cluster, to see whether a claim that waits for one would bind.

use crate::cluster::Cluster;
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::class::BindingMode;
use crate::model::metadata::ObjectMeta;
use crate::model::pod::{ClaimVolumeSource, Container, Pod, PodSpec, PodVolume, PodVolumeSource};
use crate::model::reference::ClaimKey;

/// Whether a claim waits for a pod, of which there is none.
pub(super) fn is_unused(cluster: &Cluster, claim: &PersistentVolumeClaim) -> bool {
    let class = cluster.class(claim.class_name());
    claim.status.phase == ClaimPhase::Pending
        && claim.spec.volume_name.is_empty()
        && class.is_some_and(|class| class.volume_binding_mode == Some(BindingMode::WaitForFirstConsumer))
        && cluster.pods_of_claim(&claim.key()).is_empty()
}

/// Makes a pod that uses a claim. Returns whether the claim is bound then.
pub(super) fn binds_with_a_pod(cluster: &mut Cluster, key: &ClaimKey) -> bool {
    let Some(pod) = cluster.claim(&key.to_string()).map(probe) else {
        return false;
    };
    cluster.create(pod).is_ok()
        && cluster.settle().is_ok()
        && cluster.claim(&key.to_string()).is_some_and(|claim| claim.status.phase == ClaimPhase::Bound)
}

/// A pod that uses a claim and asks for nothing else.
pub(super) fn probe(claim: &PersistentVolumeClaim) -> Pod {
    let source = ClaimVolumeSource { claim_name: claim.metadata.name.clone(), ..ClaimVolumeSource::default() };
    let volume = PodVolume {
        name: "data".into(),
        sources: PodVolumeSource::PersistentVolumeClaim(source).into(),
        ..PodVolume::default()
    };
    let container = Container { name: "probe".into(), image: "probe".into(), ..Container::default() };
    let mut metadata = ObjectMeta::named(format!("{}-probe", claim.metadata.name));
    metadata.namespace = claim.metadata.namespace.clone();
    let spec = PodSpec { volumes: vec![volume].into(), containers: vec![container].into(), ..PodSpec::default() };
    Pod { metadata, spec: spec.into(), ..Pod::default() }
}
