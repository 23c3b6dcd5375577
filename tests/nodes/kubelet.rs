//! When pods start, what their kubelets say while they do not, and how tests hold them.

use bindery::parts::PodCondition;
use bindery::{Cluster, Hold, Kind, PodPhase, Verb};

use crate::world::{
    NFS, add, bound, complaints, csi, delete, device_user, documents, emitted, key, node, of_blocks, of_claim, patch,
    phase, pod, settled, times, user, wait, waits_for, writes,
};

const RWO: &str = "ReadWriteOnce";

fn complaint(volumes: &str, why: &str) -> String {
    format!(
        "Warning FailedMount Unable to attach or mount volumes: unmounted volumes=[{volumes}], unattached volumes=[], \
         failed to process volumes=[{volumes}]: {why}"
    )
}

#[test]
fn a_pod_starts_when_its_claims_are_bound() {
    // WL-3
    let cluster = settled(&documents([node("n1"), bound("data", RWO, NFS), user("web", "n1", "data")]));
    let pod = cluster.pod("web").unwrap();
    assert_eq!(pod.status.phase, PodPhase::Running);
    assert!(pod.is_ready());
    for condition in ["PodScheduled", "PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready"] {
        assert_eq!(pod.condition(condition).unwrap().status, "True", "{condition}");
    }
    assert!(!pod.status.pod_ip.is_empty());
    assert_eq!(pod.status.start_time, Some(cluster.time()));
}

#[test]
fn a_pod_without_a_node_or_on_one_that_does_not_exist_does_not_start() {
    // WL-3
    let unplaced = pod("free", "", &[]).replace("spec: {", "spec: {nodeSelector: {no: node}, ");
    let mut cluster = settled(&documents([pod("web", "later", &[]), unplaced]));
    assert_eq!((phase(&cluster, "web").as_str(), phase(&cluster, "free").as_str()), ("Pending", "Pending"));
    add(&mut cluster, &node("later"));
    assert_eq!(phase(&cluster, "web"), "Running");
}

#[test]
fn a_missing_claim_is_told_at_once_and_again_every_two_minutes() {
    // WL-3, ATTACH-4
    let mut cluster = settled(&documents([node("n1"), user("web", "n1", "data")]));
    let missing = "error processing PVC default/data: failed to fetch PVC from API server: \
                   persistentvolumeclaims \"data\" not found";
    assert_eq!(complaints(&cluster, "web"), [complaint("data", missing)]);
    wait(&mut cluster, 300);
    assert_eq!(times(&cluster, "web", "FailedMount"), [0, 123, 246]);
    assert_eq!(waits_for(&cluster, "web").unwrap(), "ContainerCreating");
    add(&mut cluster, &bound("data", RWO, NFS));
    assert_eq!(phase(&cluster, "web"), "Running");
    let told = complaints(&cluster, "web").len();
    wait(&mut cluster, 1000);
    assert_eq!(complaints(&cluster, "web").len(), told);
}

#[test]
fn what_is_wrong_with_claims_is_told_for_all_of_them() {
    // WL-3
    let unbound = "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: b}, spec: {storageClassName: '', \
                   accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}";
    let volumes: Vec<(&str, String)> = ["b", "a", "ok"].map(|name| (name, of_claim(name))).into();
    let volumes: Vec<(&str, &str)> = volumes.iter().map(|(name, source)| (*name, source.as_str())).collect();
    let cluster = settled(&documents([&node("n1"), unbound, &bound("ok", RWO, NFS), &pod("web", "n1", &volumes)]));
    let why = "error processing PVC default/a: failed to fetch PVC from API server: persistentvolumeclaims \"a\" not \
               found; error processing PVC default/b: PVC is not bound";
    assert_eq!(complaints(&cluster, "web"), [complaint("a b", why)]);
}

