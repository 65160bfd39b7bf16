//! How the queue's size went and what comes next, from the messages that entered and left it.

use crate::report::view::{Drain, Forecast, Timeline, Trend};
use crate::time::Time;

/// Messages that must wait for a column to count as one with a backlog.
const BACKLOG: u64 = 10;
/// Seconds with a backlog and deliveries below which nothing is said of draining.
const LONG_ENOUGH: f64 = 1800.0;

/// The queue's size at the end of each column, counted back from what waits now; none if the log shows more messages
/// leave than it shows enter, since it then began in the middle of things that it does not tell.
pub(super) fn forecast(timeline: &Timeline, waiting: u64, deadline: Option<Time>) -> Option<Forecast> {
    let flow = &timeline.messages;
    let columns = flow.arrived.len();
    let column = f64::from(timeline.column);
    let mut sizes = vec![0u64; columns];
    let mut size = i64::try_from(waiting).ok()?;
    let mut least = size;
    for at in (0..columns).rev() {
        sizes[at] = size.max(0) as u64;
        let count = |list: &[u64]| list.get(at).copied().unwrap_or(0) as i64;
        size += count(&flow.left) + count(&flow.deleted) - count(&flow.arrived);
        least = least.min(size);
    }
    if columns == 0 || least < -(waiting as i64 / 20).max(5) {
        return None;
    }
    let trend = {
        // Without an onset it is the whole interval that tells.
        let onset = timeline.onset.map_or(0, |onset| ((onset.since(timeline.from) / column) as usize).min(columns - 1));
        // The present rate: over the last half of the time since the onset, or all of it if that is short.
        let recent = ((columns - onset) / 2).max((LONG_ENOUGH / column).ceil() as usize).min(columns - onset);
        let begin = columns - recent;
        let before = if begin == 0 { size.max(0) as u64 } else { sizes[begin - 1] };
        let over = recent as f64 * column;
        (over >= 600.0).then(|| Trend { per_hour: (waiting as f64 - before as f64) / (over / 3600.0), over })
    };
    let end = timeline.from.plus(column * columns as f64);
    let at_deadline = trend.zip(deadline).and_then(|(trend, deadline)| {
        let rate = trend.per_hour;
        let hours = deadline.since(end) / 3600.0;
        // What one message more or less makes of it is no forecast, nor is what a few minutes make of days.
        (rate > 0.0 && hours > 0.0 && waiting >= BACKLOG && trend.over >= LONG_ENOUGH)
            .then(|| (waiting as f64 + rate * hours).round() as u64)
    });
    let drain = drain(timeline, &sizes, waiting);
    Some(Forecast { from: timeline.from, column: timeline.column, waiting: sizes, trend, at_deadline, drain })
}

/// From half hours (or columns, if they are longer) in which mail waited and was delivered: healthy hours show demand, not
/// capacity.
fn drain(timeline: &Timeline, sizes: &[u64], waiting: u64) -> Option<Drain> {
    let flow = &timeline.messages;
    let column = f64::from(timeline.column);
    let group = ((LONG_ENOUGH / column).round() as usize).max(1);
    let delivered = &timeline.lanes.iter().find(|lane| lane.name == "delivered")?.counts;
    // A few stuck messages are no backlog beside what waits now.
    let backlog = BACKLOG.max(waiting / 4);
    let seconds = column * group as f64;
    let mut rates = Vec::new();
    for from in (0..flow.left.len()).step_by(group) {
        let part = |list: &[u64]| -> u64 { list.iter().skip(from).take(group).sum() };
        let whole = from + group <= flow.left.len();
        // Mail waited while some was delivered: not first the one and then the other.
        let busy = (from..from + group).filter(|at| delivered.get(*at).is_some_and(|count| *count > 0));
        let waited = busy.filter_map(|at| sizes.get(at.saturating_sub(1))).copied().max().unwrap_or(0);
        if whole && part(delivered) > 0 && waited >= backlog && part(&flow.left) > 0 {
            rates.push((part(&flow.left) as f64 - part(&flow.arrived) as f64) / (seconds / 3600.0));
        }
    }
    let over = rates.len() as f64 * seconds;
    rates.sort_by(f64::total_cmp);
    (over >= LONG_ENOUGH).then(|| Drain { over, median: rates[rates.len() / 2], slowest: rates[0] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::view::{Lane, MessageFlow};

    fn timeline(arrived: &[u64], left: &[u64], delivered: &[u64], deferred: &[u64]) -> Timeline {
        let lane = |name: &'static str, counts: &[u64]| Lane { name: name.into(), counts: counts.to_vec() };
        Timeline {
            from: Time::from_seconds(0),
            column: 1800,
            outward: false,
            lanes: vec![lane("delivered", delivered), lane("deferred", deferred), lane("bounced", &vec![0; arrived.len()])],
            messages: MessageFlow { arrived: arrived.to_vec(), left: left.to_vec(), deleted: vec![0; arrived.len()] },
            gaps: Vec::new(),
            onset: Some(Time::from_seconds(3600)),
            bands: Vec::new(),
        }
    }

    #[test]
    fn a_queue_that_only_grew_says_nothing_of_draining() {
        let timeline = timeline(&[50, 50, 50, 50], &[50, 50, 0, 0], &[50, 50, 0, 0], &[0, 0, 60, 120]);
        let forecast = forecast(&timeline, 100, Some(Time::from_seconds(7200 + 3600))).unwrap();
        assert_eq!(forecast.waiting, [0, 0, 50, 100]);
        assert_eq!(forecast.trend.unwrap().per_hour, 100.0);
        assert_eq!(forecast.at_deadline, Some(200));
        assert!(forecast.drain.is_none());
    }

    #[test]
    fn draining_is_read_from_half_hours_with_a_backlog_and_deliveries() {
        let timeline = timeline(&[50, 100, 10, 10], &[50, 0, 40, 30], &[50, 0, 40, 30], &[0, 100, 90, 80]);
        let drain = forecast(&timeline, 50, None).unwrap().drain.unwrap();
        assert_eq!((drain.median, drain.slowest, drain.over), (60.0, 40.0, 3600.0));
    }

    #[test]
    fn deliveries_before_the_backlog_began_say_nothing_of_draining() {
        let mut timeline = timeline(&[10, 20], &[10, 0], &[10, 0], &[0, 20]);
        timeline.column = 900;
        assert!(forecast(&timeline, 20, None).unwrap().drain.is_none());
    }

    #[test]
    fn a_log_that_began_in_the_middle_gives_no_size() {
        let timeline = timeline(&[0, 0], &[500, 0], &[500, 0], &[0, 0]);
        assert!(forecast(&timeline, 0, None).is_some(), "it was full before, which can be");
        let wrong = super::tests::timeline(&[500, 0], &[0, 0], &[0, 0], &[0, 0]);
        assert!(forecast(&wrong, 0, None).is_none(), "500 came and neither left nor wait");
    }
}
