//! How the API stores what it is sent (`API-*`).

use bindery::{
    ApiError, ClaimPhase, Cluster, Config, Controllers, Kind, Object, PersistentVolume, ReclaimPolicy, ResourceVersion,
    Timestamp, Verb, VolumePhase,
};

use crate::world::{
    BETA_CLASS, ClaimState, Metadata, RWO, RWX, VolumeState, bound, claim, claim_phase, class, host_path, json, object,
    patch, pv, pvc, quantity, restored, restored_into, seconds, sent, volume, volume_phase, wait, writes,
};

/// API-1: a new object is defaulted, admitted and then validated.
#[test]
fn a_new_object_is_defaulted_and_admitted_before_it_is_validated() {
    let mut cluster = Cluster::default();
    let error = cluster.create(sent("Data").with_finalizer("mine")).unwrap_err().to_string();
    let finalizer = "metadata.finalizers[0]: Invalid value: \"mine\"";
    assert!(error.contains("metadata.name: Invalid value") && error.contains(finalizer), "{error}");
    cluster.create(class("gold").as_default()).unwrap();
    let stored = cluster.create(sent("data")).unwrap().object;
    let Object::PersistentVolumeClaim(stored) = stored else { panic!("{stored}") };
    assert_eq!(stored.class_name(), "gold", "admission saw it");
    let named = |name: &str| sent(name).with_finalizer("mine");
    cluster.create(sent("taken")).unwrap();
    assert!(matches!(cluster.create(named("taken")), Err(ApiError::Invalid { .. })), "before its name is looked for");
}

/// API-1: an update is checked for a conflict, then validated, then admitted.
#[test]
fn an_update_is_a_conflict_before_it_is_wrong_and_wrong_before_it_is_forbidden() {
    let (volume, bound) = bound(volume("pv", "5Gi"), claim("data", "1Gi"));
    let mut cluster = restored([volume, bound]);
    let current = cluster.claim("data").unwrap().clone();
    let mut wrong = current.clone();
    wrong.spec.access_modes = [RWX].into();
    wrong.spec.resources.requests = [("storage", quantity("9Gi"))].into();
    let mut larger = current.clone();
    larger.spec.resources.requests = [("storage", quantity("9Gi"))].into();
    let stale = wrong.clone().at_version(1_000_000);
    assert!(matches!(cluster.replace(&pvc("data"), stale), Err(ApiError::Conflict { .. })));
    assert!(matches!(cluster.replace(&pvc("data"), wrong), Err(ApiError::Invalid { .. })));
    assert!(matches!(cluster.replace(&pvc("data"), larger), Err(ApiError::Forbidden { .. })));
}

/// API-2, FIELD-3: a new volume is pending since now, whatever it says.
#[test]
fn a_new_volume_is_pending_since_now() {
    let mut cluster = Cluster::default();
    wait(&mut cluster, seconds(60));
    let mut sent = PersistentVolume::new("pv", quantity("1Gi"), [RWO]).in_phase(VolumePhase::Bound);
    sent.status.message = "made up".into();
    cluster.create(sent).unwrap();
    let status = &cluster.volume("pv").unwrap().status;
    assert_eq!((&status.phase, status.message.as_str()), (&VolumePhase::Pending, ""));
    assert_eq!(status.last_phase_transition_time, Some(cluster.time()));
    let restored = object("{apiVersion: v1, kind: PersistentVolume, metadata: {name: empty}, status: {phase: ''}}");
    cluster.restore(restored).unwrap();
    assert_eq!(volume_phase(&cluster, "empty"), VolumePhase::Pending);
}

/// API-3, FIELD-5: a new claim is pending, whatever it says.
#[test]
fn a_new_claim_is_pending() {
    let mut cluster = Cluster::default();
    cluster.create(sent("data").bound_once(&volume("pv", "5Gi"))).unwrap();
    let status = &cluster.claim("data").unwrap().status;
    assert_eq!(status.phase, ClaimPhase::Pending);
    assert!(status.capacity.is_empty() && status.access_modes.is_empty());
    let text = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: empty}, status: {phase: ''}}";
    cluster.restore(object(text)).unwrap();
    assert_eq!(claim_phase(&cluster, "empty"), ClaimPhase::Pending);
}

