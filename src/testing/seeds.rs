//! What worlds are made of: small numbers, so that a failing world shrinks to one in which everything is ordinary but
//! for what matters.
//!
//! Names, sizes, classes and labels come from short tables. So claims and volumes fit one another often, and ties,
//! clashes of names and dangling references are common.

#![expect(missing_docs, reason = "a field or variant has the name of what it stands for in the object or in the API")]

use proptest::prelude::*;

/// Amounts of storage: two that are equal and written differently, some that differ by less than a byte, and one that
/// 64 bits cannot hold (`HELP-10`).
pub const SIZES: [&str; 7] = ["1Gi", "1024Mi", "2Gi", "5Gi", "1500m", "2", "10E"];
/// Names of volumes.
pub const VOLUMES: [&str; 8] = ["pv-e", "pv-b", "pv-d", "pv-a", "pv-c", "pv-h", "pv-f", "pv-g"];
/// Keys of claims: namespace and name.
pub const CLAIMS: [(&str, &str); 6] =
    [("default", "a"), ("default", "b"), ("shop", "a"), ("shop", "b"), ("default", "c"), ("shop", "c")];
/// Names of classes. Whether there is such a class is another matter.
pub const CLASSES: [&str; 4] = ["fast", "late", "slow", "gone"];
/// Names of attributes classes.
pub const ATTRIBUTES: [Option<&str>; 4] = [None, Some(""), Some("gold"), Some("silver")];
/// Provisioners of classes: external, in the tree with a plugin, without one, with one that cannot, migrated.
pub const PROVISIONERS: [&str; 5] = [
    "example.com/external",
    "kubernetes.io/scripted",
    "kubernetes.io/no-provisioner",
    "kubernetes.io/nfs",
    "kubernetes.io/aws-ebs",
];
/// Keys of labels.
pub const LABELS: [&str; 2] = ["tier", "zone"];
/// Values of labels.
pub const VALUES: [&str; 2] = ["x", "y"];

/// How a volume or a claim says its class (`HELP-1`, `HELP-2`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassSeed {
    Absent,
    Named(usize),
    Empty,
    Beta(usize),
    BetaEmpty,
}

/// Which uid a reference to a claim has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UidSeed {
    Absent,
    Right,
    Wrong,
}

/// A volume's reference to a claim.
#[derive(Clone, Copy, Debug)]
pub struct ReservationSeed {
    pub claim: usize,
    pub uid: UidSeed,
    pub by_controller: bool,
}

/// A volume.
#[derive(Clone, Debug)]
pub struct VolumeSeed {
    pub name: usize,
    pub size: usize,
    /// One bit for each of the four modes.
    pub modes: u8,
    pub class: ClassSeed,
    pub block: bool,
    pub attributes: usize,
    /// For each key the number of its value; zero for none.
    pub labels: [usize; 2],
    pub reservation: Option<ReservationSeed>,
    pub life: VolumeLife,
}

/// What matters to a volume's reclaiming, and what only a restored one has.
#[derive(Clone, Debug)]
pub struct VolumeLife {
    /// Retain, Delete, Recycle, or a text that is no policy.
    pub policy: usize,
    /// Available, Pending, Bound, Released, Failed.
    pub phase: usize,
    /// Being deleted, and whether somebody's finalizer holds it.
    pub deleting: Option<bool>,
    /// Which storage is behind it; see `world`.
    pub source: usize,
    pub provisioner: Option<usize>,
}

impl VolumeSeed {
    /// The same volume with everything that a claim asks for, and reserved for that claim if for any.
    #[must_use]
    pub fn fitting(self, claim: &ClaimSeed) -> Self {
        let ClaimSeed { key, size, modes, class, block, attributes, .. } = *claim;
        let reservation = self.reservation.map(|reservation| ReservationSeed { claim: key, ..reservation });
        Self { size, modes, class, block, attributes, reservation, ..self }
    }
}

