//! Redaction: stable pseudonyms for people, hosts and addresses, so that evidence and reports can be sent to a stranger.
//!
//! What a diagnosis asks of a name survives: whether two names are equal, which domain is above which, whether a name is
//! fully qualified, in which network an address is and of which class it is. Providers, lists and resolvers that
//! everybody uses keep their names, and so do codes, times, sizes and queue ids.
//!
//! ```text
//! to=<maria+news@mail.acme.de>, relay=mx.acme.de[88.198.3.4]:25
//! to=<kimofatuseba+lorobi...@mail.dubekiro....de>, relay=mx.dubekiro....de[81.44.190.2]:25
//! ```
//!
//! It works in two passes: first [`Redactor::learn`] is shown everything, so that a name that stands alone in a sentence is
//! known for one; then [`Redactor::text`] replaces. [`Redactor::check`] looks for what it knows in what came out.

mod bundle;
mod ip;
mod kept;
mod path;
mod policy;
mod pseudonym;
mod punycode;
mod report;
mod scan;
pub mod secrets;

pub use bundle::{Rewritten, rewrite};
pub use policy::{Policy, PolicyError};
pub use pseudonym::{Key, write_for_owner};
pub use report::{redact_report, remove_secrets};

use crate::rules::RuleSet;
use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use rustc_hash::{FxHashMap, FxHashSet};
use scan::Part;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::LazyLock;

/// Names that are looked for where they stand alone, at most; addresses and hosts are found without being known.
const MOST_NAMES: usize = 1_000_000;
/// Originals that the check looks for, at most.
const MOST_CHECKED: usize = 200_000;
/// A name shorter than this is replaced only where a name must stand.
const SHORTEST: usize = 3;

/// Replaces what is personal.
#[derive(Debug)]
pub struct Redactor<'r> {
    key: Key,
    policy: Policy,
    rules: &'r RuleSet,
    /// Names that are replaced wherever they stand alone, in lower case.
    names: FxHashSet<String>,
    /// Host names without a top-level domain by which they would be known, in lower case.
    hosts: FxHashSet<String>,
    addresses: FxHashSet<IpAddr>,
    /// What was replaced, in lower case, and by what.
    replaced: RefCell<BTreeMap<String, String>>,
    words: RefCell<FxHashMap<String, String>>,
}

/// Something personal that is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Line of the output, from 1.
    pub line: usize,
    /// Its beginning and length, which tell what it is to who knows it.
    pub hint: String,
}

/// A part of a text and what stands there instead.
#[derive(Debug)]
struct Edit {
    range: Range<usize>,
    new: String,
}

