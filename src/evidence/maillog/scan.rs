//! A piece of a log as what it says: lines found, envelopes taken off, messages read. Pieces are scanned side by side.

use super::LANES;
use super::envelope::{Clock, Line, is_host, said};
use super::line::{Beginning, Event, idle};
use super::queue_id;
use super::told::{Forms, refusal_form, warning_form};
use crate::bytes::position;
use crate::distinct::hash;
use crate::evidence::text::beginning;
use crate::rules::companion::Companion;
use crate::said::daemons::postfix_daemon;
use crate::time::{SECOND, Time};
use std::ops::Range;

/// Something that a line says.
#[derive(Debug, Clone)]
pub struct Item<'a> {
    /// Line in the piece, from 0.
    pub line: u32,
    /// The line.
    pub row: &'a str,
    /// When.
    pub time: Option<Time>,
    /// Postfix instance and service, such as `postfix/submission`.
    pub instance: &'a str,
    /// Daemon, or other program.
    pub daemon: &'a str,
    /// What.
    pub event: Event<'a>,
    /// How often in a row.
    pub times: u64,
    /// The queue id as [`queue_id::key`] gives it; 0 without one.
    pub key: u64,
    /// A hash of what the event is to be recognised by: what a delivery agent told, the form of a refusal or a diagnostic, the
    /// sender or the login that is counted.
    pub form: u64,
}

impl<'a> Item<'a> {
    /// An event with its hashes, which are worked out here, beside one another, and not in the fold.
    fn new(
        line: u32,
        row: &'a str,
        time: Option<Time>,
        (instance, daemon, seed): (&'a str, &'a str, u64),
        event: Event<'a>,
        (forms, times): (Forms, u64),
    ) -> Item<'a> {
        let (id, form) = match &event {
            Event::Delivery(delivery) => (delivery.queue_id, forms.delivery(delivery, daemon)),
            Event::Active { queue_id, sender, .. } => (*queue_id, hash(sender.as_bytes(), 0)),
            Event::Client { queue_id, sasl_username, .. } => (*queue_id, hash(sasl_username.unwrap_or_default().as_bytes(), 0)),
            Event::Reject(reject) => (reject.queue_id.unwrap_or_default(), refusal_form(reject, daemon)),
            Event::Diagnostic { level, text, .. } => ("", warning_form(daemon, level, text)),
            Event::Pickup { queue_id, .. }
            | Event::MessageId { queue_id, .. }
            | Event::Removed { queue_id }
            | Event::Expired { queue_id, .. } => (*queue_id, 0),
            Event::Notification { notification } => (*notification, 0),
            Event::Other => ("", 0),
        };
        let key = queue_id::key(seed, id);
        Item { line, row, time, instance, daemon, event, times, key, form }
    }
}

impl Item<'_> {
    /// The lane of its message, or, without one, of its form.
    fn lane(&self) -> usize {
        let key = if self.key == 0 { self.form } else { self.key };
        (key >> 32) as usize % LANES
    }

    /// The key of its queue id, if it has one.
    pub(super) fn key(&self) -> Option<u64> {
        (self.key != 0).then_some(self.key)
    }
}

/// What a piece of a log says.
#[derive(Debug, Default)]
pub struct Scanned<'a> {
    /// What matters, by the lane of the fold in which its message belongs, in the order of the lines.
    pub lanes: [Vec<Item<'a>>; LANES],
    /// Lines.
    pub lines: u32,
    /// Lines of Postfix.
    pub postfix_lines: u64,
    /// Lines that are no log line.
    pub unparsed: u64,
    /// The first of them, from 0.
    pub first_unparsed: Option<u32>,
    /// First and last time.
    pub covers: Option<(Time, Time)>,
    /// Minutes with a line, as runs.
    pub minutes: Vec<(i64, i64)>,
    /// Lines that say that messages were lost before they were written, and how many at least.
    pub lost: u64,
    /// Largest step back in time from one line to the next, in seconds.
    pub back: f64,
    /// Lines that are longer than is looked at.
    pub cut: u64,
    /// How often the last line before this piece was repeated.
    pub repeats_before: u64,
    /// The last line of Postfix.
    pub last_line: Option<&'a str>,
}

