//! What the controller that attaches remembers between two looks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::controllers::attach::users::Users;
use crate::model::metadata::Uid;
use crate::model::node::Node;
use crate::model::text::Text;

/// How long a volume stays attached to a node that does not say whether it is still mounted (`ATTACH-6`).
const UNMOUNT_WAIT: Duration = Duration::from_mins(6);

/// What the controller remembers. What a crash would lose in a cluster is lost in one here, but for what volumes and
/// nodes tell a new controller: which pods have mounted what, and what is attached to nodes that are gone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attachments {
    /// Since when volumes that cannot be unmounted are to be detached, by volume and node.
    detaching: BTreeMap<(Text, Text), Duration>,
    /// Volumes that another node holds, by volume and node, with the pods that wait; it is reported once, as long as
    /// any of them is there.
    blocked: BTreeMap<(Text, Text), BTreeSet<Uid>>,
    /// The pods for which volumes are attached, by node.
    users: BTreeMap<Text, Users>,
    /// What is attached to nodes that were deleted, by node.
    left: BTreeMap<Text, BTreeSet<Text>>,
}

impl Attachments {
    /// The controller starts anew.
    pub(crate) fn forget(&mut self) {
        self.detaching.clear();
        self.blocked.clear();
    }

    /// The nodes that wait for another one to let a volume go.
    pub(crate) fn waiting_nodes(&self) -> impl Iterator<Item = &Text> {
        self.blocked.keys().map(|(_, node)| node)
    }

    /// A node is gone, and its volumes stay attached to it.
    pub(crate) fn lose(&mut self, node: &Node) {
        let volumes = node.status.volumes_attached.iter().map(|attached| attached.name.clone());
        let left: BTreeSet<Text> = volumes.collect();
        if !left.is_empty() {
            self.left.entry(node.metadata.name.clone()).or_default().extend(left);
        }
    }

    /// How many volumes are attached to nodes that were deleted.
    pub(crate) fn left_count(&self) -> usize {
        self.left.values().map(BTreeSet::len).sum()
    }

    /// Whether there is anything attached to a node that was deleted.
    pub(crate) fn has_left(&self, node: &Text) -> bool {
        self.left.contains_key(node)
    }

    /// The nodes that were deleted with volumes attached.
    pub(crate) fn left_nodes(&self) -> Vec<Text> {
        self.left.keys().cloned().collect()
    }

    /// What was attached to a node before it was deleted.
    pub(super) fn left_on(&self, node: &Text) -> Vec<Text> {
        self.left.get(node).into_iter().flatten().cloned().collect()
    }

    /// The nodes that were deleted with a volume attached.
    pub(super) fn left_with(&self, volume: &Text) -> impl Iterator<Item = &Text> {
        self.left.iter().filter(move |(_, volumes)| volumes.contains(volume)).map(|(node, _)| node)
    }

    /// A volume is not attached to a node that was deleted, or the node exists again and says so itself.
    pub(super) fn drop_left(&mut self, node: &Text, volume: &Text) {
        if let Some(volumes) = self.left.get_mut(node) {
            volumes.remove(volume);
            if volumes.is_empty() {
                self.left.remove(node);
            }
        }
    }

    /// The pods for which the volumes of a node are attached.
    pub(super) fn users(&self, node: &Text) -> Option<&Users> {
        self.users.get(node)
    }

    /// Takes what is known of the users of a node's volumes, until a look at the node is over.
    pub(super) fn take_users(&mut self, node: &Text) -> Users {
        self.users.get_mut(node).map(std::mem::take).unwrap_or_default()
    }

    /// Notes for which pods the volumes of a node are attached.
    pub(super) fn put_users(&mut self, node: &Text, users: Users) {
        if users.is_empty() {
            self.users.remove(node);
        } else if let Some(held) = self.users.get_mut(node) {
            *held = users;
        } else {
            self.users.insert(node.clone(), users);
        }
    }

    /// A volume is needed on a node, and not to be detached.
    pub(super) fn keep(&mut self, node: &Text, volume: &Text) {
        self.detaching.remove(&(volume.clone(), node.clone()));
    }

    /// How long a volume that no pod needs is still kept for a node that does not say that it has unmounted it.
    pub(super) fn wait_for_unmount(&mut self, node: &Text, volume: &Text, now: Duration) -> Duration {
        let since = *self.detaching.entry((volume.clone(), node.clone())).or_insert(now);
        UNMOUNT_WAIT.saturating_sub(now.saturating_sub(since))
    }

    /// The volumes that a node does not need are not waited for.
    pub(super) fn retain_blocked(&mut self, node: &Text, is_needed: impl Fn(&Text) -> bool) {
        self.blocked.retain(|(volume, at), _| at != node || is_needed(volume));
    }

    /// A volume is free for a node.
    pub(super) fn unblock(&mut self, node: &Text, volume: &Text) {
        self.blocked.remove(&(volume.clone(), node.clone()));
    }

    /// Notes that pods on a node wait for a volume; whether that is to be reported.
    pub(super) fn block(&mut self, node: &Text, volume: &Text, waiting: BTreeSet<Uid>) -> bool {
        let known = self.blocked.entry((volume.clone(), node.clone())).or_default();
        let is_news = known.is_disjoint(&waiting);
        *known = waiting;
        is_news
    }
}
