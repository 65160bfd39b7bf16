//! From a diagnosis to the view model: gathers, counts and words, decides nothing.

use super::changes::changes;
use super::cite::Lines;
use super::forecast::forecast;
use super::phrases::Phrases;
use super::view::{
    AccountsFor, AgeBucket, Band, Cause, Citation, Count, Deadline, DestinationRow, Destinations, DoFirst, DoNot, Evidence, Fact,
    Key, Ladder, Lane, LastGood, MadeBy, MessageFlow, NotChecked, Phase, Queue, Report, RuleRow, Share, Size, SourceRow, Span,
    State, Step, Timeline, Traffic, Trend, Unexplained, Verdict,
};
use crate::diagnose::diagnosis::Diagnosis;
use crate::diagnose::measure::{Asker, as_text};
use crate::diagnose::rank::{Cause as Ranked, Role};
use crate::diagnose::verdict::{Judged, state};
use crate::diagnose::words::{Place, Words, shortened, visible};
use crate::evidence::Evidence as Collected;
use crate::evidence::maillog::mask::mask;
use crate::evidence::maillog::traffic::Traffic as Counted;
use crate::rules::RuleSet;
use crate::rules::model::{Condition, Entry, Matcher, PHASES, Severity, Signal};
use crate::tables::{self, Column, Record, Value, attempts, failures, filesystems, host, hosts, lookups, queue};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Everything that a report is made from.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// The diagnosis.
    pub diagnosis: &'a Diagnosis<'a>,
    /// The evidence.
    pub evidence: &'a Collected,
    /// The rules in force.
    pub rules: &'a RuleSet,
    /// Path of the bundle as given.
    pub bundle: &'a str,
    /// Start of the window.
    pub from: Option<Time>,
}

/// Gathers the report. Texts of cited lines come from `lines`, which notes what is asked of it: assemble once with an
/// empty one, read those lines, assemble again.
pub fn assemble(material: &Material<'_>, lines: &Lines) -> Report {
    let Material { diagnosis, evidence, rules, .. } = *material;
    let tables = &evidence.tables;
    let primary = diagnosis.causes.iter().find(|cause| cause.role == Role::RootCause);
    let since = primary.and_then(|cause| Words::interval(diagnosis.asker, cause.judged).0);
    let causes: Vec<Cause> = diagnosis.causes.iter().map(|cause| cause_view(material, cause, lines)).collect();
    let queue = queue_view(material);
    let timeline = evidence.traffic.as_ref().and_then(|traffic| timeline(traffic, material.from, since, &causes));
    let mut key = key(material, primary, since, &queue, lines);
    let deadline = key.deadline.as_ref().map(|deadline| deadline.time);
    let forecast = timeline.as_ref().and_then(|timeline| forecast(timeline, queue.waiting_messages, deadline));
    key.trend = forecast.as_ref().map_or(key.trend, |forecast| forecast.trend);
    let plan: Vec<Step> = diagnosis.plan.steps.iter().enumerate().map(|(at, step)| step_view(at + 1, step)).collect();
    let mut report = Report {
        schema: super::view::SCHEMA.into(),
        verdict: diagnosis.verdict,
        headline: String::new(),
        also: also(material, primary),
        host: tables
            .host()
            .and_then(|row| row.text(host::fqdn, &tables.names).or_else(|| row.text(host::hostname, &tables.names)))
            .or_else(|| tables.setting("myhostname"))
            .map(visible),
        collected_at: tables.host().and_then(|row| row.time(host::collected_at)).or(evidence.end),
        window: material.from.zip(evidence.end).map(|(from, to)| Span { from: from.max(earliest(evidence).unwrap_or(from)), to }),
        key,
        do_first: do_first(&plan),
        do_not: diagnosis
            .plan
            .do_not
            .iter()
            .take(4)
            .map(|warning| DoNot { command: warning.run.clone(), why: warning.why.clone(), hurts: warning.hurts })
            .collect(),
        shares: shares(material, &causes),
        unexplained: unexplained(material, lines),
        not_checked: not_checked(material),
        phases: rules
            .plan
            .phases
            .iter()
            .map(|(id, title, says)| Phase { id: id.clone(), title: title.clone(), says: says.clone() })
            .collect(),
        plan,
        queue,
        traffic: evidence.traffic.as_ref().map(|traffic| traffic_view(traffic, material)).unwrap_or_default(),
        changes: since.map(|since| changes(material, since, lines)).unwrap_or_default(),
        timeline,
        forecast,
        causes,
        destinations: destinations(material),
        facts: facts(material, lines),
        state: settings_and_dns(material),
        sources: sources(material, lines),
        rules: diagnosis
            .judged
            .iter()
            .map(|judged| RuleRow {
                id: judged.rule.id.clone(),
                bucket: judged.rule.bucket.clone(),
                result: judged.outcome.name().into(),
            })
            .collect(),
        made_by: MadeBy {
            version: env!("CARGO_PKG_VERSION").into(),
            rules_sha256: rules.digest.clone(),
            rules: rules.rules.len(),
            reasons: rules.reasons.entries.len(),
            bundle: material.bundle.to_owned(),
        },
    };
    word(&mut report);
    report
}

