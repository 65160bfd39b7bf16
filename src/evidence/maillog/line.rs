//! The message of a Postfix log line as an event. Fields are found by hand in the order in which Postfix prints them
//! (`src/global/log_adhoc.c`, `smtpd.c`, `qmgr_active.c`): no regular expression, no allocation.

use super::envelope::{Clock, Line};
use super::queue_id::{is_queue_id, leading_id, masked_id};
use crate::bytes::position;
use crate::said::daemons::{is_of_postfix, known_daemon, postfix_daemon};
use crate::said::{self, Said, Voice};
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
    pub conn_use: Option<&'a str>,
    /// Seconds since arrival, as logged; see [`Delivery::delay`].
    pub delay: &'a str,
    /// `a/b/c/d` as logged; see [`Delivery::delays`].
    pub delays: &'a str,
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
    /// Port of the client, which postscreen logs.
    pub client_port: Option<u16>,
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

/// How lines of a daemon begin that tell nothing of messages or of trouble, and are most of a log.
pub(super) fn idle(daemon: &str) -> &'static [Beginning] {
    const SERVER: &[Beginning] = &[*b"connect ", *b"disconne", *b"Anonymou", *b"Trusted ", *b"Untruste", *b"Verified"];
    const CLIENT: &[Beginning] = &[*b"Trusted ", *b"Untruste", *b"Verified", *b"Anonymou"];
    const SCREEN: &[Beginning] = &[*b"CONNECT ", *b"PASS OLD", *b"PASS NEW", *b"DISCONNE"];
    const MAILBOXES: &[Beginning] = &[*b"imap-log", *b"pop3-log"];
    const COUNTS: &[Beginning] = &[*b"statisti"];
    match daemon {
        "smtpd" => SERVER,
        "smtp" | "lmtp" => CLIENT,
        "postscreen" => SCREEN,
        "dovecot" => MAILBOXES,
        "anvil" | "scache" => COUNTS,
        _ => &[],
    }
}

/// As many bytes as are compared at once.
pub(super) type Beginning = [u8; 8];

