//! What stands before the message of a log line: time, host, program and process id, in all forms that syslog
//! daemons, the journal and containers write.

use super::queue_id::is_queue_id;
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
    /// Host that wrote it.
    pub host: &'a str,
    /// Program name as logged, such as `postfix/submission/smtpd`.
    pub tag: &'a str,
    /// Process id as logged; empty without one.
    pub pid: &'a str,
    /// The message.
    pub message: &'a str,
}

impl<'a> Line<'a> {
    /// Takes the envelope off one line.
    pub fn parse(line: &'a str, clock: &Clock) -> Option<Line<'a>> {
        let mut rest = strip_priority(line.trim_end());
        let mut rfc5424 = false;
        if let Some(after) = rest.strip_prefix("1 ")
            && (after.starts_with("- ") || Time::parse_rfc3339(after.as_bytes(), 0).is_some())
        {
            rfc5424 = true;
            rest = after;
        }
        let (time, after) = match rest.strip_prefix("- ").filter(|_| rfc5424) {
            Some(after) => (None, after),
            None => stamp(rest, clock)?,
        };
        rest = after;
        // What is copied out of a table of a web page: `11.12.2019, 16:53:13 | info | connect to ...`, without host and program.
        if let Some(columns) = rest.strip_prefix("| ") {
            let (_level, message) = columns.split_once(" | ")?;
            return Some(Line { time, tag: guessed(message).unwrap_or_default(), message, ..Line::default() });
        }
        // A container's log driver put its stamp before the line's own, which may lack year and zone.
        if let Some((_, after)) = stamp(rest, clock) {
            rest = after;
        }
        // FreeBSD's syslogd -v shows facility and severity before the host: `<mail.info>`, `<2.6>`.
        if let Some((priority, after)) = rest.strip_prefix('<').and_then(|rest| rest.split_once("> "))
            && priority.len() < 20
            && priority.contains('.')
            && !priority.contains(' ')
        {
            rest = after;
        }
        // Containers whose logger shows the severity in place of the host: `INFO    postfix/smtp[2211]: `.
        if let Some((word, after)) = rest.split_once(' ')
            && SEVERITIES.contains(&word)
        {
            rest = after.trim_start_matches(' ');
        }
        let (mut host, mut after) = rest.split_once(' ')?;
        // A host that was left out, as a container's logger does: the word after the stamp is the program already.
        if host.ends_with("]:") || host.ends_with(':') && host.contains('/') {
            let (tag, pid, message) = tag(rest)?;
            return Some(Line { time, host: "", tag, pid, message }.with_daemon());
        }
        // A log host that put its own envelope before the whole line.
        if let Some((own, line)) = stamp(after, clock).and_then(|(_, line)| line.split_once(' ')) {
            (host, after) = (own, line);
        }
        // "last message repeated 5 times", also without a host.
        if host == "last" && after.starts_with("message repeated ") {
            return Some(Line { time, message: rest, ..Line::default() });
        }
        rest = after.trim_start_matches(' ');
        if rest.starts_with("last message repeated ") {
            return Some(Line { time, host, message: rest, ..Line::default() });
        }
        if rfc5424 {
            return structured(rest, time, host);
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
        // A host that was left out (some log_format settings): the word after the stamp is the program already.
        let (tag, pid, message) = match tag(rest) {
            Some(parts) => parts,
            None => tag(after_host(line, host, rest))?,
        };
        Some(Line { time, host, tag, pid, message }.with_daemon())
    }

    /// A line of `journalctl -o cat`, or one that lost its envelope: Postfix's own message without time, with or without program.
    pub fn bare(line: &'a str) -> Option<Line<'a>> {
        let line = line.trim();
        if let Some(tag) = guessed(line) {
            return Some(Line { tag, message: line, ..Line::default() });
        }
        let (tag, pid, message) = tag(line)?;
        (tag.starts_with("postfix") && tag.contains('/') && !pid.is_empty()).then(|| Line {
            tag,
            pid,
            message,
            ..Line::default()
        })
    }

    /// `journalctl -o with-unit` names the unit, not the daemon: the message tells it.
    fn with_daemon(mut self) -> Line<'a> {
        if self.tag.starts_with("postfix") && self.tag.contains(".service") {
            let named = self.tag.rsplit('/').next().filter(|name| !name.contains(".service"));
            self.tag = guessed(self.message).or(named).unwrap_or("postfix");
        }
        self
    }
}

/// The severities of syslog as loggers spell them in a column of its own.
const SEVERITIES: [&str; 12] =
    ["DEBUG", "INFO", "NOTICE", "WARNING", "WARN", "ERROR", "ERR", "CRITICAL", "CRIT", "FATAL", "ALERT", "EMERG"];

/// `rest`, or the text from `host` on where that word is the program.
fn after_host<'a>(line: &'a str, host: &'a str, rest: &'a str) -> &'a str {
    match line.find(host).filter(|_| host.ends_with(':')) {
        Some(at) => &line[at..],
        None => rest,
    }
}

