//! Deleting what stands behind a released volume (`DELETE-*`).

use bindery::volume_source::CsiVolumeSource;
use bindery::{Behaviour, Cluster, Fault, Kind, PersistentVolume, Plugin, ReclaimPolicy, Sources, Verb, VolumeSource};

use crate::world::{
    MIGRATED_TO, Metadata, PROVISIONED_BY, PV_CONTROLLER, PV_PROTECTION, emitted, host_path, patch, pv, released,
    restored, restored_into, rules, seconds, step_to, wait, with_plugin,
};

/// A plugin for everything that deletes like this.
fn deleting(behaviour: Behaviour) -> Plugin {
    Plugin::new("kubernetes.io/disk", Sources::All).deletes(behaviour)
}

pub(crate) fn fails(message: &str) -> Behaviour {
    Behaviour::Fail(message.into())
}

/// First like the one, then always like the other.
pub(crate) fn then(first: Behaviour, later: Behaviour) -> Behaviour {
    Behaviour::Sequence(vec![first], Box::new(later))
}

pub(crate) fn csi() -> VolumeSource {
    let source = CsiVolumeSource { driver: "csi.example.com".into(), volume_handle: "v1".into(), ..Default::default() };
    source.into()
}

fn released_for_deletion() -> PersistentVolume {
    released(ReclaimPolicy::Delete)
}

/// What became of a volume: `gone`, its phase, or its phase and message.
pub(crate) fn outcome(cluster: &Cluster) -> String {
    let Some(volume) = cluster.volume("pv") else {
        return "gone".to_owned();
    };
    let status = &volume.status;
    if status.message.is_empty() { status.phase.to_string() } else { format!("{}: {}", status.phase, status.message) }
}

/// What becomes of a volume in a stock cluster.
fn settled(volume: PersistentVolume) -> String {
    let mut cluster = restored([volume.into()]);
    cluster.settle().unwrap();
    outcome(&cluster)
}

/// DELETE-1: first the provisioner by name, of which an external one is left alone.
#[test]
fn the_provisioner_of_a_volume_is_asked_first() {
    let by = |name: &str, source: VolumeSource| {
        settled(released_for_deletion().annotated(PROVISIONED_BY, name).with_source(source))
    };
    let nfs = || PersistentVolume::new("x", "1Gi".parse().unwrap(), []).spec.sources.iter().next().unwrap().clone();
    assert_eq!(by("kubernetes.io/host-path", host_path("/tmp/data")), "gone");
    assert_eq!(by("example.com/disk", host_path("/tmp/data")), "Released", "external");
    assert_eq!(
        by("kubernetes.io/gone", host_path("/tmp/data")),
        "Failed: no volume plugin matched name: kubernetes.io/gone"
    );
    assert_eq!(by("kubernetes.io/nfs", host_path("/tmp/data")), "Failed: no deletable volume plugin matched");
    assert_eq!(by("", host_path("/tmp/data")), "gone", "an empty name is none");
    assert!(by("", nfs()).starts_with("Failed: error getting deleter volume plugin for volume \"pv\": "));
}

/// DELETE-1, DELETE-3: then the mark of migration, then CSI, both of which others delete.
#[test]
fn migrated_and_csi_volumes_are_deleted_by_others() {
    for left in [released_for_deletion().annotated(MIGRATED_TO, ""), released_for_deletion().with_source(csi())] {
        let mut cluster = restored_into(with_plugin(deleting(Behaviour::Succeed)), [left.into()]);
        wait(&mut cluster, seconds(60));
        assert_eq!(outcome(&cluster), "Released");
        assert!(cluster.events().is_empty());
    }
}

/// DELETE-1, PLUG-2: last the source.
#[test]
fn the_source_of_a_volume_is_asked_last() {
    let error = "Failed: error getting deleter volume plugin for volume \"pv\": ";
    assert_eq!(settled(released_for_deletion()), format!("{error}no deletable volume plugin matched"));
    assert_eq!(settled(released_for_deletion().with_source(host_path("/tmp/data"))), "gone");
}

