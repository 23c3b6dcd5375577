//! What the engine foresees comes true.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::testing::operations::Operation;
use crate::testing::world::{World, worlds};
use crate::{Cluster, JournalEntry};

fn texts(cluster: &Cluster) -> (String, String) {
    let journal: Vec<&JournalEntry> = cluster.journal().iter().collect();
    (format!("{journal:#?}"), format!("{:#?}", cluster.events()))
}

/// RUN-3, DET-5: looks that are passed over would have come to nothing: without foresight the same steps lead to the same
/// writes and events in the same order.
#[test]
fn looks_that_are_passed_over_would_have_come_to_nothing() {
    let config = Config { cases: 256, failure_persistence: None, ..Config::default() };
    let same = |world: World| {
        let (mut seeing, mut blind) = (world.start(), world.start());
        for operation in &world.operations {
            let most = match operation {
                Operation::Steps(steps) => usize::from(*steps),
                Operation::Settle | Operation::Advance(_) => usize::MAX,
                _ => 0,
            };
            for _ in 0..most {
                blind.forget_all_foreseen();
                let goes_on = seeing.step().is_some();
                prop_assert_eq!(goes_on, blind.step().is_some(), "one is at rest before the other");
                if !goes_on {
                    break;
                }
            }
            if !matches!(operation, Operation::Steps(_) | Operation::Settle) {
                operation.carry_out(&mut seeing);
                operation.carry_out(&mut blind);
            }
            prop_assert_eq!(texts(&seeing), texts(&blind));
        }
        Ok(())
    };
    TestRunner::new(config).run(&worlds(24), same).expect("foresight changes nothing");
}
