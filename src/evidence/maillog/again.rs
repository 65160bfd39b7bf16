//! A second look at the logs, line by line, at what a diagnosis does not need: how every line is accounted for
//! (`postdoc sources`), and each line of Postfix with all its fields (`postdoc records`).

use super::envelope::Line;
use super::line::{Delivery, Event};
use super::lines::Lines;
use super::notice::Notice;
use super::reader::Stream;
use super::scan::repeated;
use crate::names::Names;
use crate::said;
use crate::said::daemons::postfix_daemon;
use crate::tables::{Citation, Record, Tables, attempts, events};
use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

/// How the lines of a log are accounted for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Lines of Postfix that were understood.
    pub postfix: u64,
    /// Lines of other programs.
    pub others: u64,
    /// Empty lines, the journal's headings, and further lines of an entry over several lines.
    pub empty: u64,
    /// Lines that are none of these.
    pub not_understood: u64,
    /// Numbers of the first of these.
    pub examples: Vec<u32>,
}

impl Account {
    /// All lines.
    pub fn lines(&self) -> u64 {
        self.postfix + self.others + self.empty + self.not_understood
    }
}

/// Accounts for every line of a log; `examples` is how many of those not understood are named.
///
/// # Errors
/// If the log cannot be read to its end; what was read until then is lost.
pub fn account(stream: &Stream<'_>, longest: usize, examples: usize) -> std::io::Result<Account> {
    let mut account = Account::default();
    each_line(stream, longest, |number, row| {
        if row.trim().is_empty() || row.starts_with("-- ") || row.starts_with("Hint: ") {
            account.empty += 1;
            return;
        }
        let line = Line::parse(row, &stream.clock).or_else(|| Line::bare(row));
        let understood = match line {
            Some(line) => match postfix_daemon(line.tag) {
                Some((_, daemon)) => is_understood(daemon, line.message),
                // "last message repeated 5 times" has no program; a line of any other is its own business.
                None => {
                    account.others += 1;
                    return;
                }
            },
            None => false,
        };
        if understood {
            account.postfix += 1;
            return;
        }
        account.not_understood += 1;
        if account.examples.len() < examples {
            account.examples.push(number);
        }
    })?;
    Ok(account)
}

/// Whether the message of a Postfix daemon is of a known form.
pub fn is_understood(daemon: &str, message: &str) -> bool {
    let message = once(message);
    !matches!(Event::parse(daemon, message), Event::Other) || Notice::parse(message).is_some()
}

/// The message inside rsyslog's `message repeated 3 times: [ MSG]`.
fn once(message: &str) -> &str {
    repeated(message).map_or(message, |(_, inner)| inner)
}

