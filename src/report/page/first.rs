//! The first screen: what to do first and what not yet, since when, how big, until when.

use super::shape::all_held;
use crate::diagnose::words::thousands;
use crate::distinct;
use crate::report::helpers;
use crate::report::phrases::Phrases;
use crate::report::view::{Report, Unexplained, Verdict};
use serde_json::{Value, json};

/// The first steps; `lead` is what to do, `rest` what the sentence says of it it is for.
pub(super) fn do_first(report: &Report) -> Vec<Value> {
    let steps = report.do_first.iter().map(|first| {
        let text = first.text.as_str();
        let comma = text.match_indices(", so that ").map(|(at, _)| at).find(|at| text[..*at].matches('`').count() % 2 == 0);
        let (lead, rest) = text.split_at(comma.unwrap_or(text.len()));
        json!({ "step": first.step, "lead": lead, "rest": rest, "why": first.why })
    });
    steps.collect()
}

/// The warnings; the number that one would hurt is told once (`hurts` is none where its sentence has it).
pub(super) fn do_not(report: &Report) -> Vec<Value> {
    let warnings = report.do_not.iter().map(|warning| {
        let hurts = warning.hurts.filter(|hurts| !warning.why.contains(&thousands(*hurts)));
        let commands: Vec<&str> = warning.command.split(", ").collect();
        json!({ "command": warning.command, "commands": commands, "why": warning.why, "hurts": hurts })
    });
    warnings.collect()
}

/// The interval that was judged, in words.
pub(super) fn judged(report: &Report, phrases: &Phrases) -> Option<String> {
    let window = report.window.filter(|window| window.to.since(window.from) >= 1.0)?;
    let at_the_end = report.collected_at.is_some_and(|at| at.since(window.to).abs() < 60.0);
    // Nobody counts the minutes of a day.
    let seconds = window.to.since(window.from);
    let seconds = if seconds > 6.0 * 3600.0 { (seconds / 600.0).round() * 600.0 } else { seconds };
    Some(match at_the_end {
        true if seconds == 86_400.0 => phrases.say("document.judged_day", &[]),
        true => phrases.say("document.judged_before", &[("duration", phrases.duration(seconds).into())]),
        false => phrases.say("document.judged", &[("span", phrases.span(window).into())]),
    })
}

/// The commonest reasons of a trouble that no rule explains: they are what to read first.
pub(super) fn unknown(report: &Report) -> &[Unexplained] {
    // What most of it is comes first, whatever else is known.
    let most = report.shares.iter().any(|share| share.rule.is_none() && share.share >= 0.5);
    let told = (!report.do_first.is_empty() || !report.do_not.is_empty()) && !most;
    let wanted = !told && matches!(report.verdict, Verdict::Degraded | Verdict::Incident);
    if wanted { &report.unexplained[..report.unexplained.len().min(3)] } else { &[] }
}

/// The last delivery before the onset, in words; or that other mail is still delivered, or that only a listing tells.
pub(super) fn last_good(report: &Report, phrases: &Phrases) -> Option<String> {
    // Without a log the first sign is the arrival of what still waits, which may be older than the trouble.
    if report.traffic.lines == 0 && report.key.since.is_some() {
        return Some(phrases.say("keys.since_listed", &[]));
    }
    // What ended needs no sign of how things are meanwhile.
    report.key.over.is_none().then_some(())?;
    let Some(good) = &report.key.last_good else {
        let begins = report.key.since.is_some() && !log_before(report);
        return begins.then(|| phrases.say("keys.since_begins", &[]));
    };
    let delivered_since = report.timeline.as_ref().zip(report.key.since).is_some_and(|(timeline, since)| {
        let column = (since.since(timeline.from) / f64::from(timeline.column)).max(0.0) as usize;
        let delivered = timeline.lanes.iter().filter(|lane| lane.name == "delivered");
        delivered.flat_map(|lane| lane.counts.iter().skip(column + 1)).any(|count| *count > 0)
    });
    let time = [("time", helpers::seconds(good.time).into())];
    Some(match (delivered_since, good.over) {
        (true, false) => phrases.say("keys.still_delivers", &[]),
        // What is delivered meanwhile goes to this server's own mailboxes and filters.
        (true, true) => phrases.say("keys.last_delivery_out", &time),
        (false, _) if report.timeline.as_ref().is_some_and(|timeline| timeline.outward) => {
            phrases.say("keys.last_delivery_out", &time)
        }
        (false, _) => phrases.say("keys.last_delivery", &time),
    })
}

