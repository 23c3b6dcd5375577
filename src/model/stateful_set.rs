//! `StatefulSet`: pods with an identity and claims of their own.

use crate::model::claim::PersistentVolumeClaim;
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
    /// Whether pods are made one after the other.
    #[derive(Default)]
    pub enum PodManagementPolicy {
        /// One after the other, each when the one before is ready.
        #[default]
        OrderedReady = "OrderedReady",
        /// All at once.
        Parallel = "Parallel",
    }
    other: /** A text that is no policy. */ Other
}

api_enum! {
    /// How pods get a new template.
    #[derive(Default)]
    pub enum UpdateStrategyType {
        /// One after the other, from the highest.
        #[default]
        RollingUpdate = "RollingUpdate",
        /// When somebody deletes them.
        OnDelete = "OnDelete",
    }
    other: /** A text that is no strategy. */ Other
}

api_enum! {
    /// What happens to a claim of a set.
    #[derive(Default)]
    pub enum RetentionPolicy {
        /// It stays.
        #[default]
        Retain = "Retain",
        /// It goes.
        Delete = "Delete",
    }
    other: /** A text that is no policy. */ Other
}

type_meta!(
    /// Marks an object as a `StatefulSet`.
    StatefulSetType = "apps/v1", "StatefulSet"
);

api_struct! {
    /// Details of a rolling update.
    pub struct RollingUpdate {
        /// The ordinal from which pods are updated.
        partition: Option<i32> = "partition";
        /// Dropped while its gate is off, unless the stored set has it already (`STS-4`).
        max_unavailable: Option<IntOrString> = "maxUnavailable";
    }
}

api_struct! {
    /// How pods get a new template.
    pub struct UpdateStrategy {
        /// Which way.
        r#type: Option<UpdateStrategyType> = "type";
        /// Details, for rolling updates.
        rolling_update: Option<RollingUpdate> = "rollingUpdate";
    }
}

api_struct! {
    /// What happens to claims when they are no longer needed.
    pub struct ClaimRetentionPolicy {
        /// When the set is deleted.
        when_deleted: Option<RetentionPolicy> = "whenDeleted";
        /// When the set is scaled down.
        when_scaled: Option<RetentionPolicy> = "whenScaled";
    }
}

api_struct! {
    /// The numbers of the pods.
    pub struct Ordinals {
        /// The first number.
        start: i32 = "start" always;
    }
}

api_struct! {
    /// What a set wants.
    pub struct StatefulSetSpec {
        /// How many pods.
        replicas: Option<i32> = "replicas";
        /// The labels by which it knows its pods.
        selector: Option<Shared<LabelSelector>> = "selector" always;
        /// What its pods are made from.
        template: Shared<PodTemplateSpec> = "template" always;
        /// The claims that each pod has for its own.
        volume_claim_templates: List<PersistentVolumeClaim> = "volumeClaimTemplates";
        /// The headless Service that gives its pods their names.
        service_name: Text = "serviceName" always;
        /// Whether pods are made one after the other.
        pod_management_policy: Option<PodManagementPolicy> = "podManagementPolicy";
        /// How pods get a new template.
        update_strategy: UpdateStrategy = "updateStrategy";
        /// How many old revisions are kept.
        revision_history_limit: Option<i32> = "revisionHistoryLimit";
        /// Seconds that a pod must be ready to count as available.
        min_ready_seconds: i32 = "minReadySeconds";
        /// What happens to claims that are no longer needed.
        persistent_volume_claim_retention_policy: Option<ClaimRetentionPolicy> = "persistentVolumeClaimRetentionPolicy";
        /// The numbers of the pods.
        ordinals: Option<Ordinals> = "ordinals";
    }
}

api_struct! {
    /// A condition of a set.
    pub struct StatefulSetCondition {
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
    pub struct StatefulSetStatus {
        /// The generation that was looked at.
        observed_generation: i64 = "observedGeneration";
        /// Pods that exist.
        replicas: i32 = "replicas" always;
        /// Pods that are ready.
        ready_replicas: i32 = "readyReplicas";
        /// Pods of the current revision.
        current_replicas: i32 = "currentReplicas";
        /// Pods of the update revision.
        updated_replicas: i32 = "updatedReplicas";
        /// The revision from which the set comes.
        current_revision: Text = "currentRevision";
        /// The revision to which the set goes.
        update_revision: Text = "updateRevision";
        /// How often the name of a revision was taken.
        collision_count: Option<i32> = "collisionCount";
        /// Conditions.
        conditions: List<StatefulSetCondition> = "conditions";
        /// Pods that are available.
        available_replicas: i32 = "availableReplicas" always;
    }
}

api_struct! {
    /// Pods with an identity and claims of their own.
    pub struct StatefulSet {
        /// Name, namespace, labels.
        metadata: ObjectMeta = "metadata";
        /// What it wants.
        spec: Shared<StatefulSetSpec> = "spec";
        /// How far it is.
        status: Shared<StatefulSetStatus> = "status";
    }
    group {
        /// Its kind.
        type_meta: StatefulSetType;
    }
}

/// What the name of a pod says about the set that it belongs to (`STS-10`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MemberName<'n> {
    /// The name of the set.
    pub(crate) parent: &'n str,
    /// Its number; none where the digits make too large a one.
    pub(crate) ordinal: Option<i32>,
    /// Whether the number is written without leading zeros, as the controller writes it.
    pub(crate) is_canonical: bool,
}

/// Reads the name of a pod: everything before the last `-`, where nothing but digits follow it.
pub(crate) fn member_name(name: &str) -> Option<MemberName<'_>> {
    let (parent, digits) = name.rsplit_once('-')?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let is_canonical = digits == "0" || !digits.starts_with('0');
    Some(MemberName { parent, ordinal: digits.parse().ok(), is_canonical })
}
