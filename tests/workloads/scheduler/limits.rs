//! Claims for a single pod, disks that are not shared, and how many volumes a node takes.

use bindery::scheduling::{Code, Plugin};
use bindery::volume_source::CsiVolumeSource;
use bindery::{AccessMode, CsiNode, DeleteOptions, Kind, Object, PersistentVolume, PersistentVolumeClaim, PodPhase};
use serde_json::json;

use crate::scheduler::world::{
    PodParts, bare, claim, complaint, csi, delayed, finish, from_json, node, node_of, pod, pod_key, volume, with, world,
};

const IN_USE: &str =
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod";

/// A claim for a single pod, with its volume.
fn single() -> [Object; 2] {
    let mut pv: PersistentVolume = volume("pv", "1Gi").with_class("");
    pv.spec.access_modes = [AccessMode::ReadWriteOncePod].into();
    let mut data: PersistentVolumeClaim = claim("data", "1Gi", "");
    data.spec.access_modes = [AccessMode::ReadWriteOncePod].into();
    [pv.into(), data.into()]
}

/// SCHED-50, WL-6, PROT-6, scenario 20: a second pod waits until the first has ended; the claim stays in use even then.
#[test]
fn a_claim_for_a_single_pod_takes_one_at_a_time() {
    let mut cluster = with(world([node("n1").into(), node("n2").into()]), single());
    cluster = with(cluster, [pod("one", &["data"]).into()]);
    cluster = with(cluster, [pod("two", &["data"]).into()]);
    assert_eq!(complaint(&cluster, "two"), format!("0/2 nodes are available: 2 {IN_USE}."));
    let verdict = cluster.try_schedule(&pod_key("two")).unwrap();
    let rejection = verdict.nodes[0].rejection.as_ref().unwrap();
    assert_eq!((rejection.plugin, rejection.code), (Plugin::VolumeRestrictions, Code::Unschedulable));
    finish(&mut cluster, "one", PodPhase::Succeeded);
    assert_ne!(node_of(&cluster, "two"), "", "a pod that has ended does not count");
    cluster.delete(&pod_key("two")).unwrap();
    cluster.delete(&Kind::PersistentVolumeClaim.named("default/data")).unwrap();
    cluster.settle().unwrap();
    assert!(cluster.claim("data").is_some(), "it still keeps the claim from vanishing");
}

/// SCHED-50: a pod that is being deleted counts, and so does one that waits for its claims.
#[test]
fn pods_on_their_way_count_too() {
    let absent = delayed("csi", "absent.example.com");
    let mut data: PersistentVolumeClaim = claim("data", "1Gi", "csi");
    data.spec.access_modes = [AccessMode::ReadWriteOncePod].into();
    let mut cluster = with(bare(), [node("n1").into(), absent.into(), data.into()]);
    cluster = with(cluster, [pod("one", &["data"]).into()]);
    assert_eq!(node_of(&cluster, "one"), "", "it waits");
    cluster = with(cluster, [pod("two", &["data"]).into()]);
    assert_eq!(complaint(&cluster, "two"), format!("0/1 nodes are available: 1 {IN_USE}."));
    cluster.delete(&pod_key("one")).unwrap();
    cluster.settle().unwrap();
    assert!(cluster.end_bind_wait(&pod_key("two")), "what the first held is free, and the second waits in its place");
}

