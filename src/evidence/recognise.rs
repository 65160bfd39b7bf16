//! What kind of evidence a file is: by its name first, and the content decides between candidates.

use crate::rules::kinds::Kind;

/// The kind of a file with this path and beginning, if any is recognised.
pub fn recognise<'k>(path: &str, head: &str, kinds: &'k [Kind]) -> Option<&'k Kind> {
    let path = path.to_ascii_lowercase();
    let path = crate::bundle::without_suffix(&path);
    let named: Vec<&Kind> = kinds.iter().filter(|kind| kind.names.iter().any(|glob| glob.matches(path))).collect();
    if head.trim().is_empty() {
        return named.first().copied();
    }
    by_content(named.iter().copied(), head)
        .or_else(|| named.iter().copied().find(|kind| kind.content_if_named.iter().any(|regex| regex.is_match(head))))
        .or_else(|| by_content(kinds.iter(), head))
        .or_else(|| named.into_iter().find(|kind| kind.content.is_empty()))
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
