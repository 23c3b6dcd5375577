//! Explains a claim: which branch of its sync it takes, and what was weighed there.

use crate::backend::Plugin;
use crate::cluster::Cluster;
use crate::explain::candidates::Candidates;
use crate::explain::consumers::{consumers, wanted_nodes};
use crate::explain::hints::hints;
use crate::explain::history::{history, object_of};
use crate::explain::remedies::{Ground, remedies};
use crate::explain::said::Said;
use crate::explain::state::State;
use crate::explain::weigh::{Judge, Weighed, weigh};
use crate::explain::{Asks, EventLine, ExplainError, Explanation, Terminating};
use crate::manifest::nearest;
use crate::matching::{Demand, Mismatch, REQUESTED, mismatches};
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::class::{BindingMode, StorageClass};
use crate::model::names::{BIND_COMPLETED, BOUND_BY_CONTROLLER, IN_TREE_PREFIX, SELECTED_NODE, migrated_driver};
use crate::model::node_selector::VolumeNodeAffinity;
use crate::model::reference::ClaimKey;
use crate::model::selector::Predicate;
use crate::model::text::Text;

impl Cluster {
    /// Why a claim is as it is, and the smallest changes that would make it bind. The name is `namespace/name`, or a
    /// name in the default namespace. The cluster should be quiet ([`Cluster::settle`]); one that is not is explained
    /// as it stands.
    ///
    /// Cost: linear in the number of volumes, events and journal entries; each edit is tried in a copy of the cluster.
    ///
    /// # Errors
    /// [`ExplainError::NoClaim`] where there is no such claim.
    pub fn explain(&self, claim: &str) -> Result<Explanation, ExplainError> {
        let (claim, mut explanation, ground) = self.explain_without_edits(claim)?;
        explanation.edits = remedies(self, claim, &explanation.state, &ground);
        Ok(explanation)
    }

    /// Like [`Cluster::explain`], but without looking for edits. Cost: linear in the number of volumes, events and journal
    /// entries.
    ///
    /// # Errors
    /// [`ExplainError::NoClaim`] where there is no such claim.
    pub fn explain_briefly(&self, claim: &str) -> Result<Explanation, ExplainError> {
        self.explain_without_edits(claim).map(|(_, explanation, _)| explanation)
    }

    /// The same, with the claim and what edits start from.
    pub(super) fn explain_without_edits(
        &self,
        name: &str,
    ) -> Result<(&PersistentVolumeClaim, Explanation, Ground<'_>), ExplainError> {
        let claim = self.claim(name).ok_or_else(|| no_claim(self, name))?;
        let (state, weighed) = state_of(self, claim);
        let pods = consumers(self, &claim.key());
        let hints = hints(self, claim, &state, &pods);
        let (volumes, ground) = match weighed {
            None => (None, Ground::default()),
            Some(Weighed { candidates, repairable }) => (Some(candidates), Ground { repairable }),
        };
        let is_lost = matches!(state, State::LostReference | State::LostVolume { .. } | State::Misbound { .. });
        let explanation = Explanation {
            claim: claim.key(),
            phase: claim.status.phase.clone(),
            asks: asks(claim),
            volumes,
            terminating: terminating(self, claim),
            history: if is_lost { history(self, claim) } else { Vec::new() },
            events: EventLine::about(self, &object_of(&claim.key()), &claim.metadata.uid),
            edits: Vec::new(),
            state,
            pods,
            hints,
        };
        Ok((claim, explanation, ground))
    }
}

pub(super) fn no_claim(cluster: &Cluster, name: &str) -> ExplainError {
    let full = |name: &str| match name.split_once('/') {
        Some((namespace, name)) => ClaimKey::new(namespace, name),
        None => ClaimKey::new(&cluster.config().namespace, name),
    };
    let claim = full(name);
    let known: Vec<String> = cluster.claims().map(|claim| claim.key().to_string()).collect();
    let nearest = nearest(&claim.to_string(), known.iter().map(String::as_str)).map(full);
    // In another namespace one may have just this name.
    let nearest =
        nearest.or_else(|| cluster.claims().map(PersistentVolumeClaim::key).find(|key| key.name == claim.name));
    ExplainError::NoClaim { claim, nearest }
}

fn asks(claim: &PersistentVolumeClaim) -> Asks {
    let spec = &claim.spec;
    let predicate = spec.selector.as_deref().and_then(|selector| Predicate::of(Some(selector)).ok());
    Asks {
        storage: claim.request(),
        access_modes: spec.access_modes.set().to_string().into(),
        volume_mode: spec.volume_mode.as_str().into(),
        class: claim.class_name().into(),
        says_class: claim.has_class(),
        attributes_class: claim.attributes_class().into(),
        selector: predicate.map(|predicate| predicate.to_string()).unwrap_or_default().into(),
        volume: if claim.metadata.annotations.contains_key(BOUND_BY_CONTROLLER) {
            Text::default()
        } else {
            spec.volume_name.clone()
        },
    }
}

