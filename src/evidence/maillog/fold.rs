//! The fold: joins what the lines say by queue id to messages with their origin, attempts and final outcome.
//!
//! A message's state lives from its first line to `removed` (or to the milter's refusal: such a message is never
//! `removed`), and holds only the recipients that did not get through. What is open at the end still waits.

use super::LANES;
use super::backlog::Waiting;
use super::digest::{Digest, Draft, Place};
use super::line::{Delivery, Event, Reject};
use super::message::{Message, Outcome, Part};
use super::scan::Item;
use super::told::{
    DELAYS, ENTRANCE, FAILED, Failed, Forms, ORIGIN, Open, REFUSED, Refusal, SaidOnce, TOLD, Told, WARNED, Warning, arrival,
};
use super::traffic::{Tally, Traffic};
use crate::distinct::{hash, mix};
use crate::rules::RuleSet;
use crate::rules::companion::Companion;
use crate::rules::demand::Demand;
use crate::rules::kinds::Kind;
use crate::rules::meaning::Meaning;
use crate::said::{self, Voice, domain_in};
use crate::tables::{Citation, Tables, arrivals, attempts, collection, diagnostics, failures, queue, rejects};
use crate::time::Time;
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Messages in their boxes, which go back among those under way as they are.
#[allow(clippy::vec_box)]
type Spare = Vec<Box<Message>>;

/// Whether mail was handed to a program on this machine.
fn is_loopback(relay: &str) -> bool {
    relay.split_once('[').is_some_and(|(_, address)| address.starts_with("127.") || address.starts_with("::1]"))
}

/// Records of failures in one lane: the report tells them one by one as long as it can.
const FAILURES: usize = 20_000 / LANES;

/// Messages under way in one lane. A server that has more of them at once keeps them in a queue that it cannot work off.
const MESSAGES: usize = 500_000 / LANES;

/// What is asked of a log, the same in all lanes.
#[derive(Debug)]
pub struct Asked<'r> {
    /// Of attempts, arrivals, rejects, diagnostics and failures.
    demands: [Arc<Demand>; 5],
    meaning: Arc<Meaning<'r>>,
    /// The programs beside Postfix whose words matter.
    pub(in crate::evidence) companions: Vec<&'r Companion>,
}

impl<'r> Asked<'r> {
    /// What these rules ask. With `every_record`, each event of the log stays a record of its own.
    pub fn of(rules: &'r RuleSet, every_record: bool) -> Asked<'r> {
        let tables = [&attempts::TABLE, &arrivals::TABLE, &rejects::TABLE, &diagnostics::TABLE, &failures::TABLE];
        rules.reasons.prepare();
        // Who reads one bundle after another finds it once.
        let found = || rules.demands.get_or_init(|| Demand::of(&rules.rules, tables).map(Arc::new)).clone();
        let demands = if every_record { tables.map(Demand::everything).map(Arc::new) } else { found() };
        // What a folder of one's own says of a program stands in for what is known of it.
        let (own, others): (Vec<&Kind>, Vec<&Kind>) = rules.kinds.iter().partition(|kind| kind.own);
        let companions = own.into_iter().chain(others).flat_map(|kind| &kind.companions).collect();
        Asked { demands, meaning: Arc::new(Meaning::new(rules)), companions }
    }
}

/// The fold over the log lines of one lane, in time order.
#[derive(Debug)]
pub struct Fold<'r> {
    meaning: Arc<Meaning<'r>>,
    messages: FxHashMap<u64, Box<Message>>,
    /// Messages that ended, whose memory the next ones take.
    spare: Spare,
    /// Queue ids that bounce(8) gave to notifications before cleanup logged them.
    notifications: FxHashSet<u64>,
    said: SaidOnce,
    /// By what events are recognised.
    forms: Forms,
    attempts: Digest,
    arrivals: Digest,
    rejects: Digest,
    diagnostics: Digest,
    failures: Digest,
    /// What waits at the end.
    waiting: Waiting,
    /// The port at which each address was tried; only kept when a queue listing needs it.
    ports: Option<FxHashMap<u64, u16>>,
    /// What was counted.
    pub traffic: Traffic,
    tally: Tally,
    /// Messages that may be under way.
    most: usize,
    /// Messages that were let go because there were more.
    let_go: u64,
    /// The end of the evidence, once it is known.
    end: Option<Time>,
    lowered: String,
}

