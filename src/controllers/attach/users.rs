//! For which pods the volumes of a node are attached.

use std::collections::BTreeSet;

use crate::model::metadata::Uid;
use crate::model::text::Text;

/// The pods for which the volumes of a node are attached. They keep them whatever becomes of their claims.
///
/// A look asks for the volumes in the order in which the one before it did, so that each mostly stands where it is looked
/// for first.
#[derive(Clone, Debug, Default)]
pub(super) struct Users {
    volumes: Vec<Used>,
    /// Where the volume is expected that is asked for next.
    next: usize,
}

#[derive(Clone, Debug)]
struct Used {
    volume: Text,
    pods: BTreeSet<Uid>,
    /// Whether a look has asked for it.
    is_seen: bool,
}

impl Users {
    /// The pods for which a volume is attached.
    pub(super) fn of(&self, volume: &Text) -> Option<&BTreeSet<Uid>> {
        self.volumes.iter().find(|used| used.volume == *volume).map(|used| &used.pods)
    }

    /// The pods for which a volume is attached, to change them while a look goes on.
    pub(super) fn see(&mut self, volume: &Text) -> &mut BTreeSet<Uid> {
        let place = position_from(&self.volumes, self.next, |used| used.volume == *volume).unwrap_or_else(|| {
            self.volumes.push(Used { volume: volume.clone(), pods: BTreeSet::new(), is_seen: false });
            self.volumes.len() - 1
        });
        self.next = place + 1;
        let used = &mut self.volumes[place];
        used.is_seen = true;
        &mut used.pods
    }

    /// Ends a look: what it has not asked for is not attached any more.
    pub(super) fn forget_unseen(&mut self) {
        self.volumes.retain_mut(|used| std::mem::take(&mut used.is_seen) && !used.pods.is_empty());
        self.next = 0;
    }

    /// Whether there is no volume.
    pub(super) fn is_empty(&self) -> bool {
        self.volumes.is_empty()
    }
}

/// The place of an item that is likely to stand at a given one or soon after it.
pub(super) fn position_from<T>(items: &[T], place: usize, is_it: impl Fn(&T) -> bool) -> Option<usize> {
    let (before, after) = items.split_at(place.min(items.len()));
    let found = after.iter().position(&is_it).map(|ahead| before.len() + ahead);
    found.or_else(|| before.iter().position(is_it))
}
