//! Lines of Postfix's log, taken apart into their fields: logs say the same ones over and over, so that each is looked through
//! once and remembered, and not every line from end to end.

use super::scan::Part;
use crate::evidence::maillog::queue_id::leading_id;
use std::ops::Range;

/// Fields whose value is numbers, which name nobody.
const NUMBERS: [&str; 5] = ["delay", "delays", "dsn", "size", "nrcpt"];

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
    // Every field keeps the sign before it.
    let mut at = bracket + 1;
    if let Some((id, _)) = leading_id(&line[at + 2..]) {
        at += 2 + id.len();
    }
    while let Some(length) = memchr::memmem::find(&line.as_bytes()[at + 2..], b", ") {
        let end = at + 2 + length;
        match line[at + 2..end].split_once('=') {
            Some((key, value)) if is_key(key) && !value.contains(' ') => {
                if !NUMBERS.contains(&key) || !value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'/')) {
                    parts.push((Part::Field, at..end));
                }
            }
            // Free text, in which commas divide nothing.
            _ => break,
        }
        at = end;
    }
    parts.push((Part::Field, at..line.len()));
    Some(parts)
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
                vec!["mx1", " postfix/smtp", ": to=<a@b.example>", ", relay=none", ", status=deferred (a, b=c, d)"],
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
