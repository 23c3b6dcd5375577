//! Synthetic clusters: volumes and claims of mixed kinds, as many as are asked for, the same for the same seed.
//!
//! For measuring, for trying a tool on more than a handful of objects, and for tests that need a crowd. Every object is
//! made from the seed and its own number and from nothing else, so that they can be made one at a time, and a cluster
//! of ten times the size begins with the volumes and the claims of the smaller one.
//!
//! ```
//! use bindery::Cluster;
//! use bindery::synthetic::Synthetic;
//!
//! let mut cluster = Cluster::default();
//! for object in Synthetic::new(300, 200, 7).objects() {
//!     cluster.create(object)?;
//! }
//! cluster.settle()?;
//! assert_eq!((cluster.volumes().count(), cluster.claims().count()), (300, 200));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::model::access_modes::AccessMode;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::{BindingMode, StorageClass};
use crate::model::kind::Object;
use crate::model::list::StringMap;
use crate::model::quantity::Quantity;
use crate::model::selector::{LabelSelector, LabelSelectorRequirement, SelectorOperator};
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, ReclaimPolicy, VolumeMode};
use crate::model::volume_source::CsiVolumeSource;

/// The classes; nothing provisions for them, so that as many volumes exist as were asked for. Claims of the last one
/// wait for a pod.
const CLASSES: [(&str, BindingMode); 3] = [
    ("bronze", BindingMode::Immediate),
    ("silver", BindingMode::Immediate),
    ("gold", BindingMode::WaitForFirstConsumer),
];
/// The class of a volume or a claim; the empty one is none. Of eight, three have none.
const CLASS_OF: [&str; 8] = ["", "", "", "bronze", "bronze", "silver", "silver", "gold"];
/// The modes of a volume.
const VOLUME_MODES: [&[AccessMode]; 8] = [
    &[AccessMode::ReadWriteOnce],
    &[AccessMode::ReadWriteOnce],
    &[AccessMode::ReadWriteOnce],
    &[AccessMode::ReadWriteOnce, AccessMode::ReadOnlyMany],
    &[AccessMode::ReadWriteOnce, AccessMode::ReadOnlyMany, AccessMode::ReadWriteMany],
    &[AccessMode::ReadWriteOnce, AccessMode::ReadOnlyMany, AccessMode::ReadWriteMany],
    &[AccessMode::ReadWriteMany],
    &[AccessMode::ReadWriteOncePod],
];
/// The modes of a claim.
const CLAIM_MODES: [&[AccessMode]; 8] = [
    &[AccessMode::ReadWriteOnce],
    &[AccessMode::ReadWriteOnce],
    &[AccessMode::ReadWriteOnce],
    &[AccessMode::ReadWriteOnce],
    &[AccessMode::ReadOnlyMany],
    &[AccessMode::ReadWriteMany],
    &[AccessMode::ReadWriteMany],
    &[AccessMode::ReadWriteOncePod],
];
const TIERS: [&str; 3] = ["hdd", "nvme", "ssd"];
const RACKS: u64 = 100;

/// The recipe of a synthetic cluster.
///
/// - Three classes without a provisioner, `bronze`, `silver` and `gold`; claims of `gold` wait for a pod.
/// - Volumes `pv-0`, `pv-1`, …: three of eight have no class; 1Gi to 1Ti, small ones being more frequent; mixed access
///   modes; one of sixteen is a block device. Half of them are NFS exports that are retained, the others disks of the
///   driver `disk.example.com` that are deleted with their claims. Each has a `rack` and a `tier` for a label. None is
///   recycled, because every write of such a volume is answered with a warning.
/// - Claims `claim-0`, `claim-1`, … in the namespace that is current where they are applied, mixed likewise; they ask
///   for 1Gi to 512Gi. Every tenth has a selector, by `tier` or by `tier` and some values of `rack`.
///
/// The numbers come from [SplitMix64](https://doi.org/10.1145/2714064.2660195), begun anew for each object; neither the
/// platform nor a release of a dependency changes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Synthetic {
    /// How many volumes.
    pub volumes: u64,
    /// How many claims.
    pub claims: u64,
    /// What else the objects depend on.
    pub seed: u64,
}

impl Synthetic {
    /// A cluster of so many volumes and claims.
    pub fn new(volumes: u64, claims: u64, seed: u64) -> Self {
        Self { volumes, claims, seed }
    }

