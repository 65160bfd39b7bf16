//! Cited lines: records know where they stand, and only the few lines that a report shows are read again.

use super::view::Citation;
use crate::bundle::Bundle;
use crate::diagnose::words::visible;
use crate::evidence::Evidence;
use crate::evidence::maillog::lines::RawLines;
use crate::evidence::secrets::{SecretFinder, SecretRemover};
use crate::tables;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// Longest citation, in characters, unless what matters in it is longer.
const LONGEST: usize = 400;
/// What matters is shown whole up to this many characters.
const WHOLE: usize = 1200;

/// The cited lines of one report: first notes which are wanted, then holds their texts.
#[derive(Debug)]
pub struct Lines {
    paths: Vec<String>,
    texts: BTreeMap<tables::Citation, String>,
    wanted: RefCell<BTreeSet<tables::Citation>>,
    secrets: SecretFinder,
}

impl Lines {
    /// No texts yet; every citation is noted.
    pub fn new(evidence: &Evidence) -> Lines {
        Lines {
            paths: evidence.sources.iter().map(|source| visible(&source.path)).collect(),
            texts: BTreeMap::new(),
            wanted: RefCell::default(),
            secrets: evidence.secrets.clone(),
        }
    }

    /// A citation of the line at `place`, with the part `matched` of it marked.
    pub fn cite(&self, place: tables::Citation, matched: Option<&str>) -> Option<Citation> {
        self.cite_any(place, &matched.map(str::to_owned).into_iter().collect::<Vec<_>>())
    }

    /// The same with the first of `matched` marked that stands in the line.
    pub fn cite_any(&self, place: tables::Citation, matched: &[String]) -> Option<Citation> {
        let file = self.paths.get(place.file as usize)?.clone();
        let text = match self.texts.get(&place) {
            Some(text) => text.clone(),
            None => {
                self.wanted.borrow_mut().insert(place);
                String::new()
            }
        };
        let (text, matched) = cut(&self.secrets.without_secrets(&text).0, matched);
        Some(Citation { file, line: place.line, text, matched })
    }

    /// Reads the texts of all lines that were asked for.
    pub fn fetch(&mut self, bundle: &Bundle, evidence: &Evidence) {
        let sources = &evidence.sources;
        let mut by_file: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for place in self.wanted.take() {
            if let Some(line) = evidence.tables.lines.get(&place) {
                self.texts.insert(place, line.trim().to_owned());
                continue;
            }
            by_file.entry(place.file).or_default().insert(place.line);
        }
        for (file, mut lines) in by_file {
            let Some(source) = sources.get(file as usize) else { continue };
            let Some(content) = source.bundle_file.and_then(|at| bundle.files.get(at)) else { continue };
            // A file that changed since it was read gives other lines or none; there is nothing better to show.
            while let Some(next) = lines.first().copied() {
                let after = source.marks.partition_point(|(line, _)| *line <= next);
                let mark = after.checked_sub(1).map(|at| source.marks[at]);
                let middle = mark.and_then(|(line, offset)| Some((line, content.open_at(offset).ok()??)));
                let whole = middle.is_none();
                let Some((first, reader)) = middle.or_else(|| Some((1, content.open().ok()?))) else { break };
                // Lines up to the next mark are near; what lies further is gone to directly.
                let near = source.marks.get(after).map_or(u32::MAX, |(line, _)| line - 1);
                let mut raw = RawLines::new(reader, first, bundle.limits.line);
                // A secret may reach over several lines.
                let mut remover = (!source.secrets.is_empty()).then(|| SecretRemover::for_file(&source.path, &self.secrets));
                while let Ok(Some(line)) = raw.next_line() {
                    let hidden =
                        remover.as_mut().map(|remover| remover.line(&String::from_utf8_lossy(line.bytes)).0.into_owned());
                    if lines.remove(&line.number) {
                        let text = hidden.unwrap_or_else(|| String::from_utf8_lossy(line.bytes).into_owned());
                        let text = text.trim().to_owned();
                        self.texts.insert(tables::Citation { file, line: line.number }, text);
                    }
                    if !lines.first().is_some_and(|next| whole || *next <= near) {
                        break;
                    }
                }
                // A line that the file does not have (any more).
                lines.remove(&next);
                if whole {
                    break;
                }
            }
        }
    }
}

