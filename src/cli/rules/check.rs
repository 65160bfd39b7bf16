//! `postdoc rules check`: every error in rules, with its place.

use crate::cli::{Failure, rule_folders};
use crate::rules::RuleSet;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Show every error in rules, with file, line and column; exit status 1 if there is one
#[derive(Args)]
pub(in crate::cli) struct Check {
    /// Folders of rules; one that is a whole set (with buckets.yaml, evidence and reasons) stands in for the built-in
    /// rules, another is laid over them
    #[arg(value_name = "DIR")]
    folders: Vec<PathBuf>,
}

impl Check {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        match RuleSet::check(&rule_folders(&self.folders)) {
            Ok(rules) => {
                println!("{} rules and {} reasons: no errors", rules.rules.len(), rules.reasons.entries.len());
                Ok(ExitCode::SUCCESS)
            }
            Err(problems) => {
                println!("{problems}");
                Ok(ExitCode::FAILURE)
            }
        }
    }
}
