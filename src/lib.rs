//! A deterministic simulator of how Kubernetes binds storage.
//!
//! `bindery` holds PersistentVolumes, PersistentVolumeClaims, StorageClasses and the objects around them in memory and
//! runs the control loops of Kubernetes 1.36 over them: the same writes, phases, annotations, events and messages, one
//! write at a time, without a cluster, a clock or a thread.
//!
//! ```
//! use bindery::{ClaimPhase, Cluster, Kind};
//!
//! let mut cluster = Cluster::default();
//! cluster.apply_yaml("
//! apiVersion: v1
//! kind: PersistentVolume
//! metadata: {name: pv-1}
//! spec:
//!   capacity: {storage: 10Gi}
//!   accessModes: [ReadWriteOnce]
//!   nfs: {server: nfs.example.com, path: /exports/1}
//! ---
//! apiVersion: v1
//! kind: PersistentVolumeClaim
//! metadata: {name: data}
//! spec:
//!   accessModes: [ReadWriteOnce]
//!   resources: {requests: {storage: 8Gi}}
//! ")?;
//! cluster.settle()?;
//! let claim = cluster.claim("data").unwrap();
//! assert_eq!(claim.status.phase, ClaimPhase::Bound);
//! assert_eq!(claim.spec.volume_name, "pv-1");
//!
//! // What would be left if the claim were deleted? Ask a copy.
//! let mut what_if = cluster.fork();
//! what_if.delete(&Kind::PersistentVolumeClaim.named("data"))?;
//! what_if.settle()?;
//! assert_eq!(what_if.volume("pv-1").unwrap().status.phase.as_str(), "Released");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The [`guide`] begins where people begin, in five chapters, and says what the program prints. This page is the reference.
//!
//! # Writing
//! A [`Cluster`] takes objects as an API server does. [`Cluster::create`], [`Cluster::replace`], [`Cluster::patch`] and
//! [`Cluster::delete`] go through defaults, admission and validation and answer with Kubernetes' own words;
//! [`Cluster::apply_yaml`] does what `kubectl apply` does, all or nothing. [`Cluster::restore`] and
//! [`Cluster::restore_yaml`] take objects as they are, such as a dump of a real cluster. [`synthetic`] makes objects by
//! the million.
//!
//! # Running
//! [`Cluster::settle`] runs every controller until nothing changes. [`Cluster::step`] takes one step, which is at most
//! one write; [`Cluster::enabled`] lists everything that could happen next and [`Cluster::take`] picks one. Time is
//! virtual: it moves in [`Cluster::advance`], where back-off, retries and repeated events elapse, and in
//! [`Cluster::elapse`], where nothing acts.
//!
//! # Looking
//! [`Cluster::journal`] holds every write with the object before and after, who wrote and by which rule, and every
//! event. [`Cluster::events`] holds the events as `kubectl get events` shows them, repetitions counted.
//! [`Cluster::fork`] makes a cheap copy to try something in.
//!
//! # Explaining
//! [`Cluster::explain`] says why a claim is as it is and what would make it bind, [`Cluster::explain_volume`] and
//! [`Cluster::explain_pod`] do the same for what is around it; all as data that prints itself ([`explain`]).
//! [`Cluster::check`] judges manifests before they are applied, [`Cluster::audit`] a change before it is made,
//! [`Cluster::headroom`] counts what would still bind, [`Cluster::plan`] finds the best assignment, and
//! [`Cluster::diff`] tells two clusters apart.
//!
//! # Showing
//! The module [`report`] prints a cluster as `kubectl get` and `kubectl describe` do. A [`Page`](report::Page) is all that
//! there is to say of a cluster in one file of HTML: a summary, a picture, a timeline of phases and writes, why claims wait and
//! what would help, events. A [`Picture`](report::Picture) is who binds to whom, as SVG or as a flowchart of Mermaid.
//!
//! # Storage
//! Every volume has files behind it ([`Cluster::files`], [`Cluster::write_file`]), and two volumes on one export share
//! them. Recycling wipes, deleting destroys, archiving moves; each change stands in the journal. External drivers exist
//! where [`Config::drivers`] names them: [`CsiProvisioner`] and [`NfsSubdirProvisioner`] are data, also read from YAML
//! ([`drivers_from_yaml`]), and a tool brings its own by implementing [`Driver`].
//!
//! # Failures
//! [`Cluster::plan_faults`] takes faults as data: at which write a write is refused, a controller crashes or sees nothing new, a
//! backend fails, hangs or is late, a node dies, a user edits or deletes. [`Cluster::crash`], [`Cluster::fall_behind`] and
//! [`Cluster::inject`] do it by hand. Every run with the same plan is the same run: [`Cluster::fingerprint`] tells.
//!
//! # Every order
//! A stock run is one of many. [`Cluster::possible`] lists what could happen next in some real cluster, and
//! [`Cluster::mishaps`] what could go wrong; [`Cluster::state`] says when two runs have come to the same. With the feature
//! `explore` the module `explore` tries all of it, checks what always, sometimes and never happens, and says which
//! volumes each claim may end up with. With the feature `testing` there are generators of worlds for the tests of tools,
//! and a harness that compares a tool's own binder with everything that Kubernetes may do.
//!
//! # Matching alone
//! A [`VolumePool`] is volumes without a cluster: which one a claim gets, kept for it and given back, at the price of the
//! choice. It has the rules, the order and the index of the volume controller, and nothing else.
//!
//! # Objects of other crates
//! With the feature `k8s-openapi` every kind converts from and to the type of the crate of that name, so that a tool on
//! `kube` passes its objects straight in. The tool chooses the version of the API by a feature of that crate.
//!
//! # Scenarios
//! A [`Scenario`](scenario::Scenario) is a cluster, steps and expectations in YAML. The program runs it from a file and
//! a tool from its tests; what a tool builds can be written down as a file.
//!
//! # Rules
//! What the simulator does is written down rule by rule, each with an id such as `MATCH-5` or `BIND-3`. The docs and
//! the journal name them, and a test that cites the id fails where a rule is broken. Recordings of the real controllers
//! are replayed by the test `conformance`.
//!
//! # Differences from Kubernetes
//! Where Kubernetes leaves a choice to chance, a documented order decides:
//!
//! - Work is taken first in, first out over all queues, and a resync visits volumes and then claims in the order of
//!   their creation (`DET-4`, `DET-8`: `keys_are_taken_in_order_and_wait_once`,
//!   `a_resync_queues_volumes_and_then_claims_in_the_order_of_creation`).
//! - Of volumes that suit a claim equally the one created first is taken (`DET-2`, `DET-3`: `of_equal_volumes_the_one_created_first_is_taken`),
//!   and of sets of access modes of equal size the one with the earlier mode (`DET-1`:
//!   `of_sets_of_equal_size_the_one_with_the_earlier_mode_comes_first`). Created first is what came in first, whatever
//!   its `creationTimestamp` (`of_volumes_of_the_same_looks_the_one_that_came_in_first_is_older_whatever_it_says`).
//! - Uids are a counter in UUID form, and time starts at a fixed instant (`DET-10`:
//!   `uids_are_counted_and_time_starts_where_the_configuration_says`).
//! - Where kubectl's order of YAML keys is circular, as for `2`, `12` and `1a`, each key goes where it belongs among those
//!   that precede it in plain order (`keys_are_sorted_with_numbers_by_value_and_letters_last`).
//! - The hash in the name of a ReplicaSet is a stable function of the template, the suffix of a pod's name one of the
//!   ReplicaSet and of a count (`ND-9`, `names_are_stable_and_never_come_twice`).
//! - Of the pods of a ReplicaSet that are alike in all but their age the youngest goes first, then the last by name;
//!   neither chance nor neighbours on a node decide (`ND-19`,
//!   `of_equal_pods_the_youngest_goes_and_of_one_age_the_last_by_name`).
//! - Of two ReplicaSets that were made in the same second the one created first is the older one, whatever their names
//!   (`of_two_old_sets_the_one_created_first_shrinks_first`).
//! - No event is lost, folded or throttled; a repetition raises a count (`DET-13`: `what_repeats_is_counted`,
//!   `many_texts_of_one_reason_are_not_folded`, `events_are_not_throttled`).
//! - Of the nodes that will do for a pod the one with the fewest pods is taken, of equal ones the first by name, or the
//!   first by name alone (`pods_spread_over_nodes`, `nodes_are_taken_by_name_where_that_is_wanted`). All nodes count
//!   (`all_nodes_count_however_many_there_are`).
//! - A pod that no node will do for is tried again when everything else is quiet and something has changed, whatever it
//!   was (`rejected_pods_share_what_appears`); the same complaint is told once (`the_same_text_is_said_once`).
//! - Claims that wait for a pod are looked after when they change, not once a second (`a_single_attempt_reports_what_it_did`).
//! - A pod that names a delayed claim twice has one claim (`a_claim_that_is_named_twice_counts_once`).
//! - Services get their addresses and ports in order, from 10.96.1.1 and from 30000
//!   (`addresses_are_given_out_in_order_and_not_twice`).
//! - Of several quotas that an object exceeds the first by name is named
//!   (`of_several_quotas_the_first_by_name_that_is_exceeded_speaks`), and errors of maps come in the order of their keys
//!   (`errors_of_maps_come_in_the_order_of_their_keys`).
//! - Of host paths without a node of their own the first node by name is meant where they are recycled or deleted
//!   (`a_host_path_without_a_node_is_wiped_and_destroyed_on_the_first_one`).
//! - A CSI driver makes a volume in the topology that it is offered first (`a_volume_lies_where_the_selected_node_is`,
//!   `the_claims_of_a_set_are_spread`), and calls it by the name of its object
//!   (`a_released_volume_is_deleted_with_its_files`).
//! - A provisioner looks at everything every 15 minutes from the start of the cluster
//!   (`a_provisioner_looks_at_everything_at_multiples_of_fifteen_minutes`), works on any number of claims at once
//!   (`a_provisioner_serves_any_number_of_claims_at_once`), and goes by the name of the driver alone
//!   (`a_provisioner_goes_by_the_name_of_its_driver`).
//! - The claims of a set's pod are made, and stand among its volumes, in the order of their templates (`ND-4`, `ND-5`:
//!   `claims_become_volumes_in_the_order_of_their_templates`). In parallel, pods are made from the lowest ordinal and
//!   deleted from the highest (`ND-6`: `in_parallel_nobody_waits`). Of two pods of one ordinal the one with the plain
//!   number has the slot (`ND-18`: `the_canonical_name_has_the_slot`).
//! - A set is looked at again at once when a claim of it changes or a pod that was in its way goes, and not only after
//!   a back-off (`ND-11`: `a_claim_that_goes_is_awaited`).
//!
//! Where the simulator does less than a cluster:
//!
//! - Provisioners read no secrets (`secrets_of_classes_are_not_looked_for`), set no finalizers on the sources of copies
//!   (`sources_of_copies_get_no_finalizer`), know no snapshots (`what_cannot_be_copied_is_refused`), and give volumes of
//!   migrated in-tree classes a CSI source (`volumes_of_migrated_classes_have_a_csi_source`).
//! - An empty directory does not exist: nothing is in the way of an archive but files
//!   (`a_directory_without_files_is_in_nobodys_way`).
//! - Of pods and pod templates only what storage, scheduling and charts commonly depend on is validated; the rest is
//!   checked for its shape (`parts_of_a_pod_that_nothing_here_reads_are_checked_for_their_shape_only`). Pods get no defaults
//!   for resources at the level of the pod (`pods_get_no_defaults_for_resources_of_their_own`).
//! - A string with one of the line ends that only YAML 1.1 knows is printed with escapes, so that every parser reads it
//!   back (`line_ends_of_yaml_1_1_are_escaped_unlike_in_kubectl`); a `!!binary` value is read as its text
//!   (`plain_scalars_are_read_as_yaml_1_1`).
//! - Of the scheduler only what volumes, taints, node selectors and required node affinity decide is there: no
//!   resources, no affinity between pods, no scores and no preemption, so that the part of a complaint that preemption
//!   adds is missing (`the_text_ends_before_the_part_about_preemption`). Volumes of in-tree plugins that were taken over
//!   do not count towards the limits of drivers (`volumes_of_plugins_that_were_taken_over_do_not_count_towards_limits`).
//! - A quantity of which the digits would fill more than 10,000 places is refused
//!   (`quantities_of_more_than_ten_thousand_places_are_refused`).
//! - Updates that a controller makes are not validated again (`updates_of_controllers_are_not_validated_again`), but for
//!   finalizers that must not be added (`FIN-7`: `a_terminating_volume_cannot_get_the_finalizer`) and for what pods are
//!   made of (`storage_cannot_be_repaired`).
//! - A quota goes by what is stored, not by its status, which may lag (`a_quota_counts_what_was_there_before_it`), and
//!   counts a pod until it is gone, also when its grace period is over
//!   (`a_quota_counts_pods_that_should_have_stopped_long_ago`). CPU and memory are not counted
//!   (`cpu_and_memory_are_not_counted`).
//! - The cluster has one range of IPv4 addresses for Services (`services_have_one_ipv4_address`).
//! - A namespace need not exist (`a_namespace_need_not_exist`), and one that is deleted is gone at once, without what is
//!   in it (`a_deleted_namespace_leaves_its_objects`).
//! - A Deployment that fails is tried again for ever, not fifteen times (`a_deployment_that_fails_is_tried_for_ever`), and
//!   the obsolete annotation that asks for an old template is carried and not obeyed
//!   (`the_annotation_that_asks_for_an_old_template_is_carried_and_not_obeyed`).
//! - `managedFields` are carried and never written (`managed_fields_are_carried_and_never_written`); server-side apply is
//!   not simulated.
//! - A pod that is deleted stops in no time, unless it is held: grace periods are noted and not waited for
//!   (`a_pod_that_runs_stays_until_its_kubelet_has_stopped_it`).
//! - A kubelet says again every 123 seconds why a pod does not start, and looks when something changes, where a real one
//!   tries again with back-off (`a_missing_claim_is_told_at_once_and_again_every_two_minutes`). It waits for all volumes
//!   of a pod, also for those that no container mounts (`a_kubelet_waits_for_volumes_that_no_container_mounts`), and says
//!   so after two minutes, where a real one says nothing
//!   (`a_volume_that_is_not_attached_is_awaited_for_two_minutes_before_anything_is_said`). Of what pods bring along it
//!   rejects a selection of other nodes, and no lack of tolerations
//!   (`a_kubelet_takes_up_a_pod_that_does_not_bear_a_taint`); a pod of a controller, which replaces it for ever, after a
//!   second (`a_rejected_pod_of_a_controller_is_replaced_once_a_second`).
//! - Pods on nodes that do not exist use claims for a single pod while they are there
//!   (`pods_on_nodes_that_do_not_exist_use_claims_for_a_single_pod`), and in a cluster that never had a node they are not
//!   collected (`a_cluster_without_nodes_keeps_the_pods_that_name_some`).
//! - The tolerations that every pod has for nodes that do not answer are not written into it, but count
//!   (`a_pod_says_itself_how_long_it_bears_a_silent_node`). Pods of a node that is gone are removed after 60 seconds, and
//!   those of a node out of service at once (`pods_of_a_deleted_node_are_removed_after_a_while`,
//!   `a_node_out_of_service_loses_its_pods_and_their_volumes_at_once`).
//! - Files of ConfigMaps and Secrets are always those of now, also below a `subPath` and after a deletion
//!   (`files_of_config_maps_and_secrets_are_those_of_now`).

