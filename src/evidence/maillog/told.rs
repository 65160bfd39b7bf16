//! What a line, or a message's whole story, comes to in the columns of its table, and by what its like is recognised.

use super::backlog::Listing;
use super::digest::{Digest, Draft, Lead, Place};
use super::line::{self, Delivery, Reject};
use super::message::{Attempted, Message, Part, Recipient, Tried};
use crate::distinct::{hash, mix};
use crate::rules::meaning::{Heard, Meaning};
use crate::said::daemons::postfix_daemon_name;
use crate::said::mask::template;
use crate::said::{self, Peer, Said, Voice, domain_in, own_peer, voice_of};
use crate::tables::{Column, Given, arrivals, attempts, diagnostics, failures, rejects};
use crate::time::Time;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The columns of an attempt that follow from what the delivery agent said, apart from whom it is about.
pub(super) const TOLD: &[Column] = &[
    attempts::reason,
    attempts::reason_class,
    attempts::reason_bucket,
    attempts::voice,
    attempts::provider,
    attempts::suspended,
    attempts::daemon,
    attempts::recipient_domain,
    attempts::relay,
    attempts::relay_ip,
    attempts::relay_port,
    attempts::dsn,
    attempts::status,
    attempts::reply_code,
    attempts::reply_enhanced,
    attempts::reply_text,
    attempts::stage,
];

/// The columns of an attempt that follow from what was answered alone.
pub(super) const ANSWERED: [Column; 5] =
    [attempts::reason, attempts::reply_code, attempts::reply_enhanced, attempts::reply_text, attempts::stage];

/// The columns of an arrival of which there are few values.
pub(super) const ENTRANCE: &[Column] = &[arrivals::origin, arrivals::uid, arrivals::sasl_method, arrivals::sasl_username];

/// The columns of a refusal that follow from its words.
pub(super) const REFUSED: &[Column] = &[
    rejects::reason_class,
    rejects::reason_bucket,
    rejects::voice,
    rejects::daemon,
    rejects::action,
    rejects::stage,
    rejects::local,
    rejects::code,
    rejects::dsn,
    rejects::text,
];

/// The columns of a diagnostic that follow from its words.
pub(super) const WARNED: &[Column] =
    &[diagnostics::reason_class, diagnostics::reason_bucket, diagnostics::daemon, diagnostics::level, diagnostics::text];

/// The columns of a failure that follow from what was said and what came of it, apart from whom it is about.
pub(super) const FAILED: &[Column] = &[
    failures::outcome,
    failures::queue,
    failures::recipient_domain,
    failures::reason,
    failures::reason_class,
    failures::reason_bucket,
    failures::voice,
    failures::provider,
    failures::relay,
    failures::relay_ip,
    failures::relay_port,
    failures::reply_code,
    failures::reply_enhanced,
    failures::reply_text,
    failures::stage,
    failures::looked_up,
    failures::dsn,
    failures::permanent,
];

/// The columns of an attempt that follow from the message.
pub(super) const ORIGIN: &[Column] = &[
    attempts::sender,
    attempts::sender_domain,
    attempts::sasl_username,
    attempts::client,
    attempts::client_ip,
    attempts::uid,
    attempts::origin,
];

/// The columns of an attempt that stand in its line only.
pub(super) const DELAYS: [Column; 4] =
    [attempts::delay_queue, attempts::delay_active, attempts::delay_setup, attempts::delay_transmission];

/// What failed attempts said, each kept once.
#[derive(Debug, Default)]
pub(super) struct SaidOnce {
    said: FxHashMap<u64, Arc<Attempted>>,
    /// How many there may be before what nobody holds any more is dropped.
    limit: usize,
}

impl SaidOnce {
    const FEWEST: usize = 1024;

    /// What was told, with its reason class.
    pub(super) fn of(&mut self, told: &Told<'_>, meaning: &Meaning<'_>) -> Arc<Attempted> {
        let texts = [told.instance, told.domain, told.relay, told.reason, told.status, told.dsn.unwrap_or_default()];
        let form = texts.iter().fold(1, |form, text| hash(text.as_bytes(), form));
        if let Some(known) = self.said.get(&form) {
            return Arc::clone(known);
        }
        if self.said.len() >= self.limit.max(Self::FEWEST) {
            self.said.retain(|_, held| Arc::strong_count(held) > 1);
            self.limit = self.said.len() * 2;
        }
        let attempted = Arc::new(told.attempted(meaning));
        self.said.insert(form, Arc::clone(&attempted));
        attempted
    }
}

