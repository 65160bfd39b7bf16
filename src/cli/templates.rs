//! `postdoc templates export DIR`: the built-in templates as files, to change.

use super::Failure;
use crate::report::render::Templates;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Work with the templates of the report
#[derive(Args)]
pub(super) struct TemplatesCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Write the built-in templates into DIR; change what you like, delete the rest, and give DIR to --templates
    Export {
        /// Folder to write to; it is made if it does not exist
        dir: PathBuf,
        /// Replace files that exist
        #[arg(long)]
        force: bool,
    },
}

impl TemplatesCommand {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let Action::Export { dir, force } = &self.action;
        let written = Templates::export(dir, *force)?;
        say!("{}: {written} files written; README.md there explains them", dir.display());
        Ok(ExitCode::SUCCESS)
    }
}
