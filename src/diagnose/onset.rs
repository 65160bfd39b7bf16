//! Since when: the beginning of a trouble, without the stray failure that lay there before it.
//!
//! In nearly every queue a message waits for a dead server. When all servers fall silent hours later, that message fails in the
//! same words, and is not where the outage began: its destinations were still reached in between.

use super::measure::{Asker, first_time, last_time};
use super::verdict::{Judged, needed_by};
use crate::rules::model::Signal;
use crate::tables::{Record, Table, arrivals, attempts, failures};
use crate::time::Time;
use std::collections::HashSet;

/// Part of the records that may be strays.
const STRAYS: u64 = 10;
/// Part of the whole time that lies between strays and the beginning, at least.
const GAP: f64 = 0.25;

/// How many times as fast the failures come from the beginning on, and the fewest events and seconds that show it.
const SURGE: f64 = 8.0;
const SURGE_EVENTS: u64 = 50;
const SURGE_SPAN: f64 = 120.0;
/// Events that a record stands for, on average, from which on its time tells little.
const MERGED: u64 = 2;
/// Part of a flood's messages that may be wanted ones from before it.
const WANTED: u64 = 3;

/// First and last time of the records that a cause rests on; of deliveries only where nothing else tells a time. What merely
/// agrees with it may be older: passwords are guessed before the flood.
pub fn interval(asker: &Asker<'_>, judged: &Judged<'_>) -> (Option<Time>, Option<Time>) {
    let answered = |deliveries: bool| {
        let told = move |signal: &Signal| !signal.needs_no_record() && signal.asks_for_deliveries() == deliveries;
        let met = needed_by(judged.rule, &judged.answers).filter(move |(signal, _)| told(signal));
        met.map(|(signal, measure)| {
            // Of a value of `by` the records say when it began only where each has a time of its own.
            let single = signal.by.is_none() || signal.table.name == arrivals::TABLE.name;
            let first = if single { began(asker, signal.table, &measure.rows) } else { None };
            (first.or(measure.first), measure.last)
        })
    };
    let table = &failures::TABLE;
    let failed: Vec<u32> = judged.accounts_for.iter().copied().collect();
    let last = failed.iter().filter_map(|at| last_time(table, &asker.tables.rows(table)[*at as usize])).max();
    let before = judged.over().and_then(|_| began(asker, &attempts::TABLE, &failed_alike(asker, &failed)));
    let ends = |times: Vec<(Option<Time>, Option<Time>)>| {
        (times.iter().filter_map(|(first, _)| *first).min(), times.iter().filter_map(|(_, last)| *last).max())
    };
    match ends(answered(false).chain([(began(asker, table, &failed), last), (before, None)]).collect()) {
        (None, None) => ends(answered(true).collect()),
        known => known,
    }
}

/// The attempts that failed as these records of `failures` did. Of what is over only the rest still waits: what was delivered
/// since then is in the attempts alone, and the trouble began with it.
fn failed_alike(asker: &Asker<'_>, failed: &[u32]) -> Vec<u32> {
    let names = &asker.tables.names;
    let (waiting, tried) = (asker.tables.rows(&failures::TABLE), asker.tables.rows(&attempts::TABLE));
    let classes: HashSet<&str> =
        failed.iter().filter_map(|at| waiting[*at as usize].text(failures::reason_class, names)).collect();
    let alike = |row: &Record| {
        row.text(attempts::status, names) == Some("deferred")
            && row.text(attempts::reason_class, names).is_some_and(|class| classes.contains(class))
    };
    (0..).zip(tried.iter()).filter(|(_, row)| alike(row)).map(|(at, _)| at).collect()
}

/// What happened at a time: how many events, and at which provider.
#[derive(Clone, Copy)]
struct Events<'n> {
    time: Time,
    count: u64,
    provider: Option<&'n str>,
}

