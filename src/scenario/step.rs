//! What a scenario does, step by step, as plain data.
//!
//! The types say what stands in the file and nothing else, so that a tool may build scenarios, and what was built is
//! written as a file that reads back as the same.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::backend::DriverSpec;
use crate::model::duration;
use crate::model::json::Json;
use crate::model::kind::{Kind, ObjectKey};
use crate::model::text::Text;
use crate::scenario::expectation::{Expectation, TableQuery};
use crate::scenario::faults::FaultStep;
use crate::scenario::names;
use crate::scenario::setting::FeatureGates;
use crate::store::{Propagation, Verb};

/// One step of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Step {
    /// What the step is called; made from the action where it is empty.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub name: Text,
    /// What there is to say about it.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub comment: Text,
    /// Whether the cluster settles afterwards.
    #[serde(skip_serializing_if = "is_true")]
    pub settle: bool,
    /// What the answer of the API server contains, where the step is expected to be refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Text>,
    /// What is done.
    #[serde(flatten)]
    pub action: StepAction,
    /// The line of the file on which the step stands; 0 where it was not read from one.
    #[serde(skip)]
    pub line: usize,
}

impl Step {
    /// A step that does something and lets the cluster settle.
    pub fn new(action: StepAction) -> Self {
        Self { name: Text::default(), comment: Text::default(), settle: true, refused: None, action, line: 0 }
    }

    /// The step under a name.
    #[must_use]
    pub fn named(mut self, name: impl Into<Text>) -> Self {
        self.name = name.into();
        self
    }

    /// The step, expected to be refused with an answer that contains a text.
    #[must_use]
    pub fn refused(mut self, message: impl Into<Text>) -> Self {
        self.refused = Some(message.into());
        self
    }

    /// The step without settling afterwards.
    #[must_use]
    pub fn unsettled(mut self) -> Self {
        self.settle = false;
        self
    }
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum StepAction {
    /// `kubectl apply -f`.
    Apply(Vec<Manifest>),
    /// `kubectl create -f`.
    Create(Vec<Manifest>),
    /// `kubectl replace -f`.
    Replace(Vec<Manifest>),
    /// `kubectl patch --type merge`.
    Patch(Patch),
    /// `kubectl delete`.
    Delete(Delete),
    /// `kubectl scale`.
    Scale(Scale),
    /// No new pods come to a node.
    Cordon(Text),
    /// New pods may come again.
    Uncordon(Text),
    /// A node is cordoned and its pods are deleted.
    Drain(Text),
    /// Something fails.
    Fail(Failing),
    /// Something that failed works again.
    Heal(Failing),
    /// A pod is kept from becoming ready or from stopping.
    Hold(Held),
    /// A pod that was held goes on.
    Release(Held),
    /// A write of a controller is refused, once.
    Inject(Injected),
    /// What goes wrong is planned: each fault waits for its occasion.
    Faults(Vec<FaultStep>),
    /// One action is taken, by what it is called ([`crate::Cluster::action`]). The cluster does not settle afterwards.
    Take(Text),
    /// Feature gates of the API server change, as by a new command line.
    FeatureGates(FeatureGates),
    /// Drivers are installed, or take the place of those with their names.
    Drivers(Vec<DriverSpec>),
    /// Virtual time passes.
    #[serde(with = "duration")]
    Advance(Duration),
    /// A file is written.
    Write(File),
    /// A file is read, and its text compared.
    Read(File),
    /// Things are as they should be.
    Expect(Vec<Expectation>),
    /// Something is shown.
    Print(Vec<Print>),
}

/// Where objects come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Manifest {
    /// A file, by its path from the scenario.
    File(Text),
    /// A text of YAML or JSON: what has several lines, or begins with a brace.
    Inline(Text),
    /// An object that is part of the scenario.
    Object(Json),
}

/// A JSON merge patch: maps are merged, `null` removes, everything else replaces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Patch {
    /// What is changed.
    pub object: ObjectKey,
    /// How.
    pub merge: Json,
}

/// A deletion of objects, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Delete {
    /// The objects; a `*` stands for any characters of a name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<ObjectKey>,
    /// Files with the objects, as with `kubectl delete -f`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Text>,
    /// What becomes of what they own: `Background`, `Foreground` or `Orphan`.
    #[serde(skip_serializing_if = "Option::is_none", with = "names::propagation")]
    pub propagation: Option<Propagation>,
    /// Seconds that a pod may take to stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grace_period_seconds: Option<i64>,
}

/// Another number of pods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Scale {
    /// A StatefulSet, a Deployment or a ReplicaSet.
    pub object: ObjectKey,
    /// The number; kubectl refuses one below zero.
    pub replicas: i32,
}

/// What fails or works again: one of the three.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Failing {
    /// A node; its kubelet falls silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<Text>,
    /// A pod; its containers end badly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<Text>,
    /// A driver; it refuses whatever it is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<Text>,
    /// What the pod or the driver says.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub message: Text,
}

/// A pod that is kept from something: one of the two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Held {
    /// The pod that does not become ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness: Option<Text>,
    /// The pod that does not stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub termination: Option<Text>,
}

/// How the next write of a controller ends that concerns a kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct Injected {
    /// The answer.
    pub error: InjectedError,
    /// The kind of the object.
    #[serde(with = "names::kind")]
    pub kind: Kind,
    /// What kind of write; creation where it is absent.
    #[serde(default = "create", with = "names::verb")]
    pub verb: Verb,
    /// What the server says.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub message: Text,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_true(value: &bool) -> bool {
    *value
}

fn create() -> Verb {
    Verb::Create
}

/// How a write is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum InjectedError {
    /// Somebody else was faster.
    Conflict,
    /// There is such an object, as when the answer to an earlier creation was lost.
    AlreadyExists,
    /// The server has trouble of its own.
    ServerError,
}

/// A file in a pod, a volume, an NFS export or a node (one of the four), and its text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct File {
    /// The pod; it must run. With a `*` for any characters of its name the first such pod is written to, and all such
    /// pods are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<Text>,
    /// The container; the first where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<Text>,
    /// The volume, where whoever has access to the storage looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<Text>,
    /// A directory that an NFS server exports, such as `10.24.0.1:/home/nfs/1`, where the server looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nfs: Option<Text>,
    /// The node, where whoever is logged in looks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<Text>,
    /// The path: in the container, below the root of the volume or directory, or on the node. Where a file is read from
    /// storage, a `*` stands for any characters.
    pub path: Text,
    /// The text; absent where no file is expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Text>,
}

/// Something to show.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Print {
    /// An object as YAML.
    Yaml(ObjectKey),
    /// A remark.
    Text(Text),
    /// Tables, as `kubectl get` prints them.
    #[serde(untagged)]
    Table(TableQuery),
}
