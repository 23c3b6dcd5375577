//! What is said about mistakes: where, at which field, against which rule, and all of them at once.

use bindery::{Cluster, Reader, Strictness};

/// What a cluster says about a text, line by line.
fn refusal(text: &str) -> Vec<String> {
    let mut cluster = Cluster::default();
    let error = cluster.apply(text, &Reader::new().source("file.yaml")).expect_err("a bad manifest");
    assert_eq!(cluster.journal().len(), 0, "nothing is applied");
    error.to_string().lines().map(str::to_owned).collect()
}

#[test]
fn every_problem_of_every_document_is_named_with_its_line_and_its_path() {
    let text = "\
apiVersion: v1
kind: PersistentVolume
metadata:
  name: pv-1
  label: {a: b}
spec:
  capacity: {storage: ten}
  accessModes: ReadWriteOnce
  accessModes: [ReadWriteOnce]
  hostPath:
    path: [/tmp]
---
# The second one is good.
apiVersion: v1
kind: Node
metadata: {name: node}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata: {name: a, name: b}
  spec:
    resources:
      requests: {storage: 1Gi, storage: 2Gi}
    selector:
      matchExpressions:
      - {key: a, operator: In, values: [1, b, true]}
      - 5
";
    assert_eq!(
        refusal(text),
        [
            "file.yaml: document 1, line 5: unknown field \"metadata.label\"",
            "file.yaml: document 1, line 7: spec.capacity.storage: quantities must match the regular expression \
             '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
            "file.yaml: document 1, line 9: duplicate field \"spec.accessModes\"",
            "file.yaml: document 1, line 11: spec.hostPath.path: expected a string, found a list",
            "file.yaml: document 3, line 23: duplicate field \"items[0].metadata.name\"",
            "file.yaml: document 3, line 26: duplicate field \"items[0].spec.resources.requests.storage\"",
            "file.yaml: document 3, line 29: spec.selector.matchExpressions[0].values[0]: expected a string, found a number",
            "file.yaml: document 3, line 29: spec.selector.matchExpressions[0].values[2]: expected a string, found a boolean",
            "file.yaml: document 3, line 30: spec.selector.matchExpressions[1]: expected a map (LabelSelectorRequirement), found a number",
        ]
    );
}

/// What the API server has to say stands at the field that it names: it names the labels and the modes as a whole.
#[test]
fn a_refusal_of_the_api_server_stands_at_its_line() {
    let text = "\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Node
  metadata: {name: good}
- apiVersion: v1
  kind: PersistentVolumeClaim
  metadata:
    name: Data
    labels:
      example.com/a: good
      example.com/b: -bad-
  spec:
    accessModes:
    - ReadWriteOnce
    - ReadWriteTwice
    resources:
      requests:
        storage: -1Gi
";
    let places: Vec<String> =
        refusal(text).iter().map(|line| line.split(": ").nth(1).unwrap_or("").to_owned()).collect();
    assert_eq!(
        places,
        ["document 1, line 10", "document 1, line 11", "document 1, line 15", "document 1, line 18"],
        "{:#?}",
        refusal(text)
    );
}

#[test]
fn a_mistake_of_the_syntax_is_named_with_its_document_and_line() {
    let node = "apiVersion: v1\nkind: Node\nmetadata: {name: a}\n";
    let cases = [
        (format!("{node}---\n---\n{node}  spec: {{}}\n"), "file.yaml: document 3, line 9: "),
        (format!("{node}---\nmetadata: {{name: a\n---\n{node}"), "file.yaml: document 2, line "),
        (format!("{node}# ---\ndata: |\n  ---\n  text\n---\n{node}\ttab: a\n"), "file.yaml: document 2, line 12: "),
        ("{\"a\": 1}\n{\"a\": 2}\n{\"a\": ]}\n".to_owned(), "file.yaml: document 3, line 3: "),
    ];
    for (text, expected) in cases {
        let found = refusal(&text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{found:#?}, expected {expected}");
    }
}

#[test]
fn a_document_that_is_no_object_is_named() {
    let cases = [
        ("5\n", "file.yaml: document 1, line 1: an object is expected, with apiVersion, kind and metadata"),
        ("- a\n", "file.yaml: document 1, line 1: an object is expected, with apiVersion, kind and metadata"),
        ("kind: Node\n", "file.yaml: document 1, line 1: apiVersion is not set, or is no string"),
        ("apiVersion: v1\nmetadata: {}\n", "file.yaml: document 1, line 1: kind is not set, or is no string"),
        ("apiVersion: v1\nkind: 5\n", "file.yaml: document 1, line 1: kind is not set, or is no string"),
        (
            "kind: StorageClass\napiVersion: v1\n",
            "file.yaml: document 1, line 2: no kind \"StorageClass\" is registered for version \"v1\"",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(text), [expected], "{text}");
    }
}

/// A list that is wrong in many places gets a bounded answer, and so does one in which nulls stand for objects.
#[test]
fn a_manifest_full_of_mistakes_gets_all_of_them_up_to_a_bound() {
    let head = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: a}\nspec:\n  accessModes:\n";
    let few = format!("{head}{}", "  - {}\n".repeat(20));
    assert_eq!(refusal(&few).len(), 20);
    let many = format!("{head}{}", "  - {}\n".repeat(1000));
    let found = refusal(&many).len();
    assert!((20..1000).contains(&found), "{found}");
    let nulls = format!("{head}  - ~\n  - 5\n  mountOptions: {{}}\n");
    assert!(refusal(&nulls).len() >= 2, "{:#?}", refusal(&nulls));
}

#[test]
fn a_repeated_field_counts_as_the_api_server_counts_it_where_it_is_let_pass() {
    let text =
        "apiVersion: v1\nkind: Node\nmetadata: {name: a, labels: {a: '1', b: '1'}}\nmetadata: {labels: {a: '2'}}\n";
    let manifest = Reader::new().strictness(Strictness::Warn).read(text).expect("let pass");
    let labels = &manifest.documents[0].object.metadata().labels;
    let labels: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(labels, ["a=2", "b=1"]);
    assert_eq!(manifest.documents[0].object.metadata().name, "a");
    assert_eq!(manifest.warnings.len(), 1);
    assert_eq!(manifest.warnings[0].to_string(), "document 1, line 4: duplicate field \"metadata\"");
}
