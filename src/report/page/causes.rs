//! The causes: their numbers, signals and symptoms, and the bar of their shares.

use super::plan::ranges;
use crate::diagnose::words::percent;
use crate::report::charts;
use crate::report::phrases::{Phrases, capital};
use crate::report::view::{AskedField, Cause, Citation, Evidence, Report, Share, Step};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Causes that stand in no part of the share bar.
pub(super) fn silent(report: &Report) -> Vec<&Cause> {
    let shown = |cause: &&Cause| report.shares.iter().any(|share| share.title == cause.title);
    report.causes.iter().filter(|cause| !shown(cause)).collect()
}

/// The number of each cause that is no symptom of another one shown, by rule id.
pub(super) fn numbers(report: &Report) -> BTreeMap<String, usize> {
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
pub(super) fn main_causes(report: &Report, numbers: &BTreeMap<String, usize>, phrases: &Phrases) -> Vec<Value> {
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
            let mut cause = cause.clone();
            cause.evidence.iter_mut().for_each(|item| phrases.word_question(item));
            let mut value = serde_json::to_value(&cause).ok()?;
            value["number"] = json!(number);
            // What was looked for and not found, and what is not known, are lists of their own: each thing once.
            value["absent"] = json!(by_end(&says_of(&cause, "would-contradict")));
            value["unknown"] = json!(says_of(&cause, "not-known"));
            // What would not change what is said of it is not asked for.
            value["asked_for"] = report.not_checked.iter().any(|item| item.rule == cause.rule).into();
            value["signals"] = signals(&cause);
            let (lasting, passing): (Vec<&Cause>, Vec<&Cause>) = symptoms.into_iter().partition(|symptom| symptom.outlasts);
            value["symptoms"] = passing.iter().filter_map(|symptom| symptom_view(symptom, measured(symptom))).collect();
            value["outlasting"] = lasting.iter().filter_map(|symptom| symptom_view(symptom, &symptom.summary)).collect();
            let repairs = |step: &&Step| lasting.iter().any(|symptom| step.causes.contains(&symptom.rule));
            let repairs: Vec<usize> = report.plan.iter().filter(repairs).map(|step| step.number).collect();
            value["repairs"] = json!({ "count": repairs.len(), "steps": ranges(&repairs, phrases) });
            // What an earlier cause explains, too, stands in the bar once.
            let failed = cause.accounts_for.waiting + cause.accounts_for.bounced;
            let own = report.shares.iter().find(|share| share.rule.as_ref() == Some(&cause.rule) && share.others.is_none());
            value["told_before"] = json!(own.map_or(0, |share| failed.saturating_sub(share.recipients)));
            value["because"] = json!(phrases.because(&cause));
            value["of"] = json!(all);
            value["percent"] = json!(percent_of(&cause, report));
            value["accounts"] = json!(cause.accounts_for.waiting + cause.accounts_for.bounced);
            Some(value)
        })
        .collect()
}

/// A symptom and what is told of it.
fn symptom_view(symptom: &Cause, told: &str) -> Option<Value> {
    let mut value = serde_json::to_value(symptom).ok()?;
    value["told"] = format!("{}.", told.trim_end_matches('.')).into();
    Some(value)
}

/// What was measured of a symptom: why it is so, its cause tells, and not the words that it would have as a cause.
fn measured(symptom: &Cause) -> &str {
    symptom.evidence.first().map_or(&symptom.summary, |first| &first.says)
}

/// The statements of one kind of a cause's signals, each once.
fn says_of<'c>(cause: &'c Cause, kind: &str) -> Vec<&'c str> {
    let mut list: Vec<&str> = Vec::new();
    // What no words can say (a form that a text has) is not said.
    let unspeakable = |item: &Evidence| {
        let odd = |one: &AskedField| one.how.ends_with("matches") || one.how == "otherwise";
        kind == "would-contradict"
            && item.asked.as_ref().is_some_and(|asked| asked.wanted == "none" || asked.conditions.iter().any(odd))
    };
    for item in cause.evidence.iter().filter(|item| item.kind == kind && !unspeakable(item)) {
        if !list.contains(&item.says.as_str()) {
            list.push(&item.says);
        }
    }
    list
}

