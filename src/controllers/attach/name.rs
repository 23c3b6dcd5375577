//! The names that attached volumes have on nodes.

use std::fmt;

use crate::model::names::migrated_source;
use crate::model::volume::PersistentVolume;
use crate::model::volume_source::VolumeSource;

/// The name that a volume has on nodes, in two parts: a node that has many volumes is compared with many names, and the
/// handle, which is compared first, is where they differ.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct UniqueName<'v> {
    handle: &'v str,
    plugin: Plugin<'v>,
}

/// Who attaches a volume.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plugin<'v> {
    Csi(&'v str),
    Tree(&'static str),
}

impl<'v> UniqueName<'v> {
    /// That of a volume; `None` where it is not attachable.
    pub(crate) fn of(volume: &'v PersistentVolume) -> Option<Self> {
        let name = &*volume.metadata.name;
        volume.spec.sources.iter().find_map(|source| {
            let (plugin, handle) = match source {
                VolumeSource::Csi(csi) => (Plugin::Csi(&csi.driver), &*csi.volume_handle),
                VolumeSource::FibreChannel(_) => (Plugin::Tree("fc"), name),
                VolumeSource::Iscsi(_) => (Plugin::Tree("iscsi"), name),
                other => (Plugin::Csi(migrated_source(other.key())?.1), name),
            };
            Some(Self { handle, plugin })
        })
    }
}

impl fmt::Display for UniqueName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.plugin {
            Plugin::Csi(driver) => write!(f, "kubernetes.io/csi/{driver}^{}", self.handle),
            Plugin::Tree(plugin) => write!(f, "kubernetes.io/{plugin}/{}", self.handle),
        }
    }
}

impl PartialEq<str> for UniqueName<'_> {
    fn eq(&self, name: &str) -> bool {
        let Some(rest) = name.strip_suffix(self.handle).and_then(|rest| rest.strip_prefix("kubernetes.io/")) else {
            return false;
        };
        match self.plugin {
            Plugin::Csi(driver) => {
                rest.strip_prefix("csi/").and_then(|rest| rest.strip_suffix('^')).is_some_and(|rest| rest == driver)
            }
            Plugin::Tree(plugin) => rest.strip_suffix('/').is_some_and(|rest| rest == plugin),
        }
    }
}

/// The driver in the name of an attached volume, where it is one of a CSI driver.
pub(super) fn driver_of(unique: &str) -> Option<&str> {
    unique.strip_prefix("kubernetes.io/csi/")?.split_once('^').map(|(driver, _)| driver)
}
