//! What a claim wants its CSI volume to be filled from.

use crate::backend::csi::CsiProvisioner;
use crate::backend::driver::ProvisionRequest;
use crate::backend::location::Location;
use crate::backend::reply::{Failure, FailureKind};
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::reference::NamespacedName;
use crate::model::text::Text;
use crate::model::volume::{VolumeMode, VolumePhase};
use crate::model::volume_source::VolumeSource;

const SNAPSHOT_GROUP: &str = "snapshot.storage.k8s.io";
const NOT_BOUND: &str = "claim in dataSource not bound or invalid";

/// The claim that a volume is to be a copy of, if there is one. Everything else is refused, or left to somebody else.
pub(super) fn data_source(
    driver: &CsiProvisioner,
    request: &ProvisionRequest<'_>,
) -> Result<Option<NamespacedName>, Failure> {
    let claim = request.claim();
    let (group, kind, name) = match (&claim.spec.data_source, &claim.spec.data_source_ref) {
        (Some(source), _) => (&source.api_group, &source.kind, &source.name),
        (None, Some(source)) if source.namespace.as_ref().is_some_and(|namespace| !namespace.is_empty()) => {
            let feature = "CrossNamespaceVolumeDataSource feature is disabled";
            return Err(Failure::retry(format!("dataSourceRef namespace specified but the {feature}")));
        }
        (None, Some(source)) => (&source.api_group, &source.kind, &source.name),
        (None, None) => return Ok(None),
    };
    if name.is_empty() {
        return Err(Failure::retry(format!("the PVC source not found for PVC {}", claim.metadata.name)));
    }
    let group = group.as_ref().map(Text::as_str).unwrap_or_default();
    let missing = match kind.as_str() {
        "VolumeSnapshot" if group != SNAPSHOT_GROUP => {
            return Err(Failure::retry(format!(
                "the PVC source does not belong to the right APIGroup. Expected {SNAPSHOT_GROUP}, Got {group}"
            )));
        }
        // There are no snapshots here.
        "VolumeSnapshot" => "snapshot restore: controller CREATE_DELETE_SNAPSHOT",
        "PersistentVolumeClaim" if driver.clones => {
            let key = NamespacedName { namespace: claim.metadata.namespace.clone(), name: name.clone() };
            return Ok(Some(key));
        }
        "PersistentVolumeClaim" => "clone operations: controller CLONE_VOLUME",
        _ => {
            let announcement = "Assuming an external populator will provision the volume";
            return Err(Failure::new(FailureKind::Ignored, announcement));
        }
    };
    Err(Failure::retry(format!("CSI driver does not support {missing} capability is not reported")))
}

/// The place of the volume of a claim that is to be copied.
pub(super) fn cloned(
    driver: &CsiProvisioner,
    request: &ProvisionRequest<'_>,
    key: &NamespacedName,
) -> Result<Location, Failure> {
    check(driver, request, key).map_err(|cause| {
        let prefix = "error getting handle for DataSource Type PersistentVolumeClaim by Name";
        Failure::retry(format!("{prefix} {}: {cause}", key.name))
    })
}

fn check(driver: &CsiProvisioner, request: &ProvisionRequest<'_>, key: &NamespacedName) -> Result<Location, String> {
    let (claim, name) = (request.claim(), &key.name);
    let Some(source) = request.surroundings().claim(key) else {
        let cause = format!("persistentvolumeclaim {name:?} not found");
        return Err(format!("error getting PVC {name} (namespace {:?}) from api server: {cause}", key.namespace));
    };
    if source.status.phase != ClaimPhase::Bound {
        let phase = &source.status.phase;
        return Err(format!(
            "the PVC DataSource {name} must have a status of Bound.  Got {{{phase} [] map[] [] map[] map[] <nil> nil}}"
        ));
    }
    if source.metadata.is_deleting() {
        return Err(format!("the PVC DataSource {name} is currently being deleted"));
    }
    for (claim, which) in [(source, "source"), (claim, "requested")] {
        if claim.spec.storage_class_name.is_none() {
            return Err(format!("the {which} PVC ({}) storageclass cannot be empty", claim.metadata.name));
        }
    }
    let bytes = |claim: &PersistentVolumeClaim| claim.request().value().unwrap_or(i64::MAX);
    if bytes(claim) < bytes(source) {
        let rule = "new PVC request must be greater than or equal in size to the specified PVC data source";
        return Err(format!("error, {rule}, requested {} but source is {}", bytes(claim), bytes(source)));
    }
    if source.spec.volume_name.is_empty() {
        return Err(format!("volume name is empty in source PVC {name}"));
    }
    volume_of(driver, request, source)
}

fn volume_of(
    driver: &CsiProvisioner,
    request: &ProvisionRequest<'_>,
    source: &PersistentVolumeClaim,
) -> Result<Location, String> {
    let volume = request.surroundings().volume(&source.spec.volume_name).ok_or(NOT_BOUND)?;
    let Some(VolumeSource::Csi(csi)) = volume.spec.sources.first() else {
        return Err(NOT_BOUND.to_owned());
    };
    let reference = volume.spec.claim_ref.as_ref();
    let bound = reference.is_some_and(|reference| reference.uid == source.metadata.uid)
        && volume.status.phase == VolumePhase::Bound;
    if csi.driver != driver.name || !bound {
        return Err(NOT_BOUND.to_owned());
    }
    match (&request.claim().spec.volume_mode, &volume.spec.volume_mode) {
        (VolumeMode::Filesystem, VolumeMode::Block) => Err(mode_differs("Block", "Filesystem")),
        (VolumeMode::Block, VolumeMode::Filesystem) => Err(mode_differs("Filesystem", "Block")),
        _ => Ok(Location::csi(&csi.driver, &csi.volume_handle)),
    }
}

fn mode_differs(source: &str, new: &str) -> String {
    format!(
        "the source PVC and destination PVCs must have the same volume mode for cloning.  Source is {source}, but new \
         PVC requested {new}"
    )
}
