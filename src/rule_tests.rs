//! Runs the tests that stand inside rules: evidence text in, verdict out.

use crate::bundle::Bundle;
use crate::diagnose::diagnosis::{self, WINDOW};
use crate::diagnose::measure::Asker;
use crate::diagnose::verdict::{judge_rule, state};
use crate::diagnose::why::{SignalWhy, why};
use crate::evidence::{self, transcript};
use crate::parallel;
use crate::rules::RuleSet;
use crate::rules::kinds::Glob;
use crate::rules::model::{Rule, TestSpec};
use crate::tables::TABLES;
use crate::time::Time;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::atomic::AtomicU64;

/// A test of a rule that did not go as it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// `file:line` of the test.
    pub place: String,
    /// Rule id.
    pub rule: String,
    /// Name of the test.
    pub test: String,
    /// What was expected and what came out, or why it could not be asked.
    pub said: String,
    /// Each signal's answer.
    pub why: String,
    /// The file that changes the rule, where the test is the rule's own.
    pub changed_by: Option<String>,
}

/// When the texts of tests were collected, for stamps without a year.
fn collected() -> Time {
    Time::parse_rfc3339(b"2026-11-12T12:00:00Z", 0).expect("a time").0
}

/// Runs every test of the rules that `wanted` takes; returns how many ran, and those that failed.
pub fn run(rules: &RuleSet, wanted: impl Fn(&Rule) -> bool) -> (usize, Vec<Failure>) {
    let wanted = rules.rules.iter().filter(|rule| wanted(rule));
    let tests: Vec<(&Rule, &TestSpec)> = wanted.flat_map(|rule| rule.tests.iter().map(move |test| (rule, test))).collect();
    let failures = parallel::each(parallel::cores(), &tests, |(rule, test)| {
        let (said, why) = failure(rules, rule, test)?;
        let place = format!("{}:{}", test.file, test.place.line);
        let changed_by = rule.changed_by.clone().filter(|_| test.file == rule.file);
        Some(Failure { place, rule: rule.id.clone(), test: test.name.clone(), said, why, changed_by })
    });
    (tests.len(), failures.into_iter().flatten().collect())
}

/// What the files of a test are called: by their kind, or where only a name tells the kind, by that.
fn paths(rules: &RuleSet, test: &TestSpec) -> Vec<String> {
    let path = |kind: &String| {
        let known = rules.kinds.iter().find(|known| known.kind == *kind);
        let by_name = known.filter(|kind| kind.own && kind.content.is_empty()).and_then(|kind| kind.names.first());
        by_name.map_or_else(|| format!("{kind}.txt"), Glob::example)
    };
    test.given.iter().map(|(kind, _)| path(kind)).collect()
}

/// What went wrong, and why.
fn failure(rules: &RuleSet, rule: &Rule, test: &TestSpec) -> Option<(String, String)> {
    let paths = paths(rules, test);
    let files = paths.iter().zip(&test.given).map(|(path, (_, text))| (path.clone(), text.clone().into_bytes()));
    let bundle = Bundle::of_texts(files, collected());
    let mut collected = evidence::collect(&bundle, rules, &AtomicU64::new(0));
    for ((kind, _), path) in test.given.iter().zip(&paths) {
        let Some(source) = collected.sources.iter().find(|source| source.path == *path) else { continue };
        let recognised = source.kind.as_ref();
        // What a terminal showed says itself which commands it was.
        let is_shown = || recognised.is_some_and(|known| known == transcript::KIND);
        if recognised != Some(kind) && !is_shown() {
            let got = recognised.map_or_else(|| "not recognised".to_owned(), |kind| format!("`{kind}` ({})", source.title));
            let help = match rules.kinds.iter().find(|known| known.kind == *kind && known.own) {
                Some(known) => format!("`content:` of {} does not fit it", known.file),
                None => "give it whole, as the command prints it".to_owned(),
            };
            let help = format!("{help}: `postdoc sources FILE` shows what is recognised by what");
            return Some((format!("the evidence given as `{kind}` is {got}\nhelp: {help}"), String::new()));
        }
    }
    diagnosis::prepare(&mut collected, rules);
    let asker = Asker::new(&collected.tables, diagnosis::window_start(&collected, WINDOW), collected.end);
    let judged = judge_rule(&asker, rule);
    let got = match judged.outcome.name() {
        "not-checked" => "unknown",
        name => name,
    };
    if got == test.expect {
        return None;
    }
    let said = format!("expected {}\ngot      {got}", test.expect);
    let mut out = String::new();
    // What decides it: of a group that is met, what met it; supports and contradictions where the rule fires.
    let fires = !matches!(got, "no" | "unknown");
    let met_groups = rule.requires.iter().filter(|entry| state(entry, &judged.answers) == Some(true));
    let settled: HashSet<&str> = met_groups.flat_map(|entry| entry.signals()).map(|(name, _)| name).collect();
    let sides = [test.expect.as_str(), got];
    let matters = |signal: &SignalWhy<'_>| match signal.section {
        "requires" => signal.met == Some(true) || !settled.contains(signal.name),
        "supports" => fires && (signal.met == Some(true) || sides.contains(&"confirmed")),
        _ => fires && (signal.met == Some(true) || sides.contains(&"possible")),
    };
    let signals = why(&asker, rule).1;
    let left_out = signals.iter().filter(|signal| !matters(signal)).count();
    for signal in signals.iter().filter(|signal| matters(signal)) {
        let state = match signal.met {
            Some(true) => "met",
            Some(false) => "unmet",
            None => "unknown",
        };
        let groups: String = signal.groups.iter().map(|group| format!("{group}: ")).collect();
        let _ = write!(out, "\n  {:11} {state:7} {groups}{}: {}", signal.section, signal.name, signal.question);
        for (expected, got) in &signal.measures {
            let _ = write!(out, "\n                        {expected}: {got}");
        }
        // What nearly matched is most often what the test or the rule got wrong.
        for (place, missed) in signal.near.iter().filter(|_| signal.met != Some(true)) {
            let path = collected.sources.get(place.file as usize).map_or("", |source| &source.path);
            let file = paths.iter().position(|known| known == path).map_or(path, |at| &test.given[at].0);
            let _ = write!(out, "\n                        near miss, line {} of {file}: {missed}", place.line);
        }
    }
    // A pattern that takes nothing is the first thing to look at.
    for (kind, path) in test.given.iter().map(|(kind, _)| kind).zip(&paths) {
        let of_pattern = rules.kinds.iter().any(|known| known.kind == *kind && known.own && known.pattern.is_some());
        let source = collected.sources.iter().position(|source| source.path == *path);
        let gave = |number: usize| {
            let rows = TABLES.iter().flat_map(|table| collected.tables.rows(table));
            rows.into_iter().any(|row| row.source.file as usize == number)
        };
        if of_pattern && source.is_some_and(|number| !gave(number)) {
            let _ = write!(
                out,
                "\n  no line of `{kind}` became a record: `lines` take none of them, or `skip` does, which is asked first"
            );
        }
    }
    match left_out {
        0 => {}
        1 => out += "\n  and 1 more signal, which does not decide it",
        more => {
            let _ = write!(out, "\n  and {more} more signals, which do not decide it");
        }
    }
    Some((said, out))
}