/// DELETE-2: where no deleter is found the volume fails with the text, and there is no back-off.
#[test]
fn a_volume_without_a_deleter_fails_and_is_tried_again_at_once() {
    let mut cluster = restored([released_for_deletion().with_source(host_path("/tmp/data")).into()]);
    patch(
        &mut cluster,
        &pv("pv"),
        r#"{"metadata": {"annotations": {"pv.kubernetes.io/provisioned-by": "kubernetes.io/gone"}}}"#,
    )
    .unwrap();
    cluster.settle().unwrap();
    let text = "no volume plugin matched name: kubernetes.io/gone";
    assert_eq!(outcome(&cluster), format!("Failed: {text}"));
    assert_eq!(emitted(&cluster, &pv("pv")), [format!("Warning VolumeFailedDelete {text}")]);
    patch(&mut cluster, &pv("pv"), r#"{"metadata": {"annotations": {"pv.kubernetes.io/provisioned-by": null}}}"#)
        .unwrap();
    cluster.settle().unwrap();
    assert_eq!(outcome(&cluster), "gone");
}

/// DELETE-2, OP-5: where the failure could not be written, the operation failed and backs off.
#[test]
fn a_failure_that_could_not_be_written_backs_off() {
    let mut cluster = restored([released_for_deletion().into()]);
    let kind = Kind::PersistentVolume;
    cluster.inject(Fault::ServerError { verb: Verb::UpdateStatus, kind, message: "no".into() });
    cluster.settle().unwrap();
    assert_eq!(outcome(&cluster), "Released");
    assert!(cluster.events().is_empty());
    wait(&mut cluster, seconds(15));
    assert!(outcome(&cluster).starts_with("Failed: "));
}

/// DELETE-4: a volume that vanished meanwhile is left alone.
#[test]
fn a_volume_that_vanished_meanwhile_is_not_deleted() {
    let mut cluster = restored_into(with_plugin(deleting(fails("called"))), [released_for_deletion().into()]);
    let action = step_to(&mut cluster, "deletes");
    cluster.remove(&pv("pv")).unwrap();
    let before = cluster.journal().len();
    assert!(cluster.take(&action));
    cluster.settle().unwrap();
    assert_eq!(cluster.journal().len(), before);
}

/// DELETE-5: a volume that is not released any more, by what the API says now, is left alone.
#[test]
fn a_volume_that_is_not_released_any_more_is_not_deleted() {
    let mut cluster = restored_into(with_plugin(deleting(Behaviour::Succeed)), [released_for_deletion().into()]);
    let action = step_to(&mut cluster, "deletes");
    patch(&mut cluster, &pv("pv"), r#"{"spec": {"claimRef": null}}"#).unwrap();
    assert!(cluster.take(&action));
    cluster.settle().unwrap();
    assert_eq!(outcome(&cluster), "Available");
}

/// DELETE-6: a deleter that cannot be made has a text of its own, one that fails gives its own.
#[test]
fn a_deleter_that_cannot_be_made_says_so() {
    let with = |behaviour: Behaviour| {
        let mut cluster = restored_into(with_plugin(deleting(behaviour)), [released_for_deletion().into()]);
        cluster.settle().unwrap();
        outcome(&cluster)
    };
    assert_eq!(with(Behaviour::Refuse("no".into())), "Failed: failed to create deleter for volume \"pv\": no");
    assert_eq!(with(fails("disk is on fire")), "Failed: disk is on fire");
}

/// DELETE-6: that for host paths cannot be made for a volume that has none.
#[test]
fn the_deleter_of_host_paths_needs_a_host_path() {
    let odd = released_for_deletion().annotated(PROVISIONED_BY, "kubernetes.io/host-path");
    let mut cluster = restored_into(with_plugin(Plugin::host_path(true)), [odd.into()]);
    cluster.settle().unwrap();
    let text = "Failed: failed to create deleter for volume \"pv\": spec.PersistentVolumeSource.HostPath is nil";
    assert_eq!(outcome(&cluster), text);
}

/// DELETE-7: storage that is in use is told of as normal, and the phase stays.
#[test]
fn storage_in_use_does_not_fail_the_volume() {
    let in_use = then(Behaviour::InUse("mounted on node-1".into()), Behaviour::Succeed);
    let mut cluster = restored_into(with_plugin(deleting(in_use)), [released_for_deletion().into()]);
    cluster.settle().unwrap();
    assert_eq!(outcome(&cluster), "Released");
    assert_eq!(emitted(&cluster, &pv("pv")), ["Normal VolumeDelete mounted on node-1"]);
    wait(&mut cluster, seconds(15));
    assert_eq!(outcome(&cluster), "gone");
}

/// DELETE-7: any other failure fails the volume, with a warning, and backs off.
#[test]
fn a_failure_fails_the_volume_and_backs_off() {
    let plugin = deleting(then(fails("busy"), Behaviour::Succeed));
    let mut cluster = restored_into(with_plugin(plugin), [released_for_deletion().into()]);
    cluster.settle().unwrap();
    assert_eq!(outcome(&cluster), "Failed: busy");
    assert_eq!(emitted(&cluster, &pv("pv")), ["Warning VolumeFailedDelete busy"]);
    patch(&mut cluster, &pv("pv"), r#"{"metadata": {"labels": {"touched": "yes"}}}"#).unwrap();
    cluster.settle().unwrap();
    assert_eq!(outcome(&cluster), "Failed: busy", "it is too early");
    wait(&mut cluster, seconds(15));
    assert_eq!(outcome(&cluster), "gone");
}

/// DELETE-8: the deleter is asked again for a volume that is terminating already.
#[test]
fn the_deleter_is_asked_again_while_a_finalizer_holds_the_volume() {
    let plugin = deleting(then(Behaviour::Succeed, fails("there is nothing to delete")));
    let held = released_for_deletion().with_finalizer("example.com/hold");
    let mut cluster = restored_into(with_plugin(plugin), [held.into()]);
    cluster.settle().unwrap();
    assert!(cluster.volume("pv").unwrap().metadata.is_deleting());
    assert_eq!(outcome(&cluster), "Failed: there is nothing to delete");
}

/// DELETE-9: the finalizer of the controller goes first, in a write of its own, whose failure fails the volume.
#[test]
fn the_finalizer_goes_before_the_object() {
    let held = released_for_deletion().with_finalizer(PV_CONTROLLER).with_finalizer("example.com/hold");
    let mut cluster = restored_into(with_plugin(deleting(Behaviour::Succeed)), [held.clone().into()]);
    let before = cluster.journal().len();
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(rules(&cluster, before), ["DELETE-9", "DELETE-10"]);
    let left = cluster.volume("pv").unwrap();
    assert_eq!(left.metadata.finalizers.to_vec(), ["example.com/hold"]);

    let mut cluster = restored_into(with_plugin(deleting(Behaviour::Succeed)), [held.into()]);
    cluster.inject(Fault::ServerError { verb: Verb::Update, kind: Kind::PersistentVolume, message: "no".into() });
    cluster.sync(&pv("pv")).unwrap();
    let text = "persistent volume controller can't update finalizer: no";
    assert_eq!(outcome(&cluster), format!("Failed: {text}"));
    assert_eq!(emitted(&cluster, &pv("pv")), [format!("Warning VolumeFailedDelete {text}")]);
}

/// DELETE-10: the object is deleted; a failure of that is ignored, and the next sync tries again.
#[test]
fn the_object_is_deleted_and_a_failure_is_ignored() {
    let mut cluster = restored_into(with_plugin(deleting(Behaviour::Succeed)), [released_for_deletion().into()]);
    cluster.inject(Fault::ServerError { verb: Verb::Delete, kind: Kind::PersistentVolume, message: "no".into() });
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(outcome(&cluster), "Released");
    assert!(cluster.events().is_empty());
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(outcome(&cluster), "gone", "there is no back-off");
}

/// DELETE-10, NEIGH-1: with its protection the object is terminating first, and goes when that is taken away.
#[test]
fn a_protected_object_is_terminating_before_it_goes() {
    let protected = released_for_deletion().with_finalizer(PV_PROTECTION);
    let mut cluster = restored_into(with_plugin(deleting(Behaviour::Succeed)), [protected.into()]);
    let before = cluster.journal().len();
    cluster.sync(&pv("pv")).unwrap();
    assert!(cluster.volume("pv").unwrap().metadata.is_deleting());
    cluster.settle().unwrap();
    assert_eq!(outcome(&cluster), "gone");
    assert_eq!(rules(&cluster, before), ["DELETE-10", "PROT-9"]);
}

/// DELETE-10: a terminating volume goes with its last finalizer, and the delete that follows finds nothing.
#[test]
fn a_terminating_volume_goes_with_its_last_finalizer() {
    let mut terminating = released_for_deletion().terminating();
    terminating.metadata.finalizers = [PV_CONTROLLER.into()].into();
    let mut cluster = restored_into(with_plugin(deleting(Behaviour::Succeed)), [terminating.into()]);
    let before = cluster.journal().len();
    cluster.settle().unwrap();
    assert_eq!(rules(&cluster, before), ["DELETE-9"]);
    assert_eq!(outcome(&cluster), "gone");
    assert!(cluster.events().is_empty());
}
