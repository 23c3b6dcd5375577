//! What a kubelet puts into the volumes of a pod that no claim stands for: files of ConfigMaps and Secrets, facts
//! about the pod.

use crate::model::json::Json;
use crate::model::list::{List, StringMap};
use crate::model::pod::{
    Container, DownwardApiVolumeFile, KeyToPath, Pod, PodVolume, PodVolumeSource, VolumeProjection,
};
use crate::model::reference::NamespacedName;
use crate::model::text::Text;
use crate::store::Store;

/// A file of a volume: its path below the volume, and its text.
pub(crate) type File = (Text, Text);

/// Why a pod cannot have one of its volumes, in the words of the event `FailedMount`.
pub(crate) fn missing_source(pod: &Pod, store: &Store) -> Option<String> {
    pod.spec.volumes.iter().find_map(|volume| {
        let why = match volume.sources.iter().next()? {
            PodVolumeSource::GitRepo(_) => {
                let gate = "the feature-gate `GitRepoVolumeDriver`";
                format!(
                    "git-repo volume plugin has been disabled; if necessary, it may be re-enabled by enabling {gate}"
                )
            }
            _ => files(pod, volume, store)?.err()?,
        };
        Some(format!("MountVolume.SetUp failed for volume {:?} : {why}", volume.name.as_str()))
    })
}

/// Why a container cannot be made, in the words of the event `Failed`: a variable comes from what does not exist.
pub(crate) fn missing_variable(pod: &Pod, store: &Store) -> Option<String> {
    let containers = pod.spec.init_containers.iter().chain(&pod.spec.containers);
    containers.flat_map(variables).find_map(|(source, key)| {
        let required = source.get("optional") != Some(&Json::Bool(true));
        let name = source.get("name").and_then(Json::as_str).unwrap_or_default();
        let found = find(key.is_secret, name, pod, store);
        let why = match (found, key.key) {
            (Err(why), _) => why,
            (Ok(data), Some(wanted)) if !data.iter().any(|(held, _)| held == wanted) => {
                let kind = if key.is_secret { "Secret" } else { "ConfigMap" };
                format!("couldn't find key {wanted} in {kind} {}/{name}", pod.metadata.namespace)
            }
            (Ok(_), _) => return None,
        };
        required.then(|| format!("Error: {why}"))
    })
}

/// What a variable takes from a ConfigMap or a Secret: one key of it, or all.
struct Source<'c> {
    is_secret: bool,
    key: Option<&'c str>,
}

fn variables(container: &Container) -> Vec<(&Json, Source<'_>)> {
    let single = container.env.items().iter().filter_map(|variable| variable.get("valueFrom")).flat_map(|from| {
        [("configMapKeyRef", false), ("secretKeyRef", true)].into_iter().filter_map(|(field, is_secret)| {
            let source = from.get(field)?;
            Some((source, Source { is_secret, key: source.get("key").and_then(Json::as_str) }))
        })
    });
    let whole = container.env_from.items().iter().flat_map(|from| {
        [("configMapRef", false), ("secretRef", true)]
            .into_iter()
            .filter_map(|(field, is_secret)| Some((from.get(field)?, Source { is_secret, key: None })))
    });
    single.chain(whole).collect()
}

/// The files of a volume that the kubelet makes from other objects; `None` for every other volume.
pub(crate) fn files(pod: &Pod, volume: &PodVolume, store: &Store) -> Option<Result<Vec<File>, String>> {
    match volume.sources.iter().next()? {
        PodVolumeSource::ConfigMap(source) => {
            Some(data_files(pod, store, false, &source.name, &source.items, source.optional))
        }
        PodVolumeSource::Secret(source) => {
            Some(data_files(pod, store, true, &source.secret_name, &source.items, source.optional))
        }
        PodVolumeSource::DownwardApi(source) => Some(Ok(downward(pod, &source.items))),
        PodVolumeSource::Projected(source) => {
            let parts = source.sources.iter().map(|part| projected(pod, store, part));
            Some(parts.collect::<Result<Vec<_>, _>>().map(|parts| parts.into_iter().flatten().collect()))
        }
        _ => None,
    }
}

