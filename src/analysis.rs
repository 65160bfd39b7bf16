//! The whole way through the house in one call: bundle, evidence, diagnosis, report.

use crate::bundle::{Bundle, BundleError, Limits};
use crate::diagnose::diagnosis::{self, WINDOW};
use crate::evidence::{self, Evidence, How};
use crate::redact::remove_secrets;
use crate::report::assemble::{Material, assemble};
use crate::report::cite::Lines;
use crate::report::view::Report;
use crate::rules::RuleSet;
use std::fmt;
use std::path::Path;
use std::sync::atomic::AtomicU64;

/// How to analyse.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Seconds before the end of the evidence that are judged.
    pub window: f64,
    /// Limits of the bundle.
    pub limits: Limits,
    /// How the evidence is read.
    pub how: How,
}

impl Default for Options {
    fn default() -> Options {
        Options { window: WINDOW, limits: Limits::default(), how: How::default() }
    }
}

/// A finished analysis.
#[derive(Debug)]
pub struct Analysis {
    /// The report.
    pub report: Report,
    /// What it was made from.
    pub evidence: Evidence,
}

/// Why there is no analysis.
#[derive(Debug)]
pub enum AnalysisError {
    /// The bundle cannot be opened.
    Bundle(BundleError),
    /// Nothing in it is known: its path, and what was found.
    NothingRecognised(String, Vec<String>),
}

impl fmt::Display for AnalysisError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnalysisError::Bundle(error) => error.fmt(out),
            AnalysisError::NothingRecognised(path, found) => {
                let shown: Vec<&str> = found.iter().take(8).map(String::as_str).collect();
                let more = found.len().saturating_sub(shown.len());
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                write!(
                    out,
                    "{path}: no evidence of a mail server is recognised in it; found: {}{more}; expected: a Postfix log (mail.log, maillog, \
                     journalctl output), a queue listing (postqueue -p or -j), postconf -n, dig, nc, df, ...",
                    shown.join(", ")
                )
            }
        }
    }
}

impl std::error::Error for AnalysisError {}

impl From<BundleError> for AnalysisError {
    fn from(error: BundleError) -> AnalysisError {
        AnalysisError::Bundle(error)
    }
}

impl Analysis {
    /// Analyses the bundle at `path`; bytes of log read are added to `progress`.
    ///
    /// # Errors
    /// If the bundle cannot be opened or holds nothing that is recognised.
    pub fn run(path: &Path, rules: &RuleSet, options: &Options, progress: &AtomicU64) -> Result<Analysis, AnalysisError> {
        Analysis::of(&Bundle::open(path, &options.limits)?, rules, options, progress)
    }

    /// Analyses an opened bundle; bytes of log read are added to `progress`.
    ///
    /// # Errors
    /// If it holds nothing that is recognised.
    pub fn of(bundle: &Bundle, rules: &RuleSet, options: &Options, progress: &AtomicU64) -> Result<Analysis, AnalysisError> {
        let evidence = gather(bundle, rules, options, progress)?;
        let report = report_on(bundle, &evidence, rules, options);
        Ok(Analysis { report, evidence })
    }
}

/// Reads the evidence of a bundle, classified and ready to be judged.
///
/// # Errors
/// If it holds nothing that is recognised.
pub fn gather(bundle: &Bundle, rules: &RuleSet, options: &Options, progress: &AtomicU64) -> Result<Evidence, AnalysisError> {
    let mut evidence = evidence::collect_as(bundle, rules, options.how, progress);
    if evidence.sources.iter().all(|source| source.kind.is_none()) {
        let found = evidence.sources.iter().map(|source| format!("{} ({})", source.path, source.title)).collect();
        return Err(AnalysisError::NothingRecognised(bundle.path.clone(), found));
    }
    diagnosis::prepare(&mut evidence, rules);
    Ok(evidence)
}

/// Diagnoses prepared evidence and gathers the report.
pub fn report_on(bundle: &Bundle, evidence: &Evidence, rules: &RuleSet, options: &Options) -> Report {
    let asker = diagnosis::asker(evidence, options.window);
    let judged = diagnosis::judge(&asker, rules, options.how.jobs);
    let diagnosis = diagnosis::diagnose(&asker, &judged, evidence, rules);
    let material = Material { diagnosis: &diagnosis, evidence, rules, bundle: &bundle.path, from: asker.from };
    let mut lines = Lines::new(evidence);
    // Once to learn which lines are cited, once with their texts.
    let _ = assemble(&material, &lines);
    lines.fetch(bundle, evidence);
    let mut report = assemble(&material, &lines);
    remove_secrets(&mut report, &evidence.secrets);
    report
}
