//! The claims that each pod has for its own (`STSPVC-1` to `STSPVC-14`).

use std::sync::Arc;

use crate::api::ApiError;
use crate::controllers::stateful_set::events::of_claim;
use crate::controllers::stateful_set::retention::{Policy, is_stale_for};
use crate::controllers::stateful_set::work::{Asked, Desk};
use crate::controllers::turn::World;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::kind::Object;
use crate::model::reference::ClaimKey;
use crate::model::stateful_set::StatefulSet;
use crate::model::text::Text;
use crate::store::Write;

/// The name of the claim of a template for an ordinal (`STSPVC-2`).
pub(super) fn claim_name(set: &StatefulSet, template: &str, ordinal: i64) -> Text {
    [template, "-", &set.metadata.name, "-", &ordinal.to_string()].concat().into()
}

/// The templates that count, in order: of those of one name the last (`STSPVC-14`, `ND-5`).
pub(super) fn effective(templates: &[PersistentVolumeClaim]) -> impl Iterator<Item = &PersistentVolumeClaim> {
    templates.iter().enumerate().filter_map(|(index, template)| {
        let name = &template.metadata.name;
        let repeated = templates[index + 1..].iter().any(|later| later.metadata.name == *name);
        (!repeated).then_some(template)
    })
}

/// The names of the claims for an ordinal, in the order of the templates that count.
pub(super) fn claim_names(set: &StatefulSet, ordinal: i64) -> Vec<Text> {
    let templates = effective(&set.spec.volume_claim_templates);
    templates.map(|template| claim_name(set, &template.metadata.name, ordinal)).collect()
}

/// The claim of a template under a name (`STSPVC-3`): a copy, with the labels that the selector asks for.
fn new_claim(set: &StatefulSet, template: &PersistentVolumeClaim, key: ClaimKey) -> PersistentVolumeClaim {
    let mut claim = template.clone();
    claim.metadata.name = key.name;
    claim.metadata.namespace = key.namespace;
    for (key, value) in set.spec.selector.iter().flat_map(|selector| selector.match_labels.iter()) {
        claim.metadata.labels = claim.metadata.labels.with(key, value);
    }
    claim
}

/// Whether a pod has to wait until a claim of its name has been collected (`STSPVC-25`).
pub(super) fn are_stale(set: &StatefulSet, pod: &Text, ordinal: i64, world: &World<'_>) -> bool {
    Policy::of(set).when_scaled
        && effective(&set.spec.volume_claim_templates).any(|template| {
            let name = claim_name(set, &template.metadata.name, ordinal);
            let key = ClaimKey { namespace: set.metadata.namespace.clone(), name };
            world.live_claim(&key).is_some_and(|claim| is_stale_for(claim, pod))
        })
}

/// Creates the claims of one pod that are missing. Every template is tried, also where one fails (`STSPVC-1`).
#[derive(Clone, Debug)]
pub(super) struct Ensure {
    pod: Text,
    /// The names of the claims.
    pub(super) claims: Vec<Text>,
    /// How many of them were looked at.
    done: usize,
    /// The claim that is being created.
    asked: Option<Text>,
    pub(super) errors: Vec<Text>,
}

impl Ensure {
    pub(super) fn new(pod: &Text, claims: Vec<Text>) -> Self {
        Self { pod: pod.clone(), claims, done: 0, asked: None, errors: Vec::new() }
    }

    /// The next claim that has to be created.
    pub(super) fn next(&mut self, desk: &mut Desk<'_, '_>) -> Option<Asked> {
        let set = &*desk.plan.set;
        while let Some(name) = self.claims.get(self.done) {
            let key = ClaimKey { namespace: set.metadata.namespace.clone(), name: name.clone() };
            let place = self.done;
            self.done += 1;
            match desk.world.live_claim(&key) {
                None => {
                    let template = effective(&set.spec.volume_claim_templates).nth(place)?;
                    self.asked = Some(key.name.clone());
                    let claim = new_claim(set, template, key);
                    return Some((Write::Create(Object::PersistentVolumeClaim(Arc::new(claim))), "STSPVC-1"));
                }
                // STSPVC-11
                Some(found) if found.metadata.is_deleting() => {
                    self.errors.push(format!("pvc {} is being deleted", found.metadata.name).into());
                }
                // STSPVC-10
                Some(_) => {}
            }
        }
        None
    }

    /// Notes what came of it (`STSPVC-12`).
    pub(super) fn took(&mut self, result: Result<Object, ApiError>, desk: &mut Desk<'_, '_>) {
        let Some(claim) = self.asked.take() else {
            return;
        };
        let set = &*desk.plan.set;
        match result {
            Ok(_) => desk.events.push(of_claim(set, &claim, &self.pod, Ok(()))),
            Err(error) => {
                if !error.is_already_exists() {
                    desk.events.push(of_claim(set, &claim, &self.pod, Err(&error.to_string())));
                }
                self.errors.push(format!("failed to create PVC {claim}: {error}").into());
            }
        }
    }
}
