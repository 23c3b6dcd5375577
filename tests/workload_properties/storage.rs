//! What is in use stays, and nothing is lost unless a policy or a user says so (`PROT-3` to `PROT-15`, `STSPVC-22`).

use std::sync::Arc;

use bindery::{
    Actor, Cluster, ContentsChange, ContentsRecord, Location, Object, PersistentVolume, PersistentVolumeClaim, Pod,
    PodPhase, Uid, VolumePhase, VolumeSource, WriteRecord,
};
use bindery::{Backing, ClaimPhase};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::watch::Watcher;

const FOREGROUND: &str = "foregroundDeletion";

/// Whether a user stripped the finalizers of an object.
fn is_stripped(write: &WriteRecord) -> bool {
    let held = |object: &Object| !object.metadata().finalizers.is_empty();
    write.actor == Actor::User && write.after.is_none() && write.before.as_ref().is_some_and(held)
}

/// Whether a write is what marks an object as deleted, or takes it out at once.
fn is_request(write: &WriteRecord) -> bool {
    let deleting = |object: &Option<Object>| object.as_ref().is_some_and(|object| object.metadata().is_deleting());
    write.before.is_some() && !deleting(&write.before) && (write.after.is_none() || deleting(&write.after))
}

impl Watcher {
    pub(crate) fn check_claim(&mut self, write: &WriteRecord) -> TestCaseResult {
        let Some(Object::PersistentVolumeClaim(claim)) = &write.before else {
            return Ok(());
        };
        if is_stripped(write) {
            return Ok(());
        }
        if is_request(write) && write.actor != Actor::User {
            self.check_collected(claim, write)?;
        }
        if write.after.is_none() {
            let user = self
                .pods()
                .find(|pod| !pod.spec.node_name.is_empty() && pod.claim_keys().any(|key| key == claim.key()));
            prop_assert!(
                user.is_none(),
                "{} while {} uses it",
                write,
                user.map(|pod| pod.key().to_string()).unwrap_or_default()
            );
            self.judge("claim removed");
        }
        Ok(())
    }

    /// A claim is collected when all its owners are gone, or wait for it, and a policy made them its owners.
    fn check_collected(&mut self, claim: &Arc<PersistentVolumeClaim>, write: &WriteRecord) -> TestCaseResult {
        prop_assert_eq!(&write.actor, &Actor::GarbageCollector, "{}", write);
        let owners = &claim.metadata.owner_references;
        prop_assert!(!owners.is_empty(), "{} without an owner", write);
        for owner in owners {
            let waits =
                |object: &Object| object.metadata().is_deleting() && object.metadata().has_finalizer(FOREGROUND);
            prop_assert!(self.by_uid(&owner.uid).is_none_or(waits), "{} has its owner {}", write, owner.name);
            let of_pod = owner.kind == "Pod";
            let set = if of_pod { self.sets_of_pods.get(&owner.uid) } else { Some(&owner.uid) };
            let policy = set.and_then(|set| self.policies.get(set));
            let allowed = policy.is_some_and(|it| if of_pod { it.delete_when_scaled } else { it.delete_when_deleted });
            prop_assert!(allowed, "{} and no policy ever said so: {:?}", write, policy);
        }
        self.judge("claim collected");
        Ok(())
    }

    pub(crate) fn check_volume(&mut self, write: &WriteRecord) -> TestCaseResult {
        let Some(Object::PersistentVolume(volume)) = &write.before else {
            return Ok(());
        };
        let claim = self.claim_behind(volume);
        if is_request(write) && write.actor != Actor::User {
            prop_assert_eq!(volume.spec.persistent_volume_reclaim_policy.as_str(), "Delete", "{}", write);
            prop_assert!(claim.is_none(), "{} while its claim is there", write);
        }
        if write.after.is_none() {
            prop_assert!(volume.status.phase != VolumePhase::Bound, "{} while it is bound", write);
            let bound = claim.filter(|claim| {
                claim.status.phase == ClaimPhase::Bound && claim.spec.volume_name == volume.metadata.name
            });
            prop_assert!(bound.is_none(), "{} while a claim is bound to it", write);
            self.judge("volume removed");
        }
        Ok(())
    }

    /// The claim for which a volume is, if it is still there.
    fn claim_behind(&self, volume: &PersistentVolume) -> Option<&Arc<PersistentVolumeClaim>> {
        let reference = volume.spec.claim_ref.as_ref()?;
        let claim = self.claim(bindery::NamespacedName::new(&reference.namespace, &reference.name))?;
        (claim.metadata.uid == reference.uid).then_some(claim)
    }

