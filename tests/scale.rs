//! Large worlds: two runs of one are the same to the byte, and a journal leads to the state that it came from.
//!
//! `BINDERY_SCALE=100000 cargo test --release --test scale` says how many volumes and claims there are; 2,000 are enough to
//! notice what depends on the order of a hash or on the place of something in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]

use bindery::{
    AccessMode, ClaimPhase, Cluster, Kind, LabelSelector, PersistentVolume, PersistentVolumeClaim, Quantity, StringMap,
};

fn size() -> usize {
    std::env::var("BINDERY_SCALE").ok().and_then(|size| size.parse().ok()).unwrap_or(2_000)
}

/// Numbers that look random and are the same in every run (`SplitMix64`).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

fn mebibytes(number: u64) -> Quantity {
    Quantity::from_bytes(i64::try_from(number << 20).unwrap())
}

/// Volumes and claims of four classes, three sets of modes, many sizes, a fifth of the claims with selectors; claims come
/// before volumes and after them, some are deleted, and their volumes are used again.
fn busy(size: usize) -> Cluster {
    let mut cluster = Cluster::default();
    let mut numbers = Numbers(size as u64);
    let modes = [AccessMode::ReadWriteOnce, AccessMode::ReadOnlyMany, AccessMode::ReadWriteMany];
    let class = |numbers: &mut Numbers| ["", "bronze", "silver", "gold"][usize::try_from(numbers.below(4)).unwrap()];
    let set = |numbers: &mut Numbers| modes[..=usize::try_from(numbers.below(3)).unwrap()].to_vec();
    for half in [0..size / 2, size / 2..size] {
        for number in half.clone() {
            let request = mebibytes(1 + numbers.below(5_000));
            let set = set(&mut numbers);
            let mut claim = PersistentVolumeClaim::new("default", format!("claim-{number}"), request, set)
                .with_class(class(&mut numbers));
            if numbers.below(5) == 0 {
                let rack = format!("r{}", numbers.below(10));
                claim = claim.with_selector(LabelSelector::matching([("rack", rack)]));
            }
            cluster.create(claim).unwrap();
        }
        cluster.settle().unwrap();
        for number in half.clone() {
            let labels = StringMap::from([("rack", format!("r{}", numbers.below(10)))]);
            let capacity = mebibytes(1 + numbers.below(10_000));
            let set = set(&mut numbers);
            let volume = PersistentVolume::new(format!("pv-{number}"), capacity, set)
                .with_class(class(&mut numbers))
                .with_labels(labels);
            cluster.create(volume).unwrap();
        }
        cluster.settle().unwrap();
        for number in half.filter(|number| number % 7 == 0) {
            cluster.delete(&Kind::PersistentVolumeClaim.named(format!("default/claim-{number}"))).unwrap();
        }
        cluster.settle().unwrap();
    }
    cluster
}

/// `RUN-8`, `DET-1` to `DET-8`.
#[test]
fn large_worlds_run_the_same_twice_and_are_rebuilt_from_their_journals() {
    let size = size();
    let (cluster, twin) = (busy(size), busy(size));
    assert_eq!(cluster.journal().len(), twin.journal().len());
    for (one, other) in cluster.journal().iter().zip(twin.journal()) {
        assert_eq!(one, other);
    }
    let bound = cluster.claims().filter(|claim| claim.status.phase == ClaimPhase::Bound).count();
    assert!(bound > size / 4, "only {bound} of {size} claims are bound");

    let mut rebuilt = Cluster::default();
    rebuilt.replay(cluster.journal()).unwrap();
    for kind in [Kind::PersistentVolume, Kind::PersistentVolumeClaim] {
        assert_eq!(cluster.objects(kind), rebuilt.objects(kind));
    }
    // Whoever restarts looks at everything, and finds nothing to do.
    let written = rebuilt.journal().len();
    rebuilt.settle().unwrap();
    assert_eq!(rebuilt.journal().since(written).filter(|entry| entry.write().is_some()).count(), 0);

    let mut walked = cluster.fork();
    walked.resync();
    walked.settle().unwrap();
    assert_eq!(cluster.journal().len(), walked.journal().len(), "a walk over everything changed something");
}
