//! Which claims remain, by the retention policy: the whole matrix (`STSPVC-20` to `STSPVC-24`).

use std::collections::BTreeMap;
use std::sync::Arc;

use bindery::{DeleteOptions, Json, Kind, Object, Propagation, StatefulSet, Uid};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseResult;

use crate::deeds::Run;
use crate::order::{is_healthy, ordinal_of, range_of};
use crate::runner::Property;
use crate::seeds::{Deed, Retention, SetSeed, Strategies, World, retentions};
use crate::watch::{Watcher, retention_of};

impl Watcher {
    /// Where all pods of a set are well, the owners of its claims are those of the table (`STSPVC-20`).
    pub(crate) fn check_retention(&mut self) -> TestCaseResult {
        let sets: Vec<Arc<StatefulSet>> = self.sets().filter(|set| !set.metadata.is_deleting()).cloned().collect();
        for set in sets {
            let members = self.pods().filter(|pod| ordinal_of(&set, &pod.metadata.name).is_some());
            let members: Vec<_> = members.cloned().collect();
            // For how long they are well does not matter when all is quiet, unless the set asks for it.
            let well = |pod: &bindery::Pod| is_healthy(&set, pod, std::time::Duration::MAX / 4);
            let count = members.len() == range_of(&set).len() && set.spec.min_ready_seconds == 0;
            if !count
                || !members.iter().all(|pod| well(pod) && pod.metadata.owner_references[0].uid == set.metadata.uid)
            {
                continue;
            }
            let wanted = retention_of(&set).delete_when_deleted;
            for claim in members.iter().flat_map(|pod| pod.claim_keys()).filter_map(|key| self.claim(key)) {
                let owners = &claim.metadata.owner_references;
                let is_own = |uid: &Uid| *uid == set.metadata.uid;
                // Owners of the right name and another uid are left alone (STSPVC-26).
                if owners.iter().any(|owner| owner.kind == "StatefulSet" && !is_own(&owner.uid)) {
                    continue;
                }
                let owned = owners.iter().any(|owner| is_own(&owner.uid));
                prop_assert_eq!(owned, wanted, "{} of {}", claim.key(), set.metadata.name);
                prop_assert!(owners.iter().all(|owner| owner.kind != "Pod"), "{} has a pod for owner", claim.key());
            }
            self.judge("retention");
        }
        Ok(())
    }
}

/// One way through the life of a set.
#[derive(Clone, Debug)]
struct Life {
    parallel: bool,
    class: usize,
    replicas: i32,
    left: i32,
    first: Retention,
    /// Switched to once the set is scaled down.
    second: Retention,
    propagation: usize,
    order: Vec<Index>,
}

fn lives() -> impl Strategy<Value = Life> + Clone {
    let orders = prop::collection::vec(any::<Index>(), 0..60);
    let numbers = (0..4_usize, 1..5_i32, 0..4_i32, 0..3_usize);
    (any::<bool>(), numbers, retentions(), retentions(), orders).prop_map(
        |(parallel, (class, replicas, left, propagation), first, second, order)| Life {
            parallel,
            class,
            replicas,
            left: left.min(replicas),
            first,
            second,
            propagation,
            order,
        },
    )
}

/// The claims by ordinal.
fn claims(run: &Run) -> BTreeMap<i32, Uid> {
    let claims = run.cluster.objects(Kind::PersistentVolumeClaim).into_iter().filter_map(|object| {
        let Object::PersistentVolumeClaim(claim) = object else { return None };
        let number = claim.metadata.name.as_str().strip_prefix("data-db-")?.parse().ok()?;
        Some((number, claim.metadata.uid.clone()))
    });
    claims.collect()
}

/// Carries a deed out and lets things happen in the order of choice, then in the stock order.
fn do_it(run: &mut Run, deed: &Deed, order: &[Index]) -> TestCaseResult {
    run.carry_out(deed)?;
    run.take_any(order)?;
    // What met a conflict is tried again after a while.
    run.advance(60)
}

