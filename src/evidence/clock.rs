//! The clock: `date`, `timedatectl`, `chronyc tracking`, `ntpq -p`, `ntpstat`.
//!
//! ```text
//! Thu Nov 12 11:40:00 UTC 2026
//! ```
//!
//! ```text
//!                Local time: Mon 2026-11-23 19:10:07 UTC
//!            Universal time: Mon 2026-11-23 19:10:07 UTC
//!                  RTC time: Thu 2026-11-12 11:40:06
//!                 Time zone: Etc/UTC (UTC, +0000)
//! System clock synchronized: no
//!               NTP service: inactive
//!           RTC in local TZ: no
//! ```

use super::document::{Document, Sink};
use crate::tables::{Citation, Value, host};
use crate::time::{self, Civil, Time};

/// Reads what any of the clock tools printed.
pub(super) fn parse(doc: &Document<'_>, sink: &mut Sink<'_>) {
    let mut seen = Seen::default();
    let mut warning = false;
    for (number, line) in doc.lines() {
        let text = line.trim();
        let at = doc.at(number);
        if text.is_empty() {
            warning = false;
            continue;
        }
        // A warning of timedatectl goes on over several lines.
        warning |= text.starts_with("Warning: ");
        if warning {
            continue;
        }
        if let Some((used, reached)) = peer(text) {
            let (first, was_reached, was_used) = seen.peers.unwrap_or((at, false, false));
            seen.peers = Some((first, was_reached || reached, was_used || used));
        }
        if let Some((time, zone)) = date(text) {
            sink.host(host::collected_at, time, at);
            sink.host(host::zone_offset, i64::from(zone), at);
            continue;
        }
        let (key, value) = match text.split_once(": ").or_else(|| text.split_once(" : ")).or_else(|| text.split_once('=')) {
            Some((key, value)) => (key.trim(), value.trim()),
            None => (text, ""),
        };
        if !seen.told(key, value, at, sink) && !state(text, at, sink) && !says_nothing(key, text) {
            sink.unparsed(number);
        }
    }
    seen.compare(doc, sink);
    settle(sink);
}

/// What the lines told that counts only together.
#[derive(Default)]
struct Seen {
    universal: Option<Time>,
    local: Option<Time>,
    rtc: Option<(Time, Citation)>,
    rtc_local: bool,
    offset: Option<i32>,
    /// chronyc sources, ntpq -p: where the first server was listed, whether one was ever reached, and whether one is in use.
    peers: Option<(Citation, bool, bool)>,
}

impl Seen {
    /// Takes a line of the form `key: value`; whether it is one that tells something.
    fn told(&mut self, key: &str, value: &str, at: Citation, sink: &mut Sink<'_>) -> bool {
        let yes = value == "yes";
        match key {
            "Local time" => self.local = weekday_time(value),
            "Universal time" => {
                self.universal = weekday_time(value);
                if let Some(time) = self.universal {
                    sink.host(host::collected_at, time, at);
                }
            }
            "RTC time" | "RTCTimeUSec" => self.rtc = weekday_time(value).map(|time| (time, at)),
            // timedatectl show: both in local time, with the zone's name.
            "TimeUSec" => {
                self.universal = weekday_time(value);
                if let (Some(time), Some(zone)) = (self.universal, value.rsplit(' ').next().and_then(time::zone_offset)) {
                    sink.host(host::zone_offset, i64::from(zone), at);
                    sink.host(host::collected_at, time.plus(f64::from(-zone)), at);
                }
            }
            "RTC in local TZ" => self.rtc_local = yes,
            "Time zone" => {
                let numeric = value.rsplit_once(", ").and_then(|(_, zone)| time::numeric_offset(zone.trim_end_matches(')')));
                if let Some(zone) = numeric {
                    self.offset = Some(zone);
                    sink.host(host::zone_offset, i64::from(zone), at);
                }
            }
            "System clock synchronized" | "NTP synchronized" | "NTPSynchronized" => sink.host(host::clock_synchronized, yes, at),
            "NTP service" => {
                let name = sink.name(value);
                sink.host(host::clock_service, name, at);
            }
            "NTP enabled" | "systemd-timesyncd.service active" | "NTP" | "Network time on" => {
                let name = sink.name(if yes { "active" } else { "inactive" });
                sink.host(host::clock_service, name, at);
            }
            "Leap status" => sink.host(host::clock_synchronized, !value.starts_with("Not sync"), at),
            // chronyc: "0.000012345 seconds slow of NTP time"
            "System time" => {
                let mut words = value.split_whitespace();
                if let Some(seconds) = words.next().and_then(|digits| digits.parse::<f64>().ok()) {
                    let slow = value.contains(" slow ");
                    sink.host(host::clock_offset, if slow { -seconds } else { seconds }, at);
                }
            }
            "Offset" => {
                if let Some(seconds) = span(value) {
                    sink.host(host::clock_offset, seconds, at);
                }
            }
            _ => return false,
        }
        true
    }

