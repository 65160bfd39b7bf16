//! A regular expression and a text: our own engine must say what the library says.

#![no_main]

use libfuzzer_sys::fuzz_target;
use postdoc::rules::lazy::{Dialect, LazyRegex};
use regex::RegexBuilder;
use regex::bytes::RegexBuilder as BytesBuilder;

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let Some((pattern, text)) = std::str::from_utf8(rest).ok().and_then(|rest| rest.split_once('\u{1}')) else { return };
    let dialect = [Dialect::Said, Dialect::Value, Dialect::Lines, Dialect::Line][usize::from(*first) % 4];
    // Beyond ASCII only the first is matched byte by byte, and `\w` is not the library's in the others.
    if dialect != Dialect::Said && !text.is_ascii() {
        return;
    }
    let (fold, lines) = (matches!(dialect, Dialect::Said | Dialect::Value), dialect == Dialect::Lines);
    let library = BytesBuilder::new(pattern).case_insensitive(fold).multi_line(lines).unicode(false).size_limit(1 << 19).build();
    let Ok(library) = library else { return };
    // In the others the expression must be one for all of Unicode, too.
    let wide = RegexBuilder::new(pattern).case_insensitive(fold).multi_line(lines).size_limit(1 << 19).build();
    if dialect != Dialect::Said && wide.is_err() {
        return;
    }
    let own = LazyRegex::valid(pattern.to_owned(), dialect);
    // Once by the program, and again where an engine is built.
    for _ in 0..2 {
        assert_eq!(own.is_match(text), library.is_match(text.as_bytes()), "{pattern:?} ({dialect:?}) in {text:?}");
        if dialect != Dialect::Said {
            assert_eq!(own.captures(text).is_some(), library.is_match(text.as_bytes()), "captures: {pattern:?} ({dialect:?}) in {text:?}");
        }
    }
});
