//! A run as a story.

use std::fmt;

use crate::cluster::{Cluster, JournalEntry};
use crate::explore::deed::Deed;
use crate::explore::expand::Step;
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

impl Trace {
    /// Tells what happens on a way from a cluster.
    pub(super) fn tell(start: &Cluster, users: &[Vec<Deed>], path: &[Step]) -> (Self, Cluster) {
        let mut cluster = start.clone();
        let mut done = vec![0; users.len()];
        let mut steps = Vec::new();
        for step in path {
            let mut next = cluster.fork_for_move();
            let (action, deed) = match step {
                Step::Move(made) => {
                    let action = cluster.describe_move(*made).to_string();
                    next.make(*made);
                    (action, None)
                }
                Step::Deed(user) => {
                    let user = usize::from(*user);
                    let deed = users[user][done[user]].clone();
                    done[user] += 1;
                    let refused = deed.perform(&mut next).err().map(|error| format!("; refused: {error}"));
                    (format!("{deed}{}", refused.unwrap_or_default()), Some(deed))
                }
            };
            let writes = next.journal().iter().filter_map(sentence).collect();
            steps.push(TraceStep { action, deed, writes });
            cluster = next;
        }
        (Self { steps, circle: None }, cluster)
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
