//! Small worlds.

use bindery::{AccessMode, Cluster, Config, Controller, Controllers, PersistentVolume, PersistentVolumeClaim};

/// The controllers that volumes and claims concern.
const CONTROLLERS: Controllers =
    Controllers::NONE.with(Controller::PersistentVolumes).with(Controller::Protection);

/// A volume of 5Gi.
pub(crate) fn volume(name: &str) -> PersistentVolume {
    PersistentVolume::new(name, "5Gi".parse().expect("a quantity"), [AccessMode::ReadWriteOnce])
}

/// A claim for 5Gi.
pub(crate) fn claim(name: &str) -> PersistentVolumeClaim {
    PersistentVolumeClaim::new("default", name, "5Gi".parse().expect("a quantity"), [AccessMode::ReadWriteOnce])
}

/// A cluster with these, in which nothing has happened yet.
pub(crate) fn cluster<const V: usize, const C: usize>(
    volumes: [PersistentVolume; V],
    claims: [PersistentVolumeClaim; C],
) -> Cluster {
    let mut config = Config::default();
    config.controllers = CONTROLLERS;
    let mut cluster = Cluster::new(config);
    for volume in volumes {
        cluster.create(volume).expect("a valid volume");
    }
    for claim in claims {
        cluster.create(claim).expect("a valid claim");
    }
    cluster
}
