//! Phases change along the tables of section 17 of the specification and in no other way, and the generator reaches
//! every line of them.

use std::collections::{BTreeMap, BTreeSet};

use bindery::{Actor, Cluster, JournalEntry, Object, Verb, WriteRecord};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::runner::Property;
use crate::world::{histories, worlds};

/// A line of the tables with the phase from which it leads: `P4 from Pending`.
type Line = (&'static str, String);

/// Follows a journal and names the line of every change of a phase.
#[derive(Default)]
struct Follower {
    /// Volumes of which a recycler has just said that it is done, so that the unbinding that follows is the recycler's.
    recycled: BTreeSet<String>,
    lines: Vec<Line>,
    /// Changes that stand in no line.
    strange: Vec<String>,
}

impl Follower {
    fn follow(cluster: &Cluster) -> Self {
        let mut follower = Self::default();
        for entry in cluster.journal() {
            match (entry.write(), entry.event()) {
                (Some(write), _) => follower.write(write),
                (None, Some(event)) if event.reason == "VolumeRecycled" => {
                    follower.recycled.insert(event.object.key.name.to_string());
                }
                (None, _) => {}
            }
        }
        follower
    }

    fn write(&mut self, write: &WriteRecord) {
        let (before, after) = (write.before.as_ref().and_then(phase), write.after.as_ref().and_then(phase));
        if before == after || write.verb == Verb::Restore {
            return;
        }
        let name = write.object().map(|object| object.metadata().name.to_string()).unwrap_or_default();
        let line = match write.object() {
            Some(Object::PersistentVolume(_)) => {
                let recycled = write.rule == "UNBIND-2" && self.recycled.remove(&name);
                volume_line(before.as_deref(), after.as_deref(), write, recycled)
            }
            Some(_) => claim_line(before.as_deref(), after.as_deref(), write),
            None => None,
        };
        match line {
            Some(line) => self.lines.push((line, before.unwrap_or_else(|| "none".to_owned()))),
            None => self.strange.push(format!("{write}: {before:?} to {after:?}")),
        }
    }
}

fn phase(object: &Object) -> Option<String> {
    if let Object::PersistentVolume(volume) = object {
        Some(volume.status.phase.to_string())
    } else if let Object::PersistentVolumeClaim(claim) = object {
        Some(claim.status.phase.to_string())
    } else {
        None
    }
}

/// Section 17.1.
fn volume_line(before: Option<&str>, after: Option<&str>, write: &WriteRecord, recycled: bool) -> Option<&'static str> {
    const NOT_AVAILABLE: [&str; 4] = ["Pending", "Bound", "Released", "Failed"];
    const NOT_BOUND: [&str; 4] = ["Pending", "Available", "Released", "Failed"];
    const NOT_RELEASED: [&str; 3] = ["Pending", "Available", "Bound"];
    let from = |phases: &[&str]| before.is_some_and(|before| phases.contains(&before));
    match (write.rule, after) {
        ("" | "PROV-20", Some("Pending")) if before.is_none() => Some("P1"),
        ("VOL-2", Some("Available")) if from(&NOT_AVAILABLE) => Some("P2"),
        ("VOL-3", Some("Available")) if from(&NOT_AVAILABLE) => Some("P3"),
        ("BIND-2", Some("Bound")) if from(&NOT_BOUND) => Some("P4"),
        ("VOL-9", Some("Bound")) if from(&NOT_BOUND) => Some("P5"),
        ("VOL-6", Some("Released")) if from(&NOT_RELEASED) => Some("P6"),
        ("VOL-10", Some("Released")) if from(&NOT_RELEASED) => Some("P7"),
        ("UNBIND-2", Some("Available")) if recycled && from(&["Released", "Failed"]) => Some("P9"),
        ("UNBIND-2", Some("Available")) if from(&NOT_AVAILABLE) => Some("P8"),
        ("DELETE-2" | "DELETE-7", Some("Failed")) if from(&["Released"]) => Some("P10"),
        ("RECYCLE-5" | "RECYCLE-6", Some("Failed")) if from(&["Released"]) => Some("P11"),
        ("RECLAIM-5", Some("Failed")) if from(&["Released"]) => Some("P12"),
        // API-8: whoever removes the last finalizer, or deletes what has none.
        (_, None) => Some("P13"),
        _ => None,
    }
}