fn projected(pod: &Pod, store: &Store, part: &VolumeProjection) -> Result<Vec<File>, String> {
    let mut files = Vec::new();
    if let Some(source) = &part.secret {
        files.extend(data_files(pod, store, true, &source.name, &source.items, source.optional)?);
    }
    if let Some(source) = &part.config_map {
        files.extend(data_files(pod, store, false, &source.name, &source.items, source.optional)?);
    }
    if let Some(source) = &part.downward_api {
        files.extend(downward(pod, &source.items));
    }
    Ok(files)
}

/// The keys of a ConfigMap or a Secret as files; all of them unless some are asked for.
fn data_files(
    pod: &Pod,
    store: &Store,
    is_secret: bool,
    name: &str,
    items: &List<KeyToPath>,
    optional: Option<bool>,
) -> Result<Vec<File>, String> {
    let optional = optional == Some(true);
    let data = match find(is_secret, name, pod, store) {
        Err(_) if optional => return Ok(Vec::new()),
        data => data?,
    };
    if items.is_empty() {
        return Ok(data);
    }
    let mut files = Vec::new();
    for item in items {
        match data.iter().find(|(key, _)| *key == item.key) {
            Some((_, text)) => files.push((item.path.clone(), text.clone())),
            None if optional => {}
            None if is_secret => return Err(format!("references non-existent secret key: {}", item.key)),
            None => return Err(format!("configmap references non-existent config key: {}", item.key)),
        }
    }
    Ok(files)
}

/// The data of a ConfigMap or a Secret of the pod's namespace.
fn find(is_secret: bool, name: &str, pod: &Pod, store: &Store) -> Result<Vec<File>, String> {
    let key = NamespacedName::new(&pod.metadata.namespace, name);
    let text = |bytes: &crate::model::base64::Bytes| String::from_utf8_lossy(bytes.as_slice()).into_owned().into();
    if is_secret {
        let secret = store.secrets.find(&key).ok_or_else(|| format!("secret {name:?} not found"))?;
        return Ok(secret.data.iter().map(|(key, bytes)| (key.clone(), text(bytes))).collect());
    }
    let map = store.config_maps.find(&key).ok_or_else(|| format!("configmap {name:?} not found"))?;
    let texts = map.data.iter().map(|(key, text)| (key.clone(), text.clone()));
    Ok(texts.chain(map.binary_data.iter().map(|(key, bytes)| (key.clone(), text(bytes)))).collect())
}

/// Facts about a pod as files. What depends on the resources of a container is left empty.
fn downward(pod: &Pod, items: &List<DownwardApiVolumeFile>) -> Vec<File> {
    let text = |item: &DownwardApiVolumeFile| item.field_ref.as_ref().map(|field| fact(pod, &field.field_path));
    items.iter().map(|item| (item.path.clone(), text(item).unwrap_or_default())).collect()
}

/// A field of a pod as text; maps have a line for each key.
fn fact(pod: &Pod, path: &str) -> Text {
    let metadata = &pod.metadata;
    let lines = |map: &StringMap| {
        let lines: Vec<String> = map.iter().map(|(key, value)| format!("{key}={:?}", value.as_str())).collect();
        Text::from(lines.join("\n"))
    };
    let subscript = |map: &StringMap, field: &str| {
        let key = path.strip_prefix(field)?.strip_prefix("['")?.strip_suffix("']")?;
        Some(map.get(key).cloned().unwrap_or_default())
    };
    match path {
        "metadata.name" => metadata.name.clone(),
        "metadata.namespace" => metadata.namespace.clone(),
        "metadata.uid" => metadata.uid.as_str().into(),
        "metadata.labels" => lines(&metadata.labels),
        "metadata.annotations" => lines(&metadata.annotations),
        "spec.nodeName" => pod.spec.node_name.clone(),
        "status.podIP" => pod.status.pod_ip.clone(),
        _ => subscript(&metadata.labels, "metadata.labels")
            .or_else(|| subscript(&metadata.annotations, "metadata.annotations"))
            .unwrap_or_default(),
    }
}
