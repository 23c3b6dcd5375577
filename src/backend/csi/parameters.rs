//! Parameters of classes that the sidecar reads itself instead of passing them on.

use crate::backend::reply::Failure;
use crate::model::list::StringMap;
use crate::model::text::Text;

const PARAMETER_PREFIX: &str = "csi.storage.k8s.io/";

/// Parameters with the reserved prefix that the sidecar knows.
const KNOWN_PARAMETERS: [&str; 17] = [
    "fstype",
    "secret-name",
    "secret-namespace",
    "provisioner-secret-name",
    "provisioner-secret-namespace",
    "controller-publish-secret-name",
    "controller-publish-secret-namespace",
    "node-stage-secret-name",
    "node-stage-secret-namespace",
    "node-publish-secret-name",
    "node-publish-secret-namespace",
    "controller-expand-secret-name",
    "controller-expand-secret-namespace",
    "node-expand-secret-name",
    "node-expand-secret-namespace",
    "controller-modify-secret-name",
    "controller-modify-secret-namespace",
];

/// The type of the file system that a class asks for.
pub(super) fn fs_type(parameters: &StringMap) -> Result<Text, Failure> {
    let asked = |key: &str| key.eq_ignore_ascii_case("fstype") || key == "csi.storage.k8s.io/fstype";
    let mut found = parameters.iter().filter(|(key, _)| asked(key)).map(|(_, value)| value);
    let fs_type = found.next().cloned().unwrap_or_default();
    if found.next().is_some() {
        let message = "fstype specified in parameters with both \"fstype\" and \"csi.storage.k8s.io/fstype\" keys";
        return Err(Failure::retry(message));
    }
    Ok(fs_type)
}

/// Refuses parameters that use the reserved prefix and are not known.
pub(super) fn check(parameters: &StringMap) -> Result<(), Failure> {
    let unknown = parameters
        .keys()
        .find(|key| key.strip_prefix(PARAMETER_PREFIX).is_some_and(|rest| !KNOWN_PARAMETERS.contains(&rest)));
    unknown.map_or(Ok(()), |key| {
        let cause = format!("found unknown parameter key \"{key}\" with reserved namespace {PARAMETER_PREFIX}");
        Err(Failure::retry(format!("failed to strip CSI Parameters of prefixed keys: {cause}")))
    })
}