impl<'r> Fold<'r> {
    /// Nothing read yet.
    pub(super) fn new(asked: &Asked<'r>, listing: bool) -> Fold<'r> {
        let digest = |at: usize, leading| Digest::new(Arc::clone(&asked.demands[at]), leading);
        let attempts = digest(0, TOLD);
        Fold {
            forms: Forms::of(&attempts),
            meaning: Arc::clone(&asked.meaning),
            messages: FxHashMap::default(),
            spare: Vec::new(),
            notifications: FxHashSet::default(),
            said: SaidOnce::default(),
            attempts,
            arrivals: digest(1, ENTRANCE),
            rejects: digest(2, REFUSED),
            diagnostics: digest(3, WARNED),
            failures: digest(4, FAILED)
                .sparing(FAILURES, &[failures::recipient_domain, failures::provider])
                .earliest(failures::arrived),
            waiting: Waiting::default(),
            ports: listing.then(FxHashMap::default),
            traffic: Traffic::default(),
            tally: Tally::default(),
            most: MESSAGES,
            let_go: 0,
            end: None,
            lowered: String::new(),
        }
    }

    /// By what it recognises events.
    pub(super) fn forms(&self) -> Forms {
        self.forms
    }

    /// Takes in what another lane, with messages of its own, has folded.
    pub(super) fn absorb(&mut self, other: Fold<'r>) {
        self.messages.extend(other.messages);
        if let (Some(ports), Some(others)) = (&mut self.ports, other.ports) {
            ports.extend(others);
        }
        self.attempts.absorb(other.attempts);
        self.arrivals.absorb(other.arrivals);
        self.rejects.absorb(other.rejects);
        self.diagnostics.absorb(other.diagnostics);
        self.waiting.absorb(&other.waiting);
        self.let_go += other.let_go;
        self.failures.absorb(other.failures);
        self.traffic.absorb(&other.traffic);
        self.tally.absorb(other.tally);
    }

    /// Takes in what one line says. With `keep`, the text of the line is kept where a record may be cited with it.
    pub(super) fn take(&mut self, item: &Item<'_>, source: Citation, keep: bool) {
        self.keep_within_limits();
        let line = if keep { item.row } else { "" };
        for _ in 1..item.times.min(1000) {
            self.event(item, Place { source, line, time: item.time, times: 1 });
        }
        // A repetition beyond belief is counted at once.
        let times = item.times.saturating_sub(999).max(1);
        if item.times > 0 {
            self.event(item, Place { source, line, time: item.time, times });
        }
    }

    /// Lets the older half of the messages go, if there are too many under way. What failed of them is counted as if the log
    /// ended here.
    fn keep_within_limits(&mut self) {
        if self.messages.len() <= self.most {
            return;
        }
        let mut sources: Vec<Citation> = self.messages.values().map(|message| message.source).collect();
        let middle = sources.len() / 2;
        let newest = *sources.select_nth_unstable(middle).1;
        let mut old: Vec<Box<Message>> =
            self.messages.extract_if(|_, message| message.source < newest).map(|(_, message)| message).collect();
        old.sort_by(|one, other| (one.source, one.id()).cmp(&(other.source, other.id())));
        self.let_go += old.len() as u64;
        // With a queue listing, it tells what waits.
        let with_waiting = self.ports.is_none();
        for message in old {
            self.close(&message, false, with_waiting);
            if with_waiting {
                self.wait(&message, None);
            }
        }
    }

    fn event(&mut self, item: &Item<'_>, place: Place<'_>) {
        let time = item.time;
        match &item.event {
            Event::Delivery(delivery) => self.delivery(delivery, item, place),
            Event::Active { queue_id, sender, size, nrcpt } => {
                let Some(key) = item.key() else { return };
                let message = message(&mut self.messages, &mut self.spare, key, queue_id, place);
                message.size = size.or(message.size);
                message.nrcpt = nrcpt.or(message.nrcpt);
                message.set_sender(sender);
                if !message.queued {
                    message.queued = true;
                    // Nobody sends a notification of this server itself.
                    if !message.internal {
                        self.tally.senders.add_hashed(item.form, sender, 1);
                    }
                    if message.begun {
                        arrival(message, &mut self.arrivals);
                    }
                }
            }
            Event::Client { queue_id, client, client_ip, sasl_method, sasl_username } => {
                let Some(key) = item.key() else { return };
                self.end(key);
                let message = message(&mut self.messages, &mut self.spare, key, queue_id, place);
                message.begun = true;
                let (method, user) = (sasl_method.unwrap_or_default(), sasl_username.unwrap_or_default());
                message.texts.all.reserve(client.len() + client_ip.len() + method.len() + user.len());
                for (part, text) in
                    [(Part::Client, *client), (Part::ClientIp, client_ip), (Part::SaslMethod, method), (Part::SaslUsername, user)]
                {
                    message.texts.set(part, text);
                }
                if let Some(user) = sasl_username {
                    self.tally.sasl_users.add_hashed(item.form, user, 1);
                }
            }
            Event::Pickup { queue_id, uid, sender } => {
                let Some(key) = item.key() else { return };
                self.end(key);
                let message = message(&mut self.messages, &mut self.spare, key, queue_id, place);
                message.begun = true;
                message.uid = Some(*uid);
                message.set_sender(sender);
            }
            Event::MessageId { queue_id, id } => {
                self.traffic.messages += 1;
                self.tally.minute(time).arrived += 1;
                let Some(key) = item.key() else { return };
                let internal = !self.notifications.is_empty() && self.notifications.remove(&key);
                let message = message(&mut self.messages, &mut self.spare, key, queue_id, place);
                message.begun = true;
                if self.arrivals.wants(arrivals::message_id) {
                    message.texts.set(Part::MessageId, id);
                }
                message.internal |= internal || (!message.has_client() && message.uid.is_none() && !message.queued);
            }
            Event::Notification { .. } => {
                let Some(key) = item.key() else { return };
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
            Event::Removed { .. } => {
                let minute = self.tally.minute(time);
                if item.daemon == "postsuper" {
                    minute.deleted += 1;
                } else {
                    minute.left += 1;
                }
                if let Some(key) = item.key() {
                    self.end(key);
                }
            }
            Event::Expired { queue_id, sender } => {
                self.traffic.expired += 1;
                let Some(key) = item.key() else { return };
                let message = message(&mut self.messages, &mut self.spare, key, queue_id, place);
                if !message.has_sender {
                    message.set_sender(sender);
                }
                for recipient in &mut message.recipients {
                    if recipient.outcome == Outcome::Waiting {
                        recipient.outcome = Outcome::Expired;
                    }
                }
            }
            Event::Reject(reject) => self.reject(reject, item, place),
            Event::Diagnostic { level, text, .. } => self.diagnostic(item, level, text, place),
            Event::Other => {}
        }
    }

    fn delivery(&mut self, line: &Delivery<'_>, item: &Item<'_>, place: Place<'_>) {
        let (time, daemon, instance) = (place.time, item.daemon, item.instance);
        let mut lowered = std::mem::take(&mut self.lowered);
        let domain = domain_in(line.to, &mut lowered);
        self.count(line, daemon, domain, place);
        // When its message arrived, as the delay tells.
        let arrived = || time.zip(line.delay()).map(|(time, delay)| time.plus(-delay));
        // A line that lost its queue id is counted, and belongs to no message.
        let mut loose = Message::default();
        let message = match item.key() {
            Some(key) => {
                let message = message(&mut self.messages, &mut self.spare, key, line.queue_id, place);
                if message.source == place.source {
                    // It begins with this line: its arrival is not in the log; the delay tells when it was.
                    message.arrived = arrived().or(time);
                }
                message
            }
            None => &mut loose,
        };
        let outcome = match line.status {
            "sent" => None,
            "bounced" => Some(Outcome::Bounced),
            "expired" | "force-expired" => Some(Outcome::Expired),
            _ => Some(Outcome::Waiting),
        };
        if outcome == Some(Outcome::Waiting)
            && let Some((told, known)) = arrived().zip(message.arrived)
            && known.since(told) > RECEIVING
        {
            // A log that begins in the middle shows the queue manager take up what arrived long before.
            message.arrived = Some(told);
        }
        let told = Told::of(line, daemon, instance, domain);
        if let (None, Some(at)) = (outcome, message.tried(line.to)) {
            let recipient = message.recipients.swap_remove(at);
            for tried in &recipient.open {
                let open = Open { tried, recipient: &recipient, outcome: "sent" };
                open.add(self.forms, &mut self.attempts, &self.meaning, message);
            }
        }
        let lead = told.lead(item.form, &mut self.attempts, &self.meaning);
        let mut rest = Draft::default();
        rest.set(attempts::orig_to, line.orig_to);
        rest.set(attempts::queue_id, line.queue_id);
        rest.set(attempts::instance, instance);
        rest.set(attempts::recipient, line.to);
        let in_line = [attempts::orig_to, attempts::queue_id, attempts::instance, attempts::recipient];
        let ask_outcome = outcome == Some(Outcome::Waiting) && self.attempts.asks(&lead, attempts::outcome, &rest, &in_line);
        match outcome {
            None => message.sent += 1,
            Some(outcome) => {
                let attempted = self.said.of(&told, &self.meaning);
                let recipient = message.failed(line, attempted, outcome, place);
                if recipient.attempts == 1 {
                    self.tally.minute(time).failing += 1;
                }
                if ask_outcome {
                    recipient.keep_open(place, self.attempts.keeps_every_record());
                }
            }
        }
        if let Some(ports) = &mut self.ports
            && ports.len() < 100_000
            && let (_, Some(ip), Some(port)) = said::split_peer(line.relay)
        {
            ports.insert(hash(ip.as_bytes(), 0), port);
        }
        if !ask_outcome {
            if lead.asks(attempts::delay) {
                rest.set(attempts::delay, line.delay());
            }
            if lead.asks_any(&DELAYS) {
                let delays = DELAYS.iter().zip(line.delays()).filter(|(column, _)| lead.asks(**column));
                delays.for_each(|(column, delay)| rest.set(*column, delay.seconds()));
            }
            rest.set(attempts::outcome, outcome.map_or("sent", Outcome::name));
            let mut lowered = String::new();
            let origin = lead.asks_any(ORIGIN);
            if origin {
                message.describe(&mut rest, &mut lowered);
            }
            if let Some(wanted) = self.attempts.note(&lead, &rest, place) {
                let mut whole = rest;
                let mut lowered = String::new();
                if !origin {
                    message.describe(&mut whole, &mut lowered);
                }
                whole.set(attempts::delay, line.delay());
                DELAYS.iter().zip(line.delays()).for_each(|(column, delay)| whole.set(*column, delay.seconds()));
                let digest = &mut self.attempts;
                told.describe(&self.meaning, whole, |whole| digest.show(&wanted, &lead, whole, place));
            }
        }
        self.lowered = lowered;
    }

    /// Counts an attempt to a recipient of this domain.
    fn count(&mut self, line: &Delivery<'_>, daemon: &str, domain: &str, Place { time, times, .. }: Place<'_>) {
        let (traffic, tally) = (&mut self.traffic, &mut self.tally);
        match line.status {
            "sent" => {
                traffic.sent += times;
                let minute = tally.minute(time);
                minute.delivered += times;
                if daemon != "smtp" || is_loopback(line.relay) {
                    minute.delivered_here += times;
                }
            }
            "deferred" => {
                traffic.deferred_attempts += times;
                tally.minute(time).deferred += times;
                tally.deferred_domains.add(domain, times);
            }
            "bounced" => {
                traffic.bounced += times;
                tally.minute(time).bounced += times;
                tally.bounced_domains.add(domain, times);
            }
            _ => return,
        }
        if let Some(dsn) = line.dsn {
            tally.dsn.add(dsn, times);
        }
    }

    fn reject(&mut self, line: &Reject<'_>, item: &Item<'_>, place: Place<'_>) {
        let daemon = item.daemon;
        let refused = matches!(line.action, "reject" | "milter-reject" | "proxy-reject");
        if !refused && !matches!(line.action, "hold" | "milter-hold" | "discard" | "milter-discard") {
            return;
        }
        if refused {
            self.traffic.rejected += place.times;
        }
        let mut local = line.client_ip.is_empty() || said::is_own(line.client_ip);
        let mut ended = None;
        if let (Some(key), true) = (item.key(), refused && daemon == "cleanup") {
            // Refused by a milter or a header check: it never enters the queue and is never `removed`.
            ended = self.messages.remove(&key);
            if let Some(message) = &ended {
                local |= message.uid.is_some();
                if let (Some(sender), false, false) = (line.sender, message.queued, message.internal) {
                    self.tally.senders.add(sender, 1);
                }
            }
        }
        // cleanup does not repeat the login: smtpd told it with the queue id.
        let login = line.sasl_username.or_else(|| ended.as_ref().and_then(|message| message.text(Part::SaslUsername)));
        let filtered = line.action.starts_with("milter") || line.action.starts_with("proxy");
        let voice = if filtered { Voice::OwnFilter } else { Voice::OwnServer };
        let key = mix(item.form, u64::from(local));
        let refusal = Refusal { line, daemon, voice, local, login };
        let (digest, meaning) = (&mut self.rejects, &self.meaning);
        let lead = digest.lead(key, |digest| refusal.describe(meaning, |draft| digest.leading(draft)));
        let mut rest = Draft::default();
        refusal.add_client(&mut rest);
        if let Some(wanted) = digest.note(&lead, &rest, place) {
            refusal.describe(meaning, |whole| digest.show(&wanted, &lead, whole, place));
        }
    }

    fn diagnostic(&mut self, item: &Item<'_>, level: &str, text: &str, place: Place<'_>) {
        let warning = Warning { daemon: item.daemon, level, text };
        let (digest, meaning) = (&mut self.diagnostics, &self.meaning);
        let mut lead = |key| digest.lead(key, |digest| warning.describe(meaning, |draft| digest.leading(draft)));
        let mut found = lead(item.form);
        if found.asks(diagnostics::text) {
            // Texts of one form are told apart.
            found = lead(hash(text.as_bytes(), item.form));
        }
        let mut rest = Draft::default();
        warning.add_client(&mut rest);
        if let Some(wanted) = digest.note(&found, &rest, place) {
            warning.describe(meaning, |whole| digest.show(&wanted, &found, whole, place));
        }
    }

    /// Ends the message with this key, if it is under way: what was neither delivered nor returned went another way.
    fn end(&mut self, key: u64) {
        let Some(message) = self.messages.remove(&key) else { return };
        self.close(&message, true, true);
        self.recycle(message);
    }

    /// Keeps the memory of a message that ended, for the next one.
    fn recycle(&mut self, mut message: Box<Message>) {
        if self.spare.len() < 1024 {
            message.renew();
            self.spare.push(message);
        }
    }

    /// Adds the failures of a message.
    fn close(&mut self, message: &Message, gone: bool, with_waiting: bool) {
        if message.begun && !message.queued {
            arrival(message, &mut self.arrivals);
        }
        for recipient in &message.recipients {
            let outcome = if gone && recipient.outcome == Outcome::Waiting { Outcome::Gone } else { recipient.outcome };
            for tried in &recipient.open {
                let open = Open { tried, recipient, outcome: outcome.name() };
                open.add(self.forms, &mut self.attempts, &self.meaning, message);
            }
            let failed = match outcome {
                Outcome::Bounced | Outcome::Expired => true,
                Outcome::Waiting => with_waiting,
                Outcome::Gone => false,
            };
            if !failed {
                continue;
            }
            let queue = (outcome == Outcome::Waiting).then_some("deferred");
            let end = if outcome == Outcome::Waiting { self.end } else { None };
            let failed =
                Failed { outcome: outcome.name(), queue, listing: None, message: Some(message), recipient: Some(recipient), end };
            let place = Place {
                source: recipient.source,
                line: recipient.line.as_deref().unwrap_or_default(),
                time: recipient.time,
                times: 1,
            };
            failed.add(self.forms, &mut self.failures, &self.meaning, place);
        }
    }

    /// Ends the fold: what is open waits, and with the queue listing becomes the table `failures`.
    pub(super) fn finish(mut self, tables: &mut Tables, end: Option<Time>) -> (Traffic, Waiting) {
        self.end = end;
        let mut open: Vec<Box<Message>> = self.messages.drain().map(|(_, message)| message).collect();
        // Of several failures that are one record, the first is the one that failed first.
        let since = |message: &Message| message.recipients.iter().filter_map(|recipient| recipient.first_failed).min();
        open.sort_by(|one, other| {
            let key = |message| (since(message), message.source);
            key(one).cmp(&key(other)).then_with(|| one.id().cmp(other.id()))
        });
        let listed = super::backlog::listed(tables);
        let listed_ids: Option<FxHashSet<&str>> =
            listed.as_ref().map(|rows| rows.iter().map(|row| tables.names.get(row.id)).collect());
        let cut = is_cut(tables);
        let mut index = FxHashMap::default();
        for (at, message) in open.iter_mut().enumerate() {
            // With a listing, what it does not list has left the queue, though the log does not show how; unless the listing was cut.
            let missing = listed_ids.as_ref().is_some_and(|ids| !ids.contains(message.id()));
            let with_waiting = listed.is_none() || missing && cut;
            self.close(message, missing && !cut, with_waiting);
            if with_waiting {
                self.wait(message, end);
            }
            if listed.is_some() {
                index.insert(message.id().to_owned(), at);
            } else {
                // The records say all that is still needed of it.
                **message = Message::default();
            }
        }
        self.failures.settle();
        if let Some(rows) = listed {
            tables.mark_collected(&failures::TABLE);
            let ports = self.ports.take().unwrap_or_default();
            let mut seen = FxHashSet::default();
            for listing in rows.iter().map(|row| row.listing(tables, &ports)) {
                let message = index.get(listing.queue_id).map(|&at| &*open[at]);
                let recipients = message.map_or(&[][..], |message| &message.recipients);
                let recipient = recipients.iter().find(|known| *known.address == *listing.recipient);
                if seen.insert(listing.queue_id) {
                    let (arrived, size) = message.map_or((None, None), |message| (message.arrived, message.size));
                    self.waiting.add(listing.queue, listing.arrived.or(arrived), listing.size.or(size), end);
                }
                self.waiting.recipients += 1;
                let failed = Failed {
                    outcome: Outcome::Waiting.name(),
                    queue: listing.queue,
                    listing: Some(listing),
                    message,
                    recipient,
                    end,
                };
                let time = recipient.and_then(|recipient| recipient.time);
                let place = Place { source: listing.source, line: "", time, times: 1 };
                failed.add(self.forms, &mut self.failures, &self.meaning, place);
            }
        }
        let digests = [self.attempts, self.arrivals, self.rejects, self.diagnostics, self.failures];
        self.traffic.let_go = self.let_go;
        self.traffic.coarse = digests.iter().filter_map(Digest::coarse).collect();
        for digest in digests {
            let table = digest.table();
            let mut rows = digest.finish(&mut tables.names, &mut tables.lines);
            tables.rows_mut(table).append(&mut rows);
        }
        super::backlog::ages(tables, end);
        self.tally.settle(&mut self.traffic);
        (self.traffic, self.waiting)
    }

    /// Counts what waits of a message, and adds the recipients that were not tried yet, if the queue manager has it.
    fn wait(&mut self, message: &Message, end: Option<Time>) {
        let untried = if message.queued && self.ports.is_none() { self.untried(message) } else { 0 };
        let waiting = message.recipients.iter().filter(|recipient| recipient.outcome == Outcome::Waiting).count();
        if waiting + untried > 0 {
            let queue = if waiting > 0 { "deferred" } else { "active" };
            self.waiting.add(Some(queue), message.arrived, message.size, end);
            self.waiting.recipients += (waiting + untried) as u64;
        }
    }

    /// Adds the recipients that were not tried yet: how many.
    fn untried(&mut self, message: &Message) -> usize {
        let missing = message.nrcpt.unwrap_or(0) - i64::from(message.sent) - message.recipients.len() as i64;
        let missing = usize::try_from(missing.clamp(0, 10_000)).unwrap_or(0);
        let outcome = Outcome::Waiting.name();
        let failed =
            Failed { outcome, queue: Some("active"), listing: None, message: Some(message), recipient: None, end: self.end };
        for _ in 0..missing {
            let place = Place { source: message.source, line: message.texts.get(Part::Line), time: None, times: 1 };
            failed.add(self.forms, &mut self.failures, &self.meaning, place);
        }
        missing
    }
}

/// Whether the queue listing shows less than its last line counts.
fn is_cut(tables: &Tables) -> bool {
    let rows = tables.rows(&collection::TABLE);
    rows.iter().any(|row| row.text(collection::outcome, &tables.names) == Some("cut-off"))
}

/// The message under way with this key, begun if it is new.
fn message<'m>(
    messages: &'m mut FxHashMap<u64, Box<Message>>,
    spare: &mut Spare,
    key: u64,
    id: &str,
    place: Place<'_>,
) -> &'m mut Message {
    messages.entry(key).or_insert_with(|| {
        let mut message = spare.pop().unwrap_or_default();
        message.texts.set(Part::QueueId, id);
        message.texts.set(Part::Line, place.line);
        message.source = place.source;
        message.arrived = place.time;
        message
    })
}

