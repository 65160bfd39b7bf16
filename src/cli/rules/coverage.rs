//! `postdoc rules coverage BUNDLE...`: which rules and reasons fire over many bundles, which never do, what stays
//! unexplained.

use crate::analysis::{Analysis, Options};
use crate::cli::limits::BundleLimits;
use crate::cli::output::print;
use crate::cli::terminal::{Paint, in_lines};
use crate::cli::{Failure, RuleFolders};
use crate::ink::Ink;
use crate::rules::scaffold::form;
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::AtomicU64;

/// Show which rules and reasons fire over many bundles, which overlap, which never fire, and what stays unexplained
#[derive(Args)]
pub(in crate::cli) struct Coverage {
    /// Bundles; one that cannot be read is named and left out
    #[arg(required = true, value_name = "BUNDLE")]
    bundles: Vec<PathBuf>,
    #[command(flatten)]
    rules: RuleFolders,
    #[command(flatten)]
    limits: BundleLimits,
}

impl Coverage {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let rules = self.rules.load()?;
        let options = Options { limits: self.limits.limits(), ..Options::default() };
        let mut fired: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        let mut together: BTreeMap<(String, String), usize> = BTreeMap::new();
        let mut said: BTreeMap<String, u64> = BTreeMap::new();
        let mut residue: BTreeMap<String, (u64, (String, String))> = BTreeMap::new();
        let mut read = 0;
        for path in &self.bundles {
            let report = match Analysis::run(path, rules, &options, &AtomicU64::new(0)) {
                Ok(analysis) => analysis.report,
                Err(error) => {
                    eprintln!("postdoc: left out: {error}");
                    continue;
                }
            };
            read += 1;
            for cause in &report.causes {
                let count = fired.entry(cause.rule.clone()).or_default();
                count.0 += 1;
                count.1 += usize::from(cause.role == "root-cause");
            }
            // Causes beside one another, of which none is the other's symptom: two troubles, or one that two rules claim.
            let beside = report.causes.iter().filter(|cause| matches!(&*cause.role, "root-cause" | "contributing"));
            let mut beside: Vec<&String> = beside.map(|cause| &cause.rule).collect();
            beside.sort();
            for (at, one) in beside.iter().enumerate() {
                for other in &beside[at + 1..] {
                    *together.entry(((*one).clone(), (*other).clone())).or_default() += 1;
                }
            }
            for reason in &report.traffic.by_reason {
                *said.entry(reason.name.clone()).or_default() += reason.count;
            }
            for item in &report.unexplained {
                let first = || (0, (item.reason.clone(), path.display().to_string()));
                residue.entry(form(&item.reason)).or_insert_with(first).0 += item.count;
            }
        }
        let mut out = format!(
            "{read} of {} bundles read, {} rules, {} reasons\n",
            self.bundles.len(),
            rules.rules.len(),
            rules.reasons.entries.len()
        );
        let paint = Paint::new();
        let title = |words: String| paint.ink(Ink::Strong, words);
        let _ = writeln!(out, "\n{}", title("rules that fired: bundles, as root cause".to_owned()));
        for (rule, (bundles, roots)) in by_count(&fired) {
            let roots = paint.ink(if *roots > 0 { Ink::Good } else { Ink::Faint }, format_args!("{roots:5}"));
            let _ = writeln!(out, "  {bundles:5} {roots}  {rule}");
        }
        if !together.is_empty() {
            let _ = writeln!(
                out,
                "\n{}",
                title("causes beside one another in a bundle: two troubles, or one that two rules claim".to_owned())
            );
            for ((one, other), count) in by_count(&together) {
                let _ = writeln!(out, "  {}  {one}, {other}", paint.ink(Ink::Warn, format_args!("{count:5}")));
            }
        }
        let _ = writeln!(out, "\n{}", title("reasons that were given: attempts".to_owned()));
        for (class, count) in by_count(&said) {
            let _ = writeln!(out, "  {count:7}  {class}");
        }
        if !residue.is_empty() {
            let _ = writeln!(out, "\n{}", title("unexplained: recipients, reason, first bundle".to_owned()));
            for (_, (count, (reason, path))) in by_count(&residue) {
                let count = paint.ink(Ink::Warn, format_args!("{count:7}"));
                let _ = writeln!(out, "  {count}  {reason}  {}", paint.ink(Ink::Faint, format_args!("({path})")));
            }
        }
        let never: Vec<_> = rules.rules.iter().filter(|rule| !fired.contains_key(&rule.id)).collect();
        let _ = writeln!(out, "\n{}", title(format!("rules that never fired: {}", never.len())));
        for bucket in &rules.buckets {
            let ids: Vec<&str> = never.iter().filter(|rule| rule.bucket == bucket.id).map(|rule| rule.id.as_str()).collect();
            if !ids.is_empty() {
                let _ = writeln!(out, "  {}\n{}", bucket.id, paint.ink(Ink::Faint, in_lines(&ids, 4)));
            }
        }
        let classes: BTreeSet<&str> = rules.reasons.entries.iter().map(|entry| entry.class.as_str()).collect();
        let unheard: Vec<&str> = classes.into_iter().filter(|class| !said.contains_key(*class)).collect();
        let _ = writeln!(out, "\n{}", title(format!("reasons never given in an attempt: {}", unheard.len())));
        let _ = writeln!(out, "{}", paint.ink(Ink::Faint, in_lines(&unheard, 4)));
        print(&out)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What was counted, the commonest first.
fn by_count<K: Ord, V: Ord>(counts: &BTreeMap<K, V>) -> Vec<(&K, &V)> {
    let mut order: Vec<(&K, &V)> = counts.iter().collect();
    order.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
    order
}
