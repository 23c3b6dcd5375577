//! What could happen next.

use std::fmt;

use crate::cluster::engine::Choice;
use crate::cluster::liberty::Mishap;
use crate::model::kind::ObjectKey;
use crate::model::text::Text;
use crate::store::Actor;

/// Something that could happen next. [`crate::Cluster::enabled`] lists what is possible; [`crate::Cluster::take`] lets
/// one of them happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    pub(super) choice: Choice,
    pub(super) actor: Actor,
    pub(super) object: Option<ObjectKey>,
    pub(super) what: &'static str,
    /// What goes wrong with it.
    pub(super) mishap: Option<Mishap>,
    /// What else there is to say of it.
    pub(super) aside: Text,
}

impl Action {
    /// The controller that would act.
    pub fn actor(&self) -> Actor {
        self.actor.clone()
    }

    /// What goes wrong with it; nothing in a stock run.
    pub fn mishap(&self) -> Option<Mishap> {
        self.mishap
    }

    /// The object that it is about; none for a resync.
    pub fn object(&self) -> Option<&ObjectKey> {
        self.object.as_ref()
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.actor.as_str(), self.what)?;
        match &self.object {
            Some(object) => write!(f, " {object}{}", self.aside),
            None => f.write_str(&self.aside),
        }
    }
}
