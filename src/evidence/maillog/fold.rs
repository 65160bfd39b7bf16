//! The fold: joins events by queue id to messages with their origin, attempts and final outcome.
//!
//! A message's state lives from its first line to `removed` (or to the milter's refusal: such a message is never
//! `removed`). What is open at the end still waits.

use super::envelope::Line;
use super::line::{Delivery, Event, Reject, postfix_daemon};
use super::said::{self, Said, Voice};
use super::traffic::Traffic;
use crate::names::Name;
use crate::tables::{Citation, Record, Tables, Value, arrivals, attempts, diagnostics, failures, queue, rejects};
use crate::time::Time;
use rustc_hash::{FxHashMap, FxHashSet};

/// One message under way.
#[derive(Debug, Default)]
struct Message {
    source: Option<Citation>,
    arrived: Option<Time>,
    message_id: Option<Name>,
    sender: Option<Name>,
    size: Option<i64>,
    nrcpt: Option<i64>,
    client: Option<Name>,
    client_ip: Option<Name>,
    sasl_method: Option<Name>,
    sasl_username: Option<Name>,
    uid: Option<i64>,
    internal: bool,
    /// Whether the queue manager has seen it.
    queued: bool,
    recipients: Vec<Recipient>,
}

/// One recipient of a message under way.
#[derive(Debug)]
struct Recipient {
    address: Name,
    /// Rows of `attempts`.
    attempts: Vec<u32>,
    outcome: Outcome,
    first_failed: Option<Time>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Waiting,
    Sent,
    Bounced,
    Expired,
    /// Taken out of the queue by hand, or the log lost its end.
    Gone,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Outcome::Waiting => "waiting",
            Outcome::Sent => "sent",
            Outcome::Bounced => "bounced",
            Outcome::Expired => "expired",
            Outcome::Gone => "gone",
        }
    }
}

/// The fold over all log lines, in time order.
#[derive(Debug, Default)]
pub struct Fold {
    messages: FxHashMap<Box<str>, Message>,
    /// Queue ids that bounce(8) gave to notifications before cleanup logged them.
    notifications: FxHashMap<Box<str>, ()>,
    /// What was counted.
    pub traffic: Traffic,
    key: String,
}

impl Fold {
    /// Takes in one line, which stands at `source`.
    pub fn line(&mut self, line: &Line<'_>, source: Citation, tables: &mut Tables) {
        self.traffic.lines += 1;
        if let Some(time) = line.time {
            self.traffic.seen(time);
        }
        let Some((instance, daemon)) = postfix_daemon(line.tag) else {
            companion(line, source, tables);
            return;
        };
        self.traffic.postfix_lines += 1;
        let event = Event::parse(daemon, line.message);
        let time = line.time;
        match event {
            Event::Delivery(delivery) => self.delivery(&delivery, daemon, instance, time, source, tables),
            Event::Active { queue_id, sender, size, nrcpt } => {
                let name = tables.name(sender);
                let message = self.message(instance, queue_id, time, source);
                let first = !message.queued;
                message.queued = true;
                message.sender = Some(name);
                message.size = size.or(message.size);
                message.nrcpt = nrcpt.or(message.nrcpt);
                if first {
                    Traffic::add(&mut self.traffic.senders, sender);
                }
            }
            Event::Client { queue_id, client, client_ip, sasl_method, sasl_username } => {
                let names =
                    [Some(client), Some(client_ip), sasl_method, sasl_username].map(|text| text.map(|text| tables.name(text)));
                let message = self.fresh(instance, queue_id, time, source, tables);
                [message.client, message.client_ip, message.sasl_method, message.sasl_username] = names;
                if let Some(user) = sasl_username {
                    Traffic::add(&mut self.traffic.sasl_users, user);
                }
            }
            Event::Pickup { queue_id, uid, sender } => {
                let name = tables.name(sender);
                let message = self.fresh(instance, queue_id, time, source, tables);
                message.uid = Some(uid);
                message.sender = Some(name);
            }
            Event::MessageId { queue_id, id } => {
                self.traffic.messages += 1;
                self.traffic.minute(time).arrived += 1;
                let name = tables.name(id);
                let key = self.key(instance, queue_id);
                let internal = self.notifications.remove(key.as_str()).is_some();
                let message = self.message(instance, queue_id, time, source);
                message.message_id = Some(name);
                message.internal |= internal || (message.client.is_none() && message.uid.is_none() && !message.queued);
            }
            Event::Notification { notification } => {
                let key = self.key(instance, notification);
                match self.messages.get_mut(key.as_str()) {
                    Some(message) => message.internal = true,
                    None => {
                        self.notifications.insert(key.as_str().into(), ());
                        // Bounded: a notification's own lines follow at once.
                        if self.notifications.len() > 10_000 {
                            self.notifications.clear();
                        }
                    }
                }
                self.key = key;
            }
            Event::Removed { queue_id } => {
                let minute = self.traffic.minute(time);
                if daemon == "postsuper" {
                    minute.deleted += 1;
                } else {
                    minute.left += 1;
                }
                let key = self.key(instance, queue_id);
                if let Some(message) = self.messages.remove(key.as_str()) {
                    finish(&message, queue_id, tables);
                }
                self.key = key;
            }
            Event::Expired { queue_id, sender } => {
                self.traffic.expired += 1;
                let name = tables.name(sender);
                let message = self.message(instance, queue_id, time, source);
                message.sender = message.sender.or(Some(name));
                for recipient in &mut message.recipients {
                    if recipient.outcome == Outcome::Waiting {
                        recipient.outcome = Outcome::Expired;
                    }
                }
            }
            Event::Reject(reject) => self.reject(&reject, daemon, instance, time, source, tables),
            Event::Diagnostic { level, text, .. } => diagnostic(daemon, level, text, time, source, tables),
            Event::Other => {}
        }
    }

