//! What the status of a pod says of its containers, and containers that cannot be made.

use bindery::{Cluster, Json, Kind};

use crate::world::{add, delete, documents, emitted, node, patch, phase, pod, settled, times, wait, waits_for};

/// A pod whose container has these variables: entries of `env` and of `envFrom`.
fn with_variables(env: &str, env_from: &str) -> String {
    let variables = format!("image: nginx, env: [{env}], envFrom: [{env_from}]");
    documents([node("n1"), pod("web", "n1", &[]).replace("image: nginx", &variables)])
}

fn key_of(kind: &str, name: &str, rest: &str) -> String {
    format!("{{name: X, valueFrom: {{{kind}KeyRef: {{name: {name}, key: x{rest}}}}}}}")
}

/// What the kubelet says of containers that cannot be made.
fn failures(cluster: &Cluster) -> Vec<String> {
    let mut events = emitted(cluster, Kind::Pod, "web");
    events.retain(|event| event.starts_with("Warning Failed Error: "));
    events.iter().map(|event| event.replace("Warning Failed Error: ", "")).collect()
}

fn statuses(cluster: &Cluster, pod: &str) -> Vec<Json> {
    let Json::List(statuses) = &cluster.pod(pod).unwrap().status.container_statuses else { panic!("no statuses") };
    statuses.clone()
}

#[test]
fn a_variable_from_what_does_not_exist_keeps_the_container_from_being_made() {
    // WL-3
    let from = |kind: &str| format!("{{{kind}Ref: {{name: all}}}}");
    let cases = [
        (key_of("configMap", "cfg", ""), String::new(), "configmap \"cfg\" not found"),
        (key_of("secret", "pass", ""), String::new(), "secret \"pass\" not found"),
        (String::new(), from("configMap"), "configmap \"all\" not found"),
        (String::new(), from("secret"), "secret \"all\" not found"),
        // Whole objects are read before single keys.
        (key_of("secret", "pass", ""), from("configMap"), "configmap \"all\" not found"),
    ];
    for (env, env_from, why) in cases {
        let mut cluster = settled(&with_variables(&env, &env_from));
        assert_eq!(failures(&cluster), [why]);
        assert_eq!(phase(&cluster, "web"), "Pending");
        assert_eq!(waits_for(&cluster, "web").unwrap(), "CreateContainerConfigError");
        let state = statuses(&cluster, "web")[0].get("state").unwrap().clone();
        assert_eq!(state.get("waiting").unwrap().get("message").unwrap().as_str().unwrap(), why);
        wait(&mut cluster, 200);
        assert_eq!(times(&cluster, "web", "Failed"), [0, 123]);
    }
}

#[test]
fn a_key_that_is_missing_is_told_and_the_pod_starts_when_it_is_there() {
    // WL-3
    for (kind, object) in [("configMap", "ConfigMap"), ("secret", "Secret")] {
        let mut cluster = settled(&with_variables(&key_of(kind, "source", ""), ""));
        add(&mut cluster, &format!("{{apiVersion: v1, kind: {object}, metadata: {{name: source}}}}"));
        assert_eq!(failures(&cluster).last().unwrap(), &format!("couldn't find key x in {object} default/source"));
        let kind = Kind::parse(object).unwrap();
        patch(&mut cluster, kind, "source", r#"{"data": {"x": "eA=="}}"#).unwrap();
        assert_eq!(phase(&cluster, "web"), "Running");
        assert!(waits_for(&cluster, "web").is_none());
    }
}

#[test]
fn binary_data_is_no_variable() {
    let map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: source}, binaryData: {x: eA==}}";
    let cluster = settled(&documents([map, &with_variables(&key_of("configMap", "source", ""), "")]));
    assert_eq!(failures(&cluster), ["couldn't find key x in ConfigMap default/source"]);
}

#[test]
fn what_is_optional_may_be_missing() {
    let env = key_of("configMap", "cfg", ", optional: true") + ", " + &key_of("secret", "pass", ", optional: true");
    let env = env.replacen("name: X", "name: Z", 1);
    let cluster = settled(&with_variables(
        &env,
        "{configMapRef: {name: all, optional: true}}, {secretRef: {name: all, optional: true}}",
    ));
    assert_eq!(phase(&cluster, "web"), "Running");
}

#[test]
fn variables_are_looked_for_in_the_namespace_of_the_pod() {
    let map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: cfg, namespace: shop}, data: {x: text}}";
    let cluster = settled(&documents([map, &with_variables(&key_of("configMap", "cfg", ""), "")]));
    assert_eq!(phase(&cluster, "web"), "Pending");
}

#[test]
fn a_pod_that_runs_says_since_when() {
    // WL-3
    let mut cluster = settled(&documents([node("n1"), pod("web", "n1", &[("cfg", "configMap: {name: cfg}")])]));
    let begun = cluster.pod("web").unwrap().status.start_time;
    assert_eq!(begun, Some(cluster.time()));
    wait(&mut cluster, 60);
    add(&mut cluster, "{apiVersion: v1, kind: ConfigMap, metadata: {name: cfg}}");
    assert_eq!(cluster.pod("web").unwrap().status.start_time, begun);
    let started = cluster.time().to_string();
    let running_since = |cluster: &Cluster| {
        let statuses = statuses(cluster, "web");
        assert_eq!(statuses[0].get("ready"), Some(&Json::Bool(cluster.pod("web").unwrap().is_ready())));
        statuses[0].get("state").unwrap().get("running").unwrap().get("startedAt").unwrap().as_str().unwrap().to_owned()
    };
    assert_eq!(running_since(&cluster), started);
    wait(&mut cluster, 60);
    cluster.hold("web", bindery::Hold::Readiness);
    cluster.settle().unwrap();
    assert_eq!(running_since(&cluster), started);
}

#[test]
fn containers_that_run_first_have_their_own_statuses() {
    let first =
        "initContainers: [{name: first, image: busybox}, {name: side, image: busybox, restartPolicy: Always}], ";
    let web =
        pod("web", "n1", &[("cfg", "configMap: {name: cfg}")]).replace("containers:", &format!("{first}containers:"));
    let mut cluster = settled(&documents([node("n1"), web]));
    assert_eq!(waits_for(&cluster, "web").unwrap(), "PodInitializing");
    let initialized = cluster.pod("web").unwrap().condition("Initialized").unwrap();
    assert_eq!(initialized.message, "containers with incomplete status: [first side]");
    add(&mut cluster, "{apiVersion: v1, kind: ConfigMap, metadata: {name: cfg}}");
    let Json::List(statuses) = &cluster.pod("web").unwrap().status.init_container_statuses else { panic!("no list") };
    let state = |at: usize| statuses[at].get("state").unwrap();
    assert_eq!(state(0).get("terminated").unwrap().get("reason").unwrap().as_str(), Some("Completed"));
    assert!(state(1).get("running").is_some());
    delete(&mut cluster, Kind::Pod, "web");
    assert!(cluster.pod("web").is_none());
}
