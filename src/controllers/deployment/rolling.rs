//! Rolling updates: how far the new ReplicaSet grows and the old ones shrink in one pass (`WL-12`).
//!
//! Follows `pkg/controller/deployment/rolling.go` and `NewRSNewReplicas` of its utilities.

use std::collections::VecDeque;

use crate::controllers::deployment::limits::Limits;
use crate::controllers::deployment::replica_sets::ReplicaSets;
use crate::controllers::deployment::scaling::Scale;
use crate::model::deployment::{Deployment, DeploymentStrategyType};
use crate::model::int_or_string::IntOrString;

/// The size of a ReplicaSet that is made for the template.
pub(super) fn first_size(deployment: &Deployment, sets: &ReplicaSets) -> i32 {
    if deployment.spec.strategy.r#type == Some(DeploymentStrategyType::RollingUpdate) {
        grown(deployment, sets, 0)
    } else {
        Limits::of(deployment).replicas
    }
}

/// The next size of the new ReplicaSet; nothing where it stays.
pub(super) fn new_size(deployment: &Deployment, sets: &ReplicaSets) -> Option<i32> {
    let (held, wanted) = (sets.size(sets.new?), Limits::of(deployment).replicas);
    let size = if held < wanted { grown(deployment, sets, held) } else { wanted };
    (size != held).then_some(size)
}

/// As many as there may be beside those of the other ReplicaSets, and no more than are wanted. Unlike elsewhere a surge
/// of nothing stays nothing here.
fn grown(deployment: &Deployment, sets: &ReplicaSets, held: i32) -> i32 {
    let wanted = Limits::of(deployment).replicas;
    let rolling = deployment.spec.strategy.rolling_update.as_ref();
    let surge = rolling.and_then(|rolling| rolling.max_surge.as_ref()).cloned().unwrap_or(IntOrString::Int(0));
    let most = wanted.saturating_add(surge.scaled(wanted, true).unwrap_or_default());
    let room = most - sets.total_size();
    if room <= 0 { held } else { held + room.min(wanted - held) }
}

/// The next sizes of the old ReplicaSets, from the oldest: pods that are not available go first, as far as the new
/// ReplicaSet has come, then others as far as enough stay available.
pub(super) fn old_sizes(deployment: &Deployment, sets: &ReplicaSets) -> VecDeque<Scale> {
    let Some(new) = sets.new else {
        return VecDeque::new();
    };
    let fewest = Limits::of(deployment).fewest_available();
    let old: Vec<usize> = sets.active_old().collect();
    let to_come = sets.size(new) - sets.available(new);
    let most_removed = sets.total_size() - fewest - to_come;
    let mut plan = VecDeque::new();
    if old.is_empty() || most_removed <= 0 {
        return plan;
    }
    let mut sizes: Vec<(usize, i32)> = old.iter().map(|at| (*at, sets.size(*at))).collect();
    let unhealthy = |at: usize, size: i32| size - sets.available(at);
    shrink(&mut sizes, most_removed, unhealthy, &mut plan);
    let available: i32 = old.iter().chain([&new]).map(|at| sets.available(*at)).sum();
    shrink(&mut sizes, available - fewest, |_, size| size, &mut plan);
    plan
}

/// Takes pods from one ReplicaSet after the other until so many are taken; `most` says how many one can lose.
fn shrink(sizes: &mut [(usize, i32)], count: i32, most: impl Fn(usize, i32) -> i32, plan: &mut VecDeque<Scale>) {
    let mut left = count;
    for (at, size) in sizes {
        if left <= 0 {
            return;
        }
        let taken = most(*at, *size).min(left);
        if *size > 0 && taken > 0 {
            *size -= taken;
            left -= taken;
            plan.push_back(Scale::to(*at, *size));
        }
    }
}
