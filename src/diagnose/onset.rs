//! Since when: the beginning of a trouble, without the stray failure that lay there before it.
//!
//! In nearly every queue a message waits for a dead server. When all servers fall silent hours later, that message fails in the
//! same words, and is not where the outage began: its destinations were still reached in between.

use super::measure::{Asker, first_time, last_time};
use super::verdict::Judged;
use crate::rules::model::Signal;
use crate::tables::{Record, Table, attempts, failures};
use crate::time::Time;
use std::collections::HashSet;

/// Part of the records that may be strays.
const STRAYS: u64 = 10;
/// Part of the whole time that lies between strays and the beginning, at least.
const GAP: f64 = 0.25;

/// First and last time of the records that a cause rests on; of deliveries only where nothing else tells a time.
pub fn interval(asker: &Asker<'_>, judged: &Judged<'_>) -> (Option<Time>, Option<Time>) {
    let required = || judged.rule.requires.iter().flat_map(|entry| entry.signals());
    let answered = |deliveries: bool| {
        let told = move |signal: &Signal| !signal.needs_no_record() && signal.asks_for_deliveries() == deliveries;
        let met = required()
            .filter(move |(_, signal)| told(signal))
            .filter_map(|(name, signal)| Some((signal, judged.answers.get(name).filter(|measure| measure.met == Some(true))?)));
        met.map(|(signal, measure)| match signal.by {
            None => (began(asker, signal.table, &measure.rows).or(measure.first), measure.last),
            Some(_) => (measure.first, measure.last),
        })
    };
    let table = &failures::TABLE;
    let failed: Vec<u32> = judged.accounts_for.iter().copied().collect();
    let last = failed.iter().filter_map(|at| last_time(table, &asker.tables.rows(table)[*at as usize])).max();
    let ends = |times: Vec<(Option<Time>, Option<Time>)>| {
        (times.iter().filter_map(|(first, _)| *first).min(), times.iter().filter_map(|(_, last)| *last).max())
    };
    match ends(answered(false).chain([(began(asker, table, &failed), last)]).collect()) {
        (None, None) => ends(answered(true).collect()),
        known => known,
    }
}

/// When the matter of these records began.
fn began(asker: &Asker<'_>, table: &'static Table, rows: &[u32]) -> Option<Time> {
    let all = asker.tables.rows(table);
    let mut times: Vec<(Time, u32)> = rows.iter().filter_map(|at| Some((first_time(table, &all[*at as usize])?, *at))).collect();
    times.sort_unstable();
    let (first, last) = (times.first()?.0, times.last()?.0);
    let provider = match table.name {
        "failures" => failures::provider,
        "attempts" => attempts::provider,
        _ => return Some(first),
    };
    // How many events the records up to each stand for.
    let mut sum = 0;
    let until: Vec<u64> = times.iter().map(|(_, at)| all[*at as usize].count).map(|count| (sum += count, sum).1).collect();
    let strays = (1..times.len())
        .rev()
        .filter(|strays| until[strays - 1] * STRAYS <= sum)
        .find(|strays| times[*strays].0.since(times[strays - 1].0) > GAP * last.since(first).max(1.0))
        .filter(|strays| {
            let (before, after) = (times[strays - 1].0, times[*strays].0);
            let names = &asker.tables.names;
            let failed: HashSet<&str> =
                times[*strays..].iter().filter_map(|(_, at)| all[*at as usize].text(provider, names)).collect();
            let reached = |row: &Record| {
                let time = |time: Option<Time>| time.is_some_and(|time| before < time && time < after);
                row.text(attempts::status, names) == Some("sent")
                    && row.text(attempts::provider, names).is_some_and(|provider| failed.contains(provider))
                    && (time(first_time(&attempts::TABLE, row)) || time(last_time(&attempts::TABLE, row)))
            };
            asker.tables.rows(&attempts::TABLE).iter().any(reached)
        });
    Some(times[strays.unwrap_or(0)].0)
}
