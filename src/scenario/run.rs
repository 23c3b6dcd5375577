//! Running a scenario, step by step.

use std::collections::BTreeMap;
use std::fmt;

use crate::cluster::{Cluster, JournalEntry, NotQuiet};
use crate::scenario::comparison::Comparison;
use crate::scenario::perform::World;
use crate::scenario::query::Asked;
use crate::scenario::step::{Print, Step, StepAction};
use crate::scenario::{Scenario, check, perform, storage, title};

/// How many entries of the journal a failure shows.
const SHOWN: usize = 40;

/// A scenario that is being run. Each step is taken by [`Iterator::next`]; after a step that failed there is none.
///
/// ```
/// use bindery::scenario::Scenario;
///
/// let scenario = Scenario::parse("
/// apiVersion: bindery.dev/v1
/// kind: Scenario
/// metadata: {name: a volume becomes available}
/// spec:
///   steps:
///   - apply:
///       apiVersion: v1
///       kind: PersistentVolume
///       metadata: {name: pv-1}
///       spec: {capacity: {storage: 5Gi}, accessModes: [ReadWriteOnce], hostPath: {path: /tmp/data}}
///   - expect: {object: pv/pv-1, status: {phase: Available}}
/// ")?;
/// let mut run = scenario.start()?;
/// let said: Vec<String> = run.next().unwrap().said;
/// assert_eq!(said, ["persistentvolume/pv-1 created"]);
/// assert_eq!(run.cluster().volumes().count(), 1);
/// assert!(run.all(|step| step.failure.is_none()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ScenarioRun<'s> {
    scenario: &'s Scenario,
    world: World,
    next: usize,
    /// The last step that expected something which held, and the length of the journal after it.
    held: (usize, usize),
    failed: bool,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepReport {
    /// Its number, counted from one.
    pub number: usize,
    /// The line of the file on which it stands; 0 where it was not read from one.
    pub line: usize,
    /// What it is called.
    pub title: String,
    /// What kubectl would have said, line by line.
    pub said: Vec<String>,
    /// What it shows.
    pub printed: Vec<String>,
    /// Why it failed, if it did.
    pub failure: Option<StepFailure>,
}

/// Why a step failed, and what happened since the last one that expected something which held.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepFailure {
    /// Why.
    pub error: StepError,
    /// The number of the step that held; 0 for the beginning.
    pub since: usize,
    /// What happened since then.
    pub journal: Vec<JournalEntry>,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The API server refused it.
    #[error("refused: {message}")]
    Refused {
        /// In these words.
        message: String,
    },
    /// The API server did not refuse it, and should have.
    #[error("accepted, but expected to be refused: {expected}")]
    Accepted {
        /// What the answer should have contained.
        expected: String,
    },
    /// The API server refused it for another reason than expected.
    #[error("refused as expected, but with another answer\n{comparison}")]
    OtherRefusal {
        /// Both answers.
        comparison: Comparison,
    },
    /// The cluster did not become quiet.
    #[error(transparent)]
    NotQuiet(#[from] NotQuiet),
    /// What was expected does not hold.
    #[error("{}", joined(comparisons))]
    Unmet {
        /// What differs, expectation by expectation.
        comparisons: Vec<Comparison>,
    },
}

fn joined(comparisons: &[Comparison]) -> String {
    comparisons.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl fmt::Display for StepFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.error.to_string().trim_end())?;
        let since = match self.since {
            0 => "the beginning".to_owned(),
            step => format!("step {step}"),
        };
        if self.journal.is_empty() {
            return write!(f, "  nothing happened since {since}");
        }
        write!(f, "  what happened since {since}:")?;
        let left_out = self.journal.len().saturating_sub(SHOWN);
        if left_out > 0 {
            write!(f, "\n    ({left_out} entries before)")?;
        }
        self.journal.iter().skip(left_out).try_for_each(|entry| write!(f, "\n    {}", entry.to_string().trim_start()))
    }
}