impl<'r> Redactor<'r> {
    /// A redactor that knows no name yet. The providers of `rules` keep their names.
    pub fn new(key: Key, policy: Policy, rules: &'r RuleSet) -> Redactor<'r> {
        let names = policy.also.iter().map(|word| word.to_lowercase()).collect();
        Redactor {
            key,
            policy,
            rules,
            names,
            hosts: FxHashSet::default(),
            addresses: FxHashSet::default(),
            replaced: RefCell::default(),
            words: RefCell::default(),
        }
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

    fn learn_part(&mut self, part: Part, text: &str) {
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
                    self.addresses.insert(ip);
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
                if let Some(decoded) = EncodedWord::parse(text) {
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
            // A name that has no known ending is known by having stood where host names stand.
            if !scan::is_host(&host) {
                self.hosts.insert(host.clone());
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
        let name = name.trim_matches(['.', '-', '_', '\'', '"']).to_lowercase();
        let letters = name.chars().filter(|c| c.is_alphabetic()).count();
        // A queue id or another number in hexadecimal is no name.
        let is_word = letters > 0
            && (letters == name.chars().count() || name.len() < 6 || !name.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let usual =
            FOLDERS.contains(&name.as_str()) || kept::is_account(&name) || kept::is_vocabulary(&name) || kept::is_service(&name);
        if is_word && !usual && name.chars().count() >= SHORTEST && self.names.len() < MOST_NAMES && !self.keeps(&name) {
            self.names.insert(name);
        }
    }

    /// Whether the names that are known are all that there are: beyond a million, names that stand alone are missed.
    pub fn knows_all_names(&self) -> bool {
        self.names.len() < MOST_NAMES
    }

    /// `text` with pseudonyms, a line of a file of this kind of evidence or any other text.
    pub fn text<'t>(&self, kind: Option<&str>, text: &'t str) -> Cow<'t, str> {
        if kind.is_some()
            && text.starts_with('{')
            && let Some(json) = self.json(text)
        {
            return Cow::Owned(json);
        }
        let edits = self.edits(kind, text);
        if edits.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(apply(text, &edits)) }
    }

    /// As [`Redactor::text`], and where the marked characters stand afterwards.
    pub fn marked(&self, kind: Option<&str>, text: &str, mark: Option<(usize, usize)>) -> (String, Option<(usize, usize)>) {
        let edits = self.edits(kind, text);
        let new = apply(text, &edits);
        let Some((from, to)) = mark else { return (new, None) };
        let byte = |chars: usize| text.char_indices().nth(chars).map_or(text.len(), |(at, _)| at);
        let moved = |at: usize, is_end: bool| {
            let mut shift = 0;
            let mut chars = 0;
            for edit in &edits {
                if edit.range.end <= at {
                    chars += text[shift..edit.range.start].chars().count() + edit.new.chars().count();
                    shift = edit.range.end;
                } else if edit.range.start < at {
                    chars += text[shift..edit.range.start].chars().count();
                    return if is_end { chars + edit.new.chars().count() } else { chars };
                } else {
                    break;
                }
            }
            chars + text[shift..at].chars().count()
        };
        (new, Some((moved(byte(from), false), moved(byte(to), true))).filter(|(from, to)| from < to))
    }

    /// A line that is a JSON object: each text in it for itself, since escapes hide names.
    fn json(&self, text: &str) -> Option<String> {
        let mut value: serde_json::Value = serde_json::from_str(text).ok()?;
        self.json_value("", &mut value);
        serde_json::to_string(&value).ok()
    }

    fn json_value(&self, key: &str, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => {
                *text = match key {
                    "_HOSTNAME" | "host" | "hostname" => self.host(text),
                    "sender" | "address" | "orig_address" | "user" | "username" | "sasl_username" if !text.is_empty() => {
                        self.name(text)
                    }
                    "_MACHINE_ID" | "_BOOT_ID" => self.key.hex(text),
                    _ => self.text(None, text).into_owned(),
                };
            }
            serde_json::Value::Array(list) => list.iter_mut().for_each(|item| self.json_value(key, item)),
            serde_json::Value::Object(map) => map.iter_mut().for_each(|(key, item)| self.json_value(key, item)),
            _ => {}
        }
    }

    fn edits(&self, kind: Option<&str>, text: &str) -> Vec<Edit> {
        let mut edits: Vec<Edit> = Vec::new();
        for (range, new) in self.policy.own(text) {
            let new = new.unwrap_or_else(|| self.word(&text[range.clone()]));
            edits.push(Edit { range, new });
        }
        edits.extend(self.blobs(text));
        let own = edits.len();
        scan::parts(kind, text, &mut |part, range| {
            let inside = |edit: &Edit| range.start < edit.range.end && edit.range.start < range.end;
            if edits[..own].iter().any(inside) {
                return;
            }
            let old = &text[range.clone()];
            let after = &text[range.end..];
            if let Some(new) = self.part(part, old, after)
                && new != old
            {
                edits.push(Edit { range, new });
            }
        });
        edits.sort_by_key(|edit| edit.range.start);
        edits
    }

    /// What stands in place of a part; none where it stays.
    fn part(&self, part: Part, old: &str, after: &str) -> Option<String> {
        Some(match part {
            Part::Address => self.address(old),
            Part::Host => self.host(old),
            Part::Hosts => self.hosts(old),
            Part::Ip => self.ip_text(old, after),
            Part::MaybeName if is_ordinary(old) => return None,
            Part::Name | Part::MaybeName => self.name(old),
            Part::Person => self.person(old),
            Part::People => self.people(old),
            Part::Text => format!("(text {})", self.word(old)),
            Part::Hex => self.key.hex(old),
            Part::Token => self.token(old),
            Part::Encoded => self.encoded(old),
            Part::Dotted => self.dotted(old),
            Part::Word => return self.bare(old),
        })
    }

    fn keeps(&self, name: &str) -> bool {
        self.policy.keeps(name)
    }

    fn note(&self, old: &str, new: &str) {
        if old != new {
            self.replaced.borrow_mut().entry(old.to_lowercase()).or_insert_with(|| new.to_lowercase());
        }
    }

    /// The pseudonym of a name of any kind.
    fn word(&self, name: &str) -> String {
        if let Some(known) = self.words.borrow().get(name) {
            return known.clone();
        }
        let new = self.key.word(name);
        let mut words = self.words.borrow_mut();
        if words.len() < MOST_NAMES {
            words.insert(name.to_owned(), new.clone());
        }
        new
    }

    fn named(&self, name: &str) -> String {
        if kept::is_account(name) || self.keeps(name) {
            return name.to_owned();
        }
        let new = self.word(name);
        self.note(name, &new);
        new
    }

    /// A word that stands alone: replaced if it, or a part of it, is a known name.
    fn bare(&self, word: &str) -> Option<String> {
        let known = |part: &str| self.names.contains(&part.to_lowercase());
        if known(word) {
            return Some(self.named(word));
        }
        if !word.contains(['-', '_', '\'', '’']) {
            return None;
        }
        let mut any = false;
        let new = word
            .split_inclusive(['-', '_', '\'', '’'])
            .map(|piece| {
                let part = piece.trim_end_matches(['-', '_', '\'', '’']);
                if known(part) {
                    any = true;
                    format!("{}{}", self.named(part), &piece[part.len()..])
                } else {
                    piece.to_owned()
                }
            })
            .collect();
        any.then_some(new)
    }

    fn dotted(&self, word: &str) -> String {
        if self.hosts.contains(&word.trim_end_matches('.').to_lowercase()) {
            return self.host(word);
        }
        if self.names.contains(&word.to_lowercase()) {
            return self.named(word);
        }
        let pieces = word.split('.').map(|piece| self.bare(piece).map_or(Cow::Borrowed(piece), Cow::Owned));
        pieces.collect::<Vec<_>>().join(".")
    }

    /// Where a name must stand: an account, an address, a host.
    fn name(&self, text: &str) -> String {
        if text.parse::<IpAddr>().is_ok() {
            return self.ip_text(text, "");
        }
        if scan::at_sign(text).is_some() {
            return self.address(text);
        }
        // What ps cuts short ends in a plus sign.
        let (name, cut) = text.strip_suffix('+').map_or((text, ""), |name| (name, "+"));
        if FOLDERS.contains(&name) {
            return text.to_owned();
        }
        if scan::is_host(name) && !self.names.contains(&name.to_lowercase()) {
            return self.host(text);
        }
        format!("{}{cut}", self.local(name))
    }

    fn address(&self, text: &str) -> String {
        let Some(at) = scan::at_sign(text) else { return self.local(text) };
        let (local, domain) = (&text[..at.start], &text[at.end..]);
        if self.keeps(text) {
            return text.to_owned();
        }
        let domain = match domain.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
            Some(inner) => {
                let (tag, address) = inner.split_at(if inner.to_ascii_lowercase().starts_with("ipv6:") { 5 } else { 0 });
                format!("[{tag}{}]", self.ip_text(address, ""))
            }
            None => self.host(domain),
        };
        let new = format!("{}{}{domain}", self.local(local), &text[at]);
        self.note(text, &new);
        new
    }

