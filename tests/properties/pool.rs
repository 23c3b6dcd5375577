//! A pool of volumes is a list of them with a scan.

use bindery::{
    AccessMode, LabelSelector, ObjectReference, PersistentVolume, PersistentVolumeClaim, Quantity, Uid, VolumePhase,
    VolumePool,
};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::objects::found_uid;
use crate::runner::Property;
use crate::scan::{Match, choose};
use crate::seeds::{ClaimSeed, VolumeSeed, claims, volumes};

const BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";

/// What somebody does to a pool.
#[derive(Clone, Debug)]
enum Deed {
    Insert(VolumeSeed),
    Remove(prop::sample::Index),
    Reserve(ClaimSeed),
    Unreserve(prop::sample::Index),
}

fn deeds() -> impl Strategy<Value = Deed> + Clone {
    let fitting = (volumes(), claims()).prop_map(|(volume, claim)| Deed::Insert(volume.fitting(&claim)));
    prop_oneof![
        2 => volumes().prop_map(Deed::Insert),
        2 => fitting,
        1 => any::<prop::sample::Index>().prop_map(Deed::Remove),
        4 => claims().prop_map(Deed::Reserve),
        2 => any::<prop::sample::Index>().prop_map(Deed::Unreserve),
    ]
}

/// The same as a list in the order of insertion, every rule written out.
#[derive(Clone, Default)]
struct Plain(Vec<PersistentVolume>);

impl Plain {
    fn insert(&mut self, volume: &PersistentVolume) -> Option<PersistentVolume> {
        let before = self.remove(&volume.metadata.name);
        self.0.push(volume.clone());
        looked_at(self.0.last_mut().expect("it was added"));
        before
    }

    fn remove(&mut self, name: &str) -> Option<PersistentVolume> {
        let at = self.0.iter().position(|volume| volume.metadata.name == name)?;
        Some(self.0.remove(at))
    }

    fn find(&self, claim: &PersistentVolumeClaim) -> Match {
        choose(&self.0.iter().collect::<Vec<_>>(), claim, false)
    }

    /// `BIND-1`
    fn reserve(&mut self, claim: &PersistentVolumeClaim) -> Match {
        let found = self.find(claim);
        let Match::Volume(name) = &found else { return found };
        let volume = self.0.iter_mut().find(|volume| *volume.metadata.name == **name).expect("it was found");
        let uid = &claim.metadata.uid;
        let held = volume.spec.claim_ref.as_deref();
        if held.is_none_or(|held| held.uid != *uid) {
            if held.is_none() {
                volume.metadata.annotations = volume.metadata.annotations.with(BY_CONTROLLER, "yes");
            }
            let version = claim.metadata.resource_version;
            let reference = ObjectReference {
                kind: "PersistentVolumeClaim".into(),
                api_version: "v1".into(),
                namespace: claim.metadata.namespace.clone(),
                name: claim.metadata.name.clone(),
                uid: uid.clone(),
                resource_version: if version.is_none() { "".into() } else { version.to_string().into() },
                ..ObjectReference::default()
            };
            volume.spec.claim_ref = Some(reference.into());
        }
        found
    }

    /// `UNBIND-1`
    fn unreserve(&mut self, name: &str) {
        let volume = self.0.iter_mut().find(|volume| volume.metadata.name == name).expect("a name of one");
        if volume.metadata.annotations.contains_key(BY_CONTROLLER) {
            volume.metadata.annotations = volume.metadata.annotations.without(BY_CONTROLLER);
            volume.spec.claim_ref = None;
        } else if let Some(reference) = &mut volume.spec.claim_ref {
            reference.uid = Uid::default();
        }
        looked_at(volume);
    }
}

/// `VOL-2`, `VOL-3`
fn looked_at(volume: &mut PersistentVolume) {
    let has_uid = volume.spec.claim_ref.as_ref().is_some_and(|reference| !reference.uid.is_empty());
    if !has_uid && volume.status.phase != VolumePhase::Available {
        volume.status.phase = VolumePhase::Available;
        volume.status.message = "".into();
    }
}

