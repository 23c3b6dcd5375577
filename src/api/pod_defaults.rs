//! Defaults of pods and pod templates.
//!
//! Most of them stand in the table of `schema`. Here are those that depend on another field: the pull policy on the
//! image's tag, the volume without a source, and what only a pod has and a template has not.
//!
//! Follows `pkg/apis/core/v1/defaults.go` and the conversion of `PodSpec`.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::model::json::Json;
use crate::model::list::List;
use crate::model::pod::{Pod, PodSpec, PodVolume, PodVolumeSource};
use crate::model::schema;
use crate::model::text::Text;

/// Keys of a pod's spec below which containers stand.
const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// Completes the spec of a pod template.
pub(super) fn complete_spec(spec: &mut PodSpec) {
    complete(spec, |_| {});
}

/// Completes a pod, which gets more defaults than a template does.
pub(super) fn complete_pod(pod: &mut Pod) {
    complete_pod_spec(&mut pod.spec);
}

/// What pods of one template share, as it was given for the pod that was completed last, and as it came out.
///
/// The outcome depends on what was given and on nothing else, so that it holds for every pod for which the same is given;
/// those pods then share its memory, too.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastCompleted(Option<Arc<(PodSpec, PodSpec)>>);

/// Completes a pod that is perhaps one of many of a template. The same as [`complete_pod`].
pub(super) fn complete_pod_of_template(pod: &mut Pod, last: &mut LastCompleted) {
    // No field is completed with a look at what such pods differ in: their volumes and their names.
    let PodSpec { volumes, hostname, subdomain, .. } = &*pod.spec;
    let (volumes, hostname, subdomain) = (complete_volumes(volumes), hostname.clone(), subdomain.clone());
    let given = PodSpec {
        volumes: List::default(),
        hostname: Text::default(),
        subdomain: Text::default(),
        ..(*pod.spec).clone()
    };
    let completed = match &last.0 {
        Some(known) if known.0 == given => known.1.clone(),
        Some(_) | None => {
            let mut completed = given.clone();
            complete_pod_spec(&mut completed);
            last.0 = Some(Arc::new((given, completed.clone())));
            completed
        }
    };
    pod.spec = PodSpec { volumes, hostname, subdomain, ..completed }.into();
}

fn complete_volumes(volumes: &List<PodVolume>) -> List<PodVolume> {
    if volumes.is_empty() {
        return List::default();
    }
    if volumes.iter().all(is_mere_claim) {
        return volumes.clone();
    }
    let mut json = Json::of(volumes);
    if let Json::List(items) = &mut json {
        items.iter_mut().for_each(complete_volume);
    }
    schema::complete(json, "[]Volume").decode().unwrap_or_else(|| volumes.clone())
}

/// Whether a volume is a claim and nothing that is unknown, of which nothing is left out.
fn is_mere_claim(volume: &PodVolume) -> bool {
    let mut sources = volume.sources.iter();
    let (Some(PodVolumeSource::PersistentVolumeClaim(claim)), None) = (sources.next(), sources.next()) else {
        return false;
    };
    [&volume.unknown, &claim.unknown].into_iter().all(|unknown| unknown.iter().next().is_none())
}

fn complete_pod_spec(spec: &mut PodSpec) {
    complete(spec, |spec| {
        for key in ["initContainers", "containers"] {
            for container in spec.items_mut(key) {
                request_limits(container);
            }
        }
        spec.set_default("enableServiceLinks", || Json::Bool(true));
        if spec.get("hostNetwork") == Some(&Json::Bool(true)) {
            for key in ["initContainers", "containers"] {
                spec.items_mut(key).for_each(use_host_ports);
            }
        }
    });
}

fn complete(spec: &mut PodSpec, more: impl FnOnce(&mut Json)) {
    let mut json = Json::of(spec);
    for key in CONTAINERS {
        for container in json.items_mut(key) {
            let image = container.get("image").and_then(Json::as_str).unwrap_or_default().to_owned();
            default_text(container, "imagePullPolicy", pull_policy(&image));
        }
    }
    for volume in json.items_mut("volumes") {
        complete_volume(volume);
    }
    // The older name of the field is kept in step with the newer one.
    let text = |key: &str| json.get(key).and_then(Json::as_str).filter(|text| !text.is_empty()).map(Text::from);
    if let Some(account) = text("serviceAccountName").or_else(|| text("serviceAccount")) {
        for key in ["serviceAccountName", "serviceAccount"] {
            default_text(&mut json, key, &account);
            if let Some(held) = json.get_mut(key) {
                *held = Json::String(account.clone());
            }
        }
    }
    more(&mut json);
    // A spec that was decoded once can be decoded again.
    if let Some(completed) = schema::complete(json, "PodSpec").decode() {
        *spec = completed;
    }
}

