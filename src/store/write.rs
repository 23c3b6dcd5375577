//! A write, as a controller asks for it, and what it did.

use crate::model::id::ObjectId;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::metadata::Uid;
use crate::model::text::Text;
use crate::model::time::Timestamp;

/// Who writes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Actor {
    /// The user of the library.
    User,
    /// The controller that binds, reclaims and provisions.
    PersistentVolumeController,
    /// The controllers that keep claims in use and volumes in use from vanishing.
    ProtectionController,
    /// The controller that deletes what has lost its owners.
    GarbageCollector,
    /// The controller that makes the pods of sets.
    StatefulSetController,
    /// The controller that makes the claims of generic ephemeral volumes.
    EphemeralVolumeController,
    /// The controller that has volumes grown.
    ExpandController,
    /// The controller that makes the ReplicaSets of Deployments.
    DeploymentController,
    /// The controller that makes the pods of ReplicaSets.
    ReplicaSetController,
    /// The controller that counts what is used of quotas.
    QuotaController,
    /// The scheduler.
    Scheduler,
    /// The controller that notices nodes that do not answer.
    NodeController,
    /// The controller that attaches volumes to nodes.
    AttachController,
    /// A kubelet.
    Kubelet,
    /// An external provisioner, by the name that classes call it by. A real one adds the name of its host and a random
    /// number.
    Provisioner(Text),
}

impl Actor {
    /// The name under which it is known in Kubernetes.
    pub fn as_str(&self) -> &str {
        match self {
            Self::User => "user",
            Self::PersistentVolumeController => "persistentvolume-controller",
            Self::ProtectionController => "protection-controller",
            Self::GarbageCollector => "garbage-collector",
            Self::StatefulSetController => "statefulset-controller",
            Self::EphemeralVolumeController => "ephemeral_volume",
            Self::ExpandController => "volume_expand",
            Self::DeploymentController => "deployment-controller",
            Self::ReplicaSetController => "replicaset-controller",
            Self::QuotaController => "resourcequota-controller",
            Self::Scheduler => "default-scheduler",
            Self::NodeController => "node-controller",
            Self::AttachController => "attachdetach-controller",
            Self::Kubelet => "kubelet",
            Self::Provisioner(name) => name,
        }
    }
}

/// What kind of write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// An object is created.
    Create,
    /// The main resource is replaced; its status stays.
    Update,
    /// The status is replaced; the spec stays.
    UpdateStatus,
    /// A pod is assigned to a node.
    Bind,
    /// Deletion is requested, or carried out.
    Delete,
    /// An object is put in as it is, without the rules of the API.
    Restore,
}

impl Verb {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::UpdateStatus => "updateStatus",
            Self::Bind => "bind",
            Self::Delete => "delete",
            Self::Restore => "restore",
        }
    }
}

/// What becomes of the objects that a deleted one owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Propagation {
    /// They are deleted once the owner is gone.
    Background,
    /// They are deleted first; the owner waits for those that block it.
    Foreground,
    /// They lose their reference to the owner and stay.
    Orphan,
}

/// How an object is deleted.
///
/// ```
/// use bindery::{DeleteOptions, Propagation};
///
/// let options = DeleteOptions::default().propagation(Propagation::Orphan).grace_period(0);
/// assert_eq!(options.grace_period_seconds, Some(0));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DeleteOptions {
    /// What becomes of its dependents. Where absent its finalizers say it, and without them it is the background.
    pub propagation: Option<Propagation>,
    /// Seconds that a pod may take to stop; what the pod says where absent. Zero removes it at once.
    pub grace_period_seconds: Option<i64>,
    /// The incarnation that is meant; any where absent.
    pub uid: Option<Uid>,
}

impl DeleteOptions {
    /// The same with another propagation.
    #[must_use]
    pub fn propagation(mut self, propagation: Propagation) -> Self {
        self.propagation = Some(propagation);
        self
    }

    /// The same with a grace period in seconds.
    #[must_use]
    pub fn grace_period(mut self, seconds: i64) -> Self {
        self.grace_period_seconds = Some(seconds);
        self
    }

    /// The same for one incarnation only.
    #[must_use]
    pub fn uid(mut self, uid: Uid) -> Self {
        self.uid = Some(uid);
        self
    }
}

/// A write that a controller asks for. It is handed through several hands, so that what is large is in a box.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Write {
    Create(Object),
    /// The object carries the version that it was computed from (`CONFLICT-1`).
    Update(Object),
    UpdateStatus(Object),
    /// Assigns a pod to a node.
    Bind(Box<(ObjectKey, Text)>),
    Delete(Box<(ObjectKey, DeleteOptions)>),
}

impl Write {
    pub(crate) fn bind(pod: ObjectKey, node: Text) -> Self {
        Self::Bind(Box::new((pod, node)))
    }

    pub(crate) fn delete(object: ObjectKey, options: DeleteOptions) -> Self {
        Self::Delete(Box::new((object, options)))
    }

    /// The object that is sent, or else the key of the one that is meant.
    fn named(&self) -> Result<&Object, &ObjectKey> {
        match self {
            Self::Create(object) | Self::Update(object) | Self::UpdateStatus(object) => Ok(object),
            Self::Bind(bound) => Err(&bound.0),
            Self::Delete(deleted) => Err(&deleted.0),
        }
    }

    pub(crate) fn verb(&self) -> Verb {
        match self {
            Self::Create(_) => Verb::Create,
            Self::Update(_) => Verb::Update,
            Self::UpdateStatus(_) => Verb::UpdateStatus,
            Self::Bind(_) => Verb::Bind,
            Self::Delete(_) => Verb::Delete,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.named().map_or_else(|key| key.kind, Object::kind)
    }

    /// The object that is written.
    pub(crate) fn key(&self) -> ObjectKey {
        self.named().map_or_else(ObjectKey::clone, Object::reference)
    }

    /// The name of the object.
    pub(crate) fn name(&self) -> &Text {
        self.named().map_or_else(|key| &key.key.name, |object| &object.metadata().name)
    }
}

/// By which rules the store takes writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreRules {
    /// Those of an API server.
    #[default]
    Server,
    /// None: a created object keeps its status and gets no uid, a deleted one is gone at once whatever its finalizers.
    /// Kubernetes' own controller tests run against such a store.
    Verbatim,
}

/// What a write needs to know of the world around it.
pub(crate) struct Context {
    pub(crate) now: Timestamp,
    /// The namespace of objects that name none.
    pub(crate) namespace: Text,
    pub(crate) rules: StoreRules,
    pub(crate) admission: bool,
}

/// What a write did.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// The number of the object.
    pub(crate) id: ObjectId,
    pub(crate) before: Option<Object>,
    pub(crate) after: Option<Object>,
    pub(crate) warnings: Vec<String>,
}

impl Change {
    /// The object, as it is afterwards, or was before it went.
    pub(crate) fn object(&self) -> Option<&Object> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// Whether anything is different afterwards.
    pub(crate) fn is_effective(&self) -> bool {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => before.metadata().resource_version != after.metadata().resource_version,
            (None, None) => false,
            (None, Some(_)) | (Some(_), None) => true,
        }
    }
}