    /// The key of a queue id, which is unique only within an instance. `key` is a buffer that is used again.
    fn key(&mut self, instance: &str, queue_id: &str) -> String {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        // Services log as instance/service: the instance is the part before the first slash.
        let instance = instance.split('/').next().unwrap_or(instance);
        if instance != "postfix" {
            key.push_str(instance);
            key.push('/');
        }
        key.push_str(queue_id);
        key
    }

    /// The message under way with this queue id, begun if it is new.
    fn message(&mut self, instance: &str, queue_id: &str, time: Option<Time>, source: Citation) -> &mut Message {
        let key = self.key(instance, queue_id);
        if !self.messages.contains_key(key.as_str()) {
            let begun = Message { source: Some(source), arrived: time, ..Message::default() };
            self.messages.insert(key.as_str().into(), begun);
        }
        let message = self.messages.get_mut(key.as_str()).expect("present or just inserted");
        self.key = key;
        message
    }

    /// A new message: an older one with the same queue id lost its end, since inodes are used again.
    fn fresh(
        &mut self,
        instance: &str,
        queue_id: &str,
        time: Option<Time>,
        source: Citation,
        tables: &mut Tables,
    ) -> &mut Message {
        let key = self.key(instance, queue_id);
        if let Some(old) = self.messages.remove(key.as_str()) {
            finish(&old, queue_id, tables);
        }
        self.key = key;
        self.message(instance, queue_id, time, source)
    }

    fn delivery(
        &mut self,
        line: &Delivery<'_>,
        daemon: &str,
        instance: &str,
        time: Option<Time>,
        source: Citation,
        tables: &mut Tables,
    ) {
        let domain = domain_of(line.to);
        let counted = match line.status {
            "sent" => {
                self.traffic.sent += 1;
                self.traffic.minute(time).delivered += 1;
                true
            }
            "deferred" => {
                self.traffic.deferred_attempts += 1;
                self.traffic.minute(time).deferred += 1;
                Traffic::add(&mut self.traffic.deferred_domains, &domain);
                true
            }
            "bounced" => {
                self.traffic.bounced += 1;
                self.traffic.minute(time).bounced += 1;
                Traffic::add(&mut self.traffic.bounced_domains, &domain);
                true
            }
            _ => false,
        };
        if let Some(dsn) = line.dsn.filter(|_| counted) {
            Traffic::add(&mut self.traffic.by_dsn, dsn);
        }
        let row = tables.rows(&attempts::TABLE).len() as u32;
        let record = attempt(line, daemon, instance, &domain, time, source, tables);
        tables.push(&attempts::TABLE, record);
        let address = tables.name(line.to);
        let arrived = time.zip(line.delay()).map(|(time, delay)| time.plus(-delay));
        let message = self.message(instance, line.queue_id, time, source);
        if message.source == Some(source) {
            // Its arrival is not in the log; the delay tells when it was.
            message.arrived = arrived.or(time);
        }
        let recipient = match message.recipients.iter_mut().position(|known| known.address == address) {
            Some(at) => &mut message.recipients[at],
            None => {
                message.recipients.push(Recipient {
                    address,
                    attempts: Vec::new(),
                    outcome: Outcome::Waiting,
                    first_failed: None,
                });
                message.recipients.last_mut().expect("just pushed")
            }
        };
        recipient.attempts.push(row);
        match line.status {
            "sent" => recipient.outcome = Outcome::Sent,
            "bounced" => recipient.outcome = Outcome::Bounced,
            "expired" | "force-expired" => recipient.outcome = Outcome::Expired,
            _ => recipient.first_failed = recipient.first_failed.or(time),
        }
    }

