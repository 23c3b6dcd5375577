//! What `explain`, `get` and `describe` understand.

use std::time::Duration;

use clap::ValueEnum;

use crate::args::{Drivers, Output, Validation, parse_drivers, parse_duration};

/// How manifests and dumps are taken in.
#[derive(Debug, clap::Args)]
pub(crate) struct Input {
    /// Looks into folders inside of folders, too.
    #[arg(short = 'R', long)]
    pub(crate) recursive: bool,

    /// The namespace of objects that name none.
    #[arg(short, long, default_value = "default")]
    pub(crate) namespace: String,

    /// What happens to fields that the API does not have, in manifests; in dumps they are kept.
    #[arg(long, value_enum, default_value_t = Validation::Strict)]
    pub(crate) validate: Validation,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For reading.
    #[default]
    Text,
    /// The same as data.
    Json,
}

pub(super) const EXPLAIN_EXAMPLES: &str = "\
Examples:
  kubectl get pv,pvc,sc,pods,nodes -A -o yaml | bindery explain - shop/data
  bindery explain manifests/ data
  bindery explain dump.yaml pv/pv-1
  bindery explain dump.yaml pod/shop/web-0
  bindery explain dump.yaml            every claim that is not Bound

Objects with a uid are those of a cluster, and restored as they are; others are applied as manifests. Then the controllers
run until nothing changes. External provisioners are taken not to run, unless --drivers says otherwise.

Exit codes:
  0  explained
  2  bad input, or there is no such object";

#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    /// Files, folders or - for standard input; then what is to be explained: a claim as name or namespace/name, or any of
    /// pvc/..., pv/..., pod/.... Without it, every claim that is not Bound.
    #[arg(required = true, value_name = "PATH... [OBJECT]")]
    pub(crate) words: Vec<String>,

    #[command(flatten)]
    pub(crate) input: Input,

    /// Which external drivers run: `assumed` (every one that a class names, and it works), `absent`, or a file that
    /// describes them.
    #[arg(long, value_name = "assumed|absent|FILE", default_value = "absent", value_parser = parse_drivers)]
    pub(crate) drivers: Drivers,

    /// How it is printed.
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Form,

    /// Explains a claim as it is, without looking for edits that make it bind.
    #[arg(long)]
    pub(crate) no_edits: bool,

    /// Also says how many more claims like this one would bind, or how many more replicas of a workload (sts/...,
    /// deploy/...) would run; so many are tried.
    #[arg(long, value_name = "MOST")]
    pub(crate) headroom: Option<usize>,
}

pub(super) const GET_EXAMPLES: &str = "\
Examples:
  bindery get pv,pvc dump.yaml
  bindery get pvc/data manifests/ -o wide
  bindery get events manifests/
  helm template my-chart | bindery get all -

Exit codes:
  0  printed
  1  there is no such object
  2  bad input";

#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    /// What to print, as with kubectl: kinds (pv,pvc,sc), one object (pvc/data), `events`, or `all`.
    pub(crate) what: String,

    /// Files, folders or - for standard input: manifests, or the dump of a cluster.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,

    #[command(flatten)]
    pub(crate) input: Input,

    /// Which external drivers run: `assumed` (every one that a class names, and it works), `absent`, or a file that
    /// describes them.
    #[arg(long, value_name = "assumed|absent|FILE", default_value = "assumed", value_parser = parse_drivers)]
    pub(crate) drivers: Drivers,

    /// How it is printed.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub(crate) output: Output,

    /// Lets so much virtual time pass, e.g. 90s, 5m, 2h.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) advance: Option<Duration>,
}

pub(super) const DESCRIBE_EXAMPLES: &str = "\
Examples:
  bindery describe pvc/data manifests/
  bindery describe pv dump.yaml

Exit codes:
  0  printed
  1  there is no such object
  2  bad input";

#[derive(Debug, clap::Args)]
pub(crate) struct Describe {
    /// What to describe, as with kubectl: a kind (pv) or one object (pvc/data).
    pub(crate) what: String,

    /// Files, folders or - for standard input: manifests, or the dump of a cluster.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,

    #[command(flatten)]
    pub(crate) input: Input,

    /// Which external drivers run: `assumed` (every one that a class names, and it works), `absent`, or a file that
    /// describes them.
    #[arg(long, value_name = "assumed|absent|FILE", default_value = "assumed", value_parser = parse_drivers)]
    pub(crate) drivers: Drivers,
}
