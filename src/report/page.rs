//! What a page needs beside the view model: numbering, grouping, the pictures. Templates find it under `page`.

use super::charts;
use super::render::Look;
use super::view::{AgeBucket, Cause, NotChecked, Report, Step, Verdict};
use crate::compare::Comparison;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Characters of a lane in text output, for the narrowest terminal.
const LANE: usize = 40;

/// The template's context: the view model and `page`.
pub(super) fn context(report: &Report, look: &Look, style: &str) -> Result<Value, serde_json::Error> {
    let mut context = serde_json::to_value(report)?;
    let numbers = numbers(report);
    let style = format!("{style}{}", unlock_rules(report));
    let timeline = match &report.timeline {
        Some(timeline) => {
            let words = charts::timeline_words(timeline);
            let end = timeline.lanes.first().map_or(0, |lane| lane.counts.len());
            json!({
                "wide": charts::timeline(timeline, 1000, "only-wide", &words),
                "narrow": charts::timeline(timeline, 400, "only-narrow", &words),
                "column": charts::column_words(timeline.column),
                "to": timeline.from.plus(f64::from(timeline.column) * end as f64),
                "around": around(timeline),
                "lanes": timeline.lanes.iter().map(|lane| {
                    let (blocks, full) = charts::blocks(timeline, lane, look.width.clamp(60, 120).saturating_sub(LANE - 10));
                    json!({ "name": lane.name, "blocks": blocks, "full": full, "sum": lane.counts.iter().sum::<u64>() })
                }).collect::<Vec<_>>(),
            })
        }
        None => Value::Null,
    };
    let onset_age = report.key.since.zip(report.collected_at).map(|(since, now)| now.since(since) / 60.0);
    context["page"] = json!({
        "look": look,
        "style": style,
        "style_hash": hash(&style),
        "causes": main_causes(report, &numbers),
        "notes": report.causes.iter().filter(|cause| cause.role == "note").collect::<Vec<_>>(),
        "shares": shares(report),
        "share_bar": charts::share_bar(&report.shares),
        "failed": report.shares.iter().map(|share| share.recipients).sum::<u64>(),
        "timeline": timeline,
        "ages": report.queue.ages.iter().map(|bucket| json!({ "label": charts::age_label(bucket), "messages": bucket.messages })).collect::<Vec<_>>(),
        "ages_chart": charts::ages(&report.queue, onset_age),
        "destinations": destinations(report),
        "phases": phases(report, &numbers),
        "rules": rules(report),
        "collect": collect(report),
        "buckets": report.causes.iter().filter(|cause| cause.role == "root-cause" || cause.role == "contributing").fold(Vec::new(), |mut list, cause| {
            if !list.contains(&cause.bucket) {
                list.push(cause.bucket.clone());
            }
            list
        }),
    });
    Ok(context)
}

/// The context of a comparison: the comparison and `page`.
pub(super) fn comparison(comparison: &Comparison, look: &Look, style: &str) -> Result<Value, serde_json::Error> {
    let mut context = serde_json::to_value(comparison)?;
    let ages = comparison.ages.iter().map(|row| {
        let bucket = AgeBucket { from_minutes: row.from_minutes, to_minutes: row.to_minutes, messages: row.after };
        json!({ "label": charts::age_label(&bucket), "before": row.before, "after": row.after })
    });
    context["page"] = json!({ "look": look, "style": style, "style_hash": hash(style), "ages": ages.collect::<Vec<_>>() });
    Ok(context)
}

/// The number of each cause that is no symptom of another one shown, by rule id.
fn numbers(report: &Report) -> BTreeMap<String, usize> {
    let shown = |rule: &String| report.causes.iter().any(|cause| &cause.rule == rule && cause.role != "symptom");
    report
        .causes
        .iter()
        .filter(|cause| cause.role != "note" && (cause.role != "symptom" || !cause.symptom_of.iter().any(shown)))
        .enumerate()
        .map(|(at, cause)| (cause.rule.clone(), at + 1))
        .collect()
}

