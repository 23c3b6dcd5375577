//! What stands behind volumes: files, and the drivers that make and delete what holds them.

mod contents;
