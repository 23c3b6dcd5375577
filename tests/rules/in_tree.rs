//! Volumes made by a plugin of the controller (`PROV-11` to `PROV-22`).

use std::time::Duration;

use bindery::parts::TypedLocalObjectReference;
use bindery::volume_source::NfsVolumeSource;
use bindery::{
    Behaviour, BindingMode, ClaimPhase, Cluster, Fault, Kind, Node, Object, ObjectMeta, PersistentVolumeClaim, Plugin,
    ReclaimPolicy, Sources, StorageClass, StringMap, Text, Verb, VolumePhase, VolumeSource,
};

use crate::world::{
    BETA_STORAGE_PROVISIONER, BOUND_BY_CONTROLLER, Metadata, PROVISIONED_BY, PV_CONTROLLER, PV_PROTECTION,
    SELECTED_NODE, STORAGE_PROVISIONER, claim, claim_phase, count, emitted, has_annotation, pvc, quantity, restored,
    restored_into, rules, seconds, volume, volume_of, volume_phase, wait, with_plugin, writes,
};

const PLUGIN: &str = "kubernetes.io/disk";
const MADE: &str = "pvc-uid-data";

fn gold() -> StorageClass {
    StorageClass::new("gold", PLUGIN)
}

fn asking() -> PersistentVolumeClaim {
    claim("data", "3Gi").with_class("gold")
}

/// A plugin that makes volumes like this.
fn making(behaviour: Behaviour) -> Plugin {
    Plugin::new(PLUGIN, Sources::All).provisions(behaviour, nfs())
}

fn nfs() -> VolumeSource {
    VolumeSource::from(NfsVolumeSource { server: "s".into(), path: "/p".into(), ..NfsVolumeSource::default() })
}

/// A cluster with a plugin that makes volumes like this, the class and the claim.
fn cluster(behaviour: Behaviour) -> Cluster {
    restored_into(with_plugin(making(behaviour)), [gold().into(), asking().into()])
}

fn told(cluster: &Cluster) -> Vec<String> {
    emitted(cluster, &pvc("data"))
}

fn refuse(cluster: &mut Cluster, verb: Verb, kind: Kind) {
    cluster.inject(Fault::ServerError { verb, kind, message: "no".into() });
}

/// Fails unless the operation failed with this warning, so that the next sync is too early for another.
#[track_caller]
fn assert_failed(mut cluster: Cluster, message: &str) -> Cluster {
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(told(&cluster), [format!("Warning ProvisioningFailed {message}")]);
    assert!(cluster.volume(MADE).is_none());
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(told(&cluster).len(), 1, "it backs off");
    cluster
}

/// PROV-11: a plugin does not fill volumes, and the claim is not annotated.
#[test]
fn a_plugin_does_not_fill_volumes() {
    let mut filled = asking();
    filled.spec.data_source = Some(
        TypedLocalObjectReference { kind: "PersistentVolumeClaim".into(), name: "a".into(), ..Default::default() }
            .into(),
    );
    let cluster = restored_into(with_plugin(making(Behaviour::Succeed)), [gold().into(), filled.into()]);
    let text =
        "plugin \"kubernetes.io/disk\" is not a CSI plugin. Only CSI plugin can provision a claim with a datasource";
    let cluster = assert_failed(cluster, text);
    assert!(!has_annotation(cluster.claim("data").unwrap(), STORAGE_PROVISIONER));
}

