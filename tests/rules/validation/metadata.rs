//! Names, namespaces, finalizers and what an update of metadata may change.

use bindery::{Kind, PersistentVolume};
use serde_json::json;

use crate::validation::{SUBDOMAIN, assert_only, created, errors, patched, quiet, updated};
use crate::world::{json as parsed, object, pv, pvc, seconds, volume};

const KINDS: [Kind; 3] = [Kind::PersistentVolume, Kind::PersistentVolumeClaim, Kind::StorageClass];

/// VALID-1: names are DNS subdomains, and there must be one.
#[test]
fn a_name_is_a_dns_subdomain() {
    for kind in KINDS {
        for name in ["Data", "a_b", "-a", "a..b", &"a".repeat(254)] {
            let errors = created(kind, json!({"metadata": {"name": name}}));
            assert!(errors.iter().all(|error| error.starts_with("metadata.name: Invalid value: ")), "{errors:?}");
            assert!(!errors.is_empty(), "{kind} {name}");
        }
        let errors = created(kind, json!({"metadata": {"name": "Data"}}));
        assert_only(&errors, &format!("metadata.name: Invalid value: \"Data\": {SUBDOMAIN}"));
        assert!(created(kind, json!({"metadata": {"name": "a.b-c.9"}})).is_empty());
        let missing = created(kind, json!({"metadata": {"name": null}}));
        assert_eq!(missing, ["metadata.name: Required value: name or generateName is required"]);
    }
}

/// VALID-2: a namespace on what has none is cleared, one that differs from that of the request is refused, and that of
/// a claim is a DNS label.
#[test]
fn a_namespace_fits_the_kind_and_the_request() {
    for kind in [Kind::PersistentVolume, Kind::StorageClass] {
        let mut cluster = quiet();
        let sent = object(&patched(kind, json!({"metadata": {"namespace": "No Such"}})).to_string());
        let stored = cluster.create(sent).unwrap().object;
        assert_eq!(stored.metadata().namespace, "");
    }
    let mut cluster = quiet();
    cluster
        .create(object(&patched(Kind::PersistentVolumeClaim, json!({"metadata": {"namespace": null}})).to_string()))
        .unwrap();
    assert_eq!(cluster.claim("default/data").unwrap().metadata.namespace, "default");
    let mut elsewhere = cluster.claim("data").unwrap().clone();
    elsewhere.metadata.namespace = "shop".into();
    let error = cluster.replace(&pvc("data"), elsewhere).unwrap_err().to_string();
    assert_eq!(error, "the namespace of the provided object does not match the namespace sent on the request");
    let errors = created(Kind::PersistentVolumeClaim, json!({"metadata": {"namespace": "My_Shop"}}));
    assert_only(&errors, "metadata.namespace: Invalid value: \"My_Shop\": a lowercase RFC 1123 label must ");
    let errors = created(Kind::PersistentVolumeClaim, json!({"metadata": {"namespace": "my.shop"}}));
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("must not contain dots"), "{errors:?}");
}

/// VALID-3: a finalizer has a domain, unless it is one of the standard ones.
#[test]
fn a_finalizer_has_a_domain_or_is_a_standard_one() {
    for kind in KINDS {
        let with = |finalizer: &str| created(kind, json!({"metadata": {"finalizers": ["a.io/b", finalizer]}}));
        let rule = "name is neither a standard finalizer name nor is it fully qualified";
        assert_eq!(with("mine"), [format!("metadata.finalizers[1]: Invalid value: \"mine\": {rule}")]);
        for good in ["example.com/mine", "kubernetes", "orphan", "foregroundDeletion"] {
            assert!(with(good).is_empty(), "{good}");
        }
        assert!(!with("example.com/a b").is_empty());
    }
}

/// VALID-4: once deletion was requested finalizers only go.
#[test]
fn a_terminating_object_gets_no_new_finalizer() {
    let terminating =
        json!({"metadata": {"deletionTimestamp": "2024-01-01T00:00:00Z", "finalizers": ["a.io/b", "a.io/c"]}});
    for kind in KINDS {
        let change = |finalizers: serde_json::Value| {
            updated(kind, terminating.clone(), json!({"metadata": {"finalizers": finalizers}}))
        };
        let rule =
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{\"x.io/y\"}";
        assert_eq!(change(json!(["a.io/b", "x.io/y"])), [format!("metadata.finalizers: Forbidden: {rule}")]);
        assert!(change(json!(["a.io/c"])).is_empty());
        let living = json!({"metadata": {"finalizers": ["a.io/b"]}});
        assert!(updated(kind, living, json!({"metadata": {"finalizers": ["a.io/b", "x.io/y"]}})).is_empty());
    }
}

/// VALID-5: the name is that of the URL.
#[test]
fn an_update_keeps_the_name() {
    let mut cluster = quiet();
    cluster.restore(volume("pv", "1Gi")).unwrap();
    let mut renamed = volume("other", "1Gi");
    renamed.metadata.uid = "".into();
    let error = cluster.replace(&pv("pv"), renamed).unwrap_err().to_string();
    assert_eq!(error, "the name of the object (other) does not match the name on the URL (pv)");
}

/// VALID-5: what an update says of creation and generation is ignored, a uid that it leaves out is filled in, another
/// one is refused, and a deletion can neither be set nor taken back.
#[test]
fn an_update_cannot_change_what_the_server_sets() {
    let mut cluster = quiet();
    cluster.create(PersistentVolume::new("pv", "1Gi".parse().unwrap(), [crate::world::RWO])).unwrap();
    cluster.advance(seconds(60)).unwrap();
    let stored = cluster.volume("pv").unwrap().metadata.clone();
    let mut change = |text: &str| errors(cluster.patch(&pv("pv"), &parsed(text)));
    assert!(change(r#"{"metadata": {"creationTimestamp": null, "generation": 9, "labels": {"a": "b"}}}"#).is_empty());
    assert!(change(r#"{"metadata": {"uid": null, "labels": {"a": "c"}}}"#).is_empty());
    assert_only(&change(r#"{"metadata": {"uid": "another"}}"#), "metadata.uid: Invalid value: \"another\": ");
    let errors = change(r#"{"metadata": {"deletionTimestamp": "2024-01-01T00:00:00Z"}}"#);
    assert_only(&errors, "metadata.deletionTimestamp: Invalid value: ");
    assert!(errors[0].ends_with(": field is immutable"), "{errors:?}");
    let found = &cluster.volume("pv").unwrap().metadata;
    assert_eq!(
        (found.creation_timestamp, found.generation, &found.uid),
        (stored.creation_timestamp, stored.generation, &stored.uid)
    );
    cluster.patch(&pv("pv"), &parsed(r#"{"metadata": {"finalizers": ["a.io/b"]}}"#)).unwrap();
    cluster.delete(&pv("pv")).unwrap();
    cluster.patch(&pv("pv"), &parsed(r#"{"metadata": {"deletionTimestamp": null}}"#)).unwrap();
    assert!(cluster.volume("pv").unwrap().metadata.is_deleting(), "it is kept");
}
