//! Explanations agree with binding: what is named is what is wrong, and nothing else is.

mod check;
mod edits;
mod plan;
mod remedies;
mod rules;
#[path = "../runner/mod.rs"]
mod runner;
mod states;
mod worlds;
