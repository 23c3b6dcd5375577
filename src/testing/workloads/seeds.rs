//! What worlds are made of, and what is done to them: small numbers, so that a failing world shrinks well.

#![expect(missing_docs, reason = "a field or variant has the name of what it stands for in the object or in the API")]

use crate::Propagation;
use proptest::prelude::*;
use proptest::sample::Index;

/// Names of sets.
pub const SETS: [&str; 2] = ["db", "web"];
/// Names of the claim templates of a set, and of the directories where they are mounted.
pub const TEMPLATES: [&str; 2] = ["data", "logs"];
/// Names of claims that no set makes.
pub const CLAIMS: [&str; 2] = ["shared", "data-db-1"];
/// Names of classes: made at once, made for a pod, made for a pod and kept, directories of an NFS server, local
/// volumes, and static volumes without a class.
pub const CLASSES: [&str; 6] = ["now", "late", "keep", "nfs", "local", ""];
/// Names of nodes, the zone of each, and how many there can be.
pub const NODES: [(&str, &str); 3] = [("n1", "a"), ("n2", "b"), ("n3", "a")];

/// A cluster before anything is done to it.
#[derive(Clone, Debug)]
pub struct World {
    /// One to three.
    pub nodes: usize,
    /// Whether volumes of the CSI driver are confined to a zone.
    pub zones: bool,
    /// How many seconds the driver takes for a volume.
    pub delay: u8,
    /// How many calls of the driver fail at first.
    pub failures: u8,
    pub volumes: Vec<VolumeSeed>,
    pub deeds: Vec<Deed>,
}

/// A static volume.
#[derive(Clone, Copy, Debug)]
pub enum VolumeSeed {
    /// On a node, of the class for local volumes.
    Local { node: usize },
    /// On an NFS server; Retain, Recycle or Delete.
    Nfs { policy: usize },
    /// On whatever node uses it; Retain, Recycle or Delete.
    HostPath { policy: usize },
}

/// A StatefulSet.
#[derive(Clone, Copy, Debug)]
pub struct SetSeed {
    pub set: usize,
    pub parallel: bool,
    pub replicas: i32,
    /// The class of each claim template.
    pub templates: [Option<usize>; 2],
    pub retention: Retention,
    pub strategy: Strategies,
    pub start: i32,
    pub min_ready: i32,
}

/// How a set brings a new template to its pods.
#[derive(Clone, Copy, Debug)]
pub enum Strategies {
    Rolling { partition: i32 },
    OnDelete,
}

/// Whether claims go when the set is deleted, and when it is scaled down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    pub delete_when_deleted: bool,
    pub delete_when_scaled: bool,
}

/// One thing that happens. The API refuses some of them; then they change nothing.
#[derive(Clone, Debug)]
pub enum Deed {
    Settle,
    /// Lets actions happen in this order.
    Take(Vec<Index>),
    /// Lets steps happen in the stock order.
    Steps(u8),
    /// Lets seconds pass.
    Advance(u16),
    CreateSet(SetSeed),
    Scale(usize, i32),
    Update(usize, u8),
    Retain(usize, Retention),
    DeleteSet(usize, usize),
    CreateDeployment {
        claim: usize,
        replicas: i32,
        recreate: bool,
    },
    ScaleDeployment(i32),
    UpdateDeployment(u8),
    DeleteDeployment(usize),
    CreateClaim {
        claim: usize,
        class: usize,
        many: bool,
    },
    DeleteClaim(Index),
    /// Deletes a claim and every pod that uses it.
    EndClaim(Index),
    /// Strips the finalizers and deletes.
    RemoveClaim(Index),
    DeleteVolume(Index),
    CreatePod {
        pod: usize,
        claim: usize,
    },
    DeletePod(Index, usize),
    /// Deletes a pod without waiting for its kubelet.
    ForcePod(Index),
    HoldReadiness(Index),
    HoldTermination(Index),
    Release(Index),
    Fail(usize),
    Heal(usize),
    Cordon(usize, bool),
    /// Writes a file in a running pod: which pod, which directory, which file.
    Write(Index, usize, usize),
}

