//! The status of quotas: what is allowed and what is used, as the quota controller writes it.
//!
//! Follows `pkg/controller/resourcequota`.

use std::sync::Arc;

use crate::model::resource_quota::{ResourceQuota, ResourceQuotaStatus};
use crate::store::{Store, Write};

/// The write that brings the status of a quota up to date, if it is not. Cost: linear in the resources of the quota.
pub(crate) fn quota_status(quota: &Arc<ResourceQuota>, store: &Store) -> Option<(Write, &'static str)> {
    let used = store.quota_usage(quota)?;
    let status = ResourceQuotaStatus { hard: quota.spec.hard.clone(), used, unknown: quota.status.unknown.clone() };
    if status == quota.status {
        return None;
    }
    let mut quota = ResourceQuota::clone(quota);
    quota.status = status;
    Some((Write::UpdateStatus(quota.into()), ""))
}
