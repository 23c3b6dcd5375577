//! What the API server makes of a set (`STS-1` to `STS-7`).

use bindery::parts::IntOrString;
use bindery::{ApiError, Kind, StatefulSet};
use serde_json::{Value, json};

use super::world::{World, web};

/// A set as it is stored, as JSON.
fn stored(manifest: &str) -> Value {
    let mut world = World::new();
    world.apply(manifest);
    json!(world.set())
}

/// Why a set is refused.
fn refused(manifest: &str) -> String {
    World::new().cluster.apply_yaml(manifest).unwrap_err().to_string()
}

/// STS-1: what is left out is filled in.
#[test]
fn a_set_gets_defaults() {
    let manifest = web(1, "").replace("  replicas: 1\n", "").replace("  serviceName: web\n", "");
    let spec = &stored(&manifest)["spec"];
    assert_eq!(spec["replicas"], 1);
    assert_eq!(spec["podManagementPolicy"], "OrderedReady");
    assert_eq!(spec["updateStrategy"], json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}));
    assert_eq!(spec["revisionHistoryLimit"], 10);
    assert_eq!(spec["persistentVolumeClaimRetentionPolicy"], json!({"whenDeleted": "Retain", "whenScaled": "Retain"}));
    assert_eq!((&spec["ordinals"], &spec["minReadySeconds"]), (&Value::Null, &Value::Null));
    let half = web(1, "  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}\n");
    let policy = &stored(&half)["spec"]["persistentVolumeClaimRetentionPolicy"];
    assert_eq!(*policy, json!({"whenDeleted": "Retain", "whenScaled": "Delete"}));
}

/// STS-2: a strategy that is named alone gets no details.
#[test]
fn a_strategy_that_is_named_gets_no_details() {
    let spec = &stored(&web(1, "  updateStrategy: {type: RollingUpdate}\n"))["spec"];
    assert_eq!(spec["updateStrategy"], json!({"type": "RollingUpdate"}));
}

/// STS-3: templates of claims are defaulted as claims, without a class.
#[test]
fn claim_templates_are_defaulted() {
    let template = &stored(&web(1, ""))["spec"]["volumeClaimTemplates"][0];
    let found =
        [&template["apiVersion"], &template["kind"], &template["spec"]["volumeMode"], &template["status"]["phase"]];
    assert_eq!(found, ["v1", "PersistentVolumeClaim", "Filesystem", "Pending"]);
    assert_eq!(template["spec"]["storageClassName"], Value::Null);
}

