//! Scenarios: a cluster, steps and expectations in YAML.
//!
//! A scenario says what somebody does to a cluster and what must come of it. The program runs it from a file, a tool
//! from its tests; nothing here reads a file itself. The parts are plain data: what a tool builds can be written down
//! with [`Scenario::to_yaml`] and read back.
//!
//! ```
//! use bindery::ClaimPhase;
//! use bindery::scenario::Scenario;
//!
//! let scenario = Scenario::parse("
//! apiVersion: bindery.dev/v1
//! kind: Scenario
//! metadata:
//!   name: a claim waits for a volume
//! spec:
//!   steps:
//!   - apply:
//!       apiVersion: v1
//!       kind: PersistentVolumeClaim
//!       metadata: {name: data}
//!       spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 5Gi}}}
//!   - expect:
//!     - {object: pvc/data, status: {phase: Pending}}
//!     - event: {object: pvc/data, reason: FailedBinding, contains: no persistent volumes available}
//!   - advance: 10m
//!   - expect:
//!       table: pvc
//!       text: |
//!         NAME   STATUS    AGE
//!         data   Pending   10m
//! ")?;
//! let cluster = scenario.run()?;
//! assert_eq!(cluster.claim("data").unwrap().status.phase, ClaimPhase::Pending);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

//!
//! # The file
//! `spec.cluster` sets the cluster up: `nodes` (names, names with labels, or whole objects), `drivers`, `featureGates`,
//! and the switches of [`Setting`]. `spec.steps` is a list, and each step does one thing:
//!
//! | step | what it does |
//! |---|---|
//! | `apply`, `create`, `replace` | a file, a text or an object, or several |
//! | `patch: {object, merge}` | a JSON merge patch |
//! | `delete` | objects such as `pvc/data` or files; or `{objects, files, propagation, gracePeriodSeconds}` |
//! | `scale: {object, replicas}` | another number of pods |
//! | `cordon`, `uncordon`, `drain` | a node |
//! | `fail`, `heal` | `{node}`, `{driver, message}`; `fail` also `{pod, message}` |
//! | `hold`, `release` | `{readiness: pod}` or `{termination: pod}` |
//! | `inject: {error, kind, verb, message}` | the next such write of a controller is refused |
//! | `faults` | what goes wrong at which write, see below |
//! | `take` | one action, by the name that `bindery explore` gives it; nothing else happens |
//! | `featureGates`, `drivers` | the API server and the drivers change |
//! | `advance` | virtual time passes: `90s`, `10m`, `1h30m` |
//! | `write`, `read` | a file `{path, text}` in a `pod` (and `container`), a `volume`, an `nfs` export or a `node` |
//! | `expect` | expectations, see below |
//! | `print` | tables such as `pv,pvc` or `events`, `{table, selector, wide}`, `{yaml: pvc/data}`, `{text}` |
//!
//! A fault is one of `conflict: true`, `alreadyExists: true`, `serverError: message`, `crash: controller`,
//! `staleView: {controller, writes}`, `backend: Fails`, `Hangs` or a duration by which it is late, `failNode`, `delete` and
//! `patch: {object, merge}`. It happens `at: {rule, verb, kind, object, after}`: the first write of which that is true, or
//! the one after so many others.
//!
//! A step may have a `name`, a `comment`, `settle: false` where the cluster shall not settle afterwards, and `refused`
//! with a part of the answer where the API server is expected to refuse it.
//!
//! | expectation | holds where |
//! |---|---|
//! | `{object: pvc/data, status: {…}}` or a manifest | there is such an object with at least these fields |
//! | `{absent: pvc/data}` | there is none |
//! | `{event: {object, type, reason, message, contains, count}}` | such an event was emitted, so often |
//! | `{log: {object, message}}` | a controller wrote such a line into its log |
//! | `{table: pods, selector, wide, text}` | `kubectl get` shows these columns and rows |
//! | `{dns: {name: [pods]}}` | the name stands for the addresses of these pods |
//! | `{file: {…}}` | as with `read` |
//!
//! In texts that are compared, a `*` stands for any characters. A failure shows what was expected beside what there is,
//! and everything that happened since the last expectation that held.

mod check;
mod comparison;
mod expectation;
mod expectations;
mod faults;
mod grid;
mod names;
mod partial;
mod pattern;
mod perform;
mod query;
mod read;
mod run;
mod setting;
mod step;
mod steps;
mod storage;
#[cfg(feature = "explore")]
mod story;
mod tables;
mod title;
mod trouble;

use std::collections::BTreeMap;
use std::fmt;

