//! The message of a Postfix log line as an event. Fields are found by hand in the order in which Postfix prints them
//! (`src/global/log_adhoc.c`, `smtpd.c`, `qmgr_active.c`): no regular expression, no allocation.

use super::envelope::{Clock, Line};
use super::said::{self, Voice};
use crate::time::Time;

/// What a Postfix line says.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// `QID: client=H[A], sasl_method=M, sasl_username=U` of smtpd or qmqpd.
    Client {
        /// Queue id.
        queue_id: &'a str,
        /// Host name.
        client: &'a str,
        /// Address.
        client_ip: &'a str,
        /// SASL mechanism.
        sasl_method: Option<&'a str>,
        /// SASL login.
        sasl_username: Option<&'a str>,
    },
    /// `QID: uid=33 from=<www-data>` of pickup.
    Pickup {
        /// Queue id.
        queue_id: &'a str,
        /// User id.
        uid: i64,
        /// Sender.
        sender: &'a str,
    },
    /// `QID: message-id=<...>` of cleanup.
    MessageId {
        /// Queue id.
        queue_id: &'a str,
        /// Message id without brackets.
        id: &'a str,
    },
    /// `QID: from=<s>, size=N, nrcpt=N (queue active)` of qmgr.
    Active {
        /// Queue id.
        queue_id: &'a str,
        /// Sender.
        sender: &'a str,
        /// Bytes.
        size: Option<i64>,
        /// Recipients.
        nrcpt: Option<i64>,
    },
    /// `QID: removed` of qmgr or postsuper.
    Removed {
        /// Queue id.
        queue_id: &'a str,
    },
    /// `QID: from=<s>, status=expired, returned to sender` of qmgr.
    Expired {
        /// Queue id.
        queue_id: &'a str,
        /// Sender.
        sender: &'a str,
    },
    /// A delivery line.
    Delivery(Delivery<'a>),
    /// `QID: sender non-delivery notification: QID2` of bounce.
    Notification {
        /// Queue id of the notification.
        notification: &'a str,
    },
    /// A refusal.
    Reject(Reject<'a>),
    /// A warning, error, fatal, panic, or trouble that a delivery agent reports at level info.
    Diagnostic {
        /// Queue id, if it names one.
        queue_id: Option<&'a str>,
        /// warning, error, fatal, panic, info.
        level: &'static str,
        /// The message without level and queue id.
        text: &'a str,
    },
    /// Anything else.
    Other,
}

/// `QID: to=<r>, relay=R, delay=D, delays=a/b/c/d, dsn=X.Y.Z, status=S (reason)`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Delivery<'a> {
    /// Queue id.
    pub queue_id: &'a str,
    /// Recipient.
    pub to: &'a str,
    /// Recipient before aliases.
    pub orig_to: Option<&'a str>,
    /// relay= as logged.
    pub relay: &'a str,
    /// Deliveries over the same connection.
    pub conn_use: Option<u32>,
    /// Seconds since arrival.
    pub delay: Option<f64>,
    /// Seconds before the queue manager, in it, for set-up, for transmission.
    pub delays: [Option<f64>; 4],
    /// TLS summary (Postfix 3.11).
    pub tls: Option<&'a str>,
    /// Enhanced status code.
    pub dsn: Option<&'a str>,
    /// sent, deferred, bounced, ...; empty in a truncated line.
    pub status: &'a str,
    /// Text in the parentheses; a truncated line keeps what it has.
    pub reason: &'a str,
}

/// `NOQUEUE: reject: RCPT from H[A]: 450 4.7.1 ...; from=<> to=<> proto=ESMTP helo=<>`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reject<'a> {
    /// Queue id, if the message had one.
    pub queue_id: Option<&'a str>,
    /// reject, milter-reject, hold, discard, ...
    pub action: &'a str,
    /// RCPT, MAIL, CONNECT, END-OF-MESSAGE, header, body, ...
    pub stage: &'a str,
    /// Host name of the client.
    pub client: &'a str,
    /// Address of the client.
    pub client_ip: &'a str,
    /// Reply as sent.
    pub reply: &'a str,
    /// Sender, if it was known by then.
    pub sender: Option<&'a str>,
    /// Recipient, if it was known by then.
    pub recipient: Option<&'a str>,
    /// HELO name.
    pub helo: Option<&'a str>,
    /// SASL login.
    pub sasl_username: Option<&'a str>,
}

