//! A rich object of every kind keeps everything when it is read, stored and written; a field that the API does not
//! have is refused wherever it stands.

use bindery::{Kind, Manifest, Reader, to_yaml};

use crate::{KINDS, cluster};

const OBJECTS: &str = include_str!("objects.yaml");

fn read(text: &str) -> Manifest {
    Reader::new().read(text).unwrap()
}

#[test]
fn the_examples_hold_every_kind() {
    let manifest = read(OBJECTS);
    for kind in KINDS.into_iter().chain([Kind::Node, Kind::Pod]) {
        assert!(manifest.documents.iter().any(|document| document.object.kind() == kind), "there is no {kind}");
    }
}

#[test]
fn every_object_is_written_as_it_was_read() {
    for (document, text) in read(OBJECTS).documents.iter().zip(OBJECTS.split("---\n")) {
        let without_comments: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(to_yaml(&document.object).trim_end(), without_comments.join("\n"), "{}", document.object);
    }
}

#[test]
fn every_object_is_stored_and_read_again() {
    let mut cluster = cluster();
    for document in read(OBJECTS).documents {
        let stored = cluster.create(document.object).unwrap().object;
        let again = read(&to_yaml(&stored));
        assert_eq!(again.documents[0].object, stored);
    }
}

#[test]
fn a_status_and_an_unknown_field_survive_a_restore() {
    let mut cluster = cluster();
    let reader = Reader::new().strictness(bindery::Strictness::Keep);
    for document in reader.read(&OBJECTS.replace("\nmetadata:\n", "\nmetadata:\n  novel: 1\n")).unwrap().documents {
        let restored = cluster.restore(document.object.clone()).unwrap();
        assert!(to_yaml(&restored).contains("novel: 1"), "{restored}");
    }
    let bindery::Object::Node(node) = cluster.get(&Kind::Node.named("worker")).unwrap() else { panic!() };
    assert_eq!(node.condition("Ready").unwrap().reason, "KubeletReady");
    assert_eq!(node.status.volumes_attached[0].name, "kubernetes.io/csi/disk.example.com^v1");
}

#[test]
fn unknown_fields_are_refused_wherever_they_stand() {
    let cases = [
        (
            "kind: Deployment\nmetadata: {name: a}\nspec: {strategy: {rollingUpdate: {maxSurges: 1}}}",
            "spec.strategy.rollingUpdate.maxSurges",
        ),
        (
            "kind: ReplicaSet\nmetadata: {name: a}\nspec: {template: {spec: {volumes: [{name: v, emptyDir: {size: 1}}]}}}",
            "spec.template.spec.volumes[0].emptyDir.size",
        ),
        ("kind: ControllerRevision\nmetadata: {name: a}\ndata: {any: thing}\nnumber: 1", "number"),
        ("kind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80, nodeport: 1}]}", "spec.ports[0].nodeport"),
        ("kind: ConfigMap\nmetadata: {name: a}\nspec: {}", "spec"),
        ("kind: Secret\nmetadata: {name: a}\nstringdata: {a: b}", "stringdata"),
        (
            "kind: ResourceQuota\nmetadata: {name: a}\nspec: {scopeSelector: {matchExpressions: [{scope: x}]}}",
            "spec.scopeSelector.matchExpressions[0].scope",
        ),
        ("kind: Namespace\nmetadata: {name: a}\nstatus: {conditions: [{kind: x}]}", "status.conditions[0].kind"),
        (
            "kind: CSIDriver\nmetadata: {name: a}\nspec: {tokenRequests: [{audiences: []}]}",
            "spec.tokenRequests[0].audiences",
        ),
        ("kind: CSINode\nmetadata: {name: a}\nspec: {drivers: [{id: x}]}", "spec.drivers[0].id"),
        ("kind: CSIStorageCapacity\nmetadata: {name: a}\nnodeTopology: {matchLabel: {}}", "nodeTopology.matchLabel"),
        ("kind: Node\nmetadata: {name: a}\nstatus: {conditions: [{types: x}]}", "status.conditions[0].types"),
        (
            "kind: Pod\nmetadata: {name: a}\nspec: {volumes: [{name: v, projected: {sources: [{secret: {secretName: s}}]}}]}",
            "spec.volumes[0].projected.sources[0].secret.secretName",
        ),
    ];
    for (text, path) in cases {
        let kind = Kind::parse(text.lines().next().unwrap().trim_start_matches("kind: ")).unwrap();
        let text = format!("apiVersion: {}\n{text}\n", kind.api_version());
        let error = Reader::new().read(&text).unwrap_err();
        assert_eq!(error.problems.len(), 1, "{error}");
        assert_eq!(error.problems[0].rule, format!("unknown field {path:?}"));
    }
}

#[test]
fn values_of_a_wrong_type_are_refused() {
    let cases = [
        (
            "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {key: \"a?b\"}}",
            "illegal base64 data at input byte 1",
        ),
        ("{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {key: YQ}}", "illegal base64 data at input byte 2"),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {port: 80}}", "found a number"),
        (
            "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {strategy: {rollingUpdate: {maxSurge: true}}}}",
            "an integer or a string",
        ),
        (
            "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80, targetPort: 5000000000}]}}",
            "no integer of 32 bits",
        ),
    ];
    for (text, rule) in cases {
        let error = Reader::new().read(text).unwrap_err().to_string();
        assert!(error.contains(rule), "{error}");
    }
}

#[test]
fn kinds_have_the_names_that_kubectl_knows() {
    let names = [
        ("deploy", Kind::Deployment),
        ("rs", Kind::ReplicaSet),
        ("controllerrevisions", Kind::ControllerRevision),
        ("svc", Kind::Service),
        ("cm", Kind::ConfigMap),
        ("secrets", Kind::Secret),
        ("quota", Kind::ResourceQuota),
        ("ns", Kind::Namespace),
        ("csidriver", Kind::CsiDriver),
        ("CSINode", Kind::CsiNode),
        ("csistoragecapacities", Kind::CsiStorageCapacity),
    ];
    for (name, kind) in names {
        assert_eq!(Kind::parse(name), Some(kind), "{name}");
    }
    assert_eq!(Kind::parse(""), None);
    assert_eq!(Kind::CsiDriver.short_name(), None);
    assert_eq!(Kind::CsiDriver.qualified_name(), "csidriver.storage.k8s.io");
}