/// What is wanted of a line whose envelope was taken off.
#[derive(Debug, Clone, Copy)]
struct Letter<'a> {
    time: Option<Time>,
    /// Program name as logged.
    tag: &'a str,
    message: &'a str,
}

impl<'a> From<Line<'a>> for Letter<'a> {
    fn from(line: Line<'a>) -> Letter<'a> {
        Letter { time: line.time, tag: line.tag, message: line.message }
    }
}

/// The stamp of the line before, so that it is read once a second.
#[derive(Debug, Default)]
struct Stamp {
    /// `2026-11-23T18:02:11` or `Nov 23 18:02:11`.
    text: [u8; 19],
    /// Zone after the fraction.
    zone: [u8; 6],
    second: Time,
    traditional: Option<Time>,
    /// What stood between the stamp and the program: zone and host.
    between: Common,
    /// The same of a line of a host that does not count.
    elsewhere: Common,
}

/// A line that was read the short way.
enum Known<'a> {
    Line(Letter<'a>, Program<'a>),
    /// One of a host that does not count.
    Elsewhere,
}

/// Up to 32 bytes that lines have in common, compared at once.
#[derive(Debug, Clone, Copy, Default)]
struct Common {
    bytes: [u128; 2],
    mask: [u128; 2],
    len: usize,
}

impl Common {
    /// Nothing if they are more.
    fn of(bytes: &[u8]) -> Common {
        let (mut own, mut mask) = ([0; 32], [0; 32]);
        let Some(place) = own.get_mut(..bytes.len()) else { return Common::default() };
        place.copy_from_slice(bytes);
        mask[..bytes.len()].fill(u8::MAX);
        Common { bytes: halves(&own), mask: halves(&mask), len: bytes.len() }
    }

    /// Whether they are all that begins `bytes`; said of 32 bytes and more.
    #[inline]
    fn begins(&self, bytes: &[u8]) -> bool {
        let Some(head) = bytes.first_chunk() else { return false };
        let [one, other] = halves(head);
        self.len > 0 && (one ^ self.bytes[0]) & self.mask[0] | (other ^ self.bytes[1]) & self.mask[1] == 0
    }
}

#[inline]
fn halves(bytes: &[u8; 32]) -> [u128; 2] {
    let half = |from: usize| bytes[from..from + 16].try_into().map_or(0, u128::from_le_bytes);
    [half(0), half(16)]
}

/// Who logs, so that a program's name is looked at once in a piece and not in every line.
#[derive(Debug, Clone, Copy)]
enum Program<'a> {
    /// An instance and daemon of Postfix, the seed of its queue ids, and how those lines begin that tell nothing.
    Postfix(&'a str, &'static str, u64, &'static [Beginning]),
    /// One whose troubles matter to mail, and how those lines begin that tell of none.
    Companion(&'a Companion, &'static [Beginning]),
    /// One that writes logs, and tells what it lost.
    Logger,
    /// Any other.
    Other,
}

/// Programs of a piece that are known, a power of two.
const PLACES: usize = 64;

/// The programs of a piece by their names, and how their lines begin.
#[derive(Debug)]
struct Programs<'a> {
    met: [(&'a str, Program<'a>, Common); PLACES],
    companions: &'a [&'a Companion],
}