/// PROV-12: the claim is annotated first; where that fails the operation does, in silence.
#[test]
fn the_claim_is_annotated_first() {
    let mut cluster = cluster(Behaviour::Succeed);
    let before = cluster.journal().len();
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(rules(&cluster, before), ["PROV-12", "PROV-20"]);
    let annotations = &cluster.claim("data").unwrap().metadata.annotations;
    for key in [STORAGE_PROVISIONER, BETA_STORAGE_PROVISIONER] {
        assert_eq!(annotations.get(key).map(Text::as_str), Some(PLUGIN));
    }
    let mut cluster = self::cluster(Behaviour::Succeed);
    refuse(&mut cluster, Verb::Update, Kind::PersistentVolumeClaim);
    cluster.sync(&pvc("data")).unwrap();
    cluster.sync(&pvc("data")).unwrap();
    assert!(cluster.events().is_empty() && cluster.volume(MADE).is_none(), "it failed, and backs off");
    wait(&mut cluster, seconds(15));
    assert!(cluster.volume(MADE).is_some());
}

/// PROV-13, CACHE-4: a volume of the name that exists already, though nobody has seen it, ends the matter.
#[test]
fn a_volume_that_was_made_already_is_not_made_again() {
    let mut cluster = cluster(Behaviour::Fail("called".into()));
    cluster.restore_unseen(volume(MADE, "3Gi")).unwrap();
    cluster.sync(&pvc("data")).unwrap();
    assert!(cluster.events().is_empty());
}

/// PROV-14: mount options need a plugin that has them.
#[test]
fn mount_options_need_a_plugin_that_has_them() {
    let mut class = gold();
    class.mount_options = ["ro", "soft"].map(Text::from).into();
    let cluster = restored_into(with_plugin(making(Behaviour::Succeed)), [class.into(), asking().into()]);
    let text =
        "Mount options are not supported by the provisioner but StorageClass \"gold\" has mount options [ro soft]";
    assert_failed(cluster, text);
}

/// PROV-15: a provisioner that cannot be made says so, such as the stock one of host paths.
#[test]
fn a_provisioner_that_cannot_be_made_says_so() {
    assert_failed(cluster(Behaviour::Refuse("no".into())), "Failed to create provisioner: no");
    let stock = restored([StorageClass::new("gold", "kubernetes.io/host-path").into(), asking().into()]);
    let disabled = "provisioning in volume plugin \"kubernetes.io/host-path\" is disabled";
    assert_failed(stock, &format!("Failed to create provisioner: {disabled}"));
}

/// PROV-16: a selected node that is missing fails the operation, and stays selected; a provisioner that cannot be made
/// does not get that far.
#[test]
fn a_selected_node_must_exist() {
    let selected = || asking().annotated(SELECTED_NODE, "node-1");
    let with = |behaviour| restored_into(with_plugin(making(behaviour)), [gold().into(), selected().into()]);
    let cluster = assert_failed(with(Behaviour::Succeed), "Failed to get target node: node \"node-1\" not found");
    assert!(has_annotation(cluster.claim("data").unwrap(), SELECTED_NODE));
    assert_failed(with(Behaviour::Refuse("no".into())), "Failed to create provisioner: no");
    let mut cluster = with(Behaviour::Succeed);
    cluster.restore(Node { metadata: ObjectMeta::named("node-1"), ..Node::default() }).unwrap();
    cluster.sync(&pvc("data")).unwrap();
    assert!(cluster.volume(MADE).is_some());
}

/// PROV-17: the plugin gets the name, the policy and the parameters.
#[test]
fn a_plugin_gets_the_parameters_and_the_policy_of_the_class() {
    let parameters = || StringMap::from([("type", "ssd")]);
    let strict = || making(Behaviour::Expect(parameters(), Box::new(Behaviour::Succeed)));
    let mut class = gold();
    class.reclaim_policy = Some(ReclaimPolicy::Retain);
    let mut cluster = restored_into(with_plugin(strict()), [class.clone().into(), asking().into()]);
    cluster.sync(&pvc("data")).unwrap();
    assert!(cluster.volume(MADE).is_none(), "the parameters are missing");
    class.parameters = parameters();
    let mut cluster = restored_into(with_plugin(strict()), [class.into(), asking().into()]);
    cluster.sync(&pvc("data")).unwrap();
    let made = cluster.volume(MADE).unwrap();
    assert_eq!(made.spec.persistent_volume_reclaim_policy, ReclaimPolicy::Retain);
    assert_eq!(made.metadata.finalizers.to_vec(), [PV_PROTECTION], "only what is deleted is protected from that");
}

