//! `postdoc schema report`: the JSON Schema of what postdoc writes.

use super::Failure;
use clap::{Args, ValueEnum};
use std::process::ExitCode;

/// Print the JSON Schema of a document that postdoc writes
#[derive(Args)]
pub(super) struct Schema {
    /// Which document
    #[arg(value_enum)]
    of: Of,
}

#[derive(Clone, Copy, ValueEnum)]
enum Of {
    /// The JSON report of `analyze`
    Report,
}

impl Schema {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let schema = match self.of {
            Of::Report => crate::report::schema::report(),
        };
        say!("{}", serde_json::to_string_pretty(&schema)?);
        Ok(ExitCode::SUCCESS)
    }
}