    fn reject(
        &mut self,
        line: &Reject<'_>,
        daemon: &str,
        instance: &str,
        time: Option<Time>,
        source: Citation,
        tables: &mut Tables,
    ) {
        let refused = matches!(line.action, "reject" | "milter-reject");
        if !refused && !matches!(line.action, "hold" | "milter-hold" | "discard" | "milter-discard") {
            return;
        }
        if refused {
            self.traffic.rejected += 1;
        }
        let mut local = line.client_ip.is_empty() || said::is_own(line.client_ip);
        if let (Some(queue_id), true) = (line.queue_id, refused && daemon == "cleanup") {
            // Refused by a milter or a header check: it never enters the queue and is never `removed`.
            let key = self.key(instance, queue_id);
            if let Some(message) = self.messages.remove(key.as_str()) {
                local |= message.uid.is_some();
            }
            self.key = key;
        }
        let voice = if line.action.starts_with("milter") { Voice::OwnFilter } else { Voice::OwnServer };
        let (code, dsn, text) = said::strip_codes(line.reply);
        let record = Record::new(&rejects::TABLE, source)
            .with(rejects::time, time)
            .with(rejects::voice, tables.name(voice.name()))
            .with(rejects::daemon, tables.name(daemon))
            .with(rejects::action, tables.name(line.action))
            .with(rejects::stage, tables.name(line.stage))
            .with(rejects::client, tables.name(line.client))
            .with(rejects::client_ip, tables.name(line.client_ip))
            .with(rejects::local, local)
            .with(rejects::sasl_username, line.sasl_username.map(|user| tables.name(user)))
            .with(rejects::code, code.map(i64::from))
            .with(rejects::dsn, dsn.map(|dsn| tables.name(dsn)))
            .with(rejects::text, tables.name(&text))
            .with(rejects::sender, line.sender.map(|sender| tables.name(sender)))
            .with(rejects::recipient, line.recipient.map(|recipient| tables.name(recipient)))
            .with(rejects::helo, line.helo.map(|helo| tables.name(helo)));
        tables.push(&rejects::TABLE, record);
    }

    /// Ends the fold: what is open waits, and with the queue listing becomes the table `failures`.
    pub fn finish(mut self, tables: &mut Tables, end: Option<Time>) -> Traffic {
        let mut open: Vec<(Box<str>, Message)> = self.messages.drain().collect();
        open.sort_by(|(a, one), (b, other)| (one.source, a).cmp(&(other.source, b)));
        let listed = super::backlog::listed(tables);
        let listed_ids: Option<FxHashSet<Name>> = listed.as_ref().map(|rows| rows.iter().map(|row| row.id).collect());
        let mut index = FxHashMap::default();
        for (at, (key, message)) in open.iter().enumerate() {
            set_origin(message, tables);
            let id = key.rsplit('/').next().unwrap_or(key);
            index.insert(id.to_owned(), at);
            // With a listing, what it does not list has left the queue, though the log does not show how.
            let gone = listed_ids.as_ref().is_some_and(|ids| tables.names.find(id).is_none_or(|name| !ids.contains(&name)));
            for recipient in &message.recipients {
                let outcome = if gone && recipient.outcome == Outcome::Waiting { Outcome::Gone } else { recipient.outcome };
                close_recipient(message, recipient, id, outcome, listed.is_none(), tables);
            }
            if listed.is_none() && message.queued {
                untried(message, id, tables);
            }
            arrival(message, id, tables);
        }
        if let Some(rows) = listed {
            super::backlog::add(&rows, tables, |id, recipient, record, tables| {
                let Some((_, message)) = index.get(id).map(|&at| &open[at]) else { return };
                let known =
                    tables.names.find(recipient).and_then(|name| message.recipients.iter().find(|known| known.address == name));
                enrich(record, message, known, tables);
            });
        }
        super::backlog::ages(tables, end);
        self.traffic
    }
}

