//! Which pod comes first, and which node.

use bindery::{Cluster, Config, NodeChoice, Object};

use crate::scheduler::world::{PodParts, claim, empty, node, node_of, pod, scheduler_writes, volume, with, world};

/// ND-1: the node with the fewest pods, then by name.
#[test]
fn pods_spread_over_nodes() {
    let nodes = ["n2", "n1", "n3"].map(|name| Object::from(node(name)));
    let pods = ["a", "b", "c", "d"].map(|name| Object::from(pod(name, &[])));
    let cluster = with(world(nodes), pods);
    assert_eq!(["a", "b", "c", "d"].map(|name| node_of(&cluster, name)), ["n1", "n2", "n3", "n1"]);
}

/// ND-1: pods that have ended take up no room, and pods that somebody else put on a node do.
#[test]
fn pods_that_have_ended_do_not_count() {
    let mut cluster = world([node("n1").into(), node("n2").into(), pod("first", &[]).on("n1").into()]);
    cluster = with(cluster, [pod("a", &[]).into()]);
    assert_eq!(node_of(&cluster, "a"), "n2");
    for name in ["first", "a"] {
        crate::scheduler::world::finish(&mut cluster, name, bindery::PodPhase::Failed);
    }
    cluster = with(cluster, [pod("b", &[]).into()]);
    assert_eq!(node_of(&cluster, "b"), "n1");
}

/// ND-1: by configuration the name alone decides.
#[test]
fn nodes_are_taken_by_name_where_that_is_wanted() {
    let mut config = Config::default();
    config.node_choice = NodeChoice::Name;
    let nodes = ["n2", "n1"].map(|name| Object::from(node(name)));
    let cluster = with(with(Cluster::new(config), nodes), ["a", "b"].map(|name| pod(name, &[]).into()));
    assert_eq!([node_of(&cluster, "a"), node_of(&cluster, "b")], ["n1", "n1"]);
}

/// ND-14: the highest priority first, then the pod that was created first.
#[test]
fn the_highest_priority_comes_first() {
    let mut cluster = world([node("n1").into()]);
    for (name, priority) in [("z", 1), ("low", 0), ("high", 9), ("a", 1)] {
        cluster.create(pod(name, &[]).with_priority(priority)).unwrap();
    }
    let start = cluster.journal().len();
    cluster.settle().unwrap();
    let order = scheduler_writes(&cluster, start);
    assert_eq!(order, ["SCHED-47 high", "SCHED-47 z", "SCHED-47 a", "SCHED-47 low"]);
}

/// Two runs over the same world write the same journal.
#[test]
fn two_runs_agree() {
    let run = || {
        let mut cluster = empty();
        for name in ["n1", "n2"] {
            cluster.create(node(name)).unwrap();
        }
        for index in 0..6 {
            cluster.create(volume(&format!("pv-{index}"), "1Gi").with_class("")).unwrap();
            cluster.create(claim(&format!("c-{index}"), "1Gi", "")).unwrap();
            cluster.create(pod(&format!("p-{index}"), &[&format!("c-{index}")])).unwrap();
        }
        cluster.settle().unwrap();
        serde_json::to_string(&cluster.journal().iter().collect::<Vec<_>>()).unwrap()
    };
    assert_eq!(run(), run());
}