/// The daemons of Postfix, as they appear at the end of a program name.
const DAEMONS: &[&str] = &[
    "smtp",
    "smtpd",
    "lmtp",
    "qmgr",
    "oqmgr",
    "nqmgr",
    "cleanup",
    "pickup",
    "bounce",
    "defer",
    "trace",
    "local",
    "virtual",
    "pipe",
    "error",
    "retry",
    "discard",
    "relay",
    "proxymap",
    "proxywrite",
    "trivial-rewrite",
    "rewrite",
    "anvil",
    "scache",
    "verify",
    "flush",
    "showq",
    "tlsmgr",
    "tlsproxy",
    "postscreen",
    "dnsblog",
    "postlogd",
    "master",
    "spawn",
    "qmqpd",
    "postfix-script",
    "postsuper",
    "postqueue",
    "sendmail",
    "postdrop",
    "postmap",
    "postalias",
    "postlog",
    "postmulti",
    "postconf",
    "postkick",
    "postlock",
    "postcat",
    "postfix",
    "postfix-wrapper",
    "postfix-tls-script",
];

/// A program name taken apart: `postfix/submission/smtpd` is instance `postfix/submission`, daemon `smtpd`. None if it is
/// not Postfix's.
pub fn postfix_daemon(tag: &str) -> Option<(&str, &str)> {
    let (instance, daemon) = match tag.rsplit_once('/') {
        Some(parts) => parts,
        None if tag == "postfix" => ("postfix", "postfix"),
        None => return None,
    };
    DAEMONS.contains(&daemon).then_some((instance, daemon))
}

/// Whether `word` has the form of a queue id: short (hexadecimal, upper case) or long (base 52 without vowels).
pub fn is_queue_id(word: &str) -> bool {
    let bytes = word.as_bytes();
    if !(5..=24).contains(&bytes.len()) {
        return false;
    }
    let short = bytes.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
    if short {
        return true;
    }
    let vowel = |byte: &u8| matches!(byte, b'A' | b'E' | b'I' | b'O' | b'U' | b'a' | b'e' | b'i' | b'o' | b'u');
    bytes.len() >= 10 && bytes[..].contains(&b'z') && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() && !vowel(byte))
}

impl<'a> Event<'a> {
    /// What the message of `daemon` says.
    pub fn parse(daemon: &str, message: &'a str) -> Event<'a> {
        let (level, text) = level(message);
        if let Some(level) = level {
            let (queue_id, text) = match text.split_once(": ") {
                Some((word, rest)) if is_queue_id(word) => (Some(word), rest),
                _ => (None, text),
            };
            return Event::Diagnostic { queue_id, level, text };
        }
        let Some((word, rest)) = text.split_once(": ") else { return Event::trouble(daemon, None, text) };
        if word == "NOQUEUE" {
            return Reject::parse(None, rest).map_or(Event::Other, Event::Reject);
        }
        if !is_queue_id(word) {
            return Event::trouble(daemon, None, text);
        }
        Event::of_message(daemon, word, rest)
    }

    fn of_message(daemon: &str, queue_id: &'a str, rest: &'a str) -> Event<'a> {
        if rest.starts_with("to=") {
            return Event::Delivery(Delivery::parse(queue_id, rest));
        }
        if let Some(after) = rest.strip_prefix("from=") {
            return Event::queue_manager(queue_id, after);
        }
        if rest == "removed" {
            return Event::Removed { queue_id };
        }
        if let Some(id) = rest.strip_prefix("message-id=") {
            let id = id.trim();
            return Event::MessageId { queue_id, id: id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or(id) };
        }
        if let Some(after) = rest.strip_prefix("client=") {
            let (peer, fields) = after.split_once(", ").unwrap_or((after, ""));
            let (client, ip, _) = said::split_peer(peer);
            return Event::Client {
                queue_id,
                client: client.unwrap_or_default(),
                client_ip: ip.unwrap_or_default(),
                sasl_method: key_value(fields, "sasl_method="),
                sasl_username: key_value(fields, "sasl_username="),
            };
        }
        if let Some(after) = rest.strip_prefix("uid=") {
            let (uid, from) = after.split_once(' ').unwrap_or((after, ""));
            if let Ok(uid) = uid.parse() {
                let sender = from.strip_prefix("from=").unwrap_or_default();
                return Event::Pickup { queue_id, uid, sender: unbracket(sender) };
            }
        }
        if (daemon == "bounce" || daemon == "defer" || daemon == "trace")
            && let Some((what, id)) = rest.rsplit_once(": ")
            && what.contains("notification")
            && is_queue_id(id)
        {
            return Event::Notification { notification: id };
        }
        if let Some(reject) = Reject::parse(Some(queue_id), rest) {
            return Event::Reject(reject);
        }
        Event::trouble(daemon, Some(queue_id), rest)
    }

