//! Edits on the side of the volume and of the class, where somebody mistyped a place or a volume is too small.

use bindery::explain::{Edit, Step};
use bindery::{AccessMode, ClaimPhase, Cluster, CsiProvisioner, PersistentVolume, PersistentVolumeClaim};

const DELAYED: &str = "
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: local}
provisioner: PROVISIONER
volumeBindingMode: WaitForFirstConsumer
TOPOLOGIES
---
apiVersion: v1
kind: Node
metadata: {name: rack-1, labels: {kubernetes.io/hostname: rack-1, topology.kubernetes.io/zone: zone-a}}
---
apiVersion: storage.k8s.io/v1
kind: CSINode
metadata: {name: rack-1}
spec: {drivers: [{name: disk.csi.example.com, nodeID: rack-1, topologyKeys: [topology.kubernetes.io/zone]}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {storageClassName: local, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers: [{name: web, image: nginx}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
";

const LOCAL_VOLUME: &str = "
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: disk, labels: {kind: fast}}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: local
  local: {path: /mnt/disk}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [HOST]}]}]}}
";

/// The edit works in the cluster that it is offered for.
fn carry_out(edit: &Edit, cluster: &mut Cluster) {
    edit.apply(cluster).expect("the API takes it");
    cluster.settle().expect("quiet");
    let claim = cluster.claim("data").expect("a claim");
    assert_eq!((claim.status.phase.clone(), &claim.spec.volume_name), (ClaimPhase::Bound, &edit.volume));
}

fn edits(cluster: &Cluster) -> Vec<Edit> {
    cluster.explain("data").expect("a claim").edits
}

#[test]
fn a_volume_that_is_too_small_can_grow() {
    let mut cluster = Cluster::default();
    let modes = [AccessMode::ReadWriteOnce];
    cluster.create(PersistentVolume::new("disk", "1Gi".parse().expect("1Gi"), modes.clone())).expect("a volume");
    let claim = PersistentVolumeClaim::new("default", "data", "2Gi".parse().expect("2Gi"), modes);
    cluster.create(claim).expect("a claim");
    cluster.settle().expect("quiet");
    let edits = edits(&cluster);
    let grown = edits.iter().find(|edit| edit.summary == "let disk have 2Gi instead of 1Gi").expect("an edit");
    assert!(grown.cautions.iter().any(|caution| caution.contains("grow that first")), "{grown:?}");
    // To ask for less is the smaller change.
    assert!(edits[0].cost < grown.cost && edits[0].summary.starts_with("ask for 1Gi"), "{edits:?}");
    carry_out(grown, &mut cluster);
}

#[test]
fn a_volume_on_a_node_that_does_not_exist_is_made_again_where_it_was_meant() {
    let world = DELAYED.replace("PROVISIONER", "kubernetes.io/no-provisioner").replace("TOPOLOGIES\n", "");
    let mut cluster = Cluster::default();
    cluster.apply_yaml(&[&*world, &LOCAL_VOLUME.replace("HOST", "rakc-1")].concat()).expect("manifests");
    cluster.settle().expect("quiet");
    let edits = edits(&cluster);
    let expected = "create disk again, usable where kubernetes.io/hostname in (rack-1)";
    let moved = edits.iter().find(|edit| edit.summary == expected).unwrap_or_else(|| panic!("{edits:#?}"));
    assert!(matches!(moved.steps[0], Step::Recreate { .. }));
    let text = cluster.explain("data").expect("a claim").to_string();
    assert!(text.contains("The volume must be deleted and created again"), "{text}");
    carry_out(moved, &mut cluster);
    assert_eq!(cluster.volume("disk").expect("a volume").metadata.labels.get("kind").map(AsRef::as_ref), Some("fast"));
}

#[test]
fn a_volume_on_another_node_that_exists_is_where_it_was_meant_to_be() {
    let world = DELAYED.replace("PROVISIONER", "kubernetes.io/no-provisioner").replace("TOPOLOGIES\n", "");
    let world =
        world.replace("spec:\n  containers", "spec:\n  nodeSelector: {kubernetes.io/hostname: rack-1}\n  containers");
    let other = "---\napiVersion: v1\nkind: Node\nmetadata: {name: rack-2, labels: {kubernetes.io/hostname: rack-2}}\n";
    let mut cluster = Cluster::default();
    cluster.apply_yaml(&[&*world, other, &LOCAL_VOLUME.replace("HOST", "rack-2")].concat()).expect("manifests");
    cluster.settle().expect("quiet");
    assert!(edits(&cluster).iter().all(|edit| !edit.summary.contains("again, usable")), "{:#?}", edits(&cluster));
}

#[test]
fn a_topology_that_no_node_has_is_put_right_in_the_class() {
    let topologies =
        "allowedTopologies: [{matchLabelExpressions: [{key: topology.kubernetes.io/zone, values: [zone_a]}]}]";
    let world = DELAYED.replace("PROVISIONER", "disk.csi.example.com").replace("TOPOLOGIES", topologies);
    let mut driver = CsiProvisioner::new("disk.csi.example.com");
    driver.topology_keys = vec!["topology.kubernetes.io/zone".into()];
    let mut cluster = Cluster::default();
    cluster.set_driver(Box::new(driver));
    cluster.apply_yaml(&world).expect("manifests");
    cluster.settle().expect("quiet");
    let edits = edits(&cluster);
    let expected = "let class local allow topology.kubernetes.io/zone=zone-a instead of zone_a";
    let allowed = edits.iter().find(|edit| edit.summary == expected).unwrap_or_else(|| panic!("{edits:#?}"));
    allowed.apply(&mut cluster).expect("the API takes it");
    cluster.settle().expect("quiet");
    assert_eq!(cluster.claim("data").expect("a claim").status.phase, ClaimPhase::Bound);
}
