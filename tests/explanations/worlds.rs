//! Small worlds of volumes and claims, in which much almost fits.

use bindery::parts::VolumeResourceRequirements;
use bindery::volume_source::CsiVolumeSource;
use bindery::{
    AccessMode, AccessModes, Cluster, LabelSelector, ObjectReference, PersistentVolume, PersistentVolumeClaim,
    StorageClass, Timestamp, Uid, VolumeMode, VolumePhase,
};
use proptest::prelude::*;

/// Classes, of which one exists as an object.
const CLASSES: [&str; 3] = ["", "made", "absent"];
const SIZES: [&str; 3] = ["1Gi", "2Gi", "4Gi"];
const OLD_UID: &str = "99999999-9999-4999-8999-999999999999";

/// A volume or a claim, as far as matching reads it.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    class: usize,
    size: usize,
    modes: usize,
    block: bool,
    label: Option<bool>,
    attributes: bool,
    holder: usize,
    deleting: bool,
}

pub(crate) fn seeds() -> impl Strategy<Value = Seed> + Clone {
    let often = |chance: f64| prop::bool::weighted(chance);
    (
        prop::sample::select(vec![0usize, 0, 1, 2]),
        0..SIZES.len(),
        0..4usize,
        often(0.15),
        prop::option::of(any::<bool>()),
        often(0.15),
        prop::sample::select(vec![0usize, 0, 0, 0, 1, 2, 3]),
        often(0.1),
    )
        .prop_map(|(class, size, modes, block, label, attributes, holder, deleting)| Seed {
            class,
            size,
            modes,
            block,
            label,
            attributes,
            holder,
            deleting,
        })
}

fn modes(number: usize) -> AccessModes {
    match number {
        0 => [AccessMode::ReadWriteOnce].into(),
        1 => [AccessMode::ReadWriteMany].into(),
        2 => [AccessMode::ReadWriteOnce, AccessMode::ReadWriteMany].into(),
        _ => [AccessMode::ReadOnlyMany].into(),
    }
}

impl Seed {
    /// A claim that asks for the same as another one, but for its own size.
    pub(crate) fn rivalling(&self, claim: &Self) -> Self {
        Self { size: self.size, ..claim.clone() }
    }

    /// The same volume, made to suit a claim; it keeps its size if that is enough.
    pub(crate) fn fitting(&self, claim: &Self) -> Self {
        Self { size: self.size.max(claim.size), label: Some(true), holder: 0, deleting: false, ..claim.clone() }
    }

    pub(crate) fn volume(&self, name: &str) -> PersistentVolume {
        let size = SIZES[self.size].parse().expect("a quantity");
        let mut volume = PersistentVolume::new(name, size, modes(self.modes)).with_class(CLASSES[self.class]);
        volume.spec.volume_mode = if self.block { VolumeMode::Block } else { VolumeMode::Filesystem };
        if self.attributes {
            // Only volumes of CSI drivers have attributes.
            volume.spec.volume_attributes_class_name = Some("tuned".into());
            let source =
                CsiVolumeSource { driver: "csi.example.com".into(), volume_handle: name.into(), ..Default::default() };
            volume = volume.with_source(source);
        }
        if let Some(fast) = self.label {
            volume = volume.with_labels([("disk", if fast { "ssd" } else { "hdd" })]);
        }
        volume.status.phase = VolumePhase::Available;
        let held = |name: &str, uid: &str| {
            let reference = ObjectReference::to_claim("default", name);
            ObjectReference { uid: Uid::from(uid), ..reference }
        };
        match self.holder {
            1 => {
                volume.spec.claim_ref = Some(held("gone", OLD_UID).into());
                volume.status.phase = VolumePhase::Released;
            }
            2 => volume.spec.claim_ref = Some(held("other", "").into()),
            3 => {
                volume.spec.claim_ref = Some(held("claim-0", OLD_UID).into());
                volume.status.phase = VolumePhase::Released;
            }
            _ => {}
        }
        if self.deleting {
            volume.metadata.deletion_timestamp = Some(Timestamp::from_unix_seconds(1_704_067_200));
            volume.metadata.finalizers = vec!["example.com/held".into()].into();
        }
        volume
    }

    pub(crate) fn claim(&self, name: &str) -> PersistentVolumeClaim {
        let size = SIZES[self.size].parse().expect("a quantity");
        let mut claim = PersistentVolumeClaim::new("default", name, size, modes(self.modes));
        claim = claim.with_class(CLASSES[self.class]);
        claim.spec.volume_mode = if self.block { VolumeMode::Block } else { VolumeMode::Filesystem };
        claim.spec.volume_attributes_class_name = self.attributes.then(|| "tuned".into());
        if self.label == Some(true) {
            claim = claim.with_selector(LabelSelector::matching([("disk", "ssd")]));
        }
        debug_assert_ne!(claim.spec.resources, VolumeResourceRequirements::default());
        claim
    }
}

/// The class that exists; it makes no volumes.
pub(crate) fn class() -> StorageClass {
    StorageClass::new("made", "kubernetes.io/no-provisioner")
}

/// A settled cluster of volumes and one claim, `claim-0`.
pub(crate) fn cluster(volumes: &[Seed], claim: &Seed) -> Cluster {
    let mut cluster = Cluster::default();
    cluster.restore(class()).expect("a class");
    for (number, seed) in volumes.iter().enumerate() {
        cluster.restore(seed.volume(&format!("pv-{number}"))).expect("a volume");
    }
    cluster.restore(claim.claim("claim-0")).expect("a claim");
    cluster.settle().expect("quiet");
    cluster
}