    /// A local part: tags, and the addresses that VERP and SRS pack into one, stay apart.
    fn local(&self, local: &str) -> String {
        if let Some(inner) = quoted_inner(local) {
            let quote = &local[..local.find('"').unwrap_or(0) + 1];
            return format!("{quote}{}{quote}", self.local(&unescaped(inner)));
        }
        let mut out = String::with_capacity(local.len() + 8);
        let mut later = false;
        for (piece, is_sign) in pieces(local) {
            if is_sign || is_keyword(piece) && local.len() > piece.len() {
                out.push_str(piece);
            } else if later && scan::is_host(piece) {
                out.push_str(&self.host(piece));
            } else {
                out.push_str(&self.named(piece));
            }
            later = true;
        }
        out
    }

    fn hosts(&self, list: &str) -> String {
        let mut out = String::with_capacity(list.len());
        for piece in list.split_inclusive([',', ' ', '\t']) {
            let bare = piece.trim_end_matches([',', ' ', '\t']);
            let open = bare.len() - bare.trim_start_matches('[').len();
            let end = bare[open..].find([']', ':']).map_or(bare.len(), |at| open + at);
            let name = &bare[open..end];
            let rest = &piece[end..];
            // A variable, a file, a table, or a transport before a next hop.
            let is_name =
                name.starts_with(|c: char| c.is_alphanumeric()) && !bare[end..].starts_with(":/") && !name.contains('/');
            if is_name && name.parse::<IpAddr>().is_err() {
                out.push_str(&bare[..open]);
                out.push_str(&self.host(name));
                out.push_str(rest);
            } else {
                out.push_str(&self.text(None, piece));
            }
        }
        out
    }

