//! Nodes that will not do: `Filter`.

use bindery::parts::Taint;
use bindery::scheduling::{NoVolume, Plugin, Reason};
use bindery::{
    Cluster, CsiDriver, CsiStorageCapacity, Kind, Node, Object, PersistentVolume, Pod, Text, VolumeNodeAffinity,
};
use serde_json::json;

use crate::scheduler::world::{
    ClassParts, HOSTNAME, Labelled, NO_VOLUME, PodParts, SELECTED_NODE, VolumeParts, WRONG_NODE, ZONE, bare, claim,
    complaint, csi, from_json, local, node, node_of, pod, pod_key, volume, volume_of, with, world,
};

fn cordoned(name: &str) -> Node {
    let mut node = node(name);
    node.spec.unschedulable = true;
    node
}

/// The reasons that the only node gives.
fn reasons(cluster: &Cluster, pod: &str) -> Vec<Reason> {
    let verdict = cluster.try_schedule(&pod_key(pod)).unwrap();
    let [only] = verdict.nodes.as_slice() else { panic!("one node is expected") };
    only.rejection.as_ref().map(|rejection| rejection.reasons.clone()).unwrap_or_default()
}

/// SCHED-2: the first plugin that rejects a node supplies its reasons, in the order of the plugins.
#[test]
fn the_first_plugin_speaks() {
    let web = pod("web", &["data"]).only_on("disk", "ssd");
    let objects =
        [cordoned("n1").into(), node("n2").into(), local().into(), claim("data", "1Gi", "local").into(), web.into()];
    let cluster = world(objects);
    let verdict = cluster.try_schedule(&pod_key("web")).unwrap();
    let plugins: Vec<_> = verdict.nodes.iter().map(|node| node.rejection.as_ref().unwrap().plugin).collect();
    assert_eq!(plugins, [Plugin::NodeUnschedulable, Plugin::NodeAffinity]);
    let text =
        "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) were unschedulable.";
    assert_eq!(complaint(&cluster, "web"), text);
}

/// SCHED-2: a pod may bear nodes that take no new pods.
#[test]
fn a_toleration_opens_a_cordoned_node() {
    let mut web = pod("web", &[]);
    let key = "node.kubernetes.io/unschedulable";
    web.spec.extras.tolerations = from_json(json!([{"key": key, "operator": "Exists", "effect": "NoSchedule"}]));
    let cluster = world([cordoned("n1").into(), web.into(), pod("other", &[]).into()]);
    assert_eq!(node_of(&cluster, "web"), "n1");
    assert_eq!(complaint(&cluster, "other"), "0/1 nodes are available: 1 node(s) were unschedulable.");
}

/// SCHED-2: a taint keeps pods away that do not bear it; one that only discourages does not.
#[test]
fn a_taint_keeps_pods_away() {
    let tainted = |effect: &str| {
        let mut node = node("n1");
        let taint = Taint { key: "gpu".into(), value: "a100".into(), effect: effect.into(), ..Taint::default() };
        node.spec.taints = vec![taint].into();
        node
    };
    let tolerating = |toleration: serde_json::Value| {
        let mut web = pod("web", &[]);
        web.spec.extras.tolerations = from_json(json!([toleration]));
        web
    };
    let put = |effect: &str, web: Pod| node_of(&world([tainted(effect).into(), web.into()]), "web").to_owned();
    let refused = complaint(&world([tainted("NoSchedule").into(), pod("web", &[]).into()]), "web");
    assert_eq!(refused, "0/1 nodes are available: 1 node(s) had untolerated taint(s).");
    assert_eq!(put("NoExecute", pod("web", &[])), "");
    assert_eq!(put("PreferNoSchedule", pod("web", &[])), "n1");
    assert_eq!(put("NoSchedule", tolerating(json!({"key": "gpu", "value": "a100"}))), "n1");
    assert_eq!(put("NoSchedule", tolerating(json!({"key": "gpu", "value": "h100"}))), "");
    assert_eq!(put("NoSchedule", tolerating(json!({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}))), "");
    assert_eq!(put("NoSchedule", tolerating(json!({"operator": "Exists"}))), "n1");
}