/// STS-4: a status that is sent is dropped; the generation counts changes of the spec and nothing else.
#[test]
fn the_status_is_the_controllers() {
    let manifest =
        web(1, "  updateStrategy: {rollingUpdate: {maxUnavailable: 2}}\nstatus: {replicas: 7, availableReplicas: 0}\n");
    let mut world = World::new();
    world.apply(&manifest);
    let first = |set: &StatefulSet| (set.metadata.generation, set.status.replicas);
    assert_eq!(first(world.set()), (1, 0));
    assert_eq!(world.set().spec.update_strategy.rolling_update.as_ref().unwrap().max_unavailable, None);
    world.patch(r#"{"metadata": {"labels": {"a": "b"}}, "status": {"replicas": 3}}"#);
    assert_eq!(first(world.set()), (1, 0));
    world.scale(2);
    assert_eq!(first(world.set()), (2, 0));
    let mut sent = world.set().clone();
    sent.spec.replicas = Some(9);
    sent.status.replicas = 1;
    world.cluster.replace_status(&Kind::StatefulSet.named("web"), sent).unwrap();
    assert_eq!((first(world.set()), world.set().spec.replicas), ((2, 1), Some(2)));
}

/// STS-5: what a set cannot be.
#[test]
fn a_set_that_makes_no_sense_is_refused() {
    let table = [
        ("name: web}", "name: web.x}", "metadata.name: Invalid value"),
        ("replicas: 1", "replicas: -1", "spec.replicas: Invalid value: -1"),
        ("replicas: 1", "replicas: 1\n  minReadySeconds: -1", "spec.minReadySeconds"),
        ("replicas: 1", "replicas: 1\n  ordinals: {start: -1}", "spec.ordinals.start"),
        ("replicas: 1", "replicas: 1\n  podManagementPolicy: Both", "must be 'OrderedReady' or 'Parallel'"),
        ("replicas: 1", "replicas: 1\n  updateStrategy: {type: Now}", "must be 'RollingUpdate' or 'OnDelete'"),
        ("replicas: 1", "replicas: 1\n  updateStrategy: {rollingUpdate: {partition: -1}}", "rollingUpdate.partition"),
        (
            "replicas: 1",
            "replicas: 1\n  updateStrategy: {type: OnDelete, rollingUpdate: {}}",
            "only allowed for updateStrategy 'RollingUpdate'",
        ),
        ("replicas: 1", "replicas: 1\n  persistentVolumeClaimRetentionPolicy: {whenScaled: Never}", "whenScaled"),
        ("serviceName: web", "serviceName: web.x", "spec.serviceName"),
        ("selector: {matchLabels: {app: web}}", "selector: {}", "empty selector is invalid for statefulset"),
        ("matchLabels: {app: web}", "matchLabels: {app: other}", "`selector` does not match template `labels`"),
        ("spec: {containers", "spec: {restartPolicy: Never, containers", "spec.template.spec.restartPolicy"),
        (
            "spec: {containers",
            "spec: {activeDeadlineSeconds: 5, containers",
            "spec.template.spec.activeDeadlineSeconds",
        ),
        ("accessModes: [ReadWriteOnce]", "accessModes: []", "spec.volumeClaimTemplates[0].spec.accessModes"),
    ];
    for (from, to, why) in table {
        let error = refused(&web(1, "").replace(from, to));
        assert!(error.contains(why), "{to}: {error}");
    }
    // A negative limit and labels of a claim template that are none are let through.
    let odd = web(1, "  revisionHistoryLimit: -1\n").replace("disk: fast", "disk: '?'");
    assert!(World::new().cluster.apply_yaml(&odd).is_ok());
}

/// STS-4, STS-5: a stored set that has `maxUnavailable` keeps it, and then it is looked at
/// (`validateRollingUpdateStatefulSet`).
#[test]
fn a_number_that_is_in_use_must_make_sense() {
    let mut world = World::new();
    world.apply(&web(1, ""));
    let mut set = world.set().clone();
    world.cluster.remove(&Kind::StatefulSet.named("default/web")).unwrap();
    let rolling = set.spec.update_strategy.rolling_update.as_mut().unwrap();
    rolling.max_unavailable = Some(IntOrString::from(1));
    world.cluster.restore(set).unwrap();
    let percent = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex \
                   used for validation is '[0-9]+%')";
    let table: [(Value, &[&str]); 8] = [
        (json!(0), &["cannot be 0"]),
        (json!("0%"), &["cannot be 0"]),
        (json!("150%"), &["must not be greater than 100%"]),
        (json!("abc"), &[percent, "cannot be 0"]),
        (json!("7"), &[percent]),
        (json!(-1), &["must be greater than or equal to 0"]),
        (json!(2), &[]),
        (json!("100%"), &[]),
    ];
    for (sent, rules) in table {
        let patch: bindery::Json =
            serde_json::from_value(json!({"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": sent}}}}))
                .unwrap();
        let found = match world.cluster.fork().patch(&Kind::StatefulSet.named("default/web"), &patch) {
            Err(ApiError::Invalid { errors, .. }) => errors.iter().map(ToString::to_string).collect(),
            other => other.map(|_| Vec::new()).unwrap(),
        };
        let at = "spec.updateStrategy.rollingUpdate.maxUnavailable";
        let expected: Vec<String> = rules.iter().map(|rule| format!("{at}: Invalid value: {sent}: {rule}")).collect();
        assert_eq!(found, expected, "{sent}");
    }
}

/// STS-7: a name that leaves no room for the hash of a revision is accepted, and its pods are refused.
#[test]
fn a_long_name_makes_no_pods() {
    let name = "w".repeat(60);
    let mut world = World::new();
    world.apply(&web(1, "").replace("{name: web}", &format!("{{name: {name}}}")));
    world.run();
    assert!(world.pods().is_empty());
    let refused = |event: &String| event.starts_with("Warning FailedCreate Create Pod") && event.contains("63");
    assert!(world.events(0).iter().any(refused), "{:?}", world.events(0));
}

/// STS-51: that everything is as it should be is said by no event and no condition.
#[test]
fn completion_is_silent() {
    let mut world = World::running(&web(1, ""));
    assert_eq!(world.events(0).len(), 2, "of the claim and of the pod");
    let mark = world.mark();
    world.scale(0);
    world.run_through();
    assert_eq!(world.events(mark).len(), 1);
    assert!(world.set().status.conditions.is_empty());
}
