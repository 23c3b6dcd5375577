//! Rules of the 22 volume sources (`VALID-25`) and their defaults (`FIELD-9` to `FIELD-13`).

use crate::api::path::{At, Errors};
use crate::model::field_error::{FieldError, go_json, go_quote};
use crate::model::reference::SecretReference;
use crate::model::syntax::{dns_label, dns_subdomain};
use crate::model::text::Text;
use crate::model::volume_source::{
    AzureDiskVolumeSource, CsiVolumeSource, FibreChannelVolumeSource, FlexVolumeSource, HostPathVolumeSource,
    IscsiVolumeSource, NfsVolumeSource, QuobyteVolumeSource, StorageOsVolumeSource, VolumeSource,
};

/// The order in which validation meets the sources, which is not that of the API.
const ORDER: [&str; 22] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "glusterfs",
    "flocker",
    "nfs",
    "rbd",
    "quobyte",
    "cephfs",
    "iscsi",
    "cinder",
    "fc",
    "flexVolume",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "scaleIO",
    "local",
    "storageos",
    "csi",
];

/// Exactly one source, and its own rules (`VALID-17`, `VALID-19`).
pub(super) fn validate_sources<'s>(
    errors: &mut Errors,
    at: &At,
    sources: impl Iterator<Item = &'s VolumeSource>,
    volume: &str,
    has_affinity: bool,
) {
    let mut sources: Vec<&VolumeSource> = sources.collect();
    sources.sort_by_key(|source| ORDER.iter().position(|key| *key == source.key()));
    for (index, source) in sources.iter().enumerate() {
        // A flex volume is the one source that does not mind others before it.
        if index > 0 && !matches!(source, VolumeSource::FlexVolume(_)) {
            let key = if source.key() == "cephfs" { "cephFS" } else { source.key() };
            errors.push(FieldError::forbidden(at.child(key), "may not specify more than 1 volume type"));
            continue;
        }
        validate_source(errors, at, source, volume);
        if matches!(source, VolumeSource::Local(_)) && !has_affinity {
            errors.push(FieldError::required(at.child("nodeAffinity"), "Local volume requires node affinity"));
        }
    }
    if sources.is_empty() {
        errors.push(FieldError::required(at, "must specify a volume type"));
    }
}

fn validate_source(errors: &mut Errors, spec: &At, source: &VolumeSource, volume: &str) {
    let at = &spec.child(source.key());
    let secret_names = |errors: &mut Errors, secret: Option<(&Text, &Text)>| {
        if let Some((name, namespace)) = secret {
            errors.require(&at.child("secretRef").child("name"), name);
            errors.require(&at.child("secretRef").child("namespace"), namespace);
        }
    };
    match source {
        VolumeSource::HostPath(source) => validate_host_path(errors, at, source),
        VolumeSource::GcePersistentDisk(source) => {
            // Its own fields are reported under another name.
            let at = spec.child("persistentDisk");
            errors.require(&at.child("pdName"), &source.pd_name);
            validate_partition(errors, &at, source.partition);
        }
        VolumeSource::AwsElasticBlockStore(source) => {
            errors.require(&at.child("volumeID"), &source.volume_id);
            validate_partition(errors, at, source.partition);
        }
        VolumeSource::Glusterfs(source) => {
            errors.require(&at.child("endpoints"), &source.endpoints);
            errors.require(&at.child("path"), &source.path);
            if let Some(namespace) = &source.endpoints_namespace {
                let at = at.child("endpointsNamespace");
                if namespace.is_empty() {
                    let rule = "if the endpointnamespace is set, it must be a valid namespace name";
                    errors.push(FieldError::invalid(at, namespace, rule));
                } else {
                    errors.complain(&at, namespace, dns_label(namespace));
                }
            }
        }
        VolumeSource::Flocker(source) => {
            let (name, uuid) = (&source.dataset_name, &source.dataset_uuid);
            if name.is_empty() && uuid.is_empty() {
                errors.push(FieldError::required(at, "one of datasetName and datasetUUID is required"));
            }
            if !name.is_empty() && !uuid.is_empty() {
                let rule = "datasetName and datasetUUID can not be specified simultaneously";
                errors.push(FieldError::invalid(at, "resource", rule));
            }
            if name.contains('/') {
                errors.push(FieldError::invalid(at.child("datasetName"), name, "must not contain '/'"));
            }
        }
        VolumeSource::Nfs(source) => validate_nfs(errors, at, source),
        VolumeSource::Rbd(source) => {
            require_list(errors, &at.child("monitors"), &source.monitors);
            errors.require(&at.child("image"), &source.image);
        }
        VolumeSource::Quobyte(source) => validate_quobyte(errors, at, source),
        VolumeSource::CephFs(source) => require_list(errors, &at.child("monitors"), &source.monitors),
        VolumeSource::Iscsi(source) => validate_iscsi(errors, at, source, volume),
        VolumeSource::Cinder(source) => {
            errors.require(&at.child("volumeID"), &source.volume_id);
            secret_names(errors, source.secret_ref.as_ref().map(|secret| (&secret.name, &secret.namespace)));
        }
        VolumeSource::FibreChannel(source) => validate_fibre_channel(errors, at, source),
        VolumeSource::FlexVolume(source) => validate_flex(errors, at, source),
        VolumeSource::AzureFile(source) => {
            errors.require(&at.child("secretName"), &source.secret_name);
            errors.require(&at.child("shareName"), &source.share_name);
            if let Some(namespace) = &source.secret_namespace {
                errors.require(&at.child("secretNamespace"), namespace);
            }
        }
        VolumeSource::VsphereVolume(source) => errors.require(&at.child("volumePath"), &source.volume_path),
        VolumeSource::PhotonPersistentDisk(source) => errors.require(&at.child("pdID"), &source.pd_id),
        VolumeSource::PortworxVolume(source) => errors.require(&at.child("volumeID"), &source.volume_id),
        VolumeSource::AzureDisk(source) => validate_azure_disk(errors, at, source),
        VolumeSource::ScaleIo(source) => {
            errors.require(&at.child("gateway"), &source.gateway);
            errors.require(&at.child("system"), &source.system);
            errors.require(&at.child("volumeName"), &source.volume_name);
        }
        VolumeSource::Local(source) => {
            errors.require(&at.child("path"), &source.path);
            validate_no_backsteps(errors, &at.child("path"), &source.path);
        }
        VolumeSource::StorageOs(source) => {
            validate_storage_os(errors, at, source);
            secret_names(errors, source.secret_ref.as_ref().map(|secret| (&secret.name, &secret.namespace)));
        }
        VolumeSource::Csi(source) => validate_csi(errors, at, source),
    }
}

