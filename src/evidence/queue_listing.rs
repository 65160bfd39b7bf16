//! `postqueue -p`, `mailq`, `sendmail -bp` (`src/showq/showq.c`):
//!
//! ```text
//! -Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------
//! 4F2C41A2B3*    1389 Fri Jul 31 10:25:10  MAILER-DAEMON
//! (connect to mx.example.net[192.0.2.7]:25: Connection refused)
//!                                          user@example.net
//!
//! -- 2 Kbytes in 1 Request.
//! ```
//!
//! A reason stands before the recipients that it applies to, and later ones inherit it.

use super::document::{Document, Sink};
use super::maillog::envelope::{Clock, with_year};
use crate::tables::{Record, host, queue, queue_counts};
use crate::time::{self, Civil, Time};

/// One message, as its first line says it.
struct Entry<'a> {
    id: &'a str,
    queue: Option<&'static str>,
    forced_expire: bool,
    size: i64,
    arrived: Option<Time>,
    sender: &'a str,
}

/// Reads a queue listing for people.
pub(super) fn parse(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut entry: Option<Entry<'_>> = None;
    // What was said of the recipients that follow, and in which line.
    let mut reason: Option<&str> = None;
    let mut said_at = 0;
    let mut messages = 0;
    let mut listed = false;
    let (mut begins, mut ends) = (false, false);
    for (number, line) in doc.lines() {
        let text = line.trim();
        if text.is_empty() || is_header(text) {
            begins |= !text.is_empty();
            continue;
        }
        if text == "Mail queue is empty" {
            listed = true;
            continue;
        }
        if let Some(footer) = text.strip_prefix("-- ") {
            // The last line alone lists nothing.
            listed |= messages > 0;
            ends = true;
            // The footer counts all entries: another number shows that the listing was cut.
            if let Some(count) = request_count(footer).filter(|count| *count != messages) {
                let total = Record::new(&queue_counts::TABLE, doc.at(number))
                    .with(queue_counts::queue, sink.name("total"))
                    .with(queue_counts::messages, i64::try_from(count).ok());
                sink.push(&queue_counts::TABLE, total);
                sink.cut_off("postqueue", doc.at(number), text);
            } else if request_count(footer).is_none() {
                sink.unparsed(number);
            }
            continue;
        }
        if text.starts_with("postqueue: ") || text.starts_with("mailq: ") || text.starts_with("sendmail: ") {
            if text.contains("mail system is down") || text.contains("Mail system is down") {
                sink.host(host::postfix_running, false, doc.at(number));
            }
            sink.unparsed(number);
            continue;
        }
        if let Some(found) = first_line(text, doc) {
            messages += 1;
            reason = None;
            listed = true;
            entry = Some(found);
            continue;
        }
        let Some(entry) = &entry else {
            sink.unparsed(number);
            continue;
        };
        if let Some(inner) = text.strip_prefix('(') {
            reason = Some(inner.strip_suffix(')').unwrap_or(inner)).filter(|reason| *reason != "reason unavailable");
            said_at = number;
            continue;
        }
        let sender = if entry.sender == "MAILER-DAEMON" { "" } else { entry.sender };
        let record = Record::new(&queue::TABLE, doc.at(if reason.is_some() { said_at } else { number }))
            .with(queue::listing, sink.name("text"))
            .with(queue::queue_id, sink.name(entry.id))
            .with(queue::queue, entry.queue.or(reason.map(|_| "deferred")).map(|queue| sink.name(queue)))
            .with(queue::arrived, entry.arrived)
            .with(queue::size, entry.size)
            .with(queue::sender, sink.name(sender))
            .with(queue::recipient, sink.name(text))
            .with(queue::reason, reason.map(|reason| sink.name(reason)))
            .with(queue::forced_expire, entry.forced_expire);
        sink.push(&queue::TABLE, record);
    }
    // From head(1), a pager or a copied screen it lacks its end.
    if begins
        && !ends
        && messages > 0
        && let Some((number, line)) = doc.lines().filter(|(_, line)| !line.trim().is_empty()).last()
    {
        sink.cut_off("postqueue", doc.at(number), line);
    }
    if begins || listed {
        sink.tables.mark_collected(&queue::TABLE);
    }
}

fn is_header(text: &str) -> bool {
    text.starts_with('-') && text.contains("Queue ID-") && text.contains("-Sender/Recipient-")
}

/// `2 Kbytes in 1 Request.`
fn request_count(footer: &str) -> Option<u64> {
    let (_, rest) = footer.split_once(" in ")?;
    rest.split(' ').next()?.parse().ok()
}

/// `4F2C41A2B3*    1389 Fri Jul 31 10:25:10  sender`: columns overflow, so it is split at white space.
fn first_line<'a>(text: &'a str, doc: &Document<'_>) -> Option<Entry<'a>> {
    let mut words = text.split_whitespace();
    let marked = words.next()?;
    // Whatever it is: people put something else in its place.
    let id = marked.trim_end_matches(['*', '!', '#']);
    let size = words.next()?.parse().ok()?;
    let (_weekday, month, day, clock) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let month = time::month(month.as_bytes())?;
    let mut parts = clock.split(':').map(|part| time::number(part.as_bytes()));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let civil = Civil { year: 0, month, day: time::number(day.as_bytes())?, hour, minute, second, micros: 0 };
    let arrived = doc.collected_at.map(|reference| with_year(civil, &Clock { zone_offset: doc.zone_offset, reference }));
    // The sender is the rest of the line: an address may hold blanks in quotes.
    let at = text.find(clock)? + clock.len();
    let marks = &marked[id.len()..];
    let queue = if marks.contains('*') {
        Some("active")
    } else if marks.contains('!') {
        Some("hold")
    } else {
        None
    };
    Some(Entry { id, queue, forced_expire: marks.contains('#'), size, arrived, sender: text[at..].trim() })
}
