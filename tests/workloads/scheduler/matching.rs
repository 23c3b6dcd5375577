//! The volume that a claim gets on a node.

use bindery::volume_source::CsiVolumeSource;
use bindery::{AccessMode, Kind, LabelSelector, PersistentVolumeClaim, VolumeMode, VolumeSource};
use serde_json::json;

use crate::scheduler::world::{
    BOUND_BY_CONTROLLER, HOSTNAME, Labelled, NO_VOLUME, PodParts, SELECTED_NODE, VolumeParts, ZONE, bare, claim,
    complaint, csi, delayed, local, node, node_of, patch, pod, scheduler_writes, volume, volume_of, wait, with, world,
};

/// SCHED-22, SCHED-23, SCHED-34, scenario 15: the node is chosen first, then its smallest volume; size attracts no pod.
#[test]
fn the_size_of_volumes_chooses_no_node() {
    let objects = || {
        let (small, large) =
            (volume("small", "10Gi").only_where(HOSTNAME, "n1"), volume("large", "20Gi").only_where(HOSTNAME, "n2"));
        [
            node("n1").into(),
            node("n2").into(),
            local().into(),
            small.into(),
            large.into(),
            claim("data", "5Gi", "local").into(),
        ]
    };
    let forced = with(world(objects()), [pod("web", &["data"]).only_on(HOSTNAME, "n2").into()]);
    assert_eq!((node_of(&forced, "web"), volume_of(&forced, "data")), ("n2", "large"));
    let mut free = world(objects());
    free = with(free, [pod("busy", &[]).on("n1").into()]);
    free = with(free, [pod("web", &["data"]).into()]);
    assert_eq!((node_of(&free, "web"), volume_of(&free, "data")), ("n2", "large"), "n2 has fewer pods");
}

/// SCHED-22, SCHED-41, scenario 16: the smallest claim chooses, and is written, first.
#[test]
fn the_smallest_claim_chooses_first() {
    let objects = [
        node("n1").into(),
        local().into(),
        volume("ten", "10Gi").into(),
        volume("five", "5Gi").into(),
        claim("eight", "8Gi", "local").into(),
        claim("small", "5Gi", "local").into(),
        pod("web", &["eight", "small"]).into(),
    ];
    let cluster = world(objects);
    assert_eq!([volume_of(&cluster, "small"), volume_of(&cluster, "eight")], ["five", "ten"]);
    assert_eq!(scheduler_writes(&cluster, 0), ["SCHED-40 five", "SCHED-40 ten", "SCHED-47 web"]);
}

/// SCHED-23, ND-2: of the volumes that suit the smallest is taken, of equal ones the one created first.
#[test]
fn the_smallest_volume_that_suits_is_taken() {
    let mut block = volume("block", "1Gi");
    block.spec.volume_mode = VolumeMode::Block;
    let mut modes = volume("modes", "1Gi");
    modes.spec.access_modes = [AccessMode::ReadOnlyMany].into();
    let mut tuned = volume("tuned", "1Gi");
    tuned.spec.volume_attributes_class_name = Some("gold".into());
    let handle = CsiVolumeSource { driver: "csi.example.com".into(), volume_handle: "h".into(), ..Default::default() };
    tuned.spec.sources = VolumeSource::from(handle).into();
    let objects = [
        node("n1").into(),
        local().into(),
        block.into(),
        modes.into(),
        tuned.into(),
        volume("classless", "1Gi").with_class("").into(),
        volume("taken", "1Gi").reserved_for("default", "other").into(),
        volume("small", "500Mi").into(),
        volume("elsewhere", "1Gi").only_where(HOSTNAME, "n2").into(),
        volume("large", "9Gi").labelled("tier", "hot").into(),
        volume("z-first", "3Gi").labelled("tier", "hot").into(),
        volume("a-second", "3Gi").labelled("tier", "hot").into(),
        volume("unlabelled", "2Gi").into(),
        claim("data", "1Gi", "local").with_selector(LabelSelector::matching([("tier", "hot")])).into(),
        pod("web", &["data"]).into(),
    ];
    assert_eq!(volume_of(&world(objects), "data"), "z-first");
}

/// SCHED-23: volumes that are tied to the node and volumes that are not compete by size, whichever label ties them.
#[test]
fn volumes_of_the_node_and_of_all_nodes_compete_by_size() {
    let chosen = |tied: &str, zoned: &str, free: &str| {
        let objects = [
            node("n1").labelled(ZONE, "a").into(),
            local().into(),
            volume("tied", tied).only_where(HOSTNAME, "n1").into(),
            volume("zoned", zoned).only_where(ZONE, "a").into(),
            volume("free", free).into(),
            claim("data", "1Gi", "local").into(),
            pod("web", &["data"]).into(),
        ];
        volume_of(&world(objects), "data").to_owned()
    };
    assert_eq!(chosen("2Gi", "3Gi", "4Gi"), "tied");
    assert_eq!(chosen("3Gi", "2Gi", "4Gi"), "zoned");
    assert_eq!(chosen("4Gi", "3Gi", "2Gi"), "free");
}