/// The three ways to delete what owns something.
pub const PROPAGATIONS: [Propagation; 3] = [Propagation::Background, Propagation::Foreground, Propagation::Orphan];

pub fn retentions() -> impl Strategy<Value = Retention> + Clone {
    (any::<bool>(), any::<bool>())
        .prop_map(|(delete_when_deleted, delete_when_scaled)| Retention { delete_when_deleted, delete_when_scaled })
}

fn strategies() -> impl Strategy<Value = Strategies> + Clone {
    prop_oneof![
        4 => Just(Strategies::Rolling { partition: 0 }),
        1 => (1..3).prop_map(|partition| Strategies::Rolling { partition }),
        1 => Just(Strategies::OnDelete),
    ]
}

/// Any set.
pub fn sets() -> impl Strategy<Value = SetSeed> + Clone {
    let class = prop_oneof![6 => 0..4_usize, 1 => Just(4_usize), 2 => Just(5_usize)];
    let templates = [prop::option::weighted(0.85, class.clone()), prop::option::weighted(0.25, class)];
    let start = prop_oneof![5 => Just(0), 1 => Just(2)];
    let min_ready = prop_oneof![4 => Just(0), 1 => Just(5)];
    let looks = (0..SETS.len(), any::<bool>(), 0..4_i32, templates);
    (looks, retentions(), strategies(), start, min_ready).prop_map(
        |((set, parallel, replicas, templates), retention, strategy, start, min_ready)| SetSeed {
            set,
            parallel,
            replicas,
            templates,
            retention,
            strategy,
            start,
            min_ready,
        },
    )
}

fn volumes() -> impl Strategy<Value = VolumeSeed> + Clone {
    prop_oneof![
        2 => (0..NODES.len()).prop_map(|node| VolumeSeed::Local { node }),
        4 => prop_oneof![Just(1_usize), 0..3_usize].prop_map(|policy| VolumeSeed::Nfs { policy }),
        1 => (0..3_usize).prop_map(|policy| VolumeSeed::HostPath { policy }),
    ]
}

/// Anything that can happen.
pub fn deeds() -> impl Strategy<Value = Deed> + Clone {
    let index = any::<Index>;
    let set = || 0..SETS.len();
    let propagation = || prop_oneof![3 => Just(0_usize), 2 => 1..PROPAGATIONS.len()];
    let orders = prop::collection::vec(index(), 1..40);
    let running = prop_oneof![
        9 => Just(Deed::Settle),
        6 => orders.prop_map(Deed::Take),
        3 => (0..15_u8).prop_map(Deed::Steps),
        4 => prop_oneof![3 => 1..30_u16, 1 => Just(60), 2 => Just(400)].prop_map(Deed::Advance),
    ];
    let of_sets = prop_oneof![
        5 => sets().prop_map(Deed::CreateSet),
        4 => (set(), 0..4_i32).prop_map(|(set, replicas)| Deed::Scale(set, replicas)),
        4 => (set(), 0..3_u8).prop_map(|(set, version)| Deed::Update(set, version)),
        2 => (set(), retentions()).prop_map(|(set, retention)| Deed::Retain(set, retention)),
        2 => (set(), propagation()).prop_map(|(set, propagation)| Deed::DeleteSet(set, propagation)),
    ];
    let of_others = prop_oneof![
        2 => (0..CLAIMS.len(), 0..4_i32, any::<bool>())
            .prop_map(|(claim, replicas, recreate)| Deed::CreateDeployment { claim, replicas, recreate }),
        1 => (0..4_i32).prop_map(Deed::ScaleDeployment),
        1 => (0..3_u8).prop_map(Deed::UpdateDeployment),
        1 => propagation().prop_map(Deed::DeleteDeployment),
        3 => (0..CLAIMS.len(), prop_oneof![2 => 0..CLASSES.len(), 1 => Just(5_usize)], any::<bool>())
            .prop_map(|(claim, class, many)| Deed::CreateClaim { claim, class, many }),
        2 => index().prop_map(Deed::DeleteClaim),
        4 => index().prop_map(Deed::EndClaim),
        1 => index().prop_map(Deed::RemoveClaim),
        1 => index().prop_map(Deed::DeleteVolume),
        2 => (0..2_usize, 0..CLAIMS.len()).prop_map(|(pod, claim)| Deed::CreatePod { pod, claim }),
    ];
    let of_pods = prop_oneof![
        4 => (index(), propagation()).prop_map(|(pod, propagation)| Deed::DeletePod(pod, propagation)),
        1 => index().prop_map(Deed::ForcePod),
        2 => index().prop_map(Deed::HoldReadiness),
        2 => index().prop_map(Deed::HoldTermination),
        3 => index().prop_map(Deed::Release),
        2 => (0..NODES.len()).prop_map(Deed::Fail),
        3 => (0..NODES.len()).prop_map(Deed::Heal),
        1 => (0..NODES.len(), any::<bool>()).prop_map(|(node, off)| Deed::Cordon(node, off)),
        12 => (index(), prop_oneof![3 => Just(0_usize), 1 => 1..3_usize], 0..2_usize).prop_map(|(pod, place, file)| Deed::Write(pod, place, file)),
    ];
    prop_oneof![4 => running, 3 => of_sets, 2 => of_others, 4 => of_pods]
}

