//! The queue's size over time, and what comes next.

use super::drawing::{Anchor, Drawing};
use super::{nice, short, tick_step};
use crate::report::phrases::Phrases;
use crate::report::view::Forecast;
use crate::time::Time;
use std::fmt::Write;

/// The queue's size since shortly before the onset until the evidence ends, and for as long again what comes next if nothing changes.
pub(crate) fn queue(forecast: &Forecast, onset: Option<Time>, end: Option<Time>, phrases: &Phrases) -> String {
    let (left, right, top, bottom) = (48.0, 454.0, 30.0, 166.0);
    let column = f64::from(forecast.column);
    let whole = forecast.from.plus(column * forecast.waiting.len() as f64);
    // The last column reaches beyond the evidence.
    let end = end.filter(|end| (0.0..column).contains(&whole.since(*end))).unwrap_or(whole);
    let begin = match onset {
        Some(onset) => onset.plus(-(end.since(onset) / 4.0).max(column * 2.0)).max(forecast.from),
        None => forecast.from,
    };
    let skip = ((begin.since(forecast.from)) / column) as usize;
    let sizes = &forecast.waiting[skip.min(forecast.waiting.len().saturating_sub(1))..];
    let begin = whole.plus(-column * sizes.len() as f64);
    let now = sizes.last().copied().unwrap_or(0);
    let grows = forecast.trend.map(|trend| trend.per_hour).filter(|rate| *rate > 0.0);
    let ahead = grows.zip(onset).map(|(rate, onset)| {
        let seconds = end.since(onset).max(column);
        (seconds, now as f64 + rate * seconds / 3600.0)
    });
    let until = end.plus(ahead.map_or(0.0, |(seconds, _)| seconds));
    let most = sizes.iter().copied().max().unwrap_or(0).max(ahead.map_or(0, |(_, size)| size.ceil() as u64));
    let height = nice(most);
    let x = |time: Time| left + time.since(begin) / until.since(begin).max(1.0) * (right - left);
    let y = |size: f64| bottom - size / height as f64 * (bottom - top);
    let words = phrases.say(
        "shape.queue_alt",
        &[
            ("from", phrases.moment(begin).into()),
            ("to", phrases.moment(end).into()),
            ("first", sizes.first().copied().unwrap_or(0).into()),
            ("most", sizes.iter().copied().max().unwrap_or(0).into()),
            ("last", now.into()),
        ],
    );
    let mut drawing = Drawing::new("\"", 440, (460.0, 192.0), &words);
    drawing.scale(height, (left, right), (top, bottom));
    let mut path = format!("M{left:.1} {bottom}L{left:.1} {:.1}", y(sizes.first().copied().unwrap_or(0) as f64));
    for (place, size) in sizes.iter().enumerate() {
        let _ = write!(path, "L{:.1} {:.1}", x(begin.plus(column * (place + 1) as f64).min(end)), y(*size as f64));
    }
    drawing.outline(("f-def", "#bf7d12"), &format!("{path}V{bottom}z"));
    let now_x = x(end);
    if let Some((_, size)) = ahead {
        drawing.expected(&format!("M{now_x:.1} {:.1}L{right} {:.1}", y(now as f64), y(size)));
        let then = if until.since(begin) > 86_400.0 { phrases.moment(until) } else { until.clock() };
        let then = phrases.say("shape.queue_then", &[("n", (size.round() as u64).into()), ("time", then.into())]);
        drawing.label("strong", (right, (y(size) - 8.0).max(12.0)), Anchor::End, &then);
        drawing.label("", (right, bottom - 8.0), Anchor::End, &phrases.say("shape.queue_if", &[]));
    }
    let label = phrases.say("shape.queue_now", &[("n", short(now).into())]);
    drawing.label("strong", (now_x - 5.0, (y(now as f64) - 6.0).max(14.0)), Anchor::End, &label);
    if let Some(onset) = onset.filter(|onset| *onset >= begin && *onset <= end) {
        let at = x(onset);
        drawing.line("onset", (at, 8.0), (at, bottom));
        drawing.label("onset-t", (at + 5.0, 18.0), Anchor::Start, &phrases.say("shape.onset", &[("time", onset.clock().into())]));
    }
    let span = until.since(begin) as i64;
    let step = tick_step(span, 5);
    let mut tick = begin.seconds().div_euclid(step) * step + step;
    while tick <= until.seconds() {
        let time = Time::from_seconds(tick);
        let at = x(time);
        // Beside the edges it must not run into what stands there.
        let anchor = match at {
            _ if at > right - 16.0 => Anchor::End,
            _ if at < left + 16.0 => Anchor::Start,
            _ => Anchor::Middle,
        };
        drawing.line("axis", (at, bottom), (at, bottom + 4.0));
        drawing.label("", (at, 184.0), anchor, &if step >= 86_400 { phrases.day(time) } else { time.clock() });
        tick += step;
    }
    drawing.label("", (left - 7.0, 184.0), Anchor::End, "UTC");
    drawing.finish()
}
