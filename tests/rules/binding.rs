//! Binding in four writes, and what a failure between two of them leaves behind (`BIND-*`, `CONFLICT-*`).

use std::time::Duration;

use bindery::{
    Actor, ApiError, ClaimPhase, Cluster, Fault, Kind, Object, PersistentVolume, PersistentVolumeClaim, Verb,
    VolumePhase,
};

use crate::world::{
    BIND_COMPLETED, BOUND_BY_CONTROLLER, Metadata, VolumeState, claim, claim_phase, has_annotation, patch, pv, pvc,
    restored, rules, run_queues, volume, volume_of, volume_phase, wait, writes,
};

/// A volume that fits and a claim, both looked at by nobody yet.
fn pair() -> Cluster {
    restored([volume("pv", "5Gi").into(), claim("data", "1Gi").into()])
}

fn as_volume(object: &Object) -> &PersistentVolume {
    let Object::PersistentVolume(volume) = object else { panic!("{object} is no volume") };
    volume
}

fn as_claim(object: &Object) -> &PersistentVolumeClaim {
    let Object::PersistentVolumeClaim(claim) = object else { panic!("{object} is no claim") };
    claim
}

/// BIND-1, BIND-2, BIND-3, BIND-4: four writes in this order, each of one part of one object.
#[test]
fn a_binding_is_four_writes_in_a_fixed_order() {
    let mut cluster = pair();
    let before = cluster.journal().len();
    cluster.sync(&pvc("data")).unwrap();
    let written: Vec<_> = writes(&cluster, before)
        .iter()
        .map(|write| (write.rule, write.verb, write.object().unwrap().to_string(), write.actor.clone()))
        .collect();
    let (on_volume, on_claim) = ("PersistentVolume pv".to_owned(), "PersistentVolumeClaim default/data".to_owned());
    let controller = &Actor::PersistentVolumeController;
    let expected = [
        ("BIND-1", Verb::Update, on_volume.clone(), controller.clone()),
        ("BIND-2", Verb::UpdateStatus, on_volume, controller.clone()),
        ("BIND-3", Verb::Update, on_claim.clone(), controller.clone()),
        ("BIND-4", Verb::UpdateStatus, on_claim, controller.clone()),
    ];
    assert_eq!(written, expected);
}

/// BIND-1, BIND-2: what the writes of the volume change.
#[test]
fn the_volume_gets_a_full_reference_and_then_its_phase() {
    let mut cluster = restored([volume("pv", "5Gi").into(), claim("data", "1Gi").at_version(40).into()]);
    let before = cluster.journal().len();
    cluster.sync(&pvc("data")).unwrap();
    let written = writes(&cluster, before);
    let first = as_volume(written[0].after.as_ref().unwrap());
    let reference = first.spec.claim_ref.as_ref().unwrap();
    assert_eq!((reference.kind.as_str(), reference.api_version.as_str()), ("PersistentVolumeClaim", "v1"));
    assert_eq!((reference.namespace.as_str(), reference.name.as_str()), ("default", "data"));
    assert_eq!((&*reference.uid.to_text(), reference.resource_version.as_str()), ("uid-data", "40"));
    assert_eq!(first.status.phase, VolumePhase::Available);
    let before_it = as_volume(written[0].before.as_ref().unwrap());
    assert!(before_it.spec.claim_ref.is_none(), "the state before is what was there before");
    let second = as_volume(written[1].after.as_ref().unwrap());
    assert_eq!((&second.status.phase, second.status.message.as_str()), (&VolumePhase::Bound, ""));
    assert_eq!(second.spec, first.spec);
}

/// BIND-1: a reference that differs in more than its version is replaced whole, and only then.
#[test]
fn a_reference_is_replaced_whole_or_left_alone() {
    let with_reference = |edit: &dyn Fn(&mut bindery::ObjectReference)| {
        let mut odd = volume("pv", "5Gi").bound_to(&claim("data", "1Gi"));
        let reference = odd.spec.claim_ref.as_mut().unwrap();
        reference.kind = "Odd".into();
        reference.field_path = "spec".into();
        edit(reference);
        let mut cluster = restored([odd.into(), claim("data", "1Gi").into()]);
        cluster.sync(&pvc("data")).unwrap();
        cluster.volume("pv").unwrap().spec.claim_ref.as_ref().unwrap().kind.to_string()
    };
    assert_eq!(with_reference(&|reference| reference.resource_version = "1".into()), "Odd");
    assert_eq!(with_reference(&|reference| reference.uid = "".into()), "PersistentVolumeClaim");
}

/// BIND-2: a volume that failed before loses its message.
#[test]
fn the_message_goes_when_the_volume_is_bound() {
    let mut failed = volume("pv", "5Gi").in_phase(VolumePhase::Failed).reserved_for("default", "data");
    failed.status.message = "it was on fire".into();
    let mut cluster = restored([failed.into(), claim("data", "1Gi").into()]);
    cluster.sync(&pvc("data")).unwrap();
    let bound = cluster.volume("pv").unwrap();
    assert_eq!((&bound.status.phase, bound.status.message.as_str()), (&VolumePhase::Bound, ""));
}

