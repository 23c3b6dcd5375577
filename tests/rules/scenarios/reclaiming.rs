//! What becomes of a volume when its claim is deleted.

use bindery::{ClaimPhase, Cluster, PersistentVolume, ReclaimPolicy, VolumePhase};

use crate::deleting::{csi, outcome};
use crate::world::{
    claim_phase, count, emitted, host_path, new_volume, patch, pv, pvc, seconds, sent, volume_phase, wait,
};

/// A claim that was bound to this volume and then deleted.
fn left(volume: PersistentVolume) -> Cluster {
    let mut cluster = Cluster::default();
    cluster.create(volume).unwrap();
    cluster.create(sent("data")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
    cluster.delete(&pvc("data")).unwrap();
    cluster.settle().unwrap();
    cluster
}

/// SCEN-14, HELP-4: a retained volume keeps the uid of its old claim, and a new claim of the name waits until somebody
/// removes the reference, or only the uid.
#[test]
fn a_retained_volume_waits_for_an_administrator() {
    for repair in [r#"{"spec": {"claimRef": null}}"#, r#"{"spec": {"claimRef": {"uid": null}}}"#] {
        let mut cluster = left(new_volume("pv", "5Gi"));
        cluster.create(sent("data")).unwrap();
        wait(&mut cluster, seconds(60));
        assert_eq!(
            (volume_phase(&cluster, "pv"), claim_phase(&cluster, "data")),
            (VolumePhase::Released, ClaimPhase::Pending)
        );
        let uid = cluster.volume("pv").unwrap().spec.claim_ref.as_ref().unwrap().uid.clone();
        assert_ne!(uid, cluster.claim("data").unwrap().metadata.uid);
        patch(&mut cluster, &pv("pv"), repair).unwrap();
        cluster.settle().unwrap();
        assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
    }
}

/// SCEN-15, RECLAIM-7: a host path outside of `/tmp` cannot be deleted: one warning, and tries that back off.
#[test]
fn a_host_path_outside_of_tmp_is_not_deleted() {
    let disk = new_volume("pv", "5Gi").with_source(host_path("/data")).with_reclaim_policy(ReclaimPolicy::Delete);
    let mut cluster = left(disk);
    let text = "host_path deleter only supports /tmp/.+ but received provided /data";
    assert_eq!(outcome(&cluster), format!("Failed: {text}"));
    wait(&mut cluster, seconds(600));
    assert_eq!(emitted(&cluster, &pv("pv")), [format!("Warning VolumeFailedDelete {text}")]);
    assert_eq!(count(&cluster, "VolumeFailedDelete"), 1);
}

/// SCEN-16, DELETE-2: NFS cannot be deleted.
#[test]
fn nfs_is_not_deleted() {
    let cluster = left(new_volume("pv", "5Gi").with_reclaim_policy(ReclaimPolicy::Delete));
    let text = "error getting deleter volume plugin for volume \"pv\": no deletable volume plugin matched";
    assert_eq!(outcome(&cluster), format!("Failed: {text}"));
}

/// SCEN-17, RECYCLE-5: CSI cannot be recycled.
#[test]
fn csi_is_not_recycled() {
    let cluster = left(new_volume("pv", "5Gi").with_source(csi()).with_reclaim_policy(ReclaimPolicy::Recycle));
    assert_eq!(outcome(&cluster), "Failed: No recycler plugin found for the volume!");
}
