//! What a cluster is set to.

use std::time::Duration;

use crate::backend::{Driver, DriverSpec, Plugin};
use crate::controllers::NodeChoice;
use crate::manifest::{self, Problem};
use crate::model::text::Text;
use crate::model::time::Timestamp;
use crate::store::{Actor, StoreRules};

/// A controller: one of the programs that act on what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Controller {
    /// Deletes what has lost its owners.
    GarbageCollection,
    /// Keeps claims and volumes that are in use from vanishing.
    Protection,
    /// Binds, reclaims and provisions.
    PersistentVolumes,
    /// Makes the claims of generic ephemeral volumes.
    EphemeralVolumes,
    /// Has volumes grown.
    Expansion,
    /// Lets the configured drivers make and delete volumes.
    ExternalProvisioning,
    /// Makes the pods of StatefulSets, and their claims.
    StatefulSets,
    /// Makes the ReplicaSets of Deployments.
    Deployments,
    /// Makes the pods of ReplicaSets.
    ReplicaSets,
    /// Counts what is used of quotas.
    Quotas,
    /// Notices nodes that do not answer.
    Nodes,
    /// Attaches volumes to nodes.
    Attachments,
    /// Start and stop pods, each on its node.
    Kubelets,
    /// Puts pods on nodes.
    Scheduler,
}

impl Controller {
    /// Every one of them.
    pub const ALL: [Self; 14] = [
        Self::GarbageCollection,
        Self::Protection,
        Self::PersistentVolumes,
        Self::EphemeralVolumes,
        Self::Expansion,
        Self::ExternalProvisioning,
        Self::StatefulSets,
        Self::Deployments,
        Self::ReplicaSets,
        Self::Quotas,
        Self::Nodes,
        Self::Attachments,
        Self::Kubelets,
        Self::Scheduler,
    ];

    /// Who writes for it.
    pub fn actor(self) -> Actor {
        match self {
            Self::GarbageCollection => Actor::GarbageCollector,
            Self::Protection => Actor::ProtectionController,
            Self::PersistentVolumes => Actor::PersistentVolumeController,
            Self::EphemeralVolumes => Actor::EphemeralVolumeController,
            Self::Expansion => Actor::ExpandController,
            Self::ExternalProvisioning => Actor::Provisioner(Text::from("external-provisioner")),
            Self::StatefulSets => Actor::StatefulSetController,
            Self::Deployments => Actor::DeploymentController,
            Self::ReplicaSets => Actor::ReplicaSetController,
            Self::Quotas => Actor::QuotaController,
            Self::Nodes => Actor::NodeController,
            Self::Attachments => Actor::AttachController,
            Self::Kubelets => Actor::Kubelet,
            Self::Scheduler => Actor::Scheduler,
        }
    }
}

/// Which controllers run.
///
/// ```
/// use bindery::{Controller, Controllers};
///
/// let running = Controllers::ALL.without(Controller::Protection);
/// assert!(running.contains(Controller::PersistentVolumes));
/// assert!(!running.contains(Controller::Protection));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Controllers(u32);

impl Controllers {
    /// All of them.
    pub const ALL: Self = Self(u32::MAX);
    /// None of them; what happens then is up to the caller.
    pub const NONE: Self = Self(0);
    /// The controller that binds, reclaims and provisions, and no other.
    pub const PERSISTENT_VOLUMES: Self = Self::NONE.with(Controller::PersistentVolumes);

    /// These and one more.
    #[must_use]
    pub const fn with(self, controller: Controller) -> Self {
        Self(self.0 | 1 << controller as u32)
    }

    /// These but for one.
    #[must_use]
    pub const fn without(self, controller: Controller) -> Self {
        Self(self.0 & !(1 << controller as u32))
    }

    /// Whether a controller is among them.
    pub const fn contains(self, controller: Controller) -> bool {
        self.0 & (1 << controller as u32) != 0
    }
}

