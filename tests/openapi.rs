//! Conversions from and to the types of `k8s-openapi`, in version 1.36 of the API.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bindery::scenario::Scenario;
use bindery::synthetic::Synthetic;
use bindery::{
    AccessMode, ClaimPhase, Cluster, ConversionError, Kind, Object, PersistentVolume, PersistentVolumeClaim, Reader,
    Strictness,
};
use k8s_openapi::api::{apps, core, storage};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta;

/// What becomes of an object that is converted and converted back, and of what it was in between when that is converted
/// twice more.
fn there_and_back(object: &Object) -> Result<(Object, bool), ConversionError> {
    macro_rules! convert {
        ($($kind:ident: $theirs:path,)*) => {
            match object {
                $( Object::$kind(own) => {
                    let there = <$theirs>::try_from(&**own)?;
                    let back = bindery::$kind::try_from(&there)?;
                    let again = <$theirs>::try_from(&back)?;
                    Ok((Object::$kind(Arc::new(back)), again == there))
                } )*
                other => panic!("{other} is of a new kind"),
            }
        };
    }
    convert! {
        PersistentVolume: core::v1::PersistentVolume,
        PersistentVolumeClaim: core::v1::PersistentVolumeClaim,
        StorageClass: storage::v1::StorageClass,
        VolumeAttributesClass: storage::v1::VolumeAttributesClass,
        StatefulSet: apps::v1::StatefulSet,
        Pod: core::v1::Pod,
        Node: core::v1::Node,
        Deployment: apps::v1::Deployment,
        ReplicaSet: apps::v1::ReplicaSet,
        ControllerRevision: apps::v1::ControllerRevision,
        Service: core::v1::Service,
        ConfigMap: core::v1::ConfigMap,
        Secret: core::v1::Secret,
        ResourceQuota: core::v1::ResourceQuota,
        Namespace: core::v1::Namespace,
        CsiDriver: storage::v1::CSIDriver,
        CsiNode: storage::v1::CSINode,
        CsiStorageCapacity: storage::v1::CSIStorageCapacity,
    }
}

/// Every YAML file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let is_yaml = |path: &Path| path.extension().is_some_and(|extension| extension == "yaml");
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    paths.into_iter().flat_map(below).filter(|path| is_yaml(path)).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The objects of a manifest without fields that the API does not have, which the types cannot hold.
fn read(text: &str) -> Vec<Object> {
    read_with(text, Strictness::Warn)
}

fn read_with(text: &str, strictness: Strictness) -> Vec<Object> {
    let manifest = Reader::new().strictness(strictness).read(text).expect("a manifest");
    manifest.documents.into_iter().map(|document| document.object).collect()
}

fn all(cluster: &Cluster) -> Vec<Object> {
    Kind::ALL.iter().flat_map(|kind| cluster.objects(*kind)).collect()
}

/// Whatever the fixtures say, and what becomes of it.
fn objects() -> Vec<Object> {
    let mut found = read(&fs::read_to_string(root().join("tests/kinds/objects.yaml")).expect("text"));
    for path in files(&root().join("fixtures")) {
        let text = fs::read_to_string(&path).expect("text");
        if Scenario::is_in(&text) {
            let beside = |file: &str| fs::read_to_string(path.parent().expect("a folder").join(file));
            for scenario in Scenario::read("scenario", &text, beside).expect("a scenario") {
                found.extend(all(&scenario.run().expect("a scenario that holds")));
            }
        } else {
            found.extend(read(&text));
        }
    }
    let mut cluster = Cluster::default();
    for object in Synthetic::new(300, 200, 1).objects() {
        cluster.create(object).expect("a good object");
    }
    cluster.settle().expect("it comes to rest");
    found.extend(all(&cluster));
    found
}

#[test]
fn what_the_fixtures_say_and_become_goes_there_and_back() {
    let mut seen: BTreeMap<Kind, usize> = BTreeMap::new();
    for object in objects() {
        *seen.entry(object.kind()).or_default() += 1;
        let (back, same) = there_and_back(&object).unwrap_or_else(|error| panic!("{object}: {error}"));
        assert_eq!(bindery::to_yaml(&back), bindery::to_yaml(&object));
        assert!(same, "{object}");
    }
    let missing: Vec<&Kind> = Kind::ALL.iter().filter(|kind| !seen.contains_key(kind)).collect();
    assert_eq!(missing, [&Kind::VolumeAttributesClass], "which has a test of its own");
}

/// Objects of the recordings, good and bad ones, as they were sent and as they were stored.
#[test]
fn what_was_recorded_goes_there_and_back() {
    let text = fs::read_to_string(root().join("fixtures/conformance/objects.jsonl")).expect("text");
    let mut converted = 0;
    for line in text.lines() {
        let case: serde_json::Value = serde_json::from_str(line).expect("JSON");
        for object in [&case["object"], &case["stored"]].into_iter().filter(|object| object.is_object()) {
            // What has unknown fields or values of the wrong type is no object of the API.
            let Ok(manifest) = Reader::new().read(&object.to_string()) else {
                continue;
            };
            for document in manifest.documents {
                let (back, same) = there_and_back(&document.object).unwrap_or_else(|error| panic!("{line}: {error}"));
                assert_eq!(bindery::to_yaml(&back), bindery::to_yaml(&document.object), "{line}");
                assert!(same, "{line}");
                converted += 1;
            }
        }
    }
    assert!(converted > 100, "{converted}");
}

