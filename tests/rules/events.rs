//! Events: who gets which, and how they are counted (`EVENT-*`).

use std::time::Duration;

use bindery::{
    Actor, Behaviour, ClaimPhase, Cluster, Config, EventType, Fault, Kind, Plugin, ReclaimPolicy, Sources,
    StorageClass, Verb,
};

use crate::world::{
    BIND_COMPLETED, ClaimState, Metadata, VolumeState, bound, claim, claim_phase, class, count, delayed_class, emitted,
    host_path, new_volume, pod, pvc, restored, restored_into, seconds, sent, volume, wait,
};

/// EVENT-1: an event is about one object of one uid, says who emits it, and counts from one.
#[test]
fn an_event_is_about_one_object_and_says_who_emits_it() {
    let mut cluster = restored([claim("data", "1Gi").into()]);
    cluster.sync(&pvc("data")).unwrap();
    let events = cluster.events();
    let [record] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((&record.event.object, &*record.event.uid.to_text()), (&pvc("data"), "uid-data"));
    assert_eq!(record.event.source.as_str(), "persistentvolume-controller");
    assert_eq!((record.event.event_type, record.event.reason), (EventType::Normal, "FailedBinding"));
    assert_eq!((record.count, record.first, record.last), (1, Duration::ZERO, Duration::ZERO));
}