/// The program that says such a thing.
fn guessed(message: &str) -> Option<&'static str> {
    // `connect to mx.example.net[192.0.2.7]:25: Connection timed out`
    if message.starts_with("connect to ") && message.contains("]:") {
        return Some("postfix/smtp");
    }
    let (word, rest) = message.split_once(": ")?;
    if word == "NOQUEUE" {
        return Some("postfix/smtpd");
    }
    if !is_queue_id(word) {
        return None;
    }
    const STARTS: &[(&str, &str)] = &[
        ("to=<", "postfix/smtp"),
        ("from=<", "postfix/qmgr"),
        ("removed", "postfix/qmgr"),
        ("client=", "postfix/smtpd"),
        ("message-id=", "postfix/cleanup"),
        ("milter-reject: ", "postfix/cleanup"),
        ("uid=", "postfix/pickup"),
        ("sender ", "postfix/bounce"),
    ];
    STARTS.iter().find(|(start, _)| rest.starts_with(start)).map(|(_, tag)| *tag)
}

/// Seconds east of UTC that a line's stamp names, unless it is UTC, which containers and journals write anywhere.
pub fn told_offset(line: &str) -> Option<i32> {
    let line = strip_priority(line);
    let (_, length) = Time::parse_rfc3339(line.as_bytes(), 0)?;
    let stamp = line.get(19..length)?;
    let zone = &stamp[stamp.find(['+', '-'])?..];
    time::numeric_offset(zone).filter(|offset| *offset != 0)
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
fn stamp<'a>(text: &'a str, clock: &Clock) -> Option<(Option<Time>, &'a str)> {
    let bytes = text.as_bytes();
    match bytes.first()? {
        // journalctl -o short-monotonic and short-delta: seconds since the start of the machine, which date nothing.
        b'[' => {
            let (inside, after) = text[1..].split_once("] ")?;
            let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b' ' | b'.' | b'<' | b'>');
            (inside.contains('.') && inside.bytes().all(plain)).then_some((None, after))
        }
        b'0'..=b'9' => {
            if let Some((time, length)) = Time::parse_rfc3339(bytes, clock.zone_offset) {
                return Some((Some(time), text.get(length..)?.trim_start_matches(' ')));
            }
            if let Some(found) = of_a_browser(text, clock) {
                return Some(found);
            }
            let (word, after) = text.split_once(' ')?;
            // Chinese and Japanese months are numbers.
            if !word.is_ascii() {
                return traditional(text, None, clock);
            }
            // syslog-ng can put the year first: `2026 Nov 23 18:02:11`.
            if word.len() == 4 {
                return traditional(after, time::number(word.as_bytes()), clock);
            }
            // journalctl -o short-unix: 1763920931.123456
            let (seconds, micros) = word.split_once('.')?;
            if seconds.len() < 9 || micros.len() != 6 {
                return None;
            }
            let micros = i64::from(time::number(micros.as_bytes())?);
            let seconds: i64 = seconds.parse().ok()?;
            Some((Some(Time(seconds.checked_mul(time::SECOND)?.checked_add(micros)?)), after))
        }
        byte if byte.is_ascii_alphabetic() || !byte.is_ascii() => {
            // journalctl -o short-full: Sun 2026-11-22 18:02:11 UTC
            let dated =
                text.split_once(' ').map(|(_, dated)| dated).filter(|dated| dated.starts_with(|c: char| c.is_ascii_digit()));
            let read = dated.and_then(|dated| Some((dated, Time::parse_rfc3339(dated.as_bytes(), clock.zone_offset)?)));
            let Some((dated, (time, length))) = read else { return traditional(text, None, clock) };
            let after = dated.get(length..)?.trim_start_matches(' ');
            let (zone, after_zone) = after.split_once(' ')?;
            Some(match time::zone_offset(zone) {
                Some(offset) => (Some(time.plus(f64::from(clock.zone_offset - offset))), after_zone),
                None => (Some(time), after),
            })
        }
        _ => None,
    }
}

