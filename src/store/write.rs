//! One write, as an API server carries it out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::api::{self, ApiError};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::StorageClass;
use crate::model::class::VolumeAttributesClass;
use crate::model::id::{Id, Sequence};
use crate::model::kind::{Kind, Object, ObjectKey, Resource};
use crate::model::metadata::{ResourceVersion, Uid};
use crate::model::node::Node;
use crate::model::pod::Pod;
use crate::model::reference::ClaimKey;
use crate::model::stateful_set::StatefulSet;
use crate::model::text::Text;
use crate::model::time::Timestamp;
use crate::model::volume::PersistentVolume;
use crate::store::admission;
use crate::store::table::Table;

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Actor {
    /// The user of the library.
    User,
    /// The controller that binds, reclaims and provisions.
    PersistentVolumeController,
    /// The controllers that keep claims in use and volumes in use from vanishing.
    ProtectionController,
}

impl Actor {
    /// The name under which it is known in Kubernetes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::PersistentVolumeController => "persistentvolume-controller",
            Self::ProtectionController => "protection-controller",
        }
    }
}

/// What kind of write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// An object is created.
    Create,
    /// The main resource is replaced; its status stays.
    Update,
    /// The status is replaced; the spec stays.
    UpdateStatus,
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
            Self::Delete => "delete",
            Self::Restore => "restore",
        }
    }
}

/// A write that a controller asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Write {
    Create(Object),
    /// The object carries the version that it was computed from (`CONFLICT-1`).
    Update(Object),
    UpdateStatus(Object),
    Delete(ObjectKey),
}

impl Write {
    pub(crate) fn verb(&self) -> Verb {
        match self {
            Self::Create(_) => Verb::Create,
            Self::Update(_) => Verb::Update,
            Self::UpdateStatus(_) => Verb::UpdateStatus,
            Self::Delete(_) => Verb::Delete,
        }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Create(object) | Self::Update(object) | Self::UpdateStatus(object) => object.kind(),
            Self::Delete(key) => key.kind,
        }
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

/// All objects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) volumes: Table<PersistentVolume>,
    pub(crate) claims: Table<PersistentVolumeClaim>,
    pub(crate) classes: Table<StorageClass>,
    pub(crate) attributes_classes: Table<VolumeAttributesClass>,
    pub(crate) sets: Table<StatefulSet>,
    pub(crate) pods: Table<Pod>,
    pub(crate) nodes: Table<Node>,
    /// The pods that name a claim (`HELP-12`).
    pods_by_claim: Arc<BTreeMap<ClaimKey, BTreeSet<Id<Pod>>>>,
    version: u64,
    sequence: u64,
    uids: u64,
}

/// A kind that the store has a table for.
pub(crate) trait Stored: Resource {
    fn table(store: &Store) -> &Table<Self>;
}

macro_rules! stored {
    ($($kind:ident: $field:ident,)*) => {
        $(
            impl Stored for $kind {
                fn table(store: &Store) -> &Table<Self> {
                    &store.$field
                }
            }
        )*

        impl Store {
            /// An object of any kind.
            pub(crate) fn find(&self, key: &ObjectKey) -> Option<Object> {
                match key.kind {
                    $( Kind::$kind => self.$field.find(&key.key).map(|object| $kind::wrap(Arc::clone(object))), )*
                }
            }

            /// All objects of a kind in the order of their creation.
            pub(crate) fn list(&self, kind: Kind) -> Vec<Object> {
                match kind {
                    $( Kind::$kind => self.$field.in_order().into_iter().map(|(_, object)| $kind::wrap(Arc::clone(object))).collect(), )*
                }
            }

            /// Puts an object in. Returns the number of its name.
            fn put(&mut self, object: &Object, created: Option<Sequence>) {
                let key = object.key();
                self.unlink_pod(&object.reference());
                match object {
                    $( Object::$kind(object) => {
                        let id = self.$field.number(key);
                        self.$field.set(id, Some(Arc::clone(object)), created);
                    } )*
                }
                self.link_pod(object);
            }

            fn take(&mut self, key: &ObjectKey) {
                self.unlink_pod(key);
                match key.kind {
                    $( Kind::$kind => {
                        if let Some(id) = self.$field.id(&key.key) {
                            self.$field.set(id, None, None);
                        }
                    } )*
                }
            }

            /// How many objects of a kind there are.
            pub(crate) fn count(&self, kind: Kind) -> usize {
                match kind {
                    $( Kind::$kind => self.$field.len(), )*
                }
            }

            /// The number of a name, if it has, or once had, an object.
            pub(crate) fn number(&self, key: &ObjectKey) -> Option<u32> {
                match key.kind {
                    $( Kind::$kind => self.$field.id(&key.key).map(Id::number), )*
                }
            }
        }
    };
}

