//! Recycling what stands behind a released volume (`RECYCLE-*`).

use bindery::{Behaviour, Fault, Kind, Plugin, PodPhase, ReclaimPolicy, Sources, Verb, VolumePhase};

use crate::deleting::{csi, fails, outcome, then};
use crate::world::{
    BOUND_BY_CONTROLLER, Metadata, claim, count, emitted, pod, pv, released, restored, restored_into, rules, seconds,
    step_to, volume_phase, wait, with_plugin,
};

/// A plugin for everything that recycles like this.
fn recycling(behaviour: Behaviour) -> Plugin {
    Plugin::new("kubernetes.io/disk", Sources::All).recycles(behaviour)
}

/// RECYCLE-1: a volume that vanished meanwhile is left alone.
#[test]
fn a_volume_that_vanished_meanwhile_is_not_recycled() {
    let mut cluster =
        restored_into(with_plugin(recycling(Behaviour::Succeed)), [released(ReclaimPolicy::Recycle).into()]);
    let action = step_to(&mut cluster, "recycles");
    cluster.remove(&pv("pv")).unwrap();
    let before = cluster.journal().len();
    assert!(cluster.take(&action));
    cluster.settle().unwrap();
    assert_eq!(cluster.journal().len(), before);
}

/// RECYCLE-3, RECYCLE-4, SCEN-28: pods that still use the volume are named in order, and the phase stays.
#[test]
fn a_volume_that_pods_use_is_not_recycled() {
    let mut done = pod("done", &["gone"]);
    done.status.phase = PodPhase::Succeeded;
    let pods = [pod("web", &["gone"]).into(), pod("api", &["gone"]).into(), done.into()];
    let mut cluster = restored(pods);
    cluster.restore(released(ReclaimPolicy::Recycle)).unwrap();
    cluster.settle().unwrap();
    assert_eq!(outcome(&cluster), "Released");
    let text = "Normal VolumeFailedRecycle Volume is used by pods: default/api,default/web";
    assert_eq!(emitted(&cluster, &pv("pv")).first().map(String::as_str), Some(text));
    let settled = count(&cluster, "VolumeFailedRecycle");
    wait(&mut cluster, seconds(45));
    assert_eq!(count(&cluster, "VolumeFailedRecycle"), settled + 3, "one for each sync");
    for name in ["web", "api"] {
        cluster.delete(&Kind::Pod.named(format!("default/{name}"))).unwrap();
    }
    cluster.settle().unwrap();
    assert_eq!(outcome(&cluster), "Available");
}

/// RECYCLE-4: where a claim of the name exists it is another one, and its pods do not matter.
#[test]
fn the_pods_of_another_claim_of_the_name_do_not_matter() {
    let other = claim("gone", "1Gi").with_uid("new").with_volume("elsewhere");
    let mut cluster = restored([pod("web", &["gone"]).into(), other.into(), released(ReclaimPolicy::Recycle).into()]);
    cluster.settle().unwrap();
    assert_eq!(outcome(&cluster), "Available");
}

/// RECYCLE-5: without a recycler for its source the volume fails.
#[test]
fn a_volume_without_a_recycler_fails() {
    let text = "No recycler plugin found for the volume!";
    let mut cluster = restored([released(ReclaimPolicy::Recycle).with_source(csi()).into()]);
    cluster.settle().unwrap();
    assert_eq!(outcome(&cluster), format!("Failed: {text}"));
    assert_eq!(emitted(&cluster, &pv("pv")), [format!("Warning VolumeFailedRecycle {text}")]);
}

/// RECYCLE-6: a recycler that fails fails the volume, and is asked again at every sync.
#[test]
fn a_recycler_that_fails_fails_the_volume() {
    let plugin = recycling(then(fails("pod failed, pod.Status.Message unknown"), Behaviour::Succeed));
    let mut cluster = restored_into(with_plugin(plugin), [released(ReclaimPolicy::Recycle).into()]);
    cluster.sync(&pv("pv")).unwrap();
    let text = "Recycle failed: pod failed, pod.Status.Message unknown";
    assert_eq!(outcome(&cluster), format!("Failed: {text}"));
    assert_eq!(emitted(&cluster, &pv("pv")), [format!("Warning VolumeFailedRecycle {text}")]);
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(outcome(&cluster), "Available");
}

/// RECYCLE-8, RECYCLE-9: an event, then the volume is free, or stays reserved where a user had reserved it.
#[test]
fn a_recycled_volume_is_free_or_reserved_as_before() {
    for by_controller in [true, false] {
        let left = released(ReclaimPolicy::Recycle);
        let left = if by_controller { left.annotated(BOUND_BY_CONTROLLER, "yes") } else { left };
        let mut cluster = restored([left.into()]);
        let before = cluster.journal().len();
        cluster.sync(&pv("pv")).unwrap();
        assert_eq!(emitted(&cluster, &pv("pv")), ["Normal VolumeRecycled Volume recycled"]);
        assert_eq!(rules(&cluster, before), ["UNBIND-1", "UNBIND-2"]);
        let free = cluster.volume("pv").unwrap();
        assert_eq!(free.status.phase, VolumePhase::Available);
        let reserved = free.spec.claim_ref.as_ref().map(|reference| reference.uid.is_empty());
        assert_eq!(reserved, if by_controller { None } else { Some(true) });
    }
}

/// RECYCLE-9: where the unbinding fails the volume is scrubbed once more.
#[test]
fn a_volume_that_could_not_be_unbound_is_scrubbed_again() {
    let mut cluster = restored([released(ReclaimPolicy::Recycle).into()]);
    cluster.inject(Fault::Conflict { verb: Verb::Update, kind: Kind::PersistentVolume });
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(outcome(&cluster), "Released");
    cluster.sync(&pv("pv")).unwrap();
    assert_eq!(outcome(&cluster), "Available");
    assert_eq!(count(&cluster, "VolumeRecycled"), 2);
}

/// RECYCLE-8: a free volume is given to the claim that waited for it, wiped or not.
#[test]
fn a_recycled_volume_serves_the_next_claim() {
    let left = released(ReclaimPolicy::Recycle).annotated(BOUND_BY_CONTROLLER, "yes");
    let mut cluster = restored([claim("next", "1Gi").into(), left.into()]);
    cluster.settle().unwrap();
    assert_eq!(volume_phase(&cluster, "pv"), VolumePhase::Bound);
    assert_eq!(cluster.claim("next").unwrap().spec.volume_name, "pv");
}
