//! `bindery apply`: manifests in, tables and events out.

use std::collections::BTreeMap;
use std::fmt::Write;

use bindery::report::{Format, print_events, print_objects, print_tables};
use bindery::{Cluster, Config, Kind, Reader};

use crate::Failure;
use crate::args::{Apply, Output, Validation};
use crate::input::{self, Source};
use crate::world;

/// What the tables show, where there is any.
const KINDS: [Kind; 6] = [
    Kind::StatefulSet,
    Kind::Deployment,
    Kind::Pod,
    Kind::PersistentVolume,
    Kind::PersistentVolumeClaim,
    Kind::StorageClass,
];

pub(crate) fn run(arguments: &Apply) -> Result<(), Failure> {
    let sources = input::read(&arguments.paths, arguments.recursive)?;
    let mut config = Config::default();
    config.namespace = arguments.namespace.as_str().into();
    let mut cluster = Cluster::new(config);
    let said = apply_all(&mut cluster, &sources, arguments.validate)?;
    world::assume(&mut cluster, &arguments.drivers)?;
    settle(&mut cluster)?;
    for key in &arguments.delete {
        cluster.delete(key).map_err(|error| Failure::Input(format!("Error from server (NotFound): {error}")))?;
        settle(&mut cluster)?;
    }
    if let Some(duration) = arguments.advance {
        cluster.advance(duration).map_err(|error| Failure::Demand(error.to_string()))?;
    }
    match arguments.output {
        Output::Table | Output::Wide => {
            let wide = matches!(arguments.output, Output::Wide);
            let tables = print_tables(&cluster, &KINDS, wide);
            let parts = [said, tables, print_events(&cluster, wide)];
            print!("{}", parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n"));
        }
        Output::Yaml => print!("{}", print_objects(&cluster, &KINDS, Format::Yaml)),
        Output::Json => print!("{}", print_objects(&cluster, &KINDS, Format::Json)),
    }
    if arguments.require_bound { require_bound(&cluster) } else { Ok(()) }
}

/// Applies everything, or nothing where something is wrong. Returns what kubectl would say.
fn apply_all(cluster: &mut Cluster, sources: &[Source], validation: Validation) -> Result<String, Failure> {
    let (mut said, mut problems) = (String::new(), Vec::new());
    let mut passed_over: BTreeMap<String, usize> = BTreeMap::new();
    for Source { name, text } in sources {
        let reader = Reader::new().source(name.as_str()).strictness(validation.strictness());
        match cluster.apply(text, &reader) {
            Err(error) => problems.push(error.to_string()),
            Ok(applied) => {
                for warning in applied.warnings.iter().filter(|_| !matches!(validation, Validation::Ignore)) {
                    eprintln!("Warning: {warning}");
                }
                for (key, outcome) in applied.objects {
                    let (kind, name) = (key.kind.qualified_name(), key.key.name);
                    // Writing to a string cannot fail.
                    let _ = writeln!(said, "{kind}/{name} {}", outcome.as_str());
                }
                for (kind, count) in applied.passed_over {
                    *passed_over.entry(kind.to_string()).or_default() += count;
                }
            }
        }
    }
    if !problems.is_empty() {
        return Err(Failure::Input(problems.join("\n")));
    }
    if !passed_over.is_empty() {
        let kinds: Vec<String> = passed_over.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        eprintln!("note: passed over {}: bindery does not simulate these kinds", kinds.join(", "));
    }
    Ok(said)
}

fn settle(cluster: &mut Cluster) -> Result<(), Failure> {
    cluster.settle().map(|_| ()).map_err(|error| Failure::Demand(error.to_string()))
}

fn require_bound(cluster: &Cluster) -> Result<(), Failure> {
    let unbound = cluster.claims().filter(|claim| claim.status.phase != bindery::ClaimPhase::Bound);
    let names: Vec<String> = unbound.map(|claim| format!("{} is {}", claim.key(), claim.status.phase)).collect();
    if names.is_empty() { Ok(()) } else { Err(Failure::Demand(format!("not bound: {}", names.join(", ")))) }
}