stored! {
    PersistentVolume: volumes,
    PersistentVolumeClaim: claims,
    StorageClass: classes,
    VolumeAttributesClass: attributes_classes,
    StatefulSet: sets,
    Pod: pods,
    Node: nodes,
}

impl Store {
    /// The pods that name a claim, in no particular order.
    pub(crate) fn pods_of_claim(&self, key: &ClaimKey) -> impl Iterator<Item = &Arc<Pod>> {
        self.pods_by_claim.get(key).into_iter().flatten().filter_map(|id| self.pods.get(*id))
    }

    fn link_pod(&mut self, object: &Object) {
        if let Object::Pod(pod) = object
            && let Some(id) = self.pods.id(&object.key())
        {
            for claim in pod.claim_keys() {
                Arc::make_mut(&mut self.pods_by_claim).entry(claim).or_default().insert(id);
            }
        }
    }

    fn unlink_pod(&mut self, key: &ObjectKey) {
        if key.kind != Kind::Pod {
            return;
        }
        let Some(id) = self.pods.id(&key.key) else {
            return;
        };
        let claims: Vec<ClaimKey> = self.pods.get(id).into_iter().flat_map(|pod| pod.claim_keys()).collect();
        let pods_by_claim = Arc::make_mut(&mut self.pods_by_claim);
        for claim in claims {
            if let Some(pods) = pods_by_claim.get_mut(&claim) {
                pods.remove(&id);
                if pods.is_empty() {
                    pods_by_claim.remove(&claim);
                }
            }
        }
    }

    /// The newest resource version.
    pub(crate) fn version(&self) -> ResourceVersion {
        ResourceVersion(self.version)
    }

    /// Carries out a write.
    pub(crate) fn apply(&mut self, write: Write, context: &Context) -> Result<Change, ApiError> {
        match write {
            Write::Create(object) => self.create(object, context),
            Write::Update(object) => self.update(object, context),
            Write::UpdateStatus(object) => self.update_status(object, context),
            Write::Delete(key) => self.delete(&key, context),
        }
    }

    /// Creates an object as the API server does: defaults, admission, validation.
    fn create(&mut self, object: Object, context: &Context) -> Result<Change, ApiError> {
        let (object, warnings) = match context.rules {
            StoreRules::Verbatim => (object, Vec::new()),
            StoreRules::Server => {
                let admit = |object: &mut Object| {
                    if context.admission {
                        admission::admit(object, &self.classes);
                    }
                };
                let prepared = api::prepare_create(object, &context.namespace, context.now, admit)?;
                (prepared.object, prepared.warnings)
            }
        };
        let key = object.reference();
        if self.find(&key).is_some() {
            return Err(ApiError::AlreadyExists { kind: key.kind, name: key.key.name });
        }
        let mut object = object;
        if context.rules == StoreRules::Server {
            object.metadata_mut().uid = self.next_uid();
        }
        object.metadata_mut().creation_timestamp = Some(context.now);
        Ok(self.insert(object, warnings))
    }

    /// Puts an object in as it is, but for the defaults that the API applies whenever it reads one. It keeps its uid,
    /// version and times where it has them.
    pub(crate) fn restore(&mut self, mut object: Object, context: &Context) -> Result<Change, ApiError> {
        let key = object.reference();
        if context.rules == StoreRules::Server {
            api::complete(&mut object);
        }
        if object.kind().is_namespaced() && object.metadata().namespace.is_empty() {
            object.metadata_mut().namespace = context.namespace.clone();
        }
        if self.find(&object.reference()).is_some() {
            return Err(ApiError::AlreadyExists { kind: key.kind, name: key.key.name });
        }
        if !object.metadata().uid.is_empty() {
            self.skip_uid(&object.metadata().uid.clone());
        } else if context.rules == StoreRules::Server {
            object.metadata_mut().uid = self.next_uid();
        }
        if object.metadata().creation_timestamp.is_none() {
            object.metadata_mut().creation_timestamp = Some(context.now);
        }
        let given = object.metadata().resource_version;
        if given.is_none() {
            return Ok(self.insert(object, Vec::new()));
        }
        self.version = self.version.max(given.0);
        self.sequence += 1;
        self.put(&object, Some(Sequence(self.sequence)));
        Ok(Change { before: None, after: Some(object), warnings: Vec::new() })
    }

    fn insert(&mut self, mut object: Object, warnings: Vec<String>) -> Change {
        self.version += 1;
        self.sequence += 1;
        object.metadata_mut().resource_version = ResourceVersion(self.version);
        self.put(&object, Some(Sequence(self.sequence)));
        Change { before: None, after: Some(object), warnings }
    }

    /// Replaces the object of a key as a PUT to its URL does.
    pub(crate) fn replace(&mut self, key: &ObjectKey, object: Object, context: &Context) -> Result<Change, ApiError> {
        let old = self.stored(key)?;
        if context.rules == StoreRules::Verbatim {
            api::check_version(object.metadata().resource_version, &old)?;
            return Ok(self.store_update(object, old, Vec::new()));
        }
        let prepared = api::prepare_update(object, &old, &key.key.namespace)?;
        if context.admission {
            admission::validate_update(&prepared.object, &old, &self.classes)?;
        }
        Ok(self.store_update(prepared.object, old, prepared.warnings))
    }

