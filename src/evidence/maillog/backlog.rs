//! The backlog: the queue listing, joined with what the log knows about the same messages.

use crate::distinct::hash;
use crate::names::Name;
use crate::said::Said;
use crate::tables::{Citation, Record, Tables, Value, failures, queue};
use crate::time::Time;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// One row of a queue listing.
#[derive(Debug)]
pub struct Listed {
    row: usize,
    /// Its queue id.
    pub id: Name,
}

/// The rows of the queue listing, if one was collected: of `postqueue -j` where there is one, which says more than
/// `postqueue -p`, except where only the latter holds anything.
pub fn listed(tables: &Tables) -> Option<Vec<Listed>> {
    if !tables.is_collected(&queue::TABLE) {
        return None;
    }
    let rows = tables.rows(&queue::TABLE);
    let json = tables.names.find("json").map(Value::Text);
    let has_json = rows.iter().any(|row| Some(row.get(queue::listing)) == json);
    let keep = |row: &Record| !has_json || Some(row.get(queue::listing)) == json;
    let listed = rows.iter().enumerate().filter(|(_, row)| keep(row)).filter_map(|(at, row)| match row.get(queue::queue_id) {
        Value::Text(id) => Some(Listed { row: at, id }),
        _ => None,
    });
    Some(listed.collect())
}

/// What the queue listing says of one recipient.
#[derive(Debug, Clone, Copy)]
pub struct Listing<'a> {
    /// Where it says so.
    pub source: Citation,
    /// Queue id.
    pub queue_id: &'a str,
    /// Queue that holds the message.
    pub queue: Option<&'a str>,
    /// When the message arrived.
    pub arrived: Option<Time>,
    /// Its size in bytes.
    pub size: Option<i64>,
    /// Envelope sender.
    pub sender: Option<&'a str>,
    /// Recipient.
    pub recipient: &'a str,
    /// Why it waits.
    pub reason: Option<&'a str>,
    /// The port at which the log saw the address tried that the reason names: a listing's reasons often name only the address.
    pub port: Option<u16>,
}

impl Listed {
    /// What the row says; `ports` are the ports at which addresses were tried, by the hash of the address.
    pub fn listing<'t>(&self, tables: &'t Tables, ports: &FxHashMap<u64, u16>) -> Listing<'t> {
        let row = &tables.rows(&queue::TABLE)[self.row];
        let text = |column| row.text(column, &tables.names);
        let reason = text(queue::reason);
        let ip = reason.filter(|_| !ports.is_empty()).and_then(|reason| Said::parse(reason).ip);
        Listing {
            source: row.source,
            queue_id: tables.names.get(self.id),
            queue: text(queue::queue),
            arrived: row.time(queue::arrived),
            size: row.int(queue::size),
            sender: text(queue::sender),
            recipient: text(queue::recipient).unwrap_or_default(),
            reason,
            port: ip.and_then(|ip| ports.get(&hash(ip.as_bytes(), 0)).copied()),
        }
    }
}

/// Limits between the ages that are counted, in minutes: those of qshape(1).
pub const AGES: [u32; 9] = [5, 10, 20, 40, 80, 160, 320, 640, 1280];

/// What waits at the end of the evidence, exactly. A message counts once.
#[derive(Debug, Default)]
pub struct Waiting {
    /// Messages.
    pub messages: u64,
    /// Their recipients that wait.
    pub recipients: u64,
    /// Their size together, where it is known.
    pub bytes: Option<u64>,
    /// When the oldest one arrived.
    pub oldest: Option<Time>,
    /// Messages by age, between the limits of [`AGES`]; the last ones are older.
    pub ages: [u64; AGES.len() + 1],
    /// Messages by the queue that holds them.
    pub by_queue: BTreeMap<String, u64>,
}

impl Waiting {
    /// Adds what was counted in another lane.
    pub fn absorb(&mut self, other: &Waiting) {
        self.messages += other.messages;
        self.recipients += other.recipients;
        if let Some(bytes) = other.bytes {
            *self.bytes.get_or_insert(0) += bytes;
        }
        self.oldest = self.oldest.into_iter().chain(other.oldest).min();
        self.ages.iter_mut().zip(other.ages).for_each(|(own, other)| *own += other);
        for (queue, count) in &other.by_queue {
            *self.by_queue.entry(queue.clone()).or_default() += count;
        }
    }

    /// Counts a message.
    pub fn add(&mut self, queue: Option<&str>, arrived: Option<Time>, size: Option<i64>, end: Option<Time>) {
        self.messages += 1;
        if let Some(size) = size {
            *self.bytes.get_or_insert(0) += u64::try_from(size).unwrap_or(0);
        }
        if let Some(arrived) = arrived {
            self.oldest = Some(self.oldest.map_or(arrived, |oldest| oldest.min(arrived)));
        }
        if let (Some(arrived), Some(end)) = (arrived, end) {
            let minutes = end.since(arrived).max(0.0) / 60.0;
            let at = AGES.iter().position(|limit| minutes < f64::from(*limit)).unwrap_or(AGES.len());
            self.ages[at] += 1;
        }
        match queue.map(|queue| (queue, self.by_queue.get_mut(queue))) {
            Some((_, Some(count))) => *count += 1,
            Some((queue, None)) => {
                self.by_queue.insert(queue.to_owned(), 1);
            }
            None => {}
        }
    }
}

/// Sets the age of every failure at the end of the evidence.
pub fn ages(tables: &mut Tables, end: Option<Time>) {
    let Some(end) = end else { return };
    for row in tables.rows_mut(&failures::TABLE) {
        if let Some(arrived) = row.time(failures::arrived) {
            row.set(failures::age, end.since(arrived).max(0.0));
        }
    }
}