/// EVENT-2, DET-13: what repeats raises the count and moves the last time; another object or message is another event.
#[test]
fn what_repeats_is_counted() {
    let mut cluster = restored([claim("a", "1Gi").into(), claim("b", "1Gi").into()]);
    cluster.settle().unwrap();
    let settled = count(&cluster, "FailedBinding");
    wait(&mut cluster, seconds(600));
    let events = cluster.events();
    assert_eq!(events.len(), 2, "one for each claim");
    assert_eq!(count(&cluster, "FailedBinding"), settled + 2 * 40);
    assert!(events.iter().all(|record| (record.first, record.last) == (Duration::ZERO, seconds(600))));
    cluster.remove(&pvc("a")).unwrap();
    cluster.restore(claim("a", "1Gi").with_uid("another")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(cluster.events().len(), 3, "the new claim of the name has events of its own");
}

/// EVENT-3, DET-13: many texts of one reason stay apart, where Kubernetes folds them from the tenth on.
#[test]
fn many_texts_of_one_reason_are_not_folded() {
    let texts = (0..12).map(|number| Behaviour::Fail(format!("text {number}").into())).collect();
    let script = Behaviour::Sequence(texts, Box::new(Behaviour::Hang));
    let mut config = Config::default();
    config.plugins = vec![Plugin::new("kubernetes.io/disk", Sources::All).provisions(script, host_path("/data"))];
    let class = StorageClass::new("gold", "kubernetes.io/disk");
    let objects = [class.into(), claim("data", "1Gi").with_class("gold").into()];
    let mut cluster = restored_into(Cluster::new(config), objects);
    wait(&mut cluster, seconds(1200));
    let told = emitted(&cluster, &pvc("data"));
    assert_eq!(told.len(), 12, "{told:?}");
    assert!(told.last().unwrap().ends_with("\"gold\": text 11"), "{told:?}");
    assert!(cluster.events().iter().all(|record| record.count == 1));
}

/// EVENT-4, DET-13: an event is counted however often it comes, where Kubernetes sends 25 and then one in 300 s.
#[test]
fn events_are_not_throttled() {
    let mut cluster = restored([claim("data", "1Gi").with_class("gone").into()]);
    for _ in 0..100 {
        cluster.sync(&pvc("data")).unwrap();
    }
    assert_eq!(count(&cluster, "ProvisioningFailed"), 100);
    assert_eq!(emitted(&cluster, &pvc("data")).len(), 100);
}

/// Kind, type and reason of all events there are, but for those of a scrub pod.
const CATALOGUE: [(Kind, &str); 18] = [
    (Kind::PersistentVolumeClaim, "Normal FailedBinding"),
    (Kind::PersistentVolumeClaim, "Warning FailedBinding"),
    (Kind::PersistentVolumeClaim, "Normal WaitForFirstConsumer"),
    (Kind::PersistentVolumeClaim, "Normal WaitForPodScheduled"),
    (Kind::PersistentVolumeClaim, "Warning VolumeMismatch"),
    (Kind::PersistentVolume, "Warning VolumeMismatch"),
    (Kind::PersistentVolumeClaim, "Warning ClaimLost"),
    (Kind::PersistentVolumeClaim, "Warning ClaimMisbound"),
    (Kind::PersistentVolumeClaim, "Normal ExternalProvisioning"),
    (Kind::PersistentVolumeClaim, "Warning ProvisioningFailed"),
    (Kind::PersistentVolumeClaim, "Warning ProvisioningCleanupFailed"),
    (Kind::PersistentVolumeClaim, "Normal ProvisioningSucceeded"),
    (Kind::PersistentVolume, "Warning VolumeFailedDelete"),
    (Kind::PersistentVolume, "Normal VolumeDelete"),
    (Kind::PersistentVolume, "Normal VolumeFailedRecycle"),
    (Kind::PersistentVolume, "Warning VolumeFailedRecycle"),
    (Kind::PersistentVolume, "Normal VolumeRecycled"),
    (Kind::PersistentVolume, "Warning VolumeUnknownReclaimPolicy"),
];

/// A world in which every event of the catalogue is emitted.
fn talkative() -> Cluster {
    let gone = |name: &str, policy| volume(name, "1Gi").with_reclaim_policy(policy).bound_to(&claim("gone", "1Gi"));
    let lost = |name: &str| claim(name, "9Gi").with_volume(name).annotated(BIND_COMPLETED, "yes");
    let (taken, owner) = bound(volume("taken", "1Gi"), claim("owner", "1Gi"));
    let recycle = Behaviour::Sequence(vec![Behaviour::Fail("busy".into())], Box::new(Behaviour::Succeed));
    let delete =
        Behaviour::Sequence(vec![Behaviour::InUse("mounted".into())], Box::new(Behaviour::Fail("busy".into())));
    let plugin = Plugin::new("kubernetes.io/disk", Sources::All).provisions(Behaviour::Succeed, host_path("/data"));
    let mut config = Config::default();
    config.plugins = vec![plugin.recycles(recycle).deletes(delete)];
    let objects = [
        taken,
        owner,
        class("gold").into(),
        delayed_class("delayed").into(),
        StorageClass::new("made", "kubernetes.io/disk").into(),
        pod("web", &["mounted"]).into(),
        pod("wiping", &["used"]).into(),
        claim("waits", "9Gi").into(),
        claim("late", "1Gi").with_volume("taken").into(),
        claim("delayed", "9Gi").with_class("delayed").into(),
        claim("mounted", "9Gi").with_class("delayed").into(),
        claim("mismatch", "9Gi").with_volume("small").into(),
        volume("small", "1Gi").into(),
        claim("block", "9Gi").for_block().into(),
        volume("file", "9Gi").bound_to(&claim("block", "9Gi")).into(),
        lost("lost").into(),
        lost("misbound").into(),
        volume("misbound", "1Gi").bound_to(&claim("gone", "1Gi")).into(),
        claim("outside", "9Gi").with_class("gold").into(),
        claim("inside", "9Gi").with_class("made").into(),
        gone("in-use", ReclaimPolicy::Delete).into(),
        gone("delete", ReclaimPolicy::Delete).into(),
        gone("recycle", ReclaimPolicy::Recycle).into(),
        gone("used", ReclaimPolicy::Recycle).bound_to(&claim("used", "1Gi")).into(),
        gone("odd", ReclaimPolicy::Other("Burn".into())).into(),
    ];
    let mut cluster = restored_into(Cluster::new(config), objects);
    for _ in 0..5 {
        let (verb, kind) = (Verb::Create, Kind::PersistentVolume);
        cluster.inject(Fault::ServerError { verb, kind, message: "no".into() });
    }
    wait(&mut cluster, seconds(120));
    cluster
}

/// EVENT-6: what is emitted stands in the catalogue, and all of that is emitted by something.
#[test]
fn every_event_is_one_of_the_catalogue() {
    let cluster = talkative();
    let mut seen = Vec::new();
    let events = cluster.events().into_iter();
    for record in events.filter(|record| record.event.source == Actor::PersistentVolumeController) {
        let said = format!("{} {}", record.event.event_type.as_str(), record.event.reason);
        let entry = (record.event.object.kind, said.as_str());
        assert!(CATALOGUE.contains(&entry), "{entry:?} is unknown");
        seen.push(CATALOGUE.iter().position(|known| *known == entry));
    }
    for (index, entry) in CATALOGUE.iter().enumerate() {
        assert!(seen.contains(&Some(index)), "nothing emits {entry:?}");
    }
}

/// EVENT-7: what happens in silence.
#[test]
fn what_goes_well_is_not_told() {
    let silent = |cluster: &Cluster| assert!(cluster.events().is_empty(), "{:?}", cluster.events());
    let mut cluster = Cluster::default();
    let disk = new_volume("pv", "5Gi").with_source(host_path("/tmp/data")).with_reclaim_policy(ReclaimPolicy::Delete);
    cluster.create(disk).unwrap();
    cluster.settle().unwrap();
    silent(&cluster);
    cluster.inject(Fault::Conflict { verb: Verb::Update, kind: Kind::PersistentVolumeClaim });
    cluster.create(sent("data")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
    silent(&cluster);
    cluster.delete(&pvc("data")).unwrap();
    cluster.settle().unwrap();
    assert!(cluster.volume("pv").is_none());
    silent(&cluster);
    cluster.create(sent("naming").with_volume("nowhere")).unwrap();
    cluster.settle().unwrap();
    silent(&cluster);
    let mut cluster = restored([class("gold").as_default().into(), claim("data", "1Gi").into()]);
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(cluster.claim("data").unwrap().class_name(), "gold");
    silent(&cluster);
}
