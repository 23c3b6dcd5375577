//! The wait for claims: how it ends, and what stays.

use bindery::{Calls, Cluster, CsiProvisioner, Fault, Kind, StatusCode, Verb};
use serde_json::json;

use crate::scheduler::world::{
    HOSTNAME, Labelled, SELECTED_NODE, VolumeParts, bare, claim, complaint, csi, delayed, events, local, node, node_of,
    patch, pod, pod_key, scheduler_writes, volume, wait, with, with_driver, world,
};

const WAIT: &str = "running PreBind plugin \"VolumeBinding\": binding volumes: ";

/// A pod that waits for a volume that nobody makes.
fn waiting() -> Cluster {
    let absent = delayed("csi", "absent.example.com");
    let objects = [node("n1").into(), absent.into(), claim("data", "1Gi", "csi").into()];
    with(with(bare(), objects), [pod("web", &["data"]).into()])
}

/// SCHED-41, SCHED-43: the node is written on the claim, then the pod waits, without a node and without a word.
#[test]
fn a_pod_waits_for_its_claims() {
    let cluster = waiting();
    assert_eq!(node_of(&cluster, "web"), "");
    assert_eq!(events(&cluster, "web"), [""; 0]);
    let data = cluster.claim("data").unwrap();
    assert_eq!(data.metadata.annotations.get(SELECTED_NODE).map(AsRef::as_ref), Some("n1"));
}

/// SCHED-41: each step is one write, and between two of them anybody else may move.
#[test]
fn each_write_is_a_step_of_its_own() {
    let objects = [node("n1").into(), local().into(), volume("one", "1Gi").into(), volume("two", "2Gi").into()];
    let mut cluster = world(objects);
    cluster = with(cluster, [claim("a", "1Gi", "local").into(), claim("b", "2Gi", "local").into()]);
    cluster.create(pod("web", &["a", "b"])).unwrap();
    let mut seen = Vec::new();
    loop {
        let before = cluster.journal().iter().filter(|entry| entry.write().is_some()).count();
        if cluster.step().is_none() {
            break;
        }
        let after = cluster.journal().iter().filter(|entry| entry.write().is_some()).count();
        assert!(after - before <= 1, "a step makes at most one write");
        seen.push(cluster.volume("one").unwrap().spec.claim_ref.is_some());
    }
    let first = seen.iter().position(|written| *written).unwrap();
    assert!(first > 0);
    assert_eq!(node_of(&cluster, "web"), "n1");
}

/// SCHED-42, ND-20: after 600 seconds of virtual time the wait is over; before, only advancing moves it.
#[test]
fn the_wait_ends_after_ten_minutes() {
    let mut cluster = waiting();
    wait(&mut cluster, 599);
    assert_eq!(complaint(&cluster, "web"), "");
    wait(&mut cluster, 1);
    assert_eq!(complaint(&cluster, "web"), format!("{WAIT}context deadline exceeded"));
    let web = cluster.pod("web").unwrap();
    assert_eq!(web.condition("PodScheduled").unwrap().reason, "SchedulerError");
    assert_eq!(events(&cluster, "web"), [format!("Warning FailedScheduling {WAIT}context deadline exceeded")]);
}

/// SCHED-42: the wait ends early on request.
#[test]
fn the_wait_can_be_ended() {
    let mut cluster = waiting();
    assert!(cluster.end_bind_wait(&pod_key("web")));
    assert_eq!(complaint(&cluster, "web"), format!("{WAIT}context deadline exceeded"));
    assert!(!cluster.end_bind_wait(&pod_key("web")), "it waits no longer");
}

