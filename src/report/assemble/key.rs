//! The five key facts.

use super::{Material, is_waiting};
use crate::diagnose::measure::as_text;
use crate::diagnose::rank::{Cause as Ranked, Role};
use crate::report::cite::Lines;
use crate::report::view::{Deadline, Key, LastGood, Queue, Size, Trend};
use crate::tables::{self, attempts, failures};
use crate::time::Time;
use std::collections::BTreeSet;

pub(super) fn key(
    material: &Material<'_>,
    primary: Option<&Ranked<'_>>,
    since: Option<Time>,
    queue: &Queue,
    lines: &Lines,
) -> Key {
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
        bounced: asker.events(&failures::TABLE, asker.judged(&failures::TABLE)) - asker.events(&failures::TABLE, &waiting),
    };
    Key {
        confidence: primary.map(|cause| cause.confidence.name().into()),
        confidence_because: None,
        since,
        over: primary.and_then(|cause| cause.judged.over()),
        last_good: since.and_then(|since| last_good(material, since, lines)),
        size,
        // A few lines show no trend.
        trend: since.filter(|_| !asker.is_excerpt()).and_then(|since| trend(material, since)),
        deadline: deadline(material, lines),
    }
}

fn last_good(material: &Material<'_>, since: Time, lines: &Lines) -> Option<LastGood> {
    let tables = &material.evidence.tables;
    let names = &tables.names;
    let out = || {
        let sent = tables.rows(&attempts::TABLE).iter().filter(|row| row.text(attempts::status, names) == Some("sent"));
        sent.filter(|row| row.text(attempts::daemon, names) == Some("smtp"))
            .filter(|row| row.text(attempts::provider, names) != Some("this-server"))
    };
    let good = out()
        .filter_map(|row| {
            // Of a record of several events, the last one, or else the first.
            let last = row.several().map(|several| (several.until, several.last)).filter(|(time, _)| *time <= since);
            last.or_else(|| Some((row.time(attempts::time)?, row.source)))
        })
        .filter(|(time, _)| *time <= since)
        .max_by_key(|(time, _)| *time)?;
    // The first failures that are seen may be a moment older than the last success.
    let late = since.plus(60.0);
    let over = !out().any(|row| row.several().map(|several| several.until).or_else(|| row.time(attempts::time)) > Some(late));
    Some(LastGood { time: good.0, citation: lines.cite(good.1, Some("status=sent"))?, over })
}

/// Seconds after which Postfix tries waiting mail at the latest, unless told otherwise (`maximal_backoff_time`).
const BACKOFF: f64 = 4000.0;

/// What arrived so many seconds before its first failure waits for the same trouble.
const SOON: f64 = 300.0;

fn trend(material: &Material<'_>, since: Time) -> Option<Trend> {
    let end = material.evidence.end?;
    let over = end.since(since);
    if over < 600.0 {
        return None;
    }
    let tables = &material.evidence.tables;
    let mut messages = BTreeSet::new();
    let mut recipients = 0;
    for row in tables.rows(&failures::TABLE).iter().filter(|row| is_waiting(row, material)) {
        if row.time(failures::arrived).is_some_and(|arrived| arrived >= since.plus(-SOON)) {
            match row.several() {
                None => {
                    messages.insert(as_text(row.get(failures::queue_id), &tables.names));
                }
                // Of many, only how many recipients there are is known.
                Some(_) => recipients += row.count,
            }
        }
    }
    let waiting = &material.evidence.waiting;
    let several = recipients as f64 * waiting.messages as f64 / waiting.recipients.max(1) as f64;
    Some(Trend { per_hour: (messages.len() as f64 + several) / (over / 3600.0), over })
}

fn deadline(material: &Material<'_>, lines: &Lines) -> Option<Deadline> {
    let tables = &material.evidence.tables;
    let rows = tables.rows(&failures::TABLE);
    // What a bad address or a full mailbox holds returns by itself, and is no reason to hurry.
    let held = material.diagnosis.causes.iter().filter(|cause| matches!(cause.role, Role::RootCause | Role::Contributing));
    let held: BTreeSet<u32> =
        held.flat_map(|cause| &cause.explains).copied().filter(|at| is_waiting(&rows[*at as usize], material)).collect();
    let mut found: Option<Deadline> = None;
    for (parameter, notifications) in [("maximal_queue_lifetime", false), ("bounce_queue_lifetime", true)] {
        let written = tables.setting(parameter).filter(|value| !value.contains('$'));
        let value = written.unwrap_or("5d");
        let Some(lifetime) = time_value(value) else { continue };
        let oldest = (0u32..)
            .zip(rows)
            .filter(|(at, row)| if held.is_empty() { is_waiting(row, material) } else { held.contains(at) })
            .map(|(_, row)| row)
            .filter(|row| (row.text(failures::sender, &tables.names) == Some("")) == notifications)
            // What is on hold does not expire.
            .filter(|row| row.text(failures::queue, &tables.names) != Some("hold"))
            .filter_map(|row| row.time(failures::arrived))
            .min();
        let Some(time) = oldest.map(|arrived| arrived.plus(lifetime)) else { continue };
        // Mail that is older shows that another lifetime is set.
        let assumed = !tables.is_collected(&tables::settings::TABLE);
        if assumed && material.evidence.end.is_some_and(|end| end.since(time) > 2.0 * BACKOFF) {
            return None;
        }
        if found.as_ref().is_none_or(|known| time < known.time) {
            let citation = written.and_then(|_| {
                let row = tables
                    .rows(&tables::settings::TABLE)
                    .iter()
                    .rev()
                    .find(|row| row.text(tables::settings::name, &tables.names) == Some(parameter))?;
                lines.cite(row.source, Some(value))
            });
            found = Some(Deadline { time, parameter: parameter.into(), value: value.to_owned(), lifetime, citation });
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