/// Makes a record of the table `events` of every line of Postfix, fills in the fields of attempts that the fold does not
/// keep, and puts the attempts in the order of their times.
pub fn fill(streams: &[Stream<'_>], longest: usize, tables: &mut Tables) {
    let mut rows: FxHashMap<Citation, Vec<u32>> = FxHashMap::default();
    for (at, row) in tables.rows(&attempts::TABLE).iter().enumerate() {
        rows.entry(row.source).or_default().push(at as u32);
    }
    for stream in streams {
        // What is wrong with a file is said where it is read for the diagnosis.
        let _ = each_line(stream, longest, |number, row| {
            let Some(line) = Line::parse(row, &stream.clock).or_else(|| Line::bare(row)) else { return };
            let Some((instance, daemon)) = postfix_daemon(line.tag) else { return };
            let source = Citation { file: stream.file, line: number };
            let message = once(line.message);
            if let Event::Delivery(delivery) = Event::parse(daemon, message) {
                for at in rows.get(&source).map_or(&[][..], Vec::as_slice) {
                    complete(*at as usize, &delivery, instance, tables);
                }
            }
            let record = event(&line, instance, daemon, message, source, &mut tables.names);
            tables.push(&events::TABLE, record);
        });
    }
    let time = |row: &Record| (row.time(attempts::time), row.source);
    tables.rows_mut(&attempts::TABLE).sort_by_key(time);
}

fn complete(at: usize, delivery: &Delivery<'_>, instance: &str, tables: &mut Tables) {
    let names = &mut tables.names;
    let (instance, orig_to) = (names.intern(instance), delivery.orig_to.map(|to| names.intern(to)));
    let tls = delivery.tls.map(|tls| names.intern(tls));
    let row = &mut tables.rows_mut(&attempts::TABLE)[at];
    row.set(attempts::instance, instance);
    row.set(attempts::orig_to, orig_to);
    row.set(attempts::tls, tls);
    row.set(attempts::conn_use, delivery.conn_use.and_then(|uses| uses.parse::<i64>().ok()));
    row.set(attempts::delay, delivery.delay());
    let delays = [attempts::delay_queue, attempts::delay_active, attempts::delay_setup, attempts::delay_transmission];
    for (column, delay) in delays.into_iter().zip(delivery.delays()) {
        row.set(column, delay.seconds());
    }
}

/// One line as a record.
fn event(line: &Line<'_>, instance: &str, daemon: &str, message: &str, source: Citation, names: &mut Names) -> Record {
    let (kind, queue_id, fields) = described(daemon, message);
    let text = |text: &str, names: &mut Names| Some(text).filter(|text| !text.is_empty()).map(|text| names.intern(text));
    let mut record = Record::new(&events::TABLE, source)
        .with(events::time, line.time)
        .with(events::host, text(line.host, names))
        .with(events::instance, text(instance, names))
        .with(events::daemon, names.intern(daemon))
        .with(events::pid, line.pid.parse::<i64>().ok())
        .with(events::queue_id, queue_id.and_then(|id| text(id, names)))
        .with(events::kind, kind.map(|kind| names.intern(kind)))
        .with(events::text, names.intern(message));
    for (name, columns) in [
        ("client", [events::client, events::client_ip, events::client_port]),
        ("relay", [events::relay, events::relay_ip, events::relay_port]),
    ] {
        let Some(peer) = fields.get(name).and_then(Value::as_str) else { continue };
        let (host, ip, port) = said::split_peer(peer);
        record.set(columns[0], host.map(|host| names.intern(host)));
        record.set(columns[1], ip.map(|ip| names.intern(ip)));
        record.set(columns[2], port.map(i64::from));
    }
    if !fields.is_empty() {
        record.set(events::fields, names.intern(&Value::Object(fields).to_string()));
    }
    record
}

/// The kind of a message, its queue id, and its fields by name.
pub fn described<'a>(daemon: &str, message: &'a str) -> (Option<&'static str>, Option<&'a str>, Map<String, Value>) {
    let mut fields = Map::new();
    let mut set = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value.into());
        }
    };
    let found = match Event::parse(daemon, message) {
        Event::Client { queue_id, .. } => {
            let (_, all) = message.split_once("client=").unwrap_or_default();
            let mut all = all.split(", ");
            set("client", all.next());
            // sasl_method, sasl_username, sasl_sender, orig_queue_id, orig_client
            all.filter_map(|field| field.split_once('=')).for_each(|(name, value)| set(name, Some(value)));
            (Some("client"), Some(queue_id))
        }
        Event::Pickup { queue_id, uid, sender } => {
            set("uid", Some(&uid.to_string()));
            set("from", Some(sender));
            (Some("pickup"), Some(queue_id))
        }
        Event::MessageId { queue_id, id } => {
            set("message-id", Some(id));
            (Some("message-id"), Some(queue_id))
        }
        Event::Active { queue_id, sender, size, nrcpt } => {
            set("from", Some(sender));
            set("size", size.map(|size| size.to_string()).as_deref());
            set("nrcpt", nrcpt.map(|nrcpt| nrcpt.to_string()).as_deref());
            (Some("queued"), Some(queue_id))
        }
        Event::Removed { queue_id } => (Some("removed"), Some(queue_id)),
        Event::Expired { queue_id, sender } => {
            set("from", Some(sender));
            set("status", message.split_once("status=").map(|(_, status)| status));
            (Some("expired"), Some(queue_id))
        }
        Event::Delivery(line) => {
            set("to", Some(line.to));
            set("orig_to", line.orig_to);
            for (name, value) in [("relay", line.relay), ("delay", line.delay), ("delays", line.delays), ("status", line.status)]
            {
                set(name, Some(value).filter(|value| !value.is_empty()));
            }
            set("conn_use", line.conn_use);
            set("tls", line.tls);
            set("dsn", line.dsn);
            set("reason", Some(line.reason));
            // The keys by which a message is followed to its next queue.
            let queued = line.reason.rsplit_once("queued as ").filter(|_| line.status == "sent");
            set("queued_as", queued.and_then(|(_, rest)| rest.split([' ', ')', ',']).next()));
            set("forwarded_as", line.reason.strip_prefix("forwarded as "));
            (Some("delivery"), Some(line.queue_id))
        }
        Event::Notification { notification } => {
            set("notification", Some(notification));
            // "sender non-delivery notification"
            let (id, what) = message.split_once(": ").unwrap_or(("", message));
            let what = what.rsplit_once(" notification: ").and_then(|(what, _)| what.split_once(' '));
            set("recipient", what.map(|(recipient, _)| recipient));
            set("what", what.map(|(_, what)| what));
            (Some("notification"), Some(id))
        }
        Event::Reject(line) => {
            let port = line.client_port.map(|port| format!(":{port}")).unwrap_or_default();
            set(
                "client",
                Some(&format!("{}[{}]{port}", line.client, line.client_ip))
                    .filter(|_| !line.client_ip.is_empty())
                    .map(String::as_str),
            );
            let content = matches!(line.stage, "header" | "body" | "mime-header" | "nested-header");
            let text = message.split_once(": ").filter(|_| content).map(|(_, text)| text);
            let text = text.and_then(|text| text.split_once(&format!("{}: ", line.action)).map(|(_, text)| text));
            set("content", text.map(|text| text.rsplit_once("; from=<").map_or(text, |(content, _)| content)));
            set("action", Some(line.action));
            set("stage", Some(line.stage));
            set("reply", Some(line.reply));
            set("from", line.sender);
            set("to", line.recipient);
            set("helo", line.helo);
            set("proto", message.rsplit_once("proto=").and_then(|(_, rest)| rest.split([' ', ',']).next()));
            set("sasl_username", line.sasl_username);
            (Some("reject"), line.queue_id.or(message.starts_with("NOQUEUE: ").then_some("NOQUEUE")))
        }
        Event::Diagnostic { queue_id, level, text } => {
            set("message", Some(text));
            // "unknown[192.0.2.1]: SASL LOGIN authentication failed: ..., sasl_username=bob"
            let peer = text.split_once(": ").filter(|(peer, _)| peer.ends_with(']') && !peer.contains(' '));
            // "Connection rate limit exceeded: 31 from spam.example[192.0.2.1] for service smtpd"
            let from = || {
                text.split_once(" from ")
                    .and_then(|(_, rest)| rest.split([' ', ',']).next())
                    .map(|peer| peer.trim_end_matches(':'))
            };
            let client = peer.map(|(peer, _)| peer).or_else(from).filter(|peer| peer.ends_with(']'));
            set("client", client.filter(|_| matches!(daemon, "smtpd" | "postscreen" | "tlsproxy" | "qmqpd")));
            let user = text.rsplit_once(", sasl_username=");
            set("sasl_username", user.map(|(_, user)| user));
            let said = user.map_or(text, |(said, _)| said);
            set("error", peer.and_then(|(peer, _)| said.get(peer.len() + 2..)));
            (Some(level), queue_id)
        }
        Event::Other => (None, None),
    };
    // Lines at level info that are trouble, too, have fields as notices.
    if !matches!(found.0, None | Some("info")) {
        return (found.0, found.1, fields);
    }
    let Some(notice) = Notice::parse(message) else { return (found.0, found.1, fields) };
    for (name, value) in &notice.fields {
        let value = if *name == "message_id" { value.trim_matches(['<', '>']) } else { value };
        // "450 4.2.0 try later (in reply to RCPT TO command)"
        let (value, stage) = value
            .split_once(" (in reply to ")
            .filter(|_| *name == "reply")
            .map_or((value, None), |(reply, stage)| (reply, Some(stage)));
        fields.insert((*name).to_owned(), value.into());
        if let Some(stage) = stage {
            fields.insert("stage".to_owned(), stage.trim_end_matches(')').trim_end_matches(" command").into());
        }
    }
    fields.entry("what").or_insert_with(|| notice.what().into());
    (Some(notice.kind), notice.queue_id.or(found.1), fields)
}

