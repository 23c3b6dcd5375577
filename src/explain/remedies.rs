//! The smallest changes that make a claim bind: thought of from what is wrong, kept if they work in a copy.

use crate::cluster::Cluster;
use crate::explain::edit::{Draft, Edit, Step, rewritten};
use crate::explain::history::object_of;
use crate::explain::state::State;
use crate::matching::{Demand, Mismatch};
use crate::model::access_modes::{AccessMode, AccessModes};
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::json::Json;
use crate::model::kind::Kind;
use crate::model::names::{BETA_STORAGE_CLASS, DEFAULT_CLASS, STORAGE};
use crate::model::reference::ClaimKey;
use crate::model::selector::Test;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumePhase};

/// From how many volumes edits are thought of.
const VOLUMES: usize = 4;
/// How many other classes are tried.
const CLASSES: usize = 3;
/// How many edits are tried in a copy, and how many are offered.
const TRIED: usize = 8;
const OFFERED: usize = 3;

/// What edits start from.
#[derive(Default)]
pub(super) struct Ground<'c> {
    /// The nearest volume of each set of broken rules, the nearest first.
    pub(super) repairable: Vec<(&'c PersistentVolume, Vec<Mismatch>)>,
}

/// On which object what can be repaired on either is repaired.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Volume,
    Claim,
}

/// Edits that make the claim bind, the cheapest first.
pub(super) fn remedies(
    cluster: &Cluster,
    claim: &PersistentVolumeClaim,
    state: &State,
    ground: &Ground<'_>,
) -> Vec<Edit> {
    let mut drafts: Vec<Draft> = Vec::new();
    for (volume, mismatches) in ground.repairable.iter().take(VOLUMES) {
        for side in [Side::Volume, Side::Claim] {
            drafts.extend(repair(claim, volume, mismatches, side));
        }
    }
    drafts.extend(by_state(cluster, claim, state));
    drafts.sort_by(|a, b| (a.cost, &a.summary).cmp(&(b.cost, &b.summary)));
    drafts.dedup_by(|a, b| a.steps == b.steps);
    let tried = drafts.into_iter().take(TRIED).filter_map(|draft| verified(cluster, claim, draft));
    tried.take(OFFERED).collect()
}

/// Tries an edit in a copy of the cluster.
fn verified(cluster: &Cluster, claim: &PersistentVolumeClaim, draft: Draft) -> Option<Edit> {
    let key = claim.key();
    let name = key.to_string();
    let mut copy = cluster.fork();
    let applied = draft.steps.iter().try_for_each(|step| step.apply(&mut copy));
    let settled = applied.is_ok() && copy.settle().is_ok();
    let bound = copy.claim(&name).filter(|claim| settled && claim.status.phase == ClaimPhase::Bound)?;
    let volume = bound.spec.volume_name.clone();
    let lost = |held: &&PersistentVolumeClaim| {
        let after = || copy.claim(&held.key().to_string());
        held.status.phase == ClaimPhase::Bound
            && held.key() != key
            && after().is_none_or(|after| after.status.phase != ClaimPhase::Bound)
    };
    let displaced: Vec<ClaimKey> = cluster.claims().filter(lost).map(PersistentVolumeClaim::key).collect();
    let Draft { summary, steps, cost, cautions } = draft;
    Some(Edit { summary: summary.into(), steps, cost, volume, displaced, cautions })
}

/// Edits that depend on why the claim waits.
fn by_state(cluster: &Cluster, claim: &PersistentVolumeClaim, state: &State) -> Vec<Draft> {
    match state {
        State::NoVolume => {
            let mut drafts = other_classes(cluster, claim, None);
            if !claim.has_class() {
                drafts.extend(cluster.classes().take(CLASSES).map(|class| make_default(&class.metadata.name)));
            }
            drafts
        }
        State::ClassNotFound { nearest, .. } => other_classes(cluster, claim, nearest.as_ref()),
        State::NoProvisioner { .. }
        | State::ProvisioningOff { .. }
        | State::Provisioning { .. }
        | State::WaitsForPods { .. } => other_classes(cluster, claim, None),
        State::VolumeNotFound { volume, nearest } => {
            let named = nearest.as_ref().and_then(|nearest| {
                let patch = spec([("volumeName", text(nearest))]);
                recreate(claim, patch, format!("name volume {nearest} instead of {volume}"), 2)
            });
            named.into_iter().chain(any_volume(claim)).collect()
        }
        State::VolumeMismatch { volume, mismatches } => {
            let volume = cluster.volume(volume);
            let sides = [Side::Volume, Side::Claim].into_iter();
            let repaired = sides.filter_map(|side| repair(claim, volume?, mismatches, side));
            repaired.chain(any_volume(claim)).collect()
        }
        State::VolumeTaken { volume, by, exists } => {
            let volume = cluster.volume(volume).filter(|_| !exists);
            let freed = volume.and_then(|volume| {
                repair(claim, volume, &[Mismatch::Claimed { by: by.clone() }], Side::Volume)
            });
            freed.into_iter().chain(any_volume(claim)).collect()
        }
        State::BadSelector { .. } => {
            let patch = spec([("selector", Json::Null)]);
            recreate(claim, patch, "drop the selector".to_owned(), 3).into_iter().collect()
        }
        State::LostReference | State::LostVolume { .. } => {
            let mut drafts: Vec<Draft> = any_volume(claim).into_iter().collect();
            for draft in &mut drafts {
                draft.summary = "create the claim anew, without its data".to_owned();
                draft.cautions.push("What was on the lost volume is not on the new one.".into());
            }
            drafts
        }
        State::Misbound { volume, .. } => misbound(cluster, claim, volume),
        State::Bound { .. } | State::Fits { .. } | State::NoConsumer { .. } | State::NoBindingMode { .. } => Vec::new(),
    }
}

