//! What goes wrong, or not as one may think, besides claims that do not bind.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use crate::cluster::Cluster;
use crate::explain::check::usable_on;
use crate::explain::claim::places;
use crate::explain::said::Said;
use crate::explain::trial::was_bound;
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::class::{BindingMode, StorageClass};
use crate::model::json::Json;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::list::List;
use crate::model::metadata::ObjectMeta;
use crate::model::names::PROVISIONED_BY;
use crate::model::node::Node;
use crate::model::pod::{Pod, PodVolumeSource};
use crate::model::quantity::Quantity;
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::selector::Predicate;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, ReclaimPolicy, VolumePhase};

/// How many Deployments are rolled out in a copy to see what happens.
const ROLLED_OUT: usize = 20;

/// Something that goes wrong, or not as one may think.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Finding {
    /// A pod is put on no node.
    PodNotScheduled {
        /// The pod.
        pod: NamespacedName,
        /// What the scheduler says.
        message: Text,
        /// What its claims have to do with it, in sentences.
        because: Vec<Text>,
    },
    /// A pod is on a node and does not start.
    PodNotStarted {
        /// The pod.
        pod: NamespacedName,
        /// The node.
        node: Text,
        /// What is said about it.
        message: Text,
    },
    /// In a rolling update the new pod cannot start beside the old one.
    RollingUpdate {
        /// The Deployment.
        workload: ObjectKey,
        /// What is said about the new pod.
        message: Text,
    },
    /// A class binds before the pod is scheduled, in a topology that the pod may not be able to use.
    ImmediateTopology {
        /// The class.
        class: Text,
        /// The claim.
        claim: ClaimKey,
        /// The pod.
        pod: NamespacedName,
    },
    /// Claims ask for more than there is, though each of them passes alone.
    PoolShort {
        /// The class.
        class: Text,
        /// The claims.
        claims: Vec<ClaimKey>,
        /// What they ask for together.
        asked: Quantity,
        /// The largest amount that is reported as free.
        free: Quantity,
    },
    /// A claim gets a volume that is larger than it asks for.
    Surplus {
        /// The claim.
        claim: ClaimKey,
        /// The volume.
        volume: Text,
        /// What it asks for.
        asked: Quantity,
        /// How large the volume is.
        capacity: Quantity,
    },
    /// A volume that was made by hand says that it is deleted with its claim, and is not.
    DeletePolicy {
        /// The volume.
        volume: Text,
        /// The phase that it is left in.
        phase: VolumePhase,
        /// What is said about it.
        message: Text,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PodNotScheduled { pod, message, because } => {
                write!(f, "pod {pod} is not scheduled: {message}")?;
                because.iter().try_for_each(|sentence| write!(f, " {sentence}"))
            }
            Self::PodNotStarted { pod, node, message } => write!(f, "pod {pod} does not start on {node}: {message}"),
            Self::RollingUpdate { workload, message } => {
                let message = message.trim_end_matches('.');
                write!(f, "a rolling update of {} gets stuck: {message}. Binding is fine", workload.short())?;
                if message.starts_with("Multi-Attach") {
                    write!(f, ", but ReadWriteOnce is not a scheduling rule")?;
                }
                write!(f, "; strategy Recreate, or a volume that several nodes may mount, would do")
            }
            Self::ImmediateTopology { class, claim, pod } => write!(
                f,
                "class {class} binds {claim} before pod {pod} is scheduled, perhaps where the pod cannot be; \
                 volumeBindingMode WaitForFirstConsumer or allowedTopologies would prevent that"
            ),
            Self::PoolShort { class, claims, asked, free } => {
                let names: Vec<String> = claims.iter().map(ToString::to_string).collect();
                let names = names.join(" and ");
                write!(
                    f,
                    "claims {names} ask class {class} for {asked} together, and {free} are free: each passes alone, \
                     and one stays Pending"
                )
            }
            Self::Surplus { claim, volume, asked, capacity } => {
                let rest = capacity.minus(asked);
                write!(f, "claim {claim} asks for {asked} and gets {volume} with {capacity}; {rest} are stranded")
            }
            Self::DeletePolicy { volume, phase, message } => {
                write!(f, "volume {volume} has reclaim policy Delete, and stays {phase} when its claim is gone")?;
                if message.is_empty() { Ok(()) } else { write!(f, ": {message}") }
            }
        }
    }
}