impl<'a> Programs<'a> {
    fn new(companions: &'a [&'a Companion]) -> Programs<'a> {
        Programs { met: [("", Program::Other, Common::default()); PLACES], companions }
    }

    /// The two places of a name that begins these bytes: by five of its letters, and not the `postfix/` that most begin with.
    fn places(bytes: &[u8]) -> [usize; 2] {
        let own = bytes.strip_prefix(b"postfix/").unwrap_or(bytes);
        let letters = own.first_chunk::<8>().map_or(0, |letters| u64::from_le_bytes(*letters) << 24);
        let place = (letters.wrapping_mul(0x50f5_c722_a7e3_a6a1) >> (u64::BITS - PLACES.ilog2())) as usize;
        [place, place ^ 1]
    }

    /// The program with whose name, and what follows it, these bytes of a row begin, as far as it was met before.
    #[inline]
    fn beginning(&self, bytes: &[u8]) -> Option<(&'a str, Program<'a>)> {
        let places = Programs::places(bytes).map(|place| &self.met[place]);
        let (tag, program, _) = places.into_iter().find(|(_, _, common)| common.begins(bytes))?;
        Some((tag, *program))
    }

    /// The program of this name, with which `bytes` begin; behind it stands `[` or `:`.
    fn of(&mut self, tag: &'a str, bytes: &[u8]) -> Program<'a> {
        let places = Programs::places(bytes);
        if let Some(place) = places.into_iter().find(|place| self.met[*place].0 == tag) {
            return self.met[place].1;
        }
        let program = match postfix_daemon(tag) {
            Some((instance, daemon)) => Program::Postfix(instance, daemon, queue_id::seed(instance), idle(daemon)),
            None if LOGGERS.contains(&tag) => Program::Logger,
            None => match self.companions.iter().find(|companion| companion.names.iter().any(|name| name == tag)) {
                Some(companion) => Program::Companion(companion, idle(tag)),
                None => Program::Other,
            },
        };
        let free = places.into_iter().find(|place| self.met[*place].0.is_empty());
        self.met[free.unwrap_or(places[1])] = (tag, program, Common::of(bytes.get(..=tag.len()).unwrap_or_default()));
        program
    }
}

/// Repetitions of one line that are believed.
const REPEATS: u64 = 1_000_000;

/// How lines are read.
#[derive(Debug, Clone, Copy)]
pub struct Reads<'a> {
    /// How their stamps are.
    pub clock: &'a Clock,
    /// The programs beside Postfix whose words matter.
    pub companions: &'a [&'a Companion],
    /// The host whose lines count, where several log here.
    pub host: Option<&'a str>,
    /// By what events are recognised.
    pub forms: Forms,
    /// Of a line that is longer only the beginning is looked at.
    pub longest: usize,
}

/// Scans a piece of a log that ends at the end of a line.
pub fn scan<'a>(text: &'a str, reads: Reads<'a>) -> Scanned<'a> {
    let Reads { clock, companions, host, forms, longest } = reads;
    let lanes = std::array::from_fn(|_| Vec::with_capacity(text.len() / 256 / LANES));
    let mut scanned = Scanned { lanes, ..Scanned::default() };
    let mut stamp = Stamp::default();
    let mut programs = Programs::new(companions);
    let bytes = text.as_bytes();
    let mut start = 0;
    let mut number = 0u32;
    let mut before: Option<&str> = None;
    let mut last_time: Option<Time> = None;
    let mut minute = (i64::MIN, i64::MIN);
    // When the minute begins and ends.
    let mut within = (0, 0);
    while start < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at);
        let mut row = &text[start..end];
        start = end + 1;
        let at = number;
        number += 1;
        if row.len() > longest {
            row = beginning(row, longest);
            scanned.cut += 1;
        }
        row = row.strip_suffix('\r').unwrap_or(row);
        let (mut line, program) = match stamp.line(row, &mut programs, host) {
            Some(Known::Line(line, program)) => (line, program),
            Some(Known::Elsewhere) => continue,
            None => {
                let line = Line::parse(row, clock).or_else(|| Line::bare(row));
                if let Some(line) = line {
                    stamp.learn(row, line.time);
                }
                if line.is_some_and(|line| host.is_some_and(|host| !is_host(line.host, host))) {
                    continue;
                }
                let Some(line) = line else {
                    if !row.trim().is_empty() && !row.starts_with("--") {
                        scanned.unparsed += 1;
                        scanned.first_unparsed = scanned.first_unparsed.or(Some(at));
                    }
                    continue;
                };
                (Letter::from(line), programs.of(line.tag, line.tag.as_bytes()))
            }
        };
        if let Some(time) = line.time {
            if last_time.is_some_and(|last| time < last) {
                scanned.back = scanned.back.max(last_time.map_or(0.0, |last| last.since(time)));
            }
            last_time = Some(time);
            match &mut scanned.covers {
                Some((first, last)) => {
                    *first = (*first).min(time);
                    *last = (*last).max(time);
                }
                none => *none = Some((time, time)),
            }
            if !(within.0..within.1).contains(&time.0) {
                let now = time.seconds().div_euclid(60);
                within = (now * 60 * SECOND, (now + 1) * 60 * SECOND);
                if now == minute.1.wrapping_add(1) {
                    minute.1 = now;
                } else {
                    if minute.0 != i64::MIN {
                        scanned.minutes.push(minute);
                    }
                    minute = (now, now);
                }
            }
        }
        // rsyslog: "message repeated 3 times: [ MSG]"; sysklogd: "last message repeated 5 times".
        let mut times = 1;
        if line.message.as_bytes().first() == Some(&b'm') && line.message.starts_with("message repeated ") {
            if let Some((count, inner)) = repeated(line.message) {
                times = count;
                line.message = inner;
            }
        } else if line.tag.is_empty() && line.message.starts_with("last message repeated ") {
            let count = line.message["last message repeated ".len()..].split(' ').next().and_then(|count| count.parse().ok());
            let count = count.unwrap_or(0).min(REPEATS);
            match before {
                Some(row) => {
                    if let Some(again) = Line::parse(row, clock) {
                        let again = Letter { time: line.time, ..again.into() };
                        let program = programs.of(again.tag, again.tag.as_bytes());
                        scanned.take(program, row, &again, (at, count), forms);
                    }
                }
                None => scanned.repeats_before += count,
            }
            continue;
        }
        if scanned.take(program, row, &line, (at, times), forms) {
            scanned.last_line = Some(row);
        }
        before = Some(row);
    }
    if minute.0 != i64::MIN {
        scanned.minutes.push(minute);
    }
    scanned.lines = number;
    scanned
}

