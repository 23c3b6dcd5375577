//! Claims and the volumes that they have or may get on a node: `VolumeBinding` (`SCHED-20` to `SCHED-27`).

use std::sync::Arc;

use crate::controllers::scheduler::demand::{Delayed, PodDemand};
use crate::controllers::scheduler::reason::{NoVolume, Reason, Rejection};
use crate::controllers::turn::World;
use crate::matching::misplaced;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::class::StorageClass;
use crate::model::csi::CsiStorageCapacity;
use crate::model::id::Id;
use crate::model::names::STORAGE;
use crate::model::node::Node;
use crate::model::selector::Predicate;
use crate::model::volume::PersistentVolume;

/// Means that volumes are made by hand only.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// What is to be written for a pod on a node before the pod is put there (`SCHED-40`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Plan {
    /// Volumes that claims get, the claim with the smallest request first.
    pub(crate) matches: Vec<(Arc<PersistentVolume>, Arc<PersistentVolumeClaim>)>,
    /// Claims for which volumes are to be made.
    pub(crate) provisions: Vec<Arc<PersistentVolumeClaim>>,
}

/// How the claims of a pod would be served on a node, or why they cannot be.
pub(crate) fn plan(demand: &PodDemand<'_>, node: &Node, world: &World<'_>) -> Result<Plan, Rejection> {
    let bound = check_bound(demand, node);
    let unbound = serve_unbound(demand, node, world);
    // Nodes report a missing volume last, and everything else in the order in which it is found.
    let (plan, shortage) = match unbound {
        Ok(plan) => (plan, None),
        Err(reason) => (Plan::default(), Some(reason)),
    };
    let (missing, misplaced): (Vec<Reason>, Vec<Reason>) =
        bound.into_iter().partition(|reason| matches!(reason, Reason::VolumeMissing { .. }));
    let reasons = misplaced.into_iter().chain(shortage).chain(missing).collect();
    Rejection::all(reasons).map_or(Ok(plan), Err)
}

/// The first bound claim of which the volume is missing or cannot be used on the node (`SCHED-20`, `SCHED-24`).
fn check_bound(demand: &PodDemand<'_>, node: &Node) -> Option<Reason> {
    demand.bound.iter().find_map(|bound| {
        let (claim, volume) = (bound.claim.metadata.name.clone(), bound.claim.spec.volume_name.clone());
        let Some(found) = bound.volume else {
            return Some(Reason::VolumeMissing { claim, volume });
        };
        misplaced(found, node).map(|_| Reason::VolumeNodeAffinity { claim, volume })
    })
}

/// Volumes for the claims that wait for the pod: those that are there, and those that can be made (`SCHED-21`,
/// `SCHED-22`, `SCHED-27`).
fn serve_unbound(demand: &PodDemand<'_>, node: &Node, world: &World<'_>) -> Result<Plan, Reason> {
    let elsewhere = demand.selected.iter().find_map(|delayed| {
        let selected = delayed.selected_node.filter(|selected| **selected != node.metadata.name)?;
        Some((delayed, selected.clone()))
    });
    if let Some((delayed, node)) = elsewhere {
        return Err(no_volume(delayed, NoVolume::SelectedNode { node }));
    }
    let mut taken: Vec<Id<PersistentVolume>> = Vec::new();
    let mut plan = Plan::default();
    let mut to_make: Vec<&Delayed<'_>> = demand.selected.iter().collect();
    for delayed in &demand.unmatched {
        let volume = |id| world.store.volumes.get(id);
        let candidates = delayed.candidates.as_ref();
        let found = candidates
            .and_then(|candidates| candidates.find(&delayed.demand, node, &taken, |id| volume(id).map(Arc::as_ref)));
        match found.and_then(|id| Some((id, volume(id)?))) {
            Some((id, volume)) => {
                taken.push(id);
                plan.matches.push((Arc::clone(volume), Arc::clone(delayed.claim)));
            }
            None => to_make.push(delayed),
        }
    }
    for delayed in to_make {
        check_provision(delayed, node, world)?;
        plan.provisions.push(Arc::clone(delayed.claim));
    }
    Ok(plan)
}

