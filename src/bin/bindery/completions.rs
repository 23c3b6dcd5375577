//! `bindery completions`: a script for a shell.

use clap::CommandFactory;

use crate::args::{Args, Completions};
use crate::{Failure, output};

pub(crate) fn run(arguments: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Args::command(), "bindery", &mut script);
    output::write(|out| std::io::Write::write_all(out, &script))
}
