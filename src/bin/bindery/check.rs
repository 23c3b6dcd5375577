//! `bindery check`: will these manifests bind?

use std::path::PathBuf;

use bindery::explain::{Check, ClaimProspect, Finding, Prospect};
use bindery::{Cluster, Kind, ObjectKey, Reader, to_json};
use serde_json::{Value, json};

use crate::Failure;
use crate::args::{self, Report};
use crate::input::{self, Source};
use crate::load::{load, settle, take_in};
use crate::output::{show, showln};
use crate::world;

/// The exit code of bad input; 0, 1 and 2 are answers.
const BAD_INPUT: u8 = 3;

pub(crate) fn run(arguments: &args::Check) -> Result<(), Failure> {
    let (check, sources) = examine(arguments).map_err(|failure| match failure {
        Failure::Input(message) | Failure::Demand(message) | Failure::Code(_, message) => {
            Failure::Code(BAD_INPUT, message)
        }
    })?;
    match arguments.output {
        Report::Text => show!("{check}"),
        Report::Json => show!("{}", to_json(&check)),
        Report::Sarif => showln!("{:#}", sarif(&remarks(&check, &sources))),
        Report::Github => remarks(&check, &sources).iter().for_each(annotate),
    }
    match check.worst() {
        Prospect::Must => Ok(()),
        Prospect::May => Err(Failure::Code(1, String::new())),
        Prospect::Cannot => Err(Failure::Code(2, String::new())),
    }
}

fn examine(arguments: &args::Check) -> Result<(Check, Vec<Source>), Failure> {
    let mut cluster = load(&arguments.cluster, &arguments.input)?;
    settle(&mut cluster, &arguments.drivers)?;
    let paths: Vec<PathBuf> = arguments.paths.iter().map(PathBuf::from).collect();
    let sources = input::read(&paths, arguments.input.recursive)?;
    let mut applied = cluster.fork();
    // What comes from a cluster is judged as it is, unless another cluster is named to put it in.
    let how = if arguments.cluster.is_empty() { Cluster::load } else { Cluster::apply };
    let named = take_in(&mut applied, &sources, arguments.input.validate, how)?;
    world::assume(&mut applied, &arguments.drivers)?;
    let check = cluster.check(&applied, &named).map_err(|error| Failure::Demand(error.to_string()))?;
    Ok((check, sources))
}

/// Where an object stands.
struct Mention {
    object: ObjectKey,
    file: String,
    line: usize,
}

fn lines(sources: &[Source]) -> Vec<Mention> {
    let found = sources.iter().flat_map(|Source { name, text }| {
        let objects = Reader::new().lines(text).unwrap_or_default();
        objects.into_iter().map(move |(object, line)| Mention { object, file: name.clone(), line })
    });
    found.collect()
}

/// Something to say about a place in a file.
struct Remark {
    rule: &'static str,
    error: bool,
    message: String,
    file: Option<String>,
    line: usize,
}

/// What there is to say: the claims that may or cannot bind, and the findings.
fn remarks(check: &Check, sources: &[Source]) -> Vec<Remark> {
    let lines = lines(sources);
    let claims = check.claims.iter().filter(|claim| claim.prospect != Prospect::Must);
    let claims = claims.map(|claim| of_claim(claim, &lines));
    claims.chain(check.findings.iter().map(|finding| of_finding(finding, &lines))).collect()
}

fn of_claim(claim: &ClaimProspect, lines: &[Mention]) -> Remark {
    let cannot = claim.prospect == Prospect::Cannot;
    let edit = claim.edits.first().map(|edit| format!("; what would make it bind: {}", edit.summary));
    let message = format!("{} {} bind: {}{}", claim.claim, claim.prospect, claim.why, edit.unwrap_or_default());
    let place = place(lines, Kind::PersistentVolumeClaim, &claim.claim.to_string());
    let rule = if cannot { "cannot-bind" } else { "may-bind" };
    remark(rule, cannot, message, place)
}

fn of_finding(finding: &Finding, lines: &[Mention]) -> Remark {
    let (rule, kind, name) = match finding {
        Finding::PodNotScheduled { pod, .. } => ("pod-not-scheduled", Kind::Pod, pod.to_string()),
        Finding::PodNotStarted { pod, .. } => ("pod-not-started", Kind::Pod, pod.to_string()),
        Finding::RollingUpdate { workload, .. } => ("rolling-update", workload.kind, workload.key.to_string()),
        Finding::ImmediateTopology { claim, .. } => {
            ("immediate-topology", Kind::PersistentVolumeClaim, claim.to_string())
        }
        Finding::PoolShort { claims, .. } => {
            let first = claims.first().map(ToString::to_string).unwrap_or_default();
            ("pool-short", Kind::PersistentVolumeClaim, first)
        }
        Finding::Surplus { claim, .. } => ("surplus", Kind::PersistentVolumeClaim, claim.to_string()),
        Finding::DeletePolicy { volume, .. } => ("delete-policy", Kind::PersistentVolume, volume.to_string()),
        _ => ("finding", Kind::PersistentVolumeClaim, String::new()),
    };
    remark(rule, false, finding.to_string(), place(lines, kind, &name))
}

fn remark(rule: &'static str, error: bool, message: String, place: Option<&Mention>) -> Remark {
    let line = place.map_or(0, |line| line.line);
    Remark { rule, error, message, file: place.map(|line| line.file.clone()), line }
}

/// Where an object stands, or else the workload that makes it: its name begins theirs, or stands in it.
fn place<'l>(lines: &'l [Mention], kind: Kind, name: &str) -> Option<&'l Mention> {
    let bare = name.rsplit('/').next().unwrap_or_default();
    let is = |line: &&Mention| line.object.kind == kind && line.object.key.name == bare;
    let makes = |line: &&Mention| {
        let maker = &line.object.key.name;
        let of_pod = bare.strip_prefix(&**maker).is_some_and(|rest| rest.starts_with('-'));
        let of_claim = bare.rsplit_once('-').is_some_and(|(rest, _)| rest.ends_with(&format!("-{maker}")));
        match line.object.kind {
            Kind::StatefulSet => of_pod || of_claim,
            Kind::Deployment | Kind::ReplicaSet => of_pod,
            _ => false,
        }
    };
    lines.iter().find(is).or_else(|| lines.iter().find(makes))
}

fn sarif(remarks: &[Remark]) -> Value {
    let results: Vec<Value> = remarks
        .iter()
        .map(|remark| {
            let mut result = json!({
                "ruleId": remark.rule,
                "level": if remark.error { "error" } else { "warning" },
                "message": {"text": remark.message},
            });
            if let Some(file) = &remark.file {
                let region = json!({"startLine": remark.line.max(1)});
                let place = json!({"artifactLocation": {"uri": file}, "region": region});
                result["locations"] = json!([{"physicalLocation": place}]);
            }
            result
        })
        .collect();
    let mut rules: Vec<&str> = remarks.iter().map(|remark| remark.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    let rules: Vec<Value> = rules.into_iter().map(|rule| json!({"id": rule})).collect();
    let driver = json!({"name": "bindery", "version": env!("CARGO_PKG_VERSION"), "rules": rules});
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    })
}

/// One line for GitHub; what would end it early is escaped.
fn annotate(remark: &Remark) {
    let escaped = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let level = if remark.error { "error" } else { "warning" };
    let place = remark.file.as_ref().map(|file| {
        let file = escaped(file).replace(':', "%3A").replace(',', "%2C");
        format!("file={file},line={},", remark.line.max(1))
    });
    showln!("::{level} {}title={}::{}", place.unwrap_or_default(), remark.rule, escaped(&remark.message));
}
