//! The report's pictures: inline SVG with axes, units and a text alternative, and lanes of block characters for text.
//!
//! Geometry and colours are presentation attributes, so that a chart stays a chart where the style sheet is refused; classes
//! let the style sheet adapt it to a dark theme.

use super::markup::escape_html;
use super::phrases::Phrases;
use super::view::{AgeBucket, Forecast, Lane, Queue, Share, Timeline};
use crate::diagnose::words::{percent, thousands};
use crate::time::Time;
use std::fmt::Write;

const LEFT: f64 = 46.0;
/// Top and bottom of the three lanes, for delivered, deferred and bounced.
const LANES: [(f64, f64); 3] = [(34.0, 152.0), (190.0, 308.0), (346.0, 416.0)];
const FILLS: [(&str, &str); 3] = [("f-sent", "#3f7fb8"), ("f-def", "#bf7d12"), ("f-bnc", "#b8342a")];
const TITLES: [&str; 3] = ["shape.delivered", "shape.deferred", "shape.bounced"];

/// Unit of a column in words: `5 minutes`, `hour`.
pub(crate) fn column_words(seconds: u32, phrases: &Phrases) -> String {
    let count = |unit: u32| [("n", serde_json::Value::from(seconds / unit))];
    match seconds {
        60 => phrases.say("shape.minute", &[]),
        3600 => phrases.say("shape.hour", &[]),
        86_400 => phrases.say("shape.day", &[]),
        604_800 => phrases.say("shape.week", &[]),
        31_536_000 => phrases.say("shape.year", &[]),
        seconds if seconds < 3600 => phrases.say("shape.minutes", &count(60)),
        _ => phrases.say("shape.hours", &count(3600)),
    }
}

/// `06:14`.
pub(crate) fn clock(time: Time) -> String {
    let civil = time.civil();
    format!("{:02}:{:02}", civil.hour, civil.minute)
}

/// The end of an axis that holds `most`: 1, 2, 4, 6, 8, 10, 15, 20, 30 ... so that its half is a whole number, too.
fn nice(most: u64) -> u64 {
    if most <= 1 {
        return most.max(1);
    }
    let mut power = 1u64;
    loop {
        for step in [2, 4, 6, 8, 10, 15] {
            let end = step * power;
            if end >= most && end.is_multiple_of(2) {
                return end;
            }
        }
        match power.checked_mul(10) {
            Some(next) if next < u64::MAX / 100 => power = next,
            _ => return most,
        }
    }
}

/// Seconds between two marks of a time axis that spans `seconds` and has room for `room` marks.
fn tick_step(seconds: i64, room: i64) -> i64 {
    const STEPS: [i64; 16] =
        [60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 31_536_000];
    *STEPS.iter().find(|step| seconds / **step <= room).unwrap_or(&31_536_000)
}

