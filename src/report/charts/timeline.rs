//! Traffic over time: three lanes over one time axis, as a picture and in block characters.

use super::drawing::{Anchor, Drawing};
use super::{column_words, nice, tick_step};
use crate::diagnose::words::thousands;
use crate::report::phrases::Phrases;
use crate::report::view::{Lane, Span, Timeline};
use crate::time::Time;
use std::fmt::Write;

/// Where the lanes begin, in units.
const LEFT: f64 = 46.0;
/// Height of each lane, and of one in which nothing happened.
const HEIGHTS: [f64; 3] = [118.0, 118.0, 70.0];
const EMPTY: f64 = 20.0;
/// Room above a lane for its title.
const ABOVE: f64 = 38.0;
const FILLS: [(&str, &str); 3] = [("f-sent", "#3f7fb8"), ("f-def", "#bf7d12"), ("f-bnc", "#b8342a")];
const TITLES: [&str; 3] = ["shape.delivered", "shape.deferred", "shape.bounced"];
/// Units that a character takes, on the wide side; on paper they are larger.
const CHARACTER: f64 = 8.0;

/// What a lane is called: the first may count only what other servers took.
pub(crate) fn lane_title(timeline: &Timeline, at: usize, phrases: &Phrases) -> String {
    let name = if at == 0 && timeline.outward { "shape.delivered_out" } else { TITLES[at.min(2)] };
    phrases.say(name, &[])
}

/// What a timeline shows beside its counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'s> {
    /// The interval of its time axis: a column that reaches beyond it is as much narrower.
    pub(crate) span: Span,
    /// The last delivery before the onset.
    pub(crate) last_good: Option<Time>,
    /// What began at the onset.
    pub(crate) cause: Option<&'s str>,
}

/// A lane, its number, and where it stands.
struct Placed<'t> {
    at: usize,
    lane: &'t Lane,
    most: u64,
    top: f64,
    bottom: f64,
}

/// The timeline, 1000 units wide or 400: one lane an outcome, each with its own scale, over one time axis.
pub(crate) fn timeline(timeline: &Timeline, shown: Shown<'_>, wide: bool, alternative: &str, phrases: &Phrases) -> String {
    let width = if wide { 1000.0 } else { 400.0 };
    let right = width - 8.0;
    let columns = timeline.lanes.first().map_or(0, |lane| lane.counts.len());
    if columns == 0 {
        return String::new();
    }
    let start = shown.span.from;
    let seconds = shown.span.to.since(start).max(1.0);
    let x = |time: Time| LEFT + (time.since(start) / seconds).clamp(0.0, 1.0) * (right - LEFT);
    let column = f64::from(timeline.column);
    let edge = |number: usize| x(timeline.from.plus(column * number as f64));
    let gap = if (right - LEFT) / columns as f64 > 6.0 { 1.2 } else { 0.6 };
    let mut lanes = Vec::new();
    let mut end = -4.0;
    for (at, (lane, height)) in timeline.lanes.iter().zip(HEIGHTS).enumerate() {
        let most = lane.counts.iter().copied().max().unwrap_or(0);
        // That nothing was delivered is worth a picture; that nothing was deferred or bounced, the words above it say.
        if most == 0 && at > 0 {
            continue;
        }
        let top: f64 = end + ABOVE;
        end = top + if most == 0 { EMPTY } else { height };
        lanes.push(Placed { at, lane, most, top, bottom: end });
    }
    let (head, pixels) = if wide { (" only-wide\"", 800) } else { (" only-narrow\" display=\"none\"", 400) };
    let mut drawing = Drawing::new(head, pixels, (width, end + 40.0), alternative);
    for &Placed { at, lane, most, top, bottom } in &lanes {
        drawing.label("strong", (LEFT, top - 9.0), Anchor::Start, &lane_title(timeline, at, phrases));
        for gap in &timeline.gaps {
            let (from, to) = (x(gap.from), x(gap.to));
            if from < to {
                drawing.rect(("gap f-rest", "#828d9b"), (from, top), (to - from, bottom - top));
                if at == 0 && to - from > 44.0 {
                    let label = phrases.say("shape.no_log", &[]);
                    drawing.label("", (f64::midpoint(from, to), top + 14.0), Anchor::Middle, &label);
                }
            }
        }
        if most == 0 {
            drawing.line("axis", (LEFT, bottom), (right, bottom));
            drawing.label("", (LEFT - 7.0, bottom + 4.0), Anchor::End, "0");
            // Beside the line of the onset, not across it.
            let line = timeline.onset.map(&x).filter(|at| (LEFT..LEFT + 48.0).contains(at));
            let place = (line.unwrap_or(LEFT) + 6.0, bottom - 5.0);
            drawing.label("", place, Anchor::Start, &phrases.say("shape.none", &[]));
            continue;
        }
        let (class, fill) = FILLS[at.min(2)];
        for band in timeline.bands.iter().filter(|band| band.lane == lane.name) {
            let (from, to) = (x(band.from), x(band.to));
            drawing.rect((&format!("zone {class}"), fill), (from, top), ((to - from).max(1.0), bottom - top));
            drawing.line("bracket", (from, top), (from, bottom));
            let label = if wide { format!("{} {}", band.from.clock(), band.title) } else { band.from.clock() };
            let left_of = from > f64::midpoint(LEFT, right);
            let (mut label_x, anchor) = if left_of { (from - 6.0, Anchor::End) } else { (from + 6.0, Anchor::Start) };
            // Beside the line of the onset, not across it.
            let length = label.chars().count() as f64 * CHARACTER;
            if let Some(line) = timeline.onset.map(&x).filter(|line| (label_x - 6.0..label_x + length).contains(line))
                && !left_of
            {
                label_x = line + 6.0;
            }
            drawing.label("", (label_x, top + 13.0), anchor, &label);
        }
        let scale = nice(most);
        drawing.scale(scale, (LEFT, right), (top, bottom));
        let mut path = String::new();
        for (number, count) in lane.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            // A column that is not zero can be seen.
            let height = (*count as f64 / scale as f64 * (bottom - top)).max(1.5);
            let (from, to) = (edge(number), edge(number + 1));
            let _ = write!(path, "M{:.1} {bottom}v-{height:.1}h{:.1}v{height:.1}z", from + gap / 2.0, (to - from - gap).max(0.5));
        }
        drawing.outline((class, fill), &path);
    }
    time_axis(&mut drawing, shown.span, (width, end), phrases);
    if let Some(onset) = timeline.onset.filter(|onset| *onset >= start && *onset <= shown.span.to) {
        let at = x(onset);
        let first = &lanes[0];
        let title_ends = LEFT + lane_title(timeline, 0, phrases).chars().count() as f64 * CHARACTER + 14.0;
        // It leaves the titles of the lanes alone.
        for (number, lane) in lanes.iter().enumerate() {
            let above = if number == 0 && at > title_ends { 14.0 } else { 0.0 };
            drawing.line("onset", (at, lane.top - above), (at, lane.bottom));
        }
        let left_of = at > f64::midpoint(LEFT, right);
        let room = if left_of { at - title_ends } else { right - at.max(title_ends) };
        let time = ("time", onset.clock().into());
        let cause = shown.cause.map(|cause| phrases.say("shape.onset_of", &[time.clone(), ("cause", cause.into())]));
        let label = cause
            .filter(|label| wide && label.chars().count() as f64 * CHARACTER < room)
            .unwrap_or_else(|| phrases.say("shape.onset", &[time]));
        // The lane's own title stands at the left: a label that would cover it moves behind it.
        let (label_x, anchor) = if left_of { (at - 7.0, Anchor::End) } else { ((at + 7.0).max(title_ends), Anchor::Start) };
        drawing.label("onset-t", (label_x, first.top - 9.0), anchor, &label);
        // Where nothing was delivered since, the empty part of the lane says so.
        let column = (onset.since(timeline.from) / column) as usize;
        let silent = timeline.lanes[0].counts.iter().skip(column + 1).all(|count| *count == 0);
        if let Some(last) = shown.last_good.filter(|_| silent && right - at > 150.0 && first.most > 0) {
            let label = phrases.say("shape.last_delivery", &[("time", last.clock().into())]);
            drawing.label("", (at + 7.0, first.bottom - 7.0), Anchor::Start, &label);
        }
    }
    drawing.finish()
}

