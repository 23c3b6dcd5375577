//! Bad input, with Kubernetes' texts.

use crate::refused;

const CONTAINERS: &str = "containers: [{name: c, image: i}]";

fn check(cases: &[(&str, &str)], wrap: impl Fn(&str) -> String, prefix: &str) {
    for (input, text) in cases {
        let manifest = wrap(input);
        assert_eq!(refused(&manifest), format!("{prefix} is invalid: {text}"), "{manifest}");
    }
}

#[test]
fn deployments() {
    let wrap = |spec: &str| {
        format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a}}, spec: {{selector: {{matchLabels: {{app: a}}}}, \
             template: {{metadata: {{labels: {{app: a}}}}, spec: {{{CONTAINERS}}}}}, {spec}}}}}"
        )
    };
    let cases = [
        ("replicas: -1", "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        (
            "minReadySeconds: 600",
            "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds",
        ),
        (
            "strategy: {type: Sudden}",
            "spec.strategy: Unsupported value: {\"Type\":\"Sudden\",\"RollingUpdate\":null}: supported values: \"Recreate\", \
             \"RollingUpdate\"",
        ),
        (
            "strategy: {type: Recreate, rollingUpdate: {}}",
            "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
        ),
        (
            "strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 0%}}",
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"0%\": may not be 0 when `maxSurge` is 0",
        ),
        (
            "strategy: {rollingUpdate: {maxUnavailable: 101%}}",
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"101%\": must not be greater than 100%",
        ),
        (
            "strategy: {rollingUpdate: {maxSurge: many}}",
            "spec.strategy.rollingUpdate.maxSurge: Invalid value: \"many\": a valid percent string must be a numeric string \
             followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        ),
        (
            "strategy: {rollingUpdate: {maxSurge: -1}}",
            "spec.strategy.rollingUpdate.maxSurge: Invalid value: -1: must be greater than or equal to 0",
        ),
    ];
    check(&cases, wrap, "Deployment.apps \"a\"");
}

#[test]
fn the_selectors_of_deployments_and_replica_sets() {
    let cases = [
        (
            "template: {spec: {containers: [{name: c, image: i}]}}",
            "[spec.selector: Required value, spec.template.metadata.labels: Invalid value: null: `selector` does not match \
             template `labels`]",
        ),
        (
            "selector: {}, template: {spec: {containers: [{name: c, image: i}]}}",
            "spec.selector: Invalid value: {}: empty selector is invalid for deployment",
        ),
        (
            "selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: b}}, spec: {containers: [{name: c, image: i}]}}",
            "spec.template.metadata.labels: Invalid value: {\"app\":\"b\"}: `selector` does not match template `labels`",
        ),
        (
            "selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {restartPolicy: Never, activeDeadlineSeconds: 5, containers: [{name: c, image: i}]}}",
            "[spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\", \
             spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported]",
        ),
        (
            "selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}}",
            "spec.template.spec.containers: Required value",
        ),
    ];
    for kind in ["Deployment", "ReplicaSet"] {
        let wrap =
            |spec: &str| format!("{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: a}}, spec: {{{spec}}}}}");
        check(&cases, wrap, &format!("{kind}.apps \"a\""));
    }
}

#[test]
fn revisions() {
    let wrap = |rest: &str| format!("{{apiVersion: apps/v1, kind: ControllerRevision, metadata: {{name: a}}, {rest}}}");
    let cases = [
        ("revision: 1", "data: Required value: data is mandatory"),
        ("revision: 1, data: text", "data: Required value: data must be a valid JSON object"),
        ("revision: -1, data: {}", "revision: Invalid value: -1: must be greater than or equal to 0"),
    ];
    check(&cases, wrap, "ControllerRevision.apps \"a\"");
}