/// Adds what is worded from the rest, in English: a template words it anew in its own language.
fn word(report: &mut Report) {
    let phrases = Phrases::built_in();
    report.headline = phrases.headline(report);
    let primary = report.causes.iter().find(|cause| cause.role == Role::RootCause.name());
    report.key.confidence_because = primary.map(|cause| phrases.ladder(&cause.ladder));
    for cause in &mut report.causes {
        cause.confidence_because = phrases.because(cause);
    }
}

fn earliest(evidence: &Collected) -> Option<Time> {
    evidence.traffic.as_ref().and_then(|traffic| traffic.first)
}

fn words<'a>(material: &Material<'a>, cause: &'a Ranked<'a>) -> Words<'a> {
    Words {
        asker: material.diagnosis.asker,
        judged: Some(cause.judged),
        signal: None,
        accounts: (cause.waiting, cause.bounced, cause.share),
        hurts: 0,
    }
}

/// What a reader must know of a second cause.
fn also(material: &Material<'_>, primary: Option<&Ranked<'_>>) -> Option<String> {
    primary?;
    let second = material.diagnosis.causes.iter().find(|cause| cause.role == Role::Contributing)?;
    let words = words(material, second);
    let title = words.fill(&second.judged.rule.title, Place::Markdown);
    let summary = words.fill(&second.judged.rule.summary, Place::Markdown);
    Some(format!("**A second problem: {title}.** {}", summary.trim()))
}

fn key(material: &Material<'_>, primary: Option<&Ranked<'_>>, since: Option<Time>, queue: &Queue, lines: &Lines) -> Key {
    let evidence = material.evidence;
    let tables = &evidence.tables;
    let rows = tables.rows(&failures::TABLE);
    let asker = material.diagnosis.asker;
    let waiting: Vec<u32> =
        asker.judged(&failures::TABLE).iter().copied().filter(|at| is_waiting(&rows[*at as usize], material)).collect();
    let size = Size {
        messages: queue.waiting_messages,
        recipients: queue.waiting_recipients,
        domains: asker.distinct(&failures::TABLE, &waiting, failures::recipient_domain),
        bounced: (asker.judged(&failures::TABLE).len() - waiting.len()) as u64,
    };
    Key {
        confidence: primary.map(|cause| cause.confidence.name().into()),
        confidence_because: None,
        since,
        last_good: since.and_then(|since| last_good(material, since, lines)),
        size,
        trend: since.and_then(|since| trend(material, since)),
        deadline: deadline(material, lines),
    }
}

pub(super) fn is_waiting(row: &Record, material: &Material<'_>) -> bool {
    row.text(failures::outcome, &material.evidence.tables.names) == Some("waiting")
}

fn last_good(material: &Material<'_>, since: Time, lines: &Lines) -> Option<LastGood> {
    let tables = &material.evidence.tables;
    let names = &tables.names;
    let good = tables
        .rows(&attempts::TABLE)
        .iter()
        .filter(|row| row.text(attempts::status, names) == Some("sent"))
        .filter(|row| row.text(attempts::daemon, names) == Some("smtp"))
        .filter(|row| row.text(attempts::provider, names) != Some("this-server"))
        .filter_map(|row| {
            // Of a record of several events, the last one, or else the first.
            let last = row.several().map(|several| (several.until, several.last)).filter(|(time, _)| *time <= since);
            last.or_else(|| Some((row.time(attempts::time)?, row.source)))
        })
        .filter(|(time, _)| *time <= since)
        .max_by_key(|(time, _)| *time)?;
    Some(LastGood { time: good.0, citation: lines.cite(good.1, Some("status=sent"))? })
}

fn trend(material: &Material<'_>, since: Time) -> Option<Trend> {
    let end = material.evidence.end?;
    let over = end.since(since);
    if over < 600.0 {
        return None;
    }
    let tables = &material.evidence.tables;
    let mut messages = BTreeSet::new();
    for row in tables.rows(&failures::TABLE).iter().filter(|row| is_waiting(row, material)) {
        if row.time(failures::arrived).is_some_and(|arrived| arrived >= since.plus(-3600.0)) {
            messages.insert(as_text(row.get(failures::queue_id), &tables.names));
        }
    }
    Some(Trend { per_hour: messages.len() as f64 / (over / 3600.0), over })
}

