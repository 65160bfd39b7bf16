//! A queue file as `postcat -q` shows it: of the envelope who sent it from where, of the message only the headers that tell
//! which program made it. What else it says is private.
//!
//! ```text
//! *** ENVELOPE RECORDS deferred/A/A1B2C3 ***
//! message_arrival_time: Thu Nov 12 10:25:10 2026
//! named_attribute: sasl_username=bob
//! sender: bob@example.com
//! recipient: a@example.net
//! *** MESSAGE CONTENTS deferred/A/A1B2C3 ***
//! X-PHP-Originating-Script: 33:mailer.php
//! ```

use super::document::{Document, Sink};
use super::stamp::time_of;
use crate::tables::{Record, Value, queue_files};

/// Reads queue files, one after the other.
pub(super) fn parse(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut file: Option<Record> = None;
    let mut recipients = 0;
    let mut in_headers = false;
    for (number, line) in doc.lines() {
        // postcat -v puts the offset and the record's type before each.
        let text = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        if let Some(path) = text.strip_prefix("*** ENVELOPE RECORDS ").and_then(|rest| rest.strip_suffix(" ***")) {
            finish(file.take(), recipients, sink);
            recipients = 0;
            in_headers = false;
            let mut parts = path.rsplit('/');
            let id = parts.next().map(|id| sink.name(id));
            let queue = path
                .split('/')
                .find(|part| matches!(*part, "deferred" | "active" | "incoming" | "hold" | "maildrop" | "corrupt"));
            let queue = queue.map(|queue| sink.name(queue));
            file = Some(
                Record::new(&queue_files::TABLE, doc.at(number)).with(queue_files::queue_id, id).with(queue_files::queue, queue),
            );
            continue;
        }
        let Some(record) = &mut file else { continue };
        if text.starts_with("*** ") {
            in_headers = text.starts_with("*** MESSAGE CONTENTS ");
            continue;
        }
        // The first empty line ends the headers: below it stands what somebody wrote.
        if line.is_empty() {
            in_headers = false;
            continue;
        }
        let text = if in_headers { text.strip_prefix("regular_text: ").unwrap_or(text) } else { text };
        let Some((name, value)) = text.split_once(':').map(|(name, value)| (name, value.trim())) else { continue };
        if in_headers {
            header(record, name, value, sink);
            continue;
        }
        match name {
            "message_size" => {
                record.set(queue_files::size, value.split_whitespace().next().and_then(|size| size.parse::<i64>().ok()));
            }
            "message_arrival_time" => record.set(queue_files::arrived, time_of(value, doc.zone_offset, doc.collected_at)),
            "sender" => record.set(queue_files::sender, sink.name(if value == "MAILER-DAEMON" { "" } else { value })),
            "recipient" => {
                recipients += 1;
                if recipients == 1 {
                    record.set(queue_files::recipient, sink.name(value));
                }
            }
            "named_attribute" => {
                let column = match value.split_once('=') {
                    Some(("sasl_username", _)) => queue_files::sasl_username,
                    Some(("log_client_name" | "client_name", _)) => queue_files::client,
                    Some(("log_client_address" | "client_address", _)) => queue_files::client_ip,
                    _ => continue,
                };
                let value = value.split_once('=').map_or("", |(_, value)| value);
                if record.get(column) == Value::Missing {
                    record.set(column, sink.name(value));
                }
            }
            _ => {}
        }
    }
    finish(file, recipients, sink);
}

fn header(record: &mut Record, name: &str, value: &str, sink: &mut Sink<'_>) {
    match name.to_ascii_lowercase().as_str() {
        "x-php-originating-script" => {
            let (uid, script) = value.split_once(':').unwrap_or(("", value));
            record.set(queue_files::uid, uid.parse::<i64>().ok());
            record.set(queue_files::script, sink.name(script));
        }
        "x-mailer" | "user-agent" => record.set(queue_files::mailer, sink.name(value)),
        // "Received: by mail.example.com (Postfix, from userid 33)"
        "received" if record.get(queue_files::uid) == Value::Missing => {
            let uid = value.split_once("from userid ").and_then(|(_, rest)| rest.split(')').next());
            record.set(queue_files::uid, uid.and_then(|uid| uid.parse::<i64>().ok()));
        }
        _ => {}
    }
}

fn finish(file: Option<Record>, recipients: i64, sink: &mut Sink<'_>) {
    if let Some(record) = file {
        sink.push(&queue_files::TABLE, record.with(queue_files::nrcpt, recipients));
    }
}
