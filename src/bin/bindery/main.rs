//! The program `bindery`: arguments, calls into the library, exit codes.

mod apply;
mod args;
mod change;
mod check;
mod color;
mod completions;
mod diagnostics;
mod explain;
mod explore;
mod generate;
mod get;
mod input;
mod load;
mod meter;
mod output;
mod progress;
mod replay;
mod report;
mod run;
mod world;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::output::complain;

/// What went wrong, and with which exit code the program ends.
#[derive(Debug)]
enum Failure {
    /// Bad input, already in words for the user.
    Input(String),
    /// A demand that was made of the result is not met.
    Demand(String),
    /// The answer is an exit code of its own; what there was to say was said, or is here.
    Code(u8, String),
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.command {
        Command::Apply(arguments) => apply::run(arguments),
        Command::Run(arguments) => run::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Audit(arguments) => change::audit(arguments),
        Command::Plan(arguments) => change::plan(arguments),
        Command::Diff(arguments) => change::diff(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Get(arguments) => get::get(arguments),
        Command::Describe(arguments) => get::describe(arguments),
        Command::Report(arguments) => report::run(arguments),
        Command::Explore(arguments) => explore::run(arguments),
        Command::Outcomes(arguments) => explore::outcomes(arguments),
        Command::Replay(arguments) => replay::run(arguments),
        Command::Generate(arguments) => generate::run(arguments),
        Command::Completions(arguments) => completions::run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Demand(message)) => {
            complain!("{message}");
            ExitCode::from(1)
        }
        Err(Failure::Code(code, message)) => {
            if !message.is_empty() {
                complain!("{message}");
            }
            ExitCode::from(code)
        }
        Err(Failure::Input(message)) => {
            complain!("{message}");
            ExitCode::from(2)
        }
    }
}
