//! `postdoc rules ...`: everything for people who write rules, one file a subcommand.

mod check;
mod test;

use super::Failure;
use clap::Subcommand;
use std::process::ExitCode;

/// Check, test, explain and write rules
#[derive(Subcommand)]
pub(super) enum Rules {
    Check(check::Check),
    Test(test::Test),
}

impl Rules {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        match self {
            Rules::Check(command) => command.run(),
            Rules::Test(command) => command.run(),
        }
    }
}
