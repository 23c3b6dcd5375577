//! Rules of ConfigMaps and Secrets.
//!
//! Follows `ValidateConfigMap*` and `ValidateSecret*`, and the conversion that puts texts into the data of a Secret.

use crate::api::metadata;
use crate::api::path::{At, Errors};
use crate::api::strategy::Strategy;
use crate::model::base64::Bytes;
use crate::model::config::{ConfigMap, Secret};
use crate::model::field_error::FieldError;
use crate::model::list::StringMap;
use crate::model::syntax::{config_key, dns_subdomain};

/// The most bytes that the data of an object may have.
const MAX_SIZE: usize = 1024 * 1024;

const LOCKED: &str = "field is immutable when `immutable` is set";

impl Strategy for ConfigMap {
    fn validate_create(&self, errors: &mut Errors) {
        metadata::validate_object(errors, &self.metadata, true, dns_subdomain);
        for (key, _) in self.data.iter() {
            let data = At::new("data");
            let at = data.key(key);
            errors.complain(&at, key, config_key(key));
            if self.binary_data.contains_key(key) {
                errors.push(FieldError::invalid(at, key, "duplicate of key present in binaryData"));
            }
        }
        for key in self.binary_data.keys() {
            errors.complain(&At::new("binaryData").key(key), key, config_key(key));
        }
        let texts = self.data.iter().map(|(_, text)| text.len());
        let bytes = self.binary_data.iter().map(|(_, bytes)| bytes.as_slice().len());
        if texts.chain(bytes).sum::<usize>() > MAX_SIZE {
            errors.push(FieldError::too_long("", MAX_SIZE));
        }
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        metadata::validate_object_update(errors, &self.metadata, &old.metadata);
        if old.immutable == Some(true) {
            let changed = [
                ("immutable", self.immutable != Some(true)),
                ("data", self.data != old.data),
                ("binaryData", self.binary_data != old.binary_data),
            ];
            for (field, _) in changed.into_iter().filter(|(_, changed)| *changed) {
                errors.push(FieldError::forbidden(field, LOCKED));
            }
        }
        self.validate_create(errors);
    }
}

impl Strategy for Secret {
    fn default(&mut self) {
        if self.r#type.is_empty() {
            self.r#type = "Opaque".into();
        }
        for (key, text) in self.string_data.iter() {
            self.data = self.data.with(key, Bytes::from(text.as_str()));
        }
        self.string_data = StringMap::default();
    }

    fn validate_create(&self, errors: &mut Errors) {
        metadata::validate_object(errors, &self.metadata, true, dns_subdomain);
        let at = At::new("data");
        for key in self.data.keys() {
            errors.complain(&at.key(key), key, config_key(key));
        }
        if self.data.iter().map(|(_, bytes)| bytes.as_slice().len()).sum::<usize>() > MAX_SIZE {
            errors.push(FieldError::too_long(at, MAX_SIZE));
        }
        validate_type(errors, &at, self);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors) {
        metadata::validate_object_update(errors, &self.metadata, &old.metadata);
        metadata::validate_immutable(errors, &At::new("type"), &self.r#type, &old.r#type);
        if old.immutable == Some(true) {
            if self.immutable != Some(true) {
                errors.push(FieldError::forbidden("immutable", LOCKED));
            }
            if self.data != old.data {
                errors.push(FieldError::forbidden("data", LOCKED));
            }
        }
        self.validate_create(errors);
    }
}

/// What a Secret of a known type must hold.
fn validate_type(errors: &mut Errors, at: &At, secret: &Secret) {
    let has = |key: &str| secret.data.contains_key(key);
    let required: &[&str] = match secret.r#type.as_str() {
        "kubernetes.io/service-account-token" => {
            let name = secret.metadata.annotations.get("kubernetes.io/service-account.name");
            let annotations = At::new("metadata.annotations");
            let at = annotations.key("kubernetes.io/service-account.name");
            errors.require(&at, name.map(AsRef::as_ref).unwrap_or_default());
            &[]
        }
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => &["username", "password"],
        "kubernetes.io/ssh-auth" if secret.data.get("ssh-privatekey").is_none_or(|key| key.as_slice().is_empty()) => {
            return errors.push(FieldError::required(at.key("ssh-privatekey"), ""));
        }
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        _ => &[],
    };
    for key in required.iter().filter(|key| !has(key)) {
        errors.push(FieldError::required(at.key(key), ""));
    }
}