#[test]
fn services() {
    let wrap = |spec: &str| format!("{{apiVersion: v1, kind: Service, metadata: {{name: a}}, spec: {{{spec}}}}}");
    let cases = [
        ("selector: {app: a}", "spec.ports: Required value"),
        (
            "ports: [{port: 70000}]",
            "[spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive, \
             spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive]",
        ),
        ("ports: [{port: 80}, {name: b, port: 81}]", "spec.ports[0].name: Required value"),
        (
            "ports: [{name: a, port: 80}, {name: a, port: 80}]",
            "[spec.ports[1].name: Duplicate value: \"a\", spec.ports[1]: Duplicate value: \
             {\"Name\":\"\",\"Protocol\":\"TCP\",\"AppProtocol\":null,\"Port\":80,\"TargetPort\":0,\"NodePort\":0}]",
        ),
        (
            "ports: [{port: 80, protocol: HTTP}]",
            "spec.ports[0].protocol: Unsupported value: \"HTTP\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
        ),
        (
            "ports: [{port: 80, targetPort: a_b}]",
            "spec.ports[0].targetPort: Invalid value: \"a_b\": must contain only \
             alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (
            "ports: [{port: 80, nodePort: 30000}]",
            "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
        ),
        (
            "type: Inside, ports: [{port: 80}]",
            "spec.type: Unsupported value: \"Inside\": supported values: \"ClusterIP\", \"ExternalName\", \"LoadBalancer\", \
             \"NodePort\"",
        ),
        ("type: ExternalName", "spec.externalName: Required value"),
        (
            "type: NodePort, clusterIP: None, ports: [{port: 80}]",
            "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
        ),
        (
            "clusterIP: here, ports: [{port: 80}]",
            "spec.clusterIPs[0]: Invalid value: \"here\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
        ),
        (
            "clusterIPs: [10.96.0.7], ports: [{port: 80}]",
            "spec.clusterIPs: Invalid value: [\"10.96.0.7\"]: must be empty when `clusterIP` is not specified",
        ),
        (
            "ipFamilyPolicy: RequireDualStack, ports: [{port: 80}]",
            "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": this cluster is not configured for dual-stack services",
        ),
        (
            "sessionAffinity: Cookie, ports: [{port: 80}]",
            "spec.sessionAffinity: Unsupported value: \"Cookie\": supported values: \"ClientIP\", \"None\"",
        ),
        (
            "externalIPs: [127.0.0.1], ports: [{port: 80}]",
            "spec.externalIPs[0]: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128)",
        ),
        (
            "externalTrafficPolicy: Local, ports: [{port: 80}]",
            "spec.externalTrafficPolicy: Invalid value: \"Local\": may only be set for externally-accessible services",
        ),
        (
            "loadBalancerClass: a, ports: [{port: 80}]",
            "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'",
        ),
    ];
    check(&cases, wrap, "Service \"a\"");
}