fn terminating(cluster: &Cluster, claim: &PersistentVolumeClaim) -> Option<Terminating> {
    if !claim.metadata.is_deleting() {
        return None;
    }
    let pods = cluster.pods_of_claim(&claim.key()).into_iter();
    let users = pods.filter(|pod| !pod.spec.node_name.is_empty() && !pod.is_terminated());
    Some(Terminating {
        finalizers: claim.metadata.finalizers.to_vec(),
        pods: users.map(|pod| pod.metadata.name.clone()).collect(),
    })
}

/// The branch of the sync that the claim takes (`CLAIM-1`), and the volumes as they were weighed there.
fn state_of<'c>(cluster: &'c Cluster, claim: &PersistentVolumeClaim) -> (State, Option<Weighed<'c>>) {
    if claim.metadata.annotations.contains_key(BIND_COMPLETED) {
        (bound_state(cluster, claim), None)
    } else if claim.spec.volume_name.is_empty() {
        unbound_state(cluster, claim)
    } else {
        (prebound_state(cluster, claim, true), None)
    }
}

fn bound_state(cluster: &Cluster, claim: &PersistentVolumeClaim) -> State {
    let name = &claim.spec.volume_name;
    if name.is_empty() {
        return State::LostReference;
    }
    let Some(volume) = cluster.volume(name) else {
        return State::LostVolume { volume: name.clone() };
    };
    let bound = || State::Bound {
        volume: name.clone(),
        capacity: volume.capacity(),
        surplus: volume.capacity().minus(&claim.request()),
    };
    match &volume.spec.claim_ref {
        Some(reference) if reference.uid != claim.metadata.uid => State::Misbound {
            volume: name.clone(),
            by: ClaimKey::new(&reference.namespace, &reference.name),
            same_name: reference.name == claim.metadata.name && reference.namespace == claim.metadata.namespace,
        },
        Some(_) | None if claim.status.phase == ClaimPhase::Bound => bound(),
        Some(_) | None => State::Fits { volume: name.clone() },
    }
}

/// `suggest` says whether to look for the volume that was meant where there is none of the name, which takes a look at all.
fn prebound_state(cluster: &Cluster, claim: &PersistentVolumeClaim, suggest: bool) -> State {
    let name = &claim.spec.volume_name;
    let Some(volume) = cluster.volume(name) else {
        let known = cluster.volumes().filter(|_| suggest).map(|volume| &*volume.metadata.name);
        let nearest = nearest(name, known.collect::<Vec<_>>()).map(Into::into);
        return State::VolumeNotFound { volume: name.clone(), nearest };
    };
    match &volume.spec.claim_ref {
        None => {
            let demand = Demand { claim, request: claim.request(), predicate: None, delayed: false };
            let mismatches: Vec<Mismatch> = mismatches(volume, &demand, REQUESTED).collect();
            if mismatches.is_empty() {
                State::Fits { volume: name.clone() }
            } else {
                State::VolumeMismatch { volume: name.clone(), mismatches }
            }
        }
        Some(reference) if claim.is_designated_by(reference) => State::Fits { volume: name.clone() },
        Some(reference) => {
            let by = ClaimKey::new(&reference.namespace, &reference.name);
            let holder = cluster.claim(&by.to_string());
            let exists = holder.is_some_and(|holder| holder.metadata.uid == reference.uid || reference.uid.is_empty());
            State::VolumeTaken { volume: name.clone(), by, exists }
        }
    }
}

fn unbound_state<'c>(cluster: &'c Cluster, claim: &PersistentVolumeClaim) -> (State, Option<Weighed<'c>>) {
    let name = claim.class_name();
    let class = if name.is_empty() { None } else { cluster.class(name) };
    if class.is_some_and(|class| class.volume_binding_mode.is_none()) {
        return (State::NoBindingMode { class: name.into() }, None);
    }
    let delayed = class.is_some_and(|class| class.volume_binding_mode == Some(BindingMode::WaitForFirstConsumer));
    let demand = match Demand::of(claim, delayed) {
        Ok(demand) => demand,
        Err(error) => return (State::BadSelector { message: error.message.into() }, None),
    };
    let nodes = if delayed { wanted_nodes(cluster, &claim.key()) } else { Vec::new() };
    let judge = if delayed { Judge::Scheduler(&nodes) } else { Judge::Controller };
    let weighed = weigh(cluster.volumes(), &demand, judge);
    (looking_state(cluster, claim, || last_failure(claim, &Said::failures(cluster))), Some(weighed))
}

