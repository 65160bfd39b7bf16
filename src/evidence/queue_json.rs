//! `postqueue -j` (`src/showq/showq_json.c`), one object a line; also as an array or pretty-printed by `jq`:
//!
//! ```text
//! {"queue_name": "deferred", "queue_id": "0CE5562", "arrival_time": 1794474544, "message_size": 667, "forced_expire": false,
//!  "sender": "shop@example.com", "recipients": [{"address": "a@example.net", "delay_reason": "connect to ...: Connection timed out"}]}
//! ```

use super::document::{Document, Sink};
use crate::tables::{Record, queue};
use crate::time::Time;
use serde::Deserialize;

#[derive(Deserialize)]
struct Message {
    queue_id: String,
    queue_name: Option<String>,
    arrival_time: Option<i64>,
    message_size: Option<i64>,
    forced_expire: Option<bool>,
    sender: Option<String>,
    #[serde(default)]
    recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
struct Recipient {
    address: Option<String>,
    orig_address: Option<String>,
    delay_reason: Option<String>,
    bounce_reason: Option<String>,
    other_reason: Option<String>,
}

/// Whether a line is a message of such a listing.
pub(super) fn is_message(line: &str) -> bool {
    line.starts_with('{') && super::text::beginning(line, 512).contains("\"queue_id\"")
}

/// Reads a queue listing for programs.
pub(super) fn parse(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let text = doc.text.trim();
    if text.is_empty() {
        sink.tables.mark_collected(&queue::TABLE);
        return;
    }
    let mut understood = 0;
    let mut broken = None;
    for (number, line) in doc.lines().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str::<Message>(line.trim().trim_end_matches(',')) {
            Ok(message) => {
                understood += 1;
                broken = None;
                add(&message, doc, number, sink);
            }
            Err(_) => {
                sink.unparsed(number);
                broken = Some((number, line));
            }
        }
    }
    // What follows the last whole message.
    if let Some((number, line)) = broken.filter(|_| understood > 0) {
        sink.cut_off("postqueue-json", doc.at(number), line);
    }
    if understood == 0 {
        // Not one object a line: an array, or objects over several lines.
        let messages: Vec<Message> = serde_json::from_str(text)
            .unwrap_or_else(|_| serde_json::Deserializer::from_str(text).into_iter::<Message>().map_while(Result::ok).collect());
        if !messages.is_empty() {
            sink.unparsed.clear();
        }
        // Each message is cited at the line where its queue id stands.
        let mut lines = doc.lines();
        for message in &messages {
            let at = lines.find(|(_, line)| line.contains(&message.queue_id)).map_or(doc.first_line, |(number, _)| number);
            understood += 1;
            add(message, doc, at, sink);
        }
    }
    if understood > 0 || text == "[]" {
        sink.tables.mark_collected(&queue::TABLE);
    }
}

fn add(message: &Message, doc: &Document<'_>, line: u32, sink: &mut Sink<'_>) {
    let sender = message.sender.as_deref().map(|sender| if sender == "MAILER-DAEMON" { "" } else { sender });
    for recipient in &message.recipients {
        let reason = recipient.delay_reason.as_ref().or(recipient.bounce_reason.as_ref()).or(recipient.other_reason.as_ref());
        let record = Record::new(&queue::TABLE, doc.at(line))
            .with(queue::listing, sink.name("json"))
            .with(queue::queue_id, sink.name(&message.queue_id))
            .with(queue::queue, message.queue_name.as_ref().map(|name| sink.name(name)))
            .with(queue::arrived, message.arrival_time.map(Time::from_seconds))
            .with(queue::size, message.message_size)
            .with(queue::sender, sender.map(|sender| sink.name(sender)))
            .with(queue::recipient, recipient.address.as_ref().map(|address| sink.name(address)))
            .with(queue::orig_address, recipient.orig_address.as_ref().map(|address| sink.name(address)))
            .with(queue::reason, reason.map(|reason| sink.name(reason)))
            .with(queue::forced_expire, message.forced_expire);
        sink.push(&queue::TABLE, record);
    }
}
