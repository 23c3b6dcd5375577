//! What stands behind a volume of the cluster or of a pod.

use crate::model::json::Json;
use crate::model::list::StringMap;
use crate::model::pod::PodVolumeSource;
use crate::report::describe::storage::ephemeral_claim;
use crate::report::describe::{LONGEST_ANNOTATION, NONE, Sheet};

/// A source by the key under which it stands. The names of kubectl are those of the fields with a capital letter, but for a few.
pub(super) fn source(sheet: &mut Sheet, key: &str, fields: &Json) {
    let kind = match key {
        "nfs" => "NFS (an NFS mount that lasts the lifetime of a pod)",
        "hostPath" => "HostPath (bare host directory volume)",
        "local" => "LocalVolume (a persistent volume backed by local storage on a node)",
        "csi" => "CSI (a Container Storage Interface (CSI) volume source)",
        "emptyDir" => "EmptyDir (a temporary directory that shares a pod's lifetime)",
        "secret" => "Secret (a volume populated by a Secret)",
        "configMap" => "ConfigMap (a volume populated by a ConfigMap)",
        "projected" => "Projected (a volume that contains injected data from multiple sources)",
        "downwardAPI" => "DownwardAPI (a volume populated by information about the pod)",
        "gitRepo" => "GitRepo (a volume that is pulled from git when the pod is created)",
        "persistentVolumeClaim" => {
            "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)"
        }
        "ephemeral" => {
            "EphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)"
        }
        other => other,
    };
    sheet.pair("    Type", kind);
    let field = |name: &str| plain(fields.get(name));
    let flag = |name: &str| if field(name) == "true" { "true" } else { "false" };
    match key {
        "nfs" => {
            sheet.pair("    Server", field("server"));
            sheet.pair("    Path", field("path"));
            sheet.pair("    ReadOnly", flag("readOnly"));
        }
        "hostPath" => {
            sheet.pair("    Path", field("path"));
            sheet.pair("    HostPathType", field("type"));
        }
        "local" => sheet.pair("    Path", field("path")),
        "csi" => {
            sheet.pair("    Driver", field("driver"));
            sheet.pair("    FSType", field("fsType"));
            // A pod's own volume has none.
            if fields.get("volumeHandle").is_some() {
                sheet.pair("    VolumeHandle", field("volumeHandle"));
            }
            sheet.pair("    ReadOnly", flag("readOnly"));
            let attributes: StringMap = fields.get("volumeAttributes").and_then(Json::decode).unwrap_or_default();
            attributes_of_volume(sheet, &attributes);
        }
        "emptyDir" => {
            let limit = field("sizeLimit");
            sheet.pair("    Medium", field("medium"));
            sheet.pair("    SizeLimit", if limit.is_empty() || limit == "0" { "<unset>" } else { &limit });
        }
        "secret" => {
            sheet.pair("    SecretName", field("secretName"));
            sheet.pair("    Optional", flag("optional"));
        }
        "configMap" => {
            sheet.pair("    Name", field("name"));
            sheet.pair("    Optional", flag("optional"));
        }
        "gitRepo" => {
            sheet.pair("    Repository", field("repository"));
            sheet.pair("    Revision", field("revision"));
        }
        "persistentVolumeClaim" => {
            sheet.pair("    ClaimName", field("claimName"));
            sheet.pair("    ReadOnly", flag("readOnly"));
        }
        "downwardAPI" => {
            sheet.line("    Items:");
            fields.get("items").map(Json::items).unwrap_or_default().iter().for_each(|item| reference(sheet, item));
        }
        "projected" => {
            fields
                .get("sources")
                .map(Json::items)
                .unwrap_or_default()
                .iter()
                .for_each(|source| projection(sheet, source));
        }
        // What there is to say of it is typed.
        "ephemeral" => {}
        _ => {
            if let Json::Map(entries) = fields {
                for (name, value) in entries {
                    sheet.pair(&format!("    {name}"), plain(Some(value)));
                }
            }
        }
    }
}

/// The attributes of a CSI volume, which kubectl indents once more.
fn attributes_of_volume(sheet: &mut Sheet, attributes: &StringMap) {
    let mut lines: Vec<String> = attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
    lines.sort();
    if lines.is_empty() {
        sheet.pair("    VolumeAttributes", NONE);
    }
    for (number, line) in lines.iter().enumerate() {
        let name = if number == 0 { "    VolumeAttributes:" } else { "        " };
        let cut = line.len() > LONGEST_ANNOTATION;
        let (text, dots) =
            if cut { (&line[..line.floor_char_boundary(LONGEST_ANNOTATION)], "...") } else { (&**line, "") };
        sheet.line(format_args!("{name}\t    {text}{dots}"));
    }
}

/// What stands behind a volume of a pod.
pub(super) fn pod_source(sheet: &mut Sheet, volume: &PodVolumeSource) {
    let fields = match volume {
        PodVolumeSource::Ephemeral(claim) => {
            source(sheet, volume.key(), &Json::Null);
            return claim.volume_claim_template.iter().for_each(|template| ephemeral_claim(sheet, template));
        }
        PodVolumeSource::EmptyDir(fields) => Json::of(fields),
        PodVolumeSource::HostPath(fields) => Json::of(fields),
        PodVolumeSource::GitRepo(fields) => Json::of(fields),
        PodVolumeSource::Secret(fields) => Json::of(fields),
        PodVolumeSource::Nfs(fields) => Json::of(fields),
        PodVolumeSource::PersistentVolumeClaim(fields) => Json::of(fields),
        PodVolumeSource::DownwardApi(fields) => Json::of(fields),
        PodVolumeSource::ConfigMap(fields) => Json::of(fields),
        PodVolumeSource::Projected(fields) => Json::of(fields),
        PodVolumeSource::Csi(fields) => Json::of(fields),
        PodVolumeSource::Other(_, fields) => fields.clone(),
    };
    source(sheet, volume.key(), &fields);
}

/// One of the sources of a projected volume.
fn projection(sheet: &mut Sheet, source: &Json) {
    let of = |key: &str, name: &str| source.get(key).map(|fields| plain(fields.get(name)));
    let optional = |key: &str| if of(key, "optional").is_some_and(|text| text == "true") { "true" } else { "false" };
    if let Some(name) = of("secret", "name") {
        sheet.pair("    SecretName", name);
        sheet.pair("    Optional", optional("secret"));
    } else if source.get("downwardAPI").is_some() {
        sheet.pair("    DownwardAPI", "true");
    } else if let Some(name) = of("configMap", "name") {
        sheet.pair("    ConfigMapName", name);
        sheet.pair("    Optional", optional("configMap"));
    } else if let Some(seconds) = of("serviceAccountToken", "expirationSeconds") {
        // The API server's default.
        let seconds = if seconds.is_empty() { "3600".to_owned() } else { seconds };
        sheet.pair("    TokenExpirationSeconds", seconds);
    }
}

/// A file that says something about the pod.
fn reference(sheet: &mut Sheet, item: &Json) {
    let path = plain(item.get("path"));
    for (key, name) in [("fieldRef", "fieldPath"), ("resourceFieldRef", "resource")] {
        if let Some(found) = item.get(key) {
            sheet.line(format_args!("      {} -> {path}", plain(found.get(name))));
        }
    }
}

/// A value as text; nothing for what is a list or a map.
pub(super) fn plain(value: Option<&Json>) -> String {
    match value {
        Some(Json::String(text) | Json::Number(text)) => text.to_string(),
        Some(Json::Bool(value)) => value.to_string(),
        Some(Json::Null | Json::List(_) | Json::Map(_)) | None => String::new(),
    }
}
