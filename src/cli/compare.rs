//! `postdoc compare BEFORE AFTER`: is it fixed?

use super::limits::BundleLimits;
use super::output::Output;
use super::progress::Progress;
use super::redact::MaybeRedact;
use super::{Failure, RuleFolders};
use crate::analysis::{Analysis, Options};
use crate::compare::{Snapshot, compare};
use crate::files;
use crate::redact::{learn_report, redact_report};
use crate::report::render::{Format, Look, Templates, render_comparison};
use crate::report::view::Report;
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
    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    limits: BundleLimits,
    #[command(flatten)]
    redaction: MaybeRedact,
}

impl Compare {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let output = self.output.ready(&self.snapshots, &self.redaction.files())?;
        let rules = self.rules.load()?;
        let progress = Progress::start(self.snapshots.iter().map(PathBuf::as_path), self.quiet);
        let options = Options { limits: self.limits.limits(), ..Options::default() };
        let mut redactor = self.redaction.redactor(rules)?;
        let mut reports = Vec::new();
        for path in &self.snapshots {
            let shown = path.display().to_string();
            let mut report = match json_report(path) {
                Some(text) => Report::from_json(&text).map_err(|why| format!("{shown}: {why}"))?,
                None => {
                    let analysis = Analysis::run(path, rules, &options, &progress.bytes)?;
                    redactor.iter_mut().for_each(|redactor| redactor.learn_evidence(&analysis.evidence));
                    analysis.report
                }
            };
            redactor.iter_mut().for_each(|redactor| learn_report(redactor, &mut report));
            reports.push((shown, report));
        }
        progress.stop();
        // Only now every name of every snapshot is known.
        let mut snapshots = Vec::new();
        for (number, (mut shown, mut report)) in (1..).zip(reports) {
            if let Some(redactor) = &redactor {
                redact_report(redactor, &mut report);
                shown = format!("(snapshot {number})");
            }
            snapshots.push(Snapshot::of_report(report, &shown));
        }
        let comparison = compare(&snapshots)?;
        if let Some(redactor) = &redactor {
            let whole = render_comparison(&comparison, Format::Json, &Templates::built_in(), &Look::default())?;
            self.redaction.finish(redactor, &redactor.check(), &whole)?;
        }
        output.write(&comparison.headline.to_string(), |format, templates, look| {
            render_comparison(&comparison, format, templates, look)
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The text of a file that is a JSON report and no bundle: an object whose first key is `schema`.
fn json_report(path: &Path) -> Option<String> {
    let mut file = files::open(path).ok()?;
    let mut start = [0; 64];
    let length = file.read(&mut start).ok()?;
    let begins: String = String::from_utf8_lossy(&start[..length]).split_whitespace().collect();
    begins.starts_with("{\"schema\":\"postdoc.").then(|| files::text(path, files::LARGEST).ok())?
}
