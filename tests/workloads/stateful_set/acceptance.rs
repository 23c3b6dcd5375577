//! Whole stories: what people do to a set, and what has to become of it.

use bindery::{ClaimPhase, Kind};

use super::world::{World, retention, web};

/// Ten volumes of a gigabyte each.
fn volumes(policy: &str) -> String {
    let volume = |number: u32| {
        format!(
            "---\n{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: pv-{number}}}, spec: {{capacity: \
             {{storage: 1Gi}}, accessModes: [ReadWriteOnce], persistentVolumeReclaimPolicy: {policy}, hostPath: \
             {{path: /tmp/{number}}}}}}}\n"
        )
    };
    (0..10).map(volume).collect()
}

fn volume_of(world: &World, claim: &str) -> String {
    world.cluster.claim(claim).unwrap().spec.volume_name.to_string()
}

/// STS-28, STSPVC-10: pods that come back after a scale-down have their claims and volumes again.
#[test]
fn scaling_down_and_up_keeps_the_data() {
    let mut world = World::running(&(volumes("Delete") + &format!("---{}", web(3, ""))));
    let before: Vec<String> = (0..3).map(|slot| volume_of(&world, &format!("data-web-{slot}"))).collect();
    let mark = world.mark();
    world.scale(1);
    world.run_through();
    world.scale(3);
    world.run_through();
    assert_eq!(world.actions(mark), ["delete web-2", "delete web-1", "create web-1", "create web-2"]);
    let after: Vec<String> = (0..3).map(|slot| volume_of(&world, &format!("data-web-{slot}"))).collect();
    assert_eq!((after, before.iter().any(String::is_empty)), (before.clone(), false));
}

/// STS-34, STS-35: a deleted set leaves its claims bound, and one that comes back finds them.
#[test]
fn deleting_and_making_the_set_again_keeps_the_data() {
    let manifest = volumes("Delete") + &format!("---{}", web(2, ""));
    let mut world = World::running(&manifest);
    let before = volume_of(&world, "data-web-1");
    world.delete(Kind::StatefulSet, "web");
    world.run_through();
    assert!(world.pods().is_empty() && world.names(Kind::ControllerRevision).is_empty());
    assert!(world.cluster.claims().all(|claim| claim.status.phase == ClaimPhase::Bound));
    let mark = world.mark();
    world.apply(&web(2, ""));
    world.run_through();
    assert_eq!(world.actions(mark), ["create web-0", "create web-1"]);
    assert_eq!(volume_of(&world, "data-web-1"), before);
}

/// STSPVC-20, PROT-15: with the pod goes the claim, and the volume the way its policy says.
#[test]
fn scaling_down_for_good_frees_the_volume() {
    let mut world = World::running(&(volumes("Delete") + &format!("---{}", web(3, &retention("Retain", "Delete")))));
    let volume = volume_of(&world, "data-web-2");
    world.scale(2);
    world.run();
    assert_eq!(world.owners("data-web-2"), ["Pod/web-2"]);
    assert!(!world.cluster.claim("data-web-2").unwrap().metadata.is_deleting());
    world.run_through();
    assert_eq!(world.claims(), ["data-web-0", "data-web-1"]);
    assert!(world.cluster.volume(&volume).is_none());
}

/// STSPVC-25: a pod that comes back quickly waits until its old claim is gone, and gets a new volume.
#[test]
fn a_quick_change_of_mind_loses_the_data() {
    let mut world = World::running(&(volumes("Delete") + &format!("---{}", web(3, &retention("Retain", "Delete")))));
    let (uid, volume) =
        (world.cluster.claim("data-web-2").unwrap().metadata.uid.clone(), volume_of(&world, "data-web-2"));
    world.scale(2);
    world.run();
    world.scale(3);
    world.run();
    assert_eq!(world.pods(), ["-web-2", "web-0", "web-1"]);
    world.run_through();
    assert_eq!(world.pods(), ["web-0", "web-1", "web-2"]);
    assert_ne!(world.cluster.claim("data-web-2").unwrap().metadata.uid, uid);
    assert_ne!(volume_of(&world, "data-web-2"), volume);
}

/// STSPVC-23: a policy that is set after a scale-down does not reach the claims that are left from it.
#[test]
fn a_late_policy_reaches_no_old_claims() {
    let mut world = World::running(&web(3, ""));
    world.scale(1);
    world.run_through();
    world.patch(r#"{"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}}"#);
    world.run();
    world.delete(Kind::StatefulSet, "web");
    world.run_through();
    assert_eq!(world.claims(), ["data-web-1", "data-web-2"]);
}

/// PROT-3, STSPVC-11, ND-8: a claim that is deleted under a running pod goes with it, and a new one comes.
#[test]
fn a_deleted_claim_goes_with_its_pod() {
    let mut world = World::running(&(volumes("Delete") + &format!("---{}", web(1, ""))));
    let volume = volume_of(&world, "data-web-0");
    world.delete(Kind::PersistentVolumeClaim, "data-web-0");
    world.run();
    assert_eq!((world.claims(), world.pods()), (vec!["-data-web-0".to_owned()], vec!["web-0".to_owned()]));
    let mark = world.mark();
    world.delete(Kind::Pod, "web-0");
    world.run_through();
    assert_eq!((world.claims(), world.pods()), (vec!["data-web-0".to_owned()], vec!["web-0".to_owned()]));
    assert_ne!(volume_of(&world, "data-web-0"), volume);
    // The claim was gone before anybody could complain.
    assert!(world.events(mark).iter().all(|event| event.starts_with("Normal ")));
}

/// STS-6: the templates of claims cannot be changed.
#[test]
fn claim_templates_are_immutable() {
    let mut world = World::running(&web(1, ""));
    let patch = serde_json::from_str(r#"{"spec": {"volumeClaimTemplates": []}}"#).unwrap();
    let error = world.cluster.patch(&Kind::StatefulSet.named("web"), &patch).unwrap_err().to_string();
    let text =
        "StatefulSet.apps \"web\" is invalid: spec: Forbidden: updates to statefulset spec for fields other than";
    assert!(error.starts_with(text), "{error}");
}