/// The timeline, `width` units wide: one lane an outcome, each with its own scale, over one time axis.
pub(crate) fn timeline(
    timeline: &Timeline,
    last_good: Option<Time>,
    width: u32,
    class: &str,
    alternative: &str,
    phrases: &Phrases,
) -> String {
    let right = f64::from(width) - 8.0;
    let columns = timeline.lanes.first().map_or(0, |lane| lane.counts.len());
    if columns == 0 {
        return String::new();
    }
    let span = columns as i64 * i64::from(timeline.column);
    let start = timeline.from.seconds();
    let x = |time: Time| LEFT + (time.seconds() - start) as f64 / span as f64 * (right - LEFT);
    let inside = |time: Time| (start..=start + span).contains(&time.seconds());
    let step = (right - LEFT) / columns as f64;
    let gap = if step > 6.0 { 1.2 } else { 0.6 };
    let hidden = if class == "only-narrow" { " display=\"none\"" } else { "" };
    let shown = if width > 600 { 800 } else { 400 };
    let mut out = format!(
        "<svg class=\"chart {class}\"{hidden} width=\"{shown}\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#4a5565\" \
         viewBox=\"0 0 {width} 456\" role=\"img\" aria-label=\"{}\">",
        escape_html(alternative)
    );
    // Failures of writing to a String do not happen.
    let out_ref = &mut out;
    let mut titles = String::new();
    for (at, (lane, (top, bottom))) in timeline.lanes.iter().zip(LANES).enumerate() {
        let end = nice(lane.counts.iter().copied().max().unwrap_or(0));
        let _ = write!(
            titles,
            "<text class=\"strong\" x=\"{LEFT}\" y=\"{}\">{}</text>",
            top - 9.0,
            escape_html(&phrases.say(TITLES[at.min(2)], &[]))
        );
        for gap in &timeline.gaps {
            let (from, to) = (x(gap.from).max(LEFT), x(gap.to).min(right));
            if from < to {
                let _ = write!(
                    out_ref,
                    "<rect class=\"gap\" fill=\"#828d9b\" opacity=\".18\" x=\"{from:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{}\"/>",
                    to - from,
                    bottom - top
                );
                if at == 0 && to - from > 44.0 {
                    let middle = f64::midpoint(from, to);
                    let _ = write!(
                        out_ref,
                        "<text x=\"{middle:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                        top + 18.0,
                        escape_html(&phrases.say("shape.no_log", &[]))
                    );
                }
            }
        }
        for band in timeline.bands.iter().filter(|band| band.lane == lane.name) {
            let (from, to) = (x(band.from).clamp(LEFT, right), x(band.to).clamp(LEFT, right));
            let _ = write!(
                out_ref,
                "<rect class=\"zone\" fill=\"{}\" opacity=\".07\" x=\"{from:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{}\"/>\
                 <line class=\"bracket\" stroke=\"#4a5565\" x1=\"{from:.1}\" x2=\"{from:.1}\" y1=\"{top}\" y2=\"{bottom}\" stroke-dasharray=\"3 3\"/>",
                FILLS[at.min(2)].1,
                (to - from).max(1.0),
                bottom - top
            );
            let label = escape_html(&if width > 600 { format!("{} {}", clock(band.from), band.title) } else { clock(band.from) });
            let (at_x, anchor) = if from > f64::midpoint(LEFT, right) { (from - 6.0, "end") } else { (from + 6.0, "start") };
            let _ = write!(out_ref, "<text x=\"{at_x:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{label}</text>", top + 13.0);
        }
        let marks: &[(u64, f64)] = &[(0, bottom), (end / 2, f64::midpoint(top, bottom)), (end, top)];
        for (number, y) in marks.iter().filter(|(number, _)| end > 1 || *number != end / 2 || *number == 0) {
            if *number == 0 && *y != bottom {
                continue;
            }
            let (class, stroke) = if *number == 0 { ("axis", "#4a5565") } else { ("grid", "#dfe3e9") };
            let _ = write!(
                out_ref,
                "<line class=\"{class}\" stroke=\"{stroke}\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y}\" y2=\"{y}\"/>\
                 <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                LEFT - 7.0,
                y + 4.0,
                short(*number)
            );
        }
        let mut path = String::new();
        for (column, count) in lane.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            // A column that is not zero can be seen.
            let height = (*count as f64 / end as f64 * (bottom - top)).max(1.5);
            let from = LEFT + column as f64 * step + gap / 2.0;
            let _ = write!(path, "M{from:.1} {bottom}v-{height:.1}h{:.1}v{height:.1}z", step - gap);
        }
        let (class, fill) = FILLS[at.min(2)];
        let _ = write!(out_ref, "<path class=\"{class}\" fill=\"{fill}\" d=\"{path}\"/>");
    }
    time_axis(out_ref, timeline, width, span, phrases);
    if let Some(onset) = timeline.onset.filter(|onset| inside(*onset)) {
        let at = x(onset);
        let (label_x, anchor) = if at > f64::midpoint(LEFT, right) { (at - 7.0, "end") } else { (at + 7.0, "start") };
        // The lane's own title stands at the left: a label that would cover it goes below.
        let y = if label_x < LEFT + 150.0 || (anchor == "end" && label_x < LEFT + 180.0) { 46.0 } else { 25.0 };
        let _ = write!(
            out_ref,
            "<line class=\"onset\" stroke=\"#18202b\" stroke-width=\"1.5\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"20\" y2=\"416\"/>\
             <text class=\"onset-t\" x=\"{label_x:.1}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>",
            escape_html(&phrases.say("shape.onset", &[("time", clock(onset).into())]))
        );
        // Where nothing was delivered since, the empty part of the lane says so.
        let column = ((onset.seconds() - start) / i64::from(timeline.column)) as usize;
        let silent = timeline.lanes[0].counts.iter().skip(column + 1).all(|count| *count == 0);
        if let Some(last) = last_good.filter(|_| silent && right - at > 150.0) {
            let label = phrases.say("shape.last_delivery", &[("time", clock(last).into())]);
            let _ = write!(out_ref, "<text x=\"{:.1}\" y=\"{}\">{}</text>", at + 7.0, LANES[0].1 - 7.0, escape_html(&label));
        }
    }
    out.push_str(&titles);
    out.push_str("</svg>");
    out
}

