//! Worlds for the benches: volumes and claims of mixed class, mode, size and labels, the same for the same seed; and the
//! scan that the index is measured against.

use bindery::explain::Check;
use bindery::parts::{LabelSelectorRequirement, SelectorOperator};
use bindery::report::{Format, print_objects};
use bindery::volume_source::NfsVolumeSource;
use bindery::{
    AccessMode, Cluster, Config, Json, Kind, LabelSelector, List, Node, Object, ObjectKey, ObjectMeta,
    PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimStatus, Quantity, Reader, ReclaimPolicy, StringMap,
    Text, VolumePhase, VolumePool,
};

const MODES: [&[AccessMode]; 3] = [
    &[AccessMode::ReadWriteOnce],
    &[AccessMode::ReadWriteOnce, AccessMode::ReadOnlyMany],
    &[AccessMode::ReadWriteOnce, AccessMode::ReadOnlyMany, AccessMode::ReadWriteMany],
];
const CLASSES: [&str; 4] = ["", "bronze", "silver", "gold"];

/// Numbers that look random and are the same in every run (`SplitMix64`).
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below a bound.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::try_from(self.below(items.len() as u64)).unwrap_or_default()]
    }
}

fn mebibytes(number: u64) -> Quantity {
    Quantity::from_bytes(i64::try_from(number << 20).unwrap_or(i64::MAX))
}

/// A volume; its number makes its name.
pub(crate) fn volume(number: usize, numbers: &mut Numbers) -> PersistentVolume {
    let digit = |place: usize| (number / 10_usize.pow(u32::try_from(place).unwrap_or(0)) % 10).to_string();
    let mut labels = StringMap::from([
        ("digit-0", digit(0)),
        ("digit-1", digit(1)),
        ("digit-2", digit(2)),
        ("rack", format!("r{}", numbers.below(100))),
        ("tier", numbers.pick(&["ssd", "hdd", "nvme"]).to_owned()),
    ]);
    // One in a thousand is marked as spare, the others as used.
    labels = if number % 1_000 == 500 { labels.with("spare", "yes") } else { labels.with("used", "yes") };
    // The last of every size of world.
    if [999, 9_999, 99_999, 999_999].contains(&number) {
        labels = labels.with("only", "last");
    }
    PersistentVolume::new(format!("pv-{number}"), mebibytes(1 + numbers.below(100_000)), numbers.pick(&MODES).to_vec())
        .with_class(numbers.pick(&CLASSES))
        .with_labels(labels)
}

/// A claim that some volume of a large world fits.
pub(crate) fn claim(number: usize, numbers: &mut Numbers) -> PersistentVolumeClaim {
    let request = mebibytes(1 + numbers.below(50_000));
    PersistentVolumeClaim::new("default", format!("claim-{number}"), request, numbers.pick(&MODES).to_vec())
        .with_class(numbers.pick(&CLASSES))
}

/// So many volumes without a cluster.
pub(crate) fn pool(volumes: usize, seed: u64) -> VolumePool {
    let mut numbers = Numbers::new(seed);
    (0..volumes).map(|number| volume(number, &mut numbers)).collect()
}

/// Gives back what some claims have reserved.
pub(crate) fn give_back(pool: &mut VolumePool, claims: &[PersistentVolumeClaim]) {
    for claim in claims {
        let found = pool.find(claim).expect("a sound claim").map(|volume| volume.metadata.name.clone());
        found.map(|name| pool.unreserve(&name).is_some());
    }
}

/// A quiet cluster of so many volumes, all Available.
pub(crate) fn available(volumes: usize, seed: u64) -> Cluster {
    let mut config = Config::default();
    config.journal = false;
    let mut cluster = Cluster::new(config);
    let mut numbers = Numbers::new(seed);
    for number in 0..volumes {
        cluster.restore(volume(number, &mut numbers)).expect("a new name");
    }
    cluster.settle().expect("it gets quiet");
    cluster
}

