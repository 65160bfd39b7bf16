//! Points in time: microseconds since 1970-01-01 UTC, with the civil calendar that log stamps need.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A point in time, UTC, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Time(pub i64);

/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in a day.
pub const DAY: i64 = 86_400 * SECOND;

/// The first and the last second that RFC 3339 can say: of the years 0 and 9999.
const FIRST: Time = Time(-62_167_219_200 * SECOND);
const LAST: Time = Time(253_402_300_799 * SECOND);

/// English month names as `asctime` prints them.
pub const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A calendar date and time of day without a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Year, such as 2026.
    pub year: i32,
    /// Month, 1 to 12.
    pub month: u32,
    /// Day of the month, 1 to 31.
    pub day: u32,
    /// Hour, 0 to 23.
    pub hour: u32,
    /// Minute, 0 to 59.
    pub minute: u32,
    /// Second, 0 to 60.
    pub second: u32,
    /// Microsecond, 0 to 999,999.
    pub micros: u32,
}

impl Civil {
    /// The point in time, when the clock is `offset` seconds east of UTC.
    pub fn at_offset(self, offset: i32) -> Time {
        let days = days_from_civil(self.year, self.month, self.day);
        let seconds = days * 86_400 + i64::from(self.hour) * 3600 + i64::from(self.minute) * 60 + i64::from(self.second)
            - i64::from(offset);
        Time(seconds.saturating_mul(SECOND).saturating_add(i64::from(self.micros)))
    }
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar (Howard Hinnant's algorithm).
pub fn days_from_civil(year: i32, month: u32, day: u32) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = i64::from((month + 9) % 12);
    let day_of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

impl Time {
    /// From seconds since the epoch.
    pub fn from_seconds(seconds: i64) -> Time {
        Time(seconds.saturating_mul(SECOND))
    }

    /// Whole seconds since the epoch.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// Seconds from `earlier` to this, negative if it is the other way round.
    pub fn since(self, earlier: Time) -> f64 {
        (self.0.saturating_sub(earlier.0)) as f64 / SECOND as f64
    }

    /// This, `seconds` later (earlier if negative).
    #[must_use]
    pub fn plus(self, seconds: f64) -> Time {
        Time(self.0.saturating_add((seconds * SECOND as f64) as i64))
    }

    /// The UTC time of day, such as `06:14`.
    pub fn clock(self) -> String {
        let civil = self.civil();
        format!("{:02}:{:02}", civil.hour, civil.minute)
    }

    /// The UTC calendar date and time of day.
    pub fn civil(self) -> Civil {
        let days = self.0.div_euclid(DAY);
        let micros = self.0.rem_euclid(DAY);
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let day_of_era = z.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let second_of_day = micros / SECOND;
        Civil {
            year: year as i32,
            month: month as u32,
            day: (day_of_year - (153 * shifted + 2) / 5 + 1) as u32,
            hour: (second_of_day / 3600) as u32,
            minute: (second_of_day / 60 % 60) as u32,
            second: (second_of_day % 60) as u32,
            micros: (micros % SECOND) as u32,
        }
    }

    /// Reads RFC 3339 as [`Display`](fmt::Display) writes it and as systems vary it: `T` or a space, 0 to 9 fraction
    /// digits (the first 6 count), `Z`, `+02:00`, `+0200`, ` +0200` or no zone (`default_offset` seconds east then).
    /// Returns the time and the length of what was read.
    pub fn parse_rfc3339(text: &[u8], default_offset: i32) -> Option<(Time, usize)> {
        if text.len() < 19 || text[4] != b'-' || text[7] != b'-' || text[13] != b':' || text[16] != b':' {
            return None;
        }
        if text[10] != b'T' && text[10] != b' ' {
            return None;
        }
        let mut civil = Civil {
            year: number(&text[0..4])? as i32,
            month: number(&text[5..7])?,
            day: number(&text[8..10])?,
            hour: number(&text[11..13])?,
            minute: number(&text[14..16])?,
            second: number(&text[17..19])?,
            micros: 0,
        };
        if !(1..=12).contains(&civil.month)
            || !(1..=31).contains(&civil.day)
            || civil.hour > 23
            || civil.minute > 59
            || civil.second > 60
        {
            return None;
        }
        let mut at = 19;
        if matches!(text.get(at), Some(b'.' | b',')) {
            at += 1;
            let mut unit = 100_000;
            while let Some(digit) = text.get(at).filter(|byte| byte.is_ascii_digit()) {
                civil.micros += u32::from(digit - b'0') * unit;
                unit /= 10;
                at += 1;
            }
        }
        let offset = match text.get(at) {
            Some(b'Z' | b'z') => {
                at += 1;
                0
            }
            Some(&sign @ (b'+' | b'-')) => {
                let hours = number(text.get(at + 1..at + 3)?)?;
                at += 3;
                if text.get(at) == Some(&b':') {
                    at += 1;
                }
                let minutes = text.get(at..at + 2).and_then(number);
                if minutes.is_some() {
                    at += 2;
                }
                let seconds = (hours * 3600 + minutes.unwrap_or(0) * 60) as i32;
                if sign == b'-' { -seconds } else { seconds }
            }
            // `ls --full-time` and some loggers write the zone behind a blank; it ends there.
            Some(b' ') => match text.get(at + 1..).and_then(zone_word) {
                Some((offset, length)) => {
                    at += 1 + length;
                    offset
                }
                None => default_offset,
            },
            _ => default_offset,
        };
        Some((civil.at_offset(offset), at))
    }
}

/// The offset that `text` begins with as a word of its own, `+0200` or `+02:00`, and its length.
fn zone_word(text: &[u8]) -> Option<(i32, usize)> {
    let length = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
    let word = std::str::from_utf8(&text[..length]).ok().filter(|word| length == if word.contains(':') { 6 } else { 5 })?;
    let plain = word.bytes().enumerate().skip(1).all(|(at, byte)| byte.is_ascii_digit() || byte == b':' && at == 3);
    numeric_offset(word).filter(|_| plain).map(|offset| (offset, length))
}

/// The number that `digits` spell, if all are decimal digits.
pub fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 9 {
        return None;
    }
    digits.iter().try_fold(0u32, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
}

/// The month that a three-letter English name stands for, 1 to 12.
pub fn month(name: &[u8]) -> Option<u32> {
    MONTHS.iter().position(|known| known.as_bytes() == name).map(|at| at as u32 + 1)
}

/// Abbreviated month names in the languages in which journalctl(1) and date(1) speak as their user's locale says: German,
/// French, Spanish, Italian, Portuguese, Dutch, Polish, Czech, Hungarian, Romanian, Nordic, Finnish, Russian, Ukrainian, Turkish.
const LOCAL_MONTHS: [&str; 12] = [
    "jan ene gen janv ian sty led tammi \u{44f}\u{43d}\u{432} \u{441}\u{456}\u{447} oca",
    "feb fev fév févr febr lut úno helmi \u{444}\u{435}\u{432} \u{43b}\u{44e}\u{442} şub",
    "mar mär märz mrt mars márc bře maalis \u{43c}\u{430}\u{440} \u{431}\u{435}\u{440}",
    "apr abr avr avril april ápr kwi dub huhti \u{430}\u{43f}\u{440} \u{43a}\u{432}\u{456} nis",
    "may mai mei mag maj máj kvě touko \u{43c}\u{430}\u{439} \u{43c}\u{430}\u{44f} \u{442}\u{440}\u{430}",
    "jun juin juni jún giu iun cze čen kesä \u{438}\u{44e}\u{43d} \u{447}\u{435}\u{440} haz",
    "jul juil juli júl lug iul lip čec heinä \u{438}\u{44e}\u{43b} \u{43b}\u{438}\u{43f} tem",
    "aug ago août sie srp elo \u{430}\u{432}\u{433} \u{441}\u{435}\u{440} ağu",
    "sep set sept szept wrz zář syys \u{441}\u{435}\u{43d} \u{432}\u{435}\u{440} eyl",
    "oct okt out ott paź říj loka \u{43e}\u{43a}\u{442} \u{436}\u{43e}\u{432} eki",
    "nov noi lis marras \u{43d}\u{43e}\u{44f} \u{43b}\u{438}\u{441} kas",
    "dec dez dic déc des gru pro joulu \u{434}\u{435}\u{43a} \u{433}\u{440}\u{443} ara",
];

/// The number of the month that a word abbreviates, in one of many languages.
pub fn month_in_words(word: &str) -> Option<u32> {
    if let Some(english) = month(word.as_bytes()) {
        return Some(english);
    }
    // Chinese and Japanese number them.
    if let Some(digits) = word.strip_suffix('\u{6708}') {
        return number(digits.as_bytes()).filter(|number| (1..=12).contains(number));
    }
    if word.len() > 12 {
        return None;
    }
    let word = word.trim_end_matches('.').to_lowercase();
    LOCAL_MONTHS.iter().position(|names| names.split(' ').any(|name| name == word)).map(|at| at as u32 + 1)
}

/// Seconds east of UTC of the zone abbreviations that `date` prints, for servers whose offset no other evidence
/// gives. Ambiguous ones (CST, IST, BST) take the meaning that is most common on servers.
pub fn zone_offset(abbreviation: &str) -> Option<i32> {
    const HOUR: i32 = 3600;
    Some(match abbreviation {
        "UTC" | "GMT" | "WET" | "Z" | "UCT" => 0,
        "CET" | "BST" | "WEST" | "WAT" | "MEZ" | "IST-IE" => HOUR,
        "CEST" | "EET" | "SAST" | "CAT" | "MESZ" => 2 * HOUR,
        "EEST" | "MSK" | "TRT" | "EAT" | "IDT" => 3 * HOUR,
        "GST" => 4 * HOUR,
        "PKT" | "UZT" => 5 * HOUR,
        "IST" => 5 * HOUR + 1800,
        "ICT" | "WIB" => 7 * HOUR,
        "HKT" | "SGT" | "AWST" | "PHT" => 8 * HOUR,
        "JST" | "KST" => 9 * HOUR,
        "ACST" => 9 * HOUR + 1800,
        "AEST" => 10 * HOUR,
        "AEDT" => 11 * HOUR,
        "NZST" => 12 * HOUR,
        "NZDT" => 13 * HOUR,
        "NST" => -(3 * HOUR + 1800),
        "BRT" | "ART" | "ADT" => -3 * HOUR,
        "AST" | "EDT" => -4 * HOUR,
        "EST" | "CDT" => -5 * HOUR,
        "CST" | "MDT" => -6 * HOUR,
        "MST" | "PDT" => -7 * HOUR,
        "PST" | "AKDT" => -8 * HOUR,
        "AKST" => -9 * HOUR,
        "HST" => -10 * HOUR,
        numeric => return numeric_offset(numeric),
    })
}

/// Seconds east of UTC of `+0200`, `+02:00` or `-03`.
pub fn numeric_offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let digits: Vec<u8> = digits.bytes().filter(|byte| *byte != b':').collect();
    let hours = number(digits.get(0..2)?)? as i32;
    let minutes = if digits.len() >= 4 { number(&digits[2..4])? as i32 } else { 0 };
    Some(sign * (hours * 3600 + minutes * 60))
}

impl fmt::Display for Time {
    /// RFC 3339, UTC, whole seconds unless there are microseconds: `2026-11-12T11:40:00Z`. A time before the year 0 or after
    /// the year 9999, which RFC 3339 cannot say, is shown as the nearest that it can.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let c = (*self).clamp(FIRST, LAST).civil();
        write!(out, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute, c.second)?;
        if c.micros != 0 {
            write!(out, ".{:06}", c.micros)?;
        }
        out.write_str("Z")
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Time(self.seconds() * SECOND).to_string().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let read = Time::parse_rfc3339(text.as_bytes(), 0).filter(|(_, length)| *length == text.len());
        read.map(|(time, _)| time).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is no RFC 3339 time")))
    }
}

