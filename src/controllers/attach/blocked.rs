//! What pods are told that wait for a volume which other nodes hold (`ATTACH-4`).

use std::sync::Arc;

use crate::controllers::attach::{Attachments, Needed, UniqueName, attachable_volumes};
use crate::controllers::turn::{Emission, EventType};
use crate::model::pod::Pod;
use crate::model::reference::NamespacedName;
use crate::model::text::Text;
use crate::store::Store;

/// What the pods that need a volume are told of those that have it on other nodes.
pub(super) fn report(needed: &Needed<'_>, others: &[Text], store: &Store, memory: &Attachments) -> Vec<Emission> {
    let name = &needed.volume.metadata.name;
    let unique = Text::from(needed.name.to_string());
    let mut holders: Vec<NamespacedName> = Vec::new();
    for node in others {
        let users = memory.users(node).and_then(|users| users.of(&unique));
        for pod in store.pods_on(node).filter(|pod| !pod.is_terminated()) {
            if attachable_volumes(pod, store).any(|volume| UniqueName::of(volume) == Some(needed.name))
                || users.is_some_and(|users| users.contains(&pod.metadata.uid))
            {
                holders.push(pod.key());
            }
        }
    }
    holders.sort();
    let tell = |pod: &Arc<Pod>| {
        let why = blocked_by(&holders, &pod.metadata.namespace);
        let message = format!("Multi-Attach error for volume {:?} {why}", name.as_str());
        Emission::on(&**pod, EventType::Warning, "FailedAttachVolume", message)
    };
    needed.pods().map(tell).collect()
}

fn blocked_by(holders: &[NamespacedName], namespace: &Text) -> String {
    let (own, other): (Vec<_>, Vec<_>) = holders.iter().partition(|pod| pod.namespace == *namespace);
    let names: Vec<&str> = own.iter().map(|pod| pod.name.as_str()).collect();
    match (names.is_empty(), other.len()) {
        (true, 0) => "Volume is already exclusively attached to one node and can't be attached to another".to_owned(),
        (true, count) => format!("Volume is already used by {count} pod(s) in different namespaces"),
        (false, 0) => format!("Volume is already used by pod(s) {}", names.join(", ")),
        (false, count) => {
            format!("Volume is already used by pod(s) {} and {count} pod(s) in different namespaces", names.join(", "))
        }
    }
}
