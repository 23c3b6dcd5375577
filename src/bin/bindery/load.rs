//! Manifests and dumps to a cluster.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bindery::{Applied, Cluster, Config, ObjectKey, Reader};

use crate::Failure;
use crate::args::{Drivers, Input, Validation};
use crate::input::{self, Source};
use crate::output::complain;
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

/// Takes in what stands in sources. Returns the objects, in the order of the sources.
pub(crate) fn take_in(
    cluster: &mut Cluster,
    sources: &[Source],
    validate: Validation,
    how: Taking,
) -> Result<Vec<ObjectKey>, Failure> {
    let (mut objects, mut problems) = (Vec::new(), Vec::new());
    let mut passed_over: BTreeMap<String, usize> = BTreeMap::new();
    for Source { name, text } in sources {
        let reader = Reader::new().source(name.as_str()).strictness(validate.strictness());
        match how(cluster, text, &reader) {
            Err(error) => problems.extend(error.problems().iter().cloned()),
            Ok(applied) => {
                objects.extend(applied.objects.into_iter().map(|(object, _)| object));
                if !applied.let_pass.is_empty() && !matches!(validate, Validation::Ignore) {
                    complain!("{}", diagnostics::warnings(&applied.let_pass, sources));
                }
                for warning in applied.warnings.iter().filter(|_| !matches!(validate, Validation::Ignore)) {
                    complain!("Warning: {warning}");
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
    if let Some(note) = passed_over_note(&passed_over) {
        complain!("{note}");
    }
    Ok(objects)
}

/// What is said of kinds that are not simulated, by how many objects there were of each.
pub(crate) fn passed_over_note(passed_over: &BTreeMap<String, usize>) -> Option<String> {
    if passed_over.is_empty() {
        return None;
    }
    let kinds: Vec<String> = passed_over.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let meant = passed_over.keys().filter_map(|kind| Some((kind, Applied::meant(kind)?)));
    let meant: Vec<String> =
        meant.map(|(kind, meant)| format!("\nnote: by {kind}, did you mean {}?", meant.as_str())).collect();
    let kinds = kinds.join(", ");
    Some(format!("note: passed over {kinds}: bindery does not simulate these kinds{}", meant.concat()))
}

/// Puts in what is assumed and runs the controllers until nothing changes.
pub(crate) fn settle(cluster: &mut Cluster, drivers: &Drivers) -> Result<(), Failure> {
    world::assume(cluster, drivers)?;
    cluster.settle().map(drop).map_err(|error| Failure::Demand(error.to_string()))
}
