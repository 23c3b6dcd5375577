//! How enumerations of the library are called in a scenario, for `#[serde(with = ...)]`.

use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use crate::cluster::Controller;
use crate::manifest::hint;
use crate::model::duration;
use crate::model::text::Text;
use crate::store::{Propagation, Verb};

const PROPAGATIONS: [(&str, Propagation); 3] =
    [("Background", Propagation::Background), ("Foreground", Propagation::Foreground), ("Orphan", Propagation::Orphan)];

const VERBS: [(&str, Verb); 5] = [
    ("create", Verb::Create),
    ("update", Verb::Update),
    ("updateStatus", Verb::UpdateStatus),
    ("bind", Verb::Bind),
    ("delete", Verb::Delete),
];

const CONTROLLERS: &[(&str, Controller)] = &[
    ("GarbageCollection", Controller::GarbageCollection),
    ("Protection", Controller::Protection),
    ("PersistentVolumes", Controller::PersistentVolumes),
    ("EphemeralVolumes", Controller::EphemeralVolumes),
    ("Expansion", Controller::Expansion),
    ("ExternalProvisioning", Controller::ExternalProvisioning),
    ("StatefulSets", Controller::StatefulSets),
    ("Deployments", Controller::Deployments),
    ("ReplicaSets", Controller::ReplicaSets),
    ("Quotas", Controller::Quotas),
    ("Nodes", Controller::Nodes),
    ("Attachments", Controller::Attachments),
    ("Kubelets", Controller::Kubelets),
    ("Scheduler", Controller::Scheduler),
];

/// A duration by itself.
#[derive(Deserialize)]
pub(super) struct Period(#[serde(with = "duration")] pub(super) Duration);

/// The value of a name.
fn read<'de, D: Deserializer<'de>, T: Copy>(deserializer: D, known: &[(&str, T)]) -> Result<T, D::Error> {
    find(&Text::deserialize(deserializer)?, known).map_err(D::Error::custom)
}

fn find<T: Copy>(text: &str, known: &[(&str, T)]) -> Result<T, String> {
    let found = known.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
    found.ok_or_else(|| {
        let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        format!("unknown value {text:?}, {}", hint(text, &names))
    })
}

fn name<'k, T: PartialEq>(value: &T, known: &[(&'k str, T)]) -> &'k str {
    known.iter().find(|(_, known)| known == value).map_or("", |(name, _)| name)
}

pub(super) mod propagation {
    //! `Background`, `Foreground` or `Orphan`.

    use serde::{Deserializer, Serialize, Serializer};

    use super::{PROPAGATIONS, Propagation, name, read};

    #[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(crate) fn serialize<S: Serializer>(value: &Option<Propagation>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(|value| name(&value, &PROPAGATIONS)).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Propagation>, D::Error> {
        read(deserializer, &PROPAGATIONS).map(Some)
    }
}

pub(super) mod verb {
    //! `create`, `update`, `updateStatus`, `bind` or `delete`.

    use serde::{Deserializer, Serializer};

    use super::{VERBS, Verb, name, read};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(crate) fn serialize<S: Serializer>(value: &Verb, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(name(value, &VERBS))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Verb, D::Error> {
        read(deserializer, &VERBS)
    }
}

pub(super) mod controllers {
    //! The names of controllers.

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{CONTROLLERS, Controller, find, name};
    use crate::model::text::Text;

    #[expect(clippy::ref_option, reason = "serde passes references")]
    pub(crate) fn serialize<S: Serializer>(value: &Option<Vec<Controller>>, serializer: S) -> Result<S::Ok, S::Error> {
        let names = value.as_ref().map(|list| list.iter().map(|one| name(one, CONTROLLERS)).collect::<Vec<_>>());
        names.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Controller>>, D::Error> {
        let names = Vec::<Text>::deserialize(deserializer)?;
        names.iter().map(|name| find(name, CONTROLLERS).map_err(D::Error::custom)).collect::<Result<_, _>>().map(Some)
    }
}

pub(super) mod kind {
    //! A kind, by any of its names.

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::model::kind::Kind;
    use crate::model::text::Text;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(crate) fn serialize<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(kind.as_str())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
        let text = Text::deserialize(deserializer)?;
        Kind::parse(&text).ok_or_else(|| D::Error::custom(format_args!("the kind {:?} is not known", text.as_str())))
    }
}

pub(super) mod period {
    //! A duration that may be absent.

    use std::time::Duration;

    use serde::{Deserializer, Serialize, Serializer};

    use crate::model::duration;

    #[expect(clippy::ref_option, reason = "serde passes references")]
    pub(crate) fn serialize<S: Serializer>(value: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(duration::write).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        duration::deserialize(deserializer).map(Some)
    }
}

pub(super) mod some_verb {
    //! A verb that may be absent.

    use serde::{Deserializer, Serialize, Serializer};

    use super::{VERBS, Verb, name, read};

    #[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(crate) fn serialize<S: Serializer>(value: &Option<Verb>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(|value| name(&value, &VERBS)).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Verb>, D::Error> {
        read(deserializer, &VERBS).map(Some)
    }
}

pub(super) mod some_kind {
    //! A kind that may be absent.

    use serde::{Deserializer, Serialize, Serializer};

    use super::kind;
    use crate::model::kind::Kind;

    #[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(crate) fn serialize<S: Serializer>(value: &Option<Kind>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(Kind::as_str).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Kind>, D::Error> {
        kind::deserialize(deserializer).map(Some)
    }
}

pub(super) mod one_controller {
    //! The name of a controller.

    use serde::{Deserializer, Serializer};

    use super::{CONTROLLERS, Controller, name, read};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(crate) fn serialize<S: Serializer>(value: &Controller, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(name(value, CONTROLLERS))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Controller, D::Error> {
        read(deserializer, CONTROLLERS)
    }
}

pub(super) mod controller {
    //! The name of a controller that may be absent.

    use serde::{Deserializer, Serialize, Serializer};

    use super::{CONTROLLERS, Controller, name, read};

    #[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    pub(crate) fn serialize<S: Serializer>(value: &Option<Controller>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(|value| name(&value, CONTROLLERS)).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Controller>, D::Error> {
        read(deserializer, CONTROLLERS).map(Some)
    }
}
