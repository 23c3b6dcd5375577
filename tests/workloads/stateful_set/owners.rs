//! Owners of claims that a set did not expect (`STSPVC-26` to `STSPVC-28`).

use super::world::{World, retention, web};

/// The owners of a claim after a set with a policy has come to it, and whether it complained.
fn settled(owner: &str, deleted: &str, scaled: &str) -> (Vec<String>, bool) {
    let mut world = World::new();
    let uid = "11111111-2222-3333-4444-555555555555";
    let manifest = web(1, &retention(deleted, scaled)).replace("name: web}", &format!("name: web, uid: {uid}}}"));
    world.restore("{apiVersion: v1, kind: ConfigMap, metadata: {name: x, uid: x}}");
    world.restore(&format!(
        "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: data-web-0, ownerReferences: [{}]}}, \
         spec: {{}}}}",
        owner.replace("UID", uid)
    ));
    // The set is there before the collector looks at the claim.
    world.restore(&manifest);
    world.run();
    let complaint = "Warning ConflictingController PersistentVolumeClaim data-web-0 has a conflicting OwnerReference \
                     that acts as a manging controller, the retention policy is ignored for this claim";
    (world.owners("data-web-0"), world.events(0).iter().any(|event| event == complaint))
}

const SET: &str = "{apiVersion: apps/v1, kind: StatefulSet, name: web, uid: UID";
const OTHER: &str = "{apiVersion: v1, kind: ConfigMap, name: x, uid: x";

/// STSPVC-28: a reference that does not manage is replaced by one that does, or removed.
#[test]
fn a_reference_that_does_not_manage_is_replaced() {
    assert_eq!(settled(&format!("{SET}}}"), "Delete", "Retain"), (vec!["StatefulSet/web".to_owned()], false));
    assert_eq!(settled(&format!("{SET}}}"), "Retain", "Retain"), (vec![], false));
}

/// STSPVC-27: with another controller the policy is given up, and says so; where it deletes nothing, nobody looks.
#[test]
fn a_foreign_controller_ends_the_policy() {
    let foreign = format!("{OTHER}, controller: true}}");
    assert_eq!(settled(&foreign, "Delete", "Retain"), (vec!["ConfigMap/x".to_owned()], true));
    assert_eq!(settled(&foreign, "Retain", "Retain"), (vec!["ConfigMap/x".to_owned()], false));
    let both = format!("{SET}}}, {foreign}");
    assert_eq!(settled(&both, "Delete", "Retain"), (vec!["ConfigMap/x".to_owned()], true));
}

/// STSPVC-27: an owner that does not manage is kept beside the set.
#[test]
fn a_foreign_owner_is_kept() {
    let owners = vec!["ConfigMap/x".to_owned(), "StatefulSet/web".to_owned()];
    assert_eq!(settled(&format!("{OTHER}}}"), "Delete", "Retain"), (owners, false));
}

/// STSPVC-26: a reference to an earlier set of this name is left alone, with a complaint where the policy deletes.
#[test]
fn a_reference_with_another_uid_is_left_alone() {
    // The other owner keeps the collector from deleting the claim; a live claim loses references to what is gone, so
    // that the stale one is seen on a claim that is being deleted only.
    let mut world = World::new();
    world.hold(&["web-0"]);
    world.apply(&web(1, &retention("Delete", "Retain")));
    world.run();
    let mark = world.mark();
    let patch = r#"{"metadata": {"ownerReferences": [
        {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "old", "controller": true}]}}"#;
    let patch = serde_json::from_str(patch).unwrap();
    world.cluster.patch(&bindery::Kind::PersistentVolumeClaim.named("data-web-0"), &patch).unwrap();
    // One pass before the collector comes.
    assert!(world.pass());
    assert_eq!(world.owners("data-web-0"), ["StatefulSet/web"]);
    assert_eq!(world.cluster.claim("data-web-0").unwrap().metadata.owner_references[0].uid, "old");
    assert!(world.events(mark)[0].starts_with("Warning ConflictingController "));
}