fn misbound(cluster: &Cluster, claim: &PersistentVolumeClaim, volume: &Text) -> Vec<Draft> {
    let reference = cluster.volume(volume).and_then(|volume| volume.spec.claim_ref.as_ref());
    let held = reference.is_some_and(|reference| {
        let holder = ClaimKey::new(&reference.namespace, &reference.name);
        cluster.claim(&holder.to_string()).is_some_and(|holder| holder.metadata.uid == reference.uid)
    });
    let claim_ref = Json::object([
        ("apiVersion", text("v1")),
        ("kind", text("PersistentVolumeClaim")),
        ("name", text(&claim.metadata.name)),
        ("namespace", text(&claim.metadata.namespace)),
        ("uid", text(claim.metadata.uid.as_str())),
        ("resourceVersion", Json::Null),
    ]);
    let given = (!held).then(|| Draft {
        summary: format!("let {volume} name this claim again, with its uid"),
        steps: vec![patch_volume(volume, spec([("claimRef", claim_ref)]))],
        cost: 2,
        cautions: Vec::new(),
    });
    given.into_iter().chain(any_volume(claim)).collect()
}

/// The claim, asking for no volume in particular.
fn any_volume(claim: &PersistentVolumeClaim) -> Option<Draft> {
    recreate(claim, spec([("volumeName", Json::Null)]), "leave volumeName out".to_owned(), 2)
}

fn other_classes(cluster: &Cluster, claim: &PersistentVolumeClaim, first: Option<&Text>) -> Vec<Draft> {
    let names = cluster.classes().map(|class| &class.metadata.name).filter(|name| *name != claim.class_name());
    let others = names.filter(|name| Some(*name) != first).take(CLASSES);
    let drafts = first.into_iter().map(|name| (name, 0)).chain(others.map(|name| (name, 3)));
    drafts.filter_map(|(name, more)| class_draft(claim, name, more)).collect()
}

/// The claim with another class. One that says nothing of its class may get one later; else it is created again.
fn class_draft(claim: &PersistentVolumeClaim, class: &Text, more: u32) -> Option<Draft> {
    let summary = ask_for_class(claim, class);
    if !claim.has_class() {
        let patch = spec([("storageClassName", text(class))]);
        let steps = vec![Step::Patch { object: object_of(&claim.key()), patch }];
        return Some(Draft { summary, steps, cost: 1, cautions: Vec::new() });
    }
    recreate(claim, class_patch(claim, class), summary, 2 + more)
}

fn ask_for_class(claim: &PersistentVolumeClaim, class: &str) -> String {
    let named = |class: &str| if class.is_empty() { "no class".to_owned() } else { format!("class {class}") };
    format!("ask for {} instead of {}", named(class), named(claim.class_name()))
}

fn class_patch(claim: &PersistentVolumeClaim, class: &str) -> Json {
    let mut patch = spec([("storageClassName", text(class))]);
    if claim.metadata.annotations.contains_key(BETA_STORAGE_CLASS) {
        patch = both(patch, metadata("annotations", [(BETA_STORAGE_CLASS, Json::Null)]));
    }
    patch
}

fn make_default(class: &Text) -> Draft {
    let patch = metadata("annotations", [(DEFAULT_CLASS, text("true"))]);
    Draft {
        summary: format!("make class {class} the default"),
        steps: vec![Step::Patch { object: Kind::StorageClass.named(class.as_str()), patch }],
        cost: 4,
        cautions: vec!["Every claim that says nothing of its class gets this one, now and later.".into()],
    }
}

/// What is to change, on both objects.
#[derive(Default)]
struct Changes {
    volume: Option<Json>,
    claim: Option<Json>,
    volume_words: Vec<String>,
    claim_words: Vec<String>,
    cost: u32,
    cautions: Vec<Text>,
}

