//! The files that containers see, and how long they live.

use bindery::{Cluster, Kind, Location};

use crate::world::{NFS, add, bound, csi, delete, documents, node, of_claim, pod, settled, user};

const CONFIG: &str =
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: cfg}, data: {a: one, b: two}, binaryData: {c: dGhyZWU=}}";
const SECRET: &str = "{apiVersion: v1, kind: Secret, metadata: {name: pass}, data: {user: YWRtaW4=}}";

/// A cluster with two nodes, a ConfigMap, a Secret, and a pod with these volumes on the first node.
fn running(volumes: &[(&str, &str)]) -> Cluster {
    settled(&documents([&node("n1"), &node("n2"), CONFIG, SECRET, &pod("web", "n1", volumes)]))
}

fn write(cluster: &mut Cluster, pod: &str, path: &str, text: &str) {
    cluster.write_in_pod(pod, None, path, text).unwrap();
}

/// The text of a file, or why there is none.
fn read(cluster: &Cluster, pod: &str, path: &str) -> String {
    match cluster.read_in_pod(pod, None, path) {
        Ok(text) => text.to_string(),
        Err(error) => error.to_string(),
    }
}

const MISSING: &str = "no such file or directory";

#[test]
fn an_empty_directory_is_shared_by_containers_and_dies_with_its_pod() {
    let two = pod("web", "n1", &[("tmp", "emptyDir: {}")]).replace(
        "containers: [",
        "containers: [{name: side, image: nginx, volumeMounts: [{name: tmp, mountPath: /elsewhere}]}, ",
    );
    let mut cluster = settled(&documents([node("n1"), two.clone()]));
    cluster.write_in_pod("web", Some("c"), "/mnt/tmp/x", "1").unwrap();
    assert_eq!(read(&cluster, "web", "/elsewhere/x"), "1", "the first container is meant where none is named");
    delete(&mut cluster, Kind::Pod, "web");
    add(&mut cluster, &two);
    assert!(read(&cluster, "web", "/elsewhere/x").ends_with(MISSING));
}

#[test]
fn what_is_in_no_volume_belongs_to_one_container_and_dies_with_its_pod() {
    let two = pod("web", "n1", &[]).replace("containers: [", "containers: [{name: side, image: nginx}, ");
    let mut cluster = settled(&documents([node("n1"), two.clone()]));
    cluster.write_in_pod("web", Some("c"), "/etc/motd", "hello").unwrap();
    assert_eq!(cluster.read_in_pod("web", Some("c"), "/etc/motd").unwrap(), "hello");
    assert!(cluster.read_in_pod("web", Some("side"), "/etc/motd").unwrap_err().to_string().ends_with(MISSING));
    delete(&mut cluster, Kind::Pod, "web");
    add(&mut cluster, &two);
    assert!(cluster.read_in_pod("web", Some("c"), "/etc/motd").is_err());
}

#[test]
fn a_host_path_stays_on_its_node() {
    let source = &[("host", "hostPath: {path: /data}")];
    let mut cluster = running(source);
    write(&mut cluster, "web", "/mnt/host/x", "1");
    add(&mut cluster, &documents([pod("same", "n1", source), pod("other", "n2", source)]));
    assert_eq!(read(&cluster, "same", "/mnt/host/x"), "1");
    assert!(read(&cluster, "other", "/mnt/host/x").ends_with(MISSING));
    delete(&mut cluster, Kind::Pod, "web");
    assert_eq!(read(&cluster, "same", "/mnt/host/x"), "1");
    assert_eq!(cluster.contents().read(&Location::on_node("n1", "/data"), "x").unwrap(), "1");
}

#[test]
fn a_claim_on_a_host_path_is_a_directory_of_each_node() {
    // WL-11: the trap of trying such a claim on more than one node.
    let mut cluster =
        settled(&documents([node("n1"), node("n2"), bound("data", "ReadWriteOnce", "hostPath: {path: /data}")]));
    add(&mut cluster, &documents([user("web", "n1", "data"), user("next", "n2", "data")]));
    write(&mut cluster, "web", "/mnt/data/x", "1");
    assert!(read(&cluster, "next", "/mnt/data/x").ends_with(MISSING));
}