fn deadline(material: &Material<'_>, lines: &Lines) -> Option<Deadline> {
    let tables = &material.evidence.tables;
    let mut found: Option<Deadline> = None;
    for (parameter, notifications) in [("maximal_queue_lifetime", false), ("bounce_queue_lifetime", true)] {
        let written = tables.setting(parameter).filter(|value| !value.contains('$'));
        let value = written.unwrap_or("5d");
        let Some(lifetime) = time_value(value) else { continue };
        let oldest = tables
            .rows(&failures::TABLE)
            .iter()
            .filter(|row| is_waiting(row, material))
            .filter(|row| (row.text(failures::sender, &tables.names) == Some("")) == notifications)
            .filter_map(|row| row.time(failures::arrived))
            .min();
        let Some(time) = oldest.map(|arrived| arrived.plus(lifetime)) else { continue };
        if found.as_ref().is_none_or(|known| time < known.time) {
            let citation = written.and_then(|_| {
                let row = tables
                    .rows(&tables::settings::TABLE)
                    .iter()
                    .rev()
                    .find(|row| row.text(tables::settings::name, &tables.names) == Some(parameter))?;
                lines.cite(row.source, Some(value))
            });
            found = Some(Deadline { time, parameter: parameter.into(), value: value.to_owned(), citation });
        }
    }
    found
}

/// A time value of main.cf in seconds (postconf(5): a number with s, m, h, d or w; days for queue lifetimes without one).
fn time_value(text: &str) -> Option<f64> {
    let text = text.trim();
    let (digits, unit) = match text.char_indices().find(|(_, c)| !c.is_ascii_digit()) {
        Some((at, _)) => text.split_at(at),
        None => (text, "d"),
    };
    let number: f64 = digits.parse().ok()?;
    let factor = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        _ => return None,
    };
    Some(number * factor)
}

fn do_first(plan: &[Step]) -> Vec<DoFirst> {
    let mut first: Vec<&Step> = plan.iter().filter(|step| matches!(&*step.phase, "contain" | "fix")).take(3).collect();
    // A plan that only looks (read-only) before it changes still starts there.
    if first.is_empty() {
        first = plan.iter().take(1).collect();
    }
    first.into_iter().map(|step| DoFirst { step: step.number, text: step.action.clone() }).collect()
}

/// Parts of the share bar beside the residue.
const PARTS: usize = 5;

fn shares(material: &Material<'_>, causes: &[Cause]) -> Vec<Share> {
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

fn cause_view(material: &Material<'_>, cause: &Ranked<'_>, lines: &Lines) -> Cause {
    let judged = cause.judged;
    let rule = judged.rule;
    let words = words(material, cause);
    let (since, until) = Words::interval(material.diagnosis.asker, judged);
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
    let says = match kind {
        "not-known" => match &signal.unknown {
            Some(text) => words.fill(text, Place::Markdown),
            None => format!("Not collected: the table `{}` has no answer to this.", signal.table.name),
        },
        "would-contradict" => format!("Looked for and not found: {}", describe(signal)),
        _ => words.fill(&signal.says, Place::Markdown),
    };
    let mut citations: Vec<Citation> = Vec::new();
    let mut total = 0;
    if met == Some(true) {
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
            let matched = matched_text(row, signal, words.asker);
            let cited = lines.cite(source, matched.as_deref());
            citations
                .extend(cited.filter(|new| !citations.iter().any(|known| (&known.file, known.line) == (&new.file, new.line))));
        }
    }
    Evidence { signal: name.to_owned(), kind: kind.into(), says: says.trim().to_owned(), met, citations, citations_total: total }
}

/// A signal that was looked for and not found, in the words of its conditions.
fn describe(signal: &Signal) -> String {
    let conditions: Vec<String> = signal
        .conditions
        .iter()
        .filter_map(|Condition { column, matcher }| {
            let field = signal.table.fields[column.0].name;
            match matcher {
                Matcher::OneOf(list) => Some(format!("{field} {}", list.join(" or "))),
                _ => None,
            }
        })
        .collect();
    let after = signal.expect.after.as_ref().map_or(String::new(), |_| " after the onset".to_owned());
    format!(
        "{} with {}{after}.",
        signal.table.name,
        if conditions.is_empty() { "these properties".to_owned() } else { conditions.join(", ") }
    )
}

