//! Every order of tiny worlds: what always, sometimes and never happens, with the numbers of states as fixed values. A
//! change of these numbers is a change of what can happen, or of what one step is.

mod circles;
mod faults;
mod outcomes;
mod promises;
mod replays;
mod world;
mod worlds;

use bindery::explore::{Explorer, Found, invariants};

use crate::worlds::{GOLDEN, Golden};

/// Explores a world with everything that is asked of every cluster.
pub(crate) fn explore(explorer: Explorer<'_>) -> Found {
    explorer.properties(invariants()).run()
}

#[test]
fn the_numbers_of_states_are_known() {
    let mut wrong = Vec::new();
    for Golden { name, explorer, states, steps, depth, quiet, violated } in GOLDEN {
        let found = explore(explorer());
        let is = (found.states, found.steps, found.depth, found.quiet);
        let names: Vec<&str> = found.violations.iter().map(|violation| violation.property.as_str()).collect();
        assert!(found.complete, "{name}");
        if is != (*states, *steps, *depth, *quiet) || names != *violated {
            let traces: Vec<String> = found
                .violations
                .iter()
                .map(|violation| format!("{}: {}\n{}", violation.property, violation.message, violation.trace))
                .collect();
            wrong.push(format!("{name}: {is:?} {names:?}\n{}", traces.concat()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_result_does_not_depend_on_the_number_of_threads() {
    for golden in GOLDEN.iter().filter(|golden| golden.states > 500) {
        let one = explore((golden.explorer)());
        let three = explore((golden.explorer)().threads(3));
        assert_eq!(one, three, "{}", golden.name);
    }
}
