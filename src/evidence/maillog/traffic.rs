//! What the log counts, exactly and over all of it.

use crate::time::Time;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// What happened in one minute.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Minute {
    /// Recipients delivered.
    pub delivered: u64,
    /// Attempts deferred.
    pub deferred: u64,
    /// Recipients bounced.
    pub bounced: u64,
    /// Messages that entered the queue.
    pub arrived: u64,
    /// Messages that the queue manager removed: all their recipients were delivered or returned.
    pub left: u64,
    /// Messages that postsuper(1) deleted.
    pub deleted: u64,
}

/// Counts over the whole log.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Lines.
    pub lines: u64,
    /// Lines that are no log line of any known form.
    pub unparsed: u64,
    /// Lines of Postfix.
    pub postfix_lines: u64,
    /// `message-id=` lines of cleanup: queue ids that came into being.
    pub messages: u64,
    /// Delivery lines with status=sent.
    pub sent: u64,
    /// Delivery lines with status=deferred.
    pub deferred_attempts: u64,
    /// Delivery lines with status=bounced.
    pub bounced: u64,
    /// Messages that expired.
    pub expired: u64,
    /// Refusals.
    pub rejected: u64,
    /// Delivery lines by enhanced status code.
    pub by_dsn: FxHashMap<String, u64>,
    /// Recipient domains by deferred attempts.
    pub deferred_domains: FxHashMap<String, u64>,
    /// Recipient domains by bounces.
    pub bounced_domains: FxHashMap<String, u64>,
    /// Senders by messages.
    pub senders: FxHashMap<String, u64>,
    /// SASL logins by messages.
    pub sasl_users: FxHashMap<String, u64>,
    /// What happened by minute (minutes since the epoch).
    pub minutes: BTreeMap<i64, Minute>,
    timeless: Minute,
    /// Minutes with any line, as runs: first and last minute.
    pub covered: Vec<(i64, i64)>,
    /// Time of the first line.
    pub first: Option<Time>,
    /// Time of the last line.
    pub last: Option<Time>,
}

impl Traffic {
    /// Counts one more of `key`.
    pub(super) fn add(map: &mut FxHashMap<String, u64>, key: &str) {
        match map.get_mut(key) {
            Some(count) => *count += 1,
            None => {
                map.insert(key.to_owned(), 1);
            }
        }
    }

    /// Notes the time of a line.
    pub(super) fn seen(&mut self, time: Time) {
        self.first = Some(self.first.map_or(time, |first| first.min(time)));
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        let minute = time.seconds().div_euclid(60);
        match self.covered.last_mut() {
            Some((_, last)) if (*last..=*last + 1).contains(&minute) => *last = minute,
            Some((first, last)) if (*first..=*last).contains(&minute) => {}
            _ => self.covered.push((minute, minute)),
        }
    }

    /// The minute of `time`; what has no time is counted nowhere.
    pub(super) fn minute(&mut self, time: Option<Time>) -> &mut Minute {
        match time {
            Some(time) => self.minutes.entry(time.seconds().div_euclid(60)).or_default(),
            None => &mut self.timeless,
        }
    }
}
