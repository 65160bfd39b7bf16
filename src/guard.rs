//! The guardrail: is the queue larger or older than it should be? One answer for monitoring.

use crate::bundle::Bundle;
use crate::evidence;
use crate::rules::RuleSet;
use crate::tables::{Value, queue};
use crate::time::{Time, duration};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::AtomicU64;

/// What the queue may hold. Each limit is reached by a value as large as it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Messages from which on it is a warning, and critical.
    pub messages: (u64, u64),
    /// Age of the oldest message in seconds from which on it is a warning, and critical. Messages on hold do not count:
    /// somebody put them there.
    pub age: (Option<f64>, Option<f64>),
}

/// What a queue holds at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// When.
    pub at: Time,
    /// Messages, bytes and age of the oldest message (seconds) by queue; every queue of Postfix is there.
    pub queues: BTreeMap<&'static str, Held>,
}

/// What one queue holds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Held {
    /// Messages.
    pub messages: u64,
    /// Bytes.
    pub bytes: u64,
    /// Seconds since the oldest message arrived; 0 without messages.
    pub oldest: f64,
}

const QUEUES: [&str; 5] = ["active", "deferred", "hold", "incoming", "maildrop"];

/// How well the queue is; the exit status of a monitoring plugin (Nagios plugin guidelines).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Below every limit.
    Ok = 0,
    /// A warning limit is reached.
    Warning = 1,
    /// A critical limit is reached.
    Critical = 2,
}

impl fmt::Display for Level {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Level::Ok => "OK",
            Level::Warning => "WARNING",
            Level::Critical => "CRITICAL",
        })
    }
}

