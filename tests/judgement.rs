//! Runs what the program says of clusters: exit codes, the shape of its JSON, and what it does with real dumps.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// What a run printed, and how it ended.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run_with(arguments: &[&str], input: &str) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bindery"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that does not read its input closes it.
    let _ = child.stdin.take().expect("an input").write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().expect("the program ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Run { code: status.code(), out: text(stdout), err: text(stderr) }
}

fn run(arguments: &[&str]) -> Run {
    run_with(arguments, "")
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn dump() -> String {
    std::fs::read_to_string("fixtures/dumps/shop.yaml").expect("the dump")
}

#[test]
fn a_dump_of_a_real_cluster_is_read_with_a_count_of_what_was_passed_over() {
    let explained = run_with(&["explain", "-", "shop/reports", "--no-edits"], &dump());
    assert_eq!(
        explained.err,
        "note: passed over 1 CustomResourceDefinition, 1 Database, 1 Event: bindery does not simulate these kinds\n"
    );
    assert_eq!(explained.code, Some(0));
    assert!(
        explained.out.starts_with(
            "PersistentVolumeClaim shop/reports is Pending: storageclass.storage.k8s.io \"gp33\" not found, and no volume of \
             that class fits (did you mean gp3?).\n"
        ),
        "{}",
        explained.out
    );
    let bound = run_with(&["explain", "-", "pvc/shop/data-db-0"], &dump());
    assert!(bound.out.contains("Pod shop/db-0 is Running on node ip-10-0-1-23.eu-central-1.compute.internal.\n"));
}

#[test]
fn a_dump_stays_as_it_is_when_the_controllers_run() {
    let run = run_with(&["get", "pv,pvc", "-", "--drivers", "absent"], &dump());
    assert!(run.out.contains("persistentvolumeclaim/data-db-0   Bound "), "{}", run.out);
    assert!(run.out.contains("persistentvolumeclaim/reports     Pending "), "{}", run.out);
    let unchanged = run_with(&["diff", "-"], &dump());
    let changed: Vec<&str> = unchanged.out.lines().filter(|line| !line.starts_with(' ')).collect();
    assert_eq!((unchanged.code, changed.join("\n").as_str()), (Some(0), ""), "{}", unchanged.out);
}

#[test]
fn the_json_of_an_explanation_has_a_fixed_shape() {
    let run = run(&["explain", "fixtures/questions/1-no-class", "data", "-o", "json"]);
    let explanation = json(&run.out);
    let keys: Vec<&String> = explanation.as_object().expect("a map").keys().collect();
    assert_eq!(keys, ["asks", "claim", "edits", "events", "hints", "phase", "state", "volumes"]);
    assert_eq!(explanation["state"], serde_json::json!({"state": "noVolume"}));
    assert_eq!(
        explanation["volumes"]["groups"][0],
        serde_json::json!({
            "rule": "tooSmall", "largest": "5Gi", "volume": "pv-small", "otherwiseFits": true,
            "count": 1, "otherwiseFitting": 1, "example": "pv-small",
        })
    );
    assert_eq!(
        explanation["volumes"]["nearest"][0]["mismatches"][0],
        serde_json::json!({"rule": "class", "offered": "fast", "requested": ""})
    );
    assert_eq!(
        explanation["edits"][0]["steps"][0],
        serde_json::json!({
            "action": "patch", "object": "pvc/default/data", "patch": {"spec": {"storageClassName": "fast"}},
        })
    );
    let everything = run_many(&["explain", "fixtures/questions/9-volume-name", "-o", "json"]);
    assert_eq!(everything.as_array().map(Vec::len), Some(4));
}

fn run_many(arguments: &[&str]) -> Value {
    json(&run(arguments).out)
}

#[test]
fn what_does_not_exist_is_an_error_with_a_suggestion() {
    let run = run(&["explain", "fixtures/mysql", "mypcv"]);
    let expected = "Error: persistentvolumeclaims \"default/mypcv\" not found; did you mean default/mypvc?\n";
    assert_eq!((run.code, run.err.as_str()), (Some(2), expected));
    let node = run_err(&["explain", "fixtures/mysql", "node/n1"]);
    assert_eq!(node, (Some(2), "Error: a Node is not explained, only claims, volumes and pods\n".to_owned()));
}

fn run_err(arguments: &[&str]) -> (Option<i32>, String) {
    let run = run(arguments);
    (run.code, run.err)
}

#[test]
fn a_check_ends_with_what_it_found() {
    let code = |input: &str| run_with(&["check", "-"], input).code;
    let claim = |name: &str| {
        format!(
            "---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}}}\nspec: {{accessModes: \
             [ReadWriteOnce], resources: {{requests: {{storage: 1Gi}}}}}}\n"
        )
    };
    let volume = "---\napiVersion: v1\nkind: PersistentVolume\nmetadata: {name: pv-1}\nspec: {accessModes: [ReadWriteOnce], \
                  capacity: {storage: 1Gi}, nfs: {server: s, path: /p}}\n";
    assert_eq!(code(&[volume, &claim("one")].concat()), Some(0));
    assert_eq!(code(&[volume, &claim("one"), &claim("two")].concat()), Some(1));
    assert_eq!(code(&claim("one")), Some(2));
    assert_eq!(code("kind: PersistentVolume\n"), Some(3));
    assert_eq!(run(&["check", "no-such-file.yaml"]).code, Some(3));
}

#[test]
fn a_check_in_the_dump_of_a_cluster_speaks_of_the_chart_only() {
    let chart = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: cache, namespace: shop}\nspec: {accessModes: \
                 [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n";
    let run = run_with(&["check", "-", "--cluster", "fixtures/dumps/shop.yaml", "-o", "json"], chart);
    let check = json(&run.out);
    let claims = check["claims"].as_array().expect("claims");
    assert_eq!(claims.len(), 1);
    // It gets the default class, and binds when a pod comes.
    assert_eq!((&claims[0]["claim"], &claims[0]["waitsForPod"]), (&"shop/cache".into(), &true.into()));
    assert_eq!((&claims[0]["prospect"], run.code), (&"must".into(), Some(0)));
}

#[test]
fn an_audit_tells_what_is_lost_before_it_is_lost() {
    let files = ["fixtures/questions/15-chart/cluster.yaml", "fixtures/questions/15-chart/input.yaml"];
    let audit = |change: &[&str]| run(&[&["audit"], &files[..], change].concat());
    let scaled = audit(&["--scale", "sts/db=1"]);
    assert_eq!(scaled.code, Some(1));
    assert!(scaled.out.starts_with("1 volume stranded:\n"), "{}", scaled.out);
    let deleted = audit(&["--delete", "pvc/media", "--delete", "pvc/backup", "-o", "json"]);
    let losses = json(&deleted.out);
    assert_eq!(losses["leaked"][0]["why"], "reclaim policy Retain");
    assert_eq!(
        (losses["leaked"].as_array().map(Vec::len), losses["destroyed"].as_array().map(Vec::len)),
        (Some(2), Some(0))
    );
    let set = audit(&["--delete", "sts/db", "--delete", "pvc/data-db-0", "-o", "json"]);
    let losses = json(&set.out);
    assert_eq!(losses["destroyed"][0]["claim"], "default/data-db-0");
    assert_eq!(losses["stranded"][0]["claim"], "default/data-db-1");
    let harmless = audit(&["--restart", "sts/db"]);
    assert_eq!(harmless.code, Some(0), "{}", harmless.out);
    assert_eq!(harmless.out, "No data is lost, no volume is left over, and every pod runs.\n");
    assert_eq!(audit(&["--delete", "pvc/nobody"]).code, Some(2));
    assert_eq!(run(&["audit", files[0]]).code, Some(2), "a change is asked for");
}

#[test]
fn an_audit_predicts_that_a_rolling_update_cannot_attach() {
    let folder = "fixtures/questions/13-multi-attach";
    let (cluster, input) = (format!("{folder}/cluster.yaml"), format!("{folder}/input.yaml"));
    let run = run(&["audit", &cluster, &input, "--restart", "deploy/web"]);
    assert_eq!(run.code, Some(1));
    assert!(run.out.contains(": Multi-Attach error for volume \"pvc-"), "{}", run.out);
}

#[test]
fn a_difference_names_objects_and_fields() {
    let run = run(&["diff", "fixtures/questions/8-two-claims-one-volume/input.yaml"]);
    assert_eq!(run.code, Some(1));
    assert!(run.out.starts_with("~ pv/pv-1\n"), "{}", run.out);
    assert!(run.out.contains("    status.phase: \"Pending\" -> \"Bound\"\n"), "{}", run.out);
    assert!(!run.out.contains("pvc/default/second"), "{}", run.out);
}

#[test]
fn a_plan_serves_more_than_a_run_in_order_or_proves_that_nobody_can() {
    let short = run(&["plan", "fixtures/questions/8-two-claims-one-volume/input.yaml"]);
    assert_eq!(short.code, Some(1));
    assert_eq!(
        short.out,
        "\
1 of 2 claims can be served, with 5Gi stranded; a run in order serves 1 with 5Gi stranded.
  default/first gets pv-1
2 claims (default/first, default/second) have 1 volume between them (pv-1).

To have it so, before the claims are bound:
  kubectl patch pv pv-1 --type=merge -p '{\"spec\":{\"claimRef\":{\"name\":\"first\",\"namespace\":\"default\"}}}'
"
    );
    assert_eq!(run(&["plan", "fixtures/questions/7-order/input.yaml"]).code, Some(0));
}

#[test]
fn headroom_counts_what_would_still_bind() {
    let files = ["fixtures/questions/15-chart/cluster.yaml", "fixtures/questions/15-chart/input.yaml"];
    let set = run(&[&["explain"], &files[..], &["sts/db", "--headroom", "3", "--drivers", "assumed"]].concat());
    assert_eq!(set.out, "There is room for at least 3 more like it.\n", "{}", set.err);
    let claim = run(&[&["explain"], &files[..], &["media", "--headroom", "3"]].concat());
    assert!(claim.out.ends_with("There is room for 0 more like it.\n"), "{}", claim.out);
}

#[test]
fn objects_are_described_as_kubectl_does() {
    let run = run(&["describe", "pv/pv-hostpath", "fixtures/questions/11-delete-policy/input.yaml"]);
    assert_eq!(
        run.out,
        "\
Name:            pv-hostpath
Labels:          <none>
Annotations:     <none>
Finalizers:      [kubernetes.io/pv-protection]
StorageClass:    
Status:          Bound
Claim:           default/host
Reclaim Policy:  Delete
Access Modes:    RWO
VolumeMode:      Filesystem
Capacity:        5Gi
Node Affinity:   <none>
Message:         
Source:
    Type:          HostPath (bare host directory volume)
    Path:          /data/important
    HostPathType:  
Events:            <none>
"
    );
    let missing = run_err(&["describe", "pvc/nobody", "fixtures/mysql"]);
    assert_eq!(
        missing,
        (Some(1), "Error from server (NotFound): persistentvolumeclaims \"nobody\" not found\n".to_owned())
    );
}

#[test]
fn help_has_examples_and_exit_codes() {
    for command in ["check", "explain", "audit", "diff", "plan", "get", "describe"] {
        let help = run(&[command, "--help"]);
        assert_eq!(help.code, Some(0));
        assert!(help.out.contains(&format!("Examples:\n  bindery {command}")) || command == "explain", "{}", help.out);
        assert!(help.out.contains("\nExit codes:\n  0  "), "{}", help.out);
    }
}

#[test]
fn nothing_is_coloured_when_nobody_looks() {
    let run = run(&["explain", "fixtures/mysql", "too-large"]);
    assert!(!run.out.contains('\u{1b}'));
}

/// The keys of the JSON of a command, as the guide has them, with those below which others may stand.
fn documented(command: &str) -> (BTreeSet<String>, Vec<String>) {
    let guide = include_str!("../src/guide/output.md");
    let chapter = guide.split("\n## ").find(|part| part.starts_with(&format!("{command}\n"))).expect("a chapter");
    let rows = chapter.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let (mut keys, mut open) = (BTreeSet::new(), Vec::new());
    for (key, meaning) in rows {
        keys.insert(key.to_owned());
        if meaning.contains("depend on it") {
            open.push(key.rsplit_once('.').expect("a parent").0.to_owned());
        } else if ["as for `check`", "has its keys", "merge patch", "the whole new object", "its value"]
            .iter()
            .any(|words| meaning.contains(words))
        {
            open.push(key.to_owned());
        }
    }
    (keys, open)
}

/// Every path of keys in a value; `[]` stands for the items of a list.
fn keys(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                found.insert(path.clone());
                keys(value, &path, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, &format!("{path}[]"), found)),
        _ => {}
    }
}

