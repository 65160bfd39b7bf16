//! `postdoc rules list`: every rule on a line.

use crate::cli::output::print;
use crate::cli::terminal::Paint;
use crate::cli::{Failure, RuleFolders};
use crate::ink::Ink;
use crate::rules::catalogue::readable;
use clap::Args;
use std::fmt::Write as _;
use std::process::ExitCode;

/// List the rules in force
#[derive(Args)]
pub(in crate::cli) struct List {
    /// Only rules of this bucket
    #[arg(long, value_name = "ID")]
    bucket: Option<String>,
    #[command(flatten)]
    rules: RuleFolders,
}

impl List {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let rules = self.rules.load()?;
        if let Some(bucket) = self.bucket.as_deref().filter(|id| rules.buckets.iter().all(|bucket| bucket.id != *id)) {
            let known: Vec<&str> = rules.buckets.iter().map(|bucket| bucket.id.as_str()).collect();
            return Err(format!("unknown bucket `{bucket}`; there are: {}", known.join(", ")).into());
        }
        let shown: Vec<_> =
            rules.rules.iter().filter(|rule| self.bucket.as_ref().is_none_or(|bucket| *bucket == rule.bucket)).collect();
        let width = |of: fn(&crate::rules::model::Rule) -> &str| shown.iter().map(|rule| of(rule).len()).max().unwrap_or(0);
        let (ids, buckets) = (width(|rule| &rule.id), width(|rule| &rule.bucket));
        let paint = Paint::new();
        let mut out = String::new();
        for rule in shown {
            let (severity, ink) = match rule.severity.name() {
                _ if rule.note => ("note", Ink::Faint),
                "critical" => ("critical", Ink::Bad),
                "high" => ("high", Ink::Warn),
                other => (other, Ink::Strong),
            };
            let severity = paint.ink(ink, format_args!("{severity:8}"));
            let _ = writeln!(out, "{:ids$}  {:buckets$}  {severity}  {}", rule.id, rule.bucket, readable(&rule.title));
        }
        print(&out)?;
        Ok(ExitCode::SUCCESS)
    }
}