mod api;
mod backend;
mod cluster;
mod controllers;
pub mod explain;
#[cfg(feature = "explore")]
pub mod explore;
pub mod guide;
mod manifest;
mod matching;
mod model;
#[cfg(feature = "k8s-openapi")]
mod openapi;
mod pool;
pub mod report;
pub mod scenario;
mod store;
pub mod synthetic;
#[cfg(feature = "testing")]
pub mod testing;

pub use api::ApiError;
pub use backend::{
    Backing, Behaviour, Calls, CloneDriver, Contents, ContentsChange, ContentsError, CsiProvisioner, DeleteRequest,
    Driver, DriverSpec, ExpandRequest, Expansion, ExpansionMode, Failure, FailureKind, Fate, Files, Location,
    NewVolume, NfsSubdirProvisioner, Plugin, ProvisionRequest, Release, Reply, Sidecar, Sources, StatusCode,
    Surroundings, Trouble,
};
pub use cluster::{
    Accepted, Action, Applied, ApplyError, Cause, Cluster, Config, ContentsRecord, Controller, Controllers,
    DriverConfigError, Entries, Event, EventRecord, Fault, Journal, JournalEntry, LogRecord, Mishap, MountError,
    NotQuiet, Occasion, Outcome, Place, PlannedFault, ReplayError, Settled, Upset, WriteRecord, drivers_from_yaml,
};
pub use controllers::{EventType, Hold, NodeChoice, SyncError};
pub use manifest::{Document, Manifest, ManifestError, Mark, Problem, Reader, Strictness, to_json, to_yaml};
pub use matching::Mismatch;
pub use model::access_modes::{AccessMode, AccessModes, ModeSet};
pub use model::claim::{
    ClaimPhase, ClaimRequest, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeClaimStatus,
};
pub use model::class::{BindingMode, StorageClass, VolumeAttributesClass};
pub use model::config::{ConfigMap, Secret};
pub use model::controller_revision::ControllerRevision;
pub use model::csi::{CsiDriver, CsiNode, CsiStorageCapacity};
pub use model::deployment::Deployment;
pub use model::field_error::{FieldError, FieldErrorKind};
pub use model::json::Json;
pub use model::kind::{Kind, Object, ObjectKey, Resource};
pub use model::list::{List, Map, ResourceList, StringMap};
pub use model::metadata::{ObjectMeta, OwnerReference, ResourceVersion, Uid};
pub use model::namespace::Namespace;
pub use model::node::Node;
pub use model::node_selector::{NodeSelector, VolumeNodeAffinity};
pub use model::object_key::ObjectKeyError;
pub use model::pod::{Pod, PodPhase};
pub use model::quantity::{Format, Quantity, QuantityError};
pub use model::reference::{ClaimKey, NamespacedName, ObjectReference};
pub use model::replica_set::ReplicaSet;
pub use model::resource_quota::ResourceQuota;
pub use model::selector::{LabelSelector, Predicate, SelectorError};
pub use model::service::Service;
pub use model::shared::Shared;
pub use model::stateful_set::StatefulSet;
pub use model::text::Text;
pub use model::time::{Timestamp, TimestampError};
pub use model::volume::{
    PersistentVolume, PersistentVolumeSpec, PersistentVolumeStatus, ReclaimPolicy, VolumeMode, VolumeOffer, VolumePhase,
};
pub use model::volume_source::VolumeSource;
#[cfg(feature = "k8s-openapi")]
pub use openapi::ConversionError;
pub use pool::VolumePool;
pub use store::{Actor, DeleteOptions, Propagation, StoreRules, Verb};