    fn ip(&self, ip: IpAddr) -> IpAddr {
        if ip::is_kept(ip) || self.policy.keeps_ip(ip) {
            return ip;
        }
        let mut new = ip;
        // An address that is somebody's own must not become another's pseudonym. In a network that is used up, it may.
        for _ in 0..256 {
            new = ip::pseudonym(&self.key, new);
            if !self.addresses.contains(&new) && !ip::is_kept(new) {
                return new;
            }
        }
        ip::pseudonym(&self.key, ip)
    }

    fn ip_text(&self, text: &str, after: &str) -> String {
        let Ok(ip) = text.parse::<IpAddr>() else { return text.to_owned() };
        let mut new = self.ip(ip);
        // The address of a network stays one.
        let length: Option<u32> =
            after.strip_prefix('/').and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
        if let Some(length) = length {
            new = match (ip, new) {
                (IpAddr::V4(old), IpAddr::V4(new)) if length <= 32 => {
                    let mask = u32::MAX.checked_shr(length).unwrap_or(0);
                    IpAddr::V4((if old.to_bits() & mask == 0 { new.to_bits() & !mask } else { new.to_bits() }).into())
                }
                (IpAddr::V6(old), IpAddr::V6(new)) if length <= 128 => {
                    let mask = u128::MAX.checked_shr(length).unwrap_or(0);
                    IpAddr::V6((if old.to_bits() & mask == 0 { new.to_bits() & !mask } else { new.to_bits() }).into())
                }
                _ => new,
            };
        }
        let new = ip::written_as(new, text);
        self.note(text, &new);
        new
    }

    /// A host or domain name: its top-level domain, and labels that say what a host does, stay.
    fn host(&self, host: &str) -> String {
        let (bare, dot) = host.strip_suffix('.').map_or((host, ""), |bare| (bare, "."));
        let lower = bare.to_lowercase();
        if lower.is_empty() || lower.starts_with('$') || self.keeps(&lower) {
            return host.to_owned();
        }
        if bare.parse::<IpAddr>().is_ok() {
            return format!("{}{dot}", self.ip_text(bare, ""));
        }
        let new = match reverse_zone(&lower) {
            Some(zone) => self.reverse(bare, &lower, zone),
            None => self.labels(bare, &lower),
        };
        self.note(bare, &new);
        // The domain by itself is as telling as the host.
        if let Some((_, domain)) = bare.split_once('.')
            && let Some((_, changed)) = new.split_once('.')
            && domain.contains('.')
        {
            self.note(domain, changed);
        }
        new + dot
    }

    fn labels(&self, bare: &str, lower: &str) -> String {
        // Addresses in names (static.7.2.0.192.isp.example) change as the addresses do.
        let mut embedded = None;
        let text = match EMBEDDED.captures(bare) {
            Some(found) => {
                let octets: Option<Vec<u8>> = (1..=4).map(|group| found[group * 2 - 1].parse().ok()).collect();
                match octets.as_deref() {
                    Some(&[a, b, c, d]) => {
                        let (forward, backward) = (IpAddr::from([a, b, c, d]), IpAddr::from([d, c, b, a]));
                        let backwards = !self.addresses.contains(&forward)
                            && (self.addresses.contains(&backward) || kept::public_domain(lower).is_some());
                        let new = self.ip(if backwards { backward } else { forward });
                        let IpAddr::V4(new) = new else { return bare.to_owned() };
                        let mut octets = new.octets();
                        if backwards {
                            octets.reverse();
                        }
                        let signs = [&found[2], &found[4], &found[6]];
                        embedded = Some(format!(
                            "{}{}{}{}{}{}{}",
                            octets[0], signs[0], octets[1], signs[1], octets[2], signs[2], octets[3]
                        ));
                        let whole = found.get(0).map_or(0..0, |whole| {
                            found.get(1).map_or(0, |first| first.start()).max(whole.start())
                                ..found.get(7).map_or(0, |last| last.end())
                        });
                        format!("{}\u{1}{}", &bare[..whole.start], &bare[whole.end..])
                    }
                    _ => bare.to_owned(),
                }
            }
            None => bare.to_owned(),
        };
        let labels: Vec<&str> = text.split('.').collect();
        let (kept_labels, own) = self.kept_suffix(lower);
        let kept_labels = kept_labels.min(labels.len());
        let changing = labels.len() - kept_labels;
        let mut out: Vec<String> = Vec::with_capacity(labels.len());
        for (at, label) in labels.iter().enumerate() {
            let is_registered = at + 1 == changing && own == Zone::Registry && labels.len() > 1;
            out.push(if at >= changing {
                (*label).to_owned()
            } else if label.contains('\u{1}') {
                let around = label.split('\u{1}').map(|piece| {
                    let core = piece.trim_matches(['-', '_']);
                    if core.is_empty() || kept::is_service(core) {
                        piece.to_owned()
                    } else {
                        piece.replace(core, &self.word(core))
                    }
                });
                around.collect::<Vec<_>>().join("\u{1}")
            } else if own == Zone::Customer {
                self.customer(label)
            } else if !is_registered && (kept::is_service(label) || own == Zone::Provider && !is_telling(label)) {
                (*label).to_owned()
            } else {
                self.label(label)
            });
        }
        let new = out.join(".");
        match embedded {
            Some(address) => new.replace('\u{1}', &address),
            None => new,
        }
    }

