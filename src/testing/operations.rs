//! What users do to a cluster, and how far they let its controllers run in between.

#![expect(missing_docs, reason = "a field or variant has the name of what it stands for in the object or in the API")]

use std::time::Duration;

use crate::{Cluster, Fault, Json, Kind, ObjectKey, Uid, Verb};
use proptest::prelude::*;
use serde_json::json;

use crate::testing::objects::found_uid;
use crate::testing::seeds::{
    CLAIMS, CLASSES, ClaimSeed, LABELS, PodSeed, SIZES, StorageClassSeed, VALUES, VOLUMES, VolumeSeed, claims, pods,
    storage_classes, volumes,
};

/// One thing that happens. The API refuses some of them; then they change nothing.
#[derive(Clone, Debug)]
pub enum Operation {
    Settle,
    /// Lets a few steps happen.
    Steps(u8),
    /// Lets seconds pass.
    Advance(u16),
    CreateVolume(Box<VolumeSeed>),
    CreateClaim(Box<ClaimSeed>),
    CreateClass(StorageClassSeed),
    CreatePod(PodSeed),
    /// Requests deletion.
    DeleteVolume(usize),
    DeleteClaim(usize),
    DeleteClass(usize),
    /// Strips the finalizers and deletes.
    RemoveVolume(usize),
    RemoveClaim(usize),
    /// Removes, and at once creates another under the same name.
    RecreateVolume(Box<VolumeSeed>),
    RecreateClaim(Box<ClaimSeed>),
    /// Takes a volume's reference to its claim away, or its uid only.
    Unclaim(usize),
    Unidentify(usize),
    SetPolicy(usize, usize),
    SetLabel(usize, usize, usize),
    Resize(usize, usize),
    SetVolume(usize, usize),
    SetSize(usize, usize),
    /// The next update of a volume or claim by a controller meets a conflict.
    Conflict(bool),
}

/// Any operation.
pub fn operations() -> impl Strategy<Value = Operation> + Clone {
    let (volume, claim, size) = (0..VOLUMES.len(), 0..CLAIMS.len(), 0..SIZES.len());
    prop_oneof![
        6 => Just(Operation::Settle),
        3 => (0..12_u8).prop_map(Operation::Steps),
        2 => prop_oneof![1..40_u16, Just(600)].prop_map(Operation::Advance),
        6 => volumes().prop_map(Box::new).prop_map(Operation::CreateVolume),
        6 => claims().prop_map(Box::new).prop_map(Operation::CreateClaim),
        1 => storage_classes().prop_map(Operation::CreateClass),
        1 => pods().prop_map(Operation::CreatePod),
        2 => volume.clone().prop_map(Operation::DeleteVolume),
        3 => claim.clone().prop_map(Operation::DeleteClaim),
        1 => (0..CLASSES.len()).prop_map(Operation::DeleteClass),
        2 => volume.clone().prop_map(Operation::RemoveVolume),
        2 => claim.clone().prop_map(Operation::RemoveClaim),
        3 => volumes().prop_map(Box::new).prop_map(Operation::RecreateVolume),
        3 => claims().prop_map(Box::new).prop_map(Operation::RecreateClaim),
        2 => volume.clone().prop_map(Operation::Unclaim),
        2 => volume.clone().prop_map(Operation::Unidentify),
        2 => (volume.clone(), 0..3_usize).prop_map(|(volume, policy)| Operation::SetPolicy(volume, policy)),
        1 => (volume.clone(), 0..2_usize, 0..2_usize).prop_map(|(v, key, value)| Operation::SetLabel(v, key, value)),
        1 => (claim.clone(), size.clone()).prop_map(|(claim, size)| Operation::Resize(claim, size)),
        1 => (claim, volume.clone()).prop_map(|(claim, volume)| Operation::SetVolume(claim, volume)),
        1 => (volume, size).prop_map(|(volume, size)| Operation::SetSize(volume, size)),
        1 => any::<bool>().prop_map(Operation::Conflict),
    ]
}

/// The key of a volume by its number.
pub fn volume_key(volume: usize) -> ObjectKey {
    Kind::PersistentVolume.named(VOLUMES[volume])
}

