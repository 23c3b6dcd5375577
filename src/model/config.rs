//! `ConfigMap` and `Secret`: what pods read as files and variables.

use crate::model::base64::Bytes;
use crate::model::fields::api_struct;
use crate::model::kind::type_meta;
use crate::model::list::{Map, StringMap};
use crate::model::metadata::ObjectMeta;
use crate::model::text::Text;

type_meta!(
    /// Marks an object as a `ConfigMap`.
    ConfigMapType = "v1", "ConfigMap"
);

type_meta!(
    /// Marks an object as a `Secret`.
    SecretKind = "v1", "Secret"
);

api_struct! {
    /// Texts for pods.
    pub struct ConfigMap {
        /// Name, namespace, labels.
        metadata: ObjectMeta = "metadata";
        /// Whether it can never be changed.
        immutable: Option<bool> = "immutable";
        /// Texts by key.
        data: StringMap = "data";
        /// Bytes by key.
        binary_data: Map<Bytes> = "binaryData";
    }
    group {
        /// Its kind.
        type_meta: ConfigMapType;
    }
}

api_struct! {
    /// Data for pods that not everybody may see.
    pub struct Secret {
        /// Name, namespace, labels.
        metadata: ObjectMeta = "metadata";
        /// Whether it can never be changed.
        immutable: Option<bool> = "immutable";
        /// Bytes by key.
        data: Map<Bytes> = "data";
        /// Texts by key; they go into the data when the object is read, and are never written.
        string_data: StringMap = "stringData";
        /// What it is for.
        r#type: Text = "type";
    }
    group {
        /// Its kind.
        type_meta: SecretKind;
    }
}
