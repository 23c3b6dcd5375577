//! Every order of tiny worlds, with golden numbers of states.

mod world;

use bindery::explore::{Explorer, invariants};

use crate::world::{claim, cluster, volume};

#[test]
fn two_claims_for_one_volume() {
    let world = cluster([volume("v")], [claim("a"), claim("b")]);
    let found = Explorer::new(&world).properties(invariants()).run();
    println!("{} states, {} steps, depth {}, {} quiet", found.states, found.steps, found.depth, found.quiet);
    for violation in &found.violations {
        println!("{}: {}\n{}", violation.property, violation.message, violation.trace);
    }
    for outcome in found.outcomes.claims() {
        println!("{outcome:?}");
    }
    let found = Explorer::new(&world).properties(invariants()).crashes(1).conflicts(1).run();
    println!("{} states, {} steps, depth {}, {} quiet", found.states, found.steps, found.depth, found.quiet);
    for violation in &found.violations {
        println!("{}: {}\n{}", violation.property, violation.message, violation.trace);
    }
}