/// Calls `each` with the number and the text of every line of a log, out of what it is wrapped in.
///
/// # Errors
/// If the log cannot be read to its end; lines before have been seen.
pub fn each_line(stream: &Stream<'_>, longest: usize, mut each: impl FnMut(u32, &str)) -> std::io::Result<()> {
    let mut lines = Lines::open(stream, 1, longest)?;
    while let Some((number, line)) = lines.next_line()? {
        each(number, line);
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::envelope::Clock;
    use super::super::wrap::Wrapping;
    use super::*;
    use crate::time::Time;
    use std::io::Read;

    pub(in super::super) fn stream(text: &str) -> Stream<'_> {
        Stream {
            file: 0,
            wrapping: Wrapping::of(text),
            clock: Clock { zone_offset: 0, reference: Time::from_seconds(1_800_000_000) },
            first: None,
            begins: String::new(),
            host: None,
            doubled: false,
            whole: true,
            keep_lines: false,
            open: Box::new(move || Ok(Box::new(text.as_bytes()) as Box<dyn Read + Send + '_>)),
        }
    }

    const LOG: &str = "-- Journal begins at Thu 2026-01-01 --\n\
        Nov 12 09:35:40 mail postfix/qmgr[1]: 4F2C41A2B3: removed\n\
        Nov 12 09:35:40 mail postfix/smtpd[2]: message repeated 3 times: [ connect from unknown[192.0.2.1]]\n\
        Nov 12 09:35:40 mail last message repeated 2 times\n\
        Nov 12 09:35:40 mail dovecot: imap-login: Login\n\
        \n\
        Nov 12 09:35:40 mail postfix/smtp[1]: what is this\n\
        no log line at all\n\
        Nov 12 09:35:41 mail postfix/smtp[1]: 4F2C41A2B4: to=<a@example.net>, relay=none, delay=1, status=deferred (x)\n";

    #[test]
    fn every_line_is_accounted_for() {
        let account = super::account(&stream(LOG), 4096, 3).unwrap();
        assert_eq!((account.postfix, account.others, account.empty, account.not_understood), (3, 2, 2, 2));
        assert_eq!(account.examples, [7, 8]);
        let docker: String = LOG
            .lines()
            .map(|line| format!("{{\"log\":{},\"stream\":\"stdout\"}}\n", serde_json::to_string(&format!("{line}\n")).unwrap()))
            .collect();
        for text in [LOG, &docker, &LOG.replace('\n', "\r\n")] {
            for (end, _) in text.char_indices() {
                let account = super::account(&stream(&text[..end]), 64, 3).unwrap();
                assert_eq!(account.lines(), text[..end].lines().count() as u64, "{}", &text[..end]);
            }
        }
    }

    #[test]
    fn all_fields_of_a_line_are_named() {
        let delivery = "4F2C41A2B3: to=<a@example.net>, orig_to=<root>, relay=mx.example.net[2001:db8::7]:25, conn_use=2, delay=31, \
                        delays=0.1/0/30/0.5, tls=may:none, dsn=4.4.1, status=deferred (x (y))";
        let reject = "NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 550 5.1.1 <n@example.com>: no; from=<a@example.net> \
                      to=<n@example.com> proto=ESMTP helo=<mx>";
        let client = "4F2C41A2B3: client=mx[192.0.2.7], sasl_method=PLAIN, sasl_username=bob, orig_queue_id=3F2C41A2B3";
        for (daemon, message, kind, wanted) in [
            (
                "smtp",
                delivery,
                "delivery",
                &[("conn_use", "2"), ("tls", "may:none"), ("orig_to", "root"), ("reason", "x (y)"), ("delays", "0.1/0/30/0.5")][..],
            ),
            (
                "smtpd",
                reject,
                "reject",
                &[("proto", "ESMTP"), ("helo", "mx"), ("stage", "RCPT"), ("client", "unknown[192.0.2.7]")],
            ),
            ("smtpd", client, "client", &[("sasl_method", "PLAIN"), ("orig_queue_id", "3F2C41A2B3")]),
            (
                "smtpd",
                "warning: unknown[192.0.2.7]: SASL LOGIN authentication failed: x, sasl_username=bob",
                "warning",
                &[("client", "unknown[192.0.2.7]"), ("sasl_username", "bob")],
            ),
            (
                "smtpd",
                "disconnect from a[192.0.2.7] ehlo=1 quit=1 commands=2",
                "disconnect",
                &[("commands", "ehlo=1 quit=1 commands=2")],
            ),
        ] {
            let (found, _, fields) = described(daemon, message);
            assert_eq!(found, Some(kind), "{message}");
            for (name, value) in wanted {
                assert_eq!(fields.get(*name).and_then(Value::as_str), Some(*value), "{name} of {message}");
            }
        }
    }
}
