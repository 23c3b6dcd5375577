//! Matching as a scan over all volumes, written from the rules and from nothing else.
//!
//! It shares no code with the crate: it reads the plain fields of the objects, adds up quantities itself and has its
//! own sets of modes.

use bindery::{Cluster, PersistentVolume, PersistentVolumeClaim, Quantity, StringMap};

const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
/// The order of `MATCH-1`.
const MODES: [&str; 4] = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

/// What a claim without a volume gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    Volume(String),
    Nothing,
    /// The sync fails: the class has no binding mode (`HELP-5`), or the selector cannot be built (`MATCH-12`).
    Error,
}

/// Which modes a volume has, in the order of `MATCH-1`.
type Modes = [bool; 4];

/// The volume that a claim gets, if the controller has seen everything that is stored.
pub(crate) fn scan(cluster: &Cluster, claim: &PersistentVolumeClaim) -> Match {
    match is_delayed(cluster, claim) {
        None => Match::Error,
        Some(delayed) => choose(&cluster.volumes().collect::<Vec<_>>(), claim, delayed),
    }
}

/// The volume of some that a claim gets, which come in the order of `DET-2` and `DET-3`.
pub(crate) fn choose(volumes: &[&PersistentVolume], claim: &PersistentVolumeClaim, delayed: bool) -> Match {
    let requested: Vec<String> = claim.spec.access_modes.iter().map(|mode| mode.as_str().to_owned()).collect();
    let mut sets: Vec<Modes> = Vec::new();
    for volume in volumes {
        let modes = modes_of(volume);
        if contains_all(modes, &requested) && !sets.contains(&modes) {
            sets.push(modes);
        }
    }
    // MATCH-12: a bad selector is noticed where there is a set to search, and only there.
    if !sets.is_empty() && !selector_can_be_built(claim) {
        return Match::Error;
    }
    sets.sort_by(|a, b| compare_sets(*a, *b));
    for set in sets {
        // MATCH-4
        let volumes = volumes.iter().copied().filter(|volume| modes_of(volume) == set);
        if let Some(volume) = search(volumes, claim, delayed) {
            return Match::Volume(volume);
        }
    }
    Match::Nothing
}

/// The volume of one set.
fn search<'v>(
    volumes: impl Iterator<Item = &'v PersistentVolume>,
    claim: &PersistentVolumeClaim,
    delayed: bool,
) -> Option<String> {
    let request = claim.spec.resources.requests.get("storage").map_or(0, nano);
    let mut best: Option<(i128, &PersistentVolume)> = None;
    for volume in volumes {
        let reserved = is_bound_to(volume, claim);
        let capacity = volume.spec.capacity.get("storage").map_or(0, nano);
        // MATCH-5 a to e
        if volume.spec.claim_ref.is_some() && !reserved
            || capacity < request
            || volume.spec.volume_mode.as_str() != claim.spec.volume_mode.as_str()
            || or_empty(volume.spec.volume_attributes_class_name.as_deref())
                != or_empty(claim.spec.volume_attributes_class_name.as_deref())
            || volume.metadata.deletion_timestamp.is_some()
        {
            continue;
        }
        // MATCH-5 f, MATCH-7
        if reserved {
            return Some(volume.metadata.name.to_string());
        }
        // MATCH-5 g to j
        if delayed
            || volume.status.phase.as_str() != "Available"
            || !selects(claim, &volume.metadata.labels)
            || volume_class(volume) != claim_class(claim)
        {
            continue;
        }
        // MATCH-6
        if best.is_none_or(|(smallest, _)| capacity < smallest) {
            best = Some((capacity, volume));
        }
    }
    best.map(|(_, volume)| volume.metadata.name.to_string())
}

/// `HELP-5`; nothing where the class does not say when it binds.
fn is_delayed(cluster: &Cluster, claim: &PersistentVolumeClaim) -> Option<bool> {
    let name = claim_class(claim);
    match cluster.class(name) {
        Some(class) if !name.is_empty() => {
            class.volume_binding_mode.as_ref().map(|mode| mode.as_str() == "WaitForFirstConsumer")
        }
        Some(_) | None => Some(false),
    }
}

