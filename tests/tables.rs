//! Tables have the columns, the values and the order that `kubectl get` gives them.

use bindery::report::{Query, print_tables, tables};
use bindery::{Cluster, Kind, LabelSelector};

const OBJECTS: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web-1, namespace: default, labels: {app: web}, creationTimestamp: 2024-01-01T00:00:00Z}
spec: {nodeName: node-1, containers: [{name: a, image: nginx}, {name: b, image: nginx}]}
status:
  phase: Pending
  containerStatuses:
  - {name: a, ready: true, restartCount: 2, state: {running: {startedAt: null}}}
  - {name: b, ready: false, restartCount: 1, state: {waiting: {reason: ContainerCreating}}}
---
apiVersion: v1
kind: Pod
metadata: {name: web-0, namespace: default, labels: {app: web}, creationTimestamp: 2024-01-01T00:00:00Z}
spec: {nodeName: node-1, containers: [{name: a, image: nginx}]}
status: {phase: Running, podIP: 10.244.1.2, containerStatuses: [{name: a, ready: true}]}
---
apiVersion: v1
kind: Pod
metadata:
  {name: gone, namespace: default, creationTimestamp: 2024-01-01T00:00:00Z, deletionTimestamp: 2024-01-01T00:00:00Z}
spec: {containers: [{name: a, image: nginx}]}
status: {phase: Running}
---
apiVersion: v1
kind: Node
metadata: {name: node-1, labels: {node-role.kubernetes.io/worker: ''}, creationTimestamp: 2024-01-01T00:00:00Z}
spec: {unschedulable: true}
status: {conditions: [{type: Ready, status: 'False'}], nodeInfo: {kubeletVersion: v1.36.0}}
---
apiVersion: v1
kind: Service
metadata: {name: nginx, namespace: default, creationTimestamp: 2024-01-01T00:00:00Z}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80, name: web}, {port: 81, protocol: UDP, nodePort: 30081}]}
---
apiVersion: v1
kind: Secret
metadata: {name: my-pass, namespace: default, creationTimestamp: 2024-01-01T00:00:00Z}
data: {password: UWlhbkZlbmdAMTIzIQ==}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: default, creationTimestamp: 2024-01-01T00:00:00Z}
spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {spec: {containers: [{name: a, image: nginx}]}}}
status: {replicas: 2, readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1}
";

fn cluster() -> Cluster {
    let mut cluster = Cluster::default();
    cluster.restore_yaml(OBJECTS).expect("objects");
    cluster
}

#[test]
fn pods_come_in_the_order_of_their_names_with_what_their_containers_do() {
    let table = print_tables(&cluster(), &[Kind::Pod], true);
    assert_eq!(
        table,
        "\
NAME    READY   STATUS              RESTARTS   AGE   IP           NODE     NOMINATED NODE   READINESS GATES
gone    0/1     Terminating         0          0s    <none>       <none>   <none>           <none>
web-0   1/1     Running             0          0s    10.244.1.2   node-1   <none>           <none>
web-1   1/2     ContainerCreating   3          0s    <none>       node-1   <none>           <none>
"
    );
}

#[test]
fn nodes_services_secrets_and_deployments_have_their_columns() {
    let table = print_tables(&cluster(), &[Kind::Node, Kind::Service, Kind::Secret, Kind::Deployment], false);
    assert_eq!(
        table,
        "\
NAME          STATUS                        ROLES    AGE   VERSION
node/node-1   NotReady,SchedulingDisabled   worker   0s    v1.36.0

NAME            TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)               AGE
service/nginx   ClusterIP   None         <none>        80/TCP,81:30081/UDP   0s

NAME             TYPE     DATA   AGE
secret/my-pass   Opaque   1      0s

NAME                   READY   UP-TO-DATE   AVAILABLE   AGE
deployment.apps/shop   1/2     2            1           0s
"
    );
}

#[test]
fn a_query_names_one_object_or_the_labels_of_several() {
    let cluster = cluster();
    let names = |query: Query| -> Vec<String> {
        tables(&cluster, &query).into_iter().flat_map(|table| table.rows).map(|row| row[0].clone()).collect()
    };
    let labels = LabelSelector::matching([("app", "web")]);
    assert_eq!(names(Query::kinds([Kind::Pod]).selector(labels)), ["web-0", "web-1"]);
    assert_eq!(names(Query::object(Kind::Pod.named("default/gone"))), ["gone"]);
    assert_eq!(names(Query::object(Kind::Pod.named("default/nothing"))), [""; 0]);
}