fn time_axis(out: &mut String, timeline: &Timeline, width: u32, span: i64, phrases: &Phrases) {
    let right = f64::from(width) - 8.0;
    let start = timeline.from.seconds();
    let step = tick_step(span, i64::from(width) / 105);
    let mut tick = start.div_euclid(step) * step;
    if tick < start {
        tick += step;
    }
    let mut days = vec![(LEFT, phrases.day(timeline.from), "start")];
    while tick <= start + span {
        let x = LEFT + (tick - start) as f64 / span as f64 * (right - LEFT);
        let time = Time::from_seconds(tick);
        let anchor = if x > right - 16.0 {
            "end"
        } else if x < LEFT + 16.0 {
            "start"
        } else {
            "middle"
        };
        let at_midnight = tick.rem_euclid(86_400) == 0;
        let text = if step >= 86_400 { phrases.day(time) } else { clock(time) };
        let _ = write!(
            out,
            "<line class=\"axis\" stroke=\"#4a5565\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"416\" y2=\"421\"/>\
             <text x=\"{x:.1}\" y=\"435\" text-anchor=\"{anchor}\">{text}</text>"
        );
        if at_midnight && step < 86_400 {
            if x < LEFT + 70.0 {
                days.clear();
            }
            days.push((x, phrases.day(time), anchor));
        }
        tick += step;
    }
    if step < 86_400 {
        for (x, text, anchor) in days {
            let _ = write!(out, "<text class=\"strong\" x=\"{x:.1}\" y=\"450\" text-anchor=\"{anchor}\">{text}</text>");
        }
    }
    let _ = write!(out, "<text x=\"{right}\" y=\"450\" text-anchor=\"end\">UTC</text>");
}

/// A number that fits beside an axis: `800`, `12,000`, `1.5 M`.
fn short(number: u64) -> String {
    match number {
        0..=99_999 => thousands(number),
        100_000..=999_999 => format!("{} k", number / 1000),
        _ => format!("{:.1} M", number as f64 / 1e6),
    }
}

/// What the timeline shows, in words.
pub(crate) fn timeline_words(timeline: &Timeline, phrases: &Phrases) -> String {
    let columns = timeline.lanes.first().map_or(0, |lane| lane.counts.len());
    let end = timeline.from.plus(f64::from(timeline.column) * columns as f64);
    let mut words = phrases.say(
        "shape.lanes",
        &[
            ("from", phrases.moment(timeline.from).into()),
            ("to", phrases.moment(end).into()),
            ("column", column_words(timeline.column, phrases).into()),
        ],
    );
    for (lane, title) in timeline.lanes.iter().zip(TITLES) {
        let sum: u64 = lane.counts.iter().sum();
        let _ = write!(words, " {}: {}.", phrases.say(title, &[]), thousands(sum));
    }
    if let Some(onset) = timeline.onset {
        let _ = write!(words, " {}.", phrases.say("shape.onset", &[("time", phrases.moment(onset).into())]));
    }
    words
}

