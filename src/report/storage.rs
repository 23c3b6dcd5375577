//! The columns and cells of volumes, claims and classes.
//!
//! Follows `pkg/printers/internalversion/printers.go` of Kubernetes.

use crate::model::access_modes::AccessModes;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::StorageClass;
use crate::model::kind::Kind;
use crate::model::list::ResourceList;
use crate::model::metadata::ObjectMeta;
use crate::model::names::STORAGE;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::report::tables::{Cells, Columns};

/// What stands in a column where nothing is set.
const UNSET: &str = "<unset>";

pub(super) fn columns(kind: Kind) -> Option<Columns> {
    Some(match kind {
        Kind::PersistentVolume => (
            &[
                "NAME",
                "CAPACITY",
                "ACCESS MODES",
                "RECLAIM POLICY",
                "STATUS",
                "CLAIM",
                "STORAGECLASS",
                "VOLUMEATTRIBUTESCLASS",
                "REASON",
                "AGE",
            ],
            &["VOLUMEMODE"],
        ),
        Kind::PersistentVolumeClaim => (
            &["NAME", "STATUS", "VOLUME", "CAPACITY", "ACCESS MODES", "STORAGECLASS", "VOLUMEATTRIBUTESCLASS", "AGE"],
            &["VOLUMEMODE"],
        ),
        Kind::StorageClass => {
            (&["NAME", "PROVISIONER", "RECLAIMPOLICY", "VOLUMEBINDINGMODE", "ALLOWVOLUMEEXPANSION", "AGE"], &[])
        }
        Kind::VolumeAttributesClass => (&["NAME", "DRIVERNAME", "AGE"], &[]),
        _ => return None,
    })
}

pub(super) fn volume(name: String, volume: &PersistentVolume, age: String) -> Cells {
    let spec = &volume.spec;
    let claim = spec.claim_ref.as_ref().map(|claim| format!("{}/{}", claim.namespace, claim.name));
    let cells = vec![
        name,
        storage(&spec.capacity),
        modes(&spec.access_modes),
        spec.persistent_volume_reclaim_policy.to_string(),
        status(&volume.metadata, volume.status.phase.as_str()),
        claim.unwrap_or_default(),
        volume.class_name().to_owned(),
        or_unset(spec.volume_attributes_class_name.as_ref()),
        volume.status.reason.to_string(),
        age,
    ];
    (cells, vec![spec.volume_mode.to_string()])
}

pub(super) fn claim(name: String, claim: &PersistentVolumeClaim, age: String) -> Cells {
    let (spec, status_of) = (&claim.spec, &claim.status);
    let bound = !spec.volume_name.is_empty();
    let cells = vec![
        name,
        status(&claim.metadata, status_of.phase.as_str()),
        spec.volume_name.to_string(),
        if bound { storage(&status_of.capacity) } else { String::new() },
        if bound { modes(&status_of.access_modes) } else { String::new() },
        claim.class_name().to_owned(),
        or_unset(spec.volume_attributes_class_name.as_ref()),
        age,
    ];
    (cells, vec![spec.volume_mode.to_string()])
}

pub(super) fn class(name: String, class: &StorageClass, age: String) -> Vec<String> {
    vec![
        if class.is_default() { format!("{name} (default)") } else { name },
        class.provisioner.to_string(),
        class.reclaim_policy.as_ref().map_or("Delete", |policy| policy.as_str()).to_owned(),
        class.volume_binding_mode.as_ref().map_or("Immediate", |mode| mode.as_str()).to_owned(),
        class.allow_volume_expansion.unwrap_or_default().to_string(),
        age,
    ]
}

fn status(metadata: &ObjectMeta, phase: &str) -> String {
    if metadata.is_deleting() { "Terminating".to_owned() } else { phase.to_owned() }
}

fn modes(modes: &AccessModes) -> String {
    modes.set().iter().map(|mode| mode.abbreviation().to_owned()).collect::<Vec<_>>().join(",")
}

fn storage(list: &ResourceList) -> String {
    list.get(STORAGE).map_or_else(|| "0".to_owned(), ToString::to_string)
}

fn or_unset(text: Option<&Text>) -> String {
    text.map_or(UNSET, Text::as_str).to_owned()
}
