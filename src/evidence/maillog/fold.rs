//! The fold: joins what the lines say by queue id to messages with their origin, attempts and final outcome.
//!
//! A message's state lives from its first line to `removed` (or to the milter's refusal: such a message is never
//! `removed`), and holds only the recipients that did not get through. What is open at the end still waits.

use super::digest::{Digest, Draft, Place};
use super::line::{Delivery, Event, Reject};
use super::said::{self, Said, Voice};
use super::scan::Item;
use super::traffic::{Tally, Traffic};
use crate::distinct::{hash, mix};
use crate::names::Names;
use crate::rules::RuleSet;
use crate::rules::demand::Demand;
use crate::rules::meaning::{Heard, Meaning};
use crate::tables::{
    Citation, Record, Table, Tables, Value, arrivals, attempts, collection, diagnostics, failures, queue, rejects,
};
use crate::time::Time;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// One message under way.
#[derive(Debug, Default)]
struct Message {
    id: Box<str>,
    source: Citation,
    arrived: Option<Time>,
    message_id: Option<Box<str>>,
    sender: Option<Box<str>>,
    size: Option<i64>,
    nrcpt: Option<i64>,
    /// Client, address, SASL method and login, each ended by a zero byte.
    client: Option<Box<str>>,
    uid: Option<i64>,
    internal: bool,
    /// Whether its beginning is in the log.
    begun: bool,
    /// Whether the queue manager has seen it.
    queued: bool,
    /// Recipients that were delivered.
    sent: u32,
    /// The others that were tried.
    recipients: Vec<Recipient>,
}

/// One recipient of a message under way that was tried and not delivered.
#[derive(Debug)]
struct Recipient {
    address: Box<str>,
    orig_to: Option<Box<str>>,
    last: Arc<Attempted>,
    source: Citation,
    time: Option<Time>,
    first_failed: Option<Time>,
    attempts: u32,
    outcome: Outcome,
    /// Attempts of which somebody asks what became of the recipient.
    open: Vec<(Arc<Attempted>, Place)>,
}

/// What a failed attempt said. Kept once for all recipients of whom it was said.
#[derive(Debug, Default)]
struct Attempted {
    daemon: &'static str,
    relay: Box<str>,
    reason: Box<str>,
    dsn: Option<Box<str>>,
    status: Box<str>,
    domain: Box<str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Waiting,
    Bounced,
    Expired,
    /// Taken out of the queue by hand, or the log lost its end.
    Gone,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Outcome::Waiting => "waiting",
            Outcome::Bounced => "bounced",
            Outcome::Expired => "expired",
            Outcome::Gone => "gone",
        }
    }
}

impl Message {
    /// Client, address, SASL method, SASL login; none for what is empty.
    fn origin_fields(&self) -> [Option<&str>; 4] {
        let mut fields = [None; 4];
        for (slot, field) in fields.iter_mut().zip(self.client.as_deref().unwrap_or_default().split('\0')) {
            *slot = (!field.is_empty()).then_some(field);
        }
        fields
    }

    fn sasl_username(&self) -> Option<&str> {
        self.origin_fields()[3]
    }

    /// How it came in.
    fn origin(&self) -> Option<&'static str> {
        if self.sasl_username().is_some() {
            Some("sasl")
        } else if self.client.is_some() {
            Some("smtpd")
        } else if self.uid.is_some() {
            Some("local")
        } else if self.internal {
            Some("internal")
        } else {
            None
        }
    }
}

/// The fold over all log lines, in time order.
#[derive(Debug)]
pub struct Fold<'r> {
    names: Names,
    meaning: Meaning<'r>,
    messages: FxHashMap<u64, Box<Message>>,
    /// Queue ids that bounce(8) gave to notifications before cleanup logged them.
    notifications: FxHashSet<u64>,
    said: FxHashMap<u64, Arc<Attempted>>,
    /// Size of `said` at which what nobody holds any more is dropped.
    said_limit: usize,
    attempts: Digest,
    arrivals: Digest,
    rejects: Digest,
    diagnostics: Digest,
    failures: Vec<Record>,
    /// The port at which each address was tried; only kept when a queue listing needs it.
    ports: Option<FxHashMap<u64, u16>>,
    /// What was counted.
    pub traffic: Traffic,
    tally: Tally,
    lowered: String,
}

