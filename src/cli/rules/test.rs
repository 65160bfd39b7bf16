//! `postdoc rules test`: runs the tests that stand inside rules and reasons.

use crate::cli::terminal::Paint;
use crate::cli::{Failure, rule_folders};
use crate::ink::Ink;
use crate::rule_tests;
use crate::rules::RuleSet;
use crate::rules::model::Rule;
use crate::rules::problem::did_you_mean;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Run the tests inside rules and the examples of reasons; exit status 1 if one fails
#[derive(Args)]
pub(in crate::cli) struct Test {
    /// Folders of rules; one that is a whole set (with buckets.yaml, evidence and reasons) stands in for the built-in
    /// rules, another is laid over them
    #[arg(value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// Run only the tests of this rule, or of every rule of this bucket (repeatable)
    #[arg(long, value_name = "ID")]
    rule: Vec<String>,
    /// Run the tests of the built-in rules, too, and not only those of the folders
    #[arg(long, conflicts_with = "rule")]
    all: bool,
}

impl Test {
    pub(super) fn run(&self) -> Result<ExitCode, Failure> {
        let rules = RuleSet::check(&rule_folders(&self.folders))?;
        let start = Instant::now();
        // Who names folders wants to know of what stands in them.
        let ours = |file: &str| {
            self.all || self.folders.is_empty() || self.folders.iter().any(|folder| Path::new(file).starts_with(folder))
        };
        let wanted = |rule: &Rule| match self.rule.is_empty() {
            true => ours(&rule.file) || rule.changed_by.as_ref().is_some_and(|file| ours(file)),
            false => self.rule.contains(&rule.id) || self.rule.contains(&rule.bucket),
        };
        let known =
            || rules.rules.iter().map(|rule| rule.id.as_str()).chain(rules.buckets.iter().map(|bucket| bucket.id.as_str()));
        if let Some(unknown) = self.rule.iter().find(|wanted| known().all(|known| known != *wanted)) {
            let help = match did_you_mean(unknown, known()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None if self.folders.is_empty() => {
                    format!("one of your own needs its folder: postdoc rules test DIR --rule {unknown}")
                }
                None => "`postdoc rules list` shows the built-in rules".to_owned(),
            };
            return Err(format!("there is no rule and no bucket `{unknown}`; {help}").into());
        }
        let paint = Paint::new();
        let (count, failures) = rule_tests::run(&rules, wanted);
        for of_rule in failures.chunk_by(|one, other| one.rule == other.rule && one.changed_by == other.changed_by) {
            // Of a rule that a file changes they fail for one reason.
            let whole = if of_rule[0].changed_by.is_some() { 1 } else { of_rule.len() };
            for (number, failure) in of_rule.iter().enumerate() {
                let (failed, test) = (paint.ink(Ink::Bad, "FAILED"), paint.ink(Ink::Strong, &failure.test));
                let said = failure.said.lines().map(|line| match line.split_once(' ') {
                    Some(("expected", _)) => paint.ink(Ink::Good, line),
                    Some(("got", _)) => paint.ink(Ink::Bad, line),
                    _ => line.to_owned(),
                });
                let said: Vec<String> = said.collect();
                if number < whole {
                    let why = failure.why.replace('\n', "\n  ");
                    say!("{failed} {}: {}: {test}\n  {}{why}\n", failure.place, failure.rule, said.join("\n  "));
                } else {
                    let said = said.join(", ").split_whitespace().collect::<Vec<_>>().join(" ");
                    say!("{failed} {}: {}: {test}: {said}", failure.place, failure.rule);
                }
            }
            if let Some(file) = &of_rule[0].changed_by {
                let these = if of_rule.len() == 1 { "it" } else { "these" };
                say!(
                    "  {file} changes the rule: if it shall be so, give that file `tests:` of its own, which stand in for {these}\n"
                );
            }
        }
        for rule in rules.rules.iter().filter(|rule| wanted(rule)) {
            for (fires, what) in [(true, "it fires"), (false, "it does not fire")] {
                if !rule.tests.iter().any(|test| test.fires() == fires) {
                    let warning = paint.ink(Ink::Warn, "warning");
                    say!("{}:{}: {warning}: {} has no test that shows that {what}", rule.file, rule.place.line, rule.id);
                }
            }
        }
        // The examples of reasons were tried when the rules were loaded.
        let entries = rules.reasons.entries.iter().filter(|entry| ours(&entry.file));
        let examples: usize = entries.map(|entry| entry.examples.len() + entry.not.len()).sum();
        let examples = if self.rule.is_empty() {
            format!(", {examples} example{} of reasons", if examples == 1 { "" } else { "s" })
        } else {
            String::new()
        };
        let passed = format!("{} of {count} tests passed", count - failures.len());
        let passed = paint.ink(if failures.is_empty() { Ink::Good } else { Ink::Bad }, passed);
        let all = !self.all && !self.folders.is_empty() && self.rule.is_empty();
        let all = if all { "; with --all those of the built-in rules, too" } else { "" };
        say!("{passed}{examples} in {:.0} ms{all}", start.elapsed().as_secs_f64() * 1e3);
        Ok(if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
