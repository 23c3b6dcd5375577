//! Who selects whom: objects that nobody manages, by their labels, and controllers, by what their selectors ask for.
//!
//! A controller looks for objects to adopt on every pass, and an object without a controller looks for one whenever its
//! labels change. Both would cost as much as the namespace holds if they had to try every pair.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::id::ObjectId;
use crate::model::kind::{Kind, Object};
use crate::model::list::StringMap;
use crate::model::selector::{LabelSelector, Predicate, Test};
use crate::model::text::Text;

/// Kind, namespace, key and value of a label. The empty label stands for all objects, or for a selector that asks for
/// no particular value.
type Place = (Kind, Text, Text, Text);

/// Numbers of objects by places.
type Places = Arc<BTreeMap<Place, BTreeSet<u32>>>;

/// Pods and ReplicaSets without a controller, and the selectors of ReplicaSets and Deployments.
#[derive(Clone, Debug, Default)]
pub(super) struct Selecting {
    free: Places,
    selectors: Places,
}

impl Selecting {
    /// The objects of a kind without a controller among which are all that a predicate chooses.
    pub(super) fn free(&self, kind: Kind, namespace: &Text, predicate: &Predicate) -> impl Iterator<Item = u32> {
        let (key, value) = asked_label(predicate).unwrap_or_default();
        self.free.get(&(kind, namespace.clone(), key, value)).into_iter().flatten().copied()
    }

    /// The controllers of a kind among which are all that select these labels.
    pub(super) fn candidates(&self, kind: Kind, namespace: &Text, labels: &StringMap) -> BTreeSet<u32> {
        let any = (Text::default(), Text::default());
        let labels = labels.iter().map(|(key, value)| (key.clone(), value.clone())).chain([any]);
        let places = labels.filter_map(|(key, value)| self.selectors.get(&(kind, namespace.clone(), key, value)));
        places.flatten().copied().collect()
    }

    /// Whether objects of a kind are found here.
    pub(super) fn concerns(kind: Kind) -> bool {
        matches!(kind, Kind::Pod | Kind::ReplicaSet | Kind::Deployment)
    }

    /// Follows the change of an object.
    pub(super) fn change(&mut self, id: ObjectId, before: Option<&Object>, after: Option<&Object>) {
        if matches!(id.kind, Kind::Pod | Kind::ReplicaSet) {
            move_entry(&mut self.free, id.number, &free_places(before), free_places(after));
        }
        if matches!(id.kind, Kind::ReplicaSet | Kind::Deployment) && selector(before) != selector(after) {
            move_entry(&mut self.selectors, id.number, &selector_place(before), selector_place(after));
        }
    }
}

fn move_entry(places: &mut Places, number: u32, before: &[Place], after: Vec<Place>) {
    if *before == after {
        return;
    }
    let places = Arc::make_mut(places);
    for place in before {
        if let Some(held) = places.get_mut(place) {
            held.remove(&number);
            if held.is_empty() {
                places.remove(place);
            }
        }
    }
    for place in after {
        places.entry(place).or_default().insert(number);
    }
}

/// Where an object is found that nobody manages.
fn free_places(object: Option<&Object>) -> Vec<Place> {
    let Some((object, metadata)) = object.map(|object| (object, object.metadata())) else {
        return Vec::new();
    };
    if metadata.controller().is_some() {
        return Vec::new();
    }
    let place = |key: Text, value: Text| (object.kind(), metadata.namespace.clone(), key, value);
    let labels = metadata.labels.iter().map(|(key, value)| place(key.clone(), value.clone()));
    labels.chain([place(Text::default(), Text::default())]).collect()
}

fn selector(object: Option<&Object>) -> Option<&LabelSelector> {
    match object? {
        Object::ReplicaSet(set) => set.spec.selector.as_deref(),
        Object::Deployment(deployment) => deployment.spec.selector.as_deref(),
        _ => None,
    }
}

/// Where a controller is found.
fn selector_place(object: Option<&Object>) -> Vec<Place> {
    let (Some(object), Some(selector)) = (object, selector(object)) else {
        return Vec::new();
    };
    let Ok(predicate) = Predicate::of(Some(selector)) else {
        return Vec::new();
    };
    let (key, value) = asked_label(&predicate).unwrap_or_default();
    vec![(object.kind(), object.metadata().namespace.clone(), key, value)]
}

/// One label that every object has which a predicate chooses. That of a template's hash says the most.
fn asked_label(predicate: &Predicate) -> Option<(Text, Text)> {
    let asked = predicate.requirements().iter().filter_map(|requirement| match &requirement.test {
        Test::Equals(value) => Some((requirement.key.clone(), value.clone())),
        Test::In(values) if values.len() == 1 => values.first().map(|value| (requirement.key.clone(), value.clone())),
        Test::In(_) | Test::NotIn(_) | Test::Exists | Test::DoesNotExist => None,
    });
    asked.max_by_key(|(key, _)| *key == crate::model::names::POD_TEMPLATE_HASH)
}
