//! Worlds for the benches: volumes and claims of mixed class, mode, size and labels, the same for the same seed; and the
//! scan that the index is measured against.

use bindery::{AccessMode, Cluster, Config, PersistentVolume, PersistentVolumeClaim, Quantity, StringMap, VolumePhase};

const MODES: [&[AccessMode]; 3] = [
    &[AccessMode::ReadWriteOnce],
    &[AccessMode::ReadWriteOnce, AccessMode::ReadOnlyMany],
    &[AccessMode::ReadWriteOnce, AccessMode::ReadOnlyMany, AccessMode::ReadWriteMany],
];
const CLASSES: [&str; 4] = ["", "bronze", "silver", "gold"];

/// Numbers that look random and are the same in every run (`SplitMix64`).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below a bound.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).unwrap_or_default()]
    }
}

fn mebibytes(number: u64) -> Quantity {
    Quantity::from_bytes(i64::try_from(number << 20).unwrap_or(i64::MAX))
}

/// A volume; its number makes its name.
pub(crate) fn volume(number: usize, numbers: &mut Numbers) -> PersistentVolume {
    let labels = StringMap::from([
        ("rack", format!("r{}", numbers.below(100))),
        ("tier", numbers.pick(&["ssd", "hdd", "nvme"]).to_owned()),
    ]);
    PersistentVolume::new(format!("pv-{number}"), mebibytes(1 + numbers.below(100_000)), numbers.pick(&MODES).to_vec())
        .with_class(numbers.pick(&CLASSES))
        .with_labels(labels)
}

/// A claim that some volume of a large world fits.
pub(crate) fn claim(number: usize, numbers: &mut Numbers) -> PersistentVolumeClaim {
    let request = mebibytes(1 + numbers.below(50_000));
    PersistentVolumeClaim::new("default", format!("claim-{number}"), request, numbers.pick(&MODES).to_vec())
        .with_class(numbers.pick(&CLASSES))
}

/// A quiet cluster of so many volumes, all Available.
pub(crate) fn available(volumes: usize, seed: u64) -> Cluster {
    let mut config = Config::default();
    config.journal = false;
    let mut cluster = Cluster::new(config);
    let mut numbers = Numbers::new(seed);
    for number in 0..volumes {
        cluster.restore(volume(number, &mut numbers)).expect("a new name");
    }
    cluster.settle().expect("it gets quiet");
    cluster
}

/// A cluster of so many volumes and as many claims, none of which has been looked at.
pub(crate) fn unsettled(size: usize, seed: u64, journal: bool) -> Cluster {
    let mut config = Config::default();
    config.journal = journal;
    let mut cluster = Cluster::new(config);
    let mut numbers = Numbers::new(seed);
    for number in 0..size {
        cluster.restore(volume(number, &mut numbers)).expect("a new name");
    }
    for number in 0..size {
        cluster.restore(claim(number, &mut numbers)).expect("a new name");
    }
    cluster
}

/// The volume for a claim that is immediate and has no volume reserved, found by looking at every volume: the smallest
/// of the smallest set of access modes, as Kubernetes' own matcher finds it.
pub(crate) fn scan<'v>(
    volumes: &[&'v PersistentVolume],
    claim: &PersistentVolumeClaim,
) -> Option<&'v PersistentVolume> {
    let request = claim.request();
    let selector = bindery::Predicate::of(claim.spec.selector.as_deref()).ok()?;
    let fits = |volume: &PersistentVolume| {
        volume.spec.claim_ref.is_none()
            && volume.status.phase == VolumePhase::Available
            && claim.spec.access_modes.satisfied_by(&volume.spec.access_modes)
            && volume.class_name() == claim.class_name()
            && volume.spec.volume_mode == claim.spec.volume_mode
            && volume.capacity() >= request
            && (claim.spec.selector.is_none() || selector.matches(&volume.metadata.labels))
    };
    volumes
        .iter()
        .copied()
        .filter(|volume| fits(volume))
        .min_by_key(|volume| (volume.spec.access_modes.set().len(), volume.spec.access_modes.set(), volume.capacity()))
}
