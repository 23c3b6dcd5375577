//! A run as a story.

use std::fmt;

use crate::cluster::{Cluster, JournalEntry};
use crate::explore::deed::Deed;
use crate::explore::expand::{Rules, Step, done_after};
use crate::explore::left::{Done, Part};
use crate::explore::property::Moment;
use crate::model::kind::Object;

/// One step of a [`Trace`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TraceStep {
    /// What happened, as [`crate::Cluster::action`] understands it; for a deed of a user in words.
    pub action: String,
    /// What the user did, if it was one.
    pub deed: Option<Deed>,
    /// What was written, in Kubernetes' words.
    pub writes: Vec<String>,
    /// The [state](Cluster::state) that it leads to.
    pub state: u64,
}

/// A trace that does not go on from where a cluster is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// An action is not possible.
    #[error("step {step} is not possible here: {action}")]
    Impossible {
        /// The number of the step, counted from one as in print.
        step: usize,
        /// The action.
        action: String,
    },
    /// An action leads to another state.
    #[error("step {step} leads to another state here: {action}")]
    Elsewhere {
        /// The number of the step, counted from one as in print.
        step: usize,
        /// The action.
        action: String,
    },
}

/// A run from the cluster that was given, step by step.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Trace {
    /// The steps.
    pub steps: Vec<TraceStep>,
    /// Where the steps begin that lead round in a circle, if it is a run without an end.
    pub circle: Option<usize>,
}

/// A step that a search has made, and what it came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub(super) part: Part,
    /// The step as it was made in the first cluster of that state. In another one the same operation may have another
    /// number.
    pub(super) step: Step,
    /// The number of the state that it leads to.
    pub(super) state: u64,
    /// The property that it violates, if it is told for that.
    pub(super) violates: Option<usize>,
}

impl Trace {
    /// Tells what happens on a way from a cluster: of the steps that lead to the next state, the first.
    pub(super) fn tell(start: &Cluster, rules: &Rules<'_>, stages: &[Stage]) -> Self {
        let mut cluster = start.clone();
        let mut done = Done::default();
        let mut steps = Vec::new();
        for stage in stages {
            let (step, next) = retrace(&cluster, rules, done, stage);
            let (action, deed) = match step {
                Step::Move(made) => (cluster.describe_move(made).to_string(), None),
                Step::Deed(user) => {
                    let user = usize::from(user);
                    let deed = &rules.users[user][usize::from(done[user])];
                    let refused = deed.perform(&mut cluster.fork()).err().map(|error| format!("; refused: {error}"));
                    (format!("{deed}{}", refused.unwrap_or_default()), Some(deed.clone()))
                }
            };
            done = done_after(step, done);
            let writes = next.journal().iter().filter_map(sentence).collect();
            steps.push(TraceStep { action, deed, writes, state: next.state() });
            cluster = next;
        }
        Self { steps, circle: None }
    }

    /// Takes all steps, one after the other, in a copy of the cluster that was explored, and compares the state after each
    /// of them. Returns the copy. Its journal has all writes of the run, so that its
    /// [fingerprint](Cluster::fingerprint) is that of the run; as all that is explored, it emits no events.
    ///
    /// ```
    /// use bindery::explore::{Explorer, Property};
    /// use bindery::{AccessMode, Cluster, PersistentVolume, VolumePhase};
    ///
    /// let mut cluster = Cluster::default();
    /// cluster.create(PersistentVolume::new("pv-1", "10Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
    /// let phase = |cluster: &Cluster| cluster.volume("pv-1").map(|volume| volume.status.phase.clone());
    /// let free = Property::sometimes("free", move |cluster| phase(cluster) == Some(VolumePhase::Available));
    /// let found = Explorer::new(&cluster).property(free).run();
    /// let (_, trace) = &found.witnesses[0];
    /// assert_eq!(trace.play(&cluster)?.state(), trace.steps.last().unwrap().state);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`TraceError`] at the first step that cannot be taken, or leads elsewhere.
    pub fn play(&self, from: &Cluster) -> Result<Cluster, TraceError> {
        let mut cluster = from.loosened();
        for (number, step) in (1..).zip(&self.steps) {
            let action = || step.action.clone();
            if let Some(deed) = &step.deed {
                // What is refused here was refused there.
                let _ = deed.perform(&mut cluster);
            } else if !cluster.action(&step.action).is_some_and(|action| cluster.take(&action)) {
                return Err(TraceError::Impossible { step: number, action: action() });
            }
            if cluster.state() != step.state {
                return Err(TraceError::Elsewhere { step: number, action: action() });
            }
        }
        Ok(cluster)
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.steps.iter().enumerate() {
            if self.circle == Some(number) {
                writeln!(f, "      from here it goes round in a circle:")?;
            }
            writeln!(f, "{:>4}. {}", number + 1, step.action)?;
            for write in &step.writes {
                writeln!(f, "        {write}")?;
            }
        }
        Ok(())
    }
}

