//! Rules of the volumes of pods and of how containers mount them.

use std::collections::BTreeMap;

use crate::api::claim::{self, Tolerance};
use crate::api::metadata::{validate_annotations, validate_labels};
use crate::api::path::{At, Errors};
use crate::api::pod_content::{
    validate_config_map, validate_csi, validate_downward_api, validate_empty_dir, validate_git_repo,
    validate_projected, validate_secret,
};
use crate::api::volume_source::{validate_host_path, validate_nfs, validate_no_backsteps};
use crate::model::field_error::{FieldError, go_json};
use crate::model::json::Json;
use crate::model::pod::{Container, EphemeralVolumeSource, PodVolume, PodVolumeSource, VolumeDevice, VolumeMount};
use crate::model::syntax::{dns_label, dns_subdomain};

/// The volumes of a pod that break no rule, by name; `true` where a volume can be a device.
pub(super) type Volumes<'p> = BTreeMap<&'p str, bool>;

pub(super) fn validate_volumes<'p>(errors: &mut Errors, at: &At, volumes: &'p [PodVolume], pod: &str) -> Volumes<'p> {
    let mut sound = Volumes::new();
    for (index, volume) in volumes.iter().enumerate() {
        let at = at.index(index);
        let mut found = Errors::default();
        validate_sources(&mut found, &at, volume, pod);
        let name = at.child("name");
        if volume.name.is_empty() {
            found.push(FieldError::required(name, ""));
        } else {
            found.complain(&name, &volume.name, dns_label(&volume.name));
        }
        if sound.contains_key(volume.name.as_str()) {
            found.push(FieldError::duplicate(name, &volume.name));
        }
        if found.0.is_empty() {
            sound.insert(&volume.name, volume.sources.iter().any(can_be_device));
        }
        errors.0.extend(found.0);
    }
    sound
}

fn can_be_device(source: &PodVolumeSource) -> bool {
    matches!(source, PodVolumeSource::PersistentVolumeClaim(_) | PodVolumeSource::Ephemeral(_))
}

fn validate_sources(errors: &mut Errors, at: &At, volume: &PodVolume, pod: &str) {
    for (index, source) in volume.sources.iter().enumerate() {
        let source_at = at.child(source.key());
        if index > 0 {
            let key = match source.key() {
                "cephfs" => "cephFS",
                "downwardAPI" => "downwarAPI",
                key => key,
            };
            errors.push(FieldError::forbidden(at.child(key), "may not specify more than 1 volume type"));
            continue;
        }
        match source {
            PodVolumeSource::PersistentVolumeClaim(claim) => {
                errors.require(&source_at.child("claimName"), &claim.claim_name);
            }
            PodVolumeSource::HostPath(source) => validate_host_path(errors, &source_at, source),
            PodVolumeSource::Ephemeral(source) => {
                validate_ephemeral(errors, &source_at, source);
                if !pod.is_empty() && !volume.name.is_empty() {
                    let claim = format!("{pod}-{}", volume.name);
                    for complaint in dns_subdomain(&claim) {
                        let rule = format!("PVC name {claim:?}: {complaint}");
                        errors.push(FieldError::invalid(at.child("name"), &volume.name, rule));
                    }
                }
            }
            PodVolumeSource::EmptyDir(source) => validate_empty_dir(errors, &source_at, source),
            PodVolumeSource::GitRepo(source) => validate_git_repo(errors, &source_at, source),
            PodVolumeSource::Secret(source) => validate_secret(errors, &source_at, source),
            PodVolumeSource::Nfs(source) => validate_nfs(errors, &source_at, source),
            PodVolumeSource::DownwardApi(source) => validate_downward_api(errors, &source_at, source),
            PodVolumeSource::ConfigMap(source) => validate_config_map(errors, &source_at, source),
            PodVolumeSource::Projected(source) => validate_projected(errors, &source_at, source),
            PodVolumeSource::Csi(source) => validate_csi(errors, &source_at, source),
            PodVolumeSource::Other(key, value) => validate_other(errors, &source_at, key, value),
        }
    }
    if volume.sources.iter().next().is_none() {
        errors.push(FieldError::required(at, "must specify a volume type"));
    }
}

/// The fields without which a source makes no sense. Finer rules of sources that storage does not look at are left
/// to the real API server.
fn validate_other(errors: &mut Errors, at: &At, key: &str, value: &Json) {
    let required: &[&str] = match key {
        "gcePersistentDisk" => &["pdName"],
        "awsElasticBlockStore" | "cinder" | "portworxVolume" => &["volumeID"],
        "glusterfs" => &["endpoints", "path"],
        "azureFile" => &["secretName", "shareName"],
        "vsphereVolume" => &["volumePath"],
        "photonPersistentDisk" => &["pdID"],
        "flexVolume" => &["driver"],
        _ => &[],
    };
    for field in required {
        errors.require(&at.child(field), value.get(field).and_then(Json::as_str).unwrap_or_default());
    }
}

fn validate_ephemeral(errors: &mut Errors, at: &At, source: &EphemeralVolumeSource) {
    let at = at.child("volumeClaimTemplate");
    let Some(template) = &source.volume_claim_template else {
        return errors.push(FieldError::required(at, ""));
    };
    validate_annotations(errors, &at.child("metadata").child("annotations"), &template.metadata.annotations);
    validate_labels(errors, &at.child("metadata").child("labels"), &template.metadata.labels);
    let metadata = &template.metadata;
    let others = [
        ("name", !metadata.name.is_empty()),
        ("generateName", !metadata.generate_name.is_empty()),
        ("namespace", !metadata.namespace.is_empty()),
        ("finalizers", !metadata.finalizers.is_empty()),
        ("ownerReferences", !metadata.owner_references.is_empty()),
    ];
    for (field, _) in others.iter().filter(|(_, set)| *set) {
        errors.push(FieldError::forbidden(at.child("metadata").child(field), "cannot be set"));
    }
    claim::validate_spec(errors, &at.child("spec"), &template.spec, Tolerance::NONE);
}

