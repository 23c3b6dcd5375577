//! Rules of PersistentVolumes (`FIELD-1` to `FIELD-3`, `VALID-10` to `VALID-30`).

use crate::api::internal::Internal;
use crate::api::metadata;
use crate::api::path::{At, Errors};
use crate::api::selectors::{Values, has_invalid_values, validate_volume_affinity};
use crate::api::volume_source::{default_source, validate_sources};
use crate::api::warnings::deprecated_node_label;
use crate::model::access_modes::{AccessMode, AccessModes};
use crate::model::field_error::{FieldError, go_json};
use crate::model::list::{List, ResourceList};
use crate::model::names::{BETA_MOUNT_OPTIONS, BETA_STORAGE_CLASS, STORAGE};
use crate::model::node_selector::{NodeSelectorRequirement, VolumeNodeAffinity};
use crate::model::quantity::Quantity;
use crate::model::syntax::dns_subdomain;
use crate::model::text::Text;
use crate::model::time::Timestamp;
use crate::model::volume::{
    PersistentVolume, PersistentVolumeSpec, PersistentVolumeStatus, ReclaimPolicy, VolumeMode, VolumePhase,
};
use crate::model::volume_source::VolumeSource;

/// Node labels that were renamed: old and new.
const RENAMED_LABELS: [(&str, &str); 5] = [
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
    ("beta.kubernetes.io/os", "kubernetes.io/os"),
    ("beta.kubernetes.io/arch", "kubernetes.io/arch"),
    ("beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"),
];

/// Fills in what a volume leaves out.
pub(super) fn default(volume: &mut PersistentVolume) {
    let spec = &mut *volume.spec;
    if spec.persistent_volume_reclaim_policy.as_str().is_empty() {
        spec.persistent_volume_reclaim_policy = ReclaimPolicy::Retain;
    }
    spec.capacity = rounded(&spec.capacity);
    spec.sources.for_each_mut(default_source);
    if volume.status.phase.as_str().is_empty() {
        volume.status.phase = VolumePhase::Pending;
    }
}

/// Quantities rounded up to thousandths (`FIELD-8`).
pub(super) fn rounded(list: &ResourceList) -> ResourceList {
    if list.iter().all(|(_, quantity)| quantity.is_rounded_to_milli()) {
        return list.clone();
    }
    list.iter().map(|(name, quantity)| (name.clone(), quantity.rounded_to_milli())).collect()
}

/// A created volume has no status but the phase `Pending` (`API-2`).
pub(super) fn prepare_create(volume: &mut PersistentVolume, now: Timestamp) {
    volume.status =
        PersistentVolumeStatus { last_phase_transition_time: Some(now), ..PersistentVolumeStatus::default() };
}

pub(super) fn validate_create(errors: &mut Errors, volume: &PersistentVolume) {
    validate(errors, volume, Values::Checked);
    validate_mount_options(errors, volume);
}

pub(super) fn validate_update(errors: &mut Errors, new: &PersistentVolume, old: &PersistentVolume) {
    let had_bad_values = old.spec.node_affinity.as_ref().is_some_and(|affinity| has_invalid_values(affinity));
    let values = if had_bad_values { Values::Any } else { Values::Checked };
    validate(errors, new, values);
    validate_mount_options(errors, new);
    validate(errors, new, values);
    let spec = At::new("spec");
    if !same_sources(&new.spec, &old.spec) {
        let rule = "spec.persistentvolumesource is immutable after creation";
        errors.push(FieldError::forbidden(spec.child("persistentvolumesource"), rule));
    }
    if new.spec.volume_mode != old.spec.volume_mode {
        errors.push(FieldError::invalid_json("volumeMode", go_json(&new.spec.volume_mode), metadata::IMMUTABLE));
    }
    if let Some(old_affinity) = &old.spec.node_affinity {
        validate_affinity_change(errors, new.spec.node_affinity.as_deref(), old_affinity);
    }
    if old.spec.volume_attributes_class_name.is_some() && new.spec.volume_attributes_class_name.is_none() {
        let rule = "update from non-nil value to nil is forbidden";
        errors.push(FieldError::forbidden(spec.child("volumeAttributesClassName"), rule));
    }
}

