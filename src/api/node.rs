//! Rules of Nodes: their metadata. The rest of a node is of no consequence for storage.

use crate::api::metadata;
use crate::api::path::Errors;
use crate::model::node::Node;
use crate::model::syntax::dns_subdomain;

pub(super) fn validate_create(errors: &mut Errors, node: &Node) {
    metadata::validate(errors, &node.metadata, false, dns_subdomain);
    metadata::validate_standard_finalizers(errors, &node.metadata);
}

pub(super) fn validate_update(errors: &mut Errors, new: &Node, old: &Node) {
    metadata::validate_update(errors, &new.metadata, &old.metadata);
    metadata::validate_standard_finalizers(errors, &new.metadata);
}
