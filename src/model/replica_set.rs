//! `ReplicaSet`: a number of pods from one template.

use crate::model::fields::api_struct;
use crate::model::kind::type_meta;
use crate::model::list::List;
use crate::model::metadata::ObjectMeta;
use crate::model::pod::PodTemplateSpec;
use crate::model::selector::LabelSelector;
use crate::model::shared::Shared;
use crate::model::text::Text;
use crate::model::time::Timestamp;

type_meta!(
    /// Marks an object as a `ReplicaSet`.
    ReplicaSetType = "apps/v1", "ReplicaSet"
);

api_struct! {
    /// What a set wants.
    pub struct ReplicaSetSpec {
        /// How many pods.
        replicas: Option<i32> = "replicas";
        /// Seconds that a pod must be ready to count as available.
        min_ready_seconds: i32 = "minReadySeconds";
        /// The labels by which it knows its pods.
        selector: Option<Shared<LabelSelector>> = "selector" always;
        /// What its pods are made from.
        template: Shared<PodTemplateSpec> = "template";
    }
}

api_struct! {
    /// A condition of a set.
    pub struct ReplicaSetCondition {
        /// Which condition.
        r#type: Text = "type" always;
        /// `True`, `False` or `Unknown`.
        status: Text = "status" always;
        /// When it last changed.
        last_transition_time: Option<Timestamp> = "lastTransitionTime" always;
        /// Why, in one word.
        reason: Text = "reason";
        /// Why, in a sentence.
        message: Text = "message";
    }
}

api_struct! {
    /// How far a set is.
    pub struct ReplicaSetStatus {
        /// Pods that exist.
        replicas: i32 = "replicas" always;
        /// Pods that have all labels of the template.
        fully_labeled_replicas: i32 = "fullyLabeledReplicas";
        /// Pods that are ready.
        ready_replicas: i32 = "readyReplicas";
        /// Pods that are available.
        available_replicas: i32 = "availableReplicas";
        /// Pods that are being deleted.
        terminating_replicas: Option<i32> = "terminatingReplicas";
        /// The generation that was looked at.
        observed_generation: i64 = "observedGeneration";
        /// Conditions.
        conditions: List<ReplicaSetCondition> = "conditions";
    }
}

api_struct! {
    /// A number of pods from one template.
    pub struct ReplicaSet {
        /// Name, namespace, labels.
        metadata: ObjectMeta = "metadata";
        /// What it wants.
        spec: Shared<ReplicaSetSpec> = "spec";
        /// How far it is.
        status: Shared<ReplicaSetStatus> = "status";
    }
    group {
        /// Its kind.
        type_meta: ReplicaSetType;
    }
}
