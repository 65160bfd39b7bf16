//! The shape of the incident: the pictures, their figures, what comes next, the destinations.

use super::Style;
use crate::report::phrases::Phrases;
use crate::report::view::{Destinations, Forecast, Report, Span, Step, Timeline, Trend, Verdict};
use crate::report::{charts, helpers};
use crate::time::Time;
use serde_json::{Map, Value, json};

/// Characters beside a lane in text output: its name, and what a full block stands for.
const BESIDE_LANE: usize = 22;

/// Messages an hour below which a queue does not change.
pub(super) const STILL: f64 = 0.5;

/// The timeline's pictures, figures and lanes of characters.
pub(super) fn timeline_page(timeline: &Timeline, report: &Report, style: &Style<'_>) -> Value {
    let Style { look, phrases, .. } = *style;
    let columns = timeline.lanes.first().map_or(0, |lane| lane.counts.len());
    let end = timeline.from.plus(f64::from(timeline.column) * columns as f64);
    let span = report.window.map_or(Span { from: timeline.from, to: end }, |window| Span {
        // Whole seconds, as a report that was read from JSON has them.
        from: Time::from_seconds(window.from.max(timeline.from).seconds()),
        to: Time::from_seconds(window.to.min(end).seconds()),
    });
    let words = charts::timeline_words(timeline, span, phrases);
    let shown = charts::Shown {
        span,
        last_good: report.key.last_good.as_ref().map(|good| good.time),
        cause: report
            .causes
            .iter()
            .find(|cause| cause.role == "root-cause" && !cause.is_possible())
            .map(|cause| cause.title.as_str()),
    };
    let happened = !timeline.gaps.is_empty() || timeline.lanes.iter().any(|lane| lane.counts.iter().any(|count| *count > 0));
    let room = look.width.clamp(40, 120).saturating_sub(BESIDE_LANE);
    let group = timeline.lanes.first().map_or(1, |lane| charts::columns_a_block(lane, room));
    let lanes: Vec<Value> = timeline
        .lanes
        .iter()
        .enumerate()
        .map(|(at, lane)| {
            let (blocks, full) = charts::blocks(timeline, lane, group);
            let title = charts::lane_title(timeline, at, phrases);
            let sum = lane.counts.iter().sum::<u64>();
            let scale = match sum {
                0 => phrases.say("shape.full_none", &[]),
                _ => phrases.say("shape.full", &[("n", full.into()), ("sum", sum.into())]),
            };
            json!({ "name": lane.name, "title": title, "blocks": blocks, "full": full, "sum": sum, "scale": scale })
        })
        .collect();
    let delivered: u64 = timeline.lanes.iter().filter(|lane| lane.name == "delivered").flat_map(|lane| &lane.counts).sum();
    json!({
        // Neither is it a picture in which nothing happened.
        "empty": !happened,
        // One or two columns are no picture: their figures are.
        "drawn": happened && columns > 2,
        "wide": charts::timeline(timeline, shown, true, &words, phrases),
        "narrow": charts::timeline(timeline, shown, false, &words, phrases),
        "column": charts::column_words(timeline.column, phrases),
        "lane_column": charts::column_words(timeline.column * group as u32, phrases),
        "span": phrases.span(span),
        "around": around(timeline),
        "title_width": lanes.iter().filter_map(|lane| lane["title"].as_str()).map(|title| title.chars().count()).max(),
        "delivered": phrases.say(if timeline.outward { "units.delivered_out" } else { "units.delivered" }, &[("n", delivered.into())]),
        "lanes": lanes,
    })
}

/// Waiting messages that arrived after the onset, by the age buckets that it parts.
pub(super) fn after_onset(report: &Report) -> Value {
    let (Some(since), Some(now)) = (report.key.since, report.collected_at) else { return Value::Null };
    let age = now.since(since) / 60.0;
    let newer = || report.queue.ages.iter().filter(|bucket| f64::from(bucket.from_minutes) < age);
    // The bucket in which the onset lies holds what came before it, too, if anything did.
    let parted = newer().any(|bucket| bucket.messages > 0 && bucket.to_minutes.is_none_or(|to| f64::from(to) > age));
    let at_most = parted && report.queue.oldest.is_none_or(|oldest| oldest.seconds() < since.seconds());
    let newer: u64 = newer().map(|bucket| bucket.messages).sum();
    json!({ "messages": newer, "share": newer as f64 / report.queue.waiting_messages.max(1) as f64, "at_most": at_most })
}