/// SCHED-23, SCHED-40: a volume that names the claim wins over a smaller one, whatever its labels; it is written with the
/// claim's uid, and not marked as chosen by a controller.
#[test]
fn a_volume_that_names_the_claim_wins() {
    let objects = [
        node("n1").into(),
        local().into(),
        volume("smaller", "1Gi").labelled("tier", "hot").into(),
        volume("named", "9Gi").reserved_for("default", "data").into(),
        claim("data", "1Gi", "local").with_selector(LabelSelector::matching([("tier", "hot")])).into(),
    ];
    let mut config = bindery::Config::default();
    config.controllers = bindery::Controllers::NONE.with(bindery::Controller::Scheduler);
    let mut cluster = bindery::Cluster::new(config);
    for object in objects {
        let object: bindery::Object = object;
        cluster.restore(object).unwrap();
    }
    let cluster = with(cluster, [pod("web", &["data"]).into()]);
    let named = cluster.volume("named").unwrap();
    let uid = &cluster.claim("data").unwrap().metadata.uid;
    assert_eq!(&named.spec.claim_ref.as_ref().unwrap().uid, uid);
    assert!(!named.metadata.annotations.contains_key(BOUND_BY_CONTROLLER));
}

/// SCHED-40: a free volume is marked as chosen by a controller.
#[test]
fn a_free_volume_is_marked() {
    let objects = [node("n1").into(), local().into(), volume("pv", "1Gi").into(), claim("data", "1Gi", "local").into()];
    let cluster = with(world(objects), [pod("web", &["data"]).into()]);
    let chosen = cluster.volume("pv").unwrap();
    assert_eq!(chosen.metadata.annotations.get(BOUND_BY_CONTROLLER).map(AsRef::as_ref), Some("yes"));
    let reference = chosen.spec.claim_ref.as_ref().unwrap();
    assert_eq!((&*reference.kind, &*reference.api_version), ("PersistentVolumeClaim", "v1"));
}

/// SCHED-23: a volume that names the claim and cannot be used on the node leaves the claim without any.
#[test]
fn a_volume_that_names_the_claim_and_is_elsewhere_spoils_the_node() {
    let named = volume("named", "9Gi").reserved_for("default", "data").only_where(HOSTNAME, "n2");
    let objects = [
        node("n1").into(),
        local().into(),
        volume("free", "1Gi").into(),
        named.into(),
        claim("data", "1Gi", "local").into(),
    ];
    // The volume controller would bind it, wherever it is.
    let mut config = bindery::Config::default();
    config.controllers = bindery::Controllers::NONE.with(bindery::Controller::Scheduler);
    let mut cluster = bindery::Cluster::new(config);
    for object in objects {
        let object: bindery::Object = object;
        cluster.restore(object).unwrap();
    }
    let cluster = with(cluster, [pod("web", &["data"]).into()]);
    assert_eq!(complaint(&cluster, "web"), format!("0/1 nodes are available: 1 {NO_VOLUME}."));
}

/// SCHED-23, SCHED-42: a volume that names the claim and lacks its access modes is chosen, written and never bound.
#[test]
fn a_volume_that_names_the_claim_and_lacks_its_modes_ends_in_a_timeout() {
    let data: PersistentVolumeClaim = {
        let mut data = claim("data", "1Gi", "local");
        data.spec.access_modes = [AccessMode::ReadWriteMany].into();
        data
    };
    let named = volume("named", "1Gi").reserved_for("default", "data");
    let mut cluster =
        world([node("n1").into(), local().into(), named.into(), data.into(), pod("web", &["data"]).into()]);
    assert!(cluster.volume("named").unwrap().spec.claim_ref.as_ref().is_some_and(|claim| !claim.uid.is_empty()));
    wait(&mut cluster, 600);
    let text = "running PreBind plugin \"VolumeBinding\": binding volumes: context deadline exceeded";
    assert_eq!(complaint(&cluster, "web"), text);
    wait(&mut cluster, 700);
    assert_eq!(complaint(&cluster, "web"), text, "every later attempt ends the same way");
}

/// SCHED-23: only an `Available` volume is free.
#[test]
fn a_volume_that_nobody_has_looked_at_is_not_free() {
    let mut config = bindery::Config::default();
    config.controllers = bindery::Controllers::NONE.with(bindery::Controller::Scheduler);
    let objects = [node("n1").into(), local().into(), volume("pv", "1Gi").into(), claim("data", "1Gi", "local").into()];
    let cluster = with(bindery::Cluster::new(config), objects);
    let cluster = with(cluster, [pod("web", &["data"]).into()]);
    assert_eq!(complaint(&cluster, "web"), format!("0/1 nodes are available: 1 {NO_VOLUME}."));
}

