//! Descriptions have the lines, the columns and the order that `kubectl describe` gives them.

use bindery::report::describe;
use bindery::{Cluster, Kind};

const OBJECTS: &str = r#"
apiVersion: v1
kind: Pod
metadata:
  name: web-0
  namespace: shop
  labels: {app: web, pod: "0"}
  annotations: {note: "one\ntwo"}
  creationTimestamp: 2023-12-31T23:00:00Z
  ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: web, uid: u-1, controller: true}]
spec:
  nodeName: node-1
  serviceAccountName: web
  nodeSelector: {disk: ssd}
  tolerations:
  - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 300}
  - {key: dedicated, value: db, effect: NoSchedule}
  containers:
  - name: nginx
    image: nginx:1.25
    command: [nginx, -g]
    ports: [{containerPort: 80, name: http, protocol: TCP}]
    resources: {requests: {cpu: 250m, memory: 64Mi}, limits: {memory: 128Mi}}
    readinessProbe: {httpGet: {path: /ready, port: http}, periodSeconds: 5}
    env:
    - {name: MODE, value: fast}
    - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: KEY, valueFrom: {secretKeyRef: {name: keys, key: main}}}
    volumeMounts:
    - {name: www, mountPath: /www, subPath: html}
    - {name: cfg, mountPath: /cfg, readOnly: true}
  volumes:
  - {name: www, persistentVolumeClaim: {claimName: www-web-0}}
  - {name: cfg, configMap: {name: web}}
  - {name: tmp, emptyDir: {}}
status:
  phase: Running
  podIP: 10.1.0.7
  hostIP: 192.0.2.1
  podIPs: [{ip: 10.1.0.7}]
  startTime: 2023-12-31T23:00:00Z
  conditions: [{type: Ready, status: "True"}, {type: PodScheduled, status: "True"}]
  containerStatuses:
  - {name: nginx, ready: true, restartCount: 2, image: nginx, imageID: "", state: {running: {startedAt: 2023-12-31T23:00:05Z}}}
---
apiVersion: v1
kind: Node
metadata:
  name: node-1
  labels: {node-role.kubernetes.io/worker: ""}
  creationTimestamp: 2023-12-01T00:00:00Z
spec:
  taints: [{key: dedicated, value: db, effect: NoSchedule}]
  podCIDR: 10.1.0.0/24
status:
  capacity: {cpu: "4", memory: 8Gi, pods: "110"}
  allocatable: {cpu: "2", memory: 1Gi, pods: "110"}
  addresses: [{type: InternalIP, address: 192.0.2.1}]
  conditions:
  - {type: Ready, status: "True", lastHeartbeatTime: 2024-01-01T00:00:00Z, lastTransitionTime: 2023-12-01T00:00:00Z, reason: KubeletReady, message: kubelet is posting ready status}
  nodeInfo: {kubeletVersion: v1.36.0, osImage: Linux}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web, namespace: shop, uid: u-1, creationTimestamp: 2023-12-31T22:00:00Z}
spec:
  replicas: 3
  serviceName: web
  selector: {matchLabels: {app: web}}
  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: nginx, image: nginx, volumeMounts: [{name: www, mountPath: /www}]}]
  volumeClaimTemplates:
  - metadata: {name: www}
    spec: {accessModes: [ReadWriteOnce], storageClassName: gold, resources: {requests: {storage: 1Gi}}}
status: {replicas: 1}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: shop, uid: u-2, creationTimestamp: 2023-12-31T22:00:00Z}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 1}}
  template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: a, image: new}]}}
status:
  replicas: 2
  updatedReplicas: 1
  availableReplicas: 2
  conditions: [{type: Available, status: "True", reason: MinimumReplicasAvailable}]
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: shop-1
  namespace: shop
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: shop, uid: u-2, controller: true}]
spec:
  replicas: 1
  selector: {matchLabels: {app: shop, pod-template-hash: "1"}}
  template: {metadata: {labels: {app: shop, pod-template-hash: "1"}}, spec: {containers: [{name: a, image: old}]}}
status: {replicas: 1}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: shop-2
  namespace: shop
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: shop, uid: u-2, controller: true}]
spec:
  replicas: 1
  selector: {matchLabels: {app: shop, pod-template-hash: "2"}}
  template: {metadata: {labels: {app: shop, pod-template-hash: "2"}}, spec: {containers: [{name: a, image: new}]}}
status: {replicas: 1}
"#;

fn described(kind: Kind, name: &str) -> String {
    let mut cluster = Cluster::default();
    cluster.restore_yaml(OBJECTS).expect("objects");
    describe(&cluster, &kind.named(name)).expect("an object")
}