#[test]
fn config_maps_and_secrets() {
    let wrap = |rest: &str| format!("{{apiVersion: v1, metadata: {{name: a}}, {rest}}}");
    let cases = [
        (
            "kind: ConfigMap, data: {a/b: c}",
            "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' \
             (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        ),
        ("kind: ConfigMap, data: {..a: c}", "data[..a]: Invalid value: \"..a\": must not start with '..'"),
        (
            "kind: ConfigMap, data: {a: c}, binaryData: {a: YQ==}",
            "data[a]: Invalid value: \"a\": duplicate of key present in binaryData",
        ),
    ];
    check(&cases, wrap, "ConfigMap \"a\"");
    let cases = [
        ("kind: Secret, data: {\"..\": YQ==}", "data[..]: Invalid value: \"..\": must not be '..'"),
        ("kind: Secret, type: kubernetes.io/tls", "[data[tls.crt]: Required value, data[tls.key]: Required value]"),
        (
            "kind: Secret, type: kubernetes.io/basic-auth",
            "[data[username]: Required value, data[password]: Required value]",
        ),
        ("kind: Secret, type: kubernetes.io/ssh-auth", "data[ssh-privatekey]: Required value"),
    ];
    check(&cases, wrap, "Secret \"a\"");
}

#[test]
fn quotas() {
    let wrap = |spec: &str| format!("{{apiVersion: v1, kind: ResourceQuota, metadata: {{name: a}}, spec: {{{spec}}}}}");
    let cases = [
        (
            "hard: {claims: 1}",
            "[spec.hard[claims]: Invalid value: \"claims\": must be a standard resource type or fully qualified, \
             spec.hard[claims]: Invalid value: \"claims\": must be a standard resource for quota]",
        ),
        ("hard: {storage: 1}", "spec.hard[storage]: Invalid value: \"storage\": must be a standard resource for quota"),
        (
            "hard: {requests.storage: -1}",
            "spec.hard[requests.storage]: Invalid value: \"-1\": must be greater than or equal to 0",
        ),
        ("hard: {pods: 500m}", "spec.hard[pods]: Invalid value: \"500m\": must be an integer"),
        ("hard: {count/pods: 1500m}", "spec.hard[count/pods]: Invalid value: \"1500m\": must be an integer"),
        ("scopes: [Sometimes]", "spec.scopes: Invalid value: [\"Sometimes\"]: unsupported scope"),
        (
            "scopes: [Terminating, NotTerminating]",
            "spec.scopes: Invalid value: [\"Terminating\",\"NotTerminating\"]: conflicting scopes",
        ),
        (
            "hard: {requests.storage: 1}, scopes: [Terminating]",
            "spec.scopes: Invalid value: [\"Terminating\"]: unsupported scope applied to resource",
        ),
        (
            "scopeSelector: {matchExpressions: [{scopeName: VolumeAttributesClass, operator: In}]}",
            "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or \
             'NotIn' for scope selector",
        ),
        (
            "scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: Exists, values: [a]}]}",
            "spec.scopeSelector.matchExpressions.values: Invalid value: [\"a\"]: must be no value when `operator` is 'Exist' or \
             'DoesNotExist' for scope selector",
        ),
    ];
    check(&cases, wrap, "ResourceQuota \"a\"");
}

#[test]
fn namespaces_and_csi_objects() {
    let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: a.b}}";
    assert_eq!(
        refused(namespace),
        "Namespace \"a.b\" is invalid: metadata.name: Invalid value: \"a.b\": must not contain dots"
    );
    let wrap = |rest: &str| format!("{{apiVersion: storage.k8s.io/v1, metadata: {{name: a}}, {rest}}}");
    let cases = [
        (
            "kind: CSIDriver, spec: {fsGroupPolicy: Never, volumeLifecycleModes: [Short]}",
            "[spec.fsGroupPolicy: Unsupported value: \"Never\": supported values: \"File\", \"None\", \
             \"ReadWriteOnceWithFSType\", spec.volumeLifecycleModes: Unsupported value: \"Short\": supported values: \
             \"Persistent\", \"Ephemeral\"]",
        ),
        (
            "kind: CSIDriver, spec: {tokenRequests: [{audience: x, expirationSeconds: 5}, {audience: x}]}",
            "[spec.tokenRequests[0].expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes, \
             spec.tokenRequests[1].audience: Duplicate value: \"x\"]",
        ),
        (
            "kind: CSIDriver, spec: {serviceAccountTokenInSecrets: true}",
            "spec.serviceAccountTokenInSecrets: Invalid value: true: serviceAccountTokenInSecrets is set but no tokenRequests \
             are specified",
        ),
        (
            "kind: CSIDriver, spec: {nodeAllocatableUpdatePeriodSeconds: 9}",
            "spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds",
        ),
    ];
    check(&cases, wrap, "CSIDriver.storage.k8s.io \"a\"");
    let cases = [
        ("kind: CSINode, spec: {drivers: [{nodeID: x}]}", "spec.drivers[0].name: Required value"),
        (
            "kind: CSINode, spec: {drivers: [{name: d, nodeID: x, allocatable: {count: -1}}, {name: d, nodeID: x}]}",
            "[spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0, \
             spec.drivers[1].name: Duplicate value: \"d\"]",
        ),
        ("kind: CSINode, spec: {drivers: [{name: d}]}", "spec.drivers[0].nodeID: Required value"),
    ];
    check(&cases, wrap, "CSINode.storage.k8s.io \"a\"");
    let cases = [
        (
            "kind: CSIStorageCapacity, storageClassName: gold, capacity: -1",
            "capacity: Invalid value: \"-1\": must be greater than or equal to 0",
        ),
        (
            "kind: CSIStorageCapacity, storageClassName: gold, nodeTopology: {matchExpressions: [{key: a, operator: Near}]}",
            "nodeTopology.matchExpressions[0].operator: Invalid value: \"Near\": not a valid selector operator",
        ),
    ];
    check(&cases, wrap, "CSIStorageCapacity.storage.k8s.io \"a\"");
}
