//! Which volume a claim gets (`MATCH-*`, `SAT-*`).

use bindery::{
    AccessMode, ClaimPhase, LabelSelector, Object, PersistentVolume, PersistentVolumeClaim, ReclaimPolicy, VolumePhase,
};

use crate::world::{
    BETA_CLASS, ClaimState, Metadata, PROVISIONED_BY, ROX, RWO, RWOP, RWX, VolumeState, claim, delayed_class, emitted,
    object, pv, pvc, restored, volume, volume_of,
};

/// The volume that the claim takes when it is looked at once; empty for none.
pub(crate) fn chosen<const N: usize>(volumes: [PersistentVolume; N], claim: PersistentVolumeClaim) -> String {
    let name = claim.metadata.name.clone();
    let mut cluster = restored(volumes.map(Object::from));
    cluster.restore(delayed_class("delayed")).unwrap();
    cluster.restore(claim).unwrap();
    cluster.sync(&pvc(&name)).unwrap();
    volume_of(&cluster, &name)
}

fn labelled(name: &str, key: &str, value: &str) -> PersistentVolume {
    volume(name, "5Gi").with_labels([(key, value)])
}

/// A claim with a selector, written in YAML.
pub(crate) fn selecting(selector: &str) -> PersistentVolumeClaim {
    let selector: LabelSelector = serde_json::from_str(selector).unwrap();
    claim("data", "1Gi").with_selector(selector)
}

/// MATCH-3, HELP-3: a volume whose class is changed by its annotation alone, as a PUT of a status can do it, is found by
/// the new one only.
#[test]
fn a_free_volume_moves_to_the_class_that_its_annotation_names() {
    let mut cluster =
        restored([volume("pv", "5Gi").annotated(BETA_CLASS, "old").in_phase(VolumePhase::Available).into()]);
    cluster.sync(&pv("pv")).unwrap();
    let mut moved = cluster.volume("pv").unwrap().clone();
    moved.metadata.annotations = moved.metadata.annotations.with(BETA_CLASS, "new");
    cluster.replace_status(&pv("pv"), moved).unwrap();
    for (class, expected) in [("old", ""), ("new", "pv")] {
        cluster.restore(claim(class, "1Gi").with_class(class)).unwrap();
        cluster.settle().unwrap();
        assert_eq!(volume_of(&cluster, class), expected, "{class}");
    }
}

/// MATCH-1: of the modes of a volume the known ones count, once each and in no order.
#[test]
fn volumes_are_grouped_by_the_set_of_their_known_modes() {
    let odd = || volume("odd", "5Gi").with_modes([AccessMode::Other("Sideways".into()), RWX, RWO, RWX]);
    let plain = || volume("plain", "6Gi").with_modes([RWO, RWX]);
    assert_eq!(chosen([plain(), odd()], claim("data", "1Gi")), "odd", "both are of one set, the smaller one is taken");
    assert_eq!(chosen([odd()], claim("data", "1Gi").asking_for([AccessMode::Other("Sideways".into())])), "");
}

/// MATCH-2: a volume is looked at only if it has every mode that is asked for.
#[test]
fn a_volume_must_have_every_mode_that_is_asked_for() {
    let asking = || claim("data", "1Gi").asking_for([RWX, RWO]);
    assert_eq!(chosen([volume("pv", "5Gi").with_modes([RWO])], asking()), "");
    assert_eq!(chosen([volume("pv", "5Gi").with_modes([ROX, RWX])], asking()), "");
    assert_eq!(chosen([volume("pv", "5Gi").with_modes([RWO, ROX, RWX])], asking()), "pv");
}

/// MATCH-3, MATCH-4: the set with fewer modes is searched first, and no later set is compared with it.
#[test]
fn a_volume_with_fewer_modes_is_taken_whatever_it_wastes() {
    let few = volume("few", "100Gi").with_modes([RWO]);
    let some = volume("some", "2Gi").with_modes([RWO, ROX]);
    let many = volume("many", "1Gi").with_modes([RWO, ROX, RWX]);
    assert_eq!(chosen([many.clone(), some.clone(), few], claim("data", "1Gi")), "few");
    assert_eq!(chosen([many, some], claim("data", "1Gi")), "some");
}

/// MATCH-4: a set in which nothing fits leads on to the next.
#[test]
fn a_set_in_which_nothing_fits_is_passed_over() {
    let small = volume("small", "1Gi").with_modes([RWO]);
    let large = volume("large", "9Gi").with_modes([RWO, RWX]);
    assert_eq!(chosen([small, large], claim("data", "5Gi")), "large");
}

