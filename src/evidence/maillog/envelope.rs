//! What stands before the message of a log line: time, host, program and process id, in all forms that syslog
//! daemons, the journal and containers write.

use crate::time::{self, Civil, DAY, Time};

/// How to read a stamp that does not say everything.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    /// Seconds east of UTC of the server's local time.
    pub zone_offset: i32,
    /// A moment not long after the last line, from which a missing year follows.
    pub reference: Time,
}

/// A log line, its envelope taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Line<'a> {
    /// When it was written, if the line says so.
    pub time: Option<Time>,
    /// Program name as logged, such as `postfix/submission/smtpd`.
    pub tag: &'a str,
    /// The message.
    pub message: &'a str,
}

impl<'a> Line<'a> {
    /// Takes the envelope off one line.
    pub fn parse(line: &'a str, clock: &Clock) -> Option<Line<'a>> {
        let mut rest = strip_priority(line.trim_end());
        let mut rfc5424 = false;
        if let Some(after) = rest.strip_prefix("1 ")
            && Time::parse_rfc3339(after.as_bytes(), 0).is_some()
        {
            rfc5424 = true;
            rest = after;
        }
        let (time, after) = stamp(rest, clock)?;
        rest = after;
        let (_host, after) = rest.split_once(' ')?;
        rest = after.trim_start_matches(' ');
        if rfc5424 {
            return structured(rest, time);
        }
        // syslog-ng and BusyBox print the facility and severity in a column of their own.
        if let Some((word, after)) = rest.split_once(' ')
            && let Some((facility, severity)) = word.split_once('.')
        {
            let plain =
                |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            if plain(facility) && plain(severity) && !word.contains('[') && !word.ends_with(':') {
                rest = after;
            }
        }
        let (tag, message) = tag(rest)?;
        Some(Line { time: Some(time), tag, message })
    }
}

/// `<22>` before the stamp.
fn strip_priority(line: &str) -> &str {
    let Some(rest) = line.strip_prefix('<') else { return line };
    match rest.split_once('>') {
        Some((digits, after)) if digits.len() <= 3 && time::number(digits.as_bytes()).is_some() => after,
        _ => line,
    }
}

/// The stamp at the start of `text`, and what follows it.
fn stamp<'a>(text: &'a str, clock: &Clock) -> Option<(Time, &'a str)> {
    let bytes = text.as_bytes();
    match bytes.first()? {
        b'0'..=b'9' => {
            if let Some((time, length)) = Time::parse_rfc3339(bytes, clock.zone_offset) {
                return Some((time, text.get(length..)?.trim_start_matches(' ')));
            }
            // journalctl -o short-unix: 1763920931.123456
            let (word, after) = text.split_once(' ')?;
            let (seconds, micros) = word.split_once('.')?;
            if seconds.len() < 9 || micros.len() != 6 {
                return None;
            }
            let micros = i64::from(time::number(micros.as_bytes())?);
            let seconds: i64 = seconds.parse().ok()?;
            Some((Time(seconds.checked_mul(time::SECOND)?.checked_add(micros)?), after))
        }
        b'A'..=b'Z' => {
            // journalctl -o short-full: Sun 2026-11-22 18:02:11 UTC
            let Some((time, length)) = bytes.get(4..).and_then(|rest| Time::parse_rfc3339(rest, clock.zone_offset)) else {
                return traditional(text, clock);
            };
            let after = text.get(4 + length..)?.trim_start_matches(' ');
            let (zone, after_zone) = after.split_once(' ')?;
            Some(match time::zone_offset(zone) {
                Some(offset) => (time.plus(f64::from(clock.zone_offset - offset)), after_zone),
                None => (time, after),
            })
        }
        _ => None,
    }
}

/// `Nov  3 18:02:11` and `Nov  3 18:02:11.123456`: local time without a year.
fn traditional<'a>(text: &'a str, clock: &Clock) -> Option<(Time, &'a str)> {
    let bytes = text.as_bytes();
    if bytes.len() < 16 || bytes[3] != b' ' || bytes[6] != b' ' || bytes[9] != b':' || bytes[12] != b':' {
        return None;
    }
    let month = time::month(&bytes[..3])?;
    let day = if bytes[4] == b' ' { u32::from(bytes[5].checked_sub(b'0')?) } else { time::number(&bytes[4..6])? };
    let mut civil = Civil {
        year: 0,
        month,
        day,
        hour: time::number(&bytes[7..9])?,
        minute: time::number(&bytes[10..12])?,
        second: time::number(&bytes[13..15])?,
        micros: 0,
    };
    if !(1..=31).contains(&day) || civil.hour > 23 || civil.minute > 59 || civil.second > 60 {
        return None;
    }
    let mut at = 15;
    if bytes.get(at) == Some(&b'.') {
        let mut unit = 100_000;
        at += 1;
        while let Some(digit) = bytes.get(at).filter(|byte| byte.is_ascii_digit()) {
            civil.micros += u32::from(digit - b'0') * unit;
            unit /= 10;
            at += 1;
        }
    }
    let after = text.get(at..)?.strip_prefix(' ')?;
    Some((with_year(civil, clock), after.trim_start_matches(' ')))
}

