//! What stands behind volumes: files, and the drivers that make and delete what holds them.

mod build;
mod clone;
mod config;
mod contents;
mod csi;
mod failures;
mod nfs;
mod tool;
mod topology;
