//! The engine and the public face: a cluster in memory, one write at a time.
//!
//! A [`Cluster`] holds a store, the controllers' caches and queues, and virtual time. Users write to it as they would
//! to an API server; then [`Cluster::settle`] runs the controllers until nothing changes, or [`Cluster::step`] takes
//! one step of at most one write. A copy ([`Cluster::fork`]) shares what it has in common with the original.
//!
//! Only this module writes to the store.

mod action;
mod apply;
mod attention;
mod config;
mod contents;
mod crash;
mod drivers;
mod engine;
mod events;
#[cfg(feature = "explore")]
mod explored;
mod external;
mod fault_plan;
mod faults;
mod fingerprint;
mod foresight;
mod journal;
mod liberty;
mod marks;
mod mixer;
mod mounts;
mod names;
mod nodes;
mod notify;
mod operate;
mod operations;
mod perform;
mod queue;
mod read;
mod replay;
mod replicas;
mod schedule;
mod sets;
mod stale;
mod state;
mod sync;
mod timers;
mod user;
mod work;

use std::sync::Arc;
use std::time::Duration;

use crate::backend::{Contents, Drivers, Plugins};
use crate::cluster::events::Recorder;
use crate::cluster::external::External;
use crate::cluster::fault_plan::FaultPlan;
use crate::cluster::nodes::Nodes;
use crate::cluster::operations::Operations;
use crate::cluster::sets::SetMemories;
use crate::cluster::stale::Stale;
use crate::cluster::timers::{Retries, Wakes};
use crate::cluster::work::Work;
use crate::controllers::{Cache, Scheduler, Settings};
use crate::model::shared::Shared;
use crate::model::time::Timestamp;
use crate::store::Store;

pub use crate::cluster::action::Action;
pub use crate::cluster::apply::{Applied, ApplyError, Outcome};
pub use crate::cluster::config::{Config, Controller, Controllers, DriverConfigError, drivers_from_yaml};
pub use crate::cluster::contents::Place;
pub use crate::cluster::engine::{NotQuiet, Settled};
pub use crate::cluster::events::{Event, EventRecord};
#[cfg(feature = "explore")]
pub(crate) use crate::cluster::explored::Weights;
pub use crate::cluster::fault_plan::{Occasion, PlannedFault, Upset};
pub use crate::cluster::faults::Fault;
pub use crate::cluster::journal::{Cause, ContentsRecord, Entries, Journal, JournalEntry, LogRecord, WriteRecord};
pub use crate::cluster::liberty::Mishap;
#[cfg(feature = "explore")]
pub(crate) use crate::cluster::liberty::Move;
#[cfg(feature = "explore")]
pub(crate) use crate::cluster::mixer::Mixer;
pub use crate::cluster::mounts::MountError;
pub use crate::cluster::replay::ReplayError;
pub use crate::cluster::schedule::{Attempt, AttemptEnd};
#[cfg(feature = "explore")]
pub(crate) use crate::cluster::state::StateNumber;
pub use crate::cluster::user::Accepted;

pub(crate) use crate::cluster::user::merge;

/// A Kubernetes cluster as far as storage depends on it, in memory.
///
/// ```
/// use bindery::{AccessMode, ClaimPhase, Cluster, PersistentVolume, PersistentVolumeClaim};
///
/// let mut cluster = Cluster::default();
/// cluster.create(PersistentVolume::new("pv-1", "10Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
/// cluster.create(PersistentVolumeClaim::new("default", "data", "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
/// cluster.settle()?;
/// assert_eq!(cluster.claim("default/data").unwrap().status.phase, ClaimPhase::Bound);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cluster {
    config: Arc<Config>,
    settings: Arc<Settings>,
    store: Store,
    cache: Shared<Cache>,
    plugins: Arc<Plugins>,
    drivers: Arc<Drivers>,
    contents: Shared<Contents>,
    external: Shared<External>,
    work: Work,
    operations: Shared<Operations>,
    retries: Shared<Retries>,
    wakes: Shared<Wakes>,
    sets: SetMemories,
    nodes: Shared<Nodes>,
    scheduler: Shared<Scheduler>,
    recorder: Shared<Recorder>,
    journal: Journal,
    faults: Vec<Fault>,
    now: Duration,
    /// What goes wrong, and when.
    plan: Shared<FaultPlan>,
    /// What controllers see that have fallen behind.
    stale: Option<Stale>,
    /// What goes wrong with the move that is being made.
    mishap: Option<Mishap>,
    /// Which of several volumes that suit equally is taken.
    tie: usize,
    /// Whether any order is possible and nothing is kept but the state.
    loose: bool,
}

impl Default for Cluster {
    fn default() -> Self {
        Self::new(Config::default())
    }
}

impl Cluster {
    /// An empty cluster.
    pub fn new(config: Config) -> Self {
        let settings = Settings {
            dynamic_provisioning: config.dynamic_provisioning,
            reclaim: config.reclaim,
            self_links: !config.remove_self_link,
            node_choice: config.node_choice,
            bind_timeout: config.bind_timeout,
        };
        Self {
            settings: Arc::new(settings),
            plugins: Arc::new(Plugins::new(config.plugins.clone())),
            drivers: Arc::new(Drivers::new(&config.drivers)),
            config: Arc::new(config),
            contents: Shared::default(),
            external: Shared::default(),
            store: Store::default(),
            cache: Shared::default(),
            work: Work::default(),
            operations: Shared::default(),
            retries: Shared::default(),
            wakes: Shared::default(),
            sets: SetMemories::default(),
            nodes: Shared::default(),
            scheduler: Shared::default(),
            recorder: Shared::default(),
            journal: Journal::default(),
            faults: Vec::new(),
            now: Duration::ZERO,
            plan: Shared::default(),
            stale: None,
            mishap: None,
            tie: 0,
            loose: false,
        }
    }

    /// A copy to try something in. What both have in common is shared until one of them changes it, so that the cost
    /// is far below that of the objects: one reference count for each 64 of them.
    #[must_use]
    pub fn fork(&self) -> Self {
        self.clone()
    }

    /// What the cluster is set to.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Whether a controller runs.
    fn runs(&self, controller: Controller) -> bool {
        self.config.controllers.contains(controller)
    }

    /// Virtual time, in whole seconds.
    pub fn time(&self) -> Timestamp {
        let elapsed = i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX);
        Timestamp::from_unix_seconds(self.config.start.unix_seconds().saturating_add(elapsed))
    }

    /// Virtual time since the start of the cluster.
    pub fn elapsed(&self) -> Duration {
        self.now
    }

    /// Every write and every event, in order. Empty where the configuration switches the journal off.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }
}
