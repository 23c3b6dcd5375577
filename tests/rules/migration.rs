//! Annotations of migrated plugins and finalizers of in-tree volumes (`MIG-*`, `FIN-*`).

use bindery::{Fault, Kind, PersistentVolume, ReclaimPolicy, Text, Verb, VolumePhase};

use crate::world::{
    BETA_STORAGE_PROVISIONER, MIGRATED_TO, Metadata, PROVISIONED_BY, PV_CONTROLLER, STORAGE_PROVISIONER, VolumeState,
    claim, claim_phase, pv, pvc, restored, rules, seconds, volume, volume_phase, wait,
};

const EXTERNAL: &str = "external-provisioner.volume.kubernetes.io/finalizer";
const TABLE: [(&str, &str); 7] = [
    ("kubernetes.io/aws-ebs", "ebs.csi.aws.com"),
    ("kubernetes.io/gce-pd", "pd.csi.storage.gke.io"),
    ("kubernetes.io/cinder", "cinder.csi.openstack.org"),
    ("kubernetes.io/azure-disk", "disk.csi.azure.com"),
    ("kubernetes.io/azure-file", "file.csi.azure.com"),
    ("kubernetes.io/vsphere-volume", "csi.vsphere.vmware.com"),
    ("kubernetes.io/portworx-volume", "pxd.portworx.com"),
];

/// The driver that a claim with these annotations is marked with after a sync.
fn marked_claim(annotations: &[(&str, &str)]) -> Option<Text> {
    let asking = annotations.iter().fold(claim("data", "1Gi"), |claim, (key, value)| claim.annotated(key, value));
    let mut cluster = restored([asking.into()]);
    cluster.sync(&pvc("data")).unwrap();
    cluster.claim("data").unwrap().metadata.annotations.get(MIGRATED_TO).cloned()
}

/// The volume after a sync.
fn synced(volume: PersistentVolume) -> PersistentVolume {
    let mut cluster = restored([volume.into()]);
    cluster.sync(&pv("pv")).unwrap();
    cluster.volume("pv").unwrap().clone()
}

/// MIG-1, MIG-2: each migrated plugin is marked with its driver, on claims by either annotation.
#[test]
fn what_a_driver_took_over_is_marked_with_it() {
    for (plugin, driver) in TABLE {
        assert_eq!(marked_claim(&[(STORAGE_PROVISIONER, plugin)]).as_deref(), Some(driver));
        assert_eq!(marked_claim(&[(BETA_STORAGE_PROVISIONER, plugin)]).as_deref(), Some(driver));
        let marked = synced(volume("pv", "5Gi").annotated(PROVISIONED_BY, plugin));
        assert_eq!(marked.metadata.annotations.get(MIGRATED_TO).map(Text::as_str), Some(driver));
    }
}

/// MIG-1: the newer annotation of a claim hides the older, and without any of them nothing changes.
#[test]
fn the_newer_annotation_counts_and_none_changes_nothing() {
    let both = [(STORAGE_PROVISIONER, "example.com/disk"), (BETA_STORAGE_PROVISIONER, "kubernetes.io/aws-ebs")];
    assert_eq!(marked_claim(&both), None);
    assert_eq!(marked_claim(&[(MIGRATED_TO, "left.alone")]).as_deref(), Some("left.alone"));
    let unmarked = synced(volume("pv", "5Gi").annotated(MIGRATED_TO, "left.alone"));
    assert_eq!(unmarked.metadata.annotations.get(MIGRATED_TO).map(Text::as_str), Some("left.alone"));
}

/// MIG-2: a wrong driver is corrected.
#[test]
fn a_wrong_driver_is_corrected() {
    let found = marked_claim(&[(STORAGE_PROVISIONER, "kubernetes.io/cinder"), (MIGRATED_TO, "wrong")]);
    assert_eq!(found.as_deref(), Some("cinder.csi.openstack.org"));
}