/// Cuts a line to [`LONGEST`] characters around the matched part, which is returned as a range of characters.
fn cut(text: &str, matched: &[String]) -> (String, Option<(usize, usize)>) {
    let matched = || matched.iter().filter(|matched| !matched.is_empty());
    let found: Vec<(bool, (usize, usize))> = matched().filter_map(|matched| find(text, matched)).collect();
    let found = found.iter().find(|(whole, _)| *whole).or(found.first()).map(|(_, range)| *range);
    let whole = found.map_or(0, |(start, end)| (end - start + 40).min(WHOLE));
    shorten(text, found, LONGEST.max(whole))
}

/// A cut that would leave out no more than this many characters is not worth its ellipsis.
const SLACK: usize = 80;
/// Characters that a cut may move to fall between words.
const WORD: usize = 60;

/// Cuts a text to about `longest` characters, around the range that matters and between words; a cut is marked with an
/// ellipsis.
pub(super) fn shorten(text: &str, range: Option<(usize, usize)>, longest: usize) -> (String, Option<(usize, usize)>) {
    let chars: Vec<char> = text.chars().collect();
    let (mut from, mut to) = (0, chars.len());
    if chars.len() > longest + SLACK.min(longest / 4) {
        if let Some((start, end)) = range.filter(|(_, end)| *end > longest) {
            let before = longest.saturating_sub(end - start) / 2;
            from = start.saturating_sub(before).min(chars.len() - longest);
            let word = (from..start.min(from + WORD)).find(|at| chars[at.saturating_sub(1)] == ' ');
            from = word.unwrap_or(from);
        }
        to = (from + longest).min(chars.len());
        let least = range.map_or(0, |(_, end)| end.min(to)).max(to.saturating_sub(WORD)).max(from);
        if to < chars.len() {
            to = (least..=to).rev().find(|at| chars[*at] == ' ').unwrap_or(to);
        }
    }
    let mut out: String = chars[from..to].iter().collect();
    let mut range =
        range.map(|(start, end)| (start.max(from) - from, end.clamp(from, to) - from)).filter(|(start, end)| start < end);
    if to < chars.len() {
        out.push('…');
    }
    if from > 0 {
        out.insert(0, '…');
        range = range.map(|(start, end)| (start + 1, end + 1));
    }
    (out, range)
}

/// Places at which a reply may begin that are tried.
const TRIES: usize = 200;

/// Where `matched` stands in `text`, in characters, and whether it is there whole. A reply of several lines stands there with a
/// code before each of them, which `matched` has not; of one that is not there whole, the longest beginning counts.
fn find(text: &str, matched: &str) -> Option<(bool, (usize, usize))> {
    let chars = |bytes: usize| text[..bytes].chars().count();
    // Where it is a word of its own; where it is a part of others only, the first of them is marked whole.
    let mut places = text.match_indices(matched).take(TRIES).map(|(at, _)| word_around(text, at, at + matched.len()));
    if let Some(first) = places.next() {
        let own = |place: &(usize, usize)| place.1 - place.0 == matched.len();
        let (start, end) = if own(&first) { first } else { places.find(own).unwrap_or(first) };
        return Some((true, (chars(start), chars(end))));
    }
    let words: Vec<&str> = matched.split_whitespace().collect();
    let first = *words.first()?;
    let mut best: Option<(usize, usize, usize)> = None;
    for (at, _) in text.match_indices(first).take(TRIES) {
        let (met, end) = follow(&text[at..], &words);
        if best.is_none_or(|(most, ..)| met > most) {
            best = Some((met, at, at + end));
        }
    }
    let (met, start, end) = best.filter(|(_, start, end)| end - start >= 8)?;
    Some((met == words.len(), (chars(start), chars(end))))
}

