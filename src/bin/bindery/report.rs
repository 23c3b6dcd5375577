//! `bindery report`: a page, a picture or a chart of what manifests, a dump or a scenario become.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use bindery::report::{Page, Picture};
use bindery::scenario::Scenario;
use bindery::{Cluster, Config};

use crate::diagnostics;
use crate::input::{self, Source};
use crate::load::take_in;
use crate::output::complain;
use crate::{Failure, args, output, run, world};

/// A cluster, and what there is to say of how it came to be.
struct Subject {
    cluster: Cluster,
    page: Page,
    /// Why the scenario did not come to its end.
    failed: Option<String>,
}

pub(crate) fn run(arguments: &args::Page) -> Result<(), Failure> {
    let targets = [&arguments.html, &arguments.svg, &arguments.mermaid];
    if targets.iter().filter(|target| target.as_deref() == Some("-")).count() > 1 {
        return Err(Failure::Input("only one of --html, --svg and --mermaid can go to standard output".to_owned()));
    }
    let Subject { mut cluster, page, failed } = subject(arguments)?;
    if let Some(duration) = arguments.advance {
        cluster.advance(duration).map_err(|error| Failure::Demand(error.to_string()))?;
    }
    if let Some(target) = &arguments.html {
        write(target, &page.to_html(&cluster))?;
    }
    if arguments.svg.is_some() || arguments.mermaid.is_some() {
        let picture = Picture::of(&cluster);
        arguments.svg.as_ref().map_or(Ok(()), |target| write(target, &picture.to_svg()))?;
        arguments.mermaid.as_ref().map_or(Ok(()), |target| write(target, &picture.to_mermaid()))?;
    }
    failed.map_or(Ok(()), |failed| Err(Failure::Demand(failed)))
}

fn subject(arguments: &args::Page) -> Result<Subject, Failure> {
    let paths: Vec<PathBuf> = arguments.paths.iter().map(PathBuf::from).collect();
    let sources = input::read(&paths, arguments.input.recursive)?;
    match sources.iter().find(|source| Scenario::is_in(&source.text)) {
        None => of_manifests(arguments, &sources),
        Some(source) if sources.len() == 1 => of_scenario(arguments, source),
        Some(source) => Err(Failure::Input(format!("{}: a scenario is reported alone", source.name))),
    }
}

/// What manifests and dumps become.
fn of_manifests(arguments: &args::Page, sources: &[Source]) -> Result<Subject, Failure> {
    let mut config = Config::default();
    config.namespace = arguments.input.namespace.as_str().into();
    let mut cluster = Cluster::new(config);
    take_in(&mut cluster, sources, arguments.input.validate, Cluster::load)?;
    let notes = world::put_in(&mut cluster, &arguments.drivers)?;
    cluster.settle().map_err(|error| Failure::Demand(error.to_string()))?;
    let title = arguments.title.clone().unwrap_or_else(|| format!("Storage of {}", arguments.paths.join(", ")));
    let page = notes.into_iter().fold(Page::new(title), |page, note| {
        complain!("note: {note}");
        page.note(capital(&note))
    });
    Ok(Subject { cluster, page, failed: None })
}

/// What a scenario comes to; its steps are on the timeline.
fn of_scenario(arguments: &args::Page, source: &Source) -> Result<Subject, Failure> {
    let parsed = run::parse(source);
    let scenarios = parsed.map_err(|error| diagnostics::failure(&error.problems, std::slice::from_ref(source)))?;
    let [scenario] = scenarios.as_slice() else {
        return Err(Failure::Input(format!("{}: one scenario is expected", source.name)));
    };
    let mut title = scenario.name.to_string();
    if let Some(description) = scenario.description.lines().next() {
        title = format!("{title}: {description}");
    }
    let mut page = Page::new(arguments.title.clone().unwrap_or(title));
    let mut started = scenario.start().map_err(|error| Failure::Input(format!("{}: {error}", scenario.name)))?;
    let mut failed = None;
    loop {
        let before = started.cluster().journal().len();
        let Some(report) = started.next() else {
            break;
        };
        page = page.milestone(before, report.title.as_str());
        if let Some(failure) = &report.failure {
            page = page.note(format!("Step {} failed: {}", report.number, failure.error));
            failed = Some(format!("step {}, {}, failed: {}", report.number, report.title, failure.error));
        }
    }
    Ok(Subject { cluster: started.into_cluster(), page, failed })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).chain(['.']).collect()
}

fn write(target: &str, text: &str) -> Result<(), Failure> {
    if target == "-" {
        return output::write(|out| out.write_all(text.as_bytes()));
    }
    fs::write(target, text).map_err(|error| Failure::Input(format!("{target}: cannot be written: {error}")))
}
