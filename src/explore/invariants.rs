//! What must hold in every cluster, whatever the order.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::backend::ContentsChange;
use crate::cluster::Cluster;
use crate::explore::property::{Moment, News, Property};
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::kind::{Kind, Object};
use crate::model::names::{BIND_COMPLETED, BOUND_BY_CONTROLLER};
use crate::model::pod::Pod;
use crate::model::volume::{PersistentVolume, ReclaimPolicy, VolumePhase};

/// The properties that are asked of every cluster:
///
/// | name | what it says |
/// |---|---|
/// | `both ends agree` | when quiet, a Bound claim and its volume name each other, and a Bound volume its claim |
/// | `no unsuitable volume` | whom a controller brings together suit each other, but for what a user has reserved |
/// | `no silent change` | a Bound claim keeps its volume as long as it is the same claim |
/// | `no claim misbound` | a claim to which a controller has given a volume does not lose it to another claim |
/// | `no data lost` | files are destroyed only of a released volume that says Delete or Recycle, and of no claim's |
/// | `protected while in use` | no claim goes that a running pod uses, and no volume that a claim is Bound to |
/// | `one pod for an identity` | a set has no two pods for one ordinal |
pub fn invariants() -> Vec<Property> {
    vec![
        Property::when_quiet("both ends agree", both_ends_agree),
        Property::always("no unsuitable volume", no_unsuitable_volume).concerning(News::CLAIMS),
        Property::always("no silent change", no_silent_change).concerning(News::CLAIMS),
        Property::always("no claim misbound", no_claim_misbound).concerning(News::CLAIMS),
        Property::always("no data lost", no_data_lost).concerning(News::CONTENTS),
        Property::always("protected while in use", protected_while_in_use).concerning(News::GONE),
        Property::always("one pod for an identity", one_pod_for_an_identity).concerning(News::PODS),
    ]
}

fn both_ends_agree(moment: &Moment<'_>) -> Result<(), String> {
    let cluster = moment.cluster();
    for claim in cluster.claims().filter(|claim| claim.status.phase == ClaimPhase::Bound) {
        let name = &claim.spec.volume_name;
        let Some(volume) = cluster.volume(name) else {
            return Err(format!("claim {} is Bound to volume {name:?}, which does not exist", claim.key()));
        };
        let theirs = volume.spec.claim_ref.as_deref().map(|reference| &reference.uid);
        if theirs != Some(&claim.metadata.uid) {
            return Err(format!("claim {} is Bound to volume {name:?}, which is not its own", claim.key()));
        }
    }
    for volume in cluster.volumes().filter(|volume| volume.status.phase == VolumePhase::Bound) {
        let name = &volume.metadata.name;
        let claim = volume.spec.claim_ref.as_deref().and_then(|reference| {
            let claim = cluster.claim(&format!("{}/{}", reference.namespace, reference.name))?;
            (claim.metadata.uid == reference.uid).then_some(claim)
        });
        let Some(claim) = claim else {
            return Err(format!("volume {name:?} is Bound to a claim that does not exist"));
        };
        if claim.spec.volume_name != *name {
            return Err(format!("volume {name:?} is Bound to claim {}, which does not name it", claim.key()));
        }
    }
    Ok(())
}

/// The volume and the claim that a write has brought together: the claim names the volume from now on, for good.
fn newly_bound<'m>(
    moment: &Moment<'m>,
) -> impl Iterator<Item = (&'m PersistentVolume, &'m Arc<PersistentVolumeClaim>)> {
    let cluster = moment.cluster();
    moment.writes().filter_map(move |write| {
        let Some(Object::PersistentVolumeClaim(claim)) = &write.after else {
            return None;
        };
        let had = match &write.before {
            Some(Object::PersistentVolumeClaim(before)) => before.metadata.annotations.contains_key(BIND_COMPLETED),
            Some(_) | None => false,
        };
        let has = claim.metadata.annotations.contains_key(BIND_COMPLETED);
        if had || !has { None } else { Some((cluster.volume(&claim.spec.volume_name)?, claim)) }
    })
}

fn no_unsuitable_volume(moment: &Moment<'_>) -> Result<(), String> {
    for (volume, claim) in newly_bound(moment) {
        // A user who names the claim on the volume gets what was asked for (`CLAIM-11`, `MATCH-9`).
        if !volume.metadata.annotations.contains_key(BOUND_BY_CONTROLLER) {
            continue;
        }
        let name = &volume.metadata.name;
        let wrong = |what: &str| Err(format!("claim {} was bound to volume {name:?}, {what}", claim.key()));
        if volume.capacity() < claim.request() {
            return wrong("which is too small");
        }
        if !claim.spec.access_modes.satisfied_by(&volume.spec.access_modes) {
            return wrong("which lacks an access mode");
        }
        if volume.class_name() != claim.class_name() {
            return wrong("which has another class");
        }
        if volume.spec.volume_mode != claim.spec.volume_mode {
            return wrong("which has another volumeMode");
        }
    }
    Ok(())
}

