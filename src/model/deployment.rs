//! `Deployment`: pods that are all alike, and how they get a new template.

use crate::model::fields::{api_enum, api_struct};
use crate::model::int_or_string::IntOrString;
use crate::model::kind::type_meta;
use crate::model::list::List;
use crate::model::metadata::ObjectMeta;
use crate::model::pod::PodTemplateSpec;
use crate::model::selector::LabelSelector;
use crate::model::shared::Shared;
use crate::model::text::Text;
use crate::model::time::Timestamp;

api_enum! {
    /// How pods are replaced by new ones.
    #[derive(Default)]
    pub enum DeploymentStrategyType {
        /// New ones come while old ones go.
        #[default]
        RollingUpdate = "RollingUpdate",
        /// All old ones go before new ones come.
        Recreate = "Recreate",
    }
    other: /** A text that is no strategy. */ Other
}

type_meta!(
    /// Marks an object as a `Deployment`.
    DeploymentType = "apps/v1", "Deployment"
);

api_struct! {
    /// Details of a rolling update.
    pub struct RollingUpdateDeployment {
        /// How many pods may be missing meanwhile.
        max_unavailable: Option<IntOrString> = "maxUnavailable";
        /// How many pods there may be beyond those that are wanted.
        max_surge: Option<IntOrString> = "maxSurge";
    }
}

api_struct! {
    /// How pods are replaced by new ones.
    pub struct DeploymentStrategy {
        /// Which way.
        r#type: Option<DeploymentStrategyType> = "type";
        /// Details, for rolling updates.
        rolling_update: Option<RollingUpdateDeployment> = "rollingUpdate";
    }
}

api_struct! {
    /// What a deployment wants.
    pub struct DeploymentSpec {
        /// How many pods.
        replicas: Option<i32> = "replicas";
        /// The labels by which it knows its pods.
        selector: Option<Shared<LabelSelector>> = "selector" always;
        /// What its pods are made from.
        template: Shared<PodTemplateSpec> = "template" always;
        /// How pods are replaced by new ones.
        strategy: DeploymentStrategy = "strategy";
        /// Seconds that a pod must be ready to count as available.
        min_ready_seconds: i32 = "minReadySeconds";
        /// How many old ReplicaSets are kept.
        revision_history_limit: Option<i32> = "revisionHistoryLimit";
        /// Whether it stands still.
        paused: bool = "paused";
        /// Seconds after which a deployment without progress counts as failed.
        progress_deadline_seconds: Option<i32> = "progressDeadlineSeconds";
    }
}

api_struct! {
    /// A condition of a deployment.
    pub struct DeploymentCondition {
        /// Which condition.
        r#type: Text = "type" always;
        /// `True`, `False` or `Unknown`.
        status: Text = "status" always;
        /// When it was last written.
        last_update_time: Option<Timestamp> = "lastUpdateTime" always;
        /// When it last changed.
        last_transition_time: Option<Timestamp> = "lastTransitionTime" always;
        /// Why, in one word.
        reason: Text = "reason";
        /// Why, in a sentence.
        message: Text = "message";
    }
}

api_struct! {
    /// How far a deployment is.
    pub struct DeploymentStatus {
        /// The generation that was looked at.
        observed_generation: i64 = "observedGeneration";
        /// Pods that exist.
        replicas: i32 = "replicas";
        /// Pods of the newest template.
        updated_replicas: i32 = "updatedReplicas";
        /// Pods that are ready.
        ready_replicas: i32 = "readyReplicas";
        /// Pods that are available.
        available_replicas: i32 = "availableReplicas";
        /// Pods that are missing.
        unavailable_replicas: i32 = "unavailableReplicas";
        /// Pods that are being deleted.
        terminating_replicas: Option<i32> = "terminatingReplicas";
        /// Conditions.
        conditions: List<DeploymentCondition> = "conditions";
        /// How often the name of a ReplicaSet was taken.
        collision_count: Option<i32> = "collisionCount";
    }
}

api_struct! {
    /// Pods that are all alike.
    pub struct Deployment {
        /// Name, namespace, labels.
        metadata: ObjectMeta = "metadata";
        /// What it wants.
        spec: Shared<DeploymentSpec> = "spec";
        /// How far it is.
        status: Shared<DeploymentStatus> = "status";
    }
    group {
        /// Its kind.
        type_meta: DeploymentType;
    }
}