    fn queue_manager(queue_id: &'a str, after: &'a str) -> Event<'a> {
        let (sender, rest) = bracketed(after, &["size=", "status=", "nrcpt="]);
        if rest.starts_with("status=expired") || rest.starts_with("status=force-expired") {
            return Event::Expired { queue_id, sender };
        }
        let size = key_value(rest, "size=").and_then(|digits| digits.parse().ok());
        let nrcpt = key_value(rest, "nrcpt=").and_then(|text| {
            let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            text[..end].parse().ok()
        });
        Event::Active { queue_id, sender, size, nrcpt }
    }

    /// Trouble that the delivery agents report without a level: `connect to ...: Connection timed out`,
    /// `QID: host H[A] said: ...`, certificate and TLS failures.
    fn trouble(daemon: &str, queue_id: Option<&'a str>, text: &'a str) -> Event<'a> {
        let outbound = matches!(daemon, "smtp" | "lmtp" | "relay" | "tlsproxy");
        let marks = [
            "connect to ",
            "host ",
            "lost connection with ",
            "conversation with ",
            "SSL_connect error to ",
            "Cannot start TLS",
            "server certificate verification failed for ",
            "certificate verification failed for ",
            "certificate peer name verification failed for ",
            "TLS is required",
            "Host offered STARTTLS",
            "enabling PIX workarounds",
            "Server certificate",
        ];
        if outbound && marks.iter().any(|mark| text.starts_with(mark)) {
            return Event::Diagnostic { queue_id, level: "info", text };
        }
        Event::Other
    }
}

/// `warning: `, `error: `, `fatal: `, `panic: ` before the message.
fn level(message: &str) -> (Option<&'static str>, &str) {
    for level in ["warning", "error", "fatal", "panic"] {
        if let Some(rest) = message.strip_prefix(level).and_then(|rest| rest.strip_prefix(": ")) {
            return (Some(level), rest);
        }
    }
    (None, message)
}

/// The value of `key` (with its `=`) in `a=b, c=d`.
fn key_value<'a>(fields: &'a str, key: &str) -> Option<&'a str> {
    let mut rest = fields;
    loop {
        let (field, after) = rest.split_once(", ").unwrap_or((rest, ""));
        if let Some(value) = field.strip_prefix(key) {
            return Some(value);
        }
        if after.is_empty() {
            return None;
        }
        rest = after;
    }
}

fn unbracket(text: &str) -> &str {
    text.strip_prefix('<').map_or(text, |inner| inner.strip_suffix('>').unwrap_or(inner))
}

/// An address in `<>` and what follows it after `, `. The address may hold commas, spaces and, in a quoted local part,
/// `>`: it ends at the first `>, ` that a known key follows.
fn bracketed<'a>(text: &'a str, keys: &[&str]) -> (&'a str, &'a str) {
    let Some(inner) = text.strip_prefix('<') else {
        // info_log_address_format = internal, and old versions: no brackets.
        let mut from = 0;
        while let Some(found) = text[from..].find(", ") {
            let at = from + found;
            if keys.iter().any(|key| text[at + 2..].starts_with(key)) {
                return (&text[..at], &text[at + 2..]);
            }
            from = at + 2;
        }
        return (text, "");
    };
    let mut from = quoted_length(inner);
    while let Some(found) = inner[from..].find(">, ") {
        let at = from + found;
        if keys.iter().any(|key| inner[at + 3..].starts_with(key)) {
            return (&inner[..at], &inner[at + 3..]);
        }
        from = at + 3;
    }
    // The last field of the line, or a line that was cut.
    match inner[quoted_length(inner)..].find('>') {
        Some(at) => (&inner[..quoted_length(inner) + at], ""),
        None => (inner, ""),
    }
}