    /// All objects one after the other: classes, volumes, claims. Cost: constant for each, in time and in memory.
    pub fn objects(self) -> impl Iterator<Item = Object> {
        let volumes = (0..self.volumes).map(move |number| self.volume(number).into());
        let claims = (0..self.claims).map(move |number| self.claim(number).into());
        Self::classes().into_iter().map(Object::from).chain(volumes).chain(claims)
    }

    /// The classes, which are the same for every seed.
    pub fn classes() -> [StorageClass; 3] {
        CLASSES.map(|(name, mode)| StorageClass::new(name, "kubernetes.io/no-provisioner").with_binding_mode(mode))
    }

    /// A volume by its number, which may be any.
    pub fn volume(self, number: u64) -> PersistentVolume {
        let mut numbers = self.numbers(1, number);
        let name = format!("pv-{number}");
        let labels =
            StringMap::from([("rack", rack(numbers.below(RACKS))), ("tier", Text::from(numbers.pick(&TIERS)))]);
        let capacity = gibibytes(numbers.size(1024));
        let mut volume = PersistentVolume::new(name.as_str(), capacity, numbers.pick(&VOLUME_MODES).to_vec())
            .with_class(numbers.pick(&CLASS_OF))
            .with_labels(labels);
        let is_block = numbers.below(16) == 0;
        if is_block {
            volume.spec.volume_mode = VolumeMode::Block;
        }
        // An NFS export is no device.
        if is_block || numbers.below(15) < 7 {
            let disk = CsiVolumeSource {
                driver: "disk.example.com".into(),
                volume_handle: name.into(),
                ..CsiVolumeSource::default()
            };
            volume = volume.with_source(disk).with_reclaim_policy(ReclaimPolicy::Delete);
        }
        volume
    }

    /// A claim by its number, which may be any.
    pub fn claim(self, number: u64) -> PersistentVolumeClaim {
        let mut numbers = self.numbers(2, number);
        let request = gibibytes(numbers.size(512));
        let modes = numbers.pick(&CLAIM_MODES).to_vec();
        let mut claim = PersistentVolumeClaim::new("", format!("claim-{number}"), request, modes)
            .with_class(numbers.pick(&CLASS_OF));
        if numbers.below(16) == 0 {
            claim.spec.volume_mode = VolumeMode::Block;
        }
        if number % 10 == 9 {
            let mut selector = LabelSelector::matching([("tier", numbers.pick(&TIERS))]);
            if numbers.below(2) == 0 {
                let first = numbers.below(RACKS);
                let racks: Vec<Text> = (0..RACKS / 4).map(|step| rack((first + step) % RACKS)).collect();
                let expression = LabelSelectorRequirement {
                    key: "rack".into(),
                    operator: SelectorOperator::In,
                    values: racks.into(),
                    ..LabelSelectorRequirement::default()
                };
                selector.match_expressions = vec![expression].into();
            }
            claim = claim.with_selector(selector);
        }
        claim
    }

    /// The numbers of one object: `stream` tells apart what has the same number.
    fn numbers(self, stream: u64, number: u64) -> Numbers {
        let mut first = Numbers(self.seed ^ (stream << 56));
        Numbers(first.next() ^ number.wrapping_mul(GOLDEN))
    }
}

fn rack(number: u64) -> Text {
    format!("r{number}").into()
}

fn gibibytes(number: u64) -> Quantity {
    Quantity::from_bytes(i64::try_from(number << 30).unwrap_or(i64::MAX))
}

/// 2⁶⁴ divided by the golden ratio.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// `SplitMix64`.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound that is small beside 2⁶⁴.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A number from one to a bound, small ones being more frequent.
    fn size(&mut self, most: u64) -> u64 {
        let halvings = self.below(8);
        1 + self.below(most >> halvings)
    }

    fn pick<T: Copy, const N: usize>(&mut self, items: &[T; N]) -> T {
        let last = N - 1;
        items[usize::try_from(self.below(N as u64)).unwrap_or(last).min(last)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        // The first outputs of the reference implementation for the seed 1234567.
        let mut numbers = Numbers(1_234_567);
        let found = [numbers.next(), numbers.next(), numbers.next()];
        assert_eq!(found, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}