impl Changes {
    fn on_volume(&mut self, cost: u32, words: String, patch: Json) {
        self.volume = Some(self.volume.take().map_or_else(|| patch.clone(), |held| both(held, patch.clone())));
        self.volume_words.push(words);
        self.cost += cost;
    }

    fn on_claim(&mut self, cost: u32, words: String, patch: Json) {
        self.claim = Some(self.claim.take().map_or_else(|| patch.clone(), |held| both(held, patch.clone())));
        self.claim_words.push(words);
        self.cost += cost;
    }
}

/// Repairs everything that is wrong with a volume for a claim. Nothing where that is not possible.
fn repair(
    claim: &PersistentVolumeClaim,
    volume: &PersistentVolume,
    mismatches: &[Mismatch],
    side: Side,
) -> Option<Draft> {
    let mut changes = Changes::default();
    let name = &volume.metadata.name;
    let reference = volume.spec.claim_ref.as_ref();
    let old_claim = reference.is_some_and(|reference| {
        reference.name == claim.metadata.name && reference.namespace == claim.metadata.namespace
    });
    for mismatch in mismatches {
        match mismatch {
            Mismatch::Claimed { .. } if old_claim => {
                let patch = spec([("claimRef", Json::object([("uid", Json::Null), ("resourceVersion", Json::Null)]))]);
                changes.on_volume(2, format!("give {name} back to the claim by clearing claimRef.uid"), patch);
                changes.cautions.push("It gets the volume with the files of the claim that had its name before.".into());
            }
            Mismatch::Claimed { by } => {
                let patch = spec([("claimRef", Json::Null)]);
                changes.on_volume(3, format!("free {name} from {by} by clearing its claimRef"), patch);
                if volume.status.phase == VolumePhase::Released {
                    changes.cautions.push(format!("The files of {by} are still on {name}.").into());
                }
            }
            // A volume that names the claim is taken whatever these are, and a free one becomes Available.
            Mismatch::Phase { .. } => {}
            Mismatch::Class { .. } | Mismatch::Selector { .. } if old_claim => {}
            Mismatch::TooSmall { capacity, requested } => {
                let requests = Json::object([(STORAGE, text(&capacity.to_string()))]);
                let patch = spec([("resources", Json::object([("requests", requests)]))]);
                changes.on_claim(2, format!("ask for {capacity} instead of {requested}"), patch);
            }
            Mismatch::VolumeMode { offered, requested } => {
                let patch = spec([("volumeMode", text(offered.as_str()))]);
                changes.on_claim(4, format!("ask for volumeMode {offered} instead of {requested}"), patch);
            }
            Mismatch::AccessModes { offered, requested } => access_modes(&mut changes, name, (offered, requested), side),
            Mismatch::AttributesClass { offered, .. } => {
                let value = if offered.is_empty() { Json::Null } else { text(offered) };
                let words = if offered.is_empty() {
                    "ask for no attributes class".to_owned()
                } else {
                    format!("ask for attributes class {offered}")
                };
                changes.on_claim(3, words, spec([("volumeAttributesClassName", value)]));
            }
            Mismatch::Selector { .. } => selector(&mut changes, claim, volume, side)?,
            Mismatch::Class { offered, requested } => class(&mut changes, claim, volume, (offered, requested), side),
            Mismatch::Deleting | Mismatch::Delayed | Mismatch::NodeAffinity { .. } => return None,
        }
    }
    finish(claim, name, changes)
}

fn finish(claim: &PersistentVolumeClaim, volume: &Text, changes: Changes) -> Option<Draft> {
    let Changes { volume: volume_patch, claim: claim_patch, volume_words, claim_words, mut cost, mut cautions } =
        changes;
    let mut steps: Vec<Step> = volume_patch.into_iter().map(|patch| patch_volume(volume, patch)).collect();
    let mut words = volume_words;
    if let Some(patch) = claim_patch {
        let object = object_of(&claim.key());
        let only_class = !claim.has_class() && patch == spec([("storageClassName", class_in(&patch))]);
        if only_class {
            steps.push(Step::Patch { object, patch });
        } else {
            cost += 5;
            let manifest = rewritten(claim, &patch)?;
            steps.push(Step::Recreate { object, patch, manifest });
            cautions.push("The claim must be deleted and created again: its spec cannot be changed.".into());
        }
        words.extend(claim_words);
    }
    if steps.is_empty() {
        return None;
    }
    Some(Draft { summary: words.join(", and "), steps, cost, cautions })
}

fn class_in(patch: &Json) -> Json {
    patch.get("spec").and_then(|spec| spec.get("storageClassName")).cloned().unwrap_or_default()
}

