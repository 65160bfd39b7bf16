//! `postdoc render REPORT.json`: any format from a JSON report.

use super::Failure;
use super::output::Output;
use crate::files;
use crate::report::render::render;
use crate::report::view::Report;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Make any format from a JSON report that was written before
#[derive(Args)]
pub(super) struct Render {
    /// The JSON report (`-o report.json`), or - for standard input
    #[arg(value_name = "REPORT.json")]
    report: PathBuf,
    #[command(flatten)]
    output: Output,
}

impl Render {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let output = self.output.ready(std::slice::from_ref(&self.report), &[])?;
        let shown = self.report.display();
        let text = files::text(&self.report, files::LARGEST).map_err(|error| format!("{shown}: cannot be read: {error}"))?;
        let report = Report::from_json(&text).map_err(|why| format!("{shown}: {why}"))?;
        output.write(&report.headline, |format, templates, look| render(&report, format, templates, look))?;
        Ok(ExitCode::SUCCESS)
    }
}