/// BIND-3: the name of the volume and both marks are one write; marks that exist keep their value.
#[test]
fn the_claim_gets_its_volume_and_its_marks_in_one_write() {
    let marked = claim("data", "1Gi").annotated(BOUND_BY_CONTROLLER, "mine");
    let mut cluster = restored([volume("pv", "5Gi").annotated(BOUND_BY_CONTROLLER, "").into(), marked.into()]);
    let before = cluster.journal().len();
    cluster.sync(&pvc("data")).unwrap();
    let third = as_claim(writes(&cluster, before)[2].after.as_ref().unwrap()).clone();
    assert_eq!(third.spec.volume_name, "pv");
    let value = |key: &str| third.metadata.annotations.get(key).map(ToString::to_string);
    assert_eq!(value(BIND_COMPLETED).as_deref(), Some("yes"));
    assert_eq!(value(BOUND_BY_CONTROLLER).as_deref(), Some("mine"));
    assert_eq!(third.status.phase, ClaimPhase::Pending, "the phase comes next");
    let of_volume = cluster.volume("pv").unwrap().metadata.annotations.get(BOUND_BY_CONTROLLER);
    assert_eq!(of_volume.unwrap().as_str(), "");
}

/// BIND-5, SCEN-3: which marks the objects have afterwards, by who named whom before.
#[test]
fn a_mark_says_that_a_controller_set_the_pointer() {
    let marks = |volume: PersistentVolume, asking: PersistentVolumeClaim| {
        let mut cluster = restored([volume.into(), asking.into()]);
        cluster.sync(&pvc("data")).unwrap();
        assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
        let (volume, asking) = (cluster.volume("pv").unwrap(), cluster.claim("data").unwrap());
        assert!(has_annotation(asking, BIND_COMPLETED));
        (has_annotation(volume, BOUND_BY_CONTROLLER), has_annotation(asking, BOUND_BY_CONTROLLER))
    };
    let (pv, asking) = (|| volume("pv", "5Gi"), || claim("data", "1Gi"));
    let naming = || asking().with_volume("pv");
    assert_eq!(marks(pv(), asking()), (true, true));
    assert_eq!(marks(pv().reserved_for("default", "data"), asking()), (false, true));
    assert_eq!(marks(pv().bound_to(&asking()), asking()), (false, true));
    let by_scheduler = pv().bound_to(&asking()).annotated(BOUND_BY_CONTROLLER, "yes");
    assert_eq!(marks(by_scheduler, asking()), (true, true));
    assert_eq!(marks(pv(), naming()), (true, false));
    assert_eq!(marks(pv().reserved_for("default", "data"), naming()), (false, false));
    assert_eq!(marks(pv().bound_to(&asking()), naming()), (false, false));
}

/// BIND-6: neither labels nor finalizers are touched, and nothing is said.
#[test]
fn a_binding_leaves_labels_and_finalizers_alone() {
    let mut cluster = restored([
        volume("pv", "5Gi").with_labels([("tier", "fast")]).with_finalizer("a.example.com/b").into(),
        claim("data", "1Gi").with_finalizer("c.example.com/d").into(),
    ]);
    cluster.sync(&pvc("data")).unwrap();
    let (volume, asking) = (cluster.volume("pv").unwrap(), cluster.claim("data").unwrap());
    assert_eq!(volume.metadata.labels.len(), 1);
    assert_eq!(volume.metadata.finalizers.to_vec(), ["a.example.com/b"]);
    assert!(asking.metadata.labels.is_empty());
    assert_eq!(asking.metadata.finalizers.to_vec(), ["c.example.com/d"]);
    assert!(cluster.events().is_empty());
}

/// BIND-7: the echo of the four writes is looked at and changes nothing.
#[test]
fn the_echo_of_a_binding_changes_nothing() {
    let mut cluster = restored([
        volume("pv", "5Gi").with_finalizer("kubernetes.io/pv-protection").into(),
        claim("data", "1Gi").with_finalizer("kubernetes.io/pvc-protection").into(),
    ]);
    cluster.sync(&pvc("data")).unwrap();
    let queued: Vec<_> = cluster.enabled().iter().filter_map(|action| action.object().cloned()).collect();
    assert!(queued.contains(&pv("pv")) && queued.contains(&pvc("data")), "both are queued: {queued:?}");
    let before = cluster.journal().len();
    run_queues(&mut cluster);
    cluster.settle().unwrap();
    assert_eq!(cluster.journal().len(), before);
}

/// The faults that hit each of the four writes, in order, and what the retry then writes.
const STEPS: [(Verb, Kind, &[&str], &[&str]); 4] = [
    (Verb::Update, Kind::PersistentVolume, &[], &["BIND-1", "BIND-2", "BIND-3", "BIND-4"]),
    (Verb::UpdateStatus, Kind::PersistentVolume, &["BIND-1"], &["BIND-2", "BIND-3", "BIND-4"]),
    (Verb::Update, Kind::PersistentVolumeClaim, &["BIND-1", "BIND-2"], &["BIND-3", "BIND-4"]),
    (Verb::UpdateStatus, Kind::PersistentVolumeClaim, &["BIND-1", "BIND-2", "BIND-3"], &["BIND-4"]),
];

