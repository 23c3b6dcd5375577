//! The tiny worlds, and how many states each has.

use bindery::explore::{Deed, Explorer};
use bindery::{Controller, Controllers, Json, Kind, ReclaimPolicy};

use crate::world::{
    claim, claim_key, claim_of, cluster, delayed, local_volume, node, pod, quiet, scaled, set, volume, volume_of, with,
};

/// A world and what exploring it comes to.
pub(crate) struct Golden {
    pub(crate) name: &'static str,
    pub(crate) explorer: fn() -> Explorer<'static>,
    pub(crate) states: usize,
    pub(crate) steps: usize,
    pub(crate) depth: u32,
    pub(crate) quiet: usize,
    /// The properties that it violates: findings, which the guide of the crate tells.
    pub(crate) violated: &'static [&'static str],
}

/// Those that a delayed binding concerns.
const SCHEDULING: Controllers = Controllers::PERSISTENT_VOLUMES.with(Controller::Scheduler);
/// Those that a set without nodes concerns.
const SETS: Controllers = Controllers::PERSISTENT_VOLUMES
    .with(Controller::Protection)
    .with(Controller::StatefulSets)
    .with(Controller::GarbageCollection);

macro_rules! golden {
    ($($name:ident: $explorer:expr => $states:literal, $steps:literal, $depth:literal, $quiet:literal $(, $violated:literal)*;)*) => {
        $(fn $name() -> Explorer<'static> { $explorer })*

        pub(crate) const GOLDEN: &[Golden] = &[$(
            Golden {
                name: stringify!($name), explorer: $name,
                states: $states, steps: $steps, depth: $depth, quiet: $quiet, violated: &[$($violated),*],
            },
        )*];
    };
}

golden! {
    two_claims_for_one_volume:
        Explorer::new(&cluster([volume("v")], [claim("a"), claim("b")]))
        => 24, 30, 6, 2;
    two_claims_for_one_volume_and_a_crash:
        Explorer::new(&cluster([volume("v")], [claim("a"), claim("b")])).crashes(1)
        => 36, 52, 6, 4;
    two_claims_for_one_volume_a_crash_and_a_conflict:
        Explorer::new(&cluster([volume("v")], [claim("a"), claim("b")])).crashes(1).conflicts(1)
        => 84, 146, 7, 8;
    a_crash_at_each_of_the_four_writes:
        Explorer::new(&cluster([volume("v")], [claim("a")])).crashes(1)
        => 14, 16, 6, 2;
    a_conflict_at_each_of_the_four_writes:
        Explorer::new(&cluster([volume("v")], [claim("a")])).conflicts(1)
        => 19, 25, 6, 2;
    two_equal_volumes_for_one_claim:
        Explorer::new(&cluster([volume("v"), volume("w")], [claim("a")]))
        => 24, 37, 6, 2;
    a_small_and_a_large_claim:
        Explorer::new(&cluster([volume_of("v", "1Gi"), volume_of("w", "10Gi")], [claim_of("a", "1Gi"), claim_of("b", "10Gi")]))
        => 71, 116, 10, 2;
    a_small_and_a_large_claim_a_deletion_a_crash_and_a_conflict:
        Explorer::new(&cluster([volume_of("v", "1Gi"), volume_of("w", "10Gi")], [claim_of("a", "1Gi"), claim_of("b", "10Gi")]))
            .user([Deed::Delete(claim_key("a"))]).crashes(1).conflicts(1)
        => 2458, 7244, 14, 20;
    crossed_pre_bindings:
        Explorer::new(&cluster(
            [volume("v").reserved_for("default", "a"), volume("w").reserved_for("default", "b")],
            [claim("a").with_volume("w"), claim("b").with_volume("v")],
        ))
        => 16, 32, 4, 1;
    recycling_against_creation_anew:
        Explorer::new(&quiet([volume("v").with_reclaim_policy(ReclaimPolicy::Recycle)], [claim("a")]))
            .user([Deed::Delete(claim_key("a")), Deed::Create(claim("a").into())])
        => 43, 65, 12, 4;
    recycling_against_creation_anew_and_a_crash:
        Explorer::new(&quiet([volume("v").with_reclaim_policy(ReclaimPolicy::Recycle)], [claim("a")]))
            .user([Deed::Delete(claim_key("a")), Deed::Create(claim("a").into())]).crashes(1)
        => 102, 183, 14, 7;
    a_claim_deleted_while_it_is_bound:
        Explorer::new(&cluster([volume("v")], [claim("a")])).user([Deed::Delete(claim_key("a"))])
        => 44, 69, 8, 3;
    a_volume_deleted_while_it_is_bound:
        Explorer::new(&cluster([volume("v")], [claim("a")])).user([Deed::Delete(Kind::PersistentVolume.named("v"))])
        => 35, 58, 7, 3;
    a_volume_given_back_by_hand:
        Explorer::new(&quiet([volume("v")], [claim("a")])).user([
            Deed::Delete(claim_key("a")),
            Deed::Patch(Kind::PersistentVolume.named("v"), Json::Map(vec![(
                "spec".into(), Json::Map(vec![("claimRef".into(), Json::Null)]),
            )])),
        ]).user([Deed::Create(claim("b").into())])
        => 100, 205, 10, 8, "no claim misbound";
    a_volume_given_back_while_it_is_recycled:
        Explorer::new(&quiet([volume("v").with_reclaim_policy(ReclaimPolicy::Recycle)], [claim("a")])).user([
            Deed::Delete(claim_key("a")),
            Deed::Patch(Kind::PersistentVolume.named("v"), Json::Map(vec![(
                "spec".into(), Json::Map(vec![("claimRef".into(), Json::Null)]),
            )])),
        ]).user([Deed::Create(claim("b").into())])
        => 189, 388, 16, 9, "no data lost", "no claim misbound";
    a_stale_view_of_a_new_volume:
        Explorer::new(&cluster([volume("v")], [claim("a"), claim("b")])).stale_views(1)
        => 216, 524, 8, 4;
    a_backend_that_fails_to_recycle:
        Explorer::new(&quiet([volume("v").with_reclaim_policy(ReclaimPolicy::Recycle)], [claim("a")]))
            .user([Deed::Delete(claim_key("a"))]).backend_failures(1).waits(1)
        => 19, 21, 10, 4;
    delayed_binding_against_the_scheduler:
        Explorer::new(&with(SCHEDULING, &[&node("n1"), &delayed(), &local_volume("v", "n1"), &pod("p", "a")], [], [claim("a").with_class("local")]))
        => 62, 99, 11, 2;
    a_pod_two_nodes_and_equal_volumes:
        Explorer::new(&with(
            SCHEDULING,
            &[&node("n1"), &node("n2"), &delayed(), &local_volume("v", "n1"), &local_volume("w", "n1"), &local_volume("x", "n2"), &pod("p", "a")],
            [], [claim("a").with_class("local")],
        ))
        => 760, 1940, 13, 6;
    a_stale_view_of_two_new_volumes_seen_one_after_the_other:
        Explorer::new(&cluster([volume("v").reserved_for("default", "b"), volume("w")], [claim("a")])).stale_views(1)
        => 248, 644, 8, 2;
    a_stale_view_of_a_set_that_is_scaled:
        Explorer::new(&scaled(&with(SETS, &[&set(1)], [volume("v")], [])))
            .user([Deed::Patch(Kind::StatefulSet.named("default/db"), replicas("0"))]).stale_views(1)
        => 2560, 8913, 14, 4;
    a_recycler_that_outlives_a_crash:
        Explorer::new(&quiet([volume("v").with_reclaim_policy(ReclaimPolicy::Recycle)], [claim("a")])).user([
            Deed::Delete(claim_key("a")),
            Deed::Patch(Kind::PersistentVolume.named("v"), Json::Map(vec![(
                "spec".into(), Json::Map(vec![("persistentVolumeReclaimPolicy".into(), Json::String("Retain".into()))]),
            )])),
        ]).crashes(1)
        => 79, 138, 11, 10, "no data lost";
    scaling_down_against_scaling_up:
        Explorer::new(&scaled(&with(SETS, &[&set(1)], [volume("v")], [])))
            .user([Deed::Patch(Kind::StatefulSet.named("default/db"), replicas("0"))])
            .user([Deed::Patch(Kind::StatefulSet.named("default/db"), replicas("1"))])
        => 617, 1466, 18, 6;
}

fn replicas(number: &str) -> Json {
    Json::Map(vec![("spec".into(), Json::Map(vec![("replicas".into(), Json::Number(number.into()))]))])
}