fn access_modes(changes: &mut Changes, name: &Text, (offered, requested): (&AccessModes, &AccessModes), side: Side) {
    let list = |modes: &[AccessMode]| Json::List(modes.iter().map(|mode| text(mode.as_str())).collect());
    match side {
        Side::Claim => {
            let shared: Vec<AccessMode> =
                requested.set().iter().filter(|mode| offered.set().contains(mode)).collect();
            let modes = if shared.is_empty() { offered.set().iter().collect() } else { shared };
            let words = AccessModes::from(modes.clone()).set().to_string();
            let words = format!("ask for {words} instead of {}", requested.set());
            changes.on_claim(3, words, spec([("accessModes", list(&modes))]));
        }
        Side::Volume => {
            let missing = requested.set().iter().filter(|mode| !offered.set().contains(mode));
            let missing: Vec<AccessMode> = missing.collect();
            let modes: Vec<AccessMode> = offered.iter().chain(missing.iter().cloned()).collect();
            let words = AccessModes::from(missing).set().to_string();
            changes.on_volume(6, format!("let {name} offer {words}, too"), spec([("accessModes", list(&modes))]));
            changes.cautions.push("What a volume offers does not change what its storage can do.".into());
        }
    }
}

fn selector(
    changes: &mut Changes,
    claim: &PersistentVolumeClaim,
    volume: &PersistentVolume,
    side: Side,
) -> Option<()> {
    if side == Side::Claim {
        changes.on_claim(3, "drop the selector".to_owned(), spec([("selector", Json::Null)]));
        return Some(());
    }
    let predicate = Demand::of(claim, false).ok()?.predicate?;
    let labels = &volume.metadata.labels;
    let name = &volume.metadata.name;
    for requirement in predicate.requirements().iter().filter(|requirement| !requirement.holds(labels)) {
        let key = &requirement.key;
        let value = match &requirement.test {
            Test::Equals(value) => Some(value.clone()),
            Test::In(values) => Some(values.first()?.clone()),
            Test::Exists => Some("true".into()),
            Test::NotIn(_) | Test::DoesNotExist => None,
        };
        let words = match &value {
            Some(value) => format!("label {name} with {key}={value}"),
            None => format!("take the label {key} from {name}"),
        };
        let value = value.map_or(Json::Null, |value| text(&value));
        changes.on_volume(1, words, metadata("labels", [(key.as_str(), value)]));
    }
    Some(())
}

fn class(
    changes: &mut Changes,
    claim: &PersistentVolumeClaim,
    volume: &PersistentVolume,
    (offered, requested): (&Text, &Text),
    side: Side,
) {
    let name = &volume.metadata.name;
    if side == Side::Claim {
        changes.on_claim(2, ask_for_class(claim, offered), class_patch(claim, offered));
        return;
    }
    let words = if requested.is_empty() {
        format!("take the class {offered} from {name}")
    } else {
        format!("give {name} the class {requested}")
    };
    let patch = if volume.metadata.annotations.contains_key(BETA_STORAGE_CLASS) {
        metadata("annotations", [(BETA_STORAGE_CLASS, text(requested))])
    } else if requested.is_empty() {
        spec([("storageClassName", Json::Null)])
    } else {
        spec([("storageClassName", text(requested))])
    };
    changes.on_volume(3, words, patch);
}

fn recreate(claim: &PersistentVolumeClaim, patch: Json, summary: String, cost: u32) -> Option<Draft> {
    let manifest = rewritten(claim, &patch)?;
    let steps = vec![Step::Recreate { object: object_of(&claim.key()), patch, manifest }];
    let caution = "The claim must be deleted and created again: its spec cannot be changed.".into();
    Some(Draft { summary, steps, cost: cost + 5, cautions: vec![caution] })
}

fn patch_volume(volume: &Text, patch: Json) -> Step {
    Step::Patch { object: Kind::PersistentVolume.named(volume.as_str()), patch }
}

fn text(text: &str) -> Json {
    Json::String(text.into())
}

fn spec<const N: usize>(entries: [(&str, Json); N]) -> Json {
    Json::object([("spec", Json::object(entries))])
}

fn metadata<const N: usize>(field: &str, entries: [(&str, Json); N]) -> Json {
    Json::object([("metadata", Json::object([(field, Json::object(entries))]))])
}

/// Two patches as one. Values of the second one count where both have one.
fn both(first: Json, second: Json) -> Json {
    match (first, second) {
        (Json::Map(mut entries), Json::Map(more)) => {
            for (key, value) in more {
                match entries.iter().position(|(held, _)| *held == key) {
                    Some(place) => {
                        let (held, old) = entries.remove(place);
                        entries.insert(place, (held, both(old, value)));
                    }
                    None => entries.push((key, value)),
                }
            }
            Json::Map(entries)
        }
        (_, second) => second,
    }
}
