//! `ResourceQuota`: how much the objects of a namespace may use in all.

use crate::model::fields::{api_enum, api_struct};
use crate::model::kind::type_meta;
use crate::model::list::{List, ResourceList};
use crate::model::metadata::ObjectMeta;
use crate::model::text::Text;

api_enum! {
    /// How an expression of a quota's selector looks at an object.
    pub enum ScopeSelectorOperator {
        /// What the scope looks at is one of the values.
        In = "In",
        /// It is none of them.
        NotIn = "NotIn",
        /// The object is in the scope.
        Exists = "Exists",
        /// It is not.
        DoesNotExist = "DoesNotExist",
    }
    other: /** A text that is no operator. */ Other
}

impl Default for ScopeSelectorOperator {
    fn default() -> Self {
        Self::Other(Text::default())
    }
}

type_meta!(
    /// Marks an object as a `ResourceQuota`.
    ResourceQuotaType = "v1", "ResourceQuota"
);

api_struct! {
    /// One expression of a quota's selector.
    pub struct ScopedResourceSelectorRequirement {
        /// The scope, such as `PriorityClass`.
        scope_name: Text = "scopeName" always;
        /// How it looks at an object.
        operator: ScopeSelectorOperator = "operator" always;
        /// Values for the operators that have some.
        values: List<Text> = "values";
    }
}

api_struct! {
    /// A choice of objects by scopes: all expressions must hold.
    pub struct ScopeSelector {
        /// The expressions.
        match_expressions: List<ScopedResourceSelectorRequirement> = "matchExpressions";
    }
}

api_struct! {
    /// What a quota allows.
    pub struct ResourceQuotaSpec {
        /// The most that may be used, for each resource.
        hard: ResourceList = "hard";
        /// The scopes in which an object must be to count.
        scopes: List<Text> = "scopes";
        /// Further scopes.
        scope_selector: Option<ScopeSelector> = "scopeSelector";
    }
}

api_struct! {
    /// What is used of a quota.
    pub struct ResourceQuotaStatus {
        /// The most that may be used, as it was when the usage was counted.
        hard: ResourceList = "hard";
        /// What is used.
        used: ResourceList = "used";
    }
}

api_struct! {
    /// How much the objects of a namespace may use in all.
    pub struct ResourceQuota {
        /// Name, namespace, labels.
        metadata: ObjectMeta = "metadata";
        /// What it allows.
        spec: ResourceQuotaSpec = "spec";
        /// What is used.
        status: ResourceQuotaStatus = "status";
    }
    group {
        /// Its kind.
        type_meta: ResourceQuotaType;
    }
}
