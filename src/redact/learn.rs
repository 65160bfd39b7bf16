//! What is learnt before anything is replaced: which words are names, so that one which stands alone in a sentence is known.

use super::contexts::{Heading, LOG_FIELD};
use super::hosts::{embedded, reverse_zone};
use super::names::{self, Piece, is_authority, is_folder, pieces, unquoted};
use super::part::Part;
use super::scan;
use super::shapes;
use super::{MOST_NAMES, Redactor, SHORTEST, coded, kept};
use crate::evidence::maillog::queue_id::is_queue_id;
use rustc_hash::{FxHashMap, FxHashSet};
use std::net::IpAddr;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// Letters of a part of a domain's name from which on it is taken for a name by itself: `krautwurst-werke`.
const LONG: usize = 6;

/// What was learnt.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Names that are replaced wherever they stand alone, in lower case.
    pub(super) names: FxHashSet<String>,
    /// Host names without a top-level domain by which they would be known, in lower case.
    pub(super) hosts: FxHashSet<String>,
    pub(super) addresses: FxHashSet<IpAddr>,
    /// Pseudonyms of those addresses whose own would be another of them; found when the first is asked for.
    pub(super) settled: OnceLock<FxHashMap<IpAddr, IpAddr>>,
}

impl Known {
    /// These names and nothing else.
    pub(super) fn of(names: impl Iterator<Item = String>) -> Known {
        Known { names: names.collect(), ..Known::default() }
    }

    /// Whether a word, in any case, is a name that was learnt.
    pub(super) fn is_name(&self, word: &str) -> bool {
        let mut lower = [0; 48];
        // Asked for every word of a log, so without a copy on the heap where it can be.
        match lower.get_mut(..word.len()).filter(|_| word.is_ascii()) {
            Some(lower) => {
                lower.copy_from_slice(word.as_bytes());
                lower.make_ascii_lowercase();
                std::str::from_utf8(lower).is_ok_and(|lower| self.names.contains(lower))
            }
            None => self.names.contains(&word.to_lowercase()),
        }
    }

    pub(super) fn join(&mut self, other: Known) {
        let room = MOST_NAMES.saturating_sub(self.names.len());
        self.names.extend(other.names.into_iter().take(room));
        self.hosts.extend(other.hosts);
        self.addresses.extend(other.addresses);
        self.settled.take();
    }
}

