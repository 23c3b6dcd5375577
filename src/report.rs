//! What a cluster looks like: as `kubectl` prints it, as a page, as a picture.
//!
//! Only reads. Tables have kubectl's columns, values and order; ages are in virtual time. A [`Table`] is data first,
//! so that an expectation can be held against its cells. A [`Page`] and a [`Picture`] need nothing but themselves, are the
//! same for the same cluster to the byte, and stay of a size that can be looked at.

mod age;
mod describe;
mod infrastructure;
mod markup;
mod objects;
mod page;
mod picture;
mod storage;
mod table;
mod tables;
mod workloads;

pub use crate::report::describe::{describe, describe_all};
pub use crate::report::objects::{Format, print_objects};
pub use crate::report::page::Page;
pub use crate::report::picture::Picture;
pub use crate::report::table::Table;
pub use crate::report::tables::{Query, events, print_events, print_tables, tables};
