//! The plugins of the controller manager, and those of a script (`PLUG-*`).

use bindery::volume_source::LocalVolumeSource;
use bindery::{
    Behaviour, Cluster, Config, Kind, PersistentVolume, PersistentVolumeClaim, Plugin, ReclaimPolicy, Sources,
    StorageClass, Text, VolumeMode, VolumeSource,
};

use crate::deleting::outcome;
use crate::world::{
    ClaimState, Metadata, PROVISIONED_BY, RWO, RWX, claim, emitted, host_path, pvc, quantity, released, restored_into,
    seconds, wait,
};

/// What becomes of a released volume in a cluster with these plugins.
fn outcome_with(plugins: Vec<Plugin>, left: PersistentVolume) -> String {
    let mut config = Config::default();
    config.plugins = plugins;
    let mut cluster = restored_into(Cluster::new(config), [left.into()]);
    cluster.settle().unwrap();
    outcome(&cluster)
}

fn stock() -> Vec<Plugin> {
    Config::default().plugins
}

fn local() -> VolumeSource {
    VolumeSource::from(LocalVolumeSource { path: "/mnt/disk".into(), ..LocalVolumeSource::default() })
}

/// PLUG-1: no other plugin is registered than host path and NFS.
#[test]
fn only_host_path_and_nfs_are_registered() {
    let names: Vec<String> = stock().iter().map(|plugin| plugin.name().to_owned()).collect();
    assert_eq!(names, ["kubernetes.io/host-path", "kubernetes.io/nfs"]);
    let left = |policy| released(policy).with_source(local());
    let error = "error getting deleter volume plugin for volume \"pv\": no volume plugin matched";
    assert_eq!(outcome_with(stock(), left(ReclaimPolicy::Delete)), format!("Failed: {error}"));
    let error = "No recycler plugin found for the volume!";
    assert_eq!(outcome_with(stock(), left(ReclaimPolicy::Recycle)), format!("Failed: {error}"));
    for (source, policy, expected) in [
        (host_path("/data"), ReclaimPolicy::Recycle, "Available"),
        (host_path("/tmp/data"), ReclaimPolicy::Delete, "gone"),
    ] {
        assert_eq!(outcome_with(stock(), released(policy).with_source(source)), expected);
    }
    assert_eq!(outcome_with(stock(), released(ReclaimPolicy::Recycle)), "Available", "NFS");
}

/// PLUG-2: by its source, a volume has one plugin, none or too many.
#[test]
fn a_source_has_one_plugin_or_none_or_too_many() {
    let plugin = |name: &str| Plugin::new(name, Sources::Keys(vec!["nfs"])).deletes(Behaviour::Succeed);
    let with = |plugins| outcome_with(plugins, released(ReclaimPolicy::Delete));
    let error = |text: &str| format!("Failed: error getting deleter volume plugin for volume \"pv\": {text}");
    assert_eq!(with(vec![plugin("a")]), "gone");
    assert_eq!(with(vec![]), error("no volume plugin matched"));
    assert_eq!(with(vec![plugin("b"), plugin("a")]), error("multiple volume plugins matched: b,a"));
    assert_eq!(with(vec![Plugin::new("a", Sources::All)]), error("no deletable volume plugin matched"));
}

/// PLUG-3: by its name, a plugin is missing or cannot do it.
#[test]
fn a_plugin_of_a_name_is_missing_or_cannot_do_it() {
    let with = |name: &str| outcome_with(stock(), released(ReclaimPolicy::Delete).annotated(PROVISIONED_BY, name));
    assert_eq!(with("kubernetes.io/gone"), "Failed: no volume plugin matched name: kubernetes.io/gone");
    assert_eq!(with("kubernetes.io/nfs"), "Failed: no deletable volume plugin matched");
}

/// A cluster in which host paths are provisioned, with a claim of such a class.
fn provisioned(asking: PersistentVolumeClaim) -> Cluster {
    let mut config = Config::default();
    config.plugins = vec![Plugin::host_path(true), Plugin::nfs()];
    let class = StorageClass::new("gold", "kubernetes.io/host-path");
    let mut cluster = restored_into(Cluster::new(config), [class.into(), asking.with_class("gold").into()]);
    cluster.settle().unwrap();
    cluster
}

