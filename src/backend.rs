//! What stands behind a volume: plugins and drivers, what they can do, how they behave, and the files that they keep.
//!
//! The in-tree plugins of the controller manager are here (`PLUG-1` to `PLUG-7`). A plugin is data: its abilities and
//! a [`Behaviour`] for each, so that a test or a what-if can let any of them fail, wait or hang without code.
//!
//! What stands outside of the tree is a [`Driver`]: a CSI driver or the NFS subdirectory provisioner, as data, or
//! whatever a tool implements.

mod behaviour;
mod calls;
mod contents;
mod csi;
mod driver;
mod drivers;
mod location;
mod nfs;
mod plugin;
mod reply;
mod sidecar;
mod spec;

pub use crate::backend::behaviour::Behaviour;
pub use crate::backend::calls::{Calls, StatusCode, Trouble};
pub use crate::backend::contents::{Contents, ContentsChange, ContentsError, Files};
pub use crate::backend::csi::{CsiProvisioner, ExpansionMode};
pub use crate::backend::driver::{
    CloneDriver, DeleteRequest, Driver, ExpandRequest, Expansion, Fate, NewVolume, ProvisionRequest, Surroundings,
};
pub use crate::backend::location::{Backing, Location};
pub use crate::backend::nfs::{NfsSubdirProvisioner, Release};
pub use crate::backend::plugin::{Plugin, Sources};
pub use crate::backend::reply::{Failure, FailureKind, Reply};
pub use crate::backend::sidecar::Sidecar;
pub use crate::backend::spec::DriverSpec;

pub(crate) use crate::backend::behaviour::Answer;
pub(crate) use crate::backend::drivers::Drivers;
pub(crate) use crate::backend::plugin::{Ability, PluginRequest, Plugins};
pub(crate) use crate::backend::sidecar::{INTERVAL, RESYNC, TRIES};