impl<'r> Fold<'r> {
    /// Nothing read yet. With `every_record`, each event of the log stays a record of its own.
    pub fn new(rules: &'r RuleSet, tables: &mut Tables, every_record: bool) -> Fold<'r> {
        let digest =
            |table: &'static Table| Digest::new(if every_record { Demand::everything(table) } else { Demand::of(rules, table) });
        Fold {
            names: std::mem::take(&mut tables.names),
            meaning: Meaning::new(rules),
            messages: FxHashMap::default(),
            notifications: FxHashSet::default(),
            said: FxHashMap::default(),
            said_limit: 1024,
            attempts: digest(&attempts::TABLE),
            arrivals: digest(&arrivals::TABLE),
            rejects: digest(&rejects::TABLE),
            diagnostics: digest(&diagnostics::TABLE),
            failures: Vec::new(),
            ports: tables.is_collected(&queue::TABLE).then(FxHashMap::default),
            traffic: Traffic::default(),
            tally: Tally::default(),
            lowered: String::new(),
        }
    }

    /// Gives back what was borrowed of `tables`, as if nothing had been read.
    pub fn abandon(self, tables: &mut Tables) {
        tables.names = self.names;
    }

    /// Takes in what one line says.
    pub fn take(&mut self, item: &Item<'_>, source: Citation) {
        for _ in 1..item.times.min(1000) {
            self.event(item, Place { source, time: item.time, times: 1 });
        }
        // A repetition beyond belief is counted at once.
        let times = item.times.saturating_sub(999).max(1);
        if item.times > 0 {
            self.event(item, Place { source, time: item.time, times });
        }
    }

    fn event(&mut self, item: &Item<'_>, place: Place) {
        let time = item.time;
        match &item.event {
            Event::Delivery(delivery) => self.delivery(delivery, item.daemon, item.instance, place),
            Event::Active { queue_id, sender, size, nrcpt } => {
                let Some(key) = key(item.instance, queue_id) else { return };
                let message = message(&mut self.messages, key, queue_id, place);
                message.size = size.or(message.size);
                message.nrcpt = nrcpt.or(message.nrcpt);
                if message.sender.as_deref() != Some(*sender) {
                    message.sender = Some((*sender).into());
                }
                if !message.queued {
                    message.queued = true;
                    // Nobody sends a notification of this server itself.
                    if !message.internal {
                        self.tally.senders.add(sender, 1);
                    }
                    if message.begun {
                        arrival(message, &mut self.arrivals, &mut self.names);
                    }
                }
            }
            Event::Client { queue_id, client, client_ip, sasl_method, sasl_username } => {
                let Some(key) = key(item.instance, queue_id) else { return };
                self.end(key);
                let message = message(&mut self.messages, key, queue_id, place);
                message.begun = true;
                let (method, user) = (sasl_method.unwrap_or_default(), sasl_username.unwrap_or_default());
                let mut fields = String::with_capacity(client.len() + client_ip.len() + method.len() + user.len() + 4);
                for field in [client, client_ip, method, user] {
                    fields.push_str(field);
                    fields.push('\0');
                }
                message.client = Some(fields.into_boxed_str());
                if let Some(user) = sasl_username {
                    self.tally.sasl_users.add(user, 1);
                }
            }
            Event::Pickup { queue_id, uid, sender } => {
                let Some(key) = key(item.instance, queue_id) else { return };
                self.end(key);
                let message = message(&mut self.messages, key, queue_id, place);
                message.begun = true;
                message.uid = Some(*uid);
                message.sender = Some((*sender).into());
            }
            Event::MessageId { queue_id, id } => {
                self.traffic.messages += 1;
                self.tally.minute(time).arrived += 1;
                let Some(key) = key(item.instance, queue_id) else { return };
                let internal = !self.notifications.is_empty() && self.notifications.remove(&key);
                let message = message(&mut self.messages, key, queue_id, place);
                message.begun = true;
                if self.arrivals.wants(arrivals::message_id) {
                    message.message_id = Some((*id).into());
                }
                message.internal |= internal || (message.client.is_none() && message.uid.is_none() && !message.queued);
            }
            Event::Notification { notification } => {
                let Some(key) = key(item.instance, notification) else { return };
                match self.messages.get_mut(&key) {
                    Some(message) => message.internal = true,
                    None => {
                        // Bounded: a notification's own lines follow at once.
                        if self.notifications.len() > 10_000 {
                            self.notifications.clear();
                        }
                        self.notifications.insert(key);
                    }
                }
            }
            Event::Removed { queue_id } => {
                let minute = self.tally.minute(time);
                if item.daemon == "postsuper" {
                    minute.deleted += 1;
                } else {
                    minute.left += 1;
                }
                if let Some(key) = key(item.instance, queue_id) {
                    self.end(key);
                }
            }
            Event::Expired { queue_id, sender } => {
                self.traffic.expired += 1;
                let Some(key) = key(item.instance, queue_id) else { return };
                let message = message(&mut self.messages, key, queue_id, place);
                if message.sender.is_none() {
                    message.sender = Some((*sender).into());
                }
                for recipient in &mut message.recipients {
                    if recipient.outcome == Outcome::Waiting {
                        recipient.outcome = Outcome::Expired;
                    }
                }
            }
            Event::Reject(reject) => self.reject(reject, item.daemon, item.instance, place),
            Event::Diagnostic { level, text, .. } => self.diagnostic(item.daemon, level, text, place),
            Event::Other => {}
        }
    }

    fn delivery(&mut self, line: &Delivery<'_>, daemon: &str, instance: &str, place: Place) {
        let time = place.time;
        let mut lowered = std::mem::take(&mut self.lowered);
        let domain = domain_in(line.to, &mut lowered);
        let tally = &mut self.tally;
        let counted = match line.status {
            "sent" => {
                self.traffic.sent += place.times;
                tally.minute(time).delivered += place.times;
                true
            }
            "deferred" => {
                self.traffic.deferred_attempts += place.times;
                tally.minute(time).deferred += place.times;
                tally.deferred_domains.add(domain, place.times);
                true
            }
            "bounced" => {
                self.traffic.bounced += place.times;
                tally.minute(time).bounced += place.times;
                tally.bounced_domains.add(domain, place.times);
                true
            }
            _ => false,
        };
        if let Some(dsn) = line.dsn.filter(|_| counted) {
            tally.dsn.add(dsn, place.times);
        }
        // A line that lost its queue id is counted, and belongs to no message.
        let key = key(instance, line.queue_id);
        let mut loose = Message::default();
        let message = match key {
            Some(key) => {
                let fresh = !self.messages.contains_key(&key);
                let message = message(&mut self.messages, key, line.queue_id, place);
                if fresh {
                    // Its arrival is not in the log; the delay tells when it was.
                    message.arrived = time.zip(line.delay()).map(|(time, delay)| time.plus(-delay)).or(time);
                }
                message
            }
            None => &mut loose,
        };
        let known = match message.recipients.is_empty() {
            true => None,
            false => message.recipients.iter().position(|known| *known.address == *line.to),
        };
        let outcome = match line.status {
            "sent" => None,
            "bounced" => Some(Outcome::Bounced),
            "expired" | "force-expired" => Some(Outcome::Expired),
            _ => Some(Outcome::Waiting),
        };
        let peer = said::split_peer(line.relay);
        let ask_outcome = self.attempts.wants(attempts::outcome) && outcome == Some(Outcome::Waiting);
        match outcome {
            None => {
                message.sent += 1;
                if let Some(at) = known {
                    let recipient = message.recipients.swap_remove(at);
                    for (attempted, place) in &recipient.open {
                        add_attempt(
                            &mut self.attempts,
                            &mut self.meaning,
                            &mut self.names,
                            attempted,
                            &recipient,
                            message,
                            "sent",
                            *place,
                        );
                    }
                }
            }
            Some(outcome) => {
                let mut form = hash(line.reason.as_bytes(), hash(line.relay.as_bytes(), hash(domain.as_bytes(), 1)));
                form = hash(line.dsn.unwrap_or_default().as_bytes(), hash(line.status.as_bytes(), form));
                let attempted = match self.said.get(&form) {
                    Some(known) => Arc::clone(known),
                    None => {
                        if self.said.len() >= self.said_limit {
                            self.said.retain(|_, held| Arc::strong_count(held) > 1);
                            self.said_limit = (self.said.len() * 2).max(1024);
                        }
                        let attempted = Arc::new(Attempted {
                            daemon: super::line::postfix_daemon_name(daemon),
                            relay: line.relay.into(),
                            reason: line.reason.into(),
                            dsn: line.dsn.map(Into::into),
                            status: line.status.into(),
                            domain: domain.into(),
                        });
                        self.said.insert(form, Arc::clone(&attempted));
                        attempted
                    }
                };
                let at = known.unwrap_or_else(|| {
                    message.recipients.push(Recipient {
                        address: line.to.into(),
                        orig_to: line.orig_to.map(Into::into),
                        last: Arc::clone(&attempted),
                        source: place.source,
                        time,
                        first_failed: None,
                        attempts: 0,
                        outcome,
                        open: Vec::new(),
                    });
                    message.recipients.len() - 1
                });
                let recipient = &mut message.recipients[at];
                recipient.last = attempted;
                recipient.source = place.source;
                recipient.time = time;
                recipient.attempts += 1;
                recipient.outcome = outcome;
                if outcome == Outcome::Waiting {
                    recipient.first_failed = recipient.first_failed.or(time);
                }
                if ask_outcome {
                    recipient.open.push((Arc::clone(&recipient.last), place));
                }
            }
        }
        if let (Some(ports), (_, Some(ip), Some(port))) = (&mut self.ports, peer)
            && ports.len() < 100_000
        {
            ports.insert(hash(ip.as_bytes(), 0), port);
        }
        if !ask_outcome {
            let mut draft = Draft::default();
            let digest = &mut self.attempts;
            if digest.wants(attempts::delay) {
                draft.set(attempts::delay, line.delay());
            }
            let delays = [attempts::delay_queue, attempts::delay_active, attempts::delay_setup, attempts::delay_transmission];
            if delays.iter().any(|column| digest.wants(*column)) {
                delays.iter().zip(line.delays()).for_each(|(column, delay)| draft.set(*column, delay));
            }
            draft.set(attempts::orig_to, line.orig_to);
            draft.set(attempts::queue_id, line.queue_id);
            draft.set(attempts::instance, instance);
            draft.set(attempts::recipient, line.to);
            draft.set(attempts::outcome, outcome.map_or("sent", Outcome::name));
            let told = Told { daemon, relay: line.relay, reason: line.reason, dsn: line.dsn, status: line.status, domain };
            add_told(digest, &mut self.meaning, &mut self.names, draft, &told, message, place);
        }
        self.lowered = lowered;
    }

    fn reject(&mut self, line: &Reject<'_>, daemon: &str, instance: &str, place: Place) {
        let refused = matches!(line.action, "reject" | "milter-reject" | "proxy-reject");
        if !refused && !matches!(line.action, "hold" | "milter-hold" | "discard" | "milter-discard") {
            return;
        }
        if refused {
            self.traffic.rejected += place.times;
        }
        let mut local = line.client_ip.is_empty() || said::is_own(line.client_ip);
        if let (Some(queue_id), true) = (line.queue_id, refused && daemon == "cleanup") {
            // Refused by a milter or a header check: it never enters the queue and is never `removed`.
            if let Some(message) = key(instance, queue_id).and_then(|key| self.messages.remove(&key)) {
                local |= message.uid.is_some();
            }
        }
        let filtered = line.action.starts_with("milter") || line.action.starts_with("proxy");
        let voice = if filtered { Voice::OwnFilter } else { Voice::OwnServer };
        let (code, dsn, text) = said::strip_codes(line.reply);
        let heard = Heard { text: &text, voice: Some(voice), daemon: Some(daemon), codes: Some((code, dsn)), ..Heard::default() };
        let class = self.meaning.class(&heard);
        let mut draft = Draft::default();
        draft.set(rejects::time, place.time);
        draft.set(rejects::reason_class, class.map(|(class, _)| class));
        draft.set(rejects::reason_bucket, class.map(|(_, bucket)| bucket));
        draft.set(rejects::voice, voice.name());
        draft.set(rejects::daemon, daemon);
        draft.set(rejects::action, line.action);
        draft.set(rejects::stage, line.stage);
        draft.set(rejects::client, line.client);
        draft.set(rejects::client_ip, line.client_ip);
        draft.set(rejects::local, local);
        draft.set(rejects::sasl_username, line.sasl_username);
        draft.set(rejects::code, code.map(i64::from));
        draft.set(rejects::dsn, dsn);
        draft.set(rejects::text, &*text);
        draft.set(rejects::sender, line.sender);
        draft.set(rejects::recipient, line.recipient);
        draft.set(rejects::helo, line.helo);
        self.rejects.add(&draft, place, &mut self.names);
    }

    fn diagnostic(&mut self, daemon: &str, level: &str, text: &str, place: Place) {
        let heard = Heard { text, otherwise: Some(Voice::OwnDaemon), daemon: Some(daemon), ..Heard::default() };
        let class = self.meaning.class(&heard);
        // "H[A]: SASL LOGIN authentication failed: ..., sasl_username=U"
        let peer = text.split_once(": SASL ").map(|(peer, _)| said::split_peer(peer));
        let user = text.rsplit_once("sasl_username=").map(|(_, user)| user.split(", ").next().unwrap_or(user));
        let mut draft = Draft::default();
        draft.set(diagnostics::time, place.time);
        draft.set(diagnostics::reason_class, class.map(|(class, _)| class));
        draft.set(diagnostics::reason_bucket, class.map(|(_, bucket)| bucket));
        draft.set(diagnostics::daemon, daemon);
        draft.set(diagnostics::level, level);
        draft.set(diagnostics::text, text);
        draft.set(diagnostics::client, peer.and_then(|(host, _, _)| host));
        draft.set(diagnostics::client_ip, peer.and_then(|(_, ip, _)| ip));
        draft.set(diagnostics::sasl_username, user);
        self.diagnostics.add(&draft, place, &mut self.names);
    }

    /// Ends the message with this key, if it is under way: what was neither delivered nor returned went another way.
    fn end(&mut self, key: u64) {
        let Some(message) = self.messages.remove(&key) else { return };
        self.close(&message, true, true);
    }

    /// Adds the failures of a message.
    fn close(&mut self, message: &Message, gone: bool, with_waiting: bool) {
        if message.begun && !message.queued {
            arrival(message, &mut self.arrivals, &mut self.names);
        }
        for recipient in &message.recipients {
            let outcome = if gone && recipient.outcome == Outcome::Waiting { Outcome::Gone } else { recipient.outcome };
            for (attempted, place) in &recipient.open {
                let name = outcome.name();
                add_attempt(&mut self.attempts, &mut self.meaning, &mut self.names, attempted, recipient, message, name, *place);
            }
            let failed = match outcome {
                Outcome::Bounced | Outcome::Expired => true,
                Outcome::Waiting => with_waiting,
                Outcome::Gone => false,
            };
            if !failed {
                continue;
            }
            let names = &mut self.names;
            let mut record = Record::new(&failures::TABLE, recipient.source)
                .with(failures::outcome, names.intern(outcome.name()))
                .with(failures::queue_id, names.intern(&message.id))
                .with(failures::recipient, names.intern(&recipient.address));
            if outcome == Outcome::Waiting {
                record.set(failures::queue, names.intern("deferred"));
            }
            enrich(&mut record, message, Some(recipient), names);
            self.failures.push(record);
        }
    }

    /// Ends the fold: what is open waits, and with the queue listing becomes the table `failures`.
    pub fn finish(mut self, tables: &mut Tables, end: Option<Time>) -> Traffic {
        let mut open: Vec<Box<Message>> = self.messages.drain().map(|(_, message)| message).collect();
        open.sort_by(|one, other| (one.source, &one.id).cmp(&(other.source, &other.id)));
        tables.names = std::mem::take(&mut self.names);
        let listed = super::backlog::listed(tables);
        let listed_ids: Option<FxHashSet<&str>> =
            listed.as_ref().map(|rows| rows.iter().map(|row| tables.names.get(row.id)).collect());
        // With a listing, what it does not list has left the queue, though the log does not show how; unless the listing was cut.
        let missing: Vec<bool> =
            open.iter().map(|message| listed_ids.as_ref().is_some_and(|ids| !ids.contains(&*message.id))).collect();
        let cut = is_cut(tables);
        drop(listed_ids);
        self.names = std::mem::take(&mut tables.names);
        let mut index = FxHashMap::default();
        for (at, message) in open.iter_mut().enumerate() {
            self.close(message, missing[at] && !cut, listed.is_none() || missing[at] && cut);
            if listed.is_none() && message.queued {
                self.untried(message);
            }
            if listed.is_some() {
                index.insert(message.id.clone(), at);
            } else {
                // The records say all that is still needed of it.
                **message = Message::default();
            }
        }
        let coarse = [&self.attempts, &self.arrivals, &self.rejects, &self.diagnostics];
        self.traffic.coarse = coarse.into_iter().filter_map(Digest::coarseness).collect();
        tables.names = self.names;
        tables.rows_mut(&failures::TABLE).append(&mut self.failures);
        for (table, digest) in [
            (&attempts::TABLE, self.attempts),
            (&arrivals::TABLE, self.arrivals),
            (&rejects::TABLE, self.rejects),
            (&diagnostics::TABLE, self.diagnostics),
        ] {
            tables.rows_mut(table).append(&mut digest.finish());
        }
        if let Some(rows) = listed {
            let ports = self.ports.unwrap_or_default();
            super::backlog::add(&rows, &ports, tables, |id, recipient, record, names| {
                let Some(message) = index.get(id).map(|&at| &open[at]) else { return };
                let known = message.recipients.iter().find(|known| *known.address == *recipient);
                enrich(record, message, known, names);
            });
        }
        super::backlog::ages(tables, end);
        self.tally.settle(&mut self.traffic);
        self.traffic
    }

    /// A message that the queue manager has, with recipients that were not tried yet.
    fn untried(&mut self, message: &Message) {
        let missing = message.nrcpt.unwrap_or(0) - i64::from(message.sent) - message.recipients.len() as i64;
        for _ in 0..missing.clamp(0, 10_000) {
            let names = &mut self.names;
            let mut record = Record::new(&failures::TABLE, message.source)
                .with(failures::outcome, names.intern("waiting"))
                .with(failures::queue, names.intern("active"))
                .with(failures::queue_id, names.intern(&message.id));
            enrich(&mut record, message, None, names);
            self.failures.push(record);
        }
    }
}

/// Whether the queue listing shows less than its last line counts.
fn is_cut(tables: &Tables) -> bool {
    let rows = tables.rows(&collection::TABLE);
    rows.iter().any(|row| row.text(collection::outcome, &tables.names) == Some("cut-off"))
}

/// The key of a queue id, which is unique only within an instance; none for a line that lost it.
fn key(instance: &str, queue_id: &str) -> Option<u64> {
    if queue_id.is_empty() {
        return None;
    }
    // Services log as instance/service: the instance is the part before the first slash.
    let end = memchr::memchr(b'/', instance.as_bytes()).unwrap_or(instance.len());
    let instance = &instance.as_bytes()[..end];
    let seed = if instance == b"postfix" { 0 } else { mix(1, hash(instance, 0)) };
    Some(hash(queue_id.as_bytes(), seed))
}

/// The message under way with this key, begun if it is new.
fn message<'m>(messages: &'m mut FxHashMap<u64, Box<Message>>, key: u64, id: &str, place: Place) -> &'m mut Message {
    messages
        .entry(key)
        .or_insert_with(|| Box::new(Message { id: id.into(), source: place.source, arrived: place.time, ..Message::default() }))
}