fn compare_with_the_guide(command: &str, runs: &[&[&str]]) {
    let mut found = BTreeSet::new();
    for arguments in runs {
        let run = run(&[&[command], *arguments, &["-o", "json"]].concat());
        keys(&json(&run.out), "", &mut found);
    }
    let found: BTreeSet<String> = found.iter().map(|key| key.trim_start_matches("[].").to_owned()).collect();
    let (documented, open) = documented(command);
    let missing: Vec<&String> = documented.iter().filter(|key| !found.contains(*key)).collect();
    assert!(missing.is_empty(), "{command}: the guide has keys that do not occur: {missing:?}");
    let is_below = |key: &str, parent: &str| key.strip_prefix(parent).is_some_and(|rest| rest.starts_with(['.', '[']));
    let unknown: Vec<&String> = found
        .iter()
        .filter(|key| !documented.contains(*key) && !open.iter().any(|parent| is_below(key, parent)))
        .collect();
    assert!(unknown.is_empty(), "{command}: the guide lacks keys: {unknown:?}");
}

#[test]
fn the_json_of_every_judgement_has_the_keys_that_the_guide_has() {
    let file = |case: &str| format!("fixtures/questions/{case}.yaml");
    let (no_class, typo, delayed) =
        (file("1-no-class/input"), file("2-class-typo/input"), file("3-wait-for-first-consumer/input"));
    let (chart, input) = (file("15-chart/cluster"), file("15-chart/input"));
    compare_with_the_guide("check", &[&[&input, "--cluster", &chart], &[&delayed], &[&typo]]);
    compare_with_the_guide("explain", &[&[&no_class], &[&typo], &[&delayed]]);
    compare_with_the_guide("plan", &[&[&file("8-two-claims-one-volume/input")], &[&no_class]]);
    compare_with_the_guide("diff", &[&[&file("8-two-claims-one-volume/input")]]);
    let (attached, rolling) = (file("13-multi-attach/cluster"), file("13-multi-attach/input"));
    compare_with_the_guide(
        "audit",
        &[
            &[&chart, &input, "--delete", "sts/db", "--delete", "pvc/data-db-0"],
            &[&chart, &input, "--delete", "pvc/media"],
            &[&attached, &rolling, "--restart", "deploy/web"],
        ],
    );
}