fn no_silent_change(moment: &Moment<'_>) -> Result<(), String> {
    for write in moment.writes() {
        let (Some(Object::PersistentVolumeClaim(before)), Some(Object::PersistentVolumeClaim(after))) =
            (&write.before, &write.after)
        else {
            continue;
        };
        let same = before.metadata.uid == after.metadata.uid && before.status.phase == ClaimPhase::Bound;
        let (old, new) = (&before.spec.volume_name, &after.spec.volume_name);
        if same && old != new {
            return Err(format!("claim {} was Bound to volume {old:?} and now names {new:?}", after.key()));
        }
    }
    Ok(())
}

fn no_claim_misbound(moment: &Moment<'_>) -> Result<(), String> {
    for write in moment.writes() {
        let Some(Object::PersistentVolumeClaim(claim)) = &write.after else {
            continue;
        };
        let chosen = claim.metadata.annotations.contains_key(BOUND_BY_CONTROLLER);
        if !chosen || claim.status.phase != ClaimPhase::Lost {
            continue;
        }
        let name = &claim.spec.volume_name;
        let reference = moment.cluster().volume(name).and_then(|volume| volume.spec.claim_ref.as_deref());
        if let Some(other) = reference.filter(|reference| reference.uid != claim.metadata.uid) {
            let other = format!("{}/{}", other.namespace, other.name);
            return Err(format!("claim {} was given volume {name:?}, and claim {other} has it", claim.key()));
        }
    }
    Ok(())
}

fn no_data_lost(moment: &Moment<'_>) -> Result<(), String> {
    let Some(before) = moment.before() else {
        return Ok(());
    };
    for record in moment.contents() {
        if !matches!(record.change, ContentsChange::Wiped | ContentsChange::Destroyed) {
            continue;
        }
        for volume in before.volumes() {
            let name = &volume.metadata.name;
            if before.location(name).as_ref() != Some(&record.location) {
                continue;
            }
            let policy = &volume.spec.persistent_volume_reclaim_policy;
            if *policy == ReclaimPolicy::Retain {
                return Err(format!("the files of volume {name:?} were {}, which says Retain", record.change));
            }
            if !volume.status.phase.is_released() {
                return Err(format!(
                    "the files of volume {name:?} were {} while it was {}",
                    record.change, volume.status.phase
                ));
            }
            if let Some(claim) = claim_of(before, volume) {
                return Err(format!(
                    "the files of volume {name:?} were {}, and claim {} is Bound to it",
                    record.change,
                    claim.key()
                ));
            }
        }
    }
    Ok(())
}

/// The claim that is Bound to a volume, from both ends.
fn claim_of<'c>(cluster: &'c Cluster, volume: &PersistentVolume) -> Option<&'c PersistentVolumeClaim> {
    let reference = volume.spec.claim_ref.as_deref()?;
    let claim = cluster.claim(&format!("{}/{}", reference.namespace, reference.name))?;
    let is_its = claim.metadata.uid == reference.uid
        && claim.status.phase == ClaimPhase::Bound
        && claim.spec.volume_name == volume.metadata.name;
    is_its.then_some(claim)
}

fn protected_while_in_use(moment: &Moment<'_>) -> Result<(), String> {
    let Some(before) = moment.before() else {
        return Ok(());
    };
    for write in moment.writes().filter(|write| write.after.is_none()) {
        match &write.before {
            Some(Object::PersistentVolume(volume)) => {
                if let Some(claim) = claim_of(before, volume) {
                    let name = &volume.metadata.name;
                    return Err(format!("volume {name:?} is gone, and claim {} is Bound to it", claim.key()));
                }
            }
            Some(Object::PersistentVolumeClaim(claim)) => {
                let key = claim.key();
                let uses = |pod: &Pod| pod.claim_keys().any(|used| used == key) && runs(pod);
                if let Some(pod) = pods(before).find(|pod| uses(pod)) {
                    return Err(format!("claim {key} is gone, and pod {} uses it", pod.key()));
                }
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}

fn runs(pod: &Pod) -> bool {
    !pod.spec.node_name.is_empty() && !pod.status.phase.is_final()
}

fn pods(cluster: &Cluster) -> impl Iterator<Item = Arc<Pod>> {
    cluster.objects(Kind::Pod).into_iter().filter_map(|object| match object {
        Object::Pod(pod) => Some(pod),
        _ => None,
    })
}

fn one_pod_for_an_identity(moment: &Moment<'_>) -> Result<(), String> {
    let created = moment.writes().any(|write| write.before.is_none() && matches!(write.after, Some(Object::Pod(_))));
    if !created {
        return Ok(());
    }
    let mut seen = BTreeMap::new();
    for pod in pods(moment.cluster()) {
        let set = pod.metadata.controller().filter(|owner| owner.kind == Kind::StatefulSet.as_str());
        let ordinal = pod.metadata.name.rsplit('-').next().and_then(|text| text.parse::<i64>().ok());
        if let (Some(set), Some(ordinal)) = (set, ordinal)
            && let Some(other) = seen.insert((set.uid.clone(), ordinal), pod.key())
        {
            return Err(format!("pods {other} and {} have the same identity", pod.key()));
        }
    }
    Ok(())
}