/// Makes a step again that leads from a state to another one.
fn retrace(cluster: &Cluster, rules: &Rules<'_>, done: Done, stage: &Stage) -> (Step, Cluster) {
    let make = |step| {
        let mut next = cluster.fork_for_move();
        rules.perform(step, done, &mut next).then_some((step, next))
    };
    let leads_there = |(step, next): &(Step, Cluster)| {
        let moment = Moment { before: Some(cluster), cluster: next };
        let violates = |number: usize| (rules.properties[number].check)(&moment).is_err();
        let same_user = matches!(step, Step::Move(_)) || *step == stage.step;
        same_user && next.state() == stage.state && stage.violates.is_none_or(violates)
    };
    let (mut moves, mut found) = (Vec::new(), None);
    cluster.moves(&mut moves);
    rules.each_step(cluster, stage.part, &moves, done, |step| {
        if found.is_none() {
            found = make(step).filter(leads_there);
        }
    });
    // What led there in a cluster of that state leads there in all of them.
    found.or_else(|| make(stage.step)).unwrap_or_else(|| (stage.step, cluster.fork_for_move()))
}

/// What an entry of the journal says, in one sentence.
fn sentence(entry: &JournalEntry) -> Option<String> {
    if let Some(record) = entry.contents() {
        return Some(format!("the files of {} are {}", record.location, record.change));
    }
    let write = entry.write()?;
    let object = write.object()?;
    let what = match (&write.before, &write.after) {
        (None, _) => "is created".to_owned(),
        (Some(_), None) => "is gone".to_owned(),
        (Some(before), Some(after)) => difference(before, after),
    };
    let rule = if write.rule.is_empty() { String::new() } else { format!(" ({})", write.rule) };
    Some(format!("{} {what}{rule}", object.reference()))
}

/// What a write changed, as far as binding is concerned.
fn difference(before: &Object, after: &Object) -> String {
    let mut parts = Vec::new();
    match (before, after) {
        (Object::PersistentVolume(before), Object::PersistentVolume(after)) => {
            if before.status.phase != after.status.phase {
                parts.push(format!("becomes {}", after.status.phase));
            }
            let reference = |claim: &crate::model::reference::ObjectReference| {
                let uid = if claim.uid.is_empty() { " without a uid" } else { "" };
                format!("{}/{}{uid}", claim.namespace, claim.name)
            };
            match (&before.spec.claim_ref, &after.spec.claim_ref) {
                (old, new) if old == new => {}
                (_, Some(claim)) => parts.push(format!("refers to claim {}", reference(claim))),
                (_, None) => parts.push("refers to no claim".to_owned()),
            }
        }
        (Object::PersistentVolumeClaim(before), Object::PersistentVolumeClaim(after)) => {
            if before.status.phase != after.status.phase {
                parts.push(format!("becomes {}", after.status.phase));
            }
            if before.spec.volume_name != after.spec.volume_name {
                parts.push(format!("names volume {}", after.spec.volume_name));
            }
        }
        (Object::Pod(before), Object::Pod(after)) => {
            if before.spec.node_name != after.spec.node_name {
                parts.push(format!("is put on node {}", after.spec.node_name));
            }
            if before.status.phase != after.status.phase {
                parts.push(format!("becomes {}", after.status.phase));
            }
        }
        _ => {}
    }
    let (old, new) = (before.metadata(), after.metadata());
    if !old.is_deleting() && new.is_deleting() {
        parts.push("is being deleted".to_owned());
    }
    if old.finalizers != new.finalizers {
        let finalizers: Vec<&str> = new.finalizers.iter().map(AsRef::as_ref).collect();
        parts.push(format!("is held by [{}]", finalizers.join(", ")));
    }
    if parts.is_empty() { "is changed".to_owned() } else { parts.join(", ") }
}
