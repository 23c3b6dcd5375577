//! The objects that seeds stand for.

use crate::parts::{ClaimVolumeSource, LabelSelectorRequirement, PodVolume, PodVolumeSource, SelectorOperator};
use crate::volume_source::{CsiVolumeSource, FlockerVolumeSource, HostPathVolumeSource, NfsVolumeSource};
use crate::{
    AccessMode, BindingMode, ClaimPhase, LabelSelector, List, ObjectMeta, ObjectReference, PersistentVolume,
    PersistentVolumeClaim, Pod, PodPhase, ReclaimPolicy, StorageClass, Text, Uid, VolumeMode, VolumePhase,
    VolumeSource,
};

use crate::testing::seeds::{
    ATTRIBUTES, CLAIMS, CLASSES, ClaimSeed, ClassSeed, LABELS, PROVISIONERS, PodSeed, SIZES, StorageClassSeed, UidSeed,
    VALUES, VOLUMES, VolumeSeed,
};

/// The storage class in the days before it had a field.
const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";

/// The uid that a claim has where it was found.
pub fn found_uid(claim: usize) -> Uid {
    Uid::from(format!("claim-{claim}"))
}

/// The modes of a bit mask.
fn modes_of(mask: u8) -> Vec<AccessMode> {
    let bits = AccessMode::ALL.into_iter().zip(0..);
    bits.filter(|(_, bit)| mask & (1 << bit) != 0).map(|(mode, _)| mode).collect()
}

fn volume_mode(block: bool) -> VolumeMode {
    if block { VolumeMode::Block } else { VolumeMode::Filesystem }
}

fn annotate(metadata: &mut ObjectMeta, key: &str, value: &str) {
    metadata.annotations = metadata.annotations.with(key, value);
}

/// Marks an object as one that is being deleted.
fn delete(metadata: &mut ObjectMeta, protection: &str, held: bool) {
    metadata.deletion_timestamp = Some("2024-01-01T00:00:00Z".parse().expect("a time"));
    metadata.deletion_grace_period_seconds = Some(0);
    metadata.finalizers = List::from([protection.into()]);
    if held {
        metadata.finalizers = metadata.finalizers.with("example.com/held".into());
    }
}

impl VolumeSeed {
    /// The volume as a user writes it. `uid_of` knows the uids of claims.
    ///
    /// # Panics
    /// Where a number is beyond the end of its table.
    pub fn build(&self, uid_of: &dyn Fn(usize) -> Uid) -> PersistentVolume {
        let name = VOLUMES[self.name];
        let capacity = SIZES[self.size].parse().expect("a quantity");
        let mut volume = PersistentVolume::new(name, capacity, []);
        volume.spec.access_modes = modes_of(self.modes).into_iter().collect();
        match self.class {
            ClassSeed::Absent | ClassSeed::Empty => {}
            ClassSeed::Named(class) => volume.spec.storage_class_name = CLASSES[class].into(),
            ClassSeed::Beta(class) => {
                // The annotation wins over the field.
                volume.spec.storage_class_name = CLASSES[(class + 1) % CLASSES.len()].into();
                annotate(&mut volume.metadata, BETA_CLASS, CLASSES[class]);
            }
            ClassSeed::BetaEmpty => annotate(&mut volume.metadata, BETA_CLASS, ""),
        }
        volume.spec.volume_mode = volume_mode(self.block);
        volume.spec.volume_attributes_class_name = ATTRIBUTES[self.attributes].map(Into::into);
        let labels = LABELS.iter().zip(self.labels).filter(|(_, value)| *value > 0);
        volume.metadata.labels = labels.map(|(key, value)| (*key, Text::from(VALUES[value - 1]))).collect();
        volume.spec.persistent_volume_reclaim_policy = match self.life.policy {
            0 => ReclaimPolicy::Retain,
            1 => ReclaimPolicy::Delete,
            2 => ReclaimPolicy::Recycle,
            _ => ReclaimPolicy::Other("Shred".into()),
        };
        volume.spec.sources = source(self.life.source, name).into();
        if let Some(provisioner) = self.life.provisioner {
            annotate(&mut volume.metadata, PROVISIONED_BY, PROVISIONERS[provisioner]);
        }
        if let Some(reservation) = self.reservation {
            let (namespace, name) = CLAIMS[reservation.claim];
            let mut reference = ObjectReference::to_claim(namespace, name);
            reference.uid = match reservation.uid {
                UidSeed::Absent => Uid::default(),
                UidSeed::Right => uid_of(reservation.claim),
                UidSeed::Wrong => Uid::from("of-another"),
            };
            volume.spec.claim_ref = Some(reference.into());
            if reservation.by_controller {
                annotate(&mut volume.metadata, BOUND_BY_CONTROLLER, "yes");
            }
        }
        volume
    }

    /// The volume as it is found.
    pub fn restored(&self, uid_of: &dyn Fn(usize) -> Uid) -> PersistentVolume {
        let mut volume = self.build(uid_of);
        volume.metadata.uid = Uid::from(format!("volume-{}", self.name));
        let phases = [
            VolumePhase::Available,
            VolumePhase::Pending,
            VolumePhase::Bound,
            VolumePhase::Released,
            VolumePhase::Failed,
        ];
        volume.status.phase = phases[self.life.phase].clone();
        if volume.status.phase == VolumePhase::Failed {
            volume.status.message = "it failed before".into();
        }
        if let Some(held) = self.life.deleting {
            delete(&mut volume.metadata, "kubernetes.io/pv-protection", held);
        }
        volume
    }
}