/// Causes in the order of their numbers, each with its symptoms.
fn main_causes(report: &Report, numbers: &BTreeMap<String, usize>) -> Vec<Value> {
    let all: u64 = report.shares.iter().map(|share| share.recipients).sum();
    report
        .causes
        .iter()
        .filter_map(|cause| {
            let number = numbers.get(&cause.rule)?;
            let symptoms: Vec<&Cause> = report
                .causes
                .iter()
                .filter(|other| !numbers.contains_key(&other.rule) && other.role == "symptom")
                .filter(|other| other.symptom_of.iter().find(|root| numbers.contains_key(*root)) == Some(&cause.rule))
                .collect();
            let mut value = serde_json::to_value(cause).ok()?;
            value["number"] = json!(number);
            value["symptoms"] = json!(symptoms);
            value["of"] = json!(all);
            value["accounts"] = json!(cause.accounts_for.waiting + cause.accounts_for.bounced);
            Some(value)
        })
        .collect()
}

/// The parts of the bar, with percents that add up to 100: rounded by largest remainder, in tenths.
fn shares(report: &Report) -> Vec<Value> {
    let exact: Vec<f64> = report.shares.iter().map(|share| share.share * 1000.0).collect();
    let mut tenths: Vec<u64> = exact.iter().map(|part| part.floor() as u64).collect();
    let sum: f64 = exact.iter().sum();
    let missing = (sum.round() as u64).saturating_sub(tenths.iter().sum());
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()));
    for at in order.into_iter().take(missing as usize) {
        tenths[at] += 1;
    }
    report
        .shares
        .iter()
        .zip(&tenths)
        .enumerate()
        .map(|(at, (share, tenths))| {
            let percent = match (tenths, share.recipients) {
                (0, 1..) => "< 0.1 %".to_owned(),
                (tenths, _) => format!("{}.{} %", tenths / 10, tenths % 10),
            };
            let (class, fill) = charts::segment(at, share);
            let cause = report.causes.iter().find(|cause| Some(&cause.rule) == share.rule.as_ref());
            let place = cause
                .and_then(|cause| cause.evidence.iter().flat_map(|item| &item.citations).next())
                .map(|citation| format!("{}:{}", citation.file, citation.line));
            json!({
                "title": share.title, "rule": share.rule, "role": share.role, "recipients": share.recipients,
                "percent": percent, "class": class, "fill": fill,
                "confidence": cause.map(|cause| &cause.confidence), "place": place,
            })
        })
        .collect()
}

/// The columns around the onset, or the last ones.
fn around(timeline: &super::view::Timeline) -> Vec<Value> {
    let count = timeline.lanes.first().map_or(0, |lane| lane.counts.len());
    let at = |column: usize| timeline.from.plus(f64::from(timeline.column) * column as f64);
    let onset = timeline.onset.and_then(|onset| (0..count).rev().find(|column| at(*column) <= onset));
    let from = onset.map_or(count.saturating_sub(10), |onset| onset.saturating_sub(3));
    (from..count.min(from + 10))
        .map(|column| {
            let mut row = Map::new();
            row.insert("from".to_owned(), json!(at(column)));
            row.insert("onset".to_owned(), json!(onset == Some(column)));
            for lane in &timeline.lanes {
                row.insert(lane.name.to_string(), json!(lane.counts.get(column)));
            }
            Value::Object(row)
        })
        .collect()
}

/// Rows with a shade for each number: four steps by the square root of its part of the largest one.
fn destinations(report: &Report) -> Value {
    let Some(table) = &report.destinations else { return Value::Null };
    let most = table.rows.iter().flat_map(|row| &row.counts).copied().max().unwrap_or(0).max(1) as f64;
    let last = table.columns.len().saturating_sub(1);
    let cells = |counts: &[u64]| -> Vec<Value> {
        counts
            .iter()
            .enumerate()
            .map(|(at, count)| {
                let shade = if *count == 0 { 0 } else { ((*count as f64 / most).sqrt() * 4.0).ceil().clamp(1.0, 4.0) as u8 };
                json!({ "count": count, "shade": shade, "bounced": at == last })
            })
            .collect()
    };
    json!({
        "columns": table.columns.iter().enumerate().map(|(at, title)| json!({ "title": title, "bounced": at == last })).collect::<Vec<_>>(),
        "rows": table.rows.iter().map(|row| json!({ "name": row.name, "provider": row.provider, "cells": cells(&row.counts) })).collect::<Vec<_>>(),
        "totals": cells(&table.totals),
    })
}

