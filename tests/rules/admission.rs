//! What admission adds and forbids (`ADM-*`), and the default class (`DEFAULT-*`).

use bindery::{
    ApiError, ClaimPhase, Cluster, Fault, Kind, Object, ObjectMeta, PersistentVolume, PersistentVolumeClaim,
    StorageClass, Text, Timestamp, Verb,
};

use crate::world::{
    BETA_CLASS, BIND_COMPLETED, DEFAULT_CLASS, Metadata, NO_VOLUME, PROVISIONED_BY, PV_PROTECTION, PVC_PROTECTION, RWO,
    bound, claim, claim_phase, class, emitted, has_annotation, patch, pvc, quantity, restored, rules, run_queues,
    seconds, sent, volume, volume_of, wait, writes,
};

const EXPANSION: &str = "persistentvolumeclaims \"data\" is forbidden: only dynamically provisioned pvc can be resized and \
                         the storageclass that provisions the pvc must support resize";

/// ADM-1: what is created is protected, once.
#[test]
fn what_is_created_is_protected() {
    for given in [&[][..], &["a.io/b"], &[PV_PROTECTION, PVC_PROTECTION, "a.io/b"]] {
        let mut cluster = Cluster::default();
        let with = |mut metadata: ObjectMeta| {
            metadata.finalizers = given.iter().map(|name| Text::from(*name)).collect();
            metadata
        };
        let mut new = PersistentVolume::new("pv", quantity("1Gi"), [RWO]);
        new.metadata = with(new.metadata);
        let mut asking = sent("data");
        asking.metadata = with(asking.metadata);
        cluster.create(new).unwrap();
        cluster.create(asking).unwrap();
        for (found, own) in [
            (&cluster.volume("pv").unwrap().metadata.finalizers, PV_PROTECTION),
            (&cluster.claim("data").unwrap().metadata.finalizers, PVC_PROTECTION),
        ] {
            let mut expected: Vec<&str> = given.to_vec();
            if !expected.contains(&own) {
                expected.push(own);
            }
            assert_eq!(found.to_vec(), expected);
        }
    }
}

