//! The numbers of states that are found from those of their neighbours are the ones that are found from nothing, and a
//! cluster that is made of another one is a copy.

use std::collections::BTreeSet;

use crate::cluster::{Cluster, Config, Controller, Controllers, Move, Weights};
use crate::explore::expand::Point;
use crate::model::access_modes::AccessMode;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::kind::Kind;
use crate::model::volume::{PersistentVolume, ReclaimPolicy};

const WORKLOAD: &str = "
{apiVersion: v1, kind: Node, metadata: {name: n1}}
---
{apiVersion: v1, kind: Node, metadata: {name: n2}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  replicas: 1
  serviceName: db
  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete, whenDeleted: Delete}
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: i, volumeMounts: [{name: data, mountPath: /data}]}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
";

fn world(controllers: Controllers, workload: &str) -> Cluster {
    let mut cluster = Cluster::new(Config { controllers, ..Config::default() });
    let size = || "1Gi".parse().expect("a quantity");
    for name in ["v", "w"] {
        let volume = PersistentVolume::new(name, size(), [AccessMode::ReadWriteOnce]);
        cluster.create(volume.with_reclaim_policy(ReclaimPolicy::Recycle)).expect("a valid volume");
    }
    let claim = PersistentVolumeClaim::new("default", "a", size(), [AccessMode::ReadWriteOnce]);
    cluster.create(claim).expect("a valid claim");
    cluster.settle().expect("a quiet cluster");
    cluster.delete(&Kind::PersistentVolumeClaim.named("default/a")).expect("a claim");
    cluster.apply_yaml(workload).expect("valid objects");
    cluster.loosened()
}

/// Walks over so many states, breadth first, and counts those that were compared.
fn compare(start: Cluster, states: usize) -> usize {
    let mut spare = start.fork();
    let (mut known, mut weights) = (BTreeSet::new(), Weights::default());
    let mut nodes = vec![Point::new(start)];
    let (mut at, mut compared) = (0, 0);
    while at < nodes.len() && nodes.len() < states {
        let node = nodes[at].clone();
        let mut moves = Vec::new();
        node.cluster.moves(&mut moves);
        let mut remembered = Vec::new();
        node.cluster.moves_in(&node.state, &mut weights, &mut remembered);
        assert_eq!(remembered, moves);
        moves.extend(node.cluster.could_crash().into_iter().map(Move::crash));
        moves.extend(node.cluster.could_fall_behind().map(Move::fall_behind));
        moves.extend((0..node.cluster.could_be_late()).map(Move::late));
        for made in moves {
            let mut next = node.cluster.fork_for_move();
            next.make(made);
            let number = next.state_after(Some((&node.cluster, node.state)));
            assert_eq!(number, next.state_after(None), "{}", node.cluster.describe_move(made));
            spare.become_fork_for_move(&node.cluster);
            assert_eq!(spare.state_after(None), node.state);
            spare.make(made);
            assert_eq!(spare.state_after(None), number, "{}", node.cluster.describe_move(made));
            assert_eq!(spare.journal().to_lines(), next.journal().to_lines());
            compared += 1;
            if known.insert(number.whole) {
                nodes.push(Point::new(next));
            }
        }
        at += 1;
    }
    compared
}

#[test]
fn numbers_found_from_neighbours_are_those_found_from_nothing() {
    let storage = Controllers::PERSISTENT_VOLUMES.with(Controller::Protection);
    assert!(compare(world(storage, ""), 600) > 600);
    assert!(compare(world(Controllers::ALL, WORKLOAD), 300) > 300);
}
