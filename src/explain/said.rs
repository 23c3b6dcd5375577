//! What was said last about each object, of events of one sort.

use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::cluster::{Cluster, Event, EventRecord};
use crate::model::kind::ObjectKey;
use crate::model::metadata::Uid;
use crate::model::text::Text;

/// The last events of a sort, by object.
pub(super) struct Said(FxHashMap<ObjectKey, Last>);

struct Last {
    time: Duration,
    uid: Uid,
    message: Text,
}

impl Said {
    /// The last warnings. Cost: linear in the events.
    pub(super) fn warnings(cluster: &Cluster) -> Self {
        Self::of(cluster, |event| event.event_type.as_str() == "Warning")
    }

    /// What provisioners said when they made no volume. Cost: linear in the events.
    pub(super) fn failures(cluster: &Cluster) -> Self {
        Self::of(cluster, |event| event.reason == "ProvisioningFailed")
    }

    fn of(cluster: &Cluster, is_meant: impl Fn(&Event) -> bool) -> Self {
        let mut last: FxHashMap<ObjectKey, Last> = FxHashMap::default();
        for EventRecord { event, last: time, .. } in cluster.events() {
            // Of those at one time the later one counts.
            if is_meant(&event) && last.get(&event.object).is_none_or(|held| held.time <= time) {
                let said = Last { time, uid: event.uid.clone(), message: event.message.clone() };
                last.insert(event.object.clone(), said);
            }
        }
        Self(last)
    }

    /// What was said last of whatever had this name.
    pub(super) fn about(&self, object: &ObjectKey) -> Option<Text> {
        self.0.get(object).map(|last| last.message.clone())
    }

    /// What was said last, where it was about the object with this uid.
    pub(super) fn about_this(&self, object: &ObjectKey, uid: &Uid) -> Option<Text> {
        self.0.get(object).filter(|last| last.uid == *uid).map(|last| last.message.clone())
    }
}
