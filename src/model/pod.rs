//! `Pod` and the pod template: as far as storage, validation and scheduling read them.
//!
//! What they do not read (probes, security contexts, ...) is carried as it was written and checked against the table
//! of `schema` only.

mod content;
mod volume;

use crate::model::fields::{api_enum, api_struct};
use crate::model::json::Json;
use crate::model::kind::type_meta;
use crate::model::list::{List, StringMap};
use crate::model::metadata::ObjectMeta;
use crate::model::reference::{ClaimKey, NamespacedName};
use crate::model::shared::Shared;
use crate::model::text::Text;
use crate::model::time::Timestamp;

pub use crate::model::pod::content::{
    ConfigMapProjection, ConfigMapVolumeSource, DownwardApiProjection, DownwardApiVolumeFile, DownwardApiVolumeSource,
    EmptyDirVolumeSource, GitRepoVolumeSource, InlineCsiVolumeSource, KeyToPath, LocalObjectReference,
    ObjectFieldSelector, ProjectedVolumeSource, ResourceFieldSelector, SecretProjection, SecretVolumeSource,
    VolumeProjection,
};
pub use crate::model::pod::volume::{
    ClaimTemplate, ClaimVolumeSource, EphemeralVolumeSource, PodVolume, PodVolumeSource, PodVolumeSources,
};

api_enum! {
    /// Where a pod is in its life.
    #[derive(Default)]
    pub enum PodPhase {
        /// Not running yet.
        #[default]
        Pending = "Pending",
        /// Running.
        Running = "Running",
        /// All containers ended well.
        Succeeded = "Succeeded",
        /// A container ended badly.
        Failed = "Failed",
        /// The node does not answer.
        Unknown = "Unknown",
    }
}

