//! `bindery run`: scenarios in, one line for each step out.

use std::fs;
use std::path::{Path, PathBuf};

use bindery::ManifestError;
use bindery::scenario::{Scenario, StepReport};

use crate::Failure;
use crate::args::Run;
use crate::input::{self, Source};
use crate::output::{show, showln};
use crate::{diagnostics, replay};

pub(crate) fn run(arguments: &Run) -> Result<(), Failure> {
    let scenarios = read(arguments)?;
    if arguments.journal.is_some() && scenarios.len() != 1 {
        return Err(Failure::Input(format!("--journal takes one scenario, and these are {}", scenarios.len())));
    }
    let mut failed = 0;
    for scenario in &scenarios {
        if !run_one(scenario, arguments)? {
            failed += 1;
        }
    }
    let passed = match scenarios.len() - failed {
        1 => "1 scenario passed".to_owned(),
        number => format!("{number} scenarios passed"),
    };
    if failed > 0 {
        return Err(Failure::Demand(format!("{passed}, {failed} failed")));
    }
    showln!("{passed}");
    Ok(())
}

/// Reads every scenario, before any is run. In folders, what is no scenario is passed over.
fn read(arguments: &Run) -> Result<Vec<Scenario>, Failure> {
    let (mut scenarios, mut problems) = (Vec::new(), Vec::new());
    for path in &arguments.paths {
        let sources = input::read(std::slice::from_ref(path), arguments.recursive)?;
        let before = scenarios.len() + problems.len();
        for source in sources.iter().filter(|source| !path.is_dir() || Scenario::is_in(&source.text)) {
            match parse(source) {
                Ok(found) => scenarios.extend(found),
                Err(error) => problems.push(diagnostics::text(&error.problems, std::slice::from_ref(source))),
            }
        }
        if scenarios.len() + problems.len() == before {
            problems.push(format!("{}: no scenarios in this folder", path.display()));
        }
    }
    if problems.is_empty() { Ok(scenarios) } else { Err(Failure::Input(problems.join("\n"))) }
}

/// Reads the scenarios of one file, and the files that they name.
pub(crate) fn parse(source: &Source) -> Result<Vec<Scenario>, ManifestError> {
    let folder = Path::new(&source.name).parent().map(Path::to_path_buf).unwrap_or_default();
    Scenario::read(&source.name, &source.text, |file| read_beside(&folder, file))
}

fn read_beside(folder: &Path, file: &str) -> Result<String, String> {
    let path: PathBuf = folder.join(file);
    fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))
}

/// Runs a scenario and prints it. Returns whether it passed.
fn run_one(scenario: &Scenario, arguments: &Run) -> Result<bool, Failure> {
    let heading = match scenario.description.lines().next() {
        Some(description) => format!("{}: {description}", scenario.name),
        None => scenario.name.to_string(),
    };
    if !arguments.quiet {
        showln!("{heading}");
    }
    let mut ends_blank = false;
    let mut run = scenario.start().map_err(|error| Failure::Input(format!("{}: {error}", scenario.name)))?;
    let mut passed = true;
    for report in &mut run {
        if let Some(failure) = &report.failure {
            if arguments.quiet {
                showln!("{heading}");
            }
            showln!("  FAIL  {}{}", report.title, place(scenario, &report));
            showln!("{failure}\n");
            passed = false;
            break;
        }
        if !arguments.quiet {
            print_step(&report, arguments.verbose);
            ends_blank = !report.printed.is_empty();
        }
    }
    if let Some(path) = &arguments.journal {
        replay::write(path, Path::new(scenario.source.as_str()), run.cluster())?;
    }
    if passed && !arguments.quiet && !ends_blank {
        showln!();
    }
    Ok(passed)
}

fn print_step(report: &StepReport, verbose: bool) {
    showln!("  ok    {}", report.title);
    for line in report.said.iter().filter(|_| verbose).flat_map(|said| said.lines()) {
        showln!("        {line}");
    }
    for text in &report.printed {
        showln!();
        show!("{text}");
    }
    if !report.printed.is_empty() {
        showln!();
    }
}

/// Where a step stands in its file.
fn place(scenario: &Scenario, report: &StepReport) -> String {
    let step = report.number;
    match (scenario.source.as_str(), report.line) {
        ("", _) => format!(" (step {step})"),
        (source, line) => format!(" (step {step}, {source}:{line})"),
    }
}