/// Length of a quoted local part at the start of an address, so that nothing in it is taken for a field.
fn quoted_length(address: &str) -> usize {
    let bytes = address.as_bytes();
    if bytes.first() != Some(&b'"') {
        return 0;
    }
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    0
}

impl<'a> Delivery<'a> {
    /// Reads `to=<...>, ...`.
    fn parse(queue_id: &'a str, text: &'a str) -> Delivery<'a> {
        let mut line = Delivery { queue_id, ..Delivery::default() };
        let (to, mut rest) = bracketed(&text["to=".len()..], &["orig_to=", "relay=", "delay=", "dsn=", "status="]);
        line.to = to;
        if let Some(after) = rest.strip_prefix("orig_to=") {
            let (orig_to, after) = bracketed(after, &["relay=", "delay=", "dsn=", "status="]);
            line.orig_to = Some(orig_to);
            rest = after;
        }
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("status=") {
                let (status, reason) = after.split_once(' ').unwrap_or((after, ""));
                line.status = status;
                let reason = reason.strip_prefix('(').unwrap_or(reason);
                line.reason = reason.strip_suffix(')').unwrap_or(reason);
                break;
            }
            let (field, after) = rest.split_once(", ").unwrap_or((rest, ""));
            match field.split_once('=') {
                Some(("relay", value)) => line.relay = value,
                Some(("conn_use", value)) => line.conn_use = value.parse().ok(),
                Some(("delay", value)) => line.delay = value.parse().ok(),
                Some(("delays", value)) => {
                    for (slot, part) in line.delays.iter_mut().zip(value.split('/')) {
                        *slot = part.parse().ok();
                    }
                }
                Some(("tls", value)) => line.tls = Some(value),
                Some(("dsn", value)) => line.dsn = Some(value),
                _ => {}
            }
            rest = after;
        }
        line
    }
}

impl<'a> Reject<'a> {
    /// Reads `ACTION: STAGE from H[A]: REPLY; from=<> to=<> proto=... helo=<>`.
    fn parse(queue_id: Option<&'a str>, text: &'a str) -> Option<Reject<'a>> {
        let (action, rest) = text.split_once(": ")?;
        const ACTIONS: &[&str] = &[
            "reject",
            "milter-reject",
            "hold",
            "milter-hold",
            "discard",
            "milter-discard",
            "reject_warning",
            "warn",
            "warning",
            "redirect",
            "filter",
            "replace",
            "prepend",
            "bcc",
            "info",
            "permit",
            "delay",
            "milter-quarantine",
        ];
        if !ACTIONS.contains(&action) {
            return None;
        }
        let mut reject = Reject { queue_id, action, ..Reject::default() };
        // The stage is one word, or "header Subject: ..." and the like, whose text is not ours to search.
        let (stage, after) = rest.split_once(' ').unwrap_or((rest, ""));
        reject.stage = stage;
        if matches!(stage, "header" | "body" | "mime-header" | "nested-header") {
            reject.of_content(after);
            return Some(reject);
        }
        let peer = after.strip_prefix("from ").unwrap_or(after);
        // "H[A]: reply" or, from postscreen, "[A]:P: reply".
        let end = peer
            .find("]: ")
            .map(|at| at + 1)
            .or_else(|| peer.find("]:").and_then(|at| peer[at + 2..].find(": ").map(|colon| at + 2 + colon)));
        let end = end.unwrap_or(peer.len());
        let (client, ip, _) = said::split_peer(&peer[..end]);
        reject.client = client.unwrap_or_default();
        reject.client_ip = ip.unwrap_or_default();
        let reply = peer.get(end + 2..).unwrap_or_default();
        let (reply, fields) = split_fields(reply);
        reject.reply = reply;
        reject.fields(fields);
        Some(reject)
    }

    /// `Subject: text from H[A]; from=<> to=<> proto=... helo=<>: 5.7.1 message`.
    fn of_content(&mut self, text: &'a str) {
        let Some(at) = text.rfind("; from=<") else { return };
        let before = &text[..at];
        if let Some(from) = before.rfind(" from ") {
            let (client, ip, _) = said::split_peer(&before[from + " from ".len()..]);
            self.client = client.unwrap_or_default();
            self.client_ip = ip.unwrap_or_default();
        }
        let fields = &text[at + 2..];
        self.fields(fields);
        self.reply = fields.rsplit_once(">: ").map_or("", |(_, reply)| reply);
    }

    fn fields(&mut self, fields: &'a str) {
        let value = |key: &str| {
            let at = fields.find(key)?;
            let inner = &fields[at + key.len()..];
            let inner = inner.strip_prefix('<')?;
            let end = quoted_length(inner) + inner[quoted_length(inner)..].find('>')?;
            Some(&inner[..end])
        };
        self.sender = value("from=");
        self.recipient = value("to=");
        self.helo = value("helo=");
        self.sasl_username = value("sasl_username=");
    }
}

