//! The search afterwards for everything that was replaced, and for every name that was learnt.

use super::learn::looks_like_queue_id;
use super::names::is_folder;
use super::{Edit, Redactor, SHORTEST, apply, kept};
use rustc_hash::{FxHashMap, FxHashSet};
use std::net::IpAddr;
use std::ops::Range;

/// Looks for originals in output.
#[derive(Debug)]
pub struct Check {
    /// What must not stand in output, in lower case, and what stands for it.
    originals: FxHashMap<Box<str>, Box<str>>,
    /// By the first word of originals, in lower case: where it begins in them and how long they are, the longest first.
    by_word: FxHashMap<Box<str>, Vec<(u32, u32)>>,
    /// Whether it looks for everything that was replaced: beyond a million names, those that stand alone are missed.
    pub complete: bool,
}

/// Something personal that is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Line of the output, from 1.
    pub line: usize,
    /// Its beginning and length, which tell what it is to who knows it.
    pub hint: String,
}

impl Redactor<'_> {
    /// A text with pseudonyms in which names are shown with codes for their control characters, so that no shape gives them away.
    pub(super) fn around(&self, known: &Check, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for (range, new) in known.found(text) {
            out.push_str(&self.text(None, &text[at..range.start]));
            out.push_str(new);
            at = range.end;
        }
        out + &self.text(None, &text[at..])
    }

    /// What to look for in output: see [`Check::leaks`].
    pub fn check(&self) -> Check {
        let replaced = self.replaced.borrow();
        let pseudonyms: FxHashSet<&str> = replaced.values().map(String::as_str).collect();
        let telling = |text: &str| {
            let usual = self.ordinary.is_word(text) || kept::is_account(text) || kept::is_service(text) || is_folder(text);
            // A message id may begin with the queue id, which is no name.
            let is_hexadecimal = text.len() >= 6
                && text.bytes().all(|byte| byte.is_ascii_hexdigit())
                && text.bytes().any(|byte| byte.is_ascii_digit());
            let is_queue_id = is_hexadecimal || looks_like_queue_id(text);
            // Nor is a year.
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            text.chars().count() > SHORTEST
                && !usual
                && !is_queue_id
                && !is_number
                && !pseudonyms.contains(text)
                && !self.keeps(text)
                && !self.ours.has_name(text)
        };
        let known = replaced.iter().map(|(old, new)| (old.clone(), new.clone()));
        let names = self.known.names.iter().map(|name| (name.clone(), self.pseudonym(name)));
        let mut originals: Vec<(String, String)> = known.chain(names).filter(|(old, new)| old != new && telling(old)).collect();
        originals.sort_unstable();
        originals.dedup_by(|a, b| a.0 == b.0);
        Check::new(originals, self.knows_all_names())
    }
}

impl Check {
    fn new(list: Vec<(String, String)>, complete: bool) -> Check {
        let mut by_word: FxHashMap<Box<str>, Vec<(u32, u32)>> = FxHashMap::default();
        let mut originals: FxHashMap<Box<str>, Box<str>> = FxHashMap::default();
        for (text, new) in list {
            let Some(word) = words(&text).next() else { continue };
            let shape = (word.start as u32, text.len() as u32);
            match by_word.get_mut(&text[word.clone()]) {
                Some(shapes) if shapes.contains(&shape) => {}
                Some(shapes) => shapes.push(shape),
                None => {
                    by_word.insert(text[word].into(), vec![shape]);
                }
            }
            originals.insert(text.into(), new.into());
        }
        by_word.values_mut().for_each(|shapes| shapes.sort_by_key(|(_, length)| std::cmp::Reverse(*length)));
        Check { originals, by_word, complete }
    }