/// Whether the log that was collected reaches back to well before the onset, so that it can tell what changed.
pub(super) fn log_before(report: &Report) -> bool {
    let begins = report.sources.iter().filter_map(|source| source.from).min();
    begins.zip(report.key.since).is_some_and(|(begins, since)| since.since(begins) >= ONSET)
}

/// Seconds before an onset that belong to it.
const ONSET: f64 = 120.0;

/// What to collect so that a cause which is merely possible is decided: the kinds of evidence, at most three.
pub(super) fn unsure(report: &Report) -> Vec<&str> {
    let Some(cause) = report.causes.iter().find(|cause| cause.role == "root-cause" && cause.is_possible()) else {
        return Vec::new();
    };
    let mut wanted: Vec<&str> = Vec::new();
    // What decides it comes before what would support it.
    let asked = |decides| {
        let ours = report.not_checked.iter().filter(|item| item.rule == cause.rule && item.changes_plan);
        ours.filter(move |item| (item.effect == "decides") == decides)
    };
    for item in asked(true).chain(asked(false)) {
        if !wanted.contains(&item.needs.as_str()) {
            wanted.push(&item.needs);
        }
    }
    wanted.truncate(3);
    wanted
}

/// How many recipients wait, and at how many domains, if that is known.
pub(super) fn recipients(report: &Report, phrases: &Phrases) -> String {
    let size = &report.key.size;
    let recipients = phrases.say("units.recipient", &[("n", size.recipients.into())]);
    match size.domains {
        0 => recipients,
        domains => {
            // Of many it is an estimate.
            let phrase = if distinct::is_estimate(domains) { "units.domain_about" } else { "units.domain" };
            let domains = phrases.say(phrase, &[("n", domains.into())]);
            phrases.say("keys.recipients_at", &[("recipients", recipients.into()), ("domains", domains.into())])
        }
    }
}

/// Whether the queue lifetime of the first of the mail is over.
pub(super) fn overdue(report: &Report) -> bool {
    report.key.deadline.as_ref().zip(report.collected_at).is_some_and(|(deadline, now)| deadline.time < now)
}

/// Whether a listing or a log tells what waits. Lines that tell of trouble and of no message, such as people copy out of a log, do not.
pub(super) fn queue_known(report: &Report) -> bool {
    let traffic = &report.traffic;
    let mail = traffic.messages + traffic.sent + traffic.deferred_attempts + traffic.bounced;
    report.queue.listed.is_some() || traffic.lines > 0 && (mail > 0 || report.verdict == Verdict::Healthy)
}

/// Why no deadline is told: whether there is none, and the phrase.
pub(super) fn no_deadline(report: &Report) -> (bool, &'static str) {
    let queue = &report.queue;
    match () {
        () if report.key.size.messages == 0 && queue_known(report) => (true, "keys.deadline_empty"),
        () if report.key.size.messages == 0 => (false, "keys.big_unknown_note"),
        () if all_held(report) => (true, "keys.deadline_held"),
        () if queue.oldest.is_some() => (false, "keys.deadline_lifetime"),
        () => (false, "keys.deadline_unknown"),
    }
}

/// Why no trend is told: its phrase.
pub(super) fn no_trend(report: &Report) -> &'static str {
    match (report.key.since, report.collected_at) {
        (None, _) => "keys.trend_none_note",
        (Some(_), None) => "keys.trend_none_time",
        (Some(since), Some(now)) if now.since(since) < 600.0 => "keys.trend_none_short",
        (Some(_), Some(_)) => "keys.trend_none_excerpt",
    }
}
