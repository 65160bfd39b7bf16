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
mod check;
mod coded;
mod contexts;
mod fields;
mod hosts;
mod ip;
mod json;
mod kept;
mod learn;
mod letter;
mod message;
mod names;
mod ordinary;
mod ours;
mod part;
mod path;
mod policy;
mod pseudonym;
mod punycode;
mod records;
mod report;
mod scan;
mod shapes;

pub use bundle::{Rewritten, rewrite};
pub use check::{Check, Leak};
pub use policy::{Policy, PolicyError};
pub use pseudonym::{Key, OwnersFile};
pub use report::{learn_report, redact_inventory, redact_report, remove_secrets};

use crate::diagnose::words::visible;
use crate::evidence::secrets::HIDDEN;
use crate::rules::RuleSet;
use crate::sieve::Sieve;
use learn::Known;
use ordinary::Ordinary;
use ours::Ours;
use part::Part;
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Names that are looked for where they stand alone, at most; addresses and hosts are found without being known.
const MOST_NAMES: usize = 1_000_000;
/// A name shorter than this is replaced only where a name must stand.
const SHORTEST: usize = 3;

/// Replaces what is personal.
#[derive(Debug)]
pub struct Redactor<'r> {
    key: Key,
    policy: Arc<Policy>,
    rules: &'r RuleSet,
    ordinary: Arc<Ordinary>,
    known: Arc<Known>,
    /// Pseudonyms of a run before with the same key, which stay.
    ours: Arc<Ours>,
    /// Pseudonyms of this run, if there may be another with the same key.
    made: RefCell<Ours>,
    /// What was replaced, in lower case, and by what; at most [`MOST_NAMES`].
    replaced: RefCell<FxHashMap<String, String>>,
    /// Parts that were seen before and what stands in their place: logs say the same names over and over.
    parts: RefCell<Remembered<Option<String>>>,
    /// Parts that were learnt before.
    learnt: Remembered<()>,
    /// Tells what may stand around a name.
    sieve: Sieve,
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
        let known = Known::of(policy.also.iter().map(|word| word.to_lowercase()));
        Redactor {
            key,
            policy: Arc::new(policy),
            rules,
            ordinary: Arc::new(Ordinary::of(rules)),
            known: Arc::new(known),
            ours: Arc::default(),
            made: RefCell::default(),
            replaced: RefCell::default(),
            parts: RefCell::default(),
            learnt: Remembered::default(),
            sieve: Sieve::default(),
        }
    }

    /// One that knows the same, for another thread.
    fn another(&self) -> Redactor<'r> {
        Redactor {
            key: self.key.clone(),
            policy: Arc::clone(&self.policy),
            rules: self.rules,
            ordinary: Arc::clone(&self.ordinary),
            known: Arc::clone(&self.known),
            ours: Arc::clone(&self.ours),
            made: RefCell::default(),
            replaced: RefCell::default(),
            parts: RefCell::default(),
            learnt: Remembered::default(),
            sieve: Sieve::default(),
        }
    }

    /// Takes in what another learnt and replaced.
    fn join(&mut self, other: Redactor<'r>) {
        let replaced = self.replaced.get_mut();
        let room = MOST_NAMES.saturating_sub(replaced.len());
        replaced.extend(other.replaced.into_inner().into_iter().take(room));
        self.made.get_mut().join(other.made.into_inner());
        if !Arc::ptr_eq(&self.known, &other.known) {
            Arc::make_mut(&mut self.known).join(Arc::unwrap_or_clone(other.known));
        }
    }

    /// `text` with pseudonyms, a line of a file of this kind of evidence or any other text.
    pub fn text<'t>(&self, kind: Option<&str>, text: &'t str) -> Cow<'t, str> {
        if let Some(json) = self.json(kind, text) {
            return Cow::Owned(json);
        }
        let edits = match self.fields(kind, text) {
            Some(fields) => self.edits_of(text, fields),
            None => self.edits(kind, text),
        };
        if edits.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(apply(text, &edits)) }
    }

    /// The parts of a line of Postfix's log, if it can be looked through field by field.
    fn fields(&self, kind: Option<&str>, text: &str) -> Option<Vec<(Part, Range<usize>)>> {
        // What a user looks for may reach over several fields.
        let may = kind.is_none_or(|kind| kind == "maillog") && !self.policy.has_patterns();
        if may { fields::of(text) } else { None }
    }

    fn edits_of(&self, text: &str, parts: Vec<(Part, Range<usize>)>) -> Vec<Edit> {
        let edits = parts.into_iter().filter_map(|(part, range)| {
            let old = &text[range.clone()];
            let new = self.part(part, old, "")?;
            (new != old).then_some(Edit { range, new })
        });
        edits.collect()
    }

    /// As [`Redactor::text`], and where the marked characters stand afterwards.
    pub fn marked(&self, kind: Option<&str>, text: &str, mark: Option<(usize, usize)>) -> (String, Option<(usize, usize)>) {
        if let Some(new) = self.json(kind, text) {
            // What was marked is looked for: a value by itself tells not where it stands.
            let marked = mark.map(|(from, to)| text.chars().skip(from).take(to - from).collect::<String>());
            let at = marked.as_ref().and_then(|marked| new.find(marked.as_str())).map(|at| new[..at].chars().count());
            let mark = at.zip(marked).map(|(at, marked)| (at, at + marked.chars().count()));
            return (new, mark);
        }
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

    fn edits(&self, kind: Option<&str>, text: &str) -> Vec<Edit> {
        let mut edits: Vec<Edit> = Vec::new();
        for (range, new) in self.policy.own(text) {
            let new = new.unwrap_or_else(|| self.word(&text[range.clone()]));
            edits.push(Edit { range, new });
        }
        edits.extend(self.blobs(text));
        for edit in self.codes(text) {
            if edits.iter().all(|other| other.range.end <= edit.range.start || edit.range.end <= other.range.start) {
                edits.push(edit);
            }
        }
        let own = edits.len();
        scan::parts(&self.sieve, kind, text, &mut |part, range| {
            let inside = |edit: &Edit| range.start < edit.range.end && edit.range.start < range.end;
            if edits[..own].iter().any(inside) {
                return;
            }
            let old = &text[range.clone()];
            let after = &text[range.end..];
            let goes_on = || part == Part::Word && (self.is_rest_of_name(text, &range, &edits) || self.is_of_url(text, &range));
            let new = self.part(part, old, after).or_else(|| goes_on().then(|| self.named(old)));
            if let Some(new) = new
                && new != old
            {
                edits.push(Edit { range, new });
            }
        });
        edits.sort_by_key(|edit| edit.range.start);
        edits
    }

    /// Whether a word goes on with the name that was replaced before it: `Maria Krautwurst`, of which one is known.
    fn is_rest_of_name(&self, text: &str, range: &Range<usize>, edits: &[Edit]) -> bool {
        let capital = |word: &str| word.starts_with(char::is_uppercase) && word.chars().nth(1).is_some_and(char::is_lowercase);
        let old = &text[range.clone()];
        if !capital(old) || old.chars().count() < SHORTEST || self.ordinary.is_word(old) {
            return false;
        }
        let before = edits.last().filter(|edit| edit.range.end + 1 == range.start && text.as_bytes()[edit.range.end] == b' ');
        before.is_some_and(|edit| {
            let name = &text[edit.range.clone()];
            capital(name) && name.chars().all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’'))
        })
    }

    /// Whether a word stands behind the host of a URL that is nobody's but the owner's: https://portal.acme.de/u/maria
    fn is_of_url(&self, text: &str, range: &Range<usize>) -> bool {
        let bytes = text.as_bytes();
        if range.start == 0 || !matches!(bytes[range.start - 1], b'/' | b'=' | b'&' | b'?' | b'~') {
            return false;
        }
        let old = &text[range.clone()];
        let letters = old.chars().filter(|c| c.is_alphabetic()).count();
        if letters < SHORTEST || old.split(['-', '_']).all(|part| part.len() < SHORTEST || self.ordinary.is_word(part)) {
            return false;
        }
        let start = bytes[..range.start].iter().rposition(|byte| byte.is_ascii_whitespace() || b"\"'<>".contains(byte));
        let url = &text[start.map_or(0, |at| at + 1)..range.start];
        let host = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(host, _)| host);
        host.and_then(|host| host.split(':').next()).is_some_and(|host| shapes::is_host(host) && self.host(host) != host)
    }

    /// What stands in place of a part; none where it stays.
    fn part(&self, part: Part, old: &str, after: &str) -> Option<String> {
        // Ordinary words come to nothing faster than they are looked up, and the length of a network matters.
        if part == Part::Word || part == Part::Ip && after.trim_start_matches(']').starts_with('/') {
            return self.part_anew(part, old, after);
        }
        if let Some(known) = self.parts.borrow_mut().get(part, old) {
            return known.clone();
        }
        let new = self.part_anew(part, old, after);
        self.parts.borrow_mut().put(part, old, new.clone());
        new
    }

    fn part_anew(&self, part: Part, old: &str, after: &str) -> Option<String> {
        Some(match part {
            Part::Field => apply(old, &self.edits(Some(contexts::LOG_FIELD), old)),
            Part::Address => self.address(old),
            Part::Host if !old.contains('.') && self.ordinary.is_word(old) => return None,
            Part::Host => self.host(old),
            Part::Hosts => self.hosts(old),
            Part::Ip => self.ip_text(old, after),
            Part::MaybeName if self.ordinary.is_word(old) => return None,
            Part::Name | Part::MaybeName if is_placeholder(old) => return None,
            Part::Name | Part::MaybeName => self.name(old),
            Part::Person | Part::People => self.person(old),
            Part::MaybePerson => self.persons_in(old),
            Part::File => self.file_name(old),
            Part::Form => self.form(old),
            Part::Strings => self.strings(old),
            Part::Pairs => self.pairs(old),
            Part::Text => match old.strip_prefix("(text ").and_then(|old| old.strip_suffix(')')) {
                Some(word) if self.ours.has_name(word) => return None,
                _ => format!("(text {})", self.word(old)),
            },
            Part::Hex => self.made_of(old, Key::hex),
            Part::Digits => self.made_of(old, Key::digits),
            Part::Names => self.names(old),
            Part::Token => self.token(old),
            Part::Encoded => self.encoded(old),
            Part::Dotted => self.dotted(old),
            Part::Word => return self.bare(old),
        })
    }

    /// Leaves what `list` says to be pseudonyms as it is, if it was signed with the key of this run: it comes from a bundle
    /// that was redacted before.
    pub fn trust(&mut self, list: &str) {
        if let Some(ours) = Ours::read(list, &self.key) {
            // What was one stays one, for the time after this run.
            self.made.get_mut().join(ours.clone());
            Arc::make_mut(&mut self.ours).join(ours);
        }
    }

    /// What `make` makes of a name; a pseudonym stays.
    fn made_of(&self, name: &str, make: impl Fn(&Key, &str) -> String) -> String {
        if self.ours.has_name(name) {
            return name.to_owned();
        }
        let new = make(&self.key, name);
        self.made(&new);
        new
    }

    fn made(&self, new: &str) {
        if self.key.lasts() {
            self.made.borrow_mut().add_name(new, MOST_NAMES);
        }
    }

    fn keeps(&self, name: &str) -> bool {
        self.policy.keeps(name)
    }

    fn note(&self, old: &str, new: &str) {
        let mut replaced = self.replaced.borrow_mut();
        if old != new && replaced.len() < MOST_NAMES {
            // A report shows what would do something to a terminal as a code.
            if old.bytes().any(|byte| !byte.is_ascii_graphic()) {
                replaced.insert(visible(old).to_lowercase(), new.to_lowercase());
            }
            replaced.entry(old.to_lowercase()).or_insert_with(|| new.to_lowercase());
        }
    }

    /// Every original and its pseudonym, in the order of the pseudonyms.
    pub fn reverse_map(&self) -> BTreeMap<String, String> {
        self.replaced.borrow().iter().map(|(old, new)| (new.clone(), old.clone())).collect()
    }
}

