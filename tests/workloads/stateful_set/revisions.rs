//! The revisions of a set's template (`STS-40`, `STS-35`).

use bindery::{ControllerRevision, Fault, Kind, Resource, Verb};

use super::world::{World, web};

/// The revisions of the set by their numbers, as the image in each.
fn history(world: &World) -> Vec<(i64, String)> {
    let revisions = world.cluster.objects(Kind::ControllerRevision);
    let entry = |revision: &ControllerRevision| {
        let containers =
            revision.data.get("spec").unwrap().get("template").unwrap().get("spec").unwrap().get("containers");
        let json: serde_json::Value = serde_json::to_value(containers).unwrap();
        (revision.revision, json[0]["image"].as_str().unwrap().to_owned())
    };
    let mut history: Vec<_> =
        revisions.iter().map(|object| entry(ControllerRevision::unwrap(object).unwrap())).collect();
    history.sort();
    history
}

fn numbered(entries: &[(i64, &str)]) -> Vec<(i64, String)> {
    entries.iter().map(|(number, image)| (*number, (*image).to_owned())).collect()
}

/// STS-40: a revision has the labels of the template, its hash, the annotations of the set, and the set as its owner.
#[test]
fn a_revision_records_the_template() {
    let world = World::running(&web(1, "").replace("name: web}", "name: web, annotations: {note: x}}"));
    let set = world.set();
    let name = set.status.current_revision.clone();
    let object = world.cluster.get(&Kind::ControllerRevision.named(format!("default/{name}"))).unwrap();
    let revision = ControllerRevision::unwrap(&object).unwrap();
    let hash = revision.metadata.labels.get("controller.kubernetes.io/hash").unwrap();
    assert_eq!(name, format!("web-{hash}").as_str());
    assert!(hash.len() <= 10 && hash.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte)), "{hash}");
    assert_eq!(revision.metadata.labels.get("tier").unwrap(), "db");
    assert_eq!(revision.metadata.annotations.get("note").unwrap(), "x");
    assert_eq!(revision.metadata.controller().unwrap().uid, set.metadata.uid);
    assert_eq!((revision.revision, history(&world)), (1, numbered(&[(1, "nginx:1")])));
}