/// The part of a cited line that matters: the reason's text, or the value that a condition asked for.
fn matched_text(row: &Record, signal: &Signal, asker: &Asker<'_>) -> Option<String> {
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
    let by_reason =
        texts.iter().filter(|_| asks_reason || signal.table.name == "diagnostics").find_map(|column| row.text(*column, names));
    let by_value =
        || signal.conditions.iter().rev().find_map(|condition| row.text(condition.column, names).filter(|text| text.len() > 2));
    by_reason.or_else(by_value).map(str::to_owned)
}

fn unexplained(material: &Material<'_>, lines: &Lines) -> Vec<Unexplained> {
    let diagnosis = material.diagnosis;
    let tables = &material.evidence.tables;
    let rows = tables.rows(&failures::TABLE);
    let total = diagnosis.asker.judged(&failures::TABLE).len().max(1) as f64;
    let mut groups: BTreeMap<String, (u64, u32)> = BTreeMap::new();
    for &at in &diagnosis.residue {
        let reason = rows[at as usize].text(failures::reason, &tables.names).unwrap_or_default();
        groups.entry(shortened(&mask(reason))).or_insert((0, at)).0 += 1;
    }
    let mut list: Vec<Unexplained> = groups
        .into_iter()
        .map(|(reason, (count, at))| {
            let row = &rows[at as usize];
            let citation = lines.cite(row.source, row.text(failures::reason, &tables.names));
            Unexplained { reason, count, share: count as f64 / total, citation }
        })
        .collect();
    list.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
    list
}

fn not_checked(material: &Material<'_>) -> Vec<NotChecked> {
    let diagnosis = material.diagnosis;
    let mut list: Vec<NotChecked> = Vec::new();
    let mut note = |judged: &Judged<'_>, entries: &[Entry], changes_plan: bool| {
        for (name, signal) in entries.iter().flat_map(Entry::signals) {
            if judged.answers.get(name).is_some_and(|measure| measure.met.is_none()) {
                let (needs, command) = needs(signal, material);
                if changes_plan || !list.iter().any(|known| known.rule == judged.rule.id) {
                    list.push(NotChecked {
                        rule: judged.rule.id.clone(),
                        title: Words {
                            asker: diagnosis.asker,
                            judged: Some(judged),
                            signal: None,
                            accounts: (0, 0, 0.0),
                            hurts: 0,
                        }
                        .fill(&judged.rule.title, Place::Plain),
                        signal: name.to_owned(),
                        needs,
                        command,
                        changes_plan,
                    });
                }
            }
        }
    };
    for cause in diagnosis.causes.iter().filter(|cause| matches!(cause.role, Role::RootCause | Role::Contributing)) {
        note(cause.judged, &cause.judged.rule.requires, true);
        note(cause.judged, &cause.judged.rule.contradicts, true);
        note(cause.judged, &cause.judged.rule.supports, true);
    }
    let trouble = diagnosis.verdict != Verdict::Healthy;
    for judged in diagnosis.not_checked() {
        let matters = trouble && judged.required.0 > 0 && judged.rule.severity >= Severity::High;
        note(judged, &judged.rule.requires, matters);
    }
    list.sort_by_key(|item| !item.changes_plan);
    list
}

/// What evidence a signal needs, and the command that collects it.
fn needs(signal: &Signal, material: &Material<'_>) -> (String, Option<String>) {
    let table = signal.table;
    let fits = |answers: &crate::rules::kinds::Answers| {
        answers.table == table.name
            && answers.fields.iter().all(|(field, value)| {
                signal.conditions.iter().any(|condition| {
                    table.fields[condition.column.0].name == field
                        && match &condition.matcher {
                            Matcher::OneOf(list) => list.iter().any(|one| one.eq_ignore_ascii_case(value)),
                            _ => true,
                        }
                })
            })
    };
    let best = material
        .rules
        .kinds
        .iter()
        .flat_map(|kind| kind.collect.iter().map(move |collect| (kind, collect)))
        .flat_map(|(kind, collect)| collect.answers.iter().map(move |answers| (kind, collect, answers)))
        .filter(|(_, _, answers)| fits(answers))
        .max_by_key(|(_, _, answers)| answers.fields.len());
    match best {
        Some((kind, collect, _)) => {
            let words = Words { asker: material.diagnosis.asker, judged: None, signal: None, accounts: (0, 0, 0.0), hurts: 0 };
            let run = words.fill(&collect.run, Place::Shell);
            // A redirection belongs to the last command only, unless braces hold them together.
            let several = run.contains(';') || run.contains("&&") || run.contains("||") || run.trim().contains('\n');
            let command = match (collect.save.is_empty(), several) {
                (true, _) => run,
                (false, true) => format!("{{ {}; }} > {}", run.trim().trim_end_matches(';'), collect.save),
                (false, false) => format!("{run} > {}", collect.save),
            };
            (kind.title.clone(), Some(command))
        }
        None => (table.doc.trim().to_owned(), None),
    }
}