/// SCHED-41, SCHED-44: what was written stays, and the next attempt writes it again, though it changes nothing.
#[test]
fn what_was_written_stays() {
    let mut cluster = waiting();
    cluster.end_bind_wait(&pod_key("web"));
    assert!(cluster.claim("data").unwrap().metadata.annotations.contains_key(SELECTED_NODE));
    let attempt = cluster.schedule(&pod_key("web")).unwrap();
    assert_eq!(attempt.reservations.len(), 1);
    assert_eq!(attempt.end, bindery::scheduling::AttemptEnd::Waiting);
}

/// SCHED-44: a volume that was given to the claim of a pod is bound to it, though the pod is gone.
#[test]
fn a_volume_stays_given_when_the_pod_goes() {
    let mut config = bindery::Config::default();
    config.controllers = bindery::Controllers::PERSISTENT_VOLUMES;
    let objects = [node("n1").into(), local().into(), volume("pv", "1Gi").into(), claim("data", "1Gi", "local").into()];
    let mut cluster = with(Cluster::new(config), objects);
    cluster.create(pod("web", &["data"])).unwrap();
    cluster.schedule(&pod_key("web")).unwrap();
    cluster.delete(&pod_key("web")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(cluster.claim("data").unwrap().spec.volume_name, "pv");
}

/// SCHED-42: the pod is deleted while it waits.
#[test]
fn the_pod_is_deleted_while_it_waits() {
    let mut cluster = waiting();
    cluster.delete(&pod_key("web")).unwrap();
    cluster.settle().unwrap();
    let said = format!("Warning FailedScheduling {WAIT}pod does not exist any more: pod \"web\" not found");
    assert_eq!(events(&cluster, "web"), [said]);
}

/// SCHED-42, SCHED-45: the provisioner gives the node back.
#[test]
fn the_selected_node_is_taken_back() {
    let mut cluster = waiting();
    let key = Kind::PersistentVolumeClaim.named("default/data");
    patch(&mut cluster, &key, json!({"metadata": {"annotations": {SELECTED_NODE: null}}}));
    cluster.settle().unwrap();
    assert_eq!(complaint(&cluster, "web"), format!("{WAIT}provisioning failed for PVC \"data\""));
}

/// SCHED-42: all annotations are gone.
#[test]
fn the_annotations_are_emptied() {
    let mut cluster = waiting();
    let key = Kind::PersistentVolumeClaim.named("default/data");
    patch(&mut cluster, &key, json!({"metadata": {"annotations": null}}));
    cluster.settle().unwrap();
    assert_eq!(complaint(&cluster, "web"), format!("{WAIT}selectedNode annotation reset for PVC \"data\""));
}

/// A pod that has had a volume given to its claim, which nobody binds.
fn reserved() -> Cluster {
    let mut config = bindery::Config::default();
    config.controllers = bindery::Controllers::NONE.with(bindery::Controller::Scheduler);
    let mut cluster = Cluster::new(config);
    let mut pinned = volume("pv", "1Gi").only_where("disk", "ssd");
    pinned.status.phase = bindery::VolumePhase::Available;
    cluster.restore(pinned).unwrap();
    let n1 = node("n1").labelled("disk", "ssd");
    with(cluster, [n1.into(), local().into(), claim("data", "1Gi", "local").into(), pod("web", &["data"]).into()])
}

/// SCHED-42: the volume is taken away from the claim.
#[test]
fn the_reference_of_the_volume_is_reset() {
    let mut cluster = reserved();
    patch(&mut cluster, &Kind::PersistentVolume.named("pv"), json!({"spec": {"claimRef": null}}));
    cluster.settle().unwrap();
    assert_eq!(complaint(&cluster, "web"), format!("{WAIT}ClaimRef got reset for pv \"pv\""));
}

/// SCHED-42: the node changes its labels, so that the volume cannot be used there any more.
#[test]
fn the_node_changes_while_the_pod_waits() {
    let mut cluster = reserved();
    patch(&mut cluster, &Kind::Node.named("n1"), json!({"metadata": {"labels": {"disk": "hdd"}}}));
    cluster.settle().unwrap();
    let cause = "pv \"pv\" node affinity doesn't match node \"n1\": no matching NodeSelectorTerms";
    assert_eq!(complaint(&cluster, "web"), format!("{WAIT}{cause}"));
}

/// SCHED-42: the volume, the claim or the node is gone.
#[test]
fn what_is_waited_for_vanishes() {
    let gone = |key: bindery::ObjectKey| {
        let mut cluster = reserved();
        cluster.remove(&key).unwrap();
        cluster.settle().unwrap();
        complaint(&cluster, "web")
    };
    let missing = "failed to check binding: persistentvolumes \"pv\" not found";
    assert_eq!(gone(Kind::PersistentVolume.named("pv")), format!("{WAIT}{missing}"));
    let missing = "failed to check binding: persistentvolumeclaims \"default/data\" not found";
    assert_eq!(gone(Kind::PersistentVolumeClaim.named("default/data")), format!("{WAIT}{missing}"));
    assert_eq!(gone(Kind::Node.named("n1")), format!("{WAIT}failed to get node \"n1\": node \"n1\" not found"));
}

/// SCHED-42: a write is refused; there is no word of binding volumes in the message, and the attempt is repeated.
#[test]
fn a_refused_write_ends_the_attempt() {
    let objects = [node("n1").into(), local().into(), volume("pv", "1Gi").into(), claim("data", "1Gi", "local").into()];
    let mut cluster = world(objects);
    cluster.create(pod("web", &["data"])).unwrap();
    cluster.inject(Fault::Conflict { verb: Verb::Update, kind: Kind::PersistentVolume });
    cluster.settle().unwrap();
    let cause = "Operation cannot be fulfilled on persistentvolumes \"pv\": the object has been modified; please apply \
                 your changes to the latest version and try again";
    assert_eq!(complaint(&cluster, "web"), format!("running PreBind plugin \"VolumeBinding\": {cause}"));
    wait(&mut cluster, 1);
    assert_eq!(node_of(&cluster, "web"), "n1");
}

/// SCHED-45: a driver that gives up hands the node back, and the pod is tried again.
#[test]
fn a_driver_that_gives_up_sends_the_pod_on() {
    let failing = Calls::failing(StatusCode::ResourceExhausted, "full", Some(1));
    let driver = CsiProvisioner::new("csi.example.com").with_topology([HOSTNAME]).provisions(failing);
    let objects = [node("n1").into(), csi().into(), claim("data", "1Gi", "csi").into(), pod("web", &["data"]).into()];
    let mut cluster = with(with_driver(driver), objects);
    assert_eq!(complaint(&cluster, "web"), format!("{WAIT}provisioning failed for PVC \"data\""));
    wait(&mut cluster, 60);
    assert_eq!(node_of(&cluster, "web"), "n1");
}

/// A crash drops the wait; the scheduler begins anew with what is stored.
#[test]
fn a_crash_drops_the_wait() {
    let cluster = waiting();
    let mut again = bare();
    again.replay(cluster.journal()).unwrap();
    assert!(!again.end_bind_wait(&pod_key("web")), "nobody remembers that it waits");
    again.settle().unwrap();
    assert!(again.end_bind_wait(&pod_key("web")), "it was tried again, and waits again");
}

/// SCHED-41: the pod holds its node while it waits, so that the next one goes elsewhere (ND-1).
#[test]
fn a_waiting_pod_holds_its_node() {
    let absent = delayed("csi", "absent.example.com");
    let objects = [node("n1").into(), node("n2").into(), absent.into(), claim("data", "1Gi", "csi").into()];
    let mut cluster = with(with(bare(), objects), [pod("web", &["data"]).into()]);
    cluster = with(cluster, [pod("next", &[]).into()]);
    assert_eq!(node_of(&cluster, "next"), "n2");
    assert_eq!(scheduler_writes(&cluster, 0), ["SCHED-41 data", "SCHED-47 next"]);
}
