//! What a pass works on, and the work on one pod after the other (`STS-22`).

use crate::api::ApiError;
use crate::controllers::stateful_set::plan::Plan;
use crate::controllers::stateful_set::pod_work::Job;
use crate::controllers::turn::{Emission, World};
use crate::model::kind::Object;
use crate::model::text::Text;
use crate::store::Write;

/// A write, and the rule by which it is asked for.
pub(super) type Asked = (Write, &'static str);

/// The most pods that are worked on at once in Parallel mode.
const LARGEST_BATCH: u32 = 500;

/// What work on pods looks at, and where it puts its events.
pub(super) struct Desk<'d, 'w> {
    pub(super) world: &'d World<'w>,
    pub(super) plan: &'d Plan,
    pub(super) events: &'d mut Vec<Emission>,
}

/// Which work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// A slot gets its pod, and the pod what it needs (`STS-24`).
    Fill,
    /// The claims of a condemned pod get their owners (`STSPVC-21`).
    Release,
    /// A condemned pod goes (`STS-28`).
    Remove,
}

/// What the work on one pod came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    GoOn,
    Stop,
    Failed(Text),
}

/// How work on several pods ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// All of it is done.
    Done,
    /// A pod said that the pass ends here.
    Stopped,
    /// The pass ends here because of errors.
    Failed(Vec<Text>),
}

/// Work on a row of pods: one after the other until one says stop, or in batches that only an error ends.
#[derive(Clone, Debug)]
pub(super) struct Sweep {
    task: Task,
    /// The place of the pod that comes next.
    next: u32,
    end: u32,
    batch: u32,
    batch_end: u32,
    errors: Vec<Text>,
    job: Option<Job>,
    outcome: Option<Outcome>,
    /// The pods that were found to need nothing, by ordinal and revision.
    pub(super) settled: Vec<(i64, Text)>,
}

impl Sweep {
    /// Begins with the work on a row of pods.
    pub(super) fn new(task: Task, end: u32) -> Self {
        let (errors, settled) = (Vec::new(), Vec::new());
        Self { task, next: 0, end, batch: 1, batch_end: 1, errors, job: None, outcome: None, settled }
    }

    /// The next write; none when the sweep has ended.
    pub(super) fn next(&mut self, desk: &mut Desk<'_, '_>) -> Option<Asked> {
        while self.outcome.is_none() {
            if let Some(job) = &mut self.job {
                if let Some(asked) = job.next(desk) {
                    return Some(asked);
                }
                self.settled.extend(job.settled(desk));
                let verdict = job.verdict();
                self.job = None;
                self.next += 1;
                self.digest(verdict, desk.plan.is_parallel());
                continue;
            }
            if self.task == Task::Fill && self.next < self.end {
                self.next = desk.plan.next_unsettled(self.next).min(self.end);
                self.close_batches();
            }
            if self.outcome.is_none() && self.next < self.end {
                self.job = Some(Job::new(self.task, self.next, desk.plan));
            } else {
                self.finish();
            }
        }
        None
    }

    pub(super) fn took(&mut self, result: Result<Object, ApiError>, desk: &mut Desk<'_, '_>) {
        if let Some(job) = &mut self.job {
            job.took(result, desk);
        }
    }

    /// How the sweep ended.
    pub(super) fn outcome(self) -> Outcome {
        self.outcome.unwrap_or(Outcome::Done)
    }

    fn digest(&mut self, verdict: Verdict, parallel: bool) {
        match verdict {
            Verdict::GoOn => {}
            Verdict::Stop if parallel => {}
            Verdict::Stop => self.outcome = Some(Outcome::Stopped),
            Verdict::Failed(error) => self.errors.push(error),
        }
        if !parallel && !self.errors.is_empty() {
            self.finish();
        } else {
            self.close_batches();
        }
    }

    /// Ends the batches that are over; where one had errors, the sweep ends with it.
    fn close_batches(&mut self) {
        while self.next >= self.batch_end && self.outcome.is_none() {
            if !self.errors.is_empty() {
                return self.finish();
            }
            self.batch = (self.batch * 2).min(LARGEST_BATCH);
            self.batch_end += self.batch;
        }
    }

    fn finish(&mut self) {
        if self.outcome.is_some() {
            return;
        }
        let errors = std::mem::take(&mut self.errors);
        self.outcome = Some(if errors.is_empty() { Outcome::Done } else { Outcome::Failed(errors) });
    }
}