/// The parts of the objects, under the names that the API gives them.
pub mod parts {
    pub use crate::model::base64::Bytes;
    pub use crate::model::claim::{
        ClaimCondition, ClaimProgress, ModifyVolumeStatus, PersistentVolumeClaimType, RareRequest,
        VolumeResourceRequirements,
    };
    pub use crate::model::class::{
        StorageClassType, TopologySelectorLabelRequirement, TopologySelectorTerm, VolumeAttributesClassType,
    };
    pub use crate::model::config::{ConfigMapType, SecretKind};
    pub use crate::model::controller_revision::ControllerRevisionType;
    pub use crate::model::csi::{
        CsiDriverSpec, CsiDriverType, CsiNodeDriver, CsiNodeSpec, CsiNodeType, CsiStorageCapacityType,
        VolumeNodeResources,
    };
    pub use crate::model::deployment::{
        DeploymentCondition, DeploymentSpec, DeploymentStatus, DeploymentStrategy, DeploymentStrategyType,
        DeploymentType, RollingUpdateDeployment,
    };
    pub use crate::model::fields::UnknownFields;
    pub use crate::model::int_or_string::IntOrString;
    pub use crate::model::metadata::{Identity, RareMetadata};
    pub use crate::model::namespace::{NamespacePhase, NamespaceSpec, NamespaceStatus, NamespaceType};
    pub use crate::model::node::{AttachedVolume, NodeCondition, NodeSpec, NodeStatus, NodeType, Taint};
    pub use crate::model::node_selector::{NodeSelectorOperator, NodeSelectorRequirement, NodeSelectorTerm};
    pub use crate::model::pod::{
        ClaimTemplate, ClaimVolumeSource, ConfigMapProjection, ConfigMapVolumeSource, Container, DownwardApiProjection,
        DownwardApiVolumeFile, DownwardApiVolumeSource, EmptyDirVolumeSource, EphemeralVolumeSource,
        GitRepoVolumeSource, InlineCsiVolumeSource, KeyToPath, LocalObjectReference, ObjectFieldSelector, PodCondition,
        PodExtras, PodSpec, PodStatus, PodTemplateSpec, PodType, PodVolume, PodVolumeSource, PodVolumeSources,
        ProjectedVolumeSource, ResourceFieldSelector, SecretProjection, SecretVolumeSource, VolumeDevice, VolumeMount,
        VolumeProjection,
    };
    pub use crate::model::rare::{Blank, Rare};
    pub use crate::model::reference::{SecretReference, TypedLocalObjectReference, TypedObjectReference};
    pub use crate::model::replica_set::{ReplicaSetCondition, ReplicaSetSpec, ReplicaSetStatus, ReplicaSetType};
    pub use crate::model::resource_quota::{
        ResourceQuotaSpec, ResourceQuotaStatus, ResourceQuotaType, ScopeSelector, ScopeSelectorOperator,
        ScopedResourceSelectorRequirement,
    };
    pub use crate::model::selector::{LabelSelectorRequirement, Requirement, SelectorOperator, Test};
    pub use crate::model::service::{ServiceKind, ServicePort, ServiceSpec, ServiceStatus, ServiceType};
    pub use crate::model::stateful_set::{
        ClaimRetentionPolicy, Ordinals, PodManagementPolicy, RetentionPolicy, RollingUpdate, StatefulSetCondition,
        StatefulSetSpec, StatefulSetStatus, StatefulSetType, UpdateStrategy, UpdateStrategyType,
    };
    pub use crate::model::volume::{PersistentVolumeType, PhaseReason, RareOffer};
}

/// What the scheduler says of a pod: which nodes will do, why the others will not, and what an attempt did.
pub mod scheduling {
    pub use crate::cluster::{Attempt, AttemptEnd};
    pub use crate::controllers::{Code, NoVolume, NodeVerdict, Plugin, Reason, Rejection, Reservation, Verdict};
}

/// The 22 kinds of storage that can stand behind a volume.
pub mod volume_source {
    pub use crate::model::volume_source::{
        AwsElasticBlockStoreVolumeSource, AzureDiskVolumeSource, AzureFileVolumeSource, CephFsVolumeSource,
        CinderVolumeSource, CsiVolumeSource, FibreChannelVolumeSource, FlexVolumeSource, FlockerVolumeSource,
        GcePersistentDiskVolumeSource, GlusterfsVolumeSource, HostPathVolumeSource, IscsiVolumeSource,
        LocalVolumeSource, NfsVolumeSource, PhotonPersistentDiskVolumeSource, PortworxVolumeSource,
        QuobyteVolumeSource, RbdVolumeSource, ScaleIoVolumeSource, StorageOsVolumeSource, VolumeSources,
        VsphereVolumeSource,
    };
}

/// The README is compiled and run like any other example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