/// PROV-18, PROV-21: a plugin that fails is told of, after the node was taken back, so that another one is tried.
#[test]
fn a_plugin_that_fails_gives_the_node_back() {
    let mut class = gold();
    class.volume_binding_mode = Some(BindingMode::WaitForFirstConsumer);
    let objects = [class.into(), asking().annotated(SELECTED_NODE, "node-1").into()];
    let mut cluster = restored_into(with_plugin(making(Behaviour::Fail("full".into()))), objects);
    cluster.restore(Node { metadata: ObjectMeta::named("node-1"), ..Node::default() }).unwrap();
    let before = cluster.journal().len();
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(rules(&cluster, before), ["PROV-12", "PROV-21"]);
    let text = "Warning ProvisioningFailed Failed to provision volume with StorageClass \"gold\": full";
    assert_eq!(told(&cluster), [text]);
    assert!(!has_annotation(cluster.claim("data").unwrap(), SELECTED_NODE));
    cluster.settle().unwrap();
    let waits = "Normal WaitForFirstConsumer waiting for first consumer to be created before binding";
    assert_eq!(told(&cluster).last().map(String::as_str), Some(waits));
}

/// PROV-21: whether the node could be given back does not matter; without one there is nothing to give back.
#[test]
fn a_node_that_cannot_be_given_back_does_not_matter() {
    let text = "Failed to provision volume with StorageClass \"gold\": full";
    let fails = || Behaviour::Fail("full".into());
    let selected = asking().annotated(SELECTED_NODE, "node-1").annotated(STORAGE_PROVISIONER, PLUGIN);
    let mut cluster = restored_into(with_plugin(making(fails())), [gold().into(), selected.into()]);
    cluster.restore(Node { metadata: ObjectMeta::named("node-1"), ..Node::default() }).unwrap();
    refuse(&mut cluster, Verb::Update, Kind::PersistentVolumeClaim);
    let cluster = assert_failed(cluster, text);
    assert!(has_annotation(cluster.claim("data").unwrap(), SELECTED_NODE));
    let without = assert_failed(self::cluster(fails()), text);
    assert_eq!(rules(&without, 0).iter().filter(|rule| **rule == "PROV-21").count(), 0);
}

/// PROV-19: what a made volume looks like.
#[test]
fn a_made_volume_belongs_to_its_claim() {
    let mut cluster = cluster(Behaviour::Succeed);
    cluster.sync(&pvc("data")).unwrap();
    let made = cluster.volume(MADE).unwrap();
    let reference = made.spec.claim_ref.as_ref().unwrap();
    assert_eq!(
        (reference.namespace.as_str(), reference.name.as_str(), &*reference.uid.to_text()),
        ("default", "data", "uid-data")
    );
    assert_eq!((made.class_name(), made.capacity()), ("gold", quantity("3Gi")));
    let annotations: Vec<_> =
        made.metadata.annotations.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(annotations, [(BOUND_BY_CONTROLLER, "yes"), (PROVISIONED_BY, PLUGIN)]);
    assert_eq!(made.metadata.finalizers.to_vec(), [PV_CONTROLLER, PV_PROTECTION]);
    assert!(made.metadata.labels.is_empty() && made.spec.node_affinity.is_none() && made.spec.mount_options.is_empty());
    assert_eq!(made.status.phase, VolumePhase::Pending, "what it says of its phase is dropped");
}

