//! `bindery explain`: why an object is as it is.

use std::fmt::Display;
use std::path::Path;

use bindery::{ClaimPhase, Cluster, Kind, ObjectKey, Verb, to_json};
use serde::Serialize;

use crate::args::{Explain, Form};
use crate::load::{load, settle};
use crate::output::{complain, show, showln};
use crate::{Failure, color};

pub(crate) fn run(arguments: &Explain) -> Result<(), Failure> {
    let (paths, object) = split(&arguments.words);
    let mut cluster = load(paths, &arguments.input)?;
    let found = object.filter(|object| was_restored(&cluster, object)).and_then(|object| phase_of(&cluster, object));
    settle(&mut cluster, &arguments.drivers)?;
    let Some(object) = object else {
        return explain_unbound(&cluster, arguments);
    };
    if let (Some(found), Some(now)) = (found, phase_of(&cluster, object))
        && found != now
    {
        complain!("note: it is {found} in the input; the controllers of a stock cluster make it {now}");
    }
    explain_one(&cluster, object, arguments)
}

/// Files first, then what is to be explained, if anything is.
fn split(words: &[String]) -> (&[String], Option<&str>) {
    match words {
        [paths @ .., last] if !paths.is_empty() && last != "-" && !Path::new(last).exists() => (paths, Some(last)),
        paths => (paths, None),
    }
}

/// The kind and the name of what a user asks for. What names no kind is a claim.
fn object_of(text: &str) -> (Kind, String) {
    match text.parse::<ObjectKey>() {
        Ok(key) => (key.kind, key.key.to_string()),
        Err(_) => (Kind::PersistentVolumeClaim, text.to_owned()),
    }
}

/// Whether a claim comes from a dump, so that its phase is that of a real cluster.
fn was_restored(cluster: &Cluster, object: &str) -> bool {
    let (_, name) = object_of(object);
    let uid = cluster.claim(&name).map(|claim| claim.metadata.uid.clone());
    let mut writes = cluster.journal().iter().filter_map(|entry| entry.write());
    writes.any(|write| {
        write.verb == Verb::Restore && write.object().is_some_and(|object| Some(&object.metadata().uid) == uid.as_ref())
    })
}

fn phase_of(cluster: &Cluster, object: &str) -> Option<ClaimPhase> {
    let (kind, name) = object_of(object);
    let claim = cluster.claim(&name).filter(|_| kind == Kind::PersistentVolumeClaim)?;
    Some(claim.status.phase.clone())
}

fn explain_one(cluster: &Cluster, object: &str, arguments: &Explain) -> Result<(), Failure> {
    let (kind, name) = object_of(object);
    let unknown = |error: bindery::explain::ExplainError| Failure::Input(format!("Error: {error}"));
    if let (Kind::StatefulSet | Kind::Deployment | Kind::ReplicaSet, Some(most)) = (kind, arguments.headroom) {
        let headroom = cluster.headroom_of(&kind.named(name), most);
        print_one(&headroom.map_err(|error| Failure::Input(format!("Error: {error}")))?, arguments.output);
        return Ok(());
    }
    match kind {
        Kind::PersistentVolume => print_one(&cluster.explain_volume(&name).map_err(unknown)?, arguments.output),
        Kind::Pod => print_one(&cluster.explain_pod(&name).map_err(unknown)?, arguments.output),
        Kind::PersistentVolumeClaim => {
            let explained = if arguments.no_edits { cluster.explain_briefly(&name) } else { cluster.explain(&name) };
            print_one(&explained.map_err(unknown)?, arguments.output);
            if let Some(most) = arguments.headroom {
                let headroom = cluster.headroom(&name, most);
                print_one(&headroom.map_err(|error| Failure::Input(format!("Error: {error}")))?, arguments.output);
            }
        }
        kind => return Err(Failure::Input(format!("Error: a {kind} is not explained, only claims, volumes and pods"))),
    }
    Ok(())
}

/// Explains every claim that is not bound.
fn explain_unbound(cluster: &Cluster, arguments: &Explain) -> Result<(), Failure> {
    let unbound = cluster.claims().filter(|claim| claim.status.phase != ClaimPhase::Bound);
    let mut names: Vec<String> = unbound.map(|claim| claim.key().to_string()).collect();
    names.sort();
    let explain = |name: &String| {
        if arguments.no_edits { cluster.explain_briefly(name) } else { cluster.explain(name) }
    };
    let explained: Result<Vec<_>, _> = names.iter().map(explain).collect();
    let explained = explained.map_err(|error| Failure::Input(format!("Error: {error}")))?;
    match arguments.output {
        Form::Json => show!("{}", to_json(&explained)),
        Form::Text if explained.is_empty() => showln!("Every claim is Bound."),
        Form::Text => {
            for (number, explanation) in explained.iter().enumerate() {
                if number > 0 {
                    showln!();
                }
                print_text(explanation);
            }
        }
    }
    Ok(())
}

fn print_one<T: Display + Serialize>(value: &T, form: Form) {
    match form {
        Form::Text => print_text(value),
        Form::Json => show!("{}", to_json(value)),
    }
}

/// Prints a text, on a terminal with its first line in bold unless `NO_COLOR` is set.
fn print_text<T: Display>(value: &T) {
    let text = value.to_string();
    let bold = color::is_wanted(&std::io::stdout());
    match text.split_once('\n') {
        Some((first, rest)) if bold => show!("\u{1b}[1m{first}\u{1b}[0m\n{rest}"),
        _ => show!("{text}"),
    }
}
