//! `postdoc rules show ID`: one rule as a person reads it.

use super::named;
use crate::cli::output::print;
use crate::cli::{Failure, RuleFolders};
use crate::rules::catalogue;
use clap::Args;
use std::process::ExitCode;

/// Show one rule: what it requires, what it explains, its remedy (Markdown)
#[derive(Args)]
pub(in crate::cli) struct Show {
    /// Rule id
    id: String,
    /// Print its file instead, to begin one's own rule with
    #[arg(long)]
    yaml: bool,
    #[command(flatten)]
    rules: RuleFolders,
}

impl Show {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let rules = self.rules.load()?;
        let rule = named(rules, &self.id)?;
        match self.yaml {
            true => print(&catalogue::source(rule).ok_or_else(|| format!("{} cannot be read any more", rule.file))?)?,
            false => print(&catalogue::rule(rule))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