use crate::cluster::Cluster;
use crate::manifest::{ManifestError, to_yaml};
use crate::model::json::Json;
use crate::model::text::Text;

pub use crate::scenario::comparison::{Comparison, ComparisonRow};
pub use crate::scenario::expectation::{
    EventExpectation, Expectation, LogExpectation, Names, ObjectExpectation, TableExpectation, TableQuery,
};
pub use crate::scenario::faults::{BackendTrouble, FaultStep, OccasionStep, StaleViewStep};
pub use crate::scenario::run::{ScenarioRun, StepError, StepFailure, StepReport};
pub use crate::scenario::setting::{FeatureGates, Setting, SettingError, SettingNode};
pub use crate::scenario::step::{
    Delete, Failing, File, Held, Injected, InjectedError, Manifest, Patch, Print, Scale, Step, StepAction,
};

/// A cluster, and what is done to it and expected of it, step by step.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Scenario {
    /// What it is called.
    pub name: Text,
    /// What it is about.
    pub description: Text,
    /// The cluster that it begins with.
    pub cluster: Setting,
    /// What happens.
    pub steps: Vec<Step>,
    /// The file that it was read from; empty where there is none.
    pub source: Text,
    /// The texts of the files that it names.
    files: BTreeMap<Text, Text>,
}

/// Why a scenario did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// Its cluster cannot be set up.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A step failed.
    #[error("step {}, {}: {}", report.number, report.title, Failed(report))]
    Step {
        /// What became of the step.
        report: Box<StepReport>,
    },
}

struct Failed<'r>(&'r StepReport);

impl fmt::Display for Failed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.failure.as_ref().map_or(Ok(()), |failure| failure.fmt(f))
    }
}

impl Scenario {
    /// A scenario without steps.
    pub fn new(name: impl Into<Text>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Reads a scenario that names no files.
    ///
    /// # Errors
    /// [`ManifestError`] names every problem with its document, line, path and rule.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let mut scenarios = Self::read("", text, |_| Err::<String, _>("this scenario comes without files"))?;
        Ok(scenarios.swap_remove(0))
    }

    /// Reads all scenarios of a text. `name` is what problems call the text; `files` reads a file by its path from the
    /// scenario.
    ///
    /// # Errors
    /// [`ManifestError`] names every problem of the text and of the files that it names, with its document, line, path
    /// and rule.
    pub fn read<E: fmt::Display>(
        name: &str,
        text: &str,
        mut files: impl FnMut(&str) -> Result<String, E>,
    ) -> Result<Vec<Self>, ManifestError> {
        read::scenarios(name, text, &mut |path| files(path).map_err(|error| error.to_string()))
    }

    /// Whether a text holds scenarios rather than objects.
    pub fn is_in(text: &str) -> bool {
        read::is_scenario(text)
    }

    /// Gives the text of a file that a step names.
    #[must_use]
    pub fn with_file(mut self, path: impl Into<Text>, text: impl Into<Text>) -> Self {
        self.files.insert(path.into(), text.into());
        self
    }

    /// Sets up the cluster, and waits to be asked for each step.
    ///
    /// # Errors
    /// [`SettingError`] where the cluster cannot be set up.
    pub fn start(&self) -> Result<ScenarioRun<'_>, SettingError> {
        Ok(ScenarioRun::new(self, self.cluster.cluster()?))
    }

    /// Runs all steps, and gives the cluster as it is in the end.
    ///
    /// # Errors
    /// [`ScenarioError`] at the first step that fails, in words for whoever wrote the scenario.
    pub fn run(&self) -> Result<Cluster, ScenarioError> {
        let mut run = self.start()?;
        for report in &mut run {
            if report.failure.is_some() {
                return Err(ScenarioError::Step { report: Box::new(report) });
            }
        }
        Ok(run.into_cluster())
    }

    /// The scenario as a file. Files that steps name are not part of it.
    pub fn to_yaml(&self) -> String {
        let map = |entries: Vec<(&str, Json)>| {
            Json::Map(entries.into_iter().map(|(key, value)| (Text::from(key), value)).collect())
        };
        let mut metadata = vec![("name", Json::String(self.name.clone()))];
        if !self.description.is_empty() {
            metadata.push(("description", Json::String(self.description.clone())));
        }
        let mut spec = vec![("steps", Json::of(&self.steps))];
        if self.cluster != Setting::default() {
            spec.push(("cluster", Json::of(&self.cluster)));
        }
        to_yaml(&map(vec![
            ("apiVersion", Json::String(read::API_VERSION.into())),
            ("kind", Json::String(read::KIND.into())),
            ("metadata", map(metadata)),
            ("spec", map(spec)),
        ]))
    }
}
