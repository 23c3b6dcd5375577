//! The revisions of a set's template, as `ControllerRevision` objects (`STS-40`).
//!
//! Follows `getStatefulSetRevisions` and `truncateHistory` of `pkg/controller/statefulset/stateful_set_control.go` and
//! `pkg/controller/history`. The name of a revision is a stable function of the template: 32-bit FNV-1 over its JSON
//! with sorted keys, its decimal digits spelled with letters that make no words.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::api::{self, ApiError};
use crate::controllers::spelling::spelled;
use crate::controllers::stateful_set::identity::reference_to;
use crate::controllers::stateful_set::work::Asked;
use crate::controllers::turn::World;
use crate::model::controller_revision::ControllerRevision;
use crate::model::fnv::fnv_1;
use crate::model::json::Json;
use crate::model::kind::{Kind, Object, ObjectKey};
use crate::model::metadata::{Identity, ObjectMeta, RareMetadata};
use crate::model::names::REVISION_LABEL;
use crate::model::pod::PodTemplateSpec;
use crate::model::reference::NamespacedName;
use crate::model::shared::Shared;
use crate::model::stateful_set::StatefulSet;
use crate::model::text::Text;
use crate::store::{DeleteOptions, Write};

/// How often the number of a revision is written when the object changes meanwhile.
const TRIES: u32 = 4;
/// The longest part of a set's name that is in the name of a revision.
const LONGEST_PREFIX: usize = 223;

/// The revisions of a set, and how its template finds its place among them.
#[derive(Clone, Debug)]
pub(super) struct History {
    /// From the oldest.
    revisions: Vec<Arc<ControllerRevision>>,
    collisions: i32,
    update: Option<Arc<ControllerRevision>>,
    asked: Option<Arc<ControllerRevision>>,
    tries: u32,
    error: Option<Text>,
}

impl History {
    /// Sorts the revisions of a set. `known` is one of which an earlier pass found that it is the newest and has the
    /// template of the set.
    pub(super) fn new(
        set: &StatefulSet,
        mut revisions: Vec<Arc<ControllerRevision>>,
        known: Option<&Arc<ControllerRevision>>,
    ) -> Self {
        revisions.sort_by(|a, b| order(a).cmp(&order(b)));
        let newest = revisions.last();
        let update = newest.filter(|newest| known.is_some_and(|known| Arc::ptr_eq(known, newest))).cloned();
        let collisions = set.status.collision_count.unwrap_or_default();
        Self { revisions, collisions, update, asked: None, tries: 0, error: None }
    }

    /// The write that gives the template a revision; none when it has one, or there was an error.
    pub(super) fn next(&mut self, set: &StatefulSet) -> Option<Asked> {
        if self.update.is_some() || self.error.is_some() {
            return None;
        }
        let data = data_of(&set.spec.template);
        let newest = self.revisions.last();
        let number = newest.map_or(1, |newest| newest.revision + 1);
        let equal = self.revisions.iter().rev().find(|revision| revision.data == data);
        let write = match (equal, newest) {
            (Some(equal), Some(newest)) if equal.data == newest.data => {
                self.update = Some(Arc::clone(newest));
                return None;
            }
            (Some(equal), _) => {
                let renumbered = Arc::new(ControllerRevision { revision: number, ..(**equal).clone() });
                self.asked = Some(Arc::clone(&renumbered));
                Write::Update(Object::ControllerRevision(renumbered))
            }
            (None, Some(newest)) if has_template(newest, &set.spec.template) => {
                self.update = Some(Arc::clone(newest));
                return None;
            }
            (None, _) => {
                let created = Arc::new(new_revision(set, data, number, self.collisions));
                self.asked = Some(Arc::clone(&created));
                Write::Create(Object::ControllerRevision(created))
            }
        };
        Some((write, "STS-40"))
    }

    /// Goes on with the result of that write. A name that is taken by another template is tried with a higher count.
    pub(super) fn took(&mut self, result: Result<Object, ApiError>, world: &World<'_>) {
        let asked = self.asked.take();
        match (result, asked) {
            (Ok(Object::ControllerRevision(revision)), _) => self.update = Some(revision),
            (Err(error), Some(asked)) if error.is_conflict() && self.tries + 1 < TRIES => {
                self.tries += 1;
                self.reload(&asked, world);
            }
            (Err(error), Some(asked)) if error.is_already_exists() => match find(&asked, world) {
                Some(found) if found.data == asked.data => self.update = Some(found),
                Some(_) => self.collisions = self.collisions.saturating_add(1),
                None => self.error = Some(error.to_string().into()),
            },
            (Err(error), _) => self.error = Some(error.to_string().into()),
            (Ok(_), _) => {}
        }
    }

    fn reload(&mut self, asked: &ControllerRevision, world: &World<'_>) {
        let fresh = find(asked, world);
        let held = self.revisions.iter_mut().find(|held| held.metadata.name == asked.metadata.name);
        if let (Some(held), Some(fresh)) = (held, fresh) {
            *held = fresh;
        }
    }

    pub(super) fn error(&self) -> Option<&Text> {
        self.error.as_ref()
    }

    /// How often the name of a revision was taken.
    pub(super) fn collisions(&self) -> i32 {
        self.collisions
    }

