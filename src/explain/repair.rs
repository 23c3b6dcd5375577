//! Repairs everything that is wrong with a volume for a claim, on the side of the volume or of the claim.

use crate::explain::claim::places;
use crate::explain::edit::{Draft, Step, rewritten, rewritten_volume};
use crate::explain::history::object_of;
use crate::explain::patch::{both, metadata, patch_volume, spec, text};
use crate::manifest::nearest;
use crate::matching::{Demand, Mismatch, misplaced};
use crate::model::access_modes::{AccessMode, AccessModes};
use crate::model::claim::PersistentVolumeClaim;
use crate::model::json::Json;
use crate::model::kind::Kind;
use crate::model::names::{BETA_STORAGE_CLASS, STORAGE};
use crate::model::node::Node;
use crate::model::node_selector::VolumeNodeAffinity;
use crate::model::selector::Test;
use crate::model::text::Text;
use crate::model::volume::{PersistentVolume, VolumePhase};

/// On which object what can be repaired on either is repaired.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Volume,
    Claim,
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
    /// Whether the volume has to be deleted and created again.
    recreates_volume: bool,
}

impl Changes {
    fn on_volume(&mut self, cost: u32, words: String, patch: Json) {
        self.volume = Some(match self.volume.take() {
            None => patch,
            Some(held) => both(held, patch),
        });
        self.volume_words.push(words);
        self.cost += cost;
    }

    fn on_claim(&mut self, cost: u32, words: String, patch: Json) {
        self.claim = Some(match self.claim.take() {
            None => patch,
            Some(held) => both(held, patch),
        });
        self.claim_words.push(words);
        self.cost += cost;
    }
}

/// Repairs everything that is wrong with a volume for a claim. Nothing where that is not possible.
pub(super) fn repair(
    claim: &PersistentVolumeClaim,
    volume: &PersistentVolume,
    mismatches: &[Mismatch],
    side: Side,
    nodes: &[&Node],
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
                changes
                    .cautions
                    .push("It gets the volume with the files of the claim that had its name before.".into());
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
            Mismatch::TooSmall { capacity, requested } if side == Side::Volume => {
                let patch = spec([("capacity", Json::object([(STORAGE, text(&requested.to_string()))]))]);
                changes.on_volume(9, format!("let {name} have {requested} instead of {capacity}"), patch);
                let caution = "What a volume says of its size does not make its storage larger; grow that first.";
                changes.cautions.push(caution.into());
            }
            Mismatch::TooSmall { capacity, requested } => {
                let requests = Json::object([(STORAGE, text(&capacity.to_string()))]);
                let patch = spec([("resources", Json::object([("requests", requests)]))]);
                changes.on_claim(2, format!("ask for {capacity} instead of {requested}"), patch);
            }
            Mismatch::VolumeMode { offered, requested } => {
                let patch = spec([("volumeMode", text(offered.as_str()))]);
                changes.on_claim(4, format!("ask for volumeMode {offered} instead of {requested}"), patch);
            }
            Mismatch::AccessModes { offered, requested } => {
                access_modes(&mut changes, name, (offered, requested), side);
            }
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
            Mismatch::NodeAffinity { .. } => {
                let moved = moved_affinity(volume, nodes)?;
                let words = format!("create {name} again, usable where {}", places(&moved));
                changes.on_volume(7, words, spec([("nodeAffinity", Json::of(&moved))]));
                changes.recreates_volume = true;
                changes
                    .cautions
                    .push("Where a volume can be used cannot be changed; its files stay where they are.".into());
            }
            Mismatch::Deleting | Mismatch::Delayed => return None,
        }
    }
    finish(claim, volume, changes)
}

/// Where a volume could be used if a value were the one that was probably meant: one that a node has. Only for a volume
/// that can be used on no node at all; else nobody has mistyped anything.
fn moved_affinity(volume: &PersistentVolume, nodes: &[&Node]) -> Option<VolumeNodeAffinity> {
    let affinity = volume.spec.node_affinity.as_deref()?;
    if nodes.iter().any(|node| misplaced(volume, node).is_none()) {
        return None;
    }
    let mut moved = affinity.clone();
    let mut required = moved.required.as_deref()?.clone();
    let terms = required.node_selector_terms.iter().map(|term| {
        let mut term = term.clone();
        let requirements = term.match_expressions.iter().map(|requirement| {
            let mut requirement = requirement.clone();
            if requirement.operator.as_str() == "In" {
                requirement.values =
                    requirement.values.iter().map(|value| label_near(nodes, &requirement.key, value)).collect();
            }
            requirement
        });
        term.match_expressions = requirements.collect::<Vec<_>>().into();
        term
    });
    required.node_selector_terms = terms.collect::<Vec<_>>().into();
    moved.required = Some(required.into());
    (moved != *affinity).then_some(moved)
}

/// The value of a label of some node that is nearest to one that no node has.
pub(super) fn label_near(nodes: &[&Node], key: &str, value: &Text) -> Text {
    let known: Vec<&Text> = nodes.iter().filter_map(|node| node.metadata.labels.get(key)).collect();
    if known.contains(&value) {
        return value.clone();
    }
    nearest(value, known.into_iter().map(AsRef::as_ref)).map_or_else(|| value.clone(), Into::into)
}

fn finish(claim: &PersistentVolumeClaim, volume: &PersistentVolume, changes: Changes) -> Option<Draft> {
    let Changes { volume: volume_patch, claim: claim_patch, volume_words, claim_words, .. } = changes;
    let Changes { mut cost, cautions, recreates_volume, .. } = changes;
    let name = &volume.metadata.name;
    let step = |patch: Json| {
        if !recreates_volume {
            return Some(patch_volume(name, patch));
        }
        let manifest = rewritten_volume(volume, &patch)?;
        Some(Step::Recreate { object: Kind::PersistentVolume.named(name.as_str()), patch, manifest })
    };
    let mut steps: Vec<Step> = volume_patch.into_iter().map(step).collect::<Option<_>>()?;
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
            let shared: Vec<AccessMode> = requested.set().iter().filter(|mode| offered.set().contains(mode)).collect();
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

fn selector(changes: &mut Changes, claim: &PersistentVolumeClaim, volume: &PersistentVolume, side: Side) -> Option<()> {
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

pub(super) fn ask_for_class(claim: &PersistentVolumeClaim, class: &str) -> String {
    let named = |class: &str| if class.is_empty() { "no class".to_owned() } else { format!("class {class}") };
    format!("ask for {} instead of {}", named(class), named(claim.class_name()))
}

pub(super) fn class_patch(claim: &PersistentVolumeClaim, class: &str) -> Json {
    let mut patch = spec([("storageClassName", text(class))]);
    if claim.metadata.annotations.contains_key(BETA_STORAGE_CLASS) {
        patch = both(patch, metadata("annotations", [(BETA_STORAGE_CLASS, Json::Null)]));
    }
    patch
}