/// What a delivery line says, apart from whom it is about.
struct Told<'a> {
    daemon: &'a str,
    relay: &'a str,
    reason: &'a str,
    dsn: Option<&'a str>,
    status: &'a str,
    domain: &'a str,
}

#[allow(clippy::too_many_arguments)]
fn add_attempt(
    digest: &mut Digest,
    meaning: &mut Meaning<'_>,
    names: &mut Names,
    attempted: &Attempted,
    recipient: &Recipient,
    message: &Message,
    outcome: &'static str,
    place: Place,
) {
    let mut draft = Draft::default();
    draft.set(attempts::queue_id, &*message.id);
    draft.set(attempts::orig_to, recipient.orig_to.as_deref());
    draft.set(attempts::recipient, &*recipient.address);
    draft.set(attempts::outcome, outcome);
    let told = Told {
        daemon: attempted.daemon,
        relay: &attempted.relay,
        reason: &attempted.reason,
        dsn: attempted.dsn.as_deref(),
        status: &attempted.status,
        domain: &attempted.domain,
    };
    add_told(digest, meaning, names, draft, &told, message, place);
}

/// Adds an attempt to the table.
fn add_told(
    digest: &mut Digest,
    meaning: &mut Meaning<'_>,
    names: &mut Names,
    draft: Draft<'_>,
    told: &Told<'_>,
    message: &Message,
    place: Place,
) {
    let sent = told.status == "sent";
    // What a successful delivery was answered is nobody's reason.
    let said = if sent && !digest.wants(attempts::reply_code) {
        Said { reason: told.reason, ..Said::default() }
    } else {
        Said::parse(told.reason)
    };
    let (relay, ip, port) = said::split_peer(told.relay);
    let (host, ip, port) = if ip.is_some() { (relay, ip, port) } else { (said.host.or(relay), said.ip, said.port) };
    let voice = if sent { None } else { voice_of(told.daemon, ip, told.reason).or(said.voice) };
    let domain = (!told.domain.is_empty()).then_some(told.domain);
    let provider = meaning.provider(host, ip, domain);
    let class = match sent {
        true => None,
        false => meaning.class(&Heard {
            text: said.reason,
            voice,
            daemon: Some(told.daemon),
            provider: provider.as_deref(),
            ..Heard::default()
        }),
    };
    let mut draft = draft;
    draft.set(attempts::time, place.time);
    draft.set(attempts::reason, said.reason);
    draft.set(attempts::reason_class, class.map(|(class, _)| class));
    draft.set(attempts::reason_bucket, class.map(|(_, bucket)| bucket));
    draft.set(attempts::voice, voice.map(Voice::name));
    draft.set(attempts::suspended, said.suspended);
    draft.set(attempts::daemon, told.daemon);
    draft.set(attempts::recipient_domain, domain);
    draft.set(attempts::relay, host);
    draft.set(attempts::relay_ip, ip);
    draft.set(attempts::relay_port, port.map(i64::from));
    draft.set(attempts::dsn, told.dsn);
    draft.set(attempts::status, told.status);
    draft.set(attempts::reply_code, said.code.map(i64::from));
    draft.set(attempts::reply_enhanced, said.enhanced);
    draft.set(attempts::stage, said.stage);
    let [client, client_ip, _, user] = message.origin_fields();
    draft.set(attempts::client, client);
    draft.set(attempts::client_ip, client_ip);
    draft.set(attempts::sasl_username, user);
    draft.set(attempts::uid, message.uid);
    draft.set(attempts::origin, message.origin());
    draft.set(attempts::sender, message.sender.as_deref());
    let mut lowered = String::new();
    let sender_domain = match digest.wants(attempts::sender_domain) {
        true => domain_in(message.sender.as_deref().unwrap_or_default(), &mut lowered),
        false => "",
    };
    draft.set(attempts::provider, provider.as_deref());
    draft.set(attempts::reply_text, &*said.words);
    draft.set(attempts::sender_domain, (!sender_domain.is_empty()).then_some(sender_domain));
    digest.add(&draft, place, names);
}

