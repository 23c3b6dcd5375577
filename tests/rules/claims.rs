//! What the sync of a claim does (`CLAIM-*`).

use bindery::{ClaimPhase, Cluster, Config, Fault, Kind, Pod, Verb, VolumePhase};

use crate::world::{
    BIND_COMPLETED, BOUND_BY_CONTROLLER, ClaimState, Metadata, NO_VOLUME, SELECTED_NODE, VolumeState, bound, claim,
    claim_phase, class, delayed_class, emitted, object, pod, pvc, restored, restored_into, rules, volume, volume_of,
};

const LOST: &str = "Warning ClaimLost Bound claim has lost its PersistentVolume. Data on the volume is lost!";
const MISBOUND: &str = "Warning ClaimMisbound Two claims are bound to the same volume, this one is bound incorrectly";

/// CLAIM-1: the key `bind-completed`, whatever its value, makes a claim a bound one; its phase does not.
#[test]
fn the_mark_of_a_binding_decides_the_branch_and_the_phase_does_not() {
    let marked = claim("marked", "1Gi").annotated(BIND_COMPLETED, "").with_volume("gone");
    let unmarked = claim("unmarked", "1Gi").in_phase(ClaimPhase::Bound).with_volume("gone");
    let mut cluster = restored([marked.into(), unmarked.into()]);
    cluster.sync(&pvc("marked")).unwrap();
    cluster.sync(&pvc("unmarked")).unwrap();
    assert_eq!(claim_phase(&cluster, "marked"), ClaimPhase::Lost);
    assert_eq!(claim_phase(&cluster, "unmarked"), ClaimPhase::Pending);
}

/// CLAIM-1: the deletion of a claim does not matter.
#[test]
fn a_terminating_claim_is_bound_like_any_other() {
    let mut cluster = restored([volume("pv", "5Gi").into(), claim("data", "1Gi").terminating().into()]);
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
}

/// CLAIM-2, HELP-5: a class without a binding mode fails the sync.
#[test]
fn a_class_without_a_binding_mode_fails_the_sync() {
    let mut modeless = class("gold");
    modeless.volume_binding_mode = None;
    let claims = [claim("data", "1Gi").with_class("gold").into(), volume("pv", "5Gi").with_class("gold").into()];
    let mut cluster = restored_into(Cluster::new(Config::verbatim()), claims);
    cluster.restore(modeless).unwrap();
    let error = cluster.sync(&pvc("data")).unwrap_err();
    assert_eq!(error.message, "VolumeBindingMode not set for StorageClass \"gold\"");
    assert_eq!(volume_of(&cluster, "data"), "");
}

/// CLAIM-4, BIND-6: binding is silent; where a write of it fails, so does the sync.
#[test]
fn a_claim_is_bound_without_an_event_and_fails_with_its_first_write() {
    let mut cluster = restored([volume("pv", "5Gi").into(), claim("data", "1Gi").into()]);
    cluster.inject(Fault::ServerError { verb: Verb::Update, kind: Kind::PersistentVolume, message: "no disk".into() });
    assert_eq!(cluster.sync(&pvc("data")).unwrap_err().message, "no disk");
    assert_eq!(volume_of(&cluster, "data"), "");
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
    assert!(cluster.events().is_empty());
}

/// CLAIM-5: where the default class is written, the sync ends without an event and without a status.
#[test]
fn writing_the_default_class_ends_the_sync() {
    let waiting = claim("data", "1Gi").in_phase(ClaimPhase::Lost);
    let mut cluster = restored([class("gold").as_default().into(), waiting.into()]);
    let before = cluster.journal().len();
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(rules(&cluster, before), ["DEFAULT-6"]);
    assert!(cluster.events().is_empty());
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Lost, "the status is as it was");
    assert_eq!(cluster.claim("data").unwrap().class_name(), "gold");
}

/// What a delayed claim says that waits for these pods.
fn waits_for(pods: impl IntoIterator<Item = Pod>) -> String {
    let asking = claim("data", "1Gi").with_class("delayed").in_phase(ClaimPhase::Bound);
    let mut cluster = restored([delayed_class("delayed").into(), asking.into()]);
    for pod in pods {
        cluster.restore(pod).unwrap();
    }
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Pending, "the phase is written");
    let mut events = emitted(&cluster, &pvc("data"));
    assert_eq!(events.len(), 1);
    events.remove(0)
}