#[test]
fn a_claim_that_is_being_deleted_serves_only_while_it_is_protected() {
    // WL-3, PROT-11
    for (finalizer, why) in [("kubernetes.io/pvc-protection", None), ("example.com/hold", Some("PVC is being deleted"))]
    {
        let mut cluster = settled(&documents([node("n1"), bound("data", RWO, NFS)]));
        let mut claim = cluster.claim("data").unwrap().clone();
        cluster.remove(&key(Kind::PersistentVolumeClaim, "data")).unwrap();
        claim.metadata.deletion_timestamp = Some(cluster.time());
        claim.metadata.finalizers = [finalizer.into()].into_iter().collect();
        cluster.restore(claim).unwrap();
        add(&mut cluster, &user("web", "n1", "data"));
        let expected = why.map(|why| complaint("data", &format!("error processing PVC default/data: {why}")));
        assert_eq!(complaints(&cluster, "web"), expected.into_iter().collect::<Vec<_>>(), "{finalizer}");
        assert_eq!(phase(&cluster, "web") == "Running", why.is_none());
    }
}

#[test]
fn the_volume_must_refer_back_to_the_claim() {
    // WL-3: by its uid.
    let mut cluster = settled(&documents([node("n1"), bound("data", RWO, NFS)]));
    let mut volume = cluster.volume("pv-data").unwrap().clone();
    let uid = cluster.claim("data").unwrap().metadata.uid.clone();
    cluster.remove(&key(Kind::PersistentVolume, "pv-data")).unwrap();
    let mut config = cluster.config().clone();
    config.controllers = config.controllers.without(bindery::Controller::PersistentVolumes);
    let mut other = Cluster::new(config);
    other.restore(cluster.claim("data").unwrap().clone()).unwrap();
    add(&mut other, &documents([node("n1"), user("web", "n1", "data")]));
    let missing = "error processing PVC default/data: failed to fetch PV pv-data from API server: persistentvolumes \
                   \"pv-data\" not found";
    assert_eq!(complaints(&other, "web"), [complaint("data", missing)]);
    let mut reference = (**volume.spec.claim_ref.as_ref().unwrap()).clone();
    reference.uid = "other".into();
    volume.spec.claim_ref = Some(reference.into());
    other.restore(volume).unwrap();
    other.settle().unwrap();
    let foreign = format!(
        "error processing PVC default/data: found PV object pv-data but its pv.Spec.ClaimRef.UID other does not point to \
         claim.UID {uid}"
    );
    assert_eq!(complaints(&other, "web").last().unwrap(), &complaint("data", &foreign));
}

#[test]
fn a_claim_that_was_not_made_for_the_pod_does_not_serve_it() {
    // EPH-3, WL-3
    let source = "ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}";
    let cluster = settled(&documents([node("n1"), bound("web-data", RWO, NFS), pod("web", "n1", &[("data", source)])]));
    let why = "PVC default/web-data was not created for pod default/web (pod is not owner)";
    assert_eq!(complaints(&cluster, "web").last().unwrap(), &complaint("data", why));
    assert_eq!(phase(&cluster, "web"), "Pending");
}

#[test]
fn a_volume_of_blocks_is_not_a_file_system() {
    let block = of_blocks(&bound("data", RWO, &csi("disk")));
    let mut cluster = settled(&documents([node("n1"), block, user("web", "n1", "data")]));
    let why = "volume data has volumeMode Block, but is specified in volumeMounts";
    assert_eq!(complaints(&cluster, "web"), [complaint("data", why)]);
    add(&mut cluster, &device_user("device", "n1", "data"));
    assert_eq!(phase(&cluster, "device"), "Running");
}

#[test]
fn a_volume_that_is_not_attached_is_awaited_for_two_minutes_before_anything_is_said() {
    // ATTACH-4
    let mut cluster =
        settled(&documents([node("n1"), node("n2"), bound("data", RWO, &csi("disk")), user("web", "n1", "data")]));
    wait(&mut cluster, 1000);
    add(&mut cluster, &user("next", "n2", "data"));
    assert!(times(&cluster, "next", "FailedMount").is_empty());
    wait(&mut cluster, 300);
    assert_eq!(times(&cluster, "next", "FailedMount"), [1123, 1246]);
    assert_eq!(waits_for(&cluster, "next").unwrap(), "ContainerCreating");
}

