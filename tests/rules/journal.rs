//! What the journal says, and what may happen between two of its writes.

use bindery::{
    Behaviour, ClaimPhase, Cluster, Config, Journal, JournalEntry, Kind, Object, PersistentVolume, Plugin,
    ReclaimPolicy, Sources, VolumePhase, WriteRecord,
};

use crate::world::{
    ClaimState, RWX, VolumeState, bound, claim, claim_phase, class, delayed_class, pv, pvc, restored, restored_into,
    volume, volume_phase, writes,
};

/// The entries of the journal that make the world of [`busy`].
const RESTORED: usize = 16;

/// A world in which most rules have something to do.
fn busy() -> Cluster {
    let mut config = Config::default();
    let fails_once = Behaviour::Sequence(vec![Behaviour::Fail("busy".into())], Box::new(Behaviour::Succeed));
    let disk = bindery::VolumeSource::from(bindery::volume_source::NfsVolumeSource {
        server: "s".into(),
        path: "/p".into(),
        ..Default::default()
    });
    let plugin = Plugin::new("kubernetes.io/disk", Sources::All);
    config.plugins = vec![plugin.provisions(Behaviour::Succeed, disk).deletes(fails_once).recycles(Behaviour::Succeed)];
    let (bound_volume, bound_claim) = bound(volume("bound", "5Gi"), claim("bound", "5Gi"));
    let gone = claim("gone", "1Gi");
    let released = |name: &str, policy| volume(name, "1Gi").with_reclaim_policy(policy).bound_to(&gone);
    let objects = [
        bindery::StorageClass::new("in-tree", "kubernetes.io/disk").into(),
        class("external").into(),
        delayed_class("delayed").into(),
        bound_volume,
        bound_claim,
        released("kept", ReclaimPolicy::Retain).into(),
        released("wiped", ReclaimPolicy::Recycle).into(),
        released("deleted", ReclaimPolicy::Delete).into(),
        volume("free", "9Gi").with_modes([RWX]).in_phase(VolumePhase::Pending).into(),
        claim("static", "9Gi").asking_for([RWX]).into(),
        claim("made", "3Gi").with_class("in-tree").into(),
        claim("asked", "3Gi").with_class("external").into(),
        claim("waiting", "3Gi").with_class("delayed").into(),
        claim("hopeless", "900Gi").into(),
    ];
    let mut cluster = restored_into(Cluster::new(config), objects);
    cluster.delete(&pvc("bound")).unwrap();
    cluster.delete(&pv("free")).unwrap();
    cluster
}

/// The phases that a volume goes through in a journal.
fn phases(journal: &Journal, name: &str) -> Vec<VolumePhase> {
    let states = journal.iter().filter_map(JournalEntry::write).filter_map(|write| match &write.after {
        Some(Object::PersistentVolume(volume)) if volume.metadata.name == name => Some(volume.status.phase.clone()),
        _ => None,
    });
    let mut phases: Vec<_> = states.collect();
    phases.dedup();
    phases
}

/// RUN-2, DET-4: one step is at most one write.
#[test]
fn one_step_is_at_most_one_write() {
    let mut cluster = busy();
    let (mut steps, mut written) = (0, writes(&cluster, 0).len());
    while cluster.step().is_some() {
        let now = writes(&cluster, 0).len();
        assert!(now <= written + 1, "step {steps} wrote {} times", now - written);
        (steps, written) = (steps + 1, now);
    }
    let whole = busy().settle().unwrap();
    assert_eq!(whole.steps, steps, "settling takes the same steps");
}

/// CACHE-5: every write of the journal has an effect, and its state before is where the last one left the object.
#[test]
fn each_write_goes_on_from_where_the_last_one_ended() {
    let mut cluster = busy();
    cluster.advance(crate::world::seconds(60)).unwrap();
    let written = writes(&cluster, 0);
    for (number, write) in written.iter().enumerate() {
        let key = write.object().unwrap().reference();
        let last = written[..number].iter().rev().find(|earlier| earlier.object().unwrap().reference() == key);
        let version = |object: &Option<Object>| object.as_ref().map(|object| object.metadata().resource_version);
        let held = last.and_then(|last: &&WriteRecord| version(&last.after));
        if write.after.is_some() {
            assert_eq!(version(&write.before), held, "{write}");
        }
        assert!(version(&write.after) != version(&write.before), "{write}");
    }
    assert_eq!(version_of(&cluster, "kept"), last_version(&written, "kept"));
}

fn version_of(cluster: &Cluster, name: &str) -> u64 {
    cluster.volume(name).unwrap().metadata.resource_version.0
}

fn last_version(written: &[&WriteRecord], name: &str) -> u64 {
    let of_volume = written.iter().rev().find(|write| write.object().unwrap().reference() == pv(name));
    of_volume.unwrap().after.as_ref().unwrap().metadata().resource_version.0
}