/// MATCH-5: each of the filters a to e and g to j is enough to skip a volume that fits else.
#[test]
fn a_volume_is_skipped_for_each_reason_of_the_list() {
    let asking = || selecting(r#"{"matchLabels": {"tier": "fast"}}"#);
    let fitting = || labelled("pv", "tier", "fast");
    assert_eq!(chosen([fitting()], asking()), "pv", "nothing is wrong with it");
    let skipped = [
        ("a: claimed by another", fitting().reserved_for("default", "other")),
        ("a: claimed in another namespace", fitting().reserved_for("shop", "data")),
        ("a: claimed by a former claim of this name", fitting().bound_to(&claim("data", "1Gi").with_uid("former"))),
        ("b: too small", volume("pv", "1023Mi").with_labels([("tier", "fast")])),
        ("c: volume mode", fitting().block()),
        ("d: attributes class", fitting().with_attributes_class("gold")),
        ("e: being deleted", fitting().terminating()),
        ("h: pending", fitting().in_phase(VolumePhase::Pending)),
        ("h: bound", fitting().in_phase(VolumePhase::Bound)),
        ("h: released", fitting().in_phase(VolumePhase::Released)),
        ("h: failed", fitting().in_phase(VolumePhase::Failed)),
        ("i: labels", labelled("pv", "tier", "slow")),
        ("j: class", fitting().with_class("gold")),
    ];
    for (why, volume) in skipped {
        assert_eq!(chosen([volume], asking()), "", "{why}");
    }
    let delayed = volume("pv", "5Gi").with_class("delayed");
    assert_eq!(chosen([delayed], claim("data", "1Gi").with_class("delayed")), "", "g: binding is delayed");
}

/// MATCH-5 b: sizes are compared exactly, below a byte too.
#[test]
fn a_volume_of_exactly_the_size_fits_and_a_thousandth_less_does_not() {
    assert_eq!(chosen([volume("pv", "1Gi")], claim("data", "1073741824")), "pv");
    assert_eq!(chosen([volume("pv", "1073741823999m")], claim("data", "1Gi")), "");
}

/// MATCH-6: the smallest that fits, without a limit on what is wasted.
#[test]
fn the_smallest_volume_that_fits_is_taken() {
    let volumes = || [volume("huge", "100Ti"), volume("fit", "6Gi"), volume("larger", "7Gi"), volume("small", "4Gi")];
    assert_eq!(chosen(volumes(), claim("data", "5Gi")), "fit");
    assert_eq!(chosen(volumes(), claim("data", "8Gi")), "huge");
}

/// MATCH-7: in its set, a volume that points at the claim comes before a smaller free one.
#[test]
fn a_reserved_volume_comes_before_a_smaller_free_one_of_its_set() {
    let reserved = volume("reserved", "50Gi").reserved_for("default", "data");
    assert_eq!(chosen([volume("free", "1Gi"), reserved], claim("data", "1Gi")), "reserved");
}

/// MATCH-8: a free volume with fewer modes is taken before a reserved one is looked at.
#[test]
fn a_reserved_volume_loses_to_a_free_one_with_fewer_modes() {
    let reserved = volume("reserved", "1Gi").with_modes([RWO, ROX]).reserved_for("default", "data");
    assert_eq!(chosen([reserved, volume("free", "50Gi")], claim("data", "1Gi")), "free");
}

/// MATCH-9: phase, class, labels and a delayed binding do not matter for a volume that points at the claim.
#[test]
fn a_reserved_volume_fits_whatever_its_phase_class_and_labels() {
    for phase in [VolumePhase::Pending, VolumePhase::Bound, VolumePhase::Released, VolumePhase::Failed] {
        let reserved = volume("pv", "5Gi").with_class("gold").in_phase(phase).reserved_for("default", "data");
        let asking = selecting(r#"{"matchLabels": {"tier": "fast"}}"#).with_class("delayed");
        assert_eq!(chosen([reserved], asking), "pv");
    }
}

/// MATCH-9: modes, size, volume mode, attributes class and deletion still count, and then another volume is taken.
#[test]
fn a_reserved_volume_that_does_not_fit_is_left_for_another() {
    let reserved = || volume("pv", "5Gi").reserved_for("default", "data");
    let unfit = [
        ("modes", reserved().with_modes([ROX])),
        ("size", volume("pv", "512Mi").reserved_for("default", "data")),
        ("volume mode", reserved().block()),
        ("attributes class", reserved().with_attributes_class("gold")),
        ("deletion", reserved().terminating()),
    ];
    for (why, reserved) in unfit {
        assert_eq!(chosen([reserved, volume("other", "9Gi")], claim("data", "1Gi")), "other", "{why}");
    }
}

/// MATCH-10: where binding is delayed, only what is reserved is found.
#[test]
fn a_delayed_claim_finds_only_what_is_reserved_for_it() {
    let free = || volume("free", "5Gi").with_class("delayed");
    let asking = || claim("data", "1Gi").with_class("delayed");
    assert_eq!(chosen([free()], asking()), "");
    let reserved = volume("reserved", "9Gi").with_class("delayed").bound_to(&asking());
    assert_eq!(chosen([free(), reserved], asking()), "reserved");
}

/// MATCH-11: an absent selector and an empty one choose everything.
#[test]
fn a_selector_without_terms_chooses_everything() {
    assert_eq!(chosen([labelled("pv", "tier", "fast")], claim("data", "1Gi")), "pv");
    assert_eq!(chosen([labelled("pv", "tier", "fast")], selecting("{}")), "pv");
}

/// MATCH-11: each operator, and all terms together.
#[test]
fn a_selector_holds_where_all_of_its_terms_do() {
    let expression = |text: &str| selecting(&format!(r#"{{"matchExpressions": [{text}]}}"#));
    let chosen_by = |asking: PersistentVolumeClaim| {
        let (fast, slow) = (labelled("fast", "tier", "fast"), labelled("slow", "tier", "slow"));
        let plain = volume("plain", "5Gi");
        [fast, slow, plain].map(|volume| chosen([volume], asking.clone()))
    };
    let tier =
        |operator: &str, values: &str| expression(&format!(r#"{{"key": "tier", "operator": "{operator}"{values}}}"#));
    assert_eq!(chosen_by(tier("In", r#", "values": ["fast", "faster"]"#)), ["fast", "", ""]);
    assert_eq!(chosen_by(tier("NotIn", r#", "values": ["fast"]"#)), ["", "slow", "plain"]);
    assert_eq!(chosen_by(tier("Exists", "")), ["fast", "slow", ""]);
    assert_eq!(chosen_by(tier("DoesNotExist", "")), ["", "", "plain"]);
    let both =
        selecting(r#"{"matchLabels": {"tier": "fast"}, "matchExpressions": [{"key": "zone", "operator": "Exists"}]}"#);
    assert_eq!(chosen_by(both), ["", "", ""]);
}

/// MATCH-12, CLAIM-3: a selector that cannot be built is an error, once there is a set to search.
#[test]
fn a_bad_selector_fails_the_sync_only_where_there_is_something_to_search() {
    let bad = || selecting(r#"{"matchExpressions": [{"key": "tier", "operator": "In"}]}"#);
    let mut cluster = restored([bad().into(), volume("pv", "5Gi").with_modes([ROX]).into()]);
    assert!(cluster.sync(&pvc("data")).is_ok(), "no volume has the mode");
    let before = emitted(&cluster, &pvc("data"));
    cluster.restore(volume("bound", "1Gi").reserved_for("default", "other")).unwrap();
    let error = cluster.sync(&pvc("data")).unwrap_err().message;
    let expected = "error finding PV for claim \"default/data\": \
                    error creating internal label selector for claim: default/data: ";
    assert!(error.starts_with(expected), "{error}");
    assert_eq!(emitted(&cluster, &pvc("data")), before, "no event");
    assert_eq!(cluster.claim("data").unwrap().status.phase, ClaimPhase::Pending);
}

/// MATCH-13: what is not looked at.
#[test]
fn affinity_mount_options_policy_source_and_limits_do_not_matter() {
    let odd = object(
        "
apiVersion: v1
kind: PersistentVolume
metadata: {name: odd, annotations: {pv.kubernetes.io/provisioned-by: example.com/disk}}
spec:
  capacity: {storage: 5Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Delete
  mountOptions: [hard]
  local: {path: /mnt}
  nodeAffinity:
    required: {nodeSelectorTerms: [{matchExpressions: [{key: zone, operator: In, values: [nowhere]}]}]}
status: {phase: Available}
",
    );
    let asking = object(
        "
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: default}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}, limits: {storage: 2Gi}}
  dataSource: {kind: PersistentVolumeClaim, name: other}
",
    );
    let mut cluster = restored([odd, volume("plain", "9Gi").into(), asking]);
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(volume_of(&cluster, "data"), "odd");
}

/// MATCH-14: `ReadWriteOncePod` is a mode like the others and implies none of them.
#[test]
fn a_volume_for_one_pod_serves_only_claims_that_ask_for_it() {
    let single = || volume("single", "5Gi").with_modes([RWOP]);
    assert_eq!(chosen([single()], claim("data", "1Gi")), "");
    assert_eq!(chosen([volume("pv", "5Gi")], claim("data", "1Gi").asking_for([RWOP])), "");
    assert_eq!(chosen([single()], claim("data", "1Gi").asking_for([RWOP])), "single");
}

/// MATCH-15, HELP-1, HELP-3: classes are equal or not; the annotation comes before the field; no class object is needed.
#[test]
fn a_class_matches_only_itself() {
    let classes: [fn(PersistentVolume) -> PersistentVolume; 3] =
        [|pv| pv, |pv| pv.with_class("gold"), |pv| pv.with_class("gold").annotated(BETA_CLASS, "silver")];
    let claims: [fn(PersistentVolumeClaim) -> PersistentVolumeClaim; 3] = [
        |claim| claim.with_class(""),
        |claim| claim.with_class("gold"),
        |claim| claim.with_class("gold").annotated(BETA_CLASS, "silver"),
    ];
    for (i, of_volume) in classes.into_iter().enumerate() {
        for (j, of_claim) in claims.into_iter().enumerate() {
            let found = chosen([of_volume(volume("pv", "5Gi"))], of_claim(claim("data", "1Gi")));
            assert_eq!(found, if i == j { "pv" } else { "" }, "volume {i}, claim {j}");
        }
    }
    assert_eq!(chosen([volume("pv", "5Gi")], claim("data", "1Gi")), "pv", "absent is empty");
    let emptied = volume("pv", "5Gi").with_class("gold").annotated(BETA_CLASS, "");
    assert_eq!(chosen([emptied], claim("data", "1Gi")), "pv", "an empty annotation is no class");
}

/// MATCH-16, CACHE-3: a volume that the claim before got is seen as taken before any volume is looked at again.
#[test]
fn a_volume_that_was_just_given_away_is_not_given_twice() {
    let claims = [claim("first", "1Gi").into(), claim("second", "1Gi").into()];
    let mut cluster = restored(claims);
    cluster.restore(volume("pv", "5Gi")).unwrap();
    cluster.sync(&pvc("first")).unwrap();
    cluster.sync(&pvc("second")).unwrap();
    assert_eq!((volume_of(&cluster, "first").as_str(), volume_of(&cluster, "second").as_str()), ("pv", ""));
}

/// MATCH-17: a provisioned volume is found while it is still pending.
#[test]
fn a_provisioned_volume_is_found_while_it_is_pending() {
    let asking = claim("data", "1Gi").with_class("gold");
    let provisioned = volume("pvc-uid-data", "1Gi")
        .with_class("gold")
        .with_reclaim_policy(ReclaimPolicy::Delete)
        .annotated(PROVISIONED_BY, "example.com/disk")
        .in_phase(VolumePhase::Pending)
        .bound_to(&asking);
    assert_eq!(chosen([provisioned], asking), "pvc-uid-data");
}

/// HELP-4: a reference is compared by namespace, name and uid, where it has one; nothing else of it counts.
#[test]
fn a_reference_is_compared_by_namespace_name_and_uid_only() {
    let reserved = |uid: &str| {
        let mut reserved = volume("pv", "5Gi").reserved_for("default", "data");
        if let Some(reference) = &mut reserved.spec.claim_ref {
            reference.kind = "Pod".into();
            reference.api_version = "apps/v9".into();
            reference.resource_version = "4711".into();
            reference.uid = uid.into();
        }
        reserved
    };
    let asking = || claim("data", "1Gi").with_class("other");
    assert_eq!(chosen([reserved("")], asking()), "pv");
    assert_eq!(chosen([reserved("uid-data")], asking()), "pv");
    assert_eq!(chosen([reserved("uid-of-a-former-claim")], asking()), "");
}

/// HELP-7, HELP-8: an absent volume mode is `Filesystem`, an absent attributes class is empty.
#[test]
fn absent_modes_and_attributes_classes_have_a_meaning() {
    let absent = object(
        "{apiVersion: v1, kind: PersistentVolume, metadata: {name: pv}, status: {phase: Available}, \
          spec: {capacity: {storage: 5Gi}, accessModes: [ReadWriteOnce], nfs: {server: s, path: /p}}}",
    );
    let mut cluster = restored([absent, claim("data", "1Gi").asking_for_attributes("").into()]);
    cluster.sync(&pvc("data")).unwrap();
    assert_eq!(volume_of(&cluster, "data"), "pv");
    assert_eq!(chosen([volume("pv", "5Gi")], claim("data", "1Gi").for_block()), "");
    assert_eq!(chosen([volume("pv", "5Gi").block()], claim("data", "1Gi").for_block()), "pv");
    let gold = || claim("data", "1Gi").asking_for_attributes("gold");
    assert_eq!(chosen([volume("pv", "5Gi").with_attributes_class("gold")], gold()), "pv");
    assert_eq!(chosen([volume("pv", "5Gi")], gold()), "");
}

/// HELP-9: order and repetitions of modes do not matter, and a volume may have more of them.
#[test]
fn the_order_and_repetition_of_modes_do_not_matter() {
    let pv = || volume("pv", "5Gi").with_modes([RWX, ROX, RWO]);
    assert_eq!(chosen([pv()], claim("data", "1Gi").asking_for([RWO, RWX, RWO])), "pv");
    let named = claim("data", "1Gi").asking_for([RWO, RWX, RWO]).with_volume("pv");
    assert_eq!(chosen([pv()], named), "pv", "also where the claim names the volume");
}