/// Where `needle`, whose first byte is not common, stands in `text`. Quicker than `str::find` in texts as short as a line.
pub(super) fn find(text: &str, needle: &str) -> Option<usize> {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let mut from = 0;
    while let Some(at) = memchr::memchr(needle[0], &text[from..]).map(|at| from + at) {
        if text[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

impl<'a> Event<'a> {
    /// What the message of `daemon` says.
    pub fn parse(daemon: &str, message: &'a str) -> Event<'a> {
        if let Some((id, rest)) = leading_id(message) {
            return Event::of_message(daemon, id, rest);
        }
        match message.as_bytes().first() {
            Some(b'w' | b'e' | b'f' | b'p') => {
                if let Some((level, text)) = level(message) {
                    let (queue_id, text) = leading_id(text).map_or((None, text), |(id, rest)| (Some(id), rest));
                    // "warning: header Subject: ..." is what a header check says of a message.
                    return Event::Diagnostic { queue_id, level, text };
                }
                if let Some(after) = message.strip_prefix("from=<").filter(|_| message.ends_with("(queue active)")) {
                    return Event::queue_manager("", &message[message.len() - after.len() - 1..]);
                }
                if daemon == "smtpd"
                    && let Some(reject) = message.strip_prefix("proxy-reject: ").map(Reject::of_proxy)
                {
                    return Event::Reject(reject);
                }
            }
            Some(b'N') => {
                if let Some(rest) = message.strip_prefix("NOQUEUE: ") {
                    return match Event::client("NOQUEUE", rest) {
                        // A client that a proxy filter before the queue serves has no queue id.
                        Some(_) => Event::Other,
                        None => Reject::parse(None, rest).map_or(Event::Other, Event::Reject),
                    };
                }
            }
            // Lines of which the queue id is lost.
            Some(b't') if message.starts_with("to=<") && message.contains(", status=") => {
                return Event::Delivery(Delivery::parse("", message));
            }
            _ => {}
        }
        if let Some((id, rest)) = masked_id(message) {
            return Event::of_message(daemon, id, rest);
        }
        Event::trouble(daemon, None, message)
    }

    fn of_message(daemon: &str, queue_id: &'a str, rest: &'a str) -> Event<'a> {
        // "to=user@example.com" without brackets is what info_log_address_format = internal and old versions print.
        if rest.starts_with("to=") {
            return Event::Delivery(Delivery::parse(queue_id, rest));
        }
        if let Some(after) = rest.strip_prefix("from=") {
            return Event::queue_manager(queue_id, after);
        }
        // cleanup(8) says why: "removed (discarded)".
        if rest == "removed" || rest.starts_with("removed (") {
            return Event::Removed { queue_id };
        }
        if let Some(id) = rest.strip_prefix("message-id=") {
            return Event::MessageId { queue_id, id: without_brackets(id) };
        }
        if let Some(client) = Event::client(queue_id, rest) {
            return client;
        }
        if let Some(after) = rest.strip_prefix("uid=") {
            let (uid, from) = after.split_once(' ').unwrap_or((after, ""));
            if let Ok(uid) = uid.parse() {
                let sender = from.strip_prefix("from=").unwrap_or_default();
                // "orig_id=" follows where postsuper -r put the message back.
                return Event::Pickup { queue_id, uid, sender: bracketed(sender, &[]).0 };
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

    /// `client=H[A], sasl_method=M, sasl_username=U`.
    fn client(queue_id: &'a str, rest: &'a str) -> Option<Event<'a>> {
        let after = rest.strip_prefix("client=")?;
        let (peer, fields) = next_field(after);
        let (client, ip, _) = said::split_peer(peer);
        Some(Event::Client {
            queue_id,
            client: client.unwrap_or_default(),
            client_ip: ip.unwrap_or_default(),
            sasl_method: key_value(fields, "sasl_method="),
            sasl_username: key_value(fields, "sasl_username="),
        })
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
        // The commonest lines of all, connections and TLS summaries, start with other letters or words.
        let first = text.as_bytes().first().copied().unwrap_or_default();
        if !matches!(first, b'c' | b'h' | b'l' | b'S' | b'C' | b's' | b'T' | b'H' | b'e' | b't' | b'P' | b'u' | b'd' | b'r')
            || daemon == "smtpd" && first == b'c'
        {
            return Event::Other;
        }
        const MARKS: &[&str] = &[
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
            "SASL authentication failed",
            "sasl-xoauth2: ",
            "SMTPS wrappermode",
        ];
        let own = match daemon {
            "smtp" | "lmtp" | "relay" | "tlsproxy" => {
                MARKS.iter().any(|mark| mark.as_bytes()[0] == first && text.starts_with(mark))
            }
            "master" => {
                text.starts_with("daemon started -- ")
                    || text.starts_with("reload -- ")
                    || text.starts_with("terminating on signal ")
                    || text.starts_with("Postfix is using backwards-compatible")
            }
            "postscreen" => text.starts_with("entering STRESS mode"),
            _ => false,
        };
        if own || text.starts_with("using backwards-compatible default setting") {
            return Event::Diagnostic { queue_id, level: "info", text };
        }
        Event::Other
    }
}

/// `warning: `, `error: `, `fatal: `, `panic: ` before the message.
pub(crate) fn level(message: &str) -> Option<(&'static str, &str)> {
    ["warning", "error", "fatal", "panic"]
        .into_iter()
        .find_map(|level| Some((level, message.strip_prefix(level)?.strip_prefix(": ")?)))
}

/// A message id or an address without blanks and the brackets around it.
pub(crate) fn without_brackets(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text)
}

/// The value of `key` (with its `=`) in `a=b, c=d`.
fn key_value<'a>(fields: &'a str, key: &str) -> Option<&'a str> {
    let mut rest = fields;
    loop {
        let (field, after) = next_field(rest);
        if let Some(value) = field.strip_prefix(key) {
            return Some(value);
        }
        if after.is_empty() {
            return None;
        }
        rest = after;
    }
}

/// An address in `<>` and what follows it after `, `. The address may hold commas, spaces and, in a quoted local part,
/// `>`: it ends at the first `>, ` that a known key follows.
fn bracketed<'a>(text: &'a str, keys: &[&str]) -> (&'a str, &'a str) {
    let Some(inner) = text.strip_prefix('<') else {
        // info_log_address_format = internal, and old versions: no brackets.
        let mut from = 0;
        while let Some(found) = find(&text[from..], ", ") {
            let at = from + found;
            if begins_with_key(&text[at + 2..], keys) {
                return (&text[..at], &text[at + 2..]);
            }
            from = at + 2;
        }
        return (text, "");
    };
    let mut from = quoted_length(inner);
    while let Some(found) = find(&inner[from..], ">, ") {
        let at = from + found;
        if begins_with_key(&inner[at + 3..], keys) {
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

fn begins_with_key(text: &str, keys: &[&str]) -> bool {
    let first = text.as_bytes().first();
    keys.iter().any(|key| key.as_bytes().first() == first && text.starts_with(key))
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
        let (to, mut rest) = bracketed(&text["to=".len()..], &["relay=", "orig_to=", "delay=", "dsn=", "status="]);
        line.to = to;
        if let Some(after) = rest.strip_prefix("orig_to=") {
            let (orig_to, after) = bracketed(after, &["relay=", "delay=", "dsn=", "status="]);
            line.orig_to = Some(orig_to);
            rest = after;
        }
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix("status=") {
                // "deferred (reason)"
                let end = position(after.as_bytes(), b' ').unwrap_or(after.len());
                let reason = after.get(end + 1..).unwrap_or_default();
                line.status = &after[..end];
                let reason = reason.strip_prefix('(').unwrap_or(reason);
                line.reason = reason.strip_suffix(')').unwrap_or(reason);
                break;
            }
            let (field, after) = next_field(rest);
            let value = |key| field.strip_prefix(key);
            match field.as_bytes().first() {
                Some(b'r') => line.relay = value("relay=").unwrap_or(line.relay),
                Some(b'd') => match field.as_bytes().get(5) {
                    Some(b'=') => line.delay = value("delay=").unwrap_or(line.delay),
                    Some(b's') => line.delays = value("delays=").unwrap_or(line.delays),
                    _ => line.dsn = value("dsn=").or(line.dsn),
                },
                _ => {
                    line.conn_use = value("conn_use=").or(line.conn_use);
                    line.tls = value("tls=").or(line.tls);
                }
            }
            rest = after;
        }
        line
    }

    /// Seconds since arrival.
    pub fn delay(&self) -> Option<f64> {
        seconds(self.delay.as_bytes())
    }

    /// Seconds before the queue manager, in it, for look-up and set-up, for transmission: each is read when it is asked for.
    pub fn delays(&self) -> [Delay<'a>; 4] {
        let mut parts = self.delays.as_bytes().split(|byte| *byte == b'/');
        std::array::from_fn(|_| Delay(parts.next()))
    }
}

/// A part of `delays=`.
#[derive(Debug, Clone, Copy)]
pub struct Delay<'a>(Option<&'a [u8]>);

impl Delay<'_> {
    /// Seconds.
    pub fn seconds(self) -> Option<f64> {
        seconds(self.0?)
    }
}

