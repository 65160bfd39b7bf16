//! Causes with their evidence, what each explains, and what none explains.

use super::{Material, words};
use crate::diagnose::measure::{Asker, as_text};
use crate::diagnose::onset;
use crate::diagnose::rank::{Cause as Ranked, Role};
use crate::diagnose::verdict::{Judged, state};
use crate::diagnose::words::{Place, Words, shortened};
use crate::evidence::maillog::mask::mask;
use crate::report::cite::Lines;
use crate::report::view::{AccountsFor, Asked, AskedField, Cause, Citation, Evidence, Ladder, Share, Unexplained};
use crate::rules::model::{Condition, Matcher, Signal};
use crate::tables::{self, Column, Record, attempts, failures, host};
use std::collections::{BTreeMap, BTreeSet};

/// Parts of the share bar beside the residue.
const PARTS: usize = 5;

pub(super) fn shares(material: &Material<'_>, causes: &[Cause]) -> Vec<Share> {
    let diagnosis = material.diagnosis;
    let total = diagnosis.asker.judged(&failures::TABLE).len() as f64;
    if total == 0.0 {
        return Vec::new();
    }
    let mut taken: BTreeSet<u32> = BTreeSet::new();
    let mut shares = Vec::new();
    for (cause, view) in diagnosis.causes.iter().zip(causes) {
        if matches!(cause.role, Role::Symptom | Role::Note) {
            continue;
        }
        let own: Vec<u32> = cause.explains.iter().copied().filter(|at| !taken.contains(at)).collect();
        if own.is_empty() {
            continue;
        }
        taken.extend(&own);
        shares.push(Share {
            rule: Some(view.rule.clone()),
            title: view.title.clone(),
            role: view.role.clone(),
            recipients: own.len() as u64,
            share: own.len() as f64 / total,
        });
    }
    // A bar of many parts cannot be read: the smallest ones are one.
    if shares.len() > PARTS {
        let small = shares.split_off(PARTS - 1);
        let recipients = small.iter().map(|share| share.recipients).sum();
        shares.push(Share {
            rule: Some(small[0].rule.clone().unwrap_or_default()),
            title: format!("{} other causes", small.len()),
            role: small[0].role.clone(),
            recipients,
            share: recipients as f64 / total,
        });
    }
    let rest = diagnosis.asker.judged(&failures::TABLE).len() - taken.len();
    if rest > 0 {
        shares.push(Share {
            rule: None,
            title: "Unexplained".to_owned(),
            role: "unexplained".into(),
            recipients: rest as u64,
            share: rest as f64 / total,
        });
    }
    shares
}

pub(super) fn cause_view(material: &Material<'_>, cause: &Ranked<'_>, lines: &Lines) -> Cause {
    let judged = cause.judged;
    let rule = judged.rule;
    let words = words(material, cause);
    let (since, until) = onset::interval(material.diagnosis.asker, judged);
    let mut evidence = Vec::new();
    for (section, kind, entries) in
        [(0, "required", &rule.requires), (1, "supports", &rule.supports), (2, "contradicts", &rule.contradicts)]
    {
        for entry in entries {
            let whole = state(entry, &judged.answers);
            for (at, (name, signal)) in entry.signals().into_iter().enumerate() {
                // Of a group, what is met is shown; of a group that is not, everything.
                let Some(measure) = judged.answers.get(name) else { continue };
                if matches!(whole, Some(true)) && measure.met != Some(true) {
                    continue;
                }
                // That evidence was there at all is worth telling where nothing in it is.
                let shown = |(name, signal): &(&str, &Signal)| {
                    !signal.needs_no_record() && judged.answers.get(*name).is_some_and(|measure| measure.met == Some(true))
                };
                if signal.needs_no_record() && measure.met == Some(true) && entry.signals().iter().any(shown) {
                    continue;
                }
                // A group that only as a whole speaks against the cause is told by its first question.
                if section == 2 && whole != Some(true) && (at > 0 || measure.met == Some(true)) {
                    continue;
                }
                let kind = match (measure.met, section) {
                    (None, _) => "not-known",
                    (Some(false), 2) => "would-contradict",
                    // A support that was looked for and not found says nothing.
                    (Some(false), 1) => continue,
                    _ => kind,
                };
                evidence.push(signal_view(&words, name, signal, measure.met, kind, judged, lines));
            }
        }
    }
    Cause {
        rule: rule.id.clone(),
        bucket: rule.bucket.clone(),
        title: words.fill(&rule.title, Place::Plain),
        consequence: rule.consequence.as_ref().map(|text| words.fill(text, Place::Plain)),
        severity: rule.severity.name().into(),
        confidence: cause.confidence.name().into(),
        confidence_because: String::new(),
        ladder: Ladder {
            met: judged.required.0 as u64,
            required: judged.required.1 as u64,
            supporting: judged.supporting as u64,
            contradicting: judged.contradicting as u64,
        },
        role: cause.role.name().into(),
        symptom_of: cause.symptom_of.clone(),
        summary: words.fill(&rule.summary, Place::Markdown).trim().to_owned(),
        accounts_for: AccountsFor { waiting: cause.waiting, bounced: cause.bounced, share: cause.share },
        since,
        until,
        evidence,
        references: rule.references.clone(),
    }
}

