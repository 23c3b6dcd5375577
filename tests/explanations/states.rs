//! Claims that are lost, misbound, or wait for a provisioner: what is said of each, and what would help.

use bindery::explain::{Explanation, Hint, State};
use bindery::{
    AccessMode, ClaimPhase, Cluster, CsiProvisioner, Kind, ObjectReference, PersistentVolume, PersistentVolumeClaim,
    StorageClass, Uid,
};

const MODES: [AccessMode; 1] = [AccessMode::ReadWriteOnce];

fn volume(name: &str) -> PersistentVolume {
    PersistentVolume::new(name, "5Gi".parse().expect("a quantity"), MODES)
}

fn claim(name: &str) -> PersistentVolumeClaim {
    PersistentVolumeClaim::new("default", name, "5Gi".parse().expect("a quantity"), MODES)
}

/// A cluster in which `data` is bound to `pv-1`.
fn bound() -> Cluster {
    let mut cluster = Cluster::default();
    cluster.create(volume("pv-1")).expect("a volume");
    cluster.create(claim("data")).expect("a claim");
    settle(&mut cluster);
    cluster
}

fn settle(cluster: &mut Cluster) {
    cluster.settle().expect("quiet");
}

fn explain(cluster: &Cluster) -> Explanation {
    cluster.explain("data").expect("a claim")
}

fn happened(explanation: &Explanation) -> Vec<String> {
    explanation.history.iter().map(ToString::to_string).collect()
}

#[test]
fn a_claim_whose_volume_was_taken_away_says_who_did_it_and_when() {
    let mut cluster = bound();
    cluster.advance(std::time::Duration::from_mins(1)).expect("quiet");
    cluster.remove(&Kind::PersistentVolume.named("pv-1")).expect("a volume");
    settle(&mut cluster);
    let explanation = explain(&cluster);
    assert_eq!(explanation.phase, ClaimPhase::Lost);
    assert_eq!(explanation.state, State::LostVolume { volume: "pv-1".into() });
    let happened = happened(&explanation);
    assert_eq!(happened[0], "after 0s: pv/pv-1 was created by user");
    let last = &happened[happened.len() - 2..];
    assert_eq!(
        last,
        [
            "after 60s: pv/pv-1 was deleted by user",
            "after 60s: pvc/default/data became Lost by persistentvolume-controller"
        ]
    );
    assert!(explanation.hints.contains(&Hint::DataIsGone));
    assert!(explanation.edits.is_empty(), "there is no other volume");
    // With another volume a new claim would bind, without the data.
    cluster.create(volume("pv-2")).expect("a volume");
    settle(&mut cluster);
    let edits = explain(&cluster).edits;
    assert_eq!(edits[0].volume, "pv-2");
    assert!(edits[0].to_string().contains("without its data"), "{}", edits[0]);
}

#[test]
fn a_claim_whose_volume_was_given_to_somebody_else_is_misbound() {
    let mut cluster = bound();
    let mut stolen = cluster.volume("pv-1").expect("a volume").clone();
    let reference = ObjectReference::to_claim("default", "thief");
    stolen.spec.claim_ref = Some(ObjectReference { uid: Uid::from("thief"), ..reference }.into());
    cluster.replace(&Kind::PersistentVolume.named("pv-1"), stolen).expect("it is replaced");
    settle(&mut cluster);
    let explanation = explain(&cluster);
    assert_eq!(explanation.phase, ClaimPhase::Lost);
    assert!(matches!(&explanation.state, State::Misbound { same_name: false, .. }), "{:?}", explanation.state);
    let happened = happened(&explanation);
    assert!(happened.iter().any(|line| line == "after 0s: pv/pv-1 was given to default/thief, uid thief, by user"));
    // The thief does not exist, so that the volume can be given back.
    let edit = &explanation.edits[0];
    assert_eq!(edit.summary, "let pv-1 name this claim again, with its uid");
    edit.apply(&mut cluster).expect("it is applied");
    settle(&mut cluster);
    assert_eq!(cluster.claim("data").map(|claim| claim.status.phase.clone()), Some(ClaimPhase::Bound));
}

#[test]
fn a_claim_that_waits_for_a_provisioner_says_whether_it_runs_and_why_it_fails() {
    let mut cluster = Cluster::default();
    cluster.create(StorageClass::new("fast", "csi.example.com")).expect("a class");
    cluster.create(claim("data").with_class("fast")).expect("a claim");
    settle(&mut cluster);
    let waiting = explain(&cluster);
    assert!(matches!(&waiting.state, State::Provisioning { runs: false, failure: None, .. }), "{:?}", waiting.state);
    assert!(waiting.hints.contains(&Hint::StartProvisioner { provisioner: "csi.example.com".into() }));
    let mut small = CsiProvisioner::new("csi.example.com");
    small.limit = Some("1Gi".parse().expect("a quantity"));
    cluster.set_driver(Box::new(small));
    settle(&mut cluster);
    let failing = explain(&cluster);
    let State::Provisioning { runs: true, failure: Some(failure), .. } = &failing.state else {
        panic!("{:?}", failing.state);
    };
    assert!(failure.contains("1Gi"), "{failure}");
    assert!(failing.to_string().contains("fails to make a volume: "), "{failing}");
}

#[test]
fn a_claim_without_class_may_get_one_that_makes_volumes() {
    let mut cluster = Cluster::default();
    cluster.create(StorageClass::new("fast", "csi.example.com")).expect("a class");
    cluster.set_driver(Box::new(CsiProvisioner::new("csi.example.com")));
    cluster.create(claim("data")).expect("a claim");
    settle(&mut cluster);
    let summaries: Vec<String> = explain(&cluster).edits.iter().map(|edit| edit.summary.to_string()).collect();
    assert_eq!(summaries, ["ask for class fast instead of no class", "make class fast the default"]);
}

#[test]
fn an_edit_that_takes_a_volume_from_another_claim_says_so() {
    let mut cluster = Cluster::default();
    cluster.create(volume("pv-1").reserved_for("default", "other")).expect("a volume");
    cluster.create(claim("data")).expect("a claim");
    settle(&mut cluster);
    let explanation = explain(&cluster);
    assert_eq!(explanation.edits[0].summary, "free pv-1 from default/other by clearing its claimRef");
    assert!(explanation.edits[0].displaced.is_empty(), "the other claim does not exist");
}
