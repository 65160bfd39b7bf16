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
    let path = path.to_ascii_lowercase();
    let path = without_suffix(&path);
    let named: Vec<&Kind> = kinds.iter().filter(|kind| kind.names.iter().any(|glob| glob.matches(path))).collect();
    let found = |kind, why| Some(Found { kind, why });
    if head.trim().is_empty() {
        return named.first().and_then(|kind| found(kind, "name"));
    }
    if let Some(kind) = by_content(named.iter().copied(), head)
        .or_else(|| named.iter().copied().find(|kind| kind.content_if_named.iter().any(|regex| regex.is_match(head))))
    {
        return found(kind, "name and content");
    }
    if let Some(kind) = by_content(kinds.iter(), head) {
        return found(kind, "content");
    }
    named.into_iter().find(|kind| kind.content.is_empty()).and_then(|kind| found(kind, "name"))
}

/// The kind that a name alone suggests: what a failed command was to show.
pub fn by_name<'k>(path: &str, kinds: &'k [Kind]) -> Option<&'k Kind> {
    let path = path.to_ascii_lowercase();
    let path = without_suffix(&path);
    kinds.iter().find(|kind| kind.names.iter().any(|glob| glob.matches(path)))
}

/// The kind of which most regexes match; the first among equals.
fn by_content<'k>(kinds: impl Iterator<Item = &'k Kind>, head: &str) -> Option<&'k Kind> {
    let mut best: Option<(usize, &Kind)> = None;
    for kind in kinds {
        let score = kind.content.iter().filter(|regex| regex.is_match(head)).count();
        if score > best.map_or(0, |(score, _)| score) {
            best = Some((score, kind));
        }
    }
    best.map(|(_, kind)| kind)
}
