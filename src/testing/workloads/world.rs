//! Worlds and workloads as objects.

use crate::{Cluster, Config, CsiProvisioner, Json, NfsSubdirProvisioner, Object, Reader, Trouble};
use serde_json::{Value, json};

use crate::testing::workloads::seeds::{
    CLAIMS, CLASSES, NODES, Retention, SETS, SetSeed, Strategies, TEMPLATES, VolumeSeed, World,
};

const ZONE: &str = "topology.kubernetes.io/zone";
/// Reclaim policies of static volumes.
const POLICIES: [&str; 3] = ["Retain", "Recycle", "Delete"];

/// The object of a manifest.
fn object(value: &Value) -> Object {
    let manifest = Reader::new().read(&value.to_string()).expect("a manifest");
    manifest.documents.into_iter().next().expect("an object").object
}

impl World {
    /// What the cluster is set to.
    #[must_use]
    pub fn config(&self) -> Config {
        let mut csi = CsiProvisioner::new("csi.example.com");
        csi.provision.delay = std::time::Duration::from_secs(self.delay.into());
        if self.zones {
            csi.topology_keys = vec![ZONE.into()];
        }
        if self.failures > 0 {
            let times = Some(self.failures.into());
            csi.provision.fail = Some(Trouble { message: "no luck".into(), times, ..Trouble::default() });
        }
        let mut config = Config::default();
        config.drivers.push(Box::new(csi));
        config.drivers.push(Box::new(NfsSubdirProvisioner::new("nfs.example.com", "nfs-1", "/dirs")));
        // Far above what any of these worlds takes.
        config.step_budget = 20_000;
        config
    }

    /// The cluster before anything is done to it.
    ///
    /// # Panics
    /// Where a number is beyond the end of its table.
    pub fn start(&self) -> Cluster {
        let mut cluster = Cluster::new(self.config());
        let nodes = NODES.iter().take(self.nodes).map(|(name, zone)| node(name, zone));
        let volumes = self.volumes.iter().enumerate().map(|(number, seed)| seed.build(number));
        for value in nodes.chain(CLASSES.iter().filter_map(|name| class(name))).chain(volumes) {
            cluster.create(object(&value)).expect("what a world begins with is valid");
        }
        cluster
    }
}

fn node(name: &str, zone: &str) -> Value {
    let labels = json!({"kubernetes.io/hostname": name, ZONE: zone});
    json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}})
}

fn class(name: &str) -> Option<Value> {
    let (provisioner, mode, policy) = match name {
        "now" => ("csi.example.com", "Immediate", "Delete"),
        "late" => ("csi.example.com", "WaitForFirstConsumer", "Delete"),
        "keep" => ("csi.example.com", "WaitForFirstConsumer", "Retain"),
        "nfs" => ("nfs.example.com", "Immediate", "Delete"),
        "local" => ("kubernetes.io/no-provisioner", "WaitForFirstConsumer", "Retain"),
        _ => return None,
    };
    Some(json!({
        "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name},
        "provisioner": provisioner, "volumeBindingMode": mode, "reclaimPolicy": policy,
    }))
}

impl VolumeSeed {
    fn build(self, number: usize) -> Value {
        let path = format!("/static/{number}");
        let (class, policy, source) = match self {
            Self::Local { node } => {
                let expression = json!({"key": "kubernetes.io/hostname", "operator": "In", "values": [NODES[node].0]});
                let affinity = json!({"required": {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}});
                ("local", 0, json!({"local": {"path": path}, "nodeAffinity": affinity}))
            }
            Self::Nfs { policy } => ("", policy, json!({"nfs": {"server": "nfs-2", "path": path}})),
            Self::HostPath { policy } => ("", policy, json!({"hostPath": {"path": path}})),
        };
        let mut spec = json!({
            "capacity": {"storage": "5Gi"}, "accessModes": ["ReadWriteOnce", "ReadWriteMany"],
            "storageClassName": class, "persistentVolumeReclaimPolicy": POLICIES[policy],
        });
        let (Some(spec_fields), Some(source)) = (spec.as_object_mut(), source.as_object()) else {
            unreachable!("both are maps");
        };
        spec_fields.extend(source.clone());
        let metadata = json!({"name": format!("static-{number}")});
        json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec})
    }
}