/// Phases that have steps; a step names the causes that it serves by number, a phase what locks it.
fn phases(report: &Report, numbers: &BTreeMap<String, usize>) -> Vec<Value> {
    report
        .phases
        .iter()
        .filter_map(|phase| {
            let steps: Vec<&Step> = report.plan.iter().filter(|step| step.phase == phase.id).collect();
            if steps.is_empty() {
                return None;
            }
            // Locks of one phase are shown once if they are the same for all its steps.
            let locks = &steps[0].locked_by;
            let locked = !locks.is_empty() && steps.iter().all(|step| &step.locked_by == locks);
            let rows: Vec<Value> = steps
                .iter()
                .filter_map(|step| {
                    let mut value = serde_json::to_value(step).ok()?;
                    let mut served: Vec<usize> = step.causes.iter().filter_map(|rule| numbers.get(rule).copied()).collect();
                    served.sort_unstable();
                    served.dedup();
                    value["serves"] = match served.as_slice() {
                        _ if numbers.len() < 2 => Value::Null,
                        [] => Value::Null,
                        [one] => json!(format!("cause {one}")),
                        more => json!(format!("causes {}", ranges(more))),
                    };
                    value["locks"] = json!(ranges(&step.locked_by));
                    Some(value)
                })
                .collect();
            Some(json!({
                "id": phase.id, "title": phase.title, "says": phase.says, "steps": rows,
                "locked": locked, "locks": ranges(locks), "many_locks": locks.len() > 1,
            }))
        })
        .collect()
}

/// `3 to 8`, `1, 3 and 4`.
fn ranges(numbers: &[usize]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut at = 0;
    while at < numbers.len() {
        let start = at;
        while at + 1 < numbers.len() && numbers[at + 1] == numbers[at] + 1 {
            at += 1;
        }
        match at - start {
            0 => parts.push(numbers[start].to_string()),
            1 => parts.extend([numbers[start].to_string(), numbers[at].to_string()]),
            _ => parts.push(format!("{} to {}", numbers[start], numbers[at])),
        }
        at += 1;
    }
    match parts.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => parts.concat(),
    }
}

/// Rules by bucket: how many were met, not met, not checked, and which.
fn rules(report: &Report) -> Vec<Value> {
    let mut buckets: Vec<(&str, Vec<&str>, usize, Vec<&str>)> = Vec::new();
    for row in &report.rules {
        let at = match buckets.iter().position(|(bucket, ..)| *bucket == row.bucket) {
            Some(at) => at,
            None => {
                buckets.push((&row.bucket, Vec::new(), 0, Vec::new()));
                buckets.len() - 1
            }
        };
        match &*row.result {
            "no" => buckets[at].2 += 1,
            "not-checked" => buckets[at].3.push(&row.id),
            _ => buckets[at].1.push(&row.id),
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
fn collect(report: &Report) -> Vec<Value> {
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
    groups.sort_by_key(|(first, questions)| (!first.changes_plan, usize::MAX - questions.len()));
    groups
        .into_iter()
        .map(|(first, questions)| {
            json!({
                "command": first.command, "needs": first.needs, "changes_plan": first.changes_plan, "questions": questions,
                // Without any answer yet, everything that is missing is wanted.
                "urgent": first.changes_plan || matches!(report.verdict, Verdict::Inconclusive),
            })
        })
        .collect()
}

/// Style rules that turn a lock note into "unlocked" once the boxes of the steps before it are ticked.
fn unlock_rules(report: &Report) -> String {
    let mut out = String::new();
    for phase in &report.phases {
        let Some(step) = report.plan.iter().find(|step| step.phase == phase.id && !step.locked_by.is_empty()) else { continue };
        let ticked: String = step.locked_by.iter().map(|number| format!(":has(#s{number}:checked)")).collect();
        out.push_str(&format!(
            ".plan{ticked} #phase-{id} .locknote.shut,.plan{ticked} #phase-{id} .tag.lock{{display:none}}\n\
             .plan{ticked} #phase-{id} .locknote.open{{display:flex}}\n\
             .plan{ticked} #phase-{id} pre.cmd{{border-style:solid}}\n",
            id = phase.id
        ));
    }
    out
}

/// SHA-256 of the style block, as a Content-Security-Policy names it.
fn hash(style: &str) -> String {
    use base64::Engine as _;
    use sha2::Digest as _;
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn step_numbers_read_as_ranges() {
        assert_eq!(ranges(&[3, 4, 5, 6]), "3 to 6");
        assert_eq!(ranges(&[1, 3, 4]), "1, 3 and 4");
        assert_eq!(ranges(&[2]), "2");
        assert_eq!(ranges(&[]), "");
    }
}