/// Seconds within which a message is taken in: what is older by more than that arrived before its first line here.
const RECEIVING: f64 = 600.0;

/// Deliveries from which on it means something that nothing else was logged.
const EXCERPT: u64 = 5;

/// Marks the tables that the logs feed as collected. Somebody may have cut the log down with grep to its deliveries, or left out
/// where the mail came from: what is not there is then not known.
/// Where replies were only overheard, no deliveries are `told`.
pub fn mark_collected(tables: &mut Tables, traffic: &Traffic, told: bool) {
    let deliveries = traffic.deliveries();
    let excerpt = deliveries >= EXCERPT;
    if told {
        tables.mark_collected(&attempts::TABLE);
        tables.mark_collected(&failures::TABLE);
    }
    if !(excerpt && traffic.messages == 0 && traffic.senders.is_empty()) {
        tables.mark_collected(&arrivals::TABLE);
    }
    if !(excerpt && deliveries >= traffic.postfix_lines) {
        tables.mark_collected(&rejects::TABLE);
        tables.mark_collected(&diagnostics::TABLE);
    }
}

/// Whether a queue listing was collected.
pub fn has_listing(tables: &Tables) -> bool {
    tables.is_collected(&queue::TABLE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::maillog::envelope::Clock;
    use crate::evidence::maillog::scan::{Reads, scan};

    #[test]
    fn of_too_many_messages_under_way_the_oldest_are_let_go_and_none_is_lost() {
        let rules = RuleSet::built_in();
        let mut tables = Tables::default();
        let mut fold = Fold::new(&Asked::of(&rules, false), false);
        fold.most = 100;
        let clock = Clock { zone_offset: 0, reference: Time::from_seconds(1_800_000_000) };
        for number in 0..1000 {
            let stamp = format!("Nov 23 18:{:02}:{:02} mx1 postfix", number / 60, number % 60);
            let text = format!(
                "{stamp}/cleanup[1]: {number:010X}: message-id=<{number}@a.example>\n\
                 {stamp}/qmgr[2]: {number:010X}: from=<a@a.example>, size=10, nrcpt=1 (queue active)\n\
                 {stamp}/smtp[3]: {number:010X}: to=<b@b{number}.example>, relay=none, delay=1, delays=0/0/1/0, dsn=4.4.1, \
                 status=deferred (connect to b.example[192.0.2.1]:25: Connection timed out)\n"
            );
            let reads = Reads { clock: &clock, companions: &[], host: None, forms: fold.forms(), longest: usize::MAX };
            let scanned = scan(&text, reads);
            for item in scanned.lanes.iter().flatten() {
                fold.take(item, Citation { file: 0, line: number * 3 + item.line }, false);
            }
            assert!(fold.messages.len() <= 101);
        }
        let (traffic, waiting) = fold.finish(&mut tables, Some(Time::from_seconds(1_800_000_000)));
        assert_eq!((waiting.messages, waiting.recipients, waiting.bytes), (1000, 1000, Some(10_000)));
        assert!((850..=950).contains(&traffic.let_go), "{}", traffic.let_go);
        let rows = tables.rows(&failures::TABLE);
        assert_eq!(rows.iter().map(|row| row.count).sum::<u64>(), 1000);
    }
}