    /// One label, of any script.
    fn label(&self, label: &str) -> String {
        if let Some(ascii) = label.get(4..).filter(|_| label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"))) {
            let Some(decoded) = punycode::decode(&ascii.to_ascii_lowercase()) else { return self.word(label) };
            let new = self.label(&decoded);
            return punycode::encode(&new).map_or(new, |coded| format!("xn--{coded}"));
        }
        let word = self.word(label);
        if label.is_ascii() {
            return word;
        }
        // A name that needs more than ASCII still does.
        let accented = |c: char| match c {
            'a' => 'ä',
            'e' => 'é',
            'i' => 'í',
            'o' => 'ö',
            'u' => 'ü',
            other => other,
        };
        word.char_indices().map(|(at, c)| if at == 1 { accented(c.to_ascii_lowercase()) } else { c }).collect()
    }

    /// A customer's label below a filter's domain: `acme-de` is what becomes of `acme.de`.
    fn customer(&self, label: &str) -> String {
        if let Some((stem, top)) = label.rsplit_once('-')
            && kept::is_top_level(top)
        {
            let domain = match stem.rsplit_once('-') {
                Some((stem, registry)) if top.len() == 2 && kept::is_registry(registry) => format!("{stem}.{registry}.{top}"),
                _ => format!("{stem}.{top}"),
            };
            return self.host(&domain).replace('.', "-");
        }
        self.label(label)
    }

    /// How many labels at the end of a host name stay, and whose the others are.
    fn kept_suffix(&self, lower: &str) -> (usize, Zone) {
        let count = |domain: &str| domain.split('.').count();
        if let Some(zone) = kept::customer_zone(lower) {
            return (count(zone), Zone::Customer);
        }
        if let Some(domain) = kept::public_domain(lower) {
            return (count(domain), Zone::Provider);
        }
        // The shortest suffix that is a provider's, so that every label below it is judged.
        let mut starts: Vec<usize> = lower.match_indices('.').map(|(at, _)| at + 1).collect();
        starts.reverse();
        starts.push(0);
        for start in starts {
            let suffix = &lower[start..];
            let of_domain = self.rules.providers.of_domain(suffix).is_some();
            if of_domain || suffix.contains('.') && self.rules.providers.of_host(suffix).is_some() {
                return (count(suffix), Zone::Provider);
            }
        }
        let labels: Vec<&str> = lower.split('.').collect();
        match labels.as_slice() {
            [.., second, top] if labels.len() > 2 && top.len() == 2 && kept::is_registry(second) => (2, Zone::Registry),
            [.., top] if labels.len() > 1 && kept::is_top_level(top) => {
                let is_local =
                    ["local", "localdomain", "lan", "internal", "intern", "home", "localhost", "corp", "private"].contains(top);
                (1, if is_local { Zone::Local } else { Zone::Registry })
            }
            _ => (0, Zone::Local),
        }
    }

