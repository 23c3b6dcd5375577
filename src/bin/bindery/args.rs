//! What the program understands.

mod change;
mod judge;
mod look;
mod page;

use std::path::PathBuf;
use std::time::Duration;

use bindery::{ObjectKey, Strictness};
use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use crate::args::change::{Audit, Diff, Plan};
pub(crate) use crate::args::judge::{Check, Report};
pub(crate) use crate::args::look::{Describe, Explain, Form, Get, Input};
pub(crate) use crate::args::page::Page;

/// Simulates how Kubernetes 1.36 binds storage, in memory.
#[derive(Debug, Parser)]
#[command(name = "bindery", version, after_help = "Exit codes: 0 done, 1 a demand is not met, 2 bad input.")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Applies manifests to an empty cluster, runs the controllers until nothing changes, and prints what came of it.
    #[command(after_help = APPLY_EXAMPLES)]
    Apply(Apply),
    /// Runs scenarios: a cluster, what is done to it and what must come of it.
    #[command(after_help = RUN_EXAMPLES)]
    Run(Run),
    /// Says which claims of manifests must, may and cannot bind in a cluster, and what else would go wrong.
    #[command(after_help = judge::CHECK_EXAMPLES)]
    Check(Check),
    /// Says why a claim, a volume or a pod is as it is, and what would make a claim bind.
    #[command(after_help = look::EXPLAIN_EXAMPLES)]
    Explain(Explain),
    /// Says what a change would do to data, volumes, claims and pods, before it is made.
    #[command(after_help = change::AUDIT_EXAMPLES)]
    Audit(Audit),
    /// Says which volume each waiting claim should get, so that as many as possible are served.
    #[command(after_help = change::PLAN_EXAMPLES)]
    Plan(Plan),
    /// Says what is different between two clusters.
    #[command(after_help = change::DIFF_EXAMPLES)]
    Diff(Diff),
    /// Prints tables as `kubectl get` does, of what manifests or a dump become.
    #[command(after_help = look::GET_EXAMPLES)]
    Get(Get),
    /// Prints objects as `kubectl describe` does, of what manifests or a dump become.
    #[command(after_help = look::DESCRIBE_EXAMPLES)]
    Describe(Describe),
    /// Draws who binds to whom, what happened and why claims wait: a page of HTML, a picture as SVG or as Mermaid.
    #[command(after_help = page::REPORT_EXAMPLES)]
    Report(Page),
    /// Tries every order of what could happen, and says what is wrong with any of them.
    #[command(after_help = EXPLORE_EXAMPLES)]
    Explore(Explore),
    /// Says what becomes of each claim, over all orders and all ties.
    #[command(after_help = OUTCOMES_EXAMPLES)]
    Outcomes(Outcomes),
    /// Runs a scenario again and compares what happens with a journal, byte for byte.
    Replay(Replay),
    /// Writes a synthetic cluster: classes, volumes and claims of mixed kinds, the same for the same seed.
    #[command(after_help = GENERATE_EXAMPLES)]
    Generate(Generate),
    /// Writes a script with which a shell completes the arguments of this program.
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions(Completions),
}

const EXPLORE_EXAMPLES: &str = "\
Examples:
  bindery explore pv.yaml pvc.yaml
  bindery explore --crashes 1 --conflicts 1 fixtures/mysql
  bindery explore --delete pvc/data --save trace.yaml manifests/

Exit codes:
  0  nothing is wrong with any order
  1  something is wrong, or not every order was tried
  2  bad input";

/// What is explored, and how far.
#[derive(Debug, clap::Args)]
pub(crate) struct Explore {
    #[command(flatten)]
    pub(crate) world: ExploredWorld,

    /// A user deletes this object at any time, e.g. pvc/data. May be given several times; each is a user of its own.
    #[arg(long, value_name = "KIND/NAME")]
    pub(crate) delete: Vec<ObjectKey>,