/// Statements by how they end (`: none.`), so that several with one end say it once.
fn by_end<'s>(says: &[&'s str]) -> Vec<Value> {
    let mut groups: Vec<(&str, Vec<&'s str>)> = Vec::new();
    for says in says {
        let (what, end) = says.rsplit_once(": ").filter(|(_, end)| !end.contains('`')).unwrap_or((says, ""));
        match groups.iter_mut().find(|(known, _)| !end.is_empty() && *known == end) {
            Some((_, list)) => list.push(what),
            None => groups.push((end, vec![what])),
        }
    }
    let told = |(end, list): (&str, Vec<&str>)| match list[..] {
        [what] if end.is_empty() => json!({ "says": what, "of": [] }),
        [what] => json!({ "says": format!("{what}: {end}"), "of": [] }),
        _ => json!({ "says": capital(end.trim_end_matches('.')), "of": list }),
    };
    groups.into_iter().map(told).collect()
}

/// The part of the failures that a cause explains, as the bar has it where it is the same.
fn percent_of(cause: &Cause, report: &Report) -> String {
    let recipients = cause.accounts_for.waiting + cause.accounts_for.bounced;
    let same = |share: &&(&Share, String)| share.0.rule.as_ref() == Some(&cause.rule) && share.0.recipients == recipients;
    let parts: Vec<(&Share, String)> = report.shares.iter().zip(percents(report)).collect();
    let known = parts.iter().find(same).map(|(_, percent)| percent.clone());
    known.unwrap_or_else(|| percent(cause.accounts_for.share))
}

/// The signals of a cause that show something, those of one group together. A line that was shown before is named by its
/// place alone (`places`), and one that says what another line of the same statement says (`also`), too.
fn signals(cause: &Cause) -> Value {
    let mut groups: Vec<(&Evidence, Vec<Value>)> = Vec::new();
    let mut shown = BTreeSet::new();
    let mut said = BTreeSet::new();
    let seen = |item: &&Evidence| !matches!(&*item.kind, "would-contradict" | "not-known");
    for item in cause.evidence.iter().filter(seen) {
        let (new, again): (Vec<&Citation>, Vec<&Citation>) = item.citations.iter().partition(|one| shown.insert(place(one)));
        let again: Vec<String> = again.into_iter().map(place).collect();
        let (new, also): (Vec<&Citation>, Vec<&Citation>) = new.into_iter().partition(|one| said.insert(gist(one)));
        let also: Vec<String> = also.into_iter().map(place).collect();
        let (again, also) = if new.is_empty() { ([again, also].concat(), Vec::new()) } else { (again, also) };
        let same = groups
            .last()
            .filter(|(first, _)| first.kind == item.kind && !item.part_of.is_empty() && first.part_of == item.part_of);
        let total = if again.is_empty() { item.citations_total } else { 0 };
        let part = json!({ "says": item.says, "citations": new, "places": again, "also": also, "total": total, "met": item.met });
        match same.is_some() {
            true => groups.last_mut().expect("one").1.push(part),
            false => groups.push((item, vec![part])),
        }
    }
    let told = |(first, parts): (&Evidence, Vec<Value>)| {
        // Nothing of it is met by itself.
        let in_part = first.kind == "required" && parts.iter().all(|part| part["met"] != json!(true));
        json!({ "kind": first.kind, "in_part": in_part, "parts": parts })
    };
    groups.into_iter().map(told).collect()
}

/// What a line says that matters, without what differs in each: times, ids, numbers.
fn gist(citation: &Citation) -> String {
    let said =
        citation.matched.map(|(from, to)| citation.text.chars().skip(from).take(to.saturating_sub(from)).collect::<String>());
    let said = said.filter(|said| said.contains(' ')).unwrap_or_else(|| citation.text.clone());
    let numbered = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
    said.split_whitespace().map(|word| if numbered(word) { "…" } else { word }).collect::<Vec<_>>().join(" ")
}

fn place(citation: &Citation) -> String {
    format!("{}:{}", citation.file, citation.line)
}

/// The percents of the bar's parts, which add up to 100: rounded by largest remainder, in tenths.
fn percents(report: &Report) -> Vec<String> {
    let exact: Vec<f64> = report.shares.iter().map(|share| share.share * 1000.0).collect();
    let mut tenths: Vec<u64> = exact.iter().map(|part| part.floor() as u64).collect();
    let sum: f64 = exact.iter().sum();
    let missing = (sum.round() as u64).saturating_sub(tenths.iter().sum());
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()));
    for at in order.into_iter().take(missing as usize) {
        tenths[at] += 1;
    }
    let percent = |(share, tenths): (&Share, &u64)| match (tenths, share.recipients) {
        (0, 1..) => "< 0.1 %".to_owned(),
        (tenths, _) => format!("{}.{} %", tenths / 10, tenths % 10),
    };
    report.shares.iter().zip(&tenths).map(percent).collect()
}

/// The parts of the bar, with their place if it has `room`.
pub(super) fn shares(report: &Report, room: usize, phrases: &Phrases) -> Vec<Value> {
    report
        .shares
        .iter()
        .zip(percents(report))
        .zip(charts::segments(&report.shares))
        .map(|((share, percent), (class, fill))| {
            let title = share.others.map(|others| phrases.say("shares.others", &[("n", others.into())]));
            let title = title.unwrap_or_else(|| share.title.clone());
            let cause = report.causes.iter().find(|cause| Some(&cause.rule) == share.rule.as_ref());
            let title = match cause.is_some_and(Cause::is_possible) && share.others.is_none() {
                true => phrases.say("shares.possible", &[("title", title.into())]),
                false => title,
            };
            let place = cause
                .and_then(|cause| cause.evidence.iter().flat_map(|item| &item.citations).next())
                .map(|citation| format!("{}:{}", citation.file, citation.line))
                .filter(|place| place.chars().count() <= room);
            json!({
                "title": title, "rule": share.rule, "role": share.role, "recipients": share.recipients,
                "percent": percent, "class": class, "fill": fill,
                "confidence": cause.map(|cause| &cause.confidence), "place": place,
                "cause": cause.is_some() && share.others.is_none(),
            })
        })
        .collect()
}
