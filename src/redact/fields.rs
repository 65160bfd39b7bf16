//! Lines of Postfix's log, taken apart into their fields, and these at the addresses in them: logs say the same ones over and
//! over, so that each is looked through once and remembered, and not every line from end to end.

use super::part::Part;
use super::shapes::is_unit;
use crate::evidence::maillog::queue_id::leading_id;
use std::net::IpAddr;
use std::ops::Range;

/// Fields whose value is numbers, which name nobody.
const NUMBERS: [&str; 6] = ["delay", "delays", "dsn", "size", "nrcpt", "conn_use"];

/// A field whose value is the queue id of a message, of which each has another.
const QUEUE_ID: &str = "orig_queue_id";

/// The parts of a line of Postfix's log that may hold names, in order; none if it is no such line, or one in which something may
/// reach from one field into the next.
pub(super) fn of(line: &str) -> Option<Vec<(Part, Range<usize>)>> {
    if !line.is_ascii() || memchr::memchr2(b'"', b'\\', line.as_bytes()).is_some() {
        return None;
    }
    let bracket = memchr::memmem::find(line.as_bytes(), b"]: ")?;
    let (head, pid) = line[..bracket].rsplit_once('[')?;
    let (before, tag) = head.rsplit_once(' ')?;
    let (stamp, host) = before.rsplit_once(' ')?;
    let is_tag = tag.contains('/') && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_'));
    let is_host = host.starts_with(|c: char| c.is_ascii_alphanumeric())
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
    if !is_tag || !is_host || !is_stamp(stamp) || !pid.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut parts = vec![
        (Part::Host, stamp.len() + 1..before.len()),
        // With the space before it, so that it is no beginning of a line.
        (Part::Field, before.len()..head.len()),
    ];
    // What somebody wrote is looked through whole: names are known there by what stands around them.
    let is_written = [b"header ".as_slice(), b"body "].iter().any(|word| memchr::memmem::find(line.as_bytes(), word).is_some());
    let field = if is_written { whole } else { at_addresses };
    // Every field keeps the sign before it.
    let mut at = bracket + 1;
    if let Some((id, _)) = leading_id(&line[at + 2..]) {
        at += 2 + id.len();
    }
    while let Some(length) = memchr::memmem::find(&line.as_bytes()[at + 2..], b", ") {
        let end = at + 2 + length;
        match line[at + 2..end].split_once('=') {
            Some((QUEUE_ID, value)) if value.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                let id = end - value.len();
                parts.push((Part::Word, at + 2..id - 1));
                parts.push((Part::Word, id..end));
            }
            Some((key, value)) if is_key(key) && !value.contains(' ') => {
                if !NUMBERS.contains(&key) || !value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'/')) {
                    field(line, at..end, &mut parts);
                }
            }
            // Free text, in which commas divide nothing.
            _ => break,
        }
        at = end;
    }
    field(line, at..line.len(), &mut parts);
    Some(parts)
}

type Parts = Vec<(Part, Range<usize>)>;

fn whole(_: &str, field: Range<usize>, parts: &mut Parts) {
    parts.push((Part::Field, field));
}

/// Takes a field apart where it says a mail address (`=<a@b.example>`), a client or server (`mx.b.example[192.0.2.1]`), or the
/// queue id in a reply, which no other line says. Only plain ones, which are what they are whatever stands around them.
fn at_addresses(line: &str, field: Range<usize>, parts: &mut Parts) {
    let bytes = line.as_bytes();
    let (mut start, mut at) = (field.start, field.start);
    while let Some(length) = memchr::memchr2(b'<', b'[', &bytes[at..field.end]) {
        let open = at + length;
        at = open + 1;
        let (names, end) = match bytes[open] {
            b'<' => match mail_address(&line[start..open], &line[at..field.end]) {
                Some(length) => ([None, Some((Part::Address, at..at + length))], at + length),
                None => continue,
            },
            _ => match client(&line[start..open], &line[at..field.end]) {
                Some((host, ip)) => {
                    let host = (host > 0).then_some((Part::Host, open - host..open));
                    ([host, Some((Part::Ip, at..at + ip))], at + ip)
                }
                None => continue,
            },
        };
        for (part, range) in names.into_iter().flatten() {
            rest(line, start..range.start, parts);
            start = range.end;
            parts.push((part, range));
        }
        at = end;
    }
    const QUEUED: &[u8] = b" queued as ";
    if let Some(length) = memchr::memmem::find(&bytes[start..field.end], QUEUED) {
        let id = start + length + QUEUED.len();
        let end = id + bytes[id..field.end].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if id < end && bytes.get(end) == Some(&b')') {
            rest(line, start..id, parts);
            parts.push((Part::Word, id..end));
            start = end;
        }
    }
    rest(line, start..field.end, parts);
}

/// What stands between the addresses of a field, if it says anything. The port of a client is another in each line.
fn rest(line: &str, range: Range<usize>, parts: &mut Parts) {
    if let Some(port) = line[range.clone()].strip_prefix("]:") {
        let (start, digits) = (range.start + 2, port.bytes().take_while(u8::is_ascii_digit).count());
        if digits == port.len() && digits > 0 {
            return parts.push((Part::Word, start..range.end));
        }
        if digits > 0 && &port[digits..] == " to " {
            return parts.extend([(Part::Word, start..start + digits), (Part::Word, range.end - 3..range.end - 1)]);
        }
    }
    if line.as_bytes()[range.clone()].iter().any(u8::is_ascii_alphanumeric) {
        parts.push((Part::Field, range));
    }
}