impl Retention {
    /// The policy, as a part of a set.
    #[must_use]
    pub fn build(self) -> Json {
        let policy = |delete| Json::String(if delete { "Delete" } else { "Retain" }.into());
        Json::Map(vec![
            ("whenDeleted".into(), policy(self.delete_when_deleted)),
            ("whenScaled".into(), policy(self.delete_when_scaled)),
        ])
    }
}

fn claim_spec(class: usize, many: bool) -> Value {
    let mode = if many { "ReadWriteMany" } else { "ReadWriteOnce" };
    json!({
        "accessModes": [mode], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": CLASSES[class],
    })
}

/// A claim that no set makes.
pub fn claim(number: usize, class: usize, many: bool) -> Object {
    let metadata = json!({"name": CLAIMS[number]});
    object(&json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": claim_spec(class, many),
    }))
}

fn pod_spec(mounts: &[&str], volumes: &[Value]) -> Value {
    let mut mounts: Vec<Value> =
        mounts.iter().map(|name| json!({"name": name, "mountPath": format!("/{name}")})).collect();
    mounts.push(json!({"name": "scratch", "mountPath": "/scratch"}));
    let mut volumes = volumes.to_vec();
    volumes.push(json!({"name": "scratch", "emptyDir": {}}));
    json!({"containers": [{"name": "c", "image": "busybox", "volumeMounts": mounts}], "volumes": volumes})
}

fn template(app: &str, spec: &Value) -> Value {
    json!({"metadata": {"labels": {"app": app}}, "spec": spec})
}

/// A pod with a claim that may be shared.
pub fn pod(number: usize, claim: usize) -> Object {
    let volume = json!({"name": TEMPLATES[0], "persistentVolumeClaim": {"claimName": CLAIMS[claim]}});
    let metadata = json!({"name": format!("bare{number}"), "labels": {"app": "bare"}});
    object(
        &json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod_spec(&TEMPLATES[..1], &[volume])}),
    )
}

/// A Deployment of which the pods share a claim.
pub fn deployment(claim: usize, replicas: i32, recreate: bool) -> Object {
    let volume = json!({"name": TEMPLATES[0], "persistentVolumeClaim": {"claimName": CLAIMS[claim]}});
    let strategy = if recreate { "Recreate" } else { "RollingUpdate" };
    object(&json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "dep"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "dep"}}, "strategy": {"type": strategy},
            "template": template("dep", &pod_spec(&TEMPLATES[..1], &[volume])),
        },
    }))
}

impl SetSeed {
    /// The set.
    pub fn build(&self) -> Object {
        let name = SETS[self.set];
        let templates = TEMPLATES.iter().zip(self.templates).filter_map(|(name, class)| {
            class.map(|class| json!({"metadata": {"name": name}, "spec": claim_spec(class, false)}))
        });
        let mounts = TEMPLATES.iter().zip(self.templates).filter_map(|(name, class)| class.map(|_| *name));
        let mounts: Vec<&str> = mounts.collect();
        let strategy = match self.strategy {
            Strategies::Rolling { partition } => {
                json!({"type": "RollingUpdate", "rollingUpdate": {"partition": partition}})
            }
            Strategies::OnDelete => json!({"type": "OnDelete"}),
        };
        object(&json!({
            "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name},
            "spec": {
                "replicas": self.replicas, "serviceName": name, "selector": {"matchLabels": {"app": name}},
                "podManagementPolicy": if self.parallel { "Parallel" } else { "OrderedReady" },
                "persistentVolumeClaimRetentionPolicy": self.retention.build(),
                "updateStrategy": strategy, "ordinals": {"start": self.start}, "minReadySeconds": self.min_ready,
                "template": template(name, &pod_spec(&mounts, &[])),
                "volumeClaimTemplates": templates.collect::<Vec<_>>(),
            },
        }))
    }
}