    /// A controller's update. Its object was computed from a stored one, so that only what a change can break is
    /// checked.
    fn update(&mut self, object: Object, context: &Context) -> Result<Change, ApiError> {
        let old = self.stored(&object.reference())?;
        api::check_version(object.metadata().resource_version, &old)?;
        if context.rules == StoreRules::Server && old.metadata().is_deleting() {
            let added = object.metadata().finalizers.iter().any(|finalizer| !old.metadata().has_finalizer(finalizer));
            if added {
                return Err(api::prepare_update(object, &old, &context.namespace).err().unwrap_or(
                    ApiError::BadRequest {
                        message: "a finalizer is added to an object that is being deleted".to_owned(),
                    },
                ));
            }
        }
        Ok(self.store_update(object, old, Vec::new()))
    }

    fn update_status(&mut self, object: Object, context: &Context) -> Result<Change, ApiError> {
        let old = self.stored(&object.reference())?;
        api::check_version(object.metadata().resource_version, &old)?;
        let mut object = object;
        if context.rules == StoreRules::Server {
            admission::prepare_status(&mut object, &old, context.now);
            if matches!(object, Object::StatefulSet(_)) {
                api::validate_status(&object, &old)?;
            }
        }
        Ok(self.store_update(object, old, Vec::new()))
    }

    /// Stores a new state. One that differs in nothing gets no new version (`CACHE-5`); one that has lost the last
    /// finalizer of a deleted object is gone (`API-8`).
    fn store_update(&mut self, mut object: Object, old: Object, warnings: Vec<String>) -> Change {
        object.metadata_mut().resource_version = old.metadata().resource_version;
        if object.is_identical(&old) {
            return Change { before: Some(old.clone()), after: Some(old), warnings };
        }
        self.version += 1;
        object.metadata_mut().resource_version = ResourceVersion(self.version);
        let metadata = object.metadata();
        if metadata.is_deleting() && metadata.finalizers.is_empty() && !old.metadata().finalizers.is_empty() {
            self.take(&object.reference());
            return Change { before: Some(object), after: None, warnings };
        }
        self.put(&object, None);
        Change { before: Some(old), after: Some(object), warnings }
    }

    /// Requests deletion: an object with finalizers stays and is marked, any other is gone (`API-8`).
    fn delete(&mut self, key: &ObjectKey, context: &Context) -> Result<Change, ApiError> {
        let old = self.stored(key)?;
        let held = context.rules == StoreRules::Server && !old.metadata().finalizers.is_empty();
        if !held {
            return self.remove(key);
        }
        if old.metadata().is_deleting() {
            return Ok(Change { before: Some(old.clone()), after: Some(old), warnings: Vec::new() });
        }
        let mut object = old.clone();
        let metadata = object.metadata_mut();
        metadata.deletion_timestamp = Some(context.now);
        metadata.deletion_grace_period_seconds = Some(0);
        Ok(self.store_update(object, old, Vec::new()))
    }

    /// Takes an object out, whatever its finalizers.
    pub(crate) fn remove(&mut self, key: &ObjectKey) -> Result<Change, ApiError> {
        let old = self.stored(key)?;
        self.version += 1;
        self.take(key);
        Ok(Change { before: Some(old), after: None, warnings: Vec::new() })
    }

    /// Puts a name into the state in which a journal shows it.
    pub(crate) fn install(&mut self, key: &ObjectKey, object: Option<&Object>) {
        let Some(object) = object else {
            self.version += 1;
            return self.take(key);
        };
        let metadata = object.metadata();
        self.version = self.version.max(metadata.resource_version.0);
        self.skip_uid(&metadata.uid.clone());
        let created = self.find(key).is_none().then(|| {
            self.sequence += 1;
            Sequence(self.sequence)
        });
        self.put(object, created);
    }

    fn stored(&self, key: &ObjectKey) -> Result<Object, ApiError> {
        self.find(key).ok_or_else(|| ApiError::NotFound { kind: key.kind, name: key.key.name.clone() })
    }

    /// The next uid: a counter in the form of a UUID (`DET-10`).
    fn next_uid(&mut self) -> Uid {
        self.uids += 1;
        Uid::from(format!("00000000-0000-4000-8000-{:012x}", self.uids))
    }

    /// Keeps the counter ahead of a uid that came from another run.
    fn skip_uid(&mut self, uid: &Uid) {
        let number = uid.as_str().strip_prefix("00000000-0000-4000-8000-");
        if let Some(number) = number.and_then(|digits| u64::from_str_radix(digits, 16).ok()) {
            self.uids = self.uids.max(number);
        }
    }
}