/// Why a claim is in its phase, of those that are not bound. Unlike an explanation this weighs no volumes, and it is told
/// what the claim's provisioner said last.
pub(super) fn brief_state(cluster: &Cluster, claim: &PersistentVolumeClaim, failures: &Said) -> State {
    if claim.metadata.annotations.contains_key(BIND_COMPLETED) {
        return bound_state(cluster, claim);
    }
    if !claim.spec.volume_name.is_empty() {
        return prebound_state(cluster, claim, false);
    }
    let class = if claim.class_name().is_empty() { None } else { cluster.class(claim.class_name()) };
    match Demand::of(claim, false) {
        _ if class.is_some_and(|class| class.volume_binding_mode.is_none()) => {
            State::NoBindingMode { class: claim.class_name().into() }
        }
        Err(error) => State::BadSelector { message: error.message.into() },
        Ok(_) => looking_state(cluster, claim, || last_failure(claim, failures)),
    }
}

/// Why a claim that looks for any volume has none.
fn looking_state(cluster: &Cluster, claim: &PersistentVolumeClaim, failure: impl FnOnce() -> Option<Text>) -> State {
    if let Ok(Some(volume)) = cluster.find_volume_for(claim) {
        return State::Fits { volume: volume.metadata.name.clone() };
    }
    let name = claim.class_name();
    let class = if name.is_empty() { None } else { cluster.class(name) };
    let delayed = class.is_some_and(|class| class.volume_binding_mode == Some(BindingMode::WaitForFirstConsumer));
    let selected = claim.metadata.annotations.get(SELECTED_NODE).cloned();
    match class {
        None if name.is_empty() => State::NoVolume,
        None => {
            let known: Vec<&str> = cluster.classes().map(|class| &*class.metadata.name).collect();
            State::ClassNotFound { class: name.into(), nearest: nearest(name, known).map(Into::into) }
        }
        Some(class) if delayed && selected.is_none() => waiting(cluster, claim, class),
        Some(class) => provisioning(cluster, class, selected, failure),
    }
}

fn waiting(cluster: &Cluster, claim: &PersistentVolumeClaim, class: &StorageClass) -> State {
    let class = class.metadata.name.clone();
    let pods = cluster.pods_of_claim(&claim.key()).into_iter();
    let waiting = pods.filter(|pod| !pod.is_terminated() && pod.spec.node_name.is_empty());
    let pods: Vec<Text> = waiting.map(|pod| pod.metadata.name.clone()).collect();
    if pods.is_empty() { State::NoConsumer { class } } else { State::WaitsForPods { class, pods } }
}

/// Who shall make a volume for a claim, and how far that is (`PROV-1` to `PROV-10`).
fn provisioning(
    cluster: &Cluster,
    class: &StorageClass,
    node: Option<Text>,
    failure: impl FnOnce() -> Option<Text>,
) -> State {
    let name = class.metadata.name.clone();
    if !cluster.config().dynamic_provisioning {
        return State::ProvisioningOff { class: name };
    }
    let provisioner = class.provisioner.clone();
    let in_tree = in_tree_plugin(cluster, &provisioner);
    if provisioner.starts_with(IN_TREE_PREFIX) && migrated_driver(&provisioner).is_none() && in_tree.is_none() {
        return State::NoProvisioner { class: name, provisioner };
    }
    let runs = in_tree.is_some() || runs(cluster, &provisioner);
    let failure = failure();
    if in_tree.is_some() && failure.as_ref().is_some_and(|text| text.contains("no provisionable volume plugin")) {
        return State::NoProvisioner { class: name, provisioner };
    }
    State::Provisioning { class: name, provisioner, runs, failure, node }
}

fn in_tree_plugin<'c>(cluster: &'c Cluster, provisioner: &str) -> Option<&'c Plugin> {
    cluster.config().plugins.iter().find(|plugin| plugin.name() == provisioner)
}

/// Whether the external provisioner of a class runs.
pub(super) fn runs(cluster: &Cluster, provisioner: &str) -> bool {
    let driver = migrated_driver(provisioner).unwrap_or(provisioner);
    cluster.driver(provisioner).is_some() || cluster.driver(driver).is_some()
}

fn last_failure(claim: &PersistentVolumeClaim, failures: &Said) -> Option<Text> {
    failures.about_this(&object_of(&claim.key()), &claim.metadata.uid)
}

/// Where a volume can be used, in words: `topology.kubernetes.io/zone in (a, b)`.
pub(super) fn places(affinity: &VolumeNodeAffinity) -> String {
    let terms = affinity.required.iter().flat_map(|selector| selector.node_selector_terms.iter());
    let terms = terms.map(|term| {
        let requirements = term.match_expressions.iter().chain(&term.match_fields).map(|requirement| {
            let values: Vec<&str> = requirement.values.iter().map(AsRef::as_ref).collect();
            let operator = match requirement.operator.as_str() {
                "In" => "in",
                "NotIn" => "not in",
                "Exists" => return format!("{} exists", requirement.key),
                "DoesNotExist" => return format!("{} does not exist", requirement.key),
                other => other,
            };
            format!("{} {operator} ({})", requirement.key, values.join(", "))
        });
        requirements.collect::<Vec<_>>().join(" and ")
    });
    terms.collect::<Vec<_>>().join(", or ")
}

impl Candidates {
    /// Whether any volume fits.
    pub fn any_fits(&self) -> bool {
        self.fitting > 0
    }
}
