//! The program `bindery`: arguments, calls into the library, exit codes.

mod apply;
mod args;
mod completions;
mod explore;
mod generate;
mod input;
mod meter;
mod output;
mod progress;
mod replay;
mod run;
mod world;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};

/// What went wrong, and with which exit code the program ends.
#[derive(Debug)]
enum Failure {
    /// Bad input, already in words for the user.
    Input(String),
    /// A demand that was made of the result is not met.
    Demand(String),
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match &args.command {
        Command::Apply(arguments) => apply::run(arguments),
        Command::Run(arguments) => run::run(arguments),
        Command::Explore(arguments) => explore::run(arguments),
        Command::Outcomes(arguments) => explore::outcomes(arguments),
        Command::Replay(arguments) => replay::run(arguments),
        Command::Generate(arguments) => generate::run(arguments),
        Command::Completions(arguments) => completions::run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Demand(message)) => {
            eprintln!("{message}");
            ExitCode::from(1)
        }
        Err(Failure::Input(message)) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}
