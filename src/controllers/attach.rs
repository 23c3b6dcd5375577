//! The controller that attaches volumes to nodes (`ATTACH-1` to `ATTACH-8`).
//!
//! It looks at one node at a time and compares what its pods need with what its status lists. What is no longer needed
//! is detached first; a volume for one node only waits until every other node has let it go.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::controllers::eviction::OUT_OF_SERVICE;
use crate::controllers::node::has_status;
use crate::controllers::turn::{Caching, Effects, Emission, EventType, Next, Resumed, Turn};
use crate::model::access_modes::AccessMode;
use crate::model::claim::ClaimPhase;
use crate::model::kind::Object;
use crate::model::list::List;
use crate::model::names::migrated_source;
use crate::model::node::{AttachedVolume, Node};
use crate::model::pod::Pod;
use crate::model::reference::NamespacedName;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::model::volume_source::VolumeSource;
use crate::store::{Store, Write};

/// How long a volume stays attached to a node that does not say whether it is still mounted (`ATTACH-6`).
const UNMOUNT_WAIT: Duration = Duration::from_mins(6);

/// What the controller remembers between two looks; a crash loses it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attachments {
    /// Since when volumes on nodes that do not answer are to be detached, by volume and node.
    detaching: BTreeMap<(Text, Text), Duration>,
    /// Volumes that another node holds, by volume and node; each is reported once.
    blocked: BTreeSet<(Text, Text)>,
}

impl Attachments {
    /// The nodes that wait for another one to let a volume go.
    pub(crate) fn waiting_nodes(&self) -> impl Iterator<Item = &Text> {
        self.blocked.iter().map(|(_, node)| node)
    }
}

/// A volume that pods on a node need.
struct Needed<'s> {
    name: UniqueName<'s>,
    volume: &'s PersistentVolume,
    pods: Vec<&'s Arc<Pod>>,
}

/// A look at a node that waits until its status is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct AttachSync {
    /// What the pods of the attached volumes are told.
    events: Vec<Emission>,
}

impl AttachSync {
    /// Looks at a node. A kubelet that is not silent has unmounted what no pod needs any more.
    pub(crate) fn start(
        node: &Arc<Node>,
        is_silent: bool,
        store: &Store,
        memory: &mut Attachments,
        now: Duration,
    ) -> Turn<Self> {
        let name = &node.metadata.name;
        let needed = needed(node, store);
        let find = |held: &str| needed.iter().position(|needed| needed.name == *held);
        let mut is_attached = vec![false; needed.len()];
        let mut effects = Effects::default();
        let mut attached: Vec<AttachedVolume> = Vec::new();
        for held in &node.status.volumes_attached {
            if let Some(number) = find(&held.name) {
                memory.detaching.remove(&(held.name.clone(), name.clone()));
                is_attached[number] = true;
                attached.push(held.clone());
                continue;
            }
            let key = (held.name.clone(), name.clone());
            let since = *memory.detaching.entry(key.clone()).or_insert(now);
            let wait = UNMOUNT_WAIT.saturating_sub(now.saturating_sub(since));
            let is_overdue = wait.is_zero() && !has_status(node, "True");
            if !is_silent || has_taint(node, OUT_OF_SERVICE) || is_overdue {
                memory.detaching.remove(&key);
                continue;
            }
            if !wait.is_zero() {
                effects.wake = Some(effects.wake.map_or(wait, |other| other.min(wait)));
            }
            attached.push(held.clone());
        }
        memory.blocked.retain(|(volume, at)| at != name || find(volume).is_some());
        let missing = needed.iter().zip(&is_attached).filter(|(_, is_attached)| !**is_attached);
        let mut missing: Vec<(Text, &Needed<'_>)> =
            missing.map(|(needed, _)| (needed.name.to_string().into(), needed)).collect();
        missing.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut events = Vec::new();
        for (unique, needed) in missing {
            let others: Vec<&Text> = store.nodes_with(&unique).filter(|other| *other != name).collect();
            let key = (unique.clone(), name.clone());
            if others.is_empty() || is_multi_attach_allowed(needed.volume) {
                memory.blocked.remove(&key);
                attached.push(AttachedVolume { name: unique, ..AttachedVolume::default() });
                let message =
                    format!("AttachVolume.Attach succeeded for volume {:?} ", needed.volume.metadata.name.as_str());
                let tell = |pod: &&Arc<Pod>| {
                    Emission::on(&***pod, EventType::Normal, "SuccessfulAttachVolume", message.clone())
                };
                events.extend(needed.pods.iter().map(tell));
            } else if memory.blocked.insert(key) {
                effects.events.extend(report_blocked(needed, &others, store));
            }
        }
        if List::from(attached.clone()) == node.status.volumes_attached {
            return Turn { effects, next: Next::End(Ok(())) };
        }
        let mut new = (**node).clone();
        new.status.volumes_attached = attached.into();
        let write = Write::UpdateStatus(Object::Node(Arc::new(new)));
        let next = Next::Write { write, rule: "ATTACH-2", caching: Caching::Nothing, then: Self { events } };
        Turn { effects, next }
    }

    /// Ends when the status is written.
    pub(crate) fn resume(self, resumed: Resumed) -> Turn<Self> {
        match resumed {
            Resumed::Written(Err(error)) => Turn::failed(error.to_string()),
            _ => Turn { effects: Effects { events: self.events, ..Effects::default() }, next: Next::End(Ok(())) },
        }
    }
}

/// The attachable volumes that the pods on a node need (`ATTACH-2`).
fn needed<'s>(node: &Node, store: &'s Store) -> Vec<Needed<'s>> {
    let mut needed: Vec<Needed<'s>> = Vec::new();
    for pod in store.pods_on(&node.metadata.name).filter(|pod| !pod.is_terminated()) {
        for volume in attachable_volumes(pod, store) {
            let Some(name) = UniqueName::of(volume) else {
                continue;
            };
            match needed.iter_mut().find(|needed| needed.name == name) {
                Some(needed) => needed.pods.push(pod),
                None => needed.push(Needed { name, volume, pods: vec![pod] }),
            }
        }
    }
    needed
}