/// When the matter of these records began.
fn began(asker: &Asker<'_>, table: &'static Table, rows: &[u32]) -> Option<Time> {
    let all = asker.tables.rows(table);
    let mut times: Vec<(Time, u32)> = rows.iter().filter_map(|at| Some((first_time(table, &all[*at as usize])?, *at))).collect();
    times.sort_unstable();
    let provider = match table.name {
        "failures" => Some(failures::provider),
        "attempts" => Some(attempts::provider),
        "arrivals" => None,
        _ => return Some(times.first()?.0),
    };
    let told = |&(time, at): &(Time, u32)| {
        let record = &all[at as usize];
        Events { time, count: record.count, provider: provider.and_then(|column| record.text(column, &asker.tables.names)) }
    };
    let events: Vec<Events<'_>> = times.iter().map(told).collect();
    let first = events.first()?.time;
    if provider.is_none() {
        // A flood begins where the wanted mail of the same account or program ends.
        return Some(rises(&events, WANTED).map_or(first, |at| events[at].time));
    }
    if let Some(minute) = most_began(asker, table, &events) {
        return Some(minute);
    }
    let began = strays(asker, &events).or_else(|| surge(asker, &events)).unwrap_or(0);
    Some(events[began].time)
}

/// Where the trouble begins after a few stray failures, long before it, whose destinations were still reached in between.
fn strays(asker: &Asker<'_>, events: &[Events<'_>]) -> Option<usize> {
    let whole = events.last()?.time.since(events.first()?.time).max(1.0);
    // How many events there are up to each.
    let mut sum = 0;
    let until: Vec<u64> = events.iter().map(|event| (sum += event.count, sum).1).collect();
    (1..events.len())
        .rev()
        .filter(|strays| until[strays - 1] * STRAYS <= sum)
        .find(|strays| events[*strays].time.since(events[strays - 1].time) > GAP * whole)
        .filter(|strays| {
            let (before, after) = (events[strays - 1].time, events[*strays].time);
            let names = &asker.tables.names;
            let failed: HashSet<&str> = events[*strays..].iter().filter_map(|event| event.provider).collect();
            let reached = |row: &Record| {
                let time = |time: Option<Time>| time.is_some_and(|time| before < time && time < after);
                row.text(attempts::status, names) == Some("sent")
                    && row.text(attempts::provider, names).is_some_and(|provider| failed.contains(provider))
                    && (time(first_time(&attempts::TABLE, row)) || time(last_time(&attempts::TABLE, row)))
            };
            asker.tables.rows(&attempts::TABLE).iter().any(reached)
        })
}

/// When most of what failed began to fail, where there were too many failures to keep the time of each: by the minutes in which
/// recipients failed for the first time. None where the records tell it themselves, or most failures are another matter.
fn most_began(asker: &Asker<'_>, table: &Table, events: &[Events<'_>]) -> Option<Time> {
    let first = events.first()?.time;
    let own: u64 = events.iter().map(|event| event.count).sum();
    let all: u64 = asker.tables.rows(table).iter().map(|row| row.count).sum();
    if table.name != failures::TABLE.name || own <= MERGED * events.len() as u64 || own * 2 <= all {
        return None;
    }
    let minutes = asker.tables.failing.iter().filter(|(minute, _)| first.since(*minute) < 60.0);
    let minutes: Vec<Events<'_>> = minutes.map(|&(time, count)| Events { time, count, provider: None }).collect();
    rises(&minutes, STRAYS).map(|at| minutes[at].time)
}

/// Where a trickle of ordinary failures becomes the trouble: the place in `events` (in the order of time) from which they come
/// many times as fast as before, while until then mail still reached the providers that fail after it. None if there is no such
/// place, or too few events to see it.
fn surge(asker: &Asker<'_>, events: &[Events<'_>]) -> Option<usize> {
    let begins = rises(events, STRAYS)?;
    let begin = events[begins].time;
    let names = &asker.tables.names;
    let sent = asker.tables.rows(&attempts::TABLE).iter().filter(|row| row.text(attempts::status, names) == Some("sent"));
    let reached: HashSet<&str> = sent
        .filter(|row| first_time(&attempts::TABLE, row).is_some_and(|time| time < begin))
        .filter_map(|row| row.text(attempts::provider, names))
        .collect();
    let failing = |wanted: bool| -> u64 {
        let known = events[begins..].iter().filter_map(|event| Some((event.count, event.provider?)));
        known.filter(|(_, provider)| reached.contains(provider) == wanted).map(|(count, _)| count).sum()
    };
    (failing(true) > failing(false)).then_some(begins)
}

