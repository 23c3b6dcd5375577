//! Volumes of pods whose contents a kubelet makes.

use crate::refused;

#[test]
fn their_rules_have_kubernetes_texts() {
    let cases = [
        (
            "emptyDir: {sizeLimit: -1}",
            "emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity",
        ),
        ("gitRepo: {}", "gitRepo.repository: Required value"),
        (
            "gitRepo: {repository: r, directory: /a}",
            "gitRepo.directory: Invalid value: \"/a\": must be a relative path",
        ),
        (
            "gitRepo: {repository: r, directory: a/..}",
            "gitRepo.directory: Invalid value: \"a/..\": must not contain '..'",
        ),
        ("configMap: {}", "configMap.name: Required value"),
        ("secret: {}", "secret.secretName: Required value"),
        (
            "secret: {secretName: s, defaultMode: 512}",
            "secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
        ),
        ("configMap: {name: c, items: [{key: k}]}", "configMap.items[0].path: Required value"),
        (
            "configMap: {name: c, items: [{key: k, path: ..p}]}",
            "configMap.items[0].path: Invalid value: \"..p\": must not start with '..'",
        ),
        ("nfs: {server: s, path: export}", "nfs.path: Invalid value: \"export\": must be an absolute path"),
        ("csi: {}", "csi.driver: Required value"),
        ("csi: {driver: d, nodePublishSecretRef: {}}", "csi.nodePublishSecretRef.name: Required value"),
        (
            "downwardAPI: {items: [{path: p}]}",
            "downwardAPI: Required value: one of fieldRef and resourceFieldRef is required",
        ),
        (
            "downwardAPI: {items: [{path: p, fieldRef: {fieldPath: status.phase}}]}",
            "downwardAPI.fieldRef.fieldPath: Unsupported value: \"status.phase\": supported values: \"metadata.annotations\", \
             \"metadata.labels\", \"metadata.name\", \"metadata.namespace\", \"metadata.uid\"",
        ),
        (
            "downwardAPI: {items: [{path: p, fieldRef: {fieldPath: spec.color}}]}",
            "downwardAPI.fieldRef.fieldPath: Invalid value: \"spec.color\": error converting fieldPath: field label not \
             supported: spec.color",
        ),
        (
            "downwardAPI: {items: [{path: p, resourceFieldRef: {resource: limits.cpu}}]}",
            "downwardAPI.resourceFieldRef.containerName: Required value",
        ),
        (
            "downwardAPI: {items: [{path: p, resourceFieldRef: {containerName: c, resource: limits.cpu, divisor: 2}}]}",
            "downwardAPI.resourceFieldRef.divisor: Invalid value: \"limits.cpu\": only divisor's values 1m and 1 are supported \
             with the cpu resource",
        ),
        (
            "projected: {sources: [{secret: {name: s, items: [{key: k, path: p}]}}, {configMap: {name: c, items: [{key: k, path: p}]}}]}",
            "projected: Invalid value: \"c\": conflicting duplicate paths",
        ),
        (
            "projected: {sources: [{secret: {name: s}, configMap: {name: c}}]}",
            "projected.sources[0]: Forbidden: may not specify more than 1 volume type per source",
        ),
        (
            "projected: {sources: [{serviceAccountToken: {path: p, expirationSeconds: 1}}]}",
            "projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 1: may not specify a duration less than \
             10 minutes",
        ),
        ("emptyDir: {}, secret: {secretName: s}", "secret: Forbidden: may not specify more than 1 volume type"),
    ];
    for (source, text) in cases {
        let manifest = format!(
            "{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{containers: [{{name: c, image: i}}], volumes: [{{name: \
             v, {source}}}]}}}}"
        );
        assert_eq!(refused(&manifest), format!("Pod \"a\" is invalid: spec.volumes[0].{text}"), "{source}");
    }
}
