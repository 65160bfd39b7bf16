//! What the log counts, exactly and over all of it.

use super::scan::Scanned;
use crate::distinct::hash;
use crate::time::Time;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// What happened in one minute.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Minute {
    /// Recipients delivered.
    pub delivered: u64,
    /// Those of them that went to this machine's own mailboxes, programs and filters.
    pub delivered_here: u64,
    /// Attempts deferred.
    pub deferred: u64,
    /// Recipients bounced.
    pub bounced: u64,
    /// Recipients that failed for the first time, as far as the log goes back.
    pub failing: u64,
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
    /// Messages of which the log says that it lost them, at least.
    pub lost: u64,
    /// Messages that were let go because too many were under way at once: they count as waiting.
    pub let_go: u64,
    /// The most that any text occurred that was forgotten because there were too many different ones: the rarest senders,
    /// logins and domains are not counted.
    pub forgotten: u64,
    /// Tables of which less is told apart than was asked, to stay within memory.
    pub coarse: Vec<&'static str>,
    /// Minutes with any line, as runs: first and last minute.
    pub covered: Vec<(i64, i64)>,
    /// Time of the first line.
    pub first: Option<Time>,
    /// Time of the last line.
    pub last: Option<Time>,
}

impl Minute {
    fn add(&mut self, other: Minute) {
        self.delivered += other.delivered;
        self.delivered_here += other.delivered_here;
        self.deferred += other.deferred;
        self.bounced += other.bounced;
        self.failing += other.failing;
        self.arrived += other.arrived;
        self.left += other.left;
        self.deleted += other.deleted;
    }
}

impl Traffic {
    /// Deliveries that were tried, with whatever outcome.
    pub fn deliveries(&self) -> u64 {
        self.sent + self.deferred_attempts + self.bounced
    }

    /// Adds what was counted in another lane.
    pub(super) fn absorb(&mut self, other: &Traffic) {
        self.messages += other.messages;
        self.sent += other.sent;
        self.deferred_attempts += other.deferred_attempts;
        self.bounced += other.bounced;
        self.expired += other.expired;
        self.rejected += other.rejected;
    }

    /// Takes in what was counted of the lines themselves, whatever they say.
    pub(super) fn of_lines(&mut self, lines: Traffic) {
        self.lines = lines.lines;
        self.unparsed = lines.unparsed;
        self.postfix_lines = lines.postfix_lines;
        self.lost = lines.lost;
        self.covered = lines.covered;
        (self.first, self.last) = (lines.first, lines.last);
    }

    /// Counts the lines of a piece, and when they are.
    pub(super) fn add_lines(&mut self, scanned: &Scanned<'_>) {
        self.lines += u64::from(scanned.lines);
        self.unparsed += scanned.unparsed;
        self.postfix_lines += scanned.postfix_lines;
        self.lost += scanned.lost;
        let Some((first, last)) = scanned.covers else { return };
        self.first = Some(self.first.map_or(first, |known| known.min(first)));
        self.last = Some(self.last.map_or(last, |known| known.max(last)));
        for &(from, to) in &scanned.minutes {
            match self.covered.last_mut() {
                Some((start, end)) if (*start..=*end + 1).contains(&from) => *end = (*end).max(to),
                _ => self.covered.push((from, to)),
            }
        }
    }
}

/// How often each of many texts occurs, exactly. The text itself is kept only once it may be among the commonest.
#[derive(Debug, Default)]
pub(super) struct Counter {
    counts: FxHashMap<u64, u32>,
    texts: FxHashMap<u64, Box<str>>,
    /// The most that any text occurred that was forgotten.
    forgotten: u32,
}

/// Texts that are all kept.
const FEW: usize = 2_000;
/// Occurrences in one lane from which on a text is kept among many.
const OFTEN: u32 = 6;
/// Texts that are counted; beyond, the rarest are forgotten.
const MANY: usize = 1_000_000;

impl Counter {
    /// Counts `text`.
    pub(super) fn add(&mut self, text: &str, times: u64) {
        self.add_hashed(hash(text.as_bytes(), 0), text, times);
    }

