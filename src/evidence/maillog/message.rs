//! A message under way: what the log has said of it so far.

use super::digest::Place;
use super::line::Delivery;
use crate::tables::Citation;
use crate::time::Time;
use std::sync::Arc;

/// The texts of a message, one after the other in one piece of memory.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) all: String,
    /// Where each begins and ends.
    pub(super) places: [(u32, u32); Part::MessageId as usize + 1],
}

/// A text of a message.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    QueueId,
    /// Its first line, where lines are kept.
    Line,
    Client,
    ClientIp,
    SaslMethod,
    SaslUsername,
    Sender,
    MessageId,
}

impl Texts {
    pub(super) fn get(&self, part: Part) -> &str {
        let (start, end) = self.places[part as usize];
        self.all.get(start as usize..end as usize).unwrap_or_default()
    }

    pub(super) fn set(&mut self, part: Part, text: &str) {
        if self.get(part) == text {
            return;
        }
        // A queue id whose sender changes from line to line would heap up what it was before.
        if self.all.len() > 1024 {
            let live: usize = self.places.iter().map(|(start, end)| (end - start) as usize).sum();
            if self.all.len() > 2 * live + 1024 {
                self.compact(live + text.len());
            }
        }
        let start = self.all.len();
        self.all.push_str(text);
        let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
        self.places[part as usize] = (place(start), place(self.all.len()));
    }

    /// Drops what no part names any more.
    fn compact(&mut self, capacity: usize) {
        let mut all = String::with_capacity(capacity);
        for place in &mut self.places {
            let start = all.len();
            all.push_str(&self.all[place.0 as usize..place.1 as usize]);
            *place = (start as u32, all.len() as u32);
        }
        self.all = all;
    }
}

/// One message under way.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) texts: Texts,
    pub(super) source: Citation,
    pub(super) arrived: Option<Time>,
    /// Whether the sender is known.
    pub(super) has_sender: bool,
    pub(super) size: Option<i64>,
    pub(super) nrcpt: Option<i64>,
    pub(super) uid: Option<i64>,
    pub(super) internal: bool,
    /// Whether its beginning is in the log.
    pub(super) begun: bool,
    /// Whether the queue manager has seen it.
    pub(super) queued: bool,
    /// Recipients that were delivered.
    pub(super) sent: u32,
    /// The others that were tried.
    pub(super) recipients: Vec<Recipient>,
}

/// One recipient of a message under way that was tried and not delivered.
#[derive(Debug)]
pub(super) struct Recipient {
    pub(super) address: Box<str>,
    pub(super) orig_to: Option<Box<str>>,
    pub(super) last: Arc<Attempted>,
    pub(super) source: Citation,
    /// That line, where lines are kept.
    pub(super) line: Option<Arc<str>>,
    pub(super) time: Option<Time>,
    pub(super) first_failed: Option<Time>,
    pub(super) attempts: u32,
    pub(super) outcome: Outcome,
    /// Attempts of which somebody asks what became of the recipient.
    pub(super) open: Vec<Tried>,
}

/// An attempt of which somebody asks what became of the recipient.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) attempted: Arc<Attempted>,
    pub(super) source: Citation,
    /// Its line, where lines are kept.
    pub(super) line: Option<Arc<str>>,
    pub(super) time: Option<Time>,
    pub(super) times: u32,
}

/// Attempts of one recipient that are held apart until it is known what became of it; further ones count as repetitions of
/// the last.
pub(super) const OPEN: usize = 8;

/// What a failed attempt said. Kept once for all recipients of whom it was said.
#[derive(Debug, Default)]
pub(super) struct Attempted {
    pub(super) instance: Box<str>,
    pub(super) daemon: &'static str,
    pub(super) relay: Box<str>,
    pub(super) reason: Box<str>,
    pub(super) dsn: Option<Box<str>>,
    pub(super) status: Box<str>,
    pub(super) domain: Box<str>,
    /// Its reason class and bucket.
    pub(super) class: Option<(Box<str>, Box<str>)>,
}

