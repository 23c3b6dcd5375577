//! Pods that are not tried on any node: `PreFilter`.

use bindery::scheduling::{Code, Plugin, Reason};
use bindery::{BindingMode, Kind, PersistentVolumeClaim, PodPhase, StorageClass};

use crate::scheduler::world::{
    Labelled, PodParts, bare, claim, complaint, csi, empty, events, local, node, node_of, patch, pod, pod_key, volume,
    wait, with, world,
};

const IMMEDIATE: &str = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.";

/// SCHED-1: a pod behind a gate is not looked at, until the gate opens.
#[test]
fn a_gated_pod_waits_for_its_gate() {
    let mut cluster = world([node("n1").into(), pod("web", &[]).gated().into()]);
    assert_eq!((complaint(&cluster, "web"), events(&cluster, "web").len()), (String::new(), 0));
    patch(&mut cluster, &pod_key("web"), serde_json::json!({"spec": {"schedulingGates": []}}));
    cluster.settle().unwrap();
    assert_eq!(node_of(&cluster, "web"), "n1");
}

/// SCHED-1: without nodes the message is another one.
#[test]
fn without_nodes_there_is_nothing_to_try() {
    let mut cluster = world([pod("web", &["none"]).into()]);
    assert_eq!(complaint(&cluster, "web"), "no nodes available to schedule pods");
    cluster = with(cluster, [node("n1").into()]);
    assert_eq!(complaint(&cluster, "web"), "0/1 nodes are available: persistentvolumeclaim \"none\" not found.");
}

/// SCHED-1: a pod that is being deleted is passed over.
#[test]
fn a_deleted_pod_is_passed_over() {
    let mut web = pod("web", &[]).gated();
    web.metadata.finalizers = ["example.com/hold".into()].into();
    let mut cluster = world([node("n1").into(), web.into()]);
    cluster.delete(&pod_key("web")).unwrap();
    patch(&mut cluster, &pod_key("web"), serde_json::json!({"spec": {"schedulingGates": []}}));
    cluster.settle().unwrap();
    assert_eq!(node_of(&cluster, "web"), "");
    assert_eq!(events(&cluster, "web"), ["Warning FailedScheduling skip schedule deleting pod: default/web"]);
}

/// SCHED-11, scenario 14: a claim that does not exist; it beats the bad state of a claim that stands before it.
#[test]
fn a_missing_claim_is_the_first_thing_that_is_noticed() {
    let lost = claim("lost", "1Gi", "").with_volume("gone");
    let mut lost: PersistentVolumeClaim = lost;
    lost.status.phase = bindery::ClaimPhase::Lost;
    let mut cluster = bare();
    cluster.restore(lost).unwrap();
    let cluster = with(cluster, [node("n1").into(), pod("web", &["lost", "none"]).into()]);
    assert_eq!(complaint(&cluster, "web"), "0/1 nodes are available: persistentvolumeclaim \"none\" not found.");
    let verdict = cluster.try_schedule(&pod_key("web")).unwrap();
    let rejection = verdict.pre_filter.unwrap();
    assert_eq!((rejection.plugin, rejection.code), (Plugin::VolumeRestrictions, Code::UnschedulableAndUnresolvable));
    assert_eq!(rejection.reasons, [Reason::ClaimNotFound { claim: "none".into() }]);
}

/// SCHED-12: the claim of an ephemeral volume is waited for.
#[test]
fn the_claim_of_an_ephemeral_volume_is_waited_for() {
    let web = pod("web", &[]).with_ephemeral("scratch", claim("", "1Gi", "local"));
    let cluster = with(bare(), [node("n1").into(), local().into(), web.into()]);
    let waiting = "waiting for ephemeral volume controller to create the persistentvolumeclaim \"web-scratch\"";
    assert_eq!(complaint(&cluster, "web"), format!("0/1 nodes are available: {waiting}."));
}

/// SCHED-13, EPH-3: a claim of that name that belongs to somebody else.
#[test]
fn the_claim_of_an_ephemeral_volume_must_be_the_pods_own() {
    let web = pod("web", &[]).with_ephemeral("scratch", claim("", "1Gi", "local"));
    let foreign = claim("web-scratch", "1Gi", "local");
    let cluster = world([node("n1").into(), local().into(), foreign.into(), web.into()]);
    let text = "PVC default/web-scratch was not created for pod default/web (pod is not owner)";
    assert_eq!(complaint(&cluster, "web"), format!("0/1 nodes are available: {text}."));
}

/// SCHED-13: a lost claim, with the name of the volume that it lost.
#[test]
fn a_lost_claim_is_of_no_use() {
    let mut cluster = world([node("n1").into(), volume("pv", "1Gi").with_class("").into()]);
    cluster = with(cluster, [claim("data", "1Gi", "").into()]);
    cluster.remove(&Kind::PersistentVolume.named("pv")).unwrap();
    cluster = with(cluster, [pod("web", &["data"]).into()]);
    let text = "persistentvolumeclaim \"data\" bound to non-existent persistentvolume \"pv\"";
    assert_eq!(complaint(&cluster, "web"), format!("0/1 nodes are available: {text}."));
}

/// SCHED-13, PROT-11: a claim that is being deleted takes no new pods.
#[test]
fn a_deleted_claim_takes_no_new_pods() {
    let objects = [node("n1").into(), volume("pv", "1Gi").with_class("").into(), claim("data", "1Gi", "").into()];
    let mut cluster = world(objects);
    cluster = with(cluster, [pod("first", &["data"]).into()]);
    cluster.delete(&Kind::PersistentVolumeClaim.named("default/data")).unwrap();
    cluster = with(cluster, [pod("second", &["data"]).into()]);
    let text = "persistentvolumeclaim \"data\" is being deleted";
    assert_eq!(complaint(&cluster, "second"), format!("0/1 nodes are available: {text}."));
    assert_eq!(node_of(&cluster, "first"), "n1");
}