    /// What is personal in `text` and still there, by line.
    pub fn leaks(&self, text: &str) -> Vec<Leak> {
        self.found(text)
            .into_iter()
            .map(|(range, _)| {
                let original = &text[range.clone()];
                let start: String = original.chars().take(2).collect();
                Leak {
                    line: 1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..range.start]).count(),
                    hint: format!("{start}… ({} characters)", original.chars().count()),
                }
            })
            .take(20)
            .collect()
    }

    /// Whether nothing personal is in `text`.
    pub fn is_clean(&self, text: &str) -> bool {
        self.found(text).is_empty()
    }

    /// `text` with every original that stands in it replaced.
    pub fn replaced(&self, text: &str) -> String {
        let edits = self.found(text).into_iter().map(|(range, new)| Edit { range, new: new.to_owned() });
        apply(text, &edits.collect::<Vec<_>>())
    }

    /// The originals in `text`, which stand there as whole words in any case, in order, and what stands for them.
    fn found<'c>(&'c self, text: &str) -> Vec<(Range<usize>, &'c str)> {
        let lower = Lower::of(text);
        let mut list: Vec<(Range<usize>, &str)> = Vec::new();
        let mut end = 0;
        for word in words(&lower.text) {
            let Some(shapes) = self.by_word.get(&lower.text[word.clone()]) else { continue };
            let hit = shapes.iter().find_map(|(offset, length)| {
                let start = word.start.checked_sub(*offset as usize).filter(|start| *start >= end)?;
                let range = start..start + *length as usize;
                let (original, new) = self.originals.get_key_value(lower.text.get(range.clone())?)?;
                stands_alone(&lower.text, &range, original).then_some((range, &**new))
            });
            if let Some((range, new)) = hit {
                end = range.end;
                list.push((lower.place(range.start)..lower.place(range.end), new));
            }
        }
        list
    }
}

/// Whether the original at `range` is no part of a longer word, nor of a longer number with dots or colons: another address.
fn stands_alone(text: &str, range: &Range<usize>, original: &str) -> bool {
    let before = text[..range.start].chars().next_back();
    let mut after = text[range.end..].chars();
    let next = after.next();
    let joined = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    if joined(before) || joined(next) {
        return false;
    }
    let sign = original.parse::<IpAddr>().ok().map(|ip| if ip.is_ipv4() { '.' } else { ':' });
    let goes_on = next == sign && after.next().is_some_and(|c| c.is_ascii_hexdigit());
    sign.is_none() || before != sign && !goes_on
}

/// A text in lower case, and where its bytes stood.
struct Lower {
    text: String,
    /// The place of each byte, and of the end; none where nothing moved.
    places: Option<Vec<usize>>,
}

impl Lower {
    fn of(text: &str) -> Lower {
        if text.is_ascii() {
            return Lower { text: text.to_ascii_lowercase(), places: None };
        }
        let mut lower = String::with_capacity(text.len());
        let mut places = Vec::with_capacity(text.len() + 1);
        for (at, c) in text.char_indices() {
            lower.extend(c.to_lowercase());
            places.resize(lower.len(), at);
        }
        places.push(text.len());
        Lower { text: lower, places: Some(places) }
    }

    fn place(&self, at: usize) -> usize {
        self.places.as_ref().map_or(at, |places| places[at])
    }
}

/// The runs of letters and digits in a text.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = &text[at..];
        let start = at + rest.find(char::is_alphanumeric)?;
        let end = text[start..].find(|c: char| !c.is_alphanumeric()).map_or(text.len(), |length| start + length);
        at = end;
        Some(start..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn originals_are_found_as_whole_words_in_any_case() {
        let list = [
            ("ötti", "a"),
            ("kraut@werke.de", "b@c.de"),
            ("\"ö k\"@werke.de", "d"),
            ("192.0.2.1", "192.0.2.9"),
            ("werke.de", "c.de"),
        ];
        let check = Check::new(list.map(|(old, new)| (old.to_owned(), new.to_owned())).into(), true);
        for (text, new) in [
            ("ÖTTI, ottikar, xötti", "a, ottikar, xötti"),
            ("KRAUT@Werke.de.", "b@c.de."),
            ("x<\"Ö K\"@werke.de>", "x<d>"),
            ("192.0.2.1 192.0.2.11 1.192.0.2.1 192.0.2.1.", "192.0.2.9 192.0.2.11 1.192.0.2.1 192.0.2.9."),
            ("mail.werke.de", "mail.c.de"),
        ] {
            assert_eq!(check.replaced(text), new);
        }
        assert_eq!(check.leaks("a\n\nmail WERKE.de"), [Leak { line: 3, hint: "WE… (8 characters)".to_owned() }]);
        assert!(check.is_clean("werkede 192.0.2.100"));
    }
}
