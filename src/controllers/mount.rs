//! What a kubelet puts into the volumes of a pod that no claim stands for: files of ConfigMaps and Secrets, facts
//! about the pod.

use crate::controllers::mount_check::FailedMount;
use crate::model::base64::Bytes;
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

/// The volumes of a pod that cannot be filled, because what they are made of is not there.
pub(crate) fn missing_sources<'p>(pod: &'p Pod, store: &Store) -> Vec<FailedMount<'p>> {
    let why = |volume: &PodVolume| match volume.sources.iter().next()? {
        PodVolumeSource::GitRepo(_) => {
            let gate = "the feature-gate `GitRepoVolumeDriver`";
            Some(format!(
                "git-repo volume plugin has been disabled; if necessary, it may be re-enabled by enabling {gate}"
            ))
        }
        _ => files(pod, volume, store)?.err(),
    };
    let failed = pod.spec.volumes.iter().filter_map(|volume| Some((volume, why(volume)?)));
    let told = |(volume, why): (&'p PodVolume, String)| {
        let message = format!("MountVolume.SetUp failed for volume {:?} : {why}", volume.name.as_str());
        FailedMount { volume: &volume.name, reason: "FailedMount", message }
    };
    failed.map(told).collect()
}

/// The first container that cannot be made, and why: a variable comes from what does not exist.
pub(crate) fn missing_variable(pod: &Pod, store: &Store) -> Option<(Text, String)> {
    let mut containers = pod.spec.init_containers.iter().chain(&pod.spec.containers);
    containers.find_map(|container| Some((container.name.clone(), missing_of(container, pod, store)?)))
}

fn missing_of(container: &Container, pod: &Pod, store: &Store) -> Option<String> {
    variables(container).into_iter().find_map(|(source, key)| {
        let required = source.get("optional") != Some(&Json::Bool(true));
        let name = source.get("name").and_then(Json::as_str).unwrap_or_default();
        let why = match (find(key.is_secret, name, pod, store), key.key) {
            (Err(why), _) => why,
            // Only text can be a variable.
            (Ok(data), Some(wanted)) if !data.iter().any(|file| file.key == wanted && !file.is_binary) => {
                let kind = if key.is_secret { "Secret" } else { "ConfigMap" };
                format!("couldn't find key {wanted} in {kind} {}/{name}", pod.metadata.namespace)
            }
            (Ok(_), _) => return None,
        };
        required.then_some(why)
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
    whole.chain(single).collect()
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
            let parts = source.sources.iter().flat_map(|part| projected(pod, store, part));
            let (files, failed): (Vec<_>, Vec<_>) = parts.partition(Result::is_ok);
            let failed: Vec<String> = failed.into_iter().filter_map(Result::err).collect();
            Some(match &*failed {
                [] => Ok(files.into_iter().filter_map(Result::ok).flatten().collect()),
                [why] => Err(why.clone()),
                several => Err(format!("[{}]", several.join(", "))),
            })
        }
        _ => None,
    }
}

fn projected(pod: &Pod, store: &Store, part: &VolumeProjection) -> Vec<Result<Vec<File>, String>> {
    let secret = part.secret.as_ref().map(|source| (true, &source.name, &source.items, source.optional));
    let config_map = part.config_map.as_ref().map(|source| (false, &source.name, &source.items, source.optional));
    let data = secret
        .into_iter()
        .chain(config_map)
        .map(|(is_secret, name, items, optional)| data_files(pod, store, is_secret, name, items, optional));
    let facts = part.downward_api.as_ref().map(|source| Ok(downward(pod, &source.items)));
    data.chain(facts).collect()
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
        return Ok(data.into_iter().map(|datum| (datum.key, datum.text)).collect());
    }
    let mut files = Vec::new();
    for item in items {
        match data.iter().find(|datum| datum.key == item.key) {
            Some(datum) => files.push((item.path.clone(), datum.text.clone())),
            None if optional => {}
            None if is_secret => return Err(format!("references non-existent secret key: {}", item.key)),
            None => return Err(format!("configmap references non-existent config key: {}", item.key)),
        }
    }
    Ok(files)
}

/// A key of a ConfigMap or a Secret, and what it holds.
struct Datum {
    key: Text,
    text: Text,
    /// Whether it is among the binary data of a ConfigMap.
    is_binary: bool,
}

/// The data of a ConfigMap or a Secret of the pod's namespace.
fn find(is_secret: bool, name: &str, pod: &Pod, store: &Store) -> Result<Vec<Datum>, String> {
    let object = NamespacedName::new(&pod.metadata.namespace, name);
    let datum = |key: &Text, text: Text, is_binary: bool| Datum { key: key.clone(), text, is_binary };
    let text = |bytes: &Bytes| Text::from(String::from_utf8_lossy(bytes.as_slice()).into_owned());
    if is_secret {
        let secret = store.secrets.find(&object).ok_or_else(|| format!("secret {name:?} not found"))?;
        return Ok(secret.data.iter().map(|(key, bytes)| datum(key, text(bytes), false)).collect());
    }
    let map = store.config_maps.find(&object).ok_or_else(|| format!("configmap {name:?} not found"))?;
    let texts = map.data.iter().map(|(key, text)| datum(key, text.clone(), false));
    Ok(texts.chain(map.binary_data.iter().map(|(key, bytes)| datum(key, text(bytes), true))).collect())
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
        "metadata.uid" => metadata.uid.to_text(),
        "metadata.labels" => lines(&metadata.labels),
        "metadata.annotations" => lines(&metadata.annotations),
        "spec.nodeName" => pod.spec.node_name.clone(),
        "spec.serviceAccountName" => pod.spec.extras.service_account_name.as_str().unwrap_or("default").into(),
        "status.podIP" | "status.podIPs" => pod.status.pod_ip.clone(),
        _ => subscript(&metadata.labels, "metadata.labels")
            .or_else(|| subscript(&metadata.annotations, "metadata.annotations"))
            .unwrap_or_default(),
    }
}

/// A text in which `$(NAME)` stands for a variable of a container, and `$$` for a dollar. What no variable stands for
/// stays as it is.
pub(crate) fn expand(text: &str, pod: &Pod, container: &Container, store: &Store) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let reference = after.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        let Some((name, after)) = reference else {
            expanded.push('$');
            rest = after.strip_prefix('$').unwrap_or(after);
            continue;
        };
        match variable(name, pod, container, store) {
            Some(value) => expanded.push_str(&value),
            None => expanded.extend(["$(", name, ")"]),
        }
        rest = after;
    }
    expanded + rest
}

/// The value of a variable of a container; the last of several of one name counts.
fn variable(name: &str, pod: &Pod, container: &Container, store: &Store) -> Option<Text> {
    let is_meant = |variable: &&Json| variable.get("name").and_then(Json::as_str) == Some(name);
    let variable = container.env.items().iter().rfind(is_meant)?;
    let Some(from) = variable.get("valueFrom") else {
        return variable.get("value").and_then(Json::as_str).map(Text::from);
    };
    let text = |source: &Json, key: &str| source.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    if let Some(field) = from.get("fieldRef") {
        return Some(fact(pod, &text(field, "fieldPath")));
    }
    let (source, is_secret) = match (from.get("configMapKeyRef"), from.get("secretKeyRef")) {
        (Some(source), _) => (source, false),
        (None, source) => (source?, true),
    };
    let data = find(is_secret, &text(source, "name"), pod, store).ok()?;
    data.into_iter().find(|datum| datum.key == text(source, "key").as_str()).map(|datum| datum.text)
}