impl State {
    /// Reads a queue listing (`postqueue -j`, `postqueue -p`, `mailq`) that was taken at `at`; `zone_offset` is that of
    /// the server (seconds east of UTC), since `postqueue -p` prints local time.
    ///
    /// # Errors
    /// In one sentence, if it is no queue listing or the listing failed.
    pub fn read(listing: &[u8], at: Time, zone_offset: i32, rules: &RuleSet) -> Result<State, String> {
        if listing.iter().all(u8::is_ascii_whitespace) {
            return Err(
                "the listing is empty, as that of an empty queue and that of a failed `postqueue -j`; use `postqueue -p`, \
                        or let postdoc run postqueue itself (without --queue)"
                    .to_owned(),
            );
        }
        let local = at.plus(f64::from(zone_offset)).to_string();
        let sign = if zone_offset < 0 { '-' } else { '+' };
        let minutes = zone_offset.abs() / 60;
        let date = format!("{}{sign}{:02}:{:02}\n", local.trim_end_matches('Z'), minutes / 60, minutes % 60);
        let name = if listing.trim_ascii_start().starts_with(b"{") || listing.trim_ascii_start().starts_with(b"[") {
            "postqueue-j.json"
        } else {
            "postqueue-p.txt"
        };
        let files = [("date.txt".to_owned(), date.into_bytes()), (name.to_owned(), listing.to_vec())];
        let evidence = evidence::collect(&Bundle::of_texts(files, at), rules, &AtomicU64::new(0));
        let tables = &evidence.tables;
        if !tables.is_collected(&queue::TABLE) {
            let first = String::from_utf8_lossy(listing).lines().next().unwrap_or_default().chars().take(120).collect::<String>();
            return Err(format!("no queue listing: {}", crate::diagnose::words::visible(first.trim())));
        }
        let mut messages: HashMap<String, (&'static str, u64, f64)> = HashMap::new();
        for row in tables.rows(&queue::TABLE) {
            let id = row.text(queue::queue_id, &tables.names).unwrap_or_default();
            let listed = row.text(queue::queue, &tables.names).unwrap_or("deferred");
            let name = QUEUES.into_iter().find(|name| *name == listed).unwrap_or("deferred");
            let bytes = match row.get(queue::size) {
                Value::Int(bytes) => u64::try_from(bytes).unwrap_or(0),
                _ => 0,
            };
            let age = row.time(queue::arrived).map_or(0.0, |arrived| at.since(arrived).max(0.0));
            messages.insert(id.to_owned(), (name, bytes, age));
        }
        let mut queues: BTreeMap<&'static str, Held> = QUEUES.into_iter().map(|name| (name, Held::default())).collect();
        for (name, bytes, age) in messages.into_values() {
            let held = queues.entry(name).or_default();
            held.messages += 1;
            held.bytes += bytes;
            held.oldest = held.oldest.max(age);
        }
        Ok(State { at, queues })
    }

    /// Messages in all queues.
    pub fn messages(&self) -> u64 {
        self.queues.values().map(|held| held.messages).sum()
    }

    /// Age in seconds of the oldest message that is not on hold.
    pub fn oldest(&self) -> f64 {
        self.queues.iter().filter(|(name, _)| **name != "hold").map(|(_, held)| held.oldest).fold(0.0, f64::max)
    }

    /// How well that is.
    pub fn level(&self, limits: &Limits) -> Level {
        let by = |value: f64, warning: Option<f64>, critical: Option<f64>| {
            let reached = |limit: Option<f64>| limit.is_some_and(|limit| value >= limit);
            if reached(critical) {
                Level::Critical
            } else if reached(warning) {
                Level::Warning
            } else {
                Level::Ok
            }
        };
        let (warning, critical) = limits.messages;
        by(self.messages() as f64, Some(warning as f64), Some(critical as f64)).max(by(self.oldest(), limits.age.0, limits.age.1))
    }

    /// One line as monitoring plugins print it, with performance data (`label=value;warn;crit;min`).
    pub fn plugin_line(&self, limits: &Limits) -> String {
        let count = |name: &str| self.queues.get(name).map_or(0, |held| held.messages);
        let messages = self.messages();
        let oldest = self.oldest();
        let age = if messages == count("hold") { String::new() } else { format!(", oldest {}", duration(oldest)) };
        let limit = |seconds: Option<f64>| seconds.map_or_else(String::new, |seconds| format!("{seconds:.0}"));
        format!(
            "POSTFIX QUEUE {} - {messages} {} waiting ({} active, {} deferred, {} on hold){age} | messages={messages};{};{};0 \
             active={};;;0 deferred={};;;0 hold={};;;0 incoming={};;;0 maildrop={};;;0 oldest={oldest:.0}s;{};{};0",
            self.level(limits),
            if messages == 1 { "message" } else { "messages" },
            count("active"),
            count("deferred"),
            count("hold"),
            limits.messages.0,
            limits.messages.1,
            count("active"),
            count("deferred"),
            count("hold"),
            count("incoming"),
            count("maildrop"),
            limit(limits.age.0),
            limit(limits.age.1),
        )
    }

    /// The state as Prometheus reads it from a textfile (text exposition format 0.0.4).
    pub fn prometheus(&self, limits: &Limits) -> String {
        let mut out = String::new();
        let mut family = |name: &str, help: &str, value: &dyn Fn(&Held) -> f64| {
            out.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
            for (queue, held) in &self.queues {
                out.push_str(&format!("{name}{{queue=\"{queue}\"}} {}\n", value(held)));
            }
        };
        family("postfix_queue_messages", "Messages in the queue.", &|held| held.messages as f64);
        family("postfix_queue_bytes", "Bytes of the messages in the queue.", &|held| held.bytes as f64);
        family("postfix_queue_oldest_seconds", "Age of the oldest message in the queue.", &|held| held.oldest.round());
        out + &success(true, self.level(limits) as i32, self.at)
    }
}

/// The metrics that tell whether the check itself worked.
fn success(worked: bool, level: i32, at: Time) -> String {
    format!(
        "# HELP postfix_queue_check_success Whether the queue could be listed.\n# TYPE postfix_queue_check_success gauge\n\
         postfix_queue_check_success {}\n# HELP postfix_queue_check_level 0 below every limit, 1 warning, 2 critical, 3 unknown.\n\
         # TYPE postfix_queue_check_level gauge\npostfix_queue_check_level {level}\n# HELP postfix_queue_check_timestamp_seconds When \
         the queue was listed.\n# TYPE postfix_queue_check_timestamp_seconds gauge\npostfix_queue_check_timestamp_seconds {}\n",
        i32::from(worked),
        at.seconds()
    )
}

/// What Prometheus reads when the queue could not be listed.
pub fn prometheus_failure(at: Time) -> String {
    success(false, 3, at)
}
