//! A scenario of what was found by exploring.

use crate::cluster::Cluster;
use crate::explore::{Deed, Trace};
use crate::manifest;
use crate::model::json::Json;
use crate::model::kind::{Kind, ObjectKey};
use crate::model::text::Text;
use crate::scenario::Scenario;
use crate::scenario::expectation::{Expectation, ObjectExpectation};
use crate::scenario::step::{Delete, Failing, Manifest, Patch, Step, StepAction};

impl Scenario {
    /// The scenario with a trace after its steps, action by action, and the expectation of what there is in the end. The
    /// exploration must have begun where the steps of the scenario end. `end` is a copy of the cluster at that point.
    ///
    /// # Errors
    /// The action that cannot be taken there, and so is not a part of a trace that begins there.
    pub fn with_trace(mut self, trace: &Trace, end: &Cluster) -> Result<Self, String> {
        let mut cluster = end.fork();
        for step in &trace.steps {
            let action = if let Some(deed) = &step.deed {
                // What the API server refuses is a part of the story, too.
                let refused = deed.perform(&mut cluster).err().map(|error| Text::from(error.to_string()));
                let mut made = Step::new(action_of(deed)).unsettled();
                made.refused = refused;
                made
            } else {
                let action = cluster.action(&step.action).ok_or_else(|| step.action.clone())?;
                cluster.take(&action);
                Step::new(StepAction::Take(step.action.as_str().into())).unsettled()
            };
            self.steps.push(action);
        }
        let expected = expectations(end, &cluster);
        if !expected.is_empty() {
            self.steps.push(Step::new(StepAction::Expect(expected)).unsettled());
        }
        Ok(self)
    }
}

fn action_of(deed: &Deed) -> StepAction {
    match deed {
        Deed::Create(object) => StepAction::Create(vec![Manifest::Object(manifest::to_value(object))]),
        Deed::Patch(object, merge) => StepAction::Patch(Patch { object: object.clone(), merge: merge.clone() }),
        Deed::Delete(key) => StepAction::Delete(Delete { objects: vec![key.clone()], ..Delete::default() }),
        Deed::FailNode(node) => StepAction::Fail(Failing { node: Some(node.as_str().into()), ..Failing::default() }),
    }
}

/// What volumes and claims are in the end, as far as binding is concerned, and which are gone.
fn expectations(before: &Cluster, after: &Cluster) -> Vec<Expectation> {
    let text = |text: &str| Json::String(text.into());
    let map = |entries: Vec<(&str, Json)>| {
        Json::Map(entries.into_iter().map(|(key, value)| (Text::from(key), value)).collect())
    };
    let mut found = Vec::new();
    for volume in after.volumes() {
        let reference =
            volume.spec.claim_ref.as_deref().map_or(Json::Null, |claim| {
                map(vec![("namespace", text(&claim.namespace)), ("name", text(&claim.name))])
            });
        let key = Kind::PersistentVolume.named(volume.metadata.name.as_str());
        let fields = [
            (Text::from("spec"), map(vec![("claimRef", reference)])),
            (Text::from("status"), map(vec![("phase", text(volume.status.phase.as_str()))])),
        ];
        found.push(Expectation::Object(ObjectExpectation::new(key, fields)));
    }
    for claim in after.claims() {
        let key = ObjectKey { kind: Kind::PersistentVolumeClaim, key: claim.key() };
        let name = &claim.spec.volume_name;
        let volume = if name.is_empty() { Json::Null } else { text(name) };
        let fields = [
            (Text::from("spec"), map(vec![("volumeName", volume)])),
            (Text::from("status"), map(vec![("phase", text(claim.status.phase.as_str()))])),
        ];
        found.push(Expectation::Object(ObjectExpectation::new(key, fields)));
    }
    let kinds = [Kind::PersistentVolume, Kind::PersistentVolumeClaim];
    for object in kinds.into_iter().flat_map(|kind| before.objects(kind)) {
        let absent = object.reference();
        if after.get(&absent).is_none() {
            found.push(Expectation::Absent { absent });
        }
    }
    found
}
