//! What stands behind a volume: plugins and drivers, what they can do, how they behave, and the files that they keep.
//!
//! The in-tree plugins of the controller manager are here (`PLUG-1` to `PLUG-7`). A plugin is data: its abilities and
//! a [`Behaviour`] for each, so that a test or a what-if can let any of them fail, wait or hang without code.

mod behaviour;
mod contents;
mod location;
mod plugin;

pub use crate::backend::behaviour::Behaviour;
pub use crate::backend::contents::{Contents, ContentsChange, ContentsError, Files};
pub use crate::backend::location::{Backing, Location};
pub use crate::backend::plugin::{Plugin, Sources};

pub(crate) use crate::backend::behaviour::Answer;
pub(crate) use crate::backend::plugin::{Ability, PluginRequest, Plugins};
