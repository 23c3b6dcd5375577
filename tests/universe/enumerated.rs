//! All worlds of up to two volumes and two claims, up to symmetry.
//!
//! Sizes and access modes are compared and nothing else is done with them. So two worlds in which the same volumes are
//! large and able enough for the same claims, and in which the volumes stand in the same order, are one world; and so are
//! two that differ in which volume or claim comes first. A reclaim policy matters where a claim is deleted.

use std::collections::BTreeMap;

use bindery::explore::{Deed, Explorer, Found, invariants};
use bindery::volume_source::HostPathVolumeSource;
use bindery::{
    AccessMode, BindingMode, Cluster, Config, Controller, Controllers, Kind, PersistentVolume, PersistentVolumeClaim,
    ReclaimPolicy, StorageClass,
};

const VOLUMES: [&str; 2] = ["v", "w"];
const CLAIMS: [&str; 2] = ["a", "b"];
const CLASSES: [&str; 2] = ["now", "late"];
const SIZES: [&str; 2] = ["1Gi", "2Gi"];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Volume {
    large: bool,
    many: bool,
    late: bool,
    /// Retain, Delete, Recycle.
    policy: u8,
    /// The claim that it names.
    names: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    large: bool,
    many: bool,
    late: bool,
    /// The volume that it names.
    names: Option<usize>,
}

/// What a user deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deletion {
    Nothing,
    Volume(usize),
    Claim(usize),
}

/// A world.
#[derive(Clone, Debug)]
pub(crate) struct World {
    volumes: Vec<Volume>,
    claims: Vec<Claim>,
    deletion: Deletion,
}

/// What matters of a world.
type Signature = Vec<u8>;

impl World {
    /// What matters of it, the same for all worlds that are the same but for the order of volumes and claims.
    fn signature(&self) -> Signature {
        let orders = |count: usize| if count == 2 { vec![vec![0, 1], vec![1, 0]] } else { vec![(0..count).collect()] };
        let volumes = orders(self.volumes.len());
        let claims = orders(self.claims.len());
        let all =
            volumes.iter().flat_map(|volumes| claims.iter().map(move |claims| self.signature_in(volumes, claims)));
        all.min().unwrap_or_default()
    }

    fn signature_in(&self, volumes: &[usize], claims: &[usize]) -> Signature {
        let place = |order: &[usize], number: usize| {
            u8::try_from(order.iter().position(|other| *other == number).map_or(9, |place| place + 1)).unwrap_or(9)
        };
        let mut parts = vec![u8::try_from(volumes.len() * 4 + claims.len()).unwrap_or(u8::MAX)];
        for number in volumes {
            let Volume { late, policy, names, .. } = self.volumes[*number];
            parts.extend([
                u8::from(late),
                policy,
                names.map_or(0, |claim| if claim < claims.len() { place(claims, claim) } else { 9 }),
            ]);
        }
        for number in claims {
            let claim = self.claims[*number];
            parts.extend([u8::from(claim.late), claim.names.map_or(0, |volume| place(volumes, volume))]);
            for volume in volumes {
                let volume = self.volumes[*volume];
                let suits = volume.large >= claim.large && volume.many >= claim.many;
                parts.push(u8::from(suits));
            }
        }
        if let [one, two] = volumes {
            let (one, two) = (self.volumes[*one], self.volumes[*two]);
            parts.push((one.many, one.large).cmp(&(two.many, two.large)) as u8);
        }
        match self.deletion {
            Deletion::Nothing => parts.push(0),
            Deletion::Volume(number) => parts.extend([1, place(volumes, number)]),
            Deletion::Claim(number) => parts.extend([2, place(claims, number)]),
        }
        parts
    }