pub(super) fn validate_mounts(errors: &mut Errors, at: &At, container: &Container, volumes: &Volumes<'_>) {
    let mut paths: Vec<&str> = Vec::new();
    for (index, mount) in container.volume_mounts.iter().enumerate() {
        let place = at.index(index);
        errors.require(&place.child("name"), &mount.name);
        if !volumes.contains_key(mount.name.as_str()) {
            errors.push(FieldError::not_found(place.child("name"), &mount.name));
        }
        errors.require(&place.child("mountPath"), &mount.mount_path);
        if paths.contains(&mount.mount_path.as_str()) {
            errors.push(FieldError::invalid(place.child("mountPath"), &mount.mount_path, "must be unique"));
        }
        paths.push(&mount.mount_path);
        let device = |same: fn(&VolumeDevice, &VolumeMount) -> bool| {
            container.volume_devices.iter().any(|device| same(device, mount))
        };
        if device(|device, mount| device.name == mount.name) {
            errors.push(FieldError::invalid(
                place.child("name"),
                &mount.name,
                "must not already exist in volumeDevices",
            ));
        }
        if device(|device, mount| device.device_path == mount.mount_path) {
            let rule = "must not already exist as a path in volumeDevices";
            errors.push(FieldError::invalid(place.child("mountPath"), &mount.mount_path, rule));
        }
        validate_sub_paths(errors, at, &place, mount);
        validate_mount_options(errors, at, container, mount);
    }
}

fn validate_sub_paths(errors: &mut Errors, at: &At, place: &At, mount: &VolumeMount) {
    let mut descending = |field: &str, path: &str| {
        if path.starts_with('/') {
            errors.push(FieldError::invalid(at.child(field), path, "must be a relative path"));
        }
        validate_no_backsteps(errors, &at.child(field), path);
    };
    descending("subPath", &mount.sub_path);
    if mount.sub_path_expr.is_empty() {
        return;
    }
    if !mount.sub_path.is_empty() {
        let rule = "subPathExpr and subPath are mutually exclusive";
        errors.push(FieldError::invalid(place.child("subPathExpr"), &mount.sub_path_expr, rule));
    }
    let mut descending = |field: &str, path: &str| {
        if path.starts_with('/') {
            errors.push(FieldError::invalid(at.child(field), path, "must be a relative path"));
        }
        validate_no_backsteps(errors, &at.child(field), path);
    };
    descending("subPathExpr", &mount.sub_path_expr);
}

fn validate_mount_options(errors: &mut Errors, at: &At, container: &Container, mount: &VolumeMount) {
    if let Some(propagation) = &mount.mount_propagation {
        let at = at.child("mountPropagation");
        if !["Bidirectional", "HostToContainer", "None"].contains(&propagation.as_str()) {
            let supported = ["Bidirectional", "HostToContainer", "None"];
            errors.push(FieldError::not_supported(at, go_json(propagation), &supported));
        }
        let privileged = container.security_context.get("privileged") == Some(&Json::Bool(true));
        if *propagation == "Bidirectional" && !privileged {
            let rule = "Bidirectional mount propagation is available only to privileged containers";
            errors.push(FieldError::forbidden(at, rule));
        }
    }
    let at = at.child("recursiveReadOnly");
    match mount.recursive_read_only.as_deref() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if !mount.read_only {
                errors.push(FieldError::forbidden(at, "may only be specified when readOnly is true"));
            }
            if mount.mount_propagation.as_ref().is_some_and(|propagation| *propagation != "None") {
                let rule = "may only be specified when mountPropagation is None or not specified";
                errors.push(FieldError::forbidden(at, rule));
            }
        }
        Some(other) => {
            errors.push(FieldError::not_supported(at, go_json(other), &["Disabled", "Enabled", "IfPossible"]));
        }
    }
}

pub(super) fn validate_devices(errors: &mut Errors, at: &At, container: &Container, volumes: &Volumes<'_>) {
    let (mut names, mut paths): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for (index, device) in container.volume_devices.iter().enumerate() {
        let place = at.index(index);
        let (name_at, path_at) = (place.child("name"), place.child("devicePath"));
        let (name, path) = (device.name.as_str(), device.device_path.as_str());
        errors.require(&name_at, name);
        if names.contains(&name) {
            errors.push(FieldError::invalid(name_at, name, "must be unique"));
        }
        match volumes.get(name) {
            Some(true) => {}
            Some(false) => {
                let rule = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                errors.push(FieldError::invalid(name_at, name, rule));
            }
            None => errors.push(FieldError::not_found(name_at, name)),
        }
        errors.require(&path_at, path);
        if paths.contains(&path) {
            errors.push(FieldError::invalid(path_at, path, "must be unique"));
        }
        if path.split('/').any(|part| part == "..") {
            errors.push(FieldError::invalid(path_at, path, "can not contain backsteps ('..')"));
        } else {
            paths.push(path);
        }
        if container.volume_mounts.iter().any(|mount| mount.name == name) {
            errors.push(FieldError::invalid(name_at, name, "must not already exist in volumeMounts"));
        }
        if container.volume_mounts.iter().any(|mount| mount.mount_path == path) {
            errors.push(FieldError::invalid(path_at, path, "must not already exist as a path in volumeMounts"));
        }
        if !name.is_empty() {
            names.push(name);
        }
    }
}