impl Attempted {
    fn bucket(&self) -> Option<&str> {
        self.class.as_ref().map(|(_, bucket)| &**bucket)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Waiting,
    Bounced,
    Expired,
    /// Taken out of the queue by hand, or the log lost its end.
    Gone,
}

impl Outcome {
    pub(super) fn name(self) -> &'static str {
        match self {
            Outcome::Waiting => "waiting",
            Outcome::Bounced => "bounced",
            Outcome::Expired => "expired",
            Outcome::Gone => "gone",
        }
    }
}

impl Recipient {
    /// Keeps the last attempt until it is known what becomes of the recipient; with `each`, however many there are.
    pub(super) fn keep_open(&mut self, place: Place<'_>, each: bool) {
        let full = self.open.len() >= OPEN && !each;
        let times = u32::try_from(place.times).unwrap_or(u32::MAX);
        match self.open.last_mut() {
            Some(last) if full => last.times = last.times.saturating_add(times),
            _ => {
                self.open.reserve_exact(1);
                let attempted = Arc::clone(&self.last);
                self.open.push(Tried { attempted, source: place.source, line: self.line.clone(), time: place.time, times });
            }
        }
    }
}

impl Message {
    /// Makes it a new one, keeping the memory of its texts.
    pub(super) fn renew(&mut self) {
        let mut all = std::mem::take(&mut self.texts.all);
        all.clear();
        let mut recipients = std::mem::take(&mut self.recipients);
        recipients.clear();
        *self = Message { texts: Texts { all, ..Texts::default() }, recipients, ..Message::default() };
    }

    /// The place of a recipient that was tried before, and not delivered.
    pub(super) fn tried(&self, address: &str) -> Option<usize> {
        self.recipients.iter().position(|known| *known.address == *address)
    }

    /// Notes that an attempt failed; gives its recipient.
    pub(super) fn failed(
        &mut self,
        line: &Delivery<'_>,
        attempted: Arc<Attempted>,
        outcome: Outcome,
        place: Place<'_>,
    ) -> &mut Recipient {
        let at = self.tried(line.to).unwrap_or_else(|| {
            if self.recipients.is_empty() {
                // Most messages have one recipient, and this one may wait for long.
                self.recipients.reserve_exact(1);
                self.texts.all.shrink_to_fit();
            }
            self.recipients.push(Recipient {
                address: line.to.into(),
                orig_to: line.orig_to.map(Into::into),
                last: Arc::clone(&attempted),
                source: place.source,
                line: None,
                time: place.time,
                first_failed: None,
                attempts: 0,
                outcome,
                open: Vec::new(),
            });
            self.recipients.len() - 1
        });
        let recipient = &mut self.recipients[at];
        // What fails now for another kind of reason than before failed anew: its trouble began here.
        if recipient.last.bucket() != attempted.bucket() {
            recipient.first_failed = None;
        }
        recipient.last = attempted;
        recipient.source = place.source;
        recipient.line = (!place.line.is_empty()).then(|| place.line.into());
        recipient.time = place.time;
        recipient.attempts += 1;
        recipient.outcome = outcome;
        if outcome == Outcome::Waiting {
            recipient.first_failed = recipient.first_failed.or(place.time);
        }
        recipient
    }

    pub(super) fn id(&self) -> &str {
        self.texts.get(Part::QueueId)
    }

    pub(super) fn sender(&self) -> Option<&str> {
        self.has_sender.then(|| self.texts.get(Part::Sender))
    }

    pub(super) fn set_sender(&mut self, sender: &str) {
        self.texts.set(Part::Sender, sender);
        self.has_sender = true;
    }

    pub(super) fn text(&self, part: Part) -> Option<&str> {
        Some(self.texts.get(part)).filter(|text| !text.is_empty())
    }

    /// Client, address, SASL method, SASL login; none for what is empty.
    pub(super) fn origin_fields(&self) -> [Option<&str>; 4] {
        [Part::Client, Part::ClientIp, Part::SaslMethod, Part::SaslUsername].map(|part| self.text(part))
    }

    pub(super) fn sasl_username(&self) -> Option<&str> {
        self.text(Part::SaslUsername)
    }

    pub(super) fn has_client(&self) -> bool {
        self.text(Part::Client).or(self.text(Part::ClientIp)).is_some()
    }

    /// How it came in.
    pub(super) fn origin(&self) -> Option<&'static str> {
        if self.sasl_username().is_some() {
            Some("sasl")
        } else if self.has_client() {
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
