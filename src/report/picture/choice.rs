//! What is drawn one by one, and what as a number: trouble comes first, everything is counted.

use std::collections::BTreeMap;

use crate::model::text::Text;
use crate::report::picture::chain::{Chain, Found, Tie};
use crate::report::picture::item::Item;
use crate::report::picture::label::{count, natural};
use crate::report::picture::tone::Tone;

/// How many rows of numbers there are.
const FOLDS: usize = 8;
/// How many of these there are in a part. Nobody reads more of what is alike.
const SINGLES: usize = 24;
/// How many boxes that nothing is tied to stand beside each other.
pub(super) const ABREAST: usize = 3;

/// What is alike among what is not drawn one by one: phases and class.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Likeness {
    claim: Text,
    volume: Text,
    class: Text,
}

#[derive(Default)]
struct Crowd {
    pods: usize,
    claims: usize,
    volumes: usize,
    tones: Option<(Tone, Tone, Tone)>,
}

/// Chains to draw, by heading and name, then those that stand for many.
pub(super) fn choose(found: Vec<Found<'_>>, rows: usize) -> (Vec<Chain>, Vec<Chain>) {
    let (alone, with_claims): (Vec<_>, Vec<_>) = found.into_iter().partition(Found::is_alone);
    let (troubled, fine): (Vec<_>, Vec<_>) = with_claims.into_iter().partition(|chain| chain.tone() <= Tone::Left);
    let mut parts = [troubled, fine, alone];
    for part in &mut parts {
        part.sort_by_cached_key(|chain| (chain.tone(), natural(&chain.heading()), chain.place()));
    }
    let shares = [rows / 2, rows * 3 / 8, rows / 8];
    let taken = share(&parts, shares.map(|share| share * ABREAST), rows * ABREAST);
    let (mut shown, mut rest) = (Vec::new(), Vec::new());
    for (part, taken) in parts.into_iter().zip(taken) {
        let mut chains = part.into_iter();
        shown.extend(chains.by_ref().take(taken));
        rest.extend(chains);
    }
    // Headings with trouble come first, and trouble comes first below a heading; volumes without a claim come last.
    let mut tones: BTreeMap<String, Tone> = BTreeMap::new();
    for chain in &shown {
        let tone = tones.entry(chain.heading()).or_insert(Tone::Good);
        *tone = chain.tone().min(*tone);
    }
    shown.sort_by_cached_key(|chain| {
        let heading = chain.heading();
        let worst = tones.get(&heading).copied();
        (chain.is_alone(), worst, natural(&heading), chain.tone().min(Tone::Good), chain.place())
    });
    (shown.into_iter().map(Found::chain).collect(), fold(&rest))
}

/// How many chains of each part are drawn: what its share allows, then what the others leave. Room is counted in boxes.
fn share(parts: &[Vec<Found<'_>>; 3], shares: [usize; 3], room: usize) -> [usize; 3] {
    let mut taken = [0; 3];
    let mut left = room;
    let mut singles = [0; 3];
    for last in [false, true] {
        for (place, part) in parts.iter().enumerate() {
            let mut allowed = if last { left } else { shares[place].min(left) };
            while let Some(chain) = part.get(taken[place]) {
                let needed = if chain.is_single() { 1 } else { ABREAST * chain.rows() };
                singles[place] += usize::from(chain.is_single());
                if needed > allowed || singles[place] > SINGLES {
                    break;
                }
                allowed -= needed;
                left -= needed;
                taken[place] += 1;
            }
        }
    }
    taken
}

fn fold(rest: &[Found<'_>]) -> Vec<Chain> {
    let mut crowds: BTreeMap<Likeness, Crowd> = BTreeMap::new();
    for found in rest {
        let chain_tone = found.tone();
        let claim = found.claims.first();
        let volume = found.volumes.first();
        let class = claim.map(|claim| claim.class_name()).or(volume.map(|volume| volume.class_name()));
        let likeness = Likeness {
            claim: claim.map(|claim| claim.status.phase.as_str().into()).unwrap_or_default(),
            volume: volume.map(|volume| volume.status.phase.as_str().into()).unwrap_or_default(),
            class: class.unwrap_or_default().into(),
        };
        let crowd = crowds.entry(likeness).or_default();
        crowd.pods += found.pods.len();
        crowd.claims += found.claims.len();
        crowd.volumes += found.volumes.len();
        let tones = crowd.tones.get_or_insert((Tone::Plain, Tone::Plain, Tone::Plain));
        tones.0 = tones.0.min(chain_tone);
        tones.1 = claim.map_or(tones.1, |claim| super::claim_tone(&claim.status.phase));
        tones.2 = volume.map_or(tones.2, |volume| super::volume_tone(&volume.status.phase));
    }
    let mut crowds: Vec<(Likeness, Crowd)> = crowds.into_iter().collect();
    // The largest first; what is in trouble is not lost among what is left.
    crowds.sort_by_key(|(_, crowd)| std::cmp::Reverse(crowd.claims + crowd.volumes));
    if crowds.len() > FOLDS {
        let mut last = Crowd::default();
        for (_, crowd) in crowds.split_off(FOLDS - 1) {
            last.pods += crowd.pods;
            last.claims += crowd.claims;
            last.volumes += crowd.volumes;
        }
        crowds.push((Likeness { class: "several classes".into(), ..Likeness::default() }, last));
    }
    crowds.sort_by_key(|(likeness, crowd)| (crowd.tones.is_none(), likeness.claim.is_empty()));
    crowds.iter().map(|(likeness, crowd)| crowd_chain(likeness, crowd)).collect()
}

fn crowd_chain(likeness: &Likeness, crowd: &Crowd) -> Chain {
    let (pods, claims, volumes) = crowd.tones.unwrap_or((Tone::Plain, Tone::Plain, Tone::Plain));
    let several = crowd.tones.is_none();
    let class = (!several).then(|| likeness.class.clone());
    let item = |number: usize, noun: &str, status: &str, tone: Tone, class: Option<Text>| {
        let detail = if several { "in other phases and classes".to_owned() } else { String::new() };
        let (title, status) = (count(number, noun), status.to_owned());
        (number > 0).then_some(Item { object: None, count: number, title, status, detail, class, tone })
    };
    let mut chain = Chain { heading: "Not drawn one by one".to_owned(), ..Chain::default() };
    chain.pods.extend(item(crowd.pods, "pod", "", pods, None));
    chain.claims.extend(item(crowd.claims, "claim", &likeness.claim, claims, class.clone()));
    chain.volumes.extend(item(crowd.volumes, "volume", &likeness.volume, volumes, class));
    if crowd.pods > 0 && crowd.claims > 0 && !several {
        chain.uses.insert((0, 0));
    }
    if crowd.claims > 0 && crowd.volumes > 0 && !several {
        let tie = if likeness.claim == "Bound" { Tie::Bound } else { Tie::Named };
        chain.ties.insert((0, 0, tie));
    }
    chain
}
