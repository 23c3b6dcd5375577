//! `bindery audit` and `bindery diff`: what a change would do, and what is different.

use bindery::explain::AuditError;
use bindery::{ApiError, Cluster, Json, ObjectKey, to_json};

use crate::Failure;
use crate::args::{Audit, Diff, Drivers, Form, Plan};
use crate::input::{self, Source};
use crate::load::{load, settle, take_in};
use crate::output::show;
use crate::world;

pub(crate) fn audit(arguments: &Audit) -> Result<(), Failure> {
    let mut cluster = load(&arguments.paths, &arguments.input)?;
    settle(&mut cluster, &arguments.drivers)?;
    let paths: Vec<std::path::PathBuf> = arguments.apply.iter().map(Into::into).collect();
    let sources = input::read(&paths, arguments.input.recursive)?;
    // Bad manifests are told with their lines before anything is tried.
    take_in(&mut cluster.fork(), &sources, arguments.input.validate, Cluster::apply)?;
    let audit = cluster.audit(|copy| change(copy, arguments, &sources)).map_err(|error| match error {
        AuditError::Refused(error) => Failure::Input(format!("Error from server: {error}")),
        error => Failure::Input(error.to_string()),
    })?;
    match arguments.output {
        Form::Text => show!("{audit}"),
        Form::Json => show!("{}", to_json(&audit)),
    }
    if audit.is_harmless() { Ok(()) } else { Err(Failure::Code(1, String::new())) }
}

fn change(copy: &mut Cluster, arguments: &Audit, sources: &[Source]) -> Result<(), ApiError> {
    for Source { text, .. } in sources {
        copy.apply_yaml(text).map_err(|error| ApiError::BadRequest { message: error.to_string() })?;
    }
    for (workload, replicas) in &arguments.scale {
        copy.patch(workload, &at(&["spec", "replicas"], Json::Number(replicas.to_string().into())))?;
    }
    for workload in &arguments.restart {
        let path = ["spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"];
        copy.patch(workload, &at(&path, Json::String(copy.time().to_string().into())))?;
    }
    arguments.delete.iter().try_for_each(|object: &ObjectKey| copy.delete(object))
}

/// A patch that sets one value.
fn at(path: &[&str], value: Json) -> Json {
    path.iter().rev().fold(value, |value, key| Json::Map(vec![((*key).into(), value)]))
}

pub(crate) fn plan(arguments: &Plan) -> Result<(), Failure> {
    let mut cluster = load(&arguments.paths, &arguments.input)?;
    world::assume(&mut cluster, &arguments.drivers)?;
    let plan = cluster.plan().map_err(|error| Failure::Input(error.to_string()))?;
    match arguments.output {
        Form::Text => show!("{plan}"),
        Form::Json => show!("{}", to_json(&plan)),
    }
    if plan.unserved.is_empty() { Ok(()) } else { Err(Failure::Code(1, String::new())) }
}

pub(crate) fn diff(arguments: &Diff) -> Result<(), Failure> {
    let before = load(&[&arguments.before], &arguments.input)?;
    let after = if let Some(after) = &arguments.after {
        load(&[after], &arguments.input)?
    } else {
        let mut after = before.fork();
        settle(&mut after, &Drivers::Absent)?;
        after
    };
    let diff = before.diff(&after);
    match arguments.output {
        Form::Text => show!("{diff}"),
        Form::Json => show!("{}", to_json(&diff)),
    }
    if diff.is_empty() { Ok(()) } else { Err(Failure::Code(1, String::new())) }
}