fn arrival(message: &Message, digest: &mut Digest, names: &mut Names) {
    let place = Place { source: message.source, time: message.arrived, times: 1 };
    let [client, client_ip, method, user] = message.origin_fields();
    let mut lowered = String::new();
    let sender = message.sender.as_deref();
    let domain = domain_in(sender.unwrap_or_default(), &mut lowered);
    let mut draft = Draft::default();
    draft.set(arrivals::time, message.arrived);
    draft.set(arrivals::queue_id, &*message.id);
    draft.set(arrivals::message_id, message.message_id.as_deref());
    draft.set(arrivals::client, client);
    draft.set(arrivals::client_ip, client_ip);
    draft.set(arrivals::sasl_method, method);
    draft.set(arrivals::sasl_username, user);
    draft.set(arrivals::uid, message.uid);
    draft.set(arrivals::origin, message.origin());
    draft.set(arrivals::sender, sender);
    draft.set(arrivals::sender_domain, (!domain.is_empty()).then_some(domain));
    draft.set(arrivals::size, message.size);
    draft.set(arrivals::nrcpt, message.nrcpt);
    digest.add(&draft, place, names);
}

/// Fills what the log knows about a message and recipient into a failure.
fn enrich(record: &mut Record, message: &Message, recipient: Option<&Recipient>, names: &mut Names) {
    let fill = |record: &mut Record, column, value: Value| {
        if record.get(column) == Value::Missing {
            record.set(column, value);
        }
    };
    let mut text = |text: Option<&str>| Value::from(text.map(|text| names.intern(text)));
    let [client, client_ip, _, user] = message.origin_fields();
    fill(record, failures::arrived, message.arrived.into());
    fill(record, failures::size, message.size.into());
    fill(record, failures::sender, text(message.sender.as_deref()));
    fill(record, failures::sasl_username, text(user));
    fill(record, failures::client, text(client));
    fill(record, failures::client_ip, text(client_ip));
    fill(record, failures::uid, message.uid.into());
    fill(record, failures::origin, text(message.origin()));
    if let Value::Text(sender) = record.get(failures::sender) {
        let domain = domain_of(names.get(sender));
        let domain = (!domain.is_empty()).then(|| names.intern(&domain));
        fill(record, failures::sender_domain, domain.into());
    }
    let Some(recipient) = recipient else { return };
    let told = &recipient.last;
    let said = Said::parse(&told.reason);
    let (relay, ip, port) = said::split_peer(&told.relay);
    let (host, ip, port) = if ip.is_some() { (relay, ip, port) } else { (said.host.or(relay), said.ip, said.port) };
    let voice = voice_of(told.daemon, ip, &told.reason).or(said.voice);
    let mut text = |text: Option<&str>| Value::from(text.map(|text| names.intern(text)));
    fill(record, failures::attempts, i64::from(recipient.attempts).into());
    fill(record, failures::first_failed, recipient.first_failed.into());
    fill(record, failures::time, recipient.time.into());
    fill(record, failures::recipient_domain, text(Some(&told.domain)));
    fill(record, failures::reason, text(Some(said.reason)));
    fill(record, failures::voice, text(voice.map(Voice::name)));
    fill(record, failures::relay, text(host));
    fill(record, failures::relay_ip, text(ip));
    fill(record, failures::relay_port, port.map(i64::from).into());
    fill(record, failures::reply_code, said.code.map(i64::from).into());
    fill(record, failures::reply_enhanced, text(said.enhanced));
    fill(record, failures::reply_text, text(Some(&said.words)));
    fill(record, failures::stage, text(said.stage));
    fill(record, failures::dsn, text(told.dsn.as_deref()));
    if let Value::Int(code) = record.get(failures::reply_code) {
        fill(record, failures::permanent, (code >= 500).into());
    }
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

/// The same without a text of its own, where the address is in lower case already.
fn domain_in<'a>(address: &'a str, lowered: &'a mut String) -> &'a str {
    let Some(at) = memchr::memrchr(b'@', address.as_bytes()) else { return "" };
    let domain = &address[at + 1..];
    if domain.bytes().any(|byte| byte.is_ascii_uppercase()) {
        *lowered = domain.to_ascii_lowercase();
        return lowered;
    }
    domain
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