/// Sets a text where it is absent or empty.
fn default_text(value: &mut Json, key: &str, text: &str) {
    if let Some(held) = value.get_mut(key)
        && held.as_str() == Some("")
    {
        *held = Json::Null;
    }
    value.set_default(key, || Json::String(text.into()));
}

/// A volume without a source is an empty directory.
fn complete_volume(volume: &mut Json) {
    if let Some(image) = volume.get_mut("image") {
        let reference = image.get("reference").and_then(Json::as_str).unwrap_or_default().to_owned();
        default_text(image, "pullPolicy", pull_policy(&reference));
    }
    if let Json::Map(entries) = volume
        && entries.iter().all(|(key, value)| key == "name" || *value == Json::Null)
    {
        volume.set_default("emptyDir", || Json::Map(Vec::new()));
    }
}

/// What a container may use at most is also what it asks for, unless it says otherwise.
fn request_limits(container: &mut Json) {
    let Some(resources) = container.get_mut("resources") else {
        return;
    };
    let Some(Json::Map(limits)) = resources.get("limits").cloned() else {
        return;
    };
    resources.set_default("requests", || Json::Map(Vec::new()));
    if let Some(requests) = resources.get_mut("requests") {
        for (resource, limit) in limits {
            requests.set_default(&resource, || limit);
        }
    }
}

/// On the host's network a container's ports are the host's.
fn use_host_ports(container: &mut Json) {
    for port in container.items_mut("ports") {
        let own = port.get("containerPort").cloned().unwrap_or_default();
        match port.get_mut("hostPort") {
            Some(held) if *held == Json::Null || *held == Json::Number("0".into()) => *held = own,
            Some(_) => {}
            None => port.set_default("hostPort", || own),
        }
    }
}

/// An image whose tag is, or is taken to be, `latest` is pulled every time.
fn pull_policy(image: &str) -> &'static str {
    if tag(image).as_deref() == Some("latest") { "Always" } else { "IfNotPresent" }
}

/// The tag of an image: `latest` where it has neither tag nor digest, none where the text is no reference.
fn tag(image: &str) -> Option<String> {
    let (rest, digest) = match image.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (image, None),
    };
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return None;
    }
    let last = rest.rfind('/').map_or(0, |slash| slash + 1);
    let (name, tag) = match rest[last..].split_once(':') {
        Some((name, tag)) => (&rest[..last + name.len()], Some(tag)),
        None => (rest, None),
    };
    if !is_repository(name) || tag.is_some_and(|tag| !is_tag(tag)) {
        return None;
    }
    match (tag, digest) {
        (Some(tag), _) => Some(tag.to_owned()),
        (None, None) => Some("latest".to_owned()),
        (None, Some(_)) => None,
    }
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        let algorithm_ok = algorithm.starts_with(|c: char| c.is_ascii_alphabetic())
            && algorithm.chars().all(|c| c.is_ascii_alphanumeric() || "+._-".contains(c));
        algorithm_ok && hex.len() >= 32 && hex.chars().all(|c| c.is_ascii_hexdigit())
    })
}

fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128 && text.starts_with(word) && text.chars().all(|c| word(c) || c == '.' || c == '-')
}

/// Path components in lower case, of which the first may be a host.
fn is_repository(name: &str) -> bool {
    let (host, path) = match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" || first.to_lowercase() != first => {
            (Some(first), rest)
        }
        _ => (None, name),
    };
    let is_id = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    !is_id && host.is_none_or(is_host) && path.split('/').all(is_component)
}

fn is_host(text: &str) -> bool {
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    let label = |label: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '-';
        !label.is_empty() && label.chars().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.split('.').all(label)
        && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Lower-case letters and digits, between which stand one dot, one or two underscores, or any number of dashes.
fn is_component(text: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let separators: Vec<&str> = text.split(alphanumeric).filter(|separator| !separator.is_empty()).collect();
    let allowed = |separator: &&str| matches!(*separator, "." | "_" | "__") || separator.chars().all(|c| c == '-');
    text.starts_with(alphanumeric) && text.ends_with(alphanumeric) && separators.iter().all(allowed)
}
