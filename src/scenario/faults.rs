//! Fault plans in a scenario.

use std::time::Duration;

use serde::de::{Deserializer, Error};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::cluster::{Controller, Occasion, PlannedFault, Upset};
use crate::model::duration;
use crate::model::kind::{Kind, ObjectKey};
use crate::model::text::Text;
use crate::scenario::names;
use crate::scenario::step::Patch;
use crate::store::Verb;

/// Something that goes wrong, and when: one of the things, at its occasion.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct FaultStep {
    /// The write is refused with a conflict.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub conflict: bool,
    /// The creation is refused, as when the answer to an earlier one was lost.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub already_exists: bool,
    /// The write is refused with an error of the server that says this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_error: Option<Text>,
    /// A controller crashes.
    #[serde(skip_serializing_if = "Option::is_none", with = "names::controller")]
    pub crash: Option<Controller>,
    /// A controller sees nothing new for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_view: Option<StaleViewStep>,
    /// The next call of a backend goes wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<BackendTrouble>,
    /// The kubelet of a node falls silent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fail_node: Option<Text>,
    /// A user deletes an object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete: Option<ObjectKey>,
    /// A user changes an object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<Patch>,
    /// When.
    pub at: OccasionStep,
}

/// A view that stands still.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct StaleViewStep {
    /// Whose view.
    #[serde(with = "names::one_controller")]
    pub controller: Controller,
    /// How many writes it does not see.
    pub writes: u64,
}

/// How a call of a backend goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BackendTrouble {
    /// It fails.
    Fails,
    /// It never ends.
    Hangs,
    /// It ends that much later.
    Late(Duration),
}

impl Serialize for BackendTrouble {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fails => serializer.serialize_str("Fails"),
            Self::Hangs => serializer.serialize_str("Hangs"),
            Self::Late(delay) => serializer.serialize_str(&duration::write(*delay)),
        }
    }
}

impl<'de> Deserialize<'de> for BackendTrouble {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Text::deserialize(deserializer)?;
        match text.as_str() {
            "Fails" => Ok(Self::Fails),
            "Hangs" => Ok(Self::Hangs),
            late => duration::parse(late)
                .map(Self::Late)
                .ok_or_else(|| D::Error::custom("expected Fails, Hangs or a duration such as 30s")),
        }
    }
}

/// Which write is meant: one of which everything is true that is said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct OccasionStep {
    /// By this rule, such as `BIND-2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Text>,
    /// Of this verb.
    #[serde(skip_serializing_if = "Option::is_none", with = "names::some_verb")]
    pub verb: Option<Verb>,
    /// Of an object of this kind.
    #[serde(skip_serializing_if = "Option::is_none", with = "names::some_kind")]
    pub kind: Option<Kind>,
    /// Of this object.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectKey>,
    /// After so many others.
    #[serde(skip_serializing_if = "is_zero")]
    pub after: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

impl FaultStep {
    /// The fault as the cluster takes it. Where nothing is said to go wrong, the write is refused with a conflict.
    pub(super) fn fault(self) -> PlannedFault {
        let OccasionStep { rule, verb, kind, object, after } = self.at;
        let mut at = Occasion::default();
        (at.rule, at.verb, at.kind, at.object, at.after) = (rule, verb, kind, object, after);
        let what = if self.already_exists {
            Upset::AlreadyExists
        } else if let Some(message) = self.server_error {
            Upset::ServerError(message)
        } else if let Some(controller) = self.crash {
            Upset::Crash(controller)
        } else if let Some(stale) = self.stale_view {
            Upset::StaleView(stale.controller, stale.writes)
        } else if let Some(backend) = self.backend {
            match backend {
                BackendTrouble::Fails => Upset::BackendFailure,
                BackendTrouble::Hangs => Upset::BackendSilence,
                BackendTrouble::Late(delay) => Upset::BackendDelay(delay),
            }
        } else if let Some(node) = self.fail_node {
            Upset::NodeFailure(node)
        } else if let Some(key) = self.delete {
            Upset::Delete(key)
        } else if let Some(patch) = self.patch {
            Upset::Patch(patch.object, patch.merge)
        } else {
            Upset::Conflict
        };
        PlannedFault::new(at, what)
    }

    /// How many things are said to go wrong; one is meant.
    pub(super) fn count(&self) -> usize {
        let flags = [
            self.conflict,
            self.already_exists,
            self.server_error.is_some(),
            self.crash.is_some(),
            self.stale_view.is_some(),
            self.backend.is_some(),
            self.fail_node.is_some(),
            self.delete.is_some(),
            self.patch.is_some(),
        ];
        flags.into_iter().filter(|flag| *flag).count()
    }

    /// What goes wrong, in words.
    pub(super) fn title(&self) -> String {
        let at = self.at.rule.as_ref().map(|rule| format!(" at {rule}")).unwrap_or_default();
        let what = match self.clone().fault().what {
            Upset::Conflict => "a conflict".to_owned(),
            Upset::AlreadyExists => "\"already exists\"".to_owned(),
            Upset::ServerError(_) => "an error of the server".to_owned(),
            Upset::Crash(controller) => format!("a crash of {}", controller.actor().as_str()),
            Upset::StaleView(controller, _) => format!("a stale view of {}", controller.actor().as_str()),
            Upset::BackendFailure => "a failure of a backend".to_owned(),
            Upset::BackendSilence => "the silence of a backend".to_owned(),
            Upset::BackendDelay(_) => "the delay of a backend".to_owned(),
            Upset::NodeFailure(node) => format!("the failure of node {node}"),
            Upset::Delete(key) => format!("the deletion of {}", key.short()),
            Upset::Patch(key, _) => format!("the change of {}", key.short()),
        };
        what + &at
    }
}