    fn reverse(&self, bare: &str, lower: &str, zone: &str) -> String {
        let labels: Vec<&str> = lower[..lower.len() - zone.len()].trim_end_matches('.').split('.').collect();
        let zone = &bare[bare.len() - zone.len()..];
        if lower.ends_with("ip6.arpa") {
            let nibbles: Option<Vec<u32>> =
                labels.iter().map(|label| u32::from_str_radix(label, 16).ok().filter(|n| *n < 16)).collect();
            if let Some(nibbles) = nibbles.filter(|nibbles| nibbles.len() <= 32) {
                let bits = nibbles.iter().rev().fold(0u128, |bits, nibble| bits << 4 | u128::from(*nibble));
                let bits = bits.checked_shl(128 - 4 * nibbles.len() as u32).unwrap_or(0);
                let IpAddr::V6(new) = self.ip(IpAddr::V6(bits.into())) else { return bare.to_owned() };
                let digits: Vec<String> =
                    (0..nibbles.len()).map(|at| format!("{:x}", new.to_bits() >> (124 - 4 * at) & 15)).rev().collect();
                return format!("{}.{zone}", digits.join("."));
            }
        } else {
            let octets: Option<Vec<u8>> = labels.iter().map(|label| label.parse().ok()).collect();
            if let Some(octets) = octets.filter(|octets| octets.len() <= 4) {
                let mut whole = [0; 4];
                whole.iter_mut().zip(octets.iter().rev()).for_each(|(slot, octet)| *slot = *octet);
                let IpAddr::V4(new) = self.ip(IpAddr::from(whole)) else { return bare.to_owned() };
                let digits: Vec<String> = new.octets()[..octets.len()].iter().rev().map(u8::to_string).collect();
                return format!("{}.{zone}", digits.join("."));
            }
        }
        // Delegations below an octet (RFC 2317) have names of their own: 0/26.113.0.203.in-addr.arpa
        let labels: Vec<String> = labels
            .iter()
            .map(|label| if label.parse::<u8>().is_ok() { (*label).to_owned() } else { self.label(label) })
            .collect();
        format!("{}.{zone}", labels.join("."))
    }

    /// A name in words. The authorities that sign certificates are known to everybody.
    fn person(&self, text: &str) -> String {
        if is_authority(text) || self.keeps(text) {
            return text.to_owned();
        }
        let mut edits = Vec::new();
        scan::shapes(text, 0..text.len(), &mut |part, range| {
            let old = &text[range.clone()];
            let new = match part {
                Part::Word | Part::Dotted if old.chars().any(char::is_alphabetic) && old.chars().count() > 1 => {
                    Some(self.named(old))
                }
                other => self.part(other, old, ""),
            };
            if let Some(new) = new {
                edits.push(Edit { range, new });
            }
        });
        apply(text, &edits)
    }

    /// The value of an address header: addresses, and names in words around them.
    fn people(&self, text: &str) -> String {
        self.person(text)
    }

    fn token(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        while out.len() < text.len() {
            out.push_str(&self.word(&format!("{text}{}", out.len())));
        }
        out.truncate(text.len());
        out
    }

    /// Base64 that stands by itself and holds something personal.
    fn blobs(&self, text: &str) -> Vec<Edit> {
        if !text.contains('=') && text.len() < 16 {
            return Vec::new();
        }
        static BLOB: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r#"(?:^|[\s"'<>:;,=(\[])([A-Za-z0-9+/]{8,}={0,2})(?:$|[\s"'<>;,)\]?&])"#).expect("a valid pattern")
        });
        let mut edits = Vec::new();
        for found in BLOB.captures_iter(text) {
            let Some(blob) = found.get(1) else { continue };
            if blob.as_str().len() % 4 != 0 {
                continue;
            }
            let Some(decoded) = STANDARD.decode(blob.as_str()).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
                continue;
            };
            if decoded.chars().any(|c| c.is_control() && !c.is_whitespace()) {
                continue;
            }
            let mut inner = self.text(None, &decoded).into_owned();
            if inner == decoded && self.names.contains(&decoded.to_lowercase()) {
                inner = self.named(&decoded);
            }
            if inner != decoded {
                edits.push(Edit { range: blob.range(), new: STANDARD.encode(inner) });
            }
        }
        edits
    }

    fn encoded(&self, text: &str) -> String {
        let Some(word) = EncodedWord::parse(text) else { return format!("=?utf-8?Q?{}?=", self.word(text)) };
        // What people write in headers is theirs, whole.
        let new = if scan::at_sign(&word.text).is_some() { self.person(&word.text) } else { self.word(&word.text) };
        format!("=?utf-8?B?{}?=", STANDARD.encode(new))
    }

    /// Every original and its pseudonym, in the order of the pseudonyms.
    pub fn reverse_map(&self) -> BTreeMap<String, String> {
        self.replaced.borrow().iter().map(|(old, new)| (new.clone(), old.clone())).collect()
    }

    /// What to look for in output: see [`Check::leaks`].
    pub fn check(&self) -> Check {
        let replaced = self.replaced.borrow();
        let pseudonyms: FxHashSet<&str> = replaced.values().map(String::as_str).collect();
        let telling = |text: &str| {
            let usual = kept::is_vocabulary(text) || kept::is_account(text) || kept::is_service(text);
            text.chars().count() > SHORTEST && !usual && !pseudonyms.contains(text) && !self.keeps(text)
        };
        let known = replaced.iter().map(|(old, new)| (old.clone(), new.clone()));
        let names = self.names.iter().map(|name| (name.clone(), self.word(name)));
        let mut originals: Vec<(String, String)> = known.chain(names).filter(|(old, _)| telling(old)).collect();
        originals.sort_unstable();
        originals.dedup_by(|a, b| a.0 == b.0);
        let complete = originals.len() <= MOST_CHECKED;
        originals.truncate(MOST_CHECKED);
        let search = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(originals.iter().map(|(old, _)| old))
            .ok();
        Check {
            search,
            pseudonyms: originals.into_iter().map(|(_, new)| new).collect(),
            complete: complete && self.knows_all_names(),
        }
    }
}