/// The volume for a claim that is immediate and has no volume reserved, found by looking at every volume: the smallest
/// of the smallest set of access modes, as Kubernetes' own matcher finds it.
pub(crate) fn scan<'v>(
    volumes: &[&'v PersistentVolume],
    claim: &PersistentVolumeClaim,
) -> Option<&'v PersistentVolume> {
    let request = claim.request();
    let selector = bindery::Predicate::of(claim.spec.selector.as_deref()).ok()?;
    let fits = |volume: &PersistentVolume| {
        volume.spec.claim_ref.is_none()
            && volume.status.phase == VolumePhase::Available
            && claim.spec.access_modes.satisfied_by(&volume.spec.access_modes)
            && volume.class_name() == claim.class_name()
            && volume.spec.volume_mode == claim.spec.volume_mode
            && volume.capacity() >= request
            && (claim.spec.selector.is_none() || selector.matches(&volume.metadata.labels))
    };
    volumes
        .iter()
        .copied()
        .filter(|volume| fits(volume))
        .min_by_key(|volume| (volume.spec.access_modes.set().len(), volume.spec.access_modes.set(), volume.capacity()))
}

/// A selector of one label, of two, or of one of four values; every sixteenth asks for what one volume alone has.
pub(crate) fn selector(number: usize, numbers: &mut Numbers) -> LabelSelector {
    let rack = format!("r{}", numbers.below(100));
    let tier = numbers.pick(&["ssd", "hdd", "nvme"]);
    match number % 4 {
        _ if number.is_multiple_of(16) => LabelSelector::matching([("only", "last")]),
        0 => LabelSelector::matching([("tier", tier)]),
        1 => LabelSelector::matching([("rack", rack)]),
        2 => LabelSelector::matching([("rack", rack.as_str()), ("tier", tier)]),
        _ => {
            let racks = (0..4).map(|_| format!("r{}", numbers.below(100)).into()).collect();
            expressions([("rack", SelectorOperator::In, racks)])
        }
    }
}

/// A selector that one volume in a thousand satisfies: by the absence of labels, by their presence, or by three terms.
pub(crate) fn hard_selector(number: usize) -> LabelSelector {
    match number % 4 {
        0 => expressions([("spare", SelectorOperator::Exists, List::default())]),
        1 => expressions([("used", SelectorOperator::DoesNotExist, List::default())]),
        2 => expressions([("used", SelectorOperator::NotIn, List::from(["yes".into()]))]),
        _ => LabelSelector::matching([("digit-0", "0"), ("digit-1", "0"), ("digit-2", "0")]),
    }
}

fn expressions<const N: usize>(expressions: [(&str, SelectorOperator, List<Text>); N]) -> LabelSelector {
    let requirement = |(key, operator, values): (&str, SelectorOperator, List<Text>)| LabelSelectorRequirement {
        key: key.into(),
        operator,
        values,
        ..LabelSelectorRequirement::default()
    };
    LabelSelector { match_expressions: expressions.into_iter().map(requirement).collect(), ..LabelSelector::default() }
}

/// A cluster of which the volume controller and those that protect what is in use run, as all do.
pub(crate) fn empty(journal: bool) -> Cluster {
    let mut config = Config::default();
    config.journal = journal;
    Cluster::new(config)
}

/// So many volumes, then as many claims.
pub(crate) fn pairs(size: usize, seed: u64) -> Vec<Object> {
    let mut numbers = Numbers::new(seed);
    let volumes: Vec<Object> = (0..size).map(|number| volume(number, &mut numbers).into()).collect();
    volumes.into_iter().chain((0..size).map(|number| claim(number, &mut numbers).into())).collect()
}

/// What a server notes of who wrote which fields; so much that it is a third of a dump.
const MANAGED: &str = r#"{"apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {
    "f:metadata": {"f:annotations": {".": {}, "f:pv.kubernetes.io/bind-completed": {}}, "f:labels": {".": {}, "f:app": {}}},
    "f:spec": {"f:accessModes": {}, "f:storageClassName": {}, "f:volumeMode": {}, "f:volumeName": {}}
}, "manager": "kube-controller-manager", "operation": "Update", "time": "2026-01-01T00:00:00Z"}"#;

