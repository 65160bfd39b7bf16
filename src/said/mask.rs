//! Masks the variable parts of a reason, so that what is said a thousand times to a thousand addresses is one reason.

use crate::distinct::hash;
use std::borrow::Cow;

/// The reason with addresses, hosts, ids and numbers masked as `…`. Codes that name a rule (`[TSS04]`, `S3140`, `5.7.1`,
/// the three-digit reply code) stay.
pub fn mask(reason: &str) -> String {
    let mut out = String::with_capacity(reason.len());
    for word in reason.split_inclusive(|c: char| c.is_whitespace()) {
        let bare = word.trim_end();
        let end = &word[bare.len()..];
        out.push_str(&mask_word(bare));
        out.push_str(end);
    }
    // Runs of masks are one.
    while out.contains("… …") {
        out = out.replace("… …", "…");
    }
    out
}

/// The text with each mail address as `a@b`, and each host in angle brackets and the one that it begins with, by which a server
/// introduces itself, as `<a>`: what somebody is called tells nothing of what is said, though it may hold words that do
/// (`policy@relay-online.example`, `mx1.spamfilter.example`).
pub fn without_names(text: &str) -> Cow<'_, str> {
    let first = leading_name(text);
    if first == 0 && !text.contains(['@', '<']) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    if first > 0 {
        out.push_str("<a>");
    }
    for word in text[first..].split_inclusive(' ') {
        if let Some(at) = word.find('@') {
            let outside = |c: char| {
                c.is_whitespace() || matches!(c, '<' | '>' | '[' | ']' | '(' | ')' | ',' | ';' | ':' | '"' | '\'' | '=')
            };
            let begin = word[..at].rfind(outside).map_or(0, |at| at + word[at..].chars().next().map_or(0, char::len_utf8));
            let end = word[at..].find(outside).map_or(word.len(), |end| at + end);
            let end = begin + word[begin..end].trim_end_matches('.').len();
            out.push_str(&word[..begin]);
            out.push_str("a@b");
            out.push_str(&word[end..]);
        } else if let Some(end) = word.find('>').filter(|end| word.starts_with('<') && is_named(&word[..*end])) {
            out.push_str("<a");
            out.push_str(&word[end..]);
        } else {
            out.push_str(word);
        }
    }
    Cow::Owned(out)
}

/// Whether what stands in brackets is or has a host name, not only an IP address; nor a link.
fn is_named(word: &str) -> bool {
    word.contains('.') && word.contains(|c: char| c.is_ascii_alphabetic()) && !word.contains("//")
}

/// How long the host name is with which a text begins; 0 if with none.
fn leading_name(text: &str) -> usize {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))).unwrap_or(text.len());
    let name = text[..end].trim_end_matches('.');
    let ends = text[end..].is_empty() || text[end..].starts_with([' ', ':', ',', ';', '[']);
    let top = name.rsplit_once('.').map_or("", |(_, top)| top);
    // Exchange begins with a name of its own for what is wrong: RESOLVER.ADR.RecipientNotFound.
    let is_name = top.len() > 1 && top.bytes().all(|byte| byte.is_ascii_lowercase()) && !name.contains("..");
    if ends && is_name && name.starts_with(|c: char| c.is_ascii_alphanumeric()) { name.len() } else { 0 }
}

/// What in a word tells that it may vary, by byte: bits, of which [`DIGIT`] is one.
const SIGNS: [u8; 256] = {
    let mut signs = [0; 256];
    let mut digit = b'0';
    while digit <= b'9' {
        signs[digit as usize] = DIGIT;
        digit += 1;
    }
    signs[b'@' as usize] = ADDRESS;
    signs[b'<' as usize] = 4;
    signs[b'[' as usize] = 4;
    signs[b':' as usize] = 4;
    signs[b'=' as usize] = 4;
    signs
};
const DIGIT: u8 = 1;
const ADDRESS: u8 = 2;

/// A hash of the form of a text: of its words without those that vary from message to message. Two texts of one form mean
/// the same to every phrase in the rules, which speak of words and codes and not of somebody's address.
pub fn template(text: &str, seed: u64) -> u64 {
    let bytes = text.as_bytes();
    let mut state = seed;
    let mut rest = bytes;
    while !rest.is_empty() {
        let (mut end, mut signs, mut digits) = (0, 0, 0usize);
        for byte in rest {
            if *byte == b' ' {
                break;
            }
            let sign = SIGNS[usize::from(*byte)];
            signs |= sign;
            digits += usize::from(sign & DIGIT);
            end += 1;
        }
        let word = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        if word.is_empty() {
            continue;
        }
        let fixed = match signs {
            0 => word,
            signs if signs & ADDRESS != 0 => b"",
            _ => fixed_part(word, digits),
        };
        state = hash(fixed, state);
    }
    state
}

