//! Logs in which lines stand twice: two syslog daemons, or a forwarder and the daemon itself, wrote into one file.
//!
//! A line about a message, with its time and its process, is written once. Where many of them stand again a few lines later,
//! each line of the log counts once: what is said again is blanked, so that all others stay at their places.

use super::envelope::{Clock, Line};
use super::queue_id::leading_id;
use crate::distinct;
use crate::refill::{Refill, Refilled};
use rustc_hash::FxHashSet;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};

/// Lines back within which a line is the same one again.
const NEAR: usize = 200;
/// Lines about messages that stand again from which on a log is doubled, and their part of all.
const FEWEST: usize = 5;
const SHARE: f64 = 0.1;
/// Longest line that is compared.
const LONGEST: u64 = 1 << 14;

/// Whether lines stand twice in the log that begins so.
pub fn is_doubled(head: &str, clock: &Clock) -> bool {
    let mut near = Near::default();
    let (mut all, mut again) = (0, 0);
    for row in head.lines() {
        let known = near.knows(row.as_bytes());
        if Line::parse(row, clock).is_some_and(|line| leading_id(line.message).is_some()) {
            all += 1;
            again += usize::from(known);
        }
    }
    again >= FEWEST && again as f64 >= SHARE * all as f64
}

/// A doubled log in which each line stands once, and blanks stand for the others.
pub struct Once<R> {
    log: BufReader<R>,
    near: Near,
    /// Whether what comes next goes on with a line that is too long to be compared.
    within: bool,
}

impl<R: Read> Once<R> {
    /// A reader of this log.
    pub fn reader(log: R) -> impl Read {
        Refilled::new(Once { log: BufReader::new(log), near: Near::default(), within: false })
    }
}

impl<R: Read> Refill for Once<R> {
    fn refill(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        let more = self.log.by_ref().take(LONGEST).read_until(b'\n', out)? > 0;
        let ends = out.ends_with(b"\n");
        let whole = !self.within && (ends || (out.len() as u64) < LONGEST);
        self.within = !ends;
        if whole && self.near.knows(out) {
            out.iter_mut().filter(|byte| !byte.is_ascii_whitespace()).for_each(|byte| *byte = b' ');
        }
        Ok(more)
    }
}

/// What stood in the lines just before.
#[derive(Default)]
struct Near {
    known: FxHashSet<u64>,
    order: VecDeque<u64>,
}

impl Near {
    /// Whether the line is among them; from now on it is.
    fn knows(&mut self, line: &[u8]) -> bool {
        let line = line.trim_ascii_end();
        if line.is_empty() {
            return false;
        }
        let hash = distinct::hash(line, 0);
        if !self.known.insert(hash) {
            return true;
        }
        self.order.push_back(hash);
        if self.order.len() > NEAR
            && let Some(old) = self.order.pop_front()
        {
            self.known.remove(&old);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        Clock { zone_offset: 0, reference: crate::time::Time::from_seconds(1_794_474_544) }
    }

    #[test]
    fn each_line_of_a_doubled_log_stands_once_at_its_place() {
        let rows: Vec<String> =
            (0..10).map(|at| format!("Nov 12 09:35:4{at} mail postfix/qmgr[453]: 0CE5562{at}: removed\n")).collect();
        let once = rows.concat();
        // Line by line, and a few lines later.
        for doubled in [rows.iter().map(|row| format!("{row}{row}")).collect(), format!("{once}{once}")] {
            assert!(is_doubled(&doubled, &clock()), "{doubled}");
            let mut read = String::new();
            Once::reader(doubled.as_bytes()).read_to_string(&mut read).expect("a log");
            assert_eq!(read.len(), doubled.len());
            let left: String = read.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("{line}\n")).collect();
            assert_eq!(left, once);
        }
        assert!(!is_doubled(&once, &clock()));
    }

    #[test]
    fn what_happens_twice_in_a_second_is_no_doubled_log() {
        let twice = "Nov 12 09:35:44 mail postfix/smtpd[467]: warning: TLS library problem\n".repeat(2);
        let log: String =
            (10..50).map(|at| format!("{twice}Nov 12 09:35:{at} mail postfix/qmgr[453]: 0CE556{at}: removed\n")).collect();
        assert!(!is_doubled(&log, &clock()));
    }

    #[test]
    fn a_line_without_end_is_passed_on() {
        let log = "x".repeat(3 * LONGEST as usize);
        let mut read = String::new();
        Once::reader(log.as_bytes()).read_to_string(&mut read).expect("a log");
        assert_eq!(read, log);
    }
}
