//! Volumes, drivers and files.

use std::time::Duration;

use bindery::{Calls, Cluster, Config, CsiProvisioner, Kind, Location, NfsSubdirProvisioner, StatusCode, VolumeSource};

use crate::{add, claim, class, delete, node, pod, settled, volume};

/// A cluster with a driver that is set up in some way, and with a class `fast` of it.
fn with_driver(name: &str, set: impl FnOnce(&mut CsiProvisioner)) -> Cluster {
    let mut driver = CsiProvisioner::new(name);
    set(&mut driver);
    let mut config = Config::default();
    config.drivers.push(Box::new(driver));
    let mut cluster = Cluster::new(config);
    add(&mut cluster, &class("fast", name, ""));
    cluster
}

#[test]
fn a_host_path_without_a_node_is_wiped_and_destroyed_on_the_first_one() {
    // A cluster recycles and deletes on whatever node the pod for it, or the controller, happens to run.
    for policy in ["Recycle", "Delete"] {
        let mut cluster = settled(&(node("n2") + &node("n1") + &volume("pv", policy, "hostPath: {path: /tmp/data}")));
        for name in ["n1", "n2"] {
            cluster.write_file(&Location::on_node(name, "/tmp/data"), "x", "1").unwrap();
        }
        add(&mut cluster, &claim("data", "", ""));
        delete(&mut cluster, Kind::PersistentVolumeClaim, "data");
        let is_left = |node: &str| cluster.contents().read(&Location::on_node(node, "/tmp/data"), "x").is_some();
        assert_eq!((is_left("n1"), is_left("n2")), (false, true), "{policy}");
    }
}

#[test]
fn a_provisioner_serves_any_number_of_claims_at_once() {
    // A real one has a hundred threads by default.
    let mut cluster = with_driver("csi.example.com", |driver| {
        driver.provision = Calls::after(Duration::from_secs(5));
    });
    for number in 0..150 {
        add(&mut cluster, &claim(&format!("data-{number}"), "fast", ""));
    }
    cluster.advance(Duration::from_secs(5)).unwrap();
    assert_eq!(cluster.volumes().count(), 150);
}

#[test]
fn a_provisioner_looks_at_everything_at_multiples_of_fifteen_minutes() {
    // A real one counts from its own start.
    let mut driver = NfsSubdirProvisioner::new("nfs", "10.0.0.1", "/exports");
    driver.provision = Calls::failing(StatusCode::Internal, "disk full", None);
    let mut cluster = Cluster::default();
    cluster.elapse(Duration::from_secs(100));
    cluster.set_driver(Box::new(driver));
    add(&mut cluster, &(class("slow", "nfs", "") + &claim("data", "slow", "")));
    cluster.advance(Duration::from_hours(4)).unwrap();
    let tries = cluster.journal().iter().filter_map(|entry| match entry {
        bindery::JournalEntry::Event { time, event } if event.reason == "ProvisioningFailed" => Some(time.as_secs()),
        _ => None,
    });
    let last: Vec<u64> = tries.skip(16).collect();
    assert!(!last.is_empty() && last.iter().all(|time| time % 900 == 0), "{last:?}");
}

#[test]
fn a_provisioner_goes_by_the_name_of_its_driver() {
    // A real one adds the name of its host and a random number, as the source of events.
    let mut cluster = with_driver("csi.example.com", |_| {});
    add(&mut cluster, &claim("data", "fast", ""));
    let events = cluster.events().into_iter().filter(|record| record.event.reason == "ProvisioningSucceeded");
    assert_eq!(events.map(|record| record.event.source.as_str().to_owned()).collect::<Vec<_>>(), ["csi.example.com"]);
}

#[test]
fn secrets_of_classes_are_not_looked_for() {
    let mut cluster = with_driver("csi.example.com", |_| {});
    let parameters = "parameters: {csi.storage.k8s.io/provisioner-secret-name: absent, \
                      csi.storage.k8s.io/provisioner-secret-namespace: default}";
    add(&mut cluster, &(class("secret", "csi.example.com", parameters) + &claim("data", "secret", "")));
    assert!(!cluster.claim("data").unwrap().spec.volume_name.is_empty());
}