/// What the stock plugins can delete and what they cannot, what a driver is asked for, and what the scripted plugin
/// has.
fn source(number: usize, name: &str) -> VolumeSource {
    let path = |path: String| HostPathVolumeSource { path: path.into(), ..HostPathVolumeSource::default() };
    match number {
        0 => VolumeSource::from(path(format!("/tmp/{name}"))),
        1 => VolumeSource::from(NfsVolumeSource {
            server: "nfs.example.com".into(),
            path: "/exports".into(),
            ..NfsVolumeSource::default()
        }),
        2 => VolumeSource::from(path(format!("/data/{name}"))),
        3 => VolumeSource::from(CsiVolumeSource {
            driver: "csi.example.com".into(),
            volume_handle: name.into(),
            ..CsiVolumeSource::default()
        }),
        _ => VolumeSource::from(FlockerVolumeSource { dataset_name: name.into(), ..FlockerVolumeSource::default() }),
    }
}

impl ClaimSeed {
    /// The key, as `namespace/name`.
    pub fn key(&self) -> String {
        let (namespace, name) = CLAIMS[self.key];
        format!("{namespace}/{name}")
    }

    /// The claim as a user writes it.
    ///
    /// # Panics
    /// Where a number is beyond the end of its table.
    pub fn build(&self) -> PersistentVolumeClaim {
        let (namespace, name) = CLAIMS[self.key];
        let mut claim = PersistentVolumeClaim::new(namespace, name, SIZES[self.size].parse().expect("a quantity"), []);
        claim.spec.access_modes = modes_of(self.modes).into_iter().collect();
        match self.class {
            ClassSeed::Absent => {}
            ClassSeed::Empty => claim.spec.storage_class_name = Some("".into()),
            ClassSeed::Named(class) => claim.spec.storage_class_name = Some(CLASSES[class].into()),
            ClassSeed::Beta(class) => annotate(&mut claim.metadata, BETA_CLASS, CLASSES[class]),
            ClassSeed::BetaEmpty => annotate(&mut claim.metadata, BETA_CLASS, ""),
        }
        claim.spec.volume_mode = volume_mode(self.block);
        claim.spec.volume_attributes_class_name = ATTRIBUTES[self.attributes].map(Into::into);
        claim.spec.selector = self.selector.as_ref().map(|_| self.selector().into());
        if let Some(volume) = self.volume {
            claim.spec.volume_name = VOLUMES[volume].into();
        }
        if let Some(exists) = self.life.selected_node {
            annotate(&mut claim.metadata, SELECTED_NODE, if exists { "node" } else { "no-node" });
        }
        claim
    }

    fn selector(&self) -> LabelSelector {
        let terms = self.selector.iter().flatten();
        let plain = terms.clone().filter(|term| term.operator == 4);
        let plain = plain.map(|term| (LABELS[term.key], Text::from(VALUES[usize::from(term.values & 1)])));
        let expressions = terms.filter(|term| term.operator != 4).map(|term| {
            let values = VALUES.iter().zip(0..).filter(|(_, bit)| term.values & (1 << bit) != 0);
            let values: Vec<_> = values.map(|(value, _)| (*value).into()).collect();
            let some = if values.is_empty() { vec![VALUES[0].into()] } else { values };
            let (operator, values) = match term.operator {
                0 => (SelectorOperator::In, some),
                1 => (SelectorOperator::NotIn, some),
                2 => (SelectorOperator::Exists, Vec::new()),
                3 => (SelectorOperator::DoesNotExist, Vec::new()),
                _ => (SelectorOperator::Other("Near".into()), Vec::new()),
            };
            let key = LABELS[term.key].into();
            LabelSelectorRequirement { key, operator, values: values.into(), ..LabelSelectorRequirement::default() }
        });
        LabelSelector {
            match_labels: plain.collect(),
            match_expressions: expressions.collect(),
            ..LabelSelector::default()
        }
    }

    /// The claim as it is found.
    pub fn restored(&self) -> PersistentVolumeClaim {
        let mut claim = self.build();
        claim.metadata.uid = found_uid(self.key);
        claim.status.phase = [ClaimPhase::Pending, ClaimPhase::Bound, ClaimPhase::Lost][self.life.phase].clone();
        if self.life.bind_completed {
            annotate(&mut claim.metadata, BIND_COMPLETED, "yes");
        }
        if self.life.by_controller {
            annotate(&mut claim.metadata, BOUND_BY_CONTROLLER, "yes");
        }
        if let Some(held) = self.life.deleting {
            delete(&mut claim.metadata, "kubernetes.io/pvc-protection", held);
        }
        claim
    }
}

impl StorageClassSeed {
    /// The class.
    pub fn build(&self) -> StorageClass {
        let mut class = StorageClass::new(CLASSES[self.name], PROVISIONERS[self.provisioner]);
        class.volume_binding_mode = match self.binding {
            0 => Some(BindingMode::Immediate),
            1 => Some(BindingMode::WaitForFirstConsumer),
            _ => None,
        };
        class.allow_volume_expansion = Some(self.expandable);
        if self.default { class.as_default() } else { class }
    }
}

impl PodSeed {
    /// The pod.
    pub fn build(&self) -> Pod {
        let (namespace, claim) = CLAIMS[self.claim];
        let mut metadata = ObjectMeta::named(["web-0", "web-1", "job"][self.name]);
        metadata.namespace = namespace.into();
        let source = ClaimVolumeSource { claim_name: claim.into(), ..ClaimVolumeSource::default() };
        let volume = PodVolume {
            name: "data".into(),
            sources: PodVolumeSource::PersistentVolumeClaim(source).into(),
            ..PodVolume::default()
        };
        let mut pod = Pod { metadata, ..Pod::default() };
        pod.spec.volumes = List::from([volume]);
        if self.scheduled {
            pod.spec.node_name = "node".into();
        }
        if self.ended {
            pod.status.phase = PodPhase::Succeeded;
        }
        pod
    }
}