/// By what events are recognised.
#[derive(Debug, Clone, Copy, Default)]
pub struct Forms {
    /// Whether anybody asks what a server answered that took the message.
    accepted: bool,
}

impl Forms {
    pub(super) fn of(attempts: &Digest) -> Forms {
        let given = |column| match column {
            attempts::status => Given::Text("sent"),
            attempts::suspended => Given::Bool(false),
            _ => Given::Missing,
        };
        let known = [attempts::status, attempts::suspended, attempts::voice, attempts::reason_class, attempts::reason_bucket];
        Forms { accepted: attempts.asks_any(&ANSWERED, given, &known) }
    }

    /// By what a delivery line is recognised, apart from whom it is about.
    pub(super) fn delivery(self, line: &Delivery<'_>, daemon: &str) -> u64 {
        let mut lowered = String::new();
        Told::of(line, daemon, "", domain_in(line.to, &mut lowered)).form(self)
    }
}

/// By what a refusal is recognised, apart from whom it is about.
pub(super) fn refusal_form(line: &Reject<'_>, daemon: &str) -> u64 {
    let texts = [line.action, line.stage, daemon];
    texts.iter().fold(template(line.reply, 0), |form, text| hash(text.as_bytes(), form))
}

/// By what a diagnostic is recognised.
pub(super) fn warning_form(daemon: &str, level: &str, text: &str) -> u64 {
    template(text, hash(daemon.as_bytes(), hash(level.as_bytes(), 0)))
}

impl Attempted {
    pub(super) fn told(&self) -> Told<'_> {
        Told {
            instance: &self.instance,
            daemon: self.daemon,
            relay: &self.relay,
            reason: &self.reason,
            dsn: self.dsn.as_deref(),
            status: &self.status,
            domain: &self.domain,
            class: Some(self.class.as_ref().map(|(class, bucket)| (&**class, &**bucket))),
        }
    }
}

/// What a delivery line says, apart from whom it is about.
pub(super) struct Told<'a> {
    /// Which does not count where it is recognised.
    pub(super) instance: &'a str,
    pub(super) daemon: &'a str,
    pub(super) relay: &'a str,
    pub(super) reason: &'a str,
    pub(super) dsn: Option<&'a str>,
    pub(super) status: &'a str,
    pub(super) domain: &'a str,
    /// Its reason class and bucket, where they are known already.
    pub(super) class: Option<Option<(&'a str, &'a str)>>,
}

