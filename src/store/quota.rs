//! What the objects of a namespace use of its quotas, and whether one more may be created.
//!
//! A quota has a ledger, which is counted once, when the quota appears or changes, and kept up to date from then on.
//! A namespace without a quota costs nothing. Usage is what is stored at the moment; a quota's status, which is what
//! Kubernetes goes by, may lag behind.
//!
//! Follows `CheckRequest` of `k8s.io/apiserver` and the evaluators of `pkg/quota/v1`.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::ApiError;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::json::Json;
use crate::model::kind::{Kind, Object};
use crate::model::list::ResourceList;
use crate::model::names::STORAGE;
use crate::model::pod::{Container, Pod};
use crate::model::quantity::Quantity;
use crate::model::resource_quota::{
    ResourceQuota, ResourceQuotaSpec, ScopeSelectorOperator, ScopedResourceSelectorRequirement,
};
use crate::model::service::{Service, ServiceType};
use crate::model::text::Text;

/// Amounts of resources, by name.
type Usage = BTreeMap<String, Quantity>;

#[derive(Clone, Debug)]
struct Ledger {
    quota: Arc<ResourceQuota>,
    used: BTreeMap<Text, Quantity>,
}

/// The ledgers of all quotas, by namespace and name.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledgers(Arc<BTreeMap<Text, BTreeMap<Text, Ledger>>>);

impl Ledgers {
    /// Whether anything is counted in a namespace.
    pub(super) fn count_in(&self, namespace: &Text) -> bool {
        !self.0.is_empty() && self.0.contains_key(namespace)
    }

    /// Follows the change of an object, or of a quota that has its ledger already.
    pub(super) fn change(&mut self, before: Option<&Object>, after: Option<&Object>) {
        let Some(object) = after.or(before) else {
            return;
        };
        let metadata = object.metadata();
        if !self.count_in(&metadata.namespace) {
            return;
        }
        let namespaces = Arc::make_mut(&mut self.0);
        let Some(ledgers) = namespaces.get_mut(&metadata.namespace) else {
            return;
        };
        if after.is_none() && object.kind() == Kind::ResourceQuota {
            ledgers.remove(&metadata.name);
        }
        let (old, new) = (before.map(usage).unwrap_or_default(), after.map(usage).unwrap_or_default());
        for ledger in ledgers.values_mut() {
            if before.is_some_and(|before| in_scope(&ledger.quota.spec, before)) {
                ledger.add(&old, Quantity::minus);
            }
            if after.is_some_and(|after| in_scope(&ledger.quota.spec, after)) {
                ledger.add(&new, Quantity::plus);
            }
        }
        if ledgers.is_empty() {
            namespaces.remove(&metadata.namespace);
        }
    }

    /// Whether a quota needs to be counted: it is new, or counts something else than it did.
    pub(super) fn is_counted(&self, quota: &ResourceQuota) -> bool {
        self.ledger(quota).is_some_and(|ledger| ledger.quota.spec == quota.spec)
    }

    /// Opens the ledger of a quota. Cost: linear in the number of objects.
    pub(super) fn count(&mut self, quota: &Arc<ResourceQuota>, objects: impl Iterator<Item = Object>) {
        let used = quota.spec.hard.keys().map(|name| (name.clone(), Quantity::default())).collect();
        let mut ledger = Ledger { quota: Arc::clone(quota), used };
        let namespace = &quota.metadata.namespace;
        for object in objects.filter(|object| object.metadata().namespace == *namespace) {
            if in_scope(&quota.spec, &object) {
                ledger.add(&usage(&object), Quantity::plus);
            }
        }
        let ledgers = Arc::make_mut(&mut self.0).entry(namespace.clone()).or_default();
        ledgers.insert(quota.metadata.name.clone(), ledger);
    }

    /// What is used of a quota, for each resource that it limits.
    pub(super) fn used(&self, quota: &ResourceQuota) -> Option<ResourceList> {
        let used = self.ledger(quota)?.used.iter();
        Some(used.map(|(name, amount)| (name.clone(), amount.clone())).collect())
    }