/// Ends a message: sets the outcome of its attempts and adds its failures.
fn finish(message: &Message, queue_id: &str, tables: &mut Tables) {
    set_origin(message, tables);
    for recipient in &message.recipients {
        let outcome = match recipient.outcome {
            // `removed` after a deferral, without a later line for the recipient: it went another way.
            Outcome::Waiting => Outcome::Gone,
            other => other,
        };
        close_recipient(message, recipient, queue_id, outcome, true, tables);
    }
    arrival(message, queue_id, tables);
}

/// Writes a recipient's outcome into its attempts, and a failure if it was not sent.
fn close_recipient(
    message: &Message,
    recipient: &Recipient,
    queue_id: &str,
    outcome: Outcome,
    with_waiting: bool,
    tables: &mut Tables,
) {
    let name = tables.name(outcome.name());
    for &row in &recipient.attempts {
        tables.rows_mut(&attempts::TABLE)[row as usize].set(attempts::outcome, name);
    }
    let failed = match outcome {
        Outcome::Bounced | Outcome::Expired => true,
        Outcome::Waiting => with_waiting,
        Outcome::Sent | Outcome::Gone => false,
    };
    if !failed {
        return;
    }
    let id = tables.name(queue_id);
    let source = recipient.attempts.last().map(|&row| tables.rows(&attempts::TABLE)[row as usize].source);
    let Some(source) = source.or(message.source) else { return };
    let mut record = Record::new(&failures::TABLE, source)
        .with(failures::outcome, name)
        .with(failures::queue_id, id)
        .with(failures::recipient, recipient.address);
    if outcome == Outcome::Waiting {
        record.set(failures::queue, tables.name("deferred"));
    }
    enrich(&mut record, message, Some(recipient), tables);
    tables.push(&failures::TABLE, record);
}

/// A message that the queue manager has, with recipients that were not tried yet.
fn untried(message: &Message, queue_id: &str, tables: &mut Tables) {
    let missing = message.nrcpt.unwrap_or(0) - message.recipients.len() as i64;
    let Some(source) = message.source.filter(|_| missing > 0) else { return };
    for _ in 0..missing.min(10_000) {
        let mut record = Record::new(&failures::TABLE, source)
            .with(failures::outcome, tables.name("waiting"))
            .with(failures::queue, tables.name("active"))
            .with(failures::queue_id, tables.name(queue_id));
        enrich(&mut record, message, None, tables);
        tables.push(&failures::TABLE, record);
    }
}

/// Fills what the log knows about a message and recipient into a failure.
fn enrich(record: &mut Record, message: &Message, recipient: Option<&Recipient>, tables: &mut Tables) {
    let fill = |record: &mut Record, column, value: Value| {
        if record.get(column) == Value::Missing {
            record.set(column, value);
        }
    };
    fill(record, failures::arrived, message.arrived.into());
    fill(record, failures::size, message.size.into());
    fill(record, failures::sender, message.sender.into());
    fill(record, failures::sasl_username, message.sasl_username.into());
    fill(record, failures::client, message.client.into());
    fill(record, failures::client_ip, message.client_ip.into());
    fill(record, failures::uid, message.uid.into());
    let origin = origin(message).map(|origin| tables.name(origin));
    fill(record, failures::origin, origin.into());
    if let Value::Text(sender) = record.get(failures::sender) {
        let domain = domain_of(tables.names.get(sender));
        let domain = (!domain.is_empty()).then(|| tables.name(&domain));
        fill(record, failures::sender_domain, domain.into());
    }
    let Some(recipient) = recipient else { return };
    fill(record, failures::attempts, (recipient.attempts.len() as i64).into());
    fill(record, failures::first_failed, recipient.first_failed.into());
    let Some(last) = recipient.attempts.last().map(|&row| tables.rows(&attempts::TABLE)[row as usize].clone()) else { return };
    for (to, from) in [
        (failures::time, attempts::time),
        (failures::recipient_domain, attempts::recipient_domain),
        (failures::reason, attempts::reason),
        (failures::voice, attempts::voice),
        (failures::relay, attempts::relay),
        (failures::relay_ip, attempts::relay_ip),
        (failures::relay_port, attempts::relay_port),
        (failures::reply_code, attempts::reply_code),
        (failures::reply_enhanced, attempts::reply_enhanced),
        (failures::reply_text, attempts::reply_text),
        (failures::stage, attempts::stage),
        (failures::dsn, attempts::dsn),
    ] {
        fill(record, to, last.get(from));
    }
    if let Value::Int(code) = record.get(failures::reply_code) {
        fill(record, failures::permanent, (code >= 500).into());
    }
}