impl Redactor<'_> {
    fn known_mut(&mut self) -> &mut Known {
        // What stands in place of a part depends on what is known.
        self.parts.get_mut().clear();
        let known = Arc::make_mut(&mut self.known);
        known.settled.take();
        known
    }

    /// Learns the names in a line of a file of this kind of evidence.
    pub fn learn(&mut self, kind: Option<&str>, text: &str) {
        if self.learn_json(kind, text) {
            return;
        }
        let found = self.fields(kind, text).unwrap_or_else(|| self.named_in(kind, text));
        self.learn_parts(text, found);
    }

    /// The parts of a text that may be names; those in codes are learnt at once.
    pub(super) fn named_in(&mut self, kind: Option<&str>, text: &str) -> Vec<(Part, Range<usize>)> {
        let codes = coded::codes_in(text);
        codes.iter().for_each(|code| self.learn(None, &code.plain));
        let mut found = Vec::new();
        scan::parts(&self.sieve, kind, text, &mut |part, range| {
            let is_code = codes.iter().any(|code| code.range.start < range.end && range.start < code.range.end);
            if !is_code
                && !matches!(part, Part::Word | Part::Dotted | Part::Text | Part::File | Part::Hex | Part::Digits | Part::Token)
            {
                found.push((part, range));
            }
        });
        found
    }

    pub(super) fn learn_parts(&mut self, text: &str, parts: Vec<(Part, Range<usize>)>) {
        for (part, range) in parts {
            let text = &text[range];
            if part == Part::Word {
                continue;
            }
            if self.learnt.get(part, text).is_none() {
                self.learnt.put(part, text, ());
                self.learn_part(part, text);
            }
        }
    }

    /// Learns the names in a row of a table of values.
    pub(super) fn learn_row(&mut self, heading: &Heading, row: &str) {
        heading.names(row).for_each(|(part, cell)| self.learn_part(part, cell));
    }

    pub(super) fn learn_part(&mut self, part: Part, text: &str) {
        match part {
            Part::Address => {
                if let Some(at) = shapes::at_sign(text) {
                    self.learn_local(&text[..at.start]);
                    self.learn_hosts(&text[at.end..]);
                }
            }
            Part::Field => {
                let found = self.named_in(Some(LOG_FIELD), text);
                self.learn_parts(text, found);
            }
            Part::MaybeName if self.ordinary.is_word(text) => {}
            Part::Name | Part::MaybeName => {
                if text.parse::<IpAddr>().is_ok() {
                    self.learn_part(Part::Ip, text);
                } else if shapes::at_sign(text).is_some() {
                    self.learn_part(Part::Address, text);
                } else {
                    self.learn_local(text.trim_end_matches('+'));
                }
            }
            Part::Names | Part::Pairs => names::in_list(text).for_each(|name| self.learn_part(Part::MaybeName, name)),
            Part::Form => self.learn_part(Part::MaybePerson, &coded::of_form(text)),
            Part::Host | Part::Hosts => self.learn_hosts(text),
            Part::Ip => {
                if let Ok(ip) = text.parse() {
                    self.known_mut().addresses.insert(ip);
                }
            }
            Part::Person | Part::People | Part::MaybePerson | Part::Strings => {
                let mut inner = Vec::new();
                shapes::each(text, 0..text.len(), &mut |part, range| inner.push((part, range)));
                for (part, range) in inner {
                    match part {
                        Part::Word | Part::Dotted if !is_authority(text) => self.learn_name(&text[range]),
                        Part::Word | Part::Dotted => {}
                        other => self.learn_part(other, &text[range]),
                    }
                }
            }
            Part::Encoded => {
                if let Some(decoded) = coded::EncodedWord::parse(text) {
                    self.learn(None, &decoded.text);
                }
            }
            Part::Text | Part::File | Part::Hex | Part::Digits | Part::Token | Part::Dotted | Part::Word => {}
        }
    }

    fn learn_local(&mut self, local: &str) {
        let local = unquoted(local);
        // What a message id takes from the queue id is no name: the queue id holds the lines of a message together.
        if looks_like_queue_id(&local) {
            return;
        }
        for (piece, _) in pieces(&local).into_iter().filter(|(_, what)| *what == Piece::Name) {
            if shapes::is_host(piece) {
                continue;
            }
            self.learn_name(piece);
            // Message ids pack queue ids and numbers; only what is all letters can be a part of somebody's name.
            // A queue id can be all letters, too.
            let is_queue_id = |part: &str| part.len() >= 6 && part.bytes().all(|byte| matches!(byte, b'A'..=b'F'));
            let is_part =
                |part: &&str| part.chars().count() > SHORTEST && part.chars().all(char::is_alphabetic) && !is_queue_id(part);
            piece.split(['.', '_', '-']).filter(is_part).for_each(|part| self.learn_name(part));
        }
    }

    fn learn_hosts(&mut self, list: &str) {
        for host in list.split([',', ' ', '\t', '[', ']', ':']) {
            let host = host.trim_matches('.').to_lowercase();
            if host.is_empty()
                || self.keeps(&host)
                || host.starts_with('/')
                || host.contains('$')
                || host.parse::<IpAddr>().is_ok()
            {
                continue;
            }
            let first = host.split('.').next().unwrap_or_default();
            if !host.contains('.') {
                self.learn_name(&host);
                continue;
            }
            // Firms are called as their domains are.
            if let Some(label) = self.registered(&host).filter(|label| label.is_ascii()).map(str::to_owned) {
                let is_part = |part: &&str| part.len() >= LONG && part.bytes().all(|byte| byte.is_ascii_alphabetic());
                if label.len() > SHORTEST {
                    self.learn_name(&label);
                }
                let parts = label.split('-').filter(|_| !label.starts_with("xn--"));
                parts.filter(is_part).for_each(|part| self.learn_name(part));
            }
            // A name that has no known ending is known by having stood where host names stand.
            if !shapes::is_host(&host) {
                self.known_mut().hosts.insert(host.clone());
                // Its last label is none that all share, and may be the beginning of a name that was cut short.
                let last = host.rsplit('.').next().unwrap_or_default();
                if last.len() > SHORTEST && !self.ordinary.is_word(last) {
                    self.learn_name(last);
                }
            }
            // Pseudonyms of addresses are not settled yet.
            if embedded(&host).is_none()
                && reverse_zone(&host).is_none()
                && self.host(&host) != host
                && first.bytes().any(|byte| byte.is_ascii_digit())
            {
                self.learn_name(first);
            }
        }
    }

    fn learn_name(&mut self, name: &str) {
        let name = name.trim_matches(['.', '-', '_', '\'', '"', ':', ',']).to_lowercase();
        let letters = name.chars().filter(|c| c.is_alphabetic()).count();
        // A queue id or another number in hexadecimal is no name.
        let is_word = letters > 0
            && (letters == name.chars().count() || name.len() < 6 || !name.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let usual = is_folder(&name) || kept::is_account(&name) || self.ordinary.is_word(&name) || kept::is_service(&name);
        if is_word && !usual && name.chars().count() >= SHORTEST && self.known.names.len() < MOST_NAMES && !self.keeps(&name) {
            self.known_mut().names.insert(name);
        }
    }

    /// Whether the names that are known are all that there are: beyond a million, names that stand alone are missed.
    pub fn knows_all_names(&self) -> bool {
        self.known.names.len() < MOST_NAMES && self.replaced.borrow().len() < MOST_NAMES
    }
}

/// Whether it has the form of a queue id, and hardly that of anybody's login.
pub(super) fn looks_like_queue_id(text: &str) -> bool {
    let has = |holds: fn(&u8) -> bool| text.bytes().any(|byte| holds(&byte));
    text.len() >= 10 && is_queue_id(text) && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
}
