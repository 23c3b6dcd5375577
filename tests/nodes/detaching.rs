//! What keeps volumes attached when nodes, claims and volumes vanish, and what pods are told meanwhile.

use bindery::{Cluster, DeleteOptions, Kind};

use crate::world::{
    add, attached, bound, csi, delete, delete_with, documents, emitted, key, node, patch, phase, settled, times, user,
    wait,
};

const DISK: &str = "kubernetes.io/csi/disk.example.com^disk";
const RWO: &str = "ReadWriteOnce";
const HELD: &str =
    "Warning FailedAttachVolume Multi-Attach error for volume \"pv-data\" Volume is already used by pod(s) web";
const LEFT: &str = "Warning FailedAttachVolume Multi-Attach error for volume \"pv-data\" Volume is already exclusively \
                    attached to one node and can't be attached to another";

/// Two nodes, a claim that is bound to a CSI volume, and a pod on the first node that uses it.
fn used() -> Cluster {
    let mut cluster = settled(&documents([node("n1"), node("n2"), bound("data", RWO, &csi("disk"))]));
    add(&mut cluster, &user("web", "n1", "data"));
    assert_eq!(attached(&cluster, "n1"), [DISK]);
    cluster
}

/// What a pod was told of volumes that it cannot have.
fn blocked(cluster: &Cluster, pod: &str) -> Vec<String> {
    let mut events = emitted(cluster, Kind::Pod, pod);
    events.retain(|event| event.contains("FailedAttachVolume"));
    events
}

#[test]
fn a_deleted_node_keeps_its_volumes_while_it_has_pods_and_six_minutes_more() {
    // ATTACH-6: DeleteNode of the desired state fails while pods need volumes there, and nobody unmounts them.
    let mut cluster = used();
    add(&mut cluster, &user("next", "n2", "data"));
    delete(&mut cluster, Kind::Node, "n1");
    assert_eq!(blocked(&cluster, "next"), [HELD]);
    add(&mut cluster, &user("other", "n2", "data"));
    wait(&mut cluster, 60);
    assert!(cluster.pod("web").is_none(), "it was collected");
    wait(&mut cluster, 359);
    assert_eq!(phase(&cluster, "next"), "Pending");
    wait(&mut cluster, 1);
    assert_eq!((phase(&cluster, "next").as_str(), attached(&cluster, "n2")), ("Running", vec![DISK.to_owned()]));
    assert_eq!(times(&cluster, "next", "SuccessfulAttachVolume"), [420]);
    assert_eq!(blocked(&cluster, "next"), [HELD], "it is said once");
}

#[test]
fn a_pod_that_moves_from_a_deleted_node_is_told_that_the_volume_is_still_there() {
    // ATTACH-4, ATTACH-6
    let mut cluster = used();
    delete(&mut cluster, Kind::Node, "n1");
    wait(&mut cluster, 61);
    add(&mut cluster, &user("next", "n2", "data"));
    assert_eq!(blocked(&cluster, "next"), [LEFT]);
    // The controller finds the attachment again, but not since when it is to be undone.
    cluster.crash(bindery::Controller::Attachments);
    wait(&mut cluster, 358);
    assert_eq!(phase(&cluster, "next"), "Pending");
    wait(&mut cluster, 3);
    assert_eq!(phase(&cluster, "next"), "Running");
}

#[test]
fn a_node_that_comes_back_has_what_it_had_or_lets_it_go() {
    // ATTACH-6: its kubelet says what is still mounted.
    let mut cluster = used();
    delete(&mut cluster, Kind::Node, "n1");
    add(&mut cluster, &node("n1"));
    assert_eq!(attached(&cluster, "n1"), [DISK], "its pod is still there");
    delete(&mut cluster, Kind::Node, "n1");
    wait(&mut cluster, 61);
    add(&mut cluster, &user("next", "n2", "data"));
    add(&mut cluster, &node("n1"));
    assert!(attached(&cluster, "n1").is_empty());
    assert_eq!(phase(&cluster, "next"), "Running");
}

#[test]
fn a_volume_stays_attached_while_its_pod_runs_whatever_becomes_of_the_claim() {
    // ATTACH-2, WL-4: findAndRemoveDeletedPods looks at pods and at nothing else.
    let mut cluster = used();
    delete(&mut cluster, Kind::PersistentVolume, "pv-data");
    patch(&mut cluster, Kind::PersistentVolume, "pv-data", r#"{"metadata": {"finalizers": null}}"#).unwrap();
    assert_eq!(cluster.claim("data").unwrap().status.phase.to_string(), "Lost");
    assert_eq!(attached(&cluster, "n1"), [DISK]);
    add(&mut cluster, &bound("twin", RWO, &csi("disk")));
    add(&mut cluster, &user("next", "n2", "twin"));
    assert_eq!(blocked(&cluster, "next"), [HELD.replace("pv-data", "pv-twin")]);
    delete(&mut cluster, Kind::Pod, "web");
    assert!(attached(&cluster, "n1").is_empty());
    assert_eq!(phase(&cluster, "next"), "Running");
}

#[test]
fn a_volume_whose_claim_is_lost_goes_when_its_driver_comes_to_attach_nothing() {
    // ATTACH-1, ATTACH-2
    let mut cluster = used();
    cluster.remove(&key(Kind::PersistentVolume, "pv-data")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(attached(&cluster, "n1"), [DISK]);
    add(
        &mut cluster,
        "{apiVersion: storage.k8s.io/v1, kind: CSIDriver, metadata: {name: disk.example.com}, spec: {attachRequired: false}}",
    );
    assert!(attached(&cluster, "n1").is_empty());
}

#[test]
fn a_pod_that_replaces_one_is_told_again_and_one_that_joins_is_not() {
    // ATTACH-4: what was reported is forgotten with the last pod that waits.
    let mut cluster = used();
    add(&mut cluster, &user("next", "n2", "data"));
    delete_with(&mut cluster, Kind::Pod, "next", &DeleteOptions::default().grace_period(0));
    add(&mut cluster, &user("next", "n2", "data"));
    assert_eq!(blocked(&cluster, "next"), [HELD, HELD]);
    add(&mut cluster, &user("third", "n2", "data"));
    assert!(blocked(&cluster, "third").is_empty());
    // At once, before the controller has looked.
    for pod in ["next", "third"] {
        cluster.delete_with(&key(Kind::Pod, pod), &DeleteOptions::default().grace_period(0)).unwrap();
    }
    add(&mut cluster, &user("next", "n2", "data"));
    assert_eq!(blocked(&cluster, "next"), [HELD, HELD, HELD]);
}