    /// How often a controller crashes in the middle of something.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) crashes: u8,

    /// How many writes are refused with a conflict.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) conflicts: u8,

    /// How many writes are refused with an error of the server.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) server_errors: u8,

    /// How many calls of backends fail or never end.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) backend_failures: u8,

    /// How often a controller sees nothing new for a while.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) stale_views: u8,

    /// How often time passes where everything is quiet and something is due later.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) waits: u8,

    /// Goes no further than so many steps.
    #[arg(long, value_name = "N")]
    pub(crate) max_depth: Option<u32>,

    /// Searches with so many threads; what is found is the same.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) threads: usize,

    /// Writes the first trace into this file, as a scenario that replays it.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,

    /// Tells on standard error how far the search has come.
    #[arg(long)]
    pub(crate) progress: bool,
}

/// Where exploring begins.
#[derive(Debug, clap::Args)]
pub(crate) struct ExploredWorld {
    /// Manifests, which are created before anything happens, or one scenario, which is run first. External drivers run
    /// only where a scenario has them.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Looks into folders inside of folders, too.
    #[arg(short = 'R', long)]
    pub(crate) recursive: bool,

    /// Gives up after so many states.
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    pub(crate) max_states: usize,
}

const OUTCOMES_EXAMPLES: &str = "\
Examples:
  bindery outcomes manifests/

Exit codes:
  0  done
  2  bad input";

#[derive(Debug, clap::Args)]
pub(crate) struct Outcomes {
    #[command(flatten)]
    pub(crate) world: ExploredWorld,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Replay {
    /// The journal, as `bindery run --journal` wrote it.
    #[arg(value_name = "JOURNAL")]
    pub(crate) journal: PathBuf,

    /// The scenario, if it is not where it was when the journal was written.
    #[arg(long, value_name = "FILE")]
    pub(crate) scenario: Option<PathBuf>,
}

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  bindery completions bash > ~/.local/share/bash-completion/completions/bindery
  bindery completions zsh > ~/.zfunc/_bindery        # with ~/.zfunc in fpath, before compinit
  bindery completions fish > ~/.config/fish/completions/bindery.fish";

#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

const GENERATE_EXAMPLES: &str = "\
Examples:
  bindery generate --volumes 1000 --claims 1000 --seed 7 > cluster.yaml
  bindery generate --volumes 20 --claims 5 | bindery apply -
  bindery generate --volumes 1000000 --claims 1000000 -o json | gzip > large.json.gz

The volumes and claims of a smaller cluster are the first ones of a larger one with the same seed. They are written one
at a time, so that any number of them takes the same little memory.";

#[derive(Debug, clap::Args)]
pub(crate) struct Generate {
    /// How many volumes.
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    pub(crate) volumes: u64,

    /// How many claims; every tenth has a selector.
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    pub(crate) claims: u64,

    /// What else they depend on: another seed makes another cluster of the same kind.
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub(crate) seed: u64,

    /// How they are written.
    #[arg(short, long, value_enum, default_value_t = Manifest::Yaml)]
    pub(crate) output: Manifest,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Manifest {
    /// One YAML document for each object.
    Yaml,
    /// One list of all objects as JSON.
    Json,
}

const RUN_EXAMPLES: &str = "\
Examples:
  bindery run fixtures/tutorial/7-nginx-statefulset.yaml
  bindery run --quiet fixtures/tutorial/

Exit codes:
  0  everything is as expected
  1  an expectation does not hold
  2  bad input; nothing was run";

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// Scenarios, or folders with scenarios; what else is in a folder is passed over.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Looks into folders inside of folders, too.
    #[arg(short = 'R', long)]
    pub(crate) recursive: bool,

    /// Prints failures only.
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Writes the journal into this file, for `bindery replay`. Only one scenario is run then.
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,

