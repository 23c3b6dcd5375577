//! What is filled in where a manifest says nothing (`FIELD-*`).

use bindery::{BindingMode, Cluster, PersistentVolume, PersistentVolumeClaim, ReclaimPolicy, VolumeMode, to_yaml};

use crate::world::{class, object, quantity};

/// A volume of this spec, as it is stored. `spec` is the inside of a YAML map.
fn stored(spec: &str) -> PersistentVolume {
    let text = format!("{{apiVersion: v1, kind: PersistentVolume, metadata: {{name: pv}}, spec: {{{spec}}}}}");
    let mut cluster = Cluster::default();
    cluster.create(object(&text)).unwrap();
    cluster.volume("pv").unwrap().clone()
}

const BASE: &str = "capacity: {storage: 1Gi}, accessModes: [ReadWriteOnce]";

/// The source of a stored volume, as YAML.
fn source(source: &str) -> String {
    to_yaml(&stored(&format!("{BASE}, {source}")))
}

fn stored_claim(spec: &str) -> PersistentVolumeClaim {
    let text = format!(
        "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: data}}, spec: {{accessModes: [ReadWriteOnce], {spec}}}}}"
    );
    let mut cluster = Cluster::default();
    cluster.create(object(&text)).unwrap();
    cluster.claim("data").unwrap().clone()
}

/// FIELD-1, FIELD-2: a volume is retained and holds a file system.
#[test]
fn a_volume_is_retained_and_holds_a_file_system() {
    let spec = stored(&format!("{BASE}, nfs: {{server: s, path: /p}}")).spec;
    assert_eq!(
        (&spec.persistent_volume_reclaim_policy, &spec.volume_mode),
        (&ReclaimPolicy::Retain, &VolumeMode::Filesystem)
    );
    let empty = stored(&format!("{BASE}, nfs: {{server: s, path: /p}}, persistentVolumeReclaimPolicy: ''"));
    assert_eq!(empty.spec.persistent_volume_reclaim_policy, ReclaimPolicy::Retain);
}

/// FIELD-4: a claim asks for a file system.
#[test]
fn a_claim_asks_for_a_file_system() {
    assert_eq!(stored_claim("resources: {requests: {storage: 1Gi}}").spec.volume_mode, VolumeMode::Filesystem);
}

/// FIELD-6, FIELD-7: a class deletes, and binds at once.
#[test]
fn a_class_deletes_and_binds_at_once() {
    let mut cluster = Cluster::default();
    cluster
        .apply_yaml("{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: gold}, provisioner: a}")
        .unwrap();
    let class = cluster.class("gold").unwrap();
    assert_eq!(class.reclaim_policy, Some(ReclaimPolicy::Delete));
    assert_eq!(class.volume_binding_mode, Some(BindingMode::Immediate));
}

/// FIELD-8: quantities are rounded up to a thousandth, wherever they stand.
#[test]
fn quantities_are_rounded_up_to_a_thousandth() {
    let spec = stored("capacity: {storage: 1200u}, accessModes: [ReadWriteOnce], nfs: {server: s, path: /p}").spec;
    assert_eq!(spec.capacity.get("storage"), Some(&quantity("2m")));
    let claim = stored_claim("resources: {requests: {storage: 1n}, limits: {storage: 1001u}}");
    assert_eq!(claim.request(), quantity("1m"));
    assert_eq!(claim.spec.resources.limits.get("storage"), Some(&quantity("2m")));
    let mut cluster = Cluster::default();
    let status = "{capacity: {storage: 1n}, allocatedResources: {storage: 1n}}";
    let text = format!("{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: data}}, status: {status}}}");
    cluster.restore(object(&text)).unwrap();
    let status = &cluster.claim("data").unwrap().status;
    assert_eq!(status.capacity.get("storage"), Some(&quantity("1m")));
    assert_eq!(status.progress.allocated_resources.get("storage"), Some(&quantity("1m")));
}

/// FIELD-9, FIELD-10, FIELD-11, FIELD-12, FIELD-13: what sources fill in.
#[test]
fn sources_fill_in_what_they_leave_out() {
    let filled = |given: &str, fields: &[&str]| {
        let found = source(given);
        for field in fields {
            assert!(found.contains(field), "{given} lacks {field}:\n{found}");
        }
    };
    filled("hostPath: {path: /data}", &["type: \"\""]);
    filled(
        "iscsi: {targetPortal: '1.2.3.4', iqn: 'iqn.2015-02.example.com:test', lun: 1}",
        &["iscsiInterface: default"],
    );
    filled("rbd: {monitors: [a], image: b}", &["pool: rbd", "user: admin", "keyring: /etc/ceph/keyring"]);
    let disk = "azureDisk: {diskName: a, diskURI: 'https://blob/a'}";
    filled(disk, &["cachingMode: ReadWrite", "fsType: ext4", "readOnly: false", "kind: Shared"]);
    let scale = "scaleIO: {gateway: a, system: b, volumeName: c, secretRef: {name: d}}";
    filled(scale, &["storageMode: ThinProvisioned", "fsType: xfs"]);
    filled(
        "rbd: {monitors: [a], image: b, pool: mine, user: me, keyring: /k}",
        &["pool: mine", "user: me", "keyring: /k"],
    );
}

/// FIELD-14: what is not filled in.
#[test]
fn classes_expansion_and_references_have_no_default() {
    let spec = stored(&format!("{BASE}, nfs: {{server: s, path: /p}}")).spec;
    assert!(spec.claim_ref.is_none() && spec.storage_class_name.is_empty());
    assert_eq!(stored_claim("resources: {requests: {storage: 1Gi}}").spec.storage_class_name, None);
    let mut cluster = Cluster::default();
    cluster.create(class("gold")).unwrap();
    assert_eq!(cluster.class("gold").unwrap().allow_volume_expansion, None);
    let modes = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}}";
    cluster.restore(object(modes)).unwrap();
    assert!(cluster.claim("data").unwrap().spec.access_modes.is_empty());
}

/// FIELD-15: how the text of a quantity in a manifest is read, and what is printed again.
#[test]
fn a_quantity_is_read_and_printed_as_the_api_does() {
    let printed = |text: &str| {
        let text = format!(
            "{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: data}}, \
             spec: {{resources: {{requests: {{storage: {text}}}}}}}}}"
        );
        let mut cluster = Cluster::default();
        cluster.restore(object(&text)).unwrap();
        cluster.claim("data").unwrap().request().to_string()
    };
    for (text, expected) in [
        ("' 5Gi '", "5Gi"),
        ("5", "5"),
        ("1.5", "1500m"),
        ("null", "0"),
        ("'Gi'", "0"),
        ("'k'", "0"),
        ("'-'", "0"),
        ("'.'", "0"),
        ("8Ei", "9223372036854775807"),
        ("100Ei", "9223372036854775807"),
        ("100E", "100E"),
        ("1n", "1m"),
        ("'5.Gi'", "5.Gi"),
        ("'+5Gi'", "+5Gi"),
        ("'1e3'", "1e3"),
        ("1024Mi", "1Gi"),
        ("0.1Gi", "107374182400m"),
    ] {
        assert_eq!(printed(text), expected, "{text}");
    }
}
