//! The controller that attaches volumes to nodes (`ATTACH-1` to `ATTACH-8`).
//!
//! It looks at one node at a time and compares what its pods need with what its status lists. What is no longer needed
//! is detached first; a volume for one node only waits until every other node has let it go.

mod blocked;
mod memory;
mod name;
mod users;

use std::collections::BTreeSet;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use crate::controllers::attach::blocked::report;
use crate::controllers::attach::name::driver_of;
use crate::controllers::attach::users::{Users, position_from};
use crate::controllers::eviction::OUT_OF_SERVICE;
use crate::controllers::node::has_status;
use crate::controllers::turn::{Caching, Effects, Emission, EventType, Resumed, Turn};
use crate::model::access_modes::AccessMode;
use crate::model::claim::ClaimPhase;
use crate::model::kind::Object;
use crate::model::metadata::Uid;
use crate::model::names::migrated_source;
use crate::model::node::{AttachedVolume, Node};
use crate::model::pod::Pod;
use crate::model::reference::NamespacedName;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::model::volume_source::VolumeSource;
use crate::store::{Store, Write};

pub(crate) use crate::controllers::attach::memory::Attachments;
pub(crate) use crate::controllers::attach::name::UniqueName;

/// A volume that pods on a node need.
struct Needed<'s> {
    name: UniqueName<'s>,
    volume: &'s PersistentVolume,
    first: &'s Arc<Pod>,
    others: Vec<&'s Arc<Pod>>,
}

impl<'s> Needed<'s> {
    /// The pods that need it, of which there is at least one.
    fn pods(&self) -> impl Iterator<Item = &'s Arc<Pod>> {
        iter::once(self.first).chain(self.others.iter().copied())
    }

    fn users(&self) -> impl Iterator<Item = Uid> {
        self.pods().map(|pod| pod.metadata.uid.clone())
    }
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
        let needed = needed(name, store);
        let mut look = Look::new(name, &needed, store, memory, now);
        let mut attached = Vec::with_capacity(node.status.volumes_attached.len() + needed.len());
        let can_go = |wait: Duration| {
            let is_overdue = wait.is_zero() && !has_status(node, "True");
            !is_silent || has_taint(node, OUT_OF_SERVICE) || is_overdue
        };
        for held in &node.status.volumes_attached {
            // A node that was deleted and exists again says itself what it has.
            look.memory.drop_left(name, &held.name);
            if look.is_kept(&held.name, can_go) {
                attached.push(held.clone());
            }
        }
        for unique in look.memory.left_on(name) {
            if look.is_kept(&unique, can_go) {
                attached.push(AttachedVolume { name: unique, ..AttachedVolume::default() });
            } else {
                look.memory.drop_left(name, &unique);
            }
        }
        let (events, told) = look.attach_missing(&mut attached);
        let effects = Effects { events: told, wake: look.end(), ..Effects::default() };
        if *attached == *node.status.volumes_attached {
            return Turn::done().with(effects);
        }
        let mut new = (**node).clone();
        new.status.volumes_attached = attached.into();
        let write = Write::UpdateStatus(Object::Node(Arc::new(new)));
        Turn::write(write, "ATTACH-2", Self { events }).caching(Caching::Nothing).with(effects)
    }

    /// Looks at what is attached to a node that was deleted: it stays while pods of the node need it, and for a while
    /// after that, because nobody says that it is unmounted.
    pub(crate) fn start_gone(node: &Text, store: &Store, memory: &mut Attachments, now: Duration) -> Turn<Self> {
        let needed = needed(node, store);
        let mut look = Look::new(node, &needed, store, memory, now);
        for unique in look.memory.left_on(node) {
            if !look.is_kept(&unique, |wait| wait.is_zero()) {
                look.memory.drop_left(node, &unique);
            }
        }
        Turn::done().with(Effects { wake: look.end(), ..Effects::default() })
    }

    /// Ends when the status is written.
    pub(crate) fn resume(self, resumed: Resumed) -> Turn<Self> {
        match resumed {
            Resumed::Written(Err(error)) => Turn::failed(error.to_string()),
            _ => Turn::done().with(Effects { events: self.events, ..Effects::default() }),
        }
    }
}

/// A look at what is attached to a node.
struct Look<'l, 's> {
    node: &'l Text,
    needed: &'l [Needed<'s>],
    store: &'s Store,
    memory: &'l mut Attachments,
    now: Duration,
    /// Which of them are attached.
    is_attached: Vec<bool>,
    /// Which of them the next volume is likely to be: they come in about the same order.
    next: usize,
    /// For which pods volumes are attached.
    users: Users,
    /// After how long something is to be detached.
    wake: Option<Duration>,
}

