//! Texts: noise, words of YAML in any order, and good manifests with a few mistakes.

use proptest::prelude::*;
use proptest::sample::Index;

/// Good manifests, of every kind of object and of every form.
pub(crate) const GOOD: [&str; 6] = [
    "\
apiVersion: v1
items:
- apiVersion: v1
  kind: Node
  metadata:
    annotations:
      note: kubelet has no disk pressure
      image: nginx:1.25
    name: node
  status:
    conditions:
    - message: kubelet has no disk pressure
      status: \"True\"
      type: Ready
kind: List
metadata:
  resourceVersion: \"\"
",
    "\
# A comment comes first.
apiVersion: v1
kind: PersistentVolume
metadata:
  name: pv-1
  labels: {tier: gold, \"on\": 'yes'}
spec:
  capacity:
    storage: 5Gi
  accessModes: [ReadWriteOnce, ReadOnlyMany]
  persistentVolumeReclaimPolicy: Delete
  storageClassName: \"\"
  nfs: {server: nfs.example.com, path: /exports/1, readOnly: false}
  nodeAffinity:
    required:
      nodeSelectorTerms:
      - matchExpressions:
        - {key: zone, operator: In, values: [a, b]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
  annotations:
    note: |
      several
       lines
spec:
  accessModes:
  - ReadWriteOnce
  resources: {requests: {storage: 1}}
  selector:
    matchLabels: {tier: gold}
",
    "\
kind: List
apiVersion: v1
items:
- &volume
  apiVersion: v1
  kind: PersistentVolume
  metadata: {name: pv-1}
  spec: &spec
    capacity: {storage: 0x40000000}
    accessModes: [ReadWriteMany]
    hostPath: {path: /tmp/1}
- <<: *volume
  metadata: {name: pv-2}
  spec:
    <<: [*spec, {volumeMode: Block}]
    claimRef: {name: data, namespace: shop}
",
    "\
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: slow}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
parameters: {iops: \"100\"}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: other}
spec: {holderIdentity: nobody}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: nginx
        volumeMounts: [{name: www, mountPath: /www}]
  volumeClaimTemplates:
  - metadata: {name: www}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1.5Gi}}}
",
    r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "shop"},
   "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "8Gi"}}, "volumeName": "pv-1"}},
  {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node", "labels": {"zone": "a"}}}
]}"#,
    r#"{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}}
{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
 "spec": {"containers": [{"name": "web", "image": "nginx"}],
          "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}}"#,
];

/// Words that mean something to YAML, to JSON or to Kubernetes.
const WORDS: [&str; 52] = [
    "---",
    "...",
    "- ",
    "? ",
    ": ",
    ", ",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "<<: *a",
    "!!str ",
    "!!int ",
    "!local ",
    "%YAML 1.1\n",
    "|",
    ">",
    "|+2\n",
    "'",
    "\"",
    "#",
    "\n",
    "\n  ",
    "\n    ",
    "\t",
    "\r\n",
    "~",
    "null",
    "yes",
    "1_000",
    "0777",
    "0x1F",
    "0b11",
    "1e400",
    ".inf",
    "-9223372036854775809",
    "18446744073709551616",
    "1e-7",
    "1Gi",
    "metadata",
    "name",
    "spec",
    "apiVersion: v1\n",
    "kind: PersistentVolume\n",
    "items",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\0",
    "é",
];

fn words() -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(&WORDS[..])
}

/// Bytes of any kind, as much of them as is text.
fn noise() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<u8>(), 0..200).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

fn word_salad() -> impl Strategy<Value = String> {
    prop::collection::vec(words(), 0..40).prop_map(|words| words.concat())
}

/// A small change to a text. Places are chosen among its characters or its lines.
#[derive(Clone, Debug)]
enum Change {
    Insert(Index, &'static str),
    Remove(Index, u8),
    RepeatLine(Index, Index),
    RemoveLine(Index),
    Indent(Index, u8),
    ReplaceWord(Index, &'static str),
    Truncate(Index),
}

fn changes() -> impl Strategy<Value = Change> {
    let place = any::<Index>;
    prop_oneof![
        3 => (place(), words()).prop_map(|(at, word)| Change::Insert(at, word)),
        2 => (place(), 1..12_u8).prop_map(|(at, length)| Change::Remove(at, length)),
        3 => (place(), place()).prop_map(|(line, to)| Change::RepeatLine(line, to)),
        2 => place().prop_map(Change::RemoveLine),
        1 => (place(), 0..6_u8).prop_map(|(line, width)| Change::Indent(line, width)),
        3 => (place(), words()).prop_map(|(at, word)| Change::ReplaceWord(at, word)),
        1 => place().prop_map(Change::Truncate),
    ]
}

impl Change {
    fn apply(&self, text: &str) -> String {
        let boundary = |index: &Index| {
            let mut at = index.index(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        match self {
            Self::Insert(at, word) => {
                let (before, after) = text.split_at(boundary(at));
                format!("{before}{word}{after}")
            }
            Self::Remove(at, length) => {
                let (before, after) = text.split_at(boundary(at));
                let rest: String = after.chars().skip(usize::from(*length)).collect();
                format!("{before}{rest}")
            }
            Self::RepeatLine(line, to) => {
                let line = line.get(&lines).clone();
                lines.insert(to.index(lines.len() + 1), line);
                lines.join("\n")
            }
            Self::RemoveLine(line) => {
                lines.remove(line.index(lines.len()));
                lines.join("\n")
            }
            Self::Indent(line, width) => {
                let line = line.get_mut(&mut lines);
                *line = format!("{}{}", " ".repeat(usize::from(*width)), line.trim_start());
                lines.join("\n")
            }
            Self::ReplaceWord(at, word) => {
                let (before, after) = text.split_at(boundary(at));
                let start = before.rfind([' ', '\n', '[', '{', '"']).map_or(0, |place| place + 1);
                let end = after.find([' ', '\n', ',', ']', '}', '"', ':']).unwrap_or(after.len());
                format!("{}{word}{}", &before[..start], &after[end..])
            }
            Self::Truncate(at) => text[..boundary(at)].to_owned(),
        }
    }
}

/// A good manifest with some changes, or with none.
pub(crate) fn nearly_good() -> impl Strategy<Value = String> {
    (prop::sample::select(&GOOD[..]), prop::collection::vec(changes(), 0..4))
        .prop_map(|(text, changes)| changes.iter().fold(text.to_owned(), |text, change| change.apply(&text)))
}

/// Any text.
pub(crate) fn texts() -> impl Strategy<Value = String> {
    prop_oneof![1 => noise(), 2 => word_salad(), 6 => nearly_good()]
}