fn validate(errors: &mut Errors, volume: &PersistentVolume, affinity_values: Values) {
    metadata::validate(errors, &volume.metadata, false, dns_subdomain);
    metadata::validate_standard_finalizers(errors, &volume.metadata);
    let (at, spec) = (At::new("spec"), &volume.spec);
    if spec.access_modes.is_empty() {
        errors.push(FieldError::required(at.child("accessModes"), ""));
    }
    validate_access_modes(errors, &at.child("accessModes"), &spec.access_modes);
    validate_capacity(errors, &at.child("capacity"), &spec.capacity);
    if let ReclaimPolicy::Other(text) = &spec.persistent_volume_reclaim_policy {
        let supported = ["Delete", "Recycle", "Retain"];
        errors.push(FieldError::not_supported(at.child("persistentVolumeReclaimPolicy"), go_json(text), &supported));
    }
    if let Some(affinity) = &spec.node_affinity {
        validate_volume_affinity(errors, &at.child("nodeAffinity"), affinity, affinity_values);
    }
    validate_sources(errors, &at, spec.sources.iter(), &volume.metadata.name, spec.node_affinity.is_some());
    let wipes_the_root =
        spec.sources.iter().any(|source| matches!(source, VolumeSource::HostPath(host) if is_root(&host.path)));
    if wipes_the_root && spec.persistent_volume_reclaim_policy == ReclaimPolicy::Recycle {
        let rule = "may not be 'recycle' for a hostPath mount of '/'";
        errors.push(FieldError::forbidden(at.child("persistentVolumeReclaimPolicy"), rule));
    }
    if !spec.storage_class_name.is_empty() {
        errors.complain(
            &at.child("storageClassName"),
            &spec.storage_class_name,
            dns_subdomain(&spec.storage_class_name),
        );
    }
    validate_volume_mode(errors, &at.child("volumeMode"), &spec.volume_mode);
    if let Some(class) = &spec.volume_attributes_class_name {
        validate_attributes_class(errors, &at, class, spec);
    }
}

pub(super) fn validate_access_modes(errors: &mut Errors, at: &At, modes: &AccessModes) {
    for mode in modes.iter() {
        if let AccessMode::Other(text) = mode {
            let supported = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
            errors.push(FieldError::not_supported(at, go_json(&text), &supported));
        }
    }
    if modes.set().contains(&AccessMode::ReadWriteOncePod) && modes.set().len() > 1 {
        errors.push(FieldError::forbidden(at, "may not use ReadWriteOncePod with other access modes"));
    }
}

pub(super) fn validate_volume_mode(errors: &mut Errors, at: &At, mode: &VolumeMode) {
    if let VolumeMode::Other(text) = mode {
        errors.push(FieldError::not_supported(at, go_json(text), &["Block", "Filesystem"]));
    }
}

fn validate_capacity(errors: &mut Errors, at: &At, capacity: &ResourceList) {
    if capacity.is_empty() {
        errors.push(FieldError::required(at, ""));
    }
    if !capacity.contains_key(STORAGE) || capacity.len() > 1 {
        errors.push(FieldError::not_supported(at, go_json(capacity), &[STORAGE]));
    }
    for (resource, quantity) in capacity.iter() {
        let at = at.key(resource);
        let value = quantity.overflowing_value();
        if value < 0 {
            errors.push(FieldError::invalid_json(at, value.to_string(), "must be a valid resource quantity"));
        }
        validate_positive(errors, &at, quantity);
    }
}

/// Whether a quantity is above zero, with the error if it is not.
pub(super) fn validate_positive(errors: &mut Errors, at: &At, quantity: &Quantity) {
    if !quantity.is_positive() {
        errors.push(FieldError::invalid(at, &quantity.to_string(), "must be greater than zero"));
    }
}

/// Whether a path, cleaned as Go's `path.Clean` does, is the root.
fn is_root(path: &str) -> bool {
    let mut depth = 0usize;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => depth = depth.saturating_sub(1),
            _ => depth += 1,
        }
    }
    path.starts_with('/') && depth == 0
}