/// SCHED-27, SCHED-41: one claim gets a volume that is there, the other one that is made; volumes are written first.
#[test]
fn volumes_that_are_there_and_volumes_that_are_made() {
    let objects = [
        node("n1").into(),
        csi().into(),
        volume("pv", "5Gi").with_class("csi").into(),
        claim("large", "50Gi", "csi").into(),
        claim("small", "5Gi", "csi").into(),
        pod("web", &["large", "small"]).into(),
    ];
    let cluster = world(objects);
    assert_eq!(volume_of(&cluster, "small"), "pv");
    assert!(volume_of(&cluster, "large").starts_with("pvc-"));
    assert_eq!(scheduler_writes(&cluster, 0), ["SCHED-40 pv", "SCHED-41 large", "SCHED-47 web"]);
    assert_eq!(node_of(&cluster, "web"), "n1");
}

/// SCHED-41: claims with a node come first, in the order of the pod's volumes, then the others by request.
#[test]
fn the_order_of_the_writes_for_claims() {
    let with_node = |name: &str, size: &str| {
        let mut claim = claim(name, size, "csi");
        claim.metadata.annotations = claim.metadata.annotations.with(SELECTED_NODE, "n1");
        claim
    };
    let absent = delayed("csi", "absent.example.com");
    let objects = [
        node("n1").into(),
        absent.into(),
        claim("big", "9Gi", "csi").into(),
        with_node("second", "8Gi").into(),
        claim("small", "1Gi", "csi").into(),
        with_node("first", "2Gi").into(),
    ];
    let mut cluster = with(bare(), objects);
    cluster.create(pod("web", &["big", "second", "small", "first"])).unwrap();
    let attempt = cluster.schedule(&Kind::Pod.named("default/web")).unwrap();
    let names: Vec<String> = attempt
        .reservations
        .iter()
        .map(|write| match write {
            bindery::scheduling::Reservation::Claim { claim, .. } => claim.name.to_string(),
            _ => "a volume".to_owned(),
        })
        .collect();
    assert_eq!(names, ["second", "first", "small", "big"], "those that change nothing are written too");
}

/// SCHED-46: pods that share a delayed claim. The first fixes the volume, and with it the node of the second.
#[test]
fn the_first_pod_decides_for_the_second() {
    let pinned = volume("pv", "1Gi").only_where(HOSTNAME, "n2");
    let objects =
        [node("n1").into(), node("n2").into(), local().into(), pinned.into(), claim("data", "1Gi", "local").into()];
    let mut cluster = world(objects);
    for name in ["one", "two"] {
        cluster.create(pod(name, &["data"])).unwrap();
    }
    cluster.settle().unwrap();
    assert_eq!([node_of(&cluster, "one"), node_of(&cluster, "two")], ["n2", "n2"]);
}

/// SCHED-46: while a volume is being made for the first pod, the second can go to the same node only.
#[test]
fn a_claim_with_a_selected_node_draws_the_second_pod() {
    let absent = delayed("csi", "absent.example.com");
    let objects = [node("n1").into(), node("n2").into(), absent.into(), claim("data", "1Gi", "csi").into()];
    let mut cluster = with(bare(), objects);
    cluster = with(cluster, [pod("one", &["data"]).into()]);
    cluster.create(pod("two", &["data"])).unwrap();
    let verdict = cluster.try_schedule(&Kind::Pod.named("default/two")).unwrap();
    assert_eq!(verdict.node.as_deref(), Some("n1"));
    assert_eq!(verdict.nodes.iter().filter(|node| node.rejection.is_some()).count(), 1);
}

/// SCHED-46: a pod that names a claim twice has one claim.
#[test]
fn a_claim_that_is_named_twice_counts_once() {
    let objects = [node("n1").into(), local().into(), volume("pv", "1Gi").into(), claim("data", "1Gi", "local").into()];
    let mut twice = pod("web", &["data", "data"]);
    let mut volumes = twice.spec.volumes.to_vec();
    volumes[1].name = "again".into();
    twice.spec.volumes = volumes.into();
    let cluster = with(world(objects), [twice.into()]);
    assert_eq!((node_of(&cluster, "web"), volume_of(&cluster, "data")), ("n1", "pv"));
}

/// SCHED-49: what the claim says while it waits, and for whom.
#[test]
fn the_claim_tells_for_whom_it_waits() {
    let mut cluster = world([node("n1").into(), local().into(), claim("data", "1Gi", "local").into()]);
    cluster.create(pod("web", &["data"])).unwrap();
    patch(
        &mut cluster,
        &Kind::PersistentVolumeClaim.named("default/data"),
        json!({"metadata": {"labels": {"a": "b"}}}),
    );
    cluster.settle().unwrap();
    let events = cluster.events();
    let said: Vec<String> = events
        .iter()
        .filter(|record| record.event.object.kind == Kind::PersistentVolumeClaim)
        .map(|record| record.event.to_string())
        .collect();
    assert_eq!(
        said,
        [
            "Normal WaitForFirstConsumer waiting for first consumer to be created before binding",
            "Normal WaitForPodScheduled waiting for pod web to be scheduled",
        ]
    );
}
