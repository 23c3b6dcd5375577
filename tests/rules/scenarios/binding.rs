//! Volumes and claims that exist both.

use bindery::{ClaimPhase, Cluster, Kind, LabelSelector, VolumePhase};

use crate::world::{
    BOUND_BY_CONTROLLER, ROX, RWO, VolumeState, claim, claim_phase, count, delayed_class, emitted, has_annotation,
    new_volume, pod, pvc, quantity, restored, seconds, sent, volume, volume_of, volume_phase, wait,
};

/// SCEN-1: of two volumes that fit the smaller one is bound, in silence.
#[test]
fn the_smaller_volume_is_bound() {
    let mut cluster = Cluster::default();
    cluster.create(new_volume("large", "5Gi")).unwrap();
    cluster.create(new_volume("small", "2Gi")).unwrap();
    cluster.settle().unwrap();
    cluster.create(sent("data").with_class("")).unwrap();
    cluster.settle().unwrap();
    let (small, data) = (cluster.volume("small").unwrap(), cluster.claim("data").unwrap());
    assert_eq!((data.spec.volume_name.as_str(), &data.status.phase), ("small", &ClaimPhase::Bound));
    assert_eq!(data.status.capacity.get("storage"), Some(&quantity("2Gi")));
    assert!(has_annotation(small, BOUND_BY_CONTROLLER) && has_annotation(data, BOUND_BY_CONTROLLER));
    assert!(cluster.events().is_empty());
    assert_eq!(volume_phase(&cluster, "large"), VolumePhase::Available);
}

/// SCEN-4: a reserved volume with more modes loses to a free one with fewer.
#[test]
fn a_reserved_volume_with_more_modes_stays_available() {
    let mut cluster = Cluster::default();
    cluster.create(new_volume("reserved", "5Gi").with_modes([RWO, ROX]).reserved_for("default", "data")).unwrap();
    cluster.create(new_volume("free", "5Gi")).unwrap();
    cluster.settle().unwrap();
    cluster.create(sent("data")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(volume_of(&cluster, "data"), "free");
    assert_eq!(volume_phase(&cluster, "reserved"), VolumePhase::Available);
}

/// SCEN-5: a reservation beats phase, class and selector.
#[test]
fn a_reserved_volume_is_bound_against_class_and_selector() {
    let reserved = volume("pv", "5Gi").with_class("gold").reserved_for("default", "data");
    let selector = LabelSelector { match_labels: [("tier", "fast")].into(), ..LabelSelector::default() };
    let objects =
        [reserved.in_phase(VolumePhase::Released).into(), claim("data", "1Gi").with_selector(selector).into()];
    let mut cluster = restored(objects);
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!((claim_phase(&cluster, "data"), volume_phase(&cluster, "pv")), (ClaimPhase::Bound, VolumePhase::Bound));
}

/// SCEN-6: where both name each other nothing is checked, not even the size.
#[test]
fn a_volume_that_is_far_too_small_is_bound_where_both_agree() {
    let mut cluster = Cluster::default();
    cluster.create(new_volume("pv", "1Mi").reserved_for("default", "data")).unwrap();
    cluster.create(sent("data").with_volume("pv")).unwrap();
    cluster.settle().unwrap();
    let data = cluster.claim("data").unwrap();
    assert_eq!(data.status.phase, ClaimPhase::Bound);
    assert_eq!(data.status.capacity.get("storage"), Some(&quantity("1Mi")));
}

/// SCEN-7: a free volume that a claim names and that is too small is told of at every sync.
#[test]
fn a_named_volume_that_is_too_small_is_told_of_at_every_sync() {
    let mut cluster = Cluster::default();
    cluster.create(new_volume("pv", "1Mi")).unwrap();
    cluster.create(sent("data").with_volume("pv")).unwrap();
    cluster.settle().unwrap();
    let event = "Warning VolumeMismatch Cannot bind to requested volume \"pv\": requested PV is too small";
    assert_eq!(emitted(&cluster, &pvc("data")).first().map(String::as_str), Some(event));
    let settled = count(&cluster, "VolumeMismatch");
    wait(&mut cluster, seconds(45));
    assert_eq!(count(&cluster, "VolumeMismatch"), settled + 3);
    assert_eq!(
        (claim_phase(&cluster, "data"), volume_phase(&cluster, "pv")),
        (ClaimPhase::Pending, VolumePhase::Available)
    );
}

/// SCEN-9: a claim that names its volume binds without a pod, whatever its class.
#[test]
fn a_claim_that_names_its_volume_binds_without_a_pod() {
    let mut cluster = Cluster::default();
    cluster.create(delayed_class("delayed")).unwrap();
    cluster.create(new_volume("pv", "5Gi").with_class("delayed")).unwrap();
    cluster.create(sent("data").with_class("delayed").with_volume("pv")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
}

/// SCEN-10: what a delayed claim says as its pod appears and gets a node.
#[test]
fn a_delayed_claim_says_what_it_waits_for() {
    let mut cluster = Cluster::default();
    cluster.create(delayed_class("delayed")).unwrap();
    cluster.create(new_volume("pv", "5Gi").with_class("delayed")).unwrap();
    cluster.create(sent("data").with_class("delayed")).unwrap();
    let mut says = Vec::new();
    for move_of_the_user in 0..3 {
        match move_of_the_user {
            1 => drop(cluster.create(pod("web", &["data"])).unwrap()),
            2 => {
                cluster.remove(&Kind::Pod.named("default/web")).unwrap();
                let mut scheduled = pod("web", &["data"]);
                scheduled.spec.node_name = "node-1".into();
                cluster.restore(scheduled).unwrap();
            }
            _ => {}
        }
        cluster.sync(&pvc("data")).unwrap();
        says.extend(emitted(&cluster, &pvc("data")).pop());
    }
    let first = "Normal WaitForFirstConsumer waiting for first consumer to be created before binding";
    assert_eq!(says, [first, "Normal WaitForPodScheduled waiting for pod web to be scheduled", first]);
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Pending);
}