fn time_axis(drawing: &mut Drawing, span: Span, (width, y): (f64, f64), phrases: &Phrases) {
    let right = width - 8.0;
    let (start, seconds) = (span.from.seconds(), (span.to.seconds() - span.from.seconds()).max(1));
    let step = tick_step(seconds, width as i64 / 105);
    let mut tick = start.div_euclid(step) * step;
    if tick < start {
        tick += step;
    }
    let mut days = vec![(LEFT, phrases.day(span.from), Anchor::Start)];
    while tick <= start + seconds {
        let x = LEFT + (tick - start) as f64 / seconds as f64 * (right - LEFT);
        let time = Time::from_seconds(tick);
        let anchor = if x > right - 16.0 {
            Anchor::End
        } else if x < LEFT + 16.0 {
            Anchor::Start
        } else {
            Anchor::Middle
        };
        drawing.line("axis", (x, y), (x, y + 5.0));
        drawing.label("", (x, y + 19.0), anchor, &if step >= 86_400 { phrases.day(time) } else { time.clock() });
        if tick.rem_euclid(86_400) == 0 && step < 86_400 {
            if x < LEFT + 70.0 {
                days.clear();
            }
            days.push((x, phrases.day(time), anchor));
        }
        tick += step;
    }
    if step < 86_400 {
        for (x, text, anchor) in days {
            drawing.label("strong", (x, y + 34.0), anchor, &text);
        }
    }
    drawing.label("", (right, y + 34.0), Anchor::End, "UTC");
}

/// What the timeline shows, in words.
pub(crate) fn timeline_words(timeline: &Timeline, span: Span, phrases: &Phrases) -> String {
    let mut words = phrases
        .say("shape.lanes", &[("span", phrases.span(span).into()), ("column", column_words(timeline.column, phrases).into())]);
    for (at, lane) in timeline.lanes.iter().enumerate() {
        let sum: u64 = lane.counts.iter().sum();
        let _ = write!(words, " {}: {}.", lane_title(timeline, at, phrases), thousands(sum));
    }
    if let Some(onset) = timeline.onset {
        let _ = write!(words, " {}.", phrases.say("shape.onset", &[("time", phrases.moment(onset).into())]));
    }
    words
}

const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How many columns a block character stands for where there is room for `width` of them.
pub(crate) fn columns_a_block(lane: &Lane, width: usize) -> usize {
    lane.counts.len().div_ceil(width.max(1)).max(1)
}

/// A lane in block characters, `group` columns each, with `|` at the onset, and what a full block stands for.
pub(crate) fn blocks(timeline: &Timeline, lane: &Lane, group: usize) -> (String, u64) {
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