impl<'a> Scanned<'a> {
    #[inline]
    fn push(&mut self, item: Item<'a>) {
        self.lanes[item.lane()].push(item);
    }

    /// Takes in one line; whether it is one of Postfix.
    fn take(&mut self, program: Program<'a>, row: &'a str, line: &Letter<'a>, (at, times): (u32, u64), forms: Forms) -> bool {
        let is_idle = |idle: &[Beginning]| {
            let beginning = line.message.as_bytes().first_chunk();
            beginning.is_some_and(|beginning| idle.iter().fold(false, |found, idle| found | (idle == beginning)))
        };
        let program = match program {
            Program::Postfix(instance, daemon, seed, idle) => {
                self.postfix_lines += 1;
                if is_idle(idle) {
                    return true;
                }
                (instance, daemon, seed)
            }
            Program::Companion(_, idle) if is_idle(idle) => return false,
            Program::Companion(companion, _) => {
                if companion.is_trouble(line.message) {
                    let event = Event::Diagnostic { queue_id: None, level: companion.level, text: line.message };
                    self.push(Item::new(at, row, line.time, ("", line.tag, 0), event, (forms, times)));
                }
                return false;
            }
            Program::Logger => {
                if let Some(lost) = lost(line.message) {
                    self.lost += lost;
                    let event = Event::Diagnostic { queue_id: None, level: "warning", text: line.message };
                    self.push(Item::new(at, row, line.time, ("", line.tag, 0), event, (forms, times)));
                }
                return false;
            }
            Program::Other => return false,
        };
        let event = Event::parse(program.1, line.message);
        if !matches!(event, Event::Other) {
            self.push(Item::new(at, row, line.time, program, event, (forms, times)));
        }
        true
    }
}

/// Reads one line as [`scan`] does, for what stands outside of any piece.
pub fn scan_line<'a>(row: &'a str, reads: Reads<'a>) -> Scanned<'a> {
    let mut scanned = Scanned::default();
    if let Some(line) = Line::parse(row, reads.clock) {
        let program = Programs::new(reads.companions).of(line.tag, line.tag.as_bytes());
        scanned.take(program, row, &line.into(), (0, 1), reads.forms);
    }
    scanned
}