/// The volumes of a pod that must be attached before it starts.
pub(crate) fn attachable_volumes<'s>(pod: &'s Pod, store: &'s Store) -> impl Iterator<Item = &'s PersistentVolume> {
    pod.claim_keys().filter_map(|key| bound_volume(&key, store)).filter(|volume| is_attachable(volume, store))
}

/// The volume of a claim to which it is bound, from both ends (`ATTACH-2`, `WL-3`).
pub(crate) fn bound_volume<'s>(claim: &NamespacedName, store: &'s Store) -> Option<&'s PersistentVolume> {
    let claim = store.claims.find(claim).filter(|claim| claim.status.phase == ClaimPhase::Bound)?;
    let volume = store.volumes.named(&claim.spec.volume_name)?;
    let reference = volume.spec.claim_ref.as_ref()?;
    (reference.uid == claim.metadata.uid).then_some(&**volume)
}

/// Whether a volume must be attached: those of CSI drivers that do not say otherwise, and a few of the tree
/// (`ATTACH-1`).
fn is_attachable(volume: &PersistentVolume, store: &Store) -> bool {
    let requires = |driver: &str| {
        let object = store.csi_drivers.named(driver);
        object.is_none_or(|driver| driver.spec.attach_required != Some(false))
    };
    volume.spec.sources.iter().any(|source| match source {
        VolumeSource::Csi(csi) => requires(&csi.driver),
        VolumeSource::FibreChannel(_) | VolumeSource::Iscsi(_) => true,
        other => migrated_source(other.key()).is_some_and(|(_, driver)| other.key() != "azureFile" && requires(driver)),
    })
}

/// The name that a volume has on nodes, in two parts: a node that has many volumes is compared with many names, and the
/// second part is where they differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct UniqueName<'v> {
    plugin: Plugin<'v>,
    handle: &'v str,
}

/// Who attaches a volume.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plugin<'v> {
    Csi(&'v str),
    Tree(&'static str),
}

impl<'v> UniqueName<'v> {
    /// That of a volume; `None` where it is not attachable.
    pub(crate) fn of(volume: &'v PersistentVolume) -> Option<Self> {
        let name = &*volume.metadata.name;
        volume.spec.sources.iter().find_map(|source| {
            let (plugin, handle) = match source {
                VolumeSource::Csi(csi) => (Plugin::Csi(&csi.driver), &*csi.volume_handle),
                VolumeSource::FibreChannel(_) => (Plugin::Tree("fc"), name),
                VolumeSource::Iscsi(_) => (Plugin::Tree("iscsi"), name),
                other => (Plugin::Csi(migrated_source(other.key())?.1), name),
            };
            Some(Self { plugin, handle })
        })
    }
}

impl fmt::Display for UniqueName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.plugin {
            Plugin::Csi(driver) => write!(f, "kubernetes.io/csi/{driver}^{}", self.handle),
            Plugin::Tree(plugin) => write!(f, "kubernetes.io/{plugin}/{}", self.handle),
        }
    }
}

impl PartialEq<str> for UniqueName<'_> {
    fn eq(&self, name: &str) -> bool {
        let Some(rest) = name.strip_suffix(self.handle).and_then(|rest| rest.strip_prefix("kubernetes.io/")) else {
            return false;
        };
        match self.plugin {
            Plugin::Csi(driver) => {
                rest.strip_prefix("csi/").and_then(|rest| rest.strip_suffix('^')).is_some_and(|rest| rest == driver)
            }
            Plugin::Tree(plugin) => rest.strip_suffix('/').is_some_and(|rest| rest == plugin),
        }
    }
}

/// Whether several nodes may have a volume at once: its own modes count, not the claim's (`ATTACH-3`).
fn is_multi_attach_allowed(volume: &PersistentVolume) -> bool {
    let modes = &volume.spec.access_modes;
    modes.is_empty() || modes.iter().any(|mode| matches!(mode, AccessMode::ReadWriteMany | AccessMode::ReadOnlyMany))
}

fn has_taint(node: &Node, key: &str) -> bool {
    node.spec.taints.iter().any(|taint| taint.key == key)
}

/// What pods are told that wait for a volume which other nodes hold (`ATTACH-4`).
fn report_blocked(needed: &Needed<'_>, others: &[&Text], store: &Store) -> Vec<Emission> {
    let name = &needed.volume.metadata.name;
    let mut holders: Vec<NamespacedName> = Vec::new();
    for node in others {
        for pod in store.pods_on(node).filter(|pod| !pod.is_terminated()) {
            if attachable_volumes(pod, store).any(|volume| UniqueName::of(volume) == Some(needed.name)) {
                holders.push(pod.key());
            }
        }
    }
    holders.sort();
    let tell = |pod: &&Arc<Pod>| {
        let why = blocked_by(&holders, &pod.metadata.namespace);
        let message = format!("Multi-Attach error for volume {:?} {why}", name.as_str());
        Emission::on(&***pod, EventType::Warning, "FailedAttachVolume", message)
    };
    needed.pods.iter().map(tell).collect()
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
