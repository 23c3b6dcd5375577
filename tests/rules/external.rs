//! The choice of who makes a volume, and asking an external provisioner (`PROV-1` to `PROV-10`).

use bindery::{
    Behaviour, BindingMode, Cluster, Config, Fault, Kind, PersistentVolume, PersistentVolumeClaim, Plugin, Sources,
    StorageClass, Text, Verb,
};

use crate::world::{
    BETA_CLASS, BETA_STORAGE_PROVISIONER, MIGRATED_TO, Metadata, SELECTED_NODE, STORAGE_PROVISIONER, claim, class,
    count, emitted, has_annotation, host_path, pvc, restored, restored_into, rules, run_queues, seconds, volume, wait,
};

const MISSING: &str = "Warning ProvisioningFailed storageclass.storage.k8s.io \"gold\" not found";

/// A stock cluster with a class of this provisioner and a claim of it.
fn asking(provisioner: &str) -> Cluster {
    let class = StorageClass::new("gold", provisioner);
    restored([class.into(), claim("data", "1Gi").with_class("gold").into()])
}

/// What an external provisioner of this name is asked with.
fn waiting_for(provisioner: &str) -> String {
    format!(
        "Normal ExternalProvisioning Waiting for a volume to be created either by the external provisioner \
         '{provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the \
         provisioner is running and correctly registered."
    )
}

/// PROV-1: where provisioning is switched off nothing happens, in silence.
#[test]
fn provisioning_can_be_switched_off() {
    let mut config = Config::default();
    config.dynamic_provisioning = false;
    let objects = [class("gold").into(), claim("data", "1Gi").with_class("gold").into()];
    let mut cluster = restored_into(Cluster::new(config), objects);
    let before = cluster.journal().len();
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(cluster.journal().len(), before);
}

/// PROV-2: a class that is missing is a warning at every sync, and no failure.
#[test]
fn a_missing_class_is_told_at_every_sync() {
    let mut cluster = restored([claim("data", "1Gi").with_class("gold").into()]);
    for number in 1..4 {
        cluster.sync(&pvc("data")).unwrap();
        assert_eq!(count(&cluster, "ProvisioningFailed"), number);
    }
    assert_eq!(emitted(&cluster, &pvc("data")).last().map(String::as_str), Some(MISSING));
}

/// PROV-2: the name of a class is quoted as Go does it; nobody has checked that of the annotation.
#[test]
fn the_name_of_a_missing_class_is_quoted() {
    let mut cluster = restored([claim("data", "1Gi").annotated(BETA_CLASS, "fast\u{a0}").into()]);
    cluster.sync(&pvc("data")).unwrap();
    let text = r#"Warning ProvisioningFailed storageclass.storage.k8s.io "fast\u00a0" not found"#;
    assert_eq!(emitted(&cluster, &pvc("data")), [text]);
}

/// PROV-3, PROV-8, MIG-5: what a driver took over is asked of the driver, and the claim is not marked as migrated.
#[test]
fn a_migrated_provisioner_is_asked_by_the_name_of_its_driver() {
    let mut cluster = asking("kubernetes.io/aws-ebs");
    cluster.sync(&pvc("data")).unwrap();
    let annotations = &cluster.claim("data").unwrap().metadata.annotations;
    assert_eq!(annotations.get(STORAGE_PROVISIONER).map(Text::as_str), Some("ebs.csi.aws.com"));
    assert!(!annotations.contains_key(MIGRATED_TO));
    assert_eq!(emitted(&cluster, &pvc("data")), [waiting_for("ebs.csi.aws.com")]);
}

/// PROV-4, PROV-5: a plugin of the name makes the volume, whatever the name; without one it is asked for outside.
#[test]
fn a_plugin_of_the_name_is_asked_before_anybody_outside() {
    let plugin = || Plugin::new("example.com/disk", Sources::All).provisions(Behaviour::Succeed, host_path("/data"));
    for (plugins, expected) in [(vec![plugin()], "ProvisioningSucceeded"), (vec![], "ExternalProvisioning")] {
        let mut config = Config::default();
        config.plugins = plugins;
        let objects = [class("gold").into(), claim("data", "1Gi").with_class("gold").into()];
        let mut cluster = restored_into(Cluster::new(config), objects);
        cluster.sync(&pvc("data")).unwrap();
        assert_eq!(count(&cluster, expected), 1);
    }
}

