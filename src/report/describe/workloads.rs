//! StatefulSets, Deployments and ReplicaSets as `kubectl describe` prints them.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::deployment::Deployment;
use crate::model::kind::{Kind, Object};
use crate::model::list::List;
use crate::model::metadata::ObjectMeta;
use crate::model::names::{POD_TEMPLATE_HASH, STORAGE};
use crate::model::pod::{PodPhase, PodTemplateSpec};
use crate::model::replica_set::ReplicaSet;
use crate::model::selector::{LabelSelector, Predicate};
use crate::model::shared::Shared;
use crate::model::stateful_set::StatefulSet;
use crate::report::describe::pods::template;
use crate::report::describe::{NONE, Sheet, controlled_by, moment, none_if_empty};

pub(super) fn stateful_set(sheet: &mut Sheet, cluster: &Cluster, set: &StatefulSet) {
    let (metadata, spec) = (&set.metadata, &set.spec);
    sheet.pair("Name", &metadata.name);
    sheet.pair("Namespace", &metadata.namespace);
    sheet.pair("CreationTimestamp", moment(metadata.creation_timestamp));
    sheet.pair("Selector", selector(spec.selector.as_ref()));
    sheet.map("Labels", &metadata.labels);
    sheet.annotations("Annotations", &metadata.annotations);
    let wanted = spec.replicas.unwrap_or(1);
    sheet.pair("Replicas", format_args!("{wanted} desired | {} total", set.status.replicas));
    let strategy = spec.update_strategy.r#type.as_ref().map_or("RollingUpdate", |kind| kind.as_str());
    sheet.pair("Update Strategy", strategy);
    if let Some(partition) = spec.update_strategy.rolling_update.as_ref().and_then(|rolling| rolling.partition) {
        sheet.pair("  Partition", partition);
    }
    pods(sheet, cluster, metadata);
    template(sheet, &spec.template);
    claim_templates(sheet, &spec.volume_claim_templates);
}

