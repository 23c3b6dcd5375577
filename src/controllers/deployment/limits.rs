//! How many pods a deployment wants, and how many more or fewer there may be while it rolls (`WL-12`).
//!
//! Follows `ResolveFenceposts` and its callers of `pkg/controller/deployment/util/deployment_util.go`.

use crate::model::deployment::{Deployment, DeploymentStrategyType};
use crate::model::int_or_string::IntOrString;

/// The bounds within which a deployment rolls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// How many pods are wanted.
    pub(super) replicas: i32,
    /// How many there may be beyond them.
    pub(super) surge: i32,
    /// How many may be missing.
    pub(super) unavailable: i32,
}

impl Limits {
    /// The bounds of a deployment. Its surge is rounded up, what may be missing is rounded down; where both come to
    /// nothing one pod may be missing, or nothing could ever move.
    pub(super) fn of(deployment: &Deployment) -> Self {
        let replicas = deployment.spec.replicas.unwrap_or(1);
        let strategy = &deployment.spec.strategy;
        if strategy.r#type != Some(DeploymentStrategyType::RollingUpdate) {
            return Self { replicas, surge: 0, unavailable: 0 };
        }
        let rolling = strategy.rolling_update.as_ref();
        let scaled =
            |share: Option<&IntOrString>, up| share.and_then(|share| share.scaled(replicas, up)).unwrap_or_default();
        let surge = scaled(rolling.and_then(|rolling| rolling.max_surge.as_ref()), true);
        let missing = scaled(rolling.and_then(|rolling| rolling.max_unavailable.as_ref()), false);
        let missing = if surge == 0 && missing == 0 { 1 } else { missing };
        Self { replicas, surge, unavailable: missing.min(replicas) }
    }

    /// How many pods there may be at most.
    pub(super) fn most(self) -> i32 {
        self.replicas.saturating_add(self.surge)
    }

    /// How many pods must be available at least.
    pub(super) fn fewest_available(self) -> i32 {
        self.replicas - self.unavailable
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;
    use crate::model::deployment::{Deployment, DeploymentStrategyType, RollingUpdateDeployment};
    use crate::model::int_or_string::IntOrString;

    fn limits(replicas: i32, surge: impl Into<IntOrString>, unavailable: impl Into<IntOrString>) -> Limits {
        let mut deployment = Deployment::default();
        deployment.spec.replicas = Some(replicas);
        deployment.spec.strategy.r#type = Some(DeploymentStrategyType::RollingUpdate);
        deployment.spec.strategy.rolling_update = Some(RollingUpdateDeployment {
            max_surge: Some(surge.into()),
            max_unavailable: Some(unavailable.into()),
            ..RollingUpdateDeployment::default()
        });
        Limits::of(&deployment)
    }

    #[test]
    fn surge_is_rounded_up_and_unavailability_down() {
        assert_eq!(limits(1, "25%", "25%"), Limits { replicas: 1, surge: 1, unavailable: 0 });
        assert_eq!(limits(10, "25%", "25%"), Limits { replicas: 10, surge: 3, unavailable: 2 });
        assert_eq!(limits(3, 2, 5), Limits { replicas: 3, surge: 2, unavailable: 3 });
    }

    #[test]
    fn where_both_are_nothing_one_pod_may_be_missing() {
        assert_eq!(limits(3, "0%", "10%"), Limits { replicas: 3, surge: 0, unavailable: 1 });
        assert_eq!(limits(0, "0%", "10%"), Limits { replicas: 0, surge: 0, unavailable: 0 });
    }
}