/// How a message came in.
fn origin(message: &Message) -> Option<&'static str> {
    if message.sasl_username.is_some() {
        Some("sasl")
    } else if message.client.is_some() {
        Some("smtpd")
    } else if message.uid.is_some() {
        Some("local")
    } else if message.internal {
        Some("internal")
    } else {
        None
    }
}

/// Writes a message's origin into its attempts.
fn set_origin(message: &Message, tables: &mut Tables) {
    let origin = origin(message).map(|origin| tables.name(origin));
    let domain = message.sender.map(|sender| domain_of(tables.names.get(sender))).filter(|domain| !domain.is_empty());
    let domain = domain.map(|domain| tables.name(&domain));
    for recipient in &message.recipients {
        for &row in &recipient.attempts {
            let record = &mut tables.rows_mut(&attempts::TABLE)[row as usize];
            record.set(attempts::sender, message.sender);
            record.set(attempts::sender_domain, domain);
            record.set(attempts::sasl_username, message.sasl_username);
            record.set(attempts::client, message.client);
            record.set(attempts::client_ip, message.client_ip);
            record.set(attempts::uid, message.uid);
            record.set(attempts::origin, origin);
        }
    }
}

fn arrival(message: &Message, queue_id: &str, tables: &mut Tables) {
    // Known by its start: a message that was under way when the log begins did not arrive in it.
    let Some(source) =
        message.source.filter(|_| message.client.is_some() || message.uid.is_some() || message.message_id.is_some())
    else {
        return;
    };
    let domain = message.sender.map(|sender| domain_of(tables.names.get(sender))).filter(|domain| !domain.is_empty());
    let record = Record::new(&arrivals::TABLE, source)
        .with(arrivals::time, message.arrived)
        .with(arrivals::queue_id, tables.name(queue_id))
        .with(arrivals::message_id, message.message_id)
        .with(arrivals::client, message.client)
        .with(arrivals::client_ip, message.client_ip)
        .with(arrivals::sasl_method, message.sasl_method)
        .with(arrivals::sasl_username, message.sasl_username)
        .with(arrivals::uid, message.uid)
        .with(arrivals::origin, origin(message).map(|origin| tables.name(origin)))
        .with(arrivals::sender, message.sender)
        .with(arrivals::sender_domain, domain.map(|domain| tables.name(&domain)))
        .with(arrivals::size, message.size)
        .with(arrivals::nrcpt, message.nrcpt);
    tables.push(&arrivals::TABLE, record);
}

fn attempt(
    line: &Delivery<'_>,
    daemon: &str,
    instance: &str,
    domain: &str,
    time: Option<Time>,
    source: Citation,
    tables: &mut Tables,
) -> Record {
    let said = Said::parse(line.reason);
    let (relay, ip, port) = said::split_peer(line.relay);
    let (host, ip, port) = if ip.is_some() { (relay, ip, port) } else { (said.host.or(relay), said.ip, said.port) };
    let voice = if line.status == "sent" { None } else { voice_of(daemon, ip, line.reason).or(said.voice) };
    Record::new(&attempts::TABLE, source)
        .with(attempts::time, time)
        .with(attempts::reason, tables.name(said.reason))
        .with(attempts::voice, voice.map(|voice| tables.name(voice.name())))
        .with(attempts::suspended, said.suspended)
        .with(attempts::daemon, tables.name(daemon))
        .with(attempts::instance, tables.name(instance))
        .with(attempts::queue_id, tables.name(line.queue_id))
        .with(attempts::recipient, tables.name(line.to))
        .with(attempts::recipient_domain, tables.name(domain))
        .with(attempts::orig_to, line.orig_to.map(|address| tables.name(address)))
        .with(attempts::relay, host.map(|host| tables.name(host)))
        .with(attempts::relay_ip, ip.map(|ip| tables.name(ip)))
        .with(attempts::relay_port, port.map(i64::from))
        .with(attempts::delay, line.delay())
        .with(attempts::delay_queue, line.delays()[0])
        .with(attempts::delay_active, line.delays()[1])
        .with(attempts::delay_setup, line.delays()[2])
        .with(attempts::delay_transmission, line.delays()[3])
        .with(attempts::dsn, line.dsn.map(|dsn| tables.name(dsn)))
        .with(attempts::status, tables.name(line.status))
        .with(attempts::reply_code, said.code.map(i64::from))
        .with(attempts::reply_enhanced, said.enhanced.map(|code| tables.name(code)))
        .with(attempts::reply_text, tables.name(&said.words))
        .with(attempts::stage, said.stage.map(|stage| tables.name(stage)))
}