fn step_view(number: usize, step: &crate::diagnose::plan::Step) -> Step {
    let (action, details) = first_sentence(&step.action);
    Step {
        number,
        phase: PHASES[step.phase].into(),
        causes: step.causes.clone(),
        action,
        details,
        why: step.why.clone(),
        run: step.run.clone(),
        risk: step.risk.into(),
        good: step.good.clone(),
        undo: step.undo.clone(),
        locked_by: step.locked_by.clone(),
    }
}

/// The first sentence, without its full stop, and the rest. A stop inside a code span or a name ends nothing.
fn first_sentence(text: &str) -> (String, Option<String>) {
    let mut in_code = false;
    let bytes = text.as_bytes();
    for (at, c) in text.char_indices() {
        match c {
            '`' => in_code = !in_code,
            '.' | ':' if !in_code && matches!(bytes.get(at + 1), Some(b' ' | b'\n') | None) => {
                let rest = text[at + 1..].trim();
                if rest.is_empty() || rest.starts_with(|c: char| c.is_uppercase() || c == '`' || c == '*') {
                    return (text[..at].trim().to_owned(), (!rest.is_empty()).then(|| rest.to_owned()));
                }
            }
            _ => {}
        }
    }
    (text.trim().to_owned(), None)
}

/// qshape's bucket limits in minutes.
const AGES: [u32; 9] = [5, 10, 20, 40, 80, 160, 320, 640, 1280];

fn queue_view(material: &Material<'_>) -> Queue {
    let evidence = material.evidence;
    let tables = &evidence.tables;
    let rows = tables.rows(&failures::TABLE);
    // A message counts once: by its queue id.
    let mut messages: HashMap<Option<String>, &Record> = HashMap::new();
    let mut recipients = 0;
    for row in rows.iter().filter(|row| is_waiting(row, material)) {
        recipients += 1;
        messages.entry(as_text(row.get(failures::queue_id), &tables.names)).or_insert(row);
    }
    let mut ages: Vec<AgeBucket> = Vec::new();
    let mut from = 0;
    for to in AGES.iter().map(|to| Some(*to)).chain([None]) {
        ages.push(AgeBucket { from_minutes: from, to_minutes: to, messages: 0 });
        from = to.unwrap_or(0);
    }
    let mut by_queue: BTreeMap<String, u64> = BTreeMap::new();
    let mut bytes = None;
    for row in messages.values() {
        if let Value::Number(age) = row.get(failures::age) {
            let bucket = AGES.iter().position(|limit| age < f64::from(*limit) * 60.0).unwrap_or(AGES.len());
            ages[bucket].messages += 1;
        }
        if let Some(name) = row.text(failures::queue, &tables.names) {
            *by_queue.entry(name.to_owned()).or_default() += 1;
        }
        if let Some(size) = row.int(failures::size) {
            *bytes.get_or_insert(0) += u64::try_from(size).unwrap_or(0);
        }
    }
    Queue {
        listed: tables.is_collected(&queue::TABLE).then_some(messages.len() as u64),
        waiting_messages: messages.len() as u64,
        waiting_recipients: recipients,
        bytes,
        oldest: messages.values().filter_map(|row| row.time(failures::arrived)).min(),
        ages,
        by_queue: by_queue.into_iter().map(|(name, count)| Count { name, count }).collect(),
    }
}

/// Rows of a "top" list.
const TOP: usize = 10;

fn top<'c>(counts: impl IntoIterator<Item = (&'c String, &'c u64)>, limit: usize) -> Vec<Count> {
    let mut list: Vec<Count> = counts.into_iter().map(|(name, count)| Count { name: name.clone(), count: *count }).collect();
    list.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    list.truncate(limit);
    list
}

fn traffic_view(counted: &Counted, material: &Material<'_>) -> Traffic {
    let tables = &material.evidence.tables;
    let rows = tables.rows(&attempts::TABLE);
    let all: Vec<u32> = (0..rows.len() as u32).collect();
    let by_reason = material.diagnosis.asker.counts(&attempts::TABLE, &all, attempts::reason_class);
    Traffic {
        lines: counted.lines,
        messages: counted.messages,
        sent: counted.sent,
        deferred_attempts: counted.deferred_attempts,
        bounced: counted.bounced,
        expired: counted.expired,
        rejected: counted.rejected,
        by_dsn: top(&counted.by_dsn, usize::MAX),
        top_deferred_domains: top(&counted.deferred_domains, TOP),
        top_bounced_domains: top(&counted.bounced_domains, TOP),
        top_senders: top(&counted.senders, TOP),
        top_sasl_users: top(&counted.sasl_users, TOP),
        by_reason: top(&by_reason, usize::MAX),
    }
}