#[test]
fn the_data_of_a_claim_follow_it() {
    for source in [NFS, &csi("disk"), "awsElasticBlockStore: {volumeID: vol-1}"] {
        let claim = bound("data", "ReadWriteOnce", source);
        let mut cluster = settled(&documents([node("n1"), node("n2"), claim, user("web", "n1", "data")]));
        write(&mut cluster, "web", "/mnt/data/db/rows", "1");
        delete(&mut cluster, Kind::Pod, "web");
        add(&mut cluster, &user("next", "n2", "data"));
        assert_eq!(read(&cluster, "next", "/mnt/data/db/rows"), "1", "{source}");
        assert_eq!(cluster.files("pv-data").unwrap().read("db/rows").unwrap(), "1");
    }
}

#[test]
fn an_nfs_volume_of_a_pod_is_the_export() {
    let mut cluster = running(&[("nfs", NFS)]);
    write(&mut cluster, "web", "/mnt/nfs/x", "1");
    assert_eq!(cluster.contents().read(&Location::nfs("nfs.example.com", "/exports/data"), "x").unwrap(), "1");
}

#[test]
fn a_config_map_is_a_directory_with_a_file_for_each_key() {
    let cluster = running(&[
        ("all", "configMap: {name: cfg}"),
        ("some", "configMap: {name: cfg, items: [{key: b, path: sub/two.txt}]}"),
    ]);
    assert_eq!(["a", "b", "c"].map(|file| read(&cluster, "web", &format!("/mnt/all/{file}"))), ["one", "two", "three"]);
    assert_eq!(read(&cluster, "web", "/mnt/some/sub/two.txt"), "two");
    assert!(read(&cluster, "web", "/mnt/some/a").ends_with(MISSING));
}

#[test]
fn a_secret_is_decoded() {
    let cluster = running(&[("s", "secret: {secretName: pass}")]);
    assert_eq!(read(&cluster, "web", "/mnt/s/user"), "admin");
}

#[test]
fn facts_about_the_pod_are_files() {
    let field = |path: &str, field: &str| format!("{{path: {path}, fieldRef: {{fieldPath: {field}}}}}");
    let items = [
        field("name", "metadata.name"),
        field("namespace", "metadata.namespace"),
        field("labels", "metadata.labels"),
        field("app", "\"metadata.labels['app']\""),
    ];
    let source = format!("downwardAPI: {{items: [{}]}}", items.join(", "));
    let labelled =
        pod("web", "n1", &[("info", &source)]).replace("name: web,", "name: web, labels: {tier: db, app: shop},");
    let cluster = settled(&documents([node("n1"), labelled]));
    let file = |name: &str| read(&cluster, "web", &format!("/mnt/info/{name}"));
    assert_eq!((file("name").as_str(), file("namespace").as_str(), file("app").as_str()), ("web", "default", "shop"));
    assert_eq!(file("labels"), "app=\"shop\"\ntier=\"db\"");
}

#[test]
fn several_sources_may_be_projected_into_one_directory() {
    let parts = "{configMap: {name: cfg, items: [{key: a, path: a}]}}, {secret: {name: pass}}, \
                 {downwardAPI: {items: [{path: me, fieldRef: {fieldPath: metadata.name}}]}}, \
                 {configMap: {name: absent, optional: true}}";
    let source = format!("projected: {{sources: [{parts}]}}");
    let cluster = running(&[("all", &source)]);
    assert_eq!(
        ["a", "user", "me"].map(|file| read(&cluster, "web", &format!("/mnt/all/{file}"))),
        ["one", "admin", "web"]
    );
}

#[test]
fn what_is_missing_for_a_volume_is_told_for_each_of_them() {
    // WL-3
    let cluster = running(&[
        ("key", "configMap: {name: cfg, items: [{key: z, path: z}]}"),
        ("secret", "secret: {secretName: pass, items: [{key: z, path: z}]}"),
        ("none", "secret: {secretName: absent}"),
        ("parts", "projected: {sources: [{configMap: {name: absent}}, {secret: {name: absent}}]}"),
        ("fine", "configMap: {name: cfg, optional: true, items: [{key: z, path: z}]}"),
    ]);
    let failed = |volume: &str, why: &str| {
        format!("Warning FailedMount MountVolume.SetUp failed for volume \"{volume}\" : {why}")
    };
    assert_eq!(
        crate::world::emitted(&cluster, Kind::Pod, "web")
            .into_iter()
            .filter(|e| e.contains("Mount"))
            .collect::<Vec<_>>(),
        [
            failed("key", "configmap references non-existent config key: z"),
            failed("secret", "references non-existent secret key: z"),
            failed("none", "secret \"absent\" not found"),
            failed("parts", "[configmap \"absent\" not found, secret \"absent\" not found]"),
        ]
    );
}

