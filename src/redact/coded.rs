//! What hides a name in a code: base64, encoded words of headers, tokens.

use super::part::Part;
use super::{Edit, Redactor, shapes};
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use regex::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Takes padding or none.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, LENIENT);

impl Redactor<'_> {
    pub(super) fn token(&self, text: &str) -> String {
        self.made_of(text, |key, text| {
            let mut out = String::with_capacity(text.len());
            while out.len() < text.len() {
                out.push_str(&key.word(&format!("{text}{}", out.len())));
            }
            out.truncate(text.len());
            out
        })
    }

    /// Base64 that stands by itself and holds something personal.
    pub(super) fn blobs(&self, text: &str) -> Vec<Edit> {
        let mut edits = Vec::new();
        for range in blobs_in(text) {
            let blob = &text[range.clone()];
            // As in URLs, or as in mail.
            let engine = if blob.contains(['-', '_']) { &URL_SAFE } else { &BASE64 };
            let Some(decoded) = engine.decode(blob).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
                continue;
            };
            if decoded.chars().any(|c| c.is_control() && !c.is_whitespace()) {
                continue;
            }
            let mut inner = self.text(None, &decoded).into_owned();
            if inner == decoded && (is_login(blob, &decoded) || self.known.names.contains(&decoded.to_lowercase())) {
                inner = self.part(Part::MaybeName, &decoded, "").unwrap_or(inner);
            }
            if inner != decoded {
                let mut new = engine.encode(inner);
                if !blob.len().is_multiple_of(4) {
                    new.truncate(new.trim_end_matches('=').len());
                }
                edits.push(Edit { range, new });
            }
        }
        edits
    }

    /// Text in which letters stand as codes: see [`codes_in`].
    pub(super) fn codes(&self, text: &str) -> Vec<Edit> {
        let edits = codes_in(text).into_iter().filter_map(|Code { range, plain, sign }| {
            let mut inner = self.text(None, &plain);
            if sign == Some('%') && *inner == *plain && self.is_of_url(text, &range) {
                inner = self.persons_in(&plain).into();
            }
            let new = match sign {
                Some(sign) if *inner != *plain => with_codes(&inner, sign),
                None if *inner != *plain => inner.into_owned(),
                // Only here the codes are certain; they must not be taken for parts of names.
                None | Some('+') => text[range.clone()].to_owned(),
                Some(_) => return None,
            };
            Some(Edit { range, new })
        });
        edits.collect()
    }

    /// The value of a field of a form with names in words.
    pub(super) fn form(&self, text: &str) -> String {
        with_codes(&self.persons_in(&of_form(text)), '%')
    }

    pub(super) fn encoded(&self, text: &str) -> String {
        let Some(word) = EncodedWord::parse(text) else { return format!("=?utf-8?Q?{}?=", self.word(text)) };
        // What people write in headers is theirs, whole.
        let new = if shapes::at_sign(&word.text).is_some() { self.person(&word.text) } else { self.word(&word.text) };
        format!("=?utf-8?B?{}?=", STANDARD.encode(new))
    }
}

/// Whether what a text in base64 says is one word, as chance does not make it.
fn is_login(blob: &str, decoded: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    blob.ends_with('=') && decoded.len() > 5 && decoded.chars().all(is_word) && decoded.chars().any(char::is_alphabetic)
}

/// A part of a text in which letters stand as codes.
pub(super) struct Code {
    pub(super) range: Range<usize>,
    /// What it says.
    pub(super) plain: String,
    /// What stands before the two digits of each code; none for the escapes of JSON, shells and HTML.
    sign: Option<char>,
}

/// Where letters stand as codes (`%6D`, `=6D`, `\u006d`, `\x6d`, `&#109;`, `[.]`), and the address of an `ORCPT` or `AUTH` (xtext,
/// RFC 3461: `rfc822;a+40b.de`).
pub(super) fn codes_in(text: &str) -> Vec<Code> {
    static CODED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i:rfc822;|\bAUTH=) ?(?P<x>[\w.~-]*(?:\+[0-9A-F]{2}[\w.~@-]*)+)|(?P<p>[\w.~-]*(?:%2[0-9A-Fa-f]|%3[A-Fa-f]|%[Cc]3%[0-9A-Fa-f]{2}|(?:%[0-9A-Fa-f]{2}){3})[\w.~%@-]*)|(?P<q>[\w.~-]*(?:(?:=[0-9A-F]{2}){3}[\w.~=@-]*|=40[\w.~-]*=2E[\w.~=-]*|=2E[\w.~-]*=40[\w.~=-]*|=C3=[89AB][0-9A-F][\w.~=-]*)|[A-Za-z]+(?:=2C)?=20[A-Z][a-z][\w.~=-]*)|(?P<e>[\w.~@+-]*(?:(?:\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[01][0-7]{2}|\\@|&#(?:\d{2,3}|[xX][0-9A-Fa-f]{2});|&commat;|&period;|[\[(][.@][\])])[\w.~@+-]*)+)",
        )
        .expect("a valid pattern")
    });
    if !may_hold_codes(text.as_bytes()) {
        return Vec::new();
    }
    let code = |found: regex::Captures<'_>| {
        let all = [("x", Some('+')), ("p", Some('%')), ("q", Some('=')), ("e", None)];
        let (code, sign) = all.iter().find_map(|(name, sign)| Some((found.name(name)?, *sign)))?;
        let plain = match sign {
            Some(sign) => without_codes(code.as_str(), sign)?,
            None => without_escapes(code.as_str())?,
        };
        Some(Code { range: code.range(), plain, sign })
    };
    CODED.captures_iter(text).filter_map(code).collect()
}

