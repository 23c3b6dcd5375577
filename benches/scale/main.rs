//! How the cost of each operation grows with the cluster: `cargo bench --bench scale`, or with `-- --quick` up to 100,000
//! objects of a kind. One line for each row and size:
//!
//! ```text
//! NAME n=N ns_per_op=… bytes_per_object=… ratio_to_scan=…
//! ```
//!
//! A figure that does not apply is left out. `ns_per_op` is the time of one operation of the row: of one look-up, of one
//! pair of a volume and a claim, of one volume read, of one fork. `bytes_per_object` is what the cluster had allocated at
//! its peak, divided by its volumes and claims. `ratio_to_scan` says how many times longer Kubernetes' own way takes: a
//! look at every volume, measured in the same run over the same claims, of which the answers are compared.
//!
//! Time is that which the thread has computed, not that which has passed, where the system tells them apart: machines are
//! shared. What is short is repeated, and the batch in the middle counts.

#![expect(clippy::disallowed_types, reason = "a bench measures time")]

mod rows;
mod timing;
#[path = "../worlds/mod.rs"]
mod worlds;

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// The sizes of the worlds. A mere test of the benches builds small ones only.
fn sizes() -> Vec<usize> {
    let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    let most = match (has("--test"), has("--quick")) {
        (true, _) => 1_000,
        (false, true) => 100_000,
        (false, false) => 1_000_000,
    };
    [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|size| *size <= most).collect()
}

/// The rows that were named, or all.
fn is_wanted(row: &str) -> bool {
    let mut named = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).peekable();
    named.peek().is_none() || named.any(|name| name == row)
}

fn main() {
    for size in sizes() {
        rows::available(size);
        rows::settling(size);
        rows::pending(size);
        rows::rebinding(size);
        rows::adverse(size);
        rows::reading(size);
        rows::replicas(size);
        rows::planning(size);
        rows::checking(size);
    }
}