impl schemars::JsonSchema for Time {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time", "description": "RFC 3339, UTC" })
    }
}

/// A duration in its two largest units: `5 h 26 min`.
pub fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0).round() as u64;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_is_read_as_it_is_written() {
        for (text, expected) in [
            ("2026-11-12T11:40:00Z", "2026-11-12T11:40:00Z"),
            ("2026-05-19T17:01:01.565081+02:00 host", "2026-05-19T15:01:01.565081Z"),
            ("2026-07-21T09:25:35+0000", "2026-07-21T09:25:35Z"),
            ("2024-02-29 23:59:60-0330", "2024-03-01T03:30:00Z"),
            ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
            ("2026-11-23 18:02:11.123 +0100 host", "2026-11-23T17:02:11.123000Z"),
            ("2026-11-23 18:02:11 -05:30", "2026-11-23T23:32:11Z"),
            ("2026-11-23 18:02:11 -- host", "2026-11-23T18:02:11Z"),
            ("2026-11-23 18:02:11 -12345", "2026-11-23T18:02:11Z"),
        ] {
            let (time, _) = Time::parse_rfc3339(text.as_bytes(), 0).unwrap();
            assert_eq!(time.to_string(), expected, "{text}");
        }
        assert_eq!(Time::parse_rfc3339(b"2026-13-01T00:00:00Z", 0), None);
        assert_eq!(Time::parse_rfc3339(b"Nov 12 11:40:00 mail", 0), None);
    }

    #[test]
    fn what_rfc3339_cannot_say_is_shown_as_the_nearest_that_it_can() {
        assert_eq!((FIRST.to_string(), LAST.to_string()), ("0000-01-01T00:00:00Z".into(), "9999-12-31T23:59:59Z".into()));
        assert_eq!(Time(i64::MIN).to_string(), FIRST.to_string());
        assert_eq!(Time(i64::MAX).to_string(), LAST.to_string());
    }

    #[test]
    fn every_day_of_four_centuries_survives_the_round_trip() {
        for day in -146_097..146_097 {
            let civil = Time(day * DAY).civil();
            assert_eq!(days_from_civil(civil.year, civil.month, civil.day), day);
        }
    }
}