impl<'s> ScenarioRun<'s> {
    pub(super) fn new(scenario: &'s Scenario, cluster: Cluster) -> Self {
        let held = (0, cluster.journal().len());
        let world = World { cluster, failing: BTreeMap::new() };
        Self { scenario, world, next: 0, held, failed: false }
    }

    /// The cluster as it is now.
    pub fn cluster(&self) -> &Cluster {
        &self.world.cluster
    }

    /// The cluster, to go on with.
    pub fn into_cluster(self) -> Cluster {
        self.world.cluster
    }

    /// Takes a step: does what it says, lets the cluster settle, looks.
    fn take(&mut self, step: &Step) -> (Vec<String>, Result<(), StepError>) {
        let performed = perform::perform(&mut self.world, &step.action, &self.scenario.files);
        let (said, answer) = match (performed, &step.refused) {
            (Ok(said), None) => (said, Ok(())),
            (Ok(said), Some(expected)) => (said, Err(StepError::Accepted { expected: expected.to_string() })),
            (Err(message), None) => (Vec::new(), Err(StepError::Refused { message })),
            (Err(message), Some(expected)) if message.contains(expected.trim_end()) => (vec![message], Ok(())),
            (Err(message), Some(expected)) => {
                let mut comparison = Comparison::new("answer");
                comparison.lines(expected.lines(), message.lines(), 0);
                (Vec::new(), Err(StepError::OtherRefusal { comparison }))
            }
        };
        let settles = step.settle && !is_look(&step.action);
        let settled = answer.and_then(|()| if settles { Ok(self.world.cluster.settle().map(drop)?) } else { Ok(()) });
        (said, settled.and_then(|()| self.look(&step.action)))
    }

    /// Holds the expectations of a step against the cluster.
    fn look(&self, action: &StepAction) -> Result<(), StepError> {
        let comparisons: Vec<Comparison> = match action {
            StepAction::Expect(expectations) => {
                expectations.iter().filter_map(|expectation| check::check(&self.world.cluster, expectation)).collect()
            }
            StepAction::Read(file) => storage::check(&self.world.cluster, file).into_iter().collect(),
            _ => Vec::new(),
        };
        if comparisons.is_empty() { Ok(()) } else { Err(StepError::Unmet { comparisons }) }
    }

    fn show(&self, action: &StepAction) -> Vec<String> {
        let StepAction::Print(prints) = action else {
            return Vec::new();
        };
        prints.iter().map(|print| self.shown(print)).collect()
    }

    fn shown(&self, print: &Print) -> String {
        match print {
            Print::Yaml(key) => perform::yaml(&self.world.cluster, key),
            Print::Text(text) => format!("{}\n", text.trim_end()),
            Print::Table(query) => {
                let tables = Asked::parse(query).map(|asked| asked.answer(&self.world.cluster)).unwrap_or_default();
                if tables.is_empty() {
                    return "No resources found\n".to_owned();
                }
                tables.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
            }
        }
    }
}

/// Whether a step only looks, or lets time pass, which settles by itself.
fn is_look(action: &StepAction) -> bool {
    matches!(action, StepAction::Read(_) | StepAction::Expect(_) | StepAction::Print(_) | StepAction::Advance(_))
}

impl Iterator for ScenarioRun<'_> {
    type Item = StepReport;

    fn next(&mut self) -> Option<StepReport> {
        let step = self.scenario.steps.get(self.next).filter(|_| !self.failed)?;
        self.next += 1;
        let (said, result) = self.take(step);
        let printed = self.show(&step.action);
        let failure = result.err().map(|error| StepFailure {
            error,
            since: self.held.0,
            journal: self.world.cluster.journal().since(self.held.1).cloned().collect(),
        });
        self.failed = failure.is_some();
        if !self.failed && matches!(step.action, StepAction::Expect(_) | StepAction::Read(_)) {
            self.held = (self.next, self.world.cluster.journal().len());
        }
        let title = match step.name.as_str() {
            "" => title::title(&step.action, &self.scenario.files),
            name => name.to_owned(),
        };
        Some(StepReport { number: self.next, line: step.line, title, said, printed, failure })
    }
}
