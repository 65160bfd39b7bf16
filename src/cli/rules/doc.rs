//! `postdoc rules doc`: the catalogue of causes.

use crate::cli::output::{print, write_beside};
use crate::cli::{Failure, RuleFolders};
use crate::report::markup;
use crate::rules::catalogue;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Write the catalogue of causes with their remedies, as Markdown or as one HTML page
#[derive(Args)]
pub(in crate::cli) struct Doc {
    /// Write to FILE (.md or .html) instead of Markdown to standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    rules: RuleFolders,
}

impl Doc {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let rules = self.rules.load()?;
        let markdown = catalogue::all(rules);
        let Some(path) = &self.output else {
            print(&markdown)?;
            return Ok(ExitCode::SUCCESS);
        };
        match path.extension().and_then(|kind| kind.to_str()) {
            Some("md") => write_beside(path, markdown.as_bytes())?,
            Some("html" | "htm") => write_beside(path, markup::page("What postdoc recognises", &markdown).as_bytes())?,
            _ => return Err(format!("{}: the extension tells no format; use .md or .html", path.display()).into()),
        }
        Ok(ExitCode::SUCCESS)
    }
}
