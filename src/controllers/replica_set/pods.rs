//! The pods of a set: what they are made from, how they are named, in which batches they come.

use crate::controllers::ownership::controller_reference;
use crate::controllers::spelling::{SUFFIXES, suffix};
use crate::controllers::turn::{Emission, EventType, Resumed, World};
use crate::model::fnv::Fnv1a;
use crate::model::kind::Object;
use crate::model::metadata::{Identity, ObjectMeta, RareMetadata};
use crate::model::pod::Pod;
use crate::model::reference::NamespacedName;
use crate::model::replica_set::ReplicaSet;
use crate::model::shared::Shared;
use crate::model::text::Text;
use crate::store::Write;

/// How many names the server tries before it gives up.
const TRIES: u32 = 8;
/// How much of a prefix goes into a generated name.
const LONGEST_PREFIX: usize = 58;

/// Whether a pod counts among those of a set: it neither ended nor is being deleted.
pub(super) fn is_active(pod: &Pod) -> bool {
    !pod.status.phase.is_final() && !pod.metadata.is_deleting()
}

/// Whether a pod is being deleted and may still run.
pub(super) fn is_terminating(pod: &Pod) -> bool {
    !pod.status.phase.is_final() && pod.metadata.is_deleting()
}

/// Pods being made in batches of one, two, four and so on: where the server refuses one, few more are tried in vain.
#[derive(Clone, Debug)]
pub(super) struct Creation {
    /// How many are missing, those of this batch included.
    missing: usize,
    /// How many of this batch are missing.
    batch: usize,
    /// How many there are in this batch.
    size: usize,
    /// The number of the next name.
    number: Option<u64>,
    tries: u32,
    error: Option<String>,
}

impl Creation {
    pub(super) fn new(missing: usize) -> Self {
        let size = missing.min(1);
        Self { missing, batch: size, size, number: None, tries: 0, error: None }
    }

    /// The next pod, unless there are enough or the batch before failed.
    pub(super) fn next(&mut self, set: &ReplicaSet, world: &World<'_>) -> Option<Write> {
        if self.batch == 0 {
            self.size = if self.error.is_some() { 0 } else { self.missing.min(2 * self.size) };
            self.batch = self.size;
        }
        if self.batch == 0 {
            return None;
        }
        let name = self.name(set, world);
        Some(Write::Create(Object::from(pod(set, name))))
    }

    /// Takes the result. A name that is taken is tried again with another one, as the server does.
    pub(super) fn took(&mut self, resumed: Resumed, set: &ReplicaSet) -> Option<Emission> {
        let (event_type, reason, message) = match resumed {
            Resumed::Written(Err(error)) if error.is_already_exists() && self.tries + 1 < TRIES => {
                self.tries += 1;
                return None;
            }
            Resumed::Written(Err(error)) => {
                let message = format!("Error creating: {error}");
                self.error.get_or_insert_with(|| error.to_string());
                (EventType::Warning, "FailedCreate", message)
            }
            Resumed::Written(Ok(pod)) => {
                (EventType::Normal, "SuccessfulCreate", format!("Created pod: {}", pod.metadata().name))
            }
            _ => return None,
        };
        self.tries = 0;
        self.batch -= 1;
        self.missing -= 1;
        Some(Emission::on(set, event_type, reason, message))
    }

    /// Why a pod could not be made: what was said first.
    pub(super) fn error(self) -> Option<String> {
        self.error
    }

    /// A name that no pod has or had.
    fn name(&mut self, set: &ReplicaSet, world: &World<'_>) -> Text {
        let owner = Fnv1a::new().with(set.metadata.uid.to_text().as_bytes());
        let prefix = shortened(&set.metadata.name);
        let name = |number| Text::from(format!("{prefix}{}", suffix(owner, number)));
        let is_used = |number| {
            let key = NamespacedName { namespace: set.metadata.namespace.clone(), name: name(number) };
            world.store.pods.id(&key).is_some()
        };
        let mut number = self.number.unwrap_or_else(|| first_unused(is_used));
        while number < SUFFIXES && is_used(number) {
            number += 1;
        }
        self.number = Some(number + 1);
        name(number)
    }
}

/// A number that is not used, where those that are used come before it, but for a few. Cost: logarithmic in their
/// count. The controller needs no memory of the names that it gave.
fn first_unused(is_used: impl Fn(u64) -> bool) -> u64 {
    let mut above = 1;
    while above < SUFFIXES && is_used(above - 1) {
        above *= 2;
    }
    let (mut low, mut high) = (above / 2, above);
    while low < high {
        let middle = low.midpoint(high);
        if is_used(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

fn shortened(name: &str) -> String {
    let prefix = format!("{name}-");
    prefix.chars().take(LONGEST_PREFIX).collect()
}

/// A pod of the template. Of the template's metadata labels, annotations and finalizers are taken.
fn pod(set: &ReplicaSet, name: Text) -> Pod {
    let template = &set.spec.template;
    let identity = Identity {
        name,
        namespace: set.metadata.namespace.clone(),
        labels: template.metadata.labels.clone(),
        rare: RareMetadata {
            generate_name: format!("{}-", set.metadata.name).into(),
            owner_references: [controller_reference(set)].into(),
            ..RareMetadata::default()
        }
        .into(),
        ..Identity::default()
    };
    let metadata = ObjectMeta {
        annotations: template.metadata.annotations.clone(),
        finalizers: template.metadata.finalizers.clone(),
        identity: Shared::new(identity),
        ..ObjectMeta::default()
    };
    Pod { metadata, spec: template.spec.clone(), ..Pod::default() }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::first_unused;

    #[test]
    fn the_first_unused_number_is_found_in_few_looks() {
        for used in [0, 1, 2, 3, 4, 5, 1000, 65_536] {
            let looks = Cell::new(0);
            let found = first_unused(|number| {
                looks.set(looks.get() + 1);
                number < used
            });
            assert_eq!(found, used);
            assert!(looks.get() <= 40);
        }
    }
}