/// API-4: an update of the object keeps the status, one of the status keeps the spec.
#[test]
fn object_and_status_are_written_apart() {
    let (bound_volume, bound_claim) = bound(volume("pv", "5Gi"), claim("data", "1Gi"));
    let mut cluster = restored([bound_volume, bound_claim]);
    let text = r#"{"metadata": {"labels": {"a": "b"}}, "status": {"phase": "Failed"}}"#;
    patch(&mut cluster, &pv("pv"), text).unwrap();
    patch(&mut cluster, &pvc("data"), text).unwrap();
    assert_eq!((volume_phase(&cluster, "pv"), claim_phase(&cluster, "data")), (VolumePhase::Bound, ClaimPhase::Bound));
    assert_eq!(cluster.volume("pv").unwrap().metadata.labels.len(), 1, "metadata are taken");
    let mut cluster = restored([volume("pv", "5Gi").into(), claim("data", "1Gi").into()]);
    cluster.sync(&pvc("data")).unwrap();
    let by_status = writes(&cluster, 0).into_iter().filter(|write| write.verb == Verb::UpdateStatus);
    let mut count = 0;
    for write in by_status {
        count += 1;
        match (&write.before, &write.after) {
            (Some(Object::PersistentVolume(old)), Some(Object::PersistentVolume(new))) => {
                assert_eq!(old.spec, new.spec);
            }
            (Some(Object::PersistentVolumeClaim(old)), Some(Object::PersistentVolumeClaim(new))) => {
                assert_eq!(old.spec, new.spec);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(count, 2);
}

/// API-5: the time of a volume's phase moves when the phase does, and only then.
#[test]
fn the_time_of_a_phase_moves_with_the_phase() {
    let mut cluster = Cluster::default();
    cluster.create(PersistentVolume::new("pv", quantity("1Gi"), [RWO]).with_source(host_path("/data"))).unwrap();
    let since = |cluster: &Cluster| cluster.volume("pv").unwrap().status.last_phase_transition_time.unwrap();
    cluster.settle().unwrap();
    let available = since(&cluster);
    wait(&mut cluster, seconds(60));
    patch(&mut cluster, &pv("pv"), r#"{"metadata": {"labels": {"a": "b"}}}"#).unwrap();
    cluster.settle().unwrap();
    assert_eq!(since(&cluster), available);
    cluster.create(sent("data")).unwrap();
    cluster.settle().unwrap();
    assert_eq!(since(&cluster), cluster.time());
    assert_ne!(since(&cluster), available);
}

/// API-4, API-5: a write of the status keeps the spec, and the time that it sends, if that is another one.
#[test]
fn a_status_is_written_with_the_time_that_it_says() {
    let mut cluster = restored([volume("pv", "5Gi").into()]);
    let since = |cluster: &Cluster| cluster.volume("pv").unwrap().status.last_phase_transition_time;
    wait(&mut cluster, seconds(60));
    let mut sent = cluster.volume("pv").unwrap().clone().with_class("gold").in_phase(VolumePhase::Failed);
    cluster.replace_status(&pv("pv"), sent.clone()).unwrap();
    assert_eq!((cluster.volume("pv").unwrap().class_name(), volume_phase(&cluster, "pv")), ("", VolumePhase::Failed));
    assert_eq!(since(&cluster), Some(cluster.time()));
    let other: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    sent.status.last_phase_transition_time = Some(other);
    sent.metadata.resource_version = ResourceVersion::default();
    cluster.replace_status(&pv("pv"), sent.clone().in_phase(VolumePhase::Released)).unwrap();
    assert_eq!(since(&cluster), Some(other));
    sent.status.last_phase_transition_time = None;
    cluster.replace_status(&pv("pv"), sent.in_phase(VolumePhase::Released)).unwrap();
    assert_eq!(since(&cluster), Some(other), "the phase is the same");
}

/// API-6: without a version an update applies to whatever is there; with one it must match.
#[test]
fn an_update_without_a_version_applies_to_what_is_there() {
    let objects: [Object; 3] = [volume("x", "1Gi").into(), claim("x", "1Gi").into(), class("x").into()];
    let mut cluster = restored(objects);
    for key in [pv("x"), pvc("x"), Kind::StorageClass.named("x")] {
        let mut change = |version: &str, value: &str| {
            let text = format!(r#"{{"metadata": {{"resourceVersion": {version}, "labels": {{"a": "{value}"}}}}}}"#);
            patch(&mut cluster, &key, &text)
        };
        change("null", "b").unwrap();
        assert!(matches!(change("\"1000000\"", "c"), Err(ApiError::Conflict { .. })));
    }
}

/// API-1: a PUT names the incarnation that it replaces, and that is asked for before its version; a patch changes whatever
/// is there, so that a uid in it is just wrong.
#[test]
fn a_put_replaces_the_incarnation_that_it_names() {
    let mut cluster = restored([Object::from(volume("x", "1Gi")), claim("x", "1Gi").into(), class("x").into()]);
    let keys = [
        (pv("x"), "persistentvolumes", "/registry/persistentvolumes/x"),
        (pvc("x"), "persistentvolumeclaims", "/registry/persistentvolumeclaims/default/x"),
        (Kind::StorageClass.named("x"), "storageclasses.storage.k8s.io", "/registry/storageclasses/x"),
    ];
    for (key, resource, path) in keys {
        let stored = cluster.get(&key).unwrap();
        let held = stored.metadata().uid.clone();
        let mut gone = stored.clone();
        gone.metadata_mut().uid = "gone".into();
        gone.metadata_mut().resource_version = ResourceVersion(1_000_000);
        let text = format!(
            "Operation cannot be fulfilled on {resource} \"x\": StorageError: invalid object, Code: 4, Key: {path}, \
             ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: gone, UID in object meta: {held}"
        );
        let error = cluster.replace(&key, gone.clone()).unwrap_err();
        assert!(error.is_conflict(), "{error}");
        assert_eq!(error.to_string(), text);
        let patched = patch(&mut cluster, &key, r#"{"metadata": {"uid": "gone"}}"#).unwrap_err();
        assert!(matches!(patched, ApiError::Invalid { .. }), "{patched}");
        gone.metadata_mut().uid = bindery::Uid::default();
        gone.metadata_mut().resource_version = ResourceVersion::default();
        cluster.replace(&key, gone).unwrap();
    }
}

/// The data sources of a claim that was created with these, as kinds.
fn sources(fields: &str) -> (Option<String>, Option<String>) {
    let text = format!(
        "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: data}}, spec: {{accessModes: [ReadWriteOnce], \
         resources: {{requests: {{storage: 1Gi}}}}, {fields}}}}}"
    );
    let mut cluster = Cluster::default();
    cluster.create(object(&text)).unwrap();
    let spec = &cluster.claim("data").unwrap().spec;
    let source = spec.data_source.as_ref().map(|source| source.kind.to_string());
    (source, spec.data_source_ref.as_ref().map(|source| source.kind.to_string()))
}

/// API-7: a source in another namespace is dropped, and one that the oldest releases did not know.
#[test]
fn data_sources_that_are_not_known_are_dropped() {
    let other = "{apiGroup: example.com, kind: Disk, name: a}";
    assert_eq!(sources(&format!("dataSource: {other}")), (None, None));
    let abroad = "dataSourceRef: {kind: PersistentVolumeClaim, name: a, namespace: shop}";
    assert_eq!(sources(abroad), (None, None));
}

/// API-7: of the two forms the one that is absent is filled in, on creation and when an object is read.
#[test]
fn both_forms_of_a_data_source_are_filled_in() {
    let both = |kind: &str| (Some(kind.to_owned()), Some(kind.to_owned()));
    let snapshot = "{apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: a}";
    assert_eq!(sources(&format!("dataSource: {snapshot}")), both("VolumeSnapshot"));
    assert_eq!(sources("dataSource: {kind: PersistentVolumeClaim, name: a}"), both("PersistentVolumeClaim"));
    let other = "{apiGroup: example.com, kind: Disk, name: a}";
    assert_eq!(sources(&format!("dataSourceRef: {other}")), both("Disk"));
    let mut cluster = Cluster::default();
    let text = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {dataSourceRef: {kind: \
                PersistentVolumeClaim, name: a}}}";
    cluster.restore(object(text)).unwrap();
    assert!(cluster.claim("data").unwrap().spec.data_source.is_some());
}

/// API-8: what has finalizers is marked and goes with the last of them; what has none goes at once.
#[test]
fn a_deleted_object_waits_for_its_finalizers() {
    let mut config = Config::default();
    config.controllers = Controllers::NONE;
    let held = volume("held", "1Gi").with_finalizer("a.io/b").with_finalizer("a.io/c");
    let mut cluster = restored_into(Cluster::new(config), [held.into(), volume("free", "1Gi").into()]);
    cluster.delete(&pv("free")).unwrap();
    assert!(cluster.volume("free").is_none());
    cluster.delete(&pv("held")).unwrap();
    patch(&mut cluster, &pv("held"), r#"{"metadata": {"finalizers": ["a.io/c"], "deletionTimestamp": null}}"#).unwrap();
    assert!(cluster.volume("held").unwrap().metadata.is_deleting(), "deletion cannot be taken back");
    patch(&mut cluster, &pv("held"), r#"{"metadata": {"finalizers": null}}"#).unwrap();
    assert!(cluster.volume("held").is_none());
}

/// API-9: what is taken with a warning.
#[test]
fn what_is_out_of_date_is_taken_with_a_warning() {
    let warnings = |object: Object| Cluster::default().create(object).unwrap().warnings;
    let old = PersistentVolume::new("pv", quantity("1Gi"), [RWO]);
    let old = old.with_reclaim_policy(ReclaimPolicy::Recycle).annotated(BETA_CLASS, "gold");
    let found = warnings(old.annotated("volume.beta.kubernetes.io/mount-options", "ro").into());
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().any(|warning| warning.contains("persistentVolumeReclaimPolicy")), "{found:?}");
    let mut fraction = sent("data").annotated(BETA_CLASS, "gold");
    fraction.spec.resources.requests = [("storage", quantity("1500m"))].into();
    fraction.spec.resources.limits = [("storage", quantity("1600m"))].into();
    let found = warnings(fraction.into());
    let limit = "spec.resources.limits[storage]: fractional byte value \"1600m\" is invalid, must be an integer";
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.contains(&limit.to_owned()), "{found:?}");
}

/// API-10: a volume never gets the default class.
#[test]
fn a_volume_gets_no_default_class() {
    let mut cluster = restored([class("gold").as_default().into()]);
    cluster.create(PersistentVolume::new("pv", quantity("1Gi"), [RWO])).unwrap();
    assert_eq!(cluster.volume("pv").unwrap().class_name(), "");
}

/// API-11: a single error is printed bare, several in brackets, and a text that repeats once.
#[test]
fn errors_are_printed_as_the_server_prints_them() {
    let mut cluster = Cluster::default();
    let mut bad = PersistentVolume::new("pv", quantity("1Gi"), []);
    let one = "PersistentVolume \"pv\" is invalid: spec.accessModes: Required value";
    assert_eq!(cluster.create(bad.clone()).unwrap_err().to_string(), one);
    bad.spec.persistent_volume_reclaim_policy = ReclaimPolicy::Other("Burn".into());
    let error = cluster.create(bad).unwrap_err().to_string();
    let policy = "spec.persistentVolumeReclaimPolicy: Unsupported value: \"Burn\": supported values: \"Delete\", \
                  \"Recycle\", \"Retain\"";
    assert_eq!(error, format!("PersistentVolume \"pv\" is invalid: [spec.accessModes: Required value, {policy}]"));
    let mut cluster = restored([volume("pv", "1Gi").into(), class("gold").into()]);
    let error = cluster.patch(&pv("pv"), &json(r#"{"spec": {"accessModes": null}}"#)).unwrap_err();
    assert_eq!(error.to_string(), one, "printed once");
    assert!(matches!(&error, ApiError::Invalid { errors, .. } if errors.len() == 2), "and caused twice");
    let error =
        patch(&mut cluster, &Kind::StorageClass.named("gold"), r#"{"provisioner": ""}"#).unwrap_err().to_string();
    assert!(error.starts_with("StorageClass.storage.k8s.io \"gold\" is invalid: ["), "{error}");
}
