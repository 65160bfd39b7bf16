//! What is learnt before anything is replaced: which words are names, so that one which stands alone in a sentence is known.

use super::hosts::{EMBEDDED, reverse_zone};
use super::names::{is_authority, is_folder, pieces, unquoted};
use super::scan::{self, Part};
use super::{MOST_NAMES, Redactor, SHORTEST, coded, is_ordinary, kept};
use rustc_hash::FxHashSet;
use std::net::IpAddr;
use std::sync::Arc;

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
}

impl Known {
    /// These names and nothing else.
    pub(super) fn of(names: impl Iterator<Item = String>) -> Known {
        Known { names: names.collect(), ..Known::default() }
    }

    pub(super) fn join(&mut self, other: Known) {
        let room = MOST_NAMES.saturating_sub(self.names.len());
        self.names.extend(other.names.into_iter().take(room));
        self.hosts.extend(other.hosts);
        self.addresses.extend(other.addresses);
    }
}

impl Redactor<'_> {
    fn known_mut(&mut self) -> &mut Known {
        Arc::make_mut(&mut self.known)
    }

    /// Learns the names in a line of a file of this kind of evidence.
    pub fn learn(&mut self, kind: Option<&str>, text: &str) {
        let mut found = Vec::new();
        scan::parts(kind, text, &mut |part, range| {
            if !matches!(part, Part::Word | Part::Dotted | Part::Text | Part::Hex | Part::Token) {
                found.push((part, range));
            }
        });
        for (part, range) in found {
            self.learn_part(part, &text[range]);
        }
    }

    pub(super) fn learn_part(&mut self, part: Part, text: &str) {
        match part {
            Part::Address => {
                if let Some(at) = scan::at_sign(text) {
                    self.learn_local(&text[..at.start]);
                    self.learn_hosts(&text[at.end..]);
                }
            }
            Part::MaybeName if is_ordinary(text) => {}
            Part::Name | Part::MaybeName => {
                if text.parse::<IpAddr>().is_ok() {
                    self.learn_part(Part::Ip, text);
                } else if scan::at_sign(text).is_some() {
                    self.learn_part(Part::Address, text);
                } else {
                    self.learn_local(text.trim_end_matches('+'));
                }
            }
            Part::Host | Part::Hosts => self.learn_hosts(text),
            Part::Ip => {
                if let Ok(ip) = text.parse() {
                    self.known_mut().addresses.insert(ip);
                }
            }
            Part::Person | Part::People => {
                let mut inner = Vec::new();
                scan::shapes(text, 0..text.len(), &mut |part, range| inner.push((part, range)));
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
            Part::Text | Part::Hex | Part::Token | Part::Dotted | Part::Word => {}
        }
    }

    fn learn_local(&mut self, local: &str) {
        let local = unquoted(local);
        for piece in pieces(&local).filter(|(_, is_sign)| !is_sign).map(|(piece, _)| piece) {
            if scan::is_host(piece) {
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
            let host = host.trim_end_matches('.').to_lowercase();
            if host.is_empty() || host.starts_with(['$', '/']) || host.parse::<IpAddr>().is_ok() {
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
                label.split('-').filter(is_part).for_each(|part| self.learn_name(part));
            }
            // A name that has no known ending is known by having stood where host names stand.
            if !scan::is_host(&host) {
                self.known_mut().hosts.insert(host.clone());
            }
            // Pseudonyms of addresses are not settled yet.
            if !EMBEDDED.is_match(&host)
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
        let usual = is_folder(&name) || kept::is_account(&name) || kept::is_vocabulary(&name) || kept::is_service(&name);
        if is_word && !usual && name.chars().count() >= SHORTEST && self.known.names.len() < MOST_NAMES && !self.keeps(&name) {
            self.known_mut().names.insert(name);
        }
    }

    /// Whether the names that are known are all that there are: beyond a million, names that stand alone are missed.
    pub fn knows_all_names(&self) -> bool {
        self.known.names.len() < MOST_NAMES
    }
}