/// All plans for a node on which there is one: of volumes that suit a claim equally any may be taken. The first is that of
/// the documented order. Cost: that of a plan for each of them, and for each volume that may be taken.
pub(crate) fn plans(demand: &PodDemand<'_>, node: &Node, world: &World<'_>) -> Vec<Plan> {
    let volume = |id| world.store.volumes.get(id);
    let mut plans: Vec<(Vec<Id<PersistentVolume>>, Plan)> = vec![Default::default()];
    let mut to_make: Vec<&Delayed<'_>> = demand.selected.iter().collect();
    for delayed in &demand.unmatched {
        let mut extended = Vec::new();
        for (taken, plan) in plans {
            let equals = delayed.equals(node, &taken, world);
            if equals.is_empty() {
                extended.push((taken.clone(), plan.clone()));
            }
            for id in equals {
                let (mut taken, mut plan) = (taken.clone(), plan.clone());
                taken.push(id);
                plan.matches.extend(volume(id).map(|volume| (Arc::clone(volume), Arc::clone(delayed.claim))));
                extended.push((taken, plan));
            }
        }
        plans = extended;
        to_make.push(delayed);
    }
    let complete = |(_, mut plan): (_, Plan)| {
        let matched = |delayed: &Delayed<'_>| plan.matches.iter().any(|(_, claim)| Arc::ptr_eq(claim, delayed.claim));
        let made: Vec<_> = to_make.iter().filter(|delayed| !matched(delayed)).copied().collect();
        for delayed in made {
            check_provision(delayed, node, world).ok()?;
            plan.provisions.push(Arc::clone(delayed.claim));
        }
        Some(plan)
    };
    plans.into_iter().filter_map(complete).collect()
}

impl Delayed<'_> {
    /// The volumes that suit the claim equally on a node, the first in the documented order first.
    fn equals(&self, node: &Node, taken: &[Id<PersistentVolume>], world: &World<'_>) -> Vec<Id<PersistentVolume>> {
        let volume = |id| world.store.volumes.get(id).map(Arc::as_ref);
        let rank =
            |id| volume(id).map(|volume: &PersistentVolume| (volume.spec.claim_ref.is_some(), volume.capacity()));
        let (mut taken, mut equals) = (taken.to_vec(), Vec::new());
        let candidates = self.candidates.as_ref();
        while let Some(id) = candidates.and_then(|candidates| candidates.find(&self.demand, node, &taken, volume))
            && equals.first().is_none_or(|first| rank(*first) == rank(id))
        {
            taken.push(id);
            equals.push(id);
        }
        equals
    }
}

fn no_volume(delayed: &Delayed<'_>, cause: NoVolume) -> Reason {
    Reason::NoVolume { claim: delayed.claim.metadata.name.clone(), cause }
}

/// Whether a volume can be made for the claim on the node; nobody asks whether a provisioner runs (`SCHED-25`).
fn check_provision(delayed: &Delayed<'_>, node: &Node, world: &World<'_>) -> Result<(), Reason> {
    let class = delayed.class;
    if class.provisioner.is_empty() || class.provisioner == NO_PROVISIONER {
        return Err(no_volume(delayed, NoVolume::NoProvisioner));
    }
    if !allows(class, node) {
        return Err(no_volume(delayed, NoVolume::Topology));
    }
    if !has_capacity(delayed, node, world) {
        return Err(Reason::NotEnoughStorage { claim: delayed.claim.metadata.name.clone() });
    }
    Ok(())
}

/// Whether volumes of a class may be made for a node (`SC-6`). A term without expressions chooses no node.
fn allows(class: &StorageClass, node: &Node) -> bool {
    let terms = &class.allowed_topologies;
    let labels = &node.metadata.labels;
    terms.is_empty()
        || terms.iter().any(|term| {
            let expressions = &term.match_label_expressions;
            !expressions.is_empty()
                && expressions.iter().all(|expression| {
                    labels.get(&expression.key).is_some_and(|value| expression.values.contains(value))
                })
        })
}

/// Whether the driver reports enough storage that can be used on the node (`SCHED-26`). Each claim is asked about alone,
/// and a report never shrinks by what was promised from it. Whole bytes are compared.
fn has_capacity(delayed: &Delayed<'_>, node: &Node, world: &World<'_>) -> bool {
    let (class, claim) = (delayed.class, delayed.claim);
    let Some(request) = claim.spec.resources.requests.get(STORAGE) else {
        return true;
    };
    let driver = world.store.csi_drivers.named(&class.provisioner);
    if driver.is_none_or(|driver| driver.spec.storage_capacity != Some(true)) {
        return true;
    }
    let bytes = request.overflowing_value();
    let reports = world.store.storage_capacities.in_order().into_iter().map(|(_, report)| report);
    let mut of_class = reports.filter(|report| report.storage_class_name == class.metadata.name);
    of_class.any(|report| {
        let largest = report.maximum_volume_size.as_ref().or(report.capacity.as_ref());
        largest.is_some_and(|largest| largest.overflowing_value() >= bytes) && reaches(report, node)
    })
}

/// Whether the storage of a report can be used on a node. One that says nothing of nodes can be used on none.
fn reaches(report: &CsiStorageCapacity, node: &Node) -> bool {
    let topology = Predicate::of(report.node_topology.as_ref());
    topology.is_ok_and(|topology| topology.matches(&node.metadata.labels))
}
