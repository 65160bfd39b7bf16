//! A report with less in it, to fit into a ticket: what matters least goes first, and the report says what is missing.
//! Verdict, key facts, what to do first and not, root causes and the plan always stay.

use super::cite;
use super::view::{Cause, Report, Step};
use serde::Serialize;

/// How much was left out, by section.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct LeftOut {
    /// Bytes to fit into; 0 if nothing was asked.
    pub(super) bytes: u64,
    rules: usize,
    sources: usize,
    facts: usize,
    unexplained: usize,
    not_checked: usize,
    citations: usize,
    causes: usize,
    destinations: usize,
    timeline: bool,
    checks: bool,
    ages: bool,
    signals: usize,
    steps: usize,
    /// Whether each section says no more than it must.
    brief: bool,
}

impl LeftOut {
    /// Nothing yet, of a report that must fit into so many bytes.
    pub(super) fn to_fit(bytes: usize) -> LeftOut {
        LeftOut { bytes: bytes as u64, ..LeftOut::default() }
    }
}

/// The most of a text that fits into `most` bytes: whole lines from its beginning, and its last one, which says that something
/// is missing. Its first line is cut where not even that fits.
pub(super) fn lines_that_fit(text: &str, most: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let Some((last, lines)) = lines.split_last() else { return String::new() };
    let ending = last.len() + 2;
    for kept in (1..=lines.len()).rev() {
        let shown = lines[..kept].join("\n");
        let shown = shown.trim_end();
        if shown.len() + ending < most {
            return format!("{shown}\n\n{last}\n");
        }
    }
    let first = lines.first().unwrap_or(last);
    let end = (0..=first.len().min(most.saturating_sub(4))).rev().find(|at| first.is_char_boundary(*at)).unwrap_or(0);
    let cut = if end < first.len() { "…" } else { "" };
    if end == 0 { String::new() } else { format!("{}{cut}", &first[..end]) }
}

type Cut = fn(&mut Report, &mut LeftOut);

