//! Comparing somebody else's binder with Kubernetes, world by world and step by step.

use std::collections::BTreeMap;
use std::fmt;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::cluster::Cluster;
use crate::explore::{ClaimOutcome, outcomes};
use crate::model::claim::{ClaimPhase, PersistentVolumeClaim};
use crate::model::reference::ClaimKey;
use crate::model::text::Text;
use crate::testing::operations::Operation;
use crate::testing::world::{World, histories};

/// The volume of each claim, by name; nothing where it waits.
pub type Bindings = BTreeMap<ClaimKey, Option<Text>>;

/// A binder that a tool brings: it says which volumes claims end up with.
pub trait Binder {
    /// The volume of each claim once everything has settled, from the cluster as it is before any controller has looked
    /// at it. The cluster is a copy: the binder may run it, and nobody minds.
    fn bind(&mut self, cluster: &Cluster) -> Bindings;
}

impl<F: FnMut(&Cluster) -> Bindings> Binder for F {
    fn bind(&mut self, cluster: &Cluster) -> Bindings {
        self(cluster)
    }
}

/// A world in which a binder does what Kubernetes never does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Disagreement {
    /// The smallest such world that was found.
    pub world: World,
    /// After how many of its operations.
    pub step: usize,
    /// The claim.
    pub claim: ClaimKey,
    /// What the binder says of it.
    pub theirs: Option<Text>,
    /// What may become of it in Kubernetes.
    pub ours: ClaimOutcome,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, claim, theirs, ours, .. } = self;
        let theirs = theirs.as_ref().map_or("no volume".to_owned(), |volume| format!("volume {volume}"));
        write!(f, "after {step} operations claim {claim} gets {theirs}; Kubernetes may give it ")?;
        match (ours.volumes().as_slice(), ours.may_stay_unbound()) {
            ([], _) => f.write_str("none"),
            (volumes, true) => write!(f, "{} or none", volumes.join(" or ")),
            (volumes, false) => f.write_str(&volumes.join(" or ")),
        }
    }
}

impl std::error::Error for Disagreement {}

/// Compares a binder with everything that Kubernetes may do, over generated worlds: after each operation of a user the
/// binder says what each claim gets, and that must be possible in some order and with some tie.
///
/// ```
/// use bindery::testing::{Bindings, Harness, bindings};
///
/// // A binder that simply runs the simulator agrees with it.
/// let ours = |cluster: &bindery::Cluster| {
///     let mut cluster = cluster.fork();
///     cluster.settle().expect("a cluster that comes to rest");
///     bindings(&cluster)
/// };
/// Harness::default().worlds(8).compare(ours)?;
/// // One that binds nothing is found out, by a small world.
/// let lazy = |cluster: &bindery::Cluster| cluster.claims().map(|claim| (claim.key(), None)).collect::<Bindings>();
/// let found = Harness::default().worlds(64).compare(lazy).unwrap_err();
/// assert!(found.ours.must_be_bound());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Harness {
    worlds: u32,
    operations: usize,
    states: usize,
    seed: u64,
}

impl Default for Harness {
    fn default() -> Self {
        Self { worlds: 100, operations: 8, states: 2_000, seed: 0 }
    }
}

impl Harness {
    /// Tries so many worlds.
    #[must_use]
    pub fn worlds(mut self, worlds: u32) -> Self {
        self.worlds = worlds;
        self
    }

    /// Lets users do up to so many things in each world.
    #[must_use]
    pub fn operations(mut self, operations: usize) -> Self {
        self.operations = operations;
        self
    }

    /// Looks at so many states of each part of a cluster; where there are more, what may happen is a superset.
    #[must_use]
    pub fn states(mut self, states: usize) -> Self {
        self.states = states;
        self
    }

    /// Tries other worlds.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Compares.
    ///
    /// # Errors
    /// The smallest [`Disagreement`] that shrinking the first one leads to.
    ///
    /// # Panics
    /// Where the generator gives up, which it never does for these worlds.
    pub fn compare(&self, mut binder: impl Binder) -> Result<(), Box<Disagreement>> {
        let config = Config { rng_seed: RngSeed::Fixed(self.seed), failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new(config);
        for _ in 0..self.worlds {
            let mut tree = histories(self.operations).new_tree(&mut runner).expect("worlds without a filter");
            if let Some(mut found) = self.disagreement(&tree.current(), &mut binder) {
                // Smaller as long as it still disagrees.
                let mut tries = 0;
                let mut moved = tree.simplify();
                while moved && tries < 2_000 {
                    tries += 1;
                    match self.disagreement(&tree.current(), &mut binder) {
                        Some(smaller) => {
                            found = smaller;
                            moved = tree.simplify();
                        }
                        None => moved = tree.complicate(),
                    }
                }
                return Err(Box::new(found));
            }
        }
        Ok(())
    }

    /// Where the binder first does in a world what Kubernetes never does.
    fn disagreement(&self, world: &World, binder: &mut impl Binder) -> Option<Disagreement> {
        let mut cluster = world.start();
        for (step, operation) in world.operations.iter().enumerate() {
            if matches!(
                operation,
                Operation::Settle | Operation::Steps(_) | Operation::Advance(_) | Operation::Conflict(_)
            ) {
                continue;
            }
            operation.carry_out(&mut cluster);
            let theirs = binder.bind(&cluster.fork());
            let ours = outcomes(&cluster, self.states);
            for claim in cluster.claims().map(PersistentVolumeClaim::key) {
                let theirs = theirs.get(&claim).cloned().flatten();
                if let Some(ours) = ours.of(&claim).filter(|ours| !agrees(ours, theirs.as_ref())) {
                    return Some(Disagreement {
                        world: world.clone(),
                        step: step + 1,
                        claim,
                        theirs,
                        ours: ours.clone(),
                    });
                }
            }
            if cluster.settle().is_err() {
                return None;
            }
        }
        None
    }
}

fn agrees(ours: &ClaimOutcome, theirs: Option<&Text>) -> bool {
    match theirs {
        Some(volume) => ours.volumes().contains(&volume.as_str()),
        None => ours.may_stay_unbound() || ours.may_be_gone() || ours.cannot_be_bound(),
    }
}

/// The bindings that there are in a cluster.
#[must_use]
pub fn bindings(cluster: &Cluster) -> Bindings {
    let volume = |claim: &PersistentVolumeClaim| {
        (claim.status.phase == ClaimPhase::Bound).then(|| claim.spec.volume_name.clone())
    };
    cluster.claims().map(|claim| (claim.key(), volume(claim))).collect()
}
