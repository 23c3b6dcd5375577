//! Every small world in every order: what must hold holds, but for what Kubernetes is known to do.
//!
//! Without more a part of it runs; `BINDERY_SHARE=1000` looks at one in a thousand of all combinations. `BINDERY_UNIVERSE=whole cargo test --release --features explore --test universe --
//! --nocapture` runs all of it, and prints how many worlds and states there were.

mod enumerated;
mod findings;
mod seeded;
mod tally;

use crate::enumerated::World;
use crate::tally::Tally;

/// Of how many worlds one is explored where the whole is not asked for.
const SHARE: usize = 200_003;
const SEEDS: u64 = 10_000;
const SEEDS_IN_PART: u64 = 12;

fn whole() -> bool {
    std::env::var("BINDERY_UNIVERSE").is_ok_and(|value| value == "whole")
}

#[test]
fn every_small_world_keeps_its_promises() {
    let share = std::env::var("BINDERY_SHARE").ok().and_then(|share| share.parse().ok());
    let share = share.unwrap_or(if whole() { 1 } else { SHARE });
    let worlds = enumerated::worlds(share);
    let tally = Tally::of(&worlds, World::explore);
    tally.print(&format!("{} worlds of up to two volumes and two claims, up to symmetry", worlds.len()));
    tally.judge(findings::is_known);
    assert!(tally.states > 1_000, "{tally:?}");
}

#[test]
fn seeded_worlds_keep_their_promises() {
    let seeds: Vec<u64> = (0..if whole() { SEEDS } else { SEEDS_IN_PART }).collect();
    let tally = Tally::of(&seeds, |seed| seeded::explore(*seed));
    tally.print(&format!("{} seeded worlds", seeds.len()));
    tally.judge(findings::is_known);
}