/// CONFLICT-1: versions rise from write to write.
#[test]
fn versions_rise_from_write_to_write() {
    let mut cluster = busy();
    cluster.settle().unwrap();
    let after = writes(&cluster, 0).into_iter().filter_map(|write| write.after.as_ref());
    let versions: Vec<u64> = after.map(|object| object.metadata().resource_version.0).collect();
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
}

/// DET-4, DET-10: the same start and the same calls make the same journal to the byte.
#[test]
fn two_runs_agree_to_the_byte() {
    let run = || {
        let mut cluster = busy();
        cluster.advance(crate::world::seconds(60)).unwrap();
        let lines: Vec<String> = cluster.journal().iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
        lines
    };
    let first = run();
    assert!(first.len() > 30, "{} entries", first.len());
    assert_eq!(first, run());
}

/// RUN-1, CONFLICT-3: a controller that stops after any write and starts again with nothing but the store comes to
/// the same end.
#[test]
fn a_controller_that_starts_again_after_any_write_comes_to_the_same_end() {
    let mut whole = busy();
    assert_eq!(whole.journal().len(), RESTORED);
    whole.advance(crate::world::seconds(60)).unwrap();
    let config = whole.config().clone();
    for length in RESTORED..whole.journal().len() {
        let mut cluster = Cluster::new(config.clone());
        cluster.replay(whole.journal().iter().take(length)).unwrap();
        let rest = crate::world::seconds(60).saturating_sub(cluster.elapsed());
        cluster.advance(rest).unwrap();
        let end = |cluster: &Cluster| -> Vec<String> {
            let volumes = cluster.volumes().map(|volume| format!("{} {}", volume.metadata.name, volume.status.phase));
            let claims = cluster
                .claims()
                .map(|claim| format!("{} {} {}", claim.metadata.name, claim.status.phase, claim.spec.volume_name));
            let mut lines: Vec<String> = volumes.chain(claims).collect();
            lines.sort();
            lines
        };
        assert_eq!(end(&cluster), end(&whole), "stopped after {length} entries");
    }
}

/// CONFLICT-3: the result of a binding is the same, to the annotation, wherever the controller stopped.
#[test]
fn a_binding_is_the_same_wherever_the_controller_stopped() {
    let start = || restored([volume("pv", "5Gi").into(), claim("data", "1Gi").into()]);
    let mut whole = start();
    whole.sync(&pvc("data")).unwrap();
    let content = |cluster: &Cluster| {
        let (volume, claim) = (cluster.volume("pv").unwrap(), cluster.claim("data").unwrap());
        (volume.spec.clone(), volume.metadata.annotations.clone(), claim.spec.clone(), claim.status.clone())
    };
    for length in 2..=whole.journal().len() {
        let mut cluster = Cluster::default();
        cluster.replay(whole.journal().iter().take(length)).unwrap();
        cluster.sync(&pvc("data")).unwrap();
        let (mut spec, annotations, claim_spec, status) = content(&cluster);
        let expected = content(&whole);
        // The version in the reference is that of the claim as it was held.
        spec.claim_ref.clone_from(&expected.0.claim_ref);
        assert_eq!((spec, annotations, claim_spec, status), expected, "stopped after {length}");
    }
}

/// VOL-13: what no journal ever shows: from Failed to Released, back to Pending, or straight from Bound to Failed.
#[test]
fn a_phase_is_never_skipped() {
    let mut cluster = busy();
    cluster.advance(crate::world::seconds(60)).unwrap();
    for name in ["bound", "kept", "wiped", "deleted", "free"] {
        for pair in phases(cluster.journal(), name).windows(2) {
            let forbidden = matches!(
                (&pair[0], &pair[1]),
                (VolumePhase::Failed, VolumePhase::Released)
                    | (VolumePhase::Available | VolumePhase::Bound, VolumePhase::Pending | VolumePhase::Failed)
            );
            assert!(!forbidden, "{name} went from {} to {}", pair[0], pair[1]);
        }
    }
    assert_eq!(
        phases(cluster.journal(), "deleted"),
        [VolumePhase::Available, VolumePhase::Released, VolumePhase::Failed]
    );
    assert_eq!(
        phases(cluster.journal(), "wiped"),
        [VolumePhase::Available, VolumePhase::Released, VolumePhase::Available]
    );
    assert!(cluster.volume("deleted").is_none(), "the second try deleted it");
}

/// DET-4: whatever a copy of a cluster does, the original does not see.
#[test]
fn a_fork_leaves_the_original_alone() {
    let original = busy();
    let before = original.journal().len();
    let mut fork = original.fork();
    fork.settle().unwrap();
    assert_eq!(claim_phase(&fork, "static"), ClaimPhase::Pending, "its volume is being deleted");
    assert_eq!(original.journal().len(), before);
    assert_eq!(volume_phase(&original, "kept"), VolumePhase::Available);
    let volumes: Vec<PersistentVolume> = original.volumes().cloned().collect();
    assert_eq!(volumes.len(), original.count(Kind::PersistentVolume));
}
