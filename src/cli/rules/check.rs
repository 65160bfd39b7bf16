//! `postdoc rules check`: every error and warning in rules, with its place.

use crate::cli::terminal::Paint;
use crate::cli::{Failure, rule_folders};
use crate::rules::RuleSet;
use crate::rules::problem::Level;
use clap::Args;
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::process::ExitCode;

/// Show every error and warning in rules, with file, line and column; exit status 1 if there is an error
#[derive(Args)]
pub(in crate::cli) struct Check {
    /// Folders of rules, or single files; one that is a whole set (with buckets.yaml, evidence and reasons) stands in for the built-in
    /// rules, another is laid over them
    #[arg(value_name = "DIR|FILE")]
    folders: Vec<PathBuf>,
    /// Exit with status 1 when there is a warning, too
    #[arg(long)]
    strict: bool,
}

impl Check {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let (rules, problems) = RuleSet::lint(&rule_folders(&self.folders));
        // To take it apart before the end costs a tenth of the whole.
        let rules = ManuallyDrop::new(rules);
        match &*rules {
            Some(rules) if problems.0.is_empty() => {
                say!("{} rules and {} reasons: no errors, no warnings", rules.rules.len(), rules.reasons.entries.len());
            }
            _ => say!("{}", Paint::new().show(&problems)),
        }
        let fatal = problems.0.iter().any(|problem| self.strict || problem.level == Level::Error);
        Ok(if fatal { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}
