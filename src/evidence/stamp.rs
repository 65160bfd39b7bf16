//! Dates as programs print them for people.

use super::maillog::envelope::{Clock, with_year};
use crate::time::{self, Civil, Time};

/// `Fri Jul 31 10:25:10 2026`, `Fri Jul 31 10:25 - 10:30`, `Jul 31 10:25:10`, `Nov 20 00:00:00 2026 GMT`,
/// `Fri, 31 Jul 2026 10:25:10 +0200 (CEST)`, ISO 8601. Without a year it is the last such day before `collected_at`; without a
/// zone the server's.
pub(super) fn time_of(text: &str, zone_offset: i32, collected_at: Option<Time>) -> Option<Time> {
    let text = text.trim();
    // apt writes two blanks between day and time.
    let single;
    let text = match text.as_bytes() {
        [_, _, _, _, b'-', _, _, b'-', _, _, b' ', b' ', ..] => {
            single = text.replacen("  ", " ", 1);
            single.as_str()
        }
        _ => text,
    };
    if let Some((time, _)) = Time::parse_rfc3339(text.as_bytes(), zone_offset) {
        return Some(time);
    }
    let mut month = None;
    let mut day = None;
    let mut clock = None;
    let mut year = None;
    let mut zone = None;
    // "12-Nov-2026 11:02:11" of PHP, "12/Nov/2026:11:02:11 +0000" of web servers.
    let spread;
    let text = match text.as_bytes() {
        [_, _, b'-' | b'/', _, _, _, b'-' | b'/', ..] => {
            spread = text.replacen(['-', '/'], " ", 2).replacen(':', " ", usize::from(text.as_bytes().get(11) == Some(&b':')));
            spread.as_str()
        }
        _ => text,
    };
    for word in text.split([' ', ',', '\t']).filter(|word| !word.is_empty()) {
        if let (None, true) = (clock, word.contains(':')) {
            let mut parts = word.split(':').map(|part| time::number(part.split('.').next().unwrap_or(part).as_bytes()));
            let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?);
            if hour > 23 || minute > 59 || second > 60 {
                return None;
            }
            clock = Some((hour, minute, second));
        } else if let (None, true) = (month, (3..=9).contains(&word.len()))
            && let Some(found) =
                word.get(..3).and_then(|start| time::month(start.as_bytes())).or_else(|| time::month_in_words(word))
        {
            month = Some(found);
        } else if let (None, Some(found), true) = (day, time::number(word.as_bytes()), word.len() <= 2) {
            day = Some(found);
        } else if let (None, Some(found), true) = (year, time::number(word.as_bytes()), word.len() == 4) {
            year = i32::try_from(found).ok().filter(|year| (1970..10_000).contains(year));
        } else if clock.is_some() && zone.is_none() {
            zone = if word.starts_with(['+', '-']) { time::numeric_offset(word) } else { time::zone_offset(word) };
        }
    }
    let (hour, minute, second) = clock?;
    let day = day.filter(|day| (1..=31).contains(day))?;
    let civil = Civil { year: year.unwrap_or(0), month: month?, day, hour, minute, second, micros: 0 };
    match year {
        Some(_) => Some(civil.at_offset(zone.unwrap_or(zone_offset))),
        None => Some(with_year(civil, &Clock { zone_offset: zone.unwrap_or(zone_offset), reference: collected_at? })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_programs_print_them() {
        let collected = Time::parse_rfc3339(b"2026-11-12T12:00:00Z", 0).map(|(time, _)| time);
        for (text, wanted) in [
            ("Fri Jul 31 10:25:10 2026", "2026-07-31T10:25:10Z"),
            ("Thu Nov 12 11:02", "2026-11-12T11:02:00Z"),
            ("Dec 31 23:59:59", "2025-12-31T23:59:59Z"),
            ("Nov 20 00:00:00 2026 GMT", "2026-11-20T00:00:00Z"),
            ("Thu, 12 Nov 2026 10:35:44 +0100 (CET)", "2026-11-12T09:35:44Z"),
            ("2026-11-12T09:35:44+0100", "2026-11-12T08:35:44Z"),
            ("12-Nov-2026 11:02:11 UTC", "2026-11-12T11:02:11Z"),
            ("12/Nov/2026:11:02:11 +0100", "2026-11-12T10:02:11Z"),
            ("Thu Nov 12 11:02:00 +0100 2026", "2026-11-12T10:02:00Z"),
            ("2026-11-12 09:35:44.123456789 +0100", "2026-11-12T08:35:44.123456Z"),
        ] {
            let wanted = Time::parse_rfc3339(wanted.as_bytes(), 0).map(|(time, _)| time);
            assert_eq!(time_of(text, 0, collected), wanted, "{text}");
        }
        for bad in ["", "Nov", "99:99", "Fri Jul 31", "Foo 31 10:00"] {
            assert_eq!(time_of(bad, 0, collected), None, "{bad}");
        }
    }
}