fn validate_attributes_class(errors: &mut Errors, at: &At, class: &Text, spec: &PersistentVolumeSpec) {
    let field = at.child("volumeAttributesClassName");
    if class.is_empty() {
        errors.push(FieldError::required(field, "an empty string is disallowed"));
    } else {
        errors.complain(&field, class, dns_subdomain(class));
    }
    if !spec.sources.iter().any(|source| matches!(source, VolumeSource::Csi(_))) {
        errors.push(FieldError::required(at.child("csi"), "has to be specified when using volumeAttributesClassName"));
    }
}

/// The old annotation for mount options is allowed on some sources only (`VALID-23`).
fn validate_mount_options(errors: &mut Errors, volume: &PersistentVolume) {
    let allowed = volume.spec.sources.iter().any(|source| match source {
        VolumeSource::GcePersistentDisk(_)
        | VolumeSource::AwsElasticBlockStore(_)
        | VolumeSource::Glusterfs(_)
        | VolumeSource::Nfs(_)
        | VolumeSource::Rbd(_)
        | VolumeSource::Quobyte(_)
        | VolumeSource::Iscsi(_)
        | VolumeSource::Cinder(_)
        | VolumeSource::CephFs(_)
        | VolumeSource::AzureFile(_)
        | VolumeSource::VsphereVolume(_)
        | VolumeSource::AzureDisk(_)
        | VolumeSource::PhotonPersistentDisk(_) => true,
        VolumeSource::HostPath(_)
        | VolumeSource::FibreChannel(_)
        | VolumeSource::Flocker(_)
        | VolumeSource::FlexVolume(_)
        | VolumeSource::PortworxVolume(_)
        | VolumeSource::ScaleIo(_)
        | VolumeSource::Local(_)
        | VolumeSource::StorageOs(_)
        | VolumeSource::Csi(_) => false,
    });
    if !allowed && volume.metadata.annotations.contains_key(BETA_MOUNT_OPTIONS) {
        let annotations = At::new("metadata.annotations");
        let at = annotations.child(BETA_MOUNT_OPTIONS);
        errors.push(FieldError::forbidden(at, "may not specify mount options for this volume type"));
    }
}

/// Whether the sources agree; one secret of a CSI volume may be added once (`VALID-26`).
fn same_sources(new: &PersistentVolumeSpec, old: &PersistentVolumeSpec) -> bool {
    let mut new_sources = new.sources.clone();
    let added = old
        .sources
        .iter()
        .any(|source| matches!(source, VolumeSource::Csi(csi) if csi.controller_expand_secret_ref.is_none()));
    if added {
        new_sources.for_each_mut(|source| {
            if let VolumeSource::Csi(csi) = source {
                csi.controller_expand_secret_ref = None;
            }
        });
    }
    new_sources.iter().eq(old.sources.iter())
}

/// Once set, only renamed labels of an affinity may take their new names (`VALID-28`).
fn validate_affinity_change(errors: &mut Errors, new: Option<&VolumeNodeAffinity>, old: &VolumeNodeAffinity) {
    if new.is_some_and(|new| same_affinity(new, old)) {
        return;
    }
    let shown = go_json(&new.map(Internal));
    let rule = "field is immutable, except for updating from beta label to GA";
    errors.push(FieldError::invalid_json("nodeAffinity", shown, rule));
}

fn same_affinity(new: &VolumeNodeAffinity, old: &VolumeNodeAffinity) -> bool {
    let (Some(new), Some(old)) = (&new.required, &old.required) else {
        return new.required.is_none() && old.required.is_none();
    };
    let same_length = new.node_selector_terms.len() == old.node_selector_terms.len();
    let mut terms = new.node_selector_terms.iter().zip(&old.node_selector_terms);
    same_length
        && terms.all(|(new, old)| {
            same_requirements(&new.match_expressions, &old.match_expressions)
                && same_requirements(&new.match_fields, &old.match_fields)
        })
}