/// What is found in what was applied to a cluster, after the controllers came to rest.
pub(super) fn findings(before: &Cluster, applied: &Cluster, settled: &Cluster) -> Vec<Finding> {
    let pods: Vec<&Pod> = settled.pods().filter(|pod| is_new(before, Kind::Pod, &pod.metadata)).collect();
    let warnings = Said::warnings(settled);
    let mut found: Vec<Finding> = pods.iter().filter_map(|pod| trouble(settled, pod, &warnings)).collect();
    // One that has a node already, as in a dump, shows where it can be.
    let is_put = |pod: &Pod| applied.pod(&pod.key().to_string()).is_some_and(|pod| !pod.spec.node_name.is_empty());
    found.extend(pods.iter().filter(|pod| !is_put(pod)).flat_map(|pod| immediate_topologies(settled, pod)));
    let claims: Vec<&PersistentVolumeClaim> = settled
        .claims()
        .filter(|claim| is_new(before, Kind::PersistentVolumeClaim, &claim.metadata) && !was_bound(applied, claim))
        .collect();
    found.extend(short_pools(settled, &claims));
    found.extend(rolling_updates(before, settled));
    found.extend(claims.iter().filter_map(|claim| surplus(settled, claim)));
    let volumes = applied.volumes().filter(|volume| is_new(before, Kind::PersistentVolume, &volume.metadata));
    found.extend(delete_policies(settled, &volumes.collect::<Vec<_>>()));
    found.dedup();
    found
}

fn is_new(before: &Cluster, kind: Kind, metadata: &ObjectMeta) -> bool {
    let key = ObjectKey { kind, key: NamespacedName::new(&metadata.namespace, &metadata.name) };
    before.get(&key).is_none_or(|held| held.metadata().uid != metadata.uid)
}

/// What keeps a pod from running.
fn trouble(cluster: &Cluster, pod: &Pod, warnings: &Said) -> Option<Finding> {
    if pod.is_ready() || pod.is_terminated() {
        return None;
    }
    let key = pod.key();
    if !pod.spec.node_name.is_empty() {
        let message = warnings.about(&ObjectKey { kind: Kind::Pod, key: key.clone() })?;
        return Some(Finding::PodNotStarted { pod: key, node: pod.spec.node_name.clone(), message });
    }
    let verdict = cluster.try_schedule(&Kind::Pod.named(key.to_string()));
    let message = match verdict {
        Ok(verdict) if verdict.is_feasible() => return None,
        Ok(verdict) => verdict.to_string(),
        Err(error) => error.message,
    };
    let because = pod.claim_keys().filter_map(|claim| because_of(cluster, &claim));
    Some(Finding::PodNotScheduled { pod: key, message: message.into(), because: because.collect() })
}

fn because_of(cluster: &Cluster, key: &ClaimKey) -> Option<Text> {
    let Some(claim) = cluster.claim(&key.to_string()) else {
        return Some(format!("Claim {key} does not exist.").into());
    };
    if claim.status.phase != ClaimPhase::Bound {
        return Some(format!("Claim {key} is {}.", claim.status.phase).into());
    }
    let volume = cluster.volume(&claim.spec.volume_name)?;
    let affinity = volume.spec.node_affinity.as_deref()?;
    let name = &volume.metadata.name;
    Some(format!("Claim {key} has {name}, which can be used where {}.", places(affinity)).into())
}

/// Claims of a pod whose volumes are made before it is known where the pod can be, where that makes a difference.
fn immediate_topologies(cluster: &Cluster, pod: &Pod) -> Vec<Finding> {
    let bound = pod.claim_keys().filter_map(|key| {
        let claim = cluster.claim(&key.to_string())?;
        let volume = cluster.volume(&claim.spec.volume_name)?;
        let class = cluster.class(claim.class_name()).filter(|class| is_immediate(class))?;
        let limited = volume.spec.node_affinity.is_some() && volume.metadata.annotations.contains_key(PROVISIONED_BY);
        limited.then_some((key, class, volume))
    });
    let bound: Vec<_> = bound.collect();
    if bound.is_empty() {
        return Vec::new();
    }
    let nodes = nodes_without_volumes(cluster, pod);
    let outside: Vec<&Node> =
        cluster.nodes().filter(|node| !nodes.iter().any(|known| known.metadata.name == node.metadata.name)).collect();
    let risky = |(_, class, volume): &&(ClaimKey, &StorageClass, &PersistentVolume)| {
        let free_choice = class.allowed_topologies.is_empty() || class.allowed_topologies.len() > 1;
        // A volume elsewhere would have been as good for its provisioner, and not for the pod.
        let astray = outside.iter().any(|node| !nodes.iter().any(|inside| same_place(volume, node, inside)));
        let apart = bound.len() > 1 && nodes.iter().any(|node| !usable_on(volume, node));
        free_choice && (astray || apart)
    };
    let found = bound.iter().filter(risky);
    found
        .map(|(claim, class, _)| Finding::ImmediateTopology {
            class: class.metadata.name.clone(),
            claim: claim.clone(),
            pod: pod.key(),
        })
        .collect()
}