/// PROV-6, PROV-7, PLUG-3: an in-tree name without a plugin, or with one that cannot provision.
#[test]
fn an_in_tree_name_without_a_provisioner_is_told_of() {
    let told = |provisioner: &str| {
        let mut cluster = asking(provisioner);
        cluster.sync(&pvc("data")).unwrap();
        assert!(!has_annotation(cluster.claim("data").unwrap(), STORAGE_PROVISIONER));
        emitted(&cluster, &pvc("data"))
    };
    let none = "Warning ProvisioningFailed no volume plugin matched name: kubernetes.io/no-provisioner";
    assert_eq!(told("kubernetes.io/no-provisioner"), [none]);
    assert_eq!(told("kubernetes.io/nfs"), ["Warning ProvisioningFailed no provisionable volume plugin matched"]);
    let delayed = StorageClass::new("gold", "kubernetes.io/no-provisioner");
    let delayed = delayed.with_binding_mode(BindingMode::WaitForFirstConsumer);
    let selected = claim("data", "1Gi").with_class("gold").annotated(SELECTED_NODE, "node-1");
    let mut cluster = restored([delayed.into(), selected.into()]);
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(emitted(&cluster, &pvc("data")), [none], "in a delayed class, once a node is selected");
}

/// PROV-9: both annotations are written at once, and only if the newer one says something else.
#[test]
fn the_provisioner_is_written_on_the_claim() {
    let annotated = |start: &[(&str, &str)]| {
        let asking = claim("data", "1Gi").with_class("gold");
        let asking = start.iter().fold(asking, |claim, (key, value)| claim.annotated(key, value));
        let mut cluster = restored([class("gold").into(), asking.into()]);
        let before = cluster.journal().len();
        cluster.sync(&pvc("data")).unwrap();
        let annotations = &cluster.claim("data").unwrap().metadata.annotations;
        let value = |key: &str| annotations.get(key).map(ToString::to_string).unwrap_or_default();
        (value(STORAGE_PROVISIONER), value(BETA_STORAGE_PROVISIONER), rules(&cluster, before).len())
    };
    let disk = "example.com/disk".to_owned();
    assert_eq!(annotated(&[]), (disk.clone(), disk.clone(), 1));
    assert_eq!(
        annotated(&[(STORAGE_PROVISIONER, "other"), (BETA_STORAGE_PROVISIONER, "other")]),
        (disk.clone(), disk.clone(), 1)
    );
    assert_eq!(
        annotated(&[(STORAGE_PROVISIONER, "example.com/disk")]),
        (disk.clone(), String::new(), 0),
        "the older is left out"
    );
    assert_eq!(annotated(&[(BETA_STORAGE_PROVISIONER, "example.com/disk")]), (disk.clone(), disk, 1));
}

/// PROV-9, OP-5: a claim that cannot be written is told of, and asking backs off.
#[test]
fn a_claim_that_cannot_be_written_backs_off() {
    let mut cluster = asking("example.com/disk");
    let kind = Kind::PersistentVolumeClaim;
    cluster.inject(Fault::ServerError { verb: Verb::Update, kind, message: "no".into() });
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(emitted(&cluster, &pvc("data")), ["Warning ProvisioningFailed Error saving claim: no"]);
    cluster.sync(&pvc("data")).unwrap();
    assert!(!has_annotation(cluster.claim("data").unwrap(), STORAGE_PROVISIONER), "it is too early");
    wait(&mut cluster, seconds(15));
    assert!(has_annotation(cluster.claim("data").unwrap(), STORAGE_PROVISIONER));
}

/// PROV-10: the wait is told at every sync, twice right away because the annotation queues the claim again.
#[test]
fn an_external_provisioner_is_announced_at_every_sync() {
    let mut cluster = asking("example.com/disk");
    run_queues(&mut cluster);
    let text = waiting_for("example.com/disk");
    assert_eq!(emitted(&cluster, &pvc("data")), [text.clone(), text]);
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(count(&cluster, "ExternalProvisioning"), 3, "it never counts as failed");
}

/// PROV-23: no volume is made for a claim that names one, finds one, or has no class.
#[test]
fn nothing_is_provisioned_for_a_claim_that_needs_nothing_made() {
    let asked = |asking: PersistentVolumeClaim, volumes: &[PersistentVolume]| {
        let mut cluster = restored([class("gold").into(), class("").into(), asking.into()]);
        for volume in volumes {
            cluster.restore(volume.clone()).unwrap();
        }
        cluster.settle().unwrap();
        has_annotation(cluster.claim("data").unwrap(), STORAGE_PROVISIONER)
    };
    let gold = || claim("data", "1Gi").with_class("gold");
    assert!(asked(gold(), &[]), "or else it would be");
    assert!(!asked(gold().with_volume("pv"), &[]));
    assert!(!asked(gold(), &[volume("pv", "5Gi").with_class("gold")]));
    assert!(!asked(claim("data", "1Gi").with_class(""), &[]));
    assert!(!asked(claim("data", "1Gi"), &[]));
}
