//! The appendix: what became of the rules, and what to collect.

use crate::report::view::{NotChecked, Report, RuleRow, Verdict};
use serde_json::{Value, json};

/// What became of a rule, for a reader.
#[derive(PartialEq)]
pub(super) enum State {
    Met,
    NotMet,
    NotChecked,
}

/// A rule that is merely possible and no cause of this report hangs on what was not collected.
pub(super) fn state(rule: &RuleRow, report: &Report) -> State {
    match &*rule.result {
        "no" => State::NotMet,
        "not-checked" => State::NotChecked,
        "possible" if !report.causes.iter().any(|cause| cause.rule == rule.id) => State::NotChecked,
        _ => State::Met,
    }
}

/// Rules by bucket: how many were met, not met, not checked, and which.
pub(super) fn rules(report: &Report) -> Vec<Value> {
    let mut buckets: Vec<(&str, Vec<&str>, usize, Vec<&str>)> = Vec::new();
    for row in &report.rules {
        let at = match buckets.iter().position(|(bucket, ..)| *bucket == row.bucket) {
            Some(at) => at,
            None => {
                buckets.push((&row.bucket, Vec::new(), 0, Vec::new()));
                buckets.len() - 1
            }
        };
        match state(row, report) {
            State::NotMet => buckets[at].2 += 1,
            State::NotChecked => buckets[at].3.push(&row.id),
            State::Met => buckets[at].1.push(&row.id),
        }
    }
    buckets
        .into_iter()
        .map(|(bucket, met, unmet, unchecked)| {
            json!({
                "bucket": bucket, "met": met.len(), "unmet": unmet, "unchecked": unchecked.len(),
                "which_met": met.join(", "), "which_unchecked": unchecked.join(", "),
            })
        })
        .collect()
}

/// What to collect, each once: the questions that one command answers stand together. What can change the plan comes first,
/// then what answers most.
pub(super) fn collect(report: &Report) -> Vec<Value> {
    let mut groups: Vec<(&NotChecked, Vec<&NotChecked>)> = Vec::new();
    for item in &report.not_checked {
        let same = |first: &NotChecked| match (&first.command, &item.command) {
            (None, None) => first.needs == item.needs,
            (first, item) => first == item,
        };
        match groups.iter_mut().find(|(first, _)| same(first)) {
            Some((_, questions)) => questions.push(item),
            None => groups.push((item, vec![item])),
        }
    }
    // A cause that is there is not decided any more: how sure it is stands beside what the answer may do.
    let asked = |item: &&NotChecked| {
        let confidence = report.causes.iter().find(|cause| cause.rule == item.rule).map(|cause| &cause.confidence);
        json!({ "title": item.title, "rule": item.rule, "effect": item.effect, "confidence": confidence })
    };
    groups.sort_by_key(|(first, questions)| (!first.changes_plan, usize::MAX - questions.len()));
    groups
        .into_iter()
        .map(|(first, questions)| {
            json!({
                "command": first.command, "needs": first.needs, "changes_plan": first.changes_plan, "questions": questions.iter().map(asked).collect::<Vec<_>>(),
                // Without any answer yet, everything that is missing is wanted.
                "urgent": (first.changes_plan && first.command.is_some()) || matches!(report.verdict, Verdict::Inconclusive),
            })
        })
        .collect()
}