fn require_list(errors: &mut Errors, at: &At, list: &[Text]) {
    if list.is_empty() {
        errors.push(FieldError::required(at, ""));
    }
}

fn validate_partition(errors: &mut Errors, at: &At, partition: i32) {
    if !(0..=255).contains(&partition) {
        let rule = "must be between 1 and 255, inclusive";
        errors.push(FieldError::invalid_json(at.child("partition"), partition.to_string(), rule));
    }
}

pub(super) fn validate_host_path(errors: &mut Errors, at: &At, source: &HostPathVolumeSource) {
    const TYPES: [&str; 8] =
        ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    if source.path.is_empty() {
        return errors.push(FieldError::required(at.child("path"), ""));
    }
    validate_no_backsteps(errors, &at.child("path"), &source.path);
    if let Some(kind) = &source.r#type
        && !TYPES.contains(&kind.as_str())
    {
        errors.push(FieldError::not_supported(at.child("type"), go_json(kind), &TYPES));
    }
}

pub(super) fn validate_no_backsteps(errors: &mut Errors, at: &At, path: &str) {
    if path.split('/').any(|part| part == "..") {
        errors.push(FieldError::invalid(at, path, "must not contain '..'"));
    }
}

pub(super) fn validate_nfs(errors: &mut Errors, at: &At, source: &NfsVolumeSource) {
    errors.require(&at.child("server"), &source.server);
    errors.require(&at.child("path"), &source.path);
    if !source.path.starts_with('/') {
        errors.push(FieldError::invalid(at.child("path"), &source.path, "must be an absolute path"));
    }
}

fn validate_quobyte(errors: &mut Errors, at: &At, source: &QuobyteVolumeSource) {
    let pairs = "must be a host:port pair or multiple pairs separated by commas";
    if source.registry.is_empty() {
        errors.push(FieldError::required(at.child("registry"), pairs));
    } else if source.tenant.len() >= 65 {
        let rule = "must be a UUID and may not exceed a length of 64 characters";
        errors.push(FieldError::required(at.child("tenant"), rule));
    } else {
        for _ in source.registry.split(',').filter(|pair| !is_host_and_port(pair)) {
            errors.push(FieldError::invalid(at.child("registry"), &source.registry, pairs));
        }
    }
    errors.require(&at.child("volume"), &source.volume);
}

