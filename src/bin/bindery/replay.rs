//! `bindery replay`: runs a scenario again and compares what happens with a journal.

use std::fs;
use std::path::{Path, PathBuf};

use bindery::Cluster;

use crate::Failure;
use crate::args::Replay;
use crate::output::showln;
use crate::{diagnostics, input, run};

/// What the first line of a journal begins with; the path of the scenario follows.
const HEADING: &str = "# bindery journal v1 of ";
/// What the last line begins with; the fingerprint follows.
const ENDING: &str = "# fingerprint ";

/// Writes the journal of a run: a heading, one line for each entry, the fingerprint.
pub(crate) fn write(path: &Path, scenario: &Path, cluster: &Cluster) -> Result<(), Failure> {
    let entries = cluster.journal().to_lines();
    let text = format!("{HEADING}{}\n{entries}{ENDING}{:016x}\n", scenario.display(), cluster.fingerprint());
    fs::write(path, text).map_err(|error| Failure::Input(format!("{}: cannot be written: {error}", path.display())))
}

pub(crate) fn run(arguments: &Replay) -> Result<(), Failure> {
    let journal = input::read_file(&arguments.journal)?;
    let mut lines = journal.text.lines();
    let heading = lines.next().and_then(|line| line.strip_prefix(HEADING));
    let named = heading.ok_or_else(|| Failure::Input(format!("{}: this is no journal", journal.name)))?;
    let path = arguments.scenario.clone().unwrap_or_else(|| PathBuf::from(named));
    let sources = [input::read_file(&path)?];
    let parsed = run::parse(&sources[0]);
    let scenarios = parsed.map_err(|error| diagnostics::failure(&error.problems, &sources))?;
    let [scenario] = scenarios.as_slice() else {
        return Err(Failure::Input(format!("{}: one scenario is expected", path.display())));
    };
    let mut started = scenario.start().map_err(|error| Failure::Input(error.to_string()))?;
    // A step that fails ends the run, and was the end of the recorded one, too.
    (&mut started).for_each(drop);
    let cluster = started.into_cluster();
    let mut number = 0;
    for entry in cluster.journal() {
        number += 1;
        let (is, was) = (entry.line(), lines.next().unwrap_or_default());
        if is.trim_end_matches('\n') != was {
            let was = if was.starts_with(ENDING) || was.is_empty() { "nothing more" } else { was };
            return Err(Failure::Demand(format!("entry {number} differs\n  was: {was}\n  is:  {}", is.trim_end())));
        }
    }
    let last = lines.next().unwrap_or_default();
    let fingerprint = format!("{:016x}", cluster.fingerprint());
    match last.strip_prefix(ENDING) {
        Some(was) if was == fingerprint => {
            showln!("{number} entries are the same, fingerprint {fingerprint}");
            Ok(())
        }
        Some(was) => Err(Failure::Demand(format!("the fingerprint was {was} and is {fingerprint}"))),
        None => Err(Failure::Demand(format!("entry {} differs\n  was: {last}\n  is:  nothing more", number + 1))),
    }
}