/// Label of an age bucket, as qshape's limits go.
pub(crate) fn age_label(bucket: &AgeBucket) -> String {
    let hours = |minutes: u32| format!("{:.0}", f64::from(minutes) / 60.0);
    match (bucket.from_minutes, bucket.to_minutes) {
        (0, Some(to)) => format!("< {to} min"),
        (from, Some(to)) if to <= 320 => format!("{from}–{to}"),
        (from, Some(to)) => format!("{}–{} h", hours(from), hours(to)),
        (from, None) => format!("> {} h", hours(from)),
    }
}

/// Histogram of the age of waiting messages; messages older than the onset, `onset_age` minutes ago, are grey.
pub(crate) fn ages(queue: &Queue, onset: Option<(f64, Time)>, phrases: &Phrases) -> String {
    let onset_age = onset.map(|(age, _)| age);
    let (left, right, top, bottom) = (40.0, 454.0, 30.0, 206.0);
    let end = nice(queue.ages.iter().map(|bucket| bucket.messages).max().unwrap_or(0));
    let words: Vec<String> =
        queue.ages.iter().map(|bucket| format!("{}: {}", age_label(bucket), thousands(bucket.messages))).collect();
    let mut out = format!(
        "<svg class=\"chart\" width=\"440\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#4a5565\" viewBox=\"0 0 460 262\" role=\"img\" \
         aria-label=\"{} {}\">",
        escape_html(&phrases.say("shape.ages_alt", &[])),
        escape_html(&words.join(", "))
    );
    let marks = [(0, bottom), (end / 2, f64::midpoint(top, bottom)), (end, top)];
    for (number, y) in marks.iter().filter(|(number, y)| *number > 0 || *y == bottom) {
        let (class, stroke) = if *number == 0 { ("axis", "#4a5565") } else { ("grid", "#dfe3e9") };
        let _ = write!(
            out,
            "<line class=\"{class}\" stroke=\"{stroke}\" x1=\"{left}\" x2=\"{right}\" y1=\"{y}\" y2=\"{y}\"/>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            left - 6.0,
            y + 4.0,
            short(*number)
        );
    }
    let step = (right - left) / queue.ages.len().max(1) as f64;
    let mut onset_x = None;
    for (at, bucket) in queue.ages.iter().enumerate() {
        let from = left + at as f64 * step;
        let (low, high) = (f64::from(bucket.from_minutes), bucket.to_minutes.map(f64::from));
        let older = onset_age.is_some_and(|onset| low >= onset);
        if let Some(onset) = onset_age.filter(|onset| *onset >= low && high.is_none_or(|high| *onset < high)) {
            let part = high.map_or(0.5, |high| (onset - low) / (high - low));
            onset_x = Some(from + part * step);
        }
        let (class, fill) = if older { ("f-rest", "#828d9b") } else { ("f-def", "#bf7d12") };
        let middle = from + step / 2.0;
        if bucket.messages > 0 {
            let height = (bucket.messages as f64 / end as f64 * (bottom - top)).max(1.5);
            let _ = write!(
                out,
                "<rect class=\"{class}\" fill=\"{fill}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>\
                 <text class=\"strong\" x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                from + 2.0,
                bottom - height,
                step - 4.0,
                bottom - height - 5.0,
                short(bucket.messages)
            );
        }
        // Neighbouring labels stand on two lines, since they are wider than a column.
        let y = if at % 2 == 0 { bottom + 16.0 } else { bottom + 30.0 };
        let _ =
            write!(out, "<text x=\"{middle:.1}\" y=\"{y}\" text-anchor=\"middle\">{}</text>", escape_html(&age_label(bucket)));
    }
    let _ = write!(
        out,
        "<text x=\"247\" y=\"256\" text-anchor=\"middle\">{}</text>",
        escape_html(&phrases.say("shape.ages_axis", &[]))
    );
    if let Some((x, (_, onset))) = onset_x.zip(onset) {
        let label = escape_html(&phrases.say("shape.onset", &[("time", clock(onset).into())]));
        let (label_x, anchor) = if x > 240.0 { (x - 5.0, "end") } else { (x + 5.0, "start") };
        let _ = write!(
            out,
            "<line class=\"onset\" stroke=\"#18202b\" stroke-width=\"1.5\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"14\" y2=\"{bottom}\"/>\
             <text class=\"onset-t\" x=\"{label_x:.1}\" y=\"20\" text-anchor=\"{anchor}\">{label}</text>"
        );
    }
    out.push_str("</svg>");
    out
}