/// MIG-3: the mark goes where the provisioner is no migrated one, unless it is empty.
#[test]
fn the_mark_goes_where_nothing_was_migrated() {
    let by = |driver: &str| marked_claim(&[(STORAGE_PROVISIONER, "example.com/disk"), (MIGRATED_TO, driver)]);
    assert_eq!(by("ebs.csi.aws.com"), None);
    assert_eq!(by("").as_deref(), Some(""));
    let freed = volume("pv", "5Gi").annotated(PROVISIONED_BY, "example.com/disk").annotated(MIGRATED_TO, "d");
    assert!(!synced(freed).metadata.annotations.contains_key(MIGRATED_TO));
}

/// MIG-4: one update, whose failure ends the sync with its own text, and whose result the sync goes on with.
#[test]
fn annotations_are_written_in_one_update_before_the_rest() {
    let asking = claim("data", "1Gi").annotated(STORAGE_PROVISIONER, "kubernetes.io/aws-ebs");
    let odd = volume("pv", "5Gi").annotated(PROVISIONED_BY, "kubernetes.io/aws-ebs").with_finalizer(PV_CONTROLLER);
    let mut cluster = restored([odd.into(), asking.into()]);
    let start = cluster.journal().len();
    cluster.inject(Fault::ServerError { verb: Verb::Update, kind: Kind::PersistentVolume, message: "no".into() });
    cluster.inject(Fault::ServerError { verb: Verb::Update, kind: Kind::PersistentVolumeClaim, message: "no".into() });
    let on_volume = "persistent Volume Controller can't anneal migration annotations or finalizer: no";
    assert_eq!(cluster.sync(&pv("pv")).unwrap_err().message, on_volume);
    let on_claim = "persistent Volume Controller can't anneal migration annotations: no";
    assert_eq!(cluster.sync(&pvc("data")).unwrap_err().message, on_claim);
    assert!(rules(&cluster, start).is_empty());
    cluster.sync(&pv("pv")).unwrap();
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(rules(&cluster, start), ["MIG-4", "MIG-4", "BIND-1", "BIND-2", "BIND-3", "BIND-4"]);
}

/// MIG-5: a claim of a migrated class names the driver and gets no mark.
#[test]
fn a_claim_of_a_migrated_class_gets_no_mark() {
    let migrated = bindery::StorageClass::new("gold", "kubernetes.io/aws-ebs");
    let mut cluster = restored([migrated.into(), claim("data", "1Gi").with_class("gold").into()]);
    cluster.settle().unwrap();
    let annotations = &cluster.claim("data").unwrap().metadata.annotations;
    assert_eq!(annotations.get(STORAGE_PROVISIONER).map(Text::as_str), Some("ebs.csi.aws.com"));
    assert!(!annotations.contains_key(MIGRATED_TO));
}

/// The finalizers of a volume after a sync.
fn finalizers(provisioner: Option<&str>, policy: ReclaimPolicy, held: &[&str]) -> Vec<String> {
    let odd = volume("pv", "5Gi").with_reclaim_policy(policy);
    let odd = held.iter().fold(odd, |volume, finalizer| volume.with_finalizer(finalizer));
    let odd = provisioner.into_iter().fold(odd, |volume, name| volume.annotated(PROVISIONED_BY, name));
    synced(odd).metadata.finalizers.iter().map(ToString::to_string).collect()
}

const IN_TREE: Option<&str> = Some("kubernetes.io/host-path");

/// FIN-1, FIN-3: volumes that no in-tree plugin made keep their finalizers as they are.
#[test]
fn volumes_of_others_keep_their_finalizers() {
    for policy in [ReclaimPolicy::Delete, ReclaimPolicy::Retain] {
        for provisioner in [None, Some("example.com/disk"), Some("")] {
            assert_eq!(finalizers(provisioner, policy.clone(), &[]), [""; 0]);
            let held = [PV_CONTROLLER, EXTERNAL];
            assert_eq!(finalizers(provisioner, policy.clone(), &held), held);
        }
    }
}

