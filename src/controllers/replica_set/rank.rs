//! Which pods go when there are too many (`ND-19`).
//!
//! Follows the first four rules of `ActivePodsWithRanks` of `pkg/controller/controller_utils.go`. Those after them draw on
//! chance; in their place stand age and name.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::model::names::DELETION_COST;
use crate::model::pod::{Pod, PodPhase};
use crate::model::text::Text;
use crate::model::time::Timestamp;

/// First to go first: the derived order reads the fields from top to bottom.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    has_node: bool,
    phase: u8,
    is_ready: bool,
    cost: i32,
    created: Reverse<Option<Timestamp>>,
    name: Reverse<Text>,
}

impl Rank {
    fn of(pod: &Pod) -> Self {
        let phase = match pod.status.phase {
            PodPhase::Pending => 0,
            PodPhase::Unknown => 1,
            PodPhase::Running | PodPhase::Succeeded | PodPhase::Failed => 2,
        };
        Self {
            has_node: !pod.spec.node_name.is_empty(),
            phase,
            is_ready: pod.is_ready(),
            cost: cost(pod),
            created: Reverse(pod.metadata.creation_timestamp),
            name: Reverse(pod.metadata.name.clone()),
        }
    }
}

/// What it costs to delete a pod, by its annotation; nothing where that is not an integer in its plain form.
fn cost(pod: &Pod) -> i32 {
    let annotation = pod.metadata.annotations.get(DELETION_COST);
    annotation.and_then(|text| text.parse().ok().filter(|cost: &i32| text == cost.to_string().as_str())).unwrap_or(0)
}

/// So many of the pods, those that are to go.
pub(super) fn deletions(pods: &[Arc<Pod>], count: usize) -> Vec<Arc<Pod>> {
    let mut pods = pods.to_vec();
    if count < pods.len() {
        pods.sort_by_cached_key(|pod| Rank::of(pod));
        pods.truncate(count);
    }
    pods
}