/// `11.12.2019, 16:53:13`, `11/12/2019, 16:53:13` and `12/11/2019, 4:53:13 PM`, as browsers write local time.
fn of_a_browser<'a>(text: &'a str, clock: &Clock) -> Option<(Option<Time>, &'a str)> {
    let (date, rest) = text.split_once(", ")?;
    let (words, after) = rest.split_once(" |").map(|(words, _)| (words, &rest[words.len() + 1..]))?;
    let mark = if date.contains('/') { '/' } else { '.' };
    let mut numbers = date.split(mark).map(|part| time::number(part.as_bytes()));
    let (one, two, year) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let (clock_time, half) = words.split_once([' ', '\u{202f}']).unwrap_or((words, ""));
    let mut numbers = clock_time.split(':').map(|part| time::number(part.as_bytes()));
    let (hour, minute, second) = (numbers.next()??, numbers.next()??, numbers.next()??);
    // Who counts twice twelve hours names the month first.
    let (day, month) = if half.is_empty() && two <= 12 { (one, two) } else { (two, one) };
    let hour = match half {
        "" => hour,
        "AM" => hour % 12,
        "PM" => hour % 12 + 12,
        _ => return None,
    };
    if !(1990..2100).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let civil = Civil { year: i32::try_from(year).ok()?, month, day, hour, minute, second, micros: 0 };
    Some((Some(civil.at_offset(clock.zone_offset)), after))
}

/// `Nov  3 18:02:11`, `Nov 3 18:02:11` and `Nov  3 18:02:11.123456`: local time without a year. Some daemons add the
/// year: `Nov  3 2026 18:02:11`. The month may be in the language of the journal's user.
fn traditional<'a>(text: &'a str, year: Option<u32>, clock: &Clock) -> Option<(Option<Time>, &'a str)> {
    let (month, rest) = text.split_once(' ')?;
    let (day, rest) = rest.trim_start_matches(' ').split_once(' ')?;
    let day = time::number(day.as_bytes())?;
    let month = time::month_in_words(month)?;
    let mut rest = rest;
    let mut year = i32::try_from(year.unwrap_or(0)).ok()?;
    if let Some((number, after)) = year_before(rest) {
        year = i32::try_from(number).ok()?;
        rest = after;
    }
    let bytes = rest.as_bytes();
    if bytes.len() < 9 || bytes[2] != b':' || bytes[5] != b':' {
        return None;
    }
    let mut civil = Civil {
        year,
        month,
        day,
        hour: time::number(&bytes[..2])?,
        minute: time::number(&bytes[3..5])?,
        second: time::number(&bytes[6..8])?,
        micros: 0,
    };
    if !(1..=31).contains(&day) || civil.hour > 23 || civil.minute > 59 || civil.second > 60 {
        return None;
    }
    let mut at = 8;
    if bytes.get(at) == Some(&b'.') {
        let mut unit = 100_000;
        at += 1;
        while let Some(digit) = bytes.get(at).filter(|byte| byte.is_ascii_digit()) {
            civil.micros += u32::from(digit - b'0') * unit;
            unit /= 10;
            at += 1;
        }
    }
    let mut after = rest.get(at..)?.strip_prefix(' ')?.trim_start_matches(' ');
    // Others, as ctime(3) does, behind the time: `Nov  3 18:02:11 2026`.
    if let Some((number, rest)) = year_before(after).filter(|(number, _)| (1990..2100).contains(number)) {
        civil.year = i32::try_from(number).ok()?;
        after = rest;
    }
    let time = if civil.year > 0 { civil.at_offset(clock.zone_offset) } else { with_year(civil, clock) };
    Some((Some(time), after))
}