/// The latest moment with this month, day and time that is at most a day after the reference.
pub fn with_year(mut civil: Civil, clock: &Clock) -> Time {
    let reference = clock.reference.plus(f64::from(clock.zone_offset));
    civil.year = reference.civil().year + 1;
    let latest = Time(clock.reference.0.saturating_add(DAY));
    for _ in 0..9 {
        let time = civil.at_offset(clock.zone_offset);
        // 29 February exists only every four years: other years would shift it to 1 March.
        let exists = civil.month != 2 || civil.day != 29 || time.plus(f64::from(clock.zone_offset)).civil().day == 29;
        if time <= latest && exists {
            return time;
        }
        civil.year -= 1;
    }
    civil.at_offset(clock.zone_offset)
}

/// `prog[pid]: message` or `prog: message`.
fn tag(text: &str) -> Option<(&str, &str)> {
    let end = text.find([':', '[', ' '])?;
    let name = &text[..end];
    if name.is_empty() {
        return None;
    }
    let rest = &text[end..];
    let rest = match rest.strip_prefix('[') {
        Some(inside) => inside.split_once(']')?.1,
        None => rest,
    };
    let message = rest.strip_prefix(':')?;
    Some((name, message.strip_prefix(' ').unwrap_or(message)))
}

/// RFC 5424 after the host: `app procid msgid structured-data message`.
fn structured(text: &str, time: Time) -> Option<Line<'_>> {
    let (tag, rest) = text.split_once(' ')?;
    let (_procid, rest) = rest.split_once(' ')?;
    let (_msgid, rest) = rest.split_once(' ')?;
    let mut rest = rest;
    if let Some(after) = rest.strip_prefix('-') {
        rest = after;
    } else {
        // Elements in brackets; a quoted value may hold an escaped bracket.
        while rest.starts_with('[') {
            let bytes = rest.as_bytes();
            let mut quoted = false;
            let mut at = 1;
            while at < bytes.len() && (quoted || bytes[at] != b']') {
                match bytes[at] {
                    b'\\' => at += 1,
                    b'"' => quoted = !quoted,
                    _ => {}
                }
                at += 1;
            }
            rest = rest.get(at + 1..)?;
        }
    }
    let message = rest.strip_prefix(' ').unwrap_or(rest);
    Some(Line { time: Some(time), tag, message: message.strip_prefix('\u{feff}').unwrap_or(message) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock() -> Clock {
        Clock { zone_offset: 3600, reference: Time::parse_rfc3339(b"2026-11-23T18:30:00Z", 0).unwrap().0 }
    }

    #[test]
    fn every_envelope_gives_the_same_line() {
        for (line, time) in [
            ("Nov 23 18:02:11 mx1 postfix/smtp[2211]: A: b", "2026-11-23T17:02:11Z"),
            ("<22>Nov  3 18:02:11 mx1 postfix/smtp[2211]: A: b", "2026-11-03T17:02:11Z"),
            ("Nov 23 18:02:11.123456 mx1 postfix/smtp[2211]: A: b", "2026-11-23T17:02:11.123456Z"),
            ("2026-11-23T18:02:11.572449+00:00 mx1 postfix/smtp[2211]: A: b", "2026-11-23T18:02:11.572449Z"),
            ("2026-11-23T18:02:11+0200 mx1 postfix/smtp[2211]: A: b", "2026-11-23T16:02:11Z"),
            ("2026-11-23 18:02:11 mx1 postfix/smtp[2211]: A: b", "2026-11-23T17:02:11Z"),
            ("<22>1 2026-11-23T18:02:11Z mx1 postfix/smtp 2211 - [a b=\"]\"] A: b", "2026-11-23T18:02:11Z"),
            ("Mon 2026-11-23 18:02:11 UTC mx1 postfix/smtp[2211]: A: b", "2026-11-23T18:02:11Z"),
            ("1795456931.000000 mx1 postfix/smtp[2211]: A: b", "2026-11-23T18:02:11Z"),
            ("Nov 23 18:02:11 mx1 mail.info postfix/smtp[2211]: A: b", "2026-11-23T17:02:11Z"),
        ] {
            let parsed = Line::parse(line, &clock()).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((parsed.tag, parsed.message), ("postfix/smtp", "A: b"), "{line}");
            assert_eq!(parsed.time.unwrap().to_string(), time, "{line}");
        }
    }

    #[test]
    fn a_year_is_chosen_so_that_no_line_lies_in_the_future() {
        for (line, time) in [
            ("Dec 31 23:59:59 h p: m", "2025-12-31T22:59:59Z"),
            ("Jan  1 00:00:00 h p: m", "2025-12-31T23:00:00Z"),
            ("Nov 24 12:00:00 h p: m", "2026-11-24T11:00:00Z"),
            ("Nov 26 12:00:00 h p: m", "2025-11-26T11:00:00Z"),
            ("Feb 29 12:00:00 h p: m", "2024-02-29T11:00:00Z"),
        ] {
            assert_eq!(Line::parse(line, &clock()).unwrap().time.unwrap().to_string(), time, "{line}");
        }
    }

    #[test]
    fn what_is_no_log_line_is_none_and_no_cut_panics() {
        for line in ["", "-- Boot 3f --", "Nov", "{}", "Nov 23 18:02:11", "Mon 2026-11-23 é"] {
            assert_eq!(Line::parse(line, &clock()), None, "{line}");
        }
        let line = "<22>1 2026-11-23T18:02:11.5+01:00 mé postfix/smtp[2]: 4F2C41A2B3: to=<ü@x>, relay=none";
        for (at, _) in line.char_indices() {
            let _ = Line::parse(&line[..at], &clock());
            let _ = Line::parse(&line[at..], &clock());
        }
    }
}