/// The part of a word with so many digits, and without an `@`, that tells what it is about; empty for a word that varies.
fn fixed_part(word: &[u8], digits: usize) -> &[u8] {
    if word[0] == b'<' && word.contains(&b'>') {
        return b"";
    }
    if word.starts_with(b"name=") {
        return b"name=";
    }
    if let Some(at) = word.iter().position(|byte| *byte == b':').filter(|at| word[at + 1..].starts_with(b"//")) {
        // An address on the web: what its path says up to the first number may name the reason.
        let end = word[at..].iter().position(|byte| byte.is_ascii_digit() || matches!(byte, b'?' | b'#'));
        return &word[..end.map_or(word.len(), |end| at + end)];
    }
    if let Some(open) = word.iter().position(|byte| *byte == b'[') {
        let inside = &word[open + 1..];
        // This machine's own addresses and sockets name the service.
        if inside.starts_with(b"127.") || inside.starts_with(b"::1]") || inside.contains(&b'/') {
            return word;
        }
        if inside.iter().any(|byte| matches!(byte, b'.' | b':')) && digits > 0 {
            let close = inside.iter().position(|byte| *byte == b']');
            return close.map_or(b"", |close| &inside[close..]);
        }
    }
    // Codes are short (S3150, 4.7.28, 550-5.7.1); a longer word with digits is an id, an address or a time.
    if digits > 0 && word.len() > 12 || digits > 4 && word.len() > 7 {
        return b"";
    }
    word
}

fn mask_word(word: &str) -> String {
    if word.is_empty() {
        return String::new();
    }
    for key in ["name=", "type="] {
        if let Some(value) = word.strip_prefix(key) {
            return if key == "name=" { "name=…".to_owned() } else { format!("type={value}") };
        }
    }
    // host[address], host[address]:port, <address>, user@host, URLs
    if word.contains('@') || (word.starts_with('<') && word.contains('>')) || word.contains("://") {
        let tail: String = word.chars().rev().take_while(|c| matches!(c, ':' | ',' | ';' | '.' | ')')).collect();
        return format!("…{}", tail.chars().rev().collect::<String>());
    }
    if let Some(open) = word.find('[') {
        let inside = &word[open + 1..];
        let address = inside.split(']').next().unwrap_or_default();
        if address.contains('.') || address.contains(':') || address.contains('/') {
            let after = inside.split_once(']').map_or("", |(_, after)| after);
            return format!("…{after}");
        }
    }
    let core = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let digits = core.bytes().filter(u8::is_ascii_digit).count();
    let is_code = core.len() <= 6 && digits > 0;
    let dotted = core.split('.').count() == 3
        && core.split('.').all(|part| part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit()));
    if digits > 0 && !is_code && !dotted {
        return word.replacen(core, "…", 1);
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{mask, template, without_names};

    #[test]
    fn addresses_hosts_in_brackets_and_who_speaks_lose_their_names() {
        for (text, without) in [
            ("<policy@online.example>: Recipient address rejected", "<a@b>: Recipient address rejected"),
            ("relay@x.example... User unknown", "a@b... User unknown"),
            ("<spam.example[192.0.2.1]>: Client host rejected", "<a>: Client host rejected"),
            ("<192.0.2.1> is blocked", "<192.0.2.1> is blocked"),
            ("see <https://x.example/a> or <mail>", "see <https://x.example/a> or <mail>"),
            ("@ alone, \u{fc}@\u{fc}.example", "a@b alone, a@b"),
            ("mx1.spam.example: no such user a@x.example", "<a>: no such user a@b"),
            ("mx1.spam.example", "<a>"),
            ("Sorry. No spam", "Sorry. No spam"),
            ("RESOLVER.RST.RecipSizeLimit; no", "RESOLVER.RST.RecipSizeLimit; no"),
            ("5.7.1 no, 192.0.2.1. no", "5.7.1 no, 192.0.2.1. no"),
            ("policy@spam.example no", "a@b no"),
        ] {
            assert_eq!(without_names(text), without);
        }
    }

    #[test]
    fn texts_of_one_form_have_one_template() {
        for (one, other, same) in [
            (
                "connect to a.example[192.0.2.1]:25: Connection timed out",
                "connect to b.example[198.51.100.2]:25: Connection timed out",
                true,
            ),
            (
                "connect to a.example[192.0.2.1]:25: Connection timed out",
                "connect to a.example[192.0.2.1]:587: Connection timed out",
                false,
            ),
            ("connect to 127.0.0.1[127.0.0.1]:25: x", "connect to a.example[192.0.2.1]:25: x", false),
            ("host a[192.0.2.1] said: 550 5.1.1 <a@b>: no", "host a[192.0.2.1] said: 550 5.1.1 <c@d>: no", true),
            ("550 5.1.1 no", "550 5.1.2 no", false),
            ("(S3140) x", "(S3150) x", false),
            ("see https://x.example/a/1234?b", "see https://x.example/a/5678?c", true),
            ("see https://x.example/a", "see https://x.example/b", false),
            ("rate limited u13-20020a5d6d0d000000b0 - gsmtp", "rate limited k9-20020a170902d5c900b0 - gsmtp", true),
        ] {
            assert_eq!(template(one, 0) == template(other, 0), same, "{one} | {other}");
        }
    }

    #[test]
    fn what_varies_is_masked_and_what_names_a_rule_stays() {
        for (reason, masked) in [
            ("connect to mx.example[192.0.2.1]:25: Connection timed out", "connect to …:25: Connection timed out"),
            (
                "host a.b[2001:db8::1] said: 550 5.1.1 <x y@z>: no (in reply to RCPT TO command)",
                "host … said: 550 5.1.1 <x …: no (in reply to RCPT TO command)",
            ),
            ("421 4.7.0 [TSS04] Messages from 198.51.100.7 deferred", "421 4.7.0 [TSS04] Messages from … deferred"),
            (
                "Name service error for name=gmail.com type=MX: Host not found, try again",
                "Name service error for name=… type=MX: Host not found, try again",
            ),
            ("", ""),
        ] {
            assert_eq!(mask(reason), masked);
        }
    }
}
