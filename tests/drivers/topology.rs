//! Where CSI volumes can be reached.

use bindery::parts::{TopologySelectorLabelRequirement, TopologySelectorTerm};
use bindery::{Cluster, CsiProvisioner, List, StorageClass};

use crate::build::{Outcome, claim, claim_of, cluster_with, delayed, events, node, select, volume_of};

const ZONE: &str = "topology.example.com/zone";

fn zones(strict: bool) -> Cluster {
    let mut driver = CsiProvisioner::new("csi.example.com").with_topology([ZONE]);
    driver.strict_topology = strict;
    let mut cluster = cluster_with(driver);
    for (name, zone) in [("node-1", "a"), ("node-2", "b"), ("node-3", "c")] {
        cluster.create(node(name, &[(ZONE, zone)])).expect("a node");
    }
    cluster.create(delayed("late", "csi.example.com")).expect("a class");
    cluster
}

fn allowing(mut class: StorageClass, zones: &[&str]) -> StorageClass {
    let expression = TopologySelectorLabelRequirement {
        key: ZONE.into(),
        values: zones.iter().map(|zone| bindery::Text::from(*zone)).collect(),
        ..TopologySelectorLabelRequirement::default()
    };
    let term = TopologySelectorTerm { match_label_expressions: List::from([expression]), ..Default::default() };
    class.allowed_topologies = List::from([term]);
    class
}

/// The zone of the volume of a claim.
fn zone_of(cluster: &Cluster, claim: &str) -> Option<String> {
    let volume = cluster.volume(&volume_of(cluster, claim))?;
    let selector = volume.spec.node_affinity.as_ref()?.required.clone()?;
    let expression = selector.node_selector_terms.first()?.match_expressions.first()?.clone();
    assert_eq!((expression.key.as_str(), expression.operator.as_str()), (ZONE, "In"));
    Some(expression.values.first()?.to_string())
}

#[test]
fn a_volume_lies_where_the_selected_node_is() -> Outcome {
    for strict in [false, true] {
        let mut cluster = zones(strict);
        cluster.create(claim_of("data", "late"))?;
        cluster.settle()?;
        select(&mut cluster, "data", "node-2");
        cluster.settle()?;
        assert_eq!(zone_of(&cluster, "data").as_deref(), Some("b"));
    }
    Ok(())
}

/// The zone of a claim of immediate binding follows from a hash of the set's name and the number of the pod.
#[test]
fn the_claims_of_a_set_are_spread() -> Outcome {
    let mut cluster = zones(false);
    for number in 0..4 {
        cluster.create(claim(&format!("data-web-{number}")))?;
    }
    cluster.settle()?;
    let found: Option<Vec<String>> = (0..4).map(|number| zone_of(&cluster, &format!("data-web-{number}"))).collect();
    let found = found.ok_or("no zone")?;
    assert_eq!(found[0], found[3]);
    let mut first = found[..3].to_vec();
    first.sort();
    assert_eq!(first, ["a", "b", "c"]);
    Ok(())
}

#[test]
fn allowed_topologies_bound_the_choice() -> Outcome {
    let mut cluster = zones(false);
    cluster.create(allowing(StorageClass::new("only-c", "csi.example.com"), &["c"]))?;
    cluster.create(claim_of("data", "only-c"))?;
    cluster.settle()?;
    assert_eq!(zone_of(&cluster, "data").as_deref(), Some("c"));
    Ok(())
}

#[test]
fn a_selected_node_that_is_not_allowed_is_an_error() -> Outcome {
    for (strict, said) in [
        (
            false,
            "topology [{topology.example.com/zone a}] from selected node \"node-1\" is not in requisite: [[{topology.example.com/zone c}]]",
        ),
        (
            true,
            "selected node '\"node-1\"' topology '[{topology.example.com/zone a}]' is not in allowed topologies: [[{topology.example.com/zone c}]]",
        ),
    ] {
        let mut cluster = zones(strict);
        cluster.create(allowing(delayed("only-c", "csi.example.com"), &["c"]))?;
        cluster.create(claim_of("data", "only-c"))?;
        cluster.settle()?;
        select(&mut cluster, "data", "node-1");
        cluster.settle()?;
        let said = format!("csi.example.com Warning error generating accessibility requirements: {said}");
        assert_eq!(events(&cluster, "ProvisioningFailed"), [said]);
    }
    Ok(())
}

#[test]
fn without_any_node_there_is_no_topology() -> Outcome {
    let mut cluster = cluster_with(CsiProvisioner::new("csi.example.com").with_topology([ZONE]));
    cluster.create(claim("data"))?;
    cluster.settle()?;
    let said = "csi.example.com Warning error generating accessibility requirements: no available topology found";
    assert_eq!(events(&cluster, "ProvisioningFailed"), [said]);
    Ok(())
}

/// SCHED-45: a node that is gone is given back.
#[test]
fn a_selected_node_that_is_gone_is_given_back() -> Outcome {
    let mut cluster = zones(false);
    cluster.create(claim_of("data", "late"))?;
    cluster.settle()?;
    select(&mut cluster, "data", "node-9");
    cluster.settle()?;
    let said =
        "csi.example.com Warning failed to get selected CSINode node-9: csinode.storage.k8s.io \"node-9\" not found";
    assert_eq!(events(&cluster, "ProvisioningFailed"), [said]);
    let claim = cluster.claim("data").ok_or("no claim")?;
    assert!(!claim.metadata.annotations.contains_key("volume.kubernetes.io/selected-node"));
    Ok(())
}

#[test]
fn a_node_without_the_label_has_no_driver() -> Outcome {
    let mut cluster = zones(false);
    cluster.create(node("bare", &[]))?;
    cluster.create(claim_of("data", "late"))?;
    cluster.settle()?;
    select(&mut cluster, "data", "bare");
    cluster.settle()?;
    let said =
        "csi.example.com Warning error generating accessibility requirements: no topology key found for node bare";
    assert_eq!(events(&cluster, "ProvisioningFailed"), [said]);
    Ok(())
}

#[test]
fn a_node_on_which_the_driver_is_not_registered_has_none() -> Outcome {
    let mut cluster = zones(false);
    cluster
        .apply_yaml("{apiVersion: storage.k8s.io/v1, kind: CSINode, metadata: {name: node-1}, spec: {drivers: []}}")?;
    cluster.create(claim_of("data", "late"))?;
    cluster.settle()?;
    select(&mut cluster, "data", "node-1");
    cluster.settle()?;
    let said = "error generating accessibility requirements: no topology key found for node node-1";
    assert_eq!(events(&cluster, "ProvisioningFailed"), [format!("csi.example.com Warning {said}")]);
    Ok(())
}