fn with(pod: Pod, edit: impl FnOnce(&mut Pod)) -> Pod {
    let mut pod = pod;
    edit(&mut pod);
    pod
}

const FIRST_CONSUMER: &str = "Normal WaitForFirstConsumer waiting for first consumer to be created before binding";
const FOR_WEB: &str = "Normal WaitForPodScheduled waiting for pod web to be scheduled";

/// CLAIM-6, DET-7: the three forms, and the names in order.
#[test]
fn a_delayed_claim_says_which_pods_it_waits_for() {
    assert_eq!(waits_for([]), FIRST_CONSUMER);
    assert_eq!(waits_for([pod("web", &["data"])]), FOR_WEB);
    let several = [pod("web", &["data"]), pod("api", &["logs", "data"]), pod("db", &["data"]), pod("idle", &["logs"])];
    assert_eq!(waits_for(several), "Normal WaitForPodScheduled waiting for pods api,db,web to be scheduled");
}

/// CLAIM-6: pods that have a node do not count.
#[test]
fn a_pod_with_a_node_is_not_waited_for() {
    let placed = with(pod("web", &["data"]), |pod| pod.spec.node_name = "node-1".into());
    assert_eq!(waits_for([placed.clone()]), FIRST_CONSUMER);
    assert_eq!(waits_for([placed, pod("api", &["data"])]), FOR_WEB.replace("web", "api"));
}

/// HELP-11: a pod is terminated if it ended, or is being deleted with no container running.
#[test]
fn a_terminated_pod_is_not_waited_for() {
    let in_state = |status: &str| {
        let text = format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: web, namespace: default}}, status: {status}, \
             spec: {{containers: [{{name: main, image: i}}], \
             volumes: [{{name: v, persistentVolumeClaim: {{claimName: data}}}}]}}}}"
        );
        let bindery::Object::Pod(pod) = object(&text) else { panic!("a pod is expected") };
        (*pod).clone()
    };
    assert_eq!(waits_for([in_state("{phase: Succeeded}")]), FIRST_CONSUMER);
    assert_eq!(waits_for([in_state("{phase: Failed}")]), FIRST_CONSUMER);
    assert_eq!(waits_for([in_state("{phase: Unknown}")]), FOR_WEB);
    assert_eq!(waits_for([in_state("{phase: Running}").terminating()]), FIRST_CONSUMER, "no container is known");
    for list in ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"] {
        let with_state = |state: &str| {
            let statuses =
                format!("{{{list}: [{{name: main, ready: false, restartCount: 0, image: i, imageID: '', {state}}}]}}");
            in_state(&statuses)
        };
        let running = || with_state("state: {running: {startedAt: '2024-01-01T00:00:00Z'}}");
        assert_eq!(waits_for([running().terminating()]), FOR_WEB, "{list}");
        assert_eq!(waits_for([running()]), FOR_WEB, "{list}");
        assert_eq!(waits_for([with_state("state: {waiting: {}}").terminating()]), FIRST_CONSUMER, "{list}");
        assert_eq!(waits_for([with_state("state: {terminated: {exitCode: 1}}").terminating()]), FIRST_CONSUMER);
        assert_eq!(waits_for([with_state("state: {}").terminating()]), FOR_WEB, "a state that is not told may be any");
        assert_eq!(waits_for([with_state("started: false").terminating()]), FOR_WEB, "{list}");
    }
}

/// HELP-12: by name in the claim's namespace, or by a generic ephemeral volume whose claim has this name.
#[test]
fn the_pods_of_a_claim_are_those_that_name_it_or_make_it() {
    let elsewhere = with(pod("web", &["data"]), |pod| pod.metadata.namespace = "shop".into());
    assert_eq!(waits_for([elsewhere]), FIRST_CONSUMER);
    let ephemeral = |pod: &str, volume: &str| {
        let text = format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: {pod}, namespace: default}}, \
             spec: {{containers: [{{name: main, image: i}}], volumes: [{{name: {volume}, ephemeral: \
             {{volumeClaimTemplate: {{spec: {{accessModes: [ReadWriteOnce], \
             resources: {{requests: {{storage: 1Gi}}}}}}}}}}}}]}}}}"
        );
        let bindery::Object::Pod(pod) = object(&text) else { panic!("a pod is expected") };
        (*pod).clone()
    };
    let asking = claim("web-tmp", "1Gi").with_class("delayed");
    let mut cluster = restored([delayed_class("delayed").into(), asking.into()]);
    cluster.restore(ephemeral("other", "tmp")).unwrap();
    cluster.sync(&pvc("web-tmp")).unwrap();
    cluster.restore(ephemeral("web", "tmp")).unwrap();
    cluster.sync(&pvc("web-tmp")).unwrap();
    assert_eq!(emitted(&cluster, &pvc("web-tmp")), [FIRST_CONSUMER, FOR_WEB], "nobody looks at owners");
}