    /// Refuses an object that is created, or replaces an old one, where a quota does not allow it. Quotas are asked in
    /// the order of their names.
    pub(super) fn check(&self, new: &Object, old: Option<&Object>) -> Result<(), ApiError> {
        let metadata = new.metadata();
        let Some(ledgers) = self.0.get(&metadata.namespace) else {
            return Ok(());
        };
        let (wanted, held) = (usage(new), old.map(usage).unwrap_or_default());
        for (name, ledger) in ledgers.iter().filter(|(_, ledger)| in_scope(&ledger.quota.spec, new)) {
            let counted = old.is_some_and(|old| in_scope(&ledger.quota.spec, old));
            let mut exceeded: [Vec<String>; 3] = Default::default();
            for (resource, used) in &ledger.used {
                let Some(amount) = wanted.get(resource.as_str()) else {
                    continue;
                };
                let requested = match held.get(resource.as_str()).filter(|_| counted) {
                    Some(held) => amount.minus(held),
                    None => amount.clone(),
                };
                let Some(hard) = ledger.quota.spec.hard.get(resource).filter(|_| requested.is_positive()) else {
                    continue;
                };
                if used.plus(&requested) > *hard {
                    for (list, amount) in exceeded.iter_mut().zip([&requested, used, hard]) {
                        list.push(format!("{resource}={amount}"));
                    }
                }
            }
            if !exceeded[0].is_empty() {
                let [requested, used, limited] = exceeded.map(|list| list.join(","));
                let message =
                    format!("exceeded quota: {name}, requested: {requested}, used: {used}, limited: {limited}");
                return Err(ApiError::Forbidden { kind: new.kind(), name: metadata.name.clone(), message });
            }
        }
        Ok(())
    }

    /// The names of the quotas of a namespace, in order.
    pub(super) fn quotas(&self, namespace: &Text) -> impl Iterator<Item = &Text> {
        self.0.get(namespace).into_iter().flat_map(BTreeMap::keys)
    }

    fn ledger(&self, quota: &ResourceQuota) -> Option<&Ledger> {
        self.0.get(&quota.metadata.namespace)?.get(&quota.metadata.name)
    }
}

impl Ledger {
    fn add(&mut self, usage: &Usage, sum: impl Fn(&Quantity, &Quantity) -> Quantity) {
        for (name, used) in &mut self.used {
            if let Some(amount) = usage.get(name.as_str()) {
                *used = sum(used, amount);
            }
        }
    }
}

/// What an object uses.
fn usage(object: &Object) -> Usage {
    let kind = object.kind();
    let mut usage = Usage::new();
    let mut count = |name: String, number: i64| {
        usage.insert(name, Quantity::from_number(number));
    };
    count(format!("count/{}", kind.qualified_resource()), 1);
    match object {
        Object::ConfigMap(_) | Object::Secret(_) | Object::ResourceQuota(_) => count(kind.resource().to_owned(), 1),
        Object::Pod(pod) if !pod.status.phase.is_final() => count("pods".to_owned(), 1),
        Object::Service(service) => {
            let balancer = service.spec.r#type == Some(ServiceType::LoadBalancer);
            count("services".to_owned(), 1);
            count("services.loadbalancers".to_owned(), i64::from(balancer));
            count("services.nodeports".to_owned(), node_ports(service));
        }
        Object::PersistentVolumeClaim(claim) => {
            let class = claim.class_name();
            let of_class = |name: &str| format!("{class}.storageclass.storage.k8s.io/{name}");
            let claims = kind.resource();
            count(claims.to_owned(), 1);
            if !class.is_empty() {
                count(of_class(claims), 1);
            }
            if let Some(storage) = storage(claim) {
                if !class.is_empty() {
                    usage.insert(of_class("requests.storage"), storage.clone());
                }
                usage.insert("requests.storage".to_owned(), storage);
            }
        }
        _ => {}
    }
    usage
}