/// The queue's size since shortly before the onset, and for as long again what comes next if nothing changes.
pub(crate) fn queue(forecast: &Forecast, onset: Option<Time>, phrases: &Phrases) -> String {
    let (left, right, top, bottom) = (48.0, 454.0, 30.0, 166.0);
    let column = f64::from(forecast.column);
    let end = forecast.from.plus(column * forecast.waiting.len() as f64);
    let begin = match onset {
        Some(onset) => onset.plus(-(end.since(onset) / 4.0).max(column * 2.0)).max(forecast.from),
        None => forecast.from,
    };
    let skip = ((begin.since(forecast.from)) / column) as usize;
    let sizes = &forecast.waiting[skip.min(forecast.waiting.len().saturating_sub(1))..];
    let begin = end.plus(-column * sizes.len() as f64);
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
    let mut out = format!(
        "<svg class=\"chart\" width=\"440\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#4a5565\" viewBox=\"0 0 460 192\" \
         role=\"img\" aria-label=\"{}\">",
        escape_html(&words)
    );
    for (number, at) in [(0, bottom), (height / 2, f64::midpoint(top, bottom)), (height, top)] {
        if number == 0 && at != bottom {
            continue;
        }
        let (class, stroke) = if number == 0 { ("axis", "#4a5565") } else { ("grid", "#dfe3e9") };
        let _ = write!(
            out,
            "<line class=\"{class}\" stroke=\"{stroke}\" x1=\"{left}\" x2=\"{right}\" y1=\"{at}\" y2=\"{at}\"/>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            left - 6.0,
            at + 4.0,
            short(number)
        );
    }
    let mut path = format!("M{left:.1} {bottom}L{left:.1} {:.1}", y(sizes.first().copied().unwrap_or(0) as f64));
    for (place, size) in sizes.iter().enumerate() {
        let _ = write!(path, "L{:.1} {:.1}", x(begin.plus(column * (place + 1) as f64)), y(*size as f64));
    }
    let _ = write!(out, "<path class=\"f-def\" fill=\"#bf7d12\" d=\"{path}V{bottom}z\"/>");
    let now_x = x(end);
    if let Some((_, size)) = ahead {
        let _ = write!(
            out,
            "<path class=\"proj\" stroke=\"#7c4d00\" stroke-dasharray=\"5 4\" fill=\"none\" d=\"M{now_x:.1} {:.1}L{right} {:.1}\"/>\
             <text class=\"strong\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <text x=\"{right}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            y(now as f64),
            y(size),
            right - 6.0,
            (y(size) - 8.0).max(12.0),
            short(size.round() as u64),
            bottom - 8.0,
            escape_html(&phrases.say("shape.queue_if", &[])),
        );
    }
    let _ = write!(
        out,
        "<text class=\"strong\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
        now_x - 5.0,
        (y(now as f64) - 6.0).max(14.0),
        escape_html(&phrases.say("shape.queue_now", &[("n", now.into())]))
    );
    if let Some(onset) = onset.filter(|onset| *onset >= begin && *onset <= end) {
        let at = x(onset);
        let _ = write!(
            out,
            "<line class=\"onset\" stroke=\"#18202b\" stroke-width=\"1.5\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"8\" y2=\"{bottom}\"/>\
             <text class=\"onset-t\" x=\"{:.1}\" y=\"18\">{}</text>",
            at + 5.0,
            escape_html(&phrases.say("shape.onset", &[("time", clock(onset).into())]))
        );
    }
    let span = until.since(begin) as i64;
    let step = tick_step(span, 5);
    let mut tick = begin.seconds().div_euclid(step) * step + step;
    while tick <= until.seconds() {
        let time = Time::from_seconds(tick);
        let at = x(time);
        let anchor = if at > right - 16.0 { "end" } else { "middle" };
        let text = if step >= 86_400 { phrases.day(time) } else { clock(time) };
        let _ = write!(
            out,
            "<line class=\"axis\" stroke=\"#4a5565\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{bottom}\" y2=\"{}\"/>\
             <text x=\"{at:.1}\" y=\"184\" text-anchor=\"{anchor}\">{text}</text>",
            bottom + 4.0
        );
        tick += step;
    }
    let _ = write!(out, "<text x=\"{}\" y=\"184\" text-anchor=\"end\">UTC</text></svg>", left - 6.0);
    out
}

