//! Runs are quiet in the end, the same every time, and independent of one another.

use std::time::Duration;

use bindery::{Actor, Cluster, JournalEntry, Kind};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestCaseResult};

use crate::operations::operations;
use crate::runner::Property;
use crate::world::worlds;

/// Every entry of the journal as one line of JSON.
pub(crate) fn lines(cluster: &Cluster) -> Vec<String> {
    let line = |entry: &JournalEntry| serde_json::to_string(entry).expect("an entry has a text");
    cluster.journal().iter().map(line).collect()
}

/// Every object, by kind and in the order of creation, as JSON.
pub(crate) fn objects(cluster: &Cluster) -> Vec<String> {
    let all = Kind::ALL.iter().flat_map(|kind| cluster.objects(*kind));
    all.map(|object| bindery::to_json(&object)).collect()
}

fn writes(cluster: &Cluster) -> usize {
    cluster.journal().iter().filter(|entry| entry.write().is_some()).count()
}

pub(crate) fn settle(cluster: &mut Cluster) -> Result<u64, TestCaseError> {
    cluster.settle().map(|settled| settled.steps).map_err(|error| TestCaseError::fail(error.to_string()))
}

pub(crate) fn advance(cluster: &mut Cluster, duration: Duration) -> TestCaseResult {
    cluster.advance(duration).map(|_| ()).map_err(|error| TestCaseError::fail(error.to_string()))
}

/// Two journals, told apart at the first line that differs.
pub(crate) fn same_lines(a: &[String], b: &[String]) -> TestCaseResult {
    for (index, (a, b)) in a.iter().zip(b).enumerate() {
        prop_assert_eq!(a, b, "line {}", index);
    }
    prop_assert_eq!(a.len(), b.len(), "one is longer: {:?}", a.get(b.len()).or(b.get(a.len())));
    Ok(())
}

#[test]
fn a_cluster_that_has_settled_takes_no_step() {
    Property::new(file!(), "a cluster that has settled takes no step", 200).check(&worlds(20), |world| {
        let mut cluster = world.run();
        settle(&mut cluster)?;
        let before = (lines(&cluster), objects(&cluster));
        prop_assert_eq!(cluster.enabled(), Vec::new());
        prop_assert_eq!(settle(&mut cluster)?, 0);
        prop_assert_eq!(cluster.step(), None);
        prop_assert_eq!(before, (lines(&cluster), objects(&cluster)));
        Ok(())
    });
}

#[test]
fn two_runs_of_the_same_input_give_the_same_bytes() {
    Property::new(file!(), "two runs of the same input give the same bytes", 100).check(&worlds(25), |world| {
        let run = || {
            let mut cluster = world.run();
            let settled = cluster.settle();
            (settled, cluster)
        };
        let ((settled, one), (settled_again, two)) = (run(), run());
        prop_assert_eq!(settled, settled_again);
        same_lines(&lines(&one), &lines(&two))?;
        prop_assert_eq!(objects(&one), objects(&two));
        prop_assert_eq!(one.events(), two.events());
        Ok(())
    });
}

/// What is found at the start is part of the journal, so a replay begins with an empty cluster.
#[test]
fn a_replayed_journal_gives_the_same_objects_and_the_same_bytes() {
    Property::new(file!(), "a replayed journal gives the same objects and the same bytes", 100).check(
        &worlds(25),
        |world| {
            let cluster = world.run();
            let mut copy = Cluster::new(world.config());
            prop_assert_eq!(copy.replay(cluster.journal()), Ok(()));
            same_lines(&lines(&cluster), &lines(&copy))?;
            prop_assert_eq!(objects(&cluster), objects(&copy));
            // What is created next gets the same uid and the same version. The time may differ: the journal ends with
            // its last entry, and so does the time of the copy.
            let next = |mut cluster: Cluster| {
                let class = bindery::StorageClass::new("next", "example.com/next");
                let accepted = cluster.create(class);
                accepted.map(|accepted| {
                    let metadata = accepted.object.metadata();
                    (metadata.uid.clone(), metadata.resource_version)
                })
            };
            prop_assert_eq!(next(cluster.fork()), next(copy));
            Ok(())
        },
    );
}