/// SCHED-2: required node affinity, with every operator, and the names of nodes.
#[test]
fn required_affinity_chooses_nodes() {
    let nodes = || ["n1", "n2", "n3"].map(|name| Object::from(node(name).labelled("cpus", &name[1..])));
    let on = |terms: serde_json::Value| {
        let cluster = world(nodes().into_iter().chain([pod("web", &[]).with_affinity(terms).into()]));
        node_of(&cluster, "web").to_owned()
    };
    let expression = |operator: &str, value: &str| json!([{"matchExpressions": [{"key": "cpus", "operator": operator, "values": [value]}]}]);
    assert_eq!(on(expression("In", "2")), "n2");
    assert_eq!(on(expression("NotIn", "1")), "n2");
    assert_eq!(on(expression("Gt", "2")), "n3");
    assert_eq!(on(expression("Lt", "2")), "n1");
    assert_eq!(on(json!([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n3"]}]}])), "n3");
    assert_eq!(on(json!([{"matchExpressions": [{"key": "gpus", "operator": "Exists"}]}])), "");
}

/// SCHED-20, scenario 18: the volume of a bound claim cannot be used on the only node that is left.
#[test]
fn a_bound_volume_ties_its_pod_to_its_node() {
    let pinned = volume("pv", "1Gi").with_class("").only_where(HOSTNAME, "n1");
    let web = pod("web", &["data"]).only_on(HOSTNAME, "n2");
    let objects = [node("n1").into(), node("n2").into(), pinned.into(), claim("data", "1Gi", "").into()];
    let mut cluster = world(objects);
    cluster = with(cluster, [web.into(), pod("free", &["data"]).into()]);
    let other = "1 node(s) didn't match Pod's node affinity/selector";
    assert_eq!(complaint(&cluster, "web"), format!("0/2 nodes are available: 1 {WRONG_NODE}, {other}."));
    assert_eq!(node_of(&cluster, "free"), "n1");
}

/// SCHED-20: only labels are looked at, so that a term of fields matches every node, and an empty one none.
#[test]
fn a_volume_knows_nodes_by_their_labels() {
    let with_terms = |terms: serde_json::Value| {
        let mut pinned = volume("pv", "1Gi").with_class("");
        let required = json!({"required": {"nodeSelectorTerms": terms}});
        pinned.spec.node_affinity = Some(from_json::<VolumeNodeAffinity>(required).into());
        let mut cluster = bare();
        cluster.restore(pinned).unwrap();
        let cluster = with(cluster, [node("n1").into(), claim("data", "1Gi", "").into()]);
        let cluster = with(cluster, [pod("web", &["data"]).into()]);
        node_of(&cluster, "web").to_owned()
    };
    assert_eq!(
        with_terms(json!([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n9"]}]}])),
        "n1"
    );
    assert_eq!(with_terms(json!([{}])), "", "an empty term matches nothing");
    let one = json!({"matchExpressions": [{"key": "disk", "operator": "Exists"}]});
    let other = json!({"matchExpressions": [{"key": HOSTNAME, "operator": "Exists"}]});
    assert_eq!(with_terms(json!([one, other])), "n1", "terms are alternatives");
}

/// SCHED-21: a claim that a node was selected for goes to no other, and is not matched with volumes.
#[test]
fn a_selected_node_is_the_only_one() {
    let absent = crate::scheduler::world::delayed("local", "absent.example.com");
    let mut data = claim("data", "1Gi", "local");
    data.metadata.annotations = data.metadata.annotations.with(SELECTED_NODE, "n2");
    let objects =
        [node("n1").into(), absent.into(), data.into(), volume("pv", "5Gi").into(), pod("web", &["data"]).into()];
    let mut cluster = with(bare(), objects);
    assert_eq!(complaint(&cluster, "web"), format!("0/1 nodes are available: 1 {NO_VOLUME}."));
    let cause = NoVolume::SelectedNode { node: "n2".into() };
    assert_eq!(reasons(&cluster, "web"), [Reason::NoVolume { claim: "data".into(), cause }]);
    cluster = with(cluster, [node("n2").into()]);
    assert_eq!(cluster.volume("pv").unwrap().spec.claim_ref, None, "the free volume is not looked at");
    assert_eq!(volume_of(&cluster, "data"), "", "a volume is waited for");
}

/// SCHED-24, EPH-7: the volume of an ephemeral claim is gone before the claim is lost.
#[test]
fn a_bound_ephemeral_claim_without_a_volume() {
    let mut cluster =
        with(bare(), [node("n1").into(), pod("web", &[]).with_ephemeral("tmp", claim("", "1Gi", "")).into()]);
    let mut tmp = claim("web-tmp", "1Gi", "").with_volume("gone");
    tmp.metadata.annotations = tmp.metadata.annotations.with("pv.kubernetes.io/bind-completed", "yes");
    let uid = cluster.pod("web").unwrap().metadata.uid.clone();
    let owner = json!([{"apiVersion": "v1", "kind": "Pod", "name": "web", "uid": uid, "controller": true}]);
    tmp.metadata.owner_references = from_json(owner);
    cluster.restore(tmp).unwrap();
    let verdict = cluster.try_schedule(&pod_key("web")).unwrap();
    let text = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
    assert_eq!(verdict.to_string(), format!("0/1 nodes are available: 1 {text}."));
}

/// SCHED-25, 1: a class without provisioner makes nothing.
#[test]
fn a_class_for_volumes_made_by_hand_makes_none() {
    let cluster =
        world([node("n1").into(), local().into(), claim("data", "1Gi", "local").into(), pod("web", &["data"]).into()]);
    assert_eq!(complaint(&cluster, "web"), format!("0/1 nodes are available: 1 {NO_VOLUME}."));
    let cause = NoVolume::NoProvisioner;
    assert_eq!(reasons(&cluster, "web"), [Reason::NoVolume { claim: "data".into(), cause }]);
}

/// SCHED-25, 2, SC-6, scenario 17: volumes are made in other zones than the pod's. Nobody asks whether a provisioner runs.
#[test]
fn a_class_may_be_for_other_zones() {
    let zone = |name: &str, zone: &str| node(name).labelled(ZONE, zone);
    let web = pod("web", &["data"]).only_on(ZONE, "b");
    let csi = csi().only_in(ZONE, "a");
    let objects = [zone("n1", "b").into(), csi.into(), claim("data", "1Gi", "csi").into(), web.into()];
    let mut cluster = world(objects);
    assert_eq!(complaint(&cluster, "web"), format!("0/1 nodes are available: 1 {NO_VOLUME}."));
    assert_eq!(reasons(&cluster, "web"), [Reason::NoVolume { claim: "data".into(), cause: NoVolume::Topology }]);
    cluster = with(cluster, [zone("n2", "a").into(), pod("free", &["data"]).into()]);
    assert_eq!(node_of(&cluster, "free"), "n2");
}

/// SC-6: terms are alternatives, the keys of a term must all be there, and a term without keys chooses nothing.
#[test]
fn topologies_are_alternatives_of_labels() {
    let allowed = |terms: serde_json::Value| {
        let mut csi = csi();
        csi.allowed_topologies = from_json(terms);
        let n1 = node("n1").labelled("zone", "a").labelled("rack", "1");
        let mut cluster = bare();
        cluster.restore(csi).unwrap();
        let cluster = with(cluster, [n1.into(), claim("data", "1Gi", "csi").into(), pod("web", &["data"]).into()]);
        complaint(&cluster, "web").is_empty()
    };
    let term = |keys: &[(&str, &str)]| {
        let keys: Vec<_> = keys.iter().map(|(key, value)| json!({"key": key, "values": [value]})).collect();
        json!({"matchLabelExpressions": keys})
    };
    assert!(allowed(json!([])));
    assert!(allowed(json!([term(&[("zone", "b")]), term(&[("zone", "a"), ("rack", "1")])])));
    assert!(!allowed(json!([term(&[("zone", "a"), ("rack", "2")])])));
    assert!(!allowed(json!([term(&[])])));
}

fn capacity(name: &str, size: &str, largest: Option<&str>, zone: Option<&str>) -> CsiStorageCapacity {
    let topology = zone.map(|zone| json!({"matchLabels": {ZONE: zone}}));
    from_json(json!({
        "metadata": {"name": name, "namespace": "kube-system"}, "storageClassName": "csi", "capacity": size,
        "maximumVolumeSize": largest, "nodeTopology": topology,
    }))
}

/// SCHED-26: a driver that reports how much it has left is asked, claim by claim; the largest volume counts before the
/// capacity, and a report without topology is for no node.
#[test]
fn storage_must_be_left() {
    let driver = |tracks: bool| -> CsiDriver {
        from_json(json!({"metadata": {"name": "csi.example.com"}, "spec": {"storageCapacity": tracks}}))
    };
    let verdict = |driver: CsiDriver, report: CsiStorageCapacity| {
        let n1 = node("n1").labelled(ZONE, "a");
        let mut cluster = with(bare(), [n1.into(), csi().into(), driver.into(), report.into()]);
        for object in [claim("one", "6Gi", "csi"), claim("two", "6Gi", "csi")] {
            cluster.create(object).unwrap();
        }
        cluster.create(pod("web", &["one", "two"])).unwrap();
        cluster.try_schedule(&pod_key("web")).unwrap().to_string()
    };
    let full = "0/1 nodes are available: 1 node(s) did not have enough free storage.";
    assert_eq!(verdict(driver(true), capacity("r", "5Gi", None, Some("a"))), full);
    assert_eq!(verdict(driver(true), capacity("r", "10Gi", None, Some("a"))), "n1", "nothing is added up");
    assert_eq!(verdict(driver(true), capacity("r", "10Gi", Some("5Gi"), Some("a"))), full);
    assert_eq!(verdict(driver(true), capacity("r", "10Gi", None, Some("b"))), full);
    assert_eq!(verdict(driver(true), capacity("r", "10Gi", None, None)), full);
    assert_eq!(verdict(driver(false), capacity("r", "5Gi", None, Some("a"))), "n1", "nobody looks");
}

/// SCHED-27: one node gives several reasons, in their order: affinity, no volume.
#[test]
fn a_node_lists_all_that_is_wrong_with_volumes() {
    let pinned = volume("pv", "1Gi").with_class("").only_where(HOSTNAME, "n9");
    let objects = [node("n1").into(), local().into(), pinned.into(), claim("bound", "1Gi", "").into()];
    let mut cluster = world(objects);
    cluster = with(cluster, [claim("data", "1Gi", "local").into(), pod("web", &["data", "bound"]).into()]);
    let [first, second] = &reasons(&cluster, "web")[..] else { panic!("two reasons are expected") };
    assert_eq!(first, &Reason::VolumeNodeAffinity { claim: "bound".into(), volume: "pv".into() });
    assert_eq!(second, &Reason::NoVolume { claim: "data".into(), cause: NoVolume::NoProvisioner });
    assert_eq!(complaint(&cluster, "web"), format!("0/1 nodes are available: 1 {NO_VOLUME}, 1 {WRONG_NODE}."));
}

/// SCHED-28: the zones in the labels of a volume, with their alternatives and their older names.
#[test]
fn labels_of_volumes_name_zones() {
    let verdict = |label: &str, zones: &str, node: Node| {
        let zoned = volume("pv", "1Gi").with_class("").labelled(label, zones);
        let mut cluster = world([node.into(), zoned.into(), claim("data", "1Gi", "").into()]);
        cluster.create(pod("web", &["data"])).unwrap();
        cluster.try_schedule(&pod_key("web")).unwrap().to_string()
    };
    let in_b = || node("n1").labelled(ZONE, "b");
    let wrong = "0/1 nodes are available: 1 node(s) had no available volume zone.";
    assert_eq!(verdict(ZONE, "a", in_b()), wrong);
    assert_eq!(verdict(ZONE, "a__b", in_b()), "n1");
    assert_eq!(verdict("failure-domain.beta.kubernetes.io/zone", "b", in_b()), "n1");
    assert_eq!(verdict("topology.kubernetes.io/region", "r", in_b()), wrong, "the node has a zone and no region");
    assert_eq!(verdict(ZONE, "a", node("n1")), "n1", "a node without labels of that kind is taken");
}

/// SCHED-29: `ReadWriteOnce` keeps no pod from another node.
#[test]
fn read_write_once_is_no_matter_of_scheduling() {
    let objects = [node("n1").into(), node("n2").into(), volume("pv", "1Gi").with_class("").into()];
    let mut cluster = world(objects);
    cluster = with(cluster, [claim("data", "1Gi", "").into()]);
    cluster = with(cluster, [pod("one", &["data"]).into(), pod("two", &["data"]).into()]);
    assert_eq!([node_of(&cluster, "one"), node_of(&cluster, "two")], ["n1", "n2"]);
}

/// SCHED-20: a volume that is gone from the world of objects is not the same as one that does not fit.
#[test]
fn a_volume_without_affinity_goes_everywhere() {
    let objects = [
        node("n1").into(),
        PersistentVolume::new("pv", "1Gi".parse().unwrap(), [bindery::AccessMode::ReadWriteOnce]).into(),
    ];
    let mut cluster = world(objects);
    cluster = with(cluster, [claim("data", "1Gi", "").into(), pod("web", &["data"]).into()]);
    assert_eq!(node_of(&cluster, "web"), "n1");
    assert_eq!(cluster.get(&Kind::Node.named("n1")).map(|node| node.metadata().name.clone()), Some(Text::from("n1")));
}