/// SCHED-14, SCHED-15, SC-7, scenario 14: unbound claims that wait for no pod: of an immediate class, of none, of a class
/// that does not exist, and one that names its volume.
#[test]
fn a_claim_that_should_be_bound_keeps_its_pod_back() {
    let fast = StorageClass::new("fast", "absent.example.com");
    let named = claim("named", "1Gi", "local").with_volume("gone");
    let claims = [claim("fast", "1Gi", "fast"), claim("classless", "1Gi", ""), claim("typo", "1Gi", "slow"), named];
    for wanted in claims {
        let name = wanted.metadata.name.clone();
        let cluster =
            world([node("n1").into(), fast.clone().into(), local().into(), wanted.into(), pod("web", &[&name]).into()]);
        assert_eq!(complaint(&cluster, "web"), IMMEDIATE, "{name}");
    }
}

/// SCHED-14: the older annotation of the class wins over the field.
#[test]
fn the_beta_annotation_says_which_class_it_is() {
    let mut data = claim("data", "1Gi", "fast");
    data.metadata.annotations = data.metadata.annotations.with("volume.beta.kubernetes.io/storage-class", "local");
    let objects = [node("n1").into(), local().into(), data.into(), pod("web", &["data"]).into()];
    let cluster = world(objects);
    assert!(complaint(&cluster, "web").contains("1 node(s) didn't find available persistent volumes"));
}

/// SCHED-14: what counts for bound is the volume's name and the mark, not the phase.
#[test]
fn the_phase_of_a_bound_claim_does_not_matter() {
    let mut data = claim("data", "1Gi", "").with_volume("pv");
    data.metadata.annotations = data.metadata.annotations.with("pv.kubernetes.io/bind-completed", "");
    let mut config = bindery::Config::default();
    config.controllers = bindery::Controllers::NONE.with(bindery::Controller::Scheduler);
    let mut cluster = bindery::Cluster::new(config);
    cluster.restore(volume("pv", "1Gi").with_class("")).unwrap();
    cluster.restore(data).unwrap();
    let cluster = with(cluster, [node("n1").into(), pod("web", &["data"]).into()]);
    assert_eq!(node_of(&cluster, "web"), "n1");
}

/// SC-7: a class that is deleted makes its unbound claims immediate ones, until it is back.
#[test]
fn a_claim_whose_class_is_gone_is_no_longer_delayed() {
    let mut cluster = world([node("n1").into(), local().into(), claim("data", "1Gi", "local").into()]);
    cluster.delete(&Kind::StorageClass.named("local")).unwrap();
    cluster = with(cluster, [pod("web", &["data"]).into()]);
    assert_eq!(complaint(&cluster, "web"), IMMEDIATE);
    cluster = with(cluster, [local().into()]);
    assert!(complaint(&cluster, "web").contains("didn't find available persistent volumes"));
}

/// SCHED-16: the volume of a claim that names one exists, or that is the message.
#[test]
fn the_volume_of_a_bound_claim_must_exist() {
    let mut data = claim("data", "1Gi", "").with_volume("gone");
    data.metadata.annotations = data.metadata.annotations.with("pv.kubernetes.io/bind-completed", "yes");
    let mut config = bindery::Config::default();
    config.controllers = bindery::Controllers::NONE.with(bindery::Controller::Scheduler);
    let mut cluster = bindery::Cluster::new(config);
    cluster.restore(data).unwrap();
    let cluster = with(cluster, [node("n1").into(), pod("web", &["data"]).into()]);
    assert_eq!(complaint(&cluster, "web"), "0/1 nodes are available: persistentvolume \"gone\" not found.");
}

/// SCHED-48: a pod that names its node is on it, whatever its claims need, and no node is selected for them.
#[test]
fn a_pod_that_names_its_node_is_not_scheduled() {
    let objects =
        [node("n1").into(), csi().into(), claim("data", "1Gi", "csi").into(), pod("web", &["data"]).on("n1").into()];
    let mut cluster = world(objects);
    wait(&mut cluster, 60);
    assert!(!cluster.claim("data").unwrap().metadata.annotations.contains_key("volume.kubernetes.io/selected-node"));
    assert_eq!(cluster.pod("web").unwrap().status.phase, PodPhase::Pending);
    let events = cluster.events();
    let told: Vec<&str> = events
        .iter()
        .filter(|record| record.event.object.kind == Kind::PersistentVolumeClaim)
        .map(|record| record.event.reason)
        .collect();
    assert_eq!(told, ["WaitForFirstConsumer"]);
}

/// SC-4: what an immediate class allows in the way of topologies is of no concern here.
#[test]
fn an_immediate_class_with_topologies_is_still_immediate() {
    use crate::scheduler::world::ClassParts;
    let fast = StorageClass::new("fast", "absent.example.com").with_binding_mode(BindingMode::Immediate);
    let fast = fast.only_in("zone", "a");
    let n1 = node("n1").labelled("zone", "b");
    let cluster =
        with(empty(), [n1.into(), fast.into(), claim("data", "1Gi", "fast").into(), pod("web", &["data"]).into()]);
    assert_eq!(complaint(&cluster, "web"), IMMEDIATE);
}