impl<'a> Told<'a> {
    /// What a delivery line says.
    pub(super) fn of(line: &Delivery<'a>, daemon: &'a str, instance: &'a str, domain: &'a str) -> Told<'a> {
        let Delivery { relay, reason, dsn, status, .. } = *line;
        Told { instance, daemon, relay, reason, dsn, status, domain, class: None }
    }

    /// What it comes to.
    pub(super) fn lead(&self, form: u64, digest: &mut Digest, meaning: &Meaning<'_>) -> Lead {
        digest.lead(form, |digest| self.describe(meaning, Draft::default(), |draft| digest.leading(draft)))
    }

    /// The same as something to keep, with its reason class.
    pub(super) fn attempted(&self, meaning: &Meaning<'_>) -> Attempted {
        Attempted {
            instance: self.instance.into(),
            daemon: postfix_daemon_name(self.daemon),
            relay: self.relay.into(),
            reason: self.reason.into(),
            dsn: self.dsn.map(Into::into),
            status: self.status.into(),
            domain: self.domain.into(),
            class: self.describe(meaning, Draft::default(), |draft| {
                let (class, bucket) = (draft.text(attempts::reason_class)?, draft.text(attempts::reason_bucket)?);
                Some((class.into(), bucket.into()))
            }),
        }
    }

    /// By what it is recognised: all of it, but for what in a reason varies from message to message.
    pub(super) fn form(&self, forms: Forms) -> u64 {
        let mut form = hash(self.relay.as_bytes(), hash(self.domain.as_bytes(), 1));
        // Where no relay is named, the reason names the host.
        form = match (self.status, self.relay.contains('[')) {
            ("sent", _) if !forms.accepted => form,
            ("sent", _) | (_, true) => template(self.reason, form),
            (_, false) => hash(self.reason.as_bytes(), form),
        };
        for text in [self.dsn.unwrap_or_default(), self.status, self.daemon] {
            form = hash(text.as_bytes(), form);
        }
        form
    }

    /// Host, address and port of the other side, and who speaks: by the relay, and where it names no address, by what was said.
    fn speaker<'s>(&self, said: &Said<'s>) -> (Peer<'s>, Option<Voice>)
    where
        'a: 's,
    {
        let (relay, ip, port) = said::split_peer(self.relay);
        let peer = if ip.is_some() { (relay, ip, port) } else { (said.host.or(relay), said.ip, said.port) };
        (peer, voice_of(self.daemon, peer.1, said).or(said.voice))
    }

    /// Completes `draft` with all that was told.
    pub(super) fn describe<R>(&self, meaning: &Meaning<'_>, draft: Draft<'a>, then: impl FnOnce(&Draft<'_>) -> R) -> R {
        let sent = self.status == "sent";
        let said = Said::parse(self.reason);
        let ((host, ip, port), voice) = if sent { (said::split_peer(self.relay), None) } else { self.speaker(&said) };
        let domain = (!self.domain.is_empty()).then_some(self.domain);
        let provider = meaning.provider(host, ip, domain);
        // What a successful delivery was answered is nobody's reason.
        let class = match (sent, self.class) {
            (true, _) => None,
            (false, Some(known)) => known,
            (false, None) => meaning.class(&Heard {
                text: said.reason,
                voice,
                daemon: Some(self.daemon),
                provider: provider.as_deref(),
                ..Heard::default()
            }),
        };
        let mut draft: Draft<'_> = draft;
        draft.set(attempts::reason, said.reason);
        draft.set(attempts::reason_class, class.map(|(class, _)| class));
        draft.set(attempts::reason_bucket, class.map(|(_, bucket)| bucket));
        draft.set(attempts::voice, voice.map(Voice::name));
        draft.set(attempts::suspended, said.suspended);
        draft.set(attempts::daemon, self.daemon);
        draft.set(attempts::recipient_domain, domain);
        draft.set(attempts::relay, host);
        draft.set(attempts::relay_ip, ip);
        draft.set(attempts::relay_port, port.map(i64::from));
        draft.set(attempts::dsn, self.dsn);
        draft.set(attempts::status, self.status);
        draft.set(attempts::reply_code, said.code.map(i64::from));
        draft.set(attempts::reply_enhanced, said.enhanced);
        draft.set(attempts::stage, said.stage);
        draft.set(attempts::provider, provider.as_deref());
        draft.set(attempts::reply_text, &*said.words);
        then(&draft)
    }
}

impl Message {
    /// Fills in where an attempt's message came from.
    pub(super) fn describe<'a>(&'a self, draft: &mut Draft<'a>, lowered: &'a mut String) {
        let [client, client_ip, _, user] = self.origin_fields();
        draft.set(attempts::client, client);
        draft.set(attempts::client_ip, client_ip);
        draft.set(attempts::sasl_username, user);
        draft.set(attempts::uid, self.uid);
        draft.set(attempts::origin, self.origin());
        draft.set(attempts::sender, self.sender());
        let domain = domain_in(self.sender().unwrap_or_default(), lowered);
        draft.set(attempts::sender_domain, (!domain.is_empty()).then_some(domain));
    }
}

/// An attempt of which it was asked what became of the recipient, and that.
pub(super) struct Open<'a> {
    pub(super) tried: &'a Tried,
    pub(super) recipient: &'a Recipient,
    pub(super) outcome: &'static str,
}