/// Seconds as Postfix prints them: `0.05`, `12`, `130000`.
fn seconds(text: &[u8]) -> Option<f64> {
    const UNITS: [f64; 7] = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6];
    let whole = || std::str::from_utf8(text).ok()?.parse().ok();
    // Up to fifteen digits the division below is exact to the last bit.
    if text.len() > 15 {
        return whole();
    }
    let (mut number, mut point) = (0u64, None);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0'..=b'9' => number = number * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return whole(),
        }
    }
    let decimals = point.map_or(0, |at| text.len() - at - 1);
    match UNITS.get(decimals) {
        Some(unit) if text.len() > usize::from(point.is_some()) => Some(number as f64 / unit),
        _ => whole(),
    }
}

/// The field before the next `, `, and what follows.
fn next_field(text: &str) -> (&str, &str) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = position(&bytes[from..], b',') {
        let at = from + found;
        if bytes.get(at + 1) == Some(&b' ') {
            return (&text[..at], &text[at + 2..]);
        }
        from = at + 1;
    }
    (text, "")
}

impl<'a> Reject<'a> {
    /// Reads `ACTION: STAGE from H[A]: REPLY; from=<> to=<> proto=... helo=<>`.
    fn parse(queue_id: Option<&'a str>, text: &'a str) -> Option<Reject<'a>> {
        // An action is a short word: most lines that come here are none.
        let end = memchr::memchr(b':', &text.as_bytes()[..text.len().min(20)])?;
        let (action, rest) = (&text[..end], text[end + 1..].strip_prefix(' ')?);
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
            "strip",
            "ignore",
            "pass",
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
        let end = find(peer, "]: ")
            .map(|at| at + 1)
            .or_else(|| find(peer, "]:").and_then(|at| find(&peer[at + 2..], ": ").map(|colon| at + 2 + colon)));
        let end = end.unwrap_or(peer.len());
        let (client, ip, port) = said::split_peer(&peer[..end]);
        reject.client = client.unwrap_or_default();
        reject.client_ip = ip.unwrap_or_default();
        reject.client_port = port;
        let reply = peer.get(end + 2..).unwrap_or_default();
        let (reply, fields) = split_fields(reply);
        reject.reply = reply;
        reject.fields(fields);
        Some(reject)
    }

    /// `STAGE: REPLY; from=<> to=<> ...` after `proxy-reject: `: what a filter before the queue answered.
    fn of_proxy(text: &'a str) -> Reject<'a> {
        let (stage, reply) = text.split_once(": ").unwrap_or((text, ""));
        let (reply, fields) = split_fields(reply);
        let mut reject = Reject { action: "proxy-reject", stage, reply, ..Reject::default() };
        reject.fields(fields);
        reject
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
            let at = find(fields, key)?;
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
    while let Some(found) = find(&text[from..], "; ") {
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
    /// Whether it turned away a client, or mail of this machine.
    pub turned_away: bool,
    /// Program beside Postfix that logged it.
    pub program: Option<&'a str>,
    /// Whether it is a line of the log that tells of no trouble.
    pub idle: bool,
    /// Whether it is a line of a file that is no mail log.
    pub foreign: bool,
}

/// A line of a log without the time, as people copy it: `postfix/smtp[467]: message`, `postsrsd[12]: message`, or what a command of
/// Postfix says, `postqueue: warning: message`.
fn unstamped(text: &str) -> Option<Line<'_>> {
    let (program, message) = text.split_once(": ")?;
    let word = program.rsplit(' ').next()?;
    let (tag, pid) = word.split_once('[').unwrap_or((word, ""));
    let numbered = || pid.strip_suffix(']').is_some_and(|pid| !pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit()));
    let levels = ["warning: ", "error: ", "fatal: ", "panic: "];
    let command = || program == tag && is_of_postfix(tag) && levels.iter().any(|level| message.starts_with(level));
    let named = tag.starts_with(|c: char| c.is_ascii_alphabetic());
    (postfix_daemon(tag).is_some() || named && (numbered() || command())).then(|| Line { tag, message, ..Line::default() })
}