/// SCHED-50: deleting the first pod makes room, once it is gone.
#[test]
fn the_second_pod_follows_when_the_first_is_gone() {
    let mut cluster = with(world([node("n1").into()]), single());
    cluster = with(cluster, [pod("one", &["data"]).into()]);
    cluster = with(cluster, [pod("two", &["data"]).into()]);
    cluster.hold("one", bindery::Hold::Termination);
    cluster.delete(&pod_key("one")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(complaint(&cluster, "two"), format!("0/1 nodes are available: 1 {IN_USE}."), "terminating counts");
    cluster.release("one", bindery::Hold::Termination);
    crate::scheduler::world::wait(&mut cluster, 60);
    assert_eq!(node_of(&cluster, "two"), "n1");
}

/// A node that takes so many volumes of the driver.
fn limited(node: &str, count: i32) -> CsiNode {
    let driver =
        json!({"name": "csi.example.com", "nodeID": node, "topologyKeys": null, "allocatable": {"count": count}});
    from_json(json!({"metadata": {"name": node}, "spec": {"drivers": [driver]}}))
}

/// SCHED-51: a node has room for so many volumes of a driver; a volume that is there already counts once.
#[test]
fn a_node_takes_so_many_volumes_of_a_driver() {
    let claims = ["a", "b", "c"].map(|name| Object::from(claim(name, "1Gi", "csi")));
    let objects = [node("n1").into(), limited("n1", 2).into(), csi().into()];
    let mut cluster = with(world(objects), claims);
    cluster = with(cluster, [pod("one", &["a"]).into()]);
    cluster = with(cluster, [pod("two", &["a", "b"]).into()]);
    assert_eq!(node_of(&cluster, "two"), "n1", "two volumes in all");
    cluster = with(cluster, [pod("three", &["c"]).into()]);
    assert_eq!(complaint(&cluster, "three"), "0/1 nodes are available: 1 node(s) exceed max volume count.");
    let verdict = cluster.try_schedule(&pod_key("three")).unwrap();
    assert_eq!(verdict.nodes[0].rejection.as_ref().map(|found| found.plugin), Some(Plugin::NodeVolumeLimits));
    cluster = with(cluster, [pod("four", &["a"]).into()]);
    assert_eq!(node_of(&cluster, "four"), "n1", "what is there already takes no room");
    cluster.delete(&pod_key("two")).unwrap();
    crate::scheduler::world::wait(&mut cluster, 60);
    assert_eq!(node_of(&cluster, "three"), "n1");
}

/// SCHED-51: what is still attached takes room, also after its pod is gone (`getNodeVolumeAttachmentInfo`), and even a
/// pod that wants the same volume needs room besides.
#[test]
fn a_volume_that_is_still_attached_takes_room() {
    let claims = ["a", "b"].map(|name| Object::from(claim(name, "1Gi", "csi")));
    let mut cluster = with(world([node("n1").into(), limited("n1", 1).into(), csi().into()]), claims);
    cluster = with(cluster, [pod("one", &["a"]).into()]);
    assert_eq!(node_of(&cluster, "one"), "n1");
    cluster.fail_node("n1").unwrap();
    cluster.delete_with(&pod_key("one"), &DeleteOptions::default().grace_period(0)).unwrap();
    cluster.settle().unwrap();
    assert_eq!(cluster.node("n1").unwrap().status.volumes_attached.len(), 1, "the kubelet is silent");
    for (name, data) in [("two", "b"), ("again", "a")] {
        cluster = with(cluster, [pod(name, &[data]).into()]);
        let full = "0/1 nodes are available: 1 node(s) exceed max volume count.";
        assert_eq!(complaint(&cluster, name), full, "{name}");
    }
    cluster.delete(&pod_key("again")).unwrap();
    cluster.heal_node("n1").unwrap();
    cluster.settle().unwrap();
    assert_eq!(node_of(&cluster, "two"), "n1", "it was detached");
}

/// SCHED-51: volumes count by driver and handle, and only those of drivers with a limit.
#[test]
fn volumes_count_by_driver_and_handle() {
    let of_driver = |name: &str, driver: &str, handle: &str| {
        let source = CsiVolumeSource { driver: driver.into(), volume_handle: handle.into(), ..Default::default() };
        volume(name, "1Gi").with_class("").with_source(source).reserved_for("default", name)
    };
    let names = ["same-1", "same-2", "other"];
    let volumes = [
        of_driver("same-1", "csi.example.com", "h").into(),
        of_driver("same-2", "csi.example.com", "h").into(),
        of_driver("other", "other.example.com", "h").into(),
    ];
    let mut cluster = with(bare(), [node("n1").into(), limited("n1", 1).into()]);
    cluster = with(cluster, volumes);
    cluster = with(cluster, names.map(|name| Object::from(claim(name, "1Gi", ""))));
    cluster = with(cluster, [pod("web", &names).into()]);
    assert_eq!(node_of(&cluster, "web"), "n1");
}

/// SCHED-52: a disk that is mounted for writing is used by one pod of a node; the other kinds are compared in their way.
#[test]
fn disks_are_not_shared_on_a_node() {
    let shares = |kind: &str, first: serde_json::Value, second: serde_json::Value| {
        let mut cluster = with(bare(), [node("n1").into()]);
        for (name, source) in [("one", first), ("two", second)] {
            cluster.restore(pod(name, &[]).with_source(kind, source)).unwrap();
            cluster.settle().unwrap();
        }
        let found = complaint_or_node(&cluster, "two");
        assert!(found == "n1" || found == "0/1 nodes are available: 1 node(s) had no available disk.", "{found}");
        found == "n1"
    };
    let disk = |read_only: bool| json!({"pdName": "d", "readOnly": read_only});
    assert!(!shares("gcePersistentDisk", disk(true), disk(false)));
    assert!(shares("gcePersistentDisk", disk(true), disk(true)));
    assert!(shares("gcePersistentDisk", disk(false), json!({"pdName": "e"})));
    let volume = json!({"volumeID": "v", "readOnly": true});
    assert!(!shares("awsElasticBlockStore", volume.clone(), volume));
    let target = |iqn: &str| json!({"targetPortal": "p", "iqn": iqn, "lun": 0});
    assert!(!shares("iscsi", target("a"), target("a")));
    assert!(shares("iscsi", target("a"), target("b")));
    let image = |monitors: &[&str], image: &str| json!({"monitors": monitors, "image": image});
    assert!(!shares("rbd", image(&["m1", "m2"], "i"), image(&["m2"], "i")));
    assert!(shares("rbd", image(&["m1"], "i"), image(&["m2"], "i")));
    assert!(shares("rbd", image(&["m1"], "i"), image(&["m1"], "j")));
}

fn complaint_or_node(cluster: &bindery::Cluster, pod: &str) -> String {
    match node_of(cluster, pod) {
        "" => complaint(cluster, pod),
        node => node.to_owned(),
    }
}
