//! Addresses and ports of Services.

use bindery::{Cluster, Kind, Service};

use crate::{cluster, object};

fn service(name: &str, spec: &str) -> String {
    format!("{{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, spec: {{{spec}}}}}")
}

fn create(cluster: &mut Cluster, name: &str, spec: &str) -> Result<Service, String> {
    let created = cluster.create(object(&service(name, spec))).map_err(|error| error.to_string())?.object;
    let bindery::Object::Service(service) = created else { panic!("{created}") };
    Ok((*service).clone())
}

fn addresses(service: &Service) -> Vec<&str> {
    service.spec.cluster_ips.iter().map(AsRef::as_ref).collect()
}

#[test]
fn addresses_are_given_out_in_order_and_not_twice() {
    let mut cluster = cluster();
    let one = create(&mut cluster, "one", "ports: [{port: 80}]").unwrap();
    assert_eq!(addresses(&one), ["10.96.1.1"]);
    assert_eq!(one.spec.cluster_ip, "10.96.1.1");
    assert_eq!(one.spec.ip_family_policy.as_deref(), Some("SingleStack"));
    assert_eq!(one.spec.ip_families.iter().map(AsRef::as_ref).collect::<Vec<&str>>(), ["IPv4"]);
    let two = create(&mut cluster, "two", "ports: [{port: 80}]").unwrap();
    assert_eq!(addresses(&two), ["10.96.1.2"]);
    cluster.delete(&Kind::Service.named("two")).unwrap();
    let three = create(&mut cluster, "three", "ports: [{port: 80}]").unwrap();
    assert_eq!(addresses(&three), ["10.96.1.3"], "an address that became free is not given out at once");
}

#[test]
fn a_service_that_is_refused_takes_no_address() {
    let mut cluster = cluster();
    create(&mut cluster, "bad", "ports: [{port: 0}]").unwrap_err();
    let good = create(&mut cluster, "good", "ports: [{port: 80}]").unwrap();
    assert_eq!(addresses(&good), ["10.96.1.1"]);
}

#[test]
fn an_address_can_be_asked_for_once() {
    let mut cluster = cluster();
    let one = create(&mut cluster, "one", "clusterIP: 10.96.0.10, ports: [{port: 53}]").unwrap();
    assert_eq!(addresses(&one), ["10.96.0.10"]);
    assert_eq!(
        create(&mut cluster, "two", "clusterIP: 10.96.0.10, ports: [{port: 53}]").unwrap_err(),
        "Service \"two\" is invalid: spec.clusterIPs: Invalid value: [\"10.96.0.10\"]: failed to allocate IP 10.96.0.10: \
         provided IP is already allocated"
    );
    assert_eq!(
        create(&mut cluster, "far", "clusterIP: 192.168.0.1, ports: [{port: 53}]").unwrap_err(),
        "Service \"far\" is invalid: spec.clusterIPs: Invalid value: [\"192.168.0.1\"]: failed to allocate IP 192.168.0.1: \
         the provided network does not match the current range"
    );
}

#[test]
fn a_headless_service_has_no_address() {
    let mut cluster = cluster();
    let headless = create(&mut cluster, "db", "clusterIP: None, selector: {app: db}").unwrap();
    assert!(headless.is_headless());
    assert_eq!(addresses(&headless), ["None"]);
    assert_eq!(headless.spec.ip_families.len(), 1);
    let unselected = create(&mut cluster, "any", "clusterIP: None").unwrap();
    assert_eq!(unselected.spec.ip_family_policy.as_deref(), Some("RequireDualStack"));
    assert_eq!(unselected.spec.ip_families.len(), 2);
}

#[test]
fn an_alias_has_no_address() {
    let alias = create(&mut cluster(), "db", "type: ExternalName, externalName: db.example.com.").unwrap();
    assert!(addresses(&alias).is_empty());
    assert_eq!(alias.spec.ip_family_policy, None);
}

#[test]
fn ports_of_nodes_are_given_out_and_shared_by_the_protocols_of_a_port() {
    let mut cluster = cluster();
    let ports = "type: NodePort, ports: [{name: a, port: 53}, {name: b, port: 53, protocol: UDP}, {name: c, port: 80}]";
    let dns = create(&mut cluster, "dns", ports).unwrap();
    assert_eq!(dns.spec.ports.iter().map(|port| port.node_port).collect::<Vec<_>>(), [30000, 30000, 30001]);
    assert_eq!(
        create(&mut cluster, "web", "type: NodePort, ports: [{port: 80, nodePort: 30001}]").unwrap_err(),
        "Service \"web\" is invalid: spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated"
    );
    assert_eq!(
        create(&mut cluster, "web", "type: NodePort, ports: [{port: 80, nodePort: 80}]").unwrap_err(),
        "Service \"web\" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The \
         range of valid ports is 30000-32767"
    );
}

#[test]
fn applying_a_service_again_changes_nothing() {
    let mut cluster = cluster();
    let manifest = service("web", "type: NodePort, selector: {app: web}, ports: [{port: 80}]");
    cluster.apply_yaml(&manifest).unwrap();
    let before = cluster.get(&Kind::Service.named("default/web"));
    cluster.apply_yaml(&manifest).unwrap();
    assert_eq!(cluster.get(&Kind::Service.named("default/web")), before);
    let key = Kind::Service.named("web");
    cluster.replace(&key, object(&manifest)).unwrap();
    let bindery::Object::Service(service) = cluster.get(&Kind::Service.named("default/web")).unwrap() else { panic!() };
    assert_eq!(service.spec.cluster_ip, "10.96.1.1", "a PUT that names no address keeps it");
    assert_eq!(service.spec.ports[0].node_port, 30000);
}

#[test]
fn what_a_new_type_does_not_need_goes() {
    let mut cluster = cluster();
    cluster.apply_yaml(&service("web", "type: NodePort, ports: [{port: 80}]")).unwrap();
    cluster.apply_yaml(&service("web", "type: ClusterIP, ports: [{port: 80}]")).unwrap();
    let bindery::Object::Service(web) = cluster.get(&Kind::Service.named("default/web")).unwrap() else { panic!() };
    assert_eq!((web.spec.ports[0].node_port, web.spec.external_traffic_policy.as_str()), (0, ""));
    cluster.apply_yaml(&service("web", "type: ExternalName, externalName: example.com")).unwrap();
    let bindery::Object::Service(web) = cluster.get(&Kind::Service.named("default/web")).unwrap() else { panic!() };
    assert!(addresses(&web).is_empty());
    assert_eq!(
        create(&mut cluster, "other", "ports: [{port: 80}]").unwrap().spec.cluster_ip,
        "10.96.1.2",
        "the next one is given out"
    );
}

#[test]
fn the_address_of_a_service_does_not_change() {
    let mut cluster = cluster();
    cluster.apply_yaml(&service("web", "ports: [{port: 80}]")).unwrap();
    let manifest = service("web", "clusterIP: 10.96.0.20, clusterIPs: [10.96.0.20], ports: [{port: 80}]");
    let error = cluster.replace(&Kind::Service.named("web"), object(&manifest)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Service \"web\" is invalid: spec.clusterIPs[0]: Invalid value: [\"10.96.0.20\"]: may not change once set"
    );
}