/// CLAIM-7, HELP-6: with a selected node, of any value, a delayed claim is provisioned, and its phase is not touched.
#[test]
fn provisioning_begins_without_a_look_at_the_phase() {
    let not_found = "Warning ProvisioningFailed storageclass.storage.k8s.io \"gone\" not found";
    let asking = claim("data", "1Gi").with_class("gone").in_phase(ClaimPhase::Lost);
    let mut cluster = restored([asking.into()]);
    let before = cluster.journal().len();
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(emitted(&cluster, &pvc("data")), [not_found]);
    assert!(rules(&cluster, before).is_empty(), "the phase stays");

    let selected = claim("data", "1Gi").with_class("delayed").annotated(SELECTED_NODE, "");
    let mut cluster = restored([delayed_class("delayed").into(), selected.into()]);
    let before = cluster.journal().len();
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(rules(&cluster, before), ["PROV-9"]);
}

/// CLAIM-8: without a class and without a volume the claim waits, and a normal event says so.
#[test]
fn a_claim_without_class_and_volume_waits() {
    let asking = claim("data", "1Gi").with_class("").in_phase(ClaimPhase::Lost);
    let mut cluster = restored([asking.into()]);
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(emitted(&cluster, &pvc("data")), [NO_VOLUME]);
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Pending);
}

/// CLAIM-9: a claim that names a volume that nobody knows waits in silence.
#[test]
fn a_claim_of_an_unknown_volume_waits_in_silence() {
    let mut cluster = restored([claim("data", "1Gi").with_volume("pv").in_phase(ClaimPhase::Lost).into()]);
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Pending);
    assert!(cluster.events().is_empty());
}

/// CLAIM-11: what both agree on is bound without a look at anything else.
#[test]
fn a_volume_and_a_claim_that_name_each_other_are_bound_unseen() {
    for with_uid in [true, false] {
        let asking = claim("data", "5Gi").for_block().asking_for_attributes("gold").with_volume("pv");
        let odd = volume("pv", "1Gi").with_class("other").with_modes([crate::world::ROX]).terminating();
        let odd = odd.in_phase(VolumePhase::Failed);
        let odd = if with_uid { odd.bound_to(&asking) } else { odd.reserved_for("default", "data") };
        let mut cluster = restored([odd.into(), asking.into()]);
        cluster.sync(&pvc("data")).unwrap();
        assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
        assert!(cluster.events().is_empty());
    }
}

/// CLAIM-12, CLAIM-14: a volume of another claim, or of a former one of the same name, is not taken.
#[test]
fn a_claim_that_names_anothers_volume_waits_with_a_warning() {
    let taken = "Warning FailedBinding volume \"pv\" already bound to a different claim.";
    for owner in [claim("other", "1Gi"), claim("data", "1Gi").with_uid("former")] {
        let asking = claim("data", "1Gi").with_volume("pv").in_phase(ClaimPhase::Lost);
        let mut cluster = restored([volume("pv", "5Gi").bound_to(&owner).into(), asking.into()]);
        cluster.sync(&pvc("data")).unwrap();
        assert_eq!(emitted(&cluster, &pvc("data")), [taken]);
        assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Pending);
    }
}

/// CLAIM-13: where a controller named the volume, the sync fails after the event, and the status stays.
#[test]
fn a_controllers_choice_that_was_lost_fails_the_sync() {
    let asking = claim("data", "1Gi").with_volume("pv").annotated(BOUND_BY_CONTROLLER, "");
    let asking = asking.in_phase(ClaimPhase::Lost);
    let mut cluster = restored([volume("pv", "5Gi").bound_to(&claim("other", "1Gi")).into(), asking.into()]);
    let error = cluster.sync(&pvc("data")).unwrap_err();
    let expected =
        "invalid binding of claim \"default/data\" to volume \"pv\": volume already claimed by \"default/other\"";
    assert_eq!(error.message, expected);
    let taken = "Warning FailedBinding volume \"pv\" already bound to a different claim.";
    assert_eq!(emitted(&cluster, &pvc("data")), [taken]);
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Lost);
}