/// Whether Go's `net.SplitHostPort` would take the text apart.
fn is_host_and_port(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    if port.contains(['[', ']']) {
        return false;
    }
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => !inner.contains(['[', ']']),
        None => !host.contains([':', '[', ']']),
    }
}

fn validate_iscsi(errors: &mut Errors, at: &At, source: &IscsiVolumeSource, volume: &str) {
    errors.require(&at.child("targetPortal"), &source.target_portal);
    if source.initiator_name.is_some() && volume.len() + 1 + source.target_portal.len() > 64 {
        let rule = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is \
                    specified.";
        errors.push(FieldError::invalid(at.child("targetportal"), &source.target_portal, rule));
    }
    if source.iqn.is_empty() {
        errors.push(FieldError::required(at.child("iqn"), ""));
    } else if !is_iscsi_name(&source.iqn) {
        errors.push(FieldError::invalid(at.child("iqn"), &source.iqn, "must be valid format"));
    }
    if !(0..=255).contains(&source.lun) {
        let rule = "must be between 0 and 255, inclusive";
        errors.push(FieldError::invalid_json(at.child("lun"), source.lun.to_string(), rule));
    }
    if (source.chap_auth_discovery || source.chap_auth_session) && source.secret_ref.is_none() {
        errors.push(FieldError::required(at.child("secretRef"), ""));
    }
    if let Some(secret) = &source.secret_ref {
        errors.require(&at.child("secretRef").child("name"), &secret.name);
    }
    if let Some(name) = source.initiator_name.as_ref().filter(|name| !is_iscsi_name(name)) {
        errors.push(FieldError::invalid(at.child("initiatorname"), name, "must be valid format"));
    }
}

/// A qualified name of an iSCSI node: `iqn.` with a date, a domain and a name, or `eui.` or `naa.` with digits.
fn is_iscsi_name(name: &str) -> bool {
    let alphanumeric =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    // The separator is any character in the original.
    let coded = |prefix: &str, length| {
        let rest = name.strip_prefix(prefix)?;
        let separator = rest.chars().next()?;
        Some(separator != '\n' && alphanumeric(&rest[separator.len_utf8()..], length))
    };
    if name.starts_with("iqn") {
        return name.match_indices("iqn.").any(|(start, _)| is_dated_name(&name[start + 4..]));
    }
    coded("eui", 16).or_else(|| coded("naa", 32)).unwrap_or(false)
}

/// What follows `iqn.`: year, month, a domain, and after a colon a name.
fn is_dated_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    if !(digits(0..4) && bytes.get(4) == Some(&b'-') && digits(5..7) && bytes.get(7) == Some(&b'.')) {
        return false;
    }
    let Some((domain, name)) = text[8..].split_once(':') else {
        return false;
    };
    let domain_ok =
        !domain.is_empty() && domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    domain_ok && !name.is_empty() && !name.contains([',', ';', '*', '&', '$', '|', ' ', '\t', '\n', '\r', '\u{c}'])
}

fn validate_fibre_channel(errors: &mut Errors, at: &At, source: &FibreChannelVolumeSource) {
    let at_names = at.child("targetWWNs");
    if source.target_wwns.is_empty() && source.wwids.is_empty() {
        errors.push(FieldError::required(at_names, "must specify either targetWWNs or wwids, but not both"));
    }
    if source.target_wwns.is_empty() {
        return;
    }
    if !source.wwids.is_empty() {
        let rule = "targetWWNs and wwids can not be specified simultaneously";
        errors.push(FieldError::invalid_json(at_names, go_json(&source.target_wwns), rule));
    }
    match source.lun {
        None => errors.push(FieldError::required(at.child("lun"), "lun is required if targetWWNs is specified")),
        Some(lun) if !(0..=255).contains(&lun) => {
            let rule = "must be between 0 and 255, inclusive";
            errors.push(FieldError::invalid_json(at.child("lun"), lun.to_string(), rule));
        }
        Some(_) => {}
    }
}

fn validate_flex(errors: &mut Errors, at: &At, source: &FlexVolumeSource) {
    errors.require(&at.child("driver"), &source.driver);
    for key in source.options.keys() {
        let namespace = key.split_once('/').map_or(key.as_str(), |(namespace, _)| namespace);
        let normalized = format!(".{}", namespace.to_lowercase());
        if normalized.ends_with(".kubernetes.io") || normalized.ends_with(".k8s.io") {
            let rule = "kubernetes.io and k8s.io namespaces are reserved";
            errors.push(FieldError::invalid(at.child("options").key(key), key, rule));
        }
    }
}

