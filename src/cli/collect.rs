//! `postdoc collect`: prints the collector script.

use super::{Failure, RuleFolders};
use crate::collector::{Wanted, missing_in, script};
use crate::files;
use clap::Args;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Print a shell script that collects the evidence on a mail server
#[derive(Args)]
pub(super) struct CollectScript {
    /// Take rotated logs of this many hours back
    #[arg(long, value_name = "N", default_value_t = 48)]
    log_hours: u32,
    /// Take at most this many megabytes of log
    #[arg(long, value_name = "N", default_value_t = 200)]
    max_mb: u32,
    /// Ask no other machine: no DNS look-up, no connection to port 25 or 587, no public address
    #[arg(long)]
    no_network: bool,
    /// Collect only what this JSON report says was not checked
    #[arg(long = "for", value_name = "REPORT.json")]
    report: Option<PathBuf>,
    #[command(flatten)]
    rules: RuleFolders,
}

impl CollectScript {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let rules = self.rules.load()?;
        let only = match &self.report {
            Some(path) => {
                let shown = path.display();
                let text = files::text(path, files::LARGEST).map_err(|error| format!("{shown}: cannot be read: {error}"))?;
                let missing = missing_in(&text).map_err(|error| format!("{shown}: {error}"))?;
                if missing.is_empty() {
                    return Err(format!("{shown}: nothing that can be collected is missing in this report").into());
                }
                Some(missing)
            }
            None => None,
        };
        let wanted = Wanted { log_hours: self.log_hours, max_mb: self.max_mb, network: !self.no_network, only };
        std::io::stdout().lock().write_all(script(rules, &wanted).as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}