/// Created, scaled down, given another policy, deleted in one of three ways, created again.
#[test]
fn claims_remain_by_the_retention_matrix() {
    Property::new(file!(), "claims remain by the retention matrix", 150).check(&lives(), |life| {
        let world = World { nodes: 2, zones: false, delay: 0, failures: 0, volumes: Vec::new(), deeds: Vec::new() };
        let mut run = Run::begin(&world)?;
        let seed = SetSeed {
            set: 0,
            parallel: life.parallel,
            replicas: life.replicas,
            templates: [Some(life.class), None],
            retention: life.first,
            strategy: Strategies::Rolling { partition: 0 },
            start: 0,
            min_ready: 0,
        };
        do_it(&mut run, &Deed::CreateSet(seed), &life.order)?;
        let made = claims(&run);
        prop_assert_eq!(made.keys().copied().collect::<Vec<_>>(), (0..life.replicas).collect::<Vec<_>>());

        do_it(&mut run, &Deed::Scale(0, life.left), &life.order)?;
        let mut expected = made;
        if life.first.delete_when_scaled {
            expected.retain(|ordinal, _| *ordinal < life.left);
        }
        prop_assert_eq!(&claims(&run), &expected, "after scaling");

        do_it(&mut run, &Deed::Retain(0, life.second), &life.order)?;
        prop_assert_eq!(&claims(&run), &expected, "after the switch");

        do_it(&mut run, &Deed::DeleteSet(0, life.propagation), &life.order)?;
        let orphaned = life.propagation == 2;
        if !orphaned {
            // Those of live pods follow the policy of now, those without a pod keep the owner that they had.
            expected.retain(|ordinal, _| {
                let policy = if *ordinal < life.left { life.second } else { life.first };
                !policy.delete_when_deleted
            });
        }
        prop_assert_eq!(&claims(&run), &expected, "after deletion");

        do_it(&mut run, &Deed::CreateSet(seed), &life.order)?;
        let found = claims(&run);
        for (ordinal, uid) in &expected {
            let kept = found.get(ordinal) == Some(uid);
            // Pods that were orphaned and are too many now are scaled away with their claims.
            let scaled = orphaned && life.first.delete_when_scaled && *ordinal >= life.replicas;
            prop_assert!(kept || scaled, "claim {} after re-creation", ordinal);
        }
        prop_assert_eq!(run.cluster.count(Kind::Pod), usize::try_from(life.replicas).unwrap_or_default());
        Ok(())
    });
}

/// STSPVC-22: the references of a pod that is orphaned are taken from its claims once, then the pod goes. The set would
/// give them back for as long as the pod is there, and the two would undo for ever what the other one does.
#[test]
fn a_condemned_pod_that_is_orphaned_comes_to_rest() -> TestCaseResult {
    let world = World { nodes: 1, zones: false, delay: 0, failures: 0, volumes: Vec::new(), deeds: Vec::new() };
    let seed = SetSeed {
        set: 0,
        parallel: true,
        replicas: 1,
        templates: [Some(1), None],
        retention: Retention { delete_when_deleted: false, delete_when_scaled: true },
        strategy: Strategies::Rolling { partition: 0 },
        start: 0,
        min_ready: 0,
    };
    let mut cluster = world.start();
    cluster.create(seed.build())?;
    cluster.settle()?;
    cluster.patch(&Kind::StatefulSet.named("db"), &serde_json::from_str::<Json>(r#"{"spec": {"replicas": 0}}"#)?)?;
    cluster.delete_with(&Kind::Pod.named("db-0"), &DeleteOptions::default().propagation(Propagation::Orphan))?;
    cluster.settle()?;
    prop_assert!(cluster.pod("db-0").is_none());
    let claim = cluster.claim("data-db-0").ok_or_else(|| TestCaseError::fail("the claim is gone"))?;
    prop_assert!(!claim.metadata.is_deleting() && claim.metadata.owner_references.is_empty());
    Ok(())
}
