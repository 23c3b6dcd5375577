//! The operations of the steps: what a user, a kubelet and an administrator do to the cluster.

use std::time::Duration;

use bindery::parts::Ordinals;
use bindery::{Kind, Object, PersistentVolumeClaim, PodPhase, StatefulSet, Text};
use serde_json::{Value, json};

use super::{Play, done};
use crate::recorded::texts;
use crate::{Verdict, decode};

/// Held by whoever protects claims in use.
const PROTECTION: &str = "kubernetes.io/pvc-protection";
/// A finalizer that nobody removes.
const HOLD: &str = "example.com/hold";

impl Play {
    /// Carries out the operation of a step. One about an object that does not exist changes nothing.
    pub(super) fn carry_out(&mut self, operation: &str, value: &Value) -> Verdict {
        let name = value.as_str().unwrap_or_default();
        let number = || value.as_i64().and_then(|number| i32::try_from(number).ok()).unwrap_or_default();
        match operation {
            "createSet" => self.create_set(decode(value)?),
            "createClaim" => self.create_claim(decode(value)?),
            "deleteSet" => done(self.cluster.delete(&Kind::StatefulSet.named(name))),
            "scale" => self.change_set(|set| set.spec.replicas = Some(number())),
            "update" => {
                let image = Text::from(name);
                self.change_set(|set| {
                    let mut containers = set.spec.template.spec.containers.to_vec();
                    containers[0].image = image;
                    set.spec.template.spec.containers = containers.into();
                })
            }
            "strategy" => {
                let strategy = decode(value)?;
                self.change_set(|set| set.spec.update_strategy = strategy)
            }
            "ordinals" => {
                self.change_set(|set| set.spec.ordinals = Some(Ordinals { start: number(), ..Ordinals::default() }))
            }
            "retention" => {
                let policy = decode(value)?;
                self.change_set(|set| set.spec.persistent_volume_claim_retention_policy = Some(policy))
            }
            "terminate" if self.is_terminating(name) => Ok(()),
            "terminate" => done(self.cluster.delete(&Kind::Pod.named(name))),
            "gone" if !self.is_terminating(name) => Ok(()),
            "deletePod" | "gone" => done(self.cluster.remove(&Kind::Pod.named(name))),
            "failPod" => self.end_pod(name, PodPhase::Failed),
            "succeedPod" => self.end_pod(name, PodPhase::Succeeded),
            "hold" => self.hold(texts(value)),
            "release" => {
                self.held.retain(|name| !texts(value).contains(name));
                Ok(())
            }
            "deleteClaim" => done(self.cluster.delete(&Kind::PersistentVolumeClaim.named(name))),
            "holdClaim" => self.set_hold(name, true),
            "freeClaim" => self.set_hold(name, false),
            "advance" => {
                self.cluster.elapse(Duration::from_secs(value.as_u64().unwrap_or_default()));
                Ok(())
            }
            _ => Err(format!("{operation:?} is nothing that is known")),
        }
    }

    fn create_set(&mut self, mut set: StatefulSet) -> Verdict {
        set.metadata.generation = 1;
        self.restore(set)
    }

    /// A claim that was made by hand. Its owners exist, unless they are pods or sets; protection knows of it.
    fn create_claim(&mut self, mut claim: PersistentVolumeClaim) -> Verdict {
        for owner in &claim.metadata.owner_references {
            let kind = Kind::find(&owner.api_version, &owner.kind);
            if !matches!(kind, Some(Kind::Pod | Kind::StatefulSet)) {
                let (name, uid) = (&owner.name, &owner.uid);
                let manifest = json!({
                    "apiVersion": owner.api_version,
                    "kind": owner.kind,
                    "metadata": {"name": name, "uid": uid},
                });
                // It may be there already.
                drop(self.cluster.restore_yaml(&manifest.to_string()));
            }
        }
        claim.metadata.finalizers = claim.metadata.finalizers.with(PROTECTION.into());
        self.restore(claim)
    }

    /// Puts an object in, unless there is one of its name.
    fn restore(&mut self, object: impl Into<Object>) -> Verdict {
        let object = object.into();
        if self.cluster.get(&object.reference()).is_some() {
            return Ok(());
        }
        done(self.cluster.restore(object))
    }

    fn change_set(&mut self, change: impl FnOnce(&mut StatefulSet)) -> Verdict {
        let Some(mut set) = self.set().cloned() else {
            return Ok(());
        };
        change(&mut set);
        let key = Kind::StatefulSet.named(format!("default/{}", set.metadata.name));
        done(self.cluster.replace(&key, set))
    }

    fn end_pod(&mut self, name: &str, phase: PodPhase) -> Verdict {
        let Some(mut pod) = self.cluster.pod(name).cloned() else {
            return Ok(());
        };
        pod.status.phase = phase;
        self.set_ready(&mut pod, false);
        self.write_status(pod)
    }

    fn hold(&mut self, names: Vec<String>) -> Verdict {
        for name in names {
            if let Some(mut pod) = self.cluster.pod(&name).filter(|pod| pod.is_ready()).cloned() {
                self.set_ready(&mut pod, false);
                self.write_status(pod)?;
            }
            self.held.insert(name);
        }
        Ok(())
    }

    fn set_hold(&mut self, name: &str, held: bool) -> Verdict {
        let Some(mut claim) = self.cluster.claim(name).cloned() else {
            return Ok(());
        };
        if held == claim.metadata.has_finalizer(HOLD) || held && claim.metadata.is_deleting() {
            return Ok(());
        }
        let mut finalizers = claim.metadata.finalizers.to_vec();
        finalizers.retain(|finalizer| *finalizer != HOLD);
        finalizers.extend(held.then(|| HOLD.into()));
        claim.metadata.finalizers = finalizers.into();
        done(self.cluster.replace(&Kind::PersistentVolumeClaim.named(name), claim))
    }

    fn is_terminating(&self, pod: &str) -> bool {
        self.cluster.pod(pod).is_some_and(|pod| pod.metadata.is_deleting())
    }
}