/// What a cluster is set to. [`Config::default`] is a stock Kubernetes 1.36.
///
/// ```
/// use bindery::{Cluster, Config, Controllers};
///
/// let mut config = Config::default();
/// config.controllers = Controllers::PERSISTENT_VOLUMES;
/// let cluster = Cluster::new(config);
/// assert_eq!(cluster.time().to_string(), "2024-01-01T00:00:00Z");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, named as the flag that it stands for")]
pub struct Config {
    /// When virtual time starts.
    pub start: Timestamp,
    /// The namespace of objects that name none.
    pub namespace: Text,
    /// Which controllers run.
    pub controllers: Controllers,
    /// By which rules the store takes writes.
    pub rules: StoreRules,
    /// Whether admission runs: the default class, the protecting finalizers, the check of expansions.
    pub admission: bool,
    /// Whether volumes are made for claims (`PROV-1`).
    pub dynamic_provisioning: bool,
    /// Whether released volumes are reclaimed.
    pub reclaim: bool,
    /// The in-tree plugins.
    pub plugins: Vec<Plugin>,
    /// The external drivers. No others exist.
    pub drivers: Vec<Box<dyn Driver>>,
    /// Whether the API server leaves self links out, as the feature gate `RemoveSelfLink` has it since Kubernetes 1.20.
    /// Provisioners older than that need them.
    pub remove_self_link: bool,
    /// How often every volume and claim is looked at again (`RUN-8`).
    pub resync_period: Duration,
    /// Which of the nodes that will do a pod is put on (`ND-1`).
    pub node_choice: NodeChoice,
    /// How long a pod waits for its claims before it is scheduled anew (`bindTimeoutSeconds`, `SCHED-41`).
    pub bind_timeout: Duration,
    /// How many steps `settle` takes before it gives up.
    pub step_budget: u64,
    /// Whether writes and events are recorded.
    pub journal: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            start: Timestamp::from_unix_seconds(1_704_067_200),
            namespace: "default".into(),
            controllers: Controllers::ALL,
            rules: StoreRules::Server,
            admission: true,
            dynamic_provisioning: true,
            reclaim: true,
            plugins: vec![Plugin::host_path(false), Plugin::nfs()],
            drivers: Vec::new(),
            remove_self_link: true,
            resync_period: Duration::from_secs(15),
            node_choice: NodeChoice::FewestPods,
            bind_timeout: Duration::from_mins(10),
            step_budget: 1_000_000_000,
            journal: true,
        }
    }
}

impl Config {
    /// Like the default, but with a store that takes writes as they are, and without admission.
    pub fn verbatim() -> Self {
        Self { rules: StoreRules::Verbatim, admission: false, ..Self::default() }
    }
}

/// Text that does not describe drivers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
#[non_exhaustive]
pub struct DriverConfigError {
    /// What is wrong, and where; at least one.
    pub problems: Vec<Problem>,
}

/// Reads a list of drivers. A field that a driver does not have is an error.
///
/// ```
/// use bindery::{Config, drivers_from_yaml};
///
/// let mut config = Config::default();
/// config.drivers.extend(drivers_from_yaml("
/// - {kind: NfsSubdir, name: gxf-nfs-storage, server: 10.24.0.1, path: /home/nfs/1, release: 3.1.0}
/// ")?.into_iter().map(Into::into));
/// assert!(config.drivers[0].needs_self_link());
/// assert!(drivers_from_yaml("[{kind: Csi, name: x, topologieKeys: [zone]}]").is_err());
/// # Ok::<(), bindery::DriverConfigError>(())
/// ```
///
/// # Errors
/// [`DriverConfigError`] where the text is no list of drivers.
pub fn drivers_from_yaml(text: &str) -> Result<Vec<DriverSpec>, DriverConfigError> {
    manifest::settings(text).map_err(|error| DriverConfigError { problems: error.problems })
}
