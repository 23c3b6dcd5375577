//! Worked scenarios from start to end, as a user plays them (`SCEN-*`).
//!
//! Most start with an empty stock cluster that settles after every move of a user.

mod binding;
mod losing;
mod provisioning;
mod reclaiming;