fn same_requirements(new: &List<NodeSelectorRequirement>, old: &List<NodeSelectorRequirement>) -> bool {
    new.len() == old.len()
        && new.iter().zip(old).all(|(new, old)| {
            // A label that was not renamed may become an empty one, which other rules refuse.
            let renamed = RENAMED_LABELS.iter().find(|(from, _)| old.key == *from).map_or("", |(_, to)| to);
            (new.key == old.key || new.key == renamed) && new.operator == old.operator && new.values == old.values
        })
}

/// What the status subresource refuses.
pub(super) fn validate_status(errors: &mut Errors, new: &PersistentVolume, old: &PersistentVolume) {
    metadata::validate_update(errors, &new.metadata, &old.metadata);
    metadata::validate_standard_finalizers(errors, &new.metadata);
}

/// Warnings on creation and update.
pub(super) fn warnings(volume: &PersistentVolume) -> Vec<String> {
    let mut warnings = Vec::new();
    let annotations = [
        (BETA_STORAGE_CLASS, "deprecated since v1.8; use \"storageClassName\" attribute instead"),
        (BETA_MOUNT_OPTIONS, "deprecated since v1.31; use \"mountOptions\" attribute instead"),
    ];
    for (key, text) in annotations {
        if volume.metadata.annotations.contains_key(key) {
            warnings.push(format!("metadata.annotations[{key}]: {text}"));
        }
    }
    let spec = &volume.spec;
    if spec.persistent_volume_reclaim_policy == ReclaimPolicy::Recycle {
        warnings.push(
            "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is \
             to use dynamic provisioning."
                .to_owned(),
        );
    }
    let required = spec.node_affinity.as_ref().and_then(|affinity| affinity.required.as_ref());
    for (index, term) in required.into_iter().flat_map(|required| required.node_selector_terms.iter().enumerate()) {
        let at = format!("spec.nodeAffinity.required.nodeSelectorTerms[{index}].matchExpressions");
        for (index, expression) in term.match_expressions.iter().enumerate() {
            if let Some(text) = deprecated_node_label(&expression.key) {
                warnings.push(format!("{at}[{index}].key: {} is {text}", expression.key));
            }
        }
    }
    for source in spec.sources.iter() {
        if let Some((key, text)) = removed_source(source) {
            warnings.push(format!("spec.{key}: {text}"));
        }
    }
    warnings
}

fn removed_source(source: &VolumeSource) -> Option<(&'static str, &'static str)> {
    match source {
        VolumeSource::CephFs(_) => Some(("cephfs", "deprecated in v1.28, non-functional in v1.31+")),
        VolumeSource::PhotonPersistentDisk(_) => {
            Some(("photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"))
        }
        VolumeSource::ScaleIo(_) => Some(("scaleIO", "deprecated in v1.16, non-functional in v1.22+")),
        VolumeSource::StorageOs(_) => Some(("storageOS", "deprecated in v1.22, non-functional in v1.25+")),
        VolumeSource::Glusterfs(_) => Some(("glusterfs", "deprecated in v1.25, non-functional in v1.26+")),
        VolumeSource::Rbd(_) => Some(("rbd", "deprecated in v1.28, non-functional in v1.31+")),
        VolumeSource::GcePersistentDisk(_)
        | VolumeSource::AwsElasticBlockStore(_)
        | VolumeSource::HostPath(_)
        | VolumeSource::Nfs(_)
        | VolumeSource::Iscsi(_)
        | VolumeSource::Cinder(_)
        | VolumeSource::FibreChannel(_)
        | VolumeSource::Flocker(_)
        | VolumeSource::FlexVolume(_)
        | VolumeSource::AzureFile(_)
        | VolumeSource::VsphereVolume(_)
        | VolumeSource::Quobyte(_)
        | VolumeSource::AzureDisk(_)
        | VolumeSource::PortworxVolume(_)
        | VolumeSource::Local(_)
        | VolumeSource::Csi(_) => None,
    }
}

/// Keeps the status of the stored volume (`API-4`).
pub(super) fn prepare_update(new: &mut PersistentVolume, old: &PersistentVolume) {
    new.status = old.status.clone();
}
