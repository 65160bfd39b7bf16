//! Comparing without regard to case, as regular expressions do it: by Unicode's simple case folding, where one character stays one.

use crate::bytes::has_upper;
use std::borrow::Cow;

/// The text with all that differs only in case made alike; of ASCII, in lower case.
pub(crate) fn folded(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.chars().map(fold).collect() }
}

/// As [`folded`], without a copy of what is folded already.
pub(crate) fn folded_cow(text: &str) -> Cow<'_, str> {
    if text.is_ascii() && !has_upper(text.as_bytes()) { text.into() } else { folded(text).into() }
}

/// Whether two texts differ in case only.
pub(crate) fn same(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() {
        return one.eq_ignore_ascii_case(other);
    }
    one.chars().map(fold).eq(other.chars().map(fold))
}

/// What all characters that differ in case only have in common.
fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    match c {
        // Its capital is another letter's, too.
        'ı' => return c,
        // They are the same letter, of which no one is the other's capital.
        '\u{1fd3}' => return '\u{390}',
        '\u{1fe3}' => return '\u{3b0}',
        '\u{fb05}' => return '\u{fb06}',
        _ => {}
    }
    let capital = only(c.to_uppercase()).unwrap_or(c);
    only(capital.to_lowercase()).unwrap_or(capital)
}

/// The one character of a mapping; none where one becomes several.
fn only(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let one = mapped.next()?;
    mapped.next().is_none().then_some(one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

    #[test]
    fn what_differs_in_case_only_is_the_same_as_for_regular_expressions() {
        let letters =
            ('\u{80}'..='\u{2ffff}').chain(['k', 's', 'i', 'K', 'S', 'I']).filter(|c| c.is_alphabetic() || fold(*c) != *c);
        let mut wrong = Vec::new();
        for c in letters {
            let mut class = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
            class.case_fold_simple();
            let alike: Vec<char> = class.ranges().iter().flat_map(|range| range.start()..=range.end()).collect();
            // Letters that are younger than the library's tables are alike for nobody else.
            let known = alike.len() > 1;
            if known && (alike.iter().any(|other| fold(*other) != fold(c)) || !alike.contains(&fold(c))) {
                wrong.push((c, fold(c), alike));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(same("BÜRO Straße ΣΑΣ", "büro STRAẞE σας") && !same("bür", "bur"));
        assert_eq!(folded("DIſK KÖLN"), "disk köln");
    }
}