/// CLAIM-20: a bound claim that names no volume is lost.
#[test]
fn a_bound_claim_without_the_name_of_a_volume_is_lost() {
    let mut cluster = restored([claim("data", "1Gi").annotated(BIND_COMPLETED, "yes").into()]);
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Lost);
    let text = "Warning ClaimLost Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
    assert_eq!(emitted(&cluster, &pvc("data")), [text]);
}

/// CLAIM-21: a bound claim whose volume is gone is lost.
#[test]
fn a_bound_claim_whose_volume_is_gone_is_lost() {
    let (_, orphan) = bound(volume("pv", "5Gi"), claim("data", "1Gi"));
    let mut cluster = restored([orphan]);
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Lost);
    assert_eq!(emitted(&cluster, &pvc("data")), [LOST]);
}

/// CLAIM-22: a bound claim whose volume points nowhere is bound again, unseen.
#[test]
fn a_bound_claim_takes_back_a_volume_that_points_nowhere() {
    let pv = volume("pv", "1Gi").with_class("other").block();
    let asking = claim("data", "5Gi").bound_once(&pv);
    let mut cluster = restored([pv.into(), asking.into()]);
    cluster.sync(&pvc("data")).unwrap();
    let pv = cluster.volume("pv").unwrap();
    assert_eq!(pv.status.phase, VolumePhase::Bound);
    assert_eq!(pv.spec.claim_ref.as_ref().unwrap().uid, "uid-data");
    assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Bound);
}

/// CLAIM-23: what is in place is left alone, and what is missing is repaired.
#[test]
fn a_binding_is_repaired_where_something_is_missing() {
    let (pv, asking) = bound(volume("pv", "5Gi"), claim("data", "1Gi"));
    let mut cluster = restored([pv, asking]);
    let before = cluster.journal().len();
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(cluster.journal().len(), before, "nothing is missing");

    let pv = volume("pv", "5Gi").bound_to(&claim("data", "1Gi"));
    let asking = claim("data", "1Gi").bound_once(&pv).in_phase(ClaimPhase::Pending);
    let mut cluster = restored([pv.into(), asking.into()]);
    let before = cluster.journal().len();
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(rules(&cluster, before), ["BIND-2", "BIND-4"], "both phases are");
}

/// CLAIM-24: a volume with another uid, or with the right name and none, makes a bound claim misbound.
#[test]
fn a_bound_claim_whose_volume_has_another_uid_or_none_is_misbound() {
    let pv = || volume("pv", "5Gi");
    let of_others = [pv().bound_to(&claim("other", "1Gi")), pv().bound_to(&claim("data", "1Gi").with_uid("former"))];
    for pv in of_others.into_iter().chain([pv().reserved_for("default", "data")]) {
        let asking = claim("data", "1Gi").bound_once(&pv);
        let mut cluster = restored([pv.into(), asking.into()]);
        cluster.sync(&pvc("data")).unwrap();
        assert_eq!(claim_phase(&cluster, "data"), ClaimPhase::Lost);
        assert_eq!(emitted(&cluster, &pvc("data")), [MISBOUND]);
    }
}

/// CLAIM-25, STATUS-7: a lost claim says so once, and is bound again when its volume is back.
#[test]
fn a_lost_claim_comes_back_with_its_volume() {
    let (pv, asking) = bound(volume("pv", "5Gi"), claim("data", "1Gi"));
    let mut cluster = restored([asking]);
    cluster.sync(&pvc("data")).unwrap();
    let lost = cluster.journal().len();
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(cluster.journal().len(), lost, "neither a write nor an event");
    cluster.restore(pv).unwrap();
    cluster.sync(&pvc("data")).unwrap();
    let data = cluster.claim("data").unwrap();
    assert_eq!(data.status.phase, ClaimPhase::Bound);
    assert_eq!(data.status.capacity.get("storage"), Some(&crate::world::quantity("5Gi")));
}
