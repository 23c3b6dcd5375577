//! The ReplicaSets of a deployment: which one has its template, and which are old.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::controllers::deployment::revision::revision;
use crate::controllers::deployment::scaling::{Scale, rescaled};
use crate::controllers::deployment::scaling_event;
use crate::controllers::turn::{Emission, World};
use crate::model::deployment::Deployment;
use crate::model::id::Sequence;
use crate::model::kind::Object;
use crate::model::names::POD_TEMPLATE_HASH;
use crate::model::pod::{Pod, PodTemplateSpec};
use crate::model::replica_set::ReplicaSet;
use crate::model::time::Timestamp;
use crate::store::{Store, Write};

/// The ReplicaSets of a deployment as a pass found them, the oldest first. Virtual time stands still while controllers
/// act, so that among those of one second the order of creation decides, not the name.
#[derive(Clone, Debug, Default)]
pub(super) struct ReplicaSets {
    pub(super) seen: Vec<Arc<ReplicaSet>>,
    /// The same, with what the pass has written since.
    current: Vec<Arc<ReplicaSet>>,
    /// The place of the one that has the template of the deployment.
    pub(super) new: Option<usize>,
}

impl ReplicaSets {
    pub(super) fn new(mut sets: Vec<Arc<ReplicaSet>>, deployment: &Deployment, world: &World<'_>) -> Self {
        sets.sort_by_cached_key(|set| age(set, world.store));
        let new = sets.iter().position(|set| is_same_template(&set.spec.template, &deployment.spec.template));
        Self { current: sets.clone(), seen: sets, new }
    }

    /// The one that has the template of the deployment.
    pub(super) fn newest(&self) -> Option<&Arc<ReplicaSet>> {
        self.seen.get(self.new?)
    }

    /// The places of those that have another template.
    pub(super) fn old(&self) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.seen.len()).filter(|at| Some(*at) != self.new)
    }

    /// The places of the old ones that want pods.
    pub(super) fn active_old(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.old().filter(|at| self.size(*at) > 0)
    }

    /// The places of all, the new one last.
    pub(super) fn all(&self) -> impl Iterator<Item = usize> {
        self.old().chain(self.new)
    }

    /// How many pods the one at a place wants.
    pub(super) fn size(&self, at: usize) -> i32 {
        self.seen.get(at).map_or(0, |set| size(set))
    }

    /// How many pods all of them want.
    pub(super) fn total_size(&self) -> i32 {
        self.seen.iter().map(|set| size(set)).sum()
    }

    /// How many pods of the one at a place are available.
    pub(super) fn available(&self, at: usize) -> i32 {
        self.seen.get(at).map_or(0, |set| set.status.available_replicas)
    }

    /// The highest revision among the old ones.
    pub(super) fn max_old_revision(&self) -> i64 {
        self.old().filter_map(|at| revision(self.seen.get(at)?)).fold(0, i64::max)
    }

    /// Whether there are pods that are not of the new template and that may still run.
    pub(super) fn has_old_pods(&self, store: &Store) -> bool {
        let mut old = self.old().filter_map(|at| self.seen.get(at));
        old.any(|set| {
            let mut pods = store.managed::<Pod>(&set.metadata.uid);
            set.status.replicas > 0 || pods.any(|pod| !pod.status.phase.is_final())
        })
    }

    /// The old ones that are no longer kept, those of the lowest revisions first. One that still has pods, or of which
    /// the status is out of date, is passed over and counts nevertheless.
    pub(super) fn beyond_limit(&self, deployment: &Deployment) -> VecDeque<Arc<ReplicaSet>> {
        let Some(limit) = deployment.spec.revision_history_limit.filter(|limit| *limit != i32::MAX) else {
            return VecDeque::new();
        };
        let old = self.old().filter_map(|at| self.seen.get(at));
        let mut old: Vec<_> = old.filter(|set| !set.metadata.is_deleting()).cloned().collect();
        // One whose revision cannot be read stays where its age puts it.
        if old.iter().all(|set| revision(set).is_some()) {
            old.sort_by_key(|set| revision(set));
        }
        let excess = old.len().saturating_sub(usize::try_from(limit).unwrap_or_default());
        old.truncate(excess);
        old.retain(|set| is_empty(set));
        old.into()
    }

    /// The write of the first scaling that needs one; those before it are dropped.
    pub(super) fn next_scale(&self, plan: &mut VecDeque<Scale>, deployment: &Deployment) -> Option<Write> {
        while let Some(scale) = plan.front() {
            if let Some(set) = self.current.get(scale.at).and_then(|set| rescaled(set, scale, deployment)) {
                return Some(Write::Update(Object::from(set)));
            }
            plan.pop_front();
        }
        None
    }

    /// Takes over a ReplicaSet that was scaled. What the pass reports is what it saw before.
    pub(super) fn note_scaled(
        &mut self,
        scale: &Scale,
        set: Arc<ReplicaSet>,
        deployment: &Deployment,
    ) -> Option<Emission> {
        let held = self.current.get_mut(scale.at)?;
        let before = size(held);
        *held = set;
        let event = || scaling_event(deployment, &held.metadata.name, before, scale.size);
        (before != scale.size).then(event)
    }
}

/// How many pods a ReplicaSet wants.
pub(super) fn size(set: &ReplicaSet) -> i32 {
    set.spec.replicas.unwrap_or(1)
}

fn age(set: &ReplicaSet, store: &Store) -> (Option<Timestamp>, Sequence) {
    (set.metadata.creation_timestamp, store.created(set))
}

/// Whether a ReplicaSet neither has pods nor wants some, and says so.
fn is_empty(set: &ReplicaSet) -> bool {
    set.status.replicas == 0 && size(set) == 0 && set.metadata.generation <= set.status.observed_generation
}

/// Whether two templates are the same but for the label with the hash.
fn is_same_template(one: &PodTemplateSpec, other: &PodTemplateSpec) -> bool {
    let bare = |template: &PodTemplateSpec| {
        let mut template = template.clone();
        template.metadata.labels = template.metadata.labels.without(POD_TEMPLATE_HASH);
        template
    };
    one.spec == other.spec && bare(one) == bare(other)
}