/// The length of the mail address that `text` begins with, up to its `>`.
fn mail_address(before: &str, text: &str) -> Option<usize> {
    let length = memchr::memchr(b'>', text.as_bytes())?;
    let (local, domain) = text[..length].split_once('@')?;
    let key = before.strip_suffix('=')?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let ends = |text: &str| {
        text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
            && text.bytes().next_back().is_some_and(|byte| byte.is_ascii_alphanumeric())
    };
    let is_plain =
        ends(local) && ends(domain) && local.bytes().all(|byte| plain(byte) || byte == b'+') && domain.bytes().all(plain);
    // In these, it is something else, or written in a code.
    let is_other = key.ends_with("helo") || key.ends_with("AUTH") || is_unit(domain);
    (is_plain && !is_other).then_some(length)
}

/// Words behind which Postfix writes an address without a name.
const PREPOSITIONS: [&str; 4] = ["from", "to", "for", "client"];

/// The lengths of the host's name before the bracket, which may be 0, and of the IP address in it.
fn client(before: &str, text: &str) -> Option<(usize, usize)> {
    let length = memchr::memchr(b']', &text.as_bytes()[..text.len().min(46)])?;
    let address = &text[..length];
    let is_number = address.bytes().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':'));
    // What has no digit may be a word of some language: `a::b`.
    if !is_number || !address.bytes().any(|byte| byte.is_ascii_digit()) || address.parse::<IpAddr>().is_err() {
        return None;
    }
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let host = before.bytes().rev().take_while(name).count();
    let (sign, host_name) = before.split_at(before.len() - host);
    let begins = host == 0 || host_name.as_bytes()[0].is_ascii_alphanumeric();
    // Other programs write a space between the two: login: pc7 [192.0.2.1] maria
    let word = sign.trim_end().rsplit(' ').next().unwrap_or_default();
    if host == 0 && sign.ends_with(' ') && word.ends_with(|c: char| c.is_ascii_alphanumeric()) && !PREPOSITIONS.contains(&word) {
        return None;
    }
    (begins && sign.ends_with([' ', '=', '('])).then_some((host, length))
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'-'))
}

/// Whether it is the time of a log line, as syslog or RFC 3339 writes it.
fn is_stamp(text: &str) -> bool {
    let shape = |text: &[u8], shape: &[u8]| {
        text.len() == shape.len()
            && text.iter().zip(shape).all(|(byte, wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                b'_' => byte.is_ascii_digit() || *byte == b' ',
                b'A' => byte.is_ascii_uppercase(),
                b'a' => byte.is_ascii_lowercase(),
                other => byte == other,
            })
    };
    let bytes = text.as_bytes();
    shape(bytes, b"Aaa _0 00:00:00")
        || bytes.len() >= 19
            && shape(&bytes[..19], b"0000-00-00T00:00:00")
            && bytes[19..].iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'+' | b'-' | b':' | b'Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_where_nothing_reaches_further() {
        for (line, fields) in [
            (
                "Nov 12 10:00:00 mx1 postfix/smtp[1]: 4F2C41A2B: to=<a@b.example>, relay=none, delay=1.2, dsn=4.4.1, status=deferred (a, b=c, d)",
                vec!["mx1", " postfix/smtp", ": to=<", "a@b.example", ", relay=none", ", status=deferred (a, b=c, d)"],
            ),
            (
                "Nov 12 10:00:00 mx1 postfix/smtp[1]: 4F2C41A2B: to=<a@b=c>, relay=mx.b.example[2001:db8::1]:25, status=sent (250 a queued as 4F2C41A2C)",
                vec![
                    "mx1",
                    " postfix/smtp",
                    ": to=<a@b=c>",
                    ", relay=",
                    "mx.b.example",
                    "2001:db8::1",
                    "25",
                    ", status=sent (250 a queued as ",
                    "4F2C41A2C",
                ],
            ),
            (
                "2026-11-09T07:02:11.683175+01:00 mx1 postfix-out/qmgr[2]: 4F2C41A2B: removed",
                vec!["mx1", " postfix-out/qmgr", ": removed"],
            ),
            (
                "Nov  2 10:00:00 mx1 postfix/cleanup[1]: 4F2C41A2B: warning: header Subject: a=b, c from x[192.0.2.1]",
                vec!["mx1", " postfix/cleanup", ": warning: header Subject: a=b, c from x[192.0.2.1]"],
            ),
        ] {
            let found: Vec<&str> = of(line).expect("a line").into_iter().map(|(_, range)| &line[range]).collect();
            assert_eq!(found, fields);
        }
        for line in [
            "",
            "mx1 postfix/smtp[1]: x",
            "Nov 12 10:00:00 mx1 sudo[1]: maria : x",
            "Nov 12 10:00:00 mx1 a/b[1]: to=<\"a, b\"@c>",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