#[test]
fn a_fork_does_not_influence_its_original() {
    let more = prop::collection::vec(operations(), 1..12);
    Property::new(file!(), "a fork does not influence its original", 100).check(
        &(worlds(20), more),
        |(world, more)| {
            let (first, second) = world.operations.split_at(world.operations.len() / 2);
            let (mut original, mut alone) = (world.start(), world.start());
            for operation in first {
                operation.carry_out(&mut original);
                operation.carry_out(&mut alone);
            }
            let mut fork = original.fork();
            for operation in &more {
                operation.carry_out(&mut fork);
            }
            let _ = fork.settle();
            for operation in second {
                operation.carry_out(&mut original);
                operation.carry_out(&mut alone);
            }
            same_lines(&lines(&original), &lines(&alone))?;
            prop_assert_eq!(objects(&original), objects(&alone));
            prop_assert_eq!(original.events(), alone.events());
            prop_assert_eq!(original.enabled(), alone.enabled());
            Ok(())
        },
    );
}

/// And the other way round: what happens to the original later does not reach the fork.
#[test]
fn an_original_does_not_influence_its_fork() {
    let more = prop::collection::vec(operations(), 1..12);
    Property::new(file!(), "an original does not influence its fork", 60).check(
        &(worlds(20), more),
        |(world, more)| {
            let mut original = world.run();
            let mut fork = original.fork();
            let before = (lines(&fork), objects(&fork), fork.enabled(), fork.events());
            for operation in &more {
                operation.carry_out(&mut original);
            }
            let _ = original.settle();
            prop_assert_eq!(before, (lines(&fork), objects(&fork), fork.enabled(), fork.events()));
            // The fork goes on as a cluster does that was never forked.
            let mut alone = world.run();
            prop_assert_eq!(fork.settle(), alone.settle());
            same_lines(&lines(&fork), &lines(&alone))
        },
    );
}

#[test]
fn time_passes_the_same_in_one_piece_and_in_several() {
    let pieces = prop::collection::vec(0..90_000_u64, 1..6);
    Property::new(file!(), "time passes the same in one piece and in several", 100).check(
        &(worlds(15), pieces),
        |(world, pieces)| {
            let mut whole = world.run();
            let mut parts = whole.fork();
            advance(&mut whole, Duration::from_millis(pieces.iter().sum()))?;
            for piece in pieces {
                advance(&mut parts, Duration::from_millis(piece))?;
            }
            prop_assert_eq!(whole.elapsed(), parts.elapsed());
            same_lines(&lines(&whole), &lines(&parts))?;
            prop_assert_eq!(objects(&whole), objects(&parts));
            prop_assert_eq!(whole.events(), parts.events());
            Ok(())
        },
    );
}

#[test]
fn a_step_is_the_first_action_that_is_enabled() {
    Property::new(file!(), "a step is the first action that is enabled", 60).check(&worlds(12), |world| {
        let mut stepping = world.run();
        let mut taking = stepping.fork();
        for _ in 0..2_000 {
            let enabled = taking.enabled();
            prop_assert_eq!(stepping.step(), enabled.first().cloned());
            let Some(action) = enabled.first() else {
                break;
            };
            prop_assert!(taking.take(action));
        }
        same_lines(&lines(&stepping), &lines(&taking))
    });
}

/// Any order of what may happen next leads to quiet, one write at a time. The choices come from the generated numbers,
/// which are used again and again.
#[test]
fn any_order_of_actions_reaches_quiet_with_at_most_one_write_per_step() {
    let choices = prop::collection::vec(any::<prop::sample::Index>(), 1..60);
    Property::new(file!(), "any order of actions reaches quiet with at most one write per step", 150).check(
        &(worlds(12), choices),
        |(world, choices)| {
            let mut cluster = world.run();
            take_any(&mut cluster, &choices)
        },
    );
}