/// Whether two nodes agree in the labels by which a volume is bound to a place.
fn same_place(volume: &PersistentVolume, one: &Node, other: &Node) -> bool {
    let affinity = volume.spec.node_affinity.as_deref();
    let terms = affinity.iter().flat_map(|affinity| affinity.required.iter());
    let mut keys =
        terms.flat_map(|selector| selector.node_selector_terms.iter()).flat_map(|term| &term.match_expressions);
    keys.all(|requirement| one.metadata.labels.get(&requirement.key) == other.metadata.labels.get(&requirement.key))
}

fn is_immediate(class: &StorageClass) -> bool {
    class.volume_binding_mode == Some(BindingMode::Immediate)
}

/// The nodes on which a pod could be if it had no claims.
fn nodes_without_volumes<'c>(cluster: &'c Cluster, pod: &Pod) -> Vec<&'c Node> {
    let mut bare = pod.clone();
    let is_claim = |source: &PodVolumeSource| {
        matches!(source, PodVolumeSource::PersistentVolumeClaim(_) | PodVolumeSource::Ephemeral(_))
    };
    let volumes = pod.spec.volumes.iter().filter(|volume| !volume.sources.iter().any(is_claim));
    bare.spec.volumes = List::from(volumes.cloned().collect::<Vec<_>>());
    bare.spec.node_name = Text::default();
    bare.metadata = ObjectMeta::named(format!("{}-bare", pod.metadata.name));
    bare.metadata.namespace = pod.metadata.namespace.clone();
    let key = bare.key();
    let mut copy = cluster.fork();
    if copy.restore(bare).is_err() {
        return Vec::new();
    }
    let Ok(verdict) = copy.try_schedule(&Kind::Pod.named(key.to_string())) else {
        return Vec::new();
    };
    let open = verdict.nodes.iter().filter(|node| node.rejection.is_none());
    open.filter_map(|node| cluster.node(&node.node)).collect()
}

/// Classes whose new claims ask for more than is reported as free, though each of them asks for less.
fn short_pools(settled: &Cluster, new: &[&PersistentVolumeClaim]) -> Vec<Finding> {
    let reports: Vec<Object> = settled.objects(Kind::CsiStorageCapacity);
    let mut by_class: BTreeMap<Text, Vec<&PersistentVolumeClaim>> = BTreeMap::new();
    for claim in new.iter().copied() {
        let made = settled.volume(&claim.spec.volume_name);
        let is_static = made.is_some_and(|volume| !volume.metadata.annotations.contains_key(PROVISIONED_BY));
        if !is_static {
            by_class.entry(claim.class_name().into()).or_default().push(claim);
        }
    }
    let short = by_class.into_iter().filter_map(|(class, claims)| {
        let nodes = nodes_of(settled, &claims);
        let free = reports.iter().filter_map(|report| match report {
            Object::CsiStorageCapacity(report) if report.storage_class_name == class => {
                let topology = Predicate::of(report.node_topology.as_ref()).ok()?;
                let reaches = nodes.is_empty() || nodes.iter().any(|node| topology.matches(&node.metadata.labels));
                report.capacity.clone().filter(|_| reaches)
            }
            _ => None,
        });
        let mut pools: Vec<Quantity> = free.collect();
        pools.sort();
        // Pools that can all be reached add up; what is said stays true if they do.
        let free = pools.into_iter().reduce(|sum, pool| sum.plus(&pool))?;
        let asked = claims.iter().fold(Quantity::default(), |sum, claim| sum.plus(&claim.request()));
        let alone = claims.iter().all(|claim| claim.request() <= free);
        (claims.len() > 1 && asked > free && alone).then(|| Finding::PoolShort {
            class,
            claims: claims.iter().map(|claim| claim.key()).collect(),
            asked,
            free,
        })
    });
    short.collect()
}

