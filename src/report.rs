//! What a cluster looks like, as `kubectl` prints it.
//!
//! Only reads. Tables have kubectl's columns and values; ages are in virtual time. This is behind the feature `cli`
//! because it needs a table printer.

mod age;
mod infrastructure;
mod objects;
mod tables;

pub use crate::report::objects::{Format, print_objects};
pub use crate::report::tables::{print_events, print_tables};
