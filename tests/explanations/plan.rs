//! A plan serves as many claims as can be served, strands the least of it, and proves that nobody can serve more.

use std::collections::BTreeSet;

use bindery::{ClaimPhase, Cluster, Quantity};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::runner::Property;
use crate::worlds::{Seed, class, seeds};

/// Whether a claim is bound in a cluster with this volume and nothing else.
fn suits(volume: &Seed, claim: &Seed, number: usize) -> Result<bool, TestCaseError> {
    let fail = |error: &dyn std::fmt::Display| TestCaseError::fail(error.to_string());
    let mut cluster = Cluster::default();
    cluster.restore(class()).map_err(|error| fail(&error))?;
    cluster.restore(volume.volume("pv")).map_err(|error| fail(&error))?;
    let name = format!("claim-{number}");
    cluster.restore(claim.claim(&name)).map_err(|error| fail(&error))?;
    cluster.settle().map_err(|error| fail(&error))?;
    Ok(cluster.claim(&name).is_some_and(|claim| claim.status.phase == ClaimPhase::Bound))
}

/// What the claims ask for, who suits whom, and the sizes of the volumes.
struct World {
    asked: Vec<Quantity>,
    edges: Vec<Vec<bool>>,
    sizes: Vec<Quantity>,
}

/// The largest number of claims that can be served, and how little is stranded then: every assignment is tried.
fn best(world: &World, claim: usize, taken: &mut Vec<bool>) -> (usize, Quantity) {
    let World { asked, edges, sizes } = world;
    let Some(fits) = edges.get(claim) else {
        return (0, Quantity::default());
    };
    let mut found = best(world, claim + 1, taken);
    for volume in 0..sizes.len() {
        if fits[volume] && !taken[volume] {
            taken[volume] = true;
            let (count, stranded) = best(world, claim + 1, taken);
            taken[volume] = false;
            let with = (count + 1, stranded.plus(&sizes[volume].minus(&asked[claim])));
            if with.0 > found.0 || with.0 == found.0 && with.1 < found.1 {
                found = with;
            }
        }
    }
    found
}

#[test]
fn a_plan_is_as_good_as_the_best_of_all_assignments() {
    let worlds = (prop::collection::vec((seeds(), any::<prop::sample::Index>()), 0..8), rivals());
    let (full, short) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    Property::new(file!(), "a plan is as good as the best of all assignments", 100).check(
        &worlds,
        |(volumes, claims)| {
            let volumes: Vec<Seed> = volumes.iter().map(|(volume, claim)| volume.fitting(claim.get(&claims))).collect();
            let mut cluster = Cluster::default();
            let fail = |error: bindery::ApiError| TestCaseError::fail(error.to_string());
            cluster.restore(class()).map_err(fail)?;
            for (number, volume) in volumes.iter().enumerate() {
                cluster.restore(volume.volume(&format!("pv-{number}"))).map_err(fail)?;
            }
            for (number, claim) in claims.iter().enumerate() {
                cluster.restore(claim.claim(&format!("claim-{number}"))).map_err(fail)?;
            }
            let plan = cluster.plan().map_err(|error| TestCaseError::fail(error.to_string()))?;
            let mut edges = Vec::new();
            for (number, claim) in claims.iter().enumerate() {
                let row: Result<Vec<bool>, _> = volumes.iter().map(|volume| suits(volume, claim, number)).collect();
                edges.push(row?);
            }
            let sizes: Vec<Quantity> = volumes.iter().map(|volume| volume.volume("pv").capacity()).collect();
            let asked = claims.iter().map(|claim| claim.claim("claim").request()).collect();
            let world = World { asked, edges, sizes };
            let (count, stranded) = best(&world, 0, &mut vec![false; volumes.len()]);
            prop_assert_eq!(plan.pairs.len(), count);
            prop_assert!(plan.in_order <= count);
            prop_assert_eq!(&plan.stranded, &stranded);
            prop_assert!(plan.in_order < count || plan.stranded <= plan.stranded_in_order);
            prop_assert!(plan.is_exact(), "{}", plan);
            // Reserved so, everybody who is in the plan is served.
            for step in &plan.reservations {
                step.apply(&mut cluster).map_err(fail)?;
            }
            cluster.settle().map_err(|error| TestCaseError::fail(error.to_string()))?;
            for pair in &plan.pairs {
                let claim = cluster.claim(&pair.claim.to_string());
                prop_assert_eq!(claim.map(|claim| &claim.spec.volume_name), Some(&pair.volume));
            }
            let unproved: BTreeSet<_> = plan
                .unserved
                .iter()
                .filter(|claim| !plan.shortages.iter().any(|shortage| shortage.claims.contains(claim)))
                .collect();
            prop_assert_eq!(unproved.len(), 0);
            for shortage in &plan.shortages {
                prop_assert!(shortage.claims.len() > shortage.volumes.len());
            }
            let counter = if plan.unserved.is_empty() { &full } else { &short };
            counter.set(counter.get() + 1);
            Ok(())
        },
    );
    assert!(full.get() > 10 && short.get() > 10, "{} full, {} short", full.get(), short.get());
}

