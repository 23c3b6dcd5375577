//! Deletion, as the API server carries it out: at once, when the finalizers are gone, or when a pod has stopped.

use crate::api::ApiError;
use crate::model::kind::{Object, ObjectKey};
use crate::model::list::List;
use crate::model::names::{FOREGROUND_DELETION_FINALIZER, ORPHAN_FINALIZER};
use crate::model::pod::Pod;
use crate::model::text::Text;
use crate::model::time::Timestamp;
use crate::store::objects::Store;
use crate::store::write::{Change, Context, DeleteOptions, Propagation, StoreRules};

/// Seconds that a pod may take to stop where nothing else is said.
const GRACE_PERIOD: i64 = 30;

impl Store {
    /// Requests deletion. An object that finalizers hold, or a pod that has yet to stop, stays and is marked; any
    /// other is gone (`API-8`, `WL-5`).
    pub(super) fn delete(
        &mut self,
        key: &ObjectKey,
        options: &DeleteOptions,
        context: &Context,
    ) -> Result<Change, ApiError> {
        let old = self.stored(key)?;
        check_uid(key, options, &old)?;
        if context.rules == StoreRules::Verbatim {
            return self.remove(key);
        }
        let finalizers = finalizers(&old.metadata().finalizers, options.propagation);
        let grace = grace_period(&old, options);
        if finalizers.is_empty() && grace == 0 {
            return self.remove(key);
        }
        let mut object = old.clone();
        let metadata = object.metadata_mut();
        metadata.finalizers = finalizers;
        // A deletion under way can be shortened, and nothing else.
        if metadata.deletion_grace_period_seconds.is_none_or(|seconds| grace < seconds) || !old.metadata().is_deleting()
        {
            if !old.metadata().is_deleting() && metadata.generation > 0 {
                metadata.generation += 1;
            }
            metadata.deletion_timestamp =
                Some(Timestamp::from_unix_seconds(context.now.unix_seconds().saturating_add(grace)));
            metadata.deletion_grace_period_seconds = Some(grace);
        }
        Ok(self.store_update(object, old, Vec::new()))
    }

    /// Takes an object out, whatever its finalizers.
    pub(crate) fn remove(&mut self, key: &ObjectKey) -> Result<Change, ApiError> {
        let old = self.stored(key)?;
        self.version += 1;
        self.take(key);
        Ok(Change { before: Some(old), after: None, warnings: Vec::new() })
    }
}

fn check_uid(key: &ObjectKey, options: &DeleteOptions, old: &Object) -> Result<(), ApiError> {
    let held = &old.metadata().uid;
    match &options.uid {
        Some(wanted) if wanted != held => Err(ApiError::CannotFulfil {
            resource: key.kind.resource(),
            name: key.key.name.clone(),
            reason: format!("Precondition failed: UID in precondition: {wanted}, UID in object meta: {held}"),
        }),
        Some(_) | None => Ok(()),
    }
}

/// The finalizers of an object that is being deleted: the garbage collector's are set as the request asks.
fn finalizers(held: &List<Text>, propagation: Propagation) -> List<Text> {
    let own = match propagation {
        Propagation::Background => None,
        Propagation::Foreground => Some(FOREGROUND_DELETION_FINALIZER),
        Propagation::Orphan => Some(ORPHAN_FINALIZER),
    };
    let collector = [FOREGROUND_DELETION_FINALIZER, ORPHAN_FINALIZER];
    let others = held.iter().filter(|name| !collector.contains(&name.as_str()) || own == Some(name.as_str()));
    let mut finalizers: Vec<Text> = others.cloned().collect();
    finalizers.extend(own.filter(|own| !held.iter().any(|name| name == own)).map(Text::from));
    finalizers.into()
}

/// Seconds until an object may go: none but for a pod that runs on a node.
fn grace_period(object: &Object, options: &DeleteOptions) -> i64 {
    match object {
        Object::Pod(pod) if !pod.spec.node_name.is_empty() && !pod.status.phase.is_final() => {
            match options.grace_period_seconds.unwrap_or_else(|| own_grace_period(pod)) {
                seconds if seconds < 0 => 1,
                seconds => seconds,
            }
        }
        _ => 0,
    }
}

fn own_grace_period(pod: &Pod) -> i64 {
    pod.spec.extras.termination_grace_period_seconds.as_i64().unwrap_or(GRACE_PERIOD)
}