/// Section 17.2.
fn claim_line(before: Option<&str>, after: Option<&str>, write: &WriteRecord) -> Option<&'static str> {
    match (write.rule, before, after) {
        ("", None, Some("Pending")) => Some("C1"),
        ("BIND-4", Some("Pending"), Some("Bound")) => Some("C2"),
        ("CLAIM-20", Some("Bound" | "Pending"), Some("Lost")) => Some("C3"),
        ("CLAIM-21", Some("Bound" | "Pending"), Some("Lost")) => Some("C4"),
        ("CLAIM-24", Some("Bound" | "Pending"), Some("Lost")) => Some("C5"),
        ("BIND-4", Some("Lost"), Some("Bound")) => Some("C6"),
        ("CLAIM-6" | "CLAIM-8" | "CLAIM-9" | "CLAIM-10" | "CLAIM-12", Some("Bound" | "Lost"), Some("Pending")) => {
            Some("C7")
        }
        (_, Some(_), None) => Some("C8"),
        _ => None,
    }
}

/// The lines of section 17 with every phase that they may lead from.
fn all_lines() -> BTreeSet<Line> {
    const LINES: [(&str, &str); 21] = [
        ("P1", "none"),
        ("P2", "Pending Bound Released Failed"),
        ("P3", "Pending Bound Released Failed"),
        ("P4", "Pending Available Released Failed"),
        ("P5", "Pending Available Released Failed"),
        ("P6", "Pending Available Bound"),
        ("P7", "Pending Available Bound"),
        ("P8", "Pending Bound Released Failed"),
        ("P9", "Released Failed"),
        ("P10", "Released"),
        ("P11", "Released"),
        ("P12", "Released"),
        ("P13", "Pending Available Bound Released Failed"),
        ("C1", "none"),
        ("C2", "Pending"),
        ("C3", "Bound Pending"),
        ("C4", "Bound Pending"),
        ("C5", "Bound Pending"),
        ("C6", "Lost"),
        ("C7", "Bound Lost"),
        ("C8", "Pending Bound Lost"),
    ];
    LINES.iter().flat_map(|(line, from)| from.split(' ').map(|from| (*line, from.to_owned()))).collect()
}

/// Section 17, its "never" included: what stands in no line never happens.
#[test]
fn phases_change_along_the_lines_of_the_tables_only() {
    Property::new(file!(), "phases change along the lines of the tables only", 200).check(&worlds(25), |world| {
        let mut cluster = world.run();
        let _ = cluster.settle();
        let follower = Follower::follow(&cluster);
        prop_assert_eq!(follower.strange, Vec::<String>::new());
        Ok(())
    });
}

/// Each line of section 17 from each phase from which it leads is reached by some world of fixed seeds.
#[test]
fn the_generator_reaches_every_transition_of_volumes_and_claims() {
    let mut seen: BTreeMap<Line, usize> = BTreeMap::new();
    let mut runner = Property::new(file!(), "the generator reaches every transition", 1).runner();
    for number in 0..600 {
        let world = if number % 3 == 0 { histories(30).boxed() } else { worlds(25).boxed() };
        let world = world.new_tree(&mut runner).expect("a world").current();
        let mut cluster = world.run();
        let _ = cluster.settle();
        for line in Follower::follow(&cluster).lines {
            *seen.entry(line).or_default() += 1;
        }
    }
    let missing: Vec<Line> = all_lines().into_iter().filter(|line| !seen.contains_key(line)).collect();
    assert_eq!(missing, Vec::new(), "seen: {seen:#?}");
}

/// What users do is done by users, and nobody else creates claims or classes.
#[test]
fn controllers_create_nothing_but_volumes() {
    Property::new(file!(), "controllers create nothing but volumes", 60).check(&worlds(20), |world| {
        let mut cluster = world.run();
        let _ = cluster.settle();
        for write in cluster.journal().iter().filter_map(JournalEntry::write) {
            let created = write.verb == Verb::Create && write.actor != Actor::User;
            prop_assert!(!created || matches!(write.after, Some(Object::PersistentVolume(_))), "{}", write);
        }
        Ok(())
    });
}