/// CONFLICT-2, CONFLICT-3, BIND-3: after a conflict at any step the sync ends, keeps what it wrote, and the retry
/// writes the rest.
#[test]
fn a_conflict_at_any_step_keeps_what_was_written_and_the_retry_writes_the_rest() {
    for (verb, kind, written, rest) in STEPS {
        let mut cluster = pair();
        let start = cluster.journal().len();
        cluster.inject(Fault::Conflict { verb, kind });
        let error = cluster.sync(&pvc("data")).unwrap_err().message;
        let modified = "the object has been modified; please apply your changes to the latest version and try again";
        assert!(error.starts_with("Operation cannot be fulfilled on ") && error.ends_with(modified), "{error}");
        assert_eq!(rules(&cluster, start), written, "no step was repeated or undone");
        assert!(cluster.events().is_empty(), "a conflict is no event");
        assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Pending);
        let retry = cluster.journal().len();
        cluster.sync(&pvc("data")).unwrap();
        assert_eq!(rules(&cluster, retry), rest);
        assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
    }
}

/// SCEN-30, CONFLICT-3, BIND-3: a conflict on the third step, played by the running cluster.
#[test]
fn a_conflict_on_the_third_step_leaves_a_bound_volume_and_a_pending_claim() {
    let mut cluster = pair();
    cluster.inject(Fault::Conflict { verb: Verb::Update, kind: Kind::PersistentVolumeClaim });
    cluster.sync(&pvc("data")).unwrap_err();
    let bound = cluster.volume("pv").unwrap();
    assert_eq!(bound.status.phase, VolumePhase::Bound);
    assert_eq!(bound.spec.claim_ref.as_ref().unwrap().uid, "uid-data");
    assert_eq!((claim_phase(&cluster, "data"), volume_of(&cluster, "data").as_str()), (ClaimPhase::Pending, ""));
    let retry = cluster.journal().len();
    cluster.settle().unwrap();
    let by_binding: Vec<_> = rules(&cluster, retry).into_iter().filter(|rule| rule.starts_with("BIND")).collect();
    assert_eq!(by_binding, ["BIND-3", "BIND-4"]);
}

/// CONFLICT-2: a write that is refused at every step is still finished by a settled cluster.
#[test]
fn a_binding_that_is_refused_at_every_step_is_finished() {
    let mut cluster = pair();
    for (verb, kind, ..) in STEPS {
        cluster.inject(Fault::Conflict { verb, kind });
        cluster.inject(Fault::ServerError { verb, kind, message: "no".into() });
    }
    cluster.settle().unwrap();
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Bound);
}

/// CONFLICT-1: a write that is based on an old version is answered with a conflict, whoever writes.
#[test]
fn a_write_that_is_based_on_an_old_version_is_a_conflict() {
    let mut cluster = pair();
    let old = cluster.claim("data").unwrap().clone();
    patch(&mut cluster, &pvc("data"), r#"{"metadata": {"labels": {"a": "b"}}}"#).unwrap();
    let error = cluster.replace(&pvc("data"), old).unwrap_err();
    assert!(matches!(error, ApiError::Conflict { .. }));
    let text = "Operation cannot be fulfilled on persistentvolumeclaims \"data\": the object has been modified; please \
                apply your changes to the latest version and try again";
    assert_eq!(error.to_string(), text);
}

/// CONFLICT-1, CONFLICT-2: another write between two steps of a binding makes the next step a conflict, and after it
/// the rest is written.
#[test]
fn a_users_write_between_two_steps_is_a_conflict_that_heals() {
    for label_on in [pv("pv"), pvc("data")] {
        for steps_before in 1..4 {
            let mut cluster = pair();
            let start = cluster.journal().len();
            while rules(&cluster, start).iter().filter(|rule| rule.starts_with("BIND")).count() < steps_before {
                cluster.step().expect("the binding goes on");
            }
            patch(&mut cluster, &label_on, r#"{"metadata": {"labels": {"touched": "yes"}}}"#).unwrap();
            cluster.settle().unwrap();
            wait(&mut cluster, Duration::from_millis(20));
            assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
            assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Bound);
            assert!(cluster.volume("pv").unwrap().metadata.labels.len() <= 1);
            let mut written = rules(&cluster, start);
            written.retain(|rule| rule.starts_with("BIND"));
            assert_eq!(written, ["BIND-1", "BIND-2", "BIND-3", "BIND-4"], "{label_on} after {steps_before}");
        }
    }
}

/// CONFLICT-2, CACHE-4: a copy of the volume that is out of date makes the first write a conflict, and settling
/// goes on until that is healed.
#[test]
fn a_binding_from_an_old_copy_is_tried_again_when_the_cluster_settles() {
    let mut cluster = restored([volume("pv", "5Gi").into()]);
    cluster.settle().unwrap();
    cluster.create(claim("data", "1Gi")).unwrap();
    patch(&mut cluster, &pv("pv"), r#"{"metadata": {"labels": {"touched": "yes"}}}"#).unwrap();
    cluster.settle().unwrap();
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
}