#[test]
fn a_volume_for_one_pod_is_mounted_once() {
    // ATTACH-5: the second pod bypassed the scheduler.
    let mut cluster =
        settled(&documents([node("n1"), bound("data", "ReadWriteOncePod", NFS), user("web", "n1", "data")]));
    add(&mut cluster, &user("next", "n1", "data"));
    assert_eq!(
        complaints(&cluster, "next"),
        [
            "Warning FailedMount MountVolume.SetUp failed for volume \"pv-data\" : volume uses the ReadWriteOncePod access \
          mode and is already in use by another pod"
        ]
    );
    delete(&mut cluster, Kind::Pod, "web");
    assert_eq!(phase(&cluster, "next"), "Running");
}

#[test]
fn a_repository_is_not_mounted() {
    let cluster = settled(&documents([
        node("n1"),
        pod("web", "n1", &[("src", "gitRepo: {repository: 'https://example.com/x'}")]),
    ]));
    assert_eq!(
        complaints(&cluster, "web"),
        [
            "Warning FailedMount MountVolume.SetUp failed for volume \"src\" : git-repo volume plugin has been disabled; if \
          necessary, it may be re-enabled by enabling the feature-gate `GitRepoVolumeDriver`"
        ]
    );
    assert_eq!(phase(&cluster, "web"), "Pending");
}

#[test]
fn a_running_pod_is_never_stopped_because_of_its_claim() {
    // WL-4
    let mut cluster = settled(&documents([node("n1"), bound("data", RWO, NFS), user("web", "n1", "data")]));
    delete(&mut cluster, Kind::PersistentVolumeClaim, "data");
    delete(&mut cluster, Kind::PersistentVolume, "pv-data");
    cluster.remove(&key(Kind::PersistentVolume, "pv-data")).unwrap();
    wait(&mut cluster, 1000);
    assert!(cluster.pod("web").unwrap().is_ready());
    assert!(complaints(&cluster, "web").is_empty());
}

#[test]
fn a_held_pod_is_not_ready_until_it_is_released() {
    // WL-3, STS-26
    let mut cluster = Cluster::default();
    cluster.hold("web", Hold::Readiness);
    add(&mut cluster, &documents([node("n1"), pod("web", "n1", &[])]));
    assert_eq!(phase(&cluster, "web"), "Pending");
    assert_eq!(waits_for(&cluster, "web").unwrap(), "ContainerCreating");
    cluster.release("web", Hold::Readiness);
    wait(&mut cluster, 10);
    let since = cluster.pod("web").unwrap().condition("Ready").unwrap().last_transition_time;
    assert!(cluster.pod("web").unwrap().is_ready());
    // One that runs stays Running.
    cluster.hold("web", Hold::Readiness);
    wait(&mut cluster, 10);
    let ready = cluster.pod("web").unwrap().condition("Ready").unwrap();
    assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", "ContainersNotReady"));
    assert_eq!(ready.message, "containers with unready status: [c]");
    assert!(ready.last_transition_time > since);
    assert_eq!(phase(&cluster, "web"), "Running");
}

#[test]
fn each_pod_has_an_address_of_its_own() {
    let pods = (0..300).map(|number| pod(&format!("web-{number}"), "n1", &[]));
    let cluster = settled(&documents(std::iter::once(node("n1")).chain(pods)));
    let mut addresses: Vec<String> =
        (0..300).map(|number| cluster.pod(&format!("web-{number}")).unwrap().status.pod_ip.to_string()).collect();
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 300);
}

#[test]
fn a_pod_that_starts_at_once_is_written_once() {
    let cluster = settled(&documents([node("n1"), pod("web", "n1", &[])]));
    assert_eq!(writes(&cluster, Verb::UpdateStatus, Kind::Pod).len(), 1);
}

