//! Cited lines: records know where they stand, and only the few lines that a report shows are read again.

use super::view::Citation;
use crate::bundle::Bundle;
use crate::diagnose::words::visible;
use crate::evidence::Source;
use crate::evidence::maillog::reader::for_each_line;
use crate::redact::secrets::without_secrets;
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
}

impl Lines {
    /// No texts yet; every citation is noted.
    pub fn new(sources: &[Source]) -> Lines {
        Lines {
            paths: sources.iter().map(|source| visible(&source.path)).collect(),
            texts: BTreeMap::new(),
            wanted: RefCell::default(),
        }
    }

    /// A citation of the line at `place`, with the part `matched` of it marked.
    pub fn cite(&self, place: tables::Citation, matched: Option<&str>) -> Option<Citation> {
        let file = self.paths.get(place.file as usize)?.clone();
        let text = match self.texts.get(&place) {
            Some(text) => text.clone(),
            None => {
                self.wanted.borrow_mut().insert(place);
                String::new()
            }
        };
        let (text, matched) = cut(&without_secrets(&text).0, matched);
        Some(Citation { file, line: place.line, text, matched })
    }

    /// Reads the texts of all lines that were asked for.
    pub fn fetch(&mut self, bundle: &Bundle, sources: &[Source]) {
        let mut by_file: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for place in self.wanted.take() {
            by_file.entry(place.file).or_default().insert(place.line);
        }
        for (file, mut lines) in by_file {
            let source = sources.get(file as usize).and_then(|source| source.bundle_file).and_then(|at| bundle.files.get(at));
            let Some(reader) = source.and_then(|source| source.open().ok()) else { continue };
            let texts = &mut self.texts;
            // A file that changed since it was read gives other lines or none; there is nothing better to show.
            let _ = for_each_line(reader, bundle.limits.line, |number, bytes| {
                if lines.remove(&number) {
                    let text = String::from_utf8_lossy(bytes).trim_end().to_owned();
                    texts.insert(tables::Citation { file, line: number }, text);
                }
            });
        }
    }
}

/// Cuts a line to [`LONGEST`] characters around the matched part, which is returned as a range of characters.
fn cut(text: &str, matched: Option<&str>) -> (String, Option<(usize, usize)>) {
    let found = matched.filter(|matched| !matched.is_empty()).and_then(|matched| find(text, matched));
    let whole = found.map_or(0, |(start, end)| (end - start + 40).min(WHOLE));
    shorten(text, found, LONGEST.max(whole))
}

/// Cuts a text to `longest` characters, around the range that matters; a cut is marked with an ellipsis.
pub(super) fn shorten(text: &str, range: Option<(usize, usize)>, longest: usize) -> (String, Option<(usize, usize)>) {
    let chars: Vec<char> = text.chars().collect();
    let (mut from, mut to) = (0, chars.len());
    if chars.len() > longest {
        if let Some((start, end)) = range.filter(|(_, end)| *end > longest) {
            let before = longest.saturating_sub(end - start) / 2;
            from = start.saturating_sub(before).min(chars.len() - longest);
        }
        to = (from + longest).min(chars.len());
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

/// Where `matched` stands in `text`, in characters; or else the longest beginning of it that does, since a reply's words
/// stand there with codes between them.
fn find(text: &str, matched: &str) -> Option<(usize, usize)> {
    let mut part = matched;
    loop {
        if let Some(at) = text.find(part) {
            let start = text[..at].chars().count();
            return Some((start, start + part.chars().count()));
        }
        let shorter = part.rfind(' ')?;
        part = &part[..shorter];
        if part.len() < 8 {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_cut_around_what_matters() {
        let text = format!("{}needle{}", "a".repeat(1000), "b".repeat(1000));
        let (shown, range) = cut(&text, Some("needle"));
        let (start, end) = range.unwrap();
        assert_eq!(shown.chars().skip(start).take(end - start).collect::<String>(), "needle");
        assert!(shown.chars().count() <= LONGEST + 2);
        assert_eq!(cut("short", Some("absent words here")), ("short".to_owned(), None));
    }
}
