//! Worlds that a number decides about: up to four volumes, four claims and a set of two pods.

use bindery::explore::{Deed, Explorer, Found, invariants};
use bindery::{
    AccessMode, Cluster, Controller, Controllers, Kind, PersistentVolume, PersistentVolumeClaim, ReclaimPolicy,
};

/// How many states of a world are looked at.
const STATES: usize = 1_500;

/// Numbers that follow from a seed (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % limit
    }

    fn chance(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }
}

const SET: &str = "
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {kubernetes.io/hostname: n1}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 2
  serviceName: db
  podManagementPolicy: Parallel
  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete, whenDeleted: Retain}
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: c, image: i, volumeMounts: [{name: data, mountPath: /data}]}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
";

/// Explores the world of a seed as far as the limit of states lets it.
pub(crate) fn explore(seed: u64) -> Found {
    let mut numbers = Numbers(seed);
    let mut config = bindery::Config::default();
    let with_set = numbers.chance(3);
    config.controllers =
        if with_set { Controllers::ALL } else { Controllers::PERSISTENT_VOLUMES.with(Controller::Protection) };
    let mut cluster = Cluster::new(config);
    let sizes = ["1Gi", "2Gi", "5Gi"];
    let modes = [
        vec![AccessMode::ReadWriteOnce],
        vec![AccessMode::ReadWriteMany],
        vec![AccessMode::ReadWriteOnce, AccessMode::ReadWriteMany],
    ];
    let pick = |numbers: &mut Numbers, limit: usize| usize::try_from(numbers.below(limit as u64)).unwrap_or_default();
    let volumes = 1 + pick(&mut numbers, 4);
    let claims = pick(&mut numbers, 5);
    for number in 0..volumes {
        let size = sizes[pick(&mut numbers, 3)].parse().expect("a quantity");
        let modes = modes[pick(&mut numbers, 3)].clone();
        let policies = [ReclaimPolicy::Retain, ReclaimPolicy::Delete, ReclaimPolicy::Recycle];
        let policy = policies[pick(&mut numbers, 3)].clone();
        let mut volume = PersistentVolume::new(format!("v{number}"), size, modes).with_reclaim_policy(policy);
        if claims > 0 && numbers.chance(4) {
            volume = volume.reserved_for("default", format!("c{}", pick(&mut numbers, claims)));
        }
        cluster.create(volume).expect("a valid volume");
        cluster.write_file(format!("v{number}").as_str(), "file", "text").expect("a place for files");
    }
    for number in 0..claims {
        let size = sizes[pick(&mut numbers, 3)].parse().expect("a quantity");
        let modes = modes[pick(&mut numbers, 3)].clone();
        let mut claim = PersistentVolumeClaim::new("default", format!("c{number}"), size, modes);
        if numbers.chance(4) {
            claim = claim.with_volume(format!("v{}", pick(&mut numbers, volumes)));
        }
        cluster.create(claim).expect("a valid claim");
    }
    if with_set {
        cluster.apply_yaml(SET).expect("a valid set");
    }
    // Some worlds have settled by the time that something is deleted.
    if numbers.chance(2) {
        cluster.settle().expect("a quiet cluster");
    }
    let deletes = if claims > 0 && numbers.chance(2) {
        Kind::PersistentVolumeClaim.named(format!("default/c{}", pick(&mut numbers, claims)).as_str())
    } else {
        Kind::PersistentVolume.named(format!("v{}", pick(&mut numbers, volumes)).as_str())
    };
    let mishaps = numbers.below(3);
    Explorer::new(&cluster)
        .properties(invariants())
        .user([Deed::Delete(deletes)])
        .crashes(u8::from(mishaps == 1))
        .conflicts(u8::from(mishaps == 2))
        .max_states(STATES)
        .run()
}
