//! The smallest changes that make a claim bind: thought of from what is wrong, kept if they work in a copy.

use crate::cluster::Cluster;
use crate::explain::edit::{Draft, Edit, Step, rewritten};
use crate::explain::history::object_of;
use crate::explain::patch::{metadata, patch_volume, spec, text};
use crate::explain::probe::{binds_with_a_pod, is_unused};
use crate::explain::repair::{Side, ask_for_class, class_patch, label_near, repair};
use crate::explain::state::State;
use crate::matching::Mismatch;
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::json::Json;
use crate::model::kind::Kind;
use crate::model::names::DEFAULT_CLASS;
use crate::model::node::Node;
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;

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

/// Edits that make the claim bind, the cheapest first.
pub(super) fn remedies(
    cluster: &Cluster,
    claim: &PersistentVolumeClaim,
    state: &State,
    ground: &Ground<'_>,
) -> Vec<Edit> {
    let mut drafts: Vec<Draft> = Vec::new();
    let nodes: Vec<&Node> = cluster.nodes().collect();
    for (volume, mismatches) in ground.repairable.iter().take(VOLUMES) {
        for side in [Side::Volume, Side::Claim] {
            drafts.extend(repair(claim, volume, mismatches, side, &nodes));
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
    let waits_for_pod = copy.claim(&name).is_some_and(|claim| settled && is_unused(&copy, claim));
    if waits_for_pod && !binds_with_a_pod(&mut copy, &key) {
        return None;
    }
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
    let made = cluster.volume(&volume).is_none();
    Some(Edit { summary: summary.into(), steps, cost, volume, made, waits_for_pod, displaced, cautions })
}

/// Reserves the volume that a claim has after a run for it before the run.
pub(super) fn reserve(before: &Cluster, claim: &PersistentVolumeClaim) -> Option<Edit> {
    let volume = &claim.spec.volume_name;
    let (name, namespace) = (text(&claim.metadata.name), text(&claim.metadata.namespace));
    let patch = spec([("claimRef", Json::object([("name", name), ("namespace", namespace)]))]);
    let draft = Draft {
        summary: format!("reserve {volume} for it by claimRef"),
        steps: vec![patch_volume(volume, patch)],
        cost: 2,
        cautions: Vec::new(),
    };
    verified(before, claim, draft).filter(|edit| edit.volume == *volume)
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
        State::Provisioning { class, .. } | State::WaitsForPods { class, .. } => {
            let topologies = other_topologies(cluster, class);
            topologies.into_iter().chain(other_classes(cluster, claim, None)).collect()
        }
        State::NoProvisioner { .. } | State::ProvisioningOff { .. } => other_classes(cluster, claim, None),
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
            let repaired = sides.filter_map(|side| repair(claim, volume?, mismatches, side, &[]));
            repaired.chain(any_volume(claim)).collect()
        }
        State::VolumeTaken { volume, by, exists } => {
            let volume = cluster.volume(volume).filter(|_| !exists);
            let freed = volume
                .and_then(|volume| repair(claim, volume, &[Mismatch::Claimed { by: by.clone() }], Side::Volume, &[]));
            freed.into_iter().chain(any_volume(claim)).collect()
        }
        State::BadSelector { .. } => {
            let patch = spec([("selector", Json::Null)]);
            recreate(claim, patch, "drop the selector".to_owned(), 3).into_iter().collect()
        }
        State::LostReference | State::LostVolume { .. } => {
            let mut drafts: Vec<Draft> = any_volume(claim).into_iter().collect();
            for draft in &mut drafts {
                "create the claim anew, without its data".clone_into(&mut draft.summary);
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
        ("uid", text(&claim.metadata.uid.to_text())),
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

/// The class with topologies that nodes have, where it names some that none has.
fn other_topologies(cluster: &Cluster, class: &Text) -> Option<Draft> {
    let nodes: Vec<&Node> = cluster.nodes().collect();
    let class = cluster.class(class)?;
    let mut words: Vec<String> = Vec::new();
    let terms = class.allowed_topologies.iter().map(|term| {
        let mut term = term.clone();
        let expressions = term.match_label_expressions.iter().map(|expression| {
            let mut expression = expression.clone();
            let near = |value: &Text| {
                let meant = label_near(&nodes, &expression.key, value);
                if meant != *value {
                    words.push(format!("{}={meant} instead of {value}", expression.key));
                }
                meant
            };
            expression.values = expression.values.iter().map(near).collect::<Vec<_>>().into();
            expression
        });
        term.match_label_expressions = expressions.collect::<Vec<_>>().into();
        term
    });
    let terms: Vec<_> = terms.collect();
    if words.is_empty() {
        return None;
    }
    let patch = Json::object([("allowedTopologies", Json::of(&terms))]);
    let object = Kind::StorageClass.named(class.metadata.name.as_str());
    let summary = format!("let class {} allow {}", class.metadata.name, words.join(", "));
    Some(Draft { summary, steps: vec![Step::Patch { object, patch }], cost: 2, cautions: Vec::new() })
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

fn recreate(claim: &PersistentVolumeClaim, patch: Json, summary: String, cost: u32) -> Option<Draft> {
    let manifest = rewritten(claim, &patch)?;
    let steps = vec![Step::Recreate { object: object_of(&claim.key()), patch, manifest }];
    Some(Draft { summary, steps, cost: cost + 5, cautions: Vec::new() })
}
