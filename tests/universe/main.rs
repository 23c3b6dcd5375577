//! Every small world in every order: what must hold holds, but for what Kubernetes is known to do.
//!
//! Without more a part of it runs; `BINDERY_SHARE=100` runs every hundredth world. `BINDERY_UNIVERSE=whole cargo test --release --features explore --test universe --
//! --nocapture` runs all of it, and prints how many worlds and states there were.

mod enumerated;
mod findings;
mod seeded;
mod tally;

use crate::tally::Tally;

/// Of how many worlds one is explored where the whole is not asked for.
const SHARE: usize = 997;
const SEEDS: u64 = 10_000;
const SEEDS_IN_PART: u64 = 60;

fn whole() -> bool {
    std::env::var("BINDERY_UNIVERSE").is_ok_and(|value| value == "whole")
}

#[test]
fn every_small_world_keeps_its_promises() {
    let worlds = enumerated::worlds();
    let share = std::env::var("BINDERY_SHARE").ok().and_then(|share| share.parse().ok());
    let share = share.unwrap_or(if whole() { 1 } else { SHARE });
    let chosen: Vec<_> = worlds.iter().step_by(share).collect();
    let tally = Tally::of(&chosen, |world| world.explore());
    tally.print(&format!("{} of {} worlds up to symmetry", chosen.len(), worlds.len()));
    tally.judge(findings::is_known);
    assert!(tally.states > 10_000, "{tally:?}");
}

#[test]
fn seeded_worlds_keep_their_promises() {
    let seeds: Vec<u64> = (0..if whole() { SEEDS } else { SEEDS_IN_PART }).collect();
    let tally = Tally::of(&seeds.iter().collect::<Vec<_>>(), |seed| seeded::explore(**seed));
    tally.print(&format!("{} seeded worlds", seeds.len()));
    tally.judge(findings::is_known);
}