    /// Prints what kubectl would say to each step.
    #[arg(short, long, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

const APPLY_EXAMPLES: &str = "\
Examples:
  bindery apply pv.yaml pvc.yaml
  bindery apply --require-bound manifests/
  helm template my-chart | bindery apply -
  bindery apply cluster/ --delete pvc/data --advance 5m -o wide

Exit codes:
  0  everything was applied
  1  a claim stays unbound and --require-bound was given
  2  bad input; nothing was applied";

#[derive(Debug, clap::Args)]
pub(crate) struct Apply {
    /// Files, folders (their *.yaml, *.yml and *.json in order of name) or - for standard input.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Looks into folders inside of folders, too.
    #[arg(short = 'R', long)]
    pub(crate) recursive: bool,

    /// The namespace of objects that name none.
    #[arg(short, long, default_value = "default")]
    pub(crate) namespace: String,

    /// How the result is printed.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,

    /// What happens to fields that the API does not have, as with kubectl.
    #[arg(long, value_enum, default_value_t = Validation::Strict)]
    pub(crate) validate: Validation,

    /// Which external drivers run: `assumed` (every one that a class names, and it works), `absent`, or a file that
    /// describes them.
    #[arg(long, value_name = "assumed|absent|FILE", default_value = "assumed", value_parser = parse_drivers)]
    pub(crate) drivers: Drivers,

    /// Deletes this object after everything has settled, and lets it settle again, e.g. pvc/data, pv/pv-1,
    /// pvc/shop/data. May be given several times.
    #[arg(long, value_name = "KIND/NAME")]
    pub(crate) delete: Vec<ObjectKey>,

    /// Lets so much virtual time pass at the end, e.g. 90s, 5m, 2h.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) advance: Option<Duration>,

    /// Ends with exit code 1 if a claim is not Bound.
    #[arg(long)]
    pub(crate) require_bound: bool,

    /// Prints what each phase took, at the end and to standard error.
    ///
    /// A line for each of the phases read, decode, apply, settle and print and for their total: the name, seconds with three
    /// decimals, and the most memory that was in use until the end of the phase, in KiB. The columns are apart by spaces and
    /// have the headings PHASE, SECONDS and PEAK-KIB; the last one is missing where the system does not count it (it is there
    /// on Linux). Phases that were not reached are missing.
    #[arg(long)]
    pub(crate) stats: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Output {
    /// Tables as `kubectl get` prints them, and events.
    Table,
    /// The same with more columns.
    Wide,
    /// One list of all objects and events.
    Yaml,
    /// The same as JSON.
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Validation {
    /// Unknown and repeated fields are errors.
    Strict,
    /// They are warnings.
    Warn,
    /// They are dropped without a word.
    Ignore,
}

impl Validation {
    pub(crate) fn strictness(self) -> Strictness {
        match self {
            Self::Strict => Strictness::Strict,
            Self::Warn | Self::Ignore => Strictness::Warn,
        }
    }
}

/// Which external drivers run.
#[derive(Clone, Debug)]
pub(crate) enum Drivers {
    /// Every one that a class names, and it works.
    Assumed,
    /// None.
    Absent,
    /// Those that a file describes.
    File(PathBuf),
}

#[expect(clippy::unnecessary_wraps, reason = "a parser of arguments may fail")]
pub(crate) fn parse_drivers(text: &str) -> Result<Drivers, String> {
    Ok(match text {
        "assumed" => Drivers::Assumed,
        "absent" => Drivers::Absent,
        path => Drivers::File(path.into()),
    })
}

/// Reads a number with a unit: `90s`, `5m`, `2h`, `1d`.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let unit = text.chars().last().filter(char::is_ascii_alphabetic).ok_or("a unit is missing: s, m, h or d")?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86400,
        other => return Err(format!("the unit {other:?} is not known; there are s, m, h and d")),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| format!("{text:?} does not begin with a number"))?;
    Ok(Duration::from_secs(number.checked_mul(seconds).ok_or("this is too long")?))
}
