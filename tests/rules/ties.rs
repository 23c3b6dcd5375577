//! Where Kubernetes leaves the order to chance: the order that is chosen, and what depends on it (`DET-*`).

use bindery::{
    AccessMode, Behaviour, ClaimPhase, Cluster, Config, Controllers, Object, PersistentVolume, Plugin, ReclaimPolicy,
    Sources, StorageClass, VolumePhase,
};

use crate::world::{
    BOUND_BY_CONTROLLER, ClaimState, Metadata, PROVISIONED_BY, ROX, RWO, RWOP, RWX, VolumeState, bound, claim,
    claim_phase, class, has_annotation, host_path, new_volume, patch, pv, pvc, quantity, restored, restored_into,
    seconds, sent, volume, volume_of, volume_phase, wait, with_plugin, writes,
};

/// The volume that a claim takes which asks for this mode.
fn taken<const N: usize>(volumes: [PersistentVolume; N], mode: AccessMode) -> String {
    let mut cluster = restored(volumes.map(Object::from));
    cluster.restore(claim("data", "1Gi").asking_for([mode])).unwrap();
    cluster.sync(&pvc("data")).unwrap();
    volume_of(&cluster, "data")
}

/// DET-1, MATCH-3: of sets of equal size the one with the earlier mode is searched first, whatever it wastes.
#[test]
fn of_sets_of_equal_size_the_one_with_the_earlier_mode_comes_first() {
    let with = |name: &str, modes: &[AccessMode]| volume(name, "1Gi").with_modes(modes.to_vec());
    let large = |volume: PersistentVolume| {
        let mut volume = volume;
        volume.spec.capacity = [("storage", quantity("900Gi"))].into();
        volume
    };
    let order = [[RWO, ROX], [RWO, RWX], [RWO, RWOP], [ROX, RWX], [ROX, RWOP], [RWX, RWOP]];
    for (index, first) in order.iter().enumerate() {
        for later in &order[index + 1..] {
            for mode in first.iter().filter(|mode| later.contains(mode)) {
                let volumes = [with("later", later), large(with("first", first))];
                assert_eq!(taken(volumes, mode.clone()), "first", "{first:?} and {later:?}");
            }
        }
    }
}

