//! From a diagnosis to the view model: gathers, counts and words, decides nothing.

mod causes;
mod changes;
mod forecast;
mod inventory;
mod key;
mod queue;
mod steps;
mod traffic;
mod unchecked;

use super::cite::Lines;
use super::phrases::Phrases;
use super::view::{self, Cause, Count, DoNot, MadeBy, Phase, Report, RuleRow, Span, Step};
use crate::diagnose::diagnosis::Diagnosis;
use crate::diagnose::onset;
use crate::diagnose::plan::Step as Planned;
use crate::diagnose::rank::{Cause as Ranked, Role};
use crate::diagnose::words::{Place, Words, visible};
use crate::evidence::Evidence as Collected;
use crate::rules::RuleSet;
use crate::tables::{Record, arrivals, host};
use crate::time::Time;

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
    let phrases = Phrases::english();
    let primary = diagnosis.causes.iter().find(|cause| cause.role == Role::RootCause);
    let since = primary.and_then(|cause| onset::interval(diagnosis.asker, cause.judged).0);
    let causes: Vec<Cause> = diagnosis.causes.iter().map(|cause| causes::cause_view(material, cause, lines)).collect();
    let queue = queue::queue_view(material);
    let timeline = evidence.traffic.as_ref().and_then(|traffic| traffic::timeline(traffic, material, since, &causes));
    let mut key = key::key(material, primary, since, &queue, lines);
    let deadline = key.deadline.as_ref().map(|deadline| deadline.time);
    // A log that was cut down to its deliveries does not show what came in.
    let whole = tables.is_collected(&arrivals::TABLE) && !diagnosis.asker.is_excerpt();
    let flow = timeline.as_ref().filter(|_| whole);
    let forecast = flow.and_then(|timeline| forecast::forecast(timeline, queue.waiting_messages, deadline));
    key.trend = forecast.as_ref().map_or(key.trend, |forecast| forecast.trend);
    let plan: Vec<Step> =
        diagnosis.plan.steps.iter().enumerate().map(|(at, step)| steps::step_view(at + 1, step, phrases)).collect();
    let numbers = |which: fn(&Planned) -> bool| -> Vec<usize> {
        (1..).zip(&diagnosis.plan.steps).filter(|(_, step)| which(step)).map(|(number, _)| number).collect()
    };
    let (named, general) = (numbers(|step| step.first), numbers(|step| step.general));
    let serious = diagnosis.causes.iter().filter(|cause| matches!(cause.role, Role::RootCause | Role::Contributing));
    let serious: Vec<&str> = serious.map(|cause| cause.judged.rule.id.as_str()).collect();
    let mut report = Report {
        schema: view::SCHEMA.into(),
        verdict: diagnosis.verdict,
        headline: String::new(),
        also: also(material, primary),
        host: tables
            .host()
            .and_then(|row| row.text(host::fqdn, &tables.names).or_else(|| row.text(host::hostname, &tables.names)))
            .or_else(|| tables.setting("myhostname"))
            .or(evidence.logged_by.as_deref())
            .map(visible),
        collected_at: tables.host().and_then(|row| row.time(host::collected_at)).or(evidence.end),
        window: material.from.zip(evidence.end).map(|(from, to)| Span { from: from.max(earliest(evidence).unwrap_or(from)), to }),
        key,
        do_first: steps::do_first(&plan, &named, &general, &serious),
        do_not: diagnosis
            .plan
            .do_not
            .iter()
            .take(4)
            .map(|warning| DoNot { command: warning.run.clone(), why: warning.why.clone(), hurts: warning.hurts })
            .collect(),
        shares: causes::shares(material, &causes),
        unexplained: causes::unexplained(material, lines),
        not_checked: unchecked::not_checked(material),
        phases: rules
            .plan
            .phases
            .iter()
            .map(|(id, title, says)| Phase { id: id.clone(), title: title.clone(), says: says.clone() })
            .collect(),
        plan,
        queue,
        traffic: evidence.traffic.as_ref().map(|traffic| traffic::traffic_view(traffic, material)).unwrap_or_default(),
        changes: since.map(|since| changes::changes(material, since, lines)).unwrap_or_default(),
        timeline,
        forecast,
        causes,
        destinations: queue::destinations(material),
        facts: inventory::facts(material, lines),
        state: inventory::settings_and_dns(material),
        sources: inventory::sources(material, lines),
        secrets: inventory::secrets(material),
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
    word(&mut report, phrases);
    report
}

/// Adds what is worded from the rest, in English: a template words it anew in its own language.
fn word(report: &mut Report, phrases: &Phrases) {
    report.headline = phrases.headline(report);
    let primary = report.causes.iter().find(|cause| cause.role == Role::RootCause.name());
    report.key.confidence_because = primary.map(|cause| phrases.ladder(&cause.ladder));
    for row in report.destinations.iter_mut().flat_map(|table| &mut table.rows) {
        row.name = phrases.destination(row);
    }
    for cause in &mut report.causes {
        cause.confidence_because = phrases.because(cause);
        for item in &mut cause.evidence {
            phrases.word_question(item);
        }
    }
}

fn earliest(evidence: &Collected) -> Option<Time> {
    evidence.traffic.as_ref().and_then(|traffic| traffic.first)
}

fn words<'a>(material: &Material<'a>, cause: &'a Ranked<'a>) -> Words<'a> {
    Words {
        judged: Some(cause.judged),
        accounts: (cause.waiting, cause.bounced, cause.share),
        ..Words::of(material.diagnosis.asker)
    }
}

/// Part of all recipients handled below which a second cause is not told beside the first.
const TOLD_SHARE: f64 = 0.01;

/// What a reader must know of a second cause.
fn also(material: &Material<'_>, primary: Option<&Ranked<'_>>) -> Option<String> {
    primary?;
    let second = material.diagnosis.causes.iter().find(|cause| cause.role == Role::Contributing)?;
    let few = second.failed() > 0 && (second.failed() as f64) < TOLD_SHARE * material.diagnosis.handled as f64;
    if few {
        return None;
    }
    let words = words(material, second);
    let title = words.fill(&second.judged.rule.title, Place::Markdown);
    let summary = words.fill(&second.judged.rule.summary, Place::Markdown);
    Some(format!("**A second problem: {title}.** {}", summary.trim()))
}

pub(super) fn is_waiting(row: &Record, material: &Material<'_>) -> bool {
    material.evidence.tables.is_waiting(row)
}

/// Rows of a "top" list.
const TOP: usize = 10;

fn top<'c>(counts: impl IntoIterator<Item = (&'c String, &'c u64)>, limit: usize) -> Vec<Count> {
    let mut list: Vec<Count> = counts.into_iter().map(|(name, count)| Count { name: name.clone(), count: *count }).collect();
    list.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    list.truncate(limit);
    list
}