impl Open<'_> {
    pub(super) fn add(&self, forms: Forms, digest: &mut Digest, meaning: &Meaning<'_>, message: &Message) {
        let Tried { attempted, source, line, time, times } = self.tried;
        let line = line.as_deref().unwrap_or_default();
        let place = Place { source: *source, line, time: *time, times: u64::from(*times) };
        let told = attempted.told();
        let lead = told.lead(told.form(forms), digest, meaning);
        let mut draft = Draft::default();
        let mut lowered = String::new();
        draft.set(attempts::queue_id, message.id());
        draft.set(attempts::orig_to, self.recipient.orig_to.as_deref());
        draft.set(attempts::recipient, &*self.recipient.address);
        draft.set(attempts::instance, &*attempted.instance);
        draft.set(attempts::outcome, self.outcome);
        message.describe(&mut draft, &mut lowered);
        if let Some(wanted) = digest.note(&lead, &draft, place) {
            told.describe(meaning, draft, |whole| digest.show(&wanted, &lead, whole, place));
        }
    }
}

pub(super) fn arrival(message: &Message, digest: &mut Digest) {
    let place = Place { source: message.source, line: message.texts.get(Part::Line), time: message.arrived, times: 1 };
    let [client, client_ip, method, user] = message.origin_fields();
    let origin = message.origin();
    let mut lowered = String::new();
    let sender = message.sender();
    let domain = domain_in(sender.unwrap_or_default(), &mut lowered);
    let mut draft = Draft::default();
    draft.set(arrivals::queue_id, message.id());
    draft.set(arrivals::message_id, message.text(Part::MessageId));
    draft.set(arrivals::client, client);
    draft.set(arrivals::client_ip, client_ip);
    draft.set(arrivals::sasl_method, method);
    draft.set(arrivals::sasl_username, user);
    draft.set(arrivals::uid, message.uid);
    draft.set(arrivals::origin, origin);
    draft.set(arrivals::sender, sender);
    draft.set(arrivals::sender_domain, (!domain.is_empty()).then_some(domain));
    draft.set(arrivals::size, message.size);
    draft.set(arrivals::nrcpt, message.nrcpt);
    let mut key = message.uid.map_or(0, |uid| mix(1, uid as u64));
    for text in [origin, method, user] {
        key = hash(text.unwrap_or_default().as_bytes(), key);
    }
    let lead = digest.lead(key, |digest| digest.leading(&draft));
    if let Some(wanted) = digest.note(&lead, &draft, place) {
        digest.show(&wanted, &lead, &draft, place);
    }
}

/// A refusal, and what follows from its line.
pub(super) struct Refusal<'a> {
    pub(super) line: &'a Reject<'a>,
    pub(super) daemon: &'a str,
    pub(super) voice: Voice,
    pub(super) local: bool,
    /// Of the client, by this line or by the message's first.
    pub(super) login: Option<&'a str>,
}

impl<'a> Refusal<'a> {
    pub(super) fn add_client(&self, draft: &mut Draft<'a>) {
        draft.set(rejects::client, self.line.client);
        draft.set(rejects::client_ip, self.line.client_ip);
        draft.set(rejects::sasl_username, self.login);
        draft.set(rejects::sender, self.line.sender);
        draft.set(rejects::recipient, self.line.recipient);
        draft.set(rejects::recipient_domain, self.line.recipient.and_then(|address| Some(address.rsplit_once('@')?.1)));
        draft.set(rejects::helo, self.line.helo);
    }

    pub(super) fn describe<R>(&self, meaning: &Meaning<'_>, then: impl FnOnce(&Draft<'_>) -> R) -> R {
        let (code, dsn, text) = said::strip_codes(self.line.reply);
        let heard = Heard {
            text: &text,
            voice: Some(self.voice),
            daemon: Some(self.daemon),
            codes: Some((code, dsn)),
            ..Heard::default()
        };
        let class = meaning.class(&heard);
        let mut draft = Draft::default();
        self.add_client(&mut draft);
        let mut draft: Draft<'_> = draft;
        draft.set(rejects::reason_class, class.map(|(class, _)| class));
        draft.set(rejects::reason_bucket, class.map(|(_, bucket)| bucket));
        draft.set(rejects::voice, self.voice.name());
        draft.set(rejects::daemon, self.daemon);
        draft.set(rejects::action, self.line.action);
        draft.set(rejects::stage, self.line.stage);
        draft.set(rejects::local, self.local);
        draft.set(rejects::code, code.map(i64::from));
        draft.set(rejects::dsn, dsn);
        draft.set(rejects::text, &*text);
        then(&draft)
    }
}

/// A diagnostic.
pub(super) struct Warning<'a> {
    pub(super) daemon: &'a str,
    pub(super) level: &'a str,
    pub(super) text: &'a str,
}