/// Takes actions in the order of the choices. An order that is unfair could go on for ever, as two controllers that hinder
/// each other do where one of them is never let finish, so what is left after many steps runs in the order of a stock
/// run.
pub(crate) fn take_any(cluster: &mut Cluster, choices: &[prop::sample::Index]) -> TestCaseResult {
    for choice in choices.iter().cycle().take(300) {
        let enabled = cluster.enabled();
        if enabled.is_empty() {
            return Ok(());
        }
        let action = choice.get(&enabled);
        let before = writes(cluster);
        prop_assert!(cluster.take(action), "{} was enabled", action);
        prop_assert!(writes(cluster) <= before + 1, "{} wrote more than once", action);
    }
    settle(cluster).map(|_| ())
}

/// An action that is not possible any more does nothing.
#[test]
fn an_action_that_is_not_enabled_changes_nothing() {
    Property::new(file!(), "an action that is not enabled changes nothing", 40).check(&worlds(12), |world| {
        let mut cluster = world.run();
        let enabled = cluster.enabled();
        settle(&mut cluster)?;
        let before = (lines(&cluster), objects(&cluster), cluster.events());
        for action in enabled {
            prop_assert!(!cluster.take(&action));
        }
        prop_assert_eq!(before, (lines(&cluster), objects(&cluster), cluster.events()));
        Ok(())
    });
}

/// The journal is all that there is: carrying its writes out over a map gives the objects of the cluster. Versions rise
/// with every write but a restoration that brings its own; controllers name the rule that they follow, and write only
/// what is a change.
#[test]
fn the_journal_is_a_chain_of_changes_that_leads_to_what_is_stored() {
    Property::new(file!(), "the journal is a chain of changes that leads to what is stored", 150).check(
        &worlds(25),
        |world| {
            let mut cluster = world.run();
            let _ = cluster.settle();
            let mut stored = std::collections::BTreeMap::new();
            let mut newest = 0;
            for write in cluster.journal().iter().filter_map(JournalEntry::write) {
                let key =
                    write.object().map(bindery::Object::reference).ok_or_else(|| TestCaseError::fail("nothing"))?;
                let text = |object: &bindery::Object| bindery::to_json(object);
                let (before, after) = (write.before.as_ref().map(text), write.after.as_ref().map(text));
                let held = stored.remove(&key);
                // The last state of what vanishes may lack the finalizers that kept it.
                if after.is_some() || held.is_none() {
                    prop_assert_eq!(&held, &before, "{}", write);
                }
                if write.actor != Actor::User {
                    prop_assert!(is_rule(write.rule), "{} has no rule", write);
                    prop_assert!(differ(before.as_ref(), after.as_ref()), "{} changes nothing", write);
                }
                if let Some(after) = &write.after {
                    let version = after.metadata().resource_version.0;
                    prop_assert!(version > newest, "{} has version {} after {}", write, version, newest);
                    newest = version;
                }
                stored.extend(after.map(|after| (key, after)));
            }
            let mut expected: Vec<String> = stored.into_values().collect();
            let mut found = objects(&cluster);
            expected.sort();
            found.sort();
            prop_assert_eq!(expected, found);
            Ok(())
        },
    );
}

/// Capital letters, a dash and a number.
fn is_rule(rule: &str) -> bool {
    rule.split_once('-').is_some_and(|(name, number)| {
        name.bytes().all(|byte| byte.is_ascii_uppercase()) && number.parse::<u32>().is_ok() && !name.is_empty()
    })
}

/// Whether two states differ in more than their versions.
fn differ(before: Option<&String>, after: Option<&String>) -> bool {
    let without_version = |text: &String| {
        let lines: Vec<&str> = text.lines().filter(|line| !line.contains("\"resourceVersion\"")).collect();
        lines.join("\n")
    };
    before.map(without_version) != after.map(without_version)
}