/// A word of four digits, and what follows it.
fn year_before(text: &str) -> Option<(u32, &str)> {
    let (word, after) = text.split_once(' ').filter(|(word, _)| word.len() == 4)?;
    Some((time::number(word.as_bytes())?, after))
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

/// `prog[pid]: message` or `prog: message`: program, process id, message.
fn tag(text: &str) -> Option<(&str, &str, &str)> {
    let end = text.bytes().position(|byte| matches!(byte, b':' | b'[' | b' '))?;
    let name = &text[..end];
    if name.is_empty() {
        return None;
    }
    let rest = &text[end..];
    let (pid, rest) = match rest.strip_prefix('[') {
        Some(inside) => inside.split_once(']')?,
        None => ("", rest),
    };
    let message = rest.strip_prefix(':')?;
    Some((name, pid, said(message)))
}

/// What a program said, after the colon: without the number of the message that Solaris puts before it,
/// `[ID 197553 mail.info]`.
pub(super) fn said(message: &str) -> &str {
    let message = message.strip_prefix(' ').unwrap_or(message);
    if !message.starts_with("[ID ") {
        return message;
    }
    message.split_once("] ").map_or(message, |(_, message)| message)
}

/// Whether a text begins with a stamp.
pub(super) fn is_stamped(text: &str) -> bool {
    let clock = Clock { zone_offset: 0, reference: Time::default() };
    strip_priority(text).len() < text.len() || stamp(text, &clock).is_some()
}

/// RFC 5424 after the host: `app procid msgid structured-data message`.
fn structured<'a>(text: &'a str, time: Option<Time>, host: &'a str) -> Option<Line<'a>> {
    let (tag, rest) = text.split_once(' ')?;
    let (pid, rest) = rest.split_once(' ')?;
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
    let pid = if pid == "-" { "" } else { pid };
    Some(Line { time, host, tag, pid, message: message.strip_prefix('\u{feff}').unwrap_or(message) })
}

/// Whether a log's name of a host is this one: either may have its domain.
pub(super) fn is_host(logged: &str, host: &str) -> bool {
    first_label(logged).eq_ignore_ascii_case(first_label(host))
}

fn first_label(host: &str) -> &str {
    host.split('.').next().unwrap_or_default()
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
            ("Nov 3 18:02:11 mx1 postfix/smtp[2211]: A: b", "2026-11-03T17:02:11Z"),
            ("Nov 23 2024 18:02:11 mx1 postfix/smtp[2211]: A: b", "2024-11-23T17:02:11Z"),
            ("2024 Nov 23 18:02:11 mx1 postfix/smtp[2211]: A: b", "2024-11-23T17:02:11Z"),
            ("Nov 23 18:02:11 <2.6> mx1 postfix/smtp[2211]: A: b", "2026-11-23T17:02:11Z"),
            ("Nov 23 18:02:12 10.0.0.1 Nov 23 18:02:11 mx1 postfix/smtp[2211]: A: b", "2026-11-23T17:02:12Z"),
            ("Nov 23 18:02:11 mx1 postfix/smtp[2211]: [ID 197553 mail.info] A: b", "2026-11-23T17:02:11Z"),
            ("2026-11-23 18:02:11,5 +0200 mx1 postfix/smtp[2211]: A: b", "2026-11-23T16:02:11.500000Z"),
            ("Mo 2026-11-23 18:02:11 UTC mx1 postfix/smtp[2211]: A: b", "2026-11-23T18:02:11Z"),
            ("d\u{e9}c. 3 18:02:11 mx1 postfix/smtp[2211]: A: b", "2025-12-03T17:02:11Z"),
            ("11\u{6708} 23 18:02:11 mx1 postfix/smtp[2211]: A: b", "2026-11-23T17:02:11Z"),
            ("2026-11-23T18:02:11.572449+01:00 INFO    postfix/smtp[2211]: A: b", "2026-11-23T17:02:11.572449Z"),
            ("2026-11-23T18:02:11.572449+01:00 WARNING postfix/smtp[2211]: A: b", "2026-11-23T17:02:11.572449Z"),
            ("Apr 06 20:31:29 2016 mx1 postfix/smtp[2211]: A: b", "2016-04-06T19:31:29Z"),
            ("Apr 06 20:31:29 2016 mx1 postfix/smtp: A: b", "2016-04-06T19:31:29Z"),
        ] {
            let parsed = Line::parse(line, &clock()).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((parsed.tag, parsed.message), ("postfix/smtp", "A: b"), "{line}");
            assert_eq!(parsed.time.unwrap().to_string(), time, "{line}");
        }
    }

    #[test]
    fn what_is_copied_out_of_a_web_page_has_time_and_message() {
        for (line, time) in [
            ("11.12.2019, 16:53:13 | info | A1B2C3D4E5: removed", "2019-12-11T15:53:13Z"),
            ("11/12/2019, 16:53:13 | info | A1B2C3D4E5: removed", "2019-12-11T15:53:13Z"),
            ("12/31/2019, 12:53:13 AM | info | A1B2C3D4E5: removed", "2019-12-30T23:53:13Z"),
            ("1/2/2019, 4:53:13 PM | warning | A1B2C3D4E5: removed", "2019-01-02T15:53:13Z"),
        ] {
            let parsed = Line::parse(line, &clock()).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((parsed.tag, parsed.message), ("postfix/qmgr", "A1B2C3D4E5: removed"), "{line}");
            assert_eq!(parsed.time.unwrap().to_string(), time, "{line}");
        }
        for line in
            ["11.12.2019, 16:53:13", "13/32/2019, 16:53:13 | info | x", "11.12.2019, 16:53 | info | x", "1.2.3, 4 | x | y"]
        {
            assert_eq!(Line::parse(line, &clock()), None, "{line}");
        }
    }

    #[test]
    fn a_line_that_lost_its_envelope_is_known_by_its_program_or_its_words() {
        for (line, tag, message) in [
            (" postfix/smtpd[91073]: NOQUEUE: reject: x", "postfix/smtpd", "NOQUEUE: reject: x"),
            (
                "connect to a.example[192.0.2.7]:25: Connection timed out",
                "postfix/smtp",
                "connect to a.example[192.0.2.7]:25: Connection timed out",
            ),
        ] {
            let bare = Line::bare(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!((bare.tag, bare.message), (tag, message));
        }
        for line in ["connect to the server", "postfix/smtpd: see above", "postfix is down: why?"] {
            assert_eq!(Line::bare(line), None, "{line}");
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
        for line in [
            "<22>1 2026-11-23T18:02:11.5+01:00 m\u{e9} postfix/smtp[2]: 4F2C41A2B3: to=<\u{fc}@x>, relay=none",
            "d\u{e9}c. 3 18:02:11 <mail.info> m\u{e9} postfix/smtp[2]: [ID 1 mail.info] 4F2C41A2B3: removed",
            "11\u{6708} 23 18:02:11 mx1 Nov 23 18:02:11 m\u{e9} postfix/smtp[2]: 4F2C41A2B3: removed",
            "Mo 2026-11-23 18:02:11,5 +0100 m\u{e9} postfix/smtp[2]: 4F2C41A2B3: removed",
        ] {
            for (at, _) in line.char_indices() {
                let _ = Line::parse(&line[..at], &clock());
                let _ = Line::parse(&line[at..], &clock());
            }
        }
    }
}