#[test]
fn what_is_mounted_read_only_cannot_be_written() {
    let read_only_claim = "persistentVolumeClaim: {claimName: data, readOnly: true}";
    let mut cluster = settled(&documents([
        &node("n1"),
        CONFIG,
        &bound("data", "ReadWriteMany", NFS),
        &bound("frozen", "ReadWriteMany", "nfs: {server: s, path: /p, readOnly: true}"),
        &user("writer", "n1", "data"),
        &pod("reader", "n1", &[("data", read_only_claim)]),
        &user("frozen", "n1", "frozen"),
        &pod("config", "n1", &[("data", "configMap: {name: cfg}")]),
        &user("mount", "n1", "data").replace("mountPath: /mnt/data", "mountPath: /mnt/data, readOnly: true"),
    ]));
    write(&mut cluster, "writer", "/mnt/data/x", "1");
    for pod in ["reader", "frozen", "config", "mount"] {
        let error = cluster.write_in_pod(pod, None, "/mnt/data/x", "2").unwrap_err();
        assert_eq!(error.to_string(), "/mnt/data/x: read-only file system", "{pod}");
    }
    assert_eq!(read(&cluster, "reader", "/mnt/data/x"), "1");
}

#[test]
fn a_path_inside_of_the_volume_may_be_mounted() {
    let mounts = "volumeMounts: [{name: data, mountPath: /db, subPath: mysql}, {name: data, mountPath: /db/log, subPath: logs}, \
                  {name: cfg, mountPath: /etc/app.conf, subPath: a}, {name: data, mountPath: /own, subPathExpr: $(POD)/$(WHO)-$$(X)}]";
    let variables = "env: [{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: WHO, value: me}], ";
    let volumes = format!("volumes: [{{name: data, {}}}, {{name: cfg, configMap: {{name: cfg}}}}]", of_claim("data"));
    let web = format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: web}}, spec: {{nodeName: n1, containers: [{{name: c, image: nginx, \
         {variables}{mounts}}}], {volumes}}}}}"
    );
    let mut cluster = settled(&documents([&node("n1"), CONFIG, &bound("data", "ReadWriteOnce", NFS), &web]));
    write(&mut cluster, "web", "/db/rows", "1");
    write(&mut cluster, "web", "/db/log/today", "2");
    write(&mut cluster, "web", "/own/x", "3");
    assert_eq!(read(&cluster, "web", "/etc/app.conf"), "one");
    let files: Vec<String> =
        cluster.files("pv-data").unwrap().list().into_iter().map(|(path, text)| format!("{path}={text}")).collect();
    assert_eq!(files, ["logs/today=2", "mysql/rows=1", "web/me-$(X)/x=3"]);
    assert!(read(&cluster, "web", "/dbx/rows").ends_with(MISSING), "a directory is not a prefix of a name");
}

#[test]
fn only_a_pod_that_runs_has_files() {
    let mut cluster = running(&[("cfg", "configMap: {name: absent}")]);
    assert_eq!(read(&cluster, "web", "/x"), "container not running: pod default/web is Pending");
    assert_eq!(read(&cluster, "none", "/x"), "pods \"none\" not found");
    add(&mut cluster, &pod("other", "n1", &[]));
    let error = cluster.read_in_pod("other", Some("zz"), "/x").unwrap_err();
    assert_eq!(error.to_string(), "container \"zz\" is not valid for pod default/other");
}

#[test]
fn a_fork_has_files_of_its_own() {
    let mut cluster = running(&[("tmp", "emptyDir: {}")]);
    let mut fork = cluster.fork();
    write(&mut fork, "web", "/mnt/tmp/x", "fork");
    assert!(read(&cluster, "web", "/mnt/tmp/x").ends_with(MISSING));
    write(&mut cluster, "web", "/mnt/tmp/x", "original");
    assert_eq!(read(&fork, "web", "/mnt/tmp/x"), "fork");
}
