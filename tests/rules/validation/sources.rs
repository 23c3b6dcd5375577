//! What stands behind a volume.

use bindery::Kind;
use serde_json::{Value, json};

use crate::validation::{SUBDOMAIN, assert_only, created};

/// The errors of a volume with nothing but this behind it.
fn source(source: Value) -> Vec<String> {
    annotated(source, json!({}))
}

fn annotated(mut source: Value, annotations: Value) -> Vec<String> {
    let sources = source.as_object_mut().unwrap();
    sources.entry("nfs").or_insert(Value::Null);
    created(Kind::PersistentVolume, json!({"metadata": {"annotations": annotations}, "spec": source}))
}

/// VALID-17: exactly one source.
#[test]
fn a_volume_has_exactly_one_source() {
    assert_eq!(source(json!({})), ["spec: Required value: must specify a volume type"]);
    let second = json!({"spec": {"hostPath": {"path": "/data"}}});
    let rule = "may not specify more than 1 volume type";
    assert_only(&created(Kind::PersistentVolume, second), &format!("spec.nfs: Forbidden: {rule}"));
}

/// VALID-23: the old annotation for mount options is refused where nothing is mounted with options.
#[test]
fn mount_options_by_annotation_are_for_some_sources_only() {
    let with = |source: Value| annotated(source, json!({"volume.beta.kubernetes.io/mount-options": "ro"}));
    let rule = "metadata.annotations.volume.beta.kubernetes.io/mount-options: Forbidden: may not specify mount options for \
                this volume type";
    assert_eq!(with(json!({"hostPath": {"path": "/data"}})), [rule]);
    assert_eq!(with(json!({"csi": {"driver": "csi.example.com", "volumeHandle": "v1"}})), [rule]);
    assert_eq!(with(json!({"fc": {"targetWWNs": ["a"], "lun": 1}})), [rule]);
    assert!(with(json!({"nfs": {"server": "s", "path": "/p"}})).is_empty());
}

/// VALID-25: paths of a node are there and do not climb.
#[test]
fn a_path_of_a_node_does_not_climb() {
    assert_eq!(source(json!({"hostPath": {"path": ""}})), ["spec.hostPath.path: Required value"]);
    let climbing = "spec.hostPath.path: Invalid value: \"/a/../b\": must not contain '..'";
    assert_eq!(source(json!({"hostPath": {"path": "/a/../b"}})), [climbing]);
    assert!(source(json!({"hostPath": {"path": "/a..b"}})).is_empty());
    let affinity = json!({"required": {"nodeSelectorTerms": [{}]}});
    let local = |path: &str| source(json!({"local": {"path": path}, "nodeAffinity": affinity}));
    assert_eq!(local(""), ["spec.local.path: Required value"]);
    assert_only(&local("/a/.."), "spec.local.path: Invalid value: \"/a/..\": must not contain '..'");
}

/// VALID-25: NFS has a server and an absolute path.
#[test]
fn an_nfs_export_has_a_server_and_an_absolute_path() {
    let nfs = |server: &str, path: &str| source(json!({"nfs": {"server": server, "path": path}}));
    assert_eq!(nfs("", "/p"), ["spec.nfs.server: Required value"]);
    let absolute = "spec.nfs.path: Invalid value: \"\": must be an absolute path";
    assert_eq!(nfs("s", ""), ["spec.nfs.path: Required value", absolute]);
    assert_eq!(nfs("s", "p"), ["spec.nfs.path: Invalid value: \"p\": must be an absolute path"]);
}

/// VALID-25: CSI has a driver, which is a DNS subdomain of at most 63 bytes whatever its case, and a handle.
#[test]
fn a_csi_volume_has_a_driver_and_a_handle() {
    let csi = |driver: &str, handle: &str| source(json!({"csi": {"driver": driver, "volumeHandle": handle}}));
    assert!(csi("CSI.example.com", "v1").is_empty(), "the case does not matter");
    assert_only(&csi("", "v1"), "spec.csi.driver: Required value");
    assert_eq!(csi("csi.example.com", ""), ["spec.csi.volumeHandle: Required value"]);
    assert_eq!(csi(&"a".repeat(64), "v1"), ["spec.csi.driver: Too long: may not be more than 63 bytes"]);
    assert_only(&csi("a_b", "v1"), &format!("spec.csi.driver: Invalid value: \"a_b\": {SUBDOMAIN}"));
}
