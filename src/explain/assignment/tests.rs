//! The best assignment is the best of all, and what is counted is what suits.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Market, Member};

/// Pairs, capacity that is used, and what is asked of it.
type Score = (usize, usize, usize);

fn suits(market: &Market, claim: usize, volume: usize) -> bool {
    market.suits_by_kind(claim, volume) || market.suits_besides(claim, volume)
}

/// The best of all assignments, each of which is tried: more pairs, then less left over.
fn tried(market: &Market, claim: usize, taken: &mut Vec<bool>) -> Score {
    if claim == market.claims.len() {
        return (0, 0, 0);
    }
    let rank = |(pairs, used, asked): Score| (pairs, asked.cast_signed() - used.cast_signed());
    let mut best = tried(market, claim + 1, taken);
    for volume in 0..taken.len() {
        if !taken[volume] && suits(market, claim, volume) {
            taken[volume] = true;
            let (pairs, used, asked) = tried(market, claim + 1, taken);
            taken[volume] = false;
            let with = (pairs + 1, used + market.volumes[volume].size, asked + market.claims[claim].size);
            if rank(with) > rank(best) {
                best = with;
            }
        }
    }
    best
}

fn markets(most: usize) -> impl Strategy<Value = Market> {
    let members = move || prop::collection::vec((prop::option::weighted(0.9, 0..3usize), 0..6usize), 0..=most);
    let suits = prop::collection::vec(prop::collection::btree_set(0..3usize, 0..=2), 3);
    let besides = prop::collection::vec((0..7usize, 0..7usize), 0..3);
    (members(), members(), suits, besides).prop_map(|(claims, volumes, suits, pairs)| {
        let members = |sides: Vec<(Option<usize>, usize)>| -> Vec<Member> {
            sides.into_iter().map(|(kind, size)| Member { kind, size }).collect()
        };
        let (claims, volumes) = (members(claims), members(volumes));
        let mut besides: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (claim, volume) in pairs {
            let known = claim < claims.len() && volume < volumes.len();
            if known && !besides.get(&claim).is_some_and(|volumes| volumes.contains(&volume)) {
                besides.entry(claim).or_default().push(volume);
            }
        }
        let suits = suits.into_iter().map(|kinds| kinds.into_iter().collect()).collect();
        Market::new(claims, volumes, suits, besides)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn choices_and_rivals_are_those_that_suit(market in markets(9)) {
        for claim in 0..market.claims.len() {
            let volumes = 0..market.volumes.len();
            let choices: Vec<usize> = volumes.filter(|volume| suits(&market, claim, *volume)).collect();
            let others = (0..market.claims.len()).filter(|rival| *rival != claim);
            let meets = |rival: &usize| choices.iter().any(|volume| suits(&market, *rival, *volume));
            let rivals: Vec<usize> = others.filter(meets).collect();
            prop_assert_eq!((market.count_choices(claim), market.count_rivals(claim)), (choices.len(), rivals.len()));
            prop_assert_eq!((market.choices(claim), market.rivals(claim)), (choices, rivals));
        }
    }

    #[test]
    fn nothing_is_better_and_what_is_scarce_is_proved(market in markets(7)) {
        let best = market.best();
        let pairs: Vec<(usize, usize)> =
            best.volume_of.iter().enumerate().filter_map(|(claim, volume)| Some((claim, (*volume)?))).collect();
        for (claim, volume) in &pairs {
            prop_assert!(suits(&market, *claim, *volume));
            prop_assert_eq!(best.claim_of[*volume], Some(*claim));
        }
        let used: usize = pairs.iter().map(|(_, volume)| market.volumes[*volume].size).sum();
        let asked: usize = pairs.iter().map(|(claim, _)| market.claims[*claim].size).sum();
        let (count, least, most) = tried(&market, 0, &mut vec![false; market.volumes.len()]);
        prop_assert_eq!(pairs.len(), count);
        prop_assert_eq!(asked.cast_signed() - used.cast_signed(), most.cast_signed() - least.cast_signed());
        let scarcities = market.scarcities(&best);
        let mut short: Vec<usize> = Vec::new();
        for (claims, volumes) in &scarcities {
            prop_assert!(claims.len() > volumes.len());
            for claim in claims {
                let all = (0..market.volumes.len()).filter(|volume| suits(&market, *claim, *volume));
                prop_assert!(all.clone().all(|volume| volumes.contains(&volume)), "{claims:?} {volumes:?}");
            }
            short.extend(claims);
        }
        for (claim, volume) in best.volume_of.iter().enumerate() {
            prop_assert_eq!(short.iter().filter(|other| **other == claim).count() > 0, volume.is_none() || short.contains(&claim));
        }
        let without = best.volume_of.iter().filter(|volume| volume.is_none()).count();
        let missing: usize = scarcities.iter().map(|(claims, volumes)| claims.len() - volumes.len()).sum();
        prop_assert_eq!(missing, without);
    }
}
