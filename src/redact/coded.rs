//! What hides a name in a code: base64, encoded words of headers, tokens.

use super::{Edit, Redactor, scan};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use std::sync::LazyLock;

impl Redactor<'_> {
    pub(super) fn token(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        while out.len() < text.len() {
            out.push_str(&self.word(&format!("{text}{}", out.len())));
        }
        out.truncate(text.len());
        out
    }

    /// Base64 that stands by itself and holds something personal.
    pub(super) fn blobs(&self, text: &str) -> Vec<Edit> {
        if !text.contains('=') && text.len() < 16 {
            return Vec::new();
        }
        static BLOB: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r#"(?:^|[\s"'<>:;,=(\[])([A-Za-z0-9+/]{8,}={0,2})(?:$|[\s"'<>;,)\]?&])"#).expect("a valid pattern")
        });
        let mut edits = Vec::new();
        for found in BLOB.captures_iter(text) {
            let Some(blob) = found.get(1) else { continue };
            if blob.as_str().len() % 4 != 0 {
                continue;
            }
            let Some(decoded) = STANDARD.decode(blob.as_str()).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else {
                continue;
            };
            if decoded.chars().any(|c| c.is_control() && !c.is_whitespace()) {
                continue;
            }
            let mut inner = self.text(None, &decoded).into_owned();
            if inner == decoded && self.known.names.contains(&decoded.to_lowercase()) {
                inner = self.named(&decoded);
            }
            if inner != decoded {
                edits.push(Edit { range: blob.range(), new: STANDARD.encode(inner) });
            }
        }
        edits
    }

    /// Text in which letters stand as codes (`%6D`, `=6D`), and the address of an `ORCPT` (xtext, RFC 3461: `rfc822;a+40b.de`).
    pub(super) fn codes(&self, text: &str) -> Vec<Edit> {
        static CODED: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(
                r"(?i:rfc822;) ?(?P<x>[\w.~-]*(?:\+[0-9A-F]{2}[\w.~@-]*)+)|(?P<p>[\w.~-]*(?:%[0-9A-Fa-f]{2}){3}[\w.~%@-]*)|(?P<q>[\w.~-]*(?:=[0-9A-F]{2}){3}[\w.~=@-]*)",
            )
            .expect("a valid pattern")
        });
        if !text.contains(['%', '=', '+']) {
            return Vec::new();
        }
        let mut edits = Vec::new();
        for found in CODED.captures_iter(text) {
            let all = [("x", '+'), ("p", '%'), ("q", '=')];
            let Some((code, sign)) = all.iter().find_map(|(name, sign)| Some((found.name(name)?, *sign))) else { continue };
            let Some(decoded) = without_codes(code.as_str(), sign) else { continue };
            let inner = self.text(None, &decoded);
            if *inner != *decoded {
                edits.push(Edit { range: code.range(), new: with_codes(&inner, sign) });
            }
        }
        edits
    }

    pub(super) fn encoded(&self, text: &str) -> String {
        let Some(word) = EncodedWord::parse(text) else { return format!("=?utf-8?Q?{}?=", self.word(text)) };
        // What people write in headers is theirs, whole.
        let new = if scan::at_sign(&word.text).is_some() { self.person(&word.text) } else { self.word(&word.text) };
        format!("=?utf-8?B?{}?=", STANDARD.encode(new))
    }
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
