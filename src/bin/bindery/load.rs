//! Manifests and dumps to a cluster.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bindery::{Cluster, Config, Reader};

use crate::Failure;
use crate::args::{Drivers, Input, Validation};
use crate::input::{self, Source};
use crate::{diagnostics, world};

/// A cluster of what stands in files, before any controller has run.
pub(crate) fn load<P: AsRef<str>>(paths: &[P], input: &Input) -> Result<Cluster, Failure> {
    let mut config = Config::default();
    config.namespace = input.namespace.as_str().into();
    let mut cluster = Cluster::new(config);
    let paths: Vec<PathBuf> = paths.iter().map(|path| PathBuf::from(path.as_ref())).collect();
    let sources = input::read(&paths, input.recursive)?;
    take_in(&mut cluster, &sources, input.validate, Cluster::load)?;
    Ok(cluster)
}

type Taking = fn(&mut Cluster, &str, &Reader) -> Result<bindery::Applied, bindery::ApplyError>;

pub(crate) fn take_in(
    cluster: &mut Cluster,
    sources: &[Source],
    validate: Validation,
    how: Taking,
) -> Result<(), Failure> {
    let mut problems = Vec::new();
    let mut passed_over: BTreeMap<String, usize> = BTreeMap::new();
    for Source { name, text } in sources {
        let reader = Reader::new().source(name.as_str()).strictness(validate.strictness());
        match how(cluster, text, &reader) {
            Err(error) => problems.extend(error.problems().iter().cloned()),
            Ok(applied) => {
                for warning in applied.warnings.iter().filter(|_| !matches!(validate, Validation::Ignore)) {
                    eprintln!("Warning: {warning}");
                }
                for (kind, count) in applied.passed_over {
                    *passed_over.entry(kind.to_string()).or_default() += count;
                }
            }
        }
    }
    if !problems.is_empty() {
        return Err(diagnostics::failure(&problems, sources));
    }
    if !passed_over.is_empty() {
        let kinds: Vec<String> = passed_over.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        eprintln!("note: passed over {}: bindery does not simulate these kinds", kinds.join(", "));
    }
    Ok(())
}

/// Puts in what is assumed and runs the controllers until nothing changes.
pub(crate) fn settle(cluster: &mut Cluster, drivers: &Drivers) -> Result<(), Failure> {
    world::assume(cluster, drivers)?;
    cluster.settle().map(drop).map_err(|error| Failure::Demand(error.to_string()))
}