/// `message repeated 3 times: [ MSG]`: how often, and the message.
pub(super) fn repeated(message: &str) -> Option<(u64, &str)> {
    let rest = message.strip_prefix("message repeated ")?;
    let (count, rest) = rest.split_once(" times: [")?;
    let inner = rest.strip_suffix(']').unwrap_or(rest).trim_start();
    Some((count.parse::<u64>().ok()?.min(REPEATS), inner))
}

impl Stamp {
    /// Takes the envelope off a line whose stamp is that of the line before, fraction apart. None sends it the long way.
    #[inline]
    fn line<'a>(&mut self, row: &'a str, programs: &mut Programs<'a>, host: Option<&str>) -> Option<Known<'a>> {
        let bytes = row.as_bytes();
        let (time, stamp_end) = self.time(bytes.first_chunk()?)?;
        let tag_at = if self.between.begins(&bytes[stamp_end..]) {
            stamp_end + self.between.len
        } else if self.elsewhere.begins(&bytes[stamp_end..]) {
            return Some(Known::Elsewhere);
        } else {
            let logged = self.host(bytes, stamp_end)?;
            let tag_at = logged.end + 1;
            let between = Common::of(&bytes[stamp_end..tag_at]);
            if let Some(host) = host
                && !is_host(row.get(logged)?, host)
            {
                self.elsewhere = between;
                return Some(Known::Elsewhere);
            }
            self.between = between;
            tag_at
        };
        let (tag, program) = match programs.beginning(&bytes[tag_at..]) {
            Some(known) => known,
            None => {
                let end = bytes[tag_at..].iter().position(|byte| matches!(byte, b':' | b'[' | b' '))?;
                if bytes[tag_at + end] == b' ' {
                    return None;
                }
                let tag = row.get(tag_at..tag_at + end)?;
                if tag.is_empty() || tag.ends_with(".service") {
                    return None;
                }
                (tag, programs.of(tag, &bytes[tag_at..]))
            }
        };
        let mut at = tag_at + tag.len();
        if bytes[at] == b'[' {
            at += position(&bytes[at..], b']')? + 1;
        }
        if bytes.get(at) != Some(&b':') {
            return None;
        }
        let mut message = said(row.get(at + 1..)?);
        if matches!(message.as_bytes().last(), Some(b' ' | b'\t')) {
            message = message.trim_end();
        }
        Some(Known::Line(Letter { time: Some(time), tag, message }, program))
    }

    /// The time, and where the stamp's fraction ends, if it is that of the line before otherwise.
    #[inline]
    fn time(&self, head: &[u8; 34]) -> Option<(Time, usize)> {
        let same = |from: usize| head[from..from + 8] == self.text[from..from + 8];
        if let Some(time) = self.traditional {
            return (same(0) && same(7)).then_some((time, 15));
        }
        if !(same(0) && same(8) && same(11)) {
            return None;
        }
        let (micros, end) = if head[19] == b'.' { (micros(&head[20..28])?, 26) } else { (0, 19) };
        Some((Time(self.second.0 + micros), end))
    }

    /// Where the host stands, behind a stamp with the zone of the line before.
    fn host(&self, bytes: &[u8], stamp_end: usize) -> Option<Range<usize>> {
        let rest = &bytes[stamp_end..];
        let zone = match (self.traditional, self.zone[0]) {
            (Some(_), _) => &[][..],
            (None, b'Z') => b"Z",
            (None, _) => &self.zone,
        };
        let host = rest.strip_prefix(zone)?.strip_prefix(b" ")?;
        let start = bytes.len() - host.len();
        Some(start..start + position(host, b' ')?)
    }