pub(super) fn deployment(sheet: &mut Sheet, cluster: &Cluster, deployment: &Deployment) {
    let (metadata, spec, status) = (&deployment.metadata, &deployment.spec, &deployment.status);
    sheet.pair("Name", &metadata.name);
    sheet.pair("Namespace", &metadata.namespace);
    sheet.pair("CreationTimestamp", moment(metadata.creation_timestamp));
    sheet.map("Labels", &metadata.labels);
    sheet.annotations("Annotations", &metadata.annotations);
    sheet.pair("Selector", selector(spec.selector.as_ref()));
    let replicas = format!(
        "{} desired | {} updated | {} total | {} available | {} unavailable",
        spec.replicas.unwrap_or(1),
        status.updated_replicas,
        status.replicas,
        status.available_replicas,
        status.unavailable_replicas,
    );
    sheet.pair("Replicas", replicas);
    let strategy = spec.strategy.r#type.as_ref().map_or("RollingUpdate", |kind| kind.as_str());
    sheet.pair("StrategyType", strategy);
    sheet.pair("MinReadySeconds", spec.min_ready_seconds);
    if let Some(rolling) = &spec.strategy.rolling_update {
        let of = |limit: &Option<_>| limit.as_ref().map_or_else(|| "0".to_owned(), ToString::to_string);
        let (unavailable, surge) = (of(&rolling.max_unavailable), of(&rolling.max_surge));
        sheet.pair("RollingUpdateStrategy", format_args!("{unavailable} max unavailable, {surge} max surge"));
    }
    template(sheet, &spec.template);
    let conditions = status.conditions.iter();
    show_conditions(sheet, conditions.map(|condition| (&*condition.r#type, &*condition.status, &*condition.reason)));
    replica_sets(sheet, cluster, deployment);
}

pub(super) fn replica_set(sheet: &mut Sheet, cluster: &Cluster, set: &ReplicaSet) {
    let (metadata, spec) = (&set.metadata, &set.spec);
    sheet.pair("Name", &metadata.name);
    sheet.pair("Namespace", &metadata.namespace);
    sheet.pair("Selector", none_if_empty(selector(spec.selector.as_ref())));
    sheet.map("Labels", &metadata.labels);
    sheet.annotations("Annotations", &metadata.annotations);
    controlled_by(sheet, metadata);
    let wanted = spec.replicas.unwrap_or(1);
    sheet.pair("Replicas", format_args!("{} current / {wanted} desired", set.status.replicas));
    pods(sheet, cluster, metadata);
    template(sheet, &spec.template);
    let conditions = set.status.conditions.iter();
    show_conditions(sheet, conditions.map(|condition| (&*condition.r#type, &*condition.status, &*condition.reason)));
}

/// A selector as Kubernetes writes it, empty where it cannot be read.
fn selector(selector: Option<&Shared<LabelSelector>>) -> String {
    Predicate::of(selector.map(|selector| &**selector)).map(|predicate| predicate.to_string()).unwrap_or_default()
}

/// How many of the pods of a controller are in each phase.
fn pods(sheet: &mut Sheet, cluster: &Cluster, metadata: &ObjectMeta) {
    let is_its = |owner: &ObjectMeta| owner.controller().is_some_and(|owner| owner.uid == metadata.uid);
    let count =
        |phase: PodPhase| cluster.pods().filter(|pod| is_its(&pod.metadata) && pod.status.phase == phase).count();
    let [running, waiting, succeeded, failed] =
        [PodPhase::Running, PodPhase::Pending, PodPhase::Succeeded, PodPhase::Failed].map(count);
    let counts = format!("{running} Running / {waiting} Waiting / {succeeded} Succeeded / {failed} Failed");
    sheet.pair("Pods Status", counts);
}

fn claim_templates(sheet: &mut Sheet, templates: &List<PersistentVolumeClaim>) {
    if templates.is_empty() {
        return sheet.pair("Volume Claims", NONE);
    }
    sheet.line("Volume Claims:");
    for claim in templates {
        sheet.pair("  Name", &claim.metadata.name);
        sheet.pair("  StorageClass", claim.class_name());
        sheet.map("  Labels", &claim.metadata.labels);
        sheet.map("  Annotations", &claim.metadata.annotations);
        let capacity = claim.spec.resources.requests.get(STORAGE).map(ToString::to_string);
        sheet.pair("  Capacity", capacity.unwrap_or_else(|| "<default>".to_owned()));
        let modes: Vec<String> = claim.spec.access_modes.iter().map(|mode| mode.as_str().to_owned()).collect();
        sheet.pair("  Access Modes", format_args!("[{}]", modes.join(" ")));
    }
}

fn show_conditions<'c>(sheet: &mut Sheet, conditions: impl Iterator<Item = (&'c str, &'c str, &'c str)>) {
    for (number, (kind, status, reason)) in conditions.enumerate() {
        if number == 0 {
            sheet.line("Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------");
        }
        sheet.line(format_args!("  {kind} \t{status}\t{reason}"));
    }
}

/// The ReplicaSets of a deployment: those with an older template, and the one with the template that it has.
fn replica_sets(sheet: &mut Sheet, cluster: &Cluster, deployment: &Deployment) {
    let sets = cluster.objects(Kind::ReplicaSet);
    let its = sets.iter().filter_map(|object| match object {
        Object::ReplicaSet(set) => Some(set),
        _ => None,
    });
    let its = its.filter(|set| set.metadata.controller().is_some_and(|owner| owner.uid == deployment.metadata.uid));
    let wanted = without_hash(&deployment.spec.template);
    let (new, old): (Vec<_>, Vec<_>) = its.partition(|set| without_hash(&set.spec.template) == wanted);
    if new.is_empty() && old.is_empty() {
        return;
    }
    let text = |sets: &[&Arc<ReplicaSet>]| {
        let one = |set: &&Arc<ReplicaSet>| {
            let (created, wanted) = (set.status.replicas, set.spec.replicas.unwrap_or(1));
            format!("{} ({created}/{wanted} replicas created)", set.metadata.name)
        };
        none_if_empty(sets.iter().map(one).collect::<Vec<_>>().join(", "))
    };
    sheet.pair("OldReplicaSets", text(&old));
    sheet.pair("NewReplicaSet", text(&new));
}

fn without_hash(template: &PodTemplateSpec) -> PodTemplateSpec {
    let mut template = template.clone();
    template.metadata.labels = template.metadata.labels.without(POD_TEMPLATE_HASH);
    template
}
