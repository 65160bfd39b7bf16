//! `postdoc rules schema`: JSON Schema of rule files, for editors.

use crate::cli::Failure;
use crate::cli::output::{print, write_beside};
use crate::rules::schema::{KINDS, of};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// Print the JSON Schema of a kind of rule file, by which editors complete and check it
#[derive(Args)]
pub(in crate::cli) struct Schema {
    /// Kind of file
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(KINDS), default_value = "rule")]
    kind: String,
    /// Write the schemas of all kinds into this folder instead, as KIND.json
    #[arg(short, long, value_name = "DIR", conflicts_with = "kind")]
    output: Option<PathBuf>,
}

impl Schema {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let text = |kind: &str| -> Result<String, Failure> { Ok(serde_json::to_string_pretty(&of(kind))? + "\n") };
        let Some(folder) = &self.output else {
            print(&text(&self.kind)?)?;
            return Ok(ExitCode::SUCCESS);
        };
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: cannot be made: {error}", folder.display()))?;
        for kind in KINDS {
            write_beside(&folder.join(format!("{kind}.json")), text(kind)?.as_bytes())?;
        }
        say!("wrote {} schemas into {}", KINDS.len(), folder.display());
        Ok(ExitCode::SUCCESS)
    }
}