/// Who speaks in a delivery line, where the daemon and the relay tell it and the words do not.
pub(super) fn voice_of(daemon: &str, relay_ip: Option<&str>, reason: &str) -> Option<Voice> {
    match daemon {
        "local" | "virtual" | "pipe" => Some(Voice::OwnDelivery),
        "smtp" | "lmtp" | "error" | "relay" => {
            let said = Said::parse(reason);
            let ip = relay_ip.or(said.ip);
            match said.voice {
                Some(Voice::Remote) if ip.is_some_and(|ip| ip.contains('/')) => Some(Voice::OwnDelivery),
                Some(Voice::Remote) if ip.is_some_and(said::is_own) => Some(Voice::OwnFilter),
                // What smtp(8) and lmtp(8) say without naming another speaker, they say themselves.
                None if daemon != "error" => Some(Voice::OwnClient),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The domain of an address, lower case; empty without one.
pub fn domain_of(address: &str) -> String {
    address.rsplit_once('@').map_or(String::new(), |(_, domain)| domain.to_ascii_lowercase())
}

fn diagnostic(daemon: &str, level: &str, text: &str, time: Option<Time>, source: Citation, tables: &mut Tables) {
    // "H[A]: SASL LOGIN authentication failed: ..., sasl_username=U"
    let peer = text.split_once(": SASL ").map(|(peer, _)| said::split_peer(peer));
    let user = text.rsplit_once("sasl_username=").map(|(_, user)| user.split(", ").next().unwrap_or(user));
    let record = Record::new(&diagnostics::TABLE, source)
        .with(diagnostics::time, time)
        .with(diagnostics::daemon, tables.name(daemon))
        .with(diagnostics::level, tables.name(level))
        .with(diagnostics::text, tables.name(text))
        .with(diagnostics::client, peer.and_then(|(host, _, _)| host).map(|host| tables.name(host)))
        .with(diagnostics::client_ip, peer.and_then(|(_, ip, _)| ip).map(|ip| tables.name(ip)))
        .with(diagnostics::sasl_username, user.map(|user| tables.name(user)));
    tables.push(&diagnostics::TABLE, record);
}

/// Lines of other programs that matter to mail: the kernel's trouble, and what filters say of themselves.
fn companion(line: &Line<'_>, source: Citation, tables: &mut Tables) {
    const KERNEL: &[&str] = &[
        "Out of memory",
        "oom-kill",
        "EXT4-fs error",
        "Remounting filesystem read-only",
        "I/O error",
        "nf_conntrack: table full",
        "TCP: out of memory",
        "fork rejected by pids controller",
        "apparmor=\"DENIED\"",
        "avc:  denied",
        "hung_task",
        "No space left",
    ];
    let matters = match line.tag {
        "kernel" => KERNEL.iter().any(|mark| line.message.contains(mark)),
        tag => {
            matches!(
                tag,
                "opendkim"
                    | "opendmarc"
                    | "amavis"
                    | "amavisd"
                    | "clamd"
                    | "saslauthd"
                    | "spamd"
                    | "rspamd"
                    | "postgrey"
                    | "systemd"
            ) && ["error", "fail", "refused", "No space left", "cannot", "can't", "unable"]
                .iter()
                .any(|mark| line.message.contains(mark))
        }
    };
    if matters {
        diagnostic(line.tag, if line.tag == "kernel" { "error" } else { "warning" }, line.message, line.time, source, tables);
    }
}

/// Marks the tables that a log feeds as collected.
pub fn mark_collected(tables: &mut Tables) {
    for table in [&attempts::TABLE, &arrivals::TABLE, &rejects::TABLE, &diagnostics::TABLE, &failures::TABLE] {
        tables.mark_collected(table);
    }
}

/// Whether a queue listing was collected.
pub fn has_listing(tables: &Tables) -> bool {
    tables.is_collected(&queue::TABLE)
}
