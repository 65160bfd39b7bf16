//! `sar` of sysstat: tables one below the other, each with its header, over the hours of a day.
//!
//! ```text
//! Linux 6.1.0-26-amd64 (mail)  11/12/2026  _x86_64_  (2 CPU)
//!
//! 12:00:01 AM     CPU     %user     %nice   %system   %iowait    %steal     %idle
//! 12:10:01 AM     all      1.00      0.00      1.00      2.00      0.00     96.00
//! Average:        all      3.00      0.00      3.00     31.00      5.00     58.00
//! ```

use super::document::{Document, Sink};
use crate::tables::{Record, activity};
use crate::time::{self, Civil, Time};

/// Columns that are measurements, and what they are called.
const MEASURES: &[(&str, &str)] = &[
    ("%iowait", "io-wait"),
    ("%steal", "steal"),
    ("%memused", "memory-used"),
    ("%swpused", "swap-used"),
    ("await", "disk-wait"),
    ("%util", "disk-busy"),
    ("rxkB/s", "received"),
    ("txkB/s", "transmitted"),
    ("ldavg-1", "load1"),
    ("runq-sz", "run-queue"),
    ("blocked", "blocked"),
];

/// Reads what any `sar` command printed.
pub(super) fn parse(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut day: Option<Civil> = None;
    let mut before: Option<Time> = None;
    let mut header: Vec<&str> = Vec::new();
    for (number, line) in doc.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] | ["Average:" | "Summary:", ..] => continue,
            ["Linux", _, ..] => {
                day = words.iter().find_map(|word| date(word));
                before = None;
                continue;
            }
            _ => {}
        }
        let Some((clock, columns)) = clock(&words) else {
            sink.unparsed(number);
            continue;
        };
        if line.contains("LINUX RESTART") {
            continue;
        }
        if columns.iter().all(|word| word.parse::<f64>().is_err()) {
            header = columns.to_vec();
            continue;
        }
        if header.is_empty() || columns.len() != header.len() {
            sink.unparsed(number);
            continue;
        }
        let time = day.map(|day| {
            let time = Civil { hour: clock.0, minute: clock.1, second: clock.2, ..day }.at_offset(doc.zone_offset);
            // The last interval of a day ends on the next one.
            if before.is_some_and(|before| before.since(time) > 12.0 * 3600.0) { time.plus(86_400.0) } else { time }
        });
        before = time.or(before);
        if let Some(time) = time {
            sink.seen(time);
        }
        let of = header.iter().position(|column| matches!(*column, "DEV" | "IFACE")).map(|at| columns[at]);
        // Of processors only their sum counts.
        if header.first() == Some(&"CPU") && columns[0] != "all" || of == Some("lo") {
            continue;
        }
        for (column, value) in header.iter().zip(columns) {
            let Some((_, measure)) = MEASURES.iter().find(|(name, _)| name == column) else { continue };
            let Ok(value) = value.replace(',', ".").parse::<f64>() else { continue };
            let record = Record::new(&activity::TABLE, doc.at(number))
                .with(activity::time, time)
                .with(activity::measure, sink.name(measure))
                .with(activity::of, of.map(|of| sink.name(of)))
                .with(activity::value, value);
            sink.push(&activity::TABLE, record);
        }
    }
}

/// `11/12/2026`, `11/12/26` (month first), `2026-11-12`, `12.11.2026`
fn date(word: &str) -> Option<Civil> {
    let mark = ['/', '-', '.'].into_iter().find(|mark| word.matches(*mark).count() == 2)?;
    let parts: Vec<u32> = word.split(mark).map(|part| time::number(part.as_bytes())).collect::<Option<_>>()?;
    let (year, month, day) = match (mark, parts.as_slice()) {
        ('/', [month, day, year]) => (*year, *month, *day),
        ('.', [day, month, year]) => (*year, *month, *day),
        ('-', [year, month, day]) => (*year, *month, *day),
        _ => return None,
    };
    let year = if year < 100 { year + 2000 } else { year };
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && (1970..9999).contains(&year);
    valid.then_some(Civil { year: year as i32, month, day, hour: 0, minute: 0, second: 0, micros: 0 })
}

/// Hour, minute, second.
type Clock = (u32, u32, u32);

/// `12:10:01 AM` or `00:10:01` at the beginning of a line, and the words after it.
fn clock<'w, 't>(words: &'w [&'t str]) -> Option<(Clock, &'w [&'t str])> {
    let mut parts = words.first()?.split(':').map(|part| time::number(part.as_bytes()));
    let (mut hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let mut rest = &words[1..];
    match rest.first() {
        Some(&"PM") => {
            hour = if hour < 12 { hour + 12 } else { hour };
            rest = &rest[1..];
        }
        Some(&"AM") => {
            hour = if hour == 12 { 0 } else { hour };
            rest = &rest[1..];
        }
        _ => {}
    }
    (hour < 24 && minute < 60 && second < 61).then_some(((hour, minute, second), rest))
}