/// What comes next, in words.
pub(super) fn forecast(report: &Report, phrases: &Phrases) -> Option<String> {
    // Where nothing is wrong nothing is to be feared.
    let wanted = report.queue.waiting_messages > 0 && report.verdict != Verdict::Healthy;
    let forecast = report.forecast.as_ref().filter(|_| wanted)?;
    if all_held(report) {
        return Some(phrases.say("shape.queue_held", &[]));
    }
    let mut words = Vec::new();
    if let Some(Trend { per_hour, .. }) = forecast.trend {
        let rate = ("rate", helpers::rate(per_hour).into());
        words.push(match forecast.at_deadline {
            _ if per_hour <= -STILL => phrases.say("shape.queue_falls", &[rate]),
            Some(size) if per_hour >= STILL => phrases.say("shape.queue_grows", &[rate, ("n", rounded(size).into())]),
            None if per_hour >= STILL => phrases.say("shape.queue_grows_only", &[rate]),
            _ => phrases.say("shape.queue_still", &[]),
        });
    }
    match forecast.drain {
        Some(drain) if drain.median > 0.0 => {
            let waiting = report.queue.waiting_messages as f64;
            let quick = phrases.duration(waiting / drain.median * 3600.0);
            let slow = (drain.slowest > 0.0).then(|| phrases.duration(waiting / drain.slowest * 3600.0));
            let phrase = if slow.is_some() { "shape.drain" } else { "shape.drain_unsteady" };
            let values = [
                ("from", quick.into()),
                ("to", slow.into()),
                ("rate", helpers::rate(-drain.median).into()),
                ("over", phrases.duration(drain.over).into()),
            ];
            words.push(phrases.say(phrase, &values));
        }
        // It fell all the same: at times more left than came.
        Some(_) if forecast.trend.is_some_and(|trend| trend.per_hour <= -STILL) => {}
        Some(drain) => words.push(phrases.say("shape.drain_not", &[("over", phrases.duration(drain.over).into())])),
        None => {
            words.push(phrases.say("shape.drain_unknown", &[]));
            let measures = |step: &&Step| step.phase == "drain" && step.run.as_ref().is_some_and(|run| run.contains("qshape"));
            if let Some(step) = report.plan.iter().find(measures) {
                words.push(phrases.say("shape.drain_measure", &[("n", step.number.into())]));
            }
        }
    }
    Some(words.join(" "))
}

/// Whether everything that waits is on hold.
pub(super) fn all_held(report: &Report) -> bool {
    let queues = &report.queue.by_queue;
    !queues.is_empty() && queues.iter().all(|count| count.name == "hold")
}

/// Whether the queue had one size all the time.
pub(super) fn is_flat(forecast: &Forecast) -> bool {
    forecast.waiting.windows(2).all(|pair| pair[0] == pair[1])
}

/// A forecast has two digits that mean something.
fn rounded(number: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    (number + unit / 2) / unit * unit
}

/// Whether one reason holds the mail of several providers: then it is this side's.
pub(super) fn one_reason(report: &Report) -> bool {
    let Some(table) = &report.destinations else { return false };
    let many = table.rows.iter().filter(|row| row.counts.first().is_some_and(|count| *count > 0)).count() >= 3;
    let total: u64 = table.totals.iter().rev().skip(1).sum();
    let known = table.columns.first().is_some_and(|column| !Destinations::UNKNOWN.contains(&column.as_str()));
    many && known && total > 0 && table.columns.len() > 1 && table.totals[0] as f64 >= total as f64 * 0.9
}

/// The columns around the onset, or the last ones.
fn around(timeline: &Timeline) -> Vec<Value> {
    let count = timeline.lanes.first().map_or(0, |lane| lane.counts.len());
    let at = |column: usize| timeline.from.plus(f64::from(timeline.column) * column as f64);
    let onset = timeline.onset.and_then(|onset| (0..count).rev().find(|column| at(*column) <= onset));
    let from = onset.map_or(count.saturating_sub(10), |onset| onset.saturating_sub(3));
    (from..count.min(from + 10))
        .map(|column| {
            let mut row = Map::new();
            row.insert("from".to_owned(), json!(at(column)));
            row.insert("onset".to_owned(), json!(onset == Some(column)));
            for lane in &timeline.lanes {
                row.insert(lane.name.to_string(), json!(lane.counts.get(column)));
            }
            Value::Object(row)
        })
        .collect()
}

/// Rows with a shade for each number: four steps by the square root of its part of the largest one.
pub(super) fn destinations(report: &Report, phrases: &Phrases) -> Value {
    let Some(table) = &report.destinations else { return Value::Null };
    // A table of one number says nothing that its total does not.
    if table.rows.iter().flat_map(|row| &row.counts).filter(|count| **count > 0).count() < 2 {
        return Value::Null;
    }
    let most = table.rows.iter().flat_map(|row| &row.counts).copied().max().unwrap_or(0).max(1) as f64;
    let last = table.columns.len().saturating_sub(1);
    let cells = |counts: &[u64]| -> Vec<Value> {
        counts
            .iter()
            .enumerate()
            .map(|(at, count)| {
                let shade = if *count == 0 { 0 } else { ((*count as f64 / most).sqrt() * 4.0).ceil().clamp(1.0, 4.0) as u8 };
                json!({ "count": count, "shade": shade, "bounced": at == last })
            })
            .collect()
    };
    json!({
        "wide": table.columns.len() > 3,
        "many": table.columns.len() > 3,
        "in_part": table.in_part,
        "columns": table.columns.iter().enumerate().map(|(at, title)| json!({ "title": title, "bounced": at == last })).collect::<Vec<_>>(),
        "rows": table.rows.iter().map(|row| json!({ "name": phrases.destination(row), "named": !row.domains.is_empty(), "provider": row.provider, "cells": cells(&row.counts) })).collect::<Vec<_>>(),
        "totals": cells(&table.totals),
    })
}
