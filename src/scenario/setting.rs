//! The cluster that a scenario begins with, as plain data.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::api::ApiError;
use crate::backend::DriverSpec;
use crate::cluster::{Cluster, Config, Controller, Controllers, NotQuiet};
use crate::manifest::{self, ManifestError, Strictness};
use crate::model::json::Json;
use crate::model::kind::{Kind, Object};
use crate::model::list::StringMap;
use crate::model::metadata::ObjectMeta;
use crate::model::node::Node;
use crate::model::text::Text;
use crate::model::time::TimestampError;
use crate::scenario::names;

/// A node: its name, its name with labels, or the whole object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, try_from = "Json")]
#[non_exhaustive]
pub enum SettingNode {
    /// A node without labels.
    Name(Text),
    /// A node with labels.
    Labelled {
        /// Its name.
        name: Text,
        /// Its labels.
        labels: StringMap,
    },
    /// A node as its manifest has it.
    Object(Json),
}

/// Feature gates of the API server, as far as storage depends on them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct FeatureGates {
    /// Whether objects come without `selfLink`, as they do since Kubernetes 1.20.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remove_self_link: Option<bool>,
}

impl FeatureGates {
    fn is_stock(&self) -> bool {
        *self == Self::default()
    }

    /// Sets them in a running cluster.
    pub(super) fn set(&self, cluster: &mut Cluster) {
        if let Some(remove) = self.remove_self_link {
            cluster.set_remove_self_link(remove);
        }
    }
}

/// Why the cluster of a scenario cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingError {
    /// The start is no time.
    #[error(transparent)]
    Start(#[from] TimestampError),
    /// A node is no node.
    #[error(transparent)]
    Node(#[from] ManifestError),
    /// The API server refuses a node.
    #[error("node {name}: {source}")]
    Refused {
        /// The node.
        name: Text,
        /// Why.
        source: ApiError,
    },
    /// The cluster does not become quiet before anything happens.
    #[error("the cluster of the scenario does not become quiet: {source}")]
    NotQuiet {
        /// Why.
        source: NotQuiet,
    },
}

/// The cluster of a scenario. What is absent is as in [`Config::default`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Setting {
    /// The nodes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<SettingNode>,
    /// The drivers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drivers: Vec<DriverSpec>,
    /// Feature gates.
    #[serde(skip_serializing_if = "FeatureGates::is_stock")]
    pub feature_gates: FeatureGates,
    /// The namespace of objects that name none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Text>,
    /// When virtual time starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Text>,
    /// The only controllers that run.
    #[serde(skip_serializing_if = "Option::is_none", with = "names::controllers")]
    pub controllers: Option<Vec<Controller>>,
    /// Controllers that do not run.
    #[serde(skip_serializing_if = "Option::is_none", with = "names::controllers")]
    pub without_controllers: Option<Vec<Controller>>,
    /// Whether admission runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admission: Option<bool>,
    /// Whether volumes are made for claims.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic_provisioning: Option<bool>,
    /// Whether released volumes are reclaimed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reclaim: Option<bool>,
    /// How often every volume and claim is looked at again.
    #[serde(skip_serializing_if = "Option::is_none", with = "names::period")]
    pub resync_period: Option<Duration>,
    /// How many steps the cluster may take to settle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_budget: Option<u64>,
}

impl Setting {
    /// The cluster that it describes, with its nodes.
    pub(super) fn cluster(&self) -> Result<Cluster, SettingError> {
        let mut cluster = Cluster::new(self.config()?);
        for node in &self.nodes {
            let node = node.object()?;
            let name = node.metadata().name.clone();
            cluster.create(node).map_err(|source| SettingError::Refused { name, source })?;
        }
        cluster.settle().map_err(|source| SettingError::NotQuiet { source })?;
        Ok(cluster)
    }

    fn config(&self) -> Result<Config, SettingError> {
        let mut config = Config::default();
        set(&mut config.namespace, self.namespace.as_ref());
        set(&mut config.admission, self.admission.as_ref());
        set(&mut config.dynamic_provisioning, self.dynamic_provisioning.as_ref());
        set(&mut config.reclaim, self.reclaim.as_ref());
        set(&mut config.resync_period, self.resync_period.as_ref());
        set(&mut config.step_budget, self.step_budget.as_ref());
        if let Some(start) = &self.start {
            config.start = start.parse()?;
        }
        if let Some(only) = &self.controllers {
            config.controllers = only.iter().fold(Controllers::NONE, |all, one| all.with(*one));
        }
        config.drivers.extend(self.drivers.iter().cloned().map(Into::into));
        set(&mut config.remove_self_link, self.feature_gates.remove_self_link.as_ref());
        let without = self.without_controllers.iter().flatten();
        config.controllers = without.fold(config.controllers, |all, one| all.without(*one));
        Ok(config)
    }
}

fn set<T: Clone>(held: &mut T, given: Option<&T>) {
    if let Some(given) = given {
        *held = given.clone();
    }
}

impl SettingNode {
    /// The node as an object.
    fn object(&self) -> Result<Object, ManifestError> {
        let (name, labels) = match self {
            Self::Name(name) => (name, StringMap::default()),
            Self::Labelled { name, labels } => (name, labels.clone()),
            Self::Object(json) => {
                return manifest::from_value(Kind::Node, json, Strictness::Strict);
            }
        };
        let mut metadata = ObjectMeta::named(name);
        metadata.labels = labels;
        Ok(Object::from(Node { metadata, ..Node::default() }))
    }
}

impl TryFrom<Json> for SettingNode {
    type Error = String;

    fn try_from(json: Json) -> Result<Self, String> {
        let Json::Map(entries) = &json else {
            let wrong = || format!("expected a name or a map, found {}", json.kind());
            return json.as_str().map(|name| Self::Name(name.into())).ok_or_else(wrong);
        };
        if json.get("kind").is_some() {
            let node = Self::Object(json);
            return node.object().map(|_| node).map_err(|error| error.to_string());
        }
        if let Some((key, _)) = entries.iter().find(|(key, _)| key != "name" && key != "labels") {
            return Err(format!("unknown field {:?}, {}", key.as_str(), manifest::hint(key, &["name", "labels"])));
        }
        let name = json.get("name").and_then(Json::as_str).ok_or("the name of the node is not set")?;
        let labels = json.get("labels").map_or_else(|| Some(StringMap::default()), Json::decode);
        Ok(Self::Labelled { name: name.into(), labels: labels.ok_or("labels are texts by name")? })
    }
}