    fn cluster(&self) -> Cluster {
        let mut config = Config::default();
        config.controllers = Controllers::PERSISTENT_VOLUMES.with(Controller::Protection);
        let mut cluster = Cluster::new(config);
        let modes = |many: bool| {
            let both = [AccessMode::ReadWriteOnce, AccessMode::ReadWriteMany];
            both[..if many { 2 } else { 1 }].to_vec()
        };
        let class = |late: bool| CLASSES[usize::from(late)];
        for late in [false, true] {
            let mut object = StorageClass::new(class(late), "kubernetes.io/no-provisioner");
            let mode = if late { BindingMode::WaitForFirstConsumer } else { BindingMode::Immediate };
            object.volume_binding_mode = Some(mode);
            cluster.create(object).expect("a valid class");
        }
        for (volume, name) in self.volumes.iter().zip(VOLUMES) {
            let path = HostPathVolumeSource { path: format!("/tmp/{name}").into(), ..HostPathVolumeSource::default() };
            let policy = [ReclaimPolicy::Retain, ReclaimPolicy::Delete, ReclaimPolicy::Recycle]
                [usize::from(volume.policy)]
            .clone();
            let size = SIZES[usize::from(volume.large)].parse().expect("a quantity");
            let mut object = PersistentVolume::new(name, size, modes(volume.many))
                .with_class(class(volume.late))
                .with_reclaim_policy(policy)
                .with_source(path);
            if let Some(claim) = volume.names {
                object = object.reserved_for("default", CLAIMS[claim]);
            }
            cluster.create(object).expect("a valid volume");
            cluster.write_file(name, "file", "text").expect("a place for files");
        }
        for (claim, name) in self.claims.iter().zip(CLAIMS) {
            let size = SIZES[usize::from(claim.large)].parse().expect("a quantity");
            let mut object =
                PersistentVolumeClaim::new("default", name, size, modes(claim.many)).with_class(class(claim.late));
            if let Some(volume) = claim.names {
                object = object.with_volume(VOLUMES[volume]);
            }
            cluster.create(object).expect("a valid claim");
        }
        cluster
    }

    /// Every order of it, with up to one crash and one conflict.
    pub(crate) fn explore(&self) -> Found {
        let cluster = self.cluster();
        let explorer = Explorer::new(&cluster).properties(invariants()).crashes(1).conflicts(1);
        let explorer = match self.deletion {
            Deletion::Nothing => explorer,
            Deletion::Volume(number) => explorer.user([Deed::Delete(Kind::PersistentVolume.named(VOLUMES[number]))]),
            Deletion::Claim(number) => {
                let key = Kind::PersistentVolumeClaim.named(format!("default/{}", CLAIMS[number]).as_str());
                explorer.user([Deed::Delete(key)])
            }
        };
        explorer.run()
    }
}

fn volumes(policies: u8, claims: usize) -> Vec<Volume> {
    let mut found = Vec::new();
    for bits in 0..8_u8 {
        for policy in 0..policies {
            for names in std::iter::once(None).chain((0..claims).map(Some)) {
                found.push(Volume { large: bits & 1 != 0, many: bits & 2 != 0, late: bits & 4 != 0, policy, names });
            }
        }
    }
    found
}

fn claims(volumes: usize) -> Vec<Claim> {
    let mut found = Vec::new();
    for bits in 0..8_u8 {
        for names in std::iter::once(None).chain((0..volumes).map(Some)) {
            found.push(Claim { large: bits & 1 != 0, many: bits & 2 != 0, late: bits & 4 != 0, names });
        }
    }
    found
}

/// All lists of so many.
fn lists<T: Copy>(items: &[T], count: usize) -> Vec<Vec<T>> {
    let mut lists = vec![Vec::new()];
    for _ in 0..count {
        lists = lists
            .iter()
            .flat_map(|list| items.iter().map(move |item| list.iter().copied().chain([*item]).collect()))
            .collect();
    }
    lists
}

/// One world for each signature, in the order of the signatures; of all that there are only each so manyth is looked at.
pub(crate) fn worlds(share: usize) -> Vec<World> {
    let mut number = 0;
    let mut found: BTreeMap<Signature, World> = BTreeMap::new();
    for volume_count in 1..=2 {
        for claim_count in 1..=2 {
            let mut deletions = vec![Deletion::Nothing];
            deletions.extend((0..volume_count).map(Deletion::Volume));
            deletions.extend((0..claim_count).map(Deletion::Claim));
            for deletion in deletions {
                let policies = if matches!(deletion, Deletion::Claim(_)) { 3 } else { 1 };
                let claims = lists(&claims(volume_count), claim_count);
                for volumes in lists(&volumes(policies, claim_count), volume_count) {
                    for claims in &claims {
                        number += 1;
                        if number % share != 0 {
                            continue;
                        }
                        let world = World { volumes: volumes.clone(), claims: claims.clone(), deletion };
                        found.entry(world.signature()).or_insert(world);
                    }
                }
            }
        }
    }
    found.into_values().collect()
}