/// Looks for originals in output.
#[derive(Debug)]
pub struct Check {
    search: Option<AhoCorasick>,
    /// The pseudonyms of what is searched, in the same order.
    pseudonyms: Vec<String>,
    /// Whether it looks for everything that was replaced, and not for the first part of it.
    pub complete: bool,
}

impl Check {
    /// What is personal in `text` and still there, by line.
    pub fn leaks(&self, text: &str) -> Vec<Leak> {
        self.found(text)
            .map(|found| {
                let original = &text[found.range()];
                let start: String = original.chars().take(2).collect();
                Leak {
                    line: 1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..found.start()]).count(),
                    hint: format!("{start}… ({} characters)", original.chars().count()),
                }
            })
            .take(20)
            .collect()
    }

    /// `text` with every original that stands in it, also within longer words, replaced; for the names of files.
    pub fn replaced(&self, text: &str) -> String {
        let edits = self.found(text).map(|found| Edit { range: found.range(), new: self.pseudonyms[found.pattern()].clone() });
        apply(text, &edits.collect::<Vec<_>>())
    }

    fn found<'c, 't: 'c>(&'c self, text: &'t str) -> impl Iterator<Item = aho_corasick::Match> + 'c {
        let joined = |c: char| c.is_alphanumeric();
        let all = self.search.iter().flat_map(move |search| search.find_iter(text));
        all.filter(move |found| {
            let before = text[..found.start()].chars().next_back();
            let mut after = text[found.end()..].chars();
            let next = after.next();
            // A number with dots inside a longer one is another address.
            let sign = text[found.range()].parse::<IpAddr>().ok().map(|ip| if ip.is_ipv4() { '.' } else { ':' });
            let goes_on = next == sign && after.next().is_some_and(|c| c.is_ascii_hexdigit());
            let longer = sign.is_some() && (before == sign || goes_on);
            !before.is_some_and(joined) && !next.is_some_and(joined) && !longer
        })
    }
}

/// Whether a word is one of the language of logs, where a name may stand but need not.
fn is_ordinary(word: &str) -> bool {
    kept::is_vocabulary(&word.to_lowercase())
}

/// Whose the labels before the kept ones are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    /// Below a top-level domain: the first of them is somebody's registered name.
    Registry,
    /// In a network that needs no registry.
    Local,
    /// A provider's own, which name its machines.
    Provider,
    /// A provider's, which name its customers.
    Customer,
}

/// Folders that stand where a user's would.
const FOLDERS: &[&str] = &[
    "html",
    "htdocs",
    "httpdocs",
    "cgi-bin",
    "vhosts",
    "public_html",
    "www",
    "web",
    "default",
    "vmail",
    "virtual",
    "mail",
    "lost+found",
    "clients",
    "users",
    "domains",
    "sites",
    "system",
];

/// Four numbers that may be an address, with the signs between them.
static EMBEDDED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^0-9])(\d{1,3})([-._x])(\d{1,3})([-._x])(\d{1,3})([-._x])(\d{1,3})(?:[^0-9]|$)").expect("a valid pattern")
});

fn is_authority(text: &str) -> bool {
    let known = [
        "let's encrypt",
        "digicert",
        "sectigo",
        "comodo",
        "globalsign",
        "google trust",
        "isrg",
        "internet security research",
        "amazon",
        "geotrust",
        "entrust",
        "zerossl",
        "buypass",
        "t-systems",
        "telekom security",
        "actalis",
        "certum",
        "swisssign",
        "godaddy",
        "starfield",
        "verisign",
        "thawte",
        "rapidssl",
        "usertrust",
        "microsoft",
        "cloudflare",
        "quovadis",
        "ssl.com",
        "google llc",
    ];
    let lower = text.to_lowercase();
    let is_series = lower.len() <= 4
        && lower.starts_with(['r', 'e', 'x', 'w'])
        && lower[1..].bytes().all(|byte| byte.is_ascii_alphanumeric());
    lower.len() == 2 || is_series || known.iter().any(|name| lower.contains(name)) || lower.contains("snakeoil")
}