    /// Learns the stamp of a line that was read the long way.
    fn learn(&mut self, row: &str, time: Option<Time>) {
        let (bytes, Some(time)) = (row.as_bytes(), time) else { return };
        if bytes.len() < 34 {
            return;
        }
        self.text.copy_from_slice(&bytes[..19]);
        self.traditional = None;
        (self.between, self.elsewhere) = Default::default();
        if bytes[0].is_ascii_alphabetic() && bytes[3] == b' ' && bytes[6] == b' ' && bytes[12] == b':' && bytes[15] == b' ' {
            // A container's own stamp before the line's is not learnt: the line of the next one begins elsewhere.
            self.traditional = Some(time);
        } else if bytes[0].is_ascii_digit() && bytes[10] == b'T' {
            let at = if bytes[19] == b'.' { 26 } else { 19 };
            let micros = time.0.rem_euclid(crate::time::SECOND);
            self.second = Time(time.0 - micros);
            self.zone = [0; 6];
            match bytes[at] {
                b'Z' => self.zone[0] = b'Z',
                b'+' | b'-' => self.zone.copy_from_slice(&bytes[at..at + 6]),
                _ => self.text = [0; 19],
            }
        } else {
            self.text = [0; 19];
        }
    }
}

/// The number that six digits are, all at once; none if they are no digits. The two bytes that follow them are not looked at.
#[inline]
fn micros(digits: &[u8]) -> Option<i64> {
    const SIX: u64 = 0x0000_ffff_ffff_ffff;
    let bytes = u64::from_le_bytes(*digits.first_chunk::<8>()?) & SIX;
    // In a digit the upper half is 3, and still is when 6 is added.
    let upper = |bytes: u64| bytes & 0xf0f0_f0f0_f0f0;
    if upper(bytes) != 0x3030_3030_3030 || upper(bytes.wrapping_add(0x0606_0606_0606)) != 0x3030_3030_3030 {
        return None;
    }
    // Pairs of digits in their bytes, then pairs of pairs.
    let digits = (bytes << 16 | 0x3030) & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some(((fours & 0xffff) * 10_000 + (fours >> 32)) as i64)
}

/// Programs that write logs.
const LOGGERS: &[&str] = &["rsyslogd", "rsyslogd-2177", "systemd-journald", "systemd-journal", "journal", "imuxsock"];