#[test]
fn an_attributes_class_goes_there_and_back() {
    let class = storage::v1::VolumeAttributesClass {
        driver_name: "disk.example.com".to_owned(),
        metadata: meta::v1::ObjectMeta { name: Some("gold".to_owned()), ..Default::default() },
        parameters: Some([("iops".to_owned(), "9000".to_owned())].into()),
    };
    let own = bindery::VolumeAttributesClass::try_from(&class).expect("a class");
    assert_eq!(own.parameters.get("iops").map(bindery::Text::as_str), Some("9000"));
    assert_eq!(storage::v1::VolumeAttributesClass::try_from(&own).expect("a class"), class);
}

/// A volume as a tool builds it.
fn volume(capacity: &str) -> core::v1::PersistentVolume {
    core::v1::PersistentVolume {
        metadata: meta::v1::ObjectMeta { name: Some("pv-1".to_owned()), ..Default::default() },
        spec: Some(core::v1::PersistentVolumeSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            capacity: Some([("storage".to_owned(), Quantity(capacity.to_owned()))].into()),
            nfs: Some(core::v1::NFSVolumeSource {
                server: "nfs.example.com".to_owned(),
                path: "/exports/1".to_owned(),
                read_only: None,
            }),
            ..Default::default()
        }),
        status: None,
    }
}

#[test]
fn what_a_tool_has_binds_and_comes_back() {
    let mut cluster = Cluster::default();
    cluster.create(PersistentVolume::try_from(volume("10Gi")).expect("a volume")).expect("a good volume");
    let claim =
        PersistentVolumeClaim::new("default", "data", "8Gi".parse().expect("a size"), [AccessMode::ReadWriteOnce]);
    cluster.create(claim).expect("a good claim");
    cluster.settle().expect("it comes to rest");
    let claim = cluster.claim("data").expect("a claim");
    assert_eq!(claim.status.phase, ClaimPhase::Bound);
    let theirs = core::v1::PersistentVolumeClaim::try_from(claim).expect("a claim");
    assert_eq!(theirs.spec.as_ref().and_then(|spec| spec.volume_name.as_deref()), Some("pv-1"));
    let status = theirs.status.expect("a status");
    assert_eq!(
        (status.phase.as_deref(), status.capacity),
        (Some("Bound"), Some([("storage".to_owned(), Quantity("10Gi".to_owned()))].into()))
    );
}

#[test]
fn what_the_api_fills_in_when_it_reads_is_filled_in() {
    let own = PersistentVolume::try_from(&volume("10Gi")).expect("a volume");
    let back = core::v1::PersistentVolume::try_from(&own).expect("a volume");
    let spec = back.spec.expect("a spec");
    assert_eq!(spec.persistent_volume_reclaim_policy.as_deref(), Some("Retain"));
    assert_eq!(spec.volume_mode.as_deref(), Some("Filesystem"));
    assert_eq!(back.status.expect("a status").phase.as_deref(), Some("Pending"));
}

#[test]
fn what_is_no_value_of_the_api_is_refused_with_its_path() {
    let error = PersistentVolume::try_from(&volume("ten")).expect_err("no quantity");
    assert!(error.to_string().contains("spec.capacity.storage"), "{error}");
}

#[test]
fn fields_that_the_model_does_not_know_are_kept_and_those_that_the_types_do_not_know_are_lost() {
    let mut node: core::v1::Node = serde_json::from_str(r#"{"metadata": {"name": "n"}}"#).expect("a node");
    node.status = Some(core::v1::NodeStatus { phase: Some("Running".to_owned()), ..Default::default() });
    let own = bindery::Node::try_from(&node).expect("a node");
    let back = core::v1::Node::try_from(&own).expect("a node");
    assert_eq!((back.metadata, back.status), (node.metadata, node.status));
    let tomorrow = "{apiVersion: v1, kind: Node, metadata: {name: n1}, tomorrow: soon}";
    let odd = read_with(tomorrow, Strictness::Keep).remove(0);
    let (back, _) = there_and_back(&odd).expect("a node");
    assert!(bindery::to_yaml(&odd).contains("tomorrow") && !bindery::to_yaml(&back).contains("tomorrow"));
}

#[test]
fn what_has_another_shape_does_not_fit() {
    let mut pod = bindery::Pod::default();
    pod.status.qos_class = bindery::Json::Bool(true);
    let error = core::v1::Pod::try_from(&pod).expect_err("a class is a text");
    let cause = "invalid type: boolean `true`, expected a string";
    assert_eq!(error.to_string(), format!("a Pod does not fit the types of k8s-openapi: {cause}"));
}
