//! How the cost of each operation grows with the cluster: `cargo bench --bench scale`, or with `-- --quick` up to 100,000
//! objects of a kind. One line for each row and size:
//!
//! ```text
//! NAME n=N ns_per_op=… bytes_per_object=… ratio_to_scan=…
//! ```
//!
//! A figure that does not apply is left out. `ns_per_op` is the time of one operation of the row: of one look-up, of one
//! pair of a volume and a claim, of one volume read, of one fork. `bytes_per_object` is what the cluster had allocated at
//! its peak, the objects that were restored included, divided by its volumes and claims. `ratio_to_scan` says how many
//! times longer Kubernetes' own way takes: a look at every volume, measured in the same run over the same claims, of which
//! the answers are compared.
//!
//! Time is that which the thread has computed, not that which has passed, where the system tells them apart: machines are
//! shared. What is short is repeated, and the batch in the middle counts.
//!
//! # What was learned
//! Figures are nanoseconds of one run each, before and after on the same machine; instructions are callgrind's.
//!
//! - What is bound was looked at twice more, because binding writes to it: once the claim, once the volume, long after, when
//!   both are far away again. What these looks come to is now foreseen when the sync that binds ends. With turns of 88 bytes
//!   for 280 and causes of writes kept once, `settle-quiet` at a million took 8,700 for 15,200 in the same hour, with 41,500
//!   instructions for 44,700. Half of the time is memory: at 1,000 a pair takes half of that.
//! - A pair took 2,038 bytes an object with its journal and 1,090 without. A list of the live allocations at the peak by call
//!   site (`valgrind --tool=dhat`) showed counters of weak references that nobody holds, lists with a length, a capacity and a
//!   place each, and the same finalizers and annotations a million times. Without them it is 1,500 and 764.
//! - `settle` at a million takes 15 s, of which the system takes 4 to find 1.5 GB more than `settle-quiet` needs (`time`: 5.5 s
//!   for 1.4 s). Huge pages made no difference here; on another day they took a tenth off.
//! - Reading sixteen objects ahead of each queue, so that their misses overlap, took 3 % off `settle-quiet` at 300,000 and was
//!   left out: what stands in order the processor fetches by itself, and the volume that a claim chooses is not known before.
//!   A memo of the last name that was looked up saved 600 instructions of 40,000 and no time.
//! - A queue that has become empty begins anew in its first place: a ring of a thousand keys had been walked through over and
//!   over, three misses of 62 for each `rebind`. What stands of an object's events is found by key in shards instead of a tree:
//!   17,900 for 18,700 at a million.
//! - `opt-level = 2` is as quick as 3.
//! - Up to 10,000 pairs instructions count, 57,000 for a pair and no function above a tenth of them; at a million it is
//!   memory. `settle` took 9,500 a pair at 1,000 and 29,600 at a million. A simulated cache (`valgrind --cache-sim=yes
//!   --LL=1048576,16,64 --toggle-collect='*rows::change*'`) showed where: a quarter of the misses of `add-claim` came from
//!   comparing labels that were the same memory, so lists and maps are now compared by address first; the rest were hash
//!   look-ups of what is at hand by number, and copies of specs and identities of which a write changes one field. What a
//!   write does not touch is now shared: 20,800 at a million, and 1,577 bytes an object for 1,853.
//! - `rebind` at a million took 35,000 and `add-claim` 23,000 because what a resync takes up cost as much as there is: two
//!   sets of bits, 125 kB each, were dropped and made again. Taking out what was marked left 24,000 and 10,000. `idle`
//!   had not shown it.
//! - Groups that are once asked with a selector keep their volumes by label, and following every change doubled `add-claim`
//!   (24,000 at a million where it was 10,000 before the first selector). Now the lists follow when the next selector asks.
//! - Short texts in place (16 bytes hold most names and labels), and what few objects have in one word: `settle-quiet` has
//!   hardly fewer instructions, but a pair at a million took 16,500 for 19,700 in the same hour, and 2.41 GB for 3.70 GB.
//! - `bytes_per_object` once left out the objects that the cluster was given, and was too good by half.
//! - Of 106,000 instructions of a `rebind` every sixteenth missed the first instruction cache: what a step runs through is
//!   larger than that. `opt-level = "s"` made it slower; one unit of code a tenth quicker.
//! - `replicas` fell from 1.2 to 0.8 million instructions a pod: links from claims to pods by hash and not by long names in
//!   order, attached volumes compared without printing their names. It fell to 0.59 million when pods of one template were
//!   completed once, and looks at what is attached changed their notes in place.
//! - A `check` of a dump took four times as long where a class of it had `allowVolumeExpansion`: kubectl sorts keys, the kind
//!   came second, and the quick reader gave up. It holds such keys back now.
//! - Link-time optimization beyond that changed nothing that could be told from noise. To count what is allocated costs up to a
//!   twentieth.

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
        rows::choosing(size);
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
