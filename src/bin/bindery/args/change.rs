//! What `audit` and `diff` understand.

use bindery::ObjectKey;

use crate::args::{Drivers, Form, Input, parse_drivers};

pub(super) const AUDIT_EXAMPLES: &str = "\
Examples:
  bindery audit dump.yaml --delete pvc/shop/data
  bindery audit dump.yaml --scale sts/db=1
  bindery audit dump.yaml --restart deploy/web
  bindery audit dump.yaml --delete node/n1 -o json

The change is made in a copy of the cluster, which then has ten minutes of virtual time. As JSON:
{\"destroyed\": [{\"volume\", \"claim\", \"why\"}], \"leaked\": [...], \"stranded\": [...], \"unbound\": [...],
\"stuck\": [{\"pod\", \"why\"}], \"terminating\": [...]}

Exit codes:
  0  no data is lost, no volume is left over, and every pod runs
  1  something is
  2  bad input, or the change is refused";

#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub(crate) struct Audit {
    /// Files, folders or - for standard input: manifests, or the dump of a cluster.
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<String>,

    /// Deletes this object, e.g. pvc/shop/data, sts/db, node/n1, sc/fast. May be given several times.
    #[arg(long, value_name = "KIND/NAME", group = "change")]
    pub(crate) delete: Vec<ObjectKey>,

    /// Scales a workload, e.g. sts/db=1. May be given several times.
    #[arg(long, value_name = "KIND/NAME=REPLICAS", group = "change", value_parser = parse_scale)]
    pub(crate) scale: Vec<(ObjectKey, u32)>,

    /// Restarts a workload as `kubectl rollout restart` does. May be given several times.
    #[arg(long, value_name = "KIND/NAME", group = "change")]
    pub(crate) restart: Vec<ObjectKey>,

    /// Applies manifests.
    #[arg(long, value_name = "PATH", group = "change")]
    pub(crate) apply: Vec<String>,

    #[command(flatten)]
    pub(crate) input: Input,

    /// Which external drivers run: `assumed` (every one that a class names, and it works), `absent`, or a file that
    /// describes them.
    #[arg(long, value_name = "assumed|absent|FILE", default_value = "assumed", value_parser = parse_drivers)]
    pub(crate) drivers: Drivers,

    /// How it is printed.
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Form,
}

fn parse_scale(text: &str) -> Result<(ObjectKey, u32), String> {
    let (workload, replicas) = text.rsplit_once('=').ok_or("a number is missing, as in sts/db=1")?;
    let workload = workload.parse().map_err(|error: bindery::ObjectKeyError| error.to_string())?;
    let replicas = replicas.parse().map_err(|_| format!("{replicas:?} is no number of replicas"))?;
    Ok((workload, replicas))
}

pub(super) const PLAN_EXAMPLES: &str = "\
Examples:
  bindery plan manifests/
  bindery plan dump.yaml -o json

Exit codes:
  0  every claim that waits can be served
  1  volumes are missing
  2  bad input";

#[derive(Debug, clap::Args)]
pub(crate) struct Plan {
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
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Form,
}

pub(super) const DIFF_EXAMPLES: &str = "\
Examples:
  bindery diff yesterday.yaml today.yaml
  bindery diff dump.yaml               before and after the controllers of a stock cluster ran

Exit codes:
  0  nothing is different
  1  something is
  2  bad input";

#[derive(Debug, clap::Args)]
pub(crate) struct Diff {
    /// The cluster before: a file, a folder or - for standard input.
    pub(crate) before: String,

    /// The cluster after; without it, what the controllers make of the first one.
    pub(crate) after: Option<String>,

    #[command(flatten)]
    pub(crate) input: Input,

    /// How it is printed.
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Form,
}
