//! What kind of evidence a text is: by its name first, and the content decides between candidates.

use crate::bundle::without_suffix;
use crate::rules::kinds::Kind;

/// A recognised kind.
#[derive(Debug, Clone, Copy)]
pub struct Found<'k> {
    /// The kind.
    pub kind: &'k Kind,
    /// By what it was recognised: `name and content`, `content` or `name`.
    pub why: &'static str,
}

/// The kind of a text with this path and beginning, if any is recognised.
pub fn recognise<'k>(path: &str, head: &str, kinds: &'k [Kind]) -> Option<Found<'k>> {
    let named = named(path, kinds);
    let found = |kind, why| Some(Found { kind, why });
    if head.trim().is_empty() {
        return named.first().and_then(|(kind, _)| found(*kind, "name"));
    }
    // How a name begins says more than what it contains: `getent_hosts` is not `hosts`.
    for begins in [true, false] {
        let candidates = || named.iter().filter(|(_, begin)| *begin == begins).map(|(kind, _)| *kind);
        if let Some(kind) = by_content(candidates(), head)
            .or_else(|| candidates().find(|kind| kind.content_if_named.iter().any(|regex| regex.is_match(head))))
        {
            return found(kind, "name and content");
        }
    }
    if let Some(kind) = by_content(kinds.iter(), head) {
        return found(kind, "content");
    }
    named.into_iter().find(|(kind, _)| kind.content.is_empty()).and_then(|(kind, _)| found(kind, "name"))
}

/// The kinds that a name suggests, and whether by its beginning; these first.
fn named<'k>(path: &str, kinds: &'k [Kind]) -> Vec<(&'k Kind, bool)> {
    let path = path.to_ascii_lowercase();
    let path = without_suffix(&path);
    let of = |kind: &'k Kind| {
        let mut globs = kind.names.iter().filter(|glob| glob.matches(path)).map(|glob| glob.begins).peekable();
        globs.peek().is_some().then(|| (kind, globs.any(|begins| begins)))
    };
    let mut named: Vec<(&Kind, bool)> = kinds.iter().filter_map(of).collect();
    named.sort_by_key(|(_, begins)| !begins);
    named
}

/// The kind that a name alone suggests: what a failed command was to show.
pub fn by_name<'k>(path: &str, kinds: &'k [Kind]) -> Option<&'k Kind> {
    named(path, kinds).first().map(|(kind, _)| *kind)
}

/// The kind of which most regexes match, one's own before the built-in ones; the first among equals.
fn by_content<'k>(kinds: impl Iterator<Item = &'k Kind>, head: &str) -> Option<&'k Kind> {
    let mut best: Option<((bool, usize), &Kind)> = None;
    for kind in kinds {
        let score = kind.content.iter().filter(|regex| regex.is_match(head)).count();
        if score > 0 && best.is_none_or(|(known, _)| (kind.own, score) > known) {
            best = Some(((kind.own, score), kind));
        }
    }
    best.map(|(_, kind)| kind)
}
