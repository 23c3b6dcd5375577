//! Claims for a single pod, and disks that only one pod may use: `VolumeRestrictions` (`SCHED-50`, `SCHED-52`).

use std::sync::Arc;

use crate::controllers::turn::World;
use crate::model::access_modes::AccessMode;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::json::Json;
use crate::model::pod::{Pod, PodVolumeSource};
use crate::model::text::Text;

/// The claim for a single pod, of those that the pod names, that another pod uses. The access modes of the claim count,
/// not those of its volume; claims of ephemeral volumes do not take part (`EPH-7`).
pub(crate) fn used_by_another(pod: &Pod, claims: &[&Arc<PersistentVolumeClaim>], world: &World<'_>) -> Option<Text> {
    let single = claims.iter().filter(|claim| claim.spec.access_modes.set().contains(&AccessMode::ReadWriteOncePod));
    let mut used = single.filter(|claim| {
        let (key, name) = (claim.key(), &claim.metadata.name);
        let mut others = world.store.pods_of_claim(&key).filter(|other| other.metadata.uid != pod.metadata.uid);
        others.any(|other| world.scheduler.is_placed(other, world.store) && names(other, name))
    });
    used.next().map(|claim| claim.metadata.name.clone())
}

/// Whether a pod names a claim itself.
fn names(pod: &Pod, claim: &Text) -> bool {
    pod.spec.volumes.iter().flat_map(|volume| volume.sources.iter()).any(|source| match source {
        PodVolumeSource::PersistentVolumeClaim(source) => source.claim_name == *claim,
        _ => false,
    })
}

/// A disk that a pod names without a claim.
pub(crate) struct Disk<'w> {
    pub(crate) volume: &'w Text,
    kind: &'w str,
    source: &'w Json,
}

/// The disks of a pod that not every pod may share.
pub(crate) fn disks(pod: &Pod) -> Vec<Disk<'_>> {
    let volumes = pod.spec.volumes.iter();
    let sources = volumes.flat_map(|volume| volume.sources.iter().map(|source| (&volume.name, source)));
    sources
        .filter_map(|(volume, source)| match source {
            PodVolumeSource::Other(kind, source) => Some(Disk { volume, kind, source }),
            _ => None,
        })
        .filter(|disk| ["gcePersistentDisk", "awsElasticBlockStore", "iscsi", "rbd"].contains(&disk.kind))
        .collect()
}

impl Disk<'_> {
    /// Whether a pod uses the same disk in a way that bears no second one.
    pub(crate) fn conflicts_with(&self, pod: &Pod) -> bool {
        disks(pod).iter().any(|other| self.kind == other.kind && self.is_same(other))
    }

    fn is_same(&self, other: &Disk<'_>) -> bool {
        let equal = |key: &str| self.text(key) == other.text(key);
        let both_read_only = self.is_read_only() && other.is_read_only();
        match self.kind {
            "gcePersistentDisk" => equal("pdName") && !both_read_only,
            "awsElasticBlockStore" => equal("volumeID"),
            "iscsi" => equal("iqn") && !both_read_only,
            "rbd" => self.shares_monitor(other) && equal("pool") && equal("image") && !both_read_only,
            _ => false,
        }
    }

    fn text(&self, key: &str) -> &str {
        self.source.get(key).and_then(Json::as_str).unwrap_or_default()
    }

    fn is_read_only(&self) -> bool {
        self.source.get("readOnly") == Some(&Json::Bool(true))
    }

    fn monitors(&self) -> &[Json] {
        match self.source.get("monitors") {
            Some(Json::List(monitors)) => monitors,
            _ => &[],
        }
    }

    fn shares_monitor(&self, other: &Disk<'_>) -> bool {
        self.monitors().iter().any(|monitor| other.monitors().contains(monitor))
    }
}
