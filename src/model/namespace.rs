//! `Namespace`: where objects live.

use crate::model::fields::{api_enum, api_struct};
use crate::model::json::Json;
use crate::model::kind::type_meta;
use crate::model::list::List;
use crate::model::metadata::ObjectMeta;
use crate::model::text::Text;

api_enum! {
    /// Where a namespace is in its life.
    #[derive(Default)]
    pub enum NamespacePhase {
        /// Objects may be made in it.
        #[default]
        Active = "Active",
        /// It is being emptied.
        Terminating = "Terminating",
    }
    other: /** A text that is no phase. */ Other
}

type_meta!(
    /// Marks an object as a `Namespace`.
    NamespaceType = "v1", "Namespace"
);

api_struct! {
    /// What holds a namespace.
    pub struct NamespaceSpec {
        /// Who must have emptied it before it goes.
        finalizers: List<Text> = "finalizers";
    }
}

api_struct! {
    /// How a namespace is.
    pub struct NamespaceStatus {
        /// Where it is in its life.
        phase: Option<NamespacePhase> = "phase";
        /// Carried.
        conditions: Json = "conditions" => "[]NamespaceCondition";
    }
}

api_struct! {
    /// Where objects live.
    pub struct Namespace {
        /// Name and labels.
        metadata: ObjectMeta = "metadata";
        /// What holds it.
        spec: NamespaceSpec = "spec";
        /// How it is.
        status: NamespaceStatus = "status";
    }
    group {
        /// Its kind.
        type_meta: NamespaceType;
    }
}