impl<'a> Warning<'a> {
    /// Whom it speaks of: a client and its login, `H[A]: SASL LOGIN authentication failed: ..., sasl_username=U`; a daemon that
    /// ended, `process /usr/lib/postfix/sbin/smtpd pid 99 exit status 1`.
    pub(super) fn add_client(&self, draft: &mut Draft<'a>) {
        if self.daemon == "master" {
            let path = self.text.strip_prefix("process ").unwrap_or(self.text);
            let path = path.split([' ', ':']).next().filter(|path| path.starts_with('/'));
            draft.set(diagnostics::process, path.and_then(|path| path.rsplit('/').next()));
        }
        let Some(at) = line::find(self.text, ": SASL ") else { return };
        let peer = Some(said::split_peer(&self.text[..at]));
        let user = self.text.rsplit_once("sasl_username=").map(|(_, user)| user.split(", ").next().unwrap_or(user));
        draft.set(diagnostics::client, peer.and_then(|(host, _, _)| host));
        draft.set(diagnostics::client_ip, peer.and_then(|(_, ip, _)| ip));
        draft.set(diagnostics::sasl_username, user);
    }

    pub(super) fn describe<R>(&self, meaning: &Meaning<'_>, then: impl FnOnce(&Draft<'_>) -> R) -> R {
        let heard = Heard {
            text: self.text,
            otherwise: Some(Voice::of_daemon(self.daemon)),
            daemon: Some(self.daemon),
            ..Heard::default()
        };
        let class = meaning.class(&heard);
        let mut draft = Draft::default();
        self.add_client(&mut draft);
        let mut draft: Draft<'_> = draft;
        draft.set(diagnostics::reason_class, class.map(|(class, _)| class));
        draft.set(diagnostics::reason_bucket, class.map(|(_, bucket)| bucket));
        draft.set(diagnostics::daemon, self.daemon);
        draft.set(diagnostics::level, self.level);
        draft.set(diagnostics::text, self.text);
        then(&draft)
    }
}

/// A recipient that did not get through, as far as the queue listing and the log know it.
#[derive(Clone, Copy)]
pub(super) struct Failed<'a> {
    pub(super) outcome: &'static str,
    pub(super) queue: Option<&'a str>,
    pub(super) listing: Option<Listing<'a>>,
    pub(super) message: Option<&'a Message>,
    pub(super) recipient: Option<&'a Recipient>,
    /// The end of the evidence, where its age matters.
    pub(super) end: Option<Time>,
}

impl<'a> Failed<'a> {
    pub(super) fn add(&self, forms: Forms, digest: &mut Digest, meaning: &Meaning<'_>, place: Place<'_>) {
        let mut lowered = String::new();
        let rest = self.rest(&mut lowered);
        let lead = digest.lead(self.form(forms), |digest| self.describe(meaning, rest, |whole| digest.leading(whole)));
        if let Some(wanted) = digest.note(&lead, &rest, place) {
            self.describe(meaning, rest, |whole| digest.show(&wanted, &lead, whole, place));
        }
    }

    /// By what it is recognised, apart from whom it is about.
    fn form(&self, forms: Forms) -> u64 {
        let mut form = hash(self.queue.unwrap_or_default().as_bytes(), hash(self.outcome.as_bytes(), 0));
        if let Some(listing) = &self.listing {
            form = hash(domain_in(listing.recipient, &mut String::new()).as_bytes(), form);
            if let Some(reason) = listing.reason {
                let said = Said::parse(reason);
                form = mix(template(reason, form), listing.port.or(said.port).map_or(0, u64::from));
                form = [said.host, said.ip].into_iter().flatten().fold(form, |form, text| hash(text.as_bytes(), form));
            }
        }
        match self.recipient {
            Some(recipient) => mix(form, recipient.last.told().form(forms)),
            None => form,
        }
    }