/// PROV-19, PROV-22, MATCH-17: the claim is bound by later syncs, the volume straight from pending.
#[test]
fn a_made_volume_is_bound_by_later_syncs() {
    let mut cluster = cluster(Behaviour::Succeed);
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(volume_of(&cluster, "data"), "");
    cluster.settle().unwrap();
    assert_eq!((volume_of(&cluster, "data").as_str(), claim_phase(&cluster, "data")), (MADE, ClaimPhase::Bound));
    assert_eq!(volume_phase(&cluster, MADE), VolumePhase::Bound);
    let phases = writes(&cluster, 0).into_iter().filter_map(|write| match &write.after {
        Some(Object::PersistentVolume(volume)) => Some(volume.status.phase.clone()),
        _ => None,
    });
    assert!(phases.into_iter().all(|phase| phase != VolumePhase::Available));
}

/// PROV-20: a volume that is saved is told of; one that exists already counts as saved.
#[test]
fn a_volume_that_is_saved_is_told_of() {
    let text = format!("Normal ProvisioningSucceeded Successfully provisioned volume {MADE} using {PLUGIN}");
    let mut first = cluster(Behaviour::Succeed);
    first.sync(&pvc("data")).unwrap();
    let mut second = cluster(Behaviour::Succeed);
    second.inject(Fault::AlreadyExists { kind: Kind::PersistentVolume });
    second.sync(&pvc("data")).unwrap();
    assert_eq!(told(&first), told(&second));
    assert_eq!(told(&second), [text]);
}

/// PROV-20: saving is tried five times, ten seconds apart.
#[test]
fn saving_is_tried_five_times() {
    let mut cluster = cluster(Behaviour::Succeed);
    for _ in 0..4 {
        refuse(&mut cluster, Verb::Create, Kind::PersistentVolume);
    }
    wait(&mut cluster, Duration::from_millis(39_999));
    assert!(cluster.volume(MADE).is_none() && cluster.events().is_empty());
    wait(&mut cluster, Duration::from_millis(1));
    assert!(cluster.volume(MADE).is_some());
    assert_eq!(count(&cluster, "ProvisioningSucceeded"), 1);
}

/// A cluster in which a volume was made that cannot be saved; the plugin cleans up like this.
fn unsaved(plugin: Plugin) -> Cluster {
    let mut cluster = restored_into(with_plugin(plugin), [gold().into(), asking().into()]);
    for _ in 0..5 {
        refuse(&mut cluster, Verb::Create, Kind::PersistentVolume);
    }
    cluster
}

const UNSAVED: &str = "Warning ProvisioningFailed Error creating provisioned PV object for claim default/data: no. Deleting \
                       the volume.";

/// PROV-20: what could not be saved is deleted, or the user is asked to; then all begins anew, without back-off.
#[test]
fn what_could_not_be_saved_is_cleaned_up() {
    let mut cluster = unsaved(making(Behaviour::Succeed));
    refuse(&mut cluster, Verb::Create, Kind::PersistentVolume);
    wait(&mut cluster, Duration::from_millis(49_999));
    assert!(told(&cluster).is_empty(), "it rests from the last try, too");
    wait(&mut cluster, Duration::from_millis(1));
    let cleaning = "Error cleaning provisioned volume for claim default/data: no deletable volume plugin matched. Please \
                    delete manually.";
    assert_eq!(told(&cluster), [UNSAVED.to_owned(), format!("Warning ProvisioningCleanupFailed {cleaning}")]);
    wait(&mut cluster, seconds(10));
    assert!(cluster.volume(MADE).is_some(), "the sixth try was the first of another run");
}

/// PROV-20: cleaning up is tried five times, ten seconds apart.
#[test]
fn cleaning_up_is_tried_five_times() {
    let mut cluster = unsaved(making(Behaviour::Succeed).deletes(Behaviour::Fail("stuck".into())));
    wait(&mut cluster, Duration::from_millis(99_999));
    assert_eq!(told(&cluster), [UNSAVED]);
    wait(&mut cluster, Duration::from_millis(1));
    let text = "Error cleaning provisioned volume for claim default/data: stuck. Please delete manually.";
    assert!(told(&cluster).contains(&format!("Warning ProvisioningCleanupFailed {text}")));
}