impl PodPhase {
    /// Whether a pod stays in this phase for ever.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

type_meta!(
    /// Marks an object as a `Pod`.
    PodType = "v1", "Pod"
);

api_struct! {
    /// A directory of a container at which a volume is mounted.
    pub struct VolumeMount {
        /// Name of the pod's volume.
        name: Text = "name" always;
        /// Whether it is mounted read only.
        read_only: bool = "readOnly";
        /// Whether it is read only all the way down.
        recursive_read_only: Option<Text> = "recursiveReadOnly";
        /// The directory.
        mount_path: Text = "mountPath" always;
        /// A path inside of the volume.
        sub_path: Text = "subPath";
        /// How mounts propagate.
        mount_propagation: Option<Text> = "mountPropagation";
        /// A path inside of the volume, with variables.
        sub_path_expr: Text = "subPathExpr";
    }
}

api_struct! {
    /// A device of a container that is a volume.
    pub struct VolumeDevice {
        /// Name of the pod's volume.
        name: Text = "name" always;
        /// Path of the device.
        device_path: Text = "devicePath" always;
    }
}

api_struct! {
    /// A container.
    pub struct Container {
        /// Its name.
        name: Text = "name" always;
        /// Its image.
        image: Text = "image";
        /// Mounted volumes.
        volume_mounts: List<VolumeMount> = "volumeMounts";
        /// Volumes as devices.
        volume_devices: List<VolumeDevice> = "volumeDevices";
        /// Carried.
        command: Json = "command" => "[]s";
        /// Carried.
        args: Json = "args" => "[]s";
        /// Carried.
        working_dir: Json = "workingDir" => "s";
        /// Carried.
        ports: Json = "ports" => "[]ContainerPort";
        /// Carried.
        env_from: Json = "envFrom" => "[]EnvFromSource";
        /// Carried.
        env: Json = "env" => "[]EnvVar";
        /// Carried.
        resources: Json = "resources" => "ResourceRequirements";
        /// Carried.
        resize_policy: Json = "resizePolicy" => "[]ContainerResizePolicy";
        /// Carried.
        restart_policy: Json = "restartPolicy" => "s";
        /// Carried.
        restart_policy_rules: Json = "restartPolicyRules" => "[]ContainerRestartRule";
        /// Carried.
        liveness_probe: Json = "livenessProbe" => "Probe";
        /// Carried.
        readiness_probe: Json = "readinessProbe" => "Probe";
        /// Carried.
        startup_probe: Json = "startupProbe" => "Probe";
        /// Carried.
        lifecycle: Json = "lifecycle" => "Lifecycle";
        /// Carried.
        termination_message_path: Json = "terminationMessagePath" => "s";
        /// Carried.
        termination_message_policy: Json = "terminationMessagePolicy" => "s";
        /// Carried.
        image_pull_policy: Json = "imagePullPolicy" => "s";
        /// Carried.
        security_context: Json = "securityContext" => "SecurityContext";
        /// Carried.
        stdin: Json = "stdin" => "b";
        /// Carried.
        stdin_once: Json = "stdinOnce" => "b";
        /// Carried.
        tty: Json = "tty" => "b";
    }
}

api_struct! {
    /// What a pod does with its time and its machine; nothing of it matters for storage.
    pub struct PodExtras {
        /// Carried.
        ephemeral_containers: Json = "ephemeralContainers" => "[]EphemeralContainer";
        /// Carried.
        termination_grace_period_seconds: Json = "terminationGracePeriodSeconds" => "l";
        /// Carried.
        dns_policy: Json = "dnsPolicy" => "s";
        /// Carried.
        service_account_name: Json = "serviceAccountName" => "s";
        /// Carried.
        service_account: Json = "serviceAccount" => "s";
        /// Carried.
        automount_service_account_token: Json = "automountServiceAccountToken" => "b";
        /// Carried.
        host_network: Json = "hostNetwork" => "b";
        /// Carried.
        host_pid: Json = "hostPID" => "b";
        /// Carried.
        host_ipc: Json = "hostIPC" => "b";
        /// Carried.
        share_process_namespace: Json = "shareProcessNamespace" => "b";
        /// Carried.
        security_context: Json = "securityContext" => "PodSecurityContext";
        /// Carried.
        image_pull_secrets: Json = "imagePullSecrets" => "[]LocalObjectReference";
        /// Carried.
        scheduler_name: Json = "schedulerName" => "s";
        /// Carried.
        tolerations: Json = "tolerations" => "[]Toleration";
        /// Carried.
        host_aliases: Json = "hostAliases" => "[]HostAlias";
        /// Carried.
        priority_class_name: Json = "priorityClassName" => "s";
        /// Carried.
        dns_config: Json = "dnsConfig" => "PodDNSConfig";
        /// Conditions besides its containers without which it is not ready.
        readiness_gates: Json = "readinessGates" => "[]PodReadinessGate";
        /// Carried.
        runtime_class_name: Json = "runtimeClassName" => "s";
        /// Carried.
        enable_service_links: Json = "enableServiceLinks" => "b";
        /// Carried.
        preemption_policy: Json = "preemptionPolicy" => "s";
        /// Carried.
        overhead: Json = "overhead" => "{}q";
        /// Carried.
        topology_spread_constraints: Json = "topologySpreadConstraints" => "[]TopologySpreadConstraint";
        /// Carried.
        set_hostname_as_fqdn: Json = "setHostnameAsFQDN" => "b";
        /// Carried.
        os: Json = "os" => "PodOS";
        /// Carried.
        host_users: Json = "hostUsers" => "b";
        /// Carried.
        scheduling_gates: Json = "schedulingGates" => "[]PodSchedulingGate";
        /// Carried.
        resource_claims: Json = "resourceClaims" => "[]PodResourceClaim";
        /// Carried.
        resources: Json = "resources" => "ResourceRequirements";
        /// Carried.
        hostname_override: Json = "hostnameOverride" => "s";
        /// Carried.
        scheduling_group: Json = "schedulingGroup" => "PodSchedulingGroup";
    }
}

api_struct! {
    /// What a pod runs and uses.
    pub struct PodSpec {
        /// Its volumes.
        volumes: List<PodVolume> = "volumes";
        /// Containers that run first.
        init_containers: List<Container> = "initContainers";
        /// Its containers.
        containers: List<Container> = "containers" always;
        /// What happens when a container ends.
        restart_policy: Text = "restartPolicy";
        /// Seconds that it may run.
        active_deadline_seconds: Option<i64> = "activeDeadlineSeconds";
        /// Labels that its node must have.
        node_selector: StringMap = "nodeSelector";
        /// The node that it was assigned to.
        node_name: Text = "nodeName";
        /// Its host name.
        hostname: Text = "hostname";
        /// Its subdomain.
        subdomain: Text = "subdomain";
        /// Where it may run.
        affinity: Json = "affinity" => "Affinity";
        /// Its priority.
        priority: Option<i32> = "priority";
    }
    group {
        /// What does not matter for storage.
        extras: Shared<PodExtras>;
    }
}

api_struct! {
    /// What pods are made from.
    pub struct PodTemplateSpec {
        /// Labels and annotations.
        metadata: ObjectMeta = "metadata";
        /// What they run.
        spec: Shared<PodSpec> = "spec";
    }
}

api_struct! {
    /// A condition of a pod.
    pub struct PodCondition {
        /// Which condition.
        r#type: Text = "type" always;
        /// The generation that it was made for.
        observed_generation: i64 = "observedGeneration";
        /// `True`, `False` or `Unknown`.
        status: Text = "status" always;
        /// When it was last looked at.
        last_probe_time: Option<Timestamp> = "lastProbeTime" always;
        /// When it last changed.
        last_transition_time: Option<Timestamp> = "lastTransitionTime" always;
        /// Why, in one word.
        reason: Text = "reason";
        /// Why, in a sentence.
        message: Text = "message";
    }
}

api_struct! {
    /// What the kubelet and the scheduler say of a pod.
    pub struct PodStatus {
        /// Where it is in its life.
        phase: PodPhase = "phase";
        /// Its conditions.
        conditions: List<PodCondition> = "conditions";
        /// Why, in a sentence.
        message: Text = "message";
        /// Why, in one word.
        reason: Text = "reason";
        /// The node that is meant for it.
        nominated_node_name: Text = "nominatedNodeName";
        /// Its address.
        pod_ip: Text = "podIP";
        /// When it was started.
        start_time: Option<Timestamp> = "startTime";
        /// Containers that run first.
        init_container_statuses: Json = "initContainerStatuses" => "[]ContainerStatus";
        /// Its containers.
        container_statuses: Json = "containerStatuses" => "[]ContainerStatus";
        /// Containers for debugging.
        ephemeral_container_statuses: Json = "ephemeralContainerStatuses" => "[]ContainerStatus";
        /// Carried.
        observed_generation: i64 = "observedGeneration";
        /// Carried.
        host_ip: Json = "hostIP" => "s";
        /// Carried.
        host_ips: Json = "hostIPs" => "[]HostIP";
        /// Carried.
        pod_ips: Json = "podIPs" => "[]PodIP";
        /// Carried.
        qos_class: Json = "qosClass" => "s";
        /// Carried.
        resize: Json = "resize" => "s";
        /// Carried.
        resource_claim_statuses: Json = "resourceClaimStatuses" => "[]PodResourceClaimStatus";
        /// Carried.
        extended_resource_claim_status: Json = "extendedResourceClaimStatus" => "PodExtendedResourceClaimStatus";
        /// Carried.
        allocated_resources: Json = "allocatedResources" => "{}q";
        /// Carried.
        resources: Json = "resources" => "ResourceRequirements";
        /// Carried.
        node_allocatable_resource_claim_statuses: Json = "nodeAllocatableResourceClaimStatuses" => "[]NodeAllocatableResourceClaimStatus";
    }
}

api_struct! {
    /// Containers that run together and use volumes.
    pub struct Pod {
        /// Name, namespace, labels.
        metadata: ObjectMeta = "metadata";
        /// What it runs and uses.
        spec: Shared<PodSpec> = "spec";
        /// What the kubelet and the scheduler say.
        status: PodStatus = "status";
    }
    group {
        /// Its kind.
        type_meta: PodType;
    }
}

impl PodCondition {
    /// A condition that holds or does not.
    pub fn new(r#type: impl Into<Text>, holds: bool) -> Self {
        let status = if holds { "True" } else { "False" };
        Self { r#type: r#type.into(), status: status.into(), ..Self::default() }
    }
}

impl Pod {
    /// A condition by its type.
    pub fn condition(&self, r#type: &str) -> Option<&PodCondition> {
        self.status.conditions.iter().find(|condition| condition.r#type == r#type)
    }

    /// Whether its condition `Ready` holds.
    pub fn is_ready(&self) -> bool {
        self.condition("Ready").is_some_and(|condition| condition.status == "True")
    }

    /// Whether it has been ready for so many seconds; its phase does not matter (`STS-23`).
    pub(crate) fn is_available(&self, seconds: i32, now: Timestamp) -> bool {
        let since = self.condition("Ready").and_then(|condition| condition.last_transition_time);
        let available = since.map(|since| since.unix_seconds().saturating_add(i64::from(seconds)));
        self.is_ready() && (seconds == 0 || available.is_some_and(|available| available <= now.unix_seconds()))
    }

    /// Sets a condition. The time of its last transition changes with its status only.
    pub(crate) fn set_condition(&mut self, condition: PodCondition, now: Timestamp) {
        self.set_conditions([condition], now);
    }

    /// Sets conditions, each as if alone.
    pub(crate) fn set_conditions(&mut self, conditions: impl IntoIterator<Item = PodCondition>, now: Timestamp) {
        let mut all = self.status.conditions.to_vec();
        for mut condition in conditions {
            let held = all.iter().position(|held| held.r#type == condition.r#type);
            let unchanged = held.map(|at| &all[at]).filter(|held| held.status == condition.status);
            condition.last_transition_time = unchanged.and_then(|held| held.last_transition_time).or(Some(now));
            match held {
                Some(at) => all[at] = condition,
                None => all.push(condition),
            }
        }
        self.status.conditions = all.into();
    }

    /// Whether it ended, or is being deleted with no container left running (`HELP-11`).
    pub fn is_terminated(&self) -> bool {
        match self.status.phase {
            PodPhase::Failed | PodPhase::Succeeded => true,
            PodPhase::Pending | PodPhase::Running | PodPhase::Unknown => {
                let status = &self.status;
                let containers =
                    [&status.init_container_statuses, &status.container_statuses, &status.ephemeral_container_statuses];
                self.metadata.is_deleting() && !containers.into_iter().any(any_running)
            }
        }
    }

    /// Namespace and name.
    pub fn key(&self) -> NamespacedName {
        NamespacedName { namespace: self.metadata.namespace.clone(), name: self.metadata.name.clone() }
    }

    /// The claim of a generic ephemeral volume (`EPH-1`).
    pub fn ephemeral_claim(&self, volume: &str) -> ClaimKey {
        ClaimKey::new(&self.metadata.namespace, format!("{}-{volume}", self.metadata.name))
    }

    /// Whether it has volumes whose claims are made for it.
    pub(crate) fn has_ephemeral_volumes(&self) -> bool {
        let mut sources = self.spec.volumes.iter().flat_map(|volume| volume.sources.iter());
        sources.any(|source| matches!(source, PodVolumeSource::Ephemeral(_)))
    }

    /// Whether an object is controlled by this pod.
    pub fn controls(&self, metadata: &ObjectMeta) -> bool {
        metadata.controller().is_some_and(|owner| owner.uid == self.metadata.uid)
    }

    /// The volumes that stand for claims, with the claims (`HELP-12`), in order.
    pub(crate) fn claim_volumes(&self) -> impl Iterator<Item = (&Text, ClaimKey)> {
        self.spec.volumes.iter().flat_map(move |volume| {
            volume.sources.iter().filter_map(move |source| Some((&volume.name, self.claim_of(volume, source)?)))
        })
    }

    fn claim_of(&self, volume: &PodVolume, source: &PodVolumeSource) -> Option<ClaimKey> {
        match source {
            PodVolumeSource::PersistentVolumeClaim(claim) => {
                Some(ClaimKey::new(&self.metadata.namespace, &claim.claim_name))
            }
            PodVolumeSource::Ephemeral(_) => Some(self.ephemeral_claim(&volume.name)),
            _ => None,
        }
    }

    /// The claims that its volumes name, those of generic ephemeral volumes included (`HELP-12`), in the order of
    /// the volumes.
    pub fn claim_keys(&self) -> impl Iterator<Item = ClaimKey> {
        self.claim_volumes().map(|(_, claim)| claim)
    }
}

/// Whether one of the container statuses has a state other than waiting or terminated, or none (`HELP-11`).
fn any_running(statuses: &Json) -> bool {
    let Json::List(statuses) = statuses else {
        return false;
    };
    let is_in = |status: &Json, state: &str| {
        status.get("state").and_then(|states| states.get(state)).is_some_and(|state| *state != Json::Null)
    };
    statuses.iter().any(|status| !is_in(status, "terminated") && !is_in(status, "waiting"))
}