/// PLUG-4: a provisioned host path has exactly what was asked for, below `/tmp`, and goes with its claim.
#[test]
fn a_provisioned_host_path_has_what_was_asked_for() {
    let mut cluster = provisioned(claim("data", "1300m").asking_for([RWX, RWO]));
    let made = cluster.volume("pvc-uid-data").unwrap();
    assert_eq!(made.capacity(), quantity("1300m"));
    assert_eq!(made.spec.access_modes.iter().collect::<Vec<_>>(), [RWX, RWO]);
    assert_eq!(made.spec.persistent_volume_reclaim_policy, ReclaimPolicy::Delete);
    assert_eq!(made.spec.volume_mode, VolumeMode::Filesystem);
    let creator = made.metadata.annotations.get("kubernetes.io/createdby").map(Text::as_str);
    assert_eq!(creator, Some("hostpath-dynamic-provisioner"));
    let Some(VolumeSource::HostPath(source)) = made.spec.sources.iter().next() else { panic!("{made:?}") };
    assert!(source.path.starts_with("/tmp/hostpath_pv/"), "{}", source.path);
    cluster.delete(&pvc("data")).unwrap();
    cluster.settle().unwrap();
    assert!(cluster.volume("pvc-uid-data").is_none());
}

/// PLUG-4: no block devices.
#[test]
fn a_host_path_is_no_block_device() {
    let cluster = provisioned(claim("data", "1Gi").for_block());
    let text = "Warning ProvisioningFailed Failed to provision volume with StorageClass \"gold\": kubernetes.io/host-path \
                does not support block volume provisioning";
    assert_eq!(emitted(&cluster, &pvc("data")), [text]);
}

/// PLUG-5: a host path is deleted only below `/tmp`.
#[test]
fn a_host_path_is_deleted_only_below_tmp() {
    let with = |path: &str| outcome_with(stock(), released(ReclaimPolicy::Delete).with_source(host_path(path)));
    for path in ["/tmp/data", "/var/tmp/data", "/tmp//"] {
        assert_eq!(with(path), "gone", "{path}");
    }
    for path in ["/data", "/tmp", "/tmp/", "/tmpdata"] {
        let error = format!("host_path deleter only supports /tmp/.+ but received provided {path}");
        assert_eq!(with(path), format!("Failed: {error}"));
    }
}

/// PLUG-7: a plugin can be scripted, call by call, for each of its abilities.
#[test]
fn a_plugin_follows_its_script() {
    let script = || Behaviour::Sequence(vec![Behaviour::Fail("first".into())], Box::new(Behaviour::Succeed));
    let plugin = || Plugin::new("kubernetes.io/disk", Sources::All);
    assert_eq!(outcome_with(vec![plugin().deletes(script())], released(ReclaimPolicy::Delete)), "Failed: first");
    let labelled = released(ReclaimPolicy::Delete).with_labels([("fails", "by-label")]);
    let by_label = || plugin().deletes(Behaviour::FailByLabel("fails".into()));
    assert_eq!(outcome_with(vec![by_label()], labelled), "Failed: by-label");
    assert_eq!(outcome_with(vec![by_label()], released(ReclaimPolicy::Delete)), "gone");
    let recycled = |behaviour| outcome_with(vec![plugin().recycles(behaviour)], released(ReclaimPolicy::Recycle));
    assert_eq!(recycled(Behaviour::Hang), "Released");
    assert_eq!(recycled(Behaviour::Succeed), "Available");
    let class = StorageClass::new("gold", "kubernetes.io/disk");
    let mut config = Config::default();
    config.plugins = vec![plugin().provisions(script(), host_path("/data"))];
    let objects = [class.into(), claim("data", "1Gi").with_class("gold").into()];
    let mut cluster = restored_into(Cluster::new(config), objects);
    cluster.settle().unwrap();
    assert_eq!(cluster.count(Kind::PersistentVolume), 0);
    wait(&mut cluster, seconds(15));
    assert_eq!(cluster.count(Kind::PersistentVolume), 1);
}
