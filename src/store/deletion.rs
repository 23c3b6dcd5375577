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

/// Until when an object may stay, and how many seconds that were when its deletion was requested.
struct Deadline {
    seconds: i64,
    at: Timestamp,
}

impl Store {
    /// Requests deletion. An object that finalizers hold, or a pod that has yet to stop, stays and is marked; any
    /// other is gone (`API-8`, `WL-5`). A deletion under way can be made quicker; nothing else about it can be changed.
    pub(super) fn delete(
        &mut self,
        key: &ObjectKey,
        options: &DeleteOptions,
        context: &Context,
    ) -> Result<Change, ApiError> {
        let (id, old) = self.stored(key)?;
        check_uid(key, options, &old)?;
        if context.rules == StoreRules::Verbatim {
            return self.remove(key);
        }
        let Some(deadline) = deadline(&old, options, context.now) else {
            return Ok(self.store_update(id, old.clone(), old, Vec::new()));
        };
        let finalizers = finalizers(&old.metadata().finalizers, options.propagation);
        if finalizers.is_empty() && deadline.seconds == 0 {
            return self.remove(key);
        }
        let mut object = old.clone();
        let metadata = object.metadata_mut();
        if !old.metadata().is_deleting() && metadata.generation > 0 {
            metadata.generation += 1;
        }
        metadata.finalizers = finalizers;
        metadata.deletion_timestamp = Some(deadline.at);
        metadata.deletion_grace_period_seconds = Some(deadline.seconds);
        Ok(self.store_update(id, object, old, Vec::new()))
    }

    /// Takes an object out, whatever its finalizers.
    pub(crate) fn remove(&mut self, key: &ObjectKey) -> Result<Change, ApiError> {
        let (id, old) = self.stored(key)?;
        self.version += 1;
        self.put(id, None, None);
        Ok(Change { id, before: Some(old), after: None, warnings: Vec::new() })
    }
}

fn check_uid(key: &ObjectKey, options: &DeleteOptions, old: &Object) -> Result<(), ApiError> {
    let held = &old.metadata().uid;
    match &options.uid {
        Some(wanted) if wanted != held => Err(ApiError::CannotFulfil {
            resource: key.kind.qualified().into(),
            name: key.key.name.clone(),
            reason: format!(
                "the UID in the precondition ({wanted}) does not match the UID in record ({held}). The object might \
                 have been deleted and then recreated"
            ),
        }),
        Some(_) | None => Ok(()),
    }
}

/// The finalizers of an object that is being deleted: the garbage collector's are set as the request asks, and stay
/// where it does not say.
fn finalizers(held: &List<Text>, propagation: Option<Propagation>) -> List<Text> {
    let own = match propagation {
        None => return held.clone(),
        Some(Propagation::Background) => None,
        Some(Propagation::Foreground) => Some(FOREGROUND_DELETION_FINALIZER),
        Some(Propagation::Orphan) => Some(ORPHAN_FINALIZER),
    };
    let collector = [FOREGROUND_DELETION_FINALIZER, ORPHAN_FINALIZER];
    let others = held.iter().filter(|name| !collector.contains(&name.as_str()) || own == Some(name.as_str()));
    let mut finalizers: Vec<Text> = others.cloned().collect();
    finalizers.extend(own.filter(|own| !held.iter().any(|name| name == own)).map(Text::from));
    finalizers.into()
}

/// Until when an object may stay; nothing where its deletion is under way and the request does not shorten it.
fn deadline(object: &Object, options: &DeleteOptions, now: Timestamp) -> Option<Deadline> {
    let metadata = object.metadata();
    let asked = options.grace_period_seconds.map(|seconds| if seconds < 0 { 1 } else { seconds });
    let after = |time: Timestamp, seconds: i64| Deadline {
        seconds,
        at: Timestamp::from_unix_seconds(time.unix_seconds().saturating_add(seconds)),
    };
    let Object::Pod(pod) = object else {
        return Some(after(metadata.deletion_timestamp.map_or(now, |marked| marked.min(now)), 0));
    };
    match (metadata.deletion_timestamp, metadata.deletion_grace_period_seconds) {
        (None, _) => Some(after(now, grace_period(pod, asked))),
        (Some(marked), None) => Some(after(marked.min(now), 0)),
        (Some(marked), Some(held)) => {
            let requested = Timestamp::from_unix_seconds(marked.unix_seconds().saturating_sub(held));
            asked.filter(|asked| *asked < held).map(|asked| after(requested, asked))
        }
    }
}

/// Seconds that a pod gets to stop: none where there is nothing that runs (`WL-5`).
fn grace_period(pod: &Pod, asked: Option<i64>) -> i64 {
    if pod.spec.node_name.is_empty() || pod.status.phase.is_final() {
        return 0;
    }
    let own = || pod.spec.extras.termination_grace_period_seconds.as_i64().unwrap_or(GRACE_PERIOD);
    match asked.unwrap_or_else(own) {
        seconds if seconds < 0 => 1,
        seconds => seconds,
    }
}