    /// What happens to files: those of a volume go only when its claim is gone and its policy is to destroy.
    pub(crate) fn see_files(&mut self, record: &ContentsRecord) -> TestCaseResult {
        let place = &record.location;
        let lost: Vec<_> = self.files.keys().filter(|(location, _)| place.contains(location)).cloned().collect();
        match &record.change {
            ContentsChange::Written { path, text } => {
                self.files.insert((place.clone(), path.clone()), text.clone());
                return Ok(());
            }
            ContentsChange::Archived { to } => {
                self.check_reclaimed(record)?;
                for (location, path) in lost {
                    let text = self.files.remove(&(location.clone(), path.clone())).unwrap_or_default();
                    let rest = location.path().as_str().strip_prefix(place.path().as_str()).unwrap_or_default();
                    self.files.insert((to.join(rest), path), text);
                }
                return Ok(());
            }
            ContentsChange::Wiped | ContentsChange::Destroyed => {}
            other => return Err(TestCaseError::fail(format!("nobody asked for {other}"))),
        }
        match place.backing() {
            Backing::EmptyDir { pod, .. } => {
                prop_assert!(self.by_uid(pod).is_none(), "{} before its pod is gone", record);
            }
            _ => self.check_reclaimed(record)?,
        }
        self.files.retain(|file, _| !lost.contains(file));
        Ok(())
    }

    fn check_reclaimed(&mut self, record: &ContentsRecord) -> TestCaseResult {
        let wiped = record.change == ContentsChange::Wiped;
        let policy = if wiped { "Recycle" } else { "Delete" };
        let volumes: Vec<_> = self.volumes.values().filter(|volume| is_behind(volume, &record.location)).collect();
        prop_assert!(!volumes.is_empty(), "{} behind no volume", record);
        for volume in volumes {
            prop_assert_eq!(volume.spec.persistent_volume_reclaim_policy.as_str(), policy, "{}", record);
            prop_assert!(self.claim_behind(volume).is_none(), "{} while its claim is there", record);
        }
        self.judge(if wiped { "files wiped" } else { "files destroyed" });
        Ok(())
    }

    /// Notes a file that a user wrote in a pod: it must be seen there, and in every later pod of the same claim.
    pub(crate) fn note_file(&mut self, cluster: &Cluster, pod: &Pod, place: &str, file: usize, text: &str) {
        let claim = pod.claim_keys().zip(claim_names(pod)).find(|(_, name)| *name == place);
        let owner = match claim {
            None => Some(pod.metadata.uid.clone()),
            Some((key, _)) => cluster.claim(&key.to_string()).and_then(|claim| {
                let volume = cluster.volume(&claim.spec.volume_name)?;
                // What is behind a host path depends on the node.
                let moves = matches!(volume.spec.sources.first(), Some(VolumeSource::HostPath(_)));
                (!moves).then(|| claim.metadata.uid.clone())
            }),
        };
        if let Some(owner) = owner {
            let path = format!("/{place}/file-{file}");
            self.seen.entry(owner).or_default().insert(path, text.to_owned());
        }
    }

    /// Every file is where it was written, and every pod sees those of its claims.
    pub(crate) fn check_files(&mut self, cluster: &Cluster) -> TestCaseResult {
        for ((location, path), text) in &self.files {
            prop_assert_eq!(cluster.contents().read(location, path), Some(text), "{} {}", location, path);
        }
        let running: Vec<Arc<Pod>> = self.pods().filter(|pod| pod.status.phase == PodPhase::Running).cloned().collect();
        for pod in running {
            let claims = pod.claim_keys().filter_map(|key| self.claim(key)).map(|claim| claim.metadata.uid.clone());
            let owners: Vec<Uid> = claims.chain([pod.metadata.uid.clone()]).collect();
            for owner in owners {
                for (path, text) in self.seen.get(&owner).cloned().unwrap_or_default() {
                    let read = cluster.read_in_pod(&pod.key().to_string(), None, &path);
                    prop_assert_eq!(
                        read.as_ref().map(bindery::Text::as_str),
                        Ok(text.as_str()),
                        "{} {}",
                        pod.key(),
                        path
                    );
                    self.judge("file seen");
                }
            }
        }
        Ok(())
    }
}

/// The names of the volumes of a pod that stand for claims.
fn claim_names(pod: &Pod) -> impl Iterator<Item = &str> {
    let is_claim = |volume: &&bindery::parts::PodVolume| {
        volume.sources.iter().any(|source| matches!(source, bindery::parts::PodVolumeSource::PersistentVolumeClaim(_)))
    };
    pod.spec.volumes.iter().filter(is_claim).map(|volume| volume.name.as_str())
}

/// Whether a volume has its files at a place.
fn is_behind(volume: &PersistentVolume, place: &Location) -> bool {
    let node = if let Backing::Node { name } = place.backing() { name.as_str() } else { "" };
    volume.spec.sources.first().is_some_and(|source| Location::of_source(source, node) == *place)
}