/// STS-40: only another template makes a revision; an earlier one comes back with a new number.
#[test]
fn only_templates_make_revisions() {
    let mut world = World::running(&web(2, ""));
    world.scale(1);
    world.patch(r#"{"spec": {"minReadySeconds": 0, "ordinals": {"start": 1}, "updateStrategy": {"type": "OnDelete", "rollingUpdate": null}}}"#);
    world.run_through();
    assert_eq!(history(&world), numbered(&[(1, "nginx:1")]));
    world.set_image("nginx:2");
    world.run_through();
    let updated = world.set().status.update_revision.clone();
    assert_eq!(history(&world), numbered(&[(1, "nginx:1"), (2, "nginx:2")]));
    world.set_image("nginx:1");
    world.run_through();
    assert_eq!(history(&world), numbered(&[(2, "nginx:2"), (3, "nginx:1")]));
    assert_ne!(world.set().status.update_revision, updated);
}

/// STS-40: the same template has the same name in any cluster, another one another.
#[test]
fn the_name_is_a_function_of_the_template() {
    let name = |manifest: &str| World::running(manifest).set().status.update_revision.clone();
    assert_eq!(name(&web(1, "")), name(&web(3, "  podManagementPolicy: Parallel\n")));
    assert_ne!(name(&web(1, "")), name(&web(1, "").replace("nginx:1", "nginx:2")));
}

/// STS-40: of revisions that nothing refers to, the oldest go; a negative limit keeps all.
#[test]
fn old_revisions_go() {
    for (limit, kept) in [("0", vec![4]), ("2", vec![2, 3, 4]), ("-1", vec![1, 2, 3, 4])] {
        let mut world = World::running(&web(1, &format!("  revisionHistoryLimit: {limit}\n")));
        for image in ["nginx:2", "nginx:3", "nginx:4"] {
            world.set_image(image);
            world.run_through();
        }
        let numbers: Vec<i64> = history(&world).into_iter().map(|(number, _)| number).collect();
        assert_eq!(numbers, kept, "limit {limit}");
    }
}

/// STS-40: a revision from which a pod was built stays whatever the limit.
#[test]
fn a_revision_in_use_stays() {
    let mut world = World::running(&web(2, "  revisionHistoryLimit: 0\n  updateStrategy: {type: OnDelete}\n"));
    world.set_image("nginx:2");
    world.run();
    world.delete(Kind::Pod, "web-1");
    world.run_through();
    world.set_image("nginx:3");
    world.run();
    assert_eq!(history(&world), numbered(&[(1, "nginx:1"), (2, "nginx:2"), (3, "nginx:3")]));
}

/// STS-40: where the name of a revision is taken by another template, the next hash is tried, and counted.
#[test]
fn a_taken_name_raises_the_count_of_collisions() {
    let name = World::running(&web(1, "")).set().status.update_revision.clone();
    let mut world = World::new();
    world.restore(&format!(
        "{{apiVersion: apps/v1, kind: ControllerRevision, metadata: {{name: {name}}}, revision: 7, data: {{x: y}}}}"
    ));
    world.apply(&web(1, ""));
    world.run();
    let status = &world.set().status;
    assert_eq!(status.collision_count, Some(1));
    assert_ne!(status.update_revision, name);
    assert_eq!(world.names(Kind::ControllerRevision).len(), 2);
}

/// STS-35, STS-40: orphaned revisions and pods are adopted by the set that comes back, so that no pod is replaced, also
/// where another release wrote the revision in other words.
#[test]
fn orphans_of_an_earlier_set_are_not_replaced() {
    let mut world = World::running(&web(2, ""));
    let options = bindery::DeleteOptions::default().propagation(bindery::Propagation::Orphan);
    world.cluster.delete_with(&Kind::StatefulSet.named("web"), &options).unwrap();
    world.run();
    let old = world.cluster.objects(Kind::ControllerRevision).remove(0);
    let patch = r#"{"data": {"spec": {"template": {"metadata": {"creationTimestamp": null}}}}}"#;
    let mut changed = ControllerRevision::unwrap(&old).unwrap().as_ref().clone();
    world.cluster.remove(&old.reference()).unwrap();
    let json: serde_json::Value = serde_json::from_str(patch).unwrap();
    let mut data = serde_json::to_value(&changed.data).unwrap();
    data["spec"]["template"]["metadata"]["creationTimestamp"] =
        json["data"]["spec"]["template"]["metadata"]["creationTimestamp"].clone();
    changed.data = serde_json::from_value(data).unwrap();
    world.cluster.restore(changed).unwrap();
    let mark = world.mark();
    world.apply(&web(2, ""));
    world.run_through();
    assert_eq!(world.actions(mark), Vec::<String>::new());
    assert_eq!(world.names(Kind::ControllerRevision).len(), 1);
    let uid = &world.set().metadata.uid;
    let adopted = world.cluster.objects(Kind::ControllerRevision).remove(0);
    assert_eq!(adopted.metadata().controller().map(|owner| &owner.uid), Some(uid));
    assert_eq!(world.cluster.pod("web-1").unwrap().metadata.controller().map(|owner| &owner.uid), Some(uid));
}

/// STS-40, STS-21: without a revision nothing is done; the pass is tried again.
#[test]
fn without_a_revision_nothing_happens() {
    let mut world = World::new();
    world.cluster.inject(Fault::ServerError {
        verb: Verb::Create,
        kind: Kind::ControllerRevision,
        message: "no".into(),
    });
    world.apply(&web(1, ""));
    world.cluster.settle().unwrap();
    assert!(world.pods().is_empty() && world.claims().is_empty());
    assert_eq!(world.set().status.update_revision, "");
    world.advance(1);
    assert_eq!(world.pods(), ["web-0"]);
}