/// FIN-2: a migrated volume loses the finalizer of the controller and no other.
#[test]
fn a_migrated_volume_loses_the_finalizer() {
    for policy in [ReclaimPolicy::Delete, ReclaimPolicy::Retain] {
        let found = finalizers(Some("kubernetes.io/gce-pd"), policy, &[EXTERNAL, PV_CONTROLLER, "a.example.com/b"]);
        assert_eq!(found, [EXTERNAL, "a.example.com/b"]);
    }
}

/// FIN-4: an in-tree volume has the finalizer if its policy is Delete, and has it not if it is another known one.
#[test]
fn an_in_tree_volume_has_the_finalizer_while_its_policy_is_delete() {
    assert_eq!(finalizers(IN_TREE, ReclaimPolicy::Delete, &[]), [PV_CONTROLLER]);
    assert_eq!(finalizers(IN_TREE, ReclaimPolicy::Delete, &[PV_CONTROLLER]), [PV_CONTROLLER]);
    assert_eq!(finalizers(IN_TREE, ReclaimPolicy::Retain, &[PV_CONTROLLER]), [""; 0]);
    assert_eq!(finalizers(IN_TREE, ReclaimPolicy::Recycle, &[PV_CONTROLLER]), [""; 0]);
    assert_eq!(finalizers(IN_TREE, ReclaimPolicy::Other("Burn".into()), &[PV_CONTROLLER]), [PV_CONTROLLER]);
    assert_eq!(finalizers(IN_TREE, ReclaimPolicy::Other("Burn".into()), &[]), [""; 0]);
}

/// FIN-5: an in-tree volume loses the finalizer of external provisioners.
#[test]
fn an_in_tree_volume_loses_the_finalizer_of_external_provisioners() {
    assert_eq!(finalizers(IN_TREE, ReclaimPolicy::Retain, &[EXTERNAL]), [""; 0]);
    assert_eq!(finalizers(IN_TREE, ReclaimPolicy::Delete, &[EXTERNAL]), [PV_CONTROLLER]);
}

/// FIN-6: an addition goes to the end, and a removal keeps the order of the others, in any phase.
#[test]
fn finalizers_keep_their_order() {
    let held = ["z.example.com/1", PV_CONTROLLER, "a.example.com/2"];
    assert_eq!(finalizers(IN_TREE, ReclaimPolicy::Retain, &held), [held[0], held[2]]);
    let others = [held[0], held[2]];
    assert_eq!(finalizers(IN_TREE, ReclaimPolicy::Delete, &others), [held[0], held[2], PV_CONTROLLER]);
    let bound = volume("pv", "5Gi").annotated(PROVISIONED_BY, "kubernetes.io/host-path");
    let bound = bound.with_reclaim_policy(ReclaimPolicy::Delete).in_phase(VolumePhase::Failed);
    assert!(synced(bound).metadata.has_finalizer(PV_CONTROLLER));
}

/// FIN-7: a terminating in-tree volume without the finalizer fails every sync before anything else is done.
#[test]
fn a_terminating_volume_cannot_get_the_finalizer() {
    let stuck = volume("pv", "5Gi").annotated(PROVISIONED_BY, "kubernetes.io/host-path").terminating();
    let stuck = stuck.with_reclaim_policy(ReclaimPolicy::Delete).in_phase(VolumePhase::Bound);
    let mut cluster = restored([stuck.bound_to(&claim("data", "1Gi")).into()]);
    let error = cluster.sync(&pv("pv")).unwrap_err().message;
    let expected = "persistent Volume Controller can't anneal migration annotations or finalizer: \
                    PersistentVolume \"pv\" is invalid: metadata.finalizers: Forbidden: no new finalizers can be \
                    added if the object is being deleted, found new finalizers []string{\"kubernetes.io/pv-controller\"}";
    assert_eq!(error, expected);
    wait(&mut cluster, seconds(60));
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Bound, "its claim is gone, and that is not noticed");
    cluster.restore(claim("late", "1Gi")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(claim_phase(&cluster, "late"), bindery::ClaimPhase::Pending, "and others go on");
}
