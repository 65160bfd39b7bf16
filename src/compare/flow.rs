//! What passed through the queue between two snapshots, and how fast.

use super::told::are_two_hosts;
use super::{Flow, Forecast, Rates, Snapshot};
use crate::report::phrases::Said;
use crate::time::{Time, duration};

/// What happened in an interval; parts of a column count in part.
struct Sums {
    arrived: f64,
    left: f64,
    deleted: f64,
    delivered: f64,
    deferred: f64,
    bounced: f64,
}

/// What happened between two moments; none if the log does not reach back to the first.
fn between(snapshot: &Snapshot, from: Time, to: Time) -> Option<Sums> {
    let timeline = snapshot.report.timeline.as_ref()?;
    let messages = &timeline.messages;
    let column = f64::from(timeline.column);
    let start = timeline.from;
    // Half a column is what the resolution cannot tell.
    if start.since(from) > column / 2.0 {
        return None;
    }
    let sum = |counts: &[u64]| {
        let parts = counts.iter().enumerate().map(|(at, count)| {
            let begins = start.plus(at as f64 * column);
            let overlap = to.since(begins).min(column) - from.since(begins).max(0.0);
            *count as f64 * (overlap / column).clamp(0.0, 1.0)
        });
        parts.sum::<f64>()
    };
    let lane = |name: &str| timeline.lanes.iter().find(|lane| lane.name == name).map_or(0.0, |lane| sum(&lane.counts));
    Some(Sums {
        arrived: sum(&messages.arrived),
        left: sum(&messages.left),
        deleted: sum(&messages.deleted),
        delivered: lane("delivered"),
        deferred: lane("deferred"),
        bounced: lane("bounced"),
    })
}

pub(super) fn flow(before: &Snapshot, after: &Snapshot) -> Option<Flow> {
    let (from, to) = before.at().zip(after.at())?;
    let sums = between(after, from, to)?;
    let [arrived, left, deleted] = [sums.arrived, sums.left, sums.deleted].map(|sum| sum.round() as u64);
    let gone = (before.report.queue.waiting_messages + arrived).saturating_sub(after.report.queue.waiting_messages + deleted);
    let missing = gone.saturating_sub(left);
    // The columns of the timeline blur the edges: a few per cent are no finding, and the queue knows better.
    let found = missing as f64 > 0.1 * (before.report.queue.waiting_messages + arrived) as f64;
    let (left, vanished) = if found { (left, missing) } else { (gone, 0) };
    Some(Flow {
        from,
        to,
        arrived,
        left,
        deleted,
        vanished,
        delivered: sums.delivered.round() as u64,
        bounced: sums.bounced.round() as u64,
    })
}

/// Seconds over which rates are measured at most.
const RATE_OVER: f64 = 3600.0;

pub(super) fn rates(snapshot: &Snapshot, earlier: Option<Time>) -> Option<Rates> {
    let to = snapshot.at()?;
    let begin = snapshot.report.timeline.as_ref()?.from;
    let from = [Some(to.plus(-RATE_OVER)), earlier, Some(begin)].into_iter().flatten().max()?;
    let over = to.since(from);
    // Less than a minute says nothing.
    if over < 60.0 {
        return None;
    }
    let sums = between(snapshot, from, to)?;
    let hourly = |sum: f64| sum / over * 3600.0;
    Some(Rates {
        over,
        arrived: hourly(sums.arrived),
        drained: hourly(sums.left),
        delivered: hourly(sums.delivered),
        deferred: hourly(sums.deferred),
    })
}

pub(super) fn forecast(before: &Snapshot, after: &Snapshot, flow: Option<&Flow>, emptied: bool) -> Forecast {
    let none = |because: &'static str| Forecast { empty_at: None, per_hour: None, because: Said::of(because) };
    let (then, now) = (before.report.queue.waiting_messages, after.report.queue.waiting_messages);
    if now == 0 {
        return none("compare.forecast.empty");
    }
    if are_two_hosts(before, after) {
        return none("compare.forecast.two_hosts");
    }
    let Some(flow) = flow else { return none("compare.forecast.no_log") };
    if then == 0 {
        return none("compare.forecast.no_backlog");
    }
    if flow.delivered == 0 {
        return none("compare.forecast.no_delivery");
    }
    if emptied {
        return none("compare.forecast.deleted");
    }
    let hours = flow.to.since(flow.from) / 3600.0;
    let per_hour = (flow.left as f64 - flow.arrived as f64) / hours.max(1.0 / 60.0);
    if per_hour <= 0.0 || now >= then {
        return none("compare.forecast.no_drain");
    }
    let seconds = now as f64 / per_hour * 3600.0;
    let because = Said::of("compare.forecast.drains")
        .with("left", Said::of("units.message").with("n", flow.left))
        .with("arrived", flow.arrived)
        .with("n", now)
        .with("duration", duration(seconds));
    Forecast { empty_at: Some(flow.to.plus(seconds)), per_hour: Some(per_hour), because }
}