/// Whether it stands where a name would, and is none: a pattern, a variable, or what became of a secret.
fn is_placeholder(text: &str) -> bool {
    let is_variable = text.starts_with('$') || text.starts_with('%') && (text.len() == 2 || text.starts_with("%{"));
    text == HIDDEN || is_variable || !text.chars().any(char::is_alphanumeric)
}

/// What is remembered of parts of lines: a bounded number of them, the latest ones.
#[derive(Debug, Clone)]
struct Remembered<V> {
    map: FxHashMap<String, V>,
    /// Bytes of the parts in it.
    size: usize,
    /// The part that is looked for; here, so that a look needs no memory.
    key: String,
}

impl<V> Default for Remembered<V> {
    fn default() -> Self {
        Remembered { map: FxHashMap::default(), size: 0, key: String::new() }
    }
}

impl<V> Remembered<V> {
    const MOST: usize = 1 << 16;
    /// Bytes that they may have together.
    const ROOM: usize = 8 << 20;
    /// Bytes that one may have: a long refusal of a provider's stands in a log again and again.
    const LONGEST: usize = 2 << 10;

    fn key(&mut self, part: Part, text: &str) -> &str {
        self.key.clear();
        self.key.push(char::from(part as u8));
        self.key.push_str(text);
        &self.key
    }

    fn get(&mut self, part: Part, text: &str) -> Option<&V> {
        self.key(part, text);
        self.map.get(&self.key)
    }

    fn clear(&mut self) {
        self.map.clear();
        self.size = 0;
    }

    fn put(&mut self, part: Part, text: &str, value: V) {
        if text.len() > Self::LONGEST {
            return;
        }
        if self.map.len() >= Self::MOST || self.size > Self::ROOM {
            self.clear();
        }
        let key = self.key(part, text).to_owned();
        self.size += key.len();
        self.map.insert(key, value);
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
