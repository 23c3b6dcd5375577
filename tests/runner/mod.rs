//! Runs a property over generated values, the same ones in every run.
//!
//! The seed is made from the property's name, so that a test fails for everybody or for nobody. `PROPTEST_CASES`
//! raises the number of cases and `PROPTEST_RNG_SEED` tries another seed. A failing case is written beside the source
//! file, with the ending `regressions`, and is tried first from then on.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, FileFailurePersistence, RngSeed, TestCaseResult, TestRunner};

/// A property: where it stands, what it says and how many cases it is tried with.
#[derive(Clone, Copy)]
pub(crate) struct Property {
    file: &'static str,
    name: &'static str,
    cases: u32,
}

impl Property {
    /// A property of a source file, as `file!()` names it.
    pub(crate) fn new(file: &'static str, name: &'static str, cases: u32) -> Self {
        Self { file, name, cases }
    }

    fn config(self) -> Config {
        let default = Config::default();
        let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
        let rng_seed = match default.rng_seed {
            RngSeed::Random => RngSeed::Fixed(seed_of(self.name)),
            fixed @ RngSeed::Fixed(_) => fixed,
        };
        Config {
            cases: asked.unwrap_or(self.cases),
            rng_seed,
            source_file: Some(self.file),
            failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
            max_shrink_iters: 50_000,
            max_shrink_time: 60_000,
            ..default
        }
    }

    /// A runner with the property's seed.
    pub(crate) fn runner(self) -> TestRunner {
        TestRunner::new(self.config())
    }

    /// Tries the property. Panics with the smallest value that breaks it.
    pub(crate) fn check<S: Strategy>(self, values: &S, holds: impl Fn(S::Value) -> TestCaseResult) {
        if let Err(error) = self.runner().run(values, holds) {
            panic!("{}: {error}", self.name);
        }
    }
}

/// FNV-1a, which is the same everywhere.
fn seed_of(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