    /// What the leading columns leave.
    fn rest<'d>(&'d self, lowered: &'d mut String) -> Draft<'d> {
        let mut draft = Draft::default();
        if let Some(listing) = &self.listing {
            draft.set(failures::queue_id, listing.queue_id);
            draft.set(failures::arrived, listing.arrived);
            draft.set(failures::size, listing.size);
            draft.set(failures::sender, listing.sender);
            draft.set(failures::recipient, listing.recipient);
        }
        if let Some(message) = self.message {
            let [client, client_ip, _, user] = message.origin_fields();
            draft.fill(failures::queue_id, message.id());
            draft.fill(failures::arrived, message.arrived);
            draft.fill(failures::size, message.size);
            draft.fill(failures::sender, message.sender());
            draft.set(failures::sasl_username, user);
            draft.set(failures::client, client);
            draft.set(failures::client_ip, client_ip);
            draft.set(failures::uid, message.uid);
            draft.set(failures::origin, message.origin());
        }
        if let Some(recipient) = self.recipient {
            draft.fill(failures::recipient, &*recipient.address);
            draft.set(failures::attempts, i64::from(recipient.attempts));
            draft.set(failures::first_failed, recipient.first_failed);
        }
        if let Given::Text(sender) = draft.get(failures::sender) {
            let domain = domain_in(sender, lowered);
            draft.set(failures::sender_domain, (!domain.is_empty()).then_some(domain));
        }
        if let (Given::Time(arrived), Some(end)) = (draft.get(failures::arrived), self.end) {
            draft.set(failures::age, end.since(arrived).max(0.0));
        }
        draft
    }

    /// Completes `draft` with what was said: in the listing, and what it leaves out in the log.
    fn describe<R>(&self, meaning: &Meaning<'_>, draft: Draft<'a>, then: impl FnOnce(&Draft<'_>) -> R) -> R {
        let listed = self.listing.and_then(|listing| Some((listing, Said::parse(listing.reason?))));
        let told = self.recipient.map(|recipient| (recipient.last.told(), Said::parse(&recipient.last.reason)));
        let mut lowered = String::new();
        let domain = self.listing.map(|listing| domain_in(listing.recipient, &mut lowered)).filter(|domain| !domain.is_empty());
        let mut draft: Draft<'_> = draft;
        draft.set(failures::outcome, self.outcome);
        draft.set(failures::queue, self.queue);
        draft.set(failures::recipient_domain, domain);
        let mut voice = None;
        if let Some((listing, said)) = &listed {
            draft.set(failures::relay, said.host);
            draft.set(failures::relay_ip, said.ip);
            draft.set(failures::relay_port, said.port.or(listing.port).map(i64::from));
            draft.set(failures::permanent, said.code.map(|_| said.permanent()));
            voice = said.voice.filter(|voice| *voice == Voice::Remote).and_then(|_| own_peer(said.ip)).or(said.voice);
        }
        if let Some((told, said)) = &told {
            let ((host, ip, port), speaks) = told.speaker(said);
            voice = voice.or(speaks);
            draft.fill(failures::recipient_domain, told.domain);
            draft.fill(failures::relay, host);
            draft.fill(failures::relay_ip, ip);
            draft.fill(failures::relay_port, port.map(i64::from));
            draft.set(failures::dsn, told.dsn);
        }
        for said in listed.iter().map(|(_, said)| said).chain(told.iter().map(|(_, said)| said)) {
            draft.fill(failures::reason, said.reason);
            draft.fill(failures::reply_code, said.code.map(i64::from));
            draft.fill(failures::reply_enhanced, said.enhanced);
            draft.fill(failures::reply_text, &*said.words);
            draft.fill(failures::stage, said.stage);
            draft.fill(failures::looked_up, said.looked_up);
        }
        if let Given::Int(code) = draft.get(failures::reply_code) {
            draft.fill(failures::permanent, code >= 500);
        }
        draft.set(failures::voice, voice.map(Voice::name));
        let text = |column| draft.text(column);
        let provider = meaning.provider(text(failures::relay), text(failures::relay_ip), text(failures::recipient_domain));
        let class = match (&listed, &told) {
            (Some((_, said)), _) => {
                let heard = Heard { text: said.reason, voice, provider: provider.as_deref(), ..Heard::default() };
                meaning.class(&heard)
            }
            (None, Some((told, _))) => told.class.flatten(),
            (None, None) => None,
        };
        draft.set(failures::provider, provider.as_deref());
        draft.set(failures::reason_class, class.map(|(class, _)| class));
        draft.set(failures::reason_bucket, class.map(|(_, bucket)| bucket));
        then(&draft)
    }
}