/// Any world, with at least one set and up to a number of things done to it.
pub fn worlds(most: usize) -> impl Strategy<Value = World> + Clone {
    let first = sets().prop_map(Deed::CreateSet);
    let looks = (1..=NODES.len(), any::<bool>(), prop_oneof![3 => Just(0_u8), 1 => 1..20_u8], 0..3_u8);
    (looks, prop::collection::vec(volumes(), 0..5), first, prop::collection::vec(deeds(), 0..=most)).prop_map(
        |((nodes, zones, delay, failures), volumes, first, mut deeds)| {
            deeds.insert(0, first);
            World { nodes, zones, delay, failures, volumes, deeds }
        },
    )
}

impl Deed {
    /// The names of all kinds of deeds.
    pub const NAMES: [&'static str; 28] = [
        "settle",
        "take",
        "steps",
        "advance",
        "create set",
        "scale",
        "update",
        "retain",
        "delete set",
        "create deployment",
        "scale deployment",
        "update deployment",
        "delete deployment",
        "create claim",
        "delete claim",
        "remove claim",
        "delete volume",
        "create pod",
        "delete pod",
        "force pod",
        "hold readiness",
        "hold termination",
        "release",
        "fail",
        "heal",
        "cordon",
        "write",
        "end claim",
    ];

    pub fn name(&self) -> &'static str {
        let number = match self {
            Self::Settle => 0,
            Self::Take(_) => 1,
            Self::Steps(_) => 2,
            Self::Advance(_) => 3,
            Self::CreateSet(_) => 4,
            Self::Scale(..) => 5,
            Self::Update(..) => 6,
            Self::Retain(..) => 7,
            Self::DeleteSet(..) => 8,
            Self::CreateDeployment { .. } => 9,
            Self::ScaleDeployment(_) => 10,
            Self::UpdateDeployment(_) => 11,
            Self::DeleteDeployment(_) => 12,
            Self::CreateClaim { .. } => 13,
            Self::DeleteClaim(_) => 14,
            Self::RemoveClaim(_) => 15,
            Self::DeleteVolume(_) => 16,
            Self::CreatePod { .. } => 17,
            Self::DeletePod(..) => 18,
            Self::ForcePod(_) => 19,
            Self::HoldReadiness(_) => 20,
            Self::HoldTermination(_) => 21,
            Self::Release(_) => 22,
            Self::Fail(_) => 23,
            Self::Heal(_) => 24,
            Self::Cordon(..) => 25,
            Self::Write(..) => 26,
            Self::EndClaim(_) => 27,
        };
        Self::NAMES[number]
    }
}
