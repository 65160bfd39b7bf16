//! `postdoc rules coverage BUNDLE...`: which rules and reasons fire over many bundles, which never do, what stays
//! unexplained.

use crate::analysis::{Analysis, Options};
use crate::cli::limits::BundleLimits;
use crate::cli::output::print;
use crate::cli::{Failure, RuleFolders};
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
        let mut residue: BTreeMap<String, (u64, String)> = BTreeMap::new();
        let mut read = 0;
        for path in &self.bundles {
            let report = match Analysis::run(path, &rules, &options, &AtomicU64::new(0)) {
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
            // Two roots that claim the same failures would be told apart by nobody.
            let roots: Vec<&String> =
                report.causes.iter().filter(|cause| cause.role == "root-cause").map(|cause| &cause.rule).collect();
            for (at, one) in roots.iter().enumerate() {
                for other in &roots[at + 1..] {
                    *together.entry(((*one).clone(), (*other).clone())).or_default() += 1;
                }
            }
            for reason in &report.traffic.by_reason {
                *said.entry(reason.name.clone()).or_default() += reason.count;
            }
            for item in &report.unexplained {
                let entry = residue.entry(item.reason.clone()).or_insert_with(|| (0, path.display().to_string()));
                entry.0 += item.count;
            }
        }
        let mut out = format!(
            "{read} of {} bundles read, {} rules, {} reasons\n",
            self.bundles.len(),
            rules.rules.len(),
            rules.reasons.entries.len()
        );
        let _ = writeln!(out, "\nrules that fired: bundles, as root cause");
        let mut order: Vec<_> = fired.iter().collect();
        order.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        for (rule, (bundles, roots)) in order {
            let _ = writeln!(out, "  {bundles:5} {roots:5}  {rule}");
        }
        if !together.is_empty() {
            let _ = writeln!(out, "\nroot causes that fired together");
            for ((one, other), count) in &together {
                let _ = writeln!(out, "  {count:5}  {one}, {other}");
            }
        }
        let _ = writeln!(out, "\nreasons that were given: attempts");
        let mut order: Vec<_> = said.iter().collect();
        order.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        for (class, count) in order {
            let _ = writeln!(out, "  {count:7}  {class}");
        }
        if !residue.is_empty() {
            let _ = writeln!(out, "\nunexplained: recipients, reason, first bundle");
            let mut order: Vec<_> = residue.iter().collect();
            order.sort_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(b.0)));
            for (reason, (count, path)) in order {
                let _ = writeln!(out, "  {count:7}  {reason}  ({path})");
            }
        }
        let never: Vec<&str> = rules.rules.iter().map(|rule| rule.id.as_str()).filter(|id| !fired.contains_key(*id)).collect();
        let _ = writeln!(out, "\nrules that never fired ({}): {}", never.len(), never.join(", "));
        let classes: BTreeSet<&str> = rules.reasons.entries.iter().map(|entry| entry.class.as_str()).collect();
        let unheard: Vec<&str> = classes.into_iter().filter(|class| !said.contains_key(*class)).collect();
        let _ = writeln!(out, "\nreasons never given in an attempt ({}): {}", unheard.len(), unheard.join(", "));
        print(&out)?;
        Ok(ExitCode::SUCCESS)
    }
}
