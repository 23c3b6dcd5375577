//! What kubelets check of volumes before they mount them, where no scheduler has looked.

use bindery::{Cluster, Kind};

use crate::world::{
    NFS, add, bound, complaints, csi, delete, device_user, documents, node, of_blocks, of_claim, patch, phase, pod,
    settled, times, user, wait, waits_for,
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

#[test]
fn mount_options_are_not_for_every_kind_of_volume() {
    // WL-3: checkMountOptionSupport. The older annotation is refused for such volumes when they are created.
    let options = "mountOptions: [ro]";
    let why = "Warning FailedMount MountVolume.MountOptionSupport check failed for volume \"pv-data\" : mount options are \
               not supported for this volume type";
    let host_path = "hostPath: {path: /data}";
    for (volume, is_supported) in [
        (bound("data", RWO, &format!("{host_path}, {options}")), false),
        (bound("data", RWO, &format!("flexVolume: {{driver: example.com/flex}}, {options}")), false),
        (bound("data", RWO, &format!("{NFS}, {options}")), true),
        (bound("data", RWO, &format!("{}, {options}", csi("disk"))), true),
        (bound("data", RWO, &format!("awsElasticBlockStore: {{volumeID: vol-1}}, {options}")), true),
        (bound("data", RWO, host_path), true),
    ] {
        let cluster = settled(&documents([node("n1"), volume.clone(), user("web", "n1", "data")]));
        assert_eq!(phase(&cluster, "web") == "Running", is_supported, "{volume}");
        let expected: &[&str] = if is_supported { &[] } else { &[why] };
        assert_eq!(complaints(&cluster, "web"), expected, "{volume}");
    }
}

#[test]
fn a_device_that_cannot_be_mapped_is_awaited_for_ever() {
    // WL-3: FindMapperPluginBySpec finds none, of which nothing is told but that it takes long (ATTACH-4).
    for (source, is_mapped) in [
        (NFS, false),
        ("hostPath: {path: /data}", false),
        ("flexVolume: {driver: example.com/flex}", false),
        ("local: {path: /dev/sdb}", true),
        ("iscsi: {targetPortal: '10.0.0.1', iqn: 'iqn.2001-04.com.example:disk', lun: 0}", true),
        (&csi("disk"), true),
        ("awsElasticBlockStore: {volumeID: vol-1}", true),
    ] {
        let anywhere = "nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: none, operator: \
                        DoesNotExist}]}]}}";
        let volume = of_blocks(&bound("data", RWO, &format!("{source}, {anywhere}")));
        let mut cluster = settled(&documents([node("n1"), volume, device_user("web", "n1", "data")]));
        assert_eq!(phase(&cluster, "web") == "Running", is_mapped, "{source}");
        assert!(complaints(&cluster, "web").is_empty(), "{source}");
        if !is_mapped {
            assert_eq!(waits_for(&cluster, "web").unwrap(), "ContainerCreating");
            wait(&mut cluster, 300);
            let why = "Warning FailedMount Unable to attach or mount volumes: unmounted volumes=[data], unattached \
                       volumes=[], failed to process volumes=[]: context deadline exceeded";
            assert_eq!(complaints(&cluster, "web"), [why, why], "{source}");
        }
    }
}

#[test]
fn a_source_that_kubernetes_has_no_plugin_for_any_more_is_not_mounted() {
    // WL-3: AddPodToVolume of the kubelet's desired state.
    let why = |volume: &str| {
        format!(
            "Warning FailedMount Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed \
             to process volumes=[data]: failed to get Plugin from volumeSpec for volume \"{volume}\" err=no volume plugin \
             matched"
        )
    };
    for (own, pods) in [
        ("glusterfs: {endpoints: e, path: p}", "glusterfs: {endpoints: e, path: p}"),
        ("cephfs: {monitors: [m]}", "cephfs: {monitors: [m]}"),
        ("rbd: {monitors: [m], image: i}", "rbd: {monitors: [m], image: i}"),
        (
            "scaleIO: {gateway: g, system: s, secretRef: {name: s, namespace: d}, volumeName: v}",
            "scaleIO: {gateway: g, system: s, secretRef: {name: s}, volumeName: v}",
        ),
        ("quobyte: {registry: 'r:1', volume: v}", "quobyte: {registry: 'r:1', volume: v}"),
        ("storageos: {volumeName: v, volumeNamespace: d}", "storageos: {volumeName: v, volumeNamespace: d}"),
        ("flocker: {datasetName: d}", "flocker: {datasetName: d}"),
        ("photonPersistentDisk: {pdID: p}", "photonPersistentDisk: {pdID: p}"),
    ] {
        let claimed = settled(&documents([node("n1"), bound("data", RWO, own), user("web", "n1", "data")]));
        assert_eq!(phase(&claimed, "web"), "Pending", "{own}");
        assert_eq!(complaints(&claimed, "web"), [why("pv-data")], "{own}");
        let inline = settled(&documents([node("n1"), pod("web", "n1", &[("data", pods)])]));
        assert_eq!(complaints(&inline, "web"), [why("data")], "{pods}");
    }
    for source in ["vsphereVolume: {volumePath: v}", "portworxVolume: {volumeID: v}", "flexVolume: {driver: e.com/f}"] {
        let cluster = settled(&documents([node("n1"), bound("data", RWO, source), user("web", "n1", "data")]));
        assert_eq!(phase(&cluster, "web"), "Running", "{source}");
    }
}

#[test]
fn a_device_for_one_pod_is_mapped_once() {
    // ATTACH-5: GenerateMapVolumeFunc has another reason and other words.
    let single = of_blocks(&bound("data", "ReadWriteOncePod", &csi("disk")));
    let mut cluster = settled(&documents([node("n1"), single, device_user("web", "n1", "data")]));
    add(&mut cluster, &device_user("next", "n1", "data"));
    assert_eq!(
        complaints(&cluster, "next"),
        ["Warning FailedMapVolume MapVolume.SetUpDevice failed for volume \"pv-data\" : volume uses the \
          ReadWriteOncePod access mode and is already in use by another pod"]
    );
    delete(&mut cluster, Kind::Pod, "web");
    assert_eq!(phase(&cluster, "next"), "Running");
}

#[test]
fn all_volumes_that_are_not_mounted_are_named_where_one_is_refused() {
    // ATTACH-4, WL-3: WaitForAttachAndMount.
    let mut cluster =
        settled(&documents([node("n1"), node("n2"), bound("data", RWO, &csi("disk")), bound("ok", RWO, NFS)]));
    add(&mut cluster, &user("web", "n1", "data"));
    let volumes = ["none", "data", "ok"].map(|name| (name, of_claim(name)));
    let mut volumes: Vec<(&str, &str)> = volumes.iter().map(|(name, source)| (*name, source.as_str())).collect();
    volumes.push(("cfg", "configMap: {name: absent}"));
    add(&mut cluster, &pod("next", "n2", &volumes));
    assert_eq!(
        complaints(&cluster, "next")[1..],
        [
            "Warning FailedMount Unable to attach or mount volumes: unmounted volumes=[cfg data none], unattached \
             volumes=[data], failed to process volumes=[none]: error processing PVC default/none: failed to fetch PVC from \
             API server: persistentvolumeclaims \"none\" not found",
            "Warning FailedMount MountVolume.SetUp failed for volume \"cfg\" : configmap \"absent\" not found",
        ]
    );
}
