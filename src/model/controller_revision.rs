//! `ControllerRevision`: a state of a set to which it can go back.

use crate::model::fields::api_struct;
use crate::model::json::Json;
use crate::model::kind::type_meta;
use crate::model::metadata::ObjectMeta;

type_meta!(
    /// Marks an object as a `ControllerRevision`.
    ControllerRevisionType = "apps/v1", "ControllerRevision"
);

api_struct! {
    /// A state of a set to which it can go back.
    pub struct ControllerRevision {
        /// Name, namespace, labels, owner.
        metadata: ObjectMeta = "metadata";
        /// The state, in a form that only its owner understands.
        data: Json = "data" => "x";
        /// Its number; a later state has a higher one.
        revision: i64 = "revision" always;
    }
    group {
        /// Its kind.
        type_meta: ControllerRevisionType;
    }
}