#[test]
fn a_pod_shows_its_containers_its_volumes_and_where_it_may_be() {
    let expected = r#"Name:             web-0
Namespace:        shop
Service Account:  web
Node:             node-1/192.0.2.1
Start Time:       Sun, 31 Dec 2023 23:00:00 +0000
Labels:           app=web
                  pod=0
Annotations:      note:
                    one
                    two
Status:           Running
IP:               10.1.0.7
IPs:
  IP:           10.1.0.7
Controlled By:  StatefulSet/web
Containers:
  nginx:
    Container ID:  
    Image:         nginx:1.25
    Image ID:      
    Port:          80/TCP (http)
    Host Port:     0/TCP (http)
    Command:
      nginx
      -g
    State:          Running
      Started:      Sun, 31 Dec 2023 23:00:05 +0000
    Ready:          True
    Restart Count:  2
    Limits:
      memory:  128Mi
    Requests:
      cpu:      250m
      memory:   64Mi
    Readiness:  http-get http://:http/ready delay=0s timeout=1s period=5s #success=1 #failure=3
    Environment:
      MODE:  fast
      POD:   web-0 (v1:metadata.name)
      KEY:   <set to the key 'main' in secret 'keys'>  Optional: false
    Mounts:
      /cfg from cfg (ro)
      /www from www (rw,path="html")
Conditions:
  Type           Status
  Ready          True 
  PodScheduled   True 
Volumes:
  www:
    Type:       PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)
    ClaimName:  www-web-0
    ReadOnly:   false
  cfg:
    Type:      ConfigMap (a volume populated by a ConfigMap)
    Name:      web
    Optional:  false
  tmp:
    Type:        EmptyDir (a temporary directory that shares a pod's lifetime)
    Medium:      
    SizeLimit:   <unset>
QoS Class:       Burstable
Node-Selectors:  disk=ssd
Tolerations:     dedicated=db:NoSchedule
                 node.kubernetes.io/unreachable:NoExecute op=Exists for 300s
Events:          <none>
"#;
    assert_eq!(described(Kind::Pod, "shop/web-0"), expected);
}

#[test]
fn a_node_shows_what_is_on_it_and_how_much_of_it_they_ask_for() {
    let expected = r"Name:               node-1
Roles:              worker
Labels:             node-role.kubernetes.io/worker=
Annotations:        <none>
CreationTimestamp:  Fri, 01 Dec 2023 00:00:00 +0000
Taints:             dedicated=db:NoSchedule
Unschedulable:      false
Conditions:
  Type    Status  LastHeartbeatTime                 LastTransitionTime                Reason         Message
  ----    ------  -----------------                 ------------------                ------         -------
  Ready   True    Mon, 01 Jan 2024 00:00:00 +0000   Fri, 01 Dec 2023 00:00:00 +0000   KubeletReady   kubelet is posting ready status
Addresses:
  InternalIP:  192.0.2.1
Capacity:
  cpu:     4
  memory:  8Gi
  pods:    110
Allocatable:
  cpu:     2
  memory:  1Gi
  pods:    110
System Info:
  Machine ID:                 
  System UUID:                
  Boot ID:                    
  Kernel Version:             
  OS Image:                   Linux
  Operating System:           
  Architecture:               
  Container Runtime Version:  
  Kubelet Version:            v1.36.0
PodCIDR:                      10.1.0.0/24
Non-terminated Pods:          (1 in total)
  Namespace                   Name     CPU Requests  CPU Limits  Memory Requests  Memory Limits  Age
  ---------                   ----     ------------  ----------  ---------------  -------------  ---
  shop                        web-0    250m (12%)    0 (0%)      64Mi (6%)        128Mi (12%)    60m
Allocated resources:
  (Total limits may be over 100 percent, i.e., overcommitted.)
  Resource           Requests    Limits
  --------           --------    ------
  cpu                250m (12%)  0 (0%)
  memory             64Mi (6%)   128Mi (12%)
  ephemeral-storage  0 (0%)      0 (0%)
Events:              <none>
";
    assert_eq!(described(Kind::Node, "node-1"), expected);
}

#[test]
fn a_stateful_set_shows_its_template_and_its_claims() {
    let expected = r"Name:               web
Namespace:          shop
CreationTimestamp:  Sun, 31 Dec 2023 22:00:00 +0000
Selector:           app=web
Labels:             <none>
Annotations:        <none>
Replicas:           3 desired | 1 total
Update Strategy:    RollingUpdate
  Partition:        1
Pods Status:        1 Running / 0 Waiting / 0 Succeeded / 0 Failed
Pod Template:
  Labels:  app=web
  Containers:
   nginx:
    Image:        nginx
    Port:         <none>
    Host Port:    <none>
    Environment:  <none>
    Mounts:
      /www from www (rw)
  Volumes:         <none>
  Node-Selectors:  <none>
  Tolerations:     <none>
Volume Claims:
  Name:          www
  StorageClass:  gold
  Labels:        <none>
  Annotations:   <none>
  Capacity:      1Gi
  Access Modes:  [ReadWriteOnce]
Events:          <none>
";
    assert_eq!(described(Kind::StatefulSet, "shop/web"), expected);
}

#[test]
fn a_deployment_shows_its_replica_sets_and_a_replica_set_whose_it_is() {
    let expected = r"Name:                   shop
Namespace:              shop
CreationTimestamp:      Sun, 31 Dec 2023 22:00:00 +0000
Labels:                 <none>
Annotations:            <none>
Selector:               app=shop
Replicas:               2 desired | 1 updated | 2 total | 2 available | 0 unavailable
StrategyType:           RollingUpdate
MinReadySeconds:        0
RollingUpdateStrategy:  1 max unavailable, 25% max surge
Pod Template:
  Labels:  app=shop
  Containers:
   a:
    Image:         new
    Port:          <none>
    Host Port:     <none>
    Environment:   <none>
    Mounts:        <none>
  Volumes:         <none>
  Node-Selectors:  <none>
  Tolerations:     <none>
Conditions:
  Type           Status  Reason
  ----           ------  ------
  Available      True    MinimumReplicasAvailable
OldReplicaSets:  shop-1 (1/1 replicas created)
NewReplicaSet:   shop-2 (1/1 replicas created)
Events:          <none>
";
    assert_eq!(described(Kind::Deployment, "shop/shop"), expected);
    let set = described(Kind::ReplicaSet, "shop/shop-1");
    assert!(set.contains("\nControlled By:  Deployment/shop\nReplicas:       1 current / 1 desired\n"), "{set}");
    assert!(set.contains("\nSelector:       app=shop,pod-template-hash=1\n"), "{set}");
}