/// The key of a claim by its number.
pub fn claim_key(claim: usize) -> ObjectKey {
    let (namespace, name) = CLAIMS[claim];
    Kind::PersistentVolumeClaim.named(format!("{namespace}/{name}"))
}

/// The uid that a claim has now; where there is none, the one that it may have had.
fn uid_of(cluster: &Cluster, claim: usize) -> Uid {
    let (namespace, name) = CLAIMS[claim];
    cluster.claim(&format!("{namespace}/{name}")).map_or_else(|| found_uid(claim), |claim| claim.metadata.uid.clone())
}

fn patch(cluster: &mut Cluster, key: &ObjectKey, patch: serde_json::Value) {
    let patch: Json = serde_json::from_value(patch).expect("a patch");
    let _ = cluster.patch(key, &patch);
}

impl Operation {
    /// Does it. Whatever is refused is refused; nobody minds.
    pub fn carry_out(&self, cluster: &mut Cluster) {
        match self {
            Self::Settle => {
                let _ = cluster.settle();
            }
            Self::Steps(steps) => {
                for _ in 0..*steps {
                    cluster.step();
                }
            }
            Self::Advance(seconds) => {
                let _ = cluster.advance(Duration::from_secs(u64::from(*seconds)));
            }
            Self::CreateVolume(seed) => {
                let volume = seed.build(&|claim| uid_of(cluster, claim));
                let _ = cluster.create(volume);
            }
            Self::CreateClaim(seed) => {
                let _ = cluster.create(seed.build());
            }
            Self::CreateClass(seed) => {
                let _ = cluster.create(seed.build());
            }
            Self::CreatePod(seed) => {
                let _ = cluster.restore(seed.build());
            }
            Self::DeleteVolume(volume) => {
                let _ = cluster.delete(&volume_key(*volume));
            }
            Self::DeleteClaim(claim) => {
                let _ = cluster.delete(&claim_key(*claim));
            }
            Self::DeleteClass(class) => {
                let _ = cluster.delete(&Kind::StorageClass.named(CLASSES[*class]));
            }
            Self::RemoveVolume(volume) => {
                let _ = cluster.remove(&volume_key(*volume));
            }
            Self::RemoveClaim(claim) => {
                let _ = cluster.remove(&claim_key(*claim));
            }
            Self::RecreateVolume(seed) => {
                Self::RemoveVolume(seed.name).carry_out(cluster);
                Self::CreateVolume(seed.clone()).carry_out(cluster);
            }
            Self::RecreateClaim(seed) => {
                Self::RemoveClaim(seed.key).carry_out(cluster);
                Self::CreateClaim(seed.clone()).carry_out(cluster);
            }
            Self::Unclaim(volume) => patch(cluster, &volume_key(*volume), json!({"spec": {"claimRef": null}})),
            Self::Unidentify(volume) => {
                if cluster.volume(VOLUMES[*volume]).is_some_and(|volume| volume.spec.claim_ref.is_some()) {
                    patch(cluster, &volume_key(*volume), json!({"spec": {"claimRef": {"uid": null}}}));
                }
            }
            Self::SetPolicy(volume, policy) => {
                let policy = ["Retain", "Delete", "Recycle"][*policy];
                patch(cluster, &volume_key(*volume), json!({"spec": {"persistentVolumeReclaimPolicy": policy}}));
            }
            Self::SetLabel(volume, key, value) => {
                let labels = json!({LABELS[*key]: VALUES[*value]});
                patch(cluster, &volume_key(*volume), json!({"metadata": {"labels": labels}}));
            }
            Self::Resize(claim, size) => {
                let requests = json!({"storage": SIZES[*size]});
                patch(cluster, &claim_key(*claim), json!({"spec": {"resources": {"requests": requests}}}));
            }
            Self::SetVolume(claim, volume) => {
                patch(cluster, &claim_key(*claim), json!({"spec": {"volumeName": VOLUMES[*volume]}}));
            }
            Self::SetSize(volume, size) => {
                patch(cluster, &volume_key(*volume), json!({"spec": {"capacity": {"storage": SIZES[*size]}}}));
            }
            Self::Conflict(on_volume) => {
                let kind = if *on_volume { Kind::PersistentVolume } else { Kind::PersistentVolumeClaim };
                cluster.inject(Fault::Conflict { verb: Verb::Update, kind });
            }
        }
    }
}
