//! Scaling: what becomes of the ReplicaSets when a deployment wants another number of pods.
//!
//! Follows `scale`, `scaleReplicaSet` and `isScalingEvent` of `pkg/controller/deployment/sync.go`.

use std::cmp::Reverse;
use std::collections::VecDeque;

use crate::controllers::deployment::limits::Limits;
use crate::controllers::deployment::replica_sets::{ReplicaSets, size};
use crate::model::deployment::{Deployment, DeploymentStrategyType};
use crate::model::names::{DESIRED_REPLICAS, MAX_REPLICAS};
use crate::model::replica_set::ReplicaSet;

/// A ReplicaSet, by its place, and the size that it gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    pub(super) at: usize,
    pub(super) size: i32,
    /// Whether its annotations are brought up to date even where its size is right.
    annotate: bool,
}

impl Scale {
    pub(super) fn to(at: usize, size: i32) -> Self {
        Self { at, size, annotate: false }
    }
}

/// A ReplicaSet of another size; nothing where it has that.
pub(super) fn rescaled(set: &ReplicaSet, scale: &Scale, deployment: &Deployment) -> Option<ReplicaSet> {
    let limits = Limits::of(deployment);
    let annotations = &set.metadata.annotations;
    let annotated = annotations.with(DESIRED_REPLICAS, limits.replicas.to_string());
    let annotated = annotated.with(MAX_REPLICAS, limits.most().to_string());
    if size(set) == scale.size && (!scale.annotate || *annotations == annotated) {
        return None;
    }
    let mut new = set.clone();
    new.spec.replicas = Some(scale.size);
    new.metadata.annotations = annotated;
    Some(new)
}

fn number(set: &ReplicaSet, annotation: &str) -> Option<i32> {
    set.metadata.annotations.get(annotation)?.parse().ok().filter(|number| *number >= 0)
}

/// Whether a deployment wants another number of pods than when its ReplicaSets were last scaled.
pub(super) fn is_scaled(deployment: &Deployment, sets: &ReplicaSets) -> bool {
    let wanted = Limits::of(deployment).replicas;
    let mut active = sets.seen.iter().filter(|set| size(set) > 0);
    active.any(|set| number(set, DESIRED_REPLICAS).is_some_and(|desired| desired != wanted))
}

/// The sizes that ReplicaSets get: the only one that has pods, or the latest, gets all; where a rollout is done the old
/// ones get none; in the middle of one each gets its share.
pub(super) fn proportional(deployment: &Deployment, sets: &ReplicaSets) -> VecDeque<Scale> {
    let limits = Limits::of(deployment);
    let active: Vec<usize> = sets.all().filter(|at| sets.size(*at) > 0).collect();
    let only = match active.as_slice() {
        [] => sets.new.or_else(|| sets.old().next_back()),
        [only] => Some(*only),
        _ => None,
    };
    if let Some(only) = only {
        return [Scale::to(only, limits.replicas)].into();
    }
    if sets.newest().is_some_and(|new| is_saturated(new, limits.replicas)) {
        return sets.active_old().map(|at| Scale::to(at, 0)).collect();
    }
    if deployment.spec.strategy.r#type != Some(DeploymentStrategyType::RollingUpdate) {
        return VecDeque::new();
    }
    shares(deployment, sets, active)
}

/// Whether a ReplicaSet has all pods that the deployment wants.
fn is_saturated(set: &ReplicaSet, wanted: i32) -> bool {
    let desired = number(set, DESIRED_REPLICAS) == Some(wanted);
    desired && size(set) == wanted && set.status.available_replicas == wanted
}

/// Spreads what is added or taken over the ReplicaSets that have pods, the largest first; of two of a size the newer one
/// grows first and the older one shrinks first. What rounding leaves over goes to the first.
fn shares(deployment: &Deployment, sets: &ReplicaSets, mut active: Vec<usize>) -> VecDeque<Scale> {
    let limits = Limits::of(deployment);
    let total: i32 = active.iter().map(|at| sets.size(*at)).sum();
    let allowed = if limits.replicas > 0 { limits.most() } else { 0 };
    let to_add = allowed - total;
    if to_add > 0 {
        active.sort_by_key(|at| Reverse((sets.size(*at), *at)));
    } else if to_add < 0 {
        active.sort_by_key(|at| (Reverse(sets.size(*at)), *at));
    }
    let mut added = 0;
    let mut plan: VecDeque<Scale> = VecDeque::new();
    for at in active {
        let share = share(deployment, sets, at, to_add, added);
        added += share;
        plan.push_back(Scale { at, size: sets.size(at) + share, annotate: true });
    }
    if let Some(first) = plan.front_mut().filter(|_| to_add != 0) {
        first.size = (first.size + to_add - added).max(0);
    }
    plan
}

/// What a ReplicaSet gains or loses: the part of the change that its size is of the whole, and no more than is left.
fn share(deployment: &Deployment, sets: &ReplicaSets, at: usize, to_add: i32, added: i32) -> i32 {
    if to_add == added {
        return 0;
    }
    let limits = Limits::of(deployment);
    let size = sets.size(at);
    let before = sets.seen.get(at).and_then(|set| number(set, MAX_REPLICAS)).filter(|most| *most != 0);
    let fraction = match before.unwrap_or(deployment.status.replicas) {
        _ if limits.replicas == 0 => -size,
        0 => 0,
        before => rounded(i64::from(size) * i64::from(limits.most()), i64::from(before)) - size,
    };
    if to_add > 0 { fraction.min(to_add - added) } else { fraction.max(to_add - added) }
}

/// A quotient to the nearest integer, halves up. Neither number is negative.
fn rounded(dividend: i64, divisor: i64) -> i32 {
    i32::try_from((2 * dividend + divisor) / (2 * divisor)).unwrap_or(i32::MAX)
}