/// Splits a reply from the fields that follow it. The reply may hold `; ` itself: the fields start at the first `; ` that
/// a known key follows.
fn split_fields(text: &str) -> (&str, &str) {
    let mut from = 0;
    while let Some(found) = text[from..].find("; ") {
        let at = from + found;
        let after = &text[at + 2..];
        if ["from=<", "to=<", "proto=", "helo="].iter().any(|key| after.starts_with(key)) {
            return (&text[..at], after);
        }
        from = at + 2;
    }
    (text, "")
}

/// The words that somebody speaks in a text of any kind: a whole log line, the message of one, a reason, or a bare reply.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spoken<'a> {
    /// The reason or reply.
    pub text: &'a str,
    /// Who speaks, where the line tells it and the words do not.
    pub voice: Option<Voice>,
    /// Daemon that logged it.
    pub daemon: Option<&'a str>,
    /// Host name of the relay.
    pub relay: Option<&'a str>,
    /// Domain of the recipient.
    pub domain: Option<&'a str>,
}

/// Finds the spoken words in `text`.
pub fn spoken(text: &str) -> Spoken<'_> {
    let text = text.trim();
    let clock = Clock { zone_offset: 0, reference: Time(i64::MAX / 4) };
    let line = Line::parse(text, &clock).unwrap_or(Line { time: None, tag: "", message: text });
    let daemon = postfix_daemon(line.tag).map(|(_, daemon)| daemon);
    match Event::parse(daemon.unwrap_or("smtp"), line.message) {
        Event::Delivery(delivery) => {
            let (relay, ip, _) = said::split_peer(delivery.relay);
            Spoken {
                text: delivery.reason,
                voice: super::fold::voice_of(daemon.unwrap_or("smtp"), ip, delivery.reason),
                daemon,
                relay: relay.filter(|_| ip.is_some()),
                domain: delivery.to.rsplit_once('@').map(|(_, domain)| domain),
            }
        }
        Event::Reject(reject) => Spoken {
            text: reject.reply,
            voice: Some(if reject.action.starts_with("milter") { Voice::OwnFilter } else { Voice::OwnServer }),
            daemon,
            ..Spoken::default()
        },
        Event::Diagnostic { text, .. } => Spoken { text, daemon, ..Spoken::default() },
        _ => {
            // A status= fragment without its start, or parentheses around a queue listing's reason.
            let inner = line.message.find("status=").and_then(|at| line.message[at..].split_once(" (").map(|(_, reason)| reason));
            let text = inner.unwrap_or(line.message);
            let whole = text.strip_prefix('(').unwrap_or(text);
            let cut = if inner.is_some() || whole.len() < text.len() { whole.strip_suffix(')').unwrap_or(whole) } else { text };
            Spoken { text: cut, daemon, ..Spoken::default() }
        }
    }
}