#[test]
fn a_pod_is_started_by_a_configuration_that_comes_later() {
    // WL-3
    let mut cluster = settled(&documents([node("n1"), pod("web", "n1", &[("cfg", "configMap: {name: cfg}")])]));
    let missing = "Warning FailedMount MountVolume.SetUp failed for volume \"cfg\" : configmap \"cfg\" not found";
    assert_eq!(complaints(&cluster, "web"), [missing]);
    wait(&mut cluster, 200);
    assert_eq!(times(&cluster, "web", "FailedMount"), [0, 123]);
    add(&mut cluster, "{apiVersion: v1, kind: ConfigMap, metadata: {name: cfg}, data: {a: b}}");
    assert_eq!(phase(&cluster, "web"), "Running");
    patch(&mut cluster, Kind::Pod, "web", r#"{"metadata": {"labels": {"a": "b"}}}"#).unwrap();
    delete(&mut cluster, Kind::ConfigMap, "cfg");
    assert_eq!(phase(&cluster, "web"), "Running");
}

/// Sets a condition of a pod, as a controller of its own does.
fn set_condition(cluster: &mut Cluster, pod: &str, condition: &str, holds: bool) {
    let mut sent = cluster.pod(pod).unwrap().clone();
    let mut conditions = sent.status.conditions.to_vec();
    conditions.retain(|held| held.r#type != condition);
    conditions.push(PodCondition::new(condition, holds));
    sent.status.conditions = conditions.into();
    cluster.replace_status(&key(Kind::Pod, pod), sent).unwrap();
    cluster.settle().unwrap();
}

#[test]
fn a_pod_with_gates_is_ready_when_their_conditions_hold() {
    // WL-3, STS-23: GeneratePodReadyCondition.
    let gates = "spec: {readinessGates: [{conditionType: example.com/a}, {conditionType: example.com/b}], ";
    let mut cluster = settled(&documents([node("n1"), pod("web", "n1", &[]).replace("spec: {", gates)]));
    let ready = |cluster: &Cluster| {
        let pod = cluster.pod("web").unwrap();
        assert_eq!(pod.status.phase, PodPhase::Running);
        assert_eq!(pod.condition("ContainersReady").unwrap().status, "True");
        let ready = pod.condition("Ready").unwrap();
        (ready.status.to_string(), ready.reason.to_string(), ready.message.to_string())
    };
    let closed = |message: &str| ("False".to_owned(), "ReadinessGatesNotReady".to_owned(), message.to_owned());
    let missing = |gate: &str| format!("corresponding condition of pod readiness gate \"{gate}\" does not exist.");
    let both = format!("{}, {}", missing("example.com/a"), missing("example.com/b"));
    assert_eq!(ready(&cluster), closed(&both));
    set_condition(&mut cluster, "web", "example.com/a", true);
    assert_eq!(ready(&cluster), closed(&missing("example.com/b")));
    set_condition(&mut cluster, "web", "example.com/b", true);
    assert_eq!(ready(&cluster).0, "True");
    wait(&mut cluster, 10);
    set_condition(&mut cluster, "web", "example.com/a", false);
    let not = "the status of pod readiness gate \"example.com/a\" is not \"True\", but False";
    assert_eq!(ready(&cluster), closed(not));
    let written = writes(&cluster, Verb::UpdateStatus, Kind::Pod).len();
    wait(&mut cluster, 1000);
    assert_eq!(writes(&cluster, Verb::UpdateStatus, Kind::Pod).len(), written, "nothing is written twice");
}

#[test]
fn a_pod_that_is_active_for_too_long_fails_and_gives_up_what_it_had() {
    // WL-6, ATTACH-2, ATTACH-5: active_deadline.go counts from the start time.
    let single = bound("data", "ReadWriteOncePod", &csi("disk"));
    let limited = user("web", "n1", "data").replace("spec: {", "spec: {activeDeadlineSeconds: 10, ");
    let mut cluster = settled(&documents([node("n1"), node("n2"), single, limited]));
    add(&mut cluster, &user("next", "n2", "data"));
    wait(&mut cluster, 9);
    assert_eq!((phase(&cluster, "web").as_str(), phase(&cluster, "next").as_str()), ("Running", "Pending"));
    wait(&mut cluster, 1);
    let status = &cluster.pod("web").unwrap().status;
    let message = "Pod was active on the node longer than the specified deadline";
    assert_eq!((status.phase.as_str(), status.reason.as_str()), ("Failed", "DeadlineExceeded"));
    assert_eq!(status.message, message);
    assert!(!cluster.pod("web").unwrap().is_ready());
    assert_eq!(emitted(&cluster, Kind::Pod, "web").last().unwrap(), &format!("Normal DeadlineExceeded {message}"));
    assert_eq!(phase(&cluster, "next"), "Running");
    // One that never started fails too.
    let waiting = user("late", "n1", "none").replace("spec: {", "spec: {activeDeadlineSeconds: 5, ");
    add(&mut cluster, &waiting);
    wait(&mut cluster, 5);
    assert_eq!(phase(&cluster, "late"), "Failed");
    let told = complaints(&cluster, "late").len();
    wait(&mut cluster, 1000);
    assert_eq!(complaints(&cluster, "late").len(), told);
}

#[test]
fn a_pod_that_is_kept_from_stopping_fails_when_it_stops() {
    // The status manager reports no end while containers may run.
    let limited = pod("web", "n1", &[]).replace("spec: {", "spec: {activeDeadlineSeconds: 10, ");
    let mut cluster = settled(&documents([node("n1"), limited]));
    cluster.hold("web", Hold::Termination);
    wait(&mut cluster, 60);
    assert_eq!(phase(&cluster, "web"), "Running");
    cluster.release("web", Hold::Termination);
    cluster.settle().unwrap();
    assert_eq!(phase(&cluster, "web"), "Failed");
}

#[test]
fn a_pod_that_asks_for_other_nodes_is_rejected_where_it_was_put() {
    // WL-7, SCHED-48: the kubelet's predicate.go and rejectPod, for a pod that bypassed the scheduler.
    let labelled = node("n1").replace("name: n1", "name: n1, labels: {disk: fast}");
    let asking = |name: &str, what: &str| pod(name, "n1", &[]).replace("spec: {", &format!("spec: {{{what}, "));
    let required = |key: &str| {
        format!(
            "affinity: {{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: \
             [{{matchExpressions: [{{key: {key}, operator: Exists}}]}}]}}}}}}"
        )
    };
    let mut cluster = settled(&documents([
        labelled,
        asking("right", "nodeSelector: {disk: fast}"),
        asking("also-right", &required("disk")),
        asking("wrong", "nodeSelector: {disk: slow}"),
        asking("also-wrong", &required("zone")),
    ]));
    assert_eq!((phase(&cluster, "right").as_str(), phase(&cluster, "also-right").as_str()), ("Running", "Running"));
    let why = "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector";
    for name in ["wrong", "also-wrong"] {
        let status = &cluster.pod(name).unwrap().status;
        assert_eq!((status.phase.as_str(), status.reason.as_str()), ("Failed", "NodeAffinity"), "{name}");
        assert_eq!(status.message.as_str(), format!("Pod was rejected: {why}"));
        assert_eq!(emitted(&cluster, Kind::Pod, name), [format!("Warning NodeAffinity {why}")]);
    }
    // Only when it is seen for the first time.
    patch(&mut cluster, Kind::Node, "n1", r#"{"metadata": {"labels": {"disk": "slow"}}}"#).unwrap();
    wait(&mut cluster, 1000);
    assert_eq!((phase(&cluster, "right").as_str(), phase(&cluster, "wrong").as_str()), ("Running", "Failed"));
}

#[test]
fn a_rejected_pod_of_a_controller_is_replaced_once_a_second() {
    // In Kubernetes too there is no end to it, and nothing but the work slows it down.
    let set = "{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web}, spec: {replicas: 1, selector: {matchLabels: \
               {app: web}}, template: {metadata: {labels: {app: web}}, spec: {nodeName: n1, nodeSelector: {no: node}, \
               containers: [{name: c, image: nginx}]}}}}";
    let mut cluster = settled(&documents([&node("n1"), set]));
    let failed = |cluster: &Cluster| {
        let pods = cluster.pods().filter(|pod| pod.status.reason == "NodeAffinity");
        pods.count()
    };
    assert_eq!((cluster.count(Kind::Pod), failed(&cluster)), (1, 0), "it comes to rest");
    wait(&mut cluster, 10);
    assert_eq!((cluster.count(Kind::Pod), failed(&cluster)), (11, 10));
}
