//! `postdoc analyze BUNDLE`: the main job.

use super::Failure;
use super::output::Output;
use super::progress::Progress;
use super::reading::Reading;
use crate::analysis::{Analysis, Options};
use crate::evidence::How;
use crate::redact::{learn_report, redact_report};
use crate::report::render::{Format, Look, Templates, render};
use crate::report::view::Verdict;
use clap::{Args, ValueEnum};
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::process::ExitCode;

/// Analyse an evidence bundle and write the report
#[derive(Args)]
pub(super) struct Analyze {
    /// A directory, an archive (tar, zip, compressed or not), a file, several of them, or - for standard input
    #[arg(required = true, value_name = "BUNDLE")]
    bundle: Vec<PathBuf>,
    #[command(flatten)]
    output: Output,
    /// Judge this much of the end of the evidence, such as 24h or 7d
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = time_span)]
    window: f64,
    /// Read logs with N threads; without it, with as many as the machine has processors
    #[arg(short, long, value_name = "N")]
    jobs: Option<std::num::NonZeroU16>,
    /// Exit with status 1 when the verdict is this bad or worse, with 3 when it is inconclusive
    #[arg(long, value_enum, value_name = "VERDICT")]
    fail_on: Option<FailOn>,
    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Clone, Copy, ValueEnum)]
enum FailOn {
    Degraded,
    Incident,
}

pub(super) fn time_span(text: &str) -> Result<f64, String> {
    crate::rules::amount::quantity(text)
        .filter(|seconds| *seconds > 0.0)
        .ok_or_else(|| "a number with a unit, such as 30m, 24h or 7d".to_owned())
}

impl Analyze {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        // Everything that can be wrong with the call is found before the work begins.
        let output = self.output.ready(&self.bundle, &self.reading.redaction.files())?;
        let rules = self.reading.rules.load()?;
        let redactor = self.reading.redaction.redactor(rules)?;
        let progress = Progress::start(self.bundle.iter().map(PathBuf::as_path), self.quiet);
        let how = How { jobs: self.jobs.map_or(How::default().jobs, |jobs| usize::from(jobs.get())), ..How::default() };
        let options = Options { window: self.window, limits: self.reading.limits.limits(), how };
        let bundle = self.reading.open(&self.bundle);
        let analysis = bundle.and_then(|bundle| Ok(Analysis::of(&bundle, rules, &options, &progress.bytes)?));
        progress.stop();
        let Analysis { mut report, evidence } = analysis?;
        // The process ends soon: what it holds of a large log need not be taken apart before.
        let evidence = ManuallyDrop::new(evidence);
        if let Some(mut redactor) = redactor {
            redactor.learn_evidence(&evidence);
            learn_report(&mut redactor, &mut report);
            let check = redact_report(&redactor, &mut report);
            // JSON is the whole of the report: what is not in it is in no other format.
            let whole = render(&report, Format::Json, &Templates::built_in(), &Look::default())?;
            self.reading.redaction.finish(&redactor, &check, &whole)?;
        }
        output.write(&report.headline, |format, templates, look| render(&report, format, templates, look))?;
        Ok(self.status(report.verdict))
    }

    fn status(&self, verdict: Verdict) -> ExitCode {
        let worst = match self.fail_on {
            None => return ExitCode::SUCCESS,
            Some(FailOn::Degraded) => Verdict::Degraded,
            Some(FailOn::Incident) => Verdict::Incident,
        };
        match verdict {
            Verdict::Inconclusive => ExitCode::from(3),
            verdict if verdict >= worst => ExitCode::from(1),
            _ => ExitCode::SUCCESS,
        }
    }
}