/// Labels that name a customer or carry an address: many digits, or a long hexadecimal number.
fn is_telling(label: &str) -> bool {
    let digits = label.bytes().filter(u8::is_ascii_digit).count();
    digits > 4 || label.len() > 20 || (label.len() >= 8 && digits > 1 && label.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn reverse_zone(lower: &str) -> Option<&'static str> {
    ["in-addr.arpa", "ip6.arpa"].into_iter().find(|zone| lower.len() > zone.len() && kept::is_below(lower, zone))
}

/// What stands before `=` in a log, and what VERP, SRS and BATV put before the address they pack.
fn is_keyword(piece: &str) -> bool {
    let known = [
        "to",
        "from",
        "orig_to",
        "user",
        "username",
        "sasl_username",
        "rcpt",
        "sender",
        "recipient",
        "mailto",
        "login",
        "srs0",
        "srs1",
        "prvs",
        "msprvs1",
        "btv1",
        "bounce",
        "bounces",
        "return",
        "verp",
        "address",
        "email",
        "mail",
        "mailfrom",
        "d",
        "i",
        "s",
        "b",
        "ruser",
        "acct",
        "owner",
        "request",
        "unsubscribe",
        "subscribe",
        "http",
        "https",
        "helo",
        "uid",
    ];
    known.contains(&piece.to_ascii_lowercase().as_str())
}

/// A local part taken apart at the signs that divide it; the signs are told from the names.
fn pieces(local: &str) -> impl Iterator<Item = (&str, bool)> {
    static SIGNS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)=3D|=2B|=40|%40|%2B|%3D|[+=%!|/{}#&*?^~]").expect("a valid pattern"));
    let mut list = Vec::new();
    let mut at = 0;
    for sign in SIGNS.find_iter(local) {
        if sign.start() > at {
            list.push((&local[at..sign.start()], false));
        }
        list.push((sign.as_str(), true));
        at = sign.end();
    }
    if at < local.len() {
        list.push((&local[at..], false));
    }
    list.into_iter()
}

/// What stands between the quotes of a quoted local part; the quotes may be escaped themselves.
fn quoted_inner(local: &str) -> Option<&str> {
    let quote = if local.starts_with("\\\"") { "\\\"" } else { "\"" };
    local.strip_prefix(quote)?.strip_suffix(quote)
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            other => out.push(other),
        }
    }
    out
}

fn unquoted(local: &str) -> Cow<'_, str> {
    quoted_inner(local).map_or(Cow::Borrowed(local), |inner| Cow::Owned(unescaped(inner)))
}

/// An encoded word of a header, decoded (RFC 2047). Charsets other than UTF-8 are read as Latin-1.
struct EncodedWord {
    text: String,
}

impl EncodedWord {
    fn parse(word: &str) -> Option<EncodedWord> {
        let mut parts = word.strip_prefix("=?")?.strip_suffix("?=")?.splitn(3, '?');
        let (_, encoding, text) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = if encoding.eq_ignore_ascii_case("b") {
            let padded = format!("{}{}", text.trim_end_matches('='), &"==="[..(4 - text.trim_end_matches('=').len() % 4) % 4]);
            STANDARD.decode(padded).ok()?
        } else {
            let mut bytes = Vec::with_capacity(text.len());
            let mut rest = text.as_bytes();
            while let Some((first, after)) = rest.split_first() {
                rest = after;
                match first {
                    b'_' => bytes.push(b' '),
                    b'=' => {
                        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok())?;
                        bytes.push(u8::from_str_radix(digits, 16).ok()?);
                        rest = &after[2..];
                    }
                    other => bytes.push(*other),
                }
            }
            bytes
        };
        let text = String::from_utf8(bytes).unwrap_or_else(|error| error.as_bytes().iter().map(|byte| *byte as char).collect());
        Some(EncodedWord { text })
    }
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut out = String::with_capacity(text.len() + 16 * edits.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(&text[at..edit.range.start]);
        out.push_str(&edit.new);
        at = edit.range.end;
    }
    out.push_str(&text[at..]);
    out
}

#[cfg(test)]
mod tests;