/// As many volumes as claims, so many in all, as `kubectl get -o yaml` prints them: as they are when the controllers have
/// run, or before.
pub(crate) fn dump(size: usize, settled: bool) -> String {
    let managed: Json = serde_json::from_str(MANAGED).expect("JSON");
    let mut cluster = empty(false);
    for mut object in pairs(size / 2, 11) {
        object.metadata_mut().managed_fields = vec![managed.clone()].into();
        cluster.restore(object).expect("a new name");
    }
    if settled {
        cluster.settle().expect("it gets quiet");
    }
    print_objects(&cluster, &[Kind::PersistentVolume, Kind::PersistentVolumeClaim], Format::Yaml)
}

/// Reads a dump and checks the claims in it.
pub(crate) fn check(text: &str) -> Check {
    let before = empty(false);
    let mut applied = before.fork();
    let loaded = applied.load(text, &Reader::new()).expect("a sound dump");
    let named: Vec<ObjectKey> = loaded.objects.into_iter().map(|(object, _)| object).collect();
    before.check(&applied, &named).expect("it gets quiet")
}

/// The same object; a volume is one that is wiped and used again when its claim is gone.
pub(crate) fn recycled(object: Object) -> Object {
    let Object::PersistentVolume(volume) = object else { return object };
    let nfs = NfsVolumeSource { server: "nfs.example.com".into(), path: "/data".into(), ..NfsVolumeSource::default() };
    let volume = (*volume).clone().with_reclaim_policy(ReclaimPolicy::Recycle);
    volume.with_source(nfs).into()
}

/// A claim as somebody would create it again.
pub(crate) fn renewed(claim: PersistentVolumeClaim) -> PersistentVolumeClaim {
    let metadata = ObjectMeta::named(claim.metadata.name.clone());
    let mut renewed = PersistentVolumeClaim { metadata, ..claim };
    renewed.metadata.namespace = "default".into();
    renewed.spec.volume_name = Text::default();
    renewed.status = PersistentVolumeClaimStatus::default();
    renewed
}

/// A quiet cluster of so many claims that wait, a tenth of them with selectors.
pub(crate) fn pending(size: usize) -> Cluster {
    let mut cluster = empty(false);
    let mut numbers = Numbers::new(5);
    for number in 0..size {
        let claim = claim(number, &mut numbers);
        let rack = format!("r{}", numbers.below(1_000));
        let claim =
            if number % 10 == 0 { claim.with_selector(LabelSelector::matching([("rack", rack)])) } else { claim };
        cluster.restore(claim).expect("a new name");
    }
    cluster.settle().expect("it gets quiet");
    cluster
}

/// Worlds that a matcher may fear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Adverse {
    /// All volumes and all claims are the same.
    Equal,
    /// No volume is large enough.
    TooLarge,
    /// One class, no labels, one mode; sizes as in every world.
    OneClass,
    /// Ten thousand classes.
    ManyClasses,
    /// Every volume names the claim that it is for.
    Reserved,
    /// Every claim has a selector that no volume satisfies.
    Unmatched,
    /// Every claim is deleted and created again; the time is that of doing so.
    Recreated,
}

impl Adverse {
    pub(crate) const ALL: [Self; 7] = [
        Self::Equal,
        Self::TooLarge,
        Self::OneClass,
        Self::ManyClasses,
        Self::Reserved,
        Self::Unmatched,
        Self::Recreated,
    ];

