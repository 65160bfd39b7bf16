//! The search afterwards for everything that was replaced, and for every name that was learnt.

use super::names::is_folder;
use super::{Edit, Redactor, SHORTEST, apply, kept};
use rustc_hash::{FxHashMap, FxHashSet};
use std::net::IpAddr;
use std::ops::Range;

/// Looks for originals in output.
#[derive(Debug)]
pub struct Check {
    originals: Vec<Original>,
    /// The originals by their first word, in lower case; the longest first.
    by_word: FxHashMap<Box<str>, Vec<u32>>,
    /// Whether it looks for everything that was replaced: beyond a million names, those that stand alone are missed.
    pub complete: bool,
}

/// What must not stand in output, in lower case.
#[derive(Debug)]
struct Original {
    text: Box<str>,
    /// Where its first word begins.
    word: usize,
    new: Box<str>,
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
    /// What to look for in output: see [`Check::leaks`].
    pub fn check(&self) -> Check {
        let replaced = self.replaced.borrow();
        let pseudonyms: FxHashSet<&str> = replaced.values().map(String::as_str).collect();
        let telling = |text: &str| {
            let usual = kept::is_vocabulary(text) || kept::is_account(text) || kept::is_service(text) || is_folder(text);
            // A message id may begin with the queue id, which is no name.
            let is_queue_id = text.len() >= 6
                && text.bytes().all(|byte| byte.is_ascii_hexdigit())
                && text.bytes().any(|byte| byte.is_ascii_digit());
            // Nor is a year.
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            text.chars().count() > SHORTEST
                && !usual
                && !is_queue_id
                && !is_number
                && !pseudonyms.contains(text)
                && !self.keeps(text)
        };
        let known = replaced.iter().map(|(old, new)| (old.clone(), new.clone()));
        let names = self.known.names.iter().map(|name| (name.clone(), self.pseudonym(name)));
        let mut originals: Vec<(String, String)> = known.chain(names).filter(|(old, _)| telling(old)).collect();
        originals.sort_unstable();
        originals.dedup_by(|a, b| a.0 == b.0);
        Check::new(originals, self.knows_all_names())
    }
}

impl Check {
    fn new(list: Vec<(String, String)>, complete: bool) -> Check {
        let mut by_word: FxHashMap<Box<str>, Vec<u32>> = FxHashMap::default();
        let mut originals: Vec<Original> = Vec::with_capacity(list.len());
        for (text, new) in list {
            let Some(word) = words(&text).next() else { continue };
            by_word.entry(text[word.clone()].into()).or_default().push(originals.len() as u32);
            originals.push(Original { word: word.start, text: text.into(), new: new.into() });
        }
        for list in by_word.values_mut() {
            list.sort_by_key(|at| std::cmp::Reverse(originals[*at as usize].text.len()));
        }
        Check { originals, by_word, complete }
    }

    /// What is personal in `text` and still there, by line.
    pub fn leaks(&self, text: &str) -> Vec<Leak> {
        self.found(text)
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
        self.found(text).next().is_none()
    }

    /// `text` with every original that stands in it replaced.
    pub fn replaced(&self, text: &str) -> String {
        let edits = self.found(text).map(|(range, original)| Edit { range, new: original.new.to_string() });
        apply(text, &edits.collect::<Vec<_>>())
    }

    /// The originals in `text`, which stand there as whole words in any case, in order.
    fn found<'c>(&'c self, text: &'c str) -> impl Iterator<Item = (Range<usize>, &'c Original)> {
        let mut end = 0;
        let mut lower = String::new();
        words(text).filter_map(move |word| {
            lower.clear();
            lower.extend(text[word.clone()].chars().flat_map(char::to_lowercase));
            let list = self.by_word.get(lower.as_str())?;
            let (range, original) = list.iter().find_map(|at| {
                let original = &self.originals[*at as usize];
                let start = word.start.checked_sub(original.word).filter(|start| *start >= end)?;
                Some((self.matches(text, start, original)?, original))
            })?;
            end = range.end;
            Some((range, original))
        })
    }

    fn matches(&self, text: &str, start: usize, original: &Original) -> Option<Range<usize>> {
        let mut wanted = original.text.chars();
        let mut at = start;
        while !wanted.as_str().is_empty() {
            let c = text.get(at..)?.chars().next()?;
            at += c.len_utf8();
            if !c.to_lowercase().all(|lower| wanted.next() == Some(lower)) {
                return None;
            }
        }
        let before = text[..start].chars().next_back();
        let mut after = text[at..].chars();
        let next = after.next();
        let joined = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        // A number with dots inside a longer one is another address.
        let sign = original.text.parse::<IpAddr>().ok().map(|ip| if ip.is_ipv4() { '.' } else { ':' });
        let goes_on = next == sign && after.next().is_some_and(|c| c.is_ascii_hexdigit());
        let longer = sign.is_some() && (before == sign || goes_on);
        (!joined(before) && !joined(next) && !longer).then_some(start..at)
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