fn signal_view(
    words: &Words<'_>,
    name: &str,
    signal: &Signal,
    met: Option<bool>,
    kind: &'static str,
    judged: &Judged<'_>,
    lines: &Lines,
) -> Evidence {
    let words = Words { signal: Some(name), ..*words };
    let measure = &judged.answers[name];
    let asked = match kind {
        "would-contradict" => Some(asked(signal)),
        "not-known" => signal.unknown.is_none().then(|| asked(signal)),
        _ => None,
    };
    let says = match (&asked, kind) {
        // Worded by the report's own words.
        (Some(_), _) => String::new(),
        (None, "not-known") => words.fill(signal.unknown.as_deref().unwrap_or_default(), Place::Markdown),
        (None, _) => words.fill(&signal.says, Place::Markdown),
    };
    let mut citations: Vec<Citation> = Vec::new();
    let mut total = 0;
    if met == Some(true) && !signal.needs_no_record() {
        let rows = words.asker.tables.rows(signal.table);
        total = measure.total;
        // The first record, and the first from another file, or else the last.
        let first = measure.rows.first();
        let other = first.and_then(|first| {
            let file = rows[*first as usize].source.file;
            measure.rows.iter().find(|at| rows[**at as usize].source.file != file).or(measure.rows.last())
        });
        for at in first.into_iter().chain(other.filter(|other| Some(*other) != first)) {
            let row = &rows[*at as usize];
            let source = match signal.table.name == host::TABLE.name {
                true => signal
                    .conditions
                    .first()
                    .and_then(|condition| words.asker.tables.host_source(condition.column))
                    .unwrap_or(row.source),
                false => row.source,
            };
            let cited = lines.cite_any(source, &matched_texts(row, signal, words.asker));
            citations
                .extend(cited.filter(|new| !citations.iter().any(|known| (&known.file, known.line) == (&new.file, new.line))));
        }
    }
    Evidence {
        signal: name.to_owned(),
        kind: kind.into(),
        says: says.trim().to_owned(),
        asked,
        met,
        citations,
        citations_total: total,
    }
}

/// What a signal asks for.
fn asked(signal: &Signal) -> Asked {
    let conditions = signal.conditions.iter().filter_map(|Condition { column, matcher }| match matcher {
        Matcher::OneOf(list) => Some(AskedField { field: signal.table.fields[column.0].name.to_owned(), values: list.clone() }),
        _ => None,
    });
    Asked { table: signal.table.name.to_owned(), conditions: conditions.collect(), after: signal.expect.after.is_some() }
}

/// What may be the part of a cited line that matters, the best first: the reason's text, or the values that the conditions
/// asked for, in the words of a log (`timed-out` is `timed out` there).
fn matched_texts(row: &Record, signal: &Signal, asker: &Asker<'_>) -> Vec<String> {
    let names = &asker.tables.names;
    let texts: &[Column] = match signal.table.name {
        "failures" => &[failures::reply_text, failures::reason],
        "attempts" => &[attempts::reply_text, attempts::reason],
        "rejects" => &[tables::rejects::text],
        "diagnostics" => &[tables::diagnostics::text],
        _ => &[],
    };
    let asks_reason =
        signal.conditions.iter().any(|condition| signal.table.fields[condition.column.0].name.starts_with("reason"));
    let by_reason = texts.iter().filter(|_| asks_reason || signal.table.name == "diagnostics");
    let mut found: Vec<String> = by_reason.filter_map(|column| row.text(*column, names)).map(str::to_owned).collect();
    // What was asked for by name says more than what was compared or searched for.
    let named = |condition: &&Condition| matches!(condition.matcher, Matcher::OneOf(_));
    let conditions = || signal.conditions.iter().rev();
    for condition in conditions().filter(named).chain(conditions().filter(|condition| !named(condition))) {
        let value = as_text(row.get(condition.column), names).filter(|value| value.len() > 2);
        found.extend(value.into_iter().flat_map(|value| [value.replace('-', " "), value]));
    }
    found
}

/// Reasons of the residue that are listed each by itself; strangers write them, and may never write one twice.
const MOST_REASONS: usize = 1_000;

pub(super) fn unexplained(material: &Material<'_>, lines: &Lines) -> Vec<Unexplained> {
    let diagnosis = material.diagnosis;
    let tables = &material.evidence.tables;
    let rows = tables.rows(&failures::TABLE);
    let total = diagnosis.asker.judged(&failures::TABLE).len().max(1) as f64;
    let mut groups: BTreeMap<String, (u64, u32)> = BTreeMap::new();
    for &at in &diagnosis.residue {
        let reason = rows[at as usize].text(failures::reason, &tables.names).unwrap_or_default();
        groups.entry(shortened(&mask(reason))).or_insert((0, at)).0 += 1;
    }
    let mut groups: Vec<(String, (u64, u32))> = groups.into_iter().collect();
    groups.sort_by(|(a, (more, _)), (b, (less, _))| less.cmp(more).then_with(|| a.cmp(b)));
    let rest = groups.split_off(groups.len().min(MOST_REASONS));
    let mut list: Vec<Unexplained> = groups
        .into_iter()
        .map(|(reason, (count, at))| {
            let row = &rows[at as usize];
            let citation = lines.cite(row.source, row.text(failures::reason, &tables.names));
            Unexplained { reason, count, share: count as f64 / total, citation }
        })
        .collect();
    if !rest.is_empty() {
        let count = rest.iter().map(|(_, (count, _))| count).sum();
        let reason = format!("({} more reasons)", rest.len());
        list.push(Unexplained { reason, count, share: count as f64 / total, citation: None });
    }
    list
}
