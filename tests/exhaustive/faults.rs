//! Fault plans: the same plan gives the same run, and each fault happens at its occasion.

use std::time::Duration;

use bindery::{
    Cluster, Controller, JournalEntry, Json, Kind, Occasion, PersistentVolume, PlannedFault, ReclaimPolicy, Upset,
    VolumePhase,
};

use crate::world::{claim, claim_key, cluster, quiet, volume};

fn planned(at: Occasion, what: Upset) -> Cluster {
    let mut cluster = cluster([volume("v")], [claim("a")]);
    cluster.plan_faults([PlannedFault::new(at, what)]);
    cluster.settle().expect("a quiet cluster");
    cluster
}

fn rules(cluster: &Cluster) -> Vec<&str> {
    cluster
        .journal()
        .iter()
        .filter_map(JournalEntry::write)
        .map(|write| write.rule)
        .filter(|rule| !rule.is_empty())
        .collect()
}

fn recycled() -> PersistentVolume {
    volume("v").with_reclaim_policy(ReclaimPolicy::Recycle)
}

#[test]
fn a_crash_at_any_of_the_four_writes_is_survived() {
    for rule in ["BIND-1", "BIND-2", "BIND-3", "BIND-4"] {
        let cluster = planned(Occasion::rule(rule), Upset::Crash(Controller::PersistentVolumes));
        assert_eq!(rules(&cluster), ["VOL-2", "BIND-1", "BIND-2", "BIND-3", "BIND-4"], "{rule}");
        assert_eq!(cluster.planned_faults().count(), 0);
    }
}

#[test]
fn a_refused_write_is_tried_again() {
    for what in [Upset::Conflict, Upset::ServerError("etcd is slow".into())] {
        let cluster = planned(Occasion::rule("BIND-3"), what);
        assert_eq!(rules(&cluster), ["VOL-2", "BIND-1", "BIND-2", "BIND-3", "BIND-4"]);
        assert_eq!(cluster.planned_faults().count(), 0);
    }
}

#[test]
fn the_same_plan_gives_the_same_run() {
    let run = || {
        planned(
            Occasion::rule("BIND-2").of(Kind::PersistentVolume.named("v")),
            Upset::Crash(Controller::PersistentVolumes),
        )
    };
    assert_eq!(run().fingerprint(), run().fingerprint());
    assert_eq!(run().journal().to_lines(), run().journal().to_lines());
    assert_ne!(run().fingerprint(), planned(Occasion::rule("BIND-2"), Upset::Delete(claim_key("a"))).fingerprint());
}

#[test]
fn an_occasion_is_one_after_so_many_others() {
    let mut at = Occasion::default().after(2);
    at.kind = Some(Kind::PersistentVolume);
    let cluster = planned(at, Upset::Delete(claim_key("a")));
    // The volume was made Available, was given its reference, and became Bound; then the claim was deleted.
    let before: Vec<&str> = rules(&cluster).into_iter().take(3).collect();
    assert_eq!(before, ["VOL-2", "BIND-1", "BIND-2"]);
    assert!(cluster.claim("a").is_none());
}

#[test]
fn a_user_edits_at_an_occasion() {
    let policy = Json::Map(vec![(
        "spec".into(),
        Json::Map(vec![("persistentVolumeReclaimPolicy".into(), Json::String("Delete".into()))]),
    )]);
    let cluster = planned(Occasion::rule("BIND-1"), Upset::Patch(Kind::PersistentVolume.named("v"), policy));
    let volume = cluster.volume("v").expect("the volume");
    assert_eq!(
        (volume.status.phase.clone(), &volume.spec.persistent_volume_reclaim_policy),
        (VolumePhase::Bound, &ReclaimPolicy::Delete)
    );
}

#[test]
fn a_controller_that_is_behind_catches_up_after_so_many_writes() {
    let mut cluster = cluster([], [claim("a")]);
    cluster.settle().expect("a quiet cluster");
    cluster.plan_faults([PlannedFault::new(Occasion::default(), Upset::StaleView(Controller::PersistentVolumes, 2))]);
    // Whatever is written next is the occasion.
    cluster.create(claim("b")).expect("a valid claim");
    cluster.create(volume("v")).expect("a valid volume");
    cluster.settle().expect("a quiet cluster");
    assert_eq!(cluster.volume("v").expect("the volume").status.phase, VolumePhase::Pending);
    cluster.create(volume("w")).expect("a valid volume");
    cluster.settle().expect("a quiet cluster");
    assert_eq!(cluster.volume("v").expect("the volume").status.phase, VolumePhase::Bound);
}

#[test]
fn backends_fail_fall_silent_and_are_late() {
    let released = |what: Upset| {
        let mut cluster = quiet([recycled()], [claim("a")]);
        cluster.plan_faults([PlannedFault::new(Occasion::rule("VOL-6"), what)]);
        cluster.delete(&claim_key("a")).expect("there is such a claim");
        cluster.settle().expect("a quiet cluster");
        cluster
    };
    let phase = |cluster: &Cluster| cluster.volume("v").expect("the volume").status.phase.clone();
    let late = Duration::from_secs(30);
    let mut cluster = released(Upset::BackendDelay(late));
    assert_eq!(phase(&cluster), VolumePhase::Released);
    cluster.advance(late).expect("a quiet cluster");
    assert_eq!(phase(&cluster), VolumePhase::Available);
    let mut cluster = released(Upset::BackendSilence);
    cluster.advance(Duration::from_hours(1)).expect("a quiet cluster");
    assert_eq!(phase(&cluster), VolumePhase::Released);
    // A crash makes the controller forget whom it waits for.
    cluster.crash(Controller::PersistentVolumes);
    cluster.settle().expect("a quiet cluster");
    assert_eq!(phase(&cluster), VolumePhase::Available);
    // One that failed is tried again by the next look.
    assert_eq!(phase(&released(Upset::BackendFailure)), VolumePhase::Available);
}