/// Column widths of the timeline: the smallest that gives 60 columns or fewer.
const WIDTHS: [u32; 9] = [60, 300, 900, 1800, 3600, 21_600, 86_400, 604_800, 31_536_000];
const COLUMNS: i64 = 60;

fn timeline(counted: &Counted, from: Option<Time>, onset: Option<Time>, causes: &[Cause]) -> Option<Timeline> {
    let first = counted.first.map(|first| from.map_or(first, |from| first.max(from)))?;
    let last = counted.last?;
    if last < first {
        return None;
    }
    let columns = |width: u32| {
        let width = i64::from(width);
        last.seconds().div_euclid(width) - first.seconds().div_euclid(width) + 1
    };
    let width = *WIDTHS.iter().find(|width| columns(**width) <= COLUMNS).unwrap_or(&WIDTHS[8]);
    let count = columns(width).clamp(1, COLUMNS) as usize;
    let start = first.seconds().div_euclid(i64::from(width)) * i64::from(width);
    let mut lanes = ["delivered", "deferred", "bounced"].map(|name| Lane { name: name.into(), counts: vec![0; count] });
    let mut messages = MessageFlow { arrived: vec![0; count], left: vec![0; count], deleted: vec![0; count] };
    for (at, minute) in &counted.minutes {
        let column = (at * 60 - start).div_euclid(i64::from(width));
        if let Ok(column) = usize::try_from(column)
            && column < count
        {
            for (lane, number) in lanes.iter_mut().zip([minute.delivered, minute.deferred, minute.bounced]) {
                lane.counts[column] += number;
            }
            messages.arrived[column] += minute.arrived;
            messages.left[column] += minute.left;
            messages.deleted[column] += minute.deleted;
        }
    }
    let mut runs = counted.covered.clone();
    runs.sort_unstable();
    let mut gaps = Vec::new();
    let mut seen_until: Option<i64> = None;
    for (from_minute, to_minute) in runs {
        if let Some(until) = seen_until {
            // A gap that fills two whole columns, and at least half an hour.
            if (from_minute - until) * 60 > i64::from(width) * 2 && from_minute - until > 30 {
                let span = Span { from: Time::from_seconds((until + 1) * 60), to: Time::from_seconds(from_minute * 60) };
                if span.to > first {
                    gaps.push(span);
                }
            }
        }
        seen_until = Some(seen_until.map_or(to_minute, |until| until.max(to_minute)));
    }
    let bands = causes
        .iter()
        .filter(|cause| cause.role == Role::Contributing.name())
        .filter_map(|cause| {
            let lane = if cause.accounts_for.bounced > cause.accounts_for.waiting { "bounced" } else { "deferred" };
            Some(Band { lane: lane.into(), from: cause.since?, to: cause.until?, title: cause.title.clone() })
        })
        .take(2)
        .collect();
    Some(Timeline { from: Time::from_seconds(start), column: width, lanes: lanes.into(), messages, gaps, onset, bands })
}

/// Rows and reason columns of the destination table.
const DESTINATIONS: usize = 8;
const REASONS: usize = 4;