    /// Counts `text`, whose hash is `key`.
    pub(super) fn add_hashed(&mut self, key: u64, text: &str, times: u64) {
        let many = self.counts.len() > FEW;
        let count = self.counts.entry(key).or_insert(0);
        let before = *count;
        *count = count.saturating_add(u32::try_from(times).unwrap_or(u32::MAX));
        let shown = if many { before < OFTEN && *count >= OFTEN } else { before == 0 };
        if shown {
            self.texts.insert(key, text.into());
        }
        self.keep_within_limits();
    }

    /// Forgets the rarest texts while there are too many.
    fn keep_within_limits(&mut self) {
        let mut rare = self.forgotten;
        while self.counts.len() > if rare == self.forgotten { MANY } else { MANY / 2 } {
            rare = (rare * 2).max(1);
            self.counts.retain(|_, count| *count > rare);
        }
        if rare > self.forgotten {
            self.forgotten = rare;
            self.texts.retain(|key, _| self.counts.contains_key(key));
        }
    }

    fn absorb(&mut self, other: Counter) {
        for (key, count) in other.counts {
            let own = self.counts.entry(key).or_insert(0);
            *own = own.saturating_add(count);
        }
        self.texts.extend(other.texts);
        self.forgotten = self.forgotten.max(other.forgotten);
        self.keep_within_limits();
    }

    /// The counts of the texts that are kept.
    fn settle(self) -> FxHashMap<String, u64> {
        let counts = self.counts;
        self.texts.into_iter().filter_map(|(key, text)| Some((text.into_string(), u64::from(*counts.get(&key)?)))).collect()
    }
}

/// What is counted line by line, until the end.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) dsn: Counter,
    pub(super) deferred_domains: Counter,
    pub(super) bounced_domains: Counter,
    pub(super) senders: Counter,
    pub(super) sasl_users: Counter,
    minutes: BTreeMap<i64, Minute>,
    now: i64,
    minute: Minute,
    timeless: Minute,
}

impl Tally {
    /// The minute of `time`; what has no time is counted nowhere.
    pub(super) fn minute(&mut self, time: Option<Time>) -> &mut Minute {
        let Some(time) = time else { return &mut self.timeless };
        let minute = time.seconds().div_euclid(60);
        if minute != self.now {
            self.keep();
            self.now = minute;
            self.minute = self.minutes.remove(&minute).unwrap_or_default();
        }
        &mut self.minute
    }

    fn keep(&mut self) {
        if self.minute != Minute::default() {
            self.minutes.insert(self.now, self.minute);
        }
    }

    /// Adds what was counted in another lane.
    pub(super) fn absorb(&mut self, mut other: Tally) {
        self.dsn.absorb(other.dsn);
        self.deferred_domains.absorb(other.deferred_domains);
        self.bounced_domains.absorb(other.bounced_domains);
        self.senders.absorb(other.senders);
        self.sasl_users.absorb(other.sasl_users);
        if other.minute != Minute::default() {
            other.minutes.insert(other.now, other.minute);
        }
        for (minute, counts) in other.minutes {
            self.minute(Some(Time::from_seconds(minute * 60))).add(counts);
        }
    }

    /// Writes the counts into `traffic`.
    pub(super) fn settle(mut self, traffic: &mut Traffic) {
        self.keep();
        let counters = [&self.dsn, &self.deferred_domains, &self.bounced_domains, &self.senders, &self.sasl_users];
        traffic.forgotten = counters.iter().map(|counter| u64::from(counter.forgotten)).max().unwrap_or(0);
        traffic.minutes = self.minutes;
        traffic.by_dsn = self.dsn.settle();
        traffic.deferred_domains = self.deferred_domains.settle();
        traffic.bounced_domains = self.bounced_domains.settle();
        traffic.senders = self.senders.settle();
        traffic.sasl_users = self.sasl_users.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn among_too_many_names_the_rarest_are_forgotten_and_the_others_stay_exact() {
        let mut counter = Counter::default();
        for number in 0..3 * MANY / 2 {
            counter.add(&format!("{number}@a.example"), 1);
            if number % 1000 == 0 {
                counter.add("often@a.example", 1);
            }
            assert!(counter.counts.len() <= MANY);
        }
        assert_eq!(counter.forgotten, 1);
        assert_eq!(counter.settle()["often@a.example"], (3 * MANY / 2).div_ceil(1000) as u64);
    }
}