fn validate_azure_disk(errors: &mut Errors, at: &At, source: &AzureDiskVolumeSource) {
    const MODES: [&str; 3] = ["None", "ReadOnly", "ReadWrite"];
    const KINDS: [&str; 3] = ["Dedicated", "Managed", "Shared"];
    const MANAGED: &str =
        "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
    const BLOB: &str = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";
    errors.require(&at.child("diskName"), &source.disk_name);
    errors.require(&at.child("diskURI"), &source.disk_uri);
    if let Some(mode) = source.caching_mode.as_ref().filter(|mode| !MODES.contains(&mode.as_str())) {
        errors.push(FieldError::not_supported(at.child("cachingMode"), go_json(mode), &MODES));
    }
    let Some(kind) = &source.kind else {
        return;
    };
    if !KINDS.contains(&kind.as_str()) {
        errors.push(FieldError::not_supported(at.child("kind"), go_json(kind), &KINDS));
    }
    let (prefix, form) = if *kind == "Managed" { ("/subscriptions/", MANAGED) } else { ("https://", BLOB) };
    if !source.disk_uri.starts_with(prefix) {
        let shown = go_quote(&source.disk_uri);
        errors.push(FieldError::not_supported(at.child("diskURI"), shown, &[form]));
    }
}

fn validate_storage_os(errors: &mut Errors, at: &At, source: &StorageOsVolumeSource) {
    let name = at.child("volumeName");
    if source.volume_name.is_empty() {
        errors.push(FieldError::required(name, ""));
    } else {
        errors.complain(&name, &source.volume_name, dns_label(&source.volume_name));
    }
    if !source.volume_namespace.is_empty() {
        errors.complain(&at.child("volumeNamespace"), &source.volume_namespace, dns_label(&source.volume_namespace));
    }
}

fn validate_csi(errors: &mut Errors, at: &At, source: &CsiVolumeSource) {
    validate_driver_name(errors, &at.child("driver"), &source.driver);
    errors.require(&at.child("volumeHandle"), &source.volume_handle);
    let secrets = [
        ("controllerPublishSecretRef", &source.controller_publish_secret_ref),
        ("controllerExpandSecretRef", &source.controller_expand_secret_ref),
        ("nodePublishSecretRef", &source.node_publish_secret_ref),
        ("nodeExpandSecretRef", &source.node_expand_secret_ref),
    ];
    for (field, secret) in secrets {
        if let Some(secret) = secret {
            validate_secret(errors, &at.child(field), secret);
        }
    }
}

pub(super) fn validate_driver_name(errors: &mut Errors, at: &At, driver: &str) {
    if driver.is_empty() {
        return errors.push(FieldError::required(at, ""));
    }
    if driver.len() > 63 {
        errors.push(FieldError::too_long(at, 63));
    }
    errors.complain(at, driver, dns_subdomain(&driver.to_lowercase()));
}

fn validate_secret(errors: &mut Errors, at: &At, secret: &SecretReference) {
    for (field, text) in [("name", &secret.name), ("namespace", &secret.namespace)] {
        if text.is_empty() {
            errors.push(FieldError::required(at.child(field), ""));
        } else {
            let complaints = if field == "name" { dns_subdomain(text) } else { dns_label(text) };
            errors.complain(&at.child(field), text, complaints);
        }
    }
}

/// Fills in what a source leaves out.
pub(super) fn default_source(source: &mut VolumeSource) {
    fn or<T>(field: &mut Option<T>, value: impl Into<T>) {
        field.get_or_insert(value.into());
    }
    fn or_text(field: &mut Text, value: &str) {
        if field.is_empty() {
            *field = value.into();
        }
    }
    if let VolumeSource::HostPath(source) = source {
        or(&mut source.r#type, "");
    } else if let VolumeSource::Iscsi(source) = source {
        or_text(&mut source.iscsi_interface, "default");
    } else if let VolumeSource::Rbd(source) = source {
        or_text(&mut source.pool, "rbd");
        or_text(&mut source.user, "admin");
        or_text(&mut source.keyring, "/etc/ceph/keyring");
    } else if let VolumeSource::AzureDisk(source) = source {
        or(&mut source.caching_mode, "ReadWrite");
        or(&mut source.fs_type, "ext4");
        or(&mut source.read_only, false);
        or(&mut source.kind, "Shared");
    } else if let VolumeSource::ScaleIo(source) = source {
        or_text(&mut source.storage_mode, "ThinProvisioned");
        or_text(&mut source.fs_type, "xfs");
    }
}