/// What the value of a field of a form says, as URLs carry it: a plus sign is a space.
pub(super) fn of_form(text: &str) -> String {
    let spaced = text.replace('+', " ");
    without_codes(&spaced, '%').unwrap_or(spaced)
}

/// Where base64 may stand in a text, by itself: eight letters of the alphabet at least, with padding or without.
fn blobs_in(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(skipped) = bytes[at..].iter().position(is_letter) {
            let start = at + skipped;
            let letters = bytes[start..].iter().position(|byte| !is_letter(byte)).unwrap_or(bytes.len() - start);
            let signs = bytes[start + letters..].iter().take(2).take_while(|byte| **byte == b'=').count();
            at = start + letters;
            let end = at + signs;
            if letters >= 8
                && letters % 4 != 1
                && (start == 0
                    || matches!(bytes[start - 1], b'"' | b'\'' | b'<' | b'>' | b':' | b';' | b',' | b'=' | b'(' | b'[')
                    || bytes[start - 1].is_ascii_whitespace())
                && bytes.get(end).is_none_or(|byte| {
                    matches!(byte, b'"' | b'\'' | b'<' | b'>' | b':' | b';' | b',' | b')' | b']' | b'?' | b'&')
                        || byte.is_ascii_whitespace()
                })
            {
                return Some(start..end);
            }
        }
        None
    })
}

/// Whether a line may hold what [`Redactor::codes`] looks for: most lines of a log do not.
fn may_hold_codes(line: &[u8]) -> bool {
    let two = |sign: u8| {
        memchr::memchr_iter(sign, line)
            .any(|at| line.get(at + 3) == Some(&sign) && line[at + 1..at + 3].iter().all(u8::is_ascii_hexdigit))
    };
    let code = |at: usize| line.get(at + 1..at + 3).is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit));
    let escape = |at: usize| line.get(at + 1).is_some_and(|next| matches!(next, b'u' | b'x' | b'0' | b'1' | b'@'));
    // As addresses are written that nobody shall click on.
    let bracket = |at: usize| matches!(line.get(at + 2), Some(b']' | b')')) && matches!(line[at + 1], b'.' | b'@');
    let entity = |at: usize| line.get(at + 1).is_some_and(|next| matches!(next, b'#' | b'c' | b'p'));
    two(b'=')
        || memchr::memchr_iter(b'=', line).any(|at| matches!(line.get(at + 1..at + 3), Some(b"2E" | b"20" | b"2C" | b"C3")))
        || memchr::memchr_iter(b'%', line).any(code)
        || memchr::memchr_iter(b';', line).any(|at| line[..at].ends_with(b"822"))
        || memchr::memchr_iter(b'=', line).any(|at| line[..at].ends_with(b"AUTH"))
        || memchr::memchr_iter(b'\\', line).any(escape)
        || memchr::memchr2_iter(b'[', b'(', line).any(bracket)
        || memchr::memchr_iter(b'&', line).any(entity)
}

/// What a text with the escapes of JSON, of shells or of HTML says; none if it holds more than an address may.
fn without_escapes(text: &str) -> Option<String> {
    static ESCAPE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\\u([0-9A-Fa-f]{4})|\\x([0-9A-Fa-f]{2})|\\([01][0-7]{2})|&#(\d{2,3});|&#[xX]([0-9A-Fa-f]{2});|&commat;|\\@|[\[(]([.@])[\])]|&period(;)")
            .expect("a valid pattern")
    });
    let plain = ESCAPE.replace_all(text, |found: &regex::Captures<'_>| {
        let code = [(1, 16), (2, 16), (3, 8), (4, 10), (5, 16)]
            .into_iter()
            .find_map(|(group, radix)| u32::from_str_radix(found.get(group)?.as_str(), radix).ok());
        let dot = found.get(7).map(|_| ".");
        let plain = dot.or(found.get(6).map(|sign| sign.as_str())).unwrap_or("@");
        code.map_or(plain.to_owned(), |code| char::from_u32(code).unwrap_or(' ').to_string())
    });
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '@' | '.' | '-' | '_' | '+' | '=' | '~');
    plain.chars().all(fits).then(|| plain.into_owned())
}

/// What a text with codes of two hexadecimal digits behind `sign` says; none if that is no text.
fn without_codes(text: &str, sign: char) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(sign) {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        match rest.get(at + 1..at + 3).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[at + 3..];
            }
            None => {
                bytes.push(sign as u8);
                rest = &rest[at + 1..];
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

fn with_codes(text: &str, sign: char) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("{sign}{byte:02X}") }).collect()
}

/// An encoded word of a header, decoded (RFC 2047). Charsets other than UTF-8 are read as Latin-1.
pub(super) struct EncodedWord {
    pub(super) text: String,
}

impl EncodedWord {
    pub(super) fn parse(word: &str) -> Option<EncodedWord> {
        let mut parts = word.strip_prefix("=?")?.strip_suffix("?=")?.splitn(3, '?');
        let (_, encoding, text) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = if encoding.eq_ignore_ascii_case("b") {
            let padded = format!("{}{}", text.trim_end_matches('='), &"==="[..(4 - text.trim_end_matches('=').len() % 4) % 4]);
            STANDARD.decode(padded).ok()?
        } else {
            let mut bytes = Vec::with_capacity(text.len());
            let mut rest = text.as_bytes();
            while let Some((first, after)) = rest.split_first() {
                rest = after;
                match first {
                    b'_' => bytes.push(b' '),
                    b'=' => {
                        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok())?;
                        bytes.push(u8::from_str_radix(digits, 16).ok()?);
                        rest = &after[2..];
                    }
                    other => bytes.push(*other),
                }
            }
            bytes
        };
        let text = String::from_utf8(bytes).unwrap_or_else(|error| error.as_bytes().iter().map(|byte| *byte as char).collect());
        Some(EncodedWord { text })
    }
}