/// The place in `events` (in the order of time) from which they come many times as fast as before; before it lies at most one in
/// `strays`.
fn rises(events: &[Events<'_>], strays: u64) -> Option<usize> {
    let (first, last) = (events.first()?.time, events.last()?.time);
    let sum: u64 = events.iter().map(|event| event.count).sum();
    if sum < SURGE_EVENTS {
        return None;
    }
    let mut before = 0;
    let mut best: Option<(f64, usize)> = None;
    for (at, event) in events.iter().enumerate() {
        let spans = (event.time.since(first), last.since(event.time));
        if before > 0 && before * strays <= sum && spans.0 >= SURGE_SPAN && spans.1 >= SURGE_SPAN {
            let counts = (before as f64, (sum - before) as f64);
            let rates = (counts.0 / spans.0, counts.1 / spans.1);
            if rates.1 >= SURGE * rates.0 {
                // The likelihood of two constant rates (Poisson), one before and one after this place.
                let likelihood = counts.0 * rates.0.ln() + counts.1 * rates.1.ln();
                if best.is_none_or(|(known, _)| likelihood > known) {
                    best = Some((likelihood, at));
                }
            }
        }
        before += event.count;
    }
    Some(best?.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::{Citation, Tables};

    #[test]
    fn a_trickle_before_the_trouble_is_not_its_beginning_while_mail_still_arrived() {
        let time = |seconds: i64| Time::from_seconds(1_790_000_000 + seconds);
        let event = |seconds: i64| Events { time: time(seconds), count: 1, provider: Some("google") };
        let trickle = (0..5).map(|at| event(at * 300));
        let trouble = (0..100).map(|at| event(1500 + at * 5));
        let events: Vec<Events<'_>> = trickle.clone().chain(trouble).collect();
        let mut tables = Tables::default();
        let begins = |tables: &Tables, events: &[_]| surge(&Asker::new(tables, None, None), events);
        assert_eq!(begins(&tables, &events), None, "nothing arrived before");
        let (sent, provider) = (tables.name("sent"), tables.name("google"));
        let delivery = crate::tables::Record::new(&attempts::TABLE, Citation::default())
            .with(attempts::time, time(700))
            .with(attempts::status, sent)
            .with(attempts::provider, provider);
        tables.push(&attempts::TABLE, delivery);
        assert_eq!(begins(&tables, &events), Some(5));
        let even: Vec<Events<'_>> = (0..100).map(|at| event(at * 20)).collect();
        assert_eq!(begins(&tables, &even), None, "no faster than before");
        assert_eq!(begins(&tables, &trickle.collect::<Vec<_>>()), None, "too few");
    }

    #[test]
    fn where_each_record_is_of_many_failures_the_minutes_tell_when_most_began() {
        let minute = |minute: i64| Time::from_seconds(1_790_000_040 + minute * 60);
        let mut tables = Tables::default();
        tables.failing = (0..120).map(|at| (minute(at), if at < 60 { 1 } else { 50 })).collect();
        for at in 0..3 {
            let mut record =
                crate::tables::Record::new(&failures::TABLE, Citation::default()).with(failures::time, minute(at * 45));
            record.count = if at == 2 { 40 } else { 1500 };
            tables.push(&failures::TABLE, record);
        }
        let asker = Asker::new(&tables, None, None);
        let began = |rows: &[u32]| began(&asker, &failures::TABLE, rows);
        assert_eq!(began(&[0, 1]), Some(minute(60)));
        assert_eq!(began(&[2]), Some(minute(90)), "a small part has its own time");
    }

    #[test]
    fn a_flood_begins_after_the_wanted_mail_of_the_same_account() {
        let event = |seconds: i64| Events { time: Time::from_seconds(1_790_000_000 + seconds), count: 1, provider: None };
        let wanted = (0..20).map(|at| event(at * 600));
        let flood = (0..100).map(|at| event(12_000 + at * 5));
        let events: Vec<Events<'_>> = wanted.clone().chain(flood).collect();
        assert_eq!(rises(&events, WANTED), Some(20));
        assert_eq!(rises(&wanted.collect::<Vec<_>>(), WANTED), None, "nothing rises");
    }
}
