//! `bindery apply`: manifests in, tables and events out.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Write as _;

use bindery::report::{Format, print_events, print_objects, print_tables};
use bindery::{Applied, ApplyError, Cluster, Config, Kind, Reader};

use crate::args::{Apply, Output, Validation};
use crate::input::{self, Source};
use crate::load::passed_over_note;
use crate::meter::Meter;
use crate::output::complain;
use crate::{Failure, diagnostics, output, world};

/// What the tables show, where there is any.
const KINDS: [Kind; 6] = [
    Kind::StatefulSet,
    Kind::Deployment,
    Kind::Pod,
    Kind::PersistentVolume,
    Kind::PersistentVolumeClaim,
    Kind::StorageClass,
];

/// How many steps pass between two looks at the progress bar.
const STRIDE: u64 = 4096;
/// How many bytes take more than a moment to decode.
const LONG_TEXT: usize = 8 << 20;
/// How many objects take more than a moment to print.
const MANY_OBJECTS: usize = 50_000;

pub(crate) fn run(arguments: &Apply) -> Result<(), Failure> {
    let mut meter = Meter::new();
    let result = measured(arguments, &mut meter);
    meter.end();
    if arguments.stats {
        complain!("{}", meter.stats().trim_end());
    }
    result
}

fn measured(arguments: &Apply, meter: &mut Meter) -> Result<(), Failure> {
    meter.begin("read", None);
    let sources = input::read(&arguments.paths, arguments.recursive)?;
    let mut config = Config::default();
    config.namespace = arguments.namespace.as_str().into();
    let budget = config.step_budget;
    let mut cluster = Cluster::new(config);
    let said = apply_all(&mut cluster, &sources, arguments.validate, meter)?;
    meter.begin("settle", None);
    world::assume(&mut cluster, &arguments.drivers)?;
    settle(&mut cluster, budget, meter)?;
    for key in &arguments.delete {
        cluster.delete(key).map_err(|error| Failure::Input(format!("Error from server (NotFound): {error}")))?;
        settle(&mut cluster, budget, meter)?;
    }
    if let Some(duration) = arguments.advance {
        cluster.advance(duration).map_err(|error| Failure::Demand(error.to_string()))?;
    }
    meter.begin("print", None);
    if cluster.count(Kind::PersistentVolume) + cluster.count(Kind::PersistentVolumeClaim) > MANY_OBJECTS {
        meter.progress.wait();
    }
    let text = match arguments.output {
        Output::Table | Output::Wide => {
            let wide = matches!(arguments.output, Output::Wide);
            let tables = print_tables(&cluster, &KINDS, wide);
            let parts = [said, tables, print_events(&cluster, wide)];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
        }
        Output::Yaml => print_objects(&cluster, &KINDS, Format::Yaml),
        Output::Json => print_objects(&cluster, &KINDS, Format::Json),
    };
    meter.progress.clear();
    output::write(|out| out.write_all(text.as_bytes()))?;
    if arguments.require_bound { require_bound(&cluster) } else { Ok(()) }
}

/// Applies everything, or nothing where something is wrong. Returns what kubectl would say.
fn apply_all(
    cluster: &mut Cluster,
    sources: &[Source],
    validation: Validation,
    meter: &mut Meter,
) -> Result<String, Failure> {
    let (mut said, mut problems) = (String::new(), Vec::new());
    let mut passed_over: BTreeMap<String, usize> = BTreeMap::new();
    for Source { name, text } in sources {
        let reader = Reader::new().source(name.as_str()).strictness(validation.strictness());
        match apply(cluster, text, &reader, meter) {
            Err(error) => problems.extend(error.problems().iter().cloned()),
            Ok(applied) => {
                if !applied.let_pass.is_empty() && !matches!(validation, Validation::Ignore) {
                    meter.progress.say(&diagnostics::warnings(&applied.let_pass, sources));
                }
                for warning in applied.warnings.iter().filter(|_| !matches!(validation, Validation::Ignore)) {
                    meter.progress.say(&format!("Warning: {warning}"));
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
        return Err(diagnostics::failure(&problems, sources));
    }
    if let Some(note) = passed_over_note(&passed_over) {
        meter.progress.say(&note);
    }
    Ok(said)
}

/// As [`Cluster::apply`], in phases.
fn apply(cluster: &mut Cluster, text: &str, reader: &Reader, meter: &mut Meter) -> Result<Applied, ApplyError> {
    meter.begin("decode", None);
    if text.len() > LONG_TEXT {
        meter.progress.wait();
    }
    let manifest = reader.clone().keep_written().read(text)?;
    meter.begin("apply", Some(manifest.documents.len() as u64));
    cluster.apply_manifest(manifest, text, reader, |done| meter.progress.reach(done as u64))
}

fn settle(cluster: &mut Cluster, budget: u64, meter: &mut Meter) -> Result<(), Failure> {
    let mut steps = 0;
    while let Err(stopped) = cluster.settle_within(STRIDE) {
        steps += stopped.steps;
        if steps >= budget {
            return Err(Failure::Demand(format!("the cluster was not quiet after {steps} steps")));
        }
        meter.progress.reach(steps);
    }
    Ok(())
}

fn require_bound(cluster: &Cluster) -> Result<(), Failure> {
    let unbound = cluster.claims().filter(|claim| claim.status.phase != bindery::ClaimPhase::Bound);
    let names: Vec<String> = unbound.map(|claim| format!("{} is {}", claim.key(), claim.status.phase)).collect();
    if names.is_empty() { Ok(()) } else { Err(Failure::Demand(format!("not bound: {}", names.join(", ")))) }
}