fn found<E>(answer: &Result<Option<&PersistentVolume>, E>) -> Match {
    match answer {
        Ok(Some(volume)) => Match::Volume(volume.metadata.name.to_string()),
        Ok(None) => Match::Nothing,
        Err(_) => Match::Error,
    }
}

fn same(pool: &VolumePool, plain: &Plain) -> TestCaseResult {
    prop_assert_eq!(pool.iter().collect::<Vec<_>>(), plain.0.iter().collect::<Vec<_>>());
    prop_assert_eq!((pool.len(), pool.is_empty()), (plain.0.len(), plain.0.is_empty()));
    Ok(())
}

fn carry_out(deed: &Deed, pool: &mut VolumePool, plain: &mut Plain) -> TestCaseResult {
    let name_at = |plain: &Plain, at: prop::sample::Index| {
        (!plain.0.is_empty()).then(|| at.get(&plain.0).metadata.name.to_string())
    };
    match deed {
        Deed::Insert(seed) => {
            let volume = seed.restored(&found_uid);
            prop_assert_eq!(pool.insert(volume.clone()), plain.insert(&volume));
        }
        Deed::Remove(at) => {
            let name = name_at(plain, *at).unwrap_or_default();
            prop_assert_eq!(pool.remove(&name), plain.remove(&name));
        }
        Deed::Reserve(seed) => {
            let claim = seed.restored();
            prop_assert_eq!(found(&pool.reserve(&claim)), plain.reserve(&claim));
        }
        Deed::Unreserve(at) => match name_at(plain, *at) {
            None => prop_assert_eq!(pool.unreserve("none"), None),
            Some(name) => {
                plain.unreserve(&name);
                let given_back = pool.unreserve(&name).cloned();
                prop_assert_eq!(given_back.as_ref(), plain.0.iter().find(|volume| *volume.metadata.name == *name));
            }
        },
    }
    Ok(())
}

/// `MATCH-1` to `MATCH-12`, `BIND-1`, `UNBIND-1`, `DET-1` to `DET-3`: whatever was added, reserved, given back and taken out,
/// a claim gets what a scan of the list finds, the volumes are those of the list, and a copy that was made before has not
/// changed.
#[test]
fn a_pool_gives_what_a_scan_of_a_list_finds() {
    let strategy = prop::collection::vec((deeds(), claims()), 1..40);
    Property::new(file!(), "a pool gives what a scan of a list finds", 400).check(&strategy, |deeds| {
        let (mut pool, mut plain) = (VolumePool::new(), Plain::default());
        for (deed, claim) in deeds {
            let before = (pool.clone(), plain.clone());
            carry_out(&deed, &mut pool, &mut plain)?;
            same(&pool, &plain)?;
            same(&before.0, &before.1)?;
            let claim = claim.restored();
            prop_assert_eq!(found(&pool.find(&claim)), plain.find(&claim), "claim {}", claim.key());
        }
        Ok(())
    });
}

/// `MATCH-12`: a selector that makes no predicate is an error where there is a volume to try it on, and nothing is taken.
#[test]
fn a_pool_says_what_is_wrong_with_a_selector() {
    let selector: LabelSelector =
        serde_json::from_str(r#"{"matchExpressions": [{"key": "rack", "operator": "In"}]}"#).expect("a selector");
    let size: Quantity = "1Gi".parse().expect("a quantity");
    let modes = [AccessMode::ReadWriteOnce];
    let claim = PersistentVolumeClaim::new("shop", "data", size.clone(), modes.clone()).with_selector(selector);
    let mut pool = VolumePool::new();
    assert_eq!(pool.reserve(&claim), Ok(None));
    pool.insert(PersistentVolume::new("pv", size, modes));
    let error = pool.reserve(&claim).expect_err("`In` needs values");
    assert!(error.to_string().contains("for 'in', 'notin' operators, values set can't be empty"), "{error}");
    assert_eq!(pool.get("pv").expect("it was added").spec.claim_ref, None);
}
