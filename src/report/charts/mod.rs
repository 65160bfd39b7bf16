//! The report's pictures: inline SVG with axes, units and a text alternative, and lanes of block characters for text.
//!
//! Geometry and colours are presentation attributes, so that a chart stays a chart where the style sheet is refused; classes
//! let the style sheet adapt it to a dark theme.

mod ages;
mod drawing;
mod queue;
mod share;
mod timeline;

pub(crate) use ages::{age_label, ages};
pub(crate) use queue::queue;
pub(crate) use share::{segments, share_bar};
pub(crate) use timeline::{Shown, blocks, columns_a_block, lane_title, timeline, timeline_words};

use super::phrases::Phrases;
use crate::diagnose::words::thousands;

/// Unit of a column in words: `5 minutes`, `hour`.
pub(crate) fn column_words(seconds: u32, phrases: &Phrases) -> String {
    let count = |unit: u32| [("n", serde_json::Value::from(seconds / unit))];
    match seconds {
        60 => phrases.say("shape.minute", &[]),
        3600 => phrases.say("shape.hour", &[]),
        86_400 => phrases.say("shape.day", &[]),
        604_800 => phrases.say("shape.week", &[]),
        31_536_000 => phrases.say("shape.year", &[]),
        seconds if seconds % 3600 != 0 => phrases.say("shape.minutes", &count(60)),
        seconds if seconds % 86_400 == 0 => phrases.say("shape.days", &count(86_400)),
        _ => phrases.say("shape.hours", &count(3600)),
    }
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

/// A number that fits beside an axis: `800`, `12,000`, `1.5 M`.
fn short(number: u64) -> String {
    match number {
        0..=9_999 => thousands(number),
        10_000..=999_499 => format!("{} k", (number + 500) / 1000),
        _ => format!("{:.1} M", number as f64 / 1e6),
    }
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
