//! Whose an object is: a controller adopts what it selects and nobody manages, and releases what it no longer selects.
//!
//! Follows `BaseControllerRefManager.ClaimObject` of `pkg/controller/controller_ref_manager.go`.

use std::sync::Arc;

use crate::api::ApiError;
use crate::controllers::turn::{Resumed, SyncError, World};
use crate::model::kind::Resource;
use crate::model::metadata::{ObjectMeta, OwnerReference};
use crate::model::reference::NamespacedName;
use crate::model::selector::Predicate;
use crate::store::{Stored, Write};

/// What a controller does to make an object its own, or to let it go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    Adopt,
    Release,
}

/// The objects that a controller manages, with the writes that it takes to find out which.
#[derive(Clone, Debug)]
pub(super) struct Claiming<T> {
    owner: OwnerReference,
    /// Objects that it does or does not take over, in order; those with a claim need a write.
    objects: Vec<(Arc<T>, Option<Claim>)>,
    at: usize,
    claimed: Vec<Arc<T>>,
    errors: Vec<String>,
}

impl<T: Stored> Claiming<T> {
    /// Looks, in the order of their creation, at the objects that a controller manages, and at those that it selects and nobody manages. `considers`
    /// leaves some of them out. A controller that is being deleted takes and releases nothing.
    pub(super) fn start<O: Resource>(
        owner: &O,
        predicate: &Predicate,
        world: &World<'_>,
        considers: impl Fn(&T) -> bool,
    ) -> Self {
        let metadata = owner.metadata();
        let stays = !metadata.is_deleting();
        let managed = world.store.managed::<T>(&metadata.uid).filter_map(|object| {
            let selected = predicate.matches(&object.metadata().labels);
            let claim = (!selected).then_some(Claim::Release);
            (selected || stays).then_some((object, claim))
        });
        let unmanaged = stays.then(|| world.store.unmanaged::<T>(&metadata.namespace, predicate));
        let adoptable = unmanaged.into_iter().flatten().filter(|object| !object.metadata().is_deleting());
        let objects = managed.chain(adoptable.map(|object| (object, Some(Claim::Adopt))));
        let objects = objects.filter(|(object, _)| considers(object));
        let mut objects: Vec<_> = objects.map(|(object, claim)| (Arc::clone(object), claim)).collect();
        objects.sort_by_cached_key(|(object, _)| world.store.created(&**object));
        Self { owner: controller_reference(owner), objects, at: 0, claimed: Vec::new(), errors: Vec::new() }
    }

    /// The next write that it takes. The object is read again, because others may have changed it meanwhile.
    pub(super) fn next(&mut self, world: &World<'_>) -> Option<Write> {
        while let Some((object, claim)) = self.objects.get(self.at) {
            match claim {
                None => self.claimed.push(Arc::clone(object)),
                Some(claim) => {
                    if let Some(write) = fresh(object, world).and_then(|fresh| write(*claim, &fresh, &self.owner)) {
                        return Some(write);
                    }
                }
            }
            self.at += 1;
        }
        None
    }

    /// Takes the result of that write.
    pub(super) fn took(&mut self, resumed: Resumed) {
        let claim = self.objects.get(self.at).and_then(|(_, claim)| *claim);
        self.at += 1;
        match resumed {
            Resumed::Written(Ok(object)) if claim == Some(Claim::Adopt) => {
                self.claimed.extend(T::unwrap(&object).cloned());
            }
            Resumed::Written(Err(ApiError::NotFound { .. })) => {}
            Resumed::Written(Err(error)) => self.errors.push(error.to_string()),
            _ => {}
        }
    }

    /// The objects that the controller manages now.
    ///
    /// # Errors
    /// Where one could not be taken or released.
    pub(super) fn finish(self) -> Result<Vec<Arc<T>>, SyncError> {
        match self.errors.as_slice() {
            [] => Ok(self.claimed),
            [error] => Err(SyncError { message: error.clone() }),
            errors => Err(SyncError { message: format!("[{}]", errors.join(", ")) }),
        }
    }
}

/// The stored copy of an object, if it is still the same incarnation.
pub(super) fn fresh<T: Stored>(object: &Arc<T>, world: &World<'_>) -> Option<Arc<T>> {
    let metadata = object.metadata();
    let found = T::table(world.store).find(&NamespacedName::new(&metadata.namespace, &metadata.name))?;
    (found.metadata().uid == metadata.uid).then(|| Arc::clone(found))
}

fn write<T: Resource>(claim: Claim, object: &Arc<T>, owner: &OwnerReference) -> Option<Write> {
    let controller = object.metadata().controller();
    let held = &object.metadata().owner_references;
    let references = match claim {
        Claim::Adopt if controller.is_none() => held.with(owner.clone()),
        Claim::Release if controller.is_some_and(|controller| controller.uid == owner.uid) => {
            let rest: Vec<OwnerReference> = held.iter().filter(|held| held.uid != owner.uid).cloned().collect();
            rest.into()
        }
        Claim::Adopt | Claim::Release => return None,
    };
    let mut new = (**object).clone();
    new.metadata_mut().owner_references = references;
    Some(Write::Update(T::wrap(Arc::new(new))))
}

/// The reference by which an object names the controller that manages it.
pub(super) fn controller_reference<O: Resource>(owner: &O) -> OwnerReference {
    let ObjectMeta { identity, .. } = owner.metadata();
    OwnerReference {
        api_version: O::KIND.api_version().into(),
        kind: O::KIND.as_str().into(),
        name: identity.name.clone(),
        uid: identity.uid.clone(),
        controller: Some(true),
        block_owner_deletion: Some(true),
        ..OwnerReference::default()
    }
}
