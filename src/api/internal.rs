//! Values as the API server's internal types print them: Go field names, and `null` for what is absent.

use serde::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};

use crate::model::csi::CsiNodeDriver;
use crate::model::deployment::{DeploymentStrategy, DeploymentStrategyType, RollingUpdateDeployment};
use crate::model::node_selector::{NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, VolumeNodeAffinity};
use crate::model::resource_quota::{ScopeSelector, ScopedResourceSelectorRequirement};
use crate::model::stateful_set::{RollingUpdate, UpdateStrategy, UpdateStrategyType};

/// Marks a value to be printed as the internal type.
pub(super) struct Internal<'a, T>(pub(super) &'a T);

/// A list whose items are printed as the internal type.
struct InternalList<'a, T>(&'a crate::model::list::List<T>);

impl<'a, T> Serialize for InternalList<'a, T>
where
    Internal<'a, T>: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_absent() {
            return serializer.serialize_none();
        }
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for item in self.0 {
            list.serialize_element(&Internal(item))?;
        }
        list.end()
    }
}

impl Serialize for Internal<'_, VolumeNodeAffinity> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("VolumeNodeAffinity", 1)?;
        out.serialize_field("Required", &self.0.required.as_ref().map(|required| Internal(&**required)))?;
        out.end()
    }
}

impl Serialize for Internal<'_, NodeSelector> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("NodeSelector", 1)?;
        out.serialize_field("NodeSelectorTerms", &InternalList(&self.0.node_selector_terms))?;
        out.end()
    }
}

impl Serialize for Internal<'_, NodeSelectorTerm> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("NodeSelectorTerm", 2)?;
        out.serialize_field("MatchExpressions", &InternalList(&self.0.match_expressions))?;
        out.serialize_field("MatchFields", &InternalList(&self.0.match_fields))?;
        out.end()
    }
}

impl Serialize for Internal<'_, NodeSelectorRequirement> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("NodeSelectorRequirement", 3)?;
        out.serialize_field("Key", &self.0.key)?;
        out.serialize_field("Operator", &self.0.operator)?;
        out.serialize_field("Values", &self.0.values)?;
        out.end()
    }
}

impl Serialize for Internal<'_, RollingUpdate> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("RollingUpdate", 2)?;
        out.serialize_field("Partition", &self.0.partition.unwrap_or_default())?;
        out.serialize_field("MaxUnavailable", &self.0.max_unavailable)?;
        out.end()
    }
}

impl Serialize for Internal<'_, UpdateStrategy> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("UpdateStrategy", 2)?;
        out.serialize_field("Type", self.0.r#type.as_ref().map_or("", UpdateStrategyType::as_str))?;
        out.serialize_field("RollingUpdate", &self.0.rolling_update.as_ref().map(Internal))?;
        out.end()
    }
}

impl Serialize for Internal<'_, RollingUpdateDeployment> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("RollingUpdateDeployment", 2)?;
        out.serialize_field("MaxUnavailable", &self.0.max_unavailable.clone().unwrap_or_default())?;
        out.serialize_field("MaxSurge", &self.0.max_surge.clone().unwrap_or_default())?;
        out.end()
    }
}

impl Serialize for Internal<'_, DeploymentStrategy> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("DeploymentStrategy", 2)?;
        out.serialize_field("Type", self.0.r#type.as_ref().map_or("", DeploymentStrategyType::as_str))?;
        out.serialize_field("RollingUpdate", &self.0.rolling_update.as_ref().map(Internal))?;
        out.end()
    }
}

impl Serialize for Internal<'_, CsiNodeDriver> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("CSINodeDriver", 4)?;
        out.serialize_field("Name", &self.0.name)?;
        out.serialize_field("NodeID", &self.0.node_id)?;
        out.serialize_field("TopologyKeys", &self.0.topology_keys)?;
        out.serialize_field("Allocatable", &self.0.allocatable)?;
        out.end()
    }
}

impl Serialize for Internal<'_, ScopeSelector> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("ScopeSelector", 1)?;
        out.serialize_field("MatchExpressions", &InternalList(&self.0.match_expressions))?;
        out.end()
    }
}

impl Serialize for Internal<'_, ScopedResourceSelectorRequirement> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("ScopedResourceSelectorRequirement", 3)?;
        out.serialize_field("ScopeName", &self.0.scope_name)?;
        out.serialize_field("Operator", &self.0.operator)?;
        out.serialize_field("Values", &self.0.values)?;
        out.end()
    }
}