#[test]
fn sources_of_copies_get_no_finalizer() {
    // A real provisioner protects the source with one for as long as it copies.
    let mut cluster = with_driver("csi.example.com", |driver| driver.clones = true);
    add(&mut cluster, &claim("data", "fast", ""));
    let before = cluster.claim("data").unwrap().metadata.finalizers.clone();
    let begun = cluster.journal().len();
    add(&mut cluster, &claim("copy", "fast", "dataSource: {kind: PersistentVolumeClaim, name: data}"));
    assert!(!cluster.claim("copy").unwrap().spec.volume_name.is_empty());
    assert_eq!(cluster.claim("data").unwrap().metadata.finalizers, before);
    let written = cluster.journal().since(begun).filter_map(|entry| entry.write()).filter_map(|write| write.object());
    assert!(written.map(|object| object.metadata().name.as_str()).all(|name| name != "data"));
}

#[test]
fn volumes_of_migrated_classes_have_a_csi_source() {
    // A real provisioner translates them back into the source of the old plugin.
    let mut cluster = with_driver("ebs.csi.aws.com", |_| {});
    add(&mut cluster, &(class("gp2", "kubernetes.io/aws-ebs", "") + &claim("data", "gp2", "")));
    let volume = cluster.volume(&cluster.claim("data").unwrap().spec.volume_name.clone()).unwrap();
    assert!(matches!(volume.spec.sources.first(), Some(VolumeSource::Csi(_))), "{:?}", volume.spec.sources);
}

#[test]
fn a_directory_without_files_is_in_nobodys_way() {
    // On a real export the directory below it would be left, and keep the next archive from being renamed to its name.
    let mut cluster = Cluster::default();
    cluster.set_driver(Box::new(NfsSubdirProvisioner::new("nfs", "10.0.0.1", "/exports")));
    let pattern = "parameters: {pathPattern: 'same', archiveOnDelete: 'true'}";
    add(&mut cluster, &(class("shared", "nfs", pattern) + &claim("data", "shared", "")));
    let archive = Location::nfs("10.0.0.1", "/exports/archived-same");
    cluster.write_file(&archive, "below/x", "1").unwrap();
    cluster.remove_file(&archive, "below/x").unwrap();
    assert!(cluster.contents().is_empty(&archive));
    cluster.write_file(&*cluster.claim("data").unwrap().spec.volume_name.clone(), "y", "2").unwrap();
    delete(&mut cluster, Kind::PersistentVolumeClaim, "data");
    assert_eq!(cluster.volumes().count(), 0, "nothing stopped the deletion");
    assert_eq!(cluster.contents().read(&archive, "y").unwrap(), "2");
}

#[test]
fn volumes_of_plugins_that_were_taken_over_do_not_count_towards_limits() {
    let limited = "---\n{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {name: n1}, spec: {drivers: [{name: \
                   ebs.csi.aws.com, nodeID: n1, topologyKeys: [], allocatable: {count: 1}}]}}\n";
    let mut cluster = settled(&(node("n1") + limited));
    for (number, source) in
        ["csi: {driver: ebs.csi.aws.com, volumeHandle: vol-0}", "awsElasticBlockStore: {volumeID: vol-1}"]
            .into_iter()
            .enumerate()
    {
        let (pv, data) = (format!("pv-{number}"), format!("data-{number}"));
        add(&mut cluster, &(volume(&pv, "Retain", source) + &claim(&data, "", "")));
        let volumes = format!("volumes: [{{name: v, persistentVolumeClaim: {{claimName: {data}}}}}]");
        add(&mut cluster, &pod(&format!("web-{number}"), "", &volumes));
        assert_eq!(cluster.pod(format!("web-{number}").as_str()).unwrap().spec.node_name, "n1");
    }
}

#[test]
fn files_of_config_maps_and_secrets_are_those_of_now() {
    // A kubelet brings changes after a while, never below a subPath, and keeps what was deleted.
    let config = |text: &str| {
        format!("---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: cfg}}, data: {{a: {text}}}}}\n")
    };
    let web = pod("web", "n1", "volumes: [{name: cfg, configMap: {name: cfg}}]").replace(
        "image: nginx",
        "image: nginx, volumeMounts: [{name: cfg, mountPath: /all}, {name: cfg, mountPath: /one, subPath: a}]",
    );
    let mut cluster = settled(&(node("n1") + &config("old") + &web));
    let read = |cluster: &Cluster, path: &str| cluster.read_in_pod("web", None, path).ok().map(|text| text.to_string());
    assert_eq!(read(&cluster, "/one").as_deref(), Some("old"));
    add(&mut cluster, &config("new"));
    assert_eq!(["/all/a", "/one"].map(|path| read(&cluster, path)), ["new", "new"].map(|text| Some(text.to_owned())));
    delete(&mut cluster, Kind::ConfigMap, "cfg");
    assert_eq!(["/all/a", "/one"].map(|path| read(&cluster, path)), [None, None]);
}