impl<'l, 's> Look<'l, 's> {
    fn new(
        node: &'l Text,
        needed: &'l [Needed<'s>],
        store: &'s Store,
        memory: &'l mut Attachments,
        now: Duration,
    ) -> Self {
        let is_attached = vec![false; needed.len()];
        let users = memory.take_users(node);
        Self { node, needed, is_attached, next: 0, store, memory, now, users, wake: None }
    }

    /// Notes who uses what. After how long something is to be detached.
    fn end(mut self) -> Option<Duration> {
        self.users.forget_unseen();
        self.memory.put_users(self.node, self.users);
        self.wake
    }

    /// Whether a volume stays attached: because it is needed, or because it cannot be let go yet. Whether it can is
    /// asked with the time for which an unmounting is still waited for.
    fn is_kept(&mut self, volume: &Text, can_go: impl FnOnce(Duration) -> bool) -> bool {
        let users = self.users.see(volume);
        if let Some(number) = position_from(self.needed, self.next, |needed| needed.name == **volume) {
            users.extend(self.needed[number].users());
            self.is_attached[number] = true;
            self.next = number + 1;
        } else if !users.is_empty() {
            let attachable = driver_of(volume).is_none_or(|driver| is_attach_required(driver, self.store));
            let pods = self.store.pods_on(self.node).filter(|pod| attachable && !pod.is_terminated());
            let there: BTreeSet<&Uid> = pods.map(|pod| &pod.metadata.uid).collect();
            users.retain(|user| there.contains(user));
        }
        if !users.is_empty() {
            self.memory.keep(self.node, volume);
            return true;
        }
        let wait = self.memory.wait_for_unmount(self.node, volume, self.now);
        if can_go(wait) {
            self.memory.keep(self.node, volume);
            return false;
        }
        if !wait.is_zero() {
            self.wake = Some(self.wake.map_or(wait, |other| other.min(wait)));
        }
        true
    }

    /// Attaches what is needed and free. What is told of it when it is done, and what is told at once of what is not
    /// free.
    fn attach_missing(&mut self, attached: &mut Vec<AttachedVolume>) -> (Vec<Emission>, Vec<Emission>) {
        let needed = self.needed;
        self.memory.retain_blocked(self.node, |volume| needed.iter().any(|needed| needed.name == **volume));
        let missing = needed.iter().zip(&self.is_attached).filter(|(_, is_attached)| !**is_attached);
        let mut missing: Vec<(Text, &Needed<'_>)> =
            missing.map(|(needed, _)| (needed.name.to_string().into(), needed)).collect();
        missing.sort_by(|(one, _), (other, _)| one.cmp(other));
        let (mut done, mut told) = (Vec::new(), Vec::new());
        for (unique, needed) in missing {
            let holders = self.store.nodes_with(&unique).chain(self.memory.left_with(&unique));
            let others: Vec<Text> = holders.filter(|other| *other != self.node).cloned().collect();
            if others.is_empty() || is_multi_attach_allowed(needed.volume) {
                self.memory.unblock(self.node, &unique);
                *self.users.see(&unique) = needed.users().collect();
                attached.push(AttachedVolume { name: unique, ..AttachedVolume::default() });
                let volume = needed.volume.metadata.name.as_str();
                let message = format!("AttachVolume.Attach succeeded for volume {volume:?} ");
                let tell =
                    |pod: &Arc<Pod>| Emission::on(&**pod, EventType::Normal, "SuccessfulAttachVolume", message.clone());
                done.extend(needed.pods().map(tell));
            } else if self.memory.block(self.node, &unique, needed.users().collect()) {
                told.extend(report(needed, &others, self.store, self.memory));
            }
        }
        (done, told)
    }
}

/// The attachable volumes that the pods on a node need (`ATTACH-2`).
fn needed<'s>(node: &Text, store: &'s Store) -> Vec<Needed<'s>> {
    let mut needed: Vec<Needed<'s>> = Vec::new();
    for pod in store.pods_on(node).filter(|pod| !pod.is_terminated()) {
        for volume in attachable_volumes(pod, store) {
            let Some(name) = UniqueName::of(volume) else {
                continue;
            };
            match needed.iter_mut().find(|needed| needed.name == name) {
                Some(needed) => needed.others.push(pod),
                None => needed.push(Needed { name, volume, first: pod, others: Vec::new() }),
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
pub(crate) fn is_attachable(volume: &PersistentVolume, store: &Store) -> bool {
    volume.spec.sources.iter().any(|source| match source {
        VolumeSource::Csi(csi) => is_attach_required(&csi.driver, store),
        VolumeSource::FibreChannel(_) | VolumeSource::Iscsi(_) => true,
        other => migrated_source(other.key())
            .is_some_and(|(_, driver)| other.key() != "azureFile" && is_attach_required(driver, store)),
    })
}

fn is_attach_required(driver: &str, store: &Store) -> bool {
    store.csi_drivers.named(driver).is_none_or(|driver| driver.spec.attach_required != Some(false))
}

/// Whether several nodes may have a volume at once: its own modes count, not the claim's (`ATTACH-3`).
fn is_multi_attach_allowed(volume: &PersistentVolume) -> bool {
    let modes = &volume.spec.access_modes;
    modes.is_empty() || modes.iter().any(|mode| matches!(mode, AccessMode::ReadWriteMany | AccessMode::ReadOnlyMany))
}

fn has_taint(node: &Node, key: &str) -> bool {
    node.spec.taints.iter().any(|taint| taint.key == key)
}
