//! What is done to a cluster, and the run that is watched meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bindery::{Action, ApiError, Cluster, DeleteOptions, Hold, Json, Kind, Object, ObjectKey, PodPhase};
use proptest::sample::Index;
use proptest::test_runner::{TestCaseError, TestCaseResult};
use serde_json::{Value, json};

use crate::seeds::{CLAIMS, Deed, NODES, PROPAGATIONS, SETS, World};
use crate::watch::Watcher;
use crate::world;

/// Steps after which a cluster that is not quiet never will be.
const BUDGET: usize = 20_000;

/// A cluster that lives, and what is known of it besides its objects.
pub(crate) struct Run {
    pub(crate) cluster: Cluster,
    pub(crate) watcher: Watcher,
    /// Pods that are held.
    held: BTreeSet<(String, Hold)>,
    /// How often each kind of deed had an effect.
    pub(crate) tally: BTreeMap<&'static str, usize>,
}

impl Run {
    /// A world as it begins.
    pub(crate) fn begin(world: &World) -> Result<Self, TestCaseError> {
        let cluster = world.start();
        let mut run = Self { cluster, watcher: Watcher::default(), held: BTreeSet::new(), tally: BTreeMap::new() };
        run.look()?;
        Ok(run)
    }

    /// A world after all that is done to it.
    pub(crate) fn through(world: &World) -> Result<Self, TestCaseError> {
        let mut run = Self::begin(world)?;
        for deed in &world.deeds {
            run.carry_out(deed)?;
        }
        Ok(run)
    }

    fn look(&mut self) -> TestCaseResult {
        self.watcher.follow(&self.cluster)
    }

    /// Lets one action happen.
    fn take(&mut self, action: &Action) -> TestCaseResult {
        self.watcher.before(action);
        if !self.cluster.take(action) {
            return Err(TestCaseError::fail(format!("{action} was enabled")));
        }
        self.look()
    }

    /// Steps in the stock order until all is quiet.
    pub(crate) fn settle(&mut self) -> TestCaseResult {
        for _ in 0..BUDGET {
            match self.cluster.enabled().first() {
                Some(action) => self.take(action)?,
                None => return self.watcher.rest(&self.cluster),
            }
        }
        Err(TestCaseError::fail(format!("not quiet: {}", self.tail(40))))
    }

    /// The last entries of the journal.
    pub(crate) fn tail(&self, most: usize) -> String {
        let journal = self.cluster.journal();
        let lines = journal.since(journal.len().saturating_sub(most)).map(|entry| format!("\n{entry}"));
        lines.collect()
    }

    /// Takes actions in an order of choice, as far as the choices go.
    pub(crate) fn take_any(&mut self, order: &[Index]) -> TestCaseResult {
        for choice in order {
            let enabled = self.cluster.enabled();
            if enabled.is_empty() {
                break;
            }
            self.take(choice.get(&enabled))?;
        }
        Ok(())
    }

    pub(crate) fn advance(&mut self, seconds: u64) -> TestCaseResult {
        self.settle()?;
        // From quiet on every pass goes through undisturbed, so that what is stored is what it sees.
        self.watcher.forget_passes();
        let advanced = self.cluster.advance(Duration::from_secs(seconds));
        advanced.map_err(|error| TestCaseError::fail(error.to_string()))?;
        self.look()?;
        self.watcher.rest(&self.cluster)
    }

    fn note(&mut self, deed: &'static str, done: bool) {
        *self.tally.entry(deed).or_default() += usize::from(done);
    }

    fn pick(&self, kind: Kind, index: Index) -> Option<Object> {
        let objects = self.cluster.objects(kind);
        (!objects.is_empty()).then(|| index.get(&objects).clone())
    }

    fn patch(&mut self, key: &ObjectKey, value: Value) -> Result<(), ApiError> {
        let patch: Json = serde_json::from_value(value).expect("a patch");
        self.cluster.patch(key, &patch).map(|_| ())
    }

    fn delete(&mut self, key: &ObjectKey, propagation: usize) -> Result<(), ApiError> {
        self.cluster.delete_with(key, &DeleteOptions::default().propagation(PROPAGATIONS[propagation]))
    }

    /// Does it. Whatever is refused is refused; nobody minds.
    pub(crate) fn carry_out(&mut self, deed: &Deed) -> TestCaseResult {
        let name = deed.name();
        match deed {
            Deed::Settle => {
                self.settle()?;
                self.note(name, true);
            }
            Deed::Take(order) => {
                self.take_any(order)?;
                self.note(name, true);
            }
            Deed::Steps(steps) => {
                for _ in 0..*steps {
                    let Some(action) = self.cluster.enabled().into_iter().next() else {
                        break;
                    };
                    self.take(&action)?;
                }
                self.note(name, true);
            }
            Deed::Advance(seconds) => {
                self.advance((*seconds).into())?;
                self.note(name, true);
            }
            Deed::Fail(node) => {
                let result = self.cluster.fail_node(NODES[*node].0);
                if result.is_ok() {
                    self.watcher.silent.insert(NODES[*node].0.into());
                }
                self.note(name, result.is_ok());
            }
            Deed::Heal(node) => {
                let result = self.cluster.heal_node(NODES[*node].0);
                self.watcher.silent.remove(NODES[*node].0);
                self.note(name, result.is_ok());
            }
            Deed::HoldReadiness(index) => self.hold(name, *index, Hold::Readiness),
            Deed::HoldTermination(index) => self.hold(name, *index, Hold::Termination),
            Deed::Release(index) => {
                let held: Vec<_> = self.held.iter().cloned().collect();
                let result = if held.is_empty() { Err(()) } else { Ok(index.get(&held)) };
                if let Ok((pod, hold)) = result {
                    self.release(pod, *hold);
                }
                self.note(name, result.is_ok());
            }
            Deed::Write(index, place, file) => self.write(name, *index, *place, *file),
            other => {
                let result = self.change(other);
                self.note(name, result.is_ok());
            }
        }
        self.look()
    }

