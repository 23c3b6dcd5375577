//! The names by which pods find each other.

use bindery::{Cluster, Hold, Kind};

use crate::world::{add, delete, documents, node, pod, settled};

fn service(name: &str, spec: &str) -> String {
    format!("{{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, spec: {{ports: [{{port: 80}}], {spec}}}}}")
}

/// A pod behind the service `web`, with a name of its own.
fn member(name: &str) -> String {
    let labelled = format!("name: {name}, labels: {{app: web}},");
    pod(name, "n1", &[])
        .replace(&format!("name: {name},"), &labelled)
        .replace("spec: {", &format!("spec: {{hostname: {name}, subdomain: web, "))
}

/// Two pods behind a headless service.
fn two_pods(more: &str) -> Cluster {
    let service = service("web", &format!("clusterIP: None, selector: {{app: web}}{more}"));
    settled(&documents([node("n1"), service, member("web-0"), member("web-1")]))
}

fn address(cluster: &Cluster, pod: &str) -> String {
    cluster.pod(pod).unwrap().status.pod_ip.to_string()
}

fn resolve(cluster: &Cluster, name: &str) -> Vec<String> {
    cluster.resolve(name).iter().map(ToString::to_string).collect()
}

#[test]
fn a_pod_behind_a_headless_service_has_a_name() {
    // STS-16, WL-20
    let cluster = two_pods("");
    let first = [address(&cluster, "web-0")];
    for name in [
        "web-0.web.default.svc.cluster.local",
        "web-0.web.default.svc.cluster.local.",
        "web-0.web.default.svc",
        "web-0.web.default",
        "web-0.web",
    ] {
        assert_eq!(resolve(&cluster, name), first, "{name}");
    }
    assert!(resolve(&cluster, "web-2.web.default.svc.cluster.local").is_empty());
    assert!(resolve(&cluster, "web-0.web.other.svc.cluster.local").is_empty());
}

#[test]
fn a_headless_service_stands_for_all_of_its_pods() {
    // STS-16
    let cluster = two_pods("");
    let both = [address(&cluster, "web-0"), address(&cluster, "web-1")];
    for name in ["web", "web.default", "web.default.svc", "web.default.svc.cluster.local"] {
        assert_eq!(resolve(&cluster, name), both, "{name}");
    }
}

#[test]
fn only_pods_that_are_ready_have_names_unless_the_service_publishes_them() {
    // STS-16
    for (more, published) in [("", false), (", publishNotReadyAddresses: true", true)] {
        let mut cluster = two_pods(more);
        let address = address(&cluster, "web-0");
        cluster.hold("web-0", Hold::Readiness);
        cluster.settle().unwrap();
        let expected: Vec<String> = published.then_some(address).into_iter().collect();
        assert_eq!(resolve(&cluster, "web-0.web"), expected);
        cluster.release("web-0", Hold::Readiness);
        cluster.hold("web-0", Hold::Termination);
        delete(&mut cluster, Kind::Pod, "web-0");
        assert_eq!(resolve(&cluster, "web-0.web"), expected, "one that is being deleted");
    }
}

#[test]
fn without_the_service_or_the_subdomain_there_is_no_name() {
    // STS-16
    let mut cluster = two_pods("");
    add(&mut cluster, &member("plain").replace("hostname: plain, subdomain: web, ", ""));
    assert!(resolve(&cluster, "plain.web").is_empty());
    assert_eq!(resolve(&cluster, "web").len(), 3, "it is behind the service all the same");
    delete(&mut cluster, Kind::Service, "web");
    assert!(resolve(&cluster, "web-0.web").is_empty() && resolve(&cluster, "web").is_empty());
}

#[test]
fn a_service_with_an_address_stands_for_that() {
    // STS-16
    let mut cluster = two_pods("");
    add(&mut cluster, &service("front", "clusterIP: 10.96.0.7, selector: {app: web}"));
    assert_eq!(resolve(&cluster, "front"), ["10.96.0.7"]);
    assert!(resolve(&cluster, "web-0.front").is_empty());
}

#[test]
fn a_pod_made_again_has_another_address_under_its_name() {
    // STS-16, STS-32
    let mut cluster = two_pods("");
    let before = resolve(&cluster, "web-0.web");
    delete(&mut cluster, Kind::Pod, "web-0");
    assert!(resolve(&cluster, "web-0.web").is_empty());
    add(&mut cluster, &member("web-0"));
    assert_eq!(resolve(&cluster, "web-0.web"), [address(&cluster, "web-0")]);
    assert_ne!(resolve(&cluster, "web-0.web"), before);
}

#[test]
fn a_name_that_nobody_has_stands_for_nothing() {
    let cluster = Cluster::default();
    for name in ["", ".", "web", "a.b.c.d.e", "cluster.local", "svc.cluster.local"] {
        assert!(cluster.resolve(name).is_empty(), "{name:?}");
    }
}
