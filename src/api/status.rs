//! Writes to the `status` subresource (`API-4`): the status and the metadata are those that are sent, everything else
//! is as it is stored.
//!
//! Follows the `PrepareForUpdate` of the status strategies in `pkg/registry`.

use std::sync::Arc;

use crate::model::claim::PersistentVolumeClaim;
use crate::model::deployment::Deployment;
use crate::model::json::Json;
use crate::model::kind::{Object, Resource};
use crate::model::namespace::Namespace;
use crate::model::node::Node;
use crate::model::pod::Pod;
use crate::model::replica_set::ReplicaSet;
use crate::model::resource_quota::ResourceQuota;
use crate::model::service::Service;
use crate::model::stateful_set::StatefulSet;
use crate::model::volume::PersistentVolume;

/// A kind with a status that is written apart from the rest.
trait WithStatus: Resource {
    /// Takes over the status of another one.
    fn take_status(&mut self, sent: &Self);

    /// Puts back what a write of the status cannot change in the metadata, and what it may leave out.
    fn keep(&mut self, _old: &Self) {}
}

macro_rules! with_status {
    ($($kind:ident $(keeping |$new:ident, $old:ident| $keep:block)?,)*) => {
        $(
            impl WithStatus for $kind {
                fn take_status(&mut self, sent: &Self) {
                    self.status = sent.status.clone();
                }

                $(
                    fn keep(&mut self, $old: &Self) {
                        let $new = self;
                        $keep
                    }
                )?
            }
        )*

        /// The stored object with the status and the metadata of the one that is sent; nothing where the kind has no
        /// status of its own, or where they differ in their kind. With `bare` nothing of the metadata is put back.
        pub(crate) fn with_status(old: &Object, sent: &Object, bare: bool) -> Option<Object> {
            match (old, sent) {
                $( (Object::$kind(old), Object::$kind(sent)) => Some($kind::wrap(Arc::new(joined(&**old, &**sent, bare)))), )*
                _ => None,
            }
        }
    };
}

with_status! {
    PersistentVolume,
    PersistentVolumeClaim,
    StatefulSet,
    ReplicaSet,
    Service,
    ResourceQuota,
    Namespace,
    Node,
    Deployment keeping |new, old| {
        new.metadata.labels = old.metadata.labels.clone();
    },
    // Old kubelets spoil owner references, and leave the class of a pod that they refused out.
    Pod keeping |new, old| {
        new.metadata.owner_references = old.metadata.owner_references.clone();
        new.metadata.deletion_timestamp = None;
        if matches!(&new.status.qos_class, Json::Null) || new.status.qos_class.as_str() == Some("") {
            new.status.qos_class = old.status.qos_class.clone();
        }
    },
}

fn joined<T: WithStatus>(old: &T, sent: &T, bare: bool) -> T {
    let mut new = old.clone();
    *new.metadata_mut() = sent.metadata().clone();
    new.take_status(sent);
    if !bare {
        new.keep(old);
    }
    new
}