/// DET-2: of volumes of one size the one created first is taken, whatever its name.
#[test]
fn of_equal_volumes_the_one_created_first_is_taken() {
    for names in [["b", "a", "c"], ["c", "b", "a"]] {
        assert_eq!(taken(names.map(|name| volume(name, "5Gi")), RWO), names[0]);
    }
    let mut cluster = Cluster::default();
    for name in ["b", "a"] {
        cluster.create(new_volume(name, "5Gi")).unwrap();
    }
    cluster.settle().unwrap();
    cluster.create(sent("data")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(volume_of(&cluster, "data"), "b");
}

/// DET-3, MATCH-7: of volumes that are reserved for one claim the one created first is taken, whatever its size.
#[test]
fn of_reserved_volumes_the_one_created_first_is_taken() {
    let reserved = |name: &str, size: &str| volume(name, size).reserved_for("default", "data");
    assert_eq!(taken([reserved("b", "9Gi"), reserved("a", "1Gi")], RWO), "b");
    assert_eq!(taken([reserved("a", "1Gi"), reserved("b", "9Gi")], RWO), "a");
}

/// DET-6: what a sync wrote arrives after it, in the order in which it was written.
#[test]
fn the_echo_of_a_sync_comes_in_the_order_of_its_writes() {
    let mut config = Config::default();
    config.controllers = Controllers::PERSISTENT_VOLUMES;
    let mut cluster = restored_into(Cluster::new(config), [volume("pv", "5Gi").into()]);
    cluster.settle().unwrap();
    cluster.create(sent("data")).unwrap();
    let mut looked_at = Vec::new();
    while let Some(action) = cluster.step() {
        looked_at.extend(action.to_string().contains("looks at").then(|| action.object().cloned()).flatten());
    }
    assert_eq!(looked_at[..3], [pvc("data"), pv("pv"), pvc("data")]);
}

/// DET-10: uids are a counter in the form of a UUID, and time starts at a fixed instant.
#[test]
fn uids_are_counted_and_time_starts_where_the_configuration_says() {
    let mut config = Config::default();
    config.start = "2030-06-01T12:00:00Z".parse().unwrap();
    let mut cluster = Cluster::new(config);
    cluster.create(new_volume("a", "1Gi")).unwrap();
    wait(&mut cluster, seconds(90));
    cluster.create(new_volume("b", "1Gi")).unwrap();
    let metadata = |name: &str| cluster.volume(name).unwrap().metadata.clone();
    assert_eq!(metadata("a").uid, "00000000-0000-4000-8000-000000000001");
    assert_eq!(metadata("b").uid, "00000000-0000-4000-8000-000000000002");
    assert_eq!(metadata("a").creation_timestamp.unwrap().to_string(), "2030-06-01T12:00:00Z");
    assert_eq!(metadata("b").creation_timestamp.unwrap().to_string(), "2030-06-01T12:01:30Z");
}

/// DET-12: errors of maps come in the order of their keys.
#[test]
fn errors_of_maps_come_in_the_order_of_their_keys() {
    let mut odd = new_volume("pv", "1Gi").with_labels([("z z", "a"), ("b b", "a"), ("m m", "a")]);
    odd.spec.capacity = [("z", quantity("-1")), ("storage", quantity("1Gi")), ("b", quantity("-1"))].into();
    let error = Cluster::default().create(odd).unwrap_err().to_string();
    let place = |text: &str| error.find(text).unwrap_or_else(|| panic!("{text} is missing in {error}"));
    assert!(place("\"b b\"") < place("\"m m\"") && place("\"m m\"") < place("\"z z\""), "{error}");
    assert!(place("capacity[b]") < place("capacity[z]"), "{error}");
}

/// DET-20: of two claims that one volume fits, the first that is looked at gets it, and the other waits.
#[test]
fn the_claim_that_is_looked_at_first_gets_the_volume() {
    for order in [["a", "b"], ["b", "a"]] {
        let mut cluster = restored([volume("pv", "5Gi").into(), claim("a", "1Gi").into(), claim("b", "1Gi").into()]);
        for name in order {
            cluster.sync(&pvc(name)).unwrap();
        }
        cluster.settle().unwrap();
        assert_eq!(order.map(|name| volume_of(&cluster, name)), ["pv", ""]);
        assert_eq!(claim_phase(&cluster, order[1]), ClaimPhase::Pending);
    }
}

/// DET-21: a claim without a class meets a volume or the default class first, and cannot have the other afterwards.
#[test]
fn a_claim_meets_a_volume_or_the_default_class_first() {
    for volume_first in [true, false] {
        let pending = volume("pv", "5Gi").in_phase(VolumePhase::Pending);
        let objects = [class("gold").as_default().into(), pending.into(), claim("data", "1Gi").into()];
        let mut cluster = restored(objects);
        let order = if volume_first { [pv("pv"), pvc("data")] } else { [pvc("data"), pv("pv")] };
        for key in order {
            cluster.sync(&key).unwrap();
        }
        wait(&mut cluster, seconds(60));
        let (named, class) = (volume_of(&cluster, "data"), cluster.claim("data").unwrap().class_name());
        assert_eq!((named.as_str(), class), if volume_first { ("pv", "") } else { ("", "gold") });
    }
}

/// A claim for which a plugin needs 40 seconds to make a volume, and a volume that is created after so many.
fn raced(created_after: u64) -> Cluster {
    let slow = Behaviour::After(seconds(40), Box::new(Behaviour::Succeed));
    let plugin = Plugin::new("kubernetes.io/disk", Sources::All).provisions(slow, host_path("/tmp/data"));
    let class = StorageClass::new("gold", "kubernetes.io/disk");
    let objects = [class.into(), claim("data", "1Gi").with_class("gold").into()];
    let mut cluster = restored_into(with_plugin(plugin.deletes(Behaviour::Succeed)), objects);
    wait(&mut cluster, seconds(created_after));
    cluster.create(new_volume("static", "5Gi").with_class("gold")).unwrap();
    wait(&mut cluster, seconds(120));
    cluster
}

/// DET-22, VOL-10: a claim takes what it sees first; a made volume that loses is deleted, a static one stays available.
#[test]
fn a_claim_takes_the_static_or_the_made_volume_whichever_it_sees_first() {
    let cluster = raced(20);
    assert_eq!(volume_of(&cluster, "data"), "static");
    assert!(cluster.volume("pvc-uid-data").is_none());
    let made = writes(&cluster, 0)
        .iter()
        .filter_map(|write| write.object())
        .any(|object| object.metadata().name == "pvc-uid-data");
    assert!(made, "it was made and deleted again");
    let cluster = raced(60);
    assert_eq!(volume_of(&cluster, "data"), "pvc-uid-data");
    assert_eq!(volume_phase(&cluster, "static"), VolumePhase::Available);
}

/// DET-24, SCEN-25, VOL-10, VOL-11: of two volumes with a full reference the better one stays; the other is deleted if
/// it was made for the claim, and freed else.
#[test]
fn of_two_volumes_with_a_full_reference_one_stays() {
    for (provisioned, left) in [(true, None), (false, Some(VolumePhase::Available))] {
        let points = |name: &str| {
            let points =
                volume(name, "5Gi").with_reclaim_policy(ReclaimPolicy::Delete).with_source(host_path("/tmp/data"));
            let points = points.bound_to(&claim("data", "1Gi")).in_phase(VolumePhase::Pending);
            if provisioned { points.annotated(PROVISIONED_BY, "kubernetes.io/host-path") } else { points }
        };
        let mut cluster = restored([points("b").into(), points("a").into(), claim("data", "1Gi").into()]);
        cluster.settle().unwrap();
        assert_eq!(volume_of(&cluster, "data"), "b", "it was created first");
        assert_eq!(cluster.volume("a").map(|volume| volume.status.phase.clone()), left);
    }
}

/// DET-25, SCEN-20, CLAIM-22, CLAIM-24: a volume that lost its reference goes to whoever is looked at first.
#[test]
fn a_volume_that_lost_its_reference_goes_to_whoever_is_looked_at_first() {
    for old_first in [true, false] {
        let (bound_volume, bound_claim) = bound(volume("pv", "5Gi"), claim("old", "1Gi"));
        let mut cluster = restored([bound_volume, bound_claim, claim("new", "1Gi").into()]);
        cluster.settle().unwrap();
        let text = format!(
            r#"{{"metadata": {{"annotations": {{"{BOUND_BY_CONTROLLER}": null}}}}, "spec": {{"claimRef": null}}}}"#
        );
        patch(&mut cluster, &pv("pv"), &text).unwrap();
        cluster.sync(&pv("pv")).unwrap();
        assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Available);
        cluster.sync(&pvc(if old_first { "old" } else { "new" })).unwrap();
        cluster.settle().unwrap();
        let phases = (claim_phase(&cluster, "old"), claim_phase(&cluster, "new"));
        let (bound, lost) = (ClaimPhase::Bound, ClaimPhase::Lost);
        assert_eq!(phases, if old_first { (bound, ClaimPhase::Pending) } else { (lost, bound) });
        assert!(has_annotation(cluster.volume("pv").unwrap(), BOUND_BY_CONTROLLER));
    }
}
