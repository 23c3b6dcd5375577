//! The world around the manifests: what the program assumes where they say nothing.

use std::collections::BTreeSet;
use std::path::Path;

use bindery::{Cluster, CsiProvisioner, Kind, Node, Object, ObjectMeta, drivers_from_yaml};

use crate::args::Drivers;
use crate::output::complain;
use crate::{Failure, diagnostics, input};

/// The provisioner of classes for which volumes are made by hand.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";
/// What the provisioners of the tree begin with; nobody else runs them.
const IN_TREE: &str = "kubernetes.io/";

/// Puts in what the manifests need and do not bring, and says so: a node for their pods, and the drivers that their
/// classes name.
pub(crate) fn assume(cluster: &mut Cluster, drivers: &Drivers) -> Result<(), Failure> {
    put_in(cluster, drivers)?.iter().for_each(|note| complain!("note: {note}"));
    Ok(())
}

/// The same, with what was assumed in words.
pub(crate) fn put_in(cluster: &mut Cluster, drivers: &Drivers) -> Result<Vec<String>, Failure> {
    let mut notes = Vec::new();
    match drivers {
        Drivers::Absent => {}
        Drivers::Assumed => notes.extend(assume_drivers(cluster)),
        Drivers::File(path) => install_drivers(cluster, path)?,
    }
    let workloads = [Kind::Pod, Kind::StatefulSet, Kind::Deployment, Kind::ReplicaSet];
    if cluster.count(Kind::Node) == 0 && workloads.into_iter().any(|kind| cluster.count(kind) > 0) {
        let node = Node { metadata: ObjectMeta::named("node"), ..Node::default() };
        cluster.create(node).map_err(|error| Failure::Input(error.to_string()))?;
        notes.push("assumed one node, called node, without labels of its own: the manifests bring none".to_owned());
    }
    Ok(notes)
}

fn assume_drivers(cluster: &mut Cluster) -> Option<String> {
    let provisioners: BTreeSet<String> = cluster
        .objects(Kind::StorageClass)
        .iter()
        .filter_map(|object| cluster.class(&object.metadata().name))
        .map(|class| class.provisioner.to_string())
        .filter(|name| name != NO_PROVISIONER && !name.starts_with(IN_TREE))
        .filter(|name| cluster.driver(name).is_none())
        .collect();
    for name in &provisioners {
        let driver = driver(cluster, name);
        cluster.set_driver(Box::new(driver));
    }
    let names: Vec<String> = provisioners.into_iter().collect();
    (!names.is_empty()).then(|| format!("assumed that these provisioners run and work: {}", names.join(", ")))
}

/// A driver that works, in the topology that the nodes report and with the storage that is reported as left.
fn driver(cluster: &Cluster, name: &str) -> CsiProvisioner {
    let mut driver = CsiProvisioner::new(name);
    let nodes = cluster.objects(Kind::CsiNode);
    let registered = nodes.iter().find_map(|node| match node {
        Object::CsiNode(node) => node.spec.drivers.iter().find(|driver| driver.name == name),
        _ => None,
    });
    driver.topology_keys = registered.map(|registered| registered.topology_keys.to_vec()).unwrap_or_default();
    let capacities = cluster.objects(Kind::CsiStorageCapacity);
    let mut left = capacities.iter().filter_map(|object| match object {
        Object::CsiStorageCapacity(left) => cluster
            .class(&left.storage_class_name)
            .filter(|class| class.provisioner == name)
            .and_then(|_| left.capacity.clone()),
        _ => None,
    });
    // Of several reports nobody knows whether they are about one pool.
    driver.pool = left.next().filter(|_| left.next().is_none());
    driver
}

fn install_drivers(cluster: &mut Cluster, path: &Path) -> Result<(), Failure> {
    let source = input::read_file(path)?;
    let drivers = drivers_from_yaml(&source.text).map_err(|mut error| {
        error.problems.iter_mut().for_each(|problem| problem.source = source.name.as_str().into());
        diagnostics::failure(&error.problems, std::slice::from_ref(&source))
    })?;
    for driver in drivers {
        cluster.set_driver(driver.into());
    }
    Ok(())
}