/// `HELP-1`.
fn claim_class(claim: &PersistentVolumeClaim) -> &str {
    let beta = claim.metadata.annotations.get(BETA_CLASS).map(AsRef::as_ref);
    or_empty(beta.or(claim.spec.storage_class_name.as_deref()))
}

/// `HELP-3`.
fn volume_class(volume: &PersistentVolume) -> &str {
    volume.metadata.annotations.get(BETA_CLASS).map_or(volume.spec.storage_class_name.as_str(), AsRef::as_ref)
}

fn or_empty(text: Option<&str>) -> &str {
    text.unwrap_or("")
}

/// `HELP-4`.
fn is_bound_to(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    volume.spec.claim_ref.as_ref().is_some_and(|reference| {
        reference.name.as_str() == claim.metadata.name.as_str()
            && reference.namespace.as_str() == claim.metadata.namespace.as_str()
            && (reference.uid.is_empty() || reference.uid == claim.metadata.uid)
    })
}

/// `MATCH-1`: texts that are no mode are dropped.
fn modes_of(volume: &PersistentVolume) -> Modes {
    MODES.map(|mode| volume.spec.access_modes.iter().any(|written| written.as_str() == mode))
}

/// `MATCH-2`: a text that is no mode is in no set.
fn contains_all(set: Modes, requested: &[String]) -> bool {
    requested.iter().all(|wanted| MODES.iter().zip(set).any(|(mode, present)| present && mode == wanted))
}

/// `MATCH-3` and `DET-1`.
fn compare_sets(a: Modes, b: Modes) -> std::cmp::Ordering {
    let count = |set: Modes| set.into_iter().filter(|present| *present).count();
    count(a).cmp(&count(b)).then_with(|| {
        let differing = a.into_iter().zip(b).find(|(in_a, in_b)| in_a != in_b);
        match differing {
            Some((true, _)) => std::cmp::Ordering::Less,
            Some((false, _)) => std::cmp::Ordering::Greater,
            None => std::cmp::Ordering::Equal,
        }
    })
}

/// Whether every expression has a known operator, and values where it needs them and only there. The generated keys
/// and values are good.
fn selector_can_be_built(claim: &PersistentVolumeClaim) -> bool {
    claim.spec.selector.iter().flat_map(|selector| selector.match_expressions.iter()).all(|expression| match expression
        .operator
        .as_str()
    {
        "In" | "NotIn" => !expression.values.is_empty(),
        "Exists" | "DoesNotExist" => expression.values.is_empty(),
        _ => false,
    })
}

/// `MATCH-11`.
fn selects(claim: &PersistentVolumeClaim, labels: &StringMap) -> bool {
    let Some(selector) = claim.spec.selector.as_deref() else {
        return true;
    };
    let value_of = |key: &str| labels.iter().find(|(held, _)| held.as_str() == key).map(|(_, value)| value.to_string());
    let plain = selector.match_labels.iter().all(|(key, value)| value_of(key) == Some(value.to_string()));
    plain
        && selector.match_expressions.iter().all(|expression| {
            let value = value_of(&expression.key);
            let listed =
                value.as_ref().is_some_and(|value| expression.values.iter().any(|one| one.as_str() == value.as_str()));
            match expression.operator.as_str() {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => false,
            }
        })
}

/// A quantity in units of 10^-9, read from its text.
fn nano(quantity: &Quantity) -> i128 {
    const SUFFIXES: [(&str, i128); 16] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("Pi", 1 << 50),
        ("Ei", 1 << 60),
        ("n", -1_000_000_000),
        ("u", -1_000_000),
        ("m", -1_000),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
        ("P", 1_000_000_000_000_000),
        ("E", 1_000_000_000_000_000_000),
        ("", 1),
    ];
    let text = quantity.to_string();
    let (digits, scale) = SUFFIXES
        .into_iter()
        .find_map(|(suffix, scale)| Some((text.strip_suffix(suffix)?, scale)))
        .expect("the last suffix is empty");
    let number: i128 = digits.parse().unwrap_or_else(|_| panic!("{text} is no whole number with a suffix"));
    if scale < 0 { number * (1_000_000_000 / -scale) } else { number * scale * 1_000_000_000 }
}