/// The range of bytes, and what belongs to the words at its ends.
fn word_around(text: &str, start: usize, end: usize) -> (usize, usize) {
    let part = |c: &char| c.is_alphanumeric() || *c == '_';
    let inside = |c: Option<char>| c.as_ref().is_some_and(part);
    let [first, last] = [text[start..end].chars().next(), text[start..end].chars().next_back()].map(inside);
    let before: usize = if first { text[..start].chars().rev().take_while(part).map(char::len_utf8).sum() } else { 0 };
    let behind: usize = if last { text[end..].chars().take_while(part).map(char::len_utf8).sum() } else { 0 };
    (start - before, end + behind)
}

/// How many of `words` stand at the beginning of `text`, codes of a reply between them aside, and where the last one ends.
fn follow(text: &str, words: &[&str]) -> (usize, usize) {
    let (mut met, mut end, mut at) = (0, 0, 0);
    let mut skipped = 0;
    while let Some(word) = words.get(met) {
        at += text[at..].len() - text[at..].trim_start().len();
        let rest = &text[at..];
        let code = code_length(rest);
        if rest.starts_with(word) {
            at += word.len();
            (met, end, skipped) = (met + 1, at, 0);
        } else if code > 0 && skipped < 2 {
            at += code;
            skipped += 1;
        } else {
            break;
        }
    }
    (met, end)
}

/// Length of a reply's code at the beginning of a text: `554-`, `554 `, `5.7.1 `; 0 if there is none.
fn code_length(text: &str) -> usize {
    let code = text.bytes().take(12).take_while(|c| c.is_ascii_digit() || *c == b'.').count();
    let dots = text.bytes().take(code).filter(|c| *c == b'.').count();
    match (code, dots, text.as_bytes().get(code)) {
        (3, 0, Some(b'-')) => 4,
        (3, 0, None | Some(b' ')) => 3,
        (_, 2, None | Some(b' ')) => code,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_around_what_matters() {
        let text = format!("{} needle {}", "a".repeat(1000), "b".repeat(1000));
        let (shown, range) = cut(&text, &["needle".to_owned()]);
        let (start, end) = range.unwrap();
        assert_eq!(shown.chars().skip(start).take(end - start).collect::<String>(), "needle");
        assert!(shown.chars().count() <= LONGEST + 2);
        assert_eq!(cut("short", &["absent words here".to_owned()]), ("short".to_owned(), None));
    }

    #[test]
    fn a_cut_falls_between_words_and_spares_a_short_rest() {
        let text = format!("{} tail of a few words", "word ".repeat(80).trim_end());
        assert_eq!(cut(&text, &[]).0, text);
        let (shown, _) = cut(&"word ".repeat(200), &[]);
        assert!(shown.ends_with("word…"), "{shown}");
        let (shown, range) = cut(&format!("{}needle{}", "word ".repeat(200), " tail".repeat(100)), &["needle".to_owned()]);
        let (start, _) = range.unwrap();
        assert!(shown.starts_with("…word ") && shown.chars().skip(start).collect::<String>().starts_with("needle"), "{shown}");
    }

    #[test]
    fn a_mark_is_no_part_of_a_word() {
        let marked = |text: &str, matched: &str| {
            let (_, (start, end)) = find(text, matched).unwrap();
            text.chars().skip(start).take(end - start).collect::<String>()
        };
        assert_eq!(marked("IN TXT \"v=spf1 include:_spf.a.example -all\"", "spf"), "spf1");
        assert_eq!(find("unsent: status=sent", "sent").unwrap().1, (15, 19));
        assert_eq!(marked("port 25250 and 25", "25"), "25");
        assert_eq!(marked("größer: :25: Connection", ":25"), ":25");
    }

    #[test]
    fn a_reply_of_several_lines_is_marked_whole() {
        let text = "said: 554-gmx.net (mxgmx117) Nemesis not available 554-No SMTP service 554 5.7.1 Listed (in reply to x)";
        let (whole, (start, end)) = find(text, "gmx.net (mxgmx117) Nemesis not available No SMTP service Listed").unwrap();
        assert!(whole);
        assert_eq!(&text[start..end], "gmx.net (mxgmx117) Nemesis not available 554-No SMTP service 554 5.7.1 Listed");
        let (whole, (start, end)) = find(text, "gmx.net (mxgmx117) and other words").unwrap();
        assert!(!whole);
        assert_eq!(&text[start..end], "gmx.net (mxgmx117)");
    }
}