    pub(crate) fn row(self) -> &'static str {
        match self {
            Self::Equal => "settle-equal",
            Self::TooLarge => "settle-too-large",
            Self::OneClass => "settle-one-class",
            Self::ManyClasses => "settle-many-classes",
            Self::Reserved => "settle-reserved",
            Self::Unmatched => "settle-unmatched",
            Self::Recreated => "settle-recreated",
        }
    }

    /// So many volumes, then as many claims.
    pub(crate) fn objects(self, size: usize) -> Vec<Object> {
        let mut numbers = Numbers::new(9);
        let modes = [AccessMode::ReadWriteOnce];
        let plain_volume =
            |number: usize, size: Quantity| PersistentVolume::new(format!("pv-{number}"), size, modes.clone());
        let plain_claim = |number: usize, size: Quantity| {
            PersistentVolumeClaim::new("default", format!("claim-{number}"), size, modes.clone()).with_class("")
        };
        let volume_of = |number: usize, numbers: &mut Numbers| match self {
            Self::Equal => plain_volume(number, mebibytes(1)),
            Self::OneClass => plain_volume(number, mebibytes(1 + numbers.below(100_000))),
            Self::ManyClasses => plain_volume(number, mebibytes(1)).with_class(format!("class-{}", number % 10_000)),
            Self::Reserved => volume(number, numbers).reserved_for("default", format!("claim-{number}")),
            Self::TooLarge | Self::Unmatched => volume(number, numbers),
            Self::Recreated => match recycled(volume(number, numbers).into()) {
                Object::PersistentVolume(volume) => (*volume).clone(),
                _ => volume(number, numbers),
            },
        };
        let claim_of = |number: usize, numbers: &mut Numbers| match self {
            Self::Equal => plain_claim(number, mebibytes(1)),
            Self::OneClass => plain_claim(number, mebibytes(1 + numbers.below(50_000))),
            Self::ManyClasses => plain_claim(number, mebibytes(1)).with_class(format!("class-{}", number % 10_000)),
            Self::TooLarge => plain_claim(number, mebibytes(1_000_000)).with_class(numbers.pick(&CLASSES)),
            Self::Reserved | Self::Recreated => claim(number, numbers),
            Self::Unmatched => claim(number, numbers).with_selector(LabelSelector::matching([
                ("tier", numbers.pick(&["ssd", "hdd", "nvme"]).to_owned()),
                ("rack", format!("none-{}", numbers.below(1_000))),
            ])),
        };
        let volumes: Vec<Object> = (0..size).map(|number| volume_of(number, &mut numbers).into()).collect();
        volumes.into_iter().chain((0..size).map(|number| claim_of(number, &mut numbers).into())).collect()
    }
}

/// A set of so many replicas with two templates, a provisioner that makes their volumes, and a tenth as many nodes.
pub(crate) fn set(replicas: usize) -> Cluster {
    let mut config = Config::default();
    config.journal = false;
    let drivers = bindery::drivers_from_yaml("[{kind: Csi, name: disk.example.com}]").expect("a sound driver");
    config.drivers.extend(drivers.into_iter().map(Into::into));
    let mut cluster = Cluster::new(config);
    for number in 0..(replicas / 10).max(1) {
        cluster
            .create(Node { metadata: ObjectMeta::named(format!("node-{number}")), ..Node::default() })
            .expect("a node");
    }
    cluster
        .apply_yaml(&format!(
            "
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {{name: disk}}
provisioner: disk.example.com
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: db}}
spec:
  replicas: {replicas}
  serviceName: db
  selector: {{matchLabels: {{app: db}}}}
  template:
    metadata: {{labels: {{app: db}}}}
    spec:
      containers: [{{name: db, image: db, volumeMounts: [{{name: data, mountPath: /data}}, {{name: log, mountPath: /log}}]}}]
  volumeClaimTemplates:
  - metadata: {{name: data}}
    spec: {{accessModes: [ReadWriteOnce], storageClassName: disk, resources: {{requests: {{storage: 1Gi}}}}}}
  - metadata: {{name: log}}
    spec: {{accessModes: [ReadWriteOnce], storageClassName: disk, resources: {{requests: {{storage: 1Gi}}}}}}
"
        ))
        .expect("sound manifests");
    cluster
}
