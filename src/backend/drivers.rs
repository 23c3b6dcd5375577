//! The drivers of a cluster, by name, and which of them a claim or a volume belongs to.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;

use crate::backend::driver::{DeleteRequest, Driver, ExpandRequest, Expansion, Fate, NewVolume, ProvisionRequest};
use crate::backend::reply::Reply;
use crate::backend::sidecar::Sidecar;
use crate::model::claim::PersistentVolumeClaim;
use crate::model::names::{
    BETA_STORAGE_PROVISIONER, MIGRATED_TO, PROVISIONED_BY, STORAGE_PROVISIONER, migrated_driver,
};
use crate::model::text::Text;
use crate::model::volume::PersistentVolume;
use crate::model::volume_source::VolumeSource;

/// Drivers in the order in which they were configured. Of two with one name the last counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drivers(IndexMap<Text, Box<dyn Driver>, FxBuildHasher>);

impl Drivers {
    pub(crate) fn new(drivers: &[Box<dyn Driver>]) -> Self {
        Self(drivers.iter().map(|driver| (driver.name().into(), driver.clone())).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a driver, or puts it in the place of the one with its name.
    pub(crate) fn set(&mut self, driver: Box<dyn Driver>) {
        self.0.insert(driver.name().into(), driver);
    }

    /// Takes a driver out. Returns whether it was there.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.0.shift_remove(name).is_some()
    }

    /// The driver that a claim is waiting for.
    pub(crate) fn for_claim(&self, claim: &PersistentVolumeClaim) -> Option<&Text> {
        if self.is_empty() {
            return None;
        }
        let annotations = &claim.metadata.annotations;
        let name = annotations.get(STORAGE_PROVISIONER).or_else(|| annotations.get(BETA_STORAGE_PROVISIONER))?;
        self.known(name)
    }

    /// The driver that a volume belongs to (`NEIGH-7`): the one that made it or took it over, else that of its source.
    pub(crate) fn for_volume(&self, volume: &PersistentVolume) -> Option<&Text> {
        if self.is_empty() {
            return None;
        }
        let annotations = &volume.metadata.annotations;
        let migrated = annotations.get(MIGRATED_TO);
        if let Some(name) = annotations.get(PROVISIONED_BY) {
            return self.known(name).or_else(|| self.known(migrated?));
        }
        match volume.spec.sources.first() {
            Some(VolumeSource::Csi(source)) => self.known(&source.driver),
            _ => self.known(migrated?),
        }
    }

    /// The driver of a name, or the one that took over from the in-tree plugin of that name.
    pub(crate) fn known(&self, name: &str) -> Option<&Text> {
        let found = self.0.get_key_value(name).or_else(|| self.0.get_key_value(migrated_driver(name)?));
        found.map(|(name, _)| name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&dyn Driver> {
        self.0.get(name).map(|driver| &**driver)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &Text> {
        self.0.keys()
    }

    pub(crate) fn sidecar(&self, name: &str) -> Sidecar {
        self.get(name).map_or(Sidecar::LIBRARY, Driver::sidecar)
    }

    /// Asks a driver for storage. A driver that is gone never answers.
    pub(crate) fn provision(&mut self, name: &str, request: &ProvisionRequest<'_>) -> Reply<NewVolume> {
        self.0.get_mut(name).map_or_else(Reply::never, |driver| driver.provision(request))
    }

    /// Asks a driver to grow storage.
    pub(crate) fn expand(&mut self, name: &str, request: &ExpandRequest<'_>) -> Expansion {
        self.0.get_mut(name).map_or(Expansion::External, |driver| driver.expand(request))
    }

    /// Asks a driver to delete storage.
    pub(crate) fn delete(&mut self, name: &str, request: &DeleteRequest<'_>) -> Reply<Fate> {
        self.0.get_mut(name).map_or_else(Reply::never, |driver| driver.delete(request))
    }
}
