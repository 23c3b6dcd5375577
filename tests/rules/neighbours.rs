//! What other controllers and people do around the volume controller (`NEIGH-*`).

use bindery::volume_source::LocalVolumeSource;
use bindery::{ClaimPhase, Cluster, Kind, Pod, PodPhase, ReclaimPolicy, VolumePhase};

use crate::deleting::outcome;
use crate::world::{
    BOUND_BY_CONTROLLER, Metadata, PROVISIONED_BY, PV_PROTECTION, PVC_PROTECTION, bound, claim, claim_phase,
    delayed_class, host_path, new_volume, patch, pod, pv, pvc, released, restored, rules, run_queues, seconds, sent,
    volume, volume_of, volume_phase, wait,
};

/// NEIGH-1: a volume is protected while it is bound, whatever else is so.
#[test]
fn a_volume_is_protected_while_it_is_bound() {
    let protected =
        |cluster: &Cluster| cluster.volume("pv").unwrap().metadata.finalizers.contains(&PV_PROTECTION.into());
    let mut cluster = restored([volume("pv", "5Gi").into()]);
    cluster.settle().unwrap();
    assert!(protected(&cluster), "it is added to what lives");
    cluster.delete(&pv("pv")).unwrap();
    cluster.settle().unwrap();
    assert!(cluster.volume("pv").is_none(), "and removed from what is not bound");
    let (bound_volume, bound_claim) = bound(volume("pv", "5Gi").with_finalizer(PV_PROTECTION), claim("data", "1Gi"));
    let mut cluster = restored([bound_volume, bound_claim]);
    cluster.delete(&pv("pv")).unwrap();
    wait(&mut cluster, seconds(60));
    assert!(protected(&cluster), "only the phase counts");
}

/// A claim of a bound pair that was deleted while these pods exist.
fn deleted_with(pods: impl IntoIterator<Item = Pod>) -> Cluster {
    let (bound_volume, bound_claim) = bound(volume("pv", "5Gi"), claim("data", "1Gi").with_finalizer(PVC_PROTECTION));
    let mut cluster = restored([bound_volume, bound_claim]);
    for pod in pods {
        cluster.restore(pod).unwrap();
    }
    cluster.settle().unwrap();
    cluster.delete(&pvc("data")).unwrap();
    cluster.settle().unwrap();
    cluster
}

fn scheduled(mut pod: Pod) -> Pod {
    pod.spec.node_name = "node-1".into();
    pod
}

/// NEIGH-2: a claim is protected while a pod with a node names it, even one that is done; its volume stays bound.
#[test]
fn a_claim_is_protected_while_a_pod_with_a_node_names_it() {
    assert!(deleted_with([]).claim("data").is_none());
    assert!(deleted_with([pod("web", &["data"])]).claim("data").is_none(), "it was never scheduled");
    assert!(deleted_with([scheduled(pod("web", &["other"]))]).claim("data").is_none());
    let mut done = scheduled(pod("web", &["data"]));
    done.status.phase = PodPhase::Succeeded;
    for user in [scheduled(pod("web", &["data"])), done] {
        let mut cluster = deleted_with([user]);
        wait(&mut cluster, seconds(60));
        assert!(cluster.claim("data").unwrap().metadata.is_deleting());
        assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Bound);
        cluster.remove(&Kind::Pod.named("default/web")).unwrap();
        cluster.settle().unwrap();
        assert!(cluster.claim("data").is_none());
    }
}

/// NEIGH-3: the usual end of a claim: terminating, gone, and then its volume is released and reclaimed.
#[test]
fn a_claim_that_goes_releases_its_volume() {
    let mut cluster = Cluster::default();
    let disk = new_volume("pv", "5Gi").with_source(host_path("/tmp/data")).with_reclaim_policy(ReclaimPolicy::Delete);
    cluster.create(disk).unwrap();
    cluster.create(sent("data")).unwrap();
    cluster.settle().unwrap();
    let before = cluster.journal().len();
    cluster.delete(&pvc("data")).unwrap();
    cluster.settle().unwrap();
    let written: Vec<&str> = rules(&cluster, before).into_iter().filter(|rule| !rule.starts_with("PROT")).collect();
    assert_eq!(written, ["", "VOL-6", "DELETE-10"]);
    assert!(cluster.claim("data").is_none() && cluster.volume("pv").is_none());
    assert!(cluster.events().is_empty());
}

/// NEIGH-4, VOL-8: when a scheduler has written the volume, this controller finishes the binding.
#[test]
fn a_binding_that_a_scheduler_began_is_finished() {
    let asking = claim("data", "1Gi").with_class("delayed");
    let objects = [delayed_class("delayed").into(), volume("pv", "5Gi").with_class("delayed").into(), asking.into()];
    let mut cluster = restored(objects);
    cluster.settle().unwrap();
    assert_eq!(volume_of(&cluster, "data"), "", "it waits");
    let before = cluster.journal().len();
    let reference = r#"{"kind": "PersistentVolumeClaim", "namespace": "default", "name": "data", "uid": "uid-data"}"#;
    let text = format!(
        r#"{{"metadata": {{"annotations": {{"{BOUND_BY_CONTROLLER}": "yes"}}}}, "spec": {{"claimRef": {reference}}}}}"#
    );
    patch(&mut cluster, &pv("pv"), &text).unwrap();
    run_queues(&mut cluster);
    assert_eq!(rules(&cluster, before), ["", "BIND-2", "BIND-3", "BIND-4"]);
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
}

/// NEIGH-8, DELETE-3: what a provisioner of local disks made is left to it; what was made by hand fails.
#[test]
fn a_local_volume_is_deleted_by_whoever_made_it() {
    let left = || {
        let local = LocalVolumeSource { path: "/mnt/disk".into(), ..LocalVolumeSource::default() };
        released(ReclaimPolicy::Delete).with_source(local)
    };
    let mut cluster = restored([left().annotated(PROVISIONED_BY, "local-volume-provisioner-node-1").into()]);
    cluster.settle().unwrap();
    assert_eq!(outcome(&cluster), "Released");
    let mut cluster = restored([left().into()]);
    cluster.settle().unwrap();
    let error = "error getting deleter volume plugin for volume \"pv\": no volume plugin matched";
    assert_eq!(outcome(&cluster), format!("Failed: {error}"));
}
