//! What kubelets check of volumes before they mount them, where no scheduler has looked.

use bindery::{Cluster, Kind};

use crate::world::{
    add, bound, complaints, csi, delete, device_user, documents, node, of_blocks, patch, phase, settled, times, user,
    wait, waits_for,
};

const RWO: &str = "ReadWriteOnce";

/// Two nodes, and a claim on a volume that is only on the first of them.
fn confined(source: &str, is_block: bool) -> Cluster {
    let affinity = "nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: In, values: \
                    [here]}]}]}}";
    let data = bound("data", RWO, &format!("{source}, {affinity}"));
    let here = node("n1").replace("name: n1", "name: n1, labels: {disk: here}");
    settled(&documents([here, node("n2"), if is_block { of_blocks(&data) } else { data }]))
}

#[test]
fn a_volume_is_not_mounted_on_a_node_where_it_is_not() {
    // WL-3, SCHED-48: checkNodeAffinity in the kubelet's operation_generator.go.
    for source in ["local: {path: /disks/1}", &csi("disk")] {
        let mut cluster = confined(source, false);
        add(&mut cluster, &documents([user("web", "n1", "data"), user("lost", "n2", "data")]));
        assert_eq!(phase(&cluster, "web"), "Running", "{source}");
        delete(&mut cluster, Kind::Pod, "web");
        assert_eq!(phase(&cluster, "lost"), "Pending", "{source}");
        assert_eq!(waits_for(&cluster, "lost").unwrap(), "ContainerCreating");
        let why = "MountVolume.NodeAffinity check failed for volume \"pv-data\" : no matching NodeSelectorTerms";
        assert_eq!(complaints(&cluster, "lost").last().unwrap(), &format!("Warning FailedMount {why}"), "{source}");
    }
}

#[test]
fn a_device_is_not_mapped_on_a_node_where_it_is_not() {
    // WL-3: GenerateMapVolumeFunc; the reason is that of mounts.
    let mut cluster = confined("local: {path: /dev/sdb}", true);
    add(&mut cluster, &device_user("lost", "n2", "data"));
    assert_eq!(phase(&cluster, "lost"), "Pending");
    let why = "MapVolume.NodeAffinity check failed for volume \"pv-data\" : no matching NodeSelectorTerms";
    assert_eq!(complaints(&cluster, "lost"), [format!("Warning FailedMount {why}")]);
    wait(&mut cluster, 123);
    assert_eq!(times(&cluster, "lost", "FailedMount"), [0, 123]);
}

#[test]
fn a_pod_starts_when_its_node_comes_to_suit_its_volume_and_stays_when_it_does_not_any_more() {
    // WL-3, WL-4
    let mut cluster = confined("local: {path: /disks/1}", false);
    add(&mut cluster, &user("web", "n2", "data"));
    assert_eq!(phase(&cluster, "web"), "Pending");
    patch(&mut cluster, Kind::Node, "n2", r#"{"metadata": {"labels": {"disk": "here"}}}"#).unwrap();
    assert_eq!(phase(&cluster, "web"), "Running");
    let told = complaints(&cluster, "web").len();
    patch(&mut cluster, Kind::Node, "n2", r#"{"metadata": {"labels": {"disk": "gone"}}}"#).unwrap();
    wait(&mut cluster, 1000);
    assert_eq!(phase(&cluster, "web"), "Running");
    assert_eq!(complaints(&cluster, "web").len(), told);
}