/// How many messages a log daemon says it lost: `Suppressed 2313 messages from postfix.service`,
/// `imuxsock lost 44 messages from pid 1234 due to rate-limiting`, `imjournal: 5 messages lost due to rate-limiting`.
fn lost(text: &str) -> Option<u64> {
    if text.contains("begin to drop messages") {
        return Some(1);
    }
    let marked = text.starts_with("Suppressed ") || text.contains(" lost ") || text.contains("messages lost");
    let number = text.split([' ', ':']).find_map(|word| word.parse().ok());
    number.filter(|_| marked && text.contains("messages"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All items in the order of the lines.
    fn items<'s, 'a>(scanned: &'s Scanned<'a>) -> Vec<&'s Item<'a>> {
        let mut items: Vec<&Item<'_>> = scanned.lanes.iter().flatten().collect();
        items.sort_by_key(|item| item.line);
        items
    }

    const CLOCK: Clock = Clock { zone_offset: 0, reference: Time(1_800_000_000 * SECOND) };

    fn reads() -> Reads<'static> {
        Reads { clock: &CLOCK, companions: &[], host: None, forms: Forms::default(), longest: 4096 }
    }

    #[test]
    fn the_short_way_reads_what_the_long_way_reads() {
        for stamp in
            ["Nov 23 18:02:11", "2026-11-23T18:02:11.572449+01:00", "2026-11-23T18:02:11Z", "2026-11-23T18:02:11.5+01:00"]
        {
            let rows: Vec<String> = [
                "postfix/smtp[1]: 4F2C41A2B3: removed",
                "postfix/qmgr[22]: 4F2C41A2B4: removed ",
                "x: y",
                "mail.info postfix/qmgr[1]: 4F2C41A2B5: removed",
            ]
            .iter()
            .map(|rest| format!("{stamp} mx1 {rest}"))
            .collect();
            let text = rows.join("\n");
            let scanned = scan(&text, reads());
            assert_eq!((scanned.lines, scanned.unparsed, scanned.postfix_lines), (4, 0, 3), "{stamp}");
            let long = Line::parse(&rows[0], &CLOCK).unwrap();
            assert!(items(&scanned).iter().all(|item| item.time == long.time), "{stamp}");
            assert_eq!(items(&scanned).len(), 3, "{stamp}");
        }
    }

    #[test]
    fn lines_of_several_hosts_and_programs_are_those_of_their_own() {
        let hosts = ["mx1", "mx2", "a-very-long-name-of-a-host.in.a.very.long.domain.example"];
        let programs = ["postfix/qmgr[1]", "postfix/qmgr", "postfix-out/qmgr[1]", "dovecot"];
        let mut text = String::new();
        for (host, program) in hosts.iter().flat_map(|host| programs.map(|program| (host, program))).cycle().take(100) {
            text += &format!("2026-11-23T18:02:11.572449+01:00 {host} {program}: 4F2C41A2B4: removed, as it may be\n");
            text += &format!("2026-11-23T18:02:11.572450+02:00 {host} {program}: 4F2C41A2B4: removed\n");
            text += &format!("Nov 23 18:02:11 {host} {program}: 4F2C41A2B4: removed\n");
        }
        let scanned = scan(&text, reads());
        let long = text.lines().filter_map(|row| Line::parse(row, &CLOCK));
        let long = long.filter_map(|line| Some((line.time, postfix_daemon(line.tag)?)));
        let wanted: Vec<_> = long.map(|(time, (instance, daemon))| (time, instance, daemon)).collect();
        assert_eq!((scanned.lines, scanned.unparsed), (300, 0));
        assert_eq!(scanned.postfix_lines as usize, wanted.len());
        let found: Vec<_> = items(&scanned).iter().map(|item| (item.time, item.instance, item.daemon)).collect();
        let whole = wanted.iter().enumerate().filter(|(at, _)| at % 3 != 0).map(|(_, known)| *known);
        assert_eq!(found, whole.collect::<Vec<_>>());
        for host in ["mx1.example", "mx2", hosts[2]] {
            let own = text.lines().filter_map(|row| Line::parse(row, &CLOCK)).filter(|line| is_host(line.host, host));
            let own = own.filter_map(|line| Some((line.time, postfix_daemon(line.tag)?.1))).collect::<Vec<_>>();
            let scanned = scan(&text, Reads { host: Some(host), ..reads() });
            let whole = own.iter().enumerate().filter(|(at, _)| at % 3 != 0).map(|(_, known)| *known);
            let found: Vec<_> = items(&scanned).iter().map(|item| (item.time, item.daemon)).collect();
            assert_eq!((scanned.postfix_lines as usize, found), (own.len(), whole.collect()), "{host}");
        }
    }

    #[test]
    fn six_digits_are_a_number() {
        for number in (0..1_000_000).step_by(97).chain([999_999]) {
            assert_eq!(micros(format!("{number:06}+0").as_bytes()), Some(number));
        }
        for at in 0..6 {
            for byte in (0..=255u8).filter(|byte| !byte.is_ascii_digit()) {
                let mut digits = *b"123456+0";
                digits[at] = byte;
                assert_eq!(micros(&digits), None, "{byte}");
            }
        }
    }

    #[test]
    fn repetitions_and_losses_are_counted() {
        let text = "Nov 23 18:02:11 mx1 postfix/smtpd[1]: warning: a\n\
                    Nov 23 18:02:12 mx1 last message repeated 4 times\n\
                    Nov 23 18:02:13 mx1 postfix/smtpd[1]: message repeated 3 times: [ warning: b]\n\
                    Nov 23 18:02:13 mx1 systemd-journald[9]: Suppressed 2313 messages from postfix.service\n\
                    Nov 23 18:02:13 mx1 rsyslogd: imuxsock lost 44 messages from pid 1234 due to rate-limiting\n";
        let scanned = scan(text, reads());
        assert_eq!(items(&scanned).iter().map(|item| item.times).collect::<Vec<_>>(), [1, 4, 3, 1, 1]);
        assert_eq!(scanned.lost, 2357);
        assert!(matches!(items(&scanned)[2].event, Event::Diagnostic { text: "b", .. }));
    }
}