    /// The current revision and the update revision: the one that the status names, and the newest.
    pub(super) fn chosen(&self, set: &StatefulSet) -> Option<(Arc<ControllerRevision>, Arc<ControllerRevision>)> {
        let update = self.update.clone()?;
        let named = self.revisions.iter().find(|held| held.metadata.name == set.status.current_revision);
        Some((named.unwrap_or(&update).clone(), update))
    }

    /// The revision whose template the set has, where it was found without a write.
    pub(super) fn newest(&self) -> Option<&Arc<ControllerRevision>> {
        self.revisions.last().filter(|newest| self.update.as_ref().is_some_and(|update| Arc::ptr_eq(newest, update)))
    }

    /// The names of the revisions that the limit does not allow for, from the oldest. What pods were built from, and
    /// what the set is at, stays.
    pub(super) fn surplus(&self, set: &StatefulSet, live: impl Iterator<Item = Text>) -> Vec<Text> {
        let kept = usize::try_from(set.spec.revision_history_limit.unwrap_or(10)).unwrap_or(usize::MAX);
        if self.revisions.len() <= kept {
            return Vec::new();
        }
        let mut live: BTreeSet<Text> = live.collect();
        if let Some((current, update)) = self.chosen(set) {
            live.extend([current.metadata.name.clone(), update.metadata.name.clone()]);
        }
        let dead = self.revisions.iter().map(|revision| &revision.metadata.name).filter(|name| !live.contains(*name));
        let dead: Vec<Text> = dead.cloned().collect();
        let surplus = dead.len().saturating_sub(kept);
        dead.into_iter().take(surplus).collect()
    }
}

/// The write that deletes a revision.
pub(super) fn deletion(set: &StatefulSet, name: Text) -> Asked {
    let key = NamespacedName { namespace: set.metadata.namespace.clone(), name };
    (Write::delete(ObjectKey { kind: Kind::ControllerRevision, key }, DeleteOptions::default()), "STS-40")
}

fn order(revision: &ControllerRevision) -> impl Ord {
    (revision.revision, revision.metadata.creation_timestamp, revision.metadata.name.clone())
}

fn find(revision: &ControllerRevision, world: &World<'_>) -> Option<Arc<ControllerRevision>> {
    let metadata = &revision.metadata;
    world.store.revisions.find(&NamespacedName::new(&metadata.namespace, &metadata.name)).cloned()
}

/// The revision of a set's template as it is now. The label keeps the hash of the first try, also if its name is
/// taken.
fn new_revision(set: &StatefulSet, data: Json, number: i64, collisions: i32) -> ControllerRevision {
    let first = hash(&data, set.status.collision_count.unwrap_or_default());
    let mut prefix = set.metadata.name.as_str();
    while prefix.len() > LONGEST_PREFIX || !prefix.is_char_boundary(prefix.len()) {
        prefix = &prefix[..prefix.len() - 1];
    }
    let identity = Identity {
        name: format!("{prefix}-{}", hash(&data, collisions)).into(),
        namespace: set.metadata.namespace.clone(),
        labels: set.spec.template.metadata.labels.with(REVISION_LABEL, first),
        rare: RareMetadata { owner_references: [reference_to(set)].into(), ..RareMetadata::default() }.into(),
        ..Identity::default()
    };
    let annotations = set.metadata.annotations.clone();
    let metadata = ObjectMeta { identity: Shared::new(identity), annotations, ..ObjectMeta::default() };
    ControllerRevision { metadata, data, revision: number, ..ControllerRevision::default() }
}

/// What a revision records: a patch that replaces the template, its keys sorted.
fn data_of(template: &PodTemplateSpec) -> Json {
    let mut template = Json::of(template);
    if let Json::Map(entries) = &mut template {
        entries.push(("$patch".into(), Json::String("replace".into())));
    }
    let wrap = |key: &str, value| Json::Map(vec![(key.into(), value)]);
    sorted(wrap("spec", wrap("template", template)))
}

fn sorted(json: Json) -> Json {
    match json {
        Json::Map(entries) => {
            let mut entries: Vec<_> = entries.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Json::Map(entries)
        }
        Json::List(items) => Json::List(items.into_iter().map(sorted).collect()),
        other @ (Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_)) => other,
    }
}

/// The template that a revision records; none where its data is of another shape.
pub(super) fn template_of(revision: &ControllerRevision) -> Option<Shared<PodTemplateSpec>> {
    let mut template = revision.data.get("spec")?.get("template")?.clone();
    if let Json::Map(entries) = &mut template {
        entries.retain(|(key, _)| key != "$patch");
    }
    template.decode().map(Shared::new)
}

/// Whether a revision, perhaps written by another release, records this template in other words.
fn has_template(revision: &ControllerRevision, template: &Shared<PodTemplateSpec>) -> bool {
    let Some(recorded) = template_of(revision) else {
        return false;
    };
    let mut set = StatefulSet::default();
    set.spec.template = recorded;
    let mut object = Object::StatefulSet(Arc::new(set));
    api::complete(&mut object);
    matches!(object, Object::StatefulSet(set) if set.spec.template == *template)
}

/// The hash of data and of how often its name was taken.
fn hash(data: &Json, collisions: i32) -> String {
    // Json serializes into text without failing.
    let text = serde_json::to_string(data).unwrap_or_default() + &collisions.to_string();
    spelled(fnv_1(&text))
}