    /// Compares what was seen of several clocks.
    fn compare(&self, doc: &Document<'_>, sink: &mut Sink<'_>) {
        if let Some((first, reached, used)) = self.peers {
            // Servers that answer may be in use in a moment; without one that answers nothing keeps the clock.
            if used || !reached {
                sink.host(host::clock_synchronized, used, first);
            }
        }
        let system = if self.rtc_local { self.local } else { self.universal };
        if let (Some(system), Some((rtc, at))) = (system, self.rtc) {
            // Both are read as if UTC; a local RTC is compared with local time, so the zone does not matter.
            sink.host(host::clock_rtc_difference, system.since(rtc).abs(), at);
        }
        if let (Some(local), Some(universal), None) = (self.local, self.universal, self.offset) {
            sink.host(host::zone_offset, (local.since(universal).round()) as i64, doc.at(doc.first_line));
        }
    }
}

/// Takes a line of ntpstat, or of ntpq -p about the server in use; whether it is one.
fn state(text: &str, at: Citation, sink: &mut Sink<'_>) -> bool {
    if text.starts_with("unsynchronised") || text.starts_with("unsynchronized") {
        sink.host(host::clock_synchronized, false, at);
    } else if text.starts_with("synchronised to") || text.starts_with("synchronized to") {
        sink.host(host::clock_synchronized, true, at);
    } else if text.starts_with('*') && text.split_whitespace().count() >= 10 {
        // Its offset is the ninth column, in milliseconds.
        if let Some(ms) = text.split_whitespace().nth(8).and_then(|digits| digits.parse::<f64>().ok()) {
            sink.host(host::clock_offset, -ms / 1000.0, at);
            sink.host(host::clock_synchronized, true, at);
        }
    } else {
        return false;
    }
    true
}

/// What clock tools print besides.
const KNOWN: [&str; 28] = [
    "Timezone",
    "LocalRTC",
    "CanNTP",
    "Reference ID",
    "Stratum",
    "Ref time (UTC)",
    "Last offset",
    "RMS offset",
    "Frequency",
    "Residual freq",
    "Skew",
    "Root delay",
    "Root dispersion",
    "Update interval",
    "DST active",
    "Last DST change",
    "Next DST change",
    "Server",
    "Poll interval",
    "Leap",
    "Version",
    "Precision",
    "Delay",
    "Jitter",
    "Packet count",
    "Warning",
    "Root distance",
    "Reference",
];

/// Whether a line is known and tells nothing that is asked for.
fn says_nothing(key: &str, text: &str) -> bool {
    let table = ["remote ", "====", "MS Name/IP", "210 Number", "time correct", "time server", "polling server"];
    // The times of "Last DST change" stand below it.
    let dst = || text.get(3..4) == Some(" ") && weekday_time(text).is_some();
    KNOWN.contains(&key) || table.iter().any(|start| text.starts_with(start)) || peer(text).is_some() || dst()
}

/// A line of `chronyc sources` (`^* ntp.example.net  2  6  377 ...`) or `ntpq -p` (`*ntp.example.net .GPS. 1 u 33 64 377 ...`):
/// whether the server is the one in use, and whether it was reached lately (the octal register is not zero).
fn peer(text: &str) -> Option<(bool, bool)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let octal = |word: &str| u32::from_str_radix(word, 8).ok().filter(|reach| *reach <= 0o377);
    match words.as_slice() {
        [mark, _, stratum, _, reach, ..] if mark.len() == 2 && mark.starts_with(['^', '=', '#']) => {
            stratum.parse::<u8>().ok()?;
            Some((mark.ends_with('*'), octal(reach)? > 0))
        }
        [name, _, stratum, kind, _, _, reach, ..] if words.len() >= 10 && kind.len() == 1 => {
            stratum.parse::<u8>().ok()?;
            Some((name.starts_with('*'), octal(reach)? > 0))
        }
        _ => None,
    }
}

/// Says by how much the clock is wrong, from whichever sources were read so far.
fn settle(sink: &mut Sink<'_>) {
    let number = |column| match sink.tables.host().map(|row| row.get(column)) {
        Some(Value::Number(number)) => sink.tables.host_source(column).map(|source| (number.abs(), source)),
        _ => None,
    };
    let synchronised = match sink.tables.host().map(|row| row.get(host::clock_synchronized)) {
        Some(Value::Bool(yes)) => Some(yes),
        _ => None,
    };
    let settled = sink.tables.host_source(host::clock_synchronized).map(|source| (0.0, source));
    // A program that is not synchronised prints an offset of 0, which says nothing.
    let offset = number(host::clock_offset).filter(|(offset, _)| synchronised != Some(false) || *offset > 1.0);
    let error = match (offset, synchronised) {
        (Some(offset), _) => Some(offset),
        (None, Some(true)) => settled,
        (None, _) => number(host::clock_rtc_difference)
            .map(|(difference, source)| if is_zone(difference) { (0.0, source) } else { (difference, source) }),
    };
    if let Some((error, source)) = error {
        sink.host(host::clock_error, error, source);
    }
}

