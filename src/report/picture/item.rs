//! A box of a picture: one object, or many of a kind.

use std::collections::BTreeSet;

use crate::model::claim::PersistentVolumeClaim;
use crate::model::kind::{Kind, ObjectKey};
use crate::model::pod::Pod;
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::report::picture::label::count;
use crate::report::picture::tone::{Tone, claim_tone, pod_tone, volume_tone};

/// How many boxes of a kind a chain shows; what is beyond is one more box.
pub(super) const SHOWN: usize = 8;

/// A box of a picture.
#[derive(Clone, Debug)]
pub(in crate::report) struct Item {
    /// The object; nothing where the box stands for several.
    pub(in crate::report) object: Option<ObjectKey>,
    /// How many objects it stands for.
    pub(super) count: usize,
    /// What is written in it.
    pub(super) title: String,
    /// Its phase.
    pub(super) status: String,
    /// What else there is to say of it.
    pub(super) detail: String,
    /// Its class; nothing for pods, empty for none.
    pub(super) class: Option<Text>,
    pub(super) tone: Tone,
}

pub(super) fn pod_item(pod: &Pod) -> Item {
    let status = match pod.status.phase.as_str() {
        phase if pod.metadata.is_deleting() => format!("{phase}, Terminating"),
        "Running" if !pod.is_ready() => "Running, not ready".to_owned(),
        phase => phase.to_owned(),
    };
    let node = &pod.spec.node_name;
    Item {
        object: Some(Kind::Pod.named(pod.key().to_string())),
        count: 1,
        title: pod.metadata.name.to_string(),
        status,
        detail: if node.is_empty() { "no node".to_owned() } else { format!("on {node}") },
        class: None,
        tone: pod_tone(pod),
    }
}

pub(super) fn claim_item(claim: &PersistentVolumeClaim, home: &str) -> Item {
    let phase = claim.status.phase.as_str();
    let elsewhere = claim.metadata.namespace != home;
    Item {
        object: Some(Kind::PersistentVolumeClaim.named(claim.key().to_string())),
        count: 1,
        title: if elsewhere { claim.key().to_string() } else { claim.metadata.name.to_string() },
        status: if claim.metadata.is_deleting() { format!("{phase}, Terminating") } else { phase.to_owned() },
        detail: format!("{} {}", claim.request(), claim.spec.access_modes.set()),
        class: Some(claim.class_name().into()),
        tone: claim_tone(&claim.status.phase),
    }
}

pub(super) fn volume_item(volume: &PersistentVolume, alone: bool) -> Item {
    let phase = volume.status.phase.as_str();
    let mut detail = format!("{} {}", volume.capacity(), volume.spec.access_modes.set());
    if let Some(reference) = volume.spec.claim_ref.as_ref().filter(|_| alone) {
        detail = format!("{detail}, of {}", reference.key());
    }
    Item {
        object: Some(Kind::PersistentVolume.named(volume.metadata.name.as_str())),
        count: 1,
        title: volume.metadata.name.to_string(),
        status: if volume.metadata.is_deleting() { format!("{phase}, Terminating") } else { phase.to_owned() },
        detail,
        class: Some(volume.class_name().into()),
        tone: volume_tone(&volume.status.phase),
    }
}

pub(super) fn missing_claim(key: &ClaimKey) -> Item {
    missing(Kind::PersistentVolumeClaim.named(key.to_string()), &key.name)
}

pub(super) fn missing_volume(name: &Text) -> Item {
    missing(Kind::PersistentVolume.named(name.as_str()), name)
}

fn missing(object: ObjectKey, name: &str) -> Item {
    Item {
        object: Some(object),
        count: 1,
        title: name.to_owned(),
        status: "does not exist".to_owned(),
        detail: String::new(),
        class: None,
        tone: Tone::Bad,
    }
}

/// Folds the items beyond those that are shown into one.
pub(super) fn cap(items: &mut Vec<Item>, noun: &str) {
    if items.len() <= SHOWN + 1 {
        return;
    }
    let rest = items.split_off(SHOWN);
    let classes: BTreeSet<&Option<Text>> = rest.iter().map(|item| &item.class).collect();
    let class = if classes.len() == 1 { rest.first().and_then(|item| item.class.clone()) } else { None };
    let statuses: BTreeSet<&str> = rest.iter().map(|item| item.status.as_str()).collect();
    let statuses: Vec<&str> = statuses.into_iter().take(3).collect();
    items.push(Item {
        object: None,
        count: rest.len(),
        title: format!("{} more", count(rest.len(), noun)),
        status: statuses.join(", "),
        detail: String::new(),
        class,
        tone: rest.iter().map(|item| item.tone).min().unwrap_or(Tone::Plain),
    });
}