/// The ports that a service has, or is to have, on the nodes.
fn node_ports(service: &Service) -> i64 {
    let ports = service.spec.ports.iter();
    let number = match &service.spec.r#type {
        Some(ServiceType::LoadBalancer) if service.spec.allocate_load_balancer_node_ports == Some(false) => {
            ports.filter(|port| port.node_port != 0).count()
        }
        Some(ServiceType::LoadBalancer | ServiceType::NodePort) => ports.count(),
        _ => 0,
    };
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What a claim asks for, or more where more was set aside for it already. Whole bytes.
fn storage(claim: &PersistentVolumeClaim) -> Option<Quantity> {
    let asked = claim.spec.resources.requests.get(STORAGE)?;
    let allocated = claim.status.progress.allocated_resources.get(STORAGE);
    let counted = allocated.filter(|allocated| *allocated > asked).unwrap_or(asked);
    Some(counted.rounded_to_unit())
}

/// Whether an object is in all scopes of a quota.
fn in_scope(spec: &ResourceQuotaSpec, object: &Object) -> bool {
    let named = spec.scopes.iter().map(|scope| ScopedResourceSelectorRequirement {
        scope_name: scope.clone(),
        operator: ScopeSelectorOperator::Exists,
        ..ScopedResourceSelectorRequirement::default()
    });
    let selected = spec.scope_selector.iter().flat_map(|selector| selector.match_expressions.iter().cloned());
    named.chain(selected).all(|scope| matches(&scope, object))
}

fn matches(scope: &ScopedResourceSelectorRequirement, object: &Object) -> bool {
    match (object, scope.scope_name.as_str()) {
        (Object::Pod(pod), "Terminating") => pod.spec.active_deadline_seconds.is_some(),
        (Object::Pod(pod), "NotTerminating") => pod.spec.active_deadline_seconds.is_none(),
        (Object::Pod(pod), "BestEffort") => is_best_effort(pod),
        (Object::Pod(pod), "NotBestEffort") => !is_best_effort(pod),
        (Object::Pod(pod), "PriorityClass") => {
            let class = pod.spec.extras.priority_class_name.as_str().filter(|class| !class.is_empty());
            selects(scope, &class.into_iter().collect::<Vec<_>>())
        }
        (Object::PersistentVolumeClaim(claim), "VolumeAttributesClass") => selects(scope, &attributes_classes(claim)),
        _ => false,
    }
}

/// Whether a scope chooses one of the names, or their absence.
fn selects(scope: &ScopedResourceSelectorRequirement, names: &[&str]) -> bool {
    let listed = |name: &&str| scope.values.iter().any(|value| value == *name);
    match &scope.operator {
        ScopeSelectorOperator::Exists => !names.is_empty(),
        ScopeSelectorOperator::DoesNotExist => names.is_empty(),
        ScopeSelectorOperator::In => names.iter().any(listed),
        ScopeSelectorOperator::NotIn => names.is_empty() || names.iter().any(|name| !listed(name)),
        ScopeSelectorOperator::Other(_) => false,
    }
}

/// The attributes classes that a claim has, wants or is on its way to.
fn attributes_classes(claim: &PersistentVolumeClaim) -> Vec<&str> {
    let status = &claim.status;
    let modifying = status.progress.modify_volume_status.as_ref();
    let target = modifying.map(|modifying| modifying.target_volume_attributes_class_name.as_str());
    let names = [
        claim.spec.volume_attributes_class_name.as_deref(),
        status.current_volume_attributes_class_name.as_deref(),
        target,
    ];
    names.into_iter().flatten().filter(|name| !name.is_empty()).collect()
}

/// Whether a pod asks for nothing and is limited in nothing.
fn is_best_effort(pod: &Pod) -> bool {
    let says_nothing = |container: &Container| {
        ["requests", "limits"].iter().all(|key| match container.resources.get(key) {
            Some(Json::Map(amounts)) => amounts.is_empty(),
            _ => true,
        })
    };
    pod.spec.containers.iter().chain(&pod.spec.init_containers).all(says_nothing)
}