fn nodes_of<'c>(cluster: &'c Cluster, claims: &[&PersistentVolumeClaim]) -> Vec<&'c Node> {
    let pods = claims.iter().flat_map(|claim| cluster.pods_of_claim(&claim.key()));
    let names: BTreeSet<&Text> = pods.map(|pod| &pod.spec.node_name).filter(|name| !name.is_empty()).collect();
    names.into_iter().filter_map(|name| cluster.node(name)).collect()
}

/// New Deployments of which a rolling update gets stuck: they are rolled out in a copy.
fn rolling_updates(before: &Cluster, settled: &Cluster) -> Vec<Finding> {
    let deployments = settled.objects(Kind::Deployment);
    let new = deployments.iter().filter(|object| is_new(before, Kind::Deployment, object.metadata()));
    let with_claims = new.filter(|object| match object {
        Object::Deployment(deployment) => deployment.spec.template.spec.volumes.iter().any(|volume| {
            volume.sources.iter().any(|source| matches!(source, PodVolumeSource::PersistentVolumeClaim(_)))
        }),
        _ => false,
    });
    with_claims.take(ROLLED_OUT).filter_map(|object| roll_out(settled, &object.reference())).collect()
}

/// What is said about the new pods of a Deployment that is rolled out, if they do not start.
pub(super) fn roll_out(cluster: &Cluster, workload: &ObjectKey) -> Option<Finding> {
    let mut copy = cluster.fork();
    let restarted = Json::object([("kubectl.kubernetes.io/restartedAt", Json::String("now".into()))]);
    let template = Json::object([("metadata", Json::object([("annotations", restarted)]))]);
    let patch = Json::object([("spec", Json::object([("template", template)]))]);
    copy.patch(workload, &patch).ok()?;
    copy.settle().ok()?;
    let fresh = copy.pods().filter(|pod| cluster.pod(&pod.key().to_string()).is_none());
    let stuck = fresh.filter(|pod| !pod.is_ready());
    let warnings = Said::warnings(&copy);
    let messages = stuck.filter_map(|pod| warnings.about(&ObjectKey { kind: Kind::Pod, key: pod.key() }));
    messages.map(|message| Finding::RollingUpdate { workload: workload.clone(), message }).next()
}

fn surplus(cluster: &Cluster, claim: &PersistentVolumeClaim) -> Option<Finding> {
    let volume = cluster.volume(&claim.spec.volume_name)?;
    let (asked, capacity) = (claim.request(), volume.capacity());
    // Twice as much is worth a word.
    (claim.status.phase == ClaimPhase::Bound && capacity >= asked.plus(&asked)).then(|| Finding::Surplus {
        claim: claim.key(),
        volume: volume.metadata.name.clone(),
        asked,
        capacity,
    })
}

/// Volumes with policy `Delete` that are left over when their claims go: all of these go in a copy.
fn delete_policies(settled: &Cluster, volumes: &[&PersistentVolume]) -> Vec<Finding> {
    let mut copy = settled.fork();
    let by_hand = volumes.iter().filter(|volume| {
        volume.spec.persistent_volume_reclaim_policy == ReclaimPolicy::Delete
            && !volume.metadata.annotations.contains_key(PROVISIONED_BY)
    });
    let mut gone: BTreeSet<ClaimKey> = BTreeSet::new();
    let released: Vec<&Text> = by_hand
        .map(|volume| &volume.metadata.name)
        .filter(|name| {
            let reference = settled.volume(name).and_then(|volume| volume.spec.claim_ref.as_ref());
            reference.is_some_and(|reference| {
                let claim = ClaimKey::new(&reference.namespace, &reference.name);
                let object = ObjectKey { kind: Kind::PersistentVolumeClaim, key: claim.clone() };
                gone.contains(&claim) || copy.remove(&object).is_ok_and(|()| gone.insert(claim))
            })
        })
        .collect();
    if released.is_empty() || copy.settle().is_err() {
        return Vec::new();
    }
    let warnings = Said::warnings(&copy);
    let left = released.into_iter().filter_map(|name| {
        let phase = copy.volume(name)?.status.phase.clone();
        let message = warnings.about(&Kind::PersistentVolume.named(name.as_str())).unwrap_or_default();
        Some(Finding::DeletePolicy { volume: name.clone(), phase, message })
    });
    left.collect()
}