/// One expression of a selector.
#[derive(Clone, Debug)]
pub struct TermSeed {
    pub key: usize,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`, a plain match, or a text that is no operator.
    pub operator: usize,
    /// One bit for each value.
    pub values: u8,
}

/// A claim.
#[derive(Clone, Debug)]
pub struct ClaimSeed {
    pub key: usize,
    pub size: usize,
    /// One bit for each of the four modes.
    pub modes: u8,
    pub class: ClassSeed,
    pub block: bool,
    pub attributes: usize,
    pub selector: Option<Vec<TermSeed>>,
    pub volume: Option<usize>,
    pub life: ClaimLife,
}

/// The marks that controllers leave on a claim, and what only a restored one has.
#[derive(Clone, Debug)]
pub struct ClaimLife {
    /// Pending, Bound, Lost.
    pub phase: usize,
    pub bind_completed: bool,
    pub by_controller: bool,
    /// A node that exists, or one that does not.
    pub selected_node: Option<bool>,
    /// Being deleted, and whether somebody's finalizer holds it.
    pub deleting: Option<bool>,
}

/// A storage class.
#[derive(Clone, Debug)]
pub struct StorageClassSeed {
    pub name: usize,
    pub provisioner: usize,
    /// Immediate, delayed, or not said.
    pub binding: usize,
    pub default: bool,
    pub expandable: bool,
}

/// A pod that uses a claim.
#[derive(Clone, Debug)]
pub struct PodSeed {
    pub name: usize,
    pub claim: usize,
    pub scheduled: bool,
    pub ended: bool,
}

fn classes() -> impl Strategy<Value = ClassSeed> + Clone {
    prop_oneof![
        6 => Just(ClassSeed::Absent),
        5 => (0..CLASSES.len()).prop_map(ClassSeed::Named),
        2 => Just(ClassSeed::Empty),
        1 => (0..CLASSES.len()).prop_map(ClassSeed::Beta),
        1 => Just(ClassSeed::BetaEmpty),
    ]
}

/// All sets, the single modes more often; none at all is something that only a restored object has.
fn modes() -> impl Strategy<Value = u8> + Clone {
    prop_oneof![6 => Just(0b0001_u8), 3 => Just(0b0011), 2 => Just(0b0110), 6 => 1..16_u8, 1 => Just(0)]
}

fn sizes() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![3 => 0..4_usize, 1 => 0..SIZES.len()]
}

fn attributes() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![8 => Just(0_usize), 2 => 0..ATTRIBUTES.len()]
}

fn reservations() -> impl Strategy<Value = ReservationSeed> + Clone {
    let uids = prop_oneof![3 => Just(UidSeed::Absent), 5 => Just(UidSeed::Right), 2 => Just(UidSeed::Wrong)];
    (0..CLAIMS.len(), uids, any::<bool>()).prop_map(|(claim, uid, by_controller)| ReservationSeed {
        claim,
        uid,
        by_controller,
    })
}

fn deleting() -> impl Strategy<Value = Option<bool>> + Clone {
    prop::option::weighted(0.1, any::<bool>())
}

/// Any volume.
pub fn volumes() -> impl Strategy<Value = VolumeSeed> + Clone {
    let phases = prop_oneof![5 => Just(0_usize), 5 => 0..5_usize];
    let policies = prop_oneof![3 => 0..3_usize, 1 => 0..4_usize];
    let provisioners = prop::option::weighted(0.3, 0..PROVISIONERS.len());
    let lives = (policies, phases, deleting(), 0..5_usize, provisioners).prop_map(
        |(policy, phase, deleting, source, provisioner)| VolumeLife { policy, phase, deleting, source, provisioner },
    );
    let labels = [0..=VALUES.len(), 0..=VALUES.len()];
    let reserved = prop::option::weighted(0.4, reservations());
    let looks = (0..VOLUMES.len(), sizes(), modes(), classes(), prop::bool::weighted(0.1), attributes(), labels);
    (looks, reserved, lives).prop_map(|((name, size, modes, class, block, attributes, labels), reservation, life)| {
        VolumeSeed { name, size, modes, class, block, attributes, labels, reservation, life }
    })
}

fn terms() -> impl Strategy<Value = TermSeed> + Clone {
    let operators = prop_oneof![20 => 0..5_usize, 1 => Just(5_usize)];
    (0..LABELS.len(), operators, 0..4_u8).prop_map(|(key, operator, values)| TermSeed { key, operator, values })
}

/// Any claim.
pub fn claims() -> impl Strategy<Value = ClaimSeed> + Clone {
    let phases = prop_oneof![6 => Just(0_usize), 4 => 0..3_usize];
    let node = prop::option::weighted(0.2, any::<bool>());
    let lives = (phases, prop::bool::weighted(0.25), prop::bool::weighted(0.2), node, deleting());
    let lives = lives.prop_map(|(phase, bind_completed, by_controller, selected_node, deleting)| ClaimLife {
        phase,
        bind_completed,
        by_controller,
        selected_node,
        deleting,
    });
    let selector = prop::option::weighted(0.25, prop::collection::vec(terms(), 0..3));
    let looks = (0..CLAIMS.len(), sizes(), modes(), classes(), prop::bool::weighted(0.1), attributes());
    let volume = prop::option::weighted(0.3, 0..VOLUMES.len());
    (looks, selector, volume, lives).prop_map(
        |((key, size, modes, class, block, attributes), selector, volume, life)| ClaimSeed {
            key,
            size,
            modes,
            class,
            block,
            attributes,
            selector,
            volume,
            life,
        },
    )
}

/// Any class.
pub fn storage_classes() -> impl Strategy<Value = StorageClassSeed> + Clone {
    let binding = prop_oneof![5 => Just(0_usize), 4 => Just(1_usize), 1 => Just(2_usize)];
    let parts = (0..CLASSES.len(), 0..PROVISIONERS.len(), binding, prop::bool::weighted(0.2), any::<bool>());
    parts.prop_map(|(name, provisioner, binding, default, expandable)| StorageClassSeed {
        name,
        provisioner,
        binding,
        default,
        expandable,
    })
}

/// Any pod.
pub fn pods() -> impl Strategy<Value = PodSeed> + Clone {
    (0..3_usize, 0..CLAIMS.len(), any::<bool>(), prop::bool::weighted(0.2))
        .prop_map(|(name, claim, scheduled, ended)| PodSeed { name, claim, scheduled, ended })
}
