//! What `report` understands.

use std::time::Duration;

use crate::args::{Drivers, Input, parse_drivers, parse_duration};

pub(super) const REPORT_EXAMPLES: &str = "\
Examples:
  bindery report manifests/ --html report.html
  kubectl get pv,pvc,sc,pods,nodes -A -o yaml | bindery report - --drivers absent --html report.html
  bindery report fixtures/tutorial/7-nginx-statefulset.yaml --html report.html --svg picture.svg
  helm template my-chart | bindery report - --mermaid -

Manifests are applied and dumps restored, as with `bindery get`; one scenario is run, also when it fails. The page needs
nothing but itself: no network, no script. Where there are too many objects to draw, the rest is counted.

Exit codes:
  0  written
  1  written, and the scenario failed
  2  bad input, or a file cannot be written; files before it may have been written";

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("form").required(true).multiple(true))]
pub(crate) struct Page {
    /// Files, folders or - for standard input: manifests, or the dump of a cluster; or one scenario.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,

    /// Writes a page of HTML into this file, or - for standard output.
    #[arg(long, value_name = "FILE", group = "form")]
    pub(crate) html: Option<String>,

    /// Writes the picture as SVG into this file, or - for standard output.
    #[arg(long, value_name = "FILE", group = "form")]
    pub(crate) svg: Option<String>,

    /// Writes the picture as a Mermaid flowchart into this file, or - for standard output.
    #[arg(long, value_name = "FILE", group = "form")]
    pub(crate) mermaid: Option<String>,

    /// The heading of the page; by default what it was made from.
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,

    #[command(flatten)]
    pub(crate) input: Input,

    /// Which external drivers run: `assumed` (every one that a class names, and it works), `absent`, or a file that
    /// describes them. A scenario has its own.
    #[arg(long, value_name = "assumed|absent|FILE", default_value = "assumed", value_parser = parse_drivers)]
    pub(crate) drivers: Drivers,

    /// Lets so much virtual time pass at the end, e.g. 90s, 5m, 2h.
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) advance: Option<Duration>,
}
