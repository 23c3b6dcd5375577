//! When the controller that attaches looks at which node.

use std::collections::BTreeSet;

use crate::cluster::Cluster;
use crate::cluster::config::Controller;
use crate::cluster::nodes::Nodes;
use crate::cluster::work::Worker;
use crate::controllers::{AttachSync, Turn};
use crate::model::id::{Id, ObjectId};
use crate::model::text::Text;

impl Cluster {
    pub(super) fn enqueue_attach(&mut self, node: &Text) {
        if self.runs(Controller::Attachments)
            && let Some(id) = self.store.nodes.id_of("", node)
        {
            self.work.enqueue(Worker::Attach, id, false);
        }
    }

    /// The nodes that wait for another one to let a volume go.
    pub(super) fn enqueue_blocked(&mut self) {
        let blocked: BTreeSet<Text> = self.nodes.attachments.waiting_nodes().cloned().collect();
        for node in blocked {
            self.enqueue_attach(&node);
        }
    }

    /// The nodes that were deleted with volumes attached.
    pub(in crate::cluster) fn enqueue_left(&mut self) {
        for node in self.nodes.attachments.left_nodes() {
            self.enqueue_attach(&node);
        }
    }

    pub(super) fn look_at_attached(&mut self, key: ObjectId) -> Option<Turn<AttachSync>> {
        let node = self.store.nodes.get(Id::from_number(key.number)).cloned();
        let Nodes { attachments, silent, .. } = &mut *self.nodes;
        if let Some(node) = node {
            let is_silent = silent.contains_key(&node.metadata.name);
            return Some(AttachSync::start(&node, is_silent, &self.store, attachments, self.now));
        }
        let name = self.store.object_key(key)?.key.name;
        attachments.has_left(&name).then(|| AttachSync::start_gone(&name, &self.store, attachments, self.now))
    }
}