/// The cuts, in their order.
pub(super) const CUTS: [Cut; 19] = [
    |report, left_out| {
        let mut buckets: Vec<&str> = report.rules.iter().map(|rule| rule.bucket.as_str()).collect();
        buckets.dedup();
        left_out.rules = buckets.len();
        report.rules.clear();
    },
    |report, left_out| {
        let usual = |kind: &str, unparsed: u64| unparsed == 0 && kind != "unrecognised" && kind != "skipped";
        left_out.sources = remove(&mut report.sources, |source| usual(&source.kind, source.unparsed));
    },
    |report, left_out| left_out.facts = remove(&mut report.facts, |fact| fact.agrees != Some(false)),
    |report, left_out| {
        left_out.unexplained = report.unexplained.len().saturating_sub(5);
        report.unexplained.truncate(5);
        left_out.not_checked = remove(&mut report.not_checked, |item| !item.changes_plan);
    },
    |report, left_out| {
        for item in report.causes.iter_mut().flat_map(|cause| &mut cause.evidence) {
            left_out.citations += item.citations.len().saturating_sub(1);
            item.citations.truncate(1);
        }
    },
    |report, left_out| shorten_citations(report, left_out, 160),
    |report, left_out| {
        let beyond = report.causes.iter_mut().filter(|cause| cause.role != "root-cause" && cause.role != "symptom");
        left_out.causes += beyond.skip(2).map(to_one_line).filter(|cut| *cut).count();
    },
    |report, left_out| {
        if let Some(table) = &mut report.destinations {
            left_out.destinations = table.rows.len().saturating_sub(5);
            table.rows.truncate(5);
        }
    },
    |report, left_out| {
        let minor = report.causes.iter_mut().filter(|cause| cause.role != "root-cause");
        for item in minor.flat_map(|cause| &mut cause.evidence).filter(|item| item.kind == "supports") {
            left_out.citations += item.citations.len();
            item.citations.clear();
        }
    },
    |report, left_out| {
        left_out.timeline = report.timeline.take().is_some();
        report.forecast = None;
    },
    |report, left_out| {
        let minor = report.causes.iter_mut().filter(|cause| cause.role != "root-cause");
        left_out.causes += minor.map(to_one_line).filter(|cut| *cut).count();
        left_out.sources += report.sources.len().saturating_sub(5);
        report.sources.truncate(5);
    },
    |report, left_out| {
        let supports = report.causes.iter_mut().flat_map(|cause| &mut cause.evidence).filter(|item| item.kind != "required");
        for item in supports {
            left_out.citations += item.citations.len();
            item.citations.clear();
        }
        left_out.unexplained += report.unexplained.len();
        report.unexplained.clear();
    },
    // Every command of them stands with its step, too.
    |_, left_out| left_out.checks = true,
    |report, left_out| {
        left_out.ages = report.queue.waiting_messages > 0;
        left_out.destinations += report.destinations.take().map_or(0, |table| table.rows.len());
    },
    |report, left_out| {
        for cause in &mut report.causes {
            left_out.signals += remove(&mut cause.evidence, |item| item.kind != "required");
            cause.references.clear();
        }
    },
    |report, left_out| first_sentences(report, left_out, |step| step.phase == "prevent"),
    |report, left_out| {
        for item in report.causes.iter_mut().flat_map(|cause| &mut cause.evidence) {
            left_out.citations += item.citations.len();
            item.citations.clear();
        }
    },
    // What to do first stays whole.
    |report, left_out| {
        let first: Vec<usize> = report.do_first.iter().map(|first| first.step).collect();
        first_sentences(report, left_out, |step| !first.contains(&step.number));
        left_out.checks = false;
    },
    // Then every cause is one line, and only what can change the plan is told of the rest.
    |report, left_out| {
        left_out.causes += report.causes.iter_mut().map(to_one_line).filter(|cut| *cut).count();
        (left_out.signals, left_out.citations) = (0, 0);
        report.changes.clear();
        first_sentences(report, left_out, |_| true);
        left_out.checks = false;
        left_out.facts += std::mem::take(&mut report.facts).len();
        left_out.sources += std::mem::take(&mut report.sources).len();
        left_out.not_checked += std::mem::take(&mut report.not_checked).len();
        left_out.brief = true;
    },
];

/// Leaves the first sentences of the steps that `fits`; what the others open stays locked.
fn first_sentences(report: &mut Report, left_out: &mut LeftOut, fits: impl Fn(&Step) -> bool) {
    for step in report.plan.iter_mut().filter(|step| fits(step)) {
        let parts = [&mut step.details, &mut step.why, &mut step.run, &mut step.letter, &mut step.good, &mut step.undo];
        let more = parts.into_iter().filter_map(Option::take).count() + std::mem::take(&mut step.effects).len();
        left_out.steps += usize::from(more > 0);
    }
}

/// Removes what `fits`; returns how much that was.
fn remove<T>(list: &mut Vec<T>, fits: impl Fn(&T) -> bool) -> usize {
    let before = list.len();
    list.retain(|item| !fits(item));
    before - list.len()
}

/// A cause without its evidence, which makes it one line; false if it was one before, or has no lines of its own.
fn to_one_line(cause: &mut Cause) -> bool {
    let cut = !cause.evidence.is_empty() && !matches!(&*cause.role, "symptom" | "note");
    cause.evidence.clear();
    cause.references.clear();
    cut
}

fn shorten_citations(report: &mut Report, left_out: &mut LeftOut, longest: usize) {
    for citation in report.causes.iter_mut().flat_map(|cause| &mut cause.evidence).flat_map(|item| &mut item.citations) {
        if citation.text.chars().count() > longest {
            (citation.text, citation.matched) = cite::shorten(&citation.text, citation.matched, longest);
            left_out.citations += 1;
        }
    }
}
