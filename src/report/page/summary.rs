//! How the cluster is, in numbers.

use std::collections::BTreeMap;

use crate::cluster::Cluster;
use crate::explain::thousands;
use crate::model::claim::ClaimPhase;
use crate::report::markup::Markup;
use crate::report::page::pods::waits;
use crate::report::picture::{Tone, claim_tone, count, volume_tone};

/// How it is, in a sentence.
pub(super) fn verdict(cluster: &Cluster) -> String {
    let claims = cluster.claims().count();
    let unbound = cluster.claims().filter(|claim| claim.status.phase != ClaimPhase::Bound).count();
    let waiting = cluster.pods().filter(|pod| waits(pod)).count();
    let bound = match (claims, unbound) {
        (0, _) => "There are no claims".to_owned(),
        (1, 0) => "The claim is Bound".to_owned(),
        (1, _) => "The claim is not Bound".to_owned(),
        (_, 0) => format!("All {} claims are Bound", thousands(claims)),
        (_, 1) => format!("1 of {} claims is not Bound", thousands(claims)),
        _ => format!("{} of {} claims are not Bound", thousands(unbound), thousands(claims)),
    };
    match waiting {
        0 => format!("{bound}."),
        1 => format!("{bound}, and 1 pod waits."),
        _ => format!("{bound}, and {} wait.", count(waiting, "pod")),
    }
}

/// Objects by what is said of them, with a tone.
type Phases = BTreeMap<(Tone, String), usize>;

pub(super) fn section(cluster: &Cluster, main: &mut Markup) {
    let (mut claims, mut volumes, mut pods) = (Phases::new(), Phases::new(), Phases::new());
    for claim in cluster.claims() {
        let phase = &claim.status.phase;
        *claims.entry((claim_tone(phase), phase.to_string())).or_default() += 1;
    }
    for volume in cluster.volumes() {
        let phase = &volume.status.phase;
        *volumes.entry((volume_tone(phase), phase.to_string())).or_default() += 1;
    }
    for pod in cluster.pods() {
        let (tone, word) = match () {
            () if pod.is_terminated() => (Tone::Plain, "over"),
            () if pod.is_ready() => (Tone::Good, "ready"),
            () if pod.spec.node_name.is_empty() => (Tone::Waits, "on no node"),
            () => (Tone::Waits, "not ready"),
        };
        *pods.entry((tone, word.to_owned())).or_default() += 1;
    }
    let classes: Phases = [((Tone::Plain, String::new()), cluster.classes().count())].into();
    super::section(main, "summary", "Summary", |section| {
        section.element("dl", &[("class", &"tiles")], |tiles| {
            tile("Claims", &claims, tiles);
            tile("Volumes", &volumes, tiles);
            tile("Pods", &pods, tiles);
            tile("StorageClasses", &classes, tiles);
        });
    });
}

fn tile(name: &str, phases: &Phases, tiles: &mut Markup) {
    tiles.element("div", &[("class", &"tile")], |tile| {
        tile.line("dt", &[], name);
        tile.line("dd", &[("class", &"number")], thousands(phases.values().sum()));
        let named = || phases.iter().filter(|((_, phase), _)| !phase.is_empty());
        if named().next().is_some() {
            tile.element("dd", &[("class", &"phases")], |list| {
                for ((tone, phase), number) in named() {
                    pill(*tone, &format!("{} {phase}", thousands(*number)), list);
                }
            });
        }
    });
}

/// A word in the colour of its tone.
pub(super) fn pill(tone: Tone, text: &str, markup: &mut Markup) {
    let class = format!("pill {}", tone.name());
    markup.line("span", &[("class", &class)], text).write(" ");
}
