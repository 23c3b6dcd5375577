//! What `check` understands.

use clap::ValueEnum;

use crate::args::{Drivers, Input, parse_drivers};

/// How a check is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Report {
    /// For reading.
    #[default]
    Text,
    /// As data: {"claims": [{"claim", "prospect", "volume", "why", ...}], "findings": [{"finding", ...}]}.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub workflows.
    Github,
}

pub(super) const CHECK_EXAMPLES: &str = "\
Examples:
  bindery check manifests/
  helm template my-chart | bindery check - --cluster dump.yaml
  bindery check chart.yaml --cluster dump.yaml -o github

A claim must bind if it binds in a run in order and nobody can take its volume in another order; it cannot if nothing
could ever serve it; what is left may bind, depending on an order or a tie. The dump is what
`kubectl get pv,pvc,sc,pods,nodes,csinodes,csistoragecapacities,sts,deploy -A -o yaml` prints.

Exit codes:
  0  every claim must bind
  1  a claim may bind, and none cannot
  2  a claim cannot bind, or the command line is wrong
  3  bad input; nothing was checked";

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// Files, folders (their *.yaml, *.yml and *.json in order of name) or - for standard input.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,

    /// The dump of the cluster that they are for; without it they are checked in an empty one, where what is itself a
    /// dump stands as it was. May be given several times.
    #[arg(long, value_name = "DUMP")]
    pub(crate) cluster: Vec<String>,

    #[command(flatten)]
    pub(crate) input: Input,

    /// Which external drivers run: `assumed` (every one that a class names, and it works), `absent`, or a file that
    /// describes them.
    #[arg(long, value_name = "assumed|absent|FILE", default_value = "assumed", value_parser = parse_drivers)]
    pub(crate) drivers: Drivers,

    /// How it is printed.
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Report,
}