/// Up to seven claims, of which most ask for almost the same.
fn rivals() -> impl Strategy<Value = Vec<Seed>> + Clone {
    prop::collection::vec((seeds(), prop::bool::weighted(0.7)), 1..8).prop_map(|claims| {
        let first = claims[0].0.clone();
        claims.into_iter().map(|(claim, rival)| if rival { claim.rivalling(&first) } else { claim }).collect()
    })
}

/// A node, a volume that can be used there and nowhere else, and two pods that may run on one of the nodes.
const LOCAL: &str = "
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: local}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: Node
metadata: {name: a, labels: {kubernetes.io/hostname: a}}
---
apiVersion: v1
kind: Node
metadata: {name: b, labels: {kubernetes.io/hostname: b}}
";

fn local_volume(name: &str, node: &str, size: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {name}}}\nspec:\n  storageClassName: local\n  \
         capacity: {{storage: {size}}}\n  accessModes: [ReadWriteOnce]\n  local: {{path: /mnt/{name}}}\n  nodeAffinity: \
         {{required: {{nodeSelectorTerms: [{{matchExpressions: [{{key: kubernetes.io/hostname, operator: In, values: \
         [{node}]}}]}}]}}}}\n"
    )
}

fn local_claim(name: &str, size: &str) -> String {
    format!(
        "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}}}\nspec: {{storageClassName: local, \
         accessModes: [ReadWriteOnce], resources: {{requests: {{storage: {size}}}}}}}\n"
    )
}

fn pod(name: &str, node: &str, claims: &[&str]) -> String {
    let volumes: Vec<String> = claims
        .iter()
        .map(|claim| format!("{{name: {claim}, persistentVolumeClaim: {{claimName: {claim}}}}}"))
        .collect();
    format!(
        "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{nodeSelector: {{kubernetes.io/hostname: {node}}}, \
         containers: [{{name: c, image: i}}], volumes: [{}]}}\n",
        volumes.join(", ")
    )
}

fn plan_of(parts: &[String]) -> bindery::explain::Plan {
    let mut cluster = Cluster::default();
    cluster.apply_yaml(&[LOCAL, &parts.concat()].concat()).expect("manifests");
    cluster.plan().expect("it gets quiet")
}

fn pairs(plan: &bindery::explain::Plan) -> Vec<(&str, &str)> {
    plan.pairs.iter().map(|pair| (pair.claim.name.as_str(), pair.volume.as_str())).collect()
}

#[test]
fn a_delayed_claim_gets_a_volume_where_its_pod_can_be() {
    let volumes = [local_volume("small-a", "a", "1Gi"), local_volume("large-b", "b", "5Gi")].concat();
    let claims = [local_claim("one", "1Gi"), local_claim("two", "1Gi")].concat();
    // Without pods each volume is as good as any other that is large enough.
    let anywhere = plan_of(&[volumes.clone(), local_claim("one", "1Gi")]);
    assert_eq!(pairs(&anywhere), [("one", "small-a")]);
    assert!(anywhere.is_exact(), "{anywhere}");
    let placed = plan_of(&[volumes.clone(), claims.clone(), pod("p", "b", &["one"]), pod("q", "a", &["two"])]);
    assert_eq!(pairs(&placed), [("one", "large-b"), ("two", "small-a")]);
    assert!(placed.is_exact() && placed.shortages.is_empty(), "{placed}");
    let crowded = plan_of(&[volumes, claims, pod("p", "b", &["one"]), pod("q", "b", &["two"])]);
    assert_eq!((crowded.pairs.len(), crowded.unserved.len()), (1, 1), "{crowded}");
    assert_eq!(crowded.shortages[0].volumes, ["large-b"]);
}

#[test]
fn a_plan_says_where_it_is_not_exact() {
    let volumes = [local_volume("v-a", "a", "1Gi"), local_volume("v-b", "b", "1Gi")].concat();
    let claims = [local_claim("one", "1Gi"), local_claim("two", "1Gi")].concat();
    let plan = plan_of(&[volumes, claims, pod("p", "a", &["one", "two"])]);
    assert!(!plan.is_exact());
    assert_eq!(plan.pods_of_several.len(), 1);
    assert!(plan.to_string().contains("\nNot exact: "), "{plan}");
}

/// What is scarce is told once, and not once for each of thousands.
#[test]
fn a_shortage_of_thousands_is_told_in_a_few_lines() {
    let mut cluster = Cluster::default();
    let modes = [bindery::AccessMode::ReadWriteOnce];
    for number in 0..2_000i64 {
        let size = Quantity::from_bytes(1 + number * 7 % 100);
        let name = format!("c-{number}");
        cluster
            .restore(bindery::PersistentVolumeClaim::new("default", &*name, size.clone(), modes.clone()))
            .expect("a new name");
        if number % 2 == 0 {
            let volume = bindery::PersistentVolume::new(format!("v-{number}"), size, modes.clone());
            cluster.restore(volume).expect("a new name");
        }
    }
    let plan = cluster.plan().expect("it gets quiet");
    assert_eq!(plan.pairs.len() + plan.unserved.len(), 2_000);
    assert!(plan.shortages.len() <= 2, "{}", plan.shortages.len());
    let short: usize = plan.shortages.iter().map(|shortage| shortage.claims.len() - shortage.volumes.len()).sum();
    assert_eq!(short, plan.unserved.len());
}