/// What a line says that is of no mail log: one that begins with a time and no program follows, or an object of JSON.
fn foreign<'a>(text: &'a str, line: &Line<'a>) -> Option<&'a str> {
    if text.starts_with("{\"") && text.ends_with('}') {
        let after = ["\"msg\":", "\"message\":", "\"error\":"].iter().find_map(|name| text.split_once(name))?.1.trim_start();
        return Some(after.strip_prefix('"').and_then(|value| value.split('"').next()).unwrap_or(text));
    }
    let (day, rest) = (text.get(..10)?, text.get(11..)?);
    let like = |text: &str, form: &str| {
        text.len() == form.len()
            && text.bytes().zip(form.bytes()).all(|(c, of)| if of == b'0' { c.is_ascii_digit() } else { c == of })
    };
    let dated = like(day, "0000-00-00") && rest.get(..8).is_some_and(|time| like(time, "00:00:00"));
    let after = rest.find(' ').map(|at| rest[at..].trim_start());
    after.filter(|_| dated && !line.tag.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// Finds the spoken words in `text`.
pub fn spoken(text: &str) -> Spoken<'_> {
    let text = text.trim();
    let clock = Clock { zone_offset: 0, reference: Time(i64::MAX / 4) };
    let line = Line::parse(text, &clock).or_else(|| unstamped(text)).unwrap_or(Line { message: text, ..Line::default() });
    if let Some(said) = foreign(text, &line) {
        return Spoken { text: said, foreign: true, ..Spoken::default() };
    }
    let daemon = postfix_daemon(line.tag).map(|(_, daemon)| daemon).or_else(|| known_daemon(line.tag));
    let program = Some(line.tag).filter(|tag| !tag.is_empty() && daemon.is_none());
    if let Some(program) = program {
        let voice = Said::parse(line.message).speaker().or(Some(Voice::of_daemon(program)));
        return Spoken { text: line.message, voice, daemon: program.into(), program: program.into(), ..Spoken::default() };
    }
    match Event::parse(daemon.unwrap_or("smtp"), line.message) {
        Event::Delivery(delivery) => {
            let (relay, ip, _) = said::split_peer(delivery.relay);
            Spoken {
                text: delivery.reason,
                voice: said::voice_of(daemon.unwrap_or("smtp"), ip, &Said::parse(delivery.reason)),
                daemon,
                relay: relay.filter(|_| ip.is_some()),
                domain: delivery.to.rsplit_once('@').map(|(_, domain)| domain),
                idle: matches!(delivery.status, "sent" | "deliverable" | "expanded"),
                ..Spoken::default()
            }
        }
        Event::Reject(reject) => Spoken {
            text: reject.reply,
            voice: Some(if reject.action.starts_with("milter") { Voice::OwnFilter } else { Voice::OwnServer }),
            daemon,
            turned_away: true,
            ..Spoken::default()
        },
        Event::Expired { .. } => {
            let text = line.message.find("status=").map_or(line.message, |at| &line.message[at..]);
            Spoken { text, voice: Some(Voice::OwnDaemon), daemon, ..Spoken::default() }
        }
        Event::Diagnostic { text, .. } => {
            let voice = Said::parse(text).speaker().or(Some(Voice::OwnDaemon));
            Spoken { text, voice, daemon, ..Spoken::default() }
        }
        event => {
            // A status= fragment without its start, or parentheses around a queue listing's reason.
            let inner = line.message.find("status=").and_then(|at| line.message[at..].split_once(" (").map(|(_, reason)| reason));
            let text = inner.unwrap_or(line.message);
            let whole = text.strip_prefix('(').unwrap_or(text);
            let is_reason = inner.is_some() || whole.len() < text.len();
            let cut = if is_reason { whole.strip_suffix(')').unwrap_or(whole) } else { text };
            // Words that no daemon is known to have said may be anybody's, but for those that only a log has.
            let begins = |daemon| idle(daemon).iter().any(|start| line.message.as_bytes().starts_with(start));
            let is_said = daemon.is_none() && matches!(event, Event::Other) && !begins("anvil") && !begins("smtp");
            Spoken { text: cut, daemon, idle: !is_reason && !is_said, ..Spoken::default() }
        }
    }
}
