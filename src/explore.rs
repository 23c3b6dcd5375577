//! Every order of what could happen, checked against properties.
//!
//! Real clusters differ from one run to the next: controllers race, writes conflict, a controller restarts between two
//! writes, the order of a map decides a tie. An [`Explorer`] tries all of it from a given cluster and says what always,
//! sometimes and never happens.
//!
//! ```
//! use bindery::explore::{Explorer, invariants};
//! use bindery::{AccessMode, Cluster, PersistentVolume, PersistentVolumeClaim};
//!
//! let mut cluster = Cluster::default();
//! cluster.create(PersistentVolume::new("pv-1", "10Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
//! for name in ["one", "two"] {
//!     cluster.create(PersistentVolumeClaim::new("default", name, "5Gi".parse()?, [AccessMode::ReadWriteOnce]))?;
//! }
//! let found = Explorer::new(&cluster).properties(invariants()).crashes(1).run();
//! assert!(found.complete && found.violations.is_empty());
//! // Each of the two may get the volume, and neither must.
//! for claim in found.outcomes.claims() {
//!     assert_eq!(claim.volumes(), ["pv-1"]);
//!     assert!(claim.may_stay_unbound());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is tried
//! From each state every [possible](Cluster::possible) move: any key that waits is looked at next, a volume or claim
//! at any time, because a resync may come at any time; a sync in progress goes on to its next write; an operation goes
//! on, whether its backend has taken a moment or an hour; of volumes that suit a claim equally any is taken; a user does
//! the next of what it is going to do. Beyond that, as often as the [`Explorer`] is told: a write is refused, a backend fails or falls silent, a controller crashes in the
//! middle of something, or sees nothing new for a while and then one write after the other or all at once. What a
//! backend is at work at when a controller crashes may end at any time after that, or never. Where everything is quiet and
//! something is due later, time may pass until then.
//!
//! A move is at most one write long. The end of a sync that nothing can influence any more belongs to the write before
//! it, and looks that change nothing are no moves: both leave out states that nobody could tell apart, and no write of
//! any run. Of the nodes that will do for a pod any is taken, and there any of the volumes that suit its claims
//! equally: scores are not simulated. Which pod is tried next is decided by their priorities.
//!
//! # What a state is
//! [`Cluster::state`] says what counts. Versions, times and events do not, so that orders that come to the same meet; nor
//! does the copy of an object that a sync is about to replace by the result of its write.
//! States are told apart by 64 bits: among ten million of them the chance that any two are taken for one is below one
//! in a hundred thousand.
//!
//! Worlds that differ in names alone are not taken for one: the order of creation and of names decides elsewhere, and what
//! becomes of a claim is told of each by its name. The test `universe` enumerates its worlds up to that symmetry instead.
//!
//! # Cost
//! The enumerated worlds of the test `universe` (up to two volumes and two claims, one crash, one conflict, one deletion)
//! take 24,000 instructions a state, of three steps each: 4.39 billion for the 177,639 states of one in 40,009 of the
//! combinations, under `BINDERY_SHARE=40009 valgrind --tool=callgrind`, with everything that the test does beside
//! exploring. `BINDERY_SHARE=2003 cargo test --release --features explore --test universe -- --nocapture every_small`
//! explores 3,526 worlds with 3,124,459 states: 312,000 a second on each of two cores, and 237,000 in the run of the
//! whole, 252,814 worlds with 208,631,251 states, with builds going on besides. What a step does is worked out once for
//! all states that differ in nothing but in how much may still go wrong; what looking at an object comes to, once for all
//! states in which nothing differs that it depends on.
//!
//! # Traces
//! The search goes breadth first, so that the [`Trace`] of a violation is a shortest one. It reads as a story, and it
//! is a list of actions that [`Cluster::take`] takes on any copy of the cluster; a scenario is made of it where there
//! is a file to begin with. [`Trace::play`] takes them and compares the state after each.
//!
//! # Runs that never end
//! A run that goes round in a circle without anything coming from outside is no violation by itself: while a controller
//! is passed over, others may be busy. It is one where nobody is passed over: a cycle in which everyone who could always
//! act does act, and in which something is written ([`Explorer::cycles`]).
//!
//! Where time stands still the simulated controllers do not go round: each of them writes only what differs from what it
//! wants, and no two want different things of one field, but for the scheduler and a provisioner. *These two undo each
//! other's work for ever*: the scheduler selects a node for a claim (`SCHED-41`), the provisioner finds no room there and
//! takes the selection back (`SCHED-45`), and where no other node will do the scheduler selects the same one again after
//! a pause. [`Explorer::waits`] without a limit finds that circle
//! (`a_scheduler_and_a_provisioner_that_undo_each_other_go_round_in_a_circle`). A run on which objects are deleted and
//! created anew for ever is not seen to be one: each has another uid, so that no state comes again. Its search ends where
//! [`Explorer::max_states`] says, and is not complete.
//!
//! # Findings
//! Where the model shows that Kubernetes itself loses or strands something, it is listed here with a shortest trace. The
//! tests `exhaustive` and `universe` expect these and nothing else.
//!
//! - *A volume deleted between the writes of its binding is stranded.* A claim's volume becomes Bound (`BIND-1`,
//!   `BIND-2`); a user deletes the volume, which is protected because it is Bound; the controller crashes, or its next
//!   write conflicts. The claim does not match a volume that is being deleted (`MATCH-5`), so it stays Pending or takes
//!   another one; the volume stays Bound and Terminating for good, for a claim that exists and does not name it (`VOL-8`).
//! - *A volume given back by hand while it is recycled loses its next data.* A claim is deleted, its volume is Released,
//!   and the recycler begins. A user clears the claimRef; the volume is Available and a new claim may be bound and write;
//!   then the recycler ends, having looked only at its beginning (`RECYCLE-1`), and has wiped the files. The write that
//!   follows meets a conflict, and nobody is told. (`a_volume_given_back_while_it_is_recycled`)
//! - *A policy of Retain comes too late for a recycler that is at work.* A claim is deleted and the recycler of its volume
//!   begins; a user sets the policy to Retain; the recycler, whether the controller that began it lives or has crashed,
//!   wipes the files all the same: nobody asks again (`RECYCLE-1`). (`a_recycler_that_outlives_a_crash`)
//! - *A claimRef that is cleared before its claim is gone costs the claim its volume.* A claim is deleted and not yet gone;
//!   a user clears the claimRef of its volume; another claim is bound to it. The first one becomes Lost (`CLAIM-24`)
//!   instead of just vanishing. (`a_volume_given_back_by_hand`)
//!
//! # Why not `stateright`
//! The crate `stateright` checks models of this kind. It was not used because (1) with several threads it promises
//! neither a shortest trace nor the same trace twice; (2) it may miss violations of *eventually* where two paths meet or
//! a path closes to a circle, by its own documentation, and knows no fairness, which a controller's liveness cannot do
//! without; (3) it keeps fingerprints and computes a state again from the beginning where it needs it, or hashes whole
//! states, where here the state of a fork differs from its parent's in one object and is found from that.

mod components;
mod deed;
mod expand;
mod graph;
mod invariants;
mod left;
#[cfg(test)]
mod numbers;
mod outcomes;
#[cfg(test)]
mod planted;
mod property;
#[cfg(test)]
mod retold;
mod search;
mod sites;
mod trace;
mod walk;

pub use crate::explore::components::outcomes;
pub use crate::explore::deed::Deed;
pub use crate::explore::invariants::invariants;
pub use crate::explore::outcomes::{ClaimOutcome, Outcomes};
pub use crate::explore::property::{Expectation, Moment, Property};
pub use crate::explore::search::{Explorer, Found, Progress, Violation};
pub use crate::explore::trace::{Trace, TraceError, TraceStep};

#[cfg(doc)]
use crate::cluster::Cluster;
