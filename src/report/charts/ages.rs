//! Histogram of the age of what waits.

use super::drawing::{Anchor, Drawing};
use super::{nice, short};
use crate::diagnose::words::thousands;
use crate::report::phrases::Phrases;
use crate::report::view::{AgeBucket, Queue};
use crate::time::Time;

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
    let words: Vec<String> = queue
        .ages
        .iter()
        .map(|bucket| format!("{}: {}", phrases.measured(&age_label(bucket)), thousands(bucket.messages)))
        .collect();
    let alternative = format!("{} {}", phrases.say("shape.ages_alt", &[]), words.join(", "));
    let mut drawing = Drawing::new("\"", 440, (460.0, 262.0), &alternative);
    drawing.scale(end, (left, right), (top, bottom));
    let step = (right - left) / queue.ages.len().max(1) as f64;
    let within = |bucket: &AgeBucket| {
        let (low, high) = (f64::from(bucket.from_minutes), bucket.to_minutes.map(f64::from));
        let onset = onset_age.filter(|onset| *onset >= low && high.is_none_or(|high| *onset < high))?;
        Some(high.map_or(0.5, |high| (onset - low) / (high - low)))
    };
    let onset_x = queue.ages.iter().enumerate().find_map(|(at, bucket)| Some(left + (at as f64 + within(bucket)?) * step));
    for (at, bucket) in queue.ages.iter().enumerate() {
        let from = left + at as f64 * step;
        let middle = from + step / 2.0;
        if bucket.messages > 0 {
            let older = onset_age.is_some_and(|onset| f64::from(bucket.from_minutes) >= onset);
            let look = if older { ("f-rest", "#828d9b") } else { ("f-def", "#bf7d12") };
            let height = (bucket.messages as f64 / end as f64 * (bottom - top)).max(1.5);
            drawing.rect(look, (from + 2.0, bottom - height), (step - 4.0, height));
            // The count stands beside the line of the onset, not under it.
            let (x, anchor) = match onset_x.filter(|x| (x - middle).abs() < 16.0) {
                Some(x) if x < middle => (x + 5.0, Anchor::Start),
                Some(x) => (x - 5.0, Anchor::End),
                None => (middle, Anchor::Middle),
            };
            drawing.label("strong", (x, bottom - height - 5.0), anchor, &short(bucket.messages));
        }
        // Neighbouring labels stand on two lines, since they are wider than a column.
        let y = if at % 2 == 0 { bottom + 16.0 } else { bottom + 30.0 };
        drawing.label("", (middle, y), Anchor::Middle, &phrases.measured(&age_label(bucket)));
    }
    drawing.label("", (247.0, 256.0), Anchor::Middle, &phrases.say("shape.ages_axis", &[]));
    if let Some((x, (_, onset))) = onset_x.zip(onset) {
        drawing.line("onset", (x, 10.0), (x, bottom));
        let (label_x, anchor) = if x > 240.0 { (x - 5.0, Anchor::End) } else { (x + 5.0, Anchor::Start) };
        // The hour alone says nothing of another day.
        let time = if onset_age.is_some_and(|minutes| minutes > 1440.0) { phrases.moment(onset) } else { onset.clock() };
        drawing.label("onset-t", (label_x, 18.0), anchor, &phrases.say("shape.onset", &[("time", time.into())]));
    }
    drawing.finish()
}