/// The claim of a class that is bound and asks for another size.
fn resized(class: Option<StorageClass>, volume: PersistentVolume, size: &str) -> Result<Cluster, ApiError> {
    let name = class.as_ref().map(|class| class.metadata.name.clone());
    let asking = name.map_or(claim("data", "2Gi"), |name| claim("data", "2Gi").with_class(name));
    let (volume, asking) = bound(volume, asking);
    let mut cluster = restored([volume, asking]);
    class.map(|class| cluster.restore(class).unwrap());
    cluster.settle().unwrap();
    let change = format!(r#"{{"spec": {{"resources": {{"requests": {{"storage": "{size}"}}}}}}}}"#);
    patch(&mut cluster, &pvc("data"), &change)?;
    cluster.settle().unwrap();
    Ok(cluster)
}

fn expandable() -> StorageClass {
    let mut class = class("gold");
    class.allow_volume_expansion = Some(true);
    class
}

/// ADM-2: a request that does not grow needs no class that lets it.
#[test]
fn a_request_that_does_not_grow_is_allowed() {
    let mut held = volume("pv", "5Gi");
    held.spec.capacity = [("storage", quantity("1Gi"))].into();
    assert!(resized(None, held.clone(), "1500Mi").is_ok());
    assert!(resized(None, held, "2Gi").is_ok());
}

/// ADM-3, SCEN-24: a claim that is not bound cannot grow: validation says so before admission could.
#[test]
fn a_claim_that_is_not_bound_does_not_grow() {
    let mut cluster = restored([expandable().into(), claim("data", "1Gi").with_class("gold").into()]);
    let change = r#"{"spec": {"resources": {"requests": {"storage": "9Gi"}}}}"#;
    assert!(matches!(patch(&mut cluster, &pvc("data"), change), Err(ApiError::Invalid { .. })));
}

/// ADM-4, SCEN-24: a claim grows only if its class exists and says so.
#[test]
fn a_claim_grows_only_if_its_class_lets_it() {
    let grown = |class: Option<StorageClass>| resized(class, volume("pv", "5Gi"), "9Gi").map(|_| ());
    let forbidden = |answer: Result<(), ApiError>| answer.unwrap_err().to_string();
    assert_eq!(grown(Some(expandable())), Ok(()));
    assert_eq!(forbidden(grown(None)), EXPANSION, "no class");
    assert_eq!(forbidden(grown(Some(class("gold")))), EXPANSION, "says nothing");
    let mut refuses = expandable();
    refuses.allow_volume_expansion = Some(false);
    assert_eq!(forbidden(grown(Some(refuses))), EXPANSION);
    let (volume, asking) = bound(volume("pv", "5Gi"), claim("data", "2Gi").with_class("gone"));
    let mut cluster = restored([volume, asking]);
    let change = r#"{"spec": {"resources": {"requests": {"storage": "9Gi"}}}}"#;
    assert_eq!(forbidden(patch(&mut cluster, &pvc("data"), change)), EXPANSION, "the class does not exist");
}

/// ADM-5, ADM-6: nobody asks whether the volume was provisioned, and the controller does nothing about the new size.
#[test]
fn a_larger_request_leaves_the_binding_alone() {
    let mut cluster = resized(Some(expandable()), volume("pv", "5Gi"), "900Gi").unwrap();
    assert!(!has_annotation(cluster.volume("pv").unwrap(), PROVISIONED_BY));
    wait(&mut cluster, seconds(60));
    let held = cluster.claim("data").unwrap();
    assert_eq!((&held.status.phase, held.spec.volume_name.as_str()), (&ClaimPhase::Bound, "pv"));
    assert_eq!(held.status.capacity.get("storage"), Some(&quantity("5Gi")));
    let said: Vec<String> = cluster.events().iter().map(|record| record.event.to_string()).collect();
    assert_eq!(said, ["Normal ExternalExpanding waiting for an external controller to expand this PVC"]);
}

/// The class that a new claim has after its creation.
fn admitted(cluster: &mut Cluster, claim: PersistentVolumeClaim) -> Option<Text> {
    let name = claim.metadata.name.clone();
    cluster.create(claim).unwrap();
    cluster.claim(&name).unwrap().spec.storage_class_name.clone()
}

/// DEFAULT-1, HELP-2: a new claim that says nothing of a class gets the default, and no other does.
#[test]
fn a_new_claim_without_a_class_gets_the_default() {
    let mut cluster = Cluster::default();
    assert_eq!(admitted(&mut cluster, sent("early")), None);
    cluster.create(class("gold").as_default()).unwrap();
    assert_eq!(admitted(&mut cluster, sent("data")).as_deref(), Some("gold"));
    assert_eq!(admitted(&mut cluster, sent("empty").with_class("")).as_deref(), Some(""));
    assert_eq!(admitted(&mut cluster, sent("other").with_class("silver")).as_deref(), Some("silver"));
    assert_eq!(admitted(&mut cluster, sent("old").annotated(BETA_CLASS, "silver")), None);
    assert_eq!(admitted(&mut cluster, sent("old-and-empty").annotated(BETA_CLASS, "")), None);
    patch(&mut cluster, &pvc("early"), r#"{"metadata": {"labels": {"a": "b"}}}"#).unwrap();
    assert_eq!(cluster.claim("early").unwrap().spec.storage_class_name, None, "not by an update");
}

/// DEFAULT-2: either annotation makes a class the default, if it is exactly `true`.
#[test]
fn a_default_class_is_marked_with_exactly_true() {
    let marked = |key: &str, value: &str| {
        let mut cluster = restored([class("gold").annotated(key, value).into()]);
        admitted(&mut cluster, sent("data")).is_some()
    };
    for key in [DEFAULT_CLASS, "storageclass.beta.kubernetes.io/is-default-class"] {
        assert!(marked(key, "true"));
        for value in ["True", "TRUE", "1", "yes", ""] {
            assert!(!marked(key, value), "{value}");
        }
    }
}

/// DEFAULT-3, DET-9, SCEN-23: of several defaults the newest counts, and of those made in one second the first by name.
#[test]
fn the_newest_default_class_counts_and_then_the_first_by_name() {
    let at = |name: &str, time: &str| {
        let mut class = class(name).as_default();
        class.metadata.creation_timestamp = Some(time.parse::<Timestamp>().unwrap());
        Object::from(class)
    };
    let (early, late) = ("2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z");
    let chosen = |classes: [Object; 3]| admitted(&mut restored(classes), sent("data")).unwrap().to_string();
    assert_eq!(chosen([at("b", early), at("c", late), at("a", early)]), "c");
    assert_eq!(chosen([at("c", late), at("b", late), at("a", early)]), "b");
    let mut cluster = Cluster::default();
    for name in ["b", "a", "c"] {
        cluster.create(class(name).as_default()).unwrap();
    }
    assert_eq!(admitted(&mut cluster, sent("data")).as_deref(), Some("a"), "made in the same second");
    wait(&mut cluster, seconds(1));
    cluster.create(class("z").as_default()).unwrap();
    assert_eq!(admitted(&mut cluster, sent("later")).as_deref(), Some("z"));
}

/// DEFAULT-4, SAT-3, SCEN-8: admission does not care that a claim names its volume.
#[test]
fn a_claim_that_names_its_volume_gets_the_default_class_too() {
    let mut cluster = restored([class("gold").as_default().into(), volume("pv", "5Gi").into()]);
    assert_eq!(admitted(&mut cluster, sent("data").with_volume("pv")).as_deref(), Some("gold"));
    cluster.settle().unwrap();
    let event = "Warning VolumeMismatch Cannot bind to requested volume \"pv\": storageClassName does not match";
    assert_eq!(emitted(&cluster, &pvc("data")), [event]);
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Pending);
}

/// DEFAULT-5: a claim keeps its class when the default changes.
#[test]
fn a_claim_keeps_its_class_when_the_default_changes() {
    let mut cluster = restored([class("gold").as_default().into()]);
    admitted(&mut cluster, sent("data"));
    cluster.settle().unwrap();
    let unmark = format!(r#"{{"metadata": {{"annotations": {{"{DEFAULT_CLASS}": "false"}}}}}}"#);
    patch(&mut cluster, &Kind::StorageClass.named("gold"), &unmark).unwrap();
    wait(&mut cluster, seconds(1));
    cluster.create(class("silver").as_default()).unwrap();
    wait(&mut cluster, seconds(60));
    assert_eq!(cluster.claim("data").unwrap().class_name(), "gold");
}

/// DEFAULT-6, HELP-2: which waiting claims get the default class afterwards.
#[test]
fn a_waiting_claim_without_a_class_gets_the_default_when_it_is_looked_at() {
    let class_after_sync = |asking: PersistentVolumeClaim| {
        let mut cluster = restored([class("gold").as_default().into(), asking.into()]);
        cluster.sync(&pvc("data")).unwrap();
        cluster.claim("data").unwrap().spec.storage_class_name.as_ref().map(ToString::to_string)
    };
    assert_eq!(class_after_sync(claim("data", "1Gi")).as_deref(), Some("gold"));
    assert_eq!(class_after_sync(claim("data", "1Gi").with_class("")).as_deref(), Some(""));
    assert_eq!(class_after_sync(claim("data", "1Gi").annotated(BETA_CLASS, "")), None);
    assert_eq!(class_after_sync(claim("data", "1Gi").with_volume("pv")), None, "it names its volume");
    assert_eq!(class_after_sync(claim("data", "1Gi").annotated(BIND_COMPLETED, "yes")), None, "it was bound");
}

/// DEFAULT-7: a volume that fits comes before the default class.
#[test]
fn a_volume_comes_before_the_default_class() {
    let mut cluster = restored([claim("data", "1Gi").into(), volume("pv", "5Gi").into()]);
    cluster.restore(class("gold").as_default()).unwrap();
    cluster.settle().unwrap();
    assert_eq!((volume_of(&cluster, "data").as_str(), cluster.claim("data").unwrap().class_name()), ("pv", ""));
}

/// DEFAULT-8: where the class cannot be written, the sync fails in silence.
#[test]
fn a_default_class_that_cannot_be_written_fails_the_sync() {
    let mut cluster = restored([class("gold").as_default().into(), claim("data", "1Gi").into()]);
    let kind = Kind::PersistentVolumeClaim;
    cluster.inject(Fault::ServerError { verb: Verb::Update, kind, message: "no".into() });
    let error = cluster.sync(&pvc("data")).unwrap_err().message;
    assert_eq!(error, "can't update PersistentVolumeClaim[\"default/data\"]: no");
    assert!(cluster.events().is_empty());
}

/// DEFAULT-9: without a default the sync goes on.
#[test]
fn without_a_default_class_a_claim_waits() {
    let mut cluster = restored([class("gold").into(), claim("data", "1Gi").into()]);
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(emitted(&cluster, &pvc("data")), [NO_VOLUME]);
}

/// DEFAULT-10, RUN-5, SCEN-22: a class that becomes the default is seen at the next resync, which says nothing of it.
#[test]
fn a_class_that_becomes_the_default_is_seen_at_the_next_resync() {
    let mut cluster = restored([class("gold").into(), claim("data", "1Gi").into()]);
    cluster.settle().unwrap();
    let mark = format!(r#"{{"metadata": {{"annotations": {{"{DEFAULT_CLASS}": "true"}}}}}}"#);
    patch(&mut cluster, &Kind::StorageClass.named("gold"), &mark).unwrap();
    let before = cluster.journal().len();
    run_queues(&mut cluster);
    assert!(writes(&cluster, before).is_empty(), "it queues nothing");
    cluster.settle().unwrap();
    assert_eq!(rules(&cluster, before), ["DEFAULT-6", "PROV-9"]);
    let told = emitted(&cluster, &pvc("data"));
    assert!(told.iter().skip_while(|event| *event == NO_VOLUME).all(|event| event.contains("ExternalProvisioning")));
}