/// Whether two clocks differ by a time zone: by quarters of an hour, up to 14 hours. Then one is read as if it kept UTC.
fn is_zone(difference: f64) -> bool {
    let quarters = (difference / 900.0).round();
    (1.0..=56.0).contains(&quarters) && (difference - quarters * 900.0).abs() < 60.0
}

/// `Thu Nov 12 11:40:00 UTC 2026`, `Thu Nov 12 11:40:00 AM CET 2026`, `Thu 12 Nov 2026 11:40:00 AM CET`, ISO 8601, or seconds since the epoch:
/// the time and the zone's offset.
fn date(text: &str) -> Option<(Time, i32)> {
    if let Some((time, length)) = Time::parse_rfc3339(text.as_bytes(), 0)
        && length == text.len()
    {
        let zone = text.get(19..).and_then(|zone| {
            time::numeric_offset(zone.trim_start_matches(|c: char| matches!(c, '.' | ',' | ' ') || c.is_ascii_digit()))
        });
        return Some((time, zone.unwrap_or(0)));
    }
    // date +%s
    if let Some(seconds) = text.parse::<f64>().ok().filter(|seconds| (1e9..4e9).contains(seconds)) {
        return Some((Time((seconds * 1e6) as i64), 0));
    }
    let words: Vec<&str> = text.split_whitespace().map(|word| word.trim_end_matches(['.', ','])).collect();
    if !(5..=7).contains(&words.len()) {
        return None;
    }
    let clock = words.iter().find(|word| word.matches(':').count() == 2)?;
    let year = words.iter().find_map(|word| word.parse::<i32>().ok().filter(|year| (1970..10_000).contains(year)))?;
    // The last one: "mar. 17 nov." is a Tuesday.
    let month = words.iter().rev().find_map(|word| month(word))?;
    let day = words.iter().filter(|word| word.len() <= 2).find_map(|word| time::number(word.as_bytes()))?;
    let mut parts = clock.split(':').map(|part| time::number(part.as_bytes()));
    let (mut hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    match words.iter().find(|word| matches!(**word, "AM" | "PM")) {
        Some(&"PM") if hour < 12 => hour += 12,
        Some(&"AM") if hour == 12 => hour = 0,
        _ => {}
    }
    let zone = words.iter().find_map(|word| time::zone_offset(word)).unwrap_or(0);
    if hour > 23 || minute > 59 || second > 60 || !(1..=31).contains(&day) {
        return None;
    }
    let civil = Civil { year, month, day, hour, minute, second, micros: 0 };
    Some((civil.at_offset(zone), zone))
}

/// The month of a name in English, German, French, Spanish, Italian, Portuguese or Dutch, short or long.
fn month(word: &str) -> Option<u32> {
    const STARTS: [&[&str]; 12] = [
        &["jan", "ene", "gen"],
        &["feb", "fév", "fev"],
        &["mar", "mär", "mrz", "maa", "mrt"],
        &["apr", "avr", "abr"],
        &["may", "mai", "mag", "mei"],
        &["jun", "juin", "giu"],
        &["jul", "juil", "lug"],
        &["aug", "aoû", "ago"],
        &["sep", "set"],
        &["oct", "okt", "ott", "out"],
        &["nov"],
        &["dec", "dez", "déc", "dic"],
    ];
    let word = word.to_lowercase();
    let plain = word.chars().count() <= 10 && word.chars().all(char::is_alphabetic);
    let at = STARTS.iter().position(|starts| starts.iter().any(|start| word.starts_with(start)))?;
    plain.then_some(at as u32 + 1)
}

/// `Mon 2026-11-23 19:10:07 UTC`, as if it were UTC.
fn weekday_time(text: &str) -> Option<Time> {
    let at = text.find(|c: char| c.is_ascii_digit())?;
    Time::parse_rfc3339(&text.as_bytes()[at..], 0).map(|(time, _)| time)
}

/// `+1.234ms`, `-12us`, `2.5s`
fn span(text: &str) -> Option<f64> {
    let end = text.find(|c: char| c.is_ascii_alphabetic())?;
    let number: f64 = text[..end].trim_start_matches('+').parse().ok()?;
    match &text[end..] {
        "us" => Some(number / 1e6),
        "ms" => Some(number / 1e3),
        "s" => Some(number),
        _ => None,
    }
}
