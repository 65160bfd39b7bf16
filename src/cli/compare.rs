//! `postdoc compare BEFORE AFTER`: is it fixed?

use super::analyze::Progress;
use super::limits::BundleLimits;
use super::output::Output;
use super::{Failure, RuleFolders};
use crate::analysis::{Analysis, Options};
use crate::compare::{Snapshot, compare};
use crate::report::render::render_comparison;
use clap::Args;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compare snapshots of one server: what is fixed, what left the queue and how, when the backlog is gone
#[derive(Args)]
pub(super) struct Compare {
    /// Bundles or JSON reports, the oldest first
    #[arg(value_name = "BUNDLE|REPORT.json", num_args = 2.., required = true)]
    snapshots: Vec<PathBuf>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    rules: RuleFolders,
    #[command(flatten)]
    limits: BundleLimits,
}

impl Compare {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let output = self.output.ready()?;
        let rules = self.rules.load()?;
        let progress = Progress::start();
        let options = Options { limits: self.limits.limits(), ..Options::default() };
        let read = |path: &Path| -> Result<Snapshot, Failure> {
            let shown = path.display().to_string();
            if let Some(text) = json_report(path) {
                return Ok(Snapshot::of_json(&text, &shown)?);
            }
            let analysis = Analysis::run(path, &rules, &options, &progress.bytes)?;
            Ok(Snapshot::of_report(analysis.report, &shown))
        };
        let snapshots: Result<Vec<Snapshot>, Failure> = self.snapshots.iter().map(|path| read(path)).collect();
        progress.stop();
        let comparison = compare(&snapshots?)?;
        output.write(&comparison.headline.to_string(), |format, templates, look| {
            render_comparison(&comparison, format, templates, look)
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The text of a file that is a JSON report and no bundle: an object whose first key is `schema`.
fn json_report(path: &Path) -> Option<String> {
    let mut file = std::fs::File::open(path).ok().filter(|file| file.metadata().is_ok_and(|metadata| metadata.is_file()))?;
    let mut start = [0; 64];
    let length = file.read(&mut start).ok()?;
    let begins: String = String::from_utf8_lossy(&start[..length]).split_whitespace().collect();
    begins.starts_with("{\"schema\":\"postdoc.").then(|| std::fs::read_to_string(path).ok())?
}