fn destinations(material: &Material<'_>) -> Option<Destinations> {
    let tables = &material.evidence.tables;
    let rows = tables.rows(&failures::TABLE);
    let judged = material.diagnosis.asker.judged(&failures::TABLE);
    if judged.is_empty() {
        return None;
    }
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    let mut groups: BTreeMap<String, (BTreeMap<String, u64>, u64)> = BTreeMap::new();
    let class_of = |row: &Record| {
        let nothing = if row.get(failures::reason) == Value::Missing { "no reason yet" } else { "not classified" };
        row.text(failures::reason_class, &tables.names).unwrap_or(nothing).to_owned()
    };
    for &at in judged {
        let row = &rows[at as usize];
        if is_waiting(row, material) {
            *reasons.entry(class_of(row)).or_default() += 1;
        }
        let provider = row.text(failures::provider, &tables.names);
        let domain = row.text(failures::recipient_domain, &tables.names).unwrap_or_default();
        let key = match provider {
            Some(provider) if material.rules.providers.is_known(provider) => provider.to_owned(),
            _ => domain.to_owned(),
        };
        let group = groups.entry(key).or_default();
        *group.0.entry(domain.to_owned()).or_default() += 1;
        group.1 += 1;
    }
    let shown: Vec<String> = top(&reasons, REASONS).into_iter().map(|count| count.name).collect();
    let has_other = reasons.len() > shown.len();
    let mut columns: Vec<String> = shown.iter().map(|class| material.rules.reasons.title(class).to_owned()).collect();
    if has_other {
        columns.push("other".to_owned());
    }
    columns.push("bounced".to_owned());
    let mut order: Vec<(&String, u64)> = groups.iter().map(|(key, (_, count))| (key, *count)).collect();
    order.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    let place: HashMap<&String, usize> = order.iter().enumerate().map(|(at, (key, _))| (*key, at.min(DESTINATIONS))).collect();
    let mut table: Vec<DestinationRow> = order
        .iter()
        .take(DESTINATIONS)
        .map(|(key, _)| {
            let domains: Vec<String> = top(&groups[*key].0, 3).into_iter().map(|count| count.name).collect();
            let more = groups[*key].0.len().saturating_sub(3);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let provider = material.rules.providers.is_known(key).then(|| material.rules.providers.title(key).to_owned());
            let name = if domains.iter().all(String::is_empty) { "no domain".to_owned() } else { domains.join(", ") + &more };
            DestinationRow { name, provider, counts: vec![0; columns.len()] }
        })
        .collect();
    if order.len() > DESTINATIONS {
        let domains: usize = order[DESTINATIONS..].iter().map(|(key, _)| groups[*key].0.len()).sum();
        table.push(DestinationRow { name: format!("{domains} other domains"), provider: None, counts: vec![0; columns.len()] });
    }
    let mut totals = vec![0; columns.len()];
    for &at in judged {
        let row = &rows[at as usize];
        let provider = row.text(failures::provider, &tables.names).unwrap_or_default();
        let domain = row.text(failures::recipient_domain, &tables.names).unwrap_or_default();
        let key = if material.rules.providers.is_known(provider) { provider.to_owned() } else { domain.to_owned() };
        let line = place.get(&key).copied().unwrap_or(0).min(table.len() - 1);
        let column = if !is_waiting(row, material) {
            columns.len() - 1
        } else {
            shown.iter().position(|class| *class == class_of(row)).unwrap_or(shown.len())
        };
        table[line].counts[column] += 1;
        totals[column] += 1;
    }
    Some(Destinations { columns, rows: table, totals })
}

