//! The names that pods have for each other (`STS-16`).

use crate::cluster::Cluster;
use crate::model::pod::Pod;
use crate::model::reference::NamespacedName;
use crate::model::service::Service;
use crate::model::text::Text;

/// The domain of the cluster where nothing else is set up.
const DOMAIN: &str = "cluster.local";

impl Cluster {
    /// The addresses that a name stands for inside of the cluster: of the pods behind a headless Service, of one of
    /// them, or of the Service itself. `<pod>.<service>.<namespace>.svc.cluster.local`, `<service>.<namespace>.svc` and
    /// `<service>.<namespace>` are understood; a `<service>` or `<pod>.<service>` alone is looked for in the default
    /// namespace. Nothing where the name stands for nothing.
    ///
    /// Pods that are not ready or being deleted have no name unless the Service publishes them. Cost: linear in the number of pods of
    /// the cluster.
    pub fn resolve(&self, name: &str) -> Vec<Text> {
        let name = name.strip_suffix('.').unwrap_or(name);
        let name = name.strip_suffix(DOMAIN).map_or(name, |rest| rest.strip_suffix('.').unwrap_or(rest));
        let parts: Vec<&str> = name.strip_suffix(".svc").unwrap_or(name).split('.').collect();
        let own = self.config.namespace.as_str();
        match *parts {
            [service] => self.addresses(None, service, own),
            [first, second] => {
                let found = self.addresses(None, first, second);
                if found.is_empty() { self.addresses(Some(first), second, own) } else { found }
            }
            [host, service, namespace] => self.addresses(Some(host), service, namespace),
            _ => Vec::new(),
        }
    }

    fn addresses(&self, host: Option<&str>, service: &str, namespace: &str) -> Vec<Text> {
        let Some(service) = self.store.services.find(&NamespacedName::new(namespace, service)) else {
            return Vec::new();
        };
        let headless = service.spec.cluster_ip == "None";
        match host {
            None if !headless => {
                Some(service.spec.cluster_ip.clone()).filter(|ip| !ip.is_empty()).into_iter().collect()
            }
            Some(_) if !headless => Vec::new(),
            _ => self
                .endpoints(service)
                .filter(|pod| is_called(pod, host, service))
                .map(|pod| pod.status.pod_ip.clone())
                .collect(),
        }
    }

    /// The pods behind a Service that have an address, in the order of their creation.
    fn endpoints<'c>(&'c self, service: &'c Service) -> impl Iterator<Item = &'c Pod> {
        let unready = service.spec.publish_not_ready_addresses;
        self.store.pods.in_order().into_iter().map(|(_, pod)| &**pod).filter(move |pod| {
            !service.spec.selector.is_empty()
                && pod.metadata.namespace == service.metadata.namespace
                && service.spec.selector.iter().all(|(key, value)| pod.metadata.labels.get(key) == Some(value))
                && !pod.status.pod_ip.is_empty()
                && !pod.status.phase.is_final()
                && (unready || pod.is_ready() && !pod.metadata.is_deleting())
        })
    }
}

/// Whether a pod has a name of its own below a Service; any will do where none is asked for.
fn is_called(pod: &Pod, host: Option<&str>, service: &Service) -> bool {
    host.is_none_or(|host| pod.spec.hostname == host && pod.spec.subdomain == service.metadata.name)
}
