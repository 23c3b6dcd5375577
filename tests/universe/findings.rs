//! What Kubernetes is known to do, by name. The guide of the crate tells each of them.

use bindery::explore::Violation;

/// The name of the finding that a violation is an instance of.
pub(crate) fn is_known(violation: &Violation) -> Option<&'static str> {
    let Violation { property, message, trace, .. } = violation;
    let deletes_volume = trace.steps.iter().any(|step| step.action.starts_with("user deletes PersistentVolume "));
    if property == "both ends agree" && message.ends_with("which does not name it") && deletes_volume {
        return Some("a volume deleted between the writes of its binding");
    }
    None
}
