//! `statefulsets.jsonl`: StatefulSets over time.
//!
//! The rounds of the recordings are played by hand: the garbage collector and the protection controllers act until
//! they have nothing left, the set controller makes one pass, and pods start as a kubelet would start them.

mod state;
mod steps;

use std::collections::{BTreeMap, BTreeSet};

use bindery::parts::PodCondition;
use bindery::{
    Actor, Cluster, Config, Controller, Controllers, JournalEntry, Kind, List, Object, Pod, PodPhase, Resource,
    ResourceVersion, StatefulSet, Text, Verb, WriteRecord,
};
use serde_json::{Value, json};

use crate::recorded::{judge_events, texts};
use crate::statefulsets::state::{claim_state, pod_state, with_sorted_errors};
use crate::{Verdict, differ, only_keys};

/// Rounds after which a case that should settle does not.
const ROUNDS: usize = 200;

pub(crate) fn judge(case: &Value) -> Verdict {
    let mut play = Play::new(case["graceful"] == json!(true));
    let mut previous = Vec::new();
    for (number, step) in case["steps"].as_array().into_iter().flatten().enumerate() {
        let judged = play.step(step).and_then(|()| play.judge(&step["expect"], &mut previous));
        judged.map_err(|error| format!("step {number}: {error}"))?;
    }
    Ok(())
}

/// A case under way.
struct Play {
    cluster: Cluster,
    /// Whether pods take time to stop when a controller deletes them.
    graceful: bool,
    /// Pods that are not ready, and do not start.
    held: BTreeSet<String>,
    /// Whether the set that is there, or was there last, makes its pods in order.
    ordered: bool,
    /// The first entry of the journal that belongs to the step.
    begun: usize,
    /// The first entry of the journal that was not looked at for pods that a controller deleted.
    seen: usize,
}

impl Play {
    fn new(graceful: bool) -> Self {
        let mut config = Config::default();
        config.controllers = Controllers::NONE
            .with(Controller::GarbageCollection)
            .with(Controller::Protection)
            .with(Controller::StatefulSets);
        let held = BTreeSet::new();
        Self { cluster: Cluster::new(config), graceful, held, ordered: true, begun: 0, seen: 0 }
    }

    /// Carries out a step and the rounds that follow it.
    fn step(&mut self, step: &Value) -> Verdict {
        self.begun = self.cluster.journal().len();
        let (key, value) = step
            .as_object()
            .and_then(|step| step.iter().find(|(key, _)| *key != "expect"))
            .ok_or("the step does nothing")?;
        self.carry_out(key, value)?;
        for _ in 0..ROUNDS {
            let before = self.writes().count();
            self.round()?;
            if self.writes().count() == before {
                return Ok(());
            }
        }
        Err("it does not settle".to_owned())
    }

    /// One round of all that acts.
    fn round(&mut self) -> Verdict {
        self.let_act(&Actor::GarbageCollector)?;
        self.let_act(&Actor::ProtectionController)?;
        if let Some(name) = self.set().map(|set| set.metadata.name.clone()) {
            // A pass that fails is tried again in the next round.
            drop(self.cluster.sync(&Kind::StatefulSet.named(format!("default/{name}"))));
            self.stop_pods()?;
        }
        self.start_pods()
    }

    /// Lets a controller act until it has nothing left to do.
    fn let_act(&mut self, actor: &Actor) -> Verdict {
        while let Some(action) = self.cluster.enabled().into_iter().find(|action| action.actor() == *actor) {
            self.cluster.take(&action);
            self.stop_pods()?;
        }
        Ok(())
    }

    /// Where deletion is not graceful, pods that a controller deleted are gone at once.
    fn stop_pods(&mut self) -> Verdict {
        let since = std::mem::replace(&mut self.seen, self.cluster.journal().len());
        if self.graceful {
            return Ok(());
        }
        let stopped: Vec<Object> = self
            .cluster
            .journal()
            .since(since)
            .filter_map(JournalEntry::write)
            .filter(|record| record.verb == Verb::Delete && record.actor != Actor::User)
            .filter_map(|record| record.after.clone())
            .filter(|object| object.kind() == Kind::Pod)
            .collect();
        stopped.iter().try_for_each(|pod| done(self.cluster.remove(&pod.reference())))
    }

