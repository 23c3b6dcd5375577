//! One write, as an API server carries it out.

use std::sync::Arc;

use crate::api::{self, ApiError, Request};
use crate::model::id::{ObjectId, Sequence};
use crate::model::kind::{Object, ObjectKey};
use crate::model::list::ResourceList;
use crate::model::metadata::{ResourceVersion, Uid};
use crate::model::pod::PodCondition;
use crate::model::quantity::Quantity;
use crate::model::text::Text;
use crate::store::admission;
use crate::store::objects::Store;
use crate::store::write::{Change, Context, StoreRules, Write};

impl Store {
    /// The newest resource version.
    pub(crate) fn version(&self) -> ResourceVersion {
        ResourceVersion(self.version)
    }

    /// The place of the newest object in the order of creation.
    pub(crate) fn last_created(&self) -> Sequence {
        Sequence(self.sequence)
    }

    /// Carries out a write. Among many objects to look for one by the number that it may have costs much less than by
    /// its name.
    pub(crate) fn apply(
        &mut self,
        write: Write,
        number: Option<ObjectId>,
        context: &Context,
    ) -> Result<Change, ApiError> {
        match write {
            Write::Create(object) => self.create(object, context),
            Write::Update(object) => self.update(object, number, context),
            Write::UpdateStatus(object) => self.update_status(object, number, context),
            Write::Bind(bound) => self.bind(&bound.0, bound.1, context),
            Write::Delete(deleted) => self.delete(&deleted.0, &deleted.1, context),
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
                    match object {
                        Object::Service(service) => self.links.addresses.assign(Arc::make_mut(service), None),
                        _ => Ok(()),
                    }
                };
                let prepared = api::prepare_create(object, &context.namespace, context.now, &mut self.last_pod, admit)?;
                if context.admission {
                    self.links.ledgers.check(&prepared.object, None)?;
                }
                (prepared.object, prepared.warnings)
            }
        };
        let id = self.number(&object);
        if self.exists(id) {
            return Err(ApiError::AlreadyExists { kind: id.kind, name: object.metadata().name.clone() });
        }
        let mut object = object;
        if context.rules == StoreRules::Server {
            object.metadata_mut().uid = self.next_uid();
        }
        object.metadata_mut().creation_timestamp = Some(context.now);
        Ok(self.insert(id, object, warnings))
    }

    /// Puts an object in as it is, but for the defaults that the API applies whenever it reads one. It keeps its uid,
    /// version and times where it has them.
    pub(crate) fn restore(&mut self, mut object: Object, context: &Context) -> Result<Change, ApiError> {
        if context.rules == StoreRules::Server {
            api::complete(&mut object);
        }
        if object.kind().is_namespaced() && object.metadata().namespace.is_empty() {
            object.metadata_mut().namespace = context.namespace.clone();
        }
        let id = self.number(&object);
        if self.exists(id) {
            return Err(ApiError::AlreadyExists { kind: id.kind, name: object.metadata().name.clone() });
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
            return Ok(self.insert(id, object, Vec::new()));
        }
        self.version = self.version.max(given.0);
        self.sequence += 1;
        self.put(id, Some(&object), Some(Sequence(self.sequence)));
        Ok(Change { id, before: None, after: Some(object), warnings: Vec::new() })
    }

    fn insert(&mut self, id: ObjectId, mut object: Object, warnings: Vec<String>) -> Change {
        self.version += 1;
        self.sequence += 1;
        object.metadata_mut().resource_version = ResourceVersion(self.version);
        self.put(id, Some(&object), Some(Sequence(self.sequence)));
        Change { id, before: None, after: Some(object), warnings }
    }

    /// Replaces the object of a key as a PUT to its URL does, or by one that was made from the stored one by a patch.
    pub(crate) fn replace(
        &mut self,
        request: Request,
        key: &ObjectKey,
        object: Object,
        context: &Context,
    ) -> Result<Change, ApiError> {
        let (id, old) = self.stored(key)?;
        if context.rules == StoreRules::Verbatim {
            api::check_version(object.metadata().resource_version, &old)?;
            return Ok(self.store_update(id, object, old, Vec::new()));
        }
        let assign = |object: &mut Object| match (object, &old) {
            (Object::Service(new), Object::Service(old)) => self.links.addresses.assign(Arc::make_mut(new), Some(old)),
            _ => Ok(()),
        };
        let prepared = api::prepare_update(request, object, &old, &key.key.namespace, assign)?;
        if context.admission {
            admission::validate_update(&prepared.object, &old, &self.classes)?;
            self.links.ledgers.check(&prepared.object, Some(&old))?;
        }
        Ok(self.store_update(id, prepared.object, old, prepared.warnings))
    }

    /// A controller's update. Its object was computed from a stored one, so that only what a change can break is
    /// checked.
    fn update(&mut self, object: Object, number: Option<ObjectId>, context: &Context) -> Result<Change, ApiError> {
        let (id, old) = self.predecessor(&object, number)?;
        check_freshness(&object, &old, context)?;
        if context.rules == StoreRules::Server && old.metadata().is_deleting() {
            let added = object.metadata().finalizers.iter().any(|finalizer| !old.metadata().has_finalizer(finalizer));
            if added {
                return Err(api::prepare_update(Request::Put, object, &old, &context.namespace, |_| Ok(()))
                    .err()
                    .unwrap_or(ApiError::BadRequest {
                        message: "a finalizer is added to an object that is being deleted".to_owned(),
                    }));
            }
        }
        if let (StoreRules::Server, Object::Pod(new), Object::Pod(old_pod)) = (context.rules, &object, &old)
            && new.spec != old_pod.spec
        {
            // Little of a pod can be changed, and a controller may try (`STS-15`).
            api::prepare_update(Request::Put, object.clone(), &old, &context.namespace, |_| Ok(()))?;
        }
        let mut object = object;
        if context.rules == StoreRules::Server {
            api::count_generation(&mut object, &old);
        }
        Ok(self.store_update(id, object, old, Vec::new()))
    }

    fn update_status(
        &mut self,
        object: Object,
        number: Option<ObjectId>,
        context: &Context,
    ) -> Result<Change, ApiError> {
        let (id, old) = self.predecessor(&object, number)?;
        check_freshness(&object, &old, context)?;
        let mut object = object;
        if context.rules == StoreRules::Server {
            admission::prepare_status(&mut object, &old, context.now);
            match &object {
                Object::StatefulSet(_) | Object::Deployment(_) | Object::ReplicaSet(_) => {
                    api::validate_status(&object, &old)?;
                }
                // An amount may come from an annotation, which nobody has checked (`STATUS-5`).
                Object::PersistentVolumeClaim(claim) if has_odd_amount(&claim.status.capacity) => {
                    api::complete(&mut object);
                    api::validate_status(&object, &old)?;
                }
                _ => {}
            }
        }
        Ok(self.store_update(id, object, old, Vec::new()))
    }

    /// A status that somebody other than a controller writes: with the metadata that are sent, all else stays as it is
    /// stored (`API-4`).
    pub(crate) fn replace_status(
        &mut self,
        key: &ObjectKey,
        sent: Object,
        context: &Context,
    ) -> Result<Change, ApiError> {
        let (id, old) = self.stored(key)?;
        if context.rules == StoreRules::Verbatim {
            api::check_version(sent.metadata().resource_version, &old)?;
            let message = || format!("a {} has no status that can be written", key.kind);
            let new = api::with_status(&old, &sent, true).ok_or_else(|| ApiError::BadRequest { message: message() })?;
            return Ok(self.store_update(id, new, old, Vec::new()));
        }
        let stamp = |new: &mut Object| admission::prepare_status(new, &old, context.now);
        let new = api::prepare_status(sent, &old, &key.key.namespace, stamp)?;
        Ok(self.store_update(id, new, old, Vec::new()))
    }

    /// Assigns a pod to a node (`SCHED-47`).
    fn bind(&mut self, key: &ObjectKey, node: Text, context: &Context) -> Result<Change, ApiError> {
        let (id, old) = self.stored(key)?;
        let Object::Pod(pod) = &old else {
            return Err(ApiError::BadRequest { message: format!("a {} cannot be assigned to a node", key.kind) });
        };
        let name = &pod.metadata.name;
        let refused = |reason: String| {
            Err(ApiError::CannotFulfil { resource: "pods/binding".into(), name: name.clone(), reason })
        };
        if pod.metadata.is_deleting() {
            return refused(format!("pod {name} is being deleted, cannot be assigned to a host"));
        }
        if !pod.spec.node_name.is_empty() {
            let held = &pod.spec.node_name;
            return refused(format!("pod {name} is already assigned to node {held:?}"));
        }
        if !pod.spec.extras.scheduling_gates.items().is_empty() {
            return refused(format!("pod {name} has non-empty .spec.schedulingGates"));
        }
        let mut new = (**pod).clone();
        new.spec.node_name = node;
        new.status.nominated_node_name = Text::default();
        new.set_condition(PodCondition::new("PodScheduled", true), context.now);
        Ok(self.store_update(id, Object::Pod(Arc::new(new)), old, Vec::new()))
    }

    /// Stores a new state. One that differs in nothing gets no new version (`CACHE-5`); one that has lost the last
    /// finalizer of a deleted object is gone (`API-8`).
    pub(super) fn store_update(
        &mut self,
        id: ObjectId,
        mut object: Object,
        old: Object,
        warnings: Vec<String>,
    ) -> Change {
        let version = old.metadata().resource_version;
        if object.metadata().resource_version != version {
            object.metadata_mut().resource_version = version;
        }
        if object.is_identical(&old) {
            return Change { id, before: Some(old.clone()), after: Some(old), warnings };
        }
        self.version += 1;
        object.metadata_mut().resource_version = ResourceVersion(self.version);
        let metadata = object.metadata();
        let held = !metadata.finalizers.is_empty() || metadata.deletion_grace_period_seconds.unwrap_or(0) > 0;
        if metadata.is_deleting() && !held && !old.metadata().finalizers.is_empty() {
            self.put(id, None, None);
            return Change { id, before: Some(object), after: None, warnings };
        }
        self.put(id, Some(&object), None);
        Change { id, before: Some(old), after: Some(object), warnings }
    }

    /// Puts a name into the state in which a journal shows it.
    pub(crate) fn install(&mut self, key: &ObjectKey, object: Option<&Object>) {
        let Some(object) = object else {
            self.version += 1;
            if let Some(id) = self.object_id(key) {
                self.put(id, None, None);
            }
            return;
        };
        let metadata = object.metadata();
        self.version = self.version.max(metadata.resource_version.0);
        self.skip_uid(&metadata.uid.clone());
        let created = self.find(key).is_none().then(|| {
            self.sequence += 1;
            Sequence(self.sequence)
        });
        let id = self.number(object);
        self.put(id, Some(object), created);
    }

    pub(super) fn stored(&self, key: &ObjectKey) -> Result<(ObjectId, Object), ApiError> {
        let found = self.object_id(key).and_then(|id| Some((id, self.object(id)?)));
        found.ok_or_else(|| ApiError::NotFound { kind: key.kind, name: key.key.name.clone() })
    }

    /// The stored object of the kind and name of another one, which may have this number.
    fn predecessor(&self, object: &Object, number: Option<ObjectId>) -> Result<(ObjectId, Object), ApiError> {
        let guess = number.filter(|id| id.kind == object.kind()).and_then(|id| Some((id, self.object(id)?)));
        match guess {
            Some((id, old)) if old.metadata().is_namesake(object.metadata()) => Ok((id, old)),
            _ => self.stored(&object.reference()),
        }
    }

    /// The next uid (`DET-10`).
    fn next_uid(&mut self) -> Uid {
        self.uids += 1;
        Uid::counted(self.uids)
    }

    /// Keeps the counter ahead of a uid that came from another run.
    fn skip_uid(&mut self, uid: &Uid) {
        self.uids = self.uids.max(uid.number().unwrap_or(0));
    }
}

/// What a controller writes must have been computed from the stored object.
fn check_freshness(object: &Object, old: &Object, context: &Context) -> Result<(), ApiError> {
    match context.rules {
        StoreRules::Server => api::check_current(object, old),
        StoreRules::Verbatim => api::check_version(object.metadata().resource_version, old),
    }
}

/// Whether an amount is one that the API refuses or rounds.
fn has_odd_amount(amounts: &ResourceList) -> bool {
    amounts.iter().any(|(_, amount)| *amount < Quantity::default() || !amount.is_rounded_to_milli())
}
