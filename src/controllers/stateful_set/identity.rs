//! Who a pod is: its name, its labels, its volumes (`STS-10` to `STS-15`).
//!
//! Follows `pkg/controller/statefulset/stateful_set_utils.go`. Pods of one set differ in nothing but their ordinal,
//! and everything that names one of them is made from it.

use crate::controllers::stateful_set::claims::{claim_name, effective};
use crate::model::kind::Kind;
use crate::model::metadata::{Identity, ObjectMeta, OwnerReference, RareMetadata, Uid};
use crate::model::names::{POD_INDEX, POD_NAME, REVISION_HASH};
use crate::model::pod::{ClaimVolumeSource, Pod, PodTemplateSpec, PodVolume, PodVolumeSource};
use crate::model::shared::Shared;
use crate::model::stateful_set::{StatefulSet, member_name};
use crate::model::text::Text;

/// The name of the pod of an ordinal (`STS-10`).
pub(super) fn pod_name(set: &StatefulSet, ordinal: i64) -> Text {
    [&*set.metadata.name, "-", &ordinal.to_string()].concat().into()
}

/// The revision that a pod says it was built from; empty where it says nothing.
pub(super) fn revision_of(pod: &Pod) -> Text {
    pod.metadata.labels.get(REVISION_HASH).cloned().unwrap_or_default()
}

/// A reference to the object that manages another one.
pub(super) fn controller_reference(kind: Kind, name: &Text, uid: &Uid) -> OwnerReference {
    OwnerReference {
        api_version: kind.api_version().into(),
        kind: kind.as_str().into(),
        name: name.clone(),
        uid: uid.clone(),
        controller: Some(true),
        block_owner_deletion: Some(true),
        ..OwnerReference::default()
    }
}

/// A reference to a set as the controller of its pods, revisions and claims.
pub(super) fn reference_to(set: &StatefulSet) -> OwnerReference {
    controller_reference(Kind::StatefulSet, &set.metadata.name, &set.metadata.uid)
}

/// The pod of an ordinal, built from a template (`STS-12`).
pub(super) fn new_pod(set: &StatefulSet, template: &PodTemplateSpec, revision: &Text, ordinal: i64) -> Pod {
    let name = pod_name(set, ordinal);
    let identity = Identity {
        name: name.clone(),
        namespace: set.metadata.namespace.clone(),
        labels: template.metadata.labels.with(REVISION_HASH, revision),
        rare: RareMetadata {
            generate_name: format!("{}-", set.metadata.name).into(),
            owner_references: [reference_to(set)].into(),
            ..RareMetadata::default()
        }
        .into(),
        ..Identity::default()
    };
    let metadata = ObjectMeta {
        annotations: template.metadata.annotations.clone(),
        finalizers: template.metadata.finalizers.clone(),
        identity: Shared::new(identity),
        ..ObjectMeta::default()
    };
    let mut pod = Pod { metadata, spec: template.spec.clone(), ..Pod::default() };
    pod.spec.hostname = name;
    pod.spec.subdomain = set.spec.service_name.clone();
    set_identity(set, &mut pod, ordinal);
    set_storage(set, &mut pod, ordinal);
    pod
}

/// Whether a pod has the name and the label of a member (`STS-15`). The label with its index does not count.
pub(super) fn has_identity(set: &StatefulSet, pod: &Pod) -> bool {
    let name = &pod.metadata.name;
    let canonical = member_name(name).is_some_and(|member| {
        member.parent == set.metadata.name.as_str() && member.ordinal.is_some() && member.is_canonical
    });
    canonical && pod.metadata.labels.get(POD_NAME) == Some(name)
}

/// Gives a pod the name and the labels of its ordinal.
pub(super) fn set_identity(set: &StatefulSet, pod: &mut Pod, ordinal: i64) {
    let name = pod_name(set, ordinal);
    let labels = pod.metadata.labels.with(POD_NAME, &name).with(POD_INDEX, ordinal.to_string());
    pod.metadata.name = name;
    pod.metadata.labels = labels;
}

/// Whether a pod's volumes refer to its claims (`STS-15`). Of volumes of one name the last counts.
pub(super) fn has_storage(set: &StatefulSet, pod: &Pod, ordinal: i64) -> bool {
    set.spec.volume_claim_templates.iter().all(|template| {
        let template = &template.metadata.name;
        let volume = pod.spec.volumes.iter().rev().find(|volume| volume.name == *template);
        volume.and_then(claim_of).is_some_and(|claim| is_claim_name(claim, template, set, pod, ordinal))
    })
}

/// The claim that stands behind a volume.
pub(super) fn claim_of(volume: &PodVolume) -> Option<&Text> {
    volume.sources.iter().find_map(|source| match source {
        PodVolumeSource::PersistentVolumeClaim(claim) => Some(&claim.claim_name),
        _ => None,
    })
}

/// Whether a claim has the name that a template and an ordinal give. Makes no text where the pod has its own name.
fn is_claim_name(claim: &str, template: &str, set: &StatefulSet, pod: &Pod, ordinal: i64) -> bool {
    let rest = claim.strip_prefix(template).and_then(|rest| rest.strip_prefix('-'));
    rest == Some(pod.metadata.name.as_str()) && has_identity(set, pod)
        || claim == claim_name(set, template, ordinal).as_str()
}

/// Gives a pod the volumes of its claims, in the order of the templates, and after them those of its own that have
/// another name (`STS-13`, `ND-4`).
pub(super) fn set_storage(set: &StatefulSet, pod: &mut Pod, ordinal: i64) {
    let templates = &set.spec.volume_claim_templates;
    if templates.is_empty() {
        return;
    }
    let is_claim = |name: &Text| templates.iter().any(|template| template.metadata.name == *name);
    let claims = effective(templates).map(|template| {
        let name = template.metadata.name.clone();
        let claim_name = claim_name(set, &name, ordinal);
        let source = ClaimVolumeSource { claim_name, ..ClaimVolumeSource::default() };
        PodVolume { name, sources: PodVolumeSource::PersistentVolumeClaim(source).into(), ..PodVolume::default() }
    });
    let others = pod.spec.volumes.iter().filter(|volume| !is_claim(&volume.name)).cloned();
    pod.spec.volumes = claims.chain(others).collect();
}
