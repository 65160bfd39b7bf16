//! `postdoc rules fields`: the tables that rules can ask.

use crate::cli::Failure;
use crate::cli::output::print;
use crate::rules::catalogue;
use crate::rules::problem::did_you_mean;
use crate::tables::TABLES;
use clap::Args;
use std::process::ExitCode;

/// Show the tables that rules can ask, their fields, types and what they hold
#[derive(Args)]
pub(in crate::cli) struct Fields {
    /// Only these tables
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
}

impl Fields {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        if let Some(name) = self.tables.iter().find(|name| crate::tables::table(name).is_none()) {
            let names: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
            let meant = did_you_mean(name, names.iter().copied());
            let help =
                meant.map_or_else(|| format!("there are: {}", names.join(", ")), |meant| format!("did you mean `{meant}`?"));
            return Err(format!("unknown table `{name}`; {help}").into());
        }
        print(&catalogue::tables(&self.tables))?;
        Ok(ExitCode::SUCCESS)
    }
}