    fn hold(&mut self, name: &'static str, index: Index, hold: Hold) {
        let pod = self.pick(Kind::Pod, index).ok_or(());
        if let Ok(pod) = &pod {
            let key = pod.key().to_string();
            self.cluster.hold(&key, hold);
            if hold == Hold::Termination {
                self.watcher.unstoppable.insert(key.clone());
            }
            self.held.insert((key, hold));
        }
        self.note(name, pod.is_ok());
    }

    fn release(&mut self, pod: &str, hold: Hold) {
        self.cluster.release(pod, hold);
        if hold == Hold::Termination {
            self.watcher.unstoppable.remove(pod);
        }
        self.held.remove(&(pod.to_owned(), hold));
    }

    /// Heals every node, releases every pod and opens every node to new pods.
    pub(crate) fn repair(&mut self) -> TestCaseResult {
        for (pod, hold) in self.held.clone() {
            self.release(&pod, hold);
        }
        for node in 0..NODES.len() {
            self.carry_out(&Deed::Heal(node))?;
            self.carry_out(&Deed::Cordon(node, false))?;
        }
        Ok(())
    }

    fn write(&mut self, name: &'static str, index: Index, place: usize, file: usize) {
        let is_running = |object: &Object| matches!(object, Object::Pod(pod) if pod.status.phase == PodPhase::Running);
        let running: Vec<Object> = self.cluster.objects(Kind::Pod).into_iter().filter(is_running).collect();
        if running.is_empty() {
            return;
        }
        let Object::Pod(pod) = index.get(&running) else {
            return;
        };
        let place = ["data", "logs", "scratch"][place];
        let text = format!("text {}", self.cluster.journal().len());
        let path = format!("/{place}/file-{file}");
        let written = self.cluster.write_in_pod(&pod.key().to_string(), None, &path, text.as_str());
        if written.is_ok() {
            self.watcher.note_file(&self.cluster, pod, place, file, &text);
        }
        self.note(name, written.is_ok());
    }

    fn change(&mut self, deed: &Deed) -> Result<(), ApiError> {
        let nothing = || ApiError::NotFound { kind: Kind::Pod, name: "any".into() };
        let set = |set: usize| Kind::StatefulSet.named(SETS[set]);
        let dep = Kind::Deployment.named("dep");
        let version =
            |version: u8| json!({"spec": {"template": {"metadata": {"annotations": {"v": version.to_string()}}}}});
        match deed {
            Deed::CreateSet(seed) => self.cluster.create(seed.build()).map(drop),
            Deed::Scale(number, replicas) => self.patch(&set(*number), json!({"spec": {"replicas": replicas}})),
            Deed::Update(number, new) => self.patch(&set(*number), version(*new)),
            Deed::Retain(number, retention) => {
                let policy = retention.build();
                self.patch(&set(*number), json!({"spec": {"persistentVolumeClaimRetentionPolicy": policy}}))
            }
            Deed::DeleteSet(number, propagation) => self.delete(&set(*number), *propagation),
            Deed::CreateDeployment { claim, replicas, recreate } => {
                self.cluster.create(world::deployment(*claim, *replicas, *recreate)).map(drop)
            }
            Deed::ScaleDeployment(replicas) => self.patch(&dep, json!({"spec": {"replicas": replicas}})),
            Deed::UpdateDeployment(new) => self.patch(&dep, version(*new)),
            Deed::DeleteDeployment(propagation) => self.delete(&dep, *propagation),
            Deed::CreateClaim { claim, class, many } => {
                debug_assert!(*claim < CLAIMS.len(), "a claim of the table");
                self.cluster.create(world::claim(*claim, *class, *many)).map(drop)
            }
            Deed::DeleteClaim(index) => {
                let claim = self.pick(Kind::PersistentVolumeClaim, *index).ok_or_else(nothing)?;
                self.cluster.delete(&claim.reference())
            }
            Deed::EndClaim(index) => {
                let claim = self.pick(Kind::PersistentVolumeClaim, *index).ok_or_else(nothing)?;
                let uses = |object: &Object| match object {
                    Object::Pod(pod) => pod.claim_keys().any(|key| key == claim.key()),
                    _ => false,
                };
                for pod in self.cluster.objects(Kind::Pod).iter().filter(|pod| uses(pod)) {
                    self.cluster.delete(&pod.reference())?;
                }
                self.cluster.delete(&claim.reference())
            }
            Deed::RemoveClaim(index) => {
                let claim = self.pick(Kind::PersistentVolumeClaim, *index).ok_or_else(nothing)?;
                self.cluster.remove(&claim.reference())
            }
            Deed::DeleteVolume(index) => {
                let volume = self.pick(Kind::PersistentVolume, *index).ok_or_else(nothing)?;
                self.cluster.delete(&volume.reference())
            }
            Deed::CreatePod { pod, claim } => self.cluster.create(world::pod(*pod, *claim)).map(drop),
            Deed::DeletePod(index, propagation) => {
                let pod = self.pick(Kind::Pod, *index).ok_or_else(nothing)?;
                self.delete(&pod.reference(), *propagation)
            }
            Deed::ForcePod(index) => {
                let pod = self.pick(Kind::Pod, *index).ok_or_else(nothing)?;
                self.cluster.delete_with(&pod.reference(), &DeleteOptions::default().grace_period(0))
            }
            Deed::Cordon(node, off) => {
                self.patch(&Kind::Node.named(NODES[*node].0), json!({"spec": {"unschedulable": off}}))
            }
            _ => Ok(()),
        }
    }
}