fn facts(material: &Material<'_>, lines: &Lines) -> Vec<Fact> {
    let tables = &material.evidence.tables;
    let mut facts = Vec::new();
    let same = |a: &str, b: &str| a.trim_end_matches('.').eq_ignore_ascii_case(b.trim_end_matches('.'));
    let setting = |name: &str| tables.setting(name).filter(|value| !value.is_empty());
    let setting_source = |name: &str| {
        let rows = tables.rows(&tables::settings::TABLE).iter().rev();
        rows.into_iter().find(|row| row.text(tables::settings::name, &tables.names) == Some(name)).map(|row| row.source)
    };
    let mut add = |name: &str, value: Option<String>, agrees: Option<bool>, source: Option<tables::Citation>| {
        if let Some(value) = value {
            facts.push(Fact {
                name: name.to_owned(),
                value: shortened(&visible(&value)),
                agrees,
                citation: source.and_then(|source| lines.cite(source, None)),
            });
        }
    };
    let host_row = tables.host();
    let field = |column: Column| host_row.and_then(|row| as_text(row.get(column), &tables.names));
    let source = |column: Column| tables.host_source(column);
    let fqdn = field(host::fqdn);
    let myhostname = setting("myhostname").map(str::to_owned);
    let agree = fqdn.as_ref().zip(myhostname.as_ref()).map(|(a, b)| same(a, b));
    add("host name", fqdn.clone(), agree, source(host::fqdn));
    add("myhostname", myhostname.clone(), agree, setting_source("myhostname"));
    let relay_known = tables.is_collected(&tables::settings::TABLE);
    let relayhost = setting("relayhost")
        .map(str::to_owned)
        .or_else(|| relay_known.then(|| "none: mail goes to each domain's mail exchanger".to_owned()));
    add("relayhost", relayhost, None, setting_source("relayhost"));
    let own_name = myhostname.as_ref().or(fqdn.as_ref());
    let ptr = tables.rows(&lookups::TABLE).iter().find(|row| row.text(lookups::r#type, &tables.names) == Some("PTR"));
    if let Some(row) = ptr {
        let answer = row.text(lookups::answer, &tables.names);
        let status = row.text(lookups::status, &tables.names).unwrap_or_default();
        let agrees = Some(answer.zip(own_name).is_some_and(|(answer, name)| same(answer, name)));
        add(
            "reverse DNS (PTR)",
            Some(answer.map_or_else(|| format!("none ({status})"), str::to_owned)),
            agrees,
            Some(row.source),
        );
    }
    add("public address", field(host::public_ip), None, source(host::public_ip));
    let own_ip = tables
        .rows(&hosts::TABLE)
        .iter()
        .find(|row| row.text(hosts::name, &tables.names).zip(own_name.map(String::as_str)).is_some_and(|(a, b)| same(a, b)));
    add(
        "address in /etc/hosts",
        own_ip.and_then(|row| as_text(row.get(hosts::ip), &tables.names)),
        None,
        own_ip.map(|row| row.source),
    );
    add("name server", field(host::nameserver), None, source(host::nameserver));
    add("clock synchronised", field(host::clock_synchronized), None, source(host::clock_synchronized));
    let drift = host_row.and_then(|row| match row.get(host::clock_rtc_difference) {
        Value::Number(seconds) => Some(crate::diagnose::words::duration(seconds)),
        _ => None,
    });
    add("system clock and hardware clock differ by", drift, None, source(host::clock_rtc_difference));
    add("Postfix runs", field(host::postfix_running), None, source(host::postfix_running));
    add("Postfix version", field(host::postfix_version), None, source(host::postfix_version));
    let queue_fs = tables.rows(&filesystems::TABLE).iter().find(|row| row.get(filesystems::holds_queue) == Value::Bool(true));
    if let Some(row) = queue_fs {
        let part = |column: Column| match row.get(column) {
            Value::Number(part) => Some(crate::diagnose::words::percent(part)),
            _ => None,
        };
        let mount = row.text(filesystems::mount, &tables.names).unwrap_or("/");
        let used = part(filesystems::used_share).map(|used| format!("{mount} {used} full"));
        add("queue file system", used, None, Some(row.source));
        add("its inodes", part(filesystems::inodes_used_share).map(|used| format!("{used} in use")), None, Some(row.source));
    }
    add(
        "load (1, 5, 15 min)",
        field(host::load1).map(|one| {
            let more: Vec<String> = [host::load5, host::load15].into_iter().filter_map(field).collect();
            [vec![one], more].concat().join(", ")
        }),
        None,
        source(host::load1),
    );
    let memory = host_row
        .and_then(|row| row.int(host::mem_available))
        .map(|bytes| format!("{:.1} GiB", bytes as f64 / (1u64 << 30) as f64));
    add("memory available", memory, None, source(host::mem_available));
    facts
}

/// Settings and look-ups that a report keeps at most.
const STATE: usize = 500;

fn settings_and_dns(material: &Material<'_>) -> State {
    let tables = &material.evidence.tables;
    let text = |row: &Record, column: Column| row.text(column, &tables.names).map(|text| shortened(&visible(text)));
    let settings = tables.is_collected(&tables::settings::TABLE).then(|| {
        let rows = tables.rows(&tables::settings::TABLE).iter();
        let set = rows.filter(|row| row.get(tables::settings::is_default) != Value::Bool(true));
        let set = set.filter_map(|row| Some((text(row, tables::settings::name)?, text(row, tables::settings::value)?)));
        set.take(STATE).collect()
    });
    let mut dns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in tables.rows(&lookups::TABLE).iter().take(STATE) {
        let (Some(name), Some(kind)) = (text(row, lookups::name), text(row, lookups::r#type)) else { continue };
        let said = text(row, lookups::answer).or_else(|| text(row, lookups::status));
        let answers = dns.entry(format!("{kind} {name}")).or_default();
        answers.extend(said.filter(|said| !answers.contains(said)));
    }
    dns.values_mut().for_each(|answers| answers.sort());
    State { settings, dns }
}

fn sources(material: &Material<'_>, lines: &Lines) -> Vec<SourceRow> {
    material
        .evidence
        .sources
        .iter()
        .enumerate()
        .map(|(number, source)| SourceRow {
            file: visible(&source.path),
            kind: match (&source.kind, source.bundle_file) {
                (Some(kind), _) => kind.clone(),
                (None, Some(_)) => "unrecognised".to_owned(),
                (None, None) => "skipped".to_owned(),
            },
            title: visible(&source.title),
            lines: source.lines,
            unparsed: source.unparsed,
            first_unparsed: source
                .first_unparsed
                .and_then(|line| lines.cite(tables::Citation { file: number as u32, line }, None)),
            from: source.covers.map(|(from, _)| from),
            to: source.covers.map(|(_, to)| to),
        })
        .collect()
}