    /// Starts the pods that can start, and has running ones become ready.
    fn start_pods(&mut self) -> Verdict {
        let pods: Vec<Pod> = self.pods().filter(|pod| !self.held.contains(pod.metadata.name.as_str())).collect();
        for mut pod in pods.into_iter().filter(|pod| !pod.metadata.is_deleting()) {
            match pod.status.phase {
                PodPhase::Pending if self.has_claims(&pod) => {
                    let key = Kind::Pod.named(pod.metadata.name.as_str());
                    if pod.spec.node_name.is_empty() {
                        done(self.cluster.bind(&key, "node-1"))?;
                    }
                    pod.status.phase = PodPhase::Running;
                }
                PodPhase::Running if !pod.is_ready() => {}
                _ => continue,
            }
            self.set_ready(&mut pod, true);
            self.write_status(pod)?;
        }
        Ok(())
    }

    fn has_claims(&self, pod: &Pod) -> bool {
        pod.claim_keys().all(|key| {
            let claim = self.cluster.claim(&key.to_string());
            claim.is_some_and(|claim| !claim.metadata.is_deleting())
        })
    }

    fn set_ready(&self, pod: &mut Pod, ready: bool) {
        let mut conditions = pod.status.conditions.to_vec();
        let held = conditions.iter().position(|condition| condition.r#type == "Ready");
        let mut condition = PodCondition::new("Ready", ready);
        condition.last_transition_time = Some(self.cluster.time());
        match held {
            Some(at) if conditions[at].status == condition.status => {}
            Some(at) => conditions[at] = condition,
            None => conditions.push(condition),
        }
        pod.status.conditions = List::from(conditions);
    }

    fn write_status(&mut self, mut pod: Pod) -> Verdict {
        // Whoever writes a status does not ask whether anything changed meanwhile.
        pod.metadata.resource_version = ResourceVersion::default();
        let key = Kind::Pod.named(pod.metadata.name.as_str());
        done(self.cluster.replace_status(&key, pod))
    }

    fn set(&self) -> Option<&StatefulSet> {
        let key = self.cluster.objects(Kind::StatefulSet).first()?.key();
        self.cluster.stateful_set(&key.to_string())
    }

    /// All pods in the order of their names.
    fn pods(&self) -> impl Iterator<Item = Pod> + use<'_> {
        let pods = self.cluster.objects(Kind::Pod).into_iter();
        let by_name: BTreeMap<Text, Pod> =
            pods.filter_map(|pod| Some((pod.metadata().name.clone(), Pod::clone(Pod::unwrap(&pod)?)))).collect();
        by_name.into_values()
    }

    /// The writes of the step.
    fn writes(&self) -> impl Iterator<Item = &WriteRecord> {
        self.cluster.journal().since(self.begun).filter_map(JournalEntry::write)
    }

    /// Compares what the step came to with what is expected.
    fn judge(&mut self, expect: &Value, previous: &mut Vec<String>) -> Verdict {
        only_keys(expect, &["podActions", "claimActions", "pods", "images", "claims", "status", "events"])?;
        if let Some(set) = self.set() {
            self.ordered = set.spec.pod_management_policy.as_ref().is_none_or(|policy| policy.as_str() != "Parallel");
        }
        differ("podActions", &expect["podActions"], &json!(self.pod_actions()))?;
        differ("claimActions", &expect["claimActions"], &json!(self.claim_actions()))?;
        let named = |value: fn(&Pod) -> Value| -> Value {
            self.pods().map(|pod| (pod.metadata.name.to_string(), value(&pod))).collect()
        };
        differ("pods", &expect["pods"], &named(pod_state))?;
        differ("images", &expect["images"], &named(|pod| json!(pod.spec.containers[0].image)))?;
        let claims: Value =
            self.cluster.claims().map(|claim| (claim.metadata.name.to_string(), claim_state(claim))).collect();
        differ("claims", &expect["claims"], &claims)?;
        differ("status", &expect["status"], &self.status())?;
        let listed = texts(&expect["events"]);
        let events = self.cluster.journal().since(self.begun).filter_map(JournalEntry::event);
        let emitted = events.map(|event| with_sorted_errors(&event.to_string())).collect();
        judge_events(&listed, previous, &emitted)?;
        *previous = listed;
        Ok(())
    }
}

/// The result of what may be about something that does not exist.
fn done<T, E: ToString>(result: Result<T, E>) -> Verdict {
    match result.map_err(|error| error.to_string()) {
        // What does not exist cannot be deleted; nothing happens then.
        Err(error) if !error.ends_with("not found") => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}