/// Colours of the segments of the share bar: root causes, then the others in their order, the residue grey.
const ROOTS: [(&str, &str); 2] = [("f-bnc", "#b8342a"), ("f-5", "#7a5fa0")];
const OTHERS: [(&str, &str); 3] = [("f-def", "#bf7d12"), ("f-sent", "#3f7fb8"), ("f-4", "#5a7d4e")];
const REST: (&str, &str) = ("f-rest", "#828d9b");

/// Class and colour of each part, so that no two neighbours look the same.
pub(crate) fn segments(shares: &[Share]) -> Vec<(&'static str, &'static str)> {
    let (mut roots, mut others) = (ROOTS.iter(), OTHERS.iter());
    let segment = |share: &Share| match &*share.role {
        _ if share.rule.is_none() => REST,
        "root-cause" => roots.next().or_else(|| others.next()).copied().unwrap_or(REST),
        "contributing" => others.next().copied().unwrap_or(REST),
        // What is separate and minor is not amber while there is another colour.
        _ => others.next_back().copied().unwrap_or(REST),
    };
    shares.iter().map(segment).collect()
}

/// The bar of what explains the failures.
pub(crate) fn share_bar(shares: &[Share]) -> String {
    let words: Vec<String> = shares.iter().map(|share| format!("{} {}", share.title, percent(share.share))).collect();
    let mut out = format!(
        "<svg class=\"chart\" width=\"800\" height=\"18\" viewBox=\"0 0 1000 26\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
        escape_html(&words.join(", "))
    );
    let total: f64 = shares.iter().map(|share| share.share.max(0.003)).sum();
    let room = 1000.0 - 1.5 * shares.len().saturating_sub(1) as f64;
    let mut x = 0.0;
    for (share, (class, fill)) in shares.iter().zip(segments(shares)) {
        let width = share.share.max(0.003) / total.max(0.001) * room;
        let _ = write!(out, "<rect class=\"{class}\" fill=\"{fill}\" x=\"{x:.1}\" y=\"0\" width=\"{width:.1}\" height=\"26\"/>");
        x += width + 1.5;
    }
    out.push_str("</svg>");
    out
}

const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A lane in block characters, at most `width` of them, with `|` at the onset, and what a full block stands for.
pub(crate) fn blocks(timeline: &Timeline, lane: &Lane, width: usize) -> (String, u64) {
    let columns = lane.counts.len();
    let group = columns.div_ceil(width.max(1)).max(1);
    let counts: Vec<u64> = lane.counts.chunks(group).map(|part| part.iter().sum()).collect();
    let end = nice(counts.iter().copied().max().unwrap_or(0));
    let onset = timeline.onset.map(|onset| {
        let seconds = onset.seconds() - timeline.from.seconds();
        usize::try_from(seconds.div_euclid(i64::from(timeline.column) * group as i64)).unwrap_or(0)
    });
    let mut out = String::new();
    for (at, count) in counts.iter().enumerate() {
        if onset == Some(at) {
            out.push('│');
        }
        let level = if *count == 0 { 0 } else { ((*count as f64 / end as f64 * 8.0).round() as usize).clamp(1, 8) };
        out.push(BLOCKS[level]);
    }
    (out, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_on_round_numbers_that_hold_everything() {
        for most in 0..5000 {
            let end = nice(most);
            assert!(end >= most && (end == 1 || end.is_multiple_of(2)) && end <= most.max(1) * 2 + 1, "{most}: {end}");
        }
        assert_eq!((nice(728), nice(150), nice(149)), (800, 150, 150));
    }
}
