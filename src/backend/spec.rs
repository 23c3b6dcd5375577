//! Drivers as data, as they stand in a configuration.

use serde::{Deserialize, Serialize};

use crate::backend::csi::CsiProvisioner;
use crate::backend::driver::{DeleteRequest, Driver, ExpandRequest, Expansion, Fate, NewVolume, ProvisionRequest};
use crate::backend::nfs::NfsSubdirProvisioner;
use crate::backend::reply::Reply;
use crate::backend::sidecar::Sidecar;

/// A ready-made driver. Static local volumes need none: nothing is run for `kubernetes.io/no-provisioner` (`PROV-6`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
#[non_exhaustive]
pub enum DriverSpec {
    /// A CSI driver.
    Csi(CsiProvisioner),
    /// The NFS subdirectory provisioner.
    NfsSubdir(NfsSubdirProvisioner),
}

impl DriverSpec {
    fn driver(&self) -> &dyn Driver {
        match self {
            Self::Csi(driver) => driver,
            Self::NfsSubdir(driver) => driver,
        }
    }

    fn driver_mut(&mut self) -> &mut dyn Driver {
        match self {
            Self::Csi(driver) => driver,
            Self::NfsSubdir(driver) => driver,
        }
    }
}

impl Driver for DriverSpec {
    fn name(&self) -> &str {
        self.driver().name()
    }

    fn provision(&mut self, request: &ProvisionRequest<'_>) -> Reply<NewVolume> {
        self.driver_mut().provision(request)
    }

    fn delete(&mut self, request: &DeleteRequest<'_>) -> Reply<Fate> {
        self.driver_mut().delete(request)
    }

    fn expand(&mut self, request: &ExpandRequest<'_>) -> Expansion {
        self.driver_mut().expand(request)
    }

    fn sidecar(&self) -> Sidecar {
        self.driver().sidecar()
    }

    fn needs_self_link(&self) -> bool {
        self.driver().needs_self_link()
    }
}

impl From<DriverSpec> for Box<dyn Driver> {
    fn from(spec: DriverSpec) -> Self {
        Box::new(spec)
    }
}
